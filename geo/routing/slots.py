"""Where a visit fits: the gaps of a route with what each leaves free, and the price of every household in every gap.

With the earliest moment one can leave the stop before and the latest one may reach the stop after, whether a visit fits
is a matter of a few sums, however long the route; so thousands of gaps are tried at once.

A route is a list of numbers: a household by its position in the piece, or ``-1 - i`` for the crew's break ``i``. A
break may interrupt the way. Leaving at ``e``, with a way of ``T`` and breaks before the next stop, one arrives at
``max(e + T + D, c)``: ``D`` is the length of the breaks, ``c`` the moment the last of them can end at the earliest.
Going back, one has to leave by ``min(u, L - T - D)``: ``u`` is the latest the first of the breaks may begin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from geo.routing.crews import FAR, Crew, Ints, Piece

PRICELESS = 1e15
# Rows of a table of gaps.
PREV, NEXT, LEAVE, FLOOR, LATE, CAP, CREW, OLD, ROOM, LEFT, RIGHT = range(11)
_FIELDS = 11
# The most prices worked out at once, so that a county does not need gigabytes.
_CELLS = 1_000_000


class Unfit(Exception):
    """A route cannot be kept in time."""


def opening(piece: Piece, house: int, day: int, moment: int) -> int:
    """First moment from ``moment`` on at which a visit may begin; :data:`FAR` if there is none."""
    for number in range(piece.opens.shape[0]):
        if moment <= piece.closes[number, house, day]:
            return max(moment, int(piece.opens[number, house, day]))
    return FAR


class Days:
    """What the scan of a route asks for one household at a time, as plain lists; numpy's numbers are slow alone."""

    def __init__(self, piece: Piece, same: Days | None = None) -> None:
        self.piece = piece
        self.service: list[int] = piece.service.tolist()
        self.load: list[int] = piece.load.tolist()
        self.place: list[int] = piece.place.tolist()
        self.block: list[int] | None = piece.block.tolist() if (piece.block >= 0).any() else None
        self.spans: list[list[list[tuple[int, int]]]] = same.spans if same is not None else self._spans(piece)

    @staticmethod
    def _spans(piece: Piece) -> list[list[list[tuple[int, int]]]]:
        """Windows by household and day."""
        opens, closes = piece.opens.transpose(1, 2, 0).tolist(), piece.closes.transpose(1, 2, 0).tolist()
        return [
            [
                [(first, last) for first, last in zip(begins, ends, strict=True) if last >= 0]
                for begins, ends in zip(some, others, strict=True)
            ]
            for some, others in zip(opens, closes, strict=True)
        ]

    def legs(self, crew: Crew, route: Sequence[int]) -> tuple[list[int], list[int]]:
        """Places passed, from start to end, and the seconds between them."""
        stops = [crew.start, *[self.place[house] for house in route if house >= 0], crew.end]
        at = np.array(stops, dtype=np.int64)
        return stops, self.piece.seconds(crew.mode, at[:-1], at[1:]).tolist()

    def gaps(self, number: int, route: Sequence[int]) -> tuple[Ints, int]:
        """Gaps of a route and its travel.

        Returns
        -------
        gaps : ndarray of int64, shape (11, len(route) + 1)
            Rows ``PREV`` … ``RIGHT``; column ``g`` is the gap before ``route[g]``.
        travel : int
            Seconds.

        Raises
        ------
        Unfit
            If the route cannot be kept as it is.
        """
        crew = self.piece.crews[number]
        if not any(item >= 0 for item in route):
            try:
                return self._gaps(crew, number, route)
            except Unfit:
                # Too late for anything, even for the break: nothing is planned, so nothing is broken.
                table = np.zeros((_FIELDS, 1), dtype=np.int64)
                table[CREW], table[CAP], table[LATE] = number, -1, -1
                table[PREV], table[NEXT], table[LEFT], table[RIGHT] = crew.start, crew.end, -1, -1
                return np.repeat(table, len(route) + 1, axis=1), 0
        return self._gaps(crew, number, route)

    def _gaps(self, crew: Crew, number: int, route: Sequence[int]) -> tuple[Ints, int]:
        stops, legs = self.legs(crew, route)
        size = len(route) + 1
        leave, floor = [0] * size, [0] * size
        late, cap = [0] * size, [0] * size
        prev, nxt, old = [0] * size, [0] * size, [0] * size
        spans, service, day = self.spans, self.service, crew.day
        # Forward: the earliest moments.
        now, rest, end_of_rest, low, at = crew.begins, 0, -FAR, crew.begins, 0
        for gap, item in enumerate(route):
            leave[gap], floor[gap], prev[gap], nxt[gap], old[gap] = (
                now + rest,
                end_of_rest,
                stops[at],
                stops[at + 1],
                legs[at],
            )
            if item < 0:
                first, last, length = crew.breaks[-1 - item]
                low = max(low, first)
                if low > last:
                    raise Unfit
                low += length
                rest += length
                end_of_rest = low
                continue
            moment = max(now + rest + legs[at], end_of_rest)
            for first, last in spans[item][day]:
                if moment <= last:
                    now = (moment if moment > first else first) + service[item]
                    break
            else:
                raise Unfit
            low, rest, end_of_rest = now, 0, -FAR
            at += 1
        gap = size - 1
        leave[gap], floor[gap], prev[gap], nxt[gap], old[gap] = (
            now + rest,
            end_of_rest,
            stops[at],
            stops[at + 1],
            legs[at],
        )
        if max(now + rest + legs[at], end_of_rest) > crew.ends:
            raise Unfit
        # Backward: the latest.
        by, until, breaks = crew.ends, FAR, 0
        for gap in range(size - 1, -1, -1):
            late[gap], cap[gap] = by - breaks, until
            if gap == 0:
                break
            item = route[gap - 1]
            if item < 0:
                first, last, length = crew.breaks[-1 - item]
                until = min(last, (by if until == FAR else until) - length)
                breaks += length
                if until < first:
                    raise Unfit
                continue
            ready = min(until, by - breaks - legs[at]) - service[item]
            by = -1
            for first, last in reversed(spans[item][day]):
                if first <= ready:
                    by = min(last, ready)
                    break
            if by < 0:
                raise Unfit
            until, breaks = FAR, 0
            at -= 1
        if legs and leave[0] > min(cap[0], late[0] - legs[0]):
            raise Unfit
        table = np.empty((_FIELDS, size), dtype=np.int64)
        table[PREV], table[NEXT], table[LEAVE], table[FLOOR] = prev, nxt, leave, floor
        table[LATE], table[CAP], table[CREW], table[OLD] = late, cap, number, old
        table[ROOM] = crew.capacity - sum(self.load[house] for house in route if house >= 0)
        if sum(item >= 0 for item in route) >= crew.most:
            table[CAP] = -1
        table[LEFT], table[RIGHT] = self._beside(route) if self.block is not None else (-1, -1)
        return table, sum(legs)

    def _beside(self, route: Sequence[int]) -> tuple[list[int], list[int]]:
        """Blocks of the visits before and after each gap, breaks passed over; -1 for none."""
        assert self.block is not None
        left, right, last = [-1], [-1], -1
        for item in route:
            last = self.block[item] if item >= 0 else last
            left.append(last)
        last = -1
        for item in reversed(route):
            last = self.block[item] if item >= 0 else last
            right.append(last)
        return left, right[::-1]


class Prices:
    """Prices of households in gaps, for one piece.

    Attributes
    ----------
    placed : ndarray of int64
        Planned households of each block; whoever changes routes keeps it.
    """

    def __init__(self, piece: Piece) -> None:
        self.piece = piece
        self.mode = np.array([crew.mode for crew in piece.crews], dtype=np.int64)
        self.day = np.array([crew.day for crew in piece.crews], dtype=np.int64)
        self.has_load = bool(piece.load.any())
        self.has_extra = bool(piece.extra.any())
        self.placed = np.zeros(int(piece.block.max(initial=-1)) + 1, dtype=np.int64)
        self.one_day = piece.opens.shape[2] == 1

    def of(self, houses: Ints, gaps: Ints) -> NDArray[np.float64]:
        """Seconds that visiting each household in each gap costs more.

        Parameters
        ----------
        houses : ndarray of int64, shape (h,)
        gaps : ndarray of int64, shape (11, g)

        Returns
        -------
        ndarray of float64, shape (h, g)
            Way and wishes; :data:`PRICELESS` where the visit does not fit or the crew may not make it.
        """
        piece = self.piece
        crew = gaps[CREW]
        mode = self.mode[crew]
        place = piece.place[houses][:, None]
        there = piece.seconds(mode, gaps[PREV], place)
        back = piece.seconds(mode, place, gaps[NEXT])
        ready = self.starts(houses, np.maximum(gaps[LEAVE] + there, gaps[FLOOR]), crew)
        ready += piece.service[houses][:, None]
        fits = piece.allowed[houses[:, None], crew]
        fits &= ready <= gaps[CAP]
        fits &= ready + back <= gaps[LATE]
        if self.has_load:
            fits &= piece.load[houses][:, None] <= gaps[ROOM]
        if len(self.placed):
            fits &= self._in_a_row(houses, gaps)
        price = (there + back - gaps[OLD]).astype(np.float64)
        if self.has_extra:
            price += piece.extra[houses[:, None], crew]
        price[~fits] = PRICELESS
        return price

    def _in_a_row(self, houses: Ints, gaps: Ints) -> NDArray[np.bool_]:
        """Where a visit neither comes between households visited in a row nor apart from its own; shape (h, g)."""
        own, left, right = self.piece.block[houses][:, None], gaps[LEFT], gaps[RIGHT]
        beside: NDArray[np.bool_] = (own == left) | (own == right)
        begun = (own >= 0) & (self.placed[own] > 0)
        return np.asarray(np.where(begun, beside, (left != right) | (left < 0)))

    def best_gaps(self, houses: Ints, gaps: Sequence[Ints]) -> tuple[NDArray[np.float64], Ints]:
        """As :meth:`by_crew`, with the gap of each route in which that price is found; shape (h, c) each."""
        open_ = [number for number, one in enumerate(gaps) if one[CAP, 0] >= 0 or one[CAP].max() >= 0]
        best = np.full((len(houses), len(gaps)), PRICELESS)
        where = np.zeros((len(houses), len(gaps)), dtype=np.int64)
        if not open_:
            return best, where
        table = np.concatenate([gaps[number] for number in open_], axis=1)
        starts = np.cumsum([0] + [gaps[number].shape[1] for number in open_])
        for rows, price in self.in_turn(houses, table):
            for at, number in enumerate(open_):
                part = price[:, starts[at] : starts[at + 1]]
                where[rows, number] = gap = part.argmin(axis=1)
                best[rows, number] = np.take_along_axis(part, gap[:, None], axis=1)[:, 0]
        return best, where

    def by_crew(self, houses: Ints, gaps: Sequence[Ints]) -> NDArray[np.float64]:
        """The least of those prices in each route.

        Parameters
        ----------
        houses : ndarray of int64, shape (h,)
        gaps : sequence of ndarray of int64, shape (11, g)
            By crew, at least one.

        Returns
        -------
        ndarray of float64, shape (h, c)
        """
        # Full routes are left out of the reckoning: in a plan with more households than visits that is most of them.
        open_ = [number for number, one in enumerate(gaps) if one[CAP, 0] >= 0 or one[CAP].max() >= 0]
        best = np.full((len(houses), len(gaps)), PRICELESS)
        if not open_:
            return best
        table = np.concatenate([gaps[number] for number in open_], axis=1)
        starts = np.cumsum([0] + [gaps[number].shape[1] for number in open_[:-1]])
        for rows, price in self.in_turn(houses, table):
            best[rows, open_] = np.minimum.reduceat(price, starts, axis=1)
        return best

    def in_turn(self, houses: Ints, gaps: Ints) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Prices as :meth:`of` gives them, for some of the households at a time."""
        step = max(1, _CELLS // max(1, gaps.shape[1]))
        for first in range(0, len(houses), step):
            rows = slice(first, first + step)
            yield rows, self.of(houses[rows], gaps)

    def starts_in(self, houses: Ints, gaps: Ints) -> Ints:
        """When a visit of each household in its own gap begins, shape (h,); ``gaps`` has one column for each."""
        there = self.piece.seconds(self.mode[gaps[CREW]], gaps[PREV], self.piece.place[houses])
        moment = np.maximum(gaps[LEAVE] + there, gaps[FLOOR])
        return self.starts(houses, moment[:, None], gaps[CREW][:, None])[:, 0]

    def starts(self, houses: Ints, moment: Ints, crew: Ints) -> Ints:
        """When visits begin that are reached at ``moment``, shape (h, g); :data:`FAR` where it is too late."""
        piece = self.piece
        found = np.full(moment.shape, FAR, dtype=np.int64)
        for number in range(piece.opens.shape[0] - 1, -1, -1):
            if self.one_day:
                first, last = piece.opens[number, houses, 0][:, None], piece.closes[number, houses, 0][:, None]
            else:
                day = self.day[crew]
                first, last = piece.opens[number][houses[:, None], day], piece.closes[number][houses[:, None], day]
            found = np.where(moment <= last, np.maximum(moment, first), found)
        return found
