"""Codes of files: who may follow, make and end one, and what labels show."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.cards import new_code, plain_code
from tests.township import VILLAGES
from tests.web.conftest import Web
from tests.web.test_household_paper import words_of
from tests.web.test_renovation_pages import Hand

CODE = re.compile(r'<strong class="nowrap">([0-9A-Z]{5}-[0-9A-Z]{5})</strong>')


@pytest.fixture(autouse=True)
def clean(web: Web) -> Iterator[None]:
    """No codes and no attempts before, and none after."""
    for _when in ("before", "after"):
        with Session(web.owner) as session, session.begin():
            session.execute(text("delete from file_code"))
            session.execute(text("delete from card_attempt"))
        if _when == "before":
            yield


def give(app: Flask, web: Web, household: str) -> str:
    hand, home = Hand(app, web), web.town.households[household]
    assert hand.post(f"/households/{home}/code").status_code == 303
    found = CODE.search(hand.get(f"/households/{home}").text)
    assert found
    return plain_code(found[1])


def test_a_code_leads_to_the_household_inside_the_area_of_duty_only(app: Flask, web: Web) -> None:
    code, home = give(app, web, "H1"), web.town.households["H1"]
    for account in ("supervisor", "inspector", "leader"):
        answer = Hand(app, web, account).get(f"/h/{code}")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/households/{home}")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert Hand(app, web, "outsider").get(f"/h/{code}").status_code == 404


def test_unknown_ended_and_foreign_codes_are_answered_with_the_same_words(app: Flask, web: Web) -> None:
    dead = give(app, web, "H1")
    alive = give(app, web, "H1")
    assert dead != alive
    foreign = give(app, web, "H6")  # another village than the inspector's
    asks = Hand(app, web, "inspector")
    answers = [asks.get(f"/h/{code}") for code in (plain_code(new_code()), "nonsense", dead, foreign)]
    assert {answer.status_code for answer in answers} == {404}
    told = {re.sub(r'csrf[^>]*>|/h/[^"&]*', "", answer.text) for answer in answers}
    assert len(told) == 1
    assert asks.get(f"/h/{alive}").status_code == 302


def test_a_code_asks_for_sign_in_first_and_comes_back(app: Flask, web: Web) -> None:
    code = give(app, web, "H1")
    answer = app.test_client().get(f"/h/{code}", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/sign-in?next=/h/{code}")


def test_ten_codes_that_lead_nowhere_make_that_account_wait_and_no_other(app: Flask, web: Web) -> None:
    code = give(app, web, "H1")
    asks = Hand(app, web, "inspector")
    assert [asks.get("/h/nonsense").status_code for _ in range(10)] == [404] * 10
    waits = asks.get(f"/h/{code}")
    assert waits.status_code == 429
    assert Hand(app, web, "leader").get(f"/h/{code}").status_code == 302


def test_only_supervisors_and_administrators_give_codes_and_it_stands_in_the_log(app: Flask, web: Web) -> None:
    home = web.town.households["H1"]
    for account in ("inspector", "leader"):
        assert Hand(app, web, account).post(f"/households/{home}/code").status_code == 403
    assert Hand(app, web, "outsider").post(f"/households/{home}/code").status_code in (403, 404)
    count = text("select count(*) from audit where act = 'file_code' and object_id = :id")
    with Session(web.owner) as session:
        before = session.scalar(count, {"id": str(home)})
    give(app, web, "H1")
    give(app, web, "H1")
    with Session(web.owner) as session:
        assert session.scalar(count, {"id": str(home)}) == before + 2
        assert session.scalar(text("select count(*) from file_code where ended_at is null")) == 1


def test_labels_of_a_village_name_nobody_and_keep_the_codes_in_force(app: Flask, web: Web) -> None:
    kept = give(app, web, "H1")
    hand = Hand(app, web)
    made = hand.post("/houses/labels.pdf", village=VILLAGES[0])
    assert made.mimetype == "application/pdf"
    told = words_of(made.data)
    with Session(web.owner) as session:
        homes = session.execute(
            text("""select h.code, h.head_name, a.name from household h join area a on a.id = h.village_id
                     where a.code = :code and h.removed_at is null"""),
            {"code": VILLAGES[0]},
        ).all()
        codes = session.scalar(text("select count(*) from file_code where ended_at is null"))
        logged = session.scalar(
            text("select count(*) from audit where act = 'file_labels' and object_id = :code"), {"code": VILLAGES[0]}
        )
    assert codes == len(homes) > 1
    assert logged >= 1
    assert f"{kept[:5]}-{kept[5:]}" in told
    for home in homes:
        assert home.name in told
        assert home.head_name not in told
    again = words_of(hand.post("/houses/labels.pdf", village=VILLAGES[0]).data)
    assert again == told
    assert hand.post("/houses/labels.pdf", village="000").status_code == 422
    assert Hand(app, web, "outsider").post("/houses/labels.pdf", village=VILLAGES[0]).status_code in (403, 422)


def test_the_cover_of_the_file_on_paper_has_the_code(app: Flask, web: Web) -> None:
    home = web.town.households["H1"]
    hand = Hand(app, web)
    assert "户码" not in words_of(hand.get(f"/households/{home}/file.pdf").data)
    code = give(app, web, "H1")
    assert f"户码 {code[:5]}-{code[5:]}" in words_of(hand.get(f"/households/{home}/file.pdf").data)


def test_the_page_of_a_household_holds_houses_renovations_and_their_money(app: Flask, web: Web) -> None:
    home = web.town.households["H6"]
    told = Hand(app, web).read(f"/households/{home}")
    for expected in ("房屋与鉴定", "走访记录", "诉求与标注", "应补", "户编号"):
        assert expected in told, expected
    assert "应补" not in Hand(app, web, "inspector_two").read(f"/households/{home}")


def test_what_a_household_asked_for_and_what_was_marked_stands_on_its_page(app: Flask, web: Web) -> None:
    home = web.town.households["H1"]
    assert "没有诉求，也没有标注。" in Hand(app, web).read(f"/households/{home}")
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("""
                insert into demand (id, visit_id, campaign_id, household_id, jur, account_id, class_key, words, solved,
                                    raised_at)
                select gen_random_uuid(), id, campaign_id, household_id, jur, :account, 'water', '水管<b>漏水', false,
                       now()
                  from visit where household_id = :id order by no limit 1"""),
            {"id": home, "account": web.accounts["inspector"]},
        )
    try:
        page = Hand(app, web).get(f"/households/{home}").text
        assert "水管&lt;b&gt;漏水" in page
        assert "未当场解决" in page
        assert "水管" in words_of(Hand(app, web).get(f"/households/{home}/file.pdf").data)
    finally:
        with Session(web.owner) as session, session.begin():
            session.execute(text("delete from demand where words like '水管%'"))
