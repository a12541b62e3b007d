"""Phones in the field tell of themselves."""

from __future__ import annotations

import uuid

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.api import Operation, describe
from app.field_door import body_of, device, from_field
from app.session import asker, bearer_token, db, session_token
from app.signin import keep_session
from data.sessions import NewSession
from data.sync.devices import DeviceNeeded, keep_device
from data.sync.fields import read_object

bp = Blueprint("devices", __name__)


@bp.put("/api/v1/devices/<uuid:device_id>")
@require()
@from_field
@describe(
    Operation(
        "Make a phone known or tell of it again; the session becomes the phone's and lives 30 days from sign-in",
        body={
            "name": "What its owner calls it",
            "platform": "System and browser",
            "app": "Version of the field app",
            "schema": "Form of the bodies it sends",
            "standalone": "Whether it runs from the home screen",
            "persisted": "Whether the browser promised to keep its store",
            "unsent": "Visits and marks that still lie on it",
            "unsent_photos": "Photographs that do",
            "oldest_unsent_at": "Since when, or null",
            "clock_offset_ms": "What is to be added to its clock to get the server's, or null",
        },
        needed=(),
        body_example={
            "name": "红米 Note",
            "platform": "Android 15, Chrome 142",
            "app": "7c1f0a",
            "schema": 1,
            "standalone": True,
            "persisted": True,
            "unsent": 3,
            "unsent_photos": 2,
            "oldest_unsent_at": "2026-05-06T10:37:31+08:00",
            "clock_offset_ms": -1350,
        },
        answer={"id": "", "state": "open", "wipe": "", "seen_at": ""},
        statuses={
            400: "The header X-Fangtu-Device is lacking, or names another phone",
            403: "The phone is revoked; details.wipe says whether to delete the households on it",
            409: "The phone of another account",
            422: "A value is none",
        },
    )
)
def tell(device_id: uuid.UUID) -> AnyResponse:
    """Keep what the phone says of itself."""
    if device_id != device():
        raise DeviceNeeded
    kept = keep_device(db(), asker(), device_id, read_object(body_of()))
    answer = jsonify(
        id=str(kept.id), state=kept.state, wipe=kept.wipe, seen_at=kept.seen_at.isoformat(timespec="milliseconds")
    )
    if kept.expires_at is not None and bearer_token() is None:
        # The browser keeps the cookie for as long as the session lives.
        keep_session(answer, NewSession(session_token() or "", kept.expires_at))
    return answer
