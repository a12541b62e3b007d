"""A county loaded in bulk, stage by stage: seconds, processor time of both sides, and memory; then the recheck.

    .venv/bin/python -m tests.benchmarks.bench_bulk [households]

First households alone, from rows in the program to the commit with grids, indexes and counters; then the same with
houses and visits. Each goes into a database of its own that is dropped at the end. The goal is one for a million
households on a machine with nothing else to do; where other programs share the cores, the processor time says more.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import psycopg2
from sqlalchemy import text

from data.db import owner_engine, owner_session
from data.imports.bulk import load_county
from data.recheck import recheck
from data.samples.county import County, make_county
from geo.errors import Text
from tests.benchmarks.figures import (
    AnswersDiffer,
    Figure,
    alone,
    backend_cpu,
    connect,
    drop_database,
    load_average,
    peak_mib,
    private_mib,
    spending,
)
from tests.conftest import fresh_database

ABOUT = "A county loaded in bulk: households with grids, indexes and counters, then houses and visits, and the recheck."
DATABASE = "fangtu_bench_bulk"
HOUSEHOLDS = 1_000_000
WITHIN_S = 30.0
# Steps that are not the import of the households: the land beneath them is there before, tidying comes after.
_BESIDE = ("areas", "vacuum")
_EMPTY = ("graded", "house", "visit_household", "visit_round", "visit_kind", "visit_start", "visit_minutes")


@dataclass
class Loaded:
    """What a load took: seconds and processor seconds of the program and of the database, by step; memory in MiB."""

    seconds: dict[str, float]
    program: dict[str, float]
    database: dict[str, float]
    backend_mib: float
    recheck_s: float
    recheck_cpu: float

    def of_import(self, spent: dict[str, float]) -> float:
        """Sum over the steps that are the import."""
        return sum(value for step, value in spent.items() if step not in _BESIDE)


def run(households: int | None = None) -> list[Figure]:
    """Measure once; the goal is one for a million households."""
    size = households or HOUSEHOLDS
    with spending() as made:
        county = make_county(size)
    figures = [Figure("made up", made.wall, "s", conditions=f"{size} households, processor {made.cpu:.1f} s")]
    alone_first = replace(county, **{name: getattr(county, name)[:0] for name in _EMPTY})
    for what, part, goal in (
        ("households", alone_first, WITHIN_S if size == HOUSEHOLDS else None),
        ("households, houses, visits", county, None),
    ):
        before = load_average()
        print(f"loading {what} of {size:,}", flush=True)
        found = _load(part)
        print(f"  seconds by step: {found.seconds}", flush=True)
        cpu = found.of_import(found.program), found.of_import(found.database)
        told = f"1 run, {before} before; processor {cpu[0]:.1f} s program, {cpu[1]:.1f} s database"
        figures += [
            Figure(f"{what}: rows to commit", found.of_import(found.seconds), "s", goal, conditions=told),
            Figure(f"{what}: most memory of the database's process", found.backend_mib, "MiB"),
            Figure(
                f"{what}: recheck", found.recheck_s, "s", conditions=f"drift 0; processor {found.recheck_cpu:.1f} s"
            ),
        ]
        for step, seconds in found.seconds.items():
            told = f"processor {found.program[step]:.1f} s program, {found.database[step]:.1f} s database"
            figures.append(Figure(f"{what}: {step}", seconds, "s", conditions=told))
    figures.append(Figure("most memory of the program", peak_mib(), "MiB"))
    return figures


def _load(county: County) -> Loaded:
    settings = fresh_database(DATABASE)
    engine = owner_engine(settings)
    try:
        # Not the connection's own block: that is one transaction, in which who is at work is looked up once only.
        with closing(connect(settings)) as watching, _watched(watching) as most:
            clock = _database_clock(watching)
            marks: list[tuple[float, float, float]] = []

            def say(_: Text) -> None:
                marks.append((time.perf_counter(), time.process_time(), clock()))

            told = load_county(engine, county, say)
            say(Text("", ""))
        steps = list(told["seconds"])
        # A sentence begins each step; the commit is in the last before the tidying.
        spent = [[after - before for before, after in zip(a, b, strict=True)] for a, b in pairwise(marks)]
        seconds, program, database = (dict(zip(steps, column, strict=True)) for column in zip(*spent, strict=True))
        with owner_session(engine) as session:
            backend = int(session.scalar(text("select pg_backend_pid()")) or 0)
            with spending(backend) as checked:
                found = recheck(session)
        if found["drift"]:
            raise AnswersDiffer(f"recheck after the load: {found['checks']}")
        return Loaded(seconds, program, database, most[0], checked.wall, checked.cpu)
    finally:
        engine.dispose()
        drop_database(settings)


def _loaders(watching: psycopg2.extensions.connection) -> list[int]:
    """Processes that work for a command in the database."""
    with watching.cursor() as cursor:
        cursor.execute("""
            select pid from pg_stat_activity
             where datname = current_database() and application_name = 'fangtu-command'""")
        return [pid for (pid,) in cursor.fetchall()]


def _database_clock(watching: psycopg2.extensions.connection) -> Callable[[], float]:
    """Processor seconds of the loading process, of those that helped it, and of all that have ended since."""
    server = int(_stat(watching.info.backend_pid)[1])
    with watching.cursor() as cursor:
        # The owner of the tables is not told what others do.
        cursor.execute("reset role")

    def clock() -> float:
        ended = sum(int(field) for field in _stat(server)[13:15]) / os.sysconf("SC_CLK_TCK")
        return ended + sum(backend_cpu(pid) for pid in _loaders(watching))

    return clock


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()


@contextmanager
def _watched(watching: psycopg2.extensions.connection) -> Iterator[list[float]]:
    """Look at the memory of the loading process ten times a second; the most so far is the list's only number."""
    most, ended = [0.0], threading.Event()

    def look() -> None:
        while not ended.wait(0.1):
            for pid in _loaders(watching):
                try:
                    most[0] = max(most[0], private_mib(pid))
                except OSError:
                    continue

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield most
    finally:
        ended.set()
        watcher.join()


if __name__ == "__main__":
    sys.exit(alone(lambda: run(int(sys.argv[1]) if len(sys.argv) > 1 else None)))
