"""Will a round reach its target in time: a forecast from the daily counts of first valid visits.

The pace to come is taken between the pace of late and that of the whole round; how far it may stray is learned from how
unevenly the days went so far. The constants were set on simulated campaigns with weekends, bursts, slow starts and
stalls, and are tested on others (``tests/benchmarks/bench_forecast.py``): of ten intervals eight hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_NORMAL = NormalDist()
# Households visited for the first time on each day.
Counts = Sequence[int] | NDArray[np.int64]
# With fewer days, or fewer visits, there is a number but no pace.
LEAST_DAYS = 5
LEAST_VISITS = 5
# How long a forecast looks beyond the end of the round for the day of the target.
BEYOND_DAYS = 365
LOW, HIGH = 0.1, 0.9
# The pace of late is that of the last week; less than this part of the whole round's it is not taken to be.
WEEK_DAYS, LEAST_PART = 7, 0.1
# How uneven the days are is learned from all of them; after so many days one counts half.
HALF_LIFE_DAYS = 5.0
# The share of the pace of late in the pace to come, the rest is that of the whole round.
LATE = 0.6
# A weekend as it is before anything is known of it: so much of a working day's visits, worth so many weekend days.
WEEKEND, WEEKEND_DAYS = 0.8, 4.0
# Days are not independent of one another: what one day strays counts as this many.
CLUSTER = 2.0
# The last households are hard to meet: when fewer than this part of all is left, the pace falls with them.
HARD = 0.1
# Days on which the work stood still, or had not begun, count for so much in the pace to come: few rounds stop twice.
STILL = 0.4
# How much of the (logarithmic) distance between the pace of late and that of the whole the forecast may stray.
TURN = 0.5
# A round slows down for good more often than it gets faster: the lower side strays so much more.
DOWN = 1.6
# What no daily count can tell: orders from above, harvest, snow, people who cannot be met.
STRAY = 0.27


@dataclass(frozen=True)
class Forecast:
    """What is to be expected of a round.

    Attributes
    ----------
    probability : float
        That the target is reached by the end, 0 to 1; exactly 1 only if it is reached already, 0 if time is up.
    visited_low, visited, visited_high : int
        Households visited at the end: median and the 80 % interval around it.
    reached_on : date or None
        Day on which the target is reached in the median; None if not within :data:`BEYOND_DAYS` of the end.
    reached_early, reached_late : date or None
        80 % interval of that day, each None as above.
    pace : float
        Households a day, weekends included, that are expected.
    days : tuple of date
        Days of the lines below, the first is the last day known.
    low, middle, high : tuple of float
        Households visited on each of the days: interval and median, for a drawing.
    """

    probability: float
    visited_low: int
    visited: int
    visited_high: int
    reached_on: date | None
    reached_early: date | None
    reached_late: date | None
    pace: float
    days: tuple[date, ...]
    low: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...]


def forecast(
    counts: Counts,
    *,
    starts_on: date,
    ends_on: date,
    visited: int,
    eligible: int,
    needed: int,
) -> Forecast | None:
    """Forecast a round.

    Parameters
    ----------
    counts : sequence of int
        Households visited for the first time on each day from ``starts_on`` to the last day known, zeros included.
    starts_on, ends_on : date
        The round, both days included.
    visited, eligible : int
        Households visited up to the last day known, and all there are. ``visited`` may be more than the sum of
        ``counts``: of some visits the day is not known.
    needed : int
        Households that make the target.

    Returns
    -------
    Forecast or None
        None if too few days or visits are known for a pace (:data:`LEAST_DAYS`, :data:`LEAST_VISITS`), or nobody is to
        be visited.

    Raises
    ------
    ValueError
        If the round ends before it starts or a count is negative.
    """
    known = _known(counts, starts_on, ends_on, visited, eligible, needed)
    if known is None:
        return None
    daily, today, end = known
    mean, spread = _to_come(daily, starts_on, end + BEYOND_DAYS)
    quantiles = [np.concatenate([[0.0], _quantile(q, mean, spread)]) for q in (LOW, 0.5, HIGH)]
    open_ = max(0, eligible - visited)
    low, middle, high = (visited + _met(line, open_, HARD * eligible) for line in quantiles)

    def day_of(line: NDArray[np.float64]) -> date | None:
        reached = np.flatnonzero(line >= needed - 0.5)
        return today + timedelta(days=int(reached[0])) if len(reached) else None

    return Forecast(
        _chance(needed - visited, open_, eligible, mean[:end], spread[:end]),
        # Down to whole households: nobody is visited in part, and nothing looks finished before it is.
        math.floor(float(low[end]) + 1e-6),
        math.floor(float(middle[end]) + 1e-6),
        math.floor(float(high[end]) + 1e-6),
        day_of(middle),
        day_of(high),
        day_of(low),
        float(mean[end - 1] / end) if end else 0.0,
        tuple(today + timedelta(days=n) for n in range(end + 1)),
        tuple(low[: end + 1].tolist()),
        tuple(middle[: end + 1].tolist()),
        tuple(high[: end + 1].tolist()),
    )


def chance(
    counts: Counts,
    *,
    starts_on: date,
    ends_on: date,
    visited: int,
    eligible: int,
    needed: int,
) -> float | None:
    """The probability that :func:`forecast` gives, without its lines: a county has two thousand villages.

    Parameters, None and errors are those of :func:`forecast`.
    """
    known = _known(counts, starts_on, ends_on, visited, eligible, needed)
    if known is None:
        return None
    daily, _today, end = known
    mean, spread = _to_come(daily, starts_on, end)
    return _chance(needed - visited, max(0, eligible - visited), eligible, mean, spread)


def straight_line(counts: Sequence[int], *, left: int, visited: int, eligible: int) -> int:
    """What the average of all days so far gives at the end: the yardstick of the back-test."""
    return min(eligible, round(visited + sum(counts) / max(1, len(counts)) * max(0, left)))


def _known(
    counts: Counts, starts_on: date, ends_on: date, visited: int, eligible: int, needed: int
) -> tuple[NDArray[np.float64], date, int] | None:
    """Counts as an array, the last day known, and how many days are left; None where nothing can be said."""
    daily = np.asarray(counts, dtype=float)
    if ends_on < starts_on or (daily < 0).any():
        raise ValueError("a round ends after it starts, and counts are not negative")
    if eligible <= 0:
        return None
    today = starts_on + timedelta(days=len(daily) - 1)
    left = (ends_on - today).days
    if visited < needed and left > 0 and (len(daily) < LEAST_DAYS or daily.sum() < LEAST_VISITS):
        return None
    return daily, today, max(0, left)


def _chance(missing: int, open_: int, eligible: int, mean: NDArray[np.float64], spread: NDArray[np.float64]) -> float:
    """Probability that what is missing is done by the last of the days to come."""
    if missing <= 0:
        return 1.0
    if not len(mean) or mean[-1] <= 0:
        return 0.0
    effort = _effort(missing - 0.5, open_, HARD * eligible)
    above = math.log(mean[-1] / effort) if effort > 0 else math.inf
    return min(0.999, max(0.001, _NORMAL.cdf(float(above / (spread[-1] * (DOWN if above > 0 else 1.0))))))


def _to_come(
    daily: NDArray[np.float64], starts_on: date, ahead_days: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of the visits from now up to each day to come, and how far they stray from it, as a part of the mean."""
    both = _worth(daily, starts_on, len(daily) + ahead_days)
    worth = both[: len(daily)]
    age = np.arange(len(daily))[::-1]
    usual = np.where(_stood_still(daily), STILL, 1.0)
    fresh = usual * 0.5 ** (age / HALF_LIFE_DAYS)
    whole = (usual * daily).sum() / (usual * worth).sum()
    week = age < WEEK_DAYS
    of_late = daily[week].sum() / worth[week].sum()
    # Between them by their ratio: a pace that fell to a tenth is not half of what it was.
    pace = whole * (max(of_late, LEAST_PART * whole) / whole) ** LATE if whole > 0 else 0.0
    ahead = np.cumsum(both[len(daily) :])
    mean = pace * ahead
    if pace <= 0:
        return mean, np.ones_like(mean)
    uneven = (fresh * (daily - pace * worth) ** 2).sum() / fresh.sum() / pace**2
    known = fresh.sum() ** 2 / (fresh**2).sum()
    # Where the pace of late is another than that of the whole, nobody knows which of them goes on.
    apart = TURN * math.log(max(of_late, LEAST_PART * whole) / whole)
    varied = CLUSTER * uneven * (1 / ahead + 1 / known) + STRAY**2 + apart**2
    return mean, np.sqrt(np.log1p(varied))


def _stood_still(daily: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Days within three on which the work as good as stood still, by the better half of the days; but not until now."""
    around = np.convolve(np.concatenate([daily[:1], daily, daily[-1:]]), np.ones(3) / 3, mode="valid")
    still = np.asarray(around < 0.2 * daily[daily >= np.median(daily)].mean())
    # A standstill that lasts may be the end of it: it counts in full.
    still[len(still) - int(np.argmin(still[::-1])) if not still.all() else 0 :] = False
    return still


def _met(effort: NDArray[np.float64], open_: int, hard: float) -> NDArray[np.float64]:
    """Households met by visits that would have been made had nobody been hard to meet."""
    easy = max(0.0, open_ - hard)
    rest = open_ - easy
    if rest <= 0:
        return np.minimum(effort, open_)
    return np.where(effort <= easy, effort, easy + rest * -np.expm1(-np.maximum(0.0, effort - easy) / hard))


def _effort(met: float, open_: int, hard: float) -> float:
    """The inverse of :func:`_met`; infinite where nobody is left."""
    easy = max(0.0, open_ - hard)
    if met <= easy:
        return met
    part = (met - easy) / (open_ - easy) if open_ > easy else 1.0
    return math.inf if part >= 1 else easy - hard * math.log1p(-part)


def _worth(daily: NDArray[np.float64], starts_on: date, days: int) -> NDArray[np.float64]:
    """How much of a working day each of so many days from the first is."""
    weekend = (starts_on.weekday() + np.arange(days)) % 7 >= 5
    seen = weekend[: len(daily)]
    on_workdays = daily[~seen].mean() if not seen.all() else 0.0
    factor = WEEKEND
    if on_workdays > 0:
        factor = (daily[seen].sum() / on_workdays + WEEKEND * WEEKEND_DAYS) / (seen.sum() + WEEKEND_DAYS)
    return np.where(weekend, factor, 1.0)


def _quantile(q: float, middle: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(middle * np.exp(spread * _NORMAL.inv_cdf(q) * (DOWN if q < 0.5 else 1.0)))
