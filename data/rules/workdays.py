"""Working days (工作日): weekdays without public holidays, and weekend days that are worked (调休).

``workdays.csv`` holds what the State Council's yearly notices say, taken from the package chinesecalendar 1.11.0 (MIT).
For a year without a notice weekdays alone are known: what is counted there is provisional (暂定) and says so.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

HOLIDAY, WORKED = "holiday", "workday_on_weekend"
RESTS = ("keep", "next_workday", "previous_workday")
_FILE = Path(__file__).with_name("workdays.csv")
_SATURDAY = 5


@dataclass(frozen=True)
class WorkCalendar:
    """Days that are not as their weekday says.

    Attributes
    ----------
    odd : mapping of date to str
        ``holiday`` or ``workday_on_weekend``.
    years : frozenset of int
        Years whose notice is known.
    """

    odd: Mapping[date, str]
    years: frozenset[int]

    def is_workday(self, day: date) -> bool:
        """Whether people work on a day; by its weekday where the notice of its year is not known."""
        kind = self.odd.get(day)
        return kind == WORKED or (kind is None and day.weekday() < _SATURDAY)

    def knows(self, day: date) -> bool:
        """Whether the notice of the day's year is known."""
        return day.year in self.years


@cache
def work_calendar() -> WorkCalendar:
    """The calendar that comes with the program."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        odd = {date.fromisoformat(row["date"]): row["kind"] for row in csv.DictReader(file)}
    return WorkCalendar(odd, frozenset(day.year for day in odd))


def shift_rest(day: date, rule: str, calendar: WorkCalendar) -> date:
    """A last day that falls on a day of rest, moved as a rule says.

    Parameters
    ----------
    rule : str
        ``keep``: the day stands; ``next_workday`` (顺延) or ``previous_workday`` (提前).

    Raises
    ------
    ValueError
        If the rule is none of :data:`RESTS`.
    """
    if rule not in RESTS:
        raise ValueError(f"rule must be one of {RESTS}, not {rule!r}")
    if rule == "keep":
        return day
    step = timedelta(days=1 if rule == "next_workday" else -1)
    while not calendar.is_workday(day):
        day += step
    return day


def after_workdays(day: date, n: int, calendar: WorkCalendar) -> date:
    """The n-th working day after a day, which itself is not counted; for n = 0 the day itself.

    >>> after_workdays(date(2022, 9, 20), 15, work_calendar())
    datetime.date(2022, 10, 14)
    """
    while n > 0:
        day += timedelta(days=1)
        n -= calendar.is_workday(day)
    return day
