"""The land of a made-up county: grids, villages, townships and counties whose winding borders fit to the last digit.

Every border is made once, from one end to the other, and used by both neighbours; whatever is larger is the union of
what is smaller. So nothing overlaps, nothing is left between, and a place lies inside one grid and that grid's village.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi, cKDTree

from data.samples.terrain import Floats, Waves

Whole = NDArray[np.int64]
Shapes = NDArray[np.object_]

# In the Tengger desert, where nobody lives.
CENTRE = (104.2, 38.2)
METRES_PER_DEGREE = (87_593.0, 111_004.0)
GRID_M = 900.0
# How many grids a village has, villages a township, townships a county: on average.
GRIDS, VILLAGES, TOWNSHIPS = 5, 25, 10
_SEGMENT_M = 70.0
# Metres a border is pushed about, by the length of the waves; the slopes add up to less than a quarter.
_WAVES = ((3600.0, 80.0), (900.0, 18.0), (260.0, 3.5))
_CHUNK = 50_000


class SizeWrong(ValueError):
    """So many households cannot be made."""


class Warp:
    """A smooth push of the plane that makes straight borders wind; neighbours still share every vertex."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._waves = [(push, Waves(rng, length), Waves(rng, length)) for length, push in _WAVES]

    def __call__(self, xy: Floats) -> Floats:
        """Where plane points (n, 2), metres, come to lie."""
        moved = np.asarray(xy, float).copy()
        for first in range(0, len(moved), _CHUNK):
            part = moved[first : first + _CHUNK]
            x, y = part.T.copy()
            for push, east, north in self._waves:
                part += push * np.column_stack([east(x, y), north(x, y)])
        return moved


@dataclass(frozen=True)
class Land:
    """Grids in the order of their codes, and what they belong to.

    Attributes
    ----------
    grids, villages, townships, counties : ndarray of Polygon or MultiPolygon
        EPSG:4326, 7 decimals.
    village_of, township_of, county_of : ndarray of int
        Village of each grid, township of each village, county of each township.
    seeds : ndarray, shape (grids, 2)
        A place well inside each grid, metres on the plane.
    """

    grids: Shapes
    villages: Shapes
    townships: Shapes
    counties: Shapes
    village_of: Whole
    township_of: Whole
    county_of: Whole
    seeds: Floats


def make_land(grids: int, rng: np.random.Generator) -> Land:
    """Lay out about so many grids of 0.8 square kilometres, and villages, townships and counties of them.

    Parameters
    ----------
    grids : int
        At least 1; the plane is a rectangle of whole grids, so that there may be a few more.
    rng : numpy.random.Generator
        Equal seeds give equal land.

    Returns
    -------
    Land
    """
    across = int(np.ceil(np.sqrt(grids * 1.25)))
    size = np.array([across, -(-grids // across)]) * GRID_M
    seeds = _lattice(size, GRID_M, rng)
    village_of = _nearest(seeds, _lattice(size, GRID_M * np.sqrt(GRIDS), rng))
    middles = _middles(seeds, village_of)
    township_of = _nearest(middles, _lattice(size, GRID_M * np.sqrt(GRIDS * VILLAGES), rng))
    towns = _middles(middles, township_of)
    county_of = _nearest(towns, _lattice(size, GRID_M * np.sqrt(GRIDS * VILLAGES * TOWNSHIPS), rng))
    # In the order of the codes: by county, township, village, then from west to east.
    order = np.lexsort((seeds[:, 0], village_of, township_of[village_of], county_of[township_of[village_of]]))
    seeds, village_of = seeds[order], village_of[order]
    villages, village_of = _renumber(village_of)
    townships, township_of = _renumber(township_of[villages])
    _, county_of = _renumber(county_of[townships])
    warp = Warp(rng)
    cells = _cells(seeds, size, warp)
    shapes = _unite(cells, village_of)
    towns_drawn = _unite(shapes, township_of)
    return Land(
        cells,
        shapes,
        towns_drawn,
        _unite(towns_drawn, county_of),
        village_of,
        township_of,
        county_of,
        warp(seeds) - size / 2,
    )


def count_up(group: Whole) -> Whole:
    """Number the members of each group from 1; groups stand together."""
    first = np.flatnonzero(np.diff(group, prepend=-1))
    return np.arange(len(group)) - np.repeat(first, np.diff(np.append(first, len(group)))) + 1


def degrees_of(xy: Floats) -> Floats:
    """Longitude and latitude of plane coordinates (n, 2) about the middle, rounded to 7 decimals (1 cm)."""
    return np.round(np.asarray(CENTRE) + np.asarray(xy, float) / np.asarray(METRES_PER_DEGREE), 7)


def _lattice(size: Floats, spacing: float, rng: np.random.Generator) -> Floats:
    """Points about ``spacing`` apart, row by row from the north, none on the edge."""
    columns, rows = np.maximum(np.round(size / spacing), 1).astype(int)
    x, y = np.meshgrid(np.arange(columns, dtype=float), np.arange(rows, dtype=float)[::-1])
    x = x + np.where(np.arange(rows) % 2, 0.2, -0.2)[:, None]
    points = np.column_stack([x.ravel(), y.ravel()]) + 0.5 + rng.uniform(-0.24, 0.24, (columns * rows, 2))
    return np.asarray(points * (size / np.array([columns, rows])))


def _nearest(points: Floats, centres: Floats) -> Whole:
    """For each point the number of the nearest centre; centres nearest to none are left out of the numbers."""
    return np.unique(cKDTree(centres).query(points)[1], return_inverse=True)[1].astype(np.int64)


def _middles(points: Floats, group: Whole) -> Floats:
    counts = np.bincount(group)
    return np.column_stack([np.bincount(group, points[:, axis]) / counts for axis in (0, 1)])


def _renumber(group: Whole) -> tuple[Whole, Whole]:
    """Number groups as they come; gives the old number of each new one, and the new numbers."""
    old, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return old[np.argsort(first)], rank[inverse]


def _cells(seeds: Floats, size: Floats, warp: Warp) -> Shapes:
    """The Voronoi cell of each seed inside the rectangle, with winding borders, in degrees."""
    around = [seeds]
    near = 3 * GRID_M
    for west in (-1, 0, 1):
        for south in (-1, 0, 1):
            if west or south:
                # Mirrored across the edge, so that the edge is the border.
                mirrored = seeds.copy()
                inside = np.ones(len(seeds), bool)
                for axis, side in ((0, west), (1, south)):
                    if side:
                        edge = size[axis] if side > 0 else 0.0
                        inside &= np.abs(seeds[:, axis] - edge) < near
                        mirrored[:, axis] = 2 * edge - seeds[:, axis]
                around.append(mirrored[inside])
    found = Voronoi(np.concatenate(around))
    rings = [found.regions[found.point_region[at]] for at in range(len(seeds))]
    lengths = np.array([len(ring) for ring in rings])
    start = np.concatenate(rings).astype(np.int64)
    owner = np.repeat(np.arange(len(rings)), lengths)
    end = np.concatenate([ring[1:] + ring[:1] for ring in rings]).astype(np.int64)
    low, high = np.minimum(start, end), np.maximum(start, end)
    edges, of_side = np.unique(np.column_stack([low, high]), axis=0, return_inverse=True)
    of_side = of_side.ravel()
    # Between its ends each border has so many vertices, made once from its lower to its higher end.
    ends = found.vertices[edges]
    between = np.maximum(np.round(np.hypot(*(ends[:, 1] - ends[:, 0]).T) / _SEGMENT_M).astype(int), 1) - 1
    first = np.concatenate([[0], np.cumsum(between)])
    of_edge = np.repeat(np.arange(len(edges)), between)
    along = ((np.arange(first[-1]) - first[of_edge] + 1) / (between[of_edge] + 1))[:, None]
    inner = ends[of_edge, 0] * (1 - along) + ends[of_edge, 1] * along
    used, corner = np.unique(start, return_inverse=True)
    vertices = degrees_of(warp(np.concatenate([found.vertices[used], inner])) - size / 2)
    # A side of a cell is its first corner and the vertices up to the next one, backwards where it runs the other way.
    count = between[of_side] + 1
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    sides = np.repeat(np.arange(len(start)), count)
    forward = (start < end)[sides]
    within = np.where(forward, step - 1, between[of_side][sides] - step)
    taken = np.where(step == 0, corner[sides], len(used) + first[of_side[sides]] + within)
    sizes = np.bincount(owner, count).astype(int)
    ring_of = np.repeat(np.arange(len(rings)), sizes)
    return np.asarray(shapely.polygons(shapely.linearrings(vertices[taken], indices=ring_of)))


def _unite(shapes: Shapes, group: Whole) -> Shapes:
    """The union of the shapes of each group; groups are numbered as they come."""
    parts = np.split(shapes, np.flatnonzero(np.diff(group)) + 1)
    return np.array([shapely.coverage_union_all(part) if len(part) > 1 else part[0] for part in parts], dtype=object)
