"""Numbers of Web-Mercator tiles, and their z-order; the database holds the same formulas in SQL.

Written so that both give the same integers: one formula, double precision, floor, then clamped to the square world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

WORLD_ZOOM = 31
MORTON_ZOOM = 20
_SPREAD = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)
_SPREAD_BYTES = tuple(sum((byte >> bit & 1) << 2 * bit for bit in range(8)) for byte in range(256))


def world_xy(lon: ArrayLike, lat: ArrayLike, zoom: int = WORLD_ZOOM) -> tuple[Any, Any]:
    """Number the tile of a place.

    ``x = floor((lon + 180) / 360 · 2^zoom)``, ``y = floor((0.5 − ln((1 + sin lat) / (1 − sin lat)) / 4π) · 2^zoom)``.

    Parameters
    ----------
    lon, lat : array_like
        WGS-84 degrees, no missing values. Beyond ±85.0511° of latitude the outermost row is given.
    zoom : int
        0 to 31. At 31 one unit is 1.9 cm on the equator: fine enough to keep as a position.

    Returns
    -------
    tuple
        ``(x, y)``, ints for scalars and int64 arrays for arrays, from 0 to 2^zoom − 1; y grows southward.
    """
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
    side = float(1 << zoom)
    # Kept a hair inside the poles, where the logarithm is infinite; the clamp below gives the same tile.
    sine = np.clip(np.sin(np.radians(y)), -0.9999999, 0.9999999)
    column = np.floor((x + 180.0) / 360.0 * side)
    row = np.floor((0.5 - np.log((1.0 + sine) / (1.0 - sine)) / (4.0 * np.pi)) * side)
    return _integers(np.clip(column, 0, side - 1)), _integers(np.clip(row, 0, side - 1))


EARTH_M = 40_075_016.686


@dataclass(frozen=True)
class Plane:
    """Metres on a plane that touches the world at one latitude: for distances inside a county, to a part in a hundred.

    Attributes
    ----------
    x, y : float
        World units (zoom 31) of the plane's origin.
    unit_m : float
        Metres of one world unit at that latitude.
    """

    x: float
    y: float
    unit_m: float

    @classmethod
    def around(cls, x: ArrayLike, y: ArrayLike) -> Plane:
        """The plane in the middle of places given in world units; any plane for none."""
        column, row = (
            float(np.median(np.asarray(part, dtype=float))) if np.size(part) else 0.5 * (1 << WORLD_ZOOM)
            for part in (x, y)
        )
        latitude = np.arctan(np.sinh(np.pi * (1.0 - 2.0 * row / (1 << WORLD_ZOOM))))
        return cls(column, row, EARTH_M * float(np.cos(latitude)) / (1 << WORLD_ZOOM))

    def metres(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """World units to metres east and north of the origin, shape (n, 2)."""
        east, north = np.asarray(x, dtype=float) - self.x, self.y - np.asarray(y, dtype=float)
        return np.stack([east, north], axis=-1).reshape(-1, 2) * self.unit_m

    def lonlat(self, metres: NDArray[np.float64]) -> NDArray[np.float64]:
        """Metres back to longitude and latitude, shape (n, 2)."""
        side = float(1 << WORLD_ZOOM)
        column, row = self.x + metres[:, 0] / self.unit_m, self.y - metres[:, 1] / self.unit_m
        latitude = np.degrees(np.arctan(np.sinh(np.pi * (1.0 - 2.0 * row / side))))
        return np.stack([column / side * 360.0 - 180.0, latitude], axis=1)


def morton(x: ArrayLike, y: ArrayLike) -> Any:
    """Interleave a tile's numbers into its z-order, the bit of x lowest.

    Parameters
    ----------
    x, y : array_like of int
        Tile numbers, by custom of zoom 20; below 2^31.

    Returns
    -------
    int or ndarray of int64
        Below 2^40 for zoom 20. All places of one tile of any lower zoom lie in one range (:func:`tile_range`).
    """
    both = _spread(x) | (_spread(y) << np.uint64(1))
    return _integers(both)


def unmorton(number: ArrayLike) -> tuple[Any, Any]:
    """Take a z-order apart into the tile's numbers: the inverse of :func:`morton`.

    Parameters
    ----------
    number : array_like of int
        From 0 to 2^62 - 1.

    Returns
    -------
    tuple
        ``(x, y)``, ints for scalars and int64 arrays for arrays.
    """
    both = np.asarray(number, dtype=np.uint64)
    return _integers(_gather(both)), _integers(_gather(both >> np.uint64(1)))


def place_morton(lon: ArrayLike, lat: ArrayLike) -> Any:
    """Give the z-order of the zoom-20 tile of a place (degrees, as :func:`world_xy`)."""
    return morton(*world_xy(lon, lat, MORTON_ZOOM))


def tile_range(z: int, x: int, y: int) -> tuple[int, int]:
    """Give the z-orders (zoom 20) of a tile as a half-open range.

    Parameters
    ----------
    z, x, y : int
        Tile number with z from 0 to 20 and x, y within 0 … 2^z − 1.

    Returns
    -------
    tuple of int
        ``(lo, hi)``: a place is in the tile when ``lo <= morton < hi``.

    Raises
    ------
    ValueError
        If there is no such tile.
    """
    _check(z, x, y)
    if z > MORTON_ZOOM:
        raise ValueError(f"zoom {z} is finer than the z-order, which ends at {MORTON_ZOOM}")
    shift = 2 * (MORTON_ZOOM - z)
    first = _spread_one(int(x)) | _spread_one(int(y)) << 1
    return first << shift, (first + 1) << shift


def box_ranges(west: float, south: float, east: float, north: float) -> list[tuple[int, int]]:
    """Give the z-orders (zoom 20) of a box as a few half-open ranges, ascending and apart.

    Parameters
    ----------
    west, south, east, north : float
        WGS-84 degrees.

    Returns
    -------
    list of (int, int)
        Of at most 25 tiles, of the finest zoom at which the box takes no more; they cover the box and a rim round it.
    """
    z = MORTON_ZOOM
    while True:
        (left, top), (right, bottom) = world_xy(west, north, z), world_xy(east, south, z)
        if (right - left <= 4 and bottom - top <= 4) or z == 0:
            break
        z -= 1
    tiles = sorted(tile_range(z, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))
    ranges = [tiles[0]]
    for low, high in tiles[1:]:
        if low == ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], high)
        else:
            ranges.append((low, high))
    return ranges


def tile_bounds(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """Give (west, south, east, north) of a tile in WGS-84 degrees.

    Raises
    ------
    ValueError
        If there is no such tile (z from 0 to 31).
    """
    _check(z, x, y)
    side = float(1 << z)
    west, east = x / side * 360.0 - 180.0, (x + 1) / side * 360.0 - 180.0
    north, south = (float(np.degrees(np.arctan(np.sinh(np.pi * (1.0 - 2.0 * row / side))))) for row in (y, y + 1))
    return west, south, east, north


def _check(z: int, x: int, y: int) -> None:
    if not (0 <= z <= WORLD_ZOOM and 0 <= x < 1 << z and 0 <= y < 1 << z):
        raise ValueError(f"there is no tile {z}/{x}/{y}")


def _spread(number: ArrayLike) -> NDArray[np.uint64]:
    """Move the bits of a number apart, so that another number fits between them."""
    bits = np.asarray(number, dtype=np.uint64)
    for shift, mask in _SPREAD:
        bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
    return bits


def _spread_one(number: int) -> int:
    """Do the same for one number below 2^32, byte by byte: dozens are needed for a tile, and arrays of one are slow."""
    low = _SPREAD_BYTES[number & 255] | _SPREAD_BYTES[number >> 8 & 255] << 16
    return low | _SPREAD_BYTES[number >> 16 & 255] << 32 | _SPREAD_BYTES[number >> 24] << 48


def _gather(both: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Take every second bit of a number and move them together; undoes :func:`_spread`."""
    bits = both & np.uint64(_SPREAD[-1][1])
    masks = [mask for _, mask in _SPREAD[-2::-1]] + [0x00000000FFFFFFFF]
    for (shift, _), mask in zip(reversed(_SPREAD), masks, strict=True):
        bits = (bits | (bits >> np.uint64(shift))) & np.uint64(mask)
    return bits


def _integers(numbers: NDArray[Any]) -> Any:
    whole = np.asarray(numbers).astype(np.int64)
    return int(whole) if whole.ndim == 0 else whole
