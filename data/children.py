"""The processes that do jobs, one each: forked from the worker, dead with it, telling it how far they are by a pipe."""

from __future__ import annotations

import ctypes
import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from data.claims import Claim
from data.job_work import do_job
from data.settings import Settings
from data.tasks import Maker
from geo.errors import Text

_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """A process at work on one job, and what the worker knows of it.

    Attributes
    ----------
    pid, pipe : int
        The process, and where to read what it tells.
    begun : float
        When, as ``time.monotonic`` counts.
    text, done, total, backend : Text, int, int, int or None
        What it told last; ``is_changed`` until that is written, ``written_at`` when it last was.
    stop_at : float or None
        When it is killed if it has not stopped by itself.
    """

    pid: int
    pipe: int
    claim: Claim
    begun: float
    text: Text | None = None
    done: int | None = None
    total: int | None = None
    backend: int | None = None
    is_changed: bool = False
    written_at: float = 0.0
    stop_at: float | None = None
    is_asked_to_stop: bool = False
    is_too_long: bool = False
    unread: bytes = field(default=b"", repr=False)


def take_line(child: Child, line: bytes) -> None:
    """Note what a child told in one line: its step, or the database process it works with."""
    told = json.loads(line)
    if "backend" in told:
        child.backend = told["backend"]
    else:
        child.text, child.done, child.total = Text(*told["text"]), told["done"], told["total"]
    child.is_changed = True


def become_child(parent: int) -> None:
    """Take leave of the worker: a session of its own, no handler of its, and dead when it is."""
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def kill_all_of(pid: int) -> None:
    """Kill a child with the processes it started: they hold its pipe, and would keep its job running for ever."""
    for kill in (os.killpg, os.kill):  # the second for one that has no session of its own yet
        with suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


def do_in_child(settings: Settings, claim: Claim, writing: int, makers: Mapping[str, Maker]) -> int:
    """Do a job, telling the worker of it through a pipe; gives the exit status."""
    asked = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal asked
        asked = True

    signal.signal(signal.SIGUSR1, stop)

    def tell(told: dict[str, Any]) -> None:
        os.write(writing, json.dumps(told, ensure_ascii=False).encode() + b"\n")

    def progress(text: Text, done: int | None = None, total: int | None = None) -> None:
        tell({"text": list(text), "done": done, "total": total})

    do_job(settings, claim, progress, lambda: asked, lambda pid: tell({"backend": pid}), makers)
    return 0
