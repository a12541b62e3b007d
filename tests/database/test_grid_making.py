"""Grids made from households: as previewed, with numbers of their own, taken back to the bit; duties follow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from data.areas import number_range
from data.edit_refusals import EditConflict, EditRefused
from data.edit_wishes import Wish, read_wish, write_wish
from tests.database.editing import asker, edit, preview
from tests.database.importing import VILLAGES, opened
from tests.database.store_dump import differences
from tests.database.test_import_undo import Town

WISH = Wish("grids", (VILLAGES[0],), size=10)


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with opened("fangtu_test_grid_making") as store:
        town = Town(store, tmp_path_factory.mktemp("town"))
        with store.engine.begin() as connection:
            # Thirty more households in the first village, in three rows; one is known by its grid alone.
            connection.execute(
                text("""
                    insert into household (natural_key, code, head_name, jur, village_id, grid_id, geom, quality)
                    select 'made:' || n, 'M' || n, '测', g.jur, g.village_id, g.id,
                           case when n < 30 then st_setsrid(st_makepoint(118.8006 + (n % 10) * 0.0009,
                                36.4015 + (n / 10) * 0.003), 4326) end, case when n < 30 then 3 else 6 end
                      from generate_series(0, 30) n
                      join grid g on g.jur = case when n % 10 < 5 or n = 30 then :one else :two end"""),
                {"one": int(VILLAGES[0] + "001"), "two": int(VILLAGES[0] + "002")},
            )
        store.account("walker", "走访员", VILLAGES[0] + "002", "inspector")
        yield town


@pytest.fixture
def before(rich: Town) -> dict[str, list[str]]:
    return rich.dump()


def grids_of(town: Town) -> list[str]:
    found = town.store.rows(f"select code from grid where code like '{VILLAGES[0]}%' order by 1")
    return [code[-3:] for (code,) in found]


def test_grids_are_made_as_previewed_and_taken_back_to_the_bit(rich: Town, before: dict[str, list[str]]) -> None:
    seen = preview(rich, WISH)
    assert differences(before, rich.dump()) == {}  # looking changes nothing
    making = seen.plan.making
    assert making is not None
    told = making.as_json()
    assert told["count"] == len(making.sizes) == 3
    assert making.ratio is not None
    assert making.ratio <= 1.25
    assert [code[-3:] for code in making.codes] == ["003", "004", "005"]
    done = edit(rich, WISH, seen.plan.revision)
    assert done.moves == seen.moves
    assert grids_of(rich) == ["003", "004", "005"]
    held = rich.store.rows(
        """
        select g.code, count(*) filter (where h.geom is not null) as n from household h join grid g on g.id = h.grid_id
         where h.removed_at is null and g.code like '"""
        + VILLAGES[0]
        + """%' group by 1 order by 1"""
    )
    assert tuple(n for _, n in held) == making.sizes
    # Known by a grid alone: it goes to the heir of that one.
    heir = next(heir.to[0] for heir in seen.plan.heirs if heir.code.endswith("001"))
    assert rich.store.one("select g.code from household h join grid g on g.id = h.grid_id where h.code = 'M30'") == heir
    assert rich.drift() == 0
    rich.undo(done.batch)
    assert differences(before, rich.dump()) == {}


def test_duties_follow_to_the_grid_that_holds_most(rich: Town, before: dict[str, list[str]]) -> None:
    seen = preview(rich, WISH)
    heir = next(heir.to[0] for heir in seen.plan.heirs if heir.code.endswith("002"))
    done = edit(rich, WISH, seen.plan.revision)
    duty = "select d.jur from duty d join account a on a.id = d.account_id where a.username = 'walker'"
    assert rich.store.one(duty) == number_range(heir)[0]
    rich.undo(done.batch)
    assert rich.store.one(duty) == int(VILLAGES[0] + "002")


def test_numbers_of_replaced_grids_are_not_given_again(rich: Town) -> None:
    first = edit(rich, WISH)
    second = preview(rich, Wish("grids", (VILLAGES[0],), size=20)).plan.making
    assert second is not None
    assert {code[-3:] for code in second.codes} == {"006", "007"}
    rich.undo(first.batch)


def test_a_household_placed_since_the_preview_is_a_conflict(rich: Town, before: dict[str, list[str]]) -> None:
    seen = preview(rich, WISH).plan.revision
    move = "update household set geom = st_translate(geom, {}, 0) where code = 'M14'"
    with rich.store.engine.begin() as connection:
        was = connection.scalar(text("select st_asewkb(geom) from household where code = 'M14'"))
        connection.execute(text(move.format("0.0031")))
    with pytest.raises(EditConflict):
        edit(rich, WISH, seen)
    with rich.store.engine.begin() as connection:
        connection.execute(text("update household set geom = :was where code = 'M14'"), {"was": bytes(was)})
    assert grids_of(rich) == ["001", "002"]


def test_who_answers_for_a_village_makes_its_grids_and_nobody_else(rich: Town) -> None:
    assert preview(rich, WISH, asker(VILLAGES[0])).plan.making is not None
    with pytest.raises(EditRefused):
        preview(rich, WISH, asker(VILLAGES[0] + "001"))


def test_a_small_village_becomes_one_grid_and_roads_that_are_not_there_are_told(rich: Town) -> None:
    seen = preview(rich, Wish("grids", (VILLAGES[1],), size=50, along="natural_villages"))
    assert seen.plan.making is not None
    assert len(seen.plan.making.codes) == 1
    assert any("自然村没有轮廓" in note.zh for note in seen.plan.notes)


def test_the_preview_names_the_grid_with_a_part_of_the_village_that_lies_apart(rich: Town) -> None:
    with rich.store.engine.begin() as connection:
        was = connection.scalar(text("select st_asewkb(geom) from area where code = :code"), {"code": VILLAGES[0]})
        connection.execute(
            text("""
                update area set geom =
                       st_multi(st_union(geom, st_makeenvelope(:east, 36.4, :east + 0.001, 36.401, 4326)))
                 where code = :code"""),
            {"code": VILLAGES[0], "east": 119.5},
        )
    seen = preview(rich, WISH).plan
    with rich.store.engine.begin() as connection:
        connection.execute(
            text("update area set geom = st_geomfromewkb(:was) where code = :code"),
            {"was": bytes(was), "code": VILLAGES[0]},
        )
    assert seen.making is not None
    (note,) = [note for note in seen.notes if "飞地" in note.zh]
    (link,) = seen.making.as_json()["links"]
    name = seen.making.names[seen.making.codes.index(link["code"])]
    far = f"{link['length_m']:.0f}"
    assert note.zh == f"{name}另含村界的 1 块飞地，无人居住；连线最长 {far} 米，不经过其他网格"
    assert f"where nobody lives; the longest link is {far} m and enters no other grid" in note.en
    assert link["over_m"] == 0
    assert link["line"][1][0] == pytest.approx(119.5)  # to the part's western edge


def test_the_preview_names_whose_duty_follows_and_what_that_person_will_see(
    rich: Town, before: dict[str, list[str]]
) -> None:
    seen = preview(rich, WISH)
    (duty,) = seen.duties
    heir = next(heir.to[0] for heir in seen.plan.heirs if heir.code.endswith("002"))
    assert (duty["name"], duty["from"], duty["to"]) == ("走访员", VILLAGES[0] + "002", heir)
    sees = "select h.code from household h join grid g on g.id = h.grid_id where h.removed_at is null and g.code = '{}'"
    now = {code for (code,) in rich.store.rows(sees.format(VILLAGES[0] + "002"))}
    done = edit(rich, WISH, seen.plan.revision)
    then = {code for (code,) in rich.store.rows(sees.format(heir))}
    rich.undo(done.batch)
    assert (duty["before"], duty["after"], duty["kept"]) == (len(now), len(then), len(now & then))
    assert duty["before"] > duty["kept"] > 0


def test_where_nobody_answers_for_just_a_grid_nobody_is_named(rich: Town) -> None:
    assert preview(rich, Wish("grids", (VILLAGES[1],), size=50)).duties == []


def test_a_wish_for_grids_comes_back_as_it_was_sent() -> None:
    wish = Wish("grids", (VILLAGES[0],), size=50, along="roads")
    assert read_wish(write_wish(wish)) == wish


@pytest.mark.parametrize("wrong", [{}, {"size": "50"}, {"size": True}, {"size": 4}, {"size": 50, "along": "rivers"}])
def test_a_wish_for_grids_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(EditRefused):
        read_wish({"act": "grids", "areas": [VILLAGES[0]], **wrong})
