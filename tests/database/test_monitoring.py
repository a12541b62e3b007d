"""Monitoring of housing safety: rounds, stages, what comes by itself, lateness, and what nobody may do."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data.appraisal_told import Told
from data.appraisals import add_appraisal
from data.areas import number_range
from data.askers import Asker, Role
from data.monitoring.acts import act_on, change_status
from data.monitoring.listing import MonitorWish, count_round, household_monitoring, monitored_page, round_coverage
from data.monitoring.rounds import find_round, list_rounds, open_round, take_in
from data.monitoring.unfit import MonitoringUnfit
from data.renovation.gates import advance, end_site
from data.renovation.openings import open_site
from data.rules.appraising import Findings
from data.rules.gates import gates_of
from data.rules.monitoring import read_rules
from tests.township import TOWNSHIP, VILLAGES, SmallTownship, make_township

MONTH = date(2026, 10, 1)
IN_TIME, LATE = date(2026, 10, 5), date(2026, 10, 6)
TODAY = date(2026, 10, 3)
WHOLE = number_range(TOWNSHIP)
RULES = read_rules()


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    made = make_township(owner)
    for home in ("H1", "H2", "H3", "H5", "H6"):
        owner.execute(
            text("update household set aid_group = 'minimum_living' where id = :id"), {"id": made.households[home]}
        )
    return made


@pytest.fixture
def desk(owner: Session, town: SmallTownship) -> Asker:
    account = owner.scalar(
        text("""
            insert into account (username, full_name, role, password_hash, jur, jur_end)
            values ('desk', '测试', 'supervisor', 'x', :lo, :hi) returning id"""),
        {"lo": WHOLE[0], "hi": WHOLE[1]},
    )
    return Asker(int(account or 0), "desk", "测试", Role.SUPERVISOR, None, (WHOLE,))


def begin(owner: Session) -> int:
    return open_round(owner, None, area=TOWNSHIP, month=MONTH, rules=RULES, today=TODAY)


def key(owner: Session, round_id: int, town: SmallTownship, home: str) -> int:
    found = owner.scalar(
        text("select id from monitored where round_id = :round and household_id = :home"),
        {"round": round_id, "home": town.households[home]},
    )
    return int(found or 0)


def stage(owner: Session, monitored: int) -> str:
    return str(owner.scalar(text("select stage from monitored where id = :id"), {"id": monitored}))


def house(owner: Session, town: SmallTownship, home: str) -> int:
    found = owner.scalar(text("select id from house where household_id = :id"), {"id": town.households[home]})
    return int(found or 0)


def appraise(owner: Session, desk: Asker, house_id: int, grade: str, day: date, supersedes: int | None = None) -> int:
    told = Told(uuid.uuid4(), "jgjt363", Findings(raw=grade), day, "测试鉴定组", "again", grade=grade, reason="认定",
                supersedes=supersedes)  # fmt: skip
    return add_appraisal(owner, desk, house_id, told, today=TODAY)[0]


def report(owner: Session, monitored: int, day: date = date(2026, 10, 2)) -> None:
    assert act_on(owner, None, [monitored], "reported", today=TODAY, on_day=day, reason="墙体开裂").moved == 1


def test_a_round_takes_in_the_monitored_groups_and_those_that_come_later(owner: Session, town: SmallTownship) -> None:
    made = begin(owner)
    assert count_round(owner, made, WHOLE, TODAY).all.total == 5
    assert take_in(owner, made, RULES) == 0
    owner.execute(text("update household set aid_group = 'margin' where id = :id"), {"id": town.households["H8"]})
    owner.execute(
        text("update household set aid_group = 'five_guarantee' where id = :id"), {"id": town.households["H7"]}
    )
    assert take_in(owner, made, RULES) == 1
    assert [one["id"] for one in list_rounds(owner, WHOLE)] == [made]


def test_a_month_is_opened_once_and_not_before_it_comes(owner: Session, town: SmallTownship) -> None:
    begin(owner)
    with pytest.raises(MonitoringUnfit):
        begin(owner)
    with pytest.raises(MonitoringUnfit):
        open_round(owner, None, area=TOWNSHIP, month=date(2026, 11, 1), rules=RULES, today=TODAY)
    with pytest.raises(MonitoringUnfit):
        open_round(owner, None, area=VILLAGES[0], month=MONTH, rules=RULES, today=TODAY)


def test_after_a_storm_a_round_of_the_places_it_hit_is_opened(owner: Session, town: SmallTownship, desk: Asker) -> None:
    lo, hi = number_range(VILLAGES[0])
    storm = owner.scalar(
        text("""
            insert into disaster (area_id, jur, jur_end, kind, happened_on, account_id)
            values (:area, :lo, :hi, 'storm', '2026-10-01', :account) returning id"""),
        {"area": town.areas[VILLAGES[0]], "lo": lo, "hi": hi, "account": desk.account_id},
    )
    begin(owner)
    made = open_round(owner, None, area=TOWNSHIP, month=MONTH, rules=RULES, today=TODAY, disaster_id=storm)
    found = find_round(owner, made)
    assert (found["disaster"], found["names_by"]) == ("storm", date(2026, 10, 10))
    assert count_round(owner, made, WHOLE, TODAY).all.total == 4  # H6 lies in another village
    with pytest.raises(MonitoringUnfit):
        open_round(owner, None, area=TOWNSHIP, month=MONTH, rules=RULES, today=TODAY, disaster_id=storm)


def test_late_ones_come_first_and_the_last_day_is_in_time(owner: Session, town: SmallTownship) -> None:
    made = begin(owner)
    report(owner, key(owner, made, town, "H3"))
    assert sum(count_round(owner, made, WHOLE, IN_TIME).all.late.values()) == 0
    counts = count_round(owner, made, WHOLE, LATE)
    assert (counts.all.late["to_check"], counts.all.late["reported"], counts.all.checked) == (4, 0, 1)
    rows, _page, _pages, found = monitored_page(owner, MonitorWish(made, WHOLE), LATE)
    assert (found, [row["late"] for row in rows]) == (5, [True] * 4 + [False])
    assert monitored_page(owner, MonitorWish(made, WHOLE, late=True), LATE)[3] == 4
    after = count_round(owner, made, WHOLE, date(2026, 10, 21)).all.late
    assert (after["to_check"], after["reported"]) == (4, 1)


def test_counts_of_villages_add_up_and_the_map_has_the_same(owner: Session, town: SmallTownship) -> None:
    made = begin(owner)
    act_on(owner, None, [key(owner, made, town, "H1")], "checked_safe", today=TODAY)
    counts = count_round(owner, made, WHOLE, TODAY)
    assert [(one.checked, one.total) for one in counts.villages] == [(1, 4), (0, 1)]
    on_map = round_coverage(owner, made, "village", (WHOLE,))
    assert on_map == {town.areas[VILLAGES[0]]: (1, 4), town.areas[VILLAGES[1]]: (0, 1)}
    assert sum(n for _, n in round_coverage(owner, made, "grid", (WHOLE,)).values()) == 5


def test_an_appraisal_brings_a_reported_household_along(owner: Session, town: SmallTownship, desk: Asker) -> None:
    made = begin(owner)
    one = key(owner, made, town, "H2")
    appraise(owner, desk, house(owner, town, "H2"), "D", date(2026, 10, 2))
    assert stage(owner, one) == "to_check"  # nobody had reported it
    report(owner, one)
    appraise(owner, desk, house(owner, town, "H2"), "D", date(2026, 10, 1))
    assert stage(owner, one) == "reported"  # of a day before
    first = appraise(owner, desk, house(owner, town, "H2"), "C", date(2026, 10, 3))
    assert stage(owner, one) == "appraised"
    assert act_on(owner, None, [one], "closed", today=TODAY).left_out
    appraise(owner, desk, house(owner, town, "H2"), "B", date(2026, 10, 3), supersedes=first)
    assert owner.scalar(text("select result from monitored where id = :id"), {"id": one}) == "B"
    assert act_on(owner, None, [one], "closed", today=TODAY).moved == 1


def test_a_site_follows_and_its_acceptance_finishes(owner: Session, town: SmallTownship, desk: Asker) -> None:
    made = begin(owner)
    one = key(owner, made, town, "H2")
    report(owner, one)
    appraise(owner, desk, house(owner, town, "H2"), "C", date(2026, 10, 3))
    assert act_on(owner, None, [one], "followed", today=TODAY, follow="site").left_out
    site = open_site(owner, None, household_id=town.households["H2"], house_id=house(owner, town, "H2"),
                     method="repair", responsible="甲", on_day=date(2026, 10, 3))  # fmt: skip
    assert stage(owner, one) == "following"
    assert act_on(owner, None, [one], "closed", today=TODAY).left_out
    for gate in gates_of("repair")[1:9]:
        advance(owner, None, site, gate)
    assert stage(owner, one) == "followed"
    told = household_monitoring(owner, town.households["H2"])
    assert (told["changes"][0]["before"], told["changes"][0]["status"]) == ("dangerous", "renovated")
    assert [act["act"] for act in told["rounds"][0]["acts"]] == ["reported", "appraised", "followed", "finished"]
    last = max(act["on_day"] for act in told["rounds"][0]["acts"])
    assert act_on(owner, None, [one], "closed", today=max(last, TODAY)).moved == 1
    assert stage(owner, one) == "closed"


def test_a_site_that_ends_without_a_house_is_to_be_followed_again(
    owner: Session, town: SmallTownship, desk: Asker
) -> None:
    made = begin(owner)
    one = key(owner, made, town, "H2")
    report(owner, one)
    appraise(owner, desk, house(owner, town, "H2"), "C", date(2026, 10, 3))
    site = open_site(owner, None, household_id=town.households["H2"], house_id=house(owner, town, "H2"),
                     method="repair", on_day=date(2026, 10, 3))  # fmt: skip
    end_site(owner, None, site, "withdrawn", "农户不愿改造")
    assert stage(owner, one) == "appraised"


def test_what_lacks_a_reason_or_its_turn_is_refused_or_left_out(owner: Session, town: SmallTownship) -> None:
    made = begin(owner)
    one, two = key(owner, made, town, "H1"), key(owner, made, town, "H2")
    with pytest.raises(MonitoringUnfit):
        act_on(owner, None, [one], "reported", today=TODAY)
    with pytest.raises(MonitoringUnfit):
        act_on(owner, None, [one], "checked_safe", today=TODAY, on_day=TODAY + timedelta(days=1))
    act_on(owner, None, [two], "checked_safe", today=TODAY)
    done = act_on(owner, None, [one, two], "checked_safe", today=TODAY)
    assert (done.moved, [left for left, _ in done.left_out]) == (1, [two])
    assert act_on(owner, None, [two], "reopened", today=TODAY, reason="登记错了").moved == 1
    assert stage(owner, two) == "to_check"


@pytest.mark.parametrize("act", ["closed", "finished", "followed", "appraised", "unfollowed", "reopened"])
def test_the_database_keeps_the_order_whoever_writes(owner: Session, town: SmallTownship, act: str) -> None:
    one = key(owner, begin(owner), town, "H1")
    with pytest.raises(IntegrityError):
        owner.execute(
            text("""
                insert into monitoring_act (monitored_id, jur, no, act, on_day, reason, follow)
                select id, jur, 0, :act, '2026-10-02', 'x', case when :act = 'followed' then 'not_needed' end
                  from monitored where id = :id"""),
            {"id": one, "act": act},
        )


def test_a_change_of_status_is_added_and_the_one_before_stays(owner: Session, town: SmallTownship) -> None:
    home = town.households["H2"]
    change_status(owner, None, home, "vacant", "全家外出务工", today=TODAY)
    change_status(owner, None, home, "demolished", "旧房拆除", today=TODAY)
    with pytest.raises(MonitoringUnfit):
        change_status(owner, None, home, "demolished", "再说一次", today=TODAY)
    with pytest.raises(MonitoringUnfit):
        change_status(owner, None, home, "safe", " ", today=TODAY)
    with pytest.raises(MonitoringUnfit):
        change_status(owner, None, home, "safe", "改建", today=TODAY, on_day=TODAY - timedelta(days=1))
    told = household_monitoring(owner, home)
    assert (told["now"], [row["status"] for row in told["changes"]]) == ("demolished", ["demolished", "vacant"])
    assert told["changes"][1]["before"] == "dangerous"
