"""A phone in the field: a browser profile of its own that survives restarts, and what one does in the app by finger."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.chromium import CHROMIUM, WAIT_MS
from tests.browser.watch import Watch

PIN = "135790"
HERE = {"longitude": 118.8021, "latitude": 36.4051, "accuracy": 12}
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
AXE = Path(__file__).resolve().parents[2] / "var" / "node" / "node_modules" / "axe-core" / "axe.min.js"
_AXE_RUN = """async () => (await axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"],
})).violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(" | ")}`)"""
# Everything one can tap, that is not large enough; a label counts with what it holds, a link in a sentence does not.
_SMALL = """() => [...document.querySelectorAll("button, a, input, textarea, summary, label")]
    .filter((node) => node.checkVisibility() && !node.closest(".unseen"))
    .map((node) => node.closest("label.choice, label.shot, label.check") || node)
    .filter((node) => !node.matches("label.field"))
    .map((node) => [node, node.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.height < 47.5 || box.width < 47.5))
    .map(([node, box]) => `${node.tagName} ${node.className} ${node.textContent} ${box.width}x${box.height}`)"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Phone:
    """One phone with its browser profile.

    Parameters
    ----------
    browser : Browser
        Only its kind is taken; each phone is a browser of its own.
    profile : Path
        Folder of the profile.
    site : str
        Address of the server; ``localhost``, where a browser admits workers without a certificate.
    token : str
        Session of who is signed in.
    arguments : sequence of str
        Of the browser, beside the usual ones.
    """

    def __init__(
        self, browser: Browser, profile: Path, site: str, token: str, arguments: Sequence[str] = (), **options: Any
    ) -> None:
        self._kind, self._profile, self._token, self._options = browser.browser_type, profile, token, options
        self._arguments = [*ARGUMENTS, *arguments]
        self.site = site.replace("127.0.0.1", "localhost")
        self.watch = Watch()
        self.context = self._launch()
        self.page = self.context.pages[0]
        self.taps = 0

    def _launch(self) -> BrowserContext:
        chosen: dict[str, Any] = {
            "viewport": {"width": 390, "height": 844},
            "device_scale_factor": 2,
            "is_mobile": True,
            "has_touch": True,
            "locale": "zh-CN",
            "timezone_id": "Asia/Shanghai",
            "geolocation": HERE,
            "permissions": ["geolocation"],
            **self._options,
        }
        context = self._kind.launch_persistent_context(
            self._profile, executable_path=CHROMIUM, headless=True, args=self._arguments, base_url=self.site, **chosen
        )
        context.set_default_timeout(WAIT_MS)
        context.on("page", self._listen)
        for page in context.pages:
            self._listen(page)
        context.add_cookies(
            [
                {"name": "fangtu_session", "value": self._token, "url": self.site},
                {"name": "fangtu_lang", "value": "zh", "url": self.site},
            ]
        )
        return context

    def _listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.watch.errors.append(str(error)))

    def open(self, address: str = "/field/") -> Page:
        """Open the app as far as it goes without a PIN."""
        self.page.goto(address)
        return self.page

    def begin(self) -> Page:
        """The first day: set a PIN, fetch the list, let the worker take over."""
        page = self.open()
        page.locator("input[name=pin]").fill(PIN)
        page.locator("input[name=again]").fill(PIN)
        page.get_by_role("button", name="设定").tap()
        self.ready()
        expect(page.locator(".row").first).to_be_visible()
        self.until("navigator.serviceWorker.controller !== null")
        return page

    def unlock(self, pin: str = PIN) -> Page:
        """Type the PIN."""
        self.page.locator("input[name=pin]").fill(pin)
        self.page.get_by_role("button", name="打开").tap()
        return self.page

    def until(self, expression: str) -> None:
        """Wait until an expression holds; the page's policy forbids to wait for it inside the page."""
        end = time.monotonic() + WAIT_MS / 1000
        while not self.page.evaluate(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.05)

    def ready(self) -> None:
        """Wait until the app is open."""
        self.page.wait_for_selector("body[data-ready=true]")

    def tap(self, what: Locator) -> None:
        """One tap, counted."""
        what.tap()
        self.taps += 1

    def visit(self, row: int = 0, choice: str = "well") -> None:
        """Visit the n-th household of the list."""
        page = self.page
        self.tap(page.locator(".row-button").nth(row))
        self.tap(page.locator(f"input[name=choice][value={choice}]"))
        self.tap(page.get_by_role("button", name="保存走访"))
        expect(page.locator(".saved")).to_be_visible()

    def upload(self) -> None:
        """Press the button that sends everything now, and wait until the server has it all."""
        self.page.locator(".pill").tap()
        self.page.get_by_role("button", name="立即上传").tap()
        expect(self.page.locator(".pill")).to_have_text("已全部上传")

    def unsent(self) -> int:
        """The number in the head."""
        words = self.page.locator(".pill").inner_text()
        return int((re.findall(r"\d+", words) or ["0"])[0])

    def restart(self) -> Page:
        """Kill the browser as the phone does when it needs room, and open it anew."""
        mark = f"--user-data-dir={self._profile}"
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if mark in process.read_text(errors="replace").split("\0"):
                    os.kill(int(process.parent.name), signal.SIGKILL)
        # Playwright notices by the pipe, and then must not be asked about the dead browser any more.
        with suppress(Exception):
            self.context.close()
        until = time.monotonic() + 10
        while self._lives(mark) and time.monotonic() < until:
            time.sleep(0.05)
        for left in self._profile.glob("Singleton*"):
            left.unlink()
        self.context = self._launch()
        self.page = self.context.pages[0]
        return self.page

    @staticmethod
    def _lives(mark: str) -> bool:
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if mark in process.read_text(errors="replace").split("\0"):
                    return True
        return False

    def close(self) -> None:
        """End the browser; no page may have thrown."""
        self.context.close()
        assert self.watch.errors == [], self.watch.errors


def faults_of(page: Page) -> list[str]:
    """What axe finds at WCAG 2.2 AA, what is too small to tap, and whether the page is wider than the phone."""
    size = page.viewport_size
    assert size is not None
    # As tall as the page: what the bar below covers just now can be scrolled to.
    page.set_viewport_size({"width": size["width"], "height": page.evaluate("document.documentElement.scrollHeight")})
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(_AXE_RUN)
    page.set_viewport_size(size)
    found += page.evaluate(_SMALL)
    if page.evaluate(SIDEWAYS) > 0:
        found.append("the page scrolls sideways")
    return found
