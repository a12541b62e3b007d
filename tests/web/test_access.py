"""Who reaches what: generated from the route table, so that a new route is asked about on the day it is added."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.access import PUBLIC, rule_of
from app.factory import create_app
from data.askers import Role
from tests.web.conftest import ACCOUNTS, Web
from tests.web.routes import (
    FOREIGN,
    OWN,
    Call,
    absent_records,
    all_calls,
    names_a_record,
    records_of,
)

ClientAs = Callable[[str | None], FlaskClient]
DEVICE = "d0d0d0d0-0000-4000-8000-000000000001"
# A phone makes the id of these, so that one nobody has is made and not looked for; see test_field_sync.py.
MADE_BY_PHONES = {
    "/api/v1/devices/<uuid:device_id>",
    "/api/v1/visits/<uuid:visit_id>",
    "/api/v1/marks/<uuid:mark_id>",
    "/api/v1/appraisals/<uuid:item_id>",
    "/api/v1/observations/<uuid:item_id>",
    "/api/v1/checks/<uuid:item_id>",
}
BODIES = {
    "/api/v1/households/<key:household_id>/reveal": {"field": "phone", "reason": "核实联系方式"},
    "/api/v1/suspicions/<key:no>/answer": {"words": "当天在场"},
    "/api/v1/households/<key:household_id>/place": {"lon": 118.802, "lat": 36.405},
    "/api/v1/routes/<key:route_id>/changes": {"revision": 1, "act": "undo"},
    "/api/v1/routes/<key:route_id>/publish": {"revision": 1},
    "/api/v1/sites/<key:site_id>/gates": {"gate": "compared"},
    "/api/v1/payment-batches/<key:payment_batch_id>/file": {"format": "csv", "reason": "核对报盘文件"},
    "/api/v1/monitoring/<key:monitoring_id>/acts": {"ids": [1], "act": "checked_safe"},
}


def ask(app: Flask, web: Web, account: str | None, call: Call) -> TestResponse:
    """Make a call with the account's token in the header, where no form token is asked for."""
    headers = {"X-Fangtu-Device": DEVICE} | ({"Authorization": f"Bearer {web.tokens[account]}"} if account else {})
    return app.test_client().open(call.path, method=call.method, headers=headers, json=BODIES.get(call.rule))


def checked(app: Flask, arguments: dict[str, object]) -> Iterator[tuple[Call, frozenset[Role]]]:
    for call in all_calls(app, arguments):
        roles = rule_of(app.view_functions[call.endpoint])
        assert roles is not None, call
        yield call, roles


def without_address(answer: TestResponse, call: Call) -> bytes:
    """The body without what differs between any two pages: the address asked for, and the form's own token."""
    return re.sub(rb'(csrf-token" content=|csrf_token" value=)"[^"]*"', b"", answer.data).replace(
        call.path.encode(), b""
    )


def test_every_view_has_a_rule(app: Flask) -> None:
    without = [rule.rule for rule in app.url_map.iter_rules() if rule_of(app.view_functions[rule.endpoint]) is None]
    assert without == []


def test_only_these_addresses_are_public(app: Flask) -> None:
    public = {rule.rule for rule in app.url_map.iter_rules() if rule_of(app.view_functions[rule.endpoint]) == PUBLIC}
    assert public == {
        "/",
        "/healthz",
        "/api/v1/ping",
        "/sign-in",
        "/card",
        "/card/<card>",
        "/language",
        "/i18n/<lang>.json",
        "/openapi.json",
        "/field/",
        "/field/sw.js",
        "/field/code.svg",
        "/field/parts/<part>",
        "/field/manifest.webmanifest",
        "/scripts/<path:start>",
        "/static/<path:filename>",
    }


def test_without_a_session_nothing_answers(app: Flask, web: Web) -> None:
    for call, roles in checked(app, records_of(web, "H1", "inspector")):
        if roles == PUBLIC:
            continue
        answer = ask(app, web, None, call)
        if answer.status_code == 302:
            assert answer.headers["Location"].startswith("/sign-in?next=/"), call
        else:
            assert answer.status_code == 401, call
        assert b"\xe6\xb5\x8b" not in answer.data, call  # 测, in every name of the township


@pytest.mark.parametrize("account", ACCOUNTS)
def test_a_role_reaches_its_own_addresses_only(app: Flask, web: Web, account: str) -> None:
    role = Role(ACCOUNTS[account][0])
    for call, roles in checked(app, records_of(web, "H1", "inspector")):
        if roles == PUBLIC or role in roles:
            continue
        assert ask(app, web, account, call).status_code == 403, call


@pytest.mark.parametrize("account", sorted(OWN))
def test_own_records_answer(app: Flask, web: Web, account: str) -> None:
    role = Role(ACCOUNTS[account][0])
    with Session(web.owner) as session, session.begin():
        # Codes of cards tried by other tests, all from this address.
        session.execute(text("delete from card_attempt"))
    records = records_of(web, OWN[account], account)
    for call, roles in checked(app, records):
        if call.method != "GET" or (roles != PUBLIC and role not in roles):
            continue
        if "<key:site_id>" in call.rule and OWN[account] == "H1":
            continue  # H1 has no renovation site
        answer = ask(app, web, account, call)
        assert answer.status_code in (200, 302), (call, answer.text)


@pytest.mark.parametrize("account", sorted(FOREIGN))
def test_foreign_records_look_like_none(app: Flask, web: Web, account: str) -> None:
    role = Role(ACCOUNTS[account][0])
    absent = {(call.rule, call.method): call for call in all_calls(app, absent_records())}
    for call, roles in checked(app, records_of(web, FOREIGN[account], "admin")):
        if not names_a_record(call.rule) or call.rule in MADE_BY_PHONES or (roles and role not in roles):
            continue
        foreign = ask(app, web, account, call)
        none = absent[call.rule, call.method]
        nothing = ask(app, web, account, none)
        assert foreign.status_code == nothing.status_code == 404, call
        assert without_address(foreign, call) == without_address(nothing, none), call


def test_an_administrator_changes_no_account_of_another_area(app: Flask, web: Web) -> None:
    records = records_of(web, "H1", "outsider")
    absent = {(call.rule, call.method): call for call in all_calls(app, absent_records())}
    tried = [call for call in all_calls(app, records) if "account_id" in call.rule]
    assert tried
    for call in tried:
        foreign = ask(app, web, "admin", call)
        nothing = ask(app, web, "admin", absent[call.rule, call.method])
        assert foreign.status_code == nothing.status_code == 404, call


@pytest.mark.parametrize(
    ("account", "hidden"),
    [
        ("inspector", ["吴测六", "郑测七", "王测八", "陈测十", "测试2村", "测试3村"]),
        ("inspector_two", ["赵测一", "钱测二", "孙测三", "王测八", "测试1村", "测试3村"]),
        ("outsider", ["赵测一", "吴测六", "王测八", "测试镇", "测试1村"]),
        ("leader", ["赵测一", "吴测六", "陈测十"]),
        ("admin", ["赵测一", "吴测六", "陈测十"]),
    ],
)
def test_no_answer_to_a_read_holds_what_is_not_for_the_asker(
    app: Flask, web: Web, account: str, hidden: list[str]
) -> None:
    for household in ("H1", "H6"):
        for call in all_calls(app, records_of(web, household, "inspector")):
            if call.method != "GET":
                continue
            body = ask(app, web, account, call).data
            for word in hidden:
                assert word.encode() not in body, (call, word)
                assert word.encode("unicode-escape").lower() not in body.lower(), (call, word)


def test_search_finds_nothing_of_another_village(client_as: ClientAs) -> None:
    for words in ("H6", "吴", "吴测六", "990101001002", "测试2村", "%", "_", "H"):
        found = client_as("inspector").get("/api/v1/search", query_string={"q": words}).json
        assert {row["village"] for row in found["households"]} <= {"测试1村"}, words
        assert all(not row["code"].startswith(("990101001002", "990101001003")) for row in found["areas"]), words


@pytest.mark.parametrize("key", ["0", "-1", "1.5", "x", "1e3", "99999999999999999999"])
def test_a_key_that_is_none_is_unknown(client_as: ClientAs, key: str) -> None:
    assert client_as("leader").get(f"/api/v1/households/{key}").status_code == 404


def test_methods_are_not_smuggled(client_as: ClientAs, web: Web) -> None:
    client = client_as("supervisor")
    path = f"/api/v1/households/{web.town.households['H1']}/reveal"
    assert client.get(path).status_code == 405
    refused = client.get(path, headers={"X-HTTP-Method-Override": "POST"})
    assert refused.status_code == 405


@pytest.mark.parametrize("path", ["/api/v1/areas/%00", "/api/v1/search?q=%00", "/coverage?area=%00", "/%00"])
def test_a_nul_is_refused(client_as: ClientAs, path: str) -> None:
    assert client_as("leader").get(path).status_code in (400, 404)


def test_odd_bytes_are_no_fault(client_as: ClientAs) -> None:
    for path in (
        "/api/v1/areas/%ff%fe",
        "/api/v1/search?q=%ff",
        "/api/v1/search?q=%27%3B--%5C%25_",
        "/audit?actor=%ff",
    ):
        assert client_as("admin").get(path).status_code in (200, 404), path


def test_one_connection_serving_people_in_turn_tells_nobody_of_the_other(web: Web) -> None:
    app = create_app(web.settings)
    held = app.extensions["fangtu"]
    held.engine.dispose()
    app.extensions["fangtu"] = replace(held, engine=create_engine(held.engine.url, pool_size=1, max_overflow=0))
    client = app.test_client()
    for _ in range(3):
        for account, found in (("inspector", ["H1"]), ("inspector_two", []), ("leader", ["H1"]), ("outsider", [])):
            headers = {"Authorization": f"Bearer {web.tokens[account]}"}
            rows = client.get("/api/v1/search?q=H1", headers=headers).json["households"]
            assert [row["code"] for row in rows if row["code"] == "H1"] == found, account
        assert client.get("/api/v1/search?q=H1").status_code == 401
