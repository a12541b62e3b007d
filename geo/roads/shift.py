"""Are the roads where the houses are? The median distance, as read and as it would be in the systems of web maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

# Houses of a valley stand 15 m from a road in the median and 35 m for nine in ten; GCJ-02 and BD-09 are 100 to 700 m
# off.
ALARM_M = 100.0
# Another system is named where it brings the houses at least this much nearer.
_SHARE = 0.5


@dataclass(frozen=True)
class Shift:
    """How far places are from roads.

    Attributes
    ----------
    median_m : float
        As read; NaN without places or roads.
    likely : str or None
        ``gcj02`` or ``bd09``, if the roads read so lie less than half as far.
    likely_m : float
        The median then; NaN without.
    """

    median_m: float
    likely: str | None = None
    likely_m: float = float("nan")

    @property
    def alarm(self) -> bool:
        """Whether the roads are likely in another system than was thought."""
        return self.median_m > ALARM_M


def find_shift(
    lines: NDArray[np.object_], places: NDArray[np.float64], beside: NDArray[np.object_] | None = None
) -> Shift:
    """Compare places with roads.

    Parameters
    ----------
    lines : ndarray of LineString, shape (m,)
        Roads in EPSG:4326 as read.
    places : ndarray of float64, shape (n, 2)
        Longitude and latitude of houses.
    beside : ndarray of LineString, optional
        Further roads, whose system is known.

    Returns
    -------
    Shift
        Other systems are tried only where the alarm is due.
    """
    if not len(lines) or not len(places):
        return Shift(float("nan"))
    around = np.empty(0, dtype=object) if beside is None else beside
    median = _median_m(lines, places, around)
    if median <= ALARM_M:
        return Shift(median)
    from geo.china import bd09_to_wgs84, gcj02_to_wgs84

    tried = {}
    for name, mover in (("gcj02", gcj02_to_wgs84), ("bd09", bd09_to_wgs84)):
        xy, owner = shapely.get_coordinates(lines, return_index=True)
        tried[name] = _median_m(
            shapely.linestrings(np.column_stack(mover(xy[:, 0], xy[:, 1])), indices=owner), places, around
        )
    best = min(tried, key=lambda name: tried[name])
    return Shift(median, best, tried[best]) if tried[best] < _SHARE * median else Shift(median)


def _median_m(lines: Any, places: NDArray[np.float64], around: NDArray[np.object_]) -> float:
    from geo.crs import STORED, metric_crs, mover

    middle = np.median(places, axis=0)
    to_plane = mover(STORED, metric_crs(float(middle[0]), float(middle[1])))
    tree = shapely.STRtree(np.asarray(shapely.transform(np.concatenate([lines, around]), to_plane)))
    points = shapely.points(to_plane(places))
    _, apart = tree.query_nearest(points, return_distance=True, all_matches=False)
    return float(np.median(apart))
