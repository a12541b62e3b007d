"""Workbooks (xlsx): every sheet, values as typed, rows numbered as on the screen."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from geo.errors import Text
from geo.files.guards import check_foreign, check_xml, damaged, open_zip, too_large
from geo.files.rows import split_rows
from geo.files.sheet import MAX_COLUMNS, MAX_ROWS, Sheet, storable, unreadable

_EXPECTED = Text("Excel 工作簿（.xlsx）", "an Excel workbook (.xlsx)")


def read_workbook(path: Path, *, sheet: str | None = None) -> list[Sheet]:
    """Read the worksheets of an xlsx file, hidden ones too, empty ones left out.

    Parameters
    ----------
    path : Path
        A checked local file.
    sheet : str, optional
        Name or number (from 1) of the only worksheet to read.

    Returns
    -------
    list of Sheet
        Text is text, also when it looks like a number; numbers are int or float, dates are datetime, formulas are
        their last computed value and errors (``#N/A``) text.

    Raises
    ------
    FileUnreadable
        If it is no workbook, a hostile or too large one, or has no such sheet.
    """
    check_foreign(path, _EXPECTED)
    if not zipfile.is_zipfile(path):
        raise unreadable(
            path,
            Text("内容不是工作簿", "its content is no workbook"),
            _EXPECTED,
            Text("请用 WPS 或 Excel 另存为 xlsx", "Save it as xlsx with WPS or Excel"),
        )
    with open_zip(path, "xlsx") as archive:
        for member in archive.infolist():
            if member.filename.lower().endswith((".xml", ".rels")):
                with archive.open(member) as stream:
                    check_xml(stream, path, ())
    try:
        with warnings.catch_warnings():
            # openpyxl warns of styles and extensions it leaves out; none of them holds a value.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
            try:
                return _read_sheets(book, path, sheet)
            finally:
                book.close()
    except (InvalidFileException, KeyError, ValueError, TypeError, IndexError, AttributeError, SyntaxError) as error:
        # openpyxl has no error of its own for broken parts: each of these has been seen with damaged workbooks.
        raise damaged(path, "xlsx", error) from error
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise damaged(path, "xlsx", error) from error


def _read_sheets(book: openpyxl.Workbook, path: Path, sheet: str | None) -> list[Sheet]:
    pages = {page.title: page for page in book.worksheets if isinstance(page, ReadOnlyWorksheet)}
    if sheet is not None:
        pages = {name: pages[name] for name in choose(list(pages), sheet, path)}
    sheets: list[Sheet] = []
    for name, page in pages.items():
        # Some programs write a wrong extent, and rows beyond it would be lost without this.
        page.reset_dimensions()
        records, ignored = split_rows(list(_rows(page.iter_rows(values_only=True), path)))
        if ignored:
            found = Sheet(name, records.frame, records.rows, None, records.header_row, "xlsx", tuple(ignored))
            sheets.append(found)
    return sheets


def _rows(rows: Iterator[tuple[Any, ...]], path: Path) -> Iterator[tuple[Any, ...]]:
    """Cut empty ends and stop at what no ledger has: one cell far below makes openpyxl give all the rows above it."""
    for number, row in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise too_large(path)
        end = len(row)
        while end and row[end - 1] is None:
            end -= 1
        if end > MAX_COLUMNS:
            raise too_large(path)
        yield tuple(map(_plain, row[:end]))


def _plain(cell: Any) -> Any:
    """Undo Excel's own escapes in text (``_x000D_``); a time of day or a duration becomes text."""
    if isinstance(cell, str):
        return storable(unescape(cell) if "_x" in cell else cell)
    return str(cell) if isinstance(cell, time | timedelta) else cell


def choose(names: list[str], wanted: str, path: Path) -> list[str]:
    """Find a sheet by its name, or by its number from 1 where no sheet has that name.

    Raises
    ------
    FileUnreadable
        If there is none; the message lists the names there are.
    """
    if wanted in names:
        return [wanted]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return [names[int(wanted) - 1]]
    listed = "、".join(names)[:300]
    raise unreadable(
        path,
        Text(f"没有工作表或图层“{wanted[:60]}”", f"there is no sheet or layer “{wanted[:60]}”"),
        Text(f"其中之一：{listed}", f"one of: {listed}"),
        Text("请检查名称", "Check the name"),
    )
