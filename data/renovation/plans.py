"""The plan of a year (年度计划): households and money by township and grade, version by version.

A plan is read into a version, which is looked at and then taken over or let go. What it takes the place of stays as a
version too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, delete, func, select, text, update
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.renovation.plan_tables import PlanTable, read_plan_table
from data.renovation.unfit import RenovationUnfit, clean_words, lacking
from data.rules.gates import PAY_WITHIN_DAYS
from data.tables import Area, RenovationPlan, RenovationPlanLine, RenovationPlanVersion
from geo.errors import Text

if TYPE_CHECKING:
    from geo.files import Sheet


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
    """Take over the plan of an area and year at once; one that stands is replaced by it and stays as a version.

    Parameters
    ----------
    sheets : sequence of Sheet
        The file as read (:func:`data.renovation.plan_tables.read_plan_table`).

    Raises
    ------
    RecordUnknown
        If the asker does not answer for the whole area.
    RenovationUnfit
        If no sheet is such a table, or a cell or a row's own total does not add up: sheet, row and column are named.
    """
    table = read_plan_table(sheets)
    if table.problems:
        raise table.problems[0]
    version = draft_plan(
        session,
        asker,
        area_id=area_id,
        year=year,
        name=name,
        table=table,
        pay_within_days=pay_within_days,
        complete_by=complete_by,
        source=source,
    )
    plan = apply_plan(session, asker, version)
    known = _towns(session, *_range_of(session, asker, area_id))
    unknown = [place for _, place, _ in table.rows if place not in known]
    return PlanRead(plan, len(table.rows), table.households, table.fen, unknown)


def draft_plan(
    session: Session,
    asker: Asker | None,
    *,
    area_id: int,
    year: int,
    name: str,
    table: PlanTable,
    pay_within_days: int = PAY_WITHIN_DAYS,
    complete_by: date | None = None,
    source: str | None = None,
) -> int:
    """Keep a plan that was read as a draft, to be looked at; drafts of the same area and year are let go.

    Returns
    -------
    int
        Key of the version.

    Raises
    ------
    RecordUnknown
        If the asker does not answer for the whole area.
    RenovationUnfit
        If the table has problems, or year or days are none.
    """
    if table.problems:
        raise table.problems[0]
    jur, jur_end = _range_of(session, asker, area_id)
    if not 2000 <= year <= 2100:
        raise lacking("year", f"年度“{year}”应为四位年份", f"'{year}' is no year", found=year)
    if not 1 <= pay_within_days <= 3650:
        raise lacking("pay_within_days", "付款天数应为 1 至 3650", "days to pay are 1 to 3650", found=pay_within_days)
    towns = _towns(session, jur, jur_end)
    session.execute(
        update(RenovationPlanVersion)
        .where(
            RenovationPlanVersion.area_id == area_id,
            RenovationPlanVersion.year == year,
            RenovationPlanVersion.state == "draft",
        )
        .values(state="dropped")
    )
    made = RenovationPlanVersion(
        area_id=area_id,
        jur=jur,
        jur_end=jur_end,
        year=year,
        name=clean_words(name, 200) or f"{year}",
        pay_within_days=pay_within_days,
        complete_by=complete_by,
        source=clean_words(source),
        households=table.households,
        fen=table.fen,
        lines=[
            {
                "no": no,
                "place": place,
                "area_id": towns[place].id if place in towns else None,
                "grade": grade,
                "households": households,
                "fen": fen,
            }
            for no, place, cells in table.rows
            for grade, (households, fen) in cells.items()
        ],
        account_id=asker.account_id if asker else None,
    )
    session.add(made)
    session.flush()
    record(
        session,
        act="plan_draft",
        object_kind="renovation_plan_version",
        object_id=made.id,
        details={"households": table.households, "fen": table.fen, "year": year},
        jur=jur,
    )
    return made.id


def apply_plan(session: Session, asker: Asker | None, version_id: int) -> int:
    """Take a draft over as the plan of its area and year; the one that held is kept as replaced.

    Returns
    -------
    int
        Key of the plan.

    Raises
    ------
    RecordUnknown
        If the asker sees no such version, or does not answer for the whole area.
    RenovationUnfit
        If it is no draft any more.
    """
    version = _draft(session, asker, version_id)
    session.execute(
        update(RenovationPlanVersion)
        .where(
            RenovationPlanVersion.area_id == version.area_id,
            RenovationPlanVersion.year == version.year,
            RenovationPlanVersion.state == "applied",
        )
        .values(state="replaced")
    )
    version.state, version.applied_at = "applied", func.now()
    plan = session.scalar(
        select(RenovationPlan)
        .where(RenovationPlan.area_id == version.area_id, RenovationPlan.year == version.year)
        .with_for_update()
    )
    if plan is None:
        plan = RenovationPlan(
            area_id=version.area_id,
            jur=version.jur,
            jur_end=version.jur_end,
            year=version.year,
            name="",
            revision=0,
            account_id=asker.account_id if asker else None,
        )
        session.add(plan)
    plan.name, plan.source = version.name, version.source
    plan.pay_within_days, plan.complete_by = version.pay_within_days, version.complete_by
    plan.revision += 1
    session.flush()
    session.execute(delete(RenovationPlanLine).where(RenovationPlanLine.plan_id == plan.id))
    ranges = {
        row.id: (row.jur, row.jur_end)
        for row in session.execute(
            select(Area.id, Area.jur, Area.jur_end).where(Area.id.in_([line["area_id"] for line in version.lines]))
        )
    }
    for line in version.lines:
        jur, jur_end = ranges.get(line["area_id"], (version.jur, version.jur_end))
        session.add(
            RenovationPlanLine(
                plan_id=plan.id,
                no=line["no"],
                grade=line["grade"],
                jur=jur,
                jur_end=jur_end,
                area_id=line["area_id"],
                stated_area=line["place"],
                households=line["households"],
                fen=line["fen"],
            )
        )
    session.flush()
    record(
        session,
        act="plan_take",
        object_kind="renovation_plan",
        object_id=plan.id,
        details={"households": version.households, "fen": version.fen, "version": version.id},
        jur=version.jur,
    )
    return plan.id


def drop_plan(session: Session, asker: Asker | None, version_id: int) -> None:
    """Let a draft go; it stays as a version that was never taken over."""
    version = _draft(session, asker, version_id)
    version.state = "dropped"
    session.flush()
    record(
        session,
        act="plan_drop",
        object_kind="renovation_plan_version",
        object_id=version.id,
        details={"year": version.year},
        jur=version.jur,
    )


def _draft(session: Session, asker: Asker | None, version_id: int) -> RenovationPlanVersion:
    version = session.scalar(
        select(RenovationPlanVersion).where(RenovationPlanVersion.id == version_id).with_for_update()
    )
    if version is None or (asker is not None and not asker.covers(version.jur, version.jur_end)):
        raise RecordUnknown
    if version.state != "draft":
        raise RenovationUnfit(
            Text(
                "没有保存：这一版计划已应用或已放弃。如需更改，请重新上传。",
                "Not saved: this version was taken over or let go. Send the file again to change the plan.",
            ),
            found=version.state,
            expected="draft",
        )
    return version


def _range_of(session: Session, asker: Asker | None, area_id: int) -> tuple[int, int]:
    area = session.execute(select(Area.jur, Area.jur_end).where(Area.id == area_id)).one_or_none()
    if area is None or (asker is not None and not asker.covers(area.jur, area.jur_end)):
        raise RecordUnknown
    return area.jur, area.jur_end


def _towns(session: Session, jur: int, jur_end: int) -> dict[str, Row[Any]]:
    """Townships of a range by name; those of one name are told apart by nothing, and stay unknown."""
    found: dict[str, list[Row[Any]]] = {}
    for town in session.execute(
        select(Area.id, Area.name).where(
            Area.level == "township", Area.valid_to.is_(None), Area.jur >= jur, Area.jur_end <= jur_end
        )
    ):
        found.setdefault(town.name, []).append(town)
    return {name: towns[0] for name, towns in found.items() if len(towns) == 1}


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
