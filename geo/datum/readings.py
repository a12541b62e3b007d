"""The ways a column pair can be read: which systems make places of its numbers at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.crs import System, lonlat_of, parse_system
from geo.errors import Text

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]

_CHINA: Box = (73.0, 3.0, 136.0, 54.0)
# Farther than this round the user's area nothing is taken for a place of it; two zones lie 3 degrees apart.
_NEAR_DEG = 1.4
# A reading is worth comparing if at least this share of the pairs become places by it.
_SHARE = 0.2
_SWAPPED = "+swapped"


@dataclass(frozen=True)
class Reading:
    """One way to read pairs of numbers as places.

    Attributes
    ----------
    system : System
        Coordinate system; ``wgs84`` also stands for CGCS2000 degrees, which differ by centimetres.
    swapped : bool
        The first number is the latitude or northing.
    name : str
        Stable id: ``wgs84``, ``gcj02``, ``bd09``, ``bd09mc``, ``EPSG:4548``, ``wgs84+swapped`` …
    label : Text
        For people.
    """

    system: System
    swapped: bool
    name: str
    label: Text

    def lonlat(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Give WGS-84 degrees, both NaN where the pair means no place by this reading."""
        return lonlat_of(y, x, self.system) if self.swapped else lonlat_of(x, y, self.system)

    def agrees(self, other: Reading) -> bool:
        """Whether both put every pair they can read at the same place, to within centimetres."""
        mine, its = self.system, other.system
        same = mine.name == its.name or (mine.meridian is not None and mine.meridian == its.meridian)
        degrees = {mine.name, its.name} == {"wgs84", "cgcs2000"}
        return self.swapped == other.swapped and (same or degrees)


def reading_of(system: System, *, swapped: bool = False) -> Reading:
    """Make the reading by a system that was named: by the user, by the file, or by its columns."""
    name = "wgs84" if system.name == "cgcs2000" else system.name
    label = _label(system)
    if swapped:
        first = (
            Text("（先纬度后经度）", " (latitude first)")
            if system.in_degrees
            else Text("（先北坐标后东坐标）", " (northing first)")
        )
        label = Text(label.zh + first.zh, label.en + first.en)
    return Reading(system, swapped, name + _SWAPPED if swapped else name, label)


def given_pairs(x: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
    """Say which pairs are given at all: two finite numbers that are not 0, 0."""
    x, y = np.array(x, dtype=float, ndmin=1), np.array(y, dtype=float, ndmin=1)
    return np.asarray(np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0)))


def possible_readings(
    x: ArrayLike, y: ArrayLike, *, near: Box | None = None, declared: Reading | None = None
) -> list[Reading]:
    """List the ways in which the numbers are places.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        The two columns as the file has them; NaN for missing. Missing pairs and (0, 0) are left out; n = 0 is allowed.
    near : tuple of float, optional
        West, south, east, north of the user's area in EPSG:4326. Places more than 1.4 degrees outside it do not
        count, unless no reading has any other. Without it every place in China counts.
    declared : Reading, optional
        What the user or the file says; always listed, so that it can be compared with the others.

    Returns
    -------
    list of Reading
        Degrees: WGS-84 (for CGCS2000 too), GCJ-02, BD-09. Metres: the CGCS2000 3-degree zone that the easting's number
        names, or each zone that puts the places near; of 6-degree zones those with a number (13–23); Web Mercator and
        Baidu's Mercator. The exchanged order is listed only where it makes sense and the written one does not, or
        where a fifth of the pairs need it. Outside China only WGS-84. Empty if the numbers are no places.
    """
    x, y = np.array(x, dtype=float, ndmin=1), np.array(y, dtype=float, ndmin=1)
    given = given_pairs(x, y)
    x, y = x[given], y[given]
    found: list[Reading] = []
    if len(x):
        ways = [(reading, *_shares(reading, x, y, near)) for reading in _ways(x, y)]
        found = [reading for reading, _, close in ways if close >= _SHARE]
        if not found:
            found = [reading for reading, there, _ in ways if there >= _SHARE]
        if not found and _share(*reading_of(parse_system("wgs84")).lonlat(x, y), (-180.0, -90.0, 180.0, 90.0)) > 0.5:
            found = [reading_of(parse_system("wgs84"))]
    if declared is not None and not any(declared.agrees(reading) for reading in found):
        found.append(declared)
    return found


def _ways(x: Floats, y: Floats) -> Iterator[Reading]:
    """Every reading the size of the numbers allows; each as written, then exchanged."""
    for swapped in (False, True):
        east, north = (y, x) if swapped else (x, y)
        size = np.abs(east)
        names: list[str] = []
        if np.mean((size <= 180) & (np.abs(north) <= 180)) >= _SHARE:
            names += ["wgs84", "gcj02", "bd09"]
        plain = (size > 180) & (size < 1e6)
        if np.mean(plain) >= _SHARE:
            names += [f"EPSG:{code}" for code in range(4534, 4555)]
        for zone, count in zip(*np.unique((size // 1e6).astype(int), return_counts=True), strict=True):
            if count < _SHARE * len(size):
                continue
            if 25 <= zone <= 45:
                names.append(f"EPSG:{4513 + zone - 25}")
            elif 13 <= zone <= 23:
                names.append(f"EPSG:{4491 + zone - 13}")
        if np.mean((size > 7.9e6) & (size < 15.3e6)) >= _SHARE:
            names += ["EPSG:3857", "bd09mc"]
        for name in dict.fromkeys(names):
            yield reading_of(parse_system(name), swapped=swapped)


def _shares(reading: Reading, x: Floats, y: Floats, near: Box | None) -> tuple[float, float]:
    """Share of the pairs that are places in China, and near the user's area (or in it, if it lies elsewhere)."""
    lon, lat = reading.lonlat(x, y)
    there = _share(lon, lat, _CHINA)
    if near is None:
        return there, there
    west, south, east, north = near
    close = _share(lon, lat, (west - _NEAR_DEG, south - _NEAR_DEG, east + _NEAR_DEG, north + _NEAR_DEG))
    abroad = reading.system.name in ("gcj02", "bd09", "bd09mc") and there < _SHARE
    return there, 0.0 if abroad else close


def _share(lon: Floats, lat: Floats, box: Box) -> float:
    with np.errstate(invalid="ignore"):
        return float(np.mean((lon >= box[0]) & (lon <= box[2]) & (lat >= box[1]) & (lat <= box[3])))


def _label(system: System) -> Text:
    if system.name in ("wgs84", "cgcs2000"):
        return Text("WGS-84 / 国家2000", "WGS-84 / CGCS2000")
    if system.meridian is not None:
        zone, east = system.meridian // 3, system.meridian
        return Text(
            f"国家2000 三度带第{zone}带（中央经线{east}°）",
            f"CGCS2000 3-degree zone {zone} (central meridian {east}°E)",
        )
    if system.name == "EPSG:3857":
        return Text("Web 墨卡托（WGS-84，米）", "Web Mercator (WGS-84, metres)")
    return system.label
