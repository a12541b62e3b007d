"""Tile numbers and their z-order, checked against slow but plain ways."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.tiles import box_ranges, morton, place_morton, tile_bounds, tile_range, unmorton, world_xy


def plain_tile(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """The textbook formula, as slippy maps give it."""
    side = 2**zoom
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * side
    return int((lon + 180) / 360 * side), int(row)


def plain_morton(x: int, y: int) -> int:
    """Bit by bit."""
    return sum((x >> bit & 1) << 2 * bit | (y >> bit & 1) << 2 * bit + 1 for bit in range(31))


@settings(max_examples=200, database=None, deadline=None)
@given(st.floats(-179.9, 179.9), st.floats(-84.9, 84.9), st.integers(0, 20))
def test_tile_numbers_agree_with_the_textbook(lon: float, lat: float, zoom: int) -> None:
    x, y = world_xy(lon, lat, zoom)
    plain = plain_tile(lon, lat, zoom)
    # Rounding may put a place on the very edge into the neighbour.
    assert abs(x - plain[0]) + abs(y - plain[1]) <= 1
    west, south, east, north = tile_bounds(zoom, x, y)
    assert west - 1e-9 <= lon <= east + 1e-9
    assert south - 1e-9 <= lat <= north + 1e-9


@settings(max_examples=200, database=None, deadline=None)
@given(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))
def test_z_order_interleaves_with_x_lowest(x: int, y: int) -> None:
    assert morton(x, y) == plain_morton(x, y)
    assert unmorton(plain_morton(x, y)) == (x, y)


def test_known_tile_numbers() -> None:
    assert world_xy(0, 0, 1) == (1, 1)
    assert world_xy(118.860, 36.447, 14) == plain_tile(118.860, 36.447, 14)
    assert morton(1, 0) == 1
    assert morton(0, 1) == 2
    assert world_xy(180, 0, 4) == (15, 8)
    assert world_xy(-180, 90, 4) == (0, 0)
    assert world_xy(180, -90, 31) == (2**31 - 1, 2**31 - 1)


def test_a_z_order_is_taken_apart_for_arrays_too_and_for_none() -> None:
    rng = np.random.default_rng(5)
    places = rng.integers(0, 2**31, (1000, 2))
    x, y = unmorton(morton(places[:, 0], places[:, 1]))
    assert (x.dtype, y.dtype) == (np.int64, np.int64)
    assert (np.stack([x, y], axis=1) == places).all()
    assert [len(part) for part in unmorton([])] == [0, 0]


def test_arrays_give_int64_arrays_and_scalars_ints() -> None:
    x, y = world_xy([118.86, 28.0], [36.447, -15.0])
    assert (x.dtype, y.dtype) == (np.int64, np.int64)
    assert (int(x[0]), int(y[0])) == world_xy(118.86, 36.447)
    assert type(place_morton(118.86, 36.447)) is int
    assert place_morton([118.86], [36.447]).dtype == np.int64


@pytest.mark.parametrize("zoom", range(21))
def test_a_place_lies_in_the_range_of_its_tile_and_of_no_neighbour(zoom: int) -> None:
    x, y = world_xy(118.860, 36.447, zoom)
    place = place_morton(118.860, 36.447)
    lo, hi = tile_range(zoom, x, y)
    assert hi - lo == 4 ** (20 - zoom)
    assert lo <= place < hi
    if zoom:
        lo, hi = tile_range(zoom, x ^ 1, y)
        assert not lo <= place < hi


def test_a_range_begins_with_the_z_order_of_its_tile() -> None:
    rng = np.random.default_rng(7)
    for x, y in [(0, 0), (255, 256), ((1 << 20) - 1, (1 << 20) - 1), *rng.integers(0, 1 << 20, (200, 2)).tolist()]:
        assert tile_range(20, x, y) == (morton(x, y), morton(x, y) + 1)


def test_the_four_children_fill_the_range_of_their_parent() -> None:
    lo, hi = tile_range(10, 849, 400)
    children = sorted(tile_range(11, 1698 + dx, 800 + dy) for dx in (0, 1) for dy in (0, 1))
    assert children[0][0] == lo
    assert children[-1][1] == hi
    assert all(before[1] == after[0] for before, after in pairwise(children))


@pytest.mark.parametrize("tile", [(21, 0, 0), (-1, 0, 0), (3, 8, 0), (3, 0, -1)])
def test_tiles_that_do_not_exist_have_no_range(tile: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"zoom|no tile"):
        tile_range(*tile)


def test_bounds_of_the_world() -> None:
    assert tile_bounds(0, 0, 0) == pytest.approx((-180, -85.0511287798066, 180, 85.0511287798066))


def test_the_ranges_of_a_box_hold_all_its_places_and_few_others() -> None:
    west, south, east, north = 118.80, 36.40, 118.81, 36.41
    ranges = box_ranges(west, south, east, north)
    assert len(ranges) <= 25
    assert all(before[1] < after[0] for before, after in pairwise(ranges))

    def held(lon: float, lat: float) -> bool:
        return any(low <= place_morton(lon, lat) < high for low, high in ranges)

    steps = np.linspace(0, 1, 12)
    assert all(held(west + x * (east - west), south + y * (north - south)) for x in steps for y in steps)
    assert not held(west - 0.01, south)
    assert not held(east + 0.01, north)
    assert len(box_ranges(-180, -85, 180, 85)) == 1
