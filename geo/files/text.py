"""Text tables: csv in the encodings and with the delimiters that offices really use."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from itertools import islice
from pathlib import Path

from geo.errors import Text
from geo.files.guards import check_foreign, damaged, too_large
from geo.files.rows import split_rows
from geo.files.sheet import MAX_COLUMNS, MAX_ROWS, Sheet, unreadable

_EXPECTED = Text("csv 文本表格", "a csv text table")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",;\t|，"
_CHUNK = 1 << 20
_MAX_CELL = 1 << 20
_MAX_LINES = 200


def read_csv(path: Path, *, encoding: str | None = None) -> Sheet:
    """Read a text table; every cell is text or None.

    Parameters
    ----------
    path : Path
        A checked local file.
    encoding : str, optional
        By default found out: byte order mark, else UTF-8, else GB18030 (which holds GBK and GB2312).

    Raises
    ------
    FileUnreadable
        If it is no text in that encoding, no table, or too large.
    """
    start = check_foreign(path, _EXPECTED)
    if start.startswith((b"PK\x03\x04", b"SQLite format 3")):
        raise unreadable(
            path,
            Text("内容不是文本", "its content is not text"),
            _EXPECTED,
            Text("请改成与内容相符的扩展名", "Give it the file ending that fits its content"),
        )
    encoding = find_encoding(path, encoding)
    records, ignored = split_rows(_rows(path, encoding, _find_delimiter(path, encoding)))
    return Sheet(path.stem, records.frame, records.rows, None, records.header_row, "csv", tuple(ignored))


def _rows(path: Path, encoding: str, delimiter: str) -> list[list[str]]:
    """Cut a file into rows, strictly if it allows.

    A quote that nobody closed would swallow all rows after it, so it is an error; one inside a cell is only sloppy.
    """
    csv.field_size_limit(_MAX_CELL)
    for strict in (True, False):
        raw: list[list[str]] = []
        try:
            with path.open(encoding=encoding, newline="") as file:
                for row in csv.reader(file, delimiter=delimiter, strict=strict):
                    raw.append(row)
                    if len(raw) > MAX_ROWS or len(row) > MAX_COLUMNS:
                        raise too_large(path)
                    if any(cell.count("\n") > _MAX_LINES for cell in row):
                        raise damaged(path, "csv", f'row {len(raw)}: a quote (") is not closed')
            return raw
        except csv.Error as error:
            if not strict or "expected after" not in str(error):
                raise damaged(path, "csv", f"row {len(raw) + 1}: {error}") from error
    return []


def find_encoding(path: Path, encoding: str | None = None) -> str:
    """Find the encoding in which a whole file is text.

    Parameters
    ----------
    path : Path
    encoding : str, optional
        The only one to try.

    Raises
    ------
    FileUnreadable
        If there is none, or the text holds NUL characters.
    """
    with path.open("rb") as file:
        start = file.read(4)
    marked = next((name for mark, name in _BOMS if start.startswith(mark)), None)
    tried = [encoding] if encoding else [marked] if marked else ["utf-8", "gb18030"]
    for name in tried:
        try:
            if _is_text(path, name):
                return name
        except LookupError:
            raise unreadable(
                path,
                Text(f"不认识的编码“{name[:40]}”", f"there is no encoding “{name[:40]}”"),
                Text("utf-8、gb18030、big5 等", "utf-8, gb18030, big5 or the like"),
                Text("请检查编码名", "Check the encoding's name"),
            ) from None
        except UnicodeError:
            if name == "utf-8" and len(tried) > 1 and (place := _misfit(path)):
                # Read as GB18030 it would be nonsense without any error.
                raise damaged(path, "UTF-8", f"line {place}") from None
    shown = "、".join(tried)
    raise unreadable(
        path,
        Text(f"内容不是 {shown} 编码的文本", f"its content is no text in {' or '.join(tried)}"),
        _EXPECTED,
        Text("请另存为“CSV UTF-8”，或写明编码", "Save it as “CSV UTF-8”, or name its encoding"),
    )


def _is_text(path: Path, encoding: str) -> bool:
    """Decode the whole file piece by piece; False for NUL characters, an error for bytes that do not fit."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if "\0" in decoder.decode(chunk):
                return False
    decoder.decode(b"", True)
    return True


def _misfit(path: Path) -> int:
    """Give the first line that does not fit into a file which is UTF-8 almost everywhere; 0 if it is not UTF-8."""
    first, misfits, fits = 0, 0, 0
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if line.isascii():
                continue
            wrong = line.count("\ufffd")
            first = first or (number if wrong else 0)
            misfits += wrong
            fits += sum(not character.isascii() for character in line) - wrong
    return first if fits > 10 * misfits else 0


def _find_delimiter(path: Path, encoding: str) -> str:
    """Choose the delimiter that cuts the most of the first rows to one and the same width."""
    with path.open(encoding=encoding, newline="") as file:
        lines = list(islice(file, 60))
    best, best_score = ",", (0, 0)
    for delimiter in _DELIMITERS:
        try:
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
        except csv.Error:
            continue
        # Rows of the usual width first, then the width: a comma inside some cells does not win over the real one.
        score = max(((times, width) for width, times in widths.items()), default=(0, 0))
        if score > best_score:
            best, best_score = delimiter, score
    return best
