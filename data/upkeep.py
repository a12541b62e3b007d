"""What tables do for themselves on every write (triggers, indexes, foreign keys), set aside while many rows come in.

So are, of tables that nobody else reaches meanwhile, the policies the owner is held to as well: they let the owner do
everything, but PostgreSQL copies rows only into a table that has none for whoever writes.

All of it happens in the caller's transaction: nobody else sees a table without its keys, and where the transaction
fails, everything stands as before. Whoever sets triggers aside has to make what they keep by ``data.kept``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from geo.errors import FangtuError, Text

# Seconds to go on trying for the tables, and how long one try waits: less than PostgreSQL takes to call it a deadlock,
# so that it is the load that steps back and never a page.
PATIENCE_S, TRY_MS = 60.0, 400
# Everybody who signs in reads this table; keys that lean on it stay, so that it is not closed for as long as a load.
_OPEN = ("account",)
_MODES = {"O": "enable trigger", "A": "enable always trigger", "R": "enable replica trigger"}


class TablesBusy(FangtuError):
    """Others went on writing to the tables for a minute."""

    code = "tables_busy"


@dataclass(frozen=True)
class Aside:
    """What was set aside, as statements that bring it back.

    Attributes
    ----------
    large : tuple of str
        Tables that get at least as many rows as they have: these stand without indexes and foreign keys.
    indexes, keys, triggers : list of str
        In the order to be executed: indexes with the constraints that are indexes; foreign keys; triggers, and that
        policies bind the owner.
    """

    large: tuple[str, ...]
    indexes: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)


@contextmanager
def upkeep_aside(session: Session, coming: Mapping[str, int]) -> Iterator[Aside]:
    """Lock tables and set their triggers aside; of those that grow many times over, indexes and foreign keys as well.

    Parameters
    ----------
    session : Session
        As the owner, in a transaction that has not written to these tables.
    coming : mapping of str to int
        Table, and how many rows it will get; names of our own, never user input.

    Yields
    ------
    Aside
        Indexes and keys may be brought back before the end (:func:`bring_back`); at the end everything is there again
        and every foreign key holds. Others read the tables meanwhile and wait to write; a table of ``large`` they
        wait to read as well, since what they ask by would be missing.

    Raises
    ------
    TablesBusy
        If the tables are not to be had within a minute; nothing is changed then.
    """
    large = tuple(table for table, n in coming.items() if n and not _holds_more(session, table, n))
    leaning = _leaning(session, large)
    most = max([coming[table] for table in large], default=0)
    small = [table for table in leaning if table not in coming and not _holds_more(session, table, most)]
    _lock(session, [table for table in coming if table not in large], [*large, *small])
    aside = Aside(large)
    for table in coming:
        _disable(session, table, aside, drop=table in large)
    if large:
        _drop(session, large, small, aside)
        _free_owner(session, large, aside)
    yield aside
    bring_back(session, aside.indexes)
    bring_back(session, aside.keys)
    # Keys that stayed are looked at now: a table whose checks still wait cannot be altered.
    session.execute(text("set constraints all immediate"))
    bring_back(session, aside.triggers)
    session.execute(text("set constraints all deferred"))


def bring_back(session: Session, statements: list[str]) -> None:
    """Execute statements of an :class:`Aside` and strike them off."""
    while statements:
        session.execute(text(statements[0]))
        del statements[0]


def _holds_more(session: Session, table: str, rows: int) -> bool:
    """Whether a table has more than so many rows, without counting on."""
    found = session.scalar(text(f"select count(*) from (select 1 from {table} limit :most) t"), {"most": rows + 1})
    return int(found or 0) > rows


def _leaning(session: Session, tables: tuple[str, ...]) -> list[str]:
    """Tables with a foreign key to one of these."""
    found = session.scalars(
        text("""
            select distinct conrelid::regclass::text from pg_constraint
             where contype = 'f' and confrelid = any (cast(:tables as regclass[])) order by 1"""),
        {"tables": list(tables)},
    )
    return list(found)


def _lock(session: Session, shared: list[str], alone: list[str]) -> None:
    """Get all tables or none, again and again for a minute: writers hold theirs in orders that are not ours."""
    until = time.monotonic() + PATIENCE_S
    while True:
        attempt = session.begin_nested()
        try:
            session.execute(text(f"set local lock_timeout = {TRY_MS}"))
            for tables, mode in ((alone, "access exclusive"), (shared, "share row exclusive")):
                if tables:
                    session.execute(text(f"lock table {', '.join(tables)} in {mode} mode"))
            session.execute(text("set local lock_timeout = default"))
            attempt.commit()
            return
        except OperationalError as error:
            attempt.rollback()
            if getattr(error.orig, "pgcode", None) != "55P03":
                raise
            if time.monotonic() > until:
                raise TablesBusy(
                    Text(
                        "一直有人在写入这些数据表，没有载入。请稍后再试。",
                        "Others keep writing to these tables; nothing was loaded. Try again later.",
                    ),
                    tables=[*alone, *shared],
                ) from error


def _disable(session: Session, table: str, aside: Aside, *, drop: bool) -> None:
    """Set triggers aside.

    PostgreSQL gathers rows for a trigger that is told of them together even while it is disabled: with ``drop`` such a
    one goes altogether, and is made again.
    """
    rows = session.execute(
        text("""
            select quote_ident(tgname) as name, tgenabled::text as mode,
                   case when tgoldtable is not null or tgnewtable is not null then pg_get_triggerdef(oid) end as gathers
            from pg_trigger
             where tgrelid = cast(:table as regclass) and not tgisinternal and tgenabled <> 'D' order by tgname"""),
        {"table": table},
    ).all()
    for name, mode, gathers in rows:
        if drop and gathers:
            session.execute(text(f"drop trigger {name} on {table}"))
            aside.triggers.append(gathers)
        else:
            session.execute(text(f"alter table {table} disable trigger {name}"))
        aside.triggers.append(f"alter table {table} {_MODES[mode]} {name}")


def _free_owner(session: Session, large: tuple[str, ...], aside: Aside) -> None:
    """Let policies of the large tables not bind their owner; they are closed to everybody else."""
    bound = session.scalars(
        text("""
            select oid::regclass::text from pg_class
             where oid = any (cast(:large as regclass[])) and relforcerowsecurity order by 1"""),
        {"large": list(large)},
    ).all()
    for table in bound:
        session.execute(text(f"alter table {table} no force row level security"))
        aside.triggers.append(f"alter table {table} force row level security")


def _drop(session: Session, large: tuple[str, ...], small: list[str], aside: Aside) -> None:
    """Drop foreign keys of and to the large tables, then the indexes that no key leans on any more."""
    keys = session.execute(
        text("""
            select conrelid::regclass::text as owner, quote_ident(conname) as name, pg_get_constraintdef(oid) as def
            from pg_constraint
            where contype = 'f' and convalidated and confrelid::regclass::text <> all (:open)
              and (conrelid = any (cast(:large as regclass[]))
                   or confrelid = any (cast(:large as regclass[])) and conrelid = any (cast(:small as regclass[])))
            order by 1, 2"""),
        {"large": list(large), "small": small, "open": list(_OPEN)},
    ).all()
    for table, name, definition in keys:
        session.execute(text(f"alter table {table} drop constraint {name}"))
        aside.keys.append(f"alter table {table} add constraint {name} {definition}")
    # What carries more than its definition says (storage options, the mark of a clustered table) stays where it is.
    indexes = session.execute(
        text("""
            select i.indrelid::regclass::text as owner, i.indexrelid::regclass::text as index,
                   pg_get_indexdef(i.indexrelid) as def, quote_ident(c.conname) as name,
                   pg_get_constraintdef(c.oid) as constraint_def
            from pg_index i join pg_class k on k.oid = i.indexrelid
            left join pg_constraint c on c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x')
            where i.indrelid = any (cast(:large as regclass[])) and i.indisvalid and not i.indisclustered
              and not i.indisreplident and (c.oid is null or k.reloptions is null and c.contype in ('p', 'u'))
              and not exists (select 1 from pg_constraint f where f.contype = 'f' and f.conindid = i.indexrelid)
            order by 1, c.contype nulls last, 2"""),
        {"large": list(large)},
    ).all()
    for table, index, definition, name, constraint in indexes:
        if name is None:
            session.execute(text(f"drop index {index}"))
            aside.indexes.append(definition)
        else:
            session.execute(text(f"alter table {table} drop constraint {name}"))
            aside.indexes.append(f"alter table {table} add constraint {name} {constraint}")
