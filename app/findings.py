"""Findings (扣分项): the page, what is decided on it, and the same as JSON."""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.api import Operation, describe
from app.job_answers import body_of
from app.language import language
from app.session import asker, db
from app.view import current_view
from data.findings import (
    ACTS,
    STATES,
    count_waiting,
    list_findings,
    scores_of,
    settle_finding,
    village_scores,
)
from data.findings_by_hand import FindingRefused, find_by_hand
from data.households import ReasonTooShort
from data.masks import shown_name

bp = Blueprint("findings", __name__)
DECIDES = (Role.SUPERVISOR, Role.ADMIN)


@bp.get("/findings")
@require()
def page() -> str:
    """Findings of the round, and the account of each village."""
    view = current_view(db(), asker())
    rows = list_findings(db(), view.campaign.id, view.round_no, view.within)
    return render_template(
        "findings.html",
        view=view,
        campaign=view.campaign,
        rows=[{**row, "head_name": _masked(row["head_name"])} for row in rows],
        scores=village_scores(db(), view.campaign, view.round_no, view.within, asker().duty),
        waiting=count_waiting(db(), view.campaign.id, view.round_no, view.within),
        states=STATES,
        may_decide=asker().role in DECIDES,
        kinds=scores_of(view.campaign.plan),
        asked={name: request.args.get(name, "") for name in ("kind", "household", "visit")},
    )


@bp.post("/findings")
@require(*DECIDES)
def add() -> AnyResponse:
    """Write a finding down from the form."""
    form = request.form
    view = current_view(db(), asker())
    try:
        find_by_hand(
            db(),
            asker(),
            view.campaign,
            view.round_no,
            form.get("kind", ""),
            form.get("remark", ""),
            household=form.get("household", "").strip() or None,
            visit_no=_number(form.get("visit", "").strip() or None),
            points=_points(form.get("points", "").strip() or None),
            clause=form.get("clause"),
        )
        flash(_("已记下，等人认定。"), "success")
    except (FindingRefused, ReasonTooShort) as refusal:
        flash(refusal.text.in_language(language()), "error")
    return redirect(url_for(".page", campaign=view.campaign.code, round=view.round_no))


@bp.post("/findings/<key:finding_id>")
@require(*DECIDES)
def settle(finding_id: int) -> AnyResponse:
    """Answer, confirm or withdraw a finding from the form."""
    act = request.form.get("act", "answer")
    if act not in ACTS:
        abort(400)
    settle_finding(db(), asker(), finding_id, act, request.form.get("words", ""))
    flash(_("已处理。"), "success")
    return redirect(url_for(".page", campaign=request.form.get("campaign"), round=request.form.get("round")))


@bp.get("/api/v1/findings")
@require()
@describe(
    Operation(
        "Findings of a round, and the account of each village",
        query={"campaign": "Number or code; the newest by default", "round": "Number", "area": "Code or name"},
        answer={
            "villages": [
                {
                    "village_id": "",
                    "code": "",
                    "name": "",
                    "open": "Findings not decided yet",
                    "confirmed": "",
                    "lost": "Points of confirmed findings",
                    "start": "Points before any; null where the plan has no scoring",
                    "left": "",
                    "talk_at": "",
                    "talk": "Whether a talk is due",
                    "talk_near": "Whether it would be if the open ones were confirmed",
                }
            ],
            "findings": [
                {
                    "id": "",
                    "kind": "",
                    "name_zh": "",
                    "name_en": "",
                    "points": "",
                    "clause": "",
                    "source": "lookback or person",
                    "state": "open, answered, confirmed, withdrawn",
                    "remark": "",
                    "answer": "",
                    "visit_no": "",
                    "created_at": "",
                    "household_id": "",
                    "household_code": "",
                    "head_name": "Masked by role",
                    "village_code": "",
                    "village": "",
                }
            ],
        },
    )
)
def listing() -> Response:
    """Findings as JSON."""
    view = current_view(db(), asker())
    rows = list_findings(db(), view.campaign.id, view.round_no, view.within)
    scores = village_scores(db(), view.campaign, view.round_no, view.within, asker().duty)
    return jsonify(
        villages=[score.as_json() for score in scores],
        findings=[
            {**row, "created_at": row["created_at"].isoformat(), "head_name": _masked(row["head_name"])} for row in rows
        ],
    )


@bp.post("/api/v1/findings")
@require(*DECIDES)
@describe(
    Operation(
        "Write down what a person found at a household, or of a visit of the round",
        query={"campaign": "Number or code; the newest by default", "round": "Number"},
        body={
            "kind": "Key of the plan's score table, false_visit or untrue_record",
            "remark": "What was found; at least four characters",
            "household": "Code; not needed with a visit",
            "visit": "Number of the visit, or null",
            "points": "In place of the plan's, 0 to 1000; or null",
            "clause": "In place of the plan's; or null",
        },
        answer={"id": "Of the finding, which is open"},
        statuses={400: "Not as described", 422: "Not taken, with why"},
    )
)
def add_one() -> Response:
    """Write a finding down."""
    wanted = body_of()
    texts = {name: wanted.get(name) or "" for name in ("kind", "remark", "household", "clause")}
    if not all(isinstance(value, str) and "\0" not in value for value in texts.values()):
        abort(400)
    view = current_view(db(), asker())
    made = find_by_hand(
        db(),
        asker(),
        view.campaign,
        view.round_no,
        texts["kind"],
        texts["remark"],
        household=texts["household"] or None,
        visit_no=_number(wanted.get("visit")),
        points=_points(wanted.get("points")),
        clause=texts["clause"],
    )
    return jsonify(id=made)


@bp.post("/api/v1/findings/<key:finding_id>")
@require(*DECIDES)
@describe(
    Operation(
        "Answer, confirm or withdraw a finding; confirming a false visit rules it false",
        body={"act": "answer, confirm, withdraw", "words": "At least four characters"},
        answer={"id": "", "state": ""},
        statuses={400: "Not as described", 409: "Confirmed or withdrawn before", 422: "Too few words"},
    )
)
def settle_one(finding_id: int) -> Response:
    """Settle one finding."""
    wanted: Any = request.get_json(silent=True) or {}
    act, words = wanted.get("act", "answer"), wanted.get("words", "")
    if act not in ACTS or not isinstance(words, str):
        abort(400)
    finding = settle_finding(db(), asker(), finding_id, act, words)
    return jsonify(id=finding.id, state=finding.state)


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 19:
        value = int(value)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**62):
        abort(400)
    return value


def _points(value: Any) -> float | None:
    try:
        found = None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        abort(400)
    if found is not None and not math.isfinite(found):
        abort(400)
    return found


def _masked(name: str | None) -> str | None:
    return None if name is None else shown_name(name, asker().role)
