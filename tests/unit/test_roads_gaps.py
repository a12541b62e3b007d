"""Gaps in nets small enough to count by eye, shifted roads, and roads of two sources."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from geo.china import wgs84_to_gcj02
from geo.roads.gaps import find_gaps
from geo.roads.mending import attach
from geo.roads.modes import mode_named
from geo.roads.net import make_net
from geo.roads.shift import find_shift
from tests.unit.test_roads_ways import at, edges_of, net_of


def test_two_parts_that_nearly_meet_are_one_gap_with_the_length_of_its_bridge() -> None:
    gaps = find_gaps(net_of([((0, 0), (4, 0)), ((4.1, 0), (8, 0))]), 30.0)  # type: ignore[list-item]
    (gap,) = gaps
    assert gap.length_m == pytest.approx(8.97, abs=0.05)
    assert (sorted(gap.parts), gap.around_m) == ([0, 1], float("inf"))
    assert {gap.start, gap.end} == {at((4, 0)), at((4.1, 0))}


def test_the_key_of_a_gap_is_the_same_from_both_ends() -> None:
    one = find_gaps(net_of([((0, 0), (4, 0)), ((4.1, 0), (8, 0))]), 30.0)[0]  # type: ignore[list-item]
    assert replace(one, start=one.end, end=one.start).key == one.key


def test_a_long_way_round_is_a_gap_and_a_short_one_is_not() -> None:
    # Both ends of a horseshoe, 9 m from each other; the way round is 1.6 km, or 160 m.
    long = [((0, 0), (8, 0)), ((8, 0), (8, 0.1)), ((8, 0.1), (0, 0.1))]
    short = [((0, 0), (0.8, 0)), ((0.8, 0), (0.8, 0.1)), ((0.8, 0.1), (0, 0.1))]
    (gap,) = find_gaps(net_of(long), 30.0)  # type: ignore[arg-type]
    assert gap.parts == (0, 0)
    assert find_gaps(net_of(short), 30.0) == []  # type: ignore[arg-type]


def test_beyond_the_reach_only_the_bridge_of_a_part_is_named() -> None:
    pairs = [((0, 0), (4, 0)), ((5, 0), (8, 0))]
    (gap,) = find_gaps(net_of(pairs), 30.0)
    assert gap.length_m == pytest.approx(89.7, abs=0.5)
    assert find_gaps(net_of([((0, 0), (4, 0)), ((10, 0), (14, 0))]), 30.0) == []


def test_a_net_without_edges_has_no_gap() -> None:
    assert find_gaps(net_of([]), 30.0) == []


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=4, max_size=10, unique=True), st.floats(5, 120)
)
def test_gaps_are_no_longer_than_asked_and_start_at_an_end(nodes: list[tuple[int, int]], reach_m: float) -> None:
    pairs = list(zip(nodes[::2], nodes[1::2], strict=False))
    net = net_of(pairs)
    for gap in find_gaps(net, reach_m):
        joins = gap.parts[0] != gap.parts[1]
        assert 0 < gap.length_m <= max(reach_m, 500.0 if joins else 0.0)
        assert gap.start in {tuple(node) for node in net.nodes.tolist()}


def test_an_edge_of_another_source_cuts_the_road_it_ends_at() -> None:
    edges = edges_of([((0, 0), (4, 0)), ((2, 2), (2, 0.03))])  # type: ignore[list-item]
    net = make_net(attach(edges, np.array([0, 1])), mode_named("walk"))
    assert np.bincount(net.edge_component).tolist() == [3]
    assert net.length_m.sum() == pytest.approx(edges.length_m.sum())
    apart = make_net(attach(edges, np.array([0, 0])), mode_named("walk"))
    assert len(apart.component_metres()) == 2


def test_two_ends_that_face_each_other_across_a_border_meet_in_one_place() -> None:
    edges = edges_of([((0, 0), (4, 0)), ((4.03, 0), (8, 0))])  # type: ignore[list-item]
    net = make_net(attach(edges, np.array([0, 1])), mode_named("walk"))
    assert np.bincount(net.edge_component).tolist() == [2]


def places(count: int = 40) -> np.ndarray:
    return np.array([at((0.2, 0.1 * step)) for step in range(count)])


def test_roads_beside_the_houses_raise_no_alarm() -> None:
    road = np.array([LineString([at((0, 0)), at((0, 4))])], dtype=object)
    shift = find_shift(road, places())
    assert (shift.alarm, shift.likely) == (False, None)
    assert shift.median_m == pytest.approx(18, abs=1)


def test_roads_of_a_web_map_are_told_by_the_houses_they_left() -> None:
    lon, lat = wgs84_to_gcj02(*np.array([at((0, 0)), at((0, 4))]).T)
    shift = find_shift(np.array([LineString(zip(lon, lat, strict=True))], dtype=object), places())
    assert (shift.alarm, shift.likely) == (True, "gcj02")
    assert shift.likely_m == pytest.approx(18, abs=2)


def test_a_road_that_other_roads_stand_in_for_raises_no_alarm() -> None:
    far = np.array([LineString([at((9, 0)), at((9, 4))])], dtype=object)
    known = np.array([LineString([at((0, 0)), at((0, 4))])], dtype=object)
    assert find_shift(far, places()).alarm
    assert not find_shift(far, places(), known).alarm


def test_nothing_is_said_of_nothing() -> None:
    empty = np.empty(0, dtype=object)
    assert not find_shift(empty, places()).alarm
    assert not find_shift(empty, np.empty((0, 2))).alarm
