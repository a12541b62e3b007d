"""A supervisor's day: what is late, in doubt or unassigned, counted by hand in the small township."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.view import today
from tests.township import VILLAGES
from tests.web.conftest import Web

ClientAs = Callable[[str | None], FlaskClient]
Ask = Callable[[str], Any]


@pytest.fixture
def agenda(app: Flask, web: Web) -> Ask:
    """The agenda as an account reads it."""

    def asked(account: str) -> Any:
        headers = {"Authorization": f"Bearer {web.tokens[account]}"}
        return app.test_client().get("/api/v1/agenda", headers=headers)

    return asked


@pytest.fixture
def changed(web: Web) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Run a statement as the owner; the round's last day, the plan and what was added are put back afterwards."""
    with Session(web.owner) as session:
        before = session.execute(text("select ends_on from round")).one()

    def run(statement: str, values: dict[str, Any]) -> None:
        with Session(web.owner) as session, session.begin():
            session.execute(text(statement), values)

    yield run
    with Session(web.owner) as session, session.begin():
        session.execute(text("update round set ends_on = :day"), {"day": before.ends_on})
        session.execute(text("update campaign set plan = plan - 'stage' - 'publicity'"))
        session.execute(text("delete from assignment"))
        session.execute(text("delete from hardship_case"))


def test_who_is_not_visited_and_has_nobody_is_counted_by_village(agenda: Ask, web: Web, changed: Any) -> None:
    told = agenda("supervisor").json
    with Session(web.owner) as session:
        open_ = session.execute(
            text("""
                select v.code, count(*) as n from standing s join household h on h.id = s.household_id
                  left join area v on v.id = h.village_id where s.status not in (1, 2, 6) group by v.code""")
        ).all()
    assert told["unassigned"] == sum(row.n for row in open_)
    assert {(one["code"], one["unassigned"]) for one in told["villages_unassigned"]} == {(r.code, r.n) for r in open_}
    changed(
        """insert into assignment_act (campaign_id, round_no, jur, jur_end, how, account_id, counts)
           select id, 1, jur, jur_end, 'drawn', :account, '{}' from campaign""",
        {"account": web.accounts["supervisor"]},
    )
    changed(
        """insert into assignment (campaign_id, round_no, household_id, kind, jur, repeats, owner, how, act_id)
           select s.campaign_id, 1, s.household_id, 'grid_worker', s.jur, false, '甲', 'drawn',
                  (select max(id) from assignment_act) from standing s where s.household_id = :home""",
        {"home": web.town.households["H2"]},
    )
    assert agenda("supervisor").json["unassigned"] == told["unassigned"] - 1


@pytest.mark.parametrize(("days", "told", "late"), [(-1, True, 1), (0, True, 0), (7, True, 0), (8, False, 0)])
def test_a_round_is_told_from_a_week_before_its_end_and_late_after_it(
    agenda: Ask, changed: Any, days: int, told: bool, late: int
) -> None:
    changed("update round set ends_on = :day", {"day": today() + timedelta(days=days)})
    rounds = [one for one in agenda("supervisor").json["deadlines"] if one["what"] == "round"]
    assert bool(rounds) is told
    if told:
        assert rounds[0]["days"] == days
        assert rounds[0]["left"] == 8
        assert sum(1 for one in rounds if one["days"] < 0) == late


def test_a_stage_is_told_before_its_last_day_and_not_after(agenda: Ask, changed: Any) -> None:
    put = "update campaign set plan = plan || jsonb_build_object('stage', cast(:stages as jsonb))"
    for days, told in ((3, True), (-3, False)):
        day = (today() + timedelta(days=days)).isoformat()
        changed(put, {"stages": f'[{{"key": "a", "name_zh": "整改", "name_en": "Rectify", "ends_on": "{day}"}}]'})
        names = [one["name"] for one in agenda("supervisor").json["deadlines"] if one["what"] == "stage"]
        assert bool(names) is told


def test_overdue_plans_are_counted_only_for_who_may_read_them(agenda: Ask, web: Web, changed: Any) -> None:
    changed(
        """insert into hardship_case (household_id, jur, cause, situation, state, due_on)
           select id, jur, 'illness', '测试', 'open', :day from household where id = :home""",
        {"home": web.town.households["H1"], "day": today() - timedelta(days=1)},
    )
    assert agenda("supervisor").json["hardship_overdue"] == 1
    assert agenda("admin").json["hardship_overdue"] is None


def test_the_day_is_not_for_inspectors_and_shows_nothing_of_others(agenda: Ask) -> None:
    assert agenda("inspector").status_code == 403
    told = agenda("outsider")
    assert told.status_code == 404 or told.json["unassigned"] == 0


def test_the_page_says_the_same_in_words(client_as: ClientAs, agenda: Ask) -> None:
    page = client_as("supervisor").get("/today").text
    told = agenda("supervisor").json
    assert f"未指派 {told['unassigned']} 户" in page
    assert f"/assign?area={VILLAGES[0]}" in page


def test_doubtful_visits_are_told_by_village_a_step_from_the_map(
    client_as: ClientAs, agenda: Ask, web: Web, changed: Any
) -> None:
    add = """insert into suspicion (visit_id, campaign_id, round_no, household_id, jur, detector, score, probability,
                                    rules, state)
             select v.id, v.campaign_id, v.round_no, v.household_id, v.jur, :detector, 3, 0.9, 1, :state
               from visit v where v.household_id = :home order by v.no limit 1"""
    for home, detector, state in (
        ("H1", "far_fix", "open"),
        ("H1", "one_spot", "open"),  # of the same visit: one doubt
        ("H3", "far_fix", "answered"),
        ("H6", "far_fix", "ruled"),  # waits for nobody
    ):
        changed(add, {"home": web.town.households[home], "detector": detector, "state": state})
    try:
        (told,) = agenda("supervisor").json["villages_doubtful"]
        assert (told["code"], told["doubts"]) == (VILLAGES[0], 2)
        page = client_as("supervisor").get("/today").text
        assert f"/suspects?area={VILLAGES[0]}" in page
        assert f"theme=status&amp;area={VILLAGES[0]}#layers=visits&amp;sel=area" in page
    finally:
        changed("delete from suspicion", {})


def test_each_item_leads_to_its_own_round_period_and_map(client_as: ClientAs, agenda: Ask, changed: Any) -> None:
    changed("update round set ends_on = :day", {"day": today() - timedelta(days=1)})
    asked = [
        {"key": key, "name_zh": name, "name_en": key, "every": "week"}
        for key, name in (("radio", "广播"), ("board", "公示"))
    ]
    stage = {"key": "a", "name_zh": "一", "name_en": "one", "starts_on": str(today() - timedelta(days=40))}
    changed(
        "update campaign set plan = plan || cast(:more as jsonb)",
        {"more": json.dumps({"publicity": asked, "stage": [stage | {"ends_on": str(today() + timedelta(days=40))}]})},
    )
    told = agenda("supervisor").json
    assert [one["key"] for one in told["publicity"]] == ["radio", "board"]
    page = client_as("supervisor").get("/today").text
    for one in told["publicity"]:
        assert f"/publicity?item={one['key']}&amp;period={one['period']}" in page
        assert client_as("supervisor").get(f"/publicity?item={one['key']}&period={one['period']}").status_code == 200
    assert "/coverage?round=1" in page
    assert "/map?theme=unvisited&amp;round=1" in page
    # One household lies in no village: it is still a click from a map.
    assert [one for one in told["villages_unassigned"] if one["code"] is None]
    assert '/map?theme=status#"' in page


def test_where_an_item_leads_says_which_village_it_is_of(client_as: ClientAs) -> None:
    client = client_as("supervisor")
    for path in ("/assign", "/remainder", "/suspects"):
        of_village = client.get(f"{path}?area={VILLAGES[0]}").text
        assert '<strong class="nowrap">测试1村</strong>' in of_village, path
        assert '<strong class="nowrap">测试' not in client.get(path).text, path
    # From the map to the list and back it stays that village.
    assert f"&amp;area={VILLAGES[0]}" in client.get(f"/assign?area={VILLAGES[0]}").text
    assert (
        f"/assign?campaign=test-2026&amp;round=1&amp;area={VILLAGES[0]}"
        in client.get(f"/remainder?area={VILLAGES[0]}").text
    )
