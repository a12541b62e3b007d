"""Will the areas of a range reach the target by the end of a round: the store's counts, the rules' mathematics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.campaigns import target_of
from data.coverage_rows import AreaCoverage
from data.history import days_of_places
from data.rules.forecast import Forecast, chance, forecast
from data.tables import Campaign, Round

Range = tuple[int, int]
# Reports come in days late, so a few days without any are no standstill yet.
SILENT_DAYS = 7
LIKELY, UNLIKELY = 0.8, 0.2


class Outlook(StrEnum):
    """What can be said of an area's target."""

    REACHED = "reached"
    LIKELY = "likely"
    UNSURE = "unsure"
    UNLIKELY = "unlikely"
    OVER = "over"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class AreaForecast:
    """Coverage of an area with its forecast; ``counts`` are the households of each day from ``starts_on``."""

    area: AreaCoverage
    outlook: Outlook
    made: Forecast | None
    starts_on: date | None
    counts: tuple[int, ...]


def known_until(as_of: date | None, starts_on: date, today: date) -> date | None:
    """Last day of which the visits are known: that of the latest visit, or a week ago if nothing came for longer."""
    if as_of is None:
        return None
    return min(today, max(as_of, today - timedelta(days=SILENT_DAYS)))


def forecast_areas(
    session: Session,
    campaign: Campaign,
    planned: Round,
    within: Range,
    total: AreaCoverage,
    areas: Sequence[AreaCoverage],
    *,
    as_of: date | None,
    today: date,
) -> tuple[AreaForecast, list[AreaForecast]]:
    """Forecast a range and its areas.

    Parameters
    ----------
    within : (int, int)
        The range; ``total`` is its coverage.
    areas : sequence of AreaCoverage
        Counties, townships, villages or grids inside it (natural villages have no range of their own: unknown).
    as_of : date or None
        Day of the latest visit that is known; None if there is none.
    today : date
        The present day, local.

    Returns
    -------
    (AreaForecast, list of AreaForecast)
        Of the range, and of each area in the order given. The forecast is None where the round has no end, too little
        is known for a pace, or nobody is to be visited.
    """
    ranges, target = _ranges(session, areas), target_of(campaign, planned)
    starts_on, counts_of = _days(session, campaign, planned, within, as_of, today)

    def of(area: AreaCoverage, low: int, high: int) -> AreaForecast:
        counts = counts_of(low, high)
        known = _known(area, target, planned.ends_on, starts_on, counts)
        made = forecast(counts, **known) if known else None
        outlook = _outlook(area, target, planned.ends_on, made.probability if made else None, today)
        return AreaForecast(area, outlook, made, starts_on, tuple(counts.tolist()))

    return of(total, *within), [of(area, *ranges.get((area.level, area.id), (0, 0))) for area in areas]


def outlooks_of(
    session: Session,
    campaign: Campaign,
    planned: Round,
    within: Range,
    areas: Sequence[AreaCoverage],
    *,
    as_of: date | None,
    today: date,
) -> list[Outlook]:
    """Outlook of each area, in the order given, as :func:`forecast_areas` gives it but without what leads there.

    The parameters are those of :func:`forecast_areas`.
    """
    ranges, target = _ranges(session, areas), target_of(campaign, planned)
    starts_on, counts_of = _days(session, campaign, planned, within, as_of, today)

    def of(area: AreaCoverage) -> Outlook:
        counts = counts_of(*ranges.get((area.level, area.id), (0, 0)))
        known = _known(area, target, planned.ends_on, starts_on, counts)
        probability = _kept_chance(counts.tobytes(), **known) if known else None
        return _outlook(area, target, planned.ends_on, probability, today)

    return [of(area) for area in areas]


@lru_cache(maxsize=8192)
def _kept_chance(counts: bytes, **known: Any) -> float | None:
    """The chance of an area, worked out once for the same days: of two thousand villages few change between views."""
    return chance(np.frombuffer(counts, dtype=np.int64), **known)


def _days(
    session: Session,
    campaign: Campaign,
    planned: Round,
    within: Range,
    as_of: date | None,
    today: date,
) -> tuple[date | None, Callable[[int, int], NDArray[np.int64]]]:
    """First day of the pace, and what counts the households of each day from then on, of a range of numbers."""
    places = days_of_places(session, campaign.id, planned.no, within)
    # By place: an area is then one piece. Households of no known day (0) are in no pace.
    jurs, day, many = places[places[:, 2] > 0][:, (0, 2, 3)].T
    order = np.argsort(jurs, kind="stable")
    jurs, day, many = jurs[order], day[order], many[order]
    starts_on = planned.starts_on or (date.fromordinal(int(day.min())) if len(day) else None)
    until = known_until(as_of, starts_on, today) if starts_on else None
    length = max(0, (until - starts_on).days + 1) if until and starts_on else 0
    # Visits before the round began or after the last known day (a wrong date) are counted, but are no part of the pace.
    at = day - starts_on.toordinal() if starts_on else day
    inside = (at >= 0) & (at < length)
    jurs, at, many = jurs[inside], at[inside], many[inside]

    def counts_of(low: int, high: int) -> NDArray[np.int64]:
        mine = slice(*np.searchsorted(jurs, (low, high)))
        return np.bincount(at[mine], weights=many[mine], minlength=length).astype(np.int64)

    return starts_on, counts_of


def _known(
    area: AreaCoverage, target: float, ends_on: date | None, starts_on: date | None, counts: NDArray[np.int64]
) -> dict[str, Any] | None:
    """What a forecast of an area is made of; None where the round has no end or nothing is known of its days."""
    if not (starts_on and ends_on and len(counts) and ends_on >= starts_on):
        return None
    needed = area.visited + area.to_target(target)
    return {
        "starts_on": starts_on,
        "ends_on": ends_on,
        "visited": area.visited,
        "eligible": area.eligible,
        "needed": needed,
    }


def _outlook(
    area: AreaCoverage, target: float, ends_on: date | None, probability: float | None, today: date
) -> Outlook:
    if area.eligible and not area.to_target(target):
        return Outlook.REACHED
    if ends_on and today > ends_on:
        return Outlook.OVER
    if probability is None:
        return Outlook.UNKNOWN
    if probability >= LIKELY:
        return Outlook.LIKELY
    return Outlook.UNSURE if probability > UNLIKELY else Outlook.UNLIKELY


def _ranges(session: Session, areas: Sequence[AreaCoverage]) -> dict[tuple[str | None, int | None], Range]:
    ids = {"grid": [a.id for a in areas if a.level == "grid"], "area": [a.id for a in areas if a.level != "grid"]}
    rows = session.execute(
        text("""
            select level, id, jur, jur_end from area where id = any(:area)
               and level in ('province', 'city', 'county', 'township', 'village')
            union all select 'grid', id, jur, jur_end from grid where id = any(:grid)"""),
        ids,
    )
    return {(level, id_): (jur, jur_end) for level, id_, jur, jur_end in rows}
