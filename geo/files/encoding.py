"""In which encoding a file is text: offices write UTF-8, GBK and UTF-16, with and without saying so."""

from __future__ import annotations

import codecs
import unicodedata
from pathlib import Path

from geo.errors import Text
from geo.files.guards import damaged
from geo.files.sheet import unreadable

EXPECTED = Text("csv 文本表格", "a csv text table")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20
_CONTROLS = [chr(code) for code in range(32) if code not in (9, 10, 11, 12, 13)]


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
        If there is none, or the text is full of NUL characters.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    marked = next((name for mark, name in _BOMS if start.startswith(mark)), None) or _utf16_without_mark(start)
    tried = [encoding] if encoding else [marked] if marked else ["utf-8", "gb18030"]
    if encoding and not _is_encoding(encoding):
        raise unreadable(
            path,
            Text(f"不认识的编码“{encoding[:40]}”", f"there is no encoding “{encoding[:40]}”"),
            Text("utf-8、gb18030、big5 等", "utf-8, gb18030, big5 or the like"),
            Text("请检查编码名", "Check the encoding's name"),
        )
    for name in tried:
        try:
            if _is_text(path, name):
                return name
        except UnicodeError:
            if name == "utf-8" and len(tried) > 1 and (place := _misfit(path)):
                # Read as GB18030 it would be nonsense without any error.
                raise damaged(path, "UTF-8", f"line {place}") from None
    shown = "、".join(tried)
    raise unreadable(
        path,
        Text(f"内容不是 {shown} 编码的文本", f"its content is no text in {' or '.join(tried)}"),
        EXPECTED,
        Text("请另存为“CSV UTF-8”，或写明编码", "Save it as “CSV UTF-8”, or name its encoding"),
    )


def _is_encoding(name: str) -> bool:
    try:
        # Unlike codecs.lookup this leaves out what turns no bytes into text, such as zlib.
        "".encode(name)
    except (LookupError, ValueError):
        return False
    return True


def _utf16_without_mark(start: bytes) -> str | None:
    """Know UTF-16 without a byte order mark: its delimiters, digits and line ends have a zero byte on one side."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if max(even, odd) * 20 < len(start) or min(even, odd) * 10 > max(even, odd):
        return None
    name = "utf-16-le" if odd > even else "utf-16-be"
    # The start may end inside of a character.
    text = start[: len(start) // 2 * 2].decode(name, "replace")[:-1]
    kinds = {unicodedata.category(character) for character in text if character not in "\t\r\n"}
    return None if not text or kinds & {"Cc", "Cn", "Co", "Cs"} or "\ufffd" in text else name


def _is_text(path: Path, encoding: str) -> bool:
    """Decode a whole file piece by piece; False if it is full of control characters, an error for bytes that misfit."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            if sum(map(text.count, _CONTROLS)) * 5 > len(text):
                return False
    decoder.decode(b"", True)
    return True


def count_nuls(path: Path, encoding: str) -> int:
    """Count the NUL characters of a text file."""
    with path.open(encoding=encoding, newline="") as file:
        return sum(chunk.count("\0") for chunk in iter(lambda: file.read(_CHUNK), ""))


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
