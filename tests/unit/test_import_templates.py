"""Templates: filled with their own examples they come in whole, and empty they import nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest

from data.imports.checks import check_records, load_checks
from data.imports.fields import EXAMPLES, GUIDE, KindUnknown, all_fields, fields_of
from data.imports.headings import match_columns
from data.imports.kinds import guess_kind
from data.imports.report import ImportOptions, ImportRefused, ImportReport
from data.imports.rows import read_records
from data.imports.templates import heading_of, write_template
from geo.files import read_table

KINDS = ("households", "ledger", "houses", "sites", "visits", "areas")
LANGUAGES = ("zh", "en")
TODAY = date(2026, 11, 22)


def write(tmp_path: Path, kind: str, language: str) -> Path:
    path = tmp_path / f"{kind}-{language}.xlsx"
    write_template(kind, path, language)
    return path


def fill_with_examples(path: Path) -> int:
    """Copy the examples to the first sheet, as somebody would who tries it out."""
    book = openpyxl.load_workbook(path)
    first, examples = book.worksheets[:2]
    rows = list(examples.iter_rows(min_row=2, values_only=True))
    for row in rows:
        first.append(row)
    book.save(path)
    return len(rows)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_template_filled_with_its_examples_comes_in_whole(kind: str, language: str, tmp_path: Path) -> None:
    path = write(tmp_path, kind, language)
    number = fill_with_examples(path)
    assert number >= 2
    report = ImportReport(kind)
    records = check_records(
        read_records(read_table(path), kind, ImportOptions(), report), kind, report, load_checks(), on=TODAY
    )
    assert [problem.reason.zh for problem in report.problems] == []
    assert (report.read, report.accepted, len(records)) == (number, number, number)
    assert report.ignored_columns == []
    # Nothing to ask about but what is said of the examples themselves.
    assert {warning.code for warning in report.warnings} == {"examples_left_out"}
    offered = {field.name for field in fields_of(kind).values() if field.examples}
    assert set(report.columns.values()) == offered
    if {"lon", "lat"} <= offered:
        assert all(shape is not None for shape in records.geometry)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_template_imports_nothing_and_its_examples_never(kind: str, language: str, tmp_path: Path) -> None:
    sheets = read_table(write(tmp_path, kind, language))
    report = ImportReport(kind)
    try:
        records = read_records(sheets, kind, ImportOptions(), report)
    except ImportRefused:
        records = None
    assert records is None or len(records) == 0
    assert report.read == 0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", all_fields())
def test_every_heading_of_a_template_is_known_exactly(kind: str, language: str, tmp_path: Path) -> None:
    fields = list(fields_of(kind).values())
    matched = match_columns([heading_of(field, language) for field in fields], kind, {})
    assert [(d.field, d.how) for d in matched.decisions] == [(field.name, "exact") for field in fields]


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_a_template_is_guessed(kind: str, tmp_path: Path) -> None:
    sheets = read_table(write(tmp_path, kind, "zh"))
    guesses = guess_kind({sheet.name: list(sheet.frame.columns) for sheet in sheets[:1]})
    assert guesses[0].kind == kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_codes_and_numbers_of_people_are_text_and_the_head_stays_in_view(language: str, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write(tmp_path, "ledger", language))
    first, examples, guide = book.worksheets
    assert (examples.title, guide.title) == (EXAMPLES.in_language(language), GUIDE.in_language(language))
    assert first.max_row == 1
    assert first.freeze_panes == "A2"
    for at, field in enumerate([f for f in fields_of("ledger").values() if f.examples], start=1):
        letter = openpyxl.utils.get_column_letter(at)
        as_text = first.column_dimensions[letter].number_format == "@"
        assert as_text == field.form.as_text, field.name
        assert not as_text or examples.cell(2, at).number_format == "@"
    explained = [row[0].value for row in guide.iter_rows(min_row=2)]
    assert explained[: len(fields_of("ledger"))] == [heading_of(f, language) for f in fields_of("ledger").values()]


def test_what_is_required_and_what_is_checked_is_said(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write(tmp_path, "sites", "zh"))
    heads = [cell.value for cell in book.worksheets[0][1]]
    assert "改造方式（必填）" in heads
    told = {row[0].value: [cell.value or "" for cell in row] for row in book.worksheets[2].iter_rows(min_row=2)}
    assert "修缮加固" in told["改造方式（必填）"][4]
    assert "提示：身份证号校验码不对" in told["身份证号"][6]
    assert "提示：日期在今天之后" in told["竣工日期"][6]


def test_there_is_no_template_for_a_work_plan(tmp_path: Path) -> None:
    with pytest.raises(KindUnknown):
        write_template("campaigns", tmp_path / "x.xlsx")
