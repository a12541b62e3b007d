"""Changes of a plan by hand: a visit moves, comes in or goes out, something is locked; each kept within every rule.

Pure: problem, what people settled and plan go in, the two latter come out. Whatever breaks a rule is refused with the
words of the check that shares no code with the planner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

import numpy as np

from data.route_plans.held import Held, closed_routes, problem_with
from data.route_plans.refusals import RouteRefused, refuse
from geo.routing.crews import Crew, crews_of, make_piece
from geo.routing.explain import name_reasons
from geo.routing.plan import Plan, Route
from geo.routing.problem import Problem, clock
from geo.routing.searching import Search
from geo.routing.slots import Unfit
from geo.routing.timetable import make_plan, routes_of, time_route
from geo.routing.verify import verify_plan


@dataclass(frozen=True)
class Acted:
    """A plan after a change, with what is settled in it and the problem it keeps."""

    problem: Problem
    held: Held
    plan: Plan


@dataclass(frozen=True)
class Target:
    """Where a visit is to go; the cheapest place among what is left open (None)."""

    inspector: str | None = None
    day: int | None = None
    position: int | None = None


def move(base: Problem, held: Held, plan: Plan, household: str, target: Target) -> Acted:
    """Move a visit to another inspector, day or place in the order.

    Raises
    ------
    RouteRefused
        If it is not planned, done or locked, or if a rule would be broken.

    Notes
    -----
    Those it is visited in a row with come along.
    """
    _require_loose(held, plan, household)
    row = _row_of(base, plan, household)
    for one in row:
        _require_loose(held, plan, one)
    return _put(base, held, plan, household, target, row)


def add(base: Problem, held: Held, plan: Plan, household: str, target: Target) -> Acted:
    """Plan a household that is left out or was taken out.

    Raises
    ------
    RouteRefused
        If it is no household of the plan, planned already, or does not fit in.
    """
    _require_known(base, household)
    if place_of(plan, household) is not None:
        raise refuse("这一户已经排入。", "This household is planned already.", found="planned")
    return _put(base, replace(held, removed=held.removed - {household}), plan, household, target)


def remove(base: Problem, held: Held, plan: Plan, household: str) -> Acted:
    """Take a household out of the plan; it comes back only by hand.

    Raises
    ------
    RouteRefused
        If it is done or locked, or no household of the plan.
    """
    _require_known(base, household)
    if place_of(plan, household) is not None:
        _require_loose(held, plan, household)
    if household in held.removed:
        raise refuse("这一户已经移出。", "This household was taken out already.", found="removed")
    held = replace(held, removed=held.removed | {household}, urgent=held.urgent - {household})
    problem = problem_with(base, held)
    crews = crews_of(problem)
    routes = tuple(
        replace(route, stops=tuple(one for one in route.stops if one.household != household)) for route in plan.routes
    )
    return _timed(problem, held, crews, routes_of(problem, crews, Plan(routes, (), 0)))


def lock_visit(base: Problem, held: Held, plan: Plan, household: str, locked: bool) -> Acted:
    """Lock a visit with its inspector, day and time, or let it go.

    Raises
    ------
    RouteRefused
        If it is not planned.
    """
    found = place_of(plan, household)
    if found is None:
        raise refuse("这一户没有排入，不能锁定。", "This household is not planned and cannot be locked.")
    route, start = found
    visits = {key: value for key, value in held.visits.items() if key != household}
    if locked:
        visits[household] = (route.inspector, route.day, start)
    return _settled(base, replace(held, visits=visits), plan)


def lock_routes(
    base: Problem, held: Held, plan: Plan, locked: bool, *, inspector: str | None = None, day: int | None = None
) -> Acted:
    """Lock all routes of an inspector or of a day, or let them go; nothing comes into them and nothing goes out."""
    if inspector is not None:
        _require_inspector(base, inspector)
        changed = held.inspectors | {inspector} if locked else held.inspectors - {inspector}
        held = replace(held, inspectors=changed)
    else:
        _require_day(base, day)
        days = held.days | {day} if locked else held.days - {day}
        held = replace(held, days=frozenset(one for one in days if one is not None))
    problem = problem_with(base, held)
    # Where nobody comes in any more, somebody else is left out for another reason.
    return Acted(problem, held, name_reasons(problem, plan, closed_routes(problem, held)))


def place_of(plan: Plan, household: str) -> tuple[Route, int] | None:
    """Route of a planned household and the second at which its visit begins; None if it is left out."""
    for route in plan.routes:
        for stop in route.stops:
            if stop.household == household:
                return route, stop.start_s
    return None


def check_acted(acted: Acted, before: Plan, held: Held) -> Acted:
    """Refuse a change that breaks a rule, or that touches what is locked or done.

    Parameters
    ----------
    before : Plan
        As it was.
    held : Held
        What was settled before the change.

    Raises
    ------
    RouteRefused
        With the first rule that is broken, in words.
    """
    verdict = verify_plan(acted.problem, acted.plan)
    if not verdict.good:
        raise RouteRefused(verdict.violations[0].text, kind=verdict.violations[0].kind)
    both = {name for name in held.visits if name in acted.held.visits} | set(held.done)
    for name in sorted(both):
        was, now = place_of(before, name), place_of(acted.plan, name)
        if was is None or (was[0].inspector, was[0].day) in acted.held.absent:
            continue
        if now is None or (was[0].inspector, was[0].day, was[1]) != (now[0].inspector, now[0].day, now[1]):
            raise refuse(
                f"没有改动：“{name}”已锁定或已完成，这样改会动到它。",
                f"Not changed: “{name}” is locked or done, and this would move it.",
                found=name,
            )
    return acted


def _row_of(base: Problem, plan: Plan, household: str) -> list[str]:
    """Others that are planned in a row with a household and were not visited yet, in their order."""
    names = {one.id: one.together for one in base.households}
    row = names.get(household)
    if row is None:
        return []
    return [
        stop.household
        for route in plan.routes
        for stop in route.stops
        if not stop.done and stop.household != household and names.get(stop.household) == row
    ]


def _put(base: Problem, held: Held, plan: Plan, household: str, target: Target, others: Sequence[str] = ()) -> Acted:
    """Put a household where it is wanted, out of wherever it was, and others behind it."""
    if target.inspector is not None:
        _require_inspector(base, target.inspector)
    if target.day is not None:
        _require_day(base, target.day)
    problem = problem_with(base, held)
    crews = crews_of(problem)
    at = problem.by_household[household]
    moving = [at, *(problem.by_household[one] for one in others)]
    routes = [[item for item in route if item not in moving] for route in routes_of(problem, crews, plan)]
    open_crews = [
        number
        for number, crew in enumerate(crews)
        if target.inspector in (None, problem.inspectors[crew.inspector].id)
        and target.day in (None, crew.day)
        and not held.is_frozen(problem.inspectors[crew.inspector].id, crew.day)
        and crew.most > 0
    ]
    if not open_crews:
        raise refuse(
            "没有可以排入的路线：当天不上班、户数已满，或路线已锁定。",
            "There is no route it could go to: not at work that day, no visit left, or the route is locked.",
            found=household,
        )
    if target.position is None or len(open_crews) > 1:
        number, route = _cheapest(problem, crews, routes, moving, open_crews)
    else:
        number = open_crews[0]
        visits = [item for item in routes[number] if item >= 0]
        place = max(0, target.position - len(crews[number].done))
        visits[place:place] = moving
        route = _arranged(problem, crews[number], visits)
    routes[number] = route
    return _timed(problem, held, crews, routes)


def _cheapest(
    problem: Problem, crews: Sequence[Crew], routes: list[list[int]], moving: Sequence[int], open_crews: Sequence[int]
) -> tuple[int, list[int]]:
    """The route and the place in it where households that go together cost least."""
    todo = list(moving)
    todo += [item for route in routes for item in route if item >= 0]
    piece = make_piece(problem, todo, crews, with_matrix=False)
    position = {house: own for own, house in enumerate(todo)}
    mask = np.zeros(len(crews), dtype=bool)
    mask[list(open_crews)] = True
    allowed = piece.allowed.copy()
    allowed[: len(moving)] &= mask
    piece = replace(piece, allowed=allowed)
    own = [[position[item] if item >= 0 else item for item in route] for route in routes]
    try:
        search = Search(piece, own)
    except Unfit:
        raise _no_room(problem, moving[0]) from None
    if search.insert(list(range(len(moving)))):
        raise _no_room(problem, moving[0])
    number = search.where[0]
    return number, [todo[item] if item >= 0 else item for item in search.routes[number]]


def _no_room(problem: Problem, at: int) -> RouteRefused:
    name = problem.households[at].id
    return refuse(
        f"“{name}”排不进去：时段、午休、下班时间或户数限制不允许，也可能不在辖区内。",
        f"“{name}” does not fit in: its hours, the break, the end of work or the most visits do not allow it, or it "
        "lies outside the duty.",
        found=name,
    )


def _arranged(problem: Problem, crew: Crew, visits: Sequence[int]) -> list[int]:
    """Visits in the given order, with breaks where the day ends soonest.

    Raises
    ------
    RouteRefused
        If the order cannot be kept wherever the breaks are.
    """
    best: tuple[int, list[int]] | None = None
    for route in _with_breaks(visits, len(crew.breaks)):
        try:
            made = time_route(problem, crew, route)
        except Unfit:
            continue
        if best is None or made.back_s < best[0]:
            best = made.back_s, route
    if best is None:
        who = problem.inspectors[crew.inspector].id
        raise refuse(
            f"“{who}”第 {crew.day + 1} 天按这个顺序来不及：有户不在可访时段、错过锁定时刻，或过了下班时间。",
            f"“{who}”, day {crew.day + 1}: there is no time for this order: somebody is not at home, a locked time is "
            f"missed, or work ends at {clock(crew.ends)}.",
            found=who,
        )
    return best[1]


def _with_breaks(visits: Sequence[int], breaks: int) -> Iterator[list[int]]:
    """All ways to put breaks between visits, in their order."""
    for places in combinations_with_replacement(range(len(visits) + 1), breaks):
        route = list(visits)
        for number, place in reversed(list(enumerate(places))):
            route.insert(place, -1 - number)
        yield route


def _timed(problem: Problem, held: Held, crews: Sequence[Crew], routes: list[list[int]]) -> Acted:
    """The plan of some routes, breaks moved where they are in the way."""
    try:
        plan = make_plan(problem, crews, routes)
    except Unfit:
        for number, crew in enumerate(crews):
            visits = [item for item in routes[number] if item >= 0]
            if visits:
                routes[number] = _arranged(problem, crew, visits)
        plan = make_plan(problem, crews, routes)
    return Acted(problem, held, name_reasons(problem, plan, closed_routes(problem, held)))


def _settled(base: Problem, held: Held, plan: Plan) -> Acted:
    """The same plan with something else settled."""
    return Acted(problem_with(base, held), held, plan)


def _require_loose(held: Held, plan: Plan, household: str) -> None:
    found = place_of(plan, household)
    if found is None:
        raise refuse("这一户没有排入。请从未排入清单加入。", "It is not planned. Add it from those left out.")
    route, _ = found
    done = next(stop.done for stop in route.stops if stop.household == household)
    if household in held.done or done:
        raise refuse("这一户已经走访，不能改动。", "This household has been visited and cannot be moved.", found="done")
    if household in held.visits or held.is_frozen(route.inspector, route.day):
        raise refuse("这一户已锁定。请先解锁。", "This visit is locked. Unlock it first.", found="locked")


def _require_known(base: Problem, household: str) -> None:
    if household not in base.by_household:
        raise refuse(
            "这一户不在本方案中，或没有准确位置。", "This household is not part of the plan, or has no exact place."
        )


def _require_inspector(base: Problem, inspector: str) -> None:
    if inspector not in base.by_inspector:
        raise refuse("方案中没有这名走访员。", "There is no such inspector in the plan.", field="inspector")


def _require_day(base: Problem, day: int | None) -> None:
    if day is None or not 0 <= day < len(base.days):
        raise refuse(
            f"没有这一天：应为 0 到 {len(base.days) - 1}。",
            f"There is no such day: 0 to {len(base.days) - 1}.",
            field="day",
        )
