"""Invented houses with grades, and the renovation of the dilapidated ones since 2009."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame

from data.samples.settlements import Settlement
from data.samples.terrain import Terrain, to_degrees

GRADED = {"C": 154, "D": 64}
# Dilapidated houses not yet renovated (未销号).
OPEN = {"C": 80, "D": 32}
_UNDER_WAY = {"C": 46, "D": 20}
METHODS = {"修缮加固": 227, "拆除重建": 72, "交钥匙": 42}
_SHARES = {"A": 0.44, "B": 0.36}
STAGES = ("发现", "鉴定", "比对", "批准", "开工", "竣工", "验收", "打卡发放")
_DATED = ("approved_on", "started_on", "completed_on", "accepted_on", "paid_on")
_TODAY = date(2026, 11, 20)
_STRUCTURES = ("砖混结构", "砖木结构", "土木结构", "石木结构")


def make_houses(
    households: pd.DataFrame, settlements: list[Settlement], terrain: Terrain, rng: np.random.Generator
) -> GeoDataFrame:
    """Houses of the households: mostly one, for a few two or none.

    Parameters
    ----------
    households : DataFrame
        With ``code``, ``address``, ``key_groups``, ``x``, ``y``, ``settlement``, ``yard``.
    settlements : list of Settlement
    terrain : Terrain
        Dilapidated houses are more frequent in the hills.
    rng : numpy.random.Generator

    Returns
    -------
    GeoDataFrame
        EPSG:4326 outlines with ``code``, ``household_code``, ``grade`` (A, B, C, D or empty), ``appraised_on`` (ISO
        date or empty), ``structure``, ``built_year``, ``area_m2``, ``storeys``, ``address``.
    """
    number = rng.choice([0, 1, 2], len(households), p=[0.012, 0.962, 0.026])
    repeated = households.loc[households.index.repeat(number)].reset_index(drop=True)
    nth = repeated.groupby("code").cumcount().to_numpy() + 1
    shapes = [
        (settlements[place].houses if n == 1 else settlements[place].second_houses)[yard]
        for place, yard, n in zip(repeated["settlement"], repeated["yard"], nth, strict=True)
    ]
    built = np.clip(rng.normal(1993, 11, len(repeated)), 1958, 2025).astype(int)
    built[nth == 2] = np.clip(built[nth == 2] + 10, 1965, 2025)
    grade = _grades(repeated, nth, built, terrain, rng)
    poor = np.isin(grade, ["C", "D"])
    built[poor] = np.clip(built[poor] - 17, 1955, 1990)
    structure = np.select(
        [poor & (rng.random(len(repeated)) < 0.55), built < 1984, built < 1998],
        [rng.choice(_STRUCTURES[2:], len(repeated)), _STRUCTURES[1], rng.choice(_STRUCTURES[:2], len(repeated))],
        _STRUCTURES[0],
    )
    day = np.array([date(2019, 3, 1) + timedelta(days=int(d)) for d in rng.integers(0, 2_600, len(repeated))])
    day[poor] = [date(2024, 1, 8) + timedelta(days=int(d)) for d in rng.integers(0, 240, int(poor.sum()))]
    return GeoDataFrame(
        {
            "code": [f"{code}-F{n}" for code, n in zip(repeated["code"], nth, strict=True)],
            "household_code": repeated["code"].to_numpy(),
            "grade": grade,
            "appraised_on": [d.isoformat() if g else "" for d, g in zip(day, grade, strict=True)],
            "structure": structure,
            "built_year": built,
            "area_m2": np.round(shapely.area(np.array(shapes, object)), 1),
            "storeys": np.where((built > 2005) & (rng.random(len(repeated)) < 0.2), 2, 1),
            "address": repeated["address"].to_numpy(),
        },
        geometry=to_degrees(np.array(shapes, object)),
        crs="EPSG:4326",
    )


def _grades(
    houses: pd.DataFrame, nth: np.ndarray, built: np.ndarray, terrain: Terrain, rng: np.random.Generator
) -> np.ndarray:
    """A and B for most, C and D for fixed numbers of old houses, empty for those not appraised."""
    grade = rng.choice(["A", "B", ""], len(houses), p=[_SHARES["A"], _SHARES["B"], 1 - sum(_SHARES.values())])
    grade = grade.astype(object)
    hilly = np.clip(terrain.height(houses["x"].to_numpy(), houses["y"].to_numpy()), 0, 1)
    weight = (
        np.exp((1996 - built) / 14) * (0.35 + 2.2 * hilly) * (1 + 3 * houses["key_groups"].str.contains("困难|孤寡"))
    )
    weight = np.where(nth == 1, weight, 0)
    chosen = rng.choice(len(houses), sum(GRADED.values()), replace=False, p=weight / weight.sum())
    grade[chosen[: GRADED["C"]]], grade[chosen[GRADED["C"] :]] = "C", "D"
    return grade


def make_sites(houses: GeoDataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, GeoDataFrame]:
    """Renovation sites since 2009: 341, in all stages.

    112 houses of grade C or D are not yet renovated (66 of them under way); the others were accepted lately and wait
    for a new appraisal. Older sites stand at houses that are A or B now.

    Parameters
    ----------
    houses : GeoDataFrame
        From :func:`make_houses`; not changed.
    rng : numpy.random.Generator

    Returns
    -------
    sites : DataFrame
        ``code``, ``household_code``, ``house_code``, ``method``, ``grade_before``, ``stage``, ``approved_on``,
        ``started_on``, ``completed_on``, ``accepted_on``, ``paid_on`` (ISO dates or empty), ``lon``, ``lat``.
    houses : GeoDataFrame
        With the year of building of those rebuilt.
    """
    renewed = houses.copy()
    graded = {g: rng.permutation(np.flatnonzero(houses["grade"] == g)) for g in "CD"}
    first = houses["code"].str.endswith("-F1").to_numpy()
    older = rng.permutation(np.flatnonzero(houses["grade"].isin(["A", "B"]) & first & (houses["built_year"] < 1996)))
    done = {g: GRADED[g] - OPEN[g] for g in "CD"}
    wanted = {"C": METHODS["修缮加固"], "D": METHODS["拆除重建"] + METHODS["交钥匙"]}
    jobs: list[tuple[int, str, str]] = []
    for g in "CD":
        jobs += [(int(k), g, "late") for k in graded[g][: done[g]]]
        jobs += [(int(k), g, "open") for k in graded[g][done[g] : done[g] + _UNDER_WAY[g]]]
        past = wanted[g] - done[g] - _UNDER_WAY[g]
        jobs += [(int(k), g, "past") for k in older[:past]]
        older = older[past:]
    turn_key = rng.permutation(wanted["D"]) < METHODS["交钥匙"]
    rows = []
    count_d = 0
    for k, g, when in jobs:
        method = "修缮加固"
        if g == "D":
            method = "交钥匙" if turn_key[count_d] else "拆除重建"
            count_d += 1
        stage, days = _timetable(when, method, rng)
        rows.append({"house": k, "grade_before": g, "method": method, "stage": stage, **days})
        if when == "past" and method != "修缮加固":
            year = int(days["completed_on"][:4])
            renewed.loc[k, "grade"], renewed.loc[k, "structure"] = "A", "砖混结构"
            renewed.loc[k, "built_year"] = year
        elif when == "past":
            renewed.loc[k, "grade"] = "B"
        if when == "past":
            renewed.loc[k, "appraised_on"] = max(str(renewed.loc[k, "appraised_on"]), days["accepted_on"])
    sites = pd.DataFrame(rows).sort_values(["house"], kind="stable").reset_index(drop=True)
    house = renewed.iloc[sites["house"].to_numpy()].reset_index(drop=True)
    sites["code"] = [f"GZ-{day[:4] or '2026'}-{n:04d}" for n, day in enumerate(sites["approved_on"], start=1)]
    sites["household_code"], sites["house_code"] = house["household_code"], house["code"]
    middle = shapely.point_on_surface(house.geometry.to_numpy())
    sites["lon"], sites["lat"] = np.round(shapely.get_x(middle), 7), np.round(shapely.get_y(middle), 7)
    columns = ["code", "household_code", "house_code", "method", "grade_before", "stage", *_DATED, "lon", "lat"]
    return sites[columns], renewed


def _timetable(when: str, method: str, rng: np.random.Generator) -> tuple[str, dict[str, str]]:
    """Stage reached and the days of its steps; steps to come have no day."""
    if when == "open":
        reached = int(rng.choice(6, p=[0.10, 0.15, 0.15, 0.20, 0.28, 0.12]))
        approved = date(2026, 7, 1) + timedelta(days=int(rng.integers(0, 60)))
    elif when == "late":
        reached = 6 if rng.random() < 0.35 else 7
        approved = date(2025, 3, 1) + timedelta(days=int(rng.integers(0, 330)))
    else:
        reached = 7
        year = int(rng.choice(np.arange(2009, 2025), p=_YEARS / _YEARS.sum()))
        approved = date(year, 3, 1) + timedelta(days=int(rng.integers(0, 150)))
    building = (18, 55) if method == "修缮加固" else (60, 115)
    steps = [
        0,
        int(rng.integers(4, 16)),
        int(rng.integers(*building)),
        int(rng.integers(3, 14)),
        int(rng.integers(3, 28)),
    ]
    days = {}
    day = approved
    for at, (name, wait) in enumerate(zip(_DATED, steps, strict=True), start=3):
        day = day + timedelta(days=wait)
        days[name] = min(day, _TODAY).isoformat() if at <= reached else ""
    return STAGES[reached], days


_YEARS = np.array([6, 8, 8, 7, 6, 6, 9, 12, 18, 20, 17, 14, 9, 7, 6, 6], float)
