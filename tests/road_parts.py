"""Parts of a road network counted by its vertices alone: shares nothing with the cutting into edges."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import shapely


def count_parts(shapes: Iterable[Any]) -> int:
    """How many sets of lines hang together by vertices in the same place (to 1e-7 degrees, as OpenStreetMap counts)."""
    above: dict[tuple[float, ...], tuple[float, ...]] = {}

    def top(place: tuple[float, ...]) -> tuple[float, ...]:
        while above.setdefault(place, place) != place:
            above[place] = above[above[place]]
            place = above[place]
        return place

    for shape in shapes:
        for line in shapely.get_parts(shape):
            first, *others = [tuple(place) for place in shapely.get_coordinates(line).round(7).tolist()]
            for other in others:
                above[top(other)] = top(first)
    return len({top(place) for place in list(above)})
