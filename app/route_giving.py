"""A plan of routes is given out and taken back, and phones report the order in which a day is gone."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, jsonify

from app import field_door
from app.access import Role, require
from app.api import Operation, describe
from app.job_answers import body_of
from app.routes_api import PLAN, WHO, told
from app.session import asker, db
from data.askers import RecordUnknown
from data.route_plans.giving_out import publish, withdraw
from data.route_plans.keeping import find_plan
from data.route_plans.walking import has_route, report_order
from data.sync.fields import read_object
from geo.errors import Text
from geo.routing.fields import Fields
from geo.routing.problem import MOST_HOUSEHOLDS

bp = Blueprint("route_giving", __name__)


@bp.post("/api/v1/routes/<key:route_id>/publish")
@require(*WHO)
@describe(
    Operation(
        "Give a plan out to phones and reserve its households",
        body={"revision": "Of the plan that was seen"},
        body_example={"revision": 5},
        answer={
            "revision": "",
            "inspectors": "",
            "visits": "",
            "reserved": "Households newly reserved",
            "taken": [{"household": "", "code": "", "head": "Masked name", "who": "Who else has it"}],
        },
        statuses={409: "Another revision by now, or being solved", 422: "Nothing is planned, or the round has ended"},
    )
)
def give_out(route_id: int) -> Response:
    """Publish a plan."""
    find_plan(db(), route_id)  # whoever sees no such plan learns nothing from a body that is wrong
    top = Fields("publish", "", body_of())
    revision = top.whole("revision")
    top.end()
    return jsonify(publish(db(), route_id, revision))


@bp.post("/api/v1/routes/<key:route_id>/withdraw")
@require(*WHO)
@describe(Operation("Take back what was given out of a plan", answer=PLAN, statuses={422: "It is not given out"}))
def take_back(route_id: int) -> Response:
    """Withdraw a plan."""
    withdraw(db(), route_id)
    return told(route_id)


@bp.put("/api/v1/routes/<key:route_id>/order")
@require(Role.INSPECTOR, Role.SUPERVISOR)
@field_door.from_field
@describe(
    Operation(
        "Say in which order a day is gone; the same again changes nothing",
        body={
            "day": "Date",
            "revision": "Of what the phone carries",
            "households": "Numbers of the day's households, in order",
        },
        body_example={"day": "2026-11-30", "revision": 5, "households": [1002, 1001]},
        answer={"told": "Households that have a place now"},
        statuses={
            400: "The header X-Fangtu-Device is lacking",
            404: "Nothing of the plan is given out to the asker that day",
            409: "Something else was given out since: pull again",
            422: "A household is none of the day's, or the body is none",
        },
    )
)
def order(route_id: int) -> Response:
    """Take in an order."""
    if not has_route(db(), asker(), route_id):
        raise RecordUnknown
    top = Fields("order", "", read_object(field_door.body_of()))
    revision = top.whole("revision")
    word, keys = top.raw("day"), top.many("households")
    top.end()
    if len(keys) > MOST_HOUSEHOLDS or not all(
        isinstance(key, int) and not isinstance(key, bool) and 0 < key < 2**62 for key in keys
    ):
        raise top.wrong("households", None, Text("户的编号", "numbers of households"))
    try:
        day = date.fromisoformat(word if isinstance(word, str) and len(word) == 10 else "")
    except ValueError:
        raise top.wrong("day", None, Text("日期，如 2026-11-30", "a date")) from None
    return jsonify(told=report_order(db(), asker(), route_id, day, revision, keys))
