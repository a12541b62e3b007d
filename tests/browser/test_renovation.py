"""The pages of renovations in a browser: choosing many, a step by its form, and all of it on a phone."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.stand import Stand
from tests.browser.test_accessible import check
from tests.browser.watch import Watch
from tests.web.field import picture

WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_the_button_says_how_many_are_chosen(open_page: OpenPage) -> None:
    page = open_page("/sites", role="supervisor")
    button = page.get_by_role("button", name="办理所选")
    expect(button).to_be_disabled()
    page.get_by_label("选中本页").check()
    rows = page.locator('input[name="site"]').count()
    assert rows
    expect(page.get_by_role("button", name=f"办理 {rows} 处")).to_be_enabled()
    page.locator('input[name="site"]').first.uncheck()
    expect(page.get_by_label("选中本页")).not_to_be_checked()


def test_what_is_typed_into_a_refused_step_is_still_there(open_page: OpenPage, stand: Stand, watch: Watch) -> None:
    watch.expect(422)
    page = open_page(f"/sites/{stand.keys()['sites']['H6']}", role="supervisor")
    page.get_by_text("终止", exact=True).click()
    page.get_by_label("农户放弃").check()
    page.locator("#end-reason").fill("农户外出务工")
    # Somebody else's step meanwhile.
    page.locator('form[action$="/end"] input[name="revision"]').evaluate("(one) => { one.value = '99'; }")
    page.get_by_role("button", name="终止改造").click()
    expect(page.get_by_role("alert")).to_contain_text("别人刚改过")
    expect(page.locator("#end-reason")).to_have_value("农户外出务工")
    page.get_by_role("button", name="终止改造").click()
    expect(page).to_have_url(re.compile(r"/sites/\d+$"))
    expect(page.get_by_text("农户放弃，已终止")).to_be_visible()
    check(page)


def test_a_site_fits_a_phone(open_page: OpenPage, stand: Stand) -> None:
    phone = {"width": 390, "height": 844}
    page = open_page(f"/sites/{stand.keys()['sites']['H6']}", role="leader", viewport=phone)
    assert page.evaluate(WIDER) <= 0
    check(page)


def test_photographs_are_sent_and_compared_by_keyboard(open_page: OpenPage, stand: Stand, watch: Watch) -> None:
    watch.expect(422)
    page = open_page(f"/sites/{stand.keys()['sites']['H6']}", role="supervisor")
    wrong = {"name": "名单.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}
    page.get_by_label("文件，可多选").set_input_files(wrong)
    page.get_by_role("button", name="上传", exact=True).click()
    expect(page.locator(".file-no")).to_contain_text("没有")
    for seed, phase in ((1, "phase=before"), (2, "phase=after")):
        page.get_by_label("是什么").select_option(phase)
        sent = [{"name": f"{seed}-{n}.jpg", "mimeType": "image/jpeg", "buffer": picture(seed * 10 + n)} for n in (1, 2)]
        page.get_by_label("文件，可多选").set_input_files(sent)
        page.get_by_role("button", name="上传", exact=True).click()
        expect(page.locator("ul.site-files li")).to_have_count(2 * seed)
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("55")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("55.*45"))
    expect(page.locator(".compare-top")).to_have_css("clip-path", "inset(0px 0px 0px 55%)")
    check(page)
