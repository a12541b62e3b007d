"""Renovations as JSON: totals by role, gates step by step, batches; odd input refused in words."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from data.renovation.funds import add_funding, entitle
from data.renovation.payments import list_sites
from data.sealing import load_sealer
from tests.renovation import DAY, YEAR, new_site, settle
from tests.township import TOWNSHIP, VILLAGES
from tests.web.conftest import ELSEWHERE, Web

Ask = Callable[..., TestResponse]


@pytest.fixture(scope="module")
def sites(web: Web) -> dict[str, int]:
    """H2 before comparison, H3 accepted and entitled; 10,000 yuan received."""
    with Session(web.owner) as session, session.begin():
        settle(session, web.town, load_sealer(web.settings.key_file))
        made = {
            "early": new_site(session, web.town, "H2", "appraised"),
            "due": new_site(session, web.town, "H3", "accepted"),
        }
        entitle(session, None, made["due"])
        add_funding(
            session, None, area_id=web.town.areas[TOWNSHIP], year=YEAR, source="county", fen=10_000_00, received_on=DAY
        )
    return made


@pytest.fixture
def ask(app: Flask, web: Web) -> Ask:
    def send(who: str, method: str, path: str, body: Any = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {web.tokens[who]}"}
        return app.test_client().open(path, method=method, json=body, headers=headers)

    return send


def test_totals_are_those_of_the_own_area_and_money_is_not_for_inspectors(ask: Ask, sites: dict[str, int]) -> None:
    found = ask("supervisor", "GET", f"/api/v1/houses/totals?year={YEAR}").json
    assert found["sites"]["total"] == 2
    assert found["money"]["received"] == 10_000_00
    assert found["money"]["entitled"] == 21_000_00
    assert found["payment"]["waiting"] == 1
    seen = ask("inspector", "GET", f"/api/v1/houses/totals?year={YEAR}").json
    assert (seen["sites"]["total"], seen["money"], seen["payment"]) == (2, None, None)
    assert ask("outsider", "GET", f"/api/v1/houses/totals?area={TOWNSHIP}").status_code == 404
    assert (
        ask("inspector_two", "GET", f"/api/v1/houses/totals?area={VILLAGES[1]}&year={YEAR}").json["sites"]["total"] == 0
    )
    assert ask("supervisor", "GET", "/api/v1/houses/totals?year=20x6").status_code == 422


def test_a_gate_is_passed_once_by_those_who_may(ask: Ask, sites: dict[str, int]) -> None:
    path, uid = f"/api/v1/sites/{sites['early']}/gates", str(uuid.uuid4())
    body = {"gate": "compared", "on": DAY.isoformat(), "uid": uid}
    assert ask("inspector", "POST", path, body).status_code == 403
    assert ask("leader", "POST", path, body).status_code == 403
    assert ask("outsider", "POST", path, body).status_code == 404
    first = ask("supervisor", "POST", path, body)
    assert (first.status_code, first.json["stage"]) == (200, "compared")
    assert ask("supervisor", "POST", path, body).json == first.json
    skipped = ask("supervisor", "POST", path, {"gate": "accepted"})
    assert (skipped.status_code, skipped.json["error"]) == (422, "renovation_unfit")
    assert "评议公示" in skipped.json["message"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"gate": 5},
        {"gate": "nowhere"},
        {"gate": "reviewed", "on": "yesterday"},
        {"gate": "reviewed", "on": 7},
        {"gate": "reviewed", "uid": "x"},
        {"gate": "reviewed", "note": ["a"]},
        {"gate": "reviewed", "household_present": "yes"},
        {"gate": "reviewed", "revision": True},
        {"gate": "reviewed", "revision": 10**30},
    ],
)
def test_an_odd_step_is_refused_and_leaves_nothing(ask: Ask, sites: dict[str, int], web: Web, body: Any) -> None:
    def acts() -> int:
        with Session(web.owner) as session:
            return session.scalar(text("select count(*) from site_gate")) or 0

    before = acts()
    answer = ask("supervisor", "POST", f"/api/v1/sites/{sites['early']}/gates", body)
    assert answer.status_code == 422
    assert acts() == before


def test_a_batch_lists_what_waits_and_says_what_does_not(ask: Ask, sites: dict[str, int]) -> None:
    body = {"area": TOWNSHIP, "year": YEAR, "name": "三月批", "sites": [sites["due"], sites["early"]]}
    assert ask("leader", "POST", "/api/v1/payment-batches", body).status_code == 403
    assert ask("supervisor", "POST", "/api/v1/payment-batches", body | {"area": ELSEWHERE}).status_code == 404
    for odd in ({"sites": "all"}, {"sites": [None]}, {"year": "2026"}, {"name": ""}, {"year": 1}):
        assert ask("supervisor", "POST", "/api/v1/payment-batches", body | odd).status_code == 422
    made = ask("supervisor", "POST", "/api/v1/payment-batches", body).json
    assert (made["batch"]["lines"], made["batch"]["fen"]) == (1, 21_000_00)
    assert [one["site"] for one in made["left_out"]] == [sites["early"]]
    again = ask("supervisor", "POST", "/api/v1/payment-batches", body)
    assert again.status_code == 422
    path = f"/api/v1/payment-batches/{made['batch']['id']}"
    shown = ask("leader", "GET", path).json
    assert [(line["site_id"], line["state"], line["head_name"]) for line in shown["lines"]] == [
        (sites["due"], "listed", "孙*三")
    ]
    assert ask("inspector", "GET", path).status_code == 403
    assert ask("outsider", "GET", path).status_code == 404
    assert ask("outsider", "GET", "/api/v1/payment-batches").json == {"batches": []}
    assert [one["id"] for one in ask("admin", "GET", f"/api/v1/payment-batches?year={YEAR}").json["batches"]] == [
        made["batch"]["id"]
    ]


def test_the_bank_file_and_its_return_by_programs(app: Flask, ask: Ask, sites: dict[str, int], web: Web) -> None:
    body = {"area": TOWNSHIP, "year": YEAR, "name": "四月批", "sites": []}
    made = ask("supervisor", "POST", "/api/v1/payment-batches", body).json["batch"]["id"]
    with Session(web.owner) as session, session.begin():
        session.execute(text("update payment set state = 'cancelled' where state = 'listed'"))
        list_sites(session, None, made, [sites["due"]])
    path = f"/api/v1/payment-batches/{made}"
    wanted = {"format": "csv", "reason": "四月批报盘"}
    for who in ("leader", "admin", "inspector"):
        assert ask(who, "POST", f"{path}/file", wanted).status_code == 403
    assert ask("outsider", "POST", f"{path}/file", wanted).status_code == 404
    for odd in ({"format": "exe"}, {"reason": "x"}, {"format": 5}):
        assert ask("supervisor", "POST", f"{path}/file", wanted | odd).status_code == 422
    sent = ask("supervisor", "POST", f"{path}/file", wanted)
    assert sent.status_code == 200
    assert f"{made}-0001" in sent.data.decode("utf-8-sig")

    def book(content: bytes, name: str = "回盘.csv") -> TestResponse:
        return app.test_client().post(
            f"{path}/returns",
            data={"return_file": (io.BytesIO(content), name)},
            headers={"Authorization": f"Bearer {web.tokens['supervisor']}"},
        )

    assert book("姓名,村\n甲,乙\n".encode()).status_code == 422
    assert book(b"\x00\x01\x02", "回盘.xlsx").status_code == 422
    content = f"明细号,金额,处理结果\n{made}-0001,21000.00,成功\n1-9999,5,成功\n".encode()
    found = book(content).json
    assert (found["counts"], found["paid"], found["left"]) == ({"paid": 1, "unknown": 1, "rows": 2}, 21_000_00, 0)
    assert book(content).json["again"]
    assert ask("supervisor", "GET", "/api/v1/houses/totals?year=2026").json["money"]["paid"] == 21_000_00


def test_the_ranking_shows_numerator_and_denominator_and_is_not_for_inspectors(ask: Ask, sites: dict[str, int]) -> None:
    page = ask("leader", "GET", f"/sites/ranking?year={YEAR}&by=village").text
    assert "已验收 1/2" in page
    assert "50.0%" in page
    assert "没有改造任务" not in page
    assert "还没有改造任务" in ask("outsider", "GET", f"/sites/ranking?year={YEAR}").text
    assert ask("inspector", "GET", "/sites/ranking").status_code == 403
