"""Search for areas and households, as JSON."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.access import require
from app.api import Operation, describe
from app.households import HEAD
from app.session import asker, db, store
from data.search import search

bp = Blueprint("search", __name__)


@bp.get("/api/v1/search")
@require()
@describe(
    Operation(
        "Find areas and households in the asker's area of duty, at most 20 of each",
        query={"q": "A name or code or its beginning; a whole telephone or ID number where the role allows"},
        answer={
            "areas": [{"code": "", "name": "", "level": "", "bbox": ["West, south, east, north"]}],
            "households": [
                {"id": "", "code": "", **HEAD, "village": "Name", "lon": "", "lat": "", "quality": "1–4 exact, 5–7 not"}
            ],
        },
    )
)
def find() -> Response:
    """Search."""
    return jsonify(search(db(), request.args.get("q", ""), asker(), store().sealer))
