"""A plan that is changed: during the day with as few other changes as stated, or so that visits are shared evenly."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo.routing.crews import Crew, crews_of, make_piece
from geo.routing.explain import name_reasons
from geo.routing.filling import fill
from geo.routing.plan import Plan
from geo.routing.problem import Done, Lock, Now, Problem
from geo.routing.renewing import improve, neighbours
from geo.routing.searching import Search
from geo.routing.slots import Unfit
from geo.routing.timetable import make_plan, routes_of

# The most of the others' visits that a change during the day may move, unless it is said otherwise.
MOST_CHANGED = 0.15
# The most visits of one inspector by the fewest of another, and what that may cost in travel.
EVEN_RATIO, EVEN_COST = 1.3, 0.12


@dataclass(frozen=True)
class Changed:
    """A changed plan and what it changed.

    Attributes
    ----------
    problem : Problem
        The one the plan belongs to: with what is done and the moment in it.
    moved : tuple of str
        Households that have another inspector or day than before, or are left out now, though their inspector still
        works: the visits of others that had to move.
    kept : int
        Visits of others that did not.
    """

    problem: Problem
    plan: Plan
    moved: tuple[str, ...]
    kept: int

    @property
    def share(self) -> float:
        """Moved visits of others by all of them; 0 without any."""
        return len(self.moved) / max(1, len(self.moved) + self.kept)


def at_moment(problem: Problem, plan: Plan, now: Now, locked: Collection[str] = ()) -> Problem:
    """The problem as it stands at a moment of a plan.

    Visits that have begun are done, as planned; the locked ones keep inspector, day and time.

    Parameters
    ----------
    now : Now
    locked : collection of str
        Households.
    """
    done = {one.household: one for one in problem.done}
    locks = {lock.household: lock for lock in problem.locks}
    for route in plan.routes:
        for stop in route.stops:
            if (route.day, stop.start_s) < (now.day, now.second) or stop.done:
                done.setdefault(
                    stop.household, Done(stop.household, route.inspector, route.day, stop.start_s, stop.leave_s)
                )
            elif stop.household in locked:
                locks[stop.household] = Lock(stop.household, route.inspector, route.day, stop.start_s)
    return replace(
        problem,
        done=tuple(done.values()),
        locks=tuple(lock for lock in locks.values() if lock.household not in done),
        now=now,
    )


def replan(
    problem: Problem,
    before: Plan,
    *,
    most_changed: float = MOST_CHANGED,
    seconds: float = 0.5,
    rounds: int | None = None,
    seed: int = 0,
) -> Changed:
    """Change a plan for a problem that has changed: somebody is ill, a household is urgent, the day has begun.

    Parameters
    ----------
    problem : Problem
        As it is now; see :func:`at_moment`. An inspector without a shift that day is ill.
    before : Plan
        The plan people go by.
    most_changed : float
        The most of the visits of those who still work that may move to another inspector or day, or be left out; 0
        keeps them all. Moving within the own day is no change.
    seconds, rounds, seed
        As for ``geo.routing.solve.solve``; for the search alone.

    Returns
    -------
    Changed
        What is done and what is locked stands in it as it was.
    """
    crews = crews_of(problem)
    done = {one.household for one in problem.done}
    todo = [at for at, one in enumerate(problem.households) if one.id not in done]
    piece = make_piece(problem, todo, crews, with_matrix=len(todo) <= 1000)
    position = {at: own for own, at in enumerate(todo)}
    routes = []
    for route in routes_of(problem, crews, before):
        known = [item for item in route if item < 0 or item in position]
        routes.append([position[item] if item >= 0 else item for item in known])
    search = _kept(Search(piece), routes)
    fixed = {own for own, at in enumerate(todo) if search.where[own] >= 0}
    was = {house: (search.lead[search.where[house]], crews[search.where[house]].day) for house in fixed}
    fill(search)
    allowance = int(most_changed * len(fixed) + 1e-9)
    began = time.monotonic()
    rng = random.Random(seed)  # noqa: S311
    step = 0
    best = [list(route) for route in search.routes]
    best_cost = search.cost()
    near = neighbours(piece) if allowance > 0 and len(todo) and piece.allowed.any() else None
    # One ruin after another, each taken only if the changes stay within what is allowed.
    while allowance > 0 and (step < rounds if rounds is not None else time.monotonic() - began < seconds):
        step += 1
        improve(search, rng, lambda made: made / 3, near=near)
        changed = sum(_stands(search, crews, house) != was[house] for house in fixed)
        if changed > allowance or search.cost() > best_cost - 1e-6:
            search.restore(best)
        else:
            best, best_cost = [list(route) for route in search.routes], search.cost()
    plan = name_reasons(problem, make_plan(problem, crews, _in_problem(search, todo), step))
    moved = tuple(
        problem.households[todo[house]].id for house in sorted(fixed) if _stands(search, crews, house) != was[house]
    )
    return Changed(problem, plan, moved, len(fixed) - len(moved))


def _kept(search: Search, routes: Sequence[Sequence[int]]) -> Search:
    """Routes as they were, as far as they can be kept: what does not fit any more is left to be put in again."""
    for number, route in enumerate(routes):
        crew = search.piece.crews[number]
        wanted = [item for item in route if item < 0 or (crew.most > 0 and search.piece.allowed[item, number])]
        # The last visits go first where a day has become too short, but no locked one while there is another.
        while True:
            visits = [item for item in wanted if item >= 0]
            try:
                if len(visits) > crew.most:
                    raise Unfit
                search.change(number, list(wanted))
                break
            except Unfit:
                if not visits:
                    break
                loose = min(reversed(visits), key=lambda item: search.piece.worth[item])
                wanted.remove(loose)
    return search


def _stands(search: Search, crews: Sequence[Crew], house: int) -> tuple[int, int]:
    """Inspector and day of a household; -1 if it is left out."""
    number = search.where[house]
    return (-1, -1) if number < 0 else (search.lead[number], crews[number].day)


def _in_problem(search: Search, todo: Sequence[int]) -> list[list[int]]:
    """Routes with positions of the problem."""
    return [[todo[item] if item >= 0 else item for item in route] for route in search.routes]


@dataclass(frozen=True)
class Evened:
    """A plan whose visits are shared more evenly.

    Attributes
    ----------
    fewest, most : int
        Visits of an inspector over all days, of those who work.
    extra_travel : float
        Travel by that of the plan before, less 1.
    """

    plan: Plan
    fewest: int
    most: int
    extra_travel: float

    @property
    def ratio(self) -> float:
        """Most by fewest; endless if somebody has none."""
        return self.most / self.fewest if self.fewest else float("inf")


def even_out(
    problem: Problem,
    before: Plan,
    *,
    ratio: float = EVEN_RATIO,
    most_extra: float = EVEN_COST,
    rounds: int = 400,
    seed: int = 0,
    told: Callable[[Evened], None] | None = None,
) -> Evened:
    """Share visits more evenly among inspectors, with no household lost, for as little travel as may be.

    The price of an inspector's visits grows with their square; it is raised step by step until the ratio is kept.

    Parameters
    ----------
    ratio : float
        Most visits of an inspector by the fewest.
    most_extra : float
        What that may cost: travel by that of the plan before, less 1.
    rounds : int
        Of ruin and recreate for each step.
    told : callable, optional
        Told each step: it is the slider with its price in travel.

    Returns
    -------
    Evened
        The first that keeps the ratio; otherwise the most even one that costs no more than allowed.
    """
    crews = crews_of(problem)
    done = {one.household for one in problem.done}
    todo = [at for at, one in enumerate(problem.households) if one.id not in done]
    piece = make_piece(problem, todo, crews, with_matrix=len(todo) <= 1000)
    position = {at: own for own, at in enumerate(todo)}
    routes = [[position[item] if item >= 0 else item for item in route] for route in routes_of(problem, crews, before)]
    best = _evened(problem, before, crews, before)
    mean_way = max(60.0, before.travel_s / max(1, before.visits))
    start = routes
    near = neighbours(piece) if todo and piece.allowed.any() else None
    for step in range(8):
        search = Search(piece, start, even=mean_way * 0.05 * 2.0**step)
        improve(search, random.Random(seed + step), lambda made: made / rounds, near=near)  # noqa: S311
        plan = make_plan(problem, crews, _in_problem(search, todo), rounds)
        made = _evened(problem, plan, crews, before)
        if told is not None:
            told(made)
        start = search.routes
        lost = plan.weight < before.weight or plan.visits < before.visits
        if lost or made.extra_travel > most_extra:
            continue
        if made.ratio < best.ratio:
            best = made
        if best.ratio <= ratio:
            break
    return replace(best, plan=name_reasons(problem, best.plan))


def _evened(problem: Problem, plan: Plan, crews: Sequence[Crew], before: Plan) -> Evened:
    """What a plan is like in sharing visits; companions and those who never work are left out."""
    counts = dict.fromkeys({problem.inspectors[crew.inspector].id for crew in crews}, 0)
    for route in plan.routes:
        counts[route.inspector] += len(route.stops)
    many = np.array(list(counts.values()) or [0])
    extra = plan.travel_s / before.travel_s - 1.0 if before.travel_s else 0.0
    return Evened(plan, int(many.min()), int(many.max()), extra)
