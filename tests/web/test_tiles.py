"""Tiles by their public address hold what the lists hold, for each duty, and say what is wrong with an address."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.folding import fold
from data.tiles import AREAS_FROM_ZOOM, LAYERS
from geo.tiles import tile_bounds, world_xy
from tests.township import VILLAGES
from tests.vector_tiles import Feature, read_tile
from tests.web.conftest import ACCOUNTS, Web

ClientAs = Callable[[str | None], FlaskClient]
MVT = "application/vnd.mapbox-vector-tile"
# The made-up township with what lies outside all of its villages.
BOX = (118.79, 36.39, 118.86, 36.42)
# What a single layer holds, asked of the tables past the policies.
LISTED = {
    "households": """select household_id from standing where campaign_id = :campaign and round_no = 1
                     and quality <= 4 and x is not null and jur >= :lo and jur < :hi""",
    "houses": "select id from house where quality <= 4 and x is not null and jur >= :lo and jur < :hi",
    "sites": "select id from renovation_site where quality <= 4 and x is not null and jur >= :lo and jur < :hi",
    "visits": """select no from visit where campaign_id = :campaign and round_no = 1 and superseded_by is null
                 and quality <= 4 and x is not null and jur >= :lo and jur < :hi""",
}


@pytest.fixture(autouse=True, scope="module")
def _seen(web: Web) -> Iterator[None]:
    """The visit to no known house is at an exact place, so that visits have something to show."""
    change = text("update visit set quality = :quality where natural_key = 'test:V0'")
    with Session(web.owner) as session, session.begin():
        before = session.scalar(text("select quality from visit where natural_key = 'test:V0'"))
        session.execute(change, {"quality": 3})
    fold(web.owner)
    yield
    with Session(web.owner) as session, session.begin():
        session.execute(change, {"quality": before})


def tiles_of(client: FlaskClient, layer: str, z: int, query: str = "") -> list[dict[str, list[Feature]]]:
    """All tiles of the township."""
    (west, north), (east, south) = world_xy(BOX[0], BOX[3], z), world_xy(BOX[2], BOX[1], z)
    answers = [
        client.get(f"/api/v1/tiles/{layer}/{z}/{x}/{y}.mvt{query}")
        for x in range(west, east + 1)
        for y in range(north, south + 1)
    ]
    assert {(answer.status_code, answer.mimetype) for answer in answers} == {(200, MVT)}
    return [read_tile(answer.data) for answer in answers]


def inside(tiles: list[dict[str, list[Feature]]], layer: str) -> list[Feature]:
    return [feature for tile in tiles for feature in tile.get(layer, []) if feature.is_inside()]


def listed(web: Web, layer: str, account: str) -> list[int]:
    lo, hi = number_range(ACCOUNTS[account][1])
    keys = {"campaign": web.town.campaign_id, "lo": lo, "hi": hi}
    with Session(web.owner) as session:
        return sorted(session.scalars(text(LISTED[layer]), keys))


@pytest.mark.parametrize("account", ["inspector", "inspector_two", "leader"])
@pytest.mark.parametrize("layer", sorted(LISTED))
def test_a_layer_holds_what_the_tables_hold_for_the_duty_and_nothing_else(
    web: Web, client_as: ClientAs, layer: str, account: str
) -> None:
    wanted = listed(web, layer, account)
    assert wanted or account == "inspector"
    for z in (14, 17):
        tiles = tiles_of(client_as(account), layer, z)
        assert sorted(feature.id or 0 for feature in inside(tiles, layer)) == wanted
        # The rim of a tile shows nothing that the tile beside it would hide.
        assert {f.id for tile in tiles for f in tile.get(layer, [])} == set(wanted)
        assert {name for tile in tiles for name in tile} <= {layer, *(["footprints"] if layer == "houses" else [])}


def test_cells_count_the_households_of_the_duty(web: Web, client_as: ClientAs) -> None:
    for account in ("inspector", "leader"):
        for z in (8, 13):
            cells = inside(tiles_of(client_as(account), "cells", z), "cells")
            assert sum(cell.properties["n"] for cell in cells) == len(listed(web, "households", account))


def test_the_layer_of_the_map_is_the_single_layers_together(client_as: ClientAs) -> None:
    client = client_as("leader")
    together: dict[str, list[Feature]] = {}
    for layer in LISTED:
        for tile in tiles_of(client, layer, 16):
            for name, features in tile.items():
                together.setdefault(name, []).extend(features)
    records: dict[str, list[Feature]] = {}
    for tile in tiles_of(client, "records", 16):
        for name, features in tile.items():
            records.setdefault(name, []).extend(features)
    order = {name: sorted(map(repr, features)) for name, features in records.items()}
    assert order == {name: sorted(map(repr, features)) for name, features in together.items()}
    assert set(LISTED) <= set(records)


@pytest.mark.parametrize("account", ["inspector", "leader"])
@pytest.mark.parametrize("by", sorted(AREAS_FROM_ZOOM))
def test_areas_are_those_of_the_coverage_list_with_its_figures(client_as: ClientAs, account: str, by: str) -> None:
    client = client_as(account)
    shapes = client.get(f"/map/areas.json?by={by}").json["features"]
    drawn = {shape["properties"]["code"] for shape in shapes if shape["geometry"]}
    rows = client.get(f"/api/v1/coverage?by={by}").json["rows"]
    wanted = {row["code"]: row for row in rows if row["code"] in drawn}
    found = {}
    for tile in tiles_of(client, "areas", max(12, AREAS_FROM_ZOOM[by]), f"?by={by}"):
        for feature in tile.get("areas", []):
            found[feature.properties["code"]] = feature
    assert set(found) == set(wanted)
    for code, feature in found.items():
        told = wanted[code]
        assert feature.id == told["id"]
        for name in ("name", "level", "eligible", "visited", "remaining"):
            assert feature.properties[name] == told[name], (code, name)
        assert feature.properties.get("ratio") == pytest.approx(told["ratio"])
    if account == "leader" and by in ("township", "village", "grid"):
        assert found
    if account == "inspector":
        assert set(found) <= {VILLAGES[0], f"{VILLAGES[0]}001", f"{VILLAGES[0]}002"}


def test_an_outline_lies_where_its_area_is(client_as: ClientAs) -> None:
    z = 13
    x, y = world_xy(118.805, 36.405, z)
    tile = read_tile(client_as("inspector").get(f"/api/v1/tiles/areas/{z}/{x}/{y}.mvt").data)
    (village,) = tile["areas"]
    west, south, east, north = tile_bounds(z, x, y)
    lon = [west + (east - west) * at[0] / 4096 for at in village.points]
    lat = [north + (south - north) * at[1] / 4096 for at in village.points]
    rim = (east - west) / 64 + 1e-6
    assert min(lon) == pytest.approx(max(118.80, west - rim), abs=2e-4)
    assert max(lon) == pytest.approx(min(118.81, east + rim), abs=2e-4)
    assert (min(lat), max(lat)) == pytest.approx((max(36.40, south - rim), min(36.41, north + rim)), abs=2e-4)


@pytest.mark.parametrize(
    "address",
    [
        "nothing/14/1/1.mvt",
        "records/18/0/0.mvt",
        "base/18/0/0.mvt",
        "base/3/8/0.mvt",
        "records/3/0/8.mvt",
        "cells/14/0/0.mvt",
        "households/13/0/0.mvt",
        "visits/0/0/0.mvt",
        "areas/8/0/0.mvt",
        "areas/10/0/0.mvt?by=grid",
        "areas/14/0/0.mvt?by=group",
        "areas/14/0/0.mvt?by=' or true --",
    ],
)
def test_what_is_no_tile_is_said_in_words(client_as: ClientAs, address: str) -> None:
    answer = client_as("leader").get(f"/api/v1/tiles/{address}")
    assert answer.status_code == 404
    assert set(answer.json) == {"error", "message", "details"}
    assert answer.json["error"] == "tile_unknown"


@pytest.mark.parametrize(
    "address", ["records/-1/0/0.mvt", "records/14/1.5/0.mvt", "records/14/0/0", "records/14/0/0.png"]
)
def test_what_is_no_number_is_unknown(client_as: ClientAs, address: str) -> None:
    assert client_as("leader").get(f"/api/v1/tiles/{address}").status_code == 404


@pytest.mark.parametrize("layer", sorted(set(LAYERS) - {"base"}))
def test_who_has_no_part_in_a_campaign_gets_no_tile_of_it(client_as: ClientAs, layer: str) -> None:
    z = LAYERS[layer][1]
    x, y = world_xy(118.805, 36.405, z)
    answer = client_as("outsider").get(f"/api/v1/tiles/{layer}/{z}/{x}/{y}.mvt")
    assert (answer.status_code, answer.json["error"]) == (404, "campaign_unknown")


def test_an_unknown_campaign_or_round_is_said(client_as: ClientAs) -> None:
    for query in ("campaign=404", "round=99"):
        answer = client_as("leader").get(f"/api/v1/tiles/households/14/1/1.mvt?{query}")
        assert (answer.status_code, answer.mimetype) == (404, "application/json")


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_a_token_opens_every_layer_and_nothing_else_does(app: Flask, web: Web, layer: str) -> None:
    z = max(LAYERS[layer][0], 9)
    x, y = world_xy(118.805, 36.405, z)
    address = f"/api/v1/tiles/{layer}/{z}/{x}/{y}.mvt"
    held = app.test_client().get(address, headers={"Authorization": f"Bearer {web.tokens['leader']}"})
    assert (held.status_code, held.mimetype) == (200, MVT)
    assert held.headers["Cache-Control"].startswith("private")
    assert set(held.headers["Vary"].replace(" ", "").split(",")) >= {"Cookie", "Authorization"}
    for headers in ({}, {"Authorization": "Bearer nobody"}):
        refused = app.test_client().get(address, headers=headers)
        assert (refused.status_code, refused.mimetype) == (401, "application/json")


@pytest.mark.parametrize("layer", sorted(set(LAYERS) - {"base"}))
def test_a_kept_tile_holds_until_something_in_the_duty_changes(web: Web, client_as: ClientAs, layer: str) -> None:
    z = LAYERS[layer][1]
    x, y = world_xy(118.802, 36.405, z)
    address = f"/api/v1/tiles/{layer}/{z}/{x}/{y}.mvt?by=grid"
    client = client_as("inspector")
    kept = {"If-None-Match": client.get(address).headers["ETag"]}
    assert client.get(address, headers=kept).status_code == 304
    assert client_as("leader").get(address, headers=kept).status_code == 200
    with Session(web.owner) as session, session.begin():
        session.execute(text("update grid set name = name where jur = 990101001001001"))
    assert client.get(address, headers=kept).status_code == 200


@pytest.fixture
def sent(app: Flask) -> Iterator[list[str]]:
    """Statements that the application sends."""
    engine, statements = app.extensions["fangtu"].engine, []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


# With a word more than a map writes, a request is answered behind the door of tiles.
@pytest.mark.parametrize("query", ["?behind=1", "?campaign=1&round=1&behind=1"])
@pytest.mark.parametrize("z", [9, 14, 16])
def test_a_tile_takes_three_statements_and_one_that_is_kept_two(
    client_as: ClientAs, sent: list[str], z: int, query: str
) -> None:
    x, y = world_xy(118.805, 36.405, z)
    address = f"/api/v1/tiles/records/{z}/{x}/{y}.mvt{query}"
    client = client_as("inspector")
    first = client.get(address)  # makes the connection ready
    sent.clear()
    assert client.get(address).data == first.data
    assert len(sent) == 3
    sent.clear()
    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert len(sent) == 2


def test_a_connection_that_the_server_closed_is_not_used_again(app: Flask, web: Web, client_as: ClientAs) -> None:
    x, y = world_xy(118.805, 36.405, 14)
    address = f"/api/v1/tiles/records/14/{x}/{y}.mvt"
    client = client_as("leader")
    before = client.get(address)
    assert before.status_code == 200
    end = """select pg_terminate_backend(pid, 5000) from pg_stat_activity
              where application_name = 'fangtu' and datname = current_database()"""
    with create_engine(web.settings.admin_url).connect() as connection:
        ended = connection.scalars(text(end)).all()
    assert ended
    assert all(ended)
    after = client.get(address)
    assert (after.status_code, after.data) == (200, before.data)


def test_the_description_says_that_an_answer_is_a_tile(client_as: ClientAs) -> None:
    told = client_as(None).get("/openapi.json").json["paths"]["/api/v1/tiles/{layer}/{z}/{x}/{y}.mvt"]["get"]
    assert set(told["responses"]["200"]["content"]) == {MVT}
    assert all(layer in told["summary"] for layer in LAYERS)
    schemas = {one["name"]: one["schema"]["type"] for one in told["parameters"]}
    assert schemas == {
        "layer": "string",
        "z": "integer",
        "x": "integer",
        "y": "integer",
        "campaign": "string",
        "round": "string",
        "by": "string",
    }
