"""Plans of a year (年度计划): sent as a table, looked at, taken over or let go; and what is done of them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.errors import status_of
from app.field_work import within
from app.language import language
from app.received_tables import read_received
from app.receiving import received_file, takes_file
from app.renovation import GRADE_BEFORE, SEES_MONEY, WRITERS, day_of, may_write, number_of
from app.session import asker, db
from app.view import today
from data.renovation.funds import wan
from data.renovation.money_lists import money_areas
from data.renovation.plan_progress import find_version, plan_progress, plan_versions
from data.renovation.plan_tables import PlanTable
from data.renovation.plans import apply_plan, draft_plan, drop_plan
from data.renovation.repeat_rules import end_repeat_rule, list_repeat_rules, set_repeat_rule
from data.renovation.unfit import RenovationUnfit, lacking
from data.rules.gates import PAY_WITHIN_DAYS
from data.rules.words import PLAN_STATE
from data.sealed_files import FileTooLarge
from geo.errors import FangtuError

bp = Blueprint("money_plans", __name__)
GRADES = ("C", "D", "none")
WORDS = {"state": PLAN_STATE, "grade": GRADE_BEFORE}


@bp.get("/money/plan")
@require(*SEES_MONEY)
def page() -> AnyResponse:
    """What is done of the plans of a year, their versions, and the form that sends one."""
    return _page()


@bp.post("/money/plan")
@require(*WRITERS)
@takes_file
def send() -> AnyResponse:
    """Read a table into a draft; what is wrong with it is said row by row, and nothing is kept then."""
    from data.renovation.plan_tables import read_plan_table

    received = received_file()
    table: PlanTable | None = None
    try:
        if received is None or not received.size_bytes:
            raise lacking("plan_file", "请选择计划表文件", "choose the file of the plan")
        name, _content, sheets = read_received(received, "plan_file")
        table = read_plan_table(sheets)
        made = draft_plan(
            db(),
            asker(),
            area_id=number_of("area_id") or 0,
            year=number_of("year", 4) or 0,
            name=request.form.get("name") or name,
            table=table,
            pay_within_days=_days(),
            complete_by=day_of("complete_by"),
            source=request.form.get("source"),
        )
    except (RenovationUnfit, FileTooLarge) as refusal:
        return _page(refusal, table.problems if table else [])
    return redirect(url_for(".version", plan_version_id=made), 303)


@bp.get("/money/plan/<key:plan_version_id>")
@require(*SEES_MONEY)
def version(plan_version_id: int) -> AnyResponse:
    """One version: a draft to be looked at, or what once held."""
    return _version(plan_version_id)


@bp.post("/money/plan/<key:plan_version_id>/apply")
@require(*WRITERS)
def take(plan_version_id: int) -> AnyResponse:
    """Take a draft over."""

    def act() -> str:
        apply_plan(db(), asker(), plan_version_id)
        return _("计划已应用。原来的计划保留为历史版本。")

    return _done(plan_version_id, act)


@bp.post("/money/plan/<key:plan_version_id>/drop")
@require(*WRITERS)
def drop(plan_version_id: int) -> AnyResponse:
    """Let a draft go."""

    def act() -> str:
        drop_plan(db(), asker(), plan_version_id)
        return _("草稿已放弃，现行计划不变。")

    return _done(plan_version_id, act)


@bp.post("/money/repeat-rules")
@require(*WRITERS)
def set_rule() -> AnyResponse:
    """Say for how many years a household that was helped is not helped again."""
    try:
        set_repeat_rule(
            db(),
            asker(),
            area_id=number_of("area_id") or 0,
            year=number_of("year", 4),
            years=number_of("years", 2),
            clause=request.form.get("clause"),
        )
    except RenovationUnfit as refusal:
        return _page(refusal, act="rule")
    flash(_("规定已保存，资格结论随之更新。"), "success")
    return redirect(url_for(".page", year=number_of("year", 4)) + "#repeat-rules", 303)


@bp.post("/money/repeat-rules/<key:rule_id>/end")
@require(*WRITERS)
def end_rule(rule_id: int) -> AnyResponse:
    """End such a rule."""
    end_repeat_rule(db(), asker(), rule_id)
    flash(_("规定已停用，记录保留。"), "success")
    return redirect(url_for(".page") + "#repeat-rules", 303)


def _done(plan_version_id: int, act: Callable[[], str]) -> AnyResponse:
    found = find_version(db(), plan_version_id)
    try:
        said = act()
    except RenovationUnfit as refusal:
        return _version(plan_version_id, refusal)
    flash(said, "success")
    return redirect(url_for(".page", year=found["year"]), 303)


def _version(plan_version_id: int, refusal: RenovationUnfit | None = None) -> AnyResponse:
    body = render_template(
        "money_plan_version.html",
        found=find_version(db(), plan_version_id),
        grades=GRADES,
        words=WORDS,
        may_write=may_write(),
        wan=wan,
        problem=refusal.text.in_language(language()) if refusal else None,
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def _page(
    refusal: FangtuError | None = None, problems: list[RenovationUnfit] | None = None, act: str = "plan"
) -> AnyResponse:
    session, range_ = db(), within()
    versions = plan_versions(session, range_, None)
    years = sorted({one["year"] for one in versions}, reverse=True)
    year = _year(years)
    body = render_template(
        "money_plan.html",
        year=year,
        years=years,
        plans=plan_progress(session, range_, year),
        versions=[one for one in versions if one["year"] == year],
        areas=money_areas(session, asker()),
        words=WORDS,
        may_write=may_write(),
        wan=wan,
        today=today(),
        usual_days=PAY_WITHIN_DAYS,
        problems=[one.text.in_language(language()) for one in problems or []],
        problem=refusal.text.in_language(language()) if refusal else None,
        field=refusal.details.get("column") if refusal else None,
        act=act if refusal else "",
        rules=list_repeat_rules(session, range_),
        form=request.form,
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def _year(years: list[int]) -> int:
    """The year the address or the form names; the newest of a plan without one."""
    given = request.form.get("year") or request.args.get("year", "")
    if given.isascii() and given.isdigit() and len(given) == 4:
        return int(given)
    return years[0] if years else today().year


def _days() -> int:
    given = request.form.get("pay_within_days", "").strip()
    return (number_of("pay_within_days", 4) or 0) if given else PAY_WITHIN_DAYS
