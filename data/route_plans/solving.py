"""The worker's part: a first plan at once, better ones as they are found, the best one in the end."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.db import owner_session
from data.route_plans.held import Held, join_frozen, problem_with, without_frozen
from data.route_plans.history import note_solved
from data.route_plans.keeping import keep_plan, load_plan
from data.route_plans.ways import MOST_MEASURED, keep_ways, measure_ways, pack_ways, ways_to_measure
from data.tables import RoutePlan
from geo.errors import Text
from geo.routing.explain import name_reasons
from geo.routing.plan import Plan
from geo.routing.problem import Problem

if TYPE_CHECKING:
    from geo.routing.solve import Progress

# Better plans are shown no more often than this.
_SHOWN_EVERY_S = 1.0
# Of more ways a first plan goes by straight lines: to measure them takes longer than somebody likes to look at nothing.
_MEASURED_AT_ONCE = 700**2
# Villages named in one line of progress.
_NAMED = 3
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
        Gets a sentence, and households planned of all, for each step; what it speaks of is written by then.

    Returns
    -------
    dict or None
        What it came to, for the job; None if the plan is no longer this job's: it was stopped or deleted meanwhile.
    """
    # Set before numpy counts its cores: threads of libraries would be in the way of two processes that plan.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from geo.routing.solve import plan_quickly, solve

    plan_id = int(payload["plan"])
    with owner_session(engine) as session:
        row = _mine(session, plan_id, job_id)
        if row is None:
            return None
        kept = load_plan(session, row)
        names = _village_names(session, kept.base)
    shown = _Shown(engine, plan_id, job_id, say, cancelled, names)
    if not kept.plan.routes and _MEASURED_AT_ONCE < ways_to_measure(kept.base) <= MOST_MEASURED:
        # What is shown first is shown by straight lines and says so; the measured plan takes its place.
        shown.begin(kept.base, kept.held, kept.plan, measured=False)
        plan_quickly(shown.rest, shown.see)
        shown.tell(Text("按道路量各户之间的路程", "Measuring the ways between households along the roads"))
    with owner_session(engine) as session:
        base = measure_ways(session, kept.base)
    shown.begin(base, kept.held, kept.plan, measured=base is not kept.base)
    plan = solve(
        shown.rest,
        seconds=float(payload.get("seconds", 10)),
        rounds=payload.get("rounds", None if "seconds" in payload else rounds_for(len(shown.rest.households))),
        seed=int(payload.get("seed", 0)),
        progress=shown.see,
        cancelled=lambda: shown.lost or cancelled(),
    )
    return shown.end(join_frozen(shown.problem, plan, shown.frozen))


class _Shown:
    """What was written of a plan while it is solved, and how far that is; ``lost`` once nobody waits for it."""

    def __init__(
        self,
        engine: Engine,
        plan_id: int,
        job_id: uuid.UUID | None,
        say: Say,
        cancelled: Callable[[], bool],
        names: Mapping[str, str],
    ) -> None:
        self._engine, self._plan_id, self._job_id = engine, plan_id, job_id
        self._say, self._cancelled, self._names = say, cancelled, names
        self.lost = False
        self._weight = -1
        self._visits = 0
        self._at = time.monotonic()
        self._stands: dict[str, str] = {}
        self._stood_at = 0.0

    def begin(self, base: Problem, held: Held, plan: Plan, *, measured: bool) -> None:
        """Say which problem is planned from now on; ``measured`` ways are kept with its first plan that is complete."""
        self._base, self._held, self._unkept = base, held, measured
        self.problem = problem_with(base, held)
        self.rest, _, self.frozen = without_frozen(self.problem, plan, held)

    def see(self, found: Progress) -> None:
        """Write a plan if it is time, and tell how far it is."""
        self._visits = found.visits + sum(len(route.stops) for route in self.frozen)
        is_whole = found.step != "first" or found.done == found.total
        now = time.monotonic()
        # Ways are kept with a plan that goes by them; until then what was planned by straight lines stays.
        is_time = self._unkept or (is_whole and found.step == "first") or now - self._at >= _SHOWN_EVERY_S
        is_better = found.weight > self._weight or is_whole
        is_wanted = is_time and is_better and (is_whole or not self._unkept)
        if not self.lost and found.step != "done" and is_wanted and not self._cancelled():
            self._at, self._weight = now, found.weight
            self._write(join_frozen(self.problem, found.plan(), self.frozen))
        self._stand(found.stands)
        self.tell(self._words(found))

    def _stand(self, stands: Mapping[str, str]) -> None:
        """Write where each village stands, if that is another and it is time."""
        now = time.monotonic()
        # When the ways are measured all is planned once more; a village is not said to be untouched again.
        stands = {
            key: "first" if state == "waiting" and key in self._stands else state for key, state in stands.items()
        }
        is_end = "waiting" not in stands.values() and "under_way" not in stands.values()
        begins = "under_way" in stands.values() and "under_way" not in self._stands.values()
        is_time = now - self._stood_at >= _SHOWN_EVERY_S or is_end or begins
        if self.lost or stands == self._stands or not is_time:
            return
        self._stands, self._stood_at = dict(stands), now
        try:
            with owner_session(self._engine) as session:
                row = _mine(session, self._plan_id, self._job_id)
                if row is not None:
                    row.villages = self._stands
        except DBAPIError:
            if not self._cancelled():
                raise

    def tell(self, words: Text) -> None:
        """Tell what is being done, with the visits there are."""
        self._say(words, self._visits, len(self.problem.households))

    def _write(self, plan: Plan) -> None:
        try:
            with owner_session(self._engine) as session:
                self._keep(session, plan)
        except DBAPIError:
            # Whoever stops a job cancels its statement; the plan before stays.
            if not self._cancelled():
                raise

    def end(self, plan: Plan) -> dict[str, Any] | None:
        """Write the plan as it came out; None if nobody waits for it any more."""
        with owner_session(self._engine) as session:
            row = None if self.lost else self._keep(session, plan)
            if row is None:
                return None
            row.state, row.villages = "ready", {}
            note_solved(session, row, plan, self._held)
            return {
                "plan": self._plan_id,
                "revision": row.revision,
                "visits": plan.visits,
                "unplanned": len(plan.unplanned),
            }

    def _keep(self, session: Session, plan: Plan) -> RoutePlan | None:
        packed = pack_ways(self._base.travel) if self._unkept else None
        row = _mine(session, self._plan_id, self._job_id)
        if row is None:
            self.lost = True
            return None
        if packed is not None:
            keep_ways(session, self._plan_id, packed)
        self._unkept = False
        row.revision += 1
        row.updated_at = func.now()
        keep_plan(session, row, self.problem, self._held, plan)
        return row

    def _words(self, found: Progress) -> Text:
        """One line of progress: the step, and the villages it has come to."""
        zh, en = {
            "first": ("先排一版", "A first plan"),
            "parts": ("逐村细排", "Village by village"),
        }.get(found.step, ("继续改进", "Improving"))
        if found.total == 1:
            return Text(zh, en)
        named = [self._names[key] for key in found.villages if key in self._names]
        count, more = f"{found.done}/{found.total}", len(named) > _NAMED
        first = named[:_NAMED]
        return Text(
            f"{zh}（{'，'.join([count, *(['、'.join(first) + ('等' if more else '')] if first else [])])}）",
            f"{en} ({', '.join([count, *first, *(['…'] if more else [])])})",
        )


def _village_names(session: Session, base: Problem) -> dict[str, str]:
    """Names of the villages of a problem, by its keys."""
    keys = {one.village for one in base.households if one.village is not None}
    rows = session.execute(text("select id, name from area where id = any (:ids)"), {"ids": [int(key) for key in keys]})
    return {str(row.id): row.name for row in rows}


def _mine(session: Session, plan_id: int, job_id: uuid.UUID | None) -> RoutePlan | None:
    """The plan, locked, if it still waits for this job."""
    row = session.get(RoutePlan, plan_id, with_for_update=True)
    return row if row is not None and row.state == "solving" and row.job_id == job_id else None


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
    row.state, row.villages = "ready" if kept.plan.routes else "draft", {}
    row.revision += 1
    row.updated_at = func.now()
    session.flush()
    if not kept.plan.routes:
        return
    # Reasons are named when nothing better comes.
    plan = kept.plan
    if any(not one.reason for one in plan.unplanned):
        plan = name_reasons(kept.problem, plan)
        keep_plan(session, row, kept.problem, kept.held, plan)
    note_solved(session, row, plan, kept.held)
