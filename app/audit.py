"""The log page (日志) for the administrator: who did what, newest first."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.access import Role, require
from app.session import db
from app.view import ZONE
from data.audit import read_audit

bp = Blueprint("audit", __name__)
PAGE = 50
ACTS = (
    "sign_in", "sign_in_refused", "reveal", "search_number", "account_add", "account_disable", "account_enable",
    "password_change", "password_reset", "token_add", "upload", "upload_discard", "import", "import_undo",
    "refused_download", "place", "place_undo", "area_edit", "duty_follow", "export", "publicity_add", "publicity_undo",
    "hardship_read", "hardship_add", "hardship_change", "load_sample", "campaign_open", "campaign_change",
    "lookback_draw", "lookback_result", "finding_add", "finding_answer", "finding_confirm", "finding_withdraw",
    "rule_visit", "answer_doubt", "repeat_settle", "repeat_undo", "mark_accept", "mark_refuse", "mark_undo",
    "photo_show", "make_cards", "file_code", "file_labels", "assign", "assign_undo", "road_gap", "road_gap_undo",
    "appraisal_add", "appraisal_report", "disaster_add", "disaster_end", "monitoring_open", "monitoring_take_in",
    "monitoring_act", "housing_status", "petition_read", "petition_add", "petition_change",
    "concern_observe", "concern_charge", "household_file", "household_files", "label_files", "made_fetch",
    "household_word", "household_answer", "repeat_rule", "repeat_rule_end",
)  # fmt: skip


@bp.get("/audit")
@require(Role.ADMIN)
def page() -> str:
    """One page of the log."""
    act = request.args.get("act") or None
    actor = (request.args.get("actor") or "").strip() or None
    before = request.args.get("before", "")
    rows = read_audit(
        db(),
        act=act if act in ACTS else None,
        actor=actor,
        before=int(before) if before.isdigit() and len(before) < 19 else None,
        limit=PAGE + 1,
    )
    return render_template(
        "audit.html",
        rows=[(row, row.at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")) for row in rows[:PAGE]],
        older=rows[PAGE - 1].id if len(rows) > PAGE else None,
        newest=not before,
        acts=ACTS,
        act=act,
        actor=actor or "",
    )
