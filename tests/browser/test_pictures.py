"""The picture of the front page, made from the sample township by the map itself.

It is made anew only when asked: ``UPDATE_SCREENSHOTS=1 .venv/bin/python -m pytest tests/browser/test_pictures.py``.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from data.settings import ROOT
from tests.browser.conftest import DESK, WAIT_MS
from tests.browser.look import MapPage
from tests.browser.sample import LEADER, commit_sample
from tests.browser.stand import served
from tests.browser.watch import Watch

# Soon after the sample's last visit, so that the picture does not grow old.
LAST_DAY = "2026-11-20T16:30:00+08:00"
PICTURE = ROOT / "templates" / "docs" / "img" / "map.png"


@pytest.fixture
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The picture; taken first if the environment asks for it."""
    if os.environ.get("UPDATE_SCREENSHOTS") == "1":
        take(request.getfixturevalue("browser"), tmp_path / "web.log")
    return PICTURE


def take(browser: Browser, log: Path) -> None:
    """Load the sample, open the map as its leader and keep what is seen."""
    stand = commit_sample("fangtu_test_sample")
    try:
        with served(stand.settings, log) as site:
            watch = Watch()
            context = browser.new_context(
                base_url=site, viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai", color_scheme="light"
            )
            context.set_default_timeout(WAIT_MS)
            watch.attach(context)
            context.add_cookies([{"name": "fangtu_session", "value": stand.tokens[LEADER], "url": site}])
            page = context.new_page()
            page.clock.set_fixed_time(LAST_DAY)
            page.goto("/map")
            MapPage(page).drawn()
            PICTURE.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=PICTURE)
            context.close()
            watch.check()
    finally:
        stand.owner.dispose()


def test_the_picture_of_the_front_page_is_there_in_its_size(picture: Path) -> None:
    head = picture.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", head[16:24]) == (DESK["width"], DESK["height"])
    assert picture.stat().st_size < 1024 * 1024
