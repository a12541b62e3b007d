"""What a session sees by direct SQL as the application's role: its area of duty, and nothing without a session."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.areas import number_range
from data.db import app_engine, enter, owner_engine
from data.sealing import load_secret
from data.settings import Settings
from data.tables import Account, Duty
from tests.conftest import fresh_database
from tests.township import TOWNSHIP, VILLAGES, SmallTownship, make_township

COUNTED = (
    "household",
    "house",
    "appraisal",
    "renovation_site",
    "visit",
    "standing",
    "coverage_folded",
    "coverage_day_folded",
    "coverage_shown_folded",
    "coverage_part_folded",
    "visit_tally_folded",
    "heat_folded",
    "owner_tally_folded",
    "standing_change",
    "coverage_known",
    "assignment",
    "assignment_change",
    "reservation",
    "disaster",
    "route_plan",
    "route_problem",
    "route",
    "route_stop",
    "route_unplanned",
    "route_change",
    "site_gate",
    "aid_list",
    "aid_list_row",
    "exclusion",
    "site_check",
    "site_inspection",
    "household_word",
    "entitlement",
    "payment",
    "payment_batch",
    "funding",
    "renovation_plan_version",
    "bank_return",
    "bank_return_row",
    "renovation_plan_line",
    "lookback",
    "lookback_village",
    "lookback_pick",
    "finding",
    "device",
    "synced_item",
    "synced_photo",
    "sync_reject",
    "field_visit",
    "demand",
    "pulled",
    "mark",
    "mark_change",
    "repeat_choice",
    "file_code",
    "road_gap",
    "pack",
    "grid",
    "batch",
    "audit",
)


class Store:
    """A database with the township committed, and sessions of one inspector per village and a leader."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.owner = owner_engine(settings)
        self.app = app_engine(settings)
        self.tokens: dict[str, str] = {}
        with Session(self.owner) as session, session.begin():
            self.town: SmallTownship = make_township(session)
            for name, role, code in (
                ("one", "inspector", VILLAGES[0]),
                ("two", "inspector", VILLAGES[1]),
                ("leader", "leader", TOWNSHIP),
            ):
                self.tokens[name] = self._account(session, name, role, number_range(code))

    def _account(self, session: Session, name: str, role: str, *duty: tuple[int, int]) -> str:
        account = Account(username=name, full_name=name, role=role, jur=duty[0][0], jur_end=duty[-1][1])
        session.add(account)
        session.flush()
        session.add_all(Duty(account_id=account.id, jur=jur, jur_end=jur_end) for jur, jur_end in duty)
        session.flush()
        token = secrets.token_urlsafe(32)
        open_session(session, self.settings, account.id, token)
        return token


def open_session(session: Session, settings: Settings, account_id: int, token: str, key: bytes | None = None) -> None:
    digest = hashlib.sha256(token.encode()).digest()
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    message = f"{account_id}|{digest.hex()}|web|{int(expires.timestamp())}"
    signature = hmac.new(key or load_secret(settings.key_file, "session"), message.encode(), "sha256").digest()
    session.execute(
        text("select sec.open_session(:account, :digest, 'web', :expires, null, null, :signature)"),
        {"account": account_id, "digest": digest, "expires": expires, "signature": signature},
    )


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    made = Store(fresh_database("fangtu_test_isolation"))
    yield made
    made.owner.dispose()
    made.app.dispose()


@pytest.fixture
def asking(store: Store) -> Iterator[Session]:
    with Session(store.app) as session:
        yield session
        session.rollback()


def counts(session: Session) -> dict[str, int]:
    return {table: int(session.scalar(text(f"select count(*) from {table}")) or 0) for table in COUNTED}


def test_without_a_session_nothing_is_there(asking: Session) -> None:
    assert set(counts(asking).values()) == {0}
    assert asking.scalar(text("select count(*) from base_feature")) == 0


def test_an_inspector_sees_the_own_village_only(store: Store, asking: Session) -> None:
    assert enter(asking, store.tokens["two"]) is not None
    names = set(asking.scalars(text("select code from household")))
    assert names == {"H6", "H7", "H10"}
    assert set(asking.scalars(text("select code from area where level = 'village'"))) == {VILLAGES[1]}
    assert asking.scalar(text("select sum(eligible) from coverage")) == 3
    assert asking.scalar(text("select sum(eligible) from coverage_shown")) == 3
    assert asking.scalar(text("select sum(visited) from coverage_day")) in (None, 0)
    assert asking.scalar(text("select count(*) from coverage_known")) == 1
    assert asking.scalar(text("select count(*) from visit where household_id is null")) == 1


def test_an_inspector_of_another_village_sees_another_set(store: Store, asking: Session) -> None:
    enter(asking, store.tokens["one"])
    assert set(asking.scalars(text("select code from household"))) == {"H1", "H2", "H3", "H4", "H5"}
    assert asking.scalar(text("select count(*) from visit where household_id is null")) == 0


# Tables of records, and of areas that overlap a duty, that a leader sees by place alone.
RECORDS = ("household", "house", "visit", "standing", "coverage_folded", "heat_folded", "standing_change")
AREAS = ("area", "grid")


@pytest.mark.parametrize("shape", ["one range", "two that touch", "two with a gap"])
def test_of_a_duty_in_parts_nothing_between_them_is_seen(store: Store, asking: Session, shape: str) -> None:
    with Session(store.owner) as session, session.begin():
        places = sorted(session.scalars(text("select distinct jur from household")))
        low, middle, high = places[0], places[len(places) // 2], places[-1] + 1
        assert low < middle < high - 1
        parts = {
            "one range": [(low, high)],
            "two that touch": [(low, middle), (middle, high)],
            "two with a gap": [(low, low + 1), (high - 1, high)],
        }[shape]
        token = store._account(session, f"leader of {shape}", "leader", *parts)
        inside = " or ".join(f"jur >= {lo} and jur < {hi}" for lo, hi in parts)
        over = " or ".join(f"jur < {hi} and jur_end > {lo}" for lo, hi in parts)
        keys = "to_jsonb(t)::text"
        expected = {
            **{table: set(session.scalars(text(f"select {keys} from {table} t where {inside}"))) for table in RECORDS},
            **{table: set(session.scalars(text(f"select {keys} from {table} t where {over}"))) for table in AREAS},
        }
        everything = session.scalar(text("select count(*) from household"))
    enter(asking, token)
    assert asking.scalar(text("select sec.one_range()")) is (shape != "two with a gap")
    for table, rows in expected.items():
        assert set(asking.scalars(text(f"select {keys} from {table} t"))) == rows, table
    assert 0 < len(expected["household"]) < everything or shape != "two with a gap"


def test_who_has_no_duty_or_no_session_has_not_one_range(store: Store, asking: Session) -> None:
    assert asking.scalar(text("select sec.one_range()")) is False
    with Session(store.owner) as session, session.begin():
        token = store._account(session, "leader of nothing", "leader", number_range(TOWNSHIP))
        session.execute(
            text("delete from duty where account_id = (select id from account where username = 'leader of nothing')")
        )
    enter(asking, token)
    assert asking.scalar(text("select sec.one_range()")) is False
    assert sum(int(asking.scalar(text(f"select count(*) from {table}")) or 0) for table in (*RECORDS, *AREAS)) == 0


def test_the_next_transaction_of_a_pooled_connection_remembers_nobody(store: Store) -> None:
    engine: Engine = create_engine(store.settings.app_url, pool_size=1, max_overflow=0)
    with Session(engine) as session:
        enter(session, store.tokens["leader"])
        assert session.scalar(text("select count(*) from household")) == 10
        session.commit()
        assert session.scalar(text("select count(*) from household")) == 0
    engine.dispose()


@pytest.mark.parametrize(
    "attack",
    [
        "set role fangtu_owner",
        "set session authorization fangtu_owner",
        "select * from sec.secret",
        "alter table household disable row level security",
        "create table mine as select * from household",
        "create policy mine on household using (true)",
        "select password_hash from account",
        "select pg_read_file('/etc/passwd')",
        "copy household to program 'cat'",
        "update audit set act = 'nothing'",
        "delete from audit",
        "delete from household",
        "update standing set status = 1",
        "update coverage_folded set visited = 1",
        "update coverage_day_folded set visited = 1",
        "update coverage_shown_folded set visited = 1",
        "update heat_folded set cells = ''",
        "update owner_tally_folded set remaining = 1",
        "update coverage_known set since = '2020-01-01'",
        "update lookback_pick set no = 1",
        "update lookback_pick set weight = 1",
        "update lookback set seed = 'mine'",
        "update lookback_village set counted = 0",
        "delete from lookback_pick",
        "update finding set points = 0",
        "delete from finding",
        "update synced_item set sha256 = ''",
        "delete from synced_item",
        "update synced_photo set received_at = now()",
        "insert into synced_photo (id, item_id, kind, sha256, size_bytes, received_at)"
        " values (gen_random_uuid(), gen_random_uuid(), 'visit', '', 1, now())",
        "update sync_reject set body_sealed = ''",
        "delete from sync_reject",
        "update device set account_id = 1",
        "update mark set jur = 0",
        "update mark set kind = 'ruin'",
        "delete from mark",
        "update mark_change set value = '1'",
        "delete from mark_change",
        "update appraisal set result = 'A'",
        "update appraisal set supersedes = null",
        "delete from appraisal",
        "update disaster set happened_on = '2020-01-01'",
        "delete from disaster",
        "update repeat_choice set before = '{}'",
        "delete from repeat_choice",
        "update pack set sha256 = ''",
        "insert into mark (id, kind, account_id, marked_by, jur, at)"
        " select gen_random_uuid(), 'ruin', id + 1, 'a', jur, now() from account",
        "insert into synced_item (id, kind, account_id, sent_by, sha256, size_bytes)"
        " select gen_random_uuid(), 'visit', a.id + 1, a.id, '', 1 from account a",
        "select add_history(array[1::bigint], array[1::smallint], array[1::bigint], array[0::bigint],"
        " array[1::smallint], array[date '2026-05-01'], array[1])",
        "select refresh_standing(array[1::bigint], array[1::smallint], array[1::bigint])",
    ],
)
def test_the_application_cannot_widen_what_it_may_do(store: Store, asking: Session, attack: str) -> None:
    enter(asking, store.tokens["one"])
    with pytest.raises(DBAPIError):
        asking.execute(text(attack))


def test_row_security_cannot_be_switched_off(store: Store, asking: Session) -> None:
    enter(asking, store.tokens["one"])
    asking.execute(text("set local row_security = off"))
    with pytest.raises(DBAPIError):
        asking.execute(text("select count(*) from household"))


def test_a_made_up_token_or_setting_opens_nothing(store: Store, asking: Session) -> None:
    assert enter(asking, "guess") is None
    asking.execute(text("select set_config('fangtu.duty', '{[0,1000000000000000)}', true)"))
    asking.execute(text("select set_config('fangtu.token', 'leader', true)"))
    assert asking.scalar(text("select count(*) from household")) == 0


def test_a_session_cannot_be_opened_without_the_key(store: Store, asking: Session) -> None:
    leader = 3
    with pytest.raises(DBAPIError, match="signature"):
        open_session(asking, store.settings, leader, "mine", key=b"guess" * 8)


def test_a_visit_to_a_household_of_another_village_is_refused(store: Store, asking: Session) -> None:
    enter(asking, store.tokens["one"])
    add = text("""insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, mode, outcome,
                                     verdict, counts)
                  values (gen_random_uuid(), gen_random_uuid()::text, :campaign, 1, :household, :jur, 'home', 'done',
                          'valid', true)""")
    foreign = {"campaign": store.town.campaign_id, "household": store.town.households["H6"]}
    with pytest.raises(DBAPIError, match="row-level security"):
        asking.execute(add, {**foreign, "jur": number_range(VILLAGES[1])[0] + 1})
    asking.rollback()
    enter(asking, store.tokens["one"])
    # With the own number on it the row passes the policy, but not the key to a household of the same jurisdiction.
    asking.execute(add, {**foreign, "jur": number_range(VILLAGES[0])[0] + 1})
    with pytest.raises(DBAPIError, match="foreign key"):
        asking.execute(text("set constraints all immediate"))


def test_an_inspector_cannot_become_administrator(store: Store, asking: Session) -> None:
    enter(asking, store.tokens["one"])
    changed = asking.execute(text("update account set role = 'admin'"))
    assert changed.rowcount == 0  # type: ignore[attr-defined]
    with pytest.raises(DBAPIError, match="row-level security"):
        asking.execute(
            text("insert into duty (account_id, jur, jur_end) select id, 0, 1000000000000000 from account limit 1")
        )


def test_an_ended_session_opens_nothing(store: Store, asking: Session) -> None:
    with Session(store.owner) as session, session.begin():
        leader = session.query(Account).filter_by(username="leader").one()
        open_session(session, store.settings, leader.id, "to-be-ended")
    assert enter(asking, "to-be-ended") is not None
    asking.execute(text("select sec.leave('to-be-ended')"))
    assert enter(asking, "to-be-ended") is None


def test_a_tile_is_read_by_one_index_under_row_level_security(store: Store, asking: Session) -> None:
    enter(asking, store.tokens["leader"])
    asking.execute(text("set local enable_seqscan = off"))
    plan = "\n".join(
        asking.scalars(
            text("""explain select household_id, x, y, status from standing
                    where campaign_id = 1 and round_no = 1 and morton >= 0 and morton < 1000""")
        )
    )
    assert "ix_standing_tile" in plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert "morton" in condition
    assert "jur" in condition


def test_what_the_application_changes_is_never_noted_for_a_batch(store: Store, asking: Session) -> None:
    enter(asking, store.tokens["one"])
    asking.execute(text("select set_config('fangtu.batch', '999', true)"))
    # A note for a batch that is not there would break its foreign key.
    changed = asking.execute(
        text("update household set remark = 'x' where id = :id returning id"), {"id": store.town.households["H1"]}
    )
    assert changed.scalar() == store.town.households["H1"]


def test_marks_and_packs_stay_in_their_village_and_no_inspector_settles_one(store: Store, asking: Session) -> None:
    keys = {"home": store.town.households["H6"], "village": store.town.areas[VILLAGES[1]]}
    with Session(store.owner) as session, session.begin():
        account = session.query(Account).filter_by(username="two").one()
        session.execute(
            text("""
                with made as (
                    insert into mark (id, kind, account_id, marked_by, household_id, jur, at)
                    select gen_random_uuid(), 'correction', :account, 'a', id, jur, now()
                      from household where id = :home
                    returning id, jur)
                insert into mark_change (mark_id, field, jur, value) select id, 'people', jur, '3' from made"""),
            {**keys, "account": account.id},
        )
        session.execute(
            text("""
                insert into house (natural_key, household_id, jur)
                select 'mark:x', id, jur from household where id = :home"""),
            keys,
        )
        session.execute(
            text("""
                insert into pack (area_id, jur, jur_end, whole, source)
                select id, jur, jur_end, true, '' from area where id = :village"""),
            keys,
        )
    seen = "select (select count(*) from mark), (select count(*) from mark_change), (select count(*) from pack)"
    enter(asking, store.tokens["one"])
    assert tuple(asking.execute(text(seen)).one()) == (0, 0, 0)
    asking.rollback()
    enter(asking, store.tokens["two"])
    assert tuple(asking.execute(text(seen)).one()) == (1, 1, 1)
    for act in (
        "update mark set state = 'accepted'",
        "update mark_change set state = 'applied'",
        "delete from house",
    ):
        assert asking.execute(text(act)).rowcount == 0, act  # type: ignore[attr-defined]


def test_what_was_made_of_a_second_visit_stays_in_its_village_and_no_inspector_makes_it(
    store: Store, asking: Session
) -> None:
    add = text("""
        insert into repeat_choice (visit_id, household_id, jur, choice, reason, before, after, account_id, actor)
        select v.id, v.household_id, v.jur, 'void', '重复上门', '{}', '{}', :account, 'a' from visit v
         where v.household_id = :home limit 1""")
    keys = {"home": store.town.households["H6"]}
    with Session(store.owner) as session, session.begin():
        account = session.query(Account).filter_by(username="two").one().id
        session.execute(add, {**keys, "account": account})
    seen = text("select count(*) from repeat_choice")
    enter(asking, store.tokens["one"])
    assert asking.scalar(seen) == 0
    asking.rollback()
    enter(asking, store.tokens["two"])
    assert asking.scalar(seen) == 1
    assert asking.execute(text("update repeat_choice set undone_at = now()")).rowcount == 0  # type: ignore[attr-defined]
    with pytest.raises(DBAPIError):
        asking.execute(add, {**keys, "account": account})
