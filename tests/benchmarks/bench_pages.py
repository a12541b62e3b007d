"""What a leader of a whole county asks for: the overview, and the addresses of the map and of the coverage list.

    .venv/bin/python -m tests.benchmarks.bench_pages [households] [--rounds 5]

Requests go through the application in this process, with session, access rules, row-level security and compression, but
without a socket. Processor time is that of this process and of its connections' database processes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.factory import create_app
from app.session import COOKIE
from tests.benchmarks.county_store import HOUSEHOLDS, CountyStore, county_store
from tests.benchmarks.figures import Figure, Spent, Unavailable, alone, backend_cpu, load_average

ABOUT = "Pages and map data of a whole county as its leader asks for them: the overview, areas, heat, days."
ROUNDS = 5
OVERVIEW_WITHIN_MS = 1000.0
OVERVIEW = "/overview"
PATHS = (
    OVERVIEW,
    "/map/setup.json",
    "/map/areas.json?by=village",
    "/map/areas.json?by=grid",
    "/map/classes.json?by=grid&show=dilapidated",
    "/map/heat.json?kind=unvisited&form=steps",
    "/map/heat.json?kind=visited&form=steps",
    "/map/heat.json?kind=dilapidated&form=steps",
    "/map/heat.json?kind=demands&form=steps",
    "/map/days.json",
    "/map/days.json?by=village,grid&heat=1&form=steps",
    "/map/settled.json",
    "/coverage?by=grid",
    "/api/v1/coverage?by=grid",
    "/today",
    "/remainder",
)


def main() -> int:
    """Measure alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("households", nargs="?", type=int, default=HOUSEHOLDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args()
    return alone(lambda: run(chosen.households, chosen.rounds))


def run(households: int | None = None, rounds: int = ROUNDS) -> list[Figure]:
    """Ask for each address in turn, round after round."""
    with county_store(households or HOUSEHOLDS) as store:
        client = create_app(store.settings).test_client()
        client.set_cookie(COOKIE, store.token)
        spent: dict[str, list[Spent]] = {path: [] for path in PATHS}
        sizes: dict[str, int] = {}
        for number in range(rounds + 1):
            for path in PATHS:
                one, sizes[path] = _ask(store, client, path)
                if number:  # the first fills caches and pools
                    spent[path].append(one)
    return [_figure(store, path, spent[path], sizes[path]) for path in PATHS]


def _ask(store: CountyStore, client: Any, path: str) -> tuple[Spent, int]:
    """One request; what it took, and the bytes sent."""
    before, cpu, began = _backends(store), time.process_time(), time.perf_counter()
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    sent = len(answer.get_data())
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    if answer.status_code != 200:
        raise Unavailable(f"{path} answers {answer.status_code}")
    cpu += sum(used - before.get(pid, 0.0) for pid, used in _backends(store).items())
    return Spent(wall, cpu), sent


def _backends(store: CountyStore) -> dict[int, float]:
    """Processor seconds of the database processes that serve the application."""
    with store.owner.connect() as connection:
        pids = connection.scalars(
            text("""
                select pid from pg_stat_activity where datname = current_database() and usename = 'fangtu_app'""")
        ).all()
    return {pid: backend_cpu(pid) for pid in pids if Path(f"/proc/{pid}").exists()}


def _figure(store: CountyStore, path: str, spent: list[Spent], sent: int) -> Figure:
    wall = sorted(one.wall * 1000 for one in spent)
    cpu = statistics.median(one.cpu for one in spent) * 1000
    return Figure(
        path,
        statistics.median(wall),
        "ms",
        OVERVIEW_WITHIN_MS if path == OVERVIEW else None,
        peer=f"CPU {cpu:.0f} ms, {sent / 1000:,.0f} kB sent",
        conditions=f"{store.households} households, {len(wall)} times, "
        f"{wall[0]:.0f} to {wall[-1]:.0f} ms, {load_average()}",
    )


if __name__ == "__main__":
    sys.exit(main())
