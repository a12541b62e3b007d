"""Pages of the page's own renderer and of those it is compared with, on one store, in one browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, ViewportSize
from sqlalchemy import text

from data.rules.words import EXACT_QUALITY
from tests.benchmarks.county_store import CountyStore
from tests.benchmarks.figures import AnswersDiffer
from tests.browser.conftest import DESK

ROUND = 2
PAGES = {
    "Fangtu": "/map?round=2&theme=status",
    "protomaps-leaflet": "/peer/protomaps.html?round=2",
    "MapLibre GL": "/peer/maplibre.html?round=2",
}
OURS = "Fangtu"
LONGEST_MS = 120_000
NEAR_ZOOM = 15  # households stand alone
# No request came to an end for a while; a page that never comes to rest is measured as it is.
QUIET = """() => new Promise((done) => {
    let last = -1, calm = 0;
    const begun = performance.now();
    const look = () => {
        const asked = performance.getEntriesByType("resource").length;
        const idle = asked === last && document.getElementById("map-busy").hidden && window.fangtu.page.idle();
        calm = idle ? calm + 1 : 0;
        last = asked;
        if (calm > 15 || performance.now() - begun > 60000) done(true); else setTimeout(look, 100);
    };
    look();
})"""
DRAWN = """() => { const { map, scene } = window.fangtu.page;
    const at = map.project(map.getCenter(), 0).divideBy(256); const size = map.getSize();
    return scene.records.around(at.x, at.y, map.getZoom(), Math.max(size.x, size.y) / 2)
        .filter(({ point }) => point.kind === "household").map(({ point }) => point.id); }"""
BOUNDS = """([lat, lon, zoom]) => { const map = window.fangtu?.page.map || window.peer.map;
    map.setView([lat, lon], zoom, { animate: false }); const b = map.getBounds();
    return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()]; }"""


class Bench:
    """One browser on one store."""

    def __init__(self, store: CountyStore, browser: Browser, front: str, at: tuple[float, float]) -> None:
        self.store, self.browser, self.front, self.at = store, browser, front, at
        self._rooms: dict[tuple[int, int], ViewportSize] = {}

    @contextmanager
    def opened(self, name: str, viewport: ViewportSize = DESK, slower: int = 1, query: str = "") -> Iterator[Page]:
        """A page of a renderer, ready, in a context of its own; a fault on it is one of the measurement."""
        if name != OURS:
            viewport = self._room(viewport)
        context = self.browser.new_context(viewport=viewport, locale="zh-CN", timezone_id="Asia/Shanghai")
        context.set_default_timeout(LONGEST_MS)
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(self.front + PAGES[name] + query)
        if name == OURS:
            page.wait_for_selector("body[data-ready=true]")
            page.evaluate(QUIET)
        else:
            page.wait_for_function("() => window.peer && window.walk")
            page.evaluate("() => window.peer.idle()")
        if name == OURS:
            page.add_script_tag(url="/peer/walk.js")
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        try:
            yield page
        finally:
            context.close()
        if faults:
            raise AnswersDiffer(f"{name} failed: {faults[0]}")

    def _room(self, viewport: ViewportSize) -> ViewportSize:
        """What our page leaves to its map in a window: the others' maps are not larger."""
        key = (viewport["width"], viewport["height"])
        if key not in self._rooms:
            with self.opened(OURS, viewport) as page:
                width, height = page.evaluate(
                    "() => { const { x, y } = window.fangtu.page.map.getSize(); return [x, y]; }"
                )
            self._rooms[key] = {"width": width, "height": height}
        return self._rooms[key]

    def same_households(self, names: list[str]) -> None:
        """Each draws all households PostGIS has in one view; ours and MapLibre no other there."""
        for name in names:
            with self.opened(name) as page:
                west, south, east, north = page.evaluate(BOUNDS, [*self.at, NEAR_ZOOM])
                if name == OURS:
                    page.evaluate(QUIET)
                    shown = page.evaluate(DRAWN)
                else:
                    page.evaluate("() => window.peer.idle()")
                    shown = page.evaluate("() => window.peer.ids()")
            with self.store.owner.connect() as connection:
                rows = connection.execute(
                    text("""
                        select s.household_id from standing s join household h on h.id = s.household_id
                         where s.campaign_id = :campaign and s.round_no = :round and s.quality <= :exact
                           and h.geom && st_makeenvelope(:west, :south, :east, :north, 4326)"""),
                    {
                        "campaign": self.store.campaign_id, "round": ROUND, "exact": EXACT_QUALITY,
                        "west": west, "south": south, "east": east, "north": north,
                    },
                )  # fmt: skip
                wanted = {row[0] for row in rows}
            if lacking := wanted - set(shown):
                raise AnswersDiffer(f"{name} does not draw {len(lacking)} of {len(wanted)} households in the view")
            print(f"{name} draws all {len(wanted)} households in a view at zoom {NEAR_ZOOM}", flush=True)


def middle(store: CountyStore) -> tuple[float, float]:
    """Latitude and longitude where households lie most densely: the middle of the fullest kept cell."""
    with store.owner.connect() as connection:
        row = connection.execute(
            text("""
                select avg(st_y(h.geom)), avg(st_x(h.geom)) from household h join standing s on s.household_id = h.id
                 where s.campaign_id = :campaign and s.round_no = :round and s.x is not null
                 group by s.x >> 17, s.y >> 17 order by count(*) desc limit 1"""),
            {"campaign": store.campaign_id, "round": ROUND},
        ).one()
    return float(row[0]), float(row[1])
