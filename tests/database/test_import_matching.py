"""Houses, households and buildings that belong together: joined where nothing else could be meant, else left apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from data.db import owner_session
from data.exports import export_file
from data.imports.undo import undo_batch
from tests.database.importing import TOWNSHIP, VILLAGES, Store, opened, square_ring, write_csv, write_geojson
from tests.database.store_dump import differences, dump

ZHAO = "110105194912310003"  # nobody's number
METRE = 1 / 111_320  # degrees of latitude
LAT = 36.405


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("fangtu_test_import_matching") as made:
        yield made


@pytest.fixture
def township(store: Store, tmp_path: Path) -> Store:
    store.empty()
    store.township(tmp_path)
    return store


def households(store: Store, folder: Path, rows: Sequence[Sequence[Any]], **options: Any) -> None:
    head = ["户编号", "户主姓名", "身份证号", "行政村", "门牌号", "经度", "纬度"]
    store.load("households", write_csv(folder / "households.csv", head, rows), area=TOWNSHIP, **options)


def owners(store: Store) -> dict[str, str | None]:
    return dict(store.rows("select f.code, h.code from house f left join household h on h.id = f.household_id"))  # type: ignore[arg-type]


def test_houses_without_a_code_of_their_household_find_it_by_number_or_by_name_and_address(
    township: Store, tmp_path: Path
) -> None:
    households(
        township,
        tmp_path,
        [
            ("H1", "赵测一", ZHAO, "测试1村", "3", "", ""),
            ("H2", "钱测二", "", "测试1村", "5", "", ""),
            ("H3", "钱测二", "", "测试2村", "5", "", ""),
            ("H4", "孙测三", "", "测试1村", "7", "", ""),
            ("H5", "孙测三", "", "测试1村", "7", "", ""),
        ],
    )
    head = ["房屋编号", "户主姓名", "身份证号", "行政村", "门牌号"]
    rows = [
        ("F1", "", ZHAO, "", ""),
        ("F2", "钱测二", "", "测试1村", "5"),
        ("F3", "钱测二", "", "", "5"),  # in which village?
        ("F4", "孙测三", "", "测试1村", "7"),  # two of that name at that door
        ("F5", "钱测二", "", "测试1村", "9"),  # another door
    ]
    path = write_csv(tmp_path / "houses.csv", head, rows)
    report = township.load("houses", path, area=TOWNSHIP)
    assert (report.counts["matched_by_number"], report.counts["matched_by_name"]) == (1, 1)
    assert owners(township) == {"F1": "H1", "F2": "H2", "F3": None, "F4": None, "F5": None}
    before = township.rows("select * from house order by id")
    assert township.load("houses", path, area=TOWNSHIP).counts["unchanged"] == 5
    assert township.rows("select * from house order by id") == before
    assert ZHAO not in str(township.rows("select f::text from house f"))


def test_houses_are_joined_by_place_only_where_nothing_else_is_near(township: Store, tmp_path: Path) -> None:
    def at(metres: float, lon: float) -> tuple[float, float]:
        return lon, LAT + metres * METRE

    households(
        township,
        tmp_path,
        [
            ("H1", "赵测一", "", "", "", *at(0, 118.801)),
            ("H2", "钱测二", "", "", "", *at(0, 118.802)),
            ("H3", "孙测三", "", "", "", *at(18, 118.803)),
            ("H4", "李测四", "", "", "", *at(0, 118.804)),
            ("H5", "周测五", "", "", "", *at(18, 118.804)),
            ("H6", "吴测六", "", "", "", *at(0, 118.806)),
        ],
    )
    head = ["房屋编号", "户编号", "经度", "纬度"]
    rows = [
        ("F1", "", *at(12, 118.801)),  # alone and near
        ("F2", "", *at(16, 118.802)),  # too far
        ("F3", "", *at(8, 118.803)),  # 10 m from H3
        ("F4", "", *at(8, 118.804)),  # 8 m from H4, 10 m from H5
        ("F6", "H404", *at(3, 118.806)),  # says that it is another household's
    ]
    path = write_csv(tmp_path / "houses.csv", head, rows)
    report = township.load("houses", path, area=TOWNSHIP)
    assert report.counts["matched_by_place"] == 2
    assert owners(township) == {"F1": "H1", "F2": None, "F3": "H3", "F4": None, "F6": None}
    assert township.rows("select f.jur = h.jur from house f join household h on h.id = f.household_id") == [(True,)] * 2
    before = township.rows("select * from house order by id")
    assert township.load("houses", path, area=TOWNSHIP).counts["unchanged"] == 5
    assert township.rows("select * from house order by id") == before
    exported = tmp_path / "houses.xlsx"
    assert export_file(township.engine, "houses", exported, area=TOWNSHIP) == 5
    assert township.load("houses", exported, area=TOWNSHIP).counts["unchanged"] == 5
    assert township.rows("select * from house order by id") == before


def test_households_that_come_later_find_the_house_that_stands_there(township: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "houses.csv", ["房屋编号", "经度", "纬度"], [("F1", 118.801, LAT)])
    township.load("houses", path, area=TOWNSHIP)
    head = ["户编号", "户主姓名", "经度", "纬度"]
    rows = [("H1", "赵测一", 118.80101, LAT)]
    report = township.load("households", write_csv(tmp_path / "h.csv", head, rows), area=TOWNSHIP)
    assert report.counts["matched_by_place"] == 1
    assert owners(township) == {"F1": "H1"}


def test_nothing_is_joined_across_the_area_of_an_import(township: Store, tmp_path: Path) -> None:
    households(township, tmp_path, [("H1", "赵测一", ZHAO, "", "", 118.81002, LAT)])  # just inside village 2
    head = ["房屋编号", "身份证号", "经度", "纬度"]
    rows = [("F1", "", 118.80998, LAT), ("F2", ZHAO, "", "")]
    report = township.load("houses", write_csv(tmp_path / "houses.csv", head, rows), area=VILLAGES[0])
    assert (report.counts["matched_by_place"], report.counts["matched_by_number"]) == (0, 0)
    assert owners(township) == {"F1": None, "F2": None}


def test_a_house_takes_the_outline_of_the_building_it_is(township: Store, tmp_path: Path) -> None:
    def building(name: str, west: float) -> tuple[dict[str, str], list[list[float]]]:
        return {"kind": "building", "name": name}, square_ring(west, west + 0.0001, 36.4050, 36.4051)

    layer = [building("one", 118.8010), building("two", 118.8020), building("three", 118.8030)]
    township.load("base", write_geojson(tmp_path / "base.geojson", layer), area=TOWNSHIP)
    head = ["房屋编号", "经度", "纬度"]
    rows = [
        ("F1", 118.80105, 36.40505),  # inside
        ("F2", 118.80205, 36.40517),  # 8 m north of it
        ("F3", 118.80303, 36.40505),  # two in one building
        ("F4", 118.80307, 36.40505),
        ("F5", 118.80405, 36.40505),  # none near
    ]
    path = write_csv(tmp_path / "houses.csv", head, rows)
    report = township.load("houses", path, area=TOWNSHIP)
    assert report.counts["outlined"] == 2
    found = township.rows("""
        select f.code, b.name, st_x(f.geom), st_y(f.geom) from house f
        left join base_feature b on st_equals(b.geom, f.outline) order by f.code""")
    assert [(code, building) for code, building, _, _ in found] == [
        ("F1", "one"), ("F2", "two"), ("F3", None), ("F4", None), ("F5", None),
    ]  # fmt: skip
    assert [place for _, _, *place in found] == [[lon, lat] for _, lon, lat in rows]
    before = township.rows("select * from house order by id")
    for format in ("csv", "geojson", "gpkg"):
        exported = tmp_path / f"out.{format}"
        export_file(township.engine, "houses", exported, area=TOWNSHIP, format=format)
        assert township.load("houses", exported, area=TOWNSHIP).counts["unchanged"] == 5
        assert township.rows("select * from house order by id") == before
    assert township.load("houses", path, area=TOWNSHIP).counts["unchanged"] == 5
    assert township.rows("select * from house order by id") == before


def test_taking_a_batch_back_takes_what_it_joined_apart(township: Store, tmp_path: Path) -> None:
    square = square_ring(118.8010, 118.8011, 36.4050, 36.4051)
    layer = write_geojson(tmp_path / "base.geojson", [({"kind": "building"}, square)])
    township.load("base", layer, area=TOWNSHIP)
    households(township, tmp_path, [("H1", "赵测一", ZHAO, "", "", 118.80105, 36.40505)])
    with township.engine.connect() as connection:
        before = dump(connection)
    head = ["房屋编号", "身份证号", "经度", "纬度"]
    rows = [("F1", "", 118.80106, 36.40505), ("F2", ZHAO, "", "")]
    report = township.load("houses", write_csv(tmp_path / "houses.csv", head, rows), area=TOWNSHIP)
    # The number finds the household first; what has a house is not joined by place.
    assert (report.counts["matched_by_number"], report.counts["matched_by_place"], report.counts["outlined"]) == (
        1,
        0,
        1,
    )
    assert report.batch is not None
    with owner_session(township.engine) as session:
        undo_batch(session, report.batch)
    with township.engine.connect() as connection:
        assert differences(before, dump(connection)) == {}
    houses = write_csv(tmp_path / "one.csv", head, rows[:1])
    township.load("houses", houses, area=TOWNSHIP)
    with township.engine.connect() as connection:
        before = dump(connection)
    assert owners(township) == {"F1": "H1"}
    later = write_csv(
        tmp_path / "later.csv", ["户编号", "户主姓名", "经度", "纬度"], [("H1", "赵测一", 118.8019, 36.405)]
    )
    report = township.load("households", later, area=TOWNSHIP)
    assert report.batch is not None
    with owner_session(township.engine) as session:
        undo_batch(session, report.batch)
    with township.engine.connect() as connection:
        assert differences(before, dump(connection)) == {}
