"""The tools at the map's edge: zoom, place, measuring, full screen, print."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenMap

TOOLS = ["放大", "缩小", "定位", "测量", "打印", "全屏"]


def test_all_tools_are_there_by_name(open_map: OpenMap) -> None:
    group = open_map("leader").page.get_by_role("group", name="地图工具")
    assert [button.get_attribute("aria-label") for button in group.get_by_role("button").all()] == TOOLS


def test_zoom_goes_one_step(open_map: OpenMap) -> None:
    seen = open_map("leader").go(118.81, 36.405, 14)
    seen.page.get_by_role("button", name="放大").click()
    seen.page.wait_for_function("() => map_township.getZoom() === 15")
    seen.page.get_by_role("button", name="缩小").click()
    seen.page.wait_for_function("() => map_township.getZoom() === 14")


def test_measuring_tells_the_length_on_the_ground(open_map: OpenMap) -> None:
    seen = open_map("leader").go(118.806, 36.405, 16)
    button = seen.page.get_by_role("button", name="测量")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    seen.click(118.8020, 36.4050)
    seen.click(118.8070, 36.4050)
    seen.page.keyboard.press("Enter")
    bar = seen.page.locator("#measure-bar")
    expect(bar).to_contain_text("全长")
    said = re.search(r"全长 (\d+) 米", bar.inner_text())
    assert said is not None
    # 0.005 degrees of longitude at 36.405 N are 448 m on the ellipsoid.
    assert int(said.group(1)) == pytest.approx(448, rel=0.01)
    assert seen.popup.count() == 0, "a click while measuring opens nothing"
    seen.page.keyboard.press("Escape")
    expect(bar).to_be_hidden()


def test_the_device_is_shown_where_it_is(open_map: OpenMap) -> None:
    seen = open_map(
        "leader",
        "/map",
        permissions=["geolocation"],
        geolocation={"latitude": 36.4062, "longitude": 118.8123, "accuracy": 12},
    )
    seen.page.get_by_role("button", name="定位").click()
    expect(seen.page.locator(".toast")).to_contain_text("误差 12 米")
    seen.drawn()
    assert seen.view()[1:] == pytest.approx((36.4062, 118.8123), abs=1e-3)
    assert sum(seen.painted("select").values()) > 50


def test_the_map_fills_the_screen_and_comes_back(open_map: OpenMap) -> None:
    seen = open_map("leader")
    button = seen.page.get_by_role("button", name="全屏")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert seen.page.evaluate("Boolean(document.fullscreenElement)")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_paper_shows_map_and_legend_and_no_controls(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map", color_scheme="dark")
    page = seen.page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    for part in (".top", ".context", "#tools", "#panel"):
        expect(page.locator(part)).to_be_hidden()
    expect(page.locator("#map_township")).to_be_visible()
    expect(page.locator("#dock")).to_be_visible()
    expect(page.locator("#print-head")).to_contain_text("测试镇")
    # Paper is white whatever the screen was.
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "light"
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_a_printed_map_is_one_sheet(open_map: OpenMap) -> None:
    sheet = open_map("leader").page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", sheet)) == 1
    assert len(sheet) > 10_000


def test_the_base_map_can_be_left_out(open_map: OpenMap) -> None:
    seen = open_map("leader")
    before = seen.painted("top")
    seen.page.get_by_label("底图").select_option("none")
    seen.drawn()
    assert sum(seen.painted("top").values()) < sum(before.values())
