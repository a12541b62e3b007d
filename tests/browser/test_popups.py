"""What a click on the map opens: the right record, in words, masked for who looks."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenMap, OpenPage
from tests.browser.look import MapPage, words_of
from tests.browser.stand import NUMBERS, Stand
from tests.browser.watch import Watch
from tests.township import PLACES, VILLAGES

H1, H6, V0 = (118.8020, 36.405), (118.8150, 36.405), (118.8155, 36.405)


@pytest.mark.parametrize("name", ["H1", "H2", "H7"])
def test_a_click_on_a_household_opens_that_household(open_map: OpenMap, stand: Stand, name: str) -> None:
    place = PLACES[name]
    assert place is not None
    seen = open_map("supervisor", "/map?theme=status").go(place[0], place[1], 17)
    seen.click(place[0], place[1])
    words = seen.popup_text()
    said = seen.page.request.get(f"/api/v1/households/{stand.town.households[name]}").json()
    assert (said["code"], said["head_name"]) == (name, place[2])
    expect(seen.popup.get_by_role("heading")).to_have_text(place[2])
    assert f"户号 {name}" in words
    assert said["village"] in words
    assert f"sel=household%3A{said['id']}" in seen.page.url
    if said["visits"]:
        assert f"{said['visits'][0]['minutes']:g} 分钟" in words


def test_a_click_on_a_house_opens_that_house(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=houses").go(*H6, 17)
    seen.click(*H6)
    words = seen.popup_text()
    expect(seen.popup.get_by_role("heading")).to_have_text("农房 F-H6")
    assert "D级 整体危险" in words
    assert "砖木" in words


def test_a_click_on_a_renovation_site_opens_that_site(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=sites").go(*H6, 17)
    seen.click(*H6)
    words = seen.popup_text()
    expect(seen.popup.get_by_role("heading")).to_have_text("改造点 G-H6")
    assert "开工" in words
    assert "拆除重建" in words


def test_a_click_on_a_visit_opens_that_visit(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=coverage#layers=visits").go(*V0, 18)
    seen.click(*V0)
    words = seen.popup_text()
    expect(seen.popup.get_by_role("heading")).to_contain_text("走访 5月1日")
    assert "测试员" in words


def test_a_click_on_a_village_tells_its_coverage(open_map: OpenMap) -> None:
    seen = open_map("leader")
    seen.click(118.8060, 36.4085)
    words = seen.popup_text()
    expect(seen.popup.get_by_role("heading")).to_have_text("测试1村")
    assert "40.0%" in words
    assert "2 / 5 户" in words
    link = seen.popup.get_by_role("link", name="以列表查看").get_attribute("href") or ""
    assert link.startswith("/coverage?")
    assert f"area={VILLAGES[0]}" in link


@pytest.mark.parametrize(
    ("role", "name", "phone", "can_ask"),
    [
        ("inspector", "赵测一", "138****5678", {"电话"}),
        ("supervisor", "赵测一", "138****5678", {"电话", "身份证号", "银行卡"}),
        ("leader", "赵*一", "138****5678", set()),
        ("admin", "赵*一", "138****5678", set()),
    ],
)
def test_personal_data_is_masked_for_each_role(
    open_map: OpenMap, role: str, name: str, phone: str, can_ask: set[str]
) -> None:
    seen = open_map(role, "/map?theme=status").go(*H1, 17)
    seen.click(*H1)
    words = seen.popup_text()
    expect(seen.popup.get_by_role("heading")).to_contain_text(name)
    assert phone in words
    whole = seen.page.content()
    assert [number for number in NUMBERS.values() if number in whole] == []
    facts = {words_of(row.locator("dt")): row.locator("button") for row in seen.popup.locator(".facts > div").all()}
    assert {fact for fact, button in facts.items() if button.filter(has_text="查看").count()} == can_ask
    assert ("赵测一" in whole) == (name == "赵测一")


def open_reveal(seen: MapPage) -> None:
    seen.go(*H1, 17)
    seen.click(*H1)
    seen.popup_text()
    seen.popup.locator(".facts > div", has_text="电话").get_by_role("button", name="查看").click()


def test_a_masked_number_is_shown_for_a_reason_that_goes_into_the_log(open_map: OpenMap, open_page: OpenPage) -> None:
    seen = open_map("supervisor", "/map?theme=status")
    open_reveal(seen)
    reason = seen.popup.get_by_label("查看原因")
    expect(reason).to_be_focused()
    reason.fill("约定回访时间")
    reason.press("Enter")
    expect(seen.popup).to_contain_text(NUMBERS["phone"])
    log = open_page("/audit", "admin").locator("tbody tr").first
    expect(log).to_contain_text("约定回访时间")
    expect(log).to_contain_text("电话")
    expect(log).to_contain_text("supervisor")
    assert NUMBERS["phone"] not in log.inner_text()


def test_without_a_reason_nothing_is_shown(open_map: OpenMap, watch: Watch) -> None:
    watch.expect(422)
    seen = open_map("inspector", "/map?theme=status")
    open_reveal(seen)
    reason = seen.popup.get_by_label("查看原因")
    for words in ("", "因"):
        reason.fill(words)
        seen.popup.locator("form.reveal").get_by_role("button", name="查看").click()
        seen.drawn()
        expect(reason).to_have_value(words)
        assert NUMBERS["phone"] not in seen.page.content()
    expect(seen.popup.get_by_role("alert")).to_contain_text("原因")
    seen.popup.get_by_role("button", name="取消").click()
    expect(seen.popup).to_contain_text("138****5678")


def test_a_record_of_another_village_is_not_found(open_map: OpenMap, stand: Stand, watch: Watch) -> None:
    watch.expect(404)
    foreign = stand.town.households["H6"]
    seen = open_map("inspector", f"/map#sel=household:{foreign}")
    expect(seen.page.locator("#map-trouble")).to_be_visible()
    assert "吴测六" not in seen.page.content()
