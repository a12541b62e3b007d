"""What the map asks for agrees with the coverage list, and holds only the asker's area."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from geo.tiles import world_xy
from tests.township import TOWNSHIP, VILLAGES

ClientAs = Callable[[str | None], FlaskClient]


def test_setup_tells_the_headline_and_the_legend(client_as: ClientAs) -> None:
    setup = client_as("leader").get("/map/setup.json").json
    assert setup["coverage"] == {"eligible": 10, "visited": 2, "ratio": 0.2, "to_target": 8, "target": 0.95}
    assert setup["counts"]["status"]["0"] == 5
    assert setup["counts"]["grades"] == {"A": 1, "C": 1, "D": 1}
    assert (setup["counts"]["outside"], setup["counts"]["unplaced"], setup["counts"]["unmatched"]) == (1, 1, 1)
    assert [crumb["code"] for crumb in setup["crumbs"]] == ["990101", TOWNSHIP]
    assert setup["extent"] == pytest.approx([118.80, 36.40, 118.83, 36.41])
    assert setup["as_of"].startswith("2026-05-01T12:")


def test_an_inspector_gets_the_own_village_only(client_as: ClientAs) -> None:
    setup = client_as("inspector").get("/map/setup.json").json
    assert setup["coverage"]["eligible"] == 5
    assert setup["area"]["code"] == VILLAGES[0]
    areas = client_as("inspector").get("/map/areas.json").json["features"]
    assert [f["properties"]["code"] for f in areas] == [VILLAGES[0]]
    assert client_as("inspector").get("/map/areas.json?by=township").json["features"] == []


def test_areas_on_the_map_and_rows_of_the_list_agree(client_as: ClientAs) -> None:
    client = client_as("leader")
    for by in ("township", "village", "grid"):
        features = client.get(f"/map/areas.json?by={by}").json["features"]
        rows = client.get(f"/api/v1/coverage?by={by}").json["rows"]
        on_map = {f["properties"]["code"]: f["properties"]["visited"] for f in features}
        assert on_map == {row["code"]: row["visited"] for row in rows if row["code"]}
        total = client.get(f"/api/v1/coverage?by={by}").json["total"]
        assert sum(row["eligible"] for row in rows) == total["eligible"] == 10


def test_outlines_hold_only_what_the_asker_answers_for(client_as: ClientAs) -> None:
    def names(account: str, by: str) -> list[str]:
        features = client_as(account).get(f"/map/outlines.json?by={by}").json["features"]
        assert all(feature["geometry"]["type"] == "MultiPolygon" for feature in features)
        return [feature["properties"]["name"] for feature in features]

    assert names("supervisor", "village") == ["测试1村", "测试2村", "测试3村"]
    assert names("supervisor", "township") == ["测试镇"]
    assert names("inspector", "village") == ["测试1村"]
    assert names("inspector", "township") == []
    assert client_as("outsider").get("/map/outlines.json?by=village").json["features"] == []
    assert client_as("supervisor").get("/map/outlines.json?by=nothing").status_code == 400


def test_a_tile_holds_only_what_the_asker_may_see(client_as: ClientAs) -> None:
    x, y = world_xy(118.815, 36.405, zoom=16)
    url = f"/tiles/records/16/{int(x)}/{int(y)}.mvt"
    assert client_as("inspector_two").get(url).data
    assert client_as("inspector").get(url).data == b""
    assert client_as("outsider").get(url).status_code in (200, 404)
    assert client_as(None).get(url).status_code in (302, 401)


def test_a_tile_is_not_sent_again_while_nothing_changed(client_as: ClientAs) -> None:
    x, y = world_xy(118.815, 36.405, zoom=16)
    url = f"/tiles/records/16/{int(x)}/{int(y)}.mvt"
    client = client_as("leader")
    first = client.get(url)
    again = client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    other = client_as("inspector_two").get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    "url",
    ["/map/areas.json?by=planet", "/map/heat.json?kind=x", "/map/setup.json?campaign=404", "/map/setup.json?area=404"],
)
def test_what_does_not_exist_is_said_in_words(client_as: ClientAs, url: str) -> None:
    answer = client_as("leader").get(url)
    assert answer.status_code in (400, 404)
    assert set(answer.json) == {"error", "message", "details"}


def test_tile_numbers_outside_the_world_are_unknown(client_as: ClientAs) -> None:
    assert client_as("leader").get("/tiles/records/18/0/0.mvt").status_code == 404
    assert client_as("leader").get("/tiles/base/3/8/0.mvt").status_code == 404


def test_the_shell_holds_no_record_and_no_outside_address(client_as: ClientAs) -> None:
    script = client_as("leader").get("/map/shell.js").text
    assert "fangtu.addLayer(map_township" in script
    assert "://" not in script
    assert "测试" not in script
