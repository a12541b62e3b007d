"""Shapes in EPSG:4326 measured in metres: their size, the way to metres and back, and parts too small to see."""

from __future__ import annotations

from typing import Any

import pyproj
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.crs import STORED, metric_crs, mover
from geo.shapes import SLIVER_M2


def area_m2(shape: BaseGeometry) -> float:
    """Area in square metres, by the CGCS2000 3-degree zone of the place; 0 for an empty shape."""
    if shape.is_empty:
        return 0.0
    return float(shapely.transform(shape, metric_movers(shape)[0]).area)


def metric_movers(shape: BaseGeometry) -> tuple[Any, Any]:
    """Functions for ``shapely.transform`` to metres round a shape, and back."""
    west, south, east, north = shape.bounds if not shape.is_empty else (120.0, 35.0, 120.0, 35.0)
    metric: pyproj.CRS = metric_crs((west + east) / 2, (south + north) / 2)
    return mover(STORED, metric), mover(metric, STORED)


def without_slivers(shape: MultiPolygon) -> tuple[MultiPolygon, int]:
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
