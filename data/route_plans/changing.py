"""A plan is changed: read, changed at once by pure functions, checked, and written down with its price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from data.askers import Asker
from data.route_plans.acts import Acted, Target, add, check_acted, lock_routes, lock_visit, move, remove
from data.route_plans.adding import add_homes
from data.route_plans.granting import GRANTS, grant
from data.route_plans.held import closed_routes, problem_with, read_held
from data.route_plans.history import change_at, note_change, step_back, step_forward
from data.route_plans.keeping import Kept, keep_plan, key_of, load_plan
from data.route_plans.listing import settled_plan
from data.route_plans.naming import name_text
from data.route_plans.refusals import RouteRefused, being_solved, changed_meanwhile, refuse
from data.route_plans.replanning import balance, replan_day
from data.route_plans.showing import faces_of, homes_of, totals_json
from data.route_plans.wishes import check_text
from data.tables import RoutePlan
from geo.errors import Text
from geo.routing.changing import MOST_CHANGED
from geo.routing.explain import name_reasons
from geo.routing.fields import Fields
from geo.routing.plan import Plan, Unplanned
from geo.routing.problem import MOST_HOUSEHOLDS
from geo.routing.reading_plans import read_plan

ACTS = ("move", "add", "grant", "remove", "lock", "unlock", "balance", "replan", "undo", "redo")
_NAME = "change"


@dataclass(frozen=True)
class Changed:
    """A plan after a change and its price, as :func:`price_of` has it."""

    kept: Kept
    price: dict[str, Any]


def change_plan(session: Session, asker: Asker, plan_id: int, body: Mapping[str, Any]) -> Changed:
    """Change a plan as asked for.

    Parameters
    ----------
    body : mapping
        ``revision`` that was seen, ``act`` and what it needs, as the guide ``routes.md`` has it; with ``try`` nothing
        is written.

    Raises
    ------
    RecordUnknown
        If there is no such plan for the asker.
    RouteConflict
        If the plan is another one by now, or is being solved.
    RouteRefused, ProblemError
        If it cannot be done, or a field is wrong; nothing is changed then.
    """
    check_text(body)
    top = Fields(_NAME, "", body)
    revision = top.whole("revision")
    act = top.text("act")
    is_trial = top.raw("try") is True
    if act not in ACTS:
        raise top.wrong("act", act, Text("、".join(ACTS) + " 之一", "one of " + ", ".join(ACTS)))
    row = settled_plan(session, plan_id)
    _require(row, revision)
    kept = load_plan(session, row)
    trial = session.begin_nested() if is_trial else None
    try:
        return _changed(session, asker, kept, act, top, body, is_trial)
    finally:
        if trial is not None and trial.is_active:
            trial.rollback()


def _changed(
    session: Session, asker: Asker, kept: Kept, act: str, top: Fields, body: Mapping[str, Any], is_trial: bool
) -> Changed:
    row = kept.row
    if act in ("undo", "redo"):
        top.end()
        return _stepped(session, kept, act)
    try:
        kept, acted, more = _act(session, kept, act, top)
        acted = check_acted(acted, kept.plan, kept.held)
    except RouteRefused as error:
        faces = faces_of(session, row, homes_of(session, kept), [key_of(one.id) for one in kept.base.inspectors])
        raise RouteRefused(name_text(error.text, faces), **error.details) from None
    price = price_of(kept.plan, acted.plan) | more
    done = replace(kept, held=acted.held, problem=acted.problem, plan=acted.plan)
    if is_trial:
        return Changed(done, price)
    _take(session, row)
    row.revision += 1
    row.state = "ready" if row.state in ("draft", "withdrawn") else row.state
    row.updated_at = func.now()
    keep_plan(session, row, acted.problem, acted.held, acted.plan)
    wanted = {name: value for name, value in body.items() if name not in ("revision", "try")}
    note_change(session, row, act, wanted, price, acted.plan, acted.held, asker.account_id)
    session.flush()
    session.refresh(row)
    return Changed(done, price)


def _require(row: RoutePlan, revision: int) -> None:
    """Make sure that a plan is the one that was seen, and nobody solves it."""
    if row.state == "solving":
        raise being_solved()
    if row.revision != revision:
        raise changed_meanwhile(row.revision)


def _take(session: Session, row: RoutePlan) -> None:
    """Lock a plan to write what was worked out, which may have taken seconds: others did not wait for it meanwhile.

    Raises
    ------
    RouteConflict
        If somebody else changed it since it was read.
    """
    seen = row.revision
    session.refresh(row, with_for_update=True)
    _require(row, seen)


def price_of(before: Plan, after: Plan) -> dict[str, Any]:
    """What a change costs.

    Returns
    -------
    dict
        ``minutes`` of travel and ``work_minutes`` more (below 0: less), ``visits`` more, ``changed`` households that
        have another inspector, day or state, and the sums ``before`` and ``after``.
    """
    was, now = totals_json(before), totals_json(after)
    return {
        "minutes": round((now["travel_s"] - was["travel_s"]) / 60),
        "work_minutes": round((now["work_s"] - was["work_s"]) / 60),
        "visits": now["visits"] - was["visits"],
        "changed": sorted(key_of(name) for name in _differing(before, after)),
        "before": was,
        "after": now,
    }


def _differing(before: Plan, after: Plan) -> set[str]:
    places = [
        {stop.household: (route.inspector, route.day) for route in plan.routes for stop in route.stops}
        for plan in (before, after)
    ]
    return {name for name in places[0].keys() | places[1].keys() if places[0].get(name) != places[1].get(name)}


def _act(session: Session, kept: Kept, act: str, top: Fields) -> tuple[Kept, Acted, dict[str, Any]]:
    """The plan an act is done to, what comes of it, and what is told beside the price."""
    if act == "balance":
        share = top.number("share", above=-1e-9, most=1.0)
        top.end()
        before = _before_balance(session, kept)
        return kept, balance(kept.base, before.held, before.plan, share), {}
    if act == "replan":
        return _replan(session, kept, top)
    if act in ("lock", "unlock"):
        return kept, _lock(kept, act == "lock", top), {}
    household = _household(top, "household")
    if act == "remove":
        top.end()
        return kept, remove(kept.base, kept.held, kept.plan, household), {}
    if act == "grant":
        kind = top.text("kind")
        if kind not in GRANTS:
            raise top.wrong("kind", kind, Text("、".join(GRANTS) + " 之一", "one of " + ", ".join(GRANTS)))
        inspector, day = f"i{_key(top, 'inspector')}", top.whole("day", most=30)
        top.end()
        return kept, grant(kept.base, kept.held, kept.plan, household, kind, inspector, day), {}
    target = Target(
        f"i{_key(top, 'inspector')}" if top.has("inspector") else None,
        top.whole("day", most=30) if top.has("day") else None,
        top.whole("position", most=1000) if top.has("position") else None,
    )
    top.end()
    if act == "move":
        return kept, move(kept.base, kept.held, kept.plan, household, target), {}
    kept = _with_homes(session, kept, [key_of(household)])
    return kept, add(kept.base, kept.held, kept.plan, household, target), {}


def _with_homes(session: Session, kept: Kept, keys: list[int]) -> Kept:
    """The plan once these households are part of its problem."""
    if all(f"h{key}" in kept.base.by_household for key in keys):
        return kept
    add_homes(session, kept.row, keys)
    return load_plan(session, kept.row)


def _before_balance(session: Session, kept: Kept) -> Kept:
    """The plan as it was before it was balanced: the slider starts from there each time."""
    change = change_at(session, kept.row, kept.row.change_no)
    found = None
    while change is not None and change.act == "balance":
        change = found = change_at(session, kept.row, change.before_no)
    return kept if found is None else _as_noted(kept, found.routes, found.held)


def _as_noted(kept: Kept, routes: Mapping[str, Any], held_as: Mapping[str, Any]) -> Kept:
    """A plan as it was written down; households that came since are left out of it."""
    held = read_held(held_as)
    problem = problem_with(kept.base, held)
    noted = read_plan(routes)
    planned = {stop.household for route in noted.routes for stop in route.stops}
    reasons = {one.household: one.reason for one in noted.unplanned}
    left = tuple(Unplanned(one.id, reasons.get(one.id, "")) for one in problem.households if one.id not in planned)
    plan = replace(noted, unplanned=left)
    if any(not one.reason for one in left):
        plan = name_reasons(problem, plan, closed_routes(problem, held))
    return replace(kept, held=held, problem=problem, plan=plan)


def _lock(kept: Kept, locked: bool, top: Fields) -> Acted:
    """Lock or unlock what is named: a visit, an inspector or a day."""
    if top.has("household"):
        household = _household(top, "household")
        top.end()
        return lock_visit(kept.base, kept.held, kept.plan, household, locked)
    if top.has("inspector"):
        inspector = f"i{_key(top, 'inspector')}"
        top.end()
        return lock_routes(kept.base, kept.held, kept.plan, locked, inspector=inspector)
    day = top.whole("day", most=30)
    top.end()
    return lock_routes(kept.base, kept.held, kept.plan, locked, day=day)


def _replan(session: Session, kept: Kept, top: Fields) -> tuple[Kept, Acted, dict[str, Any]]:
    now = None
    if top.has("now"):
        moment = Fields(_NAME, "now", top.raw("now"))
        now = (moment.whole("day", most=len(kept.base.days) - 1), moment.clock("time"))
        moment.end()
    absent = []
    for one in top.objects("absent"):
        who = f"i{_key(one, 'inspector')}"
        if who not in kept.base.by_inspector:
            raise refuse("方案中没有这名走访员。", "There is no such inspector in the plan.", field="absent")
        days = one.many("days") or list(range(len(kept.base.days)))
        one.end()
        for at, day in enumerate(days):
            if not isinstance(day, int) or isinstance(day, bool) or not 0 <= day < len(kept.base.days):
                raise one.wrong(f"days[{at}]", None, Text("方案中的第几天，从 0 起", "a day of the plan, from 0"))
            absent.append((who, day))
    urgent = [_whole_key(top, f"urgent[{at}]", key) for at, key in enumerate(top.many("urgent"))]
    share = top.number("most_moved", MOST_CHANGED, above=-1e-9, most=1.0)
    top.end()
    if len(urgent) > MOST_HOUSEHOLDS:
        raise top.wrong("urgent", len(urgent), Text("少一些户", "fewer households"))
    kept = _with_homes(session, kept, urgent)
    acted, moved, stayed = replan_day(
        kept.base,
        kept.held,
        kept.plan,
        now=now,
        absent=absent,
        urgent=[f"h{key}" for key in urgent],
        most_changed=share,
    )
    return kept, acted, {"moved": sorted(key_of(name) for name in moved), "stayed": stayed}


def _stepped(session: Session, kept: Kept, act: str) -> Changed:
    """Undo or redo: the plan as it was written down then."""
    row = kept.row
    change = step_back(session, row) if act == "undo" else step_forward(session, row)
    if change is None:
        raise refuse(
            "没有可以撤销的改动。" if act == "undo" else "没有可以重做的改动。",
            f"There is nothing to {act}.",
        )
    noted = _as_noted(kept, change.routes, change.held)
    price = price_of(kept.plan, noted.plan)
    _take(session, row)
    row.revision += 1
    row.updated_at = func.now()
    keep_plan(session, row, noted.problem, noted.held, noted.plan)
    row.change_no = change.no
    session.flush()
    session.refresh(row)
    return Changed(noted, price)


def _household(top: Fields, name: str) -> str:
    return f"h{_key(top, name)}"


def _key(top: Fields, name: str) -> int:
    return top.whole(name, least=1, most=2**62)


def _whole_key(top: Fields, name: str, found: Any) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or not 0 < found < 2**62:
        raise top.wrong(name, None, Text("户的编号", "the number of a household"))
    return found
