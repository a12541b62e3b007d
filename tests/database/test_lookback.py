"""Look-backs in the store: the draw is frozen and repeatable, what is found becomes findings, findings cost points."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.askers import Asker, RecordUnknown, Role
from data.audit import Origin, bind_asker
from data.coverage import coverage_total
from data.findings import FindingClosed, list_findings, settle_finding, village_scores
from data.households import ReasonTooShort
from data.lookback import OwnVisit, find_pick, plan_of, record_result, village_picks, village_states
from data.lookback_draws import draw_lookback
from data.rules.lookback_claim import USUAL, LookbackError, Plan
from data.tables import Account, Campaign, Lookback
from tests.township import TOWNSHIP, VILLAGES, SmallTownship, add_visit, make_township

SCORED = {
    "scoring": {"start": 1000, "talk_at": 2},
    "score": [
        {"key": "false_visit", "name_zh": "虚假入户", "name_en": "False visit", "points": 1, "clause": "每起扣1分"}
    ],
}


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    """The township with every household of village 001 counted, and a plan that scores."""
    made = make_township(owner)
    for name in ("H2", "H4", "H5"):
        add_visit(owner, made, f"again-{name}", name)
    campaign = owner.get_one(Campaign, made.campaign_id)
    campaign.plan = {**campaign.plan, **SCORED}
    owner.flush()
    return made


@pytest.fixture
def checker(owner: Session) -> Asker:
    low, high = number_range(TOWNSHIP)
    account = Account(username="checker", full_name="核查员", role="supervisor", jur=low, jur_end=high)
    owner.add(account)
    owner.flush()
    asker = Asker(account.id, "checker", "核查员", Role.SUPERVISOR, None, ((low, high),))
    bind_asker(owner, asker, Origin())
    return asker


def draw(owner: Session, town: SmallTownship, coverage: float = 0.8, seed: str = "seed") -> Lookback:
    campaign = owner.get_one(Campaign, town.campaign_id)
    return draw_lookback(owner, campaign, 1, number_range(TOWNSHIP), coverage=coverage, error=0.2, seed=seed)


def order(owner: Session, drawn: Lookback) -> list[tuple[int, int, float]]:
    rows = owner.execute(
        text("select no, household_id, weight from lookback_pick where lookback_id = :id order by village_id, no"),
        {"id": drawn.id},
    )
    return [tuple(row) for row in rows]


def picks_of(owner: Session, drawn: Lookback, town: SmallTownship) -> list[dict[str, object]]:
    return village_picks(owner, drawn, town.areas[VILLAGES[0]], ahead=50)


def test_all_counted_households_of_a_village_are_drawn(owner: Session, town: SmallTownship) -> None:
    drawn = draw(owner, town)
    homes = {pick["household_id"] for pick in picks_of(owner, drawn, town)}
    assert homes == {town.households[name] for name in ("H1", "H2", "H3", "H4", "H5")}
    states = {state.code: state for state in village_states(owner, drawn)}
    assert set(states) == set(VILLAGES)
    first = states[VILLAGES[0]]
    assert (first.eligible, first.counted, first.needed, first.state) == (5, 5, 4, "going_on")
    # Nobody is counted in the others: they are below the claim without a look-back.
    assert {states[code].state for code in VILLAGES[1:]} == {"refuted"}


def test_a_draw_is_repeated_by_its_seed(owner: Session, town: SmallTownship) -> None:
    first, again, other = draw(owner, town), draw(owner, town), draw(owner, town, seed="another")
    assert order(owner, first) == order(owner, again)
    assert [row[1] for row in order(owner, other)] != [row[1] for row in order(owner, first)]


def test_a_draw_stays_as_it_was_when_visits_change(owner: Session, town: SmallTownship) -> None:
    drawn = draw(owner, town)
    before = order(owner, drawn)
    owner.execute(text("update visit set suspect = '{far_from_house}' where natural_key = 'test:again-H2'"))
    add_visit(owner, town, "late", "H8")
    assert order(owner, drawn) == before
    assert [state.counted for state in village_states(owner, drawn)] == [5, 0, 0]
    # Drawn anew the suspect one weighs more than the others.
    weights = {row[1]: row[2] for row in order(owner, draw(owner, town))}
    assert weights[town.households["H2"]] > weights[town.households["H1"]]


def test_a_village_is_certified_by_results(owner: Session, town: SmallTownship, checker: Asker) -> None:
    drawn = draw(owner, town)
    state = village_states(owner, drawn)[0]
    assert state.verdict is not None
    still = state.verdict.still
    assert still is not None
    for pick in picks_of(owner, drawn, town)[:still]:
        assert village_states(owner, drawn)[0].state == "going_on"
        record_result(owner, checker, pick["id"], result="confirmed", mode="phone", satisfied=True)
    assert village_states(owner, drawn)[0].state == "certified"
    assert list_findings(owner, town.campaign_id, 1) == []


def test_a_look_back_is_judged_by_the_plan_of_its_draw(owner: Session, town: SmallTownship, checker: Asker) -> None:
    assert plan_of(draw(owner, town)) == USUAL
    campaign, within = owner.get_one(Campaign, town.campaign_id), number_range(TOWNSHIP)
    bold = draw_lookback(owner, campaign, 1, within, coverage=0.8, error=0.2, seed="seed", plan=Plan(0, 0.5))
    owner.expire(bold)
    assert plan_of(bold) == Plan(0, 0.5)
    first = picks_of(owner, bold, town)[0]
    record_result(owner, checker, first["id"], result="not_visited", mode="home")
    stopped = village_states(owner, bold)[0]
    assert stopped.verdict is not None
    # One of five is false, and one may be: with the other four confirmed it is proved by counting.
    assert (stopped.state, stopped.as_json()["still"], stopped.verdict.decided_at) == ("stopped", 4, None)
    for pick in picks_of(owner, bold, town)[1:]:
        record_result(owner, checker, pick["id"], result="confirmed", mode="home")
    assert village_states(owner, bold)[0].state == "certified"
    # One drawn before there were plans has none, and is never given up.
    before = draw(owner, town)
    owner.execute(text("update lookback set reckoned = null, power = null where id = :id"), {"id": before.id})
    owner.expire(before)
    assert plan_of(before) is None
    record_result(owner, checker, picks_of(owner, before, town)[0]["id"], result="not_visited", mode="home")
    assert village_states(owner, before)[0].state == "going_on"


def test_a_false_visit_becomes_a_finding_and_a_person_rules(
    owner: Session, town: SmallTownship, checker: Asker
) -> None:
    campaign = owner.get_one(Campaign, town.campaign_id)
    drawn = draw(owner, town)
    one, two = picks_of(owner, drawn, town)[:2]
    visited = coverage_total(owner, town.campaign_id, 1).visited
    record_result(owner, checker, one["id"], result="not_visited", mode="home", remark="没人来过")
    (finding,) = list_findings(owner, town.campaign_id, 1)
    assert (finding["kind"], finding["points"], finding["clause"], finding["state"]) == (
        "false_visit",
        1.0,
        "每起扣1分",
        "open",
    )
    assert finding["visit_no"] is not None
    # The look-back alone changes no coverage and costs no points.
    assert coverage_total(owner, town.campaign_id, 1).visited == visited
    (score,) = village_scores(owner, campaign, 1)
    assert (score.open, score.lost, score.left, score.talk) == (1, 0.0, 1000.0, False)
    with pytest.raises(ReasonTooShort):
        settle_finding(owner, checker, finding["id"], "confirm", "假")
    settle_finding(owner, checker, finding["id"], "answer", "村里说记错了户")
    settle_finding(owner, checker, finding["id"], "confirm", "两次核实无人来过")
    assert coverage_total(owner, town.campaign_id, 1).visited == visited - 1
    (score,) = village_scores(owner, campaign, 1)
    assert (score.confirmed, score.lost, score.left, score.talk, score.talk_near) == (1, 1.0, 999.0, False, False)
    assert (
        owner.scalar(text("select count(*) from audit where act = 'rule_visit' and reason = '两次核实无人来过'")) >= 1
    )
    with pytest.raises(FindingClosed):
        settle_finding(owner, checker, finding["id"], "withdraw", "撤回这一项")
    # A person has decided: a corrected result does not undo it.
    with pytest.raises(FindingClosed):
        record_result(owner, checker, one["id"], result="confirmed", mode="home")
    record_result(owner, checker, two["id"], result="not_visited", mode="home")
    (score,) = village_scores(owner, campaign, 1)
    assert (score.talk, score.talk_near) == (False, True)
    second = next(row for row in list_findings(owner, town.campaign_id, 1) if row["state"] == "open")
    settle_finding(owner, checker, second["id"], "confirm", "同样没有去过")
    assert village_scores(owner, campaign, 1)[0].talk
    assert village_states(owner, drawn)[0].state == "refuted"


def test_a_corrected_result_withdraws_its_finding_and_back(owner: Session, town: SmallTownship, checker: Asker) -> None:
    pick = picks_of(owner, draw(owner, town), town)[0]
    for result, state in (("not_visited", "open"), ("confirmed", "withdrawn"), ("not_visited", "open")):
        record_result(owner, checker, pick["id"], result=result, mode="phone")
        assert [row["state"] for row in list_findings(owner, town.campaign_id, 1)] == [state]
    # Somebody came, but what was said is not true: that is another finding, in the place of the first.
    record_result(owner, checker, pick["id"], result="untrue", mode="phone")
    states = {row["kind"]: row["state"] for row in list_findings(owner, town.campaign_id, 1)}
    assert states == {"false_visit": "withdrawn", "untrue_record": "open"}


def test_who_is_not_reached_is_tried_again(owner: Session, town: SmallTownship, checker: Asker) -> None:
    pick = picks_of(owner, draw(owner, town), town)[0]
    for _ in range(2):
        record_result(owner, checker, pick["id"], result="not_reached", mode="phone")
    assert find_pick(owner, pick["id"]).tries == 2
    assert record_result(owner, checker, pick["id"], result="confirmed", mode="home").result == "confirmed"


@pytest.mark.parametrize("by", ["测试员", " 测试员 "])
def test_nobody_looks_back_at_an_own_visit(owner: Session, town: SmallTownship, checker: Asker, by: str) -> None:
    pick = picks_of(owner, draw(owner, town), town)[0]
    with pytest.raises(OwnVisit):
        record_result(owner, checker, pick["id"], result="confirmed", mode="phone", looked_by=by)
    owner.execute(
        text("update visit set account_id = :account where household_id = :home"),
        {"account": checker.account_id, "home": pick["household_id"]},
    )
    with pytest.raises(OwnVisit):
        record_result(owner, checker, pick["id"], result="confirmed", mode="phone", looked_by="别人")


def test_results_and_modes_are_those_of_the_plan(owner: Session, town: SmallTownship, checker: Asker) -> None:
    pick = picks_of(owner, draw(owner, town), town)[0]
    campaign = owner.get_one(Campaign, town.campaign_id)
    campaign.plan = {**campaign.plan, "visit": {**campaign.plan["visit"], "lookback_modes": ["home", "phone"]}}
    owner.flush()
    for result, mode in (("confirmed", "sms"), ("well", "home"), ("confirmed", "")):
        with pytest.raises(LookbackError):
            record_result(owner, checker, pick["id"], result=result, mode=mode)
    with pytest.raises(RecordUnknown):
        record_result(owner, checker, 999_999, result="confirmed", mode="home")


def test_a_village_of_which_households_are_gone_is_void(owner: Session, town: SmallTownship) -> None:
    drawn = draw(owner, town)
    home = picks_of(owner, drawn, town)[0]["household_id"]
    owner.execute(text("delete from lookback_pick where household_id = :id"), {"id": home})
    state = village_states(owner, drawn)[0]
    assert (state.state, state.verdict) == ("void", None)


def test_a_pick_follows_its_household_to_another_grid(owner: Session, town: SmallTownship) -> None:
    drawn = draw(owner, town)
    home = town.households["H1"]
    owner.execute(text("update household set jur = jur + 1 where id = :id"), {"id": home})
    owner.execute(text("set constraints all immediate"))
    moved = owner.execute(
        text("select p.jur = h.jur from lookback_pick p join household h on h.id = p.household_id where h.id = :id"),
        {"id": home},
    ).scalar_one()
    assert moved
    assert village_states(owner, drawn)[0].counted == 5


def test_an_area_without_households_is_refused(owner: Session, town: SmallTownship) -> None:
    campaign = owner.get_one(Campaign, town.campaign_id)
    with pytest.raises(LookbackError):
        draw_lookback(owner, campaign, 1, number_range("990101002"), coverage=0.9, error=0.05)
    with pytest.raises(LookbackError):
        draw_lookback(owner, campaign, 1, number_range(TOWNSHIP), coverage=1.2, error=0.05)


def test_a_draw_stays_inside_one_area_of_duty(owner: Session, town: SmallTownship, checker: Asker) -> None:
    campaign = owner.get_one(Campaign, town.campaign_id)
    two = replace(checker, duty=tuple(number_range(code) for code in VILLAGES[:2]))
    with pytest.raises(LookbackError):
        draw_lookback(owner, campaign, 1, coverage=0.9, error=0.05, asker=two)
    made = draw_lookback(owner, campaign, 1, number_range(VILLAGES[0]), coverage=0.9, error=0.05, asker=two)
    assert [state.code for state in village_states(owner, made)] == [VILLAGES[0]]
