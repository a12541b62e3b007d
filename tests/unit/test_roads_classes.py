"""What files say of a road, read into our words."""

from __future__ import annotations

import json

import pytest

from data.roads.classes import read_class, read_road, read_width
from data.tables.roads import CLASSES


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("县道", "secondary"),
        ("Living_Street", "residential"),
        ("村道", "unclassified"),
        ("机耕路", "track"),
        ("steps", "steps"),
        (None, "unclassified"),
        ("没见过的词", "unclassified"),
        ("proposed", None),
    ],
)
def test_a_class_is_known_by_the_words_of_offices_and_maps(word: str | None, expected: str | None) -> None:
    assert read_class(word) == expected


@pytest.mark.parametrize(
    ("word", "metres"),
    [("3.5", 3.5), ("4,5 m", 4.5), ("约3米", 3.0), ("", None), ("宽", None), ("0", None), ("999", None)],
)
def test_a_width_is_read_with_its_unit(word: str, metres: float | None) -> None:
    assert read_width(word) == metres


def allowed(**cells: str) -> set[str]:
    road = read_road(cells)
    assert road is not None
    return {mode for mode, may in road.allowed.items() if may}


def test_class_width_and_what_the_map_says_decide_who_may_go() -> None:
    assert allowed(road_class="村道") == {"walk", "ebike", "car"}
    assert allowed(road_class="村道", width="2.4") == {"walk", "ebike"}
    assert allowed(road_class="小路") == {"walk", "ebike"}
    assert allowed(road_class="高速公路") == {"car"}
    assert allowed(road_class="residential", access="private") == {"walk", "ebike", "car"}
    assert allowed(road_class="residential", access="no") == set()
    assert allowed(tags=json.dumps({"highway": "track", "motor_vehicle": "no"})) == {"walk", "ebike"}
    assert allowed(tags=json.dumps({"highway": "service", "access": "no", "foot": "yes"})) == {"walk"}
    assert allowed(tags=json.dumps({"highway": "service", "area": "yes"})) == {"walk", "ebike"}


def test_columns_go_before_tags_and_codes_of_map_offices_are_known() -> None:
    road = read_road(
        {"road_class": "primary", "oneway": "T", "bridge": "F", "tags": '{"highway": "path", "name": "路"}'}
    )
    assert road is not None
    assert (road.road_class, road.name, road.oneway, road.level) == ("primary", "路", -1, 0)
    bridge = read_road({"bridge": "T", "oneway": "F"})
    assert bridge is not None
    assert (bridge.level, bridge.oneway) == (1, 1)
    assert read_road({"tags": "no JSON"}) is not None


def test_every_class_is_one_the_store_takes() -> None:
    words = ("高速", "国道", "省道", "县道", "乡道", "村道", "巷", "service", "土路", "小路", "台阶")
    assert [read_class(word) for word in words] == list(CLASSES)
