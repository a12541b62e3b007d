"""Marks from the field as the map and other programs read them, and photographs with those who may see them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from geo.tiles import world_xy
from tests.vector_tiles import read_tile
from tests.web.conftest import Web
from tests.web.field import Phone, named, picture, visit_body
from tests.web.test_marks import SPOT, SQUARE, body, number_of, one, put

ClientAs = Callable[[str | None], FlaskClient]
LIST = "/api/v1/marks"


@pytest.fixture
def phone(app: Flask, web: Web) -> Phone:
    return Phone(app, web, "inspector")


@pytest.fixture(autouse=True)
def nothing_left(web: Web) -> Iterator[None]:
    yield
    with web.owner.begin() as connection:
        connection.execute(text("delete from attachment where mark_id is not null"))
        connection.execute(text("delete from mark"))


def ids(client: FlaskClient, query: str = "") -> list[int]:
    answer = client.get(f"{LIST}{query}")
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json["rows"]]


def drawn(client: FlaskClient, lon: float, lat: float, layer: str = "records") -> dict[int, dict[str, Any]]:
    x, y = world_xy(lon, lat, 16)
    tile = read_tile(client.get(f"/api/v1/tiles/{layer}/16/{int(x)}/{int(y)}.mvt").data)
    return {feature.id: feature.properties for feature in tile.get("marks", [])}


def test_marks_are_listed_newest_first_by_kind_state_and_moment(web: Web, phone: Phone, client_as: ClientAs) -> None:
    ruin = number_of(web, put(phone, body("ruin", **SPOT)))
    waste = number_of(web, put(phone, body("waste", **SPOT)))
    doubt = number_of(web, put(phone, body("impression", grade="D", **SPOT)))
    reader = client_as("leader")
    assert ids(reader) == [doubt, waste, ruin]
    assert ids(reader, "?kind=waste,ruin") == [waste, ruin]
    assert ids(reader, "?state=suspected") == [doubt]
    assert ids(reader, "?state=accepted") == []
    came = one(web, "select created_at from mark where no = :no", no=waste).isoformat()
    assert ids(reader, f"?since={came.replace('+', '%2B')}") == [doubt, waste]
    assert ids(reader, f"?since={came}") == [doubt, waste]  # as people write it
    assert ids(reader, "?since=2999-01-01") == []
    for wrong in ("?kind=castle", "?state=open", "?since=yesterday", "?since=2026-05-06T12:00", "?form=xml"):
        assert client_as("leader").get(f"{LIST}{wrong}").status_code == 400, wrong


def test_marks_come_page_by_page(web: Web, phone: Phone, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.mark_cards.PAGE", 2)
    made = [number_of(web, put(phone, body("waste", **SPOT))) for _ in range(3)]
    first = client_as("supervisor").get(LIST).json
    assert (first["total"], first["page"], first["pages"]) == (3, 1, 2)
    assert [row["id"] for row in first["rows"]] == made[:0:-1]
    assert ids(client_as("supervisor"), "?page=2") == made[:1]
    assert ids(client_as("supervisor"), "?page=9") == made[:1]


def test_a_mark_is_told_with_its_household_and_as_a_feature(web: Web, phone: Phone, client_as: ClientAs) -> None:
    home = web.town.households["H1"]
    changes = {"head_name": {"base": "赵*一", "value": "赵新一"}}
    told = body("correction", household_id=home, changes=changes, remark="户主已变更")
    number = number_of(web, put(phone, told))
    card = client_as("supervisor").get(f"{LIST}/{number}").json
    assert (card["household_code"], card["head_name"], card["state"]) == ("H1", "赵测一", "proposed")
    assert card["changes"] == [{"field": "head_name", "base": "赵*一", "value": "赵新一", "state": "proposed"}]
    masked = client_as("leader").get(f"{LIST}/{number}").json
    assert (masked["head_name"], masked["changes"][0]["value"]) == ("赵*一", "赵*一")
    free = number_of(web, put(phone, body("new_house", outline=SQUARE, **SPOT)))
    answer = client_as("leader").get(f"{LIST}?form=geojson&kind=new_house")
    assert answer.mimetype == "application/geo+json"
    (feature,) = answer.json["features"]
    assert (feature["id"], feature["geometry"]["coordinates"]) == (free, [SPOT["lon"], SPOT["lat"]])
    assert feature["properties"]["outline"]["type"] == "Polygon"


def test_nothing_outside_the_duty_is_told_counted_or_drawn(web: Web, phone: Phone, client_as: ClientAs) -> None:
    number = number_of(web, put(phone, body("ruin", remark="院墙倒塌", **SPOT)))
    here = (SPOT["lon"], SPOT["lat"])
    for account, sees in (("inspector", 1), ("leader", 1), ("admin", 1), ("inspector_two", 0), ("outsider", 0)):
        client = client_as(account)
        assert client.get(LIST).json["total"] == sees
        assert client.get(f"{LIST}/{number}").status_code == (200 if sees else 404)
        if account == "outsider":  # has no campaign, and so no map
            continue
        counts = client.get("/map/setup.json").json["counts"]["marks"]
        assert counts == ({"ruin": {"proposed": 1}} if sees else {})
        for layer in ("records", "marks"):
            assert drawn(client, *here, layer) == ({number: {"k": "ruin", "st": "proposed"}} if sees else {})
    unknown = client_as("outsider").get(f"{LIST}?area=990101001")
    assert unknown.status_code in (200, 404)
    assert "院墙倒塌" not in unknown.text


def test_a_mark_without_a_place_is_drawn_at_its_household(web: Web, phone: Phone, client_as: ClientAs) -> None:
    home = web.town.households["H1"]
    number = number_of(web, put(phone, body("impression", household_id=home, grade="C")))
    lon, lat = (one(web, f"select st_{axis}(geom) from household where id = :id", id=home) for axis in "xy")
    card = client_as("supervisor").get(f"{LIST}/{number}").json
    assert (card["lon"], card["lat"], card["placed_by"], card["state"]) == (lon, lat, "household", "suspected")
    assert number in drawn(client_as("supervisor"), lon, lat)


def test_a_settled_mark_changes_its_tile(web: Web, phone: Phone, client_as: ClientAs) -> None:
    number = number_of(web, put(phone, body("waste", **SPOT)))
    client = client_as("supervisor")
    here = (SPOT["lon"], SPOT["lat"])
    assert drawn(client, *here)[number]["st"] == "proposed"
    tag = client.get("/map/changed.json").json["tag"]
    with web.owner.begin() as connection:
        connection.execute(text("update mark set state = 'accepted' where no = :no"), {"no": number})
    assert client.get("/map/changed.json").json["tag"] != tag
    assert drawn(client, *here)[number]["st"] == "accepted"


def test_a_photograph_of_a_visit_is_shown_to_its_inspector_and_supervisors_and_written_down(
    web: Web, phone: Phone, client_as: ClientAs
) -> None:
    content = picture(11)
    photo = named(content)
    visit_id = str(uuid.uuid4())
    assert phone.send(visit_body(web, "H1", photos=[photo]), visit_id).status_code == 201
    assert phone.send_photo(visit_id, photo["id"], content).status_code == 200
    no = one(web, "select no from visit where id = cast(:id as uuid)", id=visit_id)
    home = web.town.households["H1"]
    address = f"/field-work/photos/{photo['id']}"
    seen = "select count(*) from audit where act = 'photo_show' and object_kind = 'visit' and object_id = :no"
    before = one(web, seen, no=str(no))
    for account in ("supervisor", "inspector", "admin"):
        client = client_as(account)
        shown = client.get(address)
        assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
        assert shown.headers["Cache-Control"] == "private, no-store"
        assert shown.data != content
        assert client.get(f"/api/v1/visits/{no}").json["photos"] == [photo["id"]]
        told = client.get(f"/api/v1/households/{home}").json["visits"]
        assert [one["photos"] for one in told if one["id"] == no] == [[photo["id"]]]
        assert address in client.get(f"/households/{home}").text
    assert one(web, seen, no=str(no)) == before + 3
    small = client_as("supervisor").get(f"{address}?small")
    assert (small.status_code, small.data[:3]) == (200, b"\xff\xd8\xff")
    assert one(web, seen, no=str(no)) == before + 4
    for account, status in (("leader", 403), ("inspector_two", 404), ("outsider", 404)):
        client = client_as(account)
        assert client.get(address, headers={"Accept": "application/json"}).status_code == status, account
    leader = client_as("leader")
    assert leader.get(f"/api/v1/visits/{no}").json["photos"] == []
    assert address not in leader.get(f"/households/{home}").text
    assert one(web, seen, no=str(no)) == before + 4


def test_an_inspector_of_the_same_village_sees_only_the_own_photographs(
    app: Flask, web: Web, phone: Phone, client_as: ClientAs
) -> None:
    content = picture(12)
    photo = named(content)
    mark_id = str(uuid.uuid4())
    number = number_of(web, put(phone, body("waste", photos=[photo], **SPOT), mark_id))
    path = f"/api/v1/marks/{mark_id}/photos/{photo['id']}"
    headers = {"X-SHA256": photo["sha256"]}
    assert phone.call("PUT", path, data=content, content_type="image/jpeg", headers=headers).status_code == 200
    colleague = web.accounts["inspector_two"]
    with web.owner.begin() as connection:
        connection.execute(
            text("update attachment set account_id = :other where id = cast(:id as uuid)"),
            {"other": colleague, "id": photo["id"]},
        )
    client = client_as("inspector")
    assert client.get(f"{LIST}/{number}").json["photos"] == []
    assert photo["id"] not in client.get("/field-work").text
    assert client.get(f"/field-work/photos/{photo['id']}").status_code == 404
    assert client_as("supervisor").get(f"{LIST}/{number}").json["photos"] == [photo["id"]]
