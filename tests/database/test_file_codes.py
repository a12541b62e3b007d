"""Codes of files in the store: what the policies let each role do, and that one at most is in force."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from data.db import enter
from tests.conftest import fresh_database
from tests.database.test_isolation import Store

ADD = text("""
    insert into file_code (household_id, jur, code_index, code_sealed, account_id)
    select h.id, h.jur, :index, '\\x00', a.id from household h, account a where h.id = :home and a.username = :who""")


@pytest.fixture(scope="module")
def held() -> Iterator[Store]:
    made = Store(fresh_database("fangtu_test_file_codes"))
    with Session(made.owner) as session, session.begin():
        for index, home in ((b"1", "H1"), (b"6", "H6")):
            session.execute(ADD, {"index": index, "home": made.town.households[home], "who": "leader"})
    yield made
    made.owner.dispose()
    made.app.dispose()


@pytest.mark.parametrize(("who", "seen"), [("one", ["H1"]), ("two", ["H6"]), ("leader", ["H1", "H6"])])
def test_codes_are_read_inside_the_area_of_duty_only(held: Store, who: str, seen: list[str]) -> None:
    with Session(held.app) as session:
        enter(session, held.tokens[who])
        found = session.scalars(text("select household_id from file_code order by household_id")).all()
    assert list(found) == sorted(held.town.households[home] for home in seen)


@pytest.mark.parametrize("who", ["one", "leader"])
def test_inspectors_and_leaders_neither_give_nor_end_codes(held: Store, who: str) -> None:
    with Session(held.app) as session:
        enter(session, held.tokens[who])
        assert session.execute(text("update file_code set ended_at = now() returning id")).all() == []
        with pytest.raises(DBAPIError, match="row-level security"):
            session.execute(ADD, {"index": b"9", "home": held.town.households["H2"], "who": who})


def test_a_household_has_one_code_in_force(held: Store) -> None:
    with Session(held.owner) as session, pytest.raises(IntegrityError, match="uq_file_code_household_id"):
        session.execute(ADD, {"index": b"2", "home": held.town.households["H1"], "who": "leader"})
