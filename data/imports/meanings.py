"""What headings may mean by the dictionary, and what the other columns of a table say against it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from data.imports.dictionary import (
    HeadingHints,
    Spelling,
    find_left_out,
    fold_heading,
    forms_of,
    read_hints,
    spellings,
)
from geo.errors import Text

_LIKELY, _NEAR, _TURNED = 0.7, 0.6, 0.5
_LEAST_NEAR = 4
_ANYBODY = frozenset({"姓名", "名字", "name"})
_NUMBERS = frozenset({"id_number", "phone", "bank_card"})
_OF_HEAD = re.compile(r"户|家庭|head")
_CHECK = Text("意思相近，请核对", "a similar meaning, please check")


class Meaning(NamedTuple):
    """One field a heading may mean; a lower ``rank`` goes first."""

    field: str
    how: str
    confidence: float
    rank: int
    why: Text | None
    hints: HeadingHints


def look_up(heading: str, kind: str) -> Iterable[Meaning]:
    """Give the fields a heading may mean by the dictionary, the likeliest first; none for one that is left out."""
    words = spellings(kind)
    hints = read_hints(heading)
    for form, same in forms_of(heading):
        if form in words:
            return [_by_spelling(line, same, hints) for line in words[form]]
    if find_left_out(heading, kind):
        return []
    return _near(heading, kind, hints)


def _by_spelling(line: Spelling, same: bool, hints: HeadingHints) -> Meaning:
    merged = HeadingHints(hints.unit or line.hints.unit, hints.legend)
    if not same:
        why = Text("括号里的说明可能改变了意思，请核对", "the remark in brackets may change its meaning, please check")
        return Meaning(line.field, "likely", _TURNED, line.rank, why, merged)
    if not line.sure:
        return Meaning(line.field, "likely", _LIKELY, line.rank, _CHECK, merged)
    return Meaning(line.field, "exact", 1.0, line.rank, None, merged)


def _near(heading: str, kind: str, hints: HeadingHints) -> list[Meaning]:
    """Give the field whose spelling is one character away, if that is one field only."""
    folded = fold_heading(heading)
    if len(folded) < _LEAST_NEAR or not re.search(r"[\u4e00-\u9fff]", folded):
        return []
    near = {
        line.field: line
        for form, line in _near_words(kind)
        if abs(len(form) - len(folded)) <= 1
        # Of a short word another beginning is another thing: 客户类型 is not 农户类型.
        and (len(folded) > _LEAST_NEAR or form[0] == folded[0])
        and OSA.distance(form, folded, score_cutoff=1) <= 1
    }
    if len(near) != 1:
        return []
    ((field, line),) = near.items()
    why = Text(f"与“{line.heading}”只差一个字，请核对", f"one character away from “{line.heading}”, please check")
    return [Meaning(field, "likely", _NEAR, line.rank, why, hints)]


@cache
def _near_words(kind: str) -> tuple[tuple[str, Spelling], ...]:
    return tuple(
        (form, line)
        for form, lines in spellings(kind).items()
        for line in lines
        if line.sure and len(form) >= _LEAST_NEAR and re.search(r"[\u4e00-\u9fff]", form)
    )


def marks_of(headings: Iterable[str], kind: str) -> list[str]:
    """Give what other kinds of table the headings speak for: one of :data:`data.imports.dictionary.MARKS` for each."""
    found = (find_left_out(heading, kind) for heading in headings)
    return [line.mark for line in found if line and line.mark]


def is_foreign(headings: Sequence[str], kind: str, meanings: Sequence[tuple[int, str, Meaning]]) -> bool:
    """Whether more columns speak for another ledger than for this kind: then 姓名 is not a head of household."""
    known = {heading for _, heading, _ in meanings}
    marks = marks_of([heading for heading in headings if heading not in known], kind)
    return len(marks) > 1 and len(marks) > len({meaning.field for _, _, meaning in meanings})


def is_of_persons(meanings: Sequence[tuple[int, str, Meaning]]) -> bool:
    """Whether a table names somebody beside the head (户主姓名 and 姓名), and does not say how they are related."""
    fields = {meaning.field for _, _, meaning in meanings}
    names = {fold_heading(heading) in _ANYBODY for _, heading, meaning in meanings if meaning.field == "head_name"}
    return len(names) == 2 and "relation" not in fields


def of_a_person(heading: str, meaning: Meaning) -> Meaning:
    """Doubt that a number is the head's where its heading does not say so."""
    if meaning.how in ("told", "remembered") or meaning.field not in _NUMBERS or _OF_HEAD.search(fold_heading(heading)):
        return meaning
    why = Text(
        "表里另有“姓名”，这一列可能不是户主的，请核对",
        "the table names others too; perhaps not the head's, please check",
    )
    return meaning._replace(how="likely", confidence=_TURNED, why=why)
