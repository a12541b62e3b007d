"""Small problems of routes for tests: counted by eye, or made up at random within limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from geo.routing.problem import Break, Household, Inspector, Lock, Pair, Problem, Shift, Window
from geo.routing.travel import MatrixTravel, PointTravel

HOUR = 3600


def line(*minutes: int) -> PointTravel:
    """Places on a road; one walks a minute from one to the next number."""
    return PointTravel(np.array([[float(at) * 100, 0.0] for at in minutes]), {"walk": 6.0}, 1.0, degrees=False)


def hamlet(**changes: Any) -> Problem:
    """Li and Wang start at both ends of a road of 60 minutes with six households; 30 minutes a visit, from 8 to 12."""
    travel = line(0, 60, 5, 10, 15, 45, 50, 55)
    people = tuple(
        Inspector(name, at, at, (Shift(8 * HOUR, 12 * HOUR),), most_visits=3) for at, name in enumerate(("li", "wang"))
    )
    homes = tuple(Household(f"h{at}", at + 1) for at in range(1, 7))
    return replace(Problem(travel, people, homes), **changes) if changes else Problem(travel, people, homes)


SOLOMON = """SMALL

VEHICLE
NUMBER     CAPACITY
  2         20

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE   TIME

    0      0         0          0          0        100          0
    1      0        10         10          0        100         10
    2      0        20         10          0        100         10
    3     10         0         10          0        100         10
    4     20         0         10          0         40         10
"""


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Problems with everything that binds: windows, skills, named inspectors, pairs, breaks, locks, groups, days."""
    days = draw(st.integers(1, 2))
    people = draw(st.integers(1, 3))
    houses = draw(st.integers(1, 9))
    modes = ("walk", "car")
    size = people + houses
    rows = st.lists(st.integers(0, 50), min_size=size * size, max_size=size * size)
    table = np.array([draw(rows) for _ in modes], dtype=np.int64).reshape(len(modes), size, size) * 60
    for one in table:
        np.fill_diagonal(one, 0)
    inspectors = []
    for at in range(people):
        begins = draw(st.integers(7, 10)) * HOUR
        shifts = tuple(
            Shift(begins, begins + draw(st.integers(2, 9)) * HOUR, day)
            for day in range(days)
            if draw(st.integers(0, 4))
        )
        breaks = (Break(12 * HOUR, 13 * HOUR, 1800),) if draw(st.booleans()) else ()
        inspectors.append(
            Inspector(
                f"i{at}", at, at, shifts, draw(st.integers(0, 1)), draw(st.sampled_from([None, 1, 3])),
                frozenset(draw(st.sets(st.sampled_from(["a", "b"])))), breaks, draw(st.sampled_from([None, 2])),
            )
        )  # fmt: skip
    households = []
    for at in range(houses):
        windows = []
        for _ in range(draw(st.integers(0, 3))):
            opens = draw(st.integers(7, 17)) * HOUR
            day = draw(st.sampled_from([None, *range(days)]))
            windows.append(Window(opens, opens + draw(st.integers(0, 3)) * HOUR, day))
        households.append(
            Household(
                f"h{at}", people + at, draw(st.integers(1, 4)) * 900, draw(st.sampled_from([0, 10, 30, 100])),
                tuple(windows), frozenset(draw(st.sampled_from([(), (), (), ("a",)]))),
                draw(st.sampled_from([None, None, None, "i0"])), draw(st.sampled_from([None, "i0"])),
                draw(st.integers(0, 7)) == 7, draw(st.sampled_from([None, None, "g"])), load=draw(st.integers(0, 1)),
                together=draw(st.sampled_from([None, None, "row"])),
            )
        )  # fmt: skip
    pairs = (Pair("i0", "i1"),) if people > 2 and draw(st.booleans()) else ()
    locks = (Lock("h0", "i0", 0, None),) if draw(st.integers(0, 3)) == 0 else ()
    return Problem(
        MatrixTravel(modes, table, table * 2), tuple(inspectors), tuple(households),
        tuple(str(day) for day in range(days)), pairs, locks,
    )  # fmt: skip
