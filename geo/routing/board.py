"""How far the villages of a large problem are while it is planned part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from geo.routing.problem import Problem

# Nothing is planned; everybody where it costs least; being planned properly now; planned properly.
WAITING, FIRST, UNDER_WAY, DONE = "waiting", "first", "under_way", "done"


class Board:
    """Where each village stands; one that lies in several parts is done with the last of them.

    Parameters
    ----------
    problem : Problem
    parts : sequence of sequence of int
        Positions of households, in the order in which they are planned.
    at_once : int
        Parts that are planned at the same time.
    """

    def __init__(self, problem: Problem, parts: Sequence[Sequence[int] | Any], at_once: int) -> None:
        self._villages = [
            {name for at in part if (name := problem.households[int(at)].village) is not None} for part in parts
        ]
        self._at_once = at_once
        self._is_proper = False
        self._left = list(range(len(parts)))

    def begin_properly(self) -> None:
        """Every part has a first plan; from now on each is planned properly."""
        self._is_proper = True
        self._left = list(range(len(self._villages)))

    def end(self, part: int) -> None:
        """A part is planned."""
        self._left.remove(part)

    def stands(self) -> dict[str, str]:
        """One of the four words for each village."""
        left = Counter(name for part in self._left for name in self._villages[part])
        now = (
            {name for part in self._left[: self._at_once] for name in self._villages[part]}
            if self._is_proper
            else set()
        )
        told = {}
        for name in sorted(set().union(*self._villages)):
            if not left[name]:
                told[name] = DONE if self._is_proper else FIRST
            elif name in now:
                told[name] = UNDER_WAY
            else:
                told[name] = FIRST if self._is_proper else WAITING
        return told
