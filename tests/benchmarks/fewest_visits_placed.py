"""The fewest visits on average with which any look-back certifies, where false visits lie only where the risk is low.

Whoever is asked may then depend on what is known of the households: some are risky, the others are not. A look-back
that keeps its error keeps it wherever too many false visits lie, so also on average over all places among which ``k``
of them are among the risky households and the rest among the others, for each ``k``. Its power is asked for where none
of ``false`` is among the risky. All it has in that case is how many risky households were asked, how many others, and
how many of those were false. For every price ``reward`` of a certificate and ``fines`` of a wrong one, one for each k,

    mean visits >= min over all ways (mean visits - reward * P(certified) + sum of fines[k] * P_k(certified))
                   + reward * power - error * sum of fines,

where "all ways" settle whom to ask next, a risky household or another, and when to stop (weak duality; the two
hypotheses of Wald and Wolfowitz 1948 made one against a mixture of many). The minimum is found by going backwards from
a full count. The best prices are found by adding one way after another to a linear programme whose shadow prices they
are (column generation; P. C. Gilmore and R. E. Gomory, "A linear programming approach to the cutting-stock problem",
Operations Research 9, 1961); the mixture of the ways found so far shows in turn what can be reached.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.special import gammaln
from scipy.stats import hypergeom

STOP, CERTIFY, ASK_RISKY, ASK_OTHER = range(4)
# The shadow prices of few ways jump about: a part of the way to them is safer, from the best prices and from the last.
STEP = 0.3


class Way(NamedTuple):
    """What a way comes to: mean visits and power where all false visits are elsewhere, and its error for each k."""

    visits: float
    power: float
    errors: NDArray[np.float64]


class Village:
    """A village of which some households are risky.

    Parameters
    ----------
    size, risky : int
        Households that count as visited, and how many of them are risky.
    too_many : int
        False visits with which it may be certified wrongly, at most with the error.
    false : int
        False visits with which it is to be certified, none of them among the risky households.
    """

    def __init__(self, size: int, risky: int, too_many: int, false: int) -> None:
        self.risky, self.others, self.false, self.size = risky, size - risky, false, size
        self.ks = np.arange(max(0, too_many - self.others), min(too_many, risky) + 1)
        k = self.ks[:, None]
        asked = np.arange(risky + 1)[None]
        # How many times likelier each course is with k among the risky: a factor for these, and one for the others.
        self.of_risky = np.exp(_ways(risky - k, asked) - _ways(risky, asked))
        asked, found = np.arange(self.others + 1)[:, None], np.arange(false + 1)[None]
        possible = (asked >= found) & (asked - found <= self.others - false)
        with np.errstate(invalid="ignore"):
            here = _ways(false, found) + _ways(self.others - false, asked - found)
            logs = np.array(
                [_ways(too_many - k, found) + _ways(self.others - too_many + k, asked - found) - here for k in self.ks]
            )
        self.of_others = np.exp(np.minimum(np.where(possible, logs, -np.inf), 600.0))

    def best_way(self, reward: float, fines: NDArray[np.float64]) -> tuple[float, NDArray[np.int8]]:
        """What the best way costs at these prices, and what it does by (asked in all, risky asked, false found)."""
        told = (self.of_risky * fines[:, None]).T @ self.of_others.reshape(len(self.ks), -1)
        certified = told.reshape(self.risky + 1, self.others + 1, self.false + 1) - reward
        acts = np.zeros((self.size + 1, self.risky + 1, self.false + 1), dtype=np.int8)
        later = np.full((self.risky + 1, self.false + 1), np.inf)
        r = np.arange(self.risky + 1)
        for asked in range(self.size, -1, -1):
            there, others, chance = self._state(asked)
            costs = np.full((4, *later.shape), np.inf)
            costs[STOP], costs[CERTIFY] = 0.0, certified[r, others]
            if asked < self.size:
                costs[ASK_RISKY, :-1] = 1 + later[1:]
                one_more = np.hstack([later[:, 1:], np.zeros((len(r), 1))])
                with np.errstate(invalid="ignore"):
                    going_on = np.where(chance < 1, (1 - chance) * later, 0.0)
                    going_on += np.where(chance > 0, chance * one_more, 0.0)
                costs[ASK_OTHER] = np.where((others < self.others)[:, None], 1 + going_on, np.inf)
            acts[asked] = costs.argmin(axis=0)
            later = np.where(there[:, None], costs.min(axis=0), np.inf)
        return float(later[0, 0]), acts

    def follow(self, acts: NDArray[np.int8]) -> Way:
        """What a way comes to."""
        at = np.zeros((self.risky + 1, self.false + 1))
        at[0, 0] = 1.0
        visits = power = 0.0
        errors = np.zeros(len(self.ks))
        for asked in range(self.size + 1):
            _there, others, chance = self._state(asked)
            ended = at * (acts[asked] == CERTIFY)
            rows, found = np.nonzero(ended)
            errors += (self.of_risky[:, rows] * self.of_others[:, others[rows], found]) @ ended[rows, found]
            power += ended.sum()
            visits += asked * (at * (acts[asked] <= CERTIFY)).sum()
            risky, other = at * (acts[asked] == ASK_RISKY), at * (acts[asked] == ASK_OTHER)
            at = other * (1 - chance)
            at[:, 1:] += (other * chance)[:, :-1]
            at[1:] += risky[:-1]
            if not at.any():
                break
        return Way(visits, power, errors)

    def _state(self, asked: int) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float64]]:
        """By how many risky ones were asked: whether that can be, others asked, the chance that the next is false."""
        others = asked - np.arange(self.risky + 1)
        there = (others >= 0) & (others <= self.others)
        others = np.clip(others, 0, self.others)
        left = np.maximum(self.others - others, 1)[:, None]
        return there, others, np.clip((self.false - np.arange(self.false + 1))[None] / left, 0.0, 1.0)


def fewest_visits_placed(
    size: int,
    risky: int,
    too_many: int,
    false: int,
    error: float,
    power: float,
    *,
    near: float = 0.02,
    rounds: int = 200,
) -> tuple[float, float]:
    """Least mean number of visits of any look-back, for ``false`` false visits none of which is at a risky household.

    Parameters
    ----------
    size, risky, too_many, false : int
        As for :class:`Village`.
    error, power : float
        Probability of certifying with ``too_many``, at most, wherever they lie, and with ``false``, at least.
    near : float
        How near the two numbers of the answer have to be before the search ends.
    rounds : int
        Most ways that are looked at.

    Returns
    -------
    (float, float)
        No look-back has fewer than the first; one that is drawn by lot from those found has the second.
    """
    village = Village(size, risky, too_many, false)
    nothing = np.zeros(len(village.ks))
    ways = [Way(0.0, 0.0, nothing), Way(float(size), 1.0, nothing)]
    even = hypergeom.pmf(village.ks, size, risky, too_many)
    best = prices = np.array([2 / error, *(2 / error**2 * (0.7 * even + 0.3 * (village.ks == village.ks[0])))])
    bound, reached = 0.0, float(size)
    for turn in range(rounds):
        cost, acts = village.best_way(prices[0], prices[1:])
        told = cost + prices[0] * power - error * prices[1:].sum()
        if told > bound:
            bound, best = told, prices
        ways.append(village.follow(acts))
        least = linprog(
            [way.visits for way in ways],
            A_ub=np.vstack([[-way.power for way in ways], np.array([way.errors for way in ways]).T]),
            b_ub=[-power, *[error] * len(nothing)],
            A_eq=np.ones((1, len(ways))),
            b_eq=[1.0],
            method="highs",
        )
        reached = float(least.fun)
        if reached - bound <= near:
            break
        prices = (1 - STEP) * (best if turn % 2 else prices) + STEP * -least.ineqlin.marginals
    return float(bound), reached


def _ways(population: NDArray[np.int64] | int, drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """Logarithm of the ways to draw so many of a population, one after the other; minus infinity if there are fewer."""
    short = np.asarray(population) - drawn
    told: NDArray[np.float64] = gammaln(np.asarray(population) + 1.0) - gammaln(np.maximum(short, 0) + 1.0)
    return np.where((short < 0) | (drawn < 0), -np.inf, told)
