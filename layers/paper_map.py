"""The map on paper: areas by class of coverage, gap areas with their numbers, names, a scale; paths in millimetres.

Everything is laid out before it is drawn, so that no name lies over another and the drawing stays sharp at any size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely import make_valid, transform
from shapely.geometry import box as rectangle
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geo.tiles import Plane, world_xy
from layers.coverage import class_of

# 8.5 points, the least that is read on paper.
TYPE_MM = 3.0
_LINE_MM = 3.5
_DISC_MM = 2.4
_RIM_MM = 5.0
_LONGEST_NAME = 12
_BROAD = 1.4
# So much of a name lies in its area, or it gets a ground of its own: dark letters are read on light classes as well,
# white ones only on their own.
_INSIDE_DARK, _INSIDE_WHITE = 0.6, 0.97
_WHITE_ON = (1, 2)
# A figure such as 100.0% beside a name.
_FIGURE = "100.0%"
# Where a name steps aside to, in millimetres, the nearest first.
_ASIDE = ((0, 0), (0, -3.5), (0, 3.5), (5, 0), (-5, 0), (0, -7), (0, 7), (6, 5), (-6, 5), (6, -5), (-6, -5))
_DISC_ASIDE = ((0, 0), (0, -1.1), (0, 1.1), (1.1, 0), (-1.1, 0), (1.1, -1.1), (-1.1, 1.1), (0, -2.2), (0, 2.2))
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class PaperArea:
    """An area to draw: GeoJSON geometry in EPSG:4326, or None; ``spot`` is longitude and latitude of its name."""

    name: str
    ratio: float | None
    remaining: int
    derived: bool
    geometry: dict[str, Any] | None
    spot: Sequence[float] | None


@dataclass(frozen=True)
class PaperGap:
    """A gap area to draw, in the order of their numbers; ``centre`` is longitude and latitude."""

    number: int
    outline: dict[str, Any]
    centre: Sequence[float]


@dataclass(frozen=True)
class Surface:
    """An area as drawn: SVG path and number of its class (None = nothing to divide by)."""

    path: str
    number: int | None
    derived: bool


@dataclass(frozen=True)
class Label:
    """A name as drawn.

    Attributes
    ----------
    x, y : float
        Middle and baseline of the first line.
    figure : bool
        Whether the figure has room below the name.
    plate : tuple of float or None
        Left, top, width and height of a ground in the colour of its class, where the name reaches beyond its area.
    """

    x: float
    y: float
    name: str
    ratio: float | None
    number: int | None
    figure: bool
    plate: Box | None


@dataclass(frozen=True)
class Mark:
    """A gap area as drawn; ``x`` and ``y`` are those of its number, None for one that is not numbered."""

    path: str
    number: int
    x: float | None
    y: float | None


@dataclass(frozen=True)
class Picture:
    """The map in millimetres, y downward; ``scale_mm`` on paper are ``scale_m`` metres on the ground."""

    width: float
    height: float
    surfaces: tuple[Surface, ...]
    marks: tuple[Mark, ...]
    labels: tuple[Label, ...]
    scale_mm: float
    scale_m: int


class Sheet:
    """Degrees to millimetres, north up, the whole in the middle."""

    def __init__(self, bounds: Box, width: float, height: float) -> None:
        west, south, east, north = bounds
        (x0, x1), (y0, y1) = world_xy([west, east], [north, south])
        self.width, self.height = width, height
        self.unit = min((width - 2 * _RIM_MM) / max(1.0, x1 - x0), (height - 2 * _RIM_MM) / max(1.0, y1 - y0))
        self.left = (x0 + x1) / 2 - width / 2 / self.unit
        self.top = (y0 + y1) / 2 - height / 2 / self.unit
        self.metres = Plane.around([(x0 + x1) / 2], [(y0 + y1) / 2]).unit_m / self.unit  # of a millimetre

    def place(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = world_xy(lonlat[:, 0], lonlat[:, 1])
        return np.stack([(x - self.left) * self.unit, (y - self.top) * self.unit], axis=1)

    def spot(self, lonlat: Sequence[float]) -> tuple[float, float]:
        x, y = self.place(np.asarray([lonlat[:2]], dtype=float))[0]
        return float(x), float(y)


def draw_map(
    areas: Sequence[PaperArea], gaps: Sequence[PaperGap], *, width: float, height: float, target: float, numbered: int
) -> Picture | None:
    """Lay out the map.

    Parameters
    ----------
    areas : sequence of PaperArea
        Areas of one level; those without a geometry are not drawn.
    gaps : sequence of PaperGap
        Gap areas, the first on top; the first ``numbered`` get their number.
    width, height : float
        Millimetres.
    target : float
        Ratio at which the last class begins.

    Returns
    -------
    Picture or None
        None if no area has a geometry.
    """
    shapes = [shape(area.geometry) if area.geometry else None for area in areas]
    bounds = _bounds(shapes)
    if bounds is None:
        return None
    sheet = Sheet(bounds, width, height)
    marks = _marks(gaps, sheet, numbered)
    taken = [_around(mark.x, mark.y, _DISC_MM) for mark in marks if mark.x is not None and mark.y is not None]
    scale_m = round_length(sheet.metres * width / 5)
    taken.append((width - _RIM_MM - scale_m / sheet.metres - 2, height - 9, width, height))
    return Picture(
        width=width,
        height=height,
        surfaces=tuple(
            Surface(_path(one, sheet), class_of(area.ratio, target), area.derived)
            for area, one in zip(areas, shapes, strict=True)
            if one is not None and not one.is_empty
        ),
        marks=tuple(marks),
        labels=tuple(_labels(areas, shapes, sheet, target, taken)),
        scale_mm=round(scale_m / sheet.metres, 2),
        scale_m=scale_m,
    )


def is_narrow(areas: Sequence[PaperArea]) -> bool:
    """Whether the areas together are not much broader than high, so that something has room beside them."""
    bounds = _bounds([shape(area.geometry) for area in areas if area.geometry])
    if bounds is None:
        return False
    (x0, x1), (y0, y1) = world_xy([bounds[0], bounds[2]], [bounds[3], bounds[1]])
    return bool(x1 - x0 <= _BROAD * (y1 - y0))


def _bounds(shapes: Sequence[BaseGeometry | None]) -> Box | None:
    boxes = [one.bounds for one in shapes if one is not None and not one.is_empty]
    if not boxes:
        return None
    west, south, _, _ = (float(value) for value in np.min(boxes, axis=0))
    _, _, east, north = (float(value) for value in np.max(boxes, axis=0))
    return west, south, east, north


def _rings(geometry: BaseGeometry) -> Iterable[NDArray[np.float64]]:
    for part in getattr(geometry, "geoms", [geometry]):
        if part.geom_type == "Polygon" and not part.is_empty:
            for ring in (part.exterior, *part.interiors):
                yield np.asarray(ring.coords)[:, :2]


def _path(geometry: BaseGeometry, sheet: Sheet) -> str:
    words = []
    for ring in _rings(geometry):
        points = sheet.place(ring)
        words.append("M" + "L".join(f"{x:.2f},{y:.2f}" for x, y in points[:-1]) + "Z")
    return "".join(words)


def _marks(gaps: Sequence[PaperGap], sheet: Sheet, numbered: int) -> list[Mark]:
    marks: list[Mark] = []
    taken: list[Box] = []
    for n, gap in enumerate(gaps):
        path = _path(shape(gap.outline), sheet)
        spot: tuple[float, float] | None = None
        if n < numbered:
            x, y = sheet.spot(gap.centre)
            spot = next(
                (
                    (x + dx * 2 * _DISC_MM, y + dy * 2 * _DISC_MM)
                    for dx, dy in _DISC_ASIDE
                    if _is_free(_around(x + dx * 2 * _DISC_MM, y + dy * 2 * _DISC_MM, _DISC_MM), taken)
                ),
                (x, y),
            )
            taken.append(_around(*spot, _DISC_MM))
        marks.append(Mark(path, gap.number, *((round(spot[0], 2), round(spot[1], 2)) if spot else (None, None))))
    return marks


def _labels(
    areas: Sequence[PaperArea],
    shapes: Sequence[BaseGeometry | None],
    sheet: Sheet,
    target: float,
    taken: list[Box],
) -> Iterable[Label]:
    # Where two have no room for their names, the one with more to do keeps its own.
    for n in sorted(range(len(areas)), key=lambda n: (-areas[n].remaining, areas[n].name)):
        area, one = areas[n], shapes[n]
        spot = area.spot or (one.representative_point().coords[0] if one is not None and not one.is_empty else None)
        if spot is None:
            continue
        x, y = sheet.spot(spot)
        name = area.name if len(area.name) <= _LONGEST_NAME else area.name[: _LONGEST_NAME - 1] + "…"
        for figure in (True, False):
            wide = max(_wide(name), _wide(_FIGURE) if figure else 0.0)
            tall = _LINE_MM * (2 if figure else 1)
            tried = ((x + dx, y + dy) for dx, dy in _ASIDE)
            at = next((at for at in tried if _fits(_label_box(at, wide, tall), sheet, taken)), None)
            if at is None:
                continue
            box = _label_box(at, wide, tall)
            taken.append(box)
            number = class_of(area.ratio, target)
            least = _INSIDE_WHITE if number in _WHITE_ON else _INSIDE_DARK
            yield Label(
                x=round(at[0], 2),
                y=round(box[1] + _LINE_MM * 0.8, 2),
                name=name,
                ratio=area.ratio,
                number=number,
                figure=figure,
                plate=None if _part_inside(box, one, sheet) >= least else (box[0], box[1], round(wide, 2), tall),
            )
            break


def _part_inside(box: Box, geometry: BaseGeometry | None, sheet: Sheet) -> float:
    if geometry is None or geometry.is_empty:
        return 0.0
    name = rectangle(*box)
    return float(make_valid(transform(geometry, sheet.place)).intersection(name).area / name.area)


def _wide(words: str) -> float:
    """Width in millimetres: a Chinese character is as wide as it is high, a Latin one a little over half."""
    return TYPE_MM * sum(1.0 if ord(one) > 0x2E80 else 0.6 for one in words) + 0.8


def _label_box(at: tuple[float, float], wide: float, tall: float) -> Box:
    x, y = at
    return (
        round(x - wide / 2, 2),
        round(y - tall / 2, 2),
        round(x + wide / 2, 2),
        round(y + tall / 2, 2),
    )


def _fits(box: Box, sheet: Sheet, taken: Sequence[Box]) -> bool:
    inside = box[0] >= 0 and box[1] >= 0 and box[2] <= sheet.width and box[3] <= sheet.height
    return inside and _is_free(box, taken)


def _around(x: float, y: float, r: float) -> Box:
    return (x - r, y - r, x + r, y + r)


def _is_free(box: Box, taken: Sequence[Box]) -> bool:
    return not any(box[0] < b[2] and box[2] > b[0] and box[1] < b[3] and box[3] > b[1] for b in taken)


def round_length(metres: float) -> int:
    """The largest of 1, 2, 5, 10 … metres that is no more."""
    power = 10 ** int(np.floor(np.log10(max(1.0, metres))))
    return int(max(step * power for step in (1, 2, 5) if step * power <= max(1.0, metres)))
