"""Files that are foreign, broken, empty, too large or meant to do harm: refused in words, quickly."""

from __future__ import annotations

import json
import sqlite3
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import shapely

from geo.files import FileUnreadable, guards, read_osm, read_table, text

DATA = Path(__file__).resolve().parent.parent / "data"
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    '<osm version="0.6"><node id="1" lat="1" lon="1"><tag k="place" v="&b;"/></node></osm>'
)
DEEP: Any = {"type": "Point", "coordinates": [1, 2]}
for _ in range(60):
    DEEP = {"type": "GeometryCollection", "geometries": [DEEP]}
VRT = '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>'
VRT += "</OGRVRTDataSource>"


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("empty.csv", b"", "empty"),
        ("blank.csv", b"\n\n , \n", "nothing"),
        ("nul.csv", b"a,b\n" + b"\0" * 90, "no text"),
        ("bytes.csv", b"\x81\x00\xff\xff" * 9, "no text"),
        ("torn.csv", "姓名,村\n张三,甲\n".encode() * 50 + b"\xff\n", "line 101"),
        ("cell.csv", b'a,b\n"' + b"x" * 2_000_000 + b'",1\n', "row 2"),
        ("wide.csv", b"a," * 5000, "too much"),
        ("book.csv", b"PK\x03\x04" + b"\0" * 30, "damaged"),
        ("page.csv", b"<html><p>1,2</p></html>", "web page"),
        ("report.csv", b"%PDF-1.7", "PDF"),
        ("old.xlsx", OLE2, "damaged"),
        ("old.xls", OLE2, "damaged"),
        ("text.xlsx", b"hello\n", "no workbook"),
        ("photo.json", b"\x89PNG\r\n", "picture"),
        ("deep.geojson", b"[" * 200_000, "nested"),
        ("deeper.geojson", json.dumps(DEEP).encode(), "nested"),
        ("torn.geojson", b'{"type":"FeatureCollection","features":[', "damaged"),
        ("digits.geojson", b'{"type":"Point","coordinates":[' + b"9" * 9000 + b",1]}", "damaged"),
        ("esri.geojson", b'{"geometryType":"esriGeometryPoint","features":[]}', "no GeoJSON"),
        ("number.geojson", b"3", "no GeoJSON"),
        ("list.geojson", b'{"type":"FeatureCollection","features":[3]}', "feature 1"),
        ("none.geojson", b'{"type":"FeatureCollection","features":[]}', "nothing"),
        ("text.gpkg", b"hello", "no database"),
        ("torn.gpkg", b"SQLite format 3\0" + b"\0" * 200, "damaged"),
        ("text.shp", b"hello", "no Shapefile"),
        ("text.zip", b"hello", "damaged"),
        ("text.osm", b"hello", "no OSM data"),
        ("laughs.osm", LAUGHS.encode(), "DTD"),
        ("laughs16.osm", LAUGHS.encode("utf-16"), "OSM data"),
        ("vrt.osm", VRT.encode(), "OGRVRTDataSource"),
        ("torn.osm", (DATA / "osm_village_germany.osm").read_bytes()[:20_000], "damaged"),
        ("none.osm", b'<osm version="0.6"/>', "nothing"),
        ("fake.osm.pbf", b"\0\0\0\x0d\x0a\x09OSMHeader" + b"\xff" * 200, "damaged"),
        ("text.docx", b"hello", "means nothing"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_both_languages(
    tmp_path: Path, name: str, content: bytes, found: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    begin = time.monotonic()
    with pytest.raises(FileUnreadable) as caught:
        read_table(path)
    assert time.monotonic() - begin < 5
    assert caught.value.code == "file_unreadable"
    assert found in str(caught.value)
    assert name in str(caught.value)
    assert "应为" in caught.value.text.zh
    assert caught.value.details["expected"]


@pytest.mark.parametrize(
    "path",
    [
        "/vsicurl/http://127.0.0.1/a.geojson",
        "/vsizip//tmp/a.zip",
        "http://127.0.0.1/a.geojson",
        "file:///etc/passwd",
        "zip:///tmp/a.zip!x",
        "a!b.gpkg",
        "/dev/zero",
        "/proc/self/environ",
        "/tmp",
        "/nowhere/a.csv",
        "a\0.csv",
        "",
    ],
)
def test_only_ordinary_local_files_are_opened(path: str) -> None:
    with pytest.raises(FileUnreadable):
        read_table(path)
    with pytest.raises(FileUnreadable):
        read_osm(path)


def test_an_unknown_encoding_and_a_wrong_one_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("姓名,村\n张,甲\n".encode("gbk"))
    for encoding in ("klingon", "utf-8"):
        with pytest.raises(FileUnreadable, match=encoding):
            read_table(path, encoding=encoding)


def test_too_many_bytes_rows_or_columns_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,2\n" * 500)
    monkeypatch.setattr(text, "MAX_ROWS", 100)
    with pytest.raises(FileUnreadable, match="too much"):
        read_table(path)
    monkeypatch.setattr(guards, "MAX_BYTES", 1000)
    with pytest.raises(FileUnreadable, match="too much"):
        read_table(path)


def make_book(path: Path, change: Callable[[str, bytes], bytes] = lambda _, content: content) -> Path:
    """A small workbook with one of its parts changed."""
    book = openpyxl.Workbook()
    book.worksheets[0].append(["a", "b"])
    book.worksheets[0].append(["1", "2"])
    plain = path.with_suffix(".plain")
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return path


def test_an_archive_that_unpacks_without_end_is_refused_unopened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "MAX_UNPACKED", 1_000_000)
    path = make_book(tmp_path / "bomb.xlsx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", b"\0" * 5_000_000)
    assert path.stat().st_size < 50_000
    with pytest.raises(FileUnreadable, match="too much"):
        read_table(path)


def test_entities_in_a_workbook_are_refused(tmp_path: Path) -> None:
    def add_entity(name: str, content: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return content
        return b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + content.partition(b"?>")[2]

    with pytest.raises(FileUnreadable, match="DTD"):
        read_table(make_book(tmp_path / "a.xlsx", add_entity))


def test_a_cell_a_billion_rows_down_does_not_make_a_billion_rows(tmp_path: Path) -> None:
    def move(name: str, content: bytes) -> bytes:
        return content.replace(b'r="2"', b'r="999999999"').replace(b'"A2"', b'"A999999999"')

    with pytest.raises(FileUnreadable, match="row 999999999"):
        read_table(make_book(tmp_path / "a.xlsx", move))


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_a_workbook_with_a_broken_part_is_refused(tmp_path: Path, part: str) -> None:
    broken = make_book(tmp_path / "a.xlsx", lambda name, content: content[:-40] if name == part else content)
    with pytest.raises(FileUnreadable, match="damaged"):
        read_table(broken)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml"])
def test_a_workbook_with_a_part_that_says_nothing_is_refused(tmp_path: Path, part: str) -> None:
    with pytest.raises(FileUnreadable):
        read_table(make_book(tmp_path / "b.xlsx", lambda name, content: b"<x/>" if name == part else content))


def test_a_torn_workbook_and_a_zip_without_tables_are_refused(tmp_path: Path) -> None:
    whole = make_book(tmp_path / "a.xlsx").read_bytes()
    (tmp_path / "torn.xlsx").write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("a.docx", "x")
    for name in ("torn.xlsx", "none.zip"):
        with pytest.raises(FileUnreadable):
            read_table(tmp_path / name)


def test_a_layer_that_is_a_query_without_end_is_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(1, 2)], crs=4326).to_file(path, layer="points")
    with sqlite3.connect(path) as store:
        store.execute(
            "CREATE VIEW endless AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
        )
        store.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('endless', 'attributes', 'e')"
        )
    store.close()
    with pytest.raises(FileUnreadable, match="endless"):
        read_table(path)


def test_a_database_that_is_no_geopackage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    with sqlite3.connect(path) as store:
        store.execute("CREATE TABLE t (a)")
    store.close()
    with pytest.raises(FileUnreadable, match="damaged"):
        read_table(path)


def test_gdal_stays_off_the_network() -> None:
    assert pyogrio.get_gdal_config_option("CPL_VSIL_CURL_ALLOWED_EXTENSIONS") == ".none"


@pytest.mark.outside_data
def test_a_torn_extract_is_refused_rather_than_read_in_part(tmp_path: Path, shared_data: Path) -> None:
    whole = (shared_data / "liechtenstein.osm.pbf").read_bytes()
    path = tmp_path / "torn.osm.pbf"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileUnreadable, match="damaged"):
        read_table(path)
