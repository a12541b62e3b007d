"""The page of doubtful visits: own ones for the inspector, rulings by others, and a household's word by its card."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.factory import create_app
from data.cards import ALPHABET, is_well_formed, new_code, plain_code
from data.suspicions import screen
from tests.crowd import EACH, TYPES, WALKS, add_crowd
from tests.web.conftest import Web, commit_web


@pytest.fixture(scope="module")
def trust() -> Iterator[Web]:
    """A township of this module's own: the inspector walks, the leader has typed twelve visits at one spot."""
    made = commit_web("fangtu_test_trust")
    with Session(made.owner) as session, session.begin():
        add_crowd(session, made.town, walks=made.accounts["inspector"], types=made.accounts["leader"])
        screen(session, made.town.campaign_id, 1)
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def site(trust: Web) -> Flask:
    made = create_app(trust.settings)
    made.config["TESTING"] = True
    return made


def call(site: Flask, web: Web, name: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {web.tokens[name]}"}
    answer = site.test_client().open(path, method=method, headers=headers, json=body)
    return answer.status_code, answer.get_json()


def rows_of(site: Flask, web: Web, name: str, query: str = "") -> list[dict[str, Any]]:
    status, body = call(site, web, name, "GET", f"/api/v1/suspicions{query}")
    assert status == 200
    assert body["total"] >= len(body["rows"])
    rows: list[dict[str, Any]] = body["rows"]
    return rows


def visited(web: Web) -> int:
    with Session(web.owner) as session:
        return int(session.scalar(text("select sum(visited) from coverage where round_no = 1")) or 0)


def test_a_supervisor_sees_them_with_evidence_in_words_and_numbers(site: Flask, trust: Web) -> None:
    rows = rows_of(site, trust, "supervisor")
    assert len(rows) >= EACH - 1
    visitors = {row["visitor"] for row in rows}
    assert TYPES in visitors
    assert WALKS not in visitors
    assert all(re.search(r"\d", row["evidence"][0]["sentence"]) for row in rows)
    assert [row["probability"] for row in rows] != []
    client = site.test_client()
    client.set_cookie("fangtu_session", trust.tokens["supervisor"])
    page = client.get("/suspects").get_data(as_text=True)
    assert "虚假入户" in page  # as a choice for the person who rules
    assert "多户在同一处记录" in page
    assert page.count('class="suspect"') == len(rows)


def test_an_inspector_sees_the_own_visits_only_and_others_nothing_outside_their_duty(site: Flask, trust: Web) -> None:
    assert rows_of(site, trust, "inspector") == []
    assert rows_of(site, trust, "inspector_two") == []


def test_nobody_rules_on_the_own_visit(site: Flask, trust: Web) -> None:
    numbers = [row["visit"] for row in rows_of(site, trust, "leader") if row["visitor"] == TYPES]
    before = visited(trust)
    body = {"visits": numbers, "ruling": "genuine", "reason": "我去过，都是真的"}
    status, said = call(site, trust, "leader", "POST", "/api/v1/suspicions/rulings", body)
    assert (status, said["error"]) == (422, "ruling_refused")
    assert visited(trust) == before
    assert {row["state"] for row in rows_of(site, trust, "supervisor")} == {"open"}


def test_the_one_who_made_it_answers_and_nobody_else(site: Flask, trust: Web) -> None:
    number = next(row["visit"] for row in rows_of(site, trust, "leader") if row["is_own"])
    words = {"words": "当天在村部统一补录"}
    assert call(site, trust, "supervisor", "POST", f"/api/v1/suspicions/{number}/answer", words)[0] == 404
    assert call(site, trust, "leader", "POST", f"/api/v1/suspicions/{number}/answer", {"words": "  "})[0] == 422
    assert call(site, trust, "leader", "POST", f"/api/v1/suspicions/{number}/answer", words)[0] == 200
    told = next(row for row in rows_of(site, trust, "supervisor", "?state=answered") if row["visit"] == number)
    assert [note["words"] for note in told["notes"]] == ["当天在村部统一补录"]


def test_a_ruling_needs_a_reason_is_audited_and_coverage_follows_it_and_its_correction(site: Flask, trust: Web) -> None:
    first, second = [row["visit"] for row in rows_of(site, trust, "supervisor") if row["visitor"] == TYPES][:2]
    before = visited(trust)
    rulings = "/api/v1/suspicions/rulings"
    body = {"visits": [first, second], "ruling": "false", "reason": "嗯"}
    assert call(site, trust, "supervisor", "POST", rulings, body)[0] == 422
    assert call(site, trust, "inspector", "POST", rulings, body)[0] == 403
    assert call(site, trust, "outsider", "POST", rulings, {**body, "reason": "两户都说没来"})[0] == 404
    assert call(site, trust, "supervisor", "POST", rulings, {**body, "reason": "两户都说没来"}) == (200, {"ruled": 2})
    assert visited(trust) == before - 2
    with Session(trust.owner) as session:
        audited = session.execute(text("select reason, details from audit where act = 'rule_visit' order by id")).all()
        assert [row.reason for row in audited] == ["两户都说没来"] * 2
        kept = session.execute(text("select verdict, suspect from visit where no = :no"), {"no": first}).one()
        assert (kept.verdict, list(kept.suspect)) == ("ruled_false", [])
    body = {"visits": [first], "ruling": "genuine", "reason": "复核后属实，有合影"}
    assert call(site, trust, "supervisor", "POST", rulings, body)[0] == 200
    assert visited(trust) == before - 1


def test_the_form_rules_on_a_day_and_goes_back_to_the_list(site: Flask, trust: Web) -> None:
    client = site.test_client()
    client.set_cookie("fangtu_session", trust.tokens["supervisor"])
    page = client.get("/suspects?state=open").get_data(as_text=True)
    number = re.search(r'name="visit" value="(\d+)" checked', page)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert number
    assert token
    form = {
        "csrf_token": token[1],
        "visit": number[1],
        "ruling": "void",
        "reason": "重复录入的记录",
        "query": "state=open",
    }
    assert client.post("/suspects/rule", data={**form, "csrf_token": "x"}).status_code == 400
    answer = client.post("/suspects/rule", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/suspects?state=open")
    assert 'role="status"' in client.get("/suspects").get_data(as_text=True)
    ruled = client.get("/suspects?state=ruled").get_data(as_text=True)
    assert '<span class="tag">作废</span>' in ruled
    assert "◆ 存疑</span>" not in ruled  # what a person has ruled on is in doubt no longer


def cards_of(site: Flask, web: Web, name: str = "supervisor") -> list[str]:
    client = site.test_client()
    answer = client.post("/cards.pdf", headers={"Authorization": f"Bearer {web.tokens[name]}"}, data={})
    assert answer.status_code == 200
    words = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages)
    return re.findall(rf"\b([{ALPHABET}]{{5}}-[{ALPHABET}]{{5}})\b", words)


def test_cards_are_made_village_by_village_from_a_page(site: Flask, trust: Web) -> None:
    client = site.test_client()
    headers = {"Authorization": f"Bearer {trust.tokens['supervisor']}"}

    def page() -> str:
        return client.get("/cards", headers=headers).get_data(as_text=True)

    rows = re.findall(
        r'<th scope="row">([^<]+)</th><td class="num"[^>]*>(\d+)</td><td class="num"[^>]*>(\d+)</td>', page()
    )
    households = {name: int(of) for name, of, _cards in rows}
    made = {name: int(cards) for name, _of, cards in rows}
    assert households["测试1村"] >= 5
    assert "不在任何村内" in households  # one household of the township; nobody makes a card for it by accident
    found = re.search(r'action="(/cards\.pdf[^"]*area=990101001001[^"]*)"', page())
    assert found
    answer = client.post(html.unescape(found[1]), headers=headers, data={"page": "1"})
    assert answer.mimetype == "application/pdf"
    # Files of several villages lie in one folder.
    assert "fangtu-cards-990101001001-1.pdf" in answer.headers["Content-Disposition"]
    sheets = PdfReader(BytesIO(answer.data)).pages
    assert len(sheets) == -(-households["测试1村"] // 4)
    words = "".join(one.extract_text() for one in sheets)
    assert len(set(re.findall(rf"\b([{ALPHABET}]{{5}}-[{ALPHABET}]{{5}})\b", words))) == households["测试1村"]
    rows = re.findall(
        r'<th scope="row">([^<]+)</th><td class="num"[^>]*>\d+</td><td class="num"[^>]*>(\d+)</td>', page()
    )
    assert {name: int(cards) for name, cards in rows} == made | {"测试1村": households["测试1村"]}


def speak(client: FlaskClient, code: str, word: str, words: str = "") -> int:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(f"/card/{code}").get_data(as_text=True))
    form = {"csrf_token": token[1] if token else "", "word": word, "words": words}
    return client.post(f"/card/{code}", data=form).status_code


def test_a_card_denies_a_visit_without_an_account_and_names_nobody(site: Flask, trust: Web) -> None:
    codes = cards_of(site, trust)
    assert len(set(codes)) == len(codes) >= 2 * EACH
    assert all(is_well_formed(plain_code(code)) for code in codes)
    client = site.test_client()
    pages = {code: client.get(f"/card/{code}").get_data(as_text=True) for code in codes}
    spoken = [code for code, page in pages.items() if "记录了一次走访" in page]
    assert len(spoken) >= 2 * EACH
    for page in pages.values():
        for personal in ("测户", TYPES, "990101001"):
            assert personal not in page
    before = visited(trust)
    assert speak(client, spoken[0].lower().replace("-", " "), "denied", "没有人来过") == 303
    assert speak(client, spoken[0], "maybe") == 200
    with Session(trust.owner) as session, session.begin():
        read = "select w.word, w.words, v.ruling from card_word w join visit v on v.id = w.visit_id"
        word = session.execute(text(read)).one()
        assert (word.word, word.words, word.ruling) == ("denied", "没有人来过", None)
        assert not any(spoken[0] in str(row) for row in session.execute(text("select * from household_card")))
        screen(session, trust.town.campaign_id, 1)
    assert visited(trust) == before  # a word is evidence, never a ruling
    assert "已收到" in client.get(f"/card/{spoken[0]}?said=1").get_data(as_text=True)
    # New cards end the old ones.
    cards_of(site, trust)
    assert "记录了一次走访" not in client.get(f"/card/{spoken[0]}").get_data(as_text=True)


def test_a_number_that_is_wrong_stays_to_be_compared_with_the_card(site: Flask) -> None:
    page = (
        site.test_client().get("/card/ABCDEFGHJ1", environ_base={"REMOTE_ADDR": "198.51.100.9"}).get_data(as_text=True)
    )
    assert re.search(r'name="code"[^>]* value="ABCDEFGHJ1"', page)


def test_codes_nobody_has_are_answered_alike_and_slowed_down(site: Flask, trust: Web) -> None:
    client = site.test_client()
    place = {"REMOTE_ADDR": "198.51.100.7"}
    answers = {client.get(f"/card/{new_code()}", environ_base=place).status_code for _ in range(10)}
    assert answers == {200}
    slowed = client.get(f"/card/{new_code()}", environ_base=place)
    assert slowed.status_code == 429
    assert int(slowed.headers["Retry-After"]) > 0
    other = client.get(f"/card/{new_code()}", environ_base={"REMOTE_ADDR": "198.51.100.8"})
    assert other.status_code == 200
    assert other.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("place", range(10))
def test_a_wrong_character_or_two_that_changed_places_are_told(place: int) -> None:
    code = plain_code(new_code())
    for letter in ALPHABET:
        if letter != code[place]:
            assert not is_well_formed(code[:place] + letter + code[place + 1 :])
    if place < 9 and code[place] != code[place + 1]:
        assert not is_well_formed(code[:place] + code[place + 1] + code[place] + code[place + 2 :])
