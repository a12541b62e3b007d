"""The ledgers of a campaign: visits, publicity and hardship, as pages, workbook and JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.view import today
from data.areas import number_range
from data.db import app_engine, enter
from data.imports.report import ImportOptions
from data.imports.run import import_file
from data.ledger_workbook import HEADINGS, write_ledger
from data.publicity import Item, periods_of
from data.visit_ledger import LedgerWish
from tests.township import TOWNSHIP, VILLAGES
from tests.web.conftest import Web

ClientAs = Callable[[str | None], FlaskClient]
Ask = Callable[..., Any]


@pytest.fixture
def ask(app: Any, web: Web) -> Ask:
    """One request with an account's token, where no form token is asked for."""

    def asked(account: str, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {web.tokens[account]}"}
        return app.test_client().open(path, method=method, headers=headers, **more)

    return asked


@pytest.fixture
def clean(web: Web) -> Iterator[None]:
    """No publicity and no case before, and none after."""
    _empty(web)
    yield
    _empty(web)


def _empty(web: Web) -> None:
    with Session(web.owner) as session, session.begin():
        session.execute(text("delete from publicity"))
        session.execute(text("delete from hardship_case"))


def refs(answer: Any) -> list[str]:
    return [row["household_code"] for row in answer.json["rows"]]


def test_every_visit_of_the_round_is_listed_once(ask: Ask, web: Web) -> None:
    listed = ask("supervisor", "GET", "/api/v1/visits").json
    with Session(web.owner) as session:
        n = session.scalar(text("select count(*) from visit where superseded_by is null"))
    assert listed["total"] == len(listed["rows"]) == n
    assert not listed["more"]
    moments = [row["ended_at"] or "" for row in listed["rows"]]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("counts=yes", "counts and household_id is not null"),
        ("counts=no", "not (counts and household_id is not null)"),
        ("mode=phone", "mode = 'phone'"),
        ("outcome=nobody_home", "outcome = 'nobody_home'"),
        ("first=2026-05-01&last=2026-05-01", "(started_at at time zone 'Asia/Shanghai')::date = '2026-05-01'"),
        ("first=2026-05-02", "(started_at at time zone 'Asia/Shanghai')::date >= '2026-05-02'"),
        (f"area={VILLAGES[1]}", "jur >= 990101001002000 and jur < 990101001003000"),
        ("counts=no&mode=home", "not (counts and household_id is not null) and mode = 'home'"),
    ],
)
def test_a_filter_lists_what_it_says(ask: Ask, web: Web, query: str, condition: str) -> None:
    listed = ask("supervisor", "GET", f"/api/v1/visits?{query}").json
    with Session(web.owner) as session:
        expected = set(session.scalars(text(f"select no from visit where superseded_by is null and {condition}")))
    assert {row["id"] for row in listed["rows"]} == expected
    assert listed["total"] == len(expected)


@pytest.mark.parametrize("query", ["counts=maybe", "mode=pigeon", "first=yesterday", "key_group=x"])
def test_an_unknown_filter_is_refused_in_words(ask: Ask, query: str) -> None:
    answer = ask("supervisor", "GET", f"/api/v1/visits?{query}")
    assert answer.status_code == 400
    assert query.split("=")[1] in answer.json["message"]


def test_nobody_sees_visits_outside_the_duty(ask: Ask, web: Web) -> None:
    own = ask("inspector", "GET", "/api/v1/visits").json
    assert own["total"] == len(own["rows"]) > 0
    with Session(web.owner) as session:
        inside = set(
            session.scalars(
                text("select no from visit where superseded_by is null and jur >= :lo and jur < :hi"),
                {"lo": 990101001001000, "hi": 990101001002000},
            )
        )
    assert {row["id"] for row in own["rows"]} == inside
    nothing = ask("outsider", "GET", "/api/v1/visits")
    assert nothing.status_code == 404 or nothing.json["total"] == 0


def test_a_leader_reads_masked_names_and_an_inspector_whole_ones(ask: Ask) -> None:
    leader = {row["head_name"] for row in ask("leader", "GET", "/api/v1/visits").json["rows"]}
    inspector = {row["head_name"] for row in ask("inspector", "GET", "/api/v1/visits").json["rows"]}
    assert "赵*一" in leader
    assert "赵测一" not in leader
    assert "赵测一" in inspector


def test_the_workbook_holds_the_page_with_masked_names_and_a_total(ask: Ask, web: Web) -> None:
    answer = ask("supervisor", "GET", "/visits.xlsx?counts=yes")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert rows[0][0] == "入户走访台账"
    assert tuple(rows[2]) == HEADINGS
    listed = ask("supervisor", "GET", "/api/v1/visits?counts=yes").json
    body = rows[3:-1]
    assert [row[5] for row in body] == [row["household_code"] for row in listed["rows"]]
    assert [row[0] for row in body] == list(range(1, len(body) + 1))
    assert rows[-1][:2] == ["合计", f"共 {len(body)} 条"]
    assert not any("赵测一" in str(cell) for row in rows for cell in row)
    with Session(web.owner) as session:
        noted = session.execute(text("select details from audit where act = 'export' order by id desc limit 1")).one()
    assert noted.details["rows"] == len(body)


def test_the_workbook_says_what_was_raised_and_how_much_was_solved(ask: Ask, web: Web) -> None:
    add = """insert into demand (id, visit_id, campaign_id, household_id, jur, account_id, class_key, words, solved,
                                 raised_at)
             select gen_random_uuid(), id, campaign_id, household_id, jur, :account, 'road', :words, :solved, :at
               from visit where household_id = :home order by no limit 1"""
    with Session(web.owner) as session, session.begin():
        for words, solved, at in (("=路难走", False, "2026-03-01"), ("灯不亮", True, "2026-03-02")):
            session.execute(
                text(add),
                {
                    "account": web.accounts["inspector"],
                    "home": web.town.households["H6"],
                    "words": words,
                    "solved": solved,
                    "at": at,
                },
            )
    try:
        sheet = openpyxl.load_workbook(io.BytesIO(ask("supervisor", "GET", "/visits.xlsx").data)).active
        rows = [dict(zip(HEADINGS, row, strict=True)) for row in sheet.iter_rows(min_row=4, values_only=True)]
        told = {row["户编号"]: (row["反映问题"], row["当场解决（条）"]) for row in rows}
        assert told["H6"] == ("'=路难走；灯不亮", "1/2")
        assert told["H3"] == (None, None)  # nothing raised is no 0/0
    finally:
        with Session(web.owner) as session, session.begin():
            session.execute(text("delete from demand"))


def test_demands_are_read_once_for_all_visits_of_the_workbook(web: Web, tmp_path: Path) -> None:
    asked: list[str] = []
    wish = LedgerWish(web.town.campaign_id, 1, number_range(TOWNSHIP))
    engine = app_engine(web.settings)
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    with Session(engine) as session:
        enter(session, web.tokens["supervisor"])
        assert write_ledger(session, wish, tmp_path / "ledger.xlsx", "台账", "全部") > 3
    assert [one.count("demand") for one in asked if "demand" in one] == [1]
    # Apart from the visits: what is joined with them may be gone through anew for each.
    assert not [one for one in asked if "demand" in one and "from visit" in one]


@pytest.fixture
def odd_times(web: Web) -> Iterator[None]:
    """Visits that begin within a minute and last a part of one, as phones record them; put back afterwards."""
    shift = "update visit set started_at = started_at {0} '22.25 s', ended_at = ended_at {0} '58.125 s'"
    with Session(web.owner) as session, session.begin():
        before = session.execute(text("select id, minutes from visit")).all()
        session.execute(text(shift.format("+ interval")))
        session.execute(text("update visit set minutes = minutes + 35.875 / 60"))
    yield
    with Session(web.owner) as session, session.begin():
        session.execute(text(shift.format("- interval")))
        for row in before:
            session.execute(text("update visit set minutes = :minutes where id = :id"), row._asdict())


@pytest.mark.usefixtures("odd_times")
def test_the_workbook_comes_in_again_without_a_change(ask: Ask, web: Web, tmp_path: Path) -> None:
    path = tmp_path / "ledger.xlsx"
    path.write_bytes(ask("supervisor", "GET", "/visits.xlsx").data)
    report = import_file(web.owner, web.settings, "visits", path, ImportOptions(area=TOWNSHIP, campaign="test-2026"))
    assert report.refused == 0, report.problems
    assert report.counts.get("inserted", 0) == 0
    assert report.counts.get("updated", 0) == 0
    assert report.counts["unchanged"] == report.read > 0


def test_a_household_shows_all_its_visits_and_rounds(ask: Ask, web: Web) -> None:
    page = ask("inspector", "GET", f"/households/{web.town.households['H1']}").text
    with Session(web.owner) as session:
        n = session.scalar(
            text("select count(*) from visit where household_id = :id"), {"id": web.town.households["H1"]}
        )
    assert page.count('class="timeline-item"') == n == 2
    assert "测试走访" in page
    assert ask("inspector", "GET", f"/households/{web.town.households['H6']}").status_code == 404


def test_weeks_begin_on_monday_and_only_those_that_began_are_due() -> None:
    week = Item("board", "公示栏", "Board", "week")
    assert periods_of(week, date(2026, 11, 4), date(2026, 11, 16)) == (
        date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16),
    )  # fmt: skip
    assert periods_of(Item("a", "", "", "month"), date(2026, 1, 31), date(2026, 3, 1)) == (
        date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1),
    )  # fmt: skip
    assert periods_of(Item("a", "", "", "once"), date(2026, 1, 31), date(2026, 3, 1)) == (date(2026, 1, 31),)
    assert periods_of(Item("a", "", "", ""), date(2026, 1, 31), date(2026, 3, 1)) == ()
    assert periods_of(week, date(2026, 3, 2), date(2026, 3, 1)) == ()


@pytest.fixture
def weekly(web: Web, clean: None) -> Iterator[None]:
    """A plan that asks for a broadcast each week."""
    broadcast = {"key": "broadcast", "name_zh": "村广播", "name_en": "Broadcast", "every": "week"}
    asked = json.dumps([{**broadcast, "clause": "每周进行政策宣传"}])
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("update campaign set plan = plan || jsonb_build_object('publicity', cast(:asked as jsonb))"),
            {"asked": asked},
        )
    yield
    with Session(web.owner) as session, session.begin():
        session.execute(text("update campaign set plan = plan - 'publicity'"))


def test_a_broadcast_of_the_township_is_heard_in_its_villages_and_two_in_a_week_are_one(ask: Ask, weekly: None) -> None:
    body = {"item": "broadcast", "areas": [TOWNSHIP], "done_on": "2026-05-05"}
    assert ask("supervisor", "POST", "/api/v1/publicity", json=body).status_code == 200
    for day in ("2026-05-06", "2026-05-11"):
        made = ask("inspector", "POST", "/api/v1/publicity", json={**body, "areas": [VILLAGES[0]], "done_on": day})
        assert made.status_code == 200, made.json
    told = ask("supervisor", "GET", "/api/v1/publicity").json
    done = {row["code"]: row["done"] for row in told["rows"]}
    assert done == {VILLAGES[0]: 2, VILLAGES[1]: 1, VILLAGES[2]: 1}
    assert told["done"] == 4
    assert told["due"] == 3 * len(told["periods"])
    # Who answers for one village alone reads of it what the township reads.
    own = ask("inspector", "GET", "/api/v1/publicity").json
    assert [(row["code"], row["done"]) for row in own["rows"]] == [(VILLAGES[0], 2)]


@pytest.mark.parametrize(
    ("account", "change"),
    [
        ("inspector", {"areas": [VILLAGES[1]]}),
        ("inspector", {"areas": [TOWNSHIP]}),
        ("outsider", {}),
        ("supervisor", {"areas": []}),
        ("supervisor", {"item": "fireworks"}),
        ("supervisor", {"done_on": "2999-01-01"}),
        ("supervisor", {"done_on": "soon"}),
        ("supervisor", {"times": 0}),
        ("supervisor", {"areas": [VILLAGES[0], "nowhere"]}),
    ],
)
def test_publicity_that_cannot_be_leaves_nothing(
    ask: Ask, web: Web, weekly: None, account: str, change: dict[str, Any]
) -> None:
    body = {"item": "broadcast", "areas": [VILLAGES[0]], "done_on": "2026-05-05", **change}
    answer = ask(account, "POST", "/api/v1/publicity", json=body)
    assert answer.status_code in (404, 422)
    with Session(web.owner) as session:
        assert session.scalar(text("select count(*) from publicity")) == 0


def test_publicity_is_taken_back_by_its_maker_or_who_leads(ask: Ask, weekly: None) -> None:
    body = {"item": "broadcast", "areas": [VILLAGES[0]], "done_on": "2026-05-05"}
    (mine,) = ask("inspector", "POST", "/api/v1/publicity", json=body).json["ids"]
    (theirs,) = ask("supervisor", "POST", "/api/v1/publicity", json=body).json["ids"]
    assert ask("inspector", "POST", f"/api/v1/publicity/{theirs}/undo").status_code == 404
    assert ask("supervisor", "POST", f"/api/v1/publicity/{mine}/undo").json == {"undone": 1}
    assert ask("supervisor", "POST", f"/api/v1/publicity/{mine}/undo").status_code == 404
    assert ask("supervisor", "POST", f"/api/v1/publicity/{theirs}/undo").json == {"undone": 1}
    assert ask("supervisor", "GET", "/api/v1/publicity").json["done"] == 0


def test_the_page_of_publicity_draws_the_gaps(client_as: ClientAs, ask: Ask, weekly: None) -> None:
    before = client_as("supervisor").get("/publicity").text
    assert before.count('class="done"') == 0
    told = ask("supervisor", "GET", "/api/v1/publicity").json
    body = {"item": "broadcast", "areas": [VILLAGES[0]], "done_on": told["periods"][-1]}
    assert ask("supervisor", "POST", "/api/v1/publicity", json=body).status_code == 200
    page = client_as("supervisor").get("/publicity").text
    assert page.count('<path class="cov-fill-') == 3
    assert "每周进行政策宣传" in page
    assert page.count('class="done"') == 1
    assert page.count('class="missed"') == before.count('class="missed"') - 1


CASE = {"cause": "illness", "situation": "手术后负债"}


def test_the_map_of_publicity_shows_one_week_with_its_gaps(client_as: ClientAs, ask: Ask, weekly: None) -> None:
    told = ask("supervisor", "GET", "/api/v1/publicity?item=broadcast").json
    week = told["periods"][-1]
    client = client_as("supervisor")
    before = client.get(f"/publicity?item=broadcast&period={week}").text
    n = len(told["rows"])
    assert f"{n} / {n} 个村没有做" in before
    assert before.count("cov-fill-1") == n
    made = ask(
        "supervisor", "POST", "/api/v1/publicity", json={"item": "broadcast", "areas": [VILLAGES[0]], "done_on": week}
    )
    assert made.status_code == 200
    after = client.get(f"/publicity?item=broadcast&period={week}").text
    assert f"{n - 1} / {n} 个村没有做" in after
    assert (after.count("cov-fill-1"), after.count("cov-fill-5")) == (n - 1, 1)
    other = client.get(f"/publicity?item=broadcast&period={told['periods'][-2]}").text
    assert f"{n} / {n} 个村没有做" in other
    assert client.get("/publicity?item=broadcast&period=2026-01-07").status_code == 400


def test_a_case_goes_from_plan_to_closing(ask: Ask, web: Web, clean: None) -> None:
    home = web.town.households["H1"]
    made = ask("supervisor", "POST", f"/households/{home}/hardship", data=CASE)
    assert made.status_code == 303
    case = made.headers["Location"]
    revision = {"revision": "1"}
    planned = {**CASE, **revision, "measure": "对接医疗救助", "responsible": "测试干部", "due_on": str(today())}
    assert ask("supervisor", "POST", case, data=planned).status_code == 303
    stale = ask("supervisor", "POST", case, data=planned)
    assert stale.status_code == 422
    assert "别人刚改过" in stale.text
    without = ask("supervisor", "POST", case, data={**planned, "revision": "2", "closed_on": str(today())})
    assert without.status_code == 422
    closed = {**planned, "revision": "2", "closed_on": str(today()), "result": "救助金已到账"}
    assert ask("supervisor", "POST", case, data=closed).status_code == 303
    listed = ask("leader", "GET", "/hardship?state=closed").text
    assert case in listed
    assert "手术后负债" not in listed
    with Session(web.owner) as session:
        acts = session.scalars(text("select act from audit where object_kind = 'hardship_case' order by id")).all()
    assert [act for act in acts if act != "hardship_read"][-3:] == [
        "hardship_add",
        "hardship_change",
        "hardship_change",
    ]


def test_one_household_has_one_open_case(ask: Ask, web: Web, clean: None) -> None:
    home = web.town.households["H1"]
    assert ask("supervisor", "POST", f"/households/{home}/hardship", data=CASE).status_code == 303
    again = ask("supervisor", "POST", f"/households/{home}/hardship", data=CASE)
    assert again.status_code == 422
    with Session(web.owner) as session:
        assert session.scalar(text("select count(*) from hardship_case")) == 1


@pytest.mark.parametrize("change", [{"cause": "bad luck"}, {"situation": " "}, {"due_on": "soon"}])
def test_a_case_that_lacks_something_is_refused_beside_its_field(
    ask: Ask, web: Web, clean: None, change: dict[str, str]
) -> None:
    answer = ask("supervisor", "POST", f"/households/{web.town.households['H1']}/hardship", data={**CASE, **change})
    assert answer.status_code == 422
    assert f'href="#{next(iter(change))}"' in answer.text


def test_hardship_is_for_supervisors_and_leaders_of_the_place(ask: Ask, web: Web, clean: None) -> None:
    home = web.town.households["H1"]
    case = ask("supervisor", "POST", f"/households/{home}/hardship", data=CASE).headers["Location"]
    assert "手术后负债" in ask("leader", "GET", case).text
    assert ask("inspector", "GET", case).status_code == 403
    assert ask("admin", "GET", case).status_code == 403
    assert ask("outsider", "GET", case).status_code == 404
    assert ask("leader", "POST", case, data=CASE).status_code == 403
    with Session(web.owner) as session:
        read = session.scalars(
            text("select account_id from audit where act = 'hardship_read' order by id desc limit 1")
        ).one()
    assert read == web.accounts["leader"]
