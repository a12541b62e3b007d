"""A store of an older version with households and visits in it is brought up to date, and every number stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from data.db import owner_engine
from data.folding import fold
from data.imports.changes import Noted, row_hash
from data.recheck import recheck
from data.settings import Settings
from data.upgrade import migration_state, prepare_database
from tests.conftest import fresh_database, made_database
from tests.township import make_township

# The rows of the small township as the code of that time wrote them: files of INSERT, one for each older form.
STORES = Path(__file__).resolve().parent.parent / "files" / "stores"
COUNTS = """
    select jur, sum(eligible) as eligible, sum(visited) as visited from coverage group by jur order by jur"""
STANDINGS = """
    select h.code, s.status, s.visits, s.valid_visits from standing s join household h on h.id = s.household_id
     order by h.code"""


def filled(revision: str) -> Settings:
    settings = made_database("fangtu_test_upgrade", revision=revision)
    engine = create_engine(settings.admin_url)
    with engine.begin() as connection:
        # As a backup is read in: what triggers keep is among the rows.
        connection.execute(text("set local session_replication_role = replica"))
        rows = (STORES / f"{revision}.sql").read_text(encoding="utf-8")
        connection.connection.cursor().execute(rows)
    engine.dispose()
    return settings


def numbers_of(engine: Engine) -> list[list[tuple[object, ...]]]:
    fold(engine)
    with engine.connect() as connection:
        return [[tuple(row) for row in connection.execute(text(query))] for query in (COUNTS, STANDINGS)]


@pytest.fixture(scope="module")
def expected() -> list[list[tuple[object, ...]]]:
    """The numbers of the same township made by the code of today."""
    engine = owner_engine(fresh_database("fangtu_test_upgrade_new"))
    with Session(engine) as session, session.begin():
        make_township(session)
    numbers = numbers_of(engine)
    engine.dispose()
    return numbers


@pytest.mark.parametrize("revision", sorted(file.stem for file in STORES.glob("*.sql")))
def test_a_filled_store_is_brought_up_and_counts_the_same(
    revision: str, expected: list[list[tuple[object, ...]]]
) -> None:
    settings = filled(revision)
    prepare_database(settings)
    engine = owner_engine(settings)
    state = migration_state(engine)
    assert state["current"] == state["head"]
    assert numbers_of(engine) == expected
    with Session(engine) as session:
        checks = recheck(session)["checks"]
    engine.dispose()
    assert {name: n for name, n in checks.items() if n} == {}


def test_a_batch_with_appraisals_of_before_they_were_made_by_hand_can_still_be_taken_back() -> None:
    """What a batch noted of appraisals is compared and put back by all columns, also those that came later."""
    settings = made_database("fangtu_test_upgrade", revision="0028")
    engine = owner_engine(settings)
    with engine.begin() as connection:
        # The row is left out of its own hash where it was changed since: that stays a change.
        for statement in (
            "insert into house (natural_key, code, jur) values ('a', 'a', 1)",
            """insert into appraisal (house_id, jur, appraised_on, result, standard, parts)
               select id, jur, '2025-05-01', 'B', s, '{"walls": "b"}' from house, (values ('x'), ('y')) v (s)""",
            """insert into batch (kind, file_name, sha256, read, accepted, refused, jur, jur_end)
               values ('houses', 'a', '\\x00', 2, 2, 0, 1, 2)""",
            """insert into batch_change (batch_id, table_name, row_key, act, before, after_hash)
               select b.id, 'appraisal', t.id, 'update', to_jsonb(t), sha256(convert_to(row(t.id, t.house_id, t.jur,
                      t.appraised_on, t.standard, t.parts, t.result, t.override_reason, t.appraiser, t.batch_id,
                      t.created_at)::text, 'UTF8'))
                 from batch b, appraisal t""",
            "update appraisal set result = 'C' where standard = 'y'",
        ):
            connection.execute(text(statement))
    engine.dispose()
    prepare_database(settings)
    engine = owner_engine(settings)
    with Session(engine) as session:
        hashed = row_hash(session, Noted("appraisal"))
        same = session.execute(
            text(f"""
                select t.standard, c.after_hash = {hashed} as same, c.before from batch_change c
                  join appraisal t on t.id = c.row_key::bigint order by t.standard""")
        ).all()
        columns = set(
            session.scalars(text("select column_name from information_schema.columns where table_name = 'appraisal'"))
        )
    engine.dispose()
    assert [(row.standard, row.same) for row in same] == [("x", True), ("y", False)]
    assert all(set(row.before) == columns for row in same)
    assert same[0].before["findings"] == {"walls": "b"}
