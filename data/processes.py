"""Whose a temporary file or folder is: a process is known by its number *and* its start, since numbers come again."""

from __future__ import annotations

import os
import re
from pathlib import Path

_PROC = Path("/proc")


def process_mark(pid: int | None = None) -> str:
    """Mark of a living process, for the names of what it leaves on the disk.

    Parameters
    ----------
    pid : int, optional
        The present process by default.

    Returns
    -------
    str
        ``<number>-<start>``, the start in clock ticks since boot (field 22 of ``/proc/PID/stat``); the start is 0 for
        a process that is not there.
    """
    number = os.getpid() if pid is None else pid
    try:
        # The command's name stands in parentheses and may itself hold blanks and parentheses.
        fields = (_PROC / str(number) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return f"{number}-0"
    return f"{number}-0" if fields[0] in "ZX" else f"{number}-{fields[19]}"


def is_alive(mark: str) -> bool:
    """Whether the very process of a mark still runs; False for what is no mark."""
    found = re.fullmatch(r"(\d{1,10})-([1-9]\d*)", mark)
    return found is not None and process_mark(int(found[1])) == mark
