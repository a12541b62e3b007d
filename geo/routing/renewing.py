"""Improvement by ruin and recreate: strings of neighbouring visits are taken out and put back where they cost least.

After Christiaens and Vanden Berghe, "Slack Induction by String Removals for Vehicle Routing Problems" (2020), with
households left out among those put back, wishes and balance in the price, and locked visits never taken out.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from geo.routing.crews import LOCKED, POINT, Piece
from geo.routing.searching import Search
from geo.routing.slots import Unfit

# Visits taken out in one round on average, and the longest string of one route.
_AVERAGE, _LONGEST = 10, 10
# Left-out households tried in one round: near ones, and any.
_LEFT_NEAR, _LEFT_ANY = 12, 4
# How often the cheapest route is passed over, so that the search does not come back to where it was.
_BLINK = 0.02
# Seconds of cost at which the search begins and ends to accept something worse, by the mean way to a visit.
_HOT, _COLD = 1.0, 0.005
# How long lists of neighbours are.
_NEAR = 150


def improve(
    search: Search,
    rng: random.Random,
    share: Callable[[int], float],
    *,
    told: Callable[[Search], None] | None = None,
    keep: Collection[int] = (),
    near: NDArray[np.int64] | None = None,
) -> int:
    """Ruin and recreate until the budget is used; afterwards the search holds the best plan it found.

    Parameters
    ----------
    share : callable
        Given the rounds made, the share of the budget that is used up; the search ends at 1.
    told : callable, optional
        Called with each better plan.
    keep : collection of int
        Households never taken out, beside the locked ones.
    near : ndarray of int64, optional
        As :func:`neighbours` gives it, for who improves the same piece again and again.

    Returns
    -------
    int
        Rounds made.
    """
    piece = search.piece
    if not len(piece.houses) or not piece.allowed.any():
        return 0
    near = neighbours(piece) if near is None else near
    fixed = set(keep) | set(np.flatnonzero(piece.worth >= LOCKED * POINT).tolist())
    travel = sum(int(gaps[7].sum()) for gaps in search.gaps)
    scale = max(1.0, travel / max(1, sum(crew >= 0 for crew in search.where)))
    now = best = search.cost()
    best_routes = [list(route) for route in search.routes]
    rounds = 0
    while (used := share(rounds)) < 1.0:
        rounds += 1
        heat = scale * _HOT * (_COLD / _HOT) ** used
        search.begin()
        out = _ruin(search, rng, near, fixed)
        search.insert(_in_order(search, out, rng), lambda: rng.random() < _BLINK)
        cost = search.cost()
        if cost >= now - heat * math.log(1.0 - rng.random()):
            search.back()
            continue
        now = cost
        if cost < best - 1e-6:
            best, best_routes = cost, [list(route) for route in search.routes]
            if told is not None:
                told(search)
    search.restore(best_routes)
    return rounds


def neighbours(piece: Piece) -> NDArray[np.int64]:
    """Households by their distance from each, itself first; shape (k, at most 150)."""
    mode = int(np.bincount([crew.mode for crew in piece.crews]).argmax())
    way = piece.seconds(mode, piece.place[:, None], piece.place[None, :])
    way = np.minimum(way, way.T).copy()
    np.fill_diagonal(way, -1)
    return np.argsort(way, axis=1, kind="stable")[:, :_NEAR]


def _ruin(search: Search, rng: random.Random, near: NDArray[np.int64], fixed: set[int]) -> list[int]:
    """Take strings out of neighbouring routes; what may be put in instead, the seed of the ruin first."""
    where, routes = search.where, search.routes
    many = len(where)
    seed = rng.randrange(many)
    planned = many - where.count(-1)
    used = max(1, sum(any(item >= 0 for item in route) for route in routes))
    longest = max(1.0, min(_LONGEST, planned / used))
    strings = int(rng.uniform(1.0, max(1.0, 4.0 * _AVERAGE / (1.0 + longest) - 1.0) + 1.0))
    line = near[seed].tolist()
    out: list[int] = []
    ruined: set[int] = set()
    for house in line:
        crew = where[house]
        if crew < 0 or crew in ruined:
            continue
        ruined.add(crew)
        out += _take_string(search, rng, crew, house, longest, fixed)
        if len(ruined) >= strings:
            break
    group = search.groups[seed]
    if group >= 0 and rng.random() < 0.5:
        for house in search.members[group]:
            if where[house] >= 0 and house not in fixed:
                crew = where[house]
                if _try(search, crew, [item for item in routes[crew] if item != house]):
                    out.append(house)
    if search.rows:
        # What is visited in a row can only move as a whole.
        for block in sorted({search.blocks[house] for house in out if search.blocks[house] >= 0}):
            row = [house for house in search.rows[block] if where[house] >= 0]
            if row and fixed.isdisjoint(row) and rng.random() < 0.7:
                crew = where[row[0]]
                if _try(search, crew, [item for item in routes[crew] if item not in row]):
                    out += row
    left = [house for house in line if where[house] < 0 and house not in out][:_LEFT_NEAR]
    if many - planned > len(left):
        rest = [house for house in range(many) if where[house] < 0]
        left += [house for house in rng.sample(rest, min(_LEFT_ANY, len(rest))) if house not in left]
    return list(dict.fromkeys(out + left))


def _take_string(
    search: Search, rng: random.Random, crew: int, house: int, longest: float, fixed: set[int]
) -> list[int]:
    """Take a string that holds the household out of its route."""
    route = search.routes[crew]
    visits = [item for item in route if item >= 0]
    length = int(rng.uniform(1.0, min(float(len(visits)), longest) + 1.0))
    length = min(length, len(visits))
    at = visits.index(house)
    first = rng.randint(max(0, at - length + 1), min(at, len(visits) - length))
    chosen = visits[first : first + length]
    if length > 1 and rng.random() < 0.5:
        # Keep some of a longer string: those after it move up.
        wide = min(len(visits), length + rng.randint(1, 4))
        first = rng.randint(max(0, at - wide + 1), min(at, len(visits) - wide))
        chosen = visits[first : first + wide]
        kept = rng.randint(0, wide - length)
        chosen = chosen[:kept] + chosen[kept + wide - length :]
    gone = {item for item in chosen if item not in fixed}
    rest = [item for item in route if item not in gone]
    breaks = [item for item in rest if item < 0]
    if breaks and rng.random() < 0.3:
        moved = [item for item in rest if item >= 0]
        for item in breaks:
            moved.insert(rng.randint(0, len(moved)), item)
        if sorted(breaks, reverse=True) == [item for item in moved if item < 0] and _try(search, crew, moved):
            return sorted(gone)
    return sorted(gone) if gone and _try(search, crew, rest) else []


def _try(search: Search, crew: int, route: list[int]) -> bool:
    """Change a route if it can be kept: without a visit the way can be longer where roads are odd."""
    try:
        search.change(crew, route)
    except Unfit:
        return False
    return True


def _in_order(search: Search, out: list[int], rng: random.Random) -> list[int]:
    """The order in which households are put in: usually the worthier first, then by chance, distance or windows."""
    rng.shuffle(out)
    piece = search.piece
    way = rng.random()
    if way < 0.25 and out:
        middle = int(piece.place[out[0]])
        far = piece.seconds(piece.crews[0].mode, middle, piece.place[out])
        sign = -1 if rng.random() < 0.5 else 1
        out = [out[at] for at in np.argsort(sign * far, kind="stable")]
    elif way < 0.45:
        room = piece.allowed[out].sum(axis=1) * np.maximum(piece.closes[:, out] - piece.opens[:, out], 0).sum(
            axis=(0, 2)
        )
        out = [out[at] for at in np.argsort(room, kind="stable")]
    if rng.random() < 0.9:
        out.sort(key=lambda house: -search.worths[house])
    return out
