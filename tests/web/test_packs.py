"""Offline packs: what is in them, who gets them, and when they are made anew."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

import data.pack_making
from data.pack_making import make_packs, villages_to_pack
from data.pack_tiles import FIRST_ZOOM, LAST_ZOOM
from data.packs import pack_path, sweep_packs
from data.tables import Account, BaseFeature, Duty
from geo.tilefiles.archive import TileArchive, open_tile_file
from geo.tiles import world_xy
from tests.database.test_isolation import open_session
from tests.tile_files import png
from tests.township import VILLAGES
from tests.vector_tiles import read_tile
from tests.web.conftest import Web

ClientAs = Callable[[str | None], FlaskClient]
SPOT = (118.802, 36.4042)


@pytest.fixture(scope="module", autouse=True)
def made(web: Web) -> Iterator[None]:
    with Session(web.owner) as session, session.begin():
        for code in VILLAGES:
            make_packs(session, web.settings, web.town.areas[code])
    return


def entry(client: FlaskClient, code: str, base: str = "") -> dict[str, object]:
    found = [one for one in client.get("/api/v1/packs").json["packs"] if (one["code"], one["base"]) == (code, base)]
    assert len(found) == 1
    return dict(found[0])


def opened(body: bytes, folder: Path) -> TileArchive:
    path = folder / f"{hashlib.sha256(body).hexdigest()}.pmtiles"
    path.write_bytes(body)
    return open_tile_file(path)


def unmade(web: Web) -> list[int]:
    with web.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return villages_to_pack(connection, web.settings)


def test_a_pack_draws_what_the_server_draws(client_as: ClientAs, tmp_path: Path) -> None:
    client = client_as("inspector")
    said = entry(client, VILLAGES[0])
    answer = client.get(str(said["address"]))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/vnd.pmtiles"
    assert hashlib.sha256(answer.data).hexdigest() == said["sha256"]
    assert len(answer.data) == said["size"] == int(answer.headers["Content-Length"]) <= 5_000_000
    archive = opened(answer.data, tmp_path)
    assert (archive.info.min_zoom, archive.info.max_zoom) == (FIRST_ZOOM, LAST_ZOOM)
    roads = 0
    for z in range(FIRST_ZOOM, LAST_ZOOM + 1):
        (left, top), (right, bottom) = world_xy(118.80, 36.41, z), world_xy(118.81, 36.40, z)
        for x in range(left, right + 1):
            for y in range(top, bottom + 1):
                served = read_tile(client.get(f"/api/v1/tiles/base/{z}/{x}/{y}.mvt").data)
                packed = read_tile(gzip.decompress(archive.tile(z, x, y) or b""))
                outlines, places = packed.pop("outlines", []), packed.pop("places", [])
                assert packed == served
                roads += len(served.get("road_main", []))
                assert outlines
                assert {one.properties["level"] for one in outlines} <= {"village", "grid"}
                assert all(one.is_inside() for one in places)
    assert roads > 0


def test_a_pack_holds_the_names_and_outlines_of_its_own_village_alone(client_as: ClientAs, tmp_path: Path) -> None:
    client = client_as("leader")
    archive = opened(client.get(f"/api/v1/packs/{VILLAGES[1]}.pmtiles").data, tmp_path)
    x, y = world_xy(118.815, 36.405, 14)
    tile = read_tile(gzip.decompress(archive.tile(14, x, y) or b""))
    assert {one.properties["code"] for one in tile["outlines"]} == {VILLAGES[1], f"{VILLAGES[1]}001"}
    assert [one.properties["name"] for one in tile["places"]] == ["测试2村"]


def test_only_villages_in_duty_are_listed_and_given(client_as: ClientAs) -> None:
    codes = {one["code"] for one in client_as("inspector").get("/api/v1/packs").json["packs"]}
    assert codes == {VILLAGES[0]}
    assert {one["code"] for one in client_as("leader").get("/api/v1/packs").json["packs"]} == set(VILLAGES)
    assert client_as("outsider").get("/api/v1/packs").json == {"packs": [], "pending": 0}
    foreign = client_as("inspector_two").get(f"/api/v1/packs/{VILLAGES[0]}.pmtiles")
    absent = client_as("inspector_two").get("/api/v1/packs/990909909909.pmtiles")
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json == absent.json
    assert client_as(None).get(f"/api/v1/packs/{VILLAGES[0]}.pmtiles").status_code == 401


def test_who_answers_for_one_grid_gets_no_other_grid(web: Web, client_as: ClientAs, tmp_path: Path) -> None:
    with Session(web.owner) as session, session.begin():
        jur = int(f"{VILLAGES[0]}001")
        account = Account(username="of_a_grid", full_name="测试", role="inspector", jur=jur, jur_end=jur + 1)
        session.add(account)
        session.flush()
        session.add(Duty(account_id=account.id, jur=jur, jur_end=jur + 1))
        session.flush()
        open_session(session, web.settings, account.id, "token-of-a-grid")
    client = client_as(None)
    client.set_cookie("fangtu_session", "token-of-a-grid")
    archive = opened(client.get(f"/api/v1/packs/{VILLAGES[0]}.pmtiles").data, tmp_path)
    x, y = world_xy(*SPOT, 15)
    tile = read_tile(gzip.decompress(archive.tile(15, x, y) or b""))
    assert {one.properties["level"] for one in tile["outlines"]} <= {"village"}
    assert "road_main" in tile


def test_a_pack_is_given_in_parts_and_not_again_while_it_is_the_same(client_as: ClientAs) -> None:
    client = client_as("inspector")
    address = f"/api/v1/packs/{VILLAGES[0]}.pmtiles"
    whole = client.get(address)
    tag = whole.headers["ETag"]
    assert tag == f'"{hashlib.sha256(whole.data).hexdigest()}"'
    part = client.get(address, headers={"Range": "bytes=10-19", "If-Range": tag})
    assert (part.status_code, part.data) == (206, whole.data[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole.data)}"
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(address, headers={"Range": f"bytes={len(whole.data)}-"}).status_code == 416
    assert whole.headers["Cache-Control"] == "private, no-cache"
    assert "Content-Encoding" not in whole.headers


def test_an_offered_tile_file_can_be_taken_along_too(client_as: ClientAs, tmp_path: Path) -> None:
    client = client_as("inspector")
    said = entry(client, VILLAGES[0], "town")
    archive = opened(client.get(str(said["address"])).data, tmp_path)
    assert (archive.info.kind, archive.info.max_zoom) == ("raster", 16)
    x, y = world_xy(*SPOT, 16)
    assert archive.tile(16, x, y) == png(90, 120, 90)


def test_a_pack_is_made_anew_when_its_own_ground_changes(web: Web, client_as: ClientAs) -> None:
    assert unmade(web) == []
    client = client_as("leader")
    before = {code: entry(client, code)["sha256"] for code in VILLAGES}
    road = BaseFeature(
        kind="road_lane", geom="SRID=4326;LINESTRING(118.827 36.402, 118.829 36.408)", jur=990101001000000
    )
    with Session(web.owner) as session, session.begin():
        session.add(road)
        session.flush()
        key = road.id
    third = web.town.areas[VILLAGES[2]]
    try:
        assert unmade(web) == [third]
        with Session(web.owner) as session, session.begin():
            assert {pack.whole for pack in make_packs(session, web.settings, third)} == {True}
        assert unmade(web) == []
        after = {code: entry(client, code)["sha256"] for code in VILLAGES}
        assert after[VILLAGES[2]] != before[VILLAGES[2]]
        assert {code: after[code] for code in VILLAGES[:2]} == {code: before[code] for code in VILLAGES[:2]}
    finally:
        with Session(web.owner) as session, session.begin():
            session.execute(text("delete from base_feature where id = :id"), {"id": key})
            make_packs(session, web.settings, third)
    assert entry(client, VILLAGES[2])["sha256"] == before[VILLAGES[2]]


def test_a_lost_file_is_made_again_and_one_of_nobody_goes(web: Web, client_as: ClientAs) -> None:
    client = client_as("leader")
    said = entry(client, VILLAGES[1])
    path = pack_path(web.settings, bytes.fromhex(str(said["sha256"])))
    path.unlink()
    assert client.get(str(said["address"])).status_code == 404
    assert unmade(web) == [web.town.areas[VILLAGES[1]]]
    with Session(web.owner) as session, session.begin():
        make_packs(session, web.settings, web.town.areas[VILLAGES[1]])
    assert client.get(str(said["address"])).status_code == 200
    stray, young = path.with_name("stray.pmtiles"), path.with_name("young.pmtiles")
    for one in (stray, young):
        one.write_bytes(b"")
    os.utime(stray, (0, 0))
    with web.owner.connect() as connection:
        sweep_packs(connection, web.settings)
    assert path.exists()
    assert young.exists()
    assert not stray.exists()
    young.unlink()


def test_a_pack_that_would_be_too_large_loses_its_deepest_levels(
    web: Web, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    village = web.town.areas[VILLAGES[0]]
    whole = int(str(entry(client_as("inspector"), VILLAGES[0])["size"]))
    monkeypatch.setattr(data.pack_making, "MOST_BYTES", whole - 1)
    with Session(web.owner) as session:
        session.execute(text("delete from pack where area_id = :id"), {"id": village})
        own = next(pack for pack in make_packs(session, replace(web.settings), village) if pack.whole)
        assert own.size_bytes is not None
        assert own.last_zoom is not None
        assert own.size_bytes < whole
        assert own.last_zoom < LAST_ZOOM
        session.rollback()
