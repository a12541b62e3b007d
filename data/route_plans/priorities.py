"""What a household weighs in a plan of routes: the one place that says who comes first."""

from __future__ import annotations

from collections.abc import Collection

from data.rules.words import DILAPIDATED
from geo.routing.problem import TOP_PRIORITY

# Any household counts this; what is added stands beside its reason. A plan that cannot hold all leaves the least out.
BASE = 10
KEY_GROUP = 20
# Key groups that the work plan names first for the kind of visitors who go.
FIRST_GROUP = 15
LATE = 30
GRADE = {"C": 20, "D": 35}
# Put to the front by hand during a day.
URGENT = TOP_PRIORITY


def priority_of(key_groups: Collection[str], grade: str | None, late: bool, first_groups: Collection[str] = ()) -> int:
    """The priority of a household, 0 to 100.

    Parameters
    ----------
    key_groups : collection of str
        Of the household.
    grade : str or None
        Worst of its houses; C and D are dilapidated (危房).
    late : bool
        Whether its visit is overdue: the day somebody meant to come back is past, or the last day of the round.
    first_groups : collection of str
        Groups the kind of visitors takes first, as the work plan says.
    """
    points = BASE
    if key_groups:
        points += KEY_GROUP
    if set(key_groups) & set(first_groups):
        points += FIRST_GROUP
    if grade in DILAPIDATED:
        points += GRADE[str(grade)]
    if late:
        points += LATE
    return min(TOP_PRIORITY, points)
