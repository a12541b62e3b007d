"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask import session as form_session
from werkzeug.wrappers import Response as AnyResponse

from app.access import public, require
from app.errors import status_of
from app.language import language
from app.redirects import safe_next
from app.session import COOKIE, asker_or_none, db, origin, outside, session_token, store
from data.sessions import NewSession, TooManyAttempts, WrongPassword, sign_in, sign_out
from geo.errors import FangtuError

bp = Blueprint("signin", __name__)


@bp.get("/sign-in")
@public
def page() -> AnyResponse:
    """The sign-in page; who is signed in already goes on."""
    target = safe_next(request.args.get("next"))
    if asker_or_none() is not None:
        return redirect(target)
    return _form(target)


@bp.post("/sign-in")
@public
def submit() -> AnyResponse:
    """Check name and password; a wrong one is noted, and said alike whatever was wrong."""
    target = safe_next(request.form.get("next"))
    username = request.form.get("username", "").strip()[:100]
    try:
        opened = _attempt(username, request.form.get("password", ""))
    except (WrongPassword, TooManyAttempts) as refusal:
        return _form(target, username=username, refusal=refusal)
    # A form token known before sign-in must not be good afterwards.
    form_session.clear()
    answer = redirect(target, 303)
    keep_session(answer, opened)
    return answer


@bp.post("/sign-out")
@require()
def leave() -> AnyResponse:
    """End this session, in the database and in the browser."""
    sign_out(db(), session_token() or "")
    form_session.clear()
    answer = redirect("/sign-in", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=request.is_secure)
    return answer


def keep_session(answer: AnyResponse, opened: NewSession) -> None:
    """Put the token of a session where only the browser's requests can reach it."""
    answer.set_cookie(
        COOKIE, opened.token, expires=opened.expires_at, httponly=True, samesite="Lax", secure=request.is_secure
    )


def _attempt(username: str, password: str) -> NewSession:
    came = origin()
    with outside() as session:
        opened = sign_in(
            session,
            username,
            password,
            key=store().session_key,
            address=came.address,
            agent=request.user_agent.string,
            request_id=came.request_id,
        )
    if opened is None:
        raise WrongPassword
    return opened


def _form(target: str, username: str = "", refusal: FangtuError | None = None) -> Response:
    answer = make_response(
        render_template(
            "sign_in.html",
            next=target,
            username=username,
            refusal=refusal.text.in_language(language()) if refusal else None,
        )
    )
    if refusal is not None:
        answer.status_code = status_of(refusal)
    if isinstance(refusal, TooManyAttempts):
        answer.headers["Retry-After"] = str(refusal.details["seconds"])
    return answer
