"""The limited process that reads one file: ``python -m geo.files.child``, started by :mod:`geo.files.apart` only.

The request is one line of JSON on standard input; the answer are the lines of :mod:`geo.files.wire`.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import traceback
from typing import Any, BinaryIO

from geo.crs import CrsUnknown
from geo.files.read import read_table
from geo.files.sheet import FileUnreadable
from geo.files.wire import Stopped, line_of_error, lines_of

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
# Pages of the libraries themselves, which are real memory but no data: 90 MiB measured, GDAL's drivers at work.
_LIBRARIES_MIB = 96


def main() -> int:
    """Read the request, give up what is not needed, read the file, answer."""
    request = json.loads(sys.stdin.buffer.readline())
    out = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:
        # A library that prints does not get into the answer.
        os.dup2(nowhere.fileno(), 1)
    die_with(request["parent"])
    give_up(request["limits"])
    answer(request["path"], request["sheet"], request["encoding"], out)
    return 0


def die_with(parent: int) -> None:
    """Have the kernel end this process when the thread that started it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        # It ended before the kernel was told.
        os._exit(1)


def give_up(limits: dict[str, Any]) -> None:
    """Limit memory, time and files of this process, and leave the network where the kernel allows it.

    Memory is limited by its writable private pages (``RLIMIT_DATA``), as ``RLIMIT_AS`` counts what libraries only
    reserve. No core dump is ever written: it would hold a ledger in plain.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # As root a network of its own suffices; the second way needs no right at all, but root would lose its files by it.
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    mib = 1 << 20
    for what, soft, more in (
        (resource.RLIMIT_DATA, max(limits["memory_mib"] - _LIBRARIES_MIB, 64) * mib, 0),
        (resource.RLIMIT_CPU, limits["cpu_s"], 2),
        (resource.RLIMIT_FSIZE, limits["file_mib"] * mib, 0),
        (resource.RLIMIT_NOFILE, limits["open_files"], 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        hard = resource.getrlimit(what)[1]
        most = soft + more if hard == resource.RLIM_INFINITY else min(soft + more, hard)
        resource.setrlimit(what, (min(soft, most), most))
    # A file that grows too large is then an error of the one who writes it, not the end of the process.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def answer(path: str, sheet: str | None, encoding: str | None, out: BinaryIO) -> None:
    """Read a file and write the sheets, or the error, as lines."""
    error: CrsUnknown | FileUnreadable | Stopped
    try:
        for line in lines_of(read_table(path, sheet=sheet, encoding=encoding)):
            out.write(line)
        out.flush()
        return
    except (FileUnreadable, CrsUnknown) as known:
        error = known
    except MemoryError:
        error = Stopped("memory")
    except RecursionError:
        error = Stopped("nested too deeply")
    except Exception as unforeseen:  # noqa: BLE001 - whatever a hostile file brings about is told in words
        # The kind and the place, never the message: it may hold cells.
        last = traceback.extract_tb(unforeseen.__traceback__)[-1]
        error = Stopped(f"{type(unforeseen).__name__}, {os.path.basename(last.filename)}:{last.lineno}")
    out.write(line_of_error(error))
    out.flush()


if __name__ == "__main__":
    sys.exit(main())
