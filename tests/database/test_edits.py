"""Editing boundaries: exactly those move that lie in the old or new shape, as the preview said; undo to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import shapely
from shapely import LineString, MultiPolygon, Polygon, box
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.areas import number_range
from data.askers import RecordUnknown
from data.coverage import coverage_by_area
from data.db import owner_session
from data.edit_lists import list_edits, list_issues
from data.edit_refusals import EditConflict, EditRefused
from data.edit_wishes import Wish, read_wish, write_wish
from data.edits import apply_edit, limits_of
from data.imports.undo import UndoBlocked
from geo.drawing import DrawingRefused
from tests.database.editing import asker, edit, preview, spoken
from tests.database.importing import TOWNSHIP, VILLAGES, opened
from tests.database.rich_town import NEIGHBOUR, NEIGHBOUR_VILLAGE
from tests.database.store_dump import differences
from tests.database.test_import_undo import Town

G1, G2 = VILLAGES[0] + "001", VILLAGES[0] + "002"
NEW = TOWNSHIP + "101"
WISHES = {
    "a border between two grids moves": Wish("change", (G1,), box(118.80, 36.40, 118.8025, 36.41)),
    "a grid is drawn in a village without": Wish("draw", (VILLAGES[1],), box(118.81, 36.40, 118.818, 36.41), "东片"),
    "a grid is drawn over two others": Wish("draw", (VILLAGES[0],), box(118.8028, 36.40, 118.808, 36.408)),
    "a grid is split": Wish("split", (G1,), LineString([(118.8025, 36.39), (118.8025, 36.42)])),
    "two grids are merged": Wish("merge", (G1, G2)),
    "a village takes from its neighbour": Wish("change", (VILLAGES[0],), box(118.80, 36.40, 118.816, 36.41)),
    "a village gives to its neighbour": Wish("change", (VILLAGES[0],), box(118.80, 36.40, 118.8025, 36.41)),
    "a village shrinks and its neighbour does not follow": Wish(
        "change", (VILLAGES[1],), box(118.816, 36.40, 118.82, 36.41), follow=False
    ),
    "a grid has a hole": Wish(
        "change",
        (G1,),
        Polygon(box(118.80, 36.40, 118.805, 36.41).exterior, [box(118.8028, 36.404, 118.8032, 36.406).exterior]),
        follow=False,
    ),
    "a grid has two parts": Wish(
        "change",
        (G1,),
        MultiPolygon([box(118.80, 36.40, 118.8025, 36.41), box(118.8065, 36.40, 118.8075, 36.41)]),
    ),
    "a line crosses itself": Wish(
        "change", (G1,), Polygon([(118.80, 36.40), (118.8025, 36.41), (118.8025, 36.40), (118.80, 36.41)])
    ),
    "a village is split": Wish(
        "split", (VILLAGES[0],), LineString([(118.8045, 36.39), (118.8045, 36.42)]), "新测村", code=NEW
    ),
    "two villages are merged": Wish("merge", (VILLAGES[0], VILLAGES[1])),
    "a village with a household known by it alone is merged": Wish("merge", (VILLAGES[1], VILLAGES[2])),
    "a settlement is drawn": Wish(
        "draw", (VILLAGES[0],), box(118.80, 36.40, 118.8025, 36.41), "西头", level="natural_village"
    ),
    "a settlement gets an outline": Wish("change", (VILLAGES[0] + "-N01",), box(118.80, 36.40, 118.805, 36.41)),
}
MOVED = {
    "a border between two grids moves": [(1, "测试1村 001", "测试1村 002")],
    "a grid is drawn in a village without": [(1, "测试2村 ", "测试2村 东片")],
    "a grid is drawn over two others": [(1, "测试1村 001", "测试1村 003"), (1, "测试1村 002", "测试1村 003")],
    "a grid is split": [(1, "测试1村 001", "测试1村 003")],
    "two grids are merged": [(1, "测试1村 002", "测试1村 001")],
    "a village takes from its neighbour": [(1, "测试2村 ", "测试1村 ")],
    "a village gives to its neighbour": [(1, "测试1村 001", "测试2村 "), (1, "测试1村 002", "测试2村 ")],
    "a village shrinks and its neighbour does not follow": [(1, "测试2村 ", "outside")],
    "a grid has a hole": [(1, "测试1村 001", "测试1村 ")],
    "a grid has two parts": [(1, "测试1村 001", "测试1村 002"), (1, "测试1村 002", "测试1村 001")],
    "a line crosses itself": [(1, "测试1村 001", "测试1村 002")],
    "a village is split": [(2, "测试1村 001", "新测村 001")],
    "two villages are merged": [(1, "测试2村 ", "测试1村 测试2村")],
    "a village with a household known by it alone is merged": [(1, "测试3村 ", "测试2村 测试3村")],
    "a settlement is drawn": [(1, "测试1村 ", "测试1村 西头")],
    "a settlement gets an outline": [(2, "测试1村 ", "测试1村 东测庄")],
}


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with opened("fangtu_test_edits") as store:
        yield Town(store, tmp_path_factory.mktemp("town"))


@pytest.fixture
def town(rich: Town) -> Town:
    """The town as it was loaded; an undo should leave it so, else it is loaded again."""
    if differences(rich.untouched, rich.dump()):
        rich.store.bring_back()
    return rich


def coverage(town: Town, level: str) -> dict[str | None, tuple[int, int]]:
    with owner_session(town.store.engine) as session:
        by = "group" if level == "natural_village" else level
        rows = coverage_by_area(session, 1, 1, by, within=number_range(TOWNSHIP))
        return {row.code: (row.visited, row.eligible) for row in rows}


@pytest.mark.parametrize("name", WISHES)
def test_the_edit_does_what_the_preview_said_and_is_taken_back_to_the_bit(town: Town, name: str) -> None:
    wish = WISHES[name]
    seen = preview(town, wish)
    assert differences(town.untouched, town.dump()) == {}  # looking changes nothing
    assert spoken(seen.moves) == sorted(MOVED[name])
    done = edit(town, wish, seen.plan.revision)
    assert spoken(done.moves) == spoken(seen.moves)
    assert {"household", "standing"} <= set(differences(town.untouched, town.dump()))
    assert town.drift() == 0
    for level in {shift.level for shift in seen.shifts}:
        now = coverage(town, level)
        told = {s.code: (s.after.visited, s.after.eligible) for s in seen.shifts if s.level == level and s.after}
        assert told.items() <= now.items()
        gone = {s.code for s in seen.shifts if s.level == level and s.after is None}
        assert not gone & set(now)
    town.undo(done.batch)
    assert differences(town.untouched, town.dump()) == {}
    assert town.drift() == 0


def test_a_line_that_crosses_itself_is_repaired_and_said(town: Town) -> None:
    notes = preview(town, WISHES["a line crosses itself"]).plan.notes
    assert any("自己交叉" in note.zh and "crosses itself" in note.en for note in notes)


def test_only_what_lies_in_the_old_or_new_shape_is_touched(town: Town) -> None:
    with town.store.engine.begin() as connection:
        # One that is kept otherwise than the rule says, far from the edit: it stays so.
        connection.execute(text("update household set grid_id = null where code = 'H3'"))
    edit(town, Wish("change", (G1,), box(118.80, 36.40, 118.8025, 36.41), follow=False))
    assert town.store.one("select grid_id is null from household where code = 'H3'")
    assert town.store.one("select grid_id is null from household where code = 'H2'")
    assert not town.store.one("select grid_id is null from household where code = 'H1'")
    town.store.bring_back()


def test_what_hangs_on_a_household_follows_it_to_another_village(town: Town) -> None:
    done = edit(town, WISHES["a village gives to its neighbour"])
    rows = town.store.rows("""
        select h.code, h.jur, array(select v.jur from visit v where v.household_id = h.id),
               array(select o.jur from house o where o.household_id = h.id),
               array(select r.jur from renovation_site r where r.household_id = h.id),
               array(select s.jur from standing s where s.household_id = h.id)
          from household h where h.code in ('H2', 'H3')""")
    for _, jur, *others in rows:
        assert jur == number_range(VILLAGES[1])[0]
        assert {found for column in others for found in column} == {jur}
    town.undo(done.batch)


def test_a_preview_that_is_no_longer_true_is_a_conflict_and_changes_nothing(town: Town) -> None:
    mine, theirs = WISHES["a border between two grids moves"], WISHES["a grid is split"]
    seen = preview(town, mine)
    other = edit(town, theirs)
    before = town.dump()
    with pytest.raises(EditConflict) as error:
        edit(town, mine, seen.plan.revision)
    assert "别人改过" in error.value.text.zh
    assert differences(before, town.dump()) == {}
    # An edit elsewhere is no conflict; and once the other is taken back, the preview is true again.
    far = preview(town, WISHES["a grid is drawn in a village without"])
    town.undo(other.batch)
    edit(town, WISHES["a grid is drawn in a village without"], far.plan.revision)
    done = edit(town, mine, seen.plan.revision)
    town.undo(done.batch)


def test_two_edits_at_once_wait_for_one_another(town: Town) -> None:
    first, second = WISHES["a border between two grids moves"], WISHES["a grid is split"]
    seen = [preview(town, wish).plan.revision for wish in (first, second)]
    with Session(town.store.engine) as one, one.begin():
        done = apply_edit(one, first, seen[0], limits_of(asker()), account_id=None)
        with Session(town.store.engine) as two, two.begin():
            two.execute(text("set local lock_timeout = '200ms'"))
            with pytest.raises(DBAPIError, match="lock timeout"):
                apply_edit(two, second, seen[1], limits_of(asker()), account_id=None)
            two.rollback()
    with pytest.raises(EditConflict):
        edit(town, second, seen[1])
    town.undo(done.batch)


def test_an_edit_that_is_killed_leaves_nothing(town: Town) -> None:
    wish = WISHES["two grids are merged"]
    seen = preview(town, wish).plan.revision
    server = create_engine(town.store.settings.admin_url)
    with Session(town.store.engine) as session:
        apply_edit(session, wish, seen, limits_of(asker()), account_id=None)
        backend = session.scalar(text("select pg_backend_pid()"))
        with server.connect() as connection:
            assert connection.scalar(text("select pg_terminate_backend(:pid)"), {"pid": backend})
        with pytest.raises(DBAPIError):
            session.commit()
    server.dispose()
    assert differences(town.untouched, town.dump()) == {}
    assert town.store.one("select count(*) from batch where kind = 'edit' and undone_at is null") == 0


def test_later_work_keeps_an_edit_and_says_what(town: Town) -> None:
    first = edit(town, WISHES["a grid is split"])
    new = town.store.one("select code from grid where jur = :jur", jur=int(VILLAGES[0] + "003"))
    second = edit(town, Wish("merge", (G2, new)))
    with pytest.raises(UndoBlocked) as error:
        town.undo(first.batch)
    assert f"批次 {second.batch}（合并：测试1村" in error.value.text.zh
    town.undo(second.batch)
    town.undo(first.batch)
    assert differences(town.untouched, town.dump()) == {}


def test_a_number_that_was_merged_away_is_not_given_again(town: Town) -> None:
    done = edit(town, WISHES["two grids are merged"])
    shown = preview(town, Wish("split", (G1,), LineString([(118.806, 36.39), (118.806, 36.42)])))
    assert [change.code[-3:] for change in shown.plan.changes] == ["001", "003"]
    town.undo(done.batch)


@pytest.mark.parametrize(
    ("duty", "wish"),
    [
        (VILLAGES[0], Wish("change", (VILLAGES[0],), box(118.80, 36.40, 118.816, 36.41))),
        (G1, Wish("split", (G1,), LineString([(118.8025, 36.39), (118.8025, 36.42)]))),
    ],
)
def test_the_outer_boundary_of_the_own_area_is_the_level_aboves(town: Town, duty: str, wish: Wish) -> None:
    with pytest.raises(EditRefused) as error:
        preview(town, wish, asker(duty))
    assert "上一级" in error.value.text.zh
    with pytest.raises(EditRefused), owner_session(town.store.engine) as session:
        apply_edit(session, wish, "", limits_of(asker(duty)), account_id=None)


def test_who_answers_for_a_village_edits_its_grids(town: Town) -> None:
    done = edit(town, WISHES["a grid is split"], who=asker(VILLAGES[0]))
    town.undo(done.batch)


@pytest.mark.parametrize("code", [NEIGHBOUR_VILLAGE, "990101009001", "990101001001999", "99", "a", VILLAGES[0] + "00x"])
def test_an_area_elsewhere_is_like_one_that_is_not_there(town: Town, code: str) -> None:
    for wish in (Wish("change", (code,), box(118.83, 36.40, 118.835, 36.41)), Wish("draw", (code,), box(0, 0, 1, 1))):
        with owner_session(town.store.engine) as session, pytest.raises(RecordUnknown):
            apply_edit(session, wish, "", limits_of(asker()), account_id=None)


def test_records_of_the_neighbouring_township_are_never_touched(town: Town) -> None:
    # On the outer edge of the township the neighbour's village takes over where ours draws back.
    with town.store.engine.begin() as connection:
        connection.execute(
            text("""
                update household set geom = st_setsrid(st_makepoint(118.83, 36.405), 4326) where code = 'H3';
                update household h set village_id = a.id, grid_id = null, jur = a.jur from area a
                 where h.code = 'H3' and a.code = :village"""),
            {"village": VILLAGES[2]},
        )
    before = town.dump()
    with pytest.raises(EditRefused) as error:
        edit(town, Wish("change", (VILLAGES[2],), box(118.82, 36.40, 118.828, 36.41)))
    assert "外边界" in error.value.text.zh
    assert differences(before, town.dump()) == {}
    town.store.bring_back()


def test_a_visit_or_house_here_of_a_household_elsewhere_keeps_no_grid_from_being_split(town: Town) -> None:
    # A position far from the house is what false visits have: it lies in the grid, the household in another village.
    with town.store.engine.begin() as connection:
        visit, jur = connection.execute(
            text("""
                update visit v set household_id = h.id, jur = h.jur, place_jur = :grid,
                       geom = st_setsrid(st_makepoint(118.804, 36.405), 4326)
                  from household h, household was
                 where h.code = 'H4' and was.code = 'H2' and v.household_id = was.id returning v.id, v.jur"""),
            {"grid": int(G1)},
        ).one()
        house = connection.execute(
            text("""
                update house o set household_id = h.id, jur = h.jur, village_id = g.village_id, grid_id = g.id,
                       geom = st_setsrid(st_makepoint(118.804, 36.405), 4326)
                  from household h, grid g
                 where h.code = 'H4' and g.code = :grid and o.id = (select min(id) from house) returning o.id"""),
            {"grid": G1},
        ).scalar_one()
    before = town.dump()
    wish = Wish("split", (G1,), LineString([(118.8025, 36.39), (118.8025, 36.42)]))
    done = edit(town, wish, who=asker(VILLAGES[0]))
    [(still, place)] = town.store.rows(f"select jur, place_jur from visit where id = '{visit}'")
    assert (still, place) == (jur, int(VILLAGES[0] + "003"))
    assert jur // 1000 == int(VILLAGES[1])
    [(still, grid)] = town.store.rows(
        f"select o.jur, g.code from house o join grid g on g.id = o.grid_id where o.id = {house}"
    )
    assert (still, grid) == (jur, VILLAGES[0] + "003")
    town.undo(done.batch)
    assert differences(before, town.dump()) == {}
    town.store.bring_back()


def test_a_grid_that_is_somebodys_area_is_not_merged_away(town: Town) -> None:
    town.store.account("walker", "走访", G2, "inspector")
    with pytest.raises(EditRefused) as error:
        edit(town, WISHES["two grids are merged"])
    assert "某个账号的辖区" in error.value.text.zh
    town.store.bring_back()


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish("merge", (G1,)), "两个以上"),
        (Wish("merge", (G1, VILLAGES[1])), "同一级"),
        (Wish("delete", (G1,)), "与相邻的网格合并"),
        (Wish("delete", (VILLAGES[0],)), "与相邻的村合并"),
        (Wish("change", (G1,), box(118.80, 36.40, 118.805, 36.41)), "没有变化"),
    ],
)
def test_what_cannot_be_is_said_in_words(town: Town, wish: Wish, words: str) -> None:
    with pytest.raises((EditRefused, DrawingRefused)) as error:
        preview(town, wish)
    assert words in error.value.text.zh


def test_a_wish_comes_back_as_it_was_sent() -> None:
    ring = Polygon([(118.8000000000001, 36.4), (118.81, 36.4), (118.81, 36.41)])
    wish = Wish("draw", (VILLAGES[0],), ring, "东片", snap=False)
    again = read_wish(write_wish(wish))
    assert shapely.equals_exact(again.geometry, ring, 0)
    assert (again.act, again.codes, again.name, again.snap, again.follow) == (
        "draw",
        (VILLAGES[0],),
        "东片",
        False,
        True,
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"act": "sink", "areas": [G1]},
        {"act": "draw", "areas": [VILLAGES[0]], "level": "village"},
        {"act": "delete", "areas": [G1], "code": 3},
        {"act": "change", "areas": []},
        {"act": "change", "areas": [G1, G2]},
        {"act": "merge", "areas": [G1, G1]},
        {"act": "merge", "areas": "x"},
        {"act": "merge", "areas": [1]},
        {"act": "change", "areas": [G1], "geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}},
        {"act": "merge", "areas": [G1, G2], "name": 3},
        {"act": "merge", "areas": [G1, G2], "name": "长" * 41},
    ],
)
def test_a_wish_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((EditRefused, DrawingRefused)):
        read_wish(wrong)


def test_overlapping_grids_and_areas_without_a_boundary_are_listed(town: Town) -> None:
    done = edit(town, Wish("change", (G1,), box(118.80, 36.40, 118.807, 36.41), snap=False, follow=False))
    with owner_session(town.store.engine) as session:
        found = list_issues(session, number_range(TOWNSHIP), (number_range(TOWNSHIP),))
        nothing = list_issues(session, number_range(NEIGHBOUR), (number_range(TOWNSHIP),))
        history = list_edits(session, number_range(TOWNSHIP))
    ((pair),) = found["overlaps"]
    assert (pair["code"], pair["other_code"]) == (G1, G2)
    assert pair["m2"] == pytest.approx(0.002 * 89_690 * 1109.6, rel=0.01)
    assert {row["code"] for row in found["bare"] if row["no_grids"]} >= set(VILLAGES[1:])
    assert nothing == {"overlaps": [], "bare": []}
    assert history[0].id == done.id
    assert history[0].changes == [{"code": G1, "name": "001网格"}]
    town.undo(done.batch)
    with owner_session(town.store.engine) as session:
        assert list_edits(session, number_range(TOWNSHIP))[0].undone_at is not None
