"""The user's own areas, indexed by everything they are called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from geo.addresses.forms import (
    AS_LISTED,
    ENDED,
    FOLDED,
    hamlet_forms,
    hamlet_stem,
    town_forms,
    town_stem,
    village_forms,
    village_stem,
)
from geo.addresses.nation import stem_of
from geo.addresses.near import NearIndex
from geo.addresses.old_names import OldNames
from geo.addresses.parts import NUMBER, number_of
from geo.addresses.writing import neat

COUNTY, TOWNSHIP, VILLAGE, HAMLETS = "county", "township", "village", ("natural_village", "group")
UPPER = (COUNTY, "city", "province")
CONTEXT = (*UPPER, TOWNSHIP)
_NUMBERED = re.compile(rf"(?:第|村民)?({NUMBER})(?:号)?(?:村民小组|村民组|居民小组|小组|组|队|生产队|社)?")


@dataclass(frozen=True)
class Unit:
    """One area of the user: township, village, natural village or village group.

    Attributes
    ----------
    key : int
        Database id.
    level : str
        ``county``, ``township``, ``village``, ``natural_village`` or ``group``.
    name : str
        Name as shown.
    parent : int or None
        Key of the area above; None if unknown or outside.
    names : tuple of str
        Aliases, official and older names.
    codes : tuple of str
        Current and older codes.
    """

    key: int
    level: str
    name: str
    parent: int | None
    names: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Option:
    """What one form may mean: a unit (``key``; None for a city or province above all of them), at a tier of forms."""

    key: int | None
    level: str
    tier: int
    former: bool = False


@dataclass
class Index:
    """Units by key, their chains, and forms. Made by :func:`index_units`."""

    units: dict[int, Unit]
    township: dict[int, int | None] = field(default_factory=dict)
    county: dict[int, int | None] = field(default_factory=dict)
    village: dict[int, int | None] = field(default_factory=dict)
    forms: dict[str, tuple[Option, ...]] = field(default_factory=dict)
    lengths: dict[str, tuple[int, ...]] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    hamlets: dict[int, list[int]] = field(default_factory=dict)
    numbered: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    # Whether any name of a county, city or province is known; without one, none can be foreign.
    knows_uppers: bool = False
    # Whether several townships are known, so that a county's name tells something.
    has_townships: bool = False
    near_upper: NearIndex = field(default_factory=lambda: NearIndex(()))
    near_towns: NearIndex = field(default_factory=lambda: NearIndex(()))
    near_villages: NearIndex = field(default_factory=lambda: NearIndex(()))
    near_hamlets: NearIndex = field(default_factory=lambda: NearIndex(()))

    def villages_in(self, township: int) -> list[int]:
        """Keys of the villages of a township."""
        return [key for key, above in self.township.items() if above == township and self.units[key].level == VILLAGE]

    def label(self, key: int) -> str:
        """Name of a unit with the township or village above it in brackets, to tell namesakes apart."""
        unit = self.units[key]
        above = self.units.get(unit.parent) if unit.parent is not None else None
        return f"{unit.name}（{above.name}）" if above else unit.name


def index_units(units: Iterable[Unit], old_names: OldNames) -> Index:
    """Index units by all forms of their names, and the names of the counties, cities and provinces above them.

    Raises
    ------
    ValueError
        If two units have one key.
    """
    given = list(units)
    index = Index({unit.key: unit for unit in given})
    if len(index.units) != len(given):
        raise ValueError("two units have the same key")
    forms: dict[str, dict[tuple[int | None, str], Option]] = {}

    def put(form: str, option: Option) -> None:
        known = forms.setdefault(form, {})
        before = known.get((option.key, option.level))
        if before is None or (option.former, option.tier) < (before.former, before.tier):
            known[option.key, option.level] = option

    writers = {TOWNSHIP: town_forms, VILLAGE: village_forms, "natural_village": hamlet_forms, "group": hamlet_forms}
    for unit in given:
        _place(index, unit)
        for code in unit.codes:
            index.codes.setdefault(code, unit.key)
        number = _NUMBERED.fullmatch(neat(unit.name)) if unit.level == "group" else None
        if number and unit.parent is not None:
            value = number_of(number[1])
            if value is not None:
                index.numbered.setdefault((unit.parent, value), []).append(unit.key)
        elif unit.level in writers:
            for name in (unit.name, *unit.names):
                for form, tier in writers[unit.level](name).items() if name else ():
                    put(form, Option(unit.key, unit.level, tier))
    for form, option in _upper_forms(index, old_names):
        put(form, option)
    index.forms = {form: tuple(options.values()) for form, options in forms.items()}
    index.knows_uppers = any(option.level in UPPER for options in index.forms.values() for option in options)
    index.has_townships = sum(unit.level == TOWNSHIP for unit in given) > 1
    lengths: dict[str, set[int]] = {}
    for form in index.forms:
        lengths.setdefault(form[0], set()).add(len(form))
    index.lengths = {sign: tuple(sorted(found, reverse=True)) for sign, found in lengths.items()}
    _index_near(index)
    return index


def _place(index: Index, unit: Unit) -> None:
    """Note the village, township and county a unit lies in."""
    chain: dict[str, int] = {}
    seen: set[int] = set()
    above: Unit | None = unit
    while above is not None and above.key not in seen:
        seen.add(above.key)
        chain.setdefault(above.level, above.key)
        above = index.units.get(above.parent) if above.parent is not None else None
    index.village[unit.key] = chain.get(VILLAGE)
    index.township[unit.key] = chain.get(TOWNSHIP)
    index.county[unit.key] = chain.get("county")
    if unit.level in HAMLETS and VILLAGE in chain:
        index.hamlets.setdefault(chain[VILLAGE], []).append(unit.key)


def _upper_forms(index: Index, old_names: OldNames) -> Iterable[tuple[str, Option]]:
    """Names of counties, cities and provinces; without county units, of the counties the units' codes begin with."""
    counties: list[tuple[int | None, tuple[str, ...], str]] = [
        (key, unit.codes, unit.name) for key, unit in index.units.items() if unit.level == "county"
    ]
    if not counties:
        prefixes = {code[:6] for unit in index.units.values() for code in unit.codes if re.match(r"\d{6}", code)}
        counties = [(None, (prefix,), "") for prefix in sorted(prefixes)]
    for key, codes, name in counties:
        for own in (name, *(index.units[key].names if key is not None else ())):
            for form in {neat(own), stem_of(neat(own))} if own else ():
                yield form, Option(key, COUNTY, _upper_tier(form))
        division = old_names.county(codes, name)
        uppers = old_names.names_of(division) if division else [u for code in codes[:1] for u in old_names.above(code)]
        for upper in uppers:
            yield (
                upper.name,
                Option(key if upper.level == COUNTY else None, upper.level, _upper_tier(upper.name), upper.former),
            )


def _upper_tier(form: str) -> int:
    return AS_LISTED if ENDED.search(form) else FOLDED


def _index_near(index: Index) -> None:
    towns: list[tuple[str, int]] = []
    villages: list[tuple[str, int]] = []
    hamlets: list[tuple[str, int]] = []
    for unit in index.units.values():
        for name in {neat(n) for n in (unit.name, *unit.names) if n}:
            if unit.level == TOWNSHIP:
                towns += [(name, unit.key), (town_stem(name), unit.key)]
            elif unit.level == VILLAGE:
                stem = village_stem(name)[0]
                villages += [(stem, unit.key), (village_stem(stem)[0], unit.key)]
            elif unit.level in HAMLETS and not _NUMBERED.fullmatch(name):
                hamlets.append((hamlet_stem(name), unit.key))
    upper = [(form, 0) for form, options in index.forms.items() if any(o.level in UPPER for o in options)]
    index.near_towns, index.near_villages = NearIndex(towns), NearIndex(villages)
    index.near_hamlets, index.near_upper = NearIndex(hamlets), NearIndex(upper)
