"""Names for the map: natural villages of the asker's area of duty, each in the tile where its name stands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from data.areas import number_range
from data.db import enter
from data.places import place_names
from data.tables import Area
from geo.tiles import world_xy
from tests.conftest import fresh_database
from tests.database.test_isolation import Store
from tests.township import TOWNSHIP, VILLAGES

SPOTS = {"老庄": (VILLAGES[0], 118.802, 36.405), "新庄": (VILLAGES[1], 118.815, 36.405)}


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    made = Store(fresh_database("fangtu_test_places"))
    with Session(made.owner) as session, session.begin():
        for name, (village, lon, lat) in SPOTS.items():
            jur, jur_end = number_range(village)
            session.add(
                Area(
                    code=f"{village}-N01",
                    name=name,
                    level="natural_village",
                    parent_id=made.town.areas[village],
                    jur=jur,
                    jur_end=jur_end,
                    centre=f"SRID=4326;POINT({lon} {lat})",
                )
            )
    yield made
    made.owner.dispose()
    made.app.dispose()


@pytest.mark.parametrize(
    ("account", "duty", "seen"),
    [("one", VILLAGES[0], ["老庄"]), ("two", VILLAGES[1], ["新庄"]), ("leader", TOWNSHIP, ["老庄", "新庄"])],
)
def test_everybody_gets_the_names_of_the_own_area_of_duty(
    store: Store, account: str, duty: str, seen: list[str]
) -> None:
    x, y = world_xy(118.81, 36.405, zoom=10)
    with Session(store.app) as session:
        asker = enter(session, store.tokens[account])
        assert asker is not None
        assert [name for name, _, _ in place_names(session, [number_range(duty)], 10, x, y)] == seen
        # Asking for more than the own duty gives no more: the rows themselves are not there.
        assert [name for name, _, _ in place_names(session, [number_range(TOWNSHIP)], 10, x, y)] == seen
        session.rollback()


def test_a_name_stands_in_one_tile_only(store: Store) -> None:
    _, lon, lat = SPOTS["老庄"]
    x, y = world_xy(lon, lat, zoom=16)
    with Session(store.app) as session:
        enter(session, store.tokens["leader"])
        duty = [number_range(TOWNSHIP)]
        found = {(i, j): place_names(session, duty, 16, x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}
        session.rollback()
    assert found.pop((0, 0)) == [("老庄", lon, lat)]
    assert set(map(tuple, found.values())) == {()}


def test_without_a_session_or_a_duty_there_are_none(store: Store) -> None:
    x, y = world_xy(118.81, 36.405, zoom=10)
    with Session(store.app) as session:
        assert place_names(session, [number_range(TOWNSHIP)], 10, x, y) == []
        enter(session, store.tokens["leader"])
        assert place_names(session, [], 10, x, y) == []
        session.rollback()
