"""Classes made from data: known breaks, ties, few values, and the same classes for the same data."""

from __future__ import annotations

import random
import warnings
from itertools import combinations

import numpy as np
import pytest

from layers.classes import MOST_VALUES, SCHEMES, ValueClass, classify
from layers.coverage import class_of, coverage_classes

TOWN = [0.42, 0.51, 0.5, 0.66, 0.63, 0.71, 0.73, 0.72, 0.9, 0.91, 0.93, 0.97, 0.96, 0.98]


def cost(groups: list[list[float]]) -> float:
    return sum(sum((value - np.mean(group)) ** 2 for value in group) for group in groups)


def test_natural_breaks_have_the_least_squared_distance_of_all_ways_to_part_them() -> None:
    ordered = sorted(TOWN)
    made = classify(TOWN, "natural", 4)
    ends = np.cumsum([one.n for one in made])[:-1].tolist()

    def parted(at: tuple[int, ...]) -> list[list[float]]:
        return [ordered[a:b] for a, b in zip((0, *at), (*at, len(ordered)), strict=True)]

    best = min(cost(parted(at)) for at in combinations(range(1, len(ordered)), 3))
    assert cost(parted(tuple(ends))) == pytest.approx(best)


def test_quantiles_hold_as_many_each_and_equal_intervals_are_of_one_width() -> None:
    assert [one.n for one in classify(list(range(1, 21)), "quantiles")] == [4] * 5
    made = classify([0, 10, 100], "equal", 3)
    assert [one.n for one in made] == [2, 0, 1]
    assert [one.high - one.low for one in made] == pytest.approx([100 / 3] * 3)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_classes_are_a_partition_from_least_to_largest(scheme: str) -> None:
    made = classify(TOWN, scheme)
    assert (made[0].low, made[-1].high) == (min(TOWN), max(TOWN))
    assert [one.low for one in made[1:]] == [one.high for one in made[:-1]]
    assert sum(one.n for one in made) == len(TOWN)
    for n, one in enumerate(made):
        assert one.n == sum((one.low < value or (n == 0 and value == one.low)) and value <= one.high for value in TOWN)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_order_of_the_areas_makes_no_difference(scheme: str) -> None:
    shuffled = TOWN * 3
    random.Random(7).shuffle(shuffled)
    assert classify(shuffled, scheme) == classify(sorted(shuffled), scheme)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("values", "most"), [([], 0), ([3.0], 1), ([3, 3, 3], 1), ([0, 0, 0, 5], 2), ([0] * 30 + [1, 1, 2], 3)]
)
def test_fewer_values_make_fewer_classes_without_a_word(scheme: str, values: list[float], most: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = classify(values, scheme)
    assert len(made) <= most
    assert bool(made) == bool(values)
    assert sum(one.n for one in made) == len(values)


def test_equal_values_are_never_parted() -> None:
    assert classify([0] * 7 + [5], "quantiles") == [ValueClass(0, 0, 7), ValueClass(0, 5, 1)]


def test_of_very_many_values_the_classes_are_those_of_an_even_part() -> None:
    values = np.random.default_rng(3).beta(5, 2, 10 * MOST_VALUES).tolist()
    made = classify(values, "natural")
    assert len(made) == 5
    assert sum(one.n for one in made) == len(values)
    assert (made[0].low, made[-1].high) == (min(values), max(values))
    assert made == classify(values, "natural")


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme must be one of"):
        classify([1, 2], "jenks")


def test_fixed_classes_end_at_the_target() -> None:
    assert [class_of(ratio, 0.95) for ratio in (0, 0.4999, 0.5, 0.7, 0.85, 0.9499, 0.95, 1.2)] == [
        1,
        1,
        2,
        3,
        4,
        4,
        5,
        5,
    ]
    assert class_of(None, 0.95) is None
    assert coverage_classes(0.8) == [(1, None, 0.5), (2, 0.5, 0.7), (3, 0.7, 0.8), (5, 0.8, None)]
