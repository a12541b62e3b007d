"""Which village and natural village an address means inside the user's own area."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from geo.addresses.gazetteer import Gazetteer, Located, Unit
from tests.address_set import make_cases, make_land
from tests.benchmarks.bench_addresses import score

DATA = Path(__file__).resolve().parents[1] / "data"
COUNTY, LAKE, EAST = 1, 10, 20
SHANGJIA, LIJIAGOU, LIJIA, TAIPING, QIAO = 11, 12, 13, 14, 15
EAST_TAIPING, EAST_LIU, EAST_NORTH = 21, 22, 23
UNITS = (
    Unit(COUNTY, "county", "张店区", None, (), ("370303",)),
    Unit(LAKE, "township", "湖田街道", COUNTY, ("湖田镇",), ("370303011",)),
    Unit(EAST, "township", "东坪镇", COUNTY, (), ("370303999",)),
    Unit(SHANGJIA, "village", "商家村", LAKE, ("商家村村民委员会", "商庄"), ("370303011201",)),
    Unit(LIJIAGOU, "village", "李家沟村", LAKE, (), ("370303011202",)),
    Unit(LIJIA, "village", "李家村", LAKE, (), ("370303011203",)),
    Unit(TAIPING, "village", "太平村", LAKE, (), ("370303011204",)),
    Unit(QIAO, "village", "太平桥社区居民委员会", LAKE, (), ("370303011001",)),
    Unit(EAST_TAIPING, "village", "太平村", EAST, (), ("370303999201",)),
    Unit(EAST_LIU, "village", "刘村村", EAST, (), ("370303999202",)),
    Unit(EAST_NORTH, "village", "鄌北村", EAST, (), ("370303999203",)),
    Unit(101, "natural_village", "王家庄", SHANGJIA),
    Unit(102, "natural_village", "大塘", SHANGJIA),
    Unit(103, "natural_village", "大塘", LIJIAGOU),
    Unit(104, "natural_village", "李家", LIJIA),
    Unit(111, "group", "3组", SHANGJIA),
    Unit(112, "group", "第一村民小组", 101),
)


@pytest.fixture(scope="module")
def known() -> Gazetteer:
    return Gazetteer(UNITS)


@pytest.mark.parametrize(
    ("address", "village"),
    [
        ("湖田街道商家村3组", SHANGJIA),
        ("李家沟村5号", LIJIAGOU),
        ("山东省淄博市张店区湖田街道商家村", SHANGJIA),
        ("山东淄博张店湖田商家3组", SHANGJIA),
        ("张店区商家村村民委员会", SHANGJIA),
        ("商家村村委会", SHANGJIA),
        ("商家社区", SHANGJIA),
        ("商庄5号", SHANGJIA),
        ("湖田镇商家村", SHANGJIA),
        ("湖田街道办事处商家村", SHANGJIA),
        ("湖田街道湖田街道商家村", SHANGJIA),
        ("湖田街道商家村商家村", SHANGJIA),
        ("商家村，湖田街道，张店区", SHANGJIA),
        ("3组5号商家村湖田街道", SHANGJIA),
        ("商 家村　３组", SHANGJIA),
        ("现住湖田街道商家村", SHANGJIA),
        ("商家村（原商家庄）5号", SHANGJIA),
        ("商家村东头老槐树旁", SHANGJIA),
        ("商家村3组5号，靠近李家沟村", SHANGJIA),
        ("李家5号", LIJIA),
        ("太平桥3号", QIAO),
        ("太平桥社区", QIAO),
        ("太平桥居委会", QIAO),
        ("湖田街道太平村", TAIPING),
        ("东坪镇太平5组", EAST_TAIPING),
        ("刘村村3组", EAST_LIU),
        ("刘村村委会3组", EAST_LIU),
        ("王家庄5号", SHANGJIA),
        ("李家沟村大塘5号", LIJIAGOU),
    ],
)
def test_a_village_is_found_however_it_is_written(known: Gazetteer, address: str, village: int) -> None:
    found = known.locate(address)
    assert (found.village, found.candidates, found.typo) == (village, (), False)


@pytest.mark.parametrize(
    "address",
    [
        "大李家沟村5号",
        "李家沟东村5号",
        "商家桥村",
        "太平新村3组",
        "商家村镇5号",
        "李家沟镇5号",
        "傅家镇商家村3组",
        "昌乐县商家村3组",
        "安徽省芜湖市商家村",
        "合肥肥东商家村",
        "临淄区湖田街道商家村",
        "赵家村5号",
        "东李家沟村",
        "同上",
        "13800000000",
        "",
        "   ",
        "东坪镇商家村",
    ],
)
def test_a_place_that_is_not_in_the_area_is_not_found(known: Gazetteer, address: str) -> None:
    found = known.locate(address)
    assert (found.village, found.hamlet, found.candidates) == (None, None, ())


def test_another_township_is_named_as_the_reason(known: Gazetteer) -> None:
    assert "傅家镇" in known.locate("傅家镇商家村3组").why.zh
    assert "昌乐县" in known.locate("昌乐县商家村3组").why.en
    assert known.locate("东坪镇商家村").why.zh == "“东坪镇”内没有“商家村”；请核对乡镇和村名。"


def test_two_villages_of_one_name_are_both_candidates(known: Gazetteer) -> None:
    found = known.locate("张店区太平村5号")
    assert (found.village, found.candidates, found.level) == (None, (TAIPING, EAST_TAIPING), None)
    assert "太平村（湖田街道）" in found.why.zh


def test_a_natural_village_of_two_villages_is_ambiguous_inside_the_township(known: Gazetteer) -> None:
    found = known.locate("湖田街道大塘5号")
    assert (found.village, found.candidates, found.level) == (None, (SHANGJIA, LIJIAGOU), "township")


@pytest.mark.parametrize(
    ("stated", "village"),
    [
        ("湖田街道", TAIPING),
        ("东坪镇太平村", EAST_TAIPING),
        ("370303999", EAST_TAIPING),
        ("370303011204", TAIPING),
        ("没有的村", None),
        ("370303", None),
    ],
)
def test_the_stated_village_or_township_decides_between_namesakes(
    known: Gazetteer, stated: str, village: int | None
) -> None:
    assert known.locate("太平村5号", stated=stated).village == village


def test_the_stated_village_stands_where_the_address_names_none(known: Gazetteer) -> None:
    found = known.locate("3组5号", stated="商家村")
    assert (found.village, found.hamlet, found.level, found.parts.house_no) == (SHANGJIA, 111, "group", "5")
    assert known.locate(None, stated="370303011201").village == SHANGJIA


def test_address_and_column_that_contradict_each_other_are_ambiguous(known: Gazetteer) -> None:
    found = known.locate("李家沟村5号", stated="商家村")
    assert (found.village, found.candidates) == (None, (SHANGJIA, LIJIAGOU))


def test_the_column_of_natural_villages_is_read(known: Gazetteer) -> None:
    assert known.locate("商家村5号", hamlet="王家庄").hamlet == 101
    assert known.locate("5号", stated="商家村", hamlet="大塘").hamlet == 102
    assert known.locate("商家村5号", hamlet="三组").hamlet == 111


def test_the_finest_certain_level_is_told(known: Gazetteer) -> None:
    assert known.locate("商家村3组").level == "group"
    assert known.locate("商家村第一村民小组").hamlet == 112
    assert known.locate("商家村王家庄5号").level == "natural_village"
    assert known.locate("商家村9组").level == "village"
    assert known.locate("湖田街道").level == "township"
    assert known.locate("同上").level is None


def test_a_name_of_village_and_natural_village_means_the_village_unless_written_twice(known: Gazetteer) -> None:
    assert known.locate("李家村5号").hamlet is None
    assert known.locate("李家村李家5号").hamlet == 104


@pytest.mark.parametrize(
    ("address", "village"),
    [
        ("湖田街道李嘉沟村5号", LIJIAGOU),
        ("李李家沟村5号", LIJIAGOU),
        ("湖田街道家沟村5号", LIJIAGOU),
        ("湖田街道商佳村5号", SHANGJIA),
        ("东坪镇唐北村", None),
        ("东坪镇鄌百村", EAST_NORTH),
        ("胡田街道商家村", SHANGJIA),
        ("商家材3组", SHANGJIA),
        ("太平桥世区3组", QIAO),
        ("商家村王家桩5号", SHANGJIA),
    ],
)
def test_a_near_spelling_is_a_proposal(known: Gazetteer, address: str, village: int | None) -> None:
    found = known.locate(address)
    assert (found.village, found.typo) == (village, village is not None)


def test_a_short_name_with_one_wrong_letter_and_nothing_around_it_is_not_guessed(known: Gazetteer) -> None:
    assert known.locate("商佳村5号").village is None


def test_what_is_left_of_a_short_name_has_to_tell_something(known: Gazetteer) -> None:
    found = known.locate("湖田街道尚家村5号")
    assert (found.village, found.level) == (None, "township")


@pytest.mark.parametrize("address", ["湖田街道王家沟村5号", "湖田街道太平新村", "湖田街道东太平村"])
def test_another_family_or_a_new_village_is_no_slip(known: Gazetteer, address: str) -> None:
    assert known.locate(address).village is None


def test_a_near_spelling_of_two_villages_is_ambiguous() -> None:
    known = Gazetteer(
        (
            Unit(1, "township", "湖田街道", None),
            Unit(2, "village", "王家洼村", 1),
            Unit(3, "village", "王家河村", 1),
        )
    )
    found = known.locate("湖田街道王家注村")
    assert (found.village, found.candidates) == (None, (2, 3))


def test_names_above_the_area_are_not_judged_where_none_is_known() -> None:
    known = Gazetteer((Unit(1, "village", "商家村", None),))
    assert known.locate("山东省淄博市商家村5号").village == 1


@pytest.mark.parametrize(
    "address", ["安徽省芜湖市繁昌县平铺镇新林村", "宣城地区繁昌县平铺乡新林村", "芜湖市繁昌区平铺镇新林村"]
)
def test_former_names_of_county_city_and_township_are_understood(address: str) -> None:
    known = Gazetteer(
        (
            Unit(1, "township", "平铺镇", None, (), ("340212104",)),
            Unit(2, "village", "新林村委会", 1, (), ("340212104201",)),
        )
    )
    assert known.locate(address).village == 2


def test_a_zone_that_is_named_in_the_place_of_a_township_is_elsewhere(known: Gazetteer) -> None:
    assert known.locate("张店区经济开发区商家村").village is None
    assert known.locate("张店区经济开发区湖田街道商家村").village == SHANGJIA


def test_a_bare_name_of_a_village_and_of_a_natural_village_elsewhere_is_ambiguous() -> None:
    known = Gazetteer(
        (
            Unit(1, "village", "杨湾村", None),
            Unit(2, "village", "芦南村", None),
            Unit(3, "natural_village", "杨湾", 2),
        )
    )
    assert known.locate("杨湾5号").candidates == (1, 2)
    assert known.locate("杨湾村5号").village == 1
    assert known.locate("芦南村杨湾5号").hamlet == 3


def test_a_township_of_the_county_without_its_villages_is_known_to_be_elsewhere() -> None:
    known = Gazetteer((*UNITS, Unit(30, "township", "湖口街道", COUNTY)))
    assert known.locate("湖口街道商家村").village is None


def test_an_empty_area_knows_nothing() -> None:
    assert Gazetteer(()).locate("商家村5号", stated="商家村").village is None


def test_a_key_that_is_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="same key"):
        Gazetteer((Unit(1, "village", "商家村", None), Unit(1, "village", "李家村", None)))


def test_the_same_question_has_the_same_answer_whatever_was_asked_before(known: Gazetteer) -> None:
    fresh = Gazetteer(UNITS)
    questions = ["商家村3组", "商家村5号", "商家村", "商家 村12号", "商家村12号"]
    assert [known.locate(q) for q in questions] == [fresh.locate(q) for q in reversed(questions)][::-1]
    assert isinstance(known.locate("商家村"), Located)


@pytest.mark.parametrize("seed", [7, 5077])
def test_of_a_labelled_set_99_in_100_answers_are_right_and_95_in_100_are_found(seed: int) -> None:
    with (DATA / "villages.csv").open(encoding="utf-8", newline="") as file:
        land = make_land(csv.DictReader(file), seed)
    cases = make_cases(land, 1_200, seed + 1)
    counts, _ = score(land, cases)
    assert counts["answerable"] > 700
    assert counts["right"] / counts["answered"] >= 0.99
    assert counts["right"] / counts["answerable"] >= 0.95
    assert sum(case.answer == "ambiguous" for case in cases) > 40
    assert sum(case.answer == "" for case in cases) > 150
