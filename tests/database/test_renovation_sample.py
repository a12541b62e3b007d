"""The sample of 2021: the figures of the city's housing summary come out of records made by the acts of a user."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE, number_range
from data.campaigns import find_campaign
from data.coverage import coverage_total
from data.db import owner_engine, owner_session
from data.renovation.funds import wan
from data.renovation.totals import renovation_totals
from data.samples.renovation import TOWNSHIP, load_renovations
from tests.conftest import fresh_database


@pytest.fixture(scope="module")
def loaded() -> Iterator[Engine]:
    settings = fresh_database("fangtu_test_renovation")
    engine = owner_engine(settings)
    assert load_renovations(engine, settings)
    assert not load_renovations(engine, settings)
    yield engine
    engine.dispose()


def test_the_classes_and_the_money_are_those_of_the_summary(loaded: Engine) -> None:
    with owner_session(loaded) as session:
        found = renovation_totals(session, number_range(TOWNSHIP), 2021)
    sites, money = found["sites"], found["money"]
    assert sites["total"] == 341
    assert sites["by_class"] == {"c_repair": 227, "d_rebuild": 72, "turn_key": 42, "other": 0}
    assert sites["by_stage"]["moved_in"] == 341
    assert [wan(fen) for fen in money["by_source"].values()] == ["170.00", "409.70"]
    assert wan(money["received"]) == "579.70"
    assert [wan(batch["paid"]) for batch in money["batches"]] == ["56.95", "85.80", "305.00", "20.70"]
    assert (wan(money["entitled"]), wan(money["paid"]), wan(money["unspent"])) == ("468.45", "468.45", "111.25")
    assert (money["payments"], money["sites_entitled"], money["under_way"], money["failed"]) == (341, 341, 0, 0)


def test_each_house_was_found_then_appraised_then_passed_that_gate(loaded: Engine) -> None:
    with Session(loaded) as session:
        fits, all_of_them = session.execute(
            text("""
                select count(*) filter (where f.on_day < a.appraised_on and a.appraised_on <= g.on_day), count(*)
                  from renovation_site s
                  join site_gate f on f.site_id = s.id and f.gate = 'found'
                  join site_gate g on g.site_id = s.id and g.gate = 'appraised'
                  join lateral (select min(appraised_on) as appraised_on from appraisal
                                 where house_id = s.house_id) a on true""")
        ).one()
    assert (fits, all_of_them) == (341, 341)


def test_households_spoke_and_every_objection_was_answered_before_the_acceptance(loaded: Engine) -> None:
    with Session(loaded) as session:
        said = session.execute(
            text("""
                select count(*) filter (where w.said = 'objection'),
                       count(*) filter (where w.said = 'objection' and w.answered_on <= s.accepted_on),
                       count(distinct w.site_id) from household_word w join renovation_site s on s.id = w.site_id""")
        ).one()
    assert said[0] == said[1] > 0
    assert 250 < said[2] < 341


def test_nothing_of_it_is_of_another_year_or_place(loaded: Engine) -> None:
    with owner_session(loaded) as session:
        assert renovation_totals(session, EVERYWHERE, 2020)["sites"]["total"] == 0
        elsewhere = renovation_totals(session, number_range("370725108"), 2021)
    assert (elsewhere["sites"]["total"], elsewhere["money"]["received"]) == (0, 0)


def test_every_total_is_the_sum_of_rows_that_stay(loaded: Engine) -> None:
    with Session(loaded) as session:
        acts = dict(
            session.execute(text("select gate, count(*) from site_gate where act = 'passed' group by 1")).tuples().all()
        )
        entitled = session.scalar(text("select sum(fen) from entitlement"))
        stated = session.scalar(text("select sum(entitled_fen) from renovation_site"))
    assert acts["foundation"] == 72 + 42  # a repair has none
    assert {n for gate, n in acts.items() if gate != "foundation"} == {341}
    assert entitled == stated == 468_450_000


def test_its_campaign_is_the_citys_and_both_rounds_are_visited_but_for_a_few(loaded: Engine) -> None:
    with owner_session(loaded) as session:
        campaign = find_campaign(session, "city-2021")
        totals = [coverage_total(session, campaign.id, no, number_range(TOWNSHIP)) for no in (1, 2)]
        suspects = session.scalar(text("select count(*) from visit where verdict <> 'valid'"))
    assert [(total.eligible, total.visited) for total in totals] == [(341, 334), (341, 336)]
    assert suspects == 0


def test_a_dozen_sites_have_pictures_of_before_during_and_after(loaded: Engine) -> None:
    with owner_session(loaded) as session:
        found = session.execute(
            text("""
                select site_id, array_agg(phase::text order by taken_at) as phases, min(account_id) as who,
                        count(distance_m) as placed
                  from attachment where site_id is not null group by site_id""")
        ).all()
    assert len(found) == 12
    assert {tuple(row.phases) for row in found} == {("before", "during", "after")}
    assert {(row.who, row.placed) for row in found} == {(None, 0)}  # nobody's, and no camera said where
