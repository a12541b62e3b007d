"""The supervisor's day (今日要办): what is late, what is in doubt, whom nobody is to visit, all a step from the map."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, render_template

from app.access import Role, require
from app.api import Operation, describe
from app.language import language
from app.session import asker, db
from app.view import View, current_view, today
from data.agenda import Agenda, agenda_of
from data.coverage import last_visit_at
from geo.errors import Text

bp = Blueprint("agenda", __name__)
READERS = (Role.SUPERVISOR, Role.LEADER, Role.ADMIN)
_QUERY = {
    "campaign": "Number or code; the newest by default",
    "round": "Number of the round; the current one by default",
    "area": "Code of the area; one's own area of duty by default",
}


@bp.get("/today")
@require(*READERS)
def page() -> str:
    """What there is to do today, the late first."""
    view, found = _agenda()
    return render_template(
        "today.html",
        agenda=found,
        campaign=view.campaign,
        rounds=view.rounds,
        round=view.round_no,
        area=view.area,
        today=today(),
        as_of=last_visit_at(db(), view.campaign.id, view.round_no),
    )


@bp.get("/api/v1/agenda")
@require(*READERS)
@describe(
    Operation(
        "What a supervisor has to do today: late, in doubt, unassigned",
        query=_QUERY,
        answer={
            **dict.fromkeys(("campaign", "round", "day", "target"), ""),
            "late": "How many things are late",
            "deadlines": [
                {
                    "what": "round, stage or visitor",
                    "name": "",
                    "ends_on": "Day",
                    "days": "Until then; below 0 it is past",
                    "left": "Households still to be visited, or null",
                    "clause": "Of the plan, or null",
                    "round_no": "Of a round, else null",
                }
            ],
            "behind": [{"code": "", "name": "", "remaining": "", "ratio": "", "outlook": "unlikely or over"}],
            "villages_behind": "How many in all",
            "publicity": [
                {
                    "key": "Of the plan's publicity",
                    "name": "",
                    "missed": "Villages without it in the last whole period",
                    "villages": "",
                    "period": "First day of that period",
                }
            ],
            "hardship_overdue": "Plans past their day; null for who may not read them",
            "doubts": {"open": "", "answered": "", "ruled": ""},
            "villages_doubtful": [{"code": "", "name": "", "doubts": "Doubtful visits nobody has ruled on"}],
            "findings": "Findings that wait for a person",
            "unassigned": "Households neither visited nor assigned",
            "villages_unassigned": [{"code": "", "name": "", "unassigned": "", "left": "Not visited"}],
        },
    )
)
def listing() -> Response:
    """The same as JSON."""
    view, found = _agenda()
    return jsonify(
        {
            "campaign": view.campaign.code,
            "round": view.round_no,
            "day": today().isoformat(),
            "target": found.target,
            "late": found.late,
            "deadlines": [
                {**asdict(one), "name": _word(one.name), "ends_on": one.ends_on.isoformat()} for one in found.deadlines
            ],
            "behind": [
                {
                    "code": one.area.code,
                    "name": one.area.name,
                    "remaining": one.area.remaining,
                    "ratio": one.area.ratio,
                    "outlook": one.outlook.value,
                }
                for one in found.behind
            ],
            "villages_behind": found.n_behind,
            "publicity": [
                {**asdict(one), "name": _word(one.name), "period": one.period.isoformat()} for one in found.publicity
            ],
            "hardship_overdue": found.hardship_late,
            "doubts": found.doubts,
            "villages_doubtful": [asdict(one) for one in found.doubtful],
            "findings": found.findings,
            "unassigned": found.unassigned,
            "villages_unassigned": [asdict(one) for one in found.bare],
        }
    )


def _agenda() -> tuple[View, Agenda]:
    view = current_view(db(), asker())
    made = agenda_of(db(), asker(), view.campaign, view.rounds, view.round_no, view.within, today())
    return view, made


def _word(text: Text) -> Any:
    return text.in_language(language())
