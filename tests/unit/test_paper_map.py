"""The map on paper: what fits, where names stand, and that nothing lies over anything else."""

from __future__ import annotations

import re

import pytest
from shapely.geometry import box, mapping

from layers.palette import light_colours
from layers.paper_map import Label, PaperArea, PaperGap, Picture, draw_map, is_narrow

WEST, SOUTH, STEP = 118.80, 36.40, 0.01


def area(column: int, row: int = 0, ratio: float | None = 0.4, name: str = "测试村", remaining: int = 5) -> PaperArea:
    west, south = WEST + column * STEP, SOUTH + row * STEP
    shape = box(west, south, west + STEP, south + STEP)
    return PaperArea(name, ratio, remaining, False, mapping(shape), (west + STEP / 2, south + STEP / 2))


def drawn(areas: list[PaperArea], gaps: list[PaperGap] | None = None, **sizes: float) -> Picture:
    size = {"width": 186.0, "height": 100.0, **sizes}
    made = draw_map(areas, gaps or [], target=0.95, numbered=5, **size)
    assert made is not None
    return made


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


def name_box(label: Label) -> tuple[float, float, float, float]:
    wide = 3.0 * len(label.name)
    return (label.x - wide / 2, label.y - 2.8, label.x + wide / 2, label.y + (4.2 if label.figure else 0.7))


def test_everything_lies_on_the_sheet_with_north_up() -> None:
    made = drawn([area(0), area(1, 1)])
    every = [point for surface in made.surfaces for point in points(surface.path)]
    assert all(0 <= x <= made.width and 0 <= y <= made.height for x, y in every)
    west, north_east = made.surfaces
    assert max(x for x, _ in points(west.path)) <= min(x for x, _ in points(north_east.path)) + 0.05
    assert min(y for _, y in points(west.path)) >= max(y for _, y in points(north_east.path)) - 0.05


def test_the_scale_is_true() -> None:
    made = drawn([area(0), area(1)])
    xs = [x for surface in made.surfaces for x, _ in points(surface.path)]
    metres = 2 * STEP * 111_320 * 0.8048  # cos 36.405°
    assert (max(xs) - min(xs)) / metres == pytest.approx(made.scale_mm / made.scale_m, rel=0.005)
    assert made.scale_m in (100, 200, 500)


def test_names_do_not_lie_over_one_another_and_the_most_to_do_comes_first() -> None:
    crowd = [area(n % 6, n // 6, name=f"第{chr(0x4E00 + n)}号村", remaining=n) for n in range(36)]
    made = drawn(crowd, width=60.0, height=60.0)
    boxes = [name_box(label) for label in made.labels]
    for n, one in enumerate(boxes):
        for other in boxes[n + 1 :]:
            apart = one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
            assert apart, (one, other)
    assert 0 < len(boxes) < len(crowd)
    assert made.labels[0].name == f"第{chr(0x4E00 + 35)}号村"


def test_a_name_beyond_its_area_has_a_ground_where_it_would_not_be_read() -> None:
    wide, thin = drawn([area(0)]).labels[0], drawn([area(0), area(9)], width=60.0).labels[0]
    assert wide.plate is None
    assert thin.plate is not None
    assert len(drawn([area(0, name="长" * 40)]).labels[0].name) <= 12


def test_numbers_of_gaps_step_aside_and_only_the_first_are_numbered() -> None:
    spot = (WEST + 0.005, SOUTH + 0.005)
    outline = mapping(box(spot[0] - 0.001, spot[1] - 0.001, spot[0] + 0.001, spot[1] + 0.001))
    made = drawn([area(0)], [PaperGap(n, outline, spot) for n in range(1, 8)])
    numbered = [(mark.x, mark.y) for mark in made.marks if mark.x is not None and mark.y is not None]
    assert [mark.number for mark in made.marks] == list(range(1, 8))
    assert len(set(numbered)) == len(numbered) == 5
    assert made.marks[5].x is None


def test_an_area_without_a_figure_or_a_shape() -> None:
    lost = PaperArea("无界村", None, 0, False, None, None)
    made = drawn([area(0, ratio=None), lost])
    assert [surface.number for surface in made.surfaces] == [None]
    assert len(made.labels) == 1
    assert draw_map([lost], [], width=100.0, height=100.0, target=0.95, numbered=5) is None
    assert not is_narrow([lost])


def test_what_is_not_broad_leaves_room_beside_it() -> None:
    assert is_narrow([area(0), area(0, 1)])
    assert not is_narrow([area(0), area(5)])


def test_colours_are_those_of_the_style_sheet() -> None:
    assert light_colours()["cov-1"] == "#7A2B0C"
    assert {f"cov-{n}{part}" for n in (1, 2, 3, 4, 5) for part in ("", "-ink")} <= set(light_colours())
