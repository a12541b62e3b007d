"""Lists of offices (名单): uploading one, what became of its rows, confirming a row, withdrawing a list."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.eligibility import SEES, WORDS
from app.errors import status_of
from app.field_work import within
from app.language import language
from app.maps import ViewUnknown
from app.received_tables import read_received
from app.receiving import Received, received_file, takes_file
from app.renovation import WRITERS, day_of, may_write, number_of
from app.session import asker, db, store
from app.view import page_number, today
from data.jobs import JobRunning, add_job
from data.made_files import COMPARE
from data.masks import shown_name
from data.renovation.list_comparison import OUTCOMES, Compared
from data.renovation.lists import PAGE, confirm_row, find_list, list_counts, list_lists, list_rows, withdraw_list
from data.renovation.money_lists import money_areas
from data.renovation.unfit import RenovationUnfit, lacking
from data.rules.words import AID_GROUP, LIST_OUTCOME, OFFICE
from data.sealed_files import FileTooLarge
from data.upload_files import clean_name
from geo.errors import FangtuError, Text

bp = Blueprint("eligibility_lists", __name__)
# Up to this size a list is compared while somebody waits: some thousand rows of CSV.
AT_ONCE_BYTES = 64 << 10


@bp.get("/eligibility/lists")
@require(*SEES)
def page() -> AnyResponse:
    """Lists that were compared, and the form that sends one."""
    return _page()


@bp.post("/eligibility/lists")
@require(*WRITERS)
@takes_file
def send() -> AnyResponse:
    """Compare a list."""
    received = received_file()
    try:
        if received is None or not received.size_bytes:
            raise lacking("list_file", "请选择名单文件", "choose the file of the list")
        asked: dict[str, Any] = {
            "area_id": number_of("area_id") or 0,
            "office": request.form.get("office", ""),
            "on_day": day_of("on_day"),
            "group": request.form.get("group") or None,
        }
        if received.size_bytes > AT_ONCE_BYTES:
            return redirect(url_for("made_files.under_way", made_id=_begin(received, **asked)), 303)
        found = compare_received(received, **asked)
    except (RenovationUnfit, FileTooLarge, JobRunning) as refusal:
        return _page(refusal)
    flash(
        _("这个文件此前已比对，没有重复保存。") if found.again else _("名单已保存并比对。"),
        "info" if found.again else "success",
    )
    return redirect(url_for(".result", aid_list_id=found.id), 303)


@bp.get("/eligibility/lists/<key:aid_list_id>")
@require(*SEES)
def result(aid_list_id: int) -> AnyResponse:
    """What became of each row of a list."""
    return _result(aid_list_id)


@bp.post("/eligibility/lists/<key:aid_list_id>/rows/<key:row_id>/confirm")
@require(*WRITERS)
def confirm(aid_list_id: int, row_id: int) -> AnyResponse:
    """Say that a row found by name and village is the household."""
    try:
        now = confirm_row(db(), asker(), aid_list_id, row_id)
    except RenovationUnfit as refusal:
        return _result(aid_list_id, refusal)
    flash(_("已确认：%(outcome)s。", outcome=LIST_OUTCOME[now].in_language(language())), "success")
    return redirect(url_for(".result", aid_list_id=aid_list_id, outcome="to_confirm"), 303)


@bp.post("/eligibility/lists/<key:aid_list_id>/withdraw")
@require(*WRITERS)
def withdraw(aid_list_id: int) -> AnyResponse:
    """Withdraw a list that was a mistake."""
    try:
        withdraw_list(db(), aid_list_id, request.form.get("reason", ""))
    except RenovationUnfit as refusal:
        return _result(aid_list_id, refusal)
    flash(_("名单已撤回，记录保留；结论不再以它为依据。"), "success")
    return redirect(url_for(".result", aid_list_id=aid_list_id), 303)


def _begin(received: Received, *, area_id: int, office: str, on_day: date | None, group: str | None) -> uuid.UUID:
    """Let the background program compare a long list; what can be refused at once is refused here."""
    from data.renovation.list_comparison import asked_area
    from data.renovation.list_work import MOST_LIST_BYTES, payload_of

    if received.size_bytes > MOST_LIST_BYTES:
        raise FileTooLarge(MOST_LIST_BYTES)
    area = asked_area(db(), asker(), area_id=area_id, office=office, on_day=on_day, group=group)
    assert on_day is not None  # asked above
    payload = payload_of(str(received.id), clean_name(received.name), area_id, office, on_day, group)
    job = add_job(db(), asker(), COMPARE, (area.jur, area.jur_end), payload=payload)
    received.finish()
    received.is_kept = True
    return job


def compare_received(
    received: Received, *, area_id: int, office: str, on_day: date | None, group: str | None
) -> Compared:
    """Compare a list that came with a form: read in a limited process apart."""
    # Here: no other page needs what compares lists.
    from data.renovation.list_comparison import compare_list
    from data.renovation.list_work import MOST_LIST_BYTES

    name, content, sheets = read_received(received, "list_file", most_bytes=MOST_LIST_BYTES)
    return compare_list(
        db(),
        asker(),
        area_id=area_id,
        office=office,
        on_day=on_day,
        name=name,
        content=content,
        sheets=sheets,
        sealer=store().sealer,
        group=group,
    )


def _page(refusal: FangtuError | None = None) -> AnyResponse:
    body = render_template(
        "eligibility_lists.html",
        lists=list_lists(db(), within()),
        areas=money_areas(db(), asker()) if may_write() else [],
        offices=OFFICE,
        groups=AID_GROUP,
        outcomes=OUTCOMES,
        words=WORDS,
        may_write=may_write(),
        today=today(),
        problem=refusal.text.in_language(language()) if refusal else None,
        field=refusal.details.get("column") if refusal else None,
        form=request.form if refusal else {},
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def _result(aid_list_id: int, refusal: FangtuError | None = None) -> AnyResponse:
    found = find_list(db(), aid_list_id)
    outcome = request.args.get("outcome", "")
    if outcome and outcome not in LIST_OUTCOME:
        raise ViewUnknown(
            Text(f"outcome 为“{outcome}”，应为 {'、'.join(LIST_OUTCOME)}。", f"outcome is '{outcome}'."), found=outcome
        )
    counts = list_counts(db(), aid_list_id)
    n = counts.get(outcome, 0) if outcome else sum(counts.values()) - counts.get("agrees", 0)
    pages = max(1, -(-n // PAGE))
    at = min(page_number(), pages)
    role = asker().role
    rows = list_rows(db(), aid_list_id, store().sealer, outcome, at)
    body = render_template(
        "eligibility_list.html",
        one=found,
        counts=counts,
        outcomes=OUTCOMES,
        outcome=outcome,
        found=n,
        rows=[
            {
                **row,
                "head_name": shown_name(row["head_name"] or "", role),
                "stated_name": shown_name(row["stated_name"], role) if row["stated_name"] else None,
            }
            for row in rows
        ],
        page=at,
        pages=pages,
        words=WORDS,
        may_write=may_write(),
        problem=refusal.text.in_language(language()) if refusal else None,
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")
