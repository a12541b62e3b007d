"""Reservations: of fifty who ask at once one gets the household, and nobody goes where somebody was."""

from __future__ import annotations

import random
import secrets
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from data.areas import number_range
from data.askers import Asker, RecordUnknown, Role, read_ranges
from data.assigning import Owner
from data.assignments import assign_drawn
from data.db import enter
from data.reservations import CannotReserve, ReservationUnfit, give_back, keep, living, take
from data.rules.visitors import GRID_WORKERS, VisitorKind
from data.tables import Account, Duty
from geo.errors import Text
from tests.conftest import fresh_database
from tests.database.test_isolation import Store, open_session
from tests.township import TOWNSHIP, VILLAGES

CITY = VisitorKind("city", Text("市直单位", "Municipal units"), "count")
SECRETARY = VisitorKind("secretary", Text("村书记", "Village secretary"), "all", repeats=True)
CLIENTS = 50


class Field(Store):
    """The township with as many accounts as there are clients, each with a session."""

    def __init__(self) -> None:
        super().__init__(fresh_database("fangtu_test_reservations"))
        low, high = number_range(TOWNSHIP)
        with Session(self.owner) as session, session.begin():
            for number in range(CLIENTS):
                account = Account(
                    username=f"c{number}", full_name=f"客{number}", role="inspector", jur=low, jur_end=high
                )
                session.add(account)
                session.flush()
                session.add(Duty(account_id=account.id, jur=low, jur_end=high))
                session.flush()
                self.tokens[account.username] = secrets.token_urlsafe(16)
                open_session(session, self.settings, account.id, self.tokens[account.username])


@pytest.fixture(scope="module")
def field() -> Iterator[Field]:
    made = Field()
    yield made
    made.owner.dispose()
    made.app.dispose()


@pytest.fixture(autouse=True)
def nothing_reserved(request: pytest.FixtureRequest) -> None:
    if "field" in request.fixturenames:
        with Session(request.getfixturevalue("field").owner) as session, session.begin():
            session.execute(text("truncate reservation, assignment_act cascade"))


def sign_in(field: Field, session: Session, name: str) -> Asker:
    row = enter(session, field.tokens[name])
    assert row is not None
    return Asker(row.account_id, row.username, row.full_name, Role(row.role), None, read_ranges(row.duty))


class Client:
    """One who asks, in a transaction for each question as a request has it."""

    def __init__(self, field: Field, name: str) -> None:
        self.field, self.name = field, name

    def take(self, household: str, kind: VisitorKind = GRID_WORKERS, hours: float = 1) -> str:
        with Session(self.field.app) as session, session.begin():
            who = sign_in(self.field, session, self.name)
            town = self.field.town
            try:
                take(session, who, town.campaign_id, 1, town.households[household], kind, hours)
            except CannotReserve as refusal:
                return str(refusal.details["found"])
            return "taken"


def test_of_fifty_clients_one_gets_each_household_and_nobody_visits_twice(field: Field) -> None:
    engine = create_engine(field.settings.app_url, poolclass=NullPool)
    homes = [field.town.households[name] for name in ("H2", "H4", "H6", "H7", "H8")]
    start = threading.Barrier(CLIENTS)
    won: list[tuple[int, str]] = []
    refused: list[str] = []
    faults: list[BaseException] = []

    def ask(number: int) -> None:
        order = random.Random(number).sample(homes, len(homes))
        kind = CITY if number % 2 else GRID_WORKERS
        try:
            with engine.connect() as connection:
                start.wait()
                for home in order:
                    with Session(connection) as session, session.begin():
                        who = sign_in(field, session, f"c{number}")
                        try:
                            take(session, who, field.town.campaign_id, 1, home, kind)
                        except CannotReserve as refusal:
                            refused.append(str(refusal.details["found"]))
                            continue
                        won.append((home, who.username))
                    # Whoever got it goes there, in a transaction of its own as a phone sends it later.
                    with Session(connection) as session, session.begin():
                        sign_in(field, session, f"c{number}")
                        session.execute(
                            text("""
                                insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, mode,
                                                   outcome, minutes, verdict, counts, visitor)
                                select gen_random_uuid(), :key, :campaign, 1, id, jur, 'home', 'done', 30, 'valid',
                                       true, :who from household where id = :home"""),
                            {
                                "key": f"fifty:{uuid.uuid4()}",
                                "campaign": field.town.campaign_id,
                                "home": home,
                                "who": f"c{number}",
                            },
                        )
        except BaseException as fault:  # noqa: BLE001 - told in the test's own thread
            faults.append(fault)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    engine.dispose()
    assert faults == []
    assert Counter(home for home, _ in won) == Counter(homes)
    assert len(refused) == CLIENTS * len(homes) - len(homes)
    assert set(refused) <= {"reserved", "visited"}
    with Session(field.owner) as session, session.begin():
        visits = session.execute(
            text("select household_id, count(*) as n from visit where natural_key like 'fifty:%' group by 1")
        ).all()
        assert {row.household_id: row.n for row in visits} == dict.fromkeys(homes, 1)
        session.execute(text("delete from visit where natural_key like 'fifty:%'"))


def test_a_household_that_is_visited_or_anothers_cannot_be_reserved(field: Field) -> None:
    one = Client(field, "c0")
    assert one.take("H1") == "visited"
    with Session(field.owner) as session, session.begin():
        account = session.query(Account).filter_by(username="c1").one()
        who = Asker(account.id, "c1", "客1", Role.SUPERVISOR, None, (number_range(TOWNSHIP),))
        key = field.town.households["H4"]
        assign_drawn(session, who, field.town.campaign_id, 1, CITY, Owner(None, "市水务局"), [key])
    assert one.take("H4") == "assigned"
    assert one.take("H4", CITY) == "taken"


def test_what_is_reserved_is_not_drawn_to_somebody_else(field: Field) -> None:
    assert Client(field, "c0").take("H7") == "taken"
    with Session(field.owner) as session, session.begin():
        account = session.query(Account).filter_by(username="c1").one()
        who = Asker(account.id, "c1", "客1", Role.SUPERVISOR, None, (number_range(TOWNSHIP),))
        key = field.town.households["H7"]
        done = assign_drawn(session, who, field.town.campaign_id, 1, CITY, Owner(None, "市水务局"), [key])
        assert [why.zh for _, why in done.left_out] == ["别人已预约，正要去"]


def test_a_reservation_is_kept_given_back_and_over_when_its_time_is(field: Field) -> None:
    one, two = Client(field, "c0"), Client(field, "c1")
    home = field.town.households["H6"]
    where = (field.town.campaign_id, 1, home)
    assert one.take("H6") == one.take("H6") == "taken"
    assert two.take("H6") == "reserved"
    with Session(field.app) as session, session.begin():
        with pytest.raises(RecordUnknown):
            give_back(session, sign_in(field, session, "c1"), *where)
        with pytest.raises(RecordUnknown):
            keep(session, sign_in(field, session, "c1"), *where)
    with Session(field.app) as session, session.begin():
        who = sign_in(field, session, "c0")
        told = keep(session, who, *where, 48)
        assert datetime.fromisoformat(told["until"]) > datetime.now(UTC) + timedelta(hours=47)
        assert [row["household_id"] for row in living(session, *where[:2], number_range(TOWNSHIP))] == [home]
        give_back(session, who, *where)
        assert living(session, *where[:2], number_range(TOWNSHIP)) == []
    assert two.take("H6") == "taken"
    with Session(field.owner) as session, session.begin():
        session.execute(
            text("""
                update reservation set taken_at = now() - interval '2 hours', until = now() - interval '1 second'
                 where ended_at is null""")
        )
    assert one.take("H6") == "taken"
    with Session(field.owner) as session:
        ended = session.execute(text("select who, ended_at is null as living from reservation order by id")).all()
        assert [tuple(row) for row in ended] == [("客0", False), ("客1", False), ("客0", True)]


def test_kinds_that_repeat_take_no_part_and_no_time_is_none(field: Field) -> None:
    with Session(field.app) as session, session.begin():
        who = sign_in(field, session, "c0")
        where = (field.town.campaign_id, 1, field.town.households["H6"])
        with pytest.raises(ReservationUnfit):
            take(session, who, *where, SECRETARY)
        for hours in (0, -1, 169, float("nan")):
            with pytest.raises(ReservationUnfit):
                take(session, who, *where, GRID_WORKERS, hours)


def test_a_household_of_another_village_looks_like_none(field: Field) -> None:
    with Session(field.app) as session, session.begin():
        who = sign_in(field, session, "two")
        for home in (field.town.households["H2"], 999_999):
            with pytest.raises(RecordUnknown):
                take(session, who, field.town.campaign_id, 1, home, GRID_WORKERS)
    assert Client(field, "c0").take("H2") == "taken"
    with Session(field.app) as session, session.begin():
        sign_in(field, session, "two")
        assert session.scalar(text("select count(*) from reservation")) == 0


def test_a_reservation_follows_the_household_and_the_key_lets_no_second_one_in(field: Field) -> None:
    assert Client(field, "c0").take("H2") == "taken"
    with Session(field.owner) as session, session.begin():
        home = field.town.households["H2"]
        session.execute(
            text("update household set jur = :jur where id = :id"), {"jur": int(VILLAGES[1] + "001"), "id": home}
        )
        assert session.scalar(text("select jur from reservation")) == int(VILLAGES[1] + "001")
        with pytest.raises(DBAPIError, match="uq_reservation_living"):
            session.execute(
                text("""
                    insert into reservation (campaign_id, round_no, household_id, jur, kind, account_id, who, until)
                    select campaign_id, round_no, household_id, jur, kind, account_id, who, until from reservation""")
            )
        session.rollback()
