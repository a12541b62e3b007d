"""Counts kept by cell are those of the records, for any data and any duty, and tiles are read by index ranges."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data import tile_queries, tiles
from data.areas import number_range
from data.folding import fold_now
from data.recheck import recheck
from data.settings import Settings
from data.tables import Account, Duty
from tests.database.test_isolation import open_session
from tests.township import TOWNSHIP, SmallTownship, make_township

LOW = number_range(TOWNSHIP)[0]
SEED = 20261126
# The way of counting that the cells replace: from the records of the tile, each time.
OF_ROUND = "t.campaign_id = :campaign and t.round_no = :round and t.quality <= :exact and"
DIRECT = f"""
    with counted as (
        select t.x >> :shift as cx, t.y >> :shift as cy, count(*)::integer as n,
               (count(*) filter (where t.status in (1, 2, 6)))::integer as visited, avg(t.x) as x, avg(t.y) as y
        from {tile_queries.rows_of("standing", OF_ROUND)}
        group by 1, 2),
    danger as (
        select t.x >> :shift as cx, t.y >> :shift as cy, max(t.grade) as worst
        from {tile_queries.rows_of("house", "t.grade in ('C', 'D') and")} group by 1, 2)
    select n, visited, n - visited as gap, worst, floor((x - :x0) / :unit) as px, floor((y - :y0) / :unit) as py
    from counted left join danger using (cx, cy)"""
KEPT = f"""
    select n, visited, gap, worst, floor((x - :x0) / :unit) as px, floor((y - :y0) / :unit) as py
    from ({tile_queries.CELL_ROWS}) kept"""
HOUSEHOLDS = """
    insert into household (natural_key, code, head_name, jur, quality, geom)
    select 'cells:' || n, 'Z' || n, '某', :low + (random() * 40)::integer * 1000 + (random() * 3)::integer,
           1 + (random() * 5)::integer,
           case when random() < 0.95 then st_setsrid(st_makepoint(118.5 + random() ^ 2, 36.1 + random() ^ 2), 4326) end
      from generate_series(1, :n) n"""
HOUSES = """
    insert into house (natural_key, jur, quality, geom, grade)
    select 'cells:' || h.id, h.jur, h.quality, h.geom, (array['A', 'B', 'C', 'D', null])[1 + (random() * 4)::integer]
      from household h where h.natural_key like 'cells:%'"""
VISITS = """
    insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, mode, outcome, verdict, counts,
                       ended_at)
    select gen_random_uuid(), 'cells:' || :mark || h.id, :campaign, 1, h.id, h.jur,
           case when random() < 0.5 then 'home' else 'phone' end,
           case when k.counts then 'done' else 'nobody_home' end, case when k.counts then 'valid' else 'not_done' end,
           k.counts, now() from household h cross join lateral (select random() < 0.7 and h.id > 0 as counts) k
     where h.natural_key like 'cells:%' and random() < :part"""


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    made = make_township(owner)
    owner.execute(text("select setseed(0.42)"))
    owner.execute(text(HOUSEHOLDS), {"low": LOW, "n": 1200})
    owner.execute(text(HOUSES))
    owner.execute(text(VISITS), {"campaign": made.campaign_id, "mark": "a", "part": 0.5})
    for statement in (
        "update household set geom = st_translate(geom, 0.004, 0) where random() < 0.2",
        "update household set quality = 1 + (random() * 5)::integer where random() < 0.2",
        "update household set jur = jur + 1000 where random() < 0.1 and natural_key like 'cells:%'",
        "update household set removed_at = now() where random() < 0.05 and natural_key like 'cells:%'",
        "update visit set superseded_by = id where random() < 0.1 and natural_key like 'cells:%'",
        "delete from visit where random() < 0.1 and natural_key like 'cells:%'",
        "update house set grade = 'D' where random() < 0.1",
        "update house set geom = null where random() < 0.05",
        "delete from house where random() < 0.05 and natural_key like 'cells:%'",
    ):
        owner.execute(text(statement))
    owner.execute(text("set constraints all immediate"))
    fold_now(owner)
    return made


@contextmanager
def asking(owner: Session, settings: Settings, duties: list[tuple[int, int]]) -> Iterator[None]:
    """As the application's role with an account of these areas of duty."""
    name = f"cells-{random.random()}"
    account = Account(username=name, full_name=name, role="leader", jur=LOW, jur_end=LOW + 10**6, password_hash="x")
    owner.add(account)
    owner.flush()
    owner.add_all(Duty(account_id=account.id, jur=low, jur_end=high) for low, high in duties)
    owner.flush()
    open_session(owner, settings, account.id, name)
    owner.execute(text("set local role fangtu_app"))
    owner.execute(text("select sec.enter(:token)"), {"token": name})
    yield
    owner.execute(text("set local role fangtu_owner"))


def test_cells_are_what_the_records_say_for_any_duty(owner: Session, settings: Settings, town: SmallTownship) -> None:
    chance = random.Random(SEED)
    places = owner.execute(text("select x, y from household where x is not null")).tuples().all()
    seen = 0
    for _ in range(6):
        starts = [LOW + chance.randrange(42) * 1000 + chance.randrange(4) for _ in range(chance.randrange(1, 4))]
        duties = sorted({(start, start + chance.choice([1, 1000, 5000])) for start in starts})
        with asking(owner, settings, duties):
            for z in range(tiles.POINTS_FROM_ZOOM):
                x, y = chance.choice(places)
                keys = tiles._tile_keys(town.campaign_id, 1, z, x >> (31 - z), y >> (31 - z))
                keys["shift"] = 31 - z - tiles.CELL_SPLIT
                direct = sorted(map(str, owner.execute(text(DIRECT), keys).all()))
                kept = sorted(map(str, owner.execute(text(KEPT), keys).all()))
                assert kept == direct, (duties, z)
                seen += len(kept)
    assert seen > 50


def test_recheck_finds_nothing_in_cells_and_what_was_put_wrong(owner: Session, town: SmallTownship) -> None:
    assert recheck(owner)["checks"]["cells"] == 0
    owner.execute(text("update cell set visited = visited + 1 where ctid = (select min(ctid) from cell)"))
    assert recheck(owner)["checks"]["cells"] == 1


def test_nothing_is_left_when_everything_is_gone(owner: Session, town: SmallTownship) -> None:
    for table in ("renovation_site", "appraisal", "house"):
        owner.execute(text(f"delete from {table}"))
    owner.execute(text("delete from standing"))
    fold_now(owner)
    assert owner.scalar(text("select count(*) from cell")) == 0


def test_a_visit_touches_the_cells_of_its_own_place_only(owner: Session, town: SmallTownship) -> None:
    key = owner.scalar(
        text("select min(household_id) from standing where status = 0 and quality <= 4 and x is not null")
    )
    before = owner.execute(text("select ctid::text from cell")).scalars().all()
    owner.execute(
        text("""insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, mode, outcome, verdict,
                                   counts)
                select gen_random_uuid(), 'one', :c, 1, id, jur, 'home', 'done', 'valid', true
                  from household where id = :key"""),
        {"c": town.campaign_id, "key": key},
    )
    fold_now(owner)
    after = owner.execute(text("select ctid::text from cell")).scalars().all()
    assert len(set(after) - set(before)) == len(tiles.CELL_LEVELS)


def test_levels_are_those_of_the_database(owner: Session) -> None:
    assert tuple(owner.scalars(text("select level from cell_levels() order by 1"))) == tiles.CELL_LEVELS


@pytest.mark.parametrize("z", [5, 8, 11, 13, 14, 16])
def test_tiles_are_read_by_index_ranges_under_row_level_security(
    owner: Session, settings: Settings, town: SmallTownship, z: int
) -> None:
    owner.execute(text("analyze cell, standing, house"))
    x, y = owner.execute(text("select x, y from household where x is not null limit 1")).one()
    keys = tiles._tile_keys(town.campaign_id, 1, z, x >> (31 - z), y >> (31 - z))
    table, query = ("cell", tile_queries.CELLS) if z < tiles.POINTS_FROM_ZOOM else ("standing", tile_queries.HOUSEHOLDS)
    with asking(owner, settings, [(LOW, LOW + 5000), (LOW + 9000, LOW + 9001)]):
        plan = owner.scalar(text(f"explain (format json) {query}"), keys)
    nodes = list(walk((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"]))
    reads = [node for node in nodes if node.get("Relation Name") == table]
    assert reads
    for node in reads:
        assert node["Node Type"] in ("Index Scan", "Index Only Scan"), node
        assert "morton" in node["Index Cond"]
        assert "jur" in node["Index Cond"]


def walk(node: dict) -> Iterator[dict]:
    yield node
    for below in node.get("Plans", []):
        yield from walk(below)
