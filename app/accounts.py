"""Accounts (账号) for the administrator: list, add, disable, new password; always inside the own area of duty."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.errors import status_of
from app.language import language
from app.session import asker, db
from data.accounts import (
    AccountProblem,
    account_by_key,
    add_account,
    disable_account,
    list_accounts,
    own_duty,
    reset_password,
)
from data.passwords import PasswordUnfit, make_password
from geo.errors import FangtuError

bp = Blueprint("accounts", __name__)
EMPTY = {"username": "", "full_name": "", "role": Role.INSPECTOR.value, "areas": ""}


@bp.get("/accounts")
@require(Role.ADMIN)
def page() -> AnyResponse:
    """The list of accounts, with the form to add one."""
    return _page()


@bp.post("/accounts")
@require(Role.ADMIN)
def add() -> AnyResponse:
    """Add an account with a first password made here, shown once."""
    form = {name: request.form.get(name, "").strip() for name in EMPTY}
    if form["role"] not in set(Role):
        return _page(form, problem=_("请选择角色。"), field="role", status=422)
    password = make_password()
    try:
        account = add_account(
            db(),
            username=form["username"],
            full_name=form["full_name"],
            role=Role(form["role"]),
            area_codes=form["areas"].replace("，", " ").replace("、", " ").replace(",", " ").split(),
            password=password,
        )
    except (AccountProblem, PasswordUnfit) as refusal:
        return _page(form, problem=_words(refusal), field=_field(refusal), status=status_of(refusal))
    return _page(shown=(account.username, password))


@bp.post("/accounts/<key:account_id>/disable")
@require(Role.ADMIN)
def disable(account_id: int) -> AnyResponse:
    """Disable an account and end its sessions."""
    return _switch(account_id, disabled=True)


@bp.post("/accounts/<key:account_id>/enable")
@require(Role.ADMIN)
def enable(account_id: int) -> AnyResponse:
    """Open a disabled account again."""
    return _switch(account_id, disabled=False)


@bp.post("/accounts/<key:account_id>/password")
@require(Role.ADMIN)
def password(account_id: int) -> AnyResponse:
    """Give an account a new password, shown once, and end its sessions."""
    account = account_by_key(db(), account_id)
    made = make_password()
    reset_password(db(), account, made)
    return _page(shown=(account.username, made))


def _switch(account_id: int, *, disabled: bool) -> AnyResponse:
    account = account_by_key(db(), account_id)
    try:
        disable_account(db(), account, disabled=disabled)
    except AccountProblem as refusal:
        return _page(problem=_words(refusal), status=status_of(refusal))
    words = _("已停用 %(name)s，其登录已全部退出。") if disabled else _("已启用 %(name)s。")
    flash(words % {"name": account.username}, "success")
    return redirect(url_for(".page"), 303)


def _page(
    form: Mapping[str, str] = EMPTY,
    *,
    problem: str | None = None,
    field: str | None = None,
    shown: tuple[str, str] | None = None,
    status: int = 200,
) -> AnyResponse:
    session, who = db(), asker()
    body = render_template(
        "accounts.html",
        accounts=list_accounts(session),
        me=who.account_id,
        duty=own_duty(session, who),
        roles=list(Role),
        form=form,
        problem=problem,
        field=field,
        shown=shown,
    )
    return AnyResponse(body, status, mimetype="text/html")


def _field(refusal: FangtuError) -> str | None:
    column = refusal.details.get("column")
    return {"area": "areas"}.get(str(column), str(column)) if column else None


def _words(refusal: FangtuError) -> str:
    return refusal.text.in_language(language())
