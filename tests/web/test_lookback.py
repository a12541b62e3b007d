"""The pages of look-backs and findings: what each role sees and may do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.factory import create_app
from tests.township import VILLAGES, add_visit
from tests.web.conftest import Web, commit_web

SCORED = """jsonb_build_object('scoring', jsonb_build_object('start', 1000, 'talk_at', 1), 'score',
    jsonb_build_array(jsonb_build_object('key', 'false_visit', 'points', 1)))"""


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    made = commit_web("fangtu_test_lookback")
    with Session(made.owner) as session, session.begin():
        for name in ("H2", "H4", "H5"):
            add_visit(session, made.town, f"again-{name}", name)
        session.execute(text(f"update campaign set plan = plan || {SCORED}"))
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def app(web: Web) -> Flask:
    made = create_app(web.settings)
    made.config["TESTING"] = True
    return made


@pytest.fixture
def ask(app: Flask, web: Web) -> Callable[[str], FlaskClient]:
    def client(name: str) -> FlaskClient:
        made = app.test_client()
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {web.tokens[name]}"
        return made

    return client


def test_a_look_back_from_its_draw_to_the_talk(ask: Callable[[str], FlaskClient]) -> None:
    drawn = ask("supervisor").post("/api/v1/lookbacks", json={"coverage": 0.8, "error": 0.2, "seed": "web"}).json
    first = drawn["villages"][0]
    assert (drawn["coverage"], drawn["seed"], first["code"], first["state"]) == (0.8, "web", VILLAGES[0], "going_on")
    place = f"/api/v1/lookbacks/{drawn['id']}/villages/{VILLAGES[0]}"
    picks = ask("inspector").get(place).json["picks"]
    assert [pick["no"] for pick in picks] == [1, 2, 3, 4, 5]
    assert picks[0]["visitors"] == "测试员"
    # A leader sees no names; an inspector greets people by theirs.
    assert all("*" in pick["head_name"] for pick in ask("leader").get(place).json["picks"])
    assert not any("*" in pick["head_name"] for pick in picks)
    for account in ("inspector_two", "outsider"):
        assert ask(account).get(place).status_code == 404
    told = {"result": "not_visited", "mode": "home"}
    pick = f"/api/v1/lookback-picks/{picks[0]['id']}"
    assert ask("leader").post(pick, json=told).status_code == 403
    assert ask("inspector_two").post(pick, json=told).status_code == 404
    assert ask("inspector").post(pick, json={**told, "looked_by": "测试员"}).status_code == 422
    assert ask("inspector").post(pick, json={**told, "mode": "letter"}).status_code == 400
    assert ask("inspector").post(pick, json=told).json == {"id": picks[0]["id"], "result": "not_visited", "tries": 0}
    page = ask("supervisor").get("/findings").text
    assert "认定，走访裁定为虚假" in page
    assert ask("inspector_two").get("/api/v1/findings").json == {"villages": [], "findings": []}
    (found,) = ask("leader").get("/api/v1/findings").json["findings"]
    assert "*" in found["head_name"]
    finding = f"/api/v1/findings/{found['id']}"
    assert ask("inspector").post(finding, json={"act": "confirm", "words": "没有去过"}).status_code == 403
    assert ask("outsider").post(finding, json={"act": "confirm", "words": "没有去过"}).status_code == 404
    assert ask("supervisor").post(finding, json={"act": "confirm", "words": "假"}).status_code == 422
    settled = ask("supervisor").post(finding, json={"act": "confirm", "words": "没有去过"})
    assert settled.json == {"id": found["id"], "state": "confirmed"}
    assert ask("supervisor").post(finding, json={"act": "withdraw", "words": "撤回一下"}).status_code == 409
    (village,) = ask("leader").get("/api/v1/findings").json["villages"]
    assert (village["left"], village["talk"]) == (999.0, True)
    assert "应约谈" in ask("leader").get("/findings").text


def test_a_look_back_without_hope_is_better_stopped(ask: Callable[[str], FlaskClient]) -> None:
    wanted = {"coverage": 0.6, "error": 0.2, "seed": "plan"}
    for broken in ({"power": 1}, {"reckoned": -0.1}, {"power": "much"}):
        assert ask("supervisor").post("/api/v1/lookbacks", json={**wanted, **broken}).status_code == 400
    drawn = ask("supervisor").post("/api/v1/lookbacks", json={**wanted, "reckoned": 0, "power": 0.5}).json
    assert (drawn["reckoned"], drawn["power"]) == (0, 0.5)
    place = f"/api/v1/lookbacks/{drawn['id']}/villages/{VILLAGES[0]}"
    (first, *_others) = ask("inspector").get(place).json["picks"]
    told = {"result": "untrue", "mode": "home", "looked_by": "村外的人"}
    assert ask("inspector").post(f"/api/v1/lookback-picks/{first['id']}", json=told).status_code == 200
    village = ask("inspector").get(place).json["village"]
    assert (village["state"], village["asked"], village["still"]) == ("stopped", 1, 3)
    assert "1 个建议停止。" in ask("supervisor").get("/lookback").text
    page = ask("leader").get(f"/lookback/{VILLAGES[0]}").text
    assert "已看 1 户，其中 1 户不属实" in page
    assert "至少再看 3 户" in page


def test_results_are_recorded_from_the_page(ask: Callable[[str], FlaskClient]) -> None:
    client = ask("supervisor")
    assert client.post("/lookback", data={"coverage": "80", "error": "20"}).status_code == 302
    assert client.post("/lookback", data={"coverage": "x", "error": "20"}).status_code == 400
    assert "测试1村" in client.get("/lookback").text
    page = client.get(f"/lookback/{VILLAGES[0]}").text
    paper = re.findall('<span class="lookback-paper">(.*?)</span>', page)
    assert paper
    assert all("*" in name for name in paper)
    form = next(part.split('"')[0] for part in page.split('action="') if part.startswith("/lookback/picks/"))
    assert client.post(form, data={"result": "confirmed", "mode": "home"}).status_code == 302
    after = client.get(f"/lookback/{VILLAGES[0]}").text
    assert after.count('class="tag tag-ok"') == 1
    # Nobody is shown who lives elsewhere, and no reader gets a form.
    assert "吴测六" not in ask("inspector").get("/lookback").text
    assert "<form" not in ask("leader").get(f"/lookback/{VILLAGES[0]}").text.split("<main", 1)[1]
    assert ask("leader").get("/lookback/990909909909").status_code == 404


def test_a_supervisor_writes_a_finding_down_by_hand_and_of_a_false_visit(
    ask: Callable[[str], FlaskClient], web: Web
) -> None:
    client = ask("supervisor")
    with Session(web.owner) as session:
        no, home = session.execute(text("select no, household_id from visit where natural_key = 'test:again-H5'")).one()
    page = client.get(f"/findings?kind=false_visit&visit={no}&household=H5").text
    assert f'name="visit" value="{no}"' in page
    wanted = {"kind": "false_visit", "remark": "住户说没人来过", "visit": no}
    for account in ("inspector", "leader"):
        assert ask(account).post("/api/v1/findings", json=wanted).status_code == 403
    assert ask("outsider").post("/api/v1/findings", json=wanted).status_code == 404
    made = client.post("/api/v1/findings", json=wanted)
    assert made.status_code == 200, made.json
    assert client.post("/api/v1/findings", json=wanted).json["error"] == "finding_refused"  # once for each visit
    rows = {row["id"]: row for row in ask("leader").get("/api/v1/findings").json["findings"]}
    found = rows[made.json["id"]]
    assert (found["source"], found["state"], found["visit_no"], found["household_id"], found["points"]) == (
        "person", "open", no, home, 1.0,
    )  # fmt: skip
    # By hand at a household, with points and a clause of its own.
    form = {"kind": "untrue_record", "household": "H4", "remark": "记录与实际不符", "points": "2.5", "clause": "第九条"}
    assert client.post("/findings", data=form).status_code == 302
    hand = next(row for row in client.get("/api/v1/findings").json["findings"] if row["clause"] == "第九条")
    assert (hand["household_code"], hand["points"], hand["kind"]) == ("H4", 2.5, "untrue_record")
    for wrong in ({"kind": "no_such"}, {"household": "H99"}, {"remark": "短"}, {"points": 1001}, {"household": ""}):
        body = {"kind": "untrue_record", "household": "H4", "remark": "记录与实际不符", **wrong}
        assert client.post("/api/v1/findings", json=body).status_code == 422, wrong
    for wrong in ({"visit": "x"}, {"points": "nan"}, {"kind": 3}):
        assert client.post("/api/v1/findings", json={**wanted, **wrong}).status_code == 400, wrong


def test_a_month_is_reported_village_by_village(ask: Callable[[str], FlaskClient], web: Web) -> None:
    """Two looks of October, one of them not reached, one of the first minute of November; the last village has none."""
    client = ask("supervisor")
    drawn = client.post("/api/v1/lookbacks", json={"coverage": 0.8, "error": 0.2, "seed": "month"}).json
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("""
                with numbered as (
                    select id, row_number() over (order by id) as n from lookback_pick
                     where lookback_id = :id and village_id = (select id from area where code = :code))
                update lookback_pick p set mode = 'phone',
                       result = (array['confirmed', 'not_reached', 'untrue'])[n.n],
                       satisfied = (array[true, null, false])[n.n],
                       looked_at = (array['2024-10-01 00:00+08', '2024-10-31 23:59+08',
                                          '2024-11-01 00:00+08'])[n.n]::timestamptz
                  from numbered n where n.id = p.id and n.n <= 3"""),
            {"id": drawn["id"], "code": VILLAGES[0]},
        )
    told = client.get("/api/v1/lookback-report?month=2024-10").json
    assert (told["month"], told["months"][-2:]) == ("2024-10", ["2024-11", "2024-10"])
    villages = {one["code"]: one for one in told["villages"]}
    one = villages[VILLAGES[0]]
    assert told["villages"][0] == one, "those with a rate come before those with none"
    assert (one["looked"], one["confirmed"], one["not_reached"], one["judged"], one["true_ratio"]) == (2, 1, 1, 1, 1.0)
    assert (one["satisfied"], one["answered"], one["satisfied_ratio"]) == (1, 1, 1.0)
    others = [villages[code] for code in villages if code != VILLAGES[0]]
    assert all((other["looked"], other["true_ratio"]) == (0, None) for other in others)
    assert (told["total"]["looked"], told["total"]["code"]) == (2, None)
    november = client.get("/api/v1/lookback-report?month=2024-11").json["total"]
    assert (november["looked"], november["untrue"], november["true_ratio"]) == (1, 1, 0.0)
    page = client.get("/lookback/report?month=2024-10").text
    assert "回头看 2 户次，有结论的 1 户次中属实 1；没有走访 0，内容不实 0，没联系上 1。" in page
    assert "2024-12 没有回头看" in client.get("/lookback/report?month=2024-12").text
    assert client.get("/lookback/report?month=2024-13").status_code == 400
    # Whoever has another village alone is told of no look and of no month of this one.
    other = ask("inspector_two").get("/api/v1/lookback-report?month=2024-10").json
    assert (other["total"]["looked"], VILLAGES[0] in {one["code"] for one in other["villages"]}) == (0, False)
    assert not {"2024-10", "2024-11"} & set(other["months"])
