"""Simulated campaigns for the forecast's back-test: invented, seeded, as uneven as real ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from data.rules.forecast import Forecast, forecast, straight_line


@dataclass(frozen=True)
class Campaign:
    """Households visited for the first time on each day of a round."""

    starts_on: date
    eligible: int
    needed: int
    daily: tuple[int, ...]


@dataclass(frozen=True)
class Tested:
    """A forecast made in the middle of a campaign beside what came of it."""

    made: Forecast
    line: int
    came: int
    eligible: int
    reached: bool
    line_reaches: bool


def simulate(seed: int) -> Campaign:
    """One campaign of 40 households (a village) to 15,000 (a township), of 30 to 120 days.

    The crew's pace wanders; weekends are lighter or heavier; some campaigns start slowly, have bursts ordered from
    above, stand still for three to ten days, or slow down for good when the crews go home; the last tenth of the
    households is hard to meet.
    """
    rng = np.random.default_rng(seed)
    days = int(rng.integers(30, 121))
    eligible = int(np.exp(rng.uniform(np.log(40), np.log(15000))))
    pace = np.full(days, eligible * rng.uniform(0.6, 1.4) / days)
    starts_on = date(2026, 3, 1) + timedelta(days=int(rng.integers(0, 200)))
    weekend = rng.uniform(0.1, 1.3)
    pace *= [weekend if (starts_on + timedelta(days=n)).weekday() >= 5 else 1.0 for n in range(days)]
    if rng.uniform() < 0.5:
        ramp = int(days * rng.uniform(0.08, 0.3))
        pace[:ramp] *= np.linspace(rng.uniform(0.0, 0.4), 1.0, ramp)
    for _ in range(rng.poisson(1.2)):
        at, long = int(rng.integers(0, days)), int(rng.integers(2, 6))
        pace[at : at + long] *= rng.uniform(1.5, 3.0)
    for _ in range(rng.poisson(0.6)):
        at, long = int(rng.integers(0, days)), int(rng.integers(3, 11))
        pace[at : at + long] *= rng.uniform(0.0, 0.15)
    if rng.uniform() < 0.35:
        pace[int(days * rng.uniform(0.3, 0.8)) :] *= rng.uniform(0.1, 0.6)
    wander, level = rng.uniform(0.1, 0.45), 0.0
    carry = rng.uniform(0.3, 0.9)
    daily, done = [], 0
    for n in range(days):
        level = carry * level + np.sqrt(1 - carry**2) * wander * rng.normal()
        left = eligible - done
        hard = min(1.0, left / (0.1 * eligible))
        mean = pace[n] * np.exp(level - wander**2 / 2) * hard
        came = int(min(left, rng.negative_binomial(4, 4 / (4 + mean)))) if mean > 0 else 0
        daily.append(came)
        done += came
    return Campaign(starts_on, eligible, -(-eligible * 95 // 100), tuple(daily))


def back_test(seed: int) -> Tested | None:
    """Stop a campaign between a quarter and three quarters of its time and forecast the rest.

    None where there is nothing to forecast: too few visits, or all but a twentieth visited already.
    """
    campaign = simulate(seed)
    rng = np.random.default_rng([seed, 1])
    known = int(len(campaign.daily) * rng.uniform(0.25, 0.75))
    seen = campaign.daily[:known]
    visited = sum(seen)
    ends_on = campaign.starts_on + timedelta(days=len(campaign.daily) - 1)
    if visited >= campaign.needed:
        return None
    made = forecast(
        seen,
        starts_on=campaign.starts_on,
        ends_on=ends_on,
        visited=visited,
        eligible=campaign.eligible,
        needed=campaign.needed,
    )
    if made is None:
        return None
    came = sum(campaign.daily)
    line = straight_line(seen, left=len(campaign.daily) - known, visited=visited, eligible=campaign.eligible)
    return Tested(made, line, came, campaign.eligible, came >= campaign.needed, line >= campaign.needed)


@dataclass(frozen=True)
class Result:
    """Figures of many back-tests."""

    tested: int
    held: float
    error: float
    line_error: float
    brier: float
    line_brier: float
    width: float


def result_of(seeds: range) -> Result:
    """Test one campaign for each seed.

    ``held`` is the share of 80 % intervals of the households visited at the end that held what came; ``error`` the mean
    distance of the median from it in points of coverage; ``brier`` the mean square of probability less outcome.
    """
    tests = [one for seed in seeds if (one := back_test(seed))]
    held = [t.made.visited_low <= t.came <= t.made.visited_high for t in tests]
    points = [100 * abs(t.made.visited - t.came) / t.eligible for t in tests]
    of_line = [100 * abs(t.line - t.came) / t.eligible for t in tests]
    return Result(
        len(tests),
        float(np.mean(held)),
        float(np.mean(points)),
        float(np.mean(of_line)),
        float(np.mean([(t.made.probability - t.reached) ** 2 for t in tests])),
        float(np.mean([(t.line_reaches - t.reached) ** 2 for t in tests])),
        float(np.mean([100 * (t.made.visited_high - t.made.visited_low) / t.eligible for t in tests])),
    )
