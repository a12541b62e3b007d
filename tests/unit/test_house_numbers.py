"""House numbers between two known ones of the same side."""

from __future__ import annotations

import pytest

from geo.house_numbers import interpolate, metres_between, number_in

LON, LAT = 118.8, 36.4
METRE = 1 / 111_195  # degrees of latitude on the sphere


def north(metres: float) -> tuple[float, float]:
    return LON, LAT + metres * METRE


@pytest.mark.parametrize(
    ("written", "number"),
    [("12", 12), ("甲5", 5), ("5-2", 5), ("5附1", 5), ("附1", None), ("", None), (None, None), ("12345", None)],
)
def test_the_number_is_read_without_what_is_attached(written: str | None, number: int | None) -> None:
    assert number_in(written) == number


def test_a_number_lies_by_its_share_between_its_neighbours() -> None:
    found = interpolate(5, [(3, north(0)), (11, north(80)), (1, north(-500)), (99, north(2000))])
    assert found == pytest.approx(north(20))


def test_the_other_side_of_the_lane_says_nothing() -> None:
    assert interpolate(5, [(4, north(0)), (6, north(20))]) is None
    assert interpolate(5, [(3, north(0)), (6, north(20))]) is None
    assert interpolate(5, [(3, north(0)), (7, north(20)), (4, north(200))]) == pytest.approx(north(10))


def test_beyond_the_known_numbers_nothing_is_proposed() -> None:
    assert interpolate(1, [(3, north(0)), (5, north(20))]) is None
    assert interpolate(9, [(3, north(0)), (5, north(20))]) is None
    assert interpolate(5, []) is None


def test_a_number_that_is_known_is_not_between_two_others() -> None:
    assert interpolate(5, [(3, north(0)), (5, north(9)), (7, north(20))]) is None


@pytest.mark.parametrize(("metres", "there"), [(299, True), (301, False)])
def test_neighbours_are_at_most_300_metres_apart(metres: float, there: bool) -> None:
    assert (interpolate(5, [(3, north(0)), (7, north(metres))]) is not None) is there


@pytest.mark.parametrize(("higher", "there"), [(23, True), (25, False)])
def test_neighbours_are_at_most_20_numbers_apart(higher: int, there: bool) -> None:
    assert (interpolate(5, [(3, north(0)), (higher, north(100))]) is not None) is there


def test_a_number_at_two_places_is_left_out() -> None:
    apart = [(3, north(0)), (3, north(150)), (7, north(20)), (1, north(-20))]
    assert interpolate(5, apart) == pytest.approx(north(-20 + 40 * 4 / 6))
    together = [(3, north(-5)), (3, north(5)), (7, north(20))]
    assert interpolate(5, together) == pytest.approx(north(10))


def test_metres_are_metres() -> None:
    assert metres_between(north(0), north(100)) == pytest.approx(100, rel=1e-3)
    assert metres_between((LON, LAT), (LON + 0.001, LAT)) == pytest.approx(89.5, abs=0.2)
