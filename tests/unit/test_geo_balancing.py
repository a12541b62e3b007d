"""Balanced grids: they tile the area exactly, hold everybody once, are even and in one piece, and always the same."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from geo.balancing import Balanced, balance_grids, compactness, reading_order
from geo.balancing_bends import round_off
from geo.balancing_gathered import gather_empty
from geo.balancing_links import clear_line, links_of
from geo.balancing_parts import share_around
from geo.balancing_tiles import Share, Tile, edges, tidied

# A made-up village 1.5 km wide, in metres, and the way to degrees.
ORIGIN, STEP = np.array([118.8, 36.4]), np.array([1.115e-5, 0.901e-5])
DISK = Point(750, 750).buffer(900)
AREAS: dict[str, BaseGeometry] = {
    "round": DISK,
    "square": box(0, 0, 1500, 1500),
    "an L": shapely.union_all([box(0, 0, 400, 1500), box(0, 0, 1500, 400)]),
    "a U": shapely.union_all([box(0, 0, 300, 1500), box(0, 0, 1500, 300), box(1200, 0, 1500, 1500)]),
    "with a hole": DISK.difference(Point(750, 750).buffer(400)),
    "with two holes": DISK.difference(shapely.union_all([box(400, 600, 600, 900), box(900, 600, 1100, 900)])),
    "thin": box(0, 0, 1500, 25),
    "ragged": Polygon([(750 + (700 + 60 * (i % 2)) * np.cos(i / 20), 750 + (700 + 60 * (i % 2)) * np.sin(i / 20))
                       for i in range(125)]),
}  # fmt: skip


def degrees(shape: BaseGeometry) -> BaseGeometry:
    return shapely.transform(shape, lambda xy: xy * STEP + ORIGIN)


def strewn(area: BaseGeometry, count: int, seed: int, *, clustered: bool = False) -> Any:
    """Places inside an area, in degrees: spread over it, or about four hamlets."""
    rng = np.random.default_rng(seed)
    west, south, east, north = area.bounds
    hamlets = rng.uniform((west, south), (east, north), (4, 2))
    found: list[Any] = []
    while len(found) < count:
        if clustered:
            spots = hamlets[rng.integers(4, size=200)] + rng.normal(0, (east - west) / 9, (200, 2))
        else:
            spots = rng.uniform((west, south), (east, north), (200, 2))
        found += spots[shapely.contains(area, shapely.points(spots))].tolist()
    return np.array(found[:count]) * STEP + ORIGIN


def check_tiling(area: BaseGeometry, made: Balanced) -> None:
    """No gap, no overlap, corners in common to the bit."""
    assert all(shape.is_valid for shape in made.shapes)
    assert shapely.coverage_is_valid(made.shapes)
    counted = Counter(edge for shape in made.shapes for part in shape.geoms for edge in edges(part))
    outer = [edge for edge, owners in counted.items() if owners == 1]
    assert set(counted.values()) <= {1, 2}
    away = shapely.distance(area.boundary, shapely.points(np.array(outer).mean(axis=1)))
    assert away.max() < 1e-11  # whatever belongs to one grid alone is the area's own edge
    assert sum(shape.area for shape in made.shapes) == pytest.approx(area.area, rel=1e-9)
    corners = set(map(tuple, shapely.get_coordinates(area).tolist()))
    assert corners <= {tuple(c) for shape in made.shapes for c in shapely.get_coordinates(shape).tolist()}


@pytest.mark.parametrize("name", AREAS)
@settings(max_examples=2, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), grids=st.integers(2, 5), size=st.integers(12, 25), clustered=st.booleans())
def test_grids_tile_any_area_and_are_even_and_whole(
    name: str, seed: int, grids: int, size: int, clustered: bool
) -> None:
    area = AREAS[name]
    places = strewn(area, grids * size, seed, clustered=clustered)
    made = balance_grids(degrees(area), places, size)
    check_tiling(degrees(area), made)
    assert len(made.shapes) == grids
    assert all(len(shape.geoms) == 1 for shape in made.shapes)
    assert (made.members >= 0).all()
    assert sum(made.sizes) == len(places)
    assert made.ratio is not None
    assert made.ratio <= 1.25
    again = balance_grids(degrees(area), places[::-1], size)
    assert [shape.wkb for shape in again.shapes] == [shape.wkb for shape in made.shapes]


def test_the_shape_is_counted_as_perimeter_squared_by_area() -> None:
    assert compactness(degrees(box(0, 0, 300, 300))) == pytest.approx(16, rel=0.01)
    assert compactness(degrees(Point(0, 0).buffer(300, quad_segs=64))) == pytest.approx(4 * np.pi, rel=0.01)


def test_a_square_of_even_households_becomes_four_grids_rounder_than_squares() -> None:
    x, y = np.meshgrid(np.arange(10) * 150 + 75.0, np.arange(10) * 150 + 75.0)
    places = np.stack([x.ravel(), y.ravel()], axis=1) * STEP + ORIGIN
    made = balance_grids(degrees(box(0, 0, 1500, 1500)), places, 25)
    assert len(made.sizes) == 4
    assert max(made.sizes) / min(made.sizes) <= 1.25
    assert np.mean([compactness(shape) for shape in made.shapes]) < 15.95


@pytest.mark.parametrize(("count", "grids"), [(0, 1), (1, 1), (14, 1), (15, 2), (24, 2), (26, 3)])
def test_fewer_than_one_and_a_half_grids_of_households_are_one_grid(count: int, grids: int) -> None:
    area = degrees(DISK)
    made = balance_grids(area, strewn(DISK, count, 5) if count else np.zeros((0, 2)), 10)
    assert len(made.shapes) == grids
    check_tiling(area, made)


def test_households_at_one_place_stay_together_and_are_told_of() -> None:
    places = np.vstack([strewn(DISK, 120, 3), np.tile(np.array([700.0, 800.0]) * STEP + ORIGIN, (300, 1))])
    made = balance_grids(degrees(DISK), places, 40)
    assert made.crowded == 300
    tower = set(made.members[120:].tolist())
    assert len(tower) == 1
    assert len(made.shapes) == 4
    check_tiling(degrees(DISK), made)
    rest = [size for which, size in enumerate(made.sizes) if which not in tower]
    assert max(rest) / min(rest) <= 1.5  # those beside the tower take some of its land, and whoever lives on it
    alone = balance_grids(degrees(DISK), np.tile(ORIGIN + STEP * 700, (300, 1)), 40)
    assert alone.sizes == (300,)


def test_pairs_at_one_door_are_never_parted() -> None:
    places = np.repeat(strewn(DISK, 60, 9), 2, axis=0)
    made = balance_grids(degrees(DISK), places, 30)
    assert (made.members[0::2] == made.members[1::2]).all()
    assert made.ratio is not None
    assert made.ratio <= 1.25


def test_small_parts_that_lie_apart_belong_to_one_grid_near_by_which_is_named() -> None:
    area = MultiPolygon([box(0, 0, 1000, 1000), box(1200, 0, 1350, 150), box(1250, 300, 1350, 400)])
    places = np.vstack([strewn(area.geoms[0], 92, 1), strewn(area.geoms[1], 8, 2)])
    made = balance_grids(degrees(area), places, 25)
    check_tiling(degrees(area), made)
    (span,) = made.spans  # where nobody lives goes with where somebody does
    assert (span.parts, span.held) == (2, 8)
    assert [number for number, shape in enumerate(made.shapes) if len(shape.geoms) > 1] == [span.grid]
    assert set(made.members[92:].tolist()) == {span.grid}
    assert 8 < made.least <= min(made.sizes)
    assert len(made.shapes) == 4
    assert sum(len(shape.geoms) for shape in made.shapes) == 6
    assert [link.grid for link in made.links] == [span.grid] * 2
    assert made.is_connected
    assert made.ratio is not None
    assert made.ratio <= 1.25


def test_no_part_is_linked_to_its_grid_across_another() -> None:
    # The empty part in the west would have to cross the middle to go with the one in the east.
    area = MultiPolygon([box(0, 0, 1000, 1000), box(1200, 0, 1350, 150), box(-400, 900, -300, 1000)])
    places = np.vstack([strewn(area.geoms[0], 92, 1), strewn(area.geoms[1], 8, 2)])
    made = balance_grids(degrees(area), places, 25)
    check_tiling(degrees(area), made)
    assert sorted((span.parts, span.held) for span in made.spans) == [(1, 0), (1, 8)]
    assert made.is_connected
    assert sorted(round(link.length_m) for link in made.links) == [200, 300]
    assert made.ratio is not None
    assert made.ratio <= 1.25


def test_a_link_across_another_grid_is_measured_and_touching_one_is_not() -> None:
    apart = MultiPolygon([box(0, 0, 10, 10), box(40, 0, 50, 10)])
    between = MultiPolygon([box(10, -5, 40, 15)])
    (link,) = links_of([apart, between])
    assert (link.grid, link.length_m, link.over_m) == (0, 30.0, 30.0)
    (link,) = links_of([apart, MultiPolygon([box(10, 10, 40, 20)])])
    assert (link.length_m, link.over_m) == (30.0, 0.0)
    ring = MultiPolygon([box(0, 0, 10, 10), box(30, 0, 40, 10), box(0, 30, 10, 40), box(60, 0, 70, 10)])
    assert [link.length_m for link in links_of([ring])] == [
        20.0,
        20.0,
        20.0,
    ]  # from part to part, not each to the first
    assert links_of([between]) == []


def test_a_clear_line_between_corners_is_found_where_the_shortest_enters_another_grid() -> None:
    near, far = box(0, 0, 10, 100), box(30, 0, 40, 100)
    # Between them stands a grid that leaves a gap at the northern end.
    wall = np.array([box(15, -50, 25, 80)], dtype=object)
    line = clear_line(near, far, wall)
    assert line.length == pytest.approx(20)
    assert line.bounds[1] == line.bounds[3] == 100
    closed = np.array([box(15, -500, 25, 500)], dtype=object)
    assert clear_line(near, far, closed).equals(shapely.shortest_line(near, far))
    assert clear_line(near, far, np.array([], dtype=object)).length == 20


def test_empty_parts_go_with_one_grid_where_that_enters_no_third() -> None:
    west = MultiPolygon([box(0, 0, 100, 100), box(-60, 0, -50, 10)])
    east = MultiPolygon([box(100, 0, 200, 100), box(250, 0, 260, 10), box(270, 0, 280, 10)])
    apart = {0: (1, 0), 1: (2, 0)}
    # Around the south the western part is reached from the eastern ones.
    west = MultiPolygon([west.geoms[0], box(-60, -40, -50, -30)])
    shapes, left = gather_empty([west, east], apart)
    assert [len(shape.geoms) for shape in shapes] == [1, 4]
    assert left == {1: (3, 0)}
    assert not any(link.over_m for link in links_of(shapes))
    assert shapely.union_all(shapes).equals(shapely.union_all([west, east]))
    # Where somebody lives in the parts, or a third grid lies in between, nothing is handed over.
    assert gather_empty([west, east], {0: (1, 4), 1: (2, 7)})[1] == {0: (1, 4), 1: (2, 7)}
    wall = MultiPolygon([box(-45, -500, 100, -5), box(-45, -5, -5, 500)])
    third = MultiPolygon([shapely.union_all(wall)])
    shapes, left = gather_empty([west, east, third], apart)
    assert left == apart
    assert [len(shape.geoms) for shape in shapes] == [2, 3, 1]


def test_large_parts_that_lie_apart_have_grids_of_their_own() -> None:
    area = MultiPolygon([box(0, 0, 1000, 1000), box(1200, 0, 2200, 1000)])
    places = np.vstack([strewn(area.geoms[0], 60, 1), strewn(area.geoms[1], 60, 2)])
    made = balance_grids(degrees(area), places, 20)
    assert made.spans == ()
    assert all(len(shape.geoms) == 1 for shape in made.shapes)
    assert made.sizes == tuple(sorted(made.sizes)) or max(made.sizes) / min(made.sizes) <= 1.25


def test_grids_are_a_little_larger_or_smaller_so_that_parts_have_their_own() -> None:
    area = MultiPolygon([box(0, 0, 1000, 1000), box(1200, 0, 1900, 700)])
    places = np.vstack([strewn(area.geoms[0], 60, 1), strewn(area.geoms[1], 27, 2)])
    made = balance_grids(degrees(area), places, 20)
    assert sorted(made.sizes)[0] == 27  # one grid, as two of the other part come near to it and three do not
    assert len(made.shapes) == 3
    assert made.spans == ()
    assert made.is_even
    assert made.ratio is not None
    assert made.ratio <= 1.25


def test_a_part_that_makes_no_even_grid_joins_another_if_it_is_small_and_is_told_of_if_not() -> None:
    area = MultiPolygon([box(0, 0, 1000, 1000), box(1200, 0, 1900, 700)])
    small = np.vstack([strewn(area.geoms[0], 70, 1), strewn(area.geoms[1], 45, 2)])
    made = balance_grids(degrees(area), small, 50)
    assert [(span.parts, span.held) for span in made.spans] == [(1, 45)]
    assert made.ratio is not None
    assert made.ratio <= 1.25
    large = np.vstack([strewn(area.geoms[0], 70, 1), strewn(area.geoms[1], 51, 2)])
    made = balance_grids(degrees(area), large, 50)
    assert sorted(made.sizes) == [51, 70]
    assert not made.is_even
    assert made.spans == ()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(even=st.floats(1, 5000))
def test_what_a_grid_may_hold_keeps_the_largest_near_the_smallest(even: float) -> None:
    share = share_around(even)
    assert share.least <= even <= share.most
    assert share.least == int(share.least)
    assert share.most == int(share.most)
    assert share.most <= max(share.least * 1.25, share.least + 1)


def test_corners_of_borders_move_where_that_is_rounder_and_stay_clear_of_doors() -> None:
    whole = box(0, 0, 1200, 1000)
    upper = Polygon([(0, 500), (600, 500), (1200, 500), (1200, 1000), (0, 1000)])
    tiles = [upper, box(0, 0, 600, 500), box(600, 0, 1200, 500)]
    x, y = np.meshgrid(np.arange(12) * 100 + 50.0, np.arange(10) * 100 + 50.0)
    at = np.stack([x.ravel(), y.ravel()], axis=1)
    own = [np.flatnonzero(shapely.contains(tile, shapely.points(at))) for tile in tiles]
    before = [Tile(shape, places) for shape, places in zip(tiles, own, strict=True)]
    share = Share(25, 40, 60)
    after = round_off(before, whole, at, np.ones(len(at)), share)
    assert sum(tile.roundness for tile in after) < sum(tile.roundness for tile in before) - 0.5
    assert shapely.coverage_is_valid([tile.shape for tile in after])
    assert sum(tile.shape.area for tile in after) == pytest.approx(whole.area)
    for tile in after:
        assert shapely.contains_properly(tile.shape, shapely.points(at[tile.places])).all()
        assert share.missed(len(tile.places)) == 0
        assert shapely.distance(tile.shape.boundary, shapely.points(at)).min() >= 3
    # What may hold no more and no less than it does gives nothing away.
    tight = round_off(before, whole, at, np.ones(len(at)), Share(30, 40, 60))
    assert min(len(tile.places) for tile in tight) >= 30


def test_borders_run_along_roads_where_that_keeps_the_balance() -> None:
    area = degrees(box(0, 0, 1500, 1500))
    roads = [degrees(LineString([(x, -50), (x + 40, 1550)])) for x in range(90, 1500, 190)]
    roads += [degrees(LineString([(-50, y), (1550, y + 30)])) for y in range(130, 1500, 210)]
    places = strewn(box(0, 0, 1500, 1500), 160, 4)
    plain, along = balance_grids(area, places, 20), balance_grids(area, places, 20, lines=roads)
    check_tiling(area, along)
    assert all(len(shape.geoms) == 1 for shape in along.shapes)
    assert along.ratio is not None
    assert along.ratio <= 1.25
    assert plain.along is None
    assert along.along is not None
    assert along.along > 0.4
    nowhere = balance_grids(area, places, 20, lines=[LineString([(0, 0), (1, 1)])])
    assert nowhere.along == 0
    assert [shape.wkb for shape in nowhere.shapes] == [shape.wkb for shape in plain.shapes]


def test_a_bend_of_two_corners_at_almost_one_place_is_kept_and_straight_corners_go() -> None:
    bend = [(50.0, 100.0), (50.0, 75.0), (50.0, 50.0), (50.0, 50.0 + 1e-10), (60.0, 40.0), (50.0, 0.0)]
    west = Polygon([(0, 0), (0, 100), *bend])
    east = Polygon([(100, 0), *reversed(bend), (100, 100)])
    none = np.zeros(0, dtype=np.int64)
    made = [tile.shape for tile in tidied([Tile(west, none), Tile(east, none)], box(0, 0, 100, 100))]
    assert [shape.area for shape in made] == pytest.approx([west.area, east.area])
    assert {(50.0, 50.0), (60.0, 40.0)} <= {(round(x, 6), round(y, 6)) for x, y in made[0].exterior.coords}
    assert (50.0, 75.0) not in made[0].exterior.coords


def test_no_border_is_laid_along_a_road_past_a_door() -> None:
    area = degrees(box(0, 0, 1500, 1500))
    roads = [degrees(LineString([(x, -50), (x + 40, 1550)])) for x in range(90, 1500, 190)]
    places = strewn(box(0, 0, 1500, 1500), 150, 4)
    # Some live on the roads themselves.
    on_roads = np.array([shapely.get_coordinates(road.interpolate(0.31, normalized=True))[0] for road in roads])
    made = balance_grids(area, np.vstack([places, on_roads]), 20, lines=roads)
    check_tiling(area, made)
    assert made.along is not None
    assert made.along > 0.1
    borders = shapely.union_all([shape.boundary for shape in made.shapes])
    assert shapely.distance(borders, shapely.points(on_roads)).min() > 1e-7


def test_grids_are_numbered_in_rows_from_the_north_and_from_west_to_east() -> None:
    squares = [box(x, y, x + 100, y + 100) for y in (0, 100, 200) for x in (0, 100, 200)]
    shaken = [squares[at] for at in (4, 8, 0, 2, 6, 1, 7, 3, 5)]
    corners = [shaken[at].bounds[:2] for at in reading_order(shaken)]
    assert corners == [(0, 200), (100, 200), (200, 200), (0, 100), (100, 100), (200, 100), (0, 0), (100, 0), (200, 0)]
    # In one row a little further south does not matter.
    steps = [box(200, 0, 300, 100), box(0, 20, 100, 120), box(100, -20, 200, 80)]
    assert reading_order(steps) == [1, 2, 0]
    assert reading_order([]) == []


@pytest.mark.parametrize(("area", "size"), [(DISK, 0), (Polygon(), 10)])
def test_no_size_and_no_area_are_refused(area: BaseGeometry, size: int) -> None:
    with pytest.raises(ValueError, match="size"):
        balance_grids(area, np.zeros((0, 2)), size)
