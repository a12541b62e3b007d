"""What every kind does alike: knowing its job, finding keys of rows that are there already, merging a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.imports.report import ImportOptions, ImportReport, Progress
from data.imports.rows import Records
from data.imports.scope import Scope
from data.sealing import Sealer
from data.settings import Settings
from geo.errors import Text

if TYPE_CHECKING:
    from data.imports.limits import Limits

# Columns of every stage whose rows may have a place, in the order of :func:`place_cells`.
PLACE = {
    "geom": "geometry(point, 4326)",
    "had_place": "boolean",
    "source_system": "text",
    "placed_by": "text",
    "accuracy_m": "double precision",
    "quality": "smallint",
}
PLACE_COLUMNS = ("geom", "source_system", "placed_by", "accuracy_m", "quality")
_IMPORTED, _UNPLACED = 3, 7
_MANY = 500


@dataclass
class Job:
    """One file on its way into the store; ``limits`` is what it may touch."""

    session: Session
    settings: Settings
    sealer: Sealer
    scope: Scope
    options: ImportOptions
    records: Records
    report: ImportReport
    batch: int
    progress: Progress
    limits: Limits


def refuse_repeats(job: Job, keys: Sequence[str], field: str = "code") -> list[str]:
    """Refuse rows whose key an earlier row of the file has; returns the keys that remain.

    Two rows with one key cannot both be right, and which one is, only people know.
    """
    first: dict[str, int] = {}
    refused: dict[int, tuple[str | None, Any, Text | None, Text]] = {}
    found = job.records.column(field)
    for at, key in enumerate(keys):
        before = first.setdefault(key, at)
        if before != at:
            place = f"{job.records.sheets[before]} " if job.records.sheets[before] != job.records.sheets[at] else ""
            row = job.records.rows[before]
            refused[at] = (
                field if job.records.has(field) else None,
                found[at],
                Text("每条记录只出现一次", "each record once only"),
                Text(f"与{place}第 {row} 行重复", f"the same record as row {row} {place}".strip()),
            )
    kept = [key for at, key in enumerate(keys) if at not in refused]
    job.records = job.records.refuse(job.report, refused)
    return kept


def place_cells(records: Records) -> list[tuple[Any, ...]]:
    """Give the values of ``PLACE`` for each record: its point, how good it is and where it comes from.

    An outline stands for a point on its surface.
    """
    nowhere = (None, False, None, None, None, _UNPLACED)
    columns = (records.column("placed_by"), records.column("accuracy_m"), records.column("quality"))
    points = records.geometry.copy()
    outlines = ~shapely.is_missing(points) & (shapely.get_type_id(points) != 0)
    points[outlines] = shapely.point_on_surface(points[outlines])
    cells = shapely.to_wkb(shapely.set_srid(points, 4326), hex=True, include_srid=True)
    return [
        nowhere if cell is None else (cell, True, system, placed_by or "import", accuracy, quality or _IMPORTED)
        for cell, system, placed_by, accuracy, quality in zip(cells, records.system, *columns, strict=True)
    ]


def match_exported(job: Job, stage: str, table: str) -> None:
    """Let a row of our own export be the record it came from, if that has the same code still.

    The stage has ``known_id``; records outside the import's area are not looked at.
    """
    job.session.execute(
        text(f"""
            update {stage} s set natural_key = t.natural_key from {table} t
             where t.id = s.known_id and t.code is not distinct from s.code and t.jur >= :jur and t.jur < :jur_end
               and s.natural_key <> t.natural_key and t.natural_key not in (select natural_key from {stage})"""),
        {"jur": job.scope.jur, "jur_end": job.scope.jur_end},
    )


def refuse_staged(
    job: Job, stage: str, where: str, field: str | None, expected: Text | None, reason: Text, code: str | None = None
) -> int:
    """Refuse rows that turn out unfit once they are staged, and take them off the stage; returns how many.

    ``at`` of the stage goes on being the place in ``job.records``, of which each is on the stage. ``code`` names the
    rule of ``checks.toml``, where it is one of those.
    """
    places = job.session.scalars(text(f"delete from {stage} where {where} returning at")).all()
    if places:
        codes = dict.fromkeys(places, code) if code else None
        job.records = job.records.refuse(job.report, dict.fromkeys(places, (field, None, expected, reason)), codes)
        job.session.execute(
            text(f"""
                update {stage} s set at = n.place
                  from (select at, row_number() over (order by at) - 1 as place from {stage}) n
                 where n.at = s.at and n.at <> n.place""")
        )
    return len(places)


def match_existing(session: Session, stage: str, table: str) -> None:
    """Give each staged row the key of the stored row with its natural key, or a new key (``is_new``)."""
    session.execute(
        text(f"update {stage} s set id = t.id, is_new = false from {table} t where t.natural_key = s.natural_key")
    )
    session.execute(
        text(f"""
            update {stage} set id = nextval(pg_get_serial_sequence('{table}', 'id')), is_new = true
             where id is null""")
    )


def keep_stored(session: Session, stage: str, table: str, columns: Sequence[str], measures: Sequence[str] = ()) -> None:
    """Fill blank cells of known rows from the store: a blank cell says nothing, it does not erase.

    Of ``measures`` a number that is the stored one but for a spreadsheet's 15 digits is the stored one.
    """
    if columns or measures:
        filled = ", ".join(
            [f"{column} = coalesce(s.{column}, t.{column})" for column in columns]
            + [
                f"{column} = case when s.{column} is null or abs(s.{column} - t.{column}) < 1e-9 then t.{column}"
                f" else s.{column} end"
                for column in measures
            ]
        )
        session.execute(text(f"update {stage} s set {filled} from {table} t where t.id = s.id and not s.is_new"))


def keep_better_places(session: Session, stage: str, table: str) -> int:
    """Keep a stored position that is of better quality than the file's, that the file lacks, or that is the same.

    A tenth of a millimetre is the same: spreadsheets keep 15 digits.

    Returns
    -------
    int
        How many rows of the file had a position of lesser quality that was left out.
    """
    listed = ", ".join(f"{column} = t.{column}" for column in PLACE_COLUMNS)
    result = session.execute(
        text(f"""
            with kept as (
                update {stage} s set {listed} from {table} t
                 where t.id = s.id and not s.is_new and t.geom is not null and (s.geom is null or t.quality < s.quality)
                returning s.had_place)
            select count(*) from kept where had_place""")
    )
    session.execute(
        text(f"""
            update {stage} s set geom = t.geom from {table} t
             where t.id = s.id and not s.is_new and s.geom is distinct from t.geom
               and abs(st_x(s.geom) - st_x(t.geom)) < 1e-9 and abs(st_y(s.geom) - st_y(t.geom)) < 1e-9""")
    )
    return int(result.scalar_one())


def merge_stage(
    session: Session, stage: str, table: str, columns: Sequence[str], batch: int, *, touch: str = "updated_at = now()"
) -> tuple[int, int]:
    """Insert new rows and update those that differ; both are one statement over the whole stage.

    Imports wait for one another, so that no row can appear between matching and inserting, except from the
    application; then the natural key's uniqueness ends the import as a whole.

    Parameters
    ----------
    columns : sequence of str
        Columns the stage and the table share, besides ``id`` and ``natural_key``.
    touch : str
        What is set besides when a row changes.

    Returns
    -------
    tuple of int
        ``(inserted, updated)``.
    """
    listed = ", ".join(columns)
    fresh_plans(session)
    inserted = _written(
        session,
        f"""
        insert into {table} (id, natural_key, {listed}, batch_id)
        select id, natural_key, {listed}, :batch from {stage} where is_new order by id""",
        batch,
    )
    changed = ", ".join(f"{column} = s.{column}" for column in columns)
    stored = ", ".join(f"t.{column}" for column in columns)
    staged = ", ".join(f"s.{column}" for column in columns)
    # Known rows only: a statement that updates nothing would still wake the triggers.
    differing = session.scalar(
        text(f"""
            select count(*) from {table} t join {stage} s on s.id = t.id
             where not s.is_new and ({stored}) is distinct from ({staged})""")
    )
    updated = 0
    if differing:
        fresh_plans(session)
        updated = _written(
            session,
            f"""
            update {table} t set {changed}, batch_id = :batch, {touch} from {stage} s
             where s.id = t.id and not s.is_new and ({stored}) is distinct from ({staged})""",
            batch,
        )
    if inserted > _MANY:
        # Triggers and later steps plan by these figures; a table that is thought empty is joined row by row.
        session.execute(text(f"analyze {table}"))
    return inserted, updated


def fresh_plans(session: Session) -> None:
    """Let triggers plan for the rows that come now.

    A trigger keeps its plan for the connection; one made for a handful of rows joins ten thousand row by row.
    """
    session.execute(text("discard plans"))


def _written(session: Session, statement: str, batch: int) -> int:
    return int(session.execute(text(statement), {"batch": batch}).rowcount)  # type: ignore[attr-defined]


def count_merge(job: Job, inserted: int, updated: int) -> None:
    """Put the outcome of a merge into the report."""
    job.report.count(inserted=inserted, updated=updated, unchanged=len(job.records) - inserted - updated)
