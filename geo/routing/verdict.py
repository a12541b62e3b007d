"""What the check of a plan finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from geo.errors import Text


@dataclass(frozen=True)
class Violation:
    """A rule that is broken: its kind, where, and the sentence."""

    kind: str
    text: Text
    inspector: str = ""
    day: int = -1
    household: str = ""

    def as_json(self, language: str) -> dict[str, Any]:
        """The violation as plain values."""
        return {
            "kind": self.kind,
            "inspector": self.inspector,
            "day": self.day,
            "household": self.household,
            "text": self.text.in_language(language),
        }


@dataclass(frozen=True)
class Verdict:
    """What a plan is worth and what is wrong with it.

    Attributes
    ----------
    weight : int
        Sum of the priorities of visited households.
    weight_all : int
        The same of all households.
    visits, unplanned : int
    travel_s, travel_m : int
    changed_inspector : int
        Visits by another inspector than last time.
    """

    violations: tuple[Violation, ...]
    visits: int
    unplanned: int
    weight: int
    weight_all: int
    travel_s: int
    travel_m: int
    changed_inspector: int

    @property
    def good(self) -> bool:
        """Whether no rule is broken."""
        return not self.violations

    def as_json(self, language: str = "en") -> dict[str, Any]:
        """The verdict as plain values."""
        told = {name: value for name, value in vars(self).items() if name != "violations"}
        return {"good": self.good, **told, "violations": [one.as_json(language) for one in self.violations]}


def fault_of(kind: str, zh: str, en: str, inspector: str = "", day: int = -1, household: str = "") -> Violation:
    """A violation from its sentence without full stop, in both languages."""
    return Violation(kind, Text(f"{zh}。", f"{en[:1].upper()}{en[1:]}."), inspector, day, household)
