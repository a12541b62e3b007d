"""The application behind a wrapper that fails on demand.

It is killed before or after a commit or in the middle of a photo, or gives another version of the field app. What it is
to do stands in a file, so that a test can say so while it runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from app.factory import wsgi as plain

ORDERS = "PLAYED_FAULTS"


def wsgi() -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """The application, as gunicorn loads it (``tests.faulty:wsgi()``)."""
    app = plain()
    file = Path(os.environ[ORDERS])

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        orders = _read(file)
        fault = orders.get("fault")
        path = str(environ.get("PATH_INFO", ""))
        if fault and environ["REQUEST_METHOD"] == "PUT" and ("/photos/" in path) == fault.endswith("photo"):
            return _fail(app, environ, fault, file, orders)
        if path == "/field/sw.js" and orders.get("version"):
            return _other_version(app, environ, start_response, orders["version"])
        if orders.get("missing") == path:
            give_orders(file, **{**orders, "happened": path})
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"missing"]
        return app(environ, start_response)

    return answer


def give_orders(file: Path, **orders: Any) -> None:
    """Say what the server is to do next; nothing unusual without a word."""
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(orders), encoding="utf-8")
    draft.replace(file)


def _read(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def _fail(
    app: Callable[..., Iterable[bytes]], environ: WSGIEnvironment, fault: str, file: Path, orders: dict[str, Any]
) -> Iterable[bytes]:
    """Do as much as the fault says, and end the process as a power cut would."""
    give_orders(file, **{**orders, "fault": None, "happened": fault})
    if fault.startswith("middle"):
        environ["wsgi.input"].read(100)
    if fault.startswith("after"):
        # By the time the body is there the transaction is committed.
        for _ in app(environ, lambda *_words: lambda _bytes: None):
            pass
    os._exit(1)


def _other_version(
    app: Callable[..., Iterable[bytes]], environ: WSGIEnvironment, start_response: StartResponse, version: str
) -> Iterable[bytes]:
    environ.pop("HTTP_ACCEPT_ENCODING", None)
    told: list[Any] = []
    body = b"".join(app(environ, lambda status, headers, *_rest: told.extend((status, headers)) or (lambda _b: None)))
    body = body.replace(b'{"version": "', f'{{"version": "{version}'.encode())
    status, headers = told
    start_response(status, [(name, value) for name, value in headers if name != "Content-Length"])
    return [body]
