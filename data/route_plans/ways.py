"""Ways between the places of a plan: measured once, kept with it, so that a change costs no measuring."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from data.tables import RouteProblem
from geo.routing.problem import Problem
from geo.routing.travel import NO_WAY, MatrixTravel, PointTravel, Travel

# Of more places no table is kept: each change would read tens of megabytes. Straight lines serve there.
MOST_MEASURED = 1_000


@dataclass(frozen=True, eq=False)
class KeptTravel(MatrixTravel):
    """Measured ways, with those that are guessed.

    Attributes
    ----------
    guessed : ndarray of bool, shape (modes, places, places)
    points : ndarray of float, shape (places, 2)
        Longitude and latitude.
    """

    guessed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0, 0), dtype=bool))
    points: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))


def measure_ways(session: Session, problem: Problem) -> Problem:
    """The problem with ways along roads, where there are any and it has at most :data:`MOST_MEASURED` places.

    Parameters
    ----------
    session : Session
        May read the roads.
    problem : Problem
        With ways guessed from points; it stays as it is where no road helps.
    """
    travel = problem.travel
    if not isinstance(travel, PointTravel) or not travel.degrees or travel.places > MOST_MEASURED:
        return problem
    from data.roads.travel import measure_travel  # brings scipy along

    used = sorted({one.mode for one in problem.inspectors})
    found = measure_travel(session, travel.points, [travel.modes[at] for at in used])
    if found.estimated.all():
        return problem
    shape = (len(travel.modes), travel.places, travel.places)
    table, lengths = np.full(shape, NO_WAY, dtype=np.int64), np.full(shape, NO_WAY, dtype=np.int64)
    guessed = np.ones(shape, dtype=bool)
    table[used], lengths[used], guessed[used] = found.table, found.lengths, found.estimated
    for at in range(travel.places):
        # From a place to itself there is nothing to guess, by whatever way of moving.
        table[:, at, at] = lengths[:, at, at] = 0
    return replace(problem, travel=KeptTravel(travel.modes, table, lengths, False, guessed, travel.points))


def keep_ways(session: Session, plan_id: int, problem: Problem) -> None:
    """Keep the measured ways of a problem with its plan; nothing where they are guessed."""
    packed = pack_ways(problem.travel)
    if packed is not None:
        row = session.get_one(RouteProblem, plan_id)
        row.modes, row.places, row.ways = packed
        session.flush()


def pack_ways(travel: Travel) -> tuple[list[str], int, bytes] | None:
    """Measured ways as they are kept: modes, number of places, bytes; None where they are guessed from points."""
    if not isinstance(travel, KeptTravel):
        return None
    parts = (travel.table.astype("<i4"), travel.lengths.astype("<i4"), travel.guessed.astype("u1"))
    return list(travel.modes), travel.places, zlib.compress(b"".join(part.tobytes() for part in parts), 1)


def with_ways(problem: Problem, modes: Sequence[str], places: int, ways: bytes | None) -> Problem:
    """The problem with the ways that were kept with it; as it is where there are none or they are of other places."""
    given = problem.travel
    if ways is None or not isinstance(given, PointTravel) or places != given.places or tuple(modes) != given.modes:
        return problem
    shape = (len(modes), places, places)
    many = len(modes) * places * places
    raw = zlib.decompress(ways)
    table = np.frombuffer(raw, dtype="<i4", count=many).reshape(shape)
    lengths = np.frombuffer(raw, dtype="<i4", count=many, offset=4 * many).reshape(shape)
    guessed = np.frombuffer(raw, dtype="u1", count=many, offset=8 * many).reshape(shape).astype(bool)
    travel = KeptTravel(
        given.modes, table.astype(np.int64), lengths.astype(np.int64), bool(guessed.all()), guessed, given.points
    )
    return replace(problem, travel=travel)


def is_guessed(travel: Travel, mode: int, start: int, end: int) -> bool:
    """Whether one way is guessed from a straight line."""
    if isinstance(travel, KeptTravel):
        return bool(travel.guessed[mode, start, end])
    return bool(np.all(travel.estimated))


def spot_of(problem: Problem, place: int) -> tuple[float, float]:
    """Longitude and latitude of a place of a problem that was made here: it always has points."""
    travel = problem.travel
    assert isinstance(travel, PointTravel | KeptTravel)
    lon, lat = travel.points[place]
    return float(lon), float(lat)
