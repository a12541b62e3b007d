"""Analysis (走访分析): what a round's records say by class and place, with the demands behind each figure."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, jsonify, render_template, request

from app.access import Role, require
from app.api import Operation, describe
from app.language import language
from app.maps import asked_day
from app.session import asker, db
from app.view import View, current_view, page_number
from data.analysis import Analysis, Span, analyse, class_names, list_demands
from data.coverage import last_visit_at
from data.households import iso
from data.masks import shown_name

bp = Blueprint("analysis", __name__)
READERS = (Role.SUPERVISOR, Role.LEADER, Role.ADMIN)
_QUERY = {
    "campaign": "Number or code; the newest by default",
    "round": "Number of the round; the current one by default",
    "area": "Code of the area; one's own area of duty by default",
    "first": "First day, YYYY-MM-DD; the whole round by default",
    "last": "Last day, YYYY-MM-DD",
}


@bp.get("/analysis")
@require(*READERS)
def page() -> str:
    """Demands by class and village, answers by question, and the demands themselves."""
    view, span, found = _found()
    names = class_names(view.campaign)
    chosen = request.args.get("class", "")
    listed = list_demands(
        db(),
        view.campaign,
        view.round_no,
        within=view.within,
        span=span,
        class_key=chosen,
        page=page_number(),
    )
    for row in listed.rows:
        row["head_name"] = shown_name(row["head_name"], asker().role) if row["head_name"] else None
    return render_template(
        "analysis.html",
        found=found,
        span=span,
        listed=listed,
        chosen=chosen,
        names=names,
        campaign=view.campaign,
        rounds=view.rounds,
        round=view.round_no,
        as_of=last_visit_at(db(), view.campaign.id, view.round_no),
    )


@bp.get("/api/v1/analysis")
@require(*READERS)
@describe(
    Operation(
        "What a round's records say: demands by class and village, answers by question",
        query=_QUERY,
        answer={
            **dict.fromkeys(("campaign", "round"), ""),
            "first": "Day, or null",
            "last": "Day, or null",
            "raised": "Demands",
            "solved": "Of these, on the spot",
            "before": "Demands of as many days before; null unless both days are given",
            "classes": [
                {
                    "key": "",
                    "name": "",
                    "raised": "",
                    "solved": "",
                    "villages": "With at least one",
                    "most": "Village with most of them, or null",
                    "before": "",
                }
            ],
            "villages": [
                {
                    "code": "null for demands of no village",
                    "name": "",
                    "raised": "",
                    "solved": "",
                    "visited": "Households validly visited in the round",
                    "ratio": "Demands by such a household; null without one",
                    "classes": {"key": "Demands of this class"},
                }
            ],
            "visits": "That hold answers",
            "questions": [
                {"key": "", "name": "", "answered": "Visits", "told": "Of these, those that tell of something"}
            ],
        },
    )
)
def listing() -> Response:
    """The same as JSON."""
    view, span, found = _found()
    return jsonify(
        campaign=view.campaign.code,
        round=view.round_no,
        first=span.first.isoformat() if span.first else None,
        last=span.last.isoformat() if span.last else None,
        raised=found.raised,
        solved=found.solved,
        before=found.before,
        classes=[{**asdict(one), "name": one.name.in_language(language())} for one in found.classes],
        villages=[{**asdict(one), "ratio": one.ratio} for one in found.villages],
        visits=found.visits,
        questions=[{**asdict(one), "name": one.name.in_language(language())} for one in found.questions],
    )


@bp.get("/api/v1/analysis/demands")
@require(*READERS)
@describe(
    Operation(
        "The demands behind the figures, those not solved first, a page at a time",
        query={**_QUERY, "class": "Key of a class; all by default", "page": "Number; 50 rows a page"},
        answer={
            "total": "",
            "page": "",
            "pages": "",
            "rows": [
                {
                    "id": "",
                    "class_key": "",
                    "words": "As they were said",
                    "solved": "On the spot",
                    "raised_at": "",
                    "household_id": "null at no known house",
                    "code": "Of the household",
                    "head_name": "Masked by role",
                    "village": "Name",
                    "lon": "Degrees, or null",
                    "lat": "",
                }
            ],
        },
    )
)
def demands() -> Response:
    """Demands as JSON."""
    view, span = current_view(db(), asker()), _span()
    listed = list_demands(
        db(),
        view.campaign,
        view.round_no,
        within=view.within,
        span=span,
        class_key=request.args.get("class", ""),
        page=page_number(),
    )
    rows = [
        {
            **row,
            "id": str(row["id"]),
            "raised_at": iso(row["raised_at"]),
            "head_name": shown_name(row["head_name"], asker().role) if row["head_name"] else None,
        }
        for row in listed.rows
    ]
    return jsonify(total=listed.total, page=listed.page, pages=listed.pages, rows=rows)


def _found() -> tuple[View, Span, Analysis]:
    view, span = current_view(db(), asker()), _span()
    found = analyse(db(), view.campaign, view.round_no, within=view.within, duty=asker().duty, span=span)
    return view, span, found


def _span() -> Span:
    return Span(asked_day("first"), asked_day("last"))
