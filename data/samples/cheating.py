"""A made-up round of visits of which it is known which took place, to measure detectors on.

Honest work is made first, with what goes wrong in the field: bad fixes with heavy tails, long talks, wrong clocks, late
uploads, typed times, neighbours at one table, joint visits, misplaced houses, far hamlets. Then some workers replace
some of their visits by made-up ones, each in one style of ``data.samples.cheating_styles``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.rules.detectors.arrays import DAY_S, FIELD_OFFSET_S, Bools, Floats, Ints, Visits
from data.samples.cheating_styles import STYLES, Falsifier

QUESTIONS = 9
# 1 September 2026, midnight in the field.
_START_S = 1_788_220_800.0 - FIELD_OFFSET_S
_DAYS = 24
_CLOCK_OFF_SHARE = 0.06
_TYPES_TIMES_SHARE = 0.2
_EVENING_SHARE = 0.2
_MISPLACED_SHARE = 0.01
_IMPORTED_SHARE = 0.15


@dataclass(frozen=True)
class Labelled:
    """Visits with the truth about each.

    Attributes
    ----------
    visits : Visits
    style : ndarray of int, shape (n,)
        Index into :data:`data.samples.cheating_styles.STYLES`; -1 = it took place as recorded.
    worker_style : ndarray of int, shape (workers,)
        Style of each worker; -1 = honest.
    """

    visits: Visits
    style: Ints
    worker_style: Ints

    @property
    def is_false(self) -> Bools:
        """Whether each visit is not what it says."""
        return self.style >= 0


def make_round(workers: int, seed: int, *, cheats: float = 0.2) -> Labelled:
    """Make a round.

    Parameters
    ----------
    workers : int
        How many people visit; each makes about 90 visits in 24 days.
    seed : int
        Another seed, another round.
    cheats : float
        Share of workers who make visits up. Each has one style, makes up between a quarter and all of the visits of
        some days (at least a quarter of the days), and does so more or less carefully.

    Returns
    -------
    Labelled
    """
    rng = np.random.default_rng(seed)
    rows: dict[str, list[np.ndarray]] = {name: [] for name in Visits.__dataclass_fields__}
    styles: list[np.ndarray] = []
    worker_style = np.full(workers, -1, np.int64)
    chosen = rng.permutation(workers)[: round(workers * cheats)]
    worker_style[chosen] = np.arange(len(chosen)) % len(STYLES)
    first_household = 0
    for worker in range(workers):
        made = _honest_worker(worker, first_household, rng)
        first_household = int(made["household"].max()) + 1
        style = np.full(len(made["worker"]), -1, np.int64)
        if worker_style[worker] >= 0:
            spec = STYLES[worker_style[worker]]
            style = _falsify(made, spec.make, int(worker_style[worker]), rng)
        for name in rows:
            rows[name].append(made[name])
        styles.append(style)
    visits = Visits(**{name: np.concatenate(parts) for name, parts in rows.items()})
    every = np.concatenate(styles)
    visits, every = _joint_visits(visits, every, rng)
    return Labelled(visits, every, worker_style)


def _honest_worker(worker: int, first_household: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """All visits of one worker, in order of time."""
    homes, base, step = _hamlets(rng)
    count = len(homes)
    per_day = np.clip(rng.normal(8.5, 2.2, _DAYS), 3, 14).astype(int)
    works = rng.random(_DAYS) < 0.65
    day_of = np.repeat(np.flatnonzero(works), per_day[works])[:count]
    count = len(day_of)
    homes = homes[:count]
    evening = rng.random(_DAYS) < _EVENING_SHARE
    minutes = _stays(count, rng)
    done = rng.random(count) > 0.12
    minutes = np.where(done, minutes, rng.uniform(1, 5, count))
    started = np.zeros(count)
    for day in np.unique(day_of):
        at = np.flatnonzero(day_of == day)
        if evening[day]:
            at = at[:5]
        legs = np.hypot(*np.diff(homes[at], axis=0, prepend=homes[at[:1]]).T) * 1.3 / step
        pause = rng.exponential(240, len(at)) + 60
        if len(at) > 4:
            pause[len(at) // 2] += rng.uniform(1800, 5400)
        begin = 17.6 * 3600 + rng.uniform(0, 2700) if evening[day] else 7.6 * 3600 + abs(rng.normal(0, 2400))
        spent = np.concatenate([[0.0], np.cumsum(minutes[at][:-1] * 60)])
        started[at] = _START_S + day * DAY_S + begin + np.cumsum(legs + pause) + spent
    # The rest of an evening's list stays for another day.
    kept = started > 0
    hour = ((started + FIELD_OFFSET_S) % DAY_S) / 3600
    kept &= (hour < 20.9) | (rng.random(count) < 0.01)
    homes, minutes, done, started, day_of = homes[kept], minutes[kept], done[kept], started[kept], day_of[kept]
    count = len(started)
    household = first_household + np.arange(count)
    ended = started + minutes * 60
    ended, started, table = _neighbours_at_one_table(homes, started, ended, done, rng)
    entered = ended + rng.exponential(90, count)
    forgot = rng.random(count) < 0.02
    entered = np.where(forgot, entered + rng.uniform(600, 10_800, count), entered)
    received = entered + _delays(count, rng)
    recorded, home_sigma = _recorded_places(homes, rng)
    fix, accuracy, age = _fixes(homes, table, rng)
    offset = _clock(count, day_of, rng)
    if rng.random() < _TYPES_TIMES_SHARE:
        started, ended = np.round(started / 300) * 300, np.round(ended / 300) * 300
    village = rng.dirichlet(np.array([30.0, 2.0, 1.0, 0.7]), QUESTIONS)
    photo, hashes = _photos(worker, table, done, rng)
    return {
        "worker": np.full(count, worker, np.int64),
        "household": household.astype(np.int64),
        "home_x": recorded[:, 0],
        "home_y": recorded[:, 1],
        "home_sigma_m": home_sigma,
        "fix_x": fix[:, 0],
        "fix_y": fix[:, 1],
        "accuracy_m": accuracy,
        "fix_age_s": age,
        "started_s": started + offset,
        "ended_s": ended + offset,
        "entered_s": entered + offset,
        "received_s": received,
        "minutes": (ended - started) / 60,
        "in_person": np.ones(count, bool),
        "done": done,
        "photo": photo,
        "photo_hash": hashes,
        "answers": np.where(done[:, None], _answers(village, count, rng), -1),
        "word": np.zeros(count, np.int64),
        "base": np.repeat(base[None, :], count, axis=0),
        "true_home": homes,
        "day": day_of,
    }


def _falsify(made: dict[str, np.ndarray], make: Falsifier, number: int, rng: np.random.Generator) -> np.ndarray:
    """Replace some visits of a worker; gives the style of each visit."""
    style = np.full(len(made["worker"]), -1, np.int64)
    days = np.unique(made["day"])
    bad = rng.permutation(days)[: max(2, round(len(days) * rng.uniform(0.25, 1.0)))]
    if number == [spec.key for spec in STYLES].index("last_day"):
        bad = days[-1:]
    share, care = rng.uniform(0.5, 1.0), rng.uniform(0.0, 1.0)
    for day in np.sort(bad):
        at = np.flatnonzero((made["day"] == day) & made["done"])
        tried = np.flatnonzero((made["day"] == day) & ~made["done"])
        # Who makes visits up finds nobody away from home either.
        at = np.sort(np.concatenate([at, tried[rng.random(len(tried)) < 0.8]]))
        if len(at) < 3:
            continue
        first = rng.integers(0, max(1, round(len(at) * (1 - share)) + 1))
        rows = at[first : first + max(3, round(len(at) * share))]
        made["done"][rows] = True
        rows = make(made, rows, care, rng)
        style[rows] = number
    return style


def _hamlets(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Dwellings in a sensible order, metres; where the worker lives; travel in metres a second."""
    centre = rng.uniform(0, 60_000, 2)
    is_sparse = rng.random() < 0.2
    size, reach = (8, 4500.0) if is_sparse else (25, 1600.0)
    hamlets = centre + rng.normal(0, reach / 2, (-(-150 // size), 2))
    hamlets = hamlets[np.argsort(np.arctan2(*(hamlets - centre).T))]
    homes = []
    for hamlet in hamlets:
        here = hamlet + rng.normal(0, 90.0 if not is_sparse else 60.0, (size, 2))
        order = [0]
        while len(order) < size:
            rest = np.setdiff1d(np.arange(size), order)
            order.append(int(rest[np.argmin(np.hypot(*(here[rest] - here[order[-1]]).T))]))
        homes.append(here[order])
    return np.concatenate(homes), centre + rng.normal(0, 700, 2), 6.0 if is_sparse else 1.6


def _stays(count: int, rng: np.random.Generator) -> Floats:
    """Minutes of presence: mostly just above the minimum or a good talk, now and then cut short or very long."""
    long = np.exp(rng.normal(np.log(39), 0.27, count))
    stays = np.maximum(30.2 + rng.exponential(1.5, count), long)
    stays = np.where(rng.random(count) < 0.18, 30.0 + rng.exponential(1.2, count), stays)
    stays = np.where(rng.random(count) < 0.03, rng.uniform(75, 200, count), stays)
    return np.where(rng.random(count) < 0.06, rng.uniform(9, 29.9, count), stays)


def _neighbours_at_one_table(
    homes: Floats, started: Floats, ended: Floats, done: Bools, rng: np.random.Generator
) -> tuple[Floats, Floats, Ints]:
    """Let some next-door neighbours be visited together; gives end, start and at whose table each was."""
    table = np.arange(len(homes))
    for at in np.flatnonzero(done & (rng.random(len(homes)) < 0.03)):
        if table[at] != at:
            continue
        for other in range(int(at) + 1, min(int(at) + 1 + int(rng.integers(1, 4)), len(homes))):
            same_day = started[other] - started[at] < DAY_S / 3
            if done[other] and same_day and np.hypot(*(homes[other] - homes[at])) < 90:
                table[other] = at
                started[other] = started[at] + rng.uniform(-60, 120)
                ended[other] = ended[at] + rng.uniform(-60, 120)
    return ended, started, table


def _delays(count: int, rng: np.random.Generator) -> Floats:
    """Seconds until a record reaches the server: at once, in the evening, or days later without a signal."""
    kind = rng.random()
    now = rng.exponential(5, count)
    later = rng.uniform(0, 10 * 3600, count)
    days = rng.exponential(1.2 * DAY_S, count)
    draw = rng.random(count)
    if kind < 0.55:
        return np.where(draw < 0.9, now, later)
    return np.where(draw < 0.3, now, np.where(draw < 0.8, later, days))


def _recorded_places(homes: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Where the store believes the houses to be, and how sure it is."""
    count = len(homes)
    sigma = np.where(rng.random(count) < _IMPORTED_SHARE, 50.0, 7.0)
    places = homes + rng.normal(0, 1, (count, 2)) * (sigma * 0.7)[:, None]
    wrong = rng.random(count) < _MISPLACED_SHARE
    away = np.exp(rng.uniform(np.log(80), np.log(3000), count))
    turn = rng.uniform(0, 2 * np.pi, count)
    places[wrong] += (away[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]))[wrong]
    return places, sigma


def _fixes(homes: Floats, table: Ints, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Fixes with accuracy and age: good, reflected, from masts, or none."""
    count = len(homes)
    scale = np.exp(rng.normal(np.log(7.0), 0.5, count))
    stated = scale * np.exp(rng.normal(0.15, 0.3, count))
    error = rng.normal(0, 1, (count, 2)) * scale[:, None]
    reflected = rng.random(count) < 0.05
    error[reflected] = rng.standard_t(2, (int(reflected.sum()), 2)) * 35
    mast = rng.random(count) < 0.02
    far = rng.uniform(250, 1800, count)
    error[mast] = rng.normal(0, 1, (int(mast.sum()), 2)) * (far[mast] / 1.5)[:, None]
    stated[mast] = np.where(rng.random(int(mast.sum())) < 0.9, far[mast], 30.0)
    fix = homes[table] + error
    age = rng.exponential(8, count)
    # A phone that found nothing new hands out its last fix.
    old = np.flatnonzero(rng.random(count) < 0.01)
    old = old[old > 0]
    fix[old], stated[old] = fix[old - 1], stated[old - 1]
    age[old] = rng.uniform(600, 3000, len(old))
    none = rng.random(count) < 0.03
    fix[none], stated[none], age[none] = np.nan, np.nan, np.nan
    return fix, np.round(stated, 1), np.round(age)


def _clock(count: int, day_of: Ints, rng: np.random.Generator) -> Floats:
    """How far the phone's clock is ahead, seconds."""
    offset = np.zeros(count)
    if rng.random() < _CLOCK_OFF_SHARE:
        offset += rng.choice([-1, 1]) * rng.uniform(900, 8 * 3600)
    if rng.random() < 0.02 and count:
        offset = np.where(day_of >= rng.choice(day_of), offset + rng.uniform(-3600, 3600), offset)
    return offset


def _answers(village: np.ndarray, count: int, rng: np.random.Generator) -> Ints:
    """Answers to the questionnaire: mostly that all is well."""
    told = np.empty((count, QUESTIONS), np.int64)
    for question in range(QUESTIONS):
        told[:, question] = rng.choice(village.shape[1], count, p=village[question])
    return told


def _photos(worker: int, table: Ints, done: Bools, rng: np.random.Generator) -> tuple[Ints, np.ndarray]:
    """Numbers and hashes of photographs; one at a table serves several, and bare walls are alike."""
    count = len(table)
    hashes = rng.integers(1, 2**63, count, dtype=np.uint64)
    # A wall or a gate in the sun: one of some hundred pictures that all phones make.
    alike = rng.random(count) < 0.01
    common = np.random.default_rng(7).integers(1, 2**63, 400, dtype=np.uint64)
    hashes[alike] = common[rng.integers(0, 400, int(alike.sum()))] ^ np.uint64(1) << rng.integers(
        0, 63, int(alike.sum())
    ).astype(np.uint64)
    number = worker * 100_000 + np.arange(count)
    number, hashes = number[table], hashes[table]
    has = done & (rng.random(count) < 0.93)
    return np.where(has, number, -1).astype(np.int64), np.where(has, hashes, np.uint64(0))


def _joint_visits(visits: Visits, style: Ints, rng: np.random.Generator) -> tuple[Visits, Ints]:
    """Add the record of the second of two people who went together, for one visit in fifty that took place."""
    chosen = np.flatnonzero((style < 0) & (rng.random(len(style)) < 0.02))
    second = visits.take(chosen)
    workers = int(visits.worker.max()) + 1
    with_ = workers + second.worker
    moved = Visits(
        **{
            **{name: getattr(second, name).copy() for name in Visits.__dataclass_fields__},
            "worker": with_.astype(np.int64),
            "fix_x": second.fix_x + rng.normal(0, 5, len(chosen)),
            "fix_y": second.fix_y + rng.normal(0, 5, len(chosen)),
            "started_s": second.started_s + rng.uniform(-90, 90, len(chosen)),
        }
    )
    both = {name: np.concatenate([getattr(visits, name), getattr(moved, name)]) for name in Visits.__dataclass_fields__}
    return Visits(**both), np.concatenate([style, np.full(len(chosen), -1, np.int64)])
