"""Batches of households on real settlement geometry, moved into China, with the errors that ledgers have."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.spatial import Voronoi, cKDTree

from geo.china import wgs84_to_bd09, wgs84_to_gcj02
from geo.crs import STORED, System, metric_crs, mover, parse_system
from geo.datum.ground import Ground, LocalGround
from geo.datum.readings import Reading, reading_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Settlement:
    """Houses, roads and villages in metres about their middle.

    Villages are made of the houses: k-means of about ``per_village`` houses, outlines the Voronoi cells of the means
    (cut at 1.5 km), the centre one of the village's houses at random.
    """

    name: str
    houses: Floats
    outlines: NDArray[np.object_]
    roads: NDArray[np.object_]
    village_of: NDArray[np.int64]
    village_outlines: NDArray[np.object_]
    centres: Floats


def make_settlement(
    name: str, buildings: gpd.GeoSeries, roads: gpd.GeoSeries, *, per_village: int = 150, seed: int = 1
) -> Settlement:
    """Take real outlines and roads into metres and divide the houses among villages."""
    west, south, east, north = buildings.total_bounds
    lon, lat = (west + east) / 2, (south + north) / 2
    local = pyproj.CRS.from_proj4(f"+proj=tmerc +lat_0={lat} +lon_0={lon} +k=1 +ellps=GRS80 +units=m +type=crs")
    move = mover(STORED, local)
    outlines = shapely.transform(buildings.to_numpy(), move)
    lines = shapely.transform(roads.to_numpy(), move) if len(roads) else np.empty(0, dtype=object)
    houses = shapely.get_coordinates(shapely.centroid(outlines))
    rng = np.random.default_rng(seed)
    count = max(1, len(houses) // per_village)
    means, village_of = kmeans2(houses, count, minit="++", seed=rng)
    seen, village_of = np.unique(village_of, return_inverse=True)
    means = means[seen]
    centres = np.array([rng.permutation(houses[village_of == at])[0] for at in range(len(means))])
    return Settlement(name, houses, outlines, lines, village_of, _cells(means), centres)


def _cells(means: Floats) -> NDArray[np.object_]:
    far = 1e5
    frame = np.array([[-far, -far], [far, -far], [-far, far], [far, far]])
    voronoi = Voronoi(np.concatenate([means, frame]))
    cells = [shapely.Polygon(voronoi.vertices[voronoi.regions[voronoi.point_region[at]]]) for at in range(len(means))]
    return np.array(
        [shapely.intersection(cell, shapely.Point(mean).buffer(1500)) for cell, mean in zip(cells, means, strict=True)],
        dtype=object,
    )


@dataclass(frozen=True)
class World:
    """A settlement in China: the ground that is known of it, and the houses left out of that ground."""

    name: str
    plain: dict[str, Ground]
    grounds: dict[str, LocalGround]
    houses: Floats
    village_of: NDArray[np.int64]
    crs: pyproj.CRS
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Batch:
    """Numbers as a file has them, what they are and what is said of them."""

    x: Floats
    y: Floats
    true: Reading
    declared: Reading
    stated: list[int] | None
    shape: str

    @property
    def wrong(self) -> bool:
        """Whether the declared system is not the true one."""
        return not self.true.agrees(self.declared)


def make_world(
    settlement: Settlement,
    name: str,
    lon: float,
    lat: float,
    *,
    seed: int,
    left_out: float = 0.3,
    unmapped: bool = False,
    part: float = 1.0,
) -> World:
    """Move a settlement to a place in China and leave a share of its houses off the map.

    Households are drawn from all houses, mapped or not; with ``unmapped`` only from those that are not on the map, so
    that no batch finds any of its own houses there. ``part`` is the share of the area, from the south, that is mapped.
    """
    rng = np.random.default_rng(seed)
    crs = metric_crs(lon, lat)
    shift = mover(STORED, crs)(np.array([[lon, lat]]))[0]
    back = mover(crs, STORED)

    def placed(shapes: NDArray[np.object_]) -> gpd.GeoSeries:
        return gpd.GeoSeries(shapely.transform(shapes, lambda xy: back(xy + shift)), crs=STORED)

    out = rng.random(len(settlement.houses)) < left_out
    edge = np.quantile(settlement.houses[:, 1], part)
    beyond = (settlement.houses[:, 1] > edge) & (part < 1.0)
    roads_beyond = (shapely.get_y(shapely.centroid(settlement.roads)) > edge) & (part < 1.0)
    drawn = out if unmapped else np.ones(len(out), dtype=bool)
    roads, buildings = placed(settlement.roads[~roads_beyond]), placed(settlement.outlines[~out & ~beyond])
    centres = pd.DataFrame(back(settlement.centres + shift), columns=["lon", "lat"])
    villages = placed(settlement.village_outlines)
    grounds = {
        "all": Ground(roads=roads, buildings=buildings, centres=centres),
        "roads": Ground(roads=roads),
        "outlines": Ground(villages=villages, centres=centres),
    }
    around = np.array([[lon, lat]])
    west, south, east, north = placed(settlement.outlines).total_bounds
    return World(
        f"{settlement.name}-{name}",
        grounds,
        {kind: LocalGround(ground, around) for kind, ground in grounds.items()},
        settlement.houses[drawn] + shift,
        settlement.village_of[drawn],
        crs,
        (west, south, east, north),
    )


CASES = {
    "wgs84 right": ("wgs84", "wgs84"),
    "gcj02 right": ("gcj02", "gcj02"),
    "bd09 right": ("bd09", "bd09"),
    "zone right": ("zone", "zone"),
    "gcj02 read as wgs84": ("gcj02", "wgs84"),
    "bd09 read as wgs84": ("bd09", "wgs84"),
    "wgs84 read as gcj02": ("wgs84", "gcj02"),
    "gcj02 read as bd09": ("gcj02", "bd09"),
    "zone off by one": ("zone", "zone+1"),
    "swapped": ("wgs84+swapped", "wgs84"),
}


def make_batch(
    world: World, case: str, size: int, seed: int, *, decimals: int | None = None, has_villages: bool | None = None
) -> Batch:
    """Draw households and write them down as a ledger would.

    Half of the batches come from one hamlet (drawn among twice as many neighbours), a quarter from three villages, a
    quarter from everywhere. Receivers err by 5 to 15 m (standard deviation on each axis), coordinates have 4 to 6
    decimals, every tenth row lies 0.3 to 5 km away, one in fifty more is blank or 0, 0. Half of the ledgers state the
    village, three rows in a hundred the wrong one.
    """
    rng = np.random.default_rng(seed)
    shape = rng.choice(["hamlet", "hamlet", "villages", "spread"])
    rows = _draw(world, str(shape), size, rng)
    size = len(rows)
    xy = world.houses[rows] + rng.normal(0, rng.uniform(5, 15), (size, 2))
    astray = rng.random(size) < 0.1
    away, turn = rng.uniform(300, 5000, size), rng.uniform(0, 2 * np.pi, size)
    xy = np.where(astray[:, None], xy + np.column_stack([away * np.cos(turn), away * np.sin(turn)]), xy)
    stated = world.village_of[rows].copy()
    slips = rng.random(size) < 0.03
    stated[slips] = rng.choice(world.village_of, slips.sum())
    true, declared = (_reading(name, world) for name in CASES[case])
    lonlat = mover(world.crs, STORED)(xy)
    x, y = _written(lonlat, true.system)
    if true.system.in_degrees:
        digits = int(rng.choice([4, 5, 5, 6, 6])) if decimals is None else decimals
        x, y = np.round(x, digits), np.round(y, digits)
    else:
        x, y = np.round(x, 2), np.round(y, 2)
    blank = np.sort(rng.choice(size, -(-size // 50), replace=False))
    nothing = 0.0 if rng.random() < 0.5 else np.nan
    x, y, stated = np.insert(x, blank, nothing), np.insert(y, blank, nothing), np.insert(stated, blank, stated[blank])
    if true.swapped:
        x, y = y, x
    said = rng.random() < 0.5 if has_villages is None else has_villages
    return Batch(x, y, true, declared, stated.tolist() if said else None, str(shape))


def _draw(world: World, shape: str, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    houses = world.houses
    if shape == "hamlet":
        first = houses[rng.integers(len(houses))]
        near = cKDTree(houses).query(first, k=min(2 * size, len(houses)))[1]
        return rng.choice(near, min(size, len(near)), replace=False)
    rows = np.arange(len(houses))
    if shape == "villages":
        chosen = rng.choice(np.unique(world.village_of), 3, replace=len(np.unique(world.village_of)) < 3)
        rows = rows[np.isin(world.village_of, chosen)]
    return rng.choice(rows, min(size, len(rows)), replace=False)


def _reading(name: str, world: World) -> Reading:
    if name.startswith("zone"):
        code = world.crs.to_epsg()
        assert code is not None
        return reading_of(parse_system(f"EPSG:{code + (1 if name.endswith('1') else 0)}"))
    return reading_of(parse_system(name.removesuffix("+swapped")), swapped=name.endswith("+swapped"))


def _written(lonlat: Floats, system: System) -> tuple[Floats, Floats]:
    lon, lat = lonlat.T
    if system.name == "gcj02":
        return wgs84_to_gcj02(lon, lat)
    if system.name == "bd09":
        return wgs84_to_bd09(lon, lat)
    if system.in_degrees:
        return lon.copy(), lat.copy()
    x, y = mover(STORED, system.definition)(lonlat).T
    return x, y


def scatter_hamlets(outlines: gpd.GeoSeries, roads: gpd.GeoSeries, *, hamlets: int = 24, seed: int = 3) -> Settlement:
    """Make a township of one real hamlet, turned, mirrored and joined by straight roads.

    The hamlets lie at random in 8 by 8 km, at least 600 m apart; each is a village of its own.
    """
    rng = np.random.default_rng(seed)
    one = make_settlement("hamlet", outlines, roads, per_village=len(outlines))
    middles: list[Floats] = []
    while len(middles) < hamlets:
        middle = rng.uniform(-4000, 4000, 2)
        if all(np.hypot(*(middle - other)) > 600 for other in middles):
            middles.append(middle)
    houses, lines = [], []
    for middle in middles:
        turn, mirror = rng.uniform(0, 2 * np.pi), rng.choice([-1.0, 1.0])
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag([mirror, 1.0])

        def lay(xy: Floats, rotation: Floats = rotation, middle: Floats = middle) -> Floats:
            return xy @ rotation.T + middle

        houses.append(shapely.transform(one.outlines, lay))
        lines.append(shapely.transform(one.roads, lay))
    places = np.array(middles)
    _, near = cKDTree(places).query(places, k=3)
    between = [shapely.LineString([places[at], places[to]]) for at, row in enumerate(near) for to in row[1:]]
    every = np.concatenate(houses)
    village_of = np.repeat(np.arange(hamlets), len(one.outlines))
    centres = np.array([shapely.get_coordinates(shapely.centroid(rng.choice(part)))[0] for part in houses])
    return Settlement(
        "hamlets",
        shapely.get_coordinates(shapely.centroid(every)),
        every,
        np.concatenate([*lines, np.array(between, dtype=object)]),
        village_of,
        _cells(places),
        centres,
    )
