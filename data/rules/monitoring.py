"""Rules of the monthly monitoring of housing safety (住房安全动态监测): last days, stages, and what is late.

Pure: the day is an argument. The last days come from ``monitoring.toml``, each with its document.
"""

from __future__ import annotations

import tomllib
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from data.rules.words import AID_GROUP
from data.rules.workdays import RESTS, WorkCalendar, after_workdays, shift_rest
from geo.errors import FangtuError, Text

RULES_FILE = Path(__file__).with_name("monitoring.toml")
STAGES = ("to_check", "reported", "appraised", "following", "followed", "safe", "closed")
# Acts a person may do, with the stages they start from; what an appraisal or a site brings comes by itself.
ACTS_FROM: dict[str, tuple[str, ...]] = {
    "checked_safe": ("to_check",),
    "reported": ("to_check", "safe"),
    "followed": ("appraised", "reported"),
    "closed": ("followed", "appraised"),
    "reopened": ("safe", "appraised", "following", "followed", "closed"),
}
# Stages with a last day, and which of a round's it is.
DUE = {"to_check": "names_by", "reported": "appraised_by", "appraised": "closed_by", "followed": "closed_by"}
ENDED = ("safe", "closed")


class MonitoringRulesUnfit(FangtuError):
    """The file of monitoring rules cannot be read or lacks something."""

    code = "monitoring_rules"


@dataclass(frozen=True)
class LastDays:
    """Last days of a round.

    Attributes
    ----------
    names_by, appraised_by, closed_by : date
        By when each household is checked and suspected ones are named, those are appraised, and cases are closed.
    provisional : bool
        Whether working days of a year without a notice were counted (暂定).
    source : str
        The document.
    """

    names_by: date
    appraised_by: date
    closed_by: date
    provisional: bool
    source: str


@dataclass(frozen=True)
class MonitoringRules:
    """What ``monitoring.toml`` says, see there."""

    groups: tuple[str, ...]
    monthly: dict[str, Any]
    disaster: dict[str, Any]


def read_rules(path: Path = RULES_FILE) -> MonitoringRules:
    """Read a file of rules.

    Raises
    ------
    MonitoringRulesUnfit
        If it is no such file, or a day, group or rule in it is none.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        rules = MonitoringRules(tuple(told["groups"]), dict(told["monthly"]), dict(told["disaster"]))
        days = [rules.monthly[name] for name in ("names_day", "appraised_day", "closed_day")]
        works = [rules.disaster[name] for name in ("names_workdays", "appraised_workdays", "closed_workdays")]
        sound = (
            rules.groups
            and set(rules.groups) <= set(AID_GROUP)
            and rules.monthly["on_rest_day"] in RESTS
            and all(type(n) is int for n in days + works)
            and 1 <= days[0] <= days[1] <= days[2] <= 31
            and 0 <= works[0] <= works[1] <= works[2] <= 250
            and all(isinstance(part["source"], str) for part in (rules.monthly, rules.disaster))
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise _unfit(path, str(error)) from error
    if not sound:
        raise _unfit(path, "")
    return rules


def monthly_days(month: date, rules: MonitoringRules, calendar: WorkCalendar) -> LastDays:
    """Last days of a month (domain E3; names by the 5th, appraised by the 20th in the ledgers of Chongqing).

    Parameters
    ----------
    month : date
        Any day of the month. A day the month has not (the 31st) is its last one.
    """
    told = rules.monthly
    last = monthrange(month.year, month.month)[1]
    days = [
        shift_rest(month.replace(day=min(told[name], last)), told["on_rest_day"], calendar)
        for name in ("names_day", "appraised_day", "closed_day")
    ]
    asked = told["on_rest_day"] != "keep"
    return _last_days(days, asked and not all(calendar.knows(day) for day in days), told["source"])


def disaster_days(happened_on: date, rules: MonitoringRules, calendar: WorkCalendar) -> LastDays:
    """Last days after a disaster, in working days counted from the day after it (domain E3: also after a storm)."""
    told = rules.disaster
    days = [
        after_workdays(happened_on, told[name], calendar)
        for name in ("names_workdays", "appraised_workdays", "closed_workdays")
    ]
    return _last_days(days, not all(calendar.knows(day) for day in days), told["source"])


def is_late(stage: str, days: LastDays, today: date) -> bool:
    """Whether a household stands at a stage past its last day; the last day itself is in time.

    A site that is being built (``following``) goes by its own deadlines and is not late here.
    """
    return stage in DUE and today > getattr(days, DUE[stage])


def first_of_month(told: str) -> date:
    """The first day of a month written ``YYYY-MM``.

    Raises
    ------
    ValueError
        If it is no such month between 2000 and 2100.
    """
    digits = told[:4] + told[5:]
    if len(told) != len("2026-11") or told[4] != "-" or not (digits.isascii() and digits.isdigit()):
        raise ValueError(told)
    day = date(int(told[:4]), int(told[5:]), 1)
    if not 2000 <= day.year <= 2100:
        raise ValueError(told)
    return day


def _last_days(days: Sequence[date], provisional: bool, source: str) -> LastDays:
    # Moved back before a holiday, a later day never comes before an earlier one.
    names, appraised = days[0], max(days[0], days[1])
    return LastDays(names, appraised, max(appraised, days[2]), provisional, source)


def _unfit(path: Path, why: str) -> MonitoringRulesUnfit:
    return MonitoringRulesUnfit(
        Text(
            f"监测规则文件 {path.name} 读不懂{f'：{why}' if why else ''}。请对照 data/rules/monitoring.toml 更正。",
            f"The monitoring rules {path.name} cannot be read{f': {why}' if why else ''}. "
            f"Compare them with data/rules/monitoring.toml.",
        ),
        found=path.name,
    )
