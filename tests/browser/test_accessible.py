"""What can be checked of accessibility by looking at the page alone: names, headings, ids, contrast."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenMap, OpenPage
from tests.browser.pages import LISTS
from tests.browser.stand import Stand
from tests.browser.watch import Watch

# Each line says what is wrong and where; an empty list is a sound page.
FAULTS = """() => {
    const faults = [];
    const seen = (node) => node.checkVisibility({ visibilityProperty: true });
    const at = (node) => node.outerHTML.slice(0, 120);
    const text = (ids) => (ids || "").split(/\\s+/).filter(Boolean)
        .map((id) => document.getElementById(id)?.textContent.trim() || "").join(" ");
    const words = (node) => [...node.childNodes].map((one) => {
        if (one.nodeType === 3) return one.data;
        if (one.nodeType !== 1 || one.getAttribute("aria-hidden") === "true") return "";
        return one.getAttribute("aria-label") || one.getAttribute("alt") || words(one);
    }).join("");
    const named = (node) => Boolean((node.getAttribute("aria-label") || text(node.getAttribute("aria-labelledby"))
        || [...(node.labels || [])].map(words).join("") || (node.matches("input, select, textarea") ? "" : words(node))
        || node.getAttribute("title") || "").trim());
    if (!document.documentElement.lang) faults.push("no language");
    if (!document.title.trim()) faults.push("no title");
    if (document.querySelectorAll("h1").length !== 1) faults.push(`${document.querySelectorAll("h1").length} h1`);
    if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
    let level = 0;
    for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
        if (!seen(heading)) continue;
        const next = Number(heading.tagName[1]);
        const skips = level && next > level + 1 && !heading.closest("[role=dialog]");
        if (skips) faults.push(`h${level} to h${next}: ${at(heading)}`);
        if (!heading.textContent.trim()) faults.push(`empty: ${at(heading)}`);
        level = next;
    }
    const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
    for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) faults.push(`twice: #${id}`);
    for (const node of document.querySelectorAll("*")) {
        for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "aria-activedescendant"]) {
            for (const id of (node.getAttribute(name) || "").split(/\\s+/).filter(Boolean)) {
                if (!document.getElementById(id)) faults.push(`${name}=${id}: ${at(node)}`);
            }
        }
    }
    const controls = "input:not([type=hidden]), select, textarea, button, a[href], summary, [role=button]";
    const parts = "[role=dialog], [role=group], [role=region], [role=listbox], nav";
    for (const node of document.querySelectorAll(`${controls}, ${parts}`)) {
        if (!seen(node) || node.getAttribute("aria-hidden") === "true") continue;
        if (!named(node)) faults.push(`no name: ${at(node)}`);
    }
    for (const node of document.querySelectorAll("img:not([alt])")) faults.push(`no alt: ${at(node)}`);
    for (const node of document.querySelectorAll("svg:not([aria-hidden=true])")) {
        if (!node.getAttribute("aria-label") && node.getAttribute("role") !== "img") faults.push(`svg: ${at(node)}`);
    }
    for (const node of document.querySelectorAll("th:not([scope])")) faults.push(`no scope: ${at(node)}`);
    for (const node of document.querySelectorAll("[tabindex], [role=application]")) {
        if (node.tabIndex > 0 || node.getAttribute("role") === "application") faults.push(`not usual: ${at(node)}`);
    }
    for (const node of document.querySelectorAll("a[href], button")) {
        if (node.parentElement.closest("a[href], button")) faults.push(`nested: ${at(node)}`);
    }
    return faults;
}"""
# Texts whose contrast with the colour behind them is too low (WCAG 2.2: 4.5, for large text 3).
PALE = """() => {
    const parse = (colour) => {
        const numbers = (colour.match(/[\\d.]+/g) || []).map(Number);
        return { rgb: numbers.slice(0, 3), alpha: numbers.length > 3 ? numbers[3] : 1 };
    };
    const light = (rgb) => {
        const [r, g, b] = rgb.map((n) => n / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const over = (top, under) => top.rgb.map((c, i) => c * top.alpha + under[i] * (1 - top.alpha));
    const behind = (node) => {
        const layers = [];
        for (let one = node; one; one = one.parentElement) {
            const style = getComputedStyle(one);
            if (style.backgroundImage !== "none" || one.matches(".leaflet-container")) return null;
            layers.push(parse(style.backgroundColor));
            if (layers.at(-1).alpha === 1) break;
        }
        return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
    };
    const pale = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode.parentElement;
        const said = walker.currentNode.data.trim();
        if (!/[\\p{L}\\p{N}]/u.test(said)) continue; // a line between two words is decoration
        if (!node.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        if (node.closest("[disabled], .unseen, .skip, noscript")) continue;
        const style = getComputedStyle(node);
        const ground = behind(node);
        if (!ground) continue;
        const ink = over(parse(style.color), ground);
        const [high, low] = [light(ink), light(ground)].sort((a, b) => b - a);
        const ratio = (high + 0.05) / (low + 0.05);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (large ? 3 : 4.5)) {
            const where = `${node.className} ${said.slice(0, 20)}`;
            pale.add(`${ratio.toFixed(2)} ${style.color} on ${ground.map(Math.round)}: ${where}`);
        }
    }
    return [...pale];
}"""
PAGES = ["/sign-in", *LISTS]
PAGES += ["/card/AAAAA-AAAAA"]


def check(page: Page) -> None:
    assert page.evaluate(FAULTS) == []
    for colours in ("light", "dark"):
        page.evaluate("(theme) => { document.documentElement.dataset.bsTheme = theme; }", colours)
        page.evaluate("() => new Promise((done) => setTimeout(done, 300))")  # colours may take their time to change
        assert page.evaluate(PALE) == [], colours


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_names_headings_and_contrast(open_page: OpenPage, address: str) -> None:
    check(open_page(address, None if address == "/sign-in" else "admin"))


def test_the_map_has_names_headings_and_contrast(open_map: OpenMap, stand: Stand) -> None:
    seen = open_map("supervisor", f"/map?theme=status#sel=household:{stand.town.households['H1']}")
    seen.popup_text()
    check(seen.page)
    seen.popup.locator(".facts > div", has_text="电话").get_by_role("button", name="查看").click()
    check(seen.page)


def test_each_legend_has_names_and_contrast(open_map: OpenMap) -> None:
    seen = open_map("leader")
    for button in seen.page.locator("#themes button").all():
        button.click()
        seen.drawn()
        check(seen.page)


def test_large_type_stays_on_the_page(open_map: OpenMap) -> None:
    page = open_map("leader").page
    before = page.evaluate("parseFloat(getComputedStyle(document.querySelector('#coverage-card strong')).fontSize)")
    page.locator(".menu-user summary").click()
    page.get_by_label("大字").check()
    after = page.evaluate("parseFloat(getComputedStyle(document.querySelector('#coverage-card strong')).fontSize)")
    assert after > before * 1.1
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-type", "large")


def test_without_scripts_the_map_points_to_the_list(open_page: OpenPage, watch: Watch) -> None:
    page = open_page("/map", "leader", java_script_enabled=False)
    expect(page.get_by_role("link", name="覆盖率列表")).to_be_visible()
    # The browser refuses the scripts, as it was told to.
    watch.failed = [line for line in watch.failed if "/static/js/" not in line and "/scripts/" not in line]


def test_the_map_is_a_named_region_and_its_popup_a_named_dialog(open_map: OpenMap, stand: Stand) -> None:
    seen = open_map("leader", f"/map#sel=house:{stand.keys()['houses']['H6']}")
    seen.popup_text()
    region = seen.page.locator("#map_township")
    expect(region).to_have_attribute("role", "region")
    assert "方向键" in (region.get_attribute("aria-label") or "")
    expect(seen.page.get_by_role("dialog", name="农房 F-H6")).to_be_visible()
