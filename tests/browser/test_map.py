"""The map draws what the server says: areas, records, legend, themes and levels."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Route, expect

from data.letters import as_letters
from tests.browser.conftest import OpenMap
from tests.browser.look import MapPage, number_in
from tests.browser.stand import ROLES
from tests.township import VILLAGES
from tests.unit.test_letters import from_letters

# Where H1 (visited) and H2 (a visit that is too short) live.
H1, H2 = (118.8020, 36.405), (118.8030, 36.405)
STATUS_KEYS = [f"s{number}" for number in range(8)]


def get(seen: MapPage, address: str) -> Any:
    answer = seen.page.request.get(address)
    assert answer.ok
    return answer.json()


def press(seen: MapPage, group: str, name: str) -> None:
    button = seen.page.get_by_role("group", name=group).get_by_role("button", name=name, exact=True)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    seen.drawn()


@pytest.mark.parametrize("role", ROLES)
def test_the_map_is_drawn_for_each_role(open_map: OpenMap, role: str) -> None:
    seen = open_map(role)
    for pane in ("land", "areas", "top", "points"):
        assert sum(seen.painted(pane, whole=False).values()) > 1000, f"{pane} is blank"
    assert len(seen.painted("points")) > 10, "neither boundary nor households nor names"


def test_the_headline_is_that_of_the_server(open_map: OpenMap) -> None:
    seen = open_map("leader")
    said = get(seen, "/map/setup.json")["coverage"]
    card = seen.page.locator("#coverage-card")
    assert (said["visited"], said["eligible"]) == (2, 10)
    expect(card.locator(".coverage-figure strong")).to_have_text("20.0%")
    expect(card.locator(".coverage-figure")).to_contain_text("2 / 10 户")
    expect(card).to_contain_text(f"还差 {said['to_target']} 户达标")


def test_the_counts_beside_the_layers_are_those_of_the_server(open_map: OpenMap) -> None:
    seen = open_map("leader")
    counts = get(seen, "/map/setup.json")["counts"]
    press(seen, "主题", "走访状态")
    shown = seen.panel_counts()
    assert {key: shown[key] for key in STATUS_KEYS} == {f"s{n}": counts["status"][str(n)] for n in range(8)}
    assert sum(shown[key] for key in STATUS_KEYS) == 10
    assert shown["danger"] == counts["grades"]["C"] + counts["grades"]["D"]
    press(seen, "主题", "危房等级")
    shown = seen.panel_counts()
    assert {grade: shown[f"g{grade}"] for grade in "ABCD"} == {g: counts["grades"].get(g, 0) for g in "ABCD"}
    press(seen, "主题", "改造点")
    assert seen.panel_counts()["tstarted"] == counts["sites"]["started"] == 1


def test_the_class_legend_adds_up_to_the_areas_of_the_server(open_map: OpenMap) -> None:
    seen = open_map("leader")
    areas = [feature["properties"] for feature in get(seen, "/map/areas.json")["features"]]
    dock = seen.page.locator("#dock")
    counts = [
        words.split("·") for words in dock.locator(":text-matches('^\\\\d+ 村 · [\\\\d,]+ 户$')").all_inner_texts()
    ]
    assert sum(number_in(villages) for villages, _ in counts) == len(areas) == 3
    assert sum(number_in(households) for _, households in counts) == sum(area["remaining"] for area in areas) == 7


@pytest.mark.parametrize(("level", "by", "name"), [("村", "village", "测试1村"), ("网格", "grid", "001 网格")])
def test_the_list_of_areas_speaks_the_numbers_of_the_server(open_map: OpenMap, level: str, by: str, name: str) -> None:
    seen = open_map("leader")
    press(seen, "统计层级", level)
    said = {
        (area["name"], area["visited"], area["eligible"])
        for area in (feature["properties"] for feature in get(seen, f"/map/areas.json?by={by}")["features"])
    }
    spoken = seen.page.locator("#area-list button").all_text_contents()
    assert any(words.startswith(name) for words in spoken)
    assert {
        (words.split("，")[0], *(number_in(n) for n in words.split("，")[2].split("户")[0].split("/")))
        for words in spoken
    } == said


def crowd(route: Route) -> None:
    """Ten households in a township make no heat: each cell is told to hold two thousand."""
    answer = route.fetch()
    said = answer.json()
    said["counts"] = as_letters(2000 * np.array(from_letters(said["counts"]), dtype=np.int64))
    route.fulfill(response=answer, json=said)


def test_each_theme_shows_its_own_picture(open_map: OpenMap) -> None:
    seen = open_map("leader").go(118.806, 36.405, 13)
    seen.page.route("**/map/heat.json*", crowd)
    pictures = {}
    for theme in ("走访状态", "覆盖率", "未访热力", "已访热力", "危房等级"):
        press(seen, "主题", theme)
        pictures[theme] = (
            sum(seen.painted("areas", whole=False).values()),
            sum(seen.painted("heat", whole=False).values()),
            sum(seen.painted("points").values()),
        )
        expect(seen.page).to_have_title(re.compile(theme))
    areas, heat, points = range(3)
    assert pictures["覆盖率"][areas] > 0 == pictures["走访状态"][areas]
    assert pictures["未访热力"][heat] > 0 == pictures["覆盖率"][heat]
    assert pictures["已访热力"][heat] > 0
    assert pictures["走访状态"][points] != pictures["危房等级"][points]
    assert pictures["未访热力"] != pictures["已访热力"]


def test_a_layer_switched_off_is_no_longer_drawn(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=status").go(*H1, 17)
    before = sum(seen.painted("points").values())
    seen.page.locator("input[data-layer=s1]").uncheck()
    seen.drawn()
    assert 0 < sum(seen.painted("points").values()) < before
    assert "layers=-s1" in seen.page.url


def test_the_map_of_an_inspector_ends_at_the_own_village(open_map: OpenMap) -> None:
    seen = open_map("inspector")
    assert [words.split("，")[0] for words in seen.page.locator("#area-list button").all_text_contents()] == ["测试1村"]
    assert "测试2村" not in seen.page.locator("body").inner_text()
    expect(seen.page.locator("#crumbs [aria-current=location]")).to_have_text("测试1村")


def test_going_into_a_village_and_back_changes_the_figures(open_map: OpenMap) -> None:
    seen = open_map("leader")
    seen.click(118.8250, 36.408)
    seen.page.get_by_role("button", name="进入 测试3村").click()
    expect(seen.page.locator("#coverage-card h2")).to_have_text("测试3村")
    seen.drawn()
    assert f"area={VILLAGES[2]}" in seen.page.url
    expect(seen.page.locator(".coverage-figure")).to_contain_text("0 / 1 户")
    seen.page.go_back()
    expect(seen.page.locator("#coverage-card h2")).to_have_text("测试镇")
    expect(seen.page.locator(".coverage-figure")).to_contain_text("2 / 10 户")


def test_dark_colours_change_the_picture_but_not_the_figures(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map", color_scheme="dark")
    dark = seen.painted("land")
    words = seen.page.locator("#panel").inner_text()
    light = open_map("leader", "/map", color_scheme="light")
    assert next(iter(dark)) != next(iter(light.painted("land"))), "the land has the same colour"
    assert light.page.locator("#panel").inner_text() == words


def test_signs_of_a_theme_out_of_sight_take_the_new_colours_too(open_map: OpenMap) -> None:
    sign = "#layers label:has([data-layer=gC]) img.sign"
    expected = open_map("leader", "/map?theme=houses", color_scheme="dark").page.locator(sign).get_attribute("src")
    seen = open_map("leader", "/map?theme=houses", color_scheme="light")
    assert seen.page.locator(sign).get_attribute("src") != expected
    seen.page.keyboard.press("1")
    expect(seen.page.locator(sign)).to_have_count(0)
    seen.page.evaluate("() => { document.documentElement.dataset.bsTheme = 'dark'; }")
    seen.page.keyboard.press("5")
    assert seen.page.locator(sign).get_attribute("src") == expected


def test_the_map_asks_for_one_text_of_scripts_and_for_no_module_beside_it(open_map: OpenMap) -> None:
    own, fetched = open_map("leader", "/map").page.evaluate(
        """() => {
            const path = (address) => new URL(address, location).pathname;
            const entries = performance.getEntriesByType("resource").map(({ name }) => path(name));
            const own = [...document.scripts].filter((one) => one.type === "module").map((one) => path(one.src));
            const plain = [...document.scripts].filter((one) => one.src && !one.type).map((one) => path(one.src));
            return [own, entries.filter((one) => one.endsWith(".js") && !plain.includes(one))];
        }"""
    )
    assert own == ["/scripts/js/page.js", "/scripts/js/map/main.js"]
    assert sorted(fetched) == sorted(own)


def test_pieces_are_finished_pictures_and_keep_no_memory_when_they_are_gone(open_map: OpenMap) -> None:
    seen = open_map("leader")
    panes = "[...document.querySelectorAll('.leaflet-fangtu-points-pane canvas, .leaflet-fangtu-areas-pane canvas')]"
    seen.page.evaluate(f"() => {{ window.before = {panes}; }}")
    kinds = seen.page.evaluate(
        "() => before.map((one) => Boolean(one.width && one.getContext('bitmaprenderer') && !one.getContext('2d')))"
    )
    assert kinds
    assert all(kinds)
    seen.go(*H1, 17)
    left = seen.page.evaluate("() => before.filter((one) => !one.isConnected).map((one) => one.width)")
    assert set(left) == {0}
    assert len(seen.painted("points")) > 5, "what came into view is not drawn"
