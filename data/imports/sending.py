"""Whole frames into a table with COPY, column by column: for rows the program makes itself, by the million."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import psycopg2.errors
from sqlalchemy.orm import Session

_MARKS = "\\\t\n\r"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NULL = "\\N"


def copy_frames(
    session: Session,
    table: str,
    frames: Iterable[pd.DataFrame],
    columns: Sequence[str],
    same: Mapping[str, str] | None = None,
) -> None:
    """Copy frames into a table; the next is made while the database takes the last.

    Parameters
    ----------
    table : str
        Ours, never user input.
    frames : iterable of DataFrame
        Made in a thread of its own, which must not use the session. Whole numbers, floats, moments or texts; an empty
        text and a float that is not a number are null.
    columns : sequence of str
        Columns of both.
    same : mapping of str to str, optional
        Columns that say the same in every row, and what, without tabs, backslashes or line breaks.

    Raises
    ------
    Exception
        Whatever keeps a frame from being made, as it was raised.
    """
    named = [*columns, *(same or {})]
    end = "\t".join(["", *(same or {}).values()]) + "\n"
    driver: Any = session.connection().connection.driver_connection
    with ThreadPoolExecutor(1) as pool, driver.cursor() as cursor:
        ahead = _Ahead((_lines(frame, columns, end) for frame in frames), pool)
        try:
            cursor.copy_expert(f"copy {table} ({', '.join(named)}) from stdin", ahead)
        except psycopg2.errors.QueryCanceled:
            ahead.read()
            raise


class _Ahead:
    """Lines for COPY to read, made one part ahead."""

    def __init__(self, parts: Iterator[bytes], pool: ThreadPoolExecutor) -> None:
        self._parts = parts
        self._pool = pool
        self._next = pool.submit(next, parts, b"")

    def read(self, _size: int = -1) -> bytes:
        """Give the next part; nothing at the end. After an error it raises the same again."""
        lines = self._next.result()
        if lines:
            self._next = self._pool.submit(next, self._parts, b"")
        return lines


def _lines(frame: pd.DataFrame, columns: Sequence[str], end: str = "\n") -> bytes:
    cells = zip(*(_cells(frame[column]) for column in columns), strict=True)
    return (end.join(map("\t".join, cells)) + end).encode()


def _cells(column: pd.Series) -> list[str]:
    if column.dtype.kind == "M":
        return np.datetime_as_string(column.to_numpy()).tolist()
    values = column.tolist()
    if column.dtype.kind in "iu":
        return list(map(str, values))
    if column.dtype.kind == "f":
        return [repr(value) if value == value else _NULL for value in values]
    # Hardly any text holds a mark, so that looking once for all of them is cheaper than for each.
    whole = "".join(values)
    if any(mark in whole for mark in _MARKS):
        values = [value.translate(_ESCAPES) for value in values]
    return [value or _NULL for value in values]
