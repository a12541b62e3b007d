"""A front of the served application that keeps every answer, so that what is measured is the page and not the server.

The pages of other renderers lie beside ours under ``/peer/``: they get the same tiles from the same address. Streams of
changes are answered "no content": nothing changes while pictures are measured.
"""

from __future__ import annotations

import gzip
import http.client
import mimetypes
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

PASSED_ON = ("Content-Type", "Content-Encoding", "Content-Security-Policy", "ETag")
# What a page with a worker needs besides our own policy.
PEER_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "worker-src 'self'; object-src 'none'; base-uri 'none'"
)
ANSWER_WITHIN_S = 120


@dataclass(frozen=True)
class Answer:
    """What is sent again and again."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@contextmanager
def kept_site(site: str, token: str, folders: Mapping[str, Path]) -> Iterator[str]:
    """Serve a site from what it once answered to one account.

    Parameters
    ----------
    site : str
        Address of the application.
    token : str
        Session of the account that asks.
    folders : mapping of str to Path
        Folders of pages and scripts by the first part of their address, such as ``/peer``.

    Yields
    ------
    str
        Address without a slash at its end.
    """
    kept: dict[str, Answer] = {}
    upstream = urlsplit(site)

    def find(path: str) -> Answer:
        if path not in kept:
            kept[path] = _from_folder(path, folders) or _ask(path)
        return kept[path]

    def _ask(path: str) -> Answer:
        connection = http.client.HTTPConnection(upstream.netloc, timeout=ANSWER_WITHIN_S)
        headers = {"Cookie": f"fangtu_session={token}; fangtu_lang=zh", "Accept-Encoding": "gzip"}
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            passed = {name: value for name in PASSED_ON if (value := answer.getheader(name))}
            return Answer(answer.status, passed, answer.read())
        finally:
            connection.close()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def handle(self) -> None:
            # A page that moves on drops what it asked for.
            with suppress(ConnectionError):
                super().handle()

        def finish(self) -> None:
            with suppress(ConnectionError):
                super().finish()

        def do_GET(self) -> None:
            answer = Answer(204, {}, b"") if self.path.startswith("/map/live") else find(self.path)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            # Tiles stay with the browser only as long as the page holds them: each page asks for its own.
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _from_folder(path: str, folders: Mapping[str, Path]) -> Answer | None:
    for start, folder in folders.items():
        if not path.startswith(f"{start}/"):
            continue
        file = folder / urlsplit(path).path.removeprefix(f"{start}/")
        if not file.is_file():
            return Answer(404, {}, b"")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        headers = {"Content-Type": kind, "Content-Encoding": "gzip", "Content-Security-Policy": PEER_POLICY}
        return Answer(200, headers, gzip.compress(file.read_bytes()))
    return None
