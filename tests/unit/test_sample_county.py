"""A made-up county adds up, lies where it says, and is the same whenever it is made from the same numbers."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from data.imports.suspects import Stay, at_two_places
from data.rules.plan import read_plan
from data.samples.county import CAMPAIGN, PLAN, County, make_county
from data.samples.county_files import write_county
from data.samples.land import SizeWrong

SIZE = 3_000


@pytest.fixture(scope="module")
def county() -> County:
    return make_county(SIZE)


@pytest.fixture(scope="module")
def households(county: County) -> pd.DataFrame:
    return pd.concat(county.households(700), ignore_index=True)


@pytest.fixture(scope="module")
def visits(county: County) -> pd.DataFrame:
    return pd.concat(county.visits(900), ignore_index=True)


def shapes(county: County, level: str) -> pd.Series:
    rows = county.boundaries[county.boundaries["level"] == level]
    return rows.set_index("code").geometry


def test_every_household_is_inside_its_grid_and_the_village_it_names(county: County, households: pd.DataFrame) -> None:
    points = shapely.points(households["lon"], households["lat"])
    for level, column in (("grid", "grid_code"), ("village", "village_code")):
        own = shapes(county, level).loc[households[column]].to_numpy()
        assert shapely.contains_properly(own, points).all()
    names = county.areas.set_index("code")["name"]
    assert (names.loc[households["village_code"]].to_numpy() == households["stated_area"]).all()


def test_borders_fit_and_what_is_larger_is_the_union_of_what_is_smaller(county: County) -> None:
    levels = [shapes(county, level) for level in ("grid", "village", "township", "county")]
    for below, above, digits in zip(levels, levels[1:], (12, 9, 6), strict=False):
        assert shapely.is_valid(below.to_numpy()).all()
        assert shapely.coverage_is_valid(below.to_numpy())
        for code, shape in above.items():
            parts = below[below.index.str[:digits] == code]
            assert shapely.equals(shapely.union_all(parts.to_numpy()), shape)
    assert 40 < shapely.get_num_coordinates(levels[0].to_numpy()).mean() < 60


def test_codes_and_counts_add_up(county: County, households: pd.DataFrame, visits: pd.DataFrame) -> None:
    assert households["code"].is_unique
    assert len(households) == county.counts["households"] == SIZE
    assert len(visits) == county.counts["visits"] == visits["code"].nunique()
    assert sum(len(part) for part in county.houses(100)) == county.counts["houses"]
    assert (households["grid_code"].str[:12] == households["village_code"]).all()
    assert (households["code"].str[:12] == households["village_code"]).all()
    assert set(visits["household_code"]) <= set(households["code"])
    assert set(county.areas["parent_code"]) - {""} <= set(county.areas["code"])
    assert county.areas["code"].is_unique
    assert county.areas.loc[county.areas["level"] == "village", "name"].is_unique
    assert set(households["code"].str[:4]) == {"9901"}


@pytest.mark.parametrize(("size", "grids"), [(20_000, 200), (SIZE, 35)])
def test_sizes_are_those_of_the_country(size: int, grids: int) -> None:
    made = make_county(size)
    assert abs(made.counts["grids"] - grids) <= 0.1 * grids
    assert 1.4 < made.counts["visits"] / size < 1.7
    assert 0.25 < made.counts["houses"] / size < 0.35
    reached = made.visit_kind < 4
    second = np.unique(made.visit_household[reached & (made.visit_round == 2)])
    assert 0.38 < len(second) / size < 0.52


def test_a_visitor_is_never_at_two_places_and_no_visit_ends_before_it_begins(visits: pd.DataFrame) -> None:
    assert (visits["ended_at"] > visits["started_at"]).all()
    for _, own in visits[visits["mode"] == "home"].groupby(["visitor", "round"]):
        times = zip(own["started_at"], own["ended_at"], own["lon"], own["lat"], strict=True)
        assert not any(at_two_places([Stay("one", *stay) for stay in times]))


def test_visits_lie_in_the_days_of_their_round(visits: pd.DataFrame) -> None:
    plan = read_plan(PLAN)
    assert plan.id == CAMPAIGN
    for planned in plan.rounds:
        days = visits.loc[visits["round"] == planned.no, "started_at"].dt.date
        assert planned.starts_on is not None
        assert planned.ends_on is not None
        assert planned.starts_on <= days.min()
        assert days.max() <= planned.ends_on


def test_rows_do_not_depend_on_the_parts_they_are_made_in(county: County, visits: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(pd.concat(county.visits(5_000), ignore_index=True), visits)


def test_equal_numbers_give_equal_bytes_and_others_do_not(tmp_path: Path) -> None:
    def digest(name: str, seed: int) -> dict[str, str]:
        files = write_county(make_county(600, seed), tmp_path / name)
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for paths in files.values() for p in paths}

    first = digest("a", 5)
    assert digest("b", 5) == first
    other = digest("c", 6)
    assert [name for name in first if first[name] == other[name]] == ["campaign.toml"]


def test_files_of_an_earlier_and_larger_county_do_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.samples.county_files.ROWS_PER_FILE", 250)
    assert len(write_county(make_county(600), tmp_path)["households"]) == 3
    files = write_county(make_county(200), tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(path for paths in files.values() for path in paths)


@pytest.mark.parametrize(("size", "seed"), [(0, 1), (10_000_001, 1), (10, -1)])
def test_a_size_or_seed_out_of_range_is_refused(size: int, seed: int) -> None:
    with pytest.raises(SizeWrong):
        make_county(size, seed)


def test_one_household_is_a_county_too() -> None:
    made = make_county(1)
    assert Counter(made.areas["level"]) == dict.fromkeys(("province", "city", "county", "township", "village"), 1)
    assert len(next(made.households(10))) == 1
