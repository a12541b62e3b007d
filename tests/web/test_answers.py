"""What every answer carries: headers, one shape of errors, compression, language, and the description of the API."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api import is_described
from tests.web.conftest import Web
from tests.web.routes import all_calls, records_of

ClientAs = Callable[[str | None], FlaskClient]
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


@pytest.mark.parametrize("account", [None, "admin"])
def test_every_answer_carries_the_security_headers(app: Flask, web: Web, client_as: ClientAs, account: str) -> None:
    client = client_as(account)
    paths = [call.path for call in all_calls(app, records_of(web, "H6", "admin")) if call.method == "GET"]
    for path in [*paths, "/nothing-here", "/static/none.css"]:
        headers = client.get(path).headers
        assert headers["Content-Security-Policy"] == POLICY, path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        # The address of a household's card or file is its code, which goes nowhere.
        is_code = (path.startswith("/card") and not path.startswith("/cards")) or bool(
            account and path.startswith("/h/")
        )
        referrer = "no-referrer" if is_code else "same-origin"
        assert headers["Referrer-Policy"] == referrer, path
        assert "geolocation=(self)" in headers["Permissions-Policy"], path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert "Server-Timing" not in headers


def test_what_is_personal_is_kept_nowhere(app: Flask, web: Web, client_as: ClientAs) -> None:
    records = records_of(web, "H6", "admin")
    for path in (
        f"/api/v1/households/{records['household_id']}",
        f"/api/v1/visits/{records['no']}",
        "/api/v1/search?q=H6",
        "/account",
        "/accounts",
        "/audit",
        "/worklists",
    ):
        assert client_as("admin").get(path).headers["Cache-Control"] == "no-store", path


def test_no_page_has_script_or_style_in_its_text(app: Flask, web: Web, client_as: ClientAs) -> None:
    client = client_as("admin")
    seen = 0
    for call in all_calls(app, records_of(web, "H6", "admin")):
        answer = client.get(call.path) if call.method == "GET" else None
        if answer is None or answer.mimetype != "text/html" or answer.status_code != 200:
            continue
        seen += 1
        assert re.search(r"<script(?![^>]*\bsrc=)", answer.text) is None, call
        assert re.search(r"<style|<[^>]*\s(?:style|on[a-z]+)=|<[^>]*javascript:", answer.text) is None, call
        assert "://" not in re.sub(r"http://www\.w3\.org/\S+", "", answer.text), call
    assert seen >= 4


def test_errors_have_one_shape_for_programs_and_a_page_for_people(client_as: ClientAs) -> None:
    for path, status in (("/api/v1/nothing", 404), ("/api/v1/households/999", 404), ("/i18n/xx.json", 404)):
        answer = client_as("leader").get(path)
        assert answer.status_code == status
        assert set(answer.json) == {"error", "message", "details"}
        assert answer.json["error"] == "not_found"
    page = client_as("leader").get("/nothing", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "没有这一页" in page.text
    assert client_as("leader").post("/healthz", headers={"Authorization": "Bearer x"}).status_code == 405


def test_a_fault_says_its_number_and_nothing_else(app: Flask, client_as: ClientAs, monkeypatch) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr("app.search.search", fail)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    answer = client_as("leader").get("/api/v1/search?q=x")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert answer.json["details"]["request_id"] == answer.headers["X-Request-Id"]


def test_the_api_description_and_the_route_table_are_equal(app: Flask, client_as: ClientAs) -> None:
    described = client_as(None).get("/openapi.json").json
    in_table = {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if is_described(rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    in_description = {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert in_description == in_table
    assert ("/api/v1/households/{household_id}", "get") in in_table
    for methods in described["paths"].values():
        for operation in methods.values():
            assert operation["summary"]
            assert "200" in operation["responses"]


# Some addresses are for phones, which name themselves.
PHONE = {"X-Fangtu-Device": "00000000-0000-4000-8000-000000000001"}


def test_an_answer_holds_the_fields_its_description_names(app: Flask, web: Web, client_as: ClientAs) -> None:
    described = client_as(None).get("/openapi.json").json["paths"]
    records = records_of(web, "H6", "supervisor")
    checked = 0
    for call in all_calls(app, records):
        if call.method != "GET" or not call.path.startswith("/api/v1/"):
            continue
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", call.rule)
        content = described[path]["get"]["responses"]["200"]["content"]
        if "application/json" not in content:
            assert client_as("supervisor").get(call.path).mimetype in content, call
            continue
        schema = content["application/json"]["schema"]
        if not schema["properties"]:
            continue
        answer = client_as("supervisor").get(call.path, query_string={"q": "H6"}, headers=PHONE)
        assert set(answer.json) == set(schema["properties"]), call
        checked += 1
    assert checked >= 6


def test_what_is_large_travels_compressed(client_as: ClientAs) -> None:
    client = client_as("leader")
    for path in ("/account", "/openapi.json", "/static/css/base.css"):
        plain = client.get(path)
        small = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert small.headers["Content-Encoding"] == "gzip", path
        assert "Accept-Encoding" in small.headers["Vary"], path
        assert len(small.data) < len(plain.data)
        if path.startswith("/static"):
            assert gzip.decompress(small.data) == plain.data
    assert "Content-Encoding" not in client.get("/healthz", headers={"Accept-Encoding": "gzip"}).headers


def test_static_files_are_kept_for_as_long_as_their_checksum_holds(app: Flask, client_as: ClientAs) -> None:
    with app.test_request_context():
        from flask import url_for

        address = url_for("static", filename="css/base.css")
    client = client_as(None)
    first = client.get(address)
    assert "immutable" in first.headers["Cache-Control"]
    plain = client.get("/static/css/base.css")
    assert plain.headers["Cache-Control"] == "no-cache"
    again = client.get("/static/css/base.css", headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    for path in ("/static/../app/factory.py", "/static/%2e%2e/app/factory.py", "/static/package.json", "/static/"):
        assert client.get(path).status_code == 404, path


def test_health_tells_no_more_than_health(client_as: ClientAs) -> None:
    answer = client_as(None).get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("accept", "lang"),
    [("", "zh-CN"), ("zh-CN,zh;q=0.9", "zh-CN"), ("en-GB,en;q=0.9", "en"), ("fr", "zh-CN"), ("fr,en;q=0.5", "en")],
)
def test_the_browser_chooses_the_language(client_as: ClientAs, accept: str, lang: str) -> None:
    page = client_as(None).get("/sign-in", headers={"Accept-Language": accept})
    assert f'<html lang="{lang}"' in page.text


def test_a_switch_is_kept_and_leads_back(app: Flask) -> None:
    client = app.test_client()
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/sign-in").text)
    assert token
    form = {"lang": "en", "next": "/sign-in?next=/map#map=1/2/3", "csrf_token": token[1]}
    answer = client.post("/language", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/map#map=1/2/3")
    assert '<html lang="en"' in client.get("/sign-in").text
    assert "Sign in" in client.get("/sign-in").text
    assert client.post("/language", data=form | {"lang": "fr"}).status_code == 400


def test_the_words_of_the_scripts_come_as_one_file(client_as: ClientAs) -> None:
    answer = client_as(None).get("/i18n/en.json")
    words = json.loads(answer.data)
    assert words["未走访"]
    again = client_as(None).get("/i18n/en.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert client_as(None).get("/i18n/zh.json").json == {}


@pytest.mark.parametrize("page", ["²", "٣", "-1", "0", "x", "9" * 30, ""])
def test_a_page_that_is_no_page_is_the_first_one(client_as: ClientAs, page: str) -> None:
    client = client_as("supervisor")
    for address in ("/visits?page=", "/remainder?page=", "/hardship?page=", "/worklists?outside_page="):
        assert client.get(address + page).status_code == 200, address
