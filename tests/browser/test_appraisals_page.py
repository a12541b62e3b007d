"""An appraisal at the desk: the grade shows while the form is filled in, and a mistake is corrected and stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.browser.conftest import PHONE
from tests.browser.look import MapPage
from tests.browser.stand import Stand

OpenPage = Callable[..., Page]


@pytest.fixture(autouse=True)
def nothing_left(stand: Stand) -> Iterator[None]:
    yield
    with stand.owner.begin() as connection:
        connection.execute(text("delete from appraisal where account_id is not null"))
        connection.execute(text("delete from mark"))


def impression(stand: Stand) -> int:
    """A suspicion of the inspector about the house of H1; gives its number."""
    with stand.owner.begin() as connection:
        return int(
            connection.scalar(
                text("""
                    insert into mark (id, kind, account_id, marked_by, household_id, house_id, jur, at, grade,
                                      suspected, state, remark)
                    select gen_random_uuid(), 'impression', :account, '梁测', h.household_id, h.id, h.jur,
                           '2026-05-06T04:00:00Z', 'C', true, 'suspected', '山墙<b>外闪</b>'
                      from house h where h.household_id = :home returning no"""),
                {"account": stand.accounts["inspector"], "home": stand.town.households["H1"]},
            )
            or 0
        )


def choose(page: Page, levels: dict[str, str]) -> None:
    for key, level in levels.items():
        page.select_option(f"#{key}", level)


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_an_impression_becomes_an_appraisal_whose_grade_shows_while_it_is_filled_in(
    open_page: OpenPage, stand: Stand, size: dict[str, int] | None
) -> None:
    impression(stand)
    page = open_page("/appraisals", "supervisor", **({"viewport": size} if size else {}))
    page.get_by_role("link", name="据此鉴定").click()
    page.wait_for_selector("body[data-ready=true]")
    expect(page.get_by_text("山墙<b>外闪</b>")).to_be_visible()
    now = page.locator("#grade-now")
    expect(now).to_contain_text("还定不出等级")
    page.get_by_label("场地安全").check()
    choose(page, dict.fromkeys(("foundation", "frame", "roof", "enclosure"), "a"))
    expect(now).to_contain_text("还没有鉴定：承重墙")
    choose(page, {"walls": "c"})
    expect(now).to_contain_text("请写明承重墙的危险点")
    page.get_by_label("承重墙的危险点").fill("山墙外闪")
    expect(now).to_contain_text("C级 局部危险")
    page.get_by_label("场地危险").check()
    expect(now).to_contain_text("迁址重建")
    page.get_by_label("场地安全").check()
    page.select_option("#cause", "again")
    page.fill("#appraised_on", "2026-05-07")
    page.fill("#appraiser", "测试鉴定小组")
    page.get_by_role("button", name="记入鉴定").click()
    expect(page.locator(".house-head")).to_contain_text("C级 局部危险")
    expect(page.locator(".timeline-item").first).to_contain_text("承重墙 c（山墙外闪）")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("link", name="更正").first.click()
    page.wait_for_selector("body[data-ready=true]")
    page.select_option("#standard", "jgj125")
    expect(page.locator("#walls")).to_be_hidden()
    page.fill("#raw", "B级")
    expect(now).to_contain_text("B级 基本安全")
    page.select_option("#cause", "again")
    page.fill("#appraised_on", "2026-05-07")
    page.fill("#appraiser", "测试鉴定小组")
    page.get_by_role("button", name="记入鉴定").click()
    expect(page.locator(".house-head")).to_contain_text("B级 基本安全")
    expect(page.locator(".superseded")).to_have_count(1)
    expect(page.locator(".superseded .grade-badge")).to_have_css("text-decoration-line", "line-through")


def test_a_house_on_the_map_leads_to_its_appraisals(open_map: Callable[..., MapPage], stand: Stand) -> None:
    house = stand.keys()["houses"]["H1"]
    seen = open_map("inspector", f"/map?theme=houses#map=18/36.405/118.802&sel=house%3A{house}")
    seen.page.get_by_role("link", name="鉴定记录").click()
    expect(seen.page).to_have_url(f"{seen.page.url.split('/houses')[0]}/houses/{house}")
