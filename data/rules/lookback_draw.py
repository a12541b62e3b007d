"""Which household a look-back (回头看) asks next: drawn without replacement, weighted by risk, for anybody to repeat.

A household's weight is 1 plus a multiple of its risk. How large that multiple is, is settled for each village:
as large as costs a village without any false visit at most a twentieth more households to ask (:data:`SURCHARGE`),
since what proves coverage are the households least likely to be drawn. Where false visits lie with the risk,
fewer have to be asked; where they do not, about a twentieth more. The error stated holds in both cases
(:mod:`data.rules.lookback_evidence`).

The order is that of -ln(u) / weight, smallest first, with u from the seed and the household's key by SHA-256:
successive draws with probability proportional to weight (Efraimidis and Spirakis, "Weighted random sampling
with a reservoir", 2006), repeatable by hand from the seed as in election audits. The seed must not be known
before the visits are.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

# Reasons for looking at a household sooner, and what each adds to its risk; several add up to at most 1.
RISK = {
    "suspect": 0.6,
    "visitor_false": 0.5,
    "visitor_suspect": 0.25,
    "remote": 0.15,
    "barely": 0.1,
    "never_looked_at": 0.05,
    "key_group": 0.05,
}
SURCHARGE = 0.05
# No household is drawn more than this many times as readily as another.
MOST_WEIGHT = 9.0
# Shares of a visitor's visits that tell on the others.
SUSPECT_SHARE = 0.1
# A stay that just makes the minimum, within this many minutes.
BARELY_MINUTES = 2.0


@dataclass(frozen=True)
class Facts:
    """What is known of the counted visits of one household in a round.

    ``suspect``: all are suspect. ``visitor_suspect``, ``visitor_all``: suspect visits of its visitor, and all of them;
    ``visitor_false``: visits of the same visitor that were ruled or found false. ``spare_minutes``: how much
    longer than the minimum the longest lasted, None without times or a minimum.
    """

    suspect: bool = False
    visitor_suspect: int = 0
    visitor_all: int = 0
    visitor_false: int = 0
    remote: bool = False
    spare_minutes: float | None = None
    looked_at: bool = False
    key_group: bool = False


def reasons_of(facts: Facts) -> tuple[str, ...]:
    """Reasons for looking at a household sooner: keys of :data:`RISK`, the weightiest first."""
    holds = {
        "suspect": facts.suspect,
        "visitor_false": facts.visitor_false > 0,
        "visitor_suspect": facts.visitor_all > 0 and facts.visitor_suspect / facts.visitor_all >= SUSPECT_SHARE,
        "remote": facts.remote,
        "barely": facts.spare_minutes is not None and facts.spare_minutes <= BARELY_MINUTES,
        "never_looked_at": not facts.looked_at,
        "key_group": facts.key_group,
    }
    return tuple(reason for reason in RISK if holds[reason])


def weights_of(reasons: Sequence[Sequence[str]]) -> list[float]:
    """Weights of a village's counted households, 1 to :data:`MOST_WEIGHT`, by their reasons.

    The mean weight is at most ``1 + SURCHARGE`` times the least, so that looking at the risky ones first stays cheap.
    """
    risks = [min(1.0, sum(RISK[reason] for reason in of_one)) for of_one in reasons]
    if not risks:
        return []
    # What all share tells none of them from the others.
    base = min(risks)
    above = [risk - base for risk in risks]
    mean = sum(above) / len(above)
    if mean == 0:
        return [1.0] * len(risks)
    steepness = min(SURCHARGE / mean, (MOST_WEIGHT - 1.0) / max(above))
    return [1.0 + steepness * risk for risk in above]


def draw_order(seed: str, keys: Sequence[str], weights: Sequence[float]) -> list[int]:
    """Positions of households in the order drawn.

    Parameters
    ----------
    seed : str
        Any text; the same seed gives the same order.
    keys : sequence of str
        Lasting keys of the households, all different.
    weights : sequence of float
        Positive, one for each.
    """
    times = [-math.log(_ticket(seed, key)) / weight for key, weight in zip(keys, weights, strict=True)]
    return sorted(range(len(keys)), key=lambda at: (times[at], keys[at]))


def _ticket(seed: str, key: str) -> float:
    """A number above 0 and below 1 that looks random to whoever does not know the seed."""
    digest = hashlib.sha256(f"{seed}\n{key}".encode()).digest()
    return (int.from_bytes(digest[:6], "big") + 0.5) / 2**48
