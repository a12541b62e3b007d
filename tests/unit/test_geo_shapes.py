"""Outlines made fit to store."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely
from shapely import MultiPolygon, Point, Polygon

from geo.shapes import as_multipolygon, clean_polygons, label_point, unite

SQUARE = shapely.box(118.86, 36.44, 118.87, 36.45)
BOWTIE = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


def test_a_polygon_becomes_a_multipolygon_of_one() -> None:
    assert as_multipolygon(SQUARE).equals(SQUARE)
    assert isinstance(as_multipolygon(SQUARE), MultiPolygon)


def test_a_bowtie_becomes_its_two_triangles() -> None:
    out = as_multipolygon(BOWTIE)
    assert out.is_valid
    assert out.area == pytest.approx(0.5)


def test_points_and_lines_are_left_out_and_overlaps_united() -> None:
    mixed = shapely.GeometryCollection(
        [SQUARE, Point(1, 1), shapely.GeometryCollection([shapely.LineString([(0, 0), (1, 1)]), SQUARE.buffer(0.001)])]
    )
    out = as_multipolygon(mixed)
    assert len(out.geoms) == 1
    assert out.covers(SQUARE)


@pytest.mark.parametrize("shape", [None, Polygon(), Point(1, 1), shapely.LineString([(0, 0), (1, 1)])])
def test_without_a_polygon_the_result_is_empty(shape: shapely.Geometry | None) -> None:
    assert as_multipolygon(shape).is_empty


def test_slivers_and_specks_of_holes_are_dropped_and_said() -> None:
    speck = shapely.box(118.8, 36.4, 118.800001, 36.400001)
    hole = shapely.box(118.865, 36.445, 118.865001, 36.445001)
    frame = gpd.GeoDataFrame(geometry=[MultiPolygon([SQUARE.difference(hole), speck]), SQUARE], crs=4326)
    first, second = clean_polygons(frame)
    assert first.geometry is not None
    assert first.geometry.equals(SQUARE)
    assert "2" in first.notes[0].en
    assert (second.notes, second.geometry) == ((), MultiPolygon([SQUARE]))


def test_what_was_repaired_or_missing_is_said_in_both_languages() -> None:
    frame = gpd.GeoDataFrame(geometry=[BOWTIE, None, Point(1, 1), Polygon()], crs=4326)
    repaired, missing, point, empty = clean_polygons(frame)
    assert repaired.geometry is not None
    assert "repaired" in repaired.notes[0].en
    assert "修复" in repaired.notes[0].zh
    for cleaned in (missing, point, empty):
        assert cleaned.geometry is None
        assert cleaned.notes


def test_no_outlines_give_no_results() -> None:
    assert clean_polygons(gpd.GeoDataFrame(geometry=[], crs=4326)) == []


def test_the_label_stands_inside_even_where_the_centre_does_not() -> None:
    horseshoe = shapely.box(118, 36, 119, 37).difference(shapely.box(118.2, 36.2, 118.8, 37))
    assert not horseshoe.contains(horseshoe.centroid)
    assert horseshoe.contains(label_point(horseshoe))


def test_the_label_of_a_square_is_near_its_middle_and_of_islands_in_the_largest() -> None:
    assert label_point(SQUARE).distance(Point(118.865, 36.445)) < 2e-3
    islands = MultiPolygon([SQUARE, shapely.box(119, 36, 119.5, 36.5)])
    assert islands.geoms[1].contains(label_point(islands))


def test_the_label_of_broken_flat_and_empty_shapes() -> None:
    assert as_multipolygon(BOWTIE).covers(label_point(BOWTIE))
    assert label_point(Point(1, 2)) == Point(1, 2)
    assert label_point(Polygon()).is_empty


def test_neighbours_unite_to_one_outline() -> None:
    east = shapely.box(118.87, 36.44, 118.88, 36.45)
    out = unite(gpd.GeoSeries([SQUARE, east, None], crs=4326))
    assert len(out.geoms) == 1
    assert out.equals(shapely.box(118.86, 36.44, 118.88, 36.45))
    assert unite(gpd.GeoSeries([], crs=4326)).is_empty
