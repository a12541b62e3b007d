"""Travel times between places: along the roads of the store, across country where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from data.roads.network import Network, box_of, load_network, read_state
from geo.errors import FangtuError, Text
from geo.roads.modes import mode_named
from geo.roads.straight import great_circle_m, stretch
from geo.roads.ways import LAST_M, draw_ways, find_spots, measure_ways
from geo.routing.travel import NO_WAY, Ints, MatrixTravel

Floats = NDArray[np.float64]
LonLat = tuple[float, float]

# A matrix of so many places takes 400 MB for each way of moving.
MOST_PLACES = 5_000


class TooManyPlaces(FangtuError):
    """More places than one matrix holds."""

    code = "too_many_places"


@dataclass(frozen=True, eq=False)
class MeasuredTravel:
    """Ways between places, in the order the places were given in; a :class:`geo.routing.travel.Travel`.

    Attributes
    ----------
    modes : tuple of str
    table, lengths : ndarray of int64, shape (modes, n, n)
        Seconds and metres from row to column; :data:`geo.routing.travel.NO_WAY` where there is no way, which is where
        one of the two has no place (NaN).
    estimated : ndarray of bool, shape (modes, n, n)
        Whether that way, or part of it beyond the last metres, is no road.
    off_m : ndarray of float64, shape (modes, n)
        Straight metres from each place to the road it starts from; NaN where there is none near.
    """

    modes: tuple[str, ...]
    table: Ints
    lengths: Ints
    estimated: NDArray[np.bool_]
    off_m: Floats

    @property
    def places(self) -> int:
        return int(self.table.shape[1])

    def seconds(self, mode: object, a: object, b: object) -> Ints:
        """Seconds from places ``a`` to ``b`` by ``mode``, each broadcast."""
        return self.table[np.asarray(mode), np.asarray(a), np.asarray(b)]

    def metres(self, mode: object, a: object, b: object) -> Ints:
        """Metres of the same ways."""
        return self.lengths[np.asarray(mode), np.asarray(a), np.asarray(b)]

    def coordinates(self, mode: int) -> Floats:
        """Something to cluster places by: ways to and from landmarks."""
        return MatrixTravel(self.modes, self.table, self.lengths).coordinates(mode)


@dataclass(frozen=True)
class Leg:
    """One way as a line.

    Attributes
    ----------
    coords : list of (float, float)
        Longitude and latitude from the first place to the second; empty where there is no way.
    metres, seconds : float
        Infinite where there is no way.
    estimated : bool
        Whether it is a guess: a straight line, or one with more than the last metres off the road.
    """

    coords: list[LonLat]
    metres: float
    seconds: float
    estimated: bool


def measure_travel(session: Session, points: Floats, modes: Sequence[str]) -> MeasuredTravel:
    """Measure the ways between all pairs of places.

    Parameters
    ----------
    session : Session
        Anybody's who is signed in, or the owner's.
    points : ndarray of float, shape (n, 2)
        Longitude and latitude, WGS-84 (CGCS2000); NaN for a place that is not known.
    modes : sequence of str
        ``walk``, ``ebike``, ``car``.

    Raises
    ------
    TooManyPlaces
        If there are more than :data:`MOST_PLACES`.
    ModeUnknown
        If a way of moving is unknown.
    """
    points = np.asarray(points, dtype=float).reshape(-1, 2)
    if len(points) > MOST_PLACES:
        raise TooManyPlaces(
            Text(
                f"一次最多计算 {MOST_PLACES} 个地点之间的路程，这里有 {len(points)} 个。请按村分开。",
                f"At most {MOST_PLACES} places are measured at once, here are {len(points)}. Split them by village.",
            ),
            found=len(points),
            expected=MOST_PLACES,
        )
    state = read_state(session)
    network = _network(session, points)
    straight = stretch(great_circle_m(points[:, None], points[None, :]), state.factors)
    measured = [_measure(network, points, straight, name) for name in modes]
    tables, lengths, guessed, off = zip(*measured, strict=True) if measured else ((), (), (), ())
    shape = (len(tables), len(points), len(points))
    return MeasuredTravel(
        tuple(modes),
        np.array(tables, dtype=np.int64).reshape(shape),
        np.array(lengths, dtype=np.int64).reshape(shape),
        np.array(guessed, dtype=bool).reshape(shape),
        np.array(off, dtype=float).reshape(shape[:2]),
    )


def draw_legs(session: Session, legs: Sequence[tuple[LonLat, LonLat]], mode: str) -> list[Leg]:
    """Draw ways.

    Parameters
    ----------
    session : Session
        Anybody's who is signed in, or the owner's.
    legs : sequence of ((lon, lat), (lon, lat))
        Where each starts and ends.
    mode : str
        ``walk``, ``ebike`` or ``car``.

    Returns
    -------
    list of Leg
        In the order given.
    """
    ends = np.array(legs, dtype=float).reshape(-1, 2)
    state, network = read_state(session), _network(session, ends)
    straight = stretch(great_circle_m(ends[0::2], ends[1::2]), state.factors)
    found: list[Leg | None] = [None] * len(legs)
    if network is not None:
        found = _draw(network, ends, len(legs), mode)
    return [leg if leg is not None else _across(legs[at], float(straight[at]), mode) for at, leg in enumerate(found)]


def _network(session: Session, points: Floats) -> Network | None:
    box = box_of(points)
    return load_network(session, box) if box is not None else None


def _measure(
    network: Network | None, points: Floats, straight: Floats, name: str
) -> tuple[Ints, Ints, NDArray[np.bool_], Floats]:
    """Measure one way of moving: along the roads where they join the two, else across country."""
    mode = mode_named(name)
    seconds, metres = straight * 3.6 / mode.speed, straight
    guessed = np.ones(straight.shape, dtype=bool)
    off = np.full(len(points), np.nan)
    net = network.net(name) if network is not None else None
    if net is not None and len(net.used):
        spots = find_spots(net, net.edges.to_plane(points))
        ways = measure_ways(net, spots)
        off = spots.off_m
        joined = np.isfinite(ways.seconds) & np.isfinite(straight)
        seconds, metres = np.where(joined, ways.seconds, seconds), np.where(joined, ways.metres, metres)
        far = ~(off <= LAST_M)
        guessed = ~joined | far[:, None] | far[None, :]
        np.fill_diagonal(guessed, ~joined.diagonal() | far)
    return _whole(seconds), _whole(metres), guessed, off


def _draw(network: Network, ends: Floats, count: int, mode: str) -> list[Leg | None]:
    """Draw ways along the roads; None where they do not join the two."""
    net = network.net(mode)
    if not len(net.used):
        return [None] * count
    places, number = np.unique(ends, axis=0, return_inverse=True)
    number = number.ravel()
    xy = net.edges.to_plane(places)
    spots = find_spots(net, xy)
    pairs = [(int(number[2 * at]), int(number[2 * at + 1])) for at in range(count)]
    ways = measure_ways(net, spots)
    found: list[Leg | None] = []
    for (a, b), line in zip(pairs, draw_ways(net, xy, spots, pairs), strict=True):
        if line is None or not np.isfinite(ways.seconds[a, b]):
            found.append(None)
            continue
        far = not (spots.off_m[a] <= LAST_M and spots.off_m[b] <= LAST_M)
        coords = [(float(lon), float(lat)) for lon, lat in net.edges.to_degrees(line)]
        found.append(Leg(coords, float(ways.metres[a, b]), float(ways.seconds[a, b]), far))
    return found


def _across(leg: tuple[LonLat, LonLat], metres: float, mode: str) -> Leg:
    """A way across country: a straight line with the metres it is likely to have."""
    if not np.isfinite(metres):
        return Leg([], float("inf"), float("inf"), estimated=True)
    return Leg(list(leg), metres, metres * 3.6 / mode_named(mode).speed, estimated=True)


def _whole(values: Floats) -> Ints:
    """Round to whole numbers, with :data:`NO_WAY` where there is none."""
    return np.where(np.isfinite(values), np.rint(np.nan_to_num(values, posinf=0.0)), NO_WAY).astype(np.int64)
