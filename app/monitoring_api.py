"""Monitoring of housing safety as JSON: rounds, their counts and households, and acts."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.access import require
from app.api import Operation, describe
from app.field_work import within
from app.job_answers import body_of
from app.json_fields import day_field, is_key, plain, text_field
from app.language import language
from app.monitoring import WRITERS, month_of
from app.session import asker, db, store
from app.view import page_number, today
from data.masks import shown_name
from data.monitoring.acts import act_on
from data.monitoring.listing import MonitorWish, VillageCounts, count_round, monitored_page
from data.monitoring.rounds import find_round, list_rounds, open_round, rules_of
from data.monitoring.unfit import lacking
from data.rules.monitoring import STAGES

bp = Blueprint("monitoring_api", __name__)
_REFUSED = {422: "Which field, what was found, what is expected; nothing was written"}
_ROUND = {
    "id": "Number",
    "area": "Name",
    "month": "First day of the month",
    "disaster": "Kind of the disaster it was opened after; null of a monthly one",
    "names_by": "Last day of checking and naming",
    "appraised_by": "Last day of appraisals",
    "closed_by": "Last day of closing",
    "provisional": "Whether working days of a year without a notice were counted",
    "source": "Where the last days come from",
}
_COUNTS = {
    "village": "Name; null of the whole",
    "total": "Households monitored",
    "checked": "Of these",
    "by_stage": dict.fromkeys(STAGES, ""),
    "late": dict.fromkeys(STAGES, "Of these, past the last day of the stage"),
}
_ROW = (
    "id",
    "household_id",
    "household_code",
    "village",
    "aid_group",
    "stage",
    "due_on",
    "late",
    "checked_on",
    "reported_on",
    "appraised_on",
    "result",
    "follow",
    "site_id",
    "closed_on",
)


@bp.get("/api/v1/monitoring")
@require()
@describe(
    Operation(
        "Rounds of monthly monitoring, the newest first",
        query={"area": "Code of the area; one's own area of duty by default"},
        answer={"rounds": [_ROUND]},
    )
)
def rounds() -> Response:
    """All rounds that touch the area."""
    return jsonify(rounds=[_round(one) for one in list_rounds(db(), within())])


@bp.get("/api/v1/monitoring/<key:monitoring_id>")
@require()
@describe(
    Operation(
        "One round: counts of the whole and by village, and a page of its households, late ones first",
        query={
            "area": "Code of the area; one's own area of duty by default",
            "stage": ", ".join(STAGES),
            "late": "1 for late ones only",
            "page": "From 1",
        },
        answer={
            "round": _ROUND,
            "as_of": "Day",
            "all": _COUNTS,
            "villages": [_COUNTS],
            "households": [{**dict.fromkeys(_ROW, ""), "head_name": "Masked for those who need not greet people"}],
            "page": "",
            "pages": "",
            "found": "Households that fit",
        },
        statuses=_REFUSED,
    )
)
def one(monitoring_id: int) -> Response:
    """Counts and rows of one reading each."""
    found = find_round(db(), monitoring_id)
    stage = request.args.get("stage", "")
    if stage and stage not in STAGES:
        raise lacking("stage", "没有这个环节", "there is no such stage", found=stage, expected=list(STAGES))
    counts = count_round(db(), monitoring_id, within(), today())
    wish = MonitorWish(monitoring_id, within(), stage, late=request.args.get("late") == "1")
    rows, page, pages, n = monitored_page(db(), wish, today(), page_number())
    return jsonify(
        round=_round(found),
        as_of=today().isoformat(),
        all=counts_as_json(counts.all),
        villages=[counts_as_json(village) for village in counts.villages],
        households=[
            {name: plain(row[name]) for name in _ROW} | {"head_name": shown_name(row["head_name"] or "", asker().role)}
            for row in rows
        ],
        page=page,
        pages=pages,
        found=n,
    )


@bp.post("/api/v1/monitoring")
@require(*WRITERS)
@describe(
    Operation(
        "Open the round of a month, or after a disaster",
        body={
            "area": "Code of a county or township; one must answer for all of it",
            "month": "YYYY-MM; not needed with a disaster",
            "disaster": "Number of the disaster",
        },
        needed=["area"],
        body_example={"area": "370725199", "month": "2026-11"},
        answer={"round": _ROUND},
        statuses=_REFUSED,
    )
)
def begin() -> Response:
    """Households are taken in as they stand."""
    given = body_of()
    disaster = given.get("disaster")
    if disaster is not None and not is_key(disaster):
        raise lacking("disaster", "灾害编号应为整数", "'disaster' must be a whole number")
    made = open_round(
        db(),
        asker(),
        area=text_field(given, "area", lacking) or "",
        month=today() if disaster is not None else month_of(text_field(given, "month", lacking) or ""),
        rules=rules_of(store().settings.var),
        today=today(),
        disaster_id=disaster,
    )
    return jsonify(round=_round(find_round(db(), made)))


@bp.post("/api/v1/monitoring/<key:monitoring_id>/acts")
@require(*WRITERS)
@describe(
    Operation(
        "Do one act for households of a round; those it does not fit are left out and named",
        body={
            "ids": "Numbers of households in the round, as listed",
            "act": "checked_safe, reported, followed, closed or reopened; an appraisal comes by itself",
            "on": "Date; today by default",
            "reason": "Needed for reported and reopened, and to follow without a renovation",
            "follow": "site, moved_out or not_needed",
        },
        needed=["ids", "act"],
        body_example={"ids": [1, 2], "act": "checked_safe"},
        answer={"moved": "How many", "left_out": [{"id": "", "why": "In words"}]},
        statuses=_REFUSED,
    )
)
def act(monitoring_id: int) -> Response:
    """One act, in one transaction."""
    given = body_of()
    found = find_round(db(), monitoring_id)
    ids = given.get("ids")
    if not isinstance(ids, list) or not all(is_key(value) for value in ids):
        raise lacking("ids", "户的编号应为整数的列表", "'ids' must be a list of whole numbers")
    done = act_on(
        db(),
        asker(),
        ids,
        text_field(given, "act", lacking) or "",
        today=today(),
        on_day=day_field(given.get("on"), lacking),
        reason=text_field(given, "reason", lacking),
        follow=text_field(given, "follow", lacking),
        round_id=found["id"],
    )
    return jsonify(
        moved=done.moved, left_out=[{"id": key, "why": why.in_language(language())} for key, why in done.left_out]
    )


def counts_as_json(one: VillageCounts) -> dict[str, Any]:
    """Counts of a village or of the whole, for programs."""
    return {
        "village": one.village,
        "total": one.total,
        "checked": one.checked,
        "by_stage": one.by_stage,
        "late": one.late,
    }


def _round(one: dict[str, Any]) -> dict[str, Any]:
    return {name: plain(one[name]) for name in _ROUND}
