"""Which of many areas covers each of many points: a million points in ten thousand areas within half a second."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

# Points to a square of the lattice, about. An area asks whole rows of squares at once; with fewer points in each it
# asks more often than it saves, with more it tests too many.
_POINTS_A_SQUARE = 64


def covering_areas(x: NDArray[np.float64], y: NDArray[np.float64], areas: NDArray[np.object_]) -> NDArray[np.int64]:
    """Find for each point the first area that covers it, its border included.

    Points are sorted into the squares of a lattice, so that each area, prepared once, is asked about the points of the
    squares its box touches and no others. A spatial index over the points would have to be built first, one over the
    areas be searched for each point.

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
    corner = np.array([x.min(), y.min()])
    side = max(1, int(np.sqrt(len(x) / _POINTS_A_SQUARE)))
    extent = np.array([x.max(), y.max()]) - corner
    scale = np.divide(side, extent, out=np.zeros(2), where=extent > side * np.finfo(float).tiny)
    column, row = (
        np.minimum(((values - least) * times).astype(np.int64), side - 1)
        for values, least, times in ((x, corner[0], scale[0]), (y, corner[1], scale[1]))
    )
    square = row * side + column
    order = np.argsort(square, kind="stable")
    starts = np.searchsorted(square[order], np.arange(side * side + 1)).tolist()
    x, y = x[order], y[order]
    first = np.full(len(x), -1, dtype=np.int64)
    bounds = shapely.bounds(areas)
    boxes = (bounds - np.tile(corner, 2)) * np.tile(scale, 2)
    beside = (boxes[:, 2:] < 0).any(axis=1) | (boxes[:, :2] > side).any(axis=1) | np.isnan(boxes).any(axis=1)
    shapely.prepare(areas)
    places = np.flatnonzero(~beside)
    # The first comes last, over those of less precedence.
    for place in places[::-1].tolist():
        area = areas[place]
        west, south, east, north = np.clip(boxes[place], 0, side - 1).astype(np.int64).tolist()
        for begin in range(south * side, north * side + 1, side):
            low, high = starts[begin + west], starts[begin + east + 1]
            if low < high:
                first[low:high][shapely.intersects_xy(area, x[low:high], y[low:high])] = place
    found[there[order]] = first
    return found
