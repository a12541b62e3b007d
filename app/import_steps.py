"""The steps of an import as JSON: looking at an upload, choosing, trying, importing, stopping, dropping it."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, abort, jsonify

from app.access import Role, require
from app.api import Operation, describe
from app.job_answers import JOB, body_of, job_answer
from app.language import language
from app.session import asker, db, store
from app.uploads import read_area, read_kind, upload_json
from data.imports.choices import is_tried, read_choices, trial_mark
from data.jobs import JobRunning, add_job, ask_cancel, job_json, newest_jobs
from data.tables import Upload
from data.upload_files import clean_sender
from data.uploads import UploadClosed, change_upload, discard_upload, find_upload, require_open, require_within
from geo.errors import Text

bp = Blueprint("import_steps", __name__)
WHO = (Role.SUPERVISOR, Role.ADMIN)
UPLOAD = {
    "id": "Number of the upload",
    "file_name": "",
    "size_bytes": "",
    "sender": "Office that sent the file, or null",
    "area": {"code": "", "name": ""},
    "kind": "What it is imported as, or null while that is not known",
    "state": "new, ready, imported, discarded or expired",
    "expires_at": "When it is deleted; after the import, when its refused rows are",
    "choices": "sheet, crs, swapped, mapping (heading to field, - leaves out), campaign, round, level",
    "job": "The latest job of the upload, or null",
    "preview": "What is in the file: kinds, sheets, fields, columns, remembered, coordinates, summary; or null",
    "trial": "Report of the latest trial with the present choices, and when; or null",
    "batch": "id, href, read, accepted, refused of the import; or null",
    "refused_file": "href and expires_at of the file of refused rows, or null",
}
CLOSED = {409: "The upload was imported, dropped or has expired, or another step is under way"}


@bp.get("/api/v1/imports/<uuid:upload_id>")
@require(*WHO)
@describe(Operation("One of the own uploads with its preview, trial and latest job", answer=UPLOAD))
def show(upload_id: uuid.UUID) -> Response:
    """An upload."""
    return jsonify(upload_json(db(), find_upload(db(), upload_id)))


@bp.patch("/api/v1/imports/<uuid:upload_id>")
@require(*WHO)
@describe(
    Operation(
        "Say what an upload is (any of the fields); a new preview begins",
        body={
            "kind": "What to import it as, or null to guess",
            "choices": "All choices: what is missing stands at its default",
            "area": "Code of the area it speaks of",
            "sender": "Office that sent it, or null",
        },
        answer=UPLOAD,
        statuses={**CLOSED, 422: "A choice is not well formed, or the area is not the asker's"},
    )
)
def change(upload_id: uuid.UUID) -> Response:
    """Change what was said of an upload."""
    session, who = db(), asker()
    upload = find_upload(session, upload_id, lock=True)
    require_open(upload)
    wanted = body_of()
    if set(wanted) - {"kind", "choices", "area", "sender"}:
        abort(400)
    changes: dict[str, Any] = {}
    if "kind" in wanted:
        changes["kind"] = read_kind(wanted["kind"])
    if "choices" in wanted:
        changes["choices"] = read_choices(wanted["choices"])
    if "sender" in wanted:
        changes["sender"] = clean_sender(_word(wanted["sender"]))
    if "area" in wanted:
        within = read_area(_word(wanted["area"]) or "")
        require_within(who, within)
        changes["jur"], changes["jur_end"] = within
    change_upload(session, upload, **changes)
    add_job(session, who, "preview", (upload.jur, upload.jur_end), upload_id=upload.id, instead_of=("preview",))
    return jsonify(upload_json(session, upload))


@bp.delete("/api/v1/imports/<uuid:upload_id>")
@require(*WHO)
@describe(
    Operation(
        "Drop an upload: file and preview are gone at once",
        answer={"state": "discarded"},
        statuses=CLOSED,
    )
)
def discard(upload_id: uuid.UUID) -> Response:
    """Drop an upload."""
    session = db()
    upload = find_upload(session, upload_id, lock=True)
    if upload.state == "imported":
        require_open(upload)
    running = newest_jobs(session, [upload.id]).get(upload.id)
    if running is not None and running.kind == "import" and running.state == "running":
        raise JobRunning
    ask_cancel(session, upload_id=upload.id)
    discard_upload(session, store().settings, upload)
    return jsonify(state=upload.state)


@bp.post("/api/v1/imports/<uuid:upload_id>/trial")
@require(*WHO)
@describe(
    Operation(
        "Try the import with the present choices: everything is checked, nothing written",
        answer={"job": JOB},
        statuses=CLOSED,
    )
)
def trial(upload_id: uuid.UUID) -> Response:
    """Begin a trial."""
    session = db()
    upload = find_upload(session, upload_id, lock=True)
    require_open(upload)
    return _begin(upload, "trial")


@bp.post("/api/v1/imports/<uuid:upload_id>/run")
@require(*WHO)
@describe(
    Operation(
        "Import with the choices of the latest trial",
        answer={"job": JOB},
        statuses={409: "No trial with the present choices yet, or another step is under way"},
    )
)
def run(upload_id: uuid.UUID) -> Response:
    """Begin the import."""
    session = db()
    upload = find_upload(session, upload_id, lock=True)
    require_open(upload)
    if not is_tried(upload):
        raise UploadClosed(
            Text(
                "还没有按现在的选择试算过。请先试算，再导入。",
                "There is no trial with the present choices yet. Make a trial, then import.",
            )
        )
    return _begin(upload, "import")


@bp.post("/api/v1/imports/<uuid:upload_id>/cancel")
@require(*WHO)
@describe(Operation("Stop what is under way for an upload", answer={"job": JOB}))
def cancel(upload_id: uuid.UUID) -> Response:
    """Stop the running step."""
    session = db()
    upload = find_upload(session, upload_id)
    ask_cancel(session, upload_id=upload.id)
    session.expire_all()
    found = newest_jobs(session, [upload.id]).get(upload.id)
    return jsonify(job=job_json(found, language()) if found else None)


def _begin(upload: Upload, kind: str) -> Response:
    session = db()
    key = add_job(
        session,
        asker(),
        kind,
        (upload.jur, upload.jur_end),
        upload_id=upload.id,
        payload={"mark": trial_mark(upload)},
        instead_of=("preview",),
    )
    return job_answer(key)


def _word(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        abort(400)
    return value
