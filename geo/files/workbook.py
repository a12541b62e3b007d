"""Workbooks (xlsx): every sheet, values as typed, rows numbered as on the screen."""

from __future__ import annotations

import posixpath
import re
import zipfile
from pathlib import Path
from typing import Any

from geo.errors import Text
from geo.files.grid import Grid, sheet_of
from geo.files.guards import damaged, open_zip, too_large
from geo.files.markup import attribute, parse_markup
from geo.files.sheet import Note, Sheet, unreadable
from geo.files.worksheet import MAX_TEXT, read_worksheet, unescaped

EXPECTED = Text("Excel 工作簿（.xlsx 或 .xls）", "an Excel workbook (.xlsx or .xls)")
# Formats without a text of their own that show a date or time: those of every language, and those of Chinese
# (ECMA-376 part 1, 18.8.30).
_DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_NO_LETTERS = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_MAX_TEXTS = 20_000_000


def read_workbook(path: Path, *, sheet: str | None = None, more: tuple[Note, ...] = ()) -> list[Sheet]:
    """Read the worksheets of an xlsx file, hidden ones too, empty ones left out.

    Parameters
    ----------
    path : Path
        A checked local file that is an archive.
    sheet : str, optional
        Name or number (from 1) of the only worksheet to read.
    more : tuple of Note
        Put before the notes of the first sheet.

    Returns
    -------
    list of Sheet
        See :func:`geo.files.worksheet.read_worksheet` for the cells. A cell merged downwards holds for all its rows.
        Hidden rows, columns and sheets are read like any other, and noted. Links to other workbooks are not opened.

    Raises
    ------
    FileUnreadable
        If it is no workbook, a hostile or too large one, or has no such sheet.
    """
    with open_zip(path, "xlsx") as archive:
        book = _Book(archive, path)
        names = list(book.sheets)
        chosen = choose(names, sheet, path) if sheet is not None else names
        sheets: list[Sheet] = []
        for name in chosen:
            part, hidden = book.sheets[name]
            grid = book.grid(part)
            grid.hidden = hidden
            found = sheet_of(grid, name, "xlsx", path, () if sheets else more)
            if found is not None:
                sheets.append(found)
        return sheets


class _Book:
    """The parts of a package that its sheets need."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive, self._path = archive, path
        # Some programs write the names of parts with backslashes or in other case.
        self._parts = {_part_name(member.filename): member for member in archive.infolist()}
        start = self._relations("")
        main = next((part for kind, part in start.values() if kind == "officeDocument"), "xl/workbook.xml")
        if main not in self._parts:
            main = "xl/workbook.xml"
        listed = _Listed()
        self._parse(main, listed)
        related = self._relations(main)
        self.sheets: dict[str, tuple[str, bool]] = {}
        for name, relation, hidden in listed.sheets:
            kind, part = related.get(relation, ("", ""))
            if kind == "worksheet" or (not kind and part):
                self.sheets.setdefault(name, (part, hidden))
        if not listed.sheets:
            raise damaged(path, "xlsx", "no sheets")
        if not self.sheets:
            raise damaged(path, "xlsx", "no worksheet")
        self._from_1904 = listed.from_1904
        kinds = dict(related.values())
        styles, texts = _Styles(), _Texts(path)
        for kind, handler in (("styles", styles), ("sharedStrings", texts)):
            if kinds.get(kind, "") in self._parts:
                self._parse(kinds[kind], handler)
        self._dates, self._texts = styles.dates(), texts.found

    def grid(self, part: str) -> Grid:
        with self._archive.open(self._member(part)) as stream:
            return read_worksheet(stream, self._path, self._texts, self._dates, from_1904=self._from_1904)

    def _member(self, part: str) -> zipfile.ZipInfo:
        if part not in self._parts:
            raise damaged(self._path, "xlsx", f"{part[:80]} is missing")
        return self._parts[part]

    def _parse(self, part: str, handler: Any) -> None:
        with self._archive.open(self._member(part)) as stream:
            parse_markup(stream, self._path, "xlsx", handler)

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Give the parts a part names: id to kind and name; outer ones (addresses) are left out."""
        folder, name = posixpath.split(part)
        relations = posixpath.join(folder, "_rels", f"{name}.rels").lower()
        handler = _Relations(folder)
        if relations in self._parts:
            self._parse(relations, handler)
        return handler.found


class _Part:
    """A handler that begins with nothing to do."""

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""

    def end(self, name: str) -> None:
        """Take an end tag."""

    def text(self, text: str) -> None:
        """Take text."""


class _Relations(_Part):
    def __init__(self, folder: str) -> None:
        self.found: dict[str, tuple[str, str]] = {}
        self._folder = folder

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            part = target.lstrip("/") if target.startswith("/") else posixpath.join(self._folder, target)
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found[attributes.get("Id", "")] = (kind, posixpath.normpath(part).lower())


class _Listed(_Part):
    """The workbook's own part: names of the sheets, and the day it counts from."""

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str, bool]] = []
        self.from_1904 = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append((unescaped(attributes.get("name", "")), attribute(attributes, "id") or "", hidden))
        elif name == "workbookPr":
            self.from_1904 = attributes.get("date1904") in ("1", "true")


class _Styles(_Part):
    """Which cell formats show a number as a date or a span of time."""

    def __init__(self) -> None:
        self._own: dict[str, str] = {}
        self._formats: list[str] = []
        self._in_cells = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            self._own[attributes.get("numFmtId", "")] = _shows(attributes.get("formatCode", ""))
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            self._formats.append(attributes.get("numFmtId", ""))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cells = False

    def dates(self) -> dict[int, str]:
        """Give the formats (from 0) that show a ``moment`` or a ``span``."""
        shown = ((at, self._shows(number)) for at, number in enumerate(self._formats))
        return {at: what for at, what in shown if what}

    def _shows(self, number: str) -> str:
        if number in self._own:
            return self._own[number]
        if not number.isdecimal() or len(number) > 5:
            return ""
        return "span" if number == "46" else "moment" if int(number) in _DATE_FORMATS else ""


class _Texts(_Part):
    """The shared strings: runs of one text joined, its reading aids (rPh) left out."""

    def __init__(self, path: Path) -> None:
        self.found: list[str] = []
        self._path = path
        self._pieces: list[str] = []
        self._size = 0
        self._in_text, self._phonetic = False, False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            self._pieces, self._size = [], 0
        elif name == "t":
            self._in_text = not self._phonetic
        elif name == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        if name == "t":
            self._in_text = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            if len(self.found) >= _MAX_TEXTS:
                raise too_large(self._path)
            self.found.append(unescaped("".join(self._pieces)))

    def text(self, text: str) -> None:
        if self._in_text:
            self._pieces.append(text)
            self._size += len(text)
            if self._size > MAX_TEXT:
                raise too_large(self._path)


def _shows(code: str) -> str:
    """Say whether a format shows a ``moment``, by the letters y m d h s outside of texts and colours, or a ``span``."""
    if re.search(r"\[(?:h+|m+|s+)\]", code, re.IGNORECASE):
        return "span"
    first = _NO_LETTERS.sub("", code.casefold()).partition(";")[0]
    is_plain = first.startswith(("general", "standard", "g/"))
    return "" if is_plain or not any(letter in first for letter in "ymdhs") else "moment"


def _part_name(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/").lstrip("/")).lower()


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
