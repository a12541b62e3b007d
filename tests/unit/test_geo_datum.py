"""Which systems numbers can be read in, what a comparison counts, and what a verdict says."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from numpy.typing import NDArray

from geo.china import wgs84_to_bd09, wgs84_to_gcj02
from geo.crs import parse_system
from geo.datum import Ground, LocalGround, Reading, Score, compare_readings, judge, possible_readings, reading_of

DATA = Path(__file__).resolve().parent.parent / "data"
GK = pd.read_csv(DATA / "cgcs2000_gk_vectors.csv")
CHANGLE = (118.7, 36.5, 119.0, 36.9)
WGS84, GCJ02, BD09 = (reading_of(parse_system(name)) for name in ("wgs84", "gcj02", "bd09"))


def names(readings: list[Reading]) -> list[str]:
    return [reading.name for reading in readings]


# --- ways to read


def test_degrees_can_be_any_of_the_three_systems() -> None:
    found = possible_readings([118.84, 118.85, np.nan], [36.70, 36.71, 36.7], near=CHANGLE)
    assert names(found) == ["wgs84", "gcj02", "bd09"]


def test_the_exchanged_order_is_listed_only_where_it_is_needed() -> None:
    assert names(possible_readings([36.70, 36.71], [118.84, 118.85])) == [
        "wgs84+swapped",
        "gcj02+swapped",
        "bd09+swapped",
    ]
    half = possible_readings([118.84, 36.71], [36.70, 118.85])
    assert {"wgs84", "wgs84+swapped"} <= set(names(half)), "both, where both occur"


@pytest.mark.parametrize("row", GK.to_dict("records"), ids=lambda row: f"{row['place']}-{row['epsg']}")
@pytest.mark.parametrize("swapped", [False, True])
def test_metres_near_the_area_name_their_zone(row: dict[str, float], swapped: bool) -> None:
    x, y = row["easting_Y"], row["northing_X"]
    near = (row["lon_4490"] - 0.3, row["lat_4490"] - 0.3, row["lon_4490"] + 0.3, row["lat_4490"] + 0.3)
    found = possible_readings([y if swapped else x], [x if swapped else y], near=near)
    assert names(found) == [f"EPSG:{row['epsg']}" + ("+swapped" if swapped else "")]
    lon, lat = found[0].lonlat(*([y], [x]) if swapped else ([x], [y]))
    assert (lon[0], lat[0]) == pytest.approx((row["lon_4490"], row["lat_4490"]), abs=1e-6)


def test_metres_without_zone_number_may_lie_in_any_zone_if_the_area_is_unknown() -> None:
    found = possible_readings([594013.6], [4075615.9])
    assert {"EPSG:4547", "EPSG:4548", "EPSG:4549"} <= set(names(found))
    assert len(found) > 15
    assert names(possible_readings([39594013.6], [4075615.9])) == ["EPSG:4527"], "the number names the zone"


def test_a_six_degree_zone_is_known_by_its_number() -> None:
    found = possible_readings([20631003.7], [3467891.4], near=(118.0, 31.0, 119.0, 32.0))
    assert names(found) == ["EPSG:4498"]


def test_both_mercators_are_told_by_their_size() -> None:
    cities = pd.read_csv(DATA / "coord_vectors_cities.csv").head(30)
    found = possible_readings(cities["bd09mc_x"], cities["bd09mc_y"])
    assert names(found) == ["EPSG:3857", "bd09mc"]
    lon, lat = found[1].lonlat(cities["bd09mc_x"], cities["bd09mc_y"])
    away_m = np.hypot((lon - cities["wgs84_lon"]) * 96_000, (lat - cities["wgs84_lat"]) * 111_000)
    assert away_m.max() < 2.0


def test_outside_china_only_wgs84_means_anything() -> None:
    found = possible_readings([28.35, 28.36], [-15.41, -15.42], near=(28.0, -16.0, 29.0, -15.0))
    assert names(found) == ["wgs84"]


@pytest.mark.parametrize("pairs", [[], [(0, 0)], [(np.nan, 36.0), (118.0, np.nan)], [(1e12, 1e12)], [(500.0, 500.0)]])
def test_numbers_that_are_no_places_have_no_reading(pairs: list[tuple[float, float]]) -> None:
    assert possible_readings([x for x, _ in pairs], [y for _, y in pairs], near=CHANGLE) == []


def test_places_far_from_the_area_count_only_if_there_are_no_others() -> None:
    assert names(possible_readings([104.06], [30.67], near=CHANGLE)) == ["wgs84", "gcj02", "bd09"]


def test_what_is_declared_is_always_listed_once() -> None:
    cgcs2000 = reading_of(parse_system("cgcs2000"))
    assert names(possible_readings([118.84], [36.70], declared=cgcs2000)) == ["wgs84", "gcj02", "bd09"]
    wrong = reading_of(parse_system("gk41"))
    assert names(possible_readings([396344.1], [4064206.7], near=CHANGLE, declared=wrong)) == ["EPSG:4549", "EPSG:4529"]


def test_readings_that_mean_the_same_place_agree() -> None:
    prefixed, plain = reading_of(parse_system("EPSG:4527")), reading_of(parse_system("EPSG:4548"))
    assert prefixed.agrees(plain)
    assert WGS84.agrees(reading_of(parse_system("cgcs2000")))
    assert not WGS84.agrees(reading_of(parse_system("wgs84"), swapped=True))
    assert not plain.agrees(reading_of(parse_system("EPSG:4549")))


# --- a hamlet small enough to count

GRID = np.array([(118.80 + 0.0004 * across, 36.60 + 0.0003 * up) for across in range(8) for up in range(8)])


def hamlet() -> Ground:
    """64 houses in a grid of 36 by 33 m, a road along each row, in a village of 1 by 1 km with its centre amid them."""
    roads = [shapely.LineString([(118.798, lat + 0.00012), (118.806, lat + 0.00012)]) for lat in np.unique(GRID[:, 1])]
    middle = GRID.mean(axis=0)
    village = shapely.box(middle[0] - 0.0055, middle[1] - 0.0045, middle[0] + 0.0055, middle[1] + 0.0045)
    return Ground(
        villages=gpd.GeoSeries([village], index=["370725100201"], crs=4326),
        centres=pd.DataFrame({"lon": [middle[0]], "lat": [middle[1]]}, index=["370725100201"]),
        roads=gpd.GeoSeries(roads, crs=4326),
        buildings=gpd.GeoSeries(shapely.buffer(shapely.points(GRID), 0.00004), crs=4326),
    )


def households(count: int = 40, seed: int = 1) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.permutation(GRID)[:count] + rng.normal(0, 0.00006, (count, 2))


def test_a_score_counts_the_places_in_their_village_and_measures_in_metres() -> None:
    lon, lat = households().T
    x, y = np.append(lon, [0.0, np.nan]), np.append(lat, [0.0, 36.6])
    best, *others = compare_readings(x, y, [BD09, GCJ02, WGS84], hamlet(), stated=["370725100201"] * 42)
    assert (best.reading, best.placed, best.n, best.inside) == (WGS84, 40, 40, 40)
    assert best.median_to_centre_m is not None
    assert best.median_to_ground_m is not None
    east, north = ((lon - GRID[:, 0].mean()) * 89_500, (lat - GRID[:, 1].mean()) * 111_000)
    assert best.median_to_centre_m == pytest.approx(np.median(np.hypot(east, north)), rel=0.02)
    assert best.median_to_ground_m < 15
    assert all(other.inside < 40 for other in others)
    assert [score.cost for score in (best, *others)] == sorted(score.cost for score in (best, *others))


def test_a_place_counts_in_the_village_its_row_states_and_in_any_if_it_states_none() -> None:
    lon, lat = households(20).T
    stated = ["370725100201"] * 10 + ["370725100299"] * 5 + [None] * 5
    score = compare_readings(lon, lat, [WGS84], hamlet(), stated=stated)[0]
    assert score.inside == 20, "a village that is not on the map is no village stated"
    other = hamlet()
    two = Ground(
        villages=gpd.GeoSeries(
            [other.villages.iloc[0], shapely.box(119.5, 36.0, 119.6, 36.1)],
            index=["370725100201", "370725100299"],
            crs=4326,
        )
    )
    assert compare_readings(lon, lat, [WGS84], two, stated=stated)[0].inside == 15


def test_shifted_households_are_found_out_and_the_system_named() -> None:
    lon, lat = households().T
    x, y = wgs84_to_gcj02(lon, lat)
    verdict = judge(compare_readings(x, y, possible_readings(x, y, near=CHANGLE), hamlet()), WGS84)
    assert (verdict.alarm, verdict.certain, verdict.best.name) == (True, True, "gcj02")
    assert verdict.shift_m == pytest.approx(497, abs=10)
    assert verdict.bearing is not None
    assert verdict.bearing.zh == "偏东"
    assert verdict.sentence.zh.startswith("按“WGS-84 / 国家2000”读取，40 点整体偏东约 500 米")
    assert verdict.sentence.zh.endswith("这种偏移常见于 GCJ-02（高德、腾讯）。")
    assert verdict.sentence.en.endswith("Such a shift is common with GCJ-02 (AMap, Tencent).")
    assert "房屋轮廓（40 点）" in verdict.evidence.zh


@pytest.mark.parametrize("name", ["wgs84", "gcj02", "bd09"])
def test_the_right_system_raises_no_alarm_whichever_it_is(name: str) -> None:
    lon, lat = households().T
    x, y = {"wgs84": lambda a, b: (a, b), "gcj02": wgs84_to_gcj02, "bd09": wgs84_to_bd09}[name](lon, lat)
    declared = reading_of(parse_system(name))
    verdict = judge(compare_readings(x, y, possible_readings(x, y, near=CHANGLE), hamlet()), declared)
    assert (verdict.alarm, verdict.certain, verdict.best) == (False, True, declared)
    assert "相符" in verdict.sentence.zh
    assert (verdict.shift_m, verdict.bearing) == (None, None)


def test_nothing_declared_is_ranked_without_alarm() -> None:
    lon, lat = households().T
    x, y = wgs84_to_bd09(lon, lat)
    verdict = judge(compare_readings(x, y, possible_readings(x, y, near=CHANGLE), hamlet()), None)
    assert (verdict.best.name, verdict.alarm, verdict.certain) == ("bd09", False, True)


def test_nineteen_places_are_ranked_but_raise_no_alarm() -> None:
    lon, lat = households(19).T
    x, y = wgs84_to_gcj02(lon, lat)
    scores = compare_readings(x, y, possible_readings(x, y, near=CHANGLE), hamlet())
    verdict = judge(scores, WGS84)
    assert scores[0].reading == GCJ02
    assert (verdict.alarm, verdict.certain, verdict.best) == (False, False, WGS84)
    assert "只有 19 点，不足 20 点" in verdict.sentence.zh


def test_without_ground_nothing_is_certain_and_that_is_said() -> None:
    lon, lat = households().T
    for ground in (Ground(), Ground(roads=gpd.GeoSeries([shapely.LineString([(100, 30), (100.1, 30)])], crs=4326))):
        verdict = judge(compare_readings(lon, lat, possible_readings(lon, lat), ground), GCJ02)
        assert (verdict.alarm, verdict.certain, verdict.best) == (False, False, GCJ02)
        assert "没有道路、房屋或村界可以对照" in verdict.sentence.zh
        assert "没有可以对照" in verdict.evidence.zh


def test_swapped_columns_need_no_ground_and_no_twenty_points() -> None:
    lon, lat = households(3).T
    readings = possible_readings(lat, lon, near=CHANGLE, declared=WGS84)
    verdict = judge(compare_readings(lat, lon, readings, Ground()), WGS84)
    assert verdict.alarm
    assert verdict.best.swapped
    assert "经度和纬度写反了" in verdict.sentence.zh
    assert "没有一点是地图上的位置" in verdict.sentence.zh
    declared_missing = judge(compare_readings(lat, lon, readings[:1], Ground()), WGS84)
    assert declared_missing.alarm, "a declared reading that was not even compared is no place either"


def test_numbers_that_are_no_places_anywhere_are_said_to_be_none() -> None:
    readings = possible_readings([500.0] * 30, [500.0] * 30, near=CHANGLE, declared=WGS84)
    verdict = judge(compare_readings([500.0] * 30, [500.0] * 30, readings, hamlet()), WGS84)
    assert (verdict.best, verdict.alarm, verdict.certain) == (WGS84, False, False)
    assert "都不是地图上的位置" in verdict.sentence.zh


def test_the_wrong_zone_is_named_with_the_distance() -> None:
    lon, lat = households().T
    x, y = in_metres(lon, lat)
    wrong = reading_of(parse_system("gk41"))
    verdict = judge(compare_readings(x, y, possible_readings(x, y, near=CHANGLE, declared=wrong), hamlet()), wrong)
    assert (verdict.alarm, verdict.best.name) == (True, "EPSG:4549")
    assert verdict.shift_m == pytest.approx(268_000, rel=0.02)
    assert "带号或中央经线不对，应为“国家2000 三度带第40带（中央经线120°）”" in verdict.sentence.zh


def in_metres(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326).to_crs(4549)
    return points.x.to_numpy(), points.y.to_numpy()


def test_a_file_that_mixes_two_systems_is_said_to() -> None:
    lon, lat = households(60).T
    x, y = wgs84_to_gcj02(lon, lat)
    half = np.arange(60) % 2 == 0
    x, y = np.where(half, x, lon), np.where(half, y, lat)
    verdict = judge(compare_readings(x, y, possible_readings(x, y, near=CHANGLE), hamlet()), WGS84)
    assert {reading.name for reading, _ in verdict.mixed} == {"wgs84", "gcj02"}
    assert sum(share for _, share in verdict.mixed) == pytest.approx(1.0)
    assert min(share for _, share in verdict.mixed) > 0.3
    assert not verdict.certain
    assert "混有两种坐标系" in verdict.sentence.zh


def test_one_system_with_points_astray_is_not_called_a_mixture() -> None:
    lon, lat = households(60).T
    lon[:6] += 0.02
    verdict = judge(compare_readings(lon, lat, possible_readings(lon, lat, near=CHANGLE), hamlet()), WGS84)
    assert (verdict.mixed, verdict.alarm) == ((), False)


def test_trusted_households_serve_where_no_building_is_known() -> None:
    lon, lat = households(30, seed=2).T
    x, y = wgs84_to_gcj02(lon, lat)
    known = Ground(households=gpd.GeoSeries(shapely.points(GRID), crs=4326))
    verdict = judge(compare_readings(x, y, possible_readings(x, y, near=CHANGLE), known), WGS84)
    assert (verdict.alarm, verdict.best.name) == (True, "gcj02")
    assert "已核实的农户" in verdict.evidence.zh


@pytest.mark.parametrize("seed", range(4))
def test_in_a_crowded_town_the_very_houses_decide(seed: int) -> None:
    rng = np.random.default_rng(seed)
    town = rng.uniform([118.80, 36.60], [118.83, 36.625], (9_000, 2))
    middle = town[np.hypot(*(town - [118.814, 36.612]).T) < 0.003]
    lon, lat = (rng.choice(middle, 20, replace=False) + rng.normal(0, [7e-5, 6e-5], (20, 2))).T
    x, y = wgs84_to_gcj02(lon, lat)
    known = Ground(buildings=gpd.GeoSeries(shapely.points(town), crs=4326))
    verdict = judge(compare_readings(x, y, possible_readings(x, y, near=CHANGLE), known), WGS84)
    assert (verdict.alarm, verdict.certain, verdict.best.name) == (True, True, "gcj02")


def test_the_same_batch_gets_the_same_scores_and_a_prepared_ground_changes_nothing() -> None:
    lon, lat = households().T
    readings = possible_readings(lon, lat)
    first, again, prepared = (
        compare_readings(lon, lat, readings, ground)
        for ground in (hamlet(), hamlet(), LocalGround(hamlet(), np.column_stack([lon, lat])))
    )
    assert [score.cost for score in first] == [score.cost for score in again] == [score.cost for score in prepared]


def test_ground_in_another_system_is_brought_to_metres_all_the_same() -> None:
    lon, lat = households().T
    plain = hamlet()
    moved = Ground(villages=plain.villages.to_crs(4549), centres=plain.centres, roads=plain.roads.to_crs(3857))
    first = compare_readings(
        lon, lat, [WGS84], Ground(villages=plain.villages, centres=plain.centres, roads=plain.roads)
    )
    second = compare_readings(lon, lat, [WGS84], moved)
    assert second[0].cost == pytest.approx(first[0].cost, abs=1e-6)


def test_ground_may_hold_missing_and_empty_shapes() -> None:
    lon, lat = households().T
    plain = hamlet()
    holes = gpd.GeoSeries([None, shapely.Polygon()], index=["370725100298", "370725100299"], crs=4326)
    villages = gpd.GeoSeries(pd.concat([holes, plain.villages]), crs=4326)
    buildings = gpd.GeoSeries([None, *plain.buildings], crs=4326)
    centres = pd.concat([pd.DataFrame({"lon": [np.nan], "lat": [np.nan]}, index=["370725100299"]), plain.centres])
    patchy = Ground(villages=villages, centres=centres, buildings=buildings)
    score = compare_readings(lon, lat, [WGS84], patchy, stated=["370725100201"] * 40)[0]
    assert score.inside == 40
    assert score.median_to_centre_m is not None


def test_no_readings_and_no_points_give_no_scores_to_judge() -> None:
    assert compare_readings([118.8], [36.6], [], hamlet()) == []
    empty: list[Score] = compare_readings([], [], [WGS84], hamlet())
    assert (empty[0].placed, empty[0].n, empty[0].inside) == (0, 0, 0)
    assert not judge(empty, WGS84).alarm
    with pytest.raises(ValueError, match="no reading"):
        judge([], WGS84)
