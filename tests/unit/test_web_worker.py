"""One client's line must not hold up those of all others."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from app.launch.server import WORKER
from data.settings import ROOT
from tests.browser.stand import end, wait_for

PHONES = 12
# What a worker that waits for each of them in turn would take a multiple of; only a hang comes near it.
BOUND_S = 15.0
PICTURE = b"\xff" * (300 << 10)


def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """What the server of this file serves: a picture is put off unread."""
    status = "429 Too Many Requests" if environ["REQUEST_METHOD"] == "PUT" else "200 OK"
    start(status, [("Content-Length", "2")])
    return [b"{}"]


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A server with one process and few threads; gives its port."""
    log = tmp_path / "web.log"
    with socket.create_server(("127.0.0.1", 0)) as listener, log.open("wb") as out:
        number = listener.fileno()
        server = subprocess.Popen(
            [
                sys.executable, "-m", "gunicorn", f"{Path(__file__).stem}:answer", f"--bind=fd://{number}",
                "--threads=8", f"--worker-class={WORKER}", "--no-control-socket", f"--chdir={ROOT}",
                f"--pythonpath={Path(__file__).parent}", "--keep-alive=60",
            ],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=ROOT, pass_fds=(number,),
        )  # fmt: skip
        try:
            wait_for(server, listener.getsockname()[1], log)
            yield listener.getsockname()[1]
        finally:
            end(server)


def _put(line: http.client.HTTPConnection, **headers: str) -> int:
    line.request("PUT", "/photo", PICTURE, headers)
    told = line.getresponse()
    told.read()
    return told.status


def test_the_line_of_a_photograph_that_was_put_off_unread_takes_the_next_request(port: int) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND_S)
    line.connect()
    first = line.sock
    for _ in range(3):
        assert _put(line) == 429
    line.request("GET", "/visit")
    assert line.getresponse().read() == b"{}"
    assert line.sock is first  # http.client would open another one without a word
    line.close()


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\nConnection: close\r\n", id="keeps its end open"),
        pytest.param(b"PUT / HTTP/1.1\r\nContent-Length: 300000\r\n", id="stops in the middle of its photograph"),
    ],
)
def test_a_phone_that_falls_silent_holds_up_nobody(port: int, sent: bytes) -> None:
    with ExitStack() as open_lines:
        lines = [
            open_lines.enter_context(socket.create_connection(("127.0.0.1", port), BOUND_S)) for _ in range(PHONES)
        ]
        for line in lines:
            line.sendall(sent + b"Host: fangtu\r\n\r\n")
        other = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND_S)
        other.request("GET", "/visit")
        assert other.getresponse().read() == b"{}"
        other.close()
        for line in lines:
            told = b"".join(iter(lambda line=line: line.recv(1 << 16), b""))  # type: ignore[misc]
            assert told.startswith(b"HTTP/1.1 ")
            assert told.endswith(b"{}")
