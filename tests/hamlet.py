"""A hamlet for the small township: 24 households across the border of villages 002 and 003, two of them visited.

Six columns and four rows, about 25 m apart; three columns lie in village 002 (its grid 001), three in village 003. Of
the 22 unvisited one was tried in vain, one is a key household, and one lives in a house of grade D.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from data.areas import assign_places, number_range, settle_jurisdiction
from data.tables import Appraisal, House, Household
from tests.township import TOWNSHIP, SmallTownship, add_visit

EAST = 118.82  # of village 002
COLUMNS, ROWS = 6, 4
UNVISITED, HOUSEHOLDS = 22, 24


def add_hamlet(session: Session, made: SmallTownship) -> None:
    """Put the hamlet into the database; the caller commits or rolls back."""
    for column in range(COLUMNS):
        for row in range(ROWS):
            name = f"G{column}{row}"
            lon, lat = EAST + (column - 2.5) * 0.00028, 36.403 + row * 0.000225
            household = Household(
                natural_key=f"{TOWNSHIP}:{name}",
                code=name,
                head_name="褚测某",
                people=2,
                key_groups=["lone_elder"] if name == "G00" else [],
                geom=f"SRID=4326;POINT({lon} {lat})",
                quality=3,
                jur=number_range(TOWNSHIP)[0],
            )
            session.add(household)
            session.flush()
            made.households[name] = household.id
    assign_places(session, "household")
    settle_jurisdiction(session, "household")
    session.expire_all()
    home = session.get_one(Household, made.households["G10"])
    house = House(
        natural_key=f"{TOWNSHIP}:house-G10",
        code="F-G10",
        household_id=home.id,
        jur=home.jur,
        village_id=home.village_id,
        grid_id=home.grid_id,
        geom=f"SRID=4326;POINT({EAST - 0.00042} 36.403)",
        quality=3,
    )
    session.add(house)
    session.flush()
    session.add(Appraisal(house_id=house.id, jur=house.jur, result="D", standard="JGJ/T 363-2014"))
    for name in ("G21", "G32"):
        add_visit(session, made, f"hamlet-{name}", name)
    add_visit(session, made, "hamlet-G50", "G50", outcome="nobody_home", minutes=1.0)
    session.flush()
    session.expire_all()
