"""The monthly report of look-backs (回头看月通报): a page to read out or print, and the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from app.access import require
from app.api import Operation, describe
from app.maps import ViewUnknown
from app.session import asker, db
from app.view import View, current_view
from data.local_time import ZONE, today
from data.lookback_report import MonthOfVillage, month_report, months_looked
from data.rules.monitoring import first_of_month
from geo.errors import Text

bp = Blueprint("lookback_report", __name__)
_VILLAGE = {
    "code": "Null for all together",
    "name": "",
    "looked": "Looks in the month",
    "confirmed": "Found true",
    "not_visited": "Nobody had come",
    "untrue": "Content untrue",
    "not_reached": "",
    "satisfied": "Said they were satisfied",
    "answered": "Said so or the contrary",
    "judged": "Looks with a result",
    "true_ratio": "confirmed / judged; null without one",
    "satisfied_ratio": "satisfied / answered; null without one",
}


@bp.get("/lookback/report")
@require()
def page() -> str:
    """A month's look-backs, village by village."""
    view, months, month = _asked()
    villages, total = month_report(db(), view.campaign.id, view.round_no, month, view.within)
    return render_template(
        "lookback_report.html",
        view=view,
        campaign=view.campaign,
        months=months,
        month=month,
        villages=villages,
        total=total,
        at=datetime.now(ZONE),
    )


@bp.get("/api/v1/lookback-report")
@require()
@describe(
    Operation(
        "A month's look-backs by village, those with the lowest share found true first",
        query={
            "campaign": "Number or code; the newest by default",
            "round": "Number",
            "area": "Code or name",
            "month": "YYYY-MM; the latest with a look by default",
        },
        answer={
            "campaign": "Code",
            "round": "",
            "month": "YYYY-MM",
            "months": ["Those with a look, latest first"],
            "villages": [_VILLAGE],
            "total": _VILLAGE,
        },
        statuses={400: "No such month"},
    )
)
def report() -> Response:
    """A month's look-backs."""
    view, months, month = _asked()
    villages, total = month_report(db(), view.campaign.id, view.round_no, month, view.within)
    told: dict[str, Any] = {
        "campaign": view.campaign.code,
        "round": view.round_no,
        "month": f"{month:%Y-%m}",
        "months": [f"{one:%Y-%m}" for one in months],
        "villages": [_told(one) for one in villages],
        "total": _told(total),
    }
    return jsonify(told)


def _told(one: MonthOfVillage) -> dict[str, Any]:
    return {name: one.as_json()[name] for name in _VILLAGE}


def _asked() -> tuple[View, Sequence[date], date]:
    """What is asked for: by default the latest month with a look, and the present one where there is none."""
    view = current_view(db(), asker())
    months = months_looked(db(), view.campaign.id, view.round_no)
    wanted = request.args.get("month", "")
    if not wanted:
        return view, months, months[0] if months else today().replace(day=1)
    try:
        return view, months, first_of_month(wanted)
    except ValueError as error:
        raise ViewUnknown(
            Text(
                f"month 为“{wanted[:20]}”，应为月份，如 2026-11。",
                f"month is '{wanted[:20]}'; a month such as 2026-11 is expected.",
            ),
            found=wanted[:20],
            expected="YYYY-MM",
        ) from error
