"""A day's route on paper: outlines, the way with its estimated parts, numbered stops, a scale; paths in millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from shapely.geometry import box, shape

from layers.paper_map import Sheet, round_length

LonLat = tuple[float, float]
# Radius of the disc a number stands in, and where it steps aside to, in radii, the nearest first.
DISC_MM = 2.6
_ASIDE = (
    (0.0, 0.0), (1.7, 0.0), (-1.7, 0.0), (0.0, -1.7), (0.0, 1.7), (1.5, -1.5), (-1.5, -1.5), (1.5, 1.5), (-1.5, 1.5),
    (3.2, 0.0), (-3.2, 0.0), (0.0, -3.2), (0.0, 3.2), (2.8, -2.8), (-2.8, 2.8), (2.8, 2.8), (-2.8, -2.8),
)  # fmt: skip
# A route within a hamlet is not drawn larger than this, degrees.
_LEAST_DEG = 0.002
# Room round the middle of the arrow, millimetres.
_CORNER_MM = 9.0


@dataclass(frozen=True)
class Stop:
    """A stop as drawn: where it is, where its number stands, and the number."""

    x: float
    y: float
    at_x: float
    at_y: float
    number: int


@dataclass(frozen=True)
class RoutePicture:
    """The map in millimetres, y downward; ``scale_mm`` on paper are ``scale_m`` metres on the ground.

    ``lines`` are paths with whether they are estimated; ``ends`` are the places of start and end, ``north`` is where
    the tip of the arrow stands.
    """

    width: float
    height: float
    outlines: tuple[str, ...]
    lines: tuple[tuple[str, bool], ...]
    stops: tuple[Stop, ...]
    ends: tuple[tuple[float, float], ...]
    north: tuple[float, float]
    scale_mm: float
    scale_m: int


def draw_route(
    places: Sequence[LonLat],
    lines: Sequence[tuple[Sequence[LonLat], bool]],
    outlines: Sequence[dict[str, Any]],
    *,
    width: float,
    height: float,
) -> RoutePicture:
    """Lay out the map of one route.

    Parameters
    ----------
    places : sequence of (float, float)
        Start, stops in order, end; longitude and latitude.
    lines : sequence of (sequence of (float, float), bool)
        Ways, with whether each is estimated.
    outlines : sequence of dict
        GeoJSON surfaces of areas round about.
    width, height : float
        Millimetres.
    """
    spots = np.array([*places, *(spot for line, _ in lines for spot in line)], dtype=float)
    (west, south), (east, north) = spots.min(axis=0), spots.max(axis=0)
    wide, high = max(0.0, _LEAST_DEG - (east - west)) / 2, max(0.0, _LEAST_DEG - (north - south)) / 2
    frame = (float(west - wide), float(south - high), float(east + wide), float(north + high))
    sheet = Sheet(frame, width, height)
    scale_m = round_length(sheet.metres * width / 5)
    stops = tuple(_stops(places[1:-1], sheet))
    ends = tuple(sheet.spot(one) for one in dict.fromkeys((places[0], places[-1])))
    return RoutePicture(
        width=width,
        height=height,
        outlines=tuple(path for one in outlines if (path := _outline(one, frame, sheet))),
        lines=tuple((_line(line, sheet), estimated) for line, estimated in lines),
        stops=stops,
        ends=ends,
        north=_north([*((stop.at_x, stop.at_y) for stop in stops), *ends], width, height),
        scale_mm=round(scale_m / sheet.metres, 2),
        scale_m=scale_m,
    )


def _line(line: Sequence[LonLat], sheet: Sheet) -> str:
    return "M" + "L".join(f"{x:.2f},{y:.2f}" for x, y in sheet.place(np.array(line, dtype=float)))


def _outline(geometry: dict[str, Any], frame: tuple[float, float, float, float], sheet: Sheet) -> str:
    """The borders of an area that may be seen, as one path; empty where none is."""
    west, south, east, north = frame
    wide, high = max(east - west, _LEAST_DEG), max(north - south, _LEAST_DEG)
    around = box(west - 2 * wide, south - 2 * high, east + 2 * wide, north + 2 * high)
    seen = shape(geometry).boundary.intersection(around)
    return "".join(
        _line([(x, y) for x, y, *_ in part.coords], sheet)
        for part in getattr(seen, "geoms", [seen])
        if part.geom_type == "LineString" and not part.is_empty
    )


def _stops(places: Sequence[LonLat], sheet: Sheet) -> list[Stop]:
    """Stops with their numbers where none lies over another, as far as there is room."""
    taken: list[tuple[float, float]] = []
    drawn = []
    for number, place in enumerate(places, 1):
        x, y = sheet.spot(place)
        tried = [(_inside(x + dx * DISC_MM, sheet.width), _inside(y + dy * DISC_MM, sheet.height)) for dx, dy in _ASIDE]
        at = next((one for one in tried if all(_apart(one, other) for other in taken)), tried[0])
        taken.append(at)
        drawn.append(Stop(round(x, 2), round(y, 2), round(at[0], 2), round(at[1], 2), number))
    return drawn


def _north(taken: Sequence[tuple[float, float]], width: float, height: float) -> tuple[float, float]:
    """Where the arrow to the north stands: in the first of three corners without a number, else above left."""
    corners = ((6.0, 4.0), (width - 6.0, 4.0), (6.0, height - 13.0))
    free = (
        at
        for at in corners
        if not any(abs(x - at[0]) < _CORNER_MM and abs(y - at[1] - 4) < _CORNER_MM for x, y in taken)
    )
    return next(free, corners[0])


def _inside(at: float, most: float) -> float:
    """Where a disc stands wholly on the sheet."""
    return min(max(at, DISC_MM), most - DISC_MM)


def _apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return bool(np.hypot(one[0] - other[0], one[1] - other[1]) >= 2 * DISC_MM)


# Of the sheet in millimetres, as static/css/route-sheet-file.css draws it: what is left of A4 within its margins, head
# and table head and signatures together, a visit in two lines, a break, the heading of those left out, their lines.
_SHEET, _FIXED, _VISIT, _PAUSE, _LEFT_HEAD, _LEFT_LINE = 273.0, 62.0, 11.9, 6.5, 14.0, 4.2
_LEAST_MAP, _MOST_MAP = 46.0, 86.0
_LINE, _WIDE, _NARROW = 178.0, 3.1, 1.75


def fit_sheet(visits: int, pauses: int, left: Sequence[str]) -> tuple[float, int]:
    """How much of a sheet its map and the list of those left out may take, so that neither goes on to a second page.

    Parameters
    ----------
    visits, pauses : int
        Rows of the table.
    left : sequence of str
        Sentences about those left out, the most important first.

    Returns
    -------
    (float, int)
        Height of the map in millimetres, and how many of the sentences have room; all and the largest map where the
        table alone needs more than one page.
    """
    room = _SHEET - _FIXED - visits * _VISIT - pauses * _PAUSE
    if room < _LEAST_MAP:
        return _MOST_MAP, len(left)
    named, used = 0, _LEFT_HEAD if left else 0.0
    for words in left:
        wide = sum(_NARROW if letter.isascii() else _WIDE for letter in words)
        more = _LEFT_LINE * max(1, -(-wide // _LINE))
        if used + more > room - _LEAST_MAP:
            break
        named, used = named + 1, used + more
    return min(_MOST_MAP, max(_LEAST_MAP, room - used)), named
