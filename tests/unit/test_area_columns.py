"""Counts of places are added up to areas: by number, by settlement, several rows for a place, places outside all."""

from __future__ import annotations

import numpy as np

from data.area_columns import AreaColumns, add_up, which_area

COUNTS = np.array([[30, 7, 1, 1], [10, 0, 5, 2], [19, 8, 4, 3], [10, 7, -1, 0], [99, 0, 50, 9]])


def areas(*bounds: tuple[int, int, int]) -> AreaColumns:
    ids, low, high = zip(*bounds, strict=True) if bounds else ((), (), ())
    n = len(bounds)
    texts = [""] * n
    return AreaColumns(
        list(ids), texts, texts, texts, [False] * n, np.array(low, dtype=np.int64), np.array(high, dtype=np.int64)
    )


def test_an_area_is_the_sum_of_its_numbers() -> None:
    found = add_up(COUNTS, areas((1, 10, 20), (2, 20, 30), (3, 10, 11), (4, 10, 31)), "village")
    assert found.tolist() == [[8, 5], [0, 0], [4, 2], [9, 6]]


def test_a_settlement_is_the_sum_of_its_own_households_inside_its_numbers() -> None:
    found = add_up(COUNTS, areas((8, 10, 20), (7, 10, 20), (9, 0, 100)), "group")
    assert found.tolist() == [[4, 3], [-1, 0], [0, 0]]


def test_without_areas_or_counts_there_is_nothing() -> None:
    for by in ("village", "group"):
        assert add_up(COUNTS, areas(), by).shape == (0, 2)
        assert add_up(COUNTS[:0], areas((7, 0, 100)), by).tolist() == [[0, 0]]


def test_each_place_belongs_to_the_area_it_is_added_to() -> None:
    jur, settlement = COUNTS[:, 0], COUNTS[:, 1]
    assert which_area(jur, settlement, areas((2, 20, 30), (1, 10, 20), (3, 30, 31)), "village").tolist() == [
        2,
        1,
        1,
        1,
        -1,
    ]
    assert which_area(jur, settlement, areas((8, 10, 20), (7, 10, 20)), "group").tolist() == [-1, -1, 0, 1, -1]
    assert which_area(jur, settlement, areas(), "village").tolist() == [-1] * 5
