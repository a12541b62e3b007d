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
import numpy.typing as npt
import shapely
from shapely import LinearRing, LineString, Polygon
from shapely.geometry.base import BaseGeometry

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# Directions that are tried: every 7.5 degrees, all round, because the sides may be of different size.
_ANGLES = 48
# Parts of the half circle, to begin the same area in several ways.
SECTORS = 2
# Directions and lines of each where a straight line meets the area more than once.
_HARD_ANGLES, _HARD_LINES = 12, 24
# Two places closer than this across a line, in metres, are not told apart by it.
LEAST_GAP_M = 1e-3
# A cut that comes so near to a corner, in metres, goes through it: two corners at one place would be told apart badly.
SNAP_M = 1e-4
_REACH = 4.0
# An angle more pointed than this, in radians, is a needle.
_NEEDLE = 0.02
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
        :func:`roundness` of both sides together.
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


def roundness(shape: BaseGeometry) -> float:
    """Perimeter² / area: 4π (12.6) for a circle, 16 for a square, more for anything long or ragged; no unit."""
    return float(shape.length**2 / shape.area) if shape.area > 0 else math.inf


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
        0 to :data:`SECTORS` - 1: keep to lines of about this direction where there is one; all by default.
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
    lines = _lines(at, weights, allowed)
    if sector is not None:
        found, _ = _through_once(region, at, lines[:, _sector_of(lines) == sector], below)
        if found is not None and found.missed == 0:
            return found
    found, is_plain = _through_once(region, at, lines, below)
    if is_plain or not patient or (found is not None and found.missed == 0):
        return found
    hard = _through_often(region, at, weights, allowed)
    both = [cut for cut in (found, hard) if cut is not None and cut.cost < below]
    return min(both, key=lambda cut: cut.rank, default=None)


def _directions(count: int) -> Floats:
    turns = 2 * np.pi * np.arange(count) / count
    return np.stack([np.cos(turns), np.sin(turns)])


_HALF_CIRCLE = _directions(_ANGLES)[:, : _ANGLES // 2]


def _sector_of(lines: Floats) -> npt.NDArray[np.int64]:
    """Which part of the half circle each line's direction lies in."""
    turn = np.round(np.arctan2(lines[1], lines[0]) % np.pi, 9)
    return (turn / np.pi * SECTORS).astype(np.int64) % SECTORS


def _lines(at: Floats, weights: Floats, allowed: tuple[float, float]) -> Floats:
    """Lines midway between neighbouring places: ``nx, ny, offset, missed``, shape (4, m).

    For each direction the two widest gaps among the places that keep what is allowed, since a border through a gap does
    not run past somebody's door, and those nearest to the least, the middle and the most of it.
    """
    # Places are put in order along half a circle of directions; the other half is the same order backwards.
    along = _HALF_CIRCLE.T @ at.T
    order = np.argsort(along, axis=1)
    along = np.take_along_axis(along, order, axis=1)
    gaps = np.diff(along, axis=1)
    held = np.cumsum(weights[order], axis=1)[:, :-1]
    low, high = allowed
    whole = float(weights.sum())
    found = [_gaps(gaps, held, low, high)]
    # Where both sides may hold the same, the way back has the same lines.
    if abs(low + high - whole) > 1e-9:
        found.append(_gaps(gaps, whole - held, low, high))
    lines = []
    for (rows, columns, missed), sign in zip(found, (1.0, -1.0), strict=False):
        offsets = (along[rows, columns] + along[rows, columns + 1]) / 2
        lines.append(np.stack([sign * _HALF_CIRCLE[0, rows], sign * _HALF_CIRCLE[1, rows], sign * offsets, missed]))
    return np.concatenate(lines, axis=1)


def _gaps(gaps: Floats, held: Floats, low: float, high: float) -> tuple[Ints, Ints, Floats]:
    """Direction and gap of the lines that are worth measuring, and by how much each misses what is allowed."""
    missed = np.maximum(np.maximum(low - held, held - high), 0.0)
    missed[gaps < LEAST_GAP_M] = np.inf
    least = missed.min(axis=1)
    is_shut = missed > least[:, None]
    wide = np.where(is_shut, -1.0, gaps)
    rows = np.arange(len(gaps))
    first = wide.argmax(axis=1)
    wide[rows, first] = -1.0
    second = wide.argmax(axis=1)
    second = np.where(wide[rows, second] > 0, second, first)
    picked = [first, second]
    for goal in (low, (low + high) / 2, high):
        away = np.abs(held - goal)
        away[is_shut] = np.inf
        picked.append(away.argmin(axis=1))
    told = np.isfinite(least)
    keys = np.unique(np.concatenate([(rows * gaps.shape[1] + columns)[told] for columns in picked]))
    directions, columns = np.divmod(keys, gaps.shape[1])
    return directions, columns, least[directions]


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
    good, cost, leave, enter = _measured(rim, holes, hole_sides, side[:, which], out, back)
    order = np.lexsort((cost, np.where(good, lines[3], np.inf)))
    for best in order[:_TRIED]:
        if not good[best] or cost[best] >= below:
            break
        cut = _apart(region, int(out[best]), int(back[best]), leave[best], enter[best])
        if cut is not None:
            in_first = at @ lines[:2, best] <= lines[2, best]
            return Cut(cut[0], cut[1], in_first, float(lines[3, best]), float(cost[best])), is_plain
    return None, is_plain


def _measured(
    rim: Floats, holes: Sequence[Floats], hole_sides: Sequence[Bools], side: Floats, out: Ints, back: Ints
) -> tuple[Bools, Floats, Floats, Floats]:
    """Roundness of both sides of lines that leave a rim on one edge and come back on another, and where they do.

    Sums along the rim give each side's area and edge without going along it again.
    """
    origin = rim[0]
    start, end = rim[:-1] - origin, rim[1:] - origin
    columns = np.arange(side.shape[1])

    def met(edge: Ints) -> tuple[Floats, Floats]:
        one, other = side[edge, columns], side[edge + 1, columns]
        t = one / (one - other)
        return t, start[edge] + t[:, None] * (end[edge] - start[edge])

    t_out, leave = met(out)
    t_back, enter = met(back)
    cross = start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0]
    lengths = np.hypot(*(end - start).T)
    chord = np.hypot(*(enter - leave).T)

    def arc(each: Floats) -> Floats:
        sums = np.concatenate([[0.0], np.cumsum(each)])
        inner = sums[out] - sums[back + 1] + np.where(back > out, sums[-1], 0.0)
        total: Floats = inner + each[out] * t_out + each[back] * (1 - t_back)
        return total

    whole = cross.sum() / 2
    area = (arc(cross) + leave[:, 0] * enter[:, 1] - leave[:, 1] * enter[:, 0]) / 2
    around = arc(lengths) + chord
    rest, rest_around = whole - area, lengths.sum() - (around - chord) + chord
    if whole < 0:
        area, rest = -area, -rest
    for hole, there in zip(holes, hole_sides, strict=True):
        size, length = Polygon(hole).area, float(np.hypot(*np.diff(hole, axis=0).T).sum())
        area, rest = area - size * there, rest - size * ~there
        around, rest_around = around + length * there, rest_around + length * ~there
    good = (area > 1e-6) & (rest > 1e-6)
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.where(good, around**2 / area + rest_around**2 / rest, np.inf)
    return good, cost, leave + origin, enter + origin


def _apart(region: Polygon, out: int, back: int, leave: Floats, enter: Floats) -> tuple[Polygon, Polygon] | None:
    """Both sides of a line that leaves the outer edge on one of its segments and comes back on another one."""
    rim = shapely.get_coordinates(region.exterior)[:-1]
    count = len(rim)

    def end(place: Floats, edge: int) -> Floats:
        near = rim[[edge, (edge + 1) % count]]
        away = np.hypot(*(near - place).T)
        nearest: Floats = near[away.argmin()] if away.min() < SNAP_M else place
        return nearest

    def arc(begin: int, last: int) -> Floats:
        steps = (last - begin) % count
        return rim[(begin + np.arange(steps + 1)) % count]

    leave, enter = end(leave, out), end(enter, back)
    sides = (
        np.vstack([arc(back + 1, out), leave, enter]),
        np.vstack([arc(out + 1, back), enter, leave]),
    )
    rings = [_without_repeats(side) for side in sides]
    if any(len(ring) < 3 or _is_pointed(ring, leave) or _is_pointed(ring, enter) for ring in rings):
        return None
    holes: tuple[list[LinearRing], list[LinearRing]] = ([], [])
    shells = [Polygon(ring) for ring in rings]
    for ring in region.interiors:
        holes[0 if shells[0].contains(shapely.Point(ring.coords[0])) else 1].append(ring)
    made = [Polygon(shell.exterior, inner) if inner else shell for shell, inner in zip(shells, holes, strict=True)]
    return (made[0], made[1]) if all(part.is_valid for part in made) else None


def _without_repeats(ring: Floats) -> Floats:
    return ring[np.concatenate([(ring[:1] != ring[-1:]).any(axis=1), (ring[1:] != ring[:-1]).any(axis=1)])]


def _is_pointed(ring: Floats, corner: Floats) -> bool:
    """Whether a ring, its first corner not repeated, has a needle where it passes a corner."""
    for at in np.flatnonzero((ring == corner).all(axis=1)):
        back, on = ring[at - 1] - ring[at], ring[(at + 1) % len(ring)] - ring[at]
        if abs(math.atan2(abs(back[0] * on[1] - back[1] * on[0]), back @ on)) < _NEEDLE:
            return True
    return False


def _through_often(region: Polygon, at: Floats, weights: Floats, allowed: tuple[float, float]) -> Cut | None:
    """Look for a cut where lines meet the area more than once: along one of the chords, or round a hole along two."""
    lines = _sweep(at, weights, allowed)
    best, _ = _through_once(region, at, lines, math.inf)
    reach = math.hypot(*(np.ptp(shapely.get_coordinates(region), axis=0)))
    low, high = allowed
    # Each line is there in both directions; its pieces are the same.
    for line in lines[:, : lines.shape[1] // 2][:, _often(region, lines[:, : lines.shape[1] // 2])].T:
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


def _sweep(at: Floats, weights: Floats, allowed: tuple[float, float]) -> Floats:
    """Lines in fewer directions, spread over all gaps of each, as of :func:`_lines`: one way, then all of them back."""
    low, high = allowed
    made = []
    for normal in _directions(_HARD_ANGLES * 2)[:, :_HARD_ANGLES].T:
        along = at @ normal
        order = np.argsort(along)
        along, held = along[order], np.cumsum(weights[order])
        gaps = np.flatnonzero(np.diff(along) >= LEAST_GAP_M)
        if not len(gaps):
            continue
        picked = gaps[np.unique(np.linspace(0, len(gaps) - 1, min(len(gaps), _HARD_LINES)).round().astype(int))]
        offsets = (along[picked] + along[picked + 1]) / 2
        sides = np.stack([held[picked], held[-1] - held[picked]])
        ways = np.broadcast_to(normal[:, None], (2, len(picked)))
        made.append((ways, offsets, np.maximum(np.maximum(low - sides, sides - high), 0.0)))
    if not made:
        return np.zeros((4, 0))
    there = np.concatenate([np.vstack([ways, offsets, missed[0]]) for ways, offsets, missed in made], axis=1)
    back = np.concatenate([np.vstack([-ways, -offsets, missed[1]]) for ways, offsets, missed in made], axis=1)
    return np.concatenate([there, back], axis=1)


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
    return np.asarray(shapely.distance(shapes[:, None], shapely.points(at)[None, :]).argmin(axis=0), dtype=np.int64)


def one_piece(shapes: Sequence[Polygon]) -> BaseGeometry:
    """Unite shapes that meet with their corners in common, to the bit: edges two of them have fall away, no other."""
    united = shapely.coverage_union_all(shapes)
    parts = shapely.get_parts(united)
    return parts[0] if len(parts) == 1 else united


def has_needles(first: Polygon, second: Polygon) -> bool:
    """Whether two sides of a border are so pointed where it begins, ends or turns that rounding could fold them."""
    shared = np.intersect1d(_as_numbers(shapely.get_coordinates(first)), _as_numbers(shapely.get_coordinates(second)))
    for side in (first, second):
        for ring in (side.exterior, *side.interiors):
            corners = shapely.get_coordinates(ring)[:-1]
            which = np.flatnonzero(np.isin(_as_numbers(corners), shared))
            back = corners[which - 1] - corners[which]
            on = corners[(which + 1) % len(corners)] - corners[which]
            cross = back[:, 0] * on[:, 1] - back[:, 1] * on[:, 0]
            if (np.abs(np.arctan2(np.abs(cross), (back * on).sum(axis=1))) < _NEEDLE).any():
                return True
    return False


def _as_numbers(corners: Floats) -> npt.NDArray[np.complex128]:
    """Each corner as one number, to compare it as a whole."""
    return np.ascontiguousarray(corners).view(np.complex128).reshape(-1)


def _joined(count: int, links: list[tuple[int, int]]) -> list[int]:
    """Which of so many things hang together, as the lowest number of each group."""
    group = list(range(count))
    for one, other in links:
        low, high = sorted((group[one], group[other]))
        group = [low if name == high else name for name in group]
    return group
