"""Who was visited in a made-up county, when and how: numbers only, and numbers that look random but are made again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.samples.land import SizeWrong, Whole, count_up

# First day of each round and over how many days its visits are spread.
_ROUNDS = ((1, "2026-03-01", 100), (2, "2026-11-01", 24))
# Kinds of visits: way, outcome, whether a reason is given, shortest and longest stay in minutes.
KINDS = (
    ("home", "done", False, 30, 55),
    ("phone", "done", True, 4, 15),
    ("wechat", "done", True, 4, 15),
    ("sms", "done", True, 1, 3),
    ("home", "nobody_home", False, 1, 5),
    ("home", "long_away", False, 1, 5),
    ("home", "refused", False, 1, 8),
    ("home", "done", False, 6, 29),
    ("phone", "done", False, 3, 12),
)
_COUNTED = (0.88, 0.07, 0.035, 0.015)
_FAILED = (0.5, 0.2, 0.08, 0.17, 0.05)
# Everybody in the first, in the second of five minutes: one visitor's visits follow each other and never overlap.
_PITCH_MIN, _DAY_STARTS_MIN, _PER_DAY = 60, 7 * 60, 12


def draw_visits(
    grid: Whole, grids: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int8], NDArray[np.int8], NDArray[np.int32], NDArray[np.int16]]:
    """Visits of both rounds: ``household``, ``round``, ``kind``, ``start`` (minutes since 1 March), ``minutes``.

    In the first round four households of five are reached, in the second 45 of 100, by grid more or less.
    """
    found: list[tuple[NDArray[np.int64], ...]] = []
    shares = np.full(grids, 0.8), rng.beta(4.5, 5.5, grids)
    opening = np.datetime64("2026-03-01")
    shortest, longest = (np.array(column) for column in list(zip(*KINDS, strict=True))[3:])
    for (number, starts_on, days), share in zip(_ROUNDS, shares, strict=True):
        chance = rng.random(len(grid))
        reached = np.flatnonzero(chance < share[grid])
        failed = np.flatnonzero((chance >= share[grid]) & (chance < share[grid] + 0.1))
        before = reached[rng.random(len(reached)) < 0.09]
        missed = np.concatenate([failed, before])
        household = np.concatenate([missed, reached])
        counted = len(_COUNTED)
        kind = np.concatenate(
            [
                counted + rng.choice(len(_FAILED), len(missed), p=_FAILED),
                rng.choice(counted, len(reached), p=_COUNTED),
            ]
        )
        # One visitor for each grid, one visit after the other; a visit in vain comes before the one that counts.
        turn = rng.random(len(household)) + np.repeat([0.0, 0.5], [len(missed), len(reached)])
        order = np.lexsort((turn, grid[household]))
        household, kind = household[order], kind[order]
        place = count_up(grid[household]) - 1 if len(household) else household
        total = np.bincount(grid[household], minlength=grids)[grid[household]]
        per_day = np.maximum(-(-total // days), 1)
        if len(per_day) and per_day.max() > _PER_DAY:
            raise SizeWrong(f"{per_day.max()} visits a day")
        day = int((np.datetime64(starts_on) - opening).astype(int)) + place // per_day
        start = day * 1440 + _DAY_STARTS_MIN + place % per_day * _PITCH_MIN
        minutes = np.floor(shortest[kind] + rng.random(len(kind)) * (longest - shortest + 1)[kind])
        found.append((household, np.full(len(kind), number), kind, start, minutes.astype(np.int64)))
    household, rounds, kind, start, minutes = (np.concatenate(column) for column in zip(*found, strict=True))
    return (
        household.astype(np.int32),
        rounds.astype(np.int8),
        kind.astype(np.int8),
        start.astype(np.int32),
        minutes.astype(np.int16),
    )


def mixed(seed: int, numbers: NDArray[np.uint64], turn: int) -> NDArray[np.uint64]:
    """Random-looking numbers of whole numbers (splitmix64), the same in whatever parts they are asked for."""
    start = np.uint64((seed * 0xD1342543DE82EF95 + turn * 0xA0761D6478BD642F) % 2**64)
    with np.errstate(over="ignore"):
        z = numbers * np.uint64(0x9E3779B97F4A7C15) + start
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))


def uuids(seed: int, part: slice) -> list[str]:
    """A UUID (version 4 by its bits) for each visit."""
    numbers = np.arange(part.start, part.stop, dtype=np.uint64)
    high = (mixed(seed, numbers, 0) & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x4000)
    low = (mixed(seed, numbers, 1) & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
    text = np.column_stack([high, low]).astype(">u8").tobytes().hex()
    return [
        f"{text[at : at + 8]}-{text[at + 8 : at + 12]}-{text[at + 12 : at + 16]}-{text[at + 16 : at + 20]}"
        f"-{text[at + 20 : at + 32]}"
        for at in range(0, len(text), 32)
    ]
