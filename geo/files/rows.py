"""Telling records from the rest of a hand-made table: titles, heads, totals, remarks and signatures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Text
from geo.files.sheet import IgnoredRow, column_names, object_frame

TITLE = Text("标题行", "title line")
HEAD = Text("表头", "column heads")
TOTAL = Text("合计行", "total row")
REMARK = Text("备注或说明", "remark")
SIGNATURE = Text("填表签名行", "line for signatures")

_LOOK_AHEAD = 30
_TOTALS = r"(?:合计|总计|小计|共计|累计|(?:grand|sub)?[ -]?totals?)"
_TOTAL = re.compile(rf"{_TOTALS}[:：]?", re.IGNORECASE)
_TOTAL_OF = re.compile(rf"\S{{0,20}}?{_TOTALS}[:：]?", re.IGNORECASE)
_REMARK = re.compile(r"(备\s*注|注\s*[:：\d一二三]|注$|说\s*明|填表|填报|notes?\b|remarks?\b)", re.IGNORECASE)
_SIGNATURE = re.compile(r"(填表|制表|填报|审核|审批|负责|联系|单位|日期)[^:：]{0,10}[:：]")


class Records(NamedTuple):
    """The data of a table.

    Attributes
    ----------
    frame : DataFrame, shape (n, k)
        Cells of dtype object, blank ones None.
    rows : ndarray of int64, shape (n,)
        Row number of each record, from 1.
    header_row : int
        Row number of the last head line; 0 if the table is empty.
    """

    frame: pd.DataFrame
    rows: NDArray[np.int64]
    header_row: int


def split_rows(raw: Sequence[Sequence[Any]]) -> tuple[Records, list[IgnoredRow]]:
    """Take a table apart into records and rows that are none.

    Parameters
    ----------
    raw : sequence of sequences
        All rows of the table, blank ones too, so that ``raw[0]`` is row 1. Rows may differ in length.

    Returns
    -------
    tuple
        ``(records, ignored)``. The head is the first row filled at least half as wide as the rows after it, of words
        rather than numbers; a second head line that fills its gaps is joined to it (``C级`` over ``户数`` becomes
        ``C级 户数``). ``ignored`` counts title lines, head lines, total rows (合计, 总计, 小计, Total), remarks (a
        single filled cell that begins with 备注, 注, 说明, 填表) and signature lines, in order; blank rows are left
        out without being counted.
    """
    filled = [(number, cells) for number, row in enumerate(raw, start=1) if any(cells := _blank_to_none(row))]
    if not filled:
        return Records(pd.DataFrame(), np.empty(0, dtype=np.int64), 0), []
    at = _find_head(filled)
    head_number, head = filled[at]
    ignored = [IgnoredRow(number, TITLE) for number, _ in filled[:at]]
    ignored.append(IgnoredRow(head_number, HEAD))
    body = filled[at + 1 :]
    if body and _is_second_head(head, body[0][1], len(body)):
        head_number, second = body.pop(0)
        head = _join_heads(head, second)
        ignored.append(IgnoredRow(head_number, HEAD))
    width = max(len(head), max((len(cells) for _, cells in body), default=0))
    names = column_names([*head, *[None] * (width - len(head))])
    kept: list[tuple[int, tuple[Any, ...]]] = []
    for number, cells in body:
        why = _why_no_record(cells, head, width)
        if why is None:
            kept.append((number, (*cells[:width], *[None] * (width - len(cells)))))
        else:
            ignored.append(IgnoredRow(number, why))
    named = {at for at, name in enumerate(head) if name is not None}
    used = [at for at in range(width) if at in named or any(row[at] is not None for _, row in kept)]
    frame = object_frame([names[at] for at in used], [tuple(row[at] for at in used) for _, row in kept])
    return Records(frame, np.array([number for number, _ in kept], dtype=np.int64), head_number), ignored


def _blank_to_none(row: Sequence[Any]) -> tuple[Any, ...]:
    """Turn blank text to None and cut the blank end off; the row is true only when something is left."""
    cells = [None if isinstance(cell, str) and not cell.strip() else cell for cell in row]
    while cells and cells[-1] is None:
        cells.pop()
    return tuple(cells)


def _count(cells: Sequence[Any]) -> int:
    return sum(cell is not None for cell in cells)


def _find_head(filled: list[tuple[int, tuple[Any, ...]]]) -> int:
    """Give the place of the head among the filled rows: the first wide row of words, else the first wide row."""
    ahead = [cells for _, cells in filled[:_LOOK_AHEAD]]
    wide = max(2, (max(map(_count, ahead)) + 1) // 2) if max(map(_count, ahead)) > 1 else 1
    candidates = [at for at, cells in enumerate(ahead) if _count(cells) >= wide]
    for at in candidates[:3]:
        words = [cell for cell in ahead[at] if isinstance(cell, str) and not _is_number(cell)]
        if len(words) * 2 > _count(ahead[at]) and not _SIGNATURE.match(words[0].strip()):
            return at
    return candidates[0]


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*[-+]?[\d.,]+%?\s*", text) is not None


def _is_second_head(head: tuple[Any, ...], cells: tuple[Any, ...], rows_left: int) -> bool:
    """Say whether a row goes on with the head: words just where the head has gaps, or at the start of such a gap."""
    gaps = {at for at, cell in enumerate(head) if cell is None} | set(range(len(head), len(cells)))
    there = {at for at, cell in enumerate(cells) if cell is not None}
    starts = {min(gaps_at - 1 for gaps_at in run) for run in _runs(gaps)}
    words = all(isinstance(cells[at], str) and not _is_number(cells[at]) and len(cells[at]) <= 20 for at in there)
    return rows_left > 1 and bool(gaps) and len(there) >= 2 and gaps <= there <= gaps | starts and words


def _runs(numbers: set[int]) -> list[list[int]]:
    """Group whole numbers that follow one another."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _join_heads(head: tuple[Any, ...], second: tuple[Any, ...]) -> tuple[Any, ...]:
    joined: list[Any] = []
    group: Any = None
    for at in range(max(len(head), len(second))):
        upper = head[at] if at < len(head) else None
        lower = second[at] if at < len(second) else None
        group = upper if upper is not None else group
        joined.append(upper if lower is None else lower if group is None else f"{group} {lower}")
    return tuple(joined)


def _why_no_record(cells: tuple[Any, ...], head: tuple[Any, ...], width: int) -> Text | None:
    """Give the reason why a row is no record, or None if it is one."""
    there = [cell for cell in cells if cell is not None]
    words = ["".join(cell.split()) if isinstance(cell, str) else "" for cell in there[:2]]
    if width > 1 and (_TOTAL_OF.fullmatch(words[0]) or any(map(_TOTAL.fullmatch, words))):
        return TOTAL
    if len(there) == 1 and _REMARK.match(words[0]) and (width > 1 or len(words[0]) > 12):
        return REMARK
    if width > 3 and len(there) <= max(2, width // 2) and _SIGNATURE.match(words[0]):
        return SIGNATURE
    if cells == head and width > 1:
        # Long ledgers repeat their head on each printed page.
        return HEAD
    return None
