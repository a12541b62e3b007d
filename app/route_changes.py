"""Changes of a plan of routes as JSON, each with its price; why somebody is left out; the problem behind a plan."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from app.access import require
from app.api import Operation, describe
from app.job_answers import body_of
from app.language import language
from app.routes_api import PLAN, READERS, WHO
from app.session import asker, db
from data.route_plans.changing import ACTS, change_plan
from data.route_plans.granting import GRANTS
from data.route_plans.keeping import find_plan, load_plan
from data.route_plans.listing import settled_plan
from data.route_plans.problems import problem_json
from data.route_plans.refusals import RouteRefused
from data.route_plans.showing import plan_json
from data.route_plans.why import explain_home, explain_left
from geo.routing.problem import ProblemError

bp = Blueprint("route_changes", __name__)
_SUMS = dict.fromkeys(("visits", "unplanned", "weight", "travel_s", "travel_m", "work_s", "routes"), "")
_REMEDY = {
    "kind": "insert, one_more, longer, other_time, anyone, swap; …_and_more grants one visit more beside it",
    "message": "In words",
    "inspector": "Account",
    "day": "From 0",
    "start": "Second of the day",
    "minutes": "Of work it adds",
    "instead_of": "Household that would be left out, for a swap",
}
_WHY = {
    "household": "",
    "planned": "",
    "reason": "Key, where it is left out",
    "message": "In words",
    "remedy": _REMEDY,
    "inspector": "Account, where it is planned",
    "day": "",
    "start": "",
    "runner_up": {
        "inspector": {"id": "", "name": ""},
        "day": "",
        "start": "",
        "extra_minutes": "Of travel",
    },
}


@bp.post("/api/v1/routes/<key:route_id>/changes")
@require(*WHO)
@describe(
    Operation(
        "Change a plan at once: move, add, grant, remove, lock, unlock, balance, replan, undo, redo",
        body={
            "revision": "Of the plan that was seen",
            "act": ", ".join(ACTS),
            "household": "move, add, remove, lock, unlock",
            "inspector": "move, add: to whom; lock, unlock: all routes of this account",
            "day": "move, add: on which day, from 0; lock, unlock: all routes of the day",
            "position": "move, add: place in the order of the day, from 0; the cheapest if left out",
            "share": "balance: 0 (as it is) to 1 (as even as can be)",
            "now": "replan: day and time, such as 0 and 12:00",
            "absent": "replan: who is away: inspector, days (all if left out)",
            "urgent": "replan: households that come first",
            "most_moved": "replan: share of the others' visits that may move, 0.15 by default",
            "kind": f"grant: what a remedy grants, one of {', '.join(GRANTS)}; with household, inspector and day",
            "try": "true: only say what it would cost, or with refusal that it cannot be done",
        },
        needed=["revision", "act"],
        body_example={"revision": 5, "act": "move", "household": 1001, "inspector": 12, "day": 0, "position": 2},
        answer={
            "plan": PLAN,
            "price": {
                "minutes": "Of travel more",
                "work_minutes": "From leaving to coming back, more",
                "visits": "More",
                "changed": ["Household with another inspector, day or state"],
                "moved": ["replan: of those who still work"],
                "stayed": "replan: visits of those that did not move",
                "before": _SUMS,
                "after": _SUMS,
            },
            "refusal": {"error": "With try, in place of both where it cannot be done", "message": "In words"},
        },
        statuses={
            409: "The plan is at another revision by now (details.revision), or is being solved",
            422: "It cannot be done: the rule that would be broken, or the field that is wrong",
        },
    )
)
def change(route_id: int) -> Response:
    """One change with its price."""
    find_plan(db(), route_id)  # whoever sees no such plan learns nothing from a body that is wrong
    body = body_of()
    try:
        done = change_plan(db(), asker(), route_id, body)
    except (RouteRefused, ProblemError) as error:
        # Who only asks what it would cost has an answer in this: it cannot be done.
        if body.get("try") is not True:
            raise
        return jsonify(refusal={"error": error.code, "message": error.text.in_language(language())})
    return jsonify(plan=plan_json(db(), done.kept, language()), price=done.price)


@bp.get("/api/v1/routes/<key:route_id>/why")
@require(*READERS)
@describe(
    Operation(
        "Why households are left out, each with the cheapest remedy; or of one household why it is as it is",
        query={"household": "Number; all that are left out by default"},
        answer={"unplanned": [_WHY]},
    )
)
def why(route_id: int) -> Response:
    """Reasons in words."""
    kept = load_plan(db(), settled_plan(db(), route_id))
    wanted = request.args.get("household")
    if wanted is None:
        return jsonify(unplanned=explain_left(db(), kept, language()))
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19):
        abort(400)
    return jsonify(explain_home(db(), kept, int(wanted), language()))


@bp.get("/api/v1/routes/<key:route_id>/problem")
@require(*READERS)
@describe(
    Operation(
        "The problem behind a plan, as ./fangtu route solve reads it; numbers and no names",
        answer={"fangtu_route_problem": "1", "days": [""], "travel": {}, "inspectors": [{}], "households": [{}]},
    )
)
def problem(route_id: int) -> Response:
    """The problem with what people settled."""
    told: dict[str, Any] = problem_json(db(), load_plan(db(), settled_plan(db(), route_id)))
    return jsonify(told)
