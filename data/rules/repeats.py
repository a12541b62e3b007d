"""When a visit is one too many (重复走访): another organisation was there before, and they did not go together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from data.local_time import ZONE
from data.rules.visitors import VisitorKind, find_kind

# Not 和 or 及, which names hold as well.
BETWEEN_NAMES = "[、,，;；/\\s]+"


@dataclass(frozen=True)
class Told:
    """What a visit that counts says of who was there when.

    Attributes
    ----------
    visitor, visitor_kind, companions : str or None
        As recorded; several companions with a comma between them.
    started_at, ended_at : datetime or None
    """

    visitor: str | None
    visitor_kind: str | None
    companions: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def on(self) -> date | None:
        """Day of the visit in the field's zone."""
        moment = self.started_at or self.ended_at
        return moment.astimezone(ZONE).date() if moment else None


def names_in(companions: str | None) -> frozenset[str]:
    """Names of those who came along.

    >>> sorted(names_in("张和平、李四，王 五"))
    ['五', '张和平', '李四', '王']
    """
    return frozenset(name for name in re.split(BETWEEN_NAMES, companions or "") if name)


def find_repeats(visits: Sequence[Told], kinds: Sequence[VisitorKind]) -> list[bool]:
    """Say which visits of one household in one round are one too many.

    Parameters
    ----------
    visits : sequence of Told
        Those that count, in the order in which they were made.
    kinds : sequence of VisitorKind
        Of the plan. A kind that may visit what others visit too takes no part; a word that is no kind of the plan is
        compared as it is.

    Returns
    -------
    list of bool, same length
        True for a visit before which another organisation had been there: another kind, or of the same kind another
        visitor. What is not recorded makes no difference. Visits of one day of which one names the other's visitor as
        companion are one joint visit (陪同) recorded twice, and no repeat.
    """
    found = [False] * len(visits)
    earlier: list[tuple[Told, str | None]] = []
    for at, visit in enumerate(visits):
        known = find_kind(kinds, visit.visitor_kind)
        if known is not None and known.repeats:
            continue
        kind = known.kind if known is not None else (visit.visitor_kind or "").strip() or None
        found[at] = any(_differ(visit, kind, one, other) and not went_together(visit, one) for one, other in earlier)
        if not found[at]:
            earlier.append((visit, kind))
    return found


def _differ(visit: Told, kind: str | None, other: Told, other_kind: str | None) -> bool:
    if kind and other_kind and kind != other_kind:
        return True
    return bool(visit.visitor and other.visitor and visit.visitor != other.visitor)


def went_together(visit: Told, other: Told) -> bool:
    """Whether two visits to a household were one: made on one day, and one names the other's visitor as companion."""
    if visit.on != other.on:
        return False
    return visit.visitor in names_in(other.companions) or other.visitor in names_in(visit.companions)
