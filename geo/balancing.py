"""Balanced grids (网格): an area divided so that each part holds about as many households, in one piece and compact.

An area is cut in two by a straight line through a gap between households, and so on; then two or three neighbours at a
time are united and cut anew, and corners moved, while that makes grids more even or more compact. Borders may be laid
along lines (roads, outlines of natural villages) where that keeps the balance. Nothing is left to chance: equal places
give equal grids.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.balancing_along import along_ratio, lay_along
from geo.balancing_bends import round_off
from geo.balancing_gathered import gather_empty
from geo.balancing_lines import SECTORS, Floats, Ints
from geo.balancing_links import Link, Span, links_of
from geo.balancing_parts import RATIO, ROOM, Parted, share_parts
from geo.balancing_sides import roundness
from geo.balancing_tiles import Share, Tile, cut_evenly, even_out, tidied, total
from geo.measuring import metric_movers
from geo.shapes import as_multipolygon

# What a village has to hold, as a multiple of the wanted size, to be divided at all.
DIVIDED_FROM = 1.5
# Up to so many households six ways to begin are tried and the two best of them followed to the end; of a larger village
# two and the better one, so that a preview need not be waited for.
_LARGE, _FOLLOWED = 800, 2
# So often neighbours are cut anew and then corners moved; once in a large village, where the second time gains little.
_TURNS = 2


@dataclass(frozen=True)
class Balanced:
    """An area divided into grids, numbered from north to south in rows, in each from west to east.

    Attributes
    ----------
    shapes : tuple of MultiPolygon
        EPSG:4326; they cover the area without gap or overlap, and neighbours have their corners in common to the bit.
    members : ndarray of int, shape (n,)
        Grid of each place by its position in ``shapes``: on a border the first one, -1 outside all.
    spans : tuple of Span
        Grids in several parts.
    links : tuple of Link
        How the parts of these hang together: straight lines in EPSG:4326 that stay off every other grid, as far as
        there are such lines.
    least : int
        Households a part of the area needed for a grid of its own.
    is_even : bool
        False if no number of grids of each part makes them about as large in all.
    crowded : int
        Households at one place that alone are more than a grid should hold; 0 if there is no such place.
    along : float or None
        Part of the inner borders that runs along the lines; None without lines or borders.
    """

    shapes: tuple[MultiPolygon, ...]
    members: npt.NDArray[np.int64]
    spans: tuple[Span, ...] = ()
    links: tuple[Link, ...] = ()
    least: int = 0
    is_even: bool = True
    crowded: int = 0
    along: float | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """Households of each grid."""
        counted = np.bincount(self.members[self.members >= 0], minlength=len(self.shapes))
        return tuple(int(count) for count in counted)

    @property
    def is_connected(self) -> bool:
        """Whether every grid hangs together: in one piece, or its parts linked without entering another grid."""
        return not any(link.over_m for link in self.links)

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
        there are fewer than :data:`DIVIDED_FROM` times as many. Where parts lie apart, as many of each part as make
        all about as large, which may be up to 1.3 times more or less than wished.
    lines : sequence of LineString or MultiLineString, optional
        EPSG:4326: borders are laid along them where that keeps the balance.

    Returns
    -------
    Balanced
        Each grid is one polygon, but for parts of the area that lie apart and hold too few for a grid of their own:
        these belong to a grid near by. No grid holds more than 1.25 times as many households as another (more where a
        grid is to hold fewer than ten, by whole households), unless many live at one place, no line tells them apart,
        or no number of grids of each part makes all even.

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
    crowded = int(weights.max()) if len(at) and weights.max() > size * (1 + ROOM) else 0
    apart: dict[int, tuple[int, int]] = {}
    parted: Parted | None = None
    if len(places) < DIVIDED_FROM * size:
        shapes = [level]
    else:
        shapes, apart, parted = _divide(parts, at, weights, size, drawn)
        shapes, apart = gather_empty(shapes, apart)
    order = reading_order(shapes)
    ordered = [shapes[which] for which in order]
    along = along_ratio(ordered, drawn) if lines else None
    back = tuple(as_multipolygon(shapely.transform(shape, frame.degrees)) for shape in ordered)
    members = _members(back, np.asarray(places, dtype=np.float64).reshape(-1, 2))
    spans = tuple(Span(number, *apart[which]) for number, which in enumerate(order) if which in apart)
    least = math.ceil(min((share.least for share in parted.shares.values()), default=0)) if parted else 0
    links = tuple(
        replace(link, line=LineString(frame.degrees(shapely.get_coordinates(link.line)))) for link in links_of(ordered)
    )
    return Balanced(back, members, spans, links, least, parted.is_even if parted else True, crowded, along)


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
    parts: Sequence[Polygon], at: Floats, weights: Floats, size: int, lines: BaseGeometry
) -> tuple[list[MultiPolygon], dict[int, tuple[int, int]], Parted]:
    """Divide each part that holds enough; the others go to a grid near by.

    Gives the grids, how many parts lie apart from a grid with how many households, and how they were shared out.
    """
    home = _part_of(parts, at)
    # A place where more live than a grid should hold is a grid's worth, whatever else there is.
    heavy = weights >= size
    light: Floats = np.bincount(home[~heavy], weights=weights[~heavy], minlength=len(parts)).astype(np.float64)
    parted = share_parts(parts, light, np.bincount(home[heavy], minlength=len(parts)), size)
    # Households of the other parts count where they hang on.
    spots = np.array([group.spot for group in parted.groups]).reshape(-1, 2)
    home = np.concatenate([home, np.array([group.owner for group in parted.groups], dtype=np.int64)])
    counts = np.concatenate([weights, [group.held for group in parted.groups]])
    heavy = np.concatenate([heavy, np.zeros(len(spots), dtype=bool)])
    first_spot = len(at)
    at = np.vstack([at, spots])
    divided: list[tuple[int, Ints, list[Tile], Floats]] = []
    for which, count in parted.counts.items():
        own = np.flatnonzero(home == which)
        counted = np.where(heavy[own], parted.shares[which].even, counts[own]) if count > 1 else counts[own]
        divided.append((which, own, _divide_part(parts[which], at[own], counted, count, parted.shares[which]), counted))
    low, high = _room_left([float(counted[tile.places].sum()) for _, _, tiles, counted in divided for tile in tiles])
    shapes: list[MultiPolygon] = []
    apart: dict[int, tuple[int, int]] = {}
    for which, own, tiles, counted in divided:
        share = parted.shares[which]
        share = Share(max(share.least, low), share.even, min(share.most, high))
        for tile in tidied(lay_along(tiles, at[own], counted, share, lines), parts[which]):
            here = [parted.groups[place - first_spot] for place in own[tile.places].tolist() if place >= first_spot]
            others = [parts[member] for group in here for member in group.members]
            if others:
                apart[len(shapes)] = (len(others), round(sum(group.held for group in here)))
            shapes.append(MultiPolygon([tile.shape, *others]))
    return shapes, apart, parted


def _room_left(held: Sequence[float]) -> tuple[float, float]:
    """Least and most that tiles may come to hold, so that together they stay as even as they are or as wanted."""
    if not min(held):
        return 0.0, math.inf
    slack = max(math.sqrt(RATIO * min(held) / max(held)), 1.0)
    return math.ceil(min(held) / slack), math.floor(max(held) * slack)


def _divide_part(part: Polygon, at: Floats, counted: Floats, count: int, share: Share) -> list[Tile]:
    if count < 2:
        return [Tile(part, np.arange(len(at)))]
    is_large = float(counted.sum()) > _LARGE
    firsts = [count // 2] if is_large else sorted({count // 2, max(count * 3 // 10, 1), 1})
    starts = []
    for sector, first in itertools.product(range(SECTORS), firsts):
        tiles = cut_evenly(part, at, counted, count, share, sector=sector, first=first)
        tiles = even_out(tiles, at, counted, share, most=2)
        starts.append((-len(tiles), total(tiles, counted, share), sector, first, tiles))
    found = []
    for *_, sector, first, tiles in sorted(starts, key=lambda start: start[:4])[: 1 if is_large else _FOLLOWED]:
        for _turn in range(1 if is_large else _TURNS):
            tiles = even_out(tiles, at, counted, share)
            low, high = _room_left([float(counted[tile.places].sum()) for tile in tiles])
            room = Share(max(share.least, low), share.even, min(share.most, high))
            tiles = round_off(tidied(tiles, part), part, at, counted, room)
        found.append((-len(tiles), total(tiles, counted, share), sector, first, tiles))
    return min(found, key=lambda way: way[:4])[4]


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
