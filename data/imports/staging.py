"""Temporary tables: rows of a file are copied there in one go, and everything after is set-based."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_CHUNK = 1 << 22


def make_stage(session: Session, name: str, columns: dict[str, str]) -> None:
    """Create a temporary table that goes with the transaction.

    Parameters
    ----------
    name : str
        Name of the table; ours, never user input.
    columns : dict of str to str
        Column to SQL type.
    """
    listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    session.execute(text(f"drop table if exists pg_temp.{name}"))
    session.execute(text(f"create temporary table {name} ({listed}) on commit drop"))


def copy_rows(session: Session, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Copy rows into a table with COPY.

    Parameters
    ----------
    name : str
        Table; ours, never user input.
    columns : sequence of str
        Its columns, in the order of the values.
    rows : iterable of sequences
        None, bool, int, float, str, bytes (bytea), date, datetime, or a list of str (text[]).
    """
    # The first row is made before COPY begins: what makes the rows may still ask the database for something then.
    made = iter(rows)
    rows = chain(list(islice(made, 1)), made)
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor:
        cursor.copy_expert(f"copy {name} ({', '.join(columns)}) from stdin", _Lines(rows))


def settle_stage(session: Session, name: str, *, place: str | None = "geom") -> None:
    """Index the points of a table just filled, and give the planner facts about it.

    To be done before anything is updated: an index made after rows of this transaction were changed would not be used
    by it (their older versions are not in it).
    """
    if place:
        session.execute(text(f"create index on {name} using gist ({place})"))
    session.execute(text(f"analyze {name}"))


class _Lines(io.RawIOBase):
    """Rows as the lines COPY reads, made as they are asked for."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._rows = iter(rows)
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        """Give up to ``size`` bytes; nothing at the end."""
        parts = [self._left]
        length = len(self._left)
        while size < 0 or length < size:
            row = next(self._rows, None)
            if row is None:
                break
            line = ("\t".join(map(_cell, row)) + "\n").encode()
            parts.append(line)
            length += len(line)
        whole = b"".join(parts)
        if size < 0:
            self._left = b""
            return whole
        self._left = whole[size:]
        return whole[:size]


def _cell(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        inner = ",".join('"' + str(item).replace("\\", "\\\\").replace('"', '\\"') + '"' for item in value)
        return ("{" + inner + "}").translate(_ESCAPES)
    return str(value).translate(_ESCAPES)
