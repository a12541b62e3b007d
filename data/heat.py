"""Households, dilapidated houses and demands by cell, for the heatmaps; households also by day of visit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from data.letters import as_letters
from data.rules.words import DILAPIDATED, EXACT_QUALITY
from data.whole_numbers import read_bytes, read_numbers
from geo.tiles import MORTON_ZOOM, unmorton

HEAT_ZOOM = 19
# Days of cells: one nobody recorded, and none since nobody has come; as in static/js/map/days.js.
UNDATED, NOT_VISITED = -1, -2
# As households are kept by place (0024_reads.sql): day and cell in one number, and how many.
_KEPT = np.dtype([("key", ">i8"), ("n", ">i4")])
_CELL_BITS = 2 * HEAT_ZOOM
# Days as they are kept there: not visited, visited on a day nobody recorded, and what is added to the ordinal of a day.
_KEPT_NOT_VISITED, _KEPT_UNDATED, _KEPT_LATER = 0, 1, 1


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
    """Households (or dilapidated houses, or demands) per cell.

    Parameters
    ----------
    kind : str
        ``unvisited``, ``visited``, ``dilapidated`` or ``demands``: those of the campaign, of whichever round, that are
        not solved. Places known only to their settlement are left out.
    """
    if kind in _SINGLE:
        values = {
            "campaign": campaign_id,
            "dilapidated": list(DILAPIDATED),
            "shift": 2 * (MORTON_ZOOM - HEAT_ZOOM),
            "exact": EXACT_QUALITY,
        }
        keys, counts = read_numbers(session, _SINGLE[kind], values, 2).T
        return Cells(*_merged(keys, counts))
    keys, counts = _kept_cells(session, campaign_id, round_no)
    wanted = (keys >> _CELL_BITS == _KEPT_NOT_VISITED) == (kind == "unvisited")
    return Cells(*_merged(keys[wanted] & ((1 << _CELL_BITS) - 1), counts[wanted]))


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
    keys, counts = _merged(*_kept_cells(session, campaign_id, round_no))
    kept = keys >> _CELL_BITS
    days = kept - _KEPT_LATER - first.toordinal()
    days[kept == _KEPT_UNDATED] = UNDATED
    days[kept == _KEPT_NOT_VISITED] = NOT_VISITED
    return Cells(keys & ((1 << _CELL_BITS) - 1), counts, days)


def as_flat(cells: Cells) -> list[int]:
    """Cells as ``x, y, n, x, y, n …``, or ``x, y, day, n …`` with days; tile numbers of :data:`HEAT_ZOOM`."""
    columns = [*unmorton(cells.keys), *([] if cells.days is None else [cells.days]), cells.counts]
    flat: list[int] = np.stack(columns, axis=-1).ravel().tolist()
    return flat


def as_steps(cells: Cells) -> dict[str, str | list[int]]:
    """Cells as steps from each to the next, a third of the bytes of :func:`as_flat` and nothing left out.

    Returns
    -------
    dict
        ``steps``: z-order numbers, each as what is to be added to the one before, the first to nothing; each day begins
        anew. ``counts``: as many. Both as :func:`data.letters.as_letters`. With days also ``days``: day and how many
        cells it has, in turn.
    """
    steps = np.diff(cells.keys, prepend=0)
    told: dict[str, str | list[int]] = {}
    if cells.days is not None:
        days, begins, lengths = np.unique(cells.days, return_index=True, return_counts=True)
        steps[begins] = cells.keys[begins]
        told["days"] = np.stack([days, lengths], axis=-1).ravel().tolist()
    return {**told, "steps": as_letters(steps), "counts": as_letters(cells.counts)}


def _kept_cells(session: Session, campaign_id: int, round_no: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Day and cell as they are kept, and how many households, of every place the asker sees; not in order."""
    kept = np.frombuffer(read_bytes(session, _HOUSEHOLDS, {"campaign": campaign_id, "round": round_no}), dtype=_KEPT)
    return kept["key"].astype(np.int64), kept["n"].astype(np.int64)


def _merged(keys: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Keys in order, each once, with the sum of its counts: a cell may lie in several places."""
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order]
    begins = np.flatnonzero(np.diff(keys, prepend=-1))
    return keys[begins], np.add.reduceat(counts, begins) if len(keys) else counts


_HOUSEHOLDS = """
    select coalesce(string_agg(cells, ''::bytea), ''::bytea) from heat
     where campaign_id = :campaign and round_no = :round"""
# What is few enough to be counted when it is asked for.
_SINGLE = {
    "dilapidated": """
        select morton >> :shift, count(*)::bigint from house
         where grade = any (:dilapidated) and quality <= :exact and morton is not null group by 1""",
    # A demand of a visit that was corrected without naming it again was withdrawn.
    "demands": """
        select d.morton >> :shift, count(*)::bigint from demand d
         where d.campaign_id = :campaign and not d.solved and d.quality <= :exact and d.morton is not null
           and not exists (select 1 from visit v where v.id = d.visit_id and v.superseded_by is not null)
         group by 1""",
}

# Changes with the way cells are made, so that no browser keeps those of an older way.
RECIPE = hashlib.sha256(f"letters{_HOUSEHOLDS}{_SINGLE}".encode()).hexdigest()[:12]
