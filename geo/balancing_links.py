"""How parts of a grid that lie apart hang together: straight links that stay off every other grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Polygon

# A link that runs no further over another grid enters none: these are corners and the last digits of a border.
_TOUCH_M = 0.5
# From so many corners of each part a clear line is looked for where the shortest one is not.
_CORNERS = 80


@dataclass(frozen=True)
class Span:
    """A grid with parts of the area that lie apart from it.

    Attributes
    ----------
    grid : int
        By its position among the grids.
    parts : int
        How many lie apart.
    held : int
        Households in them.
    """

    grid: int
    parts: int
    held: int


@dataclass(frozen=True)
class Link:
    """A straight link between two parts of one grid.

    Attributes
    ----------
    grid : int
        By its position among the grids.
    line : LineString
        From edge to edge.
    length_m : float
    over_m : float
        How far it runs over other grids; 0 where the parts hang together.
    """

    grid: int
    line: LineString
    length_m: float
    over_m: float


def links_of(shapes: Sequence[MultiPolygon]) -> list[Link]:
    """Link the parts of each grid, each to the nearest that hangs on already, one that is clear of other grids first.

    Where the shortest line between two parts enters another grid, one from corner to corner is looked for.

    Whoever goes from part to part along such links leaves the area, but enters no other grid: a grid all of whose links
    are clear is connected in the plane without the other grids.

    Parameters
    ----------
    shapes : sequence of MultiPolygon
        Grids in metres that tile an area.

    Returns
    -------
    list of Link
        For a grid of n parts n - 1, in the order of the grids; none for one in one piece.
    """
    found = []
    for number, shape in enumerate(shapes):
        if len(shape.geoms) < 2:
            continue
        others = [one for at, one in enumerate(shapes) if at != number]
        found += _links(number, list(shape.geoms), np.array(others, dtype=object))
    return found


def runs_over(line: LineString, shapes: np.ndarray) -> float:
    """How far a line runs over shapes, in metres; what runs along their edge counts as nothing."""
    if not len(shapes):
        return 0.0
    met = shapes[shapely.intersects(shapes, line)]
    inside = shapely.length(shapely.intersection(met, line))
    along = shapely.length(shapely.intersection(shapely.boundary(met), line))
    over = float((inside - along).sum())
    return over if over > _TOUCH_M else 0.0


def clear_line(one: Polygon, other: Polygon, others: np.ndarray) -> LineString:
    """A straight line between two parts that stays off other shapes, the shortest found; else the shortest of all.

    Parameters
    ----------
    one, other : Polygon
        In metres, apart from one another.
    others : ndarray of geometries, shape (n,)
        What is not to be entered; n = 0 is allowed.

    Returns
    -------
    LineString
        From edge to edge. Corners are tried, at most 80 of each part, so that a way through a narrow gap may be missed.
    """
    shortest: LineString = shapely.shortest_line(one, other)
    if not runs_over(shortest, others):
        return shortest
    ends = [shapely.get_coordinates(shape.exterior)[:-1] for shape in (one, other)]
    from_, to = (corners[:: max(1, -(-len(corners) // _CORNERS))] for corners in ends)
    pairs = np.stack([np.repeat(from_, len(to), axis=0), np.tile(to, (len(from_), 1))], axis=1)
    lines = np.asarray(shapely.linestrings(pairs), dtype=object)
    lines = lines[np.argsort(shapely.length(lines), kind="stable")]
    land = shapely.union_all(others)
    shapely.prepare(land)
    over = np.zeros(len(lines))
    met = shapely.intersects(land, lines)
    over[met] = shapely.length(shapely.intersection(lines[met], land))
    clear = np.flatnonzero(over <= _TOUCH_M)
    found: LineString = lines[clear[0]] if len(clear) else shortest
    return found


def _links(number: int, parts: Sequence[Polygon], others: np.ndarray) -> list[Link]:
    shapes = np.array(parts, dtype=object)
    hung = [int(shapely.area(shapes).argmax())]
    todo = [at for at in range(len(parts)) if at != hung[0]]
    found = []
    while todo:
        ways = []
        for at in todo:
            for to in hung:
                line = clear_line(shapes[to], shapes[at], others)
                ways.append((runs_over(line, others), float(line.length), at, to, line))
        over, length, at, _, line = min(ways, key=lambda way: (way[0] > 0, way[1], way[2], way[3]))
        found.append(Link(number, line, length, over))
        hung.append(at)
        todo.remove(at)
    return found
