"""What is known of the area: village outlines and centres, roads, houses; made ready to measure distances to."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.crs import STORED, metric_crs, mover

Floats = NDArray[np.float64]

# Roads become points this far apart; the distance to a road is then at most 0.3 m too long beyond 20 m.
_ROAD_STEP_M = 10.0
# A household this near the middle of a building lives in it.
_OWN_HOUSE_M = 30.0
# Nothing farther than this is looked for: a point that far from all roads and houses is in the middle of nowhere.
REACH_M = 1_000.0


def _no_shapes() -> gpd.GeoSeries:
    return gpd.GeoSeries([], crs=STORED)


def _no_centres() -> pd.DataFrame:
    return pd.DataFrame({"lon": pd.Series(dtype=float), "lat": pd.Series(dtype=float)})


@dataclass(frozen=True, eq=False)
class Ground:
    """What is known of the area, in EPSG:4326; every part may be empty.

    Attributes
    ----------
    villages : GeoSeries
        Outlines (polygons) of villages; the index holds their keys.
    centres : DataFrame, columns ``lon``, ``lat``
        One place for each village, such as its committee or label point; the index holds the same keys.
    roads : GeoSeries
        Lines of any class.
    buildings : GeoSeries
        Outlines or points.
    households : GeoSeries
        Points that are trusted, from the spot or clicked on imagery; never the rows under judgement.
    """

    villages: gpd.GeoSeries = field(default_factory=_no_shapes)
    centres: pd.DataFrame = field(default_factory=_no_centres)
    roads: gpd.GeoSeries = field(default_factory=_no_shapes)
    buildings: gpd.GeoSeries = field(default_factory=_no_shapes)
    households: gpd.GeoSeries = field(default_factory=_no_shapes)


class LocalGround:
    """The ground in metres, with trees to search it.

    Parameters
    ----------
    ground : Ground
    around : ndarray, shape (n, 2)
        WGS-84 places; they choose the metric system where the ground is empty.

    Attributes
    ----------
    buildings, households, roads, centres : cKDTree or None
        None where nothing is known. Buildings are represented by their middle.
    houses : cKDTree or None
        Buildings, and households that stand at none of them.
    box : tuple of float or None
        West, south, east, north of everything known, metres.
    """

    def __init__(self, ground: Ground, around: Floats) -> None:
        self.crs = _metric(ground, around)
        self._move = mover(STORED, self.crs)
        self.villages = self._shapes(ground.villages)
        self.village_keys = ground.villages.index.to_numpy()[~_blank(ground.villages)]
        centres = ground.centres[["lon", "lat"]].dropna()
        self.centre_keys: dict[Hashable, int] = {key: at for at, key in enumerate(centres.index)}
        self.centre_xy = self.metres(centres.to_numpy(dtype=float))
        self.building_xy = _middles(self._shapes(ground.buildings))
        self.household_xy = _middles(self._shapes(ground.households))
        road_xy = shapely.get_coordinates(shapely.segmentize(self._shapes(ground.roads), _ROAD_STEP_M))
        self.buildings, self.households = _tree(self.building_xy), _tree(self.household_xy)
        self.house_xy = _houses(self.building_xy, self.household_xy, self.buildings)
        self.houses = _tree(self.house_xy)
        self.roads, self.centres = _tree(road_xy), _tree(self.centre_xy)
        parts = [self.building_xy, self.household_xy, road_xy, self.centre_xy, shapely.get_coordinates(self.villages)]
        known = np.concatenate(parts)
        known = known[np.isfinite(known).all(axis=1)]
        self.box = (*known.min(axis=0).tolist(), *known.max(axis=0).tolist()) if len(known) else None

    def metres(self, lonlat: Floats) -> Floats:
        """Bring WGS-84 degrees to the metric system; what it cannot hold becomes NaN."""
        xy = self._move(lonlat) if len(lonlat) else np.empty((0, 2))
        return np.where(np.isfinite(xy), xy, np.nan)

    def outside_m(self, xy: Floats) -> Floats:
        """Distance of places from the box of everything known, 0 inside it; NaN for NaN."""
        if self.box is None:
            return np.where(np.isnan(xy[:, 0]), np.nan, 0.0)
        west, south, east, north = self.box
        across = np.maximum(np.maximum(west - xy[:, 0], xy[:, 0] - east), 0.0)
        along = np.maximum(np.maximum(south - xy[:, 1], xy[:, 1] - north), 0.0)
        return np.asarray(np.hypot(across, along))

    def inside(self, xy: Floats, stated: Sequence[Hashable] | None) -> NDArray[np.bool_]:
        """Say which places lie in the village their row states, or in any village where it states none."""
        out = np.zeros(len(xy), dtype=bool)
        there = np.isfinite(xy).all(axis=1)
        known = {key: at for at, key in enumerate(self.village_keys)}
        want = np.array([known.get(key, -1) for key in stated] if stated is not None else [-1] * len(xy), dtype=int)
        for at in np.unique(want[there & (want >= 0)]):
            rows = np.flatnonzero(there & (want == at))
            shapely.prepare(self.villages[at])
            out[rows] = shapely.intersects_xy(self.villages[at], xy[rows, 0], xy[rows, 1])
        rows = np.flatnonzero(there & (want < 0))
        if len(rows) and len(self.villages):
            tree = shapely.STRtree(self.villages)
            hits = tree.query(shapely.points(xy[rows]), predicate="intersects")[0]
            out[rows[np.unique(hits)]] = True
        return out

    def _shapes(self, series: gpd.GeoSeries) -> NDArray[Any]:
        if series.crs is not None and series.crs.to_epsg() != 4326:
            series = series.to_crs(STORED)
        shapes = series.to_numpy()[~_blank(series)]
        return np.asarray(shapely.transform(shapes, self._move) if len(shapes) else shapes)


def nearest_m(tree: cKDTree, xy: Floats, reach_m: float = REACH_M) -> Floats:
    """Distance from each place to the nearest thing of a tree; inf beyond reach and for NaN."""
    out = np.full(len(xy), np.inf)
    there = np.isfinite(xy).all(axis=1)
    if there.any():
        out[there] = tree.query(xy[there], distance_upper_bound=reach_m)[0]
    return out


def _metric(ground: Ground, around: Floats) -> pyproj.CRS:
    bounds = [
        part.to_crs(STORED).total_bounds if part.crs is not None else part.total_bounds
        for part in (ground.villages, ground.buildings, ground.households, ground.roads)
        if len(part)
    ]
    corners = [np.reshape(box, (2, 2)) for box in bounds]
    if len(ground.centres):
        corners.append(ground.centres[["lon", "lat"]].to_numpy(dtype=float))
    places = np.concatenate(corners) if corners else around
    places = places[np.isfinite(places).all(axis=1)]
    lon, lat = np.median(places, axis=0) if len(places) else (117.0, 35.0)
    return metric_crs(float(lon), float(lat))


def _blank(series: gpd.GeoSeries) -> NDArray[np.bool_]:
    shapes = series.to_numpy()
    return np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes), dtype=bool)


def _middles(shapes: NDArray[Any]) -> Floats:
    return np.asarray(shapely.get_coordinates(shapely.centroid(shapes)))


def _houses(buildings: Floats, households: Floats, tree: cKDTree | None) -> Floats:
    """Put buildings together with the households that stand at none of them."""
    if tree is None or not len(households):
        return np.concatenate([buildings, households])
    return np.concatenate([buildings, households[nearest_m(tree, households) > _OWN_HOUSE_M]])


def _tree(xy: Floats) -> cKDTree | None:
    good = xy[np.isfinite(xy).all(axis=1)]
    return cKDTree(good) if len(good) else None
