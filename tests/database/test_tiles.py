"""Tiles hold what they should, whole at their edges, by the same arithmetic in SQL and numpy."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.heat import as_flat, heat_cells
from data.tiles import round_tile
from geo.tiles import morton, world_xy
from tests.township import PLACES, SmallTownship, make_township


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    return make_township(owner)


def test_sql_and_numpy_number_the_world_alike(owner: Session) -> None:
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(-180, 180, 500), rng.uniform(-85, 85, 500)
    rows = owner.execute(
        text("""
            select world_x(g), world_y(g), morton_of(g)
            from unnest(cast(:lon as float8[]), cast(:lat as float8[])) with ordinality as p (lon, lat, n),
                 lateral (select st_setsrid(st_makepoint(lon, lat), 4326) as g) q order by n"""),
        {"lon": lon.tolist(), "lat": lat.tolist()},
    ).all()
    x, y = world_xy(lon, lat)
    found = np.array(rows)
    assert np.abs(found[:, 0] - x).max() <= 1
    assert np.abs(found[:, 1] - y).max() <= 1
    assert (found[:, 2] == morton(found[:, 0] >> 11, found[:, 1] >> 11)).all()


def test_a_tile_shows_its_households_and_no_approximate_ones(owner: Session, town: SmallTownship) -> None:
    x, y = world_xy(118.805, 36.405, zoom=14)
    tile = round_tile(owner, "records", town.campaign_id, 1, 14, int(x), int(y))
    for layer in (b"households", b"houses"):
        assert layer in tile
    owner.execute(text("update household set quality = 5"))
    assert b"households" not in round_tile(owner, "records", town.campaign_id, 1, 14, int(x), int(y))


def test_cells_count_every_placed_household_once(owner: Session, town: SmallTownship) -> None:
    cells = as_flat(heat_cells(owner, town.campaign_id, 1, "unvisited"))
    visited = as_flat(heat_cells(owner, town.campaign_id, 1, "visited"))
    placed = sum(1 for place in PLACES.values() if place)
    assert sum(cells[2::3]) + sum(visited[2::3]) == placed
    assert sum(visited[2::3]) == 2
    assert sum(as_flat(heat_cells(owner, town.campaign_id, 1, "dilapidated"))[2::3]) == 2


def test_a_tile_far_away_is_empty(owner: Session, town: SmallTownship) -> None:
    assert round_tile(owner, "records", town.campaign_id, 1, 12, 0, 0) == b""
    assert round_tile(owner, "records", town.campaign_id, 1, 15, 0, 0) == b""
