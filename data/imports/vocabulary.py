"""Cells to our own words: grades, ways, outcomes, methods, stages, kinds of households and relations."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

from data.imports.checks import cannot, doubt
from data.imports.findings import Cannot, Doubtful
from data.imports.values import BLANKS, UNKNOWN_WORD, known_words, plain, read_text, read_word
from data.rules.aid_groups import SPELLINGS, UNSURE
from data.rules.words import AID_GROUP, KEY_GROUP, METHOD, MODE, OUTCOME, STAGE
from geo.errors import Text

_SPELLINGS = Path(__file__).with_name("words.tsv")
_GRADE = Text("A、B、C 或 D 级；未鉴定则留空", "A, B, C or D; blank if not appraised")
_GRADE_WORDS = {
    "安全": "A",
    "基本安全": "B",
    "局部危险": "C",
    "局部危房": "C",
    "整体危险": "D",
    "整栋危险": "D",
    "整幢危险": "D",
    "整幢危房": "D",
    "整栋危房": "D",
}
_HEAD = frozenset({"户主", "本人", "户主本人", "本人或户主", "户主或本人", "head", "self", "householder"})


def _spellings(field: str) -> dict[str, str]:
    """Read how ledgers write the words of a field (``words.tsv``): the code of each spelling, parted by blanks."""
    found: dict[str, list[str]] = {}
    for line in _SPELLINGS.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, code, spelling = line.split("\t")
            if name == field:
                found.setdefault(code, []).append(spelling)
    return {code: " ".join(words) for code, words in found.items()}


read_mode = read_word(MODE, _spellings("mode"), Text("走访方式", "way of the visit"))
read_outcome = read_word(OUTCOME, _spellings("outcome"), Text("走访结果", "outcome"))
read_method = read_word(METHOD, _spellings("method"), Text("改造方式", "method"))
read_stage = read_word(STAGE, _spellings("stage"), Text("进度", "stage"))
_GROUPS = read_word(KEY_GROUP, _spellings("key_groups"), Text("重点人群", "key groups"))
_GROUP_WORDS = known_words(KEY_GROUP, _spellings("key_groups"))
_AID_WORDS = known_words(AID_GROUP, SPELLINGS)
_AID_NONE = re.compile(r"(一般|普通|非贫困|非低收入|其他|其它|正常)(农?户|家庭|农民家庭|群众)?|不属于|都不是|否")


class OtherScale(str):
    """A grade as written that belongs to another scale; it goes to the standard, not to the grade."""


def read_grade(cell: Any) -> str | Doubtful | None:
    """Read a grade: ``A``–``D``, ``C级``, ``Ｄ级危房``, ``局部危险``, ``grade c``; 未鉴定 says nothing.

    一级, 二级 and 三级危房 are a provincial scale of its own (and run the other way round): the words are kept as an
    :class:`OtherScale` with a doubt, never turned into A to D.

    Raises
    ------
    Cannot
        For anything else, as ``E`` or ``C/D``.
    """
    text = plain(cell).upper()
    if text.casefold() in BLANKS or re.fullmatch(r"(尚?未(鉴定|评定|定级)|无需鉴定|待鉴定|NOTAPPRAISED|NONE)", text):
        return None
    found = re.fullmatch(r"(?:GRADE)?([ABCD])(?:级.{0,6}|类.{0,6}|,.*)?", text)
    if found:
        return found[1]
    if re.fullmatch(r"[一二三四1-4](级|类)(危房|危险房屋?)?", text):
        shown = read_text(cell) or text
        return doubt("grade_other_scale", OtherScale(shown), found=shown[:40])
    named = re.fullmatch(r"(.+?)(?:房屋|住房)?", text)
    grade = _GRADE_WORDS.get(text) or (_GRADE_WORDS.get(named[1]) if named else None)
    if grade is None:
        raise Cannot(_GRADE, Text("不是鉴定等级", "it is no grade"))
    # 安全 alone is also what surveys write who never graded the house.
    return doubt("grade_in_words", grade, found=text, grade=grade) if grade == "A" else grade


def read_ruling(cell: Any) -> str | None:
    """Read what a person ruled on a visit: ``false`` (虚假入户, no), ``void`` (作废); 属实 and yes rule nothing."""
    text = plain(cell).casefold()
    if text in {"false", "虚假", "虚假入户", "虚假走访", "不属实", "否", "no", "n", "0", "假"}:
        return "false"
    if text in {"void", "作废", "无效"}:
        return "void"
    if text in BLANKS or text in {"属实", "真实", "是", "yes", "y", "1", "true"}:
        return None
    raise Cannot(Text("虚假入户、作废，或留空", "false, void, or blank"), UNKNOWN_WORD)


def read_groups(cell: Any) -> list[str] | None:
    """Read key groups (五个重点访), several parted by 、 , ; | or blanks; sorted, without repeats."""
    text = unicodedata.normalize("NFKC", read_text(cell) or "")
    found = set()
    for part in re.split(r"[、,;|/\n]+", text.strip("{}[]")):
        # English labels have blanks of their own.
        whole = re.sub(r"[\s\"']", "", part).casefold()
        found |= {_GROUPS(word.strip("\"'")) for word in ([whole] if whole in _GROUP_WORDS else part.split())}
    return sorted(group for group in found if group)


def read_aid_group(cell: Any) -> str | Doubtful | None:
    """Read to which low-income group a household belongs; 一般户 says nothing.

    Of several in one cell the first is taken, with a doubt; a word that is not known leaves the cell blank, with one.
    """
    text = unicodedata.normalize("NFKC", read_text(cell) or "")
    whole = re.sub(r"\s|^[(]?\d+[).、]", "", text)
    parts = [whole] if whole.casefold() in _AID_WORDS else re.split(r"[、,;|/\s]+", text)
    words = [re.sub(r"^[(]?\d+[).、]", "", part) for part in parts]
    groups: list[str] = []
    unsure: str | None = None
    for word in filter(None, words):
        if word.casefold() in BLANKS or _AID_NONE.fullmatch(word):
            continue
        group = _AID_WORDS.get(word.casefold()) or UNSURE.get(word)
        if group is None:
            labels = "、".join(label.zh for label in AID_GROUP.values())
            raise cannot("aid_group_unknown", Text(labels, ", ".join(AID_GROUP)))
        unsure = unsure or (word if word in UNSURE else None)
        if group not in groups:
            groups.append(group)
    if len(groups) > 1:
        return doubt("aid_group_several", groups[0])
    if groups and unsure:
        return doubt("aid_group_unsure", groups[0], found=unsure, label=AID_GROUP[groups[0]])
    return groups[0] if groups else None


def read_relation(cell: Any) -> bool | None:
    """Read a person's relation to the head: whether this person is the head (户主, 本人)."""
    text = plain(cell).casefold()
    return None if text in BLANKS else text in _HEAD
