"""Photographs and papers of a renovation site (改造照片与材料): sent one by one, sorted, withdrawn, taken out."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, jsonify, request
from flask_babel import gettext as _
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.api import Operation, describe
from app.downloads import name_file
from app.renovation import WRITERS, day_in
from app.renovation_acts import done
from app.session import asker, db, store
from data.askers import RecordUnknown
from data.renovation.files import MOST_FILE_BYTES, PDF, add_file, assign_photo, change_phase, show_paper, withdraw_file
from data.renovation.unfit import lacking
from data.rules.site_files import PAPER, PHASE

bp = Blueprint("site_files", __name__)


@bp.put("/api/v1/sites/<key:site_id>/files/<uuid:file_id>")
@require(*WRITERS)
@describe(
    Operation(
        "Hand in a photograph or a paper of a site: the raw bytes of a picture or PDF; the same again changes nothing",
        query={
            "phase": f"Of a photograph: {', '.join(PHASE)}",
            "paper": f"Of a paper: {', '.join(PAPER)}; one of both is needed",
            "name": "Name of the file",
            "taken_on": "Day, YYYY-MM-DD; by default as the camera wrote it",
        },
        takes=("image/jpeg", "image/png", "image/webp", PDF),
        answer={"id": "", "size": "Bytes"},
        made="Kept for the first time; the same bytes again are answered with 200",
        statuses={
            413: f"More than {MOST_FILE_BYTES >> 20} MB",
            422: "It is no picture or whole PDF, or it is not said what it is: details.column; nothing was kept",
            507: "No room on the disk",
        },
    )
)
def hand_in(site_id: int, file_id: uuid.UUID) -> AnyResponse:
    """Take in a file."""
    request.max_content_length = MOST_FILE_BYTES
    try:
        content = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        most = MOST_FILE_BYTES >> 20
        raise lacking("file", f"文件太大，最多 {most} MB", f"the file is too large, at most {most} MB") from error
    args = request.args
    is_new = add_file(
        db(),
        store().settings,
        store().sealer,
        asker(),
        site_id,
        file_id,
        content,
        name=args.get("name", ""),
        phase=args.get("phase") or None,
        paper=args.get("paper") or None,
        taken_on=day_in(args, "taken_on"),
    )
    answer = jsonify(id=str(file_id), size=len(content))
    answer.status_code = 201 if is_new else 200
    return answer


@bp.get("/sites/<key:site_id>/papers/<uuid:paper_id>")
@require(Role.INSPECTOR, Role.SUPERVISOR, Role.ADMIN)
def paper(site_id: int, paper_id: uuid.UUID) -> Response:
    """A paper (PDF) of a site, to be kept as a file: it is never shown inside our own page."""
    name, content = show_paper(db(), store().settings, store().sealer, asker(), site_id, paper_id)
    answer = Response(content, mimetype=PDF)
    name_file(answer, name if name.lower().endswith(".pdf") else f"{name}.pdf")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@bp.post("/sites/<key:site_id>/files")
@require(*WRITERS)
def sort(site_id: int) -> AnyResponse:
    """Say what a photograph shows, take one over from a visit or mark, or withdraw a file for a reason."""

    def act() -> str:
        try:
            file_id = uuid.UUID(request.form.get("file", ""))
        except ValueError as error:
            raise RecordUnknown from error
        what, phase = request.form.get("act", ""), request.form.get("phase", "")
        if what == "assign":
            assign_photo(db(), asker(), site_id, file_id, phase)
            return _("照片已归入改造。")
        if what == "withdraw":
            withdraw_file(db(), asker(), site_id, file_id, request.form.get("reason"))
            return _("文件已撤下，保留在记录里。")
        change_phase(db(), asker(), site_id, file_id, phase)
        return _("照片的阶段已改。")

    return done(site_id, "files", act)
