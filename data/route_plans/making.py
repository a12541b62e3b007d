"""A plan of routes is made: what is chosen becomes a problem of numbers, which the worker solves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from data.askers import Asker
from data.assigning import grid_kind
from data.audit import record
from data.gaps import VISITS_PER_DAY
from data.jobs import add_job
from data.local_time import today
from data.route_plans.choosing import Home, Person, choose_homes, choose_people
from data.route_plans.held import DUTY
from data.route_plans.priorities import priority_of
from data.route_plans.refusals import refuse
from data.route_plans.settling import NOTHING, Settled, named_tokens, put_neighbours_in_rows, settle
from data.route_plans.visiting_times import WHOLE_DAY_S, hours_left, windows_for
from data.route_plans.wishes import Man, Wish
from data.rules.plan import VisitRule
from data.rules.visitors import VisitorKind, kinds_of
from data.tables import Campaign, Round, RoutePlan, RouteProblem, RouteUnplanned
from geo.counting import counted
from geo.errors import Text
from geo.routing.problem import clock
from geo.routing.reading import read_problem

# Least presence where a work plan asks for none, minutes.
VISIT_MINUTES = 30
# Why a household is no part of the problem, beside the kinds of ``geo.routing.reasons``.
LEFT_OUT = {
    "no_place": Text("没有准确位置，无法排入路线", "its house has no exact place"),
    "no_duty": Text("不在所选走访员的辖区内", "it lies in nobody's area of duty among those chosen"),
    "no_time": Text(
        "按特别安排，所选日期里没有可以去的时间", "the days of the plan leave no time that was settled for it"
    ),
    "removed": Text("已由人工移出本方案", "it was taken out of the plan by hand"),
}
KIND = "route"


@dataclass(frozen=True)
class Ground:
    """What a plan is made from.

    Attributes
    ----------
    homes : list of Home
        All that are chosen.
    people : list of Person
        Those asked for, in that order; without any, all that may be sent.
    left_out : dict of int to str
        Households that no plan can hold, with the key of :data:`LEFT_OUT`.
    settled : dict of int to Settled
        What the form says about some of them.
    """

    campaign: Campaign
    planned: Round
    kind: VisitorKind
    homes: list[Home]
    people: list[Person]
    left_out: dict[int, str]
    settled: dict[int, Settled]

    @property
    def plannable(self) -> list[Home]:
        """Households that are part of the problem."""
        return [home for home in self.homes if home.id not in self.left_out]


def look_round(session: Session, campaign: Campaign, planned: Round, within: tuple[int, int], wish: Wish) -> Ground:
    """Find whom a wish speaks of.

    Raises
    ------
    RouteRefused
        If an inspector is none of those the asker may send, or too many households are chosen.
    KindUnknown
        If the campaign's plan has no such kind of visitors.
    """
    kind = grid_kind(kinds_of(campaign.plan), wish.kind)
    homes = choose_homes(session, campaign.id, planned, within, wish.choice)
    there = {one.account_id: one for one in choose_people(session, within)}
    for key in (*(man.account_id for man in wish.people), *(who for pair in wish.pairs for who in pair[:2])):
        if key not in there:
            raise refuse(
                f"没有编号为 {key} 的走访员，或其辖区不全在您的辖区内。请刷新后重选。",
                f"There is no inspector {key} whose area of duty lies inside yours. Refresh and choose again.",
                found=key,
                field="inspectors",
            )
    people = [there[man.account_id] for man in wish.people] or list(there.values())
    settled = settle(
        homes, wish, {one.account_id: one.name for one in there.values()}, [one.account_id for one in people]
    )
    service_s = visit_minutes(campaign, wish) * 60
    left_out = {}
    for home in homes:
        if home.lon is None:
            left_out[home.id] = "no_place"
        elif not any(one.may_visit(home.jur) for one in people):
            left_out[home.id] = "no_duty"
        elif home.id in settled and settled[home.id].windows(wish, service_s) is None:
            left_out[home.id] = "no_time"
    return Ground(campaign, planned, kind, homes, people, left_out, settled)


def make_plan(
    session: Session, asker: Asker | None, ground: Ground, within: tuple[int, int], wish: Wish, body: Mapping[str, Any]
) -> tuple[int, uuid.UUID | None]:
    """Keep a plan as asked for and let the worker solve it.

    Parameters
    ----------
    asker : Asker or None
        None for the machine's operator, who solves it himself.
    within : (int, int)
        Range of jurisdiction numbers the plan belongs to; in the asker's duty.
    body : mapping
        The form as it came, kept with the plan.

    Returns
    -------
    (int, UUID or None)
        Number of the plan, and of the job.

    Raises
    ------
    RouteRefused
        With the reason in words, if no plan can come of it.
    """
    problem = make_problem(ground, wish)
    values = {
        "campaign_id": ground.campaign.id,
        "round_no": ground.planned.no,
        "jur": within[0],
        "jur_end": within[1],
    }
    plan_id = int(
        session.scalar(
            insert(RoutePlan)
            .values(
                **values,
                kind=ground.kind.kind,
                days=list(wish.days),
                choices=dict(body),
                state="solving",
                made_by=asker.account_id if asker is not None else None,
            )
            .returning(RoutePlan.id)
        )
        or 0
    )
    session.execute(
        insert(RouteProblem).inline(),
        [{"plan_id": plan_id, "jur": within[0], "jur_end": within[1], "problem": problem}],
    )
    jurs = {home.id: home.jur for home in ground.homes}
    rows = [
        {"plan_id": plan_id, "household_id": key, "jur": jurs[key], "reason": why}
        for key, why in ground.left_out.items()
    ]
    if rows:
        session.execute(insert(RouteUnplanned).inline(), rows)
    record(session, act="route_plan", object_kind="route_plan", object_id=plan_id, jur=within[0])
    if asker is None:
        return plan_id, None
    job = add_job(session, asker, KIND, within, payload={"plan": plan_id, "seed": wish.seed, **budget_of(wish)})
    session.get_one(RoutePlan, plan_id).job_id = job
    session.flush()
    return plan_id, job


def budget_of(wish: Wish) -> dict[str, int]:
    """Rounds or seconds of a wish, as :func:`data.route_plans.solving.solve_plan` takes them; empty by size."""
    if wish.seconds is not None:
        return {"seconds": wish.seconds}
    return {} if wish.rounds is None else {"rounds": wish.rounds}


def make_problem(ground: Ground, wish: Wish) -> dict[str, Any]:
    """The problem as the documented JSON: numbers of households (``h12``) and accounts (``i3``), and no name.

    Raises
    ------
    RouteRefused
        Without an inspector or a household, after the round's end, or without an hour left to come.
    """
    _check(ground, wish)
    men = {man.account_id: man for man in wish.people}
    rule = VisitRule.from_plan(ground.campaign.plan)
    minutes = visit_minutes(ground.campaign, wish)
    most = round(rule.per_inspector_day or VISITS_PER_DAY)
    homes = ground.plannable
    tokens = _duties(homes, ground.people)
    crew = [men.get(one.account_id) or Man(one.account_id) for one in ground.people]
    latest = max(man.ends_s for man in crew)
    known = {one.account_id for one in ground.people}
    households = []
    only = named_tokens(ground.settled.values())
    for home in homes:
        one = household_json(home, minutes, ground.kind.priority_groups)
        settled = ground.settled.get(home.id, NOTHING)
        if (token := tokens.of_home.get(home.id)) is not None:
            one["skills"] = [token]
        owner = (wish.named or {}).get(home.id) or (home.assigned_to if wish.keep_assigned else None)
        if len(settled.inspectors) > 1:
            one.setdefault("skills", []).append(only[settled.inspectors])
        elif settled.inspectors or owner in known:
            one["inspector"] = f"i{settled.inspectors[0] if settled.inspectors else owner}"
        if settled.pair:
            one["pair"] = True
        if settled.together is not None:
            one["together"] = settled.together
        if home.last_account in known:
            one["last_inspector"] = f"i{home.last_account}"
        asked = home.asked if wish.reminders else None
        windows = settled.windows(wish, minutes * 60) if settled.has_times else windows_for(
            wish.days, minutes * 60, asked, wish.quiet, latest, evening=wish.evening, weekend=wish.weekend
        )  # fmt: skip
        if windows:
            one["windows"] = windows
        households.append(one)
    if wish.near_m is not None:
        put_neighbours_in_rows(households, wish.near_m)
    middle = [sum(home.lon or 0.0 for home in homes) / len(homes), sum(home.lat or 0.0 for home in homes) / len(homes)]
    problem = {
        "fangtu_route_problem": 1,
        "days": [day.isoformat() for day in wish.days],
        "travel": {"kind": "points"},
        "inspectors": [
            _inspector(
                man,
                person,
                most,
                [
                    *tokens.of_person[person.account_id],
                    *(token for who, token in only.items() if man.account_id in who),
                ],
                middle,
                wish.days,
            )
            for man, person in zip(crew, ground.people, strict=True)
        ],
        "households": households,
        "pairs": [
            {"lead": f"i{lead}", "companion": f"i{other}"}
            | ({"days": [day.isoformat() for day in days if day in wish.days]} if days else {})
            for lead, other, days in wish.pairs
        ],
    }
    read_problem(problem, "plan")  # what contradicts itself, as two pairs on one day, is said now and not by the worker
    return problem


def visit_minutes(campaign: Campaign, wish: Wish) -> int:
    """Length of a visit: as asked for, else the campaign's."""
    return wish.minutes or max(1, round(VisitRule.from_plan(campaign.plan).min_minutes or VISIT_MINUTES))


def household_json(home: Home, minutes: int, first_groups: Sequence[str]) -> dict[str, Any]:
    """A household as a problem states it, without what depends on who is sent."""
    one: dict[str, Any] = {
        "id": f"h{home.id}",
        "at": [home.lon, home.lat],
        "minutes": minutes,
        "priority": priority_of(home.key_groups, home.grade, home.overdue_days > 0, first_groups),
    }
    if home.village_id is not None:
        one["village"] = str(home.village_id)
    return one


def _check(ground: Ground, wish: Wish) -> None:
    if not ground.people:
        raise refuse(
            "没有走访员：辖区内没有可派的账号。请管理员先建立走访员账号。",
            "No inspector: no account in the area can be sent. Let an administrator add inspectors first.",
            field="inspectors",
        )
    if not ground.homes:
        raise refuse(
            "没有农户符合条件。请放宽条件，或换一轮、换一个辖区。",
            "No household meets the conditions. Loosen them, or choose another round or area.",
            field="households",
        )
    if not ground.plannable:
        placed = sum(why == "no_place" for why in ground.left_out.values())
        raise refuse(
            f"选中的 {len(ground.homes)} 户都不能排入路线：{placed} 户没有准确位置，"
            f"{len(ground.homes) - placed} 户不在所选走访员的辖区内。",
            f"None of {counted(len(ground.homes), 'household')} can be planned: {counted(placed, 'has', 'have')} no "
            f"exact place, {counted(len(ground.homes) - placed, 'lies', 'lie')} in nobody's area of duty.",
            field="households",
        )
    ends = ground.planned.ends_on
    if ends is not None and wish.days[-1] > ends:
        raise refuse(
            f"本轮已定于 {ends} 结束，不能安排在 {wish.days[-1]}。请选别的日期，或请人延长本轮。",
            f"The round ends on {ends}; nothing can be planned on {wish.days[-1]}. Choose other days, or have the "
            "round prolonged.",
            field="days",
            found=wish.days[-1].isoformat(),
            expected=ends.isoformat(),
        )
    if wish.days[0] < today():
        raise refuse(
            f"{wish.days[0]} 已过去。请从今天（{today()}）或以后开始。",
            f"{wish.days[0]} is past. Begin today ({today()}) or later.",
            field="days",
            found=wish.days[0].isoformat(),
        )
    if not hours_left(WHOLE_DAY_S, wish.quiet, 60):
        raise refuse(
            "免打扰时段占满了全天，没有可以访问的时间。",
            "The hours in which nobody is to be disturbed leave no time for a visit.",
            field="quiet",
        )


def _inspector(
    man: Man, person: Person, most: int, skills: Sequence[str], middle: list[float], days: Sequence[date]
) -> dict[str, Any]:
    start = list(man.start or person.centre or middle)
    one: dict[str, Any] = {
        "id": f"i{man.account_id}",
        "start": start,
        "end": list(man.end) if man.end else start,
        "mode": man.mode,
        "from": clock(man.begins_s),
        "to": clock(man.ends_s),
        "most_visits": most if man.most_visits is None else man.most_visits,
        "skills": [*man.skills, *skills],
        "absent": [day.isoformat() for day in man.absent if day in days],
    }
    if man.pause is not None:
        first, last, length = man.pause
        one["breaks"] = [{"from": clock(first), "to": clock(last), "minutes": length // 60}]
    return one


@dataclass(frozen=True)
class _Duties:
    """Areas of duty as skills: what a household asks for, and what a person has."""

    of_home: dict[int, str]
    of_person: dict[int, list[str]]


def _duties(homes: Sequence[Home], people: Sequence[Person]) -> _Duties:
    """One skill for each set of people who may visit a household, where that is not everybody."""
    numbers: dict[frozenset[int], str] = {}
    by_jur: dict[int, frozenset[int]] = {}
    everyone = frozenset(one.account_id for one in people)
    of_home = {}
    for home in homes:
        if home.jur not in by_jur:
            by_jur[home.jur] = frozenset(one.account_id for one in people if one.may_visit(home.jur))
        able = by_jur[home.jur]
        if able != everyone:
            of_home[home.id] = numbers.setdefault(able, f"{DUTY}{len(numbers) + 1}")
    return _Duties(
        of_home,
        {one.account_id: [token for able, token in numbers.items() if one.account_id in able] for one in people},
    )
