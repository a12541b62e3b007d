"""Signing in and out: sessions and access tokens stand in the database, which keeps only the hash of each token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.askers import Asker
from data.passwords import password_matches
from data.tables import Session as SessionRow
from geo.errors import FangtuError, Text

LIFETIME = {"web": timedelta(hours=12), "token": timedelta(days=90)}


class WrongPassword(FangtuError):
    """Name and password do not belong together; said alike for a name nobody has and a disabled account."""

    code = "wrong_password"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "没有登录：登录名或密码不对。请核对大小写；忘记密码请联系管理员重设。",
                "Not signed in: name or password is not right. Check capitals; your administrator can reset it.",
            )
        )


class TooManyAttempts(FangtuError):
    """This name or address has failed too often and must wait."""

    code = "too_many_attempts"

    def __init__(self, seconds: int) -> None:
        minutes = -(-seconds // 60)
        super().__init__(
            Text(
                f"没有登录：多次输入不对，请 {minutes} 分钟后再试，或联系管理员重设密码。",
                f"Not signed in: too many wrong attempts. Try again in {minutes} min, or ask your administrator.",
            ),
            seconds=seconds,
        )


@dataclass(frozen=True)
class NewSession:
    """A session just opened; the token is known only here and to who receives it."""

    token: str
    expires_at: datetime


def sign_in(
    session: Session,
    username: str,
    password: str,
    *,
    key: bytes,
    address: str | None,
    agent: str | None,
    request_id: str | None,
) -> NewSession | None:
    """Check name and password, note the attempt, and open a web session.

    The caller commits in either case: a failed attempt must stay noted.

    Returns
    -------
    NewSession or None
        None if name and password do not match or the account is disabled.

    Raises
    ------
    TooManyAttempts
        If the name has failed 5 times or the address 20 times in 15 minutes; the password is not looked at then.
    """
    # One attempt per name at a time: four workers asked at once must not each see room for one more.
    session.execute(text("select pg_advisory_xact_lock(hashtextextended('sign-in ' || :name, 0))"), {"name": username})
    wait = session.scalar(text("select sec.must_wait(:name, :address)"), {"name": username, "address": address})
    if wait:
        raise TooManyAttempts(int(wait))
    found = session.execute(text("select * from sec.find_login(:name)"), {"name": username}).one()
    # A name nobody has gives a row of nulls, and takes as long.
    allowed = password_matches(found.password_hash, password) and not found.disabled
    session.execute(
        text("select sec.note_attempt(:name, :address, :allowed, :request)"),
        {"name": username, "address": address, "allowed": allowed, "request": request_id},
    )
    if not allowed:
        return None
    return open_session(session, found.account_id, kind="web", key=key, address=address, agent=agent)


def open_session(
    session: Session, account_id: int, *, kind: str, key: bytes, address: str | None = None, agent: str | None = None
) -> NewSession:
    """Open a session for an account.

    Parameters
    ----------
    kind : str
        ``web`` (12 hours, ends after 30 idle minutes) or ``token`` (90 days).
    key : bytes
        The key the database checks the signature with; it is out of reach of SQL the application sends.
    """
    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).digest()
    expires_at = datetime.now(UTC).replace(microsecond=0) + LIFETIME[kind]
    message = f"{account_id}|{digest.hex()}|{kind}|{int(expires_at.timestamp())}"
    session.execute(
        text("select sec.open_session(:account, :digest, :kind, :expires, :address, :agent, :signature)"),
        {
            "account": account_id,
            "digest": digest,
            "kind": kind,
            "expires": expires_at,
            "address": address,
            "agent": (agent or "")[:300] or None,
            "signature": hmac.new(key, message.encode(), hashlib.sha256).digest(),
        },
    )
    return NewSession(token, expires_at)


def sign_out(session: Session, token: str) -> None:
    """End the session of this token; unknown tokens are ignored."""
    session.execute(text("select sec.leave(:token)"), {"token": token})


def sign_out_others(session: Session) -> int:
    """End every other web session of the asker; the number ended."""
    return int(session.scalar(text("select sec.leave_others()")) or 0)


def end_own(session: Session, digest: bytes) -> bool:
    """End one of the asker's own sessions or tokens, known by its hash; False if it is not the asker's or has ended."""
    return bool(session.scalar(text("select sec.end_own(:digest)"), {"digest": digest}))


def own_sessions(session: Session, asker: Asker) -> list[SessionRow]:
    """Open sessions and tokens of the asker, newest first."""
    return list(
        session.scalars(
            select(SessionRow)
            .where(
                SessionRow.account_id == asker.account_id,
                SessionRow.ended_at.is_(None),
                SessionRow.expires_at > datetime.now(UTC),
                (SessionRow.kind != "web") | (SessionRow.seen_at > datetime.now(UTC) - timedelta(minutes=30)),
            )
            .order_by(SessionRow.seen_at.desc())
        )
    )


def token_digest(token: str) -> bytes:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).digest()
