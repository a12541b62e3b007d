"""What pages that begin a background job have in common: reading what is asked for, and saying how far the job is."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, abort, jsonify, request

from app.language import language
from app.session import db
from data.jobs import job_json
from data.tables import Job

JOB = {
    "id": "Number of the job",
    "kind": "preview, trial, import, undo, place, edit, plan, assign, route, gate, compare, labels or files",
    "state": "waiting, running, done, failed or cancelled",
    "step": "What it does now, in words",
    "done": "Rows done, or null",
    "total": "Of how many, or null",
    "error": "code and message of a failed job, or null",
    "can_cancel": "Whether it can still be stopped",
    "result": "What it came to besides: blockers of an undo, in words",
}


def body_of() -> dict[str, Any]:
    """Give the JSON object a request carries; anything else is a bad request."""
    wanted: Any = request.get_json()
    if not isinstance(wanted, dict):
        abort(400)
    return wanted


def job_answer(key: uuid.UUID) -> Response:
    """Say how far a job is."""
    return jsonify(job=job_json(db().get_one(Job, key), language()))
