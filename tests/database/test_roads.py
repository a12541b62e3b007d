"""Roads in the store: imported as a batch, replaced by source, taken back, and asked for ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
from sqlalchemy import text

from data.db import owner_session
from data.imports.report import ImportRefused
from data.imports.undo import UndoBlocked, undo_batch
from data.roads.network import load_network, read_state
from data.roads.travel import TooManyPlaces, draw_legs, measure_travel
from geo.china import wgs84_to_gcj02
from geo.files.osm import read_osm
from geo.roads.modes import Mode, all_modes
from geo.roads.net import make_net
from geo.roads.straight import FACTORS
from geo.routing.travel import NO_WAY
from tests.database.importing import Store, opened, write_csv, write_geojson
from tests.road_parts import count_parts
from tests.township import TOWNSHIP

GEOD = pyproj.Geod(ellps="GRS80")
BOX = (118.7, 36.3, 118.9, 36.5)
ROADS_TABLES = "road_edge, road_gap, road_state"


@pytest.fixture(scope="module")
def roads_store() -> Iterator[Store]:
    with opened("fangtu_test_roads") as made:
        yield made


@pytest.fixture
def store(roads_store: Store) -> Store:
    roads_store.empty()
    with roads_store.engine.begin() as connection:
        connection.execute(text(f"truncate {ROADS_TABLES} restart identity cascade"))
    return roads_store


def road(*places: tuple[float, float], **facts: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return facts, {"type": "LineString", "coordinates": [list(place) for place in places]}


# A street of 900 m, a lane to the north from its middle that misses it by 1.5 m, and a detached piece.
MAIN = road((118.80, 36.40), (118.81, 36.40), name="东街", highway="secondary")
LANE = road((118.805, 36.4000135), (118.805, 36.405), name="巷", highway="residential")
APART = road((118.82, 36.41), (118.825, 36.41), name="东庄", highway="track")


def load(store: Store, folder: Path, *features: Any, **options: Any) -> Any:
    return store.load("roads", write_geojson(folder / "roads.geojson", list(features)), **options)


def test_lines_become_edges_that_meet(store: Store, tmp_path: Path) -> None:
    report = load(store, tmp_path, MAIN, LANE, APART)
    assert (report.read, report.accepted, report.counts["inserted"]) == (3, 3, 4)
    assert report.counts["ends_joined"] == 1
    found = [problem.found for problem in report.warnings]
    assert any(word and word.startswith("1.5 m") for word in found)
    with owner_session(store.engine) as session:
        net = load_network(session, BOX).net("walk")
    assert np.bincount(net.edge_component).tolist() == [3, 1]
    assert store.one("select round(sum(length_m)) from road_edge where name = '东街'") == round(
        GEOD.inv(118.80, 36.40, 118.81, 36.40)[2]
    )


def test_the_same_file_again_changes_nothing_and_another_one_replaces_its_source(store: Store, tmp_path: Path) -> None:
    load(store, tmp_path, MAIN, LANE)
    again = load(store, tmp_path, MAIN, LANE)
    assert (again.counts["inserted"], again.counts["unchanged"], again.counts["edges_removed"]) == (0, 3, 0)
    less = load(store, tmp_path, MAIN)
    assert (less.counts["inserted"], less.counts["edges_removed"]) == (1, 3)
    other = load(store, tmp_path, APART, source="东庄")
    assert (other.counts["inserted"], store.one("select count(*) from road_edge")) == (1, 2)
    more = load(store, tmp_path, LANE, source="东庄", keep=True)
    assert (more.counts["edges_removed"], store.one("select count(*) from road_edge where source = '东庄'")) == (0, 2)


def test_a_batch_is_taken_back_to_the_bit(store: Store, tmp_path: Path) -> None:
    load(store, tmp_path, MAIN, LANE)
    before = store.rows("select id, geom::text, name from road_edge order by id")
    second = load(store, tmp_path, MAIN, APART)
    with owner_session(store.engine) as session:
        undo_batch(session, second.batch)
    assert store.rows("select id, geom::text, name from road_edge order by id") == before
    first = store.one("select min(id) from batch")
    load(store, tmp_path, MAIN)
    with pytest.raises(UndoBlocked, match="of road changed since"), owner_session(store.engine) as session:
        undo_batch(session, first)


def test_a_dry_run_leaves_no_road_and_no_net_in_memory(store: Store, tmp_path: Path) -> None:
    report = load(store, tmp_path, MAIN, dry_run=True)
    assert report.counts["inserted"] == 1
    load(store, tmp_path, LANE)
    with owner_session(store.engine) as session:
        assert set(load_network(session, BOX).names) == {"巷"}


def test_rows_that_are_no_roads_are_refused_by_name(store: Store, tmp_path: Path) -> None:
    point = {"name": "点"}, {"type": "Point", "coordinates": [118.8, 36.4]}
    planned = road((118.80, 36.42), (118.81, 36.42), highway="proposed")
    report = load(store, tmp_path, MAIN, point, planned)
    assert (report.accepted, report.refused) == (1, 2)
    assert [problem.reason.zh for problem in report.problems] == ["不是线", "不是能走的路"]


def test_a_file_without_a_line_is_refused_as_a_whole(store: Store, tmp_path: Path) -> None:
    point = {"name": "点"}, {"type": "Point", "coordinates": [118.8, 36.4]}
    with pytest.raises(ImportRefused, match="no line of a road"):
        load(store, tmp_path, point)
    with pytest.raises(ImportRefused, match=r"Row 1: .*exchanged"):
        load(store, tmp_path, road((36.40, 118.80), (36.41, 118.80), highway="secondary"))
    with pytest.raises(ImportRefused, match="tolerance"):
        load(store, tmp_path, MAIN, snap_m=80.0)
    with pytest.raises(ImportRefused, match="edit"):
        load(store, tmp_path, MAIN, source="edit")
    assert store.one("select count(*) from batch") == 0


def buildings(count: int = 30) -> list[Any]:
    """Small squares along a street from south to north, 15 m to its east."""
    made = []
    for at in range(count):
        lon, lat = 118.80017, 36.4002 + at * 0.0003
        ring = [[lon, lat], [lon + 0.0001, lat], [lon + 0.0001, lat + 0.0001], [lon, lat + 0.0001], [lon, lat]]
        made.append(({"kind": "building"}, {"type": "Polygon", "coordinates": [ring]}))
    return made


def test_roads_in_another_system_raise_the_alarm_and_name_it(store: Store, tmp_path: Path) -> None:
    store.load("base", write_geojson(tmp_path / "base.geojson", buildings()))
    lon, lat = wgs84_to_gcj02(np.array([118.80, 118.80]), np.array([36.395, 36.415]))
    moved = road(*zip(lon.tolist(), lat.tolist(), strict=True))
    with pytest.raises(ImportRefused, match="gcj02"):
        load(store, tmp_path, moved)
    report = load(store, tmp_path, moved, crs="gcj02")
    assert (report.counts["inserted"], report.warnings) == (1, [])
    kept = load(store, tmp_path, moved, crs="wgs84")
    assert [warning.code for warning in kept.warnings] == ["datum_shift"]


def test_roads_where_nobody_lives_are_told_with_the_distance(store: Store, tmp_path: Path) -> None:
    abroad = road((9.50, 47.10), (9.51, 47.10))
    # Without a house there is nothing to be far from.
    assert load(store, tmp_path, abroad).warnings == []
    store.township(tmp_path)
    person = [["c1", "张伟", "118.805", "36.405"]]
    home = write_csv(tmp_path / "homes.csv", ["户编号", "户主姓名", "经度", "纬度"], person)
    store.load("households", home, area=TOWNSHIP)
    assert [one for one in load(store, tmp_path, MAIN).warnings if one.expected] == []
    (told,) = load(store, tmp_path, abroad).warnings
    assert re.search(r"8,\d\d\d km from the nearest house", told.reason.en)
    assert told.found == "9.5000, 47.1000 – 9.5100, 47.1000"
    # A township along the way there and back is near enough, whatever else the file holds.
    assert load(store, tmp_path, abroad, MAIN).warnings == []


PLACES = np.array([(118.8005, 36.4003), (118.8095, 36.4), (118.8225, 36.41), (np.nan, np.nan)])


def test_without_roads_every_way_is_estimated(store: Store) -> None:
    with owner_session(store.engine) as session:
        travel = measure_travel(session, PLACES, ("walk", "ebike"))
        assert read_state(session).factors == FACTORS
    assert travel.estimated.all()
    assert np.isnan(travel.off_m).all()
    straight = GEOD.inv(*PLACES[0], *PLACES[1])[2]
    assert 1.3 * straight < travel.metres(0, 0, 1) < 1.6 * straight
    assert travel.seconds(1, 0, 1) == pytest.approx(travel.metres(1, 0, 1) * 3.6 / 18, abs=1)


def test_ways_follow_the_roads_and_say_where_there_is_none(store: Store, tmp_path: Path) -> None:
    load(store, tmp_path, MAIN, LANE, APART)
    with owner_session(store.engine) as session:
        travel = measure_travel(session, PLACES, ("walk", "ebike", "car"))
        there, back, across, nowhere = draw_legs(
            session,
            [(tuple(PLACES[a]), tuple(PLACES[b])) for a, b in ((0, 1), (1, 0), (0, 2), (0, 3))],  # type: ignore[misc]
            "ebike",
        )
    along = GEOD.inv(118.8005, 36.4, 118.8095, 36.4)[2]
    off = GEOD.inv(118.8005, 36.4003, 118.8005, 36.4)[2]
    assert travel.metres(1, 0, 1) == pytest.approx(along + 1.35 * off, abs=1)
    assert travel.off_m[1, 0] == pytest.approx(off, abs=0.1)
    assert travel.estimated[1].tolist() == [
        [False, False, True, True],
        [False, False, True, True],
        [True, True, False, True],
        [True, True, True, True],
    ]
    # What is not joined is planned across country; what has no place is not reached at all.
    assert travel.metres(0, 0, 2) < 10_000
    assert travel.seconds(0, 0, 3) == travel.metres(2, 3, 1) == NO_WAY
    assert there.coords == back.coords[::-1]
    assert there.metres == pytest.approx(travel.metres(1, 0, 1), abs=1)
    assert (there.estimated, across.estimated, len(across.coords)) == (False, True, 2)
    assert (nowhere.coords, nowhere.metres) == ([], float("inf"))


def test_too_many_places_are_refused(store: Store) -> None:
    with pytest.raises(TooManyPlaces), owner_session(store.engine) as session:
        measure_travel(session, np.zeros((5_001, 2)), ("walk",))


def test_roads_of_two_offices_are_joined_where_one_ends_at_the_other(store: Store, tmp_path: Path) -> None:
    load(store, tmp_path, MAIN, source="甲")
    load(store, tmp_path, road((118.8031, 36.39), (118.8031, 36.39998)), source="乙")
    with owner_session(store.engine) as session:
        net = load_network(session, BOX).net("walk")
    assert np.bincount(net.edge_component).tolist() == [3]
    assert net.length_m.sum() == pytest.approx(store.one("select sum(length_m) from road_edge"), abs=0.01)


@pytest.mark.outside_data
def test_a_whole_country_has_the_parts_that_were_counted_by_its_nodes(store: Store, shared_data: Path) -> None:
    """A union of the node numbers of the extract, by a program of its own, gives 43 parts of all but steps.

    Two are mapped as areas: a square, whose outline one walks along, and a rest area, which is no road to go on.
    """
    path = shared_data / "liechtenstein.osm.pbf"
    told = read_osm(path)["roads"]
    assert count_parts(told.geometry[told["highway"] != "steps"]) == 43
    report = store.load("roads", path)
    assert (report.accepted, report.counts["inserted"], report.counts["ends_joined"]) == (4659, 7890, 0)
    with owner_session(store.engine) as session:
        network = load_network(session, (9.4, 46.9, 9.8, 47.4))
    edges = network.edges
    anyone = replace(edges, allowed={"any": edges.road_class != "steps"})
    assert len(make_net(anyone, Mode("any", 5.0, frozenset())).component_metres()) == 42
    assert {name: len(network.net(name).component_metres()) for name in all_modes()} == {
        "walk": 23,
        "ebike": 51,
        "car": 73,
    }
