"""Villages split and merged: numbers, older codes and duties follow, nobody sees more; taken back to the bit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from shapely import LineString
from sqlalchemy import text

from data.areas import area_range, number_range
from data.askers import RecordUnknown
from data.db import owner_session
from data.edit_refusals import EditRefused
from data.edit_wishes import Wish
from data.gazetteer import load_gazetteer
from geo.drawing import DrawingRefused
from tests.database.editing import asker, edit, preview
from tests.database.importing import TOWNSHIP, VILLAGES, opened
from tests.database.store_dump import differences
from tests.database.test_import_undo import Town

NEW = TOWNSHIP + "101"
G1, G2 = VILLAGES[0] + "001", VILLAGES[0] + "002"
CUT = LineString([(118.8045, 36.39), (118.8045, 36.42)])
SPLIT = Wish("split", (VILLAGES[0],), CUT, "新测村", code=NEW)
MERGE = Wish("merge", (VILLAGES[0], VILLAGES[1]))


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with opened("fangtu_test_villages") as store:
        yield Town(store, tmp_path_factory.mktemp("town"))


@pytest.fixture
def town(rich: Town) -> Town:
    """The town as it was loaded."""
    if differences(rich.untouched, rich.dump()):
        rich.store.bring_back()
    return rich


def seen(town: Town, username: str) -> set[str]:
    """Households inside an account's areas of duty."""
    rows = town.store.rows(
        """select h.code from household h join duty d on h.jur >= d.jur and h.jur < d.jur_end
             join account a on a.id = d.account_id where a.username = :name""",
        name=username,
    )
    return {row[0] for row in rows}


def duties(town: Town, username: str) -> list[tuple[int, int]]:
    rows = town.store.rows(
        """select d.jur, d.jur_end from duty d join account a on a.id = d.account_id
            where a.username = :name order by 1""",
        name=username,
    )
    return [(row[0], row[1]) for row in rows]


def test_duties_follow_a_village_that_is_merged_and_nobody_sees_more(town: Town) -> None:
    town.store.account("walker", "走访", VILLAGES[1], "inspector")
    town.store.account("keeper", "驻村", VILLAGES[0], "supervisor")
    before, old = seen(town, "walker"), town.dump()
    done = edit(town, MERGE)
    assert seen(town, "walker") == before == {"H4"}
    assert duties(town, "walker") == [number_range(VILLAGES[0] + "003")]
    assert duties(town, "keeper") == [number_range(VILLAGES[0])]  # its village is larger now
    rows = town.store.rows("select details from audit where act = 'duty_follow'")
    assert [row[0]["from"] for row in rows] == [list(number_range(VILLAGES[1]))]
    town.undo(done.batch)
    assert differences(old, town.dump()) == {}
    town.store.bring_back()


def test_duties_cover_both_parts_of_a_village_and_of_a_grid_that_are_split(town: Town) -> None:
    town.store.account("keeper", "驻村", VILLAGES[0], "supervisor")
    town.store.account("walker", "走访", G1, "inspector")
    town.store.account("other", "走访", G2, "inspector")
    kept = {name: seen(town, name) for name in ("keeper", "walker", "other")}
    old = town.dump()
    done = edit(town, SPLIT)
    assert {name: seen(town, name) for name in kept} == kept
    assert duties(town, "keeper") == [number_range(VILLAGES[0]), number_range(NEW)]
    assert duties(town, "walker") == [number_range(G1), number_range(NEW + "001")]
    assert duties(town, "other") == [number_range(G2)]
    town.undo(done.batch)
    assert differences(old, town.dump()) == {}
    town.store.bring_back()


def test_a_duty_changed_since_keeps_the_edit_and_is_named(town: Town) -> None:
    town.store.account("walker", "走访", VILLAGES[1], "inspector")
    done = edit(town, MERGE)
    with town.store.engine.begin() as connection:
        connection.execute(text("update duty set jur_end = jur_end + 1 where jur = :jur"), {"jur": int(G1) + 2})
    assert any("账号的辖区" in words for words in town.blockers(done.batch))
    town.store.bring_back()


def test_older_codes_and_names_are_found_after_a_merge(town: Town) -> None:
    done = edit(town, MERGE)
    with owner_session(town.store.engine) as session:
        assert area_range(session, VILLAGES[1]) == number_range(VILLAGES[0])
        gazetteer = load_gazetteer(session, *number_range(TOWNSHIP))
        kept = town.store.one("select id from area where code = :code and valid_to is null", code=VILLAGES[0])
        for stated in (VILLAGES[1], "测试2村"):
            assert gazetteer.locate(None, stated=stated).village == kept
    assert town.store.one("select valid_to is not null from area where code = :code", code=VILLAGES[1])
    town.undo(done.batch)
    with owner_session(town.store.engine) as session:
        assert area_range(session, VILLAGES[1]) == number_range(VILLAGES[1])


def test_grids_and_settlements_go_along_with_their_part_of_a_village(town: Town) -> None:
    # East of the line lie nearly all of grid 002 and, by its centre, one settlement; it takes along whom it is all that
    # is known of.
    with town.store.engine.begin() as connection:
        connection.execute(
            text("""
                update area set centre = st_setsrid(st_makepoint(118.809, 36.405), 4326) where code = :code;
                update household set geom = null, group_id = (select id from area where code = :code), quality = 5
                 where code = 'H3'"""),
            {"code": VILLAGES[0] + "-N01"},
        )
    wish = Wish("split", (VILLAGES[0],), LineString([(118.8052, 36.39), (118.8052, 36.42)]), "新测村", code=NEW)
    told = preview(town, wish)
    done = edit(town, wish, told.plan.revision)
    assert done.moves == told.moves
    rows = town.store.rows("select code, name from grid where code like :new order by code", new=NEW + "%")
    assert [row[0] for row in rows] == [NEW + "002"]
    assert town.store.one("select code from area where name = '东测庄'") == NEW + "-N01"
    assert town.store.rows("""
        select h.jur, v.code from household h join area v on v.id = h.village_id where h.code = 'H3'""") == [
        (number_range(NEW)[0], NEW)
    ]
    assert town.store.one("select st_area(geom::geography) < 50000 from grid where code = :code", code=G2)
    assert town.drift() == 0
    town.undo(done.batch)
    town.store.bring_back()


@pytest.mark.parametrize("code", [None, "99", "99010200100x", "990102001101", VILLAGES[1], TOWNSHIP + "1", "一二三"])
def test_the_code_of_a_new_village_is_of_the_township_and_unused(town: Town, code: str | None) -> None:
    with pytest.raises(EditRefused) as error:
        preview(town, Wish("split", (VILLAGES[0],), CUT, "新测村", code=code))
    assert "代码" in error.value.text.zh


def test_a_code_that_ended_in_a_merge_is_not_given_again(town: Town) -> None:
    done = edit(town, MERGE)
    with pytest.raises(EditRefused, match="used before"):
        preview(town, Wish("split", (VILLAGES[0],), CUT, "新测村", code=VILLAGES[1]))
    town.undo(done.batch)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish("split", (VILLAGES[0],), CUT, code=NEW), "名称"),
        (Wish("split", (VILLAGES[0],), LineString([(118.79, 36.405), (118.8045, 36.405)]), "新", code=NEW), "没有分割"),
        (Wish("merge", (VILLAGES[0], VILLAGES[2])), "并不相邻"),
        (Wish("merge", (VILLAGES[0],)), "并入"),
    ],
)
def test_what_cannot_be_is_said_in_words(town: Town, wish: Wish, words: str) -> None:
    with pytest.raises((EditRefused, DrawingRefused)) as error:
        preview(town, wish)
    assert words in error.value.text.zh


def test_a_village_with_a_campaign_of_its_own_is_neither_split_nor_merged_away(town: Town) -> None:
    low, high = number_range(VILLAGES[1])
    with town.store.engine.begin() as connection:
        connection.execute(
            text("""
                insert into campaign (code, name_zh, name_en, target, cohort, plan, plan_text, jur, jur_end)
                select 'own', '村行动', 'Own', target, cohort, plan, plan_text, :low, :high from campaign limit 1"""),
            {"low": low, "high": high},
        )
    with pytest.raises(EditRefused) as error:
        preview(town, MERGE)
    assert "村行动" in error.value.text.zh
    town.store.bring_back()


def test_only_who_answers_for_the_township_splits_and_merges_villages(town: Town) -> None:
    for wish in (SPLIT, Wish("merge", (VILLAGES[0], VILLAGES[1]))):
        # Of the other village who answers for one of them knows nothing.
        with pytest.raises((EditRefused, RecordUnknown)):
            preview(town, wish, asker(VILLAGES[0]))
