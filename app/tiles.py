"""Vector tiles: the base map, and the records of the asker's area of duty."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, abort, request

from app.access import require
from app.caching import VARY, keep_until_changed
from app.session import asker, db
from app.view import current_view
from data.live import version_tag
from data.tiles import LAST_ZOOM, RECIPE, base_tile, records_tile

bp = Blueprint("tiles", __name__)
MVT = "application/vnd.mapbox-vector-tile"


@bp.get("/tiles/base/<int:z>/<int:x>/<int:y>.mvt")
@require()
def base(z: int, x: int, y: int) -> Response:
    """Roads, water and buildings: nobody's record, so a browser may keep the tile for a while."""
    _check_number(z, x, y)
    return _kept_for_an_hour(base_tile(db(), z, x, y))


@bp.get("/tiles/records/<int:z>/<int:x>/<int:y>.mvt")
@require()
def records(z: int, x: int, y: int) -> Response:
    """Records of one tile; asked again each time, answered from the browser's copy when nothing changed in the duty."""
    _check_number(z, x, y)
    view = current_view(db(), asker())
    campaign_id, round_no = view.campaign.id, view.round_no
    # The version is read first: a tile is then at least as new as its tag says.
    kept = keep_until_changed(version_tag(db(), campaign_id, round_no), RECIPE, campaign_id, round_no)
    if kept.answer:
        return kept.answer
    return kept.mark(Response(records_tile(db(), campaign_id, round_no, z, x, y), mimetype=MVT))


def _check_number(z: int, x: int, y: int) -> None:
    if z > LAST_ZOOM or x >= 1 << z or y >= 1 << z:
        abort(404)


def _kept_for_an_hour(tile: bytes) -> Response:
    response = Response(tile, mimetype=MVT)
    # The account is part of the tag: after signing in as somebody else a kept tile never matches.
    response.set_etag(hashlib.sha256(f"{asker().account_id}:".encode() + tile).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["Vary"] = VARY
    response.make_conditional(request)
    return response
