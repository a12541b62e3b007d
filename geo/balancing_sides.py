"""Both sides of a line through an area: how compact they are, and the polygons, with the cut in common to the bit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely import LinearRing, Polygon
from shapely.geometry.base import BaseGeometry

from geo.balancing_lines import Bools, Floats, Ints

# A cut that comes so near to a corner, in metres, goes through it: two corners at one place would be told apart badly.
SNAP_M = 1e-4
# An angle more pointed than this, in radians, is a needle.
_NEEDLE = 0.02


def roundness(shape: BaseGeometry) -> float:
    """Perimeter² / area: 4π (12.6) for a circle, 16 for a square, more for anything long or ragged; no unit."""
    return float(shape.length**2 / shape.area) if shape.area > 0 else math.inf


def measured(
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


def parted(region: Polygon, out: int, back: int, leave: Floats, enter: Floats) -> tuple[Polygon, Polygon] | None:
    """Both sides of a line that leaves the outer edge on one of its segments and comes back on another one."""
    rim = shapely.get_coordinates(region.exterior)[:-1]
    count = len(rim)

    def end(place: Floats, edge: int) -> Floats:
        near = rim[[edge, (edge + 1) % count]]
        away = np.hypot(*(near - place).T)
        nearest: Floats = near[away.argmin()] if away.min() < SNAP_M else place
        return nearest

    leave, enter = end(leave, out), end(enter, back)
    rings = [
        _without_repeats(ring_of(rim, back + 1, out, leave, enter)),
        _without_repeats(ring_of(rim, out + 1, back, enter, leave)),
    ]
    if any(len(ring) < 3 or _is_pointed(ring, leave) or _is_pointed(ring, enter) for ring in rings):
        return None
    holes: tuple[list[LinearRing], list[LinearRing]] = ([], [])
    shells = [Polygon(ring) for ring in rings]
    for ring in region.interiors:
        holes[0 if shells[0].contains(shapely.Point(ring.coords[0])) else 1].append(ring)
    made = [Polygon(shell.exterior, inner) if inner else shell for shell, inner in zip(shells, holes, strict=True)]
    return (made[0], made[1]) if all(part.is_valid for part in made) else None


def ring_of(rim: Floats, begin: int, last: int, leave: Floats, enter: Floats) -> Floats:
    """Corners of a rim from one to another, and a line from the last back to the first."""
    steps = (last - begin) % len(rim)
    return np.vstack([rim[(begin + np.arange(steps + 1)) % len(rim)], leave, enter])


def _without_repeats(ring: Floats) -> Floats:
    return ring[np.concatenate([(ring[:1] != ring[-1:]).any(axis=1), (ring[1:] != ring[:-1]).any(axis=1)])]


def _is_pointed(ring: Floats, corner: Floats) -> bool:
    """Whether a ring, its first corner not repeated, has a needle where it passes a corner."""
    for at in np.flatnonzero((ring == corner).all(axis=1)):
        back, on = ring[at - 1] - ring[at], ring[(at + 1) % len(ring)] - ring[at]
        if abs(math.atan2(abs(back[0] * on[1] - back[1] * on[0]), back @ on)) < _NEEDLE:
            return True
    return False


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
