"""Everything on the map page can be reached and done by keyboard."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenMap, OpenPage
from tests.browser.look import MapPage

FOCUSED = """() => {
    const node = document.activeElement;
    const box = node.getBoundingClientRect();
    const style = getComputedStyle(node);
    const host = node.closest("label, form") || node;
    return {
        name: node.getAttribute("aria-label") || node.textContent.trim().slice(0, 40) || node.name || node.id,
        id: node.id, area: node.dataset.area || "", inMap: Boolean(node.closest("#area-list")),
        ringed: style.outlineStyle !== "none" || style.boxShadow !== "none"
            || getComputedStyle(host).outlineStyle !== "none",
        seen: box.width > 0 && box.height > 0, tag: node.tagName,
    };
}"""
MOST_STEPS = 80


def tab_until(seen: MapPage, found: str) -> list[dict[str, object]]:
    """Press Tab until the focus is on something with this property; what was passed on the way."""
    passed: list[dict[str, object]] = []
    for _ in range(MOST_STEPS):
        seen.page.keyboard.press("Tab")
        passed.append(seen.page.evaluate(FOCUSED))
        if passed[-1][found]:
            return passed
    raise AssertionError(f"{found} is not reached by Tab: {[step['name'] for step in passed]}")


def test_tab_goes_from_the_skip_link_to_the_areas_and_every_stop_is_seen(open_map: OpenMap) -> None:
    seen = open_map("leader")
    # Where Tab starts is the browser's choice once a page has drawn itself anew; from the top it is the skip link.
    first = seen.page.locator("a[href], button, input, select, summary").first
    assert first.text_content() == "跳到正文"
    first.focus()
    assert seen.page.evaluate(FOCUSED)["ringed"]
    passed = tab_until(seen, "inMap")
    assert [step["name"] for step in passed if not step["ringed"]] == [], "stops without a visible focus"
    assert [step for step in passed if not step["seen"]] == []
    assert len({str(step) for step in passed}) > 10


def test_an_area_opens_by_enter_and_closes_by_escape_where_it_was(open_map: OpenMap) -> None:
    seen = open_map("leader")
    first = seen.page.locator("#area-list button").first
    first.focus()
    name = (first.text_content() or "").split("，")[0]
    seen.page.keyboard.press("Enter")
    expect(seen.popup.get_by_role("heading")).to_have_text(name)
    assert seen.page.evaluate("document.querySelector('[role=dialog]').contains(document.activeElement)")
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.querySelector('[role=dialog]').contains(document.activeElement)")
    seen.page.keyboard.press("Escape")
    expect(seen.popup).to_have_count(0)
    expect(first).to_be_focused()


def test_enter_on_the_map_opens_what_lies_in_its_middle(open_map: OpenMap) -> None:
    seen = open_map("leader").go(118.815, 36.4085, 15)
    seen.page.locator("#map_township").focus()
    seen.page.keyboard.press("Enter")
    expect(seen.popup.get_by_role("heading")).to_have_text("测试2村")
    seen.page.keyboard.press("Escape")
    expect(seen.page.locator("#map_township")).to_be_focused()


def test_arrows_and_signs_move_the_map(open_map: OpenMap) -> None:
    seen = open_map("leader").go(118.815, 36.405, 14)
    seen.page.locator("#map_township").focus()
    seen.page.keyboard.press("ArrowRight")
    seen.page.wait_for_function("() => map_township.getCenter().lng > 118.8155")
    seen.page.keyboard.press("Equal")
    seen.page.wait_for_function("() => map_township.getZoom() === 15")


def test_a_number_chooses_the_theme(open_map: OpenMap) -> None:
    seen = open_map("leader")
    for key, theme in {"1": "走访状态", "3": "未访热力", "5": "危房等级"}.items():
        seen.page.keyboard.press(key)
        expect(seen.page.get_by_role("button", name=theme, exact=True)).to_have_attribute("aria-pressed", "true")


def test_the_keys_are_listed_and_can_be_switched_off(open_map: OpenMap) -> None:
    seen = open_map("leader")
    seen.page.keyboard.press("?")
    box = seen.page.get_by_role("dialog", name="键盘")
    expect(box).to_contain_text("Esc")
    box.get_by_label("启用单键快捷键").uncheck()
    seen.page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    seen.page.keyboard.press("1")
    expect(seen.page.get_by_role("button", name="覆盖率", exact=True)).to_have_attribute("aria-pressed", "true")


def test_what_changes_is_said_once(open_map: OpenMap) -> None:
    seen = open_map("leader")
    seen.page.keyboard.press("5")
    expect(seen.page.locator("#say")).to_have_text("主题：危房等级")
    expect(seen.page.locator("#say")).to_have_attribute("aria-live", "polite")


def test_the_menu_closes_by_escape_and_gives_the_focus_back(open_page: OpenPage) -> None:
    page = open_page("/account", "leader")
    opener = page.locator(".menu-user summary")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="退出登录")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="退出登录")).to_be_hidden()
    expect(opener).to_be_focused()
