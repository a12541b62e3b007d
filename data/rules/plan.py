"""A work plan (实施方案) as TOML: its numbers are data, with the clause they come from beside each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from data.rules.words import MODE, OUTCOME
from geo.errors import FangtuError, Text


class PlanError(FangtuError):
    """A work plan lacks something or holds what Fangtu does not know."""

    code = "plan"


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
    done_outcomes : tuple of str
        Outcomes that count.
    done_statuses : tuple of str
        If given, a visit is done when its source's own status word is one of these, whatever the outcome.
    per_inspector_day : float or None
        Visits one inspector is planned to make in a day, for estimates of work; no part of what counts.
    """

    min_minutes: float | None = None
    remote_modes: tuple[str, ...] = ()
    remote_needs_reason: bool = True
    done_outcomes: tuple[str, ...] = ("done",)
    done_statuses: tuple[str, ...] = ()
    per_inspector_day: float | None = None

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any]) -> VisitRule:
        """Read the rule from a stored plan."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plan["visit"].items()}
        return cls(**values)


@dataclass(frozen=True)
class PlannedRound:
    """One round (轮次) with its days; both ends included."""

    no: int
    name_zh: str
    name_en: str
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True)
class Plan:
    """A campaign as its work plan sets it."""

    id: str
    name_zh: str
    name_en: str
    target: float
    visit: VisitRule
    rounds: tuple[PlannedRound, ...]
    cohort: str = "all_households"
    text: str = field(default="", repr=False)

    def stored(self) -> dict[str, Any]:
        """The numbers as kept with the campaign."""
        return {"visit": asdict(self.visit)}


def read_plan(text: str) -> Plan:
    """Read a work plan.

    Parameters
    ----------
    text : str
        TOML with ``[campaign]`` (id, name_zh, name_en, target, cohort), one ``[[round]]`` or more, ``[visit]``.

    Raises
    ------
    PlanError
        Naming the table and key that is missing, unknown or out of range.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError(
            Text(f"实施方案不是有效的 TOML：{error}", f"The work plan is not valid TOML: {error}")
        ) from error
    _only(raw, {"campaign", "round", "visit"}, "")
    campaign = _table(raw, "campaign")
    _only(campaign, {"id", "name_zh", "name_en", "target", "cohort"}, "campaign")
    for key in ("id", "name_zh", "name_en", "target"):
        if key not in campaign:
            raise _wrong(f"campaign.{key}", None, Text("必须填写", "required"))
    target = campaign["target"]
    if not isinstance(target, int | float) or not 0 < target <= 1:
        raise _wrong("campaign.target", target, Text("0 到 1 之间的比例", "a ratio above 0, at most 1"))
    cohort = campaign.get("cohort", "all_households")
    if cohort != "all_households":
        raise _wrong("campaign.cohort", cohort, Text("all_households", "all_households"))
    rounds = tuple(_round(values, at) for at, values in enumerate(raw.get("round", []), start=1))
    if not rounds or [r.no for r in rounds] != list(range(1, len(rounds) + 1)):
        raise _wrong("round.no", [r.no for r in rounds], Text("从 1 起连续编号", "numbers 1, 2, 3 …"))
    return Plan(
        id=str(campaign["id"]),
        name_zh=str(campaign["name_zh"]),
        name_en=str(campaign["name_en"]),
        target=float(target),
        visit=_visit_rule(_table(raw, "visit")),
        rounds=rounds,
        cohort=cohort,
        text=text,
    )


def _visit_rule(values: dict[str, Any]) -> VisitRule:
    _only(values, set(VisitRule.__dataclass_fields__), "visit")
    minutes = values.get("min_minutes")
    if minutes is not None and (isinstance(minutes, bool) or not isinstance(minutes, int | float) or minutes < 0):
        raise _wrong("visit.min_minutes", minutes, Text("分钟数，不小于 0", "minutes, 0 or more"))
    per_day = values.get("per_inspector_day")
    if per_day is not None and (isinstance(per_day, bool) or not isinstance(per_day, int | float) or per_day <= 0):
        raise _wrong("visit.per_inspector_day", per_day, Text("每日户数，大于 0", "visits a day, above 0"))
    for key, known in (("remote_modes", set(MODE) - {"home"}), ("done_outcomes", set(OUTCOME))):
        strange = sorted(set(values.get(key, [])) - known)
        if strange:
            raise _wrong(f"visit.{key}", strange[0], Text("、".join(sorted(known)), ", ".join(sorted(known))))
    return VisitRule.from_plan({"visit": values})


def _round(values: dict[str, Any], at: int) -> PlannedRound:
    _only(values, set(PlannedRound.__dataclass_fields__), f"round {at}")
    try:
        planned = PlannedRound(**values)
    except TypeError as error:
        raise _wrong(f"round {at}", sorted(values), Text("no、name_zh、name_en", "no, name_zh, name_en")) from error
    if planned.starts_on and planned.ends_on and planned.ends_on < planned.starts_on:
        raise _wrong(f"round {at}.ends_on", planned.ends_on, Text("不早于 starts_on", "not before starts_on"))
    return planned


def _table(raw: dict[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(raw.get(name), dict):
        raise _wrong(name, None, Text("必须有这一节", "this table is required"))
    return raw[name]


def _only(values: dict[str, Any], known: set[str], where: str) -> None:
    strange = sorted(set(values) - known)
    if strange:
        raise _wrong(f"{where}.{strange[0]}".lstrip("."), strange[0], Text("、".join(sorted(known)), ", ".join(known)))


def _wrong(where: str, found: Any, expected: Text) -> PlanError:
    return PlanError(
        Text(
            f"实施方案 {where}：为 {found!r}，应为 {expected.zh}",
            f"Work plan {where}: {found!r}, expected {expected.en}",
        ),
        where=where,
        found=found,
    )
