"""The one place that converts coordinates: any system in, EPSG:4326 out, and metres to measure in.

Stored coordinates are EPSG:4326; CGCS2000 differs from it by centimetres and is taken as equal. x is always the
longitude or easting and y the latitude or northing, whatever order an authority defines (Chinese survey sheets call the
northing X).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj.exceptions import CRSError

from geo.china import bd09_to_wgs84, gcj02_to_wgs84
from geo.errors import FangtuError, Text

STORED = "EPSG:4326"
# PROJ may not fetch grid shift files from the network.
os.environ["PROJ_NETWORK"] = "OFF"

_ALIASES = {
    "wgs84": "wgs84 wgs1984 gps 4326 epsg4326 crs84 ogccrs84",
    "cgcs2000": "cgcs2000 4490 epsg4490 国家2000 2000国家大地坐标系 大地2000 天地图 tianditu",
    "gcj02": "gcj02 gcj 火星坐标 火星坐标系 火星 高德 amap autonavi 腾讯 tencent",
    "bd09": "bd09 bd09ll 百度 baidu",
    "bd09mc": "bd09mc bdmc 百度墨卡托 百度米制 baidumercator",
}
_NAMED = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}
_LABELS = {
    "wgs84": Text("WGS-84", "WGS-84"),
    "cgcs2000": Text("国家2000（CGCS2000）", "CGCS2000"),
    "gcj02": Text("GCJ-02（高德、腾讯）", "GCJ-02 (AMap, Tencent)"),
    "bd09": Text("BD-09（百度）", "BD-09 (Baidu)"),
    "bd09mc": Text("BD-09 墨卡托（百度，米）", "BD-09 Mercator (Baidu, metres)"),
}
# Baidu publishes no definition. Mercator of the BD-09 degrees on the ellipsoid of Clarke 1866 gives the vendor's own
# metres for 332 cities to 0.2 m, and to a centimetre for nearly all of them.
_BAIDU_MERCATOR, _MERCATOR_M = "+proj=merc +ellps=clrk66 +units=m +type=crs", 20_040_000.0
# Datums from before 2008: the parameters to CGCS2000 are not public and a guess is 50 to 150 m off.
_OLD_DATUMS = ("beijing 1954", "xian 1980", "new beijing")
# A 3-degree zone reaches 140 km to each side, neighbours are let in. China's land and sea lie within these northings;
# the lower one finds out degrees that were given as metres.
_GK_FALSE_EASTING, _GK_REACH_M, _GK_SOUTH_M, _GK_NORTH_M = 500_000.0, 500_000.0, 300_000.0, 6_250_000.0


class CrsUnknown(FangtuError):
    """The name of a coordinate system means nothing, or one that cannot be converted exactly."""

    code = "crs_unknown"


class CrsError(FangtuError):
    """A frame came without coordinate system, or with one in degrees where metres are needed."""

    code = "crs_error"


@dataclass(frozen=True)
class System:
    """A coordinate system as a file may use it.

    Attributes
    ----------
    name : str
        ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09``, ``bd09mc`` or ``EPSG:n``; a system outside the EPSG list has its
        own name.
    label : Text
        For people.
    definition : str
        What PROJ builds the system from; EPSG:4326 for the vendors' shifted degrees.
    meridian : int or None
        Central meridian of a CGCS2000 3-degree Gauss-Kruger zone, else None.
    """

    name: str
    label: Text
    definition: str = STORED
    meridian: int | None = None

    @property
    def in_degrees(self) -> bool:
        """Whether x and y are longitude and latitude."""
        return _crs(self.definition).is_geographic


def parse_system(text: str) -> System:
    """Read the name of a coordinate system, in any case and spacing.

    Parameters
    ----------
    text : str
        ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09``, ``bd09mc`` or a common alias (``GPS``, ``高德``, ``百度`` …);
        ``EPSG:4548`` or ``4548``; ``gk39`` (number of a CGCS2000 3-degree zone, 25 to 45) or ``gk:117`` (its central
        meridian); a WKT or URN as files carry it.

    Raises
    ------
    CrsUnknown
        If the name means nothing, the system is not horizontal, or rests on Beijing 1954 or Xi'an 1980, which cannot
        be converted without parameters that are not public.
    """
    bare = re.sub(r"[\s_:\-]+", "", text.strip().casefold())
    if bare in _NAMED:
        return _named(_NAMED[bare])
    zone = re.fullmatch(r"(?:gk|cgcs2000gk|cgcs20003degreegk(?:zone|cm)?)(\d{2,3})e?", bare)
    if zone:
        return _gauss_kruger(int(zone[1]), text)
    urn = re.fullmatch(r"(?:urn:ogc:def:crs:)?epsg:(?:[\d.]*:)?(\d{4,6})", text.strip().casefold())
    if "crs84" in bare and bare.startswith(("urn", "http")):
        return _named("wgs84")
    try:
        crs = pyproj.CRS.from_user_input(f"EPSG:{urn[1]}" if urn else int(bare) if bare.isdigit() else text.strip())
    except (CRSError, ValueError, OverflowError):
        raise _unknown(text) from None
    return _from_crs(crs, text)


def to_wgs84(frame: gpd.GeoDataFrame, system: System) -> gpd.GeoDataFrame:
    """Bring a frame to EPSG:4326.

    Parameters
    ----------
    frame : GeoDataFrame, shape (n, k)
        Any geometry types, missing ones too; n = 0 is allowed. Its own ``crs`` is overruled by ``system``.
    system : System
        What the coordinates really are.

    Returns
    -------
    GeoDataFrame, shape (n, k)
        A copy in EPSG:4326, same order and index, flat (heights dropped). A geometry with any coordinate that means
        no place on earth in that system becomes None, so that its row can be refused by name.
    """
    geometries = frame.geometry.to_numpy()
    moved = shapely.transform(geometries, lambda xy: np.column_stack(lonlat_of(xy[:, 0], xy[:, 1], system)))
    lost = np.isnan(shapely.get_coordinates(moved, return_index=False)).any(axis=1)
    if lost.any():
        owners = shapely.get_coordinates(moved, return_index=True)[1]
        moved[np.unique(owners[lost])] = None
    out = frame.copy()
    return out.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs=STORED, name=frame.geometry.name))


def lonlat_of(x: ArrayLike, y: ArrayLike, system: System) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Convert coordinates to WGS-84 degrees.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Longitude and latitude, or easting and northing; NaN for missing. In a CGCS2000 3-degree zone the easting may
        be written with or without the number of that zone in front (39 594 013.6 or 594 013.6).
    system : System

    Returns
    -------
    tuple of ndarray of float64, shape (n,)
        ``(lon, lat)``; both NaN where the pair means no place on earth in that system.
    """
    x, y = np.array(x, dtype=float, ndmin=1), np.array(y, dtype=float, ndmin=1)
    if system.name == "gcj02":
        lon, lat = gcj02_to_wgs84(x, y)
    elif system.name == "bd09":
        lon, lat = bd09_to_wgs84(x, y)
    elif system.name == "bd09mc":
        lon, lat = bd09_to_wgs84(*_baidu_degrees(x, y))
    elif system.name in ("wgs84", "cgcs2000"):
        lon, lat = x, y
    elif system.meridian is not None:
        lon, lat = _from_gauss_kruger(x, y, system)
    else:
        lon, lat = _transformer(system.definition, STORED).transform(x, y)
    with np.errstate(invalid="ignore"):
        good = (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)
    return np.where(good, lon, np.nan), np.where(good, lat, np.nan)


def looks_swapped(x: ArrayLike, y: ArrayLike, system: System) -> NDArray[np.bool_]:
    """Say which pairs only make sense in China with x and y exchanged.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        As for :func:`lonlat_of`. Survey sheets write the northing as X, and lists often put the latitude first.
    system : System

    Returns
    -------
    ndarray of bool, shape (n,)
        False where they make sense as they stand, in China or elsewhere, and for NaN. Never guesses: longitudes
        (73–136) and latitudes (3–54) of China do not overlap, nor do northings and eastings of a 3-degree zone.
    """
    x, y = np.array(x, dtype=float, ndmin=1), np.array(y, dtype=float, ndmin=1)
    if system.meridian is not None:
        return np.asarray(np.isnan(_from_gauss_kruger(x, y, system)[0]) & ~np.isnan(lonlat_of(y, x, system)[0]))
    if not system.in_degrees:
        return np.zeros(x.shape, dtype=bool)
    return np.asarray((x >= 3) & (x <= 54) & (y >= 73) & (y <= 136))


def metric_crs(lon: float, lat: float = 35.0) -> pyproj.CRS:
    """Choose a system in metres to measure in round a place.

    Parameters
    ----------
    lon, lat : float
        WGS-84 degrees.

    Returns
    -------
    pyproj.CRS
        In China (73.5–136.5 E, 3–54 N) the CGCS2000 3-degree zone without prefix (EPSG:4534 … 4554), elsewhere the
        WGS-84 UTM zone, beyond 84 N or 80 S an azimuthal equidistant one round the place. Lengths are true within
        0.15 % up to 200 km away; wider frames are not measured in one system.
    """
    if 73.5 <= lon <= 136.5 and 3.0 <= lat <= 54.0:
        return _crs(f"EPSG:{4534 + min(int((lon - 73.5) // 3), 20)}")
    if -80.0 <= lat <= 84.0:
        zone = int((lon + 180.0) // 6) % 60 + 1
        return _crs(f"EPSG:{(32600 if lat >= 0 else 32700) + zone}")
    return pyproj.CRS.from_proj4(f"+proj=aeqd +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m +type=crs")


def to_metric(frame: gpd.GeoDataFrame, crs: pyproj.CRS | None = None) -> gpd.GeoDataFrame:
    """Bring a frame to metres.

    Parameters
    ----------
    frame : GeoDataFrame
        With a coordinate system; n = 0 is allowed.
    crs : pyproj.CRS, optional
        By default :func:`metric_crs` of the middle of the frame.

    Raises
    ------
    CrsError
        If the frame has no coordinate system.
    """
    if frame.crs is None:
        raise CrsError(Text("图层没有坐标系，无法量算。", "The frame has no coordinate system to measure in."))
    if crs is None:
        degrees = frame.geometry.to_crs(STORED)
        west, south, east, north = degrees.total_bounds if len(degrees.dropna()) else (0.0, 0.0, 0.0, 0.0)
        crs = metric_crs((west + east) / 2, (south + north) / 2)
    return frame.to_crs(crs)


def mover(source: str | pyproj.CRS, target: str | pyproj.CRS) -> Callable[[NDArray[Any]], NDArray[np.float64]]:
    """Give a function for ``shapely.transform`` between two systems PROJ knows, x before y."""
    transformer = _transformer(_text(source), _text(target))

    def move(xy: NDArray[Any]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    return move


def _named(name: str) -> System:
    definition = {"cgcs2000": "EPSG:4490", "bd09mc": _BAIDU_MERCATOR}.get(name, STORED)
    return System(name, _LABELS[name], definition)


def _gauss_kruger(number: int, text: str) -> System:
    """Take 25 … 45 as the number of a 3-degree zone and 75 … 135 as its central meridian."""
    if 25 <= number <= 45:
        return _from_crs(pyproj.CRS.from_epsg(4513 + number - 25), text)
    if 75 <= number <= 135 and number % 3 == 0:
        return _from_crs(pyproj.CRS.from_epsg(4534 + (number - 75) // 3), text)
    raise _unknown(text)


def _from_crs(crs: pyproj.CRS, text: str) -> System:
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    datum = crs.geodetic_crs
    if datum is None or not (crs.is_geographic or crs.is_projected):
        raise _unknown(text)
    if len(crs.axis_info) > 2:
        crs = crs.to_2d()
    if any(old in datum.name.casefold().replace("_", " ") for old in _OLD_DATUMS):
        raise CrsUnknown(
            Text(
                "坐标系“{found}”是1954年北京坐标系或1980西安坐标系，其转换参数不公开，直接换算会偏差数十米以上。"
                "请先用测绘部门的参数转成国家2000（CGCS2000）再导入。",
                "“{found}” rests on Beijing 1954 or Xi'an 1980; their parameters are not public and a plain conversion "
                "is tens of metres off. Convert it to CGCS2000 with the survey office's parameters first.",
            ).fill(found=crs.name),
            found=text,
            expected="CGCS2000",
        )
    code = crs.to_epsg(min_confidence=70)
    if code in (4326, 4490):
        return _named("wgs84" if code == 4326 else "cgcs2000")
    meridian = None
    if code is not None and 4513 <= code <= 4554:
        meridian = 75 + 3 * ((code - 4513) % 21)
    name = f"EPSG:{code}" if code else crs.name
    return System(name, Text(crs.name, crs.name), name if code else crs.to_wkt(), meridian)


def _from_gauss_kruger(
    x: NDArray[np.float64], y: NDArray[np.float64], system: System
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take the zone's own number off the easting, then convert what lies within reach of the zone."""
    meridian = system.meridian or 0
    easting = np.where(np.floor(x / 1e6) == meridian // 3, x - meridian // 3 * 1e6, x)
    with np.errstate(invalid="ignore"):
        good = (np.abs(easting - _GK_FALSE_EASTING) <= _GK_REACH_M) & (y >= _GK_SOUTH_M) & (y <= _GK_NORTH_M)
    plain = f"EPSG:{4534 + (meridian - 75) // 3}"
    lon, lat = _transformer(plain, "EPSG:4490").transform(np.where(good, easting, 5e5), np.where(good, y, 4e6))
    return np.where(good, lon, np.nan), np.where(good, lat, np.nan)


def _baidu_degrees(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give BD-09 degrees of Baidu's metres; NaN beyond the square that Mercator's map of the world fills."""
    with np.errstate(invalid="ignore"):
        good = (np.abs(x) <= _MERCATOR_M) & (np.abs(y) <= _MERCATOR_M)
    lon, lat = _mercator()(np.where(good, x, 0.0), np.where(good, y, 0.0), inverse=True)
    return np.where(good, lon, np.nan), np.where(good, lat, np.nan)


def _unknown(text: str) -> CrsUnknown:
    return CrsUnknown(
        Text(
            "不认识的坐标系“{found}”。请写 wgs84、cgcs2000、gcj02、bd09、bd09mc、EPSG:编号，"
            "或国家2000三度带 gk39 / gk:117。",
            "Unknown coordinate system “{found}”. Give wgs84, cgcs2000, gcj02, bd09, bd09mc, EPSG:number, or a "
            "CGCS2000 3-degree zone as gk39 or gk:117.",
        ).fill(found=text if len(text) <= 80 else text[:80] + "…"),
        found=text[:200],
        expected="wgs84 | cgcs2000 | gcj02 | bd09 | bd09mc | EPSG:n | gk25…gk45 | gk:75…gk:135",
    )


@lru_cache(maxsize=1)
def _mercator() -> pyproj.Proj:
    return pyproj.Proj(_BAIDU_MERCATOR)


@lru_cache(maxsize=64)
def _crs(definition: str) -> pyproj.CRS:
    return pyproj.CRS.from_user_input(definition)


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def _text(crs: str | pyproj.CRS) -> str:
    return crs if isinstance(crs, str) else crs.to_wkt()
