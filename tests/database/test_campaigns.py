"""Campaigns from work plans: rounds count their own cohorts, a changed plan is previewed, applied and kept."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.campaign_changes import Counts, preview_plan
from data.campaign_refusals import PlanConflict, PlanNotAllowed, RuleUnknown
from data.campaign_summary import summarise
from data.campaign_versions import (
    apply_plan,
    explain_rules,
    list_versions,
    preview_for,
)
from data.campaigns import list_rounds, open_campaign, target_of
from data.coverage import coverage_total
from data.imports.limits import Limits
from data.recheck import recheck
from data.rules.plan import read_plan
from data.tables import Campaign, RenovationSite
from tests.township import PLAN, TOWNSHIP, VILLAGES, SmallTownship, make_township

PLANS = sorted((Path(__file__).resolve().parents[2] / "data" / "plans").glob("*.toml"))
RANGE = number_range(TOWNSHIP)
COHORTS = """
[campaign]
id = "cohorts"
name_zh = "分母"
name_en = "Denominators"
target = 0.95

[[cohort]]
key = "key"
name_zh = "重点户"
name_en = "Key groups"
rule = "key_groups"
groups = ["lone_elder", "minimum_living"]

[[cohort]]
key = "new"
name_zh = "新改造户"
name_en = "Newly renovated"
rule = "new_renovation"
since = 2024-01-01
until = 2025-01-01

[[cohort]]
key = "old"
name_zh = "老改造户"
name_en = "Renovated before"
rule = "renovated"
since = 2009-01-01
until = 2024-01-01

[[round]]
no = 1
name_zh = "全部"
name_en = "All"

[[round]]
no = 2
name_zh = "重点访"
name_en = "Key groups"
cohort = "key"
target = 1.0

[[round]]
no = 3
name_zh = "登门一次"
name_en = "At the door"
cohort = "new"

[[round]]
no = 4
name_zh = "回访一次"
name_en = "Again"
cohort = "old"

[visit]
min_minutes = 30
"""


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    return make_township(owner)


def sizes(session: Session, campaign_id: int) -> list[int]:
    session.flush()
    rows = session.execute(
        text("select round_no, sum(eligible) as n from coverage where campaign_id = :c group by 1"), {"c": campaign_id}
    )
    found = {row.round_no: int(row.n) for row in rows}
    return [found.get(no, 0) for no in (1, 2, 3, 4)]


def drift(session: Session) -> dict[str, int]:
    session.flush()
    return {name: n for name, n in recheck(session)["checks"].items() if n}


def site(session: Session, town: SmallTownship, home: str, stage: str, **days: date) -> RenovationSite:
    key = town.households[home]
    jur = session.scalar(text("select jur from household where id = :id"), {"id": key})
    made = RenovationSite(
        natural_key=f"test:{home}:{stage}:{random.random()}", household_id=key, jur=jur, method="repair", stage=stage,
        **days,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def cohorts(owner: Session) -> int:
    return open_campaign(owner, read_plan(COHORTS), RANGE).id


def test_each_round_counts_its_own_cohort(owner: Session, town: SmallTownship) -> None:
    owner.execute(text("update household set key_groups = '{lone_elder}' where code in ('H1', 'H2')"))
    owner.execute(text("update household set aid_group = 'minimum_living' where code in ('H2', 'H3')"))
    site(owner, town, "H4", "paid", completed_on=date(2015, 5, 1), paid_on=date(2024, 2, 1))
    site(owner, town, "H5", "started", approved_on=date(2024, 3, 1))
    site(owner, town, "H6", "approved")
    site(owner, town, "H7", "found")
    site(owner, town, "H8", "accepted")
    # H2 was removed from no register and H10 has no place: both count. All ten are in the first round.
    campaign = cohorts(owner)
    already = int(
        owner.scalar(text("select count(*) from renovation_site where natural_key not like 'test:H%:%'")) or 0
    )
    assert already == 0 or already == 1
    assert sizes(owner, campaign)[:2] == [10, 3]
    new, old = (
        set(
            owner.scalars(
                text("""select h.code from standing s join household h on h.id = s.household_id
                         where s.campaign_id = :c and s.round_no = :r"""),
                {"c": campaign, "r": number},
            )
        )
        for number in (3, 4)
    )
    assert {"H5", "H6"} <= new, "approved or begun in the year, or of an unknown day and not completed"
    assert {"H4", "H8"} <= old, "completed before the year, whenever it was paid, or on an unknown day"
    assert not {"H7"} & (new | old), "a house that was only found is no renovation"
    assert not new & old
    assert drift(owner) == {}


def test_standings_follow_when_sites_and_groups_change(owner: Session, town: SmallTownship) -> None:
    campaign = cohorts(owner)
    base = sizes(owner, campaign)
    made = site(owner, town, "H9", "approved", approved_on=date(2024, 5, 1))
    assert sizes(owner, campaign)[2] == base[2] + 1
    made.stage, made.approved_on, made.completed_on = "completed", date(2020, 1, 1), date(2020, 9, 1)
    assert sizes(owner, campaign)[2:] == [base[2], base[3] + 1]
    made.household_id = town.households["H10"]
    made.jur = owner.scalar(text("select jur from household where code = 'H10'"))
    assert sizes(owner, campaign)[3] == base[3] + 1
    owner.execute(text("update household set removed_at = now() where code = 'H10'"))
    assert sizes(owner, campaign)[3] == base[3]
    owner.execute(text("update household set removed_at = null where code = 'H10'"))
    owner.delete(made)
    assert sizes(owner, campaign) == base
    owner.execute(text("update household set key_groups = '{lone_elder}' where code = 'H1'"))
    assert sizes(owner, campaign)[1] == base[1] + 1
    owner.execute(text("update household set key_groups = '{petitioner}' where code = 'H1'"))
    assert sizes(owner, campaign)[1] == base[1]
    owner.execute(text("update household set aid_group = 'minimum_living' where code = 'H1'"))
    assert sizes(owner, campaign)[1] == base[1] + 1
    assert drift(owner) == {}


def test_a_household_that_comes_after_its_site_is_enrolled(owner: Session, town: SmallTownship) -> None:
    """The key from a site to its household is looked at when the transaction ends."""
    campaign = cohorts(owner)
    base = sizes(owner, campaign)
    jur = RANGE[0]
    key = int(owner.scalar(text("select max(id) + 1000 from household")) or 0)
    owner.execute(
        text("""insert into renovation_site (natural_key, household_id, jur, method, stage)
                values ('early', :key, :jur, 'repair', 'approved')"""),
        {"key": key, "jur": jur},
    )
    assert sizes(owner, campaign) == base
    owner.execute(
        text("""insert into household (id, natural_key, head_name, jur, key_groups)
                overriding system value values (:key, 'late', '褚测', :jur, '{lone_elder}')"""),
        {"key": key, "jur": jur},
    )
    assert sizes(owner, campaign) == [base[0] + 1, base[1] + 1, base[2] + 1, base[3]]
    assert drift(owner) == {}


def test_a_round_whose_cohort_changes_counts_the_visits_of_those_it_gains(owner: Session, town: SmallTownship) -> None:
    campaign = owner.get_one(Campaign, town.campaign_id)
    before = coverage_total(owner, campaign.id, 1)
    narrow = PLAN.replace("no = 1", 'no = 1\ncohort = "key"', 1)
    narrow += (
        '\n[[cohort]]\nkey = "key"\nname_zh = "重点户"\nname_en = "Key"\nrule = "key_groups"\ngroups = ["petitioner"]\n'
    )
    open_campaign(owner, read_plan(narrow), RANGE)
    assert coverage_total(owner, campaign.id, 1).eligible == 0
    assert drift(owner) == {}
    open_campaign(owner, read_plan(PLAN), RANGE)
    after = coverage_total(owner, campaign.id, 1)
    assert (after.eligible, after.visited) == (before.eligible, before.visited)
    assert before.visited > 0
    assert drift(owner) == {}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_to_sites_and_groups_nothing_drifts(owner: Session, town: SmallTownship, seed: int) -> None:
    chance = random.Random(seed)
    campaign = cohorts(owner)
    sites: list[RenovationSite] = []
    stages = ("found", "approved", "started", "completed", "paid")
    for step in range(30):
        home = f"H{chance.randint(1, 10)}"
        day = chance.choice([None, date(2008, 6, 1), date(2020, 6, 1), date(2024, 6, 1)])
        act = chance.randrange(5)
        if act == 0 or not sites:
            sites.append(site(owner, town, home, chance.choice(stages), **({"completed_on": day} if day else {})))
        elif act == 1:
            chance.choice(sites).stage = chance.choice(stages)
        elif act == 2:
            chance.choice(sites).approved_on = day
        elif act == 3:
            owner.delete(sites.pop(chance.randrange(len(sites))))
        else:
            owner.execute(
                text("""update household set key_groups = :groups,
                               removed_at = case when :gone then now() end where code = :code"""),
                {"groups": chance.choice([[], ["lone_elder"]]), "gone": chance.random() < 0.2, "code": home},
            )
        if step % 10 == 9:
            assert drift(owner) == {}
    assert sum(sizes(owner, campaign)[2:]) > 0 or not sites


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_a_shipped_plan_opens_a_campaign(owner: Session, town: SmallTownship, path: Path) -> None:
    plan = read_plan(path.read_text(encoding="utf-8"))
    preview = preview_for(owner, plan, RANGE, Limits())
    done = apply_plan(owner, plan, preview.revision, RANGE)
    campaign = owner.get_one(Campaign, done.campaign_id)
    assert (campaign.code, campaign.version, done.visits) == (path.stem, 1, 0)
    assert campaign.plan["campaign"]["name_zh"] == campaign.name_zh
    assert [one.after.eligible for one in preview.rounds] == sizes(owner, campaign.id)[: len(preview.rounds)]
    assert drift(owner) == {}


def test_all_five_stand_side_by_side(owner: Session, town: SmallTownship) -> None:
    for path in PLANS:
        plan = read_plan(path.read_text(encoding="utf-8"))
        apply_plan(owner, plan, preview_for(owner, plan, RANGE, Limits()).revision, RANGE)
    assert len(owner.query(Campaign).all()) == 6
    assert drift(owner) == {}


def changed(minutes: int) -> str:
    return PLAN.replace("min_minutes = 30", f"min_minutes = {minutes}")


def test_a_preview_says_what_comes(owner: Session, town: SmallTownship) -> None:
    """The visit of 29 minutes counts under a rule of 20: one household, its village, one rule."""
    campaign = owner.get_one(Campaign, town.campaign_id)
    plan = read_plan(changed(20))
    preview = preview_plan(owner, plan, campaign, RANGE)
    assert [(one.rule, one.before, one.after) for one in preview.differences] == [("visit.min_minutes", 30, 20)]
    assert preview.visits > 0
    assert {tuple(way["rules"]) for way in preview.ways} == {("visit.min_minutes",)}
    assert {(way["before"], way["after"]) for way in preview.ways} == {("too_short", "valid")}
    change = preview.rounds[0]
    assert change.before == Counts(*_counted(owner, campaign.id))
    done = apply_plan(owner, plan, preview.revision, note="试行")
    assert (done.version, done.visits) == (2, preview.visits)
    assert change.after == Counts(*_counted(owner, campaign.id))
    assert change.after.visited - change.before.visited == change.gains - change.loses
    assert change.gains > 0
    for village in preview.villages:
        row = owner.execute(
            text("""select sum(c.eligible), sum(c.visited) from coverage c join area a on a.code = :code
                     where c.campaign_id = :c and c.round_no = 1 and c.jur >= a.jur and c.jur < a.jur_end"""),
            {"code": village.code, "c": campaign.id},
        ).one()
        assert tuple(row) == (village.after.eligible, village.after.visited)
    assert drift(owner) == {}


def test_a_preview_counts_households_that_come_and_go(owner: Session, town: SmallTownship) -> None:
    owner.execute(text("update household set key_groups = '{petitioner}' where code in ('H1', 'H6')"))
    campaign = owner.get_one(Campaign, town.campaign_id)
    narrow = PLAN.replace("no = 1", 'no = 1\ncohort = "key"', 1)
    narrow += (
        '\n[[cohort]]\nkey = "key"\nname_zh = "重点户"\nname_en = "Key"\nrule = "key_groups"\ngroups = ["petitioner"]\n'
    )
    plan = read_plan(narrow)
    change = preview_plan(owner, plan, campaign, RANGE).rounds[0]
    assert (change.after.eligible, change.joins, change.leaves) == (2, 0, 8)
    assert preview_plan(owner, plan, campaign, RANGE).visits == 0
    apply_plan(owner, plan, preview_plan(owner, plan, campaign, RANGE).revision)
    assert change.after == Counts(*_counted(owner, campaign.id))
    back = preview_plan(owner, read_plan(PLAN), campaign, RANGE).rounds[0]
    assert (back.joins, back.leaves, back.after) == (8, 0, change.before)


def _counted(session: Session, campaign_id: int) -> tuple[int, int]:
    found = coverage_total(session, campaign_id, 1)
    return found.eligible, found.visited


def test_a_visit_keeps_the_version_by_which_its_verdict_was_reached(owner: Session, town: SmallTownship) -> None:
    plan = read_plan(changed(20))
    preview = preview_for(owner, plan, RANGE, Limits())
    before = dict(owner.execute(text("select id, verdict from visit")).tuples().all())
    apply_plan(owner, plan, preview.revision)
    rows = owner.execute(text("select id, verdict, rule_version from visit")).all()
    assert {row.rule_version for row in rows if row.verdict != before[row.id]} == {2}
    assert {row.rule_version for row in rows if row.verdict == before[row.id]} == {1}


def test_the_second_of_two_editors_is_told(owner: Session, town: SmallTownship) -> None:
    mine, theirs = read_plan(changed(20)), read_plan(changed(25))
    seen = [preview_for(owner, plan, RANGE, Limits()).revision for plan in (mine, theirs)]
    apply_plan(owner, theirs, seen[1])
    with pytest.raises(PlanConflict):
        apply_plan(owner, mine, seen[0])
    # Nor is anything applied that was not looked at.
    with pytest.raises(PlanConflict):
        apply_plan(owner, mine, "")
    assert owner.get_one(Campaign, town.campaign_id).version == 2


def test_a_plan_is_applied_by_those_who_answer_for_all_of_it(owner: Session, town: SmallTownship) -> None:
    village = number_range(VILLAGES[0])
    plan = read_plan(changed(20))
    with pytest.raises(PlanNotAllowed):
        preview_for(owner, plan, village, Limits((village,), (village,)))
    revision = preview_for(owner, plan, RANGE, Limits()).revision
    with pytest.raises(PlanNotAllowed):
        apply_plan(owner, plan, revision, RANGE, Limits((village,), (village,)))


def test_past_versions_stay_readable_and_past_days_stay_as_shown(owner: Session, town: SmallTownship) -> None:
    campaign = owner.get_one(Campaign, town.campaign_id)
    # As if all so far had been shown yesterday.
    owner.execute(text("select fold_changes()"))
    owner.execute(text("update coverage_shown_folded set day = day - 1"))
    owner.execute(text("update coverage_known set since = since - 1"))
    yesterday = owner.scalar(text("select public.day_of_change()")) - timedelta(days=1)
    shown = coverage_total(owner, campaign.id, 1, as_of=yesterday)
    plan = read_plan(changed(20))
    apply_plan(owner, plan, preview_for(owner, plan, RANGE, Limits()).revision, note="试行二十分钟")
    assert coverage_total(owner, campaign.id, 1, as_of=yesterday) == shown
    assert coverage_total(owner, campaign.id, 1).visited > shown.visited
    newest, first = (version for version, _ in list_versions(owner, campaign.id))
    assert (newest.no, newest.note, first.no, first.plan_text) == (2, "试行二十分钟", 1, PLAN)
    assert (first.plan["visit"]["min_minutes"], newest.plan["visit"]["min_minutes"]) == (30, 20)


def test_a_rule_is_explained_with_its_clause_version_and_visits(owner: Session, town: SmallTownship) -> None:
    clause = (
        '\n[visit.clauses]\nmin_minutes = "每户访问时间不少于30分钟"\n[visit.clause_refs]\nmin_minutes = "一（一）"\n'
    )
    for plan in (read_plan(PLAN + clause), read_plan(PLAN.replace("target = 0.95", "target = 0.9") + clause)):
        apply_plan(owner, plan, preview_for(owner, plan, RANGE, Limits()).revision)
    campaign = owner.get_one(Campaign, town.campaign_id)
    (minutes,) = explain_rules(owner, campaign, "visit.min_minutes")
    assert (minutes.rule.value, minutes.rule.clause, minutes.rule.clause_ref) == (
        30,
        "每户访问时间不少于30分钟",
        "一（一）",
    )
    assert minutes.since == 1
    short = owner.scalar(text("select count(*) from visit where verdict in ('too_short', 'no_duration')"))
    assert minutes.visits == short > 0
    (target,) = explain_rules(owner, campaign, "campaign.target")
    assert (target.rule.value, target.since, target.visits) == (0.9, 3, None)
    (cohort, *_) = explain_rules(owner, campaign, "round.1")
    assert cohort.households == 10
    with pytest.raises(RuleUnknown):
        explain_rules(owner, campaign, "visit.least_minutes")


def test_a_round_without_a_target_of_its_own_has_that_of_the_campaign(owner: Session, town: SmallTownship) -> None:
    campaign = cohorts(owner)
    made = owner.get_one(Campaign, campaign)
    assert [target_of(made, one) for one in list_rounds(owner, campaign)] == [0.95, 1.0, 0.95, 0.95]
    shown = summarise(owner, made, date(2026, 1, 1))
    assert [one["target"] for one in shown["rounds"]] == [0.95, 1.0, 0.95, 0.95]
    assert {one["key"]: one["eligible"] for one in shown["plan"]["cohort"]} == dict(
        zip(["key", "new", "old"], sizes(owner, campaign)[1:], strict=True)
    )
