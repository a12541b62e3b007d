"""The sample township in a database of its own, for pictures and measurements."""

from __future__ import annotations

from sqlalchemy.orm import Session

from data.areas import area_range
from data.db import owner_engine
from data.demo import TOWNSHIP
from data.imports.sample import load_sample
from geo.errors import Text
from tests.browser.stand import Stand, add_account
from tests.conftest import fresh_database
from tests.township import SmallTownship

LEADER = "leader"


def commit_sample(database: str) -> Stand:
    """Make the database anew with the sample township and one leader of it."""
    settings = fresh_database(database)
    stand = Stand(settings, owner_engine(settings), SmallTownship())
    load_sample(stand.owner, settings, _say)
    with Session(stand.owner) as session, session.begin():
        add_account(session, stand, LEADER, "leader", "邵玉梅", area_range(session, TOWNSHIP))
    return stand


def _say(sentence: Text) -> None:
    print(sentence.en)
