"""Lists compared with households, what excludes them, and the gate that asks for both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.areas import number_range
from data.askers import RecordUnknown
from data.db import enter, rows_changed
from data.local_time import today
from data.renovation.checks import site_checks, state_check
from data.renovation.eligibility import eligibility_of
from data.renovation.exclusions import exclude, exclusions_of, lift_exclusion
from data.renovation.gates import advance, advance_many
from data.renovation.lists import confirm_row, list_counts, list_rows, withdraw_list
from data.renovation.unfit import RenovationUnfit
from data.sealing import Sealer, load_sealer
from data.settings import Settings
from tests.conftest import fresh_database
from tests.database.test_isolation import Store
from tests.lists import ON, compare, identify, number_of
from tests.renovation import DAY, new_site, settle
from tests.township import TOWNSHIP, SmallTownship, make_township

LOW, POOR, EDGE = "minimum_living", "dispersed_poor", "margin"


@pytest.fixture
def town(owner: Session, sealer: Sealer) -> SmallTownship:
    made = make_township(owner)
    identify(owner, made, sealer, {"H1": LOW, "H2": LOW, "H3": EDGE, "H4": LOW, "H5": None, "H6": POOR})
    return made


@pytest.fixture
def sealer(settings: Settings) -> Sealer:
    return load_sealer(settings.key_file)


def verdict(session: Session, town: SmallTownship, home: str) -> str:
    key = town.households[home]
    return eligibility_of(session, [key])[key].verdict


def test_each_row_of_a_list_is_told_what_became_of_it(
    owner: Session, town: SmallTownship, sealer: Sealer, tmp_path: Path
) -> None:
    owner.execute(text("update household set head_name = '郑测七' where id = :id"), {"id": town.households["H6"]})
    wrong = number_of(9)[:-1] + ("1" if number_of(9)[-1] != "1" else "2")
    rows = [
        ("赵测一", number_of(1), "测试1村", "农村低保户", ""),
        ("孙测三", number_of(3), "测试1村", "低保", ""),
        ("周测五", number_of(5), "", "低保", ""),
        ("外来人", number_of(40), "测试1村", "低保", ""),
        ("王测八", "", "测试3村民委员会", "低保", ""),
        ("郑测七", "", "测试2村", "低保", ""),
        ("双份", number_of(50), "", "低保", ""),
        ("双份", number_of(50), "", "低保", ""),
        ("错号", wrong, "", "低保", ""),
        ("李测四", number_of(4), "", "困难户", ""),
        ("越权", number_of(60), "", "易返贫致贫户", ""),
        ("钱测二", number_of(2), "", "低保", "2026-04-30"),
        ("合计", "", "", "", ""),
    ]
    found = compare(owner, town, sealer, tmp_path, rows)
    told = {row["no"]: row for row in list_rows(owner, found.id, sealer, size=None)}
    outcomes = {no: row["outcome"] for no, row in told.items()}
    assert outcomes == {
        3: "differs",
        4: "differs",
        5: "absent",
        6: "to_confirm",
        7: "several",
        8: "double",
        9: "double",
        10: "bad_id",
        11: "unclear",
        12: "other_office",
        13: "lapsed",
    }
    assert found.counts == {
        "agrees": 1,
        "differs": 2,
        "absent": 1,
        "to_confirm": 1,
        "several": 1,
        "double": 2,
        "bad_id": 1,
        "unclear": 1,
        "other_office": 1,
        "lapsed": 1,
        "missing": 0,
        "rows": 12,
    }
    assert list_counts(owner, found.id) == {name: n for name, n in found.counts.items() if n and name != "rows"}
    assert told[4]["household_id"] == town.households["H5"]
    assert told[5]["id_number"] == "370725************"


def test_households_of_the_groups_that_stand_in_a_list_are_missing_from_it_and_no_others(
    owner: Session, town: SmallTownship, sealer: Sealer, tmp_path: Path
) -> None:
    owner.execute(
        text("update household set aid_group = 'five_guarantee' where id = :id"), {"id": town.households["H7"]}
    )
    rows = [("甲", number_of(1), "", "低保", ""), ("乙", number_of(6), "", "特困人员", "")]
    found = compare(owner, town, sealer, tmp_path, rows)
    gone = list_rows(owner, found.id, sealer, "missing", size=None)
    # H2 and H4 are on the allowance; H7 has the older name of a group in the list; H3 is of a group it does not name.
    assert {row["household_id"] for row in gone} == {town.households[home] for home in ("H2", "H4", "H7")}
    assert [verdict(owner, town, home) for home in ("H1", "H2", "H3", "H5", "H6", "H7")] == [
        "eligible",
        "contradicted",
        "unproven",
        "no_group",
        "eligible",
        "older_group",
    ]


def test_the_same_file_is_kept_once_until_it_is_withdrawn(
    owner: Session, town: SmallTownship, sealer: Sealer, tmp_path: Path
) -> None:
    rows = [("甲", number_of(1), "", "低保边缘家庭", "")]
    first = compare(owner, town, sealer, tmp_path, rows)
    again = compare(owner, town, sealer, tmp_path, rows)
    assert (again.id, again.again) == (first.id, True)
    assert verdict(owner, town, "H1") == "contradicted"
    with pytest.raises(RenovationUnfit):
        withdraw_list(owner, first.id, " ")
    withdraw_list(owner, first.id, "传错了文件")
    with pytest.raises(RenovationUnfit):
        withdraw_list(owner, first.id, "再撤一次")
    assert verdict(owner, town, "H1") == "unproven"
    assert not compare(owner, town, sealer, tmp_path, rows).again


def test_a_row_found_by_name_counts_only_once_a_person_has_confirmed_it(
    owner: Session, town: SmallTownship, sealer: Sealer, tmp_path: Path
) -> None:
    rows = [("赵测一", "", "测试1村委会", "低保", ""), ("某人", number_of(2), "", "低保", "")]
    found = compare(owner, town, sealer, tmp_path, rows)
    waiting = list_rows(owner, found.id, sealer, "to_confirm")
    assert [row["household_id"] for row in waiting] == [town.households["H1"]]
    # Neither on the list nor missing from it, until somebody has looked.
    assert verdict(owner, town, "H1") == "unproven"
    assert confirm_row(owner, None, found.id, waiting[0]["id"]) == "agrees"
    assert verdict(owner, town, "H1") == "eligible"
    with pytest.raises(RenovationUnfit):
        confirm_row(owner, None, found.id, waiting[0]["id"])
    with pytest.raises(RecordUnknown):
        confirm_row(owner, None, found.id + 1, waiting[0]["id"])


@pytest.mark.parametrize(
    ("headings", "rows"),
    [
        (("姓名", "电话"), [("甲", "1")]),
        (("姓名", "村"), [("甲", "测试1村")]),
        (("身份证号", "类别"), []),
        (("姓名", "村", "类别"), [("合计", "", "")]),
    ],
)
def test_what_is_no_list_is_refused_with_its_columns(
    owner: Session,
    town: SmallTownship,
    sealer: Sealer,
    tmp_path: Path,
    headings: tuple[str, ...],
    rows: list[tuple[str, ...]],
) -> None:
    with pytest.raises(RenovationUnfit) as refused:
        compare(owner, town, sealer, tmp_path, rows, headings=headings)
    assert refused.value.text.zh.startswith("没有比对")
    assert owner.scalar(text("select count(*) from aid_list")) == 0


def test_a_list_of_a_day_to_come_is_refused(
    owner: Session, town: SmallTownship, sealer: Sealer, tmp_path: Path
) -> None:
    rows = [("甲", number_of(1), "", "低保", "")]
    with pytest.raises(RenovationUnfit) as refused:
        compare(owner, town, sealer, tmp_path, rows, on_day=today() + timedelta(days=1))
    assert refused.value.details["column"] == "on_day"


def test_a_list_of_thousands_is_compared_in_few_statements(
    owner: Session, town: SmallTownship, sealer: Sealer, tmp_path: Path
) -> None:
    rows = [("某", number_of(100 + n), "", "低保", "") for n in range(3000)]
    found = compare(owner, town, sealer, tmp_path, [("甲", number_of(1), "", "低保", ""), *rows])
    assert (found.counts["agrees"], found.counts["absent"]) == (1, 3000)


def test_an_excluded_household_passes_the_comparison_only_with_a_reason(
    owner: Session, town: SmallTownship, sealer: Sealer
) -> None:
    settle(owner, town, sealer)
    site, other = new_site(owner, town, "H2", "appraised"), new_site(owner, town, "H3", "appraised")
    key = exclude(owner, None, town.households["H2"], kind="second_house", evidence="不动产登记第 3 号", from_on=None)
    with pytest.raises(RenovationUnfit) as refused:
        advance(owner, None, site, "compared", on_day=DAY)
    assert "另有安全住房" in refused.value.text.zh
    assert refused.value.details["column"] == "override"
    moved = advance_many(owner, None, [site, other], "compared", on_day=DAY)
    assert [one for one, _ in moved.left_out] == [site]
    assert advance(owner, None, site, "compared", on_day=DAY, override="该房已倒塌，村委会证明") == "compared"
    identity = site_checks(owner, [site])[site][0]
    assert (identity.met, identity.agrees, identity.reason) == (True, False, "该房已倒塌，村委会证明")
    advance(owner, None, site, "reviewed", on_day=DAY)
    # What is entered after that reason is not passed over by it.
    exclude(owner, None, town.households["H2"], kind="bought_home", evidence="购房合同", from_on=None)
    with pytest.raises(RenovationUnfit):
        advance(owner, None, site, "approved", on_day=DAY)
    assert advance(owner, None, site, "approved", on_day=DAY, override="合同已解除") == "approved"
    assert key


def test_a_lifted_exclusion_stays_and_no_longer_stops(owner: Session, town: SmallTownship, sealer: Sealer) -> None:
    settle(owner, town, sealer)
    home = town.households["H2"]
    site = new_site(owner, town, "H2", "appraised")
    key = exclude(owner, None, home, kind="illegal_building", evidence="执法单", from_on=today() - timedelta(days=3))
    with pytest.raises(RenovationUnfit):
        exclude(owner, None, home, kind="illegal_building", evidence="又一份", from_on=None)
    with pytest.raises(RenovationUnfit):
        lift_exclusion(owner, None, home, key, "  ")
    with pytest.raises(RecordUnknown):
        lift_exclusion(owner, None, town.households["H1"], key, "不是这一户")
    lift_exclusion(owner, None, home, key, "已补办手续")
    with pytest.raises(RenovationUnfit):
        lift_exclusion(owner, None, home, key, "再来")
    assert [(one["kind"], one["lift_reason"]) for one in exclusions_of(owner, home)] == [
        ("illegal_building", "已补办手续")
    ]
    assert advance(owner, None, site, "compared", on_day=DAY) == "compared"


def test_each_of_the_three_checks_has_a_person_and_may_stand_for_a_reason(
    owner: Session, town: SmallTownship, sealer: Sealer, tmp_path: Path
) -> None:
    settle(owner, town, sealer)
    compare(owner, town, sealer, tmp_path, [("钱测二", number_of(2), "", "低保边缘家庭", "")], on_day=ON)
    site = new_site(owner, town, "H2", "appraised")
    with pytest.raises(RenovationUnfit):
        advance(owner, None, site, "compared", on_day=DAY)
    state_check(owner, None, site, "appraisal", responsible="鉴定员乙", reason=None)
    with pytest.raises(RenovationUnfit):
        state_check(owner, None, site, "identity", responsible=" ", reason="名单漏改")
    advance(owner, None, site, "compared", on_day=DAY, override="民政名单漏改，已核实")
    checks = {one.name: one for one in site_checks(owner, [site])[site]}
    assert {name: one.who for name, one in checks.items() if name != "responsible"} == {
        "identity": "责任人甲",
        "appraisal": "鉴定员乙",
        "method": "责任人甲",
    }
    assert all(one.met for one in checks.values())
    assert "低保边缘家庭" in checks["identity"].why.zh
    assert checks["responsible"].why.zh == "责任人甲、鉴定员乙"


class Place(Store):
    """The township with a list, an excluded household (H2) whose site is appraised, and a supervisor."""

    def __init__(self, folder: Path) -> None:
        super().__init__(fresh_database("fangtu_test_eligibility"))
        with Session(self.owner) as session, session.begin():
            sealer = load_sealer(self.settings.key_file)
            identify(session, self.town, sealer, {"H1": LOW, "H2": LOW, "H6": LOW})
            rows = [("甲", number_of(1), "", "低保", ""), ("外", number_of(99), "", "低保", "")]
            self.list = compare(session, self.town, sealer, folder, rows).id
            self.site = new_site(session, self.town, "H2", "appraised")
            self.out = exclude(session, None, self.town.households["H2"], kind="other", evidence="测试", from_on=None)
            self.tokens["supervisor"] = self._account(session, "boss", "supervisor", number_range(TOWNSHIP))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("lists"))
    yield made
    made.owner.dispose()
    made.app.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "insert into site_gate (site_id, jur, no, act, gate, on_day)"
        " select id, jur, 0, 'passed', 'compared', '2026-05-01' from renovation_site where id = :site",
        "delete from exclusion",
        "update exclusion set kind = 'other'",
        "update exclusion set lifted_on = from_on",
        "delete from aid_list",
        "delete from aid_list_row",
        "update aid_list_row set stated_name = '改'",
        "update aid_list_row set aid_group = 'margin'",
        "update aid_list set office = 'rural'",
        "update aid_list set withdrawn_at = now()",
        "delete from site_check",
    ],
)
def test_a_supervisor_cannot_write_around_lists_and_exclusions(place: Place, statement: str) -> None:
    with Session(place.app) as session:
        assert enter(session, place.tokens["supervisor"]) is not None
        with pytest.raises(DBAPIError):
            session.execute(text(statement), {"site": place.site} if ":site" in statement else {})


def test_inspectors_see_what_concerns_the_households_of_their_village(place: Place) -> None:
    seen = {}
    for name in ("one", "two", "leader"):
        with Session(place.app) as session:
            assert enter(session, place.tokens[name]) is not None
            seen[name] = [
                session.scalar(text(f"select count(*) from {table}")) for table in ("aid_list_row", "exclusion")
            ]
            if name == "two":
                lifted = session.execute(
                    text("update exclusion set lifted_on = from_on, lift_reason = 'x' where id = :id"),
                    {"id": place.out},
                )
                assert rows_changed(lifted) == 0
    # H1 agrees and H2 is missing in village one, H6 is missing in village two; the leader sees the stranger as well.
    assert seen == {"one": [2, 1], "two": [1, 0], "leader": [4, 1]}
