"""Screening of a round: it finds who typed at one spot, keeps why, and takes no visit out of the count."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.coverage import coverage_total
from data.imports.limits import Limits
from data.imports.suspects import refresh_suspects
from data.suspicions import rounds_to_screen, screen
from tests.crowd import EACH, TYPES, WALKS, add_crowd
from tests.township import SmallTownship, make_township


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    made = make_township(owner)
    add_crowd(owner, made)
    return made


def doubtful(owner: Session, visitor: str) -> list[int]:
    rows = owner.execute(
        text("""select no from visit v where visitor = :name
                   and exists (select 1 from suspicion s where s.visit_id = v.id) order by no"""),
        {"name": visitor},
    )
    return [row.no for row in rows]


def test_screening_finds_who_typed_at_one_spot_and_leaves_the_other_alone(owner: Session, town: SmallTownship) -> None:
    before = coverage_total(owner, town.campaign_id, 1).visited
    assert screen(owner, town.campaign_id, 1) >= EACH - 1
    assert len(doubtful(owner, TYPES)) >= EACH - 1
    assert doubtful(owner, WALKS) == []
    marks = set(owner.scalars(text("select unnest(suspect) from visit where visitor = :name"), {"name": TYPES}))
    assert "one_spot" in marks
    # A doubt is no ruling: nothing counts less for it.
    assert coverage_total(owner, town.campaign_id, 1).visited == before


def test_screening_twice_changes_nothing_and_imports_keep_its_marks(owner: Session, town: SmallTownship) -> None:
    screen(owner, town.campaign_id, 1)
    read = "select visit_id, detector, score, value, against, other_id, state from suspicion order by 1, 2"
    first = owner.execute(text(read)).all()
    marks = {row.no: set(row.suspect) for row in owner.execute(text("select no, suspect from visit"))}
    screen(owner, town.campaign_id, 1)
    assert owner.execute(text(read)).all() == first
    refresh_suspects(owner, [(town.campaign_id, TYPES)], Limits())
    for row in owner.execute(text("select no, suspect from visit")):
        assert marks[row.no] <= set(row.suspect)


def test_a_doubt_that_is_no_more_goes_unless_somebody_spoke(owner: Session, town: SmallTownship) -> None:
    screen(owner, town.campaign_id, 1)
    spoken, silent = doubtful(owner, TYPES)[:2]
    owner.execute(
        text("update suspicion s set state = 'answered' from visit v where v.id = s.visit_id and v.no = :no"),
        {"no": spoken},
    )
    owner.execute(text("update visit v set geom = h.geom from household h where h.id = v.household_id"))
    owner.execute(
        text("update visit set geom = st_translate(geom, random() * 1e-4, 4e-5) where visitor = :n"), {"n": TYPES}
    )
    screen(owner, town.campaign_id, 1)
    assert spoken in doubtful(owner, TYPES)
    assert silent not in doubtful(owner, TYPES)
    assert owner.scalar(text("select suspect from visit where no = :no"), {"no": silent}) == []


def test_a_visit_found_genuine_is_doubted_no_more(owner: Session, town: SmallTownship) -> None:
    owner.execute(text("update visit set ruling = 'genuine' where visitor = :name"), {"name": TYPES})
    screen(owner, town.campaign_id, 1)
    assert doubtful(owner, TYPES) == []
    refresh_suspects(owner, [(town.campaign_id, TYPES)], Limits())
    assert owner.scalar(text("select count(*) from visit where ruling = 'genuine' and suspect <> '{}'")) == 0


def test_a_household_that_moves_takes_its_doubts_along(owner: Session, town: SmallTownship) -> None:
    screen(owner, town.campaign_id, 1)
    moved = owner.execute(text("select household_id, jur from suspicion limit 1")).one()
    owner.execute(text("set constraints all deferred"))
    elsewhere = {"jur": moved.jur + 1, "id": moved.household_id}
    owner.execute(text("update household set jur = :jur where id = :id"), elsewhere)
    assert set(owner.scalars(text("select jur from suspicion where household_id = :id"), elsewhere)) == {moved.jur + 1}


def test_a_round_is_screened_when_something_changed_and_not_again_at_once(owner: Session, town: SmallTownship) -> None:
    owner.execute(text("select fold_changes()"))
    connection = owner.connection()
    assert (town.campaign_id, 1) in rounds_to_screen(connection)
    screen(owner, town.campaign_id, 1)
    assert (town.campaign_id, 1) not in rounds_to_screen(connection)
    owner.execute(text("update screening set rules = 0"))
    assert (town.campaign_id, 1) in rounds_to_screen(connection)


def test_answers_that_are_no_questionnaire_are_passed_over(owner: Session, town: SmallTownship) -> None:
    owner.execute(text("""update visit set answers = '"words"'"""))
    assert screen(owner, town.campaign_id, 1) >= EACH - 1


def test_what_others_marked_waits_for_a_ruling_too_and_goes_with_its_mark(owner: Session, town: SmallTownship) -> None:
    no = owner.scalar(text("select min(no) from visit where counts and visitor = :name"), {"name": WALKS})
    owner.execute(text("update visit set suspect = '{far_from_house}', distance_m = 812 where no = :no"), {"no": no})
    screen(owner, town.campaign_id, 1)
    told = owner.execute(
        text("""select s.detector, s.value, s.against, s.probability from suspicion s join visit v on v.id = s.visit_id
                 where v.no = :no"""),
        {"no": no},
    ).all()
    assert [tuple(row) for row in told] == [("far_from_house", 812, 500, 0)]
    assert owner.scalar(text("select suspect from visit where no = :no"), {"no": no}) == ["far_from_house"]
    owner.execute(text("update visit set suspect = '{}' where no = :no"), {"no": no})
    screen(owner, town.campaign_id, 1)
    assert no not in doubtful(owner, WALKS)
