"""What a case of the corpus is, and how what was read is told in plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from geo.files import Sheet

Build = Callable[[Path], Any]


@dataclass(frozen=True)
class Found:
    """What must come out of one sheet.

    Attributes
    ----------
    records : dict of str to list
        Columns in order with all their values; shapes as WKT.
    rows : list of int
        Row number of each record.
    ignored : list of int
        Rows that are no records.
    notes : tuple of (int or None, str)
        Row and some words of each note, in order.
    name, kind, crs : str, optional
        Not looked at where they are not given.
    """

    records: dict[str, list[Any]]
    rows: list[int]
    ignored: list[int] = field(default_factory=list)
    notes: tuple[tuple[int | None, str], ...] = ()
    name: str | None = None
    kind: str | None = None
    crs: str | None = None


@dataclass(frozen=True)
class Case:
    """A file and what must come of it.

    Attributes
    ----------
    trait : str
        What is odd about it, as words.
    name : str
        Its file name.
    build : callable
        Writes it to a path.
    outcome : tuple of Found, or str
        The sheets; or some of the English words with which it is refused.
    options : dict
        ``sheet`` and ``encoding`` for the reader.
    apart : bool
        Whether it is read in a limited process as well.
    large : bool
        Whether it takes long to make; left out where files are only needed to be changed.
    """

    trait: str
    name: str
    build: Build
    outcome: tuple[Found, ...] | str
    options: dict[str, Any] = field(default_factory=dict)
    apart: bool = False
    large: bool = False


def written(content: str | bytes, encoding: str = "utf-8") -> Build:
    """Give a builder that writes a content."""
    raw = content.encode(encoding) if isinstance(content, str) else content
    return lambda path: path.write_bytes(raw)


def told(sheet: Sheet) -> dict[str, Any]:
    """Tell a sheet in plain values that can be compared."""
    frame = sheet.frame
    records = {str(name): frame[name].tolist() for name in frame.columns if name != "geometry"}
    if isinstance(frame, gpd.GeoDataFrame):
        records["geometry"] = [None if shape is None else shape.wkt for shape in frame.geometry]
    else:
        assert isinstance(frame, pd.DataFrame)
    return {
        "name": sheet.name,
        "kind": sheet.kind,
        "crs": sheet.crs,
        "header_row": sheet.header_row,
        "records": records,
        "types": {name: [type(value).__name__ for value in values] for name, values in records.items()},
        "rows": sheet.rows.tolist(),
        "ignored": [tuple(row) for row in sheet.ignored],
        "notes": [tuple(note) for note in sheet.notes],
    }
