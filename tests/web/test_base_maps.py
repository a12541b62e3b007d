"""Other base maps over HTTP: who gets what, by which name, with which headers; and which hosts a page permits."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.factory import create_app
from data.base_maps import BaseMaps, read_base_maps
from tests.tile_files import pmtiles, png, square_tile, write_mbtiles
from tests.web.conftest import Web

ClientAs = Callable[[str | None], FlaskClient]
KEY = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
LIST = f"""
[[file]]
path = "vec.pmtiles"
name = "vec"
label_zh = "矢量图"
label_en = "Vector map"
credit_zh = "© 县局"
approval = "鲁S(2026)001号"
[[file]]
path = "broken.pmtiles"
name = "broken"
[[source]]
kind = "tianditu"
name = "tdt"
key = "{KEY}"
approval = "GS(2024)0568号"
[[source]]
name = "shifted"
label_zh = "偏移图"
url = "https://tiles.example.org/{{z}}/{{x}}/{{y}}.png"
crs = "gcj02"
referrer = "origin"
"""
RED = png(200, 0, 0)
WATER = gzip.compress(square_tile("water", {"class": "lake"}), mtime=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bases")
    write_mbtiles(made / "town.mbtiles", {(1, 1, 0): RED, (2, 2, 1): RED}, {"name": "镇影像"})
    (made / "vec.pmtiles").write_bytes(pmtiles({(1, 1, 0): WATER}, kind=1))
    (made / "broken.pmtiles").write_bytes(b"PMTiles\x03cut")
    (made / "secret.txt").write_text("secret")
    (made / "list.toml").write_text(LIST, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def served(web: Web, folder: Path) -> Flask:
    base_maps = read_base_maps(folder / "list.toml", str(folder / "town.mbtiles"))
    return create_app(replace(web.settings, base_maps=base_maps))


@pytest.fixture
def client(served: Flask, web: Web) -> FlaskClient:
    made = served.test_client()
    made.set_cookie("fangtu_session", web.tokens["inspector"])
    return made


def test_without_settings_nothing_is_offered_and_no_host_permitted(web: Web) -> None:
    client = create_app(replace(web.settings, base_maps=BaseMaps())).test_client()
    client.set_cookie("fangtu_session", web.tokens["inspector"])
    assert client.get("/map/bases.json").json == {"bases": []}
    assert "img-src 'self' data: blob:;" in client.get("/map").headers["Content-Security-Policy"]
    assert client.get("/tiles/file/town/1/1/0").status_code == 404


def test_the_list_tells_of_each_what_the_browser_needs(client: FlaskClient) -> None:
    answer = client.get("/map/bases.json")
    assert answer.headers["Cache-Control"] == "no-store"
    vec, broken, town, tianditu, shifted = answer.json["bases"]
    assert (vec["id"], vec["kind"], vec["label"], vec["credit"]) == ("file-vec", "vector", "矢量图", "© 县局")
    assert (vec["min_zoom"], vec["max_zoom"], vec["approval"]) == (1, 1, "鲁S(2026)001号")
    assert broken == {
        "id": "file-broken",
        "label": "broken",
        "online": False,
        "trouble": "底图文件 broken.pmtiles：文件不完整，连文件头都没有读全。",
    }
    assert (town["label"], town["kind"], town["online"]) == ("镇影像", "raster", False)
    assert town["urls"][0].startswith("/tiles/file/town/{z}/{x}/{y}?v=")
    assert len(tianditu["urls"]) == 2
    assert tianditu["hosts"] == list("01234567")
    assert (tianditu["approval"], tianditu["crs"], tianditu["referrer"]) == ("GS(2024)0568号", "wgs84", "none")
    assert (shifted["crs"], shifted["referrer"], shifted["online"]) == ("gcj02", "origin", True)
    english = client.get("/map/bases.json", headers={"Accept-Language": "en"})
    assert english.status_code == 200


def test_only_the_map_page_permits_the_hosts(client: FlaskClient) -> None:
    policy = client.get("/map").headers["Content-Security-Policy"]
    hosts = [*(f"https://t{n}.tianditu.gov.cn" for n in range(8)), "https://tiles.example.org"]
    assert f"img-src 'self' data: blob: {' '.join(sorted(hosts))};" in policy
    assert "connect-src 'self';" in policy
    assert policy.count("example.org") == 1
    for path in ("/coverage", "/map/bases.json", "/account", "/sign-in"):
        assert "example.org" not in client.get(path).headers["Content-Security-Policy"], path


def test_a_key_is_in_the_list_only(client: FlaskClient, served: Flask, caplog: pytest.LogCaptureFixture) -> None:
    assert KEY in client.get("/map/bases.json").text
    for path in ("/map", "/map/shell.js", "/map/setup.json", "/openapi.json", "/tiles/file/tdt/1/1/0"):
        assert KEY not in client.get(path).text, path
    assert KEY not in caplog.text
    assert served.test_client().get("/map/bases.json").status_code == 401


def test_a_picture_is_sent_as_it_is_and_kept_by_this_browser_only(client: FlaskClient, served: Flask, web: Web) -> None:
    answer = client.get("/tiles/file/town/1/1/0?v=1")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, RED, "image/png")
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    assert "Cookie" in answer.headers["Vary"]
    assert "Content-Encoding" not in answer.headers
    tag, weak = answer.get_etag()
    assert tag
    assert not weak
    again = {"If-None-Match": answer.headers["ETag"]}
    assert client.get("/tiles/file/town/1/1/0", headers=again).status_code == 304
    other = served.test_client()
    other.set_cookie("fangtu_session", web.tokens["leader"])
    assert other.get("/tiles/file/town/1/1/0", headers=again).status_code == 200


def test_a_vector_tile_goes_out_as_it_is_stored_or_unpacked(client: FlaskClient) -> None:
    packed = client.get("/tiles/file/vec/1/1/0", headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["Content-Encoding"], packed.data) == ("gzip", WATER)
    assert packed.mimetype == "application/vnd.mapbox-vector-tile"
    plain = client.get("/tiles/file/vec/1/1/0")
    assert "Content-Encoding" not in plain.headers
    assert plain.data == gzip.decompress(WATER)
    assert not packed.get_etag()[1]
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_where_there_is_no_tile_the_answer_is_empty(client: FlaskClient) -> None:
    for path in ("/tiles/file/town/1/0/0", "/tiles/file/town/3/0/0", "/tiles/file/vec/0/0/0"):
        answer = client.get(path)
        assert (answer.status_code, answer.data) == (204, b""), path


@pytest.mark.parametrize(
    "path",
    [
        "/tiles/file/secret.txt/1/1/0",
        "/tiles/file/../1/1/0",
        "/tiles/file/%2e%2e%2fsecret.txt/1/1/0",
        "/tiles/file/..%2f..%2fetc%2fpasswd/1/1/0",
        "/tiles/file/town.mbtiles/1/1/0",
        "/tiles/file/tdt/1/1/0",
        "/tiles/file/town/1/2/0",
        "/tiles/file/town/1/-1/0",
        "/tiles/file/town/99/0/0",
        "/tiles/file/town/1/1/0.png",
        "/tiles/names/3/0/0.json",
        "/tiles/names/13/9999/0.json",
    ],
)
def test_what_is_not_offered_is_unknown(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"secret" not in answer.data


def test_a_broken_file_is_told_of_in_words(client: FlaskClient) -> None:
    answer = client.get("/tiles/file/broken/1/1/0")
    assert answer.status_code == 422
    assert answer.json["error"] == "tile_file"
    assert "broken.pmtiles" in answer.json["message"]
    assert str(Path("/tmp")) not in answer.text


def test_nobody_gets_anything(served: Flask) -> None:
    for path in ("/map/bases.json", "/tiles/file/town/1/1/0", "/tiles/names/16/1/1.json"):
        assert served.test_client().get(path).status_code == 401, path


def test_the_plain_test_application_offers_its_file(client_as: ClientAs) -> None:
    assert [base["id"] for base in client_as("leader").get("/map/bases.json").json["bases"]] == ["file-town"]
