"""What all detectors say, put together: one suspicion for each visit, with the evidence it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from data.rules.detectors import places, records, times
from data.rules.detectors.arrays import Bools, Floats, Found, Visits, codes, group_means, neighbours
from data.rules.detectors.weights import BIAS, COMPANY, COMPANY_BIAS, FLAG_FROM, WEIGHTS
from data.rules.plan import VisitRule
from data.rules.validity import limits_of

# A day of a few visits says less about its others than a full one; so does a worker.
_DAY_PRIOR, _WORKER_PRIOR = 2.0, 12.0
LEVELS = ("visit", "strong", "day", "worker", "borne_by_day", "borne_by_worker")
# What a score has above this counts on its own: strong evidence is more than twice the weak.
_STRONG_FROM = 2.5
# What the household says, as log-odds: nine in ten deny a visit nobody made, one in sixty one that was; one in twenty
# confirms what was not.
_DENIED, _CONFIRMED = 4.0, -3.0
COMPANY_LEVELS = ("own", "near", "day", "worker")


@dataclass(frozen=True)
class Asked:
    """What the plan asks of a visit, as far as detectors need it; None = nothing. Hours are those of the field."""

    min_minutes: float | None = None
    earliest_h: float | None = None
    latest_h: float | None = None
    max_distance_m: float | None = None

    @classmethod
    def by(cls, rule: VisitRule) -> Asked:
        """Read it from a campaign's rule."""
        limits = limits_of(rule)
        return cls(rule.min_minutes, limits.earliest_h, limits.latest_h, limits.max_distance_m)


DETECTORS: Mapping[str, Callable[[Visits, Asked], Found]] = {
    "too_short": lambda visits, asked: times.too_short(visits, asked.min_minutes),
    "off_hours": lambda visits, asked: times.off_hours(visits, asked.earliest_h, asked.latest_h),
    "typed_later": lambda visits, _asked: times.typed_later(visits),
    "at_minimum": lambda visits, asked: times.at_minimum(visits, asked.min_minutes),
    "crowded_day": lambda visits, _asked: times.crowded_day(visits),
    "far_fix": lambda visits, asked: places.far_fix(visits, asked.max_distance_m),
    "one_spot": lambda visits, _asked: places.one_spot(visits),
    "impossible_travel": lambda visits, _asked: places.impossible_travel(visits),
    "still_fix": lambda visits, _asked: places.still_fix(visits),
    "on_the_house": lambda visits, _asked: places.on_the_house(visits),
    "copied_photo": lambda visits, _asked: records.copied_photo(visits),
    "similar_photo": lambda visits, _asked: records.similar_photo(visits),
    "cloned_answers": lambda visits, _asked: records.cloned_answers(visits),
    "no_trace": lambda visits, _asked: places.no_trace(visits),
    "unlike_peers": lambda visits, _asked: records.unlike_peers(visits),
    "household_denies": lambda visits, _asked: records.household_denies(visits),
}


@dataclass(frozen=True)
class Suspicion:
    """Suspicion of each visit of a round.

    Attributes
    ----------
    found : dict of str to Found
        What each detector says.
    log_odds : ndarray of float, shape (n,)
        Logarithm of the odds that a visit did not take place, calibrated on the simulator.
    flagged : ndarray of bool, shape (n,)
        Whether a person should look at it.
    """

    found: dict[str, Found]
    log_odds: Floats
    flagged: Bools

    @property
    def probability(self) -> Floats:
        """Between 0 and 1."""
        return 1 / (1 + np.exp(-self.log_odds))


def detect(visits: Visits, asked: Asked) -> Suspicion:
    """Look at all visits of a round together.

    Parameters
    ----------
    visits : Visits
        Of one round; peers are its other workers.
    asked : Asked
        What the plan asks of a visit.

    Returns
    -------
    Suspicion
        The log-odds are a sum: each detector's score of the visit, of the worker's day and of the worker, times its
        weight. Weights were fitted on simulated rounds (``data.rules.detectors.fitting``).
    """
    found = {name: look(visits, asked) for name, look in DETECTORS.items()}
    weights = np.array([[WEIGHTS.get(f"{name}.{level}", 0.0) for level in LEVELS] for name in found]).ravel()
    alone = BIAS + features(visits, found) @ weights
    log_odds = COMPANY_BIAS + company(visits, alone) @ np.array([COMPANY[name] for name in COMPANY_LEVELS])
    log_odds = log_odds + np.where(visits.word < 0, _DENIED, np.where(visits.word > 0, _CONFIRMED, 0.0))
    return Suspicion(found, log_odds, (log_odds >= FLAG_FROM) & visits.done)


def company(visits: Visits, alone: Floats) -> Floats:
    """What each visit says of itself, and how doubtful the visits are that stand with it: shape (n, 4).

    Made-up visits come in runs: those just before and after, of the day and of the worker, by their mean probability.
    """
    if not len(visits):
        return np.zeros((0, len(COMPANY_LEVELS)))
    own = np.clip(alone, -10.0, 10.0)
    doubt = 1 / (1 + np.exp(-own))
    day, worker = codes(visits.worker, visits.day), codes(visits.worker)
    order = np.lexsort((visits.started_s, day))
    total, count = np.zeros(len(visits)), np.zeros(len(visits))
    for i, j in neighbours(order, day, 2):
        for rows, others in ((i, j), (j, i)):
            total[rows] += doubt[others]
            count[rows] += 1
    near = total / (count + 0.5)
    return np.column_stack([own, near, group_means(doubt, day, 1.0), group_means(doubt, worker, 4.0)])


def features(visits: Visits, found: Mapping[str, Found]) -> Floats:
    """Scores of each detector at all of :data:`LEVELS`, detector after detector: shape (n, 6 · detectors)."""
    if not len(visits):
        return np.zeros((0, len(LEVELS) * len(found)))
    day, worker = codes(visits.worker, visits.day), codes(visits.worker)
    columns = []
    for one in found.values():
        of_day, of_worker = group_means(one.score, day, _DAY_PRIOR), group_means(one.score, worker, _WORKER_PRIOR)
        columns += [
            one.score,
            np.maximum(one.score - _STRONG_FROM, 0.0),
            of_day,
            of_worker,
            np.minimum(one.score, 2 * of_day),
            np.minimum(one.score, 4 * of_worker),
        ]
    return np.column_stack(columns)
