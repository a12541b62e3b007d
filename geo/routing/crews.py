"""A problem as numbers: crews (an inspector on a day), who may visit whom, and windows by day.

What a person may and may not do is settled here once: skills, named inspector, pairs, locks, absence and what is
already done all become the table of who may visit whom, or a shorter day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.routing.problem import Done, Household, Problem

FAR = 1 << 40
NO_LIMIT = 1 << 30
# One point of priority counts more than any way saved; a visit of priority 0 more than a long way.
POINT = 1e6
VISIT = 2e4
# A locked visit counts more than all that could take its place.
LOCKED = 1e5

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Crew:
    """An inspector on a day, with whoever comes along.

    Attributes
    ----------
    begins, ends : int
        Seconds of the day, after what is already done.
    start : int
        Place: his start, or the last household done.
    most : int
        Visits that may still be planned.
    breaks : tuple of (int, int, int)
        First and last moment to begin, and seconds; in the order they are taken.
    done : tuple of Done
        What was made before, in order.
    """

    inspector: int
    day: int
    begins: int
    ends: int
    start: int
    end: int
    mode: int
    most: int
    capacity: int
    breaks: tuple[tuple[int, int, int], ...]
    skills: frozenset[str]
    people: tuple[int, ...]
    done: tuple[Done, ...]


def crews_of(problem: Problem) -> tuple[Crew, ...]:
    """Crews that can still make visits, and those that have made some, by day and inspector."""
    companions: dict[tuple[int, int], int] = {}
    following: set[tuple[int, int]] = set()
    for pair in problem.pairs:
        for day in range(len(problem.days)) if pair.days is None else pair.days:
            companions[problem.by_inspector[pair.lead], day] = problem.by_inspector[pair.companion]
            following.add((problem.by_inspector[pair.companion], day))
    done: dict[tuple[int, int], list[Done]] = defaultdict(list)
    for one in problem.done:
        done[problem.by_inspector[one.inspector], one.day].append(one)
    made = []
    for day in range(len(problem.days)):
        for at in range(len(problem.inspectors)):
            if (at, day) in following and (at, day) not in done:
                continue
            crew = _crew(problem, at, day, companions.get((at, day)), tuple(sorted(done[at, day], key=_begin)))
            if crew is not None:
                made.append(crew)
    return tuple(made)


def _begin(one: Done) -> tuple[int, str]:
    return one.start_s, one.household


def _crew(problem: Problem, at: int, day: int, companion: int | None, done: tuple[Done, ...]) -> Crew | None:
    """The crew as it stands; None where nobody works and nobody has."""
    who = problem.inspectors[at]
    people = (at,) if companion is None else (at, companion)
    shifts = [
        [shift for shift in problem.inspectors[one].shifts if shift.day is None or shift.day == day] for one in people
    ]
    if not all(shifts) and not done:
        return None
    begins = max((shift[0].begins for shift in shifts if shift), default=0)
    ends = min((shift[0].ends for shift in shifts if shift), default=0) if all(shifts) else -1
    start = who.start
    most = min(_or(problem.inspectors[one].most_on(day)) for one in people)
    capacity = min(_or(problem.inspectors[one].capacity) for one in people)
    if done:
        last = problem.households[problem.by_household[done[-1].household]]
        start, begins = last.place, max(begins, done[-1].leave_s)
        most -= len(done)
        capacity -= sum(problem.households[problem.by_household[one.household]].load for one in done)
    now = problem.now
    if now is not None and day <= now.day:
        begins = FAR if day < now.day else max(begins, now.second)
    if begins >= ends and not done:
        return None
    pauses = sorted(
        (max(pause.opens, begins), pause.closes, pause.seconds)
        for one in people
        for pause in problem.inspectors[one].breaks
        if pause.day is None or pause.day == day
    )
    # A break whose time has passed was taken, or cannot be taken any more; two who go together rest together.
    kept = [pause for pause in dict.fromkeys(pauses) if pause[0] <= pause[1] and pause[0] + pause[2] <= ends]
    skills = frozenset().union(*(problem.inspectors[one].skills for one in people))
    return Crew(
        at, day, begins, ends, start, who.end, who.mode, max(0, most) if begins < ends else 0, capacity, tuple(kept),
        skills, people, done,
    )  # fmt: skip


def _or(limit: int | None) -> int:
    return NO_LIMIT if limit is None else limit


@dataclass(eq=False)
class Piece:
    """Part of a problem with everything the search asks for, by position of household and crew in the part.

    Attributes
    ----------
    houses : ndarray of int64, shape (k,)
        Positions in the problem.
    crews : tuple of Crew
    places : ndarray of int64, shape (p,)
        Places of the problem that occur; the columns below count in them.
    opens, closes : ndarray of int64, shape (w, k, days)
        Windows; an unused one opens at :data:`FAR` and closes before.
    allowed : ndarray of bool, shape (k, c)
    extra : ndarray of float64, shape (k, c)
        Seconds that sending this crew costs beside the way.
    worth : ndarray of float64, shape (k,)
        What a visit counts, in seconds.
    group : ndarray of int64, shape (k,)
        Number of the group that has one inspector; -1 for none.
    block : ndarray of int64, shape (k,)
        Number of the households that are visited in a row; -1 for none.
    priority, many : ndarray of int64, shape (k,)
        Points of priority, and visits it counts as: 1 but for a row that was made one long visit.
    """

    problem: Problem
    houses: Ints
    crews: tuple[Crew, ...]
    places: Ints
    place: Ints
    service: Ints
    load: Ints
    opens: Ints
    closes: Ints
    allowed: NDArray[np.bool_]
    extra: NDArray[np.float64]
    worth: NDArray[np.float64]
    group: Ints
    block: Ints
    priority: Ints
    many: Ints
    group_owner: dict[int, int]
    flat: NDArray[np.int64] | None

    def seconds(self, mode: int | Ints, a: int | Ints, b: int | Ints) -> Ints:
        """Seconds between places of the piece, broadcast."""
        if self.flat is not None:
            many = len(self.places)
            return self.flat.take((np.asarray(mode, dtype=np.int64) * many + a) * many + b)
        return self.problem.travel.seconds(mode, self.places[a], self.places[b])


def windows_of(problem: Problem, household: Household, day: int) -> list[tuple[int, int]]:
    """Moments a visit may begin on a day, as ranges in order that do not touch; one endless range without windows."""
    if not household.windows:
        return [(0, FAR - 1)]
    merged: list[list[int]] = []
    for window in sorted(household.windows, key=lambda one: (one.opens, one.closes)):
        if window.day is not None and window.day != day:
            continue
        if merged and window.opens <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], window.closes)
        else:
            merged.append([window.opens, window.closes])
    return [(opens, closes) for opens, closes in merged]


def make_piece(
    problem: Problem,
    houses: Sequence[int] | Ints,
    crews: Sequence[Crew],
    *,
    with_matrix: bool = True,
    owners: dict[str, int] | None = None,
) -> Piece:
    """Numbers of some households and crews.

    Parameters
    ----------
    houses : sequence of int
        Positions in the problem; none of them done.
    crews : sequence of Crew
        Of the problem.
    with_matrix : bool
        Whether all ways are looked up once; for a few hundred places that pays.
    owners : dict, optional
        Inspectors of groups that have some of their households outside this part.
    """
    houses = np.asarray(houses, dtype=np.int64)
    many = [problem.households[at] for at in houses]
    locks = {lock.household: lock for lock in problem.locks}
    days = len(problem.days)
    always = [[(0, FAR - 1)]] * days
    spans = [[windows_of(problem, one, day) for day in range(days)] if one.windows else always for one in many]
    for at, one in enumerate(many):
        lock = locks.get(one.id)
        if lock is not None and lock.start_s is not None:
            spans[at] = [[(lock.start_s, lock.start_s)] for _ in range(days)]
    width = max((len(span) for row in spans for span in row), default=1) or 1
    opens = np.full((width, len(many), days), FAR, dtype=np.int64)
    closes = np.full((width, len(many), days), -1, dtype=np.int64)
    for at, row in enumerate(spans):
        if row is always:
            opens[0, at], closes[0, at] = always[0][0]
            continue
        for day, span in enumerate(row):
            for number, (first, last) in enumerate(span):
                opens[number, at, day], closes[number, at, day] = first, last
    places, where = np.unique(
        np.array([one.place for one in many] + [crew.start for crew in crews] + [crew.end for crew in crews]),
        return_inverse=True,
    )
    where = where.reshape(-1)
    flat = None
    if with_matrix:
        modes = np.arange(len(problem.travel.modes))[:, None, None]
        flat = np.ascontiguousarray(problem.travel.seconds(modes, places[:, None], places[None, :])).reshape(-1)
    here = [
        replace(crew, start=int(where[len(many) + at]), end=int(where[len(many) + len(crews) + at]))
        for at, crew in enumerate(crews)
    ]
    allowed, extra = _who_may(problem, many, here, closes)
    worth = np.array(
        [(one.priority + (LOCKED if one.id in locks else 0.0)) * POINT + VISIT for one in many], dtype=np.float64
    )
    group, number_of = _numbered([one.group for one in many])
    taken = {
        problem.households[problem.by_household[one.household]].group: problem.by_inspector[one.inspector]
        for one in problem.done
    } | dict(owners or {})
    return Piece(
        problem,
        houses,
        tuple(here),
        places,
        where[: len(many)],
        np.array([one.service_s for one in many], dtype=np.int64),
        np.array([one.load for one in many], dtype=np.int64),
        opens,
        closes,
        allowed,
        extra,
        worth,
        group,
        _numbered([one.together for one in many])[0],
        np.array([one.priority for one in many], dtype=np.int64),
        np.ones(len(many), dtype=np.int64),
        {number_of[name]: owner for name, owner in taken.items() if name in number_of},
        flat,
    )


def _numbered(names: Sequence[str | None]) -> tuple[Ints, dict[str, int]]:
    """Numbers in place of names, -1 for none, and the number of each name."""
    number_of = {name: at for at, name in enumerate(sorted({name for name in names if name is not None}))}
    return np.array([-1 if name is None else number_of[name] for name in names], dtype=np.int64), number_of


def _who_may(
    problem: Problem, many: Sequence[Household], crews: Sequence[Crew], closes: Ints
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Who may visit whom, and what it costs beside the way; shape (k, c) each."""
    locks = {lock.household: lock for lock in problem.locks}
    day = np.array([crew.day for crew in crews], dtype=np.int64)
    lead = np.array([crew.inspector for crew in crews], dtype=np.int64)
    mate = np.array([crew.people[-1] for crew in crews], dtype=np.int64)
    free = np.array([crew.most > 0 for crew in crews], dtype=bool)
    begins = np.array([crew.begins for crew in crews], dtype=np.int64)
    opened: NDArray[np.bool_] = np.asarray((closes >= 0).any(axis=0))
    allowed: NDArray[np.bool_] = free[None, :] & opened[:, day] & (closes.max(axis=0)[:, day] >= begins[None, :])
    # Without a wish one zero stands for all.
    wished = any(one.last_inspector is not None for one in many)
    extra = np.zeros(allowed.shape) if wished else np.broadcast_to(0.0, allowed.shape)
    able: dict[frozenset[str], NDArray[np.bool_]] = {}
    for at, one in enumerate(many):
        if one.skills:
            if one.skills not in able:
                able[one.skills] = np.array([one.skills <= crew.skills for crew in crews], dtype=bool)
            allowed[at] &= able[one.skills]
        if one.pair:
            allowed[at] &= lead != mate
        if one.inspector is not None:
            who = problem.by_inspector[one.inspector]
            allowed[at] &= (lead == who) | (mate == who)
        lock = locks.get(one.id)
        if lock is not None and lock.inspector is not None:
            allowed[at] &= lead == problem.by_inspector[lock.inspector]
        if lock is not None and lock.day is not None:
            allowed[at] &= day == lock.day
        if one.last_inspector is not None:
            who = problem.by_inspector.get(one.last_inspector, -1)
            extra[at] = np.where((lead == who) | (mate == who), 0.0, float(problem.same_inspector_s))
    return allowed, extra
