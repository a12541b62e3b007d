"""Records told from titles, heads, totals, remarks and signatures."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import Text
from geo.files.heads import Merge
from geo.files.rows import HEAD, REMARK, SIGNATURE, TITLE, TOTAL, split_rows


def ignored_of(raw: list[list[Any]]) -> list[tuple[int, Text]]:
    return [tuple(row) for row in split_rows(raw)[1]]


def test_a_plain_table_has_its_head_and_true_row_numbers() -> None:
    records, ignored = split_rows([["户主", "电话"], ["张三", "1"], [], ["李四", "2"]])
    assert records.frame.to_dict("list") == {"户主": ["张三", "李四"], "电话": ["1", "2"]}
    assert records.rows.tolist() == [2, 4]
    assert records.header_row == 1
    assert [tuple(row) for row in ignored] == [(1, HEAD)]


def test_a_published_table_with_everything_around_it() -> None:
    raw = [
        ["垫江县2021年农村危房改造任务分配表"],
        [],
        ["填报单位：住建委", None, None, "日期：2021年5月"],
        ["序号", "乡镇", "C级", None, "D级", None, "备注"],
        [None, None, "户数", "资金", "户数", "资金"],
        [1, "甲镇", 2, 1.5, 0, 0],
        [2, "乙镇", 3, 2.25, 1, 2.1, "备注：核实中"],
        ["小计", None, 5, 3.75, 1, 2.1],
        [3, "丙乡", 1, 0.75, None, None],
        ["合 计", None, 6, 4.5, 1, 2.1],
        ["备注：资金单位为万元"],
        ["填表人：", "张", None, "审核人：李"],
    ]
    records, ignored = split_rows(raw)
    assert records.frame.columns.tolist() == ["序号", "乡镇", "C级 户数", "C级 资金", "D级 户数", "D级 资金", "备注"]
    assert records.rows.tolist() == [6, 7, 9]
    assert records.header_row == 5
    assert records.frame["备注"].tolist() == [None, "备注：核实中", None]
    assert records.frame["C级 户数"].tolist() == [2, 3, 1]
    assert [tuple(row) for row in ignored] == [
        (1, TITLE),
        (3, TITLE),
        (4, HEAD),
        (5, HEAD),
        (8, TOTAL),
        (10, TOTAL),
        (11, REMARK),
        (12, SIGNATURE),
    ]


@pytest.mark.parametrize(
    "word", ["合计", "总计", "小计", "合　计：", "Total", "TOTAL", "Grand total", "鄌郚镇小计", "Subtotal"]
)
def test_total_rows_in_the_first_column(word: str) -> None:
    assert ignored_of([["村", "户数"], ["甲村", "3"], [word, "3"]])[1:] == [(3, TOTAL)]


def test_a_total_in_the_second_filled_cell() -> None:
    assert ignored_of([["序号", "村", "户数"], ["1", "甲村", "3"], [None, "合计", "3"]])[1:] == [(3, TOTAL)]


@pytest.mark.parametrize(
    "text", ["备注：无", "备 注: 无", "注：1.户数为常住户", "说明：", "填表说明 一、", "Note: x", "注1：见附件"]
)
def test_remarks_stand_alone_in_their_row(text: str) -> None:
    assert ignored_of([["村", "户数"], ["甲村", "3"], [text]])[1:] == [(3, REMARK)]


@pytest.mark.parametrize(
    "row",
    [["备注", "3"], ["注家庄", "3"], ["小计村", "3"], ["Totalia", "3"], ["说明书", "1"], ["合计划村", "2"], ["甲村"]],
)
def test_records_that_only_look_like_it_are_kept(row: list[str]) -> None:
    records, ignored = split_rows([["村", "户数"], ["甲村", "3"], row])
    assert records.rows.tolist() == [2, 3]
    assert len(ignored) == 1


def test_a_head_repeated_on_each_page_is_ignored() -> None:
    assert ignored_of([["村", "户数"], ["甲村", "3"], ["村", "户数"], ["乙村", "4"]]) == [(1, HEAD), (3, HEAD)]


def test_a_list_of_one_column() -> None:
    records, _ = split_rows([["姓名"], ["张三"], ["备注"], ["李四"]])
    assert records.frame["姓名"].tolist() == ["张三", "备注", "李四"]


def test_columns_are_unique_text_and_unnamed_ones_are_kept_only_with_content() -> None:
    records, _ = split_rows([[" 户\n主 ", "电话", "电话", None, None, 2021], ["张", "1", "2", None, "x", 5]])
    assert records.frame.columns.tolist() == ["户 主", "电话", "电话 (2)", "列E", "2021"]


def test_cells_beyond_the_head_are_not_lost() -> None:
    records, _ = split_rows([["a", "b"], ["1", "2", "3"], ["4"]])
    assert records.frame.to_dict("list") == {"a": ["1", "4"], "b": ["2", None], "列C": ["3", None]}


def test_text_stays_as_it_is_and_blank_text_is_none() -> None:
    records, _ = split_rows([["a", "b"], [" 007 ", "\u3000 "], ["1E5", 3.0]])
    assert records.frame.to_dict("list") == {"a": [" 007 ", "1E5"], "b": [None, 3.0]}


@pytest.mark.parametrize("raw", [[], [[]], [["", None]], [[" "], ["\u3000"]]])
def test_nothing_gives_nothing(raw: list[list[Any]]) -> None:
    records, ignored = split_rows(raw)
    assert (len(records.frame), records.header_row, ignored) == (0, 0, [])


def test_a_head_alone_gives_columns_and_no_records() -> None:
    records, _ = split_rows([["户主", "电话"]])
    assert records.frame.columns.tolist() == ["户主", "电话"]
    assert len(records.frame) == 0


CELL = (
    st.none()
    | st.sampled_from(["合计", "备注", "村", "户数", "甲", "", "1", "元", "填表人：", "x" * 40, "C级"])
    | st.integers(0, 9)
)
TABLE = st.lists(st.lists(CELL, max_size=6), max_size=14)
MERGES = st.lists(
    st.tuples(st.integers(1, 14), st.integers(1, 6), st.integers(0, 13), st.integers(0, 5)).map(
        lambda at: Merge(at[0], at[1], at[0] + at[2], at[1] + at[3])
    ),
    max_size=6,
)


@given(TABLE, MERGES)
def test_every_row_is_a_record_or_ignored_or_blank(raw: list[list[Any]], merges: list[Merge]) -> None:
    records, ignored = split_rows(raw, merges=merges)
    filled = [number for number, row in enumerate(raw, start=1) if any(cell not in (None, "") for cell in row)]
    assert sorted([*records.rows.tolist(), *(row.row for row in ignored)]) == filled
    assert len(records.frame) == len(records.rows)
    assert records.frame.columns.is_unique


@given(TABLE)
def test_no_cell_of_a_record_is_lost(raw: list[list[Any]]) -> None:
    records, _ = split_rows(raw)
    for number, values in zip(records.rows.tolist(), records.frame.to_numpy().tolist(), strict=True):
        there = [cell for cell in raw[number - 1] if cell not in (None, "")]
        assert [cell for cell in values if cell is not None] == there


def test_a_cell_merged_downwards_holds_for_rows_that_have_a_cell_of_their_own() -> None:
    raw = [["村", "户主"], ["甲村", "张"], [None, "李"], [], [None, "王"], [None, "赵"]]
    records, _ = split_rows(raw, merges=[Merge(2, 1, 5, 1)])
    assert records.frame["村"].tolist() == ["甲村", "甲村", "甲村", None]
    assert records.rows.tolist() == [2, 3, 5, 6]


def test_rows_may_come_with_numbers_and_columns_of_their_own() -> None:
    raw = [["村", "户主"], ["甲村", "张", "x"]]
    records, ignored = split_rows(raw, numbers=[7, 900], columns=[0, 1, 701])
    assert records.frame.to_dict("list") == {"村": ["甲村"], "户主": ["张"], "列ZZ": ["x"]}
    assert (records.rows.tolist(), records.header_row, ignored_rows(ignored)) == ([900], 7, [7])


def ignored_rows(ignored: list[Any]) -> list[int]:
    return [row.row for row in ignored]


@pytest.mark.parametrize(
    ("head", "names"),
    [
        ([["村", "C级", None], [None, "户数", "资金"]], ["村", "C级 户数", "C级 资金"]),
        ([["村", "农户基本情况", None], [None, "姓名", "电话"]], ["村", "姓名", "电话"]),
        ([["村", "面积", "资金"], [None, "平方米", "（万元）"]], ["村", "面积（平方米）", "资金（万元）"]),
        ([["村", "资金（万元）", "户"], [None, "万元", "户"]], ["村", "资金（万元）", "户"]),
        ([["村", "户主", "人口", "面积"], [1, 2, 3, 4]], ["村", "户主", "人口", "面积"]),
        ([["村", "户主", "人口", "面积"], ["①", "②", "③", "④=②+③"]], ["村", "户主", "人口", "面积"]),
        ([["村", "户主", "人口"], ["甲", "乙", "(1)"]], ["村", "户主", "人口"]),
    ],
)
def test_lines_of_a_head_are_joined_or_left_out(head: list[list[Any]], names: list[str]) -> None:
    width = len(names)
    body = [[f"村{number}", *[f"x{number}"] * (width - 1)] for number in range(3)]
    records, ignored = split_rows([["台账"], *head, *body])
    assert records.frame.columns.tolist() == names
    assert records.rows.tolist() == [4, 5, 6]
    assert ignored_rows(ignored) == [1, 2, 3]


@pytest.mark.parametrize(
    "raw",
    [
        [["村", "户主", "人口"], ["甲村", "张", "3"], ["乙村", "李", "4"]],
        [["a", "b", "c"], [1, 2, 3], [4, 5, 6]],
        [["村", "户主", None], ["甲村", "张", "好"], ["乙村", "李", "坏"]],
        [["村", "单位"], ["甲村", "户"], ["乙村", "户"]],
    ],
)
def test_a_first_record_is_not_taken_for_a_line_of_the_head(raw: list[list[Any]]) -> None:
    assert split_rows(raw)[0].rows.tolist() == [2, 3]


@pytest.mark.parametrize(
    "row",
    [
        [3, "合计", 9, 1],
        [3, "甲村", "小计", 1],
        [None, None, "总计", 9],
        ["全镇合计：12户"],
        ["合计（户）", 12],
        [4, "鄌郚镇合计", 5, 6],
    ],
)
def test_a_number_of_the_row_does_not_make_a_total_a_record(row: list[Any]) -> None:
    raw = [["序号", "村", "户主", "人口"], [1, "甲村", "张", 3], row, [2, "乙村", "李", 4]]
    assert ignored_of(raw)[1:] == [(3, TOTAL)]


def test_a_paragraph_and_a_line_merged_across_are_no_records() -> None:
    raw = [["序号", "村", "户主", "人口"], [1, "甲村", "张", 3], ["一、乙村"], ["以" * 30], [2, "乙村", "李", 4]]
    assert split_rows(raw, merges=[Merge(3, 1, 3, 4)])[0].rows.tolist() == [2, 5]
