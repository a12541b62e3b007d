"""A real browser on the small township, served as an installation serves it; every page is watched for faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, ViewportSize, expect, sync_playwright

from tests.browser.chromium import WAIT_MS, lightest
from tests.browser.field import Phone
from tests.browser.field_store import forget_field
from tests.browser.look import MapPage
from tests.browser.stand import Stand, commit_township, served
from tests.browser.watch import Watch
from tests.faulty import ORDERS, give_orders

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever a page asks for elsewhere fails at once instead of leaving the machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

OpenPage = Callable[..., Page]
OpenMap = Callable[..., MapPage]
MakePhone = Callable[..., Phone]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test of this folder one second try.

    Hundreds of them wait for a real browser on a machine that others use; the report lists each second try (``RERUN``),
    which is a fault to look into, of the page or of the test. What fails twice is red.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))


class OneBrowser:
    """One Chromium for all tests of a process, started again where the program that drives it has ended."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    def living(self) -> Browser:
        """The browser, which answers."""
        if self._browser is not None:
            try:
                self._browser.new_context().close()
                return self._browser
            except Error:
                self.stop()
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=lightest(), args=ARGUMENTS)
        return self._browser

    def stop(self) -> None:
        """End it; what has ended already is no matter."""
        for part in (self._browser and self._browser.close, self._playwright and self._playwright.stop):
            if part:
                with suppress(Error):
                    part()
        self._browser = self._playwright = None


@pytest.fixture(scope="session")
def one_browser() -> Iterator[OneBrowser]:
    """What keeps the browser of this process."""
    expect.set_options(timeout=WAIT_MS)
    made = OneBrowser()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def browser(one_browser: OneBrowser) -> Browser:
    """One Chromium for all tests; each test has a context of its own, so nothing is shared but the program."""
    return one_browser.living()


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """The small township with an account per role, anew for each file of tests."""
    made = commit_township("fangtu_test_browser")
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def site(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the served township."""
    with served(stand.settings, tmp_path_factory.mktemp("server") / "web.log") as address:
        yield address


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What goes wrong on the pages of this test; at its end: nothing did."""
    noticed = Watch()
    yield noticed
    noticed.check()


@pytest.fixture
def open_context(browser: Browser, site: str, stand: Stand, watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """A watched browser context, signed in as a role (by its session) or as nobody."""
    opened: list[BrowserContext] = []

    def make(role: str | None = None, *, language: str = "zh", **options: object) -> BrowserContext:
        chosen: dict[str, Any] = {"viewport": DESK, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", **options}
        context = browser.new_context(base_url=site, **chosen)
        context.set_default_timeout(WAIT_MS)
        watch.attach(context)
        cookies: list[Any] = [{"name": "fangtu_lang", "value": language, "url": site}]
        if role is not None:
            cookies.append({"name": "fangtu_session", "value": stand.tokens[role], "url": site})
        context.add_cookies(cookies)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def open_page(open_context: Callable[..., BrowserContext]) -> OpenPage:
    """A page at an address, as a role."""

    def make(address: str, role: str | None = None, **options: object) -> Page:
        page = open_context(role, **options).new_page()
        page.goto(address)
        return page

    return make


@pytest.fixture
def open_map(open_page: OpenPage) -> OpenMap:
    """The map page as a role, with everything drawn."""

    def make(role: str = "supervisor", address: str = "/map", **options: object) -> MapPage:
        return MapPage(open_page(address, role, **options)).drawn()

    return make


@pytest.fixture(scope="module")
def field_stand() -> Iterator[Stand]:
    """A township of its own for each file: what phones send stays in it."""
    made = commit_township("fangtu_test_field")
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file in which the server reads how to fail."""
    return tmp_path_factory.mktemp("orders") / "orders.json"


@pytest.fixture(scope="module")
def field_site(field_stand: Stand, orders: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server that fails on demand."""
    log = tmp_path_factory.mktemp("field") / "web.log"
    with served(field_stand.settings, log, target="tests.faulty:wsgi()", **{ORDERS: str(orders)}) as address:
        yield address


@pytest.fixture
def phone_of(
    browser: Browser, field_stand: Stand, field_site: str, orders: Path, tmp_path: Path
) -> Iterator[MakePhone]:
    """Phones of the inspector; no visit of another test is left."""
    forget_field(field_stand)
    give_orders(orders)
    made: list[Phone] = []

    def make(who: str = "inspector", **options: object) -> Phone:
        token = field_stand.tokens[who]
        made.append(Phone(browser, tmp_path / f"phone{len(made)}", field_site, token, **options))
        return made[-1]

    yield make
    for phone in made:
        phone.close()
