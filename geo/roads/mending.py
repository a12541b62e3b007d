"""Roads of several sources are joined: where one ends at another, that one is cut, whether a file or a hand drew it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.roads.net import Edges
from geo.roads.ways import piece_of

# Files of two offices end at their border within metres of each other. An end by hand lies on a road but for the last
# digits, and after a new import of that road beside it.
REACH_M = 5.0
# So near to its end a road is joined there and not cut.
_END_M = 0.5

Cuts = dict[int, list[tuple[float, tuple[float, float]]]]


def attach(edges: Edges, group: NDArray[np.int64]) -> Edges:
    """Join dangling ends to edges of another group that lie within reach.

    Parameters
    ----------
    edges : Edges, m of them
    group : ndarray of int64, shape (m,)
        Edges of one group are joined among themselves already: those of one file, or those drawn by hand.

    Returns
    -------
    Edges
        Those that were cut have several pieces with one id, whose metres sum up to theirs. An end with nothing within
        :data:`REACH_M` stays where it is.
    """
    if len(edges) < 2 or len(np.unique(group)) < 2:
        return edges
    plane, tree = edges.plane_lines, shapely.STRtree(edges.plane_lines)
    lines = [shapely.get_coordinates(line) for line in edges.lines]
    stays: set[tuple[int, int]] = set()
    cuts: Cuts = {}
    for at, end in _dangling(lines):
        if (at, end) in stays:
            continue
        point = shapely.Point(edges.to_plane(lines[at][[end]])[0])
        near = tree.query(point, predicate="dwithin", distance=REACH_M)
        near = near[group[near] != group[at]]
        if not len(near):
            continue
        road = int(near[np.argmin(shapely.distance(plane[near], point))])
        share = float(shapely.line_locate_point(plane[road], point, normalized=True))
        if min(share, 1 - share) * shapely.length(plane[road]) <= _END_M:
            onto = 0 if share <= 0.5 else -1
            stays.add((road, onto))
            lines[at][end] = lines[road][onto]
        else:
            spot = shapely.get_coordinates(shapely.line_interpolate_point(plane[road], share, normalized=True))
            lines[at][end] = edges.to_degrees(spot)[0]
            cuts.setdefault(road, []).append((share, (float(lines[at][end][0]), float(lines[at][end][1]))))
    moved = np.array([shapely.LineString(line) for line in lines], dtype=object)
    return _cut(replace(edges, lines=moved), plane, cuts)


def _dangling(lines: Sequence[NDArray[np.float64]]) -> list[tuple[int, int]]:
    """Ends (line, 0 or -1) that have a place of their own."""
    ends = [(at, end) for at in range(len(lines)) for end in (0, -1)]
    count = Counter(tuple(lines[at][end].tolist()) for at, end in ends)
    return [(at, end) for at, end in ends if count[tuple(lines[at][end].tolist())] == 1]


def _cut(edges: Edges, plane: NDArray[np.object_], cuts: Cuts) -> Edges:
    whole = [at for at in range(len(edges)) if at not in cuts]
    lines, origin, length = [edges.lines[at] for at in whole], list(whole), [edges.length_m[at] for at in whole]
    for at, places in cuts.items():
        ends = shapely.get_coordinates(edges.lines[at])
        stops = [(0.0, tuple(ends[0])), *sorted(places), (1.0, tuple(ends[-1]))]
        for (begin, start), (stop, end) in pairwise(stops):
            if stop - begin <= 1e-9:
                continue
            part = edges.to_degrees(piece_of(plane[at], begin, stop))
            part[0], part[-1] = start, end
            lines.append(shapely.LineString(part))
            origin.append(at)
            length.append(edges.length_m[at] * (stop - begin))
    return Edges(
        edges.ids[origin],
        np.array(lines, dtype=object),
        np.array(length, dtype=float),
        edges.road_class[origin],
        edges.oneway[origin],
        {name: mask[origin] for name, mask in edges.allowed.items()},
    )
