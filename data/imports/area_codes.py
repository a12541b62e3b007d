"""Codes of areas: their level, their parent, and local numbers for areas that have no official one.

Local codes: a natural village or group is its village's code with ``-N01`` or ``-G01``; an area without an official
code gets the next free number from 900 (two-digit levels: from 90) under its parent, which official lists do not use.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from data.areas import DIGITS, number_range

LEVEL_OF_DIGITS = {digits: level for level, digits in DIGITS.items()}
_SETTLEMENTS = {"natural_village": "N", "group": "G"}
_LEVEL_WORDS = {
    "province": "province 省 省级 自治区 直辖市",
    "city": "city 市 市级 地市 地级市 prefecture",
    "county": "county district 县 区 县级 区县 县区 县级市",
    "township": "township town street 乡 镇 乡镇 街道 乡级 镇街 乡镇街道",
    "village": "village 村 行政村 社区 村级 村居 居委会 村委会 community",
    "natural_village": "natural_village naturalvillage 自然村 自然屯 屯 hamlet",
    "group": "group 组 村民小组 小组",
    "grid": "grid 网格 grids",
}
_WORD_LEVEL = {word: level for level, words in _LEVEL_WORDS.items() for word in words.split()}


def read_level(word: str | None) -> str | None:
    """Understand the name of a level in a file, None if it is no such word."""
    return _WORD_LEVEL.get(re.sub(r"\s", "", word or "").casefold())


def neat_code(code: str, level: str | None) -> str:
    """Cut the zeros that pad an official code to 6, 9 or 12 digits: 340200 is the city 3402.

    >>> neat_code("340200", None), neat_code("370725108000", None), neat_code("370725108201", None)
    ('3402', '370725108', '370725108201')
    """
    if not (code.isascii() and code.isdigit()):
        return code
    wanted = DIGITS.get(level or "")
    if wanted and len(code) > wanted and not code[wanted:].strip("0"):
        return code[:wanted]
    if len(code) == 12 and code.endswith("000"):
        code = code[:9]
    if len(code) == 9 and code.endswith("000"):
        code = code[:6]
    if len(code) == 6 and code.endswith("00"):
        code = code[:4]
    if len(code) == 4 and code.endswith("00"):
        code = code[:2]
    return code


def level_of(code: str) -> str | None:
    """Level an own or official code tells, None for any other code."""
    if code.isascii() and code.isdigit():
        return LEVEL_OF_DIGITS.get(len(code))
    found = re.fullmatch(r"\d{12}-([NG])\d{2,4}", code)
    return {letter: level for level, letter in _SETTLEMENTS.items()}[found[1]] if found else None


def parent_prefix(code: str) -> str | None:
    """Code of the parent as the code itself tells it; None for a province and for codes that tell none."""
    if "-" in code:
        return code.split("-")[0]
    lengths = sorted(DIGITS.values())
    return code[: lengths[lengths.index(len(code)) - 1]] if len(code) in lengths and len(code) > 2 else None


def range_of(code: str) -> tuple[int, int]:
    """Jurisdiction range of an area's code; a settlement has that of its village."""
    return number_range(code.split("-")[0])


def next_code(parent: str, level: str, taken: Collection[str]) -> str:
    """Allocate a local code under a parent.

    Parameters
    ----------
    parent : str
        Code of the parent; a village for settlements and grids.
    level : str
        Level of the area to number.
    taken : collection of str
        Codes in use, older ones too.

    Raises
    ------
    ValueError
        If the parent has no number left, or is not of a level above.
    """
    letter = _SETTLEMENTS.get(level)
    if letter:
        numbers, pattern = range(1, 10_000), parent + "-" + letter + "{:02d}"
    else:
        width = DIGITS[level] - len(parent)
        if width not in (2, 3):
            raise ValueError(f"{level} under {parent}")
        first = 1 if level == "grid" else 9 * 10 ** (width - 1)
        numbers, pattern = range(first, 10**width), parent + f"{{:0{width}d}}"
    for number in numbers:
        code = pattern.format(number)
        if code not in taken:
            return code
    raise ValueError(f"no number left under {parent}")
