"""What people settled in a plan: locks, absences, who was taken out or put first, what is done; the problem with it.

Pure: a problem goes in, a problem comes out. Ids are those of the problem (``h12``, ``i3``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from data.route_plans.priorities import URGENT
from geo.routing.plan import Plan, Route, Unplanned
from geo.routing.problem import Done, Household, Inspector, Lock, Now, Problem, Shift

# Skills that stand for areas of duty: who may visit a household there.
DUTY = "duty:"


@dataclass(frozen=True)
class Held:
    """What people settled.

    Attributes
    ----------
    visits : mapping of str to (str, int, int)
        Locked visits: inspector, day, second at which it begins.
    inspectors, days : frozenset
        Whose routes, and routes of which days, are locked as a whole: nothing comes in and nothing goes out.
    removed, urgent : frozenset of str
        Households taken out, and put before all others.
    absent : frozenset of (str, int)
        Who does not work on which day after all.
    done : mapping of str to (str, int, int, int)
        Visits made: inspector, day, seconds of beginning and end.
    now : (int, int) or None
        Day and second before which nothing is planned.
    more : mapping of (str, int) to int
        Visits that an inspector may make beyond the most of a day, on some days.
    ends : mapping of (str, int) to int
        Second until which an inspector works longer on some days.
    any_time, anyone : frozenset of str
        Households asked for another time, whose windows no longer hold, and those that anybody may visit in whose duty
        they lie: without the skills, name or pair that were asked for.
    """

    visits: Mapping[str, tuple[str, int, int]] = field(default_factory=dict)
    inspectors: frozenset[str] = frozenset()
    days: frozenset[int] = frozenset()
    removed: frozenset[str] = frozenset()
    urgent: frozenset[str] = frozenset()
    absent: frozenset[tuple[str, int]] = frozenset()
    done: Mapping[str, tuple[str, int, int, int]] = field(default_factory=dict)
    now: tuple[int, int] | None = None
    more: Mapping[tuple[str, int], int] = field(default_factory=dict)
    ends: Mapping[tuple[str, int], int] = field(default_factory=dict)
    any_time: frozenset[str] = frozenset()
    anyone: frozenset[str] = frozenset()

    def is_frozen(self, inspector: str, day: int) -> bool:
        """Whether a route is locked as a whole."""
        return (inspector in self.inspectors or day in self.days) and (inspector, day) not in self.absent

    def as_json(self) -> dict[str, Any]:
        """As it is kept; :func:`read_held` is the way back."""
        return {
            "visits": {key: list(value) for key, value in sorted(self.visits.items())},
            "inspectors": sorted(self.inspectors),
            "days": sorted(self.days),
            "removed": sorted(self.removed),
            "urgent": sorted(self.urgent),
            "absent": [list(one) for one in sorted(self.absent)],
            "done": {key: list(value) for key, value in sorted(self.done.items())},
            "now": list(self.now) if self.now else None,
            "more": [[*key, value] for key, value in sorted(self.more.items())],
            "ends": [[*key, value] for key, value in sorted(self.ends.items())],
            "any_time": sorted(self.any_time),
            "anyone": sorted(self.anyone),
        }


def read_held(values: Mapping[str, Any]) -> Held:
    """What :meth:`Held.as_json` gave; what is not in it is not settled."""
    now = values.get("now")
    return Held(
        {key: (value[0], value[1], value[2]) for key, value in values.get("visits", {}).items()},
        frozenset(values.get("inspectors", ())),
        frozenset(values.get("days", ())),
        frozenset(values.get("removed", ())),
        frozenset(values.get("urgent", ())),
        frozenset((one[0], one[1]) for one in values.get("absent", ())),
        {key: (value[0], value[1], value[2], value[3]) for key, value in values.get("done", {}).items()},
        (now[0], now[1]) if now else None,
        {(one[0], one[1]): one[2] for one in values.get("more", ())},
        {(one[0], one[1]): one[2] for one in values.get("ends", ())},
        frozenset(values.get("any_time", ())),
        frozenset(values.get("anyone", ())),
    )


def problem_with(base: Problem, held: Held) -> Problem:
    """The problem as it is once what people settled holds.

    Parameters
    ----------
    base : Problem
        As it was made.

    Returns
    -------
    Problem
        Without the households taken out. A lock of somebody who is absent that day is no lock any more.
    """
    there = {one.id for one in base.households} - held.removed
    return replace(
        base,
        inspectors=tuple(
            _working(_granted(one, held, len(base.days)), held.absent, len(base.days)) for one in base.inspectors
        ),
        households=tuple(_loosened(_weighed(one, held.urgent), held) for one in base.households if one.id in there),
        locks=tuple(
            Lock(key, who, day, start)
            for key, (who, day, start) in held.visits.items()
            if key in there and key not in held.done and (who, day) not in held.absent
        ),
        done=tuple(Done(key, *value) for key, value in held.done.items() if key in there),
        now=Now(*held.now) if held.now else None,
    )


def _weighed(one: Household, urgent: frozenset[str]) -> Household:
    return replace(one, priority=URGENT) if one.id in urgent else one


def _loosened(one: Household, held: Held) -> Household:
    """A household without what was waived for it; areas of duty are never waived."""
    if one.id in held.any_time:
        one = replace(one, windows=())
    if one.id in held.anyone:
        duty = frozenset(skill for skill in one.skills if skill.startswith(DUTY))
        one = replace(one, inspector=None, pair=False, skills=duty)
    return one


def _granted(one: Inspector, held: Held, days: int) -> Inspector:
    """An inspector with the visits and the hours that he was given beyond his own."""
    extra = tuple((day, more) for (who, day), more in sorted(held.more.items()) if who == one.id)
    ends = {day: end for (who, day), end in held.ends.items() if who == one.id}
    if not extra and not ends:
        return one
    shifts = [
        Shift(shift.begins, max(shift.ends, ends.get(day, 0)), day)
        for shift in one.shifts
        for day in (range(days) if shift.day is None else (shift.day,))
    ]
    return replace(one, extra_visits=one.extra_visits + extra, shifts=tuple(shifts) if ends else one.shifts)


def _working(one: Inspector, absent: frozenset[tuple[str, int]], days: int) -> Inspector:
    """An inspector without the shifts of the days of absence."""
    away = {day for who, day in absent if who == one.id}
    if not away:
        return one
    shifts = []
    for shift in one.shifts:
        for day in range(days) if shift.day is None else (shift.day,):
            if day not in away:
                shifts.append(Shift(shift.begins, shift.ends, day))
    return replace(one, shifts=tuple(shifts))


def closed_routes(problem: Problem, held: Held) -> frozenset[tuple[str, int]]:
    """Inspectors with days whose routes are locked as a whole, whether or not there is a visit in them."""
    if not held.inspectors and not held.days:
        return frozenset()
    return frozenset(
        (one.id, day) for one in problem.inspectors for day in range(len(problem.days)) if held.is_frozen(one.id, day)
    )


def without_frozen(problem: Problem, plan: Plan, held: Held) -> tuple[Problem, Plan, tuple[Route, ...]]:
    """What may still be planned, where whole routes are locked.

    Parameters
    ----------
    problem : Problem
        With what people settled (:func:`problem_with`).

    Returns
    -------
    (Problem, Plan, tuple of Route)
        Problem and plan without the locked routes, and these. Whoever has to have the same inspector as a visit in
        them is bound to him; whoever is to be visited in a row with a visit in them is left out, for nobody comes in.
    """
    frozen = tuple(route for route in plan.routes if held.is_frozen(route.inspector, route.day))
    if not frozen and not held.inspectors and not held.days:
        return problem, plan, ()
    gone = {stop.household for route in frozen for stop in route.stops}
    owner = {
        problem.households[problem.by_household[stop.household]].group: route.inspector
        for route in frozen
        for stop in route.stops
    }
    owner.pop(None, None)
    closed = closed_routes(problem, held)
    # What is done of a row does not count: the rest of it is planned anew.
    rows = {
        problem.households[problem.by_household[stop.household]].together
        for route in frozen
        for stop in route.stops
        if not stop.done
    } - {None}
    out = gone | {
        one.id
        for one in problem.households
        if one.together in rows or (one.group in owner and one.inspector not in (None, owner[one.group]))
    }
    rest = replace(
        problem,
        inspectors=tuple(_working(one, closed, len(problem.days)) for one in problem.inspectors),
        households=tuple(
            replace(one, inspector=owner[one.group]) if one.group in owner and one.inspector is None else one
            for one in problem.households
            if one.id not in out
        ),
        locks=tuple(lock for lock in problem.locks if lock.household not in out),
        done=tuple(one for one in problem.done if one.household not in out),
    ) if len(out) < len(problem.households) else problem  # fmt: skip
    routes = tuple(route for route in plan.routes if not held.is_frozen(route.inspector, route.day))
    left = tuple(one for one in plan.unplanned if one.household not in out)
    return rest, Plan(routes, left, 0, plan.rounds), frozen


def join_frozen(problem: Problem, plan: Plan, frozen: tuple[Route, ...]) -> Plan:
    """A plan of the rest with the locked routes in their places again."""
    routes = sorted((*plan.routes, *frozen), key=lambda one: (one.day, problem.by_inspector[one.inspector]))
    planned = {stop.household for route in routes for stop in route.stops}
    weight = sum(one.priority for one in problem.households if one.id in planned)
    reasons = {one.household: one.reason for one in plan.unplanned}
    left = tuple(Unplanned(one.id, reasons.get(one.id, "")) for one in problem.households if one.id not in planned)
    return Plan(tuple(routes), left, weight, plan.rounds)
