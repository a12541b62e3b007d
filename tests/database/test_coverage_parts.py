"""Coverage by kind of visitor and by key group: kept on write like the whole, and never mistaken for it."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.coverage import KIND_UNKNOWN, Part, PartNotKept, coverage_by_area, coverage_by_part, coverage_total
from data.folding import fold_now
from data.recheck import recheck
from tests.township import VILLAGES, SmallTownship, add_visit, make_township

CADRE, TOWN = "村干部", "镇干部"


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    """H1 and H8 are of lone elders, H8 of hardship too; H1 was visited by nobody named, H8 by both kinds."""
    made = make_township(owner)
    for name, groups in (("H1", ["lone_elder"]), ("H8", ["lone_elder", "hardship"])):
        owner.execute(
            text("update household set key_groups = :groups where id = :id"),
            {"groups": groups, "id": made.households[name]},
        )
    add_visit(owner, made, "by the village", "H8", visitor_kind=CADRE)
    add_visit(owner, made, "again by the village", "H8", visitor_kind=f" {CADRE} ")
    add_visit(owner, made, "by the township", "H8", visitor_kind=TOWN)
    add_visit(owner, made, "too short to count", "H2", visitor_kind=TOWN, minutes=3.0)
    return made


def parts(owner: Session, town: SmallTownship, code: str | None = None) -> dict[tuple[str, str], tuple[int, int]]:
    within = number_range(code) if code else (0, 10**15)
    rows = coverage_by_part(owner, town.campaign_id, 1, within)
    return {(row.kind, row.key_group): (row.visited, row.eligible) for row in rows}


WANTED = {
    (KIND_UNKNOWN, ""): (2, 10),
    (CADRE, ""): (1, 10),
    (TOWN, ""): (1, 10),
    ("", "lone_elder"): (2, 2),
    (KIND_UNKNOWN, "lone_elder"): (1, 2),
    (CADRE, "lone_elder"): (1, 2),
    (TOWN, "lone_elder"): (1, 2),
    ("", "hardship"): (1, 1),
    (CADRE, "hardship"): (1, 1),
    (TOWN, "hardship"): (1, 1),
}


@pytest.mark.parametrize("folded", [False, True])
def test_parts_are_as_counted_by_eye_before_and_after_the_folding(
    owner: Session, town: SmallTownship, folded: bool
) -> None:
    if folded:
        assert fold_now(owner)
    assert parts(owner, town) == WANTED
    assert parts(owner, town, VILLAGES[2]) == {
        key: (visited, 1)
        for key, (visited, _) in {**WANTED, ("", "lone_elder"): (1, 1)}.items()
        if KIND_UNKNOWN not in key
    }
    assert recheck(owner)["drift"] == 0


def test_a_kind_that_is_ruled_out_and_a_group_that_is_lost_are_gone(owner: Session, town: SmallTownship) -> None:
    fold_now(owner)
    owner.execute(
        text("update visit set verdict = 'ruled_false', ruling = 'false', counts = false where visitor_kind = :kind"),
        {"kind": TOWN},
    )
    owner.execute(text("update household set key_groups = '{}' where id = :id"), {"id": town.households["H1"]})
    left = {key: counts for key, counts in parts(owner, town).items() if key[0] in ("", TOWN)}
    assert left == {("", "lone_elder"): (1, 1), ("", "hardship"): (1, 1)}
    fold_now(owner)
    assert {key for key in parts(owner, town) if key[0] == TOWN} == set()
    assert owner.scalar(text("select count(*) from coverage_part_folded where (eligible, visited) = (0, 0)")) == 0
    assert recheck(owner)["drift"] == 0


@pytest.mark.parametrize("part", [Part(CADRE), Part("", "lone_elder"), Part(TOWN, "lone_elder"), Part("never", "")])
@pytest.mark.parametrize("by", ["village", "grid", "township"])
def test_areas_of_a_part_add_up_to_it(owner: Session, town: SmallTownship, part: Part, by: str) -> None:
    fold_now(owner)
    add_visit(owner, town, "one more", "H6", visitor_kind=CADRE)
    total = coverage_total(owner, town.campaign_id, 1, part=part)
    rows = coverage_by_area(owner, town.campaign_id, 1, by, part=part)
    assert (sum(row.visited for row in rows), sum(row.eligible for row in rows)) == (total.visited, total.eligible)
    assert total.counts == {}
    found = parts(owner, town).get((part.kind, part.key_group), (0, 10))
    assert (total.visited, total.eligible) == found


def test_of_a_past_day_parts_are_not_known_and_that_is_said(owner: Session, town: SmallTownship) -> None:
    with pytest.raises(PartNotKept, match="past day"):
        coverage_total(owner, town.campaign_id, 1, as_of=date(2026, 5, 1), part=Part(CADRE))


def test_a_group_written_twice_counts_once(owner: Session, town: SmallTownship) -> None:
    owner.execute(
        text("update household set key_groups = '{hardship,hardship}' where id = :id"), {"id": town.households["H2"]}
    )
    assert parts(owner, town)["", "hardship"] == (1, 2)
    fold_now(owner)
    assert parts(owner, town)["", "hardship"] == (1, 2)
    assert recheck(owner)["drift"] == 0
