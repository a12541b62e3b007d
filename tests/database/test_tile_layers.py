"""Every layer of tiles is read by its index below row-level security, where there is far more than a tile holds."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data import tile_queries, tiles
from data.settings import Settings
from geo.tiles import world_xy
from tests.database.test_cells import LOW, asking, walk
from tests.township import VILLAGES, SmallTownship, make_township

DUTY = [(LOW, LOW + 5000), (LOW + 9000, LOW + 9001)]
MANY = 4000
QUERIES = {
    "cell": (12, tile_queries.CELLS),
    "standing": (14, tile_queries.HOUSEHOLDS),
    "house": (15, tile_queries.HOUSES),
    "renovation_site": (15, tile_queries.SITES),
    "visit": (16, tile_queries.VISITS),
    "house, outlines": (16, tile_queries.OUTLINES),
}
RECORDS = """
    insert into household (natural_key, head_name, jur, quality, geom)
    select 'layers:' || n, '某', :low + (random() * 40)::integer * 1000, 3,
           st_setsrid(st_makepoint(118.7 + random() * 0.3, 36.3 + random() * 0.3), 4326) from generate_series(1, :n) n;
    insert into house (natural_key, jur, quality, geom, grade)
    select natural_key, jur, quality, geom, 'D' from household where natural_key like 'layers:%';
    insert into renovation_site (natural_key, jur, quality, geom, method, stage)
    select natural_key, jur, quality, geom, 'rebuild', 'started' from household where natural_key like 'layers:%';
    insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, mode, outcome, verdict, counts,
                       quality, geom)
    select gen_random_uuid(), natural_key, :campaign, 1, id, jur, 'home', 'done', 'valid', true, 3, geom
      from household where natural_key like 'layers:%';
    analyze household, standing, house, renovation_site, visit, cell"""
# Squares of a hundredth of a degree, side by side, as grids of the second village and as villages.
AREAS = """
    create temporary table square on commit drop as
    select n, st_multi(st_makeenvelope(110 + n / 50 * 0.01, 30 + n % 50 * 0.01,
                                       110.01 + n / 50 * 0.01, 30.01 + n % 50 * 0.01, 4326)) as geom
      from generate_series(0, :n - 1) n;
    insert into grid (code, name, village_id, jur, jur_end, geom)
    select (:low + 800000 + n)::text, '格' || n, :village, :low + 800000 + n, :low + 800001 + n, geom from square;
    insert into area (code, name, level, jur, jur_end, geom)
    select 'S' || n, '村' || n, 'village', :low + 800000 + n, :low + 800001 + n, geom from square;
    analyze grid, area, coverage"""


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    return make_township(owner)


@pytest.fixture
def crowd(owner: Session, town: SmallTownship) -> SmallTownship:
    owner.execute(text("select setseed(0.5)"))
    for statement in RECORDS.split(";"):
        owner.execute(text(statement), {"low": LOW, "n": MANY, "campaign": town.campaign_id})
    return town


@pytest.mark.parametrize("name", QUERIES)
def test_a_layer_is_read_by_ranges_of_its_index(
    owner: Session, settings: Settings, crowd: SmallTownship, name: str
) -> None:
    z, query = QUERIES[name]
    table = name.partition(",")[0]
    x, y = world_xy(118.85, 36.45, z)
    with asking(owner, settings, DUTY):
        plan = owner.scalar(text(f"explain (format json) {query}"), tiles._tile_keys(crowd.campaign_id, 1, z, x, y))
    nodes = list(walk((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]))
    reads = [node for node in nodes if node.get("Relation Name") == table]
    assert reads
    for node in reads:
        assert node["Node Type"] in ("Index Scan", "Index Only Scan"), node
        assert "morton" in node["Index Cond"], node
        assert "jur" in node["Index Cond"], node


@pytest.fixture
def squares(owner: Session, town: SmallTownship) -> SmallTownship:
    for statement in AREAS.split(";"):
        owner.execute(text(statement), {"low": LOW, "n": MANY, "village": town.areas[VILLAGES[1]]})
    return town


@pytest.mark.parametrize(("by", "table"), [("grid", "grid"), ("village", "area")])
def test_areas_under_a_tile_are_found_without_reading_all_of_them(
    owner: Session, settings: Settings, squares: SmallTownship, by: str, table: str
) -> None:
    read = text("""select seq_scan, seq_tup_read, coalesce(idx_tup_fetch, 0) as fetched
                     from pg_stat_xact_user_tables where relname = :table""")
    x, y = world_xy(110.203, 30.203, 14)
    with asking(owner, settings, [(LOW, LOW + 10**6)]):
        before = owner.execute(read, {"table": table}).one()
        tile = tiles.areas_tile(owner, squares.campaign_id, 1, by, 14, x, y)
        after = owner.execute(read, {"table": table}).one()
    assert tile
    assert (after.seq_scan, after.seq_tup_read) == (before.seq_scan, before.seq_tup_read)
    # A tile of this zoom is two squares wide; each is found once by its shape and twice by its key.
    assert 0 < after.fetched - before.fetched <= 100


def test_areas_outside_the_duty_are_not_even_named(owner: Session, settings: Settings, squares: SmallTownship) -> None:
    found = text("select count(*) from sec.areas_at(:by, st_makeenvelope(100, 20, 130, 50, 4326))")
    with asking(owner, settings, [(LOW + 800000, LOW + 800010)]):
        for by in ("grid", "village"):
            assert owner.scalar(found, {"by": by}) == 10
        # Part of the township is in the duty; of the whole of it nothing is known.
        assert owner.scalar(found, {"by": "township"}) == 0
    with asking(owner, settings, []):
        for by in tiles.AREAS_FROM_ZOOM:
            assert owner.scalar(found, {"by": by}) == 0
