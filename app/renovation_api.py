"""Renovations as JSON: totals, the gates of a site, batches of payments with the bank's answers."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import select

from app.access import require
from app.api import Operation, describe
from app.job_answers import body_of
from app.json_fields import day_field, is_key, plain, text_field
from app.language import language
from app.money_batches import SENDERS, book_received, made_bank_file
from app.receiving import received_file, takes_file
from app.renovation import SEES_MONEY, WRITERS
from app.session import asker, db
from data.areas import EVERYWHERE, area_range
from data.households import LEAST_REASON
from data.masks import shown_name
from data.renovation.gates import advance
from data.renovation.payments import batch_lines, batch_list, find_batch, list_sites, open_batch
from data.renovation.totals import renovation_totals
from data.renovation.unfit import lacking
from data.tables import Area, RenovationSite

bp = Blueprint("renovation_api", __name__)
_REFUSED = {422: "Which field, what was found, what is expected; nothing was written"}
_COUNTS = {"total": "", **{f"by_{what}": {} for what in ("class", "grade", "method", "stage", "state")}}
_BATCH = {
    "id": "Number",
    "area": "Name",
    "year": "",
    "name": "",
    "state": "draft, sent, settled or cancelled",
    "sent_on": "",
    "lines": "Not cancelled",
    "fen": "Of these",
    "paid": "Lines",
    "paid_fen": "",
    "failed": "Lines",
    "failed_fen": "",
    "sent": "Lines the bank has not answered",
    "sent_fen": "",
}


@bp.get("/api/v1/houses/totals")
@require()
@describe(
    Operation(
        "Renovations of an area counted by class, grade, method, stage and state, with the money of its years in fen",
        query={"area": "Code of the area; one's own area of duty by default", "year": "Of the plan; all by default"},
        answer={
            "year": "",
            "sites": _COUNTS,
            "money": "received, by_source, entitled, paid, under_way, failed, unspent, batches; null for inspectors",
            "payment": "Days from acceptance to payment, those waiting and late; null for inspectors",
        },
    )
)
def totals() -> Response:
    """Every figure is a sum of records."""
    area, duty = request.args.get("area"), asker().duty
    within = area_range(db(), area) if area else duty[0] if len(duty) == 1 else EVERYWHERE
    found = renovation_totals(db(), within, _year(request.args.get("year")), money=asker().role in SEES_MONEY)
    return jsonify({"money": None, "payment": None} | found)


@bp.post("/api/v1/sites/<key:site_id>/gates")
@require(*WRITERS)
@describe(
    Operation(
        "Pass the next gate of a renovation",
        body={
            "gate": "The next stage of its method; paid is passed by the bank's answer alone",
            "on": "Date; today by default",
            "note": "",
            "household_present": "Whether the household took part",
            "override": "Why a household that is excluded, or that a list speaks against, passes all the same",
            "revision": "The one the caller saw; refused if somebody changed the site since",
            "uid": "UUID made by the caller: the same step sent twice is taken once",
        },
        needed=["gate"],
        body_example={"gate": "compared", "on": "2026-11-20"},
        answer={"site": "Number", "stage": "Where it stands now", "revision": ""},
        statuses=_REFUSED,
    )
)
def pass_gate(site_id: int) -> Response:
    """One step forward."""
    given = body_of()
    stage = advance(
        db(),
        asker(),
        site_id,
        text_field(given, "gate", lacking) or "",
        on_day=day_field(given.get("on"), lacking),
        note=text_field(given, "note", lacking),
        household_present=_flag(given, "household_present"),
        override=text_field(given, "override", lacking),
        revision=_whole(given, "revision"),
        uid=_uid(given.get("uid")),
    )
    return jsonify(site=site_id, stage=stage, revision=db().get_one(RenovationSite, site_id).revision)


@bp.get("/api/v1/payment-batches")
@require(*SEES_MONEY)
@describe(
    Operation(
        "Batches of payments, newest first",
        query={"area": "Code of the area; one's own area of duty by default", "year": "All by default"},
        answer={"batches": [_BATCH]},
    )
)
def batches() -> Response:
    """One line for each batch with its sums."""
    within = area_range(db(), request.args.get("area")) if request.args.get("area") else EVERYWHERE
    rows = batch_list(db(), within, _year(request.args.get("year")))
    return jsonify(batches=[_batch(row) for row in rows])


@bp.post("/api/v1/payment-batches")
@require(*WRITERS)
@describe(
    Operation(
        "Open a batch and list in it every site that waits for money, or the ones named",
        body={
            "area": "Code of the area; one must answer for all of it",
            "year": "Of the plan",
            "name": "",
            "sites": "Numbers; all that wait by default",
        },
        needed=["area", "year", "name"],
        body_example={"area": "370725199", "year": 2026, "name": "2026-03 批"},
        answer={"batch": _BATCH, "left_out": [{"site": "", "why": "In words"}]},
        statuses=_REFUSED,
    )
)
def make_batch() -> Response:
    """Open and list in one transaction."""
    given = body_of()
    jur, jur_end = area_range(db(), text_field(given, "area", lacking) or "?")
    area = (
        db()
        .scalars(
            select(Area.id).where(Area.jur == jur, Area.jur_end == jur_end, Area.valid_to.is_(None)).order_by(Area.id)
        )
        .first()
    )
    made = open_batch(
        db(),
        asker(),
        area_id=area or 0,
        year=_whole(given, "year") or 0,
        name=text_field(given, "name", lacking) or "",
    )
    sites = given.get("sites")
    if sites is not None and (
        not isinstance(sites, list) or len(sites) > 20_000 or any(not is_key(site) for site in sites)
    ):
        raise lacking("sites", "改造编号应为整数的列表", "sites are a list of numbers")
    listed = list_sites(db(), asker(), made, sites)
    return jsonify(
        batch=_batch(find_batch(db(), made)),
        left_out=[{"site": site, "why": why.in_language(language())} for site, why in listed.left_out],
    )


@bp.get("/api/v1/payment-batches/<key:payment_batch_id>")
@require(*SEES_MONEY)
@describe(
    Operation(
        "One batch with its lines; account numbers never",
        answer={
            "batch": _BATCH,
            "lines": [
                {
                    "line_no": "",
                    "site_id": "",
                    "site_code": "",
                    "household_code": "",
                    "head_name": "Masked for those who need not greet people by name",
                    "village": "",
                    "fen": "",
                    "state": "listed, sent, paid, failed or cancelled",
                    "paid_on": "",
                    "failure": "The bank's words",
                }
            ],
        },
    )
)
def show_batch(payment_batch_id: int) -> Response:
    """The lines in their order."""
    batch = find_batch(db(), payment_batch_id)
    wanted = ("line_no", "site_id", "site_code", "household_code", "village", "fen", "state", "paid_on", "failure")
    return jsonify(
        batch=_batch(batch),
        lines=[
            {name: plain(line[name]) for name in wanted}
            | {"head_name": shown_name(line["head_name"] or "", asker().role)}
            for line in batch_lines(db(), payment_batch_id)
        ],
    )


@bp.post("/api/v1/payment-batches/<key:payment_batch_id>/file")
@require(*SENDERS)
@describe(
    Operation(
        "The file of a batch for the bank, with names and account numbers in full; the batch counts as sent",
        body={"format": "csv or xlsx", "reason": f"Why, in at least {LEAST_REASON} characters; kept in the log"},
        body_example={"format": "xlsx", "reason": "三月批报盘"},
        media="application/octet-stream",
        statuses=_REFUSED,
    )
)
def bank_file(payment_batch_id: int) -> Response:
    """Asked for again it is the same file."""
    given = body_of()
    form, reason = text_field(given, "format", lacking), text_field(given, "reason", lacking)
    content = made_bank_file(payment_batch_id, f".{form or ''}", reason)
    answer = Response(content, mimetype="application/octet-stream")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@bp.post("/api/v1/payment-batches/<key:payment_batch_id>/returns")
@require(*WRITERS)
@takes_file
@describe(
    Operation(
        "Book what the bank sent back: a form with the file as return_file (csv, xlsx or xls)",
        takes=("multipart/form-data",),
        answer={
            "return": "Number",
            "again": "True if this very file was read before: nothing was booked now",
            "counts": "Rows by outcome, and rows for all of them",
            "paid": "Fen booked by it",
            "failed": "Fen",
            "left": "Lines the bank has not answered",
            "rows": [{"no": "", "reference": "", "fen": "", "expected": "", "outcome": "", "why": "The bank's words"}],
        },
        statuses={413: "The file is too large", **_REFUSED},
    )
)
def take_return(payment_batch_id: int) -> Response:
    """Judged row by row, booked in one transaction."""
    find_batch(db(), payment_batch_id)
    received = received_file()
    if received is None or not received.size_bytes:
        raise lacking("return_file", "请选择银行回盘文件", "send the bank's return file")
    found = book_received(payment_batch_id, received)
    return jsonify(
        {
            "return": found.id,
            "again": found.again,
            "counts": found.counts,
            "paid": found.paid_fen,
            "failed": found.failed_fen,
            "left": found.left,
            "rows": found.rows,
        }
    )


def _batch(row: Any) -> dict[str, Any]:
    return {name: plain(getattr(row, name)) for name in _BATCH}


def _flag(given: dict[str, Any], name: str) -> bool | None:
    value = given.get(name)
    if value is not None and not isinstance(value, bool):
        raise lacking(name, f"“{name}”应为 true 或 false", f"'{name}' must be true or false")
    return value


def _whole(given: dict[str, Any], name: str) -> int | None:
    value = given.get(name)
    if value is not None and not (is_key(value) and value < 2**31):
        raise lacking(name, f"“{name}”应为整数", f"'{name}' must be a whole number")
    return value


def _uid(value: Any) -> uuid.UUID | None:
    if value is None:
        return None
    try:
        return uuid.UUID(value)
    except (AttributeError, TypeError, ValueError) as error:
        raise lacking("uid", "“uid”应为 UUID", "'uid' must be a UUID") from error


def _year(told: str | None) -> int | None:
    if not told:
        return None
    if not (told.isascii() and told.isdigit() and len(told) == 4):
        raise lacking("year", f"年度“{told}”应为四位年份", f"'{told}' is no year", found=told)
    return int(told)
