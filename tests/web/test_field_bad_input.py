"""Whatever is sent to the addresses of the field: no fault of the server, nothing half stored, what is refused kept."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.factory import create_app
from tests.web.conftest import Web, commit_web
from tests.web.field import Phone, named, picture, visit_body

MANY = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(
        ["\0", "\ud800", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-05-06T10:00:00+08:00", "1e999"]
    ),
    st.uuids().map(str),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    made = commit_web("fangtu_test_bad_input")
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def phone(web: Web) -> Phone:
    return Phone(create_app(web.settings), web, "inspector")


@pytest.fixture(scope="module")
def app(web: Web) -> Flask:
    return create_app(web.settings)


def counted(web: Web) -> tuple[int, ...]:
    tables = ("visit", "field_visit", "synced_item", "synced_photo", "demand", "attachment")
    with Session(web.owner) as session:
        return tuple(int(session.scalar(text(f"select count(*) from {table}")) or 0) for table in tables)


def names(web: Web) -> list[str]:
    return [*visit_body(web, "H1"), "fix", "answers", "companions", "work", "photos", "demands", "supersedes",
            "return_at", "satisfaction", "remark", "reason", "practice", "kind"]  # fmt: skip


@MANY
@given(data=st.data())
def test_a_visit_with_any_value_in_any_field_is_accepted_whole_or_refused_and_kept(
    web: Web, phone: Phone, data: st.DataObject
) -> None:
    key = str(uuid.uuid4())
    body = visit_body(web, "H1") | data.draw(
        st.dictionaries(st.sampled_from(names(web)), VALUES, min_size=1, max_size=3)
    )
    before = counted(web)
    answer = phone.send(body, key)
    assert answer.status_code in (201, 422), answer.text
    after = counted(web)
    if answer.status_code == 422:
        assert after == before
        assert answer.json["details"]["kept"] is True
        assert answer.json["details"]["where"]
    else:
        assert after[2] == before[2] + 1
        assert phone.send(body, key).status_code == 200
        assert counted(web) == after


@MANY
@given(content=st.one_of(st.binary(max_size=200), VALUES.map(lambda value: json.dumps(value).encode())))
def test_any_bytes_are_refused_and_kept(web: Web, phone: Phone, content: bytes) -> None:
    before = counted(web)
    answer = phone.send(content)
    assert (answer.status_code, answer.json["details"]["kept"]) == (422, True)
    assert counted(web) == before


@MANY
@given(told=VALUES, path=st.sampled_from(["receipts", "devices", "outbox"]))
def test_any_json_elsewhere_is_answered(web: Web, phone: Phone, told: Any, path: str) -> None:
    method, address = ("PUT", f"/api/v1/devices/{phone.id}") if path == "devices" else ("POST", f"/api/v1/{path}")
    before = counted(web)
    answer = phone.call(method, address, data=json.dumps(told).encode(), content_type="application/json")
    assert answer.status_code in (200, 422), answer.text
    assert counted(web) == before


@MANY
@given(
    query=st.dictionaries(st.sampled_from(["since", "after", "campaign", "round"]), st.text(max_size=40), max_size=3)
)
def test_any_question_of_a_pull_is_answered(phone: Phone, query: dict[str, str]) -> None:
    query = {name: word.encode("utf-8", "replace").decode() for name, word in query.items()}
    assert phone.call("GET", "/api/v1/pull", query_string=query).status_code in (200, 400, 404, 422)


@MANY
@given(content=st.one_of(st.binary(max_size=300), st.integers(0, 2000).map(lambda cut: picture(1)[:cut])))
def test_any_bytes_as_a_photograph_are_refused(web: Web, phone: Phone, content: bytes) -> None:
    key, photo = str(uuid.uuid4()), named(content or b"x")
    assert phone.send(visit_body(web, "H1", photos=[photo]), key).status_code == 201
    before = counted(web)
    answer = phone.send_photo(key, photo["id"], content)
    whole = content == picture(1)
    assert answer.status_code == (200 if whole else 422), answer.text
    assert whole or counted(web) == before
