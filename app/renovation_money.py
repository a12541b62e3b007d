"""Money of renovations (资金): what came in and went out in a year, rates, and what is entered of them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.errors import status_of
from app.field_work import within
from app.language import language
from app.renovation import GRADE_BEFORE, SEES_MONEY, WRITERS, day_of, may_write, number_of
from app.renovation_acts import amount_of
from app.session import asker, db
from app.view import today
from data.masks import shown_name
from data.renovation.funds import GRADES, add_funding, cancel_funding, set_rate, wan, yuan
from data.renovation.listing import SiteWish, site_page
from data.renovation.money_lists import find_funding, funding_list, money_areas, money_years, rate_list
from data.renovation.payments import batch_list, open_batch
from data.renovation.totals import renovation_totals
from data.renovation.unfit import RenovationUnfit, lacking
from data.rules.words import AID_GROUP, BATCH_STATE, FUND_SOURCE, METHOD

bp = Blueprint("renovation_money", __name__)
WORDS = {
    "source": FUND_SOURCE,
    "batch": BATCH_STATE,
    "grade": GRADE_BEFORE,
    "method": METHOD,
    "aid_group": AID_GROUP,
}
MOST_LATE = 20


@bp.get("/money")
@require(*SEES_MONEY)
def page() -> AnyResponse:
    """What a year's money came to, and who waits for it."""
    return _page()


@bp.post("/money/funding")
@require(*WRITERS)
def receive() -> AnyResponse:
    """Enter money that was received."""

    def act() -> str:
        day = day_of("received_on")
        if day is None:
            raise lacking("received_on", "请填写到位日期", "give the day it was received")
        add_funding(
            db(),
            asker(),
            area_id=number_of("area_id") or 0,
            year=number_of("year", 4) or 0,
            source=request.form.get("source", ""),
            fen=amount_of("amount"),
            received_on=day,
            document=request.form.get("document"),
            remark=request.form.get("remark"),
        )
        return _("到位资金已登记。")

    return _done("receive", act)


@bp.post("/money/funding/<key:funding_id>/cancel")
@require(*WRITERS)
def cancel(funding_id: int) -> AnyResponse:
    """Cancel an entry that was a mistake; it stays with its reason."""
    find_funding(db(), funding_id)

    def act() -> str:
        cancel_funding(db(), funding_id, request.form.get("reason", ""))
        return _("已作废，记录保留。")

    return _done(f"cancel-{funding_id}", act)


@bp.post("/money/rates")
@require(*WRITERS)
def rate() -> AnyResponse:
    """Set a rate; an earlier one of the same kind ends and stays."""

    def act() -> str:
        set_rate(
            db(),
            asker(),
            area_id=number_of("area_id") or 0,
            year=number_of("year", 4) or 0,
            grade=request.form.get("grade", ""),
            method=request.form.get("method", ""),
            aid_group=request.form.get("aid_group", ""),
            fen=amount_of("amount"),
            source=request.form.get("source", ""),
        )
        return _("补助标准已设定。此前核定的应补金额不变。")

    return _done("rate", act)


@bp.post("/money/batches")
@require(*WRITERS)
def batch() -> AnyResponse:
    """Open a batch."""
    try:
        made = open_batch(
            db(),
            asker(),
            area_id=number_of("area_id") or 0,
            year=number_of("year", 4) or 0,
            name=request.form.get("name", ""),
        )
    except RenovationUnfit as refusal:
        return _page(refusal, "batch")
    return redirect(url_for("money_batches.page", payment_batch_id=made), 303)


def _done(name: str, act: Callable[[], str]) -> AnyResponse:
    try:
        said = act()
    except RenovationUnfit as refusal:
        return _page(refusal, name)
    flash(said, "success")
    return redirect(url_for(".page", year=number_of("year", 4)), 303)


def _page(refusal: RenovationUnfit | None = None, act: str = "") -> AnyResponse:
    session, range_ = db(), within()
    years = money_years(session, range_)
    year = _year(years)
    totals = renovation_totals(session, range_, year)
    late = site_page(session, SiteWish(range_, year=year, late=True), today(), 1, MOST_LATE, money=True, size=MOST_LATE)
    role = asker().role
    body = render_template(
        "money.html",
        year=year,
        years=years,
        totals=totals,
        fundings=funding_list(session, range_, year),
        rates=rate_list(session, range_, year),
        batches=batch_list(session, range_, year),
        late=[{**row, "head_name": shown_name(row["head_name"] or "", role)} for row in late.rows],
        areas=(areas := money_areas(session, asker())),
        towns=[area for area in areas if area["level"] == "township"],
        words=WORDS,
        grades=GRADES,
        may_write=may_write(),
        yuan=yuan,
        wan=wan,
        today=today(),
        problem=refusal.text.in_language(language()) if refusal else None,
        field=refusal.details.get("column") if refusal else None,
        act=act,
        form=request.form,
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def _year(years: list[int]) -> int | None:
    """The year the address or the form names, ``all`` for every year; the newest without one."""
    given = request.form.get("year") or request.args.get("year", "")
    if given == "all":
        return None
    if given.isascii() and given.isdigit() and len(given) == 4:
        return int(given)
    return years[0] if years else today().year
