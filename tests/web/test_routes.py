"""Plans of routes from the form to the phone: made, solved by the worker, changed, given out, taken away."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.claims import ROUTES, claim_job
from data.db import app_engine, enter, rows_changed
from data.local_time import today
from data.route_plans.keeping import find_plan, load_plan
from data.route_plans.replanning import balance
from data.route_plans.solving import solve_plan
from data.worker import Worker
from geo.errors import Text
from geo.routing.reading import read_problem
from geo.routing.solve import solve as solve_problem
from geo.routing.verify import verify_plan
from tests.web.conftest import Web
from tests.web.field import DEVICE
from tests.web.sending import Sender

PHONE = str(uuid.UUID(int=7))
# A road past the doors of all households of the township that have a place.
_ROAD = """
    insert into road_edge (source, road_class, oneway, level, walk, ebike, car, length_m, geom, jur)
    select 'test', 'tertiary', 0, 0, true, true, true, st_length(line::geography), line, jur
      from (select st_setsrid(st_makeline(st_point(118.80, 36.4052), st_point(118.86, 36.4052)), 4326) as line) as road,
           (select jur from area where level = 'township' order by jur limit 1) as town"""


@pytest.fixture(autouse=True, scope="module")
def open_round(web: Web) -> None:
    """The round of the township lasts beyond today, whenever that is."""
    with Session(web.owner) as session, session.begin():
        session.execute(text("update round set ends_on = :day"), {"day": today() + timedelta(days=60)})


def form(**changes: Any) -> dict[str, Any]:
    """A form for two days from tomorrow."""
    days = [(today() + timedelta(days=at)).isoformat() for at in (1, 2)]
    return {"days": days, "households": {}, "rounds": 2, **changes}


def solve(web: Web) -> None:
    Worker(web.settings).run(until_idle=True)


def made(by: Sender, **changes: Any) -> int:
    """A solved plan."""
    answer = by.call("POST", "/api/v1/routes", json=form(**changes))
    assert answer.status_code == 200, answer.json
    solve(by.web)
    return int(answer.json["id"])


@pytest.fixture
def supervisor(app: Flask, web: Web) -> Sender:
    return Sender(app, web, "supervisor")


def test_a_plan_is_made_solved_and_read(web: Web, supervisor: Sender) -> None:
    plan = supervisor.call("GET", f"/api/v1/routes/{made(supervisor)}").json
    planned = {stop["household"] for route in plan["routes"] for stop in route["stops"]}
    left = {one["household"]: one["reason"] for one in plan["unplanned"]}
    # H1 and H3 are visited; H10 has no place.
    homes = web.town.households
    assert planned | set(left) == {homes[name] for name in ("H2", "H4", "H5", "H6", "H7", "H8", "H9", "H10")}
    assert left[homes["H10"]] == "no_place"
    assert planned >= {homes[name] for name in ("H2", "H4", "H5", "H6", "H7")}
    assert plan["state"] == "ready"
    assert plan["job"]["state"] == "done"


def change(by: Sender, plan: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    """What a change of a plan gives."""
    body = {"revision": plan["revision"], **wanted}
    answer = by.call("POST", f"/api/v1/routes/{plan['id']}/changes", json=body)
    assert answer.status_code == 200, answer.json
    return dict(answer.json)


def plan_of(by: Sender, key: int) -> dict[str, Any]:
    return dict(by.call("GET", f"/api/v1/routes/{key}").json)


def where(plan: dict[str, Any], household: int) -> tuple[int, int, int] | None:
    """Inspector, day and place in the order."""
    for route in plan["routes"]:
        for at, stop in enumerate(route["stops"]):
            if stop["household"] == household:
                return route["inspector"]["id"], route["day"], at
    return None


def test_a_change_tells_its_price_and_is_taken_back_and_made_again(web: Web, supervisor: Sender) -> None:
    plan = plan_of(supervisor, made(supervisor))
    home, walker = web.town.households["H6"], web.accounts["inspector_two"]
    before = where(plan, home)
    assert before is not None
    to = (walker, 1 - before[1], 0)
    wanted = {"act": "move", "household": home, "inspector": to[0], "day": to[1], "position": 0}
    tried = change(supervisor, plan, **wanted, **{"try": True})
    assert plan_of(supervisor, plan["id"])["revision"] == plan["revision"]
    moved = change(supervisor, plan, **wanted)
    assert moved["price"] == tried["price"]
    assert moved["price"]["changed"] == [home]
    assert moved["price"]["visits"] == 0
    assert where(moved["plan"], home) == to
    undone = change(supervisor, moved["plan"], act="undo")
    assert where(undone["plan"], home) == before
    assert undone["price"]["minutes"] == -moved["price"]["minutes"]
    redone = change(supervisor, undone["plan"], act="redo")
    assert where(redone["plan"], home) == to
    assert (redone["plan"]["can_undo"], redone["plan"]["can_redo"]) == (True, False)
    # A plan that somebody else has changed meanwhile is not changed blindly.
    late = supervisor.call("POST", f"/api/v1/routes/{plan['id']}/changes", json={"revision": 1, **wanted})
    assert (late.status_code, late.json["error"]) == (409, "route_conflict")
    assert late.json["details"]["revision"] == redone["plan"]["revision"]


def test_locks_balance_replanning_and_reasons(web: Web, supervisor: Sender) -> None:
    plan = plan_of(supervisor, made(supervisor))
    homes = web.town.households
    plan = change(supervisor, plan, act="lock", household=homes["H6"])["plan"]
    path = f"/api/v1/routes/{plan['id']}"
    locked = {"revision": plan["revision"], "act": "remove", "household": homes["H6"]}
    refused = supervisor.call("POST", f"{path}/changes", json=locked)
    assert (refused.status_code, refused.json["error"]) == (422, "route_refused")
    plan = change(supervisor, plan, act="remove", household=homes["H7"])["plan"]
    why = supervisor.call("GET", f"{path}/why?household={homes['H7']}").json
    assert (why["planned"], why["reason"], why["remedy"]) == (False, "removed", None)
    assert "已由人工移出本方案" in why["message"]
    why = supervisor.call("GET", f"{path}/why?household={homes['H6']}").json
    assert why["planned"]
    assert why["inspector"] == where(plan, homes["H6"])[0]  # type: ignore[index]
    plan = change(supervisor, plan, act="balance", share=1)["plan"]
    # A household that was visited already, and so was not chosen, comes in as urgent.
    told = change(supervisor, plan, act="replan", urgent=[homes["H1"]])
    assert where(told["plan"], homes["H1"]) is not None
    assert where(told["plan"], homes["H6"]) == where(plan, homes["H6"])
    absent = where(told["plan"], homes["H1"])[0]  # type: ignore[index]
    told = change(supervisor, told["plan"], act="replan", absent=[{"inspector": absent}])
    assert absent not in {route["inspector"]["id"] for route in told["plan"]["routes"]}
    everyone = {stop["household"] for route in told["plan"]["routes"] for stop in route["stops"]}
    everyone |= {one["household"] for one in told["plan"]["unplanned"]}
    assert everyone == set(homes.values()) - {homes["H3"]}
    left = supervisor.call("GET", f"{path}/why").json["unplanned"]
    assert {one["household"] for one in left} == {one["household"] for one in told["plan"]["unplanned"]}
    assert all(one["message"] for one in left)


def test_a_remedy_is_carried_out_and_who_only_asks_learns_that_something_cannot_be_done(
    web: Web, supervisor: Sender
) -> None:
    walker = web.accounts["inspector_two"]
    people = [{"id": walker, "most_visits": 1}]
    day = [(today() + timedelta(days=1)).isoformat()]
    plan = plan_of(supervisor, made(supervisor, inspectors=people, days=day, households={"not_visited": False}))
    path = f"/api/v1/routes/{plan['id']}"
    told = supervisor.call("GET", f"{path}/why").json["unplanned"]
    one = next(one for one in told if one["remedy"] and one["remedy"]["kind"] == "one_more")
    add = {"household": one["household"], "inspector": walker, "day": 0}
    tried = {"revision": plan["revision"], "act": "add", **add, "try": True}
    asked = supervisor.call("POST", f"{path}/changes", json=tried)
    assert (asked.status_code, asked.json["refusal"]["error"]) == (200, "route_refused")
    assert "排不进去" in asked.json["refusal"]["message"]
    assert plan_of(supervisor, plan["id"])["revision"] == plan["revision"]
    for wrong in ({**add, "kind": "no such"}, {**add, "kind": "one_more", "day": 9}, {"kind": "longer"}):
        body = {"revision": plan["revision"], "act": "grant", **wrong}
        assert supervisor.call("POST", f"{path}/changes", json=body).status_code == 422
    done = change(supervisor, plan, act="grant", kind="one_more", **add)
    assert done["price"]["visits"] == 1
    assert where(done["plan"], one["household"]) is not None
    problem = read_problem(supervisor.call("GET", f"{path}/problem").json)
    assert [one.most_on(0) for one in problem.inspectors] == [2]
    undone = change(supervisor, done["plan"], act="undo")
    assert where(undone["plan"], one["household"]) is None
    # Longer hours and another time stand in the problem behind the plan as well.
    longer = change(supervisor, undone["plan"], act="grant", kind="longer_and_more", **add)["plan"]
    both = change(supervisor, longer, act="remove", household=one["household"])["plan"]
    change(supervisor, both, act="grant", kind="other_time", **add)
    problem = read_problem(supervisor.call("GET", f"{path}/problem").json)
    assert verify_plan(problem, solve_problem(problem, rounds=0, workers=1)).visits == 2


def test_the_problem_behind_a_plan_is_one_that_the_solver_reads(supervisor: Sender) -> None:
    plan = plan_of(supervisor, made(supervisor))
    problem = read_problem(supervisor.call("GET", f"/api/v1/routes/{plan['id']}/problem").json)
    verdict = verify_plan(problem, solve_problem(problem, rounds=0, workers=1))
    assert verdict.good
    assert verdict.visits == plan["totals"]["visits"]


def test_what_is_given_out_is_carried_reserved_and_taken_back(app: Flask, web: Web, supervisor: Sender) -> None:
    home, walker = web.town.households["H6"], web.accounts["inspector_two"]
    plan = plan_of(supervisor, made(supervisor, inspectors=[{"id": walker}]))
    path = f"/api/v1/routes/{plan['id']}"
    phone, other = Sender(app, web, "inspector_two"), Sender(app, web, "inspector")
    assert carried(phone, plan) == []
    given = supervisor.call("POST", f"{path}/publish", json={"revision": plan["revision"]}).json
    assert (given["visits"], given["reserved"], given["taken"]) == (2, 2, [])
    mine = carried(phone, plan)
    assert [(one["day"], one["position"], one["lead"]) for one in mine] == [
        (route["date"], at, True) for route in plan["routes"] for at in range(len(route["stops"]))
    ]
    assert carried(other, plan) == []
    assert other.call("GET", path).status_code == 403
    # The code on the printed sheet leads whoever walks it to the field app.
    assert phone.call("GET", f"/routes/{plan['id']}").headers["Location"] == "/field/"
    assert other.call("GET", f"/routes/{plan['id']}").status_code == 404
    held = phone.call("GET", "/api/v1/reservations").json["mine"]
    assert home in {one["household_id"] for one in held}
    # The order in which the day is gone; the same again changes nothing, and nobody else can tell it.
    day = [one for one in mine if one["day"] == mine[0]["day"]]
    told = {"day": day[0]["day"], "revision": plan["revision"], "households": [one["household"] for one in day][::-1]}
    for _again in range(2):
        answer = phone.call("PUT", f"{path}/order", json=told, headers={DEVICE: PHONE})
        assert (answer.status_code, answer.json) == (200, {"told": len(day)})
    assert other.call("PUT", f"{path}/order", json=told, headers={DEVICE: PHONE}).status_code == 404
    routes = plan_of(supervisor, plan["id"])["routes"]
    stops = {stop["household"]: stop["reported"] for route in routes for stop in route["stops"]}
    assert [stops[key] for key in told["households"]] == list(range(len(day)))
    # What is changed afterwards is not carried before it is given out.
    plan = change(supervisor, plan_of(supervisor, plan["id"]), act="remove", household=home)["plan"]
    assert (plan["state"], len(carried(phone, plan))) == ("published", 2)
    again = supervisor.call("POST", f"{path}/publish", json={"revision": plan["revision"]}).json
    assert (again["visits"], again["reserved"]) == (1, 1)
    assert home not in {one["household"] for one in carried(phone, plan)}
    late = phone.call("PUT", f"{path}/order", json={**told, "households": []}, headers={DEVICE: PHONE})
    assert late.status_code in (404, 409)
    assert supervisor.call("DELETE", path).status_code == 422
    assert supervisor.call("POST", f"{path}/withdraw").json["state"] == "withdrawn"
    assert carried(phone, plan) == []
    assert phone.call("GET", "/api/v1/reservations").json["mine"] == []
    assert supervisor.call("DELETE", path).status_code == 200


def carried(by: Sender, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """What a phone is told of one plan."""
    answer = by.call("GET", "/api/v1/pull", headers={DEVICE: PHONE})
    assert answer.status_code == 200, answer.json
    return [one for one in answer.json["route"] if one["plan"] == plan["id"]]


def test_who_has_a_household_already_keeps_it_and_it_is_told(app: Flask, web: Web, supervisor: Sender) -> None:
    home = web.town.households["H7"]
    taken = supervisor.call("POST", "/api/v1/reservations", json={"act": "take", "household_id": home})
    assert taken.status_code == 200, taken.json
    plan = plan_of(supervisor, made(supervisor, inspectors=[{"id": web.accounts["inspector_two"]}]))
    path = f"/api/v1/routes/{plan['id']}"
    given = supervisor.call("POST", f"{path}/publish", json={"revision": plan["revision"]}).json
    assert [(one["household"], one["who"]) for one in given["taken"]] == [(home, "测试supervisor")]
    assert "郑测七" not in str(given)
    supervisor.call("POST", f"{path}/withdraw")
    supervisor.call("POST", "/api/v1/reservations", json={"act": "give_back", "household_id": home})


def routes_only(plan: dict[str, Any]) -> list[tuple[int, int, list[tuple[int, int]]]]:
    return [
        (route["inspector"]["id"], route["day"], [(stop["household"], stop["start"]) for stop in route["stops"]])
        for route in plan["routes"]
    ]


def test_the_same_form_and_seed_give_the_same_plan(supervisor: Sender) -> None:
    first, second = (plan_of(supervisor, made(supervisor, seed=5)) for _ in range(2))
    assert routes_only(first) == routes_only(second) != []


def test_a_worker_that_died_is_followed_by_one_that_solves_the_plan(web: Web, supervisor: Sender) -> None:
    key = supervisor.call("POST", "/api/v1/routes", json=form()).json["id"]
    with web.owner.connect() as connection:
        claimed = claim_job(connection, ROUTES)
    assert claimed is not None
    assert claimed.payload["plan"] == key
    assert plan_of(supervisor, key)["state"] == "solving"
    solve(web)
    plan = plan_of(supervisor, key)
    assert (plan["state"], plan["job"]["state"]) == ("ready", "done")
    assert plan["routes"]


def test_whoever_stops_the_worker_keeps_what_there_is(web: Web, supervisor: Sender) -> None:
    key = supervisor.call("POST", "/api/v1/routes", json=form()).json["id"]
    early = supervisor.call("POST", f"/api/v1/routes/{key}/changes", json={"revision": 0, "act": "undo"})
    assert (early.status_code, early.json["error"]) == (409, "route_conflict")
    stopped = supervisor.call("POST", f"/api/v1/routes/{key}/stop").json
    assert (stopped["state"], stopped["routes"]) == ("draft", [])
    solve(web)
    plan = plan_of(supervisor, key)
    assert (plan["state"], plan["routes"], plan["job"]["state"]) == ("draft", [], "cancelled")
    # It can be filled by hand all the same, and a job that was cancelled as any other job leaves it likewise.
    home = web.town.households["H6"]
    assert change(supervisor, plan, act="add", household=home)["price"]["visits"] == 1
    again = supervisor.call("POST", "/api/v1/routes", json=form()).json
    supervisor.call("POST", f"/api/v1/jobs/{again['job']['id']}/cancel")
    assert plan_of(supervisor, again["id"])["state"] == "draft"


def test_a_plan_is_shown_by_straight_lines_until_the_ways_are_measured(
    web: Web, supervisor: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.route_plans.solving._MEASURED_AT_ONCE", 0)
    key = supervisor.call("POST", "/api/v1/routes", json=form()).json["id"]
    payload = {"plan": key, "rounds": 2}
    with Session(web.owner) as session, session.begin():
        session.execute(text(_ROAD))
        job = session.scalar(text("select job_id from route_plan where id = :plan"), {"plan": key})
    seen: list[dict[str, Any]] = []

    def say(words: Text, _done: int | None, _total: int | None) -> None:
        seen.append({"step": words.zh, **plan_of(supervisor, key)})

    try:
        solve_plan(web.owner, job, payload, say, lambda: False)
    finally:
        with Session(web.owner) as session, session.begin():
            session.execute(text("delete from road_edge where source = 'test'"))
        supervisor.call("POST", f"/api/v1/jobs/{job}/cancel")
    steps = [one["step"] for one in seen]
    assert steps[:3] == ["先排一版", "按道路量各户之间的路程", "先排一版"]
    first, _, measured = seen[:3]
    # What is told of is there to be read by then, and a better one comes in its place.
    assert (first["state"], first["revision"], first["estimated"]) == ("solving", 1, 1.0)
    assert first["totals"]["visits"] > 0
    assert {one["reason"] for one in first["unplanned"]} <= {"", "no_place", "no_duty"}
    assert measured["revision"] == 2
    assert measured["estimated"] < 1.0
    done = plan_of(supervisor, key)
    assert (done["state"], done["estimated"] < 1.0) == ("ready", True)
    assert all(one["reason"] for one in done["unplanned"])
    with Session(web.owner) as session:
        kept = load_plan(session, find_plan(session, key))
    assert verify_plan(kept.problem, kept.plan).good


def test_who_asks_again_while_a_plan_is_solved_is_sent_it_once(web: Web, supervisor: Sender) -> None:
    key = supervisor.call("POST", "/api/v1/routes", json=form()).json["id"]
    path = f"/api/v1/routes/{key}"
    tag = supervisor.call("GET", path).headers["ETag"]
    assert supervisor.call("GET", path, headers={"If-None-Match": tag}).status_code == 304
    with Session(web.owner) as session, session.begin():
        session.execute(text("update route_plan set revision = revision + 1 where id = :plan"), {"plan": key})
    assert supervisor.call("GET", path, headers={"If-None-Match": tag}).status_code == 200
    solve(web)
    # Whether a household was visited by now is no part of the revision: a plan that is ready is made each time.
    assert "ETag" not in supervisor.call("GET", path, headers={"If-None-Match": tag}).headers


def test_while_one_works_out_a_change_others_change_the_plan(
    supervisor: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(supervisor, made(supervisor))
    between: list[dict[str, Any]] = []

    def slowly(*given: Any, **more: Any) -> Any:
        # In a thread of its own, as requests of other people are.
        with ThreadPoolExecutor(1) as other:
            between.append(other.submit(change, supervisor, plan, act="lock", day=0).result())
        return balance(*given, **more)

    monkeypatch.setattr("data.route_plans.changing.balance", slowly)
    body = {"revision": plan["revision"], "act": "balance", "share": 1}
    late = supervisor.call("POST", f"/api/v1/routes/{plan['id']}/changes", json=body)
    assert (late.status_code, late.json["error"]) == (409, "route_conflict")
    assert late.json["details"]["revision"] == between[0]["plan"]["revision"]
    assert plan_of(supervisor, plan["id"])["locked_days"] == [0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"households": {"key_groups": ["nobody"]}}, "没有农户符合条件"),
        ({"households": {"ids": ["H10"]}}, "没有准确位置"),
        ({"days": [(today() + timedelta(days=400)).isoformat()]}, "结束"),
        ({"days": ["2020-01-01"]}, "已过去"),
        ({"quiet": [{"from": "00:00", "to": "24:00"}]}, "免打扰"),
        ({"inspectors": [{"id": 999_999}]}, "没有编号为 999999 的走访员"),
        ({"pairs": [{"lead": "inspector", "companion": "inspector_two"}] * 2}, "两个搭档"),
        ({"kind": "no such"}, "没有走访人员类别"),
        ({"households": {"late": 1}}, "households.late"),
    ],
)
def test_what_cannot_be_planned_is_said_in_words(
    web: Web, supervisor: Sender, changes: dict[str, Any], words: str
) -> None:
    body = form(**changes)
    if "ids" in body["households"]:
        body["households"] = {"ids": [web.town.households[name] for name in body["households"]["ids"]]}
    body["pairs"] = [{name: web.accounts[who] for name, who in pair.items()} for pair in body.get("pairs", ())]
    refused = supervisor.call("POST", "/api/v1/routes", json=body)
    assert refused.status_code == 422, refused.json
    assert words in refused.json["message"]


def test_twenty_thousand_by_mistake_are_refused_before_anything_is_kept(
    supervisor: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.route_plans.choosing.MOST_HOUSEHOLDS", 5)
    before = supervisor.call("GET", "/api/v1/routes").json["plans"]
    refused = supervisor.call("POST", "/api/v1/routes", json=form())
    assert (refused.status_code, refused.json["details"]["expected"]) == (422, 5)
    assert "请选一个乡镇或村" in refused.json["message"]
    assert supervisor.call("GET", "/api/v1/routes").json["plans"] == before


def test_a_round_that_has_ended_gives_nothing_out(web: Web, supervisor: Sender) -> None:
    plan = plan_of(supervisor, made(supervisor))
    with Session(web.owner) as session, session.begin():
        session.execute(text("update round set ends_on = :day"), {"day": today() - timedelta(days=1)})
    refused = supervisor.call("POST", f"/api/v1/routes/{plan['id']}/publish", json={"revision": plan["revision"]})
    with Session(web.owner) as session, session.begin():
        session.execute(text("update round set ends_on = :day"), {"day": today() + timedelta(days=60)})
    assert (refused.status_code, "结束" in refused.json["message"]) == (422, True)


def test_the_preview_counts_what_the_plan_would_hold(app: Flask, web: Web, supervisor: Sender) -> None:
    told = supervisor.call("POST", "/api/v1/routes/preview", json=form()).json
    assert (told["households"], told["plannable"], told["refusal"]) == (8, 7, None)
    assert [(one["reason"], one["n"]) for one in told["left_out"]] == [("no_place", 1)]
    square = [[118.814, 36.404], [118.817, 36.404], [118.817, 36.407], [118.814, 36.407]]
    drawn = supervisor.call("POST", "/api/v1/routes/preview", json=form(households={"polygon": square})).json
    assert drawn["households"] == 2
    one = form(inspectors=[{"id": web.accounts["inspector_two"]}])
    told = supervisor.call("POST", "/api/v1/routes/preview", json=one).json
    assert {item["reason"]: item["n"] for item in told["left_out"]} == {"no_place": 1, "no_duty": 5}
    people = supervisor.call("GET", "/api/v1/routes/people").json
    assert {one["name"] for one in people["people"]} == {"测试inspector", "测试inspector_two", "测试supervisor"}
    assert all(one["start"] for one in people["people"])
    # Another township sees neither the round nor anybody of this one.
    outsider = Sender(app, web, "outsider")
    for address in ("/api/v1/routes/people", "/api/v1/routes"):
        assert outsider.call("GET", address).status_code == 404


def test_what_is_settled_for_some_households_is_kept_to_by_the_plan(web: Web, supervisor: Sender) -> None:
    homes = web.town.households
    who = web.accounts
    square = [[118.814, 36.404], [118.817, 36.404], [118.817, 36.407], [118.814, 36.407]]
    special = [
        {
            "households": {"ids": [homes["H2"]]},
            "inspectors": [who["inspector"]],
            "hours": {"from": "14:00", "to": "15:00"},
        },
        {"households": {"polygon": square}, "together": True},
        {"households": {"ids": [homes["H5"]]}, "inspectors": [who["inspector"], who["supervisor"]]},
        {"households": {"ids": [homes["H4"]]}, "pair": True},
    ]  # fmt: skip
    plan = plan_of(supervisor, made(supervisor, special=special))
    stops = {stop["household"]: (route, at, stop) for route in plan["routes"] for at, stop in enumerate(route["stops"])}
    route, _, stop = stops[homes["H2"]]
    assert (route["inspector"]["id"], stop["start"] >= 14 * 3600, stop["leave"] <= 15 * 3600) == (
        who["inspector"], True, True,
    )  # fmt: skip
    first, second = stops[homes["H6"]], stops[homes["H7"]]
    assert (first[0]["inspector"], first[0]["day"]) == (second[0]["inspector"], second[0]["day"])
    assert abs(first[1] - second[1]) == 1
    assert stops[homes["H5"]][0]["inspector"]["id"] in (who["inspector"], who["supervisor"])
    # Nobody goes along with anybody, so the one who needs two is left out, and the reason says so.
    assert {one["household"]: one["reason"] for one in plan["unplanned"]}[homes["H4"]] == "no_pair"
    # Moved by hand, both go.
    told = change(supervisor, plan, act="move", household=homes["H6"], day=1 - first[0]["day"])["plan"]
    there, here = where(told, homes["H6"]), where(told, homes["H7"])
    assert there is not None
    assert here is not None
    assert there[:2] == here[:2]
    assert there[1] != first[0]["day"]


@pytest.mark.parametrize(
    ("special", "words"),
    [
        ({"inspectors": [10**9]}, "没有选他参加"),
        ({"households": {"ids": [0]}, "pair": True}, "special[0].households.ids[0]"),
    ],
)
def test_an_arrangement_that_cannot_be_is_refused(supervisor: Sender, special: dict[str, Any], words: str) -> None:
    refused = supervisor.call("POST", "/api/v1/routes", json=form(special=[special]))
    assert (refused.status_code, words in refused.json["message"]) == (422, True), refused.json


def test_a_household_for_weekends_alone_has_no_time_on_workdays(web: Web, supervisor: Sender) -> None:
    monday = today() + timedelta(days=7 - today().weekday())
    wish = form(
        days=[monday.isoformat()], special=[{"households": {"ids": [web.town.households["H2"]]}, "on": "weekend"}]
    )
    told = supervisor.call("POST", "/api/v1/routes/preview", json=wish).json
    assert {one["reason"]: one["n"] for one in told["left_out"]} == {"no_place": 1, "no_time": 1}
    assert "特别安排" in next(one["message"] for one in told["left_out"] if one["reason"] == "no_time")


def test_where_villages_stand_is_told_while_a_plan_is_solved_and_not_afterwards(web: Web, supervisor: Sender) -> None:
    key = supervisor.call("POST", "/api/v1/routes", json=form()).json["id"]
    assert plan_of(supervisor, key)["villages"] == []
    with Session(web.owner) as session, session.begin():
        village = session.scalar(
            text("select village_id from household where id = :id"), {"id": web.town.households["H2"]}
        )
        stands = json.dumps({str(village): "under_way"})
        session.execute(
            text("update route_plan set villages = cast(:stands as jsonb) where id = :key"),
            {"key": key, "stands": stands},
        )
    (told,) = plan_of(supervisor, key)["villages"]
    assert (told["state"], told["visits"] <= told["households"]) == ("under_way", True)
    supervisor.call("POST", f"/api/v1/routes/{key}/stop")
    assert plan_of(supervisor, key)["villages"] == []


def test_by_sql_an_inspector_sees_the_own_days_given_out_and_changes_the_order_alone(
    web: Web, supervisor: Sender
) -> None:
    plan = plan_of(supervisor, made(supervisor))
    path = f"/api/v1/routes/{plan['id']}"
    keys = {"plan": plan["id"]}
    counted = text("""
        select (select count(*) from route_plan where id = :plan), (select count(*) from route_problem),
               (select count(*) from route_change), (select count(*) from route_unplanned),
               (select count(*) from route_stop where plan_id = :plan)""")
    engine = app_engine(web.settings)
    try:
        with Session(engine) as session:
            enter(session, web.tokens["inspector"])
            assert tuple(session.execute(counted, keys).one()) == (0, 0, 0, 0, 0)
        supervisor.call("POST", f"{path}/publish", json={"revision": plan["revision"]})
        with Session(engine) as session:
            enter(session, web.tokens["inspector"])
            own = [r for r in plan["routes"] if r["inspector"]["id"] == web.accounts["inspector"]]
            visits = sum(route["visits"] for route in own)
            assert tuple(session.execute(counted, keys).one()) == (0, 0, 0, 0, visits)
            changed = session.execute(text("update route_stop set reported = 1 where plan_id = :plan"), keys)
            assert rows_changed(changed) == visits
            for wrong in (
                "update route_stop set position = 9",
                "update route set leave_s = 0",
                "delete from route_stop",
            ):
                with session.begin_nested() as inner:
                    try:
                        gone = rows_changed(session.execute(text(wrong)))
                    except DBAPIError:
                        gone = 0
                    assert gone == 0
                    if inner.is_active:
                        inner.rollback()
            session.rollback()
        with Session(engine) as session:
            enter(session, web.tokens["outsider"])
            assert tuple(session.execute(counted, keys).one()) == (0, 0, 0, 0, 0)
    finally:
        supervisor.call("POST", f"{path}/withdraw")
        engine.dispose()
