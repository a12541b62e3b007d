"""The facts a visit is judged by, as SQL: one definition for judging, imports, previews of plans and rulings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from data.rules.plan import VisitRule
from data.rules.validity import VisitFacts, limits_of

_ALWAYS = {name: f"{{v}}.{name}" for name in ("mode", "outcome", "minutes", "reason", "source_status", "ruling")}
_PLACE = {"has_fix": "{v}.geom is not null"} | {
    name: f"{{v}}.{name}" for name in ("distance_m", "accuracy_m", "fix_age_s")
}
_HOUR = {"started_h": "extract(epoch from ({v}.started_at at time zone 'Asia/Shanghai')::time)::float8 / 3600"}


@dataclass(frozen=True)
class Facts:
    """What some rules ask of a visit.

    Place and hour are asked for only where a rule limits them: without them visits of one kind are alike, and a million
    of them are judged as a few.
    """

    columns: tuple[tuple[str, str], ...]

    def select(self, alias: str) -> str:
        """Columns of the facts, by their names in :class:`~data.rules.validity.VisitFacts`."""
        return ", ".join(f"{sql.format(v=alias)} as {name}" for name, sql in self.columns)

    def group(self, alias: str) -> str:
        """The same for ``group by``."""
        return ", ".join(sql.format(v=alias) for _, sql in self.columns)

    def key(self, alias: str) -> str:
        """The facts as one text, the same for visits that are alike."""
        return f"row({self.group(alias)})::text"

    def read(self, values: Sequence[Any]) -> VisitFacts:
        """The facts from the columns' values, in their order."""
        return VisitFacts(**{name: value for (name, _), value in zip(self.columns, values, strict=True)})


def facts_for(*rules: VisitRule) -> Facts:
    """What any of these rules asks of a visit."""
    limits = [limits_of(rule) for rule in rules]
    columns = dict(_ALWAYS)
    if any(one.of_place for one in limits):
        columns |= _PLACE
    if any(one.of_hour for one in limits):
        columns |= _HOUR
    return Facts(tuple(columns.items()))
