"""Ways of counting coverage anew, to compare what is kept with: GeoPandas, PostGIS, DuckDB and SedonaDB.

All count the same points, polygons and visits; each gives its answer, what it spent and the memory it had.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy import text

from data.db import owner_session
from data.recount import recount_grids
from tests.benchmarks.county_store import ROUND, CountyStore
from tests.benchmarks.figures import Spent, connect, peak_mib, private_mib, spending

Answer = list[tuple[str, int, int]]
# Membership by position alone, polygon outside: the form that every import uses.
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


def write_frames(store: CountyStore, folder: Path) -> float:
    """The same points, polygons and visits for the ways outside the database.

    Returns
    -------
    float
        Processor seconds, here and in the database, of reading what ``sjoin`` needs into frames.
    """
    with store.owner.connect() as connection:
        pid = connection.execute(text("select pg_backend_pid()")).scalar_one()
        connection.execute(text("set max_parallel_workers_per_gather = 0"))
        with spending(pid) as there, spending() as here:
            homes = pd.read_sql(
                text("""
                    select id, grid_id, st_x(geom) as lon, st_y(geom) as lat from household
                    where removed_at is null and geom is not null"""),
                connection,
            )
            points = gpd.points_from_xy(homes["lon"], homes["lat"], crs="EPSG:4326")
            visits = pd.read_sql(
                text("""
                    select household_id as household from visit
                    where campaign_id = :campaign and round_no = :round and counts and superseded_by is null
                      and household_id is not null"""),
                connection,
                params={"campaign": store.campaign_id, "round": ROUND},
            )
            grids = gpd.read_postgis(
                text("select id, code, geom as geometry from grid"), connection, geom_col="geometry"
            )
    # The key that DuckDB is given: which grid each household is stored in.
    homes["grid"] = homes["grid_id"].map(grids.set_index("id")["code"])
    gpd.GeoDataFrame(homes[["id", "grid"]], geometry=points).to_pickle(folder / "household.pickle")
    grids[["code", "geometry"]].to_pickle(folder / "grid.pickle")
    visits.to_pickle(folder / "visit.pickle")
    return there.cpu + here.cpu


def count_by_geopandas(folder: Path, rounds: int) -> tuple[Answer, list[Spent], float]:
    """Join anew in a process of its own; the frames are read before."""
    program = f"import sys; from tests.benchmarks.counting import sjoin; sjoin({str(folder)!r}, {rounds})"
    return _told(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False))


def sjoin(folder: str, rounds: int) -> None:
    """What :func:`count_by_geopandas` runs: join, count, and print times, memory and the answer."""
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
    print(json.dumps({"spent": spent, "mib": peak_mib(), "answer": rows}))


def count_by_postgis(store: CountyStore, rounds: int) -> tuple[Answer, list[Spent], float]:
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


def count_by_recount(store: CountyStore, rounds: int) -> tuple[Answer, list[Spent], float]:
    """As ``./fangtu recheck`` does, by points and grids alone; processor time of the backend and of this process."""
    spent = []
    answer: Answer = []
    with owner_session(store.owner) as session:
        pid = session.execute(text("select pg_backend_pid()")).scalar_one()
        codes = {row.id: row.code for row in session.execute(text("select id, code from grid"))}
        session.execute(text("set max_parallel_workers_per_gather = 0"))
        for _ in range(rounds):
            with spending(pid) as one, spending() as here:
                found = recount_grids(session, store.campaign_id, ROUND, cut_at_villages=False)
            one.cpu += here.cpu
            spent.append(one)
            answer = sorted((codes[grid], n, m) for grid, (n, m) in found.items())
    return answer, spent, peak_mib()


def count_by_peer(python: Path, name: str, folder: Path, rounds: int) -> tuple[Answer, list[Spent], float]:
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
