"""What goes wrong in a browser page without anybody clicking on it: errors, refusals, requests to other hosts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request, Response

LOOPBACK = {"127.0.0.1", "localhost"}
# Addresses that are in the page already; nothing is fetched.
LOCAL_SCHEMES = {"data", "blob", "about"}
# What the browser says of a request the page itself no longer wants, as when the view moves on.
CALLED_OFF = "net::ERR_ABORTED"
_STATUS_LINE = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
_LISTEN = """document.addEventListener('securitypolicyviolation', (event) => window.noteViolation(
    `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
window.underway = 0;
const ask = window.fetch;
window.fetch = (...how) => {
    window.underway += 1;
    return ask(...how).finally(() => { window.underway -= 1; });
};"""


@dataclass
class Watch:
    """Everything noticed on the pages of one browser context.

    ``expected`` are statuses a test provokes on purpose.
    """

    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def attach(self, context: BrowserContext) -> None:
        """Notice what happens on every page of the context from now on."""
        context.expose_function("noteViolation", lambda words: self.violations.append(words))
        context.add_init_script(_LISTEN)
        context.on("page", self._attach_page)

    def expect(self, *statuses: int) -> None:
        """Say that answers with these statuses are meant."""
        self.expected |= set(statuses)

    def outside(self) -> list[str]:
        """Requests to any other host."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in LOCAL_SCHEMES and urlsplit(url).hostname not in LOOPBACK
        ]

    def check(self) -> None:
        """Nothing went wrong, and no request left this machine."""
        assert self.outside() == []
        assert self.violations == []
        assert self.errors == []
        assert self.console == []
        assert self.failed == []
        assert self.refused == []
        assert self.dialogs == []

    def _attach_page(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(f"{page.url}: {error}"))
        page.on("requestfailed", self._failed)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("response", self._answered)
        page.on("dialog", self._dialog)

    def _console(self, message: ConsoleMessage) -> None:
        # A refused answer is noted as such, with its address.
        if message.type in {"error", "warning"} and not _STATUS_LINE.match(message.text):
            self.console.append(f"{message.location.get('url', '')}: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != CALLED_OFF:
            self.failed.append(f"{request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.refused.append(f"{response.status} {response.url}")

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(f"{dialog.type}: {dialog.message}")
        dialog.dismiss()
