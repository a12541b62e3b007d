"""Assigning and reserving by page and API: what is said, who may, and that nothing of another area comes out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from data.claims import HEAVY, claim_job
from data.job_work import do_job
from tests.township import VILLAGES
from tests.web.conftest import Web

ClientAs = Callable[[str | None], FlaskClient]
KINDS = {
    "visitor": [
        {"kind": "city", "name_zh": "市直单位", "name_en": "Municipal units", "rule": "count",
         "unit": [{"name": "市水务局", "village": VILLAGES[0], "households": 9}]},
        {"kind": "secretary", "name_zh": "村书记", "name_en": "Secretary", "rule": "all", "repeats": True},
        {"kind": "grid", "name_zh": "网格员", "name_en": "Grid workers", "rule": "remainder"},
    ]
}  # fmt: skip


@pytest.fixture(autouse=True)
def plan(web: Web) -> Iterator[None]:
    """Kinds of visitors in the plan, and nothing assigned before or after."""
    with Session(web.owner) as session, session.begin():
        session.execute(text("update campaign set plan = plan || cast(:kinds as jsonb)"), {"kinds": json.dumps(KINDS)})
    yield
    with Session(web.owner) as session, session.begin():
        session.execute(text("update campaign set plan = plan - 'visitor'"))
        session.execute(text("delete from reservation"))
        session.execute(text("delete from assignment_act"))


@pytest.fixture
def post(app: Flask, web: Web) -> Callable[..., TestResponse]:
    def send(account: str, path: str, **body: object) -> TestResponse:
        headers = {"Authorization": f"Bearer {web.tokens[account]}", "Accept-Language": "zh"}
        return app.test_client().post(path, json=body, headers=headers)

    return send


def test_by_rule_is_seen_before_it_is_done_and_taken_back(
    post: Callable[..., TestResponse], client_as: ClientAs
) -> None:
    seen = post("supervisor", "/api/v1/assignments/preview", by="rule").json
    assert seen["changes"] == seen["added"] > 0
    # Five households in village 001, two of them visited.
    assert [(one["owner"], one["wanted"], one["given"]) for one in seen["unmet"] if one["code"] == "too_few"] == [
        ("市水务局", 9, 3)
    ]
    assert client_as("supervisor").get("/api/v1/assignments").json["owners"] == []
    done = post("supervisor", "/api/v1/assignments", by="rule").json
    assert done["changes"] == seen["changes"]
    told = client_as("supervisor").get("/api/v1/assignments").json
    assert {(one["owner"], one["visited"], one["households"]) for one in told["owners"]} >= {("市水务局", 0, 3)}
    assert told["acts"][0]["how"] == "rule"
    again = post("supervisor", "/api/v1/assignments", by="rule").json
    assert (again["act"], again["changes"]) == (None, 0)
    back = post("supervisor", f"/api/v1/assignments/acts/{done['act']}/undo")
    assert back.status_code == 200
    assert client_as("supervisor").get("/api/v1/assignments").json["owners"] == []
    assert post("supervisor", f"/api/v1/assignments/acts/{done['act']}/undo").status_code == 409


def test_a_large_round_is_seen_and_done_by_the_background_program_and_can_be_stopped(
    web: Web, post: Callable[..., TestResponse], client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = post("supervisor", "/api/v1/assignments/preview", by="rule").json
    monkeypatch.setattr("app.assignment_acts.MOST_SHOWN", 3)

    def done(key: str) -> dict[str, Any]:
        with web.owner.connect() as connection:
            claim = claim_job(connection, HEAVY)
        assert claim is not None
        do_job(web.settings, claim, lambda *_: None, lambda: False)
        job = client_as("supervisor").get(f"/api/v1/jobs/{key}").json
        assert job["state"] == "done", job
        return dict(job["result"])

    first = post("supervisor", "/api/v1/assignments", by="rule").json["job"]
    assert post("supervisor", "/api/v1/assignments", by="grid").status_code == 409  # one at a time
    assert client_as("leader").get(f"/api/v1/jobs/{first['id']}").status_code in (403, 404)
    stopped = post("supervisor", f"/api/v1/jobs/{first['id']}/cancel")
    assert stopped.json["state"] == "cancelled"
    seen = done(post("supervisor", "/api/v1/assignments/preview", by="rule").json["job"]["id"])
    assert {name: seen[name] for name in ("households", "changes", "message")} == {
        name: at_once[name] for name in ("households", "changes", "message")
    }
    assert [one["message"] for one in seen["unmet"]] == [one["message"] for one in at_once["unmet"]]
    assert seen["act"] is None
    assert client_as("supervisor").get("/api/v1/assignments").json["owners"] == []
    written = done(post("supervisor", "/api/v1/assignments", by="rule").json["job"]["id"])
    told = client_as("supervisor").get("/api/v1/assignments").json
    assert (told["acts"][0]["id"], told["acts"][0]["how"]) == (written["act"], "rule")
    assert {(one["owner"], one["households"]) for one in told["owners"]} >= {("市水务局", 3)}
    # As at once: only people of the duty are assigned, though the background program sees everybody.
    assert sorted((one["owner"], one["households"]) for one in told["owners"]) == sorted(
        (one["owner"], one["households"]) for one in at_once["owners"]
    )
    assert post("supervisor", f"/api/v1/assignments/acts/{written['act']}/undo").status_code == 200


def test_what_is_drawn_says_who_was_left_out(web: Web, post: Callable[..., TestResponse], client_as: ClientAs) -> None:
    homes = web.town.households
    answer = post(
        "supervisor",
        "/api/v1/assignments",
        by="drawn",
        kind="市直单位",
        owner="市气象局",
        households=[homes["H1"], homes["H2"], homes["H6"]],
    ).json
    assert answer["assigned"] == 2
    assert [one["n"] for one in answer["left_out"]] == [1]
    found = client_as("supervisor").get("/api/v1/assignments/households").json
    assert found["owners"] == [{"kind": "city", "account_id": None, "owner": "市气象局"}]
    assert client_as("supervisor").get(f"/api/v1/households/{homes['H2']}").json["owners"] == [
        {"kind": "city", "owner": "市气象局"}
    ]
    away = post("supervisor", "/api/v1/assignments", by="drawn", kind="city", owner=None, households=[homes["H2"]]).json
    assert away["assigned"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {"by": "luck"},
        {"by": "grid", "kind": 7},
        {"by": "drawn", "kind": "city", "owner": "x", "households": "all"},
        {"by": "drawn", "kind": "city", "owner": "x", "households": [True]},
        {"by": "drawn", "kind": "city", "owner": "x", "households": [2**63]},
        {"by": "drawn", "kind": "city", "owner": 5, "households": [1]},
        {"by": "drawn", "kind": "city", "owner": "a\0b", "households": [1]},
        {"by": "drawn", "kind": "city", "account_id": "1", "households": [1]},
    ],
)
def test_what_is_no_request_is_refused(post: Callable[..., TestResponse], body: dict[str, object]) -> None:
    assert post("supervisor", "/api/v1/assignments", **body).status_code == 400


def test_unknown_kinds_and_people_are_refused_in_words(web: Web, post: Callable[..., TestResponse]) -> None:
    homes = [web.town.households["H2"]]
    for body in (
        {"kind": "nobody", "owner": "x"},
        {"kind": "city", "owner": " "},
        # An account of another township looks like none.
        {"kind": "city", "account_id": web.accounts["outsider"]},
        {"kind": "city", "account_id": 999_999},
    ):
        answer = post("supervisor", "/api/v1/assignments", by="drawn", households=homes, **body)
        assert answer.status_code == 422, body
    assert post("supervisor", "/api/v1/assignments/preview", by="grid", kind="nobody").status_code == 422


def test_households_of_another_area_are_not_assigned_and_look_like_none(
    web: Web, post: Callable[..., TestResponse]
) -> None:
    for key in (web.town.households["H6"], 999_999):
        answer = post("outsider", "/api/v1/assignments", by="drawn", kind="city", owner="x", households=[key])
        # The other township has no campaign either.
        assert answer.status_code == 404


def test_the_remainder_is_for_everyone_and_of_the_own_area_only(
    web: Web, post: Callable[..., TestResponse], client_as: ClientAs
) -> None:
    post("supervisor", "/api/v1/assignments", by="drawn", kind="city", owner="市气象局",
         households=[web.town.households["H2"]])  # fmt: skip
    rows = client_as("inspector").get("/api/v1/assignments/remainder").json["rows"]
    assert {row["code"] for row in rows} == {"H4", "H5"}
    rows = client_as("leader").get("/api/v1/assignments/remainder").json["rows"]
    assert "赵测一" not in json.dumps(rows, ensure_ascii=False)
    assert {row["code"] for row in rows} == {"H4", "H5", "H6", "H7", "H8", "H9", "H10"}
    page = client_as("inspector").get("/remainder")
    assert page.status_code == 200
    assert "李测四" in page.text
    assert "吴测六" not in page.text


def test_a_household_is_reserved_kept_and_given_back(
    web: Web, post: Callable[..., TestResponse], client_as: ClientAs
) -> None:
    home = web.town.households["H6"]
    path = "/api/v1/reservations"
    taken = post("inspector_two", path, act="take", household_id=home, hours=2)
    assert taken.json["reservation"]["who"] == "测试inspector_two"
    refused = post("supervisor", path, act="take", household_id=home)
    assert (refused.status_code, refused.json["details"]["found"]) == (409, "reserved")
    assert "测试inspector_two" in refused.json["message"]
    assert post("inspector_two", path, act="keep", household_id=home, hours=3).status_code == 200
    assert [row["household_id"] for row in client_as("inspector_two").get(path).json["mine"]] == [home]
    # Of the other village nothing is seen.
    assert client_as("inspector").get(path).json == {"mine": [], "all": []}
    assert post("inspector", path, act="take", household_id=home).status_code == 404
    assert post("inspector", path, act="give_back", household_id=home).status_code == 404
    # The supervisor of the township may end it.
    assert post("supervisor", path, act="give_back", household_id=home).json == {"reservation": None}
    assert post("supervisor", path, act="take", household_id=home).status_code == 200
    assert post("leader", path, act="take", household_id=home).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"act": "steal", "household_id": 1}, 400),
        ({"act": "take", "household_id": "1"}, 400),
        ({"act": "take", "household_id": 1, "hours": "2"}, 400),
        ({"act": "take", "household_id": 1, "kind": "secretary"}, 422),
        ({"act": "take", "household_id": 1, "hours": 1000}, 422),
        ({"act": "take", "household_id": 1, "kind": "nobody"}, 422),
    ],
)
def test_what_is_no_reservation_is_refused(
    post: Callable[..., TestResponse], body: dict[str, object], status: int
) -> None:
    assert post("supervisor", "/api/v1/reservations", **body).status_code == status


def test_the_page_names_people_of_the_own_area_only(client_as: ClientAs) -> None:
    page = client_as("supervisor").get("/assign").text
    assert "测试inspector_two" in page
    assert "市水务局" in page
    assert "测试outsider" not in page
    assert "测试leader" not in page
