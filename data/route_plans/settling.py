"""What a form says about some households, settled for each of them; neighbours are put in rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data.route_plans.choosing import Home, meaning_of
from data.route_plans.refusals import refuse
from data.route_plans.specials import WEEKEND
from data.route_plans.visiting_times import windows_settled
from data.route_plans.wishes import Wish
from geo.routing.rows import near_rows

# The most households of one row: more are no matter of one way.
MOST_IN_A_ROW = 12
# Skills that stand for one of several people by name.
ONLY = "only:"


@dataclass(frozen=True)
class Settled:
    """What holds for one household, as ``data.route_plans.specials.Special`` has it; ``together`` names its row."""

    inspectors: tuple[int, ...] = ()
    hours: tuple[int, int] | None = None
    on: str | None = None
    pair: bool = False
    together: str | None = None

    @property
    def has_times(self) -> bool:
        """Whether hours or days are settled."""
        return self.hours is not None or self.on is not None

    def windows(self, wish: Wish, service_s: int) -> list[dict[str, Any]] | None:
        """When it may be visited; None if the days of the plan leave no time."""
        on_weekend = None if self.on is None else self.on == WEEKEND
        return windows_settled(wish.days, service_s, self.hours, on_weekend, wish.quiet)


NOTHING = Settled()


def settle(homes: Sequence[Home], wish: Wish, names: Mapping[int, str], going: Sequence[int]) -> dict[int, Settled]:
    """What the form says about each household it speaks of; of two entries the first that says something holds.

    Parameters
    ----------
    names : mapping of int to str
        Names of all who may be sent.
    going : sequence of int
        Accounts of those who are.

    Raises
    ------
    RouteRefused
        If somebody has to go who is not sent, or more are to be visited in a row than is possible.
    """
    found: dict[int, Settled] = {}
    for number, special in enumerate(wish.specials, 1):
        for key in special.inspectors:
            if key not in going:
                who = names.get(key, str(key))
                raise refuse(
                    f"特别安排第 {number} 条要由“{who}”去，但没有选他参加。请在“谁去”里选上，或改这一条。",
                    f"Entry {number} of the special arrangements names “{who}”, who is not among those who go. Tick "
                    "the name, or change the entry.",
                    found=key,
                    field=f"special[{number - 1}].inspectors",
                )
        meant = meaning_of(special.choice)
        chosen = [home for home in homes if home.lon is not None and meant(home)]
        if special.together and len(chosen) > MOST_IN_A_ROW:
            raise refuse(
                f"特别安排第 {number} 条要一并走访 {len(chosen)} 户，最多 {MOST_IN_A_ROW} 户。请把这一条的户选少些。",
                f"Entry {number} of the special arrangements has {len(chosen)} households visited in a row; "
                f"{MOST_IN_A_ROW} are possible. Choose fewer for it.",
                found=len(chosen),
                expected=MOST_IN_A_ROW,
                field=f"special[{number - 1}].together",
            )
        for home in chosen:
            before = found.get(home.id, NOTHING)
            has_times = before.has_times
            found[home.id] = replace(
                before,
                inspectors=before.inspectors or tuple(sorted(special.inspectors)),
                hours=before.hours if has_times else special.hours,
                on=before.on if has_times else special.on,
                pair=before.pair or special.pair,
                together=before.together or (f"t{number}" if special.together else None),
            )
    return found


def named_tokens(settled: Iterable[Settled]) -> dict[tuple[int, ...], str]:
    """A skill for each set of several people of whom one has to go."""
    several = sorted({one.inspectors for one in settled if len(one.inspectors) > 1})
    return {who: f"{ONLY}{number}" for number, who in enumerate(several, 1)}


def put_neighbours_in_rows(households: Sequence[dict[str, Any]], metres: int) -> None:
    """Give a row to those who live close together, where the same people may go at the same times.

    Parameters
    ----------
    households : sequence of dict
        Of a problem; those that have a row keep it.
    metres : int
        The most between one of them and each of the others.
    """
    alike: dict[Any, list[dict[str, Any]]] = {}
    for one in households:
        if "together" not in one:
            key = (tuple(one.get("skills", ())), one.get("inspector"), one.get("pair"), str(one.get("windows")))
            alike.setdefault(key, []).append(one)
    number = 0
    for these in alike.values():
        rows = near_rows(np.array([one["at"] for one in these], dtype=np.float64), metres, MOST_IN_A_ROW // 2)
        for row in rows:
            number += 1
            for at in row:
                these[at]["together"] = f"n{number}"
