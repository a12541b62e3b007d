"""Positions of rows: from a map layer's geometry, two columns, or one column with both coordinates; EPSG:4326 out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from data.imports.checks import load_checks
from data.imports.report import ImportOptions, ImportReport, Problem
from geo.coordinates import Pair
from geo.crs import System, lonlat_of, looks_swapped, parse_system, to_wgs84
from geo.errors import Text
from geo.files import Sheet

if TYPE_CHECKING:
    from data.imports.rows import Records

_NOWHERE, _ZERO, _SWAPPED = "coordinate_nowhere", "coordinate_zero", "coordinate_swapped"


def place_records(
    records: Records, sheet: Sheet, kind: str, options: ImportOptions, report: ImportReport, bad: set[int]
) -> None:
    """Set geometry and system of each record, and take the coordinate columns out of its values.

    Parameters
    ----------
    records : Records, n rows
        Of one sheet; ``lon`` and ``lat`` are numbers, ``lonlat`` is a :class:`geo.coordinates.Pair`.
    sheet : Sheet
    kind : str
        Kind of file, for the severity of the rules.
    options : ImportOptions
        ``crs`` goes before what the file says; ``swapped`` means that latitudes or northings stand first. Words in a
        cell that say which is which go before both.
    report : ImportReport
        Gets problems by the rules ``coordinate_nowhere``, ``coordinate_zero`` and ``coordinate_swapped``.
    bad : set of int
        Gets the places of refused records; those in it already are not told again for a missing half.
    """
    said = parse_system(options.crs) if options.crs else None
    system = said or sheet.crs or parse_system("wgs84")
    if said and sheet.crs and said.name != sheet.crs.name and sheet.kind != "geojson":
        report.warn(
            Text(
                f"文件声明的坐标系是 {sheet.crs.label.zh}，按要求用 {said.label.zh}",
                f"the file says {sheet.crs.label.en}; read as {said.label.en}, as asked",
            ),
            sheet=sheet.name,
        )
    placing = _Placing(records, sheet, kind, system, report, bad)
    x, y = _axes(records, options.swapped)
    if isinstance(sheet.frame, gpd.GeoDataFrame):
        placing.by_shapes(sheet.frame, options.swapped)
    elif x is not None and y is not None:
        placing.by_points(x, y)
    # A column tells for each row what our own exports were converted from.
    stated = records.values.pop("source_system", None)
    for at, shape in enumerate(records.geometry):
        if shape is not None:
            records.system[at] = (stated[at] if stated else None) or system.name


def _axes(records: Records, swapped: bool) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Give eastings and northings, NaN where there is none; None without any coordinate column."""
    lon, lat, pairs = (records.values.pop(name, None) for name in ("lon", "lat", "lonlat"))
    if lon is None and lat is None and pairs is None:
        return None, None
    x, y = _numbers(lon, len(records)), _numbers(lat, len(records))
    if swapped:
        x, y = y, x
    blank = np.isnan(x) & np.isnan(y)
    for at, pair in enumerate(pairs or ()):
        if pair is not None and blank[at]:
            x[at], y[at] = _in_order(pair, swapped)
    return x, y


def _in_order(pair: Pair, swapped: bool) -> tuple[float, float]:
    return pair.lonlat or ((pair.second, pair.first) if swapped else (pair.first, pair.second))


def _numbers(column: list[Any] | None, count: int) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in column or [None] * count], dtype=float)


class _Placing:
    """One sheet's records on their way to their places."""

    def __init__(
        self, records: Records, sheet: Sheet, kind: str, system: System, report: ImportReport, bad: set[int]
    ) -> None:
        self.records, self.sheet, self.kind, self.system = records, sheet, kind, system
        self.report, self.bad = report, bad

    def by_shapes(self, frame: gpd.GeoDataFrame, swapped: bool) -> None:
        """Take the layer's geometry; empty and missing ones are no place."""
        if swapped:
            turned = shapely.transform(frame.geometry.to_numpy(), lambda xy: xy[:, ::-1])
            frame = frame.set_geometry(gpd.GeoSeries(turned, index=frame.index, crs=frame.crs))
        shapes = frame.geometry.to_numpy()
        there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        moved = to_wgs84(frame, self.system).geometry.to_numpy()
        for at in np.flatnonzero(there):
            if moved[at] is None:
                self.refuse(int(at), shapes[at].wkt[:60], _NOWHERE)
            elif shapes[at].geom_type == "Point" and shapes[at].x == shapes[at].y == 0:
                self.refuse(int(at), shapes[at].wkt, _ZERO)
            else:
                self.records.geometry[at] = moved[at]

    def by_points(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
        """Take the numbers of columns."""
        blank = np.isnan(x) & np.isnan(y)
        good_x, good_y = lonlat_of(x, y, self.system)
        swapped = looks_swapped(x, y, self.system)
        zero = (x == 0) & (y == 0)
        wrong = ~blank & (np.isnan(good_x) | zero | swapped)
        for at in np.flatnonzero(wrong):
            half = bool(np.isnan(x[at]) or np.isnan(y[at]))
            if not (int(at) in self.bad and half):
                found = ", ".join("" if np.isnan(number) else repr(float(number)) for number in (x[at], y[at]))
                self.refuse(int(at), found, _ZERO if zero[at] else _SWAPPED if swapped[at] else _NOWHERE)
        fine = ~blank & ~wrong
        self.records.geometry[fine] = shapely.points(good_x[fine], good_y[fine])

    def refuse(self, at: int, found: str, code: str) -> None:
        """Refuse a record for its position, or leave it without one, as the rule says."""
        label = self.system.label
        expected = Text(f"{label.zh}坐标，经度在前", f"{label.en} coordinates, longitude or easting first")
        checks, headings = load_checks(), self.records.headings
        reason = checks.words(code)
        if code == _NOWHERE:
            reason = Text(f"{reason.zh}；如为其他坐标系请说明（--crs）", f"{reason.en}; name another system with --crs")
        heading = headings.get((self.sheet.name, "lon")) or headings.get((self.sheet.name, "lonlat"))
        row = int(self.sheet.rows[at])
        if checks.refuses(code, self.kind):
            self.bad.add(at)
            self.report.problems.append(Problem(self.sheet.name, row, heading, found, expected, reason, code=code))
        else:
            self.report.warn(
                reason, row=row, sheet=self.sheet.name, column=heading, found=found, expected=expected, code=code
            )
