"""Neighbours who are visited in a row are near each other, in one row alone, and the same each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.routing.crews import crews_of, make_piece
from geo.routing.merging import merge_rows
from geo.routing.problem import Window
from geo.routing.rows import near_rows
from tests.routing import HOUR, hamlet

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


def test_a_row_is_one_visit_as_long_as_its_visits_and_the_way_between_begun_when_nobody_has_to_be_waited_for() -> None:
    problem = hamlet()
    at_home = (Window(9 * HOUR, 10 * HOUR),)
    homes = tuple(
        replace(one, together="t", windows=at_home) if one.id in ("h1", "h2") else one for one in problem.households
    )
    problem = replace(problem, households=homes)
    piece = make_piece(problem, range(6), crews_of(problem))
    merged = merge_rows(piece)
    assert merged.members == ((2,), (3,), (4,), (5,), (0, 1))
    # Five minutes from the one to the other, after half an hour with the first.
    assert int(merged.piece.service[4]) == 2 * 1800 + 300
    assert (int(merged.piece.opens[0, 4, 0]), int(merged.piece.closes[0, 4, 0])) == (9 * HOUR, 10 * HOUR - 2100)
    assert int(merged.piece.many[4]) == 2
    assert int(merged.piece.priority[4]) == 20
    here, third = int(merged.piece.place[4]), int(merged.piece.place[0])
    assert int(merged.piece.seconds(0, third, here)) == int(piece.seconds(0, piece.place[2], piece.place[0]))
    assert int(merged.piece.seconds(0, here, third)) == int(piece.seconds(0, piece.place[1], piece.place[2]))
    assert merged.routes_out([[4, 0], [-1, 3]]) == [[0, 1, 2], [-1, 5]]


def test_a_row_in_which_somebody_would_have_to_wait_is_not_handed_over() -> None:
    problem = hamlet()
    hours = {"h1": 8, "h2": 11}
    homes = tuple(
        replace(one, together="t", windows=(Window(hours[one.id] * HOUR, hours[one.id] * HOUR + 600),))
        if one.id in hours
        else one
        for one in problem.households
    )
    problem = replace(problem, households=homes)
    assert merge_rows(make_piece(problem, range(6), crews_of(problem))).members == ((2,), (3,), (4,), (5,))
