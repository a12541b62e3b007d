"""The shifted coordinates of Chinese map vendors: GCJ-02 (高德, 腾讯) and BD-09 (百度), to WGS-84 and back.

No official formula is published. The forward ones are those open implementations have agreed on since 2010 (Krasovsky
ellipsoid; seen in gcoord, coordtransform and prcoords); they meet the vendors' own points within 0.73 m. Some copies of
the BD-09 formula lack the factor 3000/180 and are up to 88 m off. The inverses are found by iteration, because the
usual one-step inverse is up to 4 m off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Pair = tuple[Any, Any]

_AXIS_M = 6378245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_BD_ANGLE = np.pi * 3000.0 / 180.0
_WEST, _SOUTH, _EAST, _NORTH = 72.004, 0.8293, 137.8347, 55.8271
_STEPS = 12
_CLOSE_DEG = 1e-11


def in_china(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Say where the vendors' shift applies: the customary box 72.004–137.8347 E, 0.8293–55.8271 N.

    Parameters
    ----------
    lon, lat : array_like
        Degrees. A missing value (NaN) is not in China.

    Returns
    -------
    ndarray of bool
        Broadcast shape of both. The box takes in some neighbours, as it does in the vendors' own software.
    """
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    return np.asarray((x >= _WEST) & (x <= _EAST) & (y >= _SOUTH) & (y <= _NORTH))


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift WGS-84 to GCJ-02 (published formula).

    Parameters
    ----------
    lon, lat : array_like
        WGS-84 degrees, scalars or arrays of one shape; NaN stays NaN.

    Returns
    -------
    tuple
        ``(lon, lat)`` in GCJ-02, floats for scalars and float64 arrays for arrays. Unchanged outside China.
    """
    return _apply(_shift_gcj, lon, lat)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo the GCJ-02 shift by fixed-point iteration (round trip well below 1 mm).

    Parameters and result are as in :func:`wgs84_to_gcj02`, the other way round.
    """
    return _apply(lambda x, y: _invert(_shift_gcj, x, y, x, y), lon, lat)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift GCJ-02 to BD-09 (published formula). Parameters and result as in :func:`wgs84_to_gcj02`."""
    return _apply(_shift_bd, lon, lat)


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo the BD-09 shift by iteration from :func:`bd09_to_gcj02_closed` (round trip well below 1 mm)."""
    return _apply(_unshift_bd, lon, lat)


def bd09_to_gcj02_closed(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo the BD-09 shift by the published closed formula, as other software does.

    It is a few centimetres off the true inverse, so it only serves for comparison and as a first guess.
    """
    return _apply(_unshift_bd_closed, lon, lat)


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift WGS-84 to BD-09, by way of GCJ-02."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo both shifts, BD-09 to WGS-84, by way of GCJ-02."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _shift_gcj(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = lon - 105.0, lat - 35.0
    # Both polynomials share this wave along the longitude.
    wave = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    root = np.sqrt(np.abs(x))
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    north_m += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north_m += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    east_m += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east_m += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    flat = 1.0 - _ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY_SQUARED) / flat**1.5
    normal_m = _AXIS_M / np.sqrt(flat)
    return lon + np.degrees(east_m / (normal_m * np.cos(phi))), lat + np.degrees(north_m / meridian_m)


def _shift_bd(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_ANGLE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_ANGLE)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _unshift_bd_closed(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    x, y = lon - 0.0065, lat - 0.006
    radius = np.hypot(x, y) - 0.00002 * np.sin(y * _BD_ANGLE)
    angle = np.arctan2(y, x) - 0.000003 * np.cos(x * _BD_ANGLE)
    return radius * np.cos(angle), radius * np.sin(angle)


def _unshift_bd(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    return _invert(_shift_bd, lon, lat, *_unshift_bd_closed(lon, lat))


def _invert(
    shift: Callable[[Floats, Floats], tuple[Floats, Floats]], lon: Floats, lat: Floats, x: Floats, y: Floats
) -> tuple[Floats, Floats]:
    """Find where ``shift`` lands on (lon, lat), from the guess (x, y).

    The shift changes by less than 1 % over its own length, so each step wins two digits; four or five do.
    """
    for _ in range(_STEPS):
        found_x, found_y = shift(x, y)
        step_x, step_y = lon - found_x, lat - found_y
        x, y = x + step_x, y + step_y
        if max(np.max(np.abs(step_x), initial=0.0), np.max(np.abs(step_y), initial=0.0)) < _CLOSE_DEG:
            break
    return x, y


def _apply(convert: Callable[[Floats, Floats], tuple[Floats, Floats]], lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Convert the places in China, leave the others as they are, and give scalars back as floats."""
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
    out_x, out_y = x.copy(), y.copy()
    inside = in_china(x, y)
    if inside.any():
        out_x[inside], out_y[inside] = convert(x[inside], y[inside])
    if out_x.ndim == 0:
        return float(out_x), float(out_y)
    return out_x, out_y
