"""The check of a plan finds every rule that is broken, one by one, and nothing in a plan that keeps them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from geo.routing.plan import Plan, Route, Unplanned
from geo.routing.problem import Break, Done, Lock, Now, Pair, Problem, Window
from geo.routing.reading_plans import read_plan
from geo.routing.solve import solve
from geo.routing.verify import verify_plan
from tests.routing import HOUR, hamlet

PROBLEM = hamlet(now=None)
PLAN = solve(PROBLEM, rounds=1)
Change = Callable[[Problem, Plan], tuple[Problem, Plan]]


def route_of(plan: Plan, inspector: str) -> Route:
    return next(route for route in plan.routes if route.inspector == inspector)


def with_route(plan: Plan, old: Route, new: Route) -> Plan:
    return replace(plan, routes=tuple(new if route is old else route for route in plan.routes))


def with_stop(plan: Plan, at: int, **changes: int) -> Plan:
    route = route_of(plan, "li")
    stops = list(route.stops)
    stops[at] = replace(stops[at], **changes)  # type: ignore[arg-type]
    return with_route(plan, route, replace(route, stops=tuple(stops)))


def with_household(problem: Problem, at: int, **changes: object) -> Problem:
    homes = list(problem.households)
    homes[at] = replace(homes[at], **changes)  # type: ignore[arg-type]
    return replace(problem, households=tuple(homes))


def with_li(problem: Problem, **changes: object) -> Problem:
    return replace(problem, inspectors=(replace(problem.inspectors[0], **changes), problem.inspectors[1]))  # type: ignore[arg-type]


LI = route_of(PLAN, "li")
FIRST = LI.stops[0]
THIRD = PROBLEM.by_household[LI.stops[2].household]
NUMBER = PROBLEM.by_household[FIRST.household]


def test_a_plan_that_keeps_everything_has_no_violation() -> None:
    verdict = verify_plan(PROBLEM, PLAN)
    assert verdict.good
    assert (verdict.visits, verdict.unplanned, verdict.weight, verdict.weight_all) == (6, 0, 60, 60)
    assert (verdict.travel_s, verdict.travel_m) == (PLAN.travel_s, PLAN.travel_m)


BROKEN: dict[str, tuple[str, Change]] = {
    "a household that is not in the problem": (
        "unknown_household", lambda p, plan: (p, replace(plan, unplanned=(Unplanned("h99", ""),))),
    ),
    "a household both planned and left out": (
        "household_twice", lambda p, plan: (p, replace(plan, unplanned=(Unplanned("h1", ""),))),
    ),
    "a household in neither": (
        "household_missing", lambda p, plan: (p, with_route(plan, LI, replace(LI, stops=LI.stops[:-1]))),
    ),
    "a day with two routes": ("route_twice", lambda p, plan: (p, replace(plan, routes=(*plan.routes, LI)))),
    "an unknown inspector": (
        "unknown_inspector", lambda p, plan: (p, with_route(plan, LI, replace(LI, inspector="zhao"))),
    ),
    "a way that is too short": ("travel", lambda p, plan: (p, with_stop(plan, 0, travel_s=FIRST.travel_s - 1))),
    "a length that is too short": ("travel", lambda p, plan: (p, with_stop(plan, 0, travel_m=FIRST.travel_m - 1))),
    "an arrival that is too early": (
        "arrival", lambda p, plan: (p, with_stop(plan, 1, arrival_s=LI.stops[1].arrival_s - 1)),
    ),
    "a visit that begins before the arrival": (
        "arrival", lambda p, plan: (p, with_stop(plan, 0, start_s=FIRST.start_s - 1, leave_s=FIRST.leave_s - 1)),
    ),
    "a visit that is too short": ("service", lambda p, plan: (p, with_stop(plan, 2, leave_s=LI.stops[2].leave_s - 60))),
    "a window that is missed": (
        "window", lambda p, plan: (with_household(p, NUMBER, windows=(Window(0, FIRST.start_s - 1),)), plan),
    ),
    "a window of another day": (
        "window",
        lambda p, plan: (with_household(replace(p, days=("0", "1")), NUMBER, windows=(Window(0, 86400, 1),)), plan),
    ),
    "a skill that is lacking": ("skill", lambda p, plan: (with_household(p, NUMBER, skills=frozenset({"a"})), plan)),
    "another than named": ("named_inspector", lambda p, plan: (with_household(p, NUMBER, inspector="wang"), plan)),
    "one where two are needed": ("pair", lambda p, plan: (with_household(p, NUMBER, pair=True), plan)),
    "a companion who is not there": ("companion", lambda p, plan: (replace(p, pairs=(Pair("li", "wang"),)), plan)),
    "too many visits": ("most_visits", lambda p, plan: (with_li(p, most_visits=2), plan)),
    "too much to carry": ("capacity", lambda p, plan: (with_household(with_li(p, capacity=1), NUMBER, load=2), plan)),
    "a day off": ("shift", lambda p, plan: (with_li(p, shifts=()), plan)),
    "a late return": (
        "shift", lambda p, plan: (with_li(p, shifts=(replace(p.inspectors[0].shifts[0], ends=LI.back_s - 1),)), plan),
    ),
    "an early start": (
        "shift", lambda p, plan: (with_li(p, shifts=(replace(p.inspectors[0].shifts[0], begins=LI.back_s - 1),)), plan),
    ),
    "a break that is left out": (
        "break", lambda p, plan: (with_li(p, breaks=(Break(9 * HOUR, 10 * HOUR, 900),)), plan),
    ),
    "a lock to somebody else": ("lock", lambda p, plan: (replace(p, locks=(Lock(FIRST.household, "wang"),)), plan)),
    "a lock at another time": (
        "lock", lambda p, plan: (replace(p, locks=(Lock(FIRST.household, "li", 0, FIRST.start_s + 60),)), plan),
    ),
    "a group that is shared": (
        "group", lambda p, plan: (with_household(with_household(p, 0, group="g"), 5, group="g"), plan),
    ),
    "visits in a row of two inspectors": (
        "together", lambda p, plan: (with_household(with_household(p, 0, together="t"), 5, together="t"), plan),
    ),
    "visits in a row with another between": (
        "together",
        lambda p, plan: (
            with_household(with_household(p, NUMBER, together="t"), THIRD, together="t"),
            plan,
        ),
    ),
    "a visit done that is planned again": (
        "done", lambda p, plan: (replace(p, done=(Done(FIRST.household, "li", 0, 8 * HOUR, 9 * HOUR),)), plan),
    ),
    "a visit in the past": ("now", lambda p, plan: (replace(p, now=Now(0, FIRST.start_s + 1)), plan)),
    "one left out that has to be served": (
        "not_served",
        lambda p, plan: (
            replace(p, all_required=True),
            replace(with_route(plan, LI, replace(LI, stops=LI.stops[1:])), unplanned=(Unplanned(FIRST.household, ""),)),
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_broken_is_found(what: str) -> None:
    kind, change = BROKEN[what]
    problem, plan = change(PROBLEM, PLAN)
    found = verify_plan(problem, plan).violations
    assert kind in {one.kind for one in found}
    assert all(one.text.zh and one.text.en for one in found)


def test_a_break_that_meets_a_visit_is_found() -> None:
    problem = with_li(PROBLEM, breaks=(Break(9 * HOUR, 10 * HOUR, 900),))
    plan = solve(problem, rounds=1)
    assert verify_plan(problem, plan).good
    li = route_of(plan, "li")
    (pause,) = li.breaks
    moved = replace(li, breaks=(replace(pause, start_s=pause.start_s - 600, end_s=pause.end_s - 600),))
    assert "break" in {one.kind for one in verify_plan(problem, with_route(plan, li, moved)).violations}


def test_a_plan_written_and_read_again_is_the_same() -> None:
    assert read_plan(PLAN.as_json()) == PLAN
