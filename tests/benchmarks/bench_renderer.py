"""The page's own renderer beside protomaps-leaflet and MapLibre GL on the same tiles, in a browser without a GPU.

    .venv/bin/python -m tests.benchmarks.bench_renderer [households] [--runs 3]

All three get the same answers from a front that keeps them (:mod:`tests.benchmarks.kept_site`), so no server is
measured. First all three have to draw every household that PostGIS has in the view. The walk is one for all: six zooms
and twelve pans in ten seconds, at desktop size and at phone size with the processor slowed down four times. MapLibre
draws by software here and its workers are not slowed down: its figures say nothing about a machine with a GPU. Ours
draws more than the others do: base map, borders, names. Theirs switch from cells to points one zoom later, as their
tiles are twice as wide by default.

Then what only ours is asked for: switching themes, a live change, what a point picks, whether a place has one class of
the heatmap at every zoom, and how fast the slider of days can go.
"""

from __future__ import annotations

import argparse
import gzip
import math
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from sqlalchemy import text

from data.rules.words import EXACT_QUALITY
from data.settings import ROOT
from tests.benchmarks import bench_history
from tests.benchmarks.county_store import HOUSEHOLDS, CountyStore, county_store
from tests.benchmarks.figures import AnswersDiffer, Figure, alone, load_average
from tests.benchmarks.kept_site import kept_site
from tests.benchmarks.peers import RENDERERS, npm_folder
from tests.browser.chromium import CHROMIUM
from tests.browser.conftest import ARGUMENTS, DESK, PHONE
from tests.browser.stand import served

ABOUT = (
    "The page's own renderer beside protomaps-leaflet and MapLibre GL on the same tiles, in a browser without a GPU."
)
ROUND = 2
RUNS = 3
ZOOMS = (8, 10, 12, 13, 14, 16)
PAGES = {
    "Fangtu": "/map?round=2&theme=status",
    "protomaps-leaflet": "/peer/protomaps.html?round=2",
    "MapLibre GL": "/peer/maplibre.html?round=2",
}
OURS = "Fangtu"
THEMES = ("status", "coverage", "unvisited", "visited", "houses", "sites")
CASES: dict[str, tuple[ViewportSize, int, float]] = {
    "desktop 1440x900": (DESK, 1, 50.0),
    "phone 390x844, 4 times slower": (PHONE, 4, 45.0),
}
LONGEST_MS = 120_000
PLAY_MS = 10_000  # of the days, as far as they come in that time
SIZE_KB, THEME_MS, LIVE_MS, LONG_TASKS, STEPS = 8.0, 20.0, 10.0, 1, 25.0
PICKS, VIEWS, PICK_ZOOM, REACH_PX, EDGE_PX = 100, 10, 15, 8.0, 0.25
HEAT_ZOOMS = (10, 11, 12, 13, 14)
# What the renderer is, without what it is told to draw, the outlines of areas and the requests it is handed, and
# without paper. What to draw is this map's: which signs, in what order, and their drawings, which the legend has, too.
RENDERER = {"records.js": "createRecords", "mosaic.js": "Mosaic"}
SIGNS = ("record-signs.js", "symbols.js")
BESIDE = ("areas.js", "areas-data.js", "api.js")
PICTURES = {
    "protomaps-leaflet": ("protomaps-leaflet/dist/protomaps-leaflet.js",),
    "MapLibre GL": (
        "maplibre-gl/dist/maplibre-gl-csp.js",
        "maplibre-gl/dist/maplibre-gl-csp-worker.js",
        "@maplibre/maplibre-gl-leaflet/leaflet-maplibre-gl.js",
    ),
}
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
SWITCH = """async ([key]) => { const asked = tilesAsked();
    const row = document.querySelectorAll("#themes button")[key];
    const begun = performance.now(); const ms = await timed(() => row.click()); const whole = await restAfter(begun);
    await new Promise((done) => setTimeout(done, 900)); return [ms, whole, tilesAsked() - asked]; }"""
LIVE = """async ([n]) => { const { map, scene } = window.fangtu.page; const asked = tilesAsked();
    const { min, max } = map.getPixelBounds(); const scale = 256 * 2 ** map.getZoom();
    const seen = ({ at: [x, y] }) => x * scale > min.x && x * scale < max.x && y * scale > min.y && y * scale < max.y;
    const shown = scene.level.filter(seen); const area = shown[n % shown.length];
    const ms = await timed(() => { area.visited += 1; area.ratio = area.eligible ? area.visited / area.eligible : null;
        scene.draw(); });
    await new Promise((done) => setTimeout(done, 200)); return [ms, tilesAsked() - asked]; }"""
PICK = """([points]) => points.map(([x, y]) => {
    const found = window.fangtu.page.scene.records.pick(x, y, window.fangtu.page.map.getZoom());
    return found ? [found.kind, found.id] : null; })"""
HEAT = """async ([places, zooms]) => {
    const { densitySteps } = await import("/static/js/map/heat-field.js");
    const { heat } = window.fangtu.page.scene;
    const size = 600;
    return places.map(([wx, wy]) => zooms.map((zoom) => {
        const scale = 256 * 2 ** zoom;
        const view = { width: size, height: size, zoom, scale,
            left: Math.round(wx * scale - size / 2), top: Math.round(wy * scale - size / 2) };
        const steps = densitySteps(heat.data.cells, heat.data.zoom, view, heat.radius);
        let step = steps.next();
        while (!step.done) step = steps.next();
        const field = step.value;
        // A cell of the grid stands for its middle; a place lies between four of them.
        const x = (wx * scale - view.left) / field.step + field.margin - 0.5;
        const y = (wy * scale - view.top) / field.step + field.margin - 0.5;
        const [left, top] = [Math.floor(x), Math.floor(y)];
        const at = (dx, dy) => field.grid[(top + dy) * field.width + left + dx];
        const along = (dy) => at(0, dy) * (left + 1 - x) + at(1, dy) * (x - left);
        return along(0) * (top + 1 - y) + along(1) * (y - top); })); }"""


@dataclass
class Walk:
    """One walk of one page."""

    fps: float
    p95: float
    long: int
    long_ms: float
    tiles: int
    cpu: float  # processor time of the main thread for a frame, in milliseconds


def main() -> int:
    """Measure alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("households", nargs="?", type=int, default=HOUSEHOLDS)
    parser.add_argument("--runs", type=int, default=RUNS)
    chosen = parser.parse_args()
    return alone(lambda: run(chosen.households, chosen.runs))


def run(households: int | None = None, runs: int = RUNS) -> list[Figure]:
    """Compare what is drawn, then sizes, walks and repainting, then measure what only ours does."""
    with county_store(households or HOUSEHOLDS) as store:
        modules = npm_folder("renderers", RENDERERS)
        names = list(PAGES) if modules is not None else [OURS]
        figures = sizes(modules) if modules is not None else []
        folders = {"/peer": Path(__file__).parent / "renderers"} | ({"/npm": modules} if modules is not None else {})
        with (
            tempfile.TemporaryDirectory() as folder,
            served(store.settings, Path(folder, "web.log"), workers=2) as site,
            kept_site(site, store.token, folders) as front,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=[*ARGUMENTS, "--enable-unsafe-swiftshader"]
            )
            bench = Bench(store, browser, front, middle(store))
            bench.same_households(names)
            figures += bench.walks(names, runs)
            figures += bench.repaints(names)
            figures += bench.picks() + bench.heat() + bench.slider()
            browser.close()
        return figures


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


def sizes(modules: Path) -> list[Figure]:
    """Scripts of each renderer, as small as they come."""
    static = ROOT / "static" / "js" / "map"
    with tempfile.TemporaryDirectory() as folder:
        entry, made = Path(folder, "renderer.js"), Path(folder, "made.js")
        entry.write_text(
            "".join(f'export {{ {part} }} from "{static / name}";\n' for name, part in RENDERER.items()), "utf-8"
        )
        esbuild = [str(modules / "esbuild" / "bin" / "esbuild"), str(entry), "--bundle", "--minify", "--format=esm"]

        def size_without(*names: str) -> float:
            outside = [f"--external:./{name}" for name in names]
            command = [*esbuild, *outside, "--log-level=error", f"--outfile={made}"]
            subprocess.run(command, check=True, capture_output=True, timeout=60)
            return _zipped([made])

        ours, with_signs = size_without(*BESIDE, *SIGNS), size_without(*BESIDE)
    peers = {name: _zipped([modules / file for file in files]) for name, files in PICTURES.items()}
    parts = ("records", "records-decode", "reader", "tiles", "mosaic", "dots", "overlay", "queue", "palette")
    served_as = [static / f"{name}.js" for name in parts]
    told = ", ".join(f"{name} {kb:.0f} kB" for name, kb in peers.items())
    return [
        Figure(
            "renderer and decoder, made small as the others are, gzip", ours, "kB", SIZE_KB, peer=told,
            ratio=min(peers.values()) / ours,
            conditions=f"without {', '.join((*BESIDE, *SIGNS))}; ratio to the smallest; with all signs of this map and "
            f"what is drawn when {with_signs:.1f} kB",
            beside=peers,
        ),
        Figure(
            "the same as it is served, with its comments, gzip", sum(_zipped([file]) for file in served_as), "kB",
            conditions=f"{len(served_as)} files",
        ),
    ]  # fmt: skip


def _zipped(files: list[Path]) -> float:
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files) / 1000


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
                west, south, east, north = page.evaluate(BOUNDS, [*self.at, PICK_ZOOM])
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
            print(f"{name} draws all {len(wanted)} households in a view at zoom {PICK_ZOOM}", flush=True)

    def walks(self, names: list[str], runs: int) -> list[Figure]:
        """Frames a second of each on the same walk, in turns."""
        figures = []
        for case, (viewport, slower, goal) in CASES.items():
            found: dict[str, list[Walk]] = {name: [] for name in names}
            for turn in range(runs + 1):
                for name in names:
                    with self.opened(name, viewport, slower) as page:
                        processor = _processor(page)
                        begun = processor()
                        told = page.evaluate(
                            "([at, zooms]) => walk(window.fangtu?.page.map || window.peer.map, at, zooms)",
                            [self.at, ZOOMS],
                        )
                        cpu = (processor() - begun) / told["frames"]
                    walk = Walk(told["fps"], told["p95"], told["long"], told["longMs"], told["tiles"], cpu)
                    print(f"  {case}, {name}: {walk}{'' if turn else ' (fills what is kept)'}", flush=True)
                    if turn:
                        found[name].append(walk)
            figures += _told(case, found, goal, f"{self.store.households} households, {runs} walks, {load_average()}")
        return figures

    def repaints(self, names: list[str]) -> list[Figure]:
        """Another theme and a live change; of ours also that no tile is asked for."""
        beside: dict[str, dict[str, float]] = {"theme": {}, "live": {}}
        for name in names[1:]:
            with self.opened(name) as page:
                page.evaluate(BOUNDS, [*self.at, PICK_ZOOM])
                page.evaluate("() => window.peer.idle()")
                for what, told in beside.items():
                    times = [page.evaluate(f"(n) => window.peer.{what}(n)", n) for n in range(8)]
                    told[name] = statistics.median(times[1:])
        with self.opened(OURS) as page:
            page.evaluate(BOUNDS, [*self.at, 14])
            page.evaluate(QUIET)
            processor = _processor(page)
            by_theme: dict[str, list[float]] = {theme: [] for theme in THEMES}
            wholes: list[float] = []
            asked = 0
            begun = 0.0
            for turn in range(6):
                begun = begun if turn > 1 else processor()
                for number, theme in enumerate(THEMES):
                    took, whole, more = page.evaluate(SWITCH, [number])
                    if turn:  # what a theme needs is asked for when it is first shown
                        by_theme[theme].append(took)
                        wholes.append(whole)
                        asked += more
            cpu = (processor() - begun) / 30
            page.evaluate("() => document.querySelectorAll('#themes button')[1].click()")
            page.evaluate(QUIET)
            begun = processor()
            live = [page.evaluate(LIVE, [n]) for n in range(11)]
            cpu_live = (processor() - begun) / len(live)
        words = {what: ", ".join(f"{name} {ms:.0f} ms" for name, ms in told.items()) for what, told in beside.items()}
        medians = {theme: statistics.median(times) for theme, times in by_theme.items()}
        told = f"{self.store.households} households, z14, main thread, {load_average()}"
        return [
            Figure(
                "theme switch, median of six themes", statistics.median(medians.values()), "ms", THEME_MS,
                peer=f"other colours: {words['theme']}", beside=beside["theme"],
                conditions=f"{', '.join(f'{theme} {ms:.0f}' for theme, ms in medians.items())}; processor time "
                f"with all that follows {cpu:.0f} ms; {told}",
            ),
            Figure(
                "theme switch, by the clock until the last piece of the view is drawn", statistics.median(wholes), "ms",
                peer=f"other colours: {words['theme']}", beside=beside["theme"], conditions=told,
            ),
            Figure("tile requests of 30 theme switches", asked, "", 0, conditions=told),
            Figure(
                "live change of one area, drawn", statistics.median(ms for ms, _ in live), "ms", LIVE_MS,
                peer=f"one household: {words['live']}", beside=beside["live"],
                conditions=f"from the answer to the frame, coverage; processor time {cpu_live:.0f} ms; {told}",
            ),
            Figure("tile requests of 10 live changes", sum(more for _, more in live), "", 0, conditions=told),
        ]  # fmt: skip

    def picks(self) -> list[Figure]:
        """What 100 random points pick, beside what PostGIS has nearest within reach."""
        dice = np.random.default_rng(11)
        equal = close = 0
        unit = 1 / (256 * 2**PICK_ZOOM)  # of one pixel, in fractions of the world
        keys = {"campaign": self.store.campaign_id, "round": ROUND, "exact": EXACT_QUALITY}
        with self.opened(OURS) as page, self.store.owner.connect() as connection:

            def homes(condition: str, order: str, **values: float | str) -> list[tuple[int, float, float]]:
                rows = connection.execute(
                    text(f"""
                        select household_id, x / 2147483648.0, y / 2147483648.0 from standing
                         where campaign_id = :campaign and round_no = :round and quality <= :exact and x is not null
                           and {condition} order by {order} limit {PICKS // VIEWS * 5}"""),
                    keys | values,
                ).all()
                return [(row[0], float(row[1]), float(row[2])) for row in rows]

            for number in range(VIEWS):
                (_, x, y), *_ = homes("true", "md5(household_id::text || :n)", n=str(number))
                lat, lon = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y)))), x * 360 - 180
                page.evaluate(BOUNDS, [lat, lon, PICK_ZOOM])
                page.evaluate(QUIET)
                around = homes(
                    "abs(x - :x) < :far and abs(y - :y) < :far", "md5(household_id::text)",
                    x=x * 2**31, y=y * 2**31, far=300 * unit * 2**31,
                )  # fmt: skip
                # Half of the points lie near enough to a household to pick one, the others often pick none.
                chosen = [around[n % len(around)][1:] for n in range(PICKS // VIEWS)]
                points = (np.array(chosen) + dice.uniform(-16, 16, (len(chosen), 2)) * unit).tolist()
                for (px, py), found in zip(points, page.evaluate(PICK, [points]), strict=True):
                    reach = 2 * REACH_PX * unit * 2**31
                    near = homes(
                        "abs(x - :x) < :far and abs(y - :y) < :far", "(x - :x) ^ 2 + (y - :y) ^ 2",
                        x=px * 2**31, y=py * 2**31, far=reach,
                    )  # fmt: skip
                    away = {key: math.hypot(hx - px, hy - py) / unit for key, hx, hy in near}
                    best = next((key for key in away if away[key] <= REACH_PX), None)
                    if (found[1] if found else None) == best:
                        equal += 1
                        continue
                    # A tile knows places to an eighth of a pixel: of two as near as that either is right.
                    limit = REACH_PX if best is None else away[best]
                    close += (away.get(found[1], math.inf) if found else REACH_PX) <= limit + EDGE_PX
        return [
            Figure(
                "points that pick what PostGIS has there", equal + close, f"of {PICKS}", PICKS, at_least=True,
                conditions=f"z{PICK_ZOOM}; {equal} the same, {close} as near within {EDGE_PX} pixels",
            )
        ]  # fmt: skip

    def heat(self) -> list[Figure]:
        """Whether places keep the class of the heatmap they have by the formula, at every zoom."""
        with self.opened(OURS, query="&theme=unvisited") as page:
            page.evaluate("() => document.querySelectorAll('#themes button')[2].click()")
            page.evaluate(QUIET)
            data = page.evaluate("""() => { const { heat } = window.fangtu.page.scene;
                return [Array.from(heat.data.cells), heat.data.zoom, heat.breaks, heat.radius]; }""")
            cells, zoom, breaks, radius = np.array(data[0]).reshape(-1, 3), data[1], data[2], data[3]
            dice = np.random.default_rng(5)
            spots = cells[dice.permutation(len(cells))[:150], :2]
            exact = np.array([_density(cells, zoom, radius, spot) for spot in spots])
            # On the border between two classes any smoothing decides: places well inside of one are asked for.
            inside = np.array([all(abs(one - edge) > 0.2 * edge for edge in breaks[1:]) for one in exact])
            places = ((spots + 0.5) / 2**zoom)[inside]
            shown = np.array(page.evaluate(HEAT, [places.tolist(), HEAT_ZOOMS]))
        steps = np.array(breaks[1:])
        want = np.searchsorted(steps, exact[inside], side="right")
        got = np.searchsorted(steps, shown, side="right")
        wrong = got != want[:, None]
        off = np.median(np.abs(shown / exact[inside][:, None] - 1), axis=0)
        by_zoom = ", ".join(
            f"z{z} {int(n)} ({100 * o:.0f} %)" for z, n, o in zip(HEAT_ZOOMS, wrong.sum(axis=0), off, strict=True)
        )
        return [
            Figure(
                "places whose class of the heatmap is not that of the formula", float(wrong.any(axis=1).sum()),
                f"of {len(places)}", 0, conditions=f"well inside a class; by zoom (density off by): {by_zoom}",
            )
        ]  # fmt: skip

    def slider(self) -> list[Figure]:
        """Steps a second of the days, each painted."""
        figures = []
        for number in (1, 2, 3):
            with self.opened(OURS) as page:
                page.evaluate(f"() => document.querySelectorAll('#themes button')[{number}].click()")
                page.wait_for_selector("#days[data-state=ready]")
                page.evaluate(QUIET)
                rates = [page.evaluate(bench_history.PLAY, [60, PLAY_MS]) for _ in range(4)][1:]
            figures.append(
                Figure(
                    f"slider of days, {THEMES[number]}", statistics.median(rate for rate, _ in rates), "steps/s",
                    STEPS, at_least=True, conditions=f"{rates[0][1]} days, whole county, {load_average()}",
                )
            )  # fmt: skip
        return figures


def _told(case: str, found: dict[str, list[Walk]], goal: float, told: str) -> list[Figure]:
    middle_of: Callable[[str, str], float] = lambda name, what: statistics.median(  # noqa: E731
        getattr(walk, what) for walk in found[name]
    )
    others = [name for name in found if name != OURS]
    beside = ", ".join(f"{n} {middle_of(n, 'fps'):.0f} (p95 {middle_of(n, 'p95'):.0f} ms)" for n in others)
    rates = {n: middle_of(n, "fps") for n in others}
    spread = ", ".join(f"{walk.fps:.1f}" for walk in found[OURS])
    return [
        Figure(
            f"frames a second, {case}", middle_of(OURS, "fps"), "fps", goal, at_least=True, peer=beside,
            conditions=f"{spread}; {middle_of(OURS, 'tiles'):.0f} requests of tiles; {told}", beside=rates,
        ),
        Figure(f"95th percentile of a frame, {case}", middle_of(OURS, "p95"), "ms", conditions=told),
        Figure(
            f"processor time of the main thread for a frame, {case}", middle_of(OURS, "cpu"), "ms",
            peer=", ".join(f"{n} {middle_of(n, 'cpu'):.1f} ms" for n in others), conditions=told,
            beside={n: middle_of(n, "cpu") for n in others},
        ),
        Figure(
            f"long tasks of a walk, {case}", middle_of(OURS, "long"), "", LONG_TASKS if case.startswith("d") else None,
            peer=", ".join(f"{n} {middle_of(n, 'long'):.0f} ({middle_of(n, 'long_ms'):.0f} ms)" for n in others),
            conditions=f"{middle_of(OURS, 'long_ms'):.0f} ms; {told}",
        ),
    ]  # fmt: skip


def _processor(page: Page) -> Callable[[], float]:
    """Processor time of the page's main thread, in milliseconds: what other work on the machine does not lengthen."""
    line = page.context.new_cdp_session(page)
    line.send("Performance.enable", {"timeDomain": "threadTicks"})

    def read() -> float:
        told = {one["name"]: one["value"] for one in line.send("Performance.getMetrics")["metrics"]}
        return float(told["TaskDuration"]) * 1000

    return read


def _density(cells: Any, zoom: int, radius: float, spot: Any) -> float:
    """Households per hectare at the middle of a cell: the gaussian itself, summed over all cells within six sigma."""
    lat = math.atan(math.sinh(math.pi * (1 - 2 * (spot[1] + 0.5) / 2**zoom)))
    side = 40075016.686 * math.cos(lat) / 2**zoom  # metres of a cell
    sigma = radius / 2
    near = cells[(np.abs(cells[:, :2] - spot) < 6 * sigma / side).all(axis=1)]
    squares = ((near[:, :2] - spot) ** 2).sum(axis=1) * side * side
    return float((near[:, 2] * np.exp(-squares / (2 * sigma * sigma))).sum() / (2 * math.pi * sigma * sigma) * 10_000)


if __name__ == "__main__":
    sys.exit(main())
