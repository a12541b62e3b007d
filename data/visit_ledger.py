"""The visit ledger (入户走访台账): every visit of a round, newest first, as a page and as a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.formulas import guarded, printable
from data.local_time import ZONE
from data.masks import mask_name
from data.rules.words import KEY_GROUP, MODE, OUTCOME, SUSPECT, VERDICT
from geo.errors import FangtuError, Text

PAGE = 50
# Beyond this a list says "more than" instead of counting on.
MOST_COUNTED = 10_000
# A sheet of a workbook holds 1,048,576 rows; long before that nobody reads it.
MOST_ROWS = 200_000
# Of a smaller area all visits are sorted; of a larger one they are walked through newest first.
_FEW = 20_000


class LedgerTooLong(FangtuError):
    """More visits than a workbook is made of; nothing was written."""

    code = "ledger_too_long"


@dataclass(frozen=True)
class LedgerWish:
    """Which visits of a round are asked for; empty words ask for all.

    Attributes
    ----------
    within : (int, int)
        Range of jurisdiction numbers.
    counts : str
        ``yes`` for visits that count, ``no`` for those that do not (or are of no known household), ``suspect`` for
        those in doubt.
    mode, outcome, kind, key_group : str
        A code of ``data.rules.words``; ``kind`` is a kind of visitor as recorded, ``key_group`` one of the household.
    first, last : date or None
        Local days the visit began on, both included.
    """

    campaign_id: int
    round_no: int
    within: tuple[int, int]
    counts: str = ""
    mode: str = ""
    outcome: str = ""
    kind: str = ""
    key_group: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether anything but round and area limits the visits."""
        return bool(self.counts or self.mode or self.outcome or self.kind or self.key_group or self.first or self.last)


@dataclass(frozen=True)
class LedgerPage:
    """One page of the ledger; ``total`` is exact up to :data:`MOST_COUNTED`, else ``more`` is set."""

    rows: list[Row[Any]]
    total: int
    more: bool
    page: int

    @property
    def pages(self) -> int:
        """Pages that can be turned to, at least one."""
        return max(1, -(-self.total // PAGE))


_BEGAN = "coalesce(v.started_at, v.ended_at) at time zone 'Asia/Shanghai'"
_CHOSEN = f"""
    from visit v
   where v.campaign_id = :campaign and v.round_no = :round and v.jur >= :lo and v.jur < :hi
     and v.superseded_by is null
     and (:counts = '' or (:counts = 'yes' and v.counts and v.household_id is not null)
          or (:counts = 'no' and not (v.counts and v.household_id is not null))
          or (:counts = 'suspect' and v.suspect <> '{{}}'))
     and (:mode = '' or v.mode = :mode) and (:outcome = '' or v.outcome = :outcome)
     and (:kind = '' or v.visitor_kind = :kind)
     and (cast(:first as date) is null or {_BEGAN} >= cast(:first as date))
     and (cast(:last as date) is null or {_BEGAN} < cast(:last as date) + 1)
     and (:key_group = '' or exists (
            select 1 from household g where g.id = v.household_id and :key_group = any (g.key_groups)))"""
_SHOWN = """
    select v.no as id, v.household_id, coalesce(h.code, v.household_ref) as household_code, h.head_name, h.key_groups,
           a.name as village, s.name as natural_village, g.name as grid, v.started_at, v.ended_at, v.minutes, v.mode,
           v.reason, v.outcome, v.visitor, v.visitor_kind, v.companions, v.verdict, v.counts, v.suspect, v.ruling,
           v.remark, st_x(v.geom) as lon, st_y(v.geom) as lat, st_x(h.geom) as home_lon, st_y(h.geom) as home_lat
      from (select v.* {chosen} {ordered}) v
      left join household h on h.id = v.household_id
      left join area a on a.id = h.village_id
      left join area s on s.id = h.group_id
      left join grid g on g.id = h.grid_id
     order by v.ended_at desc nulls last, v.no desc"""
_NEWEST = "order by v.ended_at desc nulls last, v.no desc"


def ledger_page(session: Session, wish: LedgerWish, page: int = 1) -> LedgerPage:
    """One page of the ledger, newest first; corrected visits are shown as corrected, not twice.

    A page past the end is the last one.
    """
    keys = _keys(wish)
    total, more = _total(session, wish, keys)
    page = min(page, max(1, -(-total // PAGE)))
    if total > _FEW or more:
        # Otherwise the planner, which expects one row behind row-level security, reads and sorts all of them.
        session.execute(text("set local enable_sort = off"))
    rows = session.execute(
        text(_SHOWN.format(chosen=_CHOSEN, ordered=f"{_NEWEST} limit :limit offset :skip")),
        {**keys, "limit": PAGE, "skip": PAGE * (page - 1)},
    ).all()
    session.execute(text("set local enable_sort = on"))
    return LedgerPage(list(rows), total, more, page)


def visitor_kinds(session: Session, wish: LedgerWish) -> list[str]:
    """Kinds of visitors there are in the round and area, for the filter."""
    return list(
        session.scalars(
            text("""
                select distinct kind from coverage_part
                 where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi
                   and kind not in ('', '-') order by kind"""),
            {"campaign": wish.campaign_id, "round": wish.round_no, "lo": wish.within[0], "hi": wish.within[1]},
        )
    )


# Headings as registers of townships have them, all known to the importer.
HEADINGS = (
    "序号", "走访编号", "行政村", "自然村", "网格名称", "户编号", "户主姓名", "重点人群", "开始时间", "结束时间",
    "走访时长（分钟）", "走访方式", "远程原因", "走访人员", "走访员类型", "陪同人员", "走访结果", "反映问题",
    "当场解决（条）", "系统判定", "系统存疑", "备注",
)  # fmt: skip
_WIDTHS = (6, 38, 14, 12, 14, 14, 10, 16, 17, 17, 10, 9, 16, 12, 14, 16, 12, 30, 10, 14, 16, 24)
# What households raised, in words, and how much of it was solved on the spot: once for all visits of the ledger.
_RAISED = """
      left join (select d.visit_id, string_agg(d.words, '；' order by d.raised_at, d.id) as raised,
                        count(*) filter (where d.solved) || '/' || count(*) as solved
                   from demand d where d.campaign_id = :campaign and d.jur >= :lo and d.jur < :hi
                  group by d.visit_id) w on w.visit_id = v.id
      left join household h"""


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

    keys = _keys(wish)
    # Told before anything is read: a workbook nobody opens is not begun.
    n = int(session.scalar(text(f"select count(*) from (select 1 {_CHOSEN} limit {MOST_ROWS + 1}) q"), keys) or 0)
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
    visits = session.execute(
        text(
            _SHOWN.replace("v.no as id,", "v.no as id, v.id as uuid, w.raised, w.solved,")
            .replace("\n      left join household h", _RAISED, 1)
            .format(chosen=_CHOSEN, ordered="")
        ),
        keys,
        execution_options={"yield_per": 2000},
    )
    for number, row in enumerate(visits, start=1):
        sheet.append([typed(value) for value in _cells(number, row)])
    sheet.append([typed("合计"), typed(f"共 {n} 条")])
    book.save(path)
    return n


def _cells(number: int, row: Row[Any]) -> Iterator[Any]:
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
        row.raised,
        row.solved,
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


def _keys(wish: LedgerWish) -> dict[str, Any]:
    return {
        "campaign": wish.campaign_id,
        "round": wish.round_no,
        "lo": wish.within[0],
        "hi": wish.within[1],
        **{name: getattr(wish, name) for name in ("counts", "mode", "outcome", "kind", "key_group", "first", "last")},
    }


def _total(session: Session, wish: LedgerWish, keys: dict[str, Any]) -> tuple[int, bool]:
    """How many visits there are: kept counts where nothing filters them, else counted up to a bound."""
    if not wish.is_filtered:
        known = session.scalar(
            text("""
                select coalesce(sum(valid + suspect + other), 0) from visit_tally
                 where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi"""),
            keys,
        )
        return int(known or 0), False
    counted = text(f"select count(*) from (select 1 {_CHOSEN} limit {MOST_COUNTED + 1}) q")
    n = int(session.scalar(counted, keys) or 0)
    return min(n, MOST_COUNTED), n > MOST_COUNTED
