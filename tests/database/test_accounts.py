"""Accounts on the command line's side: what the operator of the machine does, and the demonstration's accounts."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.accounts import (
    EVERYWHERE,
    AccountProblem,
    add_account,
    disable_account,
    find_account,
    list_accounts,
    open_token,
    reset_password,
)
from data.askers import Role
from data.demo import ACCOUNTS, RENOVATED, TOWNSHIP, VILLAGE, open_demo_accounts
from data.passwords import PasswordUnfit, password_matches
from data.sealing import load_secret
from data.settings import Settings
from data.tables import Account, Area, AuditEntry
from data.tables import Session as SessionRow
from tests.township import TOWNSHIP as SMALL
from tests.township import VILLAGES, make_township

PASSWORD = "kettle-Bridge-41"


@pytest.fixture
def town(owner: Session) -> Session:
    make_township(owner)
    return owner


def add(session: Session, username: str = "liang", **changes: object) -> Account:
    values = {
        "full_name": "梁小满",
        "role": Role.INSPECTOR,
        "area_codes": [VILLAGES[0], VILLAGES[2]],
        "password": PASSWORD,
    } | changes
    return add_account(session, username=username, **values)


def test_an_account_has_its_areas_and_a_log_row(town: Session) -> None:
    account = add(town)
    listed = {found.username: areas for found, areas in list_accounts(town)}
    assert [area.code for area in listed["liang"]] == [VILLAGES[0], VILLAGES[2]]
    assert (account.jur, account.jur_end) == (990101001001000, 990101001004000)
    entry = town.scalars(select(AuditEntry).where(AuditEntry.object_id == str(account.id))).one()
    assert (entry.act, entry.actor, entry.jur) == ("account_add", "system", account.jur)
    assert PASSWORD not in str(entry.details)


def test_the_operator_may_give_everything(town: Session) -> None:
    account = add(town, area_codes=["all"])
    assert (account.jur, account.jur_end) == EVERYWHERE


@pytest.mark.parametrize(
    "changes", [{"area_codes": []}, {"area_codes": ["404404404404"]}, {"full_name": " "}, {"username": "a b"}]
)
def test_an_unfit_account_is_refused_in_words(town: Session, changes: dict[str, object]) -> None:
    with pytest.raises(AccountProblem) as refused:
        add(town, **changes)
    assert refused.value.text.zh
    assert refused.value.text.en


def test_a_name_belongs_to_one_account(town: Session) -> None:
    add(town)
    with pytest.raises(AccountProblem):
        add(town)


def test_a_plain_password_is_refused(town: Session) -> None:
    with pytest.raises(PasswordUnfit):
        add(town, password="password1234")


def test_a_token_ends_when_its_account_is_disabled(town: Session, settings: Settings) -> None:
    account = add(town)
    made = open_token(town, account, key=load_secret(settings.key_file, "session"))
    entered = text("select account_id from sec.enter(:token)")
    assert town.scalar(entered, {"token": made.token}) == account.id
    disable_account(town, account)
    assert town.scalar(entered, {"token": made.token}) is None
    assert town.scalars(select(SessionRow.ended_at).where(SessionRow.account_id == account.id)).one() is not None
    with pytest.raises(AccountProblem):
        open_token(town, account, key=load_secret(settings.key_file, "session"))
    disable_account(town, account, disabled=False)
    assert town.scalar(entered, {"token": made.token}) is None


def test_a_session_cannot_be_opened_without_the_key(town: Session) -> None:
    account = add(town)
    with pytest.raises(Exception, match="signature"), town.begin_nested():
        open_token(town, account, key=bytes(32))


def test_a_new_password_makes_a_demo_account_an_ordinary_one(town: Session) -> None:
    account = add(town)
    account.demo = True
    town.flush()
    reset_password(town, account, "another-Bridge-42")
    town.expire_all()
    assert not account.demo
    assert password_matches(account.password_hash, "another-Bridge-42")


def test_an_unknown_name_is_said(town: Session) -> None:
    with pytest.raises(AccountProblem, match="nobody"):
        find_account(town, "nobody")


@pytest.fixture
def sample_areas(owner: Session) -> Session:
    for code, level in ((TOWNSHIP, "township"), (RENOVATED, "township"), (VILLAGE, "village")):
        low = int(code.ljust(15, "0"))
        owner.add(Area(code=code, name=code, level=level, jur=low, jur_end=low + 10 ** (15 - len(code))))
    owner.flush()
    return owner


def test_the_demonstration_has_an_account_for_each_role_and_one_where_houses_were_renovated(
    sample_areas: Session,
) -> None:
    opened = open_demo_accounts(sample_areas, "simple")
    assert [role for _, role in opened] == [Role.INSPECTOR, Role.SUPERVISOR, Role.LEADER, Role.SUPERVISOR, Role.ADMIN]
    again = open_demo_accounts(sample_areas, "other")
    assert again == opened
    for account, areas in list_accounts(sample_areas):
        assert account.demo
        assert len(areas) == 1
        assert password_matches(account.password_hash, "other")
    assert sample_areas.scalar(text("select count(*) from account")) == len(ACCOUNTS)


def test_a_real_account_of_the_same_name_is_left_alone(sample_areas: Session) -> None:
    add(sample_areas, "admin", area_codes=[TOWNSHIP])
    said = []
    opened = open_demo_accounts(sample_areas, "simple", said.append)
    assert "admin" not in [name for name, _ in opened]
    assert len(said) == 1
    assert password_matches(find_account(sample_areas, "admin").password_hash, PASSWORD)


def test_small_township_names_its_areas(town: Session) -> None:
    add(town, "head", role=Role.LEADER, area_codes=[SMALL])
    listed = {found.username: areas for found, areas in list_accounts(town)}
    assert [(area.code, area.name) for area in listed["head"]] == [(SMALL, "测试镇")]
