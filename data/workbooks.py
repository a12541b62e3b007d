"""Large workbooks of plain rows (.xlsx), written as the few parts a spreadsheet needs.

A table of fifty thousand rows is a million cells: made one object each they take a minute, written as text seconds.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from data.formulas import printable

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>
<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>""",
    # Style 0 is general, style 1 text (format 49, "@").
    "xl/styles.xml": f"""<styleSheet xmlns="{_MAIN}">
<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>
<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>""",
}
_HEAD = f"""<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">
<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>
"""
_AT_ONCE = 2000
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
MOST_CHARACTERS = 32_767


def write_rows(out: Path, title: str, headings: Sequence[str], rows: Iterable[Iterable[Any]]) -> int:
    """Write a workbook of one sheet, its first row frozen; returns the rows below it.

    Parameters
    ----------
    title : str
        Name of the sheet: plain letters, at most 31.
    rows : iterable of iterables
        ``str`` is typed as text and shown as text: neither a formula nor a number in disguise. ``int``, ``float`` and
        ``bool`` are numbers and truths; None is an empty cell.

    Raises
    ------
    TypeError
        If a value is of another kind.
    """
    book = f"""<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>
<sheet name="{title.translate(_ESCAPES)}" sheetId="1" r:id="rId1"/></sheets></workbook>"""
    written = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as file:
        for name, part in {**_PARTS, "xl/workbook.xml": book}.items():
            file.writestr(name, _XML + part)
        with file.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            columns = [_letters(number) for number in range(len(headings))]
            lines = [_XML, _HEAD, _row(columns, 1, headings)]
            for row in rows:
                written += 1
                lines.append(_row(columns, written + 1, row))
                if len(lines) >= _AT_ONCE:
                    sheet.write("".join(lines).encode())
                    lines.clear()
            lines.append("</sheetData></worksheet>")
            sheet.write("".join(lines).encode())
    return written


def _letters(number: int) -> str:
    """Name of a column, from 0: A … Z, AA …"""
    left, last = divmod(number, 26)
    return (_letters(left - 1) if left else "") + chr(ord("A") + last)


def _row(columns: Sequence[str], number: int, values: Iterable[Any]) -> str:
    cells = [_cell(f"{column}{number}", value) for column, value in zip(columns, values, strict=True)]
    return f'<row r="{number}">{"".join(cells)}</row>\n'


def _cell(place: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        words = printable(value)[:MOST_CHARACTERS].translate(_ESCAPES)
        return f'<c r="{place}" t="inlineStr" s="1"><is><t xml:space="preserve">{words}</t></is></c>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    raise TypeError(f"no cell for {type(value).__name__}")
