"""How soon a visit is on other screens, what open streams cost, and how long tiles take with cells kept and without.

Makes a database of its own with the small township and made-up households, serves it with two processes, and holds
streams with plain sockets. Run: ``python -m tests.benchmarks.bench_live [--households 100000] [--streams 200]``.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import selectors
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.orm import Session

from data import tiles
from data.areas import number_range
from data.folding import EVERY_S as FOLD_EVERY_S
from data.folding import fold
from tests.benchmarks.figures import Figure, load_average, p95, print_figures
from tests.browser.stand import Stand, add_account, commit_township, served
from tests.database.test_cells import DIRECT
from tests.township import TOWNSHIP, VILLAGES, add_visit

ABOUT = "How soon a visit is on other screens, what 200 open maps cost, and tiles with cells kept and without."
DATABASE = "fangtu_bench_live"
WITHIN_S = 5.0
LOW = number_range(TOWNSHIP)[0]
ACCOUNTS = 20
COMMITS = 20
ROUNDS = 60
TILES = 25
# Settlements of about 80 households, spread over a degree, in 400 villages with four grids each.
HOUSEHOLDS = """
    insert into household (natural_key, code, head_name, jur, quality, geom)
    select 'bench:' || n, 'B' || n, '某', :low + (s.k % 400 + 10) * 1000 + n % 4, 3,
           st_setsrid(st_makepoint(s.lon + (random() - 0.5) * 0.006, s.lat + (random() - 0.5) * 0.006), 4326)
      from generate_series(1, :n) n
      join (select k, 118.3 + random() as lon, 36.0 + random() * 0.8 as lat from generate_series(0, :n / 80) k) s
        on s.k = n / 80"""
VISITS = """
    insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, mode, outcome, verdict, counts,
                       ended_at)
    select gen_random_uuid(), 'bench:' || id, :campaign, 1, id, jur, 'home', 'done', 'valid', true, now()
      from household where natural_key like 'bench:%' and random() < 0.7"""
HOUSES = """
    insert into house (natural_key, jur, quality, geom, grade)
    select 'bench:' || id, jur, 3, geom, case when random() < 0.02 then 'D' when random() < 0.05 then 'C' else 'A' end
      from household where natural_key like 'bench:%'"""


def enlarge(stand: Stand, households: int) -> None:
    """Put that many households in, seven of ten visited, each with a house."""
    with Session(stand.owner) as session, session.begin():
        for sql in (HOUSEHOLDS, VISITS, HOUSES):
            began = time.monotonic()
            session.execute(text(sql), {"low": LOW, "n": households, "campaign": stand.town.campaign_id})
            print(f"  {sql.split()[2]}: {time.monotonic() - began:.1f} s")
        for number in range(ACCOUNTS):
            # Half of them hear of the visits, half answer for another village.
            duty = number_range(TOWNSHIP if number % 2 else VILLAGES[2])
            add_account(session, stand, f"bench{number}", "supervisor", "某", duty)
    # What the background program does meanwhile; otherwise pages count a hundred thousand changes each time.
    began = time.monotonic()
    while fold(stand.owner):
        pass
    print(f"  folded in: {time.monotonic() - began:.1f} s")
    with stand.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def percentiles(values: list[float]) -> str:
    """Median, 95th percentile and largest, in milliseconds."""
    ordered = sorted(values)
    return (
        f"p50 {statistics.median(ordered) * 1000:.1f}, p95 {ordered[int(len(ordered) * 0.95) - 1] * 1000:.1f}, "
        f"max {ordered[-1] * 1000:.1f} ms"
    )


def tile_times(stand: Stand) -> None:
    """Each zoom: time in the database for tiles that hold something, under row-level security."""
    chance = random.Random(4)
    with Session(stand.owner) as session:
        places = session.execute(
            text("select x, y from household where natural_key like 'bench:%' order by random() limit 2000")
        ).all()
        session.execute(text("reset role"))
        session.execute(text("set local role fangtu_app"))
        session.execute(text("select sec.enter(:token)"), {"token": stand.tokens["supervisor"]})
        for z in range(8, 17):
            kept, direct = [], []
            for x, y in chance.sample(list(places), TILES):
                tx, ty = x >> (31 - z), y >> (31 - z)
                began = time.perf_counter()
                tiles.round_tile(session, "records", stand.town.campaign_id, 1, z, tx, ty)
                kept.append(time.perf_counter() - began)
                if z < tiles.POINTS_FROM_ZOOM:
                    keys = tiles._tile_keys(stand.town.campaign_id, 1, z, tx, ty) | {"shift": 31 - z - tiles.CELL_SPLIT}
                    began = time.perf_counter()
                    session.execute(text(DIRECT), keys).all()
                    direct.append(time.perf_counter() - began)
            print(f"  z{z}: {percentiles(kept)}" + (f"; from the records {percentiles(direct)}" if direct else ""))


def servers() -> list[int]:
    """The web processes below this one."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parents[int(name)] = int(Path("/proc", name, "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
    masters = [pid for pid, parent in parents.items() if parent == os.getpid()]
    return [pid for pid, parent in parents.items() if parent in masters]


def memory_mb(pids: list[int]) -> float:
    """Resident memory, together."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 for pid in pids) / 1e6


def cpu_s(pids: list[int]) -> float:
    """Processor time used so far, together."""
    parts = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in pids]
    return sum(int(part[11]) + int(part[12]) for part in parts) / os.sysconf("SC_CLK_TCK")


def pages(stand: Stand, address: str) -> dict[str, list[float]]:
    """Times of some answers, one after another."""
    found: dict[str, list[float]] = {}
    for path in ("/map/changed.json", "/map/areas.json?by=village", "/coverage"):
        for _ in range(ROUNDS // 3):
            connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
            began = time.perf_counter()
            connection.request("GET", path, headers={"Cookie": f"fangtu_session={stand.tokens['leader']}"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == http.HTTPStatus.OK, path
            found.setdefault(path, []).append(time.perf_counter() - began)
            connection.close()
    return found


class Ears:
    """Streams held by plain sockets, read by one thread."""

    def __init__(self, stand: Stand, address: str, many: int) -> None:
        self.heard: list[float] = []
        self.opened = 0
        self._selector = selectors.DefaultSelector()
        host, port = urlsplit(address).hostname or "", urlsplit(address).port or 0
        for number in range(many):
            line = socket.create_connection((host, port))
            token = stand.tokens[f"bench{number % ACCOUNTS}"]
            line.sendall(
                f"GET /map/live HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n"
                f"Cookie: fangtu_session={token}\r\n\r\n".encode()
            )
            self.opened += b"hello" in self._first(line)
            self._selector.register(line, selectors.EVENT_READ)
        threading.Thread(target=self._listen, daemon=True).start()

    @staticmethod
    def _first(line: socket.socket) -> bytes:
        line.settimeout(30)
        got = b""
        while b"hello" not in got and b" 204 " not in got:
            part = line.recv(4096)
            if not part:
                break
            got += part
        return got

    def _listen(self) -> None:
        while True:
            for key, _ in self._selector.select(1.0):
                line: socket.socket = key.fileobj  # type: ignore[assignment]
                part = line.recv(65536)
                if not part:
                    self._selector.unregister(line)
                elif b"event: changed" in part:
                    self.heard.append(time.perf_counter())


@contextmanager
def folding(stand: Stand) -> Iterator[None]:
    """Fold in as often as the background program does: maps are told of what is folded in."""
    ended = threading.Event()

    def go() -> None:
        while not ended.wait(FOLD_EVERY_S):
            fold(stand.owner)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def main() -> int:
    """Measure and print; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=100_000)
    parser.add_argument("--streams", type=int, default=200)
    options = parser.parse_args()
    figures = measure(options.households, options.streams)
    print_figures(figures)
    return int(any(figure.met is False for figure in figures))


def run(households: int | None = None) -> list[Figure]:
    """Measure with as many made-up households; 100,000 by default."""
    return measure(households or 100_000, 200)


def measure(households: int, streams: int) -> list[Figure]:
    """Print what is found on the way, and give what streams cost and how soon they tell."""
    print(f"{load_average()}; {households} households, {streams} streams")
    stand = commit_township(DATABASE)
    enlarge(stand, households)
    print("tiles, in the database:")
    tile_times(stand)
    more = {"FANGTU_STREAMS": str(streams), "FANGTU_ACCOUNT_STREAMS": str(streams)}
    with (
        tempfile.TemporaryDirectory() as folder,
        served(stand.settings, Path(folder, "web.log"), workers=2, **more) as at,
    ):
        pages(stand, at)  # warm
        for path, times in pages(stand, at).items():
            print(f"without streams {path}: {percentiles(times)}")
        pids = servers()
        before = memory_mb(pids)
        ears = Ears(stand, at, streams)
        grown = memory_mb(pids) - before
        print(f"{ears.opened} streams open; {grown:.0f} MB more than {before:.0f} in {len(pids)} processes")
        used = cpu_s(pids)
        time.sleep(30)
        idle = (cpu_s(pids) - used) / 30 * 100
        for path, times in pages(stand, at).items():
            print(f"beside the streams {path}: {percentiles(times)}")
        delays: list[float] = []
        used = cpu_s(pids)
        with folding(stand):
            for number in range(COMMITS):
                ears.heard.clear()
                with Session(stand.owner) as session, session.begin():
                    add_visit(session, stand.town, f"bench-{number}-{time.time_ns()}", "H2", minutes=45.0)
                committed = time.perf_counter()
                time.sleep(WITHIN_S)
                delays += [moment - committed for moment in ears.heard]
        told = f"{COMMITS} visits, {len(delays) / COMMITS:.0f} of {streams} streams told of each, {load_average()}"
        figures = [
            Figure("from commit to event, median", statistics.median(delays), "s", WITHIN_S, conditions=told),
            Figure("from commit to event, p95", p95(delays), "s", WITHIN_S, conditions=told),
            Figure("memory of the streams", grown, "MB", conditions=f"beside {before:.0f} MB"),
            Figure("idle streams", idle, "% of a core", conditions=f"{streams} streams, 30 s"),
            Figure("processor time of a visit told", (cpu_s(pids) - used) / COMMITS * 1000, "ms", conditions=told),
        ]
    stand.owner.dispose()
    return figures


if __name__ == "__main__":
    sys.exit(main())
