"""From the sheets of a file to parsed records: every row is taken with all its cells or refused with the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from data.imports.checks import load_checks
from data.imports.columns import (
    is_of_template,
    move_other_scales,
    note_columns,
    only_heads,
    plain_columns,
    read_column,
)
from data.imports.fields import fields_of
from data.imports.headings import Columns, check_mapping, match_columns
from data.imports.personal import mask_found
from data.imports.positions import place_records
from data.imports.report import ImportOptions, ImportRefused, ImportReport, Problem
from geo.errors import Text
from geo.files import Sheet, read_table


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

    def refuse(
        self,
        report: ImportReport,
        refused: Mapping[int, tuple[str | None, Any, Text | None, Text]],
        codes: Mapping[int, str] | None = None,
    ) -> Records:
        """Refuse records by their place: ``{place: (field, found, expected, reason)}``; gives those that remain.

        ``codes`` names the rule of ``checks.toml`` for each place, where it is one of those.
        """
        for at, (name, found, expected, reason) in refused.items():
            heading = self.headings.get((self.sheets[at], name)) if name else None
            shown = None if found is None else mask_found(name or "", found)
            code = (codes or {}).get(at)
            report.problems.append(
                Problem(self.sheets[at], self.rows[at], heading or name, shown, expected, reason, code=code)
            )
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
    check_mapping([str(column) for sheet in sheets for column in plain_columns(sheet)], options.mapping)
    checks = load_checks()
    parts = []
    for sheet in sheets:
        report.ignored += len(sheet.ignored)
        if is_of_template(sheet):
            report.ignored += len(sheet.frame)
            report.warn(checks.words("examples_left_out"), sheet=sheet.name, code="examples_left_out")
            continue
        matched = match_columns(plain_columns(sheet), kind, options.mapping, options.remembered)
        useful = bool(matched.used) or (isinstance(sheet.frame, gpd.GeoDataFrame) and kind != "visits")
        if not useful:
            if len(sheet.frame):
                report.warn(
                    Text("这个工作表没有认得的列，未导入", "no column of this sheet is known; it was left out"),
                    sheet=sheet.name,
                )
            report.ignored += len(sheet.frame)
            continue
        note_columns(matched, sheet, kind, checks, report)
        parts.append(_read_sheet(only_heads(sheet, matched, kind, checks, report), kind, matched, options, report))
        report.ignored_columns += [name for name in matched.unused if name not in report.ignored_columns]
    if not parts:
        seen = "、".join(name for sheet in sheets for name in plain_columns(sheet))[:300]
        raise ImportRefused(
            Text(
                f"没有认得的列。文件里有：{seen}。可用 --map 列名=字段 说明。",
                f"No column is known. The file has: {seen}. Say which is which with --map COLUMN=FIELD.",
            ),
            found=seen,
        )
    return _join(parts)


def _read_sheet(sheet: Sheet, kind: str, matched: Columns, options: ImportOptions, report: ImportReport) -> Records:
    fields, used = fields_of(kind), matched.used
    missing = [wanted for wanted in fields.values() if wanted.required and wanted.name not in used]
    if missing:
        seen = "、".join(plain_columns(sheet))[:300]
        raise ImportRefused(
            Text(
                f"缺少“{missing[0].label.zh}”一列。文件里有：{seen}。可用 --map 列名={missing[0].name} 说明。",
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
            hints = matched.hints(column)
            parsed.append(read_column(sheet, column, wanted, hints, kind, load_checks(), report, bad))
        values[name] = [list(group) for group in zip(*parsed, strict=True)] if wanted.repeats else parsed[0]
    # Who is the head was asked before, row by row.
    values.pop("relation", None)
    move_other_scales(values, kind)
    records = Records(
        [sheet.name] * count,
        [int(row) for row in sheet.rows],
        values,
        np.full(count, None, dtype=object),
        [None] * count,
        headings,
    )
    place_records(records, sheet, kind, options, report, bad)
    report.read += count
    report.refused += len(bad)
    report.accepted += count - len(bad)
    return records.keep(at not in bad for at in range(count)) if bad else records


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
