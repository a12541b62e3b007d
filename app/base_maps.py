"""Base maps offered besides the own one (底图): their list, and tiles of the files among them.

Sources on the network are only listed here: the browser of who chooses one fetches its pictures; the server asks
nobody.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request

from app.access import require
from app.language import language
from app.session import asker, db
from data.base_files import Shelf, Tile
from data.base_maps import BaseMaps, OnlineSource, TileFile
from data.places import place_names
from geo.errors import FangtuError, Text
from geo.tilefiles.archive import DEEPEST_ZOOM
from geo.tilefiles.content import TileFileError

log = logging.getLogger(__name__)
bp = Blueprint("base_maps", __name__)
# Names are asked for by the tile of a zoom where a view has few of them.
NAMES_ZOOMS = range(10, 20)


def init_app(app: Flask, offered: BaseMaps) -> None:
    """Hold what is offered; files are opened when first asked for. What cannot be read is told to the log at once."""
    for file in offered.files:
        try:
            # Opened for this look only: an open database must not be carried into another process.
            Shelf([file]).info(file.name)
        except FangtuError as error:
            log.warning("%s", error.text.en)
    app.extensions["fangtu_base_maps"] = offered, Shelf(offered.files)


@bp.get("/map/bases.json")
@require()
def listing() -> Response:
    """What the choice of base map offers besides the own map and none."""
    offered, shelf = _held()
    files = [_file_entry(shelf, file) for file in offered.files]
    return jsonify({"bases": [*files, *(_source_entry(source) for source in offered.sources)]})


@bp.get("/tiles/file/<name>/<int:z>/<int:x>/<int:y>")
@require()
def file_tile(name: str, z: int, x: int, y: int) -> Response:
    """One tile of an offered file; a file may be asked for by its name in the list only, never by a path."""
    _check_number(z, x, y, range(DEEPEST_ZOOM + 1))
    tile = _held()[1].tile(name, z, x, y)
    return _tile_answer(tile)


@bp.get("/tiles/names/<int:z>/<int:x>/<int:y>.json")
@require()
def names(z: int, x: int, y: int) -> Response:
    """Names of the asker's natural villages and groups in a tile, for the map to write: ``[name, lon, lat]``."""
    _check_number(z, x, y, NAMES_ZOOMS)
    response = jsonify({"names": place_names(db(), asker().duty, z, x, y)})
    response.set_etag(hashlib.sha256(f"{asker().account_id}:".encode() + response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Cookie, Authorization"
    response.make_conditional(request)
    return response


def _held() -> tuple[BaseMaps, Shelf]:
    held: tuple[BaseMaps, Shelf] = current_app.extensions["fangtu_base_maps"]
    return held


def _check_number(z: int, x: int, y: int, zooms: range) -> None:
    if z not in zooms or x >= 1 << z or y >= 1 << z:
        abort(404)


def _tile_answer(tile: Tile | None) -> Response:
    if tile is None:
        response = Response(status=204)
    elif tile.zipped and request.accept_encodings["gzip"] > 0:
        # Sent as it is stored; it was seen to unpack within limits.
        response = Response(tile.body, mimetype=tile.mimetype)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = Response(tile.plain(), mimetype=tile.mimetype)
    if tile is not None:
        # The account is part of the tag: after signing in as somebody else a kept tile never matches.
        mark = f"{asker().account_id}:{response.headers.get('Content-Encoding', '')}:".encode()
        response.set_etag(hashlib.sha256(mark + tile.body).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["Vary"] = "Accept-Encoding, Cookie, Authorization"
    response.make_conditional(request)
    return response


def _file_entry(shelf: Shelf, file: TileFile) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": f"file-{file.name}", "label": _words(file.label) or file.path.stem, "online": False}
    try:
        info, mark = shelf.info(file.name)
    except TileFileError as error:
        # Offered no longer, but not gone in silence either.
        return {**entry, "trouble": error.text.in_language(language())}
    return {
        **entry,
        "label": _words(file.label) or info.title or file.path.stem,
        "kind": info.kind,
        "urls": [f"/tiles/file/{file.name}/{{z}}/{{x}}/{{y}}?v={mark}"],
        "min_zoom": info.min_zoom,
        "max_zoom": info.max_zoom,
        "bounds": info.bounds,
        "crs": "wgs84",
        "credit": _words(file.credit) or info.credit,
        "approval": file.approval,
    }


def _source_entry(source: OnlineSource) -> dict[str, Any]:
    return {
        "id": f"net-{source.name}",
        "label": _words(source.label),
        "online": True,
        "kind": "raster",
        "urls": list(source.urls),
        "hosts": list(source.hosts),
        "min_zoom": source.min_zoom,
        "max_zoom": source.max_zoom,
        "bounds": None,
        "crs": source.crs,
        "credit": _words(source.credit),
        "approval": source.approval,
        "referrer": source.referrer,
    }


def _words(text: Text | None) -> str:
    return text.in_language(language()) if text else ""
