"""From a problem to a plan: a first one at once, better ones as long as there is time.

Up to some hundred households are planned in one piece. More are cut into parts, each planned alone, then joined; from
then on neighbouring routes are taken out and planned anew, first where households are left out.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from geo.routing.board import Board
from geo.routing.crews import Ints, crews_of, make_piece
from geo.routing.parts import cut
from geo.routing.plan import Plan
from geo.routing.polishing import begin, polish, with_vroom
from geo.routing.problem import Problem
from geo.routing.searching import Routes
from geo.routing.team import Job, Team
from geo.routing.timetable import make_plan
from geo.routing.whole import Whole

# Above so many households (or windows) a problem is cut.
IN_ONE_PIECE = 400
# Customers, windows counted one by one, that PyVRP improves in one go.
_IN_ONE_GO = 600
# Share of the seconds that joining the parts and naming the reasons may take.
_END = 0.15
# Rounds of PyVRP that count as one round of the budget, when a problem is planned in one piece.
_A_ROUND = 100


@dataclass(frozen=True)
class Progress:
    """How far it is.

    Attributes
    ----------
    step : str
        ``first`` (each household where it costs least, part by part), ``parts`` (each part planned properly),
        ``improving`` or ``done``.
    done, total : int
        Parts planned in this step and all of them; 1 and 1 while improving.
    visits, weight, travel_s, travel_m : int
        Of the plan so far; travel without what is done.
    plan : callable
        Makes the plan so far, without the reasons of those left out; it takes a moment.
    villages : tuple of str
        Of the part that was planned just now, where households name theirs.
    stands : dict of str to str
        Where each village stands (``geo.routing.board``); empty for a problem in one piece.
    """

    step: str
    done: int
    total: int
    visits: int
    weight: int
    travel_s: int
    travel_m: int
    plan: Callable[[], Plan]
    villages: tuple[str, ...] = ()
    stands: Mapping[str, str] = field(default_factory=dict)


class Budget:
    """What a plan may take: seconds by the clock, or rounds, which come out the same on any machine."""

    def __init__(self, seconds: float, rounds: int | None, cancelled: Callable[[], bool] | None) -> None:
        self.seconds, self.rounds = seconds, rounds
        self._began = time.monotonic()
        self._cancelled = cancelled

    @property
    def left(self) -> float:
        """Seconds left; endless where rounds are counted."""
        return float("inf") if self.rounds is not None else self.seconds - (time.monotonic() - self._began)

    @property
    def stopped(self) -> bool:
        """Whether somebody asked to end, or time is up."""
        return (self._cancelled is not None and self._cancelled()) or self.left <= 0

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to end."""
        return self._cancelled is not None and self._cancelled()

    @property
    def is_late(self) -> bool:
        """Whether little time is left for what has to be done at the end."""
        return self.left < _END * self.seconds

    def share(self, made: int, since: float) -> float:
        """Share of the budget used, counted from the moment when ``since`` seconds were left."""
        if self.rounds is not None:
            return 1.0 if self.rounds <= 0 else made / self.rounds
        return 1.0 if since <= 0 else 1.0 - max(0.0, self.left) / since


def solve(
    problem: Problem,
    *,
    seconds: float = 10.0,
    rounds: int | None = None,
    seed: int = 0,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    workers: int | None = None,
) -> Plan:
    """Plan the visits of a problem.

    Parameters
    ----------
    problem : Problem
    seconds : float
        By the clock. The search never stops a part in its middle, so a plan can take a few seconds longer on a busy
        machine; how good it is depends on what the machine did meanwhile.
    rounds : int, optional
        Instead of seconds: the same problem, seed and rounds give the same plan.
    seed : int
        Of the search.
    progress : callable, optional
        Told the first plan, and each better one.
    cancelled : callable, optional
        Asked between steps; the best plan so far is given back then.
    workers : int, optional
        Processes for a problem in parts; two by default, or one on a single core. One plans in this process.

    Returns
    -------
    Plan
        Every household is in it exactly once: visited, or left out with the kind of reason.

    Notes
    -----
    By weight of what is visited first, then number of visits, then travel and wishes.
    """
    budget = Budget(seconds, rounds, cancelled)
    whole = Whole(problem, crews_of(problem))
    if len(whole.todo) <= IN_ONE_PIECE:
        made = _in_one_piece(whole, budget, seed, progress)
    else:
        with Team(problem, _workers(workers)) as team:
            made = _in_parts(whole, budget, seed, progress, team)
    plan = whole.plan(made)
    tell(progress, "done", whole, 1, 1)
    return plan


def plan_quickly(problem: Problem, progress: Callable[[Progress], None], *, workers: int | None = None) -> None:
    """Plan everybody once, each household where it costs least: something to show before :func:`solve` begins.

    Parameters
    ----------
    problem : Problem
    progress : callable
        Told each part; what it is told last, holds everybody.
    workers : int, optional
        As for :func:`solve`.
    """
    whole = Whole(problem, crews_of(problem))
    houses = whole.todo.tolist()
    parts = [(houses, range(len(whole.crews)))] if len(houses) <= IN_ONE_PIECE else cut(problem, houses, whole.crews)
    jobs: list[Job] = [(np.array(part, dtype=np.int64), numbers, None, "quick", 0, {}) for part, numbers in parts]
    board = Board(problem, [job[0] for job in jobs], 1)
    number = {id(job[0]): at for at, job in enumerate(jobs)}
    with Team(problem, _workers(workers) if len(jobs) > 1 else 1) as team:
        for done, (job, routes) in enumerate(team.run(jobs, lambda: False), 1):
            whole.take(job[0], job[1], routes)
            board.end(number[id(job[0])])
            tell(progress, "first", whole, done, len(jobs), job[0], board)


def _workers(asked: int | None) -> int:
    """Processes for a problem in parts."""
    return min(2, os.cpu_count() or 1) if asked is None else asked


def tell(
    progress: Callable[[Progress], None] | None,
    step: str,
    whole: Whole,
    done: int,
    total: int,
    part: Sequence[int] | Ints = (),
    board: Board | None = None,
) -> None:
    """Tell how far it is, and of which households it was last."""
    if progress is not None:
        visits, weight, travel, metres = whole.sums()
        routes = [list(route) for route in whole.routes]
        progress(
            Progress(
                step, done, total, visits, weight, travel, metres,
                lambda: make_plan(whole.problem, whole.crews, routes),
                tuple(sorted({name for at in part if (name := whole.problem.households[at].village) is not None})),
                {} if board is None else board.stands(),
            )
        )  # fmt: skip


def _in_one_piece(whole: Whole, budget: Budget, seed: int, progress: Callable[[Progress], None] | None) -> int:
    """Plan everything at once; rounds made."""
    piece = make_piece(whole.problem, whole.todo, whole.crews)
    search = begin(piece)

    def keep(routes: Routes) -> None:
        whole.take(piece.houses, range(len(whole.crews)), routes)

    keep(search.routes)
    tell(progress, "first", whole, 1, 1)
    if not piece.allowed.any() or budget.stopped:
        return 0
    windows = int((piece.closes >= 0).sum())
    search = with_vroom(search, 0)
    keep(search.routes)
    tell(progress, "improving", whole, 1, 1)
    made = 0
    since = budget.left
    if windows <= _IN_ONE_GO or len(whole.crews) < 2:
        # In stretches that double, so that better plans are told early and the search is seldom begun anew.
        stretch = 1
        while not budget.stopped and budget.share(made, since) < 1.0:
            before = search.cost()
            wanted = stretch if budget.rounds is None else min(stretch, budget.rounds - made)
            search, steps = polish(search, lambda: budget.stopped, _stretch(budget, wanted), seed + made)
            made += wanted if budget.rounds is not None else max(1, steps // _A_ROUND)
            stretch *= 2
            if search.cost() < before - 1e-6:
                keep(search.routes)
                tell(progress, "improving", whole, 1, 1)
        return made
    with Team(whole.problem, 1) as team:
        made += whole.improve(budget, seed, team, lambda: tell(progress, "improving", whole, 1, 1))
    return made


def _stretch(budget: Budget, wanted: int) -> Callable[[int], float]:
    """Share of a stretch that is used: of so many rounds, or of as many seconds."""
    began = budget.left
    if budget.rounds is not None:
        return lambda steps: steps / (wanted * _A_ROUND)
    return lambda steps: (began - budget.left) / wanted


def _in_parts(whole: Whole, budget: Budget, seed: int, progress: Callable[[Progress], None] | None, team: Team) -> int:
    """Plan part by part, then along the borders; rounds made."""
    began = budget.left
    parts = cut(whole.problem, whole.todo.tolist(), whole.crews)
    # The costliest first, so that the last one does not keep one worker busy alone.
    parts.sort(key=lambda part: -len(part[0]) * max(1, len(part[1])))
    waiting: list[Job] = [
        (np.array(houses, dtype=np.int64), numbers, None, "quick", seed, {}) for houses, numbers in parts
    ]
    # Something to see while the workers are still starting; everyone is planned before any part is planned properly.
    board = Board(whole.problem, [job[0] for job in waiting], team.workers)
    number = {id(job[0]): at for at, job in enumerate(waiting)}
    begun: dict[int, Routes] = {}
    rest = team.run(waiting[1:], lambda: budget.cancelled)
    for done, (job, routes) in enumerate(chain([(waiting[0], team.here(waiting[0]))], rest), 1):
        begun[id(job)] = routes
        whole.take(job[0], job[1], routes)
        board.end(number[id(job[0])])
        tell(progress, "first", whole, done, len(parts), job[0], board)
    board.begin_properly()
    tell(progress, "parts", whole, 0, len(parts), (), board)
    waiting = [(*job[:2], begun[id(job)], "first", *job[4:]) for job in waiting if id(job) in begun]
    for done, (job, routes) in enumerate(team.run(waiting, lambda: budget.cancelled or budget.is_late), 1):
        whole.take(job[0], job[1], routes)
        board.end(number[id(job[0])])
        tell(progress, "parts", whole, done, len(parts), job[0], board)
    spent = began - budget.left if budget.rounds is None else 0.0
    whole.join()
    tell(progress, "improving", whole, 1, 1, (), board)
    # A round is two parts' work or so.
    expected = 2 * spent * team.workers / len(parts)
    return whole.improve(
        budget,
        seed,
        team,
        lambda: tell(progress, "improving", whole, 1, 1, (), board),
        longest=expected,
        kept_back=_END * budget.seconds if budget.rounds is None else 0.0,
    )
