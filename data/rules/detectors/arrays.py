"""Visits of a round as arrays, what a detector answers, and the few operations that all detectors share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Scores are natural logarithms of how much likelier a thing is where nobody went than where somebody did; none counts
# for more than this, so that no single number convicts.
MOST = 8.0
DAY_S = 86_400.0
# Days and hours are those of the field (Asia/Shanghai), which has one offset all year.
FIELD_OFFSET_S = 8 * 3600.0
# Median absolute deviation to standard deviation for a normal distribution.
_MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class Visits:
    """Visits of one round, one row each; what is not known is NaN, -1 (codes) or 0 (``photo_hash``).

    Attributes
    ----------
    worker : ndarray of int, shape (n,)
        Code of who recorded it.
    household : ndarray of int, shape (n,)
        Code of the household; -1 = none known.
    home_x, home_y : ndarray of float, shape (n,)
        Recorded place of the household, metres in one metric frame.
    home_sigma_m : ndarray of float, shape (n,)
        How uncertain that place is, standard deviation in metres.
    fix_x, fix_y, accuracy_m, fix_age_s : ndarray of float, shape (n,)
        Where the phone was, with the accuracy it gave and how old the fix was.
    started_s, ended_s, entered_s : ndarray of float, shape (n,)
        Seconds since 1970 by the phone's clock: start and end as recorded, and when the record was made.
    received_s : ndarray of float, shape (n,)
        When the server had it, by the server's clock.
    minutes : ndarray of float, shape (n,)
        Recorded presence.
    in_person, done : ndarray of bool, shape (n,)
        Recorded as a home visit; carried out (not: nobody home).
    photo : ndarray of int, shape (n,)
        Code of the photograph's SHA-256; -1 = no photograph.
    photo_hash : ndarray of uint64, shape (n,)
        Difference hash of the photograph; 0 = none.
    answers : ndarray of int, shape (n, q)
        Codes of the answers, question by question; -1 = not answered.
    word : ndarray of int, shape (n,)
        The household's word: 1 confirmed, -1 denied, 0 nothing heard.
    """

    worker: Ints
    household: Ints
    home_x: Floats
    home_y: Floats
    home_sigma_m: Floats
    fix_x: Floats
    fix_y: Floats
    accuracy_m: Floats
    fix_age_s: Floats
    started_s: Floats
    ended_s: Floats
    entered_s: Floats
    received_s: Floats
    minutes: Floats
    in_person: Bools
    done: Bools
    photo: Ints
    photo_hash: NDArray[np.uint64]
    answers: Ints
    word: Ints

    def __len__(self) -> int:
        return len(self.worker)

    def take(self, rows: NDArray[Any]) -> Visits:
        """Some of the rows, in the order given."""
        return replace(self, **{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})

    @property
    def day(self) -> Ints:
        """Day in the field on which each began, days since 1970; -1 where no time is known."""
        moment = np.where(np.isfinite(self.started_s), self.started_s, self.ended_s)
        return np.where(np.isfinite(moment), np.floor((moment + FIELD_OFFSET_S) / DAY_S), -1).astype(np.int64)

    @property
    def fix_sigma_m(self) -> Floats:
        """Standard deviation of each fix: phones tell a radius of 68 %, and are too sure of themselves.

        A fix without a stated accuracy is taken for 25 m.
        """
        return np.clip(np.where(np.isfinite(self.accuracy_m), self.accuracy_m, 25.0), 6.0, 3000.0)


@dataclass(frozen=True)
class Found:
    """What one detector says of each visit.

    Attributes
    ----------
    score : ndarray of float, shape (n,)
        0 = nothing to say; at most :data:`MOST`.
    value, against : ndarray of float, shape (n,)
        The number measured and what it is compared with; NaN where there is nothing.
    other : ndarray of int, shape (n,)
        Row of another visit it is compared with; -1 = none.
    """

    score: Floats
    value: Floats
    against: Floats
    other: Ints


def nothing(count: int) -> Found:
    """An answer that says nothing of anybody."""
    return Found(np.zeros(count), np.full(count, np.nan), np.full(count, np.nan), np.full(count, -1, np.int64))


def capped(score: Floats) -> Floats:
    """Scores between 0 and :data:`MOST`; unknown is 0."""
    return np.clip(np.nan_to_num(score, nan=0.0), 0.0, MOST)


def neighbours(order: Ints, group: Ints, most: int) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of rows of the same group that lie up to ``most`` places apart in an order.

    Parameters
    ----------
    order : ndarray of int, shape (n,)
        Rows, so sorted that groups stand together.
    group : ndarray of int, shape (rows,)
        Group of each row.
    most : int
        Greatest distance in the order.

    Yields
    ------
    (ndarray of int, ndarray of int)
        Rows ``i`` and ``j``, ``j`` later in the order, for each distance that has pairs.
    """
    for lag in range(1, min(most, len(order) - 1) + 1):
        first, second = order[:-lag], order[lag:]
        same = group[first] == group[second]
        if not same.any():
            return
        yield first[same], second[same]


def keep_best(found: Found, rows: Ints, score: Floats, value: Floats, against: Floats, other: Ints) -> None:
    """Put the comparison of each row that scores highest in its place; changes ``found``. A row may come only once."""
    better = score > found.score[rows]
    at = rows[better]
    found.score[at], found.value[at] = score[better], value[better]
    found.against[at], found.other[at] = against[better], other[better]


def group_means(values: Floats, group: Ints, prior_weight: float) -> Floats:
    """Mean of each row's group, drawn towards the mean of all the more the smaller the group is.

    The empirical-Bayes estimate with a fixed weight: (sum + k · mean) / (n + k).

    Returns
    -------
    ndarray of float, shape (n,)
    """
    if not len(values):
        return np.zeros(0)
    sums = np.bincount(group, weights=values)
    counts = np.bincount(group)
    means = (sums + prior_weight * values.mean()) / (counts + prior_weight)
    return np.asarray(means[group], dtype=np.float64)


def robust_z(values: Floats, least_sd: float) -> Floats:
    """Standard scores about the median, with the median absolute deviation; unknown gives 0."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.zeros(len(values))
    middle = float(np.median(known))
    spread = max(float(np.median(np.abs(known - middle))) * _MAD_TO_SD, least_sd)
    return np.nan_to_num((values - middle) / spread, nan=0.0)


def codes(*keys: NDArray[Any]) -> Ints:
    """Number the distinct combinations of some columns, from 0."""
    if len(keys) == 1:
        return np.unique(keys[0], return_inverse=True)[1].astype(np.int64)
    joined = codes(keys[0])
    for key in keys[1:]:
        step = codes(key)
        joined = codes(joined * (int(step.max(initial=0)) + 1) + step)
    return joined
