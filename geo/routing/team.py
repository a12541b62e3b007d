"""Processes that plan parts of one problem; with one worker everything happens in this process."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import Any

from geo.routing.by_pyvrp import fits_pyvrp
from geo.routing.crews import Crew, Ints, crews_of, make_piece
from geo.routing.filling import fill
from geo.routing.polishing import OWN_ROUNDS, PYVRP_ROUNDS, begin, polish, search_of, with_vroom
from geo.routing.problem import Problem
from geo.routing.searching import Routes

# Positions of households and of crews in the problem, routes so far (by position of household in the job), what is to
# be done (``quick``: a first plan; ``first``: a better one by VROOM; ``renew``), seed, and owners of groups that reach
# outside.
Job = tuple[Ints, Sequence[int], Routes | None, str, int, dict[str, int]]

_PR_SET_PDEATHSIG = 1
_given: tuple[Problem, tuple[Crew, ...]] | None = None


def _take_problem(problem: Problem, parent: int) -> None:
    """Begin as a worker of a pool, and end with whoever started it: one that is killed cannot say that it goes."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    global _given
    _given = (problem, crews_of(problem))


def _do(job: Job) -> Routes:
    assert _given is not None
    return do_job(*_given, job)


def do_job(problem: Problem, crews: Sequence[Crew], job: Job) -> Routes:
    """Plan a part, or improve it with a fixed effort; the same job gives the same routes."""
    houses, numbers, routes, what, seed, owners = job
    piece = make_piece(problem, houses, [crews[at] for at in numbers], owners=owners)
    if what == "quick":
        return begin(piece).routes
    search = search_of(piece, routes)
    assert search is not None
    if what == "first":
        return with_vroom(search, 0).routes
    fill(search)
    by_pyvrp = fits_pyvrp(piece)
    if not by_pyvrp:
        search = with_vroom(search, 1)
    rounds = PYVRP_ROUNDS if by_pyvrp else OWN_ROUNDS
    search, _ = polish(search, lambda: False, lambda made: made / rounds, seed)
    return search.routes


class Team:
    """Workers for the parts of one problem; use it with ``with``.

    Parameters
    ----------
    problem : Problem
    workers : int
        Processes; 1 plans in this one.
    """

    def __init__(self, problem: Problem, workers: int) -> None:
        self.problem, self.workers = problem, workers
        self.crews = crews_of(problem)
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Team:
        if self.workers > 1:
            # A fork shares the problem at once, but must not copy a process whose other threads may hold locks.
            way = "fork" if threading.active_count() == 1 else "spawn"
            self._pool = ProcessPoolExecutor(
                self.workers,
                mp_context=get_context(way),
                initializer=_take_problem,
                initargs=(self.problem, os.getpid()),
            )
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def here(self, job: Job) -> Routes:
        """Do a job in this process."""
        return do_job(self.problem, self.crews, job)

    def run(self, jobs: Sequence[Job], stopped: Callable[[], bool]) -> Iterator[tuple[Job, Routes]]:
        """Do jobs and give each back when it is done.

        Parameters
        ----------
        stopped : callable
            No job is begun after it holds.
        """
        if self._pool is None:
            for job in jobs:
                if stopped():
                    return
                yield job, self.here(job)
            return
        waiting = list(reversed(jobs))
        running: dict[Future[Any], Job] = {}
        while waiting or running:
            while waiting and len(running) < self.workers and not stopped():
                job = waiting.pop()
                running[self._pool.submit(_do, job)] = job
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda one: running[one][1][0] if running[one][1] else -1):
                yield running.pop(future), future.result()
