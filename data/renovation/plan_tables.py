"""The table a county publishes as its plan of a year (年度计划表): read row by row, every fault named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.renovation.funds import fen_of, yuan
from data.renovation.unfit import RenovationUnfit
from geo.errors import Text

if TYPE_CHECKING:
    from geo.files import Sheet

_GRADES = {"C级": "C", "D级": "D", "无房户": "none"}
_HEADING = re.compile(r"(C级|D级|无房户)(户数|补助资金|资金)(?:[（(](万元|元)[）)])?")
_SUM = re.compile(r"总(户数|补助资金|资金)(?:[（(](万元|元)[）)])?")
_UNIT = {"万元": 1_000_000, "元": 100, None: 100}
_PLACE = ("乡镇、街道", "乡镇街道", "乡镇", "镇街", "单位")
MOST_PROBLEMS = 50


@dataclass(frozen=True)
class PlanTable:
    """A plan as it stands in a file.

    Attributes
    ----------
    rows : list of (int, str, dict)
        Row of the file, place, and by grade (``C``, ``D``, ``none``) households and fen, without grades of nothing.
    problems : list of RenovationUnfit
        What is wrong with it, each with ``sheet``, ``row`` and ``column``; at most :data:`MOST_PROBLEMS`.
    """

    rows: list[tuple[int, str, dict[str, tuple[int, int]]]]
    problems: list[RenovationUnfit]

    @property
    def households(self) -> int:
        """All that are planned."""
        return sum(n for _, _, cells in self.rows for n, _ in cells.values())

    @property
    def fen(self) -> int:
        """All that is planned."""
        return sum(money for _, _, cells in self.rows for _, money in cells.values())


def read_plan_table(sheets: Sequence[Sheet]) -> PlanTable:
    """Read the first sheet with columns such as ``C级户数`` and ``C级补助资金(万元)``.

    The unit stands in the heading, 元 without one. An empty cell is nothing planned. A place that stands in two rows, a
    cell that cannot be read and a total that is not the sum of its row are problems, whatever else is right.

    Raises
    ------
    RenovationUnfit
        If no sheet is such a table, or it has no rows.
    """
    sheet, place, parts, sums = _columns(sheets)
    rows: list[tuple[int, str, dict[str, tuple[int, int]]]] = []
    problems: list[RenovationUnfit] = []
    seen: dict[str, int] = {}
    for no, values in zip(sheet.rows, sheet.frame.itertuples(index=False, name=None), strict=True):
        if values[place] is None:
            continue
        row = _row(sheet, int(no), values, place, parts, sums, problems)
        if row[1] in seen:
            problems.append(
                _unfit(
                    sheet,
                    row[0],
                    place,
                    f"“{row[1]}”在第 {seen[row[1]]} 行已有",
                    f"'{row[1]}' stands in row {seen[row[1]]} already",
                )
            )
        seen.setdefault(row[1], row[0])
        rows.append(row)
    if not rows:
        raise RenovationUnfit(
            Text(
                f"没有导入：表“{sheet.name}”没有一行计划。", f"Not imported: sheet '{sheet.name}' has no row of a plan."
            ),
            sheet=sheet.name,
        )
    return PlanTable(rows, problems[:MOST_PROBLEMS])


def _columns(sheets: Sequence[Sheet]) -> tuple[Sheet, int, dict[int, re.Match[str]], dict[int, re.Match[str]]]:
    for sheet in sheets:
        names = [re.sub(r"\s", "", str(name)) for name in sheet.frame.columns]
        place = next((names.index(word) for word in _PLACE if word in names), None)
        parts = {at: found for at, name in enumerate(names) if (found := _HEADING.fullmatch(name))}
        if place is None or not parts:
            continue
        sums = {at: found for at, name in enumerate(names) if (found := _SUM.fullmatch(name))}
        return sheet, place, parts, sums
    told = "、".join(str(name) for sheet in sheets for name in sheet.frame.columns)[:300] or "—"
    raise RenovationUnfit(
        Text(
            f"没有导入：计划表须有“乡镇”和“C级户数”“C级补助资金(万元)”一类的列，文件里是：{told}。",
            "Not imported: a plan needs a column of townships (乡镇) and columns such as C级户数 and "
            f"C级补助资金(万元); the file has: {told}.",
        ),
        found=told,
    )


def _row(
    sheet: Sheet,
    no: int,
    values: tuple[Any, ...],
    place: int,
    parts: dict[int, Any],
    sums: dict[int, Any],
    problems: list[RenovationUnfit],
) -> tuple[int, str, dict[str, tuple[int, int]]]:
    counts = dict.fromkeys(_GRADES.values(), 0)
    money = dict.fromkeys(_GRADES.values(), 0)
    before = len(problems)
    for at, found in parts.items():
        if values[at] is None:
            continue
        grade = _GRADES[found[1]]
        try:
            amount = _cell(sheet, no, at, values[at], found[2], found[3])
        except RenovationUnfit as problem:
            problems.append(problem)
            continue
        (counts if found[2] == "户数" else money)[grade] += amount
    for at, found in sums.items():
        if values[at] is None:
            continue
        try:
            told = _cell(sheet, no, at, values[at], found[1], found[2])
        except RenovationUnfit as problem:
            problems.append(problem)
            continue
        added = sum((counts if found[1] == "户数" else money).values())
        if told != added and len(problems) == before:
            shown = (str(told), str(added)) if found[1] == "户数" else (yuan(told), yuan(added))
            problems.append(
                _unfit(
                    sheet,
                    no,
                    at,
                    f"合计为 {shown[0]}，各项相加是 {shown[1]}",
                    f"the total says {shown[0]}, the parts add up to {shown[1]}",
                )
            )
    cells = {grade: (counts[grade], money[grade]) for grade in counts if counts[grade] or money[grade]}
    return no, str(values[place]).strip(), cells


def _cell(sheet: Sheet, no: int, at: int, value: Any, what: str, unit: str | None) -> int:
    try:
        if what == "户数":
            number = fen_of(str(value), unit=1)
            return number
        return fen_of(str(value), unit=_UNIT[unit])
    except RenovationUnfit as error:
        raise _unfit(sheet, no, at, f"“{value}”读不懂", f"'{value}' cannot be read") from error


def _unfit(sheet: Sheet, no: int, at: int, zh: str, en: str) -> RenovationUnfit:
    column = str(sheet.frame.columns[at])
    return RenovationUnfit(
        Text(
            f"没有导入：表“{sheet.name}”第 {no} 行“{column}”：{zh}。",
            f"Not imported: sheet '{sheet.name}', row {no}, column '{column}': {en}.",
        ),
        sheet=sheet.name,
        row=no,
        column=column,
    )
