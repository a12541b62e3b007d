"""Assigning in the browser: the rule with its preview, a box on the map, who was left out, undo; text stays text."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.stand import Stand, commit_township, served
from tests.browser.test_accessible import check
from tests.browser.test_language import chinese_of
from tests.browser.watch import Watch
from tests.township import VILLAGES

UNIT = "<b>市水务局</b>"
KINDS = {
    "visitor": [
        {"kind": "city", "name_zh": "市直单位", "name_en": "Municipal units", "rule": "count",
         "unit": [{"name": UNIT, "village": VILLAGES[1], "households": 2}]},
        {"kind": "grid", "name_zh": "网格员", "name_en": "Grid workers", "rule": "remainder"},
    ]
}  # fmt: skip


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    made = commit_township("fangtu_test_browser_assign")
    with Session(made.owner) as session, session.begin():
        session.execute(text("update campaign set plan = plan || cast(:kinds as jsonb)"), {"kinds": json.dumps(KINDS)})
    yield made
    made.owner.dispose()


@pytest.fixture(autouse=True)
def nothing_assigned(stand: Stand) -> Iterator[None]:
    """Whatever became of one test, the next begins with nothing assigned."""
    yield
    with stand.owner.begin() as connection:
        connection.execute(text("delete from assignment_act"))


@pytest.fixture(scope="module")
def site(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(stand.settings, tmp_path_factory.mktemp("assign") / "web.log") as address:
        yield address


def owners(stand: Stand) -> dict[str, str]:
    with stand.owner.connect() as connection:
        rows = connection.execute(
            text("select h.code, a.owner from assignment a join household h on h.id = a.household_id")
        )
        return {row.code: row.owner for row in rows}


def drag_box(page: Page, west: float, south: float, east: float, north: float) -> None:
    """Hold Shift and drag from one corner of an area to the other."""
    corners = page.evaluate(
        """([west, south, east, north]) => {
            const map = Object.values(window).find((one) => one instanceof L.Map);
            const box = map.getContainer().getBoundingClientRect();
            return [[north, west], [south, east]].map((at) => {
                const point = map.latLngToContainerPoint(at);
                return [point.x + box.x, point.y + box.y];
            });
        }""",
        [west, south, east, north],
    )
    page.keyboard.down("Shift")
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_households_in_a_box_are_assigned_and_taken_back(open_page: OpenPage, stand: Stand, language: str) -> None:
    page = open_page("/assign", "supervisor", language=language)
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    # Village 001: H1 and H3 are visited, H2, H4 and H5 on its edge are not.
    drag_box(page, 118.7995, 36.402, 118.8105, 36.408)
    expect(page.locator("#assign")).to_have_attribute("data-chosen", "5")
    button = page.locator("#assign-do")
    expect(button).to_have_text("指派 3 户" if language == "zh" else "Assign 3 households")
    page.locator("#assign-who").select_option("other")
    page.locator("#assign-name").fill("县医院")
    button.click()
    toast = page.locator(".toast")
    expect(toast).to_contain_text("本轮已走访" if language == "zh" else "Visited in this round already")
    assert owners(stand) == dict.fromkeys(("H2", "H4", "H5"), "县医院")
    expect(page.locator("#assign-owners")).to_contain_text("0 / 3")
    if language == "en":
        own = ("县医院", "市水务局")
        assert [words for words in chinese_of(page) if not any(name in words for name in own)] == []
    toast.get_by_role("button").click()
    expect(page.locator("#assign-acts .tag").first).to_have_text("已撤销" if language == "zh" else "Undone")
    assert owners(stand) == {}


def test_the_rule_is_seen_before_it_is_applied(open_page: OpenPage, stand: Stand, watch: Watch) -> None:
    page = open_page("/assign", "supervisor")
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    page.locator("#assign-rule").click()
    apply = page.locator("#assign-apply")
    expect(apply).to_be_enabled()
    assert owners(stand) == {}
    apply.click()
    # A unit's name is text wherever it comes from.
    expect(page.locator("#assign-owners")).to_contain_text(UNIT)
    assert page.locator("#assign-owners b").count() == 0
    assert sum(1 for owner in owners(stand).values() if owner == UNIT) == 2
    check(page)
    page.locator("#assign-acts").get_by_role("button").first.click()
    expect(page.locator("#assign-owners")).not_to_contain_text(UNIT)
    assert owners(stand) == {}


def test_on_a_phone_the_page_has_its_width_and_the_remainder_is_a_list(open_page: OpenPage) -> None:
    page = open_page("/assign", "supervisor", viewport=PHONE)
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.locator("#assign-lasso").click()
    expect(page.locator("#assign-lasso")).to_have_attribute("aria-pressed", "true")
    page = open_page("/remainder", "inspector", viewport=PHONE)
    expect(page.locator("main")).to_contain_text("李测四")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    check(page)
