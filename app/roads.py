"""The road network (路网): the page of its state, and as JSON its edges, parts, gaps and what was said of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from flask import Blueprint, Response, abort, jsonify, render_template, request, url_for

from app.access import Role, require
from app.api import Operation, describe
from app.caching import keep_until_changed
from app.language import language
from app.maps import shell, shell_version
from app.session import asker, db
from data.areas import EVERYWHERE, area_range
from data.roads.gaps import settle_gap, unsettle_gap
from data.roads.health import Health, check_health
from data.roads.network import load_network, read_state
from data.roads.telling import health_json
from data.roads.words import MODE
from geo.roads.gaps import REACH_M
from geo.roads.modes import mode_named

bp = Blueprint("roads", __name__)
WHO = (Role.SUPERVISOR, Role.LEADER)
_MOST_REACH_M = 200
_QUERY = {
    "mode": "walk, ebike or car; ebike by default",
    "area": "Code of the area; one's own area of duty by default",
    "reach": f"How long a gap may be, whole metres up to {_MOST_REACH_M}; {REACH_M:.0f} by default",
}
_LINE = [["Longitude and latitude"]]
_HEALTH = {
    "mode": "",
    "version": "Of the roads",
    "edges": "Pieces of road that may be used",
    "km": "Their length",
    "parts_total": "Parts that hang together",
    "parts": [{"number": "0 is the longest", "metres": "", "households": "That join it", "lon": "", "lat": ""}],
    "gaps_total": "",
    "gaps": [
        {
            "key": "To settle it by",
            "metres": "Of the bridge",
            "around_m": "Of the way round; null where there is none",
            "parts": ["Of both ends"],
            "households": "That join the smaller part",
            "line": _LINE,
        }
    ],
    "settled": [
        {
            "id": "To take it back by",
            "choice": "closed or no_gap",
            "label": "In words",
            "metres": "",
            "line": _LINE,
            "who": "",
            "at": "",
        }
    ],
    "households": "With an exact place",
    "far_total": "Of these, how many have no road near",
    "far_m": "What is far",
    "far": [
        {
            "id": "",
            "code": "",
            "head_name": "Masked",
            "village": "",
            "lon": "",
            "lat": "",
            "metres": "To the road; null for none",
        }
    ],
    "shift": {
        "median_m": "From houses to roads, median; null where nothing can be said",
        "alarm": "Whether the roads are likely in another coordinate system",
        "likely": "gcj02, bd09 or null",
        "sentence": "",
    },
    "detour": {"from_m": ["Start of each band"], "factors": [""], "pairs": "Ways they were fitted to; 0 for defaults"},
}


@bp.get("/roads")
@require(*WHO)
def page() -> str:
    """The page with its map."""
    return render_template(
        "roads.html",
        area=request.args.get("area", ""),
        modes=[(name, words.in_language(language())) for name, words in MODE.items()],
        shell=shell(),
        script_url=url_for("maps.script", v=shell_version()),
    )


@bp.get("/api/v1/roads/health")
@require(*WHO)
@describe(
    Operation(
        "State of the road network: parts, gaps, households far from any road, detour factors",
        query=_QUERY,
        answer=_HEALTH,
        statuses={422: "No such way of moving"},
    )
)
def health() -> Response:
    """State of the network."""
    return jsonify(health_json(_health(), language()))


@bp.get("/api/v1/roads/edges")
@require(*WHO)
@describe(
    Operation(
        "Roads of an area and just around it, to draw",
        query={name: words for name, words in _QUERY.items() if name != "reach"},
        answer={
            "version": "Of the roads",
            "rows": [["Part or -1 where the way of moving may not use it, class, by hand, longitudes and latitudes"]],
        },
        statuses={422: "No such way of moving"},
    )
)
def edges() -> Response:
    """Roads to draw."""
    mode = mode_named(request.args.get("mode") or "ebike")
    kept = keep_until_changed("roads", read_state(db()).version)
    if kept.answer:
        return kept.answer
    found = _health()
    rows: list[Any] = []
    if found.box is not None:
        network = load_network(db(), found.box)
        net = network.net(mode.name)
        part = np.full(len(network.edges), -1)
        part[net.used] = net.edge_component
        for at, line in enumerate(network.edges.lines):
            xy = np.round(shapely.get_coordinates(line), 6).ravel().tolist()
            by_hand = bool(network.sources[at] == "edit")
            rows.append([int(part[at]), str(network.edges.road_class[at]), by_hand, xy])
    return kept.mark(jsonify(version=found.version, rows=rows))


@bp.post("/api/v1/roads/gaps")
@require(*WHO)
@describe(
    Operation(
        "Close a gap with a piece of road, or say that it is none",
        query=_QUERY,
        body={"key": "Of the gap", "choice": "closed or no_gap"},
        answer={"id": "To take it back by"},
        statuses={400: "Not as described, or the form token is missing", 409: "Not taken, with why", 415: "Not JSON"},
    )
)
def settle() -> Response:
    """Say something of a gap."""
    body = _body()
    key, choice = body.get("key"), body.get("choice")
    if not isinstance(key, str) or not isinstance(choice, str):
        abort(400)
    return jsonify(id=settle_gap(db(), asker(), _health(), key, choice))


@bp.post("/api/v1/roads/gaps/<key:gap_id>/undo")
@require(*WHO)
@describe(
    Operation(
        "Take back what was said of a gap",
        answer={"id": "Of what was taken back"},
        statuses={400: "The form token is missing"},
    )
)
def unsettle(gap_id: int) -> Response:
    """Take it back."""
    unsettle_gap(db(), asker(), gap_id)
    return jsonify(id=gap_id)


def _health() -> Health:
    args, who = request.args, asker()
    mode = mode_named(args.get("mode") or "ebike").name
    area = args.get("area")
    within = area_range(db(), area) if area else who.duty[0] if len(who.duty) == 1 else EVERYWHERE
    reach = args.get("reach", "")
    metres = (
        min(_MOST_REACH_M, max(1, int(reach))) if reach.isascii() and reach.isdigit() and len(reach) < 5 else REACH_M
    )
    return check_health(db(), within, mode, float(metres))


def _body() -> dict[str, Any]:
    if not request.is_json:
        abort(415)
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(400)
    return body
