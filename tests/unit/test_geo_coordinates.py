"""Coordinates as ledgers write them; what could mean two things is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.coordinates import NotACoordinate, Pair, read_coordinate, read_pair

LON = 118 + 22 / 60 + 34.8 / 3600


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (118.37, 118.37),
        (118, 118.0),
        ("118.37", 118.37),
        (" 118.37 ", 118.37),
        ("１１８．３７", 118.37),
        ("118。37", 118.37),
        ("118.37。", 118.37),
        ("118.37°", 118.37),
        ("118.37度", 118.37),
        ("东经118.37", 118.37),
        ("经度：118.37", 118.37),
        ("N31.3256", 31.3256),
        ("31.3256N", 31.3256),
        ("118°22′34.8″", LON),
        ("118º22'34.8''", LON),
        ("118 ° 22 ′ 34.8 ″", LON),
        ("E118°22'34.8\"", LON),
        ("118°22′34.8″E", LON),
        ("118°22′34″.8", LON),
        ("118度22分34.8秒", LON),
        ("东经：118度22分34.8秒", LON),
        ("118 22 34.8", LON),
        ("118:22:34.8", LON),
        ("118-22-34.8", LON),
        ("118.22.34.8", LON),
        ("118°22.58′", LON),
        ("118°22′", 118 + 22 / 60),
        ("-15.4181", -15.4181),
        ("S15.4181", -15.4181),
        ("南纬15°25′4″", -(15 + 25 / 60 + 4 / 3600)),
        ("西经 8.5", -8.5),
        ("1.18E+02", 118.0),
        ("39594013.6", 39594013.6),
        ("39594013.6m", 39594013.6),
        ("594,013.60 m", 594013.6),
        ("39 594 013.6", 39594013.6),
        ("X=3467891.37", 3467891.37),
        ("3467891.37米", 3467891.37),
    ],
)
def test_one_axis_is_read_in_every_form_ledgers_use(cell: Any, value: float) -> None:
    assert read_coordinate(cell) == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("cell", [None, "", "  ", float("nan"), "无", "/", "——", "N/A"])
def test_a_blank_cell_says_nothing(cell: Any) -> None:
    assert read_coordinate(cell) is None
    assert read_pair(cell) is None


@pytest.mark.parametrize(
    "cell",
    [
        "村部后面",
        "约118.3",
        "118.3763,31.3256",
        "118,3763",
        "118°22′34.8″31",
        "118.5°22′",
        "E118.3N",
        "W-8.5",
        True,
        float("inf"),
        "1" * 400,
        "1e+999",
        "118 22 34 5",
    ],
)
def test_what_is_no_single_number_is_refused_in_words(cell: Any) -> None:
    with pytest.raises(NotACoordinate) as caught:
        read_coordinate(cell)
    assert "118.3763" in caught.value.text.zh
    assert "No coordinate" in caught.value.text.en


@pytest.mark.parametrize("cell", ["118°60′", "118°22′60″", "118 75 10", "181°0′0″"])
def test_sixty_minutes_are_not_carried_over(cell: str) -> None:
    with pytest.raises(NotACoordinate, match="60 minutes"):
        read_coordinate(cell)


@pytest.mark.parametrize(
    ("cell", "pair"),
    [
        ("118.3763,31.3256", Pair(118.3763, 31.3256, None)),
        ("118.3763，31.3256", Pair(118.3763, 31.3256, None)),
        ("118.3763、31.3256", Pair(118.3763, 31.3256, None)),
        ("118.3763/31.3256", Pair(118.3763, 31.3256, None)),
        ("118.3763 31.3256", Pair(118.3763, 31.3256, None)),
        ("118.3763\n31.3256", Pair(118.3763, 31.3256, None)),
        ("(31.3256, 118.3763)", Pair(31.3256, 118.3763, None)),
        ("坐标（118.3763，31.3256）", Pair(118.3763, 31.3256, None)),
        ("经纬度：118.3763,31.3256", Pair(118.3763, 31.3256, None)),
        ("POINT (118.3 31.3)", Pair(118.3, 31.3, "lonlat")),
        ("SRID=4326;POINT Z (118.3 31.3 12)", Pair(118.3, 31.3, "lonlat")),
        ('{"type": "Point", "coordinates": [118.3, 31.3]}', Pair(118.3, 31.3, "lonlat")),
        ("N31°19′30″ E118°22′30″", Pair(31.325, 118.375, "latlon")),
        ("31.3256N 118.3763E", Pair(31.3256, 118.3763, "latlon")),
        ("118.3763E31.3256N", Pair(118.3763, 31.3256, "lonlat")),
        ("经度:118.3 纬度:31.3", Pair(118.3, 31.3, "lonlat")),
        ("纬度31.3256度，经度118.3763度", Pair(31.3256, 118.3763, "latlon")),
        ("东经118度22分30秒，北纬31度19分30秒", Pair(118.375, 31.325, "lonlat")),
        ("lat=31.3, lng=118.3", Pair(31.3, 118.3, "latlon")),
        ("E118.3 31.3", Pair(118.3, 31.3, "lonlat")),
        ("31 19 30 118 22 30", Pair(31.325, 118.375, None)),
        ("118 22 31 19", Pair(118 + 22 / 60, 31 + 19 / 60, None)),
        ("594,013.60, 3,467,891.37", Pair(594013.6, 3467891.37, None)),
        ("X:3467891.37 Y:631003.727", Pair(3467891.37, 631003.727, None)),
        ("横坐标39594013.6 纵坐标3467891.37", Pair(39594013.6, 3467891.37, "lonlat")),
        ([118.3, 31.3], Pair(118.3, 31.3, None)),
    ],
)
def test_both_axes_are_read_and_only_words_decide_their_order(cell: Any, pair: Pair) -> None:
    found = read_pair(cell)
    assert found is not None
    assert (found.first, found.second) == pytest.approx((pair.first, pair.second), abs=1e-9)
    assert found.order == pair.order


def test_a_pair_gives_longitude_first_only_where_it_is_known() -> None:
    assert Pair(31.3, 118.3, "latlon").lonlat == (118.3, 31.3)
    assert Pair(118.3, 31.3, "lonlat").lonlat == (118.3, 31.3)
    assert Pair(118.3, 31.3, None).lonlat is None


@pytest.mark.parametrize(
    "cell",
    ["118.3 31.3 55", "N31 E32 N33", "北纬31.3 北纬32", "村部", "118.3763-31.3256", "1 2 3 4 5 6 7", True, [1, 2, 3]],
)
def test_anything_but_two_numbers_is_refused(cell: Any) -> None:
    with pytest.raises(NotACoordinate):
        read_pair(cell)


@pytest.mark.parametrize("cell", ["118.3763", "118 22 34.8", "594,013", 118.3763])
def test_a_single_number_is_no_pair_and_that_is_said(cell: Any) -> None:
    with pytest.raises(NotACoordinate, match="holds one number"):
        read_pair(cell)


@given(st.one_of(st.text(max_size=60), st.text(alphabet="0123456789.,°′″'\" :-+eENSWnew度分秒东经北纬()", max_size=40)))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_coordinate, read_pair):
        try:
            found = read(text)
        except NotACoordinate:
            continue
        values = () if found is None else (found,) if isinstance(found, float) else found[:2]
        assert all(math.isfinite(value) for value in values)


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 5999))
def test_degrees_minutes_and_seconds_mean_the_same_in_every_form(degrees: int, minutes: int, hundredths: int) -> None:
    seconds = f"{hundredths / 100:.2f}"
    forms = [f"{degrees}°{minutes}′{seconds}″", f"{degrees}度{minutes}分{seconds}秒", f"{degrees} {minutes} {seconds}"]
    expected = degrees + minutes / 60 + hundredths / 360_000
    assert [read_coordinate(form) for form in forms] == pytest.approx([expected] * 3, abs=1e-12)
