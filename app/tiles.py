"""Vector tiles: the base map, and the records of the asker's area of duty."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, request

from app.access import require
from app.api import Operation, describe
from app.caching import VARY, keep_tagged, make_tag
from app.session import asker, db
from app.view import current_scope
from data.askers import Role
from data.scopes import Scope
from data.tiles import AREAS_FROM_ZOOM, LAYERS, RECIPE, areas_tile, base_tile, check_tile, round_tile

bp = Blueprint("tiles", __name__)
MVT = "application/vnd.mapbox-vector-tile"


@bp.get("/api/v1/tiles/<layer>/<int:z>/<int:x>/<int:y>.mvt")
@require()
@describe(
    Operation(
        f"A vector tile of a layer ({', '.join(LAYERS)}); empty where nothing lies for the asker",
        query={
            "campaign": "Campaign, by its number or code; the newest by default",
            "round": "Round; the current one by default",
            "by": f"Level of the layer areas: {', '.join(AREAS_FROM_ZOOM)}; village by default",
        },
        statuses={404: "No such layer, not at this zoom, or no such tile"},
        media=MVT,
    )
)
def tile(layer: str, z: int, x: int, y: int) -> Response:
    """One tile; asked again each time, answered from the browser's copy when nothing changed in the duty.

    Most are answered by :mod:`app.tile_door` before they come here, in the same words.
    """
    by = request.args.get("by") or "village"
    check_tile(layer, z, x, y, by)
    if layer == "base":
        return _kept_for_an_hour(base_tile(db(), z, x, y))
    # The version is read first: a tile is then at least as new as its tag says.
    who = asker()
    scope = current_scope(db(), who)
    kept = keep_tagged(tile_tag(who.account_id, who.duty, who.role, request.full_path, scope))
    if kept.answer:
        return kept.answer
    campaign_id, round_no = scope.campaign_id, scope.round_no
    if layer == "areas":
        made = areas_tile(db(), campaign_id, round_no, by, z, x, y)
    else:
        made = round_tile(db(), layer, campaign_id, round_no, z, x, y)
    return kept.mark(Response(made, mimetype=MVT))


def tile_tag(account_id: int, duty: tuple[tuple[int, int], ...], role: Role, address: str, scope: Scope) -> str:
    """The tag of a tile; language makes no difference.

    Parameters
    ----------
    address : str
        Path and query with a question mark between them.
    """
    return make_tag(account_id, duty, role.value, address, scope.tag, RECIPE, scope.campaign_id, scope.round_no)


def _kept_for_an_hour(tile: bytes) -> Response:
    """Roads, water and buildings are nobody's record, so a browser may keep the tile for a while."""
    response = Response(tile, mimetype=MVT)
    # The account is part of the tag: after signing in as somebody else a kept tile never matches.
    response.set_etag(hashlib.sha256(f"{asker().account_id}:".encode() + tile).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["Vary"] = VARY
    response.make_conditional(request)
    return response
