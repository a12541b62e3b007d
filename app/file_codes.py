"""Codes of the files of households (户码): followed after sign-in, given out anew, and printed as labels."""

from __future__ import annotations

from urllib.parse import urljoin

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.field_work import within
from app.paper import pages
from app.qr_codes import QrCode, draw_qr
from app.session import asker, db, outside, store
from app.view import today
from data.askers import RecordUnknown
from data.cards import plain_code
from data.file_codes import code_of, find_household, give_code, labels_by_village, make_labels, must_wait, note_code
from data.settings import ROOT

bp = Blueprint("file_codes", __name__)
MAKERS = (Role.SUPERVISOR, Role.ADMIN)
PAPER_STYLE = ROOT / "static" / "css" / "labels-file.css"


@bp.get("/h/<label>")
@require()
def follow(label: str) -> AnyResponse:
    """Go from a label to the file of its household; a code unknown, ended or of elsewhere is answered alike."""
    who = asker()
    with outside() as session:
        must_wait(session, who)
        found = find_household(db(), store().sealer, label)
        note_code(session, who, found=found is not None)
    if found is None:
        raise RecordUnknown
    answer = redirect(url_for("visit_ledger.household", household_id=found))
    # The address holds the code: no other page learns of it.
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@bp.post("/households/<key:household_id>/code")
@require(*MAKERS)
def give(household_id: int) -> AnyResponse:
    """Give a household's file its first code, or a new one; the old one ends."""
    give_code(db(), asker(), store().sealer, household_id)
    flash(_("已生成户码；此前的户码作废，请换下旧标签。"), "success")
    return redirect(url_for("visit_ledger.household", household_id=household_id) + "#file-code", 303)


@bp.get("/houses/labels")
@require(*MAKERS)
def villages() -> str:
    """Villages with their households and codes, and the buttons that make labels."""
    only = request.args.get("village", "")
    found = labels_by_village(db(), within())
    return render_template("labels.html", villages=[one for one in found if not only or one.code == only], only=only)


@bp.post("/houses/labels.pdf")
@require(*MAKERS)
def labels() -> Response:
    """Labels of one village, 24 on a page of A4; households without a code are given one."""
    village, number = request.form.get("village", ""), request.form.get("page", "1")
    page = max(1, int(number)) if number.isascii() and number.isdecimal() and len(number) < 5 else 1
    answer = Response(label_sheet(village, page), mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "attachment", filename=f"fangtu-labels-{village}-{page}.pdf")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def label_sheet(village: str, page: int) -> bytes:
    """Labels of one part of a village as a PDF; households without a code are given one."""
    made = make_labels(db(), asker(), store().sealer, village, page=page)
    html = render_template(
        "labels_paper.html", labels=[(one, draw_qr(address_of(one.code))) for one in made], day=today()
    )
    return pages(html, PAPER_STYLE.read_text(encoding="utf-8"))


def address_of(code: str) -> str:
    """The whole address a code stands for on the host that was asked."""
    return urljoin(request.host_url, f"/h/{plain_code(code)}")


def shown_code(household_id: int) -> tuple[str, QrCode] | None:
    """The code of a household's file in letters and drawn; None while it has none."""
    code = code_of(db(), store().sealer, household_id)
    return None if code is None else (code, draw_qr(address_of(code)))
