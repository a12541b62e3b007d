"""Imported files (批次): the report of one, and taking it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy.engine import Row

from app.access import require
from app.api import Operation, describe
from app.import_steps import WHO
from app.job_answers import JOB, job_answer
from app.language import language
from app.session import asker, db
from app.uploads import batch_row, refused_link
from data.batches import find_batch, list_problems, problem_groups, unplaced_of
from data.bilingual import in_language
from data.count_words import changes_in, counts_in_words
from data.imports.checks import load_checks
from data.imports.fields import all_fields
from data.jobs import OPEN, add_job, newest_undo
from data.tables import Job
from data.uploads import upload_of_batch
from geo.errors import Text

bp = Blueprint("batches", __name__)
# What stood in the way of an undo is shown again for as long; later it may have changed.
BLOCKERS_FOR = timedelta(minutes=10)


@bp.get("/batches/<key:batch_id>")
@require(*WHO)
def page(batch_id: int) -> str:
    """Totals, problems and undo of one batch."""
    session = db()
    batch = find_batch(session, batch_id)
    rule = request.args.get("rule") or None
    number = request.args.get("page", "")
    problems = list_problems(
        session, batch_id, rule, max(1, int(number)) if number.isdigit() and len(number) < 7 else 1
    )
    undo = newest_undo(session, batch_id)
    upload = upload_of_batch(session, batch_id)
    return render_template(
        "batch.html",
        batch=batch_row(batch),
        counts=counts_in_words(batch.counts or {}, language()),
        groups=[_group_json(row) for row in problem_groups(session, batch_id)],
        rule=rule,
        problems={
            "rows": [_problem_json(row, batch.kind) for row in problems.rows],
            "total": problems.total,
            "page": problems.page,
            "pages": problems.pages,
        },
        blockers=_blockers(undo),
        changes=changes_in(batch.counts or {}),
        may_undo=batch.undone_at is None,
        refused_file=refused_link(session, upload) if upload else None,
        unplaced=unplaced_of(session, batch_id) if batch.kind in ("households", "ledger") else None,
        undo_job=str(undo.id) if undo is not None and undo.state in OPEN else None,
    )


@bp.post("/api/v1/batches/<key:batch_id>/undo")
@require(*WHO)
@describe(
    Operation(
        "Take a batch back, or with check only say what stands in the way",
        answer={"job": JOB},
        statuses={409: "It is being taken back already"},
    )
)
def undo(batch_id: int) -> Response:
    """Begin taking a batch back."""
    session = db()
    batch = find_batch(session, batch_id)
    wanted: Any = request.get_json(silent=True) or {}
    if not isinstance(wanted, dict) or set(wanted) - {"check"} or not isinstance(wanted.get("check", False), bool):
        abort(400)
    key = add_job(
        session,
        asker(),
        "undo",
        (batch.jur, batch.jur_end),
        batch_id=batch.id,
        payload={"check": True} if wanted.get("check") else {},
    )
    return job_answer(key)


def _blockers(undo: Job | None) -> list[str]:
    """What the latest try to take the batch back ran into, if that was just now."""
    if undo is None or undo.finished_at is None or undo.finished_at < datetime.now(UTC) - BLOCKERS_FOR:
        return []
    found = in_language((undo.result or {}).get("blockers") or [], language())
    return [words for words in found if isinstance(words, str)]


def _group_json(row: Row[Any]) -> dict[str, Any]:
    known = load_checks().rules.get(row.code or "")
    words = known.words_for_all if known else Text(row.reason_zh, row.reason_en)
    return {"code": row.code, "reason": words.in_language(language()), "n": row.n, "refused": row.refused}


def _column_words(column: str | None, kind: str) -> str | None:
    """A column by its heading in the file, or the field's name in words where the file has no such column."""
    field = all_fields().get(kind, {}).get(column or "")
    return field.label.in_language(language()) if field else column


def _problem_json(row: Row[Any], kind: str) -> dict[str, Any]:
    expected = Text(row.expected_zh, row.expected_en).in_language(language()) if row.expected_zh else None
    return {
        "sheet": row.sheet,
        "row": row.row,
        "column": _column_words(row.column, kind),
        "found": row.found,
        "expected": expected,
        "reason": Text(row.reason_zh, row.reason_en).in_language(language()),
        "refused": row.refused,
        "code": row.code,
    }
