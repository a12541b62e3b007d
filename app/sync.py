"""What phones in the field ask for: whether the server is there, whom to visit, and what became of what they sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from app.access import public, require
from app.api import Operation, describe
from app.field_door import body_of, device, device_or_none, from_field
from app.session import asker, asker_or_none, db, store
from app.view import current_view
from data.local_time import ZONE
from data.route_plans.walking import own_route
from data.rules.appraising_told import rules_told
from data.sync.devices import device_state
from data.sync.fields import read_object
from data.sync.items import SCHEMAS
from data.sync.pulling import assigned_kind, campaign_told, form_told, pull
from data.sync.receipts import MOST_IDS, find_receipts, read_ids

bp = Blueprint("sync", __name__)
# Under this name the field app says which version of its shell is served.
SHELL = "fangtu_field_shell"
_NAMES = {"key": "Key", "zh": "Chinese", "en": "English"}
_APPRAISING = {
    "guideline": "Key of the standard whose grade follows from parts",
    "absent": "Level of a part the house has not",
    "lettered": ["Standard whose own letter is the grade"],
    "grade_of": [["Level and its letter, from the mildest to the worst"]],
    "with_points": ["Level that has danger points"],
    "at_once": {"field": "", "is": "", "grade": "", "why": {"zh": "", "en": ""}, "advice": {"zh": "", "en": ""}},
    "says": {
        name: {"zh": "Chinese", "en": "English"}
        for name in ("site", "lacking", "no_level", "all_mild", "own_letter", "no_letter")
    },
    **{name: [_NAMES] for name in ("standards", "site", "parts", "levels", "measures", "causes")},
}
_HOUSEHOLD = {
    "id": "Key",
    "code": "Code in the ledger",
    "head": "Name with its middle hidden",
    "address": "",
    "house_no": "",
    "people": "",
    "key_groups": ["Key of a group"],
    "village": {"code": "", "name": ""},
    "hamlet": "Natural village",
    "grid": {"id": "", "name": ""},
    "lon": "Degrees; null where only the settlement is known",
    "lat": "",
    "quality": "1 (GPS on the spot) to 7 (not placed)",
    "revision": "Grows with every change of the household",
    "grade": "Worst of its houses, A to D",
    "status": "Where it stands in the round, 0 to 7; null if the round is not for it",
    "last": {"at": "", "outcome": "", "visitor": "", "minutes": ""},
    "assigned": "Whether it is the asker's to visit",
    "reserved": {"who": "", "until": ""},
    "return_at": "When the latest visitor meant to come back",
}


@bp.get("/api/v1/ping")
@public
@describe(
    Operation(
        "Whether Fangtu is there, who is signed in, and what is to become of the phone",
        answer={
            "fangtu": "field",
            "at": "The server's clock",
            "version": "Of the field app that is served",
            "schemas": ["Form of bodies that is accepted"],
            "signed_in": "",
            "account": {"id": "", "name": "", "role": ""},
            "device": {"state": "open, revoked or unknown; of the phone in the header", "wipe": ""},
            "kill": "Whether the installed app is to be taken off",
        },
    )
)
def ping() -> Response:
    """Answer with a body no other server would give: a captive portal answers too."""
    who, named = asker_or_none(), device_or_none()
    state = None
    if named is not None:
        word, wipe = device_state(db(), named)
        state = {"state": word, "wipe": wipe}
    return jsonify(
        fangtu="field",
        at=datetime.now(ZONE).isoformat(timespec="milliseconds"),
        version=current_app.extensions.get(SHELL, ""),
        schemas=list(SCHEMAS),
        signed_in=who is not None,
        account={"id": who.account_id, "name": who.full_name, "role": who.role.value} if who else None,
        device=state,
        kill=store().settings.field_kill,
    )


@bp.get("/api/v1/pull")
@require()
@from_field
@describe(
    Operation(
        "The households of one's duty, whole or what changed, with campaign and questionnaire",
        query={
            "since": "What an earlier answer gave; only what changed since is told",
            "after": "more of the page before",
            "campaign": "Number or code; the newest by default",
            "round": "Number of the round; the current one by default",
        },
        answer={
            "at": "The server's clock",
            "since": "For the next time, once the last page has come",
            "full": "Whether everything is told anew: what the phone has besides is to go",
            "more": "For the next page; null on the last",
            "campaign": {
                "id": "",
                "name_zh": "",
                "name_en": "",
                "round": "",
                "round_name_zh": "",
                "round_name_en": "",
                "starts_on": "",
                "ends_on": "",
                "plan_version": "",
                "visit": {
                    "min_minutes": "",
                    "remote_modes": [""],
                    "remote_needs_reason": "",
                    "remote_reasons": [""],
                    "lookback_modes": [""],
                },
                "kind": {"key": "Kind of visitors one goes as", "name_zh": "", "name_en": ""},
            },
            "form": {
                "version": "That of the plan",
                "questions": [{"key": "", "topic": "", "also": [""], "zh": "", "en": ""}],
                "work": [_NAMES],
                "demand_classes": [_NAMES],
                "appraising": _APPRAISING,
            },
            "households": [_HOUSEHOLD],
            "gone": ["Key of a household that is no longer the asker's"],
            "route": [
                {
                    "plan": "Number of the plan of routes it was given out with",
                    "revision": "",
                    "day": "Date",
                    "household": "Key",
                    "position": "In the order of the day, from 0",
                    "start": "Planned, second of the day",
                    "leave": "",
                    "lead": "false for who comes along",
                    "reported": "Place as last told; null if not told",
                }
            ],
        },
        statuses={
            400: "The header X-Fangtu-Device is lacking",
            404: "No such campaign or round",
            422: "after is none of one's own",
        },
    )
)
def pulling() -> Response:
    """One page for the phone of the request."""
    who = asker()
    view = current_view(db(), who)
    page = pull(
        db(),
        who,
        device(),
        view.campaign.id,
        view.round_no,
        since=request.args.get("since"),
        after=request.args.get("after"),
    )
    kind = assigned_kind(db(), who, view.campaign.id, view.round_no)
    return jsonify(
        at=datetime.now(ZONE).isoformat(timespec="milliseconds"),
        since=page.since,
        full=page.is_full,
        more=page.more,
        campaign=campaign_told(view.campaign, view.rounds, view.round_no, kind),
        form=form_told(view.campaign) | {"appraising": rules_told()},
        households=page.households,
        gone=page.gone,
        route=own_route(db(), who, view.campaign.id, view.round_no),
    )


@bp.post("/api/v1/receipts")
@require()
@from_field
@describe(
    Operation(
        "What has become of items one sent",
        body_example={"ids": ["3f0e8f0a-58a1-4f5e-9d0c-7a1f8f0a2b11"]},
        body={"ids": f"At most {MOST_IDS} ids of what one sent"},
        answer={
            "at": "The server's clock",
            "items": [
                {
                    "id": "",
                    "kind": "visit, mark, appraisal, observation or monitoring; null if unknown",
                    "state": "done, missing_photos, refused (kept for a person to settle) or unknown",
                    "missing": ["Id of a photograph"],
                    "received_at": "",
                    "flags": ["Of a visit, as at PUT; no duplicate any more once that is settled"],
                    "others": [{"visitor": "Who was there too, where it is flagged duplicate", "at": ""}],
                }
            ],
        },
        statuses={400: "The header X-Fangtu-Device is lacking", 422: "The ids are none, or too many"},
    )
)
def receipts() -> Response:
    """The proof of a day's work."""
    ids = read_ids(read_object(body_of()))
    items: list[dict[str, Any]] = find_receipts(db(), asker().account_id, ids)
    return jsonify(at=datetime.now(ZONE).isoformat(timespec="milliseconds"), items=items)
