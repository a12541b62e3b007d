"""A work plan (实施方案) as TOML: its numbers are data, with the clause they come from beside each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from data.rules.plan_fields import VISIT
from data.rules.plan_reading import Fault, Reading, read_text
from geo.counting import counted
from geo.errors import FangtuError, Text


class PlanError(FangtuError):
    """A work plan lacks something or holds what Fangtu does not know; ``faults`` names each place."""

    code = "plan"

    def __init__(self, faults: list[Fault]) -> None:
        more = len(faults) - 1
        first = faults[0].sentence
        super().__init__(
            Text(
                f"实施方案有 {len(faults)} 处需要改正。{first.zh}" + (f"；另有 {more} 处" if more else ""),
                f"The work plan has {counted(len(faults), 'fault')}. {first.en}" + (f"; {more} more" if more else ""),
            ),
            where=faults[0].field,
            found=faults[0].found,
            line=faults[0].line,
            expected=faults[0].expected.en,
        )
        self.faults = faults


@dataclass(frozen=True)
class VisitRule:
    """What makes a visit count.

    Attributes
    ----------
    min_minutes : float or None
        Least presence in person, in minutes; None = no minimum.
    remote_modes : tuple of str
        Ways that count without presence; empty = only home visits count.
    remote_needs_reason : bool
        A remote visit counts only with a reason.
    remote_reasons : tuple of str
        Keys of the reasons that are accepted; empty = any words.
    done_outcomes : tuple of str
        Outcomes that count.
    done_statuses : tuple of str
        If given, a visit is done when its source's own status word is one of these, whatever the outcome.
    per_inspector_day : float or None
        Visits one inspector is planned to make in a day, for estimates of work; no part of what counts.
    max_distance_m, max_accuracy_m, max_fix_age_s : float or None
        Farthest from the house (metres), largest error (metres) and age (seconds) of the position; None = not asked.
    earliest, latest : str or None
        Times of day, ``HH:MM``, between which visits are made; None = not asked.
    lookback_modes : tuple of str
        Ways in which a household is asked again (回头看).
    """

    min_minutes: float | None = None
    remote_modes: tuple[str, ...] = ()
    remote_needs_reason: bool = True
    remote_reasons: tuple[str, ...] = ()
    done_outcomes: tuple[str, ...] = ("done",)
    done_statuses: tuple[str, ...] = ()
    per_inspector_day: float | None = None
    max_distance_m: float | None = None
    max_accuracy_m: float | None = None
    max_fix_age_s: float | None = None
    earliest: str | None = None
    latest: str | None = None
    lookback_modes: tuple[str, ...] = ("home", "phone", "wechat", "sms")

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> VisitRule:
        """Read the rule from a stored plan; clauses beside the numbers are no part of it."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in plan["visit"].items()
            if name in VISIT
        }
        return cls(**values)


@dataclass(frozen=True)
class Cohort:
    """Which households a round is for: the rule with its groups or days, ``since`` included, ``until`` not."""

    key: str = "all_households"
    rule: str = "all_households"
    groups: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class PlannedRound:
    """One round (轮次) with its days, both ends included, its cohort and its target (a ratio)."""

    no: int
    name_zh: str
    name_en: str
    starts_on: date | None = None
    ends_on: date | None = None
    cohort: Cohort = Cohort()
    target: float = 1.0


@dataclass(frozen=True)
class Plan:
    """A campaign as its work plan sets it; ``content`` holds every table under its own name, days as ISO text."""

    id: str
    name_zh: str
    name_en: str
    target: float
    visit: VisitRule
    rounds: tuple[PlannedRound, ...]
    cohort: str = "all_households"
    content: dict[str, Any] = field(default_factory=dict, repr=False)
    text: str = field(default="", repr=False)

    def stored(self) -> dict[str, Any]:
        """The plan as kept with the campaign."""
        return self.content


def read_plan(text: str) -> Plan:
    """Read a work plan.

    Parameters
    ----------
    text : str
        TOML with ``[campaign]`` (id, name_zh, name_en, target), one ``[[round]]`` or more, ``[visit]``; the other
        tables are in ``data.rules.plan_fields.TABLES``.

    Raises
    ------
    PlanError
        With every fault found, each with its line, field and what is expected.
    """
    reading = read_text(text)
    if reading.faults:
        raise PlanError(reading.faults)
    return plan_of(reading, text)


def plan_of(reading: Reading, text: str = "") -> Plan:
    """The plan of a reading without faults."""
    content = reading.content
    campaign = content["campaign"]
    cohorts = {"all_households": Cohort()} | {
        one["key"]: Cohort(one["key"], one["rule"], tuple(one["groups"]), one.get("since"), one.get("until"))
        for one in content["cohort"]
    }
    rounds = tuple(
        PlannedRound(
            one["no"],
            one["name_zh"],
            one["name_en"],
            one.get("starts_on"),
            one.get("ends_on"),
            cohorts[one.get("cohort", campaign["cohort"])],
            float(one.get("target", campaign["target"])),
        )
        for one in content["round"]
    )
    return Plan(
        id=campaign["id"],
        name_zh=campaign["name_zh"],
        name_en=campaign["name_en"],
        target=float(campaign["target"]),
        visit=VisitRule.from_plan(content),
        rounds=rounds,
        cohort=campaign["cohort"],
        content=_as_json(content),
        text=text,
    )


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
