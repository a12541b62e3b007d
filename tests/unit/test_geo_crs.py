"""Names of coordinate systems, and frames brought from them to EPSG:4326."""

from __future__ import annotations

import json
import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from geo.china import wgs84_to_bd09, wgs84_to_gcj02
from geo.crs import CrsError, CrsUnknown, lonlat_of, looks_swapped, metric_crs, parse_system, to_metric, to_wgs84

DATA = Path(__file__).resolve().parent.parent / "data"
GK = pd.read_csv(DATA / "cgcs2000_gk_vectors.csv")
ESRI_GK = (
    'PROJCS["CGCS2000_3_Degree_GK_CM_117E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
    'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",117.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],'
    'UNIT["Meter",1.0]]'
)


@pytest.mark.parametrize(
    ("text", "name", "meridian"),
    [
        ("wgs84", "wgs84", None),
        (" WGS 84 ", "wgs84", None),
        ("EPSG:4326", "wgs84", None),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "wgs84", None),
        ("CGCS2000", "cgcs2000", None),
        ("epsg:4490", "cgcs2000", None),
        ("国家2000", "cgcs2000", None),
        ("GCJ-02", "gcj02", None),
        ("高德", "gcj02", None),
        ("Bd09", "bd09", None),
        ("百度", "bd09", None),
        ("BD09MC", "bd09mc", None),
        ("百度墨卡托", "bd09mc", None),
        ("EPSG:4527", "EPSG:4527", 117),
        ("urn:ogc:def:crs:EPSG::4549", "EPSG:4549", 120),
        ("4548", "EPSG:4548", 117),
        ("gk39", "EPSG:4527", 117),
        ("GK:117", "EPSG:4548", 117),
        ("gk 45", "EPSG:4533", 135),
        (ESRI_GK, "EPSG:4548", 117),
        ("EPSG:32650", "EPSG:32650", None),
        ("EPSG:3857", "EPSG:3857", None),
    ],
)
def test_names_are_understood_in_any_case_and_spacing(text: str, name: str, meridian: int | None) -> None:
    system = parse_system(text)
    assert (system.name, system.meridian) == (name, meridian)


@pytest.mark.parametrize("text", ["", "mars", "gk46", "gk:118", "EPSG:999999", "EPSG:5773", "9" * 400, 'LOCAL_CS["x"]'])
def test_a_name_that_means_nothing_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(CrsUnknown) as caught:
        parse_system(text)
    assert caught.value.code == "crs_unknown"
    assert "wgs84" in caught.value.text.zh
    assert "gk39" in str(caught.value)


@pytest.mark.parametrize("text", ["EPSG:4214", "EPSG:4610", "EPSG:2384", "EPSG:2436"])
def test_datums_without_public_parameters_are_refused_rather_than_guessed(text: str) -> None:
    with pytest.raises(CrsUnknown, match="survey office"):
        parse_system(text)


@pytest.mark.parametrize("row", GK.to_dict("records"), ids=lambda row: f"{row['place']}-{row['epsg']}")
def test_gauss_kruger_vectors_hold_within_a_centimetre(row: dict[str, float]) -> None:
    system = parse_system(f"EPSG:{row['epsg']}")
    lon, lat = lonlat_of(row["easting_Y"], row["northing_X"], system)
    east = (lon[0] - row["lon_4490"]) * math.cos(math.radians(row["lat_4490"])) * 111_320
    assert math.hypot(east, (lat[0] - row["lat_4490"]) * 111_320) < 0.01


@pytest.mark.parametrize("name", ["gk39", "gk:117", "EPSG:4527", "EPSG:4548"])
@pytest.mark.parametrize("easting", [594013.596, 39594013.596])
def test_the_zone_number_may_stand_before_the_easting_or_not(name: str, easting: float) -> None:
    lon, lat = lonlat_of([easting], [4075615.951], parse_system(name))
    assert (lon[0], lat[0]) == pytest.approx((118.053521, 36.807049), abs=1e-7)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (40594013.6, 4075615.9),
        (4075615.9, 594013.6),
        (118.05, 36.8),
        (594013.6, -1.0),
        (np.nan, 4075615.9),
        (np.inf, 1.0),
    ],
)
def test_numbers_that_mean_no_place_in_a_zone_give_none(x: float, y: float) -> None:
    lon, lat = lonlat_of([x], [y], parse_system("gk39"))
    assert np.isnan(lon[0])
    assert np.isnan(lat[0])


def test_swapped_columns_are_noticed_and_nothing_else() -> None:
    zone, degrees = parse_system("gk39"), parse_system("gcj02")
    assert looks_swapped([4075615.9, 594013.6], [594013.6, 4075615.9], zone).tolist() == [True, False]
    assert looks_swapped([36.4, 118.8, 28.35, np.nan], [118.8, 36.4, -15.4, 1.0], degrees).tolist() == [
        True,
        False,
        False,
        False,
    ]
    assert looks_swapped([36.4], [118.8], parse_system("EPSG:32650")).tolist() == [False]


def test_every_kind_of_geometry_is_moved_flat_and_in_order() -> None:
    lon, lat = wgs84_to_gcj02(118.86, 36.447)
    shapes = [
        shapely.Point(lon, lat, 55.0),
        shapely.LineString([(lon, lat), (28.0, -15.0)]),
        shapely.box(lon, lat, lon + 0.01, lat + 0.01),
        shapely.GeometryCollection([shapely.Point(lon, lat), shapely.MultiPoint([(lon, lat), (0, 0)])]),
        None,
        shapely.Polygon(),
    ]
    frame = gpd.GeoDataFrame({"n": range(6)}, geometry=shapes, index=list("fedcba"))
    out = to_wgs84(frame, parse_system("gcj02"))
    assert out.crs is not None
    assert out.crs.to_epsg() == 4326
    assert out.index.tolist() == list("fedcba")
    for shape in (out.geometry.iloc[at] for at in range(4)):
        assert not shape.has_z
        corners = shapely.get_coordinates(shape).tolist()
        assert any(corner == pytest.approx((118.86, 36.447), abs=1e-8) for corner in corners)
    assert shapely.get_coordinates(out.geometry.iloc[1])[1].tolist() == [28.0, -15.0]
    assert out.geometry.iloc[4] is None
    assert out.geometry.iloc[5].is_empty
    assert frame.geometry.iloc[0].has_z, "the frame handed in is not changed"


def test_the_declared_system_overrules_the_one_on_the_frame() -> None:
    lon, lat = wgs84_to_bd09(118.86, 36.447)
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(lon, lat)], crs=4326)
    point = to_wgs84(frame, parse_system("bd09")).geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx((118.86, 36.447), abs=1e-8)


def test_a_shape_with_one_impossible_corner_becomes_none() -> None:
    frame = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(118, 36), (200, 36)]), shapely.Point(118, 36), shapely.Point(118, 91)]
    )
    out = to_wgs84(frame, parse_system("wgs84"))
    assert [shape is None for shape in out.geometry] == [True, False, True]


def test_an_empty_frame_comes_back_empty() -> None:
    out = to_wgs84(gpd.GeoDataFrame({"a": []}, geometry=[]), parse_system("gk39"))
    assert (len(out), str(out.crs)) == (0, "EPSG:4326")


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (118.86, 36.447, 4549),
        (118.3, 31.3, 4548),
        (73.5, 39.0, 4534),
        (136.5, 48.0, 4554),
        (28.35, -15.4, 32735),
        (10.07, 48.1, 32632),
        (180.0, 10.0, 32601),
    ],
)
def test_the_metric_system_is_the_zone_of_the_place(lon: float, lat: float, epsg: int) -> None:
    assert metric_crs(lon, lat).to_epsg() == epsg


def test_round_the_poles_a_system_of_the_place_is_used() -> None:
    crs = metric_crs(20.0, 88.0)
    assert crs.axis_info[0].unit_name == "metre"
    point = gpd.GeoSeries([shapely.Point(20.0, 88.0)], crs=4326).to_crs(crs).iloc[0]
    assert (point.x, point.y) == pytest.approx((0, 0), abs=1e-6)


def test_a_square_kilometre_measures_a_square_kilometre() -> None:
    lon, lat, _ = pyproj.Geod(ellps="GRS80").fwd([118.86] * 2, [36.447] * 2, [90, 0], [1000, 1000])
    square = shapely.box(118.86, 36.447, lon[0], lat[1])
    frame = gpd.GeoDataFrame(geometry=[square], crs=4326)
    assert to_metric(frame).area.iloc[0] == pytest.approx(1e6, rel=5e-4)


def test_baidus_metres_land_where_its_degrees_do() -> None:
    cities = pd.read_csv(DATA / "coord_vectors_cities.csv")
    metres = lonlat_of(cities["bd09mc_x"], cities["bd09mc_y"], parse_system("bd09mc"))
    degrees = lonlat_of(cities["bd09_lon"], cities["bd09_lat"], parse_system("bd09"))
    away_m = np.hypot((metres[0] - degrees[0]) * 96_000, (metres[1] - degrees[1]) * 111_000)
    assert len(away_m) == 332
    assert away_m.max() < 0.25
    assert np.median(away_m) < 0.01


def test_baidus_metres_beyond_the_map_are_no_places() -> None:
    lon, lat = lonlat_of([np.nan, 1e9, 0.0, 13188000.0], [1.0, 1.0, -1e9, 3650000.0], parse_system("bd09mc"))
    assert np.isnan(lon).tolist() == np.isnan(lat).tolist() == [True, True, True, False]
    assert 118 < lon[3] < 119
    assert 31 < lat[3] < 32


def test_a_frame_without_system_is_not_measured() -> None:
    with pytest.raises(CrsError):
        to_metric(gpd.GeoDataFrame(geometry=[shapely.Point(1, 1)]))


def test_proj_stays_off_the_network() -> None:
    assert not pyproj.network.is_network_enabled()


# An independent conversion: scalar arithmetic in another arrangement, and Newton's method instead of a fixed point.


def _offset(lon: float, lat: float) -> tuple[float, float]:
    x, y = lon - 105.0, lat - 35.0
    pi, root = math.pi, math.sqrt(abs(x))
    d = 20.0 * math.sin(6.0 * x * pi) + 20.0 * math.sin(2.0 * x * pi)
    east = d + 20.0 * math.sin(x * pi) + 40.0 * math.sin(x * pi / 3.0)
    east += 150.0 * math.sin(x * pi / 12.0) + 300.0 * math.sin(x * pi / 30.0)
    east = east * 2.0 / 3.0 + 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    north = d + 20.0 * math.sin(y * pi) + 40.0 * math.sin(y * pi / 3.0)
    north += 160.0 * math.sin(y * pi / 12.0) + 320.0 * math.sin(y * pi / 30.0)
    north = north * 2.0 / 3.0 - 100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    magic = 1.0 - 0.00669342162296594323 * math.sin(math.radians(lat)) ** 2
    meridian = 6378245.0 * (1.0 - 0.00669342162296594323) / (magic * math.sqrt(magic)) * pi
    parallel = 6378245.0 / math.sqrt(magic) * math.cos(math.radians(lat)) * pi
    return east * 180.0 / parallel, north * 180.0 / meridian


def _newton(lon: float, lat: float) -> tuple[float, float]:
    x, y, h = lon, lat, 1e-6
    for _ in range(4):
        here, east, north = _offset(x, y), _offset(x + h, y), _offset(x, y + h)
        a, b = 1 + (east[0] - here[0]) / h, (north[0] - here[0]) / h
        c, d = (east[1] - here[1]) / h, 1 + (north[1] - here[1]) / h
        rest_x, rest_y = lon - x - here[0], lat - y - here[1]
        determinant = a * d - b * c
        x, y = x + (d * rest_x - b * rest_y) / determinant, y + (a * rest_y - c * rest_x) / determinant
    return x, y


@pytest.mark.outside_data
def test_county_boundaries_land_within_a_metre_of_an_independent_conversion(shared_data: Path) -> None:
    content = json.loads((shared_data / "county_boundaries_gcj02.geojson").read_text(encoding="utf-8"))
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in content["features"]]
    frame = gpd.GeoDataFrame(geometry=shapes)
    found = shapely.get_coordinates(to_wgs84(frame, parse_system("gcj02")).geometry.to_numpy())
    expected = np.array([_newton(lon, lat) for lon, lat in shapely.get_coordinates(frame.geometry.to_numpy())])
    east = (found[:, 0] - expected[:, 0]) * np.cos(np.radians(expected[:, 1])) * 111_320
    north = (found[:, 1] - expected[:, 1]) * 111_320
    assert len(found) > 1000
    assert np.hypot(east, north).max() < 0.01
    moved = np.hypot(*(found - shapely.get_coordinates(frame.geometry.to_numpy())).T)
    assert moved.min() > 0.003, "every corner has been shifted"
