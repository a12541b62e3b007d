"""The time slider plays the round day by day: the picture, the legend and every figure are those of the day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Request, expect
from sqlalchemy.orm import Session

from data.letters import as_letters
from tests.browser.conftest import PHONE, OpenMap, OpenPage
from tests.browser.look import MapPage, number_in, words_of
from tests.browser.stand import Stand, commit_township
from tests.database.test_history import on_day
from tests.township import VILLAGES, add_visit

# H8, alone in village 003, is visited on 4 May; H1 and H3 in village 001 were on 1 May.
DAYS = {"H8": (2026, 5, 4), "H7": (2026, 5, 6)}


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """The small township with visits on three days."""
    from datetime import date

    made = commit_township("fangtu_test_browser_days")
    with Session(made.owner) as session, session.begin():
        for household, day in DAYS.items():
            visit = add_visit(session, made.town, f"on day {household}", household)
            visit.started_at, visit.ended_at = on_day(date(*day)).values()
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def site(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the served township."""
    from tests.browser.stand import served

    with served(stand.settings, tmp_path_factory.mktemp("server") / "web.log") as address:
        yield address


def at_day(seen: MapPage, day: str) -> None:
    """Wait until the map says and draws that day."""
    expect(seen.page.locator(".days-label")).to_have_text(day)
    seen.drawn()


def figures(seen: MapPage) -> dict[str, Any]:
    """What the card, the legend and the list say."""
    card = words_of(seen.page.locator(".coverage-figure"))
    notes = seen.page.locator("#dock .class-note").all_inner_texts()
    spoken = seen.page.locator("#area-list button").all_text_contents()
    visited = {words.split("，")[0]: number_in(words.split("，")[2].split("/")[0]) for words in spoken}
    return {
        "card": card,
        "unvisited": sum(number_in(note.split("·")[1]) for note in notes),
        "villages": visited,
    }


def list_says(seen: MapPage, visited: dict[str, int]) -> None:
    """Wait until the list, which follows the map after a moment, says so of each village."""
    for village, n in visited.items():
        spoken = seen.page.locator("#area-list button", has_text=village)
        expect(spoken).to_contain_text(f"，{n} / ")
    assert figures(seen)["villages"] == visited


def test_stepping_changes_every_figure_and_they_agree(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?day=2026-05-04")
    at_day(seen, "5月4日")
    list_says(seen, {"测试1村": 2, "测试2村": 0, "测试3村": 1})
    then = figures(seen)
    assert then["card"].startswith("30.0% 3 / 10 户") or then["card"].startswith("30.0%3 / 10 户")
    assert then["unvisited"] == 9 - 3, "one of ten lives outside every village"
    expect(seen.page.locator("#fresh")).to_contain_text("截至 5月4日，历史")
    expect(seen.page.locator(".days-what")).to_contain_text("按走访日，今日口径")
    seen.page.keyboard.press("[")
    at_day(seen, "5月3日")
    list_says(seen, {"测试1村": 2, "测试2村": 0, "测试3村": 0})
    for _ in range(3):
        seen.page.keyboard.press("]")
    at_day(seen, "5月6日")
    list_says(seen, {"测试1村": 2, "测试2村": 1, "测试3村": 1})


def test_the_picture_is_that_of_the_day_and_the_same_as_ever_at_the_end(open_map: OpenMap) -> None:
    now = open_map("leader").painted("areas", whole=False)
    seen = open_map("leader", "/map?day=2026-05-03")
    at_day(seen, "5月3日")
    then = seen.painted("areas", whole=False)
    assert then != now, "village 003 was not visited yet"
    seen.page.get_by_role("button", name="回到今天").click()
    expect(seen.page).not_to_have_url(re.compile("day="))
    seen.drawn()
    assert seen.painted("areas", whole=False) == now
    expect(seen.page.locator("#fresh")).not_to_contain_text("历史")


def test_playing_asks_the_server_nothing_and_ends_at_today(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?day=2026-01-02")
    at_day(seen, "1月2日")
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    seen.page.on("request", note)
    seen.page.evaluate("document.activeElement.blur()")
    seen.page.keyboard.press(" ")
    expect(seen.page.get_by_role("button", name="暂停")).to_be_visible()
    # Whoever looks now and then does not see each day.
    expect(seen.page.locator(".days-label")).to_have_text(re.compile(r"^(1月([5-9]|[123]\d)|[2-4]月\d+)日$"))
    seen.page.get_by_role("button", name="暂停").click()
    expect(seen.page.get_by_role("button", name="播放")).to_be_visible()
    stopped = seen.page.locator(".days-label").inner_text()
    seen.page.wait_for_timeout(1200)
    expect(seen.page.locator(".days-label")).to_have_text(stopped)
    # The browser may still look for the page's own pictures.
    assert [url for url in asked if "/static/" not in url] == []
    seen.page.evaluate("() => { const { slider } = window.fangtu.page; slider.go(slider.timeline.last - 1); }")
    expect(seen.page).to_have_url(re.compile("day="))
    seen.page.get_by_role("button", name="播放").click()
    expect(seen.page).not_to_have_url(re.compile("day="))
    expect(seen.page.get_by_role("button", name="播放")).to_be_visible()


def test_a_copied_link_restores_the_day(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?day=2026-05-04")
    at_day(seen, "5月4日")
    seen.page.keyboard.press("]")
    expect(seen.page).to_have_url(re.compile("day=2026-05-05"))
    expect(seen.page.locator("#area-list button", has_text="测试3村")).to_contain_text("，1 / ")
    again = open_map("leader", seen.page.url.split("127.0.0.1", 1)[1].split("/", 1)[1].join(["/", ""]))
    at_day(again, "5月5日")
    assert figures(again) == figures(seen)
    assert again.painted("areas", whole=False) == seen.painted("areas", whole=False)


@pytest.mark.parametrize(("day", "shown"), [("2026-02-30", None), ("2031-01-01", None), ("1999-01-01", "2025-12-31")])
def test_a_day_that_cannot_be_shown_is_put_right(open_map: OpenMap, day: str, shown: str | None) -> None:
    seen = open_map("leader", f"/map?day={day}")
    expect(seen.page.locator("#days")).to_have_attribute("data-state", "ready")
    if shown is None:
        expect(seen.page).not_to_have_url(re.compile("day="))
        expect(seen.page.locator(".coverage-figure")).to_contain_text("4 / 10 户")
    else:
        expect(seen.page).to_have_url(re.compile(f"day={shown}"))
        expect(seen.page.locator(".coverage-figure")).to_contain_text("0 / 10 户")


def test_heat_of_a_day_and_of_today(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=visited&day=2026-05-03")
    at_day(seen, "5月3日")
    cells = "() => Array.from(window.fangtu.page.scene.heat.past?.cells || window.fangtu.page.scene.heat.data.cells)"

    def households() -> int:
        return sum(seen.page.evaluate(cells)[2::3])

    assert households() == 2
    seen.page.keyboard.press("]")
    at_day(seen, "5月4日")
    assert households() == 3
    seen.page.get_by_role("button", name="未访热力").click()
    expect(seen.page).to_have_title(re.compile("未访热力"))
    seen.drawn()
    assert households() == 9 - 3, "H10 has no place"
    seen.page.get_by_role("button", name="回到今天").click()
    seen.drawn()
    assert households() == 9 - 4


def test_single_households_are_not_drawn_beside_a_past_day(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=coverage").go(118.8020, 36.405, 16)
    statuses = "() => window.fangtu.page.scene.records.show.statuses.size"
    assert seen.page.evaluate(statuses) == 8
    seen.page.keyboard.press("[")
    expect(seen.page.locator(".days-what")).to_contain_text("此日不画")
    assert seen.page.evaluate(statuses) == 0


def test_other_themes_have_no_slider_and_show_today(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=status&day=2026-05-03")
    expect(seen.page.locator("#days")).to_be_hidden()
    expect(seen.page.locator(".coverage-figure")).to_contain_text("4 / 10 户")
    expect(seen.page.locator("#fresh")).not_to_contain_text("历史")


def test_going_into_a_village_keeps_the_day(open_map: OpenMap) -> None:
    seen = open_map("leader", f"/map?day=2026-05-03&area={VILLAGES[2]}")
    expect(seen.page.locator(".coverage-figure")).to_contain_text("0 / 1 户")
    expect(seen.page.locator(".days-value")).to_contain_text("0 / 1 户")
    seen.page.keyboard.press("]")
    expect(seen.page.locator(".coverage-figure")).to_contain_text("1 / 1 户")


def test_the_slider_speaks_and_its_own_keys_work(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?day=2026-05-04")
    at_day(seen, "5月4日")
    slider = seen.page.get_by_role("slider", name="日期，按走访日")
    expect(slider).to_have_attribute("aria-valuetext", "5月4日，已访 3 / 10 户 · 30.0%，当日 +1 户")
    slider.focus()
    seen.page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^5月3日"))
    seen.page.keyboard.press("]")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^5月4日"))
    expect(seen.page.locator("#say")).to_have_text(re.compile("^5月4日，已访 3 / 10 户"))


def test_without_motion_it_steps_but_does_not_play(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?day=2026-05-04", reduced_motion="reduce")
    at_day(seen, "5月4日")
    expect(seen.page.locator("#days").get_by_role("button", name="播放")).to_have_count(0)
    seen.page.keyboard.press(" ")
    seen.page.wait_for_timeout(1200)
    expect(seen.page.locator(".days-label")).to_have_text("5月4日")
    seen.page.keyboard.press("]")
    expect(seen.page.locator(".days-label")).to_have_text("5月5日")


def test_the_list_and_the_map_do_not_pass_their_days_on(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?day=2026-05-04")
    at_day(seen, "5月4日")
    for link in seen.page.locator("a[href^='/coverage']").all():
        assert "day=" not in (link.get_attribute("href") or "")


def test_on_a_phone_the_slider_is_a_row_of_the_sheet(open_page: OpenPage) -> None:
    page: Page = open_page("/map?day=2026-05-04", "leader", viewport=PHONE, has_touch=True)
    seen = MapPage(page).drawn()
    expect(page.locator("#days")).not_to_be_in_viewport()
    page.get_by_role("button", name="图层", exact=True).click()
    expect(page.locator("#days")).to_be_in_viewport()
    track, sheet = page.locator(".days-track").bounding_box(), page.locator("#panel").bounding_box()
    assert track
    assert sheet
    assert track["width"] > sheet["width"] - 80
    page.locator("#days").get_by_role("button", name="前一天").click()
    at_day(seen, "5月3日")
    expect(page.locator(".coverage-figure")).to_contain_text("2 / 10 户")


_UNPACKED = """async ([steps, counts]) => {
    const { unpack } = await import("/static/js/map/cells.js");
    const ask = async (address) => (await fetch(address)).json();
    const told = [];
    for (const kind of ["unvisited", "visited", "dilapidated"]) {
        const address = `/map/heat.json?kind=${kind}`;
        const [sent, cells] = [await ask(`${address}&form=steps`), await ask(address)];
        told.push([Array.from(unpack(sent).cells), cells.cells, Boolean(sent.cells)]);
    }
    const address = "/map/days.json?by=village&heat=1";
    const [days, cells] = [await ask(`${address}&form=steps`), await ask(address)];
    told.push([Array.from(unpack(days.heat).cells), cells.heat.cells, Boolean(days.heat.cells)]);
    // The first and the last cell of the world, and what needs more than 32 bits.
    const far = unpack({ zoom: 19, steps, counts }).cells;
    told.push([Array.from(far), [0, 0, 1, 2, 65537, 2, 524287, 524287, 3], false]);
    return told;
}"""


def test_cells_that_come_in_steps_are_the_same_cells(open_map: OpenMap) -> None:
    steps = np.array([0, 2**33 + 6, 4**19 - 1 - 2**33 - 6])
    made = [as_letters(steps), as_letters(np.array([1, 2, 3]))]
    told = open_map("leader").page.evaluate(_UNPACKED, made)
    assert len(told) == 5
    for unpacked, cells, has_both in told:
        assert unpacked == cells != []
        assert not has_both
