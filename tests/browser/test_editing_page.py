"""Editing boundaries in the browser: draw, see who moves, apply, take back; by keyboard, as text, on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import text

from tests.browser.conftest import PHONE, OpenPage
from tests.browser.stand import Stand, commit_township, served, working
from tests.browser.test_accessible import check
from tests.browser.test_language import chinese_of
from tests.browser.watch import Watch
from tests.township import VILLAGES

G1, G2 = VILLAGES[0] + "001", VILLAGES[0] + "002"


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    made = commit_township("fangtu_test_browser_editing")
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def site(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("editing")
    with served(stand.settings, folder / "web.log") as address, working(stand.settings, folder / "work.log"):
        yield address


def choose(page: Page, code: str) -> None:
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    page.get_by_role("combobox", name=re.compile("选区域|Choose an area")).select_option(code)
    expect(page.locator("#edit-tools")).to_be_visible()
    expect(page.locator("#editing")).to_have_attribute("data-target", code.rpartition(":")[2])


def spot(page: Page, lon: float, lat: float) -> dict[str, float]:
    """Where a place is on the page, once the map lies still."""
    script = """([lon, lat]) => {
        const map = Object.values(window).find((one) => one instanceof L.Map);
        const at = map.latLngToContainerPoint([lat, lon]);
        const box = map.getContainer().getBoundingClientRect();
        return { x: at.x + box.x, y: at.y + box.y };
    }"""
    found: dict[str, float] = page.evaluate(script, [lon, lat])
    return found


def click(page: Page, lon: float, lat: float, **options: Any) -> None:
    at = spot(page, lon, lat)
    page.mouse.click(at["x"], at["y"], **options)


def shape_of(stand: Stand, code: str) -> str:
    with stand.owner.connect() as connection:
        return str(connection.scalar(text("select st_asewkt(geom) from grid where code = :code"), {"code": code}))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_grid_is_drawn_previewed_applied_and_taken_back(open_page: OpenPage, stand: Stand, language: str) -> None:
    page = open_page("/areas/edit", "supervisor", language=language)
    before = shape_of(stand, G2)
    choose(page, f"new:{VILLAGES[0]}")
    for lon, lat in ((118.8075, 36.4035), (118.8095, 36.4035), (118.8095, 36.4065)):
        click(page, lon, lat)
    click(page, 118.8075, 36.4065, click_count=2)
    answer = page.locator(".editing-answer")
    expect(answer).to_contain_text("有 1 户改变归属" if language == "zh" else "1 household changes area")
    expect(page.locator("#edit-preview")).to_contain_text(
        "1 户 → 测试1村 003网格" if language == "zh" else "1 household →"
    )
    if language == "en":
        # Names of areas, also those that other tests here have made, stay as they are.
        names = ("测试", "网格", "村西", "新测村")
        assert not [words for words in chinese_of(page) if not any(name in words for name in names)]
    page.locator("#edit-apply").click()
    toast = page.locator(".toast")
    expect(toast).to_contain_text("已应用" if language == "zh" else "Applied", timeout=20_000)
    assert shape_of(stand, G2) != before
    expect(page.locator("#edit-area option", has_text="003网格")).to_have_count(1)
    row = page.locator("#edit-history li").first
    expect(row).to_contain_text("003网格")
    row.get_by_role("button").click()
    expect(page.locator("#edit-history li").first.locator(".tag")).to_be_visible(timeout=20_000)
    assert shape_of(stand, G2) == before


def test_no_edit_is_taken_back_while_another_is_under_way(open_page: OpenPage, stand: Stand) -> None:
    page = open_page("/areas/edit", "supervisor")
    before = shape_of(stand, G1)
    choose(page, G1)
    page.get_by_text("以文字编辑").click()
    page.locator("#edit-text").fill("118.80,36.40\n118.8025,36.40\n118.8025,36.41\n118.80,36.41")
    page.get_by_role("button", name="读入并预览").click()
    # The list of edits is here before the area is: a click on it was lost.
    held: list[Route] = []
    page.route(re.compile("/boundary$"), lambda route: held.append(route))
    page.locator("#edit-apply").click()
    button = page.locator("#edit-history li").first.get_by_role("button")
    expect(button).to_be_disabled(timeout=20_000)
    for route in held:
        route.continue_()
    # The message offers the same for eight seconds; not any longer once something else is under way.
    expect(page.locator(".toast-action")).to_be_visible(timeout=20_000)
    page.route(re.compile("/undo$"), lambda route: held.append(route))
    held.clear()
    button.click()
    expect(page.locator(".toast-action")).to_have_count(0, timeout=3_000)
    expect(button).to_be_disabled()
    for route in held:
        route.continue_()
    expect(page.locator("#edit-history li").first.locator(".tag")).to_be_visible(timeout=20_000)
    assert shape_of(stand, G1) == before


def test_a_corner_is_moved_with_the_arrow_keys_and_esc_leaves(open_page: OpenPage, stand: Stand) -> None:
    page = open_page(f"/areas/edit#area={G1}", "supervisor")
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    page.get_by_role("button", name="改点").click()
    corners = page.locator(".vertex")
    expect(corners).to_have_count(4)
    corner = corners.nth(1)
    corner.focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator(".editing-answer")).to_be_visible()
    page.keyboard.press("+")
    expect(corners).to_have_count(5)
    page.keyboard.press("Delete")
    expect(corners).to_have_count(4)
    page.get_by_role("button", name="放弃").click()
    expect(corners).to_have_count(0)


def test_the_keyboard_draws_and_backspace_takes_the_last_point_away(open_page: OpenPage) -> None:
    page = open_page("/areas/edit", "supervisor")
    choose(page, f"new:{VILLAGES[0]}")
    expect(page.locator(".leaflet-container")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#editing")).to_have_attribute("data-points", "1")
    page.keyboard.press("Backspace")
    expect(page.locator("#editing")).to_have_attribute("data-points", "0")
    page.keyboard.press("Escape")
    expect(page.locator("#editing")).to_have_attribute("data-tool", "")


def test_coordinates_are_pasted_and_a_merge_is_ticked(open_page: OpenPage, stand: Stand) -> None:
    page = open_page("/areas/edit", "supervisor")
    choose(page, G1)
    page.get_by_text("以文字编辑").click()
    field = page.locator("#edit-text")
    field.fill("118.80,36.40\n118.8025 36.40\n118.8025，36.41\n118.80,36.41")
    page.get_by_role("button", name="读入并预览").click()
    expect(page.locator(".editing-answer")).to_contain_text("有 1 户改变归属")
    field.fill("118.80,36.40\n东边")
    page.get_by_role("button", name="读入并预览").click()
    expect(page.locator("#edit-trouble")).to_contain_text("第 2 行")
    # What was read before is no longer what would be applied.
    expect(page.locator(".editing-answer")).to_have_count(0)
    expect(page.locator("#edit-apply")).to_be_disabled()
    page.get_by_role("button", name="合并").click()
    page.locator("#edit-merge").get_by_label("002 网格").check()
    expect(page.locator(".editing-answer")).to_contain_text("有 3 户改变归属")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_village_is_split_by_keyboard_once_it_has_a_name_and_a_code(
    open_page: OpenPage, stand: Stand, watch: Watch, language: str
) -> None:
    watch.expect(422)
    page = open_page("/areas/edit", "supervisor", language=language)
    choose(page, VILLAGES[0])
    page.locator(".editing-text summary").focus()
    page.keyboard.press("Enter")
    page.locator("#edit-tools button[value=split]").focus()
    page.keyboard.press("Enter")
    page.locator("#edit-text").fill("118.8045,36.39\n118.8045,36.42")
    page.locator("#edit-read").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#edit-trouble")).to_contain_text("12 位代码" if language == "zh" else "12 digits")
    page.get_by_label("新区域的名称" if language == "zh" else "Name of the new area").fill("新测村")
    page.get_by_label("新村的代码" if language == "zh" else "Code of the new village").fill(VILLAGES[0][:9] + "101")
    expect(page.locator("#edit-preview")).to_contain_text("2 户 → 新测村" if language == "zh" else "2 households →")
    if language == "en":
        assert not [words for words in chinese_of(page) if "测" not in words and "网格" not in words]
    check(page)
    page.locator("#edit-apply").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#edit-area optgroup[label=新测村]")).to_have_count(1, timeout=20_000)
    page.locator("#edit-history li").first.get_by_role("button").click()
    expect(page.locator("#edit-history li").first.locator(".tag")).to_be_visible(timeout=20_000)
    expect(page.locator("#edit-area optgroup[label=新测村]")).to_have_count(0)


def test_a_natural_village_is_opened_from_a_file_applied_and_deleted(open_page: OpenPage, stand: Stand) -> None:
    page = open_page("/areas/edit", "supervisor")
    choose(page, f"new-natural_village:{VILLAGES[0]}")
    page.get_by_text("以文字编辑").click()
    ring = [[118.80, 36.40], [118.8025, 36.40], [118.8025, 36.41], [118.80, 36.41], [118.80, 36.40]]
    shape = json.dumps({"type": "Polygon", "coordinates": [ring]})
    page.get_by_label("或打开 GeoJSON 文件").set_input_files(
        {"name": "村西.geojson", "mimeType": "application/geo+json", "buffer": shape.encode()}
    )
    page.get_by_label("新区域的名称").fill("村西")
    expect(page.locator("#edit-preview")).to_contain_text("1 户 → 测试1村 村西（原在测试1村（不在自然村内））")
    page.locator("#edit-apply").click()
    option = page.locator("#edit-area option", has_text="测试1村 村西")
    expect(option).to_have_count(1, timeout=20_000)
    choose(page, str(option.get_attribute("value")))
    page.get_by_role("button", name="删除").click()
    expect(page.locator("#edit-preview")).to_contain_text("1 户 → 测试1村（不在自然村内）")
    page.locator("#edit-apply").click()
    expect(option).to_have_count(0, timeout=20_000)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_grids_of_a_village_are_made_and_taken_back(open_page: OpenPage, stand: Stand, language: str) -> None:
    page = open_page("/areas/edit", "supervisor", language=language)
    before = shape_of(stand, G2)
    choose(page, f"new:{VILLAGES[0]}")
    page.evaluate("""() => {
        window.written = new Set();
        const write = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (words, ...rest) {
            window.written.add(words);
            return write.call(this, words, ...rest);
        };
    }""")
    page.locator("#edit-tools button[value=grids]").click()
    page.get_by_label("每个网格的户数" if language == "zh" else "Households of a grid").fill("5")
    page.get_by_label("边界沿着" if language == "zh" else "Borders along").select_option("roads")
    preview = page.locator("#edit-preview")
    expect(preview).to_contain_text("1 个网格，每格 5 户" if language == "zh" else "1 grid of 5 households each")
    # Each grid has its number on the map as well.
    page.wait_for_function("""() => {
        const made = window.fangtu.page.state.found.changes.find((one) => one.geometry);
        return window.written.has(made.code.slice(-3));
    }""")
    if language == "en":
        # Names of areas, also those that other tests here have made, stay as they are.
        names = ("测试", "网格", "村西", "新测村")
        assert not [words for words in chinese_of(page) if not any(name in words for name in names)]
    check(page)
    page.locator("#edit-apply").click()
    expect(page.locator(".toast")).to_contain_text("已应用" if language == "zh" else "Applied", timeout=20_000)
    assert shape_of(stand, G2) == "None"
    page.locator("#edit-history li").first.get_by_role("button").click()
    expect(page.locator("#edit-history li").first.locator(".tag")).to_be_visible(timeout=20_000)
    assert shape_of(stand, G2) == before


def test_a_conflict_is_said_and_the_drawing_kept(open_page: OpenPage, stand: Stand, watch: Watch) -> None:
    watch.expect(409)
    page = open_page("/areas/edit", "supervisor")
    choose(page, G1)
    page.get_by_text("以文字编辑").click()
    page.locator("#edit-text").fill("118.80,36.40\n118.8025,36.40\n118.8025,36.41\n118.80,36.41")
    page.get_by_role("button", name="读入并预览").click()
    expect(page.locator("#edit-apply")).to_be_enabled()
    with stand.owner.begin() as connection:
        connection.execute(text("update grid set name = '别人改了' where code = :code"), {"code": G2})
    page.locator("#edit-apply").click()
    expect(page.locator("#edit-trouble")).to_contain_text("别人改过")
    expect(page.locator(".editing-answer")).to_be_visible()
    with stand.owner.begin() as connection:
        connection.execute(text("update grid set name = '002 网格' where code = :code"), {"code": G2})


def test_the_page_is_accessible_and_on_a_phone_only_looked_at(open_page: OpenPage, stand: Stand) -> None:
    page = open_page("/areas/edit", "supervisor")
    choose(page, G1)
    page.get_by_role("button", name="改点").click()
    check(page)
    page.set_viewport_size(PHONE)
    expect(page.get_by_text("屏幕太小")).to_be_visible()
    expect(page.locator("#edit-tools")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
