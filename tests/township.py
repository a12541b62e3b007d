"""A made-up township small enough to count by eye; nobody in it exists.

Three square villages in a row, 0.01° wide, from 118.80 E and 36.40 N: 001 with two grids, 002 with one, 003 with none.
Village 001 meets village 002 on the meridian 118.81, and its grids meet on 118.805.

======================  =========================================================================================
household               what it is there for
======================  =========================================================================================
H1 (grid 001001)        a visit of 30 minutes, and a second one: visited once
H2 (grid 001001)        a visit of 29 minutes: does not count
H3 (grid 001002)        telephone with a reason: counts
H4 (grid 001002)        telephone without a reason: does not count
H5 (on 118.81)          on the edge of 001 and 002: belongs to 001
H6 (grid 002001)        40 minutes, later ruled false: does not count
H7 (grid 002001)        nobody at home
H8 (village 003)        never visited; village without a grid
H9 (outside)            in no village: listed
H10 (no position)       known to village 002 by its ledger only
V0                      a visit to a household nobody knows: listed
======================  =========================================================================================

Coverage of round 1: 2 of 10 (H1, H3). Village 001: 2 of 5; 002: 0 of 3; 003: 0 of 1; outside: 0 of 1.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from data.areas import assign_places, number_range, place_visits, settle_jurisdiction
from data.campaigns import open_campaign
from data.rules.plan import VisitRule, read_plan
from data.rules.validity import VisitFacts, check_visit
from data.rules.words import BY_HAMLET, BY_NUMBER, BY_VILLAGE
from data.tables import Appraisal, Area, BaseFeature, Grid, House, Household, RenovationSite, Visit

TOWNSHIP = "990101001"
VILLAGES = ("990101001001", "990101001002", "990101001003")
PLAN = """
[campaign]
id = "test-2026"
name_zh = "测试走访"
name_en = "Test campaign"
target = 0.95
[[round]]
no = 1
name_zh = "第一轮"
name_en = "Round one"
starts_on = 2026-01-01
ends_on = 2026-12-31
[visit]
min_minutes = 30
remote_modes = ["phone", "wechat", "sms"]
remote_needs_reason = true
done_outcomes = ["done"]
"""
WEST, SOUTH, STEP = 118.80, 36.40, 0.01
# household: lon, lat, name
PLACES: dict[str, tuple[float, float, str] | None] = {
    "H1": (118.8020, 36.405, "赵测一"),
    "H2": (118.8030, 36.405, "钱测二"),
    "H3": (118.8070, 36.405, "孙测三"),
    "H4": (118.8080, 36.405, "李测四"),
    "H5": (118.8100, 36.405, "周测五"),
    "H6": (118.8150, 36.405, "吴测六"),
    "H7": (118.8160, 36.406, "郑测七"),
    "H8": (118.8250, 36.405, "王测八"),
    "H9": (118.8500, 36.405, "冯测九"),
    "H10": None,
}
# A natural village of village 001 that only its centre is known of; as with all names, what looks like a tag is text.
HAMLET, HAMLET_NAME, HAMLET_CENTRE = f"{VILLAGES[0]}-N01", "测试<b>庄</b>", (118.8040, 36.4020)
NOON = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)


@dataclass
class SmallTownship:
    """Keys of what was made: campaign, areas by code, households and visits by their names above."""

    campaign_id: int = 0
    areas: dict[str, int] = field(default_factory=dict)
    households: dict[str, int] = field(default_factory=dict)
    visits: dict[str, uuid.UUID] = field(default_factory=dict)


def square(west: float, south: float, east: float, north: float) -> str:
    """A rectangle as EWKT multipolygon."""
    ring = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
    return f"SRID=4326;MULTIPOLYGON((({ring})))"


def make_township(session: Session) -> SmallTownship:
    """Put the township into the database; the caller commits or rolls back."""
    made = SmallTownship()
    _areas(session, made)
    made.campaign_id = open_campaign(session, read_plan(PLAN), number_range(TOWNSHIP)).id
    _households(session, made)
    _houses(session, made)
    _visits(session, made)
    session.flush()
    session.expire_all()
    return made


def make_vague(session: Session, made: SmallTownship) -> None:
    """Make the place of some households less known.

    H1 (visited) and H2 are then known to a natural village of village 001, H10 to village 002, H1 with a point and the
    others without; H3 is exact, by its door number.
    """
    jur, jur_end = number_range(VILLAGES[0])
    hamlet = Area(
        code=HAMLET,
        name=HAMLET_NAME,
        level="natural_village",
        parent_id=made.areas[VILLAGES[0]],
        jur=jur,
        jur_end=jur_end,
        centre=f"SRID=4326;POINT({HAMLET_CENTRE[0]} {HAMLET_CENTRE[1]})",
    )
    session.add(hamlet)
    session.flush()
    for name, quality in (("H1", BY_HAMLET), ("H2", BY_HAMLET), ("H3", BY_NUMBER), ("H10", BY_VILLAGE)):
        home = session.get_one(Household, made.households[name])
        home.quality = quality
        home.group_id = hamlet.id if quality == BY_HAMLET else None
    session.get_one(Household, made.households["H2"]).geom = None
    session.flush()


def make_clear(session: Session, made: SmallTownship) -> None:
    """Undo :func:`make_vague`."""
    for name in ("H1", "H2", "H3", "H10"):
        home, place = session.get_one(Household, made.households[name]), PLACES[name]
        home.quality, home.group_id = (3 if place else 7), None
        home.geom = f"SRID=4326;POINT({place[0]} {place[1]})" if place else None
    session.flush()
    session.execute(delete(Area).where(Area.code == HAMLET))


def add_visit(session: Session, made: SmallTownship, name: str, household: str | None, **values: Any) -> Visit:
    """One visit in person of 30 minutes that was carried out, unless the values say otherwise."""
    minutes = values.pop("minutes", 30.0)
    home = session.get(Household, made.households[household]) if household else None
    facts: dict[str, Any] = {"mode": "home", "outcome": "done", "reason": None, "ruling": None, **values}
    verdict = check_visit(
        VisitFacts(facts["mode"], facts["outcome"], minutes, facts["reason"], None, facts["ruling"]),
        VisitRule.from_plan({"visit": {"min_minutes": 30, "remote_modes": ["phone", "wechat", "sms"]}}),
    )
    visit = Visit(
        id=uuid.uuid5(uuid.NAMESPACE_URL, name),
        natural_key=f"test:{name}",
        campaign_id=made.campaign_id,
        round_no=1,
        household_id=home.id if home else None,
        household_ref=None if home else "H404",
        jur=home.jur if home else number_range(TOWNSHIP)[0],
        visitor="测试员",
        started_at=NOON,
        ended_at=NOON + timedelta(minutes=minutes or 0),
        minutes=minutes,
        verdict=verdict,
        counts=verdict == "valid",
        **facts,
    )
    session.add(visit)
    session.flush()
    made.visits[name] = visit.id
    return visit


def _areas(session: Session, made: SmallTownship) -> None:
    county, township = number_range("990101"), number_range(TOWNSHIP)
    rows = [
        Area(code="990101", name="测试县", level="county", jur=county[0], jur_end=county[1]),
        Area(
            code=TOWNSHIP,
            name="测试镇",
            level="township",
            jur=township[0],
            jur_end=township[1],
            geom=square(WEST, SOUTH, WEST + 3 * STEP, SOUTH + STEP),
        ),
    ]
    for number, code in enumerate(VILLAGES):
        jur, jur_end = number_range(code)
        west = round(WEST + number * STEP, 6)
        shape = square(west, SOUTH, round(west + STEP, 6), SOUTH + STEP)
        rows.append(Area(code=code, name=f"测试{number + 1}村", level="village", jur=jur, jur_end=jur_end, geom=shape))
    session.add_all(rows)
    session.flush()
    made.areas = {row.code: row.id for row in rows}
    for code, west, east in (
        ("990101001001001", 118.80, 118.805),
        ("990101001001002", 118.805, 118.81),
        ("990101001002001", 118.81, 118.82),
    ):
        session.add(
            Grid(
                code=code,
                name=f"{code[-3:]} 网格",
                village_id=made.areas[code[:12]],
                jur=int(code),
                jur_end=int(code) + 1,
                geom=square(west, SOUTH, east, SOUTH + STEP),
            )
        )
    session.flush()


def _households(session: Session, made: SmallTownship) -> None:
    for name, place in PLACES.items():
        lon, lat, head = place or (0.0, 0.0, "陈测十")
        household = Household(
            natural_key=f"{TOWNSHIP}:{name}",
            code=name,
            head_name=head,
            people=3,
            geom=f"SRID=4326;POINT({lon} {lat})" if place else None,
            quality=3 if place else 7,
            village_id=None if place else made.areas[VILLAGES[1]],
            jur=number_range(TOWNSHIP if place else VILLAGES[1])[0],
        )
        session.add(household)
        session.flush()
        made.households[name] = household.id
    assign_places(session, "household")
    settle_jurisdiction(session, "household")
    session.expire_all()


def _houses(session: Session, made: SmallTownship) -> None:
    for name, grade in (("H1", "A"), ("H2", "C"), ("H6", "D")):
        home = session.get_one(Household, made.households[name])
        place = PLACES[name]
        assert place is not None
        house = House(
            natural_key=f"{TOWNSHIP}:house-{name}",
            code=f"F-{name}",
            household_id=home.id,
            jur=home.jur,
            village_id=home.village_id,
            grid_id=home.grid_id,
            geom=f"SRID=4326;POINT({place[0]} {place[1]})",
            quality=3,
            structure="砖木",
        )
        session.add(house)
        session.flush()
        session.add(Appraisal(house_id=house.id, jur=house.jur, result=grade, standard="JGJ/T 363-2014"))
        if grade == "D":
            session.add(
                RenovationSite(
                    natural_key=f"{TOWNSHIP}:site-{name}",
                    code=f"G-{name}",
                    household_id=home.id,
                    house_id=house.id,
                    jur=home.jur,
                    method="rebuild",
                    grade_before="D",
                    stage="started",
                    geom=f"SRID=4326;POINT({place[0]} {place[1]})",
                    quality=3,
                )
            )
    session.add(
        BaseFeature(
            kind="road_main",
            name="测试路",
            geom="SRID=4326;LINESTRING(118.79 36.404, 118.84 36.404)",
            jur=990101001000000,
        )
    )
    session.flush()


def _visits(session: Session, made: SmallTownship) -> None:
    add_visit(session, made, "V1", "H1")
    add_visit(session, made, "V1b", "H1", minutes=45.0)
    add_visit(session, made, "V2", "H2", minutes=29.0)
    add_visit(session, made, "V3", "H3", mode="phone", reason="外出务工", minutes=6.0)
    add_visit(session, made, "V4", "H4", mode="phone", minutes=6.0)
    add_visit(session, made, "V6", "H6", minutes=40.0, ruling="false")
    add_visit(session, made, "V7", "H7", outcome="nobody_home", minutes=1.0)
    add_visit(session, made, "V0", None, geom="SRID=4326;POINT(118.8155 36.405)")
    place_visits(session)
