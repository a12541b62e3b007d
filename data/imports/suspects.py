"""Doubts about visits that count: recorded far from the house, or at two places at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.imports.staging import copy_rows, make_stage
from data.rules.validity import TWO_PLACES_M, is_far_from_house

if TYPE_CHECKING:
    from data.imports.limits import Limits

# The doubts reached here.
OWN = ("far_from_house", "two_places")
_EARTH_M = 6_371_008.8


class Stay(NamedTuple):
    """Where a visitor was, from when to when."""

    visitor: Any
    start: datetime
    end: datetime
    lon: float
    lat: float


def at_two_places(stays: Sequence[Stay]) -> list[bool]:
    """Say which stays overlap in time with another of the same visitor more than 300 m away.

    Parameters
    ----------
    stays : sequence of Stay
        In any order; ``end`` not before ``start``, degrees WGS-84. Stays that only touch do not overlap.

    Returns
    -------
    list of bool, same length
    """
    order = sorted(range(len(stays)), key=lambda at: (str(stays[at].visitor), stays[at].start))
    found = [False] * len(stays)
    for place, at in enumerate(order):
        one = stays[at]
        for later in order[place + 1 :]:
            other = stays[later]
            if other.visitor != one.visitor or other.start >= one.end:
                break
            if _metres(one, other) > TWO_PLACES_M:
                found[at] = found[later] = True
    return found


def refresh_suspects(session: Session, visitors: Iterable[tuple[int, str | None]], limits: Limits) -> int:
    """Reach the doubts about all visits of some visitors anew, and store what changed.

    Only visits that count, to a known household, in person can be in doubt; any visit in person with times and a
    position can show that its visitor was elsewhere.

    Parameters
    ----------
    visitors : iterable of (int, str or None)
        Campaign and visitor; a visitor without a name is only checked for distance.
    limits : Limits
        Visits outside are neither looked at nor changed.

    Returns
    -------
    int
        How many visits changed.
    """
    wanted = set(visitors)
    if not wanted:
        return 0
    make_stage(session, "stage_visitor", {"campaign_id": "bigint", "visitor": "text"})
    copy_rows(session, "stage_visitor", ["campaign_id", "visitor"], wanted)
    rows = session.execute(
        text(f"""
            select v.id, v.campaign_id, v.visitor, v.started_at, v.ended_at, st_x(v.geom) as lon, st_y(v.geom) as lat,
                   v.mode, v.distance_m, v.accuracy_m, v.suspect,
                   v.counts and v.household_id is not null and v.ruling is distinct from 'genuine' as doubtful
            from visit v join stage_visitor s
              on s.campaign_id = v.campaign_id and s.visitor is not distinct from v.visitor
            where v.mode = 'home' and v.superseded_by is null and {limits.sql("v.jur")}""")
    ).all()
    timed = [row for row in rows if row.visitor and row.lon is not None and row.started_at and row.ended_at]
    stays = [Stay((r.campaign_id, r.visitor), r.started_at, r.ended_at, r.lon, r.lat) for r in timed]
    twice = {row.id for row, double in zip(timed, at_two_places(stays), strict=True) if double}
    changes = []
    for row in rows:
        # What others found (detectors, reservations) is theirs to take back.
        flags = [flag for flag in row.suspect if flag not in OWN]
        if row.doubtful and is_far_from_house(row.mode, row.distance_m, row.accuracy_m):
            flags.append("far_from_house")
        if row.doubtful and row.id in twice:
            flags.append("two_places")
        if sorted(flags) != sorted(row.suspect):
            changes.append((row.id, flags))
    if changes:
        make_stage(session, "stage_suspect", {"id": "uuid", "suspect": "text[]"})
        copy_rows(session, "stage_suspect", ["id", "suspect"], changes)
        session.execute(text("update visit v set suspect = s.suspect from stage_suspect s where s.id = v.id"))
    return len(changes)


def _metres(one: Stay, other: Stay) -> float:
    """Great-circle distance (haversine)."""
    lon1, lat1, lon2, lat2 = np.radians([one.lon, one.lat, other.lon, other.lat])
    half = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return float(2 * _EARTH_M * np.arcsin(np.sqrt(half)))
