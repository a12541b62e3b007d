"""Changes of a plan that the planner makes: shared more evenly, or planned anew during the day with few changes.

Pure, as ``data.route_plans.acts``. Routes that are locked as a whole are taken out before and put back afterwards.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from data.route_plans.acts import Acted
from data.route_plans.held import Held, closed_routes, join_frozen, problem_with, without_frozen
from data.route_plans.refusals import refuse
from geo.routing.changing import MOST_CHANGED, at_moment, even_out, replan
from geo.routing.explain import name_reasons
from geo.routing.plan import Plan, Route
from geo.routing.problem import Now, Problem

# At the end of the slider: nearly the same number of visits each, for a third more of travel.
_EVENEST, _LOOSEST = 1.05, 3.0
_MOST_EXTRA = 0.33
_ROUNDS = 40
# Of each of the steps by which the price of many visits is raised.
_STEP_ROUNDS = 20


def balance(base: Problem, held: Held, plan: Plan, share: float, seed: int = 0) -> Acted:
    """Share visits more evenly.

    Parameters
    ----------
    share : float
        0 (as it is) to 1 (as even as can be).
    """
    problem = problem_with(base, held)
    if share <= 0 or not plan.routes:
        return Acted(problem, held, plan)
    rest, rest_plan, frozen = without_frozen(problem, plan, held)
    if rest is problem and frozen:
        return Acted(problem, held, plan)
    rest_plan = _weighed(rest, rest_plan)
    ratio = _LOOSEST + (_EVENEST - _LOOSEST) * share
    made = even_out(rest, rest_plan, ratio=ratio, most_extra=_MOST_EXTRA * share, rounds=_STEP_ROUNDS, seed=seed)
    return Acted(problem, held, _joined(problem, held, made.plan, frozen))


def replan_day(
    base: Problem,
    held: Held,
    plan: Plan,
    *,
    now: tuple[int, int] | None = None,
    absent: Collection[tuple[str, int]] = (),
    urgent: Collection[str] = (),
    most_changed: float = MOST_CHANGED,
    seed: int = 0,
) -> tuple[Acted, tuple[str, ...], int]:
    """Plan anew for what has happened: the day has begun, somebody is ill, a household is urgent.

    Parameters
    ----------
    now : (int, int), optional
        Day and second: visits begun before are done as planned, and nothing is planned before it.
    absent : collection of (str, int)
        Who does not work on which day.
    urgent : collection of str
        Households of the problem that come before all others.
    most_changed : float
        Most of the visits of those who still work that may move to another inspector or day, or be left out.

    Returns
    -------
    (Acted, tuple of str, int)
        With the households whose visits moved, of those who still work, and how many did not.

    Raises
    ------
    RouteRefused
        If the moment lies before one the plan was changed at already.
    """
    if now is not None and held.now is not None and now < held.now:
        raise refuse(
            "方案已按更晚的时刻调整过，不能回到更早的时刻。",
            "The plan was changed for a later moment already.",
            field="now",
        )
    settled = replace(
        held,
        absent=held.absent | set(absent),
        urgent=held.urgent | set(urgent),
        removed=held.removed - set(urgent),
    )
    problem = problem_with(base, settled)
    if now is not None:
        problem = at_moment(problem, plan, Now(*now), settled.visits.keys())
        done = {one.household: (one.inspector, one.day, one.start_s, one.leave_s) for one in problem.done}
        settled = replace(settled, done=done, now=now)
        problem = problem_with(base, settled)
    rest, rest_plan, frozen = without_frozen(problem, plan, settled)
    if rest is problem and frozen:
        return Acted(problem, settled, _joined(problem, settled, Plan((), (), 0), frozen)), (), 0
    changed = replan(rest, rest_plan, most_changed=most_changed, rounds=_ROUNDS, seed=seed)
    return Acted(problem, settled, _joined(problem, settled, changed.plan, frozen)), changed.moved, changed.kept


def _weighed(problem: Problem, plan: Plan) -> Plan:
    planned = {stop.household for route in plan.routes for stop in route.stops}
    return replace(plan, weight=sum(one.priority for one in problem.households if one.id in planned))


def _joined(problem: Problem, held: Held, plan: Plan, frozen: tuple[Route, ...]) -> Plan:
    joined = join_frozen(problem, plan, frozen)
    if not frozen and all(one.reason for one in joined.unplanned):
        return joined
    return name_reasons(problem, joined, closed_routes(problem, held))
