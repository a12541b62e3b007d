"""Signing in and out: sessions end, guesses are slowed down, forms need their token."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.access import rule_of
from data.accounts import add_account
from data.askers import Role
from tests.township import VILLAGES
from tests.web.conftest import PASSWORD, Web

ClientAs = Callable[[str | None], FlaskClient]
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


@pytest.fixture
def person(web: Web) -> str:
    """A new account of village 1, so that what happens to it happens to nobody else."""
    name = f"p{secrets.token_hex(4)}"
    with Session(web.owner) as session, session.begin():
        add_account(
            session,
            username=name,
            full_name="临时",
            role=Role.INSPECTOR,
            area_codes=[VILLAGES[0]],
            password=PASSWORD,
        )
    return name


def form_token(client: FlaskClient, path: str = "/sign-in") -> str:
    found = TOKEN.search(client.get(path).text)
    assert found
    return found[1]


def sign_in(
    client: FlaskClient, name: str, password: str = PASSWORD, target: str = "/account", address: str | None = None
) -> TestResponse:
    return client.post(
        "/sign-in",
        data={"username": name, "password": password, "next": target, "csrf_token": form_token(client)},
        environ_overrides={"REMOTE_ADDR": address or f"10.{secrets.randbelow(250)}.{secrets.randbelow(250)}.1"},
    )


def test_the_right_password_opens_a_session_that_signing_out_ends(app: Flask, person: str) -> None:
    client = app.test_client()
    answer = sign_in(client, person)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    cookie = client.get_cookie("fangtu_session")
    assert cookie
    assert client.get("/account").status_code == 200
    client.post("/sign-out", data={"csrf_token": form_token(client, "/account")})
    assert client.get_cookie("fangtu_session") is None
    client.set_cookie("fangtu_session", cookie.value)
    assert client.get("/account").status_code == 302


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(app: Flask, person: str) -> None:
    plain = sign_in(app.test_client(), person).headers.getlist("Set-Cookie")
    session = next(line for line in plain if line.startswith("fangtu_session="))
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Secure" not in session
    client = app.test_client()
    page = client.get("/sign-in", base_url="https://localhost")
    found = TOKEN.search(page.text)
    assert found
    assert all("Secure" in line for line in page.headers.getlist("Set-Cookie"))
    answer = client.post(
        "/sign-in",
        data={"username": person, "password": PASSWORD, "csrf_token": found[1]},
        base_url="https://localhost",
        headers={"Referer": "https://localhost/sign-in"},
    )
    secure = next(line for line in answer.headers.getlist("Set-Cookie") if line.startswith("fangtu_session="))
    assert "Secure" in secure


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(app: Flask, person: str) -> None:
    def said(name: str) -> tuple[int, str]:
        answer = sign_in(app.test_client(), name, "wrong-Password-77")
        body = TOKEN.sub("", answer.text).replace(name, "NAME")
        return answer.status_code, re.sub(r'name="csrf_token" value="[^"]+"', "", body)

    known, unknown = said(person), said("nobody-of-that-name")
    assert known[0] == 401
    assert known == unknown


@pytest.mark.parametrize("known", [True, False])
def test_five_failures_shut_the_name_for_a_while(app: Flask, person: str, known: bool) -> None:
    name = person if known else f"ghost{secrets.token_hex(4)}"
    for _ in range(5):
        assert sign_in(app.test_client(), name, "wrong-Password-77").status_code == 401
    shut = sign_in(app.test_client(), name)
    assert shut.status_code == 429
    assert 0 < int(shut.headers["Retry-After"]) <= 900


def test_twenty_failures_shut_the_address(app: Flask, web: Web) -> None:
    with Session(web.owner) as session, session.begin():
        for number in range(20):
            session.execute(
                text("insert into login_attempt (username, address, succeeded) values (:name, '10.99.99.99', false)"),
                {"name": f"somebody{number}"},
            )
    assert sign_in(app.test_client(), "leader", address="10.99.99.99").status_code == 429
    assert sign_in(app.test_client(), "leader", address="10.99.99.98").status_code == 303


def test_guesses_at_the_same_moment_do_not_slip_through(app: Flask, person: str) -> None:
    clients = [app.test_client() for _ in range(12)]
    tokens = [form_token(client) for client in clients]

    def guess(number: int) -> int:
        return (
            clients[number]
            .post(
                "/sign-in",
                data={"username": person, "password": f"wrong-Password-{number}", "csrf_token": tokens[number]},
                environ_overrides={"REMOTE_ADDR": f"10.98.{number}.1"},
            )
            .status_code
        )

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(guess, range(12)))
    assert answers.count(401) == 5
    assert answers.count(429) == 7


def test_a_disabled_account_is_shut_at_once(app: Flask, web: Web, person: str) -> None:
    client = app.test_client()
    sign_in(client, person)
    assert client.get("/account").status_code == 200
    with Session(web.owner) as session, session.begin():
        session.execute(text("update account set disabled_at = now() where username = :name"), {"name": person})
    assert client.get("/account").status_code == 302
    assert sign_in(app.test_client(), person).status_code == 401


def test_an_idle_and_an_old_session_end(app: Flask, web: Web, person: str) -> None:
    for change in ("seen_at = now() - interval '31 minutes'", "expires_at = now() - interval '1 second'"):
        client = app.test_client()
        sign_in(client, person)
        assert client.get("/account").status_code == 200
        with Session(web.owner) as session, session.begin():
            session.execute(
                text(f"update session set {change} where account_id = (select id from account where username = :name)"),
                {"name": person},
            )
        assert client.get("/account").status_code == 302


def test_a_new_password_ends_the_other_sessions(app: Flask, person: str) -> None:
    here, there = app.test_client(), app.test_client()
    sign_in(here, person)
    sign_in(there, person)
    new = "kettle-Bridge-41"
    form = {"old": PASSWORD, "new": new, "again": new, "csrf_token": form_token(here, "/account")}
    assert here.post("/account/password", data=form).status_code == 303
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302
    assert sign_in(app.test_client(), person).status_code == 401
    assert sign_in(app.test_client(), person, new).status_code == 303


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"old": "x"}, 422), ({"again": "another-Bridge-41"}, 422), ({"new": "short", "again": "short"}, 422)],
)
def test_a_password_is_changed_only_by_the_rule(app: Flask, person: str, changes: dict[str, str], status: int) -> None:
    client = app.test_client()
    sign_in(client, person)
    form = {"old": PASSWORD, "new": "kettle-Bridge-41", "again": "kettle-Bridge-41"}
    answer = client.post("/account/password", data=form | changes | {"csrf_token": form_token(client, "/account")})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert sign_in(app.test_client(), person).status_code == 303


def test_signing_out_elsewhere_leaves_this_session(app: Flask, person: str) -> None:
    here, there = app.test_client(), app.test_client()
    sign_in(here, person)
    sign_in(there, person)
    here.post("/account/sign-out-others", data={"csrf_token": form_token(here, "/account")})
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 302


def test_a_token_of_ones_own_works_without_cookie(app: Flask, person: str) -> None:
    client = app.test_client()
    sign_in(client, person)
    form = {"password": PASSWORD, "csrf_token": form_token(client, "/account")}
    made = re.search(r'class="secret">([^<]+)<', client.post("/account/tokens", data=form).text)
    assert made
    answer = app.test_client().get("/api/v1/search?q=H1", headers={"Authorization": f"Bearer {made[1]}"})
    assert answer.status_code == 200
    assert answer.json["households"]
    wrong = {"password": "x", "csrf_token": form_token(client, "/account")}
    assert client.post("/account/tokens", data=wrong).status_code == 422


def test_a_bad_token_is_nobody_even_beside_a_good_cookie(client_as: ClientAs) -> None:
    client = client_as("leader")
    assert client.get("/api/v1/search?q=H1").status_code == 200
    answer = client.get("/api/v1/search?q=H1", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401


def test_forms_without_their_token_change_nothing(app: Flask, client_as: ClientAs, web: Web) -> None:
    client = client_as("admin")
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or set()):
            continue
        path = re.sub(r"<key:[^>]+>", str(web.accounts["inspector"]), rule.rule)
        roles = rule_of(app.view_functions[rule.endpoint]) or frozenset(Role)
        refused = 400 if Role.ADMIN in roles else 403
        for body in ({"data": {"lang": "en"}}, {"json": {}}, {"data": "{}", "content_type": "text/plain"}):
            answer = client.post(path, **body)
            assert answer.status_code == refused, (path, body)
    assert client.get("/account").status_code == 200


def test_the_form_token_changes_with_sign_in(app: Flask, person: str) -> None:
    client = app.test_client()
    before = form_token(client)
    sign_in(client, person)
    answer = client.post("/sign-out", data={"csrf_token": before})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_sign_in_leads_to_this_site_only(app: Flask, person: str, target: str) -> None:
    assert sign_in(app.test_client(), person, target=target).headers["Location"] == "/"


def test_sign_in_comes_back_to_the_page(app: Flask) -> None:
    answer = app.test_client().get("/worklists?outside_page=2")
    assert answer.headers["Location"] == "/sign-in?next=/worklists%3Foutside_page%3D2"


def test_the_database_keeps_no_token(app: Flask, web: Web, person: str) -> None:
    client = app.test_client()
    sign_in(client, person)
    cookie = client.get_cookie("fangtu_session")
    assert cookie
    with Session(web.owner) as session:
        stored = session.scalar(
            text("select count(*) from session where token_hash = convert_to(:token, 'UTF8')"), {"token": cookie.value}
        )
        known = session.scalar(
            text("select count(*) from session where token_hash = sha256(convert_to(:token, 'UTF8'))"),
            {"token": cookie.value},
        )
    assert (stored, known) == (0, 1)


def test_every_attempt_is_in_the_log(app: Flask, web: Web, person: str) -> None:
    sign_in(app.test_client(), person, "wrong-Password-77")
    sign_in(app.test_client(), person)
    with Session(web.owner) as session:
        acts = session.scalars(text("select act from audit where actor = :name order by id"), {"name": person}).all()
    assert acts == ["sign_in_refused", "sign_in"]
