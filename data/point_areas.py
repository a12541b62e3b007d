"""Many points sorted into villages and grids in the program, by the rule of :mod:`data.areas`.

The rule is stated there in SQL, for writing of any kind; over arrays it takes a million points a twentieth of the time.
A recount reads what is stored this way, and a county that is loaded in bulk is placed by it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from data.areas import GRIDS
from data.whole_numbers import read_bytes, read_numbers
from geo.covering import covering_areas

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]


class Areas(NamedTuple):
    """Areas by code: their keys, the key of the village of each, their jurisdiction numbers, and their shapes."""

    ids: Whole
    village_ids: Whole
    jurs: Whole
    shapes: NDArray[np.object_]


class Places(NamedTuple):
    """The village and the grid points lie in, and the number of the grid, else of the village; 0 for none."""

    village_ids: Whole
    grid_ids: Whole
    jurs: Whole


def read_areas(session: Session, areas: str) -> Areas:
    """Read the areas a place can belong to.

    Parameters
    ----------
    areas : str
        ``data.areas.VILLAGES`` or ``data.areas.GRIDS``.
    """
    village, table = ("a.village_id", "grid") if areas == GRIDS else ("a.id", "area")
    listed = f"""(
        select a.code, a.id, {village} as village, t.jur, st_asbinary(a.geom) as shape
        from ({areas}) a join {table} t on t.id = a.id) a"""
    numbers = read_numbers(
        session, f"select id, village, jur, length(shape)::bigint from {listed} order by code", {}, 4
    )
    # One value, since many rows take longer to hand over one by one than to find.
    shapes = read_bytes(session, f"select coalesce(string_agg(shape, '' order by code), '') from {listed}", {})
    ends = np.cumsum(numbers[:, 3]).tolist()
    parts = [bytes(shapes[begin:end]) for begin, end in pairwise([0, *ends])]
    ids, village_ids, jurs, _ = numbers.T
    return Areas(ids, village_ids, jurs, shapely.from_wkb(np.array(parts, dtype=object)))


def find_places(x: Floats, y: Floats, villages: Areas, grids: Areas) -> Places:
    """Say to which village and grid each point belongs.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Degrees (EPSG:4326); n = 0 is allowed. A point that is not finite belongs to none.
    villages, grids : Areas

    Returns
    -------
    Places
        Of shape (n,). A grid of another village than that of the point does not count; a point in no village belongs to
        the village of its grid.
    """
    in_grid, in_village = covering_areas(x, y, grids.shapes), covering_areas(x, y, villages.shapes)
    village_ids = pick(villages.ids, in_village)
    of_grid = pick(grids.village_ids, in_grid)
    in_grid[(in_village >= 0) & (of_grid != village_ids)] = -1
    return Places(
        np.where(in_village < 0, of_grid, village_ids),
        pick(grids.ids, in_grid),
        np.where(in_grid < 0, pick(villages.jurs, in_village), pick(grids.jurs, in_grid)),
    )


def pick(values: Whole, at: Whole) -> Whole:
    """The values at these places; 0 where there is none."""
    return np.append(values, 0)[at]
