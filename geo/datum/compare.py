"""Readings compared: where each puts the places, and how well they fit the ground."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from geo.datum.evidence import Evidence, weigh
from geo.datum.ground import Floats, Ground, LocalGround, nearest_m
from geo.datum.readings import Reading, given_pairs

_SEED = 20_000
_MOST = 600
_SHOWN, _SHOWN_M = 5_000, 20_000.0
# So far outside everything known a place is in another county, and a batch is not weighed against the ground.
_AWAY_M, _LOCAL_M = 10_000.0, 5_000.0
_AWAY_COST, _AWAY_MOST = 4.0, 50
# A second system in one file: how much it must explain beyond the first, and for how many of the places.
_MIXED_GAIN, _LEAST_SHARE, _MIXED_STEPS = 8.0, 0.15, 60
# Lengths of the moves a batch is compared with: those the wrong systems make, and none that could pass for right.
_MOVE_M, _APART_M = (250.0, 1_500.0), 150.0


@dataclass(frozen=True)
class Score:
    """How well one reading fits.

    Attributes
    ----------
    reading : Reading
    placed : int
        Pairs that are places by this reading.
    n : int
        Pairs given at all; missing ones and (0, 0) are left out.
    inside : int
        Places inside the village their row states, or inside any village where it states none.
    median_to_centre_m : float or None
        To the centre of the stated village, else to the nearest; None if no centre is known within 20 km.
    median_to_ground_m : float or None
        To the nearest road, middle of a building or known household; None if none of them is known within 20 km.
    cost : float
        Lower is better. Only differences between the scores of one comparison mean anything: they are log-odds.
    share : float
        Part of the places that speak for this reading: 1 for the best and 0 for the others, unless a file clearly mixes
        systems.
    covered : float
        Part of the places that have a house or a road of the ground within some hundred metres.
    middle_m : tuple of float or None
        Easting and northing of the middle of the batch in the metric system of the ground.
    used : dict of str to int
        Kinds of ground that spoke (``roads``, ``buildings``, ``households``, ``centres``, ``villages``), and about how
        many of the places weighed.
    """

    reading: Reading
    placed: int
    n: int
    inside: int
    median_to_centre_m: float | None
    median_to_ground_m: float | None
    cost: float
    share: float = 0.0
    covered: float = 1.0
    middle_m: tuple[float, float] | None = None
    used: dict[str, int] = field(default_factory=dict)


def compare_readings(
    x: ArrayLike,
    y: ArrayLike,
    readings: Sequence[Reading],
    ground: Ground | LocalGround,
    *,
    stated: Sequence[Hashable] | None = None,
) -> list[Score]:
    """Compare the ways to read a batch by where they put it.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        The two columns as the file has them; missing pairs and (0, 0) are left out.
    readings : sequence of Reading
        From :func:`geo.datum.possible_readings`; the declared one should be among them.
    ground : Ground or LocalGround
        A LocalGround saves preparing the same ground again for the next batch.
    stated : sequence of length n, optional
        Key of the village each row states, as in the index of the ground's villages and centres; None for a row that
        states none, or one that is not known.

    Returns
    -------
    list of Score
        One for each reading, best first. With no ground, by the share of pairs that are places, then as given. The
        same batch always gets the same scores. At most 600 of the pairs, drawn at random, are weighed; ``placed``
        and ``inside`` count all of them, medians come from at most 5,000.
    """
    x, y = np.array(x, dtype=float, ndmin=1), np.array(y, dtype=float, ndmin=1)
    given = np.flatnonzero(given_pairs(x, y))
    x, y = x[given], y[given]
    keys = None if stated is None else [stated[int(at)] for at in given]
    degrees = [np.column_stack(reading.lonlat(x, y)) for reading in readings]
    local = ground if isinstance(ground, LocalGround) else LocalGround(ground, _any_places(degrees))
    places = [local.metres(lonlat) for lonlat in degrees]
    rng = np.random.default_rng(_SEED)
    chosen = np.sort(rng.choice(len(x), min(len(x), _MOST), replace=False))
    sets = np.stack([xy[chosen] for xy in places]) if readings else np.empty((0, len(chosen), 2))
    cost, evidence = _costs(
        local, sets, None if keys is None else [keys[at] for at in chosen], _step_m(x, y, readings), rng
    )
    shares = _shares(cost, evidence)
    shown = np.sort(rng.choice(len(x), min(len(x), _SHOWN), replace=False))
    scores = [
        Score(
            reading,
            int(np.isfinite(lonlat).all(axis=1).sum()),
            len(x),
            int(local.inside(xy, keys).sum()) if len(local.villages) else 0,
            *_medians(local, xy[shown], None if keys is None else [keys[at] for at in shown]),
            float(cost[at]),
            float(shares[at]),
            float(evidence.covered[at]) if evidence else 1.0,
            _middle(xy),
            evidence.used if evidence else {},
        )
        for at, (reading, lonlat, xy) in enumerate(zip(readings, degrees, places, strict=True))
    ]
    return sorted(scores, key=lambda score: score.cost)


def _costs(
    local: LocalGround, sets: Floats, stated: Sequence[Hashable] | None, rounding_m: float, rng: np.random.Generator
) -> tuple[Floats, Evidence | None]:
    """Cost of each set, and the evidence behind it."""
    size = sets.shape[1]
    outside = np.stack([local.outside_m(xy) for xy in sets]) if len(sets) else np.empty((0, size))
    away = np.mean(~(outside <= _AWAY_M), axis=1) if size else np.zeros(len(sets))
    cost = _AWAY_COST * min(size, _AWAY_MOST) * away
    near = np.mean(outside <= _LOCAL_M, axis=1) > 0.5 if size else np.zeros(len(sets), dtype=bool)
    if local.box is None or not near.any():
        return cost, None
    moved = _moved(sets[near], rng)
    evidence = weigh(local, sets, moved, stated=stated, rounding_m=rounding_m, rng=rng)
    return cost - evidence.total, evidence


def _shares(cost: Floats, evidence: Evidence | None) -> Floats:
    """Part of the places that each reading explains, by expectation-maximisation over the best one and each other.

    A second reading counts only if it explains much that the first does not; by chance some moved point always does.
    """
    shares = np.zeros(len(cost))
    if not len(cost):
        return shares
    best = int(np.argmin(cost))
    shares[best] = 1.0
    if evidence is None:
        return shares
    alone, _ = _explained(evidence.single[[best]])
    gains = []
    for other in range(len(cost)):
        both, parts = _explained(evidence.single[[best, other]])
        share = parts[1] / max(parts.sum(), 1e-12)
        gains.append((both - alone, share) if other != best and share >= _LEAST_SHARE else (0.0, 0.0))
    second = max(range(len(cost)), key=lambda at: gains[at][0])
    if gains[second][0] > _MIXED_GAIN:
        shares[best], shares[second] = 1 - gains[second][1], gains[second][1]
    return shares


def _explained(single: Floats) -> tuple[float, Floats]:
    """Log-likelihood ratio of a mixture of readings and chance, and the parts of the readings."""
    likelihood = np.exp(np.clip(np.vstack([single, np.zeros(single.shape[1])]), -20.0, 20.0))
    parts = np.full(len(likelihood), 1.0 / len(likelihood))
    for _ in range(_MIXED_STEPS):
        weights = parts[:, None] * likelihood
        parts = (weights / weights.sum(axis=0)).mean(axis=1)
    return float(np.log(parts @ likelihood).sum()), parts[:-1]


def _moved(sets: Floats, rng: np.random.Generator) -> Floats:
    """Move the batch about at random, from each reading in turn, but to none of the readings' places."""
    count = int(np.clip(30_000 // max(sets.shape[1], 1), 48, 300))
    away = np.sqrt(rng.uniform(_MOVE_M[0] ** 2, _MOVE_M[1] ** 2, 2 * count))
    turn = rng.uniform(0, 2 * np.pi, 2 * count)
    shifts = np.column_stack([away * np.cos(turn), away * np.sin(turn)])
    base = np.arange(2 * count) % len(sets)
    middles = np.array([_middle(xy) or (np.nan, np.nan) for xy in sets])
    ends = middles[base] + shifts
    gaps = np.hypot(*(ends[:, None] - middles[None]).transpose(2, 0, 1))
    kept = np.flatnonzero(~(gaps < _APART_M).any(axis=1))[:count]
    return np.asarray(sets[base[kept]] + shifts[kept, None])


def _step_m(x: Floats, y: Floats, readings: Sequence[Reading]) -> float:
    """Length of the last digit that the coordinates are written with, metres."""
    if not len(x) or not readings:
        return 0.0
    numbers = np.concatenate([x[:500], y[:500]])
    unit = 111_000.0 if readings[0].system.in_degrees else 1.0
    for step in (1.0, 1e-1, 1e-2, 1 / 3600, 1e-3, 1 / 36000, 1e-4):
        if np.mean(np.abs(numbers / step - np.round(numbers / step)) < 1e-4) > 0.9:
            return step * unit
    return 0.0


def _medians(local: LocalGround, xy: Floats, stated: Sequence[Hashable] | None) -> tuple[float | None, float | None]:
    trees = [tree for tree in (local.roads, local.buildings, local.households) if tree is not None]
    there = np.isfinite(xy).all(axis=1)
    xy, stated = xy[there], None if stated is None else [stated[int(at)] for at in np.flatnonzero(there)]
    to_ground = np.min([nearest_m(tree, xy, _SHOWN_M) for tree in trees], axis=0) if trees else np.empty(0)
    to_centre = np.empty(0)
    if local.centres is not None:
        to_centre = nearest_m(local.centres, xy, _SHOWN_M)
        if stated is not None:
            rows = np.array([local.centre_keys.get(key, -1) for key in stated], dtype=int)
            own = np.hypot(*(xy - local.centre_xy[rows]).T)
            to_centre = np.where(rows >= 0, own, to_centre)
    return _median(to_centre), _median(to_ground)


def _median(distance_m: Floats) -> float | None:
    middle = float(np.median(distance_m)) if len(distance_m) else np.inf
    return middle if np.isfinite(middle) else None


def _middle(xy: Floats) -> tuple[float, float] | None:
    good = xy[np.isfinite(xy).all(axis=1)]
    return (float(np.median(good[:, 0])), float(np.median(good[:, 1]))) if len(good) else None


def _any_places(degrees: list[Floats]) -> Floats:
    together = np.concatenate(degrees) if degrees else np.empty((0, 2))
    return together[np.isfinite(together).all(axis=1)]
