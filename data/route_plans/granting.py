"""A remedy is carried out: what it grants is settled in the plan, and the household is put where it was told.

Pure, as ``data.route_plans.acts``.
"""

from __future__ import annotations

from dataclasses import replace

from data.route_plans.acts import Acted, Target, add, place_of
from data.route_plans.held import Held, problem_with
from data.route_plans.refusals import refuse
from geo.routing.crews import crews_of
from geo.routing.explain import LONGER_S
from geo.routing.plan import Plan
from geo.routing.problem import Problem

_MORE = "_and_more"
# Kinds of remedies that grant something; ``insert`` and ``swap`` are done by adding and removing.
GRANTS = (
    "one_more",
    "longer",
    "other_time",
    "anyone",
    *(f"{kind}{_MORE}" for kind in ("longer", "other_time", "anyone")),
)


def grant(base: Problem, held: Held, plan: Plan, household: str, kind: str, inspector: str, day: int) -> Acted:
    """Grant what a remedy grants, no more of it than is needed, and plan the household there.

    Parameters
    ----------
    kind : str
        One of :data:`GRANTS`.

    Raises
    ------
    RouteRefused
        If it does not fit in even so.
    """
    if household not in base.by_household or inspector not in base.by_inspector or not 0 <= day < len(base.days):
        raise refuse(
            "方案中没有这一户、这名走访员或这一天。", "There is no such household, inspector or day in the plan."
        )
    people = _going(problem_with(base, held), inspector, day)
    if kind == "one_more" or kind.endswith(_MORE):
        held = replace(held, more={**held.more, **{(who, day): held.more.get((who, day), 0) + 1 for who in people}})
    what = kind.removesuffix(_MORE)
    if what == "other_time":
        held = replace(held, any_time=held.any_time | {household})
    elif what == "anyone":
        held = replace(held, anyone=held.anyone | {household})
    target = Target(inspector, day)
    if what != "longer":
        return add(base, held, plan, household, target)
    tried = add(base, _until(held, people, day, _ends(base, held, people, day) + LONGER_S), plan, household, target)
    # As long as it takes with the household in it, to the minute.
    found = place_of(tried.plan, household)
    assert found is not None
    settled = _until(held, people, day, -(-found[0].back_s // 60) * 60)
    settled = replace(settled, removed=tried.held.removed)
    return Acted(problem_with(base, settled), settled, tried.plan)


def _going(problem: Problem, inspector: str, day: int) -> list[str]:
    """Whoever goes with an inspector on a day, he himself first."""
    for crew in crews_of(problem):
        if crew.day == day and problem.inspectors[crew.inspector].id == inspector:
            return [problem.inspectors[one].id for one in crew.people]
    raise refuse("这名走访员当天不上班。", "The inspector does not work that day.", field="day")


def _ends(base: Problem, held: Held, people: list[str], day: int) -> int:
    """When the first of them stops working."""
    problem = problem_with(base, held)
    shifts = [shift for who in people for shift in problem.inspectors[problem.by_inspector[who]].shifts]
    return min(shift.ends for shift in shifts if shift.day in (None, day))


def _until(held: Held, people: list[str], day: int, ends: int) -> Held:
    """All of them work until then that day; nobody stops earlier for it."""
    return replace(held, ends={**held.ends, **{(who, day): max(held.ends.get((who, day), 0), ends) for who in people}})
