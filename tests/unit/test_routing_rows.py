"""Neighbours who are visited in a row are near each other, in one row alone, and the same each time."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.routing.rows import near_rows

STREET = 118.80


def street(*metres: float) -> np.ndarray:
    """Houses on a street to the north."""
    return np.array([[STREET, 36.4 + one / 111_320] for one in metres]).reshape(-1, 2)


def test_houses_of_one_yard_are_a_row_and_the_one_far_off_is_in_none() -> None:
    assert near_rows(street(0, 10, 500, 20), 30, 6) == [[0, 1, 3]]


def test_nobody_and_a_single_house_make_no_row() -> None:
    assert near_rows(street(), 30, 6) == []
    assert near_rows(street(0), 30, 6) == []


def test_a_row_holds_no_more_than_asked_for() -> None:
    assert [len(row) for row in near_rows(street(*[0.0] * 7), 30, 3)] == [3, 3]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 300), max_size=30), st.integers(1, 100))
def test_rows_hold_each_once_and_keep_the_distance(places: list[int], metres: int) -> None:
    rows = near_rows(street(*places), metres, 6)
    chosen = [at for row in rows for at in row]
    assert len(chosen) == len(set(chosen))
    assert all(abs(places[at] - places[row[0]]) <= metres + 1e-3 for row in rows for at in row)
