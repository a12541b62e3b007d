"""Coverage (覆盖率): distinct eligible households with a valid visit / distinct eligible households.

The counts are kept on write by the database (``data/migrations/sql/0006_changes.sql``); reading sums a few rows by
index. Of a past day it is what was shown at the end of that day (``0003_history.sql``). This is the only definition;
pages, tiles, exports and commands ask here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.area_columns import Ranges, add_up, areas_of_level, areas_within
from data.areas import EVERYWHERE
from data.coverage_rows import AreaCoverage, CoverageRows
from data.tables.coverage import STATUS_COLUMNS
from data.whole_numbers import read_bytes, read_numbers
from geo.errors import FangtuError, Text

# The same of households that lie in no area.
_NOWHERE = (None, None, None, None, False)
# Where the counts stand: now, or as they were shown at the end of a day. Statuses are kept of the present whole only.
_OF_ROUND = "c.campaign_id = :campaign and c.round_no = :round"
_NOW = (f"coverage c where {_OF_ROUND}", ("eligible", "visited", *STATUS_COLUMNS))
_THEN = (f"coverage_shown c where {_OF_ROUND} and c.day <= :as_of", ("eligible", "visited"))


# A place as the database packs it (``0041_packed_coverage.sql``).
_PACKED = np.dtype([("place", ">i8", 2), ("counts", ">i4", len(_NOW[1]))])


def _sums(names: Sequence[str]) -> str:
    return ", ".join(f"coalesce(sum(c.{name}), 0)::bigint as {name}" for name in names)


# A visit of which nobody said who made it.
KIND_UNKNOWN = "-"


class PartNotKept(FangtuError):
    """Coverage by kind of visitor or key group is kept for the present only."""

    code = "part_not_kept"


@dataclass(frozen=True)
class Part:
    """What is counted: visits of one kind of visitor, households of one key group; ``""`` stands for all of them."""

    kind: str = ""
    key_group: str = ""


WHOLE = Part()


@dataclass(frozen=True)
class PartCoverage:
    """Counts of one part: households of the key group, and those of them with a valid visit of the kind."""

    kind: str
    key_group: str
    eligible: int
    visited: int

    @property
    def ratio(self) -> float | None:
        """Unrounded ratio; None without a denominator."""
        return self.visited / self.eligible if self.eligible else None

    def as_json(self) -> dict[str, Any]:
        """The row as JSON, with what is derived from it."""
        return {**asdict(self), "remaining": self.eligible - self.visited, "ratio": self.ratio}


def _source(as_of: date | None, part: Part) -> tuple[str, tuple[str, ...]]:
    """SQL of where the counts of a round stand as ``c``, to which conditions may be added, and their names."""
    if part == WHOLE:
        return _THEN if as_of else _NOW
    if as_of:
        raise PartNotKept(
            Text(
                "按走访人员或重点群体的覆盖率只有今日的，没有过去某天的。",
                "Coverage by kind of visitor or key group is known for today only, not for a past day.",
            ),
            found=as_of.isoformat(),
        )
    keys = "campaign_id, round_no, jur, group_id"
    if not part.kind:
        source = f"select {keys}, eligible, visited from coverage_part where kind = '' and key_group = :key_group"
    else:
        all_of = "coverage_part where kind = '' and key_group = :key_group" if part.key_group else "coverage"
        source = f"""select {keys}, eligible, 0 as visited from {all_of}
                     union all
                     select {keys}, 0, visited from coverage_part where kind = :kind and key_group = :key_group"""
    return f"({source}) c where {_OF_ROUND}", ("eligible", "visited")


def duty_ranges(ranges: Ranges) -> str:
    """Ranges in PostgreSQL's multirange form."""
    return "{" + ",".join(f"[{lo},{hi})" for lo, hi in ranges) + "}"


def known_since(session: Session, campaign_id: int, round_no: int) -> date | None:
    """First day of which it is known what was shown; None for a round the asker does not see."""
    return session.scalar(
        text("select since from coverage_known where campaign_id = :campaign and round_no = :round"),
        {"campaign": campaign_id, "round": round_no},
    )


def counts_of_each(by: str) -> str:
    """SQL that joins to areas ``a`` of a level the counts of now, ``c.eligible``, ``c.visited`` and by status.

    Of what it joins to, see :func:`areas_of_level`.

    Its parameters are ``:campaign`` and ``:round``. A search by index for each area: meant for a few of them.
    """
    return _counts_of_each(areas_of_level(by)[1], *_NOW)


def _counts_of_each(join: str, source: str, names: Sequence[str]) -> str:
    return f"cross join lateral (select {_sums(names)} from {source} and {join}) c"


def coverage_total(
    session: Session,
    campaign_id: int,
    round_no: int,
    within: tuple[int, int] = EVERYWHERE,
    *,
    as_of: date | None = None,
    part: Part = WHOLE,
) -> AreaCoverage:
    """Coverage of everything the asker sees inside a range of jurisdiction numbers.

    Parameters
    ----------
    as_of : date, optional
        As shown at the end of this day (Asia/Shanghai), whatever was corrected later; as it is now by default.
    part : Part, optional
        Only visits of one kind of visitor, or households of one key group; ``counts`` is empty then.

    Raises
    ------
    PartNotKept
        If a part is asked for of a past day.
    """
    since = known_since(session, campaign_id, round_no) if as_of else None
    source, names = _source(as_of, part)
    row = session.execute(
        text(f"select {_sums(names)} from {source} and c.jur >= :lo and c.jur < :hi"),
        {
            "campaign": campaign_id,
            "round": round_no,
            "lo": within[0],
            "hi": within[1],
            "as_of": as_of,
            **asdict(part),
        },
    ).one()
    return _coverage(_NOWHERE, row, as_of, since)


def coverage_by_area(
    session: Session,
    campaign_id: int,
    round_no: int,
    by: str,
    *,
    within: tuple[int, int] = EVERYWHERE,
    duty: Ranges = (EVERYWHERE,),
    as_of: date | None = None,
    part: Part = WHOLE,
) -> CoverageRows:
    """Coverage of each area of a level, by code; then one row for the households that lie in none of them.

    Parameters
    ----------
    by : str
        ``county``, ``township``, ``village``, ``group`` (natural villages and village groups) or ``grid``.
    within : (int, int)
        Only areas inside this range.
    duty : sequence of (int, int)
        Only areas wholly inside one of these: of a township of which one sees a single village there is no coverage.
    as_of : date, optional
        As shown at the end of this day, in the areas of today; as it is now by default.
    part : Part, optional
        As for :func:`coverage_total`.

    Returns
    -------
    CoverageRows
        The rows add up to :func:`coverage_total` of the same range and day. Areas without households are listed with
        zeros; of a day before anything was kept all rows say that they are not known.
    """
    keys = {
        "campaign": campaign_id,
        "round": round_no,
        "lo": within[0],
        "hi": within[1],
        "as_of": as_of,
        **asdict(part),
    }
    since = known_since(session, campaign_id, round_no) if as_of else None
    areas = areas_within(session, by, within=within, duty=duty)
    if as_of is None and part == WHOLE:
        counts = _packed_counts(session, keys)
    else:
        source, names = _source(as_of, part)
        counts = read_numbers(
            session,
            f"""
                select c.jur, c.group_id, {", ".join(f"{_sum_of_days(name, as_of)}::bigint" for name in names)}
                  from {source} and c.jur >= :lo and c.jur < :hi {"group by 1, 2" if as_of else ""}""",
            keys,
            2 + len(names),
        )
    each = add_up(counts, areas, by)
    rest = (counts[:, 2:].sum(axis=0) - each.sum(axis=0)).tolist()
    known = as_of is None or (since is not None and as_of >= since)
    return CoverageRows(areas, each, _coverage(_NOWHERE, rest, as_of, since) if rest[0] else None, known, since)


def _packed_counts(session: Session, keys: Mapping[str, Any]) -> NDArray[np.int64]:
    """Jurisdiction number, settlement, and the counts of now in their order, of each place of a range."""
    told = read_bytes(
        session,
        """
            select coalesce(string_agg(packed, ''), '') from coverage_packed
             where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi""",
        keys,
    )
    rows = np.frombuffer(told, dtype=_PACKED)
    return np.column_stack((rows["place"], rows["counts"])).astype(np.int64, copy=False)


def _sum_of_days(name: str, as_of: date | None) -> str:
    """A column as it is kept; of a past day there is a row for each day with a change."""
    return f"sum(c.{name})" if as_of else f"c.{name}"


def coverage_by_part(
    session: Session, campaign_id: int, round_no: int, within: tuple[int, int] = EVERYWHERE
) -> list[PartCoverage]:
    """Coverage by kind of visitor, by key group, and by both, of what the asker sees inside a range.

    Returns
    -------
    list of PartCoverage
        Of each key group that a household has, and of each kind that made a valid visit; by key group, then kind,
        the parts of all households first. A household of two groups, or visited by two kinds, is in both: parts do not
        add up to the whole. :data:`KIND_UNKNOWN` is a visit of which nobody said who made it.
    """
    rows = session.execute(
        text("""
            select kind, key_group, sum(eligible)::bigint as eligible, sum(visited)::bigint as visited
              from coverage_part
             where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi
             group by kind, key_group having sum(eligible) <> 0 or sum(visited) <> 0 order by key_group, kind"""),
        {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1]},
    ).all()
    eligible = {row.key_group: int(row.eligible) for row in rows if not row.kind}
    eligible[""] = coverage_total(session, campaign_id, round_no, within).eligible
    return [PartCoverage(row.kind, row.key_group, eligible.get(row.key_group, 0), int(row.visited)) for row in rows]


def last_visit_at(session: Session, campaign_id: int, round_no: int) -> datetime | None:
    """When the latest visit the asker may see ended: the figures are as of then."""
    return session.scalar(
        text("select max(last_visit_at) from visit_tally where campaign_id = :campaign and round_no = :round"),
        {"campaign": campaign_id, "round": round_no},
    )


def _coverage(area: Sequence[Any], counted: Sequence[int], as_of: date | None, since: date | None) -> AreaCoverage:
    """Make a row of an area's columns and of eligible, visited and, where they are kept, the statuses in order."""
    if as_of is None:
        return AreaCoverage._make((*area, counted[0], counted[1], counted[2:], True, None))
    return AreaCoverage._make((*area, counted[0], counted[1], (), since is not None and as_of >= since, since))
