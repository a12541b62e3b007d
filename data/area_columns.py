"""Areas of a level as columns, and counts of places added up to them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class AreaColumns(NamedTuple):
    """Columns of the areas of a level, by code; ``low`` and ``high`` bound their numbers."""

    ids: list[int]
    codes: list[str]
    names: list[str]
    levels: list[str]
    derived: list[bool]
    low: NDArray[np.int64]
    high: NDArray[np.int64]


def add_up(counts: NDArray[np.int64], areas: AreaColumns, by: str) -> NDArray[np.int64]:
    """Add up the counts of each area: of its numbers, and of its own households where it is a settlement.

    Parameters
    ----------
    counts : ndarray, shape (n, 2 + k)
        Jurisdiction number, settlement (0 for none) and ``k`` counts; several rows for a place are added.
    areas : AreaColumns
        ``m`` of them.

    Returns
    -------
    ndarray, shape (m, k)
    """
    if by == "group":
        sums = np.zeros((len(areas.ids), counts.shape[1] - 2), dtype=np.int64)
        found = which_area(counts[:, 0], counts[:, 1], areas, by)
        np.add.at(sums, found[found >= 0], counts[found >= 0, 2:])
        return sums
    if (counts[1:, 0] < counts[:-1, 0]).any():
        counts = counts[np.argsort(counts[:, 0], kind="stable")]
    # Up to each row, so that an area is the difference of two.
    before = np.zeros((len(counts) + 1, counts.shape[1] - 2), dtype=np.int64)
    np.cumsum(counts[:, 2:], axis=0, out=before[1:])
    jur = np.ascontiguousarray(counts[:, 0])
    return before[np.searchsorted(jur, areas.high)] - before[np.searchsorted(jur, areas.low)]


def which_area(jur: NDArray[np.int64], settlement: NDArray[np.int64], areas: AreaColumns, by: str) -> NDArray[np.int64]:
    """Which area of a level each place belongs to, as :func:`add_up` adds it.

    Parameters
    ----------
    jur, settlement : ndarray, shape (n,)
        Jurisdiction number, and settlement (0 for none).

    Returns
    -------
    ndarray, shape (n,)
        Its place among the areas; -1 for those in none.
    """
    if not areas.ids:
        return np.full(len(jur), -1)
    key, wanted = (np.array(areas.ids), settlement) if by == "group" else (areas.low, jur)
    order = np.argsort(key)
    found = order[(np.searchsorted(key[order], wanted, side="right") - 1).clip(min=0)]
    mine = (areas.low[found] <= jur) & (jur < areas.high[found]) & ((by != "group") | (key[found] == settlement))
    return np.where(mine, found, -1)
