"""The watch notices what it is there for; without this a silent watch would look like a sound page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.conftest import DESK
from tests.browser.watch import Watch

# Served in place of a page of the application, under its own policy.
POLICY = "default-src 'self'; script-src 'self'"
SCRIPTS = {
    "errors": "throw new Error('wrong')",
    "console": "console.error('wrong')",
    "dialogs": "alert('wrong')",
}


@pytest.fixture
def noticed(browser: Browser, site: str) -> Callable[[str, str], Watch]:
    """Open a page made of this body and script; what the watch noticed."""

    def answer(route: Route, body: str, script: str) -> None:
        name = route.request.url.removeprefix(site)
        if name == "/strange":
            route.fulfill(body=body, content_type="text/html", headers={"Content-Security-Policy": POLICY})
        elif name == "/strange.js":
            route.fulfill(body=script, content_type="text/javascript")
        else:
            route.continue_()

    def make(body: str, script: str = "") -> Watch:
        watch = Watch()
        context = browser.new_context(viewport=DESK)
        watch.attach(context)
        page: Page = context.new_page()
        page.route("**/*", lambda route: answer(route, body + '<script src="/strange.js"></script>', script))
        page.goto(f"{site}/strange")
        page.wait_for_timeout(200)
        context.close()
        with pytest.raises(AssertionError):
            watch.check()
        return watch

    return make


@pytest.mark.parametrize("kind", SCRIPTS)
def test_what_a_script_does_wrong_is_noticed(noticed: Callable[[str, str], Watch], kind: str) -> None:
    assert "wrong" in str(getattr(noticed("<p>", SCRIPTS[kind]), kind))


def test_a_promise_nobody_catches_is_noticed(noticed: Callable[[str, str], Watch]) -> None:
    assert "wrong" in str(noticed("<p>", "Promise.reject(new Error('wrong'))").errors)


def test_a_request_to_another_host_is_noticed(noticed: Callable[[str, str], Watch]) -> None:
    watch = noticed('<img src="https://tiles.example.org/1.png">', "")
    assert watch.outside() or watch.violations


def test_an_inline_script_is_noticed(noticed: Callable[[str, str], Watch]) -> None:
    assert noticed("<script>document.title = 'x'</script>", "").violations


def test_a_refused_answer_is_noticed(noticed: Callable[[str, str], Watch]) -> None:
    assert noticed('<img src="/static/nothing.png">', "").refused
