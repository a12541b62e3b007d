"""Work at houses on a phone: an appraisal, a look and a check without a network, and what the server makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from data.local_time import today
from data.rules.appraising import PART
from tests.browser.conftest import MakePhone
from tests.browser.field import faults_of
from tests.browser.field_store import photos_in, picture
from tests.browser.stand import Stand
from tests.township import TOWNSHIP

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
_MAKE = (
    """insert into disaster (area_id, jur, jur_end, kind, happened_on, account_id)
       select id, jur, jur_end, 'storm', :day, :account from area where code = :town""",
    """insert into mark (id, kind, account_id, marked_by, jur, at, state, quality)
       select gen_random_uuid(), 'waste', :account, '测试员', h.jur, now() - interval '30 days', 'accepted', 7
         from household h where h.id = :home""",
    """with made as (
           insert into monitoring_round (area_id, jur, jur_end, month, opened_on, names_by, appraised_by, closed_by,
                                         source)
           select id, jur, jur_end, date_trunc('month', cast(:day as date)), :day, :day, :day, :day, 'x'
             from area where code = :town returning id)
       insert into monitored (round_id, household_id, jur, aid_group)
       select made.id, h.id, h.jur, 'dibao' from made, household h where h.id = :home""",
)
_CLEAR = (
    "delete from attachment where appraisal_id is not null or observation_id is not null",
    "delete from monitoring_act",
    "delete from housing_status",
    "delete from monitored",
    "delete from monitoring_round",
    "delete from concern_observation",
    "delete from appraisal where client_id in (select id from synced_item)",
    "delete from disaster",
    "delete from mark",
)


@pytest.fixture
def work(field_stand: Stand) -> Iterator[None]:
    """Every house is due, one site of concern is to be seen, one household is to be checked."""
    keys = {
        "day": today(),
        "town": TOWNSHIP,
        "home": field_stand.town.households["H1"],
        "account": field_stand.accounts["supervisor"],
    }
    with field_stand.owner.begin() as connection:
        for statement in (*_CLEAR, *_MAKE):
            connection.execute(text(statement), keys)
    yield
    with field_stand.owner.begin() as connection:
        for statement in _CLEAR:
            connection.execute(text(statement))


def level(page: Page, part: str, choice: str) -> None:
    page.locator(f'[data-focus="{part}:{choice}"]').tap()


def test_work_at_houses_is_done_without_a_network_and_comes_in_once(
    phone_of: MakePhone, field_stand: Stand, work: None, tmp_path: Path
) -> None:
    phone = phone_of("supervisor")
    page = phone.begin()
    page.get_by_role("button", name="标房").tap()
    door = page.get_by_role("button", name="农房任务")
    expect(door).to_be_visible()
    phone.context.set_offline(True)
    # Also after the page has died the work is here.
    page.reload()
    phone.ready()
    door.tap()
    expect(page.locator(".row-place").first).to_contain_text("灾后待复核")
    assert faults_of(page) == []
    task = page.locator("[data-task]").first
    key = task.get_attribute("data-task") or ""
    task.tap()
    expect(page.locator(".grade-line")).to_contain_text("还定不出等级")
    # The bar of screens lies below the button, not on it.
    for size in ("", "200%"):
        page.evaluate("(size) => { document.documentElement.style.fontSize = size; }", size)
        assert page.evaluate(
            """() => {
                const [foot, bar] = [".sheet-foot", ".tabs"].map((one) => document.querySelector(one));
                return foot.getBoundingClientRect().bottom <= bar.getBoundingClientRect().top + 1;
            }"""
        )
    page.evaluate("document.documentElement.style.fontSize = ''")
    level(page, "site", "dangerous")
    expect(page.locator(".grade-line")).to_contain_text("计算的等级：D级")
    level(page, "site", "safe")
    for part in PART:
        level(page, part, "a")
    expect(page.locator(".grade-line")).to_contain_text("计算的等级：A级")
    level(page, "walls", "c")
    page.get_by_role("button", name="保存鉴定").tap()
    expect(page.locator(".lack")).to_contain_text("承重墙")
    page.get_by_label("承重墙的危险点").fill("山墙外闪")
    expect(page.locator(".grade-line")).to_contain_text("计算的等级：C级")
    page.get_by_label("鉴定单位或鉴定小组").fill("测试鉴定小组")
    page.locator("fieldset", has_text="承重墙").locator("input[type=file]").set_input_files(picture(tmp_path))
    expect(page.locator(".thumb")).to_have_js_property("complete", True)
    assert faults_of(page) == []
    # The page dies in the camera and comes back: nothing of the form is lost.
    page.reload()
    phone.ready()
    page.locator(f'[data-task="{key}"]').tap()
    expect(page.get_by_label("承重墙的危险点")).to_have_value("山墙外闪")
    page.get_by_role("button", name="保存鉴定").tap()
    expect(page.locator(".saved")).to_contain_text("撤销")
    expect(page.locator(f'[data-task="{key}"]')).to_contain_text("待上传")

    page.get_by_role("button", name="整治观测").tap()
    page.locator("[data-task]").first.tap()
    level(page, "seen", "cleared")
    page.get_by_role("button", name="保存观测").tap()
    page.get_by_role("button", name="动态监测").tap()
    page.locator("[data-task]").first.tap()
    level(page, "act", "reported")
    page.get_by_label("原因").fill("西山墙开裂")
    page.get_by_role("button", name="保存排查").tap()
    expect(page.locator(".saved")).to_be_visible()
    assert phone.unsent() == 3
    with field_stand.owner.connect() as connection:
        assert connection.scalar(text("select count(*) from synced_item")) == 0

    phone.context.set_offline(False)
    phone.upload()
    expect(page.locator(".groups")).to_contain_text("农房任务 3 项，已确认 3 项")
    with field_stand.owner.connect() as connection:
        row = connection.execute(
            text("""select a.result, a.computed, a.appraiser, a.findings, h.grade, k.kind
                      from appraisal a join house h on h.id = a.house_id join attachment k on k.appraisal_id = a.id
                     where a.client_id in (select id from synced_item)""")
        ).one()
        assert (row.result, row.computed, row.appraiser, row.grade, row.kind) == (
            "C",
            "C",
            "测试鉴定小组",
            "C",
            "walls",
        )
        assert row.findings["parts"]["walls"] == {"level": "c", "points": "山墙外闪"}
        assert connection.scalar(text("select concern_state from mark where kind = 'waste'")) == "cleared"
        stage = connection.execute(text("select stage, suspected from monitored")).one()
        assert stage.suspected == "西山墙开裂"
    assert len(photos_in(field_stand)) == 1
