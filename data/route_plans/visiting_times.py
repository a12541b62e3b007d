"""When somebody may come: hours of rest are kept, and what a household asked for is kept to where anyone works then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from geo.routing.problem import clock

# “This evening” on the phone; later nobody is to be disturbed.
EVENING_S = (64_800, 75_600)
WHOLE_DAY_S = (0, 86_400)
_SATURDAY = 5


def is_weekend(day: date) -> bool:
    """Whether a day is a Saturday or Sunday."""
    return day.weekday() >= _SATURDAY


def windows_for(
    days: Sequence[date],
    service_s: int,
    asked: str | None,
    quiet: Sequence[tuple[int, int]],
    latest_s: int,
    *,
    evening: tuple[int, int] = EVENING_S,
    weekend: tuple[int, int] = WHOLE_DAY_S,
) -> list[dict[str, Any]]:
    """When a household may be visited, as a problem of routes states it.

    Parameters
    ----------
    days : sequence of date
        Of the plan.
    service_s : int
        Length of the visit, seconds; hours too short for it are no use.
    asked : str or None
        What the household said on the phone (``data.rules.words.RETURN``).
    quiet : sequence of (int, int)
        Hours in which nobody is to be disturbed.
    latest_s : int
        End of work of whoever works the longest.
    evening, weekend : (int, int)
        What “this evening” and “at the weekend” mean, seconds of the day.

    Returns
    -------
    list of dict
        ``from``, ``to`` and ``day`` (number from 1); empty for any time. A wish that nobody could keep, as an evening
        without anyone at work, is left out rather than the household.
    """
    tonight = asked == "tonight" and latest_s >= evening[0] + service_s
    chosen = [at for at, day in enumerate(days) if is_weekend(day)] if asked == "weekend" else []
    spans = hours_left(evening if tonight else weekend if chosen else WHOLE_DAY_S, quiet, service_s)
    if not spans and (tonight or chosen):
        # Rest comes before a wish that lies within it altogether.
        return windows_for(days, service_s, None, quiet, latest_s)
    if not tonight and not chosen and spans == [WHOLE_DAY_S]:
        return []
    return _told(spans, chosen)


def windows_settled(
    days: Sequence[date],
    service_s: int,
    hours: tuple[int, int] | None,
    on_weekend: bool | None,
    quiet: Sequence[tuple[int, int]],
) -> list[dict[str, Any]] | None:
    """When a household may be visited whose hours or days were settled in the form; no wish counts beside that.

    Parameters
    ----------
    hours : (int, int) or None
        Seconds of the day; None for all of it.
    on_weekend : bool or None
        Only at weekends (True), only on other days (False), or on any.

    Returns
    -------
    list of dict or None
        As :func:`windows_for`; None where no day of the plan, or no time of it, is left.
    """
    chosen = [at for at, day in enumerate(days) if on_weekend is None or is_weekend(day) == on_weekend]
    spans = hours_left(hours or WHOLE_DAY_S, quiet, service_s)
    if not chosen or not spans:
        return None
    return _told(spans, chosen if len(chosen) < len(days) else [])


def _told(spans: Sequence[tuple[int, int]], chosen: Sequence[int]) -> list[dict[str, Any]]:
    """Windows of a problem: these spans, on the chosen days, or on all without any."""
    told = [{"from": clock(first), "to": clock(last)} for first, last in spans]
    return [{**one, "day": at + 1} for at in chosen for one in told] if chosen else told


def hours_left(span: tuple[int, int], quiet: Sequence[tuple[int, int]], least: int) -> list[tuple[int, int]]:
    """What hours of rest leave of a span.

    Parameters
    ----------
    span : (int, int)
        Seconds of the day.
    quiet : sequence of (int, int)
        Hours in which nobody is to be disturbed; they may overlap.
    least : int
        Parts shorter than this, in seconds, are no use.

    Returns
    -------
    list of (int, int)
        In order; empty if nothing is left.
    """
    found, begin = [], span[0]
    for first, last in sorted(quiet):
        found.append((begin, min(first, span[1])))
        begin = max(begin, last)
    found.append((begin, span[1]))
    return [(first, last) for first, last in found if last - first >= least]
