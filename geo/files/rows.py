"""Telling records from the rest of a hand-made table: titles, heads, totals, remarks and signatures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.errors import Text
from geo.files.heads import Head, Merge, Row, find_head
from geo.files.sheet import IgnoredRow, column_letter, column_names

TITLE = Text("标题行", "title line")
HEAD = Text("表头", "column heads")
TOTAL = Text("合计行", "total row")
REMARK = Text("备注或说明", "remark")
SIGNATURE = Text("填表签名行", "line for signatures")

_TOTALS = r"(?:合计|总计|小计|共计|累计|(?:grand|sub)?[ -]?totals?)"
# What may stand behind the word: a colon, a count, a unit (合计：3户, 总计（万元）).
_AFTER = r"[:：]?[（(]?[\d,.]*(?:户|人|栋|间|套|宗|座|处|元|万元|亩|㎡|平方米)?[）)]?"
_TOTAL = re.compile(rf"{_TOTALS}{_AFTER}", re.IGNORECASE)
_TOTAL_OF = re.compile(rf"\S{{0,20}}?{_TOTALS}{_AFTER}", re.IGNORECASE)
_TOTAL_LINE = re.compile(r"(?:全[镇乡村县]|以上)?(?:合计|总计|共计|小计)[:：]?[^\d]{0,10}\d")
_REMARK = re.compile(r"(备\s*注|注\s*[:：\d一二三]|注$|说\s*明|填表|填报|notes?\b|remarks?\b)", re.IGNORECASE)
_SIGNATURE = re.compile(r"(填表|制表|填报|审核|审批|负责|联系|单位|日期)[^:：]{0,10}[:：]")
_NUMBER = re.compile(r"[-+]?[\d.,]+%?")
_PARAGRAPH = 30
# Totals stand in the first cells of a row: behind a number of the row, a county, a township.
_TOTAL_REACH = 4


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


def split_rows(
    raw: Sequence[Sequence[Any]],
    *,
    numbers: Sequence[int] | None = None,
    merges: Sequence[Merge] = (),
    columns: Sequence[int] | None = None,
) -> tuple[Records, list[IgnoredRow]]:
    """Take a table apart into records and rows that are none.

    Parameters
    ----------
    raw : sequence of sequences
        The rows of the table. Rows may differ in length.
    numbers : sequence of int, optional
        Their row numbers, rising; by default 1, 2, 3 …, so that ``raw`` holds the blank rows too.
    merges : sequence of Merge
        Merged ranges. A cell merged downwards holds for all its rows; one merged to the right stands in its first
        column only.
    columns : sequence of int, optional
        Which column of the sheet (from 0) each column of ``raw`` is, for the names of unnamed ones.

    Returns
    -------
    tuple
        ``(records, ignored)``. See :func:`geo.files.heads.find_head` for the head of up to three lines; ``C级`` over
        ``户数`` becomes ``C级 户数``. ``ignored`` counts title lines, head lines (with a line of units or of column
        numbers below them, and heads repeated further down), total rows (合计, 总计, 小计, Total; a number of the row
        before the word makes it no record), remarks (a single filled cell that begins with 备注, 注, 说明, 填表, is a
        paragraph, or is merged across half the table) and signature lines, in order; blank rows are left out without
        being counted.
    """
    filled = _filled(raw, numbers)
    if not filled:
        return Records(pd.DataFrame(), np.empty(0, dtype=np.int64), 0), []
    if merges:
        _fill_down(filled, merges)
    head = find_head(filled, merges)
    ignored = [IgnoredRow(row.number, TITLE) for row in filled[: head.first]]
    ignored += [IgnoredRow(row.number, HEAD) for row in filled[head.first : head.end]]
    width = max(len(head.names), max((len(row.cells) for row in filled[head.end :]), default=0))
    judge = _Judge(head, filled, merges, width)
    kept: list[Row] = []
    for row in filled[head.end :]:
        why = judge.why_no_record(row)
        if why is None:
            kept.append(row)
        else:
            ignored.append(IgnoredRow(row.number, why))
    # Only in a sheet with cells far to the right does a column's place differ from its letter.
    letters = [columns[at] if columns and at < len(columns) else at for at in range(width)]
    used = _used_columns(head.names, kept, width)
    unnamed = [head.names[at] if at < len(head.names) else None for at in range(width)]
    names = column_names(
        [f"列{column_letter(letters[at])}" if name is None else name for at, name in enumerate(unnamed)]
    )
    frame = _frame([names[at] for at in used], used, kept)
    rows = np.array([row.number for row in kept], dtype=np.int64)
    return Records(frame, rows, filled[head.end - 1].number), ignored


def _filled(raw: Sequence[Sequence[Any]], numbers: Sequence[int] | None) -> list[Row]:
    """Turn blank text to None, cut blank ends off, leave blank rows out."""
    rows = []
    for number, row in zip(numbers if numbers is not None else range(1, len(raw) + 1), raw, strict=True):
        cells = [None if isinstance(cell, str) and (not cell or cell.isspace()) else cell for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            rows.append(Row(number, tuple(cells)))
    return rows


def _fill_down(filled: list[Row], merges: Iterable[Merge]) -> None:
    """Write a cell merged downwards into all its rows that have a cell of their own; blank rows stay blank."""
    places = {row.number: at for at, row in enumerate(filled)}
    changed: dict[int, list[Any]] = {}
    for merge in merges:
        at = places.get(merge.top)
        if merge.bottom == merge.top or at is None:
            continue
        cells = changed.get(at, filled[at].cells)
        value = cells[merge.left - 1] if merge.left <= len(cells) else None
        if value is None:
            continue
        for number in range(merge.top + 1, merge.bottom + 1):
            below = places.get(number)
            if below is not None:
                row = changed.setdefault(below, list(filled[below].cells))
                row.extend([None] * (merge.left - len(row)))
                if row[merge.left - 1] is None:
                    row[merge.left - 1] = value
    for at, row in changed.items():
        filled[at] = Row(filled[at].number, tuple(row))


class _Judge:
    """Decides for each row below the head whether it is a record."""

    def __init__(self, head: Head, filled: list[Row], merges: Sequence[Merge], width: int) -> None:
        self.width = width
        self.heads = {_folded(row.cells) for row in filled[head.first : head.end]} | {_folded(head.names)}
        self.titles = {_folded(row.cells) for row in filled[: head.first]}
        # Rows with a cell merged across at least half of the table.
        self.across = {
            number
            for merge in merges
            if merge.right - merge.left + 1 >= max(3, width / 2)
            for number in range(merge.top, min(merge.bottom, merge.top + 100) + 1)
        }

    def why_no_record(self, row: Row) -> Text | None:
        """Give the reason why a row is no record, or None if it is one."""
        cells, width = row.cells, self.width
        there: list[Any] = []
        for cell in cells:
            if cell is not None:
                there.append(cell)
                if len(there) > _TOTAL_REACH:
                    break
        # Of a full row nothing but a total and a repeated head is possible, and both show in its first cells.
        words = ["".join(cell.split()) if isinstance(cell, str) else "" for cell in there[:_TOTAL_REACH]]
        if width > 1 and _is_total(words):
            return TOTAL
        count = len(there) if len(there) <= _TOTAL_REACH else sum(cell is not None for cell in cells)
        if count == 1:
            alone = words[0]
            if _REMARK.match(alone) and (width > 1 or len(alone) > 12):
                return REMARK
            if width > 1 and _TOTAL_LINE.match(alone):
                return TOTAL
            if width >= 4 and (len(alone) >= _PARAGRAPH or (alone and row.number in self.across)):
                return TITLE if _folded(cells) in self.titles else REMARK
            if width > 1 and _folded(cells) in self.titles:
                return TITLE
        # 填表人：张　审核人：李 in any number of cells, or one such word in a row that is mostly blank.
        sparse = count <= max(2, width // 2) or any(map(_SIGNATURE.match, words[1:]))
        if width > 3 and sparse and _SIGNATURE.match(words[0]):
            return SIGNATURE
        # Long ledgers repeat their head on each printed page.
        if width > 1 and words[0] and _folded(cells) in self.heads:
            return HEAD
        return None


def _is_total(words: list[str]) -> bool:
    first = next((word for word in words if word and not _NUMBER.fullmatch(word)), "")
    return bool(_TOTAL_OF.fullmatch(first)) or any(map(_TOTAL.fullmatch, words))


def _folded(cells: Sequence[Any]) -> tuple[str, ...]:
    return tuple("".join(str(cell).split()) for cell in cells if cell is not None)


def _used_columns(names: Sequence[Any], kept: list[Row], width: int) -> list[int]:
    """Give the columns that have a name or any content."""
    unnamed = {at for at in range(width) if at >= len(names) or names[at] is None}
    if unnamed:
        first, open_ = min(unnamed), set(unnamed)
        for row in kept:
            if len(row.cells) > first:
                open_ -= {at for at in open_ if at < len(row.cells) and row.cells[at] is not None}
                if not open_:
                    break
        unnamed = open_
    return [at for at in range(width) if at not in unnamed]


def _frame(names: list[str], used: list[int], kept: list[Row]) -> pd.DataFrame:
    values = np.full((len(kept), len(used)), None, dtype=object)
    if used == list(range(len(used))):
        for number, (_, cells) in enumerate(kept):
            values[number, : len(cells)] = cells[: len(used)]
    else:
        for number, (_, cells) in enumerate(kept):
            values[number, :] = [cells[at] if at < len(cells) else None for at in used]
    return pd.DataFrame(values, columns=pd.Index(names, dtype=object), dtype=object)
