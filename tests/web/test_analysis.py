"""What a round's records say by class and place, counted by hand in the small township."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.analysis import Span
from tests.township import VILLAGES
from tests.web.conftest import Web

ClientAs = Callable[[str | None], FlaskClient]
Ask = Callable[..., Any]
# Household, class, solved on the spot, day; H1 to H5 are in the first village, H6 in the second.
RAISED = (
    ("H1", "housing", False, "2026-03-02"),
    ("H1", "road", True, "2026-03-02"),
    ("H2", "road", False, "2026-03-09"),
    ("H6", "road", False, "2026-03-10"),
    ("H6", "by_hand", False, "2026-03-11"),
)


@pytest.fixture
def ask(app: Flask, web: Web) -> Ask:
    """The analysis as an account reads it."""

    def asked(account: str, query: str = "", path: str = "") -> Any:
        headers = {"Authorization": f"Bearer {web.tokens[account]}"}
        return app.test_client().get(f"/api/v1/analysis{path}?{query}", headers=headers)

    return asked


@pytest.fixture
def raised(web: Web) -> Iterator[None]:
    """Demands of :data:`RAISED`, and answers to two questions at two visits; put back afterwards."""
    with Session(web.owner) as session, session.begin():
        plan = session.scalar(text("select plan from campaign"))
        for home, key, solved, day in RAISED:
            session.execute(
                text("""
                    insert into demand (id, visit_id, campaign_id, household_id, jur, account_id, class_key, words,
                                        solved, raised_at)
                    select gen_random_uuid(), v.id, v.campaign_id, v.household_id, v.jur, :account, :class,
                           '测试诉求', :solved, cast(:day as timestamp) at time zone 'Asia/Shanghai'
                      from visit v where v.household_id = :home and v.superseded_by is null order by v.no limit 1"""),
                {
                    "home": web.town.households[home],
                    "account": web.accounts["inspector"],
                    "class": key,
                    "solved": solved,
                    "day": f"{day} 23:30",  # of that day in Shanghai, though not in London
                },
            )
        session.execute(
            text("""
                update campaign set plan = plan || jsonb_build_object(
                    'demand_class', jsonb_build_array(jsonb_build_object(
                        'key', 'road', 'name_zh', '道路', 'name_en', 'Roads')),
                    'question', jsonb_build_array(
                        jsonb_build_object('key', 'q1', 'text_zh', '看病方便吗', 'text_en', 'Doctor near?'),
                        jsonb_build_object('key', 'q2', 'text_zh', '还有什么困难', 'text_en', 'Anything else?')))""")
        )
        for home, answers in (("H1", '{"q1": "没有问题", "q2": "路难走"}'), ("H6", '{"q1": " "}')):
            session.execute(
                text("""
                    update visit set answers = cast(:answers as jsonb) where id = (
                        select id from visit where household_id = :home order by no limit 1)"""),
                {"home": web.town.households[home], "answers": answers},
            )
    yield
    with Session(web.owner) as session, session.begin():
        session.execute(text("delete from demand where words = '测试诉求'"))
        session.execute(text("update visit set answers = null where answers is not null"))
        session.execute(text("update campaign set plan = cast(:plan as jsonb)"), {"plan": json.dumps(plan)})


def test_demands_are_counted_by_class_and_village(ask: Ask, raised: None) -> None:
    told = ask("supervisor").json
    assert (told["raised"], told["solved"], told["before"]) == (5, 1, None)
    classes = {one["key"]: one for one in told["classes"]}
    assert [one["key"] for one in told["classes"]] == ["road", "by_hand", "housing"]  # most first, then by key
    assert {name: classes["road"][name] for name in ("name", "raised", "solved", "villages")} == {
        "name": "道路",
        "raised": 3,
        "solved": 1,
        "villages": 2,
    }
    assert classes["housing"]["name"] == "住有宜居"  # a class of the questionnaire that the plan does not name
    assert classes["by_hand"]["name"] == "by_hand"
    villages = {one["code"]: one for one in told["villages"]}
    assert set(villages) == set(VILLAGES[:2])
    first, second = (villages[code] for code in VILLAGES[:2])
    assert (first["raised"], first["solved"], first["visited"], first["ratio"]) == (3, 1, 2, 1.5)
    assert (second["raised"], second["visited"], second["ratio"]) == (2, 0, None)  # no denominator is not 0
    assert first["classes"] == {"housing": 1, "road": 2}


def test_classes_and_villages_add_up_to_the_whole(ask: Ask, raised: None) -> None:
    told = ask("supervisor").json
    for rows in (told["classes"], told["villages"]):
        assert sum(one["raised"] for one in rows) == told["raised"]
        assert sum(one["solved"] for one in rows) == told["solved"]


def test_days_are_local_and_compared_with_as_many_before(ask: Ask, raised: None) -> None:
    told = ask("supervisor", "first=2026-03-09&last=2026-03-15").json
    assert (told["raised"], told["before"]) == (3, 2)
    by_class = {one["key"]: (one["raised"], one["before"]) for one in told["classes"]}
    assert by_class == {"road": (2, 1), "by_hand": (1, 0)}
    assert ask("supervisor", "first=2026-03-10").json["before"] is None
    assert Span(date(2026, 3, 9), date(2026, 3, 15)).before == Span(date(2026, 3, 2), date(2026, 3, 8))
    assert ask("supervisor", "first=yesterday").status_code == 400


def test_questions_tell_answers_and_what_is_no_answer(ask: Ask, raised: None) -> None:
    told = ask("supervisor").json
    assert told["visits"] == 2
    assert [(one["key"], one["answered"], one["told"]) for one in told["questions"]] == [("q1", 1, 0), ("q2", 1, 1)]


def test_demands_of_a_corrected_visit_count_no_more_with_it(ask: Ask, web: Web, raised: None) -> None:
    put = "update visit set superseded_by = {} where id in (select visit_id from demand where class_key = 'by_hand')"
    with Session(web.owner) as session, session.begin():
        session.execute(text(put.format("(select id from visit order by no limit 1)")))
    try:
        assert ask("supervisor").json["raised"] == 3
    finally:
        with Session(web.owner) as session, session.begin():
            session.execute(text(put.format("null")))


def test_the_demands_behind_a_figure_are_listed_open_ones_first(ask: Ask, raised: None) -> None:
    told = ask("leader", "class=road", "/demands").json
    assert told["total"] == 3
    assert [one["solved"] for one in told["rows"]] == [False, False, True]
    assert told["rows"][0]["raised_at"] > told["rows"][1]["raised_at"]
    assert all("*" in one["head_name"] for one in told["rows"])


def test_the_analysis_is_not_for_inspectors_and_shows_nothing_of_others(ask: Ask, raised: None) -> None:
    assert ask("inspector").status_code == 403
    told = ask("outsider")
    assert told.status_code == 404 or told.json["raised"] == 0


def test_the_page_says_the_same_in_words(client_as: ClientAs, raised: None) -> None:
    page = client_as("supervisor").get("/analysis?class=road").text
    assert "诉求 5 条，当场解决 1 条（1/5）。" in page
    assert "最多的是道路，3 条" in page
    assert f"/map?campaign=test-2026&amp;round=1&amp;area={VILLAGES[0]}&amp;theme=demands#sel=area" in page
    assert page.count("测试诉求") == 3
