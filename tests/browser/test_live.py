"""An open map shows what is committed without anybody touching it, and what one holds stays where it is."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy.orm import Session

from tests.browser.look import MapPage, words_of
from tests.browser.stand import Stand, commit_township, served, working
from tests.browser.watch import Watch
from tests.township import VILLAGES, add_visit

OpenMap = Callable[..., MapPage]


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """A township of these tests' own, since they change it."""
    made = commit_township("fangtu_test_browser_live")
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def site(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("live")
    # Open maps are told once the background program has folded the visit in.
    with served(stand.settings, folder / "web.log") as address, working(stand.settings, folder / "worker.log"):
        yield address


def visit(stand: Stand, household: str, minutes: float = 45.0) -> None:
    """One more visit, committed."""
    with Session(stand.owner) as session, session.begin():
        add_visit(session, stand.town, f"live-{time.monotonic_ns()}", household, minutes=minutes)


def is_live(page: Page, mode: str = "on") -> None:
    page.wait_for_function(f"() => window.fangtu?.page?.live?.mode === '{mode}'")


def figure(page: Page) -> str:
    return words_of(page.locator(".coverage-figure"))


def test_a_visit_appears_on_an_open_map_and_nothing_held_moves(stand: Stand, open_map: OpenMap) -> None:
    shown = open_map("supervisor", "/map?theme=status#map=16/36.405/118.8100")
    page = shown.page
    is_live(page)
    assert not page.locator("#live").is_visible()
    assert "2 / 10" in figure(page)
    shown.open_record("household", stand.town.households["H4"])
    assert "李" in shown.popup_text()
    before = (shown.view(), page.url, shown.painted("points"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit(stand, "H2")
    page.wait_for_function("() => document.querySelector('.coverage-figure').textContent.includes('3 / 10')")
    page.wait_for_function("() => document.getElementById('say').textContent.includes('地图已更新：测试1村')")
    shown.drawn()
    assert (shown.view(), page.url) == before[:2]
    assert shown.popup.is_visible()
    assert page.evaluate("() => document.activeElement.id") == "popup-title"
    assert shown.painted("points") != before[2]
    # Only the village that changed was fetched, and the tiles that touch it.
    areas = [url for url in asked if "/map/areas.json" in url]
    assert areas
    assert all(f"area={VILLAGES[0]}" in url or "by=township" in url for url in areas)
    assert any("/tiles/records/" in url for url in asked)
    assert not any("/tiles/base/" in url for url in asked)


def test_an_open_area_popup_and_the_label_say_the_same(stand: Stand, open_map: OpenMap) -> None:
    shown = open_map("supervisor", f"/map#sel=area%3A{VILLAGES[0]}")
    page = shown.page
    is_live(page)
    said = shown.popup_text()
    visit(stand, "H4")
    page.wait_for_function("() => window.fangtu.page.live.renewals > 0")
    shown.drawn()
    now = shown.popup_text()
    visited, eligible = page.evaluate(
        """(code) => {
            const area = window.fangtu.page.scene.villages.find((one) => one.code === code);
            return [area.visited, area.eligible];
        }""",
        VILLAGES[0],
    )
    assert now != said
    assert f"{visited} / {eligible}" in now


def test_the_focus_in_the_panel_stays_where_it_was(stand: Stand, open_map: OpenMap) -> None:
    page = open_map("supervisor", "/map?theme=status").page
    is_live(page)
    page.locator("#layers input[data-layer=s0]").focus()
    visit(stand, "H8")
    page.wait_for_function("() => window.fangtu.page.live.renewals > 0")
    assert page.evaluate("() => document.activeElement.dataset.layer") == "s0"


def test_a_change_elsewhere_is_not_heard_of(stand: Stand, open_map: OpenMap) -> None:
    page = open_map("inspector").page
    other = open_map("supervisor").page
    for one in (page, other):
        is_live(one)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit(stand, "H7")
    other.wait_for_function("() => window.fangtu.page.live.renewals > 0")
    page.wait_for_timeout(1500)
    assert asked == []
    assert page.evaluate("() => window.fangtu.page.live.renewals") == 0


def test_without_room_for_a_stream_the_map_asks(stand: Stand, browser: Browser, watch: Watch, tmp_path: Path) -> None:
    with served(stand.settings, tmp_path / "web.log", FANGTU_STREAMS="0") as address:
        context = signed_in(browser, stand, watch, address)
        page = context.new_page()
        page.goto("/map")
        is_live(page, "off")
        assert page.locator("#live").inner_text() == "非实时"
        visit(stand, "H6")
        page.wait_for_function("() => window.fangtu.page.live.renewals > 0")
        MapPage(page).drawn()
        context.close()


def test_a_restarted_server_is_found_again_and_nothing_is_missed(
    stand: Stand, browser: Browser, watch: Watch, tmp_path: Path
) -> None:
    with served(stand.settings, tmp_path / "web.log") as address:
        context = signed_in(browser, stand, watch, address)
        page = context.new_page()
        page.goto("/map")
        MapPage(page).drawn()
        is_live(page)
        began = time.monotonic()
    # The open stream did not keep the server from ending.
    assert time.monotonic() - began < 8
    is_live(page, "off")
    visit(stand, "H9")
    with served(stand.settings, tmp_path / "web2.log", port=urlsplit(address).port or 0) as again:
        assert again == address
        is_live(page)
        page.wait_for_function("() => window.fangtu.page.live.renewals > 0")
        assert page.locator("#live").is_hidden()
        assert page.evaluate("() => document.getElementById('map-trouble').hidden")
        context.close()
    # What failed while there was no server was meant to.
    assert all(urlsplit(url.split(": net::")[0]).path in {"/map/live", "/map/changed.json"} for url in watch.failed)
    watch.failed.clear()
    watch.console.clear()


def test_a_page_nobody_sees_holds_no_stream_and_a_woken_one_asks_anew(open_context) -> None:
    page = open_context("leader").new_page()
    page.clock.install()
    page.goto("/map")
    is_live(page)
    page.evaluate(
        """() => { Object.defineProperty(document, "hidden", { value: true, configurable: true });
                   document.dispatchEvent(new Event("visibilitychange")); }"""
    )
    page.clock.fast_forward(31_000)
    is_live(page, "paused")
    with page.expect_request("**/map/live*"):
        page.evaluate("""() => { delete document.hidden; document.dispatchEvent(new Event("visibilitychange")); }""")
    is_live(page)
    with page.expect_request("**/map/live*"):
        page.clock.fast_forward("01:00:00")  # the lid was closed for an hour
    is_live(page)


def test_pages_answer_while_all_streams_are_open(stand: Stand, tmp_path: Path) -> None:
    many = 24
    streams = {"FANGTU_STREAMS": str(many), "FANGTU_ACCOUNT_STREAMS": str(many)}
    with served(stand.settings, tmp_path / "web.log", **streams) as address:
        held = [asked(stand, address, "/map/live", "supervisor") for _ in range(many)]
        assert {answer.status for _, answer in held} == {200}
        for _, answer in held:
            assert answer.readline() == b"retry: 3000\n"
        # One of the own makes room for a new one; somebody else gets none and asks instead.
        assert asked(stand, address, "/map/live", "leader")[1].status == 204
        began = time.monotonic()
        for path in ("/map/setup.json", "/map/areas.json", "/healthz", "/coverage") * 5:
            connection, answer = asked(stand, address, path, "leader")
            assert answer.status == 200
            answer.read()
            connection.close()
        assert time.monotonic() - began < 10
        for connection, _ in held:
            connection.close()


def asked(
    stand: Stand, address: str, path: str, account: str
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    connection.request(
        "GET", path, headers={"Cookie": f"fangtu_session={stand.tokens[account]}", "Accept": "text/event-stream, */*"}
    )
    return connection, connection.getresponse()


def signed_in(browser: Browser, stand: Stand, watch: Watch, address: str) -> BrowserContext:
    context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900}, locale="zh-CN")
    context.set_default_timeout(20_000)
    watch.attach(context)
    context.add_cookies([{"name": "fangtu_session", "value": stand.tokens["supervisor"], "url": address}])
    return context
