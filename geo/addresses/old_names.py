"""What a county is and was called, with the city and province above it, so that older addresses are understood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from geo.addresses.nation import Division, Nation, nation, stem_of


@dataclass(frozen=True)
class UpperName:
    """A name above the townships of one county: ``former`` for one no longer in use, ``level`` as in GB/T 2260."""

    name: str
    level: str
    former: bool


class OldNames:
    """The nation's table, asked about the user's own counties.

    Parameters
    ----------
    table : Nation, optional
        The shipped one by default.
    """

    def __init__(self, table: Nation | None = None) -> None:
        self._table = table or nation()
        full = {name for name in self._table.by_name if len(name) >= 3 or name.endswith("县")}
        self._elsewhere_lengths = sorted({len(name) for name in full}, reverse=True)
        self._full = full

    def county(self, codes: Iterable[str], name: str = "") -> Division | None:
        """Find a county by any of its codes (the first 6 digits count), else by a name only one county has.

        A former code leads to the county of today.
        """
        for code in codes:
            division = self._table.by_code.get(code[:6])
            if division and division.level == "county" and (not name or _alike(division.name, name)):
                return self._table.now(division)
        today = {self._table.now(d) for d in self._table.by_name.get(name, ()) if d.level == "county"}
        return today.pop() if len(today) == 1 else None

    def above(self, code: str) -> list[UpperName]:
        """Names of the city and province a code begins with, for statistical codes that name no county (340271)."""
        found = (self._table.by_code.get(code[:4] + "00"), self._table.by_code.get(code[:2] + "0000"))
        return [
            UpperName(name, division.level, False)
            for division in found
            if division
            for name in sorted({division.name, stem_of(division.name)})
        ]

    def names_of(self, county: Division) -> list[UpperName]:
        """All names and stems of a county, its city and its province, of today and of former times."""
        found: dict[tuple[str, str], bool] = {}

        def put(division_name: str, level: str, former: bool) -> None:
            for name in {division_name, stem_of(division_name)}:
                if len(name) >= 2:
                    found[name, level] = found.get((name, level), True) and former

        put(county.name, "county", False)
        put(county.province, "province", False)
        if county.city:
            put(county.city, "city", False)
        for division in self._former(county):
            put(division.name, "county", True)
            if division.city:
                put(division.city, "city", True)
        return [UpperName(name, level, former) for (name, level), former in found.items()]

    def elsewhere(self, text: str, start: int) -> str:
        """Give the longest full name of a province, city or county that stands at a place in a text, or nothing."""
        for length in self._elsewhere_lengths:
            if text[start : start + length] in self._full:
                return text[start : start + length]
        return ""

    def is_known(self, name: str) -> bool:
        """Say whether a division of this full name exists or existed."""
        return name in self._full

    def _former(self, county: Division) -> list[Division]:
        return [
            division
            for divisions in self._table.by_name.values()
            for division in divisions
            if not division.current
            and division.level == "county"
            and division.province == county.province
            and self._table.now(division) == county
        ]


def _alike(a: str, b: str) -> bool:
    return stem_of(a) == stem_of(b) or a[:2] == b[:2]
