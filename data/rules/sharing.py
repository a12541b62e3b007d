"""Sharing households out among kinds of visitors and, within a kind, among people: balanced, compact, and the same each
time. What people drew by hand and what is visited already stays."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data.rules.visitors import VisitorKind

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Home:
    """A household of the round.

    Attributes
    ----------
    id, jur : int
        Key and jurisdiction number.
    x, y : float or None
        Its place in any metric frame that is the same for all; None if it is not known.
    groups : frozenset of str
        Key groups it belongs to.
    visited : bool
        Whether a visit of the round already counts.
    """

    id: int
    jur: int
    x: float | None = None
    y: float | None = None
    groups: frozenset[str] = frozenset()
    visited: bool = False


@dataclass(frozen=True)
class Party:
    """A person or unit that households go to.

    Attributes
    ----------
    account_id : int or None
    name : str
    ranges : tuple of (int, int)
        Half-open ranges of jurisdiction numbers it answers for; parties of equal ranges share them equally.
    households : int or None
        How many it is to visit; among parties that share everything, its weight.
    place : (float, float) or None
        Where it lives, in the frame of the households.
    """

    account_id: int | None
    name: str
    ranges: Ranges
    households: int | None = None
    place: tuple[float, float] | None = None

    @property
    def key(self) -> tuple[int | None, str]:
        """What tells two parties of a kind apart."""
        return self.account_id, self.name


@dataclass(frozen=True)
class Held:
    """Who has a household now; ``kept`` if that stays whatever the rule says."""

    account_id: int | None
    name: str
    kept: bool = False

    @property
    def key(self) -> tuple[int | None, str]:
        """As of :class:`Party`."""
        return self.account_id, self.name


@dataclass(frozen=True)
class Unmet:
    """What the rule asks for and cannot have.

    Attributes
    ----------
    kind : str
    name : str or None
        The party, or None where nobody answers for households.
    code : str
        ``too_few``: fewer households than wanted; ``nobody``: households for which the kind has nobody;
        ``no_number``: the plan says neither how many nor which part.
    wanted, given : int
    """

    kind: str
    name: str | None
    code: str
    wanted: int
    given: int


@dataclass
class Sharing:
    """Who gets whom, by household and kind, and what could not be met."""

    owners: dict[tuple[int, str], Held] = field(default_factory=dict)
    unmet: list[Unmet] = field(default_factory=list)


def share_out(
    homes: Iterable[Home],
    demands: Sequence[tuple[VisitorKind, Sequence[Party]]],
    held: Mapping[tuple[int, str], Held] | None = None,
) -> Sharing:
    """Share households out.

    Parameters
    ----------
    homes : iterable of Home
        Every household of the round in the area.
    demands : sequence of (VisitorKind, sequence of Party)
        In the order of the plan; kinds that take what is left come last, whatever their place in it. A household goes
        to one party of all kinds that do not repeat, and besides to one of each kind that does.
    held : mapping of (int, str) to Held, optional
        By household and kind, who has it now. What is ``kept`` is in the result as it is, counts towards the number of
        its party, and its household is free for nobody else. The rest is kept where it can be: households that a party
        has come before others of the same priority, and a division that is balanced stays.

    Returns
    -------
    Sharing
        For equal arguments equal. Parties of one place differ by at most one household, or follow their weights, as far
        as what is kept allows; each gets a part of the place that a straight line parts from the others'
        (recursive bisection across the longer axis). Households that are visited already go to no further party, except
        of kinds that repeat.
    """
    ordered = sorted(homes, key=lambda home: home.id)
    held = held or {}
    result = Sharing()
    owned: set[int] = set()  # by a kind that does not repeat
    repeating = {kind.kind for kind, _ in demands if kind.repeats}
    present = {home.id for home in ordered}
    for (key, name), holder in held.items():
        if holder.kept and key in present:
            result.owners[key, name] = holder
            if name not in repeating:
                owned.add(key)
    for kind, parties in sorted(demands, key=lambda demand: demand[0].rule == "remainder"):
        taken = set() if kind.repeats else owned
        free = [
            home
            for home in ordered
            if home.id not in taken and (home.id, kind.kind) not in result.owners and (kind.repeats or not home.visited)
        ]
        _share_kind(ordered, free, kind, parties, held, result, owned)
    return result


def _share_kind(
    homes: Sequence[Home],
    free: list[Home],
    kind: VisitorKind,
    parties: Sequence[Party],
    held: Mapping[tuple[int, str], Held],
    result: Sharing,
    owned: set[int],
) -> None:
    teams: dict[Ranges, list[Party]] = {}
    for party in parties:
        teams.setdefault(party.ranges, []).append(party)
    # The narrowest place first: who answers for a grid comes before who answers for its village.
    for ranges in sorted(teams, key=lambda one: (sum(end - low for low, end in one), one)):
        team = sorted(teams[ranges], key=lambda party: (party.name, party.account_id or 0))
        inside = [home for home in homes if _covers(ranges, home)]
        pool = [home for home in free if _covers(ranges, home)]
        kept = [
            sum(
                1
                for home in inside
                if (one := result.owners.get((home.id, kind.kind))) is not None and one.key == party.key
            )
            for party in team
        ]
        goal = _goals(kind, team, len(inside), kept, result)
        if goal is None:
            continue
        given = _give(kind, team, pool, kept, goal, held)
        gone = set()
        for party, got in zip(team, given, strict=True):
            for home in got:
                result.owners[home.id, kind.kind] = Held(party.account_id, party.name)
                gone.add(home.id)
        if not kind.repeats:
            owned |= gone
        free = [home for home in free if home.id not in gone]
        if kind.rule in ("share", "count", "near"):
            for party, got, had, wanted in zip(team, given, kept, goal, strict=True):
                if len(got) + had < wanted:
                    result.unmet.append(Unmet(kind.kind, party.name, "too_few", wanted, len(got) + had))
    if kind.rule in ("all", "remainder") and free:
        result.unmet.append(Unmet(kind.kind, None, "nobody", len(free), 0))


def _covers(ranges: Ranges, home: Home) -> bool:
    return any(low <= home.jur < end for low, end in ranges)


def _goals(
    kind: VisitorKind, team: Sequence[Party], inside: int, kept: Sequence[int], result: Sharing
) -> list[int] | None:
    """How many each party is to have in the end; all there are for kinds that share everything."""
    if kind.rule in ("all", "remainder"):
        return [inside] * len(team)
    stated = [party.households if party.households is not None else kind.count for party in team]
    if None in stated and kind.share is not None:
        # At least the share: 30 % of 11 are 4. Binary fractions must not make 31 % of 100 into 32.
        total = math.ceil(round(kind.share * inside, 9))
        open_ones = [at for at, n in enumerate(stated) if n is None]
        rest = max(0, total - sum(n for n in stated if n is not None))
        for at, part in zip(open_ones, fill_evenly(rest, [1] * len(open_ones), [0] * len(open_ones)), strict=True):
            stated[at] = part
    if None in stated:
        for party, n in zip(team, stated, strict=True):
            if n is None:
                result.unmet.append(Unmet(kind.kind, party.name, "no_number", 0, 0))
    goals = [n or 0 for n in stated]
    return goals if any(goals) or any(kept) else None


def _give(
    kind: VisitorKind,
    team: Sequence[Party],
    pool: list[Home],
    kept: Sequence[int],
    goal: Sequence[int],
    held: Mapping[tuple[int, str], Held],
) -> list[list[Home]]:
    """Choose households of a place and divide them among its parties."""
    keys = [party.key for party in team]
    current = {
        home.id: keys.index(one.key)
        for home in pool
        if (one := held.get((home.id, kind.kind))) is not None and one.key in keys
    }
    room = [max(0, wanted - had) for wanted, had in zip(goal, kept, strict=True)]
    n = min(len(pool), sum(room))
    if kind.rule in ("all", "remainder"):
        weights = [float(party.households or 1) for party in team]
        sizes = fill_evenly(n, weights, kept)
    elif n < sum(room):
        # Fewer than wanted: each gets the same part of what it wants.
        sizes = fill_evenly(n, [float(max(wanted, 1)) for wanted in goal], kept, most=room)
    else:
        sizes = room
    chosen = _choose(kind, team, pool, n, current)
    places = _places(chosen)
    mine = [0] * len(team)
    for home in chosen:
        if home.id in current:
            mine[current[home.id]] += 1
    if sum(mine) == n and sorted(mine) == sorted(sizes) and (mine == sizes or len(set(kept)) == 1):
        parts = [[at for at, home in enumerate(chosen) if current[home.id] == one] for one in range(len(team))]
    elif kind.rule == "near" and all(party.place is not None for party in team):
        parts = _nearest(places, [party.place for party in team if party.place is not None], sizes)
    else:
        parts = bisect(places, sizes)
    return [[chosen[at] for at in part] for part in parts]


def _choose(
    kind: VisitorKind, team: Sequence[Party], pool: list[Home], n: int, current: Mapping[int, int]
) -> list[Home]:
    """The ``n`` households to be given: key groups first, then those had already, then what lies together."""
    if n == len(pool):
        return pool
    first = set(kind.priority_groups)
    places = _places(pool)
    anchors = [party.place for party in team if party.place is not None]
    if kind.rule == "near" and anchors:
        away = np.min([np.hypot(places[:, 0] - x, places[:, 1] - y) for x, y in anchors], axis=0)
    else:
        # Along the longer axis from one end: what is left for others lies together too.
        away = _along(places)
    order = sorted(
        range(len(pool)),
        key=lambda at: (not first & pool[at].groups, pool[at].id not in current, float(away[at]), pool[at].id),
    )
    return sorted((pool[at] for at in order[:n]), key=lambda home: home.id)


def fill_evenly(
    n: int, weights: Sequence[float], had: Sequence[int], *, most: Sequence[int] | None = None
) -> list[int]:
    """Share ``n`` out so that what each has in the end is as even as it can be.

    Parameters
    ----------
    n : int
    weights : sequence of float
        Above 0; what each has in the end follows them.
    had : sequence of int
        What each has already.
    most : sequence of int, optional
        The most that each can still get; together at least ``n``.

    Returns
    -------
    list of int
        What each gets, together ``n``. Of equal weights two differ in the end by at most one, unless one of them had
        more before or can get no more.
    """
    got = [0] * len(weights)
    line = [((had[at] + 1) / weights[at], at) for at in range(len(weights)) if most is None or most[at] > 0]
    heapq.heapify(line)
    for _ in range(n if line else 0):
        _, at = heapq.heappop(line)
        got[at] += 1
        if most is None or got[at] < most[at]:
            heapq.heappush(line, ((had[at] + got[at] + 1) / weights[at], at))
    return got


def bisect(places: NDArray[np.float64], sizes: Sequence[int]) -> list[list[int]]:
    """Divide points into parts of given sizes that lie together.

    Parameters
    ----------
    places : ndarray, shape (n, 2)
        Any metric frame.
    sizes : sequence of int
        Together ``n``; a part may be empty.

    Returns
    -------
    list of list of int
        Numbers of the points of each part, ascending. Parts are cut off one another by straight lines across the longer
        axis of what is cut, halving the parts each time (recursive coordinate bisection, Berger and Bokhari 1987).
    """
    parts: list[list[int]] = [[] for _ in sizes]

    def cut(points: NDArray[np.int64], first: int, last: int) -> None:
        if last - first == 1:
            parts[first] = sorted(int(at) for at in points)
            return
        middle = (first + last) // 2
        order = points[np.lexsort((points, _along(places[points])))]
        here = sum(sizes[first:middle])
        cut(order[:here], first, middle)
        cut(order[here:], middle, last)

    if sizes:
        cut(np.arange(len(places)), 0, len(sizes))
    return parts


def _along(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each point lies along the longer axis of all."""
    if not len(places):
        return np.zeros(0)
    away = places - places.mean(axis=0)
    xx, yy, xy = (away[:, 0] ** 2).sum(), (away[:, 1] ** 2).sum(), (away[:, 0] * away[:, 1]).sum()
    angle = 0.5 * math.atan2(2 * xy, xx - yy)
    # Rounded, so that points of one line across the axis are told apart by their number and not by noise.
    return np.round(away[:, 0] * math.cos(angle) + away[:, 1] * math.sin(angle), 6)


def _nearest(
    places: NDArray[np.float64], anchors: Sequence[tuple[float, float]], sizes: Sequence[int]
) -> list[list[int]]:
    """Each point to the nearest anchor that has room, the closest pairs first."""
    pairs = sorted(
        (float(np.hypot(x - ax, y - ay)), at, one)
        for at, (x, y) in enumerate(places)
        for one, (ax, ay) in enumerate(anchors)
    )
    parts: list[list[int]] = [[] for _ in sizes]
    gone: set[int] = set()
    for _, at, one in pairs:
        if at not in gone and len(parts[one]) < sizes[one]:
            parts[one].append(at)
            gone.add(at)
    return [sorted(part) for part in parts]


def _places(homes: Sequence[Home]) -> NDArray[np.float64]:
    """Places of households; one that is not known lies in the middle of the others."""
    places = np.array(
        [(home.x, home.y) if home.x is not None and home.y is not None else (math.nan, math.nan) for home in homes],
        dtype=float,
    ).reshape(-1, 2)
    unknown = np.isnan(places[:, 0])
    places[unknown] = places[~unknown].mean(axis=0) if (~unknown).any() else 0.0
    return places
