"""Shapes of boundaries as they are sent and stored, to the bit."""

from __future__ import annotations

import json
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry


def hex_of(shape: BaseGeometry) -> str:
    """A shape in EPSG:4326 as hexadecimal EWKB, to the bit."""
    return str(shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True))


def geojson_of(shape: BaseGeometry | None) -> dict[str, Any] | None:
    """A shape as GeoJSON with all digits; None for none."""
    if shape is None:
        return None
    found: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    return found
