"""Gap areas against DBSCAN on the same points: planted gaps found, households told right, and time.

DBSCAN (Ester 1996) clusters the unvisited points, as is usually done; it gets the radius and the number of neighbours
that serve it best on these very townships, gaps get their own constants. Run with
``python -m tests.benchmarks.bench_gaps``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from geo.gaps import LEAST, find_gaps
from tests.benchmarks.figures import Figure, alone, load_average

ABOUT = "Gap areas against DBSCAN on the same points: planted gaps found, and time for 60,000 households."
Groups = list[set[int]]
RADII_M = (40.0, 60.0, 80.0, 120.0, 160.0, 200.0)
CROWDS = (4, 6, 8, 12, 16)


@dataclass(frozen=True)
class Town:
    """Households in metres, who is visited, and the rows of each planted gap."""

    points: NDArray[np.float64]
    visited: NDArray[np.bool_]
    planted: Groups


def make_town(seed: int, *, settlements: int = 40, size: float = 9000.0) -> Town:
    """Settlements of different size and density; most of their households visited, a few stretches not.

    Between 5 and 35 of 100 households are unvisited by chance in each settlement; inside a planted gap, which is a
    round stretch of 25 to 160 households and may reach over several settlements, 70 to 97 of 100.
    """
    rng = np.random.default_rng(seed)
    parts, rates = [], []
    for centre in rng.uniform(0, size, (settlements, 2)):
        n = int(rng.integers(30, 300))
        spacing = rng.uniform(18, 70)
        side = spacing * np.sqrt(n)
        turn = rng.uniform(0, np.pi)
        rows = rng.uniform(-0.5, 0.5, (n, 2)) * side * np.array([1.0, rng.uniform(0.3, 1.0)])
        parts.append(centre + rows @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]))
        rates.append(np.full(n, rng.uniform(0.05, 0.35)))
    points, rate = np.concatenate(parts), np.concatenate(rates)
    tree, planted, taken = cKDTree(points), [], np.zeros(len(points), dtype=bool)
    for _ in range(int(rng.integers(4, 10))):
        wanted = int(rng.integers(25, 160))
        distance, index = tree.query(points[rng.integers(len(points))], k=wanted)
        index = index[(distance < 600) & ~taken[index]]
        if len(index) < 2 * LEAST or taken[tree.query(points[index], k=8)[1]].any():
            continue
        taken[index] = True
        rate[index] = rng.uniform(0.7, 0.97)
        planted.append(set(index.tolist()))
    return Town(points, rng.uniform(size=len(points)) >= rate, planted)


def dbscan(points: NDArray[np.float64], radius_m: float, crowd: int) -> Groups:
    """Density-based clusters: core points joined within the radius, edge points with their nearest core."""
    tree = cKDTree(points)
    pairs = tree.query_pairs(radius_m, output_type="ndarray")
    core = np.bincount(pairs.ravel(), minlength=len(points)) + 1 >= crowd
    joined = pairs[core[pairs].all(axis=1)]
    graph = coo_matrix((np.ones(len(joined)), (joined[:, 0], joined[:, 1])), shape=(len(points), len(points)))
    label = connected_components(graph, directed=False)[1]
    if not core.any():
        return []
    distance, nearest = cKDTree(points[core]).query(points)
    label = np.where(core, label, np.where(distance <= radius_m, label[core][nearest], -1))
    return [set(np.flatnonzero(label == one).tolist()) for one in np.unique(label[label >= 0])]


def by_dbscan(town: Town, radius_m: float, crowd: int) -> Groups:
    """Its clusters of unvisited households, as rows of the town; of the same least size as a gap."""
    rows = np.flatnonzero(~town.visited)
    found = dbscan(town.points[rows], radius_m, crowd)
    return [set(rows[list(one)].tolist()) for one in found if len(one) >= LEAST]


def by_gaps(town: Town) -> Groups:
    """Unvisited households of each gap."""
    return [set(gap.members[~town.visited[gap.members]].tolist()) for gap in find_gaps(town.points, town.visited)]


@dataclass
class Score:
    """What was told right over several towns."""

    planted: int = 0
    found: int = 0
    shown: int = 0
    right: int = 0
    both: int = 0
    told: int = 0
    true: int = 0

    def add(self, town: Town, groups: Groups) -> None:
        """Count one town: a planted gap is found if one group shares half of both together with it."""
        open_ = set(np.flatnonzero(~town.visited).tolist())
        wanted = [one & open_ for one in town.planted]
        hits = [[_alike(one, group) >= 0.5 for group in groups] for one in wanted]
        self.planted += len(wanted)
        self.shown += len(groups)
        self.found += sum(any(row) for row in hits)
        self.right += sum(any(column) for column in zip(*hits, strict=True)) if hits else 0
        everyone, all_wanted = set().union(*groups), set().union(*wanted)
        self.both += len(everyone & all_wanted)
        self.told += len(everyone)
        self.true += len(all_wanted)

    @property
    def gaps(self) -> tuple[float, float]:
        """Recall and precision of gaps."""
        return self.found / max(1, self.planted), self.right / max(1, self.shown)

    @property
    def households(self) -> tuple[float, float]:
        """Recall and precision of households."""
        return self.both / max(1, self.true), self.both / max(1, self.told)

    @property
    def f1(self) -> float:
        """Both of gaps in one figure."""
        recall, precision = self.gaps
        return 2 * recall * precision / max(1e-9, recall + precision)


def _alike(one: set[int], other: set[int]) -> float:
    return len(one & other) / max(1, len(one | other))


def score(towns: list[Town], way: Callable[[Town], Groups]) -> Score:
    """One way on all towns."""
    total = Score()
    for town in towns:
        total.add(town, way(town))
    return total


def best_dbscan(towns: list[Town]) -> tuple[float, int, Score]:
    """The radius and crowd that serve DBSCAN best on these towns."""
    tried = [
        (radius, crowd, score(towns, lambda town, r=radius, c=crowd: by_dbscan(town, r, c)))  # type: ignore[misc]
        for radius in RADII_M
        for crowd in CROWDS
    ]
    return max(tried, key=lambda one: one[2].f1)


def run(households: int | None = None) -> list[Figure]:
    """Measure on made-up townships; their size is fixed."""
    towns = [make_town(seed) for seed in range(9000, 9060)]
    ours = score(towns, by_gaps)
    radius, crowd, theirs = best_dbscan(towns)
    peer = f"DBSCAN {radius:g} m, {crowd}: "
    told = f"{len(towns)} townships"
    figures = [
        Figure(what, mine, "", goal, at_least=goal is not None, peer=f"{peer}{its:.3f}", conditions=told)
        for what, mine, its, goal in (
            ("planted gaps found", ours.gaps[0], theirs.gaps[0], 0.95),
            ("gaps shown that were planted", ours.gaps[1], theirs.gaps[1], 0.90),
            ("their households found", ours.households[0], theirs.households[0], None),
            ("households told that are theirs", ours.households[1], theirs.households[1], None),
        )
    ]
    rng = np.random.default_rng(1)
    big = make_town(8000, settlements=380, size=28000.0)
    times = []
    for _ in range(7):
        began = time.perf_counter()
        found = find_gaps(big.points, big.visited)
        times.append(time.perf_counter() - began)
    spread = f"{len(found)} gaps, 7 runs, {min(times):.2f} to {max(times):.2f} s, {load_average()}"
    figures.append(Figure(f"{len(big.points)} households", float(np.median(times)), "s", 1.0, conditions=spread))
    for name, flags in (
        ("none visited", np.zeros(len(big.points), bool)),
        ("a third, at random", rng.uniform(size=len(big.points)) < 0.33),
    ):
        began = time.perf_counter()
        found = find_gaps(big.points, flags)
        figures.append(Figure(name, time.perf_counter() - began, "s", conditions=f"{len(found)} gaps"))
    return figures


if __name__ == "__main__":
    sys.exit(alone(run))
