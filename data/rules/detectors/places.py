"""Detectors that look at places: far from the house, one spot for many houses, travel nobody can do, made-up fixes."""

from __future__ import annotations

import numpy as np

from data.rules.detectors.arrays import (
    DAY_S,
    MOST,
    Floats,
    Found,
    Ints,
    Visits,
    capped,
    codes,
    keep_best,
    neighbours,
    nothing,
)

# How a fix scatters where somebody was there: mostly as the phone says, with heavy tails (reflected signals).
_TAIL = 3.0
# One place in a hundred or so is recorded elsewhere in its hamlet or further: then a good fix seems wrong.
_ELSEWHERE_SHARE, _ELSEWHERE_M = 0.015, 150.0
# Neighbours who sit together: households this near one another at the same time.
_TOGETHER_M = 150.0
_ANYWHERE = 1 / (np.pi * 500.0**2)
_FASTEST_M_S = 9.0
_OLD_FIX_S = 120.0
_NEAREST = 8
# The nearest of many fixes is near by chance: so much of each likelihood is owed to having looked for it.
_CHANCE = 0.5


def far_fix(visits: Visits, max_distance_m: float | None = None) -> Found:
    """A fix that neither its accuracy nor the household's uncertain place explains.

    The score is the logarithm of how much likelier the distance is if somebody was anywhere within 500 m or beyond
    than if they were at the house (bivariate Student distribution with three degrees of freedom).
    """
    found = nothing(len(visits))
    distance = np.hypot(visits.fix_x - visits.home_x, visits.fix_y - visits.home_y)
    sigma = np.hypot(visits.fix_sigma_m, visits.home_sigma_m)
    asked = visits.in_person & np.isfinite(distance)
    anywhere = 1 / (np.pi * np.maximum(distance, 500.0) ** 2)
    score = np.where(asked, np.log(anywhere) - _log_student(distance, sigma), 0.0)
    limit = np.where(asked, max_distance_m or 3 * sigma, np.nan)
    return Found(capped(score), np.where(asked, distance, np.nan), limit, found.other)


def one_spot(visits: Visits) -> Found:
    """Fixes at one spot for households that lie apart, of one worker, whatever the day.

    For two visits with fixes ``f`` and houses ``h``, four stories are compared: both were at their houses; the first
    was and the second was recorded from there; the other way round; both were recorded from somewhere else. What is
    said of a visit is the likelihood of the stories in which it was not at its house against the others, so that the
    one house that was visited is not blamed for those recorded from it. Neighbours who sit together are no case.
    """
    found = nothing(len(visits))
    asked = np.flatnonzero(visits.in_person & np.isfinite(visits.fix_x) & np.isfinite(visits.home_x))
    if len(asked) < 2:
        return found
    second = np.zeros(len(visits))
    for shift in (0.0, 20.0):
        for i, j in neighbours(_near_order(visits, asked, shift), visits.worker, _NEAREST):
            for rows, others, score, fixes_m, houses_m in _same_spot(visits, i, j):
                is_new = others != found.other[rows]
                best = found.score[rows]
                # The second best of two different partners: one alone may be chance.
                second[rows] = np.where(is_new, np.maximum(second[rows], np.minimum(score, best)), second[rows])
                keep_best(found, rows, score, fixes_m, houses_m, others)
    return Found(capped(0.5 * (found.score + second)), found.value, found.against, found.other)


def impossible_travel(visits: Visits) -> Found:
    """Two visits of one worker with too little time between them for the way, or at the same time.

    The way is the shorter one of house to house and fix to fix, less what the fixes leave open, at 32 km/h from door
    to door. Times typed to five minutes are given as much.
    """
    found = nothing(len(visits))
    asked = np.flatnonzero(visits.in_person & np.isfinite(visits.started_s) & np.isfinite(visits.ended_s))
    if len(asked) < 2:
        return found
    order = asked[np.lexsort((visits.started_s[asked], visits.worker[asked]))]
    for i, j in neighbours(order, visits.worker, 6):
        near_in_time = visits.started_s[j] - visits.started_s[i] < DAY_S
        a, b = i[near_in_time], j[near_in_time]
        way = _way_m(visits, a, b)
        typed = (visits.started_s[a] % 300 == 0) & (visits.ended_s[a] % 300 == 0)
        slack = np.where(typed, 420.0, 90.0)
        left = visits.started_s[b] - visits.ended_s[a] + slack
        needed = way / _FASTEST_M_S
        short = np.maximum(np.where(way > _TOGETHER_M, needed - left, 0.0), 0.0)
        score = capped(np.where(short > 0, 2.5 * np.log1p(short / 60) + 1.0, 0.0))
        for rows, others in ((a, b), (b, a)):
            keep_best(found, rows, score, way, (left - slack) / 60, others)
    return Found(capped(found.score), found.value, found.against, found.other)


def still_fix(visits: Visits) -> Found:
    """The very same fix for several households: real ones tremble.

    An old fix that the phone handed out again is its own matter (age of the fix); neighbours who sit together may
    share one.
    """
    found = nothing(len(visits))
    fresh = np.nan_to_num(visits.fix_age_s, nan=0.0) <= _OLD_FIX_S
    asked = np.flatnonzero(visits.in_person & np.isfinite(visits.fix_x) & fresh)
    if len(asked) < 2:
        return found
    spot = codes(visits.worker[asked], np.round(visits.fix_x[asked] * 2), np.round(visits.fix_y[asked] * 2))
    order = np.lexsort((visits.started_s[asked], spot))
    rows = asked[order]
    group = np.full(len(visits), -1, np.int64)
    group[asked] = spot
    apart = np.zeros(len(visits))
    for i, j in neighbours(rows, group, 12):
        told = (visits.household[i] != visits.household[j]) & ~sat_together(visits, i, j)
        np.add.at(apart, i[told], 1.0)
        np.add.at(apart, j[told], 1.0)
        found.other[i[told]], found.other[j[told]] = j[told], i[told]
    found.value[asked] = apart[asked] + 1
    score = np.where(apart > 0, 2.0 + 1.2 * np.log(np.maximum(apart, 1.0)), 0.0)
    return Found(capped(score), found.value, np.full(len(visits), 1.0), found.other)


def on_the_house(visits: Visits) -> Found:
    """A fix nearer to the recorded place than any phone can be: minus the logarithm of that chance."""
    found = nothing(len(visits))
    distance = np.hypot(visits.fix_x - visits.home_x, visits.fix_y - visits.home_y)
    sigma = np.maximum(visits.fix_sigma_m, 6.0)
    asked = visits.in_person & np.isfinite(distance) & (distance < 1.0)
    chance = -np.expm1(-0.5 * (np.maximum(distance, 0.05) / sigma) ** 2)
    score = np.where(asked, -np.log(np.maximum(np.nan_to_num(chance, nan=1.0), 1e-12)) - 1.0, 0.0)
    return Found(capped(score), np.where(asked, distance, np.nan), sigma, found.other)


def no_trace(visits: Visits) -> Found:
    """Neither a fix nor a photograph where nearly all visits have them: minus the logarithm of how rare that is."""
    found = nothing(len(visits))
    asked = visits.in_person & visits.done
    if not asked.any():
        return found
    no_fix, no_photo = np.isnan(visits.fix_x), visits.photo < 0
    rare_fix = -np.log(max(float(no_fix[asked].mean()), 0.01))
    rare_photo = -np.log(max(float(no_photo[asked].mean()), 0.01))
    score = np.where(asked, no_fix * rare_fix + no_photo * rare_photo, 0.0)
    against = 100 * (1 - float((no_fix & no_photo)[asked].mean()))
    return Found(capped(score - 1.0), no_fix + 2.0 * no_photo, np.full(len(visits), against), found.other)


def _log_student(distance: Floats, sigma: Floats) -> Floats:
    """Logarithm of the density of a bivariate Student distribution at a distance, per square metre."""
    spread = 1 + (distance / sigma) ** 2 / _TAIL
    return -np.log(2 * np.pi * sigma**2) - (_TAIL / 2 + 1) * np.log(spread)


def _same_spot(visits: Visits, i: Ints, j: Ints) -> list[tuple[Ints, Ints, Floats, Floats, Floats]]:
    """For both visits of each pair: row, partner, score, metres between the fixes and between the houses."""
    fixes_m = np.hypot(visits.fix_x[i] - visits.fix_x[j], visits.fix_y[i] - visits.fix_y[j])
    houses_m = np.hypot(visits.home_x[i] - visits.home_x[j], visits.home_y[i] - visits.home_y[j])
    sigma = np.hypot(visits.fix_sigma_m[i], visits.fix_sigma_m[j])
    stayed = np.exp(-0.5 * (fixes_m / sigma) ** 2) / (2 * np.pi * sigma**2)
    at_i, at_j = _at_house(visits, i), _at_house(visits, j)
    is_case = (visits.household[i] != visits.household[j]) & ~sat_together(visits, i, j)
    told = []
    for rows, others, mine, its in ((i, j, at_i, at_j), (j, i, at_j, at_i)):
        away = stayed * (its + _ANYWHERE)
        there = mine * its + stayed * mine
        score = np.log(np.maximum(away, 1e-300)) - np.log(there) - _CHANCE
        told.append((rows, others, np.where(is_case, np.clip(score, 0.0, MOST), 0.0), fixes_m, houses_m))
    return told


def _at_house(visits: Visits, rows: Ints) -> Floats:
    """Density of a fix, per square metre, if somebody was at the house, which may be recorded at a wrong place."""
    distance = np.hypot(visits.fix_x[rows] - visits.home_x[rows], visits.fix_y[rows] - visits.home_y[rows])
    sigma = np.hypot(visits.fix_sigma_m[rows], visits.home_sigma_m[rows])
    reach = np.maximum(_ELSEWHERE_M, sigma)
    right = (1 - _ELSEWHERE_SHARE) * np.exp(_log_student(distance, sigma))
    return np.asarray(right + _ELSEWHERE_SHARE / (2 * np.pi * reach**2) * (1 + (distance / reach) ** 2) ** -1.5)


def sat_together(visits: Visits, i: Ints, j: Ints, near_m: float = _TOGETHER_M) -> np.ndarray:
    """Whether two visits were at the same time among neighbours: one table, several households."""
    shared = np.minimum(visits.ended_s[i], visits.ended_s[j]) - np.maximum(visits.started_s[i], visits.started_s[j])
    shorter = np.minimum(visits.ended_s[i] - visits.started_s[i], visits.ended_s[j] - visits.started_s[j])
    houses_m = np.hypot(visits.home_x[i] - visits.home_x[j], visits.home_y[i] - visits.home_y[j])
    near = ~np.isfinite(houses_m) | (houses_m < near_m)
    return np.asarray(near & (shared > 0.5 * np.maximum(shorter, 60.0)))


def _near_order(visits: Visits, rows: Ints, shift_m: float) -> Ints:
    """Rows by worker, then along a curve through squares of 40 m, so that fixes of one spot stand together."""
    x = np.floor((visits.fix_x[rows] - np.nanmin(visits.fix_x[rows]) + shift_m) / 40).astype(np.int64)
    y = np.floor((visits.fix_y[rows] - np.nanmin(visits.fix_y[rows]) + shift_m) / 40).astype(np.int64)
    return rows[np.lexsort((visits.fix_x[rows], y, x, visits.worker[rows]))]


def _way_m(visits: Visits, i: Ints, j: Ints) -> Floats:
    """Metres between two visits that cannot be argued away; 0 where no place is known."""
    houses = np.hypot(visits.home_x[i] - visits.home_x[j], visits.home_y[i] - visits.home_y[j])
    houses = houses - 2 * np.hypot(visits.home_sigma_m[i], visits.home_sigma_m[j])
    fixes = np.hypot(visits.fix_x[i] - visits.fix_x[j], visits.fix_y[i] - visits.fix_y[j])
    fixes = fixes - 2 * np.hypot(visits.fix_sigma_m[i], visits.fix_sigma_m[j])
    return np.maximum(np.nan_to_num(np.fmin(houses, fixes), nan=0.0), 0.0)
