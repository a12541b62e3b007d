"""Pages asked as each role: a database with the small township committed, and a client for each account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.factory import create_app
from data.areas import number_range
from data.base_maps import BaseMaps, TileFile
from data.db import owner_engine
from data.passwords import hash_password
from data.settings import Settings
from data.tables import Account, Area, Duty
from geo.tiles import world_xy
from tests.conftest import fresh_database
from tests.database.test_isolation import open_session
from tests.tile_files import png, write_mbtiles
from tests.township import TOWNSHIP, VILLAGES, SmallTownship, make_township

PASSWORD = "Kancha-2026-fangwu"
ELSEWHERE = "990101002"
# username: role, area of duty
ACCOUNTS = {
    "inspector": ("inspector", VILLAGES[0]),
    "inspector_two": ("inspector", VILLAGES[1]),
    "supervisor": ("supervisor", TOWNSHIP),
    "leader": ("leader", TOWNSHIP),
    "admin": ("admin", TOWNSHIP),
    "outsider": ("supervisor", ELSEWHERE),
}


@dataclass
class Web:
    """The committed township, its owner's engine, and a token for each account."""

    settings: Settings
    owner: Engine
    town: SmallTownship
    tokens: dict[str, str]
    accounts: dict[str, int]


def commit_web(database: str) -> Web:
    """Make the database anew with the small township, a neighbour and all accounts."""
    settings = with_base_map(fresh_database(database))
    engine = owner_engine(settings)
    with Session(engine) as session, session.begin():
        town = make_township(session)
        low, high = number_range(ELSEWHERE)
        session.add(Area(code=ELSEWHERE, name="邻镇", level="township", jur=low, jur_end=high))
        tokens, accounts = {}, {}
        for name, (role, code) in ACCOUNTS.items():
            low, high = number_range(code)
            account = Account(
                username=name,
                full_name=f"测试{name}",
                role=role,
                jur=low,
                jur_end=high,
                password_hash=password_hash(),
            )
            session.add(account)
            session.flush()
            session.add(Duty(account_id=account.id, jur=low, jur_end=high))
            session.flush()
            tokens[name], accounts[name] = f"token-of-{name}", account.id
            open_session(session, settings, account.id, tokens[name])
    return Web(settings, engine, town, tokens, accounts)


@cache
def password_hash() -> str:
    """Hash of :data:`PASSWORD`, which takes its time by design."""
    return hash_password(PASSWORD)


def with_base_map(settings: Settings) -> Settings:
    """Offer one file of pictures that covers the township at zoom 16."""
    path = settings.var / "town.mbtiles"
    path.unlink(missing_ok=True)
    (west, north), (east, south) = world_xy(118.79, 36.42, 16), world_xy(118.84, 36.39, 16)
    tile = png(90, 120, 90)
    write_mbtiles(path, {(16, x, y): tile for x in range(west, east + 1) for y in range(north, south + 1)})
    return replace(settings, base_maps=BaseMaps((TileFile("town", path),)))


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """The township of one file of tests: what another file left behind is not in it."""
    made = commit_web("fangtu_test_web")
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def app(web: Web) -> Flask:
    made = create_app(web.settings)
    made.config["TESTING"] = True
    return made


@pytest.fixture
def client_as(app: Flask, web: Web) -> Callable[[str | None], FlaskClient]:
    """A client signed in as one of :data:`ACCOUNTS`, or as nobody."""

    def client(name: str | None) -> FlaskClient:
        made = app.test_client()
        if name is not None:
            made.set_cookie("fangtu_session", web.tokens[name])
        return made

    return client
