"""Made-up households straight into their table, with the village and grid of each found in the program.

Nothing is staged where others are kept from the table anyway: what the program knows is written as the row that stays,
and only what the database makes itself (the numbers of a tile, the key) is left to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import GRIDS, VILLAGES
from data.imports.sending import copy_frames
from data.imports.staging import make_stage
from data.point_areas import Areas, find_places, read_areas

# Columns that are written, and their types where the rows are staged.
_COLUMNS = {
    "natural_key": "text",
    "code": "text",
    "head_name": "text",
    "people": "integer",
    "address": "text",
    "house_no": "text",
    "stated_area": "text",
    "village_id": "bigint",
    "grid_id": "bigint",
    "jur": "bigint",
    "batch_id": "bigint",
    "geom": "geometry(point, 4326)",
    "source_system": "text",
    "placed_by": "text",
    "accuracy_m": "double precision",
    "quality": "smallint",
}
# A point as the database has it (EWKB): byte order, type with the mark of a CRS, CRS, coordinates.
_EWKB = np.dtype([("order", "u1"), ("type", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")])
_POINT, _SRID = 0x2000_0001, 4326


class Land(NamedTuple):
    """Where a household can be."""

    villages: Areas
    grids: Areas


def read_land(session: Session) -> Land:
    """Read the villages and grids there are."""
    return Land(read_areas(session, VILLAGES), read_areas(session, GRIDS))


def add_households(session: Session, rows: Iterable[pd.DataFrame], land: Land, batch: int, *, straight: bool) -> None:
    """Write households where they lie.

    Parameters
    ----------
    rows : iterable of DataFrame
        As ``County.households`` makes them; they are made and placed in a thread of their own.
    land : Land
        All villages and grids.
    straight : bool
        Whether rows are copied into the table itself: much quicker, but only of use while its policies do not bind the
        owner, which nobody else must see (``data.upkeep`` says of which tables).
    """
    same = {"batch_id": str(batch), "source_system": "wgs84", "placed_by": "import", "quality": "3"}
    columns = [name for name in _COLUMNS if name not in same]
    finished = (_finish(part, land) for part in rows)
    if straight:
        copy_frames(session, "household", finished, columns, same)
        return
    make_stage(session, "stage_bulk", _COLUMNS)
    copy_frames(session, "stage_bulk", finished, columns, same)
    listed = ", ".join(_COLUMNS)
    session.execute(text(f"insert into household ({listed}) select {listed} from stage_bulk"))


def _finish(part: pd.DataFrame, land: Land) -> pd.DataFrame:
    x, y = part["lon"].to_numpy(), part["lat"].to_numpy()
    places = find_places(x, y, land.villages, land.grids)
    keys = zip(part["village_code"].tolist(), part["code"].tolist(), strict=True)
    texts = {
        "natural_key": [f"{village[:9]}:{code}" for village, code in keys],
        "village_id": _words(places.village_ids),
        "grid_id": _words(places.grid_ids),
        "geom": _points(x, y),
    }
    # Said to be objects, since pandas would look at each text to make a column of its own kind of them.
    made = {name: pd.Series(values, index=part.index, dtype=object) for name, values in texts.items()}
    # A household outside every area is under number 0.
    return part.assign(jur=places.jurs, **made)


def _words(numbers: NDArray[np.int64]) -> NDArray[np.object_]:
    """Numbers as texts, an empty one for 0; each is made once."""
    each, at = np.unique(numbers, return_inverse=True)
    return np.array([str(number) if number else "" for number in each.tolist()], dtype=object)[at]


def _points(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[str]:
    points = np.empty(len(x), dtype=_EWKB)
    points["order"], points["type"], points["srid"] = 1, _POINT, _SRID
    points["x"], points["y"] = x, y
    size, whole = 2 * _EWKB.itemsize, points.tobytes().hex()
    return [whole[begin : begin + size] for begin in range(0, len(whole), size)]
