"""Who visits whom and when: the visitors of each village, their share of it, and the pace of the two rounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from data.samples.names import person_name, pick_surname

KINDS = ("网格员", "村干部", "包村干部")
# Valid first visits of each day of round 2, from 1 to 20 November 2026: weekends lead, the last week is slow.
ROUND_2_BY_DAY = (980, 640, 690, 720, 760, 770, 1120, 1090, 780, 750, 700, 660, 617, 88, 92, 50, 48, 47, 56, 56)
ROUND_2_STARTS = date(2026, 11, 1)
ROUND_1_STARTS, ROUND_1_DAYS = date(2026, 3, 1), 122
_HOUSEHOLDS_OF_ONE = 150


@dataclass(frozen=True)
class Crews:
    """Visitors and their shares.

    Attributes
    ----------
    names, kinds, villages : list of str
        One entry for each visitor.
    of_household : ndarray of int, shape (n,)
        The visitor who has the household.
    """

    names: list[str]
    kinds: list[str]
    villages: list[str]
    of_household: np.ndarray


def make_crews(households: pd.DataFrame, rng: np.random.Generator) -> Crews:
    """Two or three visitors for each village, each with a contiguous share of its households."""
    names: list[str] = []
    kinds: list[str] = []
    villages: list[str] = []
    share = np.zeros(len(households), int)
    for code in sorted(households["village_code"].unique()):
        members = np.flatnonzero(households["village_code"] == code)
        for number, part in enumerate(np.array_split(members, -(-len(members) // _HOUSEHOLDS_OF_ONE))):
            share[part] = len(names)
            name = ""
            while not name or name in names:
                name = person_name([pick_surname(rng)] * 3, bool(rng.random() < 0.45), rng)
            names.append(name)
            kinds.append(KINDS[min(number, 2)])
            villages.append(str(code))
    return Crews(names, kinds, villages, share)


def days_of_round_2(visited: np.ndarray, crews: Crews, rng: np.random.Generator) -> np.ndarray:
    """Day (0 = 1 November) of the first valid visit; −1 for households without one.

    Each visitor walks the own share in order, some faster than others, and all together make the fixed daily numbers.
    """
    return _spread(visited, crews, np.repeat(np.arange(len(ROUND_2_BY_DAY)), ROUND_2_BY_DAY), rng)


def days_of_round_1(visited: np.ndarray, crews: Crews, rng: np.random.Generator) -> np.ndarray:
    """Day (0 = 1 March) of the first valid visit; −1 for households without one. Weekends count for more."""
    weight = np.array(
        [1.7 if (ROUND_1_STARTS + timedelta(days=k)).weekday() >= 5 else 1.0 for k in range(ROUND_1_DAYS)]
    )
    weight[60:65] = 0.2  # the first days of May are a holiday
    ends = np.round(np.cumsum(weight) / weight.sum() * int(visited.sum())).astype(int)
    return _spread(visited, crews, np.repeat(np.arange(ROUND_1_DAYS), np.diff(ends, prepend=0)), rng)


def _spread(visited: np.ndarray, crews: Crews, days: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    progress = np.full(len(visited), np.inf)
    for visitor in range(len(crews.names)):
        members = np.flatnonzero(visited & (crews.of_household == visitor))
        pace = rng.uniform(0.82, 1.22)
        along = (np.arange(len(members)) + 0.5) / max(len(members), 1)
        progress[members] = along**pace + rng.normal(0, 0.008, len(members))
    result = np.full(len(visited), -1)
    result[np.argsort(progress, kind="stable")[: int(visited.sum())]] = days
    return result
