"""Detectors that look at what was recorded: photographs, answers, habits beside peers, and the household's own word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.rules.detectors.arrays import (
    MOST,
    Floats,
    Found,
    Ints,
    Visits,
    capped,
    codes,
    group_means,
    keep_best,
    neighbours,
    nothing,
    robust_z,
)
from data.rules.detectors.places import sat_together
from data.rules.detectors.times import usual_minutes

# Two photographs whose difference hashes differ in at most so many of 64 bits are one picture saved twice: by the
# pigeonhole one of seven bands is then equal.
NEAR_BITS = 6
_BANDS = 7
_BUCKET = 24
# Neighbours who sit at one table may be in one picture; so near to one another they are, wherever they are recorded.
_ONE_TABLE_M = 400.0
# Bare walls are alike from phone to phone; who saves a picture again mostly has it on the own phone.
_OTHER_PHONE = 4.5


def copied_photo(visits: Visits) -> Found:
    """The same file as photograph of visits to different households."""
    found = nothing(len(visits))
    asked = np.flatnonzero(visits.photo >= 0)
    order = asked[np.lexsort((visits.started_s[asked], visits.photo[asked]))]
    for i, j in neighbours(order, visits.photo, 6):
        # The later of two is the copy; the first one may be real.
        score = np.where(_another_visit(visits, i, j), MOST, 0.0)
        keep_best(found, j, score, np.zeros(len(j)), np.zeros(len(j)), i)
    return found


def similar_photo(visits: Visits) -> Found:
    """A photograph that is nearly another one of a different household: saved again, cut or brightened.

    Differing bits of the two difference hashes; pictures of bare walls are alike as well, so hashes that many visits
    share say little.
    """
    found = nothing(len(visits))
    asked = np.flatnonzero(visits.photo_hash != 0)
    if len(asked) < 2:
        return found
    hashes = visits.photo_hash
    for band in range(_BANDS):
        low = band * 64 // _BANDS
        width = (band + 1) * 64 // _BANDS - low
        key = ((hashes >> np.uint64(low)) & np.uint64((1 << width) - 1)).astype(np.int64)
        # Within a bucket near pictures stand near each other: the rest of the hash orders them.
        order = asked[
            np.lexsort((np.bitwise_count(hashes[asked]), hashes[asked] >> np.uint64((low + 20) % 50), key[asked]))
        ]
        for i, j in neighbours(order, key, _BUCKET):
            bits = np.bitwise_count(hashes[i] ^ hashes[j]).astype(float)
            near = (bits <= NEAR_BITS) & (visits.photo[i] != visits.photo[j])
            a, b = i[near], j[near]
            later = visits.started_s[b] >= visits.started_s[a]
            a, b = np.where(later, a, b), np.where(later, b, a)
            score = MOST - 0.6 * bits[near] - np.where(visits.worker[a] == visits.worker[b], 0.0, _OTHER_PHONE)
            score = np.where(_another_visit(visits, a, b), score, 0.0)
            for rows, others, told, told_bits in _once(a, b, score, bits[near]):
                keep_best(found, rows, told, told_bits, np.full(len(rows), 64.0), others)
    return found


def cloned_answers(visits: Visits) -> Found:
    """The same uncommon answers for several households of one worker, with at most one of them changed.

    How often a pattern is to be expected follows from how often each answer is given; “all well” is expected often and
    says nothing.
    """
    found = nothing(len(visits))
    count = visits.answers.shape[1]
    answered = np.flatnonzero((visits.answers >= 0).any(axis=1) & visits.done) if count else np.zeros(0, np.int64)
    if len(answered) < 2:
        return found
    worker = codes(visits.worker[answered])
    surprise = _surprise(visits.answers[answered], worker)
    total = np.bincount(worker)[worker]
    # A sum of random numbers, one for each answer to each question: without one question by subtracting its own.
    marks = _marks(visits.answers[answered])
    person = np.random.default_rng(1).integers(-(2**58), 2**58, int(worker.max()) + 1)[worker]
    best = np.zeros(len(answered))
    for left_out in range(-1, count):
        mark, rare = marks.sum(axis=1), surprise.sum(axis=1)
        if left_out >= 0:
            mark, rare = mark - marks[:, left_out], rare - surprise[:, left_out]
        rows = codes(mark + person)
        same = np.bincount(rows)[rows] - 1.0
        expected = (total - 1) * np.exp(-rare)
        score = 2.0 * np.log((same + 0.3) / (1.5 * expected + 0.3)) - (1.0 if left_out >= 0 else 0.0)
        better = (same > 0) & (score > best)
        best[better] = score[better]
        at = answered[better]
        found.value[at], found.against[at] = same[better] + 1, expected[better] + 1
        found.other[at] = answered[_partner(rows)[better]]
    found.score[answered] = capped(best)
    return found


def _marks(answers: Ints) -> NDArray[np.int64]:
    """A random number for each answer of each row."""
    rng = np.random.default_rng(0)
    marks = np.empty(answers.shape, np.int64)
    for column in range(answers.shape[1]):
        given = codes(answers[:, column])
        marks[:, column] = rng.integers(-(2**58), 2**58, int(given.max()) + 1)[given]
    return marks


def _partner(rows: Ints) -> Ints:
    """For each row another one of its group, or itself."""
    order = np.argsort(rows, kind="stable")
    first = np.flatnonzero(np.diff(rows[order], prepend=-1))
    following = np.roll(order, -1)
    last = np.append(first[1:], len(order)) - 1
    following[last] = order[first]
    partner = np.empty(len(rows), np.int64)
    partner[order] = following
    return partner


def unlike_peers(visits: Visits) -> Found:
    """Habits of a worker that no peer has: never nobody home, always the same length, no photographs, no fixes.

    Robust standard scores of a few habits, each drawn to the middle for those with few visits; what lies beyond two
    deviations is added up. Only visits in person carry the score.
    """
    found = nothing(len(visits))
    if not len(visits):
        return found
    worker = codes(visits.worker)
    first = np.zeros(int(worker.max()) + 1, np.int64)
    first[worker[::-1]] = np.arange(len(visits))[::-1]
    minutes = np.log(np.maximum(np.nan_to_num(visits.minutes, nan=35.0), 0.5))
    usual = np.nan_to_num(usual_minutes(visits), nan=np.log(35.0))
    plain = (visits.answers == 0).mean(axis=1) if visits.answers.shape[1] else np.zeros(len(visits))
    missed = group_means((~visits.done).astype(float), worker, 10.0)[first]
    spread = np.sqrt(group_means((minutes - usual) ** 2, worker, 5.0))[first]
    habits = (
        -robust_z(np.log(missed + 0.02), 0.35),
        -robust_z(np.log(spread + 0.05), 0.25),
        -robust_z(group_means((visits.photo >= 0).astype(float), worker, 5.0)[first], 0.08),
        robust_z(group_means(np.isnan(visits.fix_x).astype(float), worker, 5.0)[first], 0.05),
        robust_z(group_means(plain, worker, 5.0)[first], 0.04),
    )
    beyond = np.sqrt(sum(np.maximum(z - 2.0, 0.0) ** 2 for z in habits))
    score = np.where(visits.in_person & visits.done, beyond[worker], 0.0)
    return Found(capped(score), 2 + score, np.full(len(visits), 2.0), found.other)


def household_denies(visits: Visits) -> Found:
    """The household said that nobody came."""
    found = nothing(len(visits))
    return Found(np.where(visits.word < 0, 5.0, 0.0), visits.word.astype(float), found.against, found.other)


def _once(a: Ints, b: Ints, score: Floats, bits: Floats) -> list[tuple[Ints, Ints, Floats, Floats]]:
    """The best partner of each later picture, so that no row comes twice."""
    order = np.lexsort((-score, b))
    rows, first = np.unique(b[order], return_index=True)
    chosen = order[first]
    return [(rows, a[chosen], score[chosen], bits[chosen])]


def _another_visit(visits: Visits, i: Ints, j: Ints) -> np.ndarray:
    """Different households, and not neighbours who sat together."""
    return np.asarray((visits.household[i] != visits.household[j]) & ~sat_together(visits, i, j, _ONE_TABLE_M))


def _surprise(answers: Ints, worker: Ints) -> Floats:
    """Minus the logarithm of how often each answer is given, by column: by all, or by this worker if more often.

    Villages differ: what is rare in the county may be common here. A copied pattern is still rare as a whole, even if
    each of its answers has become common by being copied.
    """
    told = np.zeros(answers.shape)
    mine = np.bincount(worker)[worker]
    for column in range(answers.shape[1]):
        given = codes(answers[:, column])
        everywhere = (np.bincount(given) + 0.5) / (len(given) + 1)
        here = codes(worker, given)
        share = np.maximum(everywhere[given], (np.bincount(here)[here] + 0.5) / (mine + 1))
        told[:, column] = -np.log(np.minimum(share, 1.0))
    return told
