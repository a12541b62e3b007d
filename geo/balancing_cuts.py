"""One straight cut through an area, so that each side is one piece, holds its share of the households and is compact.

Shapes and places are in metres in a flat frame. A cut keeps every corner there was, to the bit, and both sides have the
two new ones in common, so that areas cut again and again still meet exactly.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Polygon

from geo.balancing_lines import LEAST_GAP_M, Bools, Floats, Ints, lines_between, sector_of, swept_lines
from geo.balancing_sides import SNAP_M, has_needles, measured, one_piece, parted, ring_of, roundness

# How far beyond an area a line is drawn, by the area's size.
_REACH = 4.0
# So many of the best lines are drawn until one gives two sound sides.
_TRIED = 8


@dataclass(frozen=True)
class Cut:
    """An area cut in two.

    Attributes
    ----------
    first, second : Polygon
        The sides; they have the cut in common, to the bit.
    in_first : ndarray of bool, shape (n,)
        Which places lie on the first side.
    missed : float
        By how much the first side's households miss what was allowed; 0 if they do not.
    cost : float
        :func:`geo.balancing_sides.roundness` of both sides together.
    """

    first: Polygon
    second: Polygon
    in_first: Bools
    missed: float
    cost: float

    @property
    def rank(self) -> tuple[float, float]:
        """What is compared: balance first, then shape."""
        return (round(self.missed, 9), self.cost)


def find_cut(
    region: Polygon,
    at: Floats,
    weights: Floats,
    allowed: tuple[float, float],
    *,
    sector: int | None = None,
    patient: bool = True,
    below: float = math.inf,
) -> Cut | None:
    """Find the most compact straight cut with an allowed share on its first side.

    Parameters
    ----------
    region : Polygon
        In metres, with holes or without.
    at : ndarray of float, shape (n, 2)
        Places in it, in metres.
    weights : ndarray of float, shape (n,)
        Households of each place.
    allowed : tuple of float
        Least and most households of the first side.
    sector : int, optional
        Keep to lines of about this direction where there is one, 0 to :data:`geo.balancing_lines.SECTORS` - 1; all by
        default.
    patient : bool
        Look for lines that meet the area more than once as well, if no other keeps what is allowed; slow.
    below : float
        Give only a cut that costs less; a line that does not is measured but not drawn.

    Returns
    -------
    Cut or None
        Both sides are one polygon each and hold a place at least. If no cut keeps what is allowed, that which misses it
        least. None if all places are one, no line tells them apart, or none costs less than ``below``.
    """
    if len(at) < 2:
        return None
    lines = lines_between(at, weights, allowed)
    if sector is not None:
        found, _ = _through_once(region, at, lines[:, sector_of(lines) == sector], below)
        if found is not None and found.missed == 0:
            return found
    found, is_plain = _through_once(region, at, lines, below)
    if is_plain or not patient or (found is not None and found.missed == 0):
        return found
    hard = _through_often(region, at, weights, allowed)
    both = [cut for cut in (found, hard) if cut is not None and cut.cost < below]
    return min(both, key=lambda cut: cut.rank, default=None)


def _through_once(region: Polygon, at: Floats, lines: Floats, below: float) -> tuple[Cut | None, bool]:
    """Take the best of the lines that enter and leave the outer edge once and meet no hole; all are measured at once.

    Gives as well whether all lines are such.
    """
    if not lines.shape[1]:
        return None, True
    rim = shapely.get_coordinates(region.exterior)
    side = rim @ lines[:2] - lines[2]
    inside = side <= 0
    crossed = inside[:-1] != inside[1:]
    once = np.count_nonzero(crossed, axis=0) == 2
    holes = [shapely.get_coordinates(ring) for ring in region.interiors]
    hole_sides = []
    for hole in holes:
        there = hole @ lines[:2] <= lines[2]
        once &= there.all(axis=0) | ~there.any(axis=0)
        hole_sides.append(there[0])
    is_plain = bool(once.all())
    which = np.flatnonzero(once)
    if not len(which):
        return None, is_plain
    # Each line leaves on one edge of the rim and comes back on another.
    edge, line = np.nonzero(crossed[:, which].T)[::-1]
    first, second = edge[0::2], edge[1::2]
    line = line[0::2]
    is_out = inside[first, which[line]]
    out, back = np.where(is_out, first, second), np.where(is_out, second, first)
    lines = lines[:, which]
    hole_sides = [there[which] for there in hole_sides]
    good, cost, leave, enter = measured(rim, holes, hole_sides, side[:, which], out, back)
    order = np.lexsort((cost, np.where(good, lines[3], np.inf)))
    for best in order[:_TRIED]:
        if not good[best] or cost[best] >= below:
            break
        cut = parted(region, int(out[best]), int(back[best]), leave[best], enter[best])
        if cut is not None:
            in_first = at @ lines[:2, best] <= lines[2, best]
            return Cut(cut[0], cut[1], in_first, float(lines[3, best]), float(cost[best])), is_plain
    return None, is_plain


def _through_often(region: Polygon, at: Floats, weights: Floats, allowed: tuple[float, float]) -> Cut | None:
    """Look for a cut where lines meet the area more than once: along one of the chords, or round a hole along two."""
    lines = swept_lines(at, weights, allowed)
    best, _ = _through_once(region, at, lines, math.inf)
    # Each line is there in both directions; its pieces are the same.
    lines = lines[:, : lines.shape[1] // 2]
    lines = lines[:, _often(region, lines)]
    if not region.interiors:
        found = _along_chords(region, at, weights, allowed, lines)
        return min((cut for cut in (best, found) if cut is not None), key=lambda cut: cut.rank, default=None)
    reach = math.hypot(*(np.ptp(shapely.get_coordinates(region), axis=0)))
    low, high = allowed
    for line in lines.T:
        for first, second, in_first in _sides(region, at, line[:2], float(line[2]), reach):
            for one, other, mask in ((first, second, in_first), (second, first, ~in_first)):
                held = float(weights[mask].sum())
                if not mask.any() or mask.all():
                    continue
                missed = max(low - held, held - high, 0.0)
                if best is None or (round(missed, 9), 0.0) <= (best.rank[0], 0.0):
                    cut = Cut(one, other, mask, missed, roundness(one) + roundness(other))
                    if best is None or cut.rank < best.rank:
                        best = cut
    return best


def _along_chords(
    region: Polygon, at: Floats, weights: Floats, allowed: tuple[float, float], lines: Floats
) -> Cut | None:
    """Take the best of the pieces of lines that lie in an area without holes: each of them parts it in two."""
    rim = shapely.get_coordinates(region.exterior)
    sides = rim @ lines[:2] - lines[2]
    inside = sides <= 0
    met = inside[:-1] != inside[1:]
    which: list[int] = []
    ends: list[list[int]] = []
    for line in range(lines.shape[1]):
        edge = np.flatnonzero(met[:, line])
        one, other = sides[edge, line], sides[edge + 1, line]
        spots = rim[edge] + (one / (one - other))[:, None] * (rim[edge + 1] - rim[edge])
        pieces = edge[np.argsort(spots @ np.array([-lines[1, line], lines[0, line]]), kind="stable")].reshape(-1, 2)
        # Its ends cross the line in opposite ways; where a corner lies on it they may not, and there is no piece.
        pieces = pieces[inside[pieces[:, 0], line] != inside[pieces[:, 1], line]]
        which += [line] * len(pieces)
        ends += pieces.tolist()
    if not which:
        return None
    both = np.array(ends)
    is_out = inside[both[:, 0], which]
    out, back = np.where(is_out, both[:, 0], both[:, 1]), np.where(is_out, both[:, 1], both[:, 0])
    good, cost, leave, enter = measured(rim, [], [], sides[:, which], out, back)
    chords = [
        ring_of(rim[:-1], begin, last, one, other)
        for begin, last, one, other in zip((back + 1).tolist(), out.tolist(), leave, enter, strict=True)
    ]
    shapes = np.array([Polygon(chord) for chord in chords])
    good &= shapely.is_valid(shapes)
    shapely.prepare(shapes)
    points = np.asarray(shapely.points(at), dtype=object)
    beside = ~shapely.dwithin(region, points, LEAST_GAP_M / 4)
    points[beside] = shapely.get_point(shapely.shortest_line(region, points[beside]), 0)
    in_first = np.zeros((len(shapes), len(at)), dtype=bool)
    in_first[good] = shapely.dwithin(shapes[good, None], points[None, :], LEAST_GAP_M / 4)
    held = in_first @ weights
    low, high = allowed
    held = np.stack([held, weights.sum() - held])
    missed = np.maximum(np.maximum(low - held, held - high), 0.0)
    missed[:, ~good | ~in_first.any(axis=1) | in_first.all(axis=1)] = np.inf
    swapped = missed[1] < missed[0]
    missed = missed.min(axis=0)
    for best in np.lexsort((cost, np.round(missed, 9)))[:_TRIED]:
        if missed[best] == np.inf:
            break
        cut = parted(region, int(out[best]), int(back[best]), leave[best], enter[best])
        if cut is None:
            continue
        first, second = cut[::-1] if swapped[best] else cut
        mask = ~in_first[best] if swapped[best] else in_first[best]
        return Cut(first, second, mask, float(missed[best]), float(cost[best]))
    return None


def _often(region: Polygon, lines: Floats) -> Bools:
    """Which lines meet the edges of an area, holes and all, more than twice."""
    met = np.zeros(lines.shape[1], dtype=np.int64)
    for ring in (region.exterior, *region.interiors):
        inside = shapely.get_coordinates(ring) @ lines[:2] <= lines[2]
        met += np.count_nonzero(inside[:-1] != inside[1:], axis=0)
    found: Bools = met > 2
    return found


def _sides(
    region: Polygon, at: Floats, normal: Floats, offset: float, reach: float
) -> list[tuple[Polygon, Polygon, Bools]]:
    """Ways to part an area along one or two of the pieces of a line that lie in it."""
    middle = np.array(region.centroid.coords[0])
    foot = middle + (offset - middle @ normal) * normal
    way = np.array([-normal[1], normal[0]])
    line = LineString([foot - way * reach * _REACH, foot + way * reach * _REACH])
    line = shapely.snap(line, shapely.MultiPoint(shapely.get_coordinates(region)), SNAP_M)
    faces = [
        face
        for face in shapely.get_parts(shapely.polygonize([shapely.union_all([region.boundary, line])]))
        if region.covers(face.representative_point())
    ]
    if not 2 <= len(faces) <= 12:
        return []
    # Neighbours across the line: faces that have a piece of it in common.
    links = []
    for a, b in itertools.combinations(range(len(faces)), 2):
        shared = shapely.intersection(faces[a].boundary, faces[b].boundary)
        if shared.length > LEAST_GAP_M:
            links.append((a, b))
    home = _home(faces, at)
    ways: list[tuple[Polygon, Polygon, Bools]] = []
    for number in (1, 2):
        for cut in itertools.combinations(range(len(links)), number):
            group = _joined(len(faces), [link for at_, link in enumerate(links) if at_ not in cut])
            if len(set(group)) != 2 or any(group[links[at_][0]] == group[links[at_][1]] for at_ in cut):
                continue
            chosen = np.array([name == group[0] for name in group])
            parts = [
                one_piece([face for face, here in zip(faces, chosen, strict=True) if here == which])
                for which in (True, False)
            ]
            one, other = parts
            if isinstance(one, Polygon) and isinstance(other, Polygon) and not has_needles(one, other):
                ways.append((one, other, chosen[home]))
    return ways


def _home(faces: Sequence[Polygon], at: Floats) -> Ints:
    """Which face each place lies in, or nearest to; the first one where two are as near."""
    shapes = np.array(faces, dtype=object)
    shapely.prepare(shapes)
    return np.asarray(
        shapely.distance(shapes[:, None], np.asarray(shapely.points(at))[None, :]).argmin(axis=0), dtype=np.int64
    )


def _joined(count: int, links: list[tuple[int, int]]) -> list[int]:
    """Which of so many things hang together, as the lowest number of each group."""
    group = list(range(count))
    for one, other in links:
        low, high = sorted((group[one], group[other]))
        group = [low if name == high else name for name in group]
    return group
