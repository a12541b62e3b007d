"""Reservations (预约) as JSON: take a household, keep it, give it back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify

from app.access import Role, require
from app.api import Operation, describe
from app.job_answers import body_of
from app.session import asker, db
from app.view import current_view
from data.assigning import grid_kind
from data.reservations import HOURS, MOST_HOURS, give_back, keep, living, take
from data.rules.visitors import kinds_of

bp = Blueprint("reservations", __name__)
_QUERY = {
    "campaign": "Number or code; the newest by default",
    "round": "Number of the round; the current one by default",
}
_ONE = {"household_id": "", "kind": "Key of the kind of visitors", "who": "Name", "until": "Moment"}


@bp.get("/api/v1/reservations")
@require()
@describe(
    Operation(
        "Reservations that hold now",
        query={**_QUERY, "area": "Code of the area; one's own area of duty by default"},
        answer={"mine": [_ONE], "all": [_ONE]},
    )
)
def listing() -> Response:
    """The own ones, and all of the area."""
    view = current_view(db(), asker())
    where = (view.campaign.id, view.round_no, view.within)
    return jsonify(mine=living(db(), *where, account_id=asker().account_id), all=living(db(), *where))


@bp.post("/api/v1/reservations")
@require(Role.INSPECTOR, Role.SUPERVISOR, Role.ADMIN)
@describe(
    Operation(
        "Reserve a household before going there, so that nobody else goes",
        query=_QUERY,
        body={
            "act": "take (also holds on to the own one), keep or give_back",
            "household_id": "Key",
            "kind": "Key or name of the kind of visitors one goes as; the one that takes what is left by default",
            "hours": f"How long, above 0 and at most {MOST_HOURS}; {HOURS} by default",
        },
        answer={"reservation": _ONE},
        statuses={
            404: "No such household in the asker's area of duty and the round, or no reservation of it",
            409: "Reserved by somebody else, visited already, or another kind's to visit; details.found says which",
            422: "The kind needs no reservation, or the time is none",
        },
    )
)
def act() -> Response:
    """Take, keep or give back."""
    wanted: dict[str, Any] = body_of()
    what, key, kind, hours = (wanted.get(name) for name in ("act", "household_id", "kind", "hours"))
    hours = HOURS if hours is None else hours
    if (
        what not in ("take", "keep", "give_back")
        or not isinstance(key, int)
        or isinstance(key, bool)
        or not 0 < key < 2**62
        or not (kind is None or isinstance(kind, str))
        or not isinstance(hours, int | float)
        or isinstance(hours, bool)
    ):
        abort(400)
    view = current_view(db(), asker())
    where = (view.campaign.id, view.round_no, key)
    if what == "give_back":
        give_back(db(), asker(), *where)
        return jsonify(reservation=None)
    if what == "keep":
        return jsonify(reservation=keep(db(), asker(), *where, hours))
    chosen = grid_kind(kinds_of(view.campaign.plan), kind)
    return jsonify(reservation=take(db(), asker(), *where, chosen, hours))
