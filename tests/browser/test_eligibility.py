"""Who may get help in a browser: a list is sent by its form and told row by row, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.test_accessible import check
from tests.browser.watch import Watch
from tests.lists import list_bytes, number_of

WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_a_list_is_sent_and_told_row_by_row(open_page: OpenPage, watch: Watch, tmp_path: Path) -> None:
    file = tmp_path / "民政名单.csv"
    file.write_bytes(list_bytes([("外来人", number_of(40), "测试1村", "低保", "")], ("姓名", "身份证号", "村", "类型")))
    watch.expect(422)
    page = open_page("/eligibility/lists", role="supervisor")
    if not page.locator("#list-office").is_visible():
        page.get_by_text("上传名单", exact=True).click()
    for again in (False, True):
        page.locator("#list-office").select_option("civil_affairs")
        page.locator("#list-on_day").fill("2026-05-01")
        page.locator('input[type="file"]').set_input_files(file)
        page.get_by_role("button", name="上传并比对").click()
        if not again:
            expect(page.get_by_role("alert")).to_contain_text("类型")
            expect(page.locator("#list-on_day")).to_have_value("2026-05-01")
            file.write_bytes(list_bytes([("外来人", number_of(40), "测试1村", "低保", "")]))
    expect(page.get_by_role("heading", level=1)).to_contain_text("民政 2026-05-01 的名单")
    expect(page.get_by_text("名单有，本系统无", exact=True)).to_be_visible()
    check(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(WIDER) <= 0
