"""Names for the map to write beside what it draws."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.area_columns import Ranges
from data.coverage import duty_ranges
from geo.tiles import tile_bounds

MOST_NAMES = 400


def place_names(session: Session, duty: Ranges, z: int, x: int, y: int) -> list[tuple[str, float, float]]:
    """Natural villages and groups of the asker's area of duty whose name stands in a tile.

    Parameters
    ----------
    duty : sequence of (int, int)
        Ranges of jurisdiction numbers the asker answers for.
    z, x, y : int
        Tile number.

    Returns
    -------
    list of (str, float, float)
        Name, longitude and latitude in WGS-84 degrees, by jurisdiction number; at most :data:`MOST_NAMES`. Empty where
        none lies, or none that the asker may see.
    """
    west, south, east, north = tile_bounds(z, x, y)
    rows = session.execute(
        text("""
            select name, round(st_x(spot)::numeric, 6)::float as lon, round(st_y(spot)::numeric, 6)::float as lat
            from (select name, jur, coalesce(label, centre) as spot from area
                   where level in ('natural_village', 'group') and valid_to is null
                     and jur >= :lo and jur < :hi and cast(:duty as int8multirange) @> int8range(jur, jur_end)) a
            where st_x(spot) >= :west and st_x(spot) < :east and st_y(spot) > :south and st_y(spot) <= :north
            order by jur limit :most"""),
        {
            "duty": duty_ranges(duty),
            # The hull of the ranges: what the index on jur can be asked for.
            "lo": min((lo for lo, _ in duty), default=0),
            "hi": max((hi for _, hi in duty), default=0),
            "west": west,
            "south": south,
            "east": east,
            "north": north,
            "most": MOST_NAMES,
        },
    )
    return [(row.name, row.lon, row.lat) for row in rows]
