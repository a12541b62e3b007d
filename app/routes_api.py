"""Plans of routes (路线方案) as JSON: who may be chosen, a plan is made and solved, read, listed, stopped, deleted."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify
from sqlalchemy import delete

from app.access import Role, require
from app.api import Operation, describe
from app.caching import keep_until_changed
from app.job_answers import JOB, body_of
from app.language import language
from app.session import asker, db
from app.view import View, current_view
from data.jobs import job_json
from data.route_plans.choosing import choose_people
from data.route_plans.keeping import load_plan
from data.route_plans.listing import list_plans, settled_plan
from data.route_plans.making import LEFT_OUT, look_round, make_plan, make_problem
from data.route_plans.refusals import refuse
from data.route_plans.showing import plan_json
from data.route_plans.solving import stop_solving
from data.route_plans.wishes import BEGINS_S, BREAK_S, ENDS_S, MODES, read_wish
from data.rules.plan import VisitRule
from data.tables import Job, RoutePlan
from geo.errors import FangtuError
from geo.routing.problem import clock

bp = Blueprint("routes_api", __name__)
WHO = (Role.SUPERVISOR, Role.ADMIN)
READERS = (*WHO, Role.LEADER)
VIEW = {
    "campaign": "Number or code; the newest by default",
    "round": "Number of the round; the current one by default",
    "area": "Code of the area; one's own area of duty by default",
}
_FORM = {
    "days": "Dates, 1 to 31",
    "inspectors": "Whom to send: id, and start, end, mode, from, to, break, most_visits, skills, absent; all if empty",
    "households": "Whom to visit: not_visited, late, key_groups, grades, assigned_to, polygon, ids; all hold together",
    "kind": "Key or name of the kind of visitors; the one that takes what is left by default",
    "pairs": "Who goes together: lead, companion, days",
    "minutes": "Length of a visit; the campaign's by default",
    "quiet": "Hours in which nobody is to be disturbed: from, to",
    "reminders": "Whether “this evening” and “at the weekend” are kept to; true by default",
    "keep_assigned": "Whether who has a household is the only one who may go; false by default",
    "named": "Households, by number, with the only inspector who may go",
    "seed": "The same seed gives the same plan",
    "rounds": "Of improvement; by size by default",
    "seconds": "Instead of rounds: of the clock",
}
_FORM_EXAMPLE = {
    "days": ["2026-11-30", "2026-12-01"],
    "inspectors": [{"id": 12, "mode": "ebike", "from": "08:30", "to": "17:30", "most_visits": 12}],
    "households": {"not_visited": True, "late": True},
}
_REFUSED = {
    409: "The last plan is still being worked out",
    422: "The field, what was found and what is expected; or why no plan can come of it",
}
PLAN = {
    "id": "Number",
    "revision": "Grows with every change and every better plan",
    "published_revision": "What people carry; null if nothing is given out",
    "state": "draft, solving, ready, published or withdrawn",
    "campaign": "Code",
    "round": "",
    "kind": "Key of the kind of visitors",
    "days": ["Date"],
    "choices": "The form it was asked for with",
    "made_by": "Name",
    "made_at": "",
    "estimated": "Share of the ways that are guessed from straight lines",
    "can_undo": "",
    "can_redo": "",
    "inspectors": [
        {
            "id": "Account",
            "name": "",
            "mode": "walk, ebike or car",
            "start": "Longitude, latitude",
            "end": "",
            "most_visits": "A day",
            "locked": "",
            "absent": ["Number of a day, from 0"],
        }
    ],
    "locked_days": ["Number of a day, from 0"],
    "villages": [
        {
            "name": "While it is solved part by part; otherwise there is none",
            "state": "waiting, first (everybody where it costs least), under_way or done",
            "households": "",
            "visits": "Planned so far",
        }
    ],
    "routes": [
        {
            "inspector": {"id": "", "name": ""},
            "companions": [{"id": "", "name": ""}],
            "day": "From 0",
            "date": "",
            "mode": "",
            "leave": "Second of the day",
            "back": "Second of the day",
            "back_travel_s": "",
            "back_travel_m": "",
            "travel_s": "",
            "travel_m": "",
            "visits": "",
            "locked": "",
            "breaks": [{"start": "", "end": "", "after": "Stops before it"}],
            "stops": [
                {
                    "household": "Number",
                    "code": "In the ledger",
                    "head": "Masked name",
                    "lon": "",
                    "lat": "",
                    "village": "",
                    "grade": "",
                    "key_groups": [""],
                    "overdue_days": "",
                    "visited": "In this round, by now",
                    "arrive": "Second of the day",
                    "start": "",
                    "leave": "",
                    "travel_s": "From the stop before",
                    "travel_m": "",
                    "estimated": "",
                    "locked": "",
                    "done": "Before the plan was changed during the day",
                    "reported": "Place in the order in which it was gone, from 0; null if not told",
                }
            ],
        }
    ],
    "unplanned": [
        {
            "household": "",
            "code": "",
            "head": "",
            "lon": "",
            "lat": "",
            "village": "",
            "grade": "",
            "key_groups": [""],
            "overdue_days": "",
            "visited": "",
            "priority": "",
            "reason": "Key; /why says it in words, with the cheapest remedy",
        }
    ],
    "totals": {
        "visits": "",
        "unplanned": "",
        "weight": "",
        "travel_s": "",
        "travel_m": "",
        "work_s": "",
        "routes": "",
    },
    "fairness": [
        {
            "inspector": {"id": "", "name": ""},
            "plan": {"visits": "", "walk_m": "", "evenings": "", "weekends": ""},
            "weeks": {"visits": "", "walk_m": "", "evenings": "", "weekends": ""},
        }
    ],
    "job": JOB,
}


@bp.get("/api/v1/routes")
@require(*READERS)
@describe(
    Operation(
        "Plans of routes of a round, newest first",
        query=VIEW,
        answer={
            "campaign": "",
            "round": "",
            "plans": [
                {
                    "id": "",
                    "state": "",
                    "revision": "",
                    "published_revision": "",
                    "kind": "",
                    "days": [""],
                    "made_at": "",
                    "updated_at": "",
                    "estimated": "",
                    "made_by": "",
                    "visits": "",
                    "unplanned": "",
                    "inspectors": "Who have a route",
                }
            ],
        },
    )
)
def listing() -> Response:
    """One line for each plan."""
    view = current_view(db(), asker())
    return jsonify(
        campaign=view.campaign.code, round=view.round_no, plans=list_plans(db(), view.campaign.id, view.round_no)
    )


@bp.get("/api/v1/routes/people")
@require(*WHO)
@describe(
    Operation(
        "Whom the asker may send, with what the form holds by default",
        query=VIEW,
        answer={
            "people": [{"id": "Account", "name": "", "role": "", "start": "Longitude, latitude of the duty's centre"}],
            "modes": [""],
            "from": "",
            "to": "",
            "break": {"from": "", "to": "", "minutes": ""},
            "minutes": "Length of a visit, of the campaign",
            "most_visits": "A day, of the campaign",
            "starts_on": "Of the round",
            "ends_on": "",
        },
    )
)
def people() -> Response:
    """Inspectors and defaults."""
    view = planned_view()
    rule = VisitRule.from_plan(view.campaign.plan)
    first, last, length = BREAK_S
    return jsonify(
        people=[
            {"id": one.account_id, "name": one.name, "role": one.role, "start": one.centre}
            for one in choose_people(db(), view.within)
        ],
        modes=list(MODES),
        **{"from": clock(BEGINS_S), "to": clock(ENDS_S)},
        **{"break": {"from": clock(first), "to": clock(last), "minutes": length // 60}},
        minutes=round(rule.min_minutes or 30),
        most_visits=round(rule.per_inspector_day or 9),
        starts_on=view.planned.starts_on.isoformat() if view.planned.starts_on else None,
        ends_on=view.planned.ends_on.isoformat() if view.planned.ends_on else None,
    )


@bp.post("/api/v1/routes/preview")
@require(*WHO)
@describe(
    Operation(
        "Say whom a form speaks of; nothing is kept",
        query=VIEW,
        body=_FORM,
        needed=["days"],
        body_example=_FORM_EXAMPLE,
        answer={
            "households": "Chosen",
            "plannable": "Of these",
            "left_out": [{"reason": "", "message": "In words", "n": ""}],
            "inspectors": "Who would be sent",
            "days": "",
            "room": "Visits that hours and most visits leave room for at most",
            "refusal": "Why no plan can come of it, in words; null if one can",
        },
        statuses={422: _REFUSED[422]},
    )
)
def preview() -> Response:
    """Counts for the form."""
    view = planned_view()
    wish = read_wish(body_of())
    ground = look_round(db(), view.campaign, view.planned, view.within, wish)
    refusal: str | None = None
    problem: dict[str, Any] | None = None
    try:
        problem = make_problem(ground, wish)
    except FangtuError as error:
        refusal = error.text.in_language(language())
    reasons = list(ground.left_out.values())
    room = 0
    for one in problem["inspectors"] if problem else ():
        room += one["most_visits"] * (len(wish.days) - len(one["absent"]))
    return jsonify(
        households=len(ground.homes),
        plannable=len(ground.plannable),
        left_out=[
            {"reason": why, "message": LEFT_OUT[why].in_language(language()), "n": reasons.count(why)}
            for why in sorted(set(reasons))
        ],
        inspectors=len(ground.people),
        days=len(wish.days),
        room=room,
        refusal=refusal,
    )


@bp.post("/api/v1/routes")
@require(*WHO)
@describe(
    Operation(
        "Make a plan of routes; the worker solves it",
        query=VIEW,
        body=_FORM,
        needed=["days"],
        body_example=_FORM_EXAMPLE,
        answer={"id": "Number of the plan", "job": JOB},
        statuses=_REFUSED,
    )
)
def make() -> Response:
    """Keep what is asked for and begin."""
    body = body_of()
    view = planned_view()
    wish = read_wish(body)
    ground = look_round(db(), view.campaign, view.planned, view.within, wish)
    plan_id, job = make_plan(db(), asker(), ground, view.within, wish, body)
    return jsonify(id=plan_id, job=job_json(db().get_one(Job, job), language()) if job else None)


@bp.get("/api/v1/routes/<key:route_id>")
@require(*READERS)
@describe(Operation("A plan of routes, as it is now", answer=PLAN))
def show(route_id: int) -> Response:
    """The whole plan; while it is solved, nothing where no better one came: pages ask all the time then."""
    row = settled_plan(db(), route_id)
    if row.state != "solving":
        return told(route_id)
    kept = keep_until_changed("plan", row.revision, row.job_id, sorted(row.villages.items()))
    return kept.answer or kept.mark(told(route_id))


@bp.post("/api/v1/routes/<key:route_id>/stop")
@require(*WHO)
@describe(Operation("Stop solving and keep the best plan so far", answer=PLAN))
def stop(route_id: int) -> Response:
    """Stop the worker."""
    stop_solving(db(), settled_plan(db(), route_id, lock=True))
    return told(route_id)


@bp.delete("/api/v1/routes/<key:route_id>")
@require(*WHO)
@describe(Operation("Delete a plan that is not given out", answer={"id": ""}, statuses={422: "It is given out"}))
def remove(route_id: int) -> Response:
    """Delete a plan with its changes."""
    row = settled_plan(db(), route_id, lock=True)
    if row.state == "published":
        raise refuse(
            "方案已发布，请先撤回再删除。", "The plan is given out. Withdraw it before deleting it.", found=row.state
        )
    stop_solving(db(), row)
    db().execute(delete(RoutePlan).where(RoutePlan.id == route_id))
    return jsonify(id=route_id)


def told(route_id: int) -> Response:
    """The plan as it is now."""
    return jsonify(plan_json(db(), load_plan(db(), settled_plan(db(), route_id), with_measured=False), language()))


def planned_view() -> View:
    """Campaign, round and area of the request, where the asker answers for the whole area.

    Raises
    ------
    RouteRefused
        If that is not one area of the asker's duty.
    """
    view = current_view(db(), asker())
    if not asker().covers(*view.within):
        raise refuse(
            "您的辖区不止一处，或不含这个辖区。请选其中一处，再规划路线。",
            "You answer for more than one area, or not for this one. Choose one of yours before planning routes.",
            field="area",
        )
    return view
