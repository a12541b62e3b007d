"""Which of many areas covers each of many points: a million points in ten thousand areas within a third of a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

# Points to a square of the lattice, about: with fewer an area looks at more squares than it saves points.
_POINTS_A_SQUARE = 16
# Squares along a side at most, so that the number of a square fits two bytes and is sorted by counting.
_SIDE = 255
# Pairs of a point and an area looked at together: what they need then stays in the processor's cache.
_AT_ONCE = 50_000


def covering_areas(x: NDArray[np.float64], y: NDArray[np.float64], areas: NDArray[np.object_]) -> NDArray[np.int64]:
    """Find for each point the first area that covers it, its border included.

    Points are sorted into the squares of a lattice. Each area looks at the points of the squares its box touches,
    keeps those in its box that no area before it has taken, and is asked, prepared once, about these. A spatial index
    over the points would have to be built first, one over the areas be searched for each point.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Coordinates in the CRS of the areas; n = 0 is allowed. A point that is not finite is covered by nothing.
    areas : ndarray of shapely geometries, shape (m,)
        Polygons and multipolygons in order of precedence, valid; None and empty ones cover nothing. They are prepared
        and stay so.

    Returns
    -------
    ndarray of int64, shape (n,)
        Place in ``areas``; -1 where no area covers the point.
    """
    found = np.full(len(x), -1, dtype=np.int64)
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if not len(there) or not len(areas):
        return found
    x, y = x[there], y[there]
    lattice = _Lattice.over(x, y)
    x, y = x[lattice.order], y[lattice.order]
    bounds = shapely.bounds(areas)
    shapely.prepare(areas)
    first = np.full(len(x), -1, dtype=np.int64)
    for area, point in lattice.pairs(bounds):
        px, py = x[point], y[point]
        west, south, east, north = bounds[area].T
        asked = np.flatnonzero((px >= west) & (px <= east) & (py >= south) & (py <= north) & (first[point] < 0))
        covers = asked[shapely.intersects_xy(areas[area[asked]], px[asked], py[asked])]
        # Backwards, so that of several areas that cover a point the first is written last.
        first[point[covers[::-1]]] = area[covers[::-1]]
    found[there[lattice.order]] = first
    return found


class _Lattice(NamedTuple):
    """Points sorted by the squares they lie in.

    ``order`` has the points row by row of squares; ``starts[k]`` is where those of square ``k`` begin in it.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    side: int
    corner: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def over(cls, x: NDArray[np.float64], y: NDArray[np.float64]) -> _Lattice:
        """Lay a lattice over one finite point or more."""
        side = min(_SIDE, max(1, int(np.sqrt(len(x) / _POINTS_A_SQUARE))))
        corner = np.array([x.min(), y.min()])
        extent = np.array([x.max(), y.max()]) - corner
        scale = np.divide(side, extent, out=np.zeros(2), where=extent > side * np.finfo(float).tiny)
        column, row = (
            np.minimum((values - least) * times, side - 1).astype(np.uint16)
            for values, least, times in ((x, corner[0], scale[0]), (y, corner[1], scale[1]))
        )
        square = row * np.uint16(side) + column
        starts = np.zeros(side * side + 1, dtype=np.int64)
        np.cumsum(np.bincount(square, minlength=side * side), out=starts[1:])
        return cls(np.argsort(square, kind="stable"), starts, side, corner, scale)

    def pairs(self, bounds: NDArray[np.float64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Areas with the points, by their place in ``order``, of the squares their boxes touch, area by area."""
        boxes = (bounds - np.tile(self.corner, 2)) * np.tile(self.scale, 2)
        beside = (boxes[:, 2:] < 0).any(axis=1) | (boxes[:, :2] > self.side).any(axis=1) | np.isnan(boxes).any(axis=1)
        areas = np.flatnonzero(~beside)
        west, south, east, north = np.clip(boxes[areas], 0, self.side - 1).astype(np.int64).T
        # One line for each row of squares of an area: its points follow each other.
        rows = north - south + 1
        line = np.repeat(south - np.cumsum(rows) + rows, rows) + np.arange(rows.sum())
        low = self.starts[line * self.side + np.repeat(west, rows)]
        many = self.starts[line * self.side + np.repeat(east, rows) + 1] - low
        area = np.repeat(areas, rows)
        end = np.cumsum(many)
        pairs = int(end[-1]) if len(end) else 0
        cuts = np.unique(np.append(np.searchsorted(end, np.arange(_AT_ONCE, pairs, _AT_ONCE)), len(end)))
        for begin, stop in zip([0, *cuts.tolist()], cuts.tolist(), strict=False):
            n = many[begin:stop]
            before = end[begin:stop] - n
            point = np.repeat(low[begin:stop] - before, n) + np.arange(n.sum()) + before[:1].sum()
            yield np.repeat(area[begin:stop], n), point
