"""Households known only to their settlement are counted there: each once, for who may see it, and by one index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.db import enter
from data.overview import legend_counts
from data.recheck import recheck
from data.rules.words import BY_NUMBER
from data.settled import Settled, settled_counts
from data.tables import Household
from data.worklists import work_list
from tests.conftest import fresh_database
from tests.database.test_isolation import Store
from tests.township import (
    HAMLET,
    HAMLET_CENTRE,
    HAMLET_NAME,
    TOWNSHIP,
    VILLAGES,
    SmallTownship,
    make_township,
    make_vague,
)

DUTY = {code: (number_range(code),) for code in (TOWNSHIP, *VILLAGES)}


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    made = make_township(owner)
    make_vague(owner, made)
    return made


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    made = Store(fresh_database("fangtu_test_settled"))
    with Session(made.owner) as session, session.begin():
        make_vague(session, made.town)
    yield made
    made.owner.dispose()
    made.app.dispose()


@pytest.fixture
def asking(store: Store) -> Iterator[Session]:
    with Session(store.app) as session:
        yield session
        session.rollback()


def by_code(found: list[Settled]) -> dict[str, tuple[int, int, int]]:
    return {one.code: (one.n, one.visited, one.unplaced) for one in found}


def test_each_is_counted_once_at_its_natural_village_or_else_its_village(owner: Session, town: SmallTownship) -> None:
    found = settled_counts(owner, town.campaign_id, 1)
    # H1 was visited and has a point; H2 and H10 have none. H3 is exact, and so are all others.
    assert by_code(found) == {HAMLET: (2, 1, 1), VILLAGES[1]: (1, 0, 1)}
    hamlet, village = sorted(found, key=lambda one: one.level)
    assert (hamlet.name, hamlet.level) == (HAMLET_NAME, "natural_village")
    assert (village.name, village.level) == ("测试2村", "village")
    assert (hamlet.lon, hamlet.lat) == pytest.approx(HAMLET_CENTRE)
    # A village without a place of its own is counted where its name stands, inside its boundary.
    assert 118.81 < village.lon < 118.82
    assert 36.40 < village.lat < 36.41


def test_the_sentence_the_list_and_the_numbers_on_the_map_agree(owner: Session, town: SmallTownship) -> None:
    for code in DUTY:
        within = number_range(code)
        counted = sum(one.n for one in settled_counts(owner, town.campaign_id, 1, within))
        said = legend_counts(owner, town.campaign_id, 1, within)["approximate"]
        listed = work_list(owner, "approximate", within)
        assert counted == said == listed.total == len(listed.rows)
    rows = work_list(owner, "approximate", number_range(TOWNSHIP)).rows
    known_to = {row["code"]: row["hamlet"] or row["village"] for row in rows}
    assert known_to == {"H1": HAMLET_NAME, "H2": HAMLET_NAME, "H10": "测试2村"}


def test_a_household_that_is_placed_exactly_is_no_longer_counted(owner: Session, town: SmallTownship) -> None:
    owner.get_one(Household, town.households["H1"]).quality = BY_NUMBER
    owner.flush()
    assert by_code(settled_counts(owner, town.campaign_id, 1)) == {HAMLET: (1, 0, 1), VILLAGES[1]: (1, 0, 1)}
    owner.get_one(Household, town.households["H10"]).removed_at = text("now()")
    owner.flush()
    assert by_code(settled_counts(owner, town.campaign_id, 1)) == {HAMLET: (1, 0, 1)}


def test_a_settlement_without_any_place_stays_in_the_sentence_only(owner: Session, town: SmallTownship) -> None:
    owner.execute(text("update area set centre = null where code = :code"), {"code": HAMLET})
    assert by_code(settled_counts(owner, town.campaign_id, 1)) == {VILLAGES[1]: (1, 0, 1)}
    assert legend_counts(owner, town.campaign_id, 1, number_range(TOWNSHIP))["approximate"] == 3


def test_a_household_known_to_nothing_is_counted_nowhere(owner: Session, town: SmallTownship) -> None:
    owner.execute(text("update household set quality = 7 where code = 'H10'"))
    assert by_code(settled_counts(owner, town.campaign_id, 1)) == {HAMLET: (2, 1, 1)}


def test_only_settlements_of_the_range_and_wholly_of_the_duty(owner: Session, town: SmallTownship) -> None:
    def codes(within: str, duty: str) -> list[str]:
        found = settled_counts(owner, town.campaign_id, 1, number_range(within), duty=DUTY.get(duty, ((0, 1),)))
        return [one.code for one in found]

    assert codes(VILLAGES[0], TOWNSHIP) == [HAMLET]
    assert codes(TOWNSHIP, VILLAGES[1]) == [VILLAGES[1]]
    assert codes(VILLAGES[2], TOWNSHIP) == []
    assert codes(TOWNSHIP, "nowhere") == []
    # Part of a count is no count: a grid's worker is told nothing of the whole village's number.
    grid = number_range("990101001001001")
    assert settled_counts(owner, town.campaign_id, 1, grid, duty=(grid,)) == []


def test_what_is_kept_still_agrees_with_a_recount(owner: Session, town: SmallTownship) -> None:
    assert recheck(owner)["checks"]["enrolment"] == 0


@pytest.mark.parametrize(
    ("name", "codes"), [("one", {HAMLET}), ("two", {VILLAGES[1]}), ("leader", {HAMLET, VILLAGES[1]}), (None, set())]
)
def test_another_areas_asker_is_told_nothing(store: Store, asking: Session, name: str | None, codes: set[str]) -> None:
    # Even asked for everything: what is left out is left out by the database.
    enter(asking, store.tokens[name] if name else None)
    assert {one.code for one in settled_counts(asking, store.town.campaign_id, 1)} == codes


def test_the_numbers_are_read_by_one_index_under_row_level_security(store: Store, asking: Session) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        asked.append((statement, values))

    enter(asking, store.tokens["leader"])
    asking.execute(text("set local enable_seqscan = off"))
    event.listen(store.app, "before_cursor_execute", note)
    assert len(settled_counts(asking, store.town.campaign_id, 1)) == 2
    event.remove(store.app, "before_cursor_execute", note)
    ((statement, values),) = asked
    plan = asking.connection().exec_driver_sql(f"explain {statement}", values).scalars().all()
    start = next(n for n, line in enumerate(plan) if "ix_standing_settled" in line)
    condition = next(line for line in plan[start:] if "Index Cond" in line)
    assert "round_no" in condition
    assert "jur" in condition
