"""Deciding which village and hamlet the names in an address mean, or that it cannot be told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from geo.addresses import located as say
from geo.addresses.context import Context, Place, Stated, foreign_name, near_places, place_of
from geo.addresses.forms import AS_LISTED, DEEP, SAME_KIND, hamlet_stem, village_stem
from geo.addresses.near import OTHER, NearIndex
from geo.addresses.scan import Item
from geo.addresses.units import CONTEXT, TOWNSHIP, VILLAGE, Index
from geo.errors import Text


@dataclass(frozen=True)
class Decision:
    """Outcome for the names of one address, before its numbers; ``used`` are places of items that are explained."""

    village: int | None = None
    hamlet: int | None = None
    township: int | None = None
    candidates: tuple[int, ...] = ()
    why: Text = say.NOTHING
    typo: bool = False
    used: frozenset[int] = frozenset()


@dataclass(frozen=True)
class _Mention:
    """A name in the address, the place of its item, and what it may mean: village and hamlet or None.

    ``upper`` if it may also be the bare stem of a township (one of ``towns``) or of something above; ``above`` if of
    something above a township.
    """

    text: str
    at: int
    places: frozenset[Place]
    near: str = ""
    towns: frozenset[int] = frozenset()
    upper: bool = False
    above: bool = False

    @property
    def villages(self) -> frozenset[int]:
        return frozenset(village for village, _ in self.places)

    @property
    def only_hamlets(self) -> bool:
        return all(hamlet is not None for _, hamlet in self.places)

    def hamlets(self, village: int) -> frozenset[int]:
        return frozenset(h for v, h in self.places if v == village and h is not None)


def decide(index: Index, items: list[Item], stated: Stated | None) -> Decision:
    """Decide what the items of an address mean.

    Parameters
    ----------
    index : Index
        The user's units.
    items : list of Item
        From :func:`geo.addresses.scan.scan`; those of the ledger's hamlet column appended.
    stated : Stated or None
        What the ledger's village column says.

    Notes
    -----
    Every name in the address has to fit: township with village, village with hamlet. What fits several villages is
    ambiguous, what fits none is refused. A near spelling counts only if no name fits as written, and only if it is
    the only one within reach.
    """
    foreign = foreign_name(index, items)
    if foreign:
        return Decision(why=say.outside(foreign))
    free = Context(index, items, None)
    if free.town_keys is not None and not free.town_keys:
        return Decision(why=say.not_inside(free.towns[-1][0], free.towns[0][0]))
    bound = Context(index, items, stated) if stated else free
    found = _by_names(index, items, bound)
    if found is None and stated:
        other = _by_names(index, items, free)
        if other is not None:
            return _contradiction(index, stated, other)
    found = found or _by_slips(index, items, bound) or (_by_ledger(index, stated, free) if stated else None)
    if found is None:
        found = _misplaced(index, items, free)
    if not (found.village or found.township) or found.typo:
        return found
    if free.slip:
        return replace(found, typo=True, why=say.by_slip(*free.slip))
    return replace(found, typo=bool(stated and stated.typo))


def _by_names(index: Index, items: list[Item], context: Context) -> Decision | None:
    """Match names as written; None if none is there, or one lies where the context does not allow it."""
    mentions: list[_Mention] = []
    for at, item in enumerate(items):
        if item.kind != "unit" or all(option.level in CONTEXT for option in item.options):
            continue
        above = min((option.tier for option in item.options if option.level in CONTEXT), default=DEEP)
        places = [
            (option.tier, place)
            for option in item.options
            if option.tier <= above and (place := place_of(index, option)) and context.allows(place[0])
        ]
        if places:
            upper = [option for option in item.options if option.level in CONTEXT]
            towns = frozenset(o.key for o in upper if o.level == TOWNSHIP and o.key is not None)
            chosen = _likeliest(places)
            near = _names(index, chosen) if item.near else ""
            mentions.append(_Mention(item.text, at, chosen, near, towns, bool(upper), len(towns) < len(upper)))
        elif any(o.level == VILLAGE for o in item.options) and not any(o.level in CONTEXT for o in item.options):
            return None
    if all(mention.upper for mention in mentions) and any(item.kind == "village" for item in items):
        # 许镇 before an unknown village is the township.
        context.towns += [(mention.text, mention.towns) for mention in mentions if mention.towns]
        return None
    mentions = _fit_unknown_village(index, items, mentions)
    return _settle(index, items, mentions, context) if mentions else None


def _likeliest(places: list[tuple[int, Place]]) -> frozenset[Place]:
    """Of villages, and of hamlets, those whose name is closest to what is written.

    A village's full name comes before a hamlet's; its bare stem (杨湾) may as well be the hamlet 杨湾 of another.
    """
    villages = [(tier, place) for tier, place in places if place[1] is None]
    hamlets = [(tier, place) for tier, place in places if place[1] is not None]
    best = min((tier for tier, _ in villages), default=DEEP + 1)
    inner = min((tier for tier, _ in hamlets), default=DEEP + 1)
    chosen = [place for tier, place in villages if tier == best and not (tier == DEEP and inner < DEEP)]
    if inner == AS_LISTED or best > SAME_KIND:
        chosen += [place for tier, place in hamlets if tier == inner and tier <= best]
    return frozenset(chosen)


def _names(index: Index, places: frozenset[Place]) -> str:
    village, hamlet = min(places, key=str)
    return index.units[village if hamlet is None else hamlet].name


def _fit_unknown_village(index: Index, items: list[Item], mentions: list[_Mention]) -> list[_Mention]:
    """Where only a hamlet is known and an unknown village stands before it, keep villages near that name."""
    if not mentions or not all(mention.only_hamlets for mention in mentions):
        return mentions
    first = mentions[0].at
    unknown = next((item for item in items[:first] if item.kind == "village"), None)
    if unknown is None:
        return mentions
    found = index.near_villages.find(village_stem(unknown.text)[0])
    near = {key: name for how, name, key in found if how != OTHER}
    kept = []
    for mention in mentions:
        places = frozenset(place for place in mention.places if place[0] in near)
        if places:
            kept.append(replace(mention, places=places, near=near[min(places)[0]], text=unknown.text))
    return kept


def _settle(index: Index, items: list[Item], mentions: list[_Mention], context: Context) -> Decision:
    """Find the one village that all mentions fit; a hamlet's name gives way to a village's that contradicts it."""
    mentions = _read_as_upper(index, mentions)
    villages = frozenset.intersection(*(m.villages for m in mentions))
    used = mentions
    if not villages:
        used = [m for m in mentions if not m.only_hamlets] or mentions
        villages = frozenset.intersection(*(m.villages for m in used))
    if len(villages) != 1:
        return _several(index, villages or frozenset.union(*(m.villages for m in used)), used[0].text, context)
    village = next(iter(villages))
    named = [m for m in used if (village, None) in m.places]
    inside = [m for m in used if m not in named]
    if len(named) > 1:
        # One name for village and hamlet, written twice (李家村李家): the second time it is the hamlet.
        inside += [m for m in named[1:] if m.hamlets(village)]
    inside += _hamlet_slips(index, items, village, bool(named)) if not inside else []
    hamlet, several = _one_hamlet(index, [m.hamlets(village) for m in inside])
    first = used[0]
    why = say.by_name(named[0].text) if named else say.by_hamlet(first.text, index.units[village].name)
    slip = next((m for m in (*used, *inside) if m.near), None)
    if slip:
        why = say.by_slip(slip.text, slip.near)
    if several:
        why = say.ambiguous(inside[0].text, [index.label(key) for key in several])
    return Decision(
        village,
        hamlet,
        index.township.get(village),
        several,
        why,
        slip is not None,
        frozenset(m.at for m in (*used, *inside)),
    )


def _read_as_upper(index: Index, mentions: list[_Mention]) -> list[_Mention]:
    """Leave out names that are a township's stem before the village's name (陶辛 in 陶辛沙墩), and narrow by them.

    The last name is the village's, an earlier one of the same text too.
    """
    last = next((m for m in reversed(mentions) if not m.upper), mentions[-1])
    kept = [last]
    for mention in mentions:
        if mention is last:
            continue
        if not mention.upper or mention.villages & last.villages:
            kept.append(mention)
            continue
        inside = frozenset(p for p in last.places if index.township.get(p[0]) in mention.towns)
        if inside:
            kept[0] = last = replace(last, places=inside)
        elif mention.towns and not mention.above:
            kept.append(mention)
    return sorted(kept, key=lambda m: m.at)


def _one_hamlet(index: Index, found: list[frozenset[int]]) -> tuple[int | None, tuple[int, ...]]:
    """The finest hamlet that all mentions agree on, or those it may be."""
    sets = [keys for keys in found if keys]
    if not sets:
        return None, ()
    for key in sorted(frozenset.union(*sets)):
        if all(any(key == other or _is_inside(index, key, other) for other in keys) for keys in sets):
            rivals = frozenset.intersection(*sets) - {key}
            if not rivals:
                return key, ()
    return None, tuple(sorted(frozenset.intersection(*sets) or frozenset.union(*sets)))


def _is_inside(index: Index, key: int, other: int) -> bool:
    above = index.units[key].parent
    return above is not None and (above == other or (above in index.units and _is_inside(index, above, other)))


def _several(index: Index, villages: Iterable[int], name: str, context: Context) -> Decision:
    keys = tuple(sorted(villages))
    towns = {index.township.get(key) for key in keys}
    return Decision(
        township=towns.pop() if len(towns) == 1 else context.township,
        candidates=keys,
        why=say.ambiguous(name, [index.label(key) for key in keys]),
    )


def _by_slips(index: Index, items: list[Item], context: Context) -> Decision | None:
    """Match a near spelling; None unless exactly one place is within reach."""
    for at, item in enumerate(items):
        if item.kind not in ("village", "loose"):
            continue
        near = near_places(index, item, context)
        if not near:
            continue
        if len({village for _, (village, _) in near}) > 1:
            return _several(index, {village for _, (village, _) in near}, item.text, context)
        name = near[0][0]
        mentions = [_Mention(item.text, at, frozenset(place for _, place in near), name)]
        return _settle(index, items, mentions, context)
    return None


def _hamlet_slips(index: Index, items: list[Item], village: int, named: bool) -> list[_Mention]:
    """Near spellings of the known village's hamlets, if just one is within reach of a piece."""
    hamlets = index.hamlets.get(village, ())
    if not hamlets or not named:
        return []
    names = NearIndex((hamlet_stem(index.units[key].name), key) for key in hamlets)
    for at, item in enumerate(items):
        if item.kind in ("village", "loose"):
            near = [
                (name, key)
                for how, name, key in names.find(hamlet_stem(item.text))
                if len(name) >= 3 or how == "doubled"
            ]
            if len({key for _, key in near}) == 1:
                return [_Mention(item.text, at, frozenset({(village, near[0][1])}), near[0][0])]
    return []


def _by_ledger(index: Index, stated: Stated, free: Context) -> Decision:
    """The ledger's column alone."""
    if stated.township is not None:
        return Decision(township=stated.township, why=say.only_township(index.units[stated.township].name))
    left = [key for key in stated.villages if not free.refuses(key)]
    if not left:
        return Decision(why=say.contradicts(stated.text, free.refuses(min(stated.villages))))
    if len(left) > 1:
        return _several(index, left, stated.text, free)
    return Decision(left[0], None, index.township.get(left[0]), (), say.by_ledger(stated.text))


def _contradiction(index: Index, stated: Stated, other: Decision) -> Decision:
    """Address and ledger name different villages: both are candidates, the ledger's first."""
    named = [other.village] if other.village is not None else list(other.candidates)
    text = next((index.units[key].name for key in named), "")
    ledger = sorted(stated.villages) if stated.township is None else []
    return Decision(candidates=tuple(dict.fromkeys([*ledger, *named])), why=say.contradicts(stated.text, text))


def _misplaced(index: Index, items: list[Item], context: Context) -> Decision:
    """Say why nothing was found: a village of the area in the wrong township, or no village at all."""
    township = context.township
    for item in items:
        places = [place for option in item.options if item.kind == "unit" and (place := place_of(index, option))]
        refused = [upper for village, _ in places if (upper := context.refuses(village))]
        if places and len(refused) == len(places):
            return Decision(township=township, why=say.not_inside(item.text, refused[0]))
    if township is not None:
        return Decision(township=township, why=say.only_township(index.units[township].name))
    return Decision()
