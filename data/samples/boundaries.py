"""Borders of the sample township: villages that tile it and grids that tile the villages, all sharing every vertex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import MultiLineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from data.samples.terrain import Floats, Terrain, parts_of, to_degrees

VILLAGES = 43
# Natural villages in a unit: how many units have 2, 3 and 4 of them; 19·2 + 20·3 + 4·4 = 114.
NATURAL_VILLAGES_OF_UNITS = {2: 19, 3: 20, 4: 4}
_SETTLEMENT_REACH_M = 235.0


@dataclass(frozen=True)
class Cells:
    """Villages and natural-village centres before they get names, metres on the plane.

    Attributes
    ----------
    village_seeds : ndarray, shape (43, 2)
    villages : list of Polygon
        Straight-edged cells, not yet warped, in the order of the seeds.
    centres : ndarray, shape (114, 2)
        Centres of natural villages, in warped coordinates (where houses stand).
    centre_village : ndarray of int, shape (114,)
        Index of the village of each centre, non-decreasing; the first of a village is its main settlement.
    """

    village_seeds: Floats
    villages: list[Polygon]
    centres: Floats
    centre_village: np.ndarray


def make_cells(terrain: Terrain, rng: np.random.Generator) -> Cells:
    """Divide the township into villages and place the natural villages in them.

    Parameters
    ----------
    terrain : Terrain
        Outline and water.
    rng : numpy.random.Generator

    Returns
    -------
    Cells
    """
    seeds = _spread_seeds(terrain, rng)
    villages = _voronoi(seeds, terrain.outline)
    wanted = _natural_village_counts(villages, terrain)
    shore = shapely.union_all(
        [terrain.reservoir.buffer(170), *(line.buffer(70) for line in (terrain.river, *terrain.streams))]
    )
    shapely.prepare(shore)
    placed: list[Floats] = []
    owner: list[int] = []
    for number, cell in enumerate(villages):
        taken = np.concatenate(placed) if placed else np.empty((0, 2))
        chosen = _place_centres(cell, wanted[number], taken, terrain, shore, rng)
        placed.append(chosen)
        owner += [number] * len(chosen)
    return Cells(seeds, villages, np.concatenate(placed), np.asarray(owner))


def _spread_seeds(terrain: Terrain, rng: np.random.Generator) -> Floats:
    """43 points spread evenly but not regularly, closer together round the town in the middle."""
    west, south, east, north = terrain.outline.bounds
    cloud = rng.uniform((west, south), (east, north), (9000, 2))
    cloud = cloud[shapely.contains_xy(terrain.outline, cloud)]
    weight = 1 + 1.6 * np.exp(-(cloud**2).sum(axis=1) / 1900**2)
    seeds = cloud[rng.choice(len(cloud), VILLAGES, replace=False, p=weight / weight.sum())]
    for _ in range(14):
        nearest = ((cloud[:, None, :] - seeds[None]) ** 2).sum(axis=2).argmin(axis=1)
        seeds = np.array(
            [np.average(cloud[nearest == k], axis=0, weights=weight[nearest == k]) for k in range(VILLAGES)]
        )
    return seeds + rng.normal(0, 95, seeds.shape)


def _voronoi(seeds: Floats, outline: BaseGeometry) -> list[Polygon]:
    """Voronoi cells of the seeds inside ``outline``, in the order of the seeds."""
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=outline.buffer(9000)))
    ordered = [next(cell for cell in cells if cell.covers(Point(seed))) for seed in seeds]
    return [max(parts_of(cell.intersection(outline)), key=lambda part: part.area) for cell in ordered]


def _natural_village_counts(villages: list[Polygon], terrain: Terrain) -> list[int]:
    """How many natural villages each unit has: the more dry land, the more of them."""
    dry = np.array([cell.difference(terrain.reservoir.buffer(150)).area for cell in villages])
    counts = np.repeat(sorted(NATURAL_VILLAGES_OF_UNITS), [NATURAL_VILLAGES_OF_UNITS[k] for k in (2, 3, 4)])
    result = np.empty(len(villages), int)
    result[np.argsort(dry, kind="stable")] = counts
    return [int(number) for number in result]


def _place_centres(
    cell: Polygon, count: int, taken: Floats, terrain: Terrain, shore: BaseGeometry, rng: np.random.Generator
) -> Floats:
    """Choose settlement centres in a village: off its border and the water, apart from each other, low ground first."""
    home = shapely.transform(cell.segmentize(40), terrain.warp)
    inner = home.buffer(-_SETTLEMENT_REACH_M)
    if inner.area < 60_000 * count:
        inner = home.buffer(-_SETTLEMENT_REACH_M * 0.75)
    west, south, east, north = inner.bounds
    spots = rng.uniform((west, south), (east, north), (1500, 2))
    spots = spots[shapely.contains_xy(inner, spots) & ~shapely.contains_xy(shore, spots)]
    best, best_score = spots[:count], -np.inf
    for _ in range(160):
        tried = spots[rng.choice(len(spots), count, replace=False)]
        apart = min((float(np.hypot(*(a - b))) for i, a in enumerate(tried) for b in tried[:i]), default=900.0)
        away = (
            float(np.hypot(tried[:, None, 0] - taken[None, :, 0], tried[:, None, 1] - taken[None, :, 1]).min())
            if len(taken)
            else 900.0
        )
        hilly = float(terrain.height(tried[:, 0], tried[:, 1]).mean())
        score = min(apart, away, 780.0) - 260 * hilly + rng.uniform(0, 40)
        if score > best_score:
            best, best_score = tried, score
    middle = np.array(home.centroid.coords[0])
    return best[np.argsort(np.hypot(*(best - middle).T), kind="stable")]


def draw_borders(terrain: Terrain, cells: Cells, grid_seeds: list[Floats]) -> tuple[list[Polygon], list[list[Polygon]]]:
    """Draw villages and grids from one set of lines, so that no gap and no overlap can arise.

    Parameters
    ----------
    terrain : Terrain
        Gives the winding of borders.
    cells : Cells
    grid_seeds : list of ndarray
        For each village the points, in warped coordinates, that get a grid each.

    Returns
    -------
    villages : list of Polygon
        EPSG:4326, in the order of ``cells.villages``.
    grids : list of list of Polygon
        EPSG:4326, in the order of ``grid_seeds``; together they are exactly their village.

    Raises
    ------
    ValueError
        If the lines do not close to one face for each seed, or an area falls apart.
    """
    straight_seeds = [unwarp(terrain, seeds) for seeds in grid_seeds]
    lines = [cell.exterior for cell in cells.villages]
    for cell, seeds in zip(cells.villages, straight_seeds, strict=True):
        lines += [piece.exterior for piece in _voronoi(seeds, cell)]
    noded = shapely.union_all(lines, grid_size=0.5)
    wound = shapely.transform(shapely.line_merge(noded).segmentize(45), terrain.warp)
    wound = to_degrees(wound)
    faces = list(shapely.get_parts(shapely.polygonize(list(MultiLineString(wound).geoms))))
    tree = shapely.STRtree(faces)
    owner = [(village, number) for village, seeds in enumerate(grid_seeds) for number in range(len(seeds))]
    points = to_degrees(shapely.points(np.concatenate(grid_seeds)))
    found = {int(face): int(point) for point, face in tree.query(points, predicate="within").T}
    grids: list[list[list[Polygon]]] = [[[] for _ in seeds] for seeds in grid_seeds]
    for index, face in enumerate(faces):
        if index not in found:
            # A sliver left by snapping goes to the seeded face with which it shares the longest border.
            near = [int(k) for k in tree.query(face, predicate="touches") if int(k) in found]
            index = max(near, key=lambda k: face.intersection(faces[k]).length)
        village, number = owner[found[index]]
        grids[village][number].append(face)
    if any(not pieces for village_grids in grids for pieces in village_grids):
        raise ValueError("a grid seed lies in no face")
    whole = [[_merged(pieces) for pieces in village_grids] for village_grids in grids]
    return [_merged(village_grids) for village_grids in whole], whole


def _merged(pieces: list[Polygon]) -> Polygon:
    (whole,) = parts_of(shapely.union_all(pieces))
    return whole


def unwarp(terrain: Terrain, xy: Floats) -> Floats:
    """The points that :meth:`Terrain.warp` carries to ``xy``, shape (n, 2), by fixed-point iteration."""
    guess = np.array(xy, float)
    for _ in range(60):
        guess += 0.8 * (xy - terrain.warp(guess))
    return guess
