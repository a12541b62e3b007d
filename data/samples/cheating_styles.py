"""Ways in which visits are made up, each as a change to the records of visits that did not take place.

A style gets the records of one worker, the rows of one day, and how carefully it is done (0 crude, 1 careful); it
changes the rows in place and gives back those that are false.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Records = dict[str, np.ndarray]
Falsifier = Callable[[Records, np.ndarray, float, np.random.Generator], np.ndarray]
_FIELD_OFFSET_S = 8 * 3600.0
_DAY_S = 86_400.0


@dataclass(frozen=True)
class Style:
    """One way of cheating."""

    key: str
    about: str
    make: Falsifier


def _midnight(made: Records, rows: np.ndarray) -> float:
    return float((made["started_s"][rows[0]] + _FIELD_OFFSET_S) // _DAY_S * _DAY_S - _FIELD_OFFSET_S)


def _stay(made: Records, rows: np.ndarray, minutes: np.ndarray) -> None:
    """Keep the starts, end after so many minutes, and make the record then."""
    made["ended_s"][rows] = made["started_s"][rows] + minutes * 60
    made["minutes"][rows] = minutes


def _one_after_another(made: Records, rows: np.ndarray, minutes: np.ndarray, gap_s: np.ndarray) -> None:
    """Claim visits in a row from the start of the first."""
    begin = made["started_s"][rows[0]]
    steps = minutes[:-1] * 60 + gap_s[: len(rows) - 1]
    made["started_s"][rows] = np.round(begin + np.concatenate([[0.0], np.cumsum(steps)]))
    _stay(made, rows, minutes)
    made["entered_s"][rows] = made["ended_s"][rows] + 60


def _plausible(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.maximum(30.2, np.exp(rng.normal(np.log(37), 0.22, len(rows))))


def _at(made: Records, rows: np.ndarray, place: np.ndarray, spread_m: float, rng: np.random.Generator) -> None:
    """Put the fixes of rows round a place, with a fresh and good-looking fix."""
    made["fix_x"][rows] = place[..., 0] + rng.normal(0, spread_m, len(rows))
    made["fix_y"][rows] = place[..., 1] + rng.normal(0, spread_m, len(rows))
    made["accuracy_m"][rows] = np.round(max(spread_m, 5.0) * np.exp(rng.normal(0.15, 0.3, len(rows))), 1)
    made["fix_age_s"][rows] = np.round(rng.exponential(8, len(rows)))


def _no_fix(made: Records, rows: np.ndarray) -> None:
    for name in ("fix_x", "fix_y", "accuracy_m", "fix_age_s"):
        made[name][rows] = np.nan


def _no_photo(made: Records, rows: np.ndarray) -> None:
    made["photo"][rows], made["photo_hash"][rows] = -1, 0


def _all_well(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> None:
    """Answer that all is well, all the more the less care is taken."""
    other = rng.random(made["answers"][rows].shape) < 0.02 + 0.06 * care
    made["answers"][rows] = np.where(other, 1, 0)


def _typed_at(made: Records, rows: np.ndarray, begin_s: float, rng: np.random.Generator) -> None:
    """Make the records one after another from a moment on, one in a minute or two."""
    made["entered_s"][rows] = np.maximum(begin_s, made["ended_s"][rows]) + np.cumsum(rng.uniform(40, 130, len(rows)))
    made["received_s"][rows] = made["entered_s"][rows] + rng.exponential(5, len(rows))


def armchair(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """At home: fixes at the worker's house, times invented."""
    _one_after_another(made, rows, _plausible(rows, rng), rng.uniform(60, 900, len(rows)))
    _at(made, rows, made["base"][rows], 6 + 10 * care, rng)
    _no_photo(made, rows[rng.random(len(rows)) < 0.6])
    _all_well(made, rows, care, rng)
    return rows


def drive_by(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """Past the door: a few minutes at each, from the road."""
    minutes = rng.uniform(1, 5 + 5 * care, len(rows))
    _one_after_another(made, rows, minutes, rng.uniform(60, 300, len(rows)))
    turn = rng.uniform(0, 2 * np.pi, len(rows))
    off = rng.uniform(15, 120 - 60 * care, len(rows))
    road = made["true_home"][rows] + np.column_stack([np.cos(turn), np.sin(turn)]) * off[:, None]
    _at(made, rows, road, 8, rng)
    _all_well(made, rows, care, rng)
    return rows


def one_spot(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """A batch typed at one place, such as the village office, within the hour or as the day goes."""
    _one_after_another(made, rows, _plausible(rows, rng), rng.uniform(60, 600, len(rows)))
    place = made["true_home"][rows].mean(axis=0) + rng.normal(0, 150, 2)
    _at(made, rows, np.repeat(place[None, :], len(rows), axis=0), 5 + 8 * care, rng)
    if rng.random() > care:
        _typed_at(made, rows, float(made["ended_s"][rows].max()), rng)
    return rows


def copied_photo(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """Everything looks right, but the photograph is the file of another visit."""
    _photo_of_another(made, rows, care, rng)
    return rows


def resaved_photo(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """As before, but the picture was saved again: other bytes, nearly the same picture."""
    _photo_of_another(made, rows, care, rng)
    made["photo"][rows] = 10_000_000_000 + rng.integers(0, 2**40, len(rows))
    flips = rng.random((len(rows), 64)) < 0.015 + 0.02 * care
    masks = (flips.astype(np.uint64) << np.arange(64, dtype=np.uint64)).sum(axis=1, dtype=np.uint64)
    made["photo_hash"][rows] ^= masks
    return rows


def _photo_of_another(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> None:
    # Only what is there already can be copied; on the first day that is the day's own first picture.
    real = np.flatnonzero(made["photo"][: rows[0]] >= 0)
    pool = rng.choice(real, min(len(real), 2 + round(6 * care)), replace=False) if len(real) else rows[:1]
    source = rng.choice(pool, len(rows))
    made["photo"][rows], made["photo_hash"][rows] = made["photo"][source], made["photo_hash"][source]


def cloned_answers(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """Everything looks right, but the answers are those of another household with at most one changed."""
    pattern = rng.choice(4, made["answers"].shape[1], p=[0.4, 0.3, 0.2, 0.1])
    made["answers"][rows] = pattern
    changed = rows[rng.random(len(rows)) < 0.6 * care]
    made["answers"][changed, rng.integers(0, made["answers"].shape[1], len(changed))] = rng.integers(0, 4, len(changed))
    return rows


def skip_far(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """Far houses are marked from where the worker last was."""
    last = made["true_home"][max(rows[0] - 1, 0)]
    distance = np.hypot(*(made["true_home"][rows] - last).T)
    far = rows[distance > 120]
    if len(far) < 2:
        return far[:0]
    _at(made, far, np.repeat(last[None, :], len(far), axis=0), 6 + 14 * care, rng)
    return far


def night_entry(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """A day's visits typed in one night with times of the day."""
    _one_after_another(made, rows, np.round(_plausible(rows, rng)), np.round(rng.uniform(5, 20, len(rows))) * 60)
    _typed_at(made, rows, _midnight(made, rows) + rng.uniform(20.5, 23) * 3600, rng)
    away = rows[rng.random(len(rows)) < 0.5]
    _at(made, rows, made["base"][rows], 10, rng)
    _no_fix(made, away)
    _no_photo(made, rows[rng.random(len(rows)) < 0.5])
    return rows


def impossible_travel(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """Households of two villages in turn with no time between; fixes are set to the houses."""
    turn, away = rng.uniform(0, 2 * np.pi), rng.uniform(3000, 9000)
    other = rows[1::2]
    shift = away * np.array([np.cos(turn), np.sin(turn)])
    made["home_x"][other] += shift[0]
    made["home_y"][other] += shift[1]
    made["true_home"][other] += shift
    _one_after_another(made, rows, _plausible(rows, rng), rng.uniform(0, 60 + 120 * care, len(rows)))
    _at(made, rows, made["true_home"][rows], 8, rng)
    return rows


def shared_account(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """Two people under one name: the second half of the list is done at the same time as the first."""
    half = len(rows) // 2
    first, second = rows[:half], rows[half : 2 * half]
    apart = np.hypot(*(made["true_home"][second].mean(axis=0) - made["true_home"][first].mean(axis=0)))
    if apart < 600:
        shift = np.array([1500.0, 900.0])
        for x, y in (("home_x", "home_y"), ("fix_x", "fix_y")):
            made[x][second] += shift[0]
            made[y][second] += shift[1]
        made["true_home"][second] += shift
    late = rng.uniform(0, 600 + 600 * care, half)
    made["started_s"][second] = made["started_s"][first] + late
    made["ended_s"][second] = made["started_s"][second] + made["minutes"][second] * 60
    made["entered_s"][second] = made["ended_s"][second] + 60
    made["received_s"][second] = made["entered_s"][second] + 60
    return np.concatenate([first, second])


def phone_as_door(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """Telephone calls from the office, recorded as home visits."""
    _one_after_another(made, rows, _plausible(rows, rng), rng.uniform(30, 400, len(rows)))
    office = made["base"][rows] + np.array([250.0, 120.0])
    _at(made, rows, office, 8 + 8 * care, rng)
    _no_fix(made, rows[rng.random(len(rows)) < 0.3])
    _no_photo(made, rows)
    return rows


def exact_minimum(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """At the door for some minutes; times are typed so that the stay is the minimum to the minute."""
    made["started_s"][rows] = np.round(made["started_s"][rows] / 60) * 60
    minutes = np.where(rng.random(len(rows)) < 0.9 - 0.2 * care, 30.0, 31.0)
    _stay(made, rows, minutes)
    return rows


def spoof_still(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """A program that sets one position: the same numbers for each visit, perfectly still."""
    place = made["true_home"][rows[len(rows) // 2]] + rng.normal(0, 20, 2)
    _at(made, rows, np.repeat(place[None, :], len(rows), axis=0), 0.02 * (1 + care), rng)
    made["accuracy_m"][rows] = 5.0
    return rows


def spoof_on_house(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """A program that sets the position to that of the household in the list."""
    made["fix_x"][rows] = made["home_x"][rows] + rng.normal(0, 0.02 + 0.1 * care, len(rows))
    made["fix_y"][rows] = made["home_y"][rows] + rng.normal(0, 0.02 + 0.1 * care, len(rows))
    made["accuracy_m"][rows] = np.round(rng.uniform(4, 9, len(rows)), 1)
    made["fix_age_s"][rows] = 1
    return rows


def last_day(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """All that is left on the last days: visits of many days claimed in one, most without having been there."""
    earlier = np.setdiff1d(np.flatnonzero(made["day"] > made["day"][rows[0]] - 12), rows)
    rows = np.sort(np.concatenate([rows, earlier[-max(0, 26 + round(4 * (1 - care)) - len(rows)) :]]))
    made["done"][rows] = True
    made["day"][rows] = made["day"][rows[-1]]
    begin = _midnight(made, rows[-1:]) + 6.8 * 3600
    minutes = 30 + rng.exponential(1.0, len(rows))
    made["started_s"][rows[0]] = begin
    step = np.clip(14.0 * 3600 / len(rows) - 1800, 0.0, 600.0)
    _one_after_another(made, rows, minutes, np.full(len(rows), step))
    made["received_s"][rows] = made["entered_s"][rows] + 5
    _all_well(made, rows, care, rng)
    return rows


def neighbour_only(made: Records, rows: np.ndarray, care: float, rng: np.random.Generator) -> np.ndarray:
    """One house is visited, the others of the hamlet are marked from there, one after another."""
    place = made["true_home"][rows[0]]
    rest = rows[1:]
    off = np.hypot(*(made["true_home"][rest] - place).T) > 50
    rest = rest[off]
    if len(rest) < 2:
        return rest[:0]
    _at(made, rest, np.repeat(place[None, :], len(rest), axis=0), 4 + 4 * care, rng)
    return rest


STYLES = (
    Style("armchair", "typed at home", armchair),
    Style("drive_by", "a few minutes from the road", drive_by),
    Style("one_spot", "a batch typed at one place", one_spot),
    Style("copied_photo", "photograph of another visit", copied_photo),
    Style("resaved_photo", "the same picture saved again", resaved_photo),
    Style("cloned_answers", "answers of another household", cloned_answers),
    Style("skip_far", "far houses marked from the last one", skip_far),
    Style("night_entry", "a day typed at night with times of the day", night_entry),
    Style("impossible_travel", "no time for the way", impossible_travel),
    Style("shared_account", "two people under one name", shared_account),
    Style("phone_as_door", "telephone recorded as home visit", phone_as_door),
    Style("exact_minimum", "the minimum to the minute", exact_minimum),
    Style("spoof_still", "one set position, perfectly still", spoof_still),
    Style("spoof_on_house", "position set to the household's", spoof_on_house),
    Style("last_day", "all that is left in the last days", last_day),
    Style("neighbour_only", "neighbours marked from one house", neighbour_only),
)
