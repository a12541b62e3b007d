"""The visit ledger (入户走访台账) as a workbook, in the headings of the registers of townships."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.formulas import guarded, printable
from data.local_time import ZONE
from data.masks import mask_name
from data.rules.words import KEY_GROUP, MODE, OUTCOME, SUSPECT, VERDICT
from data.visit_ledger import CHOSEN, SHOWN, LedgerWish, keys_of
from geo.errors import FangtuError, Text

# A sheet of a workbook holds 1,048,576 rows; long before that nobody reads it.
MOST_ROWS = 200_000
# Headings as registers of townships have them, all known to the importer.
HEADINGS = (
    "序号", "走访编号", "行政村", "自然村", "网格名称", "户编号", "户主姓名", "重点人群", "开始时间", "结束时间",
    "走访时长（分钟）", "走访方式", "远程原因", "走访人员", "走访员类型", "陪同人员", "走访结果", "反映问题",
    "当场解决（条）", "系统判定", "系统存疑", "备注",
)  # fmt: skip
_WIDTHS = (6, 38, 14, 12, 14, 14, 10, 16, 17, 17, 10, 9, 16, 12, 14, 16, 12, 30, 10, 14, 16, 24)
# What households raised, in words, and how much of it was solved on the spot. Read by itself, once: behind row-level
# security the planner expects one demand in all, and joined it may go through all of them anew for each visit.
_RAISED = """
    select visit_id, string_agg(words, '；' order by raised_at, id) as raised,
           count(*) filter (where solved) || '/' || count(*) as solved
      from demand
     where campaign_id = :campaign and jur >= :lo and jur < :hi and visit_id is not null group by visit_id"""
_ROWS = SHOWN.replace("v.no as id,", "v.no as id, v.id as uuid,").format(chosen=CHOSEN, ordered="")
_NOTHING = (None, None)


class LedgerTooLong(FangtuError):
    """More visits than a workbook is made of; nothing was written."""

    code = "ledger_too_long"


def write_ledger(session: Session, wish: LedgerWish, path: Path, title: str, note: str) -> int:
    """Write the ledger as a workbook: title, a line on what it holds, headings, one row for each visit, a total.

    Parameters
    ----------
    wish : LedgerWish
        What is written; never more than row-level security shows.
    path : Path
        File to write (.xlsx).
    title, note : str
        First and second row: what is listed, and of when it is.

    Returns
    -------
    int
        Rows written. Names are masked whoever asks; text a spreadsheet might run has a quote before it.

    Raises
    ------
    LedgerTooLong
        If there are more than :data:`MOST_ROWS` visits.
    """
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    keys = keys_of(wish)
    # Told before anything is read: a workbook nobody opens is not begun.
    n = int(session.scalar(text(f"select count(*) from (select 1 {CHOSEN} limit {MOST_ROWS + 1}) q"), keys) or 0)
    if n > MOST_ROWS:
        raise LedgerTooLong(
            Text(
                f"走访超过 {MOST_ROWS} 条，一张表放不下。请选一个乡镇、村或日期范围。",
                f"There are more than {MOST_ROWS} visits, too many for one sheet. Choose a smaller area or days.",
            ),
            expected=MOST_ROWS,
        )
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("入户走访台账")
    sheet.freeze_panes = "A4"
    for at, width in enumerate(_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = width

    def typed(value: Any, *, bold: bool = False, size: int | None = None) -> Any:
        if isinstance(value, float):  # minutes: kept as they are, shown as on the page
            cell = WriteOnlyCell(sheet, value=value)
            cell.number_format = "0"
            return cell
        if not isinstance(value, str):
            return value
        cell = WriteOnlyCell(sheet, value=printable(value))
        cell.data_type, cell.number_format = "s", "@"
        if bold:
            cell.font = Font(bold=True, size=size or 11)
            cell.alignment = Alignment(vertical="center", wrap_text=size is None)
        return cell

    sheet.append([typed(guarded(title), bold=True, size=16)])
    sheet.append([typed(guarded(note))])
    sheet.append([typed(heading, bold=True) for heading in HEADINGS])
    raised = {row.visit_id: (row.raised, row.solved) for row in session.execute(text(_RAISED), keys)}
    visits = session.execute(
        text(_ROWS),
        keys,
        execution_options={"yield_per": 2000},
    )
    for number, row in enumerate(visits, start=1):
        sheet.append([typed(value) for value in _cells(number, row, *raised.get(row.uuid, _NOTHING))])
    sheet.append([typed("合计"), typed(f"共 {n} 条")])
    book.save(path)
    return n


def _cells(number: int, row: Row[Any], raised: str | None, solved: str | None) -> Iterator[Any]:
    yield number
    for value in (
        str(row.uuid),
        row.village,
        row.natural_village,
        row.grid,
        row.household_code,
        mask_name(row.head_name or ""),
        "、".join(KEY_GROUP[key].zh if key in KEY_GROUP else key for key in row.key_groups or ()),
        _moment(row.started_at),
        _moment(row.ended_at),
    ):
        yield guarded(value) if value else None
    yield row.minutes
    for value in (
        MODE[row.mode].zh,
        row.reason,
        row.visitor,
        row.visitor_kind,
        row.companions,
        OUTCOME[row.outcome].zh if row.outcome in OUTCOME else row.outcome,
        raised,
        solved,
        _verdict(row),
        "、".join(SUSPECT[key].zh if key in SUSPECT else key for key in row.suspect),
        row.remark,
    ):
        yield guarded(value) if value else None


def _verdict(row: Row[Any]) -> str:
    # Nothing is counted for a house nobody knows, however long the visit was.
    if row.counts and row.household_id is None:
        return "对不上农户"
    return VERDICT[row.verdict].zh if row.verdict in VERDICT else str(row.verdict)


def _moment(moment: datetime | None) -> str | None:
    """Local day and time to the last digit there is: what is cut off would be a change when the file comes back."""
    return moment.astimezone(ZONE).replace(tzinfo=None).isoformat(" ") if moment else None
