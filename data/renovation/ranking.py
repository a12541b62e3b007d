"""Areas ranked by how far their renovations are (每日调度排名): against the year's plan where there is one.

From 15 October townships are ranked every day and the ranking is sent round the same day (city summary of 2021).
A rate above 100 % is shown as it is: areas finish more than they were asked to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.rules.gates import GATES

LEVELS = ("township", "village")
_STARTED = list(GATES[GATES.index("started") :])
_ACCEPTED = list(GATES[GATES.index("accepted") :])
_COMPLETED = list(GATES[GATES.index("completed") :])
_PAID = list(GATES[GATES.index("paid") :])


@dataclass(frozen=True)
class Ranked:
    """One area of a ranking.

    Attributes
    ----------
    area_id : int
    code, name : str
    planned : int or None
        Households of the year's plan; None where none is set for the area.
    sites : int
        Renovations that have not ended.
    started, completed, accepted, paid : int
        Of these, at that gate or further.
    accepted_today : int
        Accepted on the day of the ranking.
    heard : int
        Of the accepted ones, those whose household's word on the work is written down (domain A5); of ``accepted``.
    objections : int
        Objections of households that nobody has answered.
    place : int or None
        By accepted / task; areas that are level share one. None without a task.
    """

    area_id: int
    code: str
    name: str
    planned: int | None
    sites: int
    started: int
    completed: int
    accepted: int
    paid: int
    accepted_today: int
    heard: int
    objections: int
    place: int | None = None

    @property
    def task(self) -> int:
        """What the rates are of: the plan, else the renovations there are."""
        return self.sites if self.planned is None else self.planned

    def rate(self, done: int) -> float | None:
        """``done`` of the task, never clamped; None without a task."""
        return done / self.task if self.task else None


def ranking(session: Session, within: tuple[int, int], year: int, on_day: date, level: str) -> list[Ranked]:
    """Rank the areas of a level inside a range by accepted renovations of a year.

    Parameters
    ----------
    within : tuple of (int, int)
        Range of jurisdiction numbers.
    level : str
        ``township`` or ``village``.

    Returns
    -------
    list of Ranked
        First place first, those level by code; areas without a task and without renovations are left out, areas with
        renovations and no task stand at the end.
    """
    rows = session.execute(
        text("""
            select a.id as area_id, a.code, a.name, p.planned, s.sites, s.started, s.completed, s.accepted, s.paid,
                   s.accepted_today, s.heard, w.objections
              from area a
              left join lateral (
                  select sum(l.households)::integer as planned from renovation_plan_line l
                    join renovation_plan r on r.id = l.plan_id where l.area_id = a.id and r.year = :year) p on true
              cross join lateral (
                  select count(*)::integer as sites,
                         (count(*) filter (where s.stage = any (:started)))::integer as started,
                         (count(*) filter (where s.stage = any (:completed)))::integer as completed,
                         (count(*) filter (where s.stage = any (:accepted)))::integer as accepted,
                         (count(*) filter (where s.stage = any (:paid)))::integer as paid,
                         (count(*) filter (where s.accepted_on = :today and s.stage = any (:accepted)))::integer
                             as accepted_today,
                         (count(*) filter (where s.stage = any (:accepted) and s.id in (
                             select site_id from household_word where jur >= :lo and jur < :hi)))::integer as heard
                    from renovation_site s
                   where s.jur >= a.jur and s.jur < a.jur_end and s.year = :year and s.state = 'open') s
              cross join lateral (
                  select count(*)::integer as objections
                    from household_word w join renovation_site o on o.id = w.site_id
                   where w.jur >= a.jur and w.jur < a.jur_end and w.said = 'objection' and w.answer is null
                     and o.year = :year and o.state = 'open') w
             where a.level = :level and a.valid_to is null and a.jur >= :lo and a.jur_end <= :hi
               and (s.sites > 0 or p.planned > 0)
             order by a.code"""),
        {
            "lo": within[0],
            "hi": within[1],
            "year": year,
            "today": on_day,
            "level": level,
            "started": _STARTED,
            "completed": _COMPLETED,
            "accepted": _ACCEPTED,
            "paid": _PAID,
        },
    )
    return _placed([Ranked(**row) for row in rows.mappings()])


def _placed(areas: list[Ranked]) -> list[Ranked]:
    rates = [area.rate(area.accepted) for area in areas]
    better: list[Any] = [
        None if rate is None else 1 + sum(other is not None and other > rate for other in rates) for rate in rates
    ]
    placed = [Ranked(**{**area.__dict__, "place": place}) for area, place in zip(areas, better, strict=True)]
    return sorted(placed, key=lambda area: (area.place is None, area.place or 0, area.code))
