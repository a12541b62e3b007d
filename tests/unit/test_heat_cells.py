"""Cells of heatmaps sent in steps are the cells, for any of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data.heat import HEAT_ZOOM, NOT_VISITED, Cells, as_flat, as_steps
from geo.tiles import unmorton
from tests.unit.test_letters import from_letters

KEYS = st.integers(0, 4**HEAT_ZOOM - 1)
ROWS = st.dictionaries(st.tuples(st.integers(NOT_VISITED, 400), KEYS), st.integers(1, 5000), max_size=40)


def walked(told: Mapping[str, Any]) -> list[int]:
    """As a program that was given the steps would put them together."""
    numbers = from_letters(told["counts"])
    steps, counts = iter(from_letters(told["steps"])), iter(numbers)
    days = told.get("days", [None, len(numbers)])
    flat: list[int] = []
    for day, length in zip(days[::2], days[1::2], strict=True):
        key = 0
        for step, n in islice(zip(steps, counts, strict=True), length):
            key += step
            x, y = unmorton(np.array([key]))
            flat += [int(x[0]), int(y[0]), *([] if day is None else [day]), n]
    assert next(steps, None) is None
    return flat


@settings(derandomize=True, max_examples=60, deadline=None)
@given(rows=ROWS)
def test_steps_lead_to_the_same_cells(rows: dict[tuple[int, int], int]) -> None:
    ordered = sorted(rows.items())
    days, keys, counts = (
        np.array([value(row) for row in ordered], dtype=np.int64)
        for value in (lambda row: row[0][0], lambda row: row[0][1], lambda row: row[1])
    )
    by_day = Cells(keys, counts, days)
    assert walked(as_steps(by_day)) == as_flat(by_day)
    order = np.argsort(keys)
    now = Cells(keys[order], counts[order])
    assert walked(as_steps(now)) == as_flat(now)
    assert set(as_steps(now)) == {"steps", "counts"}


def test_neighbours_are_small_steps() -> None:
    cells = Cells(np.array([2**37, 2**37 + 1, 2**37 + 5]), np.array([1, 2, 3]))
    assert from_letters(as_steps(cells)["steps"]) == [2**37, 1, 4]
