"""One column of a sheet to its values: each cell is read, and what a rule says of it refuses the row or is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np

from data.imports.checks import Checks
from data.imports.dictionary import HeadingHints
from data.imports.fields import EXAMPLES, GUIDE, Field, fields_of
from data.imports.findings import Cannot, Doubtful
from data.imports.headings import USED_FROM, Columns
from data.imports.personal import mask_found
from data.imports.report import ImportReport, Problem
from data.imports.vocabulary import OtherScale
from geo.counting import counted
from geo.errors import Text
from geo.files import Sheet

WARNINGS_SHOWN = 200
# An amount of less than this is no subsidy for a house in yuan, but a usual one in 万元.
_LEAST_SUBSIDY_YUAN = 100
_NOT_FOUND = object()


def plain_columns(sheet: Sheet) -> list[str]:
    """Give a sheet's columns besides its geometry."""
    geometry = sheet.frame.geometry.name if isinstance(sheet.frame, gpd.GeoDataFrame) else None
    return [str(name) for name in sheet.frame.columns if name != geometry]


def read_column(
    sheet: Sheet,
    column: str,
    wanted: Field,
    hints: HeadingHints,
    kind: str,
    checks: Checks,
    report: ImportReport,
    bad: set[int],
) -> list[Any]:
    """Read one column; each different cell is parsed once.

    Parameters
    ----------
    sheet : Sheet, n rows
    column : str
    wanted : Field
        What the column is.
    hints : HeadingHints
        Unit and options that its heading names.
    kind : str
        Kind of file; a rule may weigh less where the field only serves to find the household.
    checks : Checks
    report : ImportReport
        Gets a problem for each cell that refuses its row, and warnings.
    bad : set of int
        Places of refused rows; more are added.

    Returns
    -------
    list, length n
        None for blank cells and for those that cannot be read.
    """
    parse = wanted.reader(hints)
    known: dict[Any, Any] = {}
    out: list[Any] = []
    told: dict[str, int] = {}
    for at, cell in enumerate(sheet.frame[column].tolist()):
        if cell is None or cell != cell:  # blank, or not a number (which differs from itself)
            out.append(None)
            continue
        # 1, 1.0 and True are one key of a dictionary, but not one cell.
        key = (type(cell), cell)
        value = known.get(key, _NOT_FOUND)
        if value is _NOT_FOUND:
            try:
                value = parse(cell)
            except Cannot as reason:
                value = reason
            known[key] = value
        if not isinstance(value, Cannot | Doubtful):
            out.append(value)
            continue
        row, found = int(sheet.rows[at]), mask_found(wanted.name, cell)
        expected = value.expected if isinstance(value, Cannot) else None
        if checks.refuses(value.code, kind):
            bad.add(at)
            report.problems.append(Problem(sheet.name, row, column, found, expected, value.reason, code=value.code))
            out.append(None)
            continue
        told[value.code] = told.get(value.code, 0) + 1
        if told[value.code] <= WARNINGS_SHOWN:
            report.warn(
                value.reason,
                row=row,
                sheet=sheet.name,
                column=column,
                found=found,
                expected=expected,
                code=value.code,
            )
        out.append(value.value if isinstance(value, Doubtful) else None)
    for code, number in told.items():
        if number > WARNINGS_SHOWN:
            more = number - WARNINGS_SHOWN
            report.warn(
                Text(f"这一列还有 {more} 处同类提示", f"{counted(more, 'more doubt')} of this kind in this column"),
                sheet=sheet.name,
                column=column,
                code=code,
                n=more,
            )
    if wanted.form.measure == "money" and hints.unit is None:
        _doubt_unit(out, sheet, column, checks, report)
    return out


def note_columns(columns: Columns, sheet: Sheet, kind: str, checks: Checks, report: ImportReport) -> None:
    """Tell which columns were read by a similar meaning, and which might be a field and were not."""
    fields = fields_of(kind)
    for decision in columns.decisions:
        if decision.how == "likely" and decision.field:
            used = decision.confidence >= USED_FROM
            code = "heading_likely" if used else "heading_unused"
            label = fields[decision.field].label
            report.warn(checks.words(code, label=label), sheet=sheet.name, column=decision.heading, code=code)


def is_of_template(sheet: Sheet) -> bool:
    """Whether a sheet is the examples or the instructions of our own template, which hold no data."""
    return sheet.name.strip() in (*EXAMPLES, *GUIDE)


def only_heads(sheet: Sheet, columns: Columns, kind: str, checks: Checks, report: ImportReport) -> Sheet:
    """Leave out the members of a list with a row for each person, where a column tells who is the head.

    Rows whose relation is blank stay; so does every row where nobody is said to be the head.
    """
    named = columns.used.get("relation")
    if not named:
        return sheet
    (column,) = named
    relation = read_column(
        sheet, column, fields_of(kind)["relation"], columns.hints(column), kind, checks, report, set()
    )
    members = np.array([is_head is False for is_head in relation], dtype=bool)
    if True not in relation or not members.any():
        return sheet
    number = int(members.sum())
    report.ignored += number
    report.warn(checks.words("member_rows", n=number), sheet=sheet.name, column=column, code="member_rows", n=number)
    frame = sheet.frame[~members].reset_index(drop=True)
    return replace(sheet, frame=frame, rows=sheet.rows[~members])


def move_other_scales(values: dict[str, list[Any]], kind: str) -> None:
    """Blank grades of another scale; their words go to the standard where that is blank."""
    for name in ("grade", "grade_before"):
        column = values.get(name)
        if column is None or not any(isinstance(value, OtherScale) for value in column):
            continue
        if name == "grade" and "standard" in fields_of(kind):
            standards = values.setdefault("standard", [None] * len(column))
            for at, value in enumerate(column):
                if isinstance(value, OtherScale):
                    standards[at] = standards[at] or str(value)
        values[name] = [None if isinstance(value, OtherScale) else value for value in column]


def _doubt_unit(amounts: list[Any], sheet: Sheet, column: str, checks: Checks, report: ImportReport) -> None:
    there = [amount for amount in amounts if amount]
    if there and max(there) < _LEAST_SUBSIDY_YUAN:
        report.warn(checks.words("money_unit"), sheet=sheet.name, column=column, code="money_unit", n=len(there))
