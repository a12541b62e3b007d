"""Whether what the renderer draws is so: what a point picks, and the class of the heatmap a place has at every zoom."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sqlalchemy import text

from data.rules.words import EXACT_QUALITY
from tests.benchmarks.figures import Figure
from tests.benchmarks.renderer_pages import BOUNDS, NEAR_ZOOM, OURS, QUIET, ROUND, Bench

PICKS, VIEWS, REACH_PX, EDGE_PX = 100, 10, 8.0, 0.25
HEAT_ZOOMS = (10, 11, 12, 13, 14)
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


def picks(bench: Bench) -> list[Figure]:
    """What 100 random points pick, beside what PostGIS has nearest within reach."""
    dice = np.random.default_rng(11)
    equal = close = 0
    unit = 1 / (256 * 2**NEAR_ZOOM)  # of one pixel, in fractions of the world
    keys = {"campaign": bench.store.campaign_id, "round": ROUND, "exact": EXACT_QUALITY}
    with bench.opened(OURS) as page, bench.store.owner.connect() as connection:

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
            page.evaluate(BOUNDS, [lat, lon, NEAR_ZOOM])
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
            conditions=f"z{NEAR_ZOOM}; {equal} the same, {close} as near within {EDGE_PX} pixels",
        )
    ]  # fmt: skip


def heat(bench: Bench) -> list[Figure]:
    """Whether places keep the class of the heatmap they have by the formula, at every zoom."""
    with bench.opened(OURS, query="&theme=unvisited") as page:
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


def _density(cells: Any, zoom: int, radius: float, spot: Any) -> float:
    """Households per hectare at the middle of a cell: the gaussian itself, summed over all cells within six sigma."""
    lat = math.atan(math.sinh(math.pi * (1 - 2 * (spot[1] + 0.5) / 2**zoom)))
    side = 40075016.686 * math.cos(lat) / 2**zoom  # metres of a cell
    sigma = radius / 2
    near = cells[(np.abs(cells[:, :2] - spot) < 6 * sigma / side).all(axis=1)]
    squares = ((near[:, :2] - spot) ** 2).sum(axis=1) * side * side
    return float((near[:, 2] * np.exp(-squares / (2 * sigma * sigma))).sum() / (2 * math.pi * sigma * sigma) * 10_000)
