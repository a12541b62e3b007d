"""Made-up townships to plan visits in, as problems; the same seed gives the same township.

Houses lie about village centres, 7 % of them anywhere. A visit takes 30 minutes; inspectors work from 8:30 to 20:30
and make at most 12 visits a day; 30 % walk, 50 % ride an e-bike, 20 % drive, each way 1.35 times the straight line. Of
the households 55 % are at home in working hours, 25 % in the evening, 20 % at noon and in the evening, each on 7 of 10
days; 10 % have priority 100, 20 % have 30, the rest 10; 5 % want one named inspector.
"""

from __future__ import annotations

import numpy as np

from geo.routing.problem import Household, Inspector, Problem, Shift, Window
from geo.routing.travel import PointTravel

SPEEDS = {"walk": 4.5, "ebike": 18.0, "car": 30.0}
WEIGHTS = (100, 30, 10)
MOST_VISITS, SERVICE_S, HOUR = 12, 1800, 3600
_HOMES = (((8.5, 17.5),), ((18.0, 20.5),), ((12.0, 13.5), (18.0, 20.5)))


def make_town(households: int, inspectors: int, days: int, seed: int = 7, *, named_at_home: bool = False) -> Problem:
    """A township's problem.

    Parameters
    ----------
    named_at_home : bool
        Whether a named inspector starts in the household's own village, as in a county of many villages.
    """
    rng = np.random.default_rng(seed)
    villages = max(2, round(households / 112))
    side = max(9000, int(villages**0.5 * 3000))
    centres = rng.uniform(0, side, (villages, 2))
    village = rng.integers(0, villages, households)
    homes = centres[village] + rng.normal(0, 350, (households, 2))
    far = rng.random(households) < (0.0 if named_at_home else 0.07)
    homes[far] = rng.uniform(0, side, (far.sum(), 2))
    starts = centres[np.arange(inspectors) % villages] + rng.normal(0, 60, (inspectors, 2))
    modes = rng.choice(3, inspectors, p=[0.3, 0.5, 0.2])
    priority = rng.choice(3, households, p=[0.1, 0.2, 0.7])
    kind = rng.choice(3, households, p=[0.55, 0.25, 0.2])
    open_days = [
        [day for day in range(days) if days == 1 or rng.random() < 0.7] or [int(rng.integers(days))]
        for _ in range(households)
    ]
    named = rng.random(households) < 0.05
    anyone = rng.integers(0, inspectors, households)
    if named_at_home:
        anyone = village + villages * rng.integers(0, max(1, inspectors // villages), households)
    return Problem(
        PointTravel(np.vstack([starts, homes]), SPEEDS, degrees=False),
        tuple(
            Inspector(
                f"i{at}",
                at,
                at,
                (Shift(int(8.5 * HOUR), int(20.5 * HOUR)),),
                mode=int(modes[at]),
                most_visits=MOST_VISITS,
            )
            for at in range(inspectors)
        ),
        tuple(
            Household(
                f"h{at}",
                inspectors + at,
                service_s=SERVICE_S,
                priority=WEIGHTS[priority[at]],
                windows=tuple(
                    Window(int(begins * HOUR), int(ends * HOUR) - SERVICE_S, day)
                    for day in open_days[at]
                    for begins, ends in _HOMES[kind[at]]
                ),
                inspector=f"i{anyone[at]}" if named[at] else None,
                village=f"v{village[at]}",
            )
            for at in range(households)
        ),
        days=tuple(str(day) for day in range(days)),
    )


def weight_bound(problem: Problem) -> int:
    """The most that could be served if only the number of visits counted: the sum of the highest priorities."""
    slots = sum((one.most_visits or 0) * len(problem.days) for one in problem.inspectors)
    return sum(sorted((one.priority for one in problem.households), reverse=True)[:slots])
