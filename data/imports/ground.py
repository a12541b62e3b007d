"""What the store knows of an area, to tell by it in which coordinate system a file is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import text
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from geo.datum import Ground

Box = tuple[float, float, float, float]

# Misread coordinates lie at most about 1.3 km from the area (GCJ-02, BD-09); what they lie beside there counts too.
_AROUND_DEG = 0.03
_MOST_FEATURES = 20_000
_MOST_HOUSEHOLDS = 5_000
# Found by satellite on the spot or clicked on imagery. What was only imported may have been misread just as this file.
_TRUSTED_QUALITY = 2
_ROADS = ("road_highway", "road_main", "road_lane")


def area_box(session: Session, jur: int, jur_end: int) -> Box | None:
    """Give west, south, east, north of what is known inside a range: boundaries, else centres, else households."""
    inside = {"jur": jur, "jur_end": jur_end}
    for source in (
        "select geom from area where geom is not null and valid_to is null and jur >= :jur and jur_end <= :jur_end",
        "select centre as geom from area where centre is not null and valid_to is null"
        " and jur >= :jur and jur_end <= :jur_end",
        "select geom from household where geom is not null and removed_at is null and jur >= :jur and jur < :jur_end",
    ):
        row = session.execute(
            text(f"""
                select st_xmin(box) as w, st_ymin(box) as s, st_xmax(box) as e, st_ymax(box) as n
                  from (select st_extent(geom) as box from ({source}) g) b where box is not null"""),
            inside,
        ).one_or_none()
        if row is not None:
            return row.w, row.s, row.e, row.n
    return None


def load_ground(session: Session, jur: int, jur_end: int) -> Ground:
    """Give villages, roads, buildings and trusted households of an area and just around it.

    Parameters
    ----------
    session : Session
        As the owner: the spatial index serves only those whom row-level security does not filter.
    jur, jur_end : int
        Range of jurisdiction numbers of the area.

    Returns
    -------
    Ground
        At most 20,000 roads, 20,000 buildings and 5,000 households, evenly chosen; every part may be empty.
    """
    box = area_box(session, jur, jur_end)
    inside = {"jur": jur, "jur_end": jur_end}
    villages = session.execute(
        text("""
            select id, st_asbinary(geom) as shape, st_x(coalesce(centre, label)) as lon,
                   st_y(coalesce(centre, label)) as lat
              from area where level = 'village' and valid_to is null and jur >= :jur and jur < :jur_end order by id"""),
        inside,
    ).all()
    outlined = [row for row in villages if row.shape is not None]
    centred = [row for row in villages if row.lon is not None]
    households = session.execute(
        text(f"""
            select st_asbinary(geom) as shape from household
             where geom is not null and quality <= {_TRUSTED_QUALITY} and removed_at is null
               and jur >= :jur and jur < :jur_end order by md5(id::text) limit {_MOST_HOUSEHOLDS}"""),
        inside,
    ).all()
    return Ground(
        villages=_series(outlined, [row.id for row in outlined]),
        centres=pd.DataFrame(
            {"lon": [row.lon for row in centred], "lat": [row.lat for row in centred]},
            index=[row.id for row in centred],
            dtype=float,
        ),
        roads=_series(_features(session, box, _ROADS)),
        buildings=_series(_features(session, box, ("building",))),
        households=_series(households),
    )


def _features(session: Session, box: Box | None, kinds: tuple[str, ...]) -> Sequence[Row[Any]]:
    if box is None:
        return []
    rows = session.execute(
        text(f"""
            select st_asbinary(geom) as shape from base_feature
             where kind = any (:kinds) and geom && st_expand(st_makeenvelope(:w, :s, :e, :n, 4326), {_AROUND_DEG})
             order by md5(id::text) limit {_MOST_FEATURES}"""),
        {"kinds": list(kinds), **dict(zip("wsen", box, strict=True))},
    )
    return list(rows)


def _series(rows: Sequence[Row[Any]], keys: list[int] | None = None) -> gpd.GeoSeries:
    shapes = shapely.from_wkb([bytes(row.shape) for row in rows])
    return gpd.GeoSeries(shapes, index=keys, crs="EPSG:4326")
