"""Frames are written as COPY reads them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.imports.sending import _lines


def test_empty_texts_and_missing_numbers_are_null_and_marks_are_escaped() -> None:
    frame = pd.DataFrame(
        {
            "name": ["张三", "", "a\tb\\N\n"],
            "people": np.array([1, 2, 3], dtype=np.int8),
            "lon": [104.1234567, np.nan, 0.1],
            "at": np.array(["2026-03-01T07:05", "2026-11-30T23:59", "2026-01-01T00:00"], dtype="datetime64[m]"),
        }
    )
    first, second, third, rest = _lines(frame, ["name", "people", "lon", "at"]).decode().split("\n")
    assert first.split("\t")[:3] == ["张三", "1", "104.1234567"]
    assert pd.Timestamp(first.split("\t")[3]) == pd.Timestamp("2026-03-01 07:05")
    assert second.split("\t")[:3] == ["\\N", "2", "\\N"]
    assert third.split("\t")[:3] == ["a\\tb\\\\N\\n", "3", "0.1"]
    assert rest == ""


def test_what_is_the_same_in_every_row_ends_each_line() -> None:
    frame = pd.DataFrame({"name": ["张三", ""]})
    assert _lines(frame, ["name"], "\t7\twgs84\n").decode() == "张三\t7\twgs84\n\\N\t7\twgs84\n"
