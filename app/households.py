"""Households (户) as JSON: the card of one, and showing a masked field for a reason."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from app.access import require
from app.api import Operation, describe
from app.session import asker, db, store
from app.view import today
from data.campaigns import current_round, find_campaign, list_campaigns, list_rounds
from data.households import household_card, reveal

bp = Blueprint("households", __name__)
PLACE = {"quality": "Ladder of places: 1 GPS on the spot … 7 not placed", "accuracy_m": "Metres", "lon": "", "lat": ""}
HEAD = {"head_name": "Head of the household", "head_masked": "Whether that name is masked for this role"}
ROUND = {"campaign": "Number or code; the newest by default", "round": "Number; the current one by default"}


@bp.get("/api/v1/households/<key:household_id>")
@require()
@describe(
    Operation(
        "One household with its visits, houses and renovation sites",
        query=ROUND,
        answer={
            "id": "Key",
            "code": "Household code of the ledger",
            **HEAD,
            "people": "Number of people",
            "address": "",
            "house_no": "",
            "village": "Name",
            "natural_village": "Name",
            "stated_hamlet": "Natural village as the ledger has it",
            "grid": "Name",
            "aid_group": "monitored, minimum_living, dispersed_poor … (see the glossary); null if none",
            "key_groups": ["party_veteran, hardship, lone_elder, left_behind_child, petitioner"],
            "phone": "Masked",
            "id_number": "Masked",
            "bank_card": "Masked",
            "can_reveal": ["Field this role may have shown in full"],
            **PLACE,
            "status": "0 not visited … 7 (see the glossary); null if not eligible in the round",
            "days_unvisited": "Days since the last valid visit, else since the round began; null if visited",
            "owners": [{"kind": "Kind of visitors", "owner": "Who of it is to visit in the round"}],
            "reservation": {"kind": "", "who": "Who is on the way; null if nobody", "until": "Moment", "mine": ""},
            "visits": [
                {
                    "id": "Number of the visit",
                    "campaign": "",
                    "round": "",
                    "at": "Moment",
                    "mode": "home, phone, wechat, sms",
                    "outcome": "",
                    "minutes": "",
                    "verdict": "",
                    "suspect": ["Reason for doubt"],
                    "visitor": "",
                    "visitor_kind": "",
                    "companions": "Who came along",
                    "photos": ["Id of a photograph the asker may see, at /field-work/photos/<id>"],
                }
            ],
            "houses": [{"id": "", "code": "", "grade": "A–D or null", "structure": "", "built_year": ""}],
            "sites": [{"id": "", "method": "As of a renovation site", "stage": ""}],
        },
    )
)
def card(household_id: int) -> Response:
    """The card of a household."""
    found = household_card(db(), household_id, asker(), store().sealer, round_=asked_round(), today=today())
    return jsonify(found)


@bp.post("/api/v1/households/<key:household_id>/reveal")
@require()
@describe(
    Operation(
        "Show one masked field in full; who, what and why go into the audit",
        body={"field": "phone, id_number or bank_card", "reason": "Why, in at least 4 characters"},
        answer={"field": "The field", "value": "Its content"},
        statuses={400: "No such field, or the form token is missing", 415: "Not JSON", 422: "No reason given"},
    )
)
def show(household_id: int) -> Response:
    """Show one masked field for a reason."""
    wanted: Any = request.get_json()
    if not isinstance(wanted, dict):
        abort(400)
    field, reason = wanted.get("field"), wanted.get("reason")
    if not isinstance(field, str) or not isinstance(reason, str):
        abort(400)
    return jsonify(field=field, value=reveal(db(), household_id, field, reason, asker(), store().sealer))


def asked_round() -> tuple[int, int, date | None] | None:
    """Campaign and round the address names, else the current ones; None while there is no campaign."""
    session = db()
    if not list_campaigns(session):
        return None
    campaign = find_campaign(session, request.args.get("campaign"))
    rounds = list_rounds(session, campaign.id)
    number = current_round(rounds, request.args.get("round"), today())
    return campaign.id, number, next(planned.starts_on for planned in rounds if planned.no == number)
