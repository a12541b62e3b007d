"""Detectors that look at times: too short, outside hours, typed later, exactly the minimum, too much in a day."""

from __future__ import annotations

import numpy as np

from data.rules.detectors.arrays import (
    DAY_S,
    FIELD_OFFSET_S,
    Floats,
    Found,
    Ints,
    Visits,
    capped,
    codes,
    group_means,
    nothing,
    robust_z,
)

# Below this a difference between clocks is delay of the network, not a wrong clock.
_CLOCK_IS_RIGHT_S = 300.0
# Records typed within this of one another are one sitting.
_SITTING_S = 900.0
_EASY_DELAY_S = 1200.0


def clock_offsets(visits: Visits) -> Floats:
    """By how much each phone's clock is ahead of the server's, in seconds; 0 where it is right or cannot be told.

    A record cannot arrive before it was made. Delays are never negative, so the quickest of a worker's deliveries comes
    nearest to the clock's own error. A clock that is slow looks like a delivery that was late: only where the quickest
    delivery of many was late by much the same as the others is it taken for a slow clock.

    Returns
    -------
    ndarray of float, shape (n,)
    """
    offset = np.zeros(len(visits))
    delay = visits.received_s - visits.entered_s
    known = np.flatnonzero(np.isfinite(delay))
    if not len(known):
        return offset
    order = known[np.lexsort((delay[known], visits.worker[known]))]
    workers, first, count = np.unique(visits.worker[order], return_index=True, return_counts=True)
    quickest = delay[order[first]]
    near = delay[order[first + count // 4]]
    is_steady = (count >= 8) & (near - quickest < _CLOCK_IS_RIGHT_S)
    told = np.where((quickest < -_CLOCK_IS_RIGHT_S) | (is_steady & (quickest > _CLOCK_IS_RIGHT_S)), -quickest, 0.0)
    at = np.searchsorted(workers, visits.worker)
    at = np.minimum(at, len(workers) - 1)
    return np.where(workers[at] == visits.worker, told[at], 0.0)


def too_short(visits: Visits, min_minutes: float | None) -> Found:
    """Presence far below the plan's minimum, or below that of peers where the plan has none."""
    found = nothing(len(visits))
    asked = visits.in_person & visits.done & np.isfinite(visits.minutes)
    if not asked.any():
        return found
    least = min_minutes or float(np.median(visits.minutes[asked])) / 2
    # A talk is cut short to half now and then; a tenth of the time is another thing.
    ratio = np.where(asked, least / np.maximum(visits.minutes, 0.5), 0.0)
    score = np.where(asked, 6.0 * np.log(np.maximum(ratio, 1e-9) / 2.2), 0.0)
    return Found(capped(score), np.where(asked, visits.minutes, np.nan), np.full(len(visits), least), found.other)


def off_hours(visits: Visits, earliest_h: float | None, latest_h: float | None) -> Found:
    """Begun outside the plan's hours by a clock that was set right; a plan without hours asks nothing."""
    found = nothing(len(visits))
    if earliest_h is None and latest_h is None:
        return found
    hour = ((visits.started_s - clock_offsets(visits) + FIELD_OFFSET_S) % DAY_S) / 3600
    early = (earliest_h if earliest_h is not None else 0.0) - hour
    late = hour - (latest_h if latest_h is not None else 24.0)
    outside = np.where(visits.in_person, np.maximum(early, late), 0.0)
    limit = np.where(early > late, earliest_h if earliest_h is not None else 0.0, latest_h or 24.0)
    return Found(capped(np.where(outside > 0.25, 1.0 + 1.5 * outside, 0.0)), hour, limit, found.other)


def typed_later(visits: Visits) -> Found:
    """Records made long after the visit, several at one sitting while the visits are hours apart.

    Both moments are the same phone's, so a wrong clock does not matter.
    """
    found = nothing(len(visits))
    delay = visits.entered_s - visits.ended_s
    asked = np.flatnonzero(np.isfinite(delay) & visits.in_person)
    if len(asked) < 2:
        return found
    order = asked[np.lexsort((visits.entered_s[asked], visits.worker[asked]))]
    gap = np.diff(visits.entered_s[order], prepend=-np.inf)
    begins = (gap > _SITTING_S) | (np.diff(visits.worker[order], prepend=-1) != 0)
    sitting = np.cumsum(begins) - 1
    size = np.bincount(sitting)[sitting]
    spread = _spread(visits.ended_s[order], sitting)
    late = np.maximum(delay[order], 0.0)
    # One forgotten record, or a few at noon, are how people work.
    longer = np.log(np.maximum(late / _EASY_DELAY_S, 1.0))
    score = np.where((size >= 3) & (longer > 0), longer + np.log(size / 2.0), 0.0)
    score += 0.7 * np.log(np.maximum(late / 7200, 1.0))
    span = np.bincount(sitting, weights=np.maximum(np.where(begins, 0.0, gap), 0.0))[sitting]
    # Claimed hours that were typed in minutes.
    score += np.where((size >= 3) & (spread > 5400) & (span < spread / 6), 2.0, 0.0)
    found.score[order] = capped(score)
    found.value[order], found.against[order] = late / 60, size
    return found


def at_minimum(visits: Visits, min_minutes: float | None) -> Found:
    """Durations of exactly the minimum, to the minute, more often than peers have them."""
    found = nothing(len(visits))
    if not min_minutes:
        return found
    asked = visits.in_person & visits.done & np.isfinite(visits.minutes)
    over = visits.minutes - min_minutes
    typed = asked & (np.abs(visits.started_s % 60) < 1e-6) & (np.abs(visits.ended_s % 60) < 1e-6)
    heap = typed & (over >= -1e-6) & (over < 1.5)
    rows = np.flatnonzero(typed)
    if len(rows) < 2 or not heap.any():
        return found
    order = rows[np.lexsort((visits.started_s[rows], visits.worker[rows]))]
    worker = codes(visits.worker[order])
    hit = heap[order].astype(float)
    count, hits = np.bincount(worker), np.bincount(worker, weights=hit)
    # What is usual where times are typed: the middle of the workers who do, however they round.
    usual = float(np.clip(np.median((hits + 1) / (count + 3)), 0.05, 0.6))
    gain = np.where(hit > 0, float(np.log(0.95 / usual)), float(np.log(0.05 / (1 - usual))))
    best, share = _best_window(np.asarray(gain, np.float64), hit, worker)
    found.score[order] = np.where(hit > 0, capped(best - 1.0), 0.0)
    found.value[order], found.against[order] = 100 * share, 100 * usual
    return found


def _best_window(gain: Floats, hit: Floats, group: Ints) -> tuple[Floats, Floats]:
    """For each row of a sorted list the best sum of gains over windows of 4, 6 and 8 rows of its group that hold it."""
    best, share = np.zeros(len(gain)), np.zeros(len(gain))
    sums = np.concatenate([[0.0], np.cumsum(gain)])
    hits = np.concatenate([[0.0], np.cumsum(hit)])
    for width in (4, 6, 8):
        starts = np.arange(max(len(gain) - width + 1, 0))
        inside = group[starts] == group[starts + width - 1]
        total = np.where(inside, sums[starts + width] - sums[starts], 0.0)
        ratio = (hits[starts + width] - hits[starts]) / width
        for place in range(width):
            better = total > best[starts + place]
            at = starts[better] + place
            best[at], share[at] = total[better], ratio[better]
    return best, share


# So many home visits fit into any day, however few the peers make: 30 minutes each and the ways between them.
FEW_A_DAY = 8


def crowded_day(visits: Visits) -> Found:
    """More home visits or more hours in one day than peers manage; one long talk counts for an hour.

    Where peers go to one household a day, three are no crowd: up to eight visits say nothing.
    """
    found = nothing(len(visits))
    asked = np.flatnonzero(visits.in_person & visits.done & (visits.day >= 0))
    if not len(asked):
        return found
    group = codes(visits.worker[asked], visits.day[asked])
    count = np.bincount(group).astype(float)
    hours = np.bincount(group, weights=np.clip(np.nan_to_num(visits.minutes[asked]), 0, 60)) / 60
    z = robust_z(np.log(count), 0.25)
    score = np.where(count > FEW_A_DAY, 2.5 * np.maximum(z - 1.8, 0.0), 0.0) + 1.5 * np.maximum(hours - 10.5, 0.0)
    found.score[asked] = capped(score[group])
    found.value[asked], found.against[asked] = count[group], float(np.median(count))
    return found


def usual_minutes(visits: Visits) -> Floats:
    """Each worker's usual presence in log minutes, drawn towards that of all."""
    known = np.flatnonzero(np.isfinite(visits.minutes) & visits.in_person & visits.done)
    told = np.full(len(visits), np.nan)
    if len(known):
        told[known] = group_means(np.log(np.maximum(visits.minutes[known], 0.5)), codes(visits.worker[known]), 8.0)
    return told


def _spread(values: Floats, group: Ints) -> Floats:
    """Greatest less least of each row's group; groups are numbered in order and stand together."""
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    return (np.maximum.reduceat(values, starts) - np.minimum.reduceat(values, starts))[group]
