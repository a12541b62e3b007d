"""Areas (辖区) as JSON."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.access import require
from app.api import Operation, describe
from app.session import db
from data.area_cards import area_card

bp = Blueprint("areas", __name__)
NAMED = {"code": "", "name": "", "level": "province … village, natural_village, group, grid"}


@bp.get("/api/v1/areas/<code>")
@require()
@describe(
    Operation(
        "One area or grid: names, parent and what it consists of",
        answer={
            **NAMED,
            "derived": "Whether its boundary is derived, not official",
            "bbox": ["West, south, east, north"],
            "parents": [NAMED],
            "aliases": [{"name": "", "code": "", "valid_from": "", "valid_to": ""}],
            "children": [NAMED],
        },
    )
)
def card(code: str) -> Response:
    """The card of an area."""
    return jsonify(area_card(db(), code))
