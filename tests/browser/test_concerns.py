"""A site of concern in a browser: a look with a photograph, before and after by mouse and keyboard, all on a phone."""

from __future__ import annotations

import uuid

from playwright.sync_api import expect
from sqlalchemy import text

from tests.browser.conftest import OpenPage
from tests.browser.stand import Stand
from tests.browser.test_accessible import check
from tests.web.field import picture

WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
PHONE = {"width": 390, "height": 844}


def waste(stand: Stand) -> int:
    """An accepted mark at household H1 with nothing seen there; its number."""
    with stand.owner.begin() as connection:
        return int(
            connection.scalar(
                text("""
                    insert into mark (id, kind, account_id, marked_by, jur, at, state, quality)
                    select :id, 'waste', :account, '测走访', jur, now() - interval '30 days', 'accepted', 7
                      from household where id = :home returning no"""),
                {"id": uuid.uuid4(), "account": stand.accounts["inspector"], "home": stand.town.households["H1"]},
            )
        )


def test_a_look_on_a_phone_and_before_beside_after(open_page: OpenPage, stand: Stand) -> None:
    number = waste(stand)
    page = open_page(f"/concerns/{number}", role="supervisor", viewport=PHONE)
    check(page)
    page.get_by_label("已整治", exact=True).check()
    page.get_by_label("照片（可选）").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture(8)})
    page.get_by_role("button", name="登记观测").click()
    expect(page.get_by_text("观测已登记。")).to_be_visible()
    expect(page.get_by_alt_text("最近一次观测的照片")).to_be_visible()
    # The photograph of when it was found; phones send it, which is tested elsewhere.
    with stand.owner.begin() as connection:
        connection.execute(text("update attachment set observation_id = null where observation_id is not null"))
    page.get_by_label("整治中", exact=True).check()
    page.get_by_label("照片（可选）").set_input_files({"name": "b.jpg", "mimeType": "image/jpeg", "buffer": picture(9)})
    page.get_by_role("button", name="登记观测").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("反弹")
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("55")
    expect(page.locator(".compare-top")).to_have_css("clip-path", "inset(0px 0px 0px 55%)")
    side = page.get_by_role("button", name="叠放比较")
    side.click()
    expect(slider).to_be_hidden()
    expect(page.locator(".compare-top")).to_have_css("clip-path", "none")
    assert page.evaluate(WIDER) <= 0
    check(page)
