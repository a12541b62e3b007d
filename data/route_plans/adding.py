"""A household that was not chosen comes into a plan afterwards: urgent, or asked for by hand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.route_plans.choices import Choice
from data.route_plans.choosing import choose_homes, choose_people
from data.route_plans.held import DUTY
from data.route_plans.keeping import load_problem
from data.route_plans.making import VISIT_MINUTES, household_json
from data.route_plans.refusals import refuse
from data.route_plans.ways import keep_ways, measure_ways, pack_ways
from data.tables import Round, RoutePlan, RouteProblem


def add_homes(session: Session, row: RoutePlan, household_ids: list[int]) -> None:
    """Make households part of a plan's problem; those that are stay as they are.

    Raises
    ------
    RouteRefused
        If one is not in the round and area, has no exact place, or lies in nobody's duty.
    """
    stored = session.get_one(RouteProblem, row.id)
    there = {one["id"] for one in stored.problem["households"]}
    wanted = sorted(key for key in set(household_ids) if f"h{key}" not in there)
    if not wanted:
        return
    planned = session.get_one(Round, (row.campaign_id, row.round_no))
    within = (row.jur, row.jur_end)
    homes = {
        home.id: home
        for home in choose_homes(
            session, row.campaign_id, planned, within, Choice(not_visited=False, ids=tuple(wanted))
        )
    }
    people = {f"i{one.account_id}": one for one in choose_people(session, within)}
    problem = {**stored.problem, "households": list(stored.problem["households"])}
    inspectors = [{**one, "skills": list(one.get("skills", ()))} for one in problem["inspectors"]]
    minutes = problem["households"][0]["minutes"] if problem["households"] else VISIT_MINUTES
    for key in wanted:
        home = homes.get(key)
        if home is None or home.lon is None:
            raise refuse(
                f"编号为 {key} 的户不在本轮和本辖区，或没有准确位置，不能排入。",
                f"Household {key} is not in this round and area, or has no exact place; it cannot be planned.",
                found=key,
            )
        able = {one["id"] for one in inspectors if one["id"] in people and people[one["id"]].may_visit(home.jur)}
        if not able:
            raise refuse(
                f"编号为 {key} 的户不在方案中任何走访员的辖区内。",
                f"Household {key} lies in nobody's area of duty among those of the plan.",
                found=key,
            )
        one = household_json(home, minutes, ())
        if able != {each["id"] for each in inspectors}:
            one["skills"] = [_duty(inspectors, able)]
        problem["households"].append(one)
    problem["inspectors"] = inspectors
    stored.problem = problem
    # The ways of before are of fewer places. A plan that goes by straight lines goes on by them.
    was_measured = stored.ways is not None
    stored.places, stored.ways = 0, None
    session.flush()
    session.execute(
        text("delete from route_unplanned where plan_id = :plan and household_id = any (:ids)"),
        {"plan": row.id, "ids": wanted},
    )
    packed = pack_ways(measure_ways(session, load_problem(session, row.id)).travel) if was_measured else None
    if packed is not None:
        keep_ways(session, row.id, packed)


def _duty(inspectors: list[dict[str, Any]], able: set[str]) -> str:
    """The skill that just these people have: one there is, or a new one."""
    known = sorted({skill for one in inspectors for skill in one["skills"] if skill.startswith(DUTY)})
    for skill in known:
        if {one["id"] for one in inspectors if skill in one["skills"]} == able:
            return skill
    made = f"{DUTY}{1 + max((int(skill.split(':')[1]) for skill in known), default=0)}"
    for one in inspectors:
        if one["id"] in able:
            one["skills"].append(made)
    return made
