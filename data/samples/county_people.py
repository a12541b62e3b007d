"""Where the households of a made-up county live, what their heads are called, and which houses are graded."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from data.samples.land import GRID_M, Land, Whole, degrees_of
from data.samples.names import MEN, SURNAME_WEIGHTS, SURNAMES, WOMEN
from data.samples.terrain import Floats

STRUCTURES = ("砖混", "砖木", "土木", "石木")
_SCATTERED = 0.06


def settle(grids: int, households: int, rng: np.random.Generator) -> Whole:
    """Share the households out among the grids, large and small ones."""
    weight = np.clip(rng.lognormal(0, 0.35, grids), 0.4, 2.0)
    return np.repeat(np.arange(grids), rng.multinomial(households, weight / weight.sum()))


def place_households(land: Land, grid: Whole, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Places in one to three settlements of each grid, some scattered; all properly inside their grid."""
    count = rng.choice([1, 2, 3], len(land.grids), p=[0.45, 0.4, 0.15])
    first = np.concatenate([[0], np.cumsum(count)])
    of = np.repeat(np.arange(len(land.grids)), count)
    middles = _pull_in(land, of, land.seeds[of], rng.normal(0, 0.2 * GRID_M, (len(of), 2)))
    width = rng.uniform(45, 110, len(of))
    # Of several settlements the first is the largest.
    chosen = first[grid] + np.floor(rng.random(len(grid)) ** 1.7 * count[grid]).astype(int)
    spread = np.where(rng.random(len(grid)) < _SCATTERED, 0.3 * GRID_M, width[chosen])
    places = _pull_in(land, grid, middles[chosen], rng.standard_normal((len(grid), 2)) * spread[:, None])
    lon, lat = degrees_of(places).T
    return np.ascontiguousarray(lon), np.ascontiguousarray(lat)


def _pull_in(land: Land, grid: Whole, middle: Floats, away: Floats) -> Floats:
    """Places ``away`` from a middle inside the grid, drawn nearer to it until they are inside as well."""
    shapely.prepare(land.grids)
    away = away.copy()
    outside = np.arange(len(grid))
    for _ in range(12):
        lon, lat = degrees_of(middle[outside] + away[outside]).T
        outside = outside[~shapely.contains_xy(land.grids[grid[outside]], lon, lat)]
        if not len(outside):
            break
        away[outside] *= 0.5
    away[outside] = 0
    return np.asarray(middle + away)


def draw_names(village: Whole, rng: np.random.Generator) -> NDArray[np.int32]:
    """Numbers that stand for a family name, whether a woman, and two characters of the given name (or one).

    Most families of a village share three names.
    """
    size = len(village)
    weights = SURNAME_WEIGHTS / SURNAME_WEIGHTS.sum()
    kin = rng.choice(len(SURNAMES), (int(village.max()) + 1, 3), p=weights)
    family = kin[village, np.minimum(rng.geometric(0.55, size) - 1, 2)]
    family = np.where(rng.random(size) < 0.78, family, rng.choice(len(SURNAMES), size, p=weights))
    woman = rng.random(size) < 0.19
    pool = np.where(woman, len(WOMEN), len(MEN))
    one, two = (np.floor(rng.random(size) * pool) for _ in range(2))
    two = np.where(rng.random(size) < 0.2, -1, two)
    return np.column_stack([family, woman, one, two]).astype(np.int32)


def head_names(drawn: NDArray[np.int32]) -> list[str]:
    given = ([*MEN, ""], [*WOMEN, ""])
    return [SURNAMES[f] + given[w][a] + given[w][b] for f, w, a, b in drawn.tolist()]


def draw_houses(size: int, rng: np.random.Generator) -> NDArray[np.int16]:
    return np.column_stack(
        [
            rng.choice(4, size, p=[0.4, 0.36, 0.17, 0.07]),
            rng.integers(0, 300, size),
            rng.integers(0, len(STRUCTURES), size),
            rng.integers(1962, 2019, size),
            rng.integers(45, 180, size),
            rng.choice([1, 2], size, p=[0.8, 0.2]),
        ]
    ).astype(np.int16)
