"""The net of one way of moving: nodes where edges meet, how long each edge takes, and which parts hang together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.roads.modes import Mode

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges of a network as they are stored.

    Attributes
    ----------
    ids : ndarray of int64, shape (m,)
    lines : ndarray of LineString, shape (m,)
        Longitude and latitude (EPSG:4326); ends that belong together are equal to the last bit.
    length_m : ndarray of float64, shape (m,)
        Along the ellipsoid.
    road_class : ndarray of str, shape (m,)
    oneway : ndarray of int64, shape (m,)
        1 along the line only, -1 against it, 0 both ways; holds for cars.
    allowed : dict of str to ndarray of bool, shape (m,) each
        By way of moving.
    """

    ids: Ints
    lines: NDArray[np.object_]
    length_m: Floats
    road_class: NDArray[np.object_]
    oneway: Ints
    allowed: dict[str, Flags]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def movers(self) -> tuple[Callable[[Any], Floats], Callable[[Any], Floats]]:
        """Functions for ``shapely.transform`` to metres round the edges, and back."""
        from geo.crs import STORED, metric_crs, mover

        west, south, east, north = shapely.total_bounds(self.lines) if len(self) else (120.0, 35.0, 120.0, 35.0)
        metric = metric_crs(float(west + east) / 2, float(south + north) / 2)
        return mover(STORED, metric), mover(metric, STORED)

    @cached_property
    def plane_lines(self) -> NDArray[np.object_]:
        """The lines in metres."""
        return np.asarray(shapely.transform(self.lines, self.movers[0]), dtype=object)

    def to_plane(self, lonlat: Floats) -> Floats:
        """Degrees (n, 2) to metres of the same plane; NaN stays NaN."""
        known = np.isfinite(lonlat).all(axis=1)
        out = np.full(lonlat.shape, np.nan)
        if known.any():
            out[known] = self.movers[0](lonlat[known])
        return out

    def to_degrees(self, xy: Floats) -> Floats:
        """Metres of the plane (n, 2) to degrees."""
        return self.movers[1](xy) if len(xy) else xy


@dataclass(frozen=True, eq=False)
class Net:
    """What one way of moving may use.

    Attributes
    ----------
    edges : Edges
        All edges, the others too.
    mode : Mode
    used : ndarray of int64, shape (k,)
        Places of the usable edges among all.
    start, end : ndarray of int64, shape (k,)
        Nodes of the usable edges.
    nodes : ndarray of float64, shape (n, 2)
        Longitude and latitude.
    seconds : ndarray of float64, shape (k,)
    component : ndarray of int64, shape (n,)
        Part (连通分量) of each node; one-way roads join both ends. 0 is the one with the most metres, and so on.
    """

    edges: Edges
    mode: Mode
    used: Ints
    start: Ints
    end: Ints
    nodes: Floats
    seconds: Floats
    component: Ints

    @property
    def length_m(self) -> Floats:
        """Metres of the usable edges."""
        return self.edges.length_m[self.used]

    @cached_property
    def edge_component(self) -> Ints:
        """Part of each usable edge."""
        return self.component[self.start]

    @cached_property
    def degree(self) -> Ints:
        """How many usable edges end at each node; a loop counts twice."""
        ends = np.concatenate([self.start, self.end])
        return np.bincount(ends, minlength=len(self.nodes))

    @cached_property
    def lines(self) -> NDArray[np.object_]:
        """Usable edges in metres."""
        return self.edges.plane_lines[self.used]

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Index of the usable edges."""
        return shapely.STRtree(self.lines)

    @cached_property
    def main_tree(self) -> tuple[Ints, shapely.STRtree]:
        """The edges of the longest part, and an index of them."""
        at = np.flatnonzero(self.edge_component == 0)
        return at, shapely.STRtree(self.lines[at])

    def component_metres(self) -> Floats:
        """Metres of road of each part, most first."""
        return np.bincount(self.edge_component, weights=self.length_m).astype(np.float64)


def make_net(edges: Edges, mode: Mode) -> Net:
    """Join the edges that a way of moving may use.

    Parameters
    ----------
    edges : Edges
    mode : Mode

    Returns
    -------
    Net
        Possibly without any edge.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    used = np.flatnonzero(edges.allowed[mode.name]).astype(np.int64)
    counts = shapely.get_num_coordinates(edges.lines[used])
    last = np.cumsum(counts) - 1
    xy = shapely.get_coordinates(edges.lines[used])
    ends = np.concatenate([xy[last - counts + 1], xy[last]]) if len(used) else np.empty((0, 2))
    nodes, place = np.unique(ends, axis=0, return_inverse=True)
    start, end = place.ravel()[: len(used)].astype(np.int64), place.ravel()[len(used) :].astype(np.int64)
    links = coo_matrix((np.ones(len(used)), (start, end)), shape=(len(nodes), len(nodes)))
    count, label = connected_components(links, directed=False) if len(nodes) else (0, np.empty(0, dtype=np.int64))
    metres = np.bincount(label[start], weights=edges.length_m[used], minlength=count)
    rank = np.empty(count, dtype=np.int64)
    rank[np.argsort(-metres, kind="stable")] = np.arange(count)
    speeds = np.array([mode.speed_on(str(name)) for name in edges.road_class[used]], dtype=float)
    return Net(edges, mode, used, start, end, nodes, edges.length_m[used] * 3.6 / speeds, rank[label].astype(np.int64))
