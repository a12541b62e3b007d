"""Offline packs (离线包): which there are for the asker's villages, and their files."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request, send_file, url_for

from app.access import require
from app.api import Operation, describe
from app.caching import CACHING, VARY, keep_by_content
from app.downloads import name_file
from app.session import db, store
from data.askers import RecordUnknown
from data.packs import OfferedPack, count_pending, find_pack, list_packs, pack_path

bp = Blueprint("packs", __name__)
PMTILES = "application/vnd.pmtiles"


@bp.get("/api/v1/packs")
@require()
@describe(
    Operation(
        "Offline packs of the villages in the asker's area of duty",
        answer={
            "packs": [
                {
                    "code": "Code of the village",
                    "name": "Its name",
                    "base": "Empty for the own map, else the name of the tile file it was taken from",
                    "size": "Bytes, at most 5,000,000",
                    "sha256": "Of the file; another one once the pack was made anew",
                    "last_zoom": "Deepest zoom that has tiles",
                    "made_at": "Moment",
                    "address": "Where the file is",
                }
            ],
            "pending": "Villages whose packs the worker has not looked at yet",
        },
    )
)
def listing() -> Response:
    """What can be taken along, each with its size."""
    return keep_by_content(jsonify(packs=[_entry(pack) for pack in list_packs(db())], pending=count_pending(db())))


@bp.get("/api/v1/packs/<code>.pmtiles")
@require()
@describe(
    Operation(
        "One offline pack as a PMTiles file; a range of it where Range asks for one",
        query={"base": "Name of the tile file it was taken from; the own map by default"},
        statuses={404: "No such village, outside the area of duty, or its pack is not made yet", 416: "No such range"},
        media=PMTILES,
    )
)
def file(code: str) -> Response:
    """The file itself; its tag is the hash of what it holds."""
    pack = find_pack(db(), code, request.args.get("base", ""))
    path = pack_path(store().settings, bytes.fromhex(pack.sha256))
    if not path.is_file():
        raise RecordUnknown  # the worker sees that it is gone and makes it again
    answer = send_file(path.absolute(), mimetype=PMTILES, conditional=True, etag=pack.sha256)
    name_file(answer, f"{pack.code}.pmtiles")
    answer.headers["Cache-Control"] = CACHING
    answer.headers["Vary"] = VARY
    return answer


def _entry(pack: OfferedPack) -> dict[str, Any]:
    return {
        "code": pack.code,
        "name": pack.name,
        "base": pack.base,
        "size": pack.size_bytes,
        "sha256": pack.sha256,
        "last_zoom": pack.last_zoom,
        "made_at": pack.made_at.isoformat(),
        "address": url_for("packs.file", code=pack.code, base=pack.base or None),
    }
