"""Areas of a level as columns, and counts of places added up to them.

The areas somebody sees change once a month and are read with every figure: a process keeps them as long as the database
says that no area has changed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from operator import gt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE

BY = ("county", "township", "village", "group", "grid")
Ranges = Sequence[tuple[int, int]]

# Columns of an area, before its counts.
_AREA = ("id", "code", "name", "level", "derived")
# Lists of areas that a process keeps: one of ten thousand grids takes some 3 MB.
_MOST_KEPT = 64


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
    # Grids whose households all belong to no settlement: each place is an area of its own already.
    if (areas.high - areas.low == 1).all() and np.array_equal(counts[:, 0], areas.low):
        return counts[:, 2:]
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


_kept: OrderedDict[Hashable, AreaColumns] = OrderedDict()
_lock = threading.Lock()


def in_duty(duty: Ranges) -> str:
    """SQL condition that an area ``a`` lies wholly inside one range of a duty; false without a range.

    Plain comparisons: building a range of each area and asking a multirange takes several times as long.
    """
    merged: list[list[int]] = []
    for lo, hi in sorted(duty):
        # Ranges that touch are one: an area may lie across their border.
        if merged and lo <= merged[-1][1]:
            merged[-1][1] = max(hi, merged[-1][1])
        else:
            merged.append([lo, hi])
    return f"({' or '.join(f'a.jur >= {int(lo)} and a.jur_end <= {int(hi)}' for lo, hi in merged) or 'false'})"


def areas_of_level(by: str) -> tuple[str, str]:
    """SQL of the areas of a level, and of how a row ``c`` of counts belongs to an area ``a``.

    Raises
    ------
    ValueError
        If ``by`` is none of :data:`BY`.
    """
    if by == "grid":
        areas = "select id, code, name, 'grid' as level, false as derived, jur, jur_end from grid"
        return areas, "c.jur = a.jur"
    if by == "group":
        areas = """select id, code, name, level, derived, jur, jur_end from area
                   where level in ('natural_village', 'group') and valid_to is null"""
        return areas, "c.jur >= a.jur and c.jur < a.jur_end and c.group_id = a.id"
    if by in BY:
        areas = f"""select id, code, name, level, derived, jur, jur_end from area
                    where level = '{by}' and valid_to is null"""
        return areas, "c.jur >= a.jur and c.jur < a.jur_end"
    raise ValueError(f"by must be one of {BY}, not {by!r}")


def areas_within(
    session: Session, by: str, *, within: tuple[int, int] = EVERYWHERE, duty: Ranges = (EVERYWHERE,)
) -> AreaColumns:
    """Areas of a level inside a range and a duty, by code.

    Parameters
    ----------
    by : str
        ``county``, ``township``, ``village``, ``group`` (natural villages and village groups) or ``grid``.
    within : (int, int)
        Only areas inside this range.
    duty : sequence of (int, int)
        Only areas wholly inside one of these.

    Returns
    -------
    AreaColumns
        To be read only: others are given the same.
    """
    seen_by = _seen_by(session)
    if seen_by is None:
        return _read_areas(session, by, within, duty)
    key = (*seen_by, by, within, tuple(map(tuple, duty)))
    with _lock:
        kept = _kept.get(key)
        if kept is not None:
            _kept.move_to_end(key)
            return kept
    found = _read_areas(session, by, within, duty)
    with _lock:
        _kept[key] = found
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return found


def _seen_by(session: Session) -> tuple[Hashable, ...] | None:
    """What decides which areas the asker sees, and whether one has changed, as the database says in this transaction.

    None without a session, which sees nothing. The version is that of the transaction that wrote it: whoever changes
    areas and then takes it back, or still may, has one of its own.
    """
    row = session.execute(
        text("""
            select current_database(), current_user, sec.duty()::text, version, xmin::text from area_version""")
    ).one_or_none()
    return None if row is None else tuple(row)


def _read_areas(session: Session, by: str, within: tuple[int, int], duty: Ranges) -> AreaColumns:
    # Whole columns come in one row, and of a grid only what differs.
    wanted = ("code", "id", "name", "jur") if by == "grid" else ("code", "id", "name", "jur", "jur_end", *_AREA[3:])
    columns: Sequence[Any] = session.execute(
        text(f"""
            select {", ".join(f"coalesce(array_agg(a.{name}), '{{}}')" for name in wanted)}
              from ({areas_of_level(by)[0]}) a where a.jur >= :lo and a.jur_end <= :hi and {in_duty(duty)}"""),
        {"lo": within[0], "hi": within[1]},
    ).one()
    codes: list[str] = columns[0]
    # They come by number as a rule, which is the order of their codes; otherwise they are put into it.
    if any(map(gt, codes, codes[1:])):
        order = sorted(range(len(codes)), key=codes.__getitem__)
        columns = [[column[at] for at in order] for column in columns]
    codes, ids, names, low, *others = columns
    first = np.array(low, dtype=np.int64)
    if by == "grid":
        return AreaColumns(ids, codes, names, ["grid"] * len(ids), [False] * len(ids), first, first + 1)
    high, levels, derived = others
    return AreaColumns(ids, codes, names, levels, derived, first, np.array(high, dtype=np.int64))
