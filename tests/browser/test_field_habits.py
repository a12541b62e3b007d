"""What the games of tests/node take for granted about a browser, asked of Chromium: both have to tell the same."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import CHROMIUM
from tests.browser.conftest import ARGUMENTS
from tests.browser.stand import Stand
from tests.field_modules import NODE, PACKAGES, PAGES, STATIC, run_node

DISK_MB = 160
# A tab is one that was opened by a script; its death that of its window.
_HERE = """{
    open: () => new Promise((done) => {
        const tab = window.open("/sign-in");
        tab.addEventListener("load", () => done(tab));
    }),
    kill: (tab) => tab.close(),
    fill: () => window.fillDisk(),
    free: () => window.freeDisk(),
    settled: () => new Promise((done) => setTimeout(done, 300)),
}"""


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A small disk of its own; it goes with the test."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may make a disk")
    return place


def test_the_browser_of_the_games_does_what_chromium_does(
    browser: Browser, field_stand: Stand, field_site: str, disk: Path
) -> None:
    filler = disk / "filler"

    def fill() -> None:
        for size in (65536, 512):
            with filler.open("ab", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(size))

    def free() -> None:
        filler.unlink()

    context = browser.browser_type.launch_persistent_context(disk / "profile", executable_path=CHROMIUM, args=ARGUMENTS)
    try:
        page = context.pages[0]
        page.expose_function("fillDisk", fill)
        page.expose_function("freeDisk", free)
        page.goto(f"{field_site}/sign-in")
        told = page.evaluate(f"({(NODE / 'habits.js').read_text(encoding='utf-8')})({_HERE})")
    finally:
        context.close()
        subprocess.run(["umount", "-l", str(disk)], check=True)
    played = run_node("habits.mjs", STATIC / "js" / "field", PACKAGES / "fake-indexeddb", flags=PAGES)
    assert json.loads(played) == told
