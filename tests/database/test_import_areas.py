"""Areas: official lists, boundaries, natural villages, grids, changed codes, and boundaries that are derived."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely

from data.areas import CodeUnknown
from data.db import owner_session
from data.recheck import recheck
from tests.database.importing import TOWNSHIP, VILLAGES, Store, opened, square_ring, write_csv, write_geojson


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("fangtu_test_import_areas") as made:
        yield made


@pytest.fixture(autouse=True)
def _empty(store: Store) -> None:
    store.empty()


@pytest.fixture
def township(store: Store, tmp_path: Path) -> Store:
    store.township(tmp_path)
    return store


def households(store: Store, folder: Path, rows: list[tuple[object, ...]]) -> None:
    path = write_csv(folder / "households.csv", ["户编号", "户主姓名", "行政村", "自然村", "经度", "纬度"], rows)
    assert store.load("households", path, area=TOWNSHIP).refused == 0


def shift_gcj(lon: float, lat: float) -> tuple[float, float]:
    """WGS-84 to GCJ-02 by the published formula, written out once more for the test."""
    a, ee, x, y = 6378245.0, 0.00669342162296594323, lon - 105.0, lat - 35.0
    wave = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wave
    north += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wave
    east += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    root = 1 - ee * math.sin(math.radians(lat)) ** 2
    dlat = math.degrees(north / (a * (1 - ee) / root**1.5))
    return lon + math.degrees(east / (a / math.sqrt(root) * math.cos(math.radians(lat)))), lat + dlat


@pytest.mark.outside_data
def test_the_official_list_gives_every_village_with_its_parents(store: Store, shared_data: Path) -> None:
    report = store.load("areas", shared_data / "admin_villages.csv")
    assert (report.read, report.accepted, report.refused) == (1972, 1972, 0)
    assert store.one("select count(*) from area where level = 'village'") == 1972
    assert store.one("select count(*) from area where level = 'village' and length(code) = 12") == 1972
    orphans = "select count(*) from area where parent_id is null and level <> 'province'"
    assert store.one(orphans) == 0
    chain = store.rows("""
        with recursive up as (
            select name, parent_id from area where code = '340202012001'
            union all select a.name, a.parent_id from area a join up on a.id = up.parent_id)
        select name from up""")
    assert [name for (name,) in chain] == ["方塘社区", "方村街道", "镜湖区", "芜湖市", "安徽省"]
    assert store.rows("""
        select x.name from area_alias x join area a on a.id = x.area_id where a.code = '340202012001'""") == [
        ("方塘社区居民委员会",)
    ]
    again = store.load("areas", shared_data / "admin_villages.csv")
    assert (again.counts["inserted"], again.counts["updated"], again.counts["unchanged"]) == (0, 0, 1972)


@pytest.mark.outside_data
def test_boundaries_in_gcj02_land_where_an_independent_conversion_puts_them(store: Store, shared_data: Path) -> None:
    path = shared_data / "county_boundaries_gcj02.geojson"
    report = store.load("areas", path, crs="gcj02")
    assert (report.accepted, report.refused) == (10, 0)
    given = {
        f["properties"]["adcode"]: shapely.geometry.shape(f["geometry"])
        for f in json.loads(path.read_text())["features"]
    }
    worst = 0.0
    for code, wkb in store.rows("select code, st_asbinary(geom) from area"):
        stored = shapely.from_wkb(bytes(wkb))
        moved = [shift_gcj(lon, lat) for lon, lat in shapely.get_coordinates(stored)]
        # Every stored corner, shifted again, lies on the outline of the file (its own corners, or a mended one).
        outline = shapely.boundary(given[code])
        degrees = shapely.distance(shapely.points(moved), outline)
        worst = max(worst, float(degrees.max()))
    assert worst * 111_320 < 1.0
    assert store.one("select bool_and(source = 'gcj02') from area")


@pytest.mark.outside_data
def test_recoded_counties_keep_their_boundary_and_are_found_by_the_old_code(
    store: Store, shared_data: Path, tmp_path: Path
) -> None:
    store.load("areas", shared_data / "county_boundaries_gcj02.geojson", crs="gcj02")
    store.load("areas", shared_data / "admin_villages.csv")
    report = store.load("areas", shared_data / "wuhu_code_changes.csv")
    assert report.refused == 0
    assert store.rows("select code, geom is not null from area where name = '繁昌区' order by code") == [
        ("340211", True),
        ("340212", True),
    ]
    assert store.one("select valid_to is not null from area where code = '340211'")
    one = write_csv(tmp_path / "one.csv", ["户编号", "户主姓名"], [("H1", "赵测一")])
    store.load("households", one, area="340225")
    assert store.rows("select natural_key, jur from household") == [("340281:H1", 340281000000000)]
    again = store.load("areas", shared_data / "county_boundaries_gcj02.geojson", crs="gcj02")
    assert again.counts["inserted"] == 0
    assert store.one("select count(*) from area where valid_to is null and level = 'county'") == 12


def test_a_village_without_boundary_gets_a_derived_one_and_a_real_one_replaces_it(store: Store, tmp_path: Path) -> None:
    areas = write_csv(
        tmp_path / "areas.csv",
        ["code", "name", "level", "parent_code", "aliases", "lon", "lat"],
        [
            (TOWNSHIP, "测试镇", "township", "", "", "", ""),
            (VILLAGES[0], "测试一村", "village", TOWNSHIP, "", 118.805, 36.405),
            (VILLAGES[1], "测试二村", "village", TOWNSHIP, "", "", ""),
            (VILLAGES[1] + "-N01", "东庄", "natural_village", VILLAGES[1], "东庄子、老东庄", 118.815, 36.405),
            (VILLAGES[1] + "-N02", "西庄", "natural_village", VILLAGES[1], "", 118.825, 36.405),
        ],
    )
    store.load("areas", areas)
    outline = write_geojson(tmp_path / "outline.geojson", [({"code": TOWNSHIP}, square_ring(118.80, 118.83))])
    report = store.load("areas", outline)
    assert report.counts["derived"] == 2
    assert store.rows("select code, derived, source from area where level = 'village' order by code") == [
        (VILLAGES[0], True, "voronoi"),
        (VILLAGES[1], True, "voronoi"),
    ]
    # The edge lies half-way between the nearest points of the two villages.
    east_edge = "select st_xmax(geom) from area where code = :code"
    assert store.one(east_edge, code=VILLAGES[0]) == pytest.approx(118.81, abs=2e-4)
    assert store.load("areas", outline).counts["derived"] == 0
    real = write_geojson(tmp_path / "real.geojson", [({"code": VILLAGES[0]}, square_ring(118.80, 118.807))])
    assert store.load("areas", real).counts["derived"] == 1
    assert store.rows("select code, derived from area where level = 'village' order by code") == [
        (VILLAGES[0], False),
        (VILLAGES[1], True),
    ]
    assert store.one("select st_xmin(geom) from area where code = :code", code=VILLAGES[1]) == pytest.approx(118.807)
    store.load("areas", areas)
    assert store.one(east_edge, code=VILLAGES[0]) == pytest.approx(118.807)


def test_a_village_known_only_by_its_households_is_derived_from_them(store: Store, tmp_path: Path) -> None:
    rows = [(TOWNSHIP, "测试镇", "township"), *((code, f"测试{code[-1]}村", "village") for code in VILLAGES[:2])]
    store.load("areas", write_csv(tmp_path / "areas.csv", ["code", "name", "level"], rows))
    layer = [({"code": TOWNSHIP}, square_ring(118.80, 118.82)), ({"code": VILLAGES[0]}, square_ring(118.80, 118.81))]
    store.load("areas", write_geojson(tmp_path / "layer.geojson", layer))
    households(
        store, tmp_path, [("H1", "赵测一", "测试2村", "", 118.815, 36.405), ("H2", "钱测二", "", "", 118.812, 36.402)]
    )
    found = store.rows("select h.code, v.code from household h join area v on v.id = h.village_id order by 1")
    assert found == [("H1", VILLAGES[1]), ("H2", VILLAGES[1])]
    with owner_session(store.engine) as session:
        assert recheck(session)["drift"] == 0


def test_a_moved_boundary_takes_its_households_along_and_says_how_many(township: Store, tmp_path: Path) -> None:
    households(
        township, tmp_path, [("H1", "赵测一", "", "", 118.802, 36.405), ("H2", "钱测二", "", "", 118.815, 36.405)]
    )
    layer = [
        ({"code": VILLAGES[0]}, square_ring(118.80, 118.817)),
        ({"code": VILLAGES[1]}, square_ring(118.817, 118.82)),
    ]
    report = township.load("areas", write_geojson(tmp_path / "moved.geojson", layer))
    assert report.counts["moved"] == 1
    assert township.rows("select h.code, v.code from household h join area v on v.id = h.village_id order by 1") == [
        ("H1", VILLAGES[0]),
        ("H2", VILLAGES[0]),
    ]
    with owner_session(township.engine) as session:
        assert recheck(session)["drift"] == 0


def test_a_boundary_that_crosses_itself_is_repaired_and_said_and_decides_by_what_it_became(
    township: Store, tmp_path: Path
) -> None:
    spots = [("H1", "赵测一", "", "", 118.812, 36.405), ("H2", "钱测二", "", "", 118.815, 36.402)]
    households(township, tmp_path, spots)
    # Two triangles that meet in the middle: the western one holds H1, between them in the south lies H2.
    bowtie = [[118.81, 36.40], [118.82, 36.41], [118.82, 36.40], [118.81, 36.41], [118.81, 36.40]]
    report = township.load("areas", write_geojson(tmp_path / "crossed.geojson", [({"code": VILLAGES[1]}, bowtie)]))
    assert report.refused == 0
    assert [(warning.found, "repaired" in warning.reason.en) for warning in report.warnings] == [("测试2村", True)]
    shape = "select st_isvalid(geom), st_numgeometries(geom) from area where code = :code and valid_to is null"
    assert township.rows(shape, code=VILLAGES[1]) == [(True, 2)]
    assert township.rows(
        "select h.code, v.code from household h left join area v on v.id = h.village_id order by 1"
    ) == [("H1", VILLAGES[1]), ("H2", None)]
    with owner_session(township.engine) as session:
        assert recheck(session)["drift"] == 0


def test_areas_that_come_after_the_households_place_them(store: Store, tmp_path: Path) -> None:
    rows = [("H1", "赵测一", "测试1村", "", "", ""), ("H2", "钱测二", "", "", 118.815, 36.405)]
    path = write_csv(tmp_path / "households.csv", ["户编号", "户主姓名", "行政村", "自然村", "经度", "纬度"], rows)
    areas = write_csv(tmp_path / "areas.csv", ["code", "name", "level"], [(TOWNSHIP, "测试镇", "township")])
    store.load("areas", areas)
    assert store.load("households", path, area=TOWNSHIP).refused == 0
    store.township(tmp_path)
    assert store.rows("select h.code, v.code from household h join area v on v.id = h.village_id order by 1") == [
        ("H1", VILLAGES[0]),
        ("H2", VILLAGES[1]),
    ]


def test_natural_villages_join_by_name_or_alias_inside_their_village(township: Store, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "natural.csv",
        ["自然村", "行政村", "别名", "级别"],
        [
            ("东庄", "测试1村", "东庄子、老东庄", "自然村"),
            ("东庄", "测试2村", "", "自然村"),
            ("西庄", "没有的村", "", "自然村"),
        ],
    )
    report = township.load("areas", path, area=TOWNSHIP)
    assert (report.accepted, report.refused) == (2, 1)
    assert township.rows("select code from area where level = 'natural_village' and name = '东庄' order by code") == [
        (VILLAGES[0] + "-N01",),
        (VILLAGES[1] + "-N01",),
    ]
    again = township.load("areas", path, area=TOWNSHIP)
    assert again.counts["inserted"] == 0
    households(
        township,
        tmp_path,
        [("H1", "赵测一", "测试1村", "老东庄", "", ""), ("H2", "钱测二", "", "东庄", 118.815, 36.405)],
    )
    found = township.rows("select h.code, s.code from household h join area s on s.id = h.group_id order by 1")
    assert found == [("H1", VILLAGES[0] + "-N01"), ("H2", VILLAGES[1] + "-N01")]


def test_grids_without_a_number_are_numbered_from_west_to_east(township: Store, tmp_path: Path) -> None:
    layer = [({"name": "东"}, square_ring(118.825, 118.83)), ({"name": "西"}, square_ring(118.82, 118.825))]
    path = write_geojson(tmp_path / "grids.geojson", layer)
    report = township.load("areas", path, area=TOWNSHIP, level="grid")
    assert report.refused == 0
    found = township.rows(
        "select code, name from grid where code like :village order by code", village=VILLAGES[2] + "%"
    )
    assert found == [(VILLAGES[2] + "001", "西"), (VILLAGES[2] + "002", "东")]
    assert township.load("areas", path, area=TOWNSHIP, level="grid").counts["unchanged"] == 2


def test_an_area_without_an_official_code_gets_a_local_one_under_the_area_given(
    township: Store, tmp_path: Path
) -> None:
    path = write_geojson(tmp_path / "village.geojson", [({"name": "飞地村"}, square_ring(118.90, 118.91))])
    refused = township.load("areas", path)
    assert (refused.accepted, refused.refused) == (0, 1)
    assert "--level" in refused.problems[0].reason.zh
    assert township.load("areas", path, area=TOWNSHIP, level="village").accepted == 1
    assert township.rows("select code from area where name = '飞地村'") == [(TOWNSHIP + "900",)]
    assert township.load("areas", path, area=TOWNSHIP, level="village").counts["unchanged"] == 1


def test_one_code_with_two_names_is_refused_and_a_new_name_leaves_the_old_as_alias(
    store: Store, tmp_path: Path
) -> None:
    store.township(tmp_path)
    path = write_csv(tmp_path / "two.csv", ["code", "name"], [(VILLAGES[0], "甲村"), (VILLAGES[0], "乙村")])
    report = store.load("areas", path)
    assert (report.accepted, report.refused) == (1, 1)
    assert "两个名称" in report.problems[0].reason.zh
    assert store.rows("select name from area where code = :code", code=VILLAGES[0]) == [("甲村",)]
    assert ("测试1村",) in store.rows(
        "select x.name from area_alias x join area a on a.id = x.area_id where a.code = :code", code=VILLAGES[0]
    )
    assert any("改名" in warning.reason.zh for warning in report.warnings)


def test_a_code_that_does_not_fit_its_level_is_refused(store: Store, tmp_path: Path) -> None:
    rows = [("99010100", "短村", "village"), ("990101", "测试县", "county")]
    report = store.load("areas", write_csv(tmp_path / "short.csv", ["code", "name", "level"], rows))
    assert (report.accepted, report.refused) == (1, 1)
    assert report.problems[0].found == "99010100"


def test_an_unknown_area_stops_the_import(store: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "h.csv", ["户编号", "户主姓名"], [("H1", "赵测一")])
    with pytest.raises(CodeUnknown):
        store.load("households", path, area="123456789")
    assert store.one("select count(*) from batch") == 0


def test_a_name_too_long_to_be_one_is_refused(store: Store, tmp_path: Path) -> None:
    rows = [(TOWNSHIP, "长" * 3000, "township"), ("990101", "测试县", "county")]
    report = store.load("areas", write_csv(tmp_path / "long.csv", ["code", "name", "level"], rows))
    assert (report.accepted, report.refused) == (1, 1)
