"""Borders on the map: what two areas share is one line, of the larger one, until a shape changes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.browser.conftest import OpenMap

# Three squares in a row, the middle one the largest as it reaches further down, with an island of a fourth in it; all
# but a fifth, which lies apart.
MAKE = """async (alter) => {
    const { bordersOf } = await import("/static/js/map/borders.js");
    const { boxOf } = await import("/static/js/map/areas-data.js");
    const area = (code, derived, ...rings) => {
        const flat = rings.map((ring) => Float64Array.from([...ring, ring[0]].flat()));
        return { code, derived, rings: flat, box: boxOf(flat), mark: rings.flat(2).join(",").length };
    };
    const island = [[5, 1], [6, 1], [6, 2], [5, 2]];
    const areas = [
        area("west", false, [[0, 0], [4, 0], [4, 4], [0, 4]]),
        area("middle", false, [[4, 0], [8, 0], [8, 4], [8, 9], [4, 9], [4, 4]], island),
        area("east", false, [[8, 0], [12, 0], [12, 4], [8, 4]]),
        area("island", false, island.toReversed()),
        area("apart", false, [[20, 0], [24, 0], [24, 4], [20, 4]]),
    ];
    if (alter === "estimated") areas[0].derived = true;
    const told = () => Object.fromEntries(areas.map((one) => (
        [one.code, bordersOf(one, areas).map(({ corners, box }) => ({ corners: [...corners], box }))])));
    const first = told();
    if (alter !== "moved") return first;
    // As after a change elsewhere: a new list of the same areas, but for one whose shape is another now.
    const kept = bordersOf(areas[3], areas);
    const changed = [areas[0], area("middle", false, [[5, 0], [8, 0], [8, 9], [5, 9]]), ...areas.slice(2)];
    return [bordersOf(areas[4], areas) === bordersOf(areas[4], changed), kept === bordersOf(areas[3], changed),
        bordersOf(areas[0], changed).length, bordersOf(areas[0], changed)[0].corners.length];
}"""


def edges(lines: list[dict[str, Any]]) -> set[frozenset[tuple[float, float]]]:
    """Edges of some lines; none may be there twice."""
    found = []
    for line in lines:
        corners = list(zip(line["corners"][::2], line["corners"][1::2], strict=True))
        found += [frozenset(pair) for pair in pairwise(corners)]
        xs, ys = line["corners"][::2], line["corners"][1::2]
        assert line["box"] == [min(xs), min(ys), max(xs), max(ys)]
    assert len(found) == len(set(found))
    return set(found)


def edge(*ends: tuple[float, float]) -> frozenset[tuple[float, float]]:
    return frozenset(ends)


def test_a_shared_border_is_drawn_with_the_larger_area_alone(open_map: OpenMap) -> None:
    told = open_map("leader", "/map").page.evaluate(MAKE, None)
    of = {code: edges(lines) for code, lines in told.items()}
    assert of["west"] == {edge((0, 0), (4, 0)), edge((4, 4), (0, 4)), edge((0, 4), (0, 0))}
    assert of["east"] == {edge((8, 0), (12, 0)), edge((12, 0), (12, 4)), edge((12, 4), (8, 4))}
    assert len(of["middle"]) == 6 + 4
    assert (told["island"], len(of["apart"])) == ([], 4)
    # The open line goes round the start of the ring without a break.
    assert [len(told[code]) for code in ("west", "middle", "east", "apart")] == [1, 2, 1, 1]


def test_an_estimated_border_and_a_surveyed_one_are_both_drawn(open_map: OpenMap) -> None:
    told = open_map("leader", "/map").page.evaluate(MAKE, "estimated")
    assert edge((4, 0), (4, 4)) in edges(told["west"])
    assert edge((4, 0), (4, 4)) in edges(told["middle"])


def test_lines_are_found_anew_only_beside_a_shape_that_changed(open_map: OpenMap) -> None:
    apart_kept, island_kept, lines, numbers = open_map("leader", "/map").page.evaluate(MAKE, "moved")
    assert (apart_kept, island_kept) == (True, False)
    # Nothing of the western square is shared any more: its ring is whole.
    assert (lines, numbers) == (1, 10)


@pytest.mark.parametrize("by", ["village", "grid"])
def test_every_border_of_a_township_is_drawn_once(open_map: OpenMap, by: str) -> None:
    seen = open_map("leader", "/map")
    drawn, there = seen.page.evaluate(
        """async (by) => {
            const { bordersOf } = await import("/static/js/map/borders.js");
            const { areaOf } = await import("/static/js/map/areas-data.js");
            const told = await (await fetch(`/map/areas.json?by=${by}`)).json();
            const areas = told.features.map(areaOf);
            const names = (lines) => lines.flatMap((line) => Array.from({ length: line.length / 2 - 1 }, (_, i) => (
                [[line[i * 2], line[i * 2 + 1]].join(), [line[i * 2 + 2], line[i * 2 + 3]].join()].sort().join(" "))));
            return [names(areas.flatMap((area) => bordersOf(area, areas).map(({ corners }) => corners))).sort(),
                [...new Set(names(areas.flatMap(({ rings }) => rings)))].sort()];
        }""",
        by,
    )
    assert len(there) == 10
    assert drawn == there
