"""Two workers in the small township: one goes from house to house, the other types all visits at one spot."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy.orm import Session

from data.tables import Household, Visit
from tests.township import SmallTownship

WALKS, TYPES = "实走", "代填"
EACH = 12
_BEGAN = datetime(2026, 6, 1, 0, 30, tzinfo=UTC)


def add_crowd(session: Session, town: SmallTownship, *, walks: int | None = None, types: int | None = None) -> None:
    """Add their households, all in the grid of H1, and twelve visits of each; ``walks``, ``types``: their accounts."""
    first = session.get_one(Household, town.households["H1"])
    rng = np.random.default_rng(5)
    for worker, (name, account) in enumerate(((WALKS, walks), (TYPES, types))):
        for at in range(EACH):
            lon, lat = 118.8002 + at * 0.0004, 36.4020 + worker * 0.003
            home = Household(
                natural_key=f"crowd-{worker}-{at}",
                code=f"S{worker}{at:02}",
                head_name="测户甲",
                village_id=first.village_id,
                grid_id=first.grid_id,
                jur=first.jur,
                geom=f"SRID=4326;POINT({lon} {lat})",
                source_system="wgs84",
                placed_by="gps",
                quality=1,
            )
            session.add(home)
            session.flush()
            east, north = (lon, lat) if worker == 0 else (118.8090, 36.4090)
            start = _BEGAN + timedelta(days=at // 6, minutes=(at % 6) * 47, seconds=int(rng.integers(1, 60)))
            stay = timedelta(minutes=31 + int(rng.integers(0, 9)), seconds=int(rng.integers(1, 60)))
            session.add(
                Visit(
                    id=uuid.uuid4(),
                    natural_key=f"crowd-visit-{worker}-{at}",
                    campaign_id=town.campaign_id,
                    round_no=1,
                    household_id=home.id,
                    jur=home.jur,
                    account_id=account,
                    visitor=name,
                    mode="home",
                    outcome="done",
                    started_at=start,
                    ended_at=start + stay,
                    minutes=stay / timedelta(minutes=1),
                    verdict="valid",
                    counts=True,
                    geom=f"SRID=4326;POINT({east + rng.normal(0, 4e-5)} {north + rng.normal(0, 4e-5)})",
                    accuracy_m=8,
                    quality=1,
                )
            )
    session.flush()
