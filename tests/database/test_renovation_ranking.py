"""The ranking of areas: against the plan, above 100 % as it is, level ones together."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.renovation.gates import end_site
from data.renovation.ranking import ranking
from data.sealing import load_sealer
from data.settings import Settings
from tests.renovation import DAY, YEAR, new_site, settle
from tests.township import TOWNSHIP, VILLAGES, SmallTownship, make_township


@pytest.fixture
def town(owner: Session, settings: Settings) -> SmallTownship:
    made = make_township(owner)
    settle(owner, made, load_sealer(settings.key_file), ("H2", "H3", "H5", "H7", "H8"))
    return made


def plan(owner: Session, town: SmallTownship, code: str, households: int) -> None:
    owner.execute(
        text("""
            with made as (
                insert into renovation_plan (area_id, jur, jur_end, year, name)
                select id, jur, jur_end, :year, 'x' from area where code = :code returning *)
            insert into renovation_plan_line (plan_id, no, grade, jur, jur_end, area_id, stated_area, households, fen)
            select id, 1, 'D', jur, jur_end, area_id, 'x', :n, 0 from made"""),
        {"year": YEAR, "code": code, "n": households},
    )


def test_more_than_was_planned_is_shown_as_it_is(owner: Session, town: SmallTownship) -> None:
    for home in ("H2", "H3", "H5"):
        new_site(owner, town, home, "accepted")
    plan(owner, town, VILLAGES[0], 2)
    (first,) = ranking(owner, number_range(TOWNSHIP), YEAR, DAY, "village")
    assert (first.planned, first.sites, first.accepted, first.accepted_today, first.place) == (2, 3, 3, 3, 1)
    assert first.rate(first.accepted) == 1.5
    (whole,) = ranking(owner, number_range(TOWNSHIP), YEAR, DAY, "township")
    assert (whole.planned, whole.task, whole.rate(whole.accepted)) == (None, 3, 1.0)


def test_areas_that_are_level_share_a_place_and_ended_sites_do_not_count(owner: Session, town: SmallTownship) -> None:
    new_site(owner, town, "H2", "accepted")
    new_site(owner, town, "H7", "accepted")
    new_site(owner, town, "H8", "started")
    ended = new_site(owner, town, "H3")
    end_site(owner, None, ended, "withdrawn", "放弃", on_day=DAY)
    found = ranking(owner, number_range(TOWNSHIP), YEAR, DAY, "village")
    assert [(area.code, area.place, area.accepted, area.started) for area in found] == [
        (VILLAGES[0], 1, 1, 1),
        (VILLAGES[1], 1, 1, 1),
        (VILLAGES[2], 3, 0, 1),
    ]


def test_a_plan_without_a_site_is_a_task_and_a_plan_of_none_is_no_task(owner: Session, town: SmallTownship) -> None:
    plan(owner, town, VILLAGES[0], 4)
    plan(owner, town, VILLAGES[1], 0)
    new_site(owner, town, "H7", "accepted")
    found = ranking(owner, number_range(TOWNSHIP), YEAR, DAY, "village")
    assert [(area.code, area.place, area.rate(area.accepted)) for area in found] == [
        (VILLAGES[0], 1, 0.0),
        (VILLAGES[1], None, None),
    ]


def test_nothing_is_ranked_where_nothing_is_asked_for(owner: Session, town: SmallTownship) -> None:
    assert ranking(owner, number_range(TOWNSHIP), 1999, DAY, "village") == []
