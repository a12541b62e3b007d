"""What is committed is told to open maps, to each of its own area only; kept answers hold until it changes."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

import data.live
from app.factory import create_app
from app.live import hub
from app.session import UNATTENDED
from data.folding import fold, fold_now
from data.live import Hub, Notice, Stream, read_notice
from geo.tiles import world_xy
from tests.township import VILLAGES, add_visit
from tests.web.conftest import Web, commit_web

GRID_ONE, GRID_TWO = 990101001001001, 990101001002001
SOON_S, LATER_S = 5.0, 1.0
EVENTS = {"Accept": "text/event-stream"}
OpenStream = Callable[..., Stream]


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """A township of these tests' own, since they change it."""
    made = commit_web("fangtu_test_live")
    fold(made.owner)
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def app(web: Web) -> Iterator[Flask]:
    made = create_app(web.settings)
    made.config["TESTING"] = True
    yield made
    hub(made).stop()


@pytest.fixture
def hall(web: Web) -> Iterator[Hub]:
    made = Hub(replace(web.settings, streams=3))
    yield made
    made.stop()


@pytest.fixture
def stream_of(web: Web) -> Callable[[str], Stream]:
    """A stream of an account, as :mod:`app.live` makes it."""

    def make(account: str) -> Stream:
        with Session(web.owner) as session:
            duty = tuple(
                (int(low), int(high))
                for low, high in session.execute(
                    text("select jur, jur_end from duty where account_id = :id"), {"id": web.accounts[account]}
                )
            )
        return Stream(web.accounts[account], web.tokens[account], duty, web.town.campaign_id, 1)

    return make


def visit(web: Web, household: str) -> None:
    """One more visit, committed, and then folded in."""
    with Session(web.owner) as session, session.begin():
        add_visit(session, web.town, f"live-{time.monotonic_ns()}", household, minutes=45.0)
    fold(web.owner)


def test_a_visit_reaches_those_who_answer_for_its_area_and_nobody_else(web: Web, hall: Hub, stream_of) -> None:
    streams = {name: stream_of(name) for name in ("inspector", "inspector_two", "supervisor")}
    assert all(hall.open(stream) for stream in streams.values())
    visit(web, "H2")
    assert streams["inspector"].wait(SOON_S) == [GRID_ONE]
    assert streams["supervisor"].wait(SOON_S) == [GRID_ONE]
    assert streams["inspector_two"].wait(LATER_S) == []


def test_another_round_is_not_spoken_of(web: Web, hall: Hub, stream_of) -> None:
    other, every = stream_of("inspector"), stream_of("supervisor")
    other.round_no = 2
    assert hall.open(other)
    assert hall.open(every)
    visit(web, "H2")
    assert every.wait(SOON_S) == [GRID_ONE]
    assert other.wait(LATER_S) == []
    with Session(web.owner) as session, session.begin():
        session.execute(text("update house set structure = '木' where jur = :jur"), {"jur": GRID_ONE})
    assert other.wait(SOON_S) == [GRID_ONE]


def test_much_changed_is_told_only_where_something_changed(web: Web, hall: Hub, stream_of) -> None:
    one, two = stream_of("inspector"), stream_of("inspector_two")
    for stream in (one, two):
        assert hall.open(stream)
        hall.settle(stream, tag_of(web, stream))
    with Session(web.owner) as session, session.begin():
        session.execute(text("select set_config('fangtu.told', '100', true)"))
        add_visit(session, web.town, "bulk", "H2", minutes=45.0)
        fold_now(session)
    assert one.wait(SOON_S) is None
    assert two.wait(LATER_S) == []


def test_a_transaction_says_each_area_once_and_a_large_one_says_much(web: Web) -> None:
    address = web.settings.app_url.set(drivername="postgresql").render_as_string(hide_password=False)
    listening = psycopg2.connect(address)
    listening.autocommit = True
    listening.cursor().execute("listen fangtu_map")
    with Session(web.owner) as session, session.begin():
        for _ in range(3):
            add_visit(session, web.town, f"again-{time.monotonic_ns()}", "H6", minutes=45.0)
        fold_now(session)
        session.execute(
            text("""select note_map(array_agg(:campaign), array_agg(1::smallint), array_agg(j))
                      from generate_series(990101001003001, 990101001003100) j, generate_series(1, 2)"""),
            {"campaign": web.town.campaign_id},
        )
    select.select([listening], [], [], SOON_S)
    listening.poll()
    said = [one.payload for one in listening.notifies]
    listening.close()
    key = f"{web.town.campaign_id}:1:"
    assert said == [f"{key}{GRID_TWO}", f"{key}*"]
    # Forty numbers of fifteen digits are the longest that is said.
    assert 40 * 16 + 30 < 8000


def test_what_was_rolled_back_is_not_told(web: Web, hall: Hub, stream_of) -> None:
    stream = stream_of("inspector")
    assert hall.open(stream)
    with Session(web.owner) as session:
        add_visit(session, web.town, "never", "H2", minutes=45.0)
        session.rollback()
    fold(web.owner)
    assert stream.wait(LATER_S) == []


def test_an_ended_session_closes_its_stream(web: Web, hall: Hub, stream_of, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data.live, "CHECK_EVERY_S", 0.1)
    stream, other = stream_of("outsider"), stream_of("inspector")
    assert hall.open(stream)
    assert hall.open(other)
    with Session(web.owner) as session, session.begin():
        session.execute(text("update account set disabled_at = now() where id = :id"), {"id": web.accounts["outsider"]})
    stream.wait(15.0)
    assert (stream.closed, other.closed) == ("session", None)


def test_a_database_that_goes_away_ends_the_streams_and_is_found_again(web: Web, hall: Hub, stream_of) -> None:
    stream = stream_of("inspector")
    assert hall.open(stream)
    with Session(web.owner) as session:
        session.execute(text("reset role"))
        session.execute(
            text("""select pg_terminate_backend(pid) from pg_stat_activity
                     where application_name = 'fangtu-live' and datname = current_database()""")
        )
    stream.wait(SOON_S)
    assert stream.closed == "deaf"
    again = stream_of("inspector")
    until = time.monotonic() + 10
    while not hall.open(again):
        assert time.monotonic() < until
        time.sleep(0.3)
    visit(web, "H2")
    assert again.wait(SOON_S) == [GRID_ONE]


def test_streams_are_bounded_for_an_account_and_for_the_process(hall: Hub, stream_of) -> None:
    first, second, third = (stream_of("inspector") for _ in range(3))
    assert hall.open(first)
    assert hall.open(second)
    assert hall.open(third)
    assert (first.closed, second.closed, third.closed) == ("crowded", None, None)
    assert hall.open(stream_of("supervisor"))
    assert not hall.open(stream_of("leader"))
    hall.leave(third)
    assert hall.count() == 2
    assert hall.open(stream_of("leader"))


def test_a_notice_nobody_understands_is_none() -> None:
    assert read_notice("1:2:3,4") == Notice(1, 2, (3, 4))
    assert read_notice("1:2:*") == Notice(1, 2, None)
    for payload in ("", "1:2", "a:b:c", "1:2:x"):
        assert read_notice(payload) is None


def test_a_stream_begins_with_the_version_and_holds_no_connection(web: Web, app: Flask, client_as) -> None:
    client = client_as("inspector")
    answer = client.get("/map/live", headers=EVENTS)
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    pieces = iter(answer.response)
    tag = client.get("/map/changed.json").json["tag"]
    assert f'event: hello\ndata: {{"tag":"{tag}"}}' in text_of(next(pieces))
    assert app.extensions["fangtu"].engine.pool.checkedout() == 0
    assert hub(app).count() == 1
    visit(web, "H2")
    assert text_of(next(pieces)) == f'event: changed\ndata: {{"areas":[{GRID_ONE}]}}\n\n'
    answer.close()
    assert hub(app).count() == 0


def test_without_room_the_answer_is_empty_and_without_a_wish_for_a_stream_it_ends(app: Flask, client_as) -> None:
    assert client_as("leader").get("/map/live").text.startswith("event: hello")
    assert client_as(None).get("/map/live", headers={"Accept": "application/json"}).status_code == 401
    held = hub(app)._settings
    hub(app)._settings = replace(held, streams=0)
    try:
        assert client_as("leader").get("/map/live", headers=EVENTS).status_code == 204
    finally:
        hub(app)._settings = held


def test_a_map_without_a_stream_asks_what_changed(web: Web, client_as) -> None:
    client, other = client_as("inspector"), client_as("inspector_two")
    first, elsewhere = client.get("/map/changed.json"), other.get("/map/changed.json")
    assert client.get("/map/changed.json", headers=having(first)).status_code == 304
    visit(web, "H2")
    assert client.get("/map/changed.json", headers=having(first)).status_code == 200
    assert other.get("/map/changed.json", headers=having(elsewhere)).status_code == 304


def test_what_is_not_folded_in_yet_is_a_change_as_well(web: Web, client_as) -> None:
    client, address = client_as("inspector"), with_tile("TILE16")
    tile, tags = client.get(address), [client.get("/map/changed.json").json["tag"]]
    with Session(web.owner) as session, session.begin():
        add_visit(session, web.town, f"live-{time.monotonic_ns()}", "H4", minutes=45.0)
    tags.append(client.get("/map/changed.json").json["tag"])
    assert client.get(address, headers=having(tile)).status_code == 200
    assert fold(web.owner)
    tags.append(client.get("/map/changed.json").json["tag"])
    assert len(set(tags)) == 3
    assert fold(web.owner) == 0
    assert client.get("/map/changed.json").json["tag"] == tags[-1]


def test_a_map_left_open_is_no_use_of_the_session(web: Web, client_as) -> None:
    idle = "update session set seen_at = now() - interval '20 minutes' where account_id = :id"
    seen = "select seen_at < now() - interval '19 minutes' from session where account_id = :id"
    key = {"id": web.accounts["leader"]}
    with Session(web.owner) as session, session.begin():
        session.execute(text(idle), key)
    assert client_as("leader").get("/map/setup.json", headers={UNATTENDED: "1"}).status_code == 200
    with Session(web.owner) as session:
        assert session.scalar(text(seen), key)
    assert client_as("leader").get("/map/setup.json").status_code == 200
    with Session(web.owner) as session:
        assert not session.scalar(text(seen), key)


ADDRESSES = [
    "/map/areas.json?by=village",
    "/map/classes.json?by=village&show=unvisited",
    "/map/heat.json?kind=visited",
    "/map/days.json?by=village,grid&heat=1",
    "/map/setup.json",
    "TILE12",
    "TILE16",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_answer_holds_until_something_in_the_own_area_changed(web: Web, client_as, address: str) -> None:
    address = with_tile(address)
    client, other = client_as("inspector_two"), client_as("inspector")
    first, elsewhere = client.get(address), other.get(address)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Authorization"} <= {word.strip() for word in first.headers["Vary"].split(",")}
    assert first.headers["ETag"].startswith('"')
    again = client.get(address, headers=having(first))
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    visit(web, "H6")
    changed = client.get(address, headers=having(first))
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert other.get(address, headers=having(elsewhere)).status_code == 304


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_tag_of_another_account_opens_nothing(web: Web, client_as, address: str) -> None:
    address = with_tile(address)
    whole = client_as("supervisor").get(address)
    for name in ("inspector", "inspector_two", "leader"):
        mine = client_as(name).get(address)
        replayed = client_as(name).get(address, headers=having(whole))
        assert (replayed.status_code, replayed.data) == (200, mine.data), name
    if "tiles" in address:
        assert whole.data != client_as("inspector").get(address).data


def test_a_tag_from_before_a_change_of_duty_opens_nothing(web: Web, client_as) -> None:
    address = with_tile("TILE16")
    held = client_as("inspector_two").get(address)
    assert held.data
    key = {"id": web.accounts["inspector_two"]}
    moved = "update duty set jur = jur + {0}, jur_end = jur_end + {0} where account_id = :id"
    with Session(web.owner) as session, session.begin():
        session.execute(text(moved.format(1000)), key)
    try:
        after = client_as("inspector_two").get(address, headers=having(held))
        assert (after.status_code, after.data) == (200, b"")
    finally:
        with Session(web.owner) as session, session.begin():
            session.execute(text(moved.format(-1000)), key)


def test_unchanged_is_said_without_making_the_answer(client_as, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_as("inspector")
    addresses = [with_tile(address) for address in ADDRESSES if "setup" not in address]
    held = {address: client.get(address) for address in addresses}

    def never(*_all: object, **_more: object) -> None:
        raise AssertionError("made although nothing changed")

    tiles = ("app.tiles.round_tile", "app.tile_door.tile_question")
    for name in (*tiles, "app.maps.coverage_by_area", "app.maps.area_shapes", "app.maps.heat_cells"):
        monkeypatch.setattr(name, never)
    for address, first in held.items():
        assert client.get(address, headers=having(first)).status_code == 304, address


@pytest.mark.parametrize(
    "statement",
    [
        "update household set geom = st_translate(geom, 0.00001, 0) where code = 'H1'",
        "update appraisal set result = 'B' where house_id in (select id from house where code = 'F-H1')",
        "update renovation_site set stage = 'accepted' where code = 'G-H6'",
        "update visit set suspect = '{far}' where household_ref = 'H404'",
        "delete from visit where natural_key = 'test:V4'",
        f"update area set name = '改名村' where code = '{VILLAGES[2]}'",
        "update grid set name = '改名网格' where jur = 990101001002001",
    ],
)
def test_whatever_a_map_shows_raises_the_version(web: Web, client_as, statement: str) -> None:
    tag = client_as("supervisor").get("/map/changed.json").json["tag"]
    with Session(web.owner) as session, session.begin():
        assert session.execute(text(statement)).rowcount
    assert client_as("supervisor").get("/map/changed.json").json["tag"] != tag


def having(answer) -> dict[str, str]:
    return {"If-None-Match": answer.headers["ETag"]}


def text_of(piece: bytes | str) -> str:
    return piece.decode() if isinstance(piece, bytes) else piece


def with_tile(address: str) -> str:
    if not address.startswith("TILE"):
        return address
    z = int(address.removeprefix("TILE"))
    x, y = world_xy(118.815, 36.405, zoom=z)
    return f"/api/v1/tiles/records/{z}/{int(x)}/{int(y)}.mvt"


def tag_of(web: Web, stream: Stream) -> str:
    with Session(web.owner) as session:
        session.execute(text("reset role"))
        session.execute(text("set local role fangtu_app"))
        session.execute(text("select sec.enter_unseen(:token)"), {"token": stream.token})
        return data.live.version_tag(session, stream.campaign_id, stream.round_no)


def test_clients_are_told_apart(client_as: Callable[[str | None], FlaskClient]) -> None:
    tags = {client_as(name).get("/map/changed.json").json["tag"] for name in ("inspector", "inspector_two")}
    assert len(tags) == 2
