"""Gaps (断头): ends of roads that nearly meet another one which they do not reach, or only by a long way round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.roads.net import Floats, Ints, Net

REACH_M = 30.0
# A way round is long if it is longer than this, and than ten times the gap.
_LONG_M, _LONG_TIMES = 500.0, 10.0
# Parts of the net are bridged to the next one where that is no farther; of smaller ones nobody would ask.
BRIDGE_M, _PART_M = 500.0, 100.0
_MOST_PARTS = 300
_CHUNK_ENTRIES = 2_000_000
# So near to the end of a road the gap ends there.
_END_M = 0.5


@dataclass(frozen=True)
class Gap:
    """Two places that a short piece of road would join.

    Attributes
    ----------
    start, end : (float, float)
        Longitude and latitude; the start is an end of a road.
    length_m : float
    around_m : float
        Metres of the way round there is; infinite where there is none.
    parts : (int, int)
        Of the start and of the end; equal where there is a way round.
    edge : int
        Number (id) of the road at the start.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    length_m: float
    around_m: float
    parts: tuple[int, int]
    edge: int

    @property
    def key(self) -> str:
        """The same for the same gap, whichever of its ends it was found from."""
        return ";".join(sorted(f"{lon:.6f},{lat:.6f}" for lon, lat in (self.start, self.end)))


def find_gaps(net: Net, reach_m: float = REACH_M) -> list[Gap]:
    """Find gaps.

    Parameters
    ----------
    net : Net
    reach_m : float
        How long a gap may be, metres.

    Returns
    -------
    list of Gap
        Those between parts first, then the shortest: one for each dangling end at most, and for each part of the net
        but the longest the shortest bridge to another part, if that is within :data:`BRIDGE_M`. Of several beside each
        other that join the same parts only the shortest.
    """
    if not len(net.used):
        return []
    found = {gap.key: gap for gap in [*_bridges(net), *_near_ends(net, reach_m)]}
    ordered = sorted(found.values(), key=lambda gap: (gap.parts[0] == gap.parts[1], gap.length_m, gap.key))
    return _one_of_each(net, ordered, 2 * reach_m)


def _one_of_each(net: Net, gaps: list[Gap], within_m: float) -> list[Gap]:
    """Leave out what joins the same parts beside a gap that is kept."""
    kept: dict[tuple[int, ...], list[Floats]] = {}
    chosen = []
    for gap in gaps:
        middle = net.edges.to_plane(np.array([gap.start, gap.end])).mean(axis=0)
        beside = kept.setdefault(tuple(sorted(gap.parts)), [])
        if all(np.hypot(*(middle - other)) > within_m for other in beside):
            beside.append(middle)
            chosen.append(gap)
    return chosen


def _near_ends(net: Net, reach_m: float) -> list[Gap]:
    loose = np.flatnonzero(net.degree == 1)
    if not len(loose):
        return []
    points = np.asarray(shapely.points(net.edges.to_plane(net.nodes[loose])), dtype=object)
    mine, edge = net.tree.query(points, predicate="dwithin", distance=reach_m)
    node = loose[mine]
    other = (net.start[edge] != node) & (net.end[edge] != node)
    mine, edge, node = mine[other], edge[other], node[other]
    apart = np.asarray(shapely.distance(points[mine], net.lines[edge]), dtype=float)
    share = shapely.line_locate_point(net.lines[edge], points[mine], normalized=True)
    around = _around(net, node, edge, share, max(_LONG_M, _LONG_TIMES * reach_m))
    # Within one part, only where two roads end: lanes end beside others behind a wall in every village.
    at_end = np.minimum(share, 1 - share) * net.length_m[edge] <= _END_M
    ends_too = np.where(share <= 0.5, net.degree[net.start[edge]], net.degree[net.end[edge]]) == 1
    strange = net.component[node] != net.edge_component[edge]
    broken = (strange | (at_end & ends_too)) & (around > np.maximum(_LONG_M, _LONG_TIMES * apart))
    gaps = []
    taken: set[int] = set()
    for at in np.lexsort((edge, apart)):
        if broken[at] and int(node[at]) not in taken:
            taken.add(int(node[at]))
            gaps.append(_gap(net, int(node[at]), int(edge[at]), float(share[at]), float(around[at])))
    # An end that meets something nearer is no gap to what lies behind it.
    return [gap for gap in gaps if gap.length_m > 0]


def _around(net: Net, node: Ints, edge: Ints, share: Floats, limit: float) -> Floats:
    """Metres along the net from nodes to places on edges; infinite beyond the limit."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    size = len(net.nodes)
    row, col = np.concatenate([net.start, net.end]), np.concatenate([net.end, net.start])
    metres = np.maximum(np.concatenate([net.length_m, net.length_m]), 1e-6)
    order = np.lexsort((metres, col, row))
    first = np.concatenate([[True], np.diff(row[order] * size + col[order]) != 0])
    keep = order[first]
    matrix = csr_matrix((metres[keep], (row[keep], col[keep])), shape=(size, size))
    around = np.full(len(node), np.inf)
    sources, place = np.unique(node, return_inverse=True)
    step = max(1, _CHUNK_ENTRIES // size)
    for begin in range(0, len(sources), step):
        ways = dijkstra(matrix, directed=False, indices=sources[begin : begin + step], limit=limit)
        inside = np.flatnonzero((place >= begin) & (place < begin + step))
        rows, on = place[inside] - begin, edge[inside]
        along = net.length_m[on]
        around[inside] = np.minimum(
            ways[rows, net.start[on]] + share[inside] * along, ways[rows, net.end[on]] + (1 - share[inside]) * along
        )
    return around


def _gap(net: Net, node: int, edge: int, share: float, around: float) -> Gap:
    line = net.lines[edge]
    ends = shapely.get_coordinates(net.edges.lines[net.used[edge]])
    if min(share, 1 - share) * line.length <= _END_M:
        end = ends[0] if share <= 0.5 else ends[-1]
    else:
        spot = shapely.get_coordinates(shapely.line_interpolate_point(line, share, normalized=True))
        end = net.edges.to_degrees(spot)[0]
    start = net.nodes[node]
    plane = net.edges.to_plane(np.array([start, end]))
    own = int(np.flatnonzero((net.start == node) | (net.end == node))[0])
    return Gap(
        (float(start[0]), float(start[1])),
        (float(end[0]), float(end[1])),
        float(np.hypot(*(plane[0] - plane[1]))),
        around,
        (int(net.component[node]), int(net.edge_component[edge])),
        int(net.edges.ids[net.used[own]]),
    )


def _bridges(net: Net) -> list[Gap]:
    """The shortest bridge from each part to another one."""
    metres = net.component_metres()
    gaps = []
    for part in range(1, min(len(metres), _MOST_PARTS)):
        if metres[part] < _PART_M:
            continue
        members = np.flatnonzero(net.component == part)
        points = np.asarray(shapely.points(net.edges.to_plane(net.nodes[members])), dtype=object)
        mine, edge = net.tree.query(points, predicate="dwithin", distance=BRIDGE_M)
        strange = net.edge_component[edge] != part
        mine, edge = mine[strange], edge[strange]
        if not len(mine):
            continue
        apart: NDArray[np.float64] = np.asarray(shapely.distance(points[mine], net.lines[edge]), dtype=float)
        best = int(np.lexsort((edge, apart))[0])
        share = float(shapely.line_locate_point(net.lines[edge[best]], points[mine[best]], normalized=True))
        gaps.append(_gap(net, int(members[mine[best]]), int(edge[best]), share, float("inf")))
    return gaps
