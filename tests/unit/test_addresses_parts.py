"""Numbers at the end of an address, near spellings, and one way of writing."""

from __future__ import annotations

import doctest

import pytest

from geo.addresses import forms, nation, parts, writing
from geo.addresses.near import slip
from geo.addresses.parts import Parts, number_of, split_parts
from geo.addresses.writing import neat


@pytest.mark.parametrize("module", [forms, nation, parts, writing])
def test_the_examples_in_the_documentation_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("3组", Parts(group="3")),
        ("三组", Parts(group="3")),
        ("第三村民小组", Parts(group="3")),
        ("十二社8号", Parts(group="12", house_no="8")),
        ("３组５号", Parts(group="3", house_no="5")),
        ("3队", Parts(group="3")),
        ("5号", Parts(house_no="5")),
        ("007号", Parts(house_no="7")),
        ("附1号", Parts(house_no="附1")),
        ("5号附1号", Parts(house_no="5附1")),
        ("5号之一", Parts(house_no="5-1")),
        ("3组5-2号", Parts(group="3", house_no="5-2")),
        ("甲5号", Parts(house_no="甲5")),
        ("一百零五号", Parts(house_no="105")),
        ("2栋1单元301室", Parts(building="2", unit="1", room="301")),
        ("2号楼301", Parts(building="2", room="301")),
        ("5-2-301", Parts(building="5", unit="2", room="301")),
        ("李家巷12号院", Parts(lane="李家巷", house_no="12")),
        ("李家巷十二号", Parts(lane="李家巷", house_no="12")),
        ("12", Parts(house_no="12")),
        ("", Parts()),
    ],
)
def test_group_lane_and_numbers_are_told_apart(tail: str, expected: Parts) -> None:
    assert split_parts(tail) == expected


def test_a_telephone_is_no_house_number() -> None:
    assert split_parts("电话13800000000") == Parts(rest="电话13800000000")


def test_a_community_of_cooperatives_is_no_group() -> None:
    assert split_parts("三社区") == Parts(rest="三社区")


def test_what_is_not_understood_stays_as_the_rest() -> None:
    assert split_parts("东头老槐树旁5号") == Parts(house_no="5", rest="东头老槐树旁")


def test_of_two_house_numbers_the_first_counts_and_the_other_is_kept() -> None:
    assert split_parts("5号8号") == Parts(house_no="5", rest="8号")


@pytest.mark.parametrize(
    ("text", "value"), [("廿三", 23), ("两", 2), ("一〇五", 105), ("二十", 20), ("号", None), ("", None)]
)
def test_chinese_numbers_have_their_value(text: str, value: int | None) -> None:
    assert number_of(text) == value


@pytest.mark.parametrize(
    ("written", "name", "expected"),
    [
        ("沙敦", "沙墩", "wrong"),
        ("鄌郜", "鄌郚", "wrong"),
        ("家沟", "李家沟", "missing"),
        ("李家", "东李家", "short"),
        ("李李家沟", "李家沟", "doubled"),
        ("家李沟", "李家沟", "swapped"),
        ("东李家", "西李家", "other"),
        ("大李家", "李家", "other"),
        ("王家沟", "李家沟", "other"),
        ("太平新", "太平桥", "other"),
        ("王家沟", "李家塘", None),
        ("李家", "李家", None),
    ],
)
def test_one_character_makes_a_slip_and_no_more(written: str, name: str, expected: str | None) -> None:
    assert slip(written, name) == expected


def test_spaces_width_brackets_and_repetition_are_made_even() -> None:
    assert neat("湖田街道湖田街道　商家 村（原商家庄）３组") == "湖田街道商家村|3组"
