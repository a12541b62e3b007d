"""Households and dilapidated houses by cell, for the heatmaps: now, and by the day they were first visited."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.rules.words import DILAPIDATED, EXACT_QUALITY, VISITED
from geo.tiles import MORTON_ZOOM, unmorton

HEAT_ZOOM = 19
# Days of cells: one nobody recorded, and none since nobody has come; as in static/js/map/days.js.
UNDATED, NOT_VISITED = -1, -2
# A cell and its day in one number: that of the cell takes 38 bits.
_DAY_BITS = 40


@dataclass(frozen=True)
class Cells:
    """Counts by cell, and by day where ``days`` is not None.

    Attributes
    ----------
    keys : ndarray of int64, shape (n,)
        Z-order numbers of tiles of :data:`HEAT_ZOOM`, ascending within each day.
    counts : ndarray of int64, shape (n,)
        Households or houses.
    days : ndarray of int64, shape (n,), or None
        Ascending. :data:`UNDATED` is one nobody recorded, :data:`NOT_VISITED` stands for households not visited.
    """

    keys: NDArray[np.int64]
    counts: NDArray[np.int64]
    days: NDArray[np.int64] | None = None


def heat_cells(session: Session, campaign_id: int, round_no: int, kind: str) -> Cells:
    """Households (or dilapidated houses) per cell.

    Parameters
    ----------
    kind : str
        ``unvisited``, ``visited`` or ``dilapidated``. Places known only to their settlement are left out.
    """
    keys, counts = _whole_columns(
        session,
        _HEAT[kind],
        {"campaign": campaign_id, "round": round_no, "dilapidated": list(DILAPIDATED)},
    )
    return Cells(keys, counts)


def heat_days(session: Session, campaign_id: int, round_no: int, first: date) -> Cells:
    """Households per cell and day of their first valid visit.

    Parameters
    ----------
    first : date
        Days are counted from this one; it is before all of them.

    Returns
    -------
    Cells
        The sums over all days are those of :func:`heat_cells`; the same households are left out.
    """
    keys, counts = _whole_columns(
        session,
        _HEAT_DAYS,
        {
            "campaign": campaign_id,
            "round": round_no,
            "first": first,
            "undated": UNDATED - NOT_VISITED,
            "before": -NOT_VISITED,
            "bits": _DAY_BITS,
        },
    )
    return Cells(keys & ((1 << _DAY_BITS) - 1), counts, (keys >> _DAY_BITS) + NOT_VISITED)


def as_flat(cells: Cells) -> list[int]:
    """Cells as ``x, y, n, x, y, n …``, or ``x, y, day, n …`` with days; tile numbers of :data:`HEAT_ZOOM`."""
    columns = [*unmorton(cells.keys), *([] if cells.days is None else [cells.days]), cells.counts]
    flat: list[int] = np.stack(columns, axis=-1).ravel().tolist()
    return flat


def as_steps(cells: Cells) -> dict[str, list[int]]:
    """Cells as steps from each to the next, a third of the bytes of :func:`as_flat` and nothing left out.

    Returns
    -------
    dict
        ``steps``: z-order numbers, each as what is to be added to the one before, the first to nothing; each day begins
        anew. ``counts``: as many. With days also ``days``: day and how many cells it has, in turn.
    """
    steps = np.diff(cells.keys, prepend=0)
    told: dict[str, list[int]] = {}
    if cells.days is not None:
        days, begins, lengths = np.unique(cells.days, return_index=True, return_counts=True)
        steps[begins] = cells.keys[begins]
        told["days"] = np.stack([days, lengths], axis=-1).ravel().tolist()
    return {**told, "steps": steps.tolist(), "counts": cells.counts.tolist()}


def _whole_columns(session: Session, query: str, values: dict[str, Any]) -> list[NDArray[np.int64]]:
    """Two columns of numbers, each in one piece: half a million rows take longer to hand over than to count."""
    # Below row-level security the planner expects a few rows and fetches each by itself, in the order of an index. By
    # bitmap every page is read once: half of the time for a county, and no more for a village.
    session.execute(text("set local enable_indexscan = off"))
    row = session.execute(
        text(query),
        {
            **values,
            "shift": 2 * (MORTON_ZOOM - HEAT_ZOOM),
            "visited": [int(s) for s in VISITED],
            "exact": EXACT_QUALITY,
        },
    ).one()
    session.execute(text("set local enable_indexscan = on"))
    return [np.asarray(column, dtype=np.int64) for column in row]


_COLUMNS = "select coalesce(array_agg(key), '{{}}'), coalesce(array_agg(n), '{{}}') from"
_HEAT_CELLS = f"""
    {_COLUMNS} (
        select morton >> :shift as key, count(*)::integer as n from {{rows}}
           and quality <= :exact and morton is not null group by 1 order by 1) cells"""
_OF_ROUND = "standing where campaign_id = :campaign and round_no = :round"
# Grouped by one number instead of two, whose order is that of the days and within a day that of the cells.
_HEAT_DAYS = f"""
    {_COLUMNS.format()} (
        select (case when status = any (:visited)
                     then coalesce(first_valid_on - cast(:first as date) + :before, :undated)
                     else 0 end::bigint << :bits) | (morton >> :shift) as key, count(*)::integer as n
          from {_OF_ROUND} and quality <= :exact and morton is not null group by 1 order by 1) cells"""
_HEAT = {
    "unvisited": _HEAT_CELLS.format(rows=f"{_OF_ROUND} and not status = any (:visited)"),
    "visited": _HEAT_CELLS.format(rows=f"{_OF_ROUND} and status = any (:visited)"),
    "dilapidated": _HEAT_CELLS.format(rows="house where grade = any (:dilapidated)"),
}

# Changes with the way cells are made, so that no browser keeps those of an older way.
RECIPE = hashlib.sha256("".join([*_HEAT.values(), _HEAT_DAYS]).encode()).hexdigest()[:12]
