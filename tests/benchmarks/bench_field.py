"""The field app under faults: days of a phone in Chromium beside a failing server. Games are ``bench_field_games``.

Run with ``python -m tests.benchmarks.bench_field``.
"""

from __future__ import annotations

import gzip
import io
import random
import re
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import expect, sync_playwright
from sqlalchemy import text

from app.field import FIRST, parts
from data.settings import ROOT
from tests.benchmarks.field_times import measure
from tests.benchmarks.figures import Figure, alone
from tests.browser.chromium import CHROMIUM
from tests.browser.field import Phone
from tests.browser.stand import Stand, commit_township, served
from tests.faulty import ORDERS, give_orders

ABOUT = "Faults against the field app: nothing lost, nothing doubled; and how long it takes on a slow phone."
DAYS, ACTS = 50, 5
FAULTS = ("before", "after", "middle of a photo", "after a photo")
SEED = 20261126
# A server that died is up again in a second; the phone waits a little longer each time.
PATIENCE_MS = 120_000


def run(households: int | None = None, days: int = DAYS) -> list[Figure]:
    """Play; the number of households has no meaning here."""
    began = time.process_time()
    saved, wrong = play_days(days)
    seconds = f"{days} days of {ACTS} acts, {time.process_time() - began:.0f} s of this process"
    return [
        Figure("days in Chromium with a loss or a double", wrong, "", 0, conditions=seconds),
        Figure("visits saved in them", saved, ""),
        Figure("scripts, gzip", round(script_bytes() / 1024, 1), "kB", 110),
        *play_times(),
    ]


def script_bytes() -> int:
    """Bytes of all scripts the phone keeps, as they go over the line."""
    texts = [(ROOT / "static" / FIRST).read_text("utf-8"), *(one.text for one in parts())]
    return sum(len(gzip.compress(text.encode(), 6)) for text in texts)


def play_times() -> list[Figure]:
    """Times on a slow phone, beside a server of their own."""
    stand = commit_township("fangtu_bench_field_times")
    with TemporaryDirectory() as place:
        folder = Path(place)
        with (
            served(stand.settings, folder / "web.log", FANGTU_PROXIES="1") as site,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            expect.set_options(timeout=PATIENCE_MS)
            found = measure(browser, stand, site, folder)
            browser.close()
    stand.owner.dispose()
    return found


def play_days(days: int) -> tuple[int, int]:
    """Let a phone live through days of random acts; how many visits it saved, on how many days something was wrong."""
    chance = random.Random(SEED)
    stand = commit_township("fangtu_bench_field")
    wrong = 0
    with TemporaryDirectory() as place:
        folder, orders = Path(place), Path(place, "orders.json")
        with (
            served(stand.settings, folder / "web.log", target="tests.faulty:wsgi()", **{ORDERS: str(orders)}) as site,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            phone = Phone(browser, folder / "profile", site, stand.tokens["inspector"])
            day = Day(phone, stand, orders, chance, folder)
            phone.begin()
            for number in range(days):
                problem = day.play()
                wrong += problem is not None
                print(f"day {number + 1}: {day.visits} visits, {day.photos} photos {problem or ''}", flush=True)
            phone.close()
            browser.close()
    stand.owner.dispose()
    return day.visits, wrong


class Day:
    """A phone that lives on from day to day, with what it was told is saved."""

    def __init__(self, phone: Phone, stand: Stand, orders: Path, chance: random.Random, folder: Path) -> None:
        self.phone, self.stand, self.orders, self.chance = phone, stand, orders, chance
        self.visits = self.photos = self.versions = 0
        self.picture = folder / "photo.png"
        self.homes = [stand.town.households[name] for name in ("H1", "H2", "H3", "H4", "H5")]

    def play(self) -> str | None:
        """Some acts, then quiet; what is wrong at the end, or None."""
        for _ in range(ACTS):
            act = self.chance.choice(
                [*[self.visit] * 3, self.reload, self.kill, self.net, self.fault, self.tabs, self.version]
            )
            act()
        give_orders(self.orders)
        self.phone.context.set_offline(False)
        self._open("#day")
        expect(self.phone.page.locator(".pill")).to_be_visible()
        self.phone.page.get_by_role("button", name="立即上传").tap()
        expect(self.phone.page.locator(".pill")).to_have_text("已全部上传", timeout=PATIENCE_MS)
        with self.stand.owner.connect() as connection:
            stored = connection.execute(
                text("""
                    select (select count(*) from visit v join synced_item s on s.id = v.id) as visits,
                           (select count(*) from synced_photo where received_at is not null) as photos,
                           (select count(*) from sync_reject) as refused""")
            ).one()
        expected = (self.visits, self.photos, 0)
        return None if tuple(stored) == expected else f"stored {tuple(stored)}, saved {expected}"

    def _open(self, place: str) -> None:
        page = self.phone.page
        page.goto("about:blank")
        page.goto(f"/field/{place}")
        page.wait_for_selector("input[name=pin], body[data-ready=true]")
        if page.locator("input[name=pin]").count():
            self.phone.unlock()
        self.phone.ready()

    def visit(self) -> None:
        page = self.phone.page
        self._open(f"#h={self.chance.choice(self.homes)}")
        page.locator("input[value=well]").check(force=True)
        if self.chance.random() < 0.4:
            if not page.locator(".panel input[type=file]").count():
                page.get_by_role("button", name="拍照").first.tap()
            before = page.locator(".panel .thumb").count()
            self.picture.write_bytes(noise(self.chance))
            page.locator(".panel input[type=file]").set_input_files(self.picture)
            expect(page.locator(".panel .thumb")).to_have_count(before + 1)
            if self.chance.random() < 0.3:
                # The page dies with the form open; what was filled in is there again.
                page.reload()
                self.phone.ready()
        words = page.get_by_role("button", name="拍照").first.inner_text()
        page.get_by_role("button", name="保存走访").tap()
        expect(page.locator(".saved")).to_be_visible()
        self.visits += 1
        self.photos += int((re.findall(r"\d+", words) or ["0"])[0])

    def reload(self) -> None:
        self._open("#list")

    def kill(self) -> None:
        self.phone.restart()
        self._open("#list")

    def net(self) -> None:
        self.phone.context.set_offline(self.chance.random() < 0.6)

    def fault(self) -> None:
        give_orders(self.orders, fault=self.chance.choice(FAULTS))

    def version(self) -> None:
        self.versions += 1
        give_orders(self.orders, version=f"v{self.versions}-")

    def tabs(self) -> None:
        second = self.phone.context.new_page()
        second.goto("/field/#day")
        second.wait_for_selector("input[name=pin], body[data-ready=true]")
        if second.locator("body[data-ready=true]").count():
            second.get_by_role("button", name="立即上传").click(no_wait_after=True)
        second.close()


def noise(chance: random.Random) -> bytes:
    """A picture no other equals."""
    out = io.BytesIO()
    Image.frombytes("L", (240, 180), chance.randbytes(240 * 180)).save(out, "PNG")
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(alone(run))
