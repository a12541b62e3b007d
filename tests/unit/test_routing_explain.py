"""Why a household is left out, remedies that work when they are granted, and who else could go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from geo.routing.explain import LONGER_S, Explainer, explain_plan
from geo.routing.problem import Break, Household, Inspector, Lock, Problem, Shift, Window
from geo.routing.reasons import Reason
from geo.routing.slots import LEAVE, Days
from geo.routing.solve import solve
from geo.routing.swaps import swaps_for
from geo.routing.travel import NO_WAY, MatrixTravel
from geo.routing.verify import verify_plan
from tests.benchmarks.route_towns import make_town
from tests.routing import HOUR, hamlet


def only(problem: Problem, household: str) -> Reason:
    plan = solve(problem, rounds=2)
    assert verify_plan(problem, plan).good
    (reason,) = [one for one in explain_plan(problem, plan) if one.household == household]
    assert {one.household: one.reason for one in plan.unplanned}[household] == reason.kind
    return reason


def changed(at: int, **changes: Any) -> Problem:
    problem = hamlet()
    homes = tuple(replace(one, **changes) if number == at else one for number, one in enumerate(problem.households))
    return replace(problem, households=homes)


def test_nobody_has_the_skill() -> None:
    reason = only(changed(0, skills=frozenset({"方言"})), "h1")
    assert reason.kind == "no_skill"
    assert "方言" in reason.text.zh
    assert reason.remedy is not None
    assert reason.remedy.kind.startswith("anyone")


def test_the_named_inspector_is_away() -> None:
    problem = changed(0, inspector="li")
    people = (replace(problem.inspectors[0], shifts=()), problem.inspectors[1])
    assert only(replace(problem, inspectors=people), "h1").kind == "absent"


def test_no_pair_is_planned() -> None:
    assert only(changed(0, pair=True), "h1").kind == "no_pair"


def test_nobody_works_when_somebody_is_at_home() -> None:
    reason = only(changed(0, windows=(Window(18 * HOUR, 20 * HOUR),)), "h1")
    assert reason.kind == "no_window"
    assert reason.remedy is not None
    assert reason.remedy.kind.startswith("other_time")


def test_it_is_too_far() -> None:
    problem = hamlet()
    short = tuple(replace(one, shifts=(Shift(8 * HOUR, 8 * HOUR + 2400),)) for one in problem.inspectors)
    reasons = {
        one.household: one.kind
        for one in explain_plan(replace(problem, inspectors=short), solve(replace(problem, inspectors=short), rounds=1))
    }
    assert reasons["h3"] == "too_far"


def test_there_is_no_way() -> None:
    table = [[[0, NO_WAY], [NO_WAY, 0]]]
    import numpy as np

    travel = MatrixTravel(("walk",), np.array(table), np.array(table))
    problem = Problem(travel, (Inspector("li", 0, 0, (Shift(0, 86400),)),), (Household("h1", 1),))
    assert only(problem, "h1").kind == "no_way"


def test_all_days_are_full() -> None:
    problem = hamlet()
    people = tuple(replace(one, most_visits=2) for one in problem.inspectors)
    problem = replace(problem, inspectors=people)
    reasons = explain_plan(problem, solve(problem, rounds=2))
    assert {one.kind for one in reasons} == {"full"}
    assert {one.remedy.kind for one in reasons if one.remedy is not None} == {"one_more"}


def test_the_group_goes_with_somebody_who_has_no_room() -> None:
    problem = changed(0, group="g")
    homes = tuple(replace(one, group="g") for one in problem.households)
    locks = (Lock("h1", "li", 0),)
    reasons = explain_plan(
        replace(problem, households=homes, locks=locks),
        solve(replace(problem, households=homes, locks=locks), rounds=2),
    )
    assert {one.kind for one in reasons} == {"group"}


@pytest.mark.parametrize(
    ("kind", "most", "hours", "any_time"),
    [("one_more", 4, (9, 20), False), ("longer", None, (9, 12), True), ("other_time", 12, (9, 15), False)],
)
def test_each_remedy_works_when_it_is_granted(
    kind: str, most: int | None, hours: tuple[int, int], any_time: bool
) -> None:
    town = make_town(24, 2, 1, seed=5)
    shift = Shift(hours[0] * HOUR, hours[1] * HOUR)
    people = tuple(replace(one, shifts=(shift,), most_visits=most) for one in town.inspectors)
    homes = tuple(replace(one, windows=() if any_time else one.windows) for one in town.households)
    town = replace(town, inspectors=people, households=homes)
    plan = solve(town, rounds=1)
    reasons = [one for one in explain_plan(town, plan) if one.remedy is not None]
    assert len(explain_plan(town, plan)) == len(plan.unplanned)
    assert kind in {one.remedy.kind.removesuffix("_and_more") for one in reasons if one.remedy is not None}
    for reason in reasons:
        granted = _granted(town, plan, reason)
        again = solve(granted, rounds=2)
        assert verify_plan(granted, again).good
        # Nothing is left but this household and the route it goes into, all of it settled as the remedy says.
        assert again.unplanned == (), reason


def _granted(town: Problem, plan: Any, reason: Reason) -> Problem:
    """The one route of the remedy, its visits locked where they are, and what is asked for granted."""
    remedy = reason.remedy
    assert remedy is not None
    route = next((one for one in plan.routes if (one.inspector, one.day) == (remedy.inspector, remedy.day)), None)
    stops = [stop.household for stop in route.stops] if route is not None else []
    inside = [one for one in stops if one != remedy.instead_of]
    man = next(one for one in town.inspectors if one.id == remedy.inspector)
    shift = man.shifts[0]
    if remedy.kind.startswith("longer"):
        minutes = int("".join(part for part in remedy.text.en.split(" min")[0] if part.isdigit()))
        shift = replace(shift, ends=shift.ends + minutes * 60)
    man = replace(
        man,
        shifts=(shift,),
        most_visits=None if man.most_visits is None else man.most_visits + remedy.kind.endswith("more"),
    )
    homes = []
    for one in town.households:
        if one.id == reason.household:
            free: dict[str, Any] = {"windows": (Window(0, 86400),)} if remedy.kind.startswith("other_time") else {}
            free |= {"inspector": None, "skills": frozenset()} if remedy.kind.startswith("anyone") else {}
            homes.append(replace(one, **free))
        elif one.id in inside:
            homes.append(replace(one, inspector=None))
    locks = tuple(Lock(one.id, man.id, remedy.day, None) for one in homes)
    return replace(town, inspectors=(man,), households=tuple(replace(h, inspector=None) for h in homes), locks=locks)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["one_more", "other_time", "anyone", "longer", "longer_and_more", "swap"])
def test_each_place_that_is_offered_can_be_kept(kind: str, seed: int) -> None:
    # Days full of visits, short ones, or ones with time to spare; windows that too many have at once, a skill that
    # nobody has, and a break at noon that interrupts the way.
    town = make_town(40 if kind in {"other_time", "anyone"} else 70, 2, 1, seed=seed)
    rest = Break(int(11.5 * HOUR), int(13.5 * HOUR), HOUR)
    hours = Shift(9 * HOUR, int(14.5 * HOUR) if kind == "longer" else 20 * HOUR)
    most = 10 if kind in {"one_more", "longer_and_more", "swap"} else None
    people = tuple(replace(one, breaks=(rest,), shifts=(hours,), most_visits=most) for one in town.inspectors)
    narrow = (Window(9 * HOUR, int(9.2 * HOUR)), Window(int(11.5 * HOUR), 12 * HOUR))
    homes = tuple(
        replace(one, windows=narrow if at % 2 else (), skills=frozenset({"dialect"} if at % 9 == 0 else ()))
        for at, one in enumerate(town.households)
    )
    town = replace(town, inspectors=people, households=homes)
    plan = solve(town, rounds=1)
    explainer = Explainer(town, plan)
    if kind == "swap":
        _assert_swaps_can_be_kept(explainer)
        return
    trial = explainer._trial(
        kind,
        explainer.left,
        most=kind.endswith("_more") or kind == "one_more",
        longer=LONGER_S if kind.startswith("longer") else 0,
        any_time=kind == "other_time",
        anyone=kind == "anyone",
    )
    assert trial.minutes
    granted = Days(trial.piece)
    for house, minutes in trial.minutes.items():
        remedy = trial.remedy(house)
        number, gap = trial.place(house)
        route = explainer.routes[number]
        table, travel = granted.gaps(number, [*route[:gap], house, *route[gap:]])
        before = explainer.search.days.gaps(number, route)[1]
        assert minutes == round((travel - before) / 60) + int(trial.piece.service[house]) // 60
        if remedy is not None:
            assert remedy.start_s == table[LEAVE, gap + 1] - trial.piece.service[house]


def _assert_swaps_can_be_kept(explainer: Explainer) -> None:
    """Each household left out stands in the route in place of the other, at the time told."""
    place = {explainer.household(house).id: house for house in range(len(explainer.piece.houses))}
    swaps = swaps_for(explainer, explainer.left)
    assert swaps
    for house, remedy in swaps.items():
        assert remedy is not None
        other = place[remedy.instead_of]
        number = explainer.search.where[other]
        route = [house if item == other else item for item in explainer.routes[number]]
        table, travel = explainer.search.days.gaps(number, route)
        assert remedy.start_s == table[LEAVE, route.index(house) + 1] - explainer.piece.service[house]
        before = explainer.search.days.gaps(number, explainer.routes[number])[1]
        assert remedy.minutes == round((travel - before) / 60)


def test_who_else_could_go_and_what_it_would_add() -> None:
    problem = hamlet()
    people = tuple(replace(one, most_visits=6) for one in problem.inspectors)
    problem = replace(problem, inspectors=people)
    plan = solve(problem, rounds=2)
    found = {one.household: one for one in Explainer(problem, plan).runners_up()}
    # Wang stands at minute 60 and comes down to 45; for h3 at 15 he goes 30 min farther and back. Li spares 5 and 5.
    assert found["h3"].inspector == "wang"
    assert found["h3"].extra_minutes == 60 - 10


def test_a_reason_for_everyone_left_out_in_the_order_of_the_problem() -> None:
    town = make_town(120, 3, 1, seed=1)
    plan = solve(town, rounds=1)
    reasons = explain_plan(town, plan)
    assert [one.household for one in reasons] == [one.household for one in plan.unplanned]
    assert all(one.text.zh.endswith("。") and one.text.en.endswith(".") for one in reasons)
