"""Vector tiles: the base map, and the records of the asker's area of duty."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, abort, request

from app.access import require
from app.session import asker, db
from app.view import current_view
from data.tiles import LAST_ZOOM, base_tile, records_tile

bp = Blueprint("tiles", __name__)
MVT = "application/vnd.mapbox-vector-tile"


@bp.get("/tiles/base/<int:z>/<int:x>/<int:y>.mvt")
@require()
def base(z: int, x: int, y: int) -> Response:
    """Roads, water and buildings: nobody's record, so a browser may keep the tile for a while."""
    _check_number(z, x, y)
    return _answer(base_tile(db(), z, x, y), "private, max-age=3600")


@bp.get("/tiles/records/<int:z>/<int:x>/<int:y>.mvt")
@require()
def records(z: int, x: int, y: int) -> Response:
    """Records of one tile; asked again each time, answered from the browser's copy when nothing changed."""
    _check_number(z, x, y)
    view = current_view(db(), asker())
    return _answer(records_tile(db(), view.campaign.id, view.round_no, z, x, y), "private, no-cache")


def _check_number(z: int, x: int, y: int) -> None:
    if z > LAST_ZOOM or x >= 1 << z or y >= 1 << z:
        abort(404)


def _answer(tile: bytes, caching: str) -> Response:
    response = Response(tile, mimetype=MVT)
    # The account is part of the tag: after signing in as somebody else a kept tile never matches.
    response.set_etag(hashlib.sha256(f"{asker().account_id}:".encode() + tile).hexdigest()[:32])
    response.headers["Cache-Control"] = caching
    response.headers["Vary"] = "Cookie, Authorization"
    response.make_conditional(request)
    return response
