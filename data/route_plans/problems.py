"""The problem behind a plan in the documented form, with what people settled: for another solver, or as a proof."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from data.route_plans.held import DUTY
from data.route_plans.keeping import Kept
from data.route_plans.ways import KeptTravel
from data.tables import RouteProblem
from geo.routing.problem import clock
from geo.routing.travel import NO_WAY


def problem_json(session: Session, kept: Kept) -> dict[str, Any]:
    """The problem as ``./fangtu route solve`` reads it; places are rows of a matrix where ways were measured."""
    stored = session.get_one(RouteProblem, kept.row.id).problem
    days = kept.base.days
    problem = {
        **stored,
        "inspectors": [{**one} for one in stored["inspectors"]],
        "households": [{**one} for one in stored["households"] if one["id"] not in kept.held.removed],
    }
    for one in problem["households"]:
        if one["id"] in kept.held.urgent:
            one["priority"] = 100
        if one["id"] in kept.held.any_time:
            one.pop("windows", None)
        if one["id"] in kept.held.anyone:
            one.pop("inspector", None)
            one["skills"] = [skill for skill in one.get("skills", ()) if skill.startswith(DUTY)]
    for one in problem["inspectors"]:
        away = [days[day] for who, day in sorted(kept.held.absent) if who == one["id"]]
        one["absent"] = sorted({*one.get("absent", ()), *away})
        _granted(kept, one)
    if kept.problem.locks:
        problem["locks"] = [
            {
                "household": lock.household,
                "inspector": lock.inspector,
                "day": lock.day + 1,
                "start": clock(lock.start_s),
            }
            for lock in kept.problem.locks
            if lock.day is not None and lock.start_s is not None
        ]
    if kept.problem.done:
        problem["done"] = [
            {
                "household": one.household,
                "inspector": one.inspector,
                "day": one.day + 1,
                "start": clock(one.start_s),
                "leave": clock(one.leave_s),
            }
            for one in kept.problem.done
        ]
    if kept.held.now is not None:
        problem["now"] = {"day": kept.held.now[0] + 1, "time": clock(kept.held.now[1])}
    if isinstance(kept.base.travel, KeptTravel):
        _measured(kept, problem)
    return problem


def _granted(kept: Kept, one: dict[str, Any]) -> None:
    """Put what an inspector was given beyond his own hours and visits."""
    more = [(day, visits) for (who, day), visits in sorted(kept.held.more.items()) if who == one["id"]]
    if more:
        one["extra_visits"] = [{"day": day + 1, "visits": visits} for day, visits in more]
    if any(who == one["id"] for who, _ in kept.held.ends):
        shifts = kept.problem.inspectors[kept.problem.by_inspector[one["id"]]].shifts
        one["shifts"] = [
            {"day": shift.day + 1, "from": clock(shift.begins), "to": clock(shift.ends)}
            for shift in shifts
            if shift.day is not None
        ]
        del one["from"], one["to"]


def _measured(kept: Kept, problem: dict[str, Any]) -> None:
    travel = kept.base.travel
    assert isinstance(travel, KeptTravel)
    problem["travel"] = {"kind": "matrix"}
    for name, table in (("seconds", travel.table), ("metres", travel.lengths)):
        problem["travel"][name] = {
            mode: [[None if value >= NO_WAY else value for value in line] for line in table[at].tolist()]
            for mode, at in travel.measured.items()
        }
    homes = {one.id: one for one in kept.base.households}
    people = {one.id: one for one in kept.base.inspectors}
    for one in problem["households"]:
        one["at"] = homes[one["id"]].place
    for one in problem["inspectors"]:
        one["start"], one["end"] = people[one["id"]].start, people[one["id"]].end
