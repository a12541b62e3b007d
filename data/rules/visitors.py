"""Kinds of visitors (走访力量) as a campaign's plan names them: who complements whom, and how many each takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geo.errors import Text

RULES = ("all", "share", "count", "near", "remainder")


@dataclass(frozen=True)
class Unit:
    """One office, group or person of a kind, by name.

    Attributes
    ----------
    name : str
    village : str or None
        Code or name of the village it answers for; None = the whole area of the campaign.
    households : int or None
        How many households it is to visit (需走访户数).
    """

    name: str
    village: str | None = None
    households: int | None = None


@dataclass(frozen=True)
class VisitorKind:
    """One kind of visitors.

    Attributes
    ----------
    kind : str
        Its key.
    name : Text
    rule : str
        ``all``: every household; ``share``: at least this part of the households of the place; ``count``: so many;
        ``near``: those nearest to the visitor; ``remainder``: everyone who is left (兜底).
    share : float or None
        0..1.
    count : int or None
        Households of each unit that states no number of its own.
    priority_groups : tuple of str
        Key groups that are visited first.
    repeats : bool
        Whether it may visit households that others visit too, as a village secretary who goes to everyone.
    units : tuple of Unit
    """

    kind: str
    name: Text
    rule: str = "remainder"
    share: float | None = None
    count: int | None = None
    priority_groups: tuple[str, ...] = ()
    repeats: bool = False
    units: tuple[Unit, ...] = ()


# A plan that names no kinds has grid workers, who visit everyone.
GRID_WORKERS = VisitorKind("grid_worker", Text("网格员", "Grid workers"))


def kinds_of(plan: Mapping[str, Any]) -> tuple[VisitorKind, ...]:
    """Kinds of visitors of a stored plan, in its order; grid workers alone where it names none."""
    kinds = tuple(_kind(values) for values in plan.get("visitor") or ())
    return kinds or (GRID_WORKERS,)


def names_kinds(plan: Mapping[str, Any]) -> bool:
    """Whether the plan itself says who may visit what others visit; without that no visit is one too many."""
    return bool(plan.get("visitor"))


def find_kind(kinds: Sequence[VisitorKind], words: str | None) -> VisitorKind | None:
    """The kind that a word means: its key or its name in either language; None if there is none."""
    wanted = (words or "").strip()
    for kind in kinds:
        if wanted and wanted in (kind.kind, kind.name.zh, kind.name.en):
            return kind
    return None


def _kind(values: Mapping[str, Any]) -> VisitorKind:
    key = str(values["kind"])
    name = str(values.get("name_zh") or key)
    return VisitorKind(
        kind=key,
        name=Text(name, str(values.get("name_en") or name)),
        rule=str(values.get("rule") or "remainder"),
        share=values.get("share"),
        count=values.get("count"),
        priority_groups=tuple(values.get("priority_groups") or ()),
        repeats=bool(values.get("repeats", False)),
        units=tuple(
            Unit(str(unit["name"]), unit.get("village"), unit.get("households")) for unit in values.get("unit") or ()
        ),
    )
