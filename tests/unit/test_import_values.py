"""Cells of real ledgers to values, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from data.formulas import is_guarded
from data.imports.personal import luhn, mask_found, read_bank_card, read_id_number, read_phone
from data.imports.values import (
    Cannot,
    Doubtful,
    read_code,
    read_date,
    read_float,
    read_grade,
    read_groups,
    read_int,
    read_list,
    read_method,
    read_mode,
    read_moment,
    read_name,
    read_outcome,
    read_ruling,
    read_stage,
    read_text,
    read_year,
    read_yes,
)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("11010519491231002X", "11010519491231002X"),  # the example of GB 11643 itself
        ("11010519491231002x", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        (" 110105 19491231 002X", "11010519491231002X"),
        ("110105491231002", "110105491231002"),  # 15 digits, issued until 1999
        ("340299196008070010", "340299196008070010"),  # a county that does not exist: not ours to judge
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
        ("440524188001010014", "年份"),
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


def test_telephones_are_kept_as_written_and_odd_ones_reported() -> None:
    assert read_phone("138 0013 8000") == "138 0013 8000"
    assert read_phone("+8613800138000") == "+8613800138000"
    assert read_phone("0553-3831234") == "0553-3831234"
    assert read_phone(13800138000) == "13800138000"
    assert isinstance(read_phone("1380013800"), Doubtful)
    assert isinstance(read_phone("13800138000/13900139000"), Doubtful)
    for cell in ("1.38001E+10", "没装电话"):
        with pytest.raises(Cannot):
            read_phone(cell)


def test_bank_cards_are_checked_but_passbooks_pass_with_a_remark() -> None:
    assert luhn("6200000000000005")
    assert read_bank_card("62000000 00000005") == "6200000000000005"
    assert read_bank_card("6205500000000000004") == "6205500000000000004"
    assert isinstance(read_bank_card("6200000000000006"), Doubtful)
    with pytest.raises(Cannot):
        read_bank_card("6.205500E+18")


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2017", date(2017, 1, 1)),
        ("2017年", date(2017, 1, 1)),
        ("2018.5", date(2018, 5, 1)),
        ("2018-05-01", date(2018, 5, 1)),
        ("2018/5/1", date(2018, 5, 1)),
        ("2018年5月1日", date(2018, 5, 1)),
        ("20180501", date(2018, 5, 1)),
        ("43221", date(2018, 5, 1)),
        (43221, date(2018, 5, 1)),
        (datetime.fromisoformat("2018-05-01T09:00"), date(2018, 5, 1)),
        ("—", None),
    ],
)
def test_days_in_the_ways_ledgers_write_them(cell: object, day: date | None) -> None:
    assert read_date(cell) == day


@pytest.mark.parametrize("cell", ["2018-02-30", "去年", "2018-13-01", "12"])
def test_what_is_no_day_is_refused(cell: str) -> None:
    with pytest.raises(Cannot):
        read_date(cell)


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
    ("cell", "grade"), [("A", "A"), ("A级", "A"), ("C级危房", "C"), ("Ｄ级", "D"), ("d", "D"), ("未鉴定", None)]
)
def test_grades(cell: str, grade: str | None) -> None:
    assert read_grade(cell) == grade


@pytest.mark.parametrize("cell", ["E", "三级危房", "CD", "安全"])
def test_other_scales_are_not_guessed_at(cell: str) -> None:
    with pytest.raises(Cannot):
        read_grade(cell)


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


def test_words_of_ledgers_become_ours() -> None:
    assert read_mode("入户走访") == "home"
    assert read_mode("WeChat") == "wechat"
    assert read_outcome("locked") == "nobody_home"
    assert read_outcome("拒绝") == "refused"
    assert read_method("维修加固") == "repair"
    assert read_stage("竣工已验收") == "accepted"
    assert read_ruling("虚假入户") == "false"
    assert read_ruling("否") == "false"
    assert read_ruling("属实") is None
    assert read_groups("老党员、困难户") == ["hardship", "party_veteran"]
    assert read_list("东庄子、老东庄；旧庄") == ["东庄子", "老东庄", "旧庄"]
    assert read_yes("√") is True
    assert read_yes("×") is False
    assert read_year("1985年") == 1985
    with pytest.raises(Cannot) as refused:
        read_mode("飞鸽传书")
    assert "入户" in refused.value.expected.zh


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
