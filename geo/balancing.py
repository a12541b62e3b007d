"""Balanced grids (网格): an area divided so that each part holds about as many households, in one piece and compact.

An area is cut in two by a straight line through a gap between households, and so on; then two or three neighbours at a
time are united and cut anew while that makes them more even or more compact. Borders may be laid along lines (roads,
outlines of natural villages) where that keeps the balance. Nothing is left to chance: equal places give equal grids.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.balancing_along import along_ratio, lay_along
from geo.balancing_lines import SECTORS, Floats, Ints
from geo.balancing_sides import roundness
from geo.balancing_tiles import Share, Tile, cut_evenly, even_out, tidied, total
from geo.measuring import metric_movers
from geo.shapes import as_multipolygon

# How much more or less than an even share a grid may hold: the largest has at most 1.22 times as many as the smallest.
ROOM = 0.1
# What a village has to hold, as a multiple of the wanted size, to be divided at all.
DIVIDED_FROM = 1.5
# Up to so many households each way to begin is followed to the end; of a larger village the one that is better when
# pairs are even, so that a preview need not be waited for.
_BOTH_WAYS = 800


@dataclass(frozen=True)
class Balanced:
    """An area divided into grids, numbered from north to south in rows, in each from west to east.

    Attributes
    ----------
    shapes : tuple of MultiPolygon
        EPSG:4326; they cover the area without gap or overlap, and neighbours have their corners in common to the bit.
    members : ndarray of int, shape (n,)
        Grid of each place by its position in ``shapes``: on a border the first one, -1 outside all.
    apart : int
        Parts of the area that lie apart and hold too few households for a grid of their own; each belongs to the grid
        nearest to it.
    crowded : int
        Households at one place that alone are more than a grid should hold; 0 if there is no such place.
    along : float or None
        Part of the inner borders that runs along the lines; None without lines or borders.
    """

    shapes: tuple[MultiPolygon, ...]
    members: npt.NDArray[np.int64]
    apart: int = 0
    crowded: int = 0
    along: float | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Households of each grid."""
        counted = np.bincount(self.members[self.members >= 0], minlength=len(self.shapes))
        return tuple(int(count) for count in counted)

    @property
    def ratio(self) -> float | None:
        """Most households of a grid by the least; None if one has none."""
        return max(self.sizes) / min(self.sizes) if min(self.sizes) else None


class _Frame:
    """Degrees stretched to metres about an area, so that what is straight stays so; and back, corners to the bit."""

    def __init__(self, area: MultiPolygon) -> None:
        west, south, east, north = area.bounds
        self.origin = np.array([(west + east) / 2, (south + north) / 2])
        step = 1e-3
        ends = self.origin + np.array([[0.0, 0.0], [step, 0.0], [0.0, step]])
        here, east_, north_ = metric_movers(area)[0](ends)
        self.scale = np.array([math.dist(here, east_), math.dist(here, north_)]) / step
        degrees = shapely.get_coordinates(area)
        self.known = dict(zip(map(tuple, self.flat(degrees).tolist()), degrees.tolist(), strict=True))

    def flat(self, degrees: Floats) -> Floats:
        """Degrees as metres from the middle, shape (n, 2)."""
        return (np.asarray(degrees, dtype=np.float64).reshape(-1, 2) - self.origin) * self.scale

    def degrees(self, flat: Floats) -> Floats:
        """The way back; a corner of the area comes back as it was."""
        back = flat / self.scale + self.origin
        for at, corner in enumerate(map(tuple, flat.tolist())):
            if corner in self.known:
                back[at] = self.known[corner]
        return back


def balance_grids(
    area: BaseGeometry, places: Floats, size: int, *, lines: Sequence[BaseGeometry] | None = None
) -> Balanced:
    """Divide an area into grids of about so many households.

    Parameters
    ----------
    area : Polygon or MultiPolygon
        EPSG:4326; with holes, or in several parts.
    places : ndarray of float, shape (n, 2)
        Longitude and latitude of the households in it; n = 0 is allowed. Those at the same place stay together.
    size : int
        Households a grid should hold. As many grids are made as come nearest to it: ``n / size``, rounded; one where
        there are fewer than :data:`DIVIDED_FROM` times as many.
    lines : sequence of LineString or MultiLineString, optional
        EPSG:4326: borders are laid along them where that keeps the balance.

    Returns
    -------
    Balanced
        Each grid is one polygon, but for parts that lie apart. No grid holds more than 1.22 times as many households as
        another (more where a grid is to hold fewer than ten, by whole households), unless many live at one place, no
        line tells them apart, or parts of the area that lie apart need grids of their own.

    Raises
    ------
    ValueError
        If the size is less than one, or the area empty.
    """
    whole = as_multipolygon(area)
    if size < 1 or whole.is_empty:
        raise ValueError("a size of one household at least, and an area")
    frame = _Frame(whole)
    level = shapely.transform(whole, frame.flat)
    parts = list(level.geoms)
    at, counts = np.unique(frame.flat(places), axis=0, return_counts=True)
    weights = counts.astype(np.float64)
    drawn = shapely.transform(shapely.union_all(list(lines)), frame.flat) if lines else shapely.MultiLineString()
    home = _part_of(parts, at)
    held: Floats = np.bincount(home, weights=weights, minlength=len(parts)).astype(np.float64)
    crowded = int(weights.max()) if len(at) and weights.max() > size * (1 + ROOM) else 0
    if len(places) < DIVIDED_FROM * size:
        shapes, apart = [level], 0
    else:
        shapes, apart = _divide(parts, at, weights, home, held, size, drawn)
    ordered = [shapes[which] for which in reading_order(shapes)]
    along = along_ratio(ordered, drawn) if lines else None
    back = tuple(as_multipolygon(shapely.transform(shape, frame.degrees)) for shape in ordered)
    return Balanced(back, _members(back, np.asarray(places, dtype=np.float64).reshape(-1, 2)), apart, crowded, along)


def reading_order(shapes: Sequence[BaseGeometry]) -> list[int]:
    """Order in which grids are numbered: in rows from north to south, in each row from west to east.

    The rows begin at the northern edge of all and are as high as a square of the mean grid's area; a grid belongs to
    the row in which its centroid lies. Where centroids lie straight below one another, the northern one comes first.

    Parameters
    ----------
    shapes : sequence of Polygon or MultiPolygon
        In metres.
    """
    if not shapes:
        return []
    north = max(shape.bounds[3] for shape in shapes)
    height = math.sqrt(sum(shape.area for shape in shapes) / len(shapes)) or 1.0
    middles = [shapely.centroid(shape) for shape in shapes]
    return sorted(
        range(len(shapes)),
        key=lambda which: (math.floor((north - middles[which].y) / height), middles[which].x, -middles[which].y),
    )


def compactness(shape: BaseGeometry) -> float:
    """Perimeter² / area of a shape in EPSG:4326, measured in metres; 12.6 for a circle, 16 for a square."""
    return roundness(shapely.transform(shape, metric_movers(shape)[0]))


def _divide(
    parts: Sequence[Polygon],
    at: Floats,
    weights: Floats,
    home: Ints,
    held: Floats,
    size: int,
    lines: BaseGeometry,
) -> tuple[list[MultiPolygon], int]:
    """Divide each part that holds enough; the others go to the grid nearest to them."""
    enough = [which for which in range(len(parts)) if held[which] >= size / 2] or [int(held.argmax())]
    small = [which for which in range(len(parts)) if which not in enough]
    joined: dict[int, list[tuple[int, int]]] = {which: [] for which in enough}
    for which in small:
        nearest = min(enough, key=lambda large: (shapely.distance(parts[which], parts[large]), large))
        # Its households count where it hangs on: at the place of the other part that is nearest to it.
        edge = shapely.shortest_line(parts[nearest], parts[which]).coords[0]
        inner = np.array(parts[nearest].representative_point().coords[0])
        spot = np.array(edge) + (inner - edge) * 1e-3
        joined[nearest].append((which, len(at)))
        at, weights, home = np.vstack([at, spot]), np.append(weights, held[which]), np.append(home, nearest)
    owns = [np.flatnonzero(home == which) for which in enough]
    divided = [_divide_part(parts[which], at[own], weights[own], size) for which, own in zip(enough, owns, strict=True)]
    low, high = _room_left([held for part in divided for held in part.held])
    shapes: list[MultiPolygon] = []
    for which, own, part in zip(enough, owns, divided, strict=True):
        share = Share(max(part.share.least, low), part.share.even, min(part.share.most, high))
        for tile in tidied(lay_along(part.tiles, at[own], part.counted, share, lines), parts[which]):
            here = set(own[tile.places].tolist())
            apart = [parts[other] for other, place in joined[which] if place in here]
            shapes.append(MultiPolygon([tile.shape, *apart]))
    return shapes, len(small)


@dataclass(frozen=True)
class _Part:
    """A part of the area cut by straight lines: its tiles, what each place counts, and what a tile may hold."""

    tiles: list[Tile]
    counted: Floats
    share: Share

    @property
    def held(self) -> list[float]:
        return [float(self.counted[tile.places].sum()) for tile in self.tiles]


def _room_left(held: Sequence[float]) -> tuple[float, float]:
    """Least and most that tiles of all parts may come to hold, so that together they stay within the room."""
    if not min(held):
        return 0.0, math.inf
    slack = max(math.sqrt((1 + ROOM) / (1 - ROOM) * min(held) / max(held)), 1.0)
    return math.ceil(min(held) / slack), math.floor(max(held) * slack)


def _divide_part(part: Polygon, at: Floats, weights: Floats, size: int) -> _Part:
    # A place where more live than a grid should hold is a grid's worth, whatever else there is.
    heavy = weights >= size
    count = int(heavy.sum()) + math.floor(float(weights[~heavy].sum()) / size + 0.5)
    if count < 2:
        held = float(weights.sum())
        return _Part([Tile(part, np.arange(len(at)))], weights, Share(held, held, held))
    light = float(weights[~heavy].sum()) / max(count - int(heavy.sum()), 1)
    even = light if light > 0 else float(size)
    counted = np.where(heavy, even, weights)
    share = Share(
        min(math.ceil(even * (1 - ROOM)), math.floor(even)), even, max(math.floor(even * (1 + ROOM)), math.ceil(even))
    )
    both = float(weights.sum()) <= _BOTH_WAYS
    ways = []
    for sector in range(SECTORS):
        tiles = cut_evenly(part, at, counted, count, share, sector=sector)
        tiles = even_out(tiles, at, counted, share, most=3 if both else 2)
        ways.append((-len(tiles), total(tiles, counted, share), sector, tiles))
    tiles = min(ways, key=lambda way: way[:3])[3]
    if not both:
        tiles = even_out(tiles, at, counted, share)
    return _Part(tiles, counted, share)


def _part_of(parts: Sequence[Polygon], at: Floats) -> Ints:
    """Which part each place lies in, or nearest to."""
    if not len(at):
        return np.zeros(0, dtype=np.int64)
    distances = shapely.distance(np.array(parts)[:, None], np.asarray(shapely.points(at))[None, :])
    return np.asarray(distances.argmin(axis=0), dtype=np.int64)


def _members(shapes: Sequence[MultiPolygon], places: Floats) -> npt.NDArray[np.int64]:
    members = np.full(len(places), -1, dtype=np.int64)
    points = np.asarray(shapely.points(places), dtype=object).reshape(-1)
    for number in reversed(range(len(shapes))):
        shapely.prepare(shapes[number])
        members[shapely.covers(shapes[number], points)] = number
    return members
