"""Every address of the application, filled in for one asker's own records or for somebody else's."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from geo.tiles import world_xy
from tests.township import VILLAGES
from tests.web.conftest import Web

# Which household stands for an account's own records, and which for those of others.
OWN = {"inspector": "H1", "inspector_two": "H6", "supervisor": "H6", "leader": "H6", "admin": "H6"}
FOREIGN = {"inspector": "H6", "inspector_two": "H1", "outsider": "H6"}
HOUSEHOLD_SPOT = {"H1": (118.802, 36.405), "H6": (118.815, 36.405)}
FILES = {"filename": "css/base.css", "lang": "en"}
ABSENT = 999_999_999


@dataclass(frozen=True)
class Call:
    """One request to make."""

    rule: str
    method: str
    path: str
    endpoint: str


def all_calls(app: Flask, arguments: dict[str, object]) -> list[Call]:
    """Every route with every method, its arguments filled in.

    Raises
    ------
    KeyError
        If a route has an argument nobody thought of here: then this test does not cover it.
    """
    calls = []
    for rule in app.url_map.iter_rules():
        path = _fill(app, rule, arguments)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            calls.append(Call(rule.rule, method, path, rule.endpoint))
    return sorted(calls, key=lambda call: (call.rule, call.method))


def records_of(web: Web, household: str, account: str) -> dict[str, object]:
    """Arguments of all routes for the records around one household; ``account_id`` is that account's key."""
    key = web.town.households[household]
    lon, lat = HOUSEHOLD_SPOT[household]
    x, y = world_xy(lon, lat, zoom=16)
    with Session(web.owner) as session:

        def one(sql: str) -> int:
            return int(session.scalar(text(sql), {"id": key}) or ABSENT)

        return {
            **FILES,
            "household_id": key,
            "house_id": one("select id from house where household_id = :id"),
            "site_id": one("select id from renovation_site where household_id = :id"),
            "no": one("select min(no) from visit where household_id = :id"),
            "code": VILLAGES[0] if household == "H1" else VILLAGES[1],
            "account_id": web.accounts[account],
            "z": 16,
            "x": int(x),
            "y": int(y),
        }


def absent_records() -> dict[str, object]:
    """Arguments that name nothing at all."""
    keys = dict.fromkeys(("household_id", "house_id", "site_id", "no", "account_id"), ABSENT)
    return {**FILES, **keys, "code": "990909909909", "z": 16, "x": 1, "y": 1}


def names_a_record(rule: str) -> bool:
    """Whether an address points at one record, so that somebody else's must look like none."""
    return "<key:" in rule or "<code>" in rule


def _fill(app: Flask, rule: Rule, arguments: dict[str, object]) -> str:
    values = {name: arguments[name] for name in rule.arguments}
    with app.test_request_context():
        built = app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter(rule.methods or {"GET"})))
    return str(built)
