"""Households from files nobody here wrote and from small ledgers: what is accepted, refused, kept and never lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from sqlalchemy import text

from data.db import owner_session
from data.imports.report import ImportRefused
from data.recheck import recheck
from data.sealing import load_sealer
from tests.database.importing import TOWNSHIP, VILLAGES, Store, opened, write_csv
from tests.hostile import PAYLOADS

DATA = Path(__file__).parent.parent / "data"
HEAD = ["户编号", "户主姓名", "身份证号", "联系电话", "村", "经度", "纬度"]
HOSTILE = [
    *PAYLOADS.values(),
    "Robert'); drop table household;--",
    "a\\tb\\N\\.",
    "tab\there",
    'say "yes", {no}',
    "\u202e\u5f20\u4e09",
]
ZAMBIA_PLAN = """
[campaign]
id = "spray-2017"
name_zh = "室内喷洒"
name_en = "Indoor spraying"
target = 0.85
[[round]]
no = 1
name_zh = "第一轮"
name_en = "Round one"
[visit]
done_statuses = ["sprayed"]
"""


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("fangtu_test_import_households") as made:
        yield made


@pytest.fixture(autouse=True)
def _empty(store: Store) -> None:
    store.empty()


@pytest.fixture
def township(store: Store, tmp_path: Path) -> Store:
    store.township(tmp_path)
    return store


def ledger(folder: Path, rows: list[tuple[object, ...]], name: str = "ledger.csv") -> Path:
    return write_csv(folder / name, HEAD, rows)


def drift(store: Store) -> dict[str, int]:
    with owner_session(store.engine) as session:
        return recheck(session)["checks"]


@pytest.mark.parametrize("order", [("households", "visits"), ("visits", "households")])
def test_real_visits_join_real_households_in_either_order(store: Store, tmp_path: Path, order: tuple[str, str]) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(ZAMBIA_PLAN, encoding="utf-8")
    store.load("campaigns", plan)
    files = {"households": DATA / "zambia_households.geojson", "visits": DATA / "zambia_visits.csv"}
    reports = {kind: store.load(kind, files[kind]) for kind in order}
    assert (reports["households"].read, reports["households"].accepted) == (78, 78)
    assert (reports["visits"].read, reports["visits"].accepted) == (178, 178)
    # Counted on its own, from the files alone.
    homes = pd.json_normalize(pd.read_json(files["households"])["features"])["properties.household_id"].astype(str)
    visits = pd.read_csv(files["visits"], dtype=str)
    known = visits[visits["structure_id"].isin(homes)]
    done = known.loc[known["status"] == "sprayed", "structure_id"].nunique()
    assert (len(known), len(visits) - len(known), done) == (48, 130, 39)
    assert store.one("select count(*) from visit where household_id is not null") == len(known)
    assert store.one("select count(*) from visit where household_id is null and household_ref is not null") == 130
    assert store.rows("select sum(eligible)::int, sum(visited)::int from coverage") == [(78, done)]
    assert drift(store) == dict.fromkeys(drift(store), 0)


def test_importing_the_same_visits_again_raises_nothing(store: Store, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(ZAMBIA_PLAN, encoding="utf-8")
    store.load("campaigns", plan)
    store.load("households", DATA / "zambia_households.geojson")
    store.load("visits", DATA / "zambia_visits.csv")
    before = store.rows("select id, verdict, suspect, jur, batch_id, updated_at from visit order by no")
    again = store.load("visits", DATA / "zambia_visits.csv")
    assert (again.counts["inserted"], again.counts["updated"], again.counts["unchanged"]) == (0, 0, 178)
    assert store.rows("select id, verdict, suspect, jur, batch_id, updated_at from visit order by no") == before
    assert store.rows("select sum(eligible)::int, sum(visited)::int from coverage") == [(78, 39)]


def test_village_and_grid_follow_the_position_and_outside_is_listed(township: Store, tmp_path: Path) -> None:
    report = township.load(
        "households",
        ledger(
            tmp_path,
            [
                ("H1", "赵测一", "", "", "", 118.802, 36.405),
                ("H2", "钱测二", "", "", "", 118.81, 36.405),  # on the edge of 001 and 002
                ("H3", "孙测三", "", "", "测试1村", 118.815, 36.405),  # the ledger says 001, the place says 002
                ("H4", "李测四", "", "", "测试2村", 118.90, 36.405),  # outside
                ("H5", "周测五", "", "", "测试3村村民委员会", "", ""),  # no position
                ("H6", "吴测六", "", "", "不知道村", "", ""),
            ],
        ),
        area=TOWNSHIP,
    )
    assert report.refused == 0
    assert (report.counts["outside"], report.counts["unplaced"]) == (1, 2)
    found = township.rows("""
        select h.code, v.code, g.code, h.jur, h.quality from household h left join area v on v.id = h.village_id
        left join grid g on g.id = h.grid_id order by h.code""")
    first, second, third = VILLAGES
    assert found == [
        ("H1", first, first + "001", int(first + "001"), 3),
        ("H2", first, first + "002", int(first + "002"), 3),
        ("H3", second, None, int(second + "000"), 3),
        ("H4", None, None, int(TOWNSHIP + "000000"), 3),
        ("H5", third, None, int(third + "000"), 6),
        ("H6", None, None, int(TOWNSHIP + "000000"), 7),
    ]
    assert township.rows("select sum(eligible)::int from coverage") == [(6,)]
    assert drift(township) == dict.fromkeys(drift(township), 0)


def test_refused_rows_say_where_and_why_and_hide_numbers(township: Store, tmp_path: Path) -> None:
    report = township.load(
        "households",
        ledger(
            tmp_path,
            [
                ("H1", "赵测一", "110105194912310021", "", "", 118.802, 36.405),  # wrong check character
                ("H2", "钱测二", "1.10105E+17", "", "", 118.802, 36.405),
                ("H3", "孙测三", "", "", "", 36.405, 118.802),  # swapped
                ("H4", "李测四", "", "", "", 118.802, ""),
                ("H5", "周测五", "", "", "", 118.802, 36.405),
                ("H5", "周测五重", "", "", "", 118.803, 36.405),
                ("H6", "", "", "", "", 118.802, 36.405),
                ("合计", "", "", "", "", "", ""),
            ],
        ),
        area=TOWNSHIP,
    )
    assert (report.read, report.accepted, report.refused, report.ignored) == (7, 1, 6, 2)
    assert report.read == report.accepted + report.refused
    told = {problem.row: problem for problem in report.problems}
    assert sorted(told) == [2, 3, 4, 5, 7, 8]
    assert told[2].column == "身份证号"
    assert told[2].found == "110105************"
    assert "校验码" in told[2].reason.zh
    assert "1.10105" not in (told[3].found or "")
    assert "写反" in told[4].reason.zh
    assert "第 6 行" in told[7].reason.zh
    assert all(problem.reason.zh and problem.reason.en for problem in report.problems)
    stored = township.rows(
        "select row, found, reason_zh, reason_en, refused from batch_problem where refused order by row"
    )
    assert [row[0] for row in stored] == [2, 3, 4, 5, 7, 8]
    assert township.rows("select read, accepted, refused, ignored from batch order by id desc limit 1") == [
        (7, 1, 6, 2)
    ]
    assert set(report.to_json("en")) >= {"batch", "read", "accepted", "refused", "ignored", "problems"}
    assert set(report.to_json("en")["problems"][0]) >= {"sheet", "row", "column", "found", "expected", "reason", "code"}


def test_the_same_ledger_again_changes_nothing_and_a_change_only_its_row(township: Store, tmp_path: Path) -> None:
    rows = [
        ("H1", "赵测一", "11010519491231002X", "13800138000", "测试1村", 118.802, 36.405),
        ("H2", "钱测二", "", "0553-3831234", "测试1村", 118.803, 36.405),
    ]
    path = ledger(tmp_path, rows)
    township.load("households", path, area=TOWNSHIP)
    before = township.rows("select * from household order by id")
    standings = township.rows("select *, xmin::text from standing order by household_id")
    again = township.load("households", path, area=TOWNSHIP)
    assert (again.counts["inserted"], again.counts["updated"], again.counts["unchanged"]) == (0, 0, 2)
    assert township.rows("select * from household order by id") == before
    assert township.rows("select *, xmin::text from standing order by household_id") == standings
    rows[1] = ("H2", "钱测二改", "", "", "", "", "")
    changed = township.load("households", ledger(tmp_path, rows), area=TOWNSHIP)
    assert (changed.counts["updated"], changed.counts["unchanged"]) == (1, 1)
    # Blank cells say nothing: telephone and position are what they were.
    name, phone, village, revision = township.rows("""
        select head_name, phone_sealed is not null, v.code, revision from household h
        join area v on v.id = h.village_id where h.code = 'H2'""")[0]
    assert (name, phone, village, revision) == ("钱测二改", True, VILLAGES[0], 2)


def test_personal_numbers_are_sealed_and_found_by_their_hash(township: Store, tmp_path: Path) -> None:
    path = ledger(tmp_path, [("H1", "赵测一", "11010519491231002x", "138 0013 8000", "", 118.802, 36.405)])
    township.load("households", path, area=TOWNSHIP)
    sealer = load_sealer(township.settings.key_file)
    (row,) = township.rows("select id, id_sealed, id_index, phone_sealed from household")
    assert sealer.open(row[1], "household.id_sealed", row[0]) == "11010519491231002X"
    assert bytes(row[2]) == sealer.index("11010519491231002X", "id_number")
    assert sealer.open(row[3], "household.phone_sealed", row[0]) == "138 0013 8000"
    everything = str(township.rows("select h::text from household h")) + str(
        township.rows("select a::text from audit a")
    )
    # Long enough that no sealed value and no part of a second can hold them by chance.
    assert "19491231" not in everything
    assert "0013 8000" not in everything
    assert "00138000" not in everything


def test_a_row_without_a_code_is_recognised_by_its_number(township: Store, tmp_path: Path) -> None:
    township.load(
        "households", ledger(tmp_path, [("H1", "赵测一", "11010519491231002X", "", "", "", "")]), area=TOWNSHIP
    )
    path = write_csv(tmp_path / "other.csv", ["姓名", "身份证号", "家庭人口"], [("赵测一", "11010519491231002X", 4)])
    report = township.load("households", path, area=TOWNSHIP)
    assert report.counts["updated"] == 1
    assert township.rows("select code, people from household") == [("H1", 4)]


def test_a_better_position_is_kept(township: Store, tmp_path: Path) -> None:
    township.load("households", ledger(tmp_path, [("H1", "赵测一", "", "", "", 118.802, 36.405)]), area=TOWNSHIP)
    with owner_session(township.engine) as session:
        session.execute(text("update household set quality = 1, geom = 'SRID=4326;POINT(118.803 36.406)'"))
    report = township.load(
        "households", ledger(tmp_path, [("H1", "赵测一", "", "", "", 118.815, 36.405)]), area=TOWNSHIP
    )
    assert report.counts["kept_place"] == 1
    assert township.rows("select st_x(geom), quality from household") == [(118.803, 1)]


def test_a_dry_run_reports_the_same_and_leaves_nothing(township: Store, tmp_path: Path) -> None:
    path = ledger(tmp_path, [("H1", "赵测一", "", "", "", 118.802, 36.405), ("H2", "", "", "", "", "", "")])
    dry = township.load("households", path, area=TOWNSHIP, dry_run=True)
    assert dry.batch is None
    assert township.one("select count(*) from household") == 0
    assert township.one("select count(*) from batch where kind = 'households'") == 0
    real = township.load("households", path, area=TOWNSHIP)
    assert (dry.read, dry.accepted, dry.refused, dry.counts) == (real.read, real.accepted, real.refused, real.counts)


def test_a_failure_midway_leaves_nothing(township: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the machine lost power")

    before = township.one("select count(*) from audit")
    monkeypatch.setattr("data.imports.batches.record", fail)
    with pytest.raises(RuntimeError, match="power"):
        township.load("households", ledger(tmp_path, [("H1", "赵测一", "", "", "", 118.802, 36.405)]), area=TOWNSHIP)
    assert township.rows("select count(*) from household") == [(0,)]
    assert township.rows("select count(*) from standing") == [(0,)]
    assert township.one("select count(*) from batch where kind = 'households'") == 0
    assert township.one("select count(*) from audit") == before


def test_each_import_leaves_one_audit_row(township: Store, tmp_path: Path) -> None:
    township.load("households", ledger(tmp_path, [("H1", "赵测一", "", "", "", "", "")]), area=TOWNSHIP)
    act, kind, details = township.rows("select act, object_kind, details from audit order by id desc limit 1")[0]
    assert (act, kind) == ("import", "households")
    assert details["read"] == details["accepted"] == 1


def test_hostile_text_stays_text(township: Store, tmp_path: Path) -> None:
    rows = [(f"H{at}", name, "", "", "", 118.802, 36.405) for at, name in enumerate(HOSTILE)]
    report = township.load("households", ledger(tmp_path, rows), area=TOWNSHIP)
    assert report.refused == 0
    assert {name for (name,) in township.rows("select head_name from household")} == set(HOSTILE)


def test_a_workbook_with_title_total_and_remark_is_read(township: Store, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "台账"
    for row in [
        ["测试镇农户台账"],
        HEAD,
        ["H1", "赵测一", "11010519491231002X", 13800138000, "测试1村", 118.802, 36.405],
        ["H2", "钱测二", 110105194912310021, None, "测试1村", 118.803, 36.405],
        ["合计", None, None, None, None, None, None],
        ["备注：本表由村委会填写"],
    ]:
        sheet.append(row)
    path = tmp_path / "台账.xlsx"
    book.save(path)
    report = township.load("households", path, area=TOWNSHIP)
    assert (report.read, report.accepted, report.refused, report.ignored) == (2, 1, 1, 4)
    assert (report.problems[0].sheet, report.problems[0].row) == ("台账", 4)


def test_columns_can_be_named_by_hand_and_others_are_listed(township: Store, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "odd.csv", ["hh", "boss", "颜色"], [("H1", "赵测一", "红")])
    report = township.load("households", path, area=TOWNSHIP, mapping={"hh": "code", "boss": "head_name"})
    assert report.columns == {"hh": "code", "boss": "head_name"}
    assert report.ignored_columns == ["颜色"]
    with pytest.raises(ImportRefused):
        township.load("households", path, area=TOWNSHIP)


def test_a_ledger_of_the_county_means_the_same_households(township: Store, tmp_path: Path) -> None:
    path = ledger(tmp_path, [("H1", "赵测一", "", "", "测试1村", 118.802, 36.405)])
    township.load("households", path, area=TOWNSHIP)
    assert township.load("households", path, area=TOWNSHIP[:6]).counts["unchanged"] == 1
    assert township.load("households", path).counts["unchanged"] == 1


def test_a_file_with_nothing_but_its_head_is_an_empty_batch(township: Store, tmp_path: Path) -> None:
    for kind in ("households", "houses", "visits", "areas"):
        report = township.load(kind, write_csv(tmp_path / "empty.csv", ["编号", "名称", "户主"], []), area=TOWNSHIP)
        assert (report.read, report.accepted, report.refused, report.ignored) == (0, 0, 0, 1)
