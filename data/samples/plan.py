"""Figures that the sample township must show: households by village and where visits are missing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.samples.terrain import RESERVOIR_AT, Floats, Waves

HOUSEHOLDS = 12_843
VISITED = 10_714
# Coverage classes in round 2: villages, households not yet visited, and the coverage each village aims at.
_CLASSES: tuple[tuple[float, float, int, tuple[float, ...]], ...] = (
    (0.00, 0.50, 208, (0.416,)),
    (0.50, 0.70, 656, (0.510, 0.584, 0.635, 0.663, 0.664)),
    (0.70, 0.85, 706, (0.728, 0.743, 0.750, 0.773, 0.774, 0.779, 0.813, 0.825, 0.829, 0.830, 0.838)),
    (
        0.85,
        0.95,
        445,
        (0.853, 0.854, 0.877, 0.890, 0.895, 0.899, 0.915, 0.917, 0.923, 0.924, 0.925, 0.938, 0.940, 0.947, 0.949),
    ),
    (0.95, 1.01, 114, (0.951, 0.952, 0.953, 0.953, 0.957, 0.958, 0.961, 0.964, 0.966, 0.969, 0.974)),
)
_LEAST_COVERED = (159, 112, 85)


def coverage_rank(seeds: Floats, naturals: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Order of the villages from the least to the best covered: the far corners last, the north-west first.

    Parameters
    ----------
    seeds : ndarray, shape (43, 2)
        Villages, metres on the plane.
    naturals : ndarray of int, shape (43,)
        Natural villages in each; the least covered village is one that has three.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (43,)
        Village numbers, worst first.
    """
    x, y = seeds.T
    north_east = np.exp(-(((x - 4600) / 2300) ** 2 + ((y - 3300) / 1700) ** 2))
    reservoir = np.exp(-(((x - RESERVOIR_AT[0] - 300) / 2100) ** 2 + ((y - RESERVOIR_AT[1] + 500) / 1500) ** 2))
    north_west = np.exp(-(((x + 3900) / 3000) ** 2 + ((y - 2800) / 2600) ** 2))
    middle = np.exp(-((x / 1500) ** 2 + (y / 1300) ** 2))
    south_east = np.exp(-(((x - 1500) / 3600) ** 2 + ((y + 4300) / 1500) ** 2))
    liking = -1.6 * north_east - 1.25 * reservoir + 0.9 * north_west + 0.75 * middle - 0.45 * south_east
    order = np.argsort(liking + 0.16 * Waves(rng, 3200)(x, y), kind="stable")
    worst = next(village for village in order if naturals[village] == len(_LEAST_COVERED))
    return np.concatenate([[worst], order[order != worst]])


def household_counts(centre_village: np.ndarray, ranking: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Households of each natural village: 80 to 160, the main settlement of a village the largest; 12,843 in all.

    Parameters
    ----------
    centre_village : ndarray of int, shape (114,)
        Village of each natural village, non-decreasing.
    ranking : ndarray of int, shape (43,)
        Villages, least covered first: the first has three natural villages of fixed sizes, the next five large ones.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (114,)
    """
    count = len(centre_village)
    main = np.concatenate([[True], np.diff(centre_village) > 0])
    sizes = np.clip(rng.gamma(30, 3.55, count) + np.where(main, 19, -6), 82, 158).round().astype(int)
    large = np.isin(centre_village, ranking[1:6])
    sizes[large] = np.clip(sizes[large] + 24, 128, 158)
    fixed = centre_village == ranking[0]
    sizes[fixed] = _LEAST_COVERED
    free = np.flatnonzero(~fixed & ~large)
    while sizes.sum() != HOUSEHOLDS:
        k = rng.choice(free)
        sizes[k] = np.clip(sizes[k] + np.sign(HOUSEHOLDS - sizes.sum()), 80, 160)
    return sizes


def unvisited_counts(village_sizes: np.ndarray, ranking: np.ndarray) -> np.ndarray:
    """Households without a valid visit in round 2, by village; 2,129 in all, in five fixed classes of coverage.

    Parameters
    ----------
    village_sizes : ndarray of int, shape (43,)
    ranking : ndarray of int, shape (43,)
        Village numbers, least covered first.

    Returns
    -------
    ndarray of int, shape (43,)

    Raises
    ------
    ValueError
        If the sizes leave no way to keep every village in its class.
    """
    missing = np.zeros(len(village_sizes), int)
    start = 0
    for low, high, total, shares in _CLASSES:
        villages = ranking[start : start + len(shares)]
        start += len(shares)
        sizes = village_sizes[villages]
        least = np.floor(sizes * (1 - high)).astype(int) + 1
        least = np.clip(least, 0, None) + 1
        most = np.floor(sizes * (1 - low)).astype(int) - 1
        wanted = np.clip(np.round(sizes * (1 - np.array(shares))).astype(int), least, most)
        for step in range(10_000):
            if wanted.sum() == total:
                break
            k = step % len(villages)
            wanted[k] = np.clip(wanted[k] + np.sign(total - wanted.sum()), least[k], most[k])
        if wanted.sum() != total:
            raise ValueError(f"class {low}-{high}: {wanted.sum()} instead of {total}")
        missing[villages] = wanted
    return missing


def choose_unvisited(households: pd.DataFrame, missing: dict[str, int], rng: np.random.Generator) -> np.ndarray:
    """Which households have no valid visit in round 2: in each village a few contiguous corners and some strays.

    Parameters
    ----------
    households : DataFrame
        With ``village_code``, ``settlement``, ``x``, ``y`` (metres).
    missing : dict of str to int
        How many, by village code.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    chosen = np.zeros(len(households), bool)
    for code, wanted in missing.items():
        members = np.flatnonzero(households["village_code"] == code)
        village = households.iloc[members]
        xy = village[["x", "y"]].to_numpy(float)
        # The blind spot begins at the end of the settlement that lies furthest out, and a large one has two.
        outward = xy @ (xy.mean(axis=0) / (np.hypot(*xy.mean(axis=0)) + 1)) + rng.normal(0, 30, len(xy))
        focus = [xy[outward.argmax()]]
        if wanted > 45:
            other = village["settlement"].to_numpy() != village["settlement"].to_numpy()[outward.argmax()]
            focus.append(xy[np.where(other, outward, -np.inf).argmax()])
        reach = np.min([np.hypot(*(xy - point).T) for point in focus], axis=0) * rng.uniform(0.82, 1.25, len(xy))
        close = np.argsort(reach, kind="stable")[: int(wanted * 0.78)]
        rest = rng.permutation(np.setdiff1d(np.arange(len(xy)), close))[: wanted - len(close)]
        chosen[members[np.concatenate([close, rest])]] = True
    return chosen
