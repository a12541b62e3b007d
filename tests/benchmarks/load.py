"""A small load client: some connections that ask without a pause, held by one thread of a process of its own.

It costs a server's machine less than a tenth of a millisecond for a request, the same for every server it asks.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from data.settings import ROOT
from tests.benchmarks.figures import Unavailable

ANSWER_WITHIN_S = 60.0


@dataclass(frozen=True)
class Answered:
    """What came back: requests a second, and the time of each in milliseconds."""

    rate: float
    times: list[float]
    size: int


def put_under_load(site: str, paths: Sequence[str], cookie: str, *, connections: int, seconds: float) -> Answered:
    """Ask for the paths in turn over so many connections for so long.

    Raises
    ------
    Unavailable
        If a server answers anything but 200 or closes a connection.
    """
    asked = {"site": site, "paths": list(paths), "cookie": cookie, "connections": connections, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.load"],
        input=json.dumps(asked),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds + 2 * ANSWER_WITHIN_S,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"{site} does not stand the load: {done.stderr.strip()[-300:]}")
    told = json.loads(done.stdout)
    return Answered(told["rate"], told["times"], told["size"])


class _Line:
    """One connection kept open: sends a request, gathers its answer."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), timeout=ANSWER_WITHIN_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""
        self.began = 0.0

    def ask(self, request: bytes) -> None:
        self.got, self.began = b"", time.perf_counter()
        self.socket.sendall(request)

    def hear(self) -> int | None:
        """Bytes of the answer if it is whole by now."""
        part = self.socket.recv(262_144)
        if not part:
            raise ConnectionError("the connection was closed")
        self.got += part
        head, _, body = self.got.partition(b"\r\n\r\n")
        if b"\r\n\r\n" not in self.got:
            return None
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(head.splitlines()[0].decode())
        size = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        return size if len(body) >= size else None


def _run(asked: dict[str, object]) -> dict[str, object]:
    site, paths = urlsplit(str(asked["site"])), asked["paths"]
    assert isinstance(paths, list)
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: {site.netloc}\r\nCookie: {asked['cookie']}\r\n"
        "Accept-Encoding: identity\r\n\r\n".encode()
        for path in paths
    ]
    selector = selectors.DefaultSelector()
    sent, size, times = 0, 0, []
    began = time.perf_counter()
    end = began + float(str(asked["seconds"]))
    for _ in range(int(str(asked["connections"]))):
        line = _Line(site.hostname or "", site.port or 80)
        selector.register(line.socket, selectors.EVENT_READ, line)
        line.ask(requests[sent % len(requests)])
        sent += 1
    while time.perf_counter() < end:
        ready = selector.select(ANSWER_WITHIN_S)
        if not ready:
            raise TimeoutError(f"no answer within {ANSWER_WITHIN_S:.0f} s")
        for key, _ in ready:
            whole = key.data.hear()
            if whole is None:
                continue
            times.append((time.perf_counter() - key.data.began) * 1000)
            size += whole
            key.data.ask(requests[sent % len(requests)])
            sent += 1
    return {"rate": len(times) / (time.perf_counter() - began), "times": times, "size": size}


if __name__ == "__main__":
    print(json.dumps(_run(json.load(sys.stdin))))
