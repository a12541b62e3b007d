"""Other base maps in a real browser: files are drawn, sources elsewhere are asked by the browser, what fails gives way.

The source elsewhere is a small server of the test's own on this machine.
"""

from __future__ import annotations

import base64
import gzip
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from geo.china import gcj02_to_wgs84, wgs84_to_gcj02
from geo.tiles import world_xy
from tests.browser.conftest import OpenMap
from tests.browser.look import MapPage
from tests.browser.stand import Stand, served
from tests.browser.watch import Watch
from tests.tile_files import pmtiles, png, square_tile, write_mbtiles

MIDDLE = (118.815, 36.405)
# The place whose tile elsewhere has a black square just there, in GCJ-02.
SPOT = (118.8172, 36.4078)
SPOT_ZOOM = 16
PICTURE, LAKE, GREEN = "#7a4fa3", "#c6dce8", (40, 200, 60)
ONLINE = "测试偏移图"


class Elsewhere(BaseHTTPRequestHandler):
    """Tiles of one colour, with the spot in its tile; nothing below ``/lost/``."""

    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers.get("Referer")))
        parts = self.path.strip("/").removesuffix(".png").split("/")
        if parts[0] == "lost":
            self.send_error(404)
            return
        z, x, y = (int(part) for part in parts[-3:])
        spot = None
        column, row = (float(part) for part in _fractions(*wgs84_to_gcj02(*SPOT), z))
        if (int(column), int(row)) == (x, y) and z == SPOT_ZOOM:
            spot = ((column % 1) * 256, (row % 1) * 256, 6)
        body = png(*GREEN, spot=spot)
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *words: Any) -> None:
        """Say nothing."""


def _fractions(lon: float, lat: float, z: int) -> tuple[float, float]:
    sine = math.sin(math.radians(lat))
    return (lon + 180) / 360 * 2**z, (0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)) * 2**z


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ThreadingHTTPServer]:
    Elsewhere.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def site(stand: Stand, elsewhere: ThreadingHTTPServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The township with base maps to choose from."""
    folder = tmp_path_factory.mktemp("bases")
    around = [
        (z, x, y)
        for z in range(10, 15)
        for x in range(world_xy(118.6, 0, z)[0], world_xy(119.0, 0, z)[0] + 1)
        for y in range(world_xy(0, 36.6, z)[1], world_xy(0, 36.2, z)[1] + 1)
    ]
    picture = png(*(int(PICTURE[at : at + 2], 16) for at in (1, 3, 5)), size=16)
    write_mbtiles(
        folder / "town.mbtiles", dict.fromkeys(around, picture), {"name": "镇影像", "attribution": "<i>© 县局</i>"}
    )
    lake = gzip.compress(square_tile("water", {"class": "lake", "name:zh": "大水库"}))
    (folder / "vec.pmtiles").write_bytes(
        pmtiles(dict.fromkeys(around, lake), kind=1, leaves=True, words={"name": "矢量"})
    )
    (folder / "broken.pmtiles").write_bytes(b"PMTiles\x03")
    port = elsewhere.server_address[1]
    (folder / "list.toml").write_text(
        "".join(
            f'[[source]]\nname = "{name}"\nlabel_zh = "{label}"\nlabel_en = "{name}"\ncrs = "gcj02"\n'
            f'approval = "GS(2026)1号"\nurl = "http://127.0.0.1:{port}/{way}{{z}}/{{x}}/{{y}}.png"\n'
            for name, label, way in (("shifted", ONLINE, ""), ("lost", "没有的图", "lost/"))
        ),
        encoding="utf-8",
    )
    more = {"FANGTU_BASEMAP_FILE": str(folder), "FANGTU_BASEMAP_LIST": str(folder / "list.toml")}
    with served(stand.settings, folder / "web.log", **more) as address:
        yield address


def choose(seen: MapPage, label: str) -> None:
    seen.page.get_by_role("combobox", name="底图").select_option(label=label)
    seen.drawn()


def pixel(page: Page, x: float, y: float) -> list[int]:
    """Colour of the window at a place; read from a screenshot, as pictures from elsewhere may not be read otherwise."""
    taken = base64.b64encode(page.screenshot(clip={"x": round(x), "y": round(y), "width": 1, "height": 1})).decode()
    colour: list[int] = page.evaluate(
        """async (taken) => {
            const image = new Image();
            image.src = `data:image/png;base64,${taken}`;
            await image.decode();
            const pen = document.createElement("canvas").getContext("2d");
            pen.drawImage(image, 0, 0);
            return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
        }""",
        taken,
    )
    return colour


def test_the_choice_has_ours_the_files_the_sources_and_none(open_map: OpenMap) -> None:
    seen = open_map("leader")
    box = seen.page.get_by_role("combobox", name="底图")
    assert box.locator("option").all_inner_texts() == [
        "本地简图（离线可用）", "broken（不能用）", "镇影像", "矢量", f"{ONLINE}（联网）", "没有的图（联网）", "无底图",
    ]  # fmt: skip
    assert box.locator("option[disabled]").get_attribute("title") == (
        "底图文件 broken.pmtiles：文件不完整，连文件头都没有读全。"
    )
    expect(box).to_have_value("own")
    assert Elsewhere.asked == []


def test_a_file_of_pictures_is_drawn_enlarged_beyond_its_levels_and_remembered(open_map: OpenMap) -> None:
    seen = open_map("leader")
    assert PICTURE not in seen.painted("ground")
    choose(seen, "镇影像")
    for zoom in (13, 13.5, 17):
        assert seen.go(*MIDDLE, zoom).painted("ground").get(PICTURE, 0) > 500_000, zoom
    expect(seen.page.locator("#map-credit")).to_have_text("© 县局")
    assert "base=file-town" in seen.page.url
    seen.page.goto("/map")
    assert PICTURE in seen.drawn().painted("ground")
    expect(seen.page.get_by_role("combobox", name="底图")).to_have_value("file-town")


def test_an_address_brings_its_base_map_along(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map#base=file-town&map=13/36.405/118.815")
    assert PICTURE in seen.painted("ground")
    unknown = open_map("leader", "/map#base=file-gone")
    expect(unknown.page.get_by_role("combobox", name="底图")).to_have_value("own")


def test_a_file_of_vectors_is_drawn_in_our_colours_of_both_themes_with_its_names(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=status#map=14/36.405/118.815")
    assert seen.painted("top").get(LAKE, 0) < 1000
    choose(seen, "矢量")
    assert seen.painted("top")[LAKE] > 100_000
    seen.page.wait_for_function(
        """() => {
            const { width, height } = map_township.getContainer().getBoundingClientRect();
            const { x, y } = map_township.getPixelBounds().min;
            const view = { zoom: 14, scale: 256 * 2 ** 14, left: x, top: y, width, height };
            return fangtu.page.scene.labels.names(view).some((name) => name.text === "大水库");
        }"""
    )
    seen.page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    assert seen.drawn().painted("top").get("#1b3645", 0) > 100_000
    assert seen.go(*MIDDLE, 17).painted("top")["#1b3645"] > 1000


def test_no_base_map_draws_none(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map#base=file-town&map=13/36.405/118.815")
    choose(seen, "无底图")
    assert seen.painted("ground", whole=False) == {}
    assert "base=none" in seen.page.url


def test_the_choice_works_by_keyboard(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map#map=13/36.405/118.815")
    box = seen.page.get_by_role("combobox", name="底图")
    box.focus()
    seen.page.keyboard.press("ArrowDown")  # passes over what cannot be used
    expect(box).to_have_value("file-town")
    expect(box).to_be_focused()
    assert PICTURE in seen.drawn().painted("ground")


def test_a_source_elsewhere_lies_where_its_ground_is_and_is_told_nothing(open_map: OpenMap) -> None:
    seen = open_map("leader", f"/map?theme=status#map={SPOT_ZOOM}/{MIDDLE[1]}/{MIDDLE[0]}")
    choose(seen, f"{ONLINE}（联网）")
    expect(seen.page.locator("#map-credit")).to_have_text("审图号：GS(2026)1号")
    seen.page.wait_for_timeout(500)
    for zoom in (SPOT_ZOOM, 16.25):
        seen.go(*MIDDLE, zoom).page.wait_for_timeout(300)
        x, y = seen.place(*SPOT)
        assert max(pixel(seen.page, x, y)) < 60, zoom
        for dx, dy in ((20, 0), (-20, 0), (0, 20), (0, -20)):
            assert pixel(seen.page, x + dx, y + dy)[1] > 120, (zoom, dx, dy)
    assert Elsewhere.asked
    assert {referrer for _, referrer in Elsewhere.asked} == {None}


def test_a_source_that_gives_nothing_gives_way_to_ours(open_map: OpenMap, watch: Watch) -> None:
    watch.expect(404)
    seen = open_map("leader", "/map?theme=status#map=13/36.405/118.815")
    seen.page.get_by_role("combobox", name="底图").select_option(label="没有的图（联网）")
    expect(seen.page.locator(".toast")).to_have_text("“没有的图”连不上，已改用本地简图。")
    expect(seen.page.get_by_role("combobox", name="底图")).to_have_value("own")
    expect(seen.page.locator("#map-credit")).to_be_hidden()
    assert "base=" not in seen.page.url
    expect(seen.page.locator("#map-trouble")).to_be_hidden()
    seen.page.wait_for_timeout(300)
    # Pictures that are none, on purpose.
    watch.failed = [one for one in watch.failed if "/lost/" not in one]


def test_the_shift_is_the_same_in_both_languages(open_map: OpenMap) -> None:
    rng = np.random.default_rng(20)
    lon, lat = rng.uniform(60, 145, 600), rng.uniform(-5, 60, 600)
    found = open_map("leader").page.evaluate(
        """async (points) => {
            const { gcjOf, wgsOf } = await import("/static/js/map/gcj.js");
            return points.map(([lon, lat]) => [...gcjOf(lon, lat), ...wgsOf(lon, lat)]);
        }""",
        np.column_stack([lon, lat]).tolist(),
    )
    expected = np.column_stack([*wgs84_to_gcj02(lon, lat), *gcj02_to_wgs84(lon, lat)])
    assert np.abs(np.array(found) - expected).max() < 1e-9


def test_a_shifted_tile_is_off_by_less_than_a_metre_from_zoom_14_on(open_map: OpenMap) -> None:
    worst = open_map("leader").page.evaluate(
        """async (places) => {
            const { frameOf } = await import("/static/js/map/base-raster.js");
            const { wgsOf } = await import("/static/js/map/gcj.js");
            const { toLatLng } = await import("/static/js/map/overlay.js");
            const { toWorld } = await import("/static/js/map/world.js");
            const worst = {};
            for (const z of [12, 14, 15, 16, 18]) {
                const side = 2 ** z;
                worst[z] = 0;
                for (const [lon, lat] of places) {
                    const [wx, wy] = toWorld(lon, lat);
                    const [x, y] = [Math.floor(wx * side), Math.floor(wy * side)];
                    const frame = frameOf("gcj02", z, x, y);
                    for (const dx of [0, 0.25, 0.5, 0.75, 1]) for (const dy of [0, 0.25, 0.5, 0.75, 1]) {
                        const ground = toLatLng((x + dx) / side, (y + dy) / side);
                        const [ex, ey] = toWorld(...wgsOf(ground.lng, ground.lat));
                        const fx = frame.x + dx * frame.ux + dy * frame.vx;
                        const fy = frame.y + dx * frame.uy + dy * frame.vy;
                        const metres = 40075016.686 * Math.cos((ground.lat * Math.PI) / 180);
                        worst[z] = Math.max(worst[z], Math.hypot(fx - ex, fy - ey) * metres);
                    }
                }
            }
            return worst;
        }""",
        np.column_stack(
            [np.random.default_rng(1).uniform(75, 134, 400), np.random.default_rng(2).uniform(19, 52, 400)]
        ).tolist(),
    )
    print(worst)
    assert all(worst[zoom] < 1 for zoom in ("14", "15", "16", "18"))
    assert worst["12"] < 10


@pytest.mark.parametrize(
    ("layer", "kind", "shape", "ours"),
    [
        ("transportation", {"class": "motorway"}, 2, "road_highway"),
        ("transportation", {"class": "minor"}, 2, "road_lane"),
        ("transportation", {"class": "rail"}, 2, None),
        ("waterway", {"class": "river"}, 2, "stream"),
        ("landcover", {"class": "wood"}, 3, "woods"),
        ("landuse", {"class": "residential"}, 3, "settlement"),
        ("building", {}, 3, "building"),
        ("roads", {"pmap:kind": "major_road"}, 2, "road_main"),
        ("roads", {"kind": "highway"}, 2, "road_highway"),
        ("buildings", {"kind": "building"}, 3, "building"),
        ("landuse", {"kind": "forest"}, 3, "woods"),
        ("streets", {"kind": "primary"}, 2, "road_main"),
        ("water_polygons", {"kind": "water"}, 3, "water"),
        ("land", {"kind": "farmland"}, 3, "farm_0"),
        ("boundary", {"admin_level": "2"}, 2, None),
        ("boundaries", {"kind": "country"}, 2, None),
        ("road_main", {}, 2, "road_main"),
    ],
)  # fmt: skip
def test_layers_of_other_makers_are_known(
    kinds: Page, layer: str, kind: dict[str, str], shape: int, ours: str | None
) -> None:
    found = kinds.evaluate(
        "async (of) => (await import('/static/js/map/base-foreign.js')).kindOf(...of)", [layer, kind, shape, 0]
    )
    assert found == ours


@pytest.fixture(scope="module")
def kinds(browser: Any, site: str, stand: Stand) -> Iterator[Page]:
    """A page of the site whose modules can be asked."""
    context = browser.new_context(base_url=site)
    cookies = {"fangtu_session": stand.tokens["leader"], "fangtu_lang": "zh"}
    context.add_cookies([{"name": name, "value": value, "url": site} for name, value in cookies.items()])
    page = context.new_page()
    page.goto("/map")
    yield page
    context.close()


def test_names_give_way_to_one_another_and_are_not_written_twice(kinds: Page) -> None:
    placed = kinds.evaluate(
        """async () => {
            const { placeLabels } = await import("/static/js/map/labels.js");
            const name = (text, x, y, weight, more = {}) => (
                { x, y, lines: [{ text, font: "f" }], weight, apart: 200, ...more });
            return placeLabels([
                name("东山村", 100, 100, 5, { apart: undefined }),
                name("东山村", 180, 140, -1),
                name("东山村", 400, 100, -1),
                name("压住的路", 110, 105, -3),
                name("斜路", 100, 150, -3, { angle: Math.PI / 2 }),
                name("上面的路", 100, 190, -4),
            ], (text) => text.length * 12).map((label) => [label.lines[0].text, label.x]);
        }"""
    )
    assert placed == [["东山村", 100], ["东山村", 400], ["斜路", 100], ["上面的路", 100]]


def test_a_road_is_named_along_a_straight_part_and_where_the_tile_is_its_own(kinds: Page) -> None:
    found = kinds.evaluate(
        """async () => {
            const { nameIn } = await import("/static/js/map/base-names.js");
            const road = { type: 2, get: (name) => ({ name: "G309", "name:zh": "国道" })[name] };
            const line = (...points) => [points.flat()];
            const at = (rings, key = "road_main") => nameIn({ ...road, rings }, key, 4096, 1, 1, 0);
            return [
                at(line([3000, 1000], [1000, 1000])),
                at(line([0, 0], [1000, 0], [1000, 1000], [0, 1000], [0, 100])),
                at(line([-3000, 10], [-1000, 10])),
                at(line([0, 0], [10, 10]), "woods"),
            ];
        }"""
    )
    straight, bent, beside, unnamed = found
    assert (straight["text"], straight["angle"], straight["minZoom"]) == ("国道", 0, 13)
    assert (straight["x"], straight["y"]) == (pytest.approx((1 + 2000 / 4096) / 2), pytest.approx(1000 / 4096 / 2))
    assert straight["span"] == pytest.approx(1200 / 4096 / 2)
    assert [bent, beside, unnamed] == [None, None, None]


def test_far_out_the_township_is_named_and_close_the_villages(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=status#map=10/36.405/118.815")

    def named() -> list[str]:
        found: list[str] = seen.page.evaluate(
            """() => fangtu.page.scene.labels.sets
                .filter((set) => map_township.getZoom() >= (set.minZoom ?? 0) && map_township.getZoom() < set.maxZoom)
                .flatMap((set) => set.areas.map((area) => set.lines(area)[0].text))"""
        )
        return found

    assert named() == ["测试镇"]
    seen.go(*MIDDLE, 14)
    assert named() == ["测试1村", "测试2村", "测试3村"]
