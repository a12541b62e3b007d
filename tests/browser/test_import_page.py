"""The import wizard: its steps, columns, coordinates, trial and end, as the server's answers make them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect
from sqlalchemy import delete
from sqlalchemy.orm import Session

from data.areas import number_range
from data.tables import Upload
from tests.browser import uploads
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.stand import Stand
from tests.browser.test_accessible import check
from tests.browser.uploads import COLUMNS, REFUSED, ROWS
from tests.browser.watch import Watch
from tests.township import TOWNSHIP

ADDRESS = f"/imports/{uploads.UPLOAD}"
ACCEPTED = f"{ROWS - REFUSED:,}"
DEBOUNCE_MS = 450
# Pixels of each colour of the design on the canvas of points.
INK = """(tokens) => {
    const style = getComputedStyle(document.documentElement);
    const wanted = tokens.map((token) => {
        const hex = style.getPropertyValue(`--${token}`).trim();
        return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    });
    const counts = tokens.map(() => 0);
    for (const canvas of document.querySelectorAll(".leaflet-fangtu-points-pane canvas")) {
        const copy = document.createElement("canvas");
        [copy.width, copy.height] = [canvas.width, canvas.height];
        const pen = copy.getContext("2d", { willReadFrequently: true });
        pen.drawImage(canvas, 0, 0);
        const { data } = pen.getImageData(0, 0, copy.width, copy.height);
        for (let i = 0; i < data.length; i += 4) {
            wanted.forEach(([r, g, b], n) => {
                if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255) counts[n] += 1;
            });
        }
    }
    return counts;
}"""


@dataclass
class Server:
    """Answers for one upload in place of the server's, and what the page asked for."""

    told: dict[str, Any]
    jobs: list[dict[str, Any]] = field(default_factory=list)
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    away: bool = False

    def answer(self, route: Route, request: Request) -> None:
        """Answer as the contract says; the page cannot tell the difference."""
        path = request.url.split("/api/v1/", 1)[1]
        if request.method != "GET":
            self.sent.append((request.method, path.rsplit("/", 1)[-1], json.loads(request.post_data or "{}")))
        if self.away:
            route.abort()
        elif path.startswith("jobs/"):
            self._step()
            route.fulfill(json=self.told["job"])
        elif request.method == "PATCH":
            body = json.loads(request.post_data or "{}")
            self.told |= {**body, "trial": None, "job": uploads.job("preview", "done")}
            route.fulfill(json=self.told)
        elif path.endswith(("/trial", "/run", "/cancel")):
            what = {"trial": "trial", "run": "import"}.get(path.rsplit("/", 1)[-1])
            self.told["job"] = (
                uploads.job(what, "waiting", step="排队中") if what else uploads.job("trial", "cancelled")
            )
            route.fulfill(json={"job": self.told["job"]})
        elif request.method == "DELETE":
            self.told["state"] = "discarded"
            route.fulfill(json={"state": "discarded"})
        else:
            route.fulfill(json=self.told)

    def _step(self) -> None:
        kind = self.told["job"]["kind"]
        self.told["job"] = {**self.told["job"], **(self.jobs.pop(0) if self.jobs else {"state": "done"})}
        if self.told["job"]["state"] != "done":
            return
        if kind == "trial":
            self.told["trial"] = uploads.report()
        if kind == "import":
            self.told |= {
                "state": "imported",
                "batch": {"id": 7, "href": "/batches/7", "read": ROWS, "accepted": ROWS - REFUSED, "refused": REFUSED},
                "refused_file": {"href": f"{ADDRESS}/refused", "expires_at": "2026-11-27T18:00:00+08:00"},
            }

    def patches(self) -> list[Any]:
        """What was sent as a change."""
        return [body for method, _, body in self.sent if method == "PATCH"]


OpenWizard = Callable[..., tuple[Page, Server]]


@pytest.fixture
def open_wizard(open_page: OpenPage, stand: Stand) -> Iterator[OpenWizard]:
    """The wizard of an upload of the supervisor, its JSON answered by a made-up :class:`Server`."""
    low, high = number_range(TOWNSHIP)
    with Session(stand.owner) as session, session.begin():
        session.add(
            Upload(
                id=uploads.UPLOAD,
                account_id=stand.accounts["supervisor"],
                jur=low,
                jur_end=high,
                file_name="危改台账（2016–2026）.xlsx",
                size_bytes=412_345,
                sha256=b"\0",
                choices={},
                state="ready",
                expires_at=datetime.now(UTC) + timedelta(days=1),
            )
        )

    def make(step: str = "", *, told: dict[str, Any] | None = None, **options: Any) -> tuple[Page, Server]:
        server = Server(told or uploads.upload())
        page = open_page("/account", "supervisor", **options)
        page.route("**/api/v1/imports/*", server.answer)
        page.route("**/api/v1/imports/*/*", server.answer)
        page.route("**/api/v1/jobs/*", server.answer)
        page.goto(ADDRESS + step)
        page.wait_for_selector("body[data-ready=true]")
        return page, server

    yield make
    with Session(stand.owner) as session, session.begin():
        session.execute(delete(Upload))


def column(page: Page, heading: str) -> Any:
    return page.get_by_role("combobox", name=f"“{heading}”导入为")


def row_of(page: Page, heading: str) -> Any:
    return page.locator(".columns tbody tr", has=page.get_by_text(heading, exact=True))


def step_words(page: Page) -> list[str]:
    return [" ".join(words.split()) for words in page.locator("#steps .step-word").all_inner_texts()]


def settled(page: Page) -> None:
    """Long enough for a choice to be sent."""
    page.wait_for_timeout(DEBOUNCE_MS + 400)


def test_every_step_is_in_sight_and_nothing_is_written_yet(open_wizard: OpenWizard) -> None:
    page, server = open_wizard()
    assert step_words(page) == ["上传", "核对列", "检查坐标", "试算", "导入"]
    expect(page.locator("#steps [aria-current=step]")).to_contain_text("核对列")
    expect(page.locator("#wizard-foot")).to_contain_text("尚未写入任何数据")
    expect(page.locator("#wizard-foot")).to_contain_text(f"{ROWS:,} 行 = 可导入 {ACCEPTED} + 不导入 {REFUSED}")
    assert server.sent == []


def test_each_column_stands_with_field_match_and_masked_sample(open_wizard: OpenWizard) -> None:
    page, _ = open_wizard()
    expect(page.locator(".columns tbody tr")).to_have_count(len(COLUMNS))
    words = {"exact": "吻合", "likely": "请核对", "remembered": "沿用", "left_out": "略去"}
    for heading, name, how, sample, why in COLUMNS:
        expect(column(page, heading)).to_have_value(name or "-")
        row = row_of(page, heading)
        expect(row.locator(".tag")).to_have_text(words[how])
        expect(row.locator(".column-sample")).to_have_text(sample)
        if why:
            expect(row).to_contain_text(why)
    expect(page.locator("#columns .card-head")).to_contain_text("认出 9 列，略去 1 列")
    expect(page.locator("#columns .card-head")).to_contain_text("沿用“镇建设办”上次的对应")


def test_choices_made_in_a_row_are_sent_once_and_the_focus_stays(open_wizard: OpenWizard) -> None:
    page, server = open_wizard()
    column(page, "门牌").focus()
    for name in ("remark", "code", "-"):
        column(page, "门牌").select_option(name)
    expect(page.locator("#checks-busy")).to_be_visible()
    settled(page)
    assert [body["choices"]["mapping"] for body in server.patches()] == [{"门牌": "-"}]
    assert set(server.patches()[0]["choices"]) == {
        *("sheet", "crs", "swapped", "mapping", "campaign", "round", "level", "source", "snap"),
    }
    expect(column(page, "门牌")).to_be_focused()
    expect(page.locator("#checks-busy")).to_be_hidden()


def test_two_columns_for_one_field_are_told_beside_the_choice(open_wizard: OpenWizard) -> None:
    page, _ = open_wizard()
    column(page, "补助（万）").select_option("head_name")
    row = row_of(page, "补助（万）")
    expect(row).to_contain_text("“户主姓名”也选了这一项")
    expect(column(page, "补助（万）")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#next")).to_be_disabled()
    column(page, "补助（万）").select_option("subsidy_yuan")
    expect(row).not_to_contain_text("也选了这一项")
    expect(page.locator("#next")).to_be_enabled()


def test_a_required_column_that_is_missing_is_named(open_wizard: OpenWizard) -> None:
    page, _ = open_wizard()
    column(page, "户主姓名").select_option("-")
    expect(page.locator("#missing")).to_have_text(re.compile("缺少必填列：户主。"))
    expect(page.locator("#next")).to_be_disabled()


def test_a_likely_column_can_be_confirmed(open_wizard: OpenWizard) -> None:
    page, server = open_wizard()
    page.get_by_role("button", name="“自然庄”是“自然村”").click()
    expect(row_of(page, "自然庄").locator(".tag")).to_have_text("已选定")
    expect(column(page, "自然庄")).to_be_focused()
    settled(page)
    assert server.patches()[-1]["choices"]["mapping"] == {"自然庄": "natural_village"}


def test_a_doubtful_column_is_proposed_and_not_taken(open_wizard: OpenWizard) -> None:
    told = uploads.upload()
    told["preview"]["columns"][3] |= {"confidence": 0.5}
    page, _ = open_wizard(told=told)
    expect(column(page, "自然庄")).to_have_value("-")
    expect(row_of(page, "自然庄").locator(".tag")).to_have_text("请核对")
    page.get_by_role("button", name="“自然庄”是“自然村”").click()
    expect(column(page, "自然庄")).to_have_value("natural_village")


def test_a_sheet_can_be_chosen_where_there_are_several(open_wizard: OpenWizard) -> None:
    told = uploads.upload()
    told["preview"]["sheets"].append({**told["preview"]["sheets"][0], "name": "旧台账", "rows": 9})
    told["preview"]["columns"].append({**told["preview"]["columns"][0], "sheet": "旧台账", "heading": "姓名"})
    page, server = open_wizard(told=told)
    expect(page.locator(".column-sheet")).to_have_text(["工作表：台账", "工作表：旧台账"])
    page.get_by_label("工作表").select_option("旧台账")
    expect(page.locator(".columns tbody tr")).to_have_count(1)
    settled(page)
    assert server.patches()[-1]["choices"]["sheet"] == "旧台账"


def test_rows_that_are_no_data_are_counted_and_listed(open_wizard: OpenWizard) -> None:
    page, _ = open_wizard()
    notes = page.locator(".sheet-notes")
    expect(notes.locator("summary")).to_have_text("表头在第 3 行，1,284 行数据，另有 3 行不是数据")
    notes.locator("summary").click()
    expect(notes.locator("li")).to_have_text(
        ["第 40 行：隐藏的行，也读入", "第 1 行：标题", "第 2 行：填报单位", "第 1288 行：合计"]
    )


def test_the_checks_add_up_and_name_their_rows(open_wizard: OpenWizard) -> None:
    page, _ = open_wizard()
    checks = page.locator("#checks-body")
    expect(checks).to_contain_text(f"{ACCEPTED} 行")
    expect(checks.locator(".reasons li")).to_have_count(4)
    expect(checks).to_contain_text("门牌重复")
    expect(checks).to_contain_text("第 8、19、44、51、90 行等")
    expect(checks).to_contain_text("身份证号末三位为 000，已被表格软件损坏")


def test_the_better_reading_is_preselected_and_drawn_as_dots(open_wizard: OpenWizard) -> None:
    page, server = open_wizard("#coordinates")
    expect(page.locator("#finding")).to_contain_text("整体偏东约 560 米")
    expect(page.get_by_role("radio", name=re.compile("GCJ-02"))).to_be_checked()
    expect(page.locator("#readings")).to_contain_text("98.6% 落在村庄内（1,195 / 1,212 点），距村中心中位数 140 米")
    expect(page.locator("#next")).to_have_text("按 GCJ-02 试算")
    page.wait_for_timeout(600)
    dots, crosses, ink = page.evaluate(INK, ["st-visited", "vio-solid", "map-label"])
    assert dots > 1000, "no dots"
    assert crosses > 300, "no crosses"
    assert ink > 100, "neither names nor the arrow"
    assert server.sent == []


def test_choosing_the_other_reading_turns_the_signs_round_and_is_sent(open_wizard: OpenWizard) -> None:
    page, server = open_wizard("#coordinates")
    page.wait_for_timeout(600)
    places = page.evaluate("() => window.fangtu.page.picture.sets.map((set) => [set.name, set.sign])")
    assert dict(places) == {"gcj02": "dot", "wgs84": "cross"}
    page.get_by_role("radio", name=re.compile("WGS-84")).check()
    places = page.evaluate("() => window.fangtu.page.picture.sets.map((set) => [set.name, set.sign])")
    assert dict(places) == {"gcj02": "cross", "wgs84": "dot"}
    expect(page.locator("#next")).to_have_text("按 WGS-84 / CGCS2000 试算")
    expect(page.locator("#finding")).to_have_class(re.compile("finding-dan"))
    settled(page)
    assert (server.patches()[-1]["choices"]["crs"], server.patches()[-1]["choices"]["swapped"]) == ("wgs84", False)
    expect(page.get_by_role("radio", name=re.compile("WGS-84"))).to_be_focused()


def test_the_readings_can_be_chosen_by_keyboard(open_wizard: OpenWizard) -> None:
    page, _ = open_wizard("#coordinates")
    page.get_by_role("radio", name=re.compile("GCJ-02")).focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name=re.compile("WGS-84"))).to_be_checked()


def test_an_open_question_must_be_settled_by_a_person(open_wizard: OpenWizard) -> None:
    told = uploads.upload()
    told["preview"]["coordinates"] |= {
        "certain": False,
        "alarm": False,
        "declared": None,
        "sentence": "点太少，分不清。",
    }
    page, _ = open_wizard("#coordinates", told=told)
    expect(page.locator("#choose-first")).to_be_visible()
    expect(page.locator("#next")).to_be_disabled()
    assert page.get_by_role("radio", checked=True).count() == 0
    expect(page.locator("#readings")).not_to_contain_text("最吻合")
    page.get_by_role("radio", name=re.compile("WGS-84")).check()
    expect(page.locator("#next")).to_be_enabled()


def test_a_file_without_coordinates_passes_the_third_step(open_wizard: OpenWizard) -> None:
    told = uploads.upload()
    told["preview"]["coordinates"] = None
    page, _ = open_wizard(told=told)
    expect(page.locator("#no-coordinates")).to_be_visible()
    expect(page.locator("#next")).to_have_text("试算")
    expect(page.locator(".step.is-skipped")).to_contain_text("没有坐标，略过")
    page.locator("#next").click()
    expect(page.locator("#outcome")).to_contain_text("试算结果")


def test_a_file_of_an_unknown_kind_asks_for_it(open_wizard: OpenWizard) -> None:
    told = uploads.upload(kind=None)
    told["preview"] |= {"summary": None, "columns": [], "fields": [], "coordinates": None}
    page, server = open_wizard(told=told)
    expect(page.locator("#missing")).to_contain_text("看不出这是哪种文件")
    expect(page.locator("#next")).to_be_disabled()
    page.get_by_label("文件种类").select_option("households")
    settled(page)
    assert server.patches() == [{"kind": "households"}]


def test_a_trial_tries_what_is_shown_with_its_progress(open_wizard: OpenWizard) -> None:
    page, server = open_wizard("#coordinates")
    server.jobs = [{"state": "running", "step": "核对每一行", "done": 640, "total": 1284}] * 3
    page.locator("#next").click()
    progress = page.locator("#progress")
    expect(progress).to_contain_text("正在试算：核对每一行")
    expect(progress).to_contain_text("640 / 1,284")
    expect(progress.get_by_role("progressbar")).to_have_attribute("value", "640")
    expect(page.locator("#say")).to_have_text("正在试算：核对每一行")
    expect(page.locator("#next")).to_be_hidden()
    expect(page.locator("#outcome")).to_contain_text("试算结果")
    expect(page.locator("#outcome")).to_contain_text("库里没有变化")
    expect(page.locator("#next")).to_have_text(f"导入 {ACCEPTED} 户")
    assert server.patches()[0]["choices"]["crs"] == "gcj02"
    assert [what for method, what, _ in server.sent if method == "POST"] == ["trial"]


def test_a_trial_can_be_stopped(open_wizard: OpenWizard) -> None:
    page, server = open_wizard("#coordinates")
    server.jobs = [{"state": "running"}] * 60
    page.locator("#next").click()
    page.locator("#progress").get_by_role("button", name="取消").click()
    expect(page.locator("#progress")).to_be_hidden()
    expect(page.locator("#next")).to_have_text("按 GCJ-02 试算")
    assert ("POST", "cancel", {}) in server.sent


def test_the_import_ends_with_report_refused_rows_and_what_is_left(open_wizard: OpenWizard) -> None:
    page, server = open_wizard(told=uploads.upload(trial=uploads.report()))
    expect(page.locator("#steps [aria-current=step]")).to_contain_text("试算")
    page.locator("#next").click()
    expect(page.get_by_role("heading", name=f"已导入 {ACCEPTED} 户")).to_be_focused()
    ends = page.locator(".next-steps a")
    expect(ends).to_have_text(
        [
            re.compile("本批报告"),
            re.compile(f"下载退回的 {REFUSED} 行"),
            re.compile("72 户待定位"),
            "在地图看",
            "再导入一个文件",
        ]
    )
    expect(ends.first).to_have_attribute("href", "/batches/7")
    expect(page.locator("#outcome")).to_contain_text(f"读到 {ROWS:,} 行 = 导入 {ACCEPTED} + 退回 {REFUSED}")
    expect(page.locator("#wizard-foot")).to_be_hidden()
    assert [what for _, what, _ in server.sent] == ["run"]


def test_another_choice_makes_a_trial_stale(open_wizard: OpenWizard) -> None:
    page, _ = open_wizard(told=uploads.upload(trial=uploads.report()))
    page.locator("#steps").get_by_role("button", name=re.compile("核对列")).click()
    column(page, "门牌").select_option("-")
    settled(page)
    expect(page.locator("#steps").get_by_role("button", name=re.compile("试算"))).to_have_count(0)
    page.locator("#next").click()
    expect(page.locator("#next")).to_have_text("按 GCJ-02 试算")


def test_a_job_that_failed_says_why(open_wizard: OpenWizard) -> None:
    page, server = open_wizard("#coordinates")
    server.jobs = [{"state": "failed", "error": {"code": "took_too_long", "message": "超过 30 分钟，已停止。"}}]
    page.locator("#next").click()
    expect(page.get_by_role("alert")).to_contain_text("超过 30 分钟，已停止。")
    expect(page.locator("#next")).to_have_text("按 GCJ-02 试算")


def test_the_page_goes_on_by_itself_when_the_network_is_back(open_wizard: OpenWizard, watch: Watch) -> None:
    page, server = open_wizard("#coordinates")
    server.jobs = [{"state": "running"}] * 2
    page.locator("#next").click()
    expect(page.locator("#progress")).to_be_visible()
    server.away = True
    expect(page.locator("#progress")).to_contain_text("无网络。服务器上的工作不受影响")
    server.away = False
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#outcome")).to_contain_text("试算结果")
    watch.failed.clear()
    watch.console.clear()


def test_a_choice_that_could_not_be_sent_is_kept_and_sent_again(open_wizard: OpenWizard, watch: Watch) -> None:
    page, server = open_wizard()
    server.away = True
    column(page, "门牌").select_option("remark")
    expect(page.get_by_role("alert")).to_contain_text("服务器无回应")
    server.away = False
    page.get_by_role("button", name="重试").click()
    expect(page.locator("#trouble")).to_be_hidden()
    expect(column(page, "门牌")).to_have_value("remark")
    assert server.patches()[-1]["choices"]["mapping"] == {"门牌": "remark"}
    watch.failed.clear()
    watch.console.clear()


@pytest.mark.parametrize(("state", "words"), [("expired", "已过期"), ("discarded", "已删除")])
def test_an_upload_that_is_gone_says_so(open_wizard: OpenWizard, state: str, words: str) -> None:
    page, _ = open_wizard(told=uploads.upload(state=state, preview=None))
    expect(page.get_by_role("heading", name=words)).to_be_visible()
    expect(page.locator("#outcome")).to_contain_text("库里没有写入任何数据")
    expect(page.get_by_role("link", name="重新上传")).to_have_attribute("href", "/imports")
    expect(page.locator("#wizard-foot")).to_be_hidden()


def test_back_and_the_address_keep_the_step(open_wizard: OpenWizard) -> None:
    page, _ = open_wizard()
    page.locator("#next").click()
    assert page.url.endswith("#coordinates")
    expect(page.locator("#coordinates-title")).to_be_focused()
    page.go_back()
    expect(page.locator("#steps [aria-current=step]")).to_contain_text("核对列")
    page.go_forward()
    page.reload()
    expect(page.locator("#steps [aria-current=step]")).to_contain_text("检查坐标")
    page.get_by_role("button", name="上一步").click()
    expect(page.locator("#steps [aria-current=step]")).to_contain_text("核对列")


def test_leaving_asks_whether_the_file_is_kept(open_wizard: OpenWizard) -> None:
    page, server = open_wizard()
    page.get_by_role("button", name="取消").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("24 小时内可以接着做")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="取消")).to_be_focused()
    assert server.sent == []
    page.get_by_role("button", name="取消").click()
    dialog.get_by_role("button", name="删除文件").click()
    page.wait_for_url("**/imports")
    assert [method for method, _, _ in server.sent] == ["DELETE"]


def test_text_of_the_file_stays_text(open_wizard: OpenWizard) -> None:
    told = uploads.upload()
    hostile = "<img src=x onerror=\"document.title='x'\">"
    told["preview"]["columns"][0] |= {"heading": hostile, "sample": hostile, "why": hostile}
    told["preview"]["sheets"][0] |= {"name": hostile, "notes": [{"row": 1, "text": hostile}]}
    told["preview"]["summary"]["groups"][0]["reason"] = hostile
    page, _ = open_wizard(told=told)
    expect(row_of(page, hostile).first).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "x"


@pytest.mark.parametrize("step", ["#columns", "#coordinates", "#trial"])
def test_each_step_has_names_headings_and_contrast(open_wizard: OpenWizard, step: str) -> None:
    page, _ = open_wizard(step, told=uploads.upload(trial=uploads.report()))
    page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = one.id !== ''; })")
    check(page)
    if step == "#columns":
        column(page, "门牌").select_option("head_name")
        check(page)
        page.get_by_role("button", name="取消").click()
        check(page)
    if step == "#trial":
        page.locator("#next").click()
        expect(page.locator(".next-steps")).to_be_visible()
        check(page)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone_the_wizard_fits_and_its_main_button_is_in_reach(open_wizard: OpenWizard, language: str) -> None:
    page, _ = open_wizard("#coordinates", viewport=PHONE, has_touch=True, language=language)
    expect(page.locator("#next")).to_be_in_viewport()
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, width
    box = page.locator("#map-frame").bounding_box()
    assert box is not None
    assert box["height"] == 300
    select = page.locator(".column-field").first.bounding_box()
    assert select is not None
    assert select["height"] >= 44
