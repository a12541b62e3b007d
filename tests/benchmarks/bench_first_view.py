"""First view of the map in a real browser: how long until it is drawn and how much is sent, beside plain Folium.

    .venv/bin/python -m tests.benchmarks.bench_first_view [--runs 5] [--keep]

Both show the households of the sample township. The plain page is what Folium makes by itself: one ``CircleMarker`` per
household in one HTML file, made beforehand, with local assets and sent compressed: all in its favour. Every run has an
empty cache.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import folium
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import text

from data.db import owner_engine
from data.folding import fold
from data.rules.words import EXACT_QUALITY
from data.settings import ROOT, load_settings
from tests.benchmarks.figures import Figure
from tests.browser.chromium import CHROMIUM
from tests.browser.conftest import ARGUMENTS, DESK
from tests.browser.sample import LEADER, commit_sample
from tests.browser.stand import Stand, served
from tests.township import SmallTownship

ABOUT = "First view of the map in a real browser beside plain Folium; the sample township, whatever --households says."
DATABASE = "fangtu_bench_sample"
WITHIN_MS, WITHIN_KB, HTML_KB = 2000, 500, 50
LONGEST_MS = 180_000
# Moment of the last drawing, in milliseconds from the beginning of the navigation. A picture counts as drawn in the
# frame after its last stroke; one is over when nothing is under way and nothing was drawn for a while.
WATCH_DRAWING = """
window.lastDrawn = 0;
window.underway = 0;
const mark = () => requestAnimationFrame(() => { window.lastDrawn = performance.now(); });
for (const name of ["clearRect", "fill", "stroke", "drawImage"]) {
    const before = CanvasRenderingContext2D.prototype[name];
    let marked = -1;
    CanvasRenderingContext2D.prototype[name] = function (...how) {
        const frame = document.timeline.currentTime;
        if (frame !== marked) { marked = frame; mark(); }
        return before.apply(this, how);
    };
}
const ask = window.fetch;
window.fetch = (...how) => {
    window.underway += 1;
    return ask(...how).finally(() => { window.underway -= 1; });
};
addEventListener("load", () => requestAnimationFrame(mark));
"""
IS_OVER = """() => document.readyState === "complete" && !window.underway
    && (!document.querySelector("#map-frame") || document.body.dataset.ready === "true")
    && window.lastDrawn > 0 && performance.now() - window.lastDrawn > 700 && window.lastDrawn"""


@dataclass(frozen=True)
class View:
    """One opening of a page: milliseconds until it was drawn, bytes over the wire, requests, bytes of HTML unpacked."""

    ms: float
    sent: int
    requests: int
    html: int


def main() -> int:
    """Measure both pages in turn and print the ratio; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", action="store_true", help="use the database of the run before")
    chosen = parser.parse_args()
    return int(any(figure.met is False for figure in measure(chosen.runs, keep=chosen.keep)))


def run(households: int | None = None) -> list[Figure]:
    """Measure five openings of both pages."""
    return measure(5)


def measure(runs: int, *, keep: bool = False) -> list[Figure]:
    """Open both pages in turn, print every run and give the medians."""
    stand = kept() if keep else commit_sample(DATABASE)
    # What the worker does once a second, and the database within minutes, is done before.
    fold(stand.owner)
    with stand.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    with tempfile.TemporaryDirectory() as folder:
        homes = households(stand)
        begun = time.perf_counter()
        plain = plain_page(homes)
        made_s = time.perf_counter() - begun
        with (
            served(stand.settings, Path(folder) / "web.log", workers=2) as site,
            serve_plain(plain) as beside,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            open_view(browser, f"{site}/map", stand.tokens[LEADER])  # the server's own first time is not the page's
            ours, theirs = [], []
            for _ in range(runs):
                ours.append(open_view(browser, f"{site}/map", stand.tokens[LEADER]))
                theirs.append(open_view(browser, beside))
            browser.close()
    figures = report(len(homes), ours, theirs)
    print(f"making the plain page took {made_s:.1f} s of Python ({len(plain) / 1024:.0f} KB); not counted above")
    stand.owner.dispose()
    return figures


def kept() -> Stand:
    """The database as the run before left it."""
    settings = load_settings(database=DATABASE)
    stand = Stand(settings, owner_engine(settings), SmallTownship())
    stand.tokens[LEADER] = f"token-of-{LEADER}-{DATABASE}"
    return stand


def households(stand: Stand) -> list[tuple[float, float, int]]:
    """Latitude, longitude and visit status of every household that is drawn as a point."""
    with stand.owner.connect() as connection:
        rows = connection.execute(
            text("""
                select st_y(h.geom), st_x(h.geom), s.status
                  from household h join standing s on s.household_id = h.id
                 where h.quality <= :exact and h.geom is not null
                   and (s.campaign_id, s.round_no) = (select campaign_id, max(round_no) from standing
                                                       group by campaign_id order by campaign_id desc limit 1)"""),
            {"exact": EXACT_QUALITY},
        )
        return [(row[0], row[1], row[2]) for row in rows]


def plain_page(homes: list[tuple[float, float, int]]) -> bytes:
    """The page Folium makes of the same households, with Leaflet from beside it and nothing else."""
    drawn = folium.Map(location=homes[0][:2], zoom_start=13, tiles=None)
    drawn.default_js = [("leaflet", "/leaflet.js")]
    drawn.default_css = [("leaflet_css", "/leaflet.css")]
    for lat, lon, status in homes:
        folium.CircleMarker((lat, lon), radius=3, color="#0C5A63" if status in (1, 2) else "#7A2B0C").add_to(drawn)
    drawn.fit_bounds(
        [[min(h[0] for h in homes), min(h[1] for h in homes)], [max(h[0] for h in homes), max(h[1] for h in homes)]]
    )
    return drawn.get_root().render().encode()


@contextmanager
def serve_plain(page: bytes) -> Iterator[str]:
    """Serve the plain page and Leaflet beside it, compressed."""
    leaflet = ROOT / "static" / "vendor" / "leaflet"
    files = {
        "/": ("text/html; charset=utf-8", gzip.compress(page)),
        "/leaflet.js": ("text/javascript", gzip.compress((leaflet / "leaflet.js").read_bytes())),
        "/leaflet.css": ("text/css", gzip.compress((leaflet / "leaflet.css").read_bytes())),
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            kind, body = files.get(self.path, ("text/plain", b""))
            self.send_response(200 if body else 204)
            if body:
                self.send_header("Content-Type", kind)
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def open_view(browser: Browser, address: str, token: str | None = None) -> View:
    """Open a page with an empty cache and wait until it is drawn."""
    context = browser.new_context(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai")
    if token is not None:
        context.add_cookies([{"name": "fangtu_session", "value": token, "url": address}])
    context.add_init_script(WATCH_DRAWING)
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[int] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    page.goto(address, wait_until="commit")
    took = page.wait_for_function(IS_OVER, timeout=LONGEST_MS, polling=50).json_value()
    html = len(context.request.get(address).body())
    context.close()
    return View(float(took), sum(sizes), len(sizes), html)


def report(homes: int, ours: list[View], theirs: list[View]) -> list[Figure]:
    """Print every run, the medians and their ratio; gives the medians."""
    print(f"\nFirst view of {homes:,} households, {len(ours)} runs, empty cache")
    print(f"{'':>12} {'Fangtu':>22} {'plain Folium':>26}")
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True), 1):
        print(
            f"run {number:>8} {one.ms:>8.0f} ms {one.sent / 1024:>7.0f} KB"
            f" {other.ms:>12.0f} ms {other.sent / 1024:>7.0f} KB"
        )
    ms, kb = statistics.median(v.ms for v in ours), statistics.median(v.sent for v in ours) / 1024
    ms_plain, kb_plain = statistics.median(v.ms for v in theirs), statistics.median(v.sent for v in theirs) / 1024
    print(f"median       {ms:>8.0f} ms {kb:>7.0f} KB {ms_plain:>12.0f} ms {kb_plain:>7.0f} KB")
    print(f"ratio        {ms_plain / ms:>8.1f} times sooner, {kb_plain / kb:.1f} times less to send")
    print(f"requests     {ours[0].requests:>8} beside {theirs[0].requests}")
    for name, value, limit, unit in (("time", ms, WITHIN_MS, "ms"), ("size", kb, WITHIN_KB, "KB")):
        print(f"{name:<12} {'within' if value <= limit else 'OVER'} {limit} {unit}")
    told = f"{homes} households, median of {len(ours)} runs, empty cache"
    return [
        Figure(
            "first view of the map", ms, "ms", WITHIN_MS, peer=f"plain Folium {ms_plain:.0f} ms", ratio=ms_plain / ms,
            conditions=told, beside={"plain Folium": ms_plain},
        ),
        Figure(
            "first view over the wire", kb, "KB", WITHIN_KB, peer=f"plain Folium {kb_plain:.0f} KB",
            ratio=kb_plain / kb, conditions=told, beside={"plain Folium": kb_plain},
        ),
        Figure(
            "HTML of the page, not compressed", ours[0].html / 1024, "KB", HTML_KB,
            peer=f"plain Folium {theirs[0].html / 1024:.0f} KB", ratio=theirs[0].html / ours[0].html, conditions=told,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
