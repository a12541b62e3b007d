"""Text tables and workbooks as offices make them."""

from __future__ import annotations

import csv
import datetime as dt
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from geo.files import FileUnreadable, Sheet, read_table

DATA = Path(__file__).resolve().parent.parent / "data"
LEDGER = "户编号,户主,电话\r\nH1,张三,013800000000\r\nH2,“李四”,\r\n"
Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write text in an encoding, or bytes, to a file of a name."""

    def write(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    """Save a workbook of the given sheets."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


def only(path: Path, **options: Any) -> Sheet:
    (sheet,) = read_table(path, **options)
    return sheet


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le-bom"])
def test_the_encoding_of_a_text_table_is_found(save: Save, encoding: str) -> None:
    content = "\ufeff" + LEDGER if encoding == "utf-16-le-bom" else LEDGER
    path = save("户.csv", content.encode(encoding.removesuffix("-bom")))
    sheet = only(path)
    assert sheet.frame.to_dict("list") == {
        "户编号": ["H1", "H2"],
        "户主": ["张三", "“李四”"],
        "电话": ["013800000000", None],
    }
    assert (sheet.name, sheet.kind, sheet.header_row, sheet.crs) == ("户", "csv", 1, None)
    assert sheet.rows.tolist() == [2, 3]


def test_rare_characters_of_names_survive_gb18030(save: Save) -> None:
    assert only(save("a.csv", "姓名,村\n𠮷䶮,鄌郚镇\n", "gb18030")).frame["姓名"].tolist() == ["𠮷䶮"]


def test_a_named_encoding_is_used(save: Save) -> None:
    assert only(save("a.csv", "姓名,村\n陳氏,鎮\n", "big5"), encoding="big5").frame["姓名"].tolist() == ["陳氏"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "，"])
def test_the_delimiter_is_found_even_with_others_inside_cells(save: Save, delimiter: str) -> None:
    other = ";" if delimiter == "," else ","
    rows = [["户编号", "地址", "人口"], ["H1", f"甲村{other}一组{other}3号", "3"], ["H2", "乙村", "4"]]
    sheet = only(save("a.csv", "\n".join(delimiter.join(row) for row in rows)))
    assert sheet.frame.columns.tolist() == rows[0]
    assert sheet.frame.iloc[0].tolist() == rows[1]


def test_line_ends_quotes_and_breaks_inside_cells(save: Save) -> None:
    content = 'a,b\r"一\n二",2\r"say ""hi""",3\rsloppy "quote" here,4\r'
    sheet = only(save("a.csv", content))
    assert sheet.frame["a"].tolist() == ["一\n二", 'say "hi"', 'sloppy "quote" here']
    assert sheet.rows.tolist() == [2, 3, 4]


def test_text_after_a_closing_quote_is_taken_as_it_stands(save: Save) -> None:
    assert only(save("a.csv", 'a,b\n"甲"村,2\n')).frame["a"].tolist() == ["甲村"]


def test_a_quote_nobody_closed_is_a_character_and_swallows_no_rows(save: Save) -> None:
    rows = "".join(f"H{number},x\n" for number in range(300))
    for end, more in (("", 0), ('y"z,1\n', 1)):
        sheet = only(save("a.csv", f'a,b\nH0,"x\n{rows}{end}'))
        assert len(sheet.frame) == 301 + more
        assert sheet.frame["b"].tolist()[:2] == ['"x', "x"]
        (note,) = sheet.notes
        assert note.row == 2
        assert "没有配对" in note.text.zh


def test_hostile_text_stays_text(save: Save) -> None:
    cells = ["${document.title='x'}", "<img src=x onerror=alert(1)>", "</script>", "=cmd|' /C calc'!A0"]
    path = save("a.csv", "")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["户主", "地址"], *[[cell, "x"] for cell in cells]])
    assert only(path).frame["户主"].tolist() == cells


def test_real_visits_are_read_whole() -> None:
    sheet = only(DATA / "zambia_visits.csv")
    plain = pd.read_csv(DATA / "zambia_visits.csv", dtype=str)
    assert len(sheet.frame) == len(plain) == 178
    assert sheet.frame["structure_id"].tolist() == plain["structure_id"].tolist()
    assert sheet.rows.tolist() == list(range(2, 180))


def test_a_workbook_keeps_text_numbers_and_dates_apart(tmp_path: Path) -> None:
    day = dt.datetime.fromisoformat("2024-05-01")
    rows = [
        ["身份证号", "人口", "面积", "鉴定日期", "空"],
        ["370725199001011234", 3, 45.5, day, None],
        ["007", None, 0, None, None],
    ]
    sheet = only(workbook(tmp_path / "a.xlsx", 台账=rows))
    assert sheet.frame.to_dict("list") == {
        "身份证号": ["370725199001011234", "007"],
        "人口": [3, None],
        "面积": [45.5, 0],
        "鉴定日期": [day, None],
        "空": [None, None],
    }
    assert (sheet.name, sheet.kind) == ("台账", "xlsx")
    assert type(sheet.frame["人口"][0]) is int


def test_rows_of_a_workbook_are_numbered_as_on_the_screen(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page["A1"] = "鄌郚镇农房台账"
    page["A3"], page["B3"] = "户主", "人口"
    page["A7"], page["B7"] = "张三", 3
    page["A9"], page["B9"] = "合计", 3
    book.save(tmp_path / "a.xlsx")
    sheet = only(tmp_path / "a.xlsx")
    assert (sheet.header_row, sheet.rows.tolist()) == (3, [7])
    assert [row.row for row in sheet.ignored] == [1, 3, 9]
    assert sheet.ignored[2].why.zh == "合计行"


def test_every_sheet_with_content_is_read_and_one_can_be_chosen(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", 甲村=[["户主", "n"], ["张", 1]], 空=[], 乙村=[["户主", "n"], ["李", 2]])
    assert [sheet.name for sheet in read_table(path)] == ["甲村", "乙村"]
    assert only(path, sheet="乙村").frame["户主"].tolist() == ["李"]
    assert only(path, sheet="3").frame["户主"].tolist() == ["李"]
    with pytest.raises(FileUnreadable, match=r"丙村.*甲村、空、乙村"):
        read_table(path, sheet="丙村")


def test_a_wrong_extent_written_by_the_program_loses_no_rows(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", 台账=[["a", "b"], *[[number, "x"] for number in range(50)]])
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b'ref="A1:B51"', b'ref="A1:A2"'))
    assert only(tmp_path / "b.xlsx").frame["b"].tolist() == ["x"] * 50


def test_excels_escapes_in_text_are_undone_and_nul_is_dropped(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", s=[["a", "b"], ["甲_x000D_乙", "_x0000_丙"], ["x_x y", dt.time(9, 30)]])
    sheet = only(path)
    assert sheet.frame["a"].tolist() == ["甲\r乙", "x_x y"]
    assert sheet.frame["b"].tolist() == ["丙", "09:30:00"]


CELL = (
    st.none()
    | st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=20).filter(lambda text: text.strip())
    | st.integers(-(10**15), 10**15)
    | st.floats(-1e15, 1e15)
    | st.booleans()
    | st.datetimes(dt.datetime(1900, 3, 1), dt.datetime(9999, 1, 1)).map(lambda at: at.replace(microsecond=0))  # noqa: DTZ001
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELL, min_size=4, max_size=4), min_size=1, max_size=8))
def test_two_readers_of_workbooks_agree(tmp_path: Path, table: list[list[Any]]) -> None:
    head = ["甲列", "乙列", "丙列", "丁列"]
    # Text in the first column keeps every row from being taken for a total, a head or a remark.
    body = [[f"H{number}x", *row] for number, row in enumerate(table)]
    path = workbook(tmp_path / "a.xlsx", s=[["编号", *head], *body])
    page = openpyxl.load_workbook(path).worksheets[0]
    theirs = [list(row) for row in page.iter_rows(min_row=2, max_col=5, values_only=True)]
    ours = only(path).frame.to_numpy().tolist()
    assert [[(type(cell), cell) for cell in row] for row in ours] == [
        [(type(cell), unescape(cell) if isinstance(cell, str) else cell) for cell in row] for row in theirs
    ]
