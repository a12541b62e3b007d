"""Which browser the tests drive, and how long they wait for it."""

from __future__ import annotations

from pathlib import Path

CHROMIUM = "/usr/bin/chromium"
# The same engine without the windows, menus and profiles around it: a page takes two thirds of the processor time.
SHELL = "/usr/lib/chromium/chromium-headless-shell"
WAIT_MS = 20_000  # a busy machine is no fault


def lightest() -> str:
    """The lightest browser of this machine, for pages; phones keep a whole one, with a profile as people have it."""
    return SHELL if Path(SHELL).exists() else CHROMIUM
