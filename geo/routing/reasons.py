"""Reasons and remedies: what is said about a household that is left out, and about one that is planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from geo.errors import Text

# Kinds of reasons, in the order in which they are looked for.
REASONS = {
    "absent": Text(
        "指定或锁定的走访员“{who}”没有可用的工作日", "the named or locked inspector “{who}” has no day left"
    ),
    "no_skill": Text("没有人具备所需的技能：{what}", "nobody has the skills needed: {what}"),
    "no_pair": Text("需要两人同去，没有安排陪同", "two people are needed, and no pair is planned"),
    "no_window": Text("可访时段不在任何可去的走访员的工作时间内", "no window meets the hours of anyone who may go"),
    "no_way": Text("没有任何可去的走访员有路可到", "no way leads there for anyone who may go"),
    "too_far": Text(
        "太远：谁去都来不及在时段内访问并按时返回", "too far for anyone to visit in time and be back by the end of work"
    ),
    "closed": Text(
        "能去的路线都已锁定（人员、日期或一并走访的路线）",
        "every route that could take it is locked, by inspector, by day or with those it is visited together with",
    ),
    "group": Text("同组农户已由“{who}”走访，他排不下", "its group is visited by “{who}”, who has no room"),
    "together": Text(
        "一并走访的户已由“{who}”接连走访，这一户接不上",
        "those it is visited together with are visited by “{who}”, and there is no room beside them",
    ),
    "full": Text(
        "能去的走访员当天户数已满，安排的都不低于本户优先级",
        "everyone who could go has all visits of the day, none of a lower priority",
    ),
    "outweighed": Text(
        "能去的走访员当天户数已满，其中有优先级更低的",
        "everyone who could go has all visits of the day, some of a lower priority",
    ),
    "no_gap": Text("所有可去的路线里都没有足够长的空档", "no route that could take it has a gap long enough"),
    "fits": Text("还可以直接加入路线", "it still fits into a route as it is"),
}


@dataclass(frozen=True)
class Remedy:
    """What would get a household visited: its kind, by whom, on which day and when, and the minutes of work it adds.

    Attributes
    ----------
    kind : str
        ``insert``, ``one_more``, ``longer``, ``other_time``, ``anyone`` or ``swap``; ``…_and_more`` grants one visit
        more beside it.
    instead_of : str
        Household that would be left out, for a swap.
    """

    kind: str
    text: Text
    inspector: str
    day: int
    start_s: int
    minutes: int
    instead_of: str = ""


@dataclass(frozen=True)
class Reason:
    """Why a household is left out, and the cheapest remedy; None if none of those known helps."""

    household: str
    kind: str
    text: Text
    remedy: Remedy | None

    def as_json(self, language: str) -> dict[str, Any]:
        """The reason as plain values."""
        told: dict[str, Any] = {"household": self.household, "kind": self.kind, "text": self.text.in_language(language)}
        if self.remedy is not None:
            told["remedy"] = {**vars(self.remedy), "text": self.remedy.text.in_language(language)}
        return told


@dataclass(frozen=True)
class RunnerUp:
    """Who else could visit a household that is planned, when, and the minutes of travel that would add."""

    household: str
    inspector: str
    day: int
    start_s: int
    extra_minutes: float
