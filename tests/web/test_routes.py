"""Plans of routes from the form to the phone: made, solved by the worker, changed, given out, taken away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.local_time import today
from data.worker import Worker
from tests.web.conftest import Web
from tests.web.sending import Sender


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
