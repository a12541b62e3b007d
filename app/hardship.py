"""The ledger of households in hardship (特殊困难群体台账), for supervisors and leaders alone."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.errors import status_of
from app.language import language
from app.session import asker, db, store
from app.view import current_view, page_number, today
from data.hardship import CAUSE, READERS, STATE, HardshipUnfit, add_case, change_case, hardship_list, open_case
from data.households import household_card
from data.masks import shown_name
from geo.errors import Text

bp = Blueprint("hardship", __name__)
_FIELDS = ("cause", "situation", "help_had", "measure", "responsible", "due_on", "closed_on", "result")


@bp.get("/hardship")
@require(*READERS)
def page() -> str:
    """The cases, the most urgent first; what the matter is stands in the case alone."""
    view = current_view(db(), asker())
    state = request.args.get("state", "")
    state = state if state in STATE else ""
    found = hardship_list(db(), view.within, today(), state=state, page=page_number())
    return render_template(
        "hardship.html", found=found, state=state, words={"cause": CAUSE, "state": STATE}, may_write=_may_write()
    )


@bp.get("/hardship/<key:case_id>")
@require(*READERS)
def case(case_id: int) -> AnyResponse:
    """One case whole; that it was opened is written down."""
    found = open_case(db(), case_id)
    return _case_page(found, found)


@bp.get("/households/<key:household_id>/hardship")
@require(Role.SUPERVISOR)
def new(household_id: int) -> AnyResponse:
    """The form of a new case for a household."""
    card = household_card(db(), household_id, asker(), store().sealer, round_=None, today=today())
    return _case_page(_as_case(card), {})


@bp.post("/households/<key:household_id>/hardship")
@require(Role.SUPERVISOR)
def add(household_id: int) -> AnyResponse:
    """Open a case."""
    try:
        made = add_case(db(), asker(), household_id, _values())
    except HardshipUnfit as refusal:
        card = household_card(db(), household_id, asker(), store().sealer, round_=None, today=today())
        return _case_page(_as_case(card), dict(request.form), refusal)
    flash(_("已列入困难户台账。"), "success")
    return redirect(url_for(".case", case_id=made), 303)


@bp.post("/hardship/<key:case_id>")
@require(Role.SUPERVISOR)
def change(case_id: int) -> AnyResponse:
    """Change a case, or close it with its result."""
    given = request.form.get("revision", "")
    try:
        change_case(db(), case_id, int(given) if given.isdigit() and len(given) < 9 else 0, _values())
    except HardshipUnfit as refusal:
        return _case_page(open_case(db(), case_id), dict(request.form), refusal)
    flash(_("已保存。"), "success")
    return redirect(url_for(".case", case_id=case_id), 303)


def _as_case(card: dict[str, Any]) -> dict[str, Any]:
    named = {name: card[name] for name in ("head_name", "village")}
    return {"id": None, "household_id": card["id"], "household_code": card["code"], "state": None, **named}


def _case_page(found: dict[str, Any], form: dict[str, Any], refusal: HardshipUnfit | None = None) -> AnyResponse:
    name = found["head_name"] or ""
    body = render_template(
        "hardship_case.html",
        case=found,
        head_name=shown_name(name, asker().role) if found["id"] else name,
        form=form,
        words={"cause": CAUSE, "state": STATE},
        problem=refusal.text.in_language(language()) if refusal else None,
        field=refusal.details.get("column") if refusal else None,
        may_write=_may_write(),
        today=today(),
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def _values() -> dict[str, Any]:
    values: dict[str, Any] = {name: request.form.get(name) for name in _FIELDS}
    for name in ("due_on", "closed_on"):
        given = (values[name] or "").strip()
        try:
            values[name] = date.fromisoformat(given) if given else None
        except ValueError as error:
            raise HardshipUnfit(
                Text(f"没有保存：“{given}”不是日期，应如 2026-12-31。", f"Not saved: '{given}' is no day."),
                column=name,
                found=given,
            ) from error
    return values


def _may_write() -> bool:
    return asker().role is Role.SUPERVISOR
