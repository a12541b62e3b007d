"""Where a house number lies between two known ones of its lane."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from statistics import median

FARTHEST_M = 300.0
MOST_NUMBERS = 20
# Places of one number farther apart than this are not one house; the number then says nothing.
_ONE_HOUSE_M = 40.0
_EARTH_M = 6_371_008.8

Place = tuple[float, float]


def number_in(house_no: str | None) -> int | None:
    """Give the number of a house number, without what is attached to it; None if there is none.

    >>> number_in("12"), number_in("甲5"), number_in("5-2"), number_in("5附1"), number_in("附1")
    (12, 5, 5, 5, None)
    """
    found = re.match(r"[^\d附]?(\d{1,4})(?!\d)", house_no or "")
    return int(found[1]) if found else None


def interpolate(number: int, known: Iterable[tuple[int, Place]]) -> Place | None:
    """Place a house number between its neighbours on its own side of the lane.

    Parameters
    ----------
    number : int
        The number looked for.
    known : iterable of (int, (lon, lat))
        Known numbers of the same lane, EPSG:4326; several places of one number are one house if they lie together.

    Returns
    -------
    (float, float) or None
        Longitude and latitude on the line between the nearest lower and higher number of the same parity, by share of
        the numbers between. None without both, if they lie more than 300 m or 20 numbers apart, or if the number
        itself is known (then it is not between two others).
    """
    places: dict[int, list[Place]] = {}
    for other, place in known:
        if other % 2 == number % 2:
            places.setdefault(other, []).append(place)
    if number in places:
        return None
    single = {other: middle for other, found in places.items() if (middle := _middle(found)) is not None}
    lower = max((other for other in single if other < number), default=None)
    higher = min((other for other in single if other > number), default=None)
    if lower is None or higher is None or higher - lower > MOST_NUMBERS:
        return None
    (west, south), (east, north) = single[lower], single[higher]
    if metres_between((west, south), (east, north)) > FARTHEST_M:
        return None
    share = (number - lower) / (higher - lower)
    return west + share * (east - west), south + share * (north - south)


def metres_between(one: Place, other: Place) -> float:
    """Great-circle distance of two places in metres (haversine)."""
    lon1, lat1, lon2, lat2 = map(math.radians, (*one, *other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_M * math.asin(math.sqrt(half))


def _middle(places: list[Place]) -> Place | None:
    """Give the middle of places of one number; None if they are not one house."""
    middle = median(lon for lon, _ in places), median(lat for _, lat in places)
    return middle if all(metres_between(middle, place) <= _ONE_HOUSE_M for place in places) else None
