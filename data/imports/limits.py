"""What an import may touch: the areas its account answers for, and nothing of anybody else's.

A row that would reach outside is refused by the rule ``outside_area``, in the same words whether something lies there
or not. What is found by looking (codes of households, older codes, names) is looked for inside only, so that a record
of another area and one that does not exist are the same to the import.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import CodeUnknown, number_range
from data.imports.changes import image, touched
from data.imports.checks import load_checks
from data.imports.merge import Job, refuse_staged
from data.imports.report import ImportOptions
from data.imports.rows import Records
from data.imports.scope import Scope, open_scope
from geo.errors import FangtuError, Text

RULE = "outside_area"
Range = tuple[int, int]
_SETTLEMENTS = ("natural_village", "group")


class OutsideArea(FangtuError):
    """The file as a whole reaches outside what its account answers for; nothing was changed."""

    code = RULE

    def __init__(self) -> None:
        super().__init__(
            Text(
                "文件超出本次导入的辖区，没有写入。请选择您负责的辖区，只导入其中的记录；涉及其他辖区的请交上级导入。",
                "The file reaches outside the area of this import; nothing was written. Choose an area you answer for "
                "and import only its records; what concerns other areas is imported by the level above.",
            )
        )


@dataclass(frozen=True)
class Limits:
    """Ranges ``[from, to)`` of jurisdiction numbers an import may touch.

    Attributes
    ----------
    ranges : tuple of (int, int) or None
        None for no limits (the command line).
    own : tuple of (int, int)
        Areas of duty of the account: it changes what lies below them, not their own row or any above.
    """

    ranges: tuple[Range, ...] | None = None
    own: tuple[Range, ...] = ()

    def holds(self, jur: int, jur_end: int | None = None) -> bool:
        """Whether one range holds all of ``[jur, jur_end)`` (one number without an end)."""
        end = jur + 1 if jur_end is None else jur_end
        return self.ranges is None or any(low <= jur and end <= high for low, high in self.ranges)

    def holds_area(self, code: str, level: str) -> bool:
        """Whether the area or grid of this code may be added or changed."""
        if self.ranges is None:
            return True
        try:
            jur, jur_end = number_range(code.split("-")[0])
        except CodeUnknown:
            return False
        if not self.holds(jur, jur_end):
            return False
        if level in _SETTLEMENTS:
            return True
        return any(low <= jur and jur_end <= high and (jur, jur_end) != (low, high) for low, high in self.own)

    def meets(self, jur: int, jur_end: int) -> bool:
        """Whether some of ``[jur, jur_end)`` is inside."""
        return self.ranges is None or any(low < jur_end and jur < high for low, high in self.ranges)

    def sql_meets(self, alias: str) -> str:
        """SQL that is true for rows with a range of which some is inside: areas inside and those they are part of."""
        if self.ranges is None:
            return "true"
        parts = (f"({alias}.jur < {int(high)} and {alias}.jur_end > {int(low)})" for low, high in self.ranges)
        return f"({' or '.join(parts) or 'false'})"

    def sql(self, column: str) -> str:
        """SQL that is true where a jurisdiction number is inside; ``column`` is ours, never user input."""
        if self.ranges is None:
            return "true"
        parts = (f"({column} >= {int(low)} and {column} < {int(high)})" for low, high in self.ranges)
        return f"({' or '.join(parts) or 'false'})"

    def sql_area(self, alias: str) -> str:
        """SQL that is true for rows of ``area`` that may be changed; the same rule as :meth:`holds_area`."""
        if self.ranges is None:
            return "true"
        inside = " or ".join(
            f"({alias}.jur >= {int(low)} and {alias}.jur_end <= {int(high)})" for low, high in self.ranges
        )
        below = " or ".join(
            f"({alias}.jur >= {int(low)} and {alias}.jur_end <= {int(high)}"
            f" and ({alias}.jur, {alias}.jur_end) <> ({int(low)}, {int(high)}))"
            for low, high in self.own
        )
        settlement = f"{alias}.level in ({', '.join(repr(level) for level in _SETTLEMENTS)})"
        return f"(({inside or 'false'}) and ({settlement} or {below or 'false'}))"


def open_limits(session: Session, options: ImportOptions) -> tuple[Scope, Limits]:
    """Find the area of an import and what it may touch.

    Raises
    ------
    CodeUnknown
        If an import without limits names an area that is not there.
    OutsideArea
        If an import with limits names no area inside them, in the same words for one that is not there.
    """
    if options.within is None:
        return open_scope(session, options.area), Limits()
    if not options.area:
        raise OutsideArea
    try:
        scope = open_scope(session, options.area)
    except CodeUnknown:
        raise OutsideArea from None
    own: Sequence[Range] = options.within
    if options.account_id is not None:
        rows = session.execute(
            text("select jur, jur_end from duty where account_id = :account"), {"account": options.account_id}
        )
        own = [(row.jur, row.jur_end) for row in rows]
    limits = Limits(tuple(options.within), tuple(own))
    if not limits.holds(scope.jur, scope.jur_end):
        raise OutsideArea
    return scope, limits


def refuse_stated(job: Job) -> None:
    """Refuse records that name a village outside by its official code, wherever their position is."""
    if job.limits.ranges is None or not job.records.has("stated_area"):
        return
    outside = [
        at
        for at, stated in enumerate(job.records.column("stated_area"))
        if stated
        and stated.isascii()
        and stated.isdigit()
        and len(stated) == 12
        and not job.limits.holds(*number_range(stated))
    ]
    job.records = refuse_records(job, outside, "stated_area")


def refuse_records(job: Job, places: Sequence[int], field: str | None) -> Records:
    """Refuse records by their place, by the rule ``outside_area``; gives those that remain."""
    reason = load_checks().words(RULE)
    refused: dict[int, tuple[str | None, Any, Text | None, Text]] = dict.fromkeys(places, (field, None, None, reason))
    return job.records.refuse(job.report, refused, dict.fromkeys(places, RULE))


def refuse_foreign(job: Job, stage: str, table: str) -> None:
    """Refuse staged rows whose stored record lies outside; to be called once they are matched."""
    if job.limits.ranges is not None:
        where = f"""
            not is_new and exists (select 1 from {table} t where t.id = {stage}.id and not {job.limits.sql("t.jur")})"""
        refuse_staged(job, stage, where, None, None, load_checks().words(RULE), RULE)


def refuse_outside(job: Job, stage: str) -> None:
    """Refuse staged rows that would come to lie outside; to be called once their jurisdiction is settled."""
    if job.limits.ranges is not None:
        refuse_staged(job, stage, f"not {job.limits.sql('jur')}", None, None, load_checks().words(RULE), RULE)


def load_ground(session: Session, limits: Limits) -> BaseGeometry | None:
    """Give the land inside the limits (EPSG:4326): the boundaries of the very areas they are; None if none is known."""
    shapes = [
        shapely.from_wkb(bytes(shape))
        for low, high in limits.ranges or ()
        for shape in session.scalars(
            text("""
                select st_asbinary(geom) from area
                 where jur = :low and jur_end = :high and geom is not null and valid_to is null
                   and level not in ('natural_village', 'group')
                union all select st_asbinary(geom) from grid where jur = :low and jur_end = :high"""),
            {"low": low, "high": high},
        )
    ]
    return shapely.union_all(shapes) if shapes else None


# What changes along with any change of a row.
_ALONG = ["revision", "updated_at"]
# Where a record lies whose household lies elsewhere, and numbers itself by: columns, and whose number each names.
_LIES_IN: dict[str, dict[str, str | None]] = {
    "visit": {"place_jur": None},
    "house": {"village_id": "area", "grid_id": "grid"},
    "renovation_site": {"village_id": "area", "grid_id": "grid"},
}
# Tables whose rows lie at one place, and those that speak of a whole range.
_PLACES = ("household", "house", "appraisal", "renovation_site", "visit", "base_feature", "road_edge")
_RANGES = ("area_alias", "grid", "campaign", "round", "campaign_version", "duty")


def require_inside(session: Session, batch: int, limits: Limits) -> None:
    """Make sure that nothing a batch has touched lies or lay outside, whatever the way it was reached by.

    The last line: rows are refused before. It holds for what follows from others, such as a boundary that takes in
    records of a neighbour. A visit, house or site of a household elsewhere that lies inside stays whose it was: of it
    nothing may change but in which grid or village inside it lies.

    Raises
    ------
    OutsideArea
    """
    if limits.ranges is None:
        return
    whole = " or ".join(f"(t.jur >= {int(low)} and t.jur_end <= {int(high)})" for low, high in limits.ranges)
    before = "(c.before->>'jur')::bigint"
    lay_inside = f"(c.before is null or {limits.sql(before)})"
    inside = {
        **dict.fromkeys(_PLACES, f"{lay_inside} and {limits.sql('t.jur')}"),
        **dict.fromkeys(_RANGES, f"({whole or 'false'})"),
        "area": limits.sql_area("t"),
    }
    for table in touched(session, batch):
        where = f"({inside[table.name]})"
        if table.name in _LIES_IN:
            where += f" or {_moved_inside(table.name, limits, image(session, table))}"
        strange = session.execute(
            text(f"""
                select 1 from batch_change c join {table.name} t on {table.key}
                 where c.batch_id = :batch and c.table_name = '{table.name}' and not ({where}) limit 1"""),
            {"batch": batch, "along": [*_ALONG, *_LIES_IN.get(table.name, ())]},
        ).first()
        if strange is not None:
            raise OutsideArea


def _moved_inside(table: str, limits: Limits, now: str) -> str:
    """SQL that is true where nothing but the grid or village changed that a row lies in, from one inside to another."""
    conditions = ["c.before is not null", f"c.before - cast(:along as text[]) = {now} - cast(:along as text[])"]
    for column, named in _LIES_IN[table].items():
        for value in (f"(c.before->>'{column}')::bigint", f"t.{column}"):
            if named is None:
                conditions.append(f"coalesce({limits.sql(value)}, true)")
            else:
                # One that is gone lay in the village that is asked for as well.
                conditions.append(
                    f"not exists (select 1 from {named} x where x.id = {value} and not {limits.sql('x.jur')})"
                )
    return f"({' and '.join(conditions)})"
