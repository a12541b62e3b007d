"""Shortest ways between places beside a net: where each place joins it, a matrix of all pairs, and lines to draw.

A place is joined to the nearest edge, at its position along that edge and not at a node, and walks the metres between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.roads.modes import mode_named
from geo.roads.net import Flags, Floats, Ints, Net
from geo.roads.straight import FACTORS, stretch

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Beyond this a place is not beside the road: a way to it is told as estimated.
LAST_M = 500.0
# The longest part of the net is preferred where it is not farther by more than this: of two roads at a door the one
# that leads somewhere is meant.
_MAIN_WITHIN_M = 50.0
# csgraph takes an edge of no length for none.
_LEAST_S = 1e-6
_HALF = float(2**26)
# Entries of one block of ways: some 50 MB with all that belongs to it.
_MOST_ENTRIES = 1_500_000


@dataclass(frozen=True, eq=False)
class Spots:
    """Where places join a net.

    Attributes
    ----------
    edge : ndarray of int64, shape (n,)
        Place among the usable edges; -1 where there is none.
    fraction : ndarray of float64, shape (n,)
        0 at the start of the edge to 1 at its end.
    off_m : ndarray of float64, shape (n,)
        Straight metres to there; NaN where there is none.
    """

    edge: Ints
    fraction: Floats
    off_m: Floats

    @property
    def there(self) -> Flags:
        """Which places join the net."""
        return self.edge >= 0


@dataclass(frozen=True, eq=False)
class Measured:
    """Ways along a net, door to door.

    Attributes
    ----------
    seconds, metres : ndarray of float64, shape (n, n)
        Infinite where the net does not join the two.
    """

    seconds: Floats
    metres: Floats


def find_spots(net: Net, xy: Floats) -> Spots:
    """Join places to the net.

    Parameters
    ----------
    net : Net
    xy : ndarray of float64, shape (n, 2)
        In the plane of the net, metres; NaN for a place that is not known.
    """
    edge, fraction = np.full(len(xy), -1, dtype=np.int64), np.zeros(len(xy))
    off = np.full(len(xy), np.nan)
    known = np.flatnonzero(np.isfinite(xy).all(axis=1))
    if not len(known) or not len(net.used):
        return Spots(edge, fraction, off)
    points = np.asarray(shapely.points(xy[known]), dtype=object)
    nearest, apart = _nearest(net.tree, points)
    main, tree = net.main_tree
    at_main, apart_main = _nearest(tree, points)
    better = apart_main <= apart + _MAIN_WITHIN_M
    nearest, apart = np.where(better, main[at_main], nearest), np.where(better, apart_main, apart)
    edge[known], off[known] = nearest, apart
    fraction[known] = shapely.line_locate_point(net.lines[nearest], points, normalized=True)
    return Spots(edge, fraction, off)


def _nearest(tree: shapely.STRtree, points: NDArray[np.object_]) -> tuple[Ints, Floats]:
    """Place in the tree and distance of what is nearest to each point; the first of several."""
    (_, found), apart = tree.query_nearest(points, return_distance=True, all_matches=False)
    return np.asarray(found, dtype=np.int64), np.asarray(apart, dtype=np.float64)


def walk_off(off_m: Floats) -> tuple[Floats, Floats]:
    """Seconds and metres on foot between places and the road, straight metres stretched as short ways are."""
    metres = stretch(off_m, FACTORS)
    return metres * 3.6 / mode_named("walk").speed, metres


def measure_ways(net: Net, spots: Spots) -> Measured:
    """Measure the fastest ways between all pairs of places.

    Parameters
    ----------
    net : Net
    spots : Spots, n places

    Returns
    -------
    Measured
        0 from a place to itself. Each way has the last metres at both ends in it.
    """
    count = len(spots.edge)
    seconds, metres = np.full((count, count), np.inf), np.full((count, count), np.inf)
    here = np.flatnonzero(spots.there)
    if len(here):
        graph = _Graph(net, spots, here)
        block = max(1, _MOST_ENTRIES // graph.size)
        for begin in range(0, len(here), block):
            part = here[begin : begin + block]
            took, went = graph.rows(begin, begin + len(part))
            seconds[np.ix_(part, here)], metres[np.ix_(part, here)] = took, went
        off_s, off_m = walk_off(spots.off_m)
        seconds += off_s[:, None] + off_s[None, :]
        metres += off_m[:, None] + off_m[None, :]
        # NaN where a place joins nothing.
        seconds, metres = (
            np.nan_to_num(seconds, nan=np.inf, posinf=np.inf),
            np.nan_to_num(metres, nan=np.inf, posinf=np.inf),
        )
    np.fill_diagonal(seconds, 0.0)
    np.fill_diagonal(metres, 0.0)
    return Measured(seconds, metres)


def draw_ways(net: Net, xy: Floats, spots: Spots, pairs: Sequence[tuple[int, int]]) -> list[Floats | None]:
    """Draw the fastest ways of some pairs.

    Parameters
    ----------
    net : Net
    xy : ndarray of float64, shape (n, 2)
        The places in the plane of the net.
    spots : Spots, n places
    pairs : sequence of (int, int)
        Places by number.

    Returns
    -------
    list of ndarray of float64, shape (k, 2), or None
        In the plane, from door to door; None where the net does not join the two.
    """
    here = np.flatnonzero(spots.there)
    if not len(here):
        return [None] * len(pairs)
    graph = _Graph(net, spots, here)
    place = np.full(len(xy), -1, dtype=np.int64)
    place[here] = np.arange(len(here))
    starts = sorted({int(place[a]) for a, _ in pairs if place[a] >= 0})
    before = dict(zip(starts, graph.trees(starts), strict=True))
    drawn: list[Floats | None] = []
    for a, b in pairs:
        line = graph.line(before[int(place[a])], int(place[a]), int(place[b])) if min(place[a], place[b]) >= 0 else None
        drawn.append(None if line is None else np.vstack([xy[a], line, xy[b]]))
    return drawn


class _Graph:
    """The net with a node for each place, on its edge."""

    def __init__(self, net: Net, spots: Spots, here: Ints) -> None:
        from scipy.sparse import csr_matrix

        self.net, self.count = net, len(here)
        self.base = len(net.nodes)
        edge, fraction = spots.edge[here], spots.fraction[here]
        order = np.lexsort((fraction, edge))
        # Each edge is a chain: its start, the places on it in order, its end. Others are chains of one link.
        used = np.unique(edge)
        rest = np.setdiff1d(np.arange(len(net.used)), used)
        chain = np.concatenate([rest, rest, used, edge[order], used])
        at = np.concatenate(
            [np.zeros(len(rest)), np.ones(len(rest)), np.zeros(len(used)), fraction[order], np.ones(len(used))]
        )
        node = np.concatenate([net.start[rest], net.end[rest], net.start[used], self.base + order, net.end[used]])
        last = np.concatenate(
            [
                np.zeros(len(rest)),
                np.full(len(rest), 2),
                np.zeros(len(used)),
                np.ones(len(order)),
                np.full(len(used), 2),
            ]
        )
        sort = np.lexsort((at, last, chain))
        chain, at, node = chain[sort], at[sort], node[sort]
        link = np.flatnonzero(chain[1:] == chain[:-1])
        on, f0, f1 = chain[link], at[link], at[link + 1]
        oneway = net.edges.oneway[net.used][on] if net.mode.name == "car" else np.zeros(len(on), dtype=np.int64)
        along, against = oneway >= 0, oneway <= 0
        self.row = np.concatenate([node[link][along], node[link + 1][against]])
        self.col = np.concatenate([node[link + 1][along], node[link][against]])
        self.edge = np.concatenate([on[along], on[against]])
        self.f0 = np.concatenate([f0[along], f1[against]])
        self.f1 = np.concatenate([f1[along], f0[against]])
        share = np.abs(self.f1 - self.f0)
        took = np.maximum(share * net.seconds[self.edge], _LEAST_S)
        # Of two links between the same nodes the faster one; a sparse matrix would add them up.
        size = self.base + self.count
        key = self.row * size + self.col
        sort = np.lexsort((took, key))
        sort = sort[np.concatenate([[True], key[sort][1:] != key[sort][:-1]])]
        self.row, self.col, self.edge = self.row[sort], self.col[sort], self.edge[sort]
        self.f0, self.f1, self.key = self.f0[sort], self.f1[sort], key[sort]
        self.went = share[sort] * net.length_m[self.edge]
        self.size = size
        self.even = not net.mode.speeds
        self.took = took[sort]
        self.matrix = csr_matrix((self.took, (self.row, self.col)), shape=(size, size))

    def rows(self, begin: int, stop: int) -> tuple[Floats, Floats]:
        """Seconds and metres from the places ``begin`` to ``stop`` to all."""
        from scipy.sparse.csgraph import dijkstra

        sources = self.base + np.arange(begin, stop)
        if self.even:
            took = dijkstra(self.matrix, indices=sources)[:, self.base :]
            return took, took * self.net.mode.speed / 3.6
        both, second, metre = self._both
        found = dijkstra(both, indices=sources)[:, self.base :]
        with np.errstate(invalid="ignore"):
            return np.floor(found / _HALF) * second, np.where(np.isfinite(found), found % _HALF, np.inf) * metre

    @cached_property
    def _both(self) -> tuple[csr_matrix, float, float]:
        """Seconds and metres in one number each, and the units of both.

        A double holds whole numbers of 53 bits: 27 for the time, 26 for the length. The units are so small that all
        links of the net together fit, so nothing runs over, and sums are exact: the fastest way comes with its metres.
        """
        from scipy.sparse import csr_matrix

        second = max(float(self.took.sum()) / 2**26, 1e-6)
        metre = max(float(self.went.sum()) / 2**25, 1e-6)
        whole = np.maximum(np.rint(self.took / second), 1) * _HALF + np.rint(self.went / metre)
        return csr_matrix((whole, (self.row, self.col)), shape=self.matrix.shape), second, metre

    def trees(self, starts: Sequence[int]) -> NDArray[np.int32]:
        """Node before each on the ways from some places."""
        from scipy.sparse.csgraph import dijkstra

        if not starts:
            return np.empty((0, self.size), dtype=np.int32)
        sources = self.base + np.asarray(starts)
        return np.asarray(dijkstra(self.matrix, indices=sources, return_predecessors=True)[1])

    def line(self, before: NDArray[np.int32], start: int, end: int) -> Floats | None:
        """The way between two places; None if there is none."""
        goal, node = self.base + start, self.base + end
        nodes = [node]
        while node != goal:
            node = int(before[node])
            if node < 0:
                return None
            nodes.append(node)
        nodes.reverse()
        if len(nodes) == 1:
            return np.empty((0, 2))
        links = np.searchsorted(self.key, [a * self.size + b for a, b in pairwise(nodes)])
        parts = [piece_of(self.net.lines[self.edge[at]], self.f0[at], self.f1[at]) for at in links]
        return np.vstack(parts)


def piece_of(line: shapely.LineString, begin: float, stop: float) -> Floats:
    """Coordinates of a line between two fractions of it, in that direction."""
    xy = shapely.get_coordinates(line)
    low, high = min(begin, stop), max(begin, stop)
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    at /= at[-1]
    inner = xy[(at > low + 1e-12) & (at < high - 1e-12)]
    ends = [[np.interp(share, at, xy[:, 0]), np.interp(share, at, xy[:, 1])] for share in (low, high)]
    piece = np.vstack([ends[:1], inner, ends[1:]])
    return piece if begin <= stop else piece[::-1]
