"""Old workbooks (.xls, and .et of WPS): values by calamine, what is hidden from the records themselves ([MS-XLS])."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from geo.errors import Text
from geo.files.grid import MAX_CELLS, Grid, sheet_of
from geo.files.guards import damaged, too_large
from geo.files.heads import Merge
from geo.files.ole import Compound
from geo.files.sheet import Note, Sheet, storable, unreadable
from geo.files.workbook import EXPECTED, choose

_BOUNDSHEET, _FILEPASS, _ROW, _COLINFO, _BOF, _EOF = 0x85, 0x2F, 0x208, 0x7D, 0x809, 0x0A
# Records of one cell with a value, and those of several; blank cells with a format are not among them.
_FORMULA = 0x06
_ONE_CELL = frozenset([_FORMULA, 0x203, 0x204, 0x205, 0x27E, 0xFD, 0xD6])
_BOOLERR, _MULRK = 0x205, 0xBD
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
_WORKSHEET = 0


class _Page:
    """What the records of one sheet say that calamine does not give."""

    def __init__(self) -> None:
        self.hidden_rows: set[int] = set()
        self.hidden_columns: set[int] = set()
        self.rows, self.columns = 0, 0
        # Calamine gives errors as blank.
        self.errors: dict[tuple[int, int], str] = {}
        self.formulas: list[int] = []
        self.computed = False


def read_old_workbook(path: Path, *, sheet: str | None = None, more: tuple[Note, ...] = ()) -> list[Sheet]:
    """Read the worksheets of a workbook of Excel 97 to 2003.

    Parameters
    ----------
    path : Path
        A checked local file that begins as an OLE2 compound file.
    sheet, more
        See :func:`geo.files.workbook.read_workbook`.

    Returns
    -------
    list of Sheet
        As from :func:`geo.files.workbook.read_workbook`; whole numbers are int, formulas their last computed value.

    Raises
    ------
    FileUnreadable
        If it is another Office file, has a password, is damaged or too large, or has no such sheet.
    """
    compound = Compound(path)
    name = next((name for name in ("Workbook", "Book") if name in compound.names), None)
    if name is None or "EncryptedPackage" in compound.names:
        raise _no_workbook(path, compound)
    pages = _pages(compound.stream(name), path)
    if any(page.rows * page.columns > MAX_CELLS // 2 for page in pages.values()):
        # Calamine makes room for every place up to the last cell.
        raise too_large(path)
    book = _open(path)
    try:
        names = [found.name for found in book.sheets_metadata]
        # Charts have no page. In a workbook of Excel 95 the names are written in another way.
        listed = [name for name in names if name in pages] or names
        hidden = {found.name for found in book.sheets_metadata if found.visible != SheetVisibleEnum.Visible}
        chosen = choose(listed, sheet, path) if sheet is not None else listed
        sheets: list[Sheet] = []
        for title in chosen:
            grid = _grid(book, title, pages.get(title), path)
            grid.hidden = title in hidden
            found = sheet_of(grid, storable(title), "xls", path, () if sheets else more)
            if found is not None:
                sheets.append(found)
        return sheets
    finally:
        book.close()


def _open(path: Path) -> CalamineWorkbook:
    with path.open("rb") as file:
        return _guarded(lambda: CalamineWorkbook.from_filelike(file), path)


def _guarded(work: Any, path: Path) -> Any:
    """Do something with calamine and turn its errors, panics of its Rust part among them, into words."""
    try:
        return work()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except (CalamineError, OSError, ValueError, OverflowError) as error:
        raise damaged(path, "xls", error) from error
    except BaseException as error:
        # A panic derives from BaseException and has a class that cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise damaged(path, "xls", "records") from None


def _grid(book: CalamineWorkbook, title: str, page: _Page | None, path: Path) -> Grid:
    found = _guarded(lambda: book.get_sheet_by_name(title), path)
    grid = Grid()
    if page is not None:
        grid.hidden_rows, grid.hidden_columns = page.hidden_rows, page.hidden_columns
        grid.empty_formulas = [] if page.computed else page.formulas
    for number, cells in enumerate(_guarded(lambda: found.to_python(skip_empty_area=False), path), start=1):
        row = [_plain(cell) for cell in cells]
        while row and row[-1] is None:
            row.pop()
        if row:
            grid.rows[number] = row
    for (number, column), text in (page.errors if page is not None else {}).items():
        row = grid.rows.setdefault(number, [])
        row.extend([None] * (column + 1 - len(row)))
        row[column] = text
    grid.merges = [
        Merge(top + 1, left + 1, bottom + 1, right + 1)
        for (top, left), (bottom, right) in found.merged_cell_ranges or ()
        if top <= bottom and left <= right
    ]
    return grid


def _plain(cell: Any) -> Any:
    if isinstance(cell, str):
        return storable(cell) if cell else None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - no zone in a sheet
    if isinstance(cell, timedelta):
        seconds = cell.days * 86_400 + cell.seconds
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(cell) if isinstance(cell, time) else cell


def _records(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Give kind, place and length of each record."""
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if at + 4 + length > len(stream):
            return
        yield kind, at + 4, length
        at += 4 + length


def _pages(stream: bytes, path: Path) -> dict[str, _Page]:
    """Read names, hidden rows and columns, and extents of the worksheets."""
    starts: dict[int, str] = {}
    pages: dict[str, _Page] = {}
    page: _Page | None = None
    for kind, at, length in _records(stream):
        if kind == _FILEPASS:
            raise _locked(path)
        if kind == _BOUNDSHEET and length > 8:
            start, _, what, size, wide = struct.unpack_from("<IBBBB", stream, at)
            raw = stream[at + 8 : at + 8 + size * (2 if wide & 1 else 1)]
            if what == _WORKSHEET:
                starts[start] = raw.decode("utf-16-le" if wide & 1 else "latin-1", "replace")
        elif kind == _BOF:
            name = starts.get(at - 4)
            page = pages.setdefault(name, _Page()) if name is not None else None
        elif page is None:
            continue
        elif kind == _ROW and length >= 16:
            if struct.unpack_from("<H", stream, at + 12)[0] & 0x20:
                page.hidden_rows.add(struct.unpack_from("<H", stream, at)[0] + 1)
        elif kind == _COLINFO and length >= 10:
            first, last, _, _, options = struct.unpack_from("<5H", stream, at)
            if options & 1:
                page.hidden_columns.update(range(first, min(last, 255) + 1))
        elif kind in _ONE_CELL and length >= 6:
            row, column = struct.unpack_from("<HH", stream, at)
            page.rows, page.columns = max(page.rows, row + 1), max(page.columns, column + 1)
            if kind == _BOOLERR and length >= 8 and stream[at + 7]:
                page.errors[row + 1, column] = _ERRORS.get(stream[at + 6], "#?")
            if kind == _FORMULA and length >= 14:
                # An empty text as result; programs that compute nothing write this for every formula.
                empty = stream[at + 6] == 3 and stream[at + 12 : at + 14] == b"\xff\xff"
                page.computed = page.computed or not empty
                page.formulas.append(row + 1)
                if stream[at + 6] == 2 and stream[at + 12 : at + 14] == b"\xff\xff":
                    page.errors[row + 1, column] = _ERRORS.get(stream[at + 8], "#?")
        elif kind == _MULRK and length >= 6:
            row = struct.unpack_from("<H", stream, at)[0]
            column = struct.unpack_from("<H", stream, at + length - 2)[0]
            page.rows, page.columns = max(page.rows, row + 1), max(page.columns, column + 1)
    return pages


def _locked(path: Path) -> Exception:
    return unreadable(
        path,
        Text("工作簿有密码", "the workbook has a password"),
        EXPECTED,
        Text("请在 WPS 或 Excel 中去掉密码后另存为 xlsx", "Remove the password in WPS or Excel and save it as xlsx"),
    )


def _no_workbook(path: Path, compound: Compound) -> Exception:
    if "EncryptedPackage" in compound.names:
        return _locked(path)
    document = any(name in compound.names for name in ("WordDocument", "PowerPoint Document"))
    found = Text("Word 或 PowerPoint 文档", "a Word or PowerPoint document")
    other = Text("旧式 Office 文件，但不是能读的工作簿", "an old Office file, but no workbook that can be read")
    return unreadable(
        path,
        found if document else other,
        EXPECTED,
        Text("请用 WPS 或 Excel 打开后另存为 xlsx", "Open it in WPS or Excel and save it as xlsx"),
    )
