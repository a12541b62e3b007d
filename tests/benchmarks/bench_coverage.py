"""Coverage of a loaded county: reading what is kept beside four ways of counting anew, and what it costs a visit.

    .venv/bin/python -m tests.benchmarks.bench_coverage [households] [--rounds 5]

Reading is done as the application, under row-level security, through ``data.coverage``. What is kept and what is
computed are not the same work: the ratio says what a page saves, not which program counts faster. First all ways have
to give the same numbers for every grid. DuckDB and SedonaDB are installed into an environment of their own under
``var``, and left out with a sentence where that is not possible.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from data.coverage import coverage_by_area, coverage_total
from tests.benchmarks.counting import (
    Answer,
    PeerFailed,
    count_by_geopandas,
    count_by_peer,
    count_by_postgis,
    count_by_recount,
    write_frames,
)
from tests.benchmarks.county_store import HOUSEHOLDS, ROUND, CountyStore, county_store
from tests.benchmarks.figures import (
    AnswersDiffer,
    Figure,
    Spent,
    alone,
    backend_cpu,
    load_average,
    p95,
    private_mib,
)
from tests.benchmarks.peers import COUNTERS, peer_python
from tests.benchmarks.visit_writing import writing

ABOUT = "Coverage kept on write beside counting anew (GeoPandas, PostGIS, DuckDB, SedonaDB), and what it costs a visit."
READS, ROUNDS = 30, 5
# Set for a million households in ten thousand grids; for fewer the figures are only told.
GOALS_FROM = 1_000_000
READ_WITHIN_MS, READ_TIMES, RECOUNT_TIMES = 20.0, 100.0, 1.5


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
    read = write_frames(store, folder)
    ways: dict[str, Callable[[], tuple[Answer, list[Spent], float]]] = {
        "GeoPandas sjoin": lambda: count_by_geopandas(folder, rounds),
        "recount of recheck": lambda: count_by_recount(store, rounds),
        "PostGIS, LATERAL": lambda: count_by_postgis(store, rounds),
    }
    python = peer_python("coverage", COUNTERS)
    if python is not None:
        ways["DuckDB, stored keys"] = lambda: count_by_peer(python, "duckdb", folder, rounds)
        ways["SedonaDB"] = lambda: count_by_peer(python, "sedona", folder, rounds)
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
    # A page makes rows of what it shows; an export of all.
    reads = {
        "grid": _read(store, "grid"),
        "grid, and a row made of each": _read(store, "grid", made=True),
        "village": _read(store, "village"),
    }
    told = f"{store.households} households, {len(kept)} grids"
    return _compare(reads, times, told, rounds, read, large=store.households >= GOALS_FROM)


def _compare(
    reads: dict[str, tuple[list[Spent], float]],
    times: dict[str, tuple[list[Spent], float]],
    told: str,
    rounds: int,
    read: float,
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
    recount = statistics.median(one.cpu for one in times["recount of recheck"][0])
    joined = statistics.median(one.cpu for one in geopandas[0])
    figures += [
        Figure(
            "CPU of the recount, in times that of sjoin",
            recount / joined,
            "times",
            RECOUNT_TIMES if large else None,
            conditions=f"{told}; reading the rows is in the recount and not in sjoin",
        ),
        Figure(
            "the same with the rows that sjoin joins read from the store as well",
            recount / (joined + read),
            "times",
            peer=f"recount {recount:.2f} s; sjoin {joined:.2f} s and {read:.2f} s of reading into frames",
            conditions=told,
        ),
    ]
    return figures


def _answer(session: Any, store: CountyStore) -> Answer:
    rows = coverage_by_area(session, store.campaign_id, ROUND, "grid")
    return sorted((row.code, row.eligible, row.visited) for row in rows if row.code and row.eligible)


def _read(store: CountyStore, by: str, *, made: bool = False) -> tuple[list[Spent], float]:
    """Read through ``data.coverage``, each time in a transaction of its own that is entered anew; that is in it."""
    spent = []
    mib = 0.0
    gc.freeze()  # as the web process does once it has started
    for number in range(READS + 2):
        began = time.perf_counter()
        with store.asking() as session:
            pid = session.execute(text("select pg_backend_pid()")).scalar_one()
            cpu = backend_cpu(pid) + time.process_time()
            rows = coverage_by_area(session, store.campaign_id, ROUND, by)
            if made:
                list(rows)
            one = Spent(time.perf_counter() - began, backend_cpu(pid) + time.process_time() - cpu)
            mib = max(mib, private_mib(pid))
        if number > 1:
            spent.append(one)
    return spent, mib


if __name__ == "__main__":
    sys.exit(main())
