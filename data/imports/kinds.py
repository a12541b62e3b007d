"""Which kind of file a table is, guessed from its headings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from data.imports.dictionary import MARKS, find_left_out
from data.imports.fields import all_fields
from data.imports.headings import USED_FROM, Columns, match_columns
from data.imports.meanings import marks_of
from geo.counting import counted
from geo.errors import Text

KIND = {
    "households": Text("农户台账", "Households"),
    "ledger": Text("农房台账（户、房、改造一行）", "Ledger of households, houses and renovations"),
    "houses": Text("房屋", "Houses"),
    "sites": Text("改造点", "Renovation sites"),
    "visits": Text("走访记录", "Visits"),
    "areas": Text("辖区", "Areas"),
    "base": Text("底图", "Base map"),
    "roads": Text("路网", "Road network"),
    "campaigns": Text("实施方案", "Work plan"),
    "sample": Text("样例县", "Sample county"),
}
_PERSON = {"head_name", "id_number", "phone", "bank_card", "people", "aid_group"}
_HOUSE = {"house_code", "grade", "appraised_on", "appraiser", "structure", "built_year", "area_m2", "storeys"}
_SITE = {"site_code", "method", "grade_before", "stage", "subsidy_yuan", "approved_on", "started_on", "completed_on"}
_SITE |= {"accepted_on", "paid_on"}
_VISIT = {"visited_on", "started_at", "ended_at", "minutes", "mode", "outcome", "visitor", "visitor_kind", "ruled"}
# Of kinds that explain a table equally well the first is meant.
_ORDER = ("households", "houses", "sites", "ledger", "visits", "areas", "base")
# Said of nearly every table, so nothing is guessed from these alone.
_COMMON = {"code", "name", "remark", "address", "lon", "lat", "lonlat", "stated_area", "natural_village", "house_no"}
_COMMON |= {"household_code", "accuracy_m", "quality", "source_system", "placed_by", "fangtu_id", "kind", "relation"}
_LIKELY_FROM, _UNLIKELY = 0.3, 0.3


class KindGuess(NamedTuple):
    """A kind a file may be; ``score`` is 0 to 1, ``why`` names the columns that speak for it."""

    kind: str
    score: float
    why: Text


def guess_kind(headings_by_sheet: Mapping[str, Sequence[str]]) -> list[KindGuess]:
    """Guess which kind a file is.

    Parameters
    ----------
    headings_by_sheet : mapping of str to sequence of str
        Headings of each sheet; sheets may differ.

    Returns
    -------
    list of KindGuess
        Best first; empty where nothing speaks for any kind, as for tables of totals or ledgers of petitions. The score
        is the share of the columns that the kind explains, of those that are not known to be of no use to any; lower
        where the columns that make the kind what it is are missing.
    """
    guesses = [guess for kind in _ORDER if (guess := _score(kind, headings_by_sheet.values()))]
    return sorted(guesses, key=lambda guess: -guess.score)


def foreign_to_all(headings: Iterable[str]) -> Text | None:
    """Say what other kind of table the headings speak of (a ledger of petitions, a table of totals), if of one."""
    marks = Counter(marks_of(headings, "households"))
    if not marks or marks.total() < 2:
        return None
    return MARKS[marks.most_common(1)[0][0]]


def _score(kind: str, sheets: Iterable[Sequence[str]]) -> KindGuess | None:
    best: KindGuess | None = None
    for headings in sheets:
        matched = match_columns(headings, kind, {})
        found = _score_sheet(kind, headings, matched)
        if found and (best is None or found.score > best.score):
            best = found
    return best


def _score_sheet(kind: str, headings: Sequence[str], matched: Columns) -> KindGuess | None:
    used = set(matched.used)
    telling = used - _COMMON if kind not in ("areas", "base") else used
    if not telling or not _has_evidence(kind, used):
        return None
    explained = sum(d.confidence for d in matched.decisions if d.field and d.confidence >= USED_FROM)
    whole = sum(not _is_useless(heading) or _is_used(heading, matched) for heading in headings)
    score = explained / max(whole, 1)
    if kind == "ledger" and not (used & _PERSON and used & (_HOUSE | _SITE)):
        score *= _UNLIKELY
    if kind == "houses" and not used & (_HOUSE | {"osm_id"}):
        score *= _UNLIKELY
    if score < _LIKELY_FROM / 2:
        return None
    named = [column for name, columns in matched.used.items() if name in telling for column in columns][:4]
    label = KIND[kind]
    return KindGuess(
        kind,
        round(min(score, 1.0), 3),
        Text(
            f"{label.zh}：认出 {len(used)} 列，如{'、'.join(named)}",
            f"{label.en}: {counted(len(used), 'column')} known, as {', '.join(named)}",
        ),
    )


def _has_evidence(kind: str, used: set[str]) -> bool:
    """Whether the columns are there without which a table is not of the kind."""
    if kind == "households":
        return bool(used & {"head_name", "id_number", "code"}) and not used & _VISIT
    if kind == "ledger":
        return bool(used & (_HOUSE | _SITE)) and bool(used & ({"code"} | _PERSON))
    if kind == "houses":
        return bool(used & (_HOUSE | {"osm_id"}))
    if kind == "sites":
        return "method" in used
    if kind == "visits":
        return bool(used & {"visited_on", "started_at", "visitor", "outcome", "mode"}) and bool(
            used & {"household_code", "head_name", "id_number", "visitor", "minutes", "lon", "lat"}
        )
    if kind == "areas":
        return "name" in used and bool(used & {"code", "level", "parent_code", "parent_name", "old_code"})
    return bool(used & {"highway", "waterway", "natural", "landuse", "water"}) or used >= {"kind", "name"}


def _is_used(heading: str, matched: Columns) -> bool:
    return any(heading in columns for columns in matched.used.values())


def _is_useless(heading: str) -> bool:
    """Whether a column is of no use to any kind of file."""
    return all(find_left_out(heading, kind) for kind in all_fields())
