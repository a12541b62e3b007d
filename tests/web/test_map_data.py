"""What the map asks for agrees with the coverage list, and holds only the asker's area."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.tiles import world_xy
from tests.township import HAMLET, HAMLET_NAME, TOWNSHIP, VILLAGES, make_clear, make_vague
from tests.web.conftest import Web

ClientAs = Callable[[str | None], FlaskClient]


@pytest.fixture
def vague(web: Web) -> Iterator[None]:
    """Some households known only to their settlement, for one test."""
    with Session(web.owner) as session, session.begin():
        make_vague(session, web.town)
    yield
    with Session(web.owner) as session, session.begin():
        make_clear(session, web.town)


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
    url = f"/api/v1/tiles/records/16/{int(x)}/{int(y)}.mvt"
    assert client_as("inspector_two").get(url).data
    assert client_as("inspector").get(url).data == b""
    assert client_as("outsider").get(url).status_code in (200, 404)
    assert client_as(None).get(url).status_code in (302, 401)


@pytest.mark.usefixtures("vague")
def test_households_without_a_point_are_one_number_at_their_settlement(client_as: ClientAs) -> None:
    def told(account: str, query: str = "") -> dict[str, tuple[int, int, int]]:
        rows = client_as(account).get(f"/map/settled.json{query}").json["settlements"]
        return {row["code"]: (row["n"], row["visited"], row["unplaced"]) for row in rows}

    everything = {HAMLET: (2, 1, 1), VILLAGES[1]: (1, 0, 1)}
    for account in ("supervisor", "leader", "admin"):
        assert told(account) == everything
    assert told("inspector") == {HAMLET: (2, 1, 1)}
    assert told("inspector_two") == {VILLAGES[1]: (1, 0, 1)}
    assert HAMLET not in client_as("outsider").get("/map/settled.json").text
    assert told("leader", f"?area={VILLAGES[1]}") == {VILLAGES[1]: (1, 0, 1)}
    first = client_as("leader").get("/map/settled.json").json["settlements"][0]
    assert set(first) == {"id", "code", "name", "level", "lon", "lat", "n", "visited", "unplaced"}
    assert first["name"] == HAMLET_NAME
    assert client_as("leader").get("/map/setup.json").json["counts"]["approximate"] == 3


@pytest.mark.usefixtures("vague")
def test_the_list_has_every_household_that_the_map_only_counts(client_as: ClientAs) -> None:
    def listed(account: str) -> set[str]:
        page = client_as(account).get("/worklists").text
        section = page.split('id="approximate_page"', 1)[1].split("</section>", 1)[0]
        return {code for code in ("H1", "H2", "H3", "H10") if f'<th scope="row">{code}</th>' in section}

    assert listed("supervisor") == listed("leader") == {"H1", "H2", "H10"}
    assert listed("inspector") == {"H1", "H2"}
    assert listed("outsider") == set()


def test_nothing_is_counted_at_a_settlement_while_every_place_is_exact(client_as: ClientAs) -> None:
    assert client_as("leader").get("/map/settled.json").json == {"settlements": []}


def test_a_tile_is_not_sent_again_while_nothing_changed(client_as: ClientAs) -> None:
    x, y = world_xy(118.815, 36.405, zoom=16)
    url = f"/api/v1/tiles/records/16/{int(x)}/{int(y)}.mvt"
    client = client_as("leader")
    first = client.get(url)
    again = client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    other = client_as("inspector_two").get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_setup_explains_the_heat_with_numbers(client_as: ClientAs) -> None:
    heat = client_as("inspector").get("/map/setup.json").json["heat"]
    assert (heat["bandwidth_m"], heat["least_households"], heat["breaks"]) == (250, 5, [0, 1, 3, 6, 10])
    # Every class of a share is drawn, from nothing on; and visits and their absence agree on what is half.
    assert {breaks[0] for breaks in heat["shares"].values()} == {0}
    assert heat["shares"]["unvisited"][-1] == heat["shares"]["visited"][1] == 0.5
    # Demands are few: their classes are a tenth of those of households.
    assert heat["breaks_of"] == {"demands": [0, 0.1, 0.3, 0.6, 1]}
    for kind in heat["shares"]:
        assert client_as("inspector").get(f"/map/heat.json?kind={kind}").status_code == 200


def test_classes_made_from_the_data_hold_every_area_once(client_as: ClientAs) -> None:
    client = client_as("leader")
    areas = [one["properties"] for one in client.get("/map/areas.json?by=village").json["features"]]
    for show, value in (("coverage", "ratio"), ("unvisited", "remaining")):
        for scheme in ("natural", "quantiles", "equal"):
            told = client.get(f"/map/classes.json?by=village&show={show}&classes={scheme}").json
            values = [area[value] for area in areas if area[value] is not None]
            assert told["values"] is None
            assert sum(one["n"] for one in told["classes"]) == len(values) == 3
            assert (told["classes"][0]["low"], told["classes"][-1]["high"]) == (min(values), max(values))


@pytest.mark.parametrize("by", ["township", "village", "grid"])
def test_dilapidated_houses_by_area_are_those_of_the_legend(client_as: ClientAs, by: str) -> None:
    grades = client_as("leader").get("/map/setup.json").json["counts"]["grades"]
    told = client_as("leader").get(f"/map/classes.json?by={by}&show=dilapidated").json
    assert 0 < sum(told["values"].values()) <= grades["C"] + grades["D"]
    if by != "grid":  # village 003 has none
        assert sum(told["values"].values()) == grades["C"] + grades["D"]
    features = client_as("leader").get(f"/map/areas.json?by={by}").json["features"]
    assert set(told["values"]) == {str(one["id"]) for one in features}


def test_classes_speak_of_the_own_area_only(client_as: ClientAs) -> None:
    told = client_as("inspector").get("/map/classes.json?by=village&show=unvisited").json
    assert told["classes"] == [{"low": 3, "high": 3, "n": 1}]
    told = client_as("inspector").get("/map/classes.json?by=village&show=dilapidated").json
    assert len(told["values"]) == 1
    assert client_as("inspector").get("/map/classes.json?by=township").json["classes"] == []
    outside = client_as("outsider").get("/map/classes.json", headers={"Accept": "application/json"})
    assert outside.status_code == 404
    assert client_as(None).get("/map/classes.json").status_code in (302, 401)


def test_houses_of_natural_villages_count_by_their_household(client_as: ClientAs, web: Web, vague: None) -> None:
    told = client_as("leader").get("/map/classes.json?by=group&show=dilapidated").json
    with Session(web.owner) as session:
        there = session.scalar(
            text(
                "select count(*) from house h join household o on o.id = h.household_id "
                "where h.grade in ('C', 'D') and o.group_id is not null"
            )
        )
    assert list(told["values"].values()) == [there]


@pytest.mark.parametrize(
    "url",
    [
        "/map/areas.json?by=planet",
        "/map/heat.json?kind=x",
        "/map/heat.json?form=x",
        "/map/days.json?form=x",
        "/map/classes.json?by=planet",
        "/map/classes.json?show=money",
        "/map/classes.json?classes=astral",
        "/map/setup.json?campaign=404",
        "/map/setup.json?area=404",
        "/map/settled.json?area=404",
    ],
)
def test_what_does_not_exist_is_said_in_words(client_as: ClientAs, url: str) -> None:
    answer = client_as("leader").get(url)
    assert answer.status_code in (400, 404)
    assert set(answer.json) == {"error", "message", "details"}


def test_tile_numbers_outside_the_world_are_unknown(client_as: ClientAs) -> None:
    assert client_as("leader").get("/api/v1/tiles/records/18/0/0.mvt").status_code == 404
    assert client_as("leader").get("/api/v1/tiles/base/3/8/0.mvt").status_code == 404


def test_the_shell_holds_no_record_and_no_outside_address(client_as: ClientAs) -> None:
    script = client_as("leader").get("/map/shell.js").text
    assert "fangtu.addLayer(map_township" in script
    for address in ("/map/areas.json", "/map/heat.json", "/map/settled.json", "/api/v1/tiles/records/"):
        assert address in script
    assert "://" not in script
    assert "测试" not in script
