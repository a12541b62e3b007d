"""A loaded county in a database of its own, kept from one run to the next, and somebody who may see all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from data.areas import number_range
from data.db import app_engine, enter, owner_engine, owner_session
from data.imports.bulk import load_county
from data.samples.county import CITY, make_county
from data.settings import Settings, load_settings
from data.upgrade import alembic_config
from tests.browser.stand import Stand, add_account
from tests.conftest import fresh_database
from tests.township import SmallTownship

HOUSEHOLDS = 1_000_000
# The round under way.
ROUND = 2
LEADER = "bench_leader"


@dataclass(frozen=True)
class CountyStore:
    """The database, and a token of a leader whose duty is the whole sample."""

    settings: Settings
    owner: Engine
    app: Engine
    campaign_id: int
    token: str
    households: int

    @contextmanager
    def asking(self) -> Iterator[Session]:
        """A transaction of the application, entered as the leader: under row-level security."""
        with Session(self.app) as session, session.begin():
            assert enter(session, self.token) is not None
            yield session


@contextmanager
def county_store(households: int) -> Iterator[CountyStore]:
    """The store of a county of so many households; loaded when there is none of that size yet."""
    name = f"fangtu_bench_county_{households}"
    settings = load_settings(database=name)
    if not _is_loaded(settings, households):
        print(f"loading {households:,} households into {name}", flush=True)
        settings = fresh_database(name)
        engine = owner_engine(settings)
        told = load_county(engine, make_county(households), lambda sentence: print(f"  {sentence.en}", flush=True))
        print(f"  seconds: {told['seconds']}")
        with Session(engine) as session, session.begin():
            add_account(
                session, Stand(settings, engine, SmallTownship()), LEADER, "leader", "邵玉梅", number_range(CITY)
            )
        engine.dispose()
    # One kept from an earlier run has what has come since.
    command.upgrade(alembic_config(settings), "head")
    owner, app = owner_engine(settings), app_engine(settings)
    with owner_session(owner) as session:
        # A session that was kept from an earlier run is opened again.
        session.execute(text("update session set seen_at = now(), expires_at = now() + interval '1 day'"))
        campaign = int(session.execute(text("select max(id) from campaign")).scalar_one())
    _tidy(owner)
    try:
        yield CountyStore(settings, owner, app, campaign, f"token-of-{LEADER}-{name}", households)
    finally:
        app.dispose()
        _tidy(owner)
        owner.dispose()


def _tidy(owner: Engine) -> None:
    """Do at once what the database would do in the background within minutes, beside what is measured next."""
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def _is_loaded(settings: Settings, households: int) -> bool:
    engine = owner_engine(settings)
    try:
        with owner_session(engine) as session:
            known = session.scalar(text("select count(*) from account where username = :name"), {"name": LEADER})
            return known == 1 and session.scalar(text("select count(*) from household")) == households
    except (OperationalError, ProgrammingError):
        return False
    finally:
        engine.dispose()
