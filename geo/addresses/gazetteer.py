"""Finding the village, natural village and numbers an address names, inside the user's own areas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from geo.addresses import located as say
from geo.addresses.context import Stated
from geo.addresses.decide import Decision, decide
from geo.addresses.located import Located
from geo.addresses.old_names import OldNames
from geo.addresses.parts import Parts, split_parts
from geo.addresses.scan import Item, scan
from geo.addresses.units import HAMLETS, TOWNSHIP, VILLAGE, Unit, index_units
from geo.addresses.writing import SEPARATOR, neat

__all__ = ["Gazetteer", "Located", "Unit"]

# A tail of numbers alone; what stands before it is looked up once for all houses of a lane.
_NUMBERS = re.compile(r"\d[\d第附之A-Za-z#-]*(?:(?:村民小组|组|队|号|栋|幢|单元|室|户)[\d第附之A-Za-z#-]*)*")
_KEPT = 65536


class Gazetteer:
    """The user's own areas by all the ways their names are written.

    Parameters
    ----------
    units : iterable of Unit
        Areas of the jurisdiction, and the township and county above it.
    old_names : OldNames, optional
        Names of counties and above, today's and former ones; the nation's own table by default.

    Raises
    ------
    ValueError
        If two units have one key.
    """

    def __init__(self, units: Iterable[Unit], old_names: OldNames | None = None) -> None:
        self._old_names = old_names or OldNames()
        self._index = index_units(units, self._old_names)
        self._look_up = lru_cache(_KEPT)(self._decide)
        self._state = lru_cache(_KEPT)(self._read_stated)

    def locate(self, address: str | None, *, stated: str | None = None, hamlet: str | None = None) -> Located:
        """Say where an address lies; never a guess.

        Parameters
        ----------
        address : str or None
            As a ledger has it: levels may be missing, doubled or out of order, numbers in Arabic, Chinese or
            full-width digits.
        stated : str or None
            The ledger's village column: a name, or a code of 6, 9 or 12 digits. It decides between namesakes; a name
            that is not known says nothing.
        hamlet : str or None
            The ledger's column of natural village or group.

        Returns
        -------
        Located
            ``village`` is None if no village of the area is named, if several may be meant (``candidates``), or if
            the address names a place outside. An address and a column that name different villages are ambiguous.
        """
        column = neat(hamlet) if hamlet else ""
        told = self._state(neat(stated)) if stated and stated.strip() else None
        decision, left = self._look_up_text(_neat_text(address or ""), column, told)
        pieces = address.split() if address else []
        if decision.village is None and address and len(pieces) > 1 and min(len(piece) for piece in pieces) > 1:
            # Where nothing is found without the spaces, they may have separated something.
            again, rest = self._look_up_text(neat(address, spaces=SEPARATOR), column, told)
            if again.village is not None and not re.search(r"(村|社区)( |$)", rest):
                decision, left = again, rest
        if not left and not column and told is None and decision == Decision():
            decision = replace(decision, why=say.NOTHING if address and address.strip() else say.EMPTY)
        return self._finish(decision, _split(left))

    def _look_up_text(self, text: str, column: str, told: Stated | None) -> tuple[Decision, str]:
        """Decide on a neat address, its numbers at the end apart; gives what is left over with them."""
        tail = _NUMBERS.search(text)
        if tail and tail.end() == len(text) and tail.start() > 0:
            decision, rest = self._look_up(text[: tail.start()], True, column, told)
            return decision, rest + tail[0]
        return self._look_up(text, False, column, told)

    def _decide(self, prefix: str, numbered: bool, column: str, stated: Stated | None) -> tuple[Decision, str]:
        """Decide by all but the numbers at the end; gives the text left over as well."""
        # The number that followed is stood in for by a digit, as names end differently before one.
        items = scan(prefix + ("1" if numbered else ""), self._index, self._old_names)
        items = items[:-1] if numbered and items and items[-1].text == "1" else items
        own = len(items)
        items = items + [_as_hamlet(item) for item in (scan(column, self._index, self._old_names) if column else ())]
        decision = decide(self._index, items, stated)
        left = [
            item
            for at, item in enumerate(items)
            if at not in decision.used
            and item.kind not in ("unit", "elsewhere", TOWNSHIP, "county")
            and (at < own or item.kind == "part")
        ]
        return decision, _join(left)

    def _read_stated(self, column: str) -> Stated | None:
        """Read the village column; None if it names nothing of the area."""
        index = self._index
        key = index.codes.get(column)
        if key is None and re.fullmatch(r"\d{6}(\d{3})?(\d{3})?", column):
            inside = frozenset(k for code, k in index.codes.items() if code.startswith(column))
            villages = frozenset(k for k in inside if index.units[k].level == VILLAGE)
            return Stated(column, villages) if villages else None
        if key is not None:
            unit = index.units[key]
            if unit.level in (VILLAGE, *HAMLETS):
                village = index.village[key]
                return Stated(column, frozenset({village})) if village is not None else None
            above = index.township if unit.level == TOWNSHIP else index.county
            villages = frozenset(k for k, top in above.items() if top == key and index.units[k].level == VILLAGE)
            return Stated(column, villages, key if unit.level == TOWNSHIP else None) if villages else None
        found = decide(index, scan(column, index, self._old_names), None)
        if found.village is not None:
            return Stated(column, frozenset({found.village}), typo=found.typo)
        if found.candidates:
            return Stated(column, frozenset(found.candidates), typo=found.typo)
        if found.township is not None:
            return Stated(column, frozenset(index.villages_in(found.township)), found.township, typo=found.typo)
        return None

    def _finish(self, decision: Decision, parts: Parts) -> Located:
        """Add the group that a number names, and say what the finest certain level is."""
        index, hamlet = self._index, decision.hamlet
        several = decision.candidates
        if parts.group and parts.group.isdecimal() and decision.village is not None:
            number = int(parts.group)
            own = index.numbered.get((hamlet, number), []) if hamlet is not None else []
            groups = own or index.numbered.get((decision.village, number), [])
            if not groups and hamlet is None:
                groups = [
                    g for h in index.hamlets.get(decision.village, ()) for g in index.numbered.get((h, number), ())
                ]
            if len(groups) == 1:
                hamlet, several = groups[0], ()
        level = (
            index.units[hamlet].level
            if hamlet is not None
            else VILLAGE
            if decision.village is not None
            else TOWNSHIP
            if decision.township is not None
            else None
        )
        return Located(decision.village, hamlet, level, several, parts, decision.why, decision.typo)


_split = lru_cache(_KEPT)(split_parts)
_neat = lru_cache(_KEPT)(neat)


def _neat_text(address: str) -> str:
    """Give :func:`neat` of an address; what stands before its last numbers is kept for the next house."""
    tail = _NUMBERS.search(address)
    if tail and tail.end() == len(address):
        return _neat(address[: tail.start()]) + unicodedata.normalize("NFKC", tail[0])
    return neat(address)


def _as_hamlet(item: Item) -> Item:
    """Of the hamlet column only hamlets count: a village's name in it says nothing new."""
    if item.kind != "unit":
        return item if item.kind == "part" else replace(item, kind="loose")
    options = tuple(option for option in item.options if option.level in HAMLETS)
    return replace(item, options=options) if options else replace(item, kind="loose")


def _join(items: list[Item]) -> str:
    """Put left-over pieces together, numbers to what they follow, with a space between others."""
    text = ""
    for item in items:
        text += item.text if item.kind == "part" or not text else f" {item.text}"
    return text.replace(SEPARATOR, " ")
