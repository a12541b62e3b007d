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
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.benchmarks import bench_history
from tests.benchmarks.county_store import HOUSEHOLDS, county_store
from tests.benchmarks.figures import Figure, alone, load_average
from tests.benchmarks.kept_site import kept_site
from tests.benchmarks.peers import RENDERERS, npm_folder
from tests.benchmarks.renderer_answers import heat, picks
from tests.benchmarks.renderer_pages import BOUNDS, NEAR_ZOOM, OURS, PAGES, QUIET, Bench, middle
from tests.benchmarks.renderer_sizes import sizes
from tests.browser.chromium import CHROMIUM
from tests.browser.conftest import ARGUMENTS, DESK, PHONE
from tests.browser.stand import served

ABOUT = (
    "The page's own renderer beside protomaps-leaflet and MapLibre GL on the same tiles, in a browser without a GPU."
)
RUNS = 3
ZOOMS = (8, 10, 12, 13, 14, 16)
THEMES = ("status", "coverage", "unvisited", "visited", "houses", "sites")
CASES: dict[str, tuple[ViewportSize, int, float]] = {
    "desktop 1440x900": (DESK, 1, 50.0),
    "phone 390x844, 4 times slower": (PHONE, 4, 45.0),
}
PLAY_MS = 10_000  # of the days, as far as they come in that time
THEME_MS, LIVE_MS, LONG_TASKS, STEPS = 20.0, 10.0, 1, 25.0
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
            figures += walks(bench, names, runs)
            figures += repaints(bench, names)
            figures += picks(bench) + heat(bench) + slider(bench)
            browser.close()
        return figures


def walks(bench: Bench, names: list[str], runs: int) -> list[Figure]:
    """Frames a second of each on the same walk, in turns."""
    figures = []
    for case, (viewport, slower, goal) in CASES.items():
        found: dict[str, list[Walk]] = {name: [] for name in names}
        for turn in range(runs + 1):
            for name in names:
                with bench.opened(name, viewport, slower) as page:
                    processor = _processor(page)
                    begun = processor()
                    told = page.evaluate(
                        "([at, zooms]) => walk(window.fangtu?.page.map || window.peer.map, at, zooms)",
                        [bench.at, ZOOMS],
                    )
                    cpu = (processor() - begun) / told["frames"]
                walk = Walk(told["fps"], told["p95"], told["long"], told["longMs"], told["tiles"], cpu)
                print(f"  {case}, {name}: {walk}{'' if turn else ' (fills what is kept)'}", flush=True)
                if turn:
                    found[name].append(walk)
        figures += _told(case, found, goal, f"{bench.store.households} households, {runs} walks, {load_average()}")
    return figures


def repaints(bench: Bench, names: list[str]) -> list[Figure]:
    """Another theme and a live change; of ours also that no tile is asked for."""
    beside: dict[str, dict[str, float]] = {"theme": {}, "live": {}}
    for name in names[1:]:
        with bench.opened(name) as page:
            page.evaluate(BOUNDS, [*bench.at, NEAR_ZOOM])
            page.evaluate("() => window.peer.idle()")
            for what, told in beside.items():
                times = [page.evaluate(f"(n) => window.peer.{what}(n)", n) for n in range(8)]
                told[name] = statistics.median(times[1:])
    with bench.opened(OURS) as page:
        page.evaluate(BOUNDS, [*bench.at, 14])
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
    told = f"{bench.store.households} households, z14, main thread, {load_average()}"
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


def slider(bench: Bench) -> list[Figure]:
    """Steps a second of the days, each painted."""
    figures = []
    for number in (1, 2, 3):
        with bench.opened(OURS) as page:
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


if __name__ == "__main__":
    sys.exit(main())
