"""The coordinates of a file just as it has them, with the village each row states: what a system is judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from data.imports.headings import Columns
from geo.coordinates import NotACoordinate, read_coordinate, read_pair
from geo.crs import System
from geo.files import Sheet

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Two numbers for each row of a file that has columns or geometry for them.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        As written, x what the file gives as longitude or easting; NaN where there is none or it cannot be read.
    stated : list of str or None, length n
        Village the row names.
    system : System or None
        What the file itself says of its coordinates.
    """

    x: Floats
    y: Floats
    stated: list[str | None]
    system: System | None

    @property
    def blank(self) -> NDArray[np.bool_]:
        """Rows without a place."""
        return np.isnan(self.x) & np.isnan(self.y)

    @property
    def zero(self) -> NDArray[np.bool_]:
        """Rows at (0, 0), which says that nobody filled it in."""
        return np.asarray((self.x == 0) & (self.y == 0))


def read_pairs(sheets: Sequence[Sheet], columns: Mapping[str, Columns]) -> Pairs | None:
    """Collect the coordinates of all sheets; None if no sheet has any.

    Parameters
    ----------
    sheets : sequence of Sheet
    columns : mapping of str to Columns
        How the columns of each sheet are understood, by the sheet's name.
    """
    found = []
    for sheet in sheets:
        used = columns[sheet.name].used if sheet.name in columns else {}
        if isinstance(sheet.frame, gpd.GeoDataFrame):
            xy = _of_shapes(sheet.frame)
        elif "lon" in used or "lat" in used:
            xy = np.column_stack([_axis(sheet, used.get("lon")), _axis(sheet, used.get("lat"))])
        elif "lonlat" in used:
            xy = _both_in_one(sheet.frame[used["lonlat"][0]].tolist())
        else:
            continue
        named = used.get("stated_area")
        stated = [_word(cell) for cell in sheet.frame[named[0]].tolist()] if named else [None] * len(xy)
        found.append((xy, stated, sheet.crs))
    if not found:
        return None
    together = np.concatenate([xy for xy, _, _ in found])
    systems = {system.name: system for _, _, system in found if system is not None}
    return Pairs(
        together[:, 0],
        together[:, 1],
        [name for _, stated, _ in found for name in stated],
        next(iter(systems.values())) if len(systems) == 1 else None,
    )


def _of_shapes(frame: gpd.GeoDataFrame) -> Floats:
    """Points as they are, a point on the surface of anything else."""
    shapes = frame.geometry.to_numpy()
    out = np.full((len(shapes), 2), np.nan)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    points = shapely.point_on_surface(shapes[there])
    out[there] = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    return out


def _axis(sheet: Sheet, column: Sequence[str] | None) -> Floats:
    if not column:
        return np.full(len(sheet.frame), np.nan)
    return np.array([_number(cell) for cell in sheet.frame[column[0]].tolist()], dtype=float)


def _number(cell: Any) -> float:
    try:
        value = read_coordinate(cell)
    except NotACoordinate:
        return np.nan
    return np.nan if value is None else value


def _both_in_one(cells: Sequence[Any]) -> Floats:
    out = np.full((len(cells), 2), np.nan)
    for at, cell in enumerate(cells):
        try:
            pair = read_pair(cell)
        except NotACoordinate:
            continue
        if pair is not None:
            out[at] = pair.lonlat or (pair.first, pair.second)
    return out


def _word(cell: Any) -> str | None:
    return None if cell is None or cell != cell else str(cell)
