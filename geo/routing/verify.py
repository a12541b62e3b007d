"""Whether a plan keeps the problem: every rule checked anew from problem and plan alone.

It shares the data classes with the solver and nothing else, so a fault of one is not a fault of the other. Times are
taken as the plan states them and must follow from each other.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from geo.counting import counted
from geo.routing.plan import Plan, Route
from geo.routing.problem import Household, Problem, clock
from geo.routing.travel import NO_WAY
from geo.routing.verdict import Verdict, Violation, fault_of
from geo.routing.verify_bonds import check_bonds


def verify_plan(problem: Problem, plan: Plan) -> Verdict:
    """Check every rule of a problem against a plan.

    Parameters
    ----------
    problem : Problem
    plan : Plan
        From anywhere.

    Returns
    -------
    Verdict
        With all violations found: unknown or repeated households and inspectors, households that are neither planned
        nor left out or both, windows, service times, ways, shifts, breaks, most visits, capacity, skills, named
        inspector, pairs, groups, visits in a row, locks, what is already done, and the moment of planning.
    """
    found: list[Violation] = []
    households = {one.id: one for one in problem.households}
    visited: Counter[str] = Counter()
    driven: Counter[tuple[str, int]] = Counter()
    for route in plan.routes:
        driven[route.inspector, route.day] += 1
        visited.update(stop.household for stop in route.stops)
        found += _check_route(problem, households, route)
    for (who, day), times in driven.items():
        if times > 1:
            found.append(
                fault_of(
                    "route_twice",
                    f"“{who}”在同一天有 {times} 条路线",
                    f"“{who}” has {times} routes on one day",
                    who,
                    day,
                )
            )
    left = Counter(one.household for one in plan.unplanned)
    for who, times in (visited + left).items():
        if who not in households:
            found.append(
                fault_of("unknown_household", f"没有农户“{who}”", f"there is no household “{who}”", household=who)
            )
        elif times > 1:
            found.append(
                fault_of(
                    "household_twice",
                    f"农户“{who}”出现了 {times} 次",
                    f"household “{who}” is there {times} times",
                    household=who,
                )
            )
    for who in households:
        if not visited[who] and not left[who]:
            found.append(
                fault_of(
                    "household_missing",
                    f"农户“{who}”既没有安排也没有列为未安排",
                    f"household “{who}” is neither planned nor left out",
                    household=who,
                )
            )
    if problem.all_required:
        found += [
            fault_of("not_served", f"“{who}”必须安排，却未安排", f"“{who}” has to be served and is not", household=who)
            for who in left
        ]
    found += check_bonds(problem, households, plan)
    served = [households[who] for who in visited if who in households]
    by = {stop.household: (route.inspector, *route.companions) for route in plan.routes for stop in route.stops}
    return Verdict(
        tuple(found),
        sum(visited.values()),
        sum(left.values()),
        sum(one.priority for one in served),
        sum(one.priority for one in problem.households),
        sum(sum(stop.travel_s for stop in route.stops) + route.back_travel_s for route in plan.routes),
        sum(sum(stop.travel_m for stop in route.stops) + route.back_travel_m for route in plan.routes),
        sum(one.last_inspector is not None and one.last_inspector not in by[one.id] for one in served),
    )


def _check_route(problem: Problem, households: dict[str, Household], route: Route) -> list[Violation]:
    """Rules within one day of one inspector."""
    found: list[Violation] = []
    who = next((one for one in problem.inspectors if one.id == route.inspector), None)

    def fault(kind: str, zh: str, en: str, household: str = "") -> None:
        found.append(
            fault_of(
                kind,
                f"“{route.inspector}”第 {route.day + 1} 天：{zh}",
                f"“{route.inspector}”, day {route.day + 1}: {en}",
                route.inspector,
                route.day,
                household,
            )
        )

    if who is None or not 0 <= route.day < len(problem.days):
        fault("unknown_inspector", "没有这名走访员或这一天", "there is no such inspector or day")
        return found
    people = [who, *(one for one in problem.inspectors if one.id in route.companions)]
    expected = [
        pair.companion
        for pair in problem.pairs
        if pair.lead == who.id and (pair.days is None or route.day in pair.days)
    ]
    if sorted(expected) != sorted(route.companions):
        fault(
            "companion",
            f"陪同人应为{expected}，计划为{list(route.companions)}",
            f"companions should be {expected}, not {list(route.companions)}",
        )
    planned = [stop for stop in route.stops if not stop.done]
    follows = any(pair.companion == who.id and (pair.days is None or route.day in pair.days) for pair in problem.pairs)
    if follows and planned:
        fault("companion", "当天陪同他人，不能有自己的路线", "goes along with somebody that day and has no route")
    shifts = [[one for one in man.shifts if one.day is None or one.day == route.day] for man in people]
    if planned and not all(shifts):
        fault("shift", "当天不上班", "does not work that day")
    elif planned:
        begins, ends = max(one[0].begins for one in shifts), min(one[0].ends for one in shifts)
        if not route.stops[0].done and route.leave_s < begins:
            fault(
                "shift",
                f"{clock(route.leave_s)} 出发，早于上班 {clock(begins)}",
                f"leaves at {clock(route.leave_s)}, before {clock(begins)}",
            )
        if route.back_s > ends:
            fault(
                "shift",
                f"{clock(route.back_s)} 返回，晚于下班 {clock(ends)}",
                f"is back at {clock(route.back_s)}, after {clock(ends)}",
            )
    limits = [most for man in people if (most := man.most_on(route.day)) is not None]
    if planned and limits and len(route.stops) > min(limits):
        fault(
            "most_visits",
            f"安排了 {len(route.stops)} 户，最多 {min(limits)} 户",
            f"{counted(len(route.stops), 'visit')}, {min(limits)} at most",
        )
    room = [man.capacity for man in people if man.capacity is not None]
    load = sum(households[stop.household].load for stop in route.stops if stop.household in households)
    if planned and room and load > min(room):
        fault("capacity", f"物品 {load}，最多 {min(room)}", f"a load of {load}, {min(room)} at most")
    known = [stop for stop in route.stops if stop.household in households]
    if len(known) == len(route.stops):
        _check_times(problem, households, route, fault)
    skills = {skill for man in people for skill in man.skills}
    for stop in known:
        one = households[stop.household]
        if not stop.done and not one.skills <= skills:
            fault(
                "skill",
                f"“{one.id}”需要 {sorted(one.skills - skills)}",
                f"“{one.id}” needs {sorted(one.skills - skills)}",
                one.id,
            )
        if not stop.done and one.inspector is not None and one.inspector not in {man.id for man in people}:
            fault(
                "named_inspector",
                f"“{one.id}”指定由“{one.inspector}”走访",
                f"“{one.id}” is for “{one.inspector}”",
                one.id,
            )
        if not stop.done and one.pair and len(people) < 2:
            fault("pair", f"“{one.id}”需要两人同去", f"“{one.id}” needs two people", one.id)
    return found


def _check_times(problem: Problem, households: dict[str, Household], route: Route, fault: Any) -> None:
    """Ways, windows, service times and breaks, each from the one before."""
    who = problem.inspectors[problem.by_inspector[route.inspector]]
    place, free = who.start, route.leave_s
    locked = {lock.household: lock.start_s for lock in problem.locks if lock.start_s is not None}
    done = {one.household: one for one in problem.done}
    order_of_done = [stop.done for stop in route.stops]
    if order_of_done != sorted(order_of_done, reverse=True):
        fault("done", "已完成的不在最前面", "what is done does not stand first")
    for at, stop in enumerate([*route.stops, None]):
        there = who.end if stop is None else households[stop.household].place
        name = "" if stop is None else stop.household
        seconds, metres = (route.back_travel_s, route.back_travel_m) if stop is None else (stop.travel_s, stop.travel_m)
        real = int(problem.travel.seconds(who.mode, place, there))
        if real >= NO_WAY:
            fault("no_way", f"到“{name}”没有路", f"there is no way to “{name}”", name)
        if seconds != real or metres != int(problem.travel.metres(who.mode, place, there)):
            fault(
                "travel",
                f"到“{name or '终点'}”的路程写作 {seconds} 秒 {metres} 米，应为 {real} 秒",
                f"the way to “{name or 'the end'}” is given as {seconds} s and {metres} m; it takes {real} s",
                name,
            )
        pauses = [pause for pause in route.breaks if pause.after == at]
        resting = 0
        for pause in pauses:
            if pause.start_s < free + resting:
                fault(
                    "break",
                    f"{clock(pause.start_s)} 的休息与走访重叠",
                    f"the break at {clock(pause.start_s)} meets a visit",
                )
            resting += pause.end_s - pause.start_s
        if stop is not None and stop.done:
            one_done = done.get(name)
            if one_done is None or (one_done.inspector, one_done.day, one_done.start_s, one_done.leave_s) != (
                route.inspector, route.day, stop.start_s, stop.leave_s,
            ):  # fmt: skip
                fault("done", f"“{name}”与已完成的记录不符", f"“{name}” is not as it was done", name)
            place, free = there, stop.leave_s
            continue
        if at and route.stops[at - 1].done and problem.now is not None and route.day == problem.now.day:
            free = max(free, problem.now.second)
        arrival = route.back_s if stop is None else stop.arrival_s
        if arrival < free + resting + real or any(pause.end_s > arrival for pause in pauses if stop is None):
            fault(
                "arrival",
                f"{clock(arrival)} 到不了“{name or '终点'}”",
                f"“{name or 'the end'}” cannot be reached at {clock(arrival)}",
                name,
            )
        if stop is None:
            break
        _check_visit(problem, households[name], route, stop, locked.get(name), [*pauses], fault)
        place, free = there, stop.leave_s
    _check_breaks(problem, route, fault)


def _check_visit(
    problem: Problem, one: Household, route: Route, stop: Any, locked: int | None, pauses: list[Any], fault: Any
) -> None:
    """Window, waiting and length of one visit."""
    if stop.start_s < stop.arrival_s or any(pause.end_s > stop.start_s for pause in pauses):
        fault("arrival", f"“{one.id}”在到达之前开始", f"“{one.id}” begins before the arrival", one.id)
    if stop.leave_s - stop.start_s != one.service_s:
        fault(
            "service",
            f"“{one.id}”用时 {stop.leave_s - stop.start_s} 秒，应为 {one.service_s} 秒",
            f"“{one.id}” takes {stop.leave_s - stop.start_s} s; {one.service_s} s are expected",
            one.id,
        )
    if locked is not None:
        if stop.start_s != locked:
            fault(
                "lock",
                f"“{one.id}”锁定在 {clock(locked)}，计划为 {clock(stop.start_s)}",
                f"“{one.id}” is locked at {clock(locked)}, planned at {clock(stop.start_s)}",
                one.id,
            )
    elif one.windows and not any(
        window.opens <= stop.start_s <= window.closes
        for window in one.windows
        if window.day is None or window.day == route.day
    ):
        fault(
            "window",
            f"“{one.id}”在 {clock(stop.start_s)} 开始，不在可访时段内",
            f"“{one.id}” begins at {clock(stop.start_s)}, outside its windows",
            one.id,
        )
    now = problem.now
    if now is not None and (route.day, stop.start_s) < (now.day, now.second):
        fault(
            "now",
            f"“{one.id}”安排在已过去的 {clock(stop.start_s)}",
            f"“{one.id}” is planned at {clock(stop.start_s)}, which is past",
            one.id,
        )


def _check_breaks(problem: Problem, route: Route, fault: Any) -> None:
    """Every break that can still be taken is taken, within its limits."""
    people = [problem.inspectors[problem.by_inspector[who]] for who in (route.inspector, *route.companions)]
    shifts = [one for man in people for one in man.shifts if one.day is None or one.day == route.day]
    if not shifts or all(stop.done for stop in route.stops):
        return
    begins, ends = max(one.begins for one in shifts), min(one.ends for one in shifts)
    for stop in route.stops:
        if stop.done:
            begins = max(begins, stop.leave_s)
    if problem.now is not None and route.day == problem.now.day:
        begins = max(begins, problem.now.second)
    wanted = {
        (one.opens, one.closes, one.seconds)
        for man in people
        for one in man.breaks
        if (one.day is None or one.day == route.day)
        and max(one.opens, begins) <= one.closes
        and max(one.opens, begins) + one.seconds <= ends
    }
    taken = list(route.breaks)
    for opens, closes, seconds in sorted(wanted):
        fitting = next(
            (one for one in taken if opens <= one.start_s <= closes and one.end_s - one.start_s == seconds), None
        )
        if fitting is None:
            fault(
                "break",
                f"没有在 {clock(opens)}–{clock(closes)} 之间安排休息",
                f"there is no break between {clock(opens)} and {clock(closes)}",
            )
        else:
            taken.remove(fitting)
