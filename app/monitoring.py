"""Monthly monitoring of housing safety (住房安全动态监测): the page of a round, its acts, its workbook."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.downloads import MIME, name_file
from app.errors import status_of
from app.field_work import within
from app.language import language
from app.session import asker, db, store
from app.view import page_number, today
from data.appraisal_due import list_choices, list_disasters
from data.areas import EVERYWHERE
from data.audit import record
from data.masks import shown_name
from data.monitoring.acts import act_on, change_status
from data.monitoring.listing import MonitorWish, count_round, monitored_page, names_of
from data.monitoring.rounds import find_round, list_rounds, open_round, rules_of, take_in
from data.monitoring.unfit import MonitoringUnfit, lacking
from data.monitoring.workbook import monitoring_workbook
from data.rules.appraising import DISASTER
from data.rules.monitoring import ACTS_FROM, DUE, STAGES, first_of_month
from data.rules.words import (
    AID_GROUP,
    HOUSING_CAUSE,
    HOUSING_STATUS,
    MONITOR_ACT,
    MONITOR_FOLLOW,
    MONITOR_STAGE,
    PETITION_CAUSE,
    SATISFACTION,
)

bp = Blueprint("monitoring", __name__)
WRITERS = (Role.SUPERVISOR,)
WORDS = {
    "stage": MONITOR_STAGE,
    "act": MONITOR_ACT,
    "follow": MONITOR_FOLLOW,
    "aid_group": AID_GROUP,
    "disaster": DISASTER,
    "status": HOUSING_STATUS,
    "cause": HOUSING_CAUSE,
}


# Words of the section that the pages of a house and of a household show.
SAFETY_WORDS = {
    "monitor_stage": MONITOR_STAGE,
    "monitor_act": MONITOR_ACT,
    "follow": MONITOR_FOLLOW,
    "status": HOUSING_STATUS,
    "housing_cause": HOUSING_CAUSE,
    "petition_cause": PETITION_CAUSE,
    "satisfaction": SATISFACTION,
}


@bp.get("/monitoring")
@require()
def page() -> AnyResponse:
    """One round: how many stand where in each village, and its households, late ones first."""
    return _page()


@bp.post("/monitoring")
@require(*WRITERS)
def begin() -> AnyResponse:
    """Open a round for a month, or after a disaster."""
    try:
        disaster = number_of("disaster")
        made = open_round(
            db(),
            asker(),
            area=request.form.get("area", ""),
            month=today() if disaster else month_of(request.form.get("month", "")),
            rules=rules_of(store().settings.var),
            today=today(),
            disaster_id=disaster,
        )
    except MonitoringUnfit as refusal:
        return _page(refusal)
    flash(_("已开启监测，监测对象已按现状列入。"), "success")
    return redirect(url_for(".page", round=made), 303)


@bp.post("/monitoring/<key:monitoring_id>/take-in")
@require(*WRITERS)
def more(monitoring_id: int) -> AnyResponse:
    """Take in households that have come to a monitored group since the round was opened."""
    taken = take_in(db(), monitoring_id, rules_of(store().settings.var))
    flash(_("补入 %(n)s 户。", n=taken), "success")
    return redirect(url_for(".page", round=monitoring_id), 303)


@bp.post("/monitoring/<key:monitoring_id>/acts")
@require(*WRITERS)
def act(monitoring_id: int) -> AnyResponse:
    """Do one act for the households that were chosen; those left out are named with their reasons."""
    found = find_round(db(), monitoring_id)
    query = request.form.get("query", "")
    back = f"/monitoring?{query}" if query else url_for(".page", round=monitoring_id)
    told = request.form.get("act", "")
    try:
        done = act_on(
            db(),
            asker(),
            [int(one) for one in request.form.getlist("id") if one.isascii() and one.isdigit() and len(one) < 19],
            told,
            today=today(),
            on_day=_day("on_day"),
            reason=request.form.get("reason"),
            follow=request.form.get("follow") or None,
            round_id=found["id"],
        )
    except MonitoringUnfit as refusal:
        flash(refusal.text.in_language(language()), "error")
        return redirect(back, 303)
    word = MONITOR_ACT[told].in_language(language())
    flash(_("%(n)s 户已登记“%(act)s”。", n=done.moved, act=word), "success" if done.moved else "error")
    names = names_of(db(), [one for one, _why in done.left_out])
    for one, why in done.left_out[:20]:
        known = names.get(one, {})
        name = shown_name(known.get("head_name") or "", asker().role) or known.get("household_code") or "—"
        flash(_("没有登记：%(name)s，%(why)s。", name=name, why=why.in_language(language())), "error")
    if len(done.left_out) > 20:
        flash(_("还有 %(n)s 户没有登记。", n=len(done.left_out) - 20), "error")
    return redirect(back, 303)


@bp.get("/monitoring/<key:monitoring_id>.xlsx")
@require(Role.SUPERVISOR, Role.LEADER, Role.ADMIN)
def workbook(monitoring_id: int) -> Response:
    """The round as a workbook for the county; names masked, and noted in the log."""
    found = find_round(db(), monitoring_id)
    counts = count_round(db(), monitoring_id, within(), today())
    title = f"{found['area']}{found['month']:%Y年%m月}住房安全动态监测台账"
    content = monitoring_workbook(
        db(), MonitorWish(monitoring_id, within()), counts, today(), title, f"截至 {today()}；{found['source']}"
    )
    record(db(), act="export", object_kind="monitoring", object_id=monitoring_id, jur=found["jur"])
    answer = Response(content, mimetype=MIME[".xlsx"])
    name_file(answer, f"{title}-{today()}.xlsx")
    return answer


@bp.post("/households/<key:household_id>/housing-status")
@require(*WRITERS)
def status(household_id: int) -> AnyResponse:
    """Add a change of a household's housing safety, and go back to where it was entered."""
    house = number_of("house")
    back = f"/houses/{house}" if house else f"/households/{household_id}"
    try:
        change_status(
            db(),
            asker(),
            household_id,
            request.form.get("status", ""),
            request.form.get("reason"),
            today=today(),
            on_day=_day("on_day"),
        )
        flash(_("已登记住房状态变动，以前的记录保留。"), "success")
    except MonitoringUnfit as refusal:
        flash(refusal.text.in_language(language()), "error")
    return redirect(back, 303)


def month_of(told: str) -> date:
    """The month that is asked for.

    Raises
    ------
    MonitoringUnfit
        If it is none.
    """
    try:
        return first_of_month(told)
    except ValueError as error:
        raise lacking("month", "月份应如 2026-11", "a month such as 2026-11 is expected", found=told) from error


def number_of(name: str) -> int | None:
    """A key of the form; None where there is none."""
    given = request.form.get(name, "").strip()
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


def asked_round(rounds: list[dict[str, Any]], name: str = "round") -> dict[str, Any] | None:
    """The round the address names, else the newest; None if there is none.

    Raises
    ------
    data.askers.RecordUnknown
        If it names one the asker does not see.
    """
    given = request.args.get(name, "")
    if given.isascii() and given.isdigit() and len(given) < 19:
        return next((one for one in rounds if one["id"] == int(given)), None) or find_round(db(), int(given))
    return rounds[0] if rounds else None


def _page(refusal: MonitoringUnfit | None = None) -> AnyResponse:
    own = asker().duty[0] if len(asker().duty) == 1 else EVERYWHERE
    rounds = list_rounds(db(), within())
    found = asked_round(rounds)
    stage = request.args.get("stage", "")
    stage = stage if stage in STAGES else ""
    village = request.args.get("village", "")
    wish = MonitorWish(
        found["id"] if found else 0,
        within(),
        stage,
        int(village) if village.isascii() and village.isdigit() and len(village) < 19 else None,
        request.args.get("late") == "1",
    )
    counts = count_round(db(), wish.round_id, wish.within, today())
    rows, number, pages, n = monitored_page(db(), wish, today(), page_number())
    may_write = asker().role in WRITERS
    body = render_template(
        "monitoring.html",
        rounds=rounds,
        round=found,
        counts=counts,
        wish=wish,
        rows=[{**row, "head_name": shown_name(row["head_name"] or "", asker().role)} for row in rows],
        found=n,
        page=number,
        pages=pages,
        stages=STAGES,
        due=DUE,
        acts=list(ACTS_FROM),
        words=WORDS,
        areas=list_choices(db(), own, ("county", "township")) if may_write else [],
        disasters=list_disasters(db(), own) if may_write else [],
        may_write=may_write,
        problem=refusal.text.in_language(language()) if refusal else None,
        field=refusal.details.get("column") if refusal else None,
        form=request.form if refusal else {},
        today=today(),
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def _day(name: str) -> date | None:
    given = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as error:
        raise lacking(name, "日期应如 2026-12-31", "a day such as 2026-12-31 is expected", found=given) from error
