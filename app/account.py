"""One's own account: password, language, sessions and access tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.errors import status_of
from app.language import language
from app.session import asker, db, session_token, store
from app.view import ZONE
from data.accounts import change_own_password, open_own_token, own_duty
from data.askers import RecordUnknown
from data.audit import record
from data.passwords import PasswordUnfit
from data.sessions import WrongPassword, end_own, own_sessions, sign_out_others, token_digest
from geo.errors import FangtuError

bp = Blueprint("account", __name__)


@dataclass(frozen=True)
class SessionLine:
    """One session or token in the list."""

    id: str
    kind: str
    here: bool
    opened: str
    seen: str
    expires: str
    address: str | None
    agent: str | None


@bp.get("/account")
@require()
def page() -> AnyResponse:
    """The account page."""
    return _page()


@bp.post("/account/password")
@require()
def password() -> AnyResponse:
    """Change one's own password."""
    form = request.form
    if form.get("new", "") != form.get("again", ""):
        return _page(problem=_("没有更改：两次输入的新密码不一样。"), field="again", status=422)
    try:
        change_own_password(db(), asker(), old=form.get("old", ""), new=form.get("new", ""))
    except WrongPassword:
        return _page(problem=_("没有更改：现在的密码不对。"), field="old", status=422)
    except PasswordUnfit as refusal:
        return _page(problem=_words(refusal), field="new", status=status_of(refusal))
    flash(_("密码已更改，其他设备上的登录已退出。"), "success")
    return redirect(url_for(".page"), 303)


@bp.post("/account/sign-out-others")
@require()
def leave_others() -> AnyResponse:
    """End every other session."""
    ended = sign_out_others(db())
    flash(_("已退出其他 %(n)s 处登录。", n=ended) if ended else _("没有其他登录。"), "success")
    return redirect(url_for(".page"), 303)


@bp.post("/account/end")
@require()
def end_one() -> AnyResponse:
    """End one of the own sessions or tokens."""
    digest = request.form.get("session", "")
    known = len(digest) == 64 and all(letter in "0123456789abcdef" for letter in digest)
    if not known or not end_own(db(), bytes.fromhex(digest)):
        raise RecordUnknown
    record(db(), act="session_end", object_kind="account", object_id=asker().account_id, jur=asker().duty[0][0])
    flash(_("已停用。"), "success")
    return redirect(url_for(".page"), 303)


@bp.post("/account/tokens")
@require()
def add_token() -> AnyResponse:
    """Make an access token for programs; it is shown this once."""
    try:
        made = open_own_token(db(), asker(), password=request.form.get("password", ""), key=store().session_key)
    except WrongPassword:
        return _page(problem=_("没有生成：密码不对。"), field="token-password", status=422)
    return _page(new_token=made.token)


def _page(
    problem: str | None = None, field: str | None = None, new_token: str | None = None, status: int = 200
) -> AnyResponse:
    session, who = db(), asker()
    lines = _lines(session)
    body = render_template(
        "account.html",
        who=who,
        duty=own_duty(session, who),
        sessions=[line for line in lines if line.kind != "token"],
        tokens=[line for line in lines if line.kind == "token"],
        problem=problem,
        field=field,
        new_token=new_token,
    )
    return AnyResponse(body, status, mimetype="text/html")


def _lines(session: Session) -> list[SessionLine]:
    here = token_digest(session_token() or "")
    return [
        SessionLine(
            bytes(row.token_hash).hex(),
            row.kind,
            bytes(row.token_hash) == here,
            _moment(row.created_at),
            _moment(row.seen_at),
            _moment(row.expires_at),
            row.address,
            row.agent,
        )
        for row in own_sessions(session, asker())
    ]


def _moment(moment: Any) -> str:
    return str(moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M"))


def _words(refusal: FangtuError) -> str:
    return refusal.text.in_language(language())
