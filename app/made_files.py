"""Files made in the background: asking for them, how far they are, and fetching them for a day (成果文件)."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.downloads import name_file
from app.file_codes import MAKERS
from app.language import language
from app.maps import ViewUnknown
from app.session import asker, db, store
from data.areas import EVERYWHERE, area_range
from data.askers import RecordUnknown
from data.audit import record
from data.household_archive import MOST_FILES, areas_to_choose, count_households, why_not
from data.jobs import JobRunning, add_job, find_job, is_worker_there, job_json
from data.local_time import ZONE
from data.made_files import FILES, KEPT_HOURS, LABELS, MADE, kept_until, own_jobs, read_made
from data.renovation.listing import site_years
from data.tables import Job
from geo.errors import Text

bp = Blueprint("made_files", __name__)


@bp.get("/houses/files")
@require(*MAKERS)
def page() -> AnyResponse:
    """What may be put into one archive, and what was made in the last day."""
    return _page()


@bp.post("/houses/files")
@require(*MAKERS)
def ask_files() -> AnyResponse:
    """Ask for the files of the households of an area, or of those renovated in a year."""
    try:
        within, name = _asked_area()
        year = _asked_year(request.form.get("year", ""))
    except ViewUnknown as unfit:
        return _page(unfit.text)
    n = count_households(db(), within, year)
    if (refusal := why_not(n)) is not None:
        return _page(refusal)
    payload = {"year": year, "title": name, "households": n}
    return _begin(FILES, within, payload)


@bp.post("/houses/labels/all")
@require(*MAKERS)
def ask_labels() -> AnyResponse:
    """Ask for the sheets of labels of all villages of an area."""
    try:
        within, name = _asked_area()
    except ViewUnknown as unfit:
        return _page(unfit.text)
    return _begin(LABELS, within, {"title": name})


@bp.get("/jobs/<uuid:made_id>")
@require(*MAKERS)
def under_way(made_id: uuid.UUID) -> AnyResponse:
    """How far one of the own jobs is; once it has ended, what came of it."""
    job = find_job(db(), made_id)
    shown = job_json(job, language(), worker_there=job.state != "waiting" or is_worker_there(db()))
    body = render_template("made_job.html", job=shown, one=_row(job), hours=KEPT_HOURS)
    return AnyResponse(body, mimetype="text/html")


@bp.get("/jobs/<uuid:made_id>/file")
@require(*MAKERS)
def fetch(made_id: uuid.UUID) -> Response:
    """Hand over the file of one of the own jobs, as long as its area is the asker's; that it was fetched is noted."""
    job = find_job(db(), made_id)
    if job.kind not in MADE or job.state != "done" or not asker().covers(job.jur, job.jur_end):
        raise RecordUnknown
    # Opened before anything is answered: a file that is gone is said in words.
    pieces = read_made(store().settings, store().sealer, made_id)
    record(db(), act="made_fetch", object_kind="job", object_id=made_id, details={"kind": job.kind}, jur=job.jur)
    answer = Response(pieces, mimetype="application/zip")
    name_file(answer, f"{_title(job)}-{job.created_at.astimezone(ZONE):%Y%m%d-%H%M}.zip")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _begin(kind: str, within: tuple[int, int], payload: dict[str, Any]) -> AnyResponse:
    told = {**payload, "language": language(), "host": request.host_url}
    try:
        job = add_job(db(), asker(), kind, within, payload=told)
    except JobRunning as refusal:
        return _page(refusal.text)
    flash(_("已交给后台处理，可以离开这一页。"), "info")
    return redirect(url_for(".under_way", made_id=job), 303)


def _page(refusal: Text | None = None) -> AnyResponse:
    own = asker().duty[0] if len(asker().duty) == 1 else EVERYWHERE
    body = render_template(
        "made_files.html",
        areas=areas_to_choose(db(), asker()),
        years=site_years(db(), own),
        jobs=[(job_json(job, language()), _row(job)) for job in own_jobs(db(), asker().account_id)],
        form=request.form if refusal else request.args,
        problem=refusal.in_language(language()) if refusal else None,
        most=MOST_FILES,
        hours=KEPT_HOURS,
    )
    return AnyResponse(body, 422 if refusal else 200, mimetype="text/html")


def _row(job: Job) -> dict[str, Any]:
    """What pages say of a job besides how far it is."""
    return {
        "title": _title(job),
        "asked_at": job.created_at,
        "until": kept_until(job),
        "list": (job.result or {}).get("list") if job.kind == "compare" and job.state == "done" else None,
        "back": "/eligibility/lists" if job.kind == "compare" else "/houses/files",
    }


def _title(job: Job) -> str:
    area, year = job.payload.get("title") or job.payload.get("name") or "", job.payload.get("year")
    kinds = {FILES: _("一户一档"), LABELS: _("户码标签"), "compare": _("名单比对")}
    return "-".join(str(part) for part in (kinds.get(job.kind, _("后台任务")), area, year) if part)


def _asked_area() -> tuple[tuple[int, int], str]:
    code = request.form.get("area", "")
    one = next((area for area in areas_to_choose(db(), asker()) if area["code"] == code), None)
    if one is None:
        raise ViewUnknown(
            Text("没有开始：请选择一个由您负责的辖区。", "Not begun: choose an area that you answer for as a whole."),
            found=code,
        )
    return area_range(db(), code), str(one["name"])


def _asked_year(given: str) -> int | None:
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) == 4):
        raise ViewUnknown(
            Text(f"年度为“{given}”，应为四位数字，如 2026。", f"The year is '{given}'; four digits are expected."),
            found=given,
        )
    return int(given)
