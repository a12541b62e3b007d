"""A made-up county straight into the store, past reading and checking: for measuring and trying at any size.

Rows are made by the program, so that there is nothing to recognise and nothing to refuse; all else is as with an
import: one transaction, one batch, an audit row. Where things belong is decided by ``data.areas``, what counts by
``data.rules.validity``. Triggers, and indexes of tables that grow many times over, are set aside meanwhile
(``data.upkeep``), and what they keep is made once at the end (``data.kept``).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import chain, islice
from typing import Any

import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.areas import list_places, number_range
from data.audit import record
from data.campaigns import open_campaign
from data.db import owner_session
from data.following import DISTANCE
from data.imports.bulk_households import add_households, read_land
from data.imports.run import IMPORT_LOCK
from data.imports.sending import copy_frames
from data.imports.staging import make_stage
from data.kept import rebuild, rebuild_houses, rounds_within
from data.rules.plan import VisitRule, read_plan
from data.rules.validity import VisitFacts, check_visit
from data.samples.county import CAMPAIGN, CITY, PLAN, County
from data.upkeep import bring_back, upkeep_aside
from geo.errors import FangtuError, Text
from geo.shapes import label_point

Say = Callable[[Text], None]
KIND = "sample"
# Rows of a statement: enough that its fixed costs do not count, few enough that they fit on the disk a second time.
ROWS_AT_ONCE = 1_000_000
# Rows that are made and sent at a time.
_ROWS_SENT = 20_000
_TABLES = (
    *("area", "grid", "household", "house", "appraisal", "visit"),
    *("standing", "coverage", "coverage_day", "coverage_shown", "cell", "map_version"),
)
# Memory of a sort or a join, and of making an index: for one connection, while nothing else is written.
_MEMORY = {"work_mem": "256MB", "maintenance_work_mem": "512MB", "temp_buffers": "256MB"}
_HOUSE = {
    "code": "text",
    "household_code": "text",
    "grade": "text",
    "appraised_on": "date",
    "structure": "text",
    "built_year": "integer",
    "area_m2": "double precision",
    "storeys": "integer",
}
_VISIT = {
    "code": "uuid",
    "household_code": "text",
    "round": "smallint",
    "started_at": "timestamp",
    "ended_at": "timestamp",
    "minutes": "double precision",
    "mode": "text",
    "reason": "text",
    "outcome": "text",
    "visitor": "text",
    "lon": "double precision",
    "lat": "double precision",
    "accuracy_m": "double precision",
    "verdict": "text",
}
_POINT = {
    "geom": "geometry(point, 4326) generated always as (st_setsrid(st_makepoint(lon, lat), 4326)) stored",
}


class CountyThere(FangtuError):
    """A county of these codes is in the store already."""

    code = "county_there"


def load_county(engine: Engine, county: County, say: Say = lambda text: None) -> dict[str, Any]:
    """Load a county as one batch.

    Parameters
    ----------
    engine : Engine
        Of the owner.
    county : County
    say : callable, optional
        Gets a sentence for each step.

    Returns
    -------
    dict
        ``batch``: its number; ``seconds`` by step. What is stored is what an import of the county's files stores.

    Raises
    ------
    CountyThere
        If an area of one of its codes is known; nothing is changed then.
    """
    seconds: dict[str, float] = {}

    @contextmanager
    def step(name: str, sentence: Text) -> Iterator[None]:
        say(sentence)
        began = time.perf_counter()
        yield
        seconds[name] = round(time.perf_counter() - began, 2)

    jur, jur_end = number_range(CITY)
    counts = county.counts
    with owner_session(engine) as session:
        session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": IMPORT_LOCK})
        _refuse_known(session, county)
        _take_memory(session)
        batch = _open_batch(session, county, jur, jur_end)
        with step("areas", Text("写入辖区和网格", "Writing areas and grids")):
            _add_areas(session, county, batch)
            land = read_land(session)
        open_campaign(session, read_plan(PLAN), (jur, jur_end))
        rounds = rounds_within(session, jur, jur_end)
        coming = {
            "household": counts["households"],
            "house": counts["houses"],
            "appraisal": counts["houses"],
            "visit": counts["visits"],
            "standing": counts["households"] * len(rounds),
        }
        with upkeep_aside(session, coming) as aside:
            with step("households", Text("写入农户", "Writing households")):
                straight = "household" in aside.large
                add_households(session, county.households(_ROWS_SENT), land, batch, straight=straight)
                _count_rows(session, "household")
            with step("houses", Text("写入房屋", "Writing houses")):
                for rows in _parts(county.houses(_ROWS_SENT)):
                    _add_houses(session, rows, batch)
                _count_rows(session, "house", "appraisal")
            with step("visits", Text("写入走访记录", "Writing visits")):
                for rows in _parts(county.visits(_ROWS_SENT)):
                    _add_visits(session, rows, batch)
                _count_rows(session, "visit")
            with step("kept", Text("计算走访状态和覆盖率", "Adding up standings and coverage")):
                for campaign, number in rounds:
                    rebuild(session, campaign, number, jur, jur_end)
                rebuild_houses(session, jur, jur_end)
            with step("indexes", Text("建立索引", "Making indexes")):
                bring_back(session, aside.indexes)
            with step("keys", Text("核对外键", "Checking foreign keys")):
                bring_back(session, aside.keys)
        _close_batch(session, county, batch, jur)
    with step("vacuum", Text("整理数据表", "Tidying the tables")):
        _tidy(engine)
    return {"batch": batch, "seconds": seconds}


def _take_memory(session: Session) -> None:
    for name, value in _MEMORY.items():
        attempt = session.begin_nested()
        try:
            session.execute(text(f"set local {name} = '{value}'"))
            attempt.commit()
        except DBAPIError:
            # A connection that has had temporary tables keeps the buffers it gave them.
            attempt.rollback()


def _refuse_known(session: Session, county: County) -> None:
    known = session.scalars(
        text("select code from area where code = any (:codes) and valid_to is null order by code"),
        {"codes": county.county_codes},
    ).all()
    if known:
        raise CountyThere(
            Text(
                f"库中已有辖区 {'、'.join(known)}，样例县没有载入。",
                f"{', '.join(known)} is in the store already; the sample county was not loaded.",
            ),
            found=list(known),
        )


def _open_batch(session: Session, county: County, jur: int, jur_end: int) -> int:
    name = f"sample-{len(county.grid)}-{county.seed}"
    rows = sum(county.counts[kind] for kind in ("villages", "grids", "households", "houses", "visits"))
    return int(
        session.execute(
            text("""
                insert into batch (kind, file_name, sha256, read, accepted, jur, jur_end)
                values (:kind, :name, :digest, :rows, :rows, :jur, :jur_end) returning id"""),
            {
                "kind": KIND,
                "name": name,
                "digest": hashlib.sha256(name.encode()).digest(),
                "rows": rows,
                "jur": jur,
                "jur_end": jur_end,
            },
        ).scalar_one()
    )


def _close_batch(session: Session, county: County, batch: int, jur: int) -> None:
    record(
        session,
        act="import",
        object_kind=KIND,
        object_id=batch,
        details={"seed": county.seed, **county.counts},
        jur=jur,
    )


def _add_areas(session: Session, county: County, batch: int) -> None:
    """Write areas and grids; parents that are known already stay as they are."""
    shapes = county.boundaries.set_index("code").geometry
    make_stage(session, "stage_area", dict.fromkeys(("code", "name", "level", "parent", "shape", "spot"), "text"))
    listed = county.areas.rename(columns={"parent_code": "parent"})
    grids = county.boundaries[county.boundaries["level"] == "grid"].rename(columns={"parent_code": "parent"})
    rows = pd.concat([listed, pd.DataFrame(grids[["code", "name", "level", "parent"]])], ignore_index=True)
    drawn = np.array([shapes.get(code) for code in rows["code"]], dtype=object)
    spots = [
        label_point(shape) if shape is not None and level != "grid" else None
        for shape, level in zip(drawn, rows["level"], strict=True)
    ]
    for name, places in (("shape", drawn), ("spot", np.array(spots, dtype=object))):
        rows[name] = shapely.to_wkb(shapely.set_srid(places, 4326), hex=True, include_srid=True)
    copy_frames(session, "stage_area", [rows.fillna("")], list(rows.columns))
    session.execute(text("analyze stage_area"))
    session.execute(
        text("""
            insert into area (code, name, level, jur, jur_end, geom, centre, source, batch_id)
            select s.code, s.name, s.level, rpad(s.code, 15, '0')::bigint,
                   rpad(s.code, 15, '0')::bigint + (10 ^ (15 - length(s.code)))::bigint,
                   st_multi(s.shape::geometry), s.spot::geometry, case when s.shape is not null then 'wgs84' end, :batch
            from stage_area s where s.level <> 'grid' order by length(s.code), s.code
            on conflict (code) where valid_to is null do nothing"""),
        {"batch": batch},
    )
    session.execute(
        text("""
            update area a set parent_id = p.id from stage_area s join area p on p.code = s.parent and p.valid_to is null
             where a.code = s.code and a.batch_id = :batch"""),
        {"batch": batch},
    )
    session.execute(
        text("""
            insert into grid (code, name, village_id, jur, jur_end, geom, batch_id)
            select s.code, s.name, a.id, s.code::bigint, s.code::bigint + 1, st_multi(s.shape::geometry), :batch
            from stage_area s join area a on a.code = s.parent and a.valid_to is null
            where s.level = 'grid' order by s.code"""),
        {"batch": batch},
    )
    _count_rows(session, "area", "grid")


def _add_houses(session: Session, rows: Iterable[pd.DataFrame], batch: int) -> None:
    """Write houses where their households stand, and their appraisals."""
    make_stage(session, "stage_bulk", {"id": _next(session, "house", "id")} | _HOUSE)
    copy_frames(session, "stage_bulk", rows, list(_HOUSE))
    session.execute(text("analyze stage_bulk"))
    session.execute(
        text("""
            insert into house (id, natural_key, code, household_id, household_ref, jur, village_id, grid_id, grade,
                               structure, built_year, area_m2, storeys, batch_id, geom, source_system, placed_by,
                               accuracy_m, quality)
            select s.id, :city || ':' || s.code, s.code, h.id, s.household_code, h.jur,
                   h.village_id, h.grid_id, s.grade, s.structure, s.built_year, s.area_m2, s.storeys, :batch, h.geom,
                   h.source_system, 'household', h.accuracy_m, h.quality
            from stage_bulk s join household h on h.code = s.household_code and h.batch_id = :batch"""),
        {"batch": batch, "city": CITY},
    )
    session.execute(
        text("""
            insert into appraisal (house_id, jur, appraised_on, result, batch_id)
            select s.id, h.jur, s.appraised_on, s.grade, :batch from stage_bulk s join house h on h.id = s.id"""),
        {"batch": batch},
    )


def _add_visits(session: Session, rows: Iterable[pd.DataFrame], batch: int) -> None:
    make_stage(session, "stage_bulk", {"id": _next(session, "visit", "no")} | _VISIT | _POINT)
    copy_frames(session, "stage_bulk", (part.assign(verdict=_verdicts(part)) for part in rows), list(_VISIT))
    list_places(session, "stage_bulk")
    session.execute(
        text(f"""
            insert into visit (id, no, natural_key, campaign_id, round_no, household_id, household_ref, jur, visitor,
                               started_at, ended_at, minutes, mode, reason, outcome, place_jur, distance_m, verdict,
                               counts, batch_id, geom, source_system, placed_by, accuracy_m, quality)
            select v.code, v.id, v.code::text, c.id, v.round, h.id, v.household_code, h.jur, v.visitor,
                   v.started_at at time zone 'Asia/Shanghai', v.ended_at at time zone 'Asia/Shanghai', v.minutes,
                   v.mode, v.reason, v.outcome, p.jur, {DISTANCE}, v.verdict, v.verdict = 'valid',
                   :batch, v.geom, case when v.geom is not null then 'wgs84' end,
                   case when v.geom is not null then 'import' end, v.accuracy_m,
                   case when v.geom is null then 7 else 3 end
            from stage_bulk v
            join household h on h.code = v.household_code and h.batch_id = :batch
            join campaign c on c.code = :campaign
            left join placed p on p.id = v.id"""),
        {"batch": batch, "campaign": CAMPAIGN},
    )


def _next(session: Session, table: str, column: str) -> str:
    """Type of a stage's column that numbers its rows on where a table's column has come to."""
    sequence = session.scalar(text("select pg_get_serial_sequence(:t, :c)"), {"t": table, "c": column})
    return f"bigint default nextval('{sequence}')"


def _verdicts(rows: pd.DataFrame) -> list[str]:
    """Judge by the campaign's rule; what is alike is judged once."""
    rule = VisitRule.from_plan({"visit": asdict(read_plan(PLAN).visit)})
    facts = rows[["mode", "outcome", "minutes", "reason"]].itertuples(index=False, name=None)
    known: dict[tuple[Any, ...], str] = {}
    verdicts = []
    for fact in facts:
        verdict = known.get(fact)
        if verdict is None:
            verdict = known[fact] = check_visit(VisitFacts(*fact), rule)
        verdicts.append(verdict)
    return verdicts


def _parts(rows: Iterator[pd.DataFrame]) -> Iterator[Iterator[pd.DataFrame]]:
    """Put frames together to parts of so many rows as one statement takes; each is to be read before the next."""
    for first in rows:
        yield chain([first], islice(rows, ROWS_AT_ONCE // _ROWS_SENT - 1))


def _count_rows(session: Session, *tables: str) -> None:
    """Let the planner know of the rows just written: a table that is thought empty is joined row by row."""
    for table in tables:
        session.execute(text(f"analyze {table}"))


def _tidy(engine: Engine) -> None:
    """Vacuum what was written: indexes alone can answer only of pages that are known to be all visible."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in _TABLES:
            connection.execute(text(f"vacuum (analyze) {table}"))
