"""A sample of fixed size beside the look-back that stops by itself: what LQAS and a fixed share can prove.

Lot quality assurance sampling (LQAS; S. K. Lwanga and S. Lemeshow, WHO 1991) looks at n households drawn with equal
probability and accepts with at most d false visits. Without replacement the number found is hypergeometric, so
that both its errors are known exactly.
"""

from __future__ import annotations

import math
from fractions import Fraction


def chance_of_at_most(found: int, population: int, false: int, sample: int) -> float:
    """Probability that a sample without replacement holds at most ``found`` of the ``false`` in the population."""
    ways = math.comb(population, sample)
    most = min(found, false, sample)
    return sum(math.comb(false, k) * math.comb(population - false, sample - k) for k in range(most + 1)) / ways


def accept_number(population: int, false: int, sample: int, error: float) -> int | None:
    """Most false visits a sample may hold so that it wrongly accepts ``false`` or more with at most this probability.

    None if the sample is too small to prove anything, even with none found false.
    """
    # In whole numbers: of thousands of households they are too large for a float.
    most = Fraction(str(error)) * math.comb(population, sample)
    total, accepted = 0, None
    for found in range(min(false, sample) + 1):
        total += math.comb(false, found) * math.comb(population - false, sample - found)
        if total > most:
            break
        accepted = found
    return accepted


def least_sample(population: int, false: int, error: float, *, truth: int = 0, power: float = 1.0) -> int:
    """Least sample that keeps the error and accepts with this power where only ``truth`` visits are false."""
    for sample in range(1, population + 1):
        accepted = accept_number(population, false, sample, error)
        if accepted is not None and chance_of_at_most(accepted, population, truth, sample) >= power - 1e-12:
            return sample
    return population
