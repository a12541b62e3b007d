"""The fewest visits on average with which any look-back certifies, where nothing is known of where false visits are.

A look-back that keeps its error and its power may stop and decide in whatever way it likes. If the false visits lie
anywhere, whom it asks tells it nothing, so that all it has is the number of households asked m and of false visits
found s. The least mean number of visits is then that of a linear programme, and for every price ``reward`` of a
certificate and ``fine`` of a wrong one

    mean visits >= min over all ways (mean visits - reward * P(certified) + fine * P(wrongly certified))
                   + reward * power - fine * error,

where the minimum is found by going backwards from a full count (weak duality; A. Wald and J. Wolfowitz, "Optimum
character of the sequential probability ratio test", Annals of Mathematical Statistics 19, 1948, for draws with
replacement). The best prices give the bound, which holds for every test and not only for the one measured.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln


def fewest_visits(size: int, too_many: int, false: int, error: float, power: float) -> float:
    """Least mean number of visits of any test, for ``false`` false visits anywhere in a village.

    Parameters
    ----------
    size : int
        Households that count as visited.
    too_many : int
        False visits of which at most ``error`` of the look-backs may certify; more than ``false``.
    error, power : float
        Probability of certifying with ``too_many``, at most, and with ``false``, at least.
    """
    wrongly = _odds(size, too_many, false)

    def short(prices: NDArray[np.float64]) -> float:
        reward, fine = np.exp(prices)
        return -float(_best(wrongly, false, reward, fine) + reward * power - fine * error)

    # Any prices give a bound: how near the search comes to the best ones decides only how good it is.
    start = np.log([2.0 / error, 2.0 / error**2])
    found = minimize(short, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-3, "maxfev": 400})
    return -float(found.fun)


def _odds(size: int, too_many: int, false: int) -> NDArray[np.float64]:
    """How many times likelier each course is with ``too_many`` than with ``false``, by (m, s); 0 if impossible."""
    asked, found = np.arange(size + 1)[:, None], np.arange(false + 1)[None, :]
    confirmed = asked - found

    def ways(population: int, drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        """Logarithm of the ways to draw so many of a population, one after the other."""
        short = population - drawn
        told: NDArray[np.float64] = gammaln(population + 1) - gammaln(np.maximum(short, 0) + 1)
        return np.where(short < 0, -np.inf, told)

    possible = (confirmed >= 0) & (confirmed <= size - false)
    with np.errstate(invalid="ignore"):
        logs = ways(too_many, found) + ways(size - too_many, confirmed)
        logs = logs - ways(false, found) - ways(size - false, confirmed)
    return np.where(possible, np.exp(np.minimum(np.where(possible, logs, 0.0), 700.0)), 0.0)


def _best(wrongly: NDArray[np.float64], false: int, reward: float, fine: float) -> float:
    """What the best way costs at these prices, before anybody is asked."""
    size = len(wrongly) - 1
    certified = fine * wrongly - reward
    found = np.arange(false + 1)
    later = np.minimum(certified[size], 0.0)
    for asked in range(size - 1, -1, -1):
        chance = np.clip((false - found) / (size - asked), 0.0, 1.0)
        one_more = np.append(later[1:], 0.0)
        going_on = 1 + (1 - chance) * later + chance * one_more
        later = np.minimum(np.minimum(certified[asked], 0.0), going_on)
    return float(later[0])
