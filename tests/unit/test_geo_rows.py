"""Records told from titles, heads, totals, remarks and signatures."""

from __future__ import annotations

from typing import Any

import pytest

from geo.errors import Text
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
