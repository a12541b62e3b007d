"""Gap areas and forecasts from the store: the hamlet of the small township by eye, and the area of duty."""

from __future__ import annotations

from datetime import date

import pytest
from shapely.geometry import Point, shape
from sqlalchemy import text
from sqlalchemy.orm import Session

from data import gaps as module
from data.areas import EVERYWHERE, number_range
from data.coverage import coverage_by_area, coverage_total
from data.db import enter
from data.forecast import Outlook, forecast_areas
from data.gap_areas import person_days
from data.gaps import GapReport, gaps_of, visits_per_day
from data.history import days_of_places
from data.tables import Campaign, Household, Round
from tests.conftest import fresh_database
from tests.database.test_isolation import Store
from tests.hamlet import EAST, HOUSEHOLDS, UNVISITED, add_hamlet
from tests.township import TOWNSHIP, VILLAGES, SmallTownship, add_visit, make_township

TOWN = number_range(TOWNSHIP)


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    made = make_township(owner)
    add_hamlet(owner, made)
    return made


def report(session: Session, town: SmallTownship, within: tuple[int, int] = TOWN) -> GapReport:
    return gaps_of(session, session.get_one(Campaign, town.campaign_id), 1, within, duty=(TOWN,))


def test_the_hamlet_is_one_gap_across_the_border(owner: Session, town: SmallTownship) -> None:
    found = report(owner, town)
    assert (found.found, found.inside) == (1, UNVISITED)
    gap = found.gaps[0]
    assert (gap.number, gap.unvisited, gap.eligible) == (1, UNVISITED, HOUSEHOLDS)
    assert {place.code for place in gap.villages} == {VILLAGES[1], VILLAGES[2]}
    assert [place.code for place in gap.grids] == ["990101001002001"]
    assert (gap.key_households, gap.grade_c, gap.grade_d) == (1, 0, 1)
    assert gap.never_contacted == UNVISITED - 1
    assert gap.last_contact_at is not None
    assert gap.last_contact_at.date() == date(2026, 5, 1)
    assert gap.responsible == ()  # no account is there
    assert gap.points == pytest.approx(UNVISITED / 34)
    outline = shape(gap.outline)
    assert outline.is_valid
    assert outline.covers(Point(EAST, 36.4034))
    assert not outline.covers(Point(EAST + 0.003, 36.4034))


def test_the_work_is_said_in_person_days(owner: Session, town: SmallTownship) -> None:
    gap = report(owner, town).gaps[0]
    assert gap.person_days == 2.5  # 22 at nine a day
    campaign = owner.get_one(Campaign, town.campaign_id)
    assert visits_per_day(campaign) == (9.0, False)
    campaign.plan = {"visit": {**campaign.plan["visit"], "per_inspector_day": 11}}
    assert visits_per_day(campaign) == (11.0, True)
    assert [person_days(n, 9) for n in (131, 101, 91, 83, 59, 9, 0)] == [15.0, 11.5, 10.5, 9.5, 7.0, 1.0, 0.0]


def test_households_without_a_place_of_their_own_are_left_out_and_counted(owner: Session, town: SmallTownship) -> None:
    found = report(owner, town)
    assert (found.considered, found.inexact, found.inexact_unvisited) == (33, 1, 1)  # H10
    owner.execute(text("update household set quality = 5 where code like 'G%'"))
    found = report(owner, town)
    assert (found.found, found.considered, found.inexact, found.inexact_unvisited) == (0, 9, 25, 23)


def test_a_gap_tells_which_village_it_brings_to_the_target(owner: Session, town: SmallTownship) -> None:
    assert report(owner, town).gaps[0].reaches == ()
    # Without H8 village 003 consists of the hamlet's half alone.
    owner.execute(text("update household set removed_at = now() where code = 'H8'"))
    assert [place.code for place in report(owner, town).gaps[0].reaches] == [VILLAGES[2]]


def test_inside_one_village_only_its_half_is_a_gap(owner: Session, town: SmallTownship) -> None:
    found = report(owner, town, number_range(VILLAGES[2]))
    assert [(gap.unvisited, gap.eligible) for gap in found.gaps] == [(11, 12)]
    assert [place.code for place in found.gaps[0].villages] == [VILLAGES[2]]
    assert report(owner, town, number_range(VILLAGES[0])).gaps == []


def test_a_visit_in_an_earlier_round_is_a_contact(owner: Session, town: SmallTownship) -> None:
    campaign = town.campaign_id
    owner.add(Round(campaign_id=campaign, no=2, name_zh="二", name_en="Two", jur=TOWN[0], jur_end=TOWN[1]))
    owner.flush()  # its households are enrolled by the database
    gap = gaps_of(owner, owner.get_one(Campaign, campaign), 2, TOWN, duty=(TOWN,)).gaps[0]
    assert gap.eligible == gap.unvisited >= HOUSEHOLDS
    assert gap.last_contact_at is not None
    assert gap.never_contacted <= gap.unvisited - 3


def test_too_many_households_are_not_computed_but_listed_one_level_down(
    owner: Session, town: SmallTownship, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_HOUSEHOLDS", 33)
    found = report(owner, town)
    assert found.too_many
    assert (found.gaps, found.level) == ([], "village")
    assert [area.code for area in found.below] == [VILLAGES[1], VILLAGES[2], VILLAGES[0], None]
    assert sum(area.eligible for area in found.below) == 34
    assert not report(owner, town, number_range(VILLAGES[2])).too_many


def test_another_area_gets_none(town: SmallTownship, owner: Session) -> None:
    elsewhere = number_range("990101002")
    found = gaps_of(owner, owner.get_one(Campaign, town.campaign_id), 1, elsewhere, duty=(elsewhere,))
    assert (found.gaps, found.found, found.considered, found.inexact) == ([], 0, 0, 0)


def test_row_security_cuts_a_gap_at_the_area_of_duty() -> None:
    store = Store(fresh_database("fangtu_test_gaps"))
    with Session(store.owner) as session, session.begin():
        add_hamlet(session, store.town)
    try:
        for name, unvisited in (("leader", 22), ("two", 11), ("one", None)):
            with Session(store.app) as session:
                enter(session, store.tokens[name])
                campaign = session.get_one(Campaign, store.town.campaign_id)
                found = gaps_of(session, campaign, 1, EVERYWHERE, duty=(TOWN,))
                assert [gap.unvisited for gap in found.gaps] == ([unvisited] if unvisited else [])
                if name == "two":
                    assert [place.code for place in found.gaps[0].villages] == [VILLAGES[1]]
                    places = days_of_places(session, campaign.id, 1)
                    assert set(places[:, 0] // 1000) == {int(VILLAGES[1])}
    finally:
        store.app.dispose()
        store.owner.dispose()


def test_visits_by_day_add_up_to_the_coverage(owner: Session, town: SmallTownship) -> None:
    places = days_of_places(owner, town.campaign_id, 1, TOWN)
    assert set(places[:, 2]) == {date(2026, 5, 1).toordinal()}
    assert places[:, 3].sum() == coverage_total(owner, town.campaign_id, 1, TOWN).visited == 4


def test_villages_and_their_township_are_forecast_from_the_same_days(owner: Session, town: SmallTownship) -> None:
    campaign = owner.get_one(Campaign, town.campaign_id)
    planned = owner.get_one(Round, (town.campaign_id, 1))
    planned.starts_on, planned.ends_on = date(2026, 4, 28), date(2026, 5, 20)
    for column in range(3):
        for row in range(4):
            name = f"G{column}{row}"
            if name != "G21":
                add_visit(owner, town, f"more-{name}", name)
    owner.execute(
        text("""
            update standing set first_valid_on = date '2026-04-28' + (household_id % 5)::int
             where campaign_id = :campaign and status in (1, 2)"""),
        {"campaign": town.campaign_id},
    )
    owner.expire_all()
    areas = coverage_by_area(owner, campaign.id, 1, "village", within=TOWN)
    whole, parts = forecast_areas(
        owner,
        campaign,
        planned,
        TOWN,
        coverage_total(owner, campaign.id, 1, TOWN),
        [area for area in areas if area.code],
        as_of=date(2026, 5, 3),
        today=date(2026, 5, 4),
    )
    assert len(whole.counts) == 6  # from 28 April to the last day known
    assert sum(whole.counts) == whole.area.visited == sum(sum(one.counts) for one in parts)
    by_code = {one.area.code: one for one in parts}
    assert by_code[VILLAGES[1]].made is not None
    assert by_code[VILLAGES[2]].outlook is Outlook.UNKNOWN  # one visit is no pace
    assert by_code[VILLAGES[2]].made is None


def test_a_round_that_ended_is_over(owner: Session, town: SmallTownship) -> None:
    campaign, planned = owner.get_one(Campaign, town.campaign_id), owner.get_one(Round, (town.campaign_id, 1))
    total = coverage_total(owner, campaign.id, 1, TOWN)
    whole, _ = forecast_areas(owner, campaign, planned, TOWN, total, [], as_of=date(2026, 5, 1), today=date(2027, 1, 5))
    assert whole.outlook is Outlook.OVER
    assert owner.get_one(Household, town.households["H1"]).removed_at is None
