"""Routes of numbers become a plan with times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geo.routing.crews import FAR, Crew, windows_of
from geo.routing.plan import Pause, Plan, Route, Stop, Unplanned
from geo.routing.problem import Problem
from geo.routing.slots import Unfit


def make_plan(problem: Problem, crews: Sequence[Crew], routes: Sequence[Sequence[int]], rounds: int = 0) -> Plan:
    """A plan with times from routes of households.

    Parameters
    ----------
    crews : sequence of Crew
        Of the whole problem, with its places.
    routes : sequence of sequence of int
        By crew: positions of households in the problem, breaks as ``-1 - i``.

    Raises
    ------
    Unfit
        If a route cannot be kept.
    """
    made, planned, weight = [], set(), 0
    for crew, route in zip(crews, routes, strict=True):
        visits = [item for item in route if item >= 0]
        if not visits and not crew.done:
            continue
        # A day of which all is done has no break any more.
        made.append(time_route(problem, crew, route if visits else ()))
        for stop in made[-1].stops:
            planned.add(stop.household)
            weight += problem.households[problem.by_household[stop.household]].priority
    left = tuple(Unplanned(one.id, "") for one in problem.households if one.id not in planned)
    made.sort(key=lambda one: (one.day, problem.by_inspector[one.inspector]))
    return Plan(tuple(made), left, weight, rounds)


def time_route(problem: Problem, crew: Crew, route: Sequence[int]) -> Route:
    """A crew's day with times: as early as possible, but leaving the start no sooner than the first visit asks.

    Raises
    ------
    Unfit
        If it cannot be kept.
    """
    done = _done_stops(problem, crew)
    places = [crew.start, *[problem.households[item].place for item in route if item >= 0], crew.end]
    ends = np.array(places, dtype=np.int64)
    seconds = problem.travel.seconds(crew.mode, ends[:-1], ends[1:]).tolist()
    metres = np.asarray(problem.travel.metres(crew.mode, ends[:-1], ends[1:])).tolist()
    locked = {lock.household: lock.start_s for lock in problem.locks if lock.start_s is not None}
    begins = crew.begins if min(crew.begins, FAR) < FAR else done[-1].leave_s
    stops: list[Stop] = []
    pauses: list[Pause] = []
    now, low, rest, end_of_rest = begins, begins, 0, -FAR
    for item in route:
        if item < 0:
            first, last, length = crew.breaks[-1 - item]
            low = max(low, first)
            if low > last:
                raise Unfit
            pauses.append(Pause(low, low + length, len(done) + len(stops)))
            low, rest, end_of_rest = low + length, rest + length, low + length
            continue
        one = problem.households[item]
        arrival = max(now + rest + seconds[len(stops)], end_of_rest)
        spans = [(locked[one.id], locked[one.id])] if one.id in locked else windows_of(problem, one, crew.day)
        start = next((max(arrival, first) for first, last in spans if arrival <= last), None)
        if start is None:
            raise Unfit
        if not stops and not pauses and not done:
            # Nobody leaves home to stand before a closed door.
            arrival = start
        at = len(stops)
        stops.append(Stop(one.id, arrival, start, start + one.service_s, seconds[at], metres[at]))
        now = low = start + one.service_s
        rest, end_of_rest = 0, -FAR
    back = max(now + rest + seconds[-1], end_of_rest)
    leave = begins
    if done:
        leave = done[0].start_s - done[0].travel_s
    elif stops and not any(pause.after == 0 for pause in pauses):
        leave = stops[0].arrival_s - stops[0].travel_s
    if route and any(item >= 0 for item in route) and back > crew.ends:
        raise Unfit
    return Route(
        problem.inspectors[crew.inspector].id,
        crew.day,
        leave,
        back,
        seconds[-1],
        metres[-1],
        (*done, *stops),
        tuple(pauses),
        tuple(problem.inspectors[one].id for one in crew.people[1:]),
    )


def routes_of(problem: Problem, crews: Sequence[Crew], plan: Plan) -> list[list[int]]:
    """Routes of a plan by crew: positions of households in the problem, breaks as ``-1 - i``; without what is done."""
    routes: list[list[int]] = [[-1 - at for at in range(len(crew.breaks))] for crew in crews]
    number = {(crew.inspector, crew.day): at for at, crew in enumerate(crews)}
    for route in plan.routes:
        at = number.get((problem.by_inspector[route.inspector], route.day))
        if at is None:
            continue
        made: list[int] = []
        rest = 0
        for position, stop in enumerate(route.stops):
            while rest < min(len(route.breaks), len(crews[at].breaks)) and route.breaks[rest].after <= position:
                made.append(-1 - rest)
                rest += 1
            if not stop.done:
                made.append(problem.by_household[stop.household])
        made += [-1 - own for own in range(rest, len(crews[at].breaks))]
        routes[at] = made
    return routes


def _done_stops(problem: Problem, crew: Crew) -> list[Stop]:
    """What was made before, with the ways that lead there."""
    stops: list[Stop] = []
    place = problem.inspectors[crew.inspector].start
    for one in crew.done:
        there = problem.households[problem.by_household[one.household]].place
        seconds = int(problem.travel.seconds(crew.mode, place, there))
        metres = int(problem.travel.metres(crew.mode, place, there))
        stops.append(Stop(one.household, one.start_s, one.start_s, one.leave_s, seconds, metres, done=True))
        place = there
    return stops
