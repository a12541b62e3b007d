"""Search (搜索): areas by name, other name or code; households by code, head's name, house number or exact number."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker
from data.audit import record
from data.households import head
from data.masks import REVEALS, SEES_NAMES
from data.numbers import normalise
from data.sealing import SEALED_FIELDS, Sealer

LIMIT = 20
MOST_CHARACTERS = 60
NUMBERS = {"phone": r"1[0-9]{10}|0[0-9]{9,11}", "id_number": r"[0-9]{17}[0-9X]|[0-9]{15}"}

_AREAS = text("""
    select found.code, found.name, found.level,
           st_xmin(found.box) as west, st_ymin(found.box) as south, st_xmax(found.box) as east,
           st_ymax(found.box) as north
      from (
        select a.code, a.name, a.level, a.jur, box2d(coalesce(a.geom, st_expand(a.centre, 0.003))) as box,
               least(case when a.name = :q or a.code = :q then 0 when a.name like :prefix escape '\\' then 1 else 3 end,
                     (select min(case when l.name = :q or l.code = :q then 0 else 2 end) from area_alias l
                       where l.area_id = a.id
                         and (l.name like :anywhere escape '\\' or l.code like :prefix escape '\\'))) as pick
          from area a
         where a.valid_to is null
           and (a.name like :anywhere escape '\\' or a.code like :prefix escape '\\'
                or exists (select 1 from area_alias l where l.area_id = a.id
                            and (l.name like :anywhere escape '\\' or l.code like :prefix escape '\\')))
        union all
        select g.code, g.name, 'grid', g.jur, box2d(g.geom), case when g.name = :q or g.code = :q then 0 else 4 end
          from grid g where g.name like :anywhere escape '\\' or g.code like :prefix escape '\\') found
     order by pick, jur, code limit :limit""")
_HOUSEHOLDS = """
    select h.id, h.code, h.head_name, v.name as village, st_x(h.geom) as lon, st_y(h.geom) as lat, h.quality
      from household h left join area v on v.id = h.village_id
     where h.removed_at is null and ({condition})
     order by h.code is distinct from :q, h.head_name <> :q, h.code, h.id limit :limit"""
_BY_WORDS = text(
    _HOUSEHOLDS.format(
        condition="h.code like :prefix escape '\\' or h.head_name = :q or h.house_no in (:q, :q || '号')"
        " or (:by_prefix and h.head_name like :prefix escape '\\')"
    )
)
_BY_NUMBER = {
    field: text(_HOUSEHOLDS.format(condition=f"h.{SEALED_FIELDS[field].index} = any (:hashes)")) for field in NUMBERS
}


def search(session: Session, words: str, asker: Asker, sealer: Sealer) -> dict[str, list[dict[str, Any]]]:
    """Find areas and households in the asker's area of duty.

    Parameters
    ----------
    words : str
        What was typed; at most 60 characters count. A name or code or its beginning, a house number, or a whole
        telephone or ID number for those who may have it shown; such a search is written into the audit. Who sees
        names only masked finds a name only by writing it in full.

    Returns
    -------
    dict
        ``areas`` (``code, name, level, bbox``) and ``households`` (``id, code, head_name, head_masked, village, lon,
        lat, quality``), at most 20 each, best first; empty for blank words.
    """
    wanted = " ".join(words.split())[:MOST_CHARACTERS]
    if not wanted:
        return {"areas": [], "households": []}
    pattern = re.sub(r"([\\%_])", r"\\\1", wanted)
    keys: dict[str, Any] = {"q": wanted, "prefix": f"{pattern}%", "anywhere": f"%{pattern}%", "limit": LIMIT}
    areas = [
        {
            "code": row.code,
            "name": row.name,
            "level": row.level,
            "bbox": [row.west, row.south, row.east, row.north] if row.west is not None else None,
        }
        for row in session.execute(_AREAS, keys)
    ]
    by_words = session.execute(_BY_WORDS, {**keys, "by_prefix": asker.role in SEES_NAMES}).all()
    found = {row.id: row for row in [*_by_number(session, wanted, asker, sealer), *by_words]}
    households = [{**row._mapping, **head(row.head_name, asker)} for row in list(found.values())[:LIMIT]]
    return {"areas": areas, "households": households}


def _by_number(session: Session, wanted: str, asker: Asker, sealer: Sealer) -> list[Any]:
    rows: list[Any] = []
    for field, form in NUMBERS.items():
        number = normalise(wanted, field)
        if asker.role not in REVEALS[field] or not re.fullmatch(form, number):
            continue
        hashes = sealer.indexes(number, field)
        found = session.execute(_BY_NUMBER[field], {"q": wanted, "hashes": hashes, "limit": LIMIT}).all()
        record(
            session,
            act="search_number",
            object_kind="household",
            fields=[field],
            details={"found": [row.id for row in found]},
            jur=asker.duty[0][0] if asker.duty else 0,
        )
        rows += found
    return rows
