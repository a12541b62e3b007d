"""An account's import reaches nothing outside its area: not by place, code, number, name, boundary or what follows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from data.areas import number_range
from data.db import owner_session
from data.imports.limits import OutsideArea
from data.imports.report import ImportRefused, ImportReport
from data.recheck import recheck
from tests.database.importing import TOWNSHIP, VILLAGES, Store, opened, square_ring, write_csv, write_geojson
from tests.database.rich_town import HOUSEHOLDS, HOUSES, LEDGER, NEIGHBOUR, NEIGHBOUR_VILLAGE, SITES, VISITS, build
from tests.township import PLAN

LOW, HIGH = number_range(TOWNSHIP)
COUNTY = TOWNSHIP[:6]
_JUR_TABLES = (
    "household", "house", "appraisal", "renovation_site", "visit", "base_feature", "standing", "coverage"
)  # fmt: skip
_RANGE_TABLES = ("area", "area_alias", "grid", "campaign", "round")
NEIGHBOURS_ID = "340299199001030044"
Write = Callable[[Path], Path]


def table(headings: list[str], *rows: tuple[Any, ...]) -> Write:
    """Writes a csv."""
    return lambda folder: write_csv(folder / "sent.csv", headings, rows)


def layer(*features: tuple[dict[str, Any], Any]) -> Write:
    """Writes a map layer."""
    return lambda folder: write_geojson(folder / "sent.geojson", features)


class Town:
    """Two townships; the imports are those of the first one's supervisor."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        build(store, folder)
        self.account = store.account("limits_tester", "测试录入员", TOWNSHIP)
        plan = folder / "neighbour.toml"
        plan.write_text(PLAN.replace("test-2026", "neighbour-2026"), encoding="utf-8")
        there = {"area": NEIGHBOUR}
        store.load("campaigns", plan, **there)
        people = [
            ("N2", "褚邻二", NEIGHBOURS_ID, "13700137000", "邻测村", "", "二号", 118.836, 36.405, ""),
            ("M1", "卫邻三", "", "", "邻测村", "", "三号", 118.837, 36.405, ""),
        ]
        store.load("households", write_csv(folder / "n.csv", HOUSEHOLDS, people), **there)
        houses = [("NF1", "N1", "D", "2025-01-01", "JGJ/T 363-2014", "土木", 50, 118.835, 36.405)]
        store.load("houses", write_csv(folder / "nf.csv", HOUSES, houses), **there)
        store.load("sites", write_csv(folder / "ns.csv", SITES, [("NG1", "N1", "NF1", "拆除重建", "", "")]), **there)
        visit = ("NV1", "N1", "共同走访员", "2026-05-01 09:00", "2026-05-01 09:40", "入户", "完成", 118.835, 36.405)
        store.load("visits", write_csv(folder / "nv.csv", VISITS, [visit]), campaign="neighbour-2026", **there)
        with store.engine.begin() as connection:
            # A household of ours that has moved over to the neighbour, and goes by our key.
            connection.execute(
                text("update household set natural_key = :key where code = 'M1'"), {"key": f"{TOWNSHIP}:M1"}
            )
        store.keep()
        self.outside_before = self.outside()
        self.inside_before = self.inside()

    def load(self, kind: str, write: Write, folder: Path, **options: Any) -> ImportReport:
        """Import as the supervisor."""
        given = {"area": TOWNSHIP, "within": ((LOW, HIGH),), "account_id": self.account} | options
        return self.store.load(kind, write(folder), **given)

    def outside(self) -> dict[str, list[str]]:
        """Every row that is not of the first township."""
        return self._rows(f"not (t.jur >= {LOW} and t.jur < {HIGH})", f"not (t.jur >= {LOW} and t.jur_end <= {HIGH})")

    def inside(self) -> dict[str, list[str]]:
        """Every row of the first township."""
        return self._rows(f"t.jur >= {LOW} and t.jur < {HIGH}", f"t.jur >= {LOW} and t.jur_end <= {HIGH}")

    def _rows(self, places: str, ranges: str) -> dict[str, list[str]]:
        where = dict.fromkeys(_JUR_TABLES, places) | dict.fromkeys(_RANGE_TABLES, ranges)
        return {
            name: [row[0] for row in self.store.rows(f"select t::text from {name} t where {what} order by 1")]
            for name, what in where.items()
        }


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with opened("fangtu_test_import_limits") as store:
        yield Town(store, tmp_path_factory.mktemp("towns"))


@pytest.fixture
def town(both: Town) -> Iterator[Town]:
    """Both townships as loaded; whatever a test does, nothing outside is to change."""
    if (both.outside(), both.inside()) != (both.outside_before, both.inside_before):
        both.store.bring_back()
    yield both
    assert both.outside() == both.outside_before
    with owner_session(both.store.engine) as session:
        assert recheck(session)["drift"] == 0


def refused(report: ImportReport) -> list[tuple[int | None, str | None]]:
    """Rows that were refused, and by which rule."""
    return [(problem.row, problem.code) for problem in report.problems]


def says_nothing_of_the_neighbour(report: ImportReport) -> bool:
    """Whether no word of the report is one of the neighbour's."""
    told = json.dumps([report.to_json("zh"), report.to_json("en")], ensure_ascii=False)
    return not any(word in told for word in ("邻测", "邻一", "邻二", "邻三", NEIGHBOUR, "neighbour-2026"))


def test_households_outside_are_refused_and_those_inside_taken(town: Town, tmp_path: Path) -> None:
    report = town.load(
        "households",
        table(
            HOUSEHOLDS,
            ("H20", "华测一", "", "", "测试1村", "", "十号", 118.802, 36.406, ""),
            ("H21", "华测二", "", "", "测试1村", "", "十一号", 118.835, 36.406, ""),  # its place is the neighbour's
            ("H1", "赵测一", "", "", "", "", "", 118.836, 36.406, ""),  # a stored one would move there
            ("M1", "卫测三", "", "", "测试1村", "", "", 118.802, 36.406, ""),  # the stored one lies there
        ),
        tmp_path,
    )
    assert sorted(refused(report)) == [(3, "outside_area"), (4, "outside_area"), (5, "outside_area")]
    assert len({problem.reason for problem in report.problems}) == 1
    assert {(problem.found, problem.column) for problem in report.problems} == {(None, None)}
    assert (report.accepted, report.counts["inserted"]) == (1, 1)
    assert says_nothing_of_the_neighbour(report)


def test_a_village_stated_by_its_code_outside_is_refused_wherever_the_place_is(town: Town, tmp_path: Path) -> None:
    row = ("H21", "华测二", "", "", NEIGHBOUR_VILLAGE, "", "十一号", 118.802, 36.406, "")
    assert refused(town.load("households", table(HOUSEHOLDS, row), tmp_path)) == [(2, "outside_area")]
    # So it is for an account of the county next door, whose keys would otherwise be those of the township named.
    row = ("H21", "华测二", "", "", "990102001001", "", "十一号", 118.802, 36.406, "")
    county = number_range(COUNTY)
    report = town.load("households", table(HOUSEHOLDS, row), tmp_path, area=COUNTY, within=(county,), account_id=None)
    assert refused(report) == [(2, "outside_area")]


def test_numbers_and_codes_of_others_are_as_good_as_unknown(town: Town, tmp_path: Path) -> None:
    """The neighbour's system number, household code and ID number find nothing, and are not said to exist."""
    own = town.store.one("select id from household where code = 'N1'")
    report = town.load(
        "households",
        table(
            ["系统编号", *HOUSEHOLDS],
            (own, "H22", "华测三", "", "", "测试1村", "", "十二号", 118.802, 36.406, ""),
            ("", "N1", "华测四", "", "", "测试1村", "", "十三号", 118.803, 36.406, ""),
            ("", "H23", "华测五", NEIGHBOURS_ID, "", "测试1村", "", "十四号", 118.804, 36.406, ""),
        ),
        tmp_path,
    )
    assert (report.accepted, report.refused, report.counts["inserted"]) == (3, 0, 3)
    assert says_nothing_of_the_neighbour(report)


FILES: dict[str, tuple[str, Write, dict[str, Any]]] = {
    "households": (
        "households",
        table(
            ["系统编号", *HOUSEHOLDS],
            ("{N1}", "H22", "华测三", "", "", "测试1村", "", "十二号", 118.802, 36.406, ""),
            ("", "N1", "褚邻二", NEIGHBOURS_ID, "13700137000", "测试1村", "", "二号", "", "", ""),
        ),
        {},
    ),
    "houses": (
        "houses",
        table(
            [*HOUSES, "户主姓名", "身份证号"],
            ("F21", "N1", "C", "2026-01-01", "", "砖混", 80, 118.802, 36.406, "", ""),
            ("NF1", "", "C", "2026-01-01", "", "砖混", 80, 118.803, 36.406, "", ""),
            ("F22", "", "C", "2026-01-01", "", "砖混", 80, 118.804, 36.406, "褚邻二", NEIGHBOURS_ID),
        ),
        {},
    ),
    "sites": (
        "sites",
        table(SITES, ("G21", "N1", "", "拆除重建", "", ""), ("G22", "", "NF1", "拆除重建", "", "")),
        {},
    ),
    "ledger": (
        "ledger",
        table(
            LEDGER,
            (
                "N1",
                "华测六",
                "测试1村",
                "六号",
                "NF1",
                "D",
                "2026-01-05",
                "砖木",
                80,
                "NG1",
                "拆除重建",
                3,
                118.802,
                36.406,
            ),
            ("H24", "褚邻二", "测试1村", "二号", "F24", "C", "2026-01-05", "砖木", 80, "", "", "", 118.803, 36.406),
        ),
        {},
    ),
    "visits": (
        "visits",
        table(
            VISITS,
            ("V21", "N1", "共同走访员", "2026-05-01 09:10", "2026-05-01 09:50", "入户", "完成", 118.802, 36.405),
            ("V22", "H1", "共同走访员", "2026-05-01 09:05", "2026-05-01 09:45", "入户", "完成", 118.802, 36.405),
        ),
        {},
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_report_is_the_same_whether_or_not_the_neighbour_has_such_records(
    town: Town, tmp_path: Path, name: str
) -> None:
    kind, write, options = FILES[name]
    path = write(tmp_path)
    own = town.store.one("select id from household where code = 'N1'")
    path.write_text(path.read_text(encoding="utf-8-sig").replace("{N1}", str(own)), encoding="utf-8")
    there = town.load(kind, lambda folder: path, tmp_path, dry_run=True, **options)
    assert says_nothing_of_the_neighbour(there)
    with town.store.engine.begin() as connection:
        for gone in ("standing", "renovation_site", "visit", "appraisal", "house", "household"):
            connection.execute(text(f"delete from {gone} where jur >= :low and jur < :high"), range_of(NEIGHBOUR))
    alone = town.load(kind, lambda folder: path, tmp_path, dry_run=True, **options)
    assert there.to_json("zh") == alone.to_json("zh")
    town.store.bring_back()


def range_of(code: str) -> dict[str, int]:
    """Range of an area as values of a query."""
    return dict(zip(("low", "high"), number_range(code), strict=True))


def test_a_ledger_row_outside_is_refused_with_all_its_parts(town: Town, tmp_path: Path) -> None:
    report = town.load(
        "ledger",
        table(
            LEDGER,
            (
                "H25",
                "华测七",
                "测试1村",
                "六号",
                "F25",
                "D",
                "2026-01-05",
                "砖木",
                80,
                "G25",
                "拆除重建",
                3,
                118.835,
                36.406,
            ),
            ("M1", "卫测三", "测试1村", "三号", "F26", "C", "2026-01-05", "砖木", 80, "", "", "", 118.803, 36.406),
        ),
        tmp_path,
    )
    assert sorted(refused(report)) == [(2, "outside_area"), (3, "outside_area")]
    assert (report.read, report.accepted, report.refused) == (2, 0, 2)
    assert town.inside() == town.inside_before


def test_houses_and_sites_join_no_household_outside(town: Town, tmp_path: Path) -> None:
    report = town.load(
        "houses",
        table(
            HOUSES,
            ("F21", "N1", "C", "2026-01-01", "", "砖混", 80, 118.802, 36.406),
            ("F22", "", "C", "2026-01-01", "", "砖混", 80, 118.8352, 36.406),
        ),
        tmp_path,
    )
    assert refused(report) == [(3, "outside_area")]
    sites = town.load("sites", table(SITES, ("G21", "N1", "NF1", "拆除重建", "", "")), tmp_path)
    assert sites.accepted == 1
    joined = "select household_id, house_id, jur / 1000000 from renovation_site where code = 'G21'"
    assert town.store.rows(joined) == [(None, None, int(TOWNSHIP))]
    assert town.store.one("select household_id from house where code = 'F21'") is None
    # An import of the operator later does not join them either: they came for one township.
    more = [("N9", "冯邻九", "", "", "邻测村", "", "九号", 118.8355, 36.405, "")]
    town.store.load("households", write_csv(tmp_path / "n9.csv", HOUSEHOLDS, more))
    assert town.store.rows("select household_id from house where code = 'F21'") == [(None,)]
    assert town.store.rows(joined) == [(None, None, int(TOWNSHIP))]
    town.store.bring_back()


def test_visits_count_for_no_household_outside_now_or_later(town: Town, tmp_path: Path) -> None:
    theirs = town.store.one("select id from visit where visitor = '共同走访员'")
    report = town.load(
        "visits",
        table(
            VISITS,
            ("V21", "N1", "共同走访员", "2026-05-01 09:10", "2026-05-01 09:50", "入户", "完成", 118.802, 36.405),
            ("V22", "", "共同走访员", "2026-05-01 10:10", "2026-05-01 10:50", "入户", "完成", 118.835, 36.405),
            (str(theirs), "H1", "共同走访员", "2026-05-01 11:10", "2026-05-01 11:50", "入户", "完成", "", ""),
        ),
        tmp_path,
        campaign="test-2026",
    )
    assert sorted(refused(report)) == [(3, "outside_area"), (4, "outside_area")]
    assert (report.accepted, report.counts["unmatched"]) == (1, 1)
    assert says_nothing_of_the_neighbour(report)
    # Whoever was at two places in two townships is doubted by neither of their imports.
    assert town.store.rows("select distinct suspect from visit where visitor = '共同走访员'") == [([],)]


def test_campaigns_of_others_are_unknown_to_a_register(town: Town, tmp_path: Path) -> None:
    row = ("V23", "H1", "甲", "2026-05-01 09:10", "2026-05-01 09:50", "入户", "完成", "", "", "neighbour-2026")
    report = town.load("visits", table([*VISITS, "行动"], row), tmp_path)
    assert report.refused == 1
    assert "neighbour-2026" not in str(report.problems[0].expected)
    with pytest.raises(ImportRefused) as unknown:
        town.load("visits", table(VISITS, row[:-1]), tmp_path, campaign="neighbour-2026")
    assert "现有：test-2026。" in unknown.value.text.zh


AREA_HEAD = ["code", "name", "level", "原代码", "parent_code"]
REACHING: dict[str, Write] = {
    "another name for its village": table(AREA_HEAD, (NEIGHBOUR_VILLAGE, "抢名村", "village", "", "")),
    "its code as an older one of ours": table(
        AREA_HEAD, (TOWNSHIP + "004", "新测村", "village", NEIGHBOUR_VILLAGE, "")
    ),
    "our own township's row": table(AREA_HEAD, (TOWNSHIP, "改名镇", "township", "", "")),
    "the county's row": table(AREA_HEAD, (COUNTY, "改名县", "county", "", "")),
    "a township that is not there": table(AREA_HEAD, ("990101077", "空测镇", "township", "", "")),
    "a natural village of its village": table(
        ["自然村", "级别", "code", "parent_code"], ("抢测庄", "自然村", NEIGHBOUR_VILLAGE + "-N01", NEIGHBOUR_VILLAGE)
    ),
    "a boundary on its land": layer(({"code": VILLAGES[2]}, square_ring(118.82, 118.838))),
    "its village's boundary": layer(({"code": NEIGHBOUR_VILLAGE}, square_ring(118.83, 118.84))),
    "a grid of its village": layer(({"code": NEIGHBOUR_VILLAGE + "001", "level": "grid"}, square_ring(118.83, 118.84))),
    "a centre on its land": layer(
        ({"name": "测试3村", "level": "village"}, {"type": "Point", "coordinates": [118.835, 36.405]})
    ),
}


@pytest.mark.parametrize("name", REACHING)
def test_areas_outside_cannot_be_touched(town: Town, tmp_path: Path, name: str) -> None:
    report = town.load("areas", REACHING[name], tmp_path)
    assert refused(report) == [(report.problems[0].row, "outside_area")]
    assert report.problems[0].found is None
    assert (report.accepted, report.counts.get("inserted", 0), report.counts.get("updated", 0)) == (0, 0, 0)
    # Inside nothing has changed either.
    assert town.inside() == town.inside_before
    told = report.to_json("zh")
    assert "邻测" not in json.dumps([told["problems"], told["warnings"]], ensure_ascii=False)


def test_a_parent_outside_is_as_good_as_unknown(town: Town, tmp_path: Path) -> None:
    report = town.load("areas", table(AREA_HEAD, (VILLAGES[0], "测试1村", "village", "", NEIGHBOUR)), tmp_path)
    assert report.counts["updated"] == 0
    parent = "select p.code from area a join area p on p.id = a.parent_id where a.code = :code"
    assert town.store.one(parent, code=VILLAGES[0]) == TOWNSHIP


def test_what_a_list_names_in_passing_is_not_added_outside(town: Town, tmp_path: Path) -> None:
    head = ["县代码", "县名称", "乡镇代码", "乡镇名称", "村代码", "村名称"]
    row = ("990177", "别测县", TOWNSHIP, "改名镇", VILLAGES[0], "测试1村")
    report = town.load("areas", table(head, row), tmp_path, level="village")
    assert report.refused == 0
    assert town.store.one("select count(*) from area where code = '990177'") == 0
    assert town.store.one("select name from area where code = :code", code=TOWNSHIP) == "测试镇"


def test_villages_and_grids_inside_can_be_changed_and_a_slight_overhang_is_cut_off(town: Town, tmp_path: Path) -> None:
    report = town.load(
        "areas",
        layer(
            ({"code": VILLAGES[1]}, square_ring(118.81, 118.819)),
            ({"code": VILLAGES[2]}, square_ring(118.819, 118.83005)),
            ({"code": VILLAGES[2] + "001", "level": "grid"}, square_ring(118.822, 118.825)),
        ),
        tmp_path,
    )
    assert (report.refused, report.accepted) == (0, 3)
    assert town.store.one("select st_xmax(geom) from area where code = :code", code=VILLAGES[2]) == 118.83
    assert [warning.found for warning in report.warnings] == ["测试3村"]
    again = town.load("areas", layer(({"code": VILLAGES[2]}, square_ring(118.819, 118.83005))), tmp_path)
    assert again.counts["unchanged"] == 1
    town.store.bring_back()


def test_a_boundary_that_would_take_in_a_record_of_others_changes_nothing(town: Town, tmp_path: Path) -> None:
    """A household of the neighbour whose place lies on our land, in no village so far."""
    with town.store.engine.begin() as connection:
        connection.execute(
            text("update area set geom = st_geomfromtext('SRID=4326;' || :shape) where code = :code"),
            {
                "code": VILLAGES[2],
                "shape": "MULTIPOLYGON(((118.82 36.40, 118.825 36.40, 118.825 36.41, 118.82 36.41, 118.82 36.40)))",
            },
        )
        connection.execute(
            text("""
                update household set geom = st_setsrid(st_makepoint(118.828, 36.405), 4326), village_id = null,
                       jur = :jur where code = 'N2'"""),
            {"jur": number_range(NEIGHBOUR)[0]},
        )
    before = town.outside(), town.inside()
    with pytest.raises(OutsideArea) as outside:
        town.load("areas", layer(({"code": VILLAGES[2]}, square_ring(118.82, 118.83))), tmp_path)
    assert "邻" not in outside.value.text.zh
    assert (town.outside(), town.inside()) == before
    town.store.bring_back()


def test_an_area_without_its_own_boundary_takes_none_below_it(town: Town, tmp_path: Path) -> None:
    with town.store.engine.begin() as connection:
        connection.execute(text("update area set geom = null where code = :code"), {"code": TOWNSHIP})
    report = town.load("areas", layer(({"code": VILLAGES[2]}, square_ring(118.82, 118.83))), tmp_path)
    assert report.refused == 1
    assert "没有" in report.problems[0].reason.zh
    town.store.bring_back()


def test_a_village_supervisor_does_not_move_the_derived_boundaries_of_other_villages(
    town: Town, tmp_path: Path
) -> None:
    with town.store.engine.begin() as connection:
        connection.execute(
            text("update area set geom = null where code = any (:codes)"), {"codes": [VILLAGES[1], VILLAGES[2]]}
        )
    village = number_range(VILLAGES[0])
    who = town.store.account("village_tester", "测试村管", VILLAGES[0])
    hamlets = table(["自然村", "行政村", "级别", "经度", "纬度"], ("南测庄", "测试1村", "自然村", 118.805, 36.402))
    report = town.load("areas", hamlets, tmp_path, area=VILLAGES[0], within=(village,), account_id=who)
    assert (report.accepted, report.counts["inserted"], report.counts["derived"]) == (1, 1, 0)
    own = table(AREA_HEAD, (VILLAGES[0], "改名村", "village", "", ""))
    report = town.load("areas", own, tmp_path, area=VILLAGES[0], within=(village,), account_id=who)
    assert refused(report) == [(2, "outside_area")]
    other = table(HOUSEHOLDS, ("H4", "李测四改", "", "", "", "", "", "", "", ""))
    report = town.load("households", other, tmp_path, area=VILLAGES[0], within=(village,), account_id=who)
    assert refused(report) == [(2, "outside_area")]
    town.store.bring_back()


def _plan(folder: Path, code: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(PLAN.replace("test-2026", code).replace("0.95", "0.5"), encoding="utf-8")
    return path


def test_a_plan_is_imported_for_ones_own_area_only(town: Town, tmp_path: Path) -> None:
    for taken in ("neighbour-2026",):
        with pytest.raises(ImportRefused) as unfit:
            town.load("campaigns", lambda folder: _plan(folder, "neighbour-2026"), tmp_path)
        assert unfit.value.text.zh.startswith(f"方案编号“{taken}”不能由您使用")
    report = town.load("campaigns", lambda folder: _plan(folder, "mine-2026"), tmp_path)
    assert town.store.rows("select jur, jur_end from campaign where code = 'mine-2026'") == [(LOW, HIGH)]
    assert report.counts["inserted"] == 1
    assert town.load("campaigns", lambda folder: _plan(folder, "test-2026"), tmp_path).counts["updated"] == 1


def test_a_base_map_stays_on_ones_own_land(town: Town, tmp_path: Path) -> None:
    def line(west: float, east: float) -> dict[str, Any]:
        return {"type": "LineString", "coordinates": [[west, 36.402], [east, 36.402]]}

    report = town.load(
        "base",
        layer(
            ({"kind": "road_lane", "name": "甲"}, line(118.832, 118.838)),
            ({"kind": "road_lane"}, line(118.82, 118.835)),
        ),
        tmp_path,
    )
    assert refused(report) == [(report.problems[0].row, "outside_area")]
    assert report.counts["inserted"] == 1


def test_an_account_must_name_an_area_of_its_own(town: Town, tmp_path: Path) -> None:
    write = table(HOUSEHOLDS, ("H30", "华测九", "", "", "测试1村", "", "", "", "", ""))
    words = set()
    for area in (None, "", NEIGHBOUR, COUNTY, "邻测镇", "990199", "没有的镇"):
        with pytest.raises(OutsideArea) as outside:
            town.load("households", write, tmp_path, area=area)
        words.add(outside.value.text)
    assert len(words) == 1
    assert town.inside() == town.inside_before
