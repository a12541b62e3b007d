"""Rows without coordinates: village and natural village by their words, never by a guess; and how rows give a place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from data.db import owner_session
from data.recheck import recheck
from geo.crs import lonlat_of, parse_system
from tests.database.importing import TOWNSHIP, VILLAGES, Store, opened, write_csv

HEAD = ["户编号", "户主姓名", "行政村", "自然村", "家庭住址", "经度", "纬度"]
HAMLETS = [
    ("东庄", "测试1村", "东庄子", "自然村", 118.803, 36.404),
    ("西庄", "测试1村", "", "自然村", 118.807, 36.404),
    ("东庄", "测试2村", "", "自然村", 118.813, 36.404),
    ("柳树沟", "测试2村", "", "自然村", 118.817, 36.404),
]
ROWS = [
    ("G1", "赵测一", "测试1村", "东庄子", "", "", ""),
    ("G2", "钱测二", "测试2村村委会", "", "", "", ""),
    ("G3", "孙测三", "", "", "东庄5号", "", ""),  # in two villages
    ("G4", "李测四", "", "", "柳树沟12号", "", ""),
    ("G5", "周测五", "", "", "柳树勾12号", "", ""),  # a near spelling alone
    ("G6", "吴测六", "测试2村", "", "柳树勾12号", "", ""),  # the village is sure, the natural village is not
    ("G7", "郑测七", "", "", "", "", ""),
    ("G8", "王测八", "测试1村", "", "", 118.815, 36.405),  # the coordinates lie in village 2
    ("G9", "冯测九", "没有的村", "", "", "", ""),
]
STORED = """
    select h.code, right(v.code, 1), g.name, h.quality, h.placed_by, h.geom is null from household h
    left join area v on v.id = h.village_id left join area g on g.id = h.group_id order by h.code"""
EXPECTED = [
    ("G1", "1", "东庄", 5, "address", True),
    ("G2", "2", None, 6, "address", True),
    ("G3", None, None, 7, None, True),
    ("G4", "2", "柳树沟", 5, "address", True),
    ("G5", None, None, 7, None, True),
    ("G6", "2", None, 6, "address", True),
    ("G7", None, None, 7, None, True),
    ("G8", "2", None, 3, "import", False),
    ("G9", None, None, 7, None, True),
]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("fangtu_test_import_geocoding") as made:
        yield made


@pytest.fixture
def township(store: Store, tmp_path: Path) -> Store:
    store.empty()
    store.township(tmp_path)
    head = ["自然村", "行政村", "别名", "级别", "经度", "纬度"]
    store.load("areas", write_csv(tmp_path / "hamlets.csv", head, HAMLETS), area=TOWNSHIP)
    return store


def drift(store: Store) -> dict[str, int]:
    with owner_session(store.engine) as session:
        return recheck(session)["checks"]


def test_words_place_a_household_as_far_as_they_are_clear(township: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "ledger.csv", HEAD, ROWS)
    report = township.load("households", path, area=TOWNSHIP)
    assert report.refused == 0
    assert township.rows(STORED) == EXPECTED
    names = ("placed_by_hamlet", "placed_by_village", "ambiguous", "near_spelling", "unknown", "contradicts_place")
    assert [report.counts[name] for name in names] == [2, 2, 1, 1, 2, 1]
    assert report.counts["unplaced"] == 8
    told = {(warning.row, warning.code) for warning in report.warnings}
    assert {(9, "village_contradicts_place"), (4, "village_ambiguous"), (10, "village_unknown")} <= told
    assert township.rows("select stated_hamlet from household where code = 'G1'") == [("东庄子",)]
    # Jurisdiction and coverage follow the village, with or without a position.
    assert township.rows("select jur from household where code in ('G1', 'G4') order by code") == [
        (int(VILLAGES[0] + "000"),),
        (int(VILLAGES[1] + "000"),),
    ]
    assert township.rows("select sum(eligible)::int from coverage") == [(9,)]
    assert drift(township) == dict.fromkeys(drift(township), 0)


def test_the_same_words_again_change_nothing(township: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "ledger.csv", HEAD, ROWS)
    township.load("households", path, area=TOWNSHIP)
    before = township.rows("select * from household order by id")
    again = township.load("households", path, area=TOWNSHIP)
    assert again.counts["unchanged"] == len(ROWS)
    assert township.rows("select * from household order by id") == before


def test_what_a_person_decided_stands_against_the_address(township: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "ledger.csv", HEAD, ROWS)
    township.load("households", path, area=TOWNSHIP)
    with owner_session(township.engine) as session:
        session.execute(
            text("""
                update household h
                   set village_id = a.id, jur = a.jur, quality = 6, placed_by = 'person', group_id = null
                  from area a where a.code = :code and h.code in ('G1', 'G3')"""),
            {"code": VILLAGES[2]},
        )
    before = township.rows("select * from household order by id")
    township.load("households", path, area=TOWNSHIP)
    assert township.rows("select * from household order by id") == before


def test_a_position_that_comes_later_takes_house_and_site_along(township: Store, tmp_path: Path) -> None:
    township.load("households", write_csv(tmp_path / "ledger.csv", HEAD, ROWS), area=TOWNSHIP)
    township.load(
        "houses",
        write_csv(tmp_path / "houses.csv", ["房屋编号", "户编号"], [("F1", "G1"), ("F3", "G3")]),
        area=TOWNSHIP,
    )
    township.load(
        "sites",
        write_csv(tmp_path / "s.csv", ["改造编号", "户编号", "改造方式"], [("S1", "G1", "修缮加固")]),
        area=TOWNSHIP,
    )
    places = """
        select f.code, f.geom is null, f.quality, f.placed_by, f.village_id is not distinct from h.village_id
          from (select code, geom, quality, placed_by, village_id, household_id from house
                union all select code, geom, quality, placed_by, village_id, household_id from renovation_site) f
          join household h on h.id = f.household_id order by 1"""
    assert township.rows(places) == [
        ("F1", True, 5, None, True),
        ("F3", True, 7, None, True),
        ("S1", True, 5, None, True),
    ]
    placed = [(*ROWS[0][:5], 118.8031, 36.4041)]
    township.load("households", write_csv(tmp_path / "placed.csv", HEAD, placed), area=TOWNSHIP)
    assert township.rows(places) == [
        ("F1", False, 3, "household", True),
        ("F3", True, 7, None, True),
        ("S1", False, 3, "household", True),
    ]


def test_a_house_of_nobody_known_is_placed_by_its_village(township: Store, tmp_path: Path) -> None:
    rows = [("F1", "测试3村", ""), ("F2", "", "柳树沟12号"), ("F3", "", "东庄5号")]
    path = write_csv(tmp_path / "houses.csv", ["房屋编号", "行政村", "房屋地址"], rows)
    township.load("houses", path, area=TOWNSHIP)
    found = "select f.code, right(v.code, 1), f.quality from house f left join area v on v.id = f.village_id order by 1"
    assert township.rows(found) == [("F1", "3", 6), ("F2", "2", 6), ("F3", None, 7)]
    before = township.rows("select * from house order by id")
    assert township.load("houses", path, area=TOWNSHIP).counts["unchanged"] == 3
    assert township.rows("select * from house order by id") == before


@pytest.mark.parametrize(
    ("head", "cells", "options"),
    [
        (["经度", "纬度"], ("118°48′09″E", "北纬36.405"), {}),
        (["坐标"], ("118.8025,36.405",), {}),
        (["坐标"], ("N36.405 E118.8025",), {}),
        (["坐标"], ("36.405,118.8025",), {"swapped": True}),
        (["经度", "纬度"], (36.405, 118.8025), {"swapped": True}),
    ],
)
def test_a_place_is_read_as_people_write_it(
    township: Store, tmp_path: Path, head: list[str], cells: tuple[object, ...], options: dict[str, object]
) -> None:
    mapping = {"坐标": "lonlat"} if "坐标" in head else {}
    path = write_csv(tmp_path / "p.csv", ["户编号", "户主姓名", *head], [("P1", "赵测一", *cells)])
    report = township.load("households", path, area=TOWNSHIP, mapping=mapping, **options)
    assert report.refused == 0
    ((lon, lat),) = township.rows("select st_x(geom), st_y(geom) from household")
    assert (lon, lat) == pytest.approx((118.8025, 36.405), abs=1e-9)


def test_a_place_of_zeros_or_exchanged_axes_is_refused_by_its_rule(township: Store, tmp_path: Path) -> None:
    rows = [
        ("P1", "赵测一", 0, 0),
        ("P2", "钱测二", 36.405, 118.802),
        ("P3", "孙测三", 118.802, ""),
        ("P4", "李测四", 400, 36),
    ]
    path = write_csv(tmp_path / "p.csv", ["户编号", "户主姓名", "经度", "纬度"], rows)
    report = township.load("households", path, area=TOWNSHIP)
    assert [(problem.row, problem.code) for problem in report.problems] == [
        (2, "coordinate_zero"),
        (3, "coordinate_swapped"),
        (4, "coordinate_nowhere"),
        (5, "coordinate_nowhere"),
    ]


@pytest.mark.parametrize(("crs", "x", "y"), [("gcj02", 118.8079, 36.4055), ("gk:117", 661537.0, 4030000.0)])
def test_each_row_keeps_the_system_its_place_came_in(
    township: Store, tmp_path: Path, crs: str, x: float, y: float
) -> None:
    path = write_csv(tmp_path / "p.csv", ["户编号", "户主姓名", "经度", "纬度"], [("P1", "赵测一", x, y)])
    township.load("households", path, area=TOWNSHIP, crs=crs)
    system = parse_system(crs)
    lon, lat = lonlat_of([x], [y], system)
    found = township.rows("select st_x(geom), st_y(geom), source_system from household")
    assert found == [(pytest.approx(lon[0]), pytest.approx(lat[0]), system.name)]
