"""How often a batch in the wrong system is found out, and how often one in the right system is suspected.

Run with ``python -m tests.benchmarks.bench_datum [batches per case] [seed] [kind of ground …]``; it ends with status 1
if the goals for the kinds marked so are missed. It reads an OpenStreetMap extract of Liechtenstein (ODbL) that is not
shipped.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.datum import Verdict, compare_readings, judge, possible_readings
from geo.files import read_osm
from tests.benchmarks.datum_batches import CASES, Batch, Settlement, World, make_batch, make_settlement, make_world
from tests.benchmarks.figures import Figure, Unavailable
from tests.conftest import OUTSIDE

ABOUT = "How often a batch in the wrong coordinate system is found out; needs map data that is not shipped."
SIZES = (20, 50, 200)
BATCHES, SEED = 60, 40_000
PLACES = {
    "芜湖": (118.376343, 31.32559),
    "张店": (118.053521, 36.807049),
    "昌乐": (118.839995, 36.703253),
    "巴州": (106.753671, 31.858366),
}
NAMED_GOAL, FALSE_GOAL = 0.99, 0.01


@dataclass(frozen=True)
class Kind:
    """A kind of ground and of batch: what is known of the area, which houses the batch has, how it is written."""

    title: str
    ground: str
    unmapped: bool = False
    part: float = 1.0
    decimals: int | None = None
    settlement: str = "liechtenstein"
    stated: bool | None = None
    goal: bool = False


KINDS = {
    "a": Kind("(a) roads, 70 % of the buildings, village centres", "all", goal=True),
    "a-unmapped": Kind("(a) none of the batch's own houses on the map", "all", unmapped=True),
    "a-half": Kind("(a) half of the area not mapped", "all", part=0.5),
    "a-100m": Kind("(a) coordinates with 3 decimals", "all", decimals=3),
    "a-scattered": Kind("(a) scattered houses (Zambia), no roads", "all", settlement="zambia"),
    "b": Kind("(b) roads only", "roads"),
    "c": Kind("(c) village centres and outlines, village stated", "outlines", stated=True),
    "c-unstated": Kind("(c) the same, village not stated", "outlines", stated=False),
}


def settlements() -> dict[str, Settlement]:
    """Real houses and roads: an alpine valley with villages, and farms scattered in the bush."""
    osm = read_osm(OUTSIDE / "liechtenstein.osm.pbf")
    farms = gpd.read_file(OUTSIDE / "zambia_households.geojson").geometry
    none = gpd.GeoSeries([], crs="EPSG:4326")
    return {
        "liechtenstein": make_settlement("liechtenstein", osm["buildings"].geometry, osm["roads"].geometry),
        "zambia": make_settlement("zambia", farms, none, per_village=25),
    }


def verdicts(
    kind: Kind, worlds: Sequence[World], size: int, batches: int, seed: int
) -> Iterator[tuple[str, Batch, Verdict]]:
    """Judge so many batches of each case."""
    for at, case in enumerate(CASES):
        for turn in range(batches):
            world = worlds[turn % len(worlds)]
            number = seed + (at * batches + turn) * len(SIZES) + SIZES.index(size)
            batch = make_batch(world, case, size, number, decimals=kind.decimals, has_villages=kind.stated)
            yield case, batch, judge_batch(world, kind.ground, batch)


def judge_batch(world: World, ground: str, batch: Batch) -> Verdict:
    """Ask the three functions in turn, as an import does."""
    readings = possible_readings(batch.x, batch.y, near=world.box, declared=batch.declared)
    scores = compare_readings(batch.x, batch.y, readings, world.grounds[ground], stated=batch.stated)
    return judge(scores, batch.declared)


def table(rows: Iterator[tuple[str, Batch, Verdict]]) -> pd.DataFrame:
    """Count by case: batches, flagged, flagged with the right system named, false alarms, and those called certain."""
    found = pd.DataFrame(
        [
            (
                case,
                batch.wrong,
                batch.wrong and verdict.alarm,
                batch.wrong and verdict.alarm and verdict.best.agrees(batch.true),
                not batch.wrong and verdict.alarm,
                verdict.certain,
                verdict.certain and not verdict.best.agrees(batch.true),
                batch.shape == "hamlet" and batch.wrong,
                batch.shape == "hamlet" and batch.wrong and verdict.alarm and verdict.best.agrees(batch.true),
            )
            for case, batch, verdict in rows
        ],
        columns=["case", "wrong", "flagged", "named", "false", "certain", "sure_and_wrong", "hamlets", "hamlets_named"],
    )
    counted = found.groupby("case", sort=False).sum()
    counted.insert(0, "batches", found.groupby("case", sort=False).size())
    return counted


def show(title: str, counts: pd.DataFrame) -> tuple[float, float]:
    """Print a table; gives the share named and the share of false alarms."""
    total = counts.sum()
    wrong, right = int(total["wrong"]), int(total["batches"] - total["wrong"])
    named, false = float(total["named"] / wrong), float(total["false"] / right)
    print(title)
    print(f"    wrong {wrong}: flagged {total['flagged'] / wrong:.2%}, flagged and named {named:.2%}")
    print(f"    of these from one hamlet {total['hamlets']}: named {total['hamlets_named'] / total['hamlets']:.2%}")
    print(f"    right {right}: false alarms {false:.2%}")
    print(
        f"    called certain {total['certain'] / total['batches']:.1%}, "
        f"of these wrongly {total['sure_and_wrong'] / max(total['certain'], 1):.2%}"
    )
    for case, row in counts.iterrows():
        shares = ("flagged", "named") if row["wrong"] else ("false",)
        told = ", ".join(f"{what} {row[what] / row['batches']:7.2%}" for what in shares)
        print(f"        {case:22} {row['batches']:4d} {told}")
    sys.stdout.flush()
    return named, false


def main(batches: int = BATCHES, seed: int = SEED, kinds: Sequence[str] = tuple(KINDS)) -> bool:
    """Measure and print; gives whether the goals are met."""
    figures = measure(batches, seed, kinds)
    good = all(figure.met is not False for figure in figures)
    print("goals met" if good and figures else "goals missed" if figures else "no goals for these kinds")
    return good


def run(households: int | None = None) -> list[Figure]:
    """Measure the kinds of ground that have goals; the others are told by the script alone, in half an hour."""
    if not (OUTSIDE / "liechtenstein.osm.pbf").exists():
        raise Unavailable(f"{OUTSIDE / 'liechtenstein.osm.pbf'} is not there: an OpenStreetMap extract, not shipped.")
    return measure(BATCHES, SEED, tuple(name for name, kind in KINDS.items() if kind.goal))


def measure(batches: int, seed: int, kinds: Sequence[str]) -> list[Figure]:
    """Measure and print; gives the figures of the kinds that have goals."""
    known = settlements()
    figures: list[Figure] = []
    print(f"{batches} batches for each of {len(CASES)} cases, seed {seed}")
    for name in kinds:
        kind = KINDS[name]
        settlement = known[kind.settlement]
        worlds = [
            make_world(settlement, place, *at, seed=seed + turn, unmapped=kind.unmapped, part=kind.part)
            for turn, (place, at) in enumerate(PLACES.items())
        ]
        sizes = SIZES if kind.settlement == "liechtenstein" else SIZES[:2]
        tables = []
        for size in sizes:
            tables.append(table(verdicts(kind, worlds, size, batches, seed)))
            show(f"{kind.title}, batches of {size}", tables[-1])
        named, false = show(f"{kind.title}, all sizes", sum(tables[1:], tables[0]))
        if kind.goal:
            told = f"{batches} batches for each of {len(CASES)} cases, seed {seed}, sizes {', '.join(map(str, sizes))}"
            figures += [
                Figure(f"{kind.title}: wrong batches named", named, "", NAMED_GOAL, at_least=True, conditions=told),
                Figure(f"{kind.title}: false alarms", false, "", FALSE_GOAL, conditions=told),
            ]
    print("seconds for 50,000 points and 6 readings:", f"{speed(known['liechtenstein']):.2f}")
    return figures


def speed(settlement: Settlement, points: int = 50_000) -> float:
    """Seconds to compare six readings of many points with outlines, then with roads and houses, prepared afresh."""
    world = make_world(settlement, "芜湖", *PLACES["芜湖"], seed=1)
    batch = make_batch(world, "gcj02 read as wgs84", len(world.houses), 1, has_villages=True)
    many = np.random.default_rng(1).integers(len(batch.x), size=points)
    x, y = batch.x[many], batch.y[many]
    readings = 2 * possible_readings(x, y, near=world.box)
    assert batch.stated is not None
    stated = [batch.stated[at] for at in many]
    began = time.perf_counter()
    compare_readings(x, y, readings, world.plain["outlines"], stated=stated)
    compare_readings(x, y, readings, world.plain["all"], stated=stated)
    return time.perf_counter() - began


if __name__ == "__main__":
    asked = sys.argv[1:]
    ok = main(
        int(asked[0]) if asked else BATCHES,
        int(asked[1]) if len(asked) > 1 else SEED,
        asked[2:] or tuple(KINDS),
    )
    sys.exit(0 if ok else 1)
