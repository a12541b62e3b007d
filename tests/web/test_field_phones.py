"""Phones on the desk: who sees which, revoking one, and what was refused and waits for a person."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.web.conftest import Web
from tests.web.field import Phone
from tests.web.test_sign_in import form_token

ClientAs = Callable[[str | None], FlaskClient]
PAGE = "/field-phones"


@pytest.fixture(autouse=True)
def nothing_left(web: Web) -> Iterator[None]:
    yield
    with web.owner.begin() as connection:
        connection.execute(text("delete from mark"))
        connection.execute(text("delete from sync_reject"))


@pytest.fixture
def phone(app: Flask, web: Web) -> Iterator[Phone]:
    """A phone of the inspector of village 001 that has told of itself."""
    made = Phone(app, web, "inspector")
    told = {"name": "测试机", "app": "0.4.0-test", "unsent": 3, "unsent_photos": 5, "standalone": True}
    # By a token of the web: the session of the tests is not to become the phone's.
    answer = made.call("PUT", f"/api/v1/devices/{made.id}", data=json.dumps(told), content_type="application/json")
    assert answer.status_code == 200, answer.text
    yield made
    with web.owner.begin() as connection:
        connection.execute(
            text("""update session set kind = 'web', device_id = null, ended_at = null
                     where device_id = cast(:id as uuid)"""),
            {"id": made.id},
        )
        connection.execute(text("delete from device where id = cast(:id as uuid)"), {"id": made.id})


def post(client: FlaskClient, path: str, **form: str) -> int:
    return client.post(path, data={"csrf_token": form_token(client, PAGE), **form}).status_code


def test_supervisors_see_the_phones_of_their_area_with_what_lies_on_them(phone: Phone, client_as: ClientAs) -> None:
    page = client_as("supervisor").get(PAGE).text
    assert all(word in page for word in ("测试机", "测试inspector", "0.4.0-test", "3 条，照片 5 张"))
    assert "测试机" not in client_as("outsider").get(PAGE).text
    assert client_as("inspector").get(PAGE).status_code == 403
    assert client_as("leader").get(PAGE).status_code == 403


def test_a_revoked_phone_is_told_to_wipe_only_if_that_was_chosen(web: Web, phone: Phone, client_as: ClientAs) -> None:
    assert post(client_as("outsider"), f"{PAGE}/{phone.id}/revoke", wipe="yes") == 404
    assert phone.call("GET", "/api/v1/pull").status_code == 200
    supervisor = client_as("supervisor")
    assert post(supervisor, f"{PAGE}/{phone.id}/revoke") == 303
    refused = phone.call("GET", "/api/v1/pull")
    assert (refused.status_code, refused.json["error"]) == (403, "device_revoked")
    assert refused.json["details"]["wipe"] is False
    assert "已停用" in supervisor.get(PAGE).text
    assert post(supervisor, f"{PAGE}/{phone.id}/revoke", wipe="yes") == 303
    assert phone.call("GET", "/api/v1/ping").json["device"] == {"state": "revoked", "wipe": True}


def test_what_was_refused_is_handed_out_as_it_was_sent_and_settled(app: Flask, web: Web, client_as: ClientAs) -> None:
    sent = '{"schema": 1, "kind": "城堡"}'.encode()
    refused = Phone(app, web, "inspector").call(
        "PUT", f"/api/v1/marks/{uuid.uuid4()}", data=sent, content_type="application/json"
    )
    assert refused.status_code == 422
    with web.owner.connect() as connection:
        key = connection.scalar(text("select id from sync_reject"))
    supervisor = client_as("supervisor")
    assert refused.json["message"] in supervisor.get(PAGE).text
    whole = supervisor.get(f"{PAGE}/refused/{key}")
    assert whole.data == sent
    assert whole.headers["Content-Disposition"].startswith("attachment")
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    outsider = client_as("outsider")
    assert outsider.get(f"{PAGE}/refused/{key}").status_code == 404
    assert post(outsider, f"{PAGE}/refused/{key}/settle") == 404
    assert post(supervisor, f"{PAGE}/refused/{key}/settle") == 303
    assert "已处理" in supervisor.get(PAGE).text
    with web.owner.connect() as connection:
        assert connection.scalar(text("select settled_by from sync_reject")) == web.accounts["supervisor"]


def test_an_archive_with_a_mark_is_stored_for_the_person_whose_it_is(app: Flask, web: Web) -> None:
    mark = str(uuid.uuid4())
    body = json.dumps(
        {"schema": 1, "kind": "waste", "at": "2026-05-06T12:00:00+08:00", "lon": 118.8045, "lat": 36.4061}
    )
    listed = {
        "schema": 1,
        "device": str(uuid.uuid4()),
        "account": web.accounts["inspector"],
        "made_at": "2026-05-07T12:00:00+08:00",
        "items": [{"kind": "mark", "id": mark, "file": f"marks/{mark}.json"}],
        "photos": [],
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("outbox.json", json.dumps(listed))
        archive.writestr(f"marks/{mark}.json", body)
    answer = Phone(app, web, "supervisor").call("POST", "/api/v1/outbox", data=packed.getvalue())
    assert [item["state"] for item in answer.json["items"]] == ["applied"], answer.text
    with web.owner.connect() as connection:
        row = connection.execute(text("select account_id, marked_by from mark")).one()
    assert tuple(row) == (web.accounts["inspector"], "测试inspector")
    # The phone itself, once it has a network again, is told that it is there already.
    own = Phone(app, web, "inspector").call("PUT", f"/api/v1/marks/{mark}", data=body, content_type="application/json")
    assert own.status_code == 200


@pytest.fixture
def assigned(web: Web) -> Iterator[None]:
    """H2 and H4 (not visited) and H1 (visited) of village 001 assigned to its inspector."""
    kinds = {"visitor": [{"kind": "grid", "name_zh": "网格员", "name_en": "Grid workers", "rule": "remainder"}]}
    keys = {
        "kinds": json.dumps(kinds),
        "account": web.accounts["inspector"],
        "homes": [web.town.households[name] for name in ("H1", "H2", "H4")],
    }
    with web.owner.begin() as connection:
        connection.execute(text("update campaign set plan = plan || cast(:kinds as jsonb)"), keys)
        connection.execute(
            text("""
                with act as (
                    insert into assignment_act (campaign_id, round_no, jur, jur_end, how, counts)
                    select id, 1, jur, jur_end, 'drawn', '{}' from campaign returning id, campaign_id)
                insert into assignment (campaign_id, round_no, household_id, kind, jur, repeats, account_id, owner, how,
                                        act_id)
                select act.campaign_id, 1, h.id, 'grid', h.jur, false, :account, '测试inspector', 'drawn', act.id
                  from household h, act where h.id = any (:homes)"""),
            keys,
        )
    yield
    with web.owner.begin() as connection:
        connection.execute(text("update campaign set plan = plan - 'visitor'"))
        connection.execute(text("delete from assignment_act"))


def owners(web: Web) -> dict[str, str]:
    with web.owner.connect() as connection:
        rows = connection.execute(
            text("select h.code, a.owner from assignment a join household h on h.id = a.household_id")
        )
        return dict(rows.tuples().all())


@pytest.mark.usefixtures("assigned")
def test_what_is_not_visited_is_handed_over_within_the_duty_of_the_one_who_takes_it(
    web: Web, client_as: ClientAs
) -> None:
    supervisor = client_as("supervisor")
    assert "测试inspector（未走访 2 户）" in supervisor.get(PAGE).text
    giver, path = str(web.accounts["inspector"]), f"{PAGE}/hand-over"
    before = owners(web)
    # Nobody of another area, nobody for whom all of it lies elsewhere, not the same person.
    for taker in ("outsider", "inspector_two", "inspector"):
        assert post(supervisor, path, giver=giver, taker=str(web.accounts[taker])) == 303
        assert owners(web) == before, taker
    assert post(supervisor, path, giver="", taker="") == 303
    assert post(client_as("outsider"), path, giver=giver, taker=str(web.accounts["outsider"])) in (303, 404)
    assert owners(web) == before
    assert post(supervisor, path, giver=giver, taker=str(web.accounts["supervisor"])) == 303
    assert owners(web) == {"H1": "测试inspector", "H2": "测试supervisor", "H4": "测试supervisor"}
    act = supervisor.get("/api/v1/assignments").json["acts"][0]["id"]
    undone = supervisor.post(
        f"/api/v1/assignments/acts/{act}/undo", headers={"Authorization": f"Bearer {web.tokens['supervisor']}"}
    )
    assert undone.status_code == 200
    assert owners(web) == before
