"""What a plan would have room for if something were granted: each place that is offered has been tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from geo.errors import Text
from geo.routing.crews import Ints, Piece
from geo.routing.problem import clock
from geo.routing.reasons import Remedy
from geo.routing.searching import Search
from geo.routing.slots import CREW, FLOOR, LEAVE, OLD, PRICELESS, Unfit

if TYPE_CHECKING:
    from geo.routing.explain import Explainer


class Trial:
    """The plan with something granted, and what that offers each household left out."""

    def __init__(self, explainer: Explainer, kind: str, piece: Piece, search: Search) -> None:
        self.explainer, self.kind, self.piece, self.search = explainer, kind, piece, search

    def offers(self, left: Ints) -> Callable[[int], Remedy | None]:
        """The cheapest place of each household left out, tried when it is asked for."""
        table = np.concatenate(self.search.gaps, axis=1)
        best = np.zeros(len(left), dtype=np.int64)
        least = np.full(len(left), PRICELESS)
        for rows, price in self.search.prices.in_turn(left, table):
            best[rows], least[rows] = price.argmin(axis=1), price.min(axis=1)
        starts = np.cumsum([0] + [gaps.shape[1] for gaps in self.search.gaps[:-1]])

        row_of = {house: row for row, house in enumerate(left.tolist())}

        def offer(house: int) -> Remedy | None:
            row = row_of.get(house)
            if row is None:
                return None
            at = int(best[row])
            number = int(table[CREW, at])
            owner = self.explainer.search.owner_of(house)
            if least[row] >= PRICELESS or (owner >= 0 and self.search.lead[number] != owner):
                return None
            gap = at - int(starts[number])
            route = self.explainer.routes[number]
            return self._tried(house, number, [*route[:gap], house, *route[gap:]], float(least[row]))

        return offer

    def _tried(self, house: int, number: int, route: list[int], price: float) -> Remedy | None:
        """The remedy with its times; None where the route cannot be kept after all."""
        start = start_of(self.search, number, route, house)
        if start is None:
            return None
        who, day = self.explainer.who(number), self.explainer.crews[number].day
        name = self.explainer.household(house).called
        travel = max(0, round(price / 60))
        at = clock(start // 60 * 60)
        minutes = travel + int(self.piece.service[house]) // 60
        zh, en = f"{who.called}第 {day + 1} 天 {at} 走访{name}", f"{who.called} visits {name} on day {day + 1} at {at}"
        if self.kind == "insert":
            text = Text(f"直接安排：{zh}，多走 {travel} 分钟", f"As it is: {en}, {travel} min more travel")
        elif self.kind == "one_more":
            text = Text(
                f"当天多安排一户：{zh}，多走 {travel} 分钟", f"One visit more that day: {en}, {travel} min more travel"
            )
        elif self.kind.startswith("longer"):
            late = end_of(self.search, number, route) - self.explainer.piece.crews[number].ends
            late = -(-late // 60)
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


def start_of(search: Search, number: int, route: list[int], house: int) -> int | None:
    """When a visit of a route begins; None if the route cannot be kept."""
    try:
        table, _ = search.days.gaps(number, route)
    except Unfit:
        return None
    return int(table[LEAVE, route.index(house) + 1]) - search.days.service[house]


def end_of(search: Search, number: int, route: list[int]) -> int:
    """When a route that can be kept is back."""
    table, _ = search.days.gaps(number, route)
    return max(int(table[LEAVE, -1]) + int(table[OLD, -1]), int(table[FLOOR, -1]))
