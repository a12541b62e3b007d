"""The head of a hand-made table: up to three lines, merged or not, with lines of units and numbers below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

_LOOK_AHEAD = 30
_MOST_LINES = 3
_LONGEST_WORD = 20
_NUMBER = re.compile(r"\s*[-+]?[\d.,]+%?\s*")
_SIGNATURE = re.compile(r"(填表|制表|填报|审核|审批|负责|联系|单位|日期)[^:：]{0,10}[:：]")
# A group that only says that what stands below it is information; what stands below it says it better alone.
_SAYS_NOTHING = re.compile(r"(?:农户|户主|家庭|住户|房屋|住房|农房|危房)?(?:基本|主要|有关)?(?:情况|信息|资料)")
_ONE_UNIT = (
    r"(?:[百千万亿]?元|平方米|平米|㎡|m2|m²|亩|公顷|户|人|栋|幢|间|层|座|处|套|宗|个|次|项|份|[%％‰]|米|公里|千米|km|m|"
    r"岁|年|月|日|天|小时|分钟|吨)"
)
_UNIT = re.compile(rf"(?:单位[:：])?[（(\[【]?(?:单位[:：])?{_ONE_UNIT}(?:[/、]{_ONE_UNIT})*[）)\]】]?", re.IGNORECASE)
_COUNTED = re.compile(r"[（(]?(\d{1,3})[）)]?")
_CIRCLED = {chr(0x2460 + at): at + 1 for at in range(20)}
_STEMS = "甲乙丙丁戊己庚辛壬癸"


class Merge(NamedTuple):
    """A merged range of cells, rows and columns counted from 1, ends included."""

    top: int
    left: int
    bottom: int
    right: int


class Row(NamedTuple):
    """A row that is not blank: its number from 1, and its cells up to the last filled one."""

    number: int
    cells: tuple[Any, ...]


class Head(NamedTuple):
    """The head of a table.

    Attributes
    ----------
    first, end : int
        Its lines are ``rows[first:end]``, those of units and numbers included.
    names : list
        What names each column, None for a column without name; text, or the cell itself where one line names it.
    """

    first: int
    end: int
    names: list[Any]


def find_head(rows: Sequence[Row], merges: Sequence[Merge] = ()) -> Head:
    """Find the lines that name the columns, and join them.

    Parameters
    ----------
    rows : sequence of Row
        At least one; the rows of a table that are not blank, cells merged downwards already written into all of them.
    merges : sequence of Merge
        Merged ranges.

    Returns
    -------
    Head
        The head is the first row filled at least half as wide as the rows after it, of words rather than numbers,
        with the lines above and below it that belong to it: by a cell merged across both, or because the lower one
        fills just the gaps of the upper one. Three lines at most. ``C级`` over ``户数`` becomes ``C级 户数``; a group
        such as 基本情况 is left out as long as the names stay unique. A unit below a name is added to it in
        brackets; a line of column numbers (1, 2, 3 … or 甲, 乙, 1, 2 …) adds nothing.
    """
    at = _widest_words(rows)
    first, end = _block(rows, at, merges)
    names = _joined(rows[first:end], merges)
    # At least one record must be left for these two, or they are the record.
    if end + 1 < len(rows) and _are_units(rows[end].cells):
        names = _with_units(names, rows[end].cells)
        end += 1
    if end + 1 < len(rows) and _are_numbers(rows[end].cells, names):
        end += 1
    return Head(first, end, names)


def _count(cells: Sequence[Any]) -> int:
    return sum(cell is not None for cell in cells)


def _is_word(cell: Any) -> bool:
    return isinstance(cell, str) and _NUMBER.fullmatch(cell) is None


def _widest_words(rows: Sequence[Row]) -> int:
    """Give the place of the first wide row of words, else of the first wide row."""
    ahead = [row.cells for row in rows[:_LOOK_AHEAD]]
    most = max(map(_count, ahead))
    wide = max(2, (most + 1) // 2) if most > 1 else 1
    candidates = [at for at, cells in enumerate(ahead) if _count(cells) >= wide]
    for at in candidates[:3]:
        words = [cell for cell in ahead[at] if _is_word(cell)]
        if len(words) * 2 > _count(ahead[at]) and not _SIGNATURE.match(words[0].strip()):
            return at
    return candidates[0]


def _block(rows: Sequence[Row], at: int, merges: Sequence[Merge]) -> tuple[int, int]:
    """Give the first line of the head and the one behind its last, of the longest block round a line of it."""
    for lines in range(_MOST_LINES, 1, -1):
        for first in range(max(0, at - lines + 1), at + 1):
            end = first + lines
            # A record must be left where nothing but gaps speaks for a second line.
            if end <= len(rows) and _are_one_head(rows[first:end], merges, first < at, len(rows) - end):
                return first, end
    return at, at + 1


def _are_one_head(block: Sequence[Row], merges: Sequence[Merge], found_below: bool, left: int) -> bool:
    top, bottom = block[0].number, block[-1].number
    if _count(block[0].cells) < 2 or any(isinstance(cell, str) and _SIGNATURE.match(cell) for cell in block[0].cells):
        return False
    if any(
        merge.top == top and merge.bottom == bottom and _value(block[0], merge.left - 1) is not None
        for merge in merges
        if merge.bottom > merge.top
    ):
        return True
    if not all(_are_short_words(row.cells) for row in block[1:]):
        return False
    uppers = _laid_over(block[:-1])
    if len(block) > 2 and not _fills_gaps(block[0].cells, block[1].cells, some=True):
        return False
    if left and _fills_gaps(uppers, block[-1].cells):
        # A line above that is blank to its end everywhere the lower one is filled is a title, not a group.
        leaves = {at for at, cell in enumerate(block[-1].cells) if cell is not None}
        return not found_below or any(cell is not None and at not in leaves for at, cell in enumerate(uppers))
    return len(block) == 2 and bool(left) and _are_groups(block[0], block[1], merges)


def _are_short_words(cells: Sequence[Any]) -> bool:
    there = [cell for cell in cells if cell is not None]
    return len(there) >= 2 and all(_is_word(cell) and len(cell) <= _LONGEST_WORD for cell in there)


def _laid_over(lines: Sequence[Row]) -> tuple[Any, ...]:
    """Lay lines over one another: what names a column in any of them."""
    width = max(len(row.cells) for row in lines)
    return tuple(next((row.cells[at] for row in lines if _value(row, at) is not None), None) for at in range(width))


def _value(row: Row, at: int) -> Any:
    return row.cells[at] if at < len(row.cells) else None


def _fills_gaps(upper: Sequence[Any], lower: Sequence[Any], *, some: bool = False) -> bool:
    """Say whether a line has words just where the one above has gaps (or some of them), and where such a gap begins."""
    gaps = {at for at, cell in enumerate(upper) if cell is None} | {*range(len(upper), len(lower))}
    there = {at for at, cell in enumerate(lower) if cell is not None}
    starts = {at - 1 for at in gaps if at - 1 not in gaps}
    return bool(gaps) and (some or gaps <= there) and there <= gaps | starts


def _are_groups(upper: Row, lower: Row, merges: Sequence[Merge]) -> bool:
    """Say whether everything in the lower line stands under a cell of the upper one that is merged across columns."""
    spans = [merge for merge in merges if merge.top == upper.number == merge.bottom and merge.right > merge.left]
    covered = {at for merge in spans for at in range(merge.left - 1, min(merge.right, 1000))}
    covered |= {at for at, cell in enumerate(upper.cells) if cell is not None}
    starts = [merge for merge in spans if _value(upper, merge.left - 1) is not None]
    return len(starts) >= 2 and {at for at, cell in enumerate(lower.cells) if cell is not None} <= covered


def _joined(block: Sequence[Row], merges: Sequence[Merge]) -> list[Any]:
    """Join the lines of a head column by column."""
    width = max(len(row.cells) for row in block)
    if len(block) == 1:
        return list(block[0].cells)
    levels = [_spread(block[: at + 1], merges, width) for at in range(len(block) - 1)]
    levels.append([_value(block[-1], at) for at in range(width)])
    parts: list[list[Any]] = []
    for at in range(width):
        column: list[Any] = []
        for number, level in enumerate(levels):
            own = _value(block[number], at) is not None
            # A group holds for a column only where something stands below it.
            holds = own or (level[at] is not None and any(_value(row, at) is not None for row in block[number + 1 :]))
            if holds and (not column or column[-1] != level[at]):
                column.append(level[at])
        parts.append(column)
    whole = [_name(column) for column in parts]
    short = [_name([part for part in column[:-1] if not _says_nothing(part)] + column[-1:]) for column in parts]
    return [brief if short.count(brief) == 1 else full for brief, full in zip(short, whole, strict=True)]


def _spread(block: Sequence[Row], merges: Sequence[Merge], width: int) -> list[Any]:
    """Write the groups of the last of some lines over all columns they hold for.

    By the merged ranges where the line has any, else from each group to the next name in it or above it.
    """
    row = block[-1]
    spread = [_value(row, at) for at in range(width)]
    spans = [merge for merge in merges if merge.top <= row.number <= merge.bottom and merge.right > merge.left]
    if spans:
        for merge in spans:
            for at in range(merge.left - 1, min(merge.right, width)):
                spread[at] = _value(row, merge.left - 1) if spread[at] is None else spread[at]
        return spread
    group = None
    for at in range(width):
        if spread[at] is not None:
            group = spread[at]
        elif any(_value(above, at) is not None for above in block[:-1]):
            group = None
        else:
            spread[at] = group
    return spread


def _says_nothing(part: Any) -> bool:
    return isinstance(part, str) and _SAYS_NOTHING.fullmatch("".join(part.split())) is not None


def _name(parts: list[Any]) -> Any:
    if len(parts) < 2:
        return parts[0] if parts else None
    return " ".join(" ".join(str(part).split()) for part in parts)


def _are_units(cells: Sequence[Any]) -> bool:
    there = [cell for cell in cells if cell is not None]
    return all(isinstance(cell, str) and _UNIT.fullmatch("".join(cell.split())) for cell in there)


def _with_units(names: list[Any], cells: Sequence[Any]) -> list[Any]:
    out = []
    for at in range(max(len(names), len(cells))):
        name = names[at] if at < len(names) else None
        unit = "".join(cells[at].split()).strip("（()）[]【】") if at < len(cells) and cells[at] is not None else ""
        unit = unit.removeprefix("单位：").removeprefix("单位:")
        out.append(f"{name}（{unit}）" if unit and name is not None and unit not in str(name) else name)
    return out


def _are_numbers(cells: Sequence[Any], names: Sequence[Any]) -> bool:
    """Say whether a line does nothing but number the columns."""
    there = [cell for cell in cells if cell is not None]
    stems = 0
    while stems < len(there) and isinstance(there[stems], str) and there[stems].strip() == _STEMS[stems : stems + 1]:
        stems += 1
    numbers = [_counted(cell) for cell in there[stems:]]
    counted = bool(numbers) and numbers == list(range(1, len(numbers) + 1))
    enough = len(numbers) >= (1 if stems else 4)
    return counted and enough and len(there) * 5 >= _count(names) * 4


def _counted(cell: Any) -> int | None:
    if isinstance(cell, str):
        # ④=②+③ is number 4.
        bare = re.split("[=＝]", "".join(cell.split()), maxsplit=1)[0]
        found = _COUNTED.fullmatch(bare)
        return int(found[1]) if found else _CIRCLED.get(bare)
    return int(cell) if isinstance(cell, int | float) and float(cell).is_integer() else None
