"""Households and dilapidated houses by cell, for the heatmaps: now, and by the day they were first visited."""

from __future__ import annotations

import hashlib
from datetime import date

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.rules.words import DILAPIDATED, EXACT_QUALITY, VISITED
from geo.tiles import MORTON_ZOOM, unmorton

HEAT_ZOOM = 19
# Days of cells: one nobody recorded, and none since nobody has come; as in static/js/map/days.js.
UNDATED, NOT_VISITED = -1, -2


def heat_cells(session: Session, campaign_id: int, round_no: int, kind: str) -> list[int]:
    """Households (or dilapidated houses) per cell, flat: ``x, y, n, x, y, n …``, tile numbers of z19.

    Parameters
    ----------
    kind : str
        ``unvisited``, ``visited`` or ``dilapidated``. Places known only to their settlement are left out.
    """
    keys, counts = session.execute(
        text(_HEAT[kind]),
        {
            "campaign": campaign_id,
            "round": round_no,
            "shift": 2 * (MORTON_ZOOM - HEAT_ZOOM),
            "visited": [int(s) for s in VISITED],
            "dilapidated": list(DILAPIDATED),
            "exact": EXACT_QUALITY,
        },
    ).one()
    flat: list[int] = np.stack([*unmorton(keys), np.asarray(counts, dtype=np.int64)], axis=-1).ravel().tolist()
    return flat


def heat_days(session: Session, campaign_id: int, round_no: int, first: date) -> list[int]:
    """Households per cell of z19 and day of their first valid visit, flat: ``x, y, day, n, x, y, day, n …``.

    Parameters
    ----------
    first : date
        Days are counted from this one; it is before all of them.

    Returns
    -------
    list of int
        In no order. Day :data:`UNDATED` is one nobody recorded, :data:`NOT_VISITED` stands for households not visited.
        The sums over all days are those of :func:`heat_cells`; the same households are left out.
    """
    keys, days, counts = session.execute(
        text(_HEAT_DAYS),
        {
            "campaign": campaign_id,
            "round": round_no,
            "shift": 2 * (MORTON_ZOOM - HEAT_ZOOM),
            "visited": [int(s) for s in VISITED],
            "exact": EXACT_QUALITY,
            "first": first,
            "undated": UNDATED,
            "not_visited": NOT_VISITED,
        },
    ).one()
    columns = [*unmorton(keys), np.asarray(days, dtype=np.int64), np.asarray(counts, dtype=np.int64)]
    flat: list[int] = np.stack(columns, axis=-1).ravel().tolist()
    return flat


# Grouped by one number instead of two, and given as two columns in one row: half of the work was handing over rows.
_HEAT_CELLS = """
    select coalesce(array_agg(key), '{{}}'), coalesce(array_agg(n), '{{}}') from (
        select morton >> :shift as key, count(*)::integer as n from {rows}
           and quality <= :exact and morton is not null group by 1) cells"""
_OF_ROUND = "standing where campaign_id = :campaign and round_no = :round"
# Whole columns in one row: half a million rows take longer to hand over than to count.
_HEAT_DAYS = f"""
    select coalesce(array_agg(key), '{{}}'), coalesce(array_agg(day), '{{}}'), coalesce(array_agg(n), '{{}}') from (
        select morton >> :shift as key, count(*)::integer as n,
               case when status = any (:visited) then coalesce(first_valid_on - cast(:first as date), :undated)
                    else :not_visited end as day
          from {_OF_ROUND} and quality <= :exact and morton is not null group by 1, 3) cells"""
_HEAT = {
    "unvisited": _HEAT_CELLS.format(rows=f"{_OF_ROUND} and not status = any (:visited)"),
    "visited": _HEAT_CELLS.format(rows=f"{_OF_ROUND} and status = any (:visited)"),
    "dilapidated": _HEAT_CELLS.format(rows="house where grade = any (:dilapidated)"),
}

# Changes with the way cells are made, so that no browser keeps those of an older way.
RECIPE = hashlib.sha256("".join([*_HEAT.values(), _HEAT_DAYS]).encode()).hexdigest()[:12]
