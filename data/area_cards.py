"""Areas (辖区) as they are read one at a time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import breadcrumb
from data.askers import RecordUnknown
from data.households import as_dicts

_AREA = text("""
    select id, code, name, level, derived, jur, jur_end, st_xmin(geom) as west, st_ymin(geom) as south,
           st_xmax(geom) as east, st_ymax(geom) as north
      from area where code = :code and valid_to is null
    union all
    select id, code, name, 'grid', false, jur, jur_end, st_xmin(geom), st_ymin(geom), st_xmax(geom), st_ymax(geom)
      from grid where code = :code
     limit 1""")
_ALIASES = text("select name, code, valid_from, valid_to from area_alias where area_id = :id order by valid_from, id")
_CHILDREN = text("""
    select code, name, level from area where parent_id = :id and valid_to is null
    union all select code, name, 'grid' from grid where village_id = :id order by level desc, code""")


def area_card(session: Session, code: str) -> dict[str, Any]:
    """An area or grid by its present code: the JSON of ``/api/v1/areas/<code>``.

    Raises
    ------
    RecordUnknown
        If there is no such area, or it has nothing to do with the asker's areas of duty.
    """
    row = session.execute(_AREA, {"code": code}).one_or_none()
    if row is None:
        raise RecordUnknown
    is_grid = row.level == "grid"
    aliases = [] if is_grid else as_dicts(session.execute(_ALIASES, {"id": row.id}).all())
    for alias in aliases:
        for day in ("valid_from", "valid_to"):
            alias[day] = alias[day].isoformat() if alias[day] else None
    return {
        "code": row.code,
        "name": row.name,
        "level": row.level,
        "derived": row.derived,
        "bbox": [row.west, row.south, row.east, row.north] if row.west is not None else None,
        "parents": [
            dict(parent._mapping) for parent in breadcrumb(session, row.jur, row.jur_end) if parent.code != row.code
        ],
        "aliases": aliases,
        "children": [] if is_grid else as_dicts(session.execute(_CHILDREN, {"id": row.id}).all()),
    }
