"""Boundaries and outlines made fit to store: valid polygons, without slivers, and a place for their label."""

from __future__ import annotations

import math
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from shapely import MultiPolygon, Point, Polygon
from shapely.affinity import scale
from shapely.geometry.base import BaseGeometry

from geo.counting import counted, form
from geo.crs import STORED, to_metric
from geo.errors import Text

SLIVER_M2 = 0.5
_POLYGONS = ("Polygon", "MultiPolygon")


class Cleaned(NamedTuple):
    """A geometry as it can be stored, and what was changed in it."""

    geometry: MultiPolygon | None
    notes: tuple[Text, ...]


def as_multipolygon(geometry: BaseGeometry | None) -> MultiPolygon:
    """Keep the polygons of a geometry.

    Parameters
    ----------
    geometry : shapely geometry or None
        Of any type, valid or not.

    Returns
    -------
    MultiPolygon
        Valid; touching and overlapping parts are united, points and lines left out. Empty if there is no polygon.
    """
    if geometry is None or geometry.is_empty:
        return MultiPolygon()
    if not geometry.is_valid:
        geometry = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    if isinstance(geometry, MultiPolygon):
        return geometry
    parts = [part for part in _flat(geometry) if isinstance(part, Polygon) and not part.is_empty]
    if len(parts) > 1:
        united = shapely.union_all(parts)
        parts = [part for part in _flat(united) if isinstance(part, Polygon)]
    return MultiPolygon(parts)


def clean_polygons(frame: gpd.GeoDataFrame, *, sliver_m2: float = SLIVER_M2) -> list[Cleaned]:
    """Make each geometry of a frame a valid MultiPolygon and say what was done.

    Parameters
    ----------
    frame : GeoDataFrame, shape (n, k)
        EPSG:4326; n = 0 is allowed.
    sliver_m2 : float
        Parts and holes smaller than this many square metres are dropped.

    Returns
    -------
    list of Cleaned, length n
        ``geometry`` is None where no polygon remains; ``notes`` is empty where nothing was changed.
    """
    return [_clean(geometry, sliver_m2) for geometry in frame.geometry]


def label_point(geometry: BaseGeometry) -> Point:
    """Find the place for a label: the middle of the largest circle inside (pole of inaccessibility).

    Parameters
    ----------
    geometry : Polygon or MultiPolygon
        EPSG:4326. Of several parts the largest is used.

    Returns
    -------
    Point
        Inside the polygon. Any other geometry gives a point on it; an empty one an empty point.
    """
    parts = [part for part in _flat(geometry) if isinstance(part, Polygon) and part.area > 0]
    if not parts:
        return shapely.point_on_surface(geometry)
    part = max(parts, key=lambda polygon: polygon.area)
    if not part.is_valid:
        return label_point(as_multipolygon(part))
    # A degree of longitude is shorter than one of latitude: stretched to equal lengths first, and back after.
    shrink = max(math.cos(math.radians(part.centroid.y)), 0.01)
    level = scale(part, xfact=shrink, yfact=1.0, origin=(0, 0))
    west, south, east, north = level.bounds
    radius = shapely.maximum_inscribed_circle(level, tolerance=max(east - west, north - south) / 500)
    middle = Point(radius.coords[0])
    point = scale(middle, xfact=1 / shrink, yfact=1.0, origin=(0, 0))
    return point if part.contains(point) else part.representative_point()


def unite(geometries: gpd.GeoSeries) -> MultiPolygon:
    """Unite polygons to the outline of all of them.

    Parameters
    ----------
    geometries : GeoSeries
        Any system; missing and invalid ones are allowed. Neighbours must share their corners: hairline gaps between
        boundaries of different origin stay and can be removed with :func:`clean_polygons`.

    Returns
    -------
    MultiPolygon
        Empty if there is nothing to unite.
    """
    return as_multipolygon(shapely.union_all([as_multipolygon(geometry) for geometry in geometries]))


def _clean(geometry: BaseGeometry | None, sliver_m2: float) -> Cleaned:
    if geometry is None or geometry.is_empty:
        return Cleaned(None, (Text("没有图形", "there is no geometry"),))
    notes: list[Text] = []
    kinds = {part.geom_type for part in _flat(geometry)}
    if not kinds <= set(_POLYGONS):
        notes.append(Text("去掉了点或线", "points or lines were left out"))
    if not geometry.is_valid:
        why = shapely.is_valid_reason(geometry)
        notes.append(Text(f"图形自相交或不闭合，已修复（{why}）", f"the outline was invalid, now repaired ({why})"))
    polygons = list(as_multipolygon(geometry).geoms)
    kept, dropped = _without_slivers(polygons, sliver_m2)
    if dropped:
        notes.append(
            Text(
                f"去掉了{dropped}处小于{sliver_m2:g}平方米的碎片或孔洞",
                f"{counted(dropped, 'sliver or hole', 'slivers or holes')} smaller than {sliver_m2:g} m² "
                f"{form(dropped, 'was', 'were')} dropped",
            )
        )
    if not kept:
        notes.append(Text("没有剩下的面", "no polygon is left"))
    return Cleaned(MultiPolygon(kept) if kept else None, tuple(notes))


def _without_slivers(polygons: list[Polygon], sliver_m2: float) -> tuple[list[Polygon], int]:
    """Drop parts and holes below a size; give what is kept and how many were dropped."""
    if not polygons:
        return [], 0
    rings = [Polygon(ring) for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)]
    areas = to_metric(gpd.GeoDataFrame(geometry=rings, crs=STORED)).area.to_numpy()
    large = iter(np.asarray(areas >= sliver_m2).tolist())
    kept, dropped = [], 0
    for polygon in polygons:
        outer = next(large)
        holes = [(ring, next(large)) for ring in polygon.interiors]
        if not outer:
            dropped += 1
            continue
        lost = sum(not keep for _, keep in holes)
        dropped += lost
        kept.append(Polygon(polygon.exterior, [ring for ring, keep in holes if keep]) if lost else polygon)
    return kept, dropped


def _flat(geometry: BaseGeometry) -> list[BaseGeometry]:
    """Take collections of any depth apart."""
    if hasattr(geometry, "geoms"):
        return [part for child in geometry.geoms for part in _flat(child)]
    return [geometry]
