"""The vendors' shifts against other people's numbers, and there and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from geo import china

DATA = Path(__file__).resolve().parent.parent / "data"
DEGREE_M = 111_320.0
CONVERT: dict[tuple[str, str], Callable[..., Any]] = {
    ("WGS84", "GCJ02"): china.wgs84_to_gcj02,
    ("GCJ02", "WGS84"): china.gcj02_to_wgs84,
    ("GCJ02", "BD09"): china.gcj02_to_bd09,
    ("BD09", "GCJ02"): china.bd09_to_gcj02,
    ("WGS84", "BD09"): china.wgs84_to_bd09,
    ("BD09", "WGS84"): china.bd09_to_wgs84,
}


def metres(found: tuple[Any, Any], lon: Any, lat: Any) -> NDArray[np.float64]:
    """Distance of found places from expected ones, on a sphere good to a percent."""
    east = (np.asarray(found[0]) - lon) * np.cos(np.radians(lat)) * DEGREE_M
    return np.hypot(east, (np.asarray(found[1]) - lat) * DEGREE_M)


def grid_of_china() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places all over China, those where the formula has a kink (105 E, 35 N) among them."""
    lon, lat = np.meshgrid(np.linspace(73.5, 135.1, 247), np.linspace(3.5, 53.6, 201))
    kinks = np.array([105.0, 105.0 + 1e-9, 105.0 - 1e-9, 105.0 + 1e-5, 118.860])
    return np.append(lon, kinks), np.append(lat, np.array([35.0, 35.0, 35.0, 30.0, 36.447]))


@pytest.mark.parametrize(("source", "target"), list(CONVERT))
def test_332_cities_agree_with_the_vendors_within_a_metre(source: str, target: str) -> None:
    cities = pd.read_csv(DATA / "coord_vectors_cities.csv")
    begin, end = source.lower(), target.lower()
    found = CONVERT[source, target](cities[f"{begin}_lon"], cities[f"{begin}_lat"])
    assert len(cities) == 332
    assert metres(found, cities[f"{end}_lon"], cities[f"{end}_lat"]).max() < 1.0


SMALL = pd.read_csv(DATA / "coord_vectors_small.csv").set_index("id")


# These four come from a one-step or a wrong formula; each has a test of its own below.
NOT_TRUE = ("wander-1", "wander-4", "evil-4", "evil-5")


@pytest.mark.parametrize("name", [name for name in SMALL.index if name not in NOT_TRUE])
def test_published_vectors_hold_within_their_tolerance(name: str) -> None:
    row = SMALL.loc[name]
    found = CONVERT[row.from_crs, row.to_crs](row.from_lon, row.from_lat)
    assert found == pytest.approx((row.to_lon, row.to_lat), abs=row.tolerance_deg, rel=0)


def test_the_closed_bd09_formula_gives_the_published_vector_and_the_inverse_is_centimetres_from_it() -> None:
    row = SMALL.loc["wander-1"]
    closed = china.bd09_to_gcj02_closed(row.from_lon, row.from_lat)
    assert closed == pytest.approx((row.to_lon, row.to_lat), abs=row.tolerance_deg, rel=0)
    iterated = china.bd09_to_gcj02(row.from_lon, row.from_lat)
    assert 0.01 < metres(iterated, row.to_lon, row.to_lat) < 0.1
    assert metres(china.gcj02_to_bd09(*closed), row.from_lon, row.from_lat) > 0.01
    assert metres(china.gcj02_to_bd09(*iterated), row.from_lon, row.from_lat) < 1e-4


def test_the_one_step_inverse_is_not_reproduced() -> None:
    row = SMALL.loc["wander-4"]
    found = china.gcj02_to_wgs84(row.from_lon, row.from_lat)
    assert 0.01 < metres(found, row.to_lon, row.to_lat) < 5.0
    assert metres(china.wgs84_to_gcj02(*found), row.from_lon, row.from_lat) < 1e-4


@pytest.mark.parametrize("name", ["evil-4", "evil-5"])
def test_the_bd09_vectors_of_a_formula_without_its_factor_are_not_reproduced(name: str) -> None:
    # That package takes sin(πy) for sin(3000πy/180), and one step for the inverse: so it gets its own numbers, and is
    # tens of metres off the vendor's points, which decide.
    def without_factor(lon: float, lat: float) -> tuple[float, float]:
        x, y = lon - 0.0065, lat - 0.006
        radius = math.hypot(x, y) - 0.00002 * math.sin(y * math.pi)
        angle = math.atan2(y, x) - 0.000003 * math.cos(x * math.pi)
        return radius * math.cos(angle), radius * math.sin(angle)

    row = SMALL.loc[name]
    gcj = without_factor(row.from_lon, row.from_lat)
    shifted = china.wgs84_to_gcj02(*gcj)
    one_step = (2 * gcj[0] - shifted[0], 2 * gcj[1] - shifted[1])
    assert one_step == pytest.approx((row.to_lon, row.to_lat), abs=row.tolerance_deg, rel=0)
    assert metres(china.bd09_to_wgs84(row.from_lon, row.from_lat), row.to_lon, row.to_lat) > 5.0

    cities = pd.read_csv(DATA / "coord_vectors_cities.csv")
    wrong = np.array([without_factor(lon, lat) for lon, lat in zip(cities.bd09_lon, cities.bd09_lat, strict=True)]).T
    assert metres((wrong[0], wrong[1]), cities.gcj02_lon, cities.gcj02_lat).max() > 50
    true = china.bd09_to_gcj02(cities.bd09_lon, cities.bd09_lat)
    assert metres(true, cities.gcj02_lon, cities.gcj02_lat).max() < 0.2


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (china.wgs84_to_gcj02, china.gcj02_to_wgs84),
        (china.gcj02_to_bd09, china.bd09_to_gcj02),
        (china.wgs84_to_bd09, china.bd09_to_wgs84),
    ],
)
def test_there_and_back_ends_within_a_centimetre_all_over_china(
    there: Callable[..., Any], back: Callable[..., Any]
) -> None:
    lon, lat = grid_of_china()
    assert metres(back(*there(lon, lat)), lon, lat).max() < 0.01


def test_places_outside_china_stay_where_they_are() -> None:
    lon, lat = np.array([28.35, 10.07, -77.0, 151.2]), np.array([-15.42, 48.13, 38.9, -33.9])
    for convert in CONVERT.values():
        assert np.array_equal(np.array(convert(lon, lat)), np.array([lon, lat]))


def test_scalars_give_floats_and_arrays_keep_their_shape_and_gaps() -> None:
    lon, lat = china.wgs84_to_gcj02(118.86, 36.447)
    assert type(lon) is float
    assert type(lat) is float
    lons, lats = china.wgs84_to_gcj02([[118.86, np.nan], [28.0, 118.86]], [[36.447, 36.0], [-15.0, np.nan]])
    assert lons.shape == (2, 2)
    assert (lons[0, 0], lats[0, 0]) == pytest.approx((lon, lat), abs=1e-12)
    assert np.isnan(lons[0, 1])
    assert lons[1, 0] == 28.0
    assert china.gcj02_to_wgs84([], [])[0].shape == (0,)


def test_what_is_handed_in_is_not_changed() -> None:
    lon, lat = np.array([118.86]), np.array([36.447])
    china.bd09_to_wgs84(lon, lat)
    assert (lon[0], lat[0]) == (118.86, 36.447)
