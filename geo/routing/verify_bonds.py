"""What binds households to each other, to somebody or to a moment, checked over all routes of a plan."""

from __future__ import annotations

from geo.routing.plan import Plan
from geo.routing.problem import Household, Problem
from geo.routing.verdict import Violation, fault_of


def check_bonds(problem: Problem, households: dict[str, Household], plan: Plan) -> list[Violation]:
    """Locks, groups, visits in a row and what is done, over all routes."""
    found = []
    at = {stop.household: (route, stop) for route in plan.routes for stop in route.stops}
    for lock in problem.locks:
        route, stop = at.get(lock.household, (None, None))
        if route is None or stop is None:
            continue
        if (lock.inspector is not None and route.inspector != lock.inspector) or (
            lock.day is not None and route.day != lock.day
        ):
            found.append(
                fault_of(
                    "lock",
                    f"“{lock.household}”锁定给“{lock.inspector}”第 {(lock.day or 0) + 1} 天，却安排给"
                    f"“{route.inspector}”第 {route.day + 1} 天",
                    f"“{lock.household}” is locked to “{lock.inspector}” and day {lock.day}, planned for "
                    f"“{route.inspector}” on day {route.day}",
                    route.inspector,
                    route.day,
                    lock.household,
                )
            )
    for one in problem.done:
        route, stop = at.get(one.household, (None, None))
        if stop is None or not stop.done:
            found.append(
                fault_of(
                    "done",
                    f"“{one.household}”已完成，计划里却不是",
                    f"“{one.household}” is done and not shown so",
                    household=one.household,
                )
            )
    owners: dict[str, set[str]] = {}
    for who, (route, _) in at.items():
        group = households[who].group if who in households else None
        if group is not None:
            owners.setdefault(group, set()).add(route.inspector)
    found += [
        fault_of("group", f"“{group}”组由 {sorted(who)} 分别走访", f"group “{group}” is shared by {sorted(who)}")
        for group, who in owners.items()
        if len(who) > 1
    ]
    return found + _check_rows(households, plan)


def _check_rows(households: dict[str, Household], plan: Plan) -> list[Violation]:
    """What is to be visited in a row: in one route, with nobody else between; what is done does not count."""
    places: dict[str, list[tuple[int, int]]] = {}
    for number, route in enumerate(plan.routes):
        for at, stop in enumerate(route.stops):
            one = households.get(stop.household)
            if one is not None and one.together is not None and not stop.done:
                places.setdefault(one.together, []).append((number, at))
    found = []
    for name, row in places.items():
        routes = {number for number, _ in row}
        if len(routes) > 1 or row[-1][1] - row[0][1] != len(row) - 1:
            whose = [one.id for one in households.values() if one.together == name]
            found.append(
                fault_of(
                    "together",
                    f"{whose} 要一并走访：同一人、同一天、一户接一户",
                    f"{whose} are to be visited together: by one inspector, on one day, one after the other",
                    household=whose[0],
                )
            )
    return found
