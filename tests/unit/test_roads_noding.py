"""Lines become edges that meet in nodes."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from geo.roads.noding import SAME_M, Noded, node_lines

Line = list[tuple[float, float]]


def noded(*lines: Line, snap_m: float = 3.0, **more: object) -> Noded:
    return node_lines([LineString(line) for line in lines], snap_m=snap_m, **more)  # type: ignore[arg-type]


def nodes_of(net: Noded) -> set[tuple[float, float]]:
    return {
        (float(x), float(y))
        for line in net.lines
        for x, y in (shapely.get_coordinates(line)[0], shapely.get_coordinates(line)[-1])
    }


def parts_of(net: Noded) -> int:
    """How many parts hang together, by a plain union of ends."""
    parent: dict[tuple[float, float], tuple[float, float]] = {node: node for node in nodes_of(net)}

    def root(node: tuple[float, float]) -> tuple[float, float]:
        while parent[node] != node:
            node = parent[node]
        return node

    for line in net.lines:
        xy = [tuple(map(float, one)) for one in shapely.get_coordinates(line)]
        parent[root(xy[0])] = root(xy[-1])  # type: ignore[index, arg-type]
    return len({root(node) for node in parent})


def test_a_crossing_becomes_a_node() -> None:
    net = noded([(0, 0), (100, 0)], [(50, -50), (50, 50)])
    assert (len(net.lines), net.crossings, (50.0, 0.0) in nodes_of(net)) == (4, 1, True)


def test_a_bridge_crosses_without_meeting_and_its_ends_meet() -> None:
    net = noded([(0, 0), (100, 0)], [(50, -50), (50, 50)], [(50, 50), (50, 90)], level=[0, 1, 0])
    assert (len(net.lines), parts_of(net)) == (3, 2)


def test_lines_that_are_noded_meet_in_shared_vertices_only() -> None:
    crossing = noded([(0, 0), (100, 0)], [(50, -50), (50, 50)], noded=True, snap_m=0)
    sharing = noded([(0, 0), (50, 0), (100, 0)], [(50, -50), (50, 0), (50, 50)], noded=True, snap_m=0)
    assert (len(crossing.lines), len(sharing.lines)) == (2, 4)


def test_an_end_near_a_line_is_moved_onto_it_and_cuts_it() -> None:
    net = noded([(0, 0), (100, 0)], [(40, 60), (40, 2.5)])
    assert (len(net.lines), parts_of(net)) == (3, 1)
    assert [round(one.moved_m, 6) for one in net.joined] == [2.5]


def test_an_end_farther_than_the_tolerance_stays() -> None:
    net = noded([(0, 0), (100, 0)], [(40, 60), (40, 3.01)])
    assert (len(net.lines), parts_of(net), net.joined) == (2, 2, [])


def test_an_end_that_lies_on_a_line_is_a_node_there_and_is_not_moved() -> None:
    net = noded([(0, 0), (100, 0)], [(99, 60), (99, 0)])
    assert (parts_of(net), net.joined, (99.0, 0.0) in nodes_of(net)) == (1, [], True)


def test_three_ends_that_miss_each_other_meet_in_one_node() -> None:
    net = noded([(0, 0), (-50, 0)], [(1, 0), (50, 0)], [(0.5, 1), (0, 50)])
    assert (parts_of(net), len(nodes_of(net))) == (1, 4)


def test_a_line_given_twice_is_there_once() -> None:
    net = noded([(0, 0), (100, 0)], [(100, 0), (50, 0), (0, 0)][::2], [(0, 0), (100, 0)])
    assert (len(net.lines), net.doubles) == (1, 2)


def test_nothing_gives_nothing() -> None:
    assert len(node_lines([], snap_m=3).lines) == 0


COORDINATE = st.integers(0, 60).map(float)
LINES = st.lists(
    st.lists(st.tuples(COORDINATE, COORDINATE), min_size=2, max_size=4, unique=True), min_size=1, max_size=8
)


@settings(max_examples=120, derandomize=True, deadline=None)
@given(LINES, st.sampled_from([0.0, 1.0, 3.0, 7.5]))
def test_no_end_is_moved_beyond_the_tolerance_and_no_ground_is_left_out(lines: list[Line], snap_m: float) -> None:
    given_lines = [LineString(line) for line in lines]
    net = node_lines(given_lines, snap_m=snap_m)
    assert all(one.moved_m <= max(snap_m, SAME_M) for one in net.joined)
    assert np.all((net.origin >= 0) & (net.origin < len(lines)))
    made, before = shapely.union_all(net.lines), shapely.union_all(given_lines)
    # A piece follows its line but where an end was moved; what joins does so within the tolerance of what was drawn.
    reach = max(snap_m, SAME_M) + 0.05
    assert before.buffer(reach).buffer(0.01).covers(made)
    assert made.buffer(2 * reach).covers(before)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(LINES)
def test_lines_that_touch_nowhere_near_stay_apart_and_those_that_cross_hang_together(lines: list[Line]) -> None:
    given_lines = [LineString(line) for line in lines if LineString(line).is_simple]
    net = node_lines(given_lines, snap_m=0.0)
    touching = [[bool(a.distance(b) <= 1e-9) for b in given_lines] for a in given_lines]
    seen: set[int] = set()
    parts = 0
    for at in range(len(given_lines)):
        if at in seen:
            continue
        parts += 1
        stack = [at]
        while stack:
            one = stack.pop()
            if one not in seen:
                seen.add(one)
                stack += [other for other, near in enumerate(touching[one]) if near]
    assert parts_of(net) == parts
