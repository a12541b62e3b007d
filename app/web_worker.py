"""The web server's worker: gunicorn's threads, of which none waits for a client in the place of all others."""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import TConn, ThreadWorker

# The largest body a phone sends is a photograph; what is left of it is read and thrown away, so that its line is kept.
MOST_LEFT = 1 << 20
# So long one thread waits for the rest of a body nobody wants, and then for the client to close its end.
REST_S, LINGER_S = 2.0, 0.5
# A client that vanished is noticed after about a minute, also in the middle of its request.
_IDLE_S, _EVERY_S, _TIMES = 30, 10, 3


class WebWorker(ThreadWorker):
    """gunicorn waits up to two seconds for a client to close its end, in the thread that hands out all requests. A few
    photographs that are put off would hold up every visit; here the thread of the request waits.
    """

    def init_process(self) -> None:
        """Let the lines inherit from the listening sockets that they ask after a silent client."""
        for listener in self.sockets:
            line: socket.socket = listener.sock
            if line.family in (socket.AF_INET, socket.AF_INET6):
                line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_S)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _EVERY_S)
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _TIMES)
        super().init_process()

    def handle(self, conn: TConn) -> Any:
        """Answer a request, and close the line here where it is to be closed."""
        kept = super().handle(conn)
        if not kept:
            util.close_graceful(conn.sock, timeout=LINGER_S, max_drain=MOST_LEFT)
        return kept

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Take back the line, which may be closed already."""
        if conn.sock.fileno() < 0:
            self.nr_conns -= 1
        else:
            super().finish_request(conn, fs)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        return keepalive and bool(conn.parser.finish_body(time.monotonic() + REST_S, MOST_LEFT))
