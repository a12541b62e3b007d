"""Ways between places: straight lines on the globe, truncated ones of the textbook, matrices with gaps."""

from __future__ import annotations

import numpy as np
import pytest

from geo.routing.problem import Household, Inspector, Problem, Shift
from geo.routing.solve import Progress, solve
from geo.routing.travel import DETOUR, NO_WAY, MatrixTravel, PointTravel, TruncatedPlane
from geo.routing.verify import verify_plan
from tests.benchmarks.route_towns import make_town


def test_a_degree_of_latitude_is_111_km_by_the_detour() -> None:
    travel = PointTravel(np.array([[118.0, 36.0], [118.0, 37.0], [119.0, 36.0]]), {"car": 30.0, "walk": 4.5})
    assert int(travel.metres(0, 0, 1)) == pytest.approx(111_195 * DETOUR, rel=1e-4)
    # A degree of longitude at 36° is cos 36° of that.
    assert int(travel.metres(0, 0, 2)) == pytest.approx(111_195 * np.cos(np.radians(36)) * DETOUR, rel=1e-3)
    hours = 111.195 * DETOUR / 30
    assert travel.seconds(np.array([0, 1]), 0, 1).tolist() == pytest.approx(
        [hours * 3600, hours * 3600 * 30 / 4.5], rel=1e-4
    )
    assert travel.estimated


def test_the_textbook_cuts_off_after_one_decimal() -> None:
    travel = TruncatedPlane(np.array([[0.0, 0.0], [1.0, 1.0]]))
    assert int(travel.seconds(0, 0, 1)) == 14


def test_a_place_without_a_way_is_far_from_all_when_places_are_clustered() -> None:
    table = np.array([[[0, 60, NO_WAY], [60, 0, NO_WAY], [NO_WAY, NO_WAY, 0]]])
    near = MatrixTravel(("walk",), table, table).coordinates(0)
    assert np.abs(near[0] - near[1]).max() < np.abs(near[0] - near[2]).max()


def test_a_matrix_of_more_households_than_one_piece_is_planned_in_parts() -> None:
    town = make_town(405, 4, 1, seed=6)
    places = np.arange(town.travel.places)
    modes = np.arange(3)[:, None, None]
    table = town.travel.seconds(modes, places[:, None], places[None, :])
    told: list[Progress] = []
    homes = tuple(Household(one.id, one.place, windows=one.windows) for one in town.households)
    problem = Problem(MatrixTravel(town.travel.modes, table, table), town.inspectors, homes)
    plan = solve(problem, rounds=0, workers=1, progress=told.append)
    assert verify_plan(problem, plan).good
    assert max(one.total for one in told) > 1
    assert plan.visits == 4 * 12


def test_many_inspectors_for_few_households_do_not_hang() -> None:
    travel = PointTravel(np.array([[118.0 + at / 1000, 36.0] for at in range(40)]), {"walk": 4.5})
    people = tuple(Inspector(f"i{at}", at % 40, at % 40, (Shift(28_800, 61_200),)) for at in range(1500))
    homes = tuple(Household(f"h{at}", at) for at in range(40))
    plan = solve(Problem(travel, people, homes), rounds=0)
    assert (plan.visits, plan.travel_s) == (40, 0)
