"""The field app on a phone: three taps, no network, a dying browser, a dying server, two tabs, a new version."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from tests.browser.field import PIN, Phone, faults_of
from tests.browser.stand import Stand, commit_township, served
from tests.faulty import ORDERS, give_orders

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
Make = Callable[..., Phone]


@pytest.fixture(scope="module")
def field_stand() -> Iterator[Stand]:
    """A township of its own: what phones send stays in it."""
    made = commit_township("fangtu_test_field")
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file in which the server reads how to fail."""
    return tmp_path_factory.mktemp("orders") / "orders.json"


@pytest.fixture(scope="module")
def field_site(field_stand: Stand, orders: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server that fails on demand."""
    log = tmp_path_factory.mktemp("field") / "web.log"
    with served(field_stand.settings, log, target="tests.faulty:wsgi()", **{ORDERS: str(orders)}) as site:
        yield site


@pytest.fixture
def phone_of(
    browser: Browser, field_stand: Stand, field_site: str, orders: Path, tmp_path: Path
) -> Iterator[Make]:
    """Phones of the inspector; no visit of another test is left."""
    _forget(field_stand)
    give_orders(orders)
    made: list[Phone] = []

    def make(**options: object) -> Phone:
        token = field_stand.tokens["inspector"]
        made.append(Phone(browser, tmp_path / f"phone{len(made)}", field_site, token, **options))
        return made[-1]

    yield make
    for phone in made:
        phone.close()


def _forget(stand: Stand) -> None:
    with stand.owner.begin() as connection:
        connection.execute(text("update session set device_id = null, kind = 'web'"))
        for table in ("demand", "field_visit", "synced_photo", "sync_reject", "pulled", "device"):
            connection.execute(text(f"delete from {table}"))
        connection.execute(text("delete from visit where id in (select id from synced_item)"))
        connection.execute(text("delete from synced_item"))


def visits_in(stand: Stand) -> list[str]:
    """Outcomes of the visits that came from phones, one for each that is stored."""
    with stand.owner.connect() as connection:
        rows = connection.execute(
            text("select v.outcome from visit v join synced_item s on s.id = v.id order by v.started_at")
        )
        return [row.outcome for row in rows]


def photos_in(stand: Stand) -> set[str]:
    """SHA-256 of the photos that are stored."""
    with stand.owner.connect() as connection:
        rows = connection.execute(text("select encode(sha256, 'hex') as sum from synced_photo where received_at is not null"))
        return {row.sum for row in rows}


def test_taps_are_three_and_two_and_nobody_home_three(phone_of: Make, field_stand: Stand) -> None:
    phone = phone_of()
    page = phone.begin()
    name = page.locator(".row-name strong").first.inner_text()
    phone.visit()
    assert phone.taps == 3
    expect(page.locator(".saved")).to_contain_text(name)
    phone.taps = 0
    phone.tap(page.locator(".saved").get_by_role("button", name="在家 · 一切正常"))
    phone.tap(page.get_by_role("button", name="保存走访"))
    expect(page.locator(".saved")).to_be_visible()
    assert phone.taps == 2
    phone.taps = 0
    phone.visit(0, "nobody")
    assert phone.taps == 3
    assert phone.unsent() == 3
    phone.upload()
    expect(page.locator(".day-first")).to_have_text("今日 3 户，服务器已全部确认。可以放心收工。")
    assert sorted(visits_in(field_stand)) == ["done", "done", "nobody_home"]
