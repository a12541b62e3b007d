"""The legends' choices: heat per household, figures and classes of the areas; and the arithmetic behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from tests.browser.conftest import OpenMap
from tests.browser.look import MapPage, words_of
from tests.browser.stand import Stand, commit_township, served
from tests.hamlet import add_hamlet


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    """The small township with its hamlet of 24 households."""
    made = commit_township("fangtu_test_browser_legends")
    with Session(made.owner) as session, session.begin():
        add_hamlet(session, made.town)
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def site(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the served township."""
    with served(stand.settings, tmp_path_factory.mktemp("server") / "web.log") as address:
        yield address


def choose(seen: MapPage, name: str, word: str) -> None:
    seen.page.get_by_label(name).select_option(label=word)
    seen.drawn()


def legend(seen: MapPage) -> dict[str, Any]:
    dock = seen.page.locator("#dock")
    return {
        "title": dock.locator("h3").inner_text(),
        "words": words_of(dock.locator(".dock-what")),
        "ranges": dock.locator(".class-range").all_inner_texts(),
        "notes": dock.locator(".class-note").all_inner_texts(),
    }


_WITHIN = """async () => {
    const { withinReach } = await import("/static/js/map/heat-field.js");
    const [width, height] = [31, 23];
    const grid = Float32Array.from({ length: width * height }, (_, i) => (i * 7919) % 13 === 0 ? (i % 5) + 1 : 0);
    const wrong = [];
    for (const reach of [0, 0.4, 1, 2.5, 7.3, 40]) {
        const sums = withinReach(grid, width, height, reach);
        for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
            let true_ = 0;
            for (let v = 0; v < height; v += 1) for (let u = 0; u < width; u += 1) {
                if (Math.hypot(u - x, v - y) <= reach) true_ += grid[v * width + u];
            }
            if (sums[y * width + x] !== true_) wrong.push([reach, x, y, true_, sums[y * width + x]]);
        }
    }
    return wrong;
}"""


def test_households_within_the_radius_are_counted_exactly(open_map: OpenMap) -> None:
    assert open_map("leader").page.evaluate(_WITHIN) == []


# Cells in the order of their days, moved from day to day at two zooms, forwards, backwards and over the edge of a view.
_DAYS = """async () => {
    const { moveDay, startDay } = await import("/static/js/map/heat-days.js");
    const told = [];
    for (const zoom of [10, 15]) {
        const scale = 256 * 2 ** zoom;
        const view = { zoom, scale, left: scale * 0.83, top: scale * 0.39, width: 300, height: 200 };
        const flat = new Int32Array(900);
        for (let i = 0, seed = 7; i < 300; i += 1) {
            const next = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
            const [px, py] = [next() * 330 - 15, next() * 230 - 15];
            const [x, y] = [view.left + px, view.top + py].map((place) => (place / scale) * 2 ** 19);
            flat.set([x, y, 1 + Math.floor(next() * 3)], i * 3);
        }
        for (const cut of [(end) => flat.subarray(0, end), (end) => flat.subarray(end)]) {
            const at = (end) => ({ zoom: 19, cells: cut(end * 3) });
            const field = startDay(at(280), view, 250);
            const most = Math.max(...field.grid);
            for (const end of [281, 290, 290, 286, 300, 297]) {
                const before = field.grid.slice();
                const places = moveDay(field, at(end), view, 250);
                const anew = startDay(at(end), view, 250).grid;
                const inside = [...anew.keys()].filter((i) => {
                    const [x, y] = [i % field.width, Math.floor(i / field.width)];
                    return Math.min(x, y, field.width - 1 - x, field.height - 1 - y) >= field.margin;
                });
                told.push({
                    moved: places !== null,
                    off: Math.max(...inside.map((i) => Math.abs(anew[i] - field.grid[i]))) / most,
                    missed: before.filter((value, i) => value !== field.grid[i]).length > (places || []).length,
                });
            }
            told.push({ anew: [
                moveDay(field, at(290), { ...view, left: view.left + 1 }, 250),
                moveDay(field, at(290), view, 300),
                ...[flat.slice(0, 30), []].map((cells) => moveDay(field, { zoom: 19, cells }, view, 250)),
            ] });
        }
    }
    return told;
}"""


def test_a_heatmap_moved_from_day_to_day_is_that_of_the_day(open_map: OpenMap) -> None:
    told = open_map("leader").page.evaluate(_DAYS)
    moves = [one for one in told if "moved" in one]
    assert len(moves) == 24
    assert all(one["moved"] and not one["missed"] for one in moves)
    assert max(one["off"] for one in moves) < 1e-4
    assert all(one["anew"] == [None] * 4 for one in told if "anew" in one)


# Two hamlets at zoom 15: 4 households of which 2 are visited, and far from it 6 of which 3 are.
_SHARES = """async () => {
    const { shares } = await import("/static/js/map/heat-field.js");
    const scale = 256 * 2 ** 15;
    const view = { zoom: 15, scale, left: scale * 0.83, top: scale * 0.39, width: 900, height: 500 };
    const cell = (px, py) => [view.left + px, view.top + py].map((place) => Math.floor((place / scale) * 2 ** 19));
    const part = { zoom: 19, cells: [...cell(150, 250), 2, ...cell(700, 250), 3] };
    const rest = { zoom: 19, cells: [...cell(150, 250), 2, ...cell(700, 250), 3] };
    const at = ({ grid, width, margin, step }, px, py) => {
        const [x, y] = [px, py].map((place) => Math.floor(place / step) + margin);
        return grid[y * width + x];
    };
    return [false, true].map((quick) => {
        const field = shares(part, [part, rest], view, 250, 5, quick);
        const drawn = [...field.grid].filter((value) => !Number.isNaN(value));
        const none = shares({ zoom: 19, cells: [] }, [part, rest], view, 250, 5, quick);
        return {
            few: Number.isNaN(at(field, 150, 250)), between: Number.isNaN(at(field, 420, 250)),
            many: at(field, 700, 250),
            least: Math.min(...drawn), most: Math.max(...drawn), zero: at(none, 700, 250),
            area: (drawn.length * field.metres ** 2) / (Math.PI * 250 ** 2),
        };
    });
}"""


def test_a_share_is_that_of_the_households_near_and_none_where_they_are_few(open_map: OpenMap) -> None:
    for found in open_map("leader").page.evaluate(_SHARES):
        assert found["few"]
        assert found["between"]
        assert found["many"] == pytest.approx(0.5, abs=1e-3)
        assert (found["least"], found["most"]) == (pytest.approx(0.5, abs=1e-3), pytest.approx(0.5, abs=1e-3))
        assert found["zero"] == 0, "no visit is a share of nought, not none"
        assert found["area"] == pytest.approx(1, abs=0.08), "all that lies within 250 m of the six"


_MADE = """async () => {
    const { madeClasses, classOf } = await import("/static/js/map/classes.js");
    const made = [{ low: 0, high: 3 }, { low: 3, high: 7 }, { low: 7, high: 20 }];
    const classes = madeClasses(made, "unvisited", "natural");
    return {
        keys: [-1, 0, 3, 4, 7, 8, 20, 99, null].map((value) => classOf(value, classes)?.key ?? null),
        tokens: classes.map((one) => one.token),
        coverage: madeClasses(made, "coverage", "natural").map((one) => one.token),
        one: madeClasses([{ low: 3, high: 3 }], "dilapidated", "natural").map((one) => one.token),
        none: madeClasses([], "coverage", "natural").length,
    };
}"""


def test_made_classes_hold_their_upper_bound_and_their_ends_are_open(open_map: OpenMap) -> None:
    found = open_map("leader").page.evaluate(_MADE)
    assert found["keys"] == ["a1", "a1", "a1", "a2", "a2", "a3", "a3", "a3", None]
    assert found["tokens"] == ["auto-5", "auto-3", "auto-1"]
    assert found["coverage"] == ["auto-1", "auto-3", "auto-5"], "the least covered is the darkest"
    assert (found["one"], found["none"]) == (["dil-3"], 0)


def test_heat_per_household_is_chosen_explained_and_restored(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=unvisited#map=15/36.4034/118.82")
    by_area = seen.painted("heat", whole=False)
    assert legend(seen)["ranges"] == ["1 – 3", "3 – 6", "6 – 10", "≥ 10"]
    assert "250 米" in legend(seen)["words"]
    choose(seen, "按面积或按户数", "按户数")
    told = legend(seen)
    assert told["title"] == "未访户占比"
    assert told["ranges"] == ["0 – 15%", "15 – 30%", "30 – 50%", "≥ 50%"]
    assert "半径 250 米" in told["words"]
    assert "不足 5 户的地方不计算，不着色" in told["words"]
    per_household = seen.painted("heat", whole=False)
    assert per_household
    assert set(per_household) != set(by_area)
    assert "per=household" in seen.page.url
    seen.page.reload()
    seen.drawn()
    assert legend(seen) == told
    assert seen.painted("heat", whole=False) == per_household
    choose(seen, "按面积或按户数", "绝对数")
    assert "per=" not in seen.page.url
    assert seen.painted("heat", whole=False) == by_area


def test_a_class_of_shares_can_be_singled_out(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=unvisited&per=household#map=15/36.4034/118.82")
    whole = sum(seen.painted("heat", whole=False).values())
    seen.page.locator('#dock [data-class="h4"]').click()
    seen.drawn()
    assert 0 < sum(seen.painted("heat", whole=False).values()) <= whole
    seen.page.locator('#dock [data-class="h4"]').click()
    seen.page.locator('#dock [data-class="h1"]').click()
    seen.drawn()
    assert sum(seen.painted("heat", whole=False).values()) < whole


def test_shares_of_a_past_day_are_out_of_the_households_of_today(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=visited&per=household&day=2026-04-01#map=15/36.4034/118.82")
    assert "分母为今日户数" in legend(seen)["words"]
    before = seen.painted("heat", whole=False)
    assert before, "nothing was visited, and that is a share"
    pale = sum(many for colour, many in before.items() if int(colour[1:3], 16) > 200)
    assert pale > 0.95 * sum(before.values()), "the palest class alone"
    seen.page.get_by_role("button", name="回到今天").click()
    seen.drawn()
    assert "分母为今日户数" not in legend(seen)["words"]


def test_dilapidated_houses_have_a_legend_with_numbers(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=houses#map=15/36.4034/118.82")
    assert legend(seen)["title"] == "C、D级危房密度"
    choose(seen, "按面积或按户数", "按户数")
    assert legend(seen)["title"] == "每百户C、D级危房"
    assert legend(seen)["ranges"] == ["0 – 2", "2 – 5", "5 – 10", "≥ 10"]
    assert seen.painted("heat", whole=False)
    seen.page.locator('#layers [data-layer="heatD"]').uncheck()
    seen.drawn()
    expect(seen.page.locator("#dock h3")).to_have_count(0)


def test_classes_made_from_the_data_say_what_they_are(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=coverage")
    fixed = legend(seen)
    choose(seen, "分级方法", "自然断点")
    told = legend(seen)
    # 1 of 15, 1 of 13 and 2 of 5 are visited.
    assert told["ranges"] == ["6.7%", "6.7 – 7.7%", "7.7 – 40.0%"]
    assert [note.split("·")[0].strip() for note in told["notes"]] == ["1 村", "1 村", "1 村"]
    assert "自动分级，不可与他图比较" in told["words"]
    assert "各日不变" in told["words"]
    assert "classes=natural" in seen.page.url
    seen.page.reload()
    seen.drawn()
    assert legend(seen) == told
    choose(seen, "分级方法", "固定分级")
    assert legend(seen) == fixed


def test_areas_are_coloured_by_counts_as_well(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=coverage")
    choose(seen, "着色的数字", "未访户数")
    assert seen.page.get_by_label("分级方法").input_value() == ""
    told = legend(seen)
    assert told["title"] == "未访户数"
    assert told["ranges"] == ["3", "4 – 12", "13 – 14"]
    assert "固定分级" not in seen.page.get_by_label("分级方法").inner_text()
    choose(seen, "着色的数字", "危房数")
    told = legend(seen)
    assert told["title"] == "C、D级危房数"
    assert re.search(r"\d 村 · \d 栋", told["notes"][0])
    assert "show=dilapidated" in seen.page.url
    seen.page.keyboard.press("[")
    seen.drawn()
    assert "危房为今日数" in legend(seen)["words"]
    assert legend(seen)["ranges"] == told["ranges"]


def test_words_in_the_address_that_mean_nothing_are_left_out(open_map: OpenMap) -> None:
    seen = open_map("leader", "/map?theme=coverage&per=village&show=money&classes=astral")
    assert legend(seen)["title"] == "走访覆盖率"
    assert seen.page.get_by_label("分级方法").input_value() == ""


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("/map?theme=coverage&show=dilapidated", ["/map/classes.json"]),
        ("/map?theme=unvisited&per=household", ["/map/heat.json"] * 2),
    ],
)
def test_what_a_live_map_asks_for_is_no_use_of_the_session(open_map: OpenMap, address: str, asked: list[str]) -> None:
    seen = open_map("leader", address)
    found: list[tuple[str, str | None]] = []
    seen.page.on("request", lambda one: found.append((one.url.split("?")[0], one.headers.get("x-fangtu-unattended"))))
    seen.page.evaluate("() => window.fangtu.page.renew(null)")
    seen.drawn()
    these = [mark for url, mark in found if url.endswith(asked[0])]
    assert these == ["1"] * len(asked)


# Circles of cells with 0 to 999,999 households left, on a canvas that notes rings and numbers.
_CIRCLES = """async () => {
    const { createRecords } = await import("/static/js/map/records.js");
    const { refreshPalette, typeScale } = await import("/static/js/map/palette.js");
    const records = createRecords({ url: "/nowhere" });
    records.setShow({ cells: "visits" });
    const ctx = document.createElement("canvas").getContext("2d");
    const told = [];
    const view = { ctx, zoom: 9, scale: 256 * 2 ** 9, left: 0, top: 0, width: 100, height: 100, ratio: 1 };
    for (const type of ["normal", "large"]) {
        document.documentElement.dataset.type = type;
        refreshPalette();
        for (const gap of [0, 1, 12, 99, 100, 999, 1000, 8888, 10000, 88888, 123456, 999999]) {
            const one = { gap, scale: typeScale(), text: null };
            ctx.arc = (x, y, radius) => { one.radius = radius; };
            ctx.fillText = (text) => { Object.assign(one, { text, wide: ctx.measureText(text).width }); };
            records.draw(view, { cells: [{ n: gap || 5, gap, x: 50 / view.scale, y: 50 / view.scale, worst: "" }] });
            told.push({ ...one, inside: one.radius - ctx.lineWidth / 2 });
        }
    }
    return told;
}"""


def test_the_number_in_a_circle_never_touches_its_ring(open_map: OpenMap) -> None:
    told = open_map("leader").page.evaluate(_CIRCLES)
    assert {one["scale"] for one in told} == {1, 1.25}  # 大字, too
    numbers = [one for one in told if one["gap"]]
    assert [one["text"] for one in told if not one["gap"]] == [None] * 2  # nothing left: a sign, no number
    assert [one["text"] for one in numbers] == [str(one["gap"]) for one in numbers]
    assert [one for one in numbers if one["wide"] / 2 > one["inside"]] == []
    assert max(one["inside"] / one["scale"] for one in numbers) < 22  # two circles of neighbours, half of 45 pixels
