"""How even and compact grids are that are made from households, beside k-means of equal count.

    .venv/bin/python -m tests.benchmarks.bench_grids [--size 50] [--data FOLDER]

The villages of the sample with their households, and the communes of Liechtenstein with their houses (OpenStreetMap,
ODbL, not shipped: ``liechtenstein.osm.pbf`` in the folder of outside data, left out where it is not there). The peer
is scikit-learn's k-means with as many centres, best of ten starts; its grids are the Voronoi cells of the centres,
clipped to the village. Compactness is perimeter² / area (12.6 for a circle), the mean over all grids, measured in
metres. The goal is that each grid is connected: straight links between its parts enter no other grid (decision 0054).
Grids in one piece are a figure without a goal, beside the most there can be: where parts of a village lie apart that
hold too few for a grid of their own, one of its grids at least is not in one piece.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.balancing import DIVIDED_FROM, balance_grids, compactness
from geo.measuring import metric_movers
from tests.benchmarks.figures import Figure, load_average, print_figures
from tests.conftest import OUTSIDE

ABOUT = "Grids made from households: balance, connection and compactness beside k-means of equal count."
SIZE = 50
GOAL = 1.25


@dataclass
class Place:
    """A village with its households, in degrees, and roads."""

    name: str
    shape: BaseGeometry
    homes: np.ndarray
    roads: list[BaseGeometry] = field(default_factory=list)


@dataclass
class Sums:
    """What was found over all villages of a set that are divided."""

    places: int = 0
    grids: int = 0
    homes: int = 0
    ratios: list[float] = field(default_factory=list)
    one_piece: int = 0
    connected: int = 0
    link_m: list[float] = field(default_factory=list)
    to_span: int = 0
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    their_ratios: list[float] = field(default_factory=list)
    their_pieces: int = 0
    empty: int = 0
    seconds: float = 0.0
    their_seconds: float = 0.0
    slowest: float = 0.0
    along_seconds: list[float] = field(default_factory=list)
    along: list[float] = field(default_factory=list)
    along_shape: list[float] = field(default_factory=list)
    along_ratios: list[float] = field(default_factory=list)


def main() -> int:
    """Measure and print; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--data", type=Path, default=OUTSIDE)
    given = parser.parse_args()
    figures = measure(given.size, given.data)
    print_figures(figures)
    return int(any(figure.met is False for figure in figures))


def run(_households: int | None = None) -> list[Figure]:
    """Measure with grids of fifty households."""
    return measure(SIZE)


def measure(size: int, outside: Path = OUTSIDE) -> list[Figure]:
    """Divide each village and say what came of it."""
    figures = []
    for name, places in (("sample", sample_villages()), ("Liechtenstein", liechtenstein_communes(outside))):
        sums = Sums()
        for place in places:
            divide(place, size, sums)
        if sums.places:
            figures += tell(name, size, sums)
    return figures


def divide(place: Place, size: int, sums: Sums) -> None:
    """Divide one village in three ways."""
    if len(place.homes) < DIVIDED_FROM * size:
        return
    began = time.process_time()
    made = balance_grids(place.shape, place.homes, size)
    spent = time.process_time() - began
    count = len(made.shapes)
    assert sum(made.sizes) == len(place.homes)
    ours = [compactness(shape) for shape in made.shapes]
    began = time.process_time()
    cells, sizes = k_means(place.shape, place.homes, count)
    their = time.process_time() - began
    theirs = [compactness(cell) for cell in cells]
    began = time.process_time()
    along = balance_grids(place.shape, place.homes, size, lines=place.roads) if place.roads else None
    sums.along_seconds.append(time.process_time() - began)
    assert shapely.coverage_is_valid(made.shapes)
    assert along is None or shapely.coverage_is_valid(along.shapes)
    parts = len(shapely.get_parts(place.shape))
    points = shapely.points(place.homes)
    pieces = sum(len(shape.geoms) == 1 for shape in made.shapes)
    ratio = made.ratio or float("inf")
    print(
        f"{place.name:<16} {len(place.homes):>5} households {count:>3} grids {parts} part(s): {min(made.sizes)}-"
        f"{max(made.sizes)} ({ratio:.2f}, k-means {max(sizes)}/{min(sizes)}), in one piece {pieces}, compactness "
        f"{np.mean(ours):.2f} beside {np.mean(theirs):.2f}, {spent:.2f} s"
        + (f", along roads {along.along:.0%} {along.ratio:.2f}" if along and along.along is not None else ""),
        flush=True,
    )
    sums.places += 1
    sums.grids += count
    sums.homes += len(place.homes)
    sums.ratios.append(ratio)
    sums.one_piece += pieces
    sums.connected += count - len({link.grid for link in made.links if link.over_m})
    sums.link_m += [link.length_m for link in made.links]
    inside = [int(shapely.covers(part, points).sum()) for part in shapely.get_parts(place.shape)]
    sums.to_span += any(held < min(made.sizes) for held in inside)
    sums.ours += ours
    sums.theirs += theirs
    sums.their_ratios.append(max(sizes) / max(min(sizes), 1))
    sums.their_pieces += sum(len(shapely.get_parts(cell)) == 1 for cell in cells)
    sums.seconds += spent
    sums.their_seconds += their
    sums.slowest = max(sums.slowest, spent)
    if along is not None and along.along is not None and along.ratio is not None:
        sums.along.append(along.along)
        sums.along_ratios.append(along.ratio)
        sums.along_shape += [compactness(shape) for shape in along.shapes]


def k_means(area: BaseGeometry, homes: np.ndarray, count: int) -> tuple[list[BaseGeometry], list[int]]:
    """Voronoi cells of k-means centres in metres, clipped to the village; and the households of each centre."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    move, back = metric_movers(area)
    at = move(homes)
    with threadpool_limits(1):  # processor time is compared, and threads that wait for one another spend it too
        found = KMeans(count, n_init=10, random_state=0).fit(at)
    level = shapely.transform(area, move)
    cells = shapely.voronoi_polygons(shapely.multipoints(found.cluster_centers_), extend_to=level.buffer(20_000))
    clipped = [shapely.intersection(cell, level) for cell in shapely.get_parts(cells)]
    sizes = np.bincount(found.labels_, minlength=count).tolist()
    return [shapely.transform(cell, back) for cell in clipped if not cell.is_empty], sizes


def tell(name: str, size: int, sums: Sums) -> list[Figure]:
    """Figures of one set of villages."""
    about = f"{sums.places} villages, {sums.homes:,} households, {sums.grids} grids of {size}, {load_average()}"
    ours, theirs = float(np.mean(sums.ours)), float(np.mean(sums.theirs))
    figures = [
        Figure(
            f"{name}: most households of a grid by the least, worst village", max(sums.ratios), "", GOAL,
            peer=f"k-means: worst {max(sums.their_ratios):.1f}, median {np.median(sums.their_ratios):.2f}",
            conditions=about,
        ),
        Figure(
            f"{name}: grids that are connected", sums.connected / sums.grids, "", 1.0, at_least=True,
            conditions=f"{len(sums.link_m)} links between parts, up to {max(sums.link_m, default=0):,.0f} m; {about}",
        ),
        Figure(
            f"{name}: grids in one piece, of {sums.grids}", sums.one_piece, "",
            peer=f"the most there can be: {sums.grids - sums.to_span}; k-means: {sums.their_pieces}",
            conditions=f"{sums.to_span} villages have a part too small for a grid of its own; {about}",
        ),
        Figure(
            f"{name}: mean perimeter² / area", ours, "", theirs, peer=f"k-means: {theirs:.2f}", ratio=theirs / ours,
            conditions=about, beside={"k-means": theirs},
        ),
        Figure(
            f"{name}: processor time of a village, mean", sums.seconds / sums.places, "s",
            peer=f"k-means: {sums.their_seconds / sums.places:.2f} s", ratio=sums.their_seconds / sums.seconds,
            conditions=f"slowest {sums.slowest:.1f} s; {about}",
        ),
    ]  # fmt: skip
    if sums.along:
        figures.append(
            Figure(
                f"{name}: inner borders along roads when asked for, mean", float(np.mean(sums.along)), "",
                conditions=f"worst ratio {max(sums.along_ratios):.2f}, mean perimeter² / area "
                f"{np.mean(sums.along_shape):.2f}, slowest {max(sums.along_seconds):.1f} s; {about}",
            )
        )  # fmt: skip
    return figures


def sample_villages() -> Iterator[Place]:
    """The 43 villages of the sample; three of them with the boundary they would have."""
    import pandas as pd

    from data.samples.township import make_township

    town = make_township()
    areas = town.boundaries[town.boundaries.level == "village"]
    areas = pd.concat([areas[["name", "geometry"]], town.unbounded[["name", "geometry"]]])
    homes = town.households.dropna(subset=["lon", "lat"])[["lon", "lat"]].to_numpy(dtype=float)
    roads = list(town.base[town.base.kind.str.startswith("road")].geometry)
    yield from _with_homes(zip(areas.name, areas.geometry, strict=True), homes, roads)


def liechtenstein_communes(outside: Path = OUTSIDE) -> Iterator[Place]:
    """The eleven communes of Liechtenstein with the middle of each building."""
    import pyogrio

    file = outside / "liechtenstein.osm.pbf"
    if not file.exists():
        print("Liechtenstein left out: the extract is not there", flush=True)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shapes = pyogrio.read_dataframe(file, layer="multipolygons")
        lines = pyogrio.read_dataframe(file, layer="lines")
    areas = shapes[shapes["admin_level"] == "8"].sort_values("name")
    houses = shapes[shapes["building"].notna()]
    homes = shapely.get_coordinates(shapely.point_on_surface(houses.geometry.to_numpy()))
    roads = list(lines[lines["highway"].notna()].geometry)
    yield from _with_homes(zip(areas["name"], areas.geometry, strict=True), homes, roads)


def _with_homes(
    areas: Iterable[tuple[str, BaseGeometry]], homes: np.ndarray, roads: list[BaseGeometry]
) -> Iterator[Place]:
    points, tree = shapely.points(homes), shapely.STRtree(roads)
    for name, shape in areas:
        shapely.prepare(shape)
        inside = shapely.covers(shape, points)
        yield Place(name, shape, homes[inside], [roads[at] for at in tree.query(shape, predicate="intersects")])


if __name__ == "__main__":
    sys.exit(main())
