"""What is kept by place for pages of a whole county, who is to visit whom and cells by day, is what the records say."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.folding import fold_now
from data.heat import heat_cells
from data.live import version_tag
from data.recheck import recheck
from data.remainder import count_left, remaining_by_kind, unassigned_by_area
from data.rules.visitors import VisitorKind
from data.samples.demands import add_demands
from tests.township import TOWNSHIP, VILLAGES, SmallTownship, add_visit, make_township

WHOLE = number_range(TOWNSHIP)
COUNTED = """
    select count(*) as n, count(*) filter (where a.household_id is null) as bare
      from standing s left join assignment a on a.campaign_id = s.campaign_id and a.round_no = s.round_no
           and a.household_id = s.household_id and not a.repeats
     where s.status not in (1, 2, 6)"""


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    return make_township(owner)


@pytest.fixture
def act(owner: Session, town: SmallTownship) -> int:
    found = owner.scalar(
        text("""
            insert into assignment_act (campaign_id, round_no, jur, jur_end, how, counts)
            select id, 1, jur, jur_end, 'drawn', '{}' from campaign returning id""")
    )
    return int(found or 0)


def assign(owner: Session, town: SmallTownship, act: int, kind: str, *homes: str, repeats: bool = False) -> None:
    owner.execute(
        text("""
            insert into assignment (campaign_id, round_no, household_id, kind, jur, repeats, owner, how, act_id)
            select campaign_id, 1, household_id, :kind, jur, :repeats, '甲', 'drawn', :act from standing
             where household_id = any (:homes)"""),
        {"kind": kind, "repeats": repeats, "act": act, "homes": [town.households[home] for home in homes]},
    )


def left(owner: Session, town: SmallTownship, *kinds: VisitorKind) -> dict[str, int]:
    return count_left(owner, town.campaign_id, 1, kinds, WHOLE)


@pytest.mark.parametrize("folded", [False, True])
def test_who_is_to_visit_whom_is_counted_at_once_and_the_same_once_folded(
    owner: Session, town: SmallTownship, act: int, folded: bool
) -> None:
    def settled() -> None:
        owner.flush()
        if folded:
            fold_now(owner)

    settled()
    assert left(owner, town) == {"households": 10, "left": 8, "unassigned": 8}
    assign(owner, town, act, "city", "H1", "H4", "H6")
    assign(owner, town, act, "party", "H4", "H8", repeats=True)
    settled()
    # H1 is visited already; a kind that repeats owns nothing.
    assert left(owner, town) == {"households": 10, "left": 6, "unassigned": 6}
    assert remaining_by_kind(owner, town.campaign_id, WHOLE) == {"city": 2, "party": 2}
    by_village = unassigned_by_area(owner, town.campaign_id, 1, "village", within=WHOLE, duty=(WHOLE,))
    names = {town.areas[code]: code for code in VILLAGES} | {None: "outside"}
    assert {names[area]: n for area, n in by_village.items()} == dict(
        zip([*VILLAGES, "outside"], [2, 2, 1, 1], strict=True)
    )
    add_visit(owner, town, "done", "H4")
    settled()
    assert remaining_by_kind(owner, town.campaign_id, WHOLE) == {"city": 1, "party": 1}
    owner.execute(text("delete from assignment where kind = 'city'"))
    settled()
    assert left(owner, town) == {"households": 10, "left": 7, "unassigned": 7}
    assert recheck(owner)["drift"] == 0


def test_whatever_happens_what_is_kept_is_what_is_counted(owner: Session, town: SmallTownship, act: int) -> None:
    chance = random.Random(24)
    homes = sorted(town.households)
    for step in range(30):
        home = chance.choice(homes)
        what: Any = chance.choice(["assign", "drop", "visit", "fold", "move", "gone"])
        key = {"home": town.households[home]}
        if what == "assign":
            owner.execute(text("delete from assignment where household_id = :home and kind = 'city'"), key)
            assign(owner, town, act, "city", home)
        elif what == "drop":
            owner.execute(text("delete from assignment where household_id = :home"), key)
        elif what == "visit":
            add_visit(owner, town, f"step {step}", home)
        elif what == "move":
            owner.execute(text("update household set geom = st_translate(geom, 0.001, 0) where id = :home"), key)
        elif what == "gone":
            owner.execute(
                text("""
                    update household set removed_at = case when removed_at is null then now() end where id = :home"""),
                key,
            )
        else:
            fold_now(owner)
        owner.flush()
        counted = owner.execute(text(COUNTED)).one()
        told = left(owner, town)
        assert (told["left"], told["unassigned"]) == (counted.bare, counted.bare), (step, what)
        checks = recheck(owner)["checks"]
        assert (checks["heat"], checks["owner_tallies"]) == (0, 0), (step, what)


def raise_demand(owner: Session, town: SmallTownship, visit: str, solved: bool = False) -> None:
    owner.execute(
        text("""
            with someone as (
                insert into account (username, full_name, role, jur, jur_end, password_hash)
                values ('raiser', '测试', 'inspector', :jur, :jur_end, 'x')
                on conflict (username) do update set full_name = excluded.full_name returning id)
            insert into demand (id, visit_id, campaign_id, household_id, jur, account_id, class_key, words, solved,
                                raised_at, geom, quality)
            select gen_random_uuid(), v.id, v.campaign_id, v.household_id, v.jur, s.id, 'water', '停水', :solved,
                   v.ended_at, h.geom, h.quality
              from visit v join household h on h.id = v.household_id cross join someone s where v.id = :visit"""),
        {"visit": town.visits[visit], "solved": solved, "jur": WHOLE[0], "jur_end": WHOLE[1]},
    )


def demands(owner: Session, town: SmallTownship) -> int:
    return int(heat_cells(owner, town.campaign_id, 1, "demands").counts.sum())


def test_demands_that_are_not_solved_are_on_the_map_and_it_hears_of_each_change(
    owner: Session, town: SmallTownship
) -> None:
    assert demands(owner, town) == 0
    for visit, solved in (("V1", False), ("V3", False), ("V7", True)):
        raise_demand(owner, town, visit, solved)
    assert demands(owner, town) == 2
    fold_now(owner)
    before = version_tag(owner, town.campaign_id, 1)
    owner.execute(text("update demand set solved = true where visit_id = :id"), {"id": town.visits["V3"]})
    assert demands(owner, town) == 1
    after = version_tag(owner, town.campaign_id, 1)
    assert after != before
    # A demand of a visit that was corrected without naming it again was withdrawn.
    owner.execute(
        text("update visit set superseded_by = :other where id = :id"),
        {"id": town.visits["V1"], "other": town.visits["V3"]},
    )
    assert demands(owner, town) == 0


def test_a_demand_has_no_visits_tallied_anew(owner: Session, town: SmallTownship) -> None:
    fold_now(owner)
    raise_demand(owner, town, "V1")
    owner.execute(text("update visit_tally_folded set valid = 77"))
    assert set(owner.scalars(text("select valid from visit_tally"))) == {77}
    add_visit(owner, town, "more", "H4")
    owner.flush()
    assert 77 not in set(
        owner.scalars(
            text("select t.valid from visit_tally t join standing s using (jur) where s.household_id = :id"),
            {"id": town.households["H4"]},
        )
    )


def test_demands_of_the_sample_are_the_same_ones_each_time(owner: Session, town: SmallTownship) -> None:
    raise_demand(owner, town, "V1")
    account = int(owner.scalar(text("select id from account where username = 'raiser'")) or 0)
    for number in range(60):
        add_visit(owner, town, f"v{number}", "H4")
    owner.flush()
    added = add_demands(owner, account, *WHOLE)
    assert 0 < added < 60
    assert add_demands(owner, account, *WHOLE) == 0
    assert 0 < demands(owner, town) - 1 < added, "some are solved on the spot"
