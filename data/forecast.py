"""Will the areas of a range reach the target by the end of a round: the store's counts, the rules' mathematics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.campaigns import target_of
from data.coverage import AreaCoverage
from data.history import visited_by_place_and_day
from data.rules.forecast import Forecast, forecast
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
    ranges = _ranges(session, areas)
    step = math.gcd(*within, *(bound for one in ranges.values() for bound in one))
    rows = visited_by_place_and_day(session, campaign.id, planned.no, within, step=step)
    starts_on = planned.starts_on or min((day for _, day, _ in rows), default=None)
    until = known_until(as_of, starts_on, today) if starts_on else None
    length = (until - starts_on).days + 1 if until and starts_on else 0
    jurs = np.array([jur for jur, _, _ in rows], dtype=np.int64)
    # Visits before the round began or after the last known day (a wrong date) are counted, but are no part of the pace.
    at = np.array([(day - starts_on).days if starts_on else -1 for _, day, _ in rows], dtype=np.int64)
    many = np.array([n for _, _, n in rows], dtype=np.int64)

    def of(area: AreaCoverage, low: int, high: int) -> AreaForecast:
        mine = (jurs >= low) & (jurs < high) & (at >= 0) & (at < length)
        counts = np.bincount(at[mine], weights=many[mine], minlength=max(0, length)).astype(int).tolist()
        return _forecast_one(area, target_of(campaign, planned), planned.ends_on, starts_on, counts, today)

    return of(total, *within), [of(area, *ranges.get((area.level, area.id), (0, 0))) for area in areas]


def _forecast_one(
    area: AreaCoverage,
    target: float,
    ends_on: date | None,
    starts_on: date | None,
    counts: list[int],
    today: date,
) -> AreaForecast:
    needed = area.visited + area.to_target(target)
    made = None
    if starts_on and ends_on and counts and ends_on >= starts_on:
        made = forecast(
            counts,
            starts_on=starts_on,
            ends_on=ends_on,
            visited=area.visited,
            eligible=area.eligible,
            needed=needed,
        )
    if area.eligible and area.visited >= needed:
        outlook = Outlook.REACHED
    elif ends_on and today > ends_on:
        outlook = Outlook.OVER
    elif made is None:
        outlook = Outlook.UNKNOWN
    elif made.probability >= LIKELY:
        outlook = Outlook.LIKELY
    else:
        outlook = Outlook.UNSURE if made.probability > UNLIKELY else Outlook.UNLIKELY
    return AreaForecast(area, outlook, made, starts_on, tuple(counts))


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
