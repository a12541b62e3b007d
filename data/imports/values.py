"""Cells to text, codes and answers: what a ledger writes and what says nothing; what cannot be read is refused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from data.formulas import is_guarded
from data.imports.checks import cannot
from data.imports.findings import UNREADABLE, Cannot, Parser
from geo.errors import Text

LOCAL_ZONE = ZoneInfo("Asia/Shanghai")
# What stands in a cell that says nothing.
BLANKS = frozenset({"", "-", "--", "—", "——", "/", "\\", "无", "空", "null", "none", "nan", "n/a", "na", "#n/a"})
UNKNOWN_WORD = Text("不认识这个词", "this word is not known")
_LONGEST_LABEL = 200
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_YES = frozenset({"是", "√", "✓", "✔", "☑", "有", "y", "yes", "true", "t", "1", "对"})
_NO = frozenset({"否", "×", "x", "✗", "✘", "无", "没有", "n", "no", "false", "f", "0", "不"})
# A circle on acceptance forms: not needed here, so neither yes nor no.
_NEITHER = frozenset({"○", "〇", "◯"})


def read_text(cell: Any) -> str | None:
    """Read text: as it is, blank ends cut; a whole number without ``.0``.

    A single quote before a formula's first character, as spreadsheets and our own exports write it, is taken off.
    """
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    text = str(cell).strip()
    if _UNSTORABLE.search(text):
        raise Cannot(Text("文字", "text"), Text("含有不能保存的字符", "it holds characters that cannot be stored"))
    if text.startswith("'") and is_guarded(text[1:]):
        text = text[1:].strip()
    return text or None


def read_label(cell: Any) -> str | None:
    """Read a name of a place: text of at most 200 characters."""
    text = read_text(cell)
    if text and len(text) > _LONGEST_LABEL:
        raise Cannot(Text("不超过200个字符", "at most 200 characters"), Text("名称过长", "the name is too long"))
    return text


def read_name(cell: Any) -> str | None:
    """Read a person's name; a masked one (``赵*顺``), as exports have it, says nothing."""
    name = read_text(cell)
    return None if name and re.fullmatch(r".?\*+.?", name) else name


def plain(cell: Any) -> str:
    """Give a cell's text with full-width characters made plain and blanks taken out, for numbers and codes."""
    text = read_text(cell) or ""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def read_code(cell: Any) -> str | None:
    """Read a code: full-width made plain, inner blanks kept out; negative numbers and letters are codes too."""
    text = plain(cell)
    if re.fullmatch(r"\d(\.\d+)?[eE]\+\d+", text):
        raise cannot("code_damaged", Text("按文本保存的编号", "a code kept as text"))
    if len(text) > _LONGEST_LABEL:
        raise Cannot(Text("不超过200个字符", "at most 200 characters"), Text("编号过长", "the code is too long"))
    return text if text.casefold() not in BLANKS else None


def read_yes(cell: Any) -> bool | None:
    """Read yes or no: 是, √, 有, 1, yes, true …; 否, ×, 无, 0, no, false. A circle (○, 不必) says nothing."""
    text = plain(cell).casefold()
    if text in _YES:
        return True
    if text in _NO:
        return False
    if text in BLANKS or text in _NEITHER:
        return None
    raise Cannot(Text("是或否", "yes or no"), Text("不是“是”或“否”", "it is neither yes nor no"))


def read_list(cell: Any) -> list[str] | None:
    """Read several names or codes in one cell, parted by 、 , ; | or a line break."""
    parts = [raw.strip() for raw in re.split(r"[、,，;；|\n]+", read_text(cell) or "")]
    return [name for part in parts if part and (name := read_label(part))] or None


def read_word(words: Mapping[str, Text], other: Mapping[str, str], what: Text, code: str = UNREADABLE) -> Parser:
    """Make a reader of one of our own words by its code, its labels or other spellings.

    Parameters
    ----------
    words : mapping of str to Text
        Our words by code.
    other : mapping of str to str
        Further spellings of each code, parted by blanks.
    what : Text
        What is expected, for the refusal.
    code : str
        The rule that another word breaks.
    """
    known = known_words(words, other)
    expected = Text(what.zh + "：" + "、".join(t.zh for t in words.values()), what.en + ": " + ", ".join(words))

    def read(cell: Any) -> str | None:
        text = plain(cell).casefold()
        if text in known:
            return known[text]
        if text in BLANKS:
            return None
        raise cannot(code, expected) if code != UNREADABLE else Cannot(expected, UNKNOWN_WORD)

    return read


def known_words(words: Mapping[str, Text], other: Mapping[str, str]) -> dict[str, str]:
    """Give every spelling of our words, without blanks and in small letters, with its code."""
    known = {code.casefold(): code for code in words}
    known |= {label.zh.casefold(): code for code, label in words.items()}
    known |= {label.en.casefold().replace(" ", ""): code for code, label in words.items()}
    for code, spellings in other.items():
        known |= {spelling.casefold(): code for spelling in spellings.split()}
    return known
