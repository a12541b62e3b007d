"""The road survey of the sample township as an office would send it: lines with class and width, and one fault."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from geopandas import GeoDataFrame
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from data.samples.landscape import Landscape
from data.samples.roads import HIGHWAY_NAME, Roads
from data.samples.terrain import Terrain, to_degrees

HEADINGS = {"road_class": "道路等级", "name": "道路名称", "width": "路面宽度"}
# In the middle of the only road to a hamlet the survey left out so many metres: a gap to be found and closed.
# Households far from any road need not be planted: the ledger has some in wrong places.
_GAP_AT, _GAP_M = (118.88157, 36.43794), 14.0
# Lanes farther from the next road are paths through fields, and not of the village.
_MOST_LINK_M = 400.0


def road_frame(terrain: Terrain, roads: Roads, land: Landscape) -> GeoDataFrame:
    """Give the roads of a township, joined as they are on the ground but for one gap.

    Parameters
    ----------
    terrain : Terrain
    roads : Roads
    land : Landscape

    Returns
    -------
    GeoDataFrame
        ``road_class``, ``name`` (may be empty), ``width`` in metres, and lines in EPSG:4326.
    """
    gap = _plane_point(_GAP_AT, roads.village)
    rows: list[tuple[str, str, float, LineString]] = [("省道", HIGHWAY_NAME, 9.0, roads.highway)]
    rows += [("县道", name, 6.5, line) for name, line in roads.county.items()]
    rows += [("村道", "", 4.5, line) for line in _with_gap(roads.village, gap)]
    for place in land.settlements:
        lanes = [
            part
            for lane in place.lanes
            for part in shapely.get_parts(lane.difference(terrain.water))
            if isinstance(part, LineString) and part.length > 25
        ]
        near = [line for line in roads.village if line.distance(place.ground) < _MOST_LINK_M]
        joined = [*lanes, *_links(lanes, [*near, roads.highway, *roads.county.values()])]
        rows += [("巷", "", 3.0, line) for line in joined]
    classes, names, widths, lines = zip(*rows, strict=True)
    return GeoDataFrame(
        {"road_class": classes, "name": names, "width": widths},
        geometry=to_degrees(np.array(lines, dtype=object)),
        crs="EPSG:4326",
    )


def _plane_point(lonlat: tuple[float, float], lines: Sequence[LineString]) -> shapely.Point:
    """Give the place on the plane of the middle of the line whose middle is nearest to a place on earth."""
    middles = [line.interpolate(0.5, normalized=True) for line in lines]
    degrees = shapely.get_coordinates(to_degrees(np.array(middles, dtype=object)))
    return middles[int(np.argmin(np.hypot(*(degrees - np.array(lonlat)).T)))]


def _with_gap(lines: Sequence[LineString], gap: shapely.Point) -> list[LineString]:
    """Leave a short piece out of the line on which a place lies."""
    broken = int(np.argmin([line.distance(gap) for line in lines]))
    rest = lines[broken].difference(gap.buffer(_GAP_M / 2))
    return [*lines[:broken], *_lines_of(rest), *lines[broken + 1 :]]


def _links(lanes: Sequence[LineString], known: Sequence[LineString]) -> list[LineString]:
    """Join lanes to the roads there are, the nearest first: each by the shortest line to what is joined already."""
    joined: list[BaseGeometry] = list(known)
    left = list(lanes)
    links: list[LineString] = []
    apart = np.array([min(lane.distance(one) for one in joined) for lane in left])
    while left:
        at = int(np.argmin(apart))
        lane = left.pop(at)
        distance = apart[at]
        apart = np.delete(apart, at)
        if 1e-6 < distance <= _MOST_LINK_M:
            nearest = min(joined, key=lane.distance)
            links.append(shapely.shortest_line(lane, nearest))
        joined.append(lane)
        if len(left):
            apart = np.minimum(apart, shapely.distance(np.array(left, dtype=object), lane))
    return links


def _lines_of(geometry: BaseGeometry) -> list[LineString]:
    return [part for part in shapely.get_parts(geometry) if isinstance(part, LineString)]
