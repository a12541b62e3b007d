"""Ledgers of rural houses: a row is a household, its house and its renovation, however often it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from data.areas import number_range
from data.db import owner_session
from data.exports import export_file
from data.imports.undo import undo_batch
from data.recheck import recheck
from tests.database.importing import TOWNSHIP, VILLAGES, Store, opened, write_csv
from tests.database.store_dump import differences, dump

HEAD = [
    "户主姓名", "身份证号", "行政村", "家庭住址", "经度", "纬度", "鉴定等级", "鉴定日期", "房屋结构", "改造方式",
    "补助资金(元)", "开工日期",
]  # fmt: skip
# Nobody's numbers: sequence 000.
ZHAO, QIAN, SUN = "110105194912310003", "110105196001010009", "110105197003030008"
ROWS = [
    ("赵测一", ZHAO, "测试1村", "一队3号", 118.802, 36.405, "D", "2024-03-01", "土木", "拆除重建", "35000.55",
     "2024-05-01"),
    ("钱测二", QIAN, "测试1村", "一队5号", "", "", "C级", "2024-03-01", "砖木", "修缮加固", "7500", ""),
    ("孙测三", SUN, "测试2村", "", "", "", "A", "", "", "", "", ""),
    ("李测四", "", "测试2村", "二队1号", 118.815, 36.405, "", "", "", "", "", ""),
]  # fmt: skip
FACTS = """
    select h.head_name, f.grade, f.structure, r.method, r.subsidy_yuan::text, r.stage, f.household_id = h.id,
           r.household_id = h.id, r.house_id = f.id
      from household h left join house f on f.household_id = h.id left join renovation_site r on r.household_id = h.id
     order by h.head_name"""
TABLES = ("household", "house", "appraisal", "renovation_site", "standing", "coverage")


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("fangtu_test_import_ledger") as made:
        yield made


@pytest.fixture
def township(store: Store, tmp_path: Path) -> Store:
    store.empty()
    store.township(tmp_path)
    return store


def ledger(folder: Path, rows: Sequence[Sequence[Any]], head: Sequence[str] = HEAD, name: str = "ledger.csv") -> Path:
    return write_csv(folder / name, head, rows)


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    return {table: store.rows(f"select * from {table} order by 1, 2, 3") for table in TABLES}


def drift(store: Store) -> dict[str, int]:
    with owner_session(store.engine) as session:
        return recheck(session)["checks"]


def counts_of(store: Store) -> tuple[int, int, int]:
    return tuple(store.one(f"select count(*) from {table}") for table in ("household", "house", "renovation_site"))  # type: ignore[return-value]


def test_a_row_is_a_household_with_its_house_and_its_renovation(township: Store, tmp_path: Path) -> None:
    report = township.load("ledger", ledger(tmp_path, ROWS), area=TOWNSHIP)
    assert (report.read, report.accepted, report.refused) == (4, 4, 0)
    parts = ("households_inserted", "houses_inserted", "sites_inserted", "appraised")
    assert [report.counts[part] for part in parts] == [4, 3, 2, 3]
    assert township.rows(FACTS) == [
        ("孙测三", "A", None, None, None, None, True, None, None),
        ("李测四", None, None, None, None, None, None, None, None),
        ("赵测一", "D", "土木", "rebuild", "35000.55", "started", True, True, True),
        ("钱测二", "C", "砖木", "repair", "7500.00", "found", True, True, True),
    ]
    # A house with coordinates has its own point; without any it is known as well as its household.
    places = township.rows("""
        select f.geom is null, f.quality, f.placed_by, f.jur = h.jur
          from house f join household h on h.id = f.household_id order by h.head_name""")
    assert places == [(True, 6, None, True), (False, 3, "import", True), (True, 6, None, True)]
    assert drift(township) == dict.fromkeys(drift(township), 0)


def test_the_same_ledger_again_changes_nothing(township: Store, tmp_path: Path) -> None:
    path = ledger(tmp_path, ROWS)
    township.load("ledger", path, area=TOWNSHIP)
    before = everything(township)
    again = township.load("ledger", path, area=TOWNSHIP)
    assert again.accepted == 4
    changed = {name: number for name, number in again.counts.items() if name.endswith(("inserted", "updated"))}
    assert changed == dict.fromkeys(changed, 0)
    assert again.counts["appraised"] == 0
    assert everything(township) == before


def test_codes_and_order_that_came_later_double_nothing(township: Store, tmp_path: Path) -> None:
    township.load("ledger", ledger(tmp_path, ROWS), area=TOWNSHIP)
    before = counts_of(township)
    keys = township.rows("select head_name, id from household order by 1")
    head = ["户编号", "房屋编号", "改造编号", *HEAD]
    coded = [(f"H{n}", f"F{n}" if row[6] else "", f"G{n}" if row[9] else "", *row) for n, row in enumerate(ROWS)]
    report = township.load("ledger", ledger(tmp_path, coded[::-1], head, "coded.csv"), area=TOWNSHIP)
    assert counts_of(township) == before
    assert township.rows("select head_name, id from household order by 1") == keys
    assert (report.counts["recognised_by_number"], report.counts["recognised_by_address"]) == (3, 1)
    assert township.rows("select code from house order by 1") == [("F0",), ("F1",), ("F2",)]
    assert township.rows("select code from renovation_site order by 1") == [("G0",), ("G1",)]
    # And back again, without the codes, with progress in the renovation.
    later = [(*row[:11], "2024-06-01" if row[9] else "") for row in ROWS]
    township.load("ledger", ledger(tmp_path, later, name="later.csv"), area=TOWNSHIP)
    assert counts_of(township) == before
    assert township.rows("select code, stage from renovation_site order by 1") == [("G0", "started"), ("G1", "started")]
    settled = everything(township)
    township.load("ledger", ledger(tmp_path, later[::-1], name="later.csv"), area=TOWNSHIP)
    assert everything(township) == settled


def test_a_row_that_one_part_refuses_is_refused_as_a_whole(township: Store, tmp_path: Path) -> None:
    rows = [
        ROWS[0],
        (*ROWS[1][:9], "", "7500", ""),  # a subsidy, but no method
        (*ROWS[2][:6], "E", *ROWS[2][7:]),  # no grade
    ]
    report = township.load("ledger", ledger(tmp_path, rows), area=TOWNSHIP)
    assert (report.read, report.accepted, report.refused) == (3, 1, 2)
    assert {problem.row: problem.code for problem in report.problems}[3] == "method_missing"
    assert counts_of(township) == (1, 1, 1)
    assert township.rows("select read, accepted, refused from batch order by id desc limit 1") == [(3, 1, 2)]


def test_without_a_column_of_methods_households_and_houses_come_and_renovations_are_told(
    township: Store, tmp_path: Path
) -> None:
    head = [name for name in HEAD if name != "改造方式"]
    rows = [(*row[:9], *row[10:]) for row in ROWS]
    report = township.load("ledger", ledger(tmp_path, rows, head), area=TOWNSHIP)
    assert (report.accepted, report.refused) == (4, 0)
    assert counts_of(township) == (4, 3, 0)
    assert any(warning.code == "method_missing" and warning.n == 2 for warning in report.warnings)


def test_a_household_may_have_two_houses_where_codes_tell_them_apart(township: Store, tmp_path: Path) -> None:
    head = ["户编号", "户主姓名", "房屋编号", "鉴定等级", "改造方式"]
    rows = [
        ("H1", "赵测一", "F1", "D", "拆除重建"),
        ("H1", "赵测一", "F2", "A", ""),
        ("H1", "赵测一", "F2", "A", ""),  # the same house twice
        ("H1", "钱测二", "F3", "A", ""),  # another head
        ("H2", "钱测二", "F1", "C", ""),  # another household's house
    ]
    report = township.load("ledger", ledger(tmp_path, rows, head), area=TOWNSHIP)
    assert (report.accepted, report.refused) == (2, 3)
    assert {problem.row for problem in report.problems} == {4, 5, 6}
    assert township.rows("""
        select h.code, f.code, f.grade, r.house_id = f.id from house f join household h on h.id = f.household_id
        left join renovation_site r on r.house_id = f.id order by f.code""") == [
        ("H1", "F1", "D", True),
        ("H1", "F2", "A", None),
    ]


def test_an_id_number_of_another_household_is_refused_and_a_namesake_told(township: Store, tmp_path: Path) -> None:
    head = ["户编号", "户主姓名", "身份证号", "行政村", "家庭住址"]
    township.load(
        "households",
        ledger(tmp_path, [("H1", "赵测一", ZHAO, "测试1村", "一队3号")], head),
        area=TOWNSHIP,
    )
    rows = [
        ("H2", "钱测二", ZHAO, "测试1村", "一队9号"),
        ("H3", "赵测一", SUN, "测试1村", "一队3号"),
        ("H4", "赵测一", "", "测试3村", "一队3号"),
    ]
    report = township.load("ledger", ledger(tmp_path, rows, head, "more.csv"), area=TOWNSHIP)
    assert [(problem.row, problem.code) for problem in report.problems] == [(2, "same_id_in_store")]
    assert ZHAO not in str(report.to_json())
    assert "赵" not in report.problems[0].reason.zh
    told = [
        (warning.row, warning.code) for warning in report.warnings if warning.code == "same_name_and_place_in_store"
    ]
    assert told == [(3, "same_name_and_place_in_store")]
    assert township.one("select count(*) from household") == 3
    # Outside the area of an import nothing is looked at.
    elsewhere = [("H9", "钱测二", ZHAO, "", "")]
    path = ledger(tmp_path, elsewhere, head, "elsewhere.csv")
    assert township.load("households", path, area=VILLAGES[2]).refused == 0


def test_a_house_of_another_household_is_refused(township: Store, tmp_path: Path) -> None:
    head = ["户编号", "户主姓名", "房屋编号", "鉴定等级"]
    township.load("ledger", ledger(tmp_path, [("H1", "赵测一", "F1", "D")], head), area=TOWNSHIP)
    report = township.load("ledger", ledger(tmp_path, [("H2", "钱测二", "F1", "C")], head, "x.csv"), area=TOWNSHIP)
    assert [(problem.row, problem.code) for problem in report.problems] == [(2, "house_of_other_household")]
    assert township.rows("select code, grade from house") == [("F1", "D")]
    assert township.one("select count(*) from household") == 1


@pytest.mark.parametrize("kind", ["households", "houses", "sites"])
@pytest.mark.parametrize("format", ["csv", "xlsx", "geojson", "gpkg"])
def test_what_a_ledger_brought_comes_back_from_an_export_unchanged(
    township: Store, tmp_path: Path, kind: str, format: str
) -> None:
    head = ["户编号", "低收入类型", "自然村", *HEAD]
    rows = [(f"H{n}", "农村低保户", "东庄", *row) for n, row in enumerate(ROWS)]
    township.load("ledger", ledger(tmp_path, rows, head), area=TOWNSHIP)
    before = everything(township)
    assert before["household"]
    path = tmp_path / f"{kind}.{format}"
    number = export_file(township.engine, kind, path, area=TOWNSHIP, format=format)
    report = township.load(kind, path, area=TOWNSHIP)
    assert (report.accepted, report.counts["unchanged"]) == (number, number)
    assert everything(township) == before
    if kind == "households":
        assert township.rows("select distinct aid_group, stated_hamlet from household") == [("minimum_living", "东庄")]


def test_taking_a_ledger_back_leaves_what_was_there(township: Store, tmp_path: Path) -> None:
    township.load("ledger", ledger(tmp_path, ROWS), area=TOWNSHIP)
    with township.engine.connect() as connection:
        before = dump(connection)
    head = ["户编号", "房屋编号", "自然村", *HEAD]
    rows = [(f"H{n}", f"F{n}", "", *row[:4], 118.803, 36.406, "B", *row[7:]) for n, row in enumerate(ROWS)]
    rows.append(("H9", "F9", "", "周测五", "", "测试3村", "", "", "", "D", "2024-03-01", "土木", "交钥匙", "1", ""))
    report = township.load("ledger", ledger(tmp_path, rows, head, "more.csv"), area=TOWNSHIP)
    assert (report.accepted, report.counts["houses_inserted"], report.counts["houses_updated"]) == (5, 2, 3)
    assert drift(township) == dict.fromkeys(drift(township), 0)
    with owner_session(township.engine) as session:
        assert report.batch is not None
        undo_batch(session, report.batch)
    with township.engine.connect() as connection:
        assert differences(before, dump(connection)) == {}


def test_an_accounts_ledger_reaches_nothing_outside_its_area(township: Store, tmp_path: Path) -> None:
    head = ["户编号", "户主姓名", "身份证号", "行政村", "房屋编号", "鉴定等级", "改造编号", "改造方式", "经度", "纬度"]
    neighbour = [("H9", "冯测九", SUN, "测试2村", "F9", "D", "G9", "交钥匙", 118.815, 36.405)]
    township.load("ledger", ledger(tmp_path, neighbour, head), area=TOWNSHIP)
    with township.engine.connect() as connection:
        before = dump(connection)
    rows = [
        ("H9", "冯测九", "", "", "", "", "", "", "", ""),  # its household
        ("H1", "赵测一", "", "测试1村", "F9", "A", "", "", "", ""),  # its house
        ("H2", "钱测二", "", "测试1村", "", "", "G9", "修缮加固", "", ""),  # its site
        ("H3", "孙测三", "", "测试1村", "F3", "A", "", "", 118.816, 36.405),  # a place there
        ("H4", "李测四", SUN, "测试1村", "F4", "C", "G4", "修缮加固", 118.802, 36.405),  # its number
    ]
    low, high = number_range(VILLAGES[0])
    account = township.account("ledger_tester", "测试录入员", VILLAGES[0])
    path = ledger(tmp_path, rows, head, "sent.csv")
    limits = {"area": VILLAGES[0], "within": ((low, high),), "account_id": account}
    report = township.load("ledger", path, **limits)
    assert {problem.row: problem.code for problem in report.problems} == dict.fromkeys((2, 3, 4, 5), "outside_area")
    assert (report.accepted, report.refused) == (1, 4)
    told = str([problem.to_json("zh") for problem in (*report.problems, *report.warnings)])
    assert "冯" not in told
    assert "测试2村" not in told
    assert township.rows("select code from household order by 1") == [("H4",), ("H9",)]
    assert township.rows("select code from house order by 1") == [("F4",), ("F9",)]
    with owner_session(township.engine) as session:
        assert report.batch is not None
        undo_batch(session, report.batch)
    with township.engine.connect() as connection:
        left = differences(before, dump(connection))
    assert {table for table in left if table not in ("account", "duty")} == set()
