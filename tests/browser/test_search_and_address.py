"""Finding a village or household by typing, and an address that brings back what was seen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenMap, OpenPage
from tests.browser.look import MapPage


def find(seen: MapPage, words: str) -> None:
    seen.page.keyboard.press("/")
    field = seen.page.get_by_role("combobox", name="搜索村、户")
    expect(field).to_be_focused()
    seen.page.keyboard.type(words)
    expect(field).to_have_attribute("aria-expanded", "true")


def results(seen: MapPage) -> Locator:
    return seen.page.get_by_role("listbox", name="搜索结果").get_by_role("option")


def options(seen: MapPage) -> list[str]:
    return results(seen).locator(".result-name").all_inner_texts()


def test_a_village_is_found_and_opened_by_keyboard(open_map: OpenMap) -> None:
    seen = open_map("leader")
    find(seen, "测试3")
    expect(results(seen)).to_have_count(1)
    seen.page.keyboard.press("Enter")
    expect(seen.popup.get_by_role("heading")).to_have_text("测试3村")
    seen.drawn()
    assert seen.view()[2] == pytest.approx(118.825, abs=0.004)


def test_arrows_choose_among_the_results(open_map: OpenMap) -> None:
    seen = open_map("leader")
    find(seen, "测试")
    expect(results(seen).first).to_be_visible()
    names = options(seen)
    assert {"测试1村", "测试2村", "测试3村"} <= set(names)
    for _ in range(names.index("测试2村")):
        seen.page.keyboard.press("ArrowDown")
    expect(seen.page.locator("#search-results [aria-selected=true]")).to_contain_text("测试2村")
    seen.page.keyboard.press("Enter")
    expect(seen.popup.get_by_role("heading")).to_have_text("测试2村")


@pytest.mark.parametrize(("words", "name"), [("H3", "孙测三"), ("孙测三", "孙测三")])
def test_a_household_is_found_by_code_and_by_name(open_map: OpenMap, words: str, name: str) -> None:
    seen = open_map("supervisor")
    find(seen, words)
    expect(results(seen)).to_have_count(1)
    seen.page.keyboard.press("Enter")
    expect(seen.popup.get_by_role("heading")).to_have_text(name)
    seen.drawn()
    zoom, lat, lon = seen.view()
    assert zoom >= 16
    assert (lon, lat) == pytest.approx((118.8070, 36.405), abs=0.004)


def test_a_name_is_not_found_in_part_by_who_sees_it_masked(open_map: OpenMap) -> None:
    seen = open_map("leader")
    find(seen, "孙测")
    expect(seen.page.locator(".result-none")).to_contain_text("没有找到")
    assert options(seen) == []


def test_escape_closes_the_results_and_leaves_the_words(open_map: OpenMap) -> None:
    seen = open_map("leader")
    find(seen, "测试")
    seen.page.keyboard.press("Escape")
    expect(seen.page.get_by_role("combobox", name="搜索村、户")).to_have_attribute("aria-expanded", "false")
    expect(seen.page.get_by_role("combobox", name="搜索村、户")).to_have_value("测试")


def test_the_search_of_another_page_goes_on_to_the_map(open_page: OpenPage) -> None:
    page = open_page("/account", "supervisor")
    page.get_by_role("searchbox", name="搜索村、户").fill("H1")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-ready=true]")
    expect(page.locator("#search-results [role=option]").first).to_contain_text("赵测一")


def test_an_address_brings_back_place_theme_layers_and_selection(open_map: OpenMap) -> None:
    seen = open_map("supervisor")
    seen.page.get_by_role("button", name="危房等级").click()
    seen.drawn()
    seen.page.locator("input[data-layer=visits]").check()
    # The house stands below the middle, so that its popup fits above it and the map need not move.
    seen.go(118.8150, 36.4056, 17.25)
    seen.click(118.8150, 36.405)
    seen.popup_text()
    # The legend of this theme is higher close up; the picture stays and its middle moves a little.
    view = seen.drawn().view()
    assert view == pytest.approx((17.25, 36.4056, 118.8150), abs=5e-4)
    expect(seen.page).to_have_url(re.compile(rf"#map=17\.25/{view[1]:.5f}/{view[2]:.5f}.*sel="))
    again = open_map("supervisor", seen.page.url)
    assert again.view() == pytest.approx(view, abs=1e-4)
    expect(again.page.get_by_role("button", name="危房等级")).to_have_attribute("aria-pressed", "true")
    expect(again.page.locator("input[data-layer=visits]")).to_be_checked()
    expect(again.popup.get_by_role("heading")).to_have_text("农房 F-H6")
    assert "sel=house%3A" in again.page.url


def test_going_back_brings_back_the_area_before(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?area=990101001002")
    expect(seen.page.locator("#coverage-card h2")).to_have_text("测试2村")
    seen.page.locator("#crumbs").get_by_role("button", name="测试镇").click()
    expect(seen.page.locator("#coverage-card h2")).to_have_text("测试镇")
    seen.page.go_back()
    expect(seen.page.locator("#coverage-card h2")).to_have_text("测试2村")


def test_the_link_of_the_view_can_be_copied(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map", permissions=["clipboard-read", "clipboard-write"])
    seen.go(118.81, 36.405, 16)
    seen.page.wait_for_url(re.compile(r"#map=16/"))
    seen.page.get_by_role("button", name="复制链接").click()
    expect(seen.page.locator(".toast")).to_contain_text("已复制链接")
    assert seen.page.evaluate("navigator.clipboard.readText()") == seen.page.url
