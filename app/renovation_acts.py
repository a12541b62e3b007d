"""What is done to a renovation site (办理): each form writes one act that stays, and goes back to the site's page."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.language import language
from app.renovation import (
    MANY,
    WORDS,
    WRITERS,
    day_of,
    number_of,
    opening_answer,
    site_answer,
)
from app.session import asker, db, store
from app.view import today
from data.households import household_card
from data.masks import shown_name
from data.renovation.checks import state_check
from data.renovation.funds import entitle, fen_of
from data.renovation.gates import Moved, advance, advance_many, end_site, resume_site, send_back
from data.renovation.inspections import add_inspection, mend_inspection
from data.renovation.listing import names_of
from data.renovation.openings import change_site, open_site
from data.renovation.unfit import RenovationUnfit, lacking
from data.rules.words import STAGE

bp = Blueprint("renovation_acts", __name__)
# Fen in what an amount may be written in.
UNITS = {"yuan": 100, "wan": 1_000_000}
MOST_AT_ONCE = 1000


@bp.post("/sites/advance")
@require(*WRITERS)
def pass_many() -> AnyResponse:
    """Pass one gate for the sites that were chosen; those left out are named with their reasons."""
    query = request.form.get("query", "")
    back = f"/sites?{query}" if query else "/sites"
    try:
        gate, moved = _pass_chosen()
    except RenovationUnfit as refusal:
        flash(refusal.text.in_language(language()), "error")
        return redirect(back, 303)
    if not moved.left_out:
        flash(_("%(n)s 处已通过“%(gate)s”。", n=moved.moved, gate=STAGE[gate].in_language(language())), "success")
        return redirect(back, 303)
    names = names_of(db(), [site for site, _reason in moved.left_out])
    role = asker().role
    left_out = [
        {
            "id": site,
            "reason": reason.in_language(language()),
            "name": shown_name(names[site]["head_name"] or "", role) if site in names else "",
            "code": names[site]["household_code"] or names[site]["code"] if site in names else None,
            "village": names[site]["village"] if site in names else None,
            "known": site in names,
        }
        for site, reason in moved.left_out
    ]
    body = render_template("sites_moved.html", moved=moved.moved, left_out=left_out, gate=gate, back=back, words=WORDS)
    return AnyResponse(body, mimetype="text/html")


def _pass_chosen() -> tuple[str, Moved]:
    chosen = [int(one) for one in request.form.getlist("site") if one.isascii() and one.isdigit() and len(one) < 19]
    gate = request.form.get("gate", "")
    if gate not in MANY:
        raise lacking("gate", "请选择要办理的环节", "choose the gate to pass", found=gate)
    if not chosen:
        raise lacking("site", "请先选择改造", "choose sites first")
    if len(chosen) > MOST_AT_ONCE:
        raise lacking("site", f"一次最多 {MOST_AT_ONCE} 处", f"at most {MOST_AT_ONCE} sites at once", found=len(chosen))
    return gate, advance_many(db(), asker(), chosen, gate, on_day=day_of("on_day"), note=request.form.get("note"))


@bp.post("/sites/<key:site_id>/advance")
@require(*WRITERS)
def step(site_id: int) -> AnyResponse:
    """Pass the next gate."""

    def act() -> str:
        gate = advance(
            db(),
            asker(),
            site_id,
            request.form.get("gate", ""),
            on_day=day_of("on_day"),
            note=request.form.get("note"),
            household_present={"yes": True, "no": False}.get(request.form.get("present", "")),
            override=request.form.get("override"),
            revision=_revision(),
        )
        return _("已通过“%(gate)s”。", gate=STAGE[gate].in_language(language()))

    return done(site_id, "advance", act)


@bp.post("/sites/<key:site_id>/end")
@require(*WRITERS)
def end(site_id: int) -> AnyResponse:
    """End a renovation: it did not pass, or the household gave it up."""

    def act() -> str:
        how, reason = request.form.get("how", ""), request.form.get("reason", "")
        end_site(db(), asker(), site_id, how, reason, on_day=day_of("on_day"), revision=_revision())
        return _("改造已终止，记录保留。")

    return done(site_id, "end", act)


@bp.post("/sites/<key:site_id>/resume")
@require(*WRITERS)
def resume(site_id: int) -> AnyResponse:
    """Take an ended renovation up again."""

    def act() -> str:
        reason = request.form.get("reason", "")
        resume_site(db(), asker(), site_id, reason, on_day=day_of("on_day"), revision=_revision())
        return _("已恢复办理。")

    return done(site_id, "resume", act)


@bp.post("/sites/<key:site_id>/back")
@require(*WRITERS)
def back(site_id: int) -> AnyResponse:
    """Send a renovation back to an earlier gate."""

    def act() -> str:
        gate, reason = request.form.get("gate", ""), request.form.get("reason", "")
        send_back(db(), asker(), site_id, gate, reason, on_day=day_of("on_day"), revision=_revision())
        return _("已退回“%(gate)s”。", gate=STAGE[gate].in_language(language()))

    return done(site_id, "back", act)


@bp.post("/sites/<key:site_id>/change")
@require(*WRITERS)
def change(site_id: int) -> AnyResponse:
    """Change how it is renovated, and who answers for it."""

    def act() -> str:
        change_site(
            db(),
            site_id,
            revision=_revision() or 0,
            method=request.form.get("method", ""),
            responsible=request.form.get("responsible"),
            method_reason=request.form.get("method_reason"),
        )
        return _("已保存。")

    return done(site_id, "change", act)


@bp.post("/sites/<key:site_id>/check")
@require(*WRITERS)
def check(site_id: int) -> AnyResponse:
    """Say who answers for one of the three checks, and why it may stand."""

    def act() -> str:
        state_check(
            db(),
            asker(),
            site_id,
            request.form.get("name", ""),
            responsible=request.form.get("responsible"),
            reason=request.form.get("reason"),
            revision=_revision(),
        )
        return _("已保存。")

    return done(site_id, "check", act)


@bp.post("/sites/<key:site_id>/entitle")
@require(*WRITERS)
def set_entitlement(site_id: int) -> AnyResponse:
    """Set what the household is entitled to: by the rate, or another amount for a reason."""

    def act() -> str:
        fen = None
        if request.form.get("by") == "amount":
            fen = amount_of("amount")
        entitle(db(), asker(), site_id, fen=fen, reason=request.form.get("reason"))
        return _("应补金额已核定。")

    return done(site_id, "entitle", act)


@bp.post("/sites/<key:site_id>/inspections")
@require(*WRITERS)
def inspect(site_id: int) -> AnyResponse:
    """Write down a look at the quality of the work."""

    def act() -> str:
        add_inspection(
            db(),
            asker(),
            site_id,
            on_day=day_of("on_day"),
            inspector=request.form.get("inspector"),
            findings=request.form.get("findings"),
            order_text=request.form.get("order_text"),
            due_on=day_of("due_on"),
        )
        return _("巡查已登记。")

    return done(site_id, "inspect", act)


@bp.post("/sites/<key:site_id>/inspections/<key:inspection_id>/mended")
@require(*WRITERS)
def mended(site_id: int, inspection_id: int) -> AnyResponse:
    """Say that what an inspection ordered is mended."""

    def act() -> str:
        note = request.form.get("mended_note")
        mend_inspection(db(), site_id, inspection_id, note=note, mended_on=day_of("mended_on"))
        return _("整改已登记。")

    return done(site_id, f"mend-{inspection_id}", act)


@bp.get("/households/<key:household_id>/site")
@require(*WRITERS)
def new(household_id: int) -> AnyResponse:
    """The form that begins a renovation of a household."""
    return opening_answer(_card(household_id))


@bp.post("/households/<key:household_id>/site")
@require(*WRITERS)
def begin(household_id: int) -> AnyResponse:
    """Begin a renovation."""
    card = _card(household_id)
    try:
        made = open_site(
            db(),
            asker(),
            household_id=household_id,
            house_id=number_of("house_id"),
            method=request.form.get("method", ""),
            on_day=day_of("on_day"),
            year=number_of("year", 4),
            responsible=request.form.get("responsible"),
            method_reason=request.form.get("method_reason"),
        )
    except RenovationUnfit as refusal:
        return opening_answer(card, refusal)
    flash(_("改造已登记。"), "success")
    return redirect(url_for("renovation.site", site_id=made), 303)


def amount_of(name: str) -> int:
    """Fen of an amount of the form, which says its unit beside it.

    Raises
    ------
    RenovationUnfit
        If it is no amount, or the unit is not said.
    """
    unit = UNITS.get(request.form.get("unit", ""))
    if unit is None:
        raise lacking("unit", "请选择元或万元", "choose yuan or ten thousand yuan")
    return fen_of(request.form.get(name, ""), name, unit=unit)


def done(site_id: int, name: str, act: Callable[[], str]) -> AnyResponse:
    """Do it and go back to the site, or show the site again with what was refused."""
    try:
        said = act()
    except RenovationUnfit as refusal:
        return site_answer(site_id, refusal, name, request.form)
    flash(said, "success")
    return redirect(url_for("renovation.site", site_id=site_id), 303)


def _revision() -> int | None:
    return number_of("revision", 9)


def _card(household_id: int) -> dict[str, object]:
    return household_card(db(), household_id, asker(), store().sealer, round_=None, today=today())
