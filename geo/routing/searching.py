"""A plan of one piece while it is being changed: routes with their gaps and their value, and a way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from geo.routing.crews import Ints, Piece
from geo.routing.slots import PRICELESS, Days, Prices

Routes = list[list[int]]


class Search:
    """A plan of a piece that is being changed.

    Parameters
    ----------
    piece : Piece
    routes : list of list of int, optional
        By crew, as ``geo.routing.slots`` writes them; empty ones by default.
    even : float
        Price in seconds of the square of an inspector's visits; 0 without balance.
    days : Days, optional
        Those of a piece with the same households and windows; they are not made again then.

    Attributes
    ----------
    where : list of int
        Crew of each household; -1 if left out.
    counts : list of int
        Visits of each inspector of the problem, those done with them.
    groups, blocks, worths : list
        Of the piece, as plain lists.

    Raises
    ------
    Unfit
        If a given route cannot be kept.
    """

    def __init__(
        self, piece: Piece, routes: Routes | None = None, even: float = 0.0, *, days: Days | None = None
    ) -> None:
        self.piece, self.even = piece, even
        self.days, self.prices = Days(piece, days), Prices(piece)
        self.routes = [list(route) for route in routes] if routes is not None else empty_routes(piece)
        self.where = [-1] * len(piece.houses)
        self.counts = [0] * len(piece.problem.inspectors)
        self.lead = [crew.inspector for crew in piece.crews]
        self.leads = np.array(self.lead, dtype=np.int64)
        self.members: list[list[int]] = [[] for _ in range(int(piece.group.max(initial=-1)) + 1)]
        for house, group in enumerate(piece.group.tolist()):
            if group >= 0:
                self.members[group].append(house)
        self.groups = piece.group.tolist()
        self.blocks = piece.block.tolist()
        self.rows: list[list[int]] = [[] for _ in self.prices.placed]
        for house, block in enumerate(self.blocks):
            if block >= 0:
                self.rows[block].append(house)
        self.visits = [0] * len(piece.crews)
        self.worths = piece.worth.tolist()
        self._extra = piece.extra.tolist() if piece.extra.any() else None
        self.gaps: list[Ints] = []
        self.values: list[float] = []
        self._journal: dict[int, tuple[list[int], Ints, float]] | None = None
        for number, crew in enumerate(piece.crews):
            table, travel = self.days.gaps(number, self.routes[number])
            self.gaps.append(table)
            self.values.append(travel - self._worth_of(number, self.routes[number]))
            self.counts[crew.inspector] += len(crew.done)
            self._note(number, 1)

    def _worth_of(self, number: int, route: Sequence[int]) -> float:
        """What the visits of a route are worth, less what sending this crew costs."""
        worth = sum(self.worths[house] for house in route if house >= 0)
        if self._extra is not None:
            worth -= sum(self._extra[house][number] for house in route if house >= 0)
        return float(worth)

    def _note(self, number: int, sign: int) -> None:
        """Count a crew's visits in (1) or out (-1)."""
        visits = 0
        for house in self.routes[number]:
            if house >= 0:
                self.where[house] = number if sign > 0 else -1
                visits += 1
                if self.rows and self.blocks[house] >= 0:
                    self.prices.placed[self.blocks[house]] += sign
        self.visits[number] += sign * visits
        self.counts[self.lead[number]] += sign * visits

    def cost(self) -> float:
        """Way, wishes and balance of the whole plan, less the worth of its visits; the less the better."""
        total = sum(self.values)
        return total + self.even * sum(count * count for count in self.counts) if self.even else total

    def change(self, number: int, route: list[int]) -> None:
        """Put another route in place of a crew's; none of its new households may stand in another route.

        Raises
        ------
        Unfit
            If it cannot be kept; nothing is changed then.
        """
        table, travel = self.days.gaps(number, route)
        if self._journal is not None and number not in self._journal:
            self._journal[number] = (self.routes[number], self.gaps[number], self.values[number])
        self._note(number, -1)
        self.routes[number], self.gaps[number] = route, table
        self.values[number] = travel - self._worth_of(number, route)
        self._note(number, 1)

    def begin(self) -> None:
        """Remember the routes as they are now, for :meth:`back`."""
        self._journal = {}

    def back(self) -> None:
        """Take back what was changed since :meth:`begin`."""
        journal, self._journal = self._journal or {}, None
        for number in journal:
            self._note(number, -1)
        for number, (route, gaps, value) in journal.items():
            self.routes[number], self.gaps[number], self.values[number] = route, gaps, value
        for number in journal:
            self._note(number, 1)

    def restore(self, routes: Routes) -> None:
        """Go to the given routes, which have been kept before."""
        self._journal = None
        changed = [number for number, route in enumerate(routes) if route != self.routes[number]]
        for number in changed:
            self.change(number, [item for item in self.routes[number] if item < 0])
        for number in changed:
            self.change(number, list(routes[number]))

    def owner_of(self, house: int) -> int:
        """Inspector bound to visit the household because of its group; -1 if anyone may."""
        group = self.groups[house]
        if group < 0:
            return -1
        if group in self.piece.group_owner:
            return self.piece.group_owner[group]
        for other in self.members[group]:
            if other != house and self.where[other] >= 0:
                return self.lead[self.where[other]]
        return -1

    def row_of(self, house: int) -> int:
        """Crew that visits others of those the household is visited in a row with; -1 for none."""
        block = self.blocks[house]
        if block < 0 or not self.prices.placed[block]:
            return -1
        return next((self.where[one] for one in self.rows[block] if one != house and self.where[one] >= 0), -1)

    def bound(self, house: int, line: NDArray[np.float64]) -> NDArray[np.float64]:
        """Prices by crew with those out of reach that others of its group, or of its row, do not have.

        A row is begun where there are visits left for all of it, if there is such a crew.
        """
        owner = self.owner_of(house)
        if owner >= 0:
            line = np.where(self.leads == owner, line, PRICELESS)
        block = self.blocks[house]
        if block < 0:
            return line
        crew = self.row_of(house)
        if crew >= 0:
            return np.where(np.arange(len(line)) == crew, line, PRICELESS)
        many = len(self.rows[block])
        roomy = np.array([one.most - made >= many for one, made in zip(self.piece.crews, self.visits, strict=True)])
        return np.where(roomy, line, PRICELESS) if (line[roomy] < PRICELESS).any() else line

    def in_rows(self, houses: Sequence[int]) -> list[int]:
        """The same households, those to be visited in a row one behind the other."""
        if not self.rows:
            return list(houses)
        here = set(houses)
        order: dict[int, None] = {}
        for house in houses:
            block = self.blocks[house]
            order.update(dict.fromkeys([house, *(self.rows[block] if block >= 0 else ())]))
        return [house for house in order if house in here]

    def insert(self, houses: Sequence[int], blink: Callable[[], bool] | None = None) -> list[int]:
        """Put households in one after the other, each where it costs least; those that fit nowhere are given back.

        Parameters
        ----------
        houses : sequence of int
            In the order in which they are put in; none of them stands in a route.
        blink : callable, optional
            Whether to pass over the cheapest route.
        """
        if not len(houses) or not self.gaps:
            return list(houses)
        houses = self.in_rows(houses)
        rows = np.asarray(houses, dtype=np.int64)
        # The best gap of each household in each route; only the changed route is looked at again.
        best = self.prices.by_crew(rows, self.gaps)
        left = []
        for at, house in enumerate(houses):
            line = best[at]
            if self.even:
                line = line + self.even * (2.0 * np.array(self.counts)[self.leads] + 1.0)
            line = self.bound(house, line)
            crew = int(line.argmin())
            if line[crew] >= PRICELESS:
                left.append(house)
                continue
            if blink is not None and blink():
                passed = line.copy()
                passed[crew] = PRICELESS
                second = int(passed.argmin())
                crew = second if passed[second] < PRICELESS else crew
            gap = int(self.prices.of(rows[at : at + 1], self.gaps[crew])[0].argmin())
            route = self.routes[crew]
            self.change(crew, [*route[:gap], house, *route[gap:]])
            if at + 1 < len(houses):
                best[at + 1 :, crew] = self.prices.of(rows[at + 1 :], self.gaps[crew]).min(axis=1)
        return left


def empty_routes(piece: Piece) -> Routes:
    """Routes without a visit; breaks stand in them."""
    return [[-1 - at for at in range(len(crew.breaks))] for crew in piece.crews]
