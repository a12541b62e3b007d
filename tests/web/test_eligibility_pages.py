"""Who may get help on the screen and as JSON: lists, the ledger, exclusions and the step that needs a reason."""

from __future__ import annotations

import io

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from data.made_files import lists_on_their_way
from data.sealing import load_sealer
from data.worker import Worker
from tests.lists import identify, list_bytes, number_of
from tests.renovation import new_site
from tests.township import TOWNSHIP
from tests.web.conftest import Web
from tests.web.test_renovation_pages import Hand

ROWS = [
    ("赵测一", number_of(1), "测试1村", "农村低保户", ""),
    ("钱测二", number_of(2), "测试1村", "低保边缘家庭", ""),
    ("=外来人", number_of(40), "测试1村", "低保", ""),
    ("孙测三", "", "测试1村", "低保", ""),
]


@pytest.fixture(scope="module", autouse=True)
def _known(web: Web) -> None:
    with Session(web.owner) as session, session.begin():
        groups = dict.fromkeys(("H1", "H2", "H3", "H4", "H6"), "minimum_living")
        identify(session, web.town, load_sealer(web.settings.key_file), groups)


@pytest.fixture
def hand(app: Flask, web: Web) -> Hand:
    return Hand(app, web)


def send(hand: Hand, path: str, rows: list[tuple[str, ...]], **values: object) -> TestResponse:
    form = {"office": "civil_affairs", "on_day": "2026-05-01", **values}
    form["list_file"] = (io.BytesIO(list_bytes(rows)), "民政名单.csv")
    return hand.client.post(path, headers=hand.headers, data=form, content_type="multipart/form-data")


def test_a_list_is_sent_and_every_row_is_told(hand: Hand, web: Web, app: Flask) -> None:
    area = web.town.areas[TOWNSHIP]
    refused = send(hand, "/eligibility/lists", ROWS, area_id=area, on_day="2999-01-01")
    assert refused.status_code == 422
    assert "在今天之后" in refused.text, refused.text
    answer = send(hand, "/eligibility/lists", ROWS, area_id=area)
    assert answer.status_code == 303, answer.text
    result = answer.headers["Location"]
    told = hand.read(result)
    for words in (
        "类别不同 1",
        "名单有，本系统无 1",
        "按姓名和村对上，待确认 1",
        "本系统有，名单无 2",
        "一致 1（1/4）",
    ):
        assert words in told
    assert number_of(40) not in told
    assert "370725************" in told
    # The same file again is the same list; a leader reads names masked and sends nothing.
    assert send(hand, "/eligibility/lists", ROWS, area_id=area).headers["Location"] == result
    leader = Hand(app, web, "leader")
    assert "赵*一" not in leader.read(result)  # it agrees: nothing to look at
    assert "钱*二" in leader.read(result)
    assert "钱测二" not in leader.read(result)
    assert send(leader, "/eligibility/lists", ROWS, area_id=area).status_code == 403
    assert Hand(app, web, "inspector").get(result).status_code == 403
    ledger = hand.read("/eligibility")
    assert "与名单不符" in ledger
    assert hand.get("/eligibility?verdict=eligible").text.count('data-label="理由"') == 1
    assert hand.get("/eligibility?verdict=perhaps").status_code == 400
    book = openpyxl.load_workbook(io.BytesIO(hand.get("/eligibility.xlsx?verdict=contradicted").data))
    rows = list(book.active.iter_rows(min_row=2, values_only=True))  # type: ignore[union-attr]
    assert {row[1] for row in rows} >= {"钱*二"}
    assert all(row[5] == "与名单不符" for row in rows)
    with Session(web.owner) as session:
        waiting = session.scalar(text("select id from aid_list_row where outcome = 'to_confirm'"))
        key = session.scalar(text("select max(id) from aid_list"))
        assert session.scalar(text("select count(*) from audit where act = 'list_compare'")) == 1
    assert hand.post(f"{result}/rows/{waiting}/confirm").status_code == 303
    assert hand.post(f"{result}/rows/{waiting}/confirm").status_code == 422
    found = hand.get(f"/api/v1/aid-lists/{key}?outcome=absent").json
    assert found is not None
    assert [(row["no"], row["outcome"]) for row in found["rows"]] == [(4, "absent")]
    one = hand.get(f"/api/v1/households/{web.town.households['H3']}/eligibility").json
    assert one is not None
    assert (one["verdict"], one["source"]["list"]) == ("eligible", key)
    assert hand.post(f"{result}/withdraw", reason="").status_code == 422
    assert hand.post(f"{result}/withdraw", reason="测试撤回").status_code == 303
    assert "测试撤回" in hand.read(result)


def test_a_program_sends_a_list(hand: Hand) -> None:
    answer = send(hand, "/api/v1/aid-lists", ROWS[:1], area=TOWNSHIP, on_day="2026-04-01")
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert answer.json["counts"]["agrees"] == 1
    wrong = send(hand, "/api/v1/aid-lists", ROWS[:1], area=TOWNSHIP, office="nobody")
    assert wrong.status_code == 422


def test_an_excluded_household_is_shown_and_its_step_needs_a_reason(hand: Hand, web: Web, app: Flask) -> None:
    home = web.town.households["H4"]
    with Session(web.owner) as session, session.begin():
        site = new_site(session, web.town, "H4", "appraised")
    path = f"/households/{home}"
    assert hand.post(f"{path}/exclusions", kind="second_house", evidence="").status_code == 303
    assert "不予享受" not in hand.read(f"/sites/{site}")
    hand.post(f"{path}/exclusions", kind="second_house", evidence="不动产登记")
    assert "另有安全住房" in hand.read(path)
    assert "仍予通过的理由" in hand.read(f"/sites/{site}")
    refused = hand.post(f"/sites/{site}/advance", gate="compared", on_day="2026-05-02")
    assert refused.status_code == 422
    assert "另有安全住房" in refused.text
    assert Hand(app, web, "inspector").post(f"{path}/exclusions", kind="other", evidence="依据").status_code == 403
    checked = hand.post(f"/sites/{site}/check", name="appraisal", responsible="鉴定员乙", reason="")
    assert checked.status_code == 303
    assert "责任人：鉴定员乙" in hand.read(f"/sites/{site}")
    passed = hand.post(f"/sites/{site}/advance", gate="compared", on_day="2026-05-02", override="已核实，该房已倒塌")
    assert passed.status_code == 303
    assert "已核实，该房已倒塌" in hand.read(f"/sites/{site}")
    with Session(web.owner) as session:
        key = session.scalar(text("select id from exclusion where household_id = :id"), {"id": home})
    assert hand.post(f"{path}/exclusions/{key}/lift", reason="已拆除").status_code == 303
    page = hand.read(path)
    assert "解除原因：已拆除" in page


def test_a_long_list_is_compared_in_the_background(
    hand: Hand, web: Web, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.eligibility_lists.AT_ONCE_BYTES", 10)
    area = web.town.areas[TOWNSHIP]
    assert send(hand, "/eligibility/lists", ROWS, area_id=area, on_day="2999-01-01").status_code == 422
    answer = send(hand, "/eligibility/lists", ROWS, area_id=area, on_day="2026-04-02")
    assert answer.status_code == 303, answer.text
    where = answer.headers["Location"]
    assert "data-job" in hand.get(where).text
    files = web.settings.var / "uploads"
    kept = [path for path in files.glob("*") if where.rpartition("/")[2] not in path.name]
    assert kept
    # A second one waits, and nothing of it is kept.
    again = send(hand, "/eligibility/lists", ROWS, area_id=area, on_day="2026-04-03")
    assert again.status_code == 409
    assert "上一步还在进行" in again.text
    Worker(web.settings).run(until_idle=True)
    told = hand.get(where).text
    assert "名单已保存并比对，共 4 行" in told, told
    result = f"/eligibility/lists/{told.partition('/eligibility/lists/')[2].partition(chr(34))[0]}"
    assert "类别不同 1" in hand.read(result)
    assert [path.name for path in files.glob("*")] == []
    with Session(web.owner) as session:
        acts = session.scalars(
            text("select actor from audit where act = 'list_compare' order by id desc limit 1")
        ).all()
    assert acts != ["system"]


def test_a_cancelled_comparison_keeps_nothing(
    hand: Hand, web: Web, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.eligibility_lists.AT_ONCE_BYTES", 10)
    answer = send(hand, "/eligibility/lists", ROWS, area_id=web.town.areas[TOWNSHIP], on_day="2026-03-02")
    where = answer.headers["Location"]
    number = where.rpartition("/")[2]
    assert hand.client.post(f"/api/v1/jobs/{number}/cancel", headers=hand.headers).status_code == 200
    Worker(web.settings).run(until_idle=True)
    assert "没有留下文件或名单" in hand.get(where).text
    with Session(web.owner) as session:
        assert session.scalar(text("select count(*) from aid_list where on_day = '2026-03-02'")) == 0
        assert lists_on_their_way(session.connection()) == set()
