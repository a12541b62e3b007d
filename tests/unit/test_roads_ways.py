"""Nets of small towns, their parts, and the ways in them, beside a Dijkstra of the test's own."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from geo.roads.modes import ModeUnknown, all_modes, mode_named
from geo.roads.net import Edges, Net, make_net
from geo.roads.ways import Spots, draw_ways, find_spots, measure_ways, walk_off

GEOD = pyproj.Geod(ellps="GRS80")
STEP = 0.001  # degrees; some 90 and 111 m
LON, LAT = 118.85, 36.44

Node = tuple[int, int]


def at(node: tuple[float, float]) -> tuple[float, float]:
    return LON + node[0] * STEP, LAT + node[1] * STEP


def edges_of(
    pairs: Sequence[tuple[Node, Node]], classes: Sequence[str] | None = None, oneway: Sequence[int] | None = None
) -> Edges:
    lines = np.array([LineString([at(a), at(b)]) for a, b in pairs], dtype=object)
    names = np.array(classes or ["residential"] * len(pairs), dtype=object)
    return Edges(
        np.arange(len(pairs)) + 1,
        lines,
        np.array([GEOD.geometry_length(line) for line in lines], dtype=float),
        names,
        np.array(oneway or [0] * len(pairs)),
        {name: np.isin(names, list(mode.classes)) for name, mode in all_modes().items()},
    )


def net_of(pairs: Sequence[tuple[Node, Node]], mode: str = "walk", **more: list) -> Net:
    return make_net(edges_of(pairs, **more), mode_named(mode))


def spots_at(net: Net, places: Sequence[tuple[float, float]]) -> Spots:
    return find_spots(net, net.edges.to_plane(np.array([at(place) for place in places])))


SQUARE = [((0, 0), (4, 0)), ((4, 0), (4, 4)), ((4, 4), (0, 4)), ((0, 4), (0, 0))]


def test_two_places_on_one_edge_are_as_far_apart_as_the_ground_between() -> None:
    net = net_of(SQUARE)
    ways = measure_ways(net, spots_at(net, [(1, 0), (3, 0)]))
    true = GEOD.inv(*at((1, 0)), *at((3, 0)))[2]
    assert ways.metres[0, 1] == pytest.approx(true, abs=0.05)
    assert ways.seconds[0, 1] == pytest.approx(true * 3.6 / 4.5, abs=0.1)


def test_last_metres_are_walked_at_both_ends() -> None:
    net = net_of(SQUARE, "ebike")
    ways = measure_ways(net, spots_at(net, [(1, -0.5), (3, -0.5)]))
    off = GEOD.inv(*at((1, 0)), *at((1, -0.5)))[2]
    along = GEOD.inv(*at((1, 0)), *at((3, 0)))[2]
    walked_s, walked_m = walk_off(np.array([off]))
    assert ways.metres[0, 1] == pytest.approx(along + 2 * walked_m[0], abs=0.2)
    assert ways.seconds[0, 1] == pytest.approx(along * 3.6 / 18 + 2 * walked_s[0], abs=0.5)


def test_a_part_of_its_own_is_not_reached() -> None:
    net = net_of([*SQUARE, ((20, 0), (24, 0))])
    ways = measure_ways(net, spots_at(net, [(1, 0), (22, 0)]))
    assert np.isinf(ways.metres[0, 1])
    assert np.bincount(net.component).tolist() == [4, 2]


def test_of_two_roads_at_a_door_the_one_that_leads_somewhere_is_meant() -> None:
    net = net_of([((0, 0), (9, 0)), ((4.0, 0.2), (4.2, 0.2))])  # type: ignore[list-item]
    near, far = spots_at(net, [(4.1, 0.2), (4.1, 0.9)]), spots_at(net, [(4.1, 0.9)])
    assert net.edge_component[near.edge[0]] == 0
    assert net.edge_component[far.edge[0]] == 0


def test_cars_keep_to_one_way_and_people_on_foot_do_not() -> None:
    pairs, oneway = SQUARE, [1, 1, 1, 1]
    places = [(0.5, 0), (3.5, 0)]
    car = net_of(pairs, "car", oneway=oneway)
    walk = net_of(pairs, "walk", oneway=oneway)
    there = measure_ways(car, spots_at(car, places)).metres
    assert there[1, 0] > 4 * there[0, 1]
    on_foot = measure_ways(walk, spots_at(walk, places)).metres
    assert on_foot[1, 0] == pytest.approx(on_foot[0, 1])


def test_a_car_takes_the_faster_road_and_tells_its_metres() -> None:
    # Straight on a track at 10 km/h, or round three sides on a county road at 40.
    pairs = [((0, 0), (4, 0)), ((0, 0), (0, 1)), ((0, 1), (4, 1)), ((4, 1), (4, 0))]
    net = net_of(pairs, "car", classes=["track", "secondary", "secondary", "secondary"])
    ways = measure_ways(net, spots_at(net, [(0, 1), (4, 1)]))
    assert ways.metres[0, 1] == pytest.approx(GEOD.inv(*at((0, 1)), *at((4, 1)))[2], abs=0.1)
    around = measure_ways(net, spots_at(net, [(0, 0.01), (4, 0.01)]))
    assert around.seconds[0, 1] == pytest.approx(around.metres[0, 1] * 3.6 / 40, rel=1e-6)


def test_steps_are_for_walkers_and_narrow_lanes_not_for_cars() -> None:
    modes = all_modes()
    assert {name for name, mode in modes.items() if "steps" in mode.classes} == {"walk"}
    assert "motorway" not in modes["ebike"].classes
    assert modes["car"].min_width_m == 2.5
    with pytest.raises(ModeUnknown):
        mode_named("horse")


def test_a_drawn_way_is_as_long_as_it_was_measured_and_starts_at_the_doors() -> None:
    net = net_of([*SQUARE, ((4, 4), (8, 4))])
    places = [(1, 0.0), (7, 4.0), (1, 0.0), (3, 0.0)]
    xy = net.edges.to_plane(np.array([at(place) for place in places]))
    spots = find_spots(net, xy)
    pairs = [(0, 1), (2, 3), (3, 2), (0, 0)]
    lines = draw_ways(net, xy, spots, pairs)
    ways = measure_ways(net, spots)
    for (a, b), line in zip(pairs, lines, strict=True):
        assert line is not None
        assert line[0] == pytest.approx(xy[a])
        assert line[-1] == pytest.approx(xy[b])
        assert GEOD.geometry_length(LineString(net.edges.to_degrees(line))) == pytest.approx(ways.metres[a, b], abs=0.3)


def test_without_edges_nothing_is_joined() -> None:
    net = net_of([])
    spots = spots_at(net, [(0, 0), (1, 1)])
    assert not spots.there.any()
    assert np.isinf(measure_ways(net, spots).metres[0, 1])


NODE = st.tuples(st.integers(0, 5), st.integers(0, 5))
PAIRS = st.lists(
    st.tuples(NODE, NODE).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=14, unique_by=frozenset
)


def plain_dijkstra(pairs: Sequence[tuple[Node, Node]], start: Node) -> dict[Node, float]:
    """Metres from a node to all it reaches: a heap and dictionaries, no matrix."""
    around: dict[Node, list[tuple[Node, float]]] = {}
    for a, b in pairs:
        metres = GEOD.inv(*at(a), *at(b))[2]
        around.setdefault(a, []).append((b, metres))
        around.setdefault(b, []).append((a, metres))
    best: dict[Node, float] = {}
    heap = [(0.0, start)]
    while heap:
        metres, node = heapq.heappop(heap)
        if node not in best:
            best[node] = metres
            for other, further in around.get(node, ()):
                heapq.heappush(heap, (metres + further, other))
    return best


@settings(max_examples=50, derandomize=True, deadline=None)
@given(PAIRS)
def test_ways_between_nodes_are_those_of_a_plain_dijkstra(pairs: list[tuple[Node, Node]]) -> None:
    net = net_of(pairs, "ebike")
    places = sorted({node for pair in pairs for node in pair})
    # Exactly at the nodes, joined to whichever edge ends there.
    ends = {tuple(node): at_node for at_node, node in enumerate(net.nodes.tolist())}
    edge, fraction = [], []
    for node in places:
        number = ends[at(node)]
        where = int(np.flatnonzero((net.start == number) | (net.end == number))[0])
        edge.append(where)
        fraction.append(0.0 if net.start[where] == number else 1.0)
    ways = measure_ways(net, Spots(np.array(edge), np.array(fraction), np.zeros(len(places))))
    for row, node in enumerate(places):
        true = plain_dijkstra(pairs, node)
        for column, other in enumerate(places):
            assert ways.metres[row, column] == pytest.approx(true.get(other, np.inf), abs=1e-3)
    reached = np.isfinite(ways.metres)
    labels = [net.component[ends[at(node)]] for node in places]
    assert np.array_equal(reached, np.equal.outer(labels, labels))


PLACE = st.tuples(st.floats(-1, 6, allow_nan=False), st.floats(-1, 6, allow_nan=False))


@settings(max_examples=50, derandomize=True, deadline=None)
@given(PAIRS, st.lists(PLACE, min_size=3, max_size=6))
def test_two_way_nets_are_symmetric_and_no_way_is_shorter_by_a_third_place(
    pairs: list[tuple[Node, Node]], places: list[tuple[float, float]]
) -> None:
    for mode in ("walk", "car"):
        net = net_of(pairs, mode)
        ways = measure_ways(net, spots_at(net, places))
        for table in (ways.seconds, ways.metres):
            assert np.allclose(table, table.T, rtol=1e-9, atol=1e-3)
        through = (ways.seconds[:, :, None] + ways.seconds[None, :, :]).min(axis=1)
        assert np.all(ways.seconds <= through + 1e-3)
        straight = np.hypot(
            *(np.subtract.outer(axis, axis) for axis in net.edges.to_plane(np.array([at(p) for p in places])).T)
        )
        assert np.all(ways.metres >= straight * 0.998 - 0.1)


def test_mode_names_are_those_of_the_interface() -> None:
    assert tuple(all_modes()) == ("walk", "ebike", "car")
