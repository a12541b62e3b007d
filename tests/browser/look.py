"""What a person sees and does on the map page: its canvases, its popup, its panel, its address."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page

# A copy is read, so that the page's own canvases stay as they are.
_PAINTED = """([pane, whole]) => {
    const colours = new Map();
    for (const canvas of document.querySelectorAll(`.leaflet-fangtu-${pane}-pane canvas`)) {
        if (!canvas.width || !canvas.height) continue;
        const copy = document.createElement("canvas");
        copy.width = canvas.width;
        copy.height = canvas.height;
        const pen = copy.getContext("2d", { willReadFrequently: true });
        pen.drawImage(canvas, 0, 0);
        const pixels = new Uint32Array(pen.getImageData(0, 0, copy.width, copy.height).data.buffer);
        for (const pixel of pixels) {
            const [alpha, colour] = [pixel >>> 24, pixel & 0xffffff];
            if (alpha && (alpha === 255 || !whole)) colours.set(colour, (colours.get(colour) || 0) + 1);
        }
    }
    // A piece of one colour is a box.
    for (const box of document.querySelectorAll(`.leaflet-fangtu-${pane}-pane div[style*=background]`)) {
        const [red, green, blue] = getComputedStyle(box).backgroundColor.match(/\\d+/g).map(Number);
        const colour = red | (green << 8) | (blue << 16);
        const many = Math.round(box.offsetWidth * box.offsetHeight * devicePixelRatio ** 2);
        colours.set(colour, (colours.get(colour) || 0) + many);
    }
    const hex = (part) => part.toString(16).padStart(2, "0");
    const name = (n) => `#${[n & 255, (n >> 8) & 255, (n >> 16) & 255].map(hex).join("")}`;
    const most = [...colours].sort((a, b) => b[1] - a[1]).slice(0, 400);
    return Object.fromEntries(most.map(([n, many]) => [name(n), many]));
}"""
# Nothing asked for is missing, and some frames passed so that what came is drawn.
_QUIET = """() => new Promise((done) => {
    let calm = 0;
    const look = () => {
        const drawing = window.fangtu?.page && !window.fangtu.page.idle();
        calm = window.underway || drawing || !document.getElementById("map-busy").hidden ? 0 : calm + 1;
        if (calm > 15) done(true); else requestAnimationFrame(look);
    };
    look();
})"""


class MapPage:
    """The map page of one browser page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def drawn(self) -> MapPage:
        """Wait until everything asked for is here and drawn."""
        self.page.wait_for_selector("body[data-ready=true]")
        self.page.evaluate(_QUIET)
        return self

    def painted(self, pane: str, *, whole: bool = True) -> dict[str, int]:
        """Colours on the canvases of a pane with the number of their pixels; only opaque ones by default.

        Panes from bottom to top: land, ground, areas, heat, top, points (with borders and names), select.
        """
        found: dict[str, int] = self.page.evaluate(_PAINTED, [pane, whole])
        return found

    def view(self) -> tuple[float, float, float]:
        """Zoom, latitude and longitude of the map's middle."""
        zoom, lat, lng = self.page.evaluate(
            "() => [map_township.getZoom(), map_township.getCenter().lat, map_township.getCenter().lng]"
        )
        return zoom, lat, lng

    def go(self, lon: float, lat: float, zoom: float) -> MapPage:
        """Move the map there and wait until it is drawn."""
        self.page.evaluate(
            "([lat, lon, zoom]) => map_township.setView([lat, lon], zoom, { animate: false })", [lat, lon, zoom]
        )
        return self.drawn()

    def click(self, lon: float, lat: float, **options: Any) -> None:
        """Click a place on the map."""
        x, y = self.place(lon, lat)
        self.page.mouse.click(x, y, **options)

    def place(self, lon: float, lat: float) -> tuple[float, float]:
        """Where a place lies in the window, in pixels."""
        x, y = self.page.evaluate(
            """([lat, lon]) => {
                const box = map_township.getContainer().getBoundingClientRect();
                const point = map_township.latLngToContainerPoint([lat, lon]);
                return [box.left + point.x, box.top + point.y];
            }""",
            [lat, lon],
        )
        return x, y

    def open_record(self, kind: str, key: int) -> None:
        """Open the popup of a record as a click on it would."""
        self.page.evaluate("([kind, key]) => window.fangtu.page.acts.openThing(kind, key)", [kind, key])

    @property
    def popup(self) -> Locator:
        """The open popup."""
        return self.page.get_by_role("dialog")

    def popup_text(self) -> str:
        """Words of the popup once its answer is here, whitespace made single."""
        self.page.wait_for_selector("[role=dialog]:not(:has(.popup-skeleton))")
        return words_of(self.popup)

    def panel_counts(self) -> dict[str, int]:
        """Numbers of the layer list by the key of their layer."""
        rows = self.page.locator("#layers li:has(.layer-count)")
        return {
            str(row.locator("input").get_attribute("data-layer")): number_in(row.locator(".layer-count").inner_text())
            for row in rows.all()
        }


def words_of(part: Locator) -> str:
    """Text of a part of the page, letter by letter, whitespace made single."""
    return " ".join((part.text_content() or "").split())


def number_in(words: str) -> int:
    """The whole number in a count as it is printed."""
    return int(re.sub(r"[^\d]", "", words))
