"""Everything built and grown on the sample's land: settlements, public buildings, lanes and fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from geopandas import GeoDataFrame
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from data.samples.boundaries import Cells
from data.samples.roads import HIGHWAY_NAME, TOWN_AT, Roads
from data.samples.settlements import Settlement, build_settlement
from data.samples.terrain import Floats, Terrain, Waves, parts_of, to_degrees

_PUBLIC = ("小学", "卫生室", "党群服务中心", "农贸市场", "幼儿园", "供销社", "敬老院", "文化大院")
_WORKS = ("机械厂", "粮库", "果品冷库", "乐器厂", "建材厂", "加油站", "养殖场", "农机站")
_TOWN = ("商铺", "商铺", "商铺", "饭店", "镇政府", "中学", "卫生院", "农商银行", "邮政所", "供电所", "居民楼", "居民楼")
_LEAST_FIELD_M2 = 1_200.0


@dataclass(frozen=True)
class Landscape:
    """What stands on the land, metres on the plane.

    Attributes
    ----------
    settlements : list of Settlement
        In the order of the natural villages.
    public_buildings : list of (str, Polygon)
    fields : list of Polygon
    """

    settlements: list[Settlement]
    public_buildings: list[tuple[str, Polygon]]
    fields: list[Polygon]


def build_landscape(
    terrain: Terrain, cells: Cells, roads: Roads, counts: np.ndarray, rng: np.random.Generator
) -> Landscape:
    """Build the settlements one after another, then public buildings and fields on what is left.

    Parameters
    ----------
    terrain : Terrain
    cells : Cells
    roads : Roads
    counts : ndarray of int, shape (114,)
        Courtyards of each natural village.
    rng : numpy.random.Generator

    Returns
    -------
    Landscape
    """
    closed = shapely.union_all([roads.clearance(), terrain.reservoir.buffer(55), terrain.water.buffer(18, quad_segs=2)])
    homes = [shapely.transform(cell.segmentize(45), terrain.warp) for cell in cells.villages]
    settlements: list[Settlement] = []
    for number, (centre, count) in enumerate(zip(cells.centres, counts, strict=True)):
        near = [
            other.ground.buffer(14, quad_segs=2)
            for other in settlements
            if other.ground.distance(shapely.Point(centre)) < 700
        ]
        blocked = shapely.union_all([closed.intersection(shapely.Point(centre).buffer(700)), *near])
        slope = float(np.clip(terrain.height(*centre), 0, 1))
        settlements.append(
            build_settlement(centre, int(count), homes[cells.centre_village[number]], blocked, slope, rng)
        )
    public = _public_buildings(settlements, closed, roads, rng)
    taken = [
        *(place.ground.buffer(22, quad_segs=2) for place in settlements),
        *shapely.get_parts(closed),
        *(wood.buffer(10, quad_segs=2) for wood in terrain.woods),
        *(shape.buffer(22, quad_segs=1) for _, shape in public),
    ]
    outline = shapely.transform(terrain.outline.segmentize(45), terrain.warp)
    return Landscape(settlements, public, _fields(outline, taken, terrain, rng))


def base_frame(terrain: Terrain, roads: Roads, land: Landscape, names: list[str]) -> GeoDataFrame:
    """The base map as one frame.

    Parameters
    ----------
    terrain : Terrain
    roads : Roads
    land : Landscape
    names : list of str
        Names of the natural villages, for their built-up areas.

    Returns
    -------
    GeoDataFrame
        ``kind`` (farmland, woods, settlement, water, road_lane, road_main, road_highway, building), ``name`` (may be
        empty) and ``geometry`` in EPSG:4326. A building without a name is a courtyard.
    """
    rows: list[tuple[str, str, BaseGeometry]] = [("farmland", "", field) for field in land.fields]
    rows += [("woods", "", wood) for wood in terrain.woods]
    rows += [("settlement", name, place.ground) for name, place in zip(names, land.settlements, strict=True)]
    rows.append(("water", "高崖水库", terrain.reservoir))
    wet = terrain.water.difference(terrain.reservoir)
    rows += [("water", "白浪河" if part.intersects(terrain.river) else "", part) for part in parts_of(wet)]
    for place in land.settlements:
        rows += [
            ("road_lane", "", dry)
            for lane in place.lanes
            for dry in _lines_of(lane.difference(terrain.water))
            if dry.length > 25
        ]
    rows += [("road_main", "", line) for line in roads.village]
    rows += [("road_main", name, line) for name, line in roads.county.items()]
    rows.append(("road_highway", HIGHWAY_NAME, roads.highway))
    rows += [("building", "", yard) for place in land.settlements for yard in place.yards]
    rows += [("building", name, shape) for name, shape in land.public_buildings]
    kinds, labels, shapes = zip(*rows, strict=True)
    return GeoDataFrame({"kind": kinds, "name": labels}, geometry=to_degrees(np.array(shapes, object)), crs="EPSG:4326")


def _lines_of(geometry: BaseGeometry) -> list[LineString]:
    return [part for part in shapely.get_parts(geometry) if isinstance(part, LineString)]


def _public_buildings(
    settlements: list[Settlement], closed: BaseGeometry, roads: Roads, rng: np.random.Generator
) -> list[tuple[str, Polygon]]:
    """A school, clinic or hall at the edge of some settlements, and works along the highway."""
    found: list[tuple[str, Polygon]] = []
    taken = shapely.STRtree(np.concatenate([place.yards for place in settlements]))

    def try_at(name: str, middle: Floats, width: float, depth: float, angle: float, crowded: bool = False) -> bool:
        shape = _turned_box(middle, width, depth, angle)
        wide = shape.buffer(0.6 if crowded else 7, quad_segs=1)
        if wide.intersects(closed) or len(taken.query(wide, "intersects")) or any(wide.intersects(s) for _, s in found):
            return False
        found.append((name, shape))
        return True

    for number, place in enumerate(settlements):
        if number % 2 and rng.random() < 0.4:
            continue
        west, south, east, north = place.ground.bounds
        for _ in range(12):
            middle = rng.uniform((west - 25, south - 25), (east + 25, north + 25))
            size = rng.uniform(18, 42), rng.uniform(9, 15)
            if try_at(_PUBLIC[number % len(_PUBLIC)], middle, *size, rng.normal(0, 0.06)):
                break
    for line in (roads.highway, *roads.county.values()):
        middle_at = line.project(shapely.Point(TOWN_AT))
        for along in np.arange(max(middle_at - 620, 0), min(middle_at + 620, line.length - 2), 31.0):
            ahead, here = line.interpolate(along + 1), line.interpolate(along)
            angle = float(np.arctan2(ahead.y - here.y, ahead.x - here.x))
            for side in (-1.0, 1.0):
                if rng.random() < 0.17:
                    continue
                off = (34.0 if line is roads.highway else 26.0) * side
                spot = np.array([here.x - off * np.sin(angle), here.y + off * np.cos(angle)])
                try_at(
                    _TOWN[int(rng.integers(len(_TOWN)))], spot, rng.uniform(20, 27), rng.uniform(10, 15), angle, True
                )
    for along in np.arange(9600, 21000, 310.0):
        point = roads.highway.interpolate(along + rng.uniform(-90, 90))
        side = float(rng.choice([-1.0, 1.0])) * rng.uniform(48, 75)
        spot = np.array([point.x, point.y + side])
        if abs(spot[0]) < 5600:
            try_at(_WORKS[int(along / 310) % len(_WORKS)], spot, rng.uniform(40, 75), rng.uniform(16, 30), 0.02)
    return found


def _turned_box(middle: Floats, width: float, depth: float, angle: float) -> Polygon:
    corner = np.array([(-width, -depth), (width, -depth), (width, depth), (-width, depth)]) / 2
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return Polygon(corner @ turn + middle)


def _fields(outline: Polygon, taken: list[BaseGeometry], terrain: Terrain, rng: np.random.Generator) -> list[Polygon]:
    """Strips of farmland in blocks of one direction; every other strip or so, so that the land looks striped."""
    west, south, east, north = outline.bounds
    side = 420.0
    column, row = np.meshgrid(np.arange(int((east - west) / side) + 2), np.arange(int((north - south) / side) + 2))
    spots = np.column_stack([west + column.ravel() * side, south + row.ravel() * side])
    spots = spots + rng.uniform(-130, 130, spots.shape)
    blocks = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(spots)))
    lean = Waves(rng, 3500)
    shapely.prepare(outline)
    tree = shapely.STRtree(taken)
    fields: list[Polygon] = []
    for block in sorted(blocks[shapely.intersects(outline, blocks)], key=lambda shape: shape.bounds):
        middle = np.array(block.centroid.coords[0])
        local = [taken[k].intersection(block) for k in tree.query(block, "intersects")]
        free = block.buffer(-4).intersection(outline).difference(shapely.union_all(local))
        angle, width = 0.12 * float(lean(*middle)), float(rng.uniform(34, 58))
        for k in range(-int(520 / width), int(520 / width) + 1):
            if (k % 2 == 0) == (rng.random() < 0.86):
                continue
            at = middle + np.array([np.cos(angle), np.sin(angle)]) * k * width
            if float(terrain.height(*at)) > 0.5:
                continue
            strip = _turned_box(at, width, 1300, angle).intersection(free)
            fields += [part for part in parts_of(strip.simplify(1)) if part.area > _LEAST_FIELD_M2]
    return fields
