"""The sample township 鄌郚镇, made from one seed: real unit names and codes, the rest invented."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from shapely.geometry import Polygon

from data.samples.boundaries import Cells, draw_borders, make_cells
from data.samples.houses import make_houses, make_sites
from data.samples.landscape import base_frame, build_landscape
from data.samples.names import Unit, name_natural_villages, read_units, seat_units
from data.samples.people import Home, make_households, place_households
from data.samples.plan import choose_unvisited, coverage_rank, household_counts, unvisited_counts
from data.samples.road_network import road_frame
from data.samples.roads import build_roads
from data.samples.terrain import Floats, Terrain, degrees_of
from data.samples.visits import make_visits

TOWNSHIP = "370725108"
SEED = 20261120
# Villages that come without a boundary and without grids: those nearest to these places, far from each other.
_UNBOUNDED_NEAR = ((-2700.0, 2100.0), (3300.0, -1900.0), (-500.0, -3600.0))
_SPLIT_GRID_FROM = 150


@dataclass(frozen=True)
class Township:
    """All records of the sample; positions in EPSG:4326, moments in local time.

    Attributes
    ----------
    units : DataFrame
        ``code``, ``raw_name``, ``name``, ``level``, ``parent_code``, ``aliases``, ``lon``, ``lat``: from the province
        to the 43 villages.
    boundaries : GeoDataFrame
        ``code``, ``name``, ``level`` (township, village, grid); three villages are missing.
    natural_villages : DataFrame
        ``code``, ``name``, ``parent_code``, ``aliases``, ``lon``, ``lat``.
    grids : DataFrame
        ``code``, ``name``, ``parent_code``, ``lon``, ``lat``.
    households, houses, sites, visits
        See the functions that make them; households also tell the village and grid in which they truly lie.
    base : GeoDataFrame
        ``kind``, ``name``.
    roads : GeoDataFrame
        ``road_class``, ``name``, ``width``: the survey of the roads, with one gap.
    unbounded : GeoDataFrame
        The three missing villages with the boundary they would have; not delivered, for checks.
    """

    units: pd.DataFrame
    boundaries: GeoDataFrame
    natural_villages: pd.DataFrame
    grids: pd.DataFrame
    households: pd.DataFrame
    houses: GeoDataFrame
    sites: pd.DataFrame
    visits: pd.DataFrame
    base: GeoDataFrame
    roads: GeoDataFrame
    unbounded: GeoDataFrame


def make_township(seed: int = SEED) -> Township:
    """Make the sample township.

    Parameters
    ----------
    seed : int
        Equal seeds give equal records to the last digit; another seed gives another land under the same names, and
        not every seed leaves room for all households.

    Returns
    -------
    Township
        43 villages, 114 natural villages, 12,843 households, 10,714 of them validly visited in round 2.

    Raises
    ------
    ValueError
        If the land of this seed has no room for a settlement.
    """
    random = partial(_stream, seed)
    terrain = Terrain(random(1))
    cells = make_cells(terrain, random(2))
    roads = build_roads(terrain, cells.centres, random(3))
    listed, above = read_units()
    units = seat_units(listed, cells.village_seeds)
    names, aliases = name_natural_villages(units, cells.centre_village, random(4))

    ranking = coverage_rank(cells.village_seeds, np.bincount(cells.centre_village), random(5))
    counts = household_counts(cells.centre_village, ranking, random(6))
    sizes = np.bincount(cells.centre_village, counts).astype(int)
    missing = unvisited_counts(sizes, ranking)

    land = build_landscape(terrain, cells, roads, counts, random(7))
    homes = _homes(units, cells, names)
    households = make_households(homes, land.settlements, random(8))
    wanted = {unit.code: int(number) for unit, number in zip(units, missing, strict=True)}
    unvisited = choose_unvisited(households, wanted, random(9))
    households = place_households(households, homes, units[ranking[0]].code, ~unvisited, random(10))

    villages, grids = _borders(terrain, cells, units, counts)
    without = _unbounded(units, cells.village_seeds)
    households = _with_membership(households, villages, grids[~grids["parent_code"].isin(without)])
    houses = make_houses(households, land.settlements, terrain, random(11))
    sites, houses = make_sites(houses, random(12))
    visits = make_visits(households, unvisited, random(13))

    given = villages[~villages["code"].isin(without)]
    kept = grids[~grids["parent_code"].isin(without)]
    outline = GeoDataFrame(
        {"code": [TOWNSHIP], "name": [above[TOWNSHIP]], "level": ["township"]},
        geometry=[shapely.union_all(villages.geometry.to_numpy())],
        crs="EPSG:4326",
    )
    columns = ["code", "name", "level", "geometry"]
    spots = degrees_of(cells.centres)
    naturals = (
        pd.DataFrame(
            {
                "code": [home.code for home in homes],
                "name": names,
                "parent_code": [home.unit.code for home in homes],
                "aliases": aliases,
                "lon": spots[:, 0],
                "lat": spots[:, 1],
            }
        )
        .sort_values("code")
        .reset_index(drop=True)
    )
    return Township(
        units=_unit_frame(units, above, naturals),
        boundaries=GeoDataFrame(pd.concat([outline, given, kept], ignore_index=True)[columns], crs="EPSG:4326"),
        natural_villages=naturals,
        grids=pd.DataFrame(
            kept[["code", "name", "parent_code"]].assign(
                lon=np.round(shapely.get_x(shapely.point_on_surface(kept.geometry.to_numpy())), 7),
                lat=np.round(shapely.get_y(shapely.point_on_surface(kept.geometry.to_numpy())), 7),
            )
        ).reset_index(drop=True),
        households=households.drop(columns=["x", "y", "settlement", "yard"]),
        houses=houses,
        sites=sites,
        visits=visits,
        base=base_frame(terrain, roads, land, names),
        roads=road_frame(terrain, roads, land),
        unbounded=villages[villages["code"].isin(without)].reset_index(drop=True),
    )


def _stream(seed: int, number: int) -> np.random.Generator:
    """An own source of chance for each step, so that a change in one step leaves the others as they are."""
    return np.random.default_rng([seed, number])


def _homes(units: list[Unit], cells: Cells, names: list[str]) -> list[Home]:
    nth: dict[int, int] = {}
    homes = []
    for village, name, centre in zip(cells.centre_village, names, cells.centres, strict=True):
        nth[village] = nth.get(village, 0) + 1
        homes.append(Home(units[village], f"{units[village].code}-N{nth[village]:02d}", name, centre))
    return homes


def _borders(
    terrain: Terrain, cells: Cells, units: list[Unit], counts: np.ndarray
) -> tuple[GeoDataFrame, GeoDataFrame]:
    """Villages and grids as frames in order of their codes; a grid for each natural village, two for a large one."""
    seeds: list[Floats] = []
    for village in range(len(units)):
        points = []
        for centre, count in zip(
            cells.centres[cells.centre_village == village], counts[cells.centre_village == village], strict=True
        ):
            aside = np.array([70.0, 0.0])
            points += [centre - aside, centre + aside] if count >= _SPLIT_GRID_FROM else [centre]
        seeds.append(np.array(points))
    shapes, pieces = draw_borders(terrain, cells, seeds)
    rows = [(unit.code, unit.name, "village", TOWNSHIP, shape) for unit, shape in zip(units, shapes, strict=True)]
    grid_rows = [
        (f"{unit.code}{number:03d}", f"{unit.name}第{number:02d}网格", "grid", unit.code, piece)
        for unit, parts in zip(units, pieces, strict=True)
        for number, piece in enumerate(parts, start=1)
    ]
    return _frame_of(rows), _frame_of(grid_rows)


def _frame_of(rows: list[tuple[str, str, str, str, Polygon]]) -> GeoDataFrame:
    code, name, level, parent, shapes = zip(*sorted(rows, key=lambda row: row[0]), strict=True)
    return GeoDataFrame(
        {"code": code, "name": name, "level": level, "parent_code": parent}, geometry=list(shapes), crs="EPSG:4326"
    )


def _unbounded(units: list[Unit], seeds: Floats) -> list[str]:
    return [units[int(np.hypot(*(seeds - place).T).argmin())].code for place in _UNBOUNDED_NEAR]


def _with_membership(households: pd.DataFrame, villages: GeoDataFrame, grids: GeoDataFrame) -> pd.DataFrame:
    """Add ``true_village`` and ``true_grid``: where the given position lies, else (not placed) the stated village."""
    points = shapely.points(households[["lon", "lat"]].to_numpy(float))
    result = households.copy()
    for column, areas in (("true_village", villages), ("true_grid", grids)):
        codes = areas["code"].to_numpy()
        found: dict[int, str] = {}
        for point, area in shapely.STRtree(areas.geometry.to_numpy()).query(points, predicate="intersects").T:
            found[int(point)] = min(found.get(int(point), "~"), str(codes[area]))
        result[column] = [found.get(k, "") for k in range(len(result))]
    unplaced = result["lon"].isna()
    result.loc[unplaced, "true_village"] = result.loc[unplaced, "village_code"]
    return result


def _unit_frame(units: list[Unit], above: dict[str, str], naturals: pd.DataFrame) -> pd.DataFrame:
    levels = dict(zip((2, 4, 6, 9), ("province", "city", "county", "township"), strict=True))
    main = naturals.drop_duplicates("parent_code").set_index("parent_code")
    rows = [
        {
            "code": code,
            "raw_name": name,
            "name": name,
            "level": levels[len(code)],
            "parent_code": code[: {2: 0, 4: 2, 6: 4, 9: 6}[len(code)]],
            "aliases": "",
            "lon": np.nan,
            "lat": np.nan,
        }
        for code, name in sorted(above.items())
    ]
    rows += [
        {
            "code": unit.code,
            "raw_name": unit.raw_name,
            "name": unit.name,
            "level": "village",
            "parent_code": TOWNSHIP,
            "aliases": unit.raw_name,
            "lon": main.loc[unit.code, "lon"],
            "lat": main.loc[unit.code, "lat"],
        }
        for unit in sorted(units, key=lambda unit: unit.code)
    ]
    return pd.DataFrame(rows)
