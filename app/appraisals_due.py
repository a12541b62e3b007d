"""What is due for an appraisal (待鉴定), and disasters after which the houses of an area are appraised again."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.errors import status_of
from app.language import language
from app.session import asker, db
from app.view import page_number, today
from data.appraisal_due import (
    GRADES,
    WHY,
    DisasterUnfit,
    add_disaster,
    due_list,
    end_disaster,
    list_choices,
    list_disasters,
)
from data.appraisals import APPRAISERS
from data.areas import EVERYWHERE, area_range
from data.rules.appraising import DISASTER

bp = Blueprint("appraisals_due", __name__)
# Areas a disaster may be said of, and those of the filter.
_WIDE, _VILLAGES = ("county", "township", "village"), ("village",)


@bp.get("/appraisals")
@require()
def page() -> AnyResponse:
    """Houses that are due for a reason, with what part of all houses they are."""
    return _page()


@bp.post("/appraisals/disasters")
@require(*APPRAISERS)
def add() -> AnyResponse:
    """Say that a disaster hit an area: its houses are listed until each is appraised again."""
    given = request.form.get("happened_on", "")
    try:
        day = date.fromisoformat(given) if given else None
    except ValueError:
        day = None
    area, kind = request.form.get("area", ""), request.form.get("kind", "")
    try:
        add_disaster(db(), asker(), area, kind, day, request.form.get("remark", ""), today=today())
    except DisasterUnfit as refusal:
        return _page(refusal)
    flash(_("已登记灾害，范围内的房屋列入灾后待复核。"), "success")
    return redirect(url_for(".page", why="disaster"), 303)


@bp.post("/appraisals/disasters/<key:disaster_id>/end")
@require(*APPRAISERS)
def end(disaster_id: int) -> AnyResponse:
    """No longer list houses because of a disaster."""
    end_disaster(db(), disaster_id)
    flash(_("已结束，不再因这次灾害列出房屋。"), "success")
    return redirect(url_for(".page"), 303)


def _page(refusal: DisasterUnfit | None = None) -> AnyResponse:
    who = asker()
    own = who.duty[0] if len(who.duty) == 1 else EVERYWHERE
    area = request.args.get("area", "")
    within = area_range(db(), area) if area else own
    may_add = who.role in APPRAISERS
    why = request.args.get("why", "")
    why = why if why in WHY else "impression"
    grade = request.args.get("grade", "")
    grade = grade if grade in GRADES else ""
    body = render_template(
        "appraisals.html",
        found=due_list(db(), who, within, today(), why=why, grade=grade, page=page_number()),
        disasters=[{**one, "can_end": may_add and _is_own(one)} for one in list_disasters(db(), within)],
        villages=list_choices(db(), own, _VILLAGES),
        areas=list_choices(db(), own, _WIDE),
        area=area,
        why=why,
        grade=grade,
        words={"why": WHY, "grade": GRADES, "disaster": DISASTER},
        form=request.form if refusal else {},
        problem=refusal.text.in_language(language()) if refusal else None,
        field=refusal.details.get("column") if refusal else None,
        may_add=may_add,
        today=today(),
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def _is_own(one: dict[str, Any]) -> bool:
    """Whether the asker answers for the whole area of a disaster."""
    return any(lo <= one["jur"] and one["jur_end"] <= hi for lo, hi in asker().duty)
