"""Boundaries drawn by hand: what is repaired, cut, snapped, split, united, and what is refused in words."""

from __future__ import annotations

import json
import math

import pytest
import shapely
from shapely import LineString, MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from geo.drawing import DrawingRefused
from geo.drawn import MOST_CORNERS, clean_drawing, read_drawing
from geo.editing import (
    changed_ground,
    find_overlaps,
    follow_neighbours,
    merge_shapes,
    snap_shape,
    split_shape,
)
from geo.measuring import area_m2

# One metre in degrees at 36.4 N, by longitude and latitude.
E, N = 1 / 89_700.0, 1 / 110_960.0
WEST, EAST = box(118.80, 36.40, 118.805, 36.41), box(118.805, 36.40, 118.81, 36.41)
VILLAGE = box(118.80, 36.40, 118.81, 36.41)


def geojson(shape: BaseGeometry) -> dict[str, object]:
    found: dict[str, object] = json.loads(shapely.to_geojson(shape))
    return found


def words(error: pytest.ExceptionInfo[DrawingRefused]) -> str:
    return error.value.text.zh


def test_areas_are_measured_in_the_three_degree_zone() -> None:
    # 0.005° by 0.01° at 36.405 N: 448.5 m by 1109.7 m.
    assert area_m2(WEST) == pytest.approx(448.4 * 1109.6, rel=2e-3)
    assert area_m2(Polygon()) == 0


def test_a_clean_drawing_is_left_as_it_is() -> None:
    drawn = clean_drawing(WEST, within=VILLAGE)
    assert shapely.equals(drawn.shape, WEST)
    assert drawn.notes == ()


def test_a_bow_tie_is_repaired_and_said_to_be() -> None:
    bow = Polygon([(118.80, 36.40), (118.81, 36.41), (118.81, 36.40), (118.80, 36.41)])
    drawn = clean_drawing(bow)
    assert drawn.shape.is_valid
    assert len(drawn.shape.geoms) == 2
    assert area_m2(drawn.shape) == pytest.approx(area_m2(VILLAGE) / 2, rel=0.01)
    assert "交叉" in drawn.notes[0].zh
    assert "crosses itself" in drawn.notes[0].en


def test_a_hole_and_several_parts_are_kept() -> None:
    ring = Polygon(VILLAGE.exterior, [box(118.804, 36.404, 118.806, 36.406).exterior])
    both = MultiPolygon([ring, box(118.82, 36.40, 118.83, 36.41)])
    drawn = clean_drawing(both)
    assert [len(part.interiors) for part in drawn.shape.geoms] == [1, 0]
    assert drawn.notes == ()


def test_what_lies_outside_the_parent_is_cut_off_with_its_size() -> None:
    drawn = clean_drawing(box(118.805, 36.40, 118.815, 36.41), within=VILLAGE)
    assert area_m2(shapely.difference(drawn.shape, VILLAGE)) < 1e-6
    assert area_m2(drawn.shape) == pytest.approx(area_m2(EAST), rel=1e-6)
    assert "超出上级边界" in drawn.notes[0].zh
    assert f"{area_m2(EAST):,.0f}"[:3] in drawn.notes[0].zh


@pytest.mark.parametrize(
    ("shape", "word"),
    [
        (box(118.9, 36.4, 118.91, 36.41), "是不是别的村的文件"),
        (box(118.81, 36.4, 118.82, 36.41), "是不是别的村的文件"),  # a neighbour: only an edge in common
        (box(118.80, 36.40, 118.80 + 5 * E, 36.40 + 5 * N), "至少要 100 平方米"),
    ],
)
def test_too_little_inside_is_refused(shape: Polygon, word: str) -> None:
    with pytest.raises(DrawingRefused) as error:
        clean_drawing(shape, within=VILLAGE)
    assert word in words(error)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "POLYGON",
        {"type": "Point", "coordinates": [118.8, 36.4]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[118.8, 36.4], [118.81, 36.4]]]},
        {"type": "Polygon", "coordinates": [[[118.8, 36.4], [118.81, math.nan], [118.81, 36.41], [118.8, 36.4]]]},
        {"type": "Polygon", "coordinates": [[[1e9, 36.4], [118.81, 36.4], [118.81, 36.41], [1e9, 36.4]]]},
        {"type": "Polygon", "coordinates": [[["a", 36.4], [118.81, 36.4], [118.81, 36.41], ["a", 36.4]]]},
        {"type": "Polygon", "coordinates": [[[118.8, 36.4]] * (MOST_CORNERS + 1)]},
        {"type": "Polygon", "coordinates": {"x": 1}},
    ],
)
def test_what_is_no_polygon_of_places_is_refused_in_words(wrong: object) -> None:
    with pytest.raises(DrawingRefused) as error:
        read_drawing(wrong)
    assert words(error).startswith("没有应用")


def test_a_feature_and_a_bare_geometry_are_read_alike() -> None:
    plain = geojson(WEST)
    feature = {"type": "Feature", "properties": {}, "geometry": plain}
    for given in (plain, feature, {"type": "FeatureCollection", "features": [feature]}):
        assert shapely.equals_exact(read_drawing(given), WEST)


def test_a_narrow_gap_to_a_neighbour_is_closed_to_the_very_corner() -> None:
    near = box(118.805 + 2 * E, 36.40, 118.81, 36.41)
    snapped = snap_shape(near, [WEST], within=VILLAGE)
    assert shapely.intersection(snapped.shape.boundary, WEST.boundary).length == pytest.approx(0.01, abs=1e-9)
    assert find_overlaps(snapped.shape, {"w": WEST}) == []
    assert area_m2(VILLAGE.difference(WEST).difference(snapped.shape)) < 0.5
    assert "3 米" in snapped.notes[0].zh


def test_a_narrow_overlap_is_left_to_the_neighbour() -> None:
    over = box(118.805 - 2 * E, 36.40, 118.81, 36.41)
    snapped = snap_shape(over, [WEST], within=VILLAGE)
    assert find_overlaps(snapped.shape, {"w": WEST}) == []
    assert area_m2(snapped.shape) == pytest.approx(area_m2(EAST), abs=1)


def test_a_broad_gap_and_a_broad_overlap_stay() -> None:
    far = box(118.805 + 20 * E, 36.40, 118.81, 36.41)
    assert shapely.equals(snap_shape(far, [WEST], within=VILLAGE).shape, far)
    over = box(118.805 - 20 * E, 36.40, 118.81, 36.41)
    assert find_overlaps(snap_shape(over, [WEST]).shape, {"w": WEST})[0][1] == pytest.approx(20 * 1110, rel=0.01)


def test_the_edge_is_laid_onto_the_parents_as_well() -> None:
    short = box(118.805, 36.40 + 2 * N, 118.81 - E, 36.41)
    snapped = snap_shape(short, [WEST], within=VILLAGE)
    assert area_m2(shapely.symmetric_difference(snapped.shape, EAST)) < 1


def test_a_line_from_edge_to_edge_splits_without_gap_or_overlap() -> None:
    parts = split_shape(VILLAGE, LineString([(118.803, 36.39), (118.804, 36.405), (118.803, 36.42)]))
    assert len(parts) == 2
    assert parts[0].centroid.x < parts[1].centroid.x
    assert area_m2(shapely.intersection(parts[0], parts[1])) < 1e-6
    assert sum(map(area_m2, parts)) == pytest.approx(area_m2(VILLAGE), rel=1e-9)
    assert all(len(shapely.get_coordinates(part)) >= 4 for part in parts)


def test_a_line_through_a_hole_splits_and_keeps_the_hole() -> None:
    hole = box(118.804, 36.404, 118.806, 36.406)
    parts = split_shape(Polygon(VILLAGE.exterior, [hole.exterior]), LineString([(118.805, 36.39), (118.805, 36.42)]))
    assert len(parts) == 2
    assert area_m2(shapely.intersection(shapely.union_all(parts), hole)) < 1e-3


def test_a_part_the_line_does_not_meet_stays_with_the_largest_piece() -> None:
    both = MultiPolygon([VILLAGE, box(118.82, 36.40, 118.83, 36.41)])
    parts = split_shape(both, LineString([(118.803, 36.39), (118.803, 36.42)]))
    assert sorted(len(part.geoms) for part in parts) == [1, 2]


def test_a_line_that_crosses_twice_gives_three_parts_from_west_to_east() -> None:
    zigzag = LineString([(118.803, 36.39), (118.803, 36.42), (118.807, 36.42), (118.807, 36.39)])
    parts = split_shape(VILLAGE, zigzag)
    assert [round(part.centroid.x, 4) for part in parts] == [118.8015, 118.805, 118.8085]


@pytest.mark.parametrize(
    "line",
    [
        LineString([(118.802, 36.402), (118.808, 36.408)]),
        LineString([(118.79, 36.405), (118.805, 36.405)]),
        LineString([(118.82, 36.39), (118.82, 36.42)]),
        LineString([(118.80, 36.40), (118.80, 36.41)]),
    ],
)
def test_a_line_that_does_not_cross_is_refused_with_what_to_do(line: LineString) -> None:
    with pytest.raises(DrawingRefused) as error:
        split_shape(VILLAGE, line)
    assert "从边到边" in words(error)


def test_a_split_that_leaves_next_to_nothing_is_refused() -> None:
    with pytest.raises(DrawingRefused) as error:
        split_shape(VILLAGE, LineString([(118.80 + 0.05 * E, 36.39), (118.80 + 0.05 * E, 36.42)]))
    assert "最小的一块" in words(error)


def test_neighbours_are_merged_and_a_hairline_between_them_filled() -> None:
    merged = merge_shapes([WEST, box(118.805 + E, 36.40, 118.81, 36.41)])
    assert len(merged.geoms) == 1
    assert area_m2(shapely.symmetric_difference(merged, VILLAGE)) < 2


@pytest.mark.parametrize("other", [box(118.806, 36.40, 118.81, 36.41), box(118.805, 36.41, 118.81, 36.42)])
def test_areas_apart_or_meeting_in_a_corner_are_not_merged(other: Polygon) -> None:
    with pytest.raises(DrawingRefused) as error:
        merge_shapes([WEST, other])
    assert "不相邻" in words(error) or "并不相邻" in words(error)


def test_three_areas_merge_by_the_one_between_them() -> None:
    third = box(118.81, 36.40, 118.82, 36.41)
    assert area_m2(merge_shapes([WEST, third, EAST])) == pytest.approx(sum(map(area_m2, (WEST, EAST, third))), rel=1e-6)


def test_two_overlapping_grids_are_listed_with_their_square_metres() -> None:
    over = box(118.804, 36.40, 118.81, 36.41)
    assert find_overlaps(over, {"b": EAST, "a": WEST, "c": box(118.81, 36.40, 118.82, 36.41)}) == [
        ("a", pytest.approx(0.001 / E * 0.01 / N, rel=0.01)),
        ("b", pytest.approx(area_m2(EAST), rel=1e-6)),
    ]


def test_a_shared_border_follows_both_ways() -> None:
    grown = box(118.80, 36.40, 118.807, 36.41)
    done = follow_neighbours(WEST, grown, {"e": EAST})
    assert shapely.equals(done.shapes["e"], box(118.807, 36.40, 118.81, 36.41))
    shrunk = box(118.80, 36.40, 118.803, 36.41)
    done = follow_neighbours(WEST, shrunk, {"e": EAST})
    assert area_m2(shapely.symmetric_difference(done.shapes["e"], box(118.803, 36.40, 118.81, 36.41))) < 1e-3
    assert done.left == 0


def test_ground_nobody_borders_on_is_left_over() -> None:
    done = follow_neighbours(WEST, box(118.803, 36.40, 118.805, 36.41), {"e": EAST})
    assert done.shapes == {}
    assert done.left == pytest.approx(area_m2(box(118.80, 36.40, 118.803, 36.41)), rel=1e-6)


def test_a_neighbour_is_not_covered_altogether() -> None:
    with pytest.raises(DrawingRefused) as error:
        follow_neighbours(WEST, VILLAGE, {"e": EAST})
    assert "合并" in words(error)


def test_the_changed_ground_is_what_only_one_shape_covers_and_its_edges() -> None:
    old, new = box(118.80, 36.40, 118.81, 36.41), box(118.80, 36.40, 118.806, 36.41)
    ground = changed_ground(old, new)
    assert area_m2(ground) == pytest.approx(area_m2(box(118.806, 36.40, 118.81, 36.41)), rel=1e-3)
    assert shapely.covers(ground, shapely.Point(118.806, 36.405))  # on the new edge
    assert not shapely.intersects(ground, shapely.Point(118.803, 36.405))
    assert shapely.covers(changed_ground(None, new), new)
    assert shapely.covers(changed_ground(old, None), old)
    assert changed_ground(old, old).is_empty
