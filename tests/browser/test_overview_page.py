"""The leaders' first page: answer, map with gaps, lists, phone, paper, keyboard, both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.look import MapPage, words_of
from tests.browser.stand import Stand, commit_township, served
from tests.browser.test_accessible import check
from tests.browser.test_language import chinese_of
from tests.hamlet import EAST, add_hamlet
from tests.township import VILLAGES

A4_PX = 273 / 25.4 * 96  # what 12 mm of margin leave of the height


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    made = commit_township("fangtu_test_browser_overview")
    with Session(made.owner) as session, session.begin():
        add_hamlet(session, made.town)
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def site(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(stand.settings, tmp_path_factory.mktemp("overview") / "web.log") as address:
        yield address


def ready(page: Page) -> Page:
    page.wait_for_selector("body[data-ready=true]")
    return page


def test_the_answer_comes_first_and_the_map_shows_the_gap(open_page: OpenPage) -> None:
    page = ready(open_page("/overview", "leader"))
    expect(page.get_by_role("heading", level=1)).to_have_text("测试镇：还有 30 户未走访，其中 22 户集中在 1 片。")
    assert [gap["unvisited"] for gap in page.evaluate("window.fangtu.page.gaps")] == [22]
    seen = MapPage(page)
    assert "#17221f" in seen.painted("points")  # the disc with its number
    assert seen.painted("areas", whole=False)
    expect(page.locator("#over-legend")).to_contain_text("成片未访")
    check(page)


def test_a_click_on_a_gap_shows_its_row_and_a_double_click_goes_down(open_page: OpenPage) -> None:
    page = ready(open_page("/overview", "leader"))
    seen = MapPage(page)
    seen.click(EAST, 36.4034)
    expect(page.locator("tr.is-lit")).to_contain_text("22")
    expect(page.locator(".gap-told")).to_contain_text("责任人：吕主管（主管）")
    x, y = seen.place(118.8035, 36.408)
    page.mouse.dblclick(x, y)
    expect(page).to_have_url(re.compile(rf"/overview\?area={VILLAGES[0]}$"))


def test_everything_is_reached_by_the_keyboard(open_page: OpenPage) -> None:
    page = ready(open_page("/overview", "leader"))
    mark = page.get_by_role("list", name="地图上的缺口").get_by_role("button")
    mark.focus()
    expect(mark).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#say")).to_contain_text("缺口 1")
    page.locator(".gap-link").first.focus()
    expect(page.locator("tr.is-lit")).to_have_count(1)
    page.locator(".over-bars th a").first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/overview\?area="))
    ready(page)
    page.locator(".crumbs a").last.click()
    expect(page).to_have_url(re.compile(r"/overview\?area=990101001$"))


def test_a_gap_leads_to_its_place_on_the_map(open_page: OpenPage) -> None:
    page = ready(open_page("/overview", "leader"))
    page.locator(".gap-link").first.click()
    ready(page)
    expect(page).to_have_url(re.compile(r"/map\?theme=status.*#map=16"))


def test_the_page_is_whole_in_english(open_page: OpenPage) -> None:
    page = ready(open_page("/overview", "leader", language="en"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("30 households still to visit")
    assert {text for text in chinese_of(page) if not re.search("测试|网格|张|施领导", text)} == set()
    check(page)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone_the_page_is_short_and_in_its_order(open_page: OpenPage, language: str) -> None:
    page = ready(open_page("/overview", "leader", viewport=PHONE, has_touch=True, is_mobile=True, language=language))
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    tops = [
        page.locator(part).bounding_box()["y"]  # type: ignore[index]
        for part in (".over-answer", ".over-figures", ".over-gaps", ".over-map", ".over-forecast", ".over-ranking")
    ]
    assert tops == sorted(tops)
    page.locator(".over-full").click()
    expect(page).to_have_url(re.compile(r"/map"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("address", ["/overview", "/overview?brief=1"])
def test_the_brief_is_one_light_page_of_paper(open_page: OpenPage, language: str, address: str) -> None:
    page = ready(open_page(address, "leader", language=language, color_scheme="dark"))
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    height = page.evaluate("document.querySelector('.brief-foot').getBoundingClientRect().bottom + window.scrollY")
    assert height <= A4_PX
    assert page.locator(".over-figures dt:visible").count() == 4
    assert page.locator(".over-gaps tbody tr:visible").count() == 1
    expect(page.locator(".top")).to_be_hidden()
    expect(page.locator(".over-ranking")).to_be_hidden()
    frame = page.locator(".over-map .map-frame").bounding_box()
    canvas = page.locator(".leaflet-container").bounding_box()
    assert frame is not None
    assert canvas is not None
    assert abs(frame["width"] - canvas["width"]) < 3
    pages = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", pages)) == 1
    assert re.search(rb"/MediaBox\s*\[0 0 59\d[.\d]* 84\d", pages)


def test_the_brief_leads_back(open_page: OpenPage) -> None:
    page = ready(open_page("/overview", "leader"))
    page.get_by_role("link", name="一页简报").click()
    ready(page)
    expect(page).to_have_url("/overview?brief=1")
    expect(page.get_by_role("button", name="打印")).to_be_visible()
    page.get_by_role("link", name="返回总览").click()
    ready(page)
    assert "吕主管（主管）" in words_of(page.locator(".over-gaps"))


def test_where_nobody_is_to_be_visited_the_page_says_so_and_starts_no_map(stand: Stand, open_page: OpenPage) -> None:
    gone = "update household set removed_at = {} where true"
    with Session(stand.owner) as session, session.begin():
        session.execute(text(gone.format("now()")))
    try:
        page = ready(open_page("/overview", "leader"))
        expect(page.get_by_role("heading", level=1)).to_contain_text("还没有应访农户")
        assert page.locator("#map-frame").count() == 0
        expect(page.locator("#copy-link")).to_be_visible()
    finally:
        with Session(stand.owner) as session, session.begin():
            session.execute(text(gone.format("null")))
