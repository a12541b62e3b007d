"""Houses from ledgers and OpenStreetMap, their appraisals, renovation sites, and the base map."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.imports.report import ImportRefused
from data.renovation.gates import advance
from tests.database.importing import TOWNSHIP, VILLAGES, Store, opened, square_ring, write_csv, write_geojson

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("fangtu_test_import_houses") as made:
        yield made


@pytest.fixture(autouse=True)
def _empty(store: Store) -> None:
    store.empty()


@pytest.fixture
def township(store: Store, tmp_path: Path) -> Store:
    store.township(tmp_path)
    return store


def households(store: Store, folder: Path) -> None:
    rows = [("H1", "赵测一", 118.802, 36.405), ("H2", "钱测二", 118.815, 36.405)]
    path = write_csv(folder / "households.csv", ["户编号", "户主姓名", "经度", "纬度"], rows)
    store.load("households", path, area=TOWNSHIP)


def test_outlines_of_a_mapped_village_become_houses(store: Store) -> None:
    report = store.load("houses", DATA / "osm_village_germany.osm")
    assert (report.read, report.accepted, report.refused) == (32, 32, 0)
    assert report.ignored == 2  # two buildings whose outline is cut off
    assert store.one("select count(*) from house where outline is not null and household_id is null") == 32
    assert store.one("select bool_and(st_covers(outline, geom)) from house")
    assert store.one("select count(*) from house where address like '% %'") > 10
    assert store.one("select bool_and(natural_key like 'osm:%') from house")
    again = store.load("houses", DATA / "osm_village_germany.osm")
    assert (again.counts["inserted"], again.counts["unchanged"]) == (0, 32)
    base = store.load("base", DATA / "osm_village_germany.osm")
    assert base.refused == 0
    assert store.one("select count(*) from base_feature where kind like 'road%'") > 0
    assert store.load("base", DATA / "osm_village_germany.osm").counts["inserted"] == 0


@pytest.mark.outside_data
def test_a_whole_country_extract_becomes_houses(store: Store, shared_data: Path) -> None:
    report = store.load("houses", shared_data / "liechtenstein.osm.pbf")
    assert report.read == report.accepted == 8993 - 0
    assert store.one("select count(*) from house") == 8993
    base = store.load("base", shared_data / "liechtenstein.osm.pbf")
    assert base.accepted > 5000


def test_a_house_belongs_to_the_household_it_names_and_its_grade_is_an_appraisal(
    township: Store, tmp_path: Path
) -> None:
    households(township, tmp_path)
    headings = ["房屋编号", "户编号", "鉴定等级", "鉴定日期", "结构类型", "建成年份", "经度", "纬度"]
    rows = [
        ("F1", "H1", "C级", "2025-05-01", "砖木", "1985年", 118.8021, 36.4051),
        ("F2", "H2", "D级危房", "2025.6", "土木", "", "", ""),  # stands where its household is
        ("F3", "H404", "未鉴定", "", "", "", 118.825, 36.405),
        ("F4", "H1", "E", "", "", "", "", ""),
    ]
    path = write_csv(tmp_path / "houses.csv", headings, rows)
    report = township.load("houses", path, area=TOWNSHIP)
    assert (report.accepted, report.refused, report.counts["unmatched"]) == (3, 1, 1)
    assert "鉴定等级" in (report.problems[0].column or "")
    found = township.rows("""
        select f.code, h.code, f.grade, f.jur = h.jur, f.built_year, f.placed_by from house f
        left join household h on h.id = f.household_id order by f.code""")
    assert found == [
        ("F1", "H1", "C", True, 1985, "import"),
        ("F2", "H2", "D", True, None, "household"),
        ("F3", None, None, None, None, "import"),
    ]
    assert township.rows("select result, appraised_on::text from appraisal order by house_id") == [
        ("C", "2025-05-01"),
        ("D", "2025-06-01"),
    ]
    assert (
        township.one("select v.code from house f join area v on v.id = f.village_id where f.code = 'F3'") == VILLAGES[2]
    )
    again = township.load("houses", path, area=TOWNSHIP)
    assert (again.counts["unchanged"], again.counts["appraised"]) == (3, 0)
    later = write_csv(
        tmp_path / "later.csv", headings[:4], [("F1", "H1", "D", "2026-03-01"), ("F2", "H2", "C", "2020-01-01")]
    )
    township.load("houses", later, area=TOWNSHIP)
    # The latest appraisal decides, whatever order they come in; the older ones stay.
    assert township.rows("select code, grade from house where grade is not null order by code") == [
        ("F1", "D"),
        ("F2", "D"),
    ]
    assert township.one("select count(*) from appraisal") == 4


def test_houses_that_come_before_their_households_are_joined_later(township: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "houses.csv", ["房屋编号", "户编号", "等级"], [("F1", "H1", "C"), ("F2", "H2", "")])
    assert township.load("houses", path, area=TOWNSHIP).counts["unmatched"] == 2
    households(township, tmp_path)
    found = township.rows("""
        select f.code, h.code, f.jur = h.jur, f.geom = h.geom from house f
        join household h on h.id = f.household_id order by 1""")
    assert found == [("F1", "H1", True, True), ("F2", "H2", True, True)]


def test_an_outline_layer_keeps_the_outline_and_a_point_inside_it(township: Store, tmp_path: Path) -> None:
    households(township, tmp_path)
    ring = square_ring(118.8021, 118.8022, 36.4051, 36.4052)
    path = write_geojson(tmp_path / "houses.geojson", [({"房屋编号": "F1", "户编号": "H1"}, ring)])
    township.load("houses", path, area=TOWNSHIP)
    assert township.rows("select st_npoints(outline), st_covers(outline, geom) from house") == [(5, True)]


def test_sites_take_place_and_jurisdiction_from_household_and_house(township: Store, tmp_path: Path) -> None:
    households(township, tmp_path)
    houses = write_csv(tmp_path / "houses.csv", ["房屋编号", "户编号", "等级"], [("F1", "H1", "D")])
    township.load("houses", houses, area=TOWNSHIP)
    headings = ["改造编号", "户编号", "房屋编号", "改造方式", "改造前等级", "批准日期", "开工日期", "竣工日期"]
    rows = [
        ("G1", "H1", "F1", "拆除重建", "D", "2025-03-01", "2025-04-01", ""),
        ("G2", "H2", "", "修缮加固", "C级", "", "", ""),
        ("G3", "H2", "", "交钥匙", "", "", "", ""),
        ("G4", "H2", "", "推倒", "", "", "", ""),
        ("G5", "H404", "", "修缮加固", "C", "2025-03-01", "", ""),
    ]
    path = write_csv(tmp_path / "sites.csv", headings, rows)
    report = township.load("sites", path, area=TOWNSHIP)
    assert (report.accepted, report.refused, report.counts["unmatched"]) == (4, 1, 1)
    found = township.rows("""
        select r.code, r.method, r.stage, f.code, r.geom = h.geom, r.jur = h.jur from renovation_site r
        left join household h on h.id = r.household_id left join house f on f.id = r.house_id order by r.code""")
    assert found == [
        ("G1", "rebuild", "started", "F1", True, True),
        ("G2", "repair", "found", None, True, True),
        ("G3", "turn_key", "found", None, True, True),
        ("G5", "repair", "approved", None, None, None),
    ]
    assert township.load("sites", path, area=TOWNSHIP).counts["unchanged"] == 4


def test_sites_without_the_column_of_methods_are_refused_as_a_whole(township: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "sites.csv", ["改造编号", "户编号"], [("G1", "H1")])
    with pytest.raises(ImportRefused) as refused:
        township.load("sites", path, area=TOWNSHIP)
    assert "--map" in refused.value.text.zh


def test_a_base_feature_of_an_unknown_kind_is_refused_by_name(store: Store, tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[118.8, 36.4], [118.81, 36.41]]}
    layer = [({"kind": "road_main", "name": "测试路"}, line), ({"kind": "unicorn"}, line), ({"kind": "water"}, None)]
    report = store.load("base", write_geojson(tmp_path / "base.geojson", layer))
    assert (report.accepted, report.refused) == (1, 2)
    assert report.problems[0].found == "unicorn"


def test_a_site_kept_gate_by_gate_is_not_moved_by_a_ledger(township: Store, tmp_path: Path) -> None:
    households(township, tmp_path)
    ledger = ["改造编号", "户编号", "改造方式", "改造前等级", "阶段", "批准日期", "备注"]
    path = write_csv(tmp_path / "sites.csv", ledger, [("G1", "H1", "修缮加固", "C", "批准", "2026-05-01", "")])
    township.load("sites", path, area=TOWNSHIP)
    with Session(township.engine) as session, session.begin():
        site = session.scalars(text("select id from renovation_site")).one()
        advance(session, None, site, "agreed", on_day=date(2026, 5, 4))
    path = write_csv(
        tmp_path / "sites.csv", ledger, [("G1", "H1", "拆除重建", "D", "打卡发放", "2026-04-01", "记一笔")]
    )
    report = township.load("sites", path, area=TOWNSHIP)
    assert (report.accepted, [one.row for one in report.warnings]) == (1, [2])
    assert "逐环节办理" in report.warnings[0].reason.zh
    with Session(township.engine) as session:
        row = session.execute(
            text("select stage, method, grade_before, approved_on, remark from renovation_site")
        ).one()
    assert tuple(row) == ("agreed", "repair", "C", date(2026, 5, 1), "记一笔")
