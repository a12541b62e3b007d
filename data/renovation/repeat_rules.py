"""Help again within the years of a policy (政策年限): the rule as data, and which households it keeps out.

A household that was helped is not helped again for a number of years. No document at hand names the number (of the six
groups one alone is 未享受过农村住房保障政策), so none is built in: a supervisor sets it for an area and a year with the
clause that says so. Which households were helped is known from the store's own renovations.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.renovation.unfit import RenovationUnfit, clean_words, lacking
from data.rules.eligibility import Exclusion
from data.rules.gates import GATES
from data.tables import Area, RepeatRule
from geo.counting import counted
from geo.errors import Text

_HELPED = list(GATES[GATES.index("accepted") :])


def set_repeat_rule(
    session: Session, asker: Asker | None, *, area_id: int, year: int | None, years: int | None, clause: str | None
) -> int:
    """Say for how many years a household is not helped again, for the plans of an area and a year.

    Parameters
    ----------
    year : int
        Year of the plan from which on help is asked for.
    years : int
        1 to 50: a house accepted less than so many years before the day asked about was helped.
    clause : str
        Document and clause.

    Raises
    ------
    RecordUnknown
        If the asker does not answer for the area.
    RenovationUnfit
        If something is lacking, or a rule of that area and year holds already.
    """
    area = session.execute(
        select(Area.id, Area.jur, Area.jur_end).where(Area.id == area_id, Area.valid_to.is_(None))
    ).one_or_none()
    if area is None or (asker is not None and not asker.covers(area.jur, area.jur_end)):
        raise RecordUnknown
    if year is None or not 2000 <= year <= 2100:
        raise lacking("year", "年度应为四位年份", "the year has four digits", found=year)
    if years is None or not 1 <= years <= 50:
        raise lacking("years", "年限应为 1 至 50 年", "the years are 1 to 50", found=years)
    words = clean_words(clause, 500)
    if not words or len(words) < 4:
        raise lacking("clause", "请写明文件和条款", "name the document and its clause")
    made = RepeatRule(
        area_id=area_id,
        jur=area.jur,
        jur_end=area.jur_end,
        year=year,
        years=years,
        clause=words,
        account_id=asker.account_id if asker else None,
    )
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError as error:
        raise RenovationUnfit(
            Text(
                "没有保存：这个辖区和年度已有规定。请先停用原来的。",
                "Not saved: a rule of that area and year holds already. End it first.",
            ),
            column="year",
            found=year,
        ) from error
    record(
        session,
        act="repeat_rule",
        object_kind="repeat_rule",
        object_id=made.id,
        details={"year": year, "years": years},
        jur=area.jur,
    )
    return made.id


def end_repeat_rule(session: Session, asker: Asker | None, rule_id: int) -> None:
    """End a rule; it stays, and keeps nobody out any more.

    Raises
    ------
    RecordUnknown
        If the asker sees no such rule that holds, or does not answer for its area.
    """
    rule = session.execute(
        text("select id, jur, jur_end from repeat_rule where id = :id and ended_at is null for update"), {"id": rule_id}
    ).one_or_none()
    if rule is None or (asker is not None and not asker.covers(rule.jur, rule.jur_end)):
        raise RecordUnknown
    session.execute(text("update repeat_rule set ended_at = now() where id = :id"), {"id": rule_id})
    record(session, act="repeat_rule_end", object_kind="repeat_rule", object_id=rule_id, jur=rule.jur)


def list_repeat_rules(session: Session, within: tuple[int, int]) -> list[dict[str, Any]]:
    """Rules whose area touches a range, those that hold first, the newest year first."""
    rows = session.execute(
        text("""
            select r.id, r.year, r.years, r.clause, r.created_at, r.ended_at, r.account_id, c.full_name as who,
                   a.name as area
              from repeat_rule r join area a on a.id = r.area_id left join account c on c.id = r.account_id
             where r.jur < :hi and r.jur_end > :lo order by r.ended_at is not null, r.year desc, r.id desc limit 50"""),
        {"lo": within[0], "hi": within[1]},
    )
    return [dict(row) for row in rows.mappings()]


def earlier_help(session: Session, household_ids: Sequence[int], day: date) -> dict[int, Exclusion]:
    """Households that were helped within the years of the rule in force on a day, with what it rests on.

    Parameters
    ----------
    day : date
        Its year is that of the rule. A renovation of a plan of that year or later is the present help, no earlier one;
        one whose day of acceptance is not known says nothing.

    Returns
    -------
    dict
        Of the rules of several areas around a household the longest counts; one reading whatever the number.
    """
    rows = session.execute(
        text("""
            select distinct on (s.household_id) s.household_id, s.id, s.accepted_on, r.years, r.clause
              from renovation_site s
              join repeat_rule r on r.ended_at is null and r.year = extract(year from cast(:day as date))
               and s.jur >= r.jur and s.jur < r.jur_end
             where s.household_id = any (:ids) and s.state = 'open' and s.stage = any (:helped)
               and s.accepted_on <= :day and s.accepted_on + make_interval(years => r.years) > :day
               and coalesce(s.year, extract(year from s.accepted_on)) < r.year
             order by s.household_id, r.years desc, s.accepted_on desc"""),
        {"ids": list(household_ids), "day": day, "helped": _HELPED},
    )
    return {
        row.household_id: Exclusion(
            "renovated_before",
            row.accepted_on,
            why=Text(
                f"政策年限内已改造：{row.accepted_on} 验收（改造 {row.id}），{row.years} 年内不再享受（{row.clause}）",
                f"Renovated within the years of the policy: accepted on {row.accepted_on} (renovation {row.id}), "
                f"not again within {counted(row.years, 'year')} ({row.clause})",
            ),
        )
        for row in rows
    }
