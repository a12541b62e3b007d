"""The door of tiles answers as the application behind it, proves each request, and gives nobody a foreign tile."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import pairwise
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import Client, TestResponse

from app.factory import create_app
from app.tile_door import TileDoor
from app.tiles import tile
from data.areas import number_range
from data.askers import Role
from data.folding import fold
from data.lines import MOST, Line, NoLine
from data.prepared import Prepared
from data.scopes import MapOpener
from data.tables import Account, Duty
from geo.tiles import world_xy
from tests.database.test_isolation import open_session
from tests.township import TOWNSHIP, VILLAGES
from tests.web.conftest import Web

SPOT = (118.805, 36.405)
EVERYBODY = ("inspector", "inspector_two", "supervisor", "leader", "admin")


def address(layer: str = "records", z: int = 14, query: str = "") -> str:
    x, y = world_xy(*SPOT, z)
    return f"/api/v1/tiles/{layer}/{z}/{x}/{y}.mvt{query}"


@pytest.fixture
def door(app: Flask) -> TileDoor:
    made: TileDoor = app.extensions["fangtu_tiles"]
    return made


@pytest.fixture
def without_memory(web: Web) -> Iterator[TileDoor]:
    made: TileDoor = create_app(replace(web.settings, tile_memory=0)).extensions["fangtu_tiles"]
    yield made
    made.lines.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the database at the door, one entry for each message."""
    found: list[str] = []
    ask = Line.ask

    def note(self: Line, question: Any, values: Any, **more: Any) -> Any:
        found.append(question.text)
        return ask(self, question, values, **more)

    monkeypatch.setattr(Line, "ask", note)
    return found


def get(of: Any, path: str, token: str | None, **headers: str) -> TestResponse:
    bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
    return Client(of).get(path, headers={**bearer, **headers})


def behind(of: TileDoor, path: str, token: str | None, **headers: str) -> TestResponse:
    return get(of._behind, path, token, **headers)


def told(answer: TestResponse) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer but the number of its request."""
    assert len(answer.headers["X-Request-Id"]) == 16
    return answer.status_code, sorted((k, v) for k, v in answer.headers if k != "X-Request-Id"), answer.data


@contextmanager
def person(web: Web, role: str = "inspector", code: str = VILLAGES[0]) -> Iterator[tuple[int, str]]:
    """Account and token of somebody to whom something is about to happen."""
    name = f"door{secrets.token_hex(4)}"
    low, high = number_range(code)
    with Session(web.owner) as session, session.begin():
        account = Account(username=name, full_name=name, role=role, jur=low, jur_end=high, password_hash="x")
        session.add(account)
        session.flush()
        session.add(Duty(account_id=account.id, jur=low, jur_end=high))
        session.flush()
        open_session(session, web.settings, account.id, name)
        key = account.id
    yield key, name
    with Session(web.owner) as session, session.begin():
        for table, column in (("session", "account_id"), ("duty", "account_id"), ("account", "id")):
            session.execute(text(f"delete from {table} where {column} = :key"), {"key": key})


def change(web: Web, statement: str, **values: object) -> None:
    with Session(web.owner) as session, session.begin():
        session.execute(text(statement), values)


TILES = [
    ("records", 9, ""),
    ("records", 14, ""),
    ("records", 16, "?round=1"),
    ("cells", 13, "?campaign=&round="),
    ("households", 14, "?campaign=1"),
    ("houses", 17, ""),
    ("sites", 15, ""),
    ("visits", 16, "?by=village"),
    ("areas", 12, "?by=grid"),
    ("areas", 9, ""),
]


@pytest.mark.parametrize(("layer", "z", "query"), TILES)
def test_an_answer_at_the_door_is_that_of_the_application(
    web: Web, door: TileDoor, asked: list[str], layer: str, z: int, query: str
) -> None:
    path = address(layer, z, query.replace("campaign=1", f"campaign={web.town.campaign_id}"))
    for account in ("inspector", "leader"):
        token = web.tokens[account]
        for headers in ({}, {"Accept-Encoding": "gzip, br"}, {"Accept-Encoding": "gzip;q=0"}):
            here, there = get(door, path, token, **headers), behind(door, path, token, **headers)
            assert told(here) == told(there)
            assert here.status_code == 200
            kept = {"If-None-Match": here.headers["ETag"]}
            here, there = get(door, path, token, **kept), behind(door, path, token, **kept)
            assert told(here) == told(there)
            assert here.status_code == 304
    assert len(asked) >= 12, "nothing came through the door"


def test_a_large_tile_is_compressed_alike_and_kept_in_both_forms(
    web: Web, door: TileDoor, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.compression.LEAST_BYTES", 1)
    token, path = web.tokens["leader"], address(z=15)
    plain, small = get(door, path, token), get(door, path, token, **{"Accept-Encoding": "gzip"})
    again = get(door, path, token, **{"Accept-Encoding": "gzip"})
    assert told(small) == told(again) == told(behind(door, path, token, **{"Accept-Encoding": "gzip"}))
    assert small.headers["Content-Encoding"] == "gzip"
    assert small.headers["ETag"] == f"W/{plain.headers['ETag']}"
    assert told(plain) == told(get(door, path, token)) == told(behind(door, path, token))


def test_over_https_the_door_says_so_as_the_application_does(web: Web, door: TileDoor) -> None:
    headers = {"Authorization": f"Bearer {web.tokens['leader']}"}
    here, there = (Client(one).get(address(), headers=headers, base_url="https://x") for one in (door, door._behind))
    assert told(here) == told(there)
    assert "Strict-Transport-Security" in here.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (address(), 401),
        (address(query="?round=99"), 404),
        (address(query="?campaign=404"), 404),
        (address("areas", 8), 404),
        (address("visits", 13), 404),
        ("/api/v1/tiles/records/3/0/8.mvt", 404),
        ("/api/v1/tiles/records/14/99999999999/1.mvt", 404),
        (address(query="?round=%00"), 400),
    ],
)
def test_a_refusal_is_the_applications(web: Web, door: TileDoor, path: str, status: int) -> None:
    token = None if status == 401 else web.tokens["leader"]
    here, there = get(door, path, token), behind(door, path, token)
    assert told(here) == told(there)
    assert (here.status_code, here.mimetype) == (status, "application/json")


def test_a_cookie_and_a_bearer_open_alike_and_a_bad_bearer_beside_a_cookie_is_nobody(web: Web, door: TileDoor) -> None:
    client = Client(door)
    client.set_cookie("fangtu_session", web.tokens["leader"])
    assert told(client.get(address())) == told(get(door, address(), web.tokens["leader"]))
    assert client.get(address(), headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_a_token_that_no_database_takes_is_nobody(door: TileDoor) -> None:
    for headers in ({"Cookie": 'fangtu_session="a\\000b"'}, {"Authorization": "Bearer \xff\xfe"}):
        here, there = get(door, address(), None, **headers), behind(door, address(), None, **headers)
        assert told(here) == told(there)
        assert here.status_code == 401


@pytest.mark.parametrize("accepts", ["gzip", "identity"])
def test_an_empty_tile_is_empty_alike(web: Web, door: TileDoor, accepts: str) -> None:
    for _ in range(2):
        for headers in ({"Accept-Encoding": "gzip"}, {"Accept-Encoding": accepts}):
            here = get(door, "/api/v1/tiles/records/15/1/1.mvt", web.tokens["leader"], **headers)
            assert told(here) == told(behind(door, "/api/v1/tiles/records/15/1/1.mvt", web.tokens["leader"], **headers))
            assert (here.status_code, here.data) == (200, b"")


ENDINGS = {
    "signed out": "update session set ended_at = now() where account_id = :key",
    "expired": "update session set expires_at = now() - interval '1 second' where account_id = :key",
    "idle": "update session set kind = 'web', seen_at = now() - interval '31 minutes' where account_id = :key",
    "disabled": "update account set disabled_at = now() where id = :key",
}


@pytest.mark.parametrize("how", ENDINGS)
def test_a_session_that_ended_gets_nothing_although_the_tile_is_in_memory(web: Web, door: TileDoor, how: str) -> None:
    with person(web) as (key, token):
        first = get(door, address(), token)
        assert first.status_code == get(door, address(), token).status_code == 200
        change(web, ENDINGS[how], key=key)
        for headers in ({}, {"If-None-Match": first.headers["ETag"]}):
            assert get(door, address(), token, **headers).status_code == 401


def test_a_colleague_of_the_same_duty_is_given_the_tile_and_nobody_else(
    web: Web, door: TileDoor, asked: list[str]
) -> None:
    path = address("households", 16)
    with person(web) as (_, one), person(web) as (_, other), person(web, code=VILLAGES[1]) as (_, foreign):
        made = get(door, path, one)
        count = len(asked)
        assert get(door, path, other).data == made.data
        assert len(asked) == count + 1, "made again, or not proved"
        assert get(door, path, other).headers["ETag"] != made.headers["ETag"]
        count = len(asked)
        assert get(door, path, foreign).data != made.data
        assert len(asked) == count + 2, "not made for this duty"
    with person(web, role="leader") as (_, leader):
        count = len(asked)
        get(door, path, leader)
        assert len(asked) == count + 2, "made for another role"


@pytest.mark.parametrize(("layer", "z", "query"), TILES)
def test_what_is_in_memory_is_what_would_be_made(
    web: Web, door: TileDoor, without_memory: TileDoor, layer: str, z: int, query: str
) -> None:
    path = address(layer, z, query.replace("campaign=1", f"campaign={web.town.campaign_id}"))
    for _ in range(2):
        found = {account: get(door, path, web.tokens[account]).data for account in EVERYBODY}
    made = {account: get(without_memory, path, web.tokens[account]).data for account in EVERYBODY}
    assert found == made
    assert without_memory.shelf.bytes == 0 < door.shelf.bytes


def test_a_duty_that_changes_changes_the_tile_at_once(web: Web, door: TileDoor) -> None:
    path = address("households", 16)
    with person(web) as (key, token):
        before = get(door, path, token)
        low, high = number_range(VILLAGES[1])
        change(web, "update duty set jur = :low, jur_end = :high where account_id = :key", low=low, high=high, key=key)
        after = get(door, path, token, **{"If-None-Match": before.headers["ETag"]})
        assert (after.status_code, after.data) == (200, behind(door, path, token).data)
        assert after.data != before.data
        change(web, "delete from duty where account_id = :key", key=key)
        nothing = get(door, path, token)
        assert (nothing.status_code, nothing.json["error"]) == (404, "campaign_unknown")


def test_a_role_that_changes_is_not_answered_with_the_tile_of_the_old_one(web: Web, door: TileDoor) -> None:
    with person(web) as (key, token):
        before = get(door, address(), token)
        change(web, "update account set role = 'supervisor' where id = :key", key=key)
        after = get(door, address(), token, **{"If-None-Match": before.headers["ETag"]})
        assert after.status_code == 200
        assert after.headers["ETag"] != before.headers["ETag"]


def test_the_door_keeps_the_access_rule_of_the_view(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile, "fangtu_roles", frozenset({Role.ADMIN}))
    narrow: TileDoor = create_app(web.settings).extensions["fangtu_tiles"]
    for account in EVERYBODY:
        wanted = 200 if account == "admin" else 403
        assert get(narrow, address(), web.tokens[account]).status_code == wanted
    narrow.lines.close()


def test_a_session_that_ends_between_proof_and_tile_gets_nothing_and_leaves_nothing(
    web: Web, without_memory: TileDoor, door: TileDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = address("households", 15)
    with person(web) as (key, token), person(web) as (_, colleague):
        opened = MapOpener.open

        def and_end(self: MapOpener, *words: Any, **more: Any) -> Any:
            found = opened(self, *words, **more)
            change(web, ENDINGS["signed out"], key=key)
            return found

        with monkeypatch.context() as patch:
            patch.setattr(MapOpener, "open", and_end)
            assert get(door, path, token).status_code == 401
        assert get(door, path, colleague).data == get(without_memory, path, colleague).data != b""


def test_a_change_is_in_the_next_tile(web: Web, door: TileDoor) -> None:
    path = address("households", 16)
    with person(web, "leader", TOWNSHIP) as (_, token):
        before = get(door, path, token)
        shift = "update household set geom = st_translate(geom, :by, 0) where id = :key"
        change(web, shift, by=0.0002, key=web.town.households["H1"])
        after = get(door, path, token, **{"If-None-Match": before.headers["ETag"]})
        assert (after.status_code, after.data) == (200, behind(door, path, token).data)
        assert after.data != before.data
        change(web, shift, by=-0.0002, key=web.town.households["H1"])
        fold(web.owner)
        assert get(door, path, token).data == before.data


def test_round_and_version_are_read_again_only_when_something_was_committed(web: Web, door: TileDoor) -> None:
    opener, day = MapOpener(), date(2026, 7, 1)
    rows: list[tuple[Any, ...]] = []

    class Noted:
        def __init__(self, line: Line) -> None:
            self.ask: Callable[..., Any] = lambda question, values: rows.append(line.ask(question, values)) or rows[-1]

    def scope() -> Any:
        with door.lines.held() as line:
            found = opener.open(
                Noted(line),  # type: ignore[arg-type]
                web.tokens["inspector"], seen=False, campaign=None, round_no=None, today=day,
            )  # fmt: skip
        return found and found.scope

    first = scope()
    # Snapshots count the commits of the whole cluster, so also of tests that run beside this one.
    while len(rows) < 2 or rows[-1][3] != rows[-2][3]:
        assert scope() == first
        assert len(rows) < 500
    assert rows[0][4] == first.campaign_id
    for before, row in pairwise(rows):
        assert row[4] == (None if row[3] == before[3] else first.campaign_id)
    assert {row[0] for row in rows} == {web.accounts["inspector"]}
    change(web, "update grid set name = name where jur = 990101001001001")
    later = scope()
    assert later.tag != first.tag
    assert rows[-1][4] == first.campaign_id
    opener.forget()
    assert scope() == later
    assert rows[-1][4] == first.campaign_id


def test_a_page_that_asks_by_itself_does_not_keep_a_session_open(web: Web, door: TileDoor) -> None:
    seen = text("select now() - seen_at < interval '1 minute' from session where account_id = :key")
    with person(web) as (key, token):
        change(web, "update session set seen_at = now() - interval '10 minutes' where account_id = :key", key=key)
        for headers, counts in (({"X-Fangtu-Unattended": "1"}, False), ({}, True)):
            assert get(door, address(), token, **headers).status_code == 200
            with Session(web.owner) as session:
                assert session.scalar(seen, {"key": key}) is counts


def test_a_connection_at_the_door_forgets_whom_it_served(web: Web, door: TileDoor, without_memory: TileDoor) -> None:
    held = Prepared(
        "select current_setting('fangtu.token', true), (select count(*) from household where jur > :low)",
        {"low": "bigint"},
    )
    for one in (door, without_memory):
        assert get(one, address(), web.tokens["leader"]).status_code == 200
        with one.lines.held() as line:
            token, seen = line.ask(held, {"low": 0})
        assert (token or "", seen) == ("", 0)


def test_many_at_once_get_each_their_own(web: Web, door: TileDoor, without_memory: TileDoor) -> None:
    paths = [address("households", z) for z in (14, 15, 16)] + [address("areas", 12, "?by=grid")]
    wanted = {(who, path): get(without_memory, path, web.tokens[who]).data for who in EVERYBODY for path in paths}
    asks = [*wanted] * 6
    random.Random(7).shuffle(asks)
    for one in (door, without_memory):
        with ThreadPoolExecutor(12) as pool:
            found = list(pool.map(lambda ask, one=one: get(one, ask[1], web.tokens[ask[0]]).data, asks))
        assert found == [wanted[ask] for ask in asks]
        assert len(one.lines._free) <= MOST


def test_a_tile_that_many_ask_for_at_once_is_made_once(
    web: Web, door: TileDoor, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Barrier(MOST)
    opened = MapOpener.open

    def together(self: MapOpener, *words: Any, **more: Any) -> Any:
        found = opened(self, *words, **more)
        begin.wait(20)
        return found

    with person(web, "leader", TOWNSHIP) as (_, token), person(web, "leader", VILLAGES[1]) as (_, other):
        change(web, "update grid set name = name")  # what is in memory is of an earlier version
        monkeypatch.setattr(MapOpener, "open", together)
        with ThreadPoolExecutor(MOST) as pool:
            tokens = [token, other] * (MOST // 2)
            found = list(pool.map(lambda one: get(door, address("houses", 15), one).data, tokens))
    assert len(set(found)) == 2
    assert found[0::2] == found[:1] * (MOST // 2)
    assert len(asked) == MOST + 2, "made more than once for a duty"


def test_without_a_connection_at_the_door_the_application_answers(
    web: Web, door: TileDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def none() -> Iterator[Line]:
        raise NoLine("none")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(door.lines, "held", none)
        answer = get(door, address(), web.tokens["leader"])
    assert told(answer) == told(get(door, address(), web.tokens["leader"]))


def test_only_reading_comes_through_the_door(web: Web, door: TileDoor, asked: list[str]) -> None:
    headers = {"Authorization": f"Bearer {web.tokens['leader']}"}
    client = Client(door)
    assert client.head(address(), headers=headers).status_code == 200
    assert client.post(address(), headers=headers).status_code == 405
    assert client.get(address(query="?round=1&round=1"), headers=headers).status_code == 200
    assert client.get(address("base"), headers=headers).status_code == 200
    assert asked == []
