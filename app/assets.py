"""Static files: compressed once, named by checksum, kept by the browser for as long as the checksum holds.

A page's scripts are served as one text: the module it starts with and all it needs, see decision 0065.
"""

from __future__ import annotations

import hashlib
import mimetypes
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as AnyResponse

from app.access import public
from app.compression import COMPRESSIBLE, LEAST_BYTES, compress
from app.joined import NotJoinable, join

TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".svg": "image/svg+xml", ".json": "application/json"}
FOREVER = "public, max-age=31536000, immutable"
# Where the application keeps its static files.
FILES = "fangtu_static"
# Where modules lie that pages start with.
SCRIPTS = "js/"
HIDDEN = ("node_modules", "package.json", "package-lock.json", "vendor.toml")
# When a file was changed and how large it is.
Stamp = tuple[int, int]


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
        self._kept: dict[str, tuple[Stamp, StaticFile]] = {}
        self._joined: dict[str, tuple[dict[Path, Stamp], StaticFile]] = {}

    def find(self, name: str) -> StaticFile | None:
        """The file of that name below the folder; None if there is none or it is not to be served."""
        parts = name.split("/")
        # One name for a file: each is kept under the name it was asked for by.
        if parts[0] in HIDDEN or any(part.startswith(".") for part in parts) or posixpath.normpath(name) != name:
            return None
        joined = safe_join(str(self._folder), name)
        if joined is None:
            return None
        path = Path(joined)
        try:
            stamp = _stamp(path)
        except OSError:
            return None
        kept = self._kept.get(name)
        if kept is None or kept[0] != stamp:
            if not path.is_file():
                return None
            kept = (stamp, _file(path.read_bytes(), _mimetype(path)))
            self._kept[name] = kept
        return kept[1]

    def script(self, start: str) -> StaticFile | None:
        """What a page starts with, and all it needs, as one text; None if there is no such module to start with.

        Raises
        ------
        NotJoinable
            If one of them is in a form that is not read, or asks for something later, which has an address of its own.
        """
        if not start.startswith(SCRIPTS) or self.find(start) is None:
            return None
        kept = self._joined.get(start)
        if kept is None or any(_stamp(path) != stamp for path, stamp in kept[0].items()):
            stamps: dict[Path, Stamp] = {}

            def read(name: str) -> str:
                path = self._folder / name
                stamps[path] = _stamp(path)
                return path.read_text(encoding="utf-8")

            joined = join(start, read, lambda _: "")
            if joined.rest:
                raise NotJoinable(f"{start} asks for something later")
            kept = (stamps, _file(joined.first.encode(), TYPES[".js"]))
            self._joined[start] = kept
        return kept[1]


def init_app(app: Flask, folder: Path) -> None:
    """Serve the folder under ``/static/`` and pages' scripts under ``/scripts/``.

    ``url_for("static", …)`` and ``url_for("script", …)`` make addresses with the checksum.
    """
    files = app.extensions[FILES] = StaticFiles(folder)
    # What finds a file, and the part of its address that names it.
    named = {"static": (files.find, "filename"), "script": (files.script, "start")}

    @public
    def serve(filename: str) -> AnyResponse:
        return _answer(files.find(filename))

    @public
    def serve_script(start: str) -> AnyResponse:
        try:
            return _answer(files.script(start))
        except NotJoinable:
            abort(404)

    app.add_url_rule("/static/<path:filename>", "static", serve)
    app.add_url_rule("/scripts/<path:start>", "script", serve_script)

    @app.url_defaults
    def add_checksum(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint in named and "v" not in values:
            find, part = named[endpoint]
            found = find(values.get(part, ""))
            if found is not None:
                values["v"] = found.checksum


def _answer(found: StaticFile | None) -> AnyResponse:
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


def _stamp(path: Path) -> Stamp:
    stat = path.stat()
    return (stat.st_mtime_ns, stat.st_size)


def _mimetype(path: Path) -> str:
    return TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _file(body: bytes, mimetype: str) -> StaticFile:
    zipped = compress(body) if mimetype in COMPRESSIBLE and len(body) >= LEAST_BYTES else None
    return StaticFile(body, zipped, mimetype, hashlib.sha256(body).hexdigest()[:12])
