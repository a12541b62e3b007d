"""Boundaries drawn by hand: made valid, kept inside their parent, joined to their neighbours, cut and united.

Shapes are EPSG:4326. What is measured (tolerances, areas, slivers) is measured in metres, in the CGCS2000 3-degree zone
of the place; what is cut and united is cut and united in degrees, so that a corner two neighbours share stays the same
number in both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyproj
import shapely
from shapely import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.crs import STORED, metric_crs, mover
from geo.drawing import SNAP_M, DrawingRefused
from geo.errors import Text
from geo.shapes import SLIVER_M2, as_multipolygon

MIN_M2 = 100.0
MOST_CORNERS = 20_000
# Two areas are neighbours if they share at least this much of a border.
_SHARED_M = 1.0
# A border that is laid onto another one is first laid a little over it, and the rest then cut off exactly.
_OVER_M = 0.05
_FILM_M = 1e-6
_RIM_DEG = 1e-7


class Drawn(NamedTuple):
    """A shape that can be stored, and what was changed in it."""

    shape: MultiPolygon
    notes: tuple[Text, ...] = ()


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


def read_drawing(geojson: Any, kinds: Sequence[str] = ("Polygon", "MultiPolygon")) -> BaseGeometry:
    """Read a drawn geometry.

    Parameters
    ----------
    geojson : object
        A GeoJSON geometry, or a Feature with one; longitude before latitude, in degrees.
    kinds : sequence of str
        Types that are accepted.

    Returns
    -------
    shapely geometry
        Flat, perhaps invalid.

    Raises
    ------
    DrawingRefused
        If it is something else, has a coordinate that is no place, or more than :data:`MOST_CORNERS` corners.
    """
    if isinstance(geojson, dict) and geojson.get("type") == "FeatureCollection":
        features = geojson.get("features")
        geojson = features[0] if isinstance(features, list) and len(features) == 1 else None
    if isinstance(geojson, dict) and geojson.get("type") == "Feature":
        geojson = geojson.get("geometry")
    if not isinstance(geojson, dict) or geojson.get("type") not in kinds:
        raise _refused(
            "没有应用：需要一个 {kinds}（GeoJSON，经度在前）。",
            "Not applied: one {kinds} is needed (GeoJSON, longitude first).",
            kinds=" / ".join(kinds),
        )
    corners = _corners(geojson.get("coordinates"))
    if len(corners) > MOST_CORNERS:
        raise _refused(
            "没有应用：图形有 {n} 个点，最多 {most} 个。请先简化。",
            "Not applied: the shape has {n} corners; {most} are the most. Simplify it first.",
            n=len(corners),
            most=MOST_CORNERS,
        )
    if any(not (math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90) for x, y in corners):
        raise _no_places()
    try:
        return shapely.force_2d(shapely.geometry.shape(geojson))
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, shapely.errors.ShapelyError):
        raise _refused(
            "没有应用：图形不完整，每一圈至少要 3 个点。",
            "Not applied: the shape is incomplete; every ring needs at least 3 corners.",
        ) from None


def clean_drawing(drawn: BaseGeometry, *, within: BaseGeometry | None = None, min_m2: float = MIN_M2) -> Drawn:
    """Make a drawn shape fit to be a boundary, and say what was changed in it.

    Parameters
    ----------
    drawn : Polygon or MultiPolygon
        EPSG:4326, valid or not; holes and several parts are kept.
    within : Polygon or MultiPolygon, optional
        Boundary of the parent area; what lies outside is cut off.
    min_m2 : float
        The smallest area that is one, in square metres.

    Raises
    ------
    DrawingRefused
        If nothing remains, or less than ``min_m2``.
    """
    if not all(map(math.isfinite, shapely.get_coordinates(drawn).ravel())):
        raise _no_places()
    notes: list[Text] = []
    shape = as_multipolygon(drawn)
    if not drawn.is_valid:
        crossing = "Self-intersection" in shapely.is_valid_reason(drawn)
        notes.append(
            Text(
                f"边界线自己交叉，已改为 {len(shape.geoms)} 块，请核对",
                f"the line crosses itself; it was repaired into {len(shape.geoms)} part(s), please check",
            )
            if crossing
            else Text("图形不规范（重复或不闭合），已修复", "the outline was not valid and was repaired")
        )
    if within is not None and not shapely.is_empty(shape):
        inside = as_multipolygon(shapely.intersection(shape, within))
        cut = area_m2(shape) - area_m2(inside)
        if cut >= SLIVER_M2:
            notes.append(
                Text(
                    f"超出上级边界的 {_m2(cut)} 平方米已裁去",
                    f"{_m2(cut)} m² outside the boundary of the area above were cut off",
                )
            )
        shape = inside
    shape, dropped = _without_slivers(shape)
    if dropped:
        notes.append(
            Text(
                f"去掉了 {dropped} 处小于 {SLIVER_M2:g} 平方米的碎片或孔洞",
                f"{dropped} sliver(s) or hole(s) smaller than {SLIVER_M2:g} m² were dropped",
            )
        )
    size = area_m2(shape)
    if size < min_m2:
        raise _refused(
            "没有应用：画出的面积在上级边界内只有 {n} 平方米，至少要 {least} 平方米。",
            "Not applied: what was drawn has only {n} m² inside the area above; {least} m² are the least.",
            n=_m2(size),
            least=f"{min_m2:g}",
        )
    return Drawn(shape, tuple(notes))


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
    move, _ = _movers(shape)
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
        over = shapely.transform(strip.buffer(_OVER_M, join_style="mitre"), _movers(shape)[1])
        filling = shapely.difference(over, shapely.union(others, shape))
        if within is not None:
            filling = shapely.intersection(filling, within)
        # A straight line in degrees is bent in metres: what is a strip there may be none here.
        filled_m2 = area_m2(as_multipolygon(filling))
        if filled_m2 >= SLIVER_M2:
            closed_m2 += filled_m2
            shape = as_multipolygon(shapely.union(shape, as_multipolygon(filling)))
    shape, _ = _without_slivers(shape)
    closed = closed_m2 + shared_m2
    if closed < SLIVER_M2:
        return Drawn(shape)
    note = Text(
        f"离相邻边界不足 {snap_m:g} 米的地方已对齐（{_m2(closed)} 平方米）",
        f"where the edge ran within {snap_m:g} m of a neighbour's it was laid onto it ({_m2(closed)} m²)",
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
        raise _no_places()
    lines = [part for part in _parts(line) if isinstance(part, LineString) and part.length > 0]
    if not lines:
        raise _refused("没有分割：线至少要两个不同的点。", "Not split: a line needs two different points.")
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
        raise _refused(
            "没有分割：线没有从边到边穿过这个区域。请让线的两端都画到区域外面。",
            "Not split: the line does not run through the area from edge to edge. Let both ends lie outside it.",
        )
    least = min(map(area_m2, pieces))
    if least < min_m2:
        raise _refused(
            "没有分割：最小的一块只有 {n} 平方米，至少要 {least} 平方米。请把线移开一些。",
            "Not split: the smallest part has only {n} m²; {least} m² are the least. Move the line.",
            n=_m2(least),
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
        raise _refused("没有合并：请选两个以上的区域。", "Not merged: choose two areas or more.")
    areas = [as_multipolygon(shape) for shape in shapes]
    reached, todo = {0}, [0]
    while todo:
        here = todo.pop()
        for other in range(len(areas)):
            if other not in reached and _border_m(areas[here], areas[other], snap_m) >= _SHARED_M:
                reached.add(other)
                todo.append(other)
    if len(reached) < len(areas):
        raise _refused(
            "没有合并：所选区域并不相邻（没有共同的边界）。请选相邻的区域。",
            "Not merged: the areas do not border on one another. Choose areas with a common border.",
        )
    united = areas[0]
    for area in areas[1:]:
        united = as_multipolygon(shapely.union(united, area))
    move, back = _movers(united)
    metric = shapely.transform(united, move)
    gaps = [
        part
        for part in _solid(shapely.difference(_close(metric, snap_m), metric))
        if sum(_touches(part, shapely.transform(area, move)) for area in areas) > 1
    ]
    if gaps:
        filling = shapely.transform(shapely.union_all(gaps).buffer(_OVER_M, join_style="mitre"), back)
        united = as_multipolygon(shapely.union(united, filling))
    return _without_slivers(united)[0]


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
        if not shapely.intersects(shape, new):
            continue
        taken = as_multipolygon(shapely.intersection(shape, new))
        if area_m2(taken) < 1e-3:
            continue
        rest, _ = _without_slivers(as_multipolygon(shapely.difference(shape, new)))
        if area_m2(rest) < min_m2:
            raise _refused(
                "没有应用：{code} 会被整个盖住。要取消它，请用“合并”。",
                "Not applied: {code} would be covered altogether. To do away with it, merge the two.",
                code=code,
            )
        changed[code] = rest
    left = 0.0
    if old is not None:
        held = shapely.union_all([new, *shapes.values()])
        for part in _polygons(shapely.difference(as_multipolygon(old), held)):
            size = area_m2(part)
            if size < 1e-3:
                continue
            borders = {code: _border_m(part, changed.get(code, shape), 0.01) for code, shape in shapes.items()}
            best = max(borders, key=lambda code: borders[code], default=None)
            if best is None or borders[best] < _SHARED_M:
                left += size
                continue
            grown = shapely.union(changed.get(best, shapes[best]), part)
            changed[best] = _without_slivers(as_multipolygon(grown))[0]
    return Followed(changed, left if left >= SLIVER_M2 else 0.0)


def find_overlaps(shape: BaseGeometry, neighbours: Mapping[str, BaseGeometry]) -> list[tuple[str, float]]:
    """Give the neighbours a shape overlaps with, and by how many square metres; shared borders do not count."""
    found = []
    for code, other in sorted(neighbours.items()):
        if not shapely.intersects(shape, other):
            continue
        size = area_m2(as_multipolygon(shapely.intersection(shape, other)))
        if size >= SLIVER_M2:
            found.append((code, size))
    return found


def touched_ground(before: BaseGeometry | None, after: BaseGeometry | None) -> BaseGeometry:
    """Unite the old and the new shape of an area: only there can memberships change."""
    return shapely.union_all([as_multipolygon(shape) for shape in (before, after) if shape is not None])


def changed_ground(before: BaseGeometry | None, after: BaseGeometry | None) -> BaseGeometry:
    """Give the land that only one of the old and the new shape of an area covers, with a rim of about a centimetre.

    A place outside it is covered by both or by neither. The rim makes up for the rounding of corners where old and new
    edges cross, so that a place on either edge lies in it.
    """
    shapes = [as_multipolygon(shape) if shape is not None else MultiPolygon() for shape in (before, after)]
    return shapely.symmetric_difference(*shapes).buffer(_RIM_DEG, quad_segs=1, join_style="mitre")


def area_m2(shape: BaseGeometry) -> float:
    """Area in square metres, by the CGCS2000 3-degree zone of the place; 0 for an empty shape."""
    if shape.is_empty:
        return 0.0
    return float(shapely.transform(shape, _movers(shape)[0]).area)


def west_to_east(shape: BaseGeometry) -> tuple[float, float]:
    """Order of areas that are to be numbered: by the middle, from west to east, then from north to south."""
    middle = shapely.centroid(shape)
    return (float(middle.x), -float(middle.y))


def _movers(shape: BaseGeometry) -> tuple[Any, Any]:
    """Functions for ``shapely.transform`` to metres round a shape, and back."""
    west, south, east, north = shape.bounds if not shape.is_empty else (120.0, 35.0, 120.0, 35.0)
    metric: pyproj.CRS = metric_crs((west + east) / 2, (south + north) / 2)
    return mover(STORED, metric), mover(metric, STORED)


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
    return _is_narrow(shapely.transform(part, _movers(part)[0]), width)


def _border_m(one: BaseGeometry, other: BaseGeometry, near_m: float) -> float:
    """How many metres of border two areas have in common, within a tolerance; half the rim of what both cover."""
    move, _ = _movers(one)
    a, b = shapely.transform(one, move), shapely.transform(other, move)
    if not shapely.dwithin(a, b, near_m):
        return 0.0
    along = shapely.intersection(a.boundary, b.boundary.buffer(near_m + 1e-3)).length
    # A corner alone lies in the tolerance as well, with as much line as the tolerance is wide.
    corner = (near_m + 1e-3) * 4 if near_m > 0.1 else near_m * 4
    inside = shapely.intersection(a, b).area
    return float(max(0.0, along - corner) if inside < SLIVER_M2 else max(along, math.sqrt(inside)))


def _without_slivers(shape: MultiPolygon) -> tuple[MultiPolygon, int]:
    """Drop parts and holes that nobody would see; give what is kept and how many were dropped."""
    kept, dropped = [], 0
    for part in shape.geoms:
        if area_m2(part) < SLIVER_M2:
            dropped += 1
            continue
        holes = [ring for ring in part.interiors if area_m2(Polygon(ring)) >= SLIVER_M2]
        dropped += len(part.interiors) - len(holes)
        kept.append(part if len(holes) == len(part.interiors) else Polygon(part.exterior, holes))
    return MultiPolygon(kept), dropped


def _polygons(geometry: BaseGeometry) -> list[Polygon]:
    return [part for part in _parts(geometry) if isinstance(part, Polygon) and not part.is_empty]


def _parts(geometry: BaseGeometry) -> list[BaseGeometry]:
    if hasattr(geometry, "geoms"):
        return [part for child in geometry.geoms for part in _parts(child)]
    return [geometry]


def _corners(coordinates: Any) -> list[tuple[float, float]]:
    """All coordinates of a GeoJSON geometry, of any depth."""
    if not isinstance(coordinates, list) or not coordinates:
        raise _no_places()
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in coordinates):
        if not 2 <= len(coordinates) <= 4:
            raise _no_places()
        return [(float(coordinates[0]), float(coordinates[1]))]
    return [corner for child in coordinates for corner in _corners(child)]


def _m2(size: float) -> str:
    return f"{size:,.0f}" if size >= 10 else f"{size:.1f}"


def _no_places() -> DrawingRefused:
    return _refused(
        "没有应用：坐标应为经度和纬度（度），有的点不是。",
        "Not applied: coordinates are longitude and latitude in degrees; some points are not.",
    )


def _refused(zh: str, en: str, **facts: Any) -> DrawingRefused:
    return DrawingRefused(Text(zh, en).fill(**facts), **facts)
