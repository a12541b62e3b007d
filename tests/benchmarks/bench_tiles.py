"""Tiles of records of a loaded county under row-level security, without any cache, and whether each is read by index.

    .venv/bin/python -m tests.benchmarks.bench_tiles [households] [--tiles 40]

Tiles are drawn where households are. EXPLAIN is asked of the very statements that ``data.tiles`` sends: a tile from
zoom 10 that reads a whole table is a fault. The map's other addresses are measured beside them, as queries.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE, number_range
from data.overview import area_shapes, extent, legend_counts
from data.samples.county import CITY
from data.tiles import heat_cells, round_tile
from geo.tiles import world_xy
from tests.benchmarks.county_store import HOUSEHOLDS, CountyStore, county_store
from tests.benchmarks.figures import AnswersDiffer, Figure, alone, backend_cpu, load_average, p95

ABOUT = (
    "Tiles of records at zoom 8 to 16 under row-level security without a cache, read by index; the map's other data."
)
ROUND = 2
ZOOMS = (8, 10, 12, 13, 14, 16)
TILES = 40
P95_WITHIN_MS = 25.0
# Below it a tile holds so much of the county that reading all of it is right.
INDEXED_FROM = 10


def main() -> int:
    """Measure alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("households", nargs="?", type=int, default=HOUSEHOLDS)
    parser.add_argument("--tiles", type=int, default=TILES)
    chosen = parser.parse_args()
    return alone(lambda: run(chosen.households, chosen.tiles))


def run(households: int | None = None, tiles: int = TILES) -> list[Figure]:
    """Measure each zoom, then the other data of the map."""
    with county_store(households or HOUSEHOLDS) as store:
        places = _places(store)
        figures = [figure for z in ZOOMS for figure in _zoom(store, z, places, tiles)]
        return figures + _other(store)


def _places(store: CountyStore) -> tuple[Any, Any]:
    """Places of some households, so that full tiles are drawn more often."""
    with store.owner.connect() as connection:
        rows = connection.execute(
            text("select st_x(geom), st_y(geom) from household where geom is not null and id % :every = 0"),
            {"every": max(1, store.households // 2000)},
        ).all()
    chosen = np.random.default_rng(3).permutation(np.array(rows, dtype=float))
    return chosen[:, 0], chosen[:, 1]


def _zoom(store: CountyStore, z: int, places: tuple[Any, Any], most: int) -> list[Figure]:
    x, y = world_xy(*places, zoom=z)
    numbers = list(dict.fromkeys(zip(x.tolist(), y.tolist(), strict=True)))[:most]
    times, sizes = [], []
    with store.asking() as session:
        round_tile(session, "records", store.campaign_id, ROUND, z, *numbers[0])
        pid = session.execute(text("select pg_backend_pid()")).scalar_one()
        cpu = backend_cpu(pid)
        # Few tiles cover the county at a low zoom; each is asked several times then.
        for turn in range(max(most, len(numbers))):
            tile = numbers[turn % len(numbers)]
            began = time.perf_counter()
            content = round_tile(session, "records", store.campaign_id, ROUND, z, *tile)
            times.append((time.perf_counter() - began) * 1000)
            sizes.append(len(content))
        cpu = (backend_cpu(pid) - cpu) / len(times) * 1000
        if not all(sizes[: len(numbers)]):
            raise AnswersDiffer(f"a tile of zoom {z} where households are is empty")
        scans, how = explained(
            session, lambda: round_tile(session, "records", store.campaign_id, ROUND, z, *numbers[0])
        )
    if scans and z >= INDEXED_FROM:
        raise AnswersDiffer(f"a tile of zoom {z} reads whole tables: {', '.join(scans)}")
    told = (
        f"{store.households} households, {len(numbers)} tiles, {len(times)} times, up to {max(sizes) / 1024:.0f} KB, "
        f"the first {how}, {load_average()}"
    )
    return [
        Figure(
            f"tile z{z}, median",
            statistics.median(times),
            "ms",
            peer=f"CPU of the backend {cpu:.1f} ms",
            conditions=told,
        ),
        Figure(f"tile z{z}, p95", p95(times), "ms", P95_WITHIN_MS, conditions=told),
    ]


def _other(store: CountyStore) -> list[Figure]:
    """What else the map asks for, as the application; these have no goal of their own."""
    duty = (number_range(CITY),)
    campaign = store.campaign_id
    asked: dict[str, Callable[[Session], Any]] = {
        "legend counts of /map/setup.json": lambda s: legend_counts(s, campaign, ROUND, EVERYWHERE),
        "extent of /map/setup.json": lambda s: extent(s, EVERYWHERE, duty),
        "outlines by village of /map/areas.json": lambda s: area_shapes(s, "village", duty=duty),
        "outlines by grid of /map/areas.json": lambda s: area_shapes(s, "grid", duty=duty),
        "cells of /map/heat.json": lambda s: heat_cells(s, campaign, ROUND, "unvisited"),
    }
    figures = []
    for name, ask in asked.items():
        times = []
        with store.asking() as session:
            for _ in range(6):
                began = time.perf_counter()
                ask(session)
                times.append((time.perf_counter() - began) * 1000)
            _, how = explained(session, lambda ask=ask, session=session: ask(session))
        figures.append(
            Figure(
                name,
                statistics.median(times[1:]),
                "ms",
                conditions=f"{store.households} households, median of 5, {how}, {load_average()}",
            )
        )
    return figures


def explained(session: Session, ask: Callable[[], Any]) -> tuple[list[str], str]:
    """Large tables that the statements sent by ``ask`` read as a whole, by EXPLAIN ANALYZE, and words on it all."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(connection, "before_cursor_execute", note)
    found: set[str] = set()
    pages = 0
    for statement, parameters in sent:
        plan = connection.exec_driver_sql(
            f"explain (analyze, buffers, format json) {statement}", parameters
        ).scalar_one()
        plans = json.loads(plan) if isinstance(plan, str) else plan
        found |= {table for one in plans for table in _scanned(one["Plan"])}
        pages += sum(one["Plan"]["Shared Hit Blocks"] + one["Plan"]["Shared Read Blocks"] for one in plans)
    scans = sorted(found)
    return scans, f"{'all of ' + ', '.join(scans) if scans else 'by index'}, {pages} pages"


def _scanned(node: dict[str, Any]) -> set[str]:
    large = ("household", "house", "standing", "visit", "renovation_site")
    own = {node["Relation Name"]} if node["Node Type"] == "Seq Scan" and node.get("Relation Name") in large else set()
    # A table without rows has no pages to read.
    own = own if node.get("Actual Rows", 0) or node.get("Rows Removed by Filter", 0) else set()
    return own.union(*(_scanned(child) for child in node.get("Plans", [])))


if __name__ == "__main__":
    sys.exit(main())
