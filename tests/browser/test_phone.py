"""On a phone: nothing to scroll sideways, the map first, the panel as a sheet."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import PHONE, OpenMap, OpenPage
from tests.browser.look import MapPage
from tests.browser.pages import LISTS

NARROW: ViewportSize = {"width": 320, "height": 640}
TOUCH_PX = 44
PAGES = ["/map", *LISTS]
WIDER = """() => [...document.body.querySelectorAll("*")]
    .filter((node) => node.getBoundingClientRect().right > document.documentElement.clientWidth + 1
        && !node.closest(".table-wrap, .themes, .leaflet-container, .unseen, .theme-chips, .top-nav, .segment"))
    .map((node) => `${node.tagName}.${node.className}`).slice(0, 5)"""


def sideways(page: Page) -> int:
    found: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("address", PAGES)
def test_no_page_scrolls_sideways(open_page: OpenPage, address: str, language: str) -> None:
    page = open_page(address, "admin", viewport=PHONE, language=language)
    if address == "/map":
        page.wait_for_selector("body[data-ready=true]")
    for size in (PHONE, NARROW):
        page.set_viewport_size(size)
        assert sideways(page) <= 0, f"{size}: {page.evaluate(WIDER)}"


@pytest.mark.parametrize("address", ["/suspects", "/publicity"])
def test_the_tab_of_the_page_is_in_view(open_page: OpenPage, address: str) -> None:
    page = open_page(address, "supervisor", viewport=NARROW, language="en")
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)


def test_what_does_not_fit_the_bar_is_in_the_menu(open_page: OpenPage) -> None:
    page = open_page("/accounts", "admin", viewport={"width": 1440, "height": 700}, language="en")
    pages = page.locator(".top-nav a").all_inner_texts()
    for width in (1280, 1000):
        page.set_viewport_size({"width": width, "height": 700})
        expect(page.locator(".menu-user summary")).to_be_in_viewport(ratio=1)
        assert sideways(page) <= 0
    expect(page.locator(".top-nav")).to_be_hidden()
    page.locator(".menu-user summary").click()
    assert page.locator(".menu-nav a").all_inner_texts() == pages


def test_the_sign_in_page_fits_a_phone(open_page: OpenPage) -> None:
    page = open_page("/sign-in", viewport=NARROW)
    assert sideways(page) <= 0
    expect(page.get_by_role("main").get_by_role("button")).to_be_in_viewport()


def test_the_main_controls_are_in_reach(open_map: OpenMap) -> None:
    seen = open_map("inspector", "/map", viewport=PHONE, has_touch=True, is_mobile=True)
    page = seen.page
    for control in (page.get_by_role("button", name="图层"), page.get_by_role("button", name="定位")):
        expect(control).to_be_in_viewport()
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= TOUCH_PX
    expect(page.locator("#themes-chips [aria-pressed=true]")).to_be_in_viewport()
    expect(page.locator("#panel")).not_to_be_in_viewport()
    shown = page.locator("#map_township").bounding_box()
    assert shown is not None
    assert shown["width"] == PHONE["width"]
    assert shown["height"] > PHONE["height"] * 0.6


def test_the_sheet_opens_and_closes(open_map: OpenMap) -> None:
    page = open_map("inspector", "/map", viewport=PHONE).page
    opener = page.get_by_role("button", name="图层", exact=True)
    opener.click()
    expect(opener).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#coverage-card")).to_be_in_viewport()
    expect(page.locator("#coverage-card")).to_contain_text("2 / 5 户")
    page.keyboard.press("Escape")
    expect(opener).to_have_attribute("aria-expanded", "false")
    expect(opener).to_be_focused()
    expect(page.locator("#panel")).not_to_be_in_viewport()


def test_a_tap_opens_a_popup_that_fits(open_map: OpenMap) -> None:
    seen = open_map("inspector", "/map?theme=status", viewport=PHONE, has_touch=True).go(118.8020, 36.405, 17)
    x, y = seen.place(118.8020, 36.405)
    seen.page.touchscreen.tap(x, y)
    assert "赵测一" in seen.popup_text()
    box = seen.popup.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    assert box["y"] + box["height"] <= PHONE["height"] + 1
    assert sideways(seen.page) <= 0


def test_the_map_is_drawn_down_to_the_legend(open_page: OpenPage) -> None:
    page = open_page("/map?theme=unvisited#map=13/36.405/118.81", "leader", language="en", viewport=PHONE)
    MapPage(page).drawn()
    known, high = page.evaluate("() => [map_township.getSize().y, map_township.getContainer().clientHeight]")
    assert known == high > PHONE["height"] * 0.6
