"""Batches of payments (报盘批次): their lines, the file for the bank, and what the bank sends back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.downloads import MIME, name_file
from app.errors import status_of
from app.language import language
from app.received_tables import read_received
from app.receiving import Received, received_file, takes_file
from app.renovation import SEES_MONEY, WRITERS, may_write
from app.session import asker, db, store
from data.households import LEAST_REASON
from data.masks import REVEALS, shown_name
from data.renovation.bank_files import FORMATS, reference_of
from data.renovation.funds import wan, yuan
from data.renovation.money_lists import find_return, return_list
from data.renovation.payments import (
    Listed,
    batch_lines,
    cancel_batch,
    cancel_line,
    find_batch,
    list_sites,
    payable_sites,
)
from data.renovation.unfit import RenovationUnfit, clean_words, lacking
from data.rules.words import BATCH_STATE, PAYMENT_STATE, RETURN_OUTCOME
from data.sealed_files import FileTooLarge
from geo.errors import FangtuError

if TYPE_CHECKING:
    from data.renovation.bank_returns import Returned

bp = Blueprint("money_batches", __name__)
WORDS = {"batch": BATCH_STATE, "payment": PAYMENT_STATE, "outcome": RETURN_OUTCOME}
# The file names every payee's account number in full.
SENDERS = tuple(role for role in Role if role in REVEALS["bank_card"])


@bp.get("/money/batches/<key:payment_batch_id>")
@require(*SEES_MONEY)
def page(payment_batch_id: int) -> AnyResponse:
    """Lines of a batch, and what is to be done with it next."""
    return _page(payment_batch_id)


@bp.post("/money/batches/<key:payment_batch_id>/list")
@require(*WRITERS)
def list_all(payment_batch_id: int) -> AnyResponse:
    """List every site that waits for money."""

    def act() -> str:
        found: Listed = list_sites(db(), asker(), payment_batch_id)
        if not found.added:
            return _("没有等待付款的改造：须已验收、已核定应补且没有在途付款。")
        return _("已列入 %(n)s 户，%(yuan)s 元。", n=found.added, yuan=yuan(found.fen))

    return _done(payment_batch_id, "list", act)


@bp.post("/money/batches/<key:payment_batch_id>/lines/<key:payment_id>/cancel")
@require(*WRITERS)
def take_out(payment_batch_id: int, payment_id: int) -> AnyResponse:
    """Take a line out of a batch that is being made up."""

    def act() -> str:
        cancel_line(db(), payment_batch_id, payment_id)
        return _("已移出本批，该户可以列入别的批次。")

    return _done(payment_batch_id, "line", act)


@bp.post("/money/batches/<key:payment_batch_id>/cancel")
@require(*WRITERS)
def cancel(payment_batch_id: int) -> AnyResponse:
    """Cancel a batch that was not sent."""

    def act() -> str:
        cancel_batch(db(), payment_batch_id)
        return _("批次已撤销。")

    return _done(payment_batch_id, "cancel", act)


@bp.post("/money/batches/<key:payment_batch_id>/file")
@require(*SENDERS)
def bank_file(payment_batch_id: int) -> AnyResponse:
    """The file of a batch for the bank."""
    batch = find_batch(db(), payment_batch_id)
    format = request.form.get("format", "")
    try:
        content = made_bank_file(payment_batch_id, format, request.form.get("reason"))
    except RenovationUnfit as refusal:
        return _page(payment_batch_id, refusal, "file")
    answer = Response(content, mimetype=MIME[format])
    answer.headers["Cache-Control"] = "private, no-store"
    name_file(answer, f"报盘-{batch.year}-{batch.id}{format}")
    return answer


def made_bank_file(payment_batch_id: int, format: str, told: str | None) -> bytes:
    """Make the file for the bank; account numbers leave in full, so that why stands in the log."""
    from data.renovation.bank_files import write_bank_file

    reason = clean_words(told, 200)
    if format not in FORMATS:
        raise lacking("format", "请选择文件格式", "choose the kind of file", found=format)
    if not reason or len(reason) < LEAST_REASON:
        raise lacking(
            "reason",
            f"请写明报盘原因，至少 {LEAST_REASON} 个字",
            f"say why the file is made, in at least {LEAST_REASON} characters",
        )
    return write_bank_file(db(), payment_batch_id, store().sealer, format, reason=reason)


@bp.post("/money/batches/<key:payment_batch_id>/returns")
@require(*WRITERS)
@takes_file
def send_return(payment_batch_id: int) -> AnyResponse:
    """Book what the bank sent back."""
    find_batch(db(), payment_batch_id)
    received = received_file()
    try:
        if received is None or not received.size_bytes:
            raise lacking("return_file", "请选择银行回盘文件", "choose the bank's return file")
        found = book_received(payment_batch_id, received)
    except (RenovationUnfit, FileTooLarge) as refusal:
        return _page(payment_batch_id, refusal, "return")
    flash(
        _("这个文件此前已登记，没有重复入账。") if found.again else _("回盘已登记。"),
        "info" if found.again else "success",
    )
    return redirect(url_for(".returned", payment_batch_id=payment_batch_id, return_id=found.id), 303)


@bp.get("/money/batches/<key:payment_batch_id>/returns/<key:return_id>")
@require(*SEES_MONEY)
def returned(payment_batch_id: int, return_id: int) -> str:
    """A file of the bank, row by row with what became of it."""
    batch = find_batch(db(), payment_batch_id)
    found = find_return(db(), payment_batch_id, return_id)
    return render_template(
        "money_return.html",
        batch=batch,
        found=found,
        unanswered=[line for line in batch_lines(db(), payment_batch_id) if line["state"] == "sent"],
        reference_of=reference_of,
        words=WORDS,
        yuan=yuan,
    )


def book_received(payment_batch_id: int, received: Received) -> Returned:
    """Book a return file that came with a form: read in a limited process apart."""
    # Here: no other page needs what books returns.
    from data.renovation.bank_returns import book_return

    name, content, sheets = read_received(received, "return_file")
    return book_return(db(), asker(), payment_batch_id, name, content, sheets, store().sealer)


def _done(payment_batch_id: int, name: str, act: Callable[[], str]) -> AnyResponse:
    try:
        said = act()
    except RenovationUnfit as refusal:
        return _page(payment_batch_id, refusal, name)
    flash(said, "success")
    return redirect(url_for(".page", payment_batch_id=payment_batch_id), 303)


def _page(payment_batch_id: int, refusal: FangtuError | None = None, act: str = "") -> AnyResponse:
    session, role = db(), asker().role
    batch = find_batch(session, payment_batch_id)
    waiting = payable_sites(session, payment_batch_id) if batch.state == "draft" else []
    body = render_template(
        "money_batch.html",
        batch=batch,
        lines=[
            {**line, "head_name": shown_name(line["head_name"] or "", role)}
            for line in batch_lines(session, payment_batch_id)
        ],
        waiting=len(waiting),
        waiting_fen=sum(row.fen for row in waiting),
        returns=return_list(session, payment_batch_id),
        reference_of=reference_of,
        words=WORDS,
        may_write=may_write(),
        may_send=role in SENDERS,
        yuan=yuan,
        wan=wan,
        problem=refusal.text.in_language(language()) if refusal else None,
        field=refusal.details.get("column") if refusal else None,
        act=act,
        form=request.form,
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")
