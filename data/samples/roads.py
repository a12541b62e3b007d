"""Roads of the sample township: a provincial highway, county roads, and village roads found by least effort."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay
from shapely.geometry import LineString, Point

from data.samples.terrain import Floats, Terrain, Waves, smooth_line

HIGHWAY_NAME = "S221"
TOWN_AT = (210.0, -210.0)
_HIGHWAY = [
    (-15000, -1500),
    (-9500, -900),
    (-6300, -350),
    (-3600, -560),
    (-1500, -420),
    (200, -230),
    (1900, 60),
    (3700, -110),
    (6400, -620),
    (10000, -500),
    (15000, -1300),
]
_COUNTY_ROADS = {
    "X081": [
        (-1500, 14000),
        (-1250, 8500),
        (-950, 5400),
        (-760, 3000),
        (-420, 1400),
        (210, -210),
        (120, -1900),
        (-450, -3700),
        (-300, -5600),
        (-700, -9000),
        (-500, -14000),
    ],
    "X083": [(210, -210), (1300, 900), (2100, 2300), (3000, 3900), (4300, 5600), (6800, 9000), (9000, 13000)],
}
_CELL_M = 75.0
_EXTRA_LINKS = 62


@dataclass(frozen=True)
class Roads:
    """Road centre lines on the plane, in metres.

    Attributes
    ----------
    highway : LineString
    county : dict of str to LineString
        Road number to line.
    village : list of LineString
        Roads that join the natural villages to each other and to the roads above.
    """

    highway: LineString
    county: dict[str, LineString]
    village: list[LineString]

    def clearance(self) -> shapely.Geometry:
        """Ground that no courtyard may touch: every carriageway with its verge."""
        return shapely.union_all(
            [
                self.highway.buffer(22, quad_segs=2),
                *(line.buffer(15, quad_segs=2) for line in self.county.values()),
                *(line.buffer(8.5, quad_segs=2) for line in self.village),
            ]
        )


class _Board:
    """The plane cut into square cells, each a node of a graph whose edges cost what a road builder would pay."""

    def __init__(self, terrain: Terrain, rng: np.random.Generator) -> None:
        west, south, east, north = terrain.outline.buffer(450).bounds
        self.west, self.south = west, south
        self.columns = int((east - west) / _CELL_M) + 1
        self.rows = int((north - south) / _CELL_M) + 1
        row, column = np.divmod(np.arange(self.rows * self.columns), self.columns)
        self.xy = np.column_stack([west + (column + 0.5) * _CELL_M, south + (row + 0.5) * _CELL_M])
        x, y = self.xy.T
        ground = 1 + 2.2 * np.clip(terrain.height(x, y), 0, 1.4) + 0.38 * Waves(rng, 420)(x, y).clip(-1.6, 2)
        ground[shapely.intersects_xy(terrain.water.buffer(20), x, y)] += 9
        ground[shapely.intersects_xy(terrain.reservoir.buffer(60), x, y)] += 400
        ground[~shapely.intersects_xy(terrain.outline.buffer(-60), x, y)] += 6
        self.ground = np.clip(ground, 0.3, None)
        # Cells are shown slightly off their centres so that no road runs along the raster.
        self.shown = self.xy + 20 * np.column_stack([Waves(rng, 300)(x, y), Waves(rng, 300)(x, y)]).clip(-1.3, 1.3)

    def graph(self, discounted: set[tuple[int, int]] | None = None) -> csr_matrix:
        """Costs between neighbouring cells (8 directions); roads already there cost less."""
        node = np.arange(self.rows * self.columns).reshape(self.rows, self.columns)
        pairs = [
            (node[:, :-1], node[:, 1:]),
            (node[:-1], node[1:]),
            (node[:-1, :-1], node[1:, 1:]),
            (node[1:, :-1], node[:-1, 1:]),
        ]
        start = np.concatenate([a.ravel() for a, _ in pairs])
        end = np.concatenate([b.ravel() for _, b in pairs])
        cost = (self.ground[start] + self.ground[end]) / 2 * np.hypot(*(self.xy[start] - self.xy[end]).T)
        if discounted:
            known = np.array([a * len(self.ground) + b for a, b in sorted(discounted)])
            cost[np.isin(start * len(self.ground) + end, known)] *= 0.72
        return csr_matrix((cost, (start, end)), shape=(node.size, node.size))

    def node_at(self, xy: Floats) -> np.ndarray:
        """Numbers of the cells that hold the points (n, 2)."""
        column = np.clip(((xy[:, 0] - self.west) / _CELL_M).astype(int), 0, self.columns - 1)
        row = np.clip(((xy[:, 1] - self.south) / _CELL_M).astype(int), 0, self.rows - 1)
        return np.asarray(row * self.columns + column)


def build_roads(terrain: Terrain, centres: Floats, rng: np.random.Generator) -> Roads:
    """Lay roads so that every natural village is joined to the highway.

    Parameters
    ----------
    terrain : Terrain
    centres : ndarray, shape (n, 2)
        Centres of natural villages, metres.
    rng : numpy.random.Generator

    Returns
    -------
    Roads
    """
    highway = smooth_line([(float(x), float(y)) for x, y in _HIGHWAY])
    county = {name: smooth_line([(float(x), float(y)) for x, y in line]) for name, line in _COUNTY_ROADS.items()}
    board = _Board(terrain, rng)
    trunk = shapely.union_all([highway, *county.values()])
    near_trunk = shapely.distance(shapely.points(board.xy), trunk) < _CELL_M * 0.75
    network = {int(k) for k in np.flatnonzero(near_trunk)}
    trunk_nodes = frozenset(network)
    homes = board.node_at(centres)
    edges: set[tuple[int, int]] = set()

    graph = board.graph()
    for home in homes[np.argsort(shapely.distance(shapely.points(centres), trunk), kind="stable")]:
        _join(graph, int(home), network, edges)

    graph = board.graph(edges)
    for a, b in _links_worth_having(centres, rng):
        _, before = dijkstra(graph, directed=False, indices=np.array(homes[a]), return_predecessors=True)
        _add_path(before, int(homes[b]), edges)
    fixed = trunk_nodes | {int(home) for home in homes}
    return Roads(highway, county, [_draw(chain, board, trunk_nodes, trunk) for chain in _chains(edges, fixed)])


def _join(graph: csr_matrix, home: int, network: set[int], edges: set[tuple[int, int]]) -> None:
    """Add the cheapest way from a settlement to the network."""
    cost, before = dijkstra(graph, directed=False, indices=np.array(home), return_predecessors=True)
    members = np.array(sorted(network))
    network.update(_add_path(before, int(members[cost[members].argmin()]), edges))


def _add_path(before: np.ndarray, end: int, edges: set[tuple[int, int]]) -> list[int]:
    path = [end]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    edges.update((min(a, b), max(a, b)) for a, b in pairwise(path))
    return path


def _links_worth_having(centres: Floats, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Pairs of neighbouring settlements that get a direct road besides the tree."""
    triangles = Delaunay(centres).simplices
    pairs = {
        (min(int(a), int(b)), max(int(a), int(b)))
        for t in triangles
        for a, b in ((t[0], t[1]), (t[1], t[2]), (t[0], t[2]))
    }
    close = [pair for pair in sorted(pairs) if 500 < float(np.hypot(*(centres[pair[0]] - centres[pair[1]]))) < 1500]
    return [close[k] for k in sorted(rng.choice(len(close), min(_EXTRA_LINKS, len(close)), replace=False))]


def _chains(edges: set[tuple[int, int]], fixed: frozenset[int] | set[int]) -> list[list[int]]:
    """Cut the network into runs of cells between junctions, settlements and trunk roads."""
    around: dict[int, list[int]] = {}
    for a, b in sorted(edges):
        around.setdefault(a, []).append(b)
        around.setdefault(b, []).append(a)
    stops = {node for node, near in around.items() if len(near) != 2 or node in fixed}
    seen: set[tuple[int, int]] = set()
    chains = []
    for start in sorted(stops):
        for step in around[start]:
            if (start, step) in seen:
                continue
            chain = [start, step]
            while chain[-1] not in stops:
                chain.append(next(node for node in around[chain[-1]] if node != chain[-2]))
            seen.update({(chain[0], chain[1]), (chain[-1], chain[-2])})
            chains.append(chain)
    return chains


def _draw(chain: list[int], board: _Board, trunk_nodes: frozenset[int], trunk: shapely.Geometry) -> LineString:
    """Turn a run of cells into a smooth line whose ends stay put, or lie on the trunk road."""
    xy = board.shown[chain].copy()
    for end in (0, -1):
        if chain[end] in trunk_nodes:
            point = Point(xy[end])
            xy[end] = np.asarray(shapely.shortest_line(point, trunk).coords[-1])
    line = LineString(xy).segmentize(25)
    dense = shapely.get_coordinates(line)
    soft = gaussian_filter1d(dense, 3.2, axis=0, mode="nearest")
    soft[0], soft[-1] = dense[0], dense[-1]
    return LineString(shapely.get_coordinates(LineString(soft).simplify(1.5)))
