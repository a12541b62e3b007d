"""Reading a file apart: in a child process that may use little, reaches no network and can be stopped."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from geo.counting import counted
from geo.errors import Cancelled, FangtuError, Text
from geo.files.guards import KINDS, local_file
from geo.files.sheet import FileUnreadable, Sheet, unreadable
from geo.files.wire import Received, Stopped, WireError

_ROOT = Path(__file__).resolve().parents[2]
_ASK_EVERY_S = 0.15
_PIECE = 1 << 18


@dataclass(frozen=True)
class Limits:
    """What one file may use up.

    Attributes
    ----------
    memory_mib : int
        Real memory of the child; a ledger of 48,000 rows needs about half of the 400.
    cpu_s : int
        Seconds of computing.
    wall_s : float
        Seconds in all.
    file_mib : int
        Size of any one temporary file.
    open_files : int
    result_mib : int
        Bytes the child may send back.
    """

    memory_mib: int = 400
    cpu_s: int = 240
    wall_s: float = 300.0
    file_mib: int = 1024
    open_files: int = 64
    result_mib: int = 256


def read_apart(
    path: Path | str,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    folder: Path,
    limits: Limits | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Sheet]:
    """Read a file as :func:`geo.files.read_table` does, in a limited child process.

    The child runs in a session of its own, sees no variable of this process, has no network where the kernel lets an
    ordinary user have that, and dies with the thread that started it. What it sends back is JSON, never a pickle.

    Parameters
    ----------
    path, sheet, encoding
        See :func:`geo.files.read_table`.
    folder : Path
        An existing folder for temporary copies; whatever the child leaves in it is removed at the end.
    limits : Limits, optional
        By default ``Limits()``.
    cancelled : callable
        Asked about six times a second; once it says True, the child is ended.

    Returns
    -------
    list of Sheet
        Equal to what :func:`geo.files.read_table` gives.

    Raises
    ------
    FileUnreadable
        As there, and where the child needs too much memory or time, sends too much, or dies.
    CrsUnknown
        As there.
    Cancelled
        If ``cancelled`` said so.
    """
    limits, file = limits or Limits(), local_file(path)
    request = {
        "path": str(file),
        "sheet": sheet,
        "encoding": encoding,
        "parent": os.getpid(),
        "limits": asdict(limits),
    }
    with tempfile.TemporaryDirectory(prefix="apart-", dir=folder.absolute()) as own:
        child = subprocess.Popen(
            [sys.executable, "-s", "-m", "geo.files.child"],
            cwd=_ROOT,
            env=_environment(own),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            received = _talk(child, json.dumps(request).encode(), file, limits, cancelled)
        finally:
            # The whole group: nothing the child may have started stays behind.
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
    if isinstance(received.error, FangtuError):
        raise received.error
    if received.error is not None:
        raise _stopped(file, received.error, limits)
    return received.sheets


def _environment(folder: str) -> dict[str, str]:
    """Give the child what it needs to run and nothing of ours: no address, key or password is among it."""
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": folder,
        "CPL_TMPDIR": folder,
        "SQLITE_TMPDIR": folder,
        # One thread: less memory, and a process of several threads may not leave the network.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        # Else freed memory stays with the child and counts against it.
        "MALLOC_ARENA_MAX": "1",
    }


def _talk(
    child: subprocess.Popen[bytes],
    request: bytes,
    path: Path,
    limits: Limits,
    cancelled: Callable[[], bool],
) -> Received:
    """Hand over the request and take lines until the child has ended.

    Raises
    ------
    FileUnreadable, Cancelled
        The child is then still running.
    """
    assert child.stdin is not None
    assert child.stdout is not None
    with suppress(BrokenPipeError):
        child.stdin.write(request + b"\n")
        child.stdin.close()
    received, begun, taken = Received(), b"", 0
    out = child.stdout.fileno()
    ready = select.poll()
    ready.register(out, select.POLLIN | select.POLLHUP)
    started = asked = time.monotonic()
    if cancelled():
        raise _cancelled()
    pieces: list[bytes] = []
    while True:
        come = ready.poll(int(_ASK_EVERY_S * 1000))
        now = time.monotonic()
        if now - asked >= _ASK_EVERY_S:
            asked = now
            if cancelled():
                raise _cancelled()
        if now - started > limits.wall_s:
            raise _too_slow(path, limits.wall_s)
        if not come:
            continue
        piece = os.read(out, _PIECE)
        if not piece:
            break
        taken += len(piece)
        if taken > limits.result_mib << 20:
            raise _too_much(path)
        *whole, begun = piece.split(b"\n")
        try:
            for line in whole:
                received.take(b"".join([*pieces, line]))
                pieces = []
        except WireError as error:
            raise _stopped(path, Stopped(f"answer: {error}"), limits) from error
        pieces.append(begun)
    if not received.finished and received.error is None:
        received.error = _cause_of_death(child, path, limits)
    return received


def _cause_of_death(child: subprocess.Popen[bytes], path: Path, limits: Limits) -> FangtuError | Stopped:
    """Say why a child ended without a word."""
    code = child.wait()
    if code == -signal.SIGXCPU:
        return _too_slow(path, limits.cpu_s)
    if code in (-signal.SIGABRT, -signal.SIGKILL):
        # Libraries that get no memory end the process; so does the kernel when the machine has none left.
        return Stopped("memory")
    return Stopped(f"signal {-code}" if code < 0 else f"exit {code}")


def _cancelled() -> Cancelled:
    return Cancelled(
        Text("读取已按要求停止，没有导入任何内容。", "Reading was stopped as asked; nothing was imported.")
    )


def _too_slow(path: Path, seconds: float) -> FileUnreadable:
    return unreadable(
        path,
        Text("读取时间过长", "reading it takes too long"),
        Text(f"{seconds:.0f}秒内能读完的文件", f"a file that is read within {counted(f'{seconds:.0f}', 'second')}"),
        Text("请分成几个文件", "Split it into several files"),
    )


def _too_much(path: Path) -> FileUnreadable:
    return unreadable(
        path,
        Text("内容过多", "it holds too much"),
        KINDS,
        Text("请分成几个文件", "Split it into several files"),
    )


def _stopped(path: Path, why: Stopped, limits: Limits) -> FileUnreadable:
    if why.reason == "memory":
        return unreadable(
            path,
            Text(
                f"读取所需内存超过{limits.memory_mib} MiB",
                f"reading it takes more than {limits.memory_mib} MiB of memory",
            ),
            KINDS,
            Text("请分成几个文件，或删去空白的行和列后另存", "Split it, or delete blank rows and columns and save it"),
        )
    return unreadable(
        path,
        Text(f"读取程序中途停止（{why.reason}）", f"the reader stopped on the way ({why.reason})"),
        KINDS,
        Text("请用原来的软件重新导出或另存一份", "Export or save it once more"),
    )
