"""What the names above a village and the ledger's own column say about where it can be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from geo.addresses.endings import ZONE
from geo.addresses.forms import hamlet_stem, town_stem, village_stem
from geo.addresses.near import GENERIC, OTHER, TELLING
from geo.addresses.scan import Item
from geo.addresses.units import CONTEXT, COUNTY, TOWNSHIP, VILLAGE, Index, Option

Place = tuple[int, int | None]
# Text before such a word speaks of what lies nearby.
_NEARBY = re.compile(r"靠|近|旁|边|原|往|至|通|老|旧|对面")


@dataclass(frozen=True)
class Stated:
    """What the ledger's village column means: its villages; one township if it names no village."""

    text: str
    villages: frozenset[int]
    township: int | None = None
    typo: bool = False


class Context:
    """What the upper names of an address, and the ledger's column, allow.

    Parameters
    ----------
    index : Index
        The user's units.
    items : list of Item
        The whole address.
    stated : Stated or None
        The ledger's column, None to leave it out of account.

    Attributes
    ----------
    towns, counties : list
        Each name with the keys it may mean.
    slip : tuple or None
        An upper name that is a near spelling: as written, and what it means.
    sure : bool
        A township of the area, a county with all its townships, or the ledger's column is named without a slip.
    """

    def __init__(self, index: Index, items: list[Item], stated: Stated | None) -> None:
        self.index, self.stated = index, stated
        self.towns: list[tuple[str, frozenset[int]]] = []
        self.counties: list[tuple[str, frozenset[int]]] = []
        self.slip: tuple[str, str] | None = None
        self.sure = stated is not None and not stated.typo
        for item in items:
            if _is_context(item):
                self._add(item)
                town = any(option.level == TOWNSHIP for option in item.options)
                county = any(option.level == COUNTY for option in item.options)
                if item.anchored and (town or (county and index.has_townships)):
                    self.sure = True
                if item.near:
                    keys = [option.key for option in item.options if option.key is not None]
                    self.slip = (item.text, index.units[keys[0]].name if keys else item.text[:-1])
            elif item.kind in (TOWNSHIP, COUNTY) and (near := near_upper(index, item)):
                self._add(near[0])
                self.slip = (item.text, near[1])

    def _add(self, item: Item) -> None:
        towns = [option for option in item.options if option.level == TOWNSHIP]
        if towns and len(towns) == len(item.options):
            best = min(option.tier for option in towns)
            self.towns.append((item.text, frozenset(o.key for o in towns if o.tier == best and o.key is not None)))
        elif all(option.level == COUNTY for option in item.options):
            # A former county may have been divided; its villages need not lie in the one that has its name now.
            keys = frozenset(o.key for o in item.options if o.key is not None and not o.former)
            if keys:
                self.counties.append((item.text, keys))

    def refuses(self, village: int) -> str:
        """Give the upper name that rules a village out, or nothing."""
        for names, above in ((self.towns, self.index.township), (self.counties, self.index.county)):
            for name, keys in names:
                if above.get(village) not in keys:
                    return name
        return ""

    def allows(self, village: int) -> bool:
        """Whether neither an upper name nor the ledger's column rules a village out."""
        return (self.stated is None or village in self.stated.villages) and not self.refuses(village)

    @property
    def town_keys(self) -> frozenset[int] | None:
        """Townships that all names of townships allow; None if none is named."""
        return frozenset.intersection(*(keys for _, keys in self.towns)) if self.towns else None

    @property
    def township(self) -> int | None:
        """The one township they allow."""
        keys = self.town_keys or frozenset()
        return next(iter(keys)) if len(keys) == 1 else None


def foreign_name(index: Index, items: list[Item]) -> str:
    """Give the name of a township, county, city or province outside the area, or nothing.

    A zone counts as a township where none of the area is named: it has villages of its own.
    """
    name = next((item.text for item in items if _is_foreign(index, item)), "")
    if name or any(option.level == TOWNSHIP for item in items for option in item.options if _is_context(item)):
        return name
    pairs = pairwise(items)
    return next((a.text for a, b in pairs if a.kind == "loose" and ZONE.search(a.text) and b.kind == "unit"), "")


def _is_context(item: Item) -> bool:
    return item.kind == "unit" and all(option.level in CONTEXT for option in item.options)


def _is_foreign(index: Index, item: Item) -> bool:
    """Whether an item names a township, county, city or province outside the area."""
    if item.kind == "elsewhere":
        return True
    if item.kind == COUNTY and not index.knows_uppers:
        return False
    if item.kind not in (TOWNSHIP, COUNTY) or len(item.text) < 3 or _NEARBY.match(item.text):
        return False
    return near_upper(index, item) is None


def near_upper(index: Index, item: Item) -> tuple[Item, str] | None:
    """The upper name that an unknown township or county is a slip of, as an item and as it is written in full.

    Of townships it may be several; the first is the one shown.
    """
    if item.kind == TOWNSHIP:
        found = [*index.near_towns.find(item.text), *index.near_towns.find(town_stem(item.text))]
        keys = sorted({key for how, _, key in found if how not in ("short", OTHER)})
        options = tuple(Option(key, TOWNSHIP, 0) for key in keys)
        return (Item("unit", item.text, options, near=True), index.units[keys[0]].name) if keys else None
    names = sorted({name for how, name, _ in index.near_upper.find(item.text) if len(name) >= 3 and how != OTHER})
    meant = {index.forms[name] for name in names}
    return (Item("unit", item.text, meant.pop(), near=True), names[0]) if len(meant) == 1 else None


def place_of(index: Index, option: Option) -> Place | None:
    """Village, and hamlet or None, that an option means; None for what stands above villages."""
    if option.key is None or option.level in CONTEXT:
        return None
    if option.level == VILLAGE:
        return option.key, None
    village = index.village.get(option.key)
    return (village, option.key) if village is not None else None


def near_places(index: Index, item: Item, context: Context) -> list[tuple[str, Place]]:
    """Places one slip away from an unknown piece, name meant and place; likeliest first.

    Nothing unless one of them is believable; then all within reach are given, so that a second one counts against it.
    """
    ended = item.kind == "village"
    stem = village_stem(item.text)[0] if ended else item.text
    believable: list[tuple[str, Place]] = []
    others: list[tuple[str, Place]] = []
    for names, written in ((index.near_villages, stem), (index.near_hamlets, hamlet_stem(item.text))):
        for how, name, key in names.find(written):
            village = index.village.get(key)
            if village is None or not context.allows(village):
                continue
            place = (village, None if key == village else key)
            likely = _is_believable(how, written, name, context.sure, ended and names is index.near_villages)
            (believable if likely else others).append((name, place))
    return [*believable, *others] if believable else []


def _is_believable(how: str, written: str, name: str, sure: bool, ended: bool) -> bool:
    """Whether a slip is likelier than another place of that name: by its kind, length, and what stands around."""
    if how in ("doubled", OTHER):
        return how == "doubled"
    core = name.removesuffix("村")
    if how == "wrong" and written[-1] == "村" and written[-1] != name[-1]:
        return False
    if len(core) >= 3:
        two_left = len(core) == 3 and how in ("missing", "short")
        return sure and ended if two_left else sure or how != "short"
    # Of two characters one is left: it has to tell something by itself.
    same = [a for a, b in zip(written, core, strict=False) if a == b and a not in TELLING and a not in GENERIC]
    return sure and ended and len(core) == 2 and (how == "swapped" or (how == "wrong" and bool(same)))
