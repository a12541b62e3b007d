"""What a row's words say of its place: certain, ambiguous, nearly spelt, or nothing; never a guess."""

from __future__ import annotations

import pytest

from data.imports.geocoding import read_place, read_places
from geo.addresses.gazetteer import Gazetteer, Unit

UNITS = [
    Unit(1, "township", "青石镇", None, codes=("990101001",)),
    Unit(2, "village", "河西村", 1, codes=("990101001201",)),
    Unit(3, "village", "青峰村", 1, ("青峰村村民委员会",), ("990101001202",)),
    Unit(4, "natural_village", "小王庄", 2),
    Unit(5, "natural_village", "小王庄", 3),
    Unit(6, "natural_village", "柳树沟", 3),
]


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer(UNITS)


@pytest.mark.parametrize(
    ("address", "stated", "hamlet", "village", "inner", "how"),
    [
        (None, "河西村", None, 2, None, "village"),
        (None, "990101001202", None, 3, None, "village"),
        (None, "河西村", "小王庄", 2, 4, "hamlet"),
        ("青峰村柳树沟5号", None, None, 3, 6, "hamlet"),
        ("柳树沟5号", None, None, 3, 6, "hamlet"),
        ("小王庄5号", None, None, None, None, "ambiguous"),
        ("小王庄5号", "青峰村", None, 3, 5, "hamlet"),
        ("柳树勾5号", None, None, None, None, "near_spelling"),
        ("柳树勾5号", "青峰村", None, 3, None, "village"),  # the column is sure of the village only
        ("没有这里", None, None, None, None, "unknown"),
        (None, None, None, None, None, None),
        ("", "", "", None, None, None),
    ],
)
def test_a_row_is_placed_as_far_as_its_words_are_clear(
    gazetteer: Gazetteer,
    address: str | None,
    stated: str | None,
    hamlet: str | None,
    village: int | None,
    inner: int | None,
    how: str | None,
) -> None:
    told = read_place(gazetteer, address, stated, hamlet)
    assert (told.village, told.hamlet, told.how) == (village, inner, how)
    assert told.why.zh
    assert told.why.en


def test_an_ambiguous_name_keeps_its_candidates_and_a_near_spelling_its_proposal(gazetteer: Gazetteer) -> None:
    assert set(read_place(gazetteer, "小王庄5号", None, None).candidates) == {2, 3}
    assert read_place(gazetteer, "柳树勾5号", None, None).candidates == (6,)


def test_rows_keep_their_order(gazetteer: Gazetteer) -> None:
    found = read_places(gazetteer, ["柳树沟1号", None, "柳树沟1号"], [None, "河西村", None], [None, None, None])
    assert [told.village for told in found] == [3, 2, 3]
    assert read_places(gazetteer, [], [], []) == []
