"""Coverage is kept on write, has one definition, and agrees with a recount after any change."""

from __future__ import annotations

import struct

import pytest
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

import data.recount
from data.area_columns import areas_within
from data.areas import number_range, reassign_within
from data.coverage import coverage_by_area, coverage_total
from data.coverage_rows import AreaCoverage
from data.folding import fold_now
from data.recheck import recheck
from data.recount import wrongly_placed
from data.tables import CoverageFolded, Household, Visit
from data.tables.coverage import STATUS_COLUMNS
from tests.township import PLACES, TOWNSHIP, VILLAGES, SmallTownship, add_visit, make_township, square


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    return make_township(owner)


def counted(owner: Session, town: SmallTownship, by: str = "village") -> dict[str | None, tuple[int, int]]:
    rows = coverage_by_area(owner, town.campaign_id, 1, by, within=number_range(TOWNSHIP))
    return {row.code: (row.visited, row.eligible) for row in rows}


def assert_no_drift(owner: Session) -> None:
    found = recheck(owner)
    assert found["drift"] == 0, found["checks"]


def test_coverage_of_the_small_township_is_as_counted_by_eye(owner: Session, town: SmallTownship) -> None:
    total = coverage_total(owner, town.campaign_id, 1)
    assert (total.visited, total.eligible) == (2, 10)
    assert counted(owner, town) == {VILLAGES[0]: (2, 5), VILLAGES[1]: (0, 3), VILLAGES[2]: (0, 1), None: (0, 1)}
    assert_no_drift(owner)


def test_statuses_are_told_apart(owner: Session, town: SmallTownship) -> None:
    counts = coverage_total(owner, town.campaign_id, 1).counts
    # H1 home; H3 remote; H7 nobody home; H2 and H4 seen but not counting; the others, H6 ruled false too, not visited.
    assert counts == {0: 5, 1: 1, 2: 1, 3: 1, 4: 0, 5: 0, 6: 0, 7: 2}


def test_a_point_on_a_shared_edge_belongs_to_the_lowest_code(owner: Session, town: SmallTownship) -> None:
    household = owner.get_one(Household, town.households["H5"])
    assert household.village_id == town.areas[VILLAGES[0]]


def test_a_household_in_no_village_keeps_its_township_and_is_counted_apart(owner: Session, town: SmallTownship) -> None:
    household = owner.get_one(Household, town.households["H9"])
    assert household.village_id is None
    assert household.grid_id is None
    assert household.jur == number_range(TOWNSHIP)[0]


def test_rows_by_grid_add_up_to_the_total(owner: Session, town: SmallTownship) -> None:
    by_grid = counted(owner, town, "grid")
    assert by_grid == {
        "990101001001001": (1, 2),
        "990101001001002": (1, 3),
        "990101001002001": (0, 2),
        # H8 in a village without grids, H9 outside, H10 without a place
        None: (0, 3),
    }


def test_a_repeat_visit_never_raises_coverage(owner: Session, town: SmallTownship) -> None:
    before = counted(owner, town)
    for number in range(5):
        add_visit(owner, town, f"again-{number}", "H1")
    assert counted(owner, town) == before
    assert_no_drift(owner)


def test_a_visit_ruled_false_is_taken_off_and_put_back(owner: Session, town: SmallTownship) -> None:
    visit = add_visit(owner, town, "H8-first", "H8")
    assert counted(owner, town)[VILLAGES[2]] == (1, 1)
    visit.ruling, visit.verdict, visit.counts = "false", "ruled_false", False
    owner.flush()
    assert counted(owner, town)[VILLAGES[2]] == (0, 1)
    visit.ruling, visit.verdict, visit.counts = None, "valid", True
    owner.flush()
    assert counted(owner, town)[VILLAGES[2]] == (1, 1)
    assert_no_drift(owner)


def test_a_deleted_visit_lowers_coverage(owner: Session, town: SmallTownship) -> None:
    owner.execute(delete(Visit).where(Visit.id == town.visits["V3"]))
    assert counted(owner, town)[VILLAGES[0]] == (1, 5)
    assert_no_drift(owner)


def test_a_visit_moved_to_another_household_counts_there(owner: Session, town: SmallTownship) -> None:
    visit = owner.get_one(Visit, town.visits["V3"])
    other = owner.get_one(Household, town.households["H8"])
    visit.household_id, visit.jur = other.id, other.jur
    owner.flush()
    assert counted(owner, town)[VILLAGES[0]] == (1, 5)
    assert counted(owner, town)[VILLAGES[2]] == (1, 1)
    assert_no_drift(owner)


def test_a_household_that_is_removed_leaves_the_denominator(owner: Session, town: SmallTownship) -> None:
    owner.execute(text("update household set removed_at = now() where id = :id"), {"id": town.households["H1"]})
    assert counted(owner, town)[VILLAGES[0]] == (1, 4)
    owner.execute(text("update household set removed_at = null where id = :id"), {"id": town.households["H1"]})
    assert counted(owner, town)[VILLAGES[0]] == (2, 5)
    assert_no_drift(owner)


def test_a_new_household_is_enrolled_in_the_running_round(owner: Session, town: SmallTownship) -> None:
    owner.execute(
        text("""insert into household (natural_key, head_name, jur, village_id)
                select 'new', '褚测', jur, id from area where code = :code"""),
        {"code": VILLAGES[2]},
    )
    assert counted(owner, town)[VILLAGES[2]] == (0, 2)
    assert_no_drift(owner)


def test_moving_a_border_moves_its_households_and_their_visits(owner: Session, town: SmallTownship) -> None:
    # Village 001 shrinks to the west of 118.805: H3, H4 and H5 go to 002, whose boundary grows to meet it.
    for code, west, east in ((VILLAGES[0], 118.80, 118.805), (VILLAGES[1], 118.805, 118.82)):
        owner.execute(
            text("update area set geom = st_geomfromewkt(:shape) where code = :code"),
            {"code": code, "shape": square(west, 36.40, east, 36.41)},
        )
    owner.execute(
        text("""update grid set village_id = :village, code = '990101001002002', jur = 990101001002002,
                       jur_end = 990101001002003 where code = '990101001001002'"""),
        {"village": town.areas[VILLAGES[1]]},
    )
    moved = reassign_within(owner, square(118.80, 36.40, 118.82, 36.41))
    assert moved["households"] == 3
    owner.expire_all()
    assert counted(owner, town)[VILLAGES[0]] == (1, 2)
    assert counted(owner, town)[VILLAGES[1]] == (1, 6)
    visit = owner.get_one(Visit, town.visits["V3"])
    assert visit.jur == 990101001002002
    owner.execute(text("set constraints all immediate"))
    assert_no_drift(owner)


def test_recheck_finds_what_was_changed_behind_its_back(owner: Session, town: SmallTownship) -> None:
    owner.execute(text("set constraints all immediate"))
    owner.execute(text("alter table visit disable trigger visit_updated"))
    owner.execute(text("update visit set verdict = 'void', counts = false where id = :id"), {"id": town.visits["V3"]})
    owner.execute(text("alter table visit enable trigger visit_updated"))
    found = recheck(owner)
    assert found["checks"]["standing"] == 1
    assert found["checks"]["coverage"] == 1
    assert found["checks"]["grids_by_position"] == 1
    assert found["checks"]["verdicts"] == 1


def test_recheck_finds_a_household_kept_in_the_wrong_grid(owner: Session, town: SmallTownship) -> None:
    owner.execute(text("update household set grid_id = null where id = :id"), {"id": town.households["H1"]})
    found = recheck(owner)["checks"]
    assert (found["membership"], found["jurisdiction"]) == (1, 1)


def test_recheck_counts_a_household_without_a_position_where_it_is_said_to_be(
    owner: Session, town: SmallTownship
) -> None:
    owner.execute(text("update household set geom = null, quality = 5 where id = :id"), {"id": town.households["H1"]})
    household = owner.get_one(Household, town.households["H1"], populate_existing=True)
    assert (household.geom, household.grid_id is None) == (None, False)
    assert_no_drift(owner)


def test_recheck_asks_about_few_and_about_many_alike(
    owner: Session, town: SmallTownship, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.execute(text("update household set grid_id = null where id <= :id"), {"id": town.households["H3"]})
    few = wrongly_placed(owner)
    monkeypatch.setattr(data.recount, "_FEW", 0)
    monkeypatch.setattr(data.recount, "_PART", 2)
    assert few == wrongly_placed(owner) > 1


def test_an_empty_point_lies_nowhere_and_is_looked_at_all_the_same(owner: Session, town: SmallTownship) -> None:
    where = {"id": town.households["H3"]}
    owner.execute(text("update household set geom = 'srid=4326;point empty' where id = :id"), where)
    # It is still said to lie in its village, which is noticed.
    assert wrongly_placed(owner) == 1
    owner.execute(text("update household set village_id = null, grid_id = null where id = :id"), where)
    assert wrongly_placed(owner) == 0


@pytest.mark.parametrize("folded", [False, True])
def test_packed_counts_are_those_of_the_columns(owner: Session, town: SmallTownship, folded: bool) -> None:
    if folded:
        assert fold_now(owner)
    columns = ("jur", "group_id", "eligible", "visited", *STATUS_COLUMNS)
    rows = owner.execute(text(f"select {', '.join(columns)} from coverage order by 1, 2, 3, 4, 5, 6, 7, 8"))
    told = owner.execute(text("select packed from coverage_packed")).scalars()
    unpacked = sorted(struct.unpack(">2q10i", packed) for packed in told)
    assert sorted(tuple(row) for row in rows) == unpacked != []


def test_areas_kept_in_memory_follow_changes_and_what_is_taken_back(owner: Session, town: SmallTownship) -> None:
    def names() -> list[str]:
        return areas_within(owner, "village", within=number_range(TOWNSHIP)).names

    before = names()
    assert areas_within(owner, "village") is areas_within(owner, "village")
    with owner.begin_nested() as inner:
        owner.execute(text("update area set name = '改名村' where code = :code"), {"code": VILLAGES[0]})
        assert names() == ["改名村", *before[1:]]
        inner.rollback()
    assert names() == before
    with owner.begin_nested() as inner:
        owner.execute(text("update area set name = '另名村' where code = :code"), {"code": VILLAGES[0]})
        assert names() == ["另名村", *before[1:]]
        inner.rollback()
    assert names() == before
    grids = areas_within(owner, "grid").codes
    owner.execute(text("update grid set name = '首格' where code = :code"), {"code": grids[0]})
    assert areas_within(owner, "grid").names[0] == "首格"


def test_coverage_row_without_households_is_removed(owner: Session, town: SmallTownship) -> None:
    owner.execute(text("update household set removed_at = now()"))
    assert fold_now(owner)
    assert owner.query(CoverageFolded).count() == 0
    assert coverage_total(owner, town.campaign_id, 1).ratio is None


def test_to_target_counts_whole_households() -> None:
    def still(visited: int, eligible: int, target: float) -> int:
        return AreaCoverage(None, None, None, None, False, eligible, visited, {}).to_target(target)

    assert still(10_714, 12_843, 0.95) == 1_487
    assert still(19, 20, 0.95) == 0
    assert still(18, 20, 0.95) == 1
    assert still(0, 0, 0.95) == 0


def test_every_place_of_the_township_is_in_the_database(owner: Session, town: SmallTownship) -> None:
    assert owner.query(Household).count() == len(PLACES)


def test_a_campaign_without_visits_can_be_deleted_with_its_coverage(owner: Session, town: SmallTownship) -> None:
    owner.execute(delete(Visit))
    owner.execute(text("delete from campaign where id = :id"), {"id": town.campaign_id})
    assert owner.scalar(text("select count(*) from standing")) == 0
    assert fold_now(owner)
    assert owner.query(CoverageFolded).count() == 0
