"""Detectors of false visits on simulated rounds that nothing was set on, beside a list of plain rules.

Run with ``python -m tests.benchmarks.bench_detectors``. Recall is the share of the visits that are not what they say
which are flagged; false alarms are the share of the visits that took place, those of cheating workers among them,
which are flagged. Only visits recorded as carried out are counted. A worker is flagged who has three flagged visits or
more in a round.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from data.rules.detectors.arrays import DAY_S, FIELD_OFFSET_S, Bools, Visits
from data.rules.detectors.combine import Asked, detect
from data.samples.cheating import Labelled, make_round
from data.samples.cheating_styles import STYLES
from tests.benchmarks.figures import Figure, alone

ABOUT = "Detectors of false visits: recall and false alarms by style of cheating, beside a list of plain rules."
SEEDS = range(70_000, 70_008)
WORKERS = 400
ASKED = Asked(min_minutes=30.0, earliest_h=7.0, latest_h=21.5)
# A worker with so many flagged visits in a round is looked at.
MANY = 3


def rule_list(visits: Visits, least: float = 30.0, far_m: float = 250.0, extra_h: float = 0.0) -> Bools:
    """The plain rules: under the minimum, far from house or catchment, outside hours, without a fix."""
    distance = np.hypot(visits.fix_x - visits.home_x, visits.fix_y - visits.home_y)
    hour = ((visits.started_s + FIELD_OFFSET_S) % DAY_S) / 3600
    off_hours = (hour < 7.0 - extra_h) | (hour > 21.5 + extra_h)
    no_fix = np.isnan(distance) & (extra_h == 0)
    return ((visits.minutes < least) | (distance > far_m) | off_hours | no_fix) & visits.done


def run(households: int | None = None) -> list[Figure]:
    """Measure; ``households`` sets the size of the round that is timed (about one visit each)."""
    rounds = [make_round(WORKERS, seed) for seed in SEEDS]
    flags = [detect(one.visits, ASKED).flagged for one in rounds]
    plain = [rule_list(one.visits) for one in rounds]
    # Set so that it raises about as few false alarms as is allowed.
    lenient = [rule_list(one.visits, 9.0, 2500.0, 2.0) for one in rounds]
    told = f"{len(rounds)} rounds, {sum(len(one.visits) for one in rounds)} visits, {WORKERS} workers each, 20 % cheat"
    recall, alarms = _recall(rounds, flags), _alarms(rounds, flags)
    plain_recall, plain_alarms = _recall(rounds, plain), _alarms(rounds, plain)
    figures = [
        Figure(
            "recall of false visits",
            100 * recall,
            "%",
            95,
            at_least=True,
            conditions=told,
            peer=f"rule list {100 * plain_recall:.1f}",
            beside={"rule list": 100 * plain_recall},
        ),
        Figure(
            "false alarms",
            100 * alarms,
            "%",
            1,
            conditions=told,
            peer=f"rule list {100 * plain_alarms:.1f}",
            beside={"rule list": 100 * plain_alarms},
        ),
        Figure(
            "recall of the rule list, made lenient",
            100 * _recall(rounds, lenient),
            "%",
            conditions=f"false alarms {100 * _alarms(rounds, lenient):.2f} %",
        ),
    ]
    figures += [
        Figure(
            f"recall: {style.about}",
            100 * _recall(rounds, flags, number),
            "%",
            conditions=style.key,
            peer=f"rule list {100 * _recall(rounds, plain, number):.0f}",
        )
        for number, style in enumerate(STYLES)
    ]
    caught, blamed = _workers(rounds, flags)
    plain_caught, plain_blamed = _workers(rounds, plain)
    figures += [
        Figure(
            "workers who cheat and are flagged",
            100 * caught,
            "%",
            95,
            at_least=True,
            peer=f"rule list {100 * plain_caught:.0f}",
            conditions=f"{MANY} flagged visits or more",
        ),
        Figure("honest workers who are flagged", 100 * blamed, "%", 1, peer=f"rule list {100 * plain_blamed:.0f}"),
        _speed(households or 100_000),
    ]
    return figures


def _recall(rounds: list[Labelled], flags: list[Bools], style: int | None = None) -> float:
    asked = [(one.style == style if style is not None else one.is_false) & one.visits.done for one in rounds]
    return float(sum((flag & false).sum() for flag, false in zip(flags, asked, strict=True)) / sum(map(np.sum, asked)))


def _alarms(rounds: list[Labelled], flags: list[Bools]) -> float:
    true = [~one.is_false & one.visits.done for one in rounds]
    return float(sum((flag & real).sum() for flag, real in zip(flags, true, strict=True)) / sum(map(np.sum, true)))


def _workers(rounds: list[Labelled], flags: list[Bools]) -> tuple[float, float]:
    """Share of cheating and of honest workers with many flagged visits."""
    caught, blamed = [], []
    for one, flag in zip(rounds, flags, strict=True):
        count = len(one.worker_style)
        many = np.bincount(one.visits.worker[flag], minlength=count)[:count] >= MANY
        false = np.bincount(one.visits.worker[one.is_false], minlength=count)[:count] >= MANY
        caught.append(many[false])
        blamed.append(many[one.worker_style < 0])
    return float(np.concatenate(caught).mean()), float(np.concatenate(blamed).mean())


def _speed(visits: int) -> Figure:
    one = make_round(max(2, visits // 108), 90_000).visits
    began = time.process_time()
    detect(one, ASKED)
    spent = time.process_time() - began
    return Figure(f"processor time for {len(one)} visits", spent, "s", 10)


if __name__ == "__main__":
    sys.exit(alone(run))
