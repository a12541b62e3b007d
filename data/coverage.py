"""Coverage (覆盖率): distinct eligible households with a valid visit / distinct eligible households.

The counts are kept on write by the database (``data/migrations/sql/0006_changes.sql``); reading sums a few rows by
index. Of a past day it is what was shown at the end of that day (``0003_history.sql``). This is the only definition;
pages, tiles, exports and commands ask here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE
from data.rules.words import VISITED
from data.tables.coverage import STATUS_COLUMNS
from geo.errors import FangtuError, Text

BY = ("county", "township", "village", "group", "grid")
Ranges = Sequence[tuple[int, int]]


def _sums(names: Sequence[str]) -> str:
    return ", ".join(f"coalesce(sum(c.{name}), 0)::bigint as {name}" for name in names)


# Where the counts stand: now, or as they were shown at the end of a day. Statuses are kept of the present whole only.
_NOW = ("coverage", "", _sums(("eligible", "visited", *STATUS_COLUMNS)))
_THEN = ("coverage_shown", "and c.day <= :as_of", _sums(("eligible", "visited")))


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


@dataclass(frozen=True)
class AreaCoverage:
    """Counts of one area; ``code`` is None for households that lie in none of the areas listed.

    Of a past day ``counts`` is empty, and ``known_since`` is the first day of which anything is known. Of an earlier
    day nothing is (``known`` is False): the numbers are 0 and mean nothing, and :meth:`as_json` gives null for them.
    """

    id: int | None
    code: str | None
    name: str | None
    level: str | None
    derived: bool
    eligible: int
    visited: int
    counts: dict[int, int]
    known: bool = True
    known_since: date | None = None

    @property
    def remaining(self) -> int:
        """Eligible households without a valid visit."""
        return self.eligible - self.visited

    @property
    def ratio(self) -> float | None:
        """Unrounded ratio; None without a denominator, which is neither 0 nor 100 %."""
        return self.visited / self.eligible if self.eligible else None

    def to_target(self, target: float) -> int:
        """Households still to be visited before the target ratio is reached."""
        # In whole ten-thousandths, since 0.95 * 12843 is not exact in binary.
        needed = -(-self.eligible * round(target * 10000) // 10000)
        return max(0, needed - self.visited)

    def plus(self, changes: Mapping[int, int]) -> AreaCoverage:
        """Counts once households of some statuses have come (positive) or gone (negative), status by status."""
        return replace(
            self,
            eligible=self.eligible + sum(changes.values()),
            visited=self.visited + sum(n for status, n in changes.items() if status in VISITED),
            counts={status: n + changes.get(status, 0) for status, n in self.counts.items()},
        )

    def as_json(self) -> dict[str, Any]:
        """The row as JSON, with what is derived from it; figures nobody knows are null."""
        row = {**asdict(self), "remaining": self.remaining, "ratio": self.ratio}
        row["known_since"] = self.known_since.isoformat() if self.known_since else None
        if not row.pop("known"):
            row |= dict.fromkeys(("eligible", "visited", "remaining", "ratio"))
        return row


def _source(as_of: date | None, part: Part) -> tuple[str, str, str]:
    """SQL of where the counts stand, of the condition on alias ``c`` that picks the day, and of their sums."""
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
    return f"({source})", "", _sums(("eligible", "visited"))


def duty_ranges(ranges: Ranges) -> str:
    """Ranges in PostgreSQL's multirange form."""
    return "{" + ",".join(f"[{lo},{hi})" for lo, hi in ranges) + "}"


def known_since(session: Session, campaign_id: int, round_no: int) -> date | None:
    """First day of which it is known what was shown; None for a round the asker does not see."""
    return session.scalar(
        text("select since from coverage_known where campaign_id = :campaign and round_no = :round"),
        {"campaign": campaign_id, "round": round_no},
    )


def areas_of_level(by: str) -> tuple[str, str]:
    """SQL of the areas of a level, and of how a row ``c`` of counts belongs to an area ``a``.

    Raises
    ------
    ValueError
        If ``by`` is none of :data:`BY`.
    """
    if by == "grid":
        areas = "select id, code, name, 'grid' as level, false as derived, jur, jur_end from grid"
        return areas, "c.jur = a.jur"
    if by == "group":
        areas = """select id, code, name, level, derived, jur, jur_end from area
                   where level in ('natural_village', 'group') and valid_to is null"""
        return areas, "c.jur >= a.jur and c.jur < a.jur_end and c.group_id = a.id"
    if by in BY:
        areas = f"""select id, code, name, level, derived, jur, jur_end from area
                    where level = '{by}' and valid_to is null"""
        return areas, "c.jur >= a.jur and c.jur < a.jur_end"
    raise ValueError(f"by must be one of {BY}, not {by!r}")


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
    source, until, sums = _source(as_of, part)
    row = session.execute(
        text(f"""
            select {sums} from {source} c
             where c.campaign_id = :campaign and c.round_no = :round and c.jur >= :lo and c.jur < :hi {until}"""),
        {
            "campaign": campaign_id,
            "round": round_no,
            "lo": within[0],
            "hi": within[1],
            "as_of": as_of,
            **asdict(part),
        },
    ).one()
    return _coverage(None, None, None, None, False, row, as_of, since)


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
) -> list[AreaCoverage]:
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
    list of AreaCoverage
        The rows add up to :func:`coverage_total` of the same range and day. Areas without households are listed with
        zeros; of a day before anything was kept all rows say that they are not known.
    """
    keys = {
        "campaign": campaign_id,
        "round": round_no,
        "lo": within[0],
        "hi": within[1],
        "duty": duty_ranges(duty),
        "as_of": as_of,
        **asdict(part),
    }
    since = known_since(session, campaign_id, round_no) if as_of else None
    source, until, sums = _source(as_of, part)
    areas, join = areas_of_level(by)
    rows = session.execute(
        text(f"""
            select a.id, a.code, a.name, a.level, a.derived, {sums}
              from ({areas}) a
              left join {source} c on c.campaign_id = :campaign and c.round_no = :round and {join} {until}
             where a.jur >= :lo and a.jur_end <= :hi and cast(:duty as int8multirange) @> int8range(a.jur, a.jur_end)
             group by a.id, a.code, a.name, a.level, a.derived
             order by a.code"""),
        keys,
    )
    listed = [_coverage(r.id, r.code, r.name, r.level, r.derived, r, as_of, since) for r in rows]
    total = coverage_total(session, campaign_id, round_no, within, as_of=as_of, part=part)
    rest = AreaCoverage(
        None,
        None,
        None,
        None,
        False,
        total.eligible - sum(a.eligible for a in listed),
        total.visited - sum(a.visited for a in listed),
        {k: n - sum(a.counts[k] for a in listed) for k, n in total.counts.items()},
        total.known,
        total.known_since,
    )
    return [*listed, rest] if rest.eligible else listed


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
    return [PartCoverage(row.kind, row.key_group, eligible[row.key_group], int(row.visited)) for row in rows]


def last_visit_at(session: Session, campaign_id: int, round_no: int) -> datetime | None:
    """When the latest visit the asker may see ended: the figures are as of then."""
    return session.scalar(
        text("select max(last_visit_at) from visit_tally where campaign_id = :campaign and round_no = :round"),
        {"campaign": campaign_id, "round": round_no},
    )


def _coverage(
    id: int | None,
    code: str | None,
    name: str | None,
    level: str | None,
    derived: bool,
    row: Any,
    as_of: date | None,
    since: date | None,
) -> AreaCoverage:
    if as_of is None and not hasattr(row, "unvisited"):  # of a part the statuses are not kept
        return AreaCoverage(id, code, name, level, derived, int(row.eligible), int(row.visited), {})
    if as_of is None:
        counts = {status: int(getattr(row, column)) for status, column in enumerate(STATUS_COLUMNS)}
        return AreaCoverage(id, code, name, level, derived, int(row.eligible), int(row.visited), counts)
    known = since is not None and as_of >= since
    return AreaCoverage(id, code, name, level, derived, int(row.eligible), int(row.visited), {}, known, since)
