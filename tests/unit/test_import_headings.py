"""Which column is which field, and what areas' codes and names mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from data.imports.area_codes import level_of, neat_code, next_code, parent_prefix, range_of, read_level
from data.imports.fields import KindUnknown, all_fields, fields_of
from data.imports.headings import MappingWrong, check_mapping, fold_heading, match_columns
from data.imports.scope import Scope, display_village, fold_village, key_scope
from data.imports.suspects import Stay, at_two_places


def test_headings_of_real_ledgers_are_known() -> None:
    headings = [
        "序号",
        "*户号",
        "户主姓名(必填)",
        "身份证号码",
        "联系电话",
        "村(社区)",
        "自然村",
        "坐标经度",
        "坐标维度(sic)",
    ]
    matched = match_columns(headings, "households", {})
    assert {field: columns[0] for field, columns in matched.used.items()} == {
        "code": "*户号",
        "head_name": "户主姓名(必填)",
        "id_number": "身份证号码",
        "phone": "联系电话",
        "stated_area": "村(社区)",
        "natural_village": "自然村",
        "lon": "坐标经度",
        "lat": "坐标维度(sic)",
    }
    assert matched.unused == ["序号"]


def test_the_more_telling_of_two_columns_is_read() -> None:
    matched = match_columns(["姓名", "户主姓名"], "households", {})
    assert matched.used["head_name"] == ["户主姓名"]
    assert matched.unused == ["姓名"]


def test_the_user_goes_before_the_dictionary() -> None:
    matched = match_columns(["户主", "boss"], "households", {"boss": "head_name", "户主": "-"})
    assert matched.used == {"head_name": ["boss"]}
    with pytest.raises(MappingWrong):
        match_columns(["boss"], "households", {"boss": "chief"})
    with pytest.raises(MappingWrong):
        check_mapping(["户主"], {"boss": "head_name"})


def test_every_field_has_words_and_no_word_means_two_fields_of_a_kind() -> None:
    for kind, fields in all_fields().items():
        seen: dict[str, str] = {}
        for field in fields.values():
            assert field.words
            for word in field.words:
                assert seen.setdefault(fold_heading(word), field.name) == field.name, (kind, word)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(KindUnknown) as refused:
        fields_of("secrets")
    assert "households" in refused.value.text.en


@pytest.mark.parametrize(
    ("code", "neat", "level"),
    [
        ("340200", "3402", "city"),
        ("340000", "34", "province"),
        ("370725000000", "370725", "county"),
        ("370725108000", "370725108", "township"),
        ("370725108201", "370725108201", "village"),
        ("370725108201001", "370725108201001", "grid"),
        ("370725108201-N01", "370725108201-N01", "natural_village"),
        ("12345", "12345", None),
    ],
)
def test_the_length_of_a_code_tells_its_level(code: str, neat: str, level: str | None) -> None:
    assert neat_code(code, None) == neat
    assert level_of(neat) == level


def test_parents_ranges_and_local_numbers() -> None:
    assert parent_prefix("370725108201") == "370725108"
    assert parent_prefix("370725108201-N01") == "370725108201"
    assert range_of("370725108201-N01") == (370725108201000, 370725108202000)
    assert next_code("370725108", "village", {"370725108900"}) == "370725108901"
    assert next_code("370725108201", "natural_village", set()) == "370725108201-N01"
    assert next_code("370725108201", "grid", {"370725108201001"}) == "370725108201002"
    with pytest.raises(ValueError, match="under"):
        next_code("370725", "village", set())
    assert read_level("行政村") == "village"
    assert read_level("district") == "county"


def test_official_names_are_shortened_for_display_and_folded_for_comparing() -> None:
    names = ["方塘社区居民委员会", "旗杆村村民委员会", "李家村民委员会", "岗桥村委会", "北关居委会", "鑫盛嘉园社区"]
    shown = ["方塘社区", "旗杆村", "李家村", "岗桥村", "北关居委会", "鑫盛嘉园社区"]
    assert [display_village(name) for name in names] == shown
    assert len({fold_village(name) for name in ("旗杆村村民委员会", "旗杆村委会", "旗杆村", "旗杆")}) == 1


def test_keys_of_one_township_agree_whoever_imports() -> None:
    assert key_scope(Scope("370725108", 0, 1), "370725108201") == "370725108"
    assert key_scope(Scope("370725", 0, 1), "370725108201") == "370725108"
    assert key_scope(Scope("", 0, 1), "370725108201") == "370725108"
    assert key_scope(Scope("", 0, 1), "东村") == ""


def stay(visitor: str, start: int, minutes: int, lon: float) -> Stay:
    begin = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(minutes=start)
    return Stay(visitor, begin, begin + timedelta(minutes=minutes), lon, 36.4)


def test_overlapping_stays_far_apart_are_two_places() -> None:
    stays = [
        stay("甲", 0, 40, 118.800),
        stay("甲", 30, 30, 118.810),  # overlaps the first, 900 m away
        stay("甲", 60, 30, 118.800),  # begins as the second ends
        stay("乙", 0, 40, 118.900),  # somebody else
        stay("丙", 0, 40, 118.800),
        stay("丙", 10, 40, 118.802),  # 180 m: next door
        stay("丁", 0, 500, 118.800),
        stay("丁", 10, 5, 118.800),
        stay("丁", 400, 5, 118.900),  # the long one again, with a short one between
    ]
    assert at_two_places(stays) == [True, True, False, False, False, False, True, False, True]
    assert at_two_places([]) == []
