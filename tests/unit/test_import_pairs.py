"""The numbers a file's coordinate system is judged by: from columns, from one cell, from shapes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from data.imports.headings import match_columns
from data.imports.pairs import Pairs, read_pairs
from geo.crs import parse_system
from geo.files import Sheet


def sheet(frame: pd.DataFrame, name: str = "一", crs: str | None = None) -> Sheet:
    rows = np.arange(2, len(frame) + 2)
    return Sheet(name, frame, rows, parse_system(crs) if crs else None, 1, "csv")


def pairs_of(*sheets: Sheet) -> Pairs | None:
    plain = {one.name: [str(c) for c in one.frame.columns if c != "geometry"] for one in sheets}
    return read_pairs(list(sheets), {name: match_columns(columns, "households", {}) for name, columns in plain.items()})


def test_a_file_without_places_has_none() -> None:
    assert pairs_of(sheet(pd.DataFrame({"户主": ["赵新一"]}, dtype=object))) is None


def test_columns_are_read_as_written_and_blanks_are_kept_apart_from_zeros() -> None:
    frame = pd.DataFrame(
        {
            "经度": [118.37, "118°22′34.8″", None, 0, "不详"],
            "纬度": ["31.32", 31.33, None, 0, 31.3],
            "行政村": ["甲村", None, "乙村", "甲村", "甲村"],
        },
        dtype=object,
    )
    found = pairs_of(sheet(frame))
    assert found is not None
    np.testing.assert_allclose(found.x, [118.37, 118.376333, np.nan, 0, np.nan], atol=1e-6)
    np.testing.assert_allclose(found.y, [31.32, 31.33, np.nan, 0, 31.3])
    assert found.blank.tolist() == [False, False, True, False, False]
    assert found.zero.tolist() == [False, False, False, True, False]
    assert found.stated == ["甲村", None, "乙村", "甲村", "甲村"]
    assert found.system is None


def test_one_cell_may_hold_both_in_either_order() -> None:
    frame = pd.DataFrame({"经纬度": ["118.37,31.32", "北纬31.33 东经118.38", "无", "村口"]}, dtype=object)
    found = pairs_of(sheet(frame))
    assert found is not None
    np.testing.assert_allclose(found.x, [118.37, 118.38, np.nan, np.nan])
    np.testing.assert_allclose(found.y, [31.32, 31.33, np.nan, np.nan])


def test_shapes_stand_for_a_point_of_theirs_in_the_file_s_own_numbers() -> None:
    shapes = [shapely.Point(39594013.6, 3468000.0), shapely.box(0, 0, 2, 2), None]
    frame = gpd.GeoDataFrame({"户主": ["甲", "乙", "丙"]}, geometry=shapes)
    found = pairs_of(sheet(frame, crs="EPSG:4527"))
    assert found is not None
    assert (found.x[0], found.y[0]) == (39594013.6, 3468000.0)
    assert 0 < found.x[1] < 2
    assert found.blank.tolist() == [False, False, True]
    assert found.system is not None
    assert found.system.name == "EPSG:4527"


def test_sheets_are_taken_together_and_systems_that_differ_say_nothing() -> None:
    frame = pd.DataFrame({"经度": [118.37], "纬度": [31.32]}, dtype=object)
    shapes = gpd.GeoDataFrame({"户主": ["甲"]}, geometry=[shapely.Point(118.4, 31.4)])
    found = pairs_of(sheet(frame), sheet(shapes, "二", "wgs84"), sheet(shapes, "三", "gcj02"))
    assert found is not None
    assert found.x.tolist() == [118.37, 118.4, 118.4]
    assert found.system is None
