"""The desk of field work: what a phone hands in shows on an open page, and is settled and taken back there."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import FilePayload, Page, expect
from sqlalchemy import text

from tests.browser.conftest import PHONE
from tests.browser.look import MapPage
from tests.browser.stand import Stand

OpenPage = Callable[..., Page]


@pytest.fixture(autouse=True)
def no_mark_left(stand: Stand) -> Iterator[None]:
    yield
    with stand.owner.begin() as connection:
        connection.execute(text("delete from mark"))
        connection.execute(text("delete from sync_reject"))


def hand_in(site: str, stand: Stand, **told: object) -> None:
    """A mark as the phone of the inspector sends it."""
    body = {"schema": 1, "at": "2026-05-06T12:00:00+08:00", **told}
    request = Request(
        f"{site}/api/v1/marks/{uuid.uuid4()}",
        data=json.dumps(body).encode(),
        method="PUT",
        headers={
            "X-Fangtu-Device": str(uuid.uuid4()),
            "Authorization": f"Bearer {stand.tokens['inspector']}",
            "Content-Type": "application/json",
        },
    )
    with urlopen(request) as answer:
        assert answer.status == 201


def test_a_mark_shows_on_an_open_page_and_is_settled_there(open_page: OpenPage, site: str, stand: Stand) -> None:
    page = open_page("/field-work", "supervisor")
    page.wait_for_selector("body[data-ready=true]")
    expect(page.locator("#arrivals-live")).to_have_text("实时")
    expect(page.locator("#answer")).to_contain_text("0 条标注待处理")
    hand_in(site, stand, kind="waste", lon=118.8045, lat=36.4061, accuracy_m=6, remark="<b>沟边</b>")
    expect(page.locator("#arrivals li")).to_contain_text("垃圾")
    expect(page.locator("#arrivals li.is-new")).to_have_count(1)
    expect(page.locator("#answer")).to_contain_text("1 条标注待处理")
    page.reload()
    mark = page.get_by_role("article")
    expect(mark).to_contain_text("<b>沟边</b>")
    mark.get_by_role("button", name="列入整治").click()
    expect(page.get_by_role("status").first).to_contain_text("已采纳")
    expect(page.get_by_role("article")).to_have_count(0)
    page.goto("/field-work?state=accepted")
    page.get_by_role("button", name="撤销").click()
    expect(page.get_by_role("status").first).to_contain_text("标注回到待处理")


def test_a_mark_shows_on_an_open_map_and_can_be_switched_by_kind(
    open_map: Callable[..., MapPage], site: str, stand: Stand
) -> None:
    seen = open_map("leader", "/map?theme=houses#map=17/36.4061/118.8045&layers=marks")
    page = seen.page
    page.wait_for_function("() => window.fangtu.page.live.mode === 'on'")
    of_marks = page.locator("#layers label", has=page.locator('[data-layer="marks"]'))
    expect(of_marks).to_contain_text("0")
    hand_in(site, stand, kind="waste", lon=118.8045, lat=36.4061, accuracy_m=6, remark="<b>沟边</b>")
    expect(of_marks).to_contain_text("1")
    expect(page.locator("#layers label", has=page.locator('[data-layer="mk_waste"]'))).to_contain_text("1")
    seen.drawn()
    seen.click(118.8045, 36.4061)
    expect(seen.popup.get_by_role("heading")).to_have_text("垃圾")
    words = seen.popup_text()
    assert "<b>沟边</b>" in words
    assert "待主管确认" in words
    assert "sel=mark%3A" in page.url
    with stand.owner.begin() as connection:
        connection.execute(text("update mark set remark = '沟边，已有人看过' where kind = 'waste'"))
    expect(seen.popup).to_contain_text("沟边，已有人看过")
    with stand.owner.begin() as connection:
        connection.execute(text("update mark set remark = '<b>沟边</b>' where kind = 'waste'"))
    expect(seen.popup).to_contain_text("<b>沟边</b>")
    seen.popup.get_by_role("link", name="在列表中查看").click()
    expect(page.get_by_role("article")).to_contain_text("<b>沟边</b>")
    expect(page.get_by_role("button", name="列入整治")).to_have_count(0)  # a leader reads
    page.go_back()
    seen.drawn()
    page.locator('[data-layer="mk_waste"]').uncheck()
    page.keyboard.press("Escape")
    seen.drawn()
    seen.click(118.8045, 36.4061)
    expect(seen.popup.get_by_role("heading")).to_have_text("测试1村")


def test_an_exported_archive_is_uploaded_and_each_refusal_named(open_page: OpenPage, stand: Stand) -> None:
    keys = [str(uuid.uuid4()), str(uuid.uuid4())]
    told = {"schema": 1, "at": "2026-05-06T12:00:00+08:00", "kind": "waste", "lon": 118.8045, "lat": 36.4061}
    listed = {
        "schema": 1,
        "device": str(uuid.uuid4()),
        "account": stand.accounts["inspector"],
        "made_at": "2026-05-07T12:00:00+08:00",
        "items": [{"kind": "mark", "id": key, "file": f"{key}.json"} for key in keys],
        "photos": [],
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("outbox.json", json.dumps(listed))
        archive.writestr(f"{keys[0]}.json", json.dumps(told))
        archive.writestr(f"{keys[1]}.json", json.dumps(told | {"kind": "castle"}))
    page = open_page("/field-phones", "supervisor")
    # The browser hands choosers over only once it was told to, and a key pressed at once can overtake
    # the telling: a listener from the start leaves nothing to overtake.
    page.on("filechooser", lambda _: None)
    page.wait_for_selector("body[data-ready=true]")
    file: FilePayload = {"name": "outbox.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}
    chosen = page.locator("#outbox-file-name")
    expect(chosen).to_have_text("还没有选文件")  # in the page's words, whatever the browser speaks
    page.get_by_role("button", name="上传", exact=True).click()
    expect(page.locator("#outbox-result")).to_have_text("请先选择 ZIP 文件。")
    expect(page.get_by_label("ZIP 文件")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(file)
    expect(chosen).to_have_text("outbox.zip")
    page.get_by_role("button", name="上传", exact=True).click()
    expect(page.locator("#outbox-result")).to_contain_text("新收下 1 条，此前已收下 0 条，缺照片 0 条，没有收下 1 条")
    expect(page.locator("#outbox-result")).to_contain_text(f"{keys[1]} 没有收下：kind")
    page.reload()
    refused = page.get_by_role("row").filter(has_text="没有收下：kind")
    refused.get_by_role("button", name="标记为已处理").click()
    expect(page.get_by_role("status").first).to_contain_text("已标记为处理完毕")


def test_a_conflict_is_settled_on_a_phone_field_by_field(open_page: OpenPage, site: str, stand: Stand) -> None:
    home = stand.town.households["H1"]  # at 测试路一号
    changes = {"address": {"base": "旧址", "value": "新址"}, "key_groups": {"base": ["lone_elder"], "value": []}}
    hand_in(site, stand, kind="correction", household_id=home, changes=changes)
    page = open_page("/field-work", "supervisor", viewport=PHONE)
    mark = page.get_by_role("article")
    for value in ("旧址", "测试路一号", "新址"):
        expect(mark).to_contain_text(value)
    choice = mark.get_by_label("地址")
    expect(choice).to_have_value("refuse")  # somebody has changed it since: the present value stays unless chosen
    mark.get_by_label("重点群体").select_option("later")
    mark.get_by_label("理由").fill("已电话核实")
    mark.get_by_role("button", name="保存选择").click()
    expect(page.get_by_role("status").first).to_contain_text("其余各项仍待确认")
    expect(page.get_by_role("article")).to_contain_text("不采纳")
    with stand.owner.connect() as connection:
        assert connection.scalar(text("select address from household where id = :id"), {"id": home}) == "测试路一号"
