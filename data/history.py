"""History of a round by day of visit (按走访日): when households were first validly visited, with today's denominators.

What was shown on a past day is another question; it is asked of :mod:`data.coverage` with ``as_of``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE
from data.coverage import Ranges, areas_of_level, in_duty
from geo.errors import FangtuError, Text

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class DayUnknown(FangtuError):
    """What was given as a day is none, or has not come yet."""

    code = "day_unknown"


class DayCount(NamedTuple):
    """Households first visited on a day; ``day`` is None where nobody recorded the time of the visit."""

    day: date | None
    visited: int


def read_day(words: str, today: date) -> date:
    """Read a day that has begun, written YYYY-MM-DD.

    Parameters
    ----------
    today : date
        Local date of the field; it is the last day allowed.

    Raises
    ------
    DayUnknown
        If it is no day of the calendar, or a day to come.
    """
    try:
        day = date.fromisoformat(words) if _DAY.fullmatch(words) else None
    except ValueError:
        day = None
    if day is None:
        raise DayUnknown(
            Text(f"日期为“{words}”，应为 2026-11-12 的形式。", f"The day is '{words}'; expected the form 2026-11-12."),
            found=words,
        )
    if day > today:
        raise DayUnknown(
            Text(f"{day} 还没有到，今天是 {today}。", f"{day} has not come yet; today is {today}."),
            found=words,
            expected=today.isoformat(),
        )
    return day


def visited_by_day(
    session: Session,
    campaign_id: int,
    round_no: int,
    within: tuple[int, int] = EVERYWHERE,
    *,
    first: date | None = None,
    last: date | None = None,
) -> list[DayCount]:
    """Households first visited on each day, of what the asker sees inside a range of jurisdiction numbers.

    Parameters
    ----------
    first, last : date, optional
        Only these days, both included. With either the households of no known day are left out.

    Returns
    -------
    list of DayCount
        In order, days without any left out, the unknown day first. Without ``first`` and ``last`` they add up to
        ``visited`` of :func:`data.coverage.coverage_total`.
    """
    keys = {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1], "first": first, "last": last}
    span = ""
    if first is not None or last is not None:
        span = "and c.day > '-infinity'"
        span += " and c.day >= :first" if first is not None else ""
        span += " and c.day <= :last" if last is not None else ""
    rows = session.execute(
        text(f"""
            select nullif(c.day, '-infinity') as day, sum(c.visited)::bigint as visited from coverage_day c
             where c.campaign_id = :campaign and c.round_no = :round and c.jur >= :lo and c.jur < :hi {span}
             group by c.day having sum(c.visited) <> 0 order by c.day"""),
        keys,
    )
    return [DayCount(row.day, row.visited) for row in rows]


def visited_by_area_and_day(
    session: Session,
    campaign_id: int,
    round_no: int,
    by: str,
    *,
    within: tuple[int, int] = EVERYWHERE,
    duty: Ranges = (EVERYWHERE,),
) -> dict[int, list[DayCount]]:
    """Households first visited on each day, for each area of a level by its id.

    Parameters
    ----------
    by : str
        As for :func:`data.coverage.coverage_by_area`; the areas are the same.

    Returns
    -------
    dict
        Days in order, those without any left out; areas without any are not in it. The days of an area add up to its
        ``visited``.
    """
    areas, join = areas_of_level(by)
    if by == "grid":
        # As in data.coverage: below row-level security the planner expects one row, and would go through all changes
        # of the round again for each grid.
        session.execute(text("set local enable_nestloop = off"))
    # Whole columns in one row, as there.
    ids, days, visited = session.execute(
        text(f"""
            select coalesce(array_agg(id), '{{}}'), coalesce(array_agg(day), '{{}}'),
                   coalesce(array_agg(visited), '{{}}') from (
                select a.id, nullif(c.day, '-infinity') as day, sum(c.visited)::bigint as visited
                  from ({areas}) a join coverage_day c on c.campaign_id = :campaign and c.round_no = :round and {join}
                 where a.jur >= :lo and a.jur_end <= :hi and {in_duty(duty)}
                 group by a.id, c.day having sum(c.visited) <> 0 order by a.id, c.day) counted"""),
        {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1]},
    ).one()
    if by == "grid":
        session.execute(text("set local enable_nestloop = on"))
    found: dict[int, list[DayCount]] = defaultdict(list)
    for area, day, n in zip(ids, days, visited, strict=True):
        found[area].append(DayCount(day, n))
    return dict(found)


def span_of(
    counts: Sequence[DayCount], starts_on: date | None, ends_on: date | None, today: date
) -> tuple[date, date] | None:
    """First and last day to play: the round as far as it has gone, and every day with a visit.

    Parameters
    ----------
    starts_on, ends_on : date or None
        Days of the round by its plan.

    Returns
    -------
    (date, date) or None
        The day before the first of them counts as well, so that one can see how it began; None without a dated visit.
    """
    days = [count.day for count in counts if count.day is not None]
    if not days:
        return None
    first = min([days[0], *([starts_on] if starts_on else [])]) - timedelta(days=1)
    return first, max(days[-1], min(today, ends_on or today))


def visited_by_place_and_day(
    session: Session, campaign_id: int, round_no: int, within: tuple[int, int] = EVERYWHERE, *, step: int = 1
) -> list[tuple[int, date, int]]:
    """Households by jurisdiction number and day of their first valid visit: ``(jur, day, n)``, ascending.

    Only what the asker sees inside the range. Visited households of which the day is not known are in none of the rows.

    Parameters
    ----------
    step : int
        Numbers are rounded down to a multiple of this one and added up: of areas whose ranges begin and end with such
        multiples nothing is lost, and a county is some hundred rows instead of some hundred thousand.
    """
    rows = session.execute(
        text(f"""
            select jur / {int(step)} * {int(step)} as place, day, sum(visited)::bigint from coverage_day
             where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi and day > '-infinity'
             group by place, day having sum(visited) <> 0 order by place, day"""),
        {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1]},
    )
    return [(jur, day, n) for jur, day, n in rows]
