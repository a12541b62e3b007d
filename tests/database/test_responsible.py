"""Who is responsible for a place: the narrowest duty, and nobody of whom the asker may not know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE, number_range
from data.db import enter
from data.gaps import gaps_of
from data.responsible import responsible_for
from data.tables import Account, Campaign, Duty
from tests.conftest import fresh_database
from tests.database.test_isolation import Store
from tests.hamlet import add_hamlet
from tests.township import TOWNSHIP, VILLAGES

GRID = int("990101001001001")
VILLAGE_ONE, VILLAGE_TWO, VILLAGE_THREE = (number_range(code)[0] for code in VILLAGES)
TOWN = number_range(TOWNSHIP)


def add(session: Session, name: str, role: str, *duties: tuple[int, int], disabled: bool = False) -> None:
    low, high = min(low for low, _ in duties), max(high for _, high in duties)
    account = Account(username=name, full_name=name, role=role, jur=low, jur_end=high)
    account.disabled_at = datetime.now(UTC) if disabled else None
    session.add(account)
    session.flush()
    session.add_all(Duty(account_id=account.id, jur=low, jur_end=high) for low, high in duties)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """The township with inspectors ``one`` and ``two`` of its villages, and those named below."""
    made = Store(fresh_database("fangtu_test_responsible"))
    with Session(made.owner) as session, session.begin():
        add_hamlet(session, made.town)
        add(session, "网格员", "inspector", (GRID, GRID + 1))
        add(session, "已停用", "inspector", (GRID, GRID + 1), disabled=True)
        add(session, "<b>两村</b>", "inspector", number_range(VILLAGES[1]), number_range(VILLAGES[2]))
        add(session, "镇主管", "supervisor", TOWN)
        add(session, "县主管", "supervisor", number_range("990101"))
        add(session, "镇管理员", "admin", TOWN)
        for name, role, duty in (
            ("county", "leader", number_range("990101")),
            ("beside", "leader", number_range("990101002")),
            ("two-leader", "leader", number_range(VILLAGES[1])),
        ):
            made.tokens[name] = made._account(session, name, role, duty)
    yield made
    made.owner.dispose()
    made.app.dispose()


def names(session: Session, *jurs: int) -> list[list[str]]:
    found = responsible_for(session, jurs)
    return [[person.name for person in found.get(jur, ())] for jur in jurs]


def asked_by(store: Store, name: str, *jurs: int) -> list[list[str]]:
    with Session(store.app) as session:
        enter(session, store.tokens[name])
        return names(session, *jurs)


def test_the_narrowest_duty_is_named(store: Store) -> None:
    grid, village, outside = asked_by(store, "leader", GRID, VILLAGE_ONE, TOWN[0])
    assert grid == ["网格员"]  # not the one who is disabled, nor the village's
    assert village == ["one"]
    assert outside == ["镇主管"]


def test_all_who_share_it_are_named_once_with_their_area(store: Store) -> None:
    with Session(store.app) as session:
        enter(session, store.tokens["leader"])
        found = responsible_for(session, [VILLAGE_TWO, VILLAGE_TWO])
        assert list(found) == [VILLAGE_TWO]
        assert [person.as_json() for person in found[VILLAGE_TWO]] == [
            {"name": name, "role": "inspector", "code": VILLAGES[1], "area": "测试2村"}
            for name in ("<b>两村</b>", "two")
        ]
        assert responsible_for(session, []) == {}


def test_who_stands_above_the_asker_or_beside_is_not_named(store: Store) -> None:
    assert asked_by(store, "leader", number_range("990101002")[0]) == [[]]  # the county's supervisor is there
    assert asked_by(store, "county", number_range("990101002")[0]) == [["县主管"]]
    assert asked_by(store, "beside", GRID, VILLAGE_TWO, TOWN[0]) == [[], [], []]
    # The leader of one village learns of its inspectors, not of the township's supervisor and not of the next village.
    assert asked_by(store, "two-leader", VILLAGE_TWO, VILLAGE_THREE, GRID) == [["<b>两村</b>", "two"], [], []]


def test_inspectors_and_nobody_learn_no_name(store: Store) -> None:
    assert asked_by(store, "one", GRID, VILLAGE_ONE) == [[], []]
    with Session(store.app) as session:
        assert names(session, GRID, VILLAGE_ONE) == [[], []]


def test_the_operator_sees_whoever_is_set(store: Store) -> None:
    with Session(store.owner) as session:
        assert names(session, GRID, number_range("990101002")[0]) == [["网格员"], ["县主管"]]


def test_a_leader_still_cannot_read_accounts(store: Store) -> None:
    with Session(store.app) as session:
        enter(session, store.tokens["leader"])
        assert list(session.scalars(text("select full_name from account"))) == ["leader"]


def test_a_gap_across_villages_names_those_of_most_households_first(store: Store) -> None:
    with Session(store.app) as session:
        enter(session, store.tokens["leader"])
        campaign = session.get_one(Campaign, store.town.campaign_id)
        gap = gaps_of(session, campaign, 1, EVERYWHERE, duty=(TOWN,)).gaps[0]
        assert [(one.name, one.code) for one in gap.responsible] == [
            ("<b>两村</b>", VILLAGES[1]),
            ("two", VILLAGES[1]),
        ]
        assert gap.as_json()["responsible"][1] == {
            "name": "two",
            "role": "inspector",
            "code": VILLAGES[1],
            "area": "测试2村",
        }
