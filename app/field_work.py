"""The desk of field work (外业): what comes in, and marks to settle side by side with the records."""

from __future__ import annotations

import uuid
from datetime import datetime, time
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.caching import keep_by_content
from app.language import language
from app.session import asker, db, store
from app.view import ZONE, View, current_view, page_number, today
from data.areas import EVERYWHERE, area_range
from data.campaigns import list_campaigns
from data.field_photos import show_photo
from data.households import iso
from data.mark_lists import OPEN, Arrival, count_today, list_arrivals, list_marks
from data.photo_views import LONG_EDGE, SMALL_EDGE
from data.placements import CannotRestore
from data.repeat_choices import SETTLERS, RepeatRefused, list_repeats, settle_repeat, undo_repeat
from data.rules.concerns import SEEN
from data.rules.marks import CHANGE_STATE, CONCERNS, FIELD, FLAG, KIND, PART, STATE
from data.rules.words import GRADE, KEY_GROUP, MODE, MONITOR_ACT, OUTCOME
from data.rulings import RulingRefused
from data.settling import MarkRefused, settle_mark, undo_mark
from geo.errors import Text

bp = Blueprint("field_work", __name__)
DESK = (Role.SUPERVISOR, Role.ADMIN)
_FIELD = "field."


@bp.get("/field-work")
@require()
def page() -> str:
    """Arrivals, and the marks of the area, those that wait first; whoever settles none reads them."""
    state = request.args.get("state", "open")
    state = state if state in STATE or state in ("open", "all") else "open"
    only = request.args.get("mark", "")
    number = int(only) if only.isascii() and only.isdigit() and len(only) < 19 else None
    if number is not None:
        state = "all"
    found = list_marks(db(), asker(), within(), state="" if state == "all" else state, page=page_number(), only=number)
    view = _view()
    repeats = None
    if view is not None:
        where = (view.campaign.id, view.round_no, within())
        repeats = list_repeats(db(), asker(), *where, page_number("repeats"))
    return render_template(
        "field_work.html",
        found=found,
        repeats=repeats,
        state=state,
        only=number,
        area=request.args.get("area", ""),
        waiting=sum(found.counts[one] for one in OPEN),
        today=_today(),
        arrivals=[_arrival(one) for one in list_arrivals(db(), within())],
        words={
            "kind": KIND,
            "state": STATE,
            "field": FIELD,
            "change": CHANGE_STATE,
            "part": PART,
            "flag": FLAG,
            "grade": GRADE,
            "key_group": KEY_GROUP,
            "mode": MODE,
        },
        concerns=CONCERNS,
        may_settle=asker().role in DESK,
    )


@bp.get("/field-work/arrivals.json")
@require()
def arrivals() -> Response:
    """What came in, for a page that is open: asked for when the stream of the map tells of a change."""
    marks = list_marks(db(), asker(), within(), state="open")
    return keep_by_content(
        jsonify(
            today=_today(),
            waiting=sum(marks.counts[one] for one in OPEN),
            rows=[_arrival(one) for one in list_arrivals(db(), within())],
        )
    )


@bp.post("/field-work/marks/<key:number>")
@require(*DESK)
def settle(number: int) -> AnyResponse:
    """Accept or refuse a mark, or the single fields of a correction."""
    choices = {name[len(_FIELD) :]: value for name, value in request.form.items() if name.startswith(_FIELD)}
    decision = request.form.get("decision", "")
    try:
        state = settle_mark(db(), asker(), number, decision, request.form.get("reason", ""), choices)
    except MarkRefused as refusal:
        flash(_said(refusal.text), "error")
        return _back()
    said = {"accepted": _("已采纳。"), "refused": _("已记为不采纳。")}
    flash(said.get(state, _("已保存，其余各项仍待确认。")), "success")
    return _back()


@bp.post("/field-work/marks/<key:number>/undo")
@require(*DESK)
def undo(number: int) -> AnyResponse:
    """Take back how a mark was settled."""
    try:
        undo_mark(db(), asker(), number)
        flash(_("已撤销，标注回到待处理。"), "success")
    except (MarkRefused, CannotRestore) as refusal:
        flash(_said(refusal.text), "error")
    return _back()


@bp.post("/field-work/repeats/<key:no>")
@require(*SETTLERS)
def settle_second(no: int) -> AnyResponse:
    """Make of a second visit of a round one joint visit, or let it not count."""
    choice = request.form.get("choice", "")
    try:
        settle_repeat(db(), asker(), no, choice, request.form.get("reason", ""))
    except (RepeatRefused, RulingRefused) as refusal:
        flash(_said(refusal.text), "error")
        return _back()
    said = _("已记为陪同：两条合为一次走访。") if choice == "joint" else _("已记为不计入，该户的走访状态随之更新。")
    flash(said, "success")
    return _back()


@bp.post("/field-work/repeats/<key:no>/undo")
@require(*SETTLERS)
def undo_second(no: int) -> AnyResponse:
    """Take back what was made of a second visit."""
    try:
        undo_repeat(db(), asker(), no)
        flash(_("已撤销，重复走访回到待处理。"), "success")
    except RepeatRefused as refusal:
        flash(_said(refusal.text), "error")
    return _back()


@bp.get("/field-work/photos/<uuid:picture_id>")
@require(Role.INSPECTOR, *DESK)
def photo(picture_id: uuid.UUID) -> Response:
    """A photograph from the field, encoded anew: only the picture itself is shown; with ``?small`` a small one."""
    edge = SMALL_EDGE if "small" in request.args else LONG_EDGE
    content = show_photo(db(), store().settings, store().sealer, asker(), picture_id, long_edge=edge)
    answer = Response(content, mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def within() -> tuple[int, int]:
    """The area the address names, else the asker's area of duty where there is one only, else all that is visible."""
    area = request.args.get("area")
    if area:
        return area_range(db(), area)
    duty = asker().duty
    return duty[0] if len(duty) == 1 else EVERYWHERE


def _view() -> View | None:
    """Campaign and round of the page; None while there is no campaign."""
    return current_view(db(), asker()) if list_campaigns(db()) else None


def _today() -> dict[str, int]:
    visits, marks, houses = count_today(db(), within(), datetime.combine(today(), time.min, ZONE))
    return {"visits": visits, "marks": marks, "houses": houses}


def _arrival(one: Arrival) -> dict[str, Any]:
    words = {
        "visit": OUTCOME,
        "mark": KIND,
        "appraisal": GRADE,
        "observation": SEEN,
        "monitoring": MONITOR_ACT,
    }[one.what]
    labels = {
        "visit": _("现场走访"),
        "mark": _("标注"),
        "appraisal": _("鉴定"),
        "observation": _("整治观测"),
        "monitoring": _("监测排查"),
    }
    address = f"/households/{one.household_id}" if one.household_id else None
    return {
        "at": iso(one.at.astimezone(ZONE)),
        "what": one.what,
        "label": labels[one.what],
        "no": one.no,
        "said": _said(words.get(one.kind, Text(one.kind, one.kind))),
        "who": one.who,
        "village": one.village,
        "household": f"#{one.no}" if one.what == "observation" else one.household,
        "address": f"/concerns/{one.no}" if one.what == "observation" else address,
    }


def _back() -> AnyResponse:
    query = request.form.get("query", "")
    return redirect(f"/field-work?{query}" if query else "/field-work", 303)


def _said(words: Text) -> str:
    return words.in_language(language())
