"""From the sheets of a file to parsed records: every row is taken with all its cells or refused with the reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from data.imports.fields import Field, fields_of
from data.imports.headings import check_mapping, match_columns
from data.imports.personal import mask_found
from data.imports.report import ImportOptions, ImportRefused, ImportReport, Problem
from data.imports.values import Cannot, Doubtful
from geo.crs import System, lonlat_of, looks_swapped, parse_system, to_wgs84
from geo.errors import Text
from geo.files import Sheet, read_table

WARNINGS_SHOWN = 200
_NOT_FOUND = object()


@dataclass
class Records:
    """Accepted rows of a file, column by column.

    Attributes
    ----------
    sheets, rows : list, length n
        Where each record stands in the file.
    values : dict of str to list, length n each
        Values of the fields the file has; None for a blank cell. Fields it lacks are not there.
    geometry : ndarray of object, shape (n,)
        EPSG:4326, None without; points from coordinate columns, or what the map layer holds.
    system : list of str or None, length n
        Name of the coordinate system each geometry came in.
    headings : dict
        ``(sheet, field)`` to the column's heading.
    """

    sheets: list[str]
    rows: list[int]
    values: dict[str, list[Any]]
    geometry: NDArray[Any]
    system: list[str | None]
    headings: dict[tuple[str, str], str]
    _blank: list[None] = field(default_factory=list, repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> list[Any]:
        """Give a field's values, None throughout if the file lacks it."""
        found = self.values.get(name)
        if found is not None:
            return found
        if len(self._blank) != len(self):
            self._blank = [None] * len(self)
        return self._blank

    def has(self, name: str) -> bool:
        """Whether the file has a column for the field."""
        return name in self.values

    def keep(self, mask: Iterable[bool]) -> Records:
        """Give the records where the mask is true."""
        chosen = np.flatnonzero(np.fromiter(mask, dtype=bool, count=len(self)))
        return Records(
            [self.sheets[at] for at in chosen],
            [self.rows[at] for at in chosen],
            {name: [column[at] for at in chosen] for name, column in self.values.items()},
            self.geometry[chosen],
            [self.system[at] for at in chosen],
            self.headings,
        )

    def refuse(self, report: ImportReport, refused: dict[int, tuple[str | None, Any, Text | None, Text]]) -> Records:
        """Refuse records by their place: ``{place: (field, found, expected, reason)}``; gives those that remain."""
        for at, (name, found, expected, reason) in refused.items():
            heading = self.headings.get((self.sheets[at], name)) if name else None
            shown = None if found is None else mask_found(name or "", found)
            report.problems.append(Problem(self.sheets[at], self.rows[at], heading or name, shown, expected, reason))
        report.refused += len(refused)
        report.accepted -= len(refused)
        return self.keep(at not in refused for at in range(len(self))) if refused else self


def read_sheets(path: Path, options: ImportOptions) -> list[Sheet]:
    """Read a file's sheets, or only the one asked for."""
    return read_table(path, sheet=options.sheet)


def read_records(sheets: list[Sheet], kind: str, options: ImportOptions, report: ImportReport) -> Records:
    """Parse every sheet; refused rows and totals go to the report.

    Parameters
    ----------
    sheets : list of Sheet
    kind : str
        Kind of file.
    options : ImportOptions
    report : ImportReport
        Gets ``read``, ``accepted``, ``refused``, ``ignored``, problems, warnings and columns.

    Raises
    ------
    ImportRefused
        If no sheet has a column (or geometry) that is known, or a required one is missing.
    """
    check_mapping([str(column) for sheet in sheets for column in _plain_columns(sheet)], options.mapping)
    parts = []
    for sheet in sheets:
        matched = match_columns(_plain_columns(sheet), kind, options.mapping)
        useful = bool(matched.used) or (isinstance(sheet.frame, gpd.GeoDataFrame) and kind != "visits")
        if not useful:
            if len(sheet.frame):
                report.warn(
                    Text("这个工作表没有认得的列，未导入", "no column of this sheet is known; it was left out"),
                    sheet=sheet.name,
                )
            report.ignored += len(sheet.ignored) + len(sheet.frame)
            continue
        report.ignored += len(sheet.ignored)
        parts.append(_read_sheet(sheet, kind, matched.used, options, report))
        report.ignored_columns += [name for name in matched.unused if name not in report.ignored_columns]
    if not parts:
        seen = "、".join(name for sheet in sheets for name in _plain_columns(sheet))[:300]
        raise ImportRefused(
            Text(
                f"没有认得的列。文件里有：{seen}。可用 --map 列名=字段 说明。",
                f"No column is known. The file has: {seen}. Say which is which with --map COLUMN=FIELD.",
            ),
            found=seen,
        )
    return _join(parts)


def _plain_columns(sheet: Sheet) -> list[str]:
    geometry = sheet.frame.geometry.name if isinstance(sheet.frame, gpd.GeoDataFrame) else None
    return [str(name) for name in sheet.frame.columns if name != geometry]


def _read_sheet(
    sheet: Sheet, kind: str, used: dict[str, list[str]], options: ImportOptions, report: ImportReport
) -> Records:
    fields = fields_of(kind)
    missing = [wanted for wanted in fields.values() if wanted.required and wanted.name not in used]
    if missing:
        seen = "、".join(_plain_columns(sheet))[:300]
        raise ImportRefused(
            Text(
                f"缺少“{missing[0].words[1]}”一列。文件里有：{seen}。可用 --map 列名={missing[0].name} 说明。",
                f"The column {missing[0].name} is missing. The file has: {seen}. Use --map COLUMN={missing[0].name}.",
            ),
            found=seen,
            expected=missing[0].name,
        )
    count = len(sheet.frame)
    bad: set[int] = set()
    values: dict[str, list[Any]] = {}
    headings: dict[tuple[str, str], str] = {}
    for name, columns in used.items():
        wanted = fields[name]
        headings[sheet.name, name] = columns[0]
        parsed = []
        for column in columns:
            report.columns[column] = name
            parsed.append(_parse_column(sheet, column, wanted, bad, report))
        values[name] = [list(group) for group in zip(*parsed, strict=True)] if wanted.repeats else parsed[0]
    records = Records(
        [sheet.name] * count,
        [int(row) for row in sheet.rows],
        values,
        np.full(count, None, dtype=object),
        [None] * count,
        headings,
    )
    _place(records, sheet, options, report, bad)
    report.read += count
    report.refused += len(bad)
    report.accepted += count - len(bad)
    return records.keep(at not in bad for at in range(count)) if bad else records


def _parse_column(sheet: Sheet, column: str, wanted: Field, bad: set[int], report: ImportReport) -> list[Any]:
    """Read one column; each different cell is parsed once."""
    known: dict[Any, Any] = {}
    out: list[Any] = []
    doubts = 0
    for at, cell in enumerate(sheet.frame[column].tolist()):
        if cell is None or cell != cell:  # blank, or not a number (which differs from itself)
            out.append(None)
            continue
        # 1, 1.0 and True are one key of a dictionary, but not one cell.
        key = (type(cell), cell)
        value = known.get(key, _NOT_FOUND)
        if value is _NOT_FOUND:
            try:
                value = wanted.parse(cell)
            except Cannot as reason:
                value = reason
            known[key] = value
        if isinstance(value, Cannot):
            bad.add(at)
            problem = Problem(
                sheet.name, int(sheet.rows[at]), column, mask_found(wanted.name, cell), value.expected, value.reason
            )
            report.problems.append(problem)
            value = None
        elif isinstance(value, Doubtful):
            doubts += 1
            if doubts <= WARNINGS_SHOWN:
                report.warn(
                    value.reason,
                    row=int(sheet.rows[at]),
                    sheet=sheet.name,
                    column=column,
                    found=mask_found(wanted.name, cell),
                )
            value = value.value
        out.append(value)
    if doubts > WARNINGS_SHOWN:
        more = doubts - WARNINGS_SHOWN
        report.warn(
            Text(f"这一列还有 {more} 处同类提示", f"{more} more doubts of this kind in this column"),
            sheet=sheet.name,
            column=column,
        )
    return out


def _place(records: Records, sheet: Sheet, options: ImportOptions, report: ImportReport, bad: set[int]) -> None:
    """Set geometry and system from the layer's geometry, else from coordinate columns; refuse what is no place."""
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
    lon, lat = records.values.pop("lon", None), records.values.pop("lat", None)
    if isinstance(sheet.frame, gpd.GeoDataFrame):
        _place_shapes(records, sheet, system, report, bad)
    elif lon is not None or lat is not None:
        count = len(records)
        _place_points(records, sheet, lon or [None] * count, lat or [None] * count, system, report, bad)
    # A column tells for each row what our own exports were converted from.
    stated = records.values.pop("source_system", None)
    for at, shape in enumerate(records.geometry):
        if shape is not None:
            records.system[at] = (stated[at] if stated else None) or system.name


def _place_shapes(records: Records, sheet: Sheet, system: System, report: ImportReport, bad: set[int]) -> None:
    frame = sheet.frame
    assert isinstance(frame, gpd.GeoDataFrame)
    there = ~(shapely.is_missing(frame.geometry.to_numpy()) | shapely.is_empty(frame.geometry.to_numpy()))
    moved = to_wgs84(frame, system).geometry.to_numpy()
    for at in np.flatnonzero(there):
        if moved[at] is None:
            _refuse_place(records, sheet, int(at), frame.geometry.iloc[at].wkt[:60], system, False, report, bad)
        else:
            records.geometry[at] = moved[at]


def _place_points(
    records: Records,
    sheet: Sheet,
    lon: list[Any],
    lat: list[Any],
    system: System,
    report: ImportReport,
    bad: set[int],
) -> None:
    x = np.array([np.nan if value is None else value for value in lon], dtype=float)
    y = np.array([np.nan if value is None else value for value in lat], dtype=float)
    blank = np.isnan(x) & np.isnan(y)
    good_x, good_y = lonlat_of(x, y, system)
    swapped = looks_swapped(x, y, system)
    nowhere = (x == 0) & (y == 0)
    wrong = ~blank & (np.isnan(good_x) | nowhere | swapped)
    for at in np.flatnonzero(wrong):
        if int(at) not in bad or not (np.isnan(x[at]) or np.isnan(y[at])):
            _refuse_place(records, sheet, int(at), f"{lon[at]}, {lat[at]}", system, bool(swapped[at]), report, bad)
    fine = ~blank & ~wrong
    records.geometry[fine] = shapely.points(good_x[fine], good_y[fine])


def _refuse_place(
    records: Records,
    sheet: Sheet,
    at: int,
    found: str,
    system: System,
    swapped: bool,
    report: ImportReport,
    bad: set[int],
) -> None:
    bad.add(at)
    expected = Text(f"{system.label.zh}坐标，经度在前", f"{system.label.en} coordinates, longitude or easting first")
    reason = Text(
        "坐标不在该坐标系的范围内，或只有一半；如为其他坐标系请用 --crs 说明",
        "the coordinates are no place in this system, or one of them is missing; name another system with --crs",
    )
    if swapped:
        reason = Text(
            "经度和纬度（或东、北坐标）写反了", "longitude and latitude (or easting and northing) are swapped"
        )
    heading = records.headings.get((sheet.name, "lon"))
    report.problems.append(Problem(sheet.name, int(sheet.rows[at]), heading, found, expected, reason))


def _join(parts: list[Records]) -> Records:
    if len(parts) == 1:
        return parts[0]
    names = {name for part in parts for name in part.values}
    return Records(
        [sheet for part in parts for sheet in part.sheets],
        [row for part in parts for row in part.rows],
        {name: [value for part in parts for value in part.column(name)] for name in names},
        np.concatenate([part.geometry for part in parts]),
        [system for part in parts for system in part.system],
        {key: heading for part in parts for key, heading in part.headings.items()},
    )
