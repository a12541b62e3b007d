"""Visits that a household left out could stand instead of, told where nothing else helps: somebody else is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geo.errors import Text
from geo.routing.crews import FAR, Ints
from geo.routing.problem import clock
from geo.routing.reasons import Remedy
from geo.routing.slots import CAP, CREW, LATE, NEXT, OLD, PRICELESS, RIGHT

if TYPE_CHECKING:
    from geo.routing.explain import Explainer


def swaps_for(explainer: Explainer, left: Ints) -> dict[int, Remedy | None]:
    """For each household left out the visit of no higher priority that it could stand instead of at the least cost.

    Parameters
    ----------
    left : ndarray of int64, shape (h,)
        Households left out, by position in the piece.

    Returns
    -------
    dict
        By household; without those that can stand instead of nobody.
    """
    before, after, houses = [], [], []
    for gaps, route in zip(explainer.search.gaps, explainer.routes, strict=True):
        for at, item in enumerate(route):
            if item >= 0:
                before.append(gaps[:, at])
                after.append(gaps[:, at + 1])
                houses.append(item)
    if not houses or not len(left):
        return {}
    first, second = np.stack(before, axis=1), np.stack(after, axis=1)
    table = first.copy()
    table[NEXT], table[LATE], table[CAP] = second[NEXT], second[LATE], np.where(second[CAP] < 0, FAR, second[CAP])
    table[OLD], table[RIGHT] = first[OLD] + second[OLD], second[RIGHT]
    visited = np.array(houses, dtype=np.int64)
    worth = explainer.piece.worth
    grouped = (explainer.piece.group[visited] >= 0) | (explainer.piece.block[visited] >= 0)
    best = np.zeros(len(left), dtype=np.int64)
    least = np.full(len(left), PRICELESS)
    for rows, price in explainer.search.prices.in_turn(left, table):
        loss = worth[visited][None, :] - worth[left[rows]][:, None]
        price[(loss > 0) | grouped[None, :]] = PRICELESS
        # The lower the priority of who is left out instead, the better; then the way.
        best[rows] = np.where(price < PRICELESS, price + loss * 1e-3, np.inf).argmin(axis=1)
        least[rows] = np.take_along_axis(price, best[rows][:, None], axis=1)[:, 0]
    starts = explainer.search.prices.starts_in(left, table[:, best])
    return {
        house: _swap(explainer, house, int(visited[at]), int(table[CREW, at]), start, round(price / 60))
        for house, at, start, price in zip(left.tolist(), best.tolist(), starts.tolist(), least.tolist(), strict=True)
        if price < PRICELESS and explainer.search.owner_of(house) < 0
    }


def _swap(explainer: Explainer, house: int, other: int, number: int, start: int, minutes: int) -> Remedy:
    """The remedy that visits a household instead of another."""
    who, day, moment = explainer.who(number), explainer.crews[number].day, clock(start // 60 * 60)
    instead = explainer.household(other)
    lower = instead.priority < explainer.household(house).priority
    text = Text(
        f"可由{who.called}第 {day + 1} 天 {moment} 代替{'优先级更低的' if lower else '同优先级的'}"
        f"{instead.called}走访，路程{'增加' if minutes >= 0 else '减少'} {abs(minutes)} 分钟",
        f"{who.called} could go on day {day + 1} at {moment} instead of to {instead.called} "
        f"({'lower' if lower else 'same'} priority), {abs(minutes)} min of travel "
        f"{'more' if minutes >= 0 else 'less'}",
    )
    return Remedy("swap", text, who.id, day, start, minutes, instead.id)
