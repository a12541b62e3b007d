"""Eligibility as JSON: the verdict of a household, and lists of offices with what became of their rows."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import select

from app.access import require
from app.api import Operation, describe
from app.eligibility import SEES
from app.eligibility_lists import compare_received
from app.json_fields import plain
from app.language import language
from app.receiving import received_file, takes_file
from app.renovation import WRITERS, day_of
from app.session import asker, db, store
from app.view import page_number, today
from data.areas import area_range
from data.askers import RecordUnknown
from data.masks import shown_name
from data.renovation.eligibility import eligibility_of
from data.renovation.list_comparison import OUTCOMES
from data.renovation.lists import PAGE, find_list, list_counts, list_rows
from data.renovation.unfit import lacking
from data.tables import Area

bp = Blueprint("eligibility_api", __name__)
_ROW = {
    "no": "Number of the row in the file; null for a household that is missing from it",
    "outcome": ", ".join(OUTCOMES),
    "stated_name": "As written; masked for those who need not greet people by name",
    "stated_area": "",
    "stated_group": "",
    "id_number": "Masked",
    "aid_group": "What the group means; null if it is not understood",
    "monitored": "unstable, near_poverty, sudden",
    "valid_from": "",
    "valid_until": "",
    "household_id": "",
    "household_code": "",
    "our_group": "",
}


@bp.get("/api/v1/households/<key:household_id>/eligibility")
@require()
@describe(
    Operation(
        "Whether a household may get help with its house on a day",
        query={"on": "Date; today by default"},
        answer={
            "household": "Number",
            "on": "Date",
            "verdict": "eligible, unproven, contradicted, no_group, older_group, excluded",
            "reasons": ["In words"],
            "monitored": "unstable, near_poverty, sudden; null if no list says so",
            "source": {"list": "Number", "office": "", "on": "Date"},
        },
    )
)
def verdict(household_id: int) -> Response:
    """The verdict with its reasons and the list it rests on."""
    told = request.args.get("on")
    try:
        day = date.fromisoformat(told) if told else today()
    except ValueError as error:
        raise lacking("on", f"“{told}”不是日期，应如 2026-11-20", f"'{told}' is no day such as 2026-11-20") from error
    one = eligibility_of(db(), [household_id], day).get(household_id)
    if one is None:
        raise RecordUnknown
    source = one.source
    return jsonify(
        household=household_id,
        on=day.isoformat(),
        verdict=one.verdict,
        reasons=[why.in_language(language()) for why in one.reasons],
        monitored=one.monitored,
        source={"list": source.list_id, "office": source.office, "on": source.on_day.isoformat()} if source else None,
    )


@bp.post("/api/v1/aid-lists")
@require(*WRITERS)
@takes_file
@describe(
    Operation(
        "Compare a list of an office: a form with the file as list_file (csv, xlsx or xls), and area (code), office, "
        "on_day (date) and, for a list without such a column, group",
        takes=("multipart/form-data",),
        answer={
            "list": "Number",
            "again": "True if this very file was compared before: nothing was kept now",
            "counts": "Rows by outcome, and rows for all of them",
        },
        statuses={413: "The file is too large", 422: "Which field, what was found, what is expected"},
    )
)
def compare() -> Response:
    """Kept and compared in one transaction."""
    received = received_file()
    if received is None or not received.size_bytes:
        raise lacking("list_file", "请选择名单文件", "send the file of the list")
    jur, jur_end = area_range(db(), request.form.get("area") or "?")
    area = db().scalar(
        select(Area.id)
        .where(Area.jur == jur, Area.jur_end == jur_end, Area.valid_to.is_(None))
        .order_by(Area.id)
        .limit(1)
    )
    found = compare_received(
        received,
        area_id=area or 0,
        office=request.form.get("office", ""),
        on_day=day_of("on_day"),
        group=request.form.get("group") or None,
    )
    return jsonify(list=found.id, again=found.again, counts=found.counts)


@bp.get("/api/v1/aid-lists/<key:aid_list_id>")
@require(*SEES)
@describe(
    Operation(
        "A list of an office with what became of its rows",
        query={"outcome": "All but agrees by default", "page": f"Of {PAGE} rows, from 1"},
        answer={
            "list": "Number",
            "office": "",
            "on": "Date",
            "area": "Code",
            "withdrawn": "",
            "counts": "Rows by outcome, of those the caller sees",
            "rows": [_ROW],
        },
    )
)
def show(aid_list_id: int) -> Response:
    """One page of its rows."""
    one = find_list(db(), aid_list_id)
    outcome = request.args.get("outcome", "")
    if outcome and outcome not in OUTCOMES:
        raise lacking("outcome", f"没有结果“{outcome}”", f"no outcome '{outcome}'", expected=list(OUTCOMES))
    rows = list_rows(db(), aid_list_id, store().sealer, outcome, page_number())
    role = asker().role
    return jsonify(
        list=one.id,
        office=one.office,
        on=one.on_day.isoformat(),
        area=one.area_code,
        withdrawn=one.withdrawn_at is not None,
        counts=list_counts(db(), aid_list_id),
        rows=[
            {name: plain(row[name]) for name in _ROW}
            | {"stated_name": shown_name(row["stated_name"], role) if row["stated_name"] else None}
            for row in rows
        ],
    )
