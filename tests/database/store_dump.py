"""Everything a store holds, row by row, to compare before and after."""

from __future__ import annotations

from sqlalchemy import Connection, text

# What tells of the acts themselves, and so differs after an act was taken back.
_LEFT_OUT = (
    "batch",
    "batch_problem",
    "batch_change",
    "audit",
    "job",
    "upload",
    "column_memory",
    "coverage_shown_folded",  # what was shown on a day stays written, also when what was shown is taken back later
    "coverage_known",  # since when it is written
    "standing_change",  # what is not folded in yet; it is folded in before everything is read
    "map_version",  # counts changes, and taking one back is one
    "area_version",  # the same
    "area_edit",  # the list of edits: one that was taken back stays in it and is marked so by its batch
    "spatial_ref_sys",
    "alembic_version",
)
Dump = dict[str, list[str]]


def dump(connection: Connection) -> Dump:
    """Give all rows of all tables of records as text, in order; geometries as EWKB, to the bit.

    Columns that the database computes are in it as well.
    """
    connection.execute(text("select fold_changes()"))
    tables = connection.scalars(
        text("""
            select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
               and not relname = any (:left_out) order by relname"""),
        {"left_out": list(_LEFT_OUT)},
    ).all()
    return {
        table: list(connection.scalars(text(f"select t::text from {table} t order by t::text"))) for table in tables
    }


def differences(before: Dump, after: Dump) -> dict[str, tuple[list[str], list[str]]]:
    """Give what is only in the first and only in the second dump, by table; empty if they are the same."""
    found = {}
    for table in before.keys() | after.keys():
        old, new = before.get(table, []), after.get(table, [])
        if old != new:
            found[table] = (sorted(set(old) - set(new)), sorted(set(new) - set(old)))
    return found
