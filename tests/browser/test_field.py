"""The field app on a phone: three taps, no network, a dying browser, a dying server, two tabs, a new version."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import text

from app.field import parts
from tests.browser.conftest import MakePhone
from tests.browser.field import PIN, SIDEWAYS, faults_of
from tests.browser.field_store import photos_in, picture, unsent_told, visits_in, wait_for
from tests.browser.stand import Stand
from tests.faulty import give_orders
from tests.hostile import ALL

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_hostile_text_is_read_letter_by_letter(phone_of: MakePhone, field_stand: Stand) -> None:
    with field_stand.owner.begin() as connection:
        before = connection.execute(text("select id, address from household")).all()
        connection.execute(text("update household set address = :payload"), {"payload": ALL})
    try:
        phone = phone_of()
        page = phone.begin()
        expect(page.locator(".row-place").first).to_contain_text(ALL)
        page.locator(".row-button").first.tap()
        expect(page.get_by_role("button", name="保存走访")).to_be_visible()
        assert page.locator("img[src=x], script:not([src])").count() == 0
        assert page.title() != "x"
    finally:
        with field_stand.owner.begin() as connection:
            for row in before:
                connection.execute(text("update household set address = :address where id = :id"), row._asdict())


def test_a_long_list_is_there_to_its_end(phone_of: MakePhone, field_stand: Stand) -> None:
    with field_stand.owner.begin() as connection:
        connection.execute(
            text("""
                insert into household (natural_key, code, head_name, geom, quality, village_id, grid_id, jur)
                select 'long:' || n, 'L' || n, '梁长' || n, h.geom, 3, h.village_id, h.grid_id, h.jur
                  from household h, generate_series(1, 70) n where h.id = :home"""),
            {"home": field_stand.town.households["H2"]},
        )
    try:
        page = phone_of().begin()
        # One screen of it comes first, the rest by itself.
        expect(page.locator(".row-button")).to_have_count(60)
        # What shows the same is not made anew, and no icon is asked for over the line.
        page.evaluate("document.querySelectorAll('.row-button').forEach((one) => { one.dataset.seen = 'yes'; })")
        page.get_by_role("button", name=re.compile("再显示")).tap()
        homes = len(set(page.locator(".row-button").evaluate_all("(all) => all.map((one) => one.dataset.household)")))
        assert homes > 70
        expect(page.locator("[data-seen]")).to_have_count(60)
        assert page.evaluate("document.querySelector('.row .icon use').getBBox().width") > 0
        asked = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
        assert [name for name in asked if "icons" in name] == []
        expect(page.get_by_role("button", name=re.compile("再显示"))).to_have_count(0)
    finally:
        with field_stand.owner.begin() as connection:
            connection.execute(text("update household set removed_at = now() where natural_key like 'long:%'"))


def test_taps_are_three_and_two_and_nobody_home_three(phone_of: MakePhone, field_stand: Stand) -> None:
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
    # The desk is told at once, and not only when the phone next tells of itself.
    wait_for(lambda: unsent_told(field_stand) == [0])


def test_without_network_and_after_a_crash_everything_is_there(
    phone_of: MakePhone, field_stand: Stand, tmp_path: Path
) -> None:
    phone = phone_of()
    page = phone.begin()
    phone.context.set_offline(True)
    page.reload()
    # The worker still has the key; no PIN is asked for.
    phone.ready()
    expect(page.locator(".row").first).to_be_visible()
    page.locator(".row-button").first.tap()
    page.locator("input[value=issue]").check(force=True)
    page.locator(".tile").first.tap()
    page.locator("textarea").first.fill("屋顶漏雨")
    page.locator(".demand input[type=file]").set_input_files(picture(tmp_path))
    expect(page.locator(".demand .thumb")).to_have_js_property("complete", True)
    shown = page.locator(".sheet-title").inner_text()
    # As the camera does on a small phone: the page dies, and comes back at the same sheet.
    page.reload()
    phone.ready()
    expect(page.locator(".sheet-title")).to_have_text(shown)
    expect(page.locator("textarea").first).to_have_value("屋顶漏雨")
    expect(page.locator(".demand .thumb")).to_have_count(1)
    page.get_by_role("button", name="保存走访").tap()
    expect(page.locator(".saved")).to_be_visible()
    phone.visit(0, "nobody")
    assert phone.unsent() == 2
    page = phone.restart()
    phone.context.set_offline(True)
    phone.open()
    # Locked: how much is unsent is said, nothing else; another PIN opens nothing.
    expect(page.locator(".gate")).to_contain_text("待上传 2")
    phone.until("document.querySelector('.gate img').naturalWidth > 0")
    phone.unlock("000000")
    expect(page.locator(".lack")).to_have_text("密码不对，请再试。")
    phone.unlock()
    phone.ready()
    assert phone.unsent() == 2
    assert visits_in(field_stand) == []
    phone.context.set_offline(False)
    phone.upload()
    assert sorted(visits_in(field_stand)) == ["done", "nobody_home"]
    with field_stand.owner.connect() as connection:
        demand = connection.execute(text("select words, solved from demand")).one()
        assert tuple(demand) == ("屋顶漏雨", False)
    assert len(photos_in(field_stand)) == 1
    assert page.evaluate(_LEFT, field_stand.accounts["inspector"]) == {"photos": 0, "drafts": 0}


def test_a_phone_that_is_killed_at_once_knows_whose_it_is(phone_of: MakePhone) -> None:
    phone = phone_of()
    phone.begin()
    phone.restart()
    phone.context.set_offline(True)
    phone.open()
    phone.unlock()
    phone.ready()


_LEFT = """(account) => new Promise((done) => {
    const asked = indexedDB.open(`fangtu-${account}`);
    asked.onsuccess = () => {
        const tx = asked.result.transaction(["photos", "drafts"]);
        const left = {};
        for (const name of ["photos", "drafts"]) {
            tx.objectStore(name).count().onsuccess = (event) => { left[name] = event.target.result; };
        }
        tx.oncomplete = () => { asked.result.close(); done(left); };
    };
})"""


@pytest.mark.parametrize("fault", ["before", "after", "middle of a photo", "after a photo"])
def test_a_server_that_dies_gets_each_visit_once(
    phone_of: MakePhone, field_stand: Stand, orders: Path, tmp_path: Path, fault: str
) -> None:
    phone = phone_of()
    page = phone.begin()
    page.locator(".row-button").first.tap()
    page.locator("input[value=well]").check(force=True)
    page.get_by_role("button", name="拍照").first.tap()
    page.locator(".panel input[type=file]").set_input_files(picture(tmp_path))
    expect(page.locator(".panel .thumb")).to_have_count(1)
    page.get_by_role("button", name="保存走访").tap()
    expect(page.locator(".saved")).to_be_visible()
    give_orders(orders, fault=fault)
    page.locator(".pill").tap()
    page.get_by_role("button", name="立即上传").tap()
    expect(page.locator(".pill")).to_have_text("已全部上传", timeout=60_000)
    assert json.loads(orders.read_text())["happened"] == fault
    assert visits_in(field_stand) == ["done"]
    assert len(photos_in(field_stand)) == 1


def test_two_tabs_send_nothing_twice(phone_of: MakePhone, field_stand: Stand) -> None:
    phone = phone_of()
    page = phone.begin()
    phone.context.set_offline(True)
    for _ in range(3):
        phone.visit()
    second = phone.context.new_page()
    second.goto("/field/#day")
    second.wait_for_selector("body[data-ready=true]")
    phone.context.set_offline(False)
    page.locator(".pill").tap()
    for tab in (page, second):
        tab.get_by_role("button", name="立即上传").click(no_wait_after=True)
    for tab in (page, second):
        expect(tab.locator(".day-first")).to_have_text("今日 3 户，服务器已全部确认。可以放心收工。")
    assert len(visits_in(field_stand)) == 3


def test_a_new_version_waits_for_an_open_form_and_a_broken_one_is_not_taken(phone_of: MakePhone, orders: Path) -> None:
    phone = phone_of()
    page = phone.begin()
    shells = "caches.keys().then((names) => names.filter((name) => name.startsWith('fangtu-shell-')).length)"
    update = "navigator.serviceWorker.getRegistration('/field/').then((found) => { found.update().catch(() => {}); })"
    give_orders(orders, version="broken", missing=parts()[1].address)
    page.evaluate(update)
    wait_for(lambda: "happened" in json.loads(orders.read_text()))
    phone.until(
        "navigator.serviceWorker.getRegistration('/field/').then((found) => !found.installing && !found.waiting)"
    )
    page.reload()
    phone.ready()
    page.locator(".row-button").first.tap()
    page.locator("input[value=nobody]").check(force=True)
    give_orders(orders, version="next")
    page.evaluate(update)
    phone.until("navigator.serviceWorker.getRegistration('/field/').then((found) => found.waiting !== null)")
    expect(page.get_by_role("button", name="立即更新")).to_have_count(0)
    expect(page.locator("input[value=nobody]")).to_be_checked()
    page.get_by_role("button", name="关闭").tap()
    expect(page.locator(".notice", has_text="有新版本")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("button", name="立即更新").tap()
    # The key was handed on to the new worker.
    phone.ready()
    expect(page.locator(".row-button").first).to_contain_text("正在填写")
    phone.until(f"{shells}.then((n) => n === 1)")


def test_a_revoked_phone_gives_up_what_it_holds_but_no_unsent_work(phone_of: MakePhone, field_stand: Stand) -> None:
    phone = phone_of()
    page = phone.begin()
    phone.upload()
    phone.page.get_by_role("button", name="走访").tap()
    phone.context.set_offline(True)
    phone.visit()
    with field_stand.owner.begin() as connection:
        connection.execute(text("update device set revoked_at = now(), wipe = true"))
    phone.context.set_offline(False)
    page.locator(".pill").tap()
    page.get_by_role("button", name="立即上传").tap()
    expect(page.locator(".notice.is-dan")).to_contain_text("本机已被停用")
    assert phone.unsent() == 1
    with page.expect_download() as exported:
        page.locator(".notice").get_by_role("button", name="导出未上传").tap()
    assert exported.value.suggested_filename.endswith(".zip")


def test_a_web_view_without_worker_works_with_the_network(phone_of: MakePhone, field_stand: Stand) -> None:
    phone = phone_of(service_workers="block", user_agent="Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0")
    page = phone.open()
    page.locator("input[name=pin]").fill(PIN)
    page.locator("input[name=again]").fill(PIN)
    page.get_by_role("button", name="设定").tap()
    phone.ready()
    expect(page.locator(".notice", has_text="请用系统浏览器打开")).to_be_visible()
    phone.visit()
    phone.upload()
    assert visits_in(field_stand) == ["done"]


def test_a_house_and_a_correction_are_marked_without_network(phone_of: MakePhone, field_stand: Stand) -> None:
    phone = phone_of()
    page = phone.begin()
    phone.context.set_offline(True)
    page.get_by_role("button", name="标房").tap()
    page.get_by_role("button", name="新房").tap()
    canvas = page.locator(".stage")
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.get_by_role("button", name="十字处加一角").tap()
        canvas.press(key)
    page.get_by_role("button", name="D级").tap()
    # Another screen and back: the draft is kept.
    page.get_by_role("button", name="今日").tap()
    page.get_by_role("button", name="标房").tap()
    expect(page.locator(".mark-panel")).to_contain_text("3 个角")
    page.get_by_role("button", name="保存标记").tap()
    page.get_by_role("button", name="信息更正").tap()
    page.locator(".mark-panel .chip").first.tap()
    page.get_by_label("人口").fill("9")
    page.get_by_role("button", name="保存标记").tap()
    expect(page.locator(".mark-panel .notice")).to_have_text("标记已保存，待主管确认。")
    phone.context.set_offline(False)
    phone.upload()
    expect(page.locator(".groups")).to_contain_text("标记 2 个，已确认 2 个")
    with field_stand.owner.connect() as connection:
        rows = connection.execute(
            text("select kind, grade, suspected, st_npoints(outline) as corners from mark order by kind")
        )
        assert [tuple(row) for row in rows] == [("correction", None, False, None), ("new_house", "D", True, 4)]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_screen_is_accessible_at_any_size(phone_of: MakePhone, language: str) -> None:
    phone = phone_of()
    page = phone.begin()
    page.evaluate("(lang) => localStorage.setItem('fangtu.lang', lang)", language)
    # English in the dark, Chinese in the light: both are seen with both kinds of text.
    page.evaluate("(dark) => localStorage.setItem('fangtu.theme', dark ? 'dark' : 'light')", language == "en")
    page.reload()
    phone.ready()
    for screen in ("map", "mark", "day", "settings", "list"):
        page.evaluate("(name) => { location.hash = name; }", screen)
        expect(page.locator(f".view[data-screen={screen}]")).to_be_visible()
        assert faults_of(page) == [], screen
        assert wide_of(page) == [], screen
        assert covered_of(page) == [], screen
    page.locator(".row-button").last.tap()
    expect(page.get_by_role("radio").first).to_be_visible()
    assert room_of(page) >= 400
    for choice in ("nobody", "other", "issue"):
        page.locator(f"input[value={choice}]").check(force=True)
        assert faults_of(page) == [], choice
    page.locator(".tile").first.tap()
    for panel in page.locator(".thirds button").all():
        panel.tap()
        assert wide_of(page) == [], panel.inner_text()
    assert faults_of(page) == []
    page.get_by_role("button", name="丢弃这次填写" if language == "zh" else "Discard this entry").tap()
    expect(page.locator(".row").first).to_be_visible()


def covered_of(page: Page) -> list[str]:
    """Which tools of a map lie outside of it, or below something else, with type of twice the size."""
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".map-tools button")].filter((one) => {
            const box = one.getBoundingClientRect();
            return !one.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
        }).map((one) => one.getAttribute("aria-label"))"""
    )
    page.evaluate("document.documentElement.style.fontSize = ''")
    return found


def room_of(page: Page) -> float:
    """Pixels that are left for an open form while it is scrolled, with type of twice the size."""
    page.evaluate("document.documentElement.style.fontSize = '200%'; scrollTo(0, 700)")
    room = page.evaluate(
        """() => document.querySelector(".sheet-foot").getBoundingClientRect().top
            - Math.max(0, document.querySelector(".bar").getBoundingClientRect().bottom)"""
    )
    page.evaluate("document.documentElement.style.fontSize = ''; scrollTo(0, 0)")
    return float(room)


def wide_of(page: Page) -> list[str]:
    """At which sizes of phone and type the page is wider than the phone."""
    found = []
    for width, height, type_ in ((320, 640, ""), (320, 640, "200%"), (390, 844, "200%")):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("(size) => { document.documentElement.style.fontSize = size; }", type_)
        if page.evaluate(SIDEWAYS) > 0:
            found.append(f"{width} px, type {type_}")
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size({"width": 390, "height": 844})
    return found


def test_a_screen_that_has_not_come_over_the_line_is_said_and_comes_on_the_next_tap(phone_of: MakePhone) -> None:
    # Without the worker, which keeps all of it: as on the first day over a failing line.
    phone = phone_of(service_workers="block")
    page = phone.page
    lost: list[str] = []

    def lose(route: Route) -> None:
        lost.append(route.request.url)
        route.abort()

    page.route("**/field/parts/rest-*.js*", lose)
    phone.open()
    page.locator("input[name=pin]").fill(PIN)
    page.locator("input[name=again]").fill(PIN)
    page.get_by_role("button", name="设定").tap()
    phone.ready()
    page.locator(".row-button").first.tap()
    expect(page.locator(".notice.is-wrn")).to_have_text("这一页还没有下载完，请连网后再点一次。")
    assert len(lost) >= 2
    expect(page.locator(".row-button").first).to_be_visible()
    page.unroute("**/field/parts/rest-*.js*")
    page.locator(".row-button").first.tap()
    expect(page.locator("input[value=well]")).to_be_attached()
    page.get_by_role("button", name="关闭").tap()
    expect(page.locator(".row-button").first).to_be_visible()
    expect(page.locator(".notice.is-wrn")).to_have_count(0)
