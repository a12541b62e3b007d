"""The map's themes of renovation: counts of the server in the legend, popups that lead to lists, links that restore."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenMap
from tests.browser.test_map import get, press


def test_themes_of_renovation_tell_what_the_server_counts_and_lead_to_its_lists(open_map: OpenMap) -> None:
    seen = open_map("supervisor")
    told = get(seen, "/map/renovation.json")
    press(seen, "主题", "改造点")
    shown = seen.panel_counts()
    assert {key: shown[f"x{key}"] for key in told["standings"]} == told["standings"]
    expect(seen.page.locator("#dock .dock-list")).to_have_attribute("href", "/sites")
    press(seen, "主题", "验收后付款")
    assert seen.panel_counts()["plate_0"] == told["payments"].get("late_0", 0)
    expect(seen.page.locator("#dock .dock-list")).to_have_attribute("href", "/sites?late=1")
    press(seen, "主题", "危房密度")
    numbers = get(seen, "/map/danger.json")["areas"].values()
    dock = seen.page.locator("#dock")
    unknown = sum(houses - appraised for _danger, appraised, houses in numbers)
    expect(dock).to_contain_text(f"未鉴定 {unknown} 栋不计入")
    # The link restores the theme, and the village's popup speaks of its houses.
    again = open_map("supervisor", seen.page.url.split("/", 3)[3].join(["/", ""]))
    expect(again.page.get_by_role("button", name="危房密度", exact=True)).to_have_attribute("aria-pressed", "true")
    again.page.locator("#area-list button").first.evaluate("button => button.click()")
    expect(again.page.locator(".popup")).to_contain_text("情况未知")


def test_an_inspector_has_no_theme_of_money(open_map: OpenMap) -> None:
    seen = open_map("inspector", "/map?theme=payments")
    expect(seen.page.get_by_role("button", name="改造点", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(seen.page.get_by_role("button", name="验收后付款", exact=True)).to_have_count(0)
