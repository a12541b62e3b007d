"""Cells of real ledgers to values, and what is refused or told."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.formulas import is_guarded
from data.imports.checks import load_checks
from data.imports.days import read_date, read_moment, read_year
from data.imports.dictionary import HeadingHints, read_hints
from data.imports.fields import all_fields, fields_of
from data.imports.findings import Cannot, Doubtful
from data.imports.measures import read_area, read_float, read_int, read_minutes, read_money, read_storeys
from data.imports.personal import mask_found, read_bank_card, read_id_number, read_phone
from data.imports.values import read_code, read_list, read_name, read_text, read_yes
from data.imports.vocabulary import (
    OtherScale,
    read_aid_group,
    read_grade,
    read_groups,
    read_method,
    read_mode,
    read_outcome,
    read_relation,
    read_ruling,
    read_stage,
)
from data.numbers import normalise
from data.rules.words import AID_GROUP, KEY_GROUP, METHOD, MODE, OUTCOME, STAGE


def verdict(read: Any, cell: object) -> tuple[str, Any]:
    """What reading comes to: the rule's code, empty for none, and the value."""
    try:
        value = read(cell)
    except Cannot as reason:
        return reason.code, None
    return (value.code, value.value) if isinstance(value, Doubtful) else ("", value)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("11010519491231002X", "11010519491231002X"),  # the example of GB 11643 itself
        ("11010519491231002x", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        (" 110105 19491231 002X", "11010519491231002X"),
        ("", None),
        ("无", None),
        ("110105************", None),  # masked: says nothing
    ],
)
def test_an_id_number_is_read(cell: str, number: str | None) -> None:
    assert read_id_number(cell) == number


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("110105194912310021", "校验"),
        ("440524188001010014", "出生日期"),
        ("110105194902300020", "出生"),
        ("1.10105194912310e+17", "电子表格"),
        ("110105194912310000", "电子表格"),
        (1.1010519491231e17, "电子表格"),
        ("11010519491231", "14"),
    ],
)
def test_a_damaged_or_wrong_id_number_is_refused_without_being_shown(cell: object, why: str) -> None:
    with pytest.raises(Cannot) as refused:
        read_id_number(cell)
    assert why in refused.value.reason.zh
    assert "19491231" not in refused.value.reason.zh + refused.value.reason.en + mask_found("id_number", cell)


def test_a_figure_of_eighteen_digits_that_ends_in_zeros_is_damaged_even_if_its_check_fits() -> None:
    assert verdict(read_id_number, 110105194912310000) == ("id_damaged", None)
    assert verdict(read_id_number, "11010519491231002X")[0] == ""


def test_an_old_number_and_an_unknown_county_are_kept_and_told() -> None:
    assert verdict(read_id_number, "110105491231002") == ("id_15", "110105491231002")
    assert verdict(read_id_number, "340299196008070010") == ("id_unknown_county", "340299196008070010")
    # Counties of today and of former years are known alike, whenever somebody was born.
    for number in ("340202195506150001", "370725194802290001", "511902197811030006"):
        assert verdict(read_id_number, number) == ("", number)


def test_both_forms_of_a_number_are_one_person() -> None:
    assert normalise("110105491231002", "id_number") == "11010519491231002X"
    assert normalise("110105 19491231 002x", "id_number") == "11010519491231002X"


EXPECTED = {
    "valid": {"", "id_unknown_county"},
    "valid_after_upper": {""},
    "valid_after_nfkc": {""},
    "valid_after_strip": {""},
    "valid_after_prefix": {""},
    "landline": {""},
    "legacy15": {"id_15"},
    "bad_check": {"id_check_digit"},
    "bad_date": {"id_birth_impossible"},
    "bad_date_or_century": {"id_birth_impossible"},
    "luhn_ok": {""},
    "luhn_ok_after_strip": {""},
    "luhn_bad": {"bank_luhn"},
    "bad_length": {"phone_odd"},
    "two_numbers": {"two_phones"},
    "excel_damaged": {"id_damaged", "bank_damaged", "phone_damaged"},
    "excel_damaged_or_bad": {"id_damaged"},
}


@pytest.mark.outside_data
def test_every_collected_number_gets_its_verdict(shared_data: Path) -> None:
    readers = {"id18": read_id_number, "id15": read_id_number, "bank": read_bank_card, "phone": read_phone}
    with (shared_data / "id_card_phone_vectors.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 26
    for row in rows:
        code, _ = verdict(readers[row["kind"]], row["value"])
        assert code in EXPECTED[row["expected"]], row
        # What the source calls valid is never refused; what it calls damaged or wrong always is.
        refused = bool(code) and load_checks().refuses(code, "households")
        assert refused == row["expected"].startswith(("bad_check", "bad_date", "excel")), row


def test_telephones_are_kept_as_written_and_odd_ones_reported() -> None:
    assert read_phone("138 0013 8000") == "138 0013 8000"
    assert read_phone("+8613800138000") == "+8613800138000"
    assert read_phone("0553-3831234") == "0553-3831234"
    assert read_phone(13800138000) == "13800138000"
    assert verdict(read_phone, "1380013800") == ("phone_odd", "1380013800")
    assert verdict(read_phone, "13800138000/13900139000")[0] == "two_phones"
    assert verdict(read_phone, "1.38001E+10")[0] == "phone_damaged"
    assert verdict(read_phone, "没装电话")[0] == "phone_none"


def test_bank_cards_are_checked_but_passbooks_pass_with_a_remark() -> None:
    assert read_bank_card("62000000 00000005") == "6200000000000005"
    assert read_bank_card("6205500000000000004") == "6205500000000000004"
    assert verdict(read_bank_card, "6200000000000006") == ("bank_luhn", "6200000000000006")
    assert verdict(read_bank_card, "6.205500E+18")[0] == "bank_damaged"
    assert verdict(read_bank_card, "1234567")[0] == "bank_length"


@pytest.mark.parametrize(
    ("cell", "day", "code"),
    [
        ("2017", date(2017, 1, 1), "year_only"),
        (2017, date(2017, 1, 1), "year_only"),
        ("2017年", date(2017, 1, 1), "year_only"),
        ("2018.5", date(2018, 5, 1), "month_only"),
        (2018.5, date(2018, 5, 1), "month_only"),
        ("2018年5月", date(2018, 5, 1), "month_only"),
        ("2018年10月份", date(2018, 10, 1), "month_only"),
        ("201805", date(2018, 5, 1), "month_only"),
        ("2018.10", date(2018, 10, 1), "month_only"),
        ("2018.1", date(2018, 1, 1), "month_only"),  # text is what was typed
        (2018.1, date(2018, 1, 1), "date_ambiguous"),  # a figure may have been 2018.10
        (2018.12, date(2018, 12, 1), "month_only"),
        ("2018-05-01", date(2018, 5, 1), ""),
        ("2018/5/1", date(2018, 5, 1), ""),
        ("2018.5.1", date(2018, 5, 1), ""),
        ("2018年5月1日", date(2018, 5, 1), ""),
        ("２０１８年５月１日", date(2018, 5, 1), ""),
        ("20180501", date(2018, 5, 1), ""),
        (20180501, date(2018, 5, 1), ""),
        ("43221", date(2018, 5, 1), ""),
        (43221, date(2018, 5, 1), ""),
        (datetime.fromisoformat("2018-05-01T09:00"), date(2018, 5, 1), ""),
        ("—", None, ""),
    ],
)
def test_days_in_the_ways_ledgers_write_them(cell: object, day: date | None, code: str) -> None:
    assert verdict(read_date, cell) == (code, day)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2018-02-30", "date_impossible"),
        ("2018-13-01", "date_impossible"),
        ("去年", "unreadable"),
        ("12", "unreadable"),
        ("民国36年", "unreadable"),
    ],
)
def test_what_is_no_day_is_refused(cell: str, code: str) -> None:
    assert verdict(read_date, cell) == (code, None)


@pytest.mark.parametrize(
    ("cell", "year", "code"),
    [
        ("1985", 1985, ""),
        (1985, 1985, ""),
        ("1985年", 1985, ""),
        ("1990-05", 1990, ""),
        ("1985年左右", 1985, ""),
        ("80年代", 1980, "decade_only"),
        ("上世纪70年代末", 1970, "decade_only"),
        ("2000年代", 2000, "decade_only"),
        ("民国25年", 1936, "date_republic"),
        ("民国39年", None, "year_unreadable"),
        ("解放前", None, "year_unreadable"),
        ("无", None, ""),
    ],
)
def test_years_of_building(cell: object, year: int | None, code: str) -> None:
    assert verdict(read_year, cell) == (code, year)
    # A year of building is not worth a household.
    assert not code or not load_checks().refuses(code, "ledger")


@pytest.mark.parametrize(
    ("cell", "hour_utc"),
    [
        ("2026-05-01 09:30", 1),
        ("2026-5-1 9:30", 1),
        ("2026/5/1 9:30:00", 1),
        ("2026年5月1日 9:30", 1),
        ("2026-05-01T09:30:00+08:00", 1),
        ("2026-05-01T09:30:00Z", 9),
        ("2026-05-01T09:30:00.238+02", 7),
        (datetime.fromisoformat("2026-05-01T09:30"), 1),
    ],
)
def test_a_moment_without_a_zone_is_beijing_time(cell: object, hour_utc: int) -> None:
    moment = read_moment(cell)
    assert isinstance(moment, datetime)
    assert moment.astimezone(UTC).replace(microsecond=0) == datetime(2026, 5, 1, hour_utc, 30, tzinfo=UTC)


def test_a_time_of_day_waits_for_its_date() -> None:
    assert read_moment("9:30") == time(9, 30)
    assert read_moment("下午3:05") == time(15, 5)
    with pytest.raises(Cannot):
        read_moment("25:00")
    with pytest.raises(Cannot):
        read_moment("昨天")


@pytest.mark.parametrize(
    ("cell", "grade", "code"),
    [
        ("A", "A", ""),
        ("A级", "A", ""),
        ("C级危房", "C", ""),
        ("Ｄ级", "D", ""),
        ("d", "D", ""),
        ("局部危险", "C", ""),
        ("整栋危险", "D", ""),
        ("整体危险房屋", "D", ""),
        ("基本安全", "B", ""),
        ("安全", "A", "grade_in_words"),
        ("未鉴定", None, ""),
        ("尚未鉴定", None, ""),
        ("/", None, ""),
    ],
)
def test_grades(cell: str, grade: str | None, code: str) -> None:
    assert verdict(read_grade, cell) == (code, grade)


@pytest.mark.parametrize("cell", ["E", "CD", "C/D", "危房", "不安全"])
def test_what_is_no_grade_is_refused(cell: str) -> None:
    assert verdict(read_grade, cell) == ("unreadable", None)


@pytest.mark.parametrize("cell", ["一级危房", "二级危房", "三级", "3级"])
def test_another_scale_is_kept_in_words_and_never_becomes_a_letter(cell: str) -> None:
    code, value = verdict(read_grade, cell)
    assert code == "grade_other_scale"
    assert isinstance(value, OtherScale)
    assert value == cell


def test_numbers_with_units_and_separators() -> None:
    number = read_float(0, 1e6)
    assert number("10.0 m") == 10.0
    assert number("1,234.5") == 1234.5
    assert number("３０分钟") == 30.0
    assert read_int(0, 200)("4人") == 4
    for cell in ("-1", "一百", "1.2.3", float("inf")):
        with pytest.raises(Cannot):
            number(cell)
    with pytest.raises(Cannot):
        read_int()("3.5")


def test_codes_may_be_negative_and_are_never_numbers() -> None:
    assert read_code("-41146") == "-41146"
    assert read_code(-41146) == "-41146"
    assert read_code(41146.0) == "41146"
    assert read_code("００１") == "001"
    assert read_code("-8343476128434638771") == "-8343476128434638771"
    with pytest.raises(Cannot):
        read_code("3.70725E+11")


def test_small_numbers_may_be_spelled() -> None:
    people = read_int(0, 200)
    assert [people(cell) for cell in ("四人", "十二", "二十口人", "5口", "两人", 3.0)] == [4, 12, 20, 5, 2, 3]
    for cell in ("十几人", "人", "三四人"):
        assert verdict(people, cell)[0] == "unreadable"
    assert [read_storeys(cell) for cell in ("单层", "两层", "2层", "平房", 3, "共2层")] == [1, 2, 2, 1, 3, 2]
    assert verdict(read_storeys, "多层") == ("storeys_unreadable", None)


@pytest.mark.parametrize(
    ("unit", "cell", "yuan"),
    [
        (None, "35000", "35000.00"),
        (None, 35000, "35000.00"),
        (None, "3.5万", "35000.00"),
        (None, "3.5万元", "35000.00"),
        (None, "¥7,500.50", "7500.50"),
        (None, 0.1 + 0.2, "0.30"),
        ("万元", 3.5, "35000.00"),
        ("万元", 0.75, "7500.00"),
        ("万元", "468.45", "4684500.00"),
        ("万元", "35000元", "35000.00"),  # the cell's own unit goes first
        ("千元", "7.5", "7500.00"),
        ("元", "１００", "100.00"),
    ],
)
def test_money_is_exact_to_the_fen(unit: str | None, cell: object, yuan: str) -> None:
    amount = read_money(unit)(cell)
    assert isinstance(amount, Decimal)
    assert str(amount) == yuan


def test_amounts_that_cannot_be_are_refused() -> None:
    money = read_money()
    assert money("—") is None
    for cell in ("-5", "三万", "0.001", "1e12", "3.5吨", True):
        assert verdict(money, cell)[0] == "unreadable", cell


def test_areas_are_square_metres_whatever_the_unit() -> None:
    assert read_area()("96.5") == 96.5
    assert [read_area()(cell) for cell in ("96.5㎡", "96.5 m²", "96.5平方米", "96.5平米", 96.5)] == [96.5] * 5
    assert read_area("亩")(0.3) == pytest.approx(200.0)
    assert read_area()("0.3亩") == pytest.approx(200.0)
    assert read_area("亩")("120平方米") == 120.0
    assert read_area("公顷")("0.01") == 100.0
    assert verdict(read_area(), "-1")[0] == "unreadable"


def test_lengths_of_time_are_minutes() -> None:
    assert [read_minutes()(cell) for cell in ("35", "35分钟", "1小时", "1小时20分", 35)] == [35, 35, 60, 80, 35]
    assert read_minutes("小时")("0.5") == 30


def test_words_of_ledgers_become_ours() -> None:
    assert read_mode("入户走访") == "home"
    assert read_mode("WeChat") == "wechat"
    assert read_outcome("locked") == "nobody_home"
    assert read_outcome("拒绝") == "refused"
    assert read_method("维修加固") == "repair"
    assert read_method("原址翻建") == "rebuild"
    assert read_stage("竣工已验收") == "accepted"
    assert read_stage("主基础工程完工") == "started"
    assert read_ruling("虚假入户") == "false"
    assert read_ruling("否") == "false"
    assert read_ruling("属实") is None
    assert read_groups("老党员、困难户") == ["hardship", "party_veteran"]
    assert read_list("东庄子、老东庄；旧庄") == ["东庄子", "老东庄", "旧庄"]
    with pytest.raises(Cannot) as refused:
        read_mode("飞鸽传书")
    assert "入户" in refused.value.expected.zh


def test_every_word_of_ours_is_read_by_its_code_and_labels() -> None:
    for words, read in (
        (MODE, read_mode),
        (OUTCOME, read_outcome),
        (METHOD, read_method),
        (STAGE, read_stage),
        (AID_GROUP, read_aid_group),
    ):
        for code, label in words.items():
            assert [read(code), read(label.zh), read(label.en.replace(" ", ""))] == [code] * 3
    assert [read_groups(label.zh) for label in KEY_GROUP.values()] == [[code] for code in KEY_GROUP]


@pytest.mark.parametrize(
    ("cell", "group", "code"),
    [
        ("农村易返贫致贫户", "monitored", ""),
        ("边缘易致贫户", "monitored", ""),
        ("低保", "minimum_living", ""),
        ("农村低保户", "minimum_living", ""),
        ("分散供养特困户", "dispersed_poor", ""),
        ("突发严重困难户", "hardship_sudden", ""),
        ("低保边缘户", "margin", ""),
        ("其他脱贫户", "other_out_of_poverty", ""),
        ("建档立卡贫困户", "registered_poor", ""),
        ("贫困残疾户", "disabled_poor", ""),
        ("五保户", "five_guarantee", ""),
        ("一般户", None, ""),
        ("一般农户", None, ""),
        ("其他", None, ""),
        ("（2）农村低保户", "minimum_living", ""),
        ("脱贫户", "other_out_of_poverty", "aid_group_unsure"),
        ("边缘户", "monitored", "aid_group_unsure"),
        ("低保户、残疾户", "minimum_living", "aid_group_several"),
        ("上等户", None, "aid_group_unknown"),
        (3, None, "aid_group_unknown"),  # a number without options in its heading
    ],
)
def test_kinds_of_households(cell: object, group: str | None, code: str) -> None:
    assert verdict(read_aid_group, cell) == (code, group)


def test_yes_and_no_with_ticks_crosses_and_circles() -> None:
    assert [read_yes(cell) for cell in ("√", "✓", "是", "有", 1)] == [True] * 5
    assert [read_yes(cell) for cell in ("×", "✗", "否", "无", 0)] == [False] * 5
    assert [read_yes(cell) for cell in ("○", "—")] == [None, None]
    assert verdict(read_yes, "也许")[0] == "unreadable"


def test_only_heads_are_heads() -> None:
    assert [read_relation(cell) for cell in ("户主", "本人", "配偶", "之子", "—")] == [True, True, False, False, None]


@pytest.mark.parametrize(
    ("heading", "unit", "legend"),
    [
        ("补助资金（万元）", "万元", {}),
        ("补助（万）", "万", {}),
        ("建筑面积m²", "m2", {}),
        ("面积（亩）", "亩", {}),
        ("area_m2", None, {}),
        ("所属单元", None, {}),
        ("产权证[0有 1无]", None, {"0": "有", "1": "无"}),
        ("鉴定等级[1未鉴定/2A/3B/4C/5D]", None, {"1": "未鉴定", "2": "A", "3": "B", "4": "C", "5": "D"}),
        ("房屋结构[①混凝土②砌体③木]", None, {"1": "混凝土", "2": "砌体", "3": "木"}),
        ("是否困难(1.是 2.否)", None, {"1": "是", "2": "否"}),
        (
            "工程进度[0未开始/1开工/2主基础工程完工/3竣工已验收]",
            None,
            {"0": "未开始", "1": "开工", "2": "主基础工程完工", "3": "竣工已验收"},
        ),
        ("农户类型[6类单选]", None, {}),
        ("结构形式[土木/砖木]", None, {}),
        ("改造面积[户均≤60㎡, 3人以上人均≤18㎡]", None, {}),
    ],
)
def test_units_and_options_in_headings(heading: str, unit: str | None, legend: dict[str, str]) -> None:
    hints = read_hints(heading)
    assert (hints.unit, dict(hints.legend)) == (unit, legend)


def column(kind: str, field: str, heading: str) -> Any:
    return fields_of(kind)[field].reader(read_hints(heading))


def test_numbers_stand_for_the_options_of_their_heading() -> None:
    grade = column("ledger", "grade", "鉴定等级[1未鉴定/2A/3B/4C/5D]")
    assert [grade(cell) for cell in ("1", 2, 5.0, "4C", "D级", "C")] == [None, "A", "D", "C", "D", "C"]
    assert verdict(grade, "6") == ("not_in_legend", None)
    group = column("ledger", "aid_group", "经济类型[1一般户/2贫困残疾户/3低保户/4分散供养特困户]")
    assert [group(cell) for cell in (1, "2", "3", 4, "低保户")] == [
        None,
        "disabled_poor",
        "minimum_living",
        "dispersed_poor",
        "minimum_living",
    ]
    structure = column("houses", "structure", "房屋结构[①混凝土②砌体③木]")
    assert [structure(cell) for cell in ("②", "3", "砖混")] == ["砌体", "木", "砖混"]
    flag = column("households", "group_hardship", "是否困难群众[0是 1否]")
    assert [flag(cell) for cell in (0, 1, "是")] == [True, False, True]  # the other way round than usual
    stage = column("ledger", "stage", "工程进度[0未开始/1开工/2主基础工程完工/3竣工已验收]")
    assert [stage(cell) for cell in "0123"] == ["approved", "started", "started", "accepted"]


def test_a_unit_of_another_kind_changes_nothing() -> None:
    assert fields_of("houses")["area_m2"].reader(HeadingHints("万元"))("80") == 80.0


def test_coordinates_in_degrees_minutes_and_seconds() -> None:
    lon = column("households", "lon", "经度")
    assert lon("118°22′34.8″") == pytest.approx(118.3763333)
    assert lon(118.37) == 118.37
    assert verdict(lon, "村东头")[0] == "coordinate_unreadable"
    both = column("households", "lonlat", "经纬度")
    assert both("东经118.3763，北纬31.3256").lonlat == pytest.approx((118.3763, 31.3256))
    assert verdict(both, "村东头")[0] == "coordinate_unreadable"


def test_what_only_finds_a_household_refuses_no_house() -> None:
    checks = load_checks()
    for code in ("id_damaged", "id_length", "id_check_digit", "id_birth_impossible"):
        assert checks.refuses(code, "households")
        assert checks.refuses(code, "ledger")
        assert not any(checks.refuses(code, kind) for kind in ("houses", "sites", "visits"))


def test_text_is_kept_and_a_guard_taken_off_once() -> None:
    assert read_text("  赵 测一 ") == "赵 测一"
    assert read_text("'=1+1") == "=1+1"
    assert read_text("''=1") == "'=1"
    assert read_text("it's") == "it's"
    assert read_text(12.0) == "12"
    assert is_guarded(" ＝1")
    assert not is_guarded("1=1")
    for cell in ("a\x00b", "\ud800"):
        with pytest.raises(Cannot):
            read_text(cell)


def test_a_masked_name_says_nothing() -> None:
    assert read_name("赵*顺") is None
    assert read_name("李*") is None
    assert read_name("赵测一") == "赵测一"


LEDGER_TEXT = st.text(
    st.sampled_from("0123456789０１２.,-/年月日:： 万元亩级ABCDX√×○一二十人户°′″E+*、无民国代'=\n"), max_size=20
) | st.text(max_size=20)
CELLS = (
    LEDGER_TEXT
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.datetimes()
    | st.dates()
    | st.times()
)
LEGENDS = (HeadingHints(), HeadingHints("万元"), HeadingHints("亩"), HeadingHints(None, {"0": "有", "1": "无"}))


@given(cell=CELLS, hints=st.sampled_from(LEGENDS))
def test_every_cell_is_read_or_refused_by_a_rule(cell: object, hints: HeadingHints) -> None:
    rules = load_checks().rules
    for fields in all_fields().values():
        for field in fields.values():
            code, value = verdict(field.reader(hints), cell)
            assert not code or code in rules, (field.name, cell)
            assert code or not isinstance(value, str) or "\x00" not in value
