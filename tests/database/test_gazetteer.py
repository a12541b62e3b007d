"""The user's own areas from the store, asked for villages in addresses."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.orm import Session

from data.areas import number_range
from data.gazetteer import load_gazetteer
from data.tables import Area, AreaAlias

COUNTY, TOWN, OTHER = "990201", "990201001", "990201002"


@pytest.fixture
def keys(owner: Session) -> dict[str, int]:
    """A county with two townships; the second has a village of the same name. Keys by code."""
    made: dict[str, int] = {}

    def add(code: str, name: str, level: str, parent: str | None = None, *, old: date | None = None) -> None:
        jur, jur_end = number_range(code[:12])
        area = Area(code=code, name=name, level=level, jur=jur, jur_end=jur_end, valid_to=old)
        area.parent_id = made[parent] if parent else None
        owner.add(area)
        owner.flush()
        made[code] = area.id

    add(COUNTY, "测试县", "county")
    add(TOWN, "测东镇", "township", COUNTY)
    add(OTHER, "测西镇", "township", COUNTY)
    add(TOWN + "201", "商家村", "village", TOWN)
    add(TOWN + "202", "李家沟村", "village")  # without a parent
    add(TOWN + "203", "废弃村", "village", TOWN, old=date(2020, 1, 1))
    add(OTHER + "201", "商家村", "village", OTHER)
    add(TOWN + "201N01", "王家庄", "natural_village", TOWN + "201")
    add(TOWN + "201G03", "3组", "group", TOWN + "201")
    jur, jur_end = number_range(TOWN + "202")
    owner.add(AreaAlias(area_id=made[TOWN + "202"], jur=jur, jur_end=jur_end, name="老沟大队", code="990109001007"))
    owner.flush()
    return made


def test_village_group_and_natural_village_are_found_in_the_township(owner: Session, keys: dict[str, int]) -> None:
    known = load_gazetteer(owner, *number_range(TOWN))
    found = known.locate("测东镇商家村3组5号")
    assert (found.village, found.hamlet) == (keys[TOWN + "201"], keys[TOWN + "201G03"])
    assert known.locate("王家庄5号").hamlet == keys[TOWN + "201N01"]


def test_other_names_and_older_codes_are_known(owner: Session, keys: dict[str, int]) -> None:
    known = load_gazetteer(owner, *number_range(TOWN))
    assert known.locate("老沟大队5号").village == keys[TOWN + "202"]
    assert known.locate("5号", stated="990109001007").village == keys[TOWN + "202"]


def test_an_area_without_a_parent_lies_where_its_number_says(owner: Session, keys: dict[str, int]) -> None:
    known = load_gazetteer(owner, *number_range(TOWN))
    assert known.locate("测东镇李家沟村5号").village == keys[TOWN + "202"]
    assert known.locate("测西镇李家沟村5号").village is None


def test_the_neighbouring_township_is_elsewhere_for_the_township(owner: Session, keys: dict[str, int]) -> None:
    known = load_gazetteer(owner, *number_range(TOWN))
    found = known.locate("测西镇商家村5号")
    assert (found.village, found.candidates) == (None, ())
    assert known.locate("商家村5号").village == keys[TOWN + "201"]


def test_namesakes_are_ambiguous_for_the_county(owner: Session, keys: dict[str, int]) -> None:
    known = load_gazetteer(owner, *number_range(COUNTY))
    assert known.locate("商家村5号").candidates == (keys[TOWN + "201"], keys[OTHER + "201"])
    assert known.locate("测西镇商家村5号").village == keys[OTHER + "201"]


def test_a_village_that_is_no_more_is_not_found(owner: Session, keys: dict[str, int]) -> None:
    assert load_gazetteer(owner, *number_range(TOWN)).locate("废弃村5号").village is None


def test_where_there_are_no_areas_nothing_is_known(owner: Session) -> None:
    assert load_gazetteer(owner, *number_range("990301")).locate("商家村5号").village is None
