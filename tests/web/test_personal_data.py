"""Personal numbers: masked everywhere, shown one at a time to who may, for a reason, and written down."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.sealing import SEALED_FIELDS, load_sealer
from data.tables import Household
from tests.web.conftest import ACCOUNTS, Web
from tests.web.routes import all_calls, records_of

ClientAs = Callable[[str | None], FlaskClient]
NUMBERS = {
    "H1": {"phone": "13812345678", "id_number": "990101195001011234", "bank_card": "6222020000001234567"},
    "H6": {"phone": "13987654321", "id_number": "990101196212314321", "bank_card": "6222020000007654321"},
}
MASKED = {"phone": "138****5678", "id_number": "990101************", "bank_card": "************4567"}


@pytest.fixture(scope="module", autouse=True)
def numbers(web: Web) -> Iterator[None]:
    """Seal numbers for two households."""
    sealer = load_sealer(web.settings.key_file)
    with Session(web.owner) as session, session.begin():
        for name, held in NUMBERS.items():
            home = session.get_one(Household, web.town.households[name])
            for field, number in held.items():
                place = SEALED_FIELDS[field]
                setattr(home, place.column, sealer.seal(number, f"household.{place.column}", home.id))
                setattr(home, place.index, sealer.index(number, field))
    yield
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("""update household set id_sealed = null, id_index = null, phone_sealed = null, phone_index = null,
                    card_sealed = null, card_index = null""")
        )


def api(app: Flask, web: Web, account: str) -> Callable[..., tuple[int, dict[str, object]]]:
    def call(path: str, **body: str) -> tuple[int, dict[str, object]]:
        answer = app.test_client().open(
            path,
            method="POST" if body else "GET",
            data=json.dumps(body) if body else None,
            content_type="application/json" if body else None,
            headers={"Authorization": f"Bearer {web.tokens[account]}"},
        )
        return answer.status_code, answer.json

    return call


def card_of(web: Web, household: str = "H1") -> str:
    return f"/api/v1/households/{web.town.households[household]}"


@pytest.mark.parametrize(
    ("account", "name", "can"),
    [
        ("inspector", "赵测一", ["phone"]),
        ("supervisor", "赵测一", ["phone", "id_number", "bank_card"]),
        ("leader", "赵*一", []),
        ("admin", "赵*一", []),
    ],
)
def test_a_card_is_masked_by_role(app: Flask, web: Web, account: str, name: str, can: list[str]) -> None:
    status, card = api(app, web, account)(card_of(web))
    assert status == 200
    assert {field: card[field] for field in MASKED} == MASKED
    assert (card["head_name"], card["head_masked"]) == (name, "*" in name)
    assert card["can_reveal"] == can


def test_a_card_tells_the_visits_and_the_standing(app: Flask, web: Web) -> None:
    _, card = api(app, web, "inspector")(card_of(web))
    assert card["status"] == 1
    assert card["days_unvisited"] is None
    assert len(card["visits"]) == 2
    assert {visit["verdict"] for visit in card["visits"]} == {"valid"}
    assert card["visits"][0]["at"] == "2026-05-01T12:00:00+08:00"
    assert [(house["code"], house["grade"]) for house in card["houses"]] == [("F-H1", "A")]
    _, unvisited = api(app, web, "leader")(card_of(web, "H8"))
    assert unvisited["status"] == 0
    assert unvisited["days_unvisited"] > 0
    assert unvisited["phone"] is None


def test_a_house_a_site_and_a_visit_name_their_household_by_role(app: Flask, web: Web) -> None:
    records = records_of(web, "H6", "admin")
    for path in (
        f"/api/v1/houses/{records['house_id']}",
        f"/api/v1/sites/{records['site_id']}",
        f"/api/v1/visits/{records['no']}",
    ):
        assert api(app, web, "supervisor")(path)[1]["head_name"] == "吴测六", path
        assert api(app, web, "leader")(path)[1]["head_name"] == "吴*六", path


@pytest.mark.parametrize(
    ("account", "field", "status"),
    [
        ("inspector", "phone", 200),
        ("inspector", "id_number", 403),
        ("inspector", "bank_card", 403),
        ("supervisor", "phone", 200),
        ("supervisor", "id_number", 200),
        ("supervisor", "bank_card", 200),
        ("leader", "phone", 403),
        ("admin", "id_number", 403),
        ("supervisor", "head_name", 400),
        ("supervisor", "password_hash", 400),
    ],
)
def test_a_field_is_shown_to_who_may_and_written_down(
    app: Flask, web: Web, account: str, field: str, status: int
) -> None:
    before = _log(web)
    got, body = api(app, web, account)(f"{card_of(web)}/reveal", field=field, reason="核实联系方式")
    assert got == status, body
    if status == 200:
        assert body == {"field": field, "value": NUMBERS["H1"][field]}
        written = _log(web)[len(before) :]
        key = str(web.town.households["H1"])
        assert written == [(account, "reveal", "household", key, [field], "核实联系方式")]
    else:
        assert _log(web) == before
        assert NUMBERS["H1"].get(field, "none") not in str(body)


@pytest.mark.parametrize("reason", ["", "abc", "   a  b ", "\t\n", "ab\0\0\0", "a\ud800b"])
def test_without_a_reason_nothing_is_shown(app: Flask, web: Web, reason: str) -> None:
    before = _log(web)
    status, body = api(app, web, "supervisor")(f"{card_of(web)}/reveal", field="phone", reason=reason)
    assert (status, body["error"]) == (422, "reason_too_short")
    assert _log(web) == before


@pytest.mark.parametrize("body", [[], {}, {"field": "phone"}, {"field": 1, "reason": "abcd"}, "x", 7])
def test_a_badly_formed_wish_is_refused(app: Flask, web: Web, body: object) -> None:
    answer = app.test_client().post(
        f"{card_of(web)}/reveal", json=body, headers={"Authorization": f"Bearer {web.tokens['supervisor']}"}
    )
    assert answer.status_code == 400
    assert set(answer.json) == {"error", "message", "details"}


def test_no_log_row_no_data(app: Flask, web: Web) -> None:
    """If the log cannot be written, the number is not shown."""
    with Session(web.owner) as session, session.begin():
        session.execute(text("revoke insert on audit from fangtu_app"))
    try:
        status, body = api(app, web, "supervisor")(f"{card_of(web)}/reveal", field="phone", reason="核实联系方式")
    finally:
        with Session(web.owner) as session, session.begin():
            session.execute(text("grant insert on audit to fangtu_app"))
    assert status == 500
    assert NUMBERS["H1"]["phone"] not in str(body)


def test_a_number_copied_to_another_household_does_not_open(app: Flask, web: Web) -> None:
    one, other = web.town.households["H1"], web.town.households["H2"]
    with Session(web.owner) as session, session.begin():
        session.execute(
            text(
                "update household set phone_sealed = (select phone_sealed from household where id = :one) where id = :o"
            ),
            {"one": one, "o": other},
        )
    try:
        status, body = api(app, web, "inspector")(card_of(web, "H2"))
    finally:
        with Session(web.owner) as session, session.begin():
            session.execute(text("update household set phone_sealed = null where id = :other"), {"other": other})
    assert (status, body["error"]) == (500, "seal_broken")


@pytest.mark.parametrize(
    ("account", "words", "found"),
    [
        ("inspector", "138-1234-5678", ["H1"]),
        ("inspector", "13987654321", []),
        ("inspector", "990101195001011234", []),
        ("supervisor", "990101196212314321", ["H6"]),
        ("supervisor", "1381234567", []),
        ("leader", "13812345678", []),
        ("admin", "990101195001011234", []),
    ],
)
def test_a_whole_number_finds_its_household_for_who_may_see_it(
    app: Flask, web: Web, account: str, words: str, found: list[str]
) -> None:
    before = len(_log(web))
    _, body = api(app, web, account)(f"/api/v1/search?q={words}")
    assert [row["code"] for row in body["households"]] == found
    assert words not in str(_log(web)[before:])
    if found:
        assert _log(web)[-1][:2] == (account, "search_number")


def test_a_leader_finds_a_name_only_by_writing_it_in_full(app: Flask, web: Web) -> None:
    ask = api(app, web, "leader")
    assert ask("/api/v1/search?q=赵测")[1]["households"] == []
    assert [row["head_name"] for row in ask("/api/v1/search?q=赵测一")[1]["households"]] == ["赵*一"]
    assert [row["code"] for row in api(app, web, "supervisor")("/api/v1/search?q=赵测")[1]["households"]] == ["H1"]


@pytest.mark.parametrize("account", ACCOUNTS)
def test_no_read_holds_a_whole_number(app: Flask, web: Web, account: str) -> None:
    for household in NUMBERS:
        for call in all_calls(app, records_of(web, household, "inspector")):
            if call.method != "GET":
                continue
            body = app.test_client().get(call.path, headers={"Authorization": f"Bearer {web.tokens[account]}"}).data
            for held in NUMBERS.values():
                for number in held.values():
                    assert number.encode() not in body, call


def test_the_log_is_read_by_the_administrator_of_the_place(app: Flask, web: Web, client_as: ClientAs) -> None:
    api(app, web, "supervisor")(f"{card_of(web)}/reveal", field="phone", reason="日志页面的原因")
    assert "日志页面的原因" in client_as("admin").get("/audit").text
    assert "日志页面的原因" in client_as("admin").get("/audit?act=reveal&actor=supervisor").text
    assert "日志页面的原因" not in client_as("admin").get("/audit?act=sign_in").text


def _log(web: Web) -> list[tuple[object, ...]]:
    with Session(web.owner) as session:
        rows = session.execute(
            text(
                "select actor, act, object_kind, object_id, fields, reason from audit"
                " where act not like 'sign%' order by id"
            )
        )
        return [tuple(row) for row in rows]
