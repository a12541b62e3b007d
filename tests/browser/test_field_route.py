"""The day's route on a phone: the order it was given out in, another order said without a network, and the way on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from data.local_time import ZONE
from tests.browser.conftest import MakePhone
from tests.browser.field import PIN, faults_of
from tests.browser.field_store import wait_for
from tests.browser.stand import Stand

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
HOMES = ("H5", "H2", "H4")
REVISION = 3


@pytest.fixture(autouse=True)
def route(field_stand: Stand) -> Iterator[int]:
    """A plan that gives the inspector three households today; gives its number."""
    keys = {
        "campaign": field_stand.town.campaign_id,
        "account": field_stand.accounts["inspector"],
        "homes": [field_stand.town.households[name] for name in HOMES],
        "day": datetime.now(ZONE).date(),
        "revision": REVISION,
    }
    with field_stand.owner.begin() as connection:
        plan: int = connection.execute(
            text("""
                insert into route_plan (campaign_id, round_no, jur, jur_end, kind, days, choices, state, revision,
                                        published_revision, made_by)
                select :campaign, 1, jur, jur_end, '', array[cast(:day as date)], '{}', 'published', :revision,
                       :revision, id from account where id = :account returning id"""),
            keys,
        ).scalar_one()
        connection.execute(
            text("""
                insert into route (plan_id, published, account_id, day, on_day, campaign_id, round_no, jur, jur_end,
                                   revision, mode, leave_s, back_s, back_travel_s, back_travel_m)
                select :plan, true, id, 0, :day, :campaign, 1, jur, jur_end, :revision, 'walk', 32000, 40000, 0, 0
                  from account where id = :account"""),
            {**keys, "plan": plan},
        )
        connection.execute(
            text("""
                insert into route_stop (plan_id, published, household_id, jur, account_id, day, position, arrival_s,
                                        start_s, leave_s, travel_s, travel_m, estimated)
                select :plan, true, h.id, h.jur, :account, 0, k.at - 1, 32400 + 2400 * (k.at - 1),
                       32400 + 2400 * (k.at - 1), 34200 + 2400 * (k.at - 1), 600, 400, true
                  from unnest(cast(:homes as bigint[])) with ordinality as k (id, at)
                  join household h on h.id = k.id"""),
            {**keys, "plan": plan},
        )
        connection.execute(
            text("""
                insert into household (natural_key, code, head_name, geom, quality, village_id, grid_id, jur)
                select 'beside:' || :plan, 'R1', '梁旁', geom, 3, village_id, grid_id, jur
                  from household where id = :home"""),
            {"plan": plan, "home": keys["homes"][0]},
        )
    yield plan
    with field_stand.owner.begin() as connection:
        connection.execute(text("update household set removed_at = now() where code = 'R1'"))
        connection.execute(text("delete from route_plan where id = :plan"), {"plan": plan})


def listed(page: Page) -> list[int]:
    """Households of the list, in order."""
    return [
        int(one) for one in page.locator(".row-button").evaluate_all("(all) => all.map((b) => b.dataset.household)")
    ]


def test_the_route_comes_first_and_another_order_reaches_the_server(
    phone_of: MakePhone, field_stand: Stand, route: int
) -> None:
    homes = [field_stand.town.households[name] for name in HOMES]
    phone = phone_of()
    page = phone.begin()
    expect(page.get_by_role("button", name="按路线")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".about-route")).to_contain_text("今日路线 0 / 3 户，计划 9:00–10:50")
    assert listed(page)[:3] == homes
    expect(page.locator(".row").first).to_contain_text("9:00")
    expect(page.locator(".row").first).to_contain_text("下一户")
    assert len(listed(page)) > 3  # the others follow, under a heading of their own
    expect(page.get_by_role("heading", name="路线以外")).to_be_visible()
    phone.context.set_offline(True)
    page.get_by_role("button", name="改顺序").tap()
    page.locator(".order-row").nth(2).get_by_role("button", name="提前").tap()
    assert faults_of(page) == []
    page.get_by_role("button", name="保存顺序").tap()
    changed = [homes[0], homes[2], homes[1]]
    wait_for(lambda: listed(page)[:3] == changed)
    # Kept through a restart, and told once there is a network.
    page.reload()
    page.wait_for_selector("input[name=pin], body[data-ready=true]")
    if page.locator("input[name=pin]").count():
        phone.unlock(PIN)
    phone.ready()
    wait_for(lambda: listed(page)[:3] == changed)
    phone.context.set_offline(False)

    def told() -> list[int]:
        with field_stand.owner.connect() as connection:
            rows = connection.execute(
                text("""
                    select household_id from route_stop where plan_id = :plan and reported is not null
                     order by reported"""),
                {"plan": route},
            )
            return [row.household_id for row in rows]

    page.evaluate("window.dispatchEvent(new Event('online'))")
    wait_for(lambda: told() == changed)
    # After a visit the next one of the route is offered, wherever the nearest is.
    name = page.locator(".row-name strong").nth(1).inner_text()
    phone.visit()
    expect(page.locator(".saved-next")).to_contain_text(name)
    assert listed(page)[:2] == changed[1:]
    page.get_by_role("navigation", name="主导航").get_by_role("button", name="地图").tap()
    expect(page.locator("canvas.stage")).to_be_visible()
    assert phone.watch.errors == []


def test_an_order_of_a_route_that_was_changed_is_said_not_to_count(
    phone_of: MakePhone, field_stand: Stand, route: int
) -> None:
    phone = phone_of()
    page = phone.begin()
    expect(page.locator(".about-route")).to_be_visible()
    with field_stand.owner.begin() as connection:
        connection.execute(text("update route set revision = 9 where plan_id = :plan"), {"plan": route})
    page.get_by_role("button", name="改顺序").tap()
    page.locator(".order-row").first.get_by_role("button", name="推后").tap()
    page.get_by_role("button", name="保存顺序").tap()
    expect(page.get_by_text("主管改过路线，您的顺序没有采用。")).to_be_visible()
    homes = [field_stand.town.households[name] for name in HOMES]
    wait_for(lambda: listed(page)[:3] == homes)
    page.get_by_role("button", name="知道了").tap()
    expect(page.get_by_text("主管改过路线，您的顺序没有采用。")).to_have_count(0)
