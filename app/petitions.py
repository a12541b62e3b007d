"""Petitions on housing (信访): the list with the dissatisfied first, one petition, and files with masked names."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.downloads import MIME, name_file
from app.errors import status_of
from app.field_work import within
from app.language import language
from app.monitoring import number_of
from app.session import asker, db, store
from app.view import page_number, today
from data.appraisal_due import list_choices
from data.areas import EVERYWHERE
from data.audit import record
from data.households import ReasonTooShort, household_card
from data.masks import shown_name
from data.monitoring.unfit import MonitoringUnfit, lacking
from data.monitoring.workbook import petition_file
from data.petitions import (
    READERS,
    STATES,
    PetitionWish,
    add_petition,
    change_petition,
    open_petition,
    petition_list,
    reveal_contact,
)
from data.rules.words import PETITION_CAUSE, PETITION_CHANNEL, SATISFACTION
from geo.errors import FangtuError, Text

bp = Blueprint("petitions", __name__)
_FIELDS = (
    "received_on",
    "channel",
    "petitioner",
    "contact",
    "cause",
    "matter",
    "unit",
    "due_on",
    "answer",
    "answered_on",
    "satisfaction",
)
WORDS = {
    "channel": PETITION_CHANNEL,
    "cause": PETITION_CAUSE,
    "satisfaction": SATISFACTION,
    "state": {
        "unsatisfied": Text("不满意", "Unsatisfied"),
        "overdue": Text("逾期未答复", "Overdue"),
        "waiting": Text("办理中", "Under way"),
        "unknown": Text("已答复，未评价", "Answered, not known"),
        "satisfied": Text("满意", "Satisfied"),
    },
}


@bp.get("/petitions")
@require(*READERS)
def page() -> str:
    """The petitions, the dissatisfied first, with counts by cause and unit."""
    wish = _wish()
    return render_template(
        "petitions.html",
        wish=wish,
        found=petition_list(db(), wish, today(), page_number()),
        states=STATES,
        words=WORDS,
        may_write=_may_write(),
        today=today(),
    )


@bp.get("/petitions.<any(csv, xlsx):form>")
@require(*READERS)
def export(form: str) -> Response:
    """The list as a file; names masked, no contacts, and noted in the log."""
    content = petition_file(db(), _wish(), today(), form, "农房改造信访台账", f"截至 {today()}")
    record(db(), act="export", object_kind="petition", jur=within()[0])
    answer = Response(content, mimetype=MIME[f".{form}"])
    name_file(answer, f"信访台账-{today()}.{form}")
    return answer


@bp.get("/petitions/new")
@require(Role.SUPERVISOR)
def new() -> AnyResponse:
    """The form of a new petition; with ``household`` it is about one."""
    return _form(None, {})


@bp.post("/petitions")
@require(Role.SUPERVISOR)
def add() -> AnyResponse:
    """Enter a petition."""
    try:
        made = add_petition(
            db(),
            asker(),
            _values(),
            store().sealer,
            today=today(),
            household_id=number_of("household"),
            site_id=number_of("site"),
            village=request.form.get("village"),
        )
    except MonitoringUnfit as refusal:
        return _form(None, dict(request.form), refusal)
    flash(_("已登记信访。"), "success")
    return redirect(url_for(".one", petition_id=made), 303)


@bp.get("/petitions/<key:petition_id>")
@require(*READERS)
def one(petition_id: int) -> AnyResponse:
    """One petition whole; that it was opened is written down."""
    return _opened(petition_id)


@bp.post("/petitions/<key:petition_id>/contact")
@require(Role.SUPERVISOR)
def contact(petition_id: int) -> AnyResponse:
    """Show how to reach the petitioner, for a reason; shown once, and kept by no browser."""
    try:
        shown = reveal_contact(db(), petition_id, request.form.get("reason", ""), asker(), store().sealer)
    except ReasonTooShort as refusal:
        return _opened(petition_id, refusal)
    return _opened(petition_id, contact=shown)


@bp.post("/petitions/<key:petition_id>")
@require(Role.SUPERVISOR)
def change(petition_id: int) -> AnyResponse:
    """Change a petition: unit, answer, whether its sender is satisfied."""
    given = request.form.get("revision", "")
    revision = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else 0
    try:
        change_petition(db(), petition_id, revision, _values(), store().sealer, today=today())
    except MonitoringUnfit as refusal:
        return _form(open_petition(db(), petition_id, store().sealer), dict(request.form), refusal)
    flash(_("已保存。"), "success")
    return redirect(url_for(".one", petition_id=petition_id), 303)


def _opened(petition_id: int, refusal: FangtuError | None = None, contact: str | None = None) -> AnyResponse:
    found = open_petition(db(), petition_id, store().sealer)
    return _form(found, {**found, "contact": ""}, refusal, contact)


def _form(
    found: dict[str, Any] | None,
    form: dict[str, Any],
    refusal: FangtuError | None = None,
    contact: str | None = None,
) -> AnyResponse:
    own = asker().duty[0] if len(asker().duty) == 1 else EVERYWHERE
    about = found["household_id"] if found else number_of("household") or _asked("household")
    card = None
    if about:
        card = household_card(db(), about, asker(), store().sealer, round_=None, today=today())
    body = render_template(
        "petition.html",
        petition=found,
        petitioner=shown_name(found["petitioner"], asker().role) if found else None,
        form=form,
        card=card,
        villages=[] if found or card else list_choices(db(), own, ("village", "township")),
        words=WORDS,
        may_write=_may_write(),
        revealed=contact,
        problem=refusal.text.in_language(language()) if refusal else None,
        field=refusal.details.get("column") if refusal else None,
        today=today(),
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def _asked(name: str) -> int | None:
    given = request.args.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


def _wish() -> PetitionWish:
    cause, state = request.args.get("cause", ""), request.args.get("state", "")
    return PetitionWish(
        within(),
        cause if cause in PETITION_CAUSE else "",
        request.args.get("unit", "").replace("\x00", "")[:200],
        state if state in STATES else "",
    )


def _values() -> dict[str, Any]:
    values: dict[str, Any] = {name: request.form.get(name) for name in _FIELDS}
    for name in ("received_on", "due_on", "answered_on"):
        given = (values[name] or "").strip()
        try:
            values[name] = date.fromisoformat(given) if given else None
        except ValueError as error:
            raise lacking(name, f"“{given}”不是日期，应如 2026-12-31", f"'{given}' is no day", found=given) from error
    return values


def _may_write() -> bool:
    return asker().role is Role.SUPERVISOR
