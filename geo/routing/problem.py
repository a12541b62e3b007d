"""What is to be planned: inspectors, households, days and what binds them; plain values without a database.

Times are whole seconds from midnight of their day; places are rows of the travel.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from geo.routing.contradictions import check_problem
from geo.routing.terms import (
    MOST_HOUSEHOLDS,
    TOP_PRIORITY,
    Break,
    Done,
    Household,
    Inspector,
    Lock,
    Now,
    Pair,
    ProblemError,
    Shift,
    Window,
    clock,
)
from geo.routing.travel import Travel

__all__ = [
    "MOST_HOUSEHOLDS",
    "SAME_INSPECTOR_S",
    "TOP_PRIORITY",
    "Break",
    "Done",
    "Household",
    "Inspector",
    "Lock",
    "Now",
    "Pair",
    "Problem",
    "ProblemError",
    "Shift",
    "Window",
    "clock",
]

# What it costs to send another inspector than last time, in seconds of travel.
SAME_INSPECTOR_S = 600


@dataclass(frozen=True, eq=False)
class Problem:
    """A problem of routes.

    Attributes
    ----------
    days : tuple of str
        Labels, usually dates.
    all_required : bool
        Whether every household has to be visited (instances of Solomon); otherwise those that do not fit are told.
    time_unit : str
        ``s``, or ``tenths`` for instances without a clock.
    """

    travel: Travel
    inspectors: tuple[Inspector, ...]
    households: tuple[Household, ...]
    days: tuple[str, ...] = ("0",)
    pairs: tuple[Pair, ...] = ()
    locks: tuple[Lock, ...] = ()
    done: tuple[Done, ...] = ()
    now: Now | None = None
    same_inspector_s: int = SAME_INSPECTOR_S
    all_required: bool = False
    time_unit: str = "s"
    by_household: dict[str, int] = field(init=False, repr=False)
    by_inspector: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_household", {one.id: at for at, one in enumerate(self.households)})
        object.__setattr__(self, "by_inspector", {one.id: at for at, one in enumerate(self.inspectors)})
        check_problem(self)
