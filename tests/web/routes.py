"""Every address of the application, filled in for one asker's own records or for somebody else's."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from data.sealing import load_sealer
from data.upload_files import seal_refused
from geo.tiles import world_xy
from tests.township import VILLAGES
from tests.web.conftest import Web

# Which household stands for an account's own records, and which for those of others.
OWN = {"inspector": "H1", "inspector_two": "H6", "supervisor": "H6", "leader": "H6", "admin": "H6"}
FOREIGN = {"inspector": "H6", "inspector_two": "H1", "outsider": "H6"}
HOUSEHOLD_SPOT = {"H1": (118.802, 36.405), "H6": (118.815, 36.405)}
FILES = {
    "filename": "css/base.css",
    "lang": "en",
    "kind": "households",
    "name": "town",
    "layer": "records",
    "card": "AAAAA-AAAAA",
}
NO_UUID = uuid.UUID(int=0)
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
            **_upload_of(web, account),
            "bulk_id": NO_UUID,
            "edit_id": ABSENT,
            "z": 16,
            "x": int(x),
            "y": int(y),
        }


def _upload_of(web: Web, account: str) -> dict[str, object]:
    """An imported upload of the account with its batch, its job and a file of refused rows; made once."""
    owner = {"account": web.accounts[account]}
    with Session(web.owner) as session, session.begin():
        found = session.execute(text(_FIND), owner).one_or_none()
        if found is None:
            found = session.execute(text(_MAKE), owner).one()
    with TemporaryDirectory() as folder:
        plain = Path(folder, "refused.csv")
        plain.write_text("户编号,退回原因\n", encoding="utf-8-sig")
        seal_refused(web.settings, load_sealer(web.settings.key_file), found.upload_id, plain)
    return dict(found._mapping)


_FIND = """
    select u.id as upload_id, j.id as job_id, u.batch_id from upload u join job j on j.upload_id = u.id
     where u.account_id = :account and u.file_name = 'routes.csv' limit 1"""
_MAKE = """
    with mine as (select id, jur, jur_end from account where id = :account),
    made as (
        insert into batch (kind, file_name, sha256, read, refused, jur, jur_end, account_id, counts)
        select 'households', 'routes.csv', '\\x00', 1, 1, jur, jur_end, id, '{"inserted": 0}' from mine returning *),
    kept as (
        insert into upload (account_id, jur, jur_end, file_name, size_bytes, sha256, kind, state, batch_id, expires_at)
        select account_id, jur, jur_end, 'routes.csv', 1, '\\x00', 'households', 'imported', id,
               now() + interval '7 days' from made returning *)
    insert into job (kind, account_id, jur, jur_end, upload_id, state)
    select 'import', account_id, jur, jur_end, id, 'done' from kept
    returning upload_id, id as job_id, (select batch_id from kept) as batch_id"""


def absent_records() -> dict[str, object]:
    """Arguments that name nothing at all."""
    keys = dict.fromkeys(("household_id", "house_id", "site_id", "no", "account_id", "edit_id"), ABSENT)
    keys |= dict.fromkeys(("upload_id", "job_id", "bulk_id"), NO_UUID) | {"batch_id": ABSENT}
    return {**FILES, **keys, "code": "990909909909", "z": 16, "x": 1, "y": 1}


def names_a_record(rule: str) -> bool:
    """Whether an address points at one record, so that somebody else's must look like none."""
    return any(argument in rule for argument in ("<key:", "<uuid:", "<code>"))


def _fill(app: Flask, rule: Rule, arguments: dict[str, object]) -> str:
    values = {name: arguments[name] for name in rule.arguments}
    with app.test_request_context():
        built = app.url_map.bind("localhost").build(rule.endpoint, values, method=next(iter(rule.methods or {"GET"})))
    return str(built)
