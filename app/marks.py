"""Marks (标房): as phones send them with their photographs, and as other programs read them."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.api import Operation, describe
from app.field_door import body_of, from_field, from_field_with_photo, receipt_json, sender, take_in
from app.field_visits import DEVICE_LACKING, photo_answer
from app.households import HEAD, PLACE
from app.maps import ViewUnknown, one_of
from app.session import asker, db
from app.view import ZONE, page_number
from data.areas import area_range
from data.mark_cards import PAGE, MarkWish, mark_card, mark_page
from data.marks import KIND, mark_answer, store_mark
from data.rules.marks import KIND as KINDS
from data.rules.marks import PART
from data.rules.marks import STATE as STATES
from data.sync.items import MOST_BODY, MOST_PHOTO_BYTES, MOST_PHOTOS
from data.sync.mark_bodies import read_mark
from geo.errors import Text

bp = Blueprint("marks", __name__)
FORMS = ("rows", "geojson")
_MARK: dict[str, Any] = {
    "id": "Number of the mark",
    "uuid": "Id its phone gave it",
    "kind": ", ".join(KINDS),
    "state": ", ".join(STATES),
    "at": "When it was made",
    "received_at": "When it came in",
    "marked_by": "Name",
    "household_id": "null if it speaks of none, or of one elsewhere",
    "household_ref": "What the phone calls a household that is not known",
    "household_code": "",
    **HEAD,
    "house_id": "",
    "house_code": "",
    "village": "Name",
    "grade": "A–D: an impression, no appraisal",
    "parts": f"By {', '.join(PART)}: a–d",
    "suspected": "Whether the house is to be appraised",
    "remark": "",
    "flags": ["household_gone, clock_off, rough or elsewhere"],
    "reason": "Of the one who settled it",
    "settled_by": "Name",
    "settled_at": "",
    **PLACE,
    "accuracy_reason": "Why the position is rough",
    "placed_by": "phone; house or household where the mark itself has no place",
    "outline": "GeoJSON Polygon or null",
    "concern": "Of a site of concern: untouched, clearing, cleared, relapsed; else null",
    "relapses": "How often it was seen dirty again after it was cleared",
    "changes": [{"field": "", "base": "What the phone had", "value": "", "state": "proposed, applied, refused"}],
    "photos": ["Id of a photograph the asker may see, at /field-work/photos/<id>"],
}


@bp.get("/api/v1/marks")
@require()
@describe(
    Operation(
        f"Marks from the field, the newest first, {PAGE} a page",
        query={
            "kind": f"One or several, with commas: {', '.join(KINDS)}",
            "state": f"One or several, with commas: {', '.join(STATES)}",
            "since": "Came in at or after this moment, ISO 8601 with offset, or day, YYYY-MM-DD",
            "area": "Code of the area; one's own area of duty by default",
            "form": "rows (default), or geojson: a FeatureCollection of points, null where the place is unknown",
            "page": f"Page of {PAGE}, from 1",
        },
        answer={"total": "Marks that fit", "page": "", "pages": "", "rows": [_MARK]},
        statuses={400: "No such kind, state, form or moment"},
    )
)
def listing() -> Response:
    """A page of marks."""
    form = one_of("form", FORMS, "rows")
    wish = MarkWish(
        area_range(db(), request.args.get("area")), _words("kind", KINDS), _words("state", STATES), _since()
    )
    found = mark_page(db(), asker(), wish, page_number())
    counts = {"total": found.total, "page": found.page, "pages": found.pages}
    if form == "rows":
        return jsonify(**counts, rows=found.rows)
    answer = jsonify(type="FeatureCollection", **counts, features=[_feature(row) for row in found.rows])
    answer.mimetype = "application/geo+json"
    return answer


@bp.get("/api/v1/marks/<key:number>")
@require()
@describe(Operation("One mark from the field", answer=_MARK))
def card(number: int) -> Response:
    """The card of a mark."""
    return jsonify(mark_card(db(), number, asker()))


def _feature(row: dict[str, Any]) -> dict[str, Any]:
    place = [row["lon"], row["lat"]]
    point = None if row["lon"] is None else {"type": "Point", "coordinates": place}
    told = {name: value for name, value in row.items() if name not in ("id", "lon", "lat")}
    return {"type": "Feature", "id": row["id"], "geometry": point, "properties": told}


def _words(name: str, known: dict[str, Text]) -> list[str] | None:
    given = [word for word in request.args.get(name, "").split(",") if word]
    for word in given:
        if word not in known:
            raise ViewUnknown(
                Text(
                    f"{name} 为“{word}”，应为 {'、'.join(known)}。",
                    f"{name} is '{word}'; expected {', '.join(known)}.",
                ),
                found=word,
                expected=list(known),
            )
    return given or None


def _since() -> datetime | None:
    value = request.args.get("since", "")
    if not value:
        return None
    try:
        # A sign of plus that was not written as %2B comes as a space.
        moment = datetime.fromisoformat(value.replace(" ", "+"))
        if len(value) == 10:
            return datetime.combine(date.fromisoformat(value), time.min, ZONE)
        if moment.tzinfo is not None and 1900 < moment.year < 3000:
            return moment
    except ValueError:
        pass
    raise ViewUnknown(
        Text(
            f"since 为“{value}”，应如 2026-11-12 或 2026-11-12T08:00:00+08:00。",
            f"since is '{value}'; expected such as 2026-11-12 or 2026-11-12T08:00:00+08:00.",
        ),
        found=value,
    )


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
            "parts": f"By {', '.join(PART)}: a, b, c or d",
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
