"""Points sorted in the program belong where the rule in SQL has them: on borders, in gaps, across them."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import GRIDS, VILLAGES, list_places
from data.point_areas import find_places, read_areas
from tests.township import make_township


@pytest.fixture
def town(owner: Session) -> Session:
    """The township; a grid that reaches into the next village, and one whose village has no outline."""
    made = make_township(owner)
    villages = owner.scalars(text("select id from area where level = 'village' order by code")).all()
    owner.execute(
        text("""
            insert into grid (code, name, village_id, jur, jur_end, geom)
            values ('990101001001009', '越界', :one, 990101001001009, 990101001001010,
                    st_multi(st_makeenvelope(118.805, 36.402, 118.815, 36.404, 4326))),
                   ('990101001003009', '无界', :bare, 990101001003009, 990101001003010,
                    st_multi(st_makeenvelope(118.84, 36.40, 118.85, 36.41, 4326)))"""),
        {"one": villages[0], "bare": villages[2]},
    )
    assert made.areas
    return owner


def test_a_point_belongs_where_the_rule_in_sql_has_it(town: Session) -> None:
    lon, lat = (
        axis.ravel() for axis in np.meshgrid(np.arange(118.79, 118.86, 0.0005), np.arange(36.39, 36.42, 0.0005))
    )
    # The lattice as it is written, so that it meets the borders of the township to the digit.
    lon, lat = np.round(lon, 4), np.round(lat, 4)
    town.execute(text("create temporary table asked (id bigint, geom geometry(point, 4326)) on commit drop"))
    town.execute(
        text("""
            insert into asked select n, st_setsrid(st_makepoint(lon, lat), 4326)
            from unnest(cast(:lon as float8[]), cast(:lat as float8[])) with ordinality as p (lon, lat, n)"""),
        {"lon": lon.tolist(), "lat": lat.tolist()},
    )
    list_places(town, "asked")
    rule = np.array(
        town.execute(
            text("select coalesce(village_id, 0), coalesce(grid_id, 0), coalesce(jur, 0) from placed order by id")
        ).all()
    )
    found = find_places(lon, lat, read_areas(town, VILLAGES), read_areas(town, GRIDS))
    told = np.column_stack([found.village_ids, found.grid_ids, found.jurs])
    assert (told == rule).all()
    village, grid, jur = told.T
    # Everything that can be is among them: no area, a village alone, a grid in its village, and one without.
    assert {(bool(v), bool(g)) for v, g in zip(village, grid, strict=True)} == {
        (False, False),
        (True, False),
        (True, True),
    }
    assert (jur > 0).sum() == (village > 0).sum()


def test_a_point_that_is_no_number_belongs_to_none(town: Session) -> None:
    nowhere = np.array([np.nan, np.inf, 118.803])
    found = find_places(
        nowhere, np.array([36.403, 36.403, np.nan]), read_areas(town, VILLAGES), read_areas(town, GRIDS)
    )
    assert [column.tolist() for column in found] == [[0, 0, 0]] * 3
