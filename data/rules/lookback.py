"""Look-back (回头看) that certifies: what looking again at a few households proves about all that count as visited.

The question
------------
A village has ``eligible`` households of which ``counted`` count as visited. Its true coverage is the number of
households with a visit that really took place over ``eligible``. Households that do not count are known to be
uncovered, so only the counted ones are asked. "True coverage >= X" means that at least ``ceil(X * eligible)``
counted visits are real, that is, that at most ``tolerable = counted - ceil(X * eligible)`` are false. The
hypothesis to be disproved is

    H0: at least ``tolerable + 1`` of the counted visits are false.

The evidence
------------
Households are drawn one after the other without replacement, each with probability proportional to its weight among
those left (:mod:`data.rules.lookback_draw`). Before a draw let S be the false visits found, R = tolerable + 1 - S those
H0 still needs, w the weight of the household drawn, W the sum of weights left, p = w / W its probability, f = 1 if its
visit proves false. Given the past the mean of f / p is the number of false visits left, whatever the weights and
wherever the false visits are (Horvitz and Thompson 1952). So with A = W / (least weight left), the largest 1 / p,

    M <- M * (1 + c * (R - f / p) / (A - R)),   0 <= c <= 1,

has mean <= M under H0 and is never negative: a bet against H0 that is fair if H0 just holds. By Ville's inequality the
probability that M ever reaches 1 / error is at most ``error`` under H0: for every number and placement of false
visits, every size of village and every choice of weights, and however often somebody looks and decides to go
on. With equal weights and c = 1 it is the hypergeometric likelihood ratio against "none is false", so that a
village without false visits is certified exactly when a sampling plan that accepts no failure would be. A mean
of several such M (:data:`SHARES`) is again one; the smaller ones forgive false visits.

"Not certified, less than X" is proved in the same way against the opposite hypothesis, with R = tolerable - S and
c bets of the other sign. Both end at the latest with a full count, which needs no probability.

Who could not be reached
------------------------
A household that was not reached, or was passed over for a later one, counts as false where coverage is to be
proved and as real where a lack of it is. Both statements then hold whatever the truth about it is: with more false
visits M is smaller after every draw. A visit that took place, but of which what was said is not true, is treated alike.

Sources
-------
I. Waudby-Smith and A. Ramdas, "Confidence sequences for sampling without replacement" (NeurIPS 2020) and "Estimating
means of bounded random variables by betting" (JRSS B 86, 2024); I. Waudby-Smith, P. B. Stark and A. Ramdas, "RiLACS:
risk limiting audits via confidence sequences" (E-Vote-ID 2021), for draws of unequal probability; P. B. Stark, "ALPHA:
audit that learns from previously hand-audited ballots" (Annals of Applied Statistics 17, 2023); J. Ville,
"Étude critique de la notion de collectif" (1939).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from geo.errors import FangtuError, Text

CONFIRMED, NOT_VISITED, UNTRUE, NOT_REACHED = "confirmed", "not_visited", "untrue", "not_reached"
RESULTS = (CONFIRMED, NOT_VISITED, UNTRUE, NOT_REACHED)
# What proves nothing for coverage although somebody answered.
FALSE = (NOT_VISITED, UNTRUE)
CERTIFIED, REFUTED, GOING_ON = "certified", "refuted", "going_on"
# Share of the largest bet (the rest of it allows for false visits), and how much of the evidence is staked on each.
SHARES = np.array([1.0, 0.7])
STAKES = np.array([0.5, 0.5])
# How many times more false visits than tolerable a refutation bets on.
EXCESS = np.array([1.5, 2.5, 5.0])


# Evidence beyond this changes nothing, and keeps within what a float can hold.
MOST = 600.0


class LookbackError(FangtuError):
    """A look-back is asked for something that cannot be, or that its rules do not allow."""

    code = "lookback"


@dataclass(frozen=True)
class Claim:
    """What is to be proved of one village.

    Attributes
    ----------
    eligible, counted : int
        Households that are to be visited, and those of them that count as visited.
    coverage : float
        X, above 0 and at most 1.
    error : float
        Greatest probability of a wrong statement, of either kind, above 0 and below 0.5.
    """

    eligible: int
    counted: int
    coverage: float
    error: float

    def __post_init__(self) -> None:
        if not 0 <= self.counted <= self.eligible:
            raise ValueError("counted lies between 0 and eligible")
        if not 0 < self.coverage <= 1:
            raise LookbackError(
                Text("覆盖率应大于 0、不超过 1，如 0.95。", "The coverage is above 0 and at most 1, such as 0.95."),
                found=self.coverage,
            )
        if not 0 < self.error < 0.5:
            raise LookbackError(
                Text("误差应大于 0、小于 0.5，如 0.05。", "The error is above 0 and below 0.5, such as 0.05."),
                found=self.error,
            )

    @property
    def needed(self) -> int:
        """Real visits that make the coverage; 0.95 of 100 is 95, not 96 for a digit beyond the sixteenth."""
        return math.ceil(Fraction(str(self.coverage)) * self.eligible)

    @property
    def tolerable(self) -> int:
        """False visits there may be; negative if too few households count to begin with."""
        return self.counted - self.needed


@dataclass(frozen=True)
class Verdict:
    """How far a look-back has come in one village.

    Attributes
    ----------
    state : str
        ``certified``, ``refuted`` or ``going_on``.
    asked : int
        Households looked at so far, in their order: up to the last that has a result.
    decided_at : int or None
        How many it took to decide; None while it goes on.
    false, unreached : int
        Of the households looked at: visits found false, and households not reached or passed over.
    still : int or None
        Least number of households still to ask, if each confirms its visit; 0 once it is decided, None if no further
        household can decide it and those not reached have to be reached.
    by_count : bool
        Whether it was decided by counting alone, without any probability.
    """

    state: str
    asked: int
    decided_at: int | None
    false: int
    unreached: int
    still: int | None
    by_count: bool


@dataclass(frozen=True)
class Frame:
    """What each draw of a fixed order finds: ``inverse`` = 1 / p, ``greatest`` the largest 1 / p, ``left`` households.

    Arrays of one shape (..., n), in the order drawn.
    """

    inverse: NDArray[np.float64]
    greatest: NDArray[np.float64]
    left: NDArray[np.int64]


def frame_of(weights: NDArray[np.float64]) -> Frame:
    """Probabilities along an order of draws without replacement.

    Parameters
    ----------
    weights : array, shape (..., n)
        Positive weights of all counted households, in the order drawn.
    """
    back = weights[..., ::-1]
    sums = np.cumsum(back, axis=-1)[..., ::-1]
    least = np.minimum.accumulate(back, axis=-1)[..., ::-1]
    left = np.broadcast_to(np.arange(weights.shape[-1], 0, -1), weights.shape)
    # Equal weights add up to whole numbers: what is exact there stays exact.
    inverse, greatest = sums / weights, np.maximum(sums / least, left)
    return Frame(np.maximum(inverse, 1.0), greatest, left)


def evidence_for(false: NDArray[np.bool_], frame: Frame, tolerable: int | NDArray[np.int64]) -> NDArray[np.float64]:
    """Evidence that no more than ``tolerable`` counted visits are false, after each draw.

    Parameters
    ----------
    false : array of bool, shape (..., t)
        Found false, in the order drawn; t may be less than the length of the order.
    frame : Frame
        Shape (..., n), n >= t.
    tolerable : int or array
        0 or more; an array broadcasts against the leading axes.

    Returns
    -------
    array, shape (..., t)
        M of the module's text; infinite once counting alone proves it. Reaching ``1 / error`` once is enough.
    """
    bad = false.astype(np.float64)
    before = np.cumsum(bad, axis=-1) - bad
    n = false.shape[-1]
    need = np.asarray(tolerable)[..., None] + 1 - before
    greatest, left = frame.greatest[..., :n], frame.left[..., :n]
    room = greatest - need
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(room > 0, (need - bad * frame.inverse[..., :n]) / room, np.where(bad > 0, 0.0, np.inf))
        # Enough false visits are found: nothing is to be proved any more, and nothing is bet.
        gain = np.where(need <= 0, 0.0, gain)
        steps = np.log1p(np.maximum(gain[..., None] * SHARES, -1.0))
        logs = np.cumsum(np.where(np.isnan(steps), 0.0, steps), axis=-2)
        grown = (np.exp(np.minimum(logs, MOST)) * STAKES).sum(axis=-1)
    after = need - bad
    # So few are left that not all could be false that H0 needs.
    return np.where(after > left - 1, np.inf, np.where(after <= 0, 0.0, grown))


def evidence_against(false: NDArray[np.bool_], frame: Frame, tolerable: int | NDArray[np.int64]) -> NDArray[np.float64]:
    """Evidence that more than ``tolerable`` counted visits are false, after each draw; as :func:`evidence_for`."""
    bad = false.astype(np.float64)
    before = np.cumsum(bad, axis=-1) - bad
    n = false.shape[-1]
    may = np.asarray(tolerable)[..., None] - before
    left = frame.left[..., :n]
    room = np.maximum(left - may, 1.0)
    share = np.clip((EXCESS - 1.0) * (np.maximum(may, 0.0) / room)[..., None], 0.0, 0.9)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(may > 0, (bad * frame.inverse[..., :n] - may) / may, 0.0)
        logs = np.cumsum(np.log1p(share * gain[..., None]), axis=-2)
        grown = np.exp(np.minimum(logs, MOST)).mean(axis=-1)
    return np.where(may - bad < 0, np.inf, grown)


def judge(claim: Claim, weights: Sequence[float], results: Sequence[str | None]) -> Verdict:
    """Say how far the look-back of one village has come.

    Parameters
    ----------
    claim : Claim
        What is to be proved.
    weights : sequence of float, length ``claim.counted``
        Weights of all counted households in the order drawn.
    results : sequence of str or None
        What was found, in the same order: one of :data:`RESULTS`, None for nothing yet. A household that was
        passed over counts as not reached; what lies behind the last result is still to come.

    Returns
    -------
    Verdict
        ``certified`` if "true coverage >= X" was proved at some moment, ``refuted`` if "true coverage < X" was. What
        counting shows goes before what was proved with a probability.

    Raises
    ------
    ValueError
        If there are not as many weights as households.
    """
    if len(weights) != claim.counted:
        raise ValueError("one weight for each counted household")
    asked = max((at for at, result in enumerate(results, start=1) if result is not None), default=0)
    seen = list(results[:asked])
    false = sum(result in FALSE for result in seen)
    unreached = sum(result is None or result == NOT_REACHED for result in seen)
    real = claim.counted - asked + sum(result == CONFIRMED for result in seen)

    def verdict(state: str, at: int | None, still: int | None, by_count: bool = False) -> Verdict:
        return Verdict(state, asked, at, false, unreached, still, by_count)

    # A visit of untrue content covers nobody for the proof, but it took place: it refutes nothing.
    not_made = [result == NOT_VISITED for result in seen]
    if sum(not_made) > claim.tolerable:
        return verdict(REFUTED, _when(np.cumsum(not_made) > claim.tolerable), 0, True)
    if claim.counted == asked and real >= claim.needed:
        return verdict(CERTIFIED, asked, 0, True)
    frame = frame_of(np.asarray(weights, dtype=np.float64))
    enough = 1 / claim.error - 1e-9
    doubtful = np.array([result != CONFIRMED for result in seen] + [False] * (claim.counted - asked), dtype=np.bool_)
    proof = evidence_for(doubtful, frame, claim.tolerable)
    certified = _when(proof[:asked] >= enough)
    refuted = _when(evidence_against(np.array(not_made, dtype=np.bool_), frame, claim.tolerable) >= enough)
    if certified and (not refuted or certified <= refuted):
        return verdict(CERTIFIED, certified, 0, bool(np.isinf(proof[certified - 1])))
    if refuted:
        return verdict(REFUTED, refuted, 0)
    then = _when(proof >= enough)
    return verdict(GOING_ON, None, None if then is None else then - asked)


def proved_visits(claim: Claim, weights: Sequence[float], results: Sequence[str | None]) -> int:
    """Real visits that are proved so far: fewer there are with a probability of at most ``claim.error``.

    The evidence against "at least F are false" grows with F, so that the least F that is disproved is found by
    halving. The bound holds at every moment at once, whether or not a look-back is stopped for it.
    """
    asked = max((at for at, result in enumerate(results, start=1) if result is not None), default=0)
    frame = frame_of(np.asarray(weights, dtype=np.float64))
    doubtful = np.array([result != CONFIRMED for result in results[:asked]], dtype=np.bool_)
    low, high = 0, claim.counted  # at most `high` are false; that there are more than `low - 1` is not disproved
    while low < high:
        middle = (low + high) // 2
        if asked and _when(evidence_for(doubtful, frame, middle) >= 1 / claim.error - 1e-9):
            high = middle
        else:
            low = middle + 1
    return claim.counted - high


def least_visits(claim: Claim, weights: Sequence[float]) -> int:
    """Households to be looked at until the claim is proved if every visit proves real; 0 if it cannot be proved."""
    return judge(claim, weights, ()).still or 0


def _when(reached: NDArray[np.bool_]) -> int | None:
    """How many draws it took until something held; None if it never did."""
    return int(np.argmax(reached)) + 1 if reached.any() else None
