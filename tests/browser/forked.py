"""Web servers that begin with the application loaded: one process of a test run loads it, and each server is a fork.

Loading takes some seconds of processor time, and every file of tests in a browser has a server of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from functools import cache

from flask import Flask
from jinja2 import FileSystemBytecodeCache

from app.language import compiled_catalogue
from data.settings import ROOT
from tests.conftest import TEMPLATES

# What a server loads when it is first asked for it comes along, so that the first page of each file waits for nothing.
LOADED = ("app.factory", "gunicorn.app.wsgiapp", "app.web_worker", "mapclassify", "weasyprint", "openpyxl")
_MOST = 1 << 20


class Forked:
    """A server by its handle, of which the one who asked for it is not the parent."""

    def __init__(self, pid: int, handle: int) -> None:
        self.pid, self._handle = pid, handle

    def poll(self) -> int | None:
        """None while it runs; how it ended is known to its parent alone, so 0 afterwards."""
        ended, _, _ = select.select([self._handle], [], [], 0)
        return 0 if ended else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises
        ------
        subprocess.TimeoutExpired
            If it still runs after so many seconds.
        """
        ended, _, _ = select.select([self._handle], [], [], timeout)
        if not ended:
            raise subprocess.TimeoutExpired("gunicorn", timeout or 0)
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal; one that has ended takes none."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """End it by force."""
        self.send_signal(signal.SIGKILL)


def fork_server(arguments: list[str], env: dict[str, str], listener: socket.socket, log: int) -> Forked:
    """Start ``gunicorn`` with these arguments in a process that has loaded the application.

    Parameters
    ----------
    arguments : list of str
        What stands behind ``gunicorn``; ``{listener}`` in them becomes the number of the listening socket.
    env : dict
        Its whole environment.
    listener : socket
        The socket it answers on.
    log : int
        Descriptor of the open file that takes what it says.
    """
    line = _parent()
    order = json.dumps({"arguments": arguments, "env": env}).encode()
    socket.send_fds(line, [order], [listener.fileno(), log])
    answer, handles, _, _ = socket.recv_fds(line, 64, 1)
    return Forked(int(answer), handles[0])


@cache
def _parent() -> socket.socket:
    """The line to the process that forks, which is started with the first server and ends with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST)
    command = [sys.executable, "-P", "-m", __name__, str(theirs.fileno())]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),))
    theirs.close()
    atexit.register(_leave, ours, process)
    return ours


def _leave(line: socket.socket, process: subprocess.Popen[bytes]) -> None:
    line.close()
    process.wait()


def serve_orders(line: socket.socket) -> None:
    """Fork a server for each order until nobody orders any more; then end those that are left."""
    for name in LOADED:
        importlib.import_module(name)
    Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(os.environ[TEMPLATES])}
    compiled_catalogue()
    gc.freeze()  # what is here is never garbage, and a page of memory nobody writes to stays common to all
    made: dict[int, int] = {}
    while True:
        order, given, _, _ = socket.recv_fds(line, _MOST, 2)
        if not order:
            break
        pid = os.fork()
        if pid == 0:
            line.close()
            _become_server(json.loads(order), *given)
        handle = os.pidfd_open(pid)
        made[pid] = handle
        socket.send_fds(line, [str(pid).encode()], [handle])
        for number in given:
            os.close(number)
    for pid, handle in made.items():
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGTERM)
        os.waitpid(pid, 0)


def _become_server(order: dict[str, object], listener: int, log: int) -> None:
    """Be what ``python -m gunicorn`` would be with the order's arguments and environment."""
    from gunicorn.app.wsgiapp import run

    for number in (1, 2):
        os.dup2(log, number)
    os.set_inheritable(listener, True)
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = ["gunicorn", *(word.replace("{listener}", str(listener)) for word in order["arguments"])]
    run()
    sys.exit()


if __name__ == "__main__":
    serve_orders(socket.socket(fileno=int(sys.argv[1])))
