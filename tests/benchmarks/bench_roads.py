"""The road network of a small country: import, matrix of 341 places by each way of moving, parts and lengths proved.

    .venv/bin/python -m tests.benchmarks.bench_roads [--data FOLDER]

Liechtenstein as an OpenStreetMap extract (outside data, not shipped). Lengths and parts are compared with those of a
plain Dijkstra on the vertices of the file as they are, with a heap and dictionaries: it shares neither the cutting into
edges nor the matrix. Processor time, of this process and of the one that reads the file.
"""

from __future__ import annotations

import argparse
import heapq
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from data.db import owner_session
from data.roads.classes import read_road
from data.roads.network import load_network
from data.roads.travel import measure_travel
from geo.files.osm import read_osm
from geo.roads.gaps import find_gaps
from geo.roads.modes import all_modes
from geo.roads.net import Net
from geo.roads.ways import Spots, measure_ways
from tests.benchmarks.figures import AnswersDiffer, Figure, Unavailable, alone, load_average
from tests.conftest import OUTSIDE
from tests.database.importing import opened
from tests.road_parts import count_parts

ABOUT = "The roads of Liechtenstein: import, matrices of 341 places, and their lengths beside a plain Dijkstra."
EXTRACT = "liechtenstein.osm.pbf"
BOX = (9.4, 46.9, 9.8, 47.4)
PLACES, PROVED, RUNS = 341, 12, 5
Node = tuple[float, float]
Graph = dict[Node, list[tuple[Node, float]]]


@contextmanager
def cpu() -> Iterator[list[float]]:
    """Seconds of processor time of what is inside, with processes that ended in it."""

    def now() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    spent: list[float] = []
    start = now()
    yield spent
    spent.append(now() - start)


def run(households: int | None = None, folder: Path = OUTSIDE) -> list[Figure]:
    """Measure; the number of households has no meaning here."""
    path = folder / EXTRACT
    if not path.is_file():
        raise Unavailable(f"{EXTRACT} is not in {folder}; give its folder with --data.")
    figures = []
    with opened("fangtu_bench_roads") as store:
        with cpu() as spent:
            report = store.load("roads", path)
        size = f"{report.accepted} lines, {report.counts['inserted']} edges; {load_average()}"
        figures.append(Figure("import of roads", round(spent[0], 2), "CPU s", conditions=size))
        with owner_session(store.engine) as session:
            network = load_network(session, BOX)
            net = network.net("walk")
            figures.append(_proved(net, path))
            figures += _parts(net, path)
            points = _places(net)
            for mode in all_modes():
                network.net(mode)
                times = []
                for _ in range(RUNS):
                    with cpu() as spent:
                        measure_travel(session, points, [mode])
                    times.append(spent[0])
                told = f"{PLACES} places, median of {RUNS}, {len(network.net(mode).nodes)} nodes; {load_average()}"
                figures.append(Figure(f"matrix, {mode}", round(median(times), 3), "CPU s", goal=0.5, conditions=told))
            with cpu() as spent:
                gaps = find_gaps(net)
            told = f"{len(gaps)} gaps, {len(net.component_metres())} parts on foot; {load_average()}"
            figures.append(Figure("finding gaps", round(spent[0], 3), "CPU s", conditions=told))
    return figures


def _parts(net: Net, path: Path) -> list[Figure]:
    """Parts of all that is tagged as a road, counted by its vertices, and of the net on foot.

    Raises
    ------
    AnswersDiffer
        If the net on foot has other parts than the vertices of the roads one may walk on.
    """
    roads = read_osm(path)["roads"]
    told = roads.geometry[roads["highway"] != "steps"]
    on_foot = [shape for shape, tags in zip(roads.geometry, roads["tags"], strict=True) if _walked(tags)]
    counted, ours = count_parts(on_foot), len(net.component_metres())
    if counted != ours:
        raise AnswersDiffer(f"{ours} parts on foot, {counted} by the vertices of the file")
    return [
        Figure("parts of all ways but steps, by their vertices", count_parts(told), "",
               conditions=f"{len(told)} ways, outlines of a square and a rest area among them; 43 by node numbers"),
        Figure("parts on foot, as counted by vertices too", ours, "", conditions="with steps, without rest areas"),
    ]  # fmt: skip


def _walked(tags: str) -> bool:
    road = read_road({"tags": tags})
    return road is not None and road.allowed["walk"]


def _places(net: Net) -> NDArray[np.float64]:
    """Places some 15 m from the roads, the same each time."""
    rng = np.random.default_rng(1)
    on = shapely.line_interpolate_point(
        net.lines[rng.choice(len(net.lines), PLACES)], rng.random(PLACES), normalized=True
    )
    return net.edges.to_degrees(shapely.get_coordinates(on) + rng.normal(0, 12, (PLACES, 2)))


def _proved(net: Net, path: Path) -> Figure:
    """Compare ways between nodes with those on the vertices of the file.

    Raises
    ------
    AnswersDiffer
        If a length differs by a tenth of a metre or more, or one way knows a way the other does not.
    """
    graph = _vertices(path)
    rng = np.random.default_rng(2)
    nodes = rng.choice(len(net.nodes), PROVED, replace=False)
    edge = np.array([int(np.flatnonzero((net.start == node) | (net.end == node))[0]) for node in nodes])
    ours = measure_ways(net, Spots(edge, np.where(net.start[edge] == nodes, 0.0, 1.0), np.zeros(PROVED))).metres
    worst = 0.0
    for row, node in enumerate(nodes):
        true = _dijkstra(graph, _key(net.nodes[node]))
        for column, other in enumerate(nodes):
            metres = true.get(_key(net.nodes[other]), np.inf)
            if np.isfinite(metres) != np.isfinite(ours[row, column]):
                raise AnswersDiffer(f"node {node} to {other}: {metres} and {ours[row, column]}")
            if np.isfinite(metres):
                worst = max(worst, abs(float(ours[row, column]) - metres))
    if worst >= 0.1:
        raise AnswersDiffer(f"lengths differ by up to {worst:.2f} m")
    told = f"{PROVED * (PROVED - 1)} ways beside a plain Dijkstra on {len(graph)} vertices of the file"
    return Figure("largest difference of a length", round(worst, 4), "m", goal=0.1, conditions=told)


def _vertices(path: Path) -> Graph:
    """Every vertex of the roads one may walk on, joined to the next, with metres along the ellipsoid."""
    ellipsoid = pyproj.Geod(ellps="GRS80")
    graph: Graph = {}
    roads = read_osm(path)["roads"]
    for line, tags in zip(roads.geometry, roads["tags"], strict=True):
        if not _walked(tags):
            continue
        xy = shapely.get_coordinates(line)
        metres = ellipsoid.line_lengths(xy[:, 0], xy[:, 1])
        for start, end, length in zip(xy, xy[1:], metres, strict=False):
            graph.setdefault(_key(start), []).append((_key(end), float(length)))
            graph.setdefault(_key(end), []).append((_key(start), float(length)))
    return graph


def _key(place: NDArray[np.float64]) -> Node:
    return round(float(place[0]), 7), round(float(place[1]), 7)


def _dijkstra(graph: Graph, start: Node) -> dict[Node, float]:
    best: dict[Node, float] = {}
    heap = [(0.0, start)]
    while heap:
        metres, node = heapq.heappop(heap)
        if node not in best:
            best[node] = metres
            for other, further in graph.get(node, ()):
                if other not in best:
                    heapq.heappush(heap, (metres + further, other))
    return best


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=OUTSIDE)
    chosen = parser.parse_args()
    sys.exit(alone(lambda: run(folder=chosen.data)))
