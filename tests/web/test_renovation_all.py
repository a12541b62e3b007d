"""Passing a gate for all renovations that fit the list: looked at first, few at once, many by the worker."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

import app.renovation_all as page
from data.worker import Worker
from tests.renovation import new_site
from tests.web.conftest import Web

Ask = Callable[..., TestResponse]


@pytest.fixture(scope="module")
def sites(web: Web) -> list[int]:
    """Two appraised renovations and one that is not."""
    with Session(web.owner) as session, session.begin():
        return [
            *(new_site(session, web.town, home, "appraised") for home in ("H2", "H3")),
            new_site(session, web.town, "H5"),
        ]


@pytest.fixture
def ask(app: Flask, web: Web) -> Ask:
    def send(who: str, method: str, path: str, **form: object) -> TestResponse:
        headers = {"Authorization": f"Bearer {web.tokens[who]}"}
        return app.test_client().open(path, method=method, data=form or None, headers=headers)

    return send


def stages(web: Web, sites: list[int]) -> list[str]:
    with Session(web.owner) as session:
        rows = session.execute(text("select id, stage from renovation_site where id = any (:ids)"), {"ids": sites})
        by_id = {row.id: row.stage for row in rows}
    return [by_id[site] for site in sites]


def test_all_that_fit_are_looked_at_and_then_passed(
    ask: Ask, web: Web, sites: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "/sites/all?state=open&year=2026&gate=compared"
    shown = ask("supervisor", "GET", address)
    assert "3 处中，2 处可以通过，1 处不能" in shown.text
    assert stages(web, sites) == ["appraised", "appraised", "found"]
    done = ask("supervisor", "POST", address, note="会议通过")
    assert "2 处已通过，1 处没有办理" in done.text
    assert stages(web, sites) == ["compared", "compared", "found"]
    # More than a person waits for: by the worker, with the same words at the end.
    monkeypatch.setattr(page, "AT_ONCE", 1)
    sent = ask("supervisor", "POST", "/sites/all?state=open&year=2026&gate=reviewed")
    assert sent.status_code == 303
    where = sent.headers["Location"]
    assert "data-job" in ask("supervisor", "GET", where).text
    Worker(web.settings).run(until_idle=True)
    assert "2 处已通过，1 处没有办理" in ask("supervisor", "GET", where).text
    assert stages(web, sites) == ["reviewed", "reviewed", "found"]


@pytest.mark.parametrize("odd", ["gate=paid", "gate=", "gate=compared&on_day=x", "gate=compared&stage=done"])
def test_odd_wishes_are_refused_in_words(ask: Ask, sites: list[int], odd: str) -> None:
    assert ask("supervisor", "GET", f"/sites/all?{odd}").status_code in (400, 422)


def test_it_is_for_supervisors(ask: Ask, sites: list[int]) -> None:
    for who in ("inspector", "leader"):
        assert ask(who, "GET", "/sites/all?gate=compared").status_code == 403
