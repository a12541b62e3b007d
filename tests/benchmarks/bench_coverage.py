"""Coverage of a loaded county: reading what is kept beside four ways of counting anew, and what it costs a visit.

    .venv/bin/python -m tests.benchmarks.bench_coverage [households] [--rounds 5]

Reading is done as the application, under row-level security, through ``data.coverage``. What is kept and what is
computed are not the same work: the ratio says what a page saves, not which program counts faster. First all ways have
to give the same numbers for every grid. DuckDB and SedonaDB are installed into an environment of their own under
``var``, and left out with a sentence where that is not possible.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg2
from sqlalchemy import text

from data.coverage import coverage_by_area, coverage_total
from tests.benchmarks.county_store import HOUSEHOLDS, CountyStore, county_store
from tests.benchmarks.figures import (
    AnswersDiffer,
    Figure,
    Spent,
    alone,
    backend_cpu,
    connect,
    load_average,
    p95,
    private_mib,
    spending,
)
from tests.benchmarks.peers import COUNTERS, peer_python

ABOUT = "Coverage kept on write beside counting anew (GeoPandas, PostGIS, DuckDB, SedonaDB), and what it costs a visit."
ROUND = 2
READS, ROUNDS = 30, 3
# Set for a million households in ten thousand grids; for fewer the figures are only told.
GOALS_FROM = 1_000_000
READ_WITHIN_MS, READ_TIMES, RECOUNT_TIMES = 20.0, 100.0, 1.5
TRIGGER_WITHIN_MS, HOT_SHARE = 0.2, 0.6
WRITERS, PER_WRITER, SINGLE, MANY = 8, 100, 300, 20_000
Answer = list[tuple[str, int, int]]
# Membership by position alone, polygon outside: the form that recheck and every import use.
_RECOUNT = """
    with reached as materialized (
        select household_id from visit
         where campaign_id = %s and round_no = %s and counts and superseded_by is null)
    select g.code, i.n, i.reached from (select code, geom from grid offset 0) g
     cross join lateral (
        select count(*) as n, count(*) filter (where h.id in (select household_id from reached)) as reached
          from household h where st_covers(g.geom, h.geom)) i
     where i.n > 0 order by g.code"""
_PEER = """
import json, sys, time
name, folder, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
if name == "duckdb":
    import duckdb
    ask = duckdb.connect()
    def count():
        return ask.execute(f\"\"\"select h.grid, count(*), count(v.household) from '{folder}/household.parquet' h
            left join (select distinct household from '{folder}/visit.parquet') v on v.household = h.id
            where h.grid is not null group by 1 order by 1\"\"\").fetchall()
else:
    import sedonadb
    ask = sedonadb.connect()
    for table in ("household", "visit", "grid"):
        ask.read_parquet(f"{folder}/{table}.parquet").to_view(table)
    def count():
        rows = ask.sql(\"\"\"select g.code, count(*) as n, count(v.household) as m from grid g
            join household h on st_contains(g.geometry, h.geometry)
            left join (select distinct household from visit) v on v.household = h.id group by g.code\"\"\").to_pandas()
        return sorted(rows.itertuples(index=False, name=None))
spent = []
for _ in range(rounds):
    wall, cpu = time.perf_counter(), time.process_time()
    answer = count()
    spent.append((time.perf_counter() - wall, time.process_time() - cpu))
mib = next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmHWM')) / 1024
print(json.dumps({"spent": spent, "mib": mib, "answer": [[str(c), int(n), int(m)] for c, n, m in answer]}))
"""


class PeerFailed(Exception):
    """A program to compare with does not run here."""


def main() -> int:
    """Measure alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("households", nargs="?", type=int, default=HOUSEHOLDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    return alone(lambda: run(chosen.households, chosen.rounds))


def run(households: int | None = None, rounds: int = ROUNDS) -> list[Figure]:
    """Compare reading and counting, then writing; the county's database is kept for the next run."""
    with county_store(households or HOUSEHOLDS) as store:
        figures = reading(store, rounds)
        return figures + writing(store)


def reading(store: CountyStore, rounds: int) -> list[Figure]:
    """Read what is kept, count anew in every way, compare the answers and then the times."""
    folder = store.settings.var / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    _write_frames(store, folder)
    ways: dict[str, Callable[[], tuple[Answer, list[Spent], float]]] = {
        "GeoPandas sjoin": lambda: _geopandas(folder, rounds),
        "PostGIS recount": lambda: _postgis(store, rounds),
    }
    python = peer_python("coverage", COUNTERS)
    if python is not None:
        ways["DuckDB, stored keys"] = lambda: _peer(python, "duckdb", folder, rounds)
        ways["SedonaDB"] = lambda: _peer(python, "sedona", folder, rounds)
    with store.asking() as session:
        kept = _answer(session, store)
        village = sum(row.visited for row in coverage_by_area(session, store.campaign_id, ROUND, "village"))
        total = coverage_total(session, store.campaign_id, ROUND)
    if (sum(n for _, n, _ in kept), sum(m for _, _, m in kept)) != (total.eligible, total.visited):
        raise AnswersDiffer("the grids do not add up to the whole")
    if village != total.visited:
        raise AnswersDiffer("the villages do not add up to the whole")
    times: dict[str, tuple[list[Spent], float]] = {}
    for name, count in ways.items():
        try:
            answer, spent, mib = count()
        except PeerFailed as error:
            print(f"{name} is left out: {error}", flush=True)
            continue
        if answer != kept:
            wrong = sum(a != b for a, b in zip(answer, kept, strict=False)) + abs(len(answer) - len(kept))
            raise AnswersDiffer(f"{name} and what is kept differ in {wrong} of {len(kept)} grids")
        times[name] = spent, mib
        print(f"{name}: the same answer for {len(kept)} grids, {sum(n for _, n, _ in answer)} households", flush=True)
    reads = {by: _read(store, by) for by in ("grid", "village")}
    told = f"{store.households} households, {len(kept)} grids"
    return _compare(reads, times, told, rounds, large=store.households >= GOALS_FROM)


def _compare(
    reads: dict[str, tuple[list[Spent], float]],
    times: dict[str, tuple[list[Spent], float]],
    told: str,
    rounds: int,
    *,
    large: bool,
) -> list[Figure]:
    figures = []
    load = load_average()
    grid_ms = statistics.median(spent.wall for spent in reads["grid"][0]) * 1000
    geopandas = times["GeoPandas sjoin"]
    for by, (spent, mib) in reads.items():
        wall = [one.wall * 1000 for one in spent]
        cpu = sum(one.cpu for one in spent) / len(spent) * 1000
        conditions = f"{told}, {len(wall)} reads under row-level security, {load}"
        figures += [
            Figure(
                f"coverage by {by}, read, median",
                statistics.median(wall),
                "ms",
                READ_WITHIN_MS if by == "grid" and large else None,
                peer=f"CPU of backend and Python {cpu:.1f} ms, backend {mib:.0f} MiB",
                conditions=conditions,
                beside={name: statistics.median(one.wall for one in spent) * 1000 for name, (spent, _) in times.items()}
                if by == "grid"
                else {},
            ),
            Figure(f"coverage by {by}, read, p95", p95(wall), "ms", conditions=conditions),
        ]
    for name, (spent, mib) in times.items():
        wall_ms = statistics.median(one.wall for one in spent) * 1000
        cpu_ms = statistics.median(one.cpu for one in spent) * 1000
        figures.append(
            Figure(
                f"counted anew by {name}",
                wall_ms,
                "ms",
                peer=f"CPU {cpu_ms:.0f} ms, {mib:.0f} MiB; ratio to reading what is kept",
                ratio=wall_ms / grid_ms,
                conditions=f"{told}, median of {rounds}, {load}",
            )
        )
    fresh = statistics.median(one.wall for one in geopandas[0]) * 1000
    figures.append(
        Figure(
            "reading what is kept is so many times sooner than sjoin",
            fresh / grid_ms,
            "times",
            READ_TIMES if large else None,
            at_least=True,
            peer="one stores, the other computes",
            conditions=told,
        )
    )
    recount = statistics.median(one.cpu for one in times["PostGIS recount"][0])
    figures.append(
        Figure(
            "CPU of the recount, in times that of sjoin",
            recount / statistics.median(one.cpu for one in geopandas[0]),
            "times",
            RECOUNT_TIMES if large else None,
            conditions=f"{told}; reading the rows is in the recount and not in sjoin",
        )
    )
    return figures


def _answer(session: Any, store: CountyStore) -> Answer:
    rows = coverage_by_area(session, store.campaign_id, ROUND, "grid")
    return sorted((row.code, row.eligible, row.visited) for row in rows if row.code and row.eligible)


def _read(store: CountyStore, by: str) -> tuple[list[Spent], float]:
    """Read through ``data.coverage``, each time in a transaction of its own that is entered anew; that is in it."""
    spent = []
    mib = 0.0
    for number in range(READS + 2):
        began = time.perf_counter()
        with store.asking() as session:
            pid = session.execute(text("select pg_backend_pid()")).scalar_one()
            cpu = backend_cpu(pid) + time.process_time()
            coverage_by_area(session, store.campaign_id, ROUND, by)
            one = Spent(time.perf_counter() - began, backend_cpu(pid) + time.process_time() - cpu)
            mib = max(mib, private_mib(pid))
        if number > 1:
            spent.append(one)
    return spent, mib


def _write_frames(store: CountyStore, folder: Path) -> None:
    """The same points, polygons and visits for the ways outside the database."""
    with store.owner.connect() as connection:
        homes = pd.read_sql(
            text("""
                select h.id, g.code as grid, st_x(h.geom) as lon, st_y(h.geom) as lat
                from household h left join grid g on g.id = h.grid_id
                where h.removed_at is null and h.geom is not null"""),
            connection,
        )
        visits = pd.read_sql(
            text("""
                select household_id as household from visit
                where campaign_id = :campaign and round_no = :round and counts and superseded_by is null
                  and household_id is not null"""),
            connection,
            params={"campaign": store.campaign_id, "round": ROUND},
        )
        grids = gpd.read_postgis(text("select code, geom as geometry from grid"), connection, geom_col="geometry")
    points = gpd.points_from_xy(homes["lon"], homes["lat"], crs="EPSG:4326")
    gpd.GeoDataFrame(homes[["id", "grid"]], geometry=points).to_pickle(folder / "household.pickle")
    grids.to_pickle(folder / "grid.pickle")
    visits.to_pickle(folder / "visit.pickle")


def _geopandas(folder: Path, rounds: int) -> tuple[Answer, list[Spent], float]:
    """Join anew in a process of its own; the frames are read before."""
    program = f"import sys; from tests.benchmarks.bench_coverage import sjoin; sjoin({str(folder)!r}, {rounds})"
    return _told(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False))


def sjoin(folder: str, rounds: int) -> None:
    """What :func:`_geopandas` runs: join, count, and print times, memory and the answer."""
    homes, grids, visits = (pd.read_pickle(Path(folder, f"{name}.pickle")) for name in ("household", "grid", "visit"))
    spent = []
    for _ in range(rounds):
        with spending() as one:
            found = gpd.sjoin(homes[["id", "geometry"]], grids[["code", "geometry"]], predicate="within")
            reached = np.isin(found["id"].to_numpy(), visits["household"].unique())
            counted = pd.DataFrame({"code": found["code"].to_numpy(), "reached": reached}).groupby("code")["reached"]
            answer = counted.agg(["size", "sum"])
        spent.append((one.wall, one.cpu))
    rows = [[code, int(n), int(m)] for code, n, m in answer.itertuples()]
    from tests.benchmarks.figures import peak_mib

    print(json.dumps({"spent": spent, "mib": peak_mib(), "answer": rows}))


def _postgis(store: CountyStore, rounds: int) -> tuple[Answer, list[Spent], float]:
    connection = connect(store.settings)
    pid = connection.info.backend_pid
    spent = []
    answer: Answer = []
    with connection.cursor() as cursor:
        cursor.execute("set max_parallel_workers_per_gather = 0")
        for _ in range(rounds):
            with spending(pid) as one:
                cursor.execute(_RECOUNT, (store.campaign_id, ROUND))
                answer = sorted((code, n, m) for code, n, m in cursor.fetchall())
            spent.append(one)
    mib = private_mib(pid)
    connection.close()
    return answer, spent, mib


def _peer(python: Path, name: str, folder: Path, rounds: int) -> tuple[Answer, list[Spent], float]:
    """Let another program count; its files are written by its own environment, which has what that takes."""
    _write_parquet(python, folder)
    return _told(
        subprocess.run(
            [str(python), "-c", _PEER, name, str(folder), str(rounds)], capture_output=True, text=True, check=False
        )
    )


def _write_parquet(python: Path, folder: Path) -> None:
    """Write Parquet, with geometries as GeoParquet, from what this process holds."""
    homes, grids, visits = (pd.read_pickle(folder / f"{name}.pickle") for name in ("household", "grid", "visit"))
    for name, frame in (("household", homes), ("grid", grids)):
        plain = pd.DataFrame(frame.drop(columns="geometry")).assign(geometry=frame.geometry.to_wkb(hex=True))
        plain.to_csv(folder / f"{name}.csv", index=False)
    visits.to_csv(folder / "visit.csv", index=False)
    program = """
import sys
import geopandas as gpd, pandas as pd
folder = sys.argv[1]
for name in ("household", "grid", "visit"):
    frame = pd.read_csv(f"{folder}/{name}.csv", dtype={"grid": str, "code": str})
    if "geometry" in frame:
        frame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries.from_wkb(frame["geometry"], crs="EPSG:4326"))
    frame.to_parquet(f"{folder}/{name}.parquet")
"""
    subprocess.run([str(python), "-c", program, str(folder)], check=True)


def _told(done: subprocess.CompletedProcess[str]) -> tuple[Answer, list[Spent], float]:
    if done.returncode:
        raise PeerFailed(done.stderr.strip().splitlines()[-1])
    found = json.loads(done.stdout.splitlines()[-1])
    answer = sorted((str(code), n, m) for code, n, m in found["answer"])
    return answer, [Spent(*one) for one in found["spent"]], found["mib"]


_INSERT = """
    insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, mode, outcome, minutes, verdict,
                       counts)
    select u.id, u.id::text, %(campaign)s, %(round)s, h.id, h.jur, 'home', 'done', 45, 'valid', true
    from unnest(%(ids)s::uuid[], %(homes)s::bigint[]) as u (id, home) join household h on h.id = u.home"""


def writing(store: CountyStore) -> list[Figure]:
    """Insert visits with the triggers and without, by turns; what was written is taken out again."""
    owner = connect(store.settings)
    figures: list[Figure] = []
    try:
        with owner.cursor() as cursor:
            cursor.execute("set synchronous_commit = off")
            cursor.execute("select array_agg(id order by id) from household")
            homes = cursor.fetchone()[0]
            cursor.execute("""
                select array_agg(h.id order by h.id) from household h where grid_id = (
                    select grid_id from household group by 1 order by count(*) desc limit 1)""")
            hot = cursor.fetchone()[0]
        single, many, burst = ({True: [], False: []} for _ in range(3))
        folding: list[tuple[int, float]] = []
        chance = random.Random(3)
        for _ in range(3):
            for kept in (False, True):
                _set_triggers(owner, kept)
                single[kept].append(_single(store, owner, chance.sample(homes, min(SINGLE, len(homes)))))
                many[kept].append(_many(store, owner, chance.sample(homes, min(MANY, len(homes)))))
                burst[kept].append(_burst(store, hot))
                if kept:
                    folding.append(_fold(owner))
                _take_out(owner)
                _fold(owner)
        figures = [*_cost(store, single, many, burst, len(hot)), _cost_of_folding(store, folding)]
    finally:
        _take_out(owner)
        _set_triggers(owner, True)
        owner.close()
    from data.db import owner_session
    from data.recheck import recheck

    with owner_session(store.owner) as session:
        drift = recheck(session)["drift"]
    if drift:
        raise AnswersDiffer(f"{drift} rows are kept otherwise than counted after the writing")
    return figures


def _cost(
    store: CountyStore,
    single: dict[bool, list[list[float]]],
    many: dict[bool, list[float]],
    burst: dict[bool, list[float]],
    hot: int,
) -> list[Figure]:
    one = {
        kept: statistics.median(statistics.median(times) for times in turns) * 1000 for kept, turns in single.items()
    }
    bulk = {kept: statistics.median(turns) for kept, turns in many.items()}
    rate = {kept: statistics.median(turns) for kept, turns in burst.items()}
    told = f"{store.households} households, median of 3 turns, synchronous_commit off, {load_average()}"
    return [
        Figure(
            "what keeping coverage adds to a visit",
            one[True] - one[False],
            "ms",
            TRIGGER_WITHIN_MS,
            peer=f"with {one[True]:.2f} ms, without {one[False]:.2f} ms",
            ratio=one[True] / one[False],
            conditions=f"{told}; {SINGLE} single inserts a turn",
        ),
        Figure(
            "many visits in one statement",
            bulk[True],
            "s",
            peer=f"without {bulk[False]:.2f} s",
            ratio=bulk[True] / bulk[False],
            conditions=f"{told}; {min(MANY, store.households)} visits",
        ),
        Figure(
            f"{WRITERS} writers on one grid keep of their rate",
            rate[True] / rate[False],
            "",
            HOT_SHARE,
            at_least=True,
            peer=f"{rate[True]:.0f} visits a second, without {rate[False]:.0f}",
            conditions=f"{told}; {hot} households, {WRITERS * PER_WRITER} visits a turn",
        ),
    ]


def _fold(owner: Any) -> tuple[int, float]:
    """Changes folded in, and the seconds it took; what single writers do not wait for."""
    began = time.perf_counter()
    with owner.cursor() as cursor:
        cursor.execute("select fold_changes()")
        return int(cursor.fetchone()[0]), time.perf_counter() - began


def _cost_of_folding(store: CountyStore, folding: list[tuple[int, float]]) -> Figure:
    changes, seconds = statistics.median(n for n, _ in folding), statistics.median(spent for _, spent in folding)
    return Figure(
        "folding in, for a thousand changes",
        seconds / changes * 1_000_000,
        "ms",
        peer=f"{changes:.0f} changes in {seconds:.2f} s, by the background program",
        conditions=f"{store.households} households, median of {len(folding)} turns, {load_average()}",
    )


def _set_triggers(owner: Any, kept: bool) -> None:
    with owner.cursor() as cursor:
        for name in ("visit_inserted", "visit_deleted"):
            cursor.execute(f"alter table visit {'enable' if kept else 'disable'} trigger {name}")


def _values(store: CountyStore, homes: list[int]) -> dict[str, Any]:
    return {
        "campaign": store.campaign_id,
        "round": ROUND,
        "ids": [f"00000000-0000-4000-8000-{uuid.uuid4().hex[:12]}" for _ in homes],
        "homes": homes,
    }


def _single(store: CountyStore, owner: Any, homes: list[int]) -> list[float]:
    times = []
    with owner.cursor() as cursor:
        for home in homes:
            values = _values(store, [home])
            began = time.perf_counter()
            cursor.execute(_INSERT, values)
            times.append(time.perf_counter() - began)
    return times


def _many(store: CountyStore, owner: Any, homes: list[int]) -> float:
    values = _values(store, homes)
    began = time.perf_counter()
    with owner.cursor() as cursor:
        cursor.execute(_INSERT, values)
    return time.perf_counter() - began


def _burst(store: CountyStore, hot: list[int]) -> float:
    """Visits a second of eight writers whose households are all in one grid."""
    faults: list[Exception] = []

    def write(number: int) -> None:
        connection, chance = connect(store.settings), random.Random(number)
        try:
            with connection.cursor() as cursor:
                cursor.execute("set synchronous_commit = off")
                for _ in range(PER_WRITER):
                    cursor.execute(_INSERT, _values(store, [chance.choice(hot)]))
        except psycopg2.Error as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return WRITERS * PER_WRITER / (time.perf_counter() - began)


def _take_out(owner: Any) -> None:
    """Remove what was inserted, and count anew the households whose visits came while nothing was kept."""
    with owner.cursor() as cursor:
        cursor.execute("""
            with gone as (delete from visit where id >= '00000000-0000-4000-8000-000000000000'
                             and id <= '00000000-0000-4000-8000-ffffffffffff'
                          returning campaign_id, round_no, household_id)
            select coalesce(array_agg(campaign_id), '{}'), coalesce(array_agg(round_no), '{}'),
                   coalesce(array_agg(household_id), '{}') from gone""")
        cursor.execute("select refresh_standing(%s::bigint[], %s::smallint[], %s::bigint[])", cursor.fetchone())


if __name__ == "__main__":
    sys.exit(main())
