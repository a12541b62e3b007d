"""Visits (走访) as JSON."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.access import require
from app.api import Operation, describe
from app.households import HEAD, PLACE
from app.session import asker, db
from data.visits import visit_card

bp = Blueprint("visits", __name__)


@bp.get("/api/v1/visits/<key:no>")
@require()
@describe(
    Operation(
        "One visit with its verdict",
        answer={
            "id": "Number of the visit",
            "uuid": "Id its device gave it",
            "campaign": "",
            "round": "",
            "household_id": "null for a visit at no known house",
            "household_ref": "What the source calls the household",
            "household_code": "",
            **HEAD,
            "village": "Name",
            "at": "Start, else end",
            "started_at": "",
            "ended_at": "",
            "minutes": "",
            "mode": "home, phone, wechat, sms",
            "reason": "Why remote",
            "outcome": "",
            "visitor": "",
            "visitor_kind": "",
            "companions": "",
            "source_status": "Status word of the source",
            "verdict": "",
            "counts": "Whether it counts towards coverage",
            "suspect": ["Reason for doubt"],
            "ruling": "A person's ruling",
            "distance_m": "From the household's place, metres",
            "remark": "",
            **PLACE,
            "superseded_by": "uuid of the correction",
            "photos": ["Id of a photograph the asker may see, at /field-work/photos/<id>"],
        },
    )
)
def card(no: int) -> Response:
    """The card of a visit."""
    return jsonify(visit_card(db(), no, asker()))
