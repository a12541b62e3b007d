"""What a plan would have room for if something were granted, with the time and the price of each place offered.

Whether a visit fits is decided by the sums of its gap alone (``geo.routing.slots``), exactly; so nothing is put into a
route to find out, but for the end of a longer day.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from geo.errors import Text
from geo.routing.crews import Ints, Piece
from geo.routing.problem import clock
from geo.routing.reasons import Remedy
from geo.routing.slots import CREW, FLOOR, LEAVE, OLD, PRICELESS, Days, Prices

if TYPE_CHECKING:
    from geo.routing.explain import Explainer


class Trial:
    """The plan with something granted, and what that offers each household left out.

    Parameters
    ----------
    piece : Piece
        With what is granted.
    days : Days
        With the crews of that piece, and the windows of the plan: what is granted to those left out moves no visit.
    gaps : sequence of ndarray of int64
        Gaps of the plan's routes, by crew, as they are in that piece.
    left : ndarray of int64, shape (h,)
        Households that are asked for; others are offered nothing.

    Attributes
    ----------
    minutes : dict of int to int
        Minutes of work, by household, that its cheapest place adds, or a few less where the end of the day counts too;
        without those that fit nowhere.
    """

    def __init__(
        self, explainer: Explainer, kind: str, piece: Piece, days: Days, gaps: Sequence[Ints], left: Ints
    ) -> None:
        self.explainer, self.kind, self.piece, self.days = explainer, kind, piece, days
        prices = Prices(piece)
        prices.placed = explainer.search.prices.placed
        self._table = np.concatenate(gaps, axis=1)
        self._gap = np.concatenate([np.arange(one.shape[1]) for one in gaps])
        self._row = {house: row for row, house in enumerate(left.tolist())}
        self._best = np.zeros(len(left), dtype=np.int64)
        least = np.full(len(left), PRICELESS)
        for rows, price in prices.in_turn(left, self._table):
            self._best[rows], least[rows] = price.argmin(axis=1), price.min(axis=1)
        self._start = prices.starts_in(left, self._table[:, self._best])
        self._travel = np.maximum(0, np.rint(least / 60)).astype(np.int64)
        work = (self._travel + piece.service[left] // 60).tolist()
        self.minutes = {house: work[row] for house, row in self._row.items() if least[row] < PRICELESS}

    def place(self, house: int) -> tuple[int, int]:
        """Crew whose route has the cheapest place of one of ``minutes``, and the stop before which it is."""
        at = int(self._best[self._row[house]])
        return int(self._table[CREW, at]), int(self._gap[at])

    def remedy(self, house: int) -> Remedy | None:
        """The cheapest place of one of ``minutes`` in words; None where its group, or a day's end, is against it."""
        row = self._row[house]
        number, gap = self.place(house)
        owner = self.explainer.search.owner_of(house)
        if owner >= 0 and self.explainer.search.lead[number] != owner:
            return None
        who, day = self.explainer.who(number), self.explainer.crews[number].day
        name = self.explainer.household(house).called
        start, travel, minutes = int(self._start[row]), int(self._travel[row]), self.minutes[house]
        moment = clock(start // 60 * 60)
        zh = f"{who.called}第 {day + 1} 天 {moment} 走访{name}"
        en = f"{who.called} visits {name} on day {day + 1} at {moment}"
        if self.kind == "insert":
            text = Text(f"直接安排：{zh}，多走 {travel} 分钟", f"As it is: {en}, {travel} min more travel")
        elif self.kind == "one_more":
            text = Text(
                f"当天多安排一户：{zh}，多走 {travel} 分钟", f"One visit more that day: {en}, {travel} min more travel"
            )
        elif self.kind.startswith("longer"):
            late = -(-(self._end(house, number, gap) - self.explainer.piece.crews[number].ends) // 60)
            if late <= 0:
                return None
            minutes += late
            text = Text(f"推迟下班 {late} 分钟：{zh}", f"Work {late} min longer: {en}")
        elif self.kind.startswith("other_time"):
            text = Text(
                f"请农户换个时间：{zh}，多走 {travel} 分钟", f"Ask for another time: {en}, {travel} min more travel"
            )
        else:
            text = Text(
                f"放宽人选要求（技能、指定、陪同）：{zh}，多走 {travel} 分钟",
                f"Waive who has to go (skills, name, pair): {en}, {travel} min more travel",
            )
        if self.kind.endswith("_and_more"):
            text = Text(
                f"当天多安排一户，并{text.zh}", f"One visit more that day, and {text.en[0].lower()}{text.en[1:]}"
            )
        return Remedy(self.kind, text, who.id, day, start, minutes)

    def _end(self, house: int, number: int, gap: int) -> int:
        """When a route is back with a household put in before its stop ``gap``."""
        route = self.explainer.routes[number]
        table, _ = self.days.gaps(number, [*route[:gap], house, *route[gap:]])
        return max(int(table[LEAVE, -1]) + int(table[OLD, -1]), int(table[FLOOR, -1]))


def cheapest(trials: Sequence[Trial], house: int) -> Remedy | None:
    """The remedy that adds the fewest minutes of work, the first of those that add as many; None if none helps."""
    best: Remedy | None = None
    for _, trial in sorted(((one.minutes[house], at), one) for at, one in enumerate(trials) if house in one.minutes):
        if best is not None and trial.minutes[house] >= best.minutes:
            break
        offered = trial.remedy(house)
        if offered is not None and (best is None or offered.minutes < best.minutes):
            best = offered
    return best
