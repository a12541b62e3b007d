"""The invented land under the sample township: relief, outline, water and woods, drawn on a plane in metres.

The plane has its origin at the township's centre, x east and y north. It is a drawing board, not a map projection:
:func:`to_degrees` stretches it onto longitude and latitude with fixed factors, so that the sample is the same to the
last bit on every machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from shapely.geometry import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]

CENTRE = (118.860, 36.447)
# Metres in one degree of longitude and of latitude on the CGCS2000 ellipsoid at 36.447° N.
METRES_PER_DEGREE = (89_652.0880, 110_967.2826)

RESERVOIR_AT = (-3650.0, -2750.0)
_RIVER = [
    (-2950, -2250),
    (-2100, -1750),
    (-1300, -1250),
    (-820, -480),
    (-500, 500),
    (-120, 1500),
    (330, 2600),
    (120, 3700),
    (-350, 4700),
    (-420, 6200),
    (100, 9000),
    (-200, 13000),
]
_STREAMS = [
    [(3900, -13000), (3700, -8000), (2900, -5200), (2150, -3700), (1300, -2500), (300, -1700), (-820, -480)],
    [(13000, 2500), (9000, 2500), (6300, 2750), (4500, 2100), (2900, 2200), (1500, 1750), (40, 1950)],
    [(-7200, -5200), (-5800, -4300), (-4300, -3300)],
]
RIVER_WIDTH_M, STREAM_WIDTH_M = 26.0, 9.0


class Waves:
    """A smooth random height field: a sum of plane waves, defined at every point of the plane.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of directions and phases.
    length_m : float
        Typical wave length in metres.
    count : int
        Number of waves; the field's standard deviation is 1 whatever the number.
    """

    def __init__(self, rng: np.random.Generator, length_m: float, count: int = 14) -> None:
        angle = rng.uniform(0, 2 * np.pi, count)
        number = 2 * np.pi / (length_m * rng.uniform(0.6, 1.6, count))
        self._kx, self._ky = number * np.cos(angle), number * np.sin(angle)
        self._phase = rng.uniform(0, 2 * np.pi, count)
        self._scale = np.sqrt(2 / count)

    def __call__(self, x: Any, y: Any) -> Floats:
        """Height at each point; ``x`` and ``y`` are metres and broadcast together."""
        x, y = np.asarray(x, float)[..., None], np.asarray(y, float)[..., None]
        return np.asarray(self._scale * np.sin(self._kx * x + self._ky * y + self._phase).sum(axis=-1))


def to_degrees(geometries: Any) -> Any:
    """Move shapely geometries (one or an array) from the plane to EPSG:4326, rounded to 7 decimals (1 cm)."""
    return shapely.transform(geometries, degrees_of)


def degrees_of(xy: Floats) -> Floats:
    """Longitude and latitude of plane coordinates, shape (n, 2), rounded to 7 decimals."""
    return np.round(np.asarray(CENTRE) + np.asarray(xy, float) / np.asarray(METRES_PER_DEGREE), 7)


def smooth_line(points: list[tuple[float, float]], step_m: float = 25.0) -> LineString:
    """Draw a curve through the points (metres), with a vertex about every ``step_m`` metres."""
    xy = np.asarray(points, float)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    wanted = np.linspace(0, along[-1], max(2, int(along[-1] / step_m)))
    return LineString(CubicSpline(along, xy)(wanted))


class Terrain:
    """Relief, water, woods and the township's outline (all metres on the plane).

    Parameters
    ----------
    rng : numpy.random.Generator
        Seeded source; equal seeds give equal land.

    Attributes
    ----------
    outline : Polygon
        The township before its border is made wiggly by :meth:`warp`.
    reservoir, river, streams : Polygon, LineString, list of LineString
    water : BaseGeometry
        Everything wet as polygons.
    woods : list of Polygon
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._broad = [Waves(rng, 2600), Waves(rng, 2600)]
        self._fine = [Waves(rng, 620), Waves(rng, 620)]
        self._finest = [Waves(rng, 190), Waves(rng, 190)]
        self._relief = Waves(rng, 2300, 24)
        self._bumps = Waves(rng, 700, 24)
        self.outline = self._draw_outline(rng)
        self.reservoir = self._draw_reservoir(rng)
        self.river = self._meander(_RIVER, 22)
        self.streams = [self._meander(points, 30) for points in _STREAMS]
        wet = [self.reservoir, self.river.buffer(RIVER_WIDTH_M / 2, quad_segs=2)]
        wet += [stream.buffer(STREAM_WIDTH_M / 2, quad_segs=2) for stream in self.streams]
        self.water = shapely.union_all(wet)
        self.woods = self._draw_woods()

    def warp(self, xy: Floats) -> Floats:
        """Push plane points (n, 2) about so that straight borders become winding ones.

        The push is smooth and its slope stays below 1, so borders never cross after it and neighbours still share
        every vertex.
        """
        x, y = np.asarray(xy, float).T
        dx = 95 * self._broad[0](x, y) + 14 * self._fine[0](x, y) + 2.6 * self._finest[0](x, y)
        dy = 95 * self._broad[1](x, y) + 14 * self._fine[1](x, y) + 2.6 * self._finest[1](x, y)
        return np.column_stack([x + dx, y + dy])

    def height(self, x: Any, y: Any) -> Floats:
        """Relief from 0 (plain) to about 1 (the hills of the south-west)."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        hills = np.exp(-(((x + 5600) / 3300) ** 2 + ((y + 4700) / 2600) ** 2))
        knoll = 0.45 * np.exp(-(((x - 5300) / 1500) ** 2 + ((y - 4300) / 1600) ** 2))
        far = 0.5 * np.exp(-(((x + 9500) / 2600) ** 2 + ((y - 1500) / 3000) ** 2))
        return np.asarray((hills + knoll + far) * (1 + 0.30 * self._relief(x, y)) + 0.05 * self._relief(x, y))

    def _draw_woods(self) -> list[Polygon]:
        """Smooth patches on the hills, in and round the township, off the water."""
        step = 90.0
        x, y = np.meshgrid(np.arange(-9500, 9501, step), np.arange(-8000, 8001, step))
        wooded = self.height(x, y) + 0.14 * self._bumps(x, y) > 0.44
        cells = shapely.box(x[wooded], y[wooded], x[wooded] + step, y[wooded] + step)
        patches = shapely.union_all(cells).buffer(95).buffer(-190).buffer(120).simplify(6)
        patches = patches.difference(self.water.buffer(25, quad_segs=3))
        return [part for part in parts_of(patches) if part.area > 30_000]

    def _draw_outline(self, rng: np.random.Generator) -> Polygon:
        angle = np.linspace(0, 2 * np.pi, 361)[:-1]
        power = 2.7
        radius = (np.abs(np.cos(angle) / 5950) ** power + np.abs(np.sin(angle) / 5300) ** power) ** (-1 / power)
        for count, size in ((3, 0.028), (5, 0.032), (8, 0.030), (13, 0.022), (21, 0.013)):
            radius *= 1 + size * np.sin(count * angle + rng.uniform(0, 2 * np.pi))
        return Polygon(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))

    def _draw_reservoir(self, rng: np.random.Generator) -> Polygon:
        """A dammed valley: a wide basin at the dam, two arms reaching up into the hills."""
        x, y = RESERVOIR_AT
        basin = Point(x + 150, y + 120).buffer(560)
        arms = [
            LineString([(x, y), (x - 520, y - 160), (x - 950, y - 620), (x - 1150, y - 1050)]).buffer(210),
            LineString([(x + 100, y), (x + 120, y - 620), (x + 480, y - 1080)]).buffer(190),
        ]
        shape = shapely.union_all([basin, *arms, LineString([(x, y), (-2950, -2250)]).buffer(150)])
        shape = shape.buffer(-60).buffer(130).buffer(-70).segmentize(30)
        shore = Waves(rng, 520), Waves(rng, 520), Waves(rng, 170), Waves(rng, 170)

        def ragged(xy: Floats) -> Floats:
            x, y = xy.T
            return xy + np.column_stack(
                [45 * shore[0](x, y) + 9 * shore[2](x, y), 45 * shore[1](x, y) + 9 * shore[3](x, y)]
            )

        shape = shapely.transform(shape, ragged).buffer(0).simplify(2)
        return max(parts_of(shape), key=lambda part: part.area)

    def _meander(self, points: list[tuple[int, int]], swing_m: float) -> LineString:
        def swing(xy: Floats) -> Floats:
            x, y = xy.T
            return xy + swing_m * np.column_stack([self._fine[0](x, y), self._fine[1](x, y)])

        line = smooth_line([(float(x), float(y)) for x, y in points])
        return LineString(shapely.get_coordinates(shapely.transform(line, swing).simplify(1.5)))


def parts_of(geometry: BaseGeometry) -> list[Polygon]:
    """The polygons of a polygon, multipolygon or collection, in order; lines and points are left out."""
    if isinstance(geometry, Polygon):
        return [] if geometry.is_empty else [geometry]
    if isinstance(geometry, MultiPolygon) or hasattr(geometry, "geoms"):
        return [part for member in geometry.geoms for part in parts_of(member)]
    return []
