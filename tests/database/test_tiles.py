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


# The formula as it was before tables of 1024: bits spread four at a time.
SPREAD_BY_FOUR = """
    spread_bits((world_x(g) >> 11)::bigint) | (spread_bits((world_y(g) >> 11)::bigint) << 1)"""


def test_the_z_order_of_hostile_points_is_what_it_was(owner: Session) -> None:
    eighth = [-180 + n * 45 for n in range(9)]
    lon = [-180.0, 180.0, 179.9999999, -179.9999999, 0.0, -0.0, 5e-324, 181.0, -181.0, 1e6, -1e6, *eighth]
    lat = [
        -90.0,
        90.0,
        89.9999999,
        -85.0511287,
        85.0511288,
        0.0,
        -0.0,
        66.51326044311186,
        40.97989806962013,
        95.0,
        -1e3,
    ]
    points = [(x, y) for x in lon for y in lat]
    rows = owner.execute(
        text(f"""
            select world_x(g), world_y(g), morton_of(g), {SPREAD_BY_FOUR}
            from unnest(cast(:lon as float8[]), cast(:lat as float8[])) as p (lon, lat),
                 lateral (select st_setsrid(st_makepoint(lon, lat), 4326) as g) q"""),
        {"lon": [x for x, _ in points], "lat": [y for _, y in points]},
    ).all()
    found = np.array(rows)
    assert len(found) == len(points)
    assert (found[:, 2] == found[:, 3]).all()
    assert (found[:, 2] == morton(found[:, 0] >> 11, found[:, 1] >> 11)).all()
    assert len(set(found[:, 2].tolist())) > 50
    # No point has no number; an empty one has the number it always had.
    assert owner.scalar(text("select morton_of(null)")) is None
    empty, as_before = owner.execute(
        text(f"select morton_of(g), {SPREAD_BY_FOUR} from (select 'SRID=4326;POINT EMPTY'::geometry as g) q")
    ).one()
    assert empty == as_before is not None


def test_every_bit_of_a_tile_number_has_its_place_in_the_z_order(owner: Session) -> None:
    # A point in the middle of each tile whose number is one bit, and of those beside it.
    numbers = sorted({max(0, (1 << bit) + step) for bit in range(20) for step in (-1, 0, 1)})
    lon = [(n + 0.5) / (1 << 20) * 360 - 180 for n in numbers]
    lat = [np.degrees(2 * np.arctan(np.exp(np.pi * (1 - 2 * (n + 0.5) / (1 << 20)))) - np.pi / 2) for n in numbers]
    rows = owner.execute(
        text(f"""
            select world_x(g) >> 11, world_y(g) >> 11, morton_of(g), {SPREAD_BY_FOUR}
            from unnest(cast(:lon as float8[])) as a (lon), unnest(cast(:lat as float8[])) as b (lat),
                 lateral (select st_setsrid(st_makepoint(lon, lat), 4326) as g) q"""),
        {"lon": lon, "lat": [float(y) for y in lat]},
    ).all()
    found = np.array(rows)
    assert {*found[:, 0].tolist()} == {*found[:, 1].tolist()} == {*numbers}
    assert (found[:, 2] == morton(found[:, 0], found[:, 1])).all()
    assert (found[:, 2] == found[:, 3]).all()


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
