"""Monitoring in a browser: many households at once, and its coverage on the map."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.stand import Stand
from tests.browser.test_accessible import check


def test_those_chosen_are_checked_and_the_map_shows_how_many(open_page: OpenPage, stand: Stand) -> None:
    page = open_page("/monitoring", role="supervisor")
    if page.get_by_role("button", name="登记所选").count() == 0:
        page.get_by_role("button", name="开启监测").click()
    button = page.get_by_role("button", name="登记所选")
    if button.count():
        expect(button).to_be_disabled()
        page.get_by_label("选中本页").check()
        page.locator('select[name="act"]').select_option("checked_safe")
        page.locator(".many .btn").click()
    expect(page.locator(".answer")).to_be_visible()
    check(page)
    page.goto("/map?theme=monitoring")
    page.wait_for_selector("body[data-ready=true]")
    expect(page.locator("#dock")).to_contain_text("动态监测排查率")
    expect(page.locator("#levels")).to_be_visible()


def test_a_petition_is_entered(open_page: OpenPage, stand: Stand) -> None:
    page = open_page(f"/petitions/new?household={stand.keys()['households']['H1']}", role="supervisor")
    page.get_by_label("收到日期").fill("2026-05-04")
    page.get_by_label("渠道").select_option("visit")
    page.get_by_label("信访人").fill("赵测试")
    page.get_by_label("事项类别").select_option("quality")
    page.get_by_label("反映事项").fill("屋面漏雨")
    page.get_by_label("责任单位").fill("镇村建中心")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("已登记信访。")).to_be_visible()
    page.goto("/petitions")
    expect(page.get_by_role("link", name="赵*试").first).to_be_visible()
    check(page)
