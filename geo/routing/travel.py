"""How long it takes from place to place: a matrix of the roads, or points with a speed and a detour factor.

A place is a row number. Everything that plans asks a :class:`Travel` for the pairs it needs, so that thousands of
households never need a matrix of all pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Seconds and metres where there is no way: longer than any plan, small enough for sums of 32-bit programs.
NO_WAY = 100_000_000
# Mean radius of the IUGG, metres.
EARTH_M = 6_371_008.8
# True way by straight line, where no roads are known: median of 341 houses of an alpine valley 1.24, between 0.5 and
# 5 km 1.35 to 1.8.
DETOUR = 1.35

Ints = NDArray[np.int64]


class Travel(Protocol):
    """Ways between places.

    Attributes
    ----------
    modes : tuple of str
        Ways of moving; inspectors name one, arrays give it by position.
    places : int
        How many places there are; they are numbered from 0.
    estimated : bool or ndarray of bool, shape (modes, places, places)
        Whether the figures are guessed from straight lines, or which of them are.
    """

    @property
    def modes(self) -> tuple[str, ...]: ...

    @property
    def places(self) -> int: ...

    @property
    def estimated(self) -> bool | NDArray[np.bool_]: ...

    def seconds(self, mode: ArrayLike, a: ArrayLike, b: ArrayLike) -> Ints:
        """Seconds from places ``a`` to ``b`` by ``mode``, each broadcast; :data:`NO_WAY` where there is none."""

    def metres(self, mode: ArrayLike, a: ArrayLike, b: ArrayLike) -> Ints:
        """Metres of the same ways."""

    def coordinates(self, mode: int) -> NDArray[np.float64]:
        """Something to cluster places by, shape (places, k): the nearer the way, the nearer the numbers."""


@dataclass(frozen=True, eq=False)
class MatrixTravel:
    """Ways read from a road network.

    Attributes
    ----------
    modes : tuple of str
    table : ndarray of int64, shape (modes, places, places)
        Seconds, :data:`NO_WAY` where there is no way.
    lengths : ndarray of int64, shape (modes, places, places)
        Metres.
    """

    modes: tuple[str, ...]
    table: Ints
    lengths: Ints
    estimated: bool = False

    @property
    def places(self) -> int:
        return int(self.table.shape[1])

    def seconds(self, mode: ArrayLike, a: ArrayLike, b: ArrayLike) -> Ints:
        return self.table[np.asarray(mode), np.asarray(a), np.asarray(b)]

    def metres(self, mode: ArrayLike, a: ArrayLike, b: ArrayLike) -> Ints:
        return self.lengths[np.asarray(mode), np.asarray(a), np.asarray(b)]

    def coordinates(self, mode: int) -> NDArray[np.float64]:
        return landmarks(self.table[mode])


def landmarks(ways: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Ways to and from landmarks, each the place farthest from those before it: the nearer the way, the nearer these.

    Parameters
    ----------
    ways : ndarray of int, shape (places, places)
        Seconds, :data:`NO_WAY` where there is none.

    Returns
    -------
    ndarray of float, shape (places, k)
        ``k`` is 8, or the number of places if that is less.
    """
    both = np.minimum(ways, ways.T).astype(float)
    marks = [0]
    nearest = both[0].copy()
    for _ in range(min(7, len(ways) - 1)):
        marks.append(int(np.argmax(np.where(nearest < NO_WAY, nearest, -1.0))))
        nearest = np.minimum(nearest, both[marks[-1]])
    return np.minimum(both[:, marks], 10.0 * max(1.0, float(np.median(both[:, marks]))))


@dataclass(frozen=True, eq=False)
class PointTravel:
    """Ways guessed from straight lines: distance, times a detour factor, by a speed for each mode.

    Attributes
    ----------
    points : ndarray of float, shape (places, 2)
        Longitude and latitude (EPSG:4326) where ``degrees``, otherwise metres of a plane.
    speeds : mapping of str to float
        Kilometres an hour by mode.
    detour : float
        True way by straight line.
    degrees : bool
    """

    points: NDArray[np.float64]
    speeds: Mapping[str, float]
    detour: float = DETOUR
    degrees: bool = True
    estimated: bool = True

    @property
    def modes(self) -> tuple[str, ...]:
        return tuple(self.speeds)

    @property
    def places(self) -> int:
        return len(self.points)

    def _metres(self, a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
        start, end = self.points[np.asarray(a)], self.points[np.asarray(b)]
        if not self.degrees:
            return np.hypot(start[..., 0] - end[..., 0], start[..., 1] - end[..., 1]) * self.detour
        # Haversine: exact enough for any distance and steady for near points.
        lon1, lat1, lon2, lat2 = (np.radians(part) for part in (*np.moveaxis(start, -1, 0), *np.moveaxis(end, -1, 0)))
        half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
        return 2 * EARTH_M * self.detour * np.arcsin(np.sqrt(np.minimum(half, 1.0)))

    def seconds(self, mode: ArrayLike, a: ArrayLike, b: ArrayLike) -> Ints:
        pace = np.array([3.6 / speed for speed in self.speeds.values()])
        return np.rint(self._metres(a, b) * pace[np.asarray(mode)]).astype(np.int64)

    def metres(self, mode: ArrayLike, a: ArrayLike, b: ArrayLike) -> Ints:
        whole = np.rint(self._metres(a, b)).astype(np.int64)
        return np.broadcast_to(whole, np.broadcast_shapes(whole.shape, np.shape(mode)))

    def coordinates(self, mode: int) -> NDArray[np.float64]:
        if not self.degrees:
            return self.points
        # Degrees of longitude shrink to the poles; good enough to say what lies near what.
        middle = float(np.radians(self.points[:, 1].mean())) if len(self.points) else 0.0
        return self.points * np.array([np.cos(middle), 1.0]) * 111_195.0


@dataclass(frozen=True, eq=False)
class TruncatedPlane:
    """Ways of the instances of Solomon and of Gehring and Homberger, as the DIMACS challenge counts them.

    Ten times the straight line, truncated: whole numbers that stand for one decimal. Time and length are the same.

    Attributes
    ----------
    points : ndarray of float, shape (places, 2)
    """

    points: NDArray[np.float64]
    estimated: bool = False

    @property
    def modes(self) -> tuple[str, ...]:
        return ("plane",)

    @property
    def places(self) -> int:
        return len(self.points)

    def seconds(self, mode: ArrayLike, a: ArrayLike, b: ArrayLike) -> Ints:
        way = self.points[np.asarray(a)] - self.points[np.asarray(b)]
        whole = np.floor(10 * np.hypot(way[..., 0], way[..., 1])).astype(np.int64)
        return np.broadcast_to(whole, np.broadcast_shapes(whole.shape, np.shape(mode)))

    def metres(self, mode: ArrayLike, a: ArrayLike, b: ArrayLike) -> Ints:
        return self.seconds(mode, a, b)

    def coordinates(self, mode: int) -> NDArray[np.float64]:
        return self.points


def make_matrix(
    seconds: Mapping[str, Sequence[Sequence[float]]], metres: Mapping[str, Sequence[Sequence[float]]]
) -> MatrixTravel:
    """Matrices by mode as one table.

    Parameters
    ----------
    seconds, metres : mapping of str to sequence, shape (n, n)
        The same modes and size; :data:`NO_WAY` where there is no way, otherwise finite and not negative.
    """
    return MatrixTravel(
        tuple(seconds),
        np.stack([np.asarray(seconds[mode]) for mode in seconds]).astype(np.int64),
        np.stack([np.asarray(metres[mode]) for mode in seconds]).astype(np.int64),
    )
