"""Households known only to their settlement: one pill with their number, never a dot, and the same in a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from tests.browser.conftest import OpenMap, OpenPage
from tests.browser.look import MapPage
from tests.browser.stand import Stand
from tests.township import HAMLET, HAMLET_CENTRE, HAMLET_NAME, VILLAGES, make_clear, make_vague

EDGE = "#47544f"  # the dashed edge, in light colours
VILLAGE_TWO = (118.815, 36.405)
PICK = """([lon, lat]) => {
    const at = map_township.project([lat, lon], 0);
    const thing = window.fangtu.page.scene.pick(at.x / 256, at.y / 256);
    return thing && { kind: thing.kind, code: thing.code, n: thing.n };
}"""
OVERLAPPING = """() => {
    const { settled, labels, records } = window.fangtu.page.scene;
    const over = (a, b) => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];
    const taken = labels.boxes.filter((box) => !settled.boxes().some((pill) => String(pill) === String(box)));
    return settled.boxes().filter((pill) => taken.some((box) => over(pill, box))).length;
}"""

pytestmark = pytest.mark.usefixtures("vague")


@pytest.fixture(scope="module")
def vague(stand: Stand) -> Iterator[None]:
    """Some households known only to their settlement, for the tests of this module."""
    with Session(stand.owner) as session, session.begin():
        make_vague(session, stand.town)
    yield
    with Session(stand.owner) as session, session.begin():
        make_clear(session, stand.town)


def pills(seen: MapPage) -> dict[str, str]:
    """Words of the pills that are drawn, by the code of their settlement."""
    found: list[tuple[str, str]] = seen.page.evaluate(
        "() => window.fangtu.page.scene.settled.drawn.map((pill) => [pill.one.code, pill.words])"
    )
    return dict(found)


def dots(seen: MapPage) -> set[int]:
    """Keys of the households that are drawn as points."""
    return set(
        seen.page.evaluate(
            """() => {
                const { map, scene } = window.fangtu.page;
                const at = map.project(map.getCenter(), 0);
                return scene.records.around(at.x / 256, at.y / 256, map.getZoom(), 1000)
                    .filter(({ point }) => point.kind === "household").map(({ point }) => point.id);
            }"""
        )
    )


def test_they_are_one_pill_at_the_centre_and_no_dot(open_map: OpenMap, stand: Stand) -> None:
    seen = open_map("supervisor", "/map?theme=status").go(118.806, 36.4045, 15)
    homes = stand.town.households
    assert pills(seen)[HAMLET] == "≈ 2 户"
    assert pills(seen)[VILLAGES[1]] == "≈ 1 户"
    assert dots(seen) >= {homes["H3"], homes["H4"], homes["H5"]}
    assert not dots(seen) & {homes["H1"], homes["H2"], homes["H10"]}
    seen.go(*HAMLET_CENTRE, 17)
    assert seen.page.evaluate(PICK, HAMLET_CENTRE) == {"kind": "settled", "code": HAMLET, "n": 2}
    assert seen.painted("points").get(EDGE, 0) > 30


def test_far_out_they_are_in_the_sentence_only(open_map: OpenMap) -> None:
    seen = open_map("supervisor", "/map?theme=status").go(*HAMLET_CENTRE, 13)
    assert pills(seen) == {}
    assert seen.page.evaluate(PICK, HAMLET_CENTRE) is None
    expect(seen.page.locator("#dock")).to_contain_text("另有 3 户只定位到自然村或村中心，不逐户标点。")


@pytest.mark.parametrize(
    ("address", "there"),
    [
        ("/map?theme=coverage", True),
        ("/map?theme=unvisited", True),
        ("/map?theme=sites", False),
        ("/map?theme=sites#layers=households", True),
        ("/map?theme=coverage#layers=-households", False),
    ],
)
def test_they_are_drawn_where_households_are_drawn(open_map: OpenMap, address: str, there: bool) -> None:
    seen = open_map("leader", address).go(*HAMLET_CENTRE, 16)
    assert (HAMLET in pills(seen)) is there


@pytest.mark.parametrize("address", ["/map?theme=status", "/map?theme=coverage", "/map?theme=coverage&level=group"])
@pytest.mark.parametrize("zoom", [14, 15])
def test_no_pill_lies_over_a_name_or_figure(open_map: OpenMap, address: str, zoom: float) -> None:
    seen = open_map("leader", address).go(118.810, 36.4045, zoom)
    assert set(pills(seen)) == {HAMLET, VILLAGES[1]}
    assert seen.page.evaluate("() => window.fangtu.page.scene.labels.boxes.length") > 0
    assert seen.page.evaluate(OVERLAPPING) == 0


def test_a_click_says_how_many_and_why_there_are_no_dots(open_map: OpenMap) -> None:
    seen = open_map("supervisor", "/map?theme=status").go(*HAMLET_CENTRE, 17)
    seen.click(*HAMLET_CENTRE)
    words = seen.popup_text()
    expect(seen.popup.get_by_role("heading")).to_have_text(HAMLET_NAME)
    for part in ("自然村", "只定位到本自然村", "户数2 户", "已走访1 / 2 户", "不逐户标点"):
        assert part in words
    assert f"sel=settled%3A{HAMLET}" in seen.page.url
    seen.popup.get_by_role("link", name="去定位").click()
    seen.page.wait_for_url(f"**/worklists?area={HAMLET}#unplaced_page")
    expect(seen.page.locator("#placing-plain, #placing-rows").get_by_text("H2", exact=True).first).to_be_attached()


@pytest.mark.parametrize(("role", "places"), [("inspector", 0), ("leader", 0), ("supervisor", 1), ("admin", 1)])
def test_only_who_may_place_them_is_sent_to_do_so(open_map: OpenMap, role: str, places: int) -> None:
    seen = open_map(role, "/map?theme=status").go(*HAMLET_CENTRE, 17)
    seen.click(*HAMLET_CENTRE)
    seen.popup_text()
    expect(seen.popup.get_by_role("link", name="去定位")).to_have_count(places)
    seen.popup.get_by_role("link", name="以列表查看").click()
    listed = seen.page.locator("section[aria-labelledby=approximate_page] tbody th")
    expect(listed).to_have_count(2)
    assert set(listed.all_text_contents()) == {"H1", "H2"}


def test_the_sentence_leads_to_their_list(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=status")
    seen.page.get_by_role("link", name="另有 3 户只定位到自然村或村中心").click()
    listed = seen.page.locator("section[aria-labelledby=approximate_page]")
    expect(listed.get_by_role("heading")).to_have_text("只定位到自然村或村的农户 3")
    assert set(listed.locator("tbody th").all_text_contents()) == {"H1", "H2", "H10"}


def test_an_address_opens_the_same_pill_again(open_map: OpenMap) -> None:
    lon, lat = HAMLET_CENTRE
    seen = open_map("leader", f"/map?theme=status#map=16/{lat}/{lon}&sel=settled%3A{HAMLET}")
    expect(seen.popup.get_by_role("heading")).to_have_text(HAMLET_NAME)
    seen.page.keyboard.press("Escape")
    expect(seen.popup).to_have_count(0)
    assert "sel=" not in seen.page.url


def test_an_inspector_has_the_pills_of_the_own_village(open_map: OpenMap) -> None:
    seen = open_map("inspector", "/map?theme=status").go(*VILLAGE_TWO, 15)
    assert set(pills(seen)) == {HAMLET}


def test_a_pill_is_short_in_english(open_page: OpenPage) -> None:
    page: Any = open_page("/map?theme=status", "leader", language="en")
    seen = MapPage(page).drawn().go(*HAMLET_CENTRE, 17)
    assert pills(seen)[HAMLET] == "≈ 2"
    seen.click(*HAMLET_CENTRE)
    assert "Known only to this natural village" in seen.popup_text()
