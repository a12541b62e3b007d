"""Measured ways of a plan of routes are kept for the modes somebody moves by, and read as they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data.route_plans.ways import KeptTravel, is_guessed, pack_ways, with_ways
from geo.routing.problem import Household, Inspector, Problem, Shift
from geo.routing.travel import NO_WAY, PointTravel

SPEEDS = {"walk": 4.5, "ebike": 18.0, "car": 30.0}
POINTS = np.array([[118.80, 36.40], [118.81, 36.40], [118.80, 36.41]])


def problem() -> Problem:
    inspector = Inspector("i1", 0, 0, (Shift(30_000, 60_000),), mode=1)
    return Problem(PointTravel(POINTS, SPEEDS), (inspector,), (Household("h1", 1), Household("h2", 2)))


def kept(seconds: np.ndarray, metres: np.ndarray, guessed: np.ndarray, rows: list[int]) -> KeptTravel:
    return KeptTravel(tuple(SPEEDS), seconds, metres, False, np.array(rows), guessed, POINTS)


@given(seed=st.integers(0, 2**32 - 1), rows=st.sampled_from([[-1, 0, -1], [0, -1, 1], [0, 1, 2]]))
def test_ways_are_read_as_they_were_kept(seed: int, rows: list[int]) -> None:
    chance = np.random.default_rng(seed)
    shape = (max(rows) + 1, 3, 3)
    seconds = chance.choice([0, 7, 3600, NO_WAY], shape).astype(np.int32)
    travel = kept(seconds, seconds * 3 % NO_WAY, chance.random(shape) < 0.5, rows)
    packed = pack_ways(travel)
    assert packed is not None
    assert packed[0] == [mode for mode, row in zip(SPEEDS, rows, strict=True) if row >= 0]
    read = with_ways(problem(), *packed).travel
    a, b = np.arange(3)[:, None], np.arange(3)
    for mode, row in enumerate(rows):
        expected = travel.table[row] if row >= 0 else np.full((3, 3), NO_WAY)
        assert (read.seconds(mode, a, b) == expected).all()
        assert read.seconds(mode, 0, 1).dtype == np.int64
        if row >= 0:
            assert (read.metres(mode, a, b) == travel.lengths[row]).all()
            assert read.coordinates(mode).shape == (3, 3)
            assert [is_guessed(read, mode, 0, at) for at in range(3)] == list(travel.guessed[row, 0])


def test_ways_of_other_places_or_modes_are_left_alone() -> None:
    straight = problem()
    packed = pack_ways(kept(*(np.zeros((1, 3, 3), dtype=np.int32),) * 2, np.zeros((1, 3, 3), dtype=bool), [-1, 0, -1]))
    assert packed is not None
    assert pack_ways(straight.travel) is None
    assert with_ways(straight, packed[0], packed[1], None) is straight
    assert with_ways(straight, ["boat"], packed[1], packed[2]) is straight
    fewer = replace(straight, travel=PointTravel(np.vstack([POINTS, POINTS]), SPEEDS))
    assert with_ways(fewer, *packed) is fewer
