"""Marks from the field: what a phone hands in, what is applied at once, what a supervisor settles and takes back."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from werkzeug.test import TestResponse

from tests.web.conftest import Web
from tests.web.field import Phone, named, picture
from tests.web.test_field_bad_input import VALUES
from tests.web.test_sign_in import form_token

ClientAs = Callable[[str | None], FlaskClient]
SPOT = {"lon": 118.8045, "lat": 36.4061, "accuracy_m": 6.0}
SQUARE = {
    "type": "Polygon",
    "coordinates": [
        [[118.8044, 36.406], [118.8046, 36.406], [118.8046, 36.4062], [118.8044, 36.4062], [118.8044, 36.406]]
    ],
}


def body(kind: str, **other: Any) -> dict[str, Any]:
    return {"schema": 1, "kind": kind, "at": "2026-05-06T12:00:00+08:00", **other}


def put(phone: Phone, told: dict[str, Any] | bytes, mark_id: str | None = None) -> TestResponse:
    content = told if isinstance(told, bytes) else json.dumps(told).encode()
    return phone.call("PUT", f"/api/v1/marks/{mark_id or uuid.uuid4()}", data=content, content_type="application/json")


def number_of(web: Web, answer: TestResponse) -> int:
    return int(one(web, "select no from mark where id = cast(:id as uuid)", id=answer.json["id"]))


def one(web: Web, sql: str, **keys: Any) -> Any:
    with web.owner.connect() as connection:
        return connection.scalar(text(sql), keys)


def run(web: Web, sql: str, **keys: Any) -> None:
    with web.owner.begin() as connection:
        connection.execute(text(sql), keys)


@pytest.fixture
def phone(app: Flask, web: Web) -> Phone:
    return Phone(app, web, "inspector")


@pytest.fixture(autouse=True)
def as_before(web: Web) -> Iterator[None]:
    """Households as the township has them, and no mark."""
    kept = "id, address, house_no, people, key_groups, stated_hamlet, head_name, geom::text as geom, quality, placed_by"
    with web.owner.connect() as connection:
        before = connection.execute(text(f"select {kept} from household")).all()
    yield
    with web.owner.begin() as connection:
        connection.execute(text("delete from attachment where mark_id is not null"))
        connection.execute(text("delete from mark"))
        connection.execute(text("delete from house where natural_key like 'mark:%'"))
        connection.execute(text("delete from placement"))
        for row in before:
            connection.execute(
                text("""update household set address = :address, house_no = :house_no, people = :people,
                               key_groups = :key_groups, stated_hamlet = :stated_hamlet, head_name = :head_name,
                               geom = cast(:geom as geometry), quality = :quality, placed_by = :placed_by
                         where id = :id"""),
                dict(row._mapping),
            )


def settle(client: FlaskClient, number: int, **form: str) -> TestResponse:
    return client.post(f"/field-work/marks/{number}", data={"csrf_token": form_token(client, "/field-work"), **form})


def undo(client: FlaskClient, number: int) -> TestResponse:
    return client.post(f"/field-work/marks/{number}/undo", data={"csrf_token": form_token(client, "/field-work")})


def state_of(web: Web, number: int) -> str:
    return str(one(web, "select state from mark where no = :no", no=number))


def correction(web: Web, changes: dict[str, Any], household: str = "H1") -> dict[str, Any]:
    return body("correction", household_id=web.town.households[household], changes=changes)


# What a phone hands in.


def test_the_same_bytes_twice_make_one_mark_and_other_bytes_are_refused_and_kept(web: Web, phone: Phone) -> None:
    mark_id = str(uuid.uuid4())
    first = put(phone, body("ruin", **SPOT), mark_id)
    again = put(phone, body("ruin", **SPOT), mark_id)
    other = put(phone, body("waste", **SPOT), mark_id)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json["sha256"] == again.json["sha256"]
    assert (first.json["state"], first.json["flags"], first.json["fields"]) == ("proposed", [], {})
    assert other.json["error"] == "mark_differs"
    assert one(web, "select count(*) from mark where id = cast(:id as uuid)", id=mark_id) == 1
    assert one(web, "select count(*) from sync_reject where item_id = cast(:id as uuid)", id=mark_id) == 1
    run(web, "delete from sync_reject where item_id = cast(:id as uuid)", id=mark_id)


def test_a_mark_lies_where_its_household_lies_else_where_it_was_made(web: Web, phone: Phone) -> None:
    home = web.town.households["H1"]
    of_home = put(phone, body("moved", household_id=home, **SPOT)).json["id"]
    free = put(phone, body("waste", **SPOT)).json["id"]
    away = put(phone, body("waste", lon=118.815, lat=36.405, accuracy_m=80)).json
    jur = "select jur from mark where id = cast(:id as uuid)"
    assert one(web, jur, id=of_home) == one(web, "select jur from household where id = :id", id=home)
    assert one(web, jur, id=free) == 990101001001001
    assert away["flags"] == ["rough", "elsewhere"]
    assert one(web, jur, id=away["id"]) // 1000 == 990101001001


def test_a_household_of_others_is_kept_as_a_number_and_not_changed(web: Web, phone: Phone) -> None:
    foreign = web.town.households["H6"]
    before = one(web, "select address from household where id = :id", id=foreign)
    answer = put(phone, correction(web, {"address": {"base": before, "value": "别处"}}, "H6"))
    assert answer.status_code == 201
    assert answer.json["flags"] == ["household_gone"]
    assert answer.json["fields"] == {"address": "proposed"}
    assert one(web, "select address from household where id = :id", id=foreign) == before
    kept = "select household_id is null and household_ref = :ref from mark where id = cast(:id as uuid)"
    assert one(web, kept, id=answer.json["id"], ref=str(foreign))
    nobodys = put(phone, {**correction(web, {"address": {"base": None, "value": "x"}}), "household_id": 999_999_999})
    assert (nobodys.status_code, nobodys.json["flags"], nobodys.json["fields"]) == (
        answer.status_code,
        answer.json["flags"],
        answer.json["fields"],
    )


@pytest.mark.parametrize(
    ("told", "where"),
    [
        (body("castle", **SPOT), "kind"),
        (body("ruin"), "lon"),
        (body("ruin", lon=118.8, lat=None), "lat"),
        (body("moved", **SPOT), "household_id"),
        (body("impression", **SPOT), "grade"),
        (body("impression", grade="E"), "grade"),
        (body("impression", parts={"walls": "x"}), "parts.walls"),
        (body("impression", parts={"cellar": "a"}), "parts.cellar"),
        (body("correction", changes={"address": {"base": None, "value": "x"}}), "household_id"),
        (body("correction", household_id=1), "changes"),
        (body("correction", household_id=1, changes={"phone": {"base": None, "value": "1"}}), "changes.phone"),
        (body("correction", household_id=1, changes={"people": {"base": 3, "value": -1}}), "changes.people.value"),
        (body("correction", household_id=1, changes={"head_name": {"base": "赵*", "value": " "}}), "changes.head_name"),
        (body("correction", household_id=1, changes={"key_groups": {"value": ["rich"]}}), "changes.key_groups.value"),
        (body("new_house", **SPOT, outline={"type": "Polygon", "coordinates": [[[1, 2]]]}), "outline.coordinates[0]"),
        (body("new_house", **SPOT, outline={"type": "Point", "coordinates": []}), "outline.type"),
        (body("new_house", **SPOT, colour="red"), "colour"),
        ({**body("new_house", **SPOT), "schema": 9}, "schema"),
        (b"{", "JSON"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_place_and_kept(
    web: Web, phone: Phone, told: dict[str, Any] | bytes, where: str
) -> None:
    mark_id = str(uuid.uuid4())
    answer = put(phone, told, mark_id)
    assert answer.status_code == 422
    assert answer.json["details"]["where"].startswith(where)
    assert answer.json["details"]["kept"] is True
    assert one(web, "select count(*) from mark") == 0
    assert one(web, "select count(*) from sync_reject where item_id = cast(:id as uuid)", id=mark_id) == 1
    run(web, "delete from sync_reject where item_id = cast(:id as uuid)", id=mark_id)


NAMES = st.sampled_from(
    [
        "kind",
        "household_id",
        "house_id",
        "at",
        "lon",
        "lat",
        "accuracy_m",
        "outline",
        "grade",
        "parts",
        "suspected",
        "changes",
        "base_revision",
        "remark",
        "photos",
        "clock_offset_ms",
        "practice",
        "schema",
    ]
)


@given(
    base=st.sampled_from(["ruin", "impression", "correction", "moved"]), odd=st.dictionaries(NAMES, VALUES, max_size=3)
)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_is_stored_whole_or_refused_and_kept(
    web: Web, phone: Phone, base: str, odd: dict[str, Any]
) -> None:
    told = {**body(base, household_id=web.town.households["H1"], grade="B", **SPOT), **odd}
    mark_id = str(uuid.uuid4())
    answer = put(phone, json.dumps(told).encode(), mark_id)
    assert answer.status_code in (201, 422), answer.text
    stored = one(web, "select count(*) from mark where id = cast(:id as uuid)", id=mark_id)
    kept = one(web, "select count(*) from sync_reject where item_id = cast(:id as uuid)", id=mark_id)
    practice = told.get("practice") is True
    assert (stored, kept) == ((0 if practice else 1, 0) if answer.status_code == 201 else (0, 1))
    run(web, "delete from sync_reject where item_id = cast(:id as uuid)", id=mark_id)


# What is applied at once.


def test_a_correction_is_applied_where_nobody_changed_the_field(web: Web, phone: Phone) -> None:
    home = web.town.households["H1"]
    run(web, "update household set address = '东街1号', people = 3 where id = :id", id=home)
    revision = one(web, "select revision from household where id = :id", id=home)
    answer = put(
        phone,
        correction(web, {"address": {"base": "东街1号", "value": "东街 2 号"}, "people": {"base": 4, "value": 5}}),
    )
    assert answer.json["fields"] == {"address": "applied", "people": "proposed"}
    assert answer.json["state"] == "proposed"
    row = "select (address, people, revision)::text from household where id = :id"
    assert one(web, row, id=home) == f'("东街 2 号",3,{revision + 1})'
    whole = put(phone, correction(web, {"people": {"base": 3, "value": 6}}))
    assert (whole.json["state"], whole.json["fields"]) == ("accepted", {"people": "applied"})


@pytest.mark.parametrize(
    ("field", "base", "value"),
    [("head_name", "赵*一", "赵新一"), ("key_groups", [], ["party_veteran"]), ("hamlet", None, "新庄")],
)
def test_who_heads_a_household_and_whom_a_round_is_for_waits_for_a_supervisor(
    web: Web, phone: Phone, field: str, base: Any, value: Any
) -> None:
    answer = put(phone, correction(web, {field: {"base": base, "value": value}}))
    assert answer.json["fields"] == {field: "proposed"}
    assert one(web, "select head_name from household where id = :id", id=web.town.households["H1"]) == "赵测一"


def test_practice_is_acknowledged_and_changes_nothing(web: Web, phone: Phone) -> None:
    answer = put(phone, {**correction(web, {"people": {"base": 3, "value": 9}}), "practice": True})
    assert answer.status_code == 201
    assert one(web, "select count(*) from mark") == 0
    assert one(web, "select people from household where id = :id", id=web.town.households["H1"]) == 3


# What a supervisor settles and takes back.


def test_a_conflict_is_shown_with_all_three_values_and_settled_field_by_field(
    web: Web, phone: Phone, client_as: ClientAs
) -> None:
    home = web.town.households["H1"]
    run(web, "update household set address = '中街9号' where id = :id", id=home)
    told = {
        "address": {"base": "东街1号", "value": "西街7号"},
        "head_name": {"base": "赵*一", "value": "赵新一"},
        "key_groups": {"base": [], "value": ["lone_elder"]},
    }
    number = number_of(web, put(phone, correction(web, told)))
    client = client_as("supervisor")
    page = client.get("/field-work").text
    assert all(value in page for value in ("东街1号", "中街9号", "西街7号", "孤寡老人"))
    assert page.count("之后改过") == 1
    answer = settle(
        client,
        number,
        decision="accept",
        reason="已电话核实",
        **{"field.address": "refuse", "field.head_name": "accept", "field.key_groups": "later"},
    )
    assert answer.status_code == 303
    row = "select (address, head_name, key_groups)::text from household where id = :id"
    assert one(web, row, id=home) == "(中街9号,赵新一,{})"
    assert state_of(web, number) == "proposed"
    settle(client, number, decision="accept", **{"field.key_groups": "accept"})
    assert state_of(web, number) == "accepted"
    assert one(web, row, id=home) == "(中街9号,赵新一,{lone_elder})"
    undo(client, number)
    assert one(web, row, id=home) == "(中街9号,赵测一,{})"
    assert state_of(web, number) == "proposed"
    assert one(web, "select count(*) from audit where act = 'mark_undo' and object_id = :no", no=str(number)) == 1


def test_what_was_changed_again_is_not_taken_back(web: Web, phone: Phone, client_as: ClientAs) -> None:
    home = web.town.households["H1"]
    number = number_of(web, put(phone, correction(web, {"people": {"base": 3, "value": 6}})))
    run(web, "update household set people = 7 where id = :id", id=home)
    undo(client_as("supervisor"), number)
    assert one(web, "select people from household where id = :id", id=home) == 7
    assert state_of(web, number) == "accepted"


def test_a_moved_household_moves_when_accepted_and_goes_back(web: Web, phone: Phone, client_as: ClientAs) -> None:
    home = web.town.households["H1"]
    where = "select (st_astext(geom), quality, placed_by, grid_id, jur)::text from household where id = :id"
    before = one(web, where, id=home)
    told = body("moved", household_id=home, lon=118.8071, lat=36.4055, accuracy_m=5)
    number = number_of(web, put(phone, told))
    assert one(web, where, id=home) == before
    client = client_as("supervisor")
    settle(client, number, decision="accept")
    assert state_of(web, number) == "accepted"
    grid = "select g.code from household h join grid g on g.id = h.grid_id where h.id = :id"
    assert one(web, grid, id=home) == "990101001001002"
    assert one(web, "select quality from household where id = :id", id=home) == 1
    assert one(web, "select jur from mark where no = :no", no=number) == 990101001001002
    undo(client, number)
    assert one(web, where, id=home) == before
    assert state_of(web, number) == "proposed"


def test_a_new_house_is_there_once_accepted_and_gone_when_taken_back(
    web: Web, phone: Phone, client_as: ClientAs
) -> None:
    houses = one(web, "select count(*) from house")
    number = number_of(web, put(phone, body("new_house", outline=SQUARE, **SPOT)))
    assert one(web, "select count(*) from house") == houses
    client = client_as("supervisor")
    settle(client, number, decision="accept")
    row = """select (h.quality, g.code, h.accuracy_m, st_npoints(h.outline))::text from house h
               join grid g on g.id = h.grid_id join mark m on m.house_id = h.id where m.no = :no"""
    assert one(web, row, no=number) == "(1,990101001001001,6,5)"
    undo(client, number)
    assert one(web, "select count(*) from house") == houses
    settle(client, number, decision="accept")
    run(
        web,
        """insert into appraisal (house_id, jur, result) select h.id, h.jur, 'B' from house h
             join mark m on m.house_id = h.id where m.no = :no""",
        no=number,
    )
    undo(client, number)
    assert one(web, "select count(*) from house") == houses + 1
    assert state_of(web, number) == "accepted"
    run(web, "delete from appraisal where house_id in (select house_id from mark where no = :no)", no=number)


def test_a_moved_house_of_no_household_takes_the_area_of_its_place(web: Web, phone: Phone, client_as: ClientAs) -> None:
    made = number_of(web, put(phone, body("new_house", **SPOT)))
    client = client_as("supervisor")
    settle(client, made, decision="accept")
    house = one(web, "select house_id from mark where no = :no", no=made)
    number = number_of(web, put(phone, body("moved", house_id=house, lon=118.8071, lat=36.4055, accuracy_m=5)))
    settle(client, number, decision="accept")
    assert one(web, "select jur from house where id = :id", id=house) == 990101001001002
    undo(client, number)
    assert one(web, "select jur from house where id = :id", id=house) == 990101001001001


def test_a_suspicion_of_danger_starts_an_appraisal(web: Web, phone: Phone, client_as: ClientAs) -> None:
    house = one(web, "select id from house where household_id = :id", id=web.town.households["H1"])
    told = body("impression", house_id=house, grade="C", parts={"walls": "c", "roof": "d"})
    answer = put(phone, told)
    assert answer.json["state"] == "suspected"
    assert put(phone, body("impression", house_id=house, grade="B")).json["state"] == "proposed"
    number = number_of(web, answer)
    assert one(web, "select grade from house where id = :id", id=house) == "A"  # an impression is no appraisal
    client = client_as("supervisor")
    assert "疑似危房，待鉴定" in client.get("/field-work").text
    settle(client, number, decision="refuse", reason="现场复核为B级")
    assert state_of(web, number) == "refused"
    undo(client, number)
    assert state_of(web, number) == "suspected"


def test_a_refusal_needs_its_reason(web: Web, phone: Phone, client_as: ClientAs) -> None:
    number = number_of(web, put(phone, body("illegal", **SPOT)))
    client = client_as("supervisor")
    settle(client, number, decision="refuse")
    assert state_of(web, number) == "proposed"
    settle(client, number, decision="accept")
    assert state_of(web, number) == "accepted"
    settle(client, number, decision="refuse", reason="再想想")
    assert state_of(web, number) == "accepted"


# Who may.


def test_an_inspector_settles_nothing_and_others_do_not_see_it(
    app: Flask, web: Web, phone: Phone, client_as: ClientAs
) -> None:
    mark_id = str(uuid.uuid4())
    number = number_of(web, put(phone, body("ruin", remark="院墙倒塌", **SPOT), mark_id))
    inspector = client_as("inspector")
    read = inspector.get("/field-work").text
    assert "院墙倒塌" in read
    assert "<form" not in read.partition("<main")[2]
    token = re.search(r'csrf-token" content="([^"]+)"', read)
    assert token is not None
    form = {"csrf_token": token[1], "decision": "accept"}
    assert inspector.post(f"/field-work/marks/{number}", data=form).status_code == 403
    outsider = client_as("outsider")
    page = outsider.get("/field-work").text
    assert "院墙倒塌" not in page
    assert "0 条标注待处理" in page
    assert outsider.get("/field-work/arrivals.json").json["rows"] == []
    foreign = settle(outsider, number, decision="accept")
    absent = settle(outsider, 999_999_999, decision="accept")
    assert foreign.status_code == absent.status_code == 404
    other = put(Phone(app, web, "inspector_two"), body("ruin", **SPOT), mark_id)
    assert other.status_code == 404
    assert state_of(web, number) == "proposed"


def test_a_photograph_of_a_mark_is_shown_to_its_supervisors_alone(
    app: Flask, web: Web, phone: Phone, client_as: ClientAs
) -> None:
    content = picture(7)
    photo = named(content, kind="house")
    mark_id = str(uuid.uuid4())
    answer = put(phone, body("waste", photos=[photo], **SPOT), mark_id)
    assert answer.json["missing"] == [photo["id"]]
    path = f"/api/v1/marks/{mark_id}/photos/{photo['id']}"
    sent = phone.call("PUT", path, data=content, content_type="image/jpeg", headers={"X-SHA256": photo["sha256"]})
    assert sent.status_code == 200, sent.text
    assert put(phone, body("waste", photos=[photo], **SPOT), mark_id).json["missing"] == []
    supervisor = client_as("supervisor")
    assert f"/field-work/photos/{photo['id']}" in supervisor.get("/field-work").text
    shown = supervisor.get(f"/field-work/photos/{photo['id']}")
    assert (shown.status_code, shown.mimetype, shown.data[:3]) == (200, "image/jpeg", b"\xff\xd8\xff")
    assert shown.data != content
    assert client_as("outsider").get(f"/field-work/photos/{photo['id']}").status_code == 404
    assert supervisor.get(f"/field-work/photos/{uuid.uuid4()}").status_code == 404


def test_arrivals_name_what_came_in_with_masked_heads(web: Web, phone: Phone, client_as: ClientAs) -> None:
    put(phone, body("moved", household_id=web.town.households["H1"], **SPOT))
    rows = client_as("supervisor").get("/field-work/arrivals.json").json["rows"]
    assert rows[0]["household"] == "H1 赵*一"
    assert (rows[0]["what"], rows[0]["said"], rows[0]["village"]) == ("mark", "移动位置", "测试1村")
