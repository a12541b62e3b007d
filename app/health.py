"""Whether the service can answer, for supervisors and load balancers; it says nothing about people or places."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.access import public
from app.api import Operation, describe
from app.session import outside

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
@describe(Operation("Whether the service and its database answer", answer={"status": "ok or database"}))
def healthz() -> Response:
    """200 ``{"status": "ok"}``, or 503 if the database does not answer."""
    try:
        with outside() as session:
            session.execute(text("select 1"))
    except SQLAlchemyError:
        answer = jsonify(status="database")
        answer.status_code = 503
        return answer
    return jsonify(status="ok")
