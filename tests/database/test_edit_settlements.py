"""Natural villages drawn, split, merged and deleted: who lives where changes, and no number does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from shapely import LineString, box
from sqlalchemy import text

from data.areas import number_range
from data.edit_refusals import EditRefused
from data.edit_wishes import Wish
from tests.database.editing import asker, edit, preview, spoken
from tests.database.importing import VILLAGES, opened
from tests.database.store_dump import differences
from tests.database.test_import_undo import Town

EAST, WEST = VILLAGES[0] + "-N01", VILLAGES[0] + "-N02"
OUTLINE = Wish("change", (EAST,), box(118.80, 36.40, 118.805, 36.41))
CUT = LineString([(118.8025, 36.39), (118.8025, 36.42)])


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with opened("fangtu_test_settlements") as store:
        yield Town(store, tmp_path_factory.mktemp("town"))


@pytest.fixture
def town(rich: Town) -> Town:
    """The town as it was loaded."""
    if differences(rich.untouched, rich.dump()):
        rich.store.bring_back()
    return rich


def lives(town: Town) -> dict[str, str | None]:
    """Settlement of each household of the first village."""
    rows = town.store.rows(
        "select h.code, s.name from household h left join area s on s.id = h.group_id where h.code in ('H1','H2','H3')"
    )
    return {row[0]: row[1] for row in rows}


def test_a_settlement_is_split_merged_and_deleted_and_each_is_taken_back(town: Town) -> None:
    numbers = town.store.rows("select id, jur from household order by id")
    drawn = edit(town, OUTLINE)
    assert lives(town) == {"H1": "东测庄", "H2": "东测庄", "H3": None}
    split = edit(town, Wish("split", (EAST,), CUT, "东小庄"))
    # Both parts are of a size: the one further west is the new one or stays, but each has one household.
    assert sorted(name or "" for name in lives(town).values()) == ["", "东小庄", "东测庄"]
    after_split = town.dump()
    new = town.store.one("select code from area where name = '东小庄'")
    assert new == VILLAGES[0] + "-N03"
    merged = edit(town, Wish("merge", (EAST, new)))
    assert lives(town) == {"H1": "东测庄", "H2": "东测庄", "H3": None}
    assert town.store.rows("select name, code from area_alias where name = '东小庄'") == [("东小庄", new)]
    deleted = edit(town, Wish("delete", (EAST,)))
    assert spoken(deleted.moves) == [(2, "测试1村 东测庄", "测试1村 ")]
    assert set(lives(town).values()) == {None}
    assert town.store.rows("select id, jur from household order by id") == numbers
    assert town.drift() == 0
    town.undo(deleted.batch)
    town.undo(merged.batch)
    assert differences(after_split, town.dump()) == {}
    town.undo(split.batch)
    town.undo(drawn.batch)
    assert differences(town.untouched, town.dump()) == {}


def test_a_household_that_its_ledger_names_elsewhere_stays_there(town: Town) -> None:
    with town.store.engine.begin() as connection:
        connection.execute(
            text("""
                update household set group_id = (select id from area where code = :west) where code = 'H2'"""),
            {"west": WEST},
        )
    assert spoken(preview(town, OUTLINE).moves) == [(1, "测试1村 ", "测试1村 东测庄")]
    edit(town, OUTLINE)
    assert lives(town) == {"H1": "东测庄", "H2": "西测庄", "H3": None}
    merged = edit(town, Wish("merge", (EAST, WEST)))
    assert spoken(merged.moves) == [(1, "测试1村 西测庄", "测试1村 东测庄")]
    town.store.bring_back()


def test_a_household_known_by_its_settlement_is_known_by_its_village_once_that_is_deleted(town: Town) -> None:
    with town.store.engine.begin() as connection:
        connection.execute(
            text("""
                update household set group_id = (select id from area where code = :west), geom = null, quality = 5
                 where code = 'H2'"""),
            {"west": WEST},
        )
    done = edit(town, Wish("delete", (WEST,)))
    assert done.moved == 1
    assert town.store.rows("select group_id, quality from household where code = 'H2'") == [(None, 6)]
    town.undo(done.batch)
    assert town.store.rows("select quality from household where code = 'H2'") == [(5,)]
    town.store.bring_back()


def test_an_outline_that_was_derived_is_drawn_once_it_is_edited(town: Town) -> None:
    done = edit(town, OUTLINE)
    assert town.store.rows(f"select derived, source from area where code = '{EAST}'") == [(False, "drawn")]
    with town.store.engine.begin() as connection:
        connection.execute(text("update area set derived = true where code = :code"), {"code": EAST})
    again = edit(town, Wish("change", (EAST,), box(118.80, 36.40, 118.8025, 36.41)))
    assert town.store.one(f"select derived from area where code = '{EAST}'") is False
    town.undo(again.batch)
    assert town.store.one(f"select derived from area where code = '{EAST}'") is True
    assert done.moved == 2
    town.store.bring_back()


def test_only_who_answers_for_the_whole_village_edits_its_settlements(town: Town) -> None:
    with pytest.raises(EditRefused) as error:
        preview(town, OUTLINE, asker(VILLAGES[0] + "001"))
    assert "全村" in error.value.text.zh
    done = edit(town, OUTLINE, who=asker(VILLAGES[0]))
    assert town.store.rows(f"select jur, jur_end from area where code = '{EAST}'") == [number_range(VILLAGES[0])]
    town.undo(done.batch)
