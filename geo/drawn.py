"""Boundaries as they are drawn: read, made valid, kept inside their parent; or refused in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geo.counting import counted, form
from geo.drawing import DrawingRefused
from geo.errors import Text
from geo.measuring import area_m2, without_slivers
from geo.shapes import SLIVER_M2, as_multipolygon

MIN_M2 = 100.0
MOST_CORNERS = 20_000


class Drawn(NamedTuple):
    """A shape that can be stored, and what was changed in it."""

    shape: MultiPolygon
    notes: tuple[Text, ...] = ()


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
        raise refused(
            "没有应用：需要一个 {kinds}（GeoJSON，经度在前）。",
            "Not applied: one {kinds} is needed (GeoJSON, longitude first).",
            kinds=" / ".join(kinds),
        )
    corners = _corners(geojson.get("coordinates"))
    if len(corners) > MOST_CORNERS:
        raise refused(
            "没有应用：图形有 {n} 个点，最多 {most} 个。请先简化。",
            "Not applied: the shape has {n} corners; {most} are the most. Simplify it first.",
            n=len(corners),
            most=MOST_CORNERS,
        )
    if any(not (math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90) for x, y in corners):
        raise no_places()
    try:
        return shapely.force_2d(shapely.geometry.shape(geojson))
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, shapely.errors.ShapelyError):
        raise refused(
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
        raise no_places()
    notes: list[Text] = []
    shape = as_multipolygon(drawn)
    if not drawn.is_valid:
        crossing = "Self-intersection" in shapely.is_valid_reason(drawn)
        notes.append(
            Text(
                f"边界线自己交叉，已改为 {len(shape.geoms)} 块，请核对",
                f"the line crosses itself; it was repaired into {counted(len(shape.geoms), 'part')}, please check",
            )
            if crossing
            else Text("图形不规范（重复或不闭合），已修复", "the outline was not valid and was repaired")
        )
    if within is not None and not shapely.is_empty(shape):
        inside = as_multipolygon(shapely.intersection(shape, within))
        cut = area_m2(shape) - area_m2(inside)
        if not area_m2(inside):
            raise refused(
                "没有应用：画出的范围全在上级边界之外。请核对是不是别的村的文件，经纬度有没有写反。",
                "Not applied: what was drawn lies wholly outside the boundary of the area above. Check whether the "
                "file is that of another village, and whether longitude and latitude are exchanged.",
            )
        if cut >= SLIVER_M2:
            notes.append(
                Text(
                    f"超出上级边界的 {said_m2(cut)} 平方米已裁去",
                    f"{said_m2(cut)} m² outside the boundary of the area above were cut off",
                )
            )
        shape = inside
    shape, dropped = without_slivers(shape)
    if dropped:
        notes.append(
            Text(
                f"去掉了 {dropped} 处小于 {SLIVER_M2:g} 平方米的碎片或孔洞",
                f"{counted(dropped, 'sliver or hole', 'slivers or holes')} smaller than {SLIVER_M2:g} m² "
                f"{form(dropped, 'was', 'were')} dropped",
            )
        )
    size = area_m2(shape)
    if size < min_m2:
        raise refused(
            "没有应用：画出的面积在上级边界内只有 {n} 平方米，至少要 {least} 平方米。",
            "Not applied: what was drawn has only {n} m² inside the area above; {least} m² are the least.",
            n=said_m2(size),
            least=f"{min_m2:g}",
        )
    return Drawn(shape, tuple(notes))


def _corners(coordinates: Any) -> list[tuple[float, float]]:
    """All coordinates of a GeoJSON geometry, of any depth."""
    if not isinstance(coordinates, list) or not coordinates:
        raise no_places()
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in coordinates):
        if not 2 <= len(coordinates) <= 4:
            raise no_places()
        return [(float(coordinates[0]), float(coordinates[1]))]
    return [corner for child in coordinates for corner in _corners(child)]


def said_m2(size: float) -> str:
    return f"{size:,.0f}" if size >= 10 else f"{size:.1f}"


def no_places() -> DrawingRefused:
    return refused(
        "没有应用：坐标应为经度和纬度（度），有的点不是。",
        "Not applied: coordinates are longitude and latitude in degrees; some points are not.",
    )


def refused(zh: str, en: str, **facts: Any) -> DrawingRefused:
    return DrawingRefused(Text(zh, en).fill(**facts), **facts)
