"""Old workbooks (.xls and WPS's .et), and what is called so without being one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xlwt

from tests.files.case import Build, Case, Found, written
from tests.files.workbooks import PLAIN, TWO, TWO_FOUND

FILEPASS = b"\x2f\x00\x06\x00" + b"\x00" * 6
DAY = dt.datetime.fromisoformat("2024-05-01")


def book(fill: Callable[[Any, Any], None]) -> Build:
    """Give a builder for a workbook of one sheet, which is filled by a function of book and sheet."""

    def build(path: Path) -> None:
        made = xlwt.Workbook(encoding="utf-8")
        fill(made, made.add_sheet("台账"))
        made.save(str(path))

    return build


def write(sheet: Any, table: list[list[Any]]) -> None:
    """Write values row by row from the first row on."""
    for number, values in enumerate(table):
        for column, value in enumerate(values):
            if value is not None:
                sheet.write(number, column, value)


def plain(_: Any, sheet: Any) -> None:
    write(sheet, TWO)


def dated(from_1904: bool) -> Callable[[Any, Any], None]:
    """Every kind of value, days counted from one of the two beginnings."""

    def fill(made: Any, sheet: Any) -> None:
        made.dates_1904 = from_1904
        write(sheet, [["证号", "人口", "面积", "真", "错", "日期", "时间"], ["007", 3, 45.5, True]])
        sheet.row(1).set_cell_error(4, 0x2A)
        sheet.write(1, 5, DAY, xlwt.easyxf(num_format_str="yyyy-mm-dd"))
        sheet.write(1, 6, dt.time(9, 30), xlwt.easyxf(num_format_str="h:mm"))

    return fill


def laid_out(made: Any, sheet: Any) -> None:
    """Merged head and village, a hidden row, a hidden column, a hidden sheet."""
    sheet.write_merge(0, 0, 0, 3, "农房台账")
    sheet.write_merge(1, 2, 0, 0, "村")
    sheet.write_merge(1, 1, 1, 2, "C级")
    sheet.write_merge(1, 2, 3, 3, "备注")
    sheet.write(2, 1, "户数")
    sheet.write(2, 2, "资金")
    sheet.write_merge(3, 4, 0, 0, "甲村")
    for row, (count, money) in enumerate([(1, 0.75), (2, 1.5)], start=3):
        sheet.write(row, 1, count)
        sheet.write(row, 2, money)
    sheet.row(4).hidden = True
    sheet.col(2).hidden = True
    other = made.add_sheet("旧")
    other.visibility = 2
    write(other, TWO)


def uncomputed(_: Any, sheet: Any) -> None:
    write(sheet, [["a", "b"], [1]])
    sheet.write(1, 1, xlwt.Formula("A2*2"))


def changed(change: Callable[[bytes], bytes]) -> Build:
    """Give a builder for the plain workbook with its bytes changed."""

    def build(path: Path) -> None:
        book(plain)(path)
        path.write_bytes(change(path.read_bytes()))

    return build


def with_password(raw: bytes) -> bytes:
    """Put the record that says the rest is encrypted behind the first one."""
    at = raw.index(b"\x09\x08\x10\x00")
    first = at + 20
    return raw[:first] + FILEPASS + raw[first + len(FILEPASS) :]


def renamed(name: str) -> Callable[[bytes], bytes]:
    """Give the only stream another name."""
    old, new = "Workbook".encode("utf-16-le"), name.encode("utf-16-le")

    def change(raw: bytes) -> bytes:
        at = raw.index(old)
        entry = new.ljust(64, b"\0") + (len(new) + 2).to_bytes(2, "little")
        return raw[:at] + entry + raw[at + 66 :]

    return change


def circle(raw: bytes) -> bytes:
    """Let the first chain of sectors run in a circle."""
    table = 512 + 512 * int.from_bytes(raw[76:80], "little")
    start = int.from_bytes(raw[48:52], "little")
    at = table + 4 * start
    return raw[:at] + start.to_bytes(4, "little") + raw[at + 4 :]


PAGE = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset="gb2312">
<style>td {mso-number-format:"\\@"}</style></head><body><p>导出时间</p><table border=1>
<tr><td colspan=4>农房台账</td></tr>
<tr><td rowspan=2>村<td colspan=2>C级<th rowspan=2>备&nbsp;注</tr><tr><td>户数<td>资金</tr>
<tr><td rowspan="2">甲村</td><td>007</td><td>1.5 </td><td>a<br>b</td></tr>
<tr><td>3</td><td><b>4</b><img src="x.png"></td></tr>
</table><table><tr><td></td></tr></table></body></html>"""

OLD_WORKBOOKS: tuple[Case, ...] = (
    Case("plain", "a.xls", book(plain), (Found(TWO_FOUND, [2, 3], [1], name="台账", kind="xls"),), apart=True),
    Case("an old workbook of WPS", "a.et", book(plain), (PLAIN,)),
    *(
        Case(
            f"every kind of value, days from {'1904' if late else '1900'}",
            "a.xls",
            book(dated(late)),
            (
                Found(
                    {
                        "证号": ["007"],
                        "人口": [3],
                        "面积": [45.5],
                        "真": [True],
                        "错": ["#N/A"],
                        "日期": [DAY],
                        "时间": ["09:30:00"],
                    },
                    [2],
                    [1],
                ),
            ),
            apart=late,
        )
        for late in (False, True)
    ),
    Case(
        "merged and hidden things",
        "a.xls",
        book(laid_out),
        (
            Found(
                {"村": ["甲村", "甲村"], "C级 户数": [1, 2], "C级 资金": [0.75, 1.5], "备注": [None, None]},
                [4, 5],
                [1, 2, 3],
                ((5, "1行被隐藏或筛掉（第5行）"), (None, "1列被隐藏（C列）")),
                name="台账",
            ),
            Found(TWO_FOUND, [2, 3], [1], ((None, "工作表是隐藏的"),), name="旧"),
        ),
    ),
    Case(
        "formulas nobody computed",
        "a.xls",
        book(uncomputed),
        (Found({"a": [1], "b": [None]}, [2], [1], ((2, "1个公式没有计算结果（第2行），按空白读取"),)),),
    ),
    Case(
        "one cell in the last corner of the sheet",
        "a.xls",
        book(lambda _, sheet: (write(sheet, TWO), sheet.write(65535, 255, 1))),
        "too much",
        apart=True,
    ),
    Case(
        "one cell in the last row",
        "a.xls",
        book(lambda _, sheet: (write(sheet, TWO), sheet.write(65535, 1, "x"))),
        (Found({"户编号": ["H1", "H2", None], "户主": ["张三", "李四", "x"]}, [2, 3, 65536], [1]),),
    ),
    Case("a workbook with a password", "a.xls", changed(with_password), "has a password", apart=True),
    Case("a new workbook with a password", "a.xlsx", changed(renamed("EncryptedPackage")), "has a password"),
    Case("an old Word document", "a.xls", changed(renamed("WordDocument")), "Word or PowerPoint"),
    Case("an old Office file of another kind", "a.xls", changed(renamed("Drawing")), "an old Office file"),
    Case("a chain that runs in a circle", "a.xls", changed(circle), "chain of sectors", apart=True),
    Case("cut in the middle", "a.xls", changed(lambda raw: raw[:2000]), "damaged"),
    Case(
        "the old workbook is called xlsx",
        "a.xlsx",
        book(plain),
        (Found(TWO_FOUND, [2, 3], [1], ((None, "“.xlsx”，内容其实是旧式工作簿"),)),),
    ),
    Case(
        "a web page is called xls",
        "a.xls",
        written(PAGE, "gbk"),
        (
            Found(
                {"村": ["甲村", "甲村"], "C级 户数": ["007", "3"], "C级 资金": ["1.5", "4"], "备 注": ["a\nb", None]},
                [4, 5],
                [1, 2, 3],
                ((None, "其实是网页"),),
                name="a",
                kind="html",
            ),
        ),
        apart=True,
    ),
    Case(
        "a text table is called xls",
        "a.xls",
        written("户编号\t户主\nH1\t张三\nH2\t李四\n", "gbk"),
        (Found(TWO_FOUND, [2, 3], [1], ((None, "“.xls”，内容其实是文本表格"),)),),
    ),
    Case(
        "a web page without a table", "a.xls", written("<!DOCTYPE html><html><p>请登录</p></html>"), "without a table"
    ),
    Case("neither", "a.xls", written(b"\x01\x02\x03" * 99), "no workbook"),
)
