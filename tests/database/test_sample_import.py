"""The sample township through the importer gives exactly what was counted when it was made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from data.coverage import coverage_by_area, coverage_total
from data.db import owner_engine
from data.imports.report import ImportOptions
from data.imports.run import import_file
from data.recheck import recheck
from data.samples.expected import Expected, expected
from data.samples.files import write_township
from data.samples.township import TOWNSHIP, make_township
from tests.conftest import fresh_database

# File of data.samples.files.write_township: kind of import, in the order in which they go in.
ORDER = {
    "areas.csv": "areas",
    "boundaries.gpkg": "areas",
    "campaign.toml": "campaigns",
    "households.csv": "households",
    "houses.gpkg": "houses",
    "sites.csv": "sites",
    "visits.csv": "visits",
    "base.gpkg": "base",
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Expected]]:
    township = make_township()
    folder: Path = tmp_path_factory.mktemp("sample")
    write_township(township, folder)
    settings = fresh_database("fangtu_test_sample")
    engine = owner_engine(settings)
    for name, kind in ORDER.items():
        report = import_file(
            engine, settings, kind, folder / name, ImportOptions(area=None if kind == "areas" else TOWNSHIP)
        )
        assert report.refused == 0, (name, report.problems[:3])
    yield engine, expected(township)
    engine.dispose()


def test_coverage_of_every_village_and_round_is_as_counted(loaded: tuple[Engine, Expected]) -> None:
    engine, counted = loaded
    with Session(engine) as session:
        for number in (1, 2):
            rows = {row.code: row for row in coverage_by_area(session, 1, number, "village")}
            for code, wanted in counted.coverage.loc[number].iterrows():
                if code == TOWNSHIP:
                    found = coverage_total(session, 1, number)
                else:
                    found = rows[str(code)]
                assert (found.visited, found.eligible) == (wanted["visited"], wanted["eligible"]), code
                assert found.counts == {k: int(wanted[f"status_{k}"]) for k in range(8)}, code
        assert coverage_total(session, 1, 2).visited == 10_714
        assert coverage_total(session, 1, 2).eligible == 12_843


def test_nothing_drifts(loaded: tuple[Engine, Expected]) -> None:
    with Session(loaded[0]) as session:
        found = recheck(session)
    assert found["drift"] == 0, found["checks"]
    assert found["counts"]["household"] == 12_843


def test_what_cannot_be_placed_is_listed(loaded: tuple[Engine, Expected]) -> None:
    engine, counted = loaded
    with Session(engine) as session:
        lists = {
            "outside": "select code from household where geom is not null and village_id is null",
            "unplaced": "select code from household where geom is null",
            "approximate": "select code from household where geom is not null and quality > 4",
        }
        for name, sql in lists.items():
            assert sorted(session.scalars(text(sql))) == sorted(getattr(counted, name)), name
        unmatched = session.scalar(text("select count(*) from visit where household_id is null"))
        assert unmatched == len(counted.unknown)


def test_villages_without_a_boundary_have_a_derived_one(loaded: tuple[Engine, Expected]) -> None:
    with Session(loaded[0]) as session:
        derived = session.scalars(text("select code from area where derived and level = 'village' order by code")).all()
        assert len(derived) == 3
        overlap = session.scalar(
            text("""
                select coalesce(sum(st_area(st_intersection(a.geom, b.geom)::geography)), 0)
                from area a join area b on a.id < b.id and st_overlaps(a.geom, b.geom)
                where a.level = 'village' and b.level = 'village' and (a.derived or b.derived)""")
        )
        # Square metres along all their borders together: rounding of corners, no more.
        assert overlap < 500


def test_personal_numbers_are_sealed_in_the_table(loaded: tuple[Engine, Expected]) -> None:
    with Session(loaded[0]) as session:
        open_numbers = session.scalar(
            text("""
                select count(*) from household
                where encode(phone_sealed, 'escape') ~ '1990000' or encode(id_sealed, 'escape') ~ '370799'""")
        )
        assert open_numbers == 0
        assert session.scalar(text("select count(*) from household where phone_sealed is not null")) > 10_000
