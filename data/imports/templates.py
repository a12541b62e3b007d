"""Empty workbooks for each kind of file: a sheet to fill in, examples, and instructions."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from data.formulas import guarded
from data.imports.checks import Rule, load_checks
from data.imports.fields import EXAMPLES, GUIDE, Field, fields_of
from data.imports.kinds import KIND
from geo.errors import Text

_REQUIRED = Text("（必填）", " (required)")
_ROWS = 5000
_TEXT_FORMAT = "@"
_HEAD_FILL = PatternFill("solid", fgColor="0F3B41")
_HEAD_FONT = Font(bold=True, color="FFFFFF")
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_GUIDE_HEADS = (
    Text("列名", "Column"),
    Text("含义", "Meaning"),
    Text("是否必填", "Required"),
    Text("怎么填", "How to fill in"),
    Text("可填的词", "Allowed words"),
    Text("例", "Example"),
    Text("检查", "Checks"),
    Text("也认得的列名", "Other headings that are known"),
)
_GUIDE_WIDTHS = (20, 34, 10, 28, 36, 20, 50, 50)
_NOTES = (
    Text(
        "在第一张表里填写。“示例”和“填写说明”两张表不会导入，可以留着也可以删去。",
        "Fill in the first sheet. “Examples” and “How to fill in” are not imported; they may stay or go.",
    ),
    Text("不需要的列可以留空或删去，列的顺序可以改变。", "Columns may be left blank, deleted or moved."),
    Text(
        "身份证号、银行卡号和编号的列已设为文本格式；从别处粘贴时请只粘贴数值，避免变成科学计数。",
        "Columns for ID numbers, cards and codes are kept as text; paste values only, so that they stay text.",
    ),
)


def write_template(kind: str, path: Path | str, language: str = "zh") -> None:
    """Write an empty workbook for a kind of file.

    The first sheet holds the heads alone, so that sending it back unfilled imports nothing; examples of invented people
    stand on a sheet of their own, which the importer leaves out by its name.

    Parameters
    ----------
    kind : str
        A kind of table (not ``campaigns``, which are TOML).
    path : path
        A file ending in ``.xlsx``; replaced if it exists.
    language : str
        ``zh`` or ``en``, for heads, examples' sheet and instructions; the words to fill in are known in both.

    Raises
    ------
    KindUnknown
        If there is no such kind of table.
    """
    offered = [field for field in fields_of(kind).values() if field.examples]
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    # A worksheet's name holds 31 characters at most.
    sheet.title = KIND[kind].in_language(language)[:31]
    _write_heads(sheet, offered, language)
    _offer_words(sheet, offered, language)
    examples = book.create_sheet(EXAMPLES.in_language(language))
    _write_heads(examples, offered, language)
    for at in range(max((len(field.examples) for field in offered), default=0)):
        examples.append([_example(field, at, language) for field in offered])
    _set_formats(examples, offered, examples.max_row)
    _write_guide(book.create_sheet(GUIDE.in_language(language)), kind, offered, language)
    book.save(path)


def heading_of(field: Field, language: str) -> str:
    """Give the heading a field has in the template."""
    return field.label.in_language(language) + (_REQUIRED.in_language(language) if field.required else "")


def _write_heads(sheet: Worksheet, offered: list[Field], language: str) -> None:
    sheet.append([heading_of(field, language) for field in offered])
    for at, field in enumerate(offered, start=1):
        head = sheet.cell(1, at)
        head.fill, head.font = _HEAD_FILL, _HEAD_FONT
        wide = max(_width(str(head.value)), *(_width(cell) for cell in field.examples))
        sheet.column_dimensions[get_column_letter(at)].width = min(wide + 3, 40)
        if field.form.as_text:
            # Holds for cells that are typed later; those written already have a format of their own.
            sheet.column_dimensions[get_column_letter(at)].number_format = _TEXT_FORMAT
    sheet.freeze_panes = "A2"


def _set_formats(sheet: Worksheet, offered: list[Field], last: int) -> None:
    for at, field in enumerate(offered, start=1):
        if field.form.as_text:
            for row in range(2, last + 1):
                sheet.cell(row, at).number_format = _TEXT_FORMAT


def _offer_words(sheet: Worksheet, offered: list[Field], language: str) -> None:
    """Offer the words of a field as a list to choose from; another known word may be typed all the same."""
    for at, field in enumerate(offered, start=1):
        words = [label.in_language(language) for label in (field.form.choices or {}).values()]
        listed = ",".join(words)
        # A list in a workbook is parted by commas and holds 255 characters at most.
        if words and field.name != "key_groups" and len(listed) <= 250 and not any("," in word for word in words):
            letter = get_column_letter(at)
            rule = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True, showErrorMessage=False)
            rule.add(f"{letter}2:{letter}{_ROWS}")
            sheet.add_data_validation(rule)


def _example(field: Field, at: int, language: str) -> str | None:
    told = field.examples[at] if at < len(field.examples) else ""
    for label in (field.form.choices or {}).values():
        if told == label.zh:
            told = label.in_language(language)
    return guarded(told) or None


def _write_guide(sheet: Worksheet, kind: str, offered: list[Field], language: str) -> None:
    sheet.append([head.in_language(language) for head in _GUIDE_HEADS])
    for at, width in enumerate(_GUIDE_WIDTHS, start=1):
        sheet.cell(1, at).fill, sheet.cell(1, at).font = _HEAD_FILL, _HEAD_FONT
        sheet.column_dimensions[get_column_letter(at)].width = width
    checks = load_checks()
    for field in fields_of(kind).values():
        words = [label.in_language(language) for label in (field.form.choices or {}).values()]
        cells = (
            heading_of(field, language),
            field.about.in_language(language),
            Text("必填", "yes").in_language(language) if field.required else "",
            field.form.words.in_language(language),
            "、".join(words) if language == "zh" else "; ".join(words),
            field.examples[0] if field.examples else "",
            "\n".join(_in_words(rule, kind, language) for rule in checks.about(field.name)),
            "、".join(field.words[:8]),
        )
        sheet.append([guarded(cell) for cell in cells])
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = _WRAPPED
    for note in _NOTES:
        sheet.append([note.in_language(language)])
    sheet.freeze_panes = "B2"


def _in_words(rule: Rule, kind: str, language: str) -> str:
    """Say a rule, with dots where it names facts of one row."""
    refuses = load_checks().refuses(rule.code, kind)
    weight = Text("不导入", "refused") if refuses else Text("提示", "told")
    blank = dict.fromkeys(("n", "found", "year", "other", "day", "row", "place", "label", "grade"), "…")
    return f"{weight.in_language(language)}：{rule.words.fill(**blank).in_language(language)}"


def _width(text: str) -> int:
    """Give the width of text in a column: a Chinese character takes two places."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
