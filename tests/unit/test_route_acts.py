"""Changes of a plan by hand and by the planner: each keeps every rule, and nothing locked or done ever moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.route_plans.acts import Acted, Target, add, check_acted, lock_routes, lock_visit, move, place_of, remove
from data.route_plans.granting import GRANTS, grant
from data.route_plans.held import Held, closed_routes, join_frozen, problem_with, read_held, without_frozen
from data.route_plans.refusals import RouteRefused
from data.route_plans.replanning import balance, replan_day
from geo.routing.explain import Explainer, name_reasons
from geo.routing.plan import Plan
from geo.routing.problem import Household, Problem
from geo.routing.solve import solve
from geo.routing.verify import verify_plan
from tests.routing import HOUR, hamlet, problems


def planned(problem: Problem) -> Plan:
    return solve(problem, rounds=0, workers=1)


def order(plan: Plan, inspector: str, day: int = 0) -> list[str]:
    return [
        stop.household
        for route in plan.routes
        if (route.inspector, route.day) == (inspector, day)
        for stop in route.stops
    ]


def test_a_visit_goes_where_it_is_put() -> None:
    problem = hamlet()
    plan = planned(problem)
    assert (sorted(order(plan, "li")), sorted(order(plan, "wang"))) == (["h1", "h2", "h3"], ["h4", "h5", "h6"])
    done = remove(problem, Held(), plan, "h4")
    done = move(problem, done.held, done.plan, "h3", Target("wang", 0, 1))
    assert order(done.plan, "wang")[1] == "h3"
    assert verify_plan(done.problem, check_acted(done, plan, done.held).plan).good
    # Where the place is left open it is the cheapest.
    assert "h3" in order(move(problem, done.held, done.plan, "h3", Target("wang")).plan, "wang")[::2]


def test_who_is_visited_in_a_row_moves_as_one() -> None:
    problem = hamlet()
    homes = tuple(replace(one, together="t") if one.id in ("h1", "h2") else one for one in problem.households[:3])
    problem = replace(problem, households=homes)
    plan = planned(problem)
    there = order(plan, "li")
    assert sorted(there) == ["h1", "h2", "h3"]
    done = check_acted(move(problem, Held(), plan, "h1", Target("wang", 0)), plan, Held())
    assert sorted(order(done.plan, "wang")) == ["h1", "h2"]
    assert order(done.plan, "li") == ["h3"]
    # Somebody else does not come between the two.
    with pytest.raises(RouteRefused, match="visited together"):
        check_acted(move(problem, done.held, done.plan, "h3", Target("wang", 0, 1)), plan, Held())


def test_a_fourth_visit_of_three_is_refused_in_words() -> None:
    problem = hamlet()
    plan = planned(problem)
    with pytest.raises(RouteRefused, match="3 at most"):
        check_acted(move(problem, Held(), plan, "h3", Target("wang", 0, 0)), plan, Held())


def test_what_is_taken_out_stays_out_until_it_is_put_in_again() -> None:
    problem = hamlet()
    plan = planned(problem)
    out = remove(problem, Held(), plan, "h2")
    assert place_of(out.plan, "h2") is None
    evened = balance(problem, out.held, out.plan, 1.0)
    assert place_of(evened.plan, "h2") is None
    again = add(problem, evened.held, evened.plan, "h2", Target())
    assert place_of(again.plan, "h2") is not None
    assert again.held.removed == frozenset()


def test_locked_routes_take_nothing_in_and_give_nothing_away() -> None:
    problem = hamlet()
    plan = planned(problem)
    out = remove(problem, Held(), plan, "h4")
    held = lock_routes(problem, out.held, out.plan, True, inspector="wang").held
    with pytest.raises(RouteRefused, match="route is locked"):
        move(problem, held, out.plan, "h3", Target("wang"))
    with pytest.raises(RouteRefused, match="locked"):
        remove(problem, held, out.plan, "h5")
    rest, rest_plan, frozen = without_frozen(problem_with(problem, held), out.plan, held)
    assert {one.id for one in rest.households} == {"h1", "h2", "h3"}
    assert join_frozen(problem_with(problem, held), rest_plan, frozen).visits == out.plan.visits


def test_who_belongs_to_a_row_in_a_locked_route_is_planned_nowhere_else() -> None:
    problem = hamlet()
    homes = tuple(replace(one, together="t") if one.id in ("h1", "h2", "h3") else one for one in problem.households[:5])
    problem = replace(problem, households=homes)
    plan = planned(problem)
    assert sorted(order(plan, "li")) == ["h1", "h2", "h3"]
    out = remove(problem, Held(), plan, "h3")
    held = lock_routes(problem, out.held, out.plan, True, inspector="li").held
    # Wang has a visit left, but the others of the row stand with Li, to whom nobody comes in.
    done, _, _ = replan_day(problem, held, out.plan, now=(0, 7 * HOUR), urgent=["h3"])
    assert check_acted(done, out.plan, held)
    assert [(one.household, one.reason) for one in done.plan.unplanned] == [("h3", "closed")]
    evened = balance(problem, done.held, done.plan, 1.0)
    assert check_acted(evened, done.plan, done.held)
    (reason,) = Explainer(done.problem, done.plan, closed_routes(done.problem, done.held)).reasons()
    assert reason.remedy is None
    # Unlocked, it fits in beside them.
    opened = lock_routes(problem, done.held, done.plan, False, inspector="li")
    assert [one.reason for one in opened.plan.unplanned] == ["fits"]


def test_who_is_ill_loses_the_visits_and_the_others_keep_theirs() -> None:
    problem = hamlet()
    plan = planned(problem)
    held = lock_visit(problem, Held(), plan, "h4", True).held
    done, moved, stayed = replan_day(problem, held, plan, now=(0, 8 * HOUR), absent=[("wang", 0)])
    assert order(done.plan, "wang") == []
    assert sorted(order(done.plan, "li")) == ["h1", "h2", "h3"]
    assert (moved, stayed) == ((), 3)
    assert {one.household for one in done.plan.unplanned} == {"h4", "h5", "h6"}
    assert check_acted(done, plan, held)


def test_what_is_settled_is_kept_as_json_and_read_again() -> None:
    held = Held({"h1": ("li", 0, 30_000)}, frozenset({"li"}), frozenset({1}), frozenset({"h2"}), frozenset({"h3"}),
                frozenset({("wang", 0)}), {"h4": ("li", 0, 1, 2)}, (0, 40_000), {("li", 1): 2}, {("li", 0): 70_000},
                frozenset({"h5"}), frozenset({"h6"}))  # fmt: skip
    assert read_held(held.as_json()) == held
    assert read_held({}) == Held()


def test_one_visit_more_is_granted_on_that_day_alone() -> None:
    base = hamlet(days=("1", "2"), households=tuple(Household(f"h{at}", 2 + at % 6) for at in range(13)))
    plan = name_reasons(base, planned(base))
    (left,) = [one.household for one in plan.unplanned]
    done = check_acted(grant(base, Held(), plan, left, "one_more", "wang", 1), plan, Held())
    assert done.plan.visits == 13
    assert {(route.inspector, route.day): len(route.stops) for route in done.plan.routes}["wang", 1] == 4
    # A fifth that day, or a fourth on the other one, is refused as before.
    for day in (0, 1):
        moved = move(base, done.held, done.plan, order(done.plan, "li", day)[0], Target("wang", day, 0))
        with pytest.raises(RouteRefused, match="at most"):
            check_acted(moved, done.plan, done.held)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(problems(), st.sampled_from([Held(), Held(inspectors=frozenset({"i0"})), Held(days=frozenset({0}))]))
def test_every_remedy_that_is_told_is_carried_out(given_problem: Problem, held: Held) -> None:
    base = replace(given_problem, locks=(), done=(), now=None)
    plan = planned(base)
    for reason in Explainer(base, plan, closed_routes(base, held)).reasons():
        remedy = reason.remedy
        if remedy is None or remedy.kind not in GRANTS:
            continue
        made = grant(base, held, plan, reason.household, remedy.kind, remedy.inspector, remedy.day)
        done = check_acted(made, plan, held)
        found = place_of(done.plan, reason.household)
        assert found is not None
        assert (found[0].inspector, found[0].day) == (remedy.inspector, remedy.day)
        assert done.plan.visits == plan.visits + 1
        again = problem_with(base, read_held(done.held.as_json()))
        assert (again.inspectors, again.households) == (done.problem.inspectors, done.problem.households)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["move", "add", "remove", "lock", "unlock", "inspector", "day", "balance", "replan"]),
        st.integers(0, 8),
        st.integers(0, 2),
        st.integers(0, 1),
        st.one_of(st.none(), st.integers(0, 4)),
    ),
    min_size=1,
    max_size=6,
)


def act(base: Problem, held: Held, plan: Plan, step: tuple[str, int, int, int, int | None]) -> Acted:
    what, house, man, day, position = step
    home = base.households[house % len(base.households)].id
    who = base.inspectors[man % len(base.inspectors)].id
    day %= len(base.days)
    if what == "move":
        return move(base, held, plan, home, Target(who, day, position))
    if what == "add":
        return add(base, held, plan, home, Target(who if position else None, day if position else None, position))
    if what == "remove":
        return remove(base, held, plan, home)
    if what in ("lock", "unlock"):
        return lock_visit(base, held, plan, home, what == "lock")
    if what == "inspector":
        return lock_routes(base, held, plan, bool(position), inspector=who)
    if what == "day":
        return lock_routes(base, held, plan, bool(position), day=day)
    if what == "balance":
        return balance(base, held, plan, 0.25 * (position or 0))
    now = (day, (7 + 2 * (position or 0)) * HOUR)
    return replan_day(base, held, plan, now=now, absent=[(who, day)] if position == 1 else [], urgent=[home])[0]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(problems(), ACTS)
def test_whatever_is_done_in_whatever_order_rules_locks_and_visits_made_are_kept(
    given_problem: Problem, steps: list[Any]
) -> None:
    base = replace(given_problem, locks=(), done=(), now=None)
    held, plan = Held(), name_reasons(base, planned(base))
    for step in steps:
        try:
            done = check_acted(act(base, held, plan, step), plan, held)
        except RouteRefused:
            continue
        assert verify_plan(done.problem, done.plan).good
        locked = closed_routes(base, held) & closed_routes(base, done.held)
        assert {key: order(plan, *key) for key in locked} == {key: order(done.plan, *key) for key in locked}
        in_plan = [stop.household for route in done.plan.routes for stop in route.stops]
        left = [one.household for one in done.plan.unplanned]
        assert sorted(in_plan + left + sorted(done.held.removed)) == sorted(one.id for one in base.households)
        assert all(one.reason for one in done.plan.unplanned)
        for name in (*(held.visits if step[0] != "unlock" else ()), *held.done):
            was, now = place_of(plan, name), place_of(done.plan, name)
            if was is not None and (was[0].inspector, was[0].day) not in done.held.absent:
                assert now is not None
                assert (was[0].inspector, was[0].day, was[1]) == (now[0].inspector, now[0].day, now[1])
        held, plan = done.held, done.plan
