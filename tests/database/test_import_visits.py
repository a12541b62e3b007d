"""Visits from registers: campaign and round, verdicts, doubts, and visits to nobody known."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.imports.report import ImportRefused
from tests.database.importing import TOWNSHIP, VILLAGES, Store, opened, write_csv
from tests.township import PLAN

HEAD = [
    "走访编号",
    "户编号",
    "开始时间",
    "结束时间",
    "方式",
    "远程原因",
    "结果",
    "走访员",
    "经度",
    "纬度",
    "定位误差",
    "认定",
]
TWO_ROUNDS = PLAN.replace(
    "[visit]", '[[round]]\nno = 2\nname_zh = "二"\nname_en = "two"\nstarts_on = 2027-01-01\n[visit]'
)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("fangtu_test_import_visits") as made:
        yield made


@pytest.fixture
def township(store: Store, tmp_path: Path) -> Store:
    store.empty()
    store.township(tmp_path)
    rows = [
        ("H1", "赵测一", 118.802, 36.405),
        ("H2", "钱测二", 118.803, 36.405),
        ("H3", "孙测三", 118.815, 36.405),
        ("H4", "李测四", "", ""),
    ]
    path = write_csv(tmp_path / "households.csv", ["户编号", "户主姓名", "经度", "纬度"], rows)
    store.load("households", path, area=TOWNSHIP)
    return store


def visit(
    code: str, household: str, start: str = "2026-05-01 09:00", end: str = "2026-05-01 09:30", **other: object
) -> tuple[object, ...]:
    told = {
        "mode": "入户",
        "reason": "",
        "outcome": "完成走访",
        "visitor": "测试员",
        "lon": "",
        "lat": "",
        "m": "",
        "ruled": "",
    }
    told |= other
    return (code, household, start, end, *told.values())


def register(store: Store, folder: Path, rows: list[tuple[object, ...]]) -> Path:
    return write_csv(folder / "visits.csv", HEAD, rows)


def verdicts(store: Store) -> dict[str, str]:
    return dict(store.rows("select split_part(natural_key, ':', 3), verdict from visit"))  # type: ignore[arg-type]


def test_verdicts_follow_the_rule_to_the_minute(township: Store, tmp_path: Path) -> None:
    rows = [
        visit("V1", "H1"),
        visit("V2", "H2", end="2026-05-01 09:29"),
        visit("V3", "H3", mode="电话", reason="外出务工", end="2026-05-01 09:05"),
        visit("V4", "H4", mode="微信", end="2026-05-01 09:05"),
        visit("V5", "H4", outcome="无人在家"),
        visit("V6", "H3", ruled="虚假入户"),
        visit("V7", "H4", end=""),
    ]
    report = township.load("visits", register(township, tmp_path, rows), area=TOWNSHIP)
    assert (report.accepted, report.refused) == (7, 0)
    assert verdicts(township) == {
        "V1": "valid", "V2": "too_short", "V3": "valid", "V4": "no_reason", "V5": "not_done", "V6": "ruled_false",
        "V7": "no_duration",
    }  # fmt: skip
    assert township.rows("select sum(eligible)::int, sum(visited)::int, sum(remote)::int from coverage") == [(4, 2, 1)]
    assert township.one("select started_at at time zone 'UTC' from visit where outcome = 'nobody_home'").hour == 1


def test_refused_visits_say_why(township: Store, tmp_path: Path) -> None:
    rows = [
        visit("V1", "H1"),
        visit("V1", "H1", start="2026-05-02 09:00", end="2026-05-02 10:00"),
        visit("V2", "H1", end="2026-05-01 08:00"),
        visit("V3", "H1", mode="飞鸽传书"),
        visit("V4", "H1", start="昨天"),
    ]
    report = township.load("visits", register(township, tmp_path, rows), area=TOWNSHIP)
    assert (report.accepted, report.refused) == (1, 4)
    assert [problem.row for problem in sorted(report.problems, key=lambda p: p.row or 0)] == [3, 4, 5, 6]
    assert "第 2 行" in next(p for p in report.problems if p.row == 3).reason.zh


def test_a_visit_to_nobody_known_is_kept_and_joined_when_the_household_comes(township: Store, tmp_path: Path) -> None:
    path = register(township, tmp_path, [visit("V1", "H9", lon=118.8251, lat=36.405)])
    report = township.load("visits", path, area=TOWNSHIP)
    assert (report.accepted, report.counts["unmatched"]) == (1, 1)
    jur = int(VILLAGES[2] + "000")
    assert township.rows("select household_id, household_ref, jur, place_jur from visit") == [(None, "H9", jur, jur)]
    later = write_csv(
        tmp_path / "later.csv", ["户编号", "户主姓名", "经度", "纬度"], [("H9", "冯测九", 118.825, 36.405)]
    )
    assert township.load("households", later, area=TOWNSHIP).counts["linked_visits"] == 1
    (known, distance) = township.rows("select household_id is not null, distance_m from visit")[0]
    assert known
    assert distance == pytest.approx(9, abs=1)
    assert township.rows("select sum(eligible)::int, sum(visited)::int from coverage") == [(5, 1)]
    assert township.load("visits", path, area=TOWNSHIP).counts["unchanged"] == 1


def test_a_visit_far_from_the_house_and_one_at_two_places_are_in_doubt(township: Store, tmp_path: Path) -> None:
    rows = [
        visit("V1", "H1", lon=118.812, lat=36.405),  # 900 m away
        visit("V2", "H2", lon=118.812, lat=36.405, m=500, visitor="别人"),  # position too vague to tell
        visit("V3", "H3", lon=118.815, lat=36.405, visitor="丙"),
        visit("V4", "H1", start="2026-05-01 09:20", end="2026-05-01 09:55", lon=118.802, lat=36.405, visitor="丙"),
    ]
    township.load("visits", register(township, tmp_path, rows), area=TOWNSHIP)
    found = dict(township.rows("select split_part(natural_key, ':', 3), suspect from visit"))  # type: ignore[arg-type]
    assert found == {"V1": ["far_from_house"], "V2": [], "V3": ["two_places"], "V4": ["two_places"]}
    assert township.rows("select sum(visited)::int, sum(suspect)::int from coverage") == [(3, 2)]
    # A visit of another file can show the same of one that is stored already.
    more = [
        visit("V5", "H1", start="2026-05-01 09:10", end="2026-05-01 09:50", lon=118.802, lat=36.405, visitor="别人")
    ]
    township.load("visits", write_csv(tmp_path / "more.csv", HEAD, more), area=TOWNSHIP)
    assert township.one("select suspect from visit where natural_key like '%V2'") == ["two_places"]


def test_the_round_is_the_one_whose_days_hold_the_visit(township: Store, tmp_path: Path) -> None:
    plan = tmp_path / "two.toml"
    plan.write_text(TWO_ROUNDS, encoding="utf-8")
    township.load("campaigns", plan, area=TOWNSHIP)
    rows = [visit("V1", "H1"), visit("V2", "H1", start="2027-02-01 09:00", end="2027-02-01 09:40")]
    rows += [visit("V3", "H1", start="2020-02-01 09:00", end="2020-02-01 09:40")]
    path = register(township, tmp_path, rows)
    township.load("visits", path, area=TOWNSHIP)
    assert township.rows("select round_no from visit order by natural_key") == [(1,), (2,), (1,)]
    told = write_csv(tmp_path / "told.csv", [*HEAD, "轮次"], [(*visit("V9", "H1"), 2), (*visit("V10", "H1"), 7)])
    report = township.load("visits", told, area=TOWNSHIP)
    assert (report.accepted, report.refused) == (1, 1)
    assert township.one("select round_no from visit where natural_key like '%V9'") == 2


def test_an_unclear_campaign_stops_the_import_and_lists_those_there_are(township: Store, tmp_path: Path) -> None:
    plan = tmp_path / "other.toml"
    plan.write_text(PLAN.replace("test-2026", "other-2026"), encoding="utf-8")
    township.load("campaigns", plan, area=TOWNSHIP)
    path = register(township, tmp_path, [visit("V1", "H1")])
    with pytest.raises(ImportRefused) as refused:
        township.load("visits", path, area=TOWNSHIP)
    assert "test-2026" in refused.value.text.zh
    assert "other-2026" in refused.value.text.en
    assert township.load("visits", path, area=TOWNSHIP, campaign="other-2026").accepted == 1


def test_a_changed_rule_judges_the_stored_visits_anew(township: Store, tmp_path: Path) -> None:
    township.load("visits", register(township, tmp_path, [visit("V1", "H1", end="2026-05-01 09:20")]), area=TOWNSHIP)
    assert verdicts(township) == {"V1": "too_short"}
    plan = tmp_path / "milder.toml"
    plan.write_text(PLAN.replace("min_minutes = 30", "min_minutes = 15"), encoding="utf-8")
    assert township.load("campaigns", plan, area=TOWNSHIP).counts["judged_again"] == 1
    assert verdicts(township) == {"V1": "valid"}


def test_a_uuid_is_the_visits_own_key(township: Store, tmp_path: Path) -> None:
    own = str(uuid.uuid4())
    township.load("visits", register(township, tmp_path, [visit(own.upper(), "H1")]), area=TOWNSHIP)
    assert township.rows("select id::text, natural_key from visit") == [(own, own)]


def test_times_of_day_beside_a_date_are_one_moment(township: Store, tmp_path: Path) -> None:
    headings = ["户号", "走访日期", "开始时间", "结束时间", "走访人"]
    path = write_csv(
        tmp_path / "v.csv", headings, [("H1", "2026年5月1日", "9:05", "9:40", "甲"), ("H2", "2026.5.2", "", "", "甲")]
    )
    township.load("visits", path, area=TOWNSHIP)
    found = township.rows("""
        select to_char(started_at at time zone 'Asia/Shanghai', 'MM-DD HH24:MI'), minutes, verdict
        from visit order by 1""")
    assert found == [("05-01 09:05", 35.0, "valid"), ("05-02 00:00", None, "no_duration")]
