"""Appraisals (鉴定): the page of a house, the form with its grade as one fills it in, what is due, and the report."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.api import Operation, describe
from app.errors import status_of
from app.language import language
from app.monitoring import SAFETY_WORDS, WRITERS
from app.paper import pages
from app.session import asker, db, store
from app.view import today
from data.appraisal_told import AppraisalUnfit, read_findings, read_told
from data.appraisals import APPRAISERS, add_appraisal, find_appraisal, hold_house, house_page
from data.monitoring.listing import household_monitoring
from data.petitions import READERS, petitions_of
from data.rules.appraising import (
    ABSENT,
    CAUSE,
    GUIDELINE,
    LEVEL,
    MEASURES,
    PART,
    SITE,
    STANDARD,
    FindingsUnfit,
    appraise,
)
from data.rules.marks import PART as MARK_PART
from data.rules.words import GRADE, QUALITY, STAGE
from data.settings import ROOT

bp = Blueprint("appraisals", __name__)
PAPER_STYLE = ROOT / "static" / "css" / "appraisal-file.css"
WORDS = {
    "grade": GRADE,
    "standard": STANDARD,
    "part": PART,
    "level": LEVEL,
    "site": SITE,
    "measures": MEASURES,
    "cause": CAUSE,
    "mark_part": MARK_PART,
    "stage": STAGE,
    "quality": QUALITY,
}
_FIELDS = (
    "id", "standard", "site", "measures", "raw", "grade", "reason", "appraised_on", "appraiser", "appraised_by",
    "cause", "valid_until", "remark", "mark", "supersedes",
)  # fmt: skip


@bp.get("/houses/<key:house_id>")
@require()
def house(house_id: int) -> str:
    """A house: its grade, all its appraisals, impressions that wait, and photographs."""
    found = house_page(db(), house_id, asker())
    home = found.card["household_id"]
    return render_template(
        "house.html",
        found=found,
        card=found.card,
        words={**WORDS, **SAFETY_WORDS},
        may_add=_may_add(),
        monitored=household_monitoring(db(), home) if home else None,
        petitions=petitions_of(db(), household_id=home) if home and asker().role in READERS else None,
        may_write=asker().role in WRITERS,
        today=today(),
    )


@bp.get("/houses/<key:house_id>/appraise")
@require(*APPRAISERS)
def new(house_id: int) -> AnyResponse:
    """The form of a new appraisal; with ``?mark`` because of an impression, with ``?supersedes`` to correct another."""
    form: dict[str, Any] = {"id": str(uuid.uuid4()), "standard": GUIDELINE, "parts": {}}
    for name in ("mark", "supersedes"):
        given = request.args.get(name, "")
        form[name] = given if given.isascii() and given.isdecimal() and len(given) < 19 else ""
    return _form(house_id, form)


@bp.post("/houses/<key:house_id>/appraise")
@require(*APPRAISERS)
def add(house_id: int) -> AnyResponse:
    """Add an appraisal."""
    values = _values(request.form)
    try:
        add_appraisal(db(), asker(), house_id, read_told(values), today=today(), months=_months())
    except (AppraisalUnfit, FindingsUnfit) as refusal:
        return _form(house_id, values, refusal)
    flash(_("已记入鉴定，房屋等级随之更新。"), "success")
    return redirect(url_for(".house", house_id=house_id), 303)


@bp.get("/appraisals/grade.json")
@require(*APPRAISERS)
def grade() -> Response:
    """The grade that follows from a form as it stands, by the one rule; what is contradictory is said in words."""
    values = _values(request.args)
    try:
        standard = values["standard"] or ""
        result = appraise(standard, read_findings(values, standard))
    except (AppraisalUnfit, FindingsUnfit) as refusal:
        told = refusal.text.in_language(language())
        return jsonify(grade=None, reasons=[told], lacking=[], advice=None, field=refusal.details.get("column"))
    return jsonify(
        grade=result.grade,
        reasons=[one.in_language(language()) for one in result.reasons],
        lacking=list(result.lacking),
        advice=result.advice.in_language(language()) if result.advice else None,
        field=None,
    )


@bp.get("/appraisals/<key:appraisal_id>.pdf")
@require()
def report(appraisal_id: int) -> Response:
    """The report (鉴定报告) of one appraisal on paper; names as the asker may see them."""
    found, card = find_appraisal(db(), appraisal_id, asker())
    reasons, advice = _explained(found)
    html = render_template(
        "appraisal_paper.html", one=found, card=card, words=WORDS, reasons=reasons, advice=advice, day=today()
    )
    answer = Response(pages(html, PAPER_STYLE.read_text(encoding="utf-8")), mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "attachment", filename=f"fangtu-appraisal-{appraisal_id}.pdf")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@bp.post("/api/v1/houses/<key:house_id>/appraisals")
@require(*APPRAISERS)
@describe(
    Operation(
        "Add an appraisal of a house; the same one again changes nothing",
        body={
            "id": "UUID the caller gives it; handed in again with the same content it is the same appraisal",
            "standard": ", ".join(STANDARD),
            "site": f"By the guideline of 2019: {', '.join(SITE)}; a dangerous site is D at once",
            "parts": f"By the guideline of 2019, by {', '.join(PART)}: level ({', '.join(LEVEL)}; {ABSENT}: no "
            "such part) and points (the danger points in words)",
            "measures": f"Measures against disasters: {', '.join(MEASURES)}",
            "raw": "By any other standard: the grade as it stands there",
            "grade": "A, B, C or D where it is not the one that follows; needs a reason",
            "reason": "Why the result is another grade, or why this one where none follows",
            "appraised_on": "Day, YYYY-MM-DD",
            "appraiser": "Organisation or group that appraised",
            "appraised_by": "People who appraised",
            "cause": ", ".join(CAUSE),
            "valid_until": "Last day it is valid; by the setting if missing",
            "remark": "",
            "mark": "Number of the mark from the field that started it",
            "supersedes": "Key of the appraisal of this house that it corrects",
        },
        needed=("id", "standard", "appraised_on", "appraiser", "cause"),
        made="Accepted for the first time; the same again is answered with 200",
        answer={
            "id": "Key of the appraisal",
            "grade": "The result",
            "computed": "The grade that follows from the findings; null if none does",
            "reasons": ["Why it follows, or what is lacking"],
            "lacking": ["site or the part nobody judged"],
            "advice": "What the standard advises, or null",
        },
        statuses={
            400: "No object of JSON",
            409: "Another appraisal was accepted with this id",
            415: "Not JSON",
            422: "It lacks something or contradicts itself: details.column says where",
        },
        body_example={
            "id": "8f14e45f-ceea-4a7a-9c1b-2f6a4be0d3a1",
            "standard": "guideline_2019",
            "site": "safe",
            "parts": {
                "foundation": {"level": "a"},
                "walls": {"level": "c", "points": "山墙外闪，竖向裂缝宽约1厘米"},
                "frame": {"level": "b", "points": "檩条轻微虫蛀"},
                "roof": {"level": "b", "points": "屋面局部漏雨"},
                "enclosure": {"level": "none"},
            },
            "measures": "partial",
            "appraised_on": "2026-05-06",
            "appraiser": "青禾镇房屋安全鉴定小组",
            "cause": "first",
        },
        answer_example={
            "id": 4711,
            "grade": "C",
            "computed": "C",
            "reasons": ["承重墙：c 局部危险"],
            "lacking": [],
            "advice": None,
        },
    )
)
def hand_in(house_id: int) -> AnyResponse:
    """Accept an appraisal: 201 for the first time, 200 for the same again."""
    hold_house(db(), house_id)  # whatever the body is: of a house elsewhere nothing is said
    body: Any = request.get_json()
    if not isinstance(body, dict):
        raise BadRequest
    told = read_told(body)
    made, is_new = add_appraisal(db(), asker(), house_id, told, today=today(), months=_months())
    result = appraise(told.standard, told.findings)
    answer = jsonify(
        id=made,
        grade=told.grade or result.grade,
        computed=result.grade,
        reasons=[one.in_language(language()) for one in result.reasons],
        lacking=list(result.lacking),
        advice=result.advice.in_language(language()) if result.advice else None,
    )
    answer.status_code = 201 if is_new else 200
    return answer


def _values(form: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the form as :func:`data.appraisal_told.read_told` takes them."""
    values: dict[str, Any] = {name: form.get(name) for name in _FIELDS}
    values["parts"] = {key: {"level": form.get(key), "points": form.get(f"{key}_points")} for key in PART}
    return values


def _form(house_id: int, values: dict[str, Any], refusal: AppraisalUnfit | FindingsUnfit | None = None) -> AnyResponse:
    found = house_page(db(), house_id, asker())
    mark = next((one for one in found.waiting if str(one["no"]) == str(values.get("mark") or "")), None)
    old = next((one for one in found.card["appraisals"] if str(one["id"]) == str(values.get("supersedes") or "")), None)
    body = render_template(
        "appraise.html",
        card=found.card,
        form=values,
        mark=mark,
        old=old,
        words=WORDS,
        guideline=GUIDELINE,
        absent=ABSENT,
        problem=refusal.text.in_language(language()) if refusal else None,
        field=refusal.details.get("column") if refusal else None,
        today=today(),
        months=_months(),
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def _explained(found: dict[str, Any]) -> tuple[list[str], str | None]:
    """Why the grade follows from what was found, in the reader's language; nothing for a row without findings."""
    findings = found["findings"] or {}
    values = {**findings, "raw": found["raw"]}
    try:
        result = appraise(found["standard"] or "", read_findings(values, found["standard"] or ""))
    except (AppraisalUnfit, FindingsUnfit):
        return [], None
    advice = result.advice.in_language(language()) if result.advice else None
    return [one.in_language(language()) for one in result.reasons], advice


def _months() -> int:
    return store().settings.appraisal_months


def _may_add() -> bool:
    return asker().role in APPRAISERS
