"""History of a round by day of visit (按走访日): when households were first validly visited, with today's denominators.

What was shown on a past day is another question; it is asked of :mod:`data.coverage` with ``as_of``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.area_columns import Ranges, areas_within, which_area
from data.areas import EVERYWHERE
from data.letters import as_letters
from data.whole_numbers import read_numbers
from geo.errors import FangtuError, Text

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAY_BITS = 22
# Rows as :func:`days_of_places` gives them.
PlaceDays = NDArray[np.int64]


class DayUnknown(FangtuError):
    """What was given as a day is none, or has not come yet."""

    code = "day_unknown"


class DayCount(NamedTuple):
    """Households first visited on a day; ``day`` is None where nobody recorded the time of the visit."""

    day: date | None
    visited: int


class AreaDays(NamedTuple):
    """Households first visited on each day, for the areas of a level, as columns.

    Attributes
    ----------
    areas : ndarray of int64, shape (n,)
        Ids of areas, ascending; those without any visited household are not there.
    days : ndarray of int64, shape (n,)
        Ordinals as :meth:`datetime.date.toordinal` gives them, ascending for each area; 0 for the unknown day.
    visited : ndarray of int64, shape (n,)
        Not 0.
    """

    areas: NDArray[np.int64]
    days: NDArray[np.int64]
    visited: NDArray[np.int64]

    def by_area(self) -> dict[int, list[DayCount]]:
        """Days of each area by its id."""
        found: dict[int, list[DayCount]] = defaultdict(list)
        for area, day, n in zip(*(column.tolist() for column in self), strict=True):
            found[area].append(DayCount(date.fromordinal(day) if day else None, n))
        return dict(found)

    def as_steps(self, first: date) -> dict[str, str]:
        """Columns for a map that plays the days, numbered from ``first``, which is before all of them.

        Returns
        -------
        dict
            ``areas``: ids, each as what is to be added to the one before; ``undated``: their households of no known
            day; ``lengths``: how many days each has; ``days`` and ``counts``: those of the first area, then of the
            second, and so on. All as :func:`data.letters.as_letters`.
        """
        ids, begins, lengths = np.unique(self.areas, return_index=True, return_counts=True)
        has = self.days[begins] == 0
        dated = self.days > 0
        columns = {
            "areas": np.diff(ids, prepend=0),
            "undated": np.where(has, self.visited[begins], 0),
            "lengths": lengths - has,
            "days": self.days[dated] - first.toordinal(),
            "counts": self.visited[dated],
        }
        return {name: as_letters(column) for name, column in columns.items()}


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


def days_of_places(
    session: Session, campaign_id: int, round_no: int, within: tuple[int, int] = EVERYWHERE
) -> PlaceDays:
    """Households first visited on each day, by place, of what the asker sees inside a range of jurisdiction numbers.

    They are read once for whatever is made of them.

    Returns
    -------
    ndarray of int64, shape (n, 4)
        Jurisdiction number, settlement (0 for none), ordinal of the day (0 for the unknown one) and households; several
        rows of a place and day are to be added.
    """
    return read_numbers(
        session,
        """
            select c.jur, c.group_id,
                   case when c.day = '-infinity' then 0 else c.day - date '0001-01-01' + 1 end::bigint,
                   c.visited::bigint
              from coverage_day c
             where c.campaign_id = :campaign and c.round_no = :round and c.jur >= :lo and c.jur < :hi""",
        {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1]},
        4,
    )


def visited_on_days(places: PlaceDays, within: tuple[int, int] = EVERYWHERE) -> list[DayCount]:
    """Add up places inside a range of jurisdiction numbers to what :func:`visited_by_day` gives for it."""
    inside = places[(places[:, 0] >= within[0]) & (places[:, 0] < within[1])]
    days, at = np.unique(inside[:, 2], return_inverse=True)
    sums = np.zeros(len(days), dtype=np.int64)
    np.add.at(sums, at, inside[:, 3])
    return [
        DayCount(date.fromordinal(day) if day else None, n)
        for day, n in zip(days.tolist(), sums.tolist(), strict=True)
        if n
    ]


def visited_by_area_and_day(
    session: Session,
    places: PlaceDays,
    by: str,
    *,
    within: tuple[int, int] = EVERYWHERE,
    duty: Ranges = (EVERYWHERE,),
) -> AreaDays:
    """Add up places to the days of each area of a level.

    Parameters
    ----------
    by : str
        As for :func:`data.coverage.coverage_by_area`; the areas are the same.

    Returns
    -------
    AreaDays
        The days of an area add up to its ``visited``.
    """
    areas = areas_within(session, by, within=within, duty=duty)
    at = which_area(places[:, 0], places[:, 1], areas, by)
    place = np.array(areas.ids, dtype=np.int64)[at[at >= 0]]
    day, visited = places[at >= 0, 2:].T
    # In one number of both: a day has 22 bits.
    key = place << _DAY_BITS | day
    order = np.argsort(key, kind="stable")
    key, visited = key[order], visited[order]
    begins = np.flatnonzero(np.diff(key, prepend=-1))
    sums = np.add.reduceat(visited, begins) if len(visited) else visited
    key, sums = key[begins][sums != 0], sums[sums != 0]
    return AreaDays(key >> _DAY_BITS, key & ((1 << _DAY_BITS) - 1), sums)


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
