"""Accounts (账号): adding, listing, disabling, passwords and areas of duty (辖区).

The same functions serve the administrator's page, where row-level security keeps them inside the administrator's own
area, and the machine's operator on the command line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE, CodeUnknown, area_range
from data.askers import Asker, RecordUnknown, Role
from data.audit import record
from data.passwords import check_new_password, hash_password, password_matches
from data.sessions import NewSession, WrongPassword, open_session
from data.tables import Account, Area, Duty, Grid
from data.tables import Session as SessionRow
from geo.errors import FangtuError, Text

ALL_CODE = "all"
USERNAME = re.compile(r"[A-Za-z0-9_.\-一-鿿]{2,40}")


class AccountProblem(FangtuError):
    """An account cannot be made or changed as asked."""

    code = "account_problem"


class DemoPasswords(FangtuError):
    """Accounts of the demonstration are still open in a start that is not the demonstration."""

    code = "demo_passwords"


@dataclass(frozen=True)
class DutyArea:
    """One area of duty: its range of jurisdiction numbers, and code and name if an area of that range is known."""

    jur: int
    jur_end: int
    code: str | None
    name: str | None


def list_accounts(session: Session) -> list[tuple[Account, list[DutyArea]]]:
    """Accounts the asker administers (all for the operator), by name, with their areas of duty."""
    accounts = list(session.scalars(select(Account).order_by(Account.disabled_at.is_not(None), Account.username)))
    duties: dict[int, list[DutyArea]] = {account.id: [] for account in accounts}
    for duty in session.scalars(select(Duty).where(Duty.account_id.in_(duties)).order_by(Duty.jur)):
        duties[duty.account_id].append(_named(session, duty.jur, duty.jur_end))
    return [(account, duties[account.id]) for account in accounts]


def own_duty(session: Session, asker: Asker) -> list[DutyArea]:
    """The asker's own areas of duty with their names."""
    return [_named(session, low, high) for low, high in asker.duty]


def add_account(
    session: Session,
    *,
    username: str,
    full_name: str,
    role: Role,
    area_codes: Sequence[str],
    password: str,
) -> Account:
    """Add an account.

    Parameters
    ----------
    username : str
        2–40 letters, digits, Chinese characters, ``_ . -``; nobody else's.
    full_name : str
        Name people read.
    role : Role
        What the account may do.
    area_codes : sequence of str
        Codes of areas or grids, or ``all`` (operator only); at least one.
    password : str
        First password; must keep the rule.

    Raises
    ------
    AccountProblem
        If the name is taken or badly formed, no area is named, or an area is unknown or not the asker's.
    PasswordUnfit
        If the password breaks the rule.
    """
    username, full_name = username.strip(), full_name.strip()
    if not USERNAME.fullmatch(username):
        raise AccountProblem(
            Text(
                f"登录名“{username}”不合要求：2–40 个字母、数字、汉字或 _ . -。",
                f"The sign-in name '{username}' is not fit: 2 to 40 letters, digits, Chinese characters or _ . -",
            ),
            column="username",
            found=username,
        )
    if not full_name or len(full_name) > 60:
        raise AccountProblem(
            Text("请填写姓名，最多 60 个字。", "Give the person's name, at most 60 characters."), column="full_name"
        )
    check_new_password(password, username)
    ranges = _ranges(session, area_codes)
    _refuse_taken(session, username)
    account = Account(
        username=username,
        full_name=full_name,
        role=role.value,
        password_hash=hash_password(password),
        jur=min(low for low, _ in ranges),
        jur_end=max(high for _, high in ranges),
    )
    session.add(account)
    session.flush()
    set_duty(session, account, ranges)
    record(
        session,
        act="account_add",
        object_kind="account",
        object_id=account.id,
        details={"username": username, "role": role.value, "duty": [list(part) for part in ranges]},
        jur=account.jur,
    )
    return account


def find_account(session: Session, username: str) -> Account:
    """The account of that name, among those the asker may see.

    Raises
    ------
    AccountProblem
        If there is none.
    """
    account = session.scalar(select(Account).where(Account.username == username))
    if account is None:
        raise AccountProblem(
            Text(
                f"没有登录名为“{username}”的账号。./fangtu user list 列出全部。",
                f"There is no account '{username}'. ./fangtu user list shows all.",
            ),
            found=username,
        )
    return account


def set_duty(session: Session, account: Account, ranges: Sequence[tuple[int, int]]) -> None:
    """Give an account exactly these areas of duty, as ranges ``[from, to)`` of jurisdiction numbers."""
    there = session.scalars(select(Duty).where(Duty.account_id == account.id))
    known = {(duty.jur, duty.jur_end): duty for duty in there}
    for part in set(known) - set(ranges):
        session.delete(known[part])
    for low, high in ranges:
        if (low, high) not in known:
            session.add(Duty(account_id=account.id, jur=low, jur_end=high))
    session.flush()


def account_by_key(session: Session, account_id: int) -> Account:
    """The account with that key, among those the asker administers.

    Raises
    ------
    RecordUnknown
        If there is none.
    """
    account = session.get(Account, account_id)
    if account is None:
        raise RecordUnknown
    return account


def disable_account(session: Session, account: Account, *, disabled: bool = True) -> None:
    """Disable an account, which also ends its sessions and tokens, or open it again.

    Raises
    ------
    AccountProblem
        If askers would disable themselves.
    """
    asker: Asker | None = session.info.get("asker")
    if asker is not None and asker.account_id == account.id:
        raise AccountProblem(
            Text(
                "不能停用自己的账号。请由另一位管理员办理。",
                "You cannot disable your own account; ask another administrator.",
            )
        )
    account.disabled_at = datetime.now(UTC) if disabled else None
    session.flush()
    if disabled:
        end_sessions(session, account)
    record(
        session,
        act="account_disable" if disabled else "account_enable",
        object_kind="account",
        object_id=account.id,
        jur=account.jur,
    )


def reset_password(session: Session, account: Account, password: str) -> None:
    """Give an account a new password and end its sessions; a demonstration account becomes an ordinary one.

    Raises
    ------
    PasswordUnfit
        If the password breaks the rule.
    """
    check_new_password(password, account.username)
    session.execute(
        update(Account)
        .where(Account.id == account.id)
        .values(
            password_hash=hash_password(password), password_changed_at=func.now(), updated_at=func.now(), demo=False
        )
        .execution_options(synchronize_session=False)
    )
    end_sessions(session, account)
    record(session, act="password_reset", object_kind="account", object_id=account.id, jur=account.jur)


def change_own_password(session: Session, asker: Asker, *, old: str, new: str) -> None:
    """Change the asker's own password; the other web sessions end.

    Raises
    ------
    WrongPassword
        If ``old`` is not the present password.
    PasswordUnfit
        If ``new`` breaks the rule.
    """
    if not password_matches(session.scalar(text("select sec.own_password_hash()")), old):
        raise WrongPassword
    check_new_password(new, asker.username)
    session.execute(text("select sec.set_own_password(:hash)"), {"hash": hash_password(new)})
    session.execute(text("select sec.leave_others()"))
    record(session, act="password_change", object_kind="account", object_id=asker.account_id, jur=_home(session, asker))


def open_own_token(session: Session, asker: Asker, *, password: str, key: bytes) -> NewSession:
    """Open an access token for the asker's own programs; it does what the asker may do, for 90 days.

    Raises
    ------
    WrongPassword
        If the password is not the asker's.
    """
    if not password_matches(session.scalar(text("select sec.own_password_hash()")), password):
        raise WrongPassword
    opened = open_session(session, asker.account_id, kind="token", key=key)
    record(session, act="token_add", object_kind="account", object_id=asker.account_id, jur=_home(session, asker))
    return opened


def open_token(session: Session, account: Account, *, key: bytes) -> NewSession:
    """Open an access token for an account, on the command line.

    Raises
    ------
    AccountProblem
        If the account is disabled.
    """
    if account.disabled_at is not None:
        raise AccountProblem(
            Text(
                f"账号“{account.username}”已停用，不能生成令牌。",
                f"The account '{account.username}' is disabled; no token can be made.",
            ),
            found=account.username,
        )
    opened = open_session(session, account.id, kind="token", key=key)
    record(session, act="token_add", object_kind="account", object_id=account.id, jur=account.jur)
    return opened


def end_sessions(session: Session, account: Account) -> None:
    """End all sessions and tokens of an account."""
    if session.info.get("asker") is not None:
        session.execute(text("select sec.end_sessions(:account)"), {"account": account.id})
    else:
        session.execute(
            update(SessionRow)
            .where(SessionRow.account_id == account.id, SessionRow.ended_at.is_(None))
            .values(ended_at=func.now())
            .execution_options(synchronize_session=False)
        )


def _home(session: Session, asker: Asker) -> int:
    return session.scalar(select(Account.jur).where(Account.id == asker.account_id)) or 0


def _refuse_taken(session: Session, username: str) -> None:
    # Names are unique over all areas, so the check must see those outside the asker's own.
    if session.execute(text("select account_id from sec.find_login(:name)"), {"name": username}).scalar() is not None:
        raise AccountProblem(
            Text(
                f"登录名“{username}”已有人使用。请换一个。", f"The sign-in name '{username}' is taken. Choose another."
            ),
            column="username",
            found=username,
        )


def _ranges(session: Session, codes: Sequence[str]) -> list[tuple[int, int]]:
    asker: Asker | None = session.info.get("asker")
    ranges: list[tuple[int, int]] = []
    for code in dict.fromkeys(code.strip() for code in codes if code.strip()):
        found = EVERYWHERE if code == ALL_CODE else _range_of(session, code)
        if found is None or (asker is not None and not asker.covers(*found)):
            raise AccountProblem(
                Text(
                    f"没有代码为“{code}”的辖区，或它不在您的辖区内。",
                    f"There is no area with the code '{code}', or it is not inside your area of duty.",
                ),
                column="area",
                found=code,
            )
        ranges.append(found)
    if not ranges:
        raise AccountProblem(
            Text("请至少指定一个辖区（代码）。", "Name at least one area of duty (its code)."), column="area"
        )
    return ranges


def _range_of(session: Session, code: str) -> tuple[int, int] | None:
    try:
        return area_range(session, code)
    except CodeUnknown:
        return None


def _named(session: Session, low: int, high: int) -> DutyArea:
    if (low, high) == EVERYWHERE:
        return DutyArea(low, high, ALL_CODE, None)
    row = (
        session.execute(
            select(Area.code, Area.name)
            .where(Area.jur == low, Area.jur_end == high, Area.level.not_in(("natural_village", "group")))
            .where(Area.valid_to.is_(None))
            .limit(1)
        ).first()
        or session.execute(select(Grid.code, Grid.name).where(Grid.jur == low, Grid.jur_end == high)).first()
    )
    return DutyArea(low, high, row.code if row else None, row.name if row else None)
