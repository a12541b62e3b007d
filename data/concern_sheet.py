"""The list of sites of concern (环境整治台账) as a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell

from data.formulas import guarded, printable
from data.rules.concerns import STATE
from data.rules.marks import KIND
from geo.errors import Text

_COLUMNS = (
    ("no", Text("编号", "No.")),
    ("village", Text("村", "Village")),
    ("kind", Text("类型", "Kind")),
    ("state", Text("整治状态", "State")),
    ("relapses", Text("反弹次数", "Relapses")),
    ("found_on", Text("发现日期", "Found on")),
    ("seen_on", Text("最近观测", "Last seen")),
    ("look_by", Text("应再观测", "See again by")),
    ("responsible", Text("责任人", "Who answers")),
    ("due_on", Text("整治期限", "Deadline")),
    ("overdue", Text("超期", "Overdue")),
    ("remark", Text("备注", "Remark")),
    ("lon", Text("经度", "Longitude")),
    ("lat", Text("纬度", "Latitude")),
)
_YES = Text("是", "yes")


def write_concerns(rows: Iterable[dict[str, Any]], out: Path, language: str) -> int:
    """Write rows of :func:`data.concerns.concern_rows`; days and numbers as such, words as text and never as formulas.

    Returns
    -------
    int
        How many rows were written.
    """
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("concerns")
    sheet.freeze_panes = "A2"

    def typed(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        cell = WriteOnlyCell(sheet, value=printable(value))
        cell.data_type = "s"
        cell.number_format = "@"
        return cell

    sheet.append([typed(heading.in_language(language)) for _name, heading in _COLUMNS])
    written = 0
    for row in rows:
        told = {
            **row,
            "kind": KIND[row["kind"]].in_language(language),
            "state": STATE[row["state"]].in_language(language),
            "overdue": _YES.in_language(language) if row["overdue"] else None,
        }
        sheet.append([typed(_safe(told[name])) for name, _heading in _COLUMNS])
        written += 1
    book.save(out)
    return written


def _safe(value: Any) -> Any:
    return guarded(value) if isinstance(value, str) else value
