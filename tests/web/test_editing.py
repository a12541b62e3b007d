"""Editing boundaries over the web: who may, preview, conflict, job, list; somebody else's area looks like none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.worker import Worker
from tests.township import TOWNSHIP, VILLAGES
from tests.web.conftest import Web

ClientAs = Callable[[str | None], FlaskClient]
G1, G2 = VILLAGES[0] + "001", VILLAGES[0] + "002"


def ring(west: float, east: float, south: float = 36.40, north: float = 36.41) -> dict[str, Any]:
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [corners]}


MOVE = {"act": "change", "areas": [G1], "geometry": ring(118.80, 118.8025)}


@pytest.fixture
def post(app: Any, web: Web) -> Callable[..., Any]:
    def send(account: str, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {web.tokens[account]}"}
        return app.test_client().post(path, json=body, headers=headers)

    return send


@pytest.fixture
def worked(web: Web) -> Iterator[Callable[[], None]]:
    """Do what is asked for; at the end boundaries are as they were."""

    def work() -> None:
        Worker(web.settings).run(until_idle=True)

    yield work
    with Session(web.owner) as session, session.begin():
        session.execute(text("delete from job where kind in ('edit', 'undo')"))


def outcome(client: FlaskClient, answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = client.get(f"/api/v1/jobs/{answer.json['job']['id']}").json
    return found


def test_grids_are_made_by_other_programs_as_well(
    client_as: ClientAs, post: Callable[..., Any], worked: Callable[[], None]
) -> None:
    wish = {"act": "grids", "areas": [VILLAGES[0]], "size": 5}
    seen = post("supervisor", "/api/v1/edits/preview", wish).json
    made = seen["grids"]
    assert (made["count"], made["least"], made["most"], made["rows"][0]["code"]) == (1, 5, 5, VILLAGES[0] + "003")
    assert made["compactness"] == pytest.approx(16, rel=0.1)
    assert post("supervisor", "/api/v1/edits/preview", MOVE).json["grids"] is None
    assert post("supervisor", "/api/v1/edits/preview", {**wish, "size": 2}).status_code == 422
    begun = post("supervisor", "/api/v1/edits", {**wish, "revision": seen["revision"]})
    worked()
    client = client_as("supervisor")
    assert outcome(client, begun)["result"]["moved"] == seen["moved"] == 5
    row = client.get("/api/v1/edits").json["rows"][0]
    assert (row["act"], row["may_undo"]) == ("grids", True)
    post("supervisor", f"/api/v1/edits/{row['id']}/undo", {})
    worked()
    assert post("supervisor", "/api/v1/edits/preview", wish).json["revision"] == seen["revision"]


def test_a_supervisor_previews_applies_and_takes_back(
    client_as: ClientAs, post: Callable[..., Any], worked: Callable[[], None]
) -> None:
    seen = post("supervisor", "/api/v1/edits/preview", MOVE).json
    assert (seen["moved"], seen["outside"], seen["households"]) == (1, 0, 1)
    move = seen["moves"][0]
    assert (move["n"], move["from"]["grid"], move["to"]["grid"]) == (1, "001 网格", "002 网格")
    sides = {shift["code"]: (shift["before"], shift["after"]) for shift in seen["coverage"]}
    # H1 was visited, H2 goes to the other grid unvisited.
    assert [(side["visited"], side["eligible"]) for side in sides[G1]] == [(1, 2), (1, 1)]
    assert [(side["visited"], side["eligible"]) for side in sides[G2]] == [(1, 3), (1, 4)]
    client = client_as("supervisor")
    begun = post("supervisor", "/api/v1/edits", {**MOVE, "revision": seen["revision"]})
    worked()
    done = outcome(client, begun)
    assert (done["state"], done["result"]["moved"]) == ("done", 1)
    rows = client.get("/api/v1/edits").json["rows"]
    assert (rows[0]["act"], rows[0]["moved"], rows[0]["may_undo"]) == ("change", 1, True)
    assert [area["code"] for area in rows[0]["areas"]] == [G1, G2]
    assert client.get(f"/api/v1/areas/{G1}/boundary").json["m2"] == pytest.approx(seen["m2"])
    # What was seen before is no longer true.
    late = post(
        "supervisor", "/api/v1/edits", {**MOVE, "geometry": ring(118.80, 118.804), "revision": seen["revision"]}
    )
    assert (late.status_code, late.json["error"]) == (409, "edit_conflict")
    back = post("supervisor", f"/api/v1/edits/{rows[0]['id']}/undo", {})
    worked()
    assert outcome(client, back)["state"] == "done"
    assert client.get("/api/v1/edits").json["rows"][0]["undone_at"]
    assert post("supervisor", "/api/v1/edits/preview", MOVE).json["revision"] == seen["revision"]
    assert client.get("/imports").status_code == 200


def test_a_village_is_split_over_the_web_and_the_page_names_what_there_is_then(
    client_as: ClientAs, post: Callable[..., Any], worked: Callable[[], None]
) -> None:
    line = {"type": "LineString", "coordinates": [[118.8045, 36.39], [118.8045, 36.42]]}
    wish = {"act": "split", "areas": [VILLAGES[0]], "geometry": line, "name": "新测村", "code": TOWNSHIP + "101"}
    missing = post("supervisor", "/api/v1/edits/preview", {**wish, "code": None})
    assert (missing.status_code, missing.json["error"]) == (422, "edit_refused")
    seen = post("supervisor", "/api/v1/edits/preview", wish).json
    assert [change["code"] for change in seen["changes"]][:2] == [VILLAGES[0], TOWNSHIP + "101"]
    client = client_as("supervisor")
    begun = post("supervisor", "/api/v1/edits", {**wish, "revision": seen["revision"]})
    worked()
    done = outcome(client, begun)
    assert (done["state"], done["result"]["moved"]) == ("done", seen["moved"])
    rows = client.get("/api/v1/edits/areas").json["rows"]
    assert TOWNSHIP + "101" in [row["code"] for row in rows]
    edit = client.get("/api/v1/edits").json["rows"][0]
    back = post("supervisor", f"/api/v1/edits/{edit['id']}/undo", {})
    worked()
    assert outcome(client, back)["state"] == "done"
    assert TOWNSHIP + "101" not in [row["code"] for row in client.get("/api/v1/edits/areas").json["rows"]]


def test_grids_of_one_name_are_told_apart_in_the_village_they_come_to(post: Callable[..., Any]) -> None:
    seen = post("supervisor", "/api/v1/edits/preview", {"act": "merge", "areas": VILLAGES[:2]}).json
    names = {change["code"]: change["name"] for change in seen["changes"]}
    assert "测试2村 001 网格" in names.values()
    assert len({code for code in names if code.startswith(VILLAGES[0])}) == len(names) - 1
    assert "测试1村 测试2村 001 网格" in [shift["name"] for shift in seen["coverage"]]


def test_a_settlement_is_drawn_over_the_web(post: Callable[..., Any]) -> None:
    wish = {"act": "draw", "areas": [VILLAGES[0]], "geometry": ring(118.80, 118.8025), "level": "natural_village"}
    seen = post("supervisor", "/api/v1/edits/preview", wish).json
    assert seen["moves"][0]["to"]["settlement"]
    assert seen["moved"] == 1
    assert post("supervisor", "/api/v1/edits/preview", {**wish, "level": "village"}).status_code == 422


@pytest.mark.parametrize("account", ["inspector", "leader"])
def test_others_may_not_edit(client_as: ClientAs, post: Callable[..., Any], account: str) -> None:
    assert post(account, "/api/v1/edits/preview", MOVE).status_code == 403
    assert client_as(account).get("/areas/edit").status_code == 403


@pytest.mark.parametrize("path", ["/api/v1/edits/preview", "/api/v1/edits"])
def test_an_area_of_others_looks_like_none(post: Callable[..., Any], path: str) -> None:
    foreign = post("outsider", path, {**MOVE, "revision": "x"})
    absent = post("outsider", path, {**MOVE, "areas": ["990909909909001"], "revision": "x"})
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json == absent.json


def test_an_outsider_reads_no_edit_and_no_boundary(client_as: ClientAs) -> None:
    client = client_as("outsider")
    assert client.get("/api/v1/edits").json["rows"] == []
    assert client.get(f"/api/v1/areas/{G1}/boundary").status_code == 404
    page = client.get("/areas/edit")
    assert page.status_code == 200
    assert "测试1村" not in page.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({**MOVE, "geometry": ring(118.9, 118.91)}, 422, "drawing_refused"),
        ({**MOVE, "geometry": {"type": "Polygon", "coordinates": [[["x", 1]]]}}, 422, "drawing_refused"),
        ({"act": "merge", "areas": [G1]}, 422, "edit_refused"),
        ({"act": "nothing", "areas": [G1]}, 422, "edit_refused"),
        ([1], 400, "bad_request"),
    ],
)
def test_what_cannot_be_is_refused_in_words(post: Callable[..., Any], body: Any, status: int, code: str) -> None:
    answer = post("supervisor", "/api/v1/edits/preview", body)
    assert (answer.status_code, answer.json["error"]) == (status, code)
    assert answer.json["message"]


def test_a_form_token_is_asked_for(client_as: ClientAs) -> None:
    assert client_as("supervisor").post("/api/v1/edits/preview", json=MOVE).status_code == 400


def test_the_page_lists_areas_and_what_is_wrong(client_as: ClientAs) -> None:
    page = client_as("supervisor").get("/areas/edit").text
    for code in (VILLAGES[0], G1, f"new:{VILLAGES[0]}"):
        assert f'value="{code}"' in page
    assert "没有网格" in page  # village 003
