"""The page of the field app, its worker and its manifest: the same for everybody, and nothing of anybody."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import segno
from flask import Flask

from app.factory import create_app
from tests.web.conftest import ACCOUNTS, Web


def test_the_page_is_the_same_for_everybody(app: Flask, web: Web) -> None:
    def page(token: str | None) -> str:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = app.test_client().get("/field/?shell=1", headers=headers)
        assert answer.status_code == 200
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        return answer.text

    pages = {page(token) for token in (None, *(web.tokens[name] for name in ACCOUNTS))}
    assert len(pages) == 1
    (only,) = pages
    assert "csrf" not in only
    assert 'data-lang=""' in only


def test_the_page_is_in_the_language_of_who_asks(app: Flask, web: Web) -> None:
    client = app.test_client()
    client.set_cookie("fangtu_lang", "en")
    assert 'data-lang="en"' in client.get("/field/").text


def test_the_worker_lists_files_that_are_there(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/field/sw.js")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.mimetype == "text/javascript"
    found = re.match(r"const SHELL = (\{.*\});\n", answer.text)
    assert found is not None
    shell = json.loads(found[1])
    assert shell["page"] in shell["files"]
    assert len(shell["files"]) == len(set(shell["files"]))
    assert {path: client.get(path).status_code for path in shell["files"]} == dict.fromkeys(shell["files"], 200)
    assert client.get("/api/v1/ping").get_json()["version"] == shell["version"]
    assert f'data-version="{shell["version"]}"' in client.get("/field/").text


def test_the_setting_takes_the_app_off_the_phones(web: Web) -> None:
    app = create_app(replace(web.settings, field_kill=True))
    text = app.test_client().get("/field/sw.js").text
    assert "unregister" in text
    assert "SHELL" not in text
    assert app.test_client().get("/api/v1/ping").get_json()["kill"] is True


def test_the_manifest_opens_the_app_alone(app: Flask) -> None:
    client = app.test_client()
    about = client.get("/field/manifest.webmanifest").get_json(force=True)
    assert (about["start_url"], about["scope"], about["display"]) == ("/field/", "/field/", "standalone")
    for icon in about["icons"]:
        assert client.get(icon["src"]).mimetype == "image/png"


def test_the_code_of_the_app_is_its_own_address(app: Flask) -> None:
    answer = app.test_client().get("/field/code.svg", base_url="https://fangtu.example:8443")
    assert answer.mimetype == "image/svg+xml"
    path = segno.make("https://fangtu.example:8443/field/", error="m", micro=False).svg_inline(border=4, scale=6)
    assert re.findall(r'd="([^"]+)"', path)[-1] in answer.get_data(as_text=True)
