"""Tiles of records of a loaded county under row-level security, without any cache, and whether each is read by index.

    .venv/bin/python -m tests.benchmarks.bench_tiles [households] [--tiles 40] [--seconds 6]

Tiles are drawn where households are. EXPLAIN is asked of the very statements that ``data.tiles`` sends: a tile from
zoom 10 that reads a whole table is a fault. The map's other addresses are measured beside them, as queries.

Then the same tiles are asked for over HTTP, one gunicorn process beside one of tipg, in turns, after both have given
the same features. Ours prove a session, apply row-level security and look whether anything changed; tipg does none of
it and reads one table made for it (:mod:`tests.benchmarks.tipg`). Ours are asked twice: as installed, where a tile that
nothing changed is taken from memory (tipg has no such memory), and with every tile made anew.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE, number_range
from data.heat import heat_cells
from data.overview import area_shapes, extent, legend_counts
from data.rules.words import EXACT_QUALITY
from data.samples.county import CITY
from data.tiles import POINTS_FROM_ZOOM, round_tile
from geo.tiles import world_xy
from tests.benchmarks import tipg
from tests.benchmarks.county_store import HOUSEHOLDS, CountyStore, county_store
from tests.benchmarks.figures import AnswersDiffer, Figure, Unavailable, alone, backend_cpu, load_average, p95
from tests.benchmarks.load import Answered, put_under_load
from tests.browser.stand import served
from tests.vector_tiles import Feature, read_tile

ABOUT = (
    "Tiles of records at zoom 8 to 16 under row-level security without a cache, read by index; requests beside tipg."
)
ROUND = 2
ZOOMS = (8, 10, 12, 13, 14, 16)
TILES = 40
P95_WITHIN_MS = 25.0
# Below it a tile holds so much of the county that reading all of it is right.
INDEXED_FROM = 10
PEER_ZOOMS = (13, 14, 15, 16)
PEER_TIMES = 4.0
CONNECTIONS, SECONDS, TURNS, COMPARED = 8, 6.0, 3, 12
# Memory for tiles, MiB: as installed, and none.
WAYS = {"tiles in memory": "64", "every tile made anew": "0"}
PEER = "tipg"


def main() -> int:
    """Measure alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("households", nargs="?", type=int, default=HOUSEHOLDS)
    parser.add_argument("--tiles", type=int, default=TILES)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of one turn beside tipg")
    chosen = parser.parse_args()
    return alone(lambda: run(chosen.households, chosen.tiles, chosen.seconds))


def run(households: int | None = None, tiles: int = TILES, seconds: float = SECONDS) -> list[Figure]:
    """Measure each zoom, the other data of the map, and requests beside tipg."""
    with county_store(households or HOUSEHOLDS) as store:
        places = _places(store)
        figures = [figure for z in ZOOMS for figure in _zoom(store, z, places, tiles)]
        figures += _other(store)
        try:
            return figures + beside_tipg(store, places, tiles, seconds)
        except Unavailable as error:
            print(f"tipg is left out: {error}", flush=True)
            return figures


def _places(store: CountyStore) -> tuple[Any, Any]:
    """Places of some households, so that full tiles are drawn more often."""
    with store.owner.connect() as connection:
        rows = connection.execute(
            text("select st_x(geom), st_y(geom) from household where geom is not null and id % :every = 0"),
            {"every": max(1, store.households // 2000)},
        ).all()
    chosen = np.random.default_rng(3).permutation(np.array(rows, dtype=float))
    return chosen[:, 0], chosen[:, 1]


def _numbers(places: tuple[Any, Any], z: int, most: int) -> list[tuple[int, int]]:
    x, y = world_xy(*places, zoom=z)
    return list(dict.fromkeys(zip(x.tolist(), y.tolist(), strict=True)))[:most]


def _zoom(store: CountyStore, z: int, places: tuple[Any, Any], most: int) -> list[Figure]:
    numbers = _numbers(places, z, most)
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


def beside_tipg(store: CountyStore, places: tuple[Any, Any], tiles: int, seconds: float) -> list[Figure]:
    """Requests a second of one process of ours and of tipg, in turns, after both gave the same features."""
    cookie = f"fangtu_session={store.token}"
    figures: list[Figure] = []
    ratios: dict[str, list[float]] = {way: [] for way in WAYS}
    print(f"putting {tipg.make_tables(store, ROUND, EXACT_QUALITY):,} features into tables for tipg", flush=True)
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            sites = {
                way: stack.enter_context(served(store.settings, folder / f"web{mib}.log", FANGTU_TILE_MEMORY=mib))
                for way, mib in WAYS.items()
            }
            theirs = stack.enter_context(tipg.serving(store, folder / "tipg.log"))
            for z in PEER_ZOOMS:
                numbers = _numbers(places, z, tiles)
                table = "records" if z >= POINTS_FROM_ZOOM else "cells"
                mine = [f"/api/v1/tiles/records/{z}/{x}/{y}.mvt?round={ROUND}" for x, y in numbers]
                other = [f"/collections/{tipg.SCHEMA}.{table}/tiles/WebMercatorQuad/{z}/{x}/{y}" for x, y in numbers]
                compared = sum(
                    _same(_get(site + a, cookie), _get(theirs + b, ""), f"{z}/{x}/{y}")
                    for site in sites.values()
                    for a, b, (x, y) in list(zip(mine, other, numbers, strict=True))[:COMPARED]
                )
                asked = {way: (site, mine, cookie) for way, site in sites.items()} | {PEER: (theirs, other, "")}
                turns: list[dict[str, Answered]] = []
                for _ in range(TURNS):
                    turns.append(
                        {
                            way: put_under_load(*one, connections=CONNECTIONS, seconds=seconds)
                            for way, one in asked.items()
                        }
                    )
                    told = ", ".join(f"{way} {one.rate:.0f}" for way, one in turns[-1].items())
                    print(f"  z{z}, requests/s: {told}", flush=True)
                for way in WAYS:
                    ratios[way].append(statistics.median(one[way].rate / one[PEER].rate for one in turns))
                    pairs = [(one[way], one[PEER]) for one in turns]
                    words = f"{compared} features compared in {COMPARED} tiles of each"
                    figures.append(_told(f"z{z}, {way}", pairs, ratios[way][-1], words))
    finally:
        tipg.drop_tables(store)
    for way in WAYS:
        figures.append(
            Figure(
                f"requests/s of one process, in times those of tipg, {way}",
                statistics.geometric_mean(ratios[way]),
                "times",
                PEER_TIMES,
                at_least=True,
                peer=f"tipg 1.6.1; z13 to z16: {', '.join(f'{ratio:.2f}' for ratio in ratios[way])}",
                conditions=f"{store.households} households, c = {CONNECTIONS}, {TURNS} turns each, ours with session, "
                f"version and row-level security, neither compressed, {load_average()}",
            )
        )
    return figures


def _told(name: str, turns: Sequence[tuple[Answered, Answered]], ratio: float, compared: str) -> Figure:
    mine, other = ([turn[at] for turn in turns] for at in (0, 1))
    words = [
        f"{statistics.median(one.rate for one in many):.0f} requests/s, p50 "
        f"{statistics.median(t for one in many for t in one.times):.1f} and p95 "
        f"{p95([t for one in many for t in one.times]):.1f} ms, "
        f"{sum(one.size for one in many) / sum(len(one.times) for one in many) / 1024:.1f} KB a tile"
        for many in (mine, other)
    ]
    return Figure(
        f"requests of one process, {name}",
        statistics.median(one.rate for one in mine),
        "requests/s",
        peer=f"tipg {words[1]}",
        ratio=ratio,
        beside={"tipg": statistics.median(one.rate for one in other)},
        conditions=f"ours {words[0]}; {compared}; {load_average()}",
    )


def _get(address: str, cookie: str) -> bytes:
    request = urllib.request.Request(address, headers={"Cookie": cookie, "Accept-Encoding": "identity"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def _same(ours: bytes, theirs: bytes, tile: str) -> int:
    """How many features both tiles hold; they must be the same ones with the same properties.

    What lies around a tile is drawn by each in a width of its own, and a place on the very edge is rounded differently:
    so each feature inside one tile has to be somewhere in the other.
    """
    here, there = (
        [
            (f, _key(f.properties.get("kind", layer), f.properties, f.id))
            for layer, found in read_tile(tile).items()
            if layer != "footprints"
            for f in found
        ]
        for tile in (ours, theirs)
    )
    for name, these, those in (("tipg's", here, there), ("ours", there, here)):
        lacking = Counter(key for f, key in these if _lies_in(f, 1)) - Counter(k for _, k in those)
        if lacking:
            raise AnswersDiffer(f"{lacking.total()} features of tile {tile} are not in {name}: {next(iter(lacking))}")
    return sum(1 for f, _ in here if _lies_in(f, 0))


def _lies_in(feature: Feature, rim: int) -> bool:
    """Whether the first point of a feature lies in the tile, so far from its edge."""
    x, y = feature.points[0]
    return rim <= x < 4096 - rim and rim <= y < 4096 - rim


def _key(kind: str, properties: dict[str, Any], number: int | None) -> tuple[Any, ...]:
    told = {k: v for k, v in properties.items() if v is not None and k not in ("kind", "id", "tipg_id")}
    # Cells have no number of their own in our tiles; their counts are what is drawn.
    if "gap" in told:
        return ("cells", *sorted(told.items()))
    return (kind, properties.get("id", number), *sorted(told.items()))


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
