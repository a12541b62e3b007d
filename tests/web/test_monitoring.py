"""Monitoring and petitions on the screen, as files and for programs: by the forms a person fills in."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from data.local_time import today
from tests.township import TOWNSHIP
from tests.web.conftest import Web


class Hand:
    """One account at the pages, by a token instead of a cookie."""

    def __init__(self, app: Flask, web: Web, account: str = "supervisor") -> None:
        self.client = app.test_client()
        self.headers = {"Authorization": f"Bearer {web.tokens[account]}"}

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=self.headers)

    def post(self, path: str, **values: object) -> TestResponse:
        return self.client.post(path, headers=self.headers, data=values)

    def send(self, path: str, body: dict[str, object]) -> TestResponse:
        return self.client.post(path, headers=self.headers, json=body)


@pytest.fixture(autouse=True)
def poor(web: Web) -> None:
    """Two households of village 001 and one of 002 are monitored; nothing was done yet."""
    with Session(web.owner) as session, session.begin():
        for table in ("housing_status", "monitoring_act", "monitored", "monitoring_round", "petition"):
            session.execute(text(f"delete from {table}"))
        session.execute(text("update household set aid_group = null"))
        session.execute(
            text("update household set aid_group = 'margin' where id = any (:ids)"),
            {"ids": [web.town.households[home] for home in ("H1", "H2", "H6")]},
        )


def opened(hand: Hand) -> int:
    answer = hand.post("/monitoring", area=TOWNSHIP, month=f"{today():%Y-%m}")
    assert answer.status_code == 303, answer.text
    return int(re.findall(r"round=(\d+)", answer.headers["Location"])[0])


def test_a_round_is_opened_checked_and_counted_the_same_everywhere(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    made = opened(hand)
    told = hand.get(f"/api/v1/monitoring/{made}").json
    assert (told["all"]["total"], told["all"]["checked"]) == (3, 0)
    first = next(row for row in told["households"] if row["household_code"] == "H1")
    answer = hand.post(f"/monitoring/{made}/acts", id=first["id"], act="checked_safe")
    assert answer.status_code == 303
    assert "1/3" in hand.get(f"/monitoring?round={made}").text
    book = openpyxl.load_workbook(io.BytesIO(hand.get(f"/monitoring/{made}.xlsx").data))
    rows = list(book["监测汇总"].iter_rows(min_row=4, values_only=True))
    assert [row[1:3] for row in rows] == [(2, 1), (1, 0), (3, 1)]
    names = [row[3] for row in book["监测对象明细"].iter_rows(min_row=4, values_only=True)]
    assert names
    assert all("*" in str(name) for name in names)
    areas = hand.get(f"/map/monitoring.json?by=village&monitoring={made}").json["features"]
    assert [(area["properties"]["visited"], area["properties"]["eligible"]) for area in areas] == [
        (1, 2),
        (0, 1),
        (0, 0),
    ]
    assert areas[2]["properties"]["ratio"] is None


def test_programs_act_and_are_told_who_was_left_out(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    made = hand.send("/api/v1/monitoring", {"area": TOWNSHIP, "month": f"{today():%Y-%m}"}).json["round"]["id"]
    ids = [row["id"] for row in hand.get(f"/api/v1/monitoring/{made}").json["households"]]
    assert hand.send(f"/api/v1/monitoring/{made}/acts", {"ids": ids, "act": "reported"}).status_code == 422
    told = hand.send(f"/api/v1/monitoring/{made}/acts", {"ids": ids[:1], "act": "reported", "reason": "墙裂"}).json
    assert told == {"moved": 1, "left_out": []}
    told = hand.send(f"/api/v1/monitoring/{made}/acts", {"ids": ids, "act": "checked_safe"}).json
    assert (told["moved"], [one["id"] for one in told["left_out"]]) == (2, ids[:1])


def test_an_inspector_sees_the_own_village_of_a_round_alone(app: Flask, web: Web) -> None:
    made = opened(Hand(app, web))
    told = Hand(app, web, "inspector").get(f"/api/v1/monitoring/{made}").json
    assert {row["household_code"] for row in told["households"]} == {"H1", "H2"}
    assert told["all"]["total"] == 2
    assert Hand(app, web, "outsider").get(f"/api/v1/monitoring/{made}").status_code == 404
    assert Hand(app, web, "inspector").get("/petitions").status_code == 403


def test_a_change_of_status_is_shown_with_its_reason(app: Flask, web: Web) -> None:
    hand, home = Hand(app, web), web.town.households["H2"]
    answer = hand.post(f"/households/{home}/housing-status", status="vacant", reason="外出务工<b>")
    assert answer.status_code == 303
    page = hand.get(f"/households/{home}").text
    assert "外出务工&lt;b&gt;" in page
    assert "房屋空置" in page
    with Session(web.owner) as session:
        house = session.scalar(text("select id from house where household_id = :id"), {"id": home})
    assert "外出务工" in hand.get(f"/houses/{house}").text


PETITION = {
    "received_on": "2026-05-04",
    "channel": "visit",
    "petitioner": "赵测试",
    "contact": "13912345678",
    "cause": "quality",
    "matter": "屋面漏雨",
    "unit": "镇村建中心",
}


def test_petitions_come_with_the_dissatisfied_first_and_contacts_sealed(app: Flask, web: Web) -> None:
    hand, home = Hand(app, web), web.town.households["H1"]
    plain = hand.post("/petitions", **PETITION, household=home)
    assert plain.status_code == 303, plain.text
    said = {"answer": "已返工", "answered_on": "2026-05-10"}
    for name, satisfaction in (("钱测试", "satisfied"), ("孙测试", "unsatisfied")):
        values = PETITION | said | {"petitioner": name, "satisfaction": satisfaction, "household": home}
        assert hand.post("/petitions", **values).status_code == 303
    page = hand.get("/petitions").text
    assert page.index("孙*试") < page.index("赵*试") < page.index("钱*试")
    one = hand.get(plain.headers["Location"]).text
    assert "139****5678" in one
    assert "13912345678" not in one
    file = hand.get("/petitions.csv").data.decode("utf-8-sig")
    assert "孙*试" in file
    assert "*5678" not in file
    assert "345678" not in file
    assert "屋面漏雨" not in Hand(app, web, "admin").get(f"/households/{home}").text
    with Session(web.owner) as session:
        sealed = session.scalars(text("select contact_sealed from petition")).all()
        acts = set(session.scalars(text("select act from audit where object_kind = 'petition'")))
    assert all(b"13912345678" not in bytes(one or b"") for one in sealed)
    assert {"petition_add", "petition_read", "export"} <= acts


@pytest.mark.parametrize(
    "change",
    [
        {"cause": "nothing"},
        {"unit": " "},
        {"received_on": "2999-01-01"},
        {"received_on": "gestern"},
        {"satisfaction": "satisfied"},
        {"answer": "已答复"},
        {"answer": "已答复", "answered_on": "2026-05-01"},
    ],
)
def test_a_petition_that_lacks_something_is_refused_with_what_was_typed(
    app: Flask, web: Web, change: dict[str, str]
) -> None:
    answer = Hand(app, web).post("/petitions", **(PETITION | change), household=web.town.households["H1"])
    assert answer.status_code == 422
    assert "屋面漏雨" in answer.text


def test_two_who_change_a_petition_do_not_overwrite_each_other(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    where = hand.post("/petitions", **PETITION, household=web.town.households["H1"]).headers["Location"]
    assert hand.post(where, **(PETITION | {"unit": "甲"}), revision=1).status_code == 303
    assert hand.post(where, **(PETITION | {"unit": "乙"}), revision=1).status_code == 422
