"""Text tables: csv in the encodings, with the delimiters and with the slips that offices really produce."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from geo.errors import Text
from geo.files.encoding import count_nuls, find_encoding
from geo.files.guards import damaged, too_large
from geo.files.rows import split_rows
from geo.files.sheet import MAX_COLUMNS, MAX_ROWS, Note, Sheet

_DELIMITERS = ",;\t|，"
_SEPARATOR = re.compile(r'"?sep=([^"\w\r\n])"?\s*', re.IGNORECASE)
_MAX_CELL = 1 << 20
# A cell of more lines is a quote that nobody closed.
_MAX_LINES = 200
# What DOS writes behind the last line.
_DOS_END = "\x1a"
_NOTED = 50
_SAMPLE = 2000


def read_csv(path: Path, *, encoding: str | None = None, more: tuple[Note, ...] = ()) -> Sheet:
    """Read a text table; every cell is text or None.

    Parameters
    ----------
    path : Path
        A checked local file.
    encoding : str, optional
        By default found out: byte order mark, else UTF-16 by its zero bytes, else UTF-8, else GB18030 (which holds
        GBK and GB2312).
    more : tuple of Note
        Put before its own notes.

    Returns
    -------
    Sheet
        Rows may end as they like, in one file too. A first line ``sep=;`` names the delimiter and is no row, as in
        Excel. A quote that nobody closed is taken as a character, and noted with its row; it swallows no rows. NUL
        characters are dropped, and noted.

    Raises
    ------
    FileUnreadable
        If it is no text in that encoding, no table, or too large.
    """
    encoding = find_encoding(path, encoding)
    nuls = count_nuls(path, encoding)
    source = _Source(path, encoding, nuls > 0)
    delimiter = source.delimiter()
    rows, repaired = _rows(source, delimiter)
    notes = list(more)
    if nuls:
        text = Text("去掉了{n}个空字符（NUL）。", "NUL characters left out: {n}.")
        notes.append(Note(None, text.fill(n=nuls)))
    notes += [Note(row, _REPAIRED) for row in repaired[:_NOTED]]
    if len(repaired) > _NOTED:
        text = Text("另有{n}行也是如此。", "The same holds for more rows: {n}.")
        notes.append(Note(repaired[_NOTED], text.fill(n=len(repaired) - _NOTED)))
    records, ignored = split_rows(rows)
    return Sheet(path.stem, records.frame, records.rows, None, records.header_row, "csv", tuple(ignored), tuple(notes))


_REPAIRED = Text(
    "这一行的双引号没有配对，已按普通字符读取，请核对。",
    "A quotation mark in this row has no partner; it was read as a character. Please check the row.",
)


class _Source:
    """The lines of a text file, from the beginning each time, without the line that names the delimiter."""

    def __init__(self, path: Path, encoding: str, drop_nuls: bool) -> None:
        self.path, self._encoding, self._drop_nuls = path, encoding, drop_nuls
        with self._open() as file:
            told = _SEPARATOR.fullmatch(file.readline(100).removeprefix("\ufeff"))
        self._told = told[1] if told else None

    def _open(self) -> TextIO:
        return self.path.open(encoding=self._encoding, newline="")

    def lines(self) -> Iterator[str]:
        """Give the lines with their ends, as long as a cell may be; longer ones in pieces, which no table has."""
        with self._open() as file:
            if self._told is not None or file.read(1) != "\ufeff":
                file.seek(0)
            if self._told is not None:
                file.readline()
            while line := file.readline(_MAX_CELL * 2):
                line = line.replace("\0", "") if self._drop_nuls else line
                yield line.removesuffix(_DOS_END)

    def delimiter(self) -> str:
        """Choose the delimiter that cuts the most of the first rows to one and the same width."""
        if self._told is not None:
            return self._told
        lines = list(islice(self.lines(), 60))
        best, best_score = ",", (0, 0)
        for delimiter in _DELIMITERS:
            widths: Counter[int] = Counter()
            try:
                widths.update(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
            except csv.Error:
                continue
            # Rows of the usual width first, then the width: a comma inside some cells does not win over the real one.
            score = max(((times, width) for width, times in widths.items()), default=(0, 0))
            if score > best_score:
                best, best_score = delimiter, score
        return best


def _rows(source: _Source, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """Cut a file into rows, and give the numbers of those whose quotes had to be repaired."""
    csv.field_size_limit(_MAX_CELL)
    rows: list[list[str]] = []
    reader = csv.reader(source.lines(), delimiter=delimiter, strict=True)
    line, breaks = 0, []
    try:
        for row in reader:
            rows.append(row)
            if reader.line_num != line + 1:
                breaks.append((len(row), reader.line_num - line))
            line = reader.line_num
            _check_size(rows, source.path)
        width = _usual_width(rows)
        # Cells with line breaks are fine as long as their rows are as wide as the others.
        if all(found == width and lines <= _MAX_LINES for found, lines in breaks):
            return rows, []
    except csv.Error:
        # A quote that is not closed where it should be, or a cell that is too large, which may come of that.
        pass
    return _repaired_rows(source, delimiter)


def _check_size(rows: list[list[str]], path: Path) -> None:
    if len(rows) > MAX_ROWS or len(rows[-1]) > MAX_COLUMNS:
        raise too_large(path)


def _usual_width(rows: list[list[str]]) -> int:
    return max(Counter(len(row) for row in rows).items(), key=lambda found: (found[1], found[0]), default=(0, 0))[0]


def _repaired_rows(source: _Source, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """Cut a file with slips in its quotes into rows, line by line.

    A line that opens a quote goes on in the next ones only if that ends well: the quote closes before a delimiter or
    a line end, within a bounded number of lines, and the row is as wide as others. Else the quote is a character.
    """
    lines = list(source.lines())
    width = _usual_width([row for line in lines[:_SAMPLE] if (row := _row_of_line(line, delimiter))])
    rows: list[list[str]] = []
    repaired: list[int] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if '"' not in line:
            rows.append(line.rstrip("\r\n").split(delimiter) if line.strip("\r\n") else [])
            used = 1
        else:
            row, used, good = _quoted_row(lines, at, delimiter, width)
            rows.append(row)
            if not good:
                repaired.append(len(rows))
        _check_size(rows, source.path)
        if len(line) > _MAX_CELL and any(len(cell) > _MAX_CELL for cell in rows[-1]):
            raise damaged(source.path, "csv", f"row {len(rows)}: more than {_MAX_CELL} characters in a cell")
        at += used
    return rows, repaired


def _row_of_line(line: str, delimiter: str) -> list[str] | None:
    """Read a line that is a row by itself; None if its quotes do not close in it."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        return None


def _quoted_row(lines: list[str], at: int, delimiter: str, width: int) -> tuple[list[str], int, bool]:
    """Read the row that begins in a line with quotes: its cells, the lines it takes, whether its quotes are good."""
    reader = csv.reader(lines[at : at + _MAX_LINES], delimiter=delimiter, strict=True)
    try:
        row = next(reader)
    except csv.Error:
        # Text behind a closing quote is only sloppy, as long as the line closes what it opens.
        row = _sloppy_row(lines[at], delimiter)
        if row and len(row) == width and lines[at].count('"') % 2 == 0 and not row[-1].endswith(("\n", "\r")):
            return row, 1, True
        return _literal_row(lines[at], delimiter), 1, False
    if reader.line_num == 1:
        return row, 1, True
    literal = _literal_row(lines[at], delimiter)
    inside = lines[at + 1 : at + reader.line_num]
    swallows = len(row) != width and (
        len(literal) == width or any(line.count(delimiter) + 1 == width for line in inside)
    )
    return (literal, 1, False) if swallows else (row, reader.line_num, True)


def _sloppy_row(line: str, delimiter: str) -> list[str]:
    """Read a line as forgivingly as spreadsheets do; nothing if a cell in it is too large."""
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except csv.Error:
        return []


def _literal_row(line: str, delimiter: str) -> list[str]:
    """Cut a line at its delimiters; a quote is one only if it has its partner before a delimiter or the line end."""
    cell = rf'"((?:[^"]|"")*)"(?=$|{re.escape(delimiter)})|([^{re.escape(delimiter)}]*)'
    row, at, line = [], 0, line.rstrip("\r\n")
    while at <= len(line):
        found = re.compile(cell).match(line, at)
        assert found is not None
        row.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        at = found.end() + 1
    return row
