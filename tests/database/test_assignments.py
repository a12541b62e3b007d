"""Who is to visit whom: by rule, by grid, drawn; taken back as a whole; what is left; nothing of another village."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.areas import number_range
from data.askers import Asker, RecordUnknown, Role
from data.assigning import (
    BY_GRID,
    BY_RULE,
    KindUnknown,
    Owner,
    grid_kind,
    kind_named,
    propose_by_grid,
    propose_by_rule,
)
from data.assigning_acts import CannotTakeBack, list_acts, undo_act, write_proposal
from data.assigning_words import counts_words, unmet_words
from data.assignments import CannotAssign, Drawn, assign_drawn, tallies
from data.db import enter
from data.remainder import count_left, owners_on_map, remainder
from data.rules.visitors import VisitorKind, kinds_of
from data.tables import Account, Duty, Household
from tests.database.test_isolation import Store, asking, store  # noqa: F401 - fixtures
from tests.township import TOWNSHIP, VILLAGES, SmallTownship, make_township

WHOLE = number_range(TOWNSHIP)
PLAN = {
    "visitor": [
        {"kind": "secretary", "name_zh": "村书记", "name_en": "Village secretary", "rule": "all", "repeats": True},
        {"kind": "city", "name_zh": "市直单位", "name_en": "Municipal units", "rule": "count",
         "unit": [{"name": "市水务局", "village": "测试1村", "households": 2},
                  {"name": "市气象局", "village": "没有的村", "households": 5}]},
        {"kind": "support", "name_zh": "帮扶组", "name_en": "Support groups", "rule": "share", "share": 0.3,
         "priority_groups": ["petitioner", "hardship"]},
        {"kind": "committee", "name_zh": "村委会成员", "name_en": "Committee", "rule": "near", "count": 1,
         "unit": [{"name": "郑测七", "village": VILLAGES[1]}]},
        {"kind": "grid", "name_zh": "网格员", "name_en": "Grid workers", "rule": "remainder"},
    ]
}  # fmt: skip
KINDS = kinds_of(PLAN)


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    made = make_township(owner)
    add_person(owner, "甲", "990101001001001")
    add_person(owner, "乙", VILLAGES[0])
    add_person(owner, "丙", TOWNSHIP)
    owner.get_one(Household, made.households["H2"]).key_groups = ["petitioner"]
    owner.flush()
    return made


def add_person(session: Session, name: str, code: str, role: str = "inspector") -> int:
    low, high = number_range(code) if len(code) < 15 else (int(code), int(code) + 1)
    account = Account(username=f"p-{name}", full_name=name, role=role, jur=low, jur_end=high)
    session.add(account)
    session.flush()
    session.add(Duty(account_id=account.id, jur=low, jur_end=high))
    session.flush()
    return account.id


def asker(account_id: int) -> Asker:
    return Asker(account_id, "s", "吕主管", Role.SUPERVISOR, None, (WHOLE,))


def supervisor(session: Session) -> Asker:
    return asker(add_person(session, "主管", TOWNSHIP, "supervisor"))


def owners(session: Session, town: SmallTownship) -> dict[tuple[str, str], str]:
    names = {key: name for name, key in town.households.items()}
    rows = session.execute(text("select household_id, kind, owner from assignment"))
    return {(names[row.household_id], row.kind): row.owner for row in rows}


def by_rule(session: Session, town: SmallTownship, kinds: tuple[VisitorKind, ...] = KINDS) -> Any:
    found = propose_by_rule(session, town.campaign_id, 1, kinds, WHOLE)
    return write_proposal(session, None, town.campaign_id, 1, BY_RULE, found), found


def draw(session: Session, who: Asker, town: SmallTownship, kind: str, owner: Owner | None, *homes: str) -> Drawn:
    keys = [town.households[name] for name in homes]
    return assign_drawn(session, who, town.campaign_id, 1, kind_named(KINDS, kind), owner, keys)


def done_of(session: Session, town: SmallTownship) -> dict[str, tuple[int, int]]:
    found = tallies(session, town.campaign_id, 1, KINDS, WHOLE)
    return {one.owner.name: (one.visited, one.households) for one in found}


def left(session: Session, town: SmallTownship, kinds: tuple[VisitorKind, ...] = KINDS) -> set[str]:
    return {row["code"] for row in remainder(session, town.campaign_id, 1, kinds, WHOLE).rows}


def test_by_rule_everybody_unvisited_has_one_owner_and_the_secretary_has_all(
    owner: Session, town: SmallTownship
) -> None:
    _, found = by_rule(owner, town)
    got = owners(owner, town)
    single = Counter(home for home, kind in got if kind != "secretary")
    # H1 and H3 are visited; of the others each has one.
    assert single == Counter({name: 1 for name in town.households if name not in ("H1", "H3")})
    assert {home for home, kind in got if kind == "secretary"} == set(town.households) - {"H9"}
    assert sum(1 for who in got.values() if who == "市水务局") == 2
    # The committee member's own house is H7: the nearest to it is itself.
    assert got["H7", "committee"] == "郑测七"
    told = {(one.kind, one.name, one.code): (one.wanted, one.given) for one in found.unmet}
    assert told["city", "市气象局", "village_unknown"] == (5, 0)
    # H9 lies in no village: the secretaries of the villages do not answer for it.
    assert told["secretary", None, "nobody"] == (1, 0)


def test_a_plan_that_names_neither_people_nor_numbers_is_told_so_once_for_each_kind(
    owner: Session, town: SmallTownship
) -> None:
    bare = kinds_of({"visitor": [{"kind": "a", "rule": "count"}, {"kind": "b", "rule": "near"}]})
    found = propose_by_rule(owner, town.campaign_id, 1, bare, WHOLE)
    assert found.changes == []
    assert [unmet_words(one, bare).zh for one in found.unmet] == [
        "a：实施方案没有写需走访户数或比例，没有指派。",
        "b：实施方案没有写有哪些人。",
    ]


def test_petitioners_are_among_the_thirty_in_a_hundred_of_the_support_group(
    owner: Session, town: SmallTownship
) -> None:
    by_rule(owner, town, (KINDS[2], KINDS[4]))
    got = owners(owner, town)
    # 30 % of 5 households of village 001 are 1.5: two; H2 is the petitioner's.
    assert sum(1 for who in got.values() if who == "测试1村 帮扶组") == 2
    assert got["H2", "support"] == "测试1村 帮扶组"


def test_doing_it_again_changes_nothing_and_what_was_drawn_or_visited_stays(
    owner: Session, town: SmallTownship
) -> None:
    who = supervisor(owner)
    by_rule(owner, town)
    before = owners(owner, town)
    act, found = by_rule(owner, town)
    assert (act, found.changes) == (None, [])
    drawn = draw(owner, who, town, "support", Owner(None, "县医院"), "H4", "H8")
    assert drawn.assigned == 2
    act, found = by_rule(owner, town)
    after = owners(owner, town)
    assert after["H4", "support"] == after["H8", "support"] == "县医院"
    assert found.kept_drawn == 2
    assert sum(1 for key in before if before[key] != after.get(key)) >= 2
    counted = found.counts()
    assert counted["added"] + counted["moved"] + counted["removed"] == len(found.changes)


def test_by_grid_each_grids_people_get_its_households_the_narrowest_first(owner: Session, town: SmallTownship) -> None:
    found = propose_by_grid(owner, town.campaign_id, 1, KINDS, WHOLE, grid_kind(KINDS, None))
    write_proposal(owner, None, town.campaign_id, 1, BY_GRID, found)
    # H1 and H3 are visited. H2 is in the grid of 甲; H4 and H5 in the village of 乙; the rest is the township's.
    assert owners(owner, town) == {
        ("H2", "grid"): "甲",
        ("H4", "grid"): "乙",
        ("H5", "grid"): "乙",
        **{(name, "grid"): "丙" for name in ("H6", "H7", "H8", "H9", "H10")},
    }


def test_an_act_is_taken_back_as_a_whole_but_for_what_changed_since(owner: Session, town: SmallTownship) -> None:
    who = supervisor(owner)
    first, _ = by_rule(owner, town, (KINDS[4],))
    before = owners(owner, town)
    drawn = draw(owner, who, town, "support", Owner(None, "县医院"), "H4", "H8")
    assert drawn.from_others == 2
    assert undo_act(owner, who, drawn.act_id or 0) == {"restored": 2, "kept": 0}
    assert owners(owner, town) == before
    with pytest.raises(CannotTakeBack, match=r"taken back before|撤销过"):
        undo_act(owner, who, drawn.act_id or 0)
    draw(owner, who, town, "grid", Owner(None, "别人"), "H4")
    told = undo_act(owner, who, first)
    assert told["kept"] == 1
    assert owners(owner, town) == {("H4", "grid"): "别人"}
    assert [row["how"] for row in list_acts(owner, town.campaign_id, 1)] == ["drawn", "drawn", "rule"]
    with pytest.raises(RecordUnknown):
        undo_act(owner, who, 999_999)


def test_what_was_taken_away_comes_not_back_beside_another_kind(owner: Session, town: SmallTownship) -> None:
    who = supervisor(owner)
    draw(owner, who, town, "city", Owner(None, "市水务局"), "H4")
    away = draw(owner, who, town, "city", None, "H4")
    draw(owner, who, town, "support", Owner(None, "县医院"), "H4")
    with pytest.raises(CannotTakeBack):
        undo_act(owner, who, away.act_id or 0)
    assert owners(owner, town) == {("H4", "support"): "县医院"}


def test_drawing_says_who_is_left_out_and_why(owner: Session, town: SmallTownship) -> None:
    who = supervisor(owner)
    worker = owner.query(Account).filter_by(full_name="甲").one().id
    done = assign_drawn(
        owner,
        who,
        town.campaign_id,
        1,
        kind_named(KINDS, "网格员"),
        Owner(worker, ""),
        [*(town.households[name] for name in ("H1", "H2", "H4")), 999_999],
    )
    names = {key: name for name, key in town.households.items()}
    assert {names.get(key, "?"): why.zh for key, why in done.left_out} == {
        "H1": "本轮已走访",
        "H4": "不在这个人的辖区",
        "?": "没有这一户，或它不在您的辖区，或不在本轮",
    }
    assert owners(owner, town) == {("H2", "grid"): "甲"}
    assert draw(owner, who, town, "grid", Owner(worker, ""), "H2").act_id is None
    with pytest.raises(CannotAssign):
        draw(owner, who, town, "grid", Owner(999_999, ""), "H2")
    for name in ("", "单" * 101):
        with pytest.raises(CannotAssign):
            draw(owner, who, town, "grid", Owner(None, name), "H2")
    with pytest.raises(KindUnknown):
        kind_named(KINDS, "别的")


def test_a_kind_that_repeats_stands_beside_the_owner(owner: Session, town: SmallTownship) -> None:
    who = supervisor(owner)
    draw(owner, who, town, "city", Owner(None, "市水务局"), "H4")
    draw(owner, who, town, "secretary", Owner(None, "王书记"), "H4", "H1")
    assert owners(owner, town) == {
        ("H4", "city"): "市水务局",
        ("H4", "secretary"): "王书记",
        ("H1", "secretary"): "王书记",
    }
    counted = {
        one.owner.name: (one.visited, one.households) for one in tallies(owner, town.campaign_id, 1, KINDS, WHOLE)
    }
    # H1 is visited, but nobody says that it was the secretary.
    assert counted == {"王书记": (0, 2), "市水务局": (0, 1)}
    owner.execute(text("update visit set visitor_kind = '村书记' where natural_key = 'test:V1'"))
    counted = {
        one.owner.name: (one.visited, one.households) for one in tallies(owner, town.campaign_id, 1, KINDS, WHOLE)
    }
    assert counted["王书记"] == (1, 2)


def test_the_remainder_is_always_what_is_left(owner: Session, town: SmallTownship) -> None:
    who = supervisor(owner)
    everyone = set(town.households) - {"H1", "H3"}
    assert left(owner, town) == everyone
    draw(owner, who, town, "city", Owner(None, "市水务局"), "H4", "H6")
    draw(owner, who, town, "grid", Owner(None, "网格"), "H8")
    # Those of the grid workers themselves are still to be done.
    assert left(owner, town) == everyone - {"H4", "H6"}
    owner.execute(text("update visit set minutes = 40, verdict = 'valid', counts = true where natural_key = 'test:V2'"))
    assert left(owner, town) == everyone - {"H2", "H4", "H6"}
    draw(owner, who, town, "city", None, "H6")
    assert left(owner, town) == everyone - {"H2", "H4"}
    counts = count_left(owner, town.campaign_id, 1, KINDS, WHOLE)
    assert counts == {"households": 10, "left": 6, "unassigned": 5}
    first = remainder(owner, town.campaign_id, 1, KINDS, WHOLE, page=2, size=4)
    assert (len(first.rows), first.total) == (2, 6)


def test_a_household_that_moves_takes_its_assignment_along(owner: Session, town: SmallTownship) -> None:
    who = supervisor(owner)
    draw(owner, who, town, "city", Owner(None, "市水务局"), "H4")
    there = int(VILLAGES[1] + "001")
    owner.execute(text("update household set jur = :jur where id = :id"), {"jur": there, "id": town.households["H4"]})
    owner.execute(text("set constraints all immediate"))
    assert owner.scalar(text("select jur from assignment")) == there
    assert owner.scalar(text("select jur from assignment_change")) == there


def test_the_map_has_owners_by_number_and_says_how_many_have_no_place(owner: Session, town: SmallTownship) -> None:
    who = supervisor(owner)
    draw(owner, who, town, "city", Owner(None, "市水务局"), "H4", "H10")
    found = owners_on_map(owner, town.campaign_id, 1, WHOLE, None)
    assert found["owners"] == [{"kind": "city", "account_id": None, "owner": "市水务局"}]
    assert {row[0]: row[3] for row in found["rows"]} == {
        key: 0 if name == "H4" else -1 for name, key in town.households.items() if name != "H10"
    }
    assert found["vague"] == 1
    assert owners_on_map(owner, town.campaign_id, 1, WHOLE, KINDS[0])["owners"] == []


def test_what_cannot_be_met_is_said_with_numbers() -> None:
    from data.rules.sharing import Unmet

    assert unmet_words(Unmet("city", "市水务局", "too_few", 8, 5), KINDS).zh == (
        "市直单位 市水务局：应访 8 户，能给 5 户，差 3 户。"
    )
    assert "9 户没有人可指派" in unmet_words(Unmet("grid", None, "nobody", 9, 0), KINDS).zh
    assert "3 newly assigned" in counts_words({"added": 3}).en


# ---- below row-level security ----


@pytest.fixture
def assigned(store: Store, asking: Session) -> Session:  # noqa: F811
    """Households of villages 001 and 002 assigned, and a supervisor of the township."""
    with Session(store.owner) as session, session.begin():
        if not session.scalar(text("select count(*) from assignment")):
            account = session.query(Account).filter_by(username="one").one()
            who = asker(account.id)
            for name, unit in (("H4", "甲局"), ("H6", "乙局")):
                assign_drawn(
                    session, who, store.town.campaign_id, 1, KINDS[1], Owner(None, unit), [store.town.households[name]]
                )
    return asking


def test_the_owner_of_another_village_is_never_seen(store: Store, assigned: Session) -> None:  # noqa: F811
    enter(assigned, store.tokens["one"])
    assert assigned.scalars(text("select owner from assignment")).all() == ["甲局"]
    assert assigned.scalar(text("select count(*) from assignment_change")) == 1
    assert assigned.scalar(text("select count(*) from assignment_act")) == 0  # of supervisors and administrators
    found = tallies(assigned, store.town.campaign_id, 1, KINDS, WHOLE)
    assert [one.owner.name for one in found] == ["甲局"]
    assert {row["code"] for row in remainder(assigned, store.town.campaign_id, 1, KINDS, WHOLE).rows} <= {
        "H1", "H2", "H3", "H4", "H5",
    }  # fmt: skip


@pytest.mark.parametrize(
    "attack",
    [
        "insert into assignment (campaign_id, round_no, household_id, kind, jur, repeats, owner, how, act_id)"
        " select campaign_id, round_no, household_id, 'x', jur, true, 'mine', 'drawn', act_id from assignment",
        "insert into assignment_act (campaign_id, round_no, jur, jur_end, how, counts)"
        " select campaign_id, round_no, jur, jur + 1, 'drawn', '{}' from assignment",
        "update assignment set jur = 1",
        "delete from assignment_change",
        "delete from reservation",
        "update reservation set account_id = 1",
        "insert into reservation (campaign_id, round_no, household_id, jur, kind, account_id, who, until)"
        " select campaign_id, round_no, household_id, jur, 'grid', 2, 'other', 'infinity' from assignment",
    ],
)
def test_an_inspector_assigns_nobody_and_reserves_for_nobody_else(
    store: Store,  # noqa: F811
    assigned: Session,
    attack: str,
) -> None:
    enter(assigned, store.tokens["one"])
    with pytest.raises(DBAPIError):
        assigned.execute(text(attack))
    assigned.rollback()
    enter(assigned, store.tokens["one"])
    assert assigned.execute(text("update assignment set owner = 'mine'")).rowcount == 0  # type: ignore[attr-defined]
    assert assigned.execute(text("delete from assignment")).rowcount == 0  # type: ignore[attr-defined]


def test_people_to_assign_to_are_those_of_the_own_area_and_only_for_those_who_assign(
    store: Store,  # noqa: F811
    assigned: Session,
) -> None:
    enter(assigned, store.tokens["one"])
    assert assigned.execute(text("select * from sec.assignable()")).all() == []
    assigned.rollback()
    enter(assigned, store.tokens["leader"])
    assert assigned.execute(text("select * from sec.assignable()")).all() == []
    assigned.rollback()
    assert assigned.execute(text("select * from sec.assignable()")).all() == []


def test_the_remainder_is_read_by_index(store: Store, assigned: Session) -> None:  # noqa: F811
    from data.remainder import _LEFT

    enter(assigned, store.tokens["one"])
    assigned.execute(text("set local enable_seqscan = off"))
    plan = "\n".join(
        assigned.scalars(
            text(f"explain select count(*) {_LEFT}"),
            {"campaign": store.town.campaign_id, "round": 1, "lo": WHOLE[0], "hi": WHOLE[1], "rest": ["grid"]},
        )
    )
    # With sequential scans priced out, one would be left only where no index serves.
    assert "uq_assignment_single" in plan
    assert "Seq Scan" not in plan
