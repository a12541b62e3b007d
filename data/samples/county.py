"""A made-up county, or several, of any number of households: every name, place and number in it is invented.

What is kept are whole numbers and coordinates; rows with texts are made in parts, so that a million households need no
more memory than their numbers. Equal sizes and seeds give equal rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame
from numpy.typing import NDArray

from data.samples.county_people import STRUCTURES, draw_houses, draw_names, head_names, place_households, settle
from data.samples.county_visits import KINDS, draw_visits, mixed, uuids
from data.samples.land import Land, SizeWrong, Whole, count_up, make_land
from data.samples.names import PLACE_ENDS, PLACE_WORDS, SURNAMES
from data.samples.terrain import Floats

SEED = 20261126
MOST_HOUSEHOLDS = 10_000_000
PER_GRID = 100
# No province, city or county has had these codes.
PROVINCE, CITY = "99", "9901"
CAMPAIGN = "sample-county-2026"
PLAN = """\
# 样例县走访方案（纯属虚构）
[campaign]
id = "sample-county-2026"
name_zh = "样例县大走访"
name_en = "Visits of the sample county"
target = 0.95
cohort = "all_households"

[[round]]
no = 1
name_zh = "第一轮"
name_en = "First round"
starts_on = 2026-03-01
ends_on = 2026-06-30

[[round]]
no = 2
name_zh = "第二轮"
name_en = "Second round"
starts_on = 2026-11-01
ends_on = 2026-12-15

[visit]
min_minutes = 30
remote_modes = ["phone", "wechat", "sms"]
remote_needs_reason = true
done_outcomes = ["done"]
"""
_REASONS = ("外出务工", "随子女在外地居住", "住院治疗", "在外经商", "在外求学陪读")
_PREFIXES = ["", *"小大东西南北前后上下新老中里外", "河东", "河西", "山南", "山北", "岭上", "岭下"]


@dataclass(frozen=True)
class County:
    """Numbers of everything; households in the order of their codes, visits by round, grid and time.

    Attributes
    ----------
    areas : DataFrame
        ``code``, ``name``, ``level``, ``parent_code``: province, city, counties, townships, villages.
    boundaries : GeoDataFrame
        ``code``, ``name``, ``level`` (county, township, village, grid), ``parent_code``; EPSG:4326.
    grid_codes, village_codes : ndarray of str
        Village code and three digits; official-looking codes of 12 digits.
    village_of : ndarray of int
        Village of each grid.
    grid : ndarray of int
        Grid of each household.
    lon, lat : ndarray of float
        Degrees with 7 decimals, inside the grid.
    graded : ndarray of int
        Households that have a graded house.
    """

    seed: int
    areas: pd.DataFrame
    boundaries: GeoDataFrame
    grid_codes: NDArray[np.str_]
    village_codes: NDArray[np.str_]
    village_names: NDArray[np.str_]
    addresses: NDArray[np.str_]
    village_of: Whole
    grid: Whole
    serial: Whole
    lon: Floats
    lat: Floats
    people: NDArray[np.int8]
    names: NDArray[np.int32]
    graded: Whole
    house: NDArray[np.int16]
    visit_household: NDArray[np.int32]
    visit_round: NDArray[np.int8]
    visit_kind: NDArray[np.int8]
    visit_start: NDArray[np.int32]
    visit_minutes: NDArray[np.int16]

    @property
    def counts(self) -> dict[str, int]:
        """How many of everything."""
        levels = self.boundaries["level"].value_counts()
        return {
            **{name: int(levels[level]) for name, level in _LEVELS.items()},
            "households": len(self.grid),
            "houses": len(self.graded),
            "visits": len(self.visit_household),
        }

    @property
    def county_codes(self) -> list[str]:
        """Codes of the counties."""
        return [str(code) for code in self.areas.loc[self.areas["level"] == "county", "code"]]

    def households(self, size: int) -> Iterator[pd.DataFrame]:
        """Households in parts of so many.

        Yields
        ------
        DataFrame
            ``code`` (village code and four digits), ``head_name``, ``people``, ``stated_area`` (the village's name),
            ``house_no``, ``address``, ``lon``, ``lat``, ``accuracy_m``, ``village_code``, ``grid_code``.
        """
        for part in _parts(len(self.grid), size):
            grid, serial = self.grid[part], self.serial[part]
            village = self.village_of[grid]
            number = [f"{n}号" for n in serial.tolist()]
            yield pd.DataFrame(
                {
                    "code": _texts(self._codes(part)),
                    "head_name": _texts(head_names(self.names[part])),
                    "people": self.people[part],
                    "stated_area": _texts(self.village_names.astype(object)[village]),
                    "house_no": _texts(number),
                    "address": _texts(
                        [a + n for a, n in zip(self.addresses.astype(object)[village].tolist(), number, strict=True)]
                    ),
                    "lon": self.lon[part],
                    "lat": self.lat[part],
                    "accuracy_m": np.where(serial % 4 == 0, 15.0, 5.0),
                    "village_code": _texts(self.village_codes.astype(object)[village]),
                    "grid_code": _texts(self.grid_codes.astype(object)[grid]),
                }
            )

    def houses(self, size: int) -> Iterator[pd.DataFrame]:
        """Graded houses in parts; without places of their own they stand where their households do.

        Yields
        ------
        DataFrame
            ``code``, ``household_code``, ``grade``, ``appraised_on`` (date), ``structure``, ``built_year``,
            ``area_m2``, ``storeys``.
        """
        for part in _parts(len(self.graded), size):
            owners = self._codes(self.graded[part])
            drawn = self.house[part]
            yield pd.DataFrame(
                {
                    "code": [f"{code}-F1" for code in owners],
                    "household_code": owners,
                    "grade": np.array(list("ABCD"))[drawn[:, 0]],
                    "appraised_on": (np.datetime64("2025-03-01") + drawn[:, 1]).astype(str),
                    "structure": np.array(STRUCTURES)[drawn[:, 2]],
                    "built_year": drawn[:, 3],
                    "area_m2": drawn[:, 4].astype(float),
                    "storeys": drawn[:, 5],
                }
            )

    def visits(self, size: int) -> Iterator[pd.DataFrame]:
        """Visits in parts.

        Yields
        ------
        DataFrame
            ``code`` (a UUID), ``household_code``, ``campaign``, ``round``, ``started_at``, ``ended_at`` (local time),
            ``minutes``, ``mode``, ``reason``, ``outcome``, ``visitor``, ``lon``, ``lat``, ``accuracy_m`` (empty for
            remote visits).
        """
        modes, outcomes, given, _, _ = (np.array(column) for column in zip(*KINDS, strict=True))
        for part in _parts(len(self.visit_household), size):
            household, kind = self.visit_household[part], self.visit_kind[part]
            start = np.datetime64("2026-03-01T00:00") + self.visit_start[part].astype("timedelta64[m]")
            chance = mixed(self.seed, np.arange(part.start, part.stop, dtype=np.uint64), 2)
            at_home = modes[kind] == "home"
            # Some metres from the door, as a telephone has it.
            away = 2 * np.pi * (chance & 1023) / 1024, 4 + (chance >> np.uint64(10) & 15)
            lon = np.round(self.lon[household] + away[1] * np.cos(away[0]) / 87_593.0, 7)
            lat = np.round(self.lat[household] + away[1] * np.sin(away[0]) / 111_004.0, 7)
            visitor = self._visitors()
            reason = np.array(_REASONS)[(chance >> np.uint64(20)).astype(int) % len(_REASONS)]
            yield pd.DataFrame(
                {
                    "code": uuids(self.seed, part),
                    "household_code": self._codes(household),
                    "campaign": CAMPAIGN,
                    "round": self.visit_round[part],
                    "started_at": start,
                    "ended_at": start + self.visit_minutes[part].astype("timedelta64[m]"),
                    "minutes": self.visit_minutes[part].astype(float),
                    "mode": modes[kind],
                    "reason": np.where(given[kind], reason, ""),
                    "outcome": outcomes[kind],
                    "visitor": visitor[self.grid[household]],
                    "lon": np.where(at_home, lon, np.nan),
                    "lat": np.where(at_home, lat, np.nan),
                    "accuracy_m": np.where(at_home, 5.0 + (chance >> np.uint64(30) & 15), np.nan),
                }
            )

    def _codes(self, which: slice | Whole | NDArray[np.int32]) -> list[str]:
        villages = self.village_codes.astype(object)[self.village_of[self.grid[which]]].tolist()
        return [f"{village}-{n:04d}" for village, n in zip(villages, self.serial[which].tolist(), strict=True)]

    def _visitors(self) -> NDArray[np.str_]:
        """One for each grid; the number tells namesakes apart."""
        rng = np.random.default_rng([self.seed, 7])
        names = head_names(draw_names(np.zeros(len(self.grid_codes), np.int64), rng))
        return np.array([f"{name}（{code}）" for name, code in zip(names, self.grid_codes.tolist(), strict=True)])


_LEVELS = {"counties": "county", "townships": "township", "villages": "village", "grids": "grid"}


def make_county(households: int, seed: int = SEED) -> County:
    """Make up so many households and everything about them.

    Parameters
    ----------
    households : int
        1 to 10,000,000. About 100 live in a grid, 500 in a village, 12,500 in a township and 125,000 in a county.
    seed : int
        0 or more; equal numbers give equal rows.

    Raises
    ------
    SizeWrong
        If the number of households or the seed is out of range.
    """
    if not 1 <= households <= MOST_HOUSEHOLDS or seed < 0:
        raise SizeWrong(f"{households} households, seed {seed}")
    land_rng, people_rng, house_rng, visit_rng = (np.random.default_rng([seed, k]) for k in range(4))
    land = make_land(max(1, round(households / PER_GRID)), land_rng)
    codes = _area_codes(land)
    names = _area_names(land, np.random.default_rng([seed, 4]))
    grid = settle(len(land.grids), households, people_rng)
    lon, lat = place_households(land, grid, people_rng)
    village = land.village_of[grid]
    graded = np.flatnonzero(house_rng.random(households) < 0.3)
    addresses = np.array(
        [
            f"虚构省虚构市{names['county'][land.county_of[town]]}{names['township'][town]}{names['village'][at]}"
            for at, town in enumerate(land.township_of.tolist())
        ]
    )
    return County(
        seed,
        _area_list(land, codes, names),
        _boundaries(land, codes, names),
        codes["grid"],
        codes["village"],
        names["village"],
        addresses,
        land.village_of,
        grid,
        count_up(village),
        lon,
        lat,
        np.clip(people_rng.poisson(2.1, households) + 1, 1, 9).astype(np.int8),
        draw_names(village, people_rng),
        graded,
        draw_houses(len(graded), house_rng),
        *draw_visits(grid, len(land.grids), visit_rng),
    )


def _texts(values: list[str] | NDArray[np.object_]) -> pd.Series:
    """A column of texts as they are: pandas would look at each to make a column of its own kind of them."""
    return pd.Series(values, dtype=object)


def _parts(total: int, size: int) -> Iterator[slice]:
    yield from (slice(first, min(first + size, total)) for first in range(0, total, size))


def _area_codes(land: Land) -> dict[str, NDArray[np.str_]]:
    def below(parents: NDArray[np.str_], of: Whole, first: int, digits: int) -> NDArray[np.str_]:
        numbers = count_up(of) + first - 1
        return np.array([f"{parents[p]}{n:0{digits}d}" for p, n in zip(of.tolist(), numbers.tolist(), strict=True)])

    county = below(np.array([CITY]), np.zeros(len(land.counties), np.int64), 1, 2)
    township = below(county, land.county_of, 100, 3)
    village = below(township, land.township_of, 201, 3)
    return {"county": county, "township": township, "village": village, "grid": below(village, land.village_of, 1, 3)}


def _area_names(land: Land, rng: np.random.Generator) -> dict[str, NDArray[np.str_]]:
    """Names; no two villages share one, so that a ledger's words are clear."""
    several = len(land.counties) > 1
    stems = [f"{family}家{end}" for family in SURNAMES for end in PLACE_ENDS] + list(PLACE_WORDS)
    pool = [f"{prefix}{stem}村" for prefix in _PREFIXES for stem in rng.permutation(stems)]
    towns = [rng.permutation(PLACE_WORDS).tolist() for _ in land.counties]
    numbers = count_up(land.county_of) - 1
    return {
        "county": np.array([f"样例{n}县" if several else "样例县" for n in range(1, len(land.counties) + 1)]),
        "township": np.array(
            [
                towns[county][n % len(PLACE_WORDS)] + ("镇" if n < len(PLACE_WORDS) else "乡")
                for county, n in zip(land.county_of.tolist(), numbers.tolist(), strict=True)
            ]
        ),
        # The first names are the plainest; which village has which is chance.
        "village": rng.permutation(pool[: len(land.villages)]),
        "grid": np.array([f"第{n:02d}网格" for n in count_up(land.village_of).tolist()]),
    }


def _area_list(land: Land, codes: dict[str, NDArray[np.str_]], names: dict[str, NDArray[np.str_]]) -> pd.DataFrame:
    rows = [(PROVINCE, "虚构省", "province", ""), (CITY, "虚构市", "city", PROVINCE)]
    parents = {
        "county": [CITY] * len(land.counties),
        "township": codes["county"][land.county_of].tolist(),
        "village": codes["township"][land.township_of].tolist(),
    }
    for level, above in parents.items():
        own = zip(codes[level].tolist(), names[level].tolist(), above, strict=True)
        rows += [(code, name, level, parent) for code, name, parent in own]
    return pd.DataFrame(rows, columns=["code", "name", "level", "parent_code"])


def _boundaries(land: Land, codes: dict[str, NDArray[np.str_]], names: dict[str, NDArray[np.str_]]) -> GeoDataFrame:
    parents = {
        "county": np.full(len(land.counties), CITY),
        "township": codes["county"][land.county_of],
        "village": codes["township"][land.township_of],
        "grid": codes["village"][land.village_of],
    }
    shapes = {"county": land.counties, "township": land.townships, "village": land.villages, "grid": land.grids}
    shown = names | {"grid": np.char.add(names["village"][land.village_of], names["grid"])}
    return GeoDataFrame(
        {
            "code": np.concatenate([codes[level] for level in shapes]),
            "name": np.concatenate([shown[level] for level in shapes]),
            "level": np.repeat(list(shapes), [len(part) for part in shapes.values()]),
            "parent_code": np.concatenate([parents[level] for level in shapes]),
        },
        geometry=np.concatenate(list(shapes.values())),
        crs="EPSG:4326",
    )
