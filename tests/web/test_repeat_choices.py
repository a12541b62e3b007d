"""Second visits of a round on the desk: one joint visit or one that does not count, with a reason, and taken back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from data.folding import fold
from tests.web.conftest import Web
from tests.web.field import NOON, Phone, visit_body
from tests.web.test_sign_in import form_token

ClientAs = Callable[[str | None], FlaskClient]
REASON = "两人同去，已核实"


@pytest.fixture(autouse=True)
def nothing_left(web: Web) -> Iterator[None]:
    yield
    with web.owner.begin() as connection:
        connection.execute(text("delete from repeat_choice"))
        connection.execute(text("delete from field_visit"))
        connection.execute(text("delete from visit where account_id is not null"))


@pytest.fixture
def pair(app: Flask, web: Web) -> tuple[Phone, str, str]:
    """Two inspectors of one village at one household: the first visit and the second, an hour later."""
    with web.owner.begin() as connection:
        connection.execute(
            text("""
                insert into duty (account_id, jur, jur_end)
                select :two, d.jur, d.jur_end from duty d where d.account_id = :one
                   and not exists (select 1 from duty o where o.account_id = :two and o.jur = d.jur)"""),
            {"one": web.accounts["inspector"], "two": web.accounts["inspector_two"]},
        )
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    assert Phone(app, web, "inspector").send(visit_body(web, "H4"), first).status_code == 201
    later = Phone(app, web, "inspector_two")
    assert later.send(visit_body(web, "H4", start=NOON + timedelta(hours=1)), second).status_code == 201
    return later, first, second


def number(web: Web, visit_id: str) -> int:
    return int(row(web, "select no from visit where id = cast(:id as uuid)", id=visit_id)[0])


def row(web: Web, sql: str, **keys: Any) -> Any:
    with web.owner.connect() as connection:
        return connection.execute(text(sql), keys).one()


def counted(web: Web) -> int:
    """Visits of the household that count."""
    home = web.town.households["H4"]
    return int(row(web, "select count(*) from visit where household_id = :id and counts", id=home)[0])


def choose(client: FlaskClient, no: int, choice: str, reason: str = REASON) -> TestResponse:
    token = form_token(client, "/field-work")
    form = {"csrf_token": token, "choice": choice, "reason": reason}
    return client.post(f"/field-work/repeats/{no}", data=form)


def undo(client: FlaskClient, no: int) -> TestResponse:
    return client.post(f"/field-work/repeats/{no}/undo", data={"csrf_token": form_token(client, "/field-work")})


def test_a_second_visit_becomes_one_joint_visit_and_is_taken_back(
    web: Web, client_as: ClientAs, pair: tuple[Phone, str, str]
) -> None:
    phone, _first, second = pair
    no = number(web, second)
    client = client_as("supervisor")
    page = client.get("/field-work").text
    assert "同一轮的重复走访" in page
    assert f"/field-work/repeats/{no}" in page
    assert choose(client, no, "joint", "短").status_code == 303
    assert row(web, "select count(*) from repeat_choice")[0] == 0  # the reason is too short
    choose(client, no, "joint")
    companions = "select companions, companion_ids, counts from visit where no = :no"
    assert tuple(row(web, companions, no=no)) == ("测试inspector", [web.accounts["inspector"]], True)
    page = client.get("/field-work").text
    assert "已处理的重复走访" in page
    assert 'value="joint"' not in page
    (told,) = phone.call("POST", "/api/v1/receipts", json={"ids": [second]}).json["items"]
    assert (told["flags"], told["others"]) == ([], [])
    choose(client, no, "void")  # settled already
    assert tuple(row(web, companions, no=no))[2] is True
    undo(client, no)
    assert tuple(row(web, companions, no=no)) == (None, [], True)
    assert 'value="joint"' in client.get("/field-work").text
    acts = "select array_agg(act order by id) from audit where object_id = :no and act like 'repeat%'"
    assert row(web, acts, no=str(no))[0] == ["repeat_settle", "repeat_undo"]


def test_a_second_visit_does_not_count_any_more_and_counts_again(
    web: Web, client_as: ClientAs, pair: tuple[Phone, str, str]
) -> None:
    no = number(web, pair[2])
    client = client_as("leader")
    assert counted(web) == 2
    choose(client, no, "void", "重复上门，退回")
    assert tuple(row(web, "select counts, verdict, ruling from visit where no = :no", no=no)) == (False, "void", "void")
    fold(web.owner)
    status = "select status from standing where household_id = :id and round_no = 1"
    assert row(web, status, id=web.town.households["H4"])[0] == 1  # the first visit stands
    undo(client, no)
    assert tuple(row(web, "select counts, verdict, ruling from visit where no = :no", no=no)) == (True, "valid", None)


def test_what_was_changed_since_is_not_taken_back(web: Web, client_as: ClientAs, pair: tuple[Phone, str, str]) -> None:
    no = number(web, pair[2])
    client = client_as("supervisor")
    choose(client, no, "joint")
    with web.owner.begin() as connection:
        connection.execute(text("update visit set companions = '别人' where no = :no"), {"no": no})
    undo(client, no)
    assert row(web, "select companions from visit where no = :no", no=no)[0] == "别人"
    assert row(web, "select undone_at from repeat_choice")[0] is None


def test_visits_of_two_days_are_no_joint_visit(app: Flask, web: Web, client_as: ClientAs) -> None:
    second = str(uuid.uuid4())
    assert Phone(app, web, "inspector").send(visit_body(web, "H4")).status_code == 201
    with web.owner.begin() as connection:  # as somebody else's
        connection.execute(text("update visit set visitor = '某甲' where account_id is not null"))
    answer = Phone(app, web, "inspector").send(visit_body(web, "H4", start=NOON + timedelta(days=1)), second)
    assert answer.json["flags"] == ["duplicate"]
    client = client_as("supervisor")
    page = client.get("/field-work").text
    assert 'value="void"' in page
    assert 'value="joint"' not in page
    choose(client, number(web, second), "joint")
    assert row(web, "select count(*) from repeat_choice")[0] == 0


def test_only_who_may_rule_in_the_area_settles(web: Web, client_as: ClientAs, pair: tuple[Phone, str, str]) -> None:
    no = number(web, pair[2])
    for account, status in (("inspector", 403), ("admin", 403), ("outsider", 404)):
        client = client_as(account)
        assert choose(client, no, "void").status_code == status, account
        assert undo(client, no).status_code == status, account
    assert f"/field-work/repeats/{no}" not in client_as("admin").get("/field-work").text
    assert row(web, "select count(*) from repeat_choice")[0] == 0
    # A visit one has made oneself is settled by another.
    with web.owner.begin() as connection:
        connection.execute(
            text("update visit set account_id = :id where no = :no"), {"id": web.accounts["supervisor"], "no": no}
        )
    client = client_as("supervisor")
    choose(client, no, "void")
    assert row(web, "select counts from visit where no = :no", no=no)[0] is True
    assert f"/field-work/repeats/{no}" not in client.get("/field-work").text


def test_a_phone_is_told_who_was_there_and_a_joint_visit_is_no_second_one(
    app: Flask, web: Web, client_as: ClientAs, pair: tuple[Phone, str, str]
) -> None:
    phone, _first, second = pair
    (told,) = phone.call("POST", "/api/v1/receipts", json={"ids": [second]}).json["items"]
    assert told["flags"] == ["duplicate"]
    assert [one["visitor"] for one in told["others"]] == ["测试inspector"]
    body = visit_body(web, "H4", start=NOON + timedelta(hours=1), companions=["测试inspector"], supersedes=second)
    answer = phone.send(body).json
    assert (answer["flags"], answer["others"]) == ([], [])
    open_ones = "select count(*) from visit where household_id = :id and counts and superseded_by is null"
    assert row(web, open_ones, id=web.town.households["H4"])[0] == 2
    assert "同一轮的重复走访" not in client_as("supervisor").get("/field-work").text
