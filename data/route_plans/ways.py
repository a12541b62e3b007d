"""Ways between the places of a plan: measured once, kept with it, so that a change costs no measuring."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from data.tables import RouteProblem
from geo.routing.problem import Problem
from geo.routing.travel import MatrixTravel, PointTravel, Travel

# Of more places no table is made: it would be some hundred megabytes, and straight lines serve.
MOST_MEASURED = 2_000


@dataclass(frozen=True, eq=False)
class KeptTravel(MatrixTravel):
    """Measured ways, with those that are guessed.

    Attributes
    ----------
    guessed : ndarray of bool, shape (modes, places, places)
    """

    guessed: NDArray[np.bool_] | None = None


def measure_ways(session: Session, problem: Problem) -> Problem:
    """The problem with ways as good as they are to be had.

    Parameters
    ----------
    session : Session
        May read the roads.
    problem : Problem
        With ways guessed from points.
    """
    del session  # no roads are kept yet: straight lines with a detour, marked as estimated
    return problem


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
    guessed = travel.guessed if travel.guessed is not None else np.zeros(travel.table.shape, dtype=bool)
    parts = (travel.table.astype("<i4"), travel.lengths.astype("<i4"), guessed.astype("u1"))
    return list(travel.modes), travel.places, zlib.compress(b"".join(part.tobytes() for part in parts), 1)


def with_ways(problem: Problem, modes: Sequence[str], places: int, ways: bytes | None) -> Problem:
    """The problem with the ways that were kept with it; as it is where there are none or they are of other places."""
    if ways is None or places != problem.travel.places or tuple(modes) != problem.travel.modes:
        return problem
    shape = (len(modes), places, places)
    many = len(modes) * places * places
    raw = zlib.decompress(ways)
    table = np.frombuffer(raw, dtype="<i4", count=many).reshape(shape)
    lengths = np.frombuffer(raw, dtype="<i4", count=many, offset=4 * many).reshape(shape)
    guessed = np.frombuffer(raw, dtype="u1", count=many, offset=8 * many).reshape(shape).astype(bool)
    travel = KeptTravel(tuple(modes), table.astype(np.int64), lengths.astype(np.int64), bool(guessed.all()), guessed)
    return replace(problem, travel=travel)


def is_guessed(travel: Travel, mode: int, start: int, end: int) -> bool:
    """Whether one way is guessed from a straight line."""
    if isinstance(travel, KeptTravel) and travel.guessed is not None:
        return bool(travel.guessed[mode, start, end])
    return travel.estimated


def points_of(problem: Problem) -> NDArray[np.float64] | None:
    """Longitude and latitude of the places, shape (places, 2); None where they have none."""
    travel = problem.travel
    return travel.points if isinstance(travel, PointTravel) else None
