"""Hostile text in every text column comes out of every address as text, whoever asks."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import paper
from app.factory import create_app
from data.packs import pack_path
from data.sealing import load_sealer
from data.upload_files import seal_refused
from tests.browser.routes import addresses, read_rules, routes_of, values_for
from tests.browser.stand import ROLES, Stand, add_records_in_village_one, commit_township
from tests.field_records import from_field, seal_rejects
from tests.hostile import JOINED, PAYLOADS, fill_every_table, free_text_columns, poison, unfilled, value_of

EVERY = {**PAYLOADS, **JOINED}
# A code with a slash in it cannot be part of an address.
IN_ADDRESSES = [name for name, text in EVERY.items() if "/" not in text]
CODE_ATTRIBUTES = {"href", "src", "action", "formaction", "xlink:href", "data", "poster"}
# Kinds of files that are saved and never opened as a page.
SAVED = {
    "text/csv", "application/vnd.pmtiles", "application/octet-stream", "application/geo+json", "application/gpx+xml",
    "application/vnd.google-earth.kml+xml", "text/calendar",
}  # fmt: skip
Page = tuple[str, str, TestResponse]
# Ways to put a text into a page, as a template would; the first ones as it should.
SAFE = ("<p>{{ text }}</p>", '<p title="{{ text }}">a</p>', "<textarea>{{ text }}</textarea>")
HOLES = (
    *SAFE,
    "<p>{{ text|safe }}</p>",
    "<td><b>{{ text|safe }}</b></td>",
    "<option>{{ text|safe }}</option>",
    '<p title="{{ text|safe }}">a</p>',
    "<p title='{{ text|safe }}'>a</p>",
    "<p title={{ text|safe }}>a</p>",
    '<p data-row="{{ text|safe }}"><a href="/">b</a></p>',
    '<a href="{{ text }}">a</a>',
    '<iframe src="{{ text }}"></iframe>',
    '<form action="{{ text }}"></form>',
)


class Tags(HTMLParser):
    """Tags of a page as a browser opens them, and the text between."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.opened: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    made = commit_township("fangtu_test_hostile")
    with Session(made.owner) as session, session.begin():
        fill_every_table(session, made.town)
        add_records_in_village_one(session, made.town)
        from_field(session, made.settings, made.town.households["H1"], made.accounts["inspector"])
        seal_rejects(session, made.settings)
    with TemporaryDirectory() as folder:
        plain = Path(folder, "refused.csv")
        plain.write_text("a\n", encoding="utf-8-sig")
        for upload_id in made.imports()["upload_id"]:
            seal_refused(made.settings, load_sealer(made.settings.key_file), upload_id, plain)
    pack = pack_path(made.settings, b"\0")
    pack.parent.mkdir(exist_ok=True)
    pack.write_bytes(b"PMTiles")
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def app(stand: Stand) -> Flask:
    made = create_app(stand.settings)
    made.config["TESTING"] = True
    return made


@pytest.fixture(scope="module", params=EVERY, ids=list(EVERY))
def payload(request: pytest.FixtureRequest, stand: Stand) -> str:
    """Each payload in turn, in every column of the database."""
    text: str = EVERY[request.param]
    with Session(stand.owner) as session, session.begin():
        poison(session, text, load_sealer(stand.settings.key_file))
    return text


@pytest.fixture(autouse=True)
def looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at every page before it becomes paper, where no tag can be told any more; one of each kind is pressed.

    To lay out a page of hostile text takes a second and more, and a role has twenty of them.
    """
    pressed: dict[str, bytes | None] = {}
    press = paper._press

    def look(html: str, style: str, pages: int | None) -> bytes | None:
        assert_page_is_calm("on paper", html)
        # As of the file itself: nothing on paper leads anywhere, and an address of ours alone is none there.
        assert re.search(r'\bhref=(?!"(/[^/]|#))', html) is None
        if pages is not None:
            return press(html, style, pages)
        if style not in pressed:
            pressed[style] = press(html, style, pages)
        return pressed[style]

    monkeypatch.setattr(paper, "_press", look)


@pytest.fixture
def client_of(app: Flask, stand: Stand) -> Callable[[str], FlaskClient]:
    def client(role: str) -> FlaskClient:
        made = app.test_client()
        made.set_cookie("fangtu_session", stand.tokens[role])
        return made

    return client


def pages_of(rules: Iterable[Rule], stand: Stand, client: FlaskClient, payload: str) -> Iterator[Page]:
    """Every one of these routes with every record: route, address, answer."""
    values = values_for(stand, payload)
    for rule in rules:
        for address in addresses(rule, values):
            # Some are for phones, which name themselves.
            yield rule.rule, address, client.get(address, headers={"X-Fangtu-Device": str(uuid.UUID(int=1))})


def every_page(app: Flask, stand: Stand, client: FlaskClient, payload: str) -> Iterator[Page]:
    """Every GET route with every record."""
    yield from pages_of(read_rules(app), stand, client, payload)
    for route in ("/coverage", "/map/areas.json"):
        for by in ("group", "grid"):
            yield route, f"{route}?by={by}", client.get(f"{route}?by={by}")


def assert_nothing_can_run(address: str, answer: TestResponse, payload: str) -> None:
    """A browser that opens this answer runs nothing of the payload."""
    assert answer.status_code < 500, f"{address}: {answer.status_code}"
    kind = answer.mimetype
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
    if kind == "text/html":
        assert_page_is_calm(address, answer.text)
    elif kind == "text/javascript":
        assert payload not in answer.text, f"{address}: a script holds a record"
    elif kind in SAVED or kind.endswith(".sheet"):
        assert answer.headers["Content-Disposition"].startswith("attachment")
    elif kind == "application/pdf":
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert not re.search(rb"/(JavaScript|JS|URI|Launch|OpenAction|Annots)\b", answer.data), address
    elif kind == "image/svg+xml":
        assert address.startswith("/field/code.svg"), address  # it holds the app's own address and nothing else
    else:
        assert kind in {
            "application/json", "application/vnd.mapbox-vector-tile", "application/x-protobuf", "text/event-stream",
            "image/jpeg", "application/manifest+json",
        }, address  # fmt: skip


def assert_page_is_calm(address: str, page: str) -> None:
    """No tag, handler or address of a page comes from a record, and no template was filled in."""
    tags = Tags()
    tags.feed(page)
    for tag, attributes in tags.opened:
        assert attributes.get("src") != "x", f"{address}: <{tag}> of a payload"
        assert not [name for name in attributes if name.startswith("on")], f"{address}: <{tag}> {attributes}"
        for name in CODE_ATTRIBUTES & attributes.keys():
            scheme = re.sub(r"[\x00-\x20]", "", attributes[name]).lower()
            assert not scheme.startswith(("javascript:", "data:text", "vbscript:")), f"{address}: {attributes}"
        if tag == "script":
            assert attributes.get("src", "").startswith(("/scripts/", "/map/shell.js", "/field/parts/", "/static/")), (
                f"{address}: {attributes}"
            )
    assert "<img src=x" not in page, f"{address}: text that was not escaped, be it inside an attribute"
    assert re.search(r"<script[^>]*>[^<]*document\.title", page) is None, f"{address}: a script of a payload"
    assert re.search(r"\b49;[a-z_]+\.", page) is None, f"{address}: a template was filled in"


@pytest.mark.parametrize("most", [None, 80, 40])
@pytest.mark.parametrize("hole", HOLES)
def test_what_is_noticed_of_one_payload_is_noticed_of_all_at_once(hole: str, most: int | None) -> None:
    """A fault that each payload alone would show is shown by :data:`tests.hostile.JOINED`, also where text is cut."""

    def noticed(text: str) -> bool:
        try:
            assert_page_is_calm("/planted", render_template_string(hole, text=value_of(text, "area.name")[:most]))
        except AssertionError:
            return True
        return False

    with Flask(__name__).app_context():
        assert not any(noticed(text) for text in ("测试", "it's <b>", "7*7"))
        assert any(map(noticed, JOINED.values())) == (hole not in SAFE)
        assert any(map(noticed, JOINED.values())) or not any(map(noticed, PAYLOADS.values()))


def test_the_columns_are_found_from_the_tables() -> None:
    found = {f"{table.name}.{column.name}" for table, column in free_text_columns()}
    assert {"household.head_name", "area.name", "visit.remark", "campaign.name_zh", "audit.reason"} <= found
    assert not {"account.role", "visit.mode", "house.grade", "renovation_site.stage", "area.level"} & found


def test_every_text_column_holds_the_payload(stand: Stand, payload: str) -> None:
    with Session(stand.owner) as session:
        assert unfilled(session, payload) == []


@pytest.mark.parametrize("payload", JOINED, indirect=True)
@pytest.mark.parametrize("role", ROLES)
def test_no_answer_lets_the_text_run(
    app: Flask, stand: Stand, client_of: Callable[[str], FlaskClient], payload: str, role: str
) -> None:
    client = client_of(role)
    answered: set[str] = set()
    for route, address, answer in every_page(app, stand, client, payload):
        assert_nothing_can_run(address, answer, payload)
        if answer.status_code < 400:
            answered.add(route)
    # Those are asked for below.
    beyond = {route for route in routes_of(app, role) if "<code>" in route and "/" in payload}
    silent = [route for route in routes_of(app, role) if route not in answered | beyond]
    assert silent == [], "no record of these was there to be looked at"


@pytest.mark.parametrize("payload", IN_ADDRESSES, indirect=True)
@pytest.mark.parametrize("role", ROLES)
def test_no_answer_by_a_hostile_code_lets_the_text_run(
    app: Flask, stand: Stand, client_of: Callable[[str], FlaskClient], payload: str, role: str
) -> None:
    rules = [rule for rule in read_rules(app) if "code" in rule.arguments]
    answered: set[str] = set()
    for route, address, answer in pages_of(rules, stand, client_of(role), payload):
        assert_nothing_can_run(address, answer, payload)
        if answer.status_code < 400:
            answered.add(route)
    assert answered == {route for route in routes_of(app, role) if "<code>" in route}


@pytest.mark.parametrize(
    ("address", "columns"),
    [
        ("/worklists", ["household.address", "visit.household_ref", "visit.visitor"]),
        ("/coverage", ["area.name"]),
        ("/coverage?by=grid", ["grid.name"]),
        ("/accounts", ["account.username", "account.full_name"]),
        ("/audit", ["audit.actor", "audit.reason", "audit.act", "audit.object_kind"]),
        ("/account", ["account.full_name", "session.agent", "session.address"]),
    ],
)
def test_a_page_shows_the_text_letter_by_letter(
    stand: Stand, client_of: Callable[[str], FlaskClient], payload: str, address: str, columns: list[str]
) -> None:
    if address == "/audit":
        # What other tests looked at was written down since, and may fill the first page.
        with stand.owner.connect() as connection:
            hostile = text("select max(id) from audit where actor = :actor")
            newest = connection.scalar(hostile, {"actor": value_of(payload, "audit.actor")})
        address += f"?before={newest + 1}"
    answer = client_of("admin").get(address)
    assert answer.status_code == 200
    tags = Tags()
    tags.feed(answer.text)
    shown = "".join(tags.text)
    assert [name for name in columns if value_of(payload, name) not in shown] == []


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("households", ["household.head_name", "household.address", "household.house_no", "area.name", "grid.name"]),
        ("houses", ["house.structure", "house.address", "house.remark", "appraisal.standard", "appraisal.appraiser"]),
        ("sites", ["renovation_site.remark", "renovation_site.household_ref"]),
        ("visits", ["visit.visitor", "visit.reason", "visit.outcome", "visit.remark", "visit.suspect"]),
    ],
)
def test_a_card_carries_the_text_letter_by_letter(
    stand: Stand, client_of: Callable[[str], FlaskClient], payload: str, kind: str, columns: list[str]
) -> None:
    name = "V1" if kind == "visits" else "H1"
    answer = client_of("supervisor").get(f"/api/v1/{kind}/{stand.keys()[kind][name]}")
    assert answer.mimetype == "application/json"
    words = json.dumps(answer.json, ensure_ascii=False)
    expected = [json.dumps(value_of(payload, column), ensure_ascii=False)[1:-1] for column in columns]
    assert [word for word in expected if word not in words] == []


@pytest.mark.parametrize("typed", EVERY.values(), ids=list(EVERY))
def test_what_is_typed_or_asked_comes_back_as_text(
    client_of: Callable[[str], FlaskClient], stand: Stand, typed: str
) -> None:
    client = client_of("admin")
    word = quote(typed, safe="")
    for address in (
        f"/{word}",
        f"/map?campaign={word}",
        f"/map?area={word}&q={word}",
        f"/coverage?by={word}",
        f"/coverage?area={word}",
        f"/worklists?area={word}",
        f"/audit?actor={word}&act={word}",
        f"/map/setup.json?area={word}",
        f"/map/heat.json?kind={word}",
        f"/api/v1/search?q={word}",
        f"/api/v1/areas/{word}",
        f"/i18n/{word}.json",
    ):
        assert_nothing_can_run(address, client.get(address), typed)


@pytest.mark.parametrize("typed", EVERY.values(), ids=list(EVERY))
def test_a_form_gives_back_what_was_typed_as_text(app: Flask, stand: Stand, typed: str) -> None:
    stranger = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', stranger.get(f"/sign-in?next={quote(typed)}").text)
    assert token is not None
    form = {"csrf_token": token.group(1), "username": typed, "password": typed, "next": typed}
    answer = stranger.post("/sign-in", data=form)
    assert answer.status_code == 401
    assert_nothing_can_run("/sign-in", answer, typed)
    tags = Tags()
    tags.feed(answer.text)
    assert [a["value"] for _, a in tags.opened if a.get("name") == "username"] == [typed[:100]]
    assert all(a["value"].startswith("/") for _, a in tags.opened if a.get("name") == "next")
    admin = app.test_client()
    admin.set_cookie("fangtu_session", stand.tokens["admin"])
    token = re.search(r'name="csrf_token" value="([^"]+)"', admin.get("/accounts").text)
    assert token is not None
    form = {"csrf_token": token.group(1), "username": typed, "full_name": typed, "role": "leader", "areas": typed}
    answer = admin.post("/accounts", data=form)
    assert answer.status_code == 422
    assert_nothing_can_run("/accounts", answer, typed)
