"""The page of the road network: what is wrong is listed and shown on the map; a gap is closed, and opened again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.stand import Stand, commit_township, served
from tests.browser.test_accessible import check
from tests.browser.watch import Watch
from tests.web.test_roads import ROADS


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    made = commit_township("fangtu_test_browser_roads")
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def site(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(stand.settings, tmp_path_factory.mktemp("roads") / "web.log") as address:
        yield address


@pytest.fixture(autouse=True)
def roads(stand: Stand) -> None:
    """Two streets that miss each other by 9 m in village 001, and two in the next township."""
    with Session(stand.owner) as session, session.begin():
        for table in ("road_gap", "road_edge"):
            session.execute(text(f"delete from {table}"))
        session.execute(text(ROADS))


def open_roads(open_page: OpenPage, **options: object) -> Page:
    page = open_page("/roads", "supervisor", **options)
    page.wait_for_selector("body[data-ready=true]")
    return page


def test_a_gap_is_found_closed_and_opened_again(open_page: OpenPage, stand: Stand, watch: Watch) -> None:
    page = open_roads(open_page)
    gaps = page.locator("#roads-gaps > li")
    own = gaps.filter(has_text="测试1村")
    expect(own).to_have_count(1)
    expect(own).to_contain_text("差 9")
    before = page.locator("#roads-parts-n").inner_text()
    own.locator(".roads-go").click()
    expect(own).to_have_class(re.compile("is-lit"))
    assert page.evaluate("map_township.getZoom()") >= 17
    own.get_by_role("button", name="接通").click()
    expect(page.locator("#roads-settled > li")).to_contain_text("接通")
    expect(page.locator("#roads-parts-n")).to_have_text(str(int(before) - 1))
    expect(own).to_have_count(0)
    page.locator("#roads-settled").get_by_role("button").last.click()
    expect(page.locator("#roads-parts-n")).to_have_text(before)
    expect(own).to_have_count(1)
    # What is no gap is put aside, for every way of moving.
    own.get_by_role("button", name="不是断头").click()
    expect(own).to_have_count(0)
    page.get_by_label("出行方式").select_option("car")
    expect(page.locator("#roads-settled > li").filter(has_text="不是断头")).to_have_count(1)
    expect(own).to_have_count(0)
    watch.check()


def test_households_far_from_a_road_are_listed_with_masked_names(open_page: OpenPage) -> None:
    page = open_roads(open_page)
    far = page.locator("#roads-far > li")
    expect(far.first).to_be_visible()
    assert all("*" in words for words in far.locator("strong").all_inner_texts())
    expect(page.locator("#roads-answer")).to_contain_text("公里路网")


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE}], ids=["desk", "phone"])
def test_the_page_of_roads_is_clean(open_page: OpenPage, options: dict[str, object]) -> None:
    page = open_roads(open_page, **options)
    check(page)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_without_a_road_the_page_says_where_they_come_from(open_page: OpenPage, stand: Stand) -> None:
    with Session(stand.owner) as session, session.begin():
        session.execute(text("delete from road_edge"))
    page = open_roads(open_page)
    expect(page.locator("#roads-answer")).to_contain_text("还没有道路")
    expect(page.locator("#roads-parts")).to_contain_text("没有道路")
