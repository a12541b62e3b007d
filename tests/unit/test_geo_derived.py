"""Voronoi areas of villages without a boundary."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from geo.crs import CrsError, metric_crs
from geo.derived import COINCIDENT, COVERED, NO_POINT, OUTSIDE, voronoi_areas

PARENT = shapely.box(118.80, 36.40, 118.90, 36.46)


def villages(**places: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    """Points by code."""
    rows = [(code, Point(place)) for code, found in places.items() for place in found]
    return gpd.GeoDataFrame({"code": [row[0] for row in rows]}, geometry=[row[1] for row in rows], crs=4326)


def check_cover(out: gpd.GeoDataFrame, ground: BaseGeometry) -> None:
    """Without gap or overlap, to the last bit that arithmetic leaves."""
    shapes = out.geometry.dropna().to_numpy()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.is_valid(shapes).all()
    assert {shape.geom_type for shape in shapes} == {"MultiPolygon"}
    united = shapely.union_all(shapes)
    assert united.symmetric_difference(ground).area < 1e-12
    assert shapely.area(shapes).sum() == pytest.approx(united.area, abs=1e-12)


def row_of(out: gpd.GeoDataFrame, code: str) -> Any:
    return out.set_index("code").loc[code]


def test_200_villages_share_a_township_without_gap_or_overlap() -> None:
    rng = np.random.default_rng(7)
    parent = Point(118.85, 36.43).buffer(0.05, quad_segs=32)
    xy = rng.uniform(parent.bounds[:2], parent.bounds[2:], (260, 2))
    inside = xy[shapely.contains_xy(parent, xy)][:200]
    points = gpd.GeoDataFrame(
        {"code": [f"{number:03}" for number in range(len(inside))]}, geometry=gpd.points_from_xy(*inside.T), crs=4326
    )
    out = voronoi_areas(points, parent)
    check_cover(out, parent)
    assert out["why"].isna().all()
    assert all(area.covers(point) for area, point in zip(out.geometry, points.geometry, strict=True))
    assert str(out.crs) == "EPSG:4326"


def test_each_place_goes_to_the_nearest_village_in_metres_not_degrees() -> None:
    # 0.012° of longitude are 1,075 m here, 0.010° of latitude 1,110 m: in degrees the other village would be nearer.
    place = Point(118.85, 36.43)
    out = voronoi_areas(villages(a=[(118.862, 36.43)], b=[(118.85, 36.44)]), PARENT)
    assert row_of(out, "a").geometry.contains(place)
    check_cover(out, PARENT)


def test_several_points_of_a_village_make_one_area() -> None:
    out = voronoi_areas(villages(a=[(118.81, 36.43), (118.89, 36.43)], b=[(118.85, 36.43)]), PARENT)
    assert len(out) == 2
    assert len(row_of(out, "a").geometry.geoms) == 2
    assert row_of(out, "a").points == 2
    check_cover(out, PARENT)


def test_ground_with_a_drawn_boundary_is_left_out() -> None:
    taken = shapely.box(118.80, 36.40, 118.85, 36.46)
    out = voronoi_areas(villages(a=[(118.82, 36.43)], b=[(118.88, 36.42)], c=[(118.88, 36.45)]), PARENT, taken=taken)
    check_cover(out, PARENT.difference(taken))
    assert row_of(out, "a").geometry is None
    assert row_of(out, "a").why == COVERED


def test_of_points_in_one_place_the_lowest_code_wins_and_the_other_is_reported() -> None:
    out = voronoi_areas(villages(b=[(118.82, 36.43)], a=[(118.82, 36.43)], c=[(118.88, 36.43)]), PARENT)
    assert out["code"].tolist() == ["a", "b", "c"]
    assert row_of(out, "a").geometry.contains(Point(118.82, 36.43))
    assert row_of(out, "b").geometry is None
    assert row_of(out, "b").why == COINCIDENT
    check_cover(out, PARENT)


def test_a_point_just_outside_still_counts_and_one_far_outside_does_not() -> None:
    out = voronoi_areas(villages(a=[(118.7990, 36.43)], b=[(118.60, 36.43)], c=[(118.88, 36.43)]), PARENT)
    assert row_of(out, "a").geometry.area > 0
    assert row_of(out, "b").geometry is None
    assert row_of(out, "b").why == OUTSIDE
    check_cover(out, PARENT)


def test_a_point_on_the_edge_of_drawn_ground_still_counts() -> None:
    taken = shapely.box(118.80, 36.40, 118.85, 36.46)
    out = voronoi_areas(villages(a=[(118.847, 36.43)], b=[(118.88, 36.43)]), PARENT, taken=taken)
    assert row_of(out, "a").why is None
    check_cover(out, PARENT.difference(taken))


def test_villages_without_a_point_are_reported() -> None:
    points = gpd.GeoDataFrame({"code": ["a", "b"]}, geometry=[Point(118.85, 36.43), None], crs=4326)
    out = voronoi_areas(points, PARENT)
    assert row_of(out, "b").why == NO_POINT
    check_cover(out, PARENT)


@pytest.mark.parametrize("places", [[(118.85, 36.43)], [(118.81, 36.43), (118.85, 36.43), (118.89, 36.43)]])
def test_one_point_takes_all_and_points_in_a_line_take_strips(places: list[tuple[float, float]]) -> None:
    out = voronoi_areas(villages(**{f"v{number}": [place] for number, place in enumerate(places)}), PARENT)
    assert len(out) == len(places)
    check_cover(out, PARENT)


def test_a_parent_in_two_parts_with_a_hole_is_covered_whole() -> None:
    parent = shapely.union(
        PARENT.difference(shapely.box(118.84, 36.42, 118.86, 36.44)), shapely.box(118.95, 36.40, 118.97, 36.42)
    )
    out = voronoi_areas(villages(a=[(118.82, 36.43)], b=[(118.88, 36.43)]), parent)
    check_cover(out, parent)


def test_points_in_a_metric_system_give_the_same_areas() -> None:
    points = villages(a=[(118.82, 36.43)], b=[(118.88, 36.43)])
    plain = voronoi_areas(points, PARENT)
    metric = voronoi_areas(points.to_crs(metric_crs(118.85, 36.43)), PARENT)
    for one, other in zip(plain.geometry, metric.geometry, strict=True):
        assert one.symmetric_difference(other).area < 1e-10


def test_no_points_or_no_ground_give_no_areas() -> None:
    none = gpd.GeoDataFrame({"code": []}, geometry=[], crs=4326)
    assert len(voronoi_areas(none, PARENT)) == 0
    out = voronoi_areas(villages(a=[(118.82, 36.43)]), PARENT, taken=PARENT)
    assert row_of(out, "a").why == COVERED
    assert voronoi_areas(villages(a=[(118.82, 36.43)]), shapely.Polygon()).geometry.iloc[0] is None


def test_points_without_a_system_are_refused() -> None:
    points = gpd.GeoDataFrame({"code": ["a"]}, geometry=[Point(118.85, 36.43)])
    with pytest.raises(CrsError):
        voronoi_areas(points, PARENT)


def test_the_input_is_not_changed() -> None:
    points = villages(b=[(118.82, 36.43)], a=[(118.88, 36.43)])
    before = points.copy()
    voronoi_areas(points, PARENT)
    assert points.equals(before)
