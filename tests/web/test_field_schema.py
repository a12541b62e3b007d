"""Bad input to every address that phones use, made from the application's own description of itself: nothing fails,
nothing is stored by half, and each refusal is one that the description names."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation
from sqlalchemy import text

from tests.web.conftest import Web
from tests.web.field import DEVICE, visit_body
from tests.web.test_marks import SPOT, body

EXAMPLES = 15
# Read by phones, or of what they sent, without being theirs alone.
BESIDE = {"GET /api/v1/ping", "GET /api/v1/marks", "GET /api/v1/marks/{number}"}
# What is made up is held to the description; what is no request of it at all may be refused in these ways besides.
ANY_REQUEST = {400, 404, 405, 408, 413, 415}
# Bodies whose fields are right; the inspector who asks may send the second only.
HOUSES = {
    "appraisals": {"house_id": 1, "standard": "jgj125", "raw": "C", "appraiser": "测试鉴定小组", "cause": "first"},
    "observations": {"concern": 1, "seen": "cleared"},
    "checks": {"monitored": 1, "act": "checked_safe"},
}
STORED = """
    select (select count(*) from visit), (select count(*) from field_visit), (select count(*) from demand),
           (select count(*) from mark), (select count(*) from mark_change), (select count(*) from synced_item),
           (select count(*) from synced_photo), (select count(*) from attachment), (select count(*) from device)"""


@schemathesis.serializer("application/zip", "image/jpeg", "image/png", "image/webp")
def as_bytes(_context: object, value: object) -> bytes:
    """Bodies of bytes, of which the description says no more."""
    return value if isinstance(value, bytes) else json.dumps(value, default=str).encode()


def archive(made_up: object) -> bytes:
    """An archive as phones export it, with what was made up in its list."""
    listed = {"schema": 1, "device": str(uuid.UUID(int=1)), "account": 1, "made_at": "2026-05-06T12:00:00+08:00"}
    listed |= made_up if isinstance(made_up, dict) else {"items": made_up, "photos": []}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("outbox.json", json.dumps(listed, default=str))
    return out.getvalue()


@pytest.fixture(scope="module")
def operations(app: Flask) -> dict[str, APIOperation]:
    """What the description says of phones, by method and address."""
    found = {}
    for result in schemathesis.openapi.from_wsgi("/openapi.json", app).get_all_operations():
        operation = result.ok()
        label = f"{operation.method.upper()} {operation.path}"
        named = {one["name"] for one in operation.definition.raw.get("parameters", [])}
        if DEVICE in named or label in BESIDE:
            found[label] = operation
    return found


def accepted(web: Web, label: str) -> dict[str, Any]:
    """A body that is accepted: with single fields of a made-up one in it, that comes past the first check."""
    home = web.town.households["H1"]
    if label.startswith("PUT /api/v1/visits/"):
        return visit_body(web, "H1")
    if label.startswith("PUT /api/v1/marks/"):
        return body("impression", household_id=home, grade="B", **SPOT)
    for path, told in HOUSES.items():
        if label.startswith(f"PUT /api/v1/{path}/"):
            return {"schema": 1, "at": "2026-05-06T12:00:00+08:00", **told}
    return {}


def stored(web: Web) -> tuple[int, ...]:
    with web.owner.connect() as connection:
        return tuple(connection.execute(text(STORED)).one())


def test_the_description_names_all_that_phones_use(operations: dict[str, APIOperation]) -> None:
    assert {
        "PUT /api/v1/visits/{visit_id}",
        "PUT /api/v1/visits/{visit_id}/photos/{photo_id}",
        "PUT /api/v1/marks/{mark_id}",
        "PUT /api/v1/marks/{mark_id}/photos/{photo_id}",
        "PUT /api/v1/appraisals/{item_id}",
        "PUT /api/v1/appraisals/{item_id}/photos/{photo_id}",
        "PUT /api/v1/observations/{item_id}",
        "PUT /api/v1/observations/{item_id}/photos/{photo_id}",
        "PUT /api/v1/checks/{item_id}",
        "GET /api/v1/house-work",
        "PUT /api/v1/devices/{device_id}",
        "POST /api/v1/receipts",
        "POST /api/v1/outbox",
        "GET /api/v1/pull",
        *BESIDE,
    } <= set(operations)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_whatever_the_description_leads_to_is_taken_whole_or_refused(
    web: Web, operations: dict[str, APIOperation], mode: GenerationMode
) -> None:
    nothing_wrong_to_ask = set()
    for label, operation in operations.items():
        try:
            ask_for(web, label, operation, mode)
        except Unsatisfiable:
            nothing_wrong_to_ask.add(label)
    # Without parameters and body nothing can be wrong.
    assert nothing_wrong_to_ask <= (
        {"GET /api/v1/ping", "GET /api/v1/packs"} if mode is GenerationMode.NEGATIVE else set()
    )


def ask_for(web: Web, label: str, operation: APIOperation, mode: GenerationMode) -> None:
    """Ask one address with what its description leads to, and see what is stored."""
    headers = {"Authorization": f"Bearer {web.tokens['inspector']}", "Accept-Encoding": "identity"}
    allowed = {int(status) for status in operation.definition.raw["responses"]} | ANY_REQUEST
    good = accepted(web, label)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), mixed=st.booleans(), own_id=st.uuids())
    def ask(case: Case, mixed: bool, own_id: uuid.UUID) -> None:
        if mixed and good and isinstance(case.body, dict):
            case.body = good | dict(list(case.body.items())[:3])
        if mixed and case.query:
            # One at a time: else the first that is wrong hides the others.
            name = sorted(case.query)[own_id.int % len(case.query)]
            case.query = {name: case.query[name]}
        if mixed and label.startswith("PUT /api/v1/devices"):
            case.path_parameters = {"device_id": str(own_id)}
            case.headers = {**(case.headers or {}), DEVICE: str(own_id)}
        if mixed and label == "POST /api/v1/outbox":
            case.body = archive(case.body)
        before = stored(web)
        answer = case.call(headers=headers)
        new = [now - then for then, now in zip(before, stored(web), strict=True)]
        wrong = faults(answer.status_code, answer.text, allowed, new)
        assert not wrong, f"{wrong}: {label} {case.as_curl_command()} -> {answer.status_code} {answer.text[:300]}"

    ask()


def faults(status: int, said: str, allowed: set[int], new: list[int]) -> list[str]:
    """What is wrong with an answer; ``new`` is how many rows of each table of :data:`STORED` came with it."""
    visits, besides, _, marks, _, items = new[:6]
    refused = status >= 400
    checks = {
        "a fault of the server": status < 500,
        "a status that the description does not name": status in allowed,
        "stored although refused": not (refused and any(new)),
        "another shape of error": not refused or set(json.loads(said)) == {"error", "message", "details"},
        # What was sent for practice is an item and kept nowhere else.
        "stored by half": refused or (visits == besides and visits + marks <= items <= 1),
    }
    return [fault for fault, is_right in checks.items() if not is_right]
