"""Hostile text in every text column runs in no page and no popup of a real browser, and is read letter by letter."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, Route
from sqlalchemy.orm import Session

from app import paper
from app.factory import create_app
from data.sealing import load_sealer
from tests.browser.look import MapPage, words_of
from tests.browser.routes import addresses, read_rules, routes_of, values_for
from tests.browser.stand import ROLES, Stand, add_records_in_village_one, commit_township, served
from tests.browser.watch import Watch
from tests.field_records import from_field, seal_rejects
from tests.hostile import JOINED, PAYLOADS, fill_every_table, poison, value_of

# Everything at once for each role; with the tag first for those who see most of it.
CASES = [(role, "all") for role in ROLES] + [(role, "tag first") for role in ("supervisor", "admin")]
# kind in the address, kind in the API, record, columns its popup shows
POPUPS = [
    ("household", "households", "H1", ["household.address", "area.name", "household.key_groups", "visit.visitor"]),
    ("house", "houses", "H1", ["house.structure", "house.address", "house.remark"]),
    ("site", "sites", "H1", []),
    ("visit", "visits", "V1", ["visit.visitor", "visit.outcome"]),
    ("mark", "marks", "H1", ["mark.marked_by", "mark.remark"]),
]
NAMED = {"supervisor", "inspector"}
# page: columns it shows to those who may open it
SHOWN = {
    "/coverage": ["area.name"],
    "/worklists": ["household.address", "household.stated_area", "visit.household_ref", "visit.visitor"],
    "/accounts": ["account.username", "account.full_name", "area.name"],
    "/audit": ["audit.actor", "audit.act", "audit.object_kind", "audit.reason", "audit.address"],
    "/account": ["account.full_name", "session.agent", "area.name"],
    "/visits": ["visit.visitor", "visit.companions"],
    "/publicity": ["publicity.title"],
    "/field-work": ["mark.marked_by", "mark.remark"],
    "/field-phones": ["device.name"],
    "/appraisals": ["disaster.remark"],
    "/imports": ["upload.file_name", "upload.sender", "batch.file_name", "batch.sender", "area.name"],
}
# The same for pages of one record, by the beginning of their address.
SHOWN_OF_ONE = {
    "/imports/": ["upload.file_name", "job.error_zh"],
    "/routes/": ["account.full_name"],
    "/batches/": ["batch.file_name", "batch.sender", "batch_problem.found", "batch_problem.reason_zh"],
}
# Whose scripts say when a page is complete.
SCRIPTED = ("import", "placing", "routes", "roads")
_IS_SCRIPTED = f"""() => Boolean(document.querySelector(
    "{", ".join(f"script[src*='/js/{name}/']" for name in SCRIPTED)}"))"""
_LOOK = """() => ({
    title: document.title,
    hostile: [...document.querySelectorAll("[src=x], [onerror], script:not([src]), [href^='javascript:' i]")]
        .map((part) => part.outerHTML),
    words: document.querySelector("main")?.textContent ?? "",
    columns: document.querySelectorAll(".columns tbody tr").length,
})"""
OF_PLANNERS = ("account.full_name", "routes")
# Ways for a script to put a text into a page; the first one as it should.
WAYS = {
    "as text": "place.textContent = text",
    "as a page": "place.innerHTML = text",
    "beside": "place.insertAdjacentHTML('beforeend', `<b>${text}</b>`)",
    "in an attribute": 'place.innerHTML = `<b title="${text}">a</b>`',
    "in an attribute without quotation marks": "place.innerHTML = `<b title=${text}>a</b>`",
    "in a table": "place.innerHTML = `<table><tr><td>${text}</td></tr></table>`",
    "in a drawing": "place.innerHTML = `<svg><text>${text}</text></svg>`",
    "in a choice": "place.innerHTML = `<select><option>${text}</option></select>`",
    "as an address": "place.append(Object.assign(document.createElement('a'), { href: text }))",
    "written": "document.write(`<main>${text}</main>`)",
}
# Pages that a role does not have.
CLOSED = {
    "admin": set(),
    "supervisor": {"/accounts", "/audit"},
    "leader": {"/accounts", "/audit", "/imports", "/field-phones"},
    "inspector": {"/accounts", "/audit", "/imports", "/field-phones"},
}


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    made = commit_township("fangtu_test_hostile_pages")
    with Session(made.owner) as session, session.begin():
        fill_every_table(session, made.town)
        add_records_in_village_one(session, made.town)
        from_field(session, made.settings, made.town.households["H1"], made.accounts["inspector"])
        seal_rejects(session, made.settings)
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def site(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(stand.settings, tmp_path_factory.mktemp("hostile") / "web.log") as address:
        yield address


@pytest.fixture(scope="module")
def app(stand: Stand) -> Flask:
    return create_app(stand.settings)


@pytest.fixture(scope="module")
def pages_of(app: Flask, stand: Stand) -> Callable[[str], list[str]]:
    """Addresses of the route table that answer a role with a page; what is in the records changes none of them."""

    @cache
    def find(role: str) -> list[str]:
        client = app.test_client()
        client.set_cookie("fangtu_session", stand.tokens[role])
        values, open_to = values_for(stand, "text"), set(routes_of(app, role))
        # A page by an area's code has another address once the codes are poisoned: tests.web asks for those.
        rules = [rule for rule in read_rules(app) if rule.rule in open_to and "code" not in rule.arguments]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(paper, "_press", lambda *_: b"%PDF-")  # papers are no pages, and take long to make
            asked = [(address, client.get(address)) for rule in rules for address in addresses(rule, values)]
        return [address for address, answer in asked if answer.mimetype == "text/html" and answer.status_code == 200]

    return find


def assert_calm(page: Page, watch: Watch) -> dict[str, Any]:
    """Nothing of a payload has run, or been made into a part of the page; what the page shows."""
    seen: dict[str, Any] = page.evaluate(_LOOK)
    assert seen["title"] != "x", page.url
    assert seen["hostile"] == [], page.url
    assert [url for url in watch.requests if urlsplit(url).path.rsplit("/", 1)[-1] == "x"] == []
    assert watch.dialogs == []
    return seen


@pytest.mark.parametrize(("role", "name"), CASES, ids=[f"{role}-{name}" for role, name in CASES])
def test_no_page_and_no_popup_lets_the_text_run(
    pages_of: Callable[[str], list[str]],
    stand: Stand,
    open_context: Callable[..., BrowserContext],
    watch: Watch,
    role: str,
    name: str,
) -> None:
    payload = JOINED[name]
    with Session(stand.owner) as session, session.begin():
        poison(session, payload, load_sealer(stand.settings.key_file))
    page = open_context(role).new_page()
    assert {"/map", *SHOWN} - set(pages_of(role)) <= CLOSED[role]
    previewed: list[str] = []
    for address in pages_of(role):
        # The map is drawn below; the field app shows nothing before its PIN (tests.browser.test_field).
        if address in ("/map", "/field/"):
            continue
        page.goto(address)
        if page.evaluate(_IS_SCRIPTED):
            page.wait_for_selector("body[data-ready=true]")
        seen = assert_calm(page, watch)
        shown = " ".join(seen["words"].split())
        # An inspector's village has nothing on the work lists.
        columns = SHOWN.get(address, []) if role != "inspector" or address != "/worklists" else []
        columns = columns + next((found for start, found in SHOWN_OF_ONE.items() if address.startswith(start)), [])
        # Leaders do not learn the names of accounts.
        columns = [one for one in columns if role != "leader" or (one, address.split("/")[1]) != OF_PLANNERS]
        if seen["columns"]:
            previewed.append(address)
            columns = [*columns, "upload.preview"]
        assert [column for column in columns if value_of(payload, column) not in shown] == [], f"{address}: {shown}"
    assert bool(previewed) == ("/imports" not in CLOSED[role]), "no wizard showed its columns"
    if name == "all" or role == "supervisor":
        walk_the_map(page, stand, watch, role, payload)
    watch.check()


@pytest.mark.parametrize("way", WAYS)
def test_what_is_noticed_of_one_payload_is_noticed_of_all_at_once(
    open_context: Callable[..., BrowserContext], watch: Watch, way: str
) -> None:
    """A fault that each payload alone would show is shown by :data:`tests.hostile.JOINED`, also where text is cut."""
    context, text = open_context(), ""
    policy = {"Content-Security-Policy": "script-src 'self'"}

    def noticed(payload: str, most: int | None) -> bool:
        nonlocal text
        text = value_of(payload, "area.name")[:most]
        page.goto("/planted")
        try:
            assert_calm(page, watch)
        except AssertionError:
            return True
        return False

    def answer(route: Route) -> None:
        if route.request.url.endswith("/planted"):
            page = "<title>a</title><main></main><script src='/planted.js'></script>"
            route.fulfill(body=page, content_type="text/html", headers=policy)
        elif route.request.url.endswith("/planted.js"):
            script = f"const text = {json.dumps(text)}, place = document.querySelector('main'); {WAYS[way]};"
            route.fulfill(body=script, content_type="text/javascript")
        else:
            route.abort()

    context.route("**/*", answer)
    page = context.new_page()
    assert not noticed("it's <b>7*7", None)
    for most in (None, 80, 40):
        joined = any(noticed(one, most) for one in JOINED.values())
        assert joined or not any(noticed(one, most) for one in PAYLOADS.values()), most
        assert joined == (way != "as text") or most
    context.close()
    for met in (watch.console, watch.errors, watch.violations, watch.failed, watch.refused, watch.dialogs):
        met.clear()  # which was meant


def walk_the_map(page: Page, stand: Stand, watch: Watch, role: str, payload: str) -> None:
    """Open every kind of popup, search, and go through the themes."""
    keys = stand.keys()
    page.goto("/map?theme=status")
    page.wait_for_selector("body[data-ready=true]")
    for kind, plural, record, columns in POPUPS:
        MapPage(page).open_record(kind, keys[plural][record])
        shown = popup_words(page)
        expected = columns + (["household.head_name"] if kind == "household" and role in NAMED else [])
        assert [column for column in expected if value_of(payload, column) not in shown] == [], kind
        assert_calm(page, watch)
    page.keyboard.press("Escape")
    for theme in page.locator("#themes button").all():
        theme.click()
    page.locator("#area-list button").first.focus()
    page.keyboard.press("Enter")
    page.locator("[role=dialog] .popup-figure").wait_for()
    assert value_of(payload, "area.name") in popup_words(page)
    assert value_of(payload, "area.name") in words_of(page.locator("#area-list"))
    page.get_by_role("combobox", name="搜索村、户").fill(payload[:8])
    results = page.locator("#search-results")
    results.locator("[role=option]").first.wait_for()
    assert value_of(payload, "area.name") in words_of(results)
    if role == "supervisor":
        reveal_phone(page, stand, payload)
    assert_calm(page, watch)


def popup_words(page: Page) -> str:
    page.wait_for_selector("[role=dialog]:not(:has(.popup-skeleton)) h2")
    return words_of(page.locator("[role=dialog]"))


def reveal_phone(page: Page, stand: Stand, payload: str) -> None:
    """A telephone number that is hostile text itself, shown whole."""
    page.keyboard.press("Escape")
    MapPage(page).open_record("household", stand.town.households["H1"])
    page.locator("[role=dialog] .facts > div", has_text="电话").get_by_role("button", name="查看").click()
    page.get_by_label("查看原因").fill(payload)
    page.keyboard.press("Enter")
    shown = page.locator("[role=dialog] .masked strong")
    shown.wait_for()
    assert words_of(shown) == value_of(payload, "household.phone_sealed")
