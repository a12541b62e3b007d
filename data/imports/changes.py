"""What a batch changed: noted row by row by the database while an import runs, and closed with a hash of each row.

Triggers of the tables below write down each row as it was before the batch first touched it (``batch_change``); that is
what a batch is taken back from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

# From so many rows on it pays to have statistics of what a batch noted.
MANY = 1000


class Noted(NamedTuple):
    """A table whose changes are noted.

    Attributes
    ----------
    name : str
    key : str
        SQL that joins a row ``t`` with its note ``c``.
    derived : tuple of str
        Columns the program reaches anew by itself: that they differ is nobody's change.
    """

    name: str
    key: str = "t.id = c.row_key::bigint"
    derived: tuple[str, ...] = ()


# Parents before children.
NOTED = (
    Noted("area"),
    Noted("area_alias"),
    Noted("grid"),
    Noted("campaign"),
    Noted(
        "round", "t.campaign_id = split_part(c.row_key, ':', 1)::bigint and t.no = split_part(c.row_key, ':', 2)::int"
    ),
    Noted(
        "campaign_version",
        "t.campaign_id = split_part(c.row_key, ':', 1)::bigint and t.no = split_part(c.row_key, ':', 2)::int",
    ),
    Noted("household"),
    Noted("house"),
    Noted("appraisal"),
    Noted("renovation_site"),
    Noted("visit", "t.id = c.row_key::uuid", derived=("suspect",)),
    Noted("base_feature"),
    Noted("road_edge"),
    Noted("duty"),
)


def note_changes(session: Session, batch: int | None) -> None:
    """Have the database note for a batch what the rest of the transaction changes; None ends that."""
    session.execute(
        text("select set_config('fangtu.batch', :batch, true)"), {"batch": "" if batch is None else str(batch)}
    )


def touched(session: Session, batch: int) -> Iterator[Noted]:
    """Give the tables a batch has touched, parents first."""
    names = set(
        session.scalars(text("select distinct table_name from batch_change where batch_id = :batch"), {"batch": batch})
    )
    yield from (table for table in NOTED if table.name in names)


def image(session: Session, table: Noted) -> str:
    """SQL of how a row ``t`` of a table is written down."""
    return str(session.scalar(text("select row_image(to_regclass('public.' || :table), 't')"), {"table": table.name}))


def row_hash(session: Session, table: Noted) -> str:
    """SQL of a short sign of what a row ``t`` holds, null where there is none.

    To the bit, for PostgreSQL writes each type so that it reads back the same. How often and when the row was changed
    is left out: a place that was set by hand and taken back again is no change. So are doubts: the background program
    looks for them by itself.
    """
    columns = session.scalars(
        text("""
            select quote_ident(attname) from pg_attribute
             where attrelid = to_regclass('public.' || :table) and attnum > 0 and not attisdropped
               and attgenerated = '' and attname <> all (:without) order by attnum"""),
        {"table": table.name, "without": ["revision", "updated_at", *table.derived]},
    )
    listed = ", ".join(f"t.{column}" for column in columns)
    return f"case when not (t is null) then sha256(convert_to(row({listed})::text, 'UTF8')) end"


def close_changes(session: Session, batch: int) -> None:
    """Keep a hash of each noted row as the batch leaves it, so that a later change of it is seen."""
    noted = session.scalar(
        text("select count(*) from (select 1 from batch_change where batch_id = :batch limit :many) c"),
        {"batch": batch, "many": MANY},
    )
    if noted == MANY:
        # Statistics are for the plans of many rows; a few are found by the key, and looking at all notes takes longer.
        session.execute(text("analyze batch_change (batch_id, table_name)"))
    for table in touched(session, batch):
        session.execute(
            text(f"""
                update batch_change c set after_hash = {row_hash(session, table)}
                  from {table.name} t
                 where c.batch_id = :batch and c.table_name = '{table.name}' and {table.key}"""),
            {"batch": batch},
        )
