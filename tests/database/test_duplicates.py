"""Visits that were one too many: kept, flagged, not counted twice; and joint visits, which are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.duplicates import list_duplicates, refresh_duplicates
from data.imports.undo import UndoBlocked, undo_batch
from data.recheck import recheck
from data.rules.repeats import Told, find_repeats, names_in
from data.rules.visitors import GRID_WORKERS, VisitorKind
from geo.errors import Text
from tests.database.importing import Store, opened, write_csv
from tests.township import TOWNSHIP, VILLAGES

CITY = VisitorKind("city", Text("市直单位", "Municipal units"), "count")
SECRETARY = VisitorKind("secretary", Text("村书记", "Village secretary"), "all", repeats=True)

NINE = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)


def told(visitor: str | None, kind: str | None, *, hours: float = 0, companions: str | None = None) -> Told:
    start = NINE + timedelta(hours=hours)
    return Told(visitor, kind, companions, start, start + timedelta(minutes=30))


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (told("乙", "市直单位", hours=5), True),
        (told("乙", "grid_worker", hours=5), True),
        (told("甲", "网格员", hours=5), False),
        (told(None, None, hours=5), False),
        (told(None, "city", hours=5), True),
        (told("乙", "村书记", hours=5), False),
        (told("乙", "市直单位", hours=5, companions="丁、甲"), False),
        (told("乙", "市直单位", hours=30, companions="丁、甲"), True),
        (told("乙", "某公司", hours=5), True),
    ],
)
def test_a_visit_is_one_too_many_if_another_organisation_was_there_and_they_did_not_go_together(
    second: Told, expected: bool
) -> None:
    kinds = (GRID_WORKERS, CITY, SECRETARY)
    assert find_repeats([told("甲", "网格员"), second], kinds) == [False, expected]


def test_names_of_companions_are_told_apart() -> None:
    assert names_in("张和平、李四;王五") == {"张和平", "李四", "王五"}
    assert names_in(None) == names_in(" ") == frozenset()


HEAD = ["走访编号", "户编号", "开始时间", "结束时间", "方式", "结果", "走访员", "走访人员类别", "陪同人员"]


NAME_KINDS = "update campaign set plan = plan || cast(:kinds as jsonb)"
KINDS = {
    "visitor": [
        {"kind": "city", "name_zh": "市直单位", "rule": "count"},
        {"kind": "grid", "name_zh": "网格员", "rule": "remainder"},
        {"kind": "secretary", "name_zh": "村书记", "rule": "all", "repeats": True},
    ]
}


@pytest.fixture(scope="module")
def imports() -> Iterator[Store]:
    with opened("fangtu_test_duplicates") as made:
        yield made


@pytest.fixture
def register(imports: Store, tmp_path: Path) -> Store:
    imports.empty()
    imports.township(tmp_path)
    rows = [("H1", "赵测一", 118.802, 36.405), ("H2", "钱测二", 118.803, 36.405)]
    path = write_csv(tmp_path / "households.csv", ["户编号", "户主姓名", "经度", "纬度"], rows)
    imports.load("households", path, area=TOWNSHIP)
    with imports.engine.begin() as connection:
        connection.execute(
            text("update campaign set plan = plan || cast(:kinds as jsonb)"), {"kinds": json.dumps(KINDS)}
        )
    return imports


def visits(store: Store, path: Path, *rows: tuple[str, str, str, str, str, str]) -> int:
    made = [
        (code, home, f"2026-05-0{day} 09:00", f"2026-05-0{day} 09:40", "入户", "完成", who, kind, companions)
        for code, home, day, who, kind, companions in rows
    ]
    report = store.load("visits", write_csv(path, HEAD, made), area=TOWNSHIP)
    assert report.refused == 0
    assert report.batch is not None
    return report.batch


def flags(store: Store) -> dict[str, list[str]]:
    return dict(store.rows("select right(natural_key, 2) as code, suspect from visit order by 1"))


def test_a_second_organisations_visit_is_kept_flagged_and_raises_no_coverage(register: Store, tmp_path: Path) -> None:
    visits(register, tmp_path / "a.csv", ("V1", "H1", "2", "甲", "网格员", ""), ("V2", "H2", "2", "甲", "网格员", ""))
    before = register.one("select sum(visited) from coverage")
    # One that was offline: it comes later, and was there later.
    visits(register, tmp_path / "b.csv", ("V3", "H1", "4", "乙", "市直单位", ""), ("V4", "H1", "5", "丙", "村书记", ""))
    assert flags(register) == {"V1": [], "V2": [], "V3": ["duplicate"], "V4": []}
    assert register.one("select sum(visited) from coverage") == before == 2
    assert set(register.rows("select status from standing where valid_visits > 0")) == {(1,)}
    with Session(register.engine) as session:
        campaign = register.one("select id from campaign")
        rows, total = list_duplicates(session, campaign, 1, number_range(TOWNSHIP))
    assert total == 1
    assert (rows[0]["code"], rows[0]["visitor"], rows[0]["first_visitor"]) == ("H1", "乙", "甲")


def test_a_recheck_finds_flags_that_are_missing_or_too_many(register: Store, tmp_path: Path) -> None:
    visits(
        register, tmp_path / "a.csv",
        ("V1", "H1", "2", "甲", "网格员", ""), ("V2", "H1", "4", "乙", "市直单位", ""),
        ("V3", "H2", "2", "甲", "网格员", ""),
    )  # fmt: skip

    def wrong() -> int:
        with Session(register.engine) as session:
            return int(recheck(session)["checks"]["duplicates"])

    assert wrong() == 0
    with register.engine.begin() as connection:
        connection.execute(text("update visit set suspect = array_remove(suspect, 'duplicate')"))
    assert wrong() == 1
    with register.engine.begin() as connection:
        connection.execute(text("update visit set suspect = array['duplicate']"))
    assert wrong() == 2


def test_who_was_there_first_counts_whichever_file_came_first(register: Store, tmp_path: Path) -> None:
    visits(register, tmp_path / "a.csv", ("V1", "H1", "4", "甲", "网格员", ""))
    batch = visits(register, tmp_path / "b.csv", ("V2", "H1", "2", "乙", "市直单位", ""))
    assert flags(register) == {"V1": ["duplicate"], "V2": []}
    with Session(register.engine) as session, session.begin():
        undo_batch(session, batch)
    assert flags(register) == {"V1": []}


def test_a_batch_on_which_the_doubt_about_a_later_visit_rests_is_not_taken_back(
    register: Store, tmp_path: Path
) -> None:
    batch = visits(register, tmp_path / "a.csv", ("V1", "H1", "2", "甲", "网格员", ""))
    visits(register, tmp_path / "b.csv", ("V2", "H1", "4", "乙", "市直单位", ""))
    with Session(register.engine) as session, session.begin(), pytest.raises(UndoBlocked):
        undo_batch(session, batch)


def test_a_visit_that_turns_out_to_be_to_another_household_takes_the_flag_along(
    register: Store, tmp_path: Path
) -> None:
    visits(register, tmp_path / "a.csv", ("V1", "H1", "4", "甲", "网格员", ""))
    visits(register, tmp_path / "b.csv", ("V2", "H1", "2", "乙", "市直单位", ""))
    visits(register, tmp_path / "c.csv", ("V2", "H2", "2", "乙", "市直单位", ""))
    assert flags(register) == {"V1": [], "V2": []}


def test_a_joint_visit_is_one_visit_of_two_organisations(register: Store, tmp_path: Path) -> None:
    register.account("b", "乙", TOWNSHIP)
    register.account("c", "丙", VILLAGES[1])
    register.account("d1", "丁", TOWNSHIP)
    register.account("d2", "丁", TOWNSHIP)
    visits(
        register,
        tmp_path / "a.csv",
        ("V1", "H1", "2", "甲", "网格员", "乙、丙；丁"),
        ("V2", "H1", "2", "乙", "市直单位", ""),
    )
    assert flags(register) == {"V1": [], "V2": []}
    # 丙 answers for another place, and there are two of the name 丁.
    known = (
        "select a.full_name from visit v join account a on a.id = any (v.companion_ids) where natural_key like '%V1'"
    )
    assert register.rows(known) == [("乙",)]


def test_a_plan_that_comes_to_name_its_kinds_flags_what_is_stored(register: Store, tmp_path: Path) -> None:
    with register.engine.begin() as connection:
        connection.execute(text("update campaign set plan = plan - 'visitor'"))
    visits(register, tmp_path / "a.csv", ("V1", "H1", "2", "甲", "网格员", ""), ("V2", "H1", "4", "乙", "市直单位", ""))
    assert flags(register) == {"V1": [], "V2": []}
    with Session(register.engine) as session, session.begin():
        session.execute(text(NAME_KINDS), {"kinds": json.dumps(KINDS)})
        assert refresh_duplicates(session, None, campaign_id=session.scalar(text("select id from campaign"))) == 1
    assert flags(register) == {"V1": [], "V2": ["duplicate"]}
