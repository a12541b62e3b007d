"""The plan of a year on its page: sent, looked at, taken over, replaced, and what is done of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.renovation import new_site
from tests.township import TOWNSHIP
from tests.web.conftest import Web

Ask = Callable[..., TestResponse]
HEAD = "序号,乡镇、街道,C级户数,C级补助资金(万元),D级户数,D级补助资金(万元),总户数,总补助资金(万元)\n"
GOOD = HEAD + "1,测试镇,2,1.5,1,2.1,3,3.6\n2,邻镇,,,2,4.2,2,4.2\n合计,合计,2,1.5,3,6.3,5,7.8\n"


@pytest.fixture
def ask(app: Flask, web: Web) -> Ask:
    def send(who: str, method: str, path: str, table: str | None = None, **form: object) -> TestResponse:
        data: dict[str, object] = dict(form)
        if table is not None:
            data["plan_file"] = (io.BytesIO(table.encode("utf-8-sig")), "计划.csv")
        headers = {"Authorization": f"Bearer {web.tokens[who]}"}
        return app.test_client().open(path, method=method, data=data or None, headers=headers)

    return send


@pytest.fixture(autouse=True)
def clean(web: Web) -> Iterator[None]:
    yield
    with Session(web.owner) as session, session.begin():
        session.execute(text("delete from renovation_plan"))
        session.execute(text("delete from renovation_plan_version"))


def states(web: Web) -> list[tuple[str, int]]:
    with Session(web.owner) as session:
        rows = session.execute(text("select state, households from renovation_plan_version order by id"))
        return [(row.state, row.households) for row in rows]


def send(ask: Ask, web: Web, table: str, **more: object) -> TestResponse:
    given = {"area_id": web.town.areas[TOWNSHIP], "year": 2026, "name": "2026 年计划", **more}
    return ask("supervisor", "POST", "/money/plan", table, **given)


def test_a_plan_is_shown_then_taken_over_and_the_one_before_stays(ask: Ask, web: Web) -> None:
    with Session(web.owner) as session, session.begin():
        new_site(session, web.town, "H2")
    draft = send(ask, web, GOOD)
    assert draft.status_code == 303, draft.text
    shown = ask("supervisor", "GET", draft.headers["Location"]).text
    assert "2 个单位，5 户，7.80 万元" in shown
    assert "1 个单位不是本辖区的乡镇" in shown
    assert states(web) == [("draft", 5)]
    assert "还没有年度计划" in ask("supervisor", "GET", "/money/plan?year=2026").text, "a draft is no plan"
    assert ask("supervisor", "POST", f"{draft.headers['Location']}/apply").status_code == 303
    page = ask("leader", "GET", "/money/plan?year=2026").text
    assert "计划 5 户、7.80 万元" in page
    assert "1/3" in page, "one renovation of the three that are planned in the township"
    again = send(ask, web, HEAD + "1,测试镇,1,0.75,,,1,0.75\n")
    assert ask("supervisor", "POST", f"{again.headers['Location']}/apply").status_code == 303
    assert states(web) == [("replaced", 5), ("applied", 1)]
    # Neither is changed any more.
    assert ask("supervisor", "POST", f"{draft.headers['Location']}/apply").status_code == 422
    assert ask("supervisor", "POST", f"{again.headers['Location']}/drop").status_code == 422
    with Session(web.owner) as session:
        assert session.scalar(text("select sum(households) from renovation_plan_line")) == 1


def test_every_fault_of_a_table_is_said_and_nothing_is_kept(ask: Ask, web: Web) -> None:
    answer = send(ask, web, HEAD + "1,测试镇,两户,1.5,1,2.1,3,3.6\n2,邻镇,,,2,4.2,3,4.2\n3,邻镇,1,0.75,,,1,0.75\n")
    assert answer.status_code == 422
    for words in ("文件有 3 处问题", "“两户”读不懂", "合计为 3，各项相加是 2", "“邻镇”在第 3 行已有"):
        assert words in answer.text, words
    assert send(ask, web, "甲,乙\n1,2\n").status_code == 422
    assert send(ask, web, GOOD, year="20").status_code == 422
    assert send(ask, web, GOOD, pay_within_days="0").status_code == 422
    assert states(web) == []


def test_a_plan_is_for_those_who_answer_for_the_area(ask: Ask, web: Web) -> None:
    made = send(ask, web, GOOD).headers["Location"]
    assert ask("inspector", "GET", made).status_code == 403
    assert ask("outsider", "GET", made).status_code in (403, 404)
    assert ask("leader", "POST", f"{made}/apply").status_code == 403
    assert ask("supervisor", "POST", f"{made}/drop").status_code == 303
    assert states(web) == [("dropped", 5)]
