"""What the draws of a look-back (回头看) prove: a bet against "too many visits are false", and one on it.

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

    M <- M + B * (R - f / p) / (A - R),   0 <= B <= M,   B settled before the draw,

starting from M = 1, has mean <= M under H0 and is never negative: a bet of B against H0 that is fair if H0 just holds.
By Ville's inequality the probability that M ever reaches 1 / error is at most ``error`` under H0: for every number
and placement of false visits, every size of village, every choice of weights and every way of choosing B, and however
often somebody looks and decides to go on. With equal weights and B = M it is the hypergeometric likelihood ratio
against "none is false", so that a village without false visits is certified exactly when a sampling plan that
accepts no failure would be.

How much is staked
------------------
Wald's sequential test of H0 against "of the false visits H0 still needs the share r is false" (``Plan.reckoned``)
follows the likelihood ratio L, which is the process above with B = (1 - r) * L. It gives up where L falls to
a = (1 - power) / (1 - error), and what L is worth there is never used. Here it is: M = (L - a) / (1 - a) is 0 at that
place, is again a fair bet, and reaches 1 / error sooner. Put in M alone, L = a + (1 - a) * M makes the stake

    B = min(M, (1 - r) * (M + a / (1 - a)), what brings M to exactly 1 / error if the visit is confirmed).

With equal weights that is Wald's test, but for what M jumps beyond its limits; no test of its error and power asks
fewer on average by much (Wald and Wolfowitz 1948, for draws with replacement; compared by the benchmark without). With
a = 0 it is the likelihood ratio. A look-back whose M has fallen to a / 2 is not worth going on with. Saying so is
advice: M is a fair bet after it as before it, so that going on, or stopping sooner, takes nothing from the error.

"Not certified, less than X" is proved in the same way against the opposite hypothesis, with R = tolerable - S, bets
of the other sign, and a mean of several M. Both end at the latest with a full count, which needs no probability.

Who could not be reached
------------------------
A household that was not reached, or was passed over for a later one, counts as false where coverage is to be
proved and as real where a lack of it is. Both statements then hold whatever the truth about it is, and whenever it is
reached after all: with one false visit more M is no larger after any draw. For B rises with M, by no more than M
does, and depends on what was found by nothing else but the last of its three limits; so of two courses that differ in
one false visit the better one gains at least as much with a confirmation, and after a false visit has at least as much
left. A visit that took place, but of which what was said is not true, is treated alike.

Sources
-------
A. Wald, "Sequential tests of statistical hypotheses" (Annals of Mathematical Statistics 16, 1945); I. Waudby-Smith and
A. Ramdas, "Confidence sequences for sampling without replacement" (NeurIPS 2020) and "Estimating means of bounded
random variables by betting" (JRSS B 86, 2024); I. Waudby-Smith, P. B. Stark and A. Ramdas, "RiLACS: risk limiting
audits via confidence sequences" (E-Vote-ID 2021), for draws of unequal probability; P. B. Stark, "ALPHA: audit that
learns from previously hand-audited ballots" (Annals of Applied Statistics 17, 2023); J. Ville, "Étude critique de la
notion de collectif" (1939).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.rules.lookback_claim import Plan

# How many times more false visits than tolerable a refutation bets on.
EXCESS = np.array([1.5, 2.5, 5.0])
# Look-backs drawn before there were plans: shares of the largest bet, and how much of the evidence is staked on each.
SHARES = np.array([1.0, 0.7])
STAKES = np.array([0.5, 0.5])
# Evidence beyond this changes nothing, and keeps within what a float can hold.
MOST = 600.0
# After so many draws it is asked whether anything can still change.
PAUSE = 16


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


def evidence_for(
    false: NDArray[np.bool_],
    frame: Frame,
    tolerable: int | NDArray[np.int64],
    *,
    error: float,
    plan: Plan | None,
) -> NDArray[np.float64]:
    """Evidence that no more than ``tolerable`` counted visits are false, after each draw.

    Parameters
    ----------
    false : array of bool, shape (..., t)
        Found false, in the order drawn; t may be less than the length of the order.
    frame : Frame
        Shape (..., n), n >= t.
    tolerable : int or array
        0 or more; an array broadcasts against the leading axes.
    error : float
        Evidence of 1 / error proves it; there the bet ends.
    plan : Plan or None
        None for look-backs drawn before there were plans, which are judged as they were.

    Returns
    -------
    array, shape (..., t)
        M of the module's text; infinite once counting alone proves it. Reaching ``1 / error`` once is enough.
    """
    bad = false.astype(np.float64)
    n = false.shape[-1]
    need = np.asarray(tolerable)[..., None] + 1 - (np.cumsum(bad, axis=-1) - bad)
    left = frame.left[..., :n]
    room = frame.greatest[..., :n] - need
    # Enough false visits are found: nothing is to be proved any more, and nothing is bet.
    bets = (need > 0) & (room > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = np.where(bets, need / room, 0.0)
        fall = np.where(bets, (frame.inverse[..., :n] - need) / room, 0.0)
    if plan is None:
        grown = _averaged(np.where(false, -fall, rise))
    else:
        grown = _staked(np.where(false, -fall, rise), rise, error, plan)
    after = need - bad
    # So few are left that not all could be false that H0 needs.
    return np.where(after > left - 1, np.inf, np.where(after <= 0, 0.0, grown))


def _staked(gain: NDArray[np.float64], rise: NDArray[np.float64], error: float, plan: Plan) -> NDArray[np.float64]:
    """M after each draw, from what a stake of 1 gains there, and what it would gain by a confirmed visit."""
    top, share = 1 / error, 1 - plan.reckoned
    lent = plan.lent(error) / (1 - plan.lent(error))
    gains, rises = (np.ascontiguousarray(np.moveaxis(each, -1, 0)) for each in (gain, np.maximum(rise, 1e-12)))
    grown = np.empty_like(gains)
    evidence: NDArray[np.float64] = np.ones(gains.shape[1:])
    for at in range(len(gains)):
        stake = np.minimum(np.minimum(evidence, share * (evidence + lent)), (top - evidence) / rises[at])
        evidence = np.minimum(np.maximum(evidence + stake * gains[at], 0.0), top)
        grown[at] = evidence
        if at % PAUSE == 0 and np.all((evidence <= 0) | (evidence >= top)):
            grown[at:] = evidence
            break
    return np.moveaxis(grown, 0, -1)


def _averaged(gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of bets that stake a fixed share each."""
    with np.errstate(divide="ignore"):  # all that was staked is lost
        logs = np.cumsum(np.log1p(np.maximum(gain[..., None] * SHARES, -1.0)), axis=-2)
    grown: NDArray[np.float64] = (np.exp(np.minimum(logs, MOST)) * STAKES).sum(axis=-1)
    return grown


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
