"""What a phone keeps and what it gives up: room on a full disk, offline packs, companions, and the way out."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.pack_making import make_packs
from tests.browser.conftest import MakePhone
from tests.browser.field import PIN, Phone, faults_of
from tests.browser.field_store import forget_field, visits_in
from tests.browser.stand import Stand
from tests.township import VILLAGES

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
DISK_MB = 160
HELD = """Promise.all([caches.keys(), indexedDB.databases()]).then(([names, stores]) => [
    ...names.filter((name) => !name.includes("shell")), ...stores.map((one) => one.name)].sort())"""
# The tile in which the village lies, as the map asks for it.
TILE = (
    "import('/static/js/field/packs.js').then((m) => m.packTile(15, 27197, 12821)).then((bytes) => bytes?.byteLength)"
)


@pytest.fixture(scope="module", autouse=True)
def packs(field_stand: Stand) -> None:
    """The offline map of the inspector's village."""
    with Session(field_stand.owner) as session, session.begin():
        make_packs(session, field_stand.settings, field_stand.town.areas[VILLAGES[0]])


def settings(phone: Phone) -> None:
    """Open the settings."""
    phone.page.evaluate("() => { location.hash = 'settings'; }")
    expect(phone.page.get_by_role("heading", name="离线包")).to_be_visible()


def test_companions_are_offered_again_after_a_restart(phone_of: MakePhone) -> None:
    phone = phone_of()
    page = phone.begin()
    page.locator(".row-button").first.tap()
    page.locator("input[value=well]").check(force=True)
    page.get_by_role("button", name="陪同").tap()
    page.get_by_label("陪同人姓名").fill("邵玉梅")
    page.get_by_role("button", name="添加").tap()
    expect(page.locator(".names")).to_contain_text("邵玉梅")
    page.get_by_role("button", name="保存走访").tap()
    expect(page.locator(".saved")).to_be_visible()
    page.reload()
    phone.ready()
    page.locator(".row-button").first.tap()
    page.get_by_role("button", name="陪同").tap()
    page.locator(".panel .chip", has_text="邵玉梅").tap()
    expect(page.locator(".names")).to_contain_text("邵玉梅")


def test_a_pack_goes_on_where_it_broke_off_and_ballast_is_laid(phone_of: MakePhone) -> None:
    phone = phone_of()
    page = phone.begin()
    asked: list[str] = []

    def serve(route: Route) -> None:
        asked.append(route.request.headers["range"])
        if len(asked) == 2:
            route.abort()
        else:
            route.continue_()

    # In parts so small that even the pack of a made-up village has several.
    page.route(
        "**/field/parts/rest-*.js",
        lambda route: route.fulfill(
            response=(answer := route.fetch()), body=answer.text().replace("256 * 1024", "1024")
        ),
    )
    page.route("**/*.pmtiles", serve)
    _without_worker(phone)
    settings(phone)
    expect(page.locator(".block", has_text="离线包")).to_contain_text("1 个村，共")
    page.get_by_role("button", name="下载离线包").tap()
    expect(page.locator(".lack")).to_have_text("下载中断，已下载的部分会保留，可继续。")
    assert asked == ["bytes=0-1023", "bytes=1024-2047"]
    # What is here already is said, also after the page has been left.
    expect(page.locator(".block", has_text="离线包")).to_contain_text("已下载 1 KB，还差 ")
    page.get_by_role("button", name="继续下载").tap()
    expect(page.locator(".block", has_text="离线包")).to_contain_text("离线地图已下载。")
    assert asked[2] == "bytes=1024-2047"
    assert len(asked) == len(set(asked)) + 1
    assert "fangtu-ballast" in page.evaluate(HELD)
    ballast = "caches.match('/field/ballast').then((found) => found.blob()).then((blob) => blob.size)"
    assert page.evaluate(ballast) == 20 * 2**20
    page.evaluate(TILE)  # the module is the server's own; what it reads lies on the phone
    phone.context.set_offline(True)
    assert page.evaluate(TILE) > 0


def _without_worker(phone: Phone) -> None:
    """Load the app past its worker, so that the test can see what is asked for."""
    phone.page.evaluate("navigator.serviceWorker.getRegistration('/field/').then((found) => found.unregister())")
    phone.page.goto("about:blank")
    phone.open()
    phone.unlock()
    phone.ready()


def test_who_leaves_takes_everything_along_but_never_unsent_work(phone_of: MakePhone, field_stand: Stand) -> None:
    # The session ends with it, which the other tests still need.
    phone = phone_of("supervisor")
    page = phone.begin()
    phone.context.set_offline(True)
    phone.visit()
    settings(phone)
    expect(page.get_by_role("button", name="清除本机数据并退出")).to_have_count(0)
    expect(page.locator(".block", has_text="账号")).to_contain_text("还有 1 条未上传")
    phone.context.set_offline(False)
    phone.upload()
    settings(phone)
    page.get_by_role("button", name="清除本机数据并退出").tap()
    page.wait_for_url("**/sign-in**")
    assert [name for name in page.evaluate(HELD) if "ballast" not in name] == []
    assert visits_in(field_stand) == ["done"]
    # Nobody is signed in any more; the session of the account on other phones is another.
    assert [cookie for cookie in phone.context.cookies() if cookie["name"] == "fangtu_session"] == []


def test_a_revoked_phone_with_nothing_unsent_is_wiped(phone_of: MakePhone, field_stand: Stand) -> None:
    phone = phone_of()
    page = phone.begin()
    phone.visit()
    phone.upload()
    with field_stand.owner.begin() as connection:
        connection.execute(text("update device set revoked_at = now(), wipe = true"))
    page.get_by_role("button", name="立即上传").tap()
    expect(page.locator(".gate")).to_contain_text("本机数据已清除")
    assert [name for name in page.evaluate(HELD) if "ballast" not in name] == []


def test_the_way_out_of_a_chat_app(phone_of: MakePhone) -> None:
    phone = phone_of(service_workers="block", user_agent="Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0")
    page = phone.open()
    # Before anything is typed in a place that will be forgotten.
    expect(page.get_by_label("本页地址", exact=True)).to_have_value(f"{phone.site}/field/")
    page.get_by_text("显示二维码").tap()
    expect(page.get_by_role("img", name="本页地址的二维码")).to_be_visible()
    phone.until("document.querySelector('img.code').naturalWidth > 0")
    assert faults_of(page) == []
    page.get_by_role("button", name="复制地址").tap()
    expect(page.locator(".elsewhere")).to_contain_text("已复制。")
    page.locator("input[name=pin]").fill(PIN)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own that can be filled up."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may make a disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Fill a disk to its last byte; the file that does."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(65536))
    return filler


def all_uploaded(phone: Phone, stand: Stand, visits: int) -> None:
    """With room and a network again every visit arrives."""
    assert phone.unsent() == visits
    phone.context.set_offline(False)
    phone.upload()
    expect(phone.page.locator(".day-first")).to_have_text(f"今日 {visits} 户，服务器已全部确认。可以放心收工。")
    assert visits_in(stand) == ["done"] * visits


def download(phone: Phone) -> None:
    """Fetch the offline map, and lay the ballast."""
    settings(phone)
    phone.page.get_by_role("button", name="下载离线包").tap()
    expect(phone.page.locator(".block", has_text="离线包")).to_contain_text("离线地图已下载。")
    phone.page.get_by_role("button", name="走访", exact=True).tap()


_REFUSE = """() => {
    window.room = Infinity;
    for (const name of ["put", "add"]) {
        const real = IDBObjectStore.prototype[name];
        IDBObjectStore.prototype[name] = function (...words) {
            if (window.room <= 0) throw new DOMException("", "QuotaExceededError");
            return real.apply(this, words);
        };
    }
    const drop = caches.delete.bind(caches);
    caches.delete = (name) => { if (name === "fangtu-ballast") window.room += window.ballast; return drop(name); };
}"""


def test_room_is_made_on_a_full_phone_and_at_last_another_place_is_found(
    phone_of: MakePhone, field_stand: Stand
) -> None:
    phone = phone_of()
    page = phone.begin()
    download(phone)
    phone.context.set_offline(True)
    page.evaluate(_REFUSE)
    page.evaluate("() => { window.room = 0; window.ballast = Infinity; }")
    phone.visit()
    held = page.evaluate(HELD)
    assert "fangtu-ballast" not in held
    assert "fangtu-map-1" in held
    page.evaluate("() => { window.room = 0; window.ballast = 0; }")
    page.locator(".row-button").first.tap()
    page.locator("input[value=well]").check(force=True)
    expect(page.locator(".notice.is-dan")).to_contain_text("手机存储已满")
    page.get_by_role("button", name="保存走访").tap()
    expect(page.locator(".saved")).to_be_visible()
    expect(page.locator(".saved")).to_contain_text("已暂存")
    expect(page.locator(".notice", has_text="没有保存")).to_have_count(0)
    expect(page.locator(".notice", has_text="只是暂存")).to_be_visible()
    # Nothing was left to make room with: it went to the last place, and counts as unsent there.
    assert "fangtu-map-1" not in page.evaluate(HELD)
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('fangtu.rescue.')).length") == 1
    page.evaluate("() => { window.room = Infinity; }")
    all_uploaded(phone, field_stand, 2)


def test_a_browser_that_deletes_everything_under_the_page_loses_no_visit(
    browser: Browser, field_stand: Stand, field_site: str, small_disk: Path
) -> None:
    forget_field(field_stand)
    phone = Phone(browser, small_disk / "profile", field_site, field_stand.tokens["inspector"])
    phone.begin()
    download(phone)
    phone.context.set_offline(True)
    phone.visit()
    filler = fill(small_disk)
    # Chromium clears a site of which it has not promised to keep anything, rather than refuse the write.
    phone.visit()
    assert "fangtu-map-1" not in phone.page.evaluate(HELD)
    expect(phone.page.locator(".notice", has_text="浏览器清除了本机数据")).to_be_visible()
    filler.unlink()
    all_uploaded(phone, field_stand, 2)
    phone.close()
