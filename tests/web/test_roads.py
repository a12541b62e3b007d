"""The road network by page and API: its state, closing a gap, and that nothing of another area is told or changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from data.db import app_engine, enter, rows_changed
from tests.web.conftest import Web

ClientAs = Callable[[str | None], FlaskClient]
# In village 001: a street past H1, 9 m of nothing, and its other half; in the neighbour township one more gap.
ROADS = """
    insert into road_edge (source, road_class, name, walk, ebike, car, length_m, geom, jur)
    select 'test', 'residential', name, true, true, true, st_length(line::geography), line, jur from (values
        ('东街', 'LINESTRING(118.800 36.4052, 118.803 36.4052)', 990101001001000),
        ('西街', 'LINESTRING(118.8031 36.4052, 118.806 36.4052)', 990101001001000),
        ('邻路', 'LINESTRING(118.831 36.4052, 118.833 36.4052)', 990101002000000),
        ('邻巷', 'LINESTRING(118.8331 36.4052, 118.835 36.4052)', 990101002000000)) r (name, wkt, jur)
      cross join lateral (select st_geomfromtext(r.wkt, 4326) as line) l"""


@pytest.fixture(autouse=True)
def roads(web: Web) -> Iterator[None]:
    with Session(web.owner) as session, session.begin():
        session.execute(text("delete from road_gap"))
        session.execute(text("delete from road_edge"))
        session.execute(text(ROADS))
    yield
    with Session(web.owner) as session, session.begin():
        session.execute(text("delete from road_gap"))
        session.execute(text("delete from road_edge"))


@pytest.fixture
def post(app: Flask, web: Web) -> Callable[..., TestResponse]:
    def send(account: str, path: str, **body: object) -> TestResponse:
        headers = {"Authorization": f"Bearer {web.tokens[account]}", "Accept-Language": "zh"}
        return app.test_client().post(path, json=body, headers=headers)

    return send


def test_the_state_of_the_network_is_told_with_masked_names(web: Web, client_as: ClientAs) -> None:
    found = client_as("supervisor").get("/api/v1/roads/health").json
    assert (found["edges"], found["parts_total"], found["mode"]) == (4, 4, "ebike")
    assert [round(gap["metres"]) for gap in found["gaps"]] == [9, 9]
    with Session(web.owner) as session:
        exact = session.scalar(
            text("""
                select count(*) from household where geom is not null and quality <= 4 and removed_at is null
                   and jur >= 990101001000000 and jur < 990101002000000""")
        )
    assert found["households"] == exact
    # H1 stands 20 m from the street; who is far is in another village.
    assert 0 < found["far_total"] == len(found["far"]) < found["households"]
    assert all("*" in one["head_name"] for one in found["far"])
    assert sum(part["households"] for part in found["parts"]) == found["households"] - found["far_total"]
    assert not found["shift"]["alarm"]


def test_a_gap_is_closed_and_the_ways_follow_until_that_is_taken_back(
    web: Web, post: Callable[..., TestResponse], client_as: ClientAs
) -> None:
    def parts() -> int:
        return int(client_as("supervisor").get("/api/v1/roads/health").json["parts_total"])

    before = client_as("supervisor").get("/api/v1/roads/health").json
    (gap,) = [one for one in before["gaps"] if one["line"][0][0] < 118.81]
    tag = client_as("supervisor").get("/api/v1/roads/edges").headers["ETag"]
    answer = post("supervisor", "/api/v1/roads/gaps", key=gap["key"], choice="closed")
    assert answer.status_code == 200
    assert parts() == before["parts_total"] - 1
    edges = client_as("supervisor").get("/api/v1/roads/edges", headers={"If-None-Match": tag})
    assert (edges.status_code, [row[2] for row in edges.json["rows"]].count(True)) == (200, 1)
    again = post("supervisor", "/api/v1/roads/gaps", key=gap["key"], choice="closed")
    assert (again.status_code, again.json["error"]) == (409, "gap_refused")
    told = client_as("leader").get("/api/v1/roads/health").json["settled"]
    assert [(one["choice"], one["who"]) for one in told] == [("closed", "测试supervisor")]
    back = post("leader", f"/api/v1/roads/gaps/{answer.json['id']}/undo")
    assert (back.status_code, parts()) == (200, before["parts_total"])
    assert post("leader", f"/api/v1/roads/gaps/{answer.json['id']}/undo").status_code == 404
    with Session(web.owner) as session:
        acts = session.scalars(text("select act from audit where act like 'road_gap%' order by id desc limit 2")).all()
    assert list(acts) == ["road_gap_undo", "road_gap"]


def test_what_is_said_to_be_no_gap_is_not_shown_again(post: Callable[..., TestResponse], client_as: ClientAs) -> None:
    gaps = client_as("supervisor").get("/api/v1/roads/health").json["gaps"]
    mine = next(one for one in gaps if one["line"][0][0] < 118.81)
    assert post("supervisor", "/api/v1/roads/gaps", key=mine["key"], choice="no_gap").status_code == 200
    found = client_as("supervisor").get("/api/v1/roads/health").json
    assert mine["key"] not in [one["key"] for one in found["gaps"]]
    assert found["parts_total"] == 4


def test_a_gap_of_the_neighbour_is_seen_and_left_alone(post: Callable[..., TestResponse], client_as: ClientAs) -> None:
    gaps = client_as("supervisor").get("/api/v1/roads/health").json["gaps"]
    theirs = next(one for one in gaps if one["line"][0][0] > 118.83)
    refused = post("supervisor", "/api/v1/roads/gaps", key=theirs["key"], choice="closed")
    assert (refused.status_code, "辖区" in refused.json["message"]) == (409, True)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"key": 1, "choice": "closed"}, 400),
        ({"key": "x", "choice": "closed"}, 409),
        ({"key": "x", "choice": "y"}, 409),
    ],
)
def test_what_is_no_gap_is_not_taken(post: Callable[..., TestResponse], body: dict[str, object], status: int) -> None:
    assert post("supervisor", "/api/v1/roads/gaps", **body).status_code == status


def test_an_unknown_way_of_moving_is_said(client_as: ClientAs) -> None:
    answer = client_as("supervisor").get("/api/v1/roads/health?mode=horse")
    assert (answer.status_code, answer.json["error"]) == (422, "mode_unknown")


def test_the_application_draws_no_road_but_by_hand_and_in_its_own_area(web: Web) -> None:
    made = """insert into road_edge (source, road_class, walk, ebike, car, length_m, geom, jur, account_id)
              values (:source, 'track', true, true, true, 5,
                      'srid=4326;linestring(118.80 36.40, 118.80005 36.40)', :jur, :account)"""
    own, account = 990101001001000, web.accounts["supervisor"]
    engine = app_engine(web.settings)

    def refused(who: str, source: str, jur: int, account: int | None) -> None:
        with Session(engine) as session:
            enter(session, web.tokens[who])
            with pytest.raises(DBAPIError, match="row-level security"):
                session.execute(text(made), {"source": source, "jur": jur, "account": account})

    refused("supervisor", "test", own, None)
    refused("supervisor", "edit", 990101002000000, account)
    refused("supervisor", "edit", own, web.accounts["leader"])
    refused("inspector", "edit", own, web.accounts["inspector"])
    with Session(engine) as session:
        enter(session, web.tokens["supervisor"])
        # Roads of files go by files alone.
        assert rows_changed(session.execute(text("delete from road_edge where source = 'test'"))) == 0
        session.rollback()
    with Session(engine) as session:
        assert session.execute(text("select * from sec.roads_within(118, 36, 119, 37)")).all() == []
        assert session.scalar(text("select count(*) from road_edge")) == 0
    engine.dispose()
