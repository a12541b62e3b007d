"""One sheet of an xlsx workbook, from its XML to a grid; in one pass, as fast as Python can."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from geo.files.grid import LAST_COLUMN, LAST_ROW, MAX_CELLS, Grid
from geo.files.guards import damaged, too_large
from geo.files.heads import Merge
from geo.files.markup import parse_markup
from geo.files.sheet import MAX_COLUMNS, FileUnreadable, storable

# Blank cells and rows that only carry a format: written by the million, and taken out before the parser sees them.
_BLANK_CELL = re.compile(rb'<c r="[A-Z]{1,3}[0-9]+"(?: s="[0-9]+")?(?: t="[a-z]+")?(?:/>|></c>)')
_BLANK_ROW = re.compile(rb'<row r="[0-9]+"[^<>]*(?:/>|>\s*</row>)')
_WHOLE = re.compile(r"-?\d{1,300}")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?")
_MAX_MERGES = 1_000_000
# Excel holds 32,767 characters in a cell.
MAX_TEXT = 1 << 20


def read_worksheet(
    stream: IO[bytes], path: Path, texts: list[str], dates: dict[int, str], *, from_1904: bool = False
) -> Grid:
    """Read the XML of a worksheet.

    Parameters
    ----------
    stream : binary file
    path : Path
        The workbook, for messages.
    texts : list of str
        Shared strings.
    dates : dict of int to str
        Cell formats (indices of ``cellXfs``) that show a number as a ``moment`` or as a ``span`` of time.
    from_1904 : bool
        Whether days are counted from 1904-01-01 (ECMA-376 part 1, 18.17.4.1) rather than from 1899-12-30.

    Returns
    -------
    Grid
        Numbers are int where they are written without a point, else float; dates are datetime, times of day text;
        errors are text; a formula is its last computed value, or its own text (``=A1+B1``) where nobody computed it.
        The extent the sheet states is not heeded: programs write it wrongly.

    Raises
    ------
    FileUnreadable
        If it is damaged or holds too much.
    """
    handler = _Worksheet(path, texts, dates, from_1904)
    parse_markup(stream, path, "xlsx", handler, prepare=_Blanks())
    return handler.grid


class _Blanks:
    """Takes blank cells and rows out of a sheet, as long as it has no comment or literal part they could stand in."""

    def __init__(self) -> None:
        self._plain = True

    def __call__(self, piece: bytes) -> bytes:
        self._plain = self._plain and b"<!" not in piece
        return _BLANK_ROW.sub(b"", _BLANK_CELL.sub(b"", piece)) if self._plain else piece


class _Worksheet:
    def __init__(self, path: Path, texts: list[str], dates: dict[int, str], from_1904: bool) -> None:
        self.grid = Grid()
        self._path, self._texts, self._dates = path, texts, dates
        self._epoch = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - no zone in a sheet
        self._number, self._column = 0, -1
        self._row: list[Any] | None = None
        self._letters: dict[str, int] = {}
        self._kind, self._style, self._into = "n", 0, ""
        self._value: list[str] = []
        self._formula: list[str] | None = None
        self._shared: dict[str, str] = {}
        self._share = ""
        self._has_value, self._in_data, self._phonetic = False, False, False
        self._places, self._size, self._in_cell = 0, 0, False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._begin_cell(attributes)
        elif name == "v":
            self._into, self._has_value = "v", True
        elif name == "row":
            self._begin_row(attributes)
        elif name == "f":
            self._into, self._formula, self._share = "f", [], attributes.get("si", "")
        elif name == "t" and self._in_cell and not self._phonetic:
            self._into, self._has_value = "v", True
        elif name == "rPh":
            self._phonetic = True
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = _whole(attributes.get("min")), _whole(attributes.get("max"))
            self.grid.hidden_columns.update(range(max(first, 1) - 1, min(last, LAST_COLUMN)))

    def end(self, name: str) -> None:
        if name == "c":
            self._end_cell()
        elif name in ("v", "t", "f"):
            self._into = ""
        elif name == "rPh":
            self._phonetic = False

    def text(self, text: str) -> None:
        into = self._value if self._into == "v" else self._formula if self._into == "f" else None
        if into is not None:
            into.append(text)
            self._size += len(text)
            if self._size > MAX_TEXT:
                raise too_large(self._path)

    def _begin_row(self, attributes: dict[str, str]) -> None:
        told = attributes.get("r")
        self._number = _whole(told) if told is not None else self._number + 1
        if not 1 <= self._number <= LAST_ROW:
            raise damaged(self._path, "xlsx", f"row {told}")
        if attributes.get("hidden") in ("1", "true"):
            self.grid.hidden_rows.add(self._number)
        self._column = -1
        self._row = None

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        told = attributes.get("r")
        if told is None:
            self._column += 1
        else:
            letters = told.rstrip("0123456789")
            column = self._letters.get(letters)
            if column is None:
                column = self._letters[letters] = _column_of(letters, self._path)
            self._column = column
        self._kind = attributes.get("t", "n")
        style = attributes.get("s")
        self._style = int(style) if style is not None and style.isdecimal() and len(style) < 9 else 0
        self._value, self._formula, self._size = [], None, 0
        self._has_value, self._in_cell = False, True

    def _end_cell(self) -> None:
        self._in_cell = False
        if self._formula is not None:
            value = self._of_formula("".join(self._formula))
        elif not self._has_value:
            return
        else:
            value = self._plain("".join(self._value))
        if value is None:
            return
        column = self._column
        if column >= MAX_COLUMNS:
            if column >= LAST_COLUMN or len(self.grid.far) >= MAX_CELLS:
                raise too_large(self._path)
            self.grid.far[self._number, column] = value
            return
        row = self._row
        if row is None:
            row = self._row = self.grid.rows.setdefault(self._number, [])
        missing = column - len(row)
        if missing < 0:
            row[column] = value
            return
        self._places += missing + 1
        if self._places > MAX_CELLS:
            raise too_large(self._path)
        if missing:
            row.extend([None] * missing)
        row.append(value)

    def _of_formula(self, formula: str) -> Any:
        """Give what was computed last; the text of the formula where nothing was."""
        if self._share:
            # The formula stands in the first of the cells that share it.
            formula = self._shared.setdefault(self._share, formula)
        text = "".join(self._value)
        if text or (self._has_value and self._kind in ("str", "s", "inlineStr")):
            return self._plain(text)
        self.grid.uncomputed.append(self._number)
        return storable(f"={formula}")

    def _plain(self, text: str) -> Any:
        kind = self._kind
        if kind == "s":
            at = _whole(text.strip()) if text.strip().isdecimal() else len(self._texts)
            if at >= len(self._texts):
                raise damaged(self._path, "xlsx", f"text {text[:20]} in row {self._number}")
            return self._texts[at]
        if kind == "n":
            return self._of_number(text)
        if kind == "b":
            return text.strip() in ("1", "true")
        if kind == "d":
            try:
                return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
            except ValueError:
                return text
        return unescaped(text)

    def _of_number(self, text: str) -> Any:
        if _WHOLE.fullmatch(text):
            number: int | float = int(text)
        else:
            try:
                number = float(text)
            except ValueError:
                return storable(text) if text.strip() else None
            if not math.isfinite(number):
                return storable(text)
        shown = self._dates.get(self._style)
        return number if shown is None else moment_of(number, self._epoch, is_span=shown == "span")

    def _merge(self, reference: str) -> None:
        found = _RANGE.fullmatch(reference)
        if found is None or found[3] is None:
            return
        if len(self.grid.merges) >= _MAX_MERGES:
            raise too_large(self._path)
        try:
            left, right = _column_of(found[1], self._path) + 1, _column_of(found[3], self._path) + 1
        except FileUnreadable:
            return
        top, bottom = int(found[2]), int(found[4])
        if 1 <= top <= bottom and left <= right and (top, left) != (bottom, right):
            self.grid.merges.append(Merge(top, left, bottom, right))


def unescaped(text: str) -> str:
    """Undo Excel's own escapes in text: ``_x000D_`` is a carriage return (ECMA-376 part 1, 22.9.2.19)."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return storable(text)


def moment_of(number: float, epoch: datetime, *, is_span: bool = False) -> Any:
    """Read a number that is shown as a date or a time.

    Parameters
    ----------
    number : int or float
        Days since the epoch, or days.
    epoch : datetime
        1899-12-30 or 1904-01-01. Before March 1900 the first counts a day too many, as 1900 is a leap year in it.
    is_span : bool
        Whether it is shown as a span of hours rather than a moment.

    Returns
    -------
    datetime; text (``09:30:00``) for a span and below one day; the number itself where it means no day
    """
    if number < 0 or (number == 0 and not is_span):
        return number
    try:
        span = timedelta(milliseconds=round(number * 86_400_000))
        if is_span or number < 1:
            seconds = span.days * 86_400 + span.seconds
            return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        if epoch.year == 1899 and number < 60:
            span += timedelta(days=1)
        return epoch + span
    except OverflowError:
        return number


def _column_of(letters: str, path: Path) -> int:
    """Count a column from 0; ``A`` is 0."""
    column = 0
    for letter in letters[:4]:
        column = column * 26 + ord(letter) - 64
    if not letters.isascii() or not letters.isalpha() or not letters.isupper() or column > LAST_COLUMN:
        raise damaged(path, "xlsx", f"cell {letters[:20]}")
    return column - 1


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 12 else 0
