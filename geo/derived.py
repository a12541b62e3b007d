"""Areas for villages whose boundary nobody has drawn: Voronoi cells of their points inside the parent's boundary.

Each place of the parent belongs to the village with the nearest point, in metres. The cell edges, the parent's boundary
and the boundaries already taken are cut into one set of faces, so that neighbours share every corner and no gap or
overlap can arise.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely import MultiPoint, MultiPolygon
from shapely.geometry.base import BaseGeometry

from geo.crs import STORED, CrsError, metric_crs, mover
from geo.errors import Text
from geo.shapes import as_multipolygon

SNAP_M = 500.0
_SAME_PLACE_M = 0.05
# Straight in metres is not quite straight in degrees: long edges get corners in between.
_STEP_M = 2000.0

NO_POINT = Text("没有点位", "no point")
OUTSIDE = Text("点位在上级边界之外", "its point lies outside the parent's boundary")
COINCIDENT = Text("与编号更小的村同点", "its point is that of a village with a lower code")
COVERED = Text("所在位置已有边界", "the place is already covered by drawn boundaries")


def voronoi_areas(
    points: gpd.GeoDataFrame, within: BaseGeometry, *, taken: BaseGeometry | None = None, snap_m: float = SNAP_M
) -> gpd.GeoDataFrame:
    """Share out a parent's ground among points, each place to the nearest.

    Parameters
    ----------
    points : GeoDataFrame, shape (n, k)
        Column ``code`` and points with a coordinate system; several rows may have one code, a point may be missing,
        n = 0 is allowed.
    within : Polygon or MultiPolygon
        Boundary of the parent, EPSG:4326.
    taken : Polygon or MultiPolygon, optional
        Ground that has drawn boundaries already, EPSG:4326; it is left out.
    snap_m : float
        A point at most this far from the ground to share out counts as on its edge; one farther away is not used.

    Returns
    -------
    GeoDataFrame, one row for each code, in ascending order
        ``code``; ``geometry``, MultiPolygon in EPSG:4326 or None; ``why``, None or the :class:`Text` why there is no
        area; ``points`` (int), how many points were used. The areas cover the parent less ``taken`` without gap or
        overlap, unless no point could be used. Of points in one place (5 cm) the lowest code's wins.

    Raises
    ------
    CrsError
        If the points have no coordinate system.
    """
    if points.crs is None:
        raise CrsError(Text("点图层没有坐标系。", "The points have no coordinate system."))
    parent = as_multipolygon(within)
    free = parent if taken is None else as_multipolygon(shapely.difference(parent, as_multipolygon(taken)))
    placed = points.to_crs(STORED)
    codes = placed["code"].to_numpy(dtype=object)
    why: dict[Any, Text | None] = dict.fromkeys(sorted(set(codes)), NO_POINT)
    if parent.is_empty:
        return _result(why, {}, {})
    metric = metric_crs(parent.centroid.x, parent.centroid.y)
    sites, owners = _usable_sites(placed.geometry.to_numpy(), codes, parent, free, metric, snap_m, why)
    shares: dict[Any, MultiPolygon] = {}
    if len(sites):
        faces = _cut(free, sites, metric)
        middles = mover(STORED, metric)(shapely.get_coordinates(shapely.point_on_surface(faces)))
        nearest = owners[cKDTree(sites).query(middles)[1]]
        shares = {code: as_multipolygon(shapely.union_all(faces[nearest == code])) for code in sorted(set(nearest))}
    used = pd.Series(owners, dtype=object).value_counts().to_dict()
    for code in used:
        why[code] = None if code in shares else COVERED
    return _result(why, shares, used)


def _usable_sites(
    geometries: NDArray[Any],
    codes: NDArray[Any],
    parent: MultiPolygon,
    free: MultiPolygon,
    metric: pyproj.CRS,
    snap_m: float,
    why: dict[Any, Text | None],
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Pick the points that count, in metres, lowest code first; note in ``why`` what becomes of the others."""
    there = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    if not there.any():
        return np.empty((0, 2)), np.empty(0, dtype=object)
    codes = codes[there]
    xy = mover(STORED, metric)(shapely.get_coordinates(shapely.point_on_surface(geometries[there])))
    move, places = mover(STORED, metric), shapely.points(xy)
    near = shapely.dwithin(places, shapely.transform(free, move), snap_m)
    inside = np.asarray(shapely.dwithin(places, shapely.transform(parent, move), snap_m))
    for code, within in zip(codes[~near], inside[~near], strict=True):
        why[code] = COVERED if within else OUTSIDE
    sites: list[NDArray[np.float64]] = []
    owners: list[Any] = []
    order = sorted(np.flatnonzero(near).tolist(), key=lambda row: (codes[row], tuple(xy[row])))
    close: Any = cKDTree(xy).query_ball_point(xy, _SAME_PLACE_M)
    chosen: set[int] = set()
    for row in order:
        if chosen.isdisjoint(close[row]):
            chosen.add(row)
            sites.append(xy[row])
            owners.append(codes[row])
        elif codes[row] not in owners:
            why[codes[row]] = COINCIDENT
    return np.array(sites).reshape(-1, 2), np.array(owners, dtype=object)


def _cut(free: MultiPolygon, sites: NDArray[np.float64], metric: pyproj.CRS) -> NDArray[Any]:
    """Cut the free ground along the cell edges; every face belongs to one cell only."""
    lines: list[BaseGeometry] = [free.boundary]
    if len(sites) > 1:
        ground = shapely.transform(free, mover(STORED, metric))
        places = MultiPoint(sites)
        frame = shapely.box(*shapely.union(ground.envelope, places.envelope).bounds).buffer(1000)
        cells: BaseGeometry = shapely.voronoi_polygons(places, extend_to=frame, only_edges=True)
        edges = shapely.segmentize(shapely.intersection(cells, frame), _STEP_M)
        lines.append(shapely.transform(edges, mover(metric, STORED)))
    faces = np.asarray(shapely.get_parts(shapely.polygonize([shapely.union_all(lines)])))
    return faces[shapely.covers(free, shapely.point_on_surface(faces))]


def _result(why: dict[Any, Text | None], shares: dict[Any, MultiPolygon], used: dict[Any, int]) -> gpd.GeoDataFrame:
    codes = list(why)
    frame = pd.DataFrame(
        {
            "code": pd.Series(codes, dtype=object),
            "why": pd.Series([why[code] for code in codes], dtype=object),
            "points": pd.Series([used.get(code, 0) for code in codes], dtype="int64"),
        }
    )
    shapes = gpd.GeoSeries(np.array([shares.get(code) for code in codes], dtype=object), crs=STORED)
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=STORED)
