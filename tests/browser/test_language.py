"""Chinese and English: the switch, and no Chinese left on the English pages but what records say."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from data.masks import mask_name
from tests.browser.conftest import OpenMap, OpenPage
from tests.browser.stand import ACCOUNTS, Stand
from tests.browser.watch import Watch
from tests.township import PLACES

HAN = re.compile(r"[\u3400-\u9fff\uff01-\uff5e\u3001-\u303f]+")
# What the made-up township itself says; a page may repeat it in any language.
RECORDS = [
    *(place[2] for place in PLACES.values() if place),
    "陈测十",
    *(full_name for _, _, full_name in ACCOUNTS.values()),
    *(
        "测试县",
        "测试镇",
        "测试1村",
        "测试2村",
        "测试3村",
        "测试路一号",
        "测试路",
        "网格",
        "测试员",
        "砖木",
        "外出务工",
    ),
    "约定回访时间",  # a reason that a person typed, in the log
]
# The name of a language stands in that language.
SWITCH = "中文"
EVERYTHING_SAID = """() => {
    const said = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        if (!walker.currentNode.parentElement.closest("script, style, noscript, [lang=zh-CN]:not(html)")) {
            said.push(walker.currentNode.data);
        }
    }
    for (const node of document.querySelectorAll("*")) {
        for (const name of ["aria-label", "title", "placeholder", "alt", "aria-description"]) {
            if (node.hasAttribute(name)) said.push(node.getAttribute(name));
        }
        if (node.matches("input[type=submit], input[type=button]")) said.push(node.value);
    }
    return said;
}"""


def chinese_of(page: Page) -> list[str]:
    """Chinese on a page that is neither a record nor the name of the language."""
    known = sorted({*RECORDS, *map(mask_name, RECORDS)}, key=len, reverse=True)
    left = []
    for said in page.evaluate(EVERYTHING_SAID):
        for word in known:
            said = said.replace(word, "")
        left += [found for found in HAN.findall(said) if found != SWITCH]
    return left


@pytest.fixture(autouse=True)
def accounts_without_a_language(stand: Stand) -> Iterator[None]:
    """The switch is kept with the account; the next test starts without."""
    yield
    with stand.owner.begin() as connection:
        connection.execute(text("update account set language = null"))


@pytest.mark.parametrize(
    "address", ["/sign-in", "/coverage", "/worklists", "/imports", "/accounts", "/audit", "/account"]
)
def test_an_english_page_holds_no_chinese_of_its_own(open_page: OpenPage, address: str) -> None:
    page = open_page(address, None if address == "/sign-in" else "admin", language="en")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert chinese_of(page) == []


def test_an_error_is_said_in_english(open_page: OpenPage, watch: Watch) -> None:
    watch.expect(404, 403)
    page = open_page("/nowhere", "leader", language="en")
    assert chinese_of(page) == []
    page.goto("/accounts")
    assert chinese_of(page) == []


def test_the_english_map_holds_no_chinese_of_its_own(open_map: OpenMap) -> None:
    seen = open_map("supervisor", "/map", language="en")
    expect(seen.page.locator("html")).to_have_attribute("lang", "en")
    for button in seen.page.locator("#themes button").all():
        button.click()
        seen.drawn()
        assert chinese_of(seen.page) == []
    seen.page.get_by_role("button", name=re.compile("^Measure")).click()
    assert chinese_of(seen.page) == []
    seen.page.keyboard.press("Escape")
    seen.page.keyboard.press("?")
    assert chinese_of(seen.page) == []


def test_an_english_popup_holds_no_chinese_of_its_own(open_map: OpenMap, stand: Stand) -> None:
    seen, keys = open_map("supervisor", "/map", language="en"), stand.keys()
    for kind, plural, name in (
        ("household", "households", "H1"),
        ("house", "houses", "H6"),
        ("site", "sites", "H6"),
        ("visit", "visits", "V4"),
    ):
        seen.open_record(kind, keys[plural][name])
        seen.popup_text()
        assert chinese_of(seen.page) == [], kind


def test_the_switch_stays_on_the_page_and_with_the_account(open_map: OpenMap, open_page: OpenPage) -> None:
    seen = open_map("leader", "/map?theme=houses")
    expect(seen.page.locator("html")).to_have_attribute("lang", "zh-CN")
    seen.page.locator(".menu-user summary").click()
    seen.page.get_by_role("button", name="English").click()
    seen.page.wait_for_selector("html[lang=en] body[data-ready=true]")
    assert "theme=houses" in seen.page.url
    expect(seen.page.locator(".top-nav a[aria-current]")).to_have_text("Map")
    # Another browser of the same person, which never chose.
    other = open_page("/account", "leader", language="zh")
    expect(other.locator("html")).to_have_attribute("lang", "en")
    other.locator(".menu-user summary").click()
    other.locator(".menu-user").get_by_role("button", name=SWITCH).click()
    expect(other.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(other.get_by_role("heading", level=1)).to_have_text("我的账号")
