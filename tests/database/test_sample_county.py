"""A made-up county loaded straight into the store is what an import of its files makes, and nothing drifts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from data.areas import members_of
from data.coverage import coverage_by_area, coverage_total
from data.db import owner_session
from data.folding import fold
from data.imports.bulk import CountyThere, load_county
from data.imports.undo import UndoRefused, undo_batch
from data.recheck import recheck
from data.samples.county import CITY, County, make_county
from data.samples.county_files import write_county
from tests.database.importing import Store, opened

SIZE = 3_000
# What is stored of each table, with codes in place of keys.
STORED = {
    "area": """
        select a.code, a.name, a.level, p.code, a.jur, a.jur_end, st_asbinary(a.geom), st_asbinary(a.centre), a.derived,
               a.source, a.valid_from, a.valid_to from area a left join area p on p.id = a.parent_id order by 1""",
    "area_alias": "select area_id, name, code from area_alias order by 1, 2, 3",
    "grid": """
        select g.code, g.name, v.code, g.jur, g.jur_end, st_asbinary(g.geom)
        from grid g join area v on v.id = g.village_id order by 1""",
    "campaign": "select code, name_zh, name_en, target, cohort, plan, plan_text, jur, jur_end from campaign",
    "household": """
        select (to_jsonb(h) - '{id,village_id,grid_id,batch_id,created_at,updated_at}'::text[])::text, v.code, g.code
        from household h left join area v on v.id = h.village_id left join grid g on g.id = h.grid_id
        order by h.code""",
    "house": """
        select (to_jsonb(o) - '{id,household_id,village_id,grid_id,batch_id,created_at,updated_at}'::text[])::text,
               h.code, v.code, g.code
        from house o left join household h on h.id = o.household_id left join area v on v.id = o.village_id
        left join grid g on g.id = o.grid_id order by o.code""",
    "appraisal": """
        select o.code, (to_jsonb(a) - '{id,house_id,batch_id,created_at,updated_at}'::text[])::text
        from appraisal a join house o on o.id = a.house_id order by 1""",
    "visit": """
        select (to_jsonb(v) - '{no,household_id,campaign_id,batch_id,created_at,updated_at}'::text[])::text, h.code,
               c.code
        from visit v join campaign c on c.id = v.campaign_id left join household h on h.id = v.household_id
        order by v.id""",
    "standing": """
        select c.code, h.code, (to_jsonb(s) - '{household_id,campaign_id}'::text[])::text
        from standing s join campaign c on c.id = s.campaign_id join household h on h.id = s.household_id
        order by s.round_no, h.code""",
    "coverage": "select to_jsonb(c)::text from coverage_folded c order by c.round_no, c.jur, c.group_id",
    "coverage_day": "select to_jsonb(c)::text from coverage_day_folded c order by c.round_no, c.jur, c.group_id, c.day",
    "coverage_part": "select to_jsonb(c)::text from coverage_part_folded c order by 1",
    "visit_tally": "select to_jsonb(c)::text from visit_tally_folded c order by c.round_no, c.jur",
    # Files may come in on both sides of midnight.
    "coverage_shown": """
        select round_no, jur, group_id, sum(eligible), sum(visited) from coverage_shown
        group by 1, 2, 3 order by 1, 2, 3""",
    "coverage_known": "select campaign_id, round_no from coverage_known order by 1, 2",
    "cell": "select to_jsonb(c)::text from cell c order by c.campaign_id, c.round_no, c.level, c.morton, c.jur",
    "map_version": "select campaign_id, round_no, jur from map_version order by 1, 2, 3",
}


@pytest.fixture(scope="module")
def county() -> County:
    return make_county(SIZE)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened("fangtu_test_county") as made:
        yield made


def stored(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    fold(store.engine)
    return {
        table: [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in store.rows(sql)]
        for table, sql in STORED.items()
    }


def test_a_loaded_county_is_what_its_imported_files_are(store: Store, county: County, tmp_path: Path) -> None:
    loaded = load_county(store.engine, county)
    straight = stored(store)
    with owner_session(store.engine) as session:
        found = recheck(session)
        assert (found["drift"], found["counts"]["household"]) == (0, SIZE)
    assert store.rows("select kind, read, accepted from batch") == [("sample", *[_rows(county)] * 2)]
    assert store.one("select details ->> 'households' from audit where act = 'import'") == str(SIZE)
    with owner_session(store.engine) as session, pytest.raises(UndoRefused, match="sample"):
        undo_batch(session, loaded["batch"])
    files = write_county(county, tmp_path)
    # Over what is there the files change nothing …
    for kind, paths in files.items():
        for path in paths:
            report = store.load(kind, path, area=None if kind == "areas" else CITY)
            assert report.counts["unchanged"] == report.read, (path, report.counts)
    # … and into an empty store they bring the same rows.
    store.empty()
    for kind, paths in files.items():
        for path in paths:
            report = store.load(kind, path, area=None if kind == "areas" else CITY)
            assert report.refused == 0, (path, report.problems[:3])
    imported = stored(store)
    for table, rows in straight.items():
        assert imported[table] == rows, table


def test_a_county_that_is_there_is_not_loaded_again(store: Store, county: County) -> None:
    store.empty()
    load_county(store.engine, make_county(40, seed=9))
    before = stored(store)
    with pytest.raises(CountyThere) as refusal:
        load_county(store.engine, county)
    assert "990101" in refusal.value.text.zh
    assert stored(store) == before


def test_a_county_beside_more_households_is_the_county_by_itself(store: Store) -> None:
    # The table of households stays open to others then, and rows come into it another way.
    county, held = (
        make_county(40, seed=9),
        STORED["household"].replace("order by", "where h.code like '9901%' order by"),
    )
    store.empty()
    load_county(store.engine, county)
    by_itself = store.rows(held)
    assert len(by_itself) == 40
    store.empty()
    with owner_session(store.engine) as session:
        session.execute(
            text("""
                insert into household (natural_key, code, head_name, jur)
                select 'x:' || n, 'x' || n, '某人', 0 from generate_series(1, 60) n""")
        )
    load_county(store.engine, county)
    assert store.rows(held) == by_itself
    with owner_session(store.engine) as session:
        assert recheck(session)["drift"] == 0


def test_households_of_a_loaded_county_lie_where_the_rule_of_the_store_has_them(store: Store, county: County) -> None:
    store.empty()
    load_county(store.engine, county)
    with owner_session(store.engine) as session:
        told = session.execute(
            text(f"""
                select count(*), count(*) filter (
                    where (h.village_id, h.grid_id, h.jur) is not distinct from (m.village_id, m.grid_id, g.jur))
                from household h left join ({members_of("household")}) m on m.id = h.id
                left join grid g on g.id = m.grid_id""")
        ).one()
    assert tuple(told) == (SIZE, SIZE)


def test_coverage_of_a_loaded_county_is_that_of_a_recount(store: Store, county: County) -> None:
    store.empty()
    load_county(store.engine, county)
    with owner_session(store.engine) as session:
        for number in (1, 2):
            for by, key in (("grid", "g.code"), ("village", "left(g.code, 12)")):
                kept = {row.code: (row.eligible, row.visited) for row in coverage_by_area(session, 1, number, by)}
                # Which household is in which grid is asked of the places alone.
                counted = store.rows(
                    f"""
                    select {key}, count(*), count(*) filter (where exists (
                               select 1 from visit v where v.household_id = h.id and v.round_no = :no
                                  and v.verdict = 'valid'))
                    from grid g join household h on st_covers(g.geom, h.geom) group by 1""",
                    no=number,
                )
                assert {code: numbers for code, numbers in kept.items() if numbers[0]} == {
                    code: (total, visited) for code, total, visited in counted
                }
            assert coverage_total(session, 1, number).eligible == SIZE


def _rows(county: County) -> int:
    return sum(county.counts[name] for name in ("villages", "grids", "households", "houses", "visits"))
