"""The sample township: its figures, its land and its people are what they are said to be."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from stdnum import luhn

from data.imports.headings import match_columns
from data.imports.personal import read_id_number
from data.rules import words
from data.rules.plan import read_plan
from data.rules.validity import VisitFacts, check_visit
from data.samples.expected import Expected, expected
from data.samples.files import (
    HOUSE_HEADINGS,
    HOUSEHOLD_HEADINGS,
    QUALITY,
    SITE_HEADINGS,
    VISIT_HEADINGS,
    write_township,
)
from data.samples.houses import OPEN
from data.samples.township import TOWNSHIP, Township, make_township
from geo.derived import voronoi_areas


@lru_cache(maxsize=1)
def the_township() -> Township:
    return make_township()


@pytest.fixture(scope="module")
def sample() -> Township:
    return the_township()


@pytest.fixture(scope="module")
def figures(sample: Township) -> Expected:
    return expected(sample)


def test_the_same_seed_gives_the_same_bytes(sample: Township, tmp_path: Path) -> None:
    first = write_township(sample, tmp_path / "a")
    second = write_township(make_township(), tmp_path / "b")
    assert set(first) == {"areas", "boundaries", "households", "houses", "sites", "visits", "base", "roads", "campaign"}
    for name in first:
        assert _digest(first[name]) == _digest(second[name]), name


def test_the_units_are_the_official_ones(sample: Township) -> None:
    villages = sample.units[sample.units["level"] == "village"]
    assert len(villages) == 43
    assert villages["code"].str.fullmatch(rf"{TOWNSHIP}\d{{3}}").all()
    assert villages["name"].is_unique
    assert dict(zip(villages["code"], villages["name"], strict=True))["370725108253"] == "阎家河村"
    assert list(sample.units["level"][:4]) == ["province", "city", "county", "township"]
    assert len(sample.natural_villages) == 114
    assert sample.natural_villages["name"].is_unique
    assert (sample.natural_villages["aliases"] != "").sum() >= 5


def test_villages_tile_the_township_and_grids_tile_the_villages(sample: Township) -> None:
    areas = sample.boundaries
    assert areas.geometry.is_valid.all()
    township = areas.loc[areas["level"] == "township"].geometry.iloc[0]
    villages = pd.concat([areas[areas["level"] == "village"], sample.unbounded])
    assert len(villages) == 43
    assert len(sample.unbounded) == 3
    assert shapely.union_all(villages.geometry.to_numpy()).symmetric_difference(township).area == 0
    assert shapely.area(villages.geometry.to_numpy()).sum() == pytest.approx(township.area, rel=1e-12)
    grids = areas[areas["level"] == "grid"]
    assert set(grids["code"].str[:12]) == set(villages["code"]) - set(sample.unbounded["code"])
    for code, village in villages.set_index("code").geometry.items():
        parts = grids[grids["code"].str.startswith(str(code))].geometry
        if len(parts):
            assert 2 <= len(parts) <= 5
            assert shapely.union_all(parts.to_numpy()).symmetric_difference(village).area == 0
            assert shapely.area(parts.to_numpy()).sum() == pytest.approx(village.area, rel=1e-12)


def test_a_derived_boundary_of_a_village_without_one_is_the_hole_it_left(sample: Township) -> None:
    areas = sample.boundaries
    township = areas.loc[areas["level"] == "township"].geometry.iloc[0]
    hamlets = sample.natural_villages
    hamlets = hamlets[hamlets["parent_code"].isin(sample.unbounded["code"])]
    points = gpd.GeoDataFrame(
        {"code": hamlets["parent_code"].to_numpy()},
        geometry=gpd.points_from_xy(hamlets["lon"], hamlets["lat"]),
        crs="EPSG:4326",
    )
    drawn = shapely.union_all(areas.loc[areas["level"] == "village"].geometry.to_numpy())
    derived = voronoi_areas(points, township, taken=drawn).set_index("code").geometry
    for code, true in sample.unbounded.set_index("code").geometry.items():
        assert derived[str(code)].symmetric_difference(true).area < 1e-12 * true.area


def test_round_2_has_the_figures_of_the_overview(figures: Expected) -> None:
    coverage = figures.coverage.query("round == 2").droplevel("round")
    whole = coverage.loc[TOWNSHIP]
    assert (whole["eligible"], whole["visited"], whole["remaining"]) == (12_843, 10_714, 2_129)
    villages = coverage.drop(TOWNSHIP)
    classes = np.searchsorted([0.5, 0.7, 0.85, 0.95], villages["ratio"], side="right")
    assert np.bincount(classes).tolist() == [1, 5, 11, 15, 11]
    assert np.bincount(classes, villages["remaining"]).tolist() == [208, 656, 706, 445, 114]
    worst = villages.iloc[int(villages["ratio"].to_numpy().argmin())]
    assert (worst["visited"], worst["eligible"]) == (148, 356)
    assert figures.coverage.loc[1].loc[TOWNSHIP, "ratio"] == pytest.approx(0.98, abs=0.001)
    assert (coverage[[f"status_{k}" for k in range(8)]].sum(axis=1) == coverage["eligible"]).all()


def test_poor_places_are_few_and_told(sample: Township, figures: Expected) -> None:
    assert (len(figures.outside), len(figures.unplaced), len(figures.approximate)) == (2, 3, 14)
    assert len(figures.unknown) == 5
    township = sample.boundaries.loc[sample.boundaries["level"] == "township"].geometry.iloc[0]
    placed = sample.households.dropna(subset=["lon"]).set_index("code")
    inside = shapely.contains_xy(township, placed["lon"], placed["lat"])
    assert set(placed.index[~inside]) == set(figures.outside)
    stated = placed[inside]
    assert (stated["true_village"] == stated["village_code"]).all()


def test_everything_that_goes_wrong_in_the_field_is_there(figures: Expected) -> None:
    second = figures.visits[figures.visits["round"] == 2]
    wrong = second["verdict"].value_counts()
    assert {"too_short": 52, "no_reason": 25, "ruled_false": 25}.items() <= wrong.to_dict().items()
    assert (second["verdict"] == "valid").sum() > 10_714 + 100
    assert second["far_from_house"].sum() >= 18
    assert second["two_places"].sum() >= 12


def test_verdicts_agree_with_the_rule_of_the_work_plan(sample: Township, figures: Expected, tmp_path: Path) -> None:
    rule = read_plan(write_township(sample, tmp_path)["campaign"].read_text(encoding="utf-8")).visit
    modes = {text.zh: code for code, text in words.MODE.items()}
    outcomes = {text.zh: code for code, text in words.OUTCOME.items()}
    told = figures.visits["verdict"]
    for k in (*range(0, len(sample.visits), 7), *told.index[~told.isin(["valid", "not_done"])]):
        row = sample.visits.loc[k]
        facts = VisitFacts(
            mode=modes[row["mode"]],
            outcome=outcomes[row["outcome"]],
            minutes=(row["ended_at"] - row["started_at"]).total_seconds() / 60,
            reason=row["reason"],
            ruling="false" if row["ruled"] else None,
        )
        assert check_visit(facts, rule) == told[k]


def test_visits_end_on_the_evening_of_the_day_shown(sample: Township) -> None:
    visits = sample.visits
    assert visits["code"].is_unique
    assert visits["ended_at"].max() <= pd.Timestamp("2026-11-20 18:00")
    hours = visits["started_at"].dt.hour
    assert hours.between(8, 21).all()
    first = visits[visits["round"] == 1]
    assert first["started_at"].min() >= pd.Timestamp("2026-03-01")
    assert first["ended_at"].max() < pd.Timestamp("2026-07-01")


def test_numbers_are_well_formed_unique_and_nobodys(sample: Township) -> None:
    people = sample.households
    assert people["id_number"].is_unique
    assert (people["id_number"].str[14:17] == "000").all()
    assert [read_id_number(number) for number in people["id_number"]] == people["id_number"].tolist()
    cards = people.loc[people["bank_card"] != "", "bank_card"]
    assert cards.is_unique
    assert all(luhn.is_valid(card) for card in cards)
    phones = people.loc[people["phone"] != "", "phone"]
    assert phones.is_unique
    assert phones.str.fullmatch(r"1990000\d{4}|1990001\d{4}").all()
    assert people["head_name"].str.len().isin([2, 3]).all()
    assert people["head_name"].str.contains("[𬭚㛃]").any()


def test_houses_stand_in_rows_clear_of_each_other_of_water_and_of_roads(sample: Township) -> None:
    houses = sample.houses.geometry.to_numpy()
    tree = shapely.STRtree(houses)
    assert len(tree.query(houses, predicate="intersects")[0]) == len(houses)
    base = sample.base
    obstacles = base.loc[base["kind"].isin(["water", "road_main", "road_highway"])].geometry.to_numpy()
    assert len(tree.query(obstacles, predicate="intersects")[0]) == 0
    assert max(len(ring) for ring in (np.asarray(house.exterior.coords) for house in houses)) <= 12
    kinds = {"farmland", "woods", "settlement", "water", "road_lane", "road_main", "road_highway", "building"}
    assert set(base["kind"]) == kinds
    assert base.geometry.is_valid.all()


def test_renovations_are_those_of_the_ledger(sample: Township) -> None:
    sites = sample.sites
    assert sites["method"].value_counts().to_dict() == {"修缮加固": 227, "拆除重建": 72, "交钥匙": 42}
    assert sites["household_code"].isin(sample.households["code"]).all()
    assert sites["house_code"].isin(sample.houses["code"]).all()
    finished = set(sites.loc[sites["accepted_on"] != "", "house_code"])
    poor = sample.houses[sample.houses["grade"].isin(["C", "D"])]
    left = poor.loc[~poor["code"].isin(finished), "grade"].value_counts().to_dict()
    assert left == OPEN
    steps = sites[["approved_on", "started_on", "completed_on", "accepted_on", "paid_on"]].to_numpy()
    for row in steps:
        told = [day for day in row if day]
        assert told == sorted(told)
        assert list(row[: len(told)]) == told


def test_the_importer_knows_every_heading_and_word(sample: Township) -> None:
    for kind, headings in (
        ("households", HOUSEHOLD_HEADINGS),
        ("houses", HOUSE_HEADINGS),
        ("sites", SITE_HEADINGS),
        ("visits", VISIT_HEADINGS),
    ):
        matched = match_columns(list(headings.values()), kind, {})
        assert matched.unused == []
        assert {field: names[0] for field, names in matched.used.items()} == headings
    visits, sites = sample.visits, sample.sites
    assert set(visits["mode"]) == {text.zh for text in words.MODE.values()}
    assert set(visits["outcome"]) <= {text.zh for text in words.OUTCOME.values()}
    assert set(sites["method"]) <= {text.zh for text in words.METHOD.values()}
    assert set(sites["stage"]) <= {text.zh for text in words.STAGE.values()}
    groups = {word for cell in sample.households["key_groups"] for word in cell.split("、") if word}
    assert groups == {text.zh for text in words.KEY_GROUP.values()}
    assert {text.zh for text in words.QUALITY.values()} == set(QUALITY.values())


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
