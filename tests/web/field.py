"""A phone as the server sees it: bodies of visits, pictures, and requests with the header of the field."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from tests.web.conftest import Web

DEVICE = "X-Fangtu-Device"
NOON = datetime(2026, 5, 6, 4, 0, tzinfo=UTC)


def picture(seed: int, kind: str = "JPEG", size: tuple[int, int] = (160, 120)) -> bytes:
    """A small picture of soft blotches, another one for each seed."""
    spots = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC).save(out, kind)
    return out.getvalue()


def named(content: bytes, **other: Any) -> dict[str, Any]:
    """A photograph as a visit names it."""
    digest = hashlib.sha256(content).hexdigest()
    return {"id": str(uuid.uuid4()), "sha256": digest, "size": len(content), "kind": "visit", **other}


def visit_body(web: Web, household: str | None, **other: Any) -> dict[str, Any]:
    """A visit of 40 minutes at a household, 8 m from it."""
    start = other.pop("start", NOON)
    end = start + timedelta(minutes=other.pop("minutes", 40))
    return {
        "schema": 1,
        "household_id": web.town.households[household] if household else None,
        "household_ref": household,
        "campaign": web.town.campaign_id,
        "round": 1,
        "started_at": start.isoformat(),
        "ended_at": end.isoformat(),
        "entered_at": end.isoformat(),
        "duration_s": (end - start).total_seconds(),
        "duration_by": "monotonic",
        "clock_offset_ms": 0,
        "mode": "home",
        "outcome": "done",
        **other,
    }


class Phone:
    """One phone of an account, with a session by token."""

    def __init__(self, app: Flask, web: Web, account: str, token: str | None = None) -> None:
        self.id = str(uuid.uuid4())
        self.web = web
        self._client: FlaskClient = app.test_client()
        self._token = token or web.tokens[account]

    def call(self, method: str, path: str, **how: Any) -> TestResponse:
        """One request of the field."""
        headers = {DEVICE: self.id, "Authorization": f"Bearer {self._token}", **how.pop("headers", {})}
        return self._client.open(path, method=method, headers=headers, **how)

    def send(self, body: dict[str, Any] | bytes, visit_id: str | None = None) -> TestResponse:
        """Hand in a visit; without an id under a new one."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = f"/api/v1/visits/{visit_id or uuid.uuid4()}"
        return self.call("PUT", path, data=content, content_type="application/json")

    def send_photo(self, visit_id: str, photo_id: str, content: bytes, **headers: str) -> TestResponse:
        """Hand in a photograph."""
        headers.setdefault("X-SHA256", hashlib.sha256(content).hexdigest())
        path = f"/api/v1/visits/{visit_id}/photos/{photo_id}"
        return self.call("PUT", path, data=content, content_type="image/jpeg", headers=headers)

    def pull(self, **query: str) -> dict[str, Any]:
        """One page of what the phone is told."""
        answer = self.call("GET", "/api/v1/pull", query_string=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found
