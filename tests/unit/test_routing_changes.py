"""A plan changed during the day keeps what is done and locked; an evened one loses nobody."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from geo.routing.changing import at_moment, even_out, replan
from geo.routing.plan import Plan
from geo.routing.problem import Household, Now, Problem
from geo.routing.solve import solve
from geo.routing.verify import verify_plan
from tests.benchmarks.route_towns import make_town
from tests.routing import HOUR, hamlet, problems

Place = tuple[str, int, int]


def places(plan: Plan) -> dict[str, Place]:
    return {stop.household: (route.inspector, route.day, stop.start_s) for route in plan.routes for stop in route.stops}


def without(problem: Problem, inspector: str) -> Problem:
    people = tuple(replace(one, shifts=()) if one.id == inspector else one for one in problem.inspectors)
    return replace(problem, inspectors=people)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(problems(), st.integers(7, 18), st.sets(st.integers(0, 8)), st.booleans())
def test_what_is_done_or_locked_never_moves(problem: Problem, hour: int, chosen: set[int], ill: bool) -> None:
    before = solve(problem, rounds=1)
    was = places(before)
    now = Now(0, hour * HOUR)
    # Locked to their time, but not those of whoever falls ill.
    sick = "i1" if ill else ""
    locked = {f"h{at}" for at in chosen if f"h{at}" in was and was[f"h{at}"][0] != sick}
    standing = at_moment(without(problem, sick) if ill else problem, before, now, locked)
    done = {one.household for one in standing.done}
    found = replan(standing, before, rounds=3)
    assert verify_plan(standing, found.plan).violations == ()
    after = places(found.plan)
    assert all(after[who] == was[who] for who in done)
    assert all(after[who] == was[who] for who in locked - done)
    assert done == {who for who, (_, day, start) in was.items() if (day, start) < (0, now.second)}


def test_nothing_changes_where_nothing_has_changed() -> None:
    problem = hamlet()
    before = solve(problem, rounds=2)
    found = replan(at_moment(problem, before, Now(0, 9 * HOUR)), before, most_changed=0.0, rounds=5)
    assert found.moved == ()
    assert {who: place[:2] for who, place in places(found.plan).items()} == {
        who: place[:2] for who, place in places(before).items()
    }


def test_an_urgent_household_is_fitted_in_and_few_others_move() -> None:
    town = make_town(100, 5, 1, seed=9)
    before = solve(town, rounds=2)
    urgent = Household("urgent", town.households[3].place, priority=100)
    standing = at_moment(replace(town, households=(*town.households, urgent)), before, Now(0, 12 * HOUR))
    found = replan(standing, before, rounds=10)
    assert "urgent" in places(found.plan)
    assert found.share <= 0.15
    assert verify_plan(standing, found.plan).good


def test_when_somebody_falls_ill_few_visits_of_others_move() -> None:
    town = make_town(100, 5, 1, seed=9)
    before = solve(town, rounds=2)
    standing = at_moment(without(town, "i2"), before, Now(0, 12 * HOUR))
    found = replan(standing, before, rounds=10)
    assert verify_plan(standing, found.plan).good
    was, after = places(before), places(found.plan)
    others = {who for who, (man, _, start) in was.items() if man != "i2" and start >= 12 * HOUR}
    moved = {who for who in others if after.get(who, ("",))[0] != was[who][0]}
    assert moved == set(found.moved)
    assert len(moved) <= 0.15 * len(others)


def test_visits_are_shared_evenly_and_nobody_is_lost() -> None:
    town = make_town(80, 4, 3, seed=2)
    before = solve(town, rounds=2)
    found = even_out(town, before, rounds=150)
    assert verify_plan(town, found.plan).good
    assert (found.plan.weight, found.plan.visits) == (before.weight, before.visits)
    assert found.ratio <= 1.3
    assert found.extra_travel <= 0.12
