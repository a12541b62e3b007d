"""Masks: one shape per field, and no two surfaces together give more than one of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.askers import Role
from data.masks import MASKS, REVEALS, mask_card, mask_id, mask_name, mask_phone, revealable, shown_name


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("赵德顺", "赵*顺"),
        ("李明", "李*"),
        ("欧阳建国", "欧**国"),
        ("王", "*"),
        ("", ""),
        (" 赵德顺 ", "赵*顺"),
        ("买买提·艾力", "买****力"),
    ],
)
def test_a_name_keeps_its_ends(name, masked):
    assert mask_name(name) == masked


@pytest.mark.parametrize("role", [Role.INSPECTOR, Role.SUPERVISOR])
def test_those_who_visit_see_the_name(role):
    assert shown_name("赵德顺", role) == "赵德顺"


@pytest.mark.parametrize("role", [Role.LEADER, Role.ADMIN])
def test_those_who_do_not_visit_see_the_mask(role):
    assert shown_name("赵德顺", role) == "赵*顺"


def test_an_id_number_shows_the_area_part_only():
    assert mask_id("340221199001011234") == "340221************"
    assert mask_id("34022119900101123x") == "340221************"
    assert mask_id("340221900101123") == "340221************"
    assert mask_id("passport E12345678") == "************"


def test_a_mobile_number_keeps_three_and_four():
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("+86 138-1234-5678") == "138****5678"
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("0536-6781234") == "****1234"
    assert mask_phone("110") == "****"


def test_a_card_keeps_its_last_four():
    assert mask_card("6222020000001234567") == "************4567"
    assert mask_card("6222 0200 0000 1234 567") == "************4567"
    assert mask_card("12345") == "************"


@given(st.from_regex(r"[0-9]{17}[0-9X]", fullmatch=True))
def test_no_id_mask_holds_birthday_or_order(number):
    shown = mask_id(number)
    assert re.fullmatch(r"\d{6}\*{12}", shown)
    assert shown[:6] == number[:6]


@given(st.text(max_size=40), st.sampled_from(sorted(MASKS)))
def test_a_mask_never_gives_back_what_it_hides(value, field):
    shown = MASKS[field](value)
    if len(value.strip()) > 2:
        assert shown != value.strip() or "*" in value


def test_only_supervisors_may_have_id_and_card_shown():
    assert revealable(Role.INSPECTOR) == ["phone"]
    assert revealable(Role.SUPERVISOR) == ["phone", "id_number", "bank_card"]
    assert revealable(Role.LEADER) == []
    assert revealable(Role.ADMIN) == []
    assert set(REVEALS) <= set(MASKS)
