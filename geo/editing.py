"""Boundaries among others: joined to their neighbours, cut, united, and how neighbours follow.

Shapes are EPSG:4326. What is measured (tolerances, areas, slivers) is measured in metres, in the CGCS2000 3-degree zone
of the place; what is cut and united is cut and united in degrees, so that a corner two neighbours share stays the same
number in both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import shapely
from shapely import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.drawing import SNAP_M
from geo.drawn import MIN_M2, Drawn, no_places, refused, said_m2
from geo.errors import Text
from geo.measuring import area_m2, metric_movers, without_slivers
from geo.shapes import SLIVER_M2, as_multipolygon

# Two areas are neighbours if they share at least this much of a border.
_SHARED_M = 1.0
# A border that is laid onto another one is first laid a little over it, and the rest then cut off exactly.
_OVER_M = 0.05
_FILM_M = 1e-6
_RIM_DEG = 1e-7
_NEAR_DEG = 1e-6


@dataclass(frozen=True)
class Followed:
    """What a changed boundary did to its neighbours.

    Attributes
    ----------
    shapes : dict
        New shapes of those neighbours that changed.
    left : float
        Square metres of the old area that belong to nobody now.
    """

    shapes: dict[str, MultiPolygon] = field(default_factory=dict)
    left: float = 0.0


def snap_shape(
    shape: BaseGeometry,
    neighbours: Iterable[BaseGeometry],
    *,
    within: BaseGeometry | None = None,
    snap_m: float = SNAP_M,
) -> Drawn:
    """Lay the edge of a shape onto that of its neighbours where it runs close by, so that no gap or sliver remains.

    Parameters
    ----------
    shape : MultiPolygon
        EPSG:4326.
    neighbours : iterable of Polygon or MultiPolygon
        Areas it may border on; they stay as they are.
    within : Polygon or MultiPolygon, optional
        Boundary of the parent; the edge is laid onto it as well.
    snap_m : float
        A strip narrower than this, in metres, between the shape and a neighbour is filled; one that is covered by both
        is left to the neighbour.

    Returns
    -------
    Drawn
        Broad overlaps are left alone: :func:`find_overlaps` finds them.
    """
    move, _ = metric_movers(shape)
    box = shapely.transform(shape, move).buffer(snap_m * 4).envelope
    near = [as_multipolygon(other) for other in neighbours if shapely.intersects(shapely.transform(other, move), box)]
    shape = as_multipolygon(shape)
    others = as_multipolygon(shapely.union_all(near)) if near else MultiPolygon()
    closed_m2 = shared_m2 = 0.0
    thin = [part for part in _polygons(shapely.intersection(shape, others)) if _is_thin(part, snap_m)]
    if thin:
        shared_m2 = sum(map(area_m2, thin))
        shape = as_multipolygon(shapely.difference(shape, shapely.union_all(thin)))
    walls: list[BaseGeometry] = [shapely.transform(others, move)] if near else []
    if within is not None:
        walls.append(shapely.difference(box, shapely.transform(within, move)))
    strips = _gaps(shapely.transform(shape, move), shapely.union_all(walls), snap_m) if walls else []
    for strip in strips:
        over = shapely.transform(strip.buffer(_OVER_M, join_style="mitre"), metric_movers(shape)[1])
        filling = shapely.difference(over, shapely.union(others, shape))
        if within is not None:
            filling = shapely.intersection(filling, within)
        # A straight line in degrees is bent in metres: what is a strip there may be none here.
        filled_m2 = area_m2(as_multipolygon(filling))
        if filled_m2 >= SLIVER_M2:
            closed_m2 += filled_m2
            shape = as_multipolygon(shapely.union(shape, as_multipolygon(filling)))
    shape, _ = without_slivers(shape)
    closed = closed_m2 + shared_m2
    if closed < SLIVER_M2:
        return Drawn(shape)
    note = Text(
        f"离相邻边界不足 {snap_m:g} 米的地方已对齐（{said_m2(closed)} 平方米）",
        f"where the edge ran within {snap_m:g} m of a neighbour's it was laid onto it ({said_m2(closed)} m²)",
    )
    return Drawn(shape, (note,))


def split_shape(shape: BaseGeometry, line: BaseGeometry, *, min_m2: float = MIN_M2) -> list[MultiPolygon]:
    """Cut an area along a drawn line.

    Parameters
    ----------
    shape : Polygon or MultiPolygon
        EPSG:4326.
    line : LineString or MultiLineString
        EPSG:4326; it has to run through the area from edge to edge.
    min_m2 : float
        The smallest part, in square metres.

    Returns
    -------
    list of MultiPolygon
        At least two, from west to east, that share the line's corners and cover the area without gap or overlap. A
        part of a divided area that the line does not meet stays with the largest piece.

    Raises
    ------
    DrawingRefused
        If the line does not cut the area, or cuts off less than ``min_m2``.
    """
    area = as_multipolygon(shape)
    if not all(map(math.isfinite, shapely.get_coordinates(line).ravel())):
        raise no_places()
    lines = [part for part in _parts(line) if isinstance(part, LineString) and part.length > 0]
    if not lines:
        raise refused("没有分割：线至少要两个不同的点。", "Not split: a line needs two different points.")
    pieces: list[Polygon] = []
    whole: list[Polygon] = []
    for part in area.geoms:
        faces = shapely.get_parts(shapely.polygonize([shapely.union_all([part.boundary, *lines])]))
        inside = [face for face in faces if part.covers(shapely.point_on_surface(face))]
        if len(inside) > 1:
            pieces += inside
        else:
            whole.append(part)
    if len(pieces) < 2:
        raise refused(
            "没有分割：线没有从边到边穿过这个区域。请让线的两端都画到区域外面。",
            "Not split: the line does not run through the area from edge to edge. Let both ends lie outside it.",
        )
    least = min(map(area_m2, pieces))
    if least < min_m2:
        raise refused(
            "没有分割：最小的一块只有 {n} 平方米，至少要 {least} 平方米。请把线移开一些。",
            "Not split: the smallest part has only {n} m²; {least} m² are the least. Move the line.",
            n=said_m2(least),
            least=f"{min_m2:g}",
        )
    if whole:
        largest = max(range(len(pieces)), key=lambda at: area_m2(pieces[at]))
        joined = MultiPolygon([pieces[largest], *whole])
        shapes = [joined if at == largest else MultiPolygon([piece]) for at, piece in enumerate(pieces)]
    else:
        shapes = [MultiPolygon([piece]) for piece in pieces]
    return sorted(shapes, key=west_to_east)


def merge_shapes(shapes: Sequence[BaseGeometry], *, snap_m: float = SNAP_M) -> MultiPolygon:
    """Unite areas that border on one another.

    Parameters
    ----------
    shapes : sequence of Polygon or MultiPolygon
        At least two, EPSG:4326.
    snap_m : float
        A gap narrower than this, in metres, is no gap and is filled.

    Raises
    ------
    DrawingRefused
        If they do not hang together by borders of at least a metre; a single shared corner does not do.
    """
    if len(shapes) < 2:
        raise refused("没有合并：请选两个以上的区域。", "Not merged: choose two areas or more.")
    areas = [as_multipolygon(shape) for shape in shapes]
    reached, todo = {0}, [0]
    while todo:
        here = todo.pop()
        for other in range(len(areas)):
            if other not in reached and _border_m(areas[here], areas[other], snap_m) >= _SHARED_M:
                reached.add(other)
                todo.append(other)
    if len(reached) < len(areas):
        raise refused(
            "没有合并：所选区域并不相邻（没有共同的边界）。请选相邻的区域。",
            "Not merged: the areas do not border on one another. Choose areas with a common border.",
        )
    united = areas[0]
    for area in areas[1:]:
        united = as_multipolygon(shapely.union(united, area))
    move, back = metric_movers(united)
    metric = shapely.transform(united, move)
    gaps = [
        part
        for part in _solid(shapely.difference(_close(metric, snap_m), metric))
        if sum(_touches(part, shapely.transform(area, move)) for area in areas) > 1
    ]
    if gaps:
        filling = shapely.transform(shapely.union_all(gaps).buffer(_OVER_M, join_style="mitre"), back)
        united = as_multipolygon(shapely.union(united, filling))
    return without_slivers(united)[0]


def follow_neighbours(
    old: BaseGeometry | None, new: BaseGeometry, neighbours: Mapping[str, BaseGeometry], *, min_m2: float = MIN_M2
) -> Followed:
    """Let neighbours give way to a changed boundary, and take what it gave up.

    Parameters
    ----------
    old, new : Polygon or MultiPolygon
        The area before (None: there was none) and after, EPSG:4326.
    neighbours : mapping of str to Polygon or MultiPolygon
        Areas of the same level by their code.
    min_m2 : float
        What must be left of a neighbour, in square metres.

    Returns
    -------
    Followed
        Each neighbour less the new area. Each piece the area gave up goes to the neighbour with the longest common
        border, the lowest code of equals; a piece without one belongs to nobody.

    Raises
    ------
    DrawingRefused
        If nothing would be left of a neighbour: then they should be merged.
    """
    shapes = {code: as_multipolygon(shape) for code, shape in sorted(neighbours.items())}
    changed: dict[str, MultiPolygon] = {}
    for code, shape in shapes.items():
        if not _overlap(shape, new) or area_m2(as_multipolygon(shapely.intersection(shape, new))) < 1e-3:
            continue
        rest, _ = without_slivers(as_multipolygon(shapely.difference(shape, new)))
        if area_m2(rest) < min_m2:
            raise refused(
                "没有应用：{code} 会被整个盖住。要取消它，请用“合并”。",
                "Not applied: {code} would be covered altogether. To do away with it, merge the two.",
                code=code,
            )
        changed[code] = rest
    left = 0.0
    if old is not None:
        given_up = shapely.difference(as_multipolygon(old), new)
        held = shapely.union_all([shape for shape in shapes.values() if _overlap(shape, given_up)])
        for part in _polygons(shapely.difference(given_up, held)):
            size = area_m2(part)
            if size < 1e-3:
                continue
            near = {code: changed.get(code, shape) for code, shape in shapes.items() if _are_near(shape, part)}
            borders = {code: _border_m(part, shape, 0.01) for code, shape in near.items()}
            best = max(borders, key=lambda code: borders[code], default=None)
            if best is None or borders[best] < _SHARED_M:
                left += size
                continue
            grown = shapely.union(changed.get(best, shapes[best]), part)
            changed[best] = without_slivers(as_multipolygon(grown))[0]
    return Followed(changed, left if left >= SLIVER_M2 else 0.0)


def find_overlaps(shape: BaseGeometry, neighbours: Mapping[str, BaseGeometry]) -> list[tuple[str, float]]:
    """Give the neighbours a shape overlaps with, and by how many square metres; shared borders do not count."""
    found = []
    for code, other in sorted(neighbours.items()):
        if not _overlap(shape, other):
            continue
        size = area_m2(as_multipolygon(shapely.intersection(shape, other)))
        if size >= SLIVER_M2:
            found.append((code, size))
    return found


def changed_ground(before: BaseGeometry | None, after: BaseGeometry | None) -> BaseGeometry:
    """Give the land that only one of the old and the new shape of an area covers, with a rim of about a centimetre.

    A place outside it is covered by both or by neither. The rim makes up for the rounding of corners where old and new
    edges cross, so that a place on either edge lies in it.
    """
    old, new = (as_multipolygon(shape) if shape is not None else MultiPolygon() for shape in (before, after))
    return shapely.symmetric_difference(old, new).buffer(_RIM_DEG, quad_segs=1, join_style="mitre")


def west_to_east(shape: BaseGeometry) -> tuple[float, float]:
    """Order of areas that are to be numbered: by the middle, from west to east, then from north to south."""
    middle = shapely.centroid(shape)
    return (float(middle.x), -float(middle.y))


def _overlap(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether two areas have more in common than a border; where they have just that, their intersection costs more."""
    return bool(shapely.relate_pattern(one, other, "T********"))


def _are_near(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether shapes in degrees are within about a decimetre; what is farther apart has no common border."""
    return bool(shapely.dwithin(one, other, _NEAR_DEG))


def _close(shape: BaseGeometry, width: float) -> BaseGeometry:
    """Fill what is narrower than a width, in metres, between or inside the parts of a shape in metres."""
    half = width / 2
    return shape.buffer(half, join_style="mitre", mitre_limit=2).buffer(-half, join_style="mitre", mitre_limit=2)


def _gaps(shape: BaseGeometry, walls: BaseGeometry, width: float) -> list[Polygon]:
    """Strips narrower than a width between a shape and what is round it; all in metres."""
    both = shapely.union(shape, walls)
    reach = shape.buffer(width * 2)
    # Only near the shape: gaps among its neighbours are none of its business.
    between = shapely.difference(_close(shapely.intersection(both, reach.envelope), width), both)
    return [
        part
        for part in _solid(shapely.intersection(between, reach))
        # A strip is long; what rounding leaves in the corners of a field is not.
        if part.length >= width * 4 and _touches(part, shape) and _touches(part, walls) and _is_narrow(part, width)
    ]


def _solid(geometry: BaseGeometry) -> list[Polygon]:
    """Parts in metres without the films of no breadth that a buffer and its inverse leave along straight edges."""
    return _polygons(geometry.buffer(-_FILM_M, join_style="mitre").buffer(_FILM_M, join_style="mitre"))


def _touches(part: BaseGeometry, other: BaseGeometry) -> bool:
    return bool(shapely.dwithin(part, other, 1e-3))


def _is_narrow(part: BaseGeometry, width: float) -> bool:
    return bool(part.buffer(-(width * 0.55), join_style="mitre").is_empty)


def _is_thin(part: BaseGeometry, width: float) -> bool:
    """Whether a shape in degrees is nowhere broader than a width in metres."""
    return _is_narrow(shapely.transform(part, metric_movers(part)[0]), width)


def _border_m(one: BaseGeometry, other: BaseGeometry, near_m: float) -> float:
    """How many metres of border two areas have in common, within a tolerance; half the rim of what both cover."""
    move, _ = metric_movers(one)
    a, b = shapely.transform(one, move), shapely.transform(other, move)
    if not shapely.dwithin(a, b, near_m):
        return 0.0
    along = shapely.intersection(a.boundary, b.boundary.buffer(near_m + 1e-3)).length
    # A corner alone lies in the tolerance as well, with as much line as the tolerance is wide.
    corner = (near_m + 1e-3) * 4 if near_m > 0.1 else near_m * 4
    inside = shapely.intersection(a, b).area
    return float(max(0.0, along - corner) if inside < SLIVER_M2 else max(along, math.sqrt(inside)))


def _polygons(geometry: BaseGeometry) -> list[Polygon]:
    return [part for part in _parts(geometry) if isinstance(part, Polygon) and not part.is_empty]


def _parts(geometry: BaseGeometry) -> list[BaseGeometry]:
    if hasattr(geometry, "geoms"):
        return [part for child in geometry.geoms for part in _parts(child)]
    return [geometry]
