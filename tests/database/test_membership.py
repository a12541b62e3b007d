"""To which village and grid a place belongs where it is not plain: edges, corners, holes, parts, overlaps, nowhere.

The township is drawn on a lattice whose coordinates are exact in binary, so that half of the places lie on borders.
What belongs where is found a second time by trying each area in turn.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import shapely
from shapely import MultiPolygon, Point, Polygon, box
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from data.areas import assign_places, members_of, number_range, settle_jurisdiction
from data.campaigns import open_campaign
from data.coverage import coverage_by_area, coverage_total
from data.edit_lists import list_issues
from data.recheck import recheck
from data.rules.plan import read_plan
from data.tables import Area, Grid
from data.worklists import work_list
from tests.township import PLAN, TOWNSHIP, VILLAGES

RING, PARTS, CORE = VILLAGES
RANGE = number_range(TOWNSHIP)
HOLE = box(3, 3, 5, 5)
# In steps of the lattice. The ring has a hole, half filled by a village of its own; one village lies in two parts.
SHAPES: dict[str, Polygon | MultiPolygon] = {
    RING: box(0, 0, 8, 8).difference(HOLE),
    PARTS: MultiPolygon([box(8, 0, 12, 4), box(9, 6, 11, 8)]),
    CORE: box(3, 3, 4, 5),
    # Two grids that overlap in a strip one step wide, both with the corner of the hole cut out.
    f"{RING}001": box(0, 0, 4, 8).difference(HOLE),
    f"{RING}002": box(3, 0, 8, 8).difference(HOLE),
    f"{PARTS}001": box(8, 0, 12, 4),
    f"{PARTS}002": box(9, 6, 11, 8),
    # A grid that reaches into the next village, where it does not count.
    f"{CORE}001": box(3, 3, 5, 5),
}
EMPTY = f"{PARTS}002"
SPOTS = [
    (x / 2, y / 2)
    for x, y in itertools.product(range(-2, 28), range(-2, 20))
    if not SHAPES[EMPTY].covers(Point(x / 2, y / 2))
]


def on_earth(shape: shapely.Geometry) -> str:
    """The shape where the township is, 64 steps a degree, as EWKT."""
    moved = shapely.transform(shape, lambda at: at / 64 + (118, 36))
    return f"SRID=4326;{(MultiPolygon([moved]) if isinstance(moved, Polygon) else moved).wkt}"


def belongs(x: float, y: float) -> tuple[str | None, str | None]:
    """Codes of village and grid, by the rule in words: the lowest code that covers it, a grid only with its village."""
    covering = sorted(code for code, shape in SHAPES.items() if shape.covers(Point(x, y)))
    village = next((code for code in covering if len(code) == 12), None)
    grid = next((code for code in covering if len(code) == 15), None)
    if village is None and grid is not None:
        village = grid[:12]
    return village, grid if grid is not None and grid[:12] == village else None


@pytest.fixture
def places(owner: Session) -> dict[str, tuple[float, float]]:
    """The township with a household at each place; areas are added against the order of their codes."""
    owner.add(Area(code=TOWNSHIP, name="测试镇", level="township", jur=RANGE[0], jur_end=RANGE[1]))
    keys = {}
    for code in reversed(VILLAGES):
        low, high = number_range(code)
        area = Area(code=code, name=code, level="village", jur=low, jur_end=high, geom=on_earth(SHAPES[code]))
        owner.add(area)
        owner.flush()
        keys[code] = area.id
    for code in sorted((code for code in SHAPES if len(code) == 15), reverse=True):
        shape, jur = on_earth(SHAPES[code]), int(code)
        owner.add(Grid(code=code, name=code, village_id=keys[code[:12]], jur=jur, jur_end=jur + 1, geom=shape))
        owner.flush()
    made = {f"P{number}": spot for number, spot in enumerate(SPOTS)}
    owner.execute(
        text("""
            insert into household (natural_key, code, head_name, jur, quality, geom)
            values (:code, :code, '某', :jur, 3, st_setsrid(st_makepoint(118 + :x / 64, 36 + :y / 64), 4326))"""),
        [{"code": code, "jur": RANGE[0], "x": x, "y": y} for code, (x, y) in made.items()],
    )
    assign_places(owner, "household")
    settle_jurisdiction(owner, "household")
    open_campaign(owner, read_plan(PLAN), RANGE)
    return made


def campaign(owner: Session) -> int:
    return int(owner.scalar(text("select id from campaign")) or 0)


@pytest.fixture
def wanted(places: dict[str, tuple[float, float]]) -> dict[str, tuple[str | None, str | None]]:
    return {code: belongs(*spot) for code, spot in places.items()}


def test_every_place_belongs_where_trying_each_area_says(
    owner: Session, wanted: dict[str, tuple[str | None, str | None]]
) -> None:
    stored = owner.execute(
        text("""
            select h.code, v.code, g.code from household h
              left join area v on v.id = h.village_id left join grid g on g.id = h.grid_id""")
    ).tuples()
    assert {code: (village, grid) for code, village, grid in stored} == wanted
    counted = owner.execute(
        text(f"""
            select h.code, v.code, g.code from ({members_of("household")}) m join household h on h.id = m.id
              left join area v on v.id = m.village_id left join grid g on g.id = m.grid_id""")
    ).tuples()
    assert {code: (village, grid) for code, village, grid in counted} == wanted
    assert recheck(owner)["drift"] == 0
    # The cases are there at all.
    assert {village for village, _ in wanted.values()} == {*VILLAGES, None}
    assert {grid for _, grid in wanted.values()} == {*(c for c in SHAPES if len(c) == 15 and c != EMPTY), None}


@pytest.mark.parametrize(
    ("spot", "village", "grid"),
    [
        ((8, 2), RING, f"{RING}002"),  # an edge that two villages share
        ((8, 4), RING, f"{RING}002"),  # a corner of one on the edge of the other
        ((3, 3), RING, f"{RING}001"),  # the corner of the hole, where three meet
        ((3.5, 3), RING, f"{RING}001"),  # the edge of the hole is the ring's
        ((3.5, 4), CORE, f"{CORE}001"),  # inside what fills the hole
        ((4.5, 4), CORE, f"{CORE}001"),  # in the hole and in no village: the grid brings its own
        ((3.5, 1), RING, f"{RING}001"),  # in both grids that overlap
        ((10, 5), None, None),  # between the parts of a village
        ((-1, -1), None, None),  # outside everything
    ],
)
def test_places_that_are_not_plain(
    wanted: dict[str, tuple[str | None, str | None]],
    places: dict[str, tuple[float, float]],
    spot: tuple[float, float],
    village: str | None,
    grid: str | None,
) -> None:
    code = next(code for code, at in places.items() if at == spot)
    assert wanted[code] == (village, grid)


@pytest.mark.usefixtures("places")
def test_a_recheck_joins_no_table_by_campaign_and_round_alone(owner: Session) -> None:
    plans: list[str] = []

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith(("select count", "with")):
            with cursor.connection.cursor() as asking:
                asking.execute(f"explain {statement}", parameters)
                plans.append("\n".join(row[0] for row in asking.fetchall()))

    connection = owner.connection()
    event.listen(connection, "before_cursor_execute", explain)
    try:
        assert recheck(owner)["drift"] == 0
    finally:
        event.remove(connection, "before_cursor_execute", explain)
    joined = [line for plan in plans for line in plan.splitlines() if "Merge Cond" in line or "Hash Cond" in line]
    assert len(plans) > 10
    assert any("household_id" in line for line in joined)
    assert not [line for line in joined if "Merge Cond" in line]
    assert {owner.scalar(text(f"show enable_{way}")) for way in ("nestloop", "mergejoin")} == {"on"}


def test_places_outside_everything_are_listed_and_counted_apart(
    owner: Session, wanted: dict[str, tuple[str | None, str | None]]
) -> None:
    outside = {code for code, (village, _) in wanted.items() if village is None}
    assert outside
    first = work_list(owner, "outside", RANGE)
    pages = [work_list(owner, "outside", RANGE, number) for number in range(1, first.pages + 1)]
    assert {row["code"] for page in pages for row in page.rows} == outside
    assert first.total == len(outside)
    by_village = coverage_by_area(owner, campaign(owner), 1, "village")
    assert [(row.code, row.eligible) for row in by_village if row.code is None] == [(None, len(outside))]
    assert sum(row.eligible for row in by_village) == coverage_total(owner, campaign(owner), 1).eligible == len(SPOTS)


def test_a_grid_without_households_is_listed_with_zeros_and_without_a_ratio(
    owner: Session, wanted: dict[str, tuple[str | None, str | None]]
) -> None:
    rows = {row.code: row for row in coverage_by_area(owner, campaign(owner), 1, "grid")}
    assert set(rows) == {*(code for code in SHAPES if len(code) == 15), None}
    empty = rows[EMPTY]
    assert (empty.eligible, empty.visited, empty.remaining, empty.ratio) == (0, 0, 0, None)
    assert set(empty.counts.values()) == {0}
    for code, row in rows.items():
        assert row.eligible == sum(grid == code for _, grid in wanted.values())


@pytest.mark.usefixtures("places")
def test_areas_that_overlap_are_listed_with_what_both_cover(owner: Session) -> None:
    overlaps = list_issues(owner, RANGE, (RANGE,))["overlaps"]
    assert [(row["code"], row["other_code"]) for row in overlaps] == [(f"{RING}001", f"{RING}002")]
    step_m = 110_980 / 64
    # Eight steps high, one wide, less the two steps of the hole.
    assert overlaps[0]["m2"] == pytest.approx(6 * step_m * step_m * 0.8093, rel=0.01)
