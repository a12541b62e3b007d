"""Background jobs as JSON: how far one of the own is, and stopping it."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, jsonify

from app.access import require
from app.api import Operation, describe
from app.import_steps import WHO
from app.job_answers import JOB
from app.language import language
from app.session import db
from data.jobs import cancel_job, find_job, is_worker_there, job_json

bp = Blueprint("jobs", __name__)


@bp.get("/api/v1/jobs/<uuid:job_id>")
@require(*WHO)
@describe(Operation("How far one of the own jobs is", answer=JOB))
def show(job_id: uuid.UUID) -> Response:
    """A job."""
    return _told(job_id)


@bp.post("/api/v1/jobs/<uuid:job_id>/cancel")
@require(*WHO)
@describe(Operation("Ask that one of the own jobs be stopped; what it has done so far is taken back", answer=JOB))
def cancel(job_id: uuid.UUID) -> Response:
    """Stop a job."""
    cancel_job(db(), find_job(db(), job_id))
    return _told(job_id)


def _told(job_id: uuid.UUID) -> Response:
    job = find_job(db(), job_id)
    return jsonify(job_json(job, language(), worker_there=job.state != "waiting" or is_worker_there(db())))
