"""How often the comparison is right, on real hamlets strewn over a township: a small copy of the benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo.datum import compare_readings, judge, possible_readings
from geo.files import read_osm
from tests.benchmarks.datum_batches import CASES, World, make_batch, make_world, scatter_hamlets

DATA = Path(__file__).resolve().parent.parent / "data"
TURNS = 5


@pytest.fixture(scope="module")
def world() -> World:
    osm = read_osm(DATA / "osm_village_germany.osm")
    settlement = scatter_hamlets(osm["buildings"].geometry, osm["roads"].geometry)
    return make_world(settlement, "昌乐", 118.839995, 36.703253, seed=11)


def rates(world: World, ground: str, size: int) -> tuple[float, float]:
    """Share of wrong batches that are flagged with the right system named, and of right ones that are flagged."""
    named, false = [], []
    for at, case in enumerate(CASES):
        for turn in range(TURNS):
            batch = make_batch(world, case, size, 1_000 * size + 100 * at + turn, has_villages=True)
            readings = possible_readings(batch.x, batch.y, near=world.box, declared=batch.declared)
            scores = compare_readings(batch.x, batch.y, readings, world.grounds[ground], stated=batch.stated)
            verdict = judge(scores, batch.declared)
            if batch.wrong:
                named.append(verdict.alarm and verdict.best.agrees(batch.true))
            else:
                false.append(verdict.alarm)
    return sum(named) / len(named), sum(false) / len(false)


@pytest.mark.parametrize(
    ("ground", "size", "least_named", "most_false"),
    [("all", 20, 0.9, 0.05), ("all", 50, 0.96, 0.0), ("roads", 50, 0.8, 0.05), ("outlines", 50, 0.75, 0.05)],
)
def test_wrong_systems_are_named_and_right_ones_left_alone(
    world: World, ground: str, size: int, least_named: float, most_false: float
) -> None:
    named, false = rates(world, ground, size)
    assert named >= least_named
    assert false <= most_false
