"""Ways across country: the detour factor by distance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.roads.straight import FACTORS, fit_factors, great_circle_m, stretch

FACTOR_LISTS = st.lists(st.floats(1.0, 4.0), min_size=6, max_size=6)


def test_a_degree_of_latitude_is_111_km() -> None:
    assert great_circle_m((118.0, 36.0), (118.0, 37.0)) == pytest.approx(111_195, abs=1)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(FACTOR_LISTS, st.floats(0, 50_000), st.floats(0, 50_000))
def test_a_longer_line_never_gives_a_shorter_way(factors: list[float], one: float, other: float) -> None:
    near, far = stretch(sorted((one, other)), factors)
    assert near <= far + 1e-6
    assert near >= min(one, other) - 1e-6


def test_factors_are_the_medians_of_their_bands() -> None:
    straight = np.repeat([700.0, 3_000.0], 40)
    fitted, used = fit_factors(straight, straight * np.repeat([1.5, 1.2], 40))
    assert (fitted[1], fitted[3], used) == (1.5, 1.2, 80)
    assert (fitted[0], fitted[2], fitted[4]) == (FACTORS[0], FACTORS[2], FACTORS[4])


def test_pairs_without_a_way_and_few_pairs_say_nothing() -> None:
    assert fit_factors([700.0] * 40, [np.inf] * 40) == (FACTORS, 0)
    assert fit_factors([700.0] * 29, [1_400.0] * 29) == (FACTORS, 29)
