"""The plan of a year (年度计划): households and money by township and grade, from the table a county publishes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.renovation.funds import fen_of, yuan
from data.renovation.unfit import RenovationUnfit, clean_words, lacking
from data.rules.gates import PAY_WITHIN_DAYS
from data.tables import Area, RenovationPlan, RenovationPlanLine
from geo.errors import Text

if TYPE_CHECKING:
    from geo.files import Sheet

_GRADES = {"C级": "C", "D级": "D", "无房户": "none"}
_HEADING = re.compile(r"(C级|D级|无房户)(户数|补助资金|资金)(?:[（(](万元|元)[）)])?")
_SUM = re.compile(r"总(户数|补助资金|资金)(?:[（(](万元|元)[）)])?")
_UNIT = {"万元": 1_000_000, "元": 100, None: 100}
_PLACE = ("乡镇、街道", "乡镇街道", "乡镇", "镇街", "单位")


@dataclass(frozen=True)
class PlanRead:
    """A plan as it was taken over: its key, lines, and what they add up to.

    Attributes
    ----------
    plan_id : int
    areas : int
        Rows of the table.
    households, fen : int
        Their sums.
    unknown : list of str
        Names that are no township of the area; their lines stay under the name.
    """

    plan_id: int
    areas: int
    households: int
    fen: int
    unknown: list[str]


def take_plan(
    session: Session,
    asker: Asker | None,
    *,
    area_id: int,
    year: int,
    name: str,
    sheets: Sequence[Sheet],
    pay_within_days: int = PAY_WITHIN_DAYS,
    complete_by: date | None = None,
    source: str | None = None,
) -> PlanRead:
    """Take over the plan of an area and year; one that stands is replaced by it.

    Parameters
    ----------
    sheets : sequence of Sheet
        The file as read. The first sheet with columns such as ``C级户数`` and ``C级补助资金(万元)`` is taken; the unit
        stands in the heading, 元 without one. An empty cell is nothing planned.

    Raises
    ------
    RecordUnknown
        If the asker does not answer for the whole area.
    RenovationUnfit
        If no sheet is such a table, or a cell or a row's own total does not add up: sheet, row and column are named.
    """
    area = session.execute(select(Area.jur, Area.jur_end).where(Area.id == area_id)).one_or_none()
    if area is None or (asker is not None and not asker.covers(area.jur, area.jur_end)):
        raise RecordUnknown
    if not 2000 <= year <= 2100:
        raise lacking("year", f"年度“{year}”应为四位年份", f"'{year}' is no year", found=year)
    if not 1 <= pay_within_days <= 3650:
        raise lacking("pay_within_days", "付款天数应为 1 至 3650", "days to pay are 1 to 3650", found=pay_within_days)
    rows = _read(sheets)
    towns = {
        town.name: town
        for town in session.execute(
            select(Area.id, Area.name, Area.jur, Area.jur_end).where(
                Area.level == "township", Area.valid_to.is_(None), Area.jur >= area.jur, Area.jur_end <= area.jur_end
            )
        )
    }
    plan = session.scalar(select(RenovationPlan).where(RenovationPlan.area_id == area_id, RenovationPlan.year == year))
    if plan is None:
        plan = RenovationPlan(
            area_id=area_id,
            jur=area.jur,
            jur_end=area.jur_end,
            year=year,
            name="",
            revision=0,
            account_id=asker.account_id if asker else None,
        )
        session.add(plan)
    plan.name = clean_words(name, 200) or f"{year}"
    plan.pay_within_days, plan.complete_by = pay_within_days, complete_by
    plan.source = clean_words(source)
    plan.revision += 1
    session.flush()
    session.execute(delete(RenovationPlanLine).where(RenovationPlanLine.plan_id == plan.id))
    for no, place, cells in rows:
        town = towns.get(place)
        session.add_all(
            RenovationPlanLine(
                plan_id=plan.id,
                no=no,
                grade=grade,
                jur=town.jur if town else area.jur,
                jur_end=town.jur_end if town else area.jur_end,
                area_id=town.id if town else None,
                stated_area=place,
                households=households,
                fen=fen,
            )
            for grade, (households, fen) in cells.items()
        )
    session.flush()
    households = sum(n for _, _, cells in rows for n, _ in cells.values())
    fen = sum(money for _, _, cells in rows for _, money in cells.values())
    record(
        session,
        act="plan_take",
        object_kind="renovation_plan",
        object_id=plan.id,
        details={"households": households, "fen": fen},
        jur=area.jur,
    )
    return PlanRead(plan.id, len(rows), households, fen, [place for _, place, _ in rows if place not in towns])


def plan_totals(session: Session, plan_id: int) -> dict[str, Any]:
    """Planned households and fen of a plan by grade, and what sites of its area and year there are beside them."""
    rows = session.execute(
        text("""
            select l.grade, sum(l.households)::integer as households, sum(l.fen)::bigint as fen,
                   (select count(*) from renovation_site s join renovation_plan p on p.id = :id
                     where s.jur >= p.jur and s.jur < p.jur_end and s.year = p.year
                       and coalesce(s.grade_before, 'none') = l.grade)::integer as sites
              from renovation_plan_line l where l.plan_id = :id group by l.grade order by l.grade"""),
        {"id": plan_id},
    ).all()
    return {
        "households": sum(row.households for row in rows),
        "fen": sum(row.fen for row in rows),
        "by_grade": {row.grade: {"households": row.households, "fen": row.fen, "sites": row.sites} for row in rows},
    }


def _read(sheets: Sequence[Sheet]) -> list[tuple[int, str, dict[str, tuple[int, int]]]]:
    for sheet in sheets:
        names = [re.sub(r"\s", "", str(name)) for name in sheet.frame.columns]
        place = next((names.index(word) for word in _PLACE if word in names), None)
        parts = {at: found for at, name in enumerate(names) if (found := _HEADING.fullmatch(name))}
        if place is None or not parts:
            continue
        sums = {at: found for at, name in enumerate(names) if (found := _SUM.fullmatch(name))}
        return [
            _row(sheet, int(no), values, place, parts, sums)
            for no, values in zip(sheet.rows, sheet.frame.itertuples(index=False, name=None), strict=True)
            if values[place] is not None
        ]
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
    sheet: Sheet, no: int, values: tuple[Any, ...], place: int, parts: dict[int, Any], sums: dict[int, Any]
) -> tuple[int, str, dict[str, tuple[int, int]]]:
    counts = dict.fromkeys(_GRADES.values(), 0)
    money = dict.fromkeys(_GRADES.values(), 0)
    for at, found in parts.items():
        if values[at] is None:
            continue
        grade = _GRADES[found[1]]
        amount = _cell(sheet, no, at, values[at], found[2], found[3])
        (counts if found[2] == "户数" else money)[grade] += amount
    for at, found in sums.items():
        if values[at] is None:
            continue
        told = _cell(sheet, no, at, values[at], found[1], found[2])
        added = sum((counts if found[1] == "户数" else money).values())
        if told != added:
            shown = (str(told), str(added)) if found[1] == "户数" else (yuan(told), yuan(added))
            raise _unfit(
                sheet,
                no,
                at,
                f"合计为 {shown[0]}，各项相加是 {shown[1]}",
                f"the total says {shown[0]}, the parts add up to {shown[1]}",
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
