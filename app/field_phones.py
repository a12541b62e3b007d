"""Phones of field work (外业手机): what still lies on them, revoking one, and what could not be accepted."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.downloads import name_file
from app.field_work import DESK
from app.language import language
from app.session import asker, db, store
from app.view import View, current_view
from data.askers import RecordUnknown
from data.assigning import assignable_people
from data.assignments import CannotAssign
from data.campaigns import list_campaigns
from data.handing_over import hand_over, open_work
from data.rejects import list_rejects, settle_reject
from data.rules.visitors import kinds_of
from data.sync.devices import list_devices, revoke_device
from data.sync.refusals import open_refused
from geo.errors import Text

bp = Blueprint("field_phones", __name__)
# A phone in use tells of itself each day it has a network; what has lain on one for longer may be lost with it.
_SILENT = timedelta(days=3)


@bp.get("/field-phones")
@require(*DESK)
def page() -> str:
    """Phones of the area with their last contact, and what was refused and waits for a person."""
    now = datetime.now(UTC)
    phones = [
        {
            **row._mapping,
            "is_silent": row.revoked_at is None and now - row.seen_at > _SILENT,
            "waits": (row.unsent or 0) + (row.unsent_photos or 0),
        }
        for row in list_devices(db())
    ]
    rejects = [{**row._mapping, "said": _said(Text(row.message_zh, row.message_en))} for row in list_rejects(db())]
    view = _view()
    return render_template(
        "field_phones.html",
        phones=phones,
        rejects=rejects,
        sums=_sums(phones),
        view=view,
        work=open_work(db(), view.campaign.id, view.round_no) if view else [],
        people=[owner for owner, _role, _ranges in assignable_people(db())],
    )


@bp.post("/field-phones/<uuid:phone_id>/revoke")
@require(*DESK)
def revoke(phone_id: uuid.UUID) -> AnyResponse:
    """Revoke a phone, with or without telling it to delete the households it holds."""
    revoke_device(db(), phone_id, wipe=request.form.get("wipe") == "yes")
    flash(_("手机已停用，其登录已退出；未上传的内容仍留在手机上，可导出后在此上传。"), "success")
    return _back()


@bp.post("/field-phones/hand-over")
@require(*DESK)
def pass_on() -> AnyResponse:
    """Hand over what somebody still has to visit in the present round to somebody else."""
    view = current_view(db(), asker())
    try:
        done = hand_over(
            db(),
            asker(),
            view.campaign.id,
            view.round_no,
            kinds_of(view.campaign.plan),
            giver=_account("giver"),
            taker=_account("taker"),
        )
    except CannotAssign as refusal:
        flash(_said(refusal.text), "error")
        return _back()
    flash(_("已移交 %(n)s 户；可在“指派”页撤销。", n=done.households), "success")
    for why, n in done.left_out.items():
        flash(_("%(n)s 户没有移交：%(why)s。", n=n, why=_said(why)), "warning")
    return _back()


@bp.get("/field-phones/refused/<uuid:reject_id>")
@require(*DESK)
def refused(reject_id: uuid.UUID) -> Response:
    """What was refused, as it was sent."""
    content = open_refused(db(), store().sealer, reject_id)
    if content is None:
        raise RecordUnknown
    answer = Response(content, mimetype="application/octet-stream")
    name_file(answer, f"{reject_id}.json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/field-phones/refused/<uuid:reject_id>/settle")
@require(*DESK)
def settle(reject_id: uuid.UUID) -> AnyResponse:
    """Say that what was refused has been dealt with."""
    settle_reject(db(), reject_id)
    flash(_("已标记为处理完毕。"), "success")
    return _back()


def _view() -> View | None:
    """Campaign and round of the page; None while there is no campaign."""
    return current_view(db(), asker()) if list_campaigns(db()) else None


def _account(name: str) -> int:
    given = request.form.get(name, "")
    if not (given.isascii() and given.isdigit() and 0 < len(given) < 19):
        raise CannotAssign(Text("没有移交：请选交出人和接手人。", "Not handed over: choose who gives and who takes."))
    return int(given)


def _sums(phones: list[dict[str, Any]]) -> dict[str, int]:
    open_ones = [one for one in phones if one["revoked_at"] is None]
    return {
        "phones": len(open_ones),
        "unsent": sum(one["unsent"] or 0 for one in open_ones),
        "silent": sum(one["is_silent"] for one in open_ones),
    }


def _back() -> AnyResponse:
    return redirect("/field-phones", 303)


def _said(words: Text) -> str:
    return words.in_language(language())
