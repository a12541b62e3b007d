"""Monitoring and petitions as files for a report to the county: plain rows under headings, names masked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from data.formulas import guarded, printable
from data.masks import mask_name
from data.monitoring.listing import MOST_ROWS, MonitorWish, RoundCounts, monitored_page
from data.petitions import MOST_ROWS as MOST_PETITIONS
from data.petitions import PetitionWish, petition_list
from data.rules.words import (
    AID_GROUP,
    MONITOR_FOLLOW,
    MONITOR_STAGE,
    PETITION_CAUSE,
    PETITION_CHANNEL,
    SATISFACTION,
)

SUMMARY = ("村", "监测户数", "已排查", "上报疑似及以后", "已鉴定及以后", "待销号", "已销号", "逾期")
HOUSEHOLDS = (
    "序号",
    "村",
    "户编号",
    "户主姓名",
    "对象类别",
    "环节",
    "本环节期限",
    "是否逾期",
    "排查日期",
    "疑似情况",
    "鉴定日期",
    "鉴定等级",
    "处置方式",
    "销号日期",
)
PETITIONS = (
    "序号",
    "收到日期",
    "渠道",
    "信访人",
    "村",
    "户编号",
    "事项类别",
    "责任单位",
    "办理期限",
    "答复日期",
    "评价",
)
_AFTER_REPORT = ("reported", "appraised", "following", "followed", "closed")
_AFTER_APPRAISAL = _AFTER_REPORT[1:]


def monitoring_workbook(
    session: Session, wish: MonitorWish, counts: RoundCounts, today: date, title: str, note: str
) -> bytes:
    """A round as a workbook: one sheet of villages with numerators and denominators, one of households.

    Parameters
    ----------
    title, note : str
        First and second row of each sheet: which round, and of which day.
    """
    summary = [
        [
            one.village or ("合计" if one is counts.all else "不在任何村"),
            one.total,
            one.checked,
            sum(one.by_stage[stage] for stage in _AFTER_REPORT),
            sum(one.by_stage[stage] for stage in _AFTER_APPRAISAL),
            one.by_stage["followed"],
            one.by_stage["closed"],
            sum(one.late.values()),
        ]
        for one in (*counts.villages, counts.all)
    ]
    rows, _page, _pages, _found = monitored_page(session, wish, today, size=MOST_ROWS)
    households = [
        [
            number,
            row["village"],
            row["household_code"],
            mask_name(row["head_name"] or ""),
            AID_GROUP[row["aid_group"]].zh if row["aid_group"] in AID_GROUP else row["aid_group"],
            MONITOR_STAGE[row["stage"]].zh,
            row["due_on"],
            "是" if row["late"] else "否",
            row["checked_on"],
            row["suspected"],
            row["appraised_on"],
            row["result"],
            MONITOR_FOLLOW[row["follow"]].zh if row["follow"] else None,
            row["closed_on"],
        ]
        for number, row in enumerate(rows, start=1)
    ]
    return _book(title, note, (("监测汇总", SUMMARY, summary), ("监测对象明细", HOUSEHOLDS, households)))


def petition_file(session: Session, wish: PetitionWish, today: date, form: str, title: str, note: str) -> bytes:
    """Petitions as ``csv`` (UTF-8 with byte order mark) or ``xlsx``, dissatisfied first; names masked, no contact."""
    found = petition_list(session, wish, today, size=MOST_PETITIONS)
    rows = [
        [
            number,
            row["received_on"],
            PETITION_CHANNEL[row["channel"]].zh,
            row["petitioner"],
            row["village"],
            row["household_code"],
            PETITION_CAUSE[row["cause"]].zh,
            row["unit"],
            row["due_on"],
            row["answered_on"],
            SATISFACTION[row["satisfaction"]].zh,
        ]
        for number, row in enumerate(found.rows, start=1)
    ]
    if form == "xlsx":
        return _book(title, note, (("信访台账", PETITIONS, rows),))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(PETITIONS)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _plain(value: Any) -> Any:
    return guarded(value) if isinstance(value, str) else value.isoformat() if isinstance(value, date) else value


def _book(title: str, note: str, sheets: Iterable[tuple[str, Sequence[str], Sequence[Sequence[Any]]]]) -> bytes:
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook(write_only=True)
    for name, headings, rows in sheets:
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A4"
        for at in range(1, len(headings) + 1):
            sheet.column_dimensions[get_column_letter(at)].width = 14

        def typed(value: Any, *, bold: bool = False, sheet: Any = sheet) -> Any:
            value = _plain(value)
            if not isinstance(value, str):
                return value
            cell = WriteOnlyCell(sheet, value=printable(value))
            cell.data_type, cell.number_format = "s", "@"
            if bold:
                cell.font = Font(bold=True)
            return cell

        sheet.append([typed(title, bold=True)])
        sheet.append([typed(note)])
        sheet.append([typed(heading, bold=True) for heading in headings])
        for row in rows:
            sheet.append([typed(value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
