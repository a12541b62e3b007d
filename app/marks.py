"""Marks (标房) and their photographs, as phones send them."""

from __future__ import annotations

import uuid

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.api import Operation, describe
from app.field_door import body_of, from_field, from_field_with_photo, receipt_json, sender, take_in
from app.field_visits import DEVICE_LACKING, photo_answer
from data.marks import KIND, mark_answer, store_mark
from data.rules.marks import KIND as KINDS
from data.sync.items import MOST_BODY, MOST_PHOTO_BYTES, MOST_PHOTOS
from data.sync.mark_bodies import read_mark

bp = Blueprint("marks", __name__)


@bp.put("/api/v1/marks/<uuid:mark_id>")
@require()
@from_field
@describe(
    Operation(
        "Hand in a mark; the same bytes again change nothing",
        body={
            "schema": "1",
            "kind": ", ".join(KINDS),
            "household_id": "Key, or null; needed for a correction",
            "house_id": "Key, or null",
            "at": "By the phone's clock, ISO 8601 with offset",
            "clock_offset_ms": "What is to be added to the phone's clock to get the server's, or null",
            "lon": "Degrees, WGS-84; needed but for an impression or a correction",
            "lat": "",
            "accuracy_m": "Metres",
            "accuracy_reason": "Why the position is rough",
            "outline": "GeoJSON Polygon with one ring, or null",
            "grade": "A, B, C or D: an impression, no appraisal",
            "parts": "By foundation, walls, roof, frame: a, b, c or d",
            "suspected": "Whether the house is to be appraised; so it is with grade C or D",
            "changes": "By address, house_no, people, key_groups, hamlet, head_name: base (what the phone had), value",
            "base_revision": "Revision of the household the phone had",
            "remark": "",
            "photos": f"List of id, sha256, size, taken_at, kind (visit, demand or house); at most {MOST_PHOTOS}",
            "practice": "true is acknowledged and kept nowhere",
        },
        needed=("schema", "kind", "at"),
        made="Accepted for the first time; the same bytes again are answered with 200",
        body_example={
            "schema": 1,
            "kind": "correction",
            "household_id": 4711,
            "at": "2026-05-06T17:40:00+08:00",
            "clock_offset_ms": 0,
            "base_revision": 3,
            "changes": {"people": {"base": 3, "value": 4}, "head_name": {"base": "梁*花", "value": "梁新花"}},
            "remark": "户主已变更",
            "photos": [],
        },
        answer_example={
            "id": "3f0e8f0a-58a1-4f5e-9d0c-7a1f8f0a2b11",
            "sha256": "9a" * 32,
            "missing": [],
            "received_at": "2026-05-06T18:02:11.482+08:00",
            "state": "proposed",
            "flags": [],
            "fields": {"people": "applied", "head_name": "proposed"},
        },
        answer={
            "id": "",
            "sha256": "Of the bytes that were accepted",
            "missing": ["Id of a photograph that is still to come"],
            "received_at": "",
            "state": "proposed, suspected, accepted (every field of a correction is applied) or refused",
            "flags": ["household_gone, clock_off, rough or elsewhere"],
            "fields": "Of a correction, by field: applied, proposed or refused",
        },
        statuses={
            400: DEVICE_LACKING,
            404: "The id of somebody else's mark",
            409: "Another content was accepted with this id; both are kept",
            413: f"More than {MOST_BODY >> 10} kB",
            422: "It cannot be stored: details say where, what was found and what is expected; it is kept",
            503: "Not just now",
        },
    )
)
def hand_in(mark_id: uuid.UUID) -> AnyResponse:
    """Accept a mark: 201 for the first time, 200 for the same bytes again."""
    receipt, told = take_in(sender, KIND, mark_id, body_of(), read_mark, store_mark, mark_answer)
    answer = jsonify(receipt_json(receipt, told))
    answer.status_code = 201 if receipt.is_new else 200
    return answer


@bp.put("/api/v1/marks/<uuid:mark_id>/photos/<uuid:photo_id>")
@require()
@from_field_with_photo
@describe(
    Operation(
        "Hand in a photograph of a mark: the raw bytes of a JPEG, PNG or WebP picture, their hash in X-SHA256",
        takes=("image/jpeg", "image/png", "image/webp"),
        answer={"id": "", "sha256": "", "size": "Bytes", "received_at": ""},
        statuses={
            400: DEVICE_LACKING,
            404: "No such mark of one's own, or it names no such photograph",
            413: f"More than {MOST_PHOTO_BYTES >> 10} kB",
            422: "The hash is another, or it is no picture",
            429: "Too many at once; Retry-After says when",
            507: "No room on the disk",
        },
    )
)
def hand_in_photo(mark_id: uuid.UUID, photo_id: uuid.UUID) -> AnyResponse:
    """Accept a photograph."""
    return photo_answer(KIND, mark_id, photo_id)
