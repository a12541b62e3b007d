"""Who is running: a process is known by its number *and* its start, since numbers are used again."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process and the moment of its start (clock ticks since boot, field 22 of ``/proc/PID/stat``)."""

    pid: int
    started: int


def identify(pid: int, proc: Path = PROC) -> Process | None:
    """Return the living process of that number; None for a dead one or a zombie."""
    try:
        # The command name stands in parentheses and may itself hold spaces and parentheses.
        fields = (proc / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return None if fields[0] in "ZX" else Process(pid, int(fields[19]))
    except (OSError, IndexError, ValueError):
        return None


def command_of(pid: int, proc: Path = PROC) -> str:
    """Command line of a process, arguments joined by blanks; empty if it cannot be read."""
    try:
        return (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def is_same(process: Process, word: str, proc: Path = PROC) -> bool:
    """Whether that very process still lives and its command line holds ``word``."""
    return identify(process.pid, proc) == process and word in command_of(process.pid, proc)


def pids_in(folder: Path, proc: Path = PROC) -> Iterator[int]:
    """Processes whose working folder is ``folder`` (all of a database server's are in its data folder)."""
    wanted = os.path.realpath(folder)
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                here = os.readlink(entry / "cwd")
            except OSError:
                continue
            if here == wanted and identify(int(entry.name), proc):
                yield int(entry.name)


def pids_of_group(group: int, proc: Path = PROC) -> Iterator[int]:
    """Living processes of a process group."""
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if len(fields) > 2 and fields[2] == str(group) and fields[0] not in "ZX":
                yield int(entry.name)


def wait_until_gone(process: Process, seconds: float) -> bool:
    """Wait for the end of a process; reaps it if it is a child. True when it is gone."""
    end = time.monotonic() + seconds
    while identify(process.pid) == process:
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    try:
        os.waitpid(process.pid, os.WNOHANG)
    except ChildProcessError:
        pass  # not our child: init reaps it
    return True


def end(process: Process, how: signal.Signals, seconds: float) -> bool:
    """Send a signal to that very process and wait; True when it is gone."""
    if identify(process.pid) == process:
        try:
            os.kill(process.pid, how)
        except ProcessLookupError:
            return True
    return wait_until_gone(process, seconds)


def write_private(path: Path, content: str) -> None:
    """Write a file of mode 0600 in one step: a reader sees the old or the new one, never half."""
    making = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(making, path)


@dataclass(frozen=True)
class WebServer:
    """The web server that this checkout started, and the launcher that waits for it."""

    server: Process
    launcher: Process
    bind: str
    port: int
    demo: bool

    def is_watched(self) -> bool:
        """Whether the launcher that started it still lives."""
        return identify(self.launcher.pid) == self.launcher

    @property
    def url(self) -> str:
        """Address for a browser on this machine."""
        host = "127.0.0.1" if self.bind in ("0.0.0.0", "::", "") else self.bind
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"


def read_web_server(path: Path) -> WebServer | None:
    """Return the recorded web server if that very process still runs; None for a missing or stale file."""
    content = read_json(path)
    try:
        web = WebServer(
            Process(**content["server"]),
            Process(**content["launcher"]),
            content["bind"],
            content["port"],
            content["demo"],
        )
    except (KeyError, TypeError):
        return None
    return web if is_same(web.server, "gunicorn") else None


def write_web_server(path: Path, web: WebServer) -> None:
    """Record the web server."""
    write_private(path, json.dumps(asdict(web)))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; a missing or damaged file gives an empty one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
