"""Sending a file, a whole import from the page with the background program, and the report of its batch with undo."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.tables import Batch, BatchProblem, Upload
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.stand import Stand, commit_township, served, working
from tests.browser.test_accessible import check
from tests.browser.test_language import chinese_of
from tests.browser.watch import Watch
from tests.township import TOWNSHIP

HEAD = "户编号,户主姓名,身份证号,行政村,门牌号,坐标经度,坐标维度"
LEDGER = "\n".join(
    [
        "测试镇农户台账",
        HEAD,
        "N1,褚新一,340299196001010007,测试1村,1,118.8041,36.4041",
        "N2,卫新二,,测试1村,2,118.8043,36.4043",
        "N3,蒋新三,340299196101010000,测试2村,3,118.8151,36.4042",
        "N4,沈新四,,测试2村,4,,",
        "合计,,,,,,",
    ]
)
STEP_MS = 60_000  # reading a file starts a process of its own, on a machine that may be busy


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """A township of this module's own: what is imported here would change the counts of others."""
    made = commit_township("fangtu_test_browser_imports")
    with working(made.settings, tmp_path_factory.mktemp("worker") / "worker.log"):
        yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def site(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(stand.settings, tmp_path_factory.mktemp("imports") / "web.log") as address:
        yield address


@pytest.fixture(autouse=True)
def no_uploads(stand: Stand) -> Iterator[None]:
    """An account may have a few open uploads only; each test starts with none."""
    yield
    with Session(stand.owner) as session, session.begin():
        session.execute(delete(Upload))


def choose(page: Page, name: str, content: str = LEDGER) -> None:
    page.locator("#file").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content.encode()},
    )


def households(stand: Stand) -> list[str]:
    with Session(stand.owner) as session:
        return list(session.scalars(text("select code from household where removed_at is null order by code")))


def send(page: Page, name: str = "农户.csv", content: str = LEDGER) -> None:
    """Send a file and wait until it is read."""
    choose(page, name, content)
    page.get_by_role("button", name="上传并查看").click()
    page.wait_for_url(re.compile(r"/imports/[0-9a-f-]{36}"))
    page.wait_for_selector(".columns tbody tr", timeout=STEP_MS)


def downloaded(page: Page, link: Locator) -> str:
    """Text of the file behind a link; it is made just after the import."""
    href = link.get_attribute("href")
    assert href
    until = time.monotonic() + STEP_MS / 1000
    while not page.request.get(href).ok and time.monotonic() < until:
        page.wait_for_timeout(300)
    with page.expect_download() as download:
        link.click()
    return Path(download.value.path()).read_text(encoding="utf-8-sig")


def import_it(page: Page) -> None:
    """Go through the steps to the end, with the coordinates as WGS-84."""
    page.locator("#next").click()
    page.get_by_role("radio", name=re.compile("WGS-84")).check()
    expect(page.locator("#next")).to_have_text(re.compile("试算"))
    page.locator("#next").click()
    expect(page.locator("#next")).to_have_text(re.compile("^导入"), timeout=STEP_MS)
    page.locator("#next").click()
    expect(page.locator(".next-steps")).to_be_visible(timeout=STEP_MS)


def test_a_file_is_told_of_before_it_leaves(open_page: OpenPage) -> None:
    page = open_page("/imports", "supervisor")
    expect(page.locator("[data-chosen]")).to_have_text("还没有选文件")
    expect(page.locator("[data-send]")).to_be_disabled()
    choose(page, "农户.csv", "a" * 2345)
    expect(page.locator("[data-chosen]")).to_contain_text("农户.csv")
    expect(page.locator("[data-chosen]")).to_contain_text("文本表格 · 2.3 kB")
    expect(page.locator("[data-send]")).to_be_enabled()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("扫描件.pdf", "x", "读不了。请在原来的软件里另存为 xlsx 或 csv"),
        ("空.csv", "", "是空的"),
        ("大.csv", "x" * 3000, "最多 2.0 kB"),
    ],
)
def test_a_file_that_cannot_go_in_is_not_sent(open_page: OpenPage, name: str, content: str, words: str) -> None:
    page = open_page("/account", "supervisor")

    def small(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=re.sub(r'data-most-bytes="\d+"', 'data-most-bytes="2000"', answer.text()))

    page.route("**/imports", small)
    page.goto("/imports")
    page.wait_for_selector("body[data-ready=true]")
    choose(page, name, content)
    expect(page.locator("[data-error]")).to_contain_text(words)
    expect(page.locator("[data-send]")).to_be_disabled()
    expect(page.locator("#file")).to_have_attribute("aria-invalid", "true")


def test_a_file_can_be_dropped(open_page: OpenPage) -> None:
    page = open_page("/imports", "supervisor")
    page.wait_for_selector("body[data-ready=true]")
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["a,b\\n1,2\\n"], "拖来的.csv"));
        const drop = document.querySelector("[data-drop]");
        for (const type of ["dragenter", "dragover", "drop"]) {
            drop.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
        }
    }""")
    expect(page.locator("[data-chosen]")).to_contain_text("拖来的.csv")
    expect(page.locator("[data-send]")).to_be_enabled()


def test_an_upload_can_be_stopped(open_page: OpenPage, stand: Stand) -> None:
    page = open_page("/imports", "supervisor")
    held: list[Route] = []
    page.route("**/imports", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    choose(page, "农户.csv")
    page.get_by_role("button", name="上传并查看").click()
    progress = page.locator("[data-progress]")
    expect(progress).to_be_visible()
    progress.get_by_role("button", name="取消").click()
    expect(page.locator("[data-error]")).to_contain_text("已取消上传")
    expect(page.locator("[data-chosen]")).to_contain_text("农户.csv")
    with Session(stand.owner) as session:
        assert session.query(Upload).count() == 0


def test_what_the_server_refuses_is_said_and_the_file_stays_chosen(open_page: OpenPage, watch: Watch) -> None:
    watch.expect(404)
    page = open_page("/imports", "supervisor")
    choose(page, "农户.csv")
    page.evaluate("document.getElementById('area').options[0].value = '990101002'")
    page.get_by_role("button", name="上传并查看").click()
    expect(page.locator("[data-error]")).to_be_focused()
    expect(page.locator("[data-error]")).not_to_be_empty()
    expect(page.locator("[data-chosen]")).to_contain_text("农户.csv")
    expect(page.locator("[data-send]")).to_be_enabled()


@pytest.mark.parametrize("role", ["inspector", "leader"])
def test_who_may_not_import_has_no_such_page(open_page: OpenPage, watch: Watch, role: str) -> None:
    watch.expect(403)
    page = open_page("/imports", role)
    expect(page.get_by_role("heading", level=1)).not_to_have_text("导入")
    assert "导入" not in page.locator(".top-nav").inner_text()


def test_a_whole_import_goes_in_and_can_be_taken_back(open_page: OpenPage, stand: Stand) -> None:
    before = households(stand)
    page = open_page("/imports", "supervisor")
    page.get_by_label("谁发来的").fill("镇建设办")
    send(page)
    expect(page.locator("#kind-title")).to_contain_text("农户")
    for heading, name in (("户主姓名", "head_name"), ("身份证号", "id_number"), ("坐标维度", "lat")):
        expect(page.get_by_role("combobox", name=f"“{heading}”导入为")).to_have_value(name)
    expect(page.locator("#wizard-foot")).to_contain_text("4 行 = 可导入 3 + 不导入 1")
    assert households(stand) == before
    import_it(page)
    assert sorted(set(households(stand)) - set(before)) == ["N1", "N2", "N4"]
    expect(page.locator("#outcome")).to_contain_text("读到 4 行 = 导入 3 + 退回 1")
    refused = downloaded(page, page.get_by_role("link", name="下载退回的 1 行"))
    assert "蒋新三" in refused
    assert "褚新一" not in refused
    page.get_by_role("link", name="本批报告").click()
    expect(page.locator(".answer")).to_have_text("读到 4 行 = 导入 3 + 退回 1。")
    expect(page.locator(".batch-facts")).to_contain_text("来自 镇建设办")
    expect(page.locator("#undo")).to_contain_text("移除 3 条")
    page.get_by_role("button", name="撤销本批").click()
    expect(page.locator(".finding")).to_contain_text("由 吕主管 撤销，所改的都恢复原样", timeout=STEP_MS)
    assert households(stand) == before
    expect(page.get_by_role("button", name="撤销本批")).to_have_count(0)
    page.goto("/imports")
    expect(page.locator("tr.is-undone")).to_contain_text("已撤销")
    assert "镇建设办" in page.locator("#senders option").evaluate_all("(nodes) => nodes.map((node) => node.value)")


def test_an_undo_that_something_depends_on_says_on_what(open_page: OpenPage, stand: Stand) -> None:
    before = households(stand)
    page = open_page("/imports", "supervisor")
    send(page, "first.csv")
    import_it(page)
    first = page.get_by_role("link", name="本批报告").get_attribute("href")
    assert first
    page.goto("/imports")
    send(page, "later.csv", LEDGER.replace("褚新一", "褚新改"))
    import_it(page)
    second = page.get_by_role("link", name="本批报告").get_attribute("href")
    assert second
    page.goto(first)
    page.get_by_role("button", name="撤销本批").click()
    expect(page.locator(".blockers li")).to_contain_text(["later.csv"], timeout=STEP_MS)
    assert set(households(stand)) > set(before)
    for address in (second, first):
        page.goto(address)
        page.get_by_role("button", name=re.compile("撤销")).click()
        expect(page.locator(".finding")).to_contain_text("撤销，所改的都恢复原样", timeout=STEP_MS)
    assert households(stand) == before


def test_an_import_in_english_holds_no_chinese_of_its_own(open_page: OpenPage) -> None:
    page = open_page("/imports", "supervisor", language="en")
    choose(page, "农户.csv")

    def own_words() -> list[str]:
        return [word for word in chinese_of(page) if word not in LEDGER and word not in ("农户", "镇建设办")]

    assert own_words() == []
    page.locator("[data-send]").click()
    page.wait_for_selector(".columns tbody tr", timeout=STEP_MS)
    page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    assert own_words() == []
    page.locator("#next").click()
    page.get_by_role("radio", name=re.compile("WGS-84")).check()
    expect(page.locator("#next")).to_have_text(re.compile("^Dry run as"))
    page.locator("#next").click()
    expect(page.locator("#next")).to_have_text(re.compile("^Import 3"), timeout=STEP_MS)
    assert own_words() == []


@pytest.fixture
def report(stand: Stand) -> Iterator[int]:
    """A batch with sixty refused rows of one rule and three doubts of another."""
    low, high = number_range(TOWNSHIP)
    common: dict[str, Any] = {"jur": low, "jur_end": high, "sheet": "台账"}
    with Session(stand.owner) as session, session.begin():
        batch = Batch(
            kind="households",
            file_name="大台账.xlsx",
            sha256=b"\0",
            read=100,
            accepted=40,
            refused=60,
            ignored=2,
            jur=low,
            jur_end=high,
            counts={"inserted": 38, "updated": 2},
        )
        session.add(batch)
        session.flush()
        for row in range(60):
            session.add(
                BatchProblem(
                    batch_id=batch.id,
                    row=row + 3,
                    column="身份证号",
                    found="3****************0",
                    reason_zh="号码损坏",
                    reason_en="Number damaged",
                    refused=True,
                    code="test_damaged",
                    **common,
                )
            )
        for row in range(3):
            session.add(
                BatchProblem(
                    batch_id=batch.id,
                    row=row + 80,
                    column="门牌",
                    found="21",
                    reason_zh="门牌重复",
                    reason_en="House number repeats",
                    refused=False,
                    code="test_repeats",
                    **common,
                )
            )
        key = batch.id
    yield key
    with Session(stand.owner) as session, session.begin():
        session.execute(delete(Batch).where(Batch.id == key))


def test_problems_are_filtered_by_rule_and_paged(open_page: OpenPage, report: int) -> None:
    page = open_page(f"/batches/{report}", "supervisor")
    expect(page.locator(".answer")).to_have_text("读到 100 行 = 导入 40 + 退回 60。")
    expect(page.locator(".batch-facts")).to_contain_text("命令行 导入于")
    expect(page.locator(".batch-figures")).to_contain_text("38")
    expect(page.locator(".problems-table tbody tr")).to_have_count(50)
    page.get_by_role("link", name="下一页").click()
    expect(page.locator(".problems-table tbody tr")).to_have_count(13)
    page.get_by_role("link", name=re.compile("门牌重复 3")).click()
    expect(page.locator(".problems-table tbody tr")).to_have_count(3)
    expect(page.locator(".problems-table tbody tr").first).to_contain_text("存疑")
    expect(page.locator(".rule-filter [aria-current]")).to_contain_text("门牌重复")
    page.get_by_role("link", name="全部").click()
    expect(page.locator(".problems-table tbody tr")).to_have_count(50)


def test_the_report_has_names_headings_and_contrast(open_page: OpenPage, report: int) -> None:
    page = open_page(f"/batches/{report}", "supervisor")
    page.wait_for_selector("body[data-ready=true]")
    check(page)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_report_fits_a_phone(open_page: OpenPage, report: int, language: str) -> None:
    page = open_page(f"/batches/{report}", "supervisor", viewport=PHONE, language=language)
    for width in (PHONE["width"], 320):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, width
