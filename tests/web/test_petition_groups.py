"""Petitions: how to reach the sender, for a reason; and the key group a household is in while one is open."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.web.conftest import Web
from tests.web.test_monitoring import PETITION
from tests.web.test_renovation_pages import Hand


@pytest.fixture(autouse=True)
def clean(web: Web) -> None:
    with Session(web.owner) as session, session.begin():
        session.execute(text("delete from petition"))
        session.execute(text("update household set key_groups = '{}'"))


def groups(web: Web, household: str) -> list[str]:
    with Session(web.owner) as session:
        return list(
            session.scalar(
                text("select key_groups from household where id = :id"), {"id": web.town.households[household]}
            )
            or []
        )


def counted(web: Web) -> int:
    """Households of the group in the round that stands, as they are counted."""
    with Session(web.owner) as session:
        return int(
            session.scalar(text("select coalesce(sum(eligible), 0) from coverage_part where key_group = 'petitioner'"))
            or 0
        )


def entered(hand: Hand, web: Web, household: str = "H2", **more: str) -> str:
    answer = hand.post("/petitions", **(PETITION | more), household=web.town.households[household])
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def changed(hand: Hand, where: str, revision: int, **more: str) -> None:
    answer = hand.post(where, **(PETITION | more), revision=str(revision))
    assert answer.status_code == 303, answer.text


ANSWERED = {"answer": "已答复并整改", "answered_on": "2026-05-10"}


def test_an_open_petition_puts_the_household_among_the_petitioners(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    before = counted(web)
    where = entered(hand, web)
    assert groups(web, "H2") == ["petitioner"]
    assert counted(web) == before + 1
    # Answered and not satisfied is open still; nobody knows yet is closed.
    changed(hand, where, 1, **ANSWERED, satisfaction="unsatisfied")
    assert groups(web, "H2") == ["petitioner"]
    changed(hand, where, 2, **ANSWERED, satisfaction="satisfied")
    assert groups(web, "H2") == []
    assert counted(web) == before


def test_two_of_one_household_count_until_both_are_closed(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    first, second = entered(hand, web), entered(hand, web)
    changed(hand, first, 1, **ANSWERED)
    assert groups(web, "H2") == ["petitioner"]
    changed(hand, second, 1, **ANSWERED)
    assert groups(web, "H2") == []


def test_what_a_ledger_said_stays_when_the_petition_is_closed(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("update household set key_groups = '{petitioner}' where id = :id"), {"id": web.town.households["H2"]}
        )
    where = entered(hand, web)
    changed(hand, where, 1, **ANSWERED)
    assert groups(web, "H2") == ["petitioner"]


def test_a_ledger_that_comes_in_again_takes_nobody_out(app: Flask, web: Web) -> None:
    entered(Hand(app, web), web)
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("update household set key_groups = '{lone_elder}' where id = :id"), {"id": web.town.households["H2"]}
        )
    assert groups(web, "H2") == ["lone_elder", "petitioner"]


def test_the_contact_is_shown_for_a_reason_that_is_written_down(app: Flask, web: Web) -> None:
    hand = Hand(app, web)
    where = entered(hand, web)
    number = PETITION["contact"]
    assert number not in hand.get(where).text
    refused = hand.post(f"{where}/contact", reason="看")
    assert refused.status_code == 422
    assert number not in refused.text
    shown = hand.post(f"{where}/contact", reason="回访核实处理情况")
    assert number in shown.text
    assert "no-store" in shown.headers["Cache-Control"]
    with Session(web.owner) as session:
        row = session.execute(
            text("select fields, reason from audit where act = 'reveal' and object_kind = 'petition'")
        ).one()
    assert (row.fields, row.reason) == (["contact"], "回访核实处理情况")
    assert number not in hand.get(where).text
    for who, status in (("leader", 403), ("inspector", 403), ("outsider", 404)):
        answer = Hand(app, web, who).post(f"{where}/contact", reason="回访核实处理情况")
        assert answer.status_code in (status, 403), who
        assert number not in answer.text, who
