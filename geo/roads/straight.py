"""Where no road is known: the great circle, stretched by a detour factor (绕行系数) that depends on the distance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.routing.travel import EARTH_M

Floats = NDArray[np.float64]

# Bands of straight distance, metres; the last is open.
BANDS = (0.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0)
# True way by straight line in each: medians of 341 houses of an alpine valley with a river. Beside roads of one's own
# they are fitted anew (fit_factors).
FACTORS = (1.35, 1.35, 1.8, 1.4, 1.27, 1.14)
# A band is told by its middle: the root of the product of its ends, and half of the first.
_MIDDLES = np.array([250.0, 707.0, 1_414.0, 3_162.0, 7_071.0, 14_142.0])
# Fewer pairs than this say nothing of a band.
_LEAST_PAIRS = 30
_LEAST_FACTOR, _MOST_FACTOR = 1.0, 4.0


def great_circle_m(start: ArrayLike, end: ArrayLike) -> Floats:
    """Metres along the great circle, by the haversine formula on a sphere of the IUGG's mean radius.

    Parameters
    ----------
    start, end : array_like, shape (..., 2)
        Longitude and latitude in degrees (WGS-84 or CGCS2000); broadcast against each other.

    Returns
    -------
    ndarray of float64
        NaN where a coordinate is NaN. Within 0.6 % of the ellipsoid.
    """
    lon1, lat1 = np.moveaxis(np.radians(np.asarray(start, dtype=float)), -1, 0)
    lon2, lat2 = np.moveaxis(np.radians(np.asarray(end, dtype=float)), -1, 0)
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return np.asarray(2 * EARTH_M * np.arcsin(np.sqrt(np.minimum(half, 1.0))))


def stretch(straight_m: ArrayLike, factors: Sequence[float] = FACTORS) -> Floats:
    """Turn straight metres into the metres a way is likely to have.

    Parameters
    ----------
    straight_m : array_like
        Metres, not negative; NaN stays NaN.
    factors : sequence of float, length 6
        By band (:data:`BANDS`).

    Returns
    -------
    ndarray of float64
        Joined linearly through the middles of the bands, so that a longer line never gives a shorter way.
    """
    straight = np.asarray(straight_m, dtype=float)
    known = np.maximum.accumulate(_MIDDLES * np.asarray(factors, dtype=float))
    at, ways = np.concatenate([[0.0], _MIDDLES]), np.concatenate([[0.0], known])
    beyond = np.maximum(straight - at[-1], 0.0) * ways[-1] / at[-1]
    return np.asarray(np.interp(straight, at, ways) + beyond)


def fit_factors(straight_m: ArrayLike, way_m: ArrayLike) -> tuple[tuple[float, ...], int]:
    """Fit the factors to ways that are known.

    Parameters
    ----------
    straight_m, way_m : array_like, shape (n,)
        Straight metres and metres of the way of the same pairs; pairs without a way (infinite, NaN) and those nearer
        than 50 m are left out.

    Returns
    -------
    (tuple of float, int)
        The median ratio of each band, between 1 and 4; :data:`FACTORS` where a band has fewer than 30 pairs. And how
        many pairs were used.
    """
    straight, way = np.asarray(straight_m, dtype=float).ravel(), np.asarray(way_m, dtype=float).ravel()
    good = np.isfinite(straight) & np.isfinite(way) & (straight >= 50.0)
    band = np.searchsorted(BANDS, straight[good], side="right") - 1
    ratio = way[good] / straight[good]
    fitted = []
    for at, default in enumerate(FACTORS):
        inside = ratio[band == at]
        factor = float(np.median(inside)) if len(inside) >= _LEAST_PAIRS else default
        fitted.append(round(min(max(factor, _LEAST_FACTOR), _MOST_FACTOR), 3))
    return tuple(fitted), int(good.sum())
