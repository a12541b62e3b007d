"""What a benchmark gives back. Each ``bench_NAME`` module has ``ABOUT``, one sentence, and ``run(households)``.

``run`` measures, prints what it finds on the way, and returns figures; it raises :class:`AnswersDiffer` where two ways
that are compared do not give the same answer, and :class:`Unavailable` where something it needs is not there.
``./fangtu bench`` lists and runs them; each can also be run alone as ``python -m tests.benchmarks.bench_NAME``.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import create_engine, text

from data.settings import Settings

# Whoever counts the time sees it go on in microseconds; a longer step is one in which the core did something else.
_AWAY_S = 0.001


class AnswersDiffer(Exception):
    """Two ways give different answers, so that their times are not compared."""


class Unavailable(Exception):
    """Something the benchmark needs is not there; the message says what and how to get it."""


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes
    ----------
    what : str
        What was measured.
    value : float
    unit : str
    goal : float, optional
        What it has to keep; None where it is only told.
    at_least : bool
        Whether the goal is the least; otherwise it is the most.
    peer : str
        What it is compared with, and that one's number.
    ratio : float, optional
        How many times as much the peer takes.
    conditions : str
        Size, number of runs and whatever else the number depends on.
    beside : dict
        Numbers of the peers by their name, in the same unit, for a plot.
    """

    what: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False
    peer: str = ""
    ratio: float | None = None
    conditions: str = ""
    beside: dict[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the goal is kept; None without one."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        """The figure as plain values."""
        return {**asdict(self), "met": self.met}


def print_figures(figures: Sequence[Figure]) -> None:
    """Print a table."""
    if not figures:
        return
    rows = [("what", "value", "goal", "", "ratio", "beside", "conditions")]
    for figure in figures:
        goal = "" if figure.goal is None else f"{'>=' if figure.at_least else '<='} {figure.goal:g}"
        told = {None: "", True: "met", False: "MISSED"}[figure.met]
        ratio = "" if figure.ratio is None else f"{figure.ratio:.3g}"
        rows.append(
            (figure.what, f"{figure.value:.4g} {figure.unit}", goal, told, ratio, figure.peer, figure.conditions)
        )
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def alone(run: Callable[[], Sequence[Figure]]) -> int:
    """Run one benchmark by itself; exit status 1 where a goal is missed, answers differ or something is lacking."""
    try:
        figures = run()
    except (AnswersDiffer, Unavailable) as error:
        print(error, file=sys.stderr)
        return 1
    print_figures(figures)
    return int(any(figure.met is False for figure in figures))


def load_average() -> str:
    """How busy the machine is, for the conditions of a figure."""
    return f"load {os.getloadavg()[0]:.1f}"


def yardstick_ms() -> float:
    """How fast the machine is just now: processor time of a fixed piece of work, the middle of five, in milliseconds.

    Cores that are shared with others become slower without a load that could be seen here. Two figures of one machine
    are to be compared where this was the same.
    """
    times = []
    for _ in range(5):
        began = time.process_time()
        sum(number * number for number in range(1_000_000))
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)


def lost_share(seconds: float = 1.0) -> float:
    """Which share of its time a core is taken away while all cores are busy, 0 to 1: by other work here or by the host.

    A virtual machine may be given less than the cores it shows, and is not told. One process alone does not notice; a
    browser, whose drawing and whose script run beside each other, does.

    Parameters
    ----------
    seconds : float
        How long all cores are kept busy.
    """
    cores = os.cpu_count() or 1
    with get_context("fork").Pool(cores) as pool:
        return statistics.mean(pool.map(_lost, [seconds] * cores, chunksize=1))


def _lost(seconds: float) -> float:
    began = last = time.perf_counter()
    lost = 0.0
    while last - began < seconds:
        now = time.perf_counter()
        if now - last > _AWAY_S:
            lost += now - last
        last = now
    return lost / (last - began)


def p95(values: Sequence[float]) -> float:
    """What 95 of 100 values keep."""
    return sorted(values)[min(int(len(values) * 0.95), len(values) - 1)]


@dataclass
class Spent:
    """Wall and processor seconds."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def spending(backend: int | None = None) -> Iterator[Spent]:
    """Measure a block: time passed, and processor time of a PostgreSQL backend (by its pid) or of this process."""
    spent = Spent()
    clock = (lambda: backend_cpu(backend)) if backend else time.process_time
    cpu, wall = clock(), time.perf_counter()
    yield spent
    spent.wall, spent.cpu = time.perf_counter() - wall, clock() - cpu


def backend_cpu(pid: int) -> float:
    """Processor seconds of a process of this machine, in hundredths."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def private_mib(pid: int) -> float:
    """Memory of a process that is its own, in MiB."""
    return _status_mib(f"/proc/{pid}/status", "RssAnon")


def peak_mib() -> float:
    """Most memory this process has had, in MiB; what getrusage says would hold that of the process that started it."""
    return _status_mib("/proc/self/status", "VmHWM")


def _status_mib(path: str, field: str) -> float:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return 0.0


def drop_database(settings: Settings) -> None:
    """Remove the benchmark's own database."""
    server = create_engine(settings.admin_url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'drop database if exists "{settings.admin_url.database}" with (force)'))
    server.dispose()


def connect(settings: Settings, *, as_app: bool = False) -> Any:
    """A bare connection as the application has it, or as the owner; autocommit."""
    url = settings.app_url if as_app else settings.admin_url
    connection = psycopg2.connect(
        host=url.query.get("host") or url.host, port=url.port, user=url.username, password=url.password,
        dbname=url.database, options="-c jit=off -c timezone=Asia/Shanghai",
    )  # fmt: skip
    connection.autocommit = True
    if not as_app:
        with connection.cursor() as cursor:
            cursor.execute("set role fangtu_owner")
    return connection
