"""Who is signed in, and the one database transaction of a request: opened when first needed, committed before the
answer leaves, rolled back when the answer is a refusal or an error."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask, Request, Response, current_app, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin
from sqlalchemy import Engine
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from data.askers import Asker, Role, read_ranges
from data.audit import Origin, bind_asker
from data.db import enter
from data.sealing import Sealer
from data.settings import Settings
from geo.errors import FangtuError, Text

COOKIE = "fangtu_session"
# A page that asks by itself, with nobody acting, sends this header.
UNATTENDED = "X-Fangtu-Unattended"


class SignInNeeded(FangtuError):
    """Nobody is signed in, or the session has ended."""

    code = "sign_in_needed"

    def __init__(self) -> None:
        super().__init__(
            Text("请先登录，登录后会回到这一页。", "Please sign in; you come back to this page afterwards.")
        )


@dataclass(frozen=True)
class Store:
    """What a running application holds: settings, connections and keys."""

    settings: Settings
    engine: Engine
    sealer: Sealer
    session_key: bytes


class FormCookies(SecureCookieSessionInterface):
    """Flask's own cookie, which holds only the form token; kept to https wherever the request came by https."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The form token; without its cookie an empty one, for which no key is made ready."""
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the browser may send it over https only."""
        return request.is_secure


class SignedIn(UserMixin):
    """The asker in the form Flask-Login wants."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.id = asker.account_id


def store() -> Store:
    """Settings, connections and keys of the running application."""
    held: Store = current_app.extensions["fangtu"]
    return held


def bearer_of(authorization: str) -> str | None:
    """Token of an ``Authorization: Bearer`` header; a request with one uses no cookie."""
    kind, _, token = authorization.partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def token_of(authorization: str, cookies: Mapping[str, str]) -> str | None:
    """The token a request proves itself with, from the header or the cookie."""
    bearer = bearer_of(authorization)
    token = bearer if bearer is not None else cookies.get(COOKIE)
    # The database takes no NUL in a text, and no token has one; a cookie may spell it out.
    return None if token and "\0" in token else token


def bearer_token() -> str | None:
    """Token of this request's ``Authorization`` header."""
    return bearer_of(request.headers.get("Authorization", ""))


def session_token() -> str | None:
    """The token this request proves itself with."""
    return token_of(request.headers.get("Authorization", ""), request.cookies)


def new_number() -> str:
    """A number for a request, that its audit rows and its line in the log share."""
    return secrets.token_hex(8)


def origin() -> Origin:
    """Address and number of this request."""
    return Origin(address=request.remote_addr, request_id=g.get("request_id"))


def db() -> Session:
    """The request's session, in one transaction that the database has entered with the caller's token."""
    if "fangtu_db" not in g:
        session = Session(store().engine, expire_on_commit=False)
        g.fangtu_db = session
        g.fangtu_asker = _as_asker(enter(session, session_token(), seen=UNATTENDED not in request.headers))
        bind_asker(session, g.fangtu_asker, origin())
    held: Session = g.fangtu_db
    return held


def release() -> None:
    """End the request's transaction and give its connection back; the next :func:`db` proves the session anew."""
    session: Session | None = g.pop("fangtu_db", None)
    g.pop("fangtu_asker", None)
    if session is not None:
        try:
            session.commit()
        finally:
            # Also where it fails: nothing else knows the session any more, and its locks would outlive the request.
            session.close()


def give_up() -> None:
    """Take back what the request's transaction has written; the next :func:`db` begins anew."""
    session: Session | None = g.pop("fangtu_db", None)
    g.pop("fangtu_asker", None)
    if session is not None:
        session.rollback()
        session.close()


def asker_or_none() -> Asker | None:
    """Who is signed in, or None; without a token the database is not asked."""
    if "fangtu_asker" not in g:
        if not session_token():
            return None
        db()
    found: Asker | None = g.fangtu_asker
    return found


def known_asker() -> Asker | None:
    """Who is signed in as far as this request has found out; never asks the database (for error pages)."""
    found: Asker | None = g.get("fangtu_asker")
    return found


def asker() -> Asker:
    """Who is signed in.

    Raises
    ------
    SignInNeeded
        If nobody is.
    """
    found = asker_or_none()
    if found is None:
        raise SignInNeeded
    return found


@contextmanager
def outside() -> Iterator[Session]:
    """A short transaction of its own, before sign-in: what it writes stays although the answer is a refusal."""
    with Session(store().engine) as session, session.begin():
        bind_asker(session, None, origin())
        yield session


def init_app(app: Flask) -> None:
    """Tie transaction and sign-in to each request of the application."""
    app.session_interface = FormCookies()
    login = LoginManager(app)
    login.session_protection = None  # the session table does this; Flask's cookie says nothing about who asks
    login.request_loader(_load_user)
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_appcontext(_drop)


def _load_user(_request: Request) -> SignedIn | None:
    found = asker_or_none()
    return SignedIn(found) if found else None


def _begin() -> None:
    g.request_id = new_number()


def _finish(response: Response) -> Response:
    session: Session | None = g.get("fangtu_db")
    if session is not None and not g.get("fangtu_finished"):
        g.fangtu_finished = True
        if response.status_code < 400:
            session.commit()
        else:
            session.rollback()
    return response


def _drop(_error: BaseException | None) -> None:
    session: Session | None = g.pop("fangtu_db", None)
    if session is not None:
        session.close()


def _as_asker(row: Row[tuple[object, ...]] | None) -> Asker | None:
    if row is None:
        return None
    return Asker(
        account_id=row.account_id,
        username=row.username,
        full_name=row.full_name,
        role=Role(row.role),
        language=row.language,
        duty=read_ranges(row.duty),
        demo=row.demo,
    )
