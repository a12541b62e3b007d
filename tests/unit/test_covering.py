"""Which area covers each point: beside trying each in turn, on lattices where half of the points lie on borders."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from geo import covering
from geo.covering import covering_areas

STEPS = st.integers(-2, 14).map(lambda n: n / 2)
BOXES = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 5), st.integers(1, 5)).map(
    lambda at: box(at[0], at[1], at[0] + at[2], at[1] + at[3])
)
HOLED = BOXES.map(lambda shape: shape.difference(shape.centroid.buffer(0.3, quad_segs=1)))
PARTS = st.lists(BOXES, min_size=1, max_size=3).map(lambda shapes: shapely.union_all(shapes))
SHAPES = st.lists(st.one_of(BOXES, HOLED, PARTS, st.none(), st.just(Polygon())), max_size=8)


def one_by_one(points: list[tuple[float, float]], shapes: list[shapely.Geometry | None]) -> list[int]:
    return [
        next((n for n, shape in enumerate(shapes) if shape is not None and shape.covers(Point(at))), -1)
        for at in points
    ]


@given(st.lists(st.tuples(STEPS, STEPS), max_size=60), SHAPES)
def test_each_point_lies_in_the_first_area_that_covers_it(
    points: list[tuple[float, float]], shapes: list[shapely.Geometry | None]
) -> None:
    x, y = np.array(points, dtype=float).reshape(-1, 2).T
    assert covering_areas(x, y, np.array(shapes, dtype=object)).tolist() == one_by_one(points, shapes)


@given(
    st.lists(st.tuples(STEPS, STEPS), min_size=20, max_size=200),
    st.lists(BOXES, min_size=2, max_size=8),
    st.integers(1, 30),
)
def test_precedence_holds_across_what_is_looked_at_together(
    points: list[tuple[float, float]], shapes: list[shapely.Geometry], at_once: int
) -> None:
    x, y = np.array(points, dtype=float).T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(covering, "_AT_ONCE", at_once)
        assert covering_areas(x, y, np.array(shapes, dtype=object)).tolist() == one_by_one(points, list(shapes))


def test_many_points_in_a_lattice_of_many_squares() -> None:
    chance = np.random.default_rng(7)
    x, y = chance.uniform(0, 20, (2, 30_000))
    shapes = [box(n % 20, n // 20, n % 20 + 1, n // 20 + 1) for n in range(390)]
    shapes.append(Polygon([(0, 19), (20, 19), (10, 22)]))  # reaches beyond the points
    found = covering_areas(x, y, np.array(shapes, dtype=object))
    inside = np.floor(y) * 20 + np.floor(x)
    assert (found[inside < 390] == inside[inside < 390]).all()
    last = [390 if shapes[390].covers(Point(at)) else -1 for at in zip(x[inside >= 390], y[inside >= 390], strict=True)]
    assert found[inside >= 390].tolist() == last


@pytest.mark.parametrize("points", [[(1.0, 1.0)], [(1.0, 1.0), (1.0, 4.0)], [(1.0, 1.0), (4.0, 1.0)]])
def test_points_that_span_no_square(points: list[tuple[float, float]]) -> None:
    x, y = np.array(points).T
    shapes = [None, MultiPolygon([box(0, 0, 1, 1), box(3, 3, 5, 5)])]
    assert covering_areas(x, y, np.array(shapes, dtype=object)).tolist() == one_by_one(points, shapes)


def test_what_is_not_finite_lies_nowhere() -> None:
    x, y = np.array([[np.nan, 1.0, np.inf, 2.0], [1.0, np.nan, 1.0, 2.0]])
    assert covering_areas(x, y, np.array([box(0, 0, 3, 3)], dtype=object)).tolist() == [-1, -1, -1, 0]


def test_nothing_is_found_among_no_areas() -> None:
    assert covering_areas(np.ones(2), np.ones(2), np.array([], dtype=object)).tolist() == [-1, -1]
