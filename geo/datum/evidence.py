"""How much better than chance places fit the ground: log-likelihood ratios that learn both sides from the data.

A batch in the right place has its houses as far from roads and from other houses as the known houses of the
neighbourhood are. A batch in a wrong place has them as far as any place round about is. Both distributions are
measured: the first on the known houses with noise put on them, the second on the batch itself, moved at random. So a
dense settlement, where a moved point is still near some house, makes the evidence weak by itself. There it helps
that some houses of the batch are themselves on the map: its places scatter closely about them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import betaln

from geo.datum.ground import Floats, LocalGround, nearest_m

# Edges of the classes of distance to a house and to a road, metres; the last class is open.
_HOUSE_EDGES = np.array([5, 8, 11, 14, 17, 20, 24, 28, 33, 40, 50, 65, 90, 150, 250, 400], dtype=float)
_ROAD_EDGES = np.array([3, 6, 9, 12, 15, 18, 22, 27, 35, 50, 80, 130, 250], dtype=float)
# Errors of position that are tried, metres on each axis: a good receiver, a telephone, a telephone under trees.
_NOISE_M = (5.0, 10.0, 16.0)
_LEARN, _LEAST_LEARNT = 1_000, 40
# Houses this near the batch show how houses lie in the region, and how in this very hamlet, whose share is the greater.
_REGION_M, _HAMLET_M, _HAMLET_SHARE, _LEAST_IN_HAMLET = 3_000.0, 500.0, 0.6, 80
# Where no house is known: distances of rural houses from roads and from each other (median, spread of the logarithm).
_ROAD_PRIOR, _HOUSE_PRIOR = (18.0, 0.9), (25.0, 0.6)
_STEPS = 25
# Short moves, which stay in the same settlement: at the right place the fit is best just there.
_CLOSE_M = np.array([30.0, 50.0, 80.0, 120.0, 170.0])
_CLOSE_MOVES, _CLOSE_TURN = 50, np.pi * (3 - np.sqrt(5))
# Of a batch's houses about this share is on the map, if any is; so many houses of the map round a place are looked at,
# none farther than this many errors of position. Where there are none, about one in a square kilometre is assumed.
_ON_MAP, _ROUND, _ROUND_ERRORS, _LEAST_DENSE = 0.6, 6, 4.0, 0.001
# The two ways to ask the same places are not independent, and neither are houses in a row, so they count for less than
# their sum; beside them the centres of stated villages count for more. Fitted by logistic regression on seeds 900,000
# and up of the batches of the benchmark, whose figures come from other seeds.
# What the houses round each place say (_at_houses) is taken as it is: fitted in the same way, its weight is about one.
_WIDE_WEIGHT, _CLOSE_WEIGHT, _CENTRE_WEIGHT = 0.28, 0.28, 1.8
# Share of houses that lie in the village their row states, and how firmly that is believed of any one batch.
_AT_HOME, _AT_HOME_WEIGHT = 0.86, 6.0
# The middle of a village's houses about its centre: a heavy-tailed spread, as a share of the gap between centres.
_SCATTER_SHARE, _SCATTER_TRIED, _TAIL = 0.35, (0.7, 1.0, 1.5), 3.0
_SCATTER_M = (100.0, 1_000.0)
_FAR_M = 20_000.0


@dataclass(frozen=True)
class Evidence:
    """Log-likelihood ratios of sets of places, and the same for each place alone.

    Attributes
    ----------
    total : ndarray, shape (s,)
        For each set, over all kinds of ground. Differences are log-odds; 0 is about 'as any place round about'.
    single : ndarray, shape (s, m)
        What roads and houses say of each place alone.
    covered : ndarray, shape (s,)
        Share of the places that have a house or a road within some hundred metres; 1 where neither is known.
    used : dict of str to int
        Kinds of ground that spoke, and about how many of the places.
    """

    total: Floats
    single: Floats
    covered: Floats
    used: dict[str, int]


def weigh(
    ground: LocalGround,
    sets: Floats,
    moved: Floats,
    *,
    stated: Sequence[Hashable] | None,
    rounding_m: float,
    rng: np.random.Generator,
) -> Evidence:
    """Weigh sets of places against the same places moved at random.

    Parameters
    ----------
    ground : LocalGround
    sets : ndarray, shape (s, m, 2)
        The places by each reading, metres; NaN where there is none.
    moved : ndarray, shape (k, m, 2)
        The places moved by some hundred metres each time.
    stated : sequence of length m, optional
        Key of the village each row states; None for a row that states none.
    rounding_m : float
        Length of the last digit of the coordinates.
    rng : Generator
    """
    total, single, covered = np.zeros(len(sets)), np.zeros(sets.shape[:2]), np.ones(len(sets))
    learnt = ground.houses is not None
    used: dict[str, int] = {}
    otherwise = ground.houses is not None or ground.roads is not None or len(ground.villages) > 0
    if ground.houses is not None or ground.roads is not None:
        wide, close, covered = _beside(ground, sets, moved, rounding_m, rng)
        single = wide
        total += wide.sum(axis=1) * (_WIDE_WEIGHT if learnt else 1.0) + (_CLOSE_WEIGHT * close if learnt else 0.0)
    if ground.houses is not None:
        total += np.array([_at_houses(ground.houses, xy, rounding_m) for xy in sets])
    if len(ground.villages):
        total += _at_home(ground, sets, moved, stated)
    said = any(key in ground.centre_keys for key in stated or ())
    if ground.centres is not None and (said or not otherwise):
        total += _about_centres(ground, sets, stated) * (_CENTRE_WEIGHT if learnt else 1.0)
    for kind, tree in (
        ("roads", ground.roads),
        ("buildings", ground.buildings),
        ("households", ground.households),
        ("centres", ground.centres),
    ):
        if tree is not None and (kind != "centres" or said or not otherwise):
            seen = np.isfinite(nearest_m(tree, sets.reshape(-1, 2))).reshape(sets.shape[:2]).any(axis=0)
            used[kind] = int(seen.sum())
    if len(ground.villages):
        used["villages"] = sets.shape[1]
    return Evidence(total, single, covered, used)


def _classes(ground: LocalGround, xy: Floats) -> NDArray[np.int64]:
    """Class of each place by its distances to the nearest house and the nearest road."""
    return _joint(
        None if ground.houses is None else nearest_m(ground.houses, xy, _HOUSE_EDGES[-1]),
        None if ground.roads is None else nearest_m(ground.roads, xy, _ROAD_EDGES[-1]),
    )


def _joint(house_m: Floats | None, road_m: Floats | None) -> NDArray[np.int64]:
    by_house = 0 if house_m is None else np.searchsorted(_HOUSE_EDGES, house_m) * (len(_ROAD_EDGES) + 1)
    return np.asarray(by_house + (0 if road_m is None else np.searchsorted(_ROAD_EDGES, road_m)), dtype=np.int64)


def _histogram(classes: NDArray[np.int64]) -> Floats:
    return np.bincount(classes, minlength=(len(_HOUSE_EDGES) + 1) * (len(_ROAD_EDGES) + 1)).astype(float)


def _smooth(counts: Floats) -> Floats:
    """Let neighbouring classes share a little, since few places were seen in each."""
    grid = np.pad(counts.reshape(len(_HOUSE_EDGES) + 1, -1), 1, mode="edge")
    grid = 0.6 * grid[1:-1] + 0.2 * (grid[:-2] + grid[2:])
    grid = 0.6 * grid[:, 1:-1] + 0.2 * (grid[:, :-2] + grid[:, 2:])
    return np.asarray(grid.ravel() / grid.sum())


def _as_houses_lie(ground: LocalGround, known: Floats, rounding_m: float, rng: np.random.Generator) -> list[Floats]:
    """For each error of position, how houses in their right place are distributed over the classes.

    Two rows each: houses that are on the map themselves, and houses that are not.
    """
    if len(known) > _LEARN:
        known = known[rng.choice(len(known), _LEARN, replace=False)]
    families = []
    for noise_m in _NOISE_M:
        if len(known) >= _LEAST_LEARNT and ground.houses is not None:
            there = known + _errors(len(known), noise_m, rounding_m, rng)
            road_m = None if ground.roads is None else nearest_m(ground.roads, there, _ROAD_EDGES[-1])
            first_m, other_m = _to_houses_m(ground.houses, known, there)
        else:
            first_m = np.hypot(*_errors(_LEARN, noise_m, rounding_m, rng).T)
            other_m, road_m = rng.lognormal(np.log(_HOUSE_PRIOR[0]), _HOUSE_PRIOR[1], _LEARN), None
            if ground.roads is not None:
                road_m = np.abs(
                    rng.lognormal(np.log(_ROAD_PRIOR[0]), _ROAD_PRIOR[1], _LEARN)
                    + _errors(_LEARN, noise_m, rounding_m, rng)[:, 0]
                )
        if ground.houses is None:
            families.append(_smooth(_histogram(_joint(None, road_m)))[None])
        else:
            families.append(np.stack([_smooth(_histogram(_joint(m, road_m))) for m in (first_m, other_m)]))
    return families


def _errors(count: int, noise_m: float, rounding_m: float, rng: np.random.Generator) -> Floats:
    return rng.normal(0, noise_m, (count, 2)) + rng.uniform(-0.5, 0.5, (count, 2)) * rounding_m


def _to_houses_m(houses: cKDTree, known: Floats, there: Floats) -> tuple[Floats, Floats]:
    """Distance to the nearest house, and to the nearest but the own one, as if that were not on the map."""
    distance_m, at = map(np.asarray, houses.query(there, k=2))
    own = np.asarray(houses.query(known)[1])
    return distance_m[:, 0], np.where(at[:, 0] == own, distance_m[:, 1], distance_m[:, 0])


def _beside(
    ground: LocalGround, sets: Floats, moved: Floats, rounding_m: float, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Log-likelihood ratios against long moves, for each place, and against short ones, for each set; share covered."""
    size = sets.shape[1]
    families = _as_houses_lie(ground, ground.house_xy[_near(ground.house_xy, sets, _REGION_M)], rounding_m, rng)
    chance = _smooth(_histogram(_classes(ground, moved.reshape(-1, 2))) + 0.02)
    moves = _close_moves()
    wide, close, covered = np.zeros(sets.shape[:2]), np.zeros(len(sets)), np.zeros(len(sets))
    nowhere = _classes(ground, np.full((1, 2), np.nan))[0]
    for at, xy in enumerate(sets):
        classes = _classes(ground, xy)
        counts = _histogram(classes)
        covered[at] = np.mean(classes != nowhere)
        wide[at] = _best_ratio(counts, [np.vstack([0.98 * part + 0.02 * chance, chance]) for part in families], chance)[
            classes
        ]
        round_about = _histogram(_classes(ground, (xy[None] + moves[:, None]).reshape(-1, 2)))
        here = _smooth(round_about + 3 * size * chance)
        mine = ground.house_xy[_near(ground.house_xy, xy[None], _HAMLET_M)]
        local = families
        if len(mine) >= _LEAST_IN_HAMLET:
            own = _as_houses_lie(ground, mine, rounding_m, rng)
            local = [
                _HAMLET_SHARE * part + (1 - _HAMLET_SHARE) * wider for part, wider in zip(own, families, strict=True)
            ]
        close[at] = counts @ _best_ratio(counts, [0.97 * part + 0.03 * here for part in local], here)
    return wide, close, covered


def _close_moves() -> Floats:
    turn = np.arange(_CLOSE_MOVES) * _CLOSE_TURN
    away = np.resize(_CLOSE_M, _CLOSE_MOVES)
    return np.column_stack([away * np.cos(turn), away * np.sin(turn)])


def _at_houses(houses: cKDTree, places: Floats, rounding_m: float) -> float:
    """Weigh whether places scatter about the houses of the map more closely than the same places moved a little.

    The classes know only how far the nearest house is, which among houses close together is never far. Here every house
    near a place counts, by the error of position, against how densely houses lie round about. Either a part of the
    batch's own houses is on the map, or none is and nothing can be said; both are as likely.
    """
    xy = places[np.isfinite(places).all(axis=1)]
    if not len(xy):
        return 0.0
    moves = np.concatenate([np.zeros((1, 2)), _close_moves()])
    errors_m = [float(np.hypot(noise_m, rounding_m / np.sqrt(12))) for noise_m in _NOISE_M]
    reach_m = _ROUND_ERRORS * max(errors_m)
    away_m = houses.query((xy + moves[:, None]).reshape(-1, 2), k=_ROUND, distance_upper_bound=reach_m)[0]
    ratios = []
    for error_m in errors_m:
        dense = np.exp(-0.5 * (away_m / error_m) ** 2).sum(axis=1).reshape(len(moves), len(xy))
        usual = dense[1:].mean() + _LEAST_DENSE
        ratios.append(float(np.log(_ON_MAP * dense[0] / usual + 1 - _ON_MAP).sum()))
    return float(np.logaddexp(max(ratios), 0.0) - np.log(2))


def _best_ratio(counts: Floats, families: list[Floats], chance: Floats) -> Floats:
    """Log of the best mixture over chance, for each class; mixtures are found by expectation-maximisation."""
    best, best_sum = np.zeros(len(chance)), -np.inf
    for parts in families:
        weights = np.full(len(parts), 1.0 / len(parts))
        for _ in range(_STEPS):
            weights = weights * (parts @ (counts / (weights @ parts))) / counts.sum()
        ratio = np.log(weights @ parts / chance)
        if counts @ ratio > best_sum:
            best, best_sum = ratio, float(counts @ ratio)
    return best


def _at_home(ground: LocalGround, sets: Floats, moved: Floats, stated: Sequence[Hashable] | None) -> Floats:
    """Weigh the share of each set that lies in the village its rows state.

    A hamlet moves as a whole, in or out: its rows are not independent. How much batches moved at random differ among
    themselves gives the width of the beta-binomial distribution they are weighed with.
    """
    size = sets.shape[1]
    every = np.concatenate([sets, moved])
    keys = None if stated is None else [key for _ in range(len(every)) for key in stated]
    counts = ground.inside(every.reshape(-1, 2), keys).reshape(len(every), size).sum(axis=1)
    chance = counts[len(sets) :] / size
    middle = float(np.clip(chance.mean(), 0.5 / size, 1 - 0.5 / size))
    alike = float(np.clip((chance.var() / (middle * (1 - middle)) - 1 / size) / (1 - 1 / (size + 1)), 0.01, 0.9))
    null = np.array([middle, 1 - middle]) * (1 / alike - 1)
    right = np.array([_AT_HOME, 1 - _AT_HOME]) * _AT_HOME_WEIGHT
    found = counts[: len(sets)]
    return np.asarray(_beta_binomial(found, size, right) - _beta_binomial(found, size, null))


def _beta_binomial(counts: NDArray[Any], size: int, shape: Floats) -> Floats:
    return np.asarray(betaln(counts + shape[0], size - counts + shape[1]) - betaln(shape[0], shape[1]))


def _about_centres(ground: LocalGround, sets: Floats, stated: Sequence[Hashable] | None) -> Floats:
    """Weigh how houses lie about the centres of their villages.

    They scatter about it by hundreds of metres, and the centre need not be their middle; so each village counts once,
    by the median of its houses. Where rows state no village, the nearest centre stands for it, and the places together
    count as often as there are such centres.
    """
    assert ground.centres is not None
    rows: dict[int, list[int]] = {}
    for at, key in enumerate(stated or ()):
        if key in ground.centre_keys:
            rows.setdefault(ground.centre_keys[key], []).append(at)
    places = np.where(np.isfinite(sets), sets, 10 * _FAR_M)
    if rows:
        middles = np.stack([np.median(places[:, members], axis=1) for members in rows.values()], axis=1)
        away_m = np.hypot(*(middles - ground.centre_xy[list(rows)]).transpose(2, 0, 1))
        times = float(len(rows))
    else:
        away_m, nearest = map(np.asarray, ground.centres.query(places))
        times = float(np.mean([len(np.unique(row)) for row in nearest]))
    gaps = np.asarray(ground.centres.query(ground.centre_xy, k=2)[0])[:, 1]
    usual = float(np.clip(_SCATTER_SHARE * np.median(gaps), *_SCATTER_M))
    squares = np.minimum(away_m, _FAR_M) ** 2
    tries = [
        -2 * np.log(share) - (_TAIL + 2) / 2 * np.log1p(squares / (_TAIL * (share * usual) ** 2)).mean(axis=1)
        for share in _SCATTER_TRIED
    ]
    return np.asarray(times * np.max(tries, axis=0))


def _near(known: Floats, sets: Floats, reach_m: float) -> NDArray[np.bool_]:
    """Which known houses lie round the places, whatever the reading."""
    out = np.zeros(len(known), dtype=bool)
    for places in sets:
        good = places[np.isfinite(places).all(axis=1)]
        if len(good):
            low, high = np.quantile(good, [0.05, 0.95], axis=0)
            out |= ((known >= low - reach_m) & (known <= high + reach_m)).all(axis=1)
    return out
