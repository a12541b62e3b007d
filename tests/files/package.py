"""Building xlsx packages part by part, so that each can be as odd as one wants."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tests.files.case import Build

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def cell(reference: str, value: Any, style: int = 0) -> str:
    """Write a cell with a value of Python."""
    look = f' s="{style}"' if style else ""
    if value is None:
        return f'<c r="{reference}"{look}/>'
    if isinstance(value, str):
        return f'<c r="{reference}"{look} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{reference}"{look}><v>{value}</v></c>'


def rows(table: Iterable[Sequence[Any]], first: int = 1, attributes: dict[int, str] | None = None) -> str:
    """Write rows of values, numbered from a first one; attributes by row number."""
    out = []
    for number, values in enumerate(table, start=first):
        cells = "".join(cell(chr(65 + at) + str(number), value) for at, value in enumerate(values) if value is not None)
        out.append(f'<row r="{number}" {(attributes or {}).get(number, "")}>{cells}</row>')
    return "".join(out)


def merged(*ranges: str) -> str:
    """Write merged ranges."""
    listed = "".join(f'<mergeCell ref="{one}"/>' for one in ranges)
    return f"<mergeCells>{listed}</mergeCells>"


def sheet_xml(data: str, *, before: str = "", after: str = "") -> str:
    """Write a worksheet of rows."""
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{data}</sheetData>{after}</worksheet>'


def package(
    *sheets: str | bytes,
    names: Sequence[str] = (),
    states: Sequence[str] = (),
    texts: str = "",
    formats: Sequence[str] = (),
    format_ids: Sequence[int] = (),
    properties: str = "",
    more: dict[str, str | bytes] | None = None,
    rename: Callable[[str], str] = lambda name: name,
    strict: bool = False,
) -> Build:
    """Give a builder for a workbook.

    Parameters
    ----------
    sheets : str or bytes
        XML of the worksheets.
    names, states : sequence of str
        Of the sheets; ``Sheet1`` … and ``visible`` by default.
    texts : str
        What stands in the part of the shared strings.
    formats : sequence of str
        Number formats; format n is cell style n, counted from 1.
    format_ids : sequence of int
        Numbers of built-in formats, cell styles behind those.
    properties : str
        Attributes of ``workbookPr``.
    more : dict
        Further parts, or parts instead of these.
    rename : callable
        Changes the name of each part in the archive.
    strict : bool
        Whether kinds of relation are named as in the strict form of the standard.
    """
    relation = "http://purl.oclc.org/ooxml/officeDocument/relationships" if strict else RELATIONS
    titles = [*names, *[f"Sheet{number}" for number in range(len(names) + 1, len(sheets) + 1)]]
    looks = [*states, *["visible"] * (len(sheets) - len(states))]
    listed = "".join(
        f'<sheet name="{escape(title)}" sheetId="{number}" state="{look}" r:id="rId{number}"/>'
        for number, (title, look) in enumerate(zip(titles, looks, strict=True), start=1)
    )
    targets = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)]
    targets += [("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")]
    own = "".join(f'<numFmt numFmtId="{163 + at}" formatCode={quoteattr(code)}/>' for at, code in enumerate(formats, 1))
    ids = [0, *range(164, 164 + len(formats)), *format_ids]
    styles = "".join(f'<xf numFmtId="{number}"/>' for number in ids)
    parts: dict[str, str | bytes] = {
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")], relation),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr {properties}/>'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(targets, relation),
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{own}</numFmts><cellStyleXfs><xf numFmtId="14"/>'
        f"</cellStyleXfs><cellXfs>{styles}</cellXfs></styleSheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>',
        **{f"xl/worksheets/sheet{number}.xml": content for number, content in enumerate(sheets, start=1)},
        **(more or {}),
    }

    def build(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, content in parts.items():
                member = zipfile.ZipInfo(rename(name))
                member.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(member, content)

    return build


def _relations(targets: list[tuple[str, str]], kind: str) -> str:
    one = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}/{name}" Target="{target}"/>'
        for number, (name, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}">{one}</Relationships>'
