"""Tables in web pages: what many office systems call an Excel export is HTML under the name ``.xls``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lxml import etree

from geo.errors import Text
from geo.files.encoding import find_encoding
from geo.files.grid import LAST_ROW, MAX_CELLS, Grid, sheet_of
from geo.files.guards import damaged, too_large
from geo.files.heads import Merge
from geo.files.sheet import MAX_COLUMNS, Note, Sheet, storable, unreadable

_START = re.compile(
    rb"\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html|head|meta|table|body|style)\b", re.I
)
_SPACES = re.compile(r"[ \t\r\n\f]+")
_MAX_SPAN = 65_536
_MAX_TEXT = 1 << 20
_READ = Note(
    None,
    Text(
        "这个文件其实是网页（HTML），已读取其中的表格。",
        "This file is in truth a web page (HTML); the tables in it were read.",
    ),
)


def is_webpage(start: bytes) -> bool:
    """Whether a file that begins so is HTML."""
    return _START.match(start.removeprefix(b"\xef\xbb\xbf")) is not None


def read_webpage(
    path: Path, *, encoding: str | None = None, expected: Text, more: tuple[Note, ...] = ()
) -> list[Sheet]:
    """Read the tables of a web page; every cell is text.

    Parameters
    ----------
    path : Path
        A checked local file.
    encoding : str, optional
        By default found as for csv; what the page says of itself is too often wrong.
    expected : Text
        What the file should have been, for messages.
    more : tuple of Note

    Returns
    -------
    list of Sheet
        One for each table that is not inside another and has more than one cell; cells that span rows or columns are
        merged cells. Nothing the page names (pictures, styles, frames) is fetched.

    Raises
    ------
    FileUnreadable
        If there is no table, or it holds too much.
    """
    handler = _Tables(path)
    parser = etree.HTMLParser(target=handler, no_network=True, recover=True, huge_tree=False, encoding="utf-8")
    try:
        with path.open(encoding=find_encoding(path, encoding), newline="") as file:
            while chunk := file.read(1 << 18):
                parser.feed(storable(chunk).encode())
        parser.close()
    except etree.LxmlError as error:
        raise damaged(path, "HTML", error) from error
    grids = [grid for grid in handler.grids if sum(map(len, grid.rows.values())) > 1]
    sheets: list[Sheet] = []
    for number, grid in enumerate(grids, start=1):
        name = path.stem if len(grids) == 1 else f"{path.stem} {number}"
        sheet = sheet_of(grid, name, "html", path, (*more, _READ))
        if sheet is not None:
            sheets.append(sheet)
    if not sheets:
        raise unreadable(
            path,
            Text("网页（HTML），其中没有表格", "a web page (HTML) without a table"),
            expected,
            Text("请用 WPS 或 Excel 打开后另存为 xlsx", "Open it in WPS or Excel and save it as xlsx"),
        )
    return sheets


class _Tables:
    """A target of lxml's parser: nothing of the page is kept but the cells of its tables."""

    def __init__(self, path: Path) -> None:
        self.grids: list[Grid] = []
        self._path = path
        self._depth, self._row, self._column, self._size = 0, 0, 0, 0
        self._taken: dict[int, set[int]] = {}
        self._words: list[str] | None = None
        self._place: tuple[int, int] | None = None
        self._silent = 0

    def start(self, tag: str | bytes, attrib: Any) -> None:
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.grids.append(Grid())
                self._row, self._column, self._taken = 0, 0, {}
        elif tag in ("script", "style", "title"):
            self._silent += 1
        elif self._depth == 1 and tag == "tr":
            self._finish()
            self._taken.pop(self._row, None)
            self._row, self._column = self._row + 1, 0
        elif self._depth == 1 and tag in ("td", "th"):
            self._finish()
            self._begin_cell(attrib)
        elif tag in ("br", "p", "div") and self._words:
            self._words.append("\n")

    def end(self, tag: str | bytes) -> None:
        if tag == "table" and self._depth:
            if self._depth == 1:
                self._finish()
            self._depth -= 1
        elif tag in ("script", "style", "title") and self._silent:
            self._silent -= 1
        elif self._depth == 1 and tag in ("td", "th", "tr"):
            self._finish()

    def data(self, data: str | bytes) -> None:
        if self._words is not None and not self._silent:
            self._words.append(_SPACES.sub(" ", str(data)))

    def comment(self, text: str | bytes) -> None:
        """Leave comments out."""

    def close(self) -> None:
        """Take the end of the page."""
        if self._depth:
            self._finish()

    def _begin_cell(self, attributes: Any) -> None:
        self._row = max(self._row, 1)
        taken = self._taken.get(self._row, ())
        while self._column in taken:
            self._column += 1
        wide, high = _span(attributes.get("colspan")), _span(attributes.get("rowspan"))
        left = self._column
        self._column += wide
        self._size += wide * high
        if self._column > MAX_COLUMNS or self._row > LAST_ROW or self._size > MAX_CELLS:
            raise too_large(self._path)
        for row in range(self._row + 1, self._row + high):
            self._taken.setdefault(row, set()).update(range(left, left + wide))
        if wide > 1 or high > 1:
            self.grids[-1].merges.append(Merge(self._row, left + 1, self._row + high - 1, left + wide))
        self._place, self._words = (self._row, left), []

    def _finish(self) -> None:
        """Put the words of a cell in its place."""
        words, place = self._words, self._place
        self._words, self._place = None, None
        if words is None or place is None:
            return
        lines = "".join(words).replace("\xa0", " ").split("\n")
        text = "\n".join(line.strip() for line in lines).strip()
        if len(text) > _MAX_TEXT:
            raise too_large(self._path)
        if text:
            row = self.grids[-1].rows.setdefault(place[0], [])
            row.extend([None] * (place[1] + 1 - len(row)))
            row[place[1]] = text


def _span(text: str | None) -> int:
    return min(max(int(text), 1), _MAX_SPAN) if text is not None and text.isdecimal() and len(text) < 9 else 1
