"""Workbooks (xlsx) as programs and people leave them."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

from tests.files.case import Build, Case, Found, written
from tests.files.package import MAIN, RELATIONS, cell, merged, package, rows, sheet_xml

HEAD = ["户编号", "户主"]
TWO = [HEAD, ["H1", "张三"], ["H2", "李四"]]
TWO_FOUND = {"户编号": ["H1", "H2"], "户主": ["张三", "李四"]}
PLAIN = Found(TWO_FOUND, [2, 3], [1])
XXE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
LAST_ROW = 1_048_576


def day(text: str) -> dt.datetime:
    """Midnight of a day."""
    return dt.datetime.fromisoformat(text)


def simple(*sheets: list[list[Any]], **options: Any) -> Build:
    """A workbook of plain tables."""
    return package(*[sheet_xml(rows(table)) for table in sheets], **options)


def plain_with(change: Build) -> Build:
    """A builder that makes the plain workbook and then changes the file."""

    def build(path: Path) -> None:
        simple(TWO)(path)
        change(path)

    return build


def blank_rows(path: Path) -> None:
    """Two records, then formats down to the last row of the sheet, three cells in each."""
    blanks = "".join(
        f'<row r="{n}" spans="1:3" s="1" customFormat="1" ht="14.25"><c r="A{n}" s="1"/><c r="B{n}" s="1"/>'
        f'<c r="C{n}" s="1"/></row>'
        for n in range(4, LAST_ROW + 1)
    )
    package(sheet_xml(rows(TWO) + blanks), formats=["0.00"])(path)


def many_merges(path: Path) -> None:
    """A hundred thousand merged ranges over a thousand records."""
    table = [["村", "户主"], *[[f"村{n}" if n % 2 == 0 else None, f"户{n}"] for n in range(1000)]]
    ranges = [f"A{n}:A{n + 1}" for n in range(2, 1002, 2)]
    ranges += [f"D{n}:E{n}" for n in range(2, 99_502)]
    package(sheet_xml(rows(table), after=merged(*ranges)))(path)


def lying_directory(path: Path) -> None:
    """An archive whose directory states 100 bytes for a part that has more."""
    simple(TWO)(path)
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("xl/worksheets/sheet1.xml")
    at = raw.rfind(b"xl/worksheets/sheet1.xml") - 46
    assert raw[at : at + 4] == b"PK\x01\x02"
    assert member.file_size > 100
    raw[at + 24 : at + 28] = (100).to_bytes(4, "little")
    path.write_bytes(raw)


def spreadsheet_2003() -> str:
    return (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet/></Workbook>'
    )


def document(*names: str, mimetype: str = "") -> Build:
    """An archive that holds parts of these names only."""

    def build(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            if mimetype:
                archive.writestr("mimetype", mimetype)
            for name in names:
                archive.writestr(name, "x")

    return build


THREE_LINES = [
    ["垫江县农村危房改造任务表"],
    ["序号", "乡镇", "改造任务", None, None, None, "备注"],
    [None, None, "C级", None, "D级", None, None],
    [None, None, "户数", "资金", "户数", "资金", None],
    [1, "甲镇", 2, 1.5, 0, 0, None],
    [2, "乙镇", 3, 2.25, 1, 2.1, "核实中"],
    ["合计", None, 5, 3.75, 1, 2.1, None],
]
THREE_MERGES = ("A1:G1", "A2:A4", "B2:B4", "C2:F2", "C3:D3", "E3:F3", "G2:G4", "A7:B7")

WORKBOOKS: tuple[Case, ...] = (
    Case("plain", "a.xlsx", simple(TWO), (PLAIN,), apart=True),
    Case(
        "the stated extent is one cell",
        "a.xlsx",
        package(
            sheet_xml(rows([HEAD, *[[f"H{n}", f"户{n}"] for n in range(1000)]]), before='<dimension ref="A1"/>'),
        ),
        (
            Found(
                {"户编号": [f"H{n}" for n in range(1000)], "户主": [f"户{n}" for n in range(1000)]},
                list(range(2, 1002)),
                [1],
            ),
        ),
        apart=True,
    ),
    Case(
        "text that looks like numbers",
        "a.xlsx",
        simple([["证号", "组"], ["340299199001010000", "007"], ["1E5", " 7 "]]),
        (Found({"证号": ["340299199001010000", "1E5"], "组": ["007", " 7 "]}, [2, 3], [1]),),
    ),
    Case(
        "whole numbers, long ones and fractions",
        "a.xlsx",
        package(
            sheet_xml(
                rows([["a", "b", "c"]]) + '<row r="2"><c r="A2"><v>3</v></c><c r="B2"><v>340299199001010000</v></c>'
                '<c r="C2"><v>3.40299E+17</v></c></row><row r="3"><c r="A3"><v>3.0</v></c><c r="B3"><v>-1.5</v></c>'
                '<c r="C3"><v>NaN</v></c></row>'
            )
        ),
        (Found({"a": [3, 3.0], "b": [340299199001010000, -1.5], "c": [3.40299e17, "NaN"]}, [2, 3], [1]),),
        apart=True,
    ),
    Case(
        "shared strings in runs, with reading aids",
        "a.xlsx",
        package(
            sheet_xml(rows([HEAD]) + '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v> 1 </v></c></row>'),
            texts="<si><r><t>H</t></r><r><rPr><b/></rPr><t>1 </t></r></si>"
            "<si><t>張</t><rPh sb='0' eb='1'><t>ちょう</t></rPh><phoneticPr fontId='1'/></si>",
        ),
        (Found({"户编号": ["H1 "], "户主": ["張"]}, [2], [1]),),
    ),
    Case(
        "inline strings in runs, with reading aids",
        "a.xlsx",
        package(
            sheet_xml(
                rows([HEAD]) + '<row r="2"><c r="A2" t="inlineStr"><is><r><t>H</t></r><r><t>1</t></r></is></c>'
                '<c r="B2" t="inlineStr"><is><t>张</t><rPh sb="0" eb="1"><t>zhang</t></rPh></is></c></row>'
            )
        ),
        (Found({"户编号": ["H1"], "户主": ["张"]}, [2], [1]),),
    ),
    Case(
        "errors and truth",
        "a.xlsx",
        package(
            sheet_xml(
                rows([["a", "b", "c"]]) + '<row r="2"><c r="A2" t="e"><f>VLOOKUP(1,X:X,1)</f><v>#N/A</v></c>'
                '<c r="B2" t="b"><v>1</v></c><c r="C2" t="b"><v>0</v></c></row>'
            )
        ),
        (Found({"a": ["#N/A"], "b": [True], "c": [False]}, [2], [1]),),
        apart=True,
    ),
    Case(
        "escapes of Excel's own, and characters no database stores",
        "a.xlsx",
        simple([["a", "b"], ["甲_x000D_乙", "_x0000_丙_xD800_"], ["x_x y", "_x005F_x000D_"]]),
        (Found({"a": ["甲\r乙", "x_x y"], "b": ["丙?", "_x000D_"]}, [2, 3], [1]),),
    ),
    Case(
        "rows left out and in no order",
        "a.xlsx",
        package(sheet_xml(rows([["H2", "李四"]], 9) + rows([["台账"]], 1) + rows([HEAD, ["H1", "张三"]], 3))),
        (Found(TWO_FOUND, [4, 9], [1, 3]),),
    ),
    Case(
        "no cell says where it is",
        "a.xlsx",
        package(
            sheet_xml(
                "<row>" + "".join(f'<c t="inlineStr"><is><t>{word}</t></is></c>' for word in HEAD) + "</row><row/>"
                '<row><c t="inlineStr"><is><t>H1</t></is></c><c t="inlineStr"><is><t>张三</t></is></c></row>'
            )
        ),
        (Found({"户编号": ["H1"], "户主": ["张三"]}, [3], [1]),),
    ),
    Case(
        "formulas with and without a computed value",
        "a.xlsx",
        package(
            sheet_xml(
                rows([["a", "b", "c"]])
                + '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2"><f>SUM(A2:A2)</f><v></v></c>'
                '<c r="C2" t="str"><f>A2&amp;"户"</f><v>2户</v></c></row>'
                '<row r="3"><c r="A3"><f>cmd|&apos;/C calc&apos;!A0</f></c>'
                '<c r="B3" t="str"><f>IF(A2=0,"")</f><v></v></c><c r="C3"><v>7</v></c></row>'
            )
        ),
        (
            Found(
                {"a": [2, "=cmd|'/C calc'!A0"], "b": ["=SUM(A2:A2)", None], "c": ["2户", 7]},
                [2, 3],
                [1],
                ((2, "2个公式没有计算结果（第2、3行）"),),
            ),
        ),
        apart=True,
    ),
    Case(
        "a formula that several cells share and nobody computed",
        "a.xlsx",
        package(
            sheet_xml(
                rows([["a", "b"]])
                + '<row r="2"><c r="A2"><v>1</v></c><c r="B2"><f t="shared" ref="B2:B3" si="0">A2*2</f></c></row>'
                '<row r="3"><c r="A3"><v>2</v></c><c r="B3"><f t="shared" si="0"/></c></row>'
            )
        ),
        (Found({"a": [1, 2], "b": ["=A2*2", "=A2*2"]}, [2, 3], [1], ((2, "2个公式"),)),),
    ),
    Case(
        "days counted from 1904",
        "a.xlsx",
        package(
            sheet_xml(rows([["日期", "n"]]) + f'<row r="2">{cell("A2", 43951, 1)}{cell("B2", 43951)}</row>'),
            formats=["yyyy-mm-dd"],
            properties='date1904="1"',
        ),
        (Found({"日期": [day("2024-05-01")], "n": [43951]}, [2], [1]),),
        apart=True,
    ),
    Case(
        "days before March 1900, times of day, spans, and days that do not exist",
        "a.xlsx",
        package(
            sheet_xml(
                rows([["a", "b", "c", "d"]])
                + f'<row r="2">{cell("A2", 1, 1)}{cell("B2", 0.395833333333333, 2)}{cell("C2", 1.25, 3)}'
                f"{cell('D2', 45413.5, 1)}</row>"
                f'<row r="3">{cell("A3", 61, 1)}{cell("B3", 0, 2)}{cell("C3", -1, 1)}{cell("D3", 99999999, 1)}</row>'
            ),
            formats=["yyyy/m/d", "h:mm", "[h]:mm:ss"],
        ),
        (
            Found(
                {
                    "a": [day("1900-01-01"), day("1900-03-01")],
                    "b": ["09:30:00", 0],
                    "c": ["30:00:00", -1],
                    "d": [day("2024-05-01T12:00"), 99999999],
                },
                [2, 3],
                [1],
            ),
        ),
    ),
    Case(
        "formats that show a date in Chinese, and formats that only look like it",
        "a.xlsx",
        package(
            sheet_xml(
                rows([list("abcdefg")])
                + f'<row r="2">{"".join(cell(letter + "2", 45413, at) for at, letter in enumerate("ABCDEFG", 1))}</row>'
            ),
            formats=['yyyy"年"m"月"d"日";@', "[DBNum1][$-804]m月d日", '0.00"d"', "[Red]#,##0", "G/通用格式"],
            format_ids=[31, 58],
        ),
        (
            Found(
                {
                    "a": [day("2024-05-01")],
                    "b": [day("2024-05-01")],
                    "c": [45413],
                    "d": [45413],
                    "e": [45413],
                    "f": [day("2024-05-01")],
                    "g": [day("2024-05-01")],
                },
                [2],
                [1],
            ),
        ),
    ),
    Case(
        "a head of two merged lines",
        "a.xlsx",
        package(
            sheet_xml(
                rows(
                    [
                        ["乡镇", "C级", None, "D级", None, "无房户", None],
                        [None, "户数", "资金", "户数", "资金", "户数", "资金"],
                        ["甲镇", 1, 0.75, 2, 4.2, 1, 2.1],
                    ]
                ),
                after=merged("A1:A2", "B1:C1", "D1:E1", "F1:G1"),
            )
        ),
        (
            Found(
                {
                    "乡镇": ["甲镇"],
                    "C级 户数": [1],
                    "C级 资金": [0.75],
                    "D级 户数": [2],
                    "D级 资金": [4.2],
                    "无房户 户数": [1],
                    "无房户 资金": [2.1],
                },
                [3],
                [1, 2],
            ),
        ),
        apart=True,
    ),
    Case(
        "a head of three merged lines under a title, and a merged total",
        "a.xlsx",
        package(sheet_xml(rows(THREE_LINES), after=merged(*THREE_MERGES))),
        (
            Found(
                {
                    "序号": [1, 2],
                    "乡镇": ["甲镇", "乙镇"],
                    "改造任务 C级 户数": [2, 3],
                    "改造任务 C级 资金": [1.5, 2.25],
                    "改造任务 D级 户数": [0, 1],
                    "改造任务 D级 资金": [0, 2.1],
                    "备注": [None, "核实中"],
                },
                [5, 6],
                [1, 2, 3, 4, 7],
            ),
        ),
    ),
    Case(
        "a head of groups that say nothing",
        "a.xlsx",
        package(
            sheet_xml(
                rows(
                    [
                        ["户主基本情况", None, "房屋情况", None, "配偶情况", None],
                        ["姓名", "证号", "等级", "面积", "姓名", "电话"],
                        ["张三", "x", "C级", 80, "李四", "y"],
                    ]
                ),
                after=merged("A1:B1", "C1:D1", "E1:F1"),
            )
        ),
        (
            Found(
                {
                    "姓名": ["张三"],
                    "证号": ["x"],
                    "等级": ["C级"],
                    "面积": [80],
                    "配偶情况 姓名": ["李四"],
                    "配偶情况 电话": ["y"],
                },
                [3],
                [1, 2],
            ),
        ),
    ),
    Case(
        "a village merged over its rows, blank rows below it, and a merged remark",
        "a.xlsx",
        package(
            sheet_xml(
                rows(
                    [
                        ["村", "户主", "人口", "备注"],
                        ["甲村", "张", 3, "低保"],
                        [None, "李", 4, None],
                        [None, "王", 5, None],
                        ["以上各户已经村民代表会议评议并公示"],
                        ["乙村", "赵", 2, None],
                    ]
                ),
                after=merged("A2:A4", "A5:D5", "D2:D3", "A6:A40"),
            )
        ),
        (
            Found(
                {
                    "村": ["甲村", "甲村", "甲村", "乙村"],
                    "户主": ["张", "李", "王", "赵"],
                    "人口": [3, 4, 5, 2],
                    "备注": ["低保", "低保", None, None],
                },
                [2, 3, 4, 6],
                [1, 5],
            ),
        ),
        apart=True,
    ),
    Case(
        "cells merged to the right hold once",
        "a.xlsx",
        package(
            sheet_xml(
                rows([["户主", "住址", "门牌", "人口"], ["张", "甲村一组", None, 3], ["李", "乙村", "2", 4]]),
                after=merged("B2:C2"),
            )
        ),
        (
            Found(
                {"户主": ["张", "李"], "住址": ["甲村一组", "乙村"], "门牌": [None, "2"], "人口": [3, 4]}, [2, 3], [1]
            ),
        ),
    ),
    Case(
        "hidden and filtered rows, hidden columns",
        "a.xlsx",
        package(
            sheet_xml(
                rows(TWO, attributes={3: 'hidden="1"', 2: 'hidden="true"'}) + '<row r="9" hidden="1"/>',
                before='<cols><col min="2" max="16384" hidden="1" width="9"/></cols>',
                after='<autoFilter ref="A1:B3"/>',
            )
        ),
        (Found(TWO_FOUND, [2, 3], [1], ((2, "2行被隐藏或筛掉（第2、3行）"), (None, "1列被隐藏（B列）"))),),
        apart=True,
    ),
    Case(
        "hidden and very hidden sheets",
        "a.xlsx",
        simple(TWO, TWO, TWO, names=["甲", "乙", "丙"], states=["visible", "hidden", "veryHidden"]),
        (
            Found(TWO_FOUND, [2, 3], [1], name="甲"),
            Found(TWO_FOUND, [2, 3], [1], ((None, "工作表是隐藏的"),), name="乙"),
            Found(TWO_FOUND, [2, 3], [1], ((None, "工作表是隐藏的"),), name="丙"),
        ),
    ),
    Case(
        "a sheet is asked for by its number",
        "a.xlsx",
        simple([], TWO, names=["空", "户"]),
        (Found(TWO_FOUND, [2, 3], [1], name="户"),),
        {"sheet": "2"},
        apart=True,
    ),
    Case("a sheet is asked for that is not there", "a.xlsx", simple(TWO), "no sheet or layer “x”", {"sheet": "x"}),
    Case(
        "every name has a prefix",
        "a.xlsx",
        package(
            f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1" t="str"><x:v>a</x:v></x:c>'
            '<x:c r="B1" t="str"><x:v>b</x:v></x:c></x:row><x:row r="2"><x:c r="A2" s="1"/>'
            '<x:c r="B2"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>'
        ),
        (Found({"a": [None], "b": [1]}, [2], [1]),),
    ),
    Case("the strict form of the standard", "a.xlsx", simple(TWO, strict=True), (PLAIN,)),
    Case(
        "parts named with backslashes and capitals",
        "a.xlsx",
        simple(TWO, rename=lambda name: name.replace("/", "\\").replace("sheet1", "Sheet1")),
        (PLAIN,),
    ),
    Case(
        "a sheet in UTF-16",
        "a.xlsx",
        package(("<?xml version='1.0' encoding='UTF-16'?>" + sheet_xml(rows(TWO))).encode("utf-16")),
        (PLAIN,),
    ),
    Case(
        "a comment that holds what looks like blank cells",
        "a.xlsx",
        package(sheet_xml('<!-- <row r="1"><c r="A1"/></row> -->' + rows(TWO))),
        (PLAIN,),
    ),
    Case("formats in every row of the sheet", "a.xlsx", blank_rows, (PLAIN,), apart=True, large=True),
    Case(
        "one cell in the last corner of the sheet",
        "a.xlsx",
        package(sheet_xml(rows(TWO) + f'<row r="{LAST_ROW}">{cell(f"XFD{LAST_ROW}", "x")}</row>')),
        (
            Found(
                {"户编号": ["H1", "H2", None], "户主": ["张三", "李四", None], "列XFD": [None, None, "x"]},
                [2, 3, LAST_ROW],
                [1],
            ),
        ),
        apart=True,
    ),
    Case(
        "a hundred thousand merged ranges",
        "a.xlsx",
        many_merges,
        (
            Found(
                {"村": [f"村{n - n % 2}" for n in range(1000)], "户主": [f"户{n}" for n in range(1000)]},
                list(range(2, 1002)),
                [1],
            ),
        ),
        apart=True,
        large=True,
    ),
    Case(
        "merged ranges that lie on one another a thousand times",
        "a.xlsx",
        package(sheet_xml(rows(TWO) + rows([["H9", "x"]], LAST_ROW), after=merged(*[f"A2:A{LAST_ROW}"] * 1000))),
        "too much",
        apart=True,
        large=True,
    ),
    Case(
        "a cell beyond the last row",
        "a.xlsx",
        package(sheet_xml(rows(TWO) + '<row r="1048577"><c r="A1048577"><v>1</v></c></row>')),
        "row 1048577",
    ),
    Case(
        "a cell beyond the last column", "a.xlsx", package(sheet_xml(f'<row r="1">{cell("XFE1", 1)}</row>')), "cell XFE"
    ),
    Case(
        "a shared string that is not there",
        "a.xlsx",
        package(sheet_xml('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>')),
        "text -1 in row 1",
    ),
    Case("entities in a sheet", "a.xlsx", package(XXE + sheet_xml(rows(TWO))), "DTD", apart=True),
    Case(
        "entities among the shared strings", "a.xlsx", simple(TWO, more={"xl/sharedStrings.xml": XXE + "<sst/>"}), "DTD"
    ),
    Case("entities in the list of sheets", "a.xlsx", simple(TWO, more={"xl/workbook.xml": XXE + "<workbook/>"}), "DTD"),
    Case(
        "elements in elements without end",
        "a.xlsx",
        package("<worksheet>" + "<x>" * 100_000),
        "nested too deeply",
        apart=True,
    ),
    Case(
        "a sheet that is a chart",
        "a.xlsx",
        simple(
            TWO,
            more={
                "xl/workbook.xml": f'<workbook xmlns:r="{RELATIONS}"><sheets><sheet name="图" sheetId="2" r:id="rId9"/>'
                '<sheet name="户" sheetId="1" r:id="rId1"/></sheets></workbook>',
                "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="rId9" Type="{RELATIONS}/chartsheet" '
                f'Target="chartsheets/sheet1.xml"/><Relationship Id="rId1" Type="{RELATIONS}/worksheet" '
                'Target="/xl/worksheets/sheet1.xml"/></Relationships>',
            },
        ),
        (Found(TWO_FOUND, [2, 3], [1], name="户"),),
    ),
    Case(
        "a sheet whose part is missing",
        "a.xlsx",
        simple(
            TWO,
            more={
                "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="rId1" Type="{RELATIONS}/worksheet" '
                'Target="worksheets/none.xml"/></Relationships>'
            },
        ),
        "none.xml is missing",
    ),
    Case("a directory that states too small a size", "a.xlsx", lying_directory, "damaged", apart=True),
    Case("cut in the middle", "a.xlsx", plain_with(lambda path: path.write_bytes(path.read_bytes()[:900])), "damaged"),
    Case(
        "the workbook is called csv",
        "a.csv",
        simple(TWO),
        (Found(TWO_FOUND, [2, 3], [1], ((None, "内容其实是工作簿"),)),),
    ),
    Case("the workbook is called zip", "a.zip", simple(TWO), (Found(TWO_FOUND, [2, 3], [1], ((None, "“.zip”"),)),)),
    Case("the workbook is called et", "a.et", simple(TWO), (PLAIN,)),
    Case("a binary workbook", "a.xlsx", document("xl/workbook.bin", "_rels/.rels"), "binary workbook"),
    Case(
        "a workbook of OpenDocument",
        "a.xls",
        document("content.xml", mimetype="application/vnd.oasis.opendocument.spreadsheet"),
        "OpenDocument",
    ),
    Case("a Word document", "a.xlsx", document("_rels/.rels", "word/document.xml"), "Word or PowerPoint"),
    Case("an archive of something else", "a.xlsx", document("photo.jpg"), "no workbook"),
    Case("an XML spreadsheet of 2003", "a.xls", written(spreadsheet_2003()), "XML spreadsheet"),
    Case("a picture", "a.xls", written(b"\x89PNG\r\n\x1a\n" + b"\0" * 50), "picture"),
)
