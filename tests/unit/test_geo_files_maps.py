"""Map files: GeoJSON, GeoPackage, Shapefile and OpenStreetMap extracts."""

from __future__ import annotations

import datetime as dt
import json
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from defusedxml.ElementTree import parse

from geo.crs import CrsUnknown, to_wgs84
from geo.files import FileUnreadable, Sheet, read_osm, read_table

DATA = Path(__file__).resolve().parent.parent / "data"
BIG = 370725199001011234
# Corners of a square and of one half as wide inside it.
SQUARES = {1: (0, 0), 2: (4, 0), 3: (4, 4), 4: (0, 4), 5: (1, 1), 6: (3, 1), 7: (3, 3), 8: (1, 3)}


def only(path: Path, **options: Any) -> Sheet:
    (sheet,) = read_table(path, **options)
    return sheet


def collection(*features: dict[str, Any] | None, **members: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features), **members})


def feature(properties: Any, geometry: Any = None, **members: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry, **members}


def villages() -> gpd.GeoDataFrame:
    """Two places in EPSG:4548 with every kind of value, and gaps."""
    return gpd.GeoDataFrame(
        {
            "名称": ["甲村", "乙村"],
            "证号": pd.array([BIG, None], dtype="Int64"),
            "户数": pd.array([12, None], dtype="Int64"),
            "面积": [45.5, None],
        },
        geometry=[shapely.Point(594013.596, 4075615.951), shapely.Point(594113.596, 4075615.951)],
        crs="EPSG:4548",
    )


def check_villages(sheet: Sheet) -> None:
    assert isinstance(sheet.frame, gpd.GeoDataFrame)
    plain = pd.DataFrame(sheet.frame).drop(columns="geometry")
    assert plain.to_dict("list") == {
        "名称": ["甲村", "乙村"],
        "证号": [BIG, None],
        "户数": [12, None],
        "面积": [45.5, None],
    }
    assert type(plain["证号"][0]) is int
    assert sheet.rows.tolist() == [1, 2]
    assert (sheet.header_row, sheet.ignored) == (0, ())
    assert sheet.crs is not None
    assert sheet.crs.name == "EPSG:4548"
    place = to_wgs84(sheet.frame, sheet.crs).geometry.iloc[0]
    assert (place.x, place.y) == pytest.approx((118.053521, 36.807049), abs=1e-7)


def test_geojson_values_keep_their_types(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [118.86, 36.447, 12.0]}
    path = tmp_path / "a.geojson"
    values = {"code": "007", "n": BIG, "f": 1.5, "b": True, "none": None, "list": [1, "二"], "blank": "  "}
    path.write_text(collection(feature(values, point), feature(None), feature({"code": 7})), encoding="utf-8")
    sheet = only(path)
    first = sheet.frame.iloc[0].to_dict()
    assert first.pop("geometry") == shapely.Point(118.86, 36.447, 12.0)
    assert first == {**values, "list": '[1, "二"]', "blank": None}
    assert sheet.frame["code"].tolist() == ["007", None, 7]
    assert sheet.frame.geometry.iloc[1] is None
    assert (sheet.crs, sheet.kind, sheet.rows.tolist()) == (None, "geojson", [1, 2, 3])


def test_shapes_inside_collections_and_properties_stay_what_they_are(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [118.86, 36.447]}
    line = {"type": "LineString", "coordinates": [[118.86, 36.4], [118.87, 36.5]], "bbox": [118.86, 36.4, 118.87, 36.5]}
    both = {"type": "GeometryCollection", "geometries": [point, line]}
    path = tmp_path / "a.geojson"
    path.write_text(collection(feature({"seat": point, "way": line}, both), feature({}, line)), encoding="utf-8")
    sheet = only(path)
    assert sheet.frame.geometry.iloc[0] == shapely.from_geojson(json.dumps(both))
    assert sheet.frame.geometry.iloc[1] == shapely.LineString(line["coordinates"])
    assert json.loads(sheet.frame["seat"].iloc[0]) == point
    assert json.loads(sheet.frame["way"].iloc[0]) == line


def test_a_geojson_takes_few_times_its_own_size_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "roads.geojson"
    places = [[118 + at * 1e-4, 36.5 + at * 1.1e-4] for at in range(40)]
    road = feature({"highway": "track"}, {"type": "LineString", "coordinates": places})
    path.write_text(collection(*[road] * 3000), encoding="utf-8")
    read_table(path)
    tracemalloc.start()
    try:
        read_table(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Eight times as numbers in lists, two and a half as text.
    assert peak < 4 * path.stat().st_size


def test_the_crs_member_of_older_geojson_is_heeded(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4548"}}
    point = {"type": "Point", "coordinates": [594013.596, 4075615.951]}
    path.write_text(collection(feature({}, point), crs=crs), encoding="utf-8")
    sheet = only(path)
    assert sheet.crs is not None
    assert sheet.crs.name == "EPSG:4548"
    for bad in (
        {"type": "name", "properties": {"name": "EPSG:4610"}},
        {"type": "link", "properties": {"href": "x"}},
        7,
    ):
        path.write_text(collection(feature({}, point), crs=bad), encoding="utf-8")
        with pytest.raises(CrsUnknown):
            read_table(path)


def test_ids_beside_the_properties_and_a_property_named_geometry(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(collection(feature({"geometry": "x"}, id="a"), feature({}, id=2)), encoding="utf-8")
    assert only(path).frame["id"].tolist() == ["a", 2]
    assert only(path).frame["geometry (2)"].tolist() == ["x", None]


def test_geojson_in_gbk_a_bare_feature_and_a_bare_geometry(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    one = json.dumps(feature({"村": "鄌郚镇"}), ensure_ascii=False)
    path.write_bytes(one.encode("gb18030"))
    assert only(path).frame["村"].tolist() == ["鄌郚镇"]
    path.write_text('{"type": "Point", "coordinates": [118, 36]}', encoding="utf-8")
    assert only(path).frame.geometry.iloc[0] == shapely.Point(118, 36)


def test_geometries_that_do_not_parse_are_none_and_lose_no_row(tmp_path: Path) -> None:
    bad: list[Any] = [
        {"type": "Polygon", "coordinates": "x"},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]},
        {"type": "Blob", "coordinates": []},
        {"type": "Point", "coordinates": [float("nan"), 1]},
        "x",
        [1, 2],
    ]
    path = tmp_path / "a.geojson"
    path.write_text(collection(*[feature({"n": number}, shape) for number, shape in enumerate(bad)]), encoding="utf-8")
    sheet = only(path)
    assert sheet.frame["n"].tolist() == list(range(len(bad)))
    assert sheet.frame.geometry.isna().all()


def test_characters_no_database_stores_are_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(r'{"type":"Feature","geometry":null,"properties":{"a":"x\u0000y","b":"\ud800z"}}', encoding="utf-8")
    assert only(path).frame.iloc[0][["a", "b"]].tolist() == ["xy", "?z"]


def test_real_house_outlines_are_read_whole() -> None:
    sheet = only(DATA / "zambia_households.geojson")
    assert len(sheet.frame) == 78
    assert sheet.frame["household_id"].tolist()[:2] == [-41146, -41152]
    assert sheet.frame["osm_way_id"][0] == "528511946"
    assert sheet.frame.geometry.geom_type.unique().tolist() == ["Polygon"]


def test_a_geopackage_gives_all_its_layers_and_whole_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    villages().to_file(path, layer='村 "点"')
    pyogrio.write_dataframe(pd.DataFrame({"户主": ["张三"], "n": [1]}), path, layer="户")
    points, table = read_table(path)
    check_villages(points)
    assert (points.name, points.kind) == ('村 "点"', "gpkg")
    assert not isinstance(table.frame, gpd.GeoDataFrame)
    assert table.frame.to_dict("list") == {"户主": ["张三"], "n": [1]}
    assert only(path, sheet="户").name == "户"
    with pytest.raises(FileUnreadable, match="户"):
        read_table(path, sheet="无")


def test_dates_and_truth_of_a_geopackage_are_plain_values(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    pyogrio.raw.write(
        path,
        geometry=None,
        geometry_type=None,
        field_data=[
            np.array(["2024-05-01", "NaT"], dtype="datetime64[D]"),
            np.array(["2024-05-01T09:30:00", "NaT"], dtype="datetime64[ms]"),
            np.array([True, False]),
        ],
        fields=["day", "at", "flag"],
        layer="t",
        crs=None,
    )
    frame = only(path).frame
    assert frame.to_dict("list") == {
        "day": [dt.date(2024, 5, 1), None],
        "at": [dt.datetime.fromisoformat("2024-05-01T09:30"), None],
        "flag": [True, False],
    }


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
@pytest.mark.parametrize("declared", ["right", "missing", "wrong"])
def test_the_table_of_a_shapefile_keeps_its_characters(tmp_path: Path, encoding: str, declared: str) -> None:
    path = tmp_path / "村点.shp"
    villages().to_file(path, encoding=encoding)
    if declared == "missing":
        path.with_suffix(".cpg").unlink()
    elif declared == "wrong":
        path.with_suffix(".cpg").write_text("UTF-8" if encoding == "GBK" else "ISO-8859-1")
    sheet = only(path)
    check_villages(sheet)
    assert (sheet.name, sheet.kind) == ("村点", "shapefile")


def test_a_zip_may_hold_several_shapefiles_in_folders_with_chinese_names(tmp_path: Path) -> None:
    villages().to_file(tmp_path / "one.shp", encoding="GBK")
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for suffix in ("shp", "dbf", "prj", "shx"):
            archive.write(tmp_path / f"one.{suffix}", f"../数据/甲.{suffix.upper()}")
            archive.write(tmp_path / f"one.{suffix}", f"b/乙.{suffix}")
            archive.write(tmp_path / f"one.{suffix}", f"c/乙.{suffix}")
    sheets = read_table(path)
    check_villages(sheets[0])
    assert [sheet.name for sheet in sheets] == ["甲", "乙", "乙 (2)"]
    assert only(path, sheet="乙").name == "乙"
    assert not (tmp_path.parent / "数据").exists()


def test_a_lost_index_is_rebuilt_and_the_users_folder_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    villages().to_file(path, encoding="UTF-8")
    path.with_suffix(".shx").unlink()
    path.with_suffix(".prj").unlink()
    before = sorted(tmp_path.iterdir())
    sheet = only(path)
    assert len(sheet.frame) == 2
    assert sheet.crs is None
    assert sorted(tmp_path.iterdir()) == before


def test_a_village_of_osm_gives_all_its_outlines_and_names_what_has_none() -> None:
    path = DATA / "osm_village_germany.osm"
    root = parse(path).getroot()
    assert root is not None
    tagged = {
        f"{element.tag}/{element.get('id')}"
        for element in root
        if any(tag.get("k") == "building" for tag in element.iter("tag"))
    }
    buildings, roads = read_table(path)
    left_out = {row.why.en.rpartition("(")[2].rstrip(")") for row in buildings.ignored}
    found = set(buildings.frame["osm_id"])
    assert len(found) == len(buildings.frame) == 32
    assert found | left_out == tagged
    assert left_out == {"way/275490779", "relation/318560"}
    house = buildings.frame.set_index("osm_id").loc["way/275490781"]
    assert (house["addr:street"], house["addr:housenumber"]) == ("Beethovenstraße", "17")
    assert json.loads(house["tags"])["building:levels"] == "2"
    assert roads.frame["highway"].notna().all()
    assert buildings.crs is not None
    assert buildings.crs.name == "wgs84"
    assert buildings.kind == "osm"


def test_themes_of_osm_do_not_overlap_and_come_in_degrees(tmp_path: Path) -> None:
    corners = "".join(f'<node id="{-1 - n}" lat="{36 + n // 2}" lon="{118 + (n in (1, 2))}"/>' for n in range(4))
    ring = "".join(f'<nd ref="{ref}"/>' for ref in (-1, -2, -3, -4, -1))
    tags = [
        'k="building" v="house"',
        'k="natural" v="water"',
        'k="landuse" v="farmland"',
        'k="natural" v="wood"',
        'k="place" v="hamlet"',
        'k="landuse" v="reservoir"',
        'k="building" v="no"',
    ]
    ways = "".join(f'<way id="{-n}">{ring}<tag {tag}/></way>' for n, tag in enumerate(tags, start=1))
    place = '<node id="9" lat="36" lon="118"><tag k="place" v="village"/><tag k="name" v="鄌郚"/></node>'
    path = tmp_path / "a.osm"
    path.write_text(f'<osm version="0.6">{corners}{place}{ways}</osm>', encoding="utf-8")
    frames = read_osm(path)
    assert {theme: sorted(frame["osm_id"]) for theme, frame in frames.items()} == {
        "buildings": ["way/-1"],
        "roads": [],
        "places": ["node/9", "way/-5"],
        "landuse": ["way/-3", "way/-4"],
        "water": ["way/-2", "way/-6"],
    }
    assert all(str(frame.crs) == "EPSG:4326" for frame in frames.values())
    assert frames["places"]["name"].tolist() == ["鄌郚", None]


def test_the_outline_of_a_square_one_may_cross_is_a_road(tmp_path: Path) -> None:
    corners = "".join(f'<node id="{n}" lat="{36 + y / 1e3}" lon="{118 + x / 1e3}"/>' for n, (x, y) in SQUARES.items())

    def way(number: int, refs: list[int], **tags: str) -> str:
        ends = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        return f'<way id="{number}">{ends}{"".join(f"<tag k={k!r} v={v!r}/>" for k, v in tags.items())}</way>'

    ways = [
        way(1, [1, 2, 3, 4, 1], highway="pedestrian", area="yes", place="square"),
        way(2, [1, 2, 3, 4, 1], highway="pedestrian"),
        way(3, [1, 2, 3, 4, 1], highway="corridor", area="yes", building="yes"),
        way(4, [1, 2, 3, 4, 1]),
        way(5, [5, 6, 7, 8, 5]),
        '<relation id="6"><member type="way" ref="4" role="outer"/><member type="way" ref="5" role="inner"/>'
        '<tag k="type" v="multipolygon"/><tag k="highway" v="pedestrian"/></relation>',
    ]
    path = tmp_path / "a.osm"
    path.write_text(f'<osm version="0.6">{corners}{"".join(ways)}</osm>', encoding="utf-8")
    frames = read_osm(path)
    roads = frames["roads"].set_index("osm_id")
    assert sorted(roads.index) == ["relation/6", "way/1", "way/2"]
    square = roads.geometry["way/1"]
    assert (square.geom_type, square.is_ring, len(square.coords)) == ("LineString", True, 5)
    assert shapely.equals(square, roads.geometry["way/2"])
    assert json.loads(roads["tags"]["way/1"])["area"] == "yes"
    # Of one with a hole both rings.
    assert roads.geometry["relation/6"].length == pytest.approx(square.length * 1.5)
    assert frames["buildings"]["osm_id"].tolist() == ["way/3"]
    assert not len(frames["places"])


@pytest.mark.outside_data
def test_liechtenstein_gives_its_buildings_roads_and_land(shared_data: Path) -> None:
    frames = read_osm(shared_data / "liechtenstein.osm.pbf")
    assert len(frames["buildings"]) == pytest.approx(8992, abs=5)
    assert frames["buildings"]["osm_id"].is_unique
    assert frames["buildings"].geometry.geom_type.isin(["Polygon", "MultiPolygon"]).all()
    assert frames["buildings"]["addr:housenumber"].notna().sum() > 900
    assert len(frames["roads"]) > 4000
    assert all(len(frames[theme]) for theme in ("places", "landuse", "water"))
    sheet = read_table(shared_data / "liechtenstein.osm.pbf", sheet="buildings")[0]
    assert sheet.name == "buildings"
    assert len(sheet.ignored) == 5
