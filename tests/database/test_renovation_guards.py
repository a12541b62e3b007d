"""What the database refuses of a supervisor who writes by hand: gates skipped, money early, history changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.areas import number_range
from data.db import enter, rows_changed
from data.sealing import load_sealer
from tests.conftest import fresh_database
from tests.database.test_isolation import Store
from tests.renovation import new_batch, new_site, settle
from tests.township import TOWNSHIP

MONEY = ("entitlement", "payment", "payment_batch", "funding", "subsidy_rate", "bank_return", "bank_return_row")
_GATE = "insert into site_gate (site_id, jur, no, act, gate, on_day)"


class Place(Store):
    """The township with an approved site (H2), one in a batch (H3), and a supervisor."""

    def __init__(self) -> None:
        super().__init__(fresh_database("fangtu_test_guards"))
        with Session(self.owner) as session, session.begin():
            sealer = load_sealer(self.settings.key_file)
            settle(session, self.town, sealer)
            self.approved = new_site(session, self.town, "H2", "approved")
            self.listed = new_site(session, self.town, "H3", "accepted")
            self.batch = new_batch(session, self.town, "一批", [self.listed])
            self.tokens["supervisor"] = self._account(session, "boss", "supervisor", number_range(TOWNSHIP))


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    made = Place()
    yield made
    made.owner.dispose()
    made.app.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "update renovation_site set stage = 'accepted' where id = :approved",
        "update renovation_site set entitled_fen = 99 where id = :approved",
        "update renovation_site set state = 'rejected' where id = :approved",
        "update renovation_site set accepted_on = '2026-05-01' where id = :approved",
        f"{_GATE} select id, jur, 0, 'passed', 'accepted', '2026-05-01' from renovation_site where id = :approved",
        f"{_GATE} select id, jur, 0, 'passed', 'agreed', '2999-05-01' from renovation_site where id = :approved",
        f"{_GATE} select id, jur, 0, 'passed', 'paid', '2026-05-01' from renovation_site where id = :listed",
        "insert into payment (batch_id, line_no, site_id, jur, fen) select :batch, 9, id, jur, 100 from renovation_site"
        " where id = :approved",
        "insert into payment (batch_id, line_no, site_id, jur, fen) select :batch, 9, id, jur, 1 from renovation_site"
        " where id = :listed",
        "insert into entitlement (site_id, jur, fen, reason) select id, jur, 1, 'x' from renovation_site"
        " where id = :listed",
        "update site_gate set gate = 'accepted' where site_id = :approved",
        "delete from site_gate where site_id = :approved",
        "update payment set fen = 1 where batch_id = :batch",
        "update payment set state = 'paid', paid_on = '2026-05-01' where batch_id = :batch",
        "delete from payment where batch_id = :batch",
        "delete from entitlement where site_id = :listed",
        "update subsidy_rate set fen = 1",
        "insert into renovation_site (natural_key, jur, method, stage, entitled_fen)"
        " select 'x', jur, 'repair', 'accepted', 100 from renovation_site where id = :listed",
    ],
)
def test_a_supervisor_cannot_write_around_gates_and_money(place: Place, statement: str) -> None:
    keys = {"approved": place.approved, "listed": place.listed, "batch": place.batch}
    with Session(place.app) as session:
        assert enter(session, place.tokens["supervisor"]) is not None
        with pytest.raises(DBAPIError):
            session.execute(text(statement), {name: key for name, key in keys.items() if f":{name}" in statement})


def test_inspectors_see_how_far_a_site_is_and_no_money(place: Place) -> None:
    with Session(place.app) as session:
        assert enter(session, place.tokens["one"]) is not None
        assert session.scalar(text("select count(*) from site_gate")) == 15
        assert {table: session.scalar(text(f"select count(*) from {table}")) for table in MONEY} == dict.fromkeys(
            MONEY, 0
        )
        with pytest.raises(DBAPIError):
            session.execute(
                text(
                    f"{_GATE} select id, jur, 0, 'passed', 'agreed', '2026-05-01' from renovation_site where id = :id"
                ),
                {"id": place.approved},
            )


def test_another_village_sees_and_changes_nothing(place: Place) -> None:
    with Session(place.app) as session:
        assert enter(session, place.tokens["two"]) is not None
        for table in ("site_gate", *MONEY):
            assert session.scalar(text(f"select count(*) from {table}")) == 0
        cancelled = session.execute(text("update payment set state = 'cancelled'"))
        assert rows_changed(cancelled) == 0


def test_leaders_read_money_of_their_place(place: Place) -> None:
    with Session(place.app) as session:
        assert enter(session, place.tokens["leader"]) is not None
        assert session.scalar(text("select sum(fen) from payment")) == 21_000_00
        assert session.scalar(text("select count(*) from subsidy_rate")) == 3
