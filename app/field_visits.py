"""Visits (走访) and their photographs, as phones send them."""

from __future__ import annotations

import uuid

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.api import Operation, describe
from app.field_door import body_of, from_field, from_field_with_photo, receipt_json, sender, take_in
from app.session import asker, db, release, store
from data.sealed_files import require_room
from data.sync.items import MOST_BODY, MOST_PHOTO_BYTES, MOST_PHOTOS
from data.sync.line import LINE
from data.sync.photos import check_photo, find_announced, take_photo
from data.sync.visit_bodies import read_visit
from data.sync.visits import KIND, store_visit, visit_answer

bp = Blueprint("field_visits", __name__)
DEVICE_LACKING = "The header X-Fangtu-Device is lacking"
VISIT_BODY = {
    "schema": "1",
    "household_id": "Key, or null at no known house",
    "household_ref": "What the phone calls the household, or null",
    "campaign": "Key",
    "round": "Number",
    "kind": "Kind of visitors one went as; null for the one that takes what is left",
    "started_at": "By the phone's clock, ISO 8601 with offset",
    "ended_at": "",
    "duration_s": "Seconds of presence while the page lived, or null",
    "duration_by": "monotonic or clock",
    "clock_offset_ms": "What is to be added to the phone's clock to get the server's, or null",
    "entered_at": "When the record was saved",
    "mode": "home, phone, wechat or sms",
    "reason": "Why remote, or null",
    "outcome": "done, nobody_home, refused, long_away, demolished, moved, not_found or other",
    "outcome_reason": "",
    "fix": "lon, lat, accuracy_m, at, distance_m; null without a position",
    "fix_reason": "Why the position is rough or far",
    "companions": "Names of those who came along",
    "work": "Keys of the work list that were done",
    "form_version": "Version of the questionnaire",
    "answers": "By key of the question",
    "satisfaction": "1 to 5, or null",
    "return_at": "When to come back, or null",
    "return_when": "tonight, tomorrow, weekend or phone",
    "remark": "",
    "demands": "List of id, class, text, solved, from_question, photos",
    "photos": f"List of id, sha256, size, taken_at, kind (visit, demand or house); at most {MOST_PHOTOS}",
    "supersedes": "Id of the own visit that this one corrects, or null",
    "practice": "true is acknowledged and kept nowhere",
}

VISIT_EXAMPLE = {
    "schema": 1,
    "household_id": 4711,
    "household_ref": "370725108001-023",
    "campaign": 1,
    "round": 2,
    "kind": None,
    "started_at": "2026-05-06T10:02:00+08:00",
    "ended_at": "2026-05-06T10:37:30+08:00",
    "duration_s": 2130.4,
    "duration_by": "monotonic",
    "clock_offset_ms": -1350,
    "entered_at": "2026-05-06T10:37:31+08:00",
    "mode": "home",
    "reason": None,
    "outcome": "done",
    "outcome_reason": None,
    "fix": {
        "lon": 118.8021,
        "lat": 36.4052,
        "accuracy_m": 8.5,
        "at": "2026-05-06T10:03:12+08:00",
        "distance_m": 12.0,
    },
    "fix_reason": None,
    "companions": ["李四"],
    "work": ["policy_card", "gas_safety"],
    "form_version": 3,
    "answers": {"water": "水压低"},
    "satisfaction": 5,
    "return_at": None,
    "return_when": None,
    "remark": None,
    "demands": [
        {
            "id": "0b4f1f5e-6d0f-4c53-9f52-1f9d6f0c7e10",
            "class": "water",
            "text": "二楼水压低",
            "solved": False,
            "from_question": "water",
            "photos": ["b7a1c6f2-0f0e-4a3e-8a36-0a4ce4d2c801"],
        }
    ],
    "photos": [
        {
            "id": "b7a1c6f2-0f0e-4a3e-8a36-0a4ce4d2c801",
            "sha256": "c3" * 32,
            "size": 213044,
            "taken_at": "2026-05-06T10:20:00+08:00",
            "kind": "demand",
        }
    ],
    "supersedes": None,
    "practice": False,
}


@bp.put("/api/v1/visits/<uuid:visit_id>")
@require()
@from_field
@describe(
    Operation(
        "Hand in a visit; the same bytes again change nothing",
        body=VISIT_BODY,
        answer={
            "id": "",
            "sha256": "Of the bytes that were accepted",
            "missing": ["Id of a photograph that is still to come"],
            "received_at": "",
            "others": [{"visitor": "Who was there too, where it is flagged duplicate; at most 3", "at": ""}],
            "flags": ["duplicate, not_assigned, household_gone, clock_off, order, far, rough or outside_round"],
            "household": {"id": "", "status": "Where it stands in the round now"},
        },
        needed=("schema", "campaign", "round", "started_at", "ended_at", "entered_at", "mode", "outcome"),
        made="Accepted for the first time; the same bytes again are answered with 200",
        body_example=VISIT_EXAMPLE,
        answer_example={
            "id": "3f0e8f0a-58a1-4f5e-9d0c-7a1f8f0a2b11",
            "sha256": "9a" * 32,
            "missing": ["b7a1c6f2-0f0e-4a3e-8a36-0a4ce4d2c801"],
            "received_at": "2026-05-06T18:02:11.482+08:00",
            "flags": [],
            "household": {"id": 4711, "status": 1},
            "others": [],
        },
        statuses={
            400: DEVICE_LACKING,
            404: "The id of somebody else's visit",
            409: "Another content was accepted with this id; both are kept",
            413: f"More than {MOST_BODY >> 10} kB",
            422: "It cannot be stored: details say where, what was found and what is expected; it is kept",
            503: "Not just now",
        },
    )
)
def hand_in(visit_id: uuid.UUID) -> AnyResponse:
    """Accept a visit: 201 for the first time, 200 for the same bytes again."""
    receipt, told = take_in(sender, KIND, visit_id, body_of(), read_visit, store_visit, visit_answer)
    answer = jsonify(receipt_json(receipt, told))
    answer.status_code = 201 if receipt.is_new else 200
    return answer


@bp.put("/api/v1/visits/<uuid:visit_id>/photos/<uuid:photo_id>")
@require()
@from_field_with_photo
@describe(
    Operation(
        "Hand in a photograph of a visit: the raw bytes of a JPEG, PNG or WebP picture, their hash in X-SHA256",
        takes=("image/jpeg", "image/png", "image/webp"),
        answer={"id": "", "sha256": "", "size": "Bytes", "received_at": ""},
        statuses={
            400: DEVICE_LACKING,
            404: "No such visit of one's own, or it names no such photograph",
            413: f"More than {MOST_PHOTO_BYTES >> 10} kB",
            422: "The hash is another, or it is no picture",
            429: "Too many at once; Retry-After says when",
            507: "No room on the disk",
        },
    )
)
def hand_in_photo(visit_id: uuid.UUID, photo_id: uuid.UUID) -> AnyResponse:
    """Accept a photograph."""
    return photo_answer(KIND, visit_id, photo_id)


def photo_answer(kind: str, item_id: uuid.UUID, photo_id: uuid.UUID) -> AnyResponse:
    """Take in the photograph of an item of any kind from this request, and say so once it is committed."""
    announced = find_announced(db(), asker().account_id, kind, item_id, photo_id)
    # Its bytes may be long in coming; nothing is held for them but a place in the line.
    release()
    with LINE.photo():
        content = body_of(MOST_PHOTO_BYTES)
        require_room(store().settings.var, len(content))
        picture = check_photo(announced, content, request.headers.get("X-SHA256"))
        moment = take_photo(db(), store().settings, store().sealer, announced, content, picture)
        release()
    return jsonify(
        id=str(photo_id),
        sha256=announced.sha256.hex(),
        size=announced.size_bytes,
        received_at=moment.isoformat(timespec="milliseconds"),
    )
