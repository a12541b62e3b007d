"""What phones hand in of houses and sites: appraisals, looks at sites of concern, checks of the monthly monitoring."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.api import Operation, describe
from app.field_door import body_of, from_field, from_field_with_photo, receipt_json, sender, take_in
from app.field_visits import DEVICE_LACKING, photo_answer
from app.session import asker, db, store
from data.local_time import today
from data.rules.appraising import ABSENT, CAUSE, LEVEL, MEASURES, PART, SITE, STANDARD
from data.rules.concerns import SEEN
from data.rules.marks import CONCERNS
from data.sync import appraisals, looks
from data.sync.appraisal_bodies import MOST_PHOTOS, SHOWN, ToldAppraisal, read_appraisal
from data.sync.house_work import house_work
from data.sync.items import MOST_BODY, MOST_PHOTO_BYTES
from data.sync.items import MOST_PHOTOS as MOST_OF_A_LOOK
from data.sync.look_bodies import CHECKS, ToldCheck, ToldObservation, read_check, read_observation
from data.sync.refusals import Sender

bp = Blueprint("field_houses", __name__)
_RECEIPT = {
    "id": "",
    "sha256": "Of the bytes that were accepted",
    "missing": ["Id of a photograph that is still to come"],
    "received_at": "",
}
_BASE = {
    "schema": "1",
    "at": "When it was saved by the phone's clock, ISO 8601 with offset",
    "clock_offset_ms": "What is to be added to the phone's clock to get the server's, or null",
    "practice": "true is acknowledged and kept nowhere",
}
_STATUSES = {
    400: DEVICE_LACKING,
    404: "The id of somebody else's item",
    409: "Another content was accepted with this id; both are kept",
    413: f"More than {MOST_BODY >> 10} kB",
    422: "It cannot be stored, or the rule or role does not admit it: details say where and why; it is kept",
    503: "Not just now",
}
_PHOTO_STATUSES = {
    400: DEVICE_LACKING,
    404: "No such item of one's own, or it names no such photograph",
    413: f"More than {MOST_PHOTO_BYTES >> 10} kB",
    422: "The hash is another, or it is no picture",
    429: "Too many at once; Retry-After says when",
    507: "No room on the disk",
}
_PICTURES = ("image/jpeg", "image/png", "image/webp")
_PHOTO = {"id": "", "sha256": "", "size": "Bytes", "received_at": ""}
_UUID = "3f0e8f0a-58a1-4f5e-9d0c-7a1f8f0a2b11"
_TAKEN = {"id": _UUID, "sha256": "9a" * 32, "missing": [], "received_at": "2026-05-06T18:02:11.482+08:00"}
_SPOT = {"lon": "Degrees, WGS-84; null where the place is not known to a house", "lat": ""}
_SAID: dict[str, Any] = {"schema": 1, "at": "2026-05-06T17:40:00+08:00", "clock_offset_ms": 0}


def _handed_in(
    what: str,
    *,
    body: dict[str, Any],
    needed: tuple[str, ...],
    answer: dict[str, Any],
    example: dict[str, Any],
    answer_example: dict[str, Any],
) -> Operation:
    """How one kind of item is handed in: what it has of its own, beside what all of them have."""
    return Operation(
        f"Hand in {what}; the same bytes again change nothing",
        body=_BASE | body,
        needed=("schema", "at", *needed),
        made="Accepted for the first time; the same bytes again are answered with 200",
        answer=_RECEIPT | answer,
        statuses=_STATUSES,
        body_example=_SAID | example,
        answer_example=_TAKEN | answer_example,
    )


def _photographed(what: str) -> Operation:
    """How a photograph of one kind of item is handed in."""
    told = f"Hand in a photograph of {what}: the raw bytes, their hash in X-SHA256"
    return Operation(told, takes=_PICTURES, answer=_PHOTO, statuses=_PHOTO_STATUSES)


@bp.get("/api/v1/house-work")
@require()
@from_field
@describe(
    Operation(
        "What there is to do at houses and sites of one's duty: houses due for an appraisal, sites of concern, and "
        "households of the monthly monitoring; each only to those who may enter it",
        query={"after": "more of the page before"},
        answer={
            "at": "The server's clock",
            "as_of": "Day",
            "houses": [
                {
                    "id": "Key",
                    "code": "",
                    "household_id": "Key or null",
                    "head": "Masked name",
                    "village": "Name",
                    "address": "",
                    **_SPOT,
                    "grade": "A to D, or null: nobody appraised it",
                    "appraised_on": "Day of the appraisal that stands",
                    "standard": "",
                    "valid_until": "",
                    "why": ["impression, disaster, expired, monitored or never"],
                    "due_on": "Last day by which the round of monitoring wants it appraised, or null",
                    "mark": "Number of the impression that waits, or null",
                    "impression": "Its grade, or null",
                }
            ],
            "total": "Houses that are due; fewer may be told",
            "concerns": [
                {
                    "no": "Number",
                    "kind": ", ".join(CONCERNS),
                    "state": "untouched, clearing, cleared or relapsed",
                    "found_on": "",
                    "seen_on": "Last look, or null",
                    "look_by": "Last day for the next look",
                    "due_on": "Last day to clear it, or null",
                    "village": "Name",
                    **_SPOT,
                }
            ],
            "monitored": [
                {
                    "id": "Key",
                    "household_id": "Key",
                    "head": "Masked name",
                    "code": "Of the household",
                    "village": "Name",
                    "address": "",
                    **_SPOT,
                    "month": "YYYY-MM",
                    "stage": "to_check or safe",
                    "due_on": "Last day to check it, or null",
                }
            ],
            "more": "For the next page of houses; null on the last",
        },
        statuses={400: DEVICE_LACKING, 422: "after is none of one's own"},
    )
)
def listing() -> Response:
    """One page of what there is to do."""
    return jsonify(house_work(db(), asker(), today(), request.args.get("after")))


@bp.put("/api/v1/appraisals/<uuid:item_id>")
@require()
@from_field
@describe(
    _handed_in(
        "an appraisal",
        body={
            "house_id": "Key",
            "standard": ", ".join(STANDARD),
            "site": f"By the guideline of 2019: {', '.join(SITE)}",
            "parts": f"By {', '.join(PART)}: level ({', '.join(LEVEL)}; {ABSENT}: no such part) and points",
            "measures": ", ".join(MEASURES),
            "raw": "By any other standard: the grade as it stands there",
            "grade": "A, B, C or D where it is not the one that follows; needs a reason",
            "reason": "",
            "appraised_on": "Day, YYYY-MM-DD; that of at if null",
            "appraiser": "Organisation or group that appraised",
            "appraised_by": "People who appraised",
            "cause": ", ".join(CAUSE),
            "valid_until": "Day, or by the setting if null",
            "remark": "",
            "mark": "Number of the mark that started it",
            "photos": f"List of id, sha256, size, taken_at, kind ({', '.join(SHOWN)}); at most {MOST_PHOTOS}",
        },
        needed=("house_id", "standard", "appraiser", "cause"),
        answer={"appraisal": "Its key", "grade": "As decided", "computed": "The one that follows, or null"},
        example={
            "house_id": 4711,
            "standard": "guideline_2019",
            "site": "dangerous",
            "appraiser": "青禾镇房屋安全鉴定小组",
            "cause": "first",
            "photos": [],
        },
        answer_example={"appraisal": 12, "grade": "D", "computed": "D"},
    )
)
def hand_in_appraisal(item_id: uuid.UUID) -> AnyResponse:
    """Accept an appraisal: 201 for the first time, 200 for the same bytes again."""
    return _taken(appraisals.KIND, item_id)


@bp.put("/api/v1/appraisals/<uuid:item_id>/photos/<uuid:photo_id>")
@require()
@from_field_with_photo
@describe(_photographed("an appraisal"))
def hand_in_appraisal_photo(item_id: uuid.UUID, photo_id: uuid.UUID) -> AnyResponse:
    """Accept a photograph of an appraisal."""
    return photo_answer(appraisals.KIND, item_id, photo_id)


@bp.put("/api/v1/observations/<uuid:item_id>")
@require()
@from_field
@describe(
    _handed_in(
        "a look at a site of concern",
        body={
            "concern": "Number of the site",
            "seen": f"{', '.join(SEEN)}; that it relapsed follows",
            "note": "",
            "photos": f"List of id, sha256, size, taken_at, kind (concern); at most {MOST_OF_A_LOOK}",
        },
        needed=("concern", "seen"),
        answer={"state": "How the site stands: untouched, clearing, cleared or relapsed"},
        example={"concern": 12, "seen": "cleared", "photos": []},
        answer_example={"state": "cleared"},
    )
)
def hand_in_observation(item_id: uuid.UUID) -> AnyResponse:
    """Accept a look: 201 for the first time, 200 for the same bytes again."""
    return _taken(looks.OBSERVATION, item_id)


@bp.put("/api/v1/observations/<uuid:item_id>/photos/<uuid:photo_id>")
@require()
@from_field_with_photo
@describe(_photographed("a look at a site of concern"))
def hand_in_observation_photo(item_id: uuid.UUID, photo_id: uuid.UUID) -> AnyResponse:
    """Accept a photograph of a look."""
    return photo_answer(looks.OBSERVATION, item_id, photo_id)


@bp.put("/api/v1/checks/<uuid:item_id>")
@require()
@from_field
@describe(
    _handed_in(
        "a check of the monthly monitoring",
        body={
            "monitored": "Key of the household in its round",
            "act": f"{', '.join(CHECKS)}: still safe, or suspected",
            "reason": "Needed where it is suspected",
        },
        needed=("monitored", "act"),
        answer={"stage": "Where the household stands in its round; null where nothing was changed"},
        example={"monitored": 4711, "act": "reported", "reason": "西山墙开裂"},
        answer_example={"stage": "reported"},
    )
)
def hand_in_check(item_id: uuid.UUID) -> AnyResponse:
    """Accept a check: 201 for the first time, 200 for the same bytes again."""
    return _taken(looks.CHECK, item_id)


def _store_appraisal(
    session: Session, whom: Sender, item_id: uuid.UUID, told: ToldAppraisal, received_at: datetime
) -> None:
    months = store().settings.appraisal_months
    appraisals.store_appraisal(session, asker(), whom, item_id, told, received_at, months=months)


def _store_observation(
    session: Session, whom: Sender, item_id: uuid.UUID, told: ToldObservation, received_at: datetime
) -> None:
    looks.store_observation(session, asker(), whom, item_id, told, received_at)


def _store_check(session: Session, whom: Sender, item_id: uuid.UUID, told: ToldCheck, received_at: datetime) -> None:
    looks.store_check(session, asker(), whom, item_id, told, received_at)


# By kind of item: how its body is read, applied, and what its receipt adds.
WAYS: dict[str, tuple[Any, Any, Any]] = {
    appraisals.KIND: (read_appraisal, _store_appraisal, appraisals.appraisal_answer),
    looks.OBSERVATION: (read_observation, _store_observation, looks.observation_answer),
    looks.CHECK: (read_check, _store_check, looks.check_answer),
}


def _taken(kind: str, item_id: uuid.UUID) -> AnyResponse:
    receipt, told = take_in(sender, kind, item_id, body_of(), *WAYS[kind])
    answer = jsonify(receipt_json(receipt, told))
    answer.status_code = 201 if receipt.is_new else 200
    return answer
