"""Province, city and county of an address, by the nation's own lists."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from geo.addresses.divisions import Divisions, split_divisions
from geo.addresses.nation import nation

DATA = Path(__file__).resolve().parents[1] / "data"
with (DATA / "address_parse_vectors.csv").open(encoding="utf-8", newline="") as file:
    VECTORS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", VECTORS, ids=[row["raw"] for row in VECTORS])
def test_published_addresses_are_split_as_published(row: dict[str, str]) -> None:
    found = split_divisions(
        row["raw"], towns=row["town_village_flag"] == "True", renew=row["change2new_flag"] == "True"
    )
    assert found == Divisions(*(row[k] for k in ("province", "city", "county", "town", "village", "detail")))


def test_all_published_addresses_are_here() -> None:
    assert len(VECTORS) == 33


@pytest.mark.parametrize(
    ("address", "county"),
    [
        ("安徽省芜湖市芜湖县", "湾沚区"),
        ("繁昌县", "繁昌区"),
        ("无为县", "无为市"),
        ("芜湖市三山区", "弋江区"),
        ("陕西省宝鸡市凤翔县", "凤翔区"),
        ("浙江省杭州市临平区", "临平区"),
    ],
)
def test_a_former_county_gets_its_name_of_today(address: str, county: str) -> None:
    assert split_divisions(address, towns=False, renew=True).county == county


def test_a_renamed_city_keeps_its_old_name_unless_asked() -> None:
    assert split_divisions("湖北省襄樊市", towns=False, renew=False).city == "襄樊市"
    assert split_divisions("湖北省襄樊市", towns=False, renew=True).city == "襄阳市"


def test_a_county_name_of_several_provinces_stays_without_one() -> None:
    assert split_divisions("鼓楼区中山路", towns=False, renew=True) == Divisions("", "", "鼓楼区", "", "", "中山路")
    assert split_divisions("南京市鼓楼区", towns=False, renew=True).province == "江苏省"


def test_a_town_that_ends_in_zhen_twice_is_read_whole() -> None:
    found = split_divisions("南陵县许镇镇太平村3组", towns=True, renew=True)
    assert (found.town, found.village) == ("许镇镇", "太平村")


@pytest.mark.parametrize("address", ["", "重庆路5号", "河南村3组", "李家沟村5号"])
def test_a_road_or_village_is_no_province(address: str) -> None:
    assert split_divisions(address, towns=True, renew=True) == Divisions("", "", "", "", "", address)


def test_the_list_of_the_nation_is_recent_enough() -> None:
    for name in ("潞州区", "莱芜区", "新津区", "新建区", "湾沚区", "错那市"):
        assert any(division.current for division in nation().by_name[name]), name
