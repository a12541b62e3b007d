"""Putting back, row by row and to the bit, what was there before a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.db import rows_changed
from data.imports.changes import Noted, image
from data.imports.merge import fresh_plans

# Triggers change further rows while some are put back; what they changed is put right in the next round.
_MOST_ROUNDS = 5


@dataclass
class Restored:
    """How many rows of each table were taken away, set back, and added again."""

    removed: Counter[str] = field(default_factory=Counter)
    restored: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)


class NotRestored(RuntimeError):
    """A fault of the program: rows are still not as they were."""


def restore_rows(session: Session, tables: Sequence[Noted]) -> Restored:
    """Put back the rows that a batch has noted; the caller has made sure that nothing else hangs on them.

    Parents are added again before their children, what existed is set back, and what the batch added is deleted,
    children first. Standings and coverage follow by the database's own triggers.

    Parameters
    ----------
    session : Session
        As the owner, with the batch's notes in the temporary table ``undo_known``.
    tables : sequence of Noted
        Those the batch has touched, parents first.

    Raises
    ------
    NotRestored
        If a row is not as it was in the end.
    """
    done = Restored()
    images = {table.name: image(session, table) for table in tables}
    columns = {table.name: _columns(session, table.name) for table in tables}
    for table in tables:
        fresh_plans(session)
        done.added[table.name] = _add_again(session, table, columns[table.name])
    for table in tables:
        done.restored[table.name] = _differing(session, table, images[table.name])
        if "natural_key" in columns[table.name]:
            _free_keys(session, table)
    for number in range(_MOST_ROUNDS):
        changed = sum(_set_back(session, table, columns[table.name], images[table.name]) for table in tables)
        if number == 0:
            for table in reversed(tables):
                done.removed[table.name] = _remove(session, table)
            changed += sum(done.removed.values())
        if not changed:
            break
    for table in tables:
        if _differing(session, table, images[table.name]):
            raise NotRestored(table.name)
    return done


def _columns(session: Session, table: str) -> list[str]:
    """Columns of a table that are written, not computed."""
    return list(
        session.scalars(
            text("""
                select quote_ident(attname) from pg_attribute
                 where attrelid = to_regclass('public.' || :table) and attnum > 0 and not attisdropped
                   and attgenerated = '' order by attnum"""),
            {"table": table},
        )
    )


def _add_again(session: Session, table: Noted, columns: Sequence[str]) -> int:
    result = session.execute(
        text(f"""
            insert into {table.name} ({", ".join(columns)})
            select {", ".join(f"r.{column}" for column in columns)}
              from undo_known c cross join lateral jsonb_populate_record(null::{table.name}, c.before) r
             where c.table_name = '{table.name}' and c.before is not null
               and not exists (select 1 from {table.name} t where {table.key})""")
    )
    return rows_changed(result)


def _free_keys(session: Session, table: Noted) -> None:
    """Make way for natural keys that go back to their rows, where another row of the batch has them now."""
    session.execute(
        text(f"""
            update {table.name} t set natural_key = 'undo:' || t.id from undo_known c, undo_known o
             where c.table_name = '{table.name}' and {table.key} and o.table_name = '{table.name}'
               and o.row_key <> c.row_key and o.before->>'natural_key' = t.natural_key""")
    )


def _set_back(session: Session, table: Noted, columns: Sequence[str], written: str) -> int:
    """Set the rows that were there before to what they were; gives how many were not."""
    if not _differing(session, table, written):
        return 0  # a statement that updates nothing would still wake the triggers
    fresh_plans(session)
    result = session.execute(
        text(f"""
            update {table.name} t set {", ".join(f"{column} = r.{column}" for column in columns)}
              from undo_known c cross join lateral jsonb_populate_record(null::{table.name}, c.before) r
             where c.table_name = '{table.name}' and c.before is not null and {table.key}
               and {written} <> c.before""")
    )
    return rows_changed(result)


def _differing(session: Session, table: Noted, written: str) -> int:
    """How many rows that were there before are not as they were, or not there."""
    return int(
        session.scalar(
            text(f"""
                select count(*) from undo_known c left join {table.name} t on {table.key}
                 where c.table_name = '{table.name}' and c.before is not null
                   and {written} is distinct from c.before""")
        )
        or 0
    )


def _remove(session: Session, table: Noted) -> int:
    """Delete what the batch added."""
    added = f"undo_known c where c.table_name = '{table.name}' and c.before is null"
    if table.name == "household":
        # A standing goes with its household; no trigger takes it away.
        session.execute(text(f"delete from standing t using {added} and t.household_id = c.row_key::bigint"))
    fresh_plans(session)
    return rows_changed(session.execute(text(f"delete from {table.name} t using {added} and {table.key}")))
