"""The background program (``./fangtu worker``): started and stopped with the web server, recorded for ``stop``."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict

from app.launch.places import Places
from app.launch.processes import Process, end, identify, is_same, read_json, write_private
from app.launch.setup import app_command, app_environment

RECORD = "worker.json"
COMMAND = "app.cli worker"
GRACE_S = 15
LONGEST_PAUSE_S = 60.0


def find_worker(places: Places) -> Process | None:
    """The worker that was started with the web server of this checkout, if that very process still runs."""
    content = read_json(places.run / RECORD)
    try:
        process = Process(**content)
    except TypeError:
        return None
    return process if is_same(process, COMMAND) else None


def stop_worker(places: Places) -> bool:
    """Stop exactly that worker; what it was at is taken back and done by the next one. True if one was running."""
    process = find_worker(places)
    if process is not None and not end(process, signal.SIGTERM, GRACE_S):
        end(process, signal.SIGKILL, 5)
    (places.run / RECORD).unlink(missing_ok=True)
    return process is not None


class KeptWorker:
    """A worker that is started again when it dies, after a pause that doubles."""

    def __init__(self, places: Places, env: Mapping[str, str]) -> None:
        self._places = places
        self._env = app_environment(places, env)
        self._pause_s = 1.0
        self._next_at = 0.0
        self._child = self._start()

    def look(self) -> None:
        """Start it again if it has ended and its pause is over."""
        now = time.monotonic()
        if self._child.poll() is None:
            return
        if not self._next_at:
            self._next_at = now + self._pause_s
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        elif now >= self._next_at:
            self._next_at = 0.0
            self._child = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with open(self._places.logs / "worker.log", "ab") as log:
            child = subprocess.Popen(
                app_command(self._places, "worker"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd=self._places.root,
                start_new_session=True,  # Ctrl-C reaches the launcher only, which stops it in order
            )
        process = identify(child.pid)
        if process:
            write_private(self._places.run / RECORD, json.dumps(asdict(process)))
        return child
