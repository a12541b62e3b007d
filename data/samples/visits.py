"""Two rounds of invented visits, with everything that goes wrong in real ones."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd

from data.samples.crews import (
    ROUND_1_DAYS,
    ROUND_1_STARTS,
    ROUND_2_BY_DAY,
    ROUND_2_STARTS,
    Crews,
    days_of_round_1,
    days_of_round_2,
    make_crews,
)
from data.samples.terrain import degrees_of

CAMPAIGN = "dafang-2026"
_NAMESPACE = uuid.UUID("6f1d0a52-52a1-5d0e-9a55-370725108000")
_LAST_DAY = len(ROUND_2_BY_DAY) - 1
_REASONS = ("外出务工", "随子女在外地居住", "住院治疗", "在外经商", "在外求学陪读")
# Households of round 2 without a valid visit that were tried nevertheless.
_TRIED = {"nobody_home": 268, "long_away": 92, "refused": 31, "short": 40, "glance": 12, "unreasoned": 25, "false": 25}
_OUTCOMES = {"nobody_home": "无人在家", "long_away": "长期外出", "refused": "拒访"}
_REMOTE = ("电话", "电话", "电话", "微信", "微信", "短信")
FAR, TWO_PLACES, UNKNOWN = 18, 6, 5
ROUND_1_SHARE = 0.98
_OPENING = datetime.combine(ROUND_1_STARTS, time(8, 0))


@dataclass
class _Event:
    """A visit before its time of day is known; ``household`` indexes the frame."""

    household: int
    round: int
    day: int
    kind: str
    visitor: int
    minutes: float
    mode: str = "入户"
    reason: str = ""
    ruled: str = ""
    remark: str = ""
    far: bool = False
    code: str = ""
    start: datetime = _OPENING


def make_visits(households: pd.DataFrame, unvisited: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Visits of both rounds up to 20 November 2026, 18:00.

    Parameters
    ----------
    households : DataFrame
        With ``code``, ``village_code``, ``settlement``, ``x``, ``y`` (metres: where the dwelling really stands).
    unvisited : ndarray of bool, shape (n,)
        Households that have no valid visit in round 2.
    rng : numpy.random.Generator

    Returns
    -------
    DataFrame
        In order of time: ``code`` (UUID), ``household_code``, ``campaign``, ``round``, ``started_at``, ``ended_at``
        (local time), ``mode``, ``reason``, ``outcome``, ``visitor``, ``visitor_kind``, ``companions``, ``lon``,
        ``lat``, ``accuracy_m``, ``ruled``, ``remark``; words are Chinese.
    """
    crews = make_crews(households, rng)
    events = [*_round_1(len(households), crews, rng), *_round_2(households, unvisited, crews, rng)]
    _set_times(events, rng)
    _put_in_two_places(events, households, rng)
    frame = _frame(events, households, crews, rng)
    return frame.sort_values(["started_at", "code"], kind="stable").reset_index(drop=True)


def _round_1(count: int, crews: Crews, rng: np.random.Generator) -> list[_Event]:
    visited = np.ones(count, bool)
    visited[rng.choice(count, round(count * (1 - ROUND_1_SHARE)), replace=False)] = False
    day = days_of_round_1(visited, crews, rng)
    events = [_valid(int(k), 1, int(day[k]), crews, rng) for k in np.flatnonzero(visited)]
    events += [
        _tried(int(k), 1, int(rng.integers(0, ROUND_1_DAYS)), "nobody_home", crews, rng)
        for k in rng.permutation(np.flatnonzero(~visited))[:120]
    ]
    events += [
        _tried(int(k), 1, int(rng.integers(0, day[k])), "nobody_home", crews, rng)
        for k in rng.choice(np.flatnonzero(day > 3), 420, replace=False)
    ]
    return events


def _round_2(households: pd.DataFrame, unvisited: np.ndarray, crews: Crews, rng: np.random.Generator) -> list[_Event]:
    day = days_of_round_2(~unvisited, crews, rng)
    visited = np.flatnonzero(~unvisited)
    events = [_valid(int(k), 2, int(day[k]), crews, rng) for k in visited]
    in_person = [event for event in events if event.mode == "入户"]
    chosen = rng.permutation(len(in_person))
    for at in chosen[:60]:
        in_person[at].minutes = 30.0
    for at in chosen[60 : 60 + FAR]:
        in_person[at].far = True
    events += [
        _tried(int(k), 2, int(rng.integers(0, day[k])), "nobody_home", crews, rng)
        for k in rng.choice(np.flatnonzero(day > 2), 560, replace=False)
    ]
    events += [
        _valid(int(k), 2, int(rng.integers(day[k] + 1, _LAST_DAY + 1)), crews, rng)
        for k in rng.choice(np.flatnonzero((day >= 0) & (day < _LAST_DAY - 2)), 140, replace=False)
    ]
    rest = rng.permutation(np.flatnonzero(unvisited))
    for kind, number in _TRIED.items():
        events += [_tried(int(k), 2, int(rng.integers(0, _LAST_DAY + 1)), kind, crews, rng) for k in rest[:number]]
        rest = rest[number:]
    for number, k in enumerate(rng.choice(visited, UNKNOWN, replace=False)):
        event = _Event(int(k), 2, int(rng.integers(0, 13)), "done", int(crews.of_household[k]), 33.0 + number)
        event.code = f"{households['village_code'].iloc[k]}-9{number + 1:03d}"
        event.remark = "台账中查无此户，已登记待核"
        events.append(event)
    return events


def _valid(k: int, number: int, day: int, crews: Crews, rng: np.random.Generator) -> _Event:
    """A visit that counts: 30 minutes or more in person, or remote with its reason."""
    event = _Event(k, number, day, "done", int(crews.of_household[k]), round(30.2 + float(rng.gamma(1.8, 3.4)), 2))
    if rng.random() < 0.054:
        event.mode = str(rng.choice(_REMOTE))
        event.minutes = round(float(rng.uniform(4, 18) if event.mode == "电话" else rng.uniform(1, 6)), 2)
        event.reason = str(rng.choice(_REASONS))
    return event


def _tried(k: int, number: int, day: int, kind: str, crews: Crews, rng: np.random.Generator) -> _Event:
    """A visit that does not count, of a kind of ``_TRIED``."""
    event = _Event(k, number, day, kind, int(crews.of_household[k]), round(float(rng.uniform(1, 5)), 2))
    if kind == "short":
        event.minutes = 29.0
    elif kind == "glance":
        event.minutes = 2.0
    elif kind == "unreasoned":
        event.mode, event.minutes = str(rng.choice(_REMOTE)), round(float(rng.uniform(3, 12)), 2)
    elif kind == "false":
        event.minutes = round(30.5 + float(rng.gamma(1.8, 2.0)), 2)
        event.ruled, event.remark = "虚假入户", "电话抽查，户主反映未曾入户"
        event.far = bool(rng.random() < 0.35)
    return event


def _set_times(events: list[_Event], rng: np.random.Generator) -> None:
    """Line up each visitor's visits of a day, one after another in walking order, with a rest at noon."""
    groups: dict[tuple[int, int, int], list[_Event]] = {}
    for event in events:
        groups.setdefault((event.round, event.visitor, event.day), []).append(event)
    for (number, _, day), group in sorted(groups.items()):
        on = (ROUND_1_STARTS if number == 1 else ROUND_2_STARTS) + timedelta(days=day)
        now = _first_start(on, len(group), last=number == 2 and day == _LAST_DAY, rng=rng)
        for event in sorted(group, key=lambda event: (event.household, event.kind != "nobody_home")):
            now += timedelta(seconds=int(rng.integers(70, 280)))
            if time(11, 50) <= now.time() < time(13, 15):
                now = datetime.combine(on, time(13, 15)) + timedelta(seconds=int(rng.integers(0, 1500)))
            event.start = now
            now += timedelta(seconds=round(event.minutes * 60))


def _first_start(on: date, count: int, *, last: bool, rng: np.random.Generator) -> datetime:
    evening = on.weekday() < 5 and count <= 4 and not last and rng.random() < 0.6
    opening = time(17, 30) if evening else time(8, 0)
    if last and count <= 3:
        # The records end at 18:00 of this day.
        opening = time(int(rng.integers(8, 15)), 10)
    return datetime.combine(on, opening) + timedelta(seconds=int(rng.integers(0, 2400)))


def _put_in_two_places(events: list[_Event], households: pd.DataFrame, rng: np.random.Generator) -> None:
    """Let a visitor claim a second house far away while still in the first one."""
    xy = households[["x", "y"]].to_numpy(float)
    village = households["village_code"].to_numpy()
    plain = [
        e
        for e in events
        if e.round == 2 and e.kind == "done" and e.mode == "入户" and not e.far and not e.code and e.day < _LAST_DAY
    ]
    used: set[int] = set()
    pairs = 0
    for at in rng.permutation(len(plain)):
        first = plain[at]
        if first.visitor in used:
            continue
        second = next(
            (
                e
                for e in plain
                if e.day == first.day
                and e.visitor != first.visitor
                and village[e.household] == village[first.household]
                and e.visitor not in used
                and np.hypot(*(xy[e.household] - xy[first.household])) > 380
            ),
            None,
        )
        if second is not None:
            used |= {first.visitor, second.visitor}
            second.visitor, second.start = first.visitor, first.start + timedelta(minutes=9)
            pairs += 1
        if pairs == TWO_PLACES:
            return


def _frame(events: list[_Event], households: pd.DataFrame, crews: Crews, rng: np.random.Generator) -> pd.DataFrame:
    """Write the events down as a ledger would, with positions as a phone takes them."""
    at = np.array([event.household for event in events])
    xy = households[["x", "y"]].to_numpy(float)[at] + rng.normal(0, 6.5, (len(events), 2))
    far = np.array([event.far for event in events])
    turn, reach = rng.uniform(0, 2 * np.pi, len(events)), rng.uniform(1050, 1900, len(events))
    xy += (far * reach)[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    accuracy = np.round(np.clip(rng.gamma(2.2, 3.2, len(events)), 2.5, 60), 1)
    blank = np.array([event.mode != "入户" for event in events]) | ((rng.random(len(events)) < 0.012) & ~far)
    degrees = degrees_of(xy)
    degrees[blank], accuracy[blank] = np.nan, np.nan
    household_codes = households["code"].to_numpy()
    teams: dict[str, list[str]] = {}
    for name, home in zip(crews.names, crews.villages, strict=True):
        teams.setdefault(home, []).append(name)
    nth: dict[tuple[int, int], int] = {}
    rows = []
    for number, event in enumerate(events):
        key = (event.round, event.household)
        nth[key] = nth.get(key, 0) + 1
        mates = [name for name in teams[crews.villages[event.visitor]] if name != crews.names[event.visitor]]
        rows.append(
            {
                "code": str(
                    uuid.uuid5(_NAMESPACE, f"{CAMPAIGN}/{event.round}/{household_codes[at[number]]}/{nth[key]}")
                ),
                "household_code": event.code or household_codes[at[number]],
                "campaign": CAMPAIGN,
                "round": event.round,
                "started_at": event.start,
                "ended_at": event.start + timedelta(seconds=round(event.minutes * 60)),
                "mode": event.mode,
                "reason": event.reason,
                "outcome": _OUTCOMES.get(event.kind, "完成走访"),
                "visitor": crews.names[event.visitor],
                "visitor_kind": crews.kinds[event.visitor],
                "companions": str(rng.choice(mates)) if mates and rng.random() < 0.27 else "",
                "lon": degrees[number, 0],
                "lat": degrees[number, 1],
                "accuracy_m": accuracy[number],
                "ruled": event.ruled,
                "remark": event.remark,
            }
        )
    return pd.DataFrame(rows)
