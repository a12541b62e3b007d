"""Help again within the years of a policy: nobody is kept out without a rule, and by one only with its evidence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.local_time import today
from data.renovation.eligibility import eligibility_of, what_stops
from data.renovation.repeat_rules import earlier_help
from tests.renovation import new_site
from tests.township import TOWNSHIP
from tests.web.conftest import Web
from tests.web.test_renovation_pages import Hand

CLAUSE = "县农房改造实施细则 第八条"


@pytest.fixture(autouse=True)
def helped(web: Web) -> Iterator[int]:
    """A renovation of H2 accepted three years ago, and a new one that waits for the comparison."""
    home = web.town.households["H2"]
    with Session(web.owner) as session, session.begin():
        session.execute(text("update household set aid_group = 'minimum_living'"))
        session.execute(text("delete from repeat_rule"))
        session.execute(text("update renovation_site set state = 'withdrawn' where household_id = :id"), {"id": home})
        site = new_site(session, web.town, "H2", "appraised")
        session.execute(
            text("""
                insert into renovation_site (household_id, jur, natural_key, method, stage, accepted_on, year, quality)
                select id, jur, 'earlier ' || :site, 'repair', 'accepted', cast(:day as date), :year, 7
                  from household where id = :id"""),
            {"id": home, "site": site, "day": date(today().year - 3, 1, 15), "year": today().year - 3},
        )
    yield site
    with Session(web.owner) as session, session.begin():
        session.execute(text("delete from repeat_rule"))
        session.execute(text("update renovation_site set state = 'withdrawn' where household_id = :id"), {"id": home})


def rule(hand: Hand, web: Web, **change: object) -> int:
    form = {"area_id": web.town.areas[TOWNSHIP], "year": today().year, "years": 10, "clause": CLAUSE} | change
    return hand.post("/money/repeat-rules", **form).status_code


def test_without_a_rule_nothing_is_said(web: Web, helped: int) -> None:
    home = web.town.households["H2"]
    with Session(web.owner) as session:
        assert earlier_help(session, [home], today()) == {}
        assert eligibility_of(session, [home])[home].verdict != "excluded"


def test_a_rule_keeps_out_who_was_helped_with_what_it_rests_on(app: Flask, web: Web, helped: int) -> None:
    hand, home = Hand(app, web), web.town.households["H2"]
    assert rule(hand, web) == 303
    with Session(web.owner) as session:
        judged = eligibility_of(session, [home])[home]
        assert judged.verdict == "excluded"
        assert CLAUSE in judged.reasons[0].zh
        assert helped in what_stops(session, [helped], "compared")
        # Not the others, and not once the years are over.
        assert set(earlier_help(session, list(web.town.households.values()), today())) == {home}
    assert CLAUSE in hand.read(f"/households/{home}")
    refused = hand.post(f"/sites/{helped}/advance", gate="compared")
    assert refused.status_code == 422
    assert "政策年限内已改造" in refused.text
    assert hand.post(f"/sites/{helped}/advance", gate="compared", override="灾毁重建，县级批复").status_code == 303
    with Session(web.owner) as session:
        assert what_stops(session, [helped], "approved") == {}  # the reason given before stands


def test_years_that_are_over_and_a_rule_that_ended_keep_nobody_out(app: Flask, web: Web) -> None:
    hand, home = Hand(app, web), web.town.households["H2"]
    assert rule(hand, web, years=2) == 303
    with Session(web.owner) as session:
        assert earlier_help(session, [home], today()) == {}
        number = session.scalar(text("select id from repeat_rule where ended_at is null"))
    assert rule(hand, web) == 422  # one of an area and year at a time
    assert hand.post(f"/money/repeat-rules/{number}/end").status_code == 303
    assert rule(hand, web) == 303
    assert CLAUSE in hand.read("/money/plan")


@pytest.mark.parametrize("change", [{"years": "0"}, {"years": ""}, {"clause": " "}, {"year": "26"}])
def test_a_rule_without_its_number_or_clause_is_refused(app: Flask, web: Web, change: dict[str, str]) -> None:
    assert rule(Hand(app, web), web, **change) == 422


def test_the_present_help_is_no_earlier_one(app: Flask, web: Web) -> None:
    home = web.town.households["H2"]
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("update renovation_site set year = :year where natural_key like 'earlier %'"), {"year": today().year}
        )
    assert rule(Hand(app, web), web) == 303
    with Session(web.owner) as session:
        assert earlier_help(session, [home], today()) == {}
