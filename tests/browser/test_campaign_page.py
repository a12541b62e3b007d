"""The editor of a work plan: faults beside their line, numbers of the form in the text, a preview before applying."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.stand import Stand
from tests.browser.test_accessible import check
from tests.browser.test_language import chinese_of


def test_nothing_is_applied_before_what_it_changes_was_shown(open_page: OpenPage, stand: Stand) -> None:
    page = open_page(f"/campaigns/{stand.town.campaign_id}/edit", "supervisor")
    expect(page.locator("body[data-ready=true]")).to_be_attached()
    text, preview, apply = (page.locator(f"[data-{name}]") for name in ("text", "preview", "apply"))
    whole = text.input_value()
    line = whole[: whole.index("min_minutes")].count("\n") + 1

    text.fill(whole.replace("min_minutes = 30", "min_minutes = '30'"))
    expect(page.locator(".plan-no-wrong")).to_have_text(str(line))
    expect(page.locator(".plan-faults")).to_contain_text("visit.min_minutes")
    expect(preview).to_be_disabled()

    text.fill(whole)
    expect(preview).to_be_enabled()
    minutes = page.locator("[id='f-visit.min_minutes']")
    minutes.fill("20")
    minutes.press("Tab")
    expect(text).to_have_value(whole.replace("min_minutes = 30", "min_minutes = 20"))

    expect(apply).to_be_disabled()
    preview.click()
    expect(apply).to_be_enabled()
    expect(page.locator("[data-found]")).to_contain_text("30 → 20")
    text.press("End")
    text.type(" ")
    expect(apply).to_be_disabled()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_clause_is_one_tap_away_and_the_pages_are_sound(open_page: OpenPage, stand: Stand, lang: str) -> None:
    page = open_page(f"/campaigns/{stand.town.campaign_id}", "leader", language=lang, viewport=PHONE)
    expect(page.locator("body[data-ready=true]")).to_be_attached()
    rule = page.locator("details[data-rule='visit.min_minutes']")
    rule.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(rule.locator("[data-explained] p")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check(page)
    if lang == "en":
        assert chinese_of(page) == []
