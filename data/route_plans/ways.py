"""Ways between the places of a plan: measured once, kept with it, so that a change costs no measuring."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sqlalchemy.orm import Session

from data.tables import RouteProblem
from geo.routing.problem import Problem
from geo.routing.travel import NO_WAY, Ints, MatrixTravel, PointTravel, Travel, landmarks

# Of more ways no table is kept: each change would read more than some tens of megabytes. Straight lines serve there.
MOST_MEASURED = 2_500**2


@dataclass(frozen=True, eq=False)
class KeptTravel(MatrixTravel):
    """Measured ways of the modes that somebody moves by, with those that are guessed.

    Attributes
    ----------
    table, lengths : ndarray of int32, shape (measured, places, places)
        As for :class:`MatrixTravel`, of measured modes only.
    rows : ndarray of int, shape (modes,)
        Where a mode stands in them; -1 for one that is not measured, by which there is no way.
    guessed : ndarray of bool, shape (measured, places, places)
    points : ndarray of float, shape (places, 2)
        Longitude and latitude.
    """

    rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    guessed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0, 0), dtype=bool))
    points: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))

    @property
    def measured(self) -> dict[str, int]:
        """Where each measured mode stands in the tables."""
        return {mode: int(row) for mode, row in zip(self.modes, self.rows, strict=True) if row >= 0}

    def seconds(self, mode: ArrayLike, a: ArrayLike, b: ArrayLike) -> Ints:
        return self._ways(self.table, mode, a, b)

    def metres(self, mode: ArrayLike, a: ArrayLike, b: ArrayLike) -> Ints:
        return self._ways(self.lengths, mode, a, b)

    def coordinates(self, mode: int) -> NDArray[np.float64]:
        return landmarks(self.table[self.rows[mode]])

    def _ways(self, table: NDArray[np.integer[Any]], mode: ArrayLike, a: ArrayLike, b: ArrayLike) -> Ints:
        row = self.rows[np.asarray(mode)]
        found = table[np.maximum(row, 0), np.asarray(a), np.asarray(b)]
        return np.where(row < 0, NO_WAY, found).astype(np.int64)


def ways_to_measure(problem: Problem) -> int:
    """How many ways of a problem could be measured: from every place to every place, by each mode that somebody moves
    by; 0 where they are measured already."""
    travel = problem.travel
    if not isinstance(travel, PointTravel) or not travel.degrees:
        return 0
    return len({one.mode for one in problem.inspectors}) * travel.places**2


def measure_ways(session: Session, problem: Problem) -> Problem:
    """The problem with ways along roads, where there are any and at most :data:`MOST_MEASURED` ways.

    Parameters
    ----------
    session : Session
        May read the roads.
    problem : Problem
        With ways guessed from points; it stays as it is where no road helps.
    """
    travel = problem.travel
    if not isinstance(travel, PointTravel) or not 0 < ways_to_measure(problem) <= MOST_MEASURED:
        return problem
    used = sorted({one.mode for one in problem.inspectors})
    from data.roads.travel import measure_travel  # brings scipy along

    found = measure_travel(session, travel.points, [travel.modes[at] for at in used])
    if found.estimated.all():
        return problem
    table, lengths = found.table.astype(np.int32), found.lengths.astype(np.int32)
    same = np.arange(travel.places)
    # From a place to itself there is nothing to guess.
    table[:, same, same] = lengths[:, same, same] = 0
    rows = np.full(len(travel.modes), -1)
    rows[used] = np.arange(len(used))
    kept = KeptTravel(travel.modes, table, lengths, False, rows, np.asarray(found.estimated), travel.points)  # type: ignore[arg-type]
    return replace(problem, travel=kept)


def keep_ways(session: Session, plan_id: int, packed: tuple[list[str], int, bytes]) -> None:
    """Keep measured ways, as :func:`pack_ways` gives them, with their plan."""
    row = session.get_one(RouteProblem, plan_id)
    row.modes, row.places, row.ways = packed
    session.flush()


def pack_ways(travel: Travel) -> tuple[list[str], int, bytes] | None:
    """Measured ways as they are kept: modes, number of places, bytes; None where they are guessed from points."""
    if not isinstance(travel, KeptTravel):
        return None
    parts = (travel.table.astype("<i4"), travel.lengths.astype("<i4"), travel.guessed.astype("u1"))
    return list(travel.measured), travel.places, zlib.compress(b"".join(part.tobytes() for part in parts), 1)


def with_ways(problem: Problem, modes: Sequence[str], places: int, ways: bytes | None) -> Problem:
    """The problem with the ways that were kept with it; as it is where there are none or they are of other places."""
    given = problem.travel
    fits = isinstance(given, PointTravel) and places == given.places and set(modes) <= set(given.modes)
    if ways is None or not fits or not isinstance(given, PointTravel):
        return problem
    shape = (len(modes), places, places)
    many = len(modes) * places * places
    raw = zlib.decompress(ways)
    table = np.frombuffer(raw, dtype="<i4", count=many).reshape(shape)
    lengths = np.frombuffer(raw, dtype="<i4", count=many, offset=4 * many).reshape(shape)
    guessed = np.frombuffer(raw, dtype="u1", count=many, offset=8 * many).reshape(shape).astype(bool)
    rows = np.array([modes.index(mode) if mode in modes else -1 for mode in given.modes])
    travel = KeptTravel(given.modes, table, lengths, bool(guessed.all()), rows, guessed, given.points)
    return replace(problem, travel=travel)


def is_guessed(travel: Travel, mode: int, start: int, end: int) -> bool:
    """Whether one way is guessed from a straight line."""
    if isinstance(travel, KeptTravel):
        return bool(travel.guessed[travel.rows[mode], start, end])
    return bool(np.all(travel.estimated))


def spot_of(problem: Problem, place: int) -> tuple[float, float]:
    """Longitude and latitude of a place of a problem that was made here: it always has points."""
    travel = problem.travel
    assert isinstance(travel, PointTravel | KeptTravel)
    lon, lat = travel.points[place]
    return float(lon), float(lat)
