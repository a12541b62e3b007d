"""One area as a row of a file states it, and why a row names none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shapely.geometry.base import BaseGeometry

from geo.errors import Text

# Field, what was found, what was expected, reason.
Refusal = tuple[str | None, Any, Text | None, Text]
# Name, code and last day of it; one of the first two may be missing.
Alias = tuple[str | None, str | None, date | None]


@dataclass
class Entry:
    """One area as a row states it; ``at`` is the record's place, None for areas named only in passing."""

    at: int | None
    code: str
    name: str
    level: str
    parent: str | None
    shape: BaseGeometry | None = None
    spot: BaseGeometry | None = None
    has_centre: bool = False
    valid_from: date | None = None
    aliases: list[Alias] = field(default_factory=list)


class Unclear(Exception):
    """A row that names no area.

    Parameters
    ----------
    field : str or None
        Where it went wrong; None if it is about the whole row.
    found
        What stands there.
    expected, reason : Text
    rule : str, optional
        Name of the rule in ``checks.toml`` that it breaks.
    """

    def __init__(
        self, field: str | None, found: Any, expected: Text | None, reason: Text, rule: str | None = None
    ) -> None:
        super().__init__(reason.en)
        self.refusal: Refusal = (field, found, expected, reason)
        self.rule = rule
