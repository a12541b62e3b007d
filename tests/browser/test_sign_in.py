"""Signing in by the form, and out again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.stand import ACCOUNTS, PASSWORD, ROLES
from tests.browser.watch import Watch

WORDS = {"inspector": "走访员", "supervisor": "主管", "leader": "领导", "admin": "管理员"}


def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    page.get_by_label("登录名").fill(username)
    page.get_by_label("密码").fill(password)
    page.get_by_role("main").get_by_role("button", name="登录").click()


@pytest.mark.parametrize("role", ROLES)
def test_who_signs_in_lands_where_the_role_begins(open_page: OpenPage, role: str) -> None:
    page = open_page("/")
    expect(page).to_have_url("/sign-in")
    sign_in(page, role)
    page.wait_for_selector("body[data-ready=true]")
    begins = "/overview" if role == "leader" else "/map"
    expect(page).to_have_url(re.compile(rf"{begins}(\?.*)?(#.*)?$"))
    expect(page.locator(".menu-user summary")).to_contain_text(ACCOUNTS[role][2])
    expect(page.locator(".menu-user summary")).to_contain_text(WORDS[role])
    pages = page.locator(".top-nav a").all_inner_texts()
    more = {"supervisor": ["边界", "导入"], "admin": ["边界", "导入", "账号", "日志"]}
    first = [] if role == "inspector" else ["总览"]
    # Everybody sees what comes from the field; who settles it sees the phones as well.
    routes = [] if role == "inspector" else ["路线"]
    assert pages == [*first, "地图", "覆盖率", "走访", *routes, "农房", "外业", "行动", "待核", *more.get(role, [])]


def test_who_asked_for_the_map_gets_the_map(open_page: OpenPage) -> None:
    page = open_page("/map")
    expect(page).to_have_url("/sign-in?next=/map")
    sign_in(page, "leader")
    page.wait_for_selector("body[data-ready=true]")
    expect(page).to_have_url(re.compile(r"/map(\?.*)?(#.*)?$"))


def test_a_wrong_password_says_so_and_keeps_the_name(open_page: OpenPage, watch: Watch) -> None:
    watch.expect(401)
    page = open_page("/sign-in")
    sign_in(page, "leader", "nicht-richtig-1A")
    expect(page.get_by_role("alert")).to_contain_text("登录名或密码不对")
    expect(page.get_by_label("登录名")).to_have_value("leader")
    expect(page.get_by_label("密码")).to_have_value("")
    page.goto("/map")
    expect(page).to_have_url("/sign-in?next=/map")


def test_signing_in_goes_on_to_the_page_that_was_asked_for(open_page: OpenPage) -> None:
    page = open_page("/worklists")
    sign_in(page, "supervisor")
    expect(page).to_have_url("/worklists")


def test_signing_out_ends_the_session_in_the_browser_and_on_the_server(
    open_context: Callable[..., BrowserContext], site: str
) -> None:
    context = open_context()
    page = context.new_page()
    page.goto("/sign-in")
    sign_in(page, "leader")
    page.wait_for_selector("body[data-ready=true]")
    kept = [cookie for cookie in context.cookies() if cookie["name"] == "fangtu_session"]
    assert [cookie["httpOnly"] for cookie in kept] == [True]
    page.locator(".menu-user summary").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page).to_have_url("/sign-in")
    assert "fangtu_session" not in {cookie["name"] for cookie in context.cookies()}
    # Whoever kept the cookie is nobody now.
    context.add_cookies([{"name": "fangtu_session", "value": kept[0]["value"], "url": site}])
    page.goto("/map")
    expect(page).to_have_url("/sign-in?next=/map")
