"""Rules of an import: what refuses a row, what is only told, within a row and across a file."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.imports.checks import Checks, Rule, check_records, load_checks
from data.imports.fields import all_fields
from data.imports.report import ImportOptions, ImportReport
from data.imports.rows import Records, read_records
from geo.errors import Text
from geo.files import Sheet

TODAY = date(2026, 11, 22)
ID_A, ID_A_15, ID_B = "11010519491231002X", "110105491231002", "340202195506150001"


def sheet_of(rows: list[dict[str, Any]], name: str = "台账") -> Sheet:
    frame = pd.DataFrame(rows).astype(object)
    frame = frame.where(frame.notna(), None)
    return Sheet(name, frame, np.arange(2, 2 + len(rows), dtype=np.int64), None, 1, "xlsx")


def read(kind: str, rows: list[dict[str, Any]], *, checks: Checks | None = None) -> tuple[Records, ImportReport]:
    report = ImportReport(kind)
    records = read_records([sheet_of(rows)], kind, ImportOptions(), report)
    return check_records(records, kind, report, checks, on=TODAY), report


def told(report: ImportReport, *, refused: bool) -> list[tuple[int | None, str | None]]:
    listed = report.problems if refused else report.warnings
    return [(problem.row, problem.code) for problem in listed if problem.code not in ("heading_likely",)]


def test_the_table_of_rules_is_sound() -> None:
    checks = load_checks()
    fields = {name for kind in all_fields().values() for name in kind}
    for code, rule in checks.rules.items():
        assert re.fullmatch(r"[a-z0-9_]+", code)
        assert set(rule.fields) <= fields, code
        assert set(rule.in_kind) <= set(all_fields()), code
        assert set(re.findall(r"\{(\w+)\}", rule.words.zh)) == set(re.findall(r"\{(\w+)\}", rule.words.en)), code
        assert not re.search(r"[!！]|操作成功", rule.words.zh + rule.words.en)


def test_every_rule_named_in_the_code_is_in_the_table() -> None:
    root = Path(__file__).parents[2] / "data"
    code = "\n".join(path.read_text(encoding="utf-8") for path in root.rglob("*.py"))
    named = set(re.findall(r'\b(?:cannot|doubt|checks\.words|load_checks\(\)\.words)\(\s*"(\w+)"', code))
    assert len(named) > 20
    assert named <= set(load_checks().rules)


def test_a_severity_that_is_none_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "checks.toml"
    table.write_text('[odd]\nseverity = "maybe"\nzh = "怪"\nen = "odd"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="odd"):
        load_checks(table)


def test_every_problem_names_its_rule() -> None:
    records, report = read(
        "households",
        [
            {"户编号": "1", "户主": "赵测一", "身份证号": ID_A},
            {"户编号": "2", "户主": "钱测二", "身份证号": "110105194912310021"},
            {"户编号": "3", "户主": "孙测三", "身份证号": "110105194912310000"},
            {"户编号": "4", "户主": "李测四", "身份证号": "110105194902300020"},
            {"户编号": "5", "户主": "周测五", "身份证号": "340299196008070010"},
            {"户编号": "3.70725E+11", "户主": "吴测六", "身份证号": None},
        ],
    )
    assert told(report, refused=True) == [
        (7, "code_damaged"),
        (3, "id_check_digit"),
        (4, "id_damaged"),
        (5, "id_birth_impossible"),
    ]
    assert told(report, refused=False) == [(6, "id_unknown_county")]
    assert (report.read, report.accepted, report.refused, len(records)) == (6, 2, 4, 2)
    assert report.problems[0].to_json("zh")["code"] == "code_damaged"
    assert "19491231" not in str([problem.to_json("zh") for problem in report.problems])


def test_severity_is_data() -> None:
    rows = [{"户编号": "1", "户主": "赵测一", "门牌号": "7"}, {"户编号": "2", "户主": "钱测二", "门牌号": "7"}]
    _, report = read("households", rows)
    assert told(report, refused=False) == [(3, "house_no_repeats")]
    strict = load_checks()
    strict = Checks({**strict.rules, "house_no_repeats": replace(strict.rules["house_no_repeats"], severity="refuse")})
    records, report = read("households", rows, checks=strict)
    assert told(report, refused=True) == [(3, "house_no_repeats")]
    assert (len(records), report.accepted, report.refused) == (1, 1, 1)


def test_one_kind_may_weigh_a_rule_otherwise() -> None:
    words = load_checks().rules["unreadable"].words
    rule = Rule("odd", "refuse", words, words, in_kind={"houses": "warn"})
    checks = Checks({"odd": rule})
    assert checks.refuses("odd", "households")
    assert not checks.refuses("odd", "houses")


def test_several_rows_of_a_rule_are_told_without_the_facts_of_one() -> None:
    rows = [{"户编号": str(n), "户主": f"赵测{n}", "行政村": "东村", "门牌号": "9"} for n in range(4)]
    _, report = read("households", rows)
    (group,) = [group for group in report.groups() if group.code == "house_no_repeats"]
    assert (group.n, group.unit, group.reason.zh) == (3, "row", "门牌在文件中重复")
    assert "第 2 行" in next(problem.reason.zh for problem in report.warnings if problem.code == "house_no_repeats")


def test_a_rule_that_names_a_fact_of_one_row_needs_words_for_several(tmp_path: Path) -> None:
    table = tmp_path / "checks.toml"
    table.write_text('[odd]\nseverity = "warn"\nzh = "第 {row} 行"\nen = "row {row}"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="odd"):
        load_checks(table)


def test_a_remark_on_a_column_and_one_on_the_file_are_no_rows() -> None:
    report = ImportReport("households")
    report.warn(Text("甲", "a"), row=None, sheet="表")
    report.warn(Text("乙", "b"), row=None, sheet="表", column="列")
    assert {group.reason.en: group.unit for group in report.groups()} == {"a": "file", "b": "column"}


def test_a_wrong_id_number_leaves_a_house_where_it_is() -> None:
    records, report = read("houses", [{"房屋编号": "F1", "户主": "赵测一", "身份证号": "110105194912310021"}])
    assert told(report, refused=True) == []
    assert told(report, refused=False) == [(2, "id_check_digit")]
    assert records.column("id_number") == [None]
    assert len(records) == 1


def test_the_same_code_twice_is_refused_once() -> None:
    rows = [{"户编号": "1", "户主": "赵测一", "行政村": "东村"}, {"户编号": "1", "户主": "钱测二", "行政村": "东村"}]
    records, report = read("households", [*rows, {"户编号": "1", "户主": "孙测三", "行政村": "西村"}])
    # The same code in another village is for those to settle who know the townships.
    assert told(report, refused=True) == [(3, "repeat_in_file")]
    assert "第 2 行" in report.problems[0].reason.zh
    assert records.rows == [2, 4]


def test_the_same_person_twice_is_refused_in_both_forms_of_the_number() -> None:
    _, report = read(
        "households",
        [
            {"户编号": "1", "户主": "赵测一", "身份证号": ID_A},
            {"户编号": "2", "户主": "赵测一", "身份证号": ID_A_15},
            {"户编号": "3", "户主": "钱测二", "身份证号": ID_B},
        ],
    )
    assert told(report, refused=True) == [(3, "same_id_in_file")]
    assert "110105************" in (report.problems[0].found or "")


def test_a_ledger_may_have_two_houses_of_one_household() -> None:
    rows = [
        {
            "户编号": "1",
            "户主": "赵测一",
            "身份证号": ID_A,
            "门牌号": "1",
            "地址": "东头",
            "房屋编号": "F1",
            "鉴定等级": "D",
        },
        {
            "户编号": "1",
            "户主": "赵测一",
            "身份证号": ID_A,
            "门牌号": "1",
            "地址": "东头",
            "房屋编号": "F2",
            "鉴定等级": "C",
        },
        {
            "户编号": "1",
            "户主": "赵测一",
            "身份证号": ID_A,
            "门牌号": "1",
            "地址": "东头",
            "房屋编号": "F2",
            "鉴定等级": "B",
        },
        {
            "户编号": "2",
            "户主": "钱测二",
            "身份证号": ID_A,
            "门牌号": "2",
            "地址": "西头",
            "房屋编号": "F3",
            "鉴定等级": "B",
        },
    ]
    _, report = read("ledger", rows)
    assert told(report, refused=True) == [(4, "repeat_in_file"), (5, "same_id_in_file")]
    assert told(report, refused=False) == []


def test_namesakes_are_told_only_at_the_same_address() -> None:
    _, report = read(
        "households",
        [
            {"户编号": "1", "户主": "赵测一", "行政村": "东村", "地址": "村东头 1 号"},
            {"户编号": "2", "户主": "赵测一", "行政村": "东村", "地址": "村东头１号"},
            {"户编号": "3", "户主": "赵测一", "行政村": "东村", "地址": None},
            {"户编号": "4", "户主": "赵测一", "行政村": "东村", "地址": None},
            {"户编号": "5", "户主": "赵测一", "行政村": "西村", "地址": "村东头 1 号"},
        ],
    )
    assert told(report, refused=True) == []
    assert told(report, refused=False) == [(3, "same_name_and_place_in_file")]


def test_a_house_number_of_two_households_is_told() -> None:
    _, report = read(
        "households",
        [
            {"户编号": "1", "户主": "赵测一", "行政村": "东村", "自然村": "老庄", "门牌号": "21"},
            {"户编号": "2", "户主": "钱测二", "行政村": "东村", "自然村": "老庄", "门牌号": "２１"},
            {"户编号": "3", "户主": "孙测三", "行政村": "东村", "自然村": "新庄", "门牌号": "21"},
        ],
    )
    assert told(report, refused=False) == [(3, "house_no_repeats")]


def test_days_in_the_future_and_out_of_order_are_told() -> None:
    base = {"改造方式": "拆除重建", "户编号": "1"}
    _, report = read(
        "sites",
        [
            {"改造编号": "1", **base, "批准日期": "2024-04-01", "开工日期": "2024-03-01", "竣工日期": "2024-09-01"},
            {"改造编号": "2", **base, "批准日期": "2024-04-01", "开工日期": "2024-05-01", "竣工日期": "2030-01-02"},
            {"改造编号": "3", **base, "批准日期": "2024-04-01", "开工日期": None, "竣工日期": "2024-04-01"},
            {"改造编号": "4", **base, "批准日期": "2024-04-01", "开工日期": "2024", "竣工日期": "2023年"},
        ],
    )
    # 2024 alone does not contradict April 2024; 2023 does.
    assert sorted(told(report, refused=False), key=str) == sorted(
        [(2, "date_order"), (3, "date_future"), (5, "year_only"), (5, "year_only"), (5, "date_order")], key=str
    )
    order = next(problem for problem in report.warnings if problem.code == "date_order")
    assert "批准日期（2024-04-01）" in order.reason.zh
    assert "the approval (2024-04-01)" in order.reason.en


def test_a_house_is_not_appraised_before_it_was_built() -> None:
    rows = [
        {"房屋编号": "1", "户编号": "1", "建造年份": "2019", "鉴定日期": "2018-05-01"},
        {"房屋编号": "2", "户编号": "2", "建造年份": "2030", "鉴定日期": None},
        {"房屋编号": "3", "户编号": "3", "建造年份": "2018", "鉴定日期": "2018-05-01"},
    ]
    _, report = read("houses", rows)
    assert sorted(told(report, refused=False), key=str) == [(2, "date_order"), (3, "date_future")]


def test_today_is_not_the_future() -> None:
    rows = [
        {"改造编号": str(n), "户编号": "1", "改造方式": "修缮", "开工日期": day.isoformat()}
        for n, day in enumerate([TODAY, TODAY + timedelta(days=1)])
    ]
    _, report = read("sites", rows)
    assert told(report, refused=False) == [(3, "date_future")]


def test_small_amounts_without_a_unit_are_told_and_never_multiplied() -> None:
    rows = [
        {"改造编号": str(n), "户编号": "1", "改造方式": "修缮", "补助资金": amount}
        for n, amount in enumerate(("3.5", 0.75))
    ]
    records, report = read("sites", rows)
    assert [str(amount) for amount in records.column("subsidy_yuan")] == ["3.50", "0.75"]
    assert told(report, refused=False) == [(None, "money_unit")]
    with_unit = [{key.replace("资金", "资金(万元)"): cell for key, cell in row.items()} for row in rows]
    records, report = read("sites", with_unit)
    assert [str(amount) for amount in records.column("subsidy_yuan")] == ["35000.00", "7500.00"]
    assert told(report, refused=False) == []


def test_grades_of_another_scale_go_to_the_standard() -> None:
    records, report = read(
        "houses",
        [
            {"房屋编号": "1", "户编号": "1", "危房等级": "二级危房", "鉴定标准": None},
            {"房屋编号": "2", "户编号": "2", "危房等级": "三级危房", "鉴定标准": "省标"},
            {"房屋编号": "3", "户编号": "3", "危房等级": "D级", "鉴定标准": None},
        ],
    )
    assert records.column("grade") == [None, None, "D"]
    assert records.column("standard") == ["二级危房", "省标", None]
    assert told(report, refused=False) == [(2, "grade_other_scale"), (3, "grade_other_scale")]


def test_a_list_of_persons_gives_the_heads() -> None:
    records, report = read(
        "households",
        [
            {"户编号": "1", "姓名": "赵测一", "与户主关系": "户主", "证件号码": ID_A, "人数": 2},
            {"户编号": "1", "姓名": "钱测二", "与户主关系": "配偶", "证件号码": "坏的", "人数": 2},
            {"户编号": "2", "姓名": "孙测三", "与户主关系": "本人", "证件号码": ID_B, "人数": 1},
        ],
    )
    assert records.column("head_name") == ["赵测一", "孙测三"]
    assert (report.read, report.accepted, report.refused, report.ignored) == (2, 2, 0, 1)
    assert told(report, refused=False) == [(None, "member_rows")]
    assert not records.has("relation")


def test_a_relation_that_names_no_head_leaves_no_row_out() -> None:
    records, report = read("households", [{"户编号": "1", "姓名": "赵测一", "与户主关系": "其他"}])
    assert len(records) == 1
    assert report.ignored == 0


def test_many_doubts_of_a_kind_are_counted_and_not_all_listed() -> None:
    rows = [{"户编号": str(n), "户主": f"测{n}", "门牌号": "1", "联系电话": "12345"} for n in range(300)]
    _, report = read("households", rows)
    for code, number in (("house_no_repeats", 299), ("phone_odd", 300)):
        listed = [warning for warning in report.warnings if warning.code == code]
        assert len(listed) == 201
        assert sum(warning.n for warning in listed) == number


def test_an_empty_file_has_nothing_to_check() -> None:
    report = ImportReport("households")
    empty = Records([], [], {}, np.empty(0, dtype=object), [], {})
    assert len(check_records(empty, "households", report, on=TODAY)) == 0
    assert report.problems == report.warnings == []
