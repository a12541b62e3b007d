"""Gzip for what compresses: pages, JSON, scripts, styles and vector tiles above one kilobyte."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

COMPRESSIBLE = {
    "application/geo+json",
    "application/javascript",
    "application/json",
    "application/vnd.mapbox-vector-tile",
    "application/x-protobuf",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/plain",
}
LEAST_BYTES = 1024
LEVEL = 6
# What is made for each answer and is as large as this (a county's grids or cells) would take longer to compress than to
# make: a tenth more bytes, for a half to a fifth of the time.
LARGE_BYTES, QUICK_LEVEL = 256 * 1024, 4


def init_app(app: Flask) -> None:
    """Compress answers for browsers that accept it."""
    app.after_request(_compress)


def compress(body: bytes, level: int = LEVEL) -> bytes:
    """Gzip without a time stamp, so that equal bodies stay equal."""
    return gzip.compress(body, level, mtime=0)


def compress_answer(body: bytes) -> bytes | None:
    """An answer as it is sent to who accepts it compressed; None where that is not worth it."""
    if len(body) < LEAST_BYTES:
        return None
    return compress(body, LEVEL if len(body) < LARGE_BYTES else QUICK_LEVEL)


def _compress(response: Response) -> Response:
    if response.mimetype not in COMPRESSIBLE:
        return response
    response.vary.add("Accept-Encoding")
    if (
        response.direct_passthrough
        or response.is_streamed
        or not 200 <= response.status_code < 600
        or response.status_code in (204, 304)
        or "Content-Encoding" in response.headers
        or request.accept_encodings["gzip"] <= 0
    ):
        return response
    small = compress_answer(response.get_data())
    if small is None:
        return response
    etag, _weak = response.get_etag()
    response.set_data(small)
    response.headers["Content-Encoding"] = "gzip"
    if etag:
        response.set_etag(etag, weak=True)
    return response
