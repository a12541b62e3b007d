"""Who may get help (身份认定): the ledger of households, its workbook, and what excludes a household."""

from __future__ import annotations

import io

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.downloads import MIME, name_file
from app.field_work import within
from app.language import language
from app.maps import ViewUnknown
from app.renovation import WRITERS, day_of
from app.session import asker, db
from app.view import page_number, today
from data.audit import record
from data.formulas import guarded
from data.masks import mask_name, shown_name
from data.renovation.eligibility import joined
from data.renovation.eligibility_ledger import NONE, PAGE, HomeWish, home_ledger, ledger_rows
from data.renovation.exclusions import exclude, lift_exclusion
from data.renovation.listing import villages_named
from data.renovation.lists import list_lists
from data.renovation.unfit import RenovationUnfit
from data.rules.words import AID_GROUP, ELIGIBILITY, EXCLUSION, LIST_OUTCOME, MONITORED, OFFICE
from geo.errors import Text

bp = Blueprint("eligibility", __name__)
SEES = (Role.SUPERVISOR, Role.LEADER, Role.ADMIN)
GROUPS = {**AID_GROUP, NONE: Text("未认定", "Not determined")}
WORDS = {
    "aid_group": GROUPS,
    "eligibility": ELIGIBILITY,
    "office": OFFICE,
    "outcome": LIST_OUTCOME,
    "monitored": MONITORED,
    "exclusion": EXCLUSION,
}


@bp.get("/eligibility")
@require(*SEES)
def page() -> str:
    """Households by group, verdict and list, those to look at first."""
    wish, now = asked_homes(), today()
    ledger = home_ledger(db(), wish, now)
    pages = max(1, -(-len(ledger.found) // PAGE))
    at = min(page_number(), pages)
    rows = ledger_rows(db(), ledger.found[PAGE * (at - 1) : PAGE * at])
    role = asker().role
    return render_template(
        "eligibility.html",
        wish=wish,
        ledger=ledger,
        rows=[{**row, "head_name": shown_name(row["head_name"] or "", role)} for row in rows],
        page=at,
        pages=pages,
        lists={one["id"]: one for one in list_lists(db(), wish.within)},
        villages=villages_named(db(), [key for key in ledger.by["village"] if key is not None]),
        words=WORDS,
        joined=joined,
        today=now,
    )


@bp.get("/eligibility.xlsx")
@require(*SEES)
def workbook() -> Response:
    """The ledger as it is filtered, as a workbook; names masked, and noted in the log."""
    import openpyxl  # here: no other page needs it

    wish, now = asked_homes(), today()
    found = home_ledger(db(), wish, now).found
    english = language() == "en"

    def said(text: Text | None) -> str:
        return "" if text is None else text.en if english else text.zh

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(_("身份认定"))
    sheet.append(
        [
            _("户编号"),
            _("户主"),
            _("村"),
            _("对象类别"),
            _("监测类型"),
            _("结论"),
            _("理由"),
            _("名单单位"),
            _("名单日期"),
        ]
    )
    for row in ledger_rows(db(), found):
        one = row["judged"]
        sheet.append(
            [
                guarded(row["code"] or ""),
                guarded(mask_name(row["head_name"] or "")),
                guarded(row["village"] or ""),
                said(GROUPS.get(row["aid_group"] or NONE)),
                said(MONITORED.get(one.monitored or "")),
                said(ELIGIBILITY.get(one.verdict)),
                said(joined(one.reasons)),
                said(OFFICE.get(one.source.office)) if one.source else "",
                one.source.on_day if one.source else None,
            ]
        )
    out = io.BytesIO()
    book.save(out)
    record(db(), act="export", object_kind="eligibility", details={"rows": len(found)}, jur=max(wish.within[0], 0))
    answer = Response(out.getvalue(), mimetype=MIME[".xlsx"])
    answer.headers["Cache-Control"] = "private, no-store"
    name_file(answer, f"{_('身份认定')}-{now}.xlsx")
    return answer


@bp.post("/households/<key:household_id>/exclusions")
@require(*WRITERS)
def add(household_id: int) -> AnyResponse:
    """Enter what excludes a household."""
    try:
        exclude(
            db(),
            asker(),
            household_id,
            kind=request.form.get("kind", ""),
            evidence=request.form.get("evidence"),
            from_on=day_of("from_on"),
        )
    except RenovationUnfit as refusal:
        flash(refusal.text.in_language(language()), "error")
    else:
        flash(_("已登记不予享受的情形。"), "success")
    return redirect(f"/households/{household_id}#eligibility", 303)


@bp.post("/households/<key:household_id>/exclusions/<key:exclusion_id>/lift")
@require(*WRITERS)
def lift(household_id: int, exclusion_id: int) -> AnyResponse:
    """Lift an exclusion; it stays in the history."""
    try:
        lift_exclusion(db(), asker(), household_id, exclusion_id, request.form.get("reason"))
    except RenovationUnfit as refusal:
        flash(refusal.text.in_language(language()), "error")
    else:
        flash(_("已解除，记录保留。"), "success")
    return redirect(f"/households/{household_id}#eligibility", 303)


def asked_homes() -> HomeWish:
    """Which households the address asks for.

    Raises
    ------
    ViewUnknown
        If a filter is none of its words, or no number.
    """
    for name, known in (("group", GROUPS), ("verdict", ELIGIBILITY)):
        value = request.args.get(name, "")
        if value and value not in known:
            raise ViewUnknown(
                Text(
                    f"{name} 为“{value}”，应为 {'、'.join(known)}。",
                    f"{name} is '{value}'; expected {', '.join(known)}.",
                ),
                found=value,
            )
    return HomeWish(
        within(),
        group=request.args.get("group", ""),
        verdict=request.args.get("verdict", ""),
        source=_number("source"),
        village=_number("village"),
    )


def _number(name: str) -> int | None:
    given = request.args.get(name, "")
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise ViewUnknown(
            Text(f"{name} 为“{given}”，应为数字。", f"{name} is '{given}'; a number is expected."), found=given
        )
    return int(given)
