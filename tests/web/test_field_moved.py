"""Corrections that come in after the duty has moved: what they correct is set aside, and nothing of anybody else's."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.factory import create_app
from data.db import enter
from data.folding import fold
from tests.web.conftest import Web, commit_web
from tests.web.field import NOON, Phone, visit_body


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """A township of these tests' own, since they change it."""
    made = commit_web("fangtu_test_corrections")
    fold(made.owner)
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def app(web: Web) -> Flask:
    return create_app(web.settings)


def row(web: Web, sql: str, **values: Any) -> Any:
    """The only row found."""
    with Session(web.owner) as session:
        return session.execute(text(sql), values).one()


def visit_of(web: Web, visit_id: str) -> Any:
    """A visit as it is stored."""
    return row(web, "select * from visit where id = cast(:id as uuid)", id=visit_id)


def move_duty(web: Web, account: str, low: int) -> None:
    """Give somebody the duty of one village, named by its first number, in place of the one before."""
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("update duty set jur = :low, jur_end = :high where account_id = :account"),
            {"low": low, "high": low + 1000, "account": web.accounts[account]},
        )


@contextmanager
def moved_away(web: Web) -> Iterator[None]:
    """The duty of the second inspector lies in the third village meanwhile."""
    move_duty(web, "inspector_two", 990101001003000)
    try:
        yield
    finally:
        move_duty(web, "inspector_two", 990101001002000)


@pytest.mark.parametrize("first", ["original", "correction"])
def test_a_correction_that_comes_after_the_duty_moved_sets_the_visit_aside_all_the_same(
    web: Web, app: Flask, first: str
) -> None:
    phone, other = Phone(app, web, "inspector_two"), Phone(app, web, "admin")
    code = "H7" if first == "original" else "H10"
    old, new, demand, second = (str(uuid.uuid4()) for _ in range(4))
    raised = {"id": demand, "class": "road", "text": "路灯坏了", "solved": False}
    original = (visit_body(web, code, demands=[raised]), old)
    correction = (visit_body(web, code, supersedes=old, demands=[raised | {"text": "路灯坏了两盏"}]), new)
    early, late = (original, correction) if first == "original" else (correction, original)
    assert phone.send(*early).status_code == 201
    # Somebody else was there too: a second visit as long as that one counts.
    assert other.send(visit_body(web, code, start=NOON + timedelta(days=1)), second).json["flags"] == ["duplicate"]
    with Session(web.owner) as session, session.begin():
        # As where the plan names kinds of visitors.
        session.execute(text("update visit set suspect = '{duplicate}' where id = cast(:id as uuid)"), {"id": second})
    with moved_away(web):
        answer = phone.send(*late)
    assert answer.status_code == 201, answer.text
    assert answer.json["household"] == {"id": None, "status": None}
    assert "household_gone" in answer.json["flags"]
    assert str(visit_of(web, old).superseded_by) == new
    assert visit_of(web, new).superseded_by is None
    kept = row(web, "select * from demand where id = cast(:id as uuid)", id=demand)
    assert (str(kept.visit_id), kept.words) == (new, "路灯坏了两盏")
    # It stays where its household is, whose people have to answer it.
    assert (kept.household_id, kept.jur // 1000) == (web.town.households[code], 990101001002)
    assert visit_of(web, second).suspect == ([] if first == "original" else ["duplicate"])
    counting = "select count(*) from visit where household_id = :home and counts and superseded_by is null"
    assert row(web, counting, home=web.town.households[code])[0] == (1 if first == "original" else 2)


@pytest.mark.parametrize("account", ["inspector_two", "supervisor"])
def test_nobody_sets_aside_what_somebody_else_visited(web: Web, app: Flask, account: str) -> None:
    mine, theirs = (str(uuid.uuid4()) for _ in range(2))
    assert Phone(app, web, "inspector").send(visit_body(web, "H5"), theirs).status_code == 201
    assert Phone(app, web, account).send(visit_body(web, "H6", supersedes=theirs), mine).status_code == 201
    with Session(app.extensions["fangtu"].engine) as session:
        enter(session, web.tokens[account])
        for new in (mine, theirs):
            asked = text("select * from sec.set_aside(cast(:old as uuid), cast(:new as uuid))")
            assert session.execute(asked, {"old": theirs, "new": new}).all() == []
        found = text("select sec.correction_of(cast(:id as uuid), :account, null)")
        assert session.scalar(found, {"id": theirs, "account": web.accounts["inspector"]}) is None
        assert session.scalar(found, {"id": theirs, "account": web.accounts[account]}) == uuid.UUID(mine)
        session.commit()
    assert visit_of(web, theirs).superseded_by is None
