"""Importing from the page (导入): sending a file, its wizard, trial and run, the refused rows, empty templates."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.downloads import MIME, name_file
from app.errors import wants_json
from app.import_steps import WHO
from app.language import language
from app.maps import shell, shell_version
from app.receiving import received_file, takes_file
from app.session import asker, db, store
from app.uploads import batch_row, kind_label, read_area, read_kind, refused_link, upload_facts, upload_row
from app.view import page_number
from data.askers import RecordUnknown
from data.audit import record
from data.batches import list_batches
from data.campaigns import list_campaigns
from data.imports.choices import NO_CHOICES
from data.imports.fields import KINDS
from data.imports.kinds import KIND
from data.imports.memory import known_senders
from data.jobs import add_job, newest_jobs
from data.rules.words import LEVEL
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
    find_upload,
    import_areas_of,
    list_uploads,
)
from geo.errors import Text

bp = Blueprint("imports", __name__)
REFUSED = Text("退回表", "refused")
TABLES = tuple(kind for kind in KINDS if kind != "campaigns")


@bp.get("/imports")
@require(*WHO)
def page() -> str:
    """Sending a file; own uploads, batches of the area, templates."""
    session, who = db(), asker()
    uploads = list_uploads(session, who.account_id)
    jobs = newest_jobs(session, [upload.id for upload, _ in uploads])
    batches = list_batches(session, page_number("batches_page"))
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
            if kind not in ("base", "roads")
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
    within = read_area(request.form.get("area", ""))
    kind = read_kind(request.form.get("kind") or None)
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
        upload_url=url_for("import_steps.show", upload_id=upload_id),
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

    answer = Response(body(), mimetype=MIME[ending])
    name = f"{Path(upload.file_name).stem}-{REFUSED.in_language(language())}{ending}"
    name_file(answer, name)
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
        answer = Response(path.read_bytes(), mimetype=MIME[".xlsx"])
    name = f"{KIND[kind].in_language(chosen)}.xlsx"
    name_file(answer, name)
    return answer


def _areas() -> list[dict[str, str]]:
    return [{"code": code, "name": name} for code, name in import_areas_of(db(), asker())]


def _kinds() -> list[tuple[str, str]]:
    return [(kind, KIND[kind].in_language(language())) for kind in KINDS]
