"""What comes out of a file: a sheet of records that remember their row, and the error for a file that gives none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.crs import System
from geo.errors import FangtuError, Text

MAX_BYTES = 1 << 30
MAX_ROWS = 5_000_000
MAX_COLUMNS = 1_000


class IgnoredRow(NamedTuple):
    """A row that is no record: title, head, total, remark or signature."""

    row: int
    why: Text


class Note(NamedTuple):
    """Something a person should know of a sheet although nothing was refused for it.

    Attributes
    ----------
    row : int or None
        Row number as a spreadsheet shows it (from 1); None where it is about the whole sheet or file.
    text : Text
        What was found and what was done, as whole sentences.
    """

    row: int | None
    text: Text


@dataclass(frozen=True, eq=False)
class Sheet:
    """One table of a file: a worksheet, a layer, or a whole text file.

    Attributes
    ----------
    name : str
        Name of the worksheet or layer; the file's own name where a file holds but one table.
    frame : DataFrame or GeoDataFrame, shape (n, k)
        Records in the order of the file, index 0 … n − 1. Every cell is None, str, int, float, bool, date or datetime
        just as the file has it: text stays text (leading zeros, spaces inside), blank text is None. Column names are
        text, without line breaks and blanks at the ends, and unique. A map layer is a GeoDataFrame in the file's own
        coordinates, x = longitude or easting; its ``frame.crs`` says nothing, the truth is in ``crs`` here.
    rows : ndarray of int64, shape (n,)
        Row number of each record as a spreadsheet shows it (head included, from 1); for map layers the number of the
        feature in its layer (from 1).
    crs : System or None
        What the file says of its coordinates; None if it says nothing.
    header_row : int
        Row number of the (last) head line; 0 for map layers.
    kind : str
        ``csv``, ``xlsx``, ``xls``, ``html``, ``geojson``, ``gpkg``, ``shapefile``, ``kml``, ``gpx`` or ``osm``.
    ignored : tuple of IgnoredRow
        Rows that hold no record, in order; blank rows are not counted.
    notes : tuple of Note
        What a person should know: hidden rows that were read, a quote that was repaired, a part that is missing.
    """

    name: str
    frame: pd.DataFrame
    rows: NDArray[np.int64]
    crs: System | None
    header_row: int
    kind: str
    ignored: tuple[IgnoredRow, ...] = ()
    notes: tuple[Note, ...] = ()


class FileUnreadable(FangtuError):
    """A file that is foreign, broken, empty, too large or hostile; nothing of it was taken over."""

    code = "file_unreadable"


def unreadable(path: Path | str, found: Text, expected: Text, todo: Text) -> FileUnreadable:
    """Build the error: what was found, what was expected, what to do.

    Parameters
    ----------
    path : Path or str
        The file; only its name is shown.
    found, expected, todo : Text
        Clauses without a full stop at the end.
    """
    name = Path(path).name[:120]
    return FileUnreadable(
        Text(
            f"读不了“{name}”：{found.zh}；应为{expected.zh}。{todo.zh}。",
            f"Cannot read “{name}”: {found.en}; expected {expected.en}. {todo.en}.",
        ),
        file=name,
        found=found.en,
        expected=expected.en,
    )


def column_names(names: list[Any]) -> list[str]:
    """Make column names unique text: blank ones are called after their column letter, repeated ones are numbered."""
    out: list[str] = []
    taken: set[str] = set()
    for number, raw in enumerate(names):
        name = " ".join(storable(str(raw)).split()) if raw is not None else ""
        name = name or f"列{column_letter(number)}"
        unique, times = name, 1
        while unique in taken:
            times += 1
            unique = f"{name} ({times})"
        taken.add(unique)
        out.append(unique)
    return out


def column_letter(number: int) -> str:
    """Name a column as spreadsheets do: 0 is A, 26 is AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def storable(text: str) -> str:
    """Take out of a text what no database stores: NUL characters and halves of surrogate pairs."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def object_frame(columns: list[str], cells: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Build a frame whose cells stay just as they are (dtype object, None for nothing).

    Parameters
    ----------
    columns : list of str, length k
    cells : list of tuple, n tuples of length k
    """
    values = np.empty((len(cells), len(columns)), dtype=object)
    for number, row in enumerate(cells):
        values[number, :] = row
    return pd.DataFrame(values, columns=pd.Index(columns, dtype=object), dtype=object)
