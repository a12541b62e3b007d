"""Sheets and errors as lines of JSON, so that what a limited process has read comes back as data and nothing else.

A line is ``{"sheet": …}`` (everything but the records), ``{"records": …}`` (some records of the last sheet),
``{"error": …}`` or ``{"end": number of sheets}``. None, text, whole numbers, floats and truth are JSON's own; a date is
``{"d": "2024-05-01"}``, a moment ``{"t": "2024-05-01T09:30:00"}``, a geometry base64 of its WKB.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError

from geo.crs import CrsUnknown, System
from geo.errors import FangtuError, Text
from geo.files.sheet import MAX_COLUMNS, MAX_ROWS, FileUnreadable, IgnoredRow, Note, Sheet, object_frame

_RECORDS_A_LINE = 500
_ERRORS: dict[str, type[FangtuError]] = {error.code: error for error in (FileUnreadable, CrsUnknown)}
# What a line of another form leads to, here or in the libraries that put a sheet together.
_NO_LINE = (
    *(ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError),
    *(ShapelyError, CRSError),
)


class WireError(ValueError):
    """What came is no line that :func:`lines_of` or :func:`line_of_error` writes."""


class Stopped(NamedTuple):
    """A reader that gave up without words of its own: ``memory`` or the place of an error nobody thought of."""

    reason: str


def lines_of(sheets: list[Sheet]) -> Iterator[bytes]:
    """Write sheets as lines, each with its line end.

    Raises
    ------
    TypeError
        If a cell is none of the types a :class:`~geo.files.sheet.Sheet` may hold.
    """
    for sheet in sheets:
        yield _line({"sheet": _without_records(sheet)})
        is_map = isinstance(sheet.frame, gpd.GeoDataFrame)
        cells = pd.DataFrame(sheet.frame.drop(columns="geometry") if is_map else sheet.frame).to_numpy(dtype=object)
        for start in range(0, len(cells), _RECORDS_A_LINE):
            part = slice(start, start + _RECORDS_A_LINE)
            records: dict[str, Any] = {"cells": cells[part].tolist(), "rows": sheet.rows[part].tolist()}
            if is_map:
                shapes = shapely.to_wkb(sheet.frame.geometry.to_numpy()[part], output_dimension=4, include_srid=False)
                records["wkb"] = [None if shape is None else b64encode(shape).decode("ascii") for shape in shapes]
            yield _line({"records": records})
    yield _line({"end": len(sheets)})


def line_of_error(error: FangtuError | Stopped) -> bytes:
    """Write an error as a line; details that JSON cannot hold become text."""
    if isinstance(error, Stopped):
        return _line({"error": {"code": "", "reason": error.reason}})
    told = {"code": error.code, "text": list(error.text), "details": error.details}
    return json.dumps({"error": told}, default=str).encode() + b"\n"


class Received:
    """Takes lines apart as they come and puts the sheets together again.

    Attributes
    ----------
    sheets : list of Sheet
        Whole sheets so far.
    finished : bool
        Whether the end has come; only then are all sheets there.
    error : FangtuError or Stopped or None
        What the reader gave up with.
    """

    def __init__(self) -> None:
        self.sheets: list[Sheet] = []
        self.finished = False
        self.error: FangtuError | Stopped | None = None
        self._open: dict[str, Any] | None = None
        self._cells: list[np.ndarray[Any, Any]] = []
        self._rows: list[int] = []
        self._shapes: list[np.ndarray[Any, Any]] = []

    def take(self, line: bytes) -> None:
        """Take one line.

        Raises
        ------
        WireError
            If it is no line of this form; the writer is then not to be trusted any more.
        """
        try:
            message = json.loads(line.decode("utf-8", "surrogatepass"), object_hook=_moment)
            ((name, content),) = message.items()
            if name == "sheet":
                self._begin(content)
            elif name == "records":
                self._add(content)
            elif name == "error":
                self._fail(content)
            else:
                self._end(content)
        except _NO_LINE as error:
            raise WireError(type(error).__name__) from error

    def _begin(self, content: dict[str, Any]) -> None:
        self._close()
        if len(content["columns"]) > MAX_COLUMNS:
            raise WireError("columns")
        self._open = content

    def _add(self, content: dict[str, Any]) -> None:
        if self._open is None or len(self._rows) + len(content["rows"]) > MAX_ROWS:
            raise WireError("records")
        width = len(self._open["columns"])
        cells = np.empty((len(content["rows"]), width), dtype=object)
        for number, row in enumerate(content["cells"]):
            if len(row) != width or any(isinstance(cell, list | dict) for cell in row):
                raise WireError("cells")
            cells[number, :] = row
        self._cells.append(cells)
        self._rows.extend(content["rows"])
        if self._open["map"]:
            wkb = [None if shape is None else b64decode(shape, validate=True) for shape in content["wkb"]]
            if len(wkb) != len(cells):
                raise WireError("wkb")
            self._shapes.append(shapely.from_wkb(np.array([*wkb, None], dtype=object))[:-1])

    def _fail(self, content: dict[str, Any]) -> None:
        if not content["code"]:
            self.error = Stopped(str(content["reason"])[:200])
            return
        zh, en = content["text"]
        self.error = _ERRORS[content["code"]](Text(str(zh), str(en)), **content["details"])

    def _end(self, count: int) -> None:
        self._close()
        if count != len(self.sheets):
            raise WireError("end")
        self.finished = True

    def _close(self) -> None:
        """Make a sheet of what has come since the last one began."""
        told, self._open = self._open, None
        if told is None:
            return
        columns = [str(column) for column in told["columns"]]
        frame = object_frame(columns, [])
        if self._cells:
            frame = pd.DataFrame(np.concatenate(self._cells), columns=frame.columns, dtype=object)
        if told["map"]:
            shapes = np.concatenate(self._shapes) if self._shapes else np.empty(0, dtype=object)
            geometry = gpd.GeoSeries(shapes, dtype="geometry", crs=told["frame_crs"])
            frame = gpd.GeoDataFrame(frame, geometry=geometry)
        self.sheets.append(
            Sheet(
                str(told["name"]),
                frame,
                np.array(self._rows, dtype=np.int64),
                _system(told["crs"]),
                int(told["header_row"]),
                str(told["kind"]),
                tuple(IgnoredRow(int(row), Text(*why)) for row, why in told["ignored"]),
                tuple(Note(None if row is None else int(row), Text(*text)) for row, text in told["notes"]),
            )
        )
        self._cells, self._rows, self._shapes = [], [], []


def _without_records(sheet: Sheet) -> dict[str, Any]:
    is_map = isinstance(sheet.frame, gpd.GeoDataFrame)
    system = sheet.crs
    return {
        "name": sheet.name,
        "kind": sheet.kind,
        "header_row": sheet.header_row,
        "columns": [str(name) for name in sheet.frame.columns if not (is_map and name == "geometry")],
        "map": is_map,
        "frame_crs": sheet.frame.crs.to_string() if is_map and sheet.frame.crs is not None else None,
        "crs": None if system is None else [system.name, list(system.label), system.definition, system.meridian],
        "ignored": [[row, list(why)] for row, why in sheet.ignored],
        "notes": [[row, list(text)] for row, text in sheet.notes],
    }


def _system(told: list[Any] | None) -> System | None:
    if told is None:
        return None
    name, label, definition, meridian = told
    return System(str(name), Text(*label), str(definition), None if meridian is None else int(meridian))


def _line(message: dict[str, Any]) -> bytes:
    text = json.dumps(message, ensure_ascii=False, default=_tagged, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass") + b"\n"


def _tagged(value: Any) -> dict[str, str]:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    raise TypeError(f"a cell may not be {type(value).__name__}")


def _moment(found: dict[str, Any]) -> Any:
    if len(found) == 1:
        if isinstance(day := found.get("d"), str):
            return date.fromisoformat(day)
        if isinstance(moment := found.get("t"), str):
            return datetime.fromisoformat(moment)
    return found
