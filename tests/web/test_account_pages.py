"""Accounts page: an administrator manages accounts of the own area, and only those."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.sessions import token_digest
from tests.database.test_isolation import open_session
from tests.township import TOWNSHIP, VILLAGES
from tests.web.conftest import ELSEWHERE, Web
from tests.web.test_sign_in import form_token, sign_in

ClientAs = Callable[[str | None], FlaskClient]


def add(client: FlaskClient, **changes: str):
    form = {"username": f"n{secrets.token_hex(4)}", "full_name": "新人", "role": "inspector", "areas": VILLAGES[0]}
    form |= changes
    return form["username"], client.post("/accounts", data=form | {"csrf_token": form_token(client, "/accounts")})


def shown_password(page: str) -> str:
    found = re.search(r'class="secret">([^<]+)<', page)
    assert found
    return found[1]


def key_of(web: Web, name: str) -> int:
    with Session(web.owner) as session:
        return int(session.scalar(text("select id from account where username = :name"), {"name": name}) or 0)


def test_a_new_account_signs_in_with_the_password_shown_once(app: Flask, client_as: ClientAs, web: Web) -> None:
    admin = client_as("admin")
    name, answer = add(admin, areas=f"{VILLAGES[0]}，{VILLAGES[1]}")
    assert answer.status_code == 200
    password = shown_password(answer.text)
    assert password not in admin.get("/accounts").text
    client = app.test_client()
    assert sign_in(client, name, password).status_code == 303
    found = client.get("/api/v1/search?q=H").json["households"]
    assert {row["village"] for row in found} == {"测试1村", "测试2村"}
    with Session(web.owner) as session:
        acts = session.scalars(
            text("select act from audit where object_kind = 'account' and object_id = :id order by id"),
            {"id": str(key_of(web, name))},
        ).all()
    assert acts == ["account_add", "sign_in"]


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "x"},
        {"username": "leader"},
        {"username": "outsider"},
        {"username": "a b"},
        {"username": "<b>bold</b>"},
        {"full_name": ""},
        {"role": "root"},
        {"areas": ""},
        {"areas": ELSEWHERE},
        {"areas": "990101"},
        {"areas": "all"},
        {"areas": "000000000000"},
    ],
)
def test_an_account_outside_the_rule_or_the_area_is_refused(client_as: ClientAs, web: Web, changes) -> None:
    before = _count(web)
    _, answer = add(client_as("admin"), **changes)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "<b>bold" not in answer.text
    assert _count(web) == before


def test_the_list_holds_the_own_area_only(client_as: ClientAs) -> None:
    page = client_as("admin").get("/accounts").text
    assert "inspector_two" in page
    assert "outsider" not in page
    assert TOWNSHIP in page


def test_disabling_ends_the_sessions_and_enabling_opens_again(app: Flask, client_as: ClientAs, web: Web) -> None:
    admin = client_as("admin")
    name, answer = add(admin)
    password = shown_password(answer.text)
    client = app.test_client()
    sign_in(client, name, password)
    token = form_token(admin, "/accounts")
    admin.post(f"/accounts/{key_of(web, name)}/disable", data={"csrf_token": token})
    assert client.get("/account").status_code == 302
    assert sign_in(app.test_client(), name, password).status_code == 401
    admin.post(f"/accounts/{key_of(web, name)}/enable", data={"csrf_token": token})
    assert client.get("/account").status_code == 302
    assert sign_in(app.test_client(), name, password).status_code == 303


def test_a_reset_password_replaces_the_old_one(app: Flask, client_as: ClientAs, web: Web) -> None:
    admin = client_as("admin")
    name, answer = add(admin)
    old = shown_password(answer.text)
    client = app.test_client()
    sign_in(client, name, old)
    reset = admin.post(f"/accounts/{key_of(web, name)}/password", data={"csrf_token": form_token(admin, "/accounts")})
    new = shown_password(reset.text)
    assert client.get("/account").status_code == 302
    assert sign_in(app.test_client(), name, old).status_code == 401
    assert sign_in(app.test_client(), name, new).status_code == 303


def test_administrators_do_not_lock_themselves_out(client_as: ClientAs, web: Web) -> None:
    admin = client_as("admin")
    token = form_token(admin, "/accounts")
    answer = admin.post(f"/accounts/{web.accounts['admin']}/disable", data={"csrf_token": token})
    assert answer.status_code == 422
    assert admin.get("/accounts").status_code == 200


def test_hostile_words_are_shown_as_words(client_as: ClientAs) -> None:
    hostile = "${document.title='x'}<img src=x onerror=alert(1)></script>"
    admin = client_as("admin")
    add(admin, full_name=hostile)
    page = admin.get("/accounts").text
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    search = admin.get("/audit", query_string={"actor": hostile}).text
    assert "<img src=x" not in search


def _count(web: Web) -> int:
    with Session(web.owner) as session:
        return int(session.scalar(text("select count(*) from account")) or 0)


def test_a_token_is_ended_by_its_owner_and_by_nobody_else(client_as: ClientAs, web: Web) -> None:
    with Session(web.owner) as session, session.begin():
        open_session(session, web.settings, web.accounts["leader"], "lost-token")
    digest = token_digest("lost-token").hex()
    for name, status in (("supervisor", 404), ("leader", 303), ("leader", 404)):
        client = client_as(name)
        form = {"csrf_token": form_token(client, "/account"), "session": digest}
        assert client.post("/account/end", data=form).status_code == status
