"""A plan of routes as rows, and back: numbers and times only, so that names are those of the moment somebody looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import Session

from data.askers import RecordUnknown
from data.route_plans.held import Held, problem_with, read_held
from data.route_plans.ways import is_guessed, with_ways
from data.tables import Route as RouteRow
from data.tables import RoutePlan, RouteProblem, RouteStop, RouteUnplanned
from geo.routing.plan import Pause, Plan, Route, Stop, Unplanned
from geo.routing.problem import Problem
from geo.routing.reading import read_problem

# Columns that are written, with their types.
_STOP = {
    "plan_id": "bigint", "published": "boolean", "account_id": "bigint", "day": "smallint", "household_id": "bigint",
    "jur": "bigint", "position": "smallint", "arrival_s": "integer", "start_s": "integer", "leave_s": "integer",
    "travel_s": "integer", "travel_m": "integer", "estimated": "boolean", "done": "boolean",
}  # fmt: skip
_LEFT = {"plan_id": "bigint", "household_id": "bigint", "jur": "bigint", "reason": "text"}


@dataclass(frozen=True)
class Kept:
    """A plan with what it is of.

    Attributes
    ----------
    base, problem : Problem
        As it was made, and with what people settled.
    plan : Plan
        Every household of ``problem`` is in it once.
    """

    row: RoutePlan
    base: Problem
    held: Held
    problem: Problem
    plan: Plan


def key_of(name: str) -> int:
    """Number of a household or account from its id in a problem (``h12``, ``i3``)."""
    return int(name[1:])


def find_plan(session: Session, plan_id: int, *, lock: bool = False) -> RoutePlan:
    """The row of a plan.

    Parameters
    ----------
    lock : bool
        Whether others who want to change it wait until the transaction ends.

    Raises
    ------
    RecordUnknown
        If there is none the asker may see.
    """
    wanted = select(RoutePlan).where(RoutePlan.id == plan_id)
    found = session.scalars(wanted.with_for_update() if lock else wanted).one_or_none()
    if found is None:
        raise RecordUnknown
    return found


def load_problem(session: Session, plan_id: int, *, with_measured: bool = True) -> Problem:
    """What a plan was made from, with measured ways where there are any and they are wanted."""
    own = RouteProblem.plan_id == plan_id
    given = session.scalar(select(RouteProblem.problem).where(own))
    if given is None:
        raise RecordUnknown
    problem = read_problem(given, "plan")
    if not with_measured:
        return problem
    modes, places, ways = session.execute(
        select(RouteProblem.modes, RouteProblem.places, RouteProblem.ways).where(own)
    ).one()
    return with_ways(problem, modes, places, ways)


def load_plan(session: Session, row: RoutePlan, *, published: bool = False, with_measured: bool = True) -> Kept:
    """A plan with its problem.

    Parameters
    ----------
    published : bool
        What was given out instead of what it is now.
    with_measured : bool
        With the ways along roads; who only shows the plan does without these tens of megabytes.
    """
    base = load_problem(session, row.id, with_measured=with_measured)
    held = read_held(row.held)
    problem = problem_with(base, held)
    return Kept(row, base, held, problem, _plan_of(session, row.id, problem, published))


def _plan_of(session: Session, plan_id: int, problem: Problem, published: bool) -> Plan:
    stops: dict[tuple[int, int], list[Stop]] = {}
    for one in session.execute(
        text("""
            select household_id, account_id, day, arrival_s, start_s, leave_s, travel_s, travel_m, done from route_stop
             where plan_id = :plan and published = :published order by account_id, day, position"""),
        {"plan": plan_id, "published": published},
    ):
        stop = Stop(
            f"h{one.household_id}",
            one.arrival_s,
            one.start_s,
            one.leave_s,
            one.travel_s,
            one.travel_m,
            one.done,
        )
        if stop.household in problem.by_household:
            stops.setdefault((one.account_id, one.day), []).append(stop)
    routes = []
    for row in session.scalars(select(RouteRow).where(RouteRow.plan_id == plan_id, RouteRow.published.is_(published))):
        own = stops.get((row.account_id, row.day))
        if own and f"i{row.account_id}" in problem.by_inspector:
            routes.append(
                Route(
                    f"i{row.account_id}",
                    row.day,
                    row.leave_s,
                    row.back_s,
                    row.back_travel_s,
                    row.back_travel_m,
                    tuple(own),
                    tuple(Pause(**pause) for pause in row.breaks),
                    tuple(f"i{key}" for key in row.companions),
                )
            )
    routes.sort(key=lambda one: (one.day, problem.by_inspector[one.inspector]))
    planned = {stop.household for route in routes for stop in route.stops}
    reasons = dict(
        session.execute(
            select(RouteUnplanned.household_id, RouteUnplanned.reason).where(RouteUnplanned.plan_id == plan_id)
        )
        .tuples()
        .all()
    )
    left = tuple(
        Unplanned(one.id, reasons.get(key_of(one.id), "")) for one in problem.households if one.id not in planned
    )
    weight = sum(one.priority for one in problem.households if one.id in planned)
    return Plan(tuple(routes), left, weight)


def _insert_many(session: Session, table: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of plain values as one array for each column: thousands, while somebody waits for them."""
    if not rows:
        return
    arrays = ", ".join(f"cast(:{name} as {kind}[])" for name, kind in columns.items())
    session.execute(
        text(f"insert into {table} ({', '.join(columns)}) select * from unnest({arrays})"),
        {name: [row[name] for row in rows] for name in columns},
    )


def keep_plan(session: Session, row: RoutePlan, problem: Problem, held: Held, plan: Plan) -> None:
    """Write a plan in place of the one there was, and how much of its way is estimated.

    Households that are no longer there are left out.
    """
    session.execute(delete(RouteRow).where(RouteRow.plan_id == row.id, RouteRow.published.is_(False)))
    session.execute(
        delete(RouteUnplanned).where(
            RouteUnplanned.plan_id == row.id, RouteUnplanned.reason.not_in(("no_place", "no_duty", "no_time"))
        )
    )
    keys = [key_of(one.id) for one in problem.households] + [key_of(one) for one in held.removed]
    jurs = dict(
        session.execute(text("select id, jur from household where id = any (:ids)"), {"ids": keys}).tuples().all()
    )
    routes: list[dict[str, Any]] = []
    stops: list[dict[str, Any]] = []
    guessed = way = 0
    for route in plan.routes:
        who = problem.inspectors[problem.by_inspector[route.inspector]]
        own = {"plan_id": row.id, "published": False, "account_id": key_of(route.inspector), "day": route.day}
        routes.append(
            {
                **own,
                "on_day": date.fromisoformat(problem.days[route.day]),
                "campaign_id": row.campaign_id,
                "round_no": row.round_no,
                "jur": row.jur,
                "jur_end": row.jur_end,
                "revision": row.revision,
                "mode": problem.travel.modes[who.mode],
                "companions": [key_of(one) for one in route.companions],
                "leave_s": route.leave_s,
                "back_s": route.back_s,
                "back_travel_s": route.back_travel_s,
                "back_travel_m": route.back_travel_m,
                "breaks": [vars(pause) for pause in route.breaks],
            }
        )
        place = who.start
        for position, stop in enumerate(route.stops):
            there = problem.households[problem.by_household[stop.household]].place
            is_guess = is_guessed(problem.travel, who.mode, place, there)
            guessed, way, place = guessed + is_guess, way + 1, there
            if key_of(stop.household) in jurs:
                stops.append(
                    {
                        **own,
                        "household_id": key_of(stop.household),
                        "jur": jurs[key_of(stop.household)],
                        "position": position,
                        "arrival_s": stop.arrival_s,
                        "start_s": stop.start_s,
                        "leave_s": stop.leave_s,
                        "travel_s": stop.travel_s,
                        "travel_m": stop.travel_m,
                        "estimated": is_guess,
                        "done": stop.done,
                    }
                )
        guessed, way = guessed + is_guessed(problem.travel, who.mode, place, who.end), way + 1
    left = [(key_of(one.household), one.reason) for one in plan.unplanned]
    left += [(key_of(one), "removed") for one in sorted(held.removed)]
    rows = [
        {"plan_id": row.id, "household_id": key, "jur": jurs[key], "reason": why} for key, why in left if key in jurs
    ]
    if routes:
        session.execute(insert(RouteRow).inline(), routes)
    _insert_many(session, RouteStop.__tablename__, _STOP, stops)
    _insert_many(session, RouteUnplanned.__tablename__, _LEFT, rows)
    row.held, row.estimated = held.as_json(), guessed / way if way else None
    session.flush()
