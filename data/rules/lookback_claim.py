"""What a look-back (回头看) is to prove of a village, and the plan by which it bets on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from geo.errors import FangtuError, Text


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
class Plan:
    """For which villages a look-back is made to be short, and when it is to be given up.

    It is settled at the draw, before anything is found. It changes how many households are asked; the error holds
    with every plan.

    Attributes
    ----------
    reckoned : float
        Share of the false visits that would be one too many which the plan reckons with, 0 to 0.9. With 0 it is
        shortest where none is false.
    power : float
        Least probability with which such a village is to be certified before the look-back is given up, below 1.
    """

    reckoned: float = 0.2
    power: float = 0.9

    def __post_init__(self) -> None:
        if not 0 <= self.reckoned <= 0.9:
            raise LookbackError(
                Text(
                    "预计不属实的份额应在 0 到 0.9 之间，如 0.2。", "The share reckoned with is 0 to 0.9, such as 0.2."
                ),
                found=self.reckoned,
            )
        if not 0.05 <= self.power < 1:
            raise LookbackError(
                Text("把握应不小于 0.05、小于 1，如 0.9。", "The power is at least 0.05 and below 1, such as 0.9."),
                found=self.power,
            )

    def lent(self, error: float) -> float:
        """Wald's lower limit of the likelihood ratio, (1 - power) / (1 - error): what is lost by giving up there.

        At most 0.95: a power no larger than the error is had without asking anybody.
        """
        return min((1 - self.power) / (1 - error), 0.95)

    def least(self, error: float) -> float:
        """Evidence at which the look-back is not worth going on with: half of :meth:`lent`."""
        return self.lent(error) / 2


# Where nobody settles another: for villages with a fifth of what would be one too many.
USUAL = Plan()
