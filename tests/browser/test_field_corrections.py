"""What was saved on a phone and is not the last word: corrected visits, and households where somebody else had been."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range
from tests.browser.conftest import MakePhone
from tests.browser.field import Phone, faults_of
from tests.browser.field_store import count_at_once, photos_in, picture, standing_of, visit_as, wait_for
from tests.browser.stand import Stand, add_account
from tests.township import VILLAGES

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
OTHER = "邵玉梅"


@pytest.fixture(scope="module", autouse=True)
def second_inspector(field_stand: Stand) -> None:
    """Somebody else with the same village, and a plan by which a visit of seconds counts."""
    count_at_once(field_stand)
    with Session(field_stand.owner) as session, session.begin():
        add_account(session, field_stand, "second", "inspector", OTHER, number_range(VILLAGES[0]))


def open_home(phone: Phone, stand: Stand, household: str) -> None:
    """Open the sheet of a household."""
    phone.page.get_by_role("button", name="走访", exact=True).tap()
    phone.page.locator(f"[data-household='{stand.town.households[household]}']").tap()


def visit_home(phone: Phone, stand: Stand, household: str) -> None:
    """Visit a household at which all is well."""
    open_home(phone, stand, household)
    phone.page.locator("input[value=well]").check(force=True)
    phone.page.get_by_role("button", name="保存走访").tap()
    expect(phone.page.locator(".saved")).to_be_visible()


def stored(stand: Stand) -> list[tuple[str, bool, int]]:
    """Outcome, whether another took its place, and number of photos, of each visit from phones."""
    with stand.owner.connect() as connection:
        rows = connection.execute(
            text("""
                select v.outcome, v.superseded_by is not null as replaced,
                       (select count(*) from synced_photo p
                         where p.item_id = v.id and p.received_at is not null) as photos
                  from visit v join synced_item s on s.id = v.id order by v.entered_at, s.received_at""")
        )
        return [tuple(row) for row in rows]


def test_a_visit_is_corrected_and_counts_once(phone_of: MakePhone, field_stand: Stand, tmp_path: Path) -> None:
    phone = phone_of()
    page = phone.begin()
    open_home(phone, field_stand, "H2")
    page.locator("input[value=well]").check(force=True)
    page.get_by_role("button", name="拍照").first.tap()
    page.locator(".panel input[type=file]").set_input_files(picture(tmp_path))
    expect(page.locator(".panel .thumb")).to_have_count(1)
    page.get_by_role("button", name="保存走访").tap()
    expect(page.locator(".saved")).to_be_visible()
    phone.upload()
    expect(page.locator(".day-first")).to_have_text("今日 1 户，服务器已全部确认。可以放心收工。")
    assert standing_of(field_stand, "H2") == (1, 1)
    phone.context.set_offline(True)
    page.locator(".day-visits .row-button").tap()
    expect(page.locator("input[value=well]")).to_be_checked()
    expect(page.locator(".place")).to_contain_text("原有 1 张照片保留")
    page.locator("input[value=nobody]").check(force=True)
    # The page dies in between, and comes back at the same correction.
    page.reload()
    phone.ready()
    expect(page.locator("input[value=nobody]")).to_be_checked()
    assert faults_of(page) == []
    page.get_by_role("button", name="保存更正").tap()
    expect(page.locator(".saved")).to_contain_text("已保存")
    expect(page.locator(".day-visits .row-button")).to_have_count(1)
    expect(page.locator(".day-visits .row")).to_contain_text("更正")
    expect(page.locator(".day-first")).to_have_text("今日 1 户，服务器已确认 0 户")
    phone.context.set_offline(False)
    phone.upload()
    expect(page.locator(".day-first")).to_have_text("今日 1 户，服务器已全部确认。可以放心收工。")
    assert stored(field_stand) == [("done", True, 1), ("nobody_home", False, 0)]
    assert len(photos_in(field_stand)) == 1
    assert standing_of(field_stand, "H2") == (3, 0)
    # Taken back within ten seconds, a correction is a draft again, and the visit stands as it stood.
    page.locator(".day-visits .row-button").tap()
    page.locator("input[value=well]").check(force=True)
    page.get_by_role("button", name="保存更正").tap()
    page.get_by_role("button", name="撤销").tap()
    expect(page.locator("input[value=well]")).to_be_checked()
    page.get_by_role("button", name="丢弃这次填写").tap()
    expect(page.locator(".day-first")).to_have_text("今日 1 户，服务器已全部确认。可以放心收工。")
    assert len(stored(field_stand)) == 2


@pytest.mark.parametrize("choice", ["记为陪同", "交主管处理"])
def test_two_at_one_household_are_both_kept_and_asked_about(
    phone_of: MakePhone, field_site: str, field_stand: Stand, choice: str
) -> None:
    phone = phone_of()
    page = phone.begin()
    phone.context.set_offline(True)
    visit_home(phone, field_stand, "H5")
    visit_as(field_site, field_stand, "second", "H5")
    phone.context.set_offline(False)
    phone.upload()
    asked = page.locator(".group", has_text="需您确认")
    expect(asked).to_contain_text(OTHER)
    expect(page.locator(".day-second")).to_contain_text("1 户需您确认")
    assert faults_of(page) == []
    asked.get_by_role("button", name=choice).tap()
    expect(asked).to_have_count(0)
    phone.upload()
    expect(page.locator(".day-first")).to_have_text("今日 1 户，服务器已全部确认。可以放心收工。")
    expect(asked).to_have_count(0)
    with field_stand.owner.connect() as connection:
        rows = connection.execute(
            text("""
                select v.visitor, v.companions, v.superseded_by is not null as replaced from visit v
                  join synced_item s on s.id = v.id order by s.received_at""")
        )
        told = [tuple(row) for row in rows]
    others = [(OTHER, None, False), ("何巡访", None, choice == "记为陪同")]
    assert told == [*others, ("何巡访", OTHER, False)][: 3 if choice == "记为陪同" else 2]
    assert standing_of(field_stand, "H5")[1] == 2
    # Asked once: not again after the app was closed.
    page.reload()
    phone.ready()
    expect(page.locator(".day-visits .row")).to_contain_text("陪同" if choice == "记为陪同" else "已交主管处理")
    expect(asked).to_have_count(0)


def test_two_phones_of_one_inspector_at_one_household_count_once(phone_of: MakePhone, field_stand: Stand) -> None:
    phones = [phone_of(), phone_of()]
    for phone in phones:
        phone.begin()
        phone.context.set_offline(True)
        visit_home(phone, field_stand, "H4")
    for phone in phones:
        phone.context.set_offline(False)
        phone.upload()
    with field_stand.owner.connect() as connection:
        flags = connection.execute(
            text("select f.flags from field_visit f join synced_item s on s.id = f.visit_id order by s.received_at")
        )
        assert ["duplicate" in row.flags for row in flags] == [False, True]
    status, valid = standing_of(field_stand, "H4")
    assert (status, valid) == (6, 2)  # counted once; far from where the phone was
    expect(phones[1].page.locator(".group", has_text="需您确认")).to_be_visible()


def test_a_household_that_changed_hands_meanwhile_is_kept_and_said(phone_of: MakePhone, field_stand: Stand) -> None:
    phone = phone_of()
    page = phone.begin()
    phone.context.set_offline(True)
    visit_home(phone, field_stand, "H5")
    inspector = field_stand.accounts["inspector"]
    duty = text("update duty set jur = :lo, jur_end = :hi where account_id = :id")
    with field_stand.owner.begin() as connection:
        low, high = number_range(VILLAGES[1])
        connection.execute(duty, {"id": inspector, "lo": low, "hi": high})
    try:
        phone.context.set_offline(False)
        phone.upload()
        expect(page.locator(".day-first")).to_have_text("今日 1 户，服务器已全部确认。可以放心收工。")
        expect(page.locator(".group", has_text="请留意")).to_contain_text("该户已不在名单，记录已保留。")
        with field_stand.owner.connect() as connection:
            row = connection.execute(
                text("""
                    select v.household_id, v.household_ref, v.account_id, f.flags from visit v
                      join synced_item s on s.id = v.id join field_visit f on f.visit_id = v.id""")
            ).one()
        assert row.household_id is None
        assert row.account_id == inspector
        assert "household_gone" in row.flags
        # Nothing of the village that is the inspector's no more is left on the phone.
        wait_for(lambda: page.evaluate("document.querySelectorAll('.pill.is-done').length") == 1)
        page.get_by_role("button", name="走访", exact=True).tap()
        expect(page.locator(f"[data-household='{field_stand.town.households['H5']}']")).to_have_count(0)
        expect(page.locator(f"[data-household='{field_stand.town.households['H6']}']")).to_be_visible()
    finally:
        with field_stand.owner.begin() as connection:
            low, high = number_range(VILLAGES[0])
            connection.execute(duty, {"id": inspector, "lo": low, "hi": high})


_CLOCK = """(shift) => {
    const Real = Date;
    globalThis.Date = class extends Real {
        constructor(...words) { super(...(words.length ? words : [Real.now() + shift])); }
        static now() { return Real.now() + shift; }
    };
    // A phone stamps its fixes with the clock it has.
    const watch = navigator.geolocation.watchPosition.bind(navigator.geolocation);
    navigator.geolocation.watchPosition = (found, ...more) => watch(
        ({ coords, timestamp }) => found({ coords, timestamp: timestamp + shift }), ...more);
}"""


@pytest.mark.parametrize("days", [3, -3])
def test_a_clock_that_is_days_off_is_put_right(phone_of: MakePhone, field_stand: Stand, days: int) -> None:
    phone = phone_of()
    phone.context.add_init_script(f"({_CLOCK})({days * 86_400_000})")
    page = phone.begin()
    # The first contact tells the phone how far off it is; without a network it holds to that.
    phone.upload()
    page.get_by_role("button", name="走访", exact=True).tap()
    phone.context.set_offline(True)
    visit_home(phone, field_stand, "H2")
    phone.context.set_offline(False)
    phone.upload()
    expect(page.locator(".day-first")).to_have_text("今日 1 户，服务器已全部确认。可以放心收工。")
    with field_stand.owner.connect() as connection:
        row = connection.execute(
            text("""
                select f.flags, f.clock_offset_ms, abs(extract(epoch from now() - v.started_at)) as late_s,
                       v.ended_at >= v.started_at as in_order, v.fix_age_s
                  from field_visit f join visit v on v.id = f.visit_id""")
        ).one()
    assert row.flags == ["clock_off"]
    assert abs(row.clock_offset_ms + days * 86_400_000) < 60_000
    assert row.late_s < 120
    assert row.in_order
    assert row.fix_age_s < 120
