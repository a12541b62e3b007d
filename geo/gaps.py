"""Gap areas (成片未访): where households not yet visited lie together, whatever grid or village they belong to.

For every place the share of unvisited households among its nearest neighbours is taken, near ones counting more. Places
where most are unvisited are joined with their neighbours in a triangulation, as long as the way between is short. So
a visited house inside a gap does not cut it, since its neighbours are not visited; and unvisited houses scattered among
visited ones are no gap, however many they are. Clustering the unvisited points alone (DBSCAN) can tell neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, QhullError, cKDTree
from shapely import GeometryCollection, MultiLineString, MultiPoint, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

# Enough that chance seldom makes a gap, few enough to see one of a dozen houses; SHARE and sweeps go with it. Chosen by
# towns like those of tests/benchmarks/bench_gaps.py, of other seeds.
NEIGHBOURS = 16
# Beyond this a house is no neighbour: it is another hamlet.
REACH_M = 400.0
# Houses farther apart than this do not belong to one gap: an inspector does not walk from one to the other.
LINK_M = 200.0
# More than this share of the neighbours not visited: here somebody still has to come.
SHARE = 0.55
# Fewer households are an inspector's day; they stand in the list of the village, not on the leader's map.
LEAST = 10
MARGIN_M = 35.0
_TOLERANCE_M = 4.0
_SWEEPS = 3


@dataclass(frozen=True)
class Gap:
    """One gap area.

    Attributes
    ----------
    members : ndarray of int64
        Rows of the households inside, visited ones among them, ascending.
    unvisited : int
        How many of the members are not visited.
    parts : tuple of ndarray
        Places of the members, the short ways between them and the triangles of them, in metres: of these the outline
        is made when it is asked for, since nobody looks at the hundredth gap.
    """

    members: NDArray[np.int64]
    unvisited: int
    parts: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] = field(repr=False)

    @property
    def households(self) -> int:
        """How many households are inside, visited or not."""
        return len(self.members)

    @cached_property
    def outline(self) -> Polygon | MultiPolygon:
        """A smooth line around its households with a margin of :data:`MARGIN_M`, in metres as the points were."""
        return _outline(*self.parts)


def find_gaps(points: ArrayLike, visited: ArrayLike, *, least: int = LEAST) -> list[Gap]:
    """Find the gap areas among households.

    Parameters
    ----------
    points : array_like, shape (n, 2)
        Places in metres of any plane system, no missing values; n = 0 is allowed, several may be equal.
    visited : array_like of bool, shape (n,)
        Whether each household has its valid visit.
    least : int
        Fewest unvisited households of a gap.

    Returns
    -------
    list of Gap
        Most unvisited first, then westernmost, then southernmost; none without points or without unvisited ones. No
        household is in two of them. The same points give the same gaps, in whatever order they come, but for the
        numbers of rows.

    Raises
    ------
    ValueError
        If the shapes do not fit or a place is not finite.
    """
    places = np.asarray(points, dtype=float).reshape(-1, 2) if np.size(points) == 0 else np.asarray(points, dtype=float)
    done = np.asarray(visited, dtype=bool)
    if places.ndim != 2 or places.shape[1] != 2 or done.shape != (len(places),):
        raise ValueError(f"points of shape {places.shape} and {done.shape} flags do not fit")
    if not np.isfinite(places).all():
        raise ValueError("a place is not finite")
    if len(places) == 0 or done.all():
        return []
    # Households at one place (flats, a shared yard) are one place with a weight.
    spots, where = np.unique(places, axis=0, return_inverse=True)
    where = where.reshape(-1)
    many = np.bincount(where, minlength=len(spots)).astype(float)
    left = np.bincount(where, weights=(~done).astype(float), minlength=len(spots)).astype(float)
    hot, ring = _hot(spots, many, left)
    edges, triangles = _mesh(spots, np.flatnonzero(ring))
    edges, triangles = edges[hot[edges].all(axis=1)], triangles[hot[triangles].all(axis=1)]
    graph = coo_matrix((np.ones(len(edges), dtype=np.int8), tuple(edges.T)), shape=(len(spots), len(spots)))
    label = np.where(hot, connected_components(graph, directed=False)[1], len(spots))
    unvisited = np.bincount(label, weights=left, minlength=len(spots))[: len(spots)]
    wanted = np.flatnonzero(unvisited >= least)
    shared = zip(
        _shared_out(np.arange(len(done)), label[where], wanted),
        _shared_out(np.arange(len(spots)), label, wanted),
        _shared_out(edges, label[edges[:, 0]], wanted),
        _shared_out(triangles, label[triangles[:, 0]], wanted),
        strict=True,
    )
    found, alone = [], np.ones(len(spots), dtype=bool)
    for members, own, lines, corners in shared:
        alone[corners] = False
        parts = (spots[own[alone[own]]], spots[lines[alone[lines].any(axis=1)]], spots[corners])
        found.append((tuple(spots[own].min(axis=0)), Gap(members, int((~done[members]).sum()), parts)))
    found.sort(key=lambda one: (-one[1].unvisited, -one[1].households, one[0]))
    return [gap for _, gap in found]


def _mesh(spots: NDArray[np.float64], among: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Short edges between neighbouring places of some rows, and the triangles all of whose edges are short."""
    if not len(among):
        return np.empty((0, 2), dtype=np.int64), np.empty((0, 3), dtype=np.int64)
    try:
        # From the middle, since coordinates of millions of metres lose the digits that matter.
        corners = among[np.sort(Delaunay(spots[among] - spots[among].mean(axis=0)).simplices, axis=1)]
    except (QhullError, ValueError):
        # Fewer than three places, or all on one line: each next to the following one.
        pairs = np.stack([among[:-1], among[1:]], axis=1)
        return pairs[_lengths(spots, pairs) <= LINK_M], np.empty((0, 3), dtype=np.int64)
    pairs = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    short = _lengths(spots, pairs) <= LINK_M
    return pairs[short], corners[short.reshape(3, -1).all(axis=0)]


def _shared_out(
    rows: NDArray[np.int64], label: NDArray[np.int64], wanted: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Rows of each wanted label, in their order."""
    order = np.argsort(label, kind="stable")
    ordered = label[order]
    return [
        rows[order[low:high]]
        for low, high in zip(
            np.searchsorted(ordered, wanted), np.searchsorted(ordered, wanted, side="right"), strict=True
        )
    ]


def _lengths(spots: NDArray[np.float64], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    way = spots[pairs[:, 0]] - spots[pairs[:, 1]]
    return np.hypot(way[:, 0], way[:, 1])


def _hot(
    spots: NDArray[np.float64], many: NDArray[np.float64], left: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether most households around each place are unvisited; and the same places with their neighbours."""
    k = min(NEIGHBOURS, len(spots))
    distance, index = cKDTree(spots).query(spots, k=k, distance_upper_bound=REACH_M)
    distance, index = np.reshape(distance, (len(spots), k)), np.reshape(index, (len(spots), k))
    near = np.isfinite(distance)
    distance, index = np.where(near, distance, 0.0), np.where(near, index, 0)
    # As wide as the houses stand apart here: the farthest neighbour counts a seventh of the nearest.
    width = np.maximum(distance.max(axis=1, keepdims=True) / 2.0, 1.0)
    weight = np.where(near, np.exp(-0.5 * (distance / width) ** 2), 0.0) * many[index]
    weight /= weight.sum(axis=1, keepdims=True)
    share = left / many
    # Smoothed more than once: single places follow their neighbours, the edge stays where it was.
    for _ in range(_SWEEPS):
        share = (weight * share[index]).sum(axis=1)
    hot = share > SHARE
    ring = hot.copy()
    ring[index[hot][near[hot]]] = True
    return hot, ring


def _outline(
    loose: NDArray[np.float64], lines: NDArray[np.float64], triangles: NDArray[np.float64]
) -> Polygon | MultiPolygon:
    """Margin around the triangles of a gap, and around what hangs on them by a single line."""
    parts: list[BaseGeometry] = [MultiPoint(loose), MultiLineString(list(lines))]
    if len(triangles):
        parts.append(shapely.coverage_union_all(shapely.polygons(triangles)))
    wide = shapely.buffer(GeometryCollection(parts), 2 * MARGIN_M, quad_segs=4)
    # Out and half-way in again closes the notches between rows of houses.
    return _without_small_holes(shapely.simplify(shapely.buffer(wide, -MARGIN_M, quad_segs=4), _TOLERANCE_M))


def _without_small_holes(shape: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    """Fields between houses are no islands; a lake or a visited settlement is one."""
    kept = [
        Polygon(part.exterior, [hole for hole in part.interiors if Polygon(hole).area > LINK_M**2])
        for part in shapely.get_parts(shape)
    ]
    return kept[0] if len(kept) == 1 else MultiPolygon(kept)
