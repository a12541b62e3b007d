"""A sheet as it stands on the screen, before anything is made of it: cells with their places, and what is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geo.errors import Text
from geo.files.guards import too_large
from geo.files.heads import Merge
from geo.files.rows import split_rows
from geo.files.sheet import MAX_COLUMNS, Note, Sheet, column_letter

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
# Places of one sheet up to the last cell of each row; a ledger of 48,000 households with 40 columns has 2 million.
MAX_CELLS = 20_000_000
_LISTED = 8

_UNCOMPUTED = Text(
    "有{n}个公式没有计算结果（第{zh}行），按公式原文读取。请在 WPS 或 Excel 中打开并保存后再导入。",
    "Formulas without a computed value: {n} (rows {en}). Their own text was read. Open and save the file in WPS or "
    "Excel, then import it again.",
)
_EMPTY = Text(
    "有{n}个公式没有计算结果（第{zh}行），按空白读取。请在 WPS 或 Excel 中打开并保存后再导入。",
    "Formulas without a computed value: {n} (rows {en}). They were read as blank. Open and save the file in WPS or "
    "Excel, then import it again.",
)


@dataclass
class Grid:
    """The cells of one sheet.

    Attributes
    ----------
    rows : dict of int to list
        Row number (from 1) to its cells from column A on, None for blank ones; rows without any cell are not there.
    far : dict of (int, int) to value
        Cells beyond column 1,000 by row number and column (from 0): few, and no reason to make every row so wide.
    merges : list of Merge
    hidden_rows : set of int
    hidden_columns : set of int
        Columns from 0.
    hidden : bool
        Whether the whole sheet is.
    uncomputed : list of int
        Rows of formulas that nobody has computed, and whose own text stands in the cell.
    empty_formulas : list of int
        Rows of formulas that nobody has computed, and whose cell is blank.
    """

    rows: dict[int, list[Any]] = field(default_factory=dict)
    far: dict[tuple[int, int], Any] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    hidden: bool = False
    uncomputed: list[int] = field(default_factory=list)
    empty_formulas: list[int] = field(default_factory=list)


def sheet_of(grid: Grid, name: str, kind: str, path: Path, more: Sequence[Note] = ()) -> Sheet | None:
    """Make a sheet of records of a grid.

    Parameters
    ----------
    grid : Grid
        Its rows are changed.
    name, kind : str
        Of the sheet.
    path : Path
        For messages.
    more : sequence of Note
        Go before the notes of the grid.

    Returns
    -------
    Sheet or None
        None if there is nothing in it.

    Raises
    ------
    FileUnreadable
        If it holds too much.
    """
    width = max((len(row) for row in grid.rows.values()), default=0)
    columns: list[int] | None = None
    if grid.far:
        places = sorted({column for _, column in grid.far})
        if width + len(places) > MAX_COLUMNS:
            raise too_large(path)
        columns = [*range(width), *places]
        for (number, column), value in grid.far.items():
            row = grid.rows.setdefault(number, [])
            row.extend([None] * (width + len(places) - len(row)))
            row[width + places.index(column)] = value
    numbers = sorted(grid.rows)
    last = numbers[-1] if numbers else 0
    merges = [merge._replace(bottom=min(merge.bottom, last)) for merge in grid.merges if merge.top <= last]
    if sum(merge.bottom - merge.top for merge in merges) > MAX_CELLS:
        # Ranges of a real workbook do not lie on one another, so they hold no more than the sheet itself.
        raise too_large(path)
    records, ignored = split_rows(
        [grid.rows[number] for number in numbers], numbers=numbers, merges=merges, columns=columns
    )
    if not ignored:
        return None
    notes = (*more, *_notes(grid))
    return Sheet(name, records.frame, records.rows, None, records.header_row, kind, tuple(ignored), notes)


def _notes(grid: Grid) -> list[Note]:
    notes = []
    if grid.hidden:
        notes.append(Note(None, Text("这个工作表是隐藏的，已一并读取。", "This sheet is hidden; it was read as well.")))
    rows = sorted(number for number in grid.hidden_rows if _filled(grid.rows.get(number, ())))
    if rows:
        text = Text(
            "有{n}行被隐藏或筛掉（第{zh}行），已一并读取。",
            "Rows hidden or filtered out: {n} ({en}). They were read as well.",
        )
        notes.append(Note(rows[0], text.fill(n=len(rows), zh=_listed(rows, "、"), en=_listed(rows, ", "))))
    columns = sorted(
        at for at in grid.hidden_columns if any(at < len(row) and _is_filled(row[at]) for row in grid.rows.values())
    )
    if columns:
        letters = [column_letter(at) for at in columns]
        text = Text("有{n}列被隐藏（{zh}列），已一并读取。", "Hidden columns: {n} ({en}). They were read as well.")
        notes.append(Note(None, text.fill(n=len(columns), zh=_listed(letters, "、"), en=_listed(letters, ", "))))
    for places, text in ((grid.uncomputed, _UNCOMPUTED), (grid.empty_formulas, _EMPTY)):
        if places:
            numbers = sorted(set(places))
            listed = text.fill(n=len(places), zh=_listed(numbers, "、"), en=_listed(numbers, ", "))
            notes.append(Note(numbers[0], listed))
    return notes


def _is_filled(cell: Any) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def _filled(cells: Sequence[Any]) -> bool:
    return any(map(_is_filled, cells))


def _listed(places: Sequence[int | str], between: str) -> str:
    shown = between.join(map(str, places[:_LISTED]))
    return f"{shown}{between}…" if len(places) > _LISTED else shown
