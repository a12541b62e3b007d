"""Look-back (回头看) that certifies: what looking again at a few households proves about all that count as visited.

What is to be proved is a :class:`~data.rules.lookback_claim.Claim`; how the proof works, and why its error holds,
stands in :mod:`data.rules.lookback_evidence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.rules.lookback_claim import USUAL, Claim, Plan
from data.rules.lookback_evidence import evidence_against, evidence_for, frame_of

CONFIRMED, NOT_VISITED, UNTRUE, NOT_REACHED = "confirmed", "not_visited", "untrue", "not_reached"
RESULTS = (CONFIRMED, NOT_VISITED, UNTRUE, NOT_REACHED)
# What proves nothing for coverage although somebody answered.
FALSE = (NOT_VISITED, UNTRUE)
CERTIFIED, REFUTED, GOING_ON, STOPPED = "certified", "refuted", "going_on", "stopped"
STATES = (CERTIFIED, REFUTED, GOING_ON, STOPPED)


@dataclass(frozen=True)
class Verdict:
    """How far a look-back has come in one village.

    Attributes
    ----------
    state : str
        ``certified``, ``refuted``, ``going_on``, or ``stopped``: open, but by its plan not worth going on with.
    asked : int
        Households looked at so far, in their order: up to the last that has a result.
    decided_at : int or None
        How many it took to decide; None while it goes on.
    false, unreached : int
        Of the households looked at: visits found false, and households not reached or passed over.
    still : int or None
        Least number of households still to ask, if each confirms its visit; 0 once it is decided, None if those not
        reached have to be reached first, or if with visits of untrue content too many are false.
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


def judge(claim: Claim, weights: Sequence[float], results: Sequence[str | None], plan: Plan | None = USUAL) -> Verdict:
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
    plan : Plan or None
        The plan of the draw; None for look-backs drawn before there were plans, which are never given up.

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

    def proof_where(proves_nothing: Sequence[bool]) -> NDArray[np.float64]:
        """Evidence along the whole order, if every household not asked yet confirms its visit."""
        doubtful = np.array([*proves_nothing, *[False] * (claim.counted - asked)], dtype=np.bool_)
        return evidence_for(doubtful, frame, claim.tolerable, error=claim.error, plan=plan)

    proof = proof_where([result != CONFIRMED for result in seen])
    certified = _when(proof[:asked] >= enough)
    refuted = _when(evidence_against(np.array(not_made, dtype=np.bool_), frame, claim.tolerable) >= enough)
    if certified and (not refuted or certified <= refuted):
        return verdict(CERTIFIED, certified, 0, bool(np.isinf(proof[certified - 1])))
    if refuted:
        return verdict(REFUTED, refuted, 0)
    then = _when(proof >= enough)
    still = None if then is None else then - asked
    if plan is None or not asked or proof[asked - 1] > plan.least(claim.error):
        return verdict(GOING_ON, None, still)
    # Not to be given up for those who were not reached: each of them may yet confirm its visit.
    if unreached and proof_where([result in FALSE for result in seen])[asked - 1] > plan.least(claim.error):
        return verdict(GOING_ON, None, None)
    return verdict(STOPPED, None, still)


def least_visits(claim: Claim, weights: Sequence[float], plan: Plan | None = USUAL) -> int:
    """Households to be looked at until the claim is proved if every visit proves real; 0 if it cannot be proved."""
    return judge(claim, weights, (), plan).still or 0


def _when(reached: NDArray[np.bool_]) -> int | None:
    """How many draws it took until something held; None if it never did."""
    return int(np.argmax(reached)) + 1 if reached.any() else None
