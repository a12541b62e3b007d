"""Many rows of whole numbers as one array: ten thousand rows of ten cells take longer to hand over than to find.

What is kept packed comes the same way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

# Of PostgreSQL's binary form of COPY: a signature, two numbers of four bytes, the rows, and a count of -1 at the end.
_HEAD, _TAIL = 19, 2
# Of a row with one value: how many cells, and the size of this one.
_CELL = 6
_NAMED = re.compile(r"(?<!:):([a-z_]\w*)")


def read_numbers(session: Session, query: str, values: Mapping[str, Any], columns: int) -> NDArray[np.int64]:
    """Run a query of ``bigint`` columns none of which is null, in the session's transaction.

    Parameters
    ----------
    session : Session
    query : str
        With ``:name`` for each value; never user input.
    values : mapping
        Values by their name; others are of no meaning.
    columns : int
        How many columns the query has.

    Returns
    -------
    ndarray of int64, shape (n, columns)

    Raises
    ------
    ValueError
        If a cell is null or not of eight bytes, or a row has another number of them.
    """
    told = _copy(session, query, values)
    row = np.dtype([("cells", ">i2"), ("cell", [("size", ">i4"), ("value", ">i8")], (columns,))])
    body = told[_HEAD:-_TAIL]
    if len(body) % row.itemsize:
        raise ValueError(f"not every row is of {columns} bigint cells")
    rows = np.frombuffer(body, dtype=row)
    if (rows["cells"] != columns).any() or (rows["cell"]["size"] != 8).any():
        raise ValueError(f"not every row is of {columns} bigint cells")
    return rows["cell"]["value"].astype(np.int64)


def read_bytes(session: Session, query: str, values: Mapping[str, Any]) -> memoryview:
    """Run a query of one row with one ``bytea`` that is not null, in the session's transaction.

    Parameters
    ----------
    session, query, values
        As for :func:`read_numbers`.

    Raises
    ------
    ValueError
        If the answer is anything else.
    """
    told = _copy(session, query, values)
    body = told[_HEAD + _CELL : -_TAIL]
    if int.from_bytes(told[_HEAD : _HEAD + 2]) != 1 or int.from_bytes(told[_HEAD + 2 : _HEAD + _CELL]) != len(body):
        raise ValueError("not one row of one value")
    return body


def _copy(session: Session, query: str, values: Mapping[str, Any]) -> memoryview:
    told = BytesIO()
    connection: Any = session.connection().connection
    with connection.cursor() as cursor:
        statement = cursor.mogrify(_NAMED.sub(r"%(\1)s", query.replace("%", "%%")), dict(values))
        cursor.copy_expert(f"copy ({statement.decode()}) to stdout (format binary)", told)
    return told.getbuffer()
