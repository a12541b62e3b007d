"""What tables do for themselves is set aside and brought back whole, and what they keep is made anew as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

import data.imports.bulk
import data.upkeep
from data.areas import EVERYWHERE
from data.db import owner_session
from data.folding import fold_now
from data.imports.bulk import load_county
from data.kept import rebuild, rebuild_houses, rounds_within
from data.recheck import recheck
from data.samples.county import make_county
from data.upkeep import TablesBusy, upkeep_aside
from tests.database.importing import Store, opened
from tests.township import make_township

KEPT = (
    *("standing", "coverage_folded", "coverage_day_folded", "coverage_shown_folded", "coverage_part_folded"),
    *("visit_tally_folded", "heat_folded", "owner_tally_folded", "cell"),
)
# Everything there is of indexes, constraints and triggers, as the catalogue writes it down.
CATALOGUE = """
    select indexrelid::regclass::text, pg_get_indexdef(indexrelid), i.indisvalid::text
    from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace = 'public'::regnamespace
    union all
    select conrelid::regclass::text || ' ' || conname, pg_get_constraintdef(oid), convalidated::text
    from pg_constraint where connamespace = 'public'::regnamespace
    union all
    select tgrelid::regclass::text || ' ' || tgname, pg_get_triggerdef(oid), tgenabled::text
    from pg_trigger where not tgisinternal
    union all
    select oid::regclass::text, relrowsecurity::text, relforcerowsecurity::text
    from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
    order by 1, 2"""


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("fangtu_test_upkeep") as made:
        yield made


@pytest.fixture
def empty(store: Store) -> Store:
    store.empty()
    return store


def kept(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: sorted(tuple(row) for row in session.execute(text(f"select {table}::text from {table}")))
        for table in KEPT
    }


def counts(store: Store) -> dict[str, int]:
    tables = store.rows(
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    return {name: store.one(f'select count(*) from "{name}"') for (name,) in tables}


def test_what_is_made_anew_is_what_the_triggers_keep(owner: Session) -> None:
    town = make_township(owner)
    # A settlement, a doubted visit, one that another replaces, a household that is gone: each counts in its own way.
    owner.execute(
        text("""
            update household set group_id = (select min(id) from area where level = 'village')
             where code in ('H1', 'H2')""")
    )
    owner.execute(text("update household set removed_at = now() where code = 'H8'"))
    owner.execute(text("update visit set suspect = '{far_from_house}' where mode = 'phone' and counts"))
    owner.execute(text("update household set key_groups = '{lone_elder,hardship}' where code in ('H1', 'H5')"))
    owner.execute(text("update visit set visitor_kind = '村干部' where mode = 'phone'"))
    fold_now(owner)
    owner.execute(text("update coverage_shown_folded set day = day - 3, eligible = eligible - 1 where eligible > 1"))
    owner.execute(text("update coverage_known set since = since - 3"))
    owner.execute(text("set constraints all immediate"))
    before = kept(owner)
    # A change that was not folded in when the records were counted anew counts once.
    owner.execute(text("update standing set visits = visits where status = 1"))
    assert all(before.values())
    jur, jur_end = EVERYWHERE
    with upkeep_aside(owner, {"standing": 1}):
        owner.execute(text("update standing set status = 5, visits = 7 where jur % 2 = 0"))
        owner.execute(text("delete from coverage_folded where jur % 2 = 1"))
        owner.execute(text("update cell set n = n + 1"))
        for campaign, number in rounds_within(owner, jur, jur_end):
            rebuild(owner, campaign, number, jur, jur_end)
        rebuild_houses(owner, jur, jur_end)
    after = kept(owner)
    # What was shown three days ago stays as it is; the household that was not shown then is shown from today.
    shown = owner.execute(
        text("select sum(eligible), sum(visited) from coverage_shown where campaign_id = :c"), {"c": town.campaign_id}
    ).one()
    assert (
        shown
        == owner.execute(
            text("select sum(eligible), sum(visited) from coverage where campaign_id = :c"), {"c": town.campaign_id}
        ).one()
    )
    assert set(before.pop("coverage_shown_folded")) < set(after.pop("coverage_shown_folded"))
    assert after == before
    assert recheck(owner)["drift"] == 0


def test_only_the_range_asked_for_is_made_anew(owner: Session) -> None:
    town = make_township(owner)
    owner.execute(text("set constraints all immediate"))
    jur = owner.scalar(text("select min(jur) from standing where status <> 0"))
    with upkeep_aside(owner, {"standing": 1}):
        owner.execute(text("update standing set visits = 99"))
        rebuild(owner, town.campaign_id, 1, jur, jur + 1)
    found = owner.execute(text("select bool_or(visits = 99), jur = :jur from standing group by 2"), {"jur": jur}).all()
    assert set(map(tuple, found)) == {(False, True), (True, False)}


def test_a_load_leaves_indexes_keys_and_triggers_as_they_were(empty: Store) -> None:
    before = empty.rows(CATALOGUE)
    assert len(before) > 300
    # By a connection that has done other work before.
    empty.engine.dispose()
    with owner_session(empty.engine) as session:
        session.execute(text("create temporary table left_over on commit drop as select 1"))
    load_county(empty.engine, make_county(300))
    assert empty.rows(CATALOGUE) == before


@pytest.mark.parametrize("at", ["add_households", "list_places", "_verdicts", "rebuild_houses", "record"])
def test_a_load_that_fails_leaves_no_trace(empty: Store, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    before, rows = empty.rows(CATALOGUE), counts(empty)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("pulled the plug")

    monkeypatch.setattr(data.imports.bulk, at, fail)
    with pytest.raises(RuntimeError, match="pulled the plug"):
        load_county(empty.engine, make_county(300))
    assert empty.rows(CATALOGUE) == before
    assert counts(empty) == rows


def test_keys_are_set_aside_only_where_a_table_grows_many_times_over(empty: Store) -> None:
    load_county(empty.engine, make_county(300))
    names = "select count(*) from pg_indexes where tablename = 'household'"
    all_there = empty.one(names)
    with owner_session(empty.engine) as session:
        with upkeep_aside(session, {"household": 200}) as aside:
            assert aside.large == ()
            assert session.scalar(text(names)) == all_there
            assert session.scalar(text("select count(*) from pg_trigger where tgenabled = 'D'")) == len(aside.triggers)
        with (
            upkeep_aside(session, {"household": 300, "visit": 10_000}) as aside,
            empty.engine.connect() as other,
        ):
            assert aside.large == ("household", "visit")
            assert session.scalar(text(names)) < all_there
            # Whoever asks for households waits; whoever signs in does not.
            other.execute(text("set lock_timeout = 100"))
            assert other.scalar(text("select count(*) from account")) == 0
            with pytest.raises(OperationalError, match="lock timeout"):
                other.execute(text("select count(*) from household"))
        assert session.scalar(text(names)) == all_there


def test_a_table_that_others_go_on_reading_keeps_its_policies_on_its_owner(empty: Store) -> None:
    load_county(empty.engine, make_county(300))
    bound = text("select relforcerowsecurity from pg_class where relname = 'household'")
    with owner_session(empty.engine) as session:
        with upkeep_aside(session, {"household": 200}):
            assert session.scalar(bound)
        with upkeep_aside(session, {"household": 300}):
            assert not session.scalar(bound)
        assert session.scalar(bound)


def test_a_row_that_breaks_a_key_ends_the_load(empty: Store) -> None:
    before = empty.rows(CATALOGUE)
    with (
        pytest.raises(IntegrityError, match="fk_house_household_id_jur"),
        owner_session(empty.engine) as session,
        upkeep_aside(session, {"house": 1}),
    ):
        session.execute(text("insert into house (natural_key, household_id, jur) values ('x', 77, 5)"))
    assert empty.rows(CATALOGUE) == before
    assert empty.one("select count(*) from house") == 0


def test_others_read_meanwhile_and_wait_to_write(empty: Store) -> None:
    load_county(empty.engine, make_county(300))
    with (
        owner_session(empty.engine) as session,
        upkeep_aside(session, {"household": 10, "standing": 10}),
        empty.engine.connect() as other,
    ):
        other.execute(text("set lock_timeout = 100"))
        assert other.scalar(text("select count(*) from household")) == 300
        with pytest.raises(OperationalError, match="lock timeout"):
            other.execute(text("update standing set visits = 0"))


def test_tables_that_others_hold_are_not_waited_for_without_end(empty: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    load_county(empty.engine, make_county(300))
    before = empty.rows(CATALOGUE)
    monkeypatch.setattr(data.upkeep, "PATIENCE_S", 0.1)
    with empty.engine.connect() as other:
        other.execute(text("update household set people = 1 where id = (select min(id) from household)"))
        with pytest.raises(TablesBusy), owner_session(empty.engine) as session, upkeep_aside(session, {"household": 9}):
            pytest.fail("the tables were had")
        other.rollback()
    assert empty.rows(CATALOGUE) == before
