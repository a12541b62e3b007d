"""Files nobody here wrote go in, join and give a coverage that an independent count confirms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from data.coverage import coverage_total
from data.db import owner_engine
from data.imports.report import ImportOptions, ImportReport
from data.imports.run import import_file
from data.recheck import recheck
from data.settings import Settings
from data.worklists import work_list
from geo.china import gcj02_to_wgs84
from tests.conftest import fresh_database

FILES = Path(__file__).resolve().parent.parent / "data"
PLAN = """
[campaign]
id = "spray"
name_zh = "逐户作业"
name_en = "House to house"
target = 0.85
[[round]]
no = 1
name_zh = "第一轮"
name_en = "Round one"
[visit]
done_statuses = ["sprayed"]  # the trial's own rule: the status says done, no minimum of minutes
"""


class Store:
    """A database of one test, with the importer's arguments filled in."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.settings = settings
        self.engine = engine

    def take(self, kind: str, path: Path, **options: str) -> ImportReport:
        return import_file(self.engine, self.settings, kind, path, ImportOptions(**options), lambda text: None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    settings = fresh_database("fangtu_test_files")
    engine = owner_engine(settings)
    made = Store(settings, engine)
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN, encoding="utf-8")
    made.take("campaigns", plan)
    yield made
    engine.dispose()


def counted_in_pandas() -> tuple[int, int, int]:
    """Households, households done, visits at no known house: from the files alone."""
    homes = {
        str(feature["properties"]["household_id"])
        for feature in json.loads((FILES / "zambia_households.geojson").read_text())["features"]
    }
    visits = pd.read_csv(FILES / "zambia_visits.csv", dtype=str)
    known = visits["structure_id"].isin(list(homes))
    done = visits.loc[known & (visits["status"] == "sprayed"), "structure_id"].nunique()
    return len(homes), int(done), int((~known).sum())


@pytest.mark.parametrize("order", list(permutations(["households", "visits"])))
def test_door_to_door_visits_give_the_coverage_counted_in_pandas(store: Store, order: tuple[str, ...]) -> None:
    files = {"households": FILES / "zambia_households.geojson", "visits": FILES / "zambia_visits.csv"}
    reports = {kind: store.take(kind, files[kind]) for kind in order}
    homes, done, unknown = counted_in_pandas()
    assert (reports["visits"].read, reports["visits"].refused) == (178, 0)
    assert (reports["households"].read, reports["households"].refused) == (78, 0)
    with Session(store.engine) as session:
        total = coverage_total(session, 1, 1)
        assert (total.visited, total.eligible) == (done, homes) == (39, 78)
        listed = work_list(session, "unmatched_visits", (0, 10**15))
        assert listed.total == unknown == 130
        assert session.scalar(text("select count(*) from visit")) == 178
        assert recheck(session)["drift"] == 0


def test_the_same_files_again_change_nothing(store: Store) -> None:
    for _ in range(2):
        homes = store.take("households", FILES / "zambia_households.geojson")
        visits = store.take("visits", FILES / "zambia_visits.csv")
    assert (homes.counts["inserted"], homes.counts["updated"], homes.counts["unchanged"]) == (0, 0, 78)
    assert (visits.counts["inserted"], visits.counts["updated"], visits.counts["unchanged"]) == (0, 0, 178)
    with Session(store.engine) as session:
        assert coverage_total(session, 1, 1).visited == 39


def test_a_trial_run_writes_nothing(store: Store) -> None:
    report = import_file(
        store.engine,
        store.settings,
        "households",
        FILES / "zambia_households.geojson",
        ImportOptions(dry_run=True),
        lambda text: None,
    )
    assert report.accepted == 78
    with Session(store.engine) as session:
        assert session.scalar(text("select count(*) from household")) == 0
        assert session.scalar(text("select count(*) from batch where kind = 'households'")) == 0


def test_houses_of_a_village_come_from_a_raw_map_extract(store: Store) -> None:
    report = store.take("houses", FILES / "osm_village_germany.osm")
    assert report.refused == 0
    with Session(store.engine) as session:
        assert session.scalar(text("select count(*) from house where outline is not null")) == report.accepted == 32


@pytest.mark.outside_data
def test_houses_of_a_whole_country_come_from_a_packed_extract(store: Store, shared_data: Path) -> None:
    report = store.take("houses", shared_data / "liechtenstein.osm.pbf")
    assert report.refused == 0
    assert 8_990 <= report.accepted <= 9_000
    with Session(store.engine) as session:
        assert session.scalar(text("select count(*) from house where geom is not null")) == report.accepted


@pytest.mark.outside_data
def test_official_lists_and_boundaries_join(store: Store, shared_data: Path) -> None:
    listed = store.take("areas", shared_data / "admin_villages.csv")
    assert (listed.read, listed.accepted) == (1972, 1972)
    drawn = store.take("areas", shared_data / "county_boundaries_gcj02.geojson", crs="gcj02")
    assert drawn.accepted == 10
    with Session(store.engine) as session:
        assert session.scalar(text("select count(*) from area where level = 'village'")) == 1972
        rows = dict(
            session.execute(
                text("select code, st_asbinary(geom) from area where level = 'county' and geom is not null")
            )
            .tuples()
            .all()
        )
    # Corner by corner; the point formula itself is held against published vectors in the unit tests.
    given = gpd.read_file(shared_data / "county_boundaries_gcj02.geojson").set_index("adcode")
    compared = 0
    for code, shape in rows.items():
        corners = shapely.get_coordinates(given.geometry[code])
        lon, lat = gcj02_to_wgs84(corners[:, 0], corners[:, 1])
        found = shapely.from_wkb(bytes(shape))
        away = shapely.distance(shapely.points(lon, lat), found.boundary)
        # A degree is at most 111.3 km: 1 m.
        assert (away < 1 / 111_320).mean() > 0.999, code
        compared += 1
    assert compared == 10
