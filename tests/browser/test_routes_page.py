"""Planning routes: two clicks to a plan, one state on map, timeline and lists, changes by mouse and keyboard."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.local_time import today
from data.worker import Worker
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.look import MapPage
from tests.browser.stand import Stand, add_account, commit_township, served
from tests.browser.test_accessible import check
from tests.browser.watch import Watch
from tests.township import PLACES, TOWNSHIP

MakePlan = Callable[..., int]


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    made = commit_township("fangtu_test_browser_routes")
    with Session(made.owner) as session, session.begin():
        add_account(session, made, "rider", "inspector", "骑行员", number_range(TOWNSHIP))
        session.execute(text("update round set ends_on = :day"), {"day": today() + timedelta(days=60)})
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def site(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(stand.settings, tmp_path_factory.mktemp("routes") / "web.log") as address:
        yield address


@pytest.fixture
def make_plan(stand: Stand, site: str) -> MakePlan:
    """A solved plan of two days for the two who may go everywhere or in village 001."""

    def make(**changes: Any) -> int:
        people = [{"id": stand.accounts[name]} for name in ("inspector", "rider")]
        form = {"days": days(2), "inspectors": people, "households": {}, "rounds": 2, **changes}
        answer = ask(stand, site, "POST", "/api/v1/routes", form)
        Worker(stand.settings).run(until_idle=True)
        return int(answer["id"])

    return make


def days(n: int) -> list[str]:
    return [(today() + timedelta(days=at)).isoformat() for at in range(1, n + 1)]


def ask(stand: Stand, site: str, method: str, path: str, body: object = None) -> Any:
    """What the server says to the supervisor's own program."""
    head = {"Authorization": f"Bearer {stand.tokens['supervisor']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(site + path, data, head, method=method)) as answer:
        return json.load(answer)


def order_of(stand: Stand, site: str, plan: int) -> dict[tuple[int, int], list[int]]:
    """Households in their order by inspector and day, as the server has them."""
    told = ask(stand, site, "GET", f"/api/v1/routes/{plan}")
    return {
        (route["inspector"]["id"], route["day"]): [stop["household"] for stop in route["stops"]]
        for route in told["routes"]
    }


def open_plan(open_page: OpenPage, plan: int, role: str = "supervisor", **options: object) -> Page:
    page = open_page(f"/routes/{plan}", role, **options)
    page.wait_for_selector("body[data-ready=true]")
    return page


def toast(page: Page) -> Locator:
    return page.locator(".toast")


def busiest(page: Page) -> Locator:
    """The row of the timeline with the most visits; opened in the list as well."""
    rows = page.locator(".rt-row")
    sizes = [rows.nth(at).locator(".rt-visit").count() for at in range(rows.count())]
    row = rows.nth(sizes.index(max(sizes)))
    row.locator(".rt-row-open").click()
    return row


def test_two_clicks_make_a_first_plan(open_page: OpenPage, stand: Stand) -> None:
    page = open_page("/routes", "supervisor")
    page.get_by_role("link", name="新路线").first.click()
    page.wait_for_selector("body[data-ready=true]")
    expect(page.locator("#rt-count")).to_have_text("选中 8 户，其中 1 户没有准确位置，排不了")
    page.get_by_role("button", name="生成路线").click()
    page.wait_for_url(re.compile(r"/routes/\d+$"), wait_until="commit")
    page.wait_for_selector("body[data-ready=true]")
    expect(page.locator("#rt-progress")).to_be_visible()
    page.evaluate("map_township.setView([36.404, 118.82], 15.25, { animate: false })")
    Worker(stand.settings).run(until_idle=True)
    expect(page.locator("#rt-state")).to_have_text("草稿，还没有发布")
    expect(page.locator("#rt-progress")).to_be_hidden()
    assert page.evaluate("map_township.getZoom()") == 15.25, "a plan that comes does not move the view"
    assert page.locator(".rt-visit").count() >= 5
    expect(page.locator("#rt-left")).to_contain_text("没有准确位置")


def test_map_timeline_and_list_light_up_together(open_page: OpenPage, make_plan: MakePlan, stand: Stand) -> None:
    page = open_plan(open_page, make_plan())
    row = busiest(page)
    visit = row.locator(".rt-visit").first
    household = visit.get_attribute("data-stop") or ""
    visit.hover()
    expect(page.locator(f".rt-stop:has([data-stop='{household}'])")).to_have_class(re.compile("is-lit"))
    name = next(name for name, key in stand.town.households.items() if str(key) == household)
    spot = PLACES[name]
    assert spot is not None
    x, y = MapPage(page).place(spot[0], spot[1])
    page.mouse.move(x, y)
    expect(visit).to_have_class(re.compile("is-lit"))
    expect(page.locator(".rt-tip")).to_contain_text("第 1 户")
    page.mouse.click(x, y)
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(visit).to_have_class(re.compile("is-chosen"))
    expect(page.locator("#rt-why")).to_contain_text("为何是")
    expect(page.locator("#rt-why p").last).not_to_have_text("正在查原因…")
    assert f"stop={household}" in page.url
    page.reload()
    page.wait_for_selector("body[data-ready=true]")
    expect(page.locator(f".rt-visit[data-stop='{household}']")).to_have_class(re.compile("is-chosen"))


def test_a_visit_is_locked_moved_and_brought_back_by_keyboard(
    open_page: OpenPage, make_plan: MakePlan, stand: Stand, site: str
) -> None:
    plan = make_plan(days=days(1))
    before = order_of(stand, site, plan)
    page = open_plan(open_page, plan)
    row = busiest(page)
    row.locator(".rt-visit").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("l")
    expect(toast(page)).to_contain_text("已锁定")
    expect(row.locator(".rt-visit").first.locator(".icon")).to_have_count(1)
    assert page.evaluate("document.activeElement.classList.contains('rt-visit')"), "the focus stays at the visit"
    page.keyboard.press("l")
    expect(toast(page)).to_contain_text("已解除锁定")
    page.keyboard.press("Enter")
    menu = page.get_by_role("menu")
    expect(menu).to_be_visible()
    menu.get_by_role("menuitem", name="推后一位").press("Enter")
    expect(toast(page)).to_contain_text(re.compile("推后一位：路上 [+−]?[0-9]+ 分钟，走访 0 户"))
    after = order_of(stand, site, plan)
    [key] = [one for one in before if before[one] != after[one]]
    assert after[key] == [before[key][1], before[key][0], *before[key][2:]]
    page.keyboard.press("Control+z")
    expect(toast(page)).to_contain_text("已撤销")
    assert order_of(stand, site, plan) == before
    page.keyboard.press("Control+Shift+z")
    expect(toast(page)).to_contain_text("已重做")
    assert order_of(stand, site, plan) == after


def test_a_stop_is_dragged_and_its_price_told_on_the_way(
    open_page: OpenPage, make_plan: MakePlan, stand: Stand, site: str, watch: Watch
) -> None:
    watch.expect(422)  # what would break a rule is told as such
    plan = make_plan(days=days(1))
    before = order_of(stand, site, plan)
    page = open_plan(open_page, plan)
    visits = busiest(page).locator(".rt-visit")
    first, last = visits.first.bounding_box(), visits.last.bounding_box()
    assert first is not None
    assert last is not None
    page.mouse.move(first["x"] + 8, first["y"] + 8)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] - 3, last["y"] + 8, steps=5)
    expect(page.locator(".rt-ghost .rt-price")).to_contain_text("分钟")
    shown = page.locator(".rt-ghost").bounding_box()
    assert shown is not None
    assert shown["y"] + shown["height"] <= page.evaluate("innerHeight"), "the price is cut off by the end of the window"
    page.keyboard.press("Escape")
    expect(page.locator(".rt-ghost")).to_have_count(0)
    page.mouse.up()
    assert order_of(stand, site, plan) == before
    page.mouse.move(first["x"] + 8, first["y"] + 8)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] - 3, last["y"] + 8, steps=5)
    page.mouse.up()
    expect(toast(page)).to_contain_text("→")
    after = order_of(stand, site, plan)
    [key] = [one for one in before if before[one] != after[one]]
    assert after[key] == [*before[key][1:], before[key][0]]


def test_a_household_is_taken_out_and_put_in_by_its_remedy(
    open_page: OpenPage, make_plan: MakePlan, watch: Watch
) -> None:
    watch.expect(422)
    page = open_plan(open_page, make_plan(days=days(1)))
    row = busiest(page)
    household = row.locator(".rt-visit").first.get_attribute("data-stop")
    page.locator(".rt-stop .rt-more").first.click()
    page.get_by_role("menuitem", name="移出路线").click()
    expect(toast(page)).to_contain_text("走访 −1 户")
    left = page.locator(f"[data-left='{household}']")
    expect(left).to_contain_text("已由人工移出")
    left.get_by_role("button", name=re.compile("排入")).click()
    someone = page.get_by_role("menuitem").filter(has_text="分钟").first
    expect(someone).to_contain_text("走访 +1 户")
    someone.click()
    expect(toast(page)).to_contain_text("走访 +1 户")
    expect(page.locator(f".rt-visit[data-stop='{household}']")).to_have_count(1)


def test_what_somebody_else_changed_is_not_overwritten(
    open_page: OpenPage, make_plan: MakePlan, stand: Stand, site: str, watch: Watch
) -> None:
    watch.expect(409)
    plan = make_plan(days=days(1))
    page = open_plan(open_page, plan)
    told = ask(stand, site, "GET", f"/api/v1/routes/{plan}")
    gone = told["routes"][0]["stops"][0]["household"]
    wish = {"revision": told["revision"], "act": "remove", "household": gone}
    ask(stand, site, "POST", f"/api/v1/routes/{plan}/changes", wish)
    busiest(page).locator(".rt-visit").last.focus()
    page.keyboard.press("l")
    expect(page.locator("#rt-trouble")).to_contain_text("没有改动")
    expect(page.locator(f"[data-left='{gone}']")).to_have_count(1)


def test_planning_anew_shows_what_was_before(open_page: OpenPage, make_plan: MakePlan) -> None:
    page = open_plan(open_page, make_plan())
    page.get_by_role("button", name="重新安排").click()
    dialog = page.get_by_role("dialog", name="重新安排")
    dialog.get_by_label("有人请假或病了").check()
    dialog.get_by_label("谁").select_option(label="何巡访")
    dialog.get_by_role("button", name="重新安排").click()
    expect(toast(page)).to_contain_text(re.compile(r"已重新安排：.*别人改动 \d+ 户"))
    expect(page.locator(".rt-person", has_text="何巡访")).to_contain_text("这天不上班")
    expect(page.locator("#rt-legend")).to_have_text("灰线为重排之前的路线")


def test_a_plan_is_given_out_and_taken_back(open_page: OpenPage, make_plan: MakePlan, stand: Stand) -> None:
    plan = make_plan(days=days(1))
    page = open_plan(open_page, plan)
    visits = page.locator(".rt-visit").count()
    page.get_by_role("button", name="发布到手机").click()
    dialog = page.get_by_role("dialog", name="发布到手机")
    expect(dialog).to_contain_text(f"{visits} 户，1 天")
    dialog.get_by_role("button", name="发布到手机").click()
    expect(page.locator("#rt-state")).to_have_text("已发布到手机")
    with Session(stand.owner) as session:
        given = session.scalar(text("select count(*) from route_stop where plan_id = :id and published"), {"id": plan})
    assert given == visits
    page.get_by_role("button", name="撤回路线").click()
    page.get_by_role("dialog", name="撤回路线").get_by_role("button", name="撤回路线").click()
    expect(page.locator("#rt-state")).to_have_text("已撤回")


def test_what_is_taken_away_is_of_the_day_and_person_chosen(open_page: OpenPage, make_plan: MakePlan) -> None:
    page = open_plan(open_page, make_plan())
    busiest(page)
    page.get_by_text("带走").click()
    links = page.locator(".rt-files a")
    expect(links).to_have_count(6)
    for link in links.all():
        answer = page.request.get(link.get_attribute("href") or "")
        assert answer.ok, link.get_attribute("href")
        assert len(answer.body()) > 100


def test_the_form_says_what_is_missing_and_takes_a_drawn_line(open_page: OpenPage) -> None:
    page = open_page("/routes/new", "supervisor")
    page.wait_for_selector("body[data-ready=true]")
    button = page.get_by_role("button", name="生成路线")
    expect(button).to_be_enabled()
    page.get_by_label("全选").check()
    page.get_by_label("全选").uncheck()
    expect(page.locator("#rt-sum")).to_have_text("还没有选谁去")
    expect(button).to_be_disabled()
    page.get_by_label("全选").check()
    page.locator("#rt-cal input:checked").uncheck(force=True)
    expect(page.locator("#rt-sum")).to_have_text("还没有选哪一天")
    seen = MapPage(page)
    page.get_by_role("button", name="在图上圈").click()
    # Round H6 and H7 in village 002.
    corners = [(118.8135, 36.4035), (118.8175, 36.4035), (118.8175, 36.4075), (118.8135, 36.4075), (118.8135, 36.404)]
    page.mouse.move(*seen.place(*corners[0]))
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*seen.place(*corner), steps=3)
    page.mouse.up()
    expect(page.locator("#rt-count")).to_have_text("选中 2 户")
    page.get_by_role("button", name="不圈了").click()
    expect(page.locator("#rt-count")).to_contain_text("选中 8 户")


def test_the_form_takes_an_arrangement_for_one_household_and_for_those_drawn_around(
    open_page: OpenPage, stand: Stand, site: str
) -> None:
    page = open_page("/routes/new", "supervisor")
    page.wait_for_selector("body[data-ready=true]")
    page.get_by_role("button", name="加一条特别安排").click()
    first = page.get_by_role("group", name="特别安排 1")
    page.get_by_role("button", name="生成路线").click()
    expect(page.locator("#rt-trouble")).to_contain_text("还没有选是哪一户")
    with Session(stand.owner) as session:
        code = session.scalar(text("select code from household where id = :id"), {"id": stand.town.households["H2"]})
    first.get_by_role("searchbox").fill(str(code))
    first.get_by_role("searchbox").press("Tab")
    expect(first.locator(".rt-spot [role=status]")).not_to_be_empty()
    first.get_by_label("由谁去").select_option(label="骑行员")
    first.get_by_label("最早").fill("14:00")
    first.get_by_label("最晚").fill("15:00")
    page.get_by_role("button", name="加一条特别安排").click()
    second = page.get_by_role("group", name="特别安排 2")
    second.get_by_label("哪些户").select_option("danger")
    second.get_by_label("要两人同去").check()
    second.get_by_role("button", name="去掉这条特别安排").click()
    expect(page.get_by_role("group", name="特别安排 2")).to_have_count(0)
    page.get_by_role("group", name="免打扰").get_by_label("从").fill("12:00")
    page.get_by_role("group", name="免打扰").get_by_label("到").fill("13:30")
    page.get_by_label("全选").check()
    # Answered, not only sent: the worker ends where it finds nothing to do.
    with page.expect_response(lambda one: one.request.method == "POST" and "/api/v1/routes" in one.url) as answered:
        page.get_by_role("button", name="生成路线").click()
    wish = answered.value.request.post_data_json
    assert wish["special"] == [
        {
            "households": {"ids": [stand.town.households["H2"]]},
            "inspectors": [stand.accounts["rider"]],
            "hours": {"from": "14:00", "to": "15:00"},
        }
    ]
    assert (wish["quiet"], wish["evening"]) == (
        [{"from": "12:00", "to": "13:30"}], {"from": "18:00", "to": "21:00"},
    )  # fmt: skip
    Worker(stand.settings).run(until_idle=True)
    page.wait_for_url(re.compile(r"/routes/\d+"))
    plan = int(re.findall(r"/routes/(\d+)", page.url)[0])
    told = ask(stand, site, "GET", f"/api/v1/routes/{plan}")
    (start,) = [
        stop["start"]
        for route in told["routes"]
        if route["inspector"]["id"] == stand.accounts["rider"]
        for stop in route["stops"]
        if stop["household"] == stand.town.households["H2"]
    ]
    assert 14 * 3600 <= start <= 14.5 * 3600
    # The form opened again with the conditions of that plan holds the arrangement.
    again = open_page(f"/routes/new?plan={plan}", "supervisor")
    again.wait_for_selector("body[data-ready=true]")
    expect(again.get_by_role("group", name="特别安排 1").get_by_label("最晚")).to_have_value("15:00")


def test_a_leader_looks_on(open_page: OpenPage, make_plan: MakePlan) -> None:
    page = open_plan(open_page, make_plan(), "leader")
    busiest(page)
    assert page.get_by_role("button", name="发布到手机").count() == 0
    page.locator(".rt-stop .rt-more").first.click()
    expect(page.get_by_role("menuitem")).to_have_count(1)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_plan_and_form_have_names_headings_contrast_and_fit_a_phone(
    open_page: OpenPage, make_plan: MakePlan, language: str
) -> None:
    page = open_plan(open_page, make_plan(), language=language)
    page.locator(".rt-person-open").first.click()
    page.locator(".rt-stop-open").first.click()
    check(page)
    for address in (f"/routes/{page.url.split('/')[-1].split('#')[0]}", "/routes/new", "/routes"):
        phone = open_page(address, "supervisor", language=language, viewport=PHONE)
        if address != "/routes":
            phone.wait_for_selector("body[data-ready=true]")
        check(phone)
        phone.evaluate("document.documentElement.style.fontSize = '200%'")
        assert phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_what_the_modules_compute(open_page: OpenPage, make_plan: MakePlan) -> None:
    page = open_plan(open_page, make_plan())
    told = page.evaluate(
        """async () => {
            const load = (name) => import(`/static/js/routes/${name}.js`);
            const { holidayOf } = await load("holidays");
            const { daysOn, nextWorkday } = await load("calendar");
            const { lookOf, letterOf } = await load("signs");
            const { secondOf, clock, signed } = await load("clock");
            const { piecesOf, spanOf } = await load("timeline");
            const { thinned } = await load("lasso");
            const { beside } = await load("picture");
            const stop = { arrive: 31000, start: 31600, leave: 33400, travel_s: 400 };
            const pause = { start: 33600, end: 34800 };
            const route = { leave: 30600, back: 36000, back_travel_s: 600, stops: [stop], breaks: [pause] };
            const looks = Array.from({ length: 12 }, (_, at) => JSON.stringify(lookOf(at)));
            return {
                feasts: ["2027-02-05", "2027-02-06", "2027-02-08", "2027-02-09", "2026-06-19", "2027-04-05",
                    "2030-02-03", "2026-11-30"].map(holidayOf),
                days: [daysOn("2026-12-31", 1), nextWorkday("2026-12-31"), nextWorkday("2026-11-27")],
                looks: new Set(looks).size,
                letters: [letterOf(0), letterOf(9), letterOf(10)],
                times: [secondOf("8:30"), Number.isNaN(secondOf("24:00")), clock(30600), clock(45900)],
                signs: [signed(-3), signed(0), signed(3)],
                pieces: piecesOf(route).map(({ kind, from, to }) => [kind, from, to]),
                span: spanOf([route]),
                thinned: thinned(Array.from({ length: 5000 }, (_, at) => [at, at])).length,
                beside: beside([[0, 0], [10, 0]], 3),
            };
        }"""
    )
    assert told == {
        "feasts": ["除夕", "春节", "春节", None, "端午", "清明", "春节", None],
        "days": ["2027-01-01", "2027-01-04", "2026-11-30"],
        "looks": 12,
        "letters": ["甲", "癸", "11"],
        "times": [30600, True, "8:30", "12:45"],
        "signs": ["−3", "0", "+3"],
        "pieces": [
            ["go", 30600, 31000],
            ["wait", 31000, 31600],
            ["visit", 31600, 33400],
            ["go", 33400, 33600],
            ["go", 34800, 35200],
            ["pause", 33600, 34800],
        ],
        "span": [28800, 36000],
        "thinned": 400,
        "beside": [[0, 3], [10, 3]],
    }
