"""Importing from the page (导入): sending a file, its wizard, trial and run, the refused rows, empty templates."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.api import Operation, describe
from app.errors import wants_json
from app.language import language
from app.maps import shell, shell_version
from app.receiving import received_file, takes_file
from app.session import asker, db, store
from app.uploads import batch_row, kind_label, refused_link, upload_facts, upload_json, upload_row
from data.areas import area_range
from data.askers import RecordUnknown
from data.audit import record
from data.batches import list_batches
from data.campaigns import list_campaigns
from data.imports.choices import NO_CHOICES, is_tried, read_choices, trial_mark
from data.imports.fields import KINDS
from data.imports.kinds import KIND
from data.imports.memory import known_senders
from data.jobs import JobRunning, add_job, ask_cancel, job_json, newest_jobs
from data.rules.words import LEVEL
from data.tables import Job, Upload
from data.upload_files import (
    MOST_BYTES,
    clean_name,
    clean_sender,
    ending_of_refused,
    read_refused,
    refused_path,
)
from data.uploads import (
    UploadClosed,
    UploadUnfit,
    add_upload,
    change_upload,
    discard_upload,
    find_upload,
    import_areas_of,
    list_uploads,
    require_open,
    require_within,
)
from geo.errors import Text

bp = Blueprint("imports", __name__)
WHO = (Role.SUPERVISOR, Role.ADMIN)
REFUSED = Text("退回表", "refused")
TABLES = tuple(kind for kind in KINDS if kind != "campaigns")
JOB = {
    "id": "Number of the job",
    "kind": "preview, trial, import or undo",
    "state": "waiting, running, done, failed or cancelled",
    "step": "What it does now, in words",
    "done": "Rows done, or null",
    "total": "Of how many, or null",
    "error": "code and message of a failed job, or null",
    "can_cancel": "Whether it can still be stopped",
    "result": "What it came to besides: blockers of an undo, in words",
}
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


@bp.get("/imports")
@require(*WHO)
def page() -> str:
    """Sending a file; own uploads, batches of the area, templates."""
    session, who = db(), asker()
    uploads = list_uploads(session, who.account_id)
    jobs = newest_jobs(session, [upload.id for upload, _ in uploads])
    batches = list_batches(session, _page_number("batches_page"))
    return render_template(
        "imports.html",
        uploads=[upload_row(session, upload, mark, jobs.get(upload.id)) for upload, mark in uploads],
        batches=[batch_row(row) for row in batches.rows],
        batches_page=batches.page,
        batches_pages=batches.pages,
        batches_total=batches.total,
        areas=_areas(),
        kinds=_kinds(),
        senders=known_senders(session),
        templates=[
            {
                "kind": kind,
                "label": kind_label(kind),
                "href": url_for(".template", kind=kind, lang=language()),
            }
            for kind in TABLES
            if kind != "base"
        ],
        max_bytes=MOST_BYTES,
    )


@bp.post("/imports")
@require(*WHO)
@takes_file
def send() -> AnyResponse:
    """Take a file; programs get its address as JSON, browsers go there."""
    received = received_file()
    if received is None:
        raise UploadUnfit(Text("请选择要上传的文件。", "Choose a file to upload."), column="file")
    if not received.size_bytes:
        raise UploadUnfit(Text("这个文件是空的。请检查后重新上传。", "This file is empty."), column="file")
    session, who = db(), asker()
    within = _within(request.form.get("area", ""))
    kind = _kind(request.form.get("kind") or None)
    upload = add_upload(
        session,
        who,
        upload_id=received.id,
        within=within,
        file_name=clean_name(received.name),
        size_bytes=received.size_bytes,
        sha256=received.finish(),
        sender=clean_sender(request.form.get("sender")),
        kind=kind,
        choices=NO_CHOICES,
    )
    add_job(session, who, "preview", within, upload_id=upload.id)
    received.is_kept = True
    address = url_for(".wizard", upload_id=upload.id)
    if wants_json():
        return jsonify(id=str(upload.id), href=address), 201  # type: ignore[return-value]
    return redirect(address, 303)


@bp.get("/imports/<uuid:upload_id>")
@require(*WHO)
def wizard(upload_id: uuid.UUID) -> str:
    """The wizard of one upload; what it shows comes as JSON."""
    session = db()
    upload = find_upload(session, upload_id)
    return render_template(
        "import.html",
        upload=upload_facts(session, upload),
        upload_url=url_for(".show", upload_id=upload_id),
        shell=shell(),
        script_url=url_for("maps.script", v=shell_version()),
        areas=_areas(),
        kinds=_kinds(),
        campaigns=[
            {"id": campaign.code, "name": campaign.name_en if language() == "en" else campaign.name_zh}
            for campaign in list_campaigns(session)
        ],
        levels=[(level, label.in_language(language())) for level, label in LEVEL.items() if level != "grid"],
    )


@bp.get("/imports/<uuid:upload_id>/refused")
@require(*WHO)
def refused(upload_id: uuid.UUID) -> AnyResponse:
    """The refused rows of an imported upload, with the reasons; for its sender, for seven days."""
    session = db()
    upload = find_upload(session, upload_id)
    if refused_link(session, upload) is None:
        raise RecordUnknown
    held = store()
    if not refused_path(held.settings, upload.id).exists():
        raise UploadClosed(
            Text("退回表正在生成，请几秒后再下载。", "The file of refused rows is being made; try in a few seconds.")
        )
    pieces = read_refused(held.settings, held.sealer, upload.id)
    first = next(pieces)
    ending = ending_of_refused(first[:4])
    record(
        session, act="refused_download", object_kind=upload.kind or "file", object_id=upload.batch_id, jur=upload.jur
    )

    def body() -> Iterator[bytes]:
        yield first
        yield from pieces

    answer = Response(body(), mimetype=_MIME[ending])
    name = f"{Path(upload.file_name).stem}-{REFUSED.in_language(language())}{ending}"
    _name_file(answer, name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/imports/templates/<kind>.xlsx")
@require(*WHO)
def template(kind: str) -> Response:
    """An empty workbook for a kind of file, with its headings and how to fill it in."""
    if kind not in TABLES:
        abort(404)
    from data.imports.templates import write_template  # brings a library along that no other page needs

    chosen = "en" if request.args.get("lang", language()) == "en" else "zh"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "template.xlsx")
        write_template(kind, path, chosen)
        answer = Response(path.read_bytes(), mimetype=_MIME[".xlsx"])
    name = f"{KIND[kind].in_language(chosen)}.xlsx"
    _name_file(answer, name)
    return answer


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
    wanted: Any = request.get_json()
    if not isinstance(wanted, dict) or set(wanted) - {"kind", "choices", "area", "sender"}:
        abort(400)
    changes: dict[str, Any] = {}
    if "kind" in wanted:
        changes["kind"] = _kind(wanted["kind"])
    if "choices" in wanted:
        changes["choices"] = read_choices(wanted["choices"])
    if "sender" in wanted:
        changes["sender"] = clean_sender(_word(wanted["sender"]))
    if "area" in wanted:
        within = _within(_word(wanted["area"]) or "")
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


_MIME = {
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _name_file(answer: Response, name: str) -> None:
    """Name a download; a header holds Latin letters only, so other names are written as RFC 6266 has it."""
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"


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
    return jsonify(job=job_json(session.get_one(Job, key), language()))


def _within(area: str) -> tuple[int, int]:
    if not area.strip():
        raise UploadUnfit(Text("请选择文件属于哪个辖区。", "Choose the area the file speaks of."), column="area")
    return area_range(db(), area.strip())


def _kind(kind: Any) -> str | None:
    if kind is not None and kind not in KINDS:
        raise UploadUnfit(Text("没有这种文件。请从列表中选择。", "There is no such kind. Choose one."), column="kind")
    return kind if kind is None else str(kind)


def _word(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        abort(400)
    return value


def _areas() -> list[dict[str, str]]:
    return [{"code": code, "name": name} for code, name in import_areas_of(db(), asker())]


def _kinds() -> list[tuple[str, str]]:
    return [(kind, KIND[kind].in_language(language())) for kind in KINDS]


def _page_number(name: str) -> int:
    value = request.args.get(name)
    return max(1, int(value)) if value and value.isascii() and value.isdigit() and len(value) < 7 else 1
