"""Renovation sites (改造点) as JSON."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.access import require
from app.api import Operation, describe
from app.households import HEAD, PLACE
from app.session import asker, db
from data.houses import site_card

bp = Blueprint("sites", __name__)


@bp.get("/api/v1/sites/<key:site_id>")
@require()
@describe(
    Operation(
        "One renovation site with the days of its stages",
        answer={
            "id": "Key",
            "code": "Code of the ledger",
            "method": "repair, rebuild, rebuild_elsewhere, new, turn_key, public_rental, swap, rent_subsidy",
            "grade_before": "A–D",
            "stage": "found, appraised, compared, reviewed, approved, agreed, started, foundation, completed, "
            "accepted, paid, moved_in, looked_back",
            "stage_on": "Day of the stage",
            "state": "open, rejected, withdrawn",
            "days": "Days since stage_on, today",
            "stalled": "Whether it has stood at its stage too long",
            "due_on": "Day by which it is to be paid; null unless it waits for money, and for inspectors",
            "late": "Whether that day is past; null for inspectors",
            "overdue": "Days since; null unless late",
            "paid_after": "Days from acceptance to payment; null unless both are known, and for inspectors",
            "village_id": "Number",
            "approved_on": "",
            "started_on": "",
            "completed_on": "",
            "accepted_on": "",
            "paid_on": "",
            "subsidy_yuan": "Yuan; null if not told",
            "remark": "",
            "household_id": "",
            "household_code": "",
            "household_ref": "What the ledger says if no such household is known",
            **HEAD,
            "house_id": "",
            "house_code": "",
            "village": "Name",
            "grid": "Name",
            **PLACE,
        },
    )
)
def card(site_id: int) -> Response:
    """The card of a renovation site."""
    return jsonify(site_card(db(), site_id, asker()))
