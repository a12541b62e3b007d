"""The alarm for a wrong coordinate system: a file whose places are shifted is not taken unless a person says so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy.orm import Session

from data.imports.columns import plain_columns
from data.imports.ground import area_box, load_ground
from data.imports.headings import match_columns
from data.imports.pairs import Pairs, read_pairs
from data.imports.report import ImportOptions, ImportRefused, ImportReport
from data.imports.scope import Gazetteer, Scope, open_scope
from geo.crs import parse_system
from geo.datum import LEAST_PLACES, Reading, Score, Verdict, compare_readings, judge, possible_readings, reading_of
from geo.errors import Text
from geo.files import Sheet

PLACED_KINDS = ("households", "ledger", "houses", "sites", "visits")
# As many rows, evenly chosen, tell as much as all.
_MOST_ROWS = 5_000


def sample_pairs(sheets: Sequence[Sheet], kind: str, options: ImportOptions) -> Pairs | None:
    """Give the coordinates of a file, of at most some 5,000 rows that have any, evenly chosen; None if it has none."""
    matched = {
        sheet.name: match_columns(plain_columns(sheet), kind, options.mapping, options.remembered) for sheet in sheets
    }
    pairs = read_pairs(sheets, matched)
    if pairs is None:
        return None
    # Chosen among the rows with a place: a long ledger may have few of them.
    given = np.flatnonzero(~(pairs.blank | pairs.zero))
    given = given[:: max(1, -(-len(given) // _MOST_ROWS))]
    return Pairs(pairs.x[given], pairs.y[given], [pairs.stated[at] for at in given], pairs.system)


def declared_reading(crs: str | None, swapped: bool, pairs: Pairs) -> Reading | None:
    """What the import would read the numbers as now; None for metres of which nothing is said."""
    if crs:
        return reading_of(parse_system(crs), swapped=swapped)
    if pairs.system is not None:
        return reading_of(pairs.system, swapped=swapped)
    given = np.abs(np.concatenate([pairs.x, pairs.y]))
    in_degrees = np.nanmedian(given) <= 180 if np.isfinite(given).any() else True
    return reading_of(parse_system("wgs84"), swapped=swapped) if in_degrees else None


def judge_pairs(
    session: Session, scope: Scope, pairs: Pairs, declared: Reading | None
) -> tuple[list[Score], Verdict | None]:
    """Compare what the coordinates could be with what the store knows of the area.

    Parameters
    ----------
    session : Session
        As the owner.
    scope : Scope
        The area, with its code.
    pairs : Pairs, n rows
    declared : Reading or None

    Returns
    -------
    (list of Score, Verdict or None)
        Best first; nothing where the numbers are no places in any system.
    """
    near = area_box(session, scope.jur, scope.jur_end)
    readings = possible_readings(pairs.x, pairs.y, near=near, declared=declared)
    if not readings:
        return [], None
    known = Gazetteer(session, scope).find_all(pairs.stated)
    stated = [known.get(name) if name else None for name in pairs.stated]
    scores = compare_readings(pairs.x, pairs.y, readings, load_ground(session, scope.jur, scope.jur_end), stated=stated)
    return scores, judge(scores, declared)


def check_datum(session: Session, options: ImportOptions, pairs: Pairs | None, report: ImportReport) -> None:
    """Refuse a file whose places are systematically shifted, unless its system was stated: then only tell.

    Without an area, and with fewer than 20 places, nothing can be said.

    Parameters
    ----------
    session : Session
        As the owner.
    options : ImportOptions
    pairs : Pairs or None
        From :func:`sample_pairs`.
    report : ImportReport
        Gets the doubt.

    Raises
    ------
    ImportRefused
        Names how far off the places are and the system they are likely in.
    """
    if pairs is None or not options.area or len(pairs.x) < LEAST_PLACES:
        return
    declared = declared_reading(options.crs, options.swapped, pairs)
    _, verdict = judge_pairs(session, open_scope(session, options.area), pairs, declared)
    if verdict is None or not verdict.alarm:
        return
    if options.crs is not None:
        report.warn(verdict.sentence, code="datum_shift")
        return
    likely, swap = verdict.best.system.name, " --swapped" if verdict.best.swapped else ""
    kept = declared.system.name if declared else "wgs84"
    raise ImportRefused(
        Text(
            f"没有导入：{verdict.sentence.zh}请指明坐标系：--crs {likely}{swap}；若确实是 {kept}，用 --crs {kept}。",
            f"Not imported: {verdict.sentence.en} Say which system it is: --crs {likely}{swap}; "
            f"if it really is {kept}, --crs {kept}.",
        ),
        likely=likely,
        swapped=verdict.best.swapped,
        shift_m=None if verdict.shift_m is None else round(verdict.shift_m),
    )
