"""Static files: compressed once, named by checksum, kept by the browser for as long as the checksum holds."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as AnyResponse

from app.access import public
from app.compression import COMPRESSIBLE, LEAST_BYTES, compress

TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".svg": "image/svg+xml", ".json": "application/json"}
FOREVER = "public, max-age=31536000, immutable"
# Where the application keeps its static files.
FILES = "fangtu_static"
HIDDEN = ("node_modules", "package.json", "package-lock.json", "vendor.toml")


@dataclass(frozen=True)
class StaticFile:
    """One file as it is served."""

    body: bytes
    zipped: bytes | None
    mimetype: str
    checksum: str


class StaticFiles:
    """Files of one folder, read once and again when they change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, tuple[tuple[int, int], StaticFile]] = {}

    def find(self, name: str) -> StaticFile | None:
        """The file of that name below the folder; None if there is none or it is not to be served."""
        parts = name.split("/")
        if parts[0] in HIDDEN or any(part.startswith(".") for part in parts):
            return None
        joined = safe_join(str(self._folder), name)
        if joined is None:
            return None
        path = Path(joined)
        try:
            stat = path.stat()
        except OSError:
            return None
        stamp = (stat.st_mtime_ns, stat.st_size)
        kept = self._kept.get(name)
        if kept is None or kept[0] != stamp:
            if not path.is_file():
                return None
            kept = (stamp, _read(path))
            self._kept[name] = kept
        return kept[1]


def init_app(app: Flask, folder: Path) -> None:
    """Serve the folder under ``/static/`` and add the checksum to every address ``url_for("static", …)`` makes."""
    files = app.extensions[FILES] = StaticFiles(folder)

    @public
    def serve(filename: str) -> AnyResponse:
        found = files.find(filename)
        if found is None:
            abort(404)
        zipped = found.zipped if request.accept_encodings["gzip"] > 0 else None
        answer = Response(found.body if zipped is None else zipped, mimetype=found.mimetype)
        if zipped is not None:
            answer.headers["Content-Encoding"] = "gzip"
        answer.vary.add("Accept-Encoding")
        # With the checksum in its address a file never changes; without (imports between modules) it is asked after.
        answer.headers["Cache-Control"] = FOREVER if request.args.get("v") == found.checksum else "no-cache"
        answer.set_etag(found.checksum, weak=True)
        return answer.make_conditional(request)

    app.add_url_rule("/static/<path:filename>", "static", serve)

    @app.url_defaults
    def add_checksum(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "v" not in values:
            found = files.find(values.get("filename", ""))
            if found is not None:
                values["v"] = found.checksum


def _read(path: Path) -> StaticFile:
    body = path.read_bytes()
    mimetype = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    zipped = compress(body) if mimetype in COMPRESSIBLE and len(body) >= LEAST_BYTES else None
    return StaticFile(body, zipped, mimetype, hashlib.sha256(body).hexdigest()[:12])
