"""The worker's part: a first plan at once, better ones as they are found, the best one in the end."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import func, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.db import owner_session
from data.route_plans.held import Held, join_frozen, problem_with, without_frozen
from data.route_plans.history import note_solved
from data.route_plans.keeping import keep_plan, load_plan
from data.route_plans.ways import keep_ways, measure_ways
from data.tables import RoutePlan
from geo.errors import Text
from geo.routing.plan import Plan
from geo.routing.problem import Problem

log = logging.getLogger(__name__)

# Better plans are shown no more often than this.
_SHOWN_EVERY_S = 1.0
# Rounds of improvement, by number of households: about ten seconds of one core.
ROUNDS = ((100, 30), (400, 12), (2_000, 8), (20_000, 6))
Say = Callable[[Text, int | None, int | None], None]


def rounds_for(households: int) -> int:
    """How many rounds of improvement a plan of this size gets where nobody says; counted, so that it comes out the
    same on any machine."""
    return next((rounds for most, rounds in ROUNDS if households <= most), ROUNDS[-1][1])


def solve_plan(
    engine: Engine,
    job_id: uuid.UUID | None,
    payload: Mapping[str, Any],
    say: Say,
    cancelled: Callable[[], bool],
) -> dict[str, Any] | None:
    """Solve a plan; each better one is committed on its own, so that whoever stops it keeps the best.

    Parameters
    ----------
    job_id : UUID or None
        None where no worker is asked.
    payload : mapping
        ``plan``, ``seed``, and ``rounds`` or ``seconds`` where they were asked for.
    say : callable
        Gets a sentence, and households planned of all, for each better plan.

    Returns
    -------
    dict or None
        What it came to, for the job; None if the plan is no longer this job's: it was stopped or deleted meanwhile.
    """
    # Set before numpy counts its cores: threads of libraries would be in the way of two processes that plan.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from geo.routing.solve import Progress, solve

    plan_id = int(payload["plan"])
    with owner_session(engine) as session:
        row = _mine(session, plan_id, job_id)
        if row is None:
            return None
        kept = load_plan(session, row)
        base, held = measure_ways(session, kept.base), kept.held
        keep_ways(session, plan_id, base)
    problem = problem_with(base, held)
    rest, _, frozen = without_frozen(problem, kept.plan, held)
    everyone = len(problem.households)
    shown_at = -_SHOWN_EVERY_S
    lost = False

    def show(found: Progress) -> None:
        nonlocal shown_at, lost
        visits = found.visits + sum(len(route.stops) for route in frozen)
        say(Text(f"已排入 {visits} 户", f"{visits} households planned"), visits, everyone)
        now = time.monotonic()
        if lost or found.step == "done" or now - shown_at < _SHOWN_EVERY_S:
            return
        shown_at = now
        plan = join_frozen(problem, found.plan(), frozen)
        try:
            lost = not _show(engine, plan_id, job_id, problem, held, plan)
        except DBAPIError:
            # Whoever stops a job cancels its statement; the plan before stays.
            if not cancelled():
                raise

    rounds = payload.get("rounds", None if "seconds" in payload else rounds_for(len(rest.households)))
    plan = solve(
        rest,
        seconds=float(payload.get("seconds", 10)),
        rounds=rounds,
        seed=int(payload.get("seed", 0)),
        progress=show,
        cancelled=lambda: lost or cancelled(),
    )
    plan = join_frozen(problem, plan, frozen)
    return None if lost else _end(engine, plan_id, job_id, problem, held, plan)


def _mine(session: Session, plan_id: int, job_id: uuid.UUID | None) -> RoutePlan | None:
    """The plan, locked, if it still waits for this job."""
    row = session.get(RoutePlan, plan_id, with_for_update=True)
    return row if row is not None and row.state == "solving" and row.job_id == job_id else None


def _show(engine: Engine, plan_id: int, job_id: uuid.UUID | None, problem: Problem, held: Held, plan: Plan) -> bool:
    """Write a better plan; False if it is no longer wanted."""
    with owner_session(engine) as session:
        row = _mine(session, plan_id, job_id)
        if row is None:
            return False
        row.revision += 1
        row.updated_at = func.now()
        keep_plan(session, row, problem, held, plan)
    return True


def _end(
    engine: Engine, plan_id: int, job_id: uuid.UUID | None, problem: Problem, held: Held, plan: Plan
) -> dict[str, Any] | None:
    with owner_session(engine) as session:
        row = _mine(session, plan_id, job_id)
        if row is None:
            return None
        row.revision += 1
        row.state = "ready"
        row.updated_at = func.now()
        keep_plan(session, row, problem, held, plan)
        note_solved(session, row, plan, held)
        return {"plan": plan_id, "revision": row.revision, "visits": plan.visits, "unplanned": len(plan.unplanned)}


def stop_solving(session: Session, row: RoutePlan) -> None:
    """Keep the best plan there is; the worker sees that it is no longer wanted."""
    if row.state != "solving":
        return
    session.execute(
        text("""
            update job set cancel_asked_at = now()
             where id = :job and state in ('waiting', 'running') and cancel_asked_at is null"""),
        {"job": row.job_id},
    )
    kept = load_plan(session, row)
    row.state = "ready" if kept.plan.routes else "draft"
    row.revision += 1
    row.updated_at = func.now()
    session.flush()
    if kept.plan.routes:
        note_solved(session, row, kept.plan, kept.held)
