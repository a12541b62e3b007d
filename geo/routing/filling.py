"""A plan of a piece filled up: who is left out comes in where that costs least, priority by priority."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.routing.crews import Ints
from geo.routing.searching import Search
from geo.routing.slots import PRICELESS

# The most households of one priority that are compared with each other before one is put in.
_EQUALS = 500


def fill(search: Search) -> list[int]:
    """Put in what is left out as far as it fits, priority by priority.

    Of one priority the household comes first that loses most if its best route is gone (regret) where there is room for
    all, and the one that costs least where there is not: then whom to leave out is the question.

    Returns
    -------
    list of int
        Those that fit nowhere.
    """
    left = np.array([house for house, crew in enumerate(search.where) if crew < 0], dtype=np.int64)
    if not search.gaps:
        return left.tolist()
    room = sum(min(crew.most, len(search.where)) for crew in search.piece.crews)
    by_regret = room >= len(search.where)
    out: list[int] = []
    rank = search.piece.worth
    if search.rows:
        # Who is visited in a row comes as early as the first of them: later the room beside it would be gone.
        rank = rank.copy()
        for row in search.rows:
            rank[row] = rank[row].max()
    for worth in sorted(set(rank[left].tolist()), reverse=True):
        out += _fill_equals(search, left[rank[left] == worth], by_regret)
    return out


def _fill_equals(search: Search, houses: Ints, by_regret: bool) -> list[int]:
    """Put in households of one priority; what fits nowhere is given back."""
    if len(houses) > _EQUALS:
        # So many at once would be compared with each other again and again.
        parts = np.array_split(houses, -(-len(houses) // _EQUALS))
        return [house for part in parts for house in _fill_equals(search, part, by_regret)]
    best, where = search.prices.best_gaps(houses, search.gaps)
    is_tied = bool((search.piece.group[houses] >= 0).any() or (search.piece.block[houses] >= 0).any())
    ties = _Ties(search, houses, best) if is_tied else None
    while len(houses):
        line = best
        if search.even:
            line = best + search.even * (2.0 * np.array(search.counts)[search.leads] + 1.0)
        if ties is not None:
            line = ties.where_all_fit(line)
        crews = line.argmin(axis=1)
        price = line[np.arange(len(houses)), crews]
        order = price
        if by_regret and line.shape[1] > 1:
            second = np.partition(line, 1, axis=1)[:, 1]
            order = np.where(price < PRICELESS, price - np.minimum(second, 1e7), PRICELESS)
        if ties is not None:
            # A row that is begun is ended first.
            order = np.where(ties.begun & (price < PRICELESS), -PRICELESS, order)
        at = int(order.argmin())
        if price[at] >= PRICELESS:
            # With regret the first is only out of reach if all are.
            break
        house, crew = int(houses[at]), int(crews[at])
        gap = int(where[at, crew])
        route = search.routes[crew]
        search.change(crew, [*route[:gap], house, *route[gap:]])
        houses, best, where = np.delete(houses, at), np.delete(best, at, axis=0), np.delete(where, at, axis=0)
        if len(houses):
            price = search.prices.of(houses, search.gaps[crew])
            where[:, crew] = found = price.argmin(axis=1)
            best[:, crew] = price[np.arange(len(houses)), found]
            if ties is not None:
                ties.placed(at, crew, best)
    return [int(house) for house in houses]


class _Ties:
    """Groups and rows of some households while they are put in; kept as arrays, for every step asks all of them.

    Parameters
    ----------
    best : ndarray of float64, shape (h, c)
        Prices by crew; what a tie forbids is put out of reach in it.

    Attributes
    ----------
    begun : ndarray of bool, shape (h,)
        Whether others of the row are planned.
    """

    def __init__(self, search: Search, houses: Ints, best: NDArray[np.float64]) -> None:
        self.search = search
        self.group, self.block = search.piece.group[houses], search.piece.block[houses]
        self.owner = np.array([search.owner_of(house) for house in houses.tolist()], dtype=np.int64)
        rows = np.array([search.row_of(house) for house in houses.tolist()], dtype=np.int64)
        self.begun: NDArray[np.bool_] = np.asarray(rows >= 0)
        self.need = np.array([len(search.rows[block]) if block >= 0 else 0 for block in self.block.tolist()])
        self.most = np.array([crew.most for crew in search.piece.crews])
        self.crew = np.arange(len(search.piece.crews))
        best[(self.owner >= 0)[:, None] & (search.leads[None, :] != self.owner[:, None])] = PRICELESS
        best[self.begun[:, None] & (self.crew[None, :] != rows[:, None])] = PRICELESS

    def where_all_fit(self, line: NDArray[np.float64]) -> NDArray[np.float64]:
        """Prices with rows begun only where there are visits left for all of them, if there is such a crew."""
        room = self.most - np.array(self.search.visits)
        short = np.logical_not(self.begun)[:, None] & (self.need[:, None] > room[None, :])
        roomy = np.where(short, PRICELESS, line)
        return np.where(np.any(roomy < PRICELESS, axis=1)[:, None], roomy, line)

    def placed(self, at: int, crew: int, best: NDArray[np.float64]) -> None:
        """A household was put in and is no longer among them; what it binds is put out of the others' reach."""
        group, block = int(self.group[at]), int(self.block[at])
        for name in ("group", "block", "owner", "begun", "need"):
            setattr(self, name, np.delete(getattr(self, name), at))
        lead = int(self.search.leads[crew])
        if group >= 0:
            self.owner[(self.group == group) & (self.owner < 0)] = lead
            best[np.ix_(self.group == group, self.search.leads != lead)] = PRICELESS
        if block >= 0:
            self.begun |= self.block == block
            best[np.ix_(self.block == block, self.crew != crew)] = PRICELESS
        elsewhere: NDArray[np.bool_] = np.asarray((self.owner >= 0) & (self.owner != lead))
        best[elsewhere, crew] = PRICELESS
