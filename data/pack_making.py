"""Offline packs (离线包) are made: of which villages, when one is out of date, and how its file comes into its place.

The worker makes them of the store's own base map, outlines and names, and of each tile file the installation offers;
it looks through the villages by turns and makes a pack anew when what it was made of has changed.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.base_files import Shelf
from data.pack_tiles import (
    FIRST_ZOOM,
    LAST_ZOOM,
    MOST_BYTES,
    PICTURES_TO_ZOOM,
    Content,
    file_tiles,
    own_tiles,
    words_of,
)
from data.packs import pack_path
from data.processes import process_mark
from data.settings import Settings
from data.tables import Pack
from geo.errors import FangtuError
from geo.tilefiles.writing import pack_tiles

log = logging.getLogger(__name__)

# What lies just outside the village is drawn too, so that nobody walks off the map at its edge.
MARGIN_DEG = 0.005
LOOKED_AT_ONCE = 50
_RECIPE = "1"
# A map, "" for the own one, and whether it shows the whole village.
_Key = tuple[str, bool]

_VILLAGES = """
    select a.id, a.code, a.name, a.jur, a.jur_end, a.geom is not null as drawn, a.geom as shape,
           exists (select 1 from grid g where g.village_id = a.id) as has_grids, b.*
      from area a
     cross join lateral (
        select st_xmin(e.box) - :margin as west, st_ymin(e.box) - :margin as south, st_xmax(e.box) + :margin as east,
               st_ymax(e.box) + :margin as north
          from (select coalesce(box2d(a.geom), (
                    select st_extent(h.geom)::box2d from household h
                     where h.village_id = a.id and h.quality <= 4 and h.removed_at is null)) as box) e) b
     where a.id = any (:ids)"""
# Features are added and removed, never changed, and no number is given twice: how many there are, the last and the sum
# of their numbers say which they are.
_MARKS = f"""
    select v.*, sha256(convert_to(concat_ws('|', v.code, v.name, v.west, v.south, v.east, v.north,
               md5(st_asewkb(v.shape)),
               (select concat_ws(',', count(*), max(f.id), sum(f.id)) from base_feature f
                 where f.geom && st_makeenvelope(v.west, v.south, v.east, v.north, 4326)),
               (select md5(string_agg(concat_ws(',', g.code, g.name, md5(st_asewkb(g.geom))), '|' order by g.id))
                  from grid g where g.village_id = v.id),
               (select md5(string_agg(concat_ws(',', s.level, s.name, st_astext(coalesce(s.label, s.centre))), '|'
                           order by s.id))
                  from area s where s.level in ('natural_village', 'group') and s.valid_to is null
                   and s.jur >= v.jur and s.jur_end <= v.jur_end)), 'UTF8')) as mark
      from ({_VILLAGES}) v"""


def villages_to_pack(connection: Connection, settings: Settings) -> list[int]:
    """Look at those villages that were not looked at the longest; as the owner, committing by itself.

    Returns
    -------
    list of int
        Keys of those whose packs are missing or made of something that has changed since.
    """
    connection.execute(text("delete from pack p using area a where a.id = p.area_id and a.valid_to is not null"))
    due = list(
        connection.execute(
            text("""
                select a.id from area a
                  left join (select area_id, min(checked_at) as at from pack group by area_id) p on p.area_id = a.id
                 where a.level = 'village' and a.valid_to is null order by p.at nulls first, a.id limit :most"""),
            {"most": LOOKED_AT_ONCE},
        ).scalars()
    )
    with Session(connection) as session:
        found = [village.id for village in _villages(session, due) if _to_make(session, settings, village)]
        session.commit()
    connection.execute(text("update pack set checked_at = now() where area_id = any (:ids)"), {"ids": due})
    return found


def make_packs(session: Session, settings: Settings, village_id: int) -> list[Pack]:
    """Make those packs of a village that are missing or out of date, and drop those nobody wants any more.

    Returns
    -------
    list of Pack
        What was made. One that cannot be made smaller than :data:`MOST_BYTES`, or that has nothing in it, has no file.
    """
    made = []
    for village in _villages(session, [village_id]):
        wanted = _wanted(settings, village)
        for kept in session.scalars(select(Pack).where(Pack.area_id == village.id)):
            if (kept.base, kept.whole) not in wanted:
                session.delete(kept)
        for base, whole in _to_make(session, settings, village):
            tiles = own_tiles(session, village, whole) if not base else file_tiles(settings, base, village)
            made.append(_keep(session, settings, village, (base, whole), wanted[base, whole], tiles))
    return made


def _villages(session: Session, ids: Sequence[int]) -> Sequence[Row[Any]]:
    return session.execute(text(_MARKS), {"ids": list(ids), "margin": MARGIN_DEG}).all()


def _wanted(settings: Settings, village: Row[Any]) -> dict[_Key, bytes]:
    """Packs a village should have, with the mark of what each is made of.

    Whoever answers for a part of a village knows its outline, but not where its other grids and settlements lie; where
    there is no outline, the frame round its households is known to those alone who answer for all of it.
    """
    wanted: dict[_Key, bytes] = {("", True): _mark(village.mark)}
    if village.drawn and village.has_grids:
        wanted["", False] = _mark(village.mark)
    for file in settings.base_maps.files if village.west is not None else ():
        try:
            _info, mark = Shelf([file]).info(file.name)
        except FangtuError as error:
            log.warning("no packs of %s: %s", file.name, error.text.en)
            continue
        box = (village.west, village.south, village.east, village.north)
        wanted[file.name, not village.drawn] = _mark(repr((box, mark)).encode())
    return wanted


def _mark(source: bytes) -> bytes:
    return hashlib.sha256(f"{_RECIPE}|{FIRST_ZOOM}|{LAST_ZOOM}|{PICTURES_TO_ZOOM}|".encode() + source).digest()


def _to_make(session: Session, settings: Settings, village: Row[Any]) -> list[_Key]:
    kept = {
        (pack.base, pack.whole): pack
        for pack in session.execute(
            select(Pack.base, Pack.whole, Pack.source, Pack.sha256).where(Pack.area_id == village.id)
        )
    }
    return [
        key
        for key, source in _wanted(settings, village).items()
        if key not in kept
        or bytes(kept[key].source) != source
        or (kept[key].sha256 is not None and not pack_path(settings, bytes(kept[key].sha256)).is_file())
    ]


def _keep(session: Session, settings: Settings, village: Row[Any], key: _Key, source: bytes, content: Content) -> Pack:
    """Put a pack's file in its place and its row into the table; the deepest levels fall away where it is too large."""
    tiles = dict(content.tiles)
    body, last_zoom = b"", 0
    while tiles:
        last_zoom = max(z for z, _x, _y in tiles)
        body = pack_tiles(
            tiles.items(),
            kind=content.kind,
            bounds=(village.west, village.south, village.east, village.north),
            words=words_of(village, content),
        )
        if len(body) <= MOST_BYTES:
            break
        tiles = {place: tile for place, tile in tiles.items() if place[0] < last_zoom}
    values: dict[str, Any] = {
        "jur": village.jur,
        "jur_end": village.jur_end,
        "source": source,
        "sha256": None,
        "size_bytes": None,
        "last_zoom": None,
        "made_at": text("now()"),
        "checked_at": text("now()"),
    }
    if tiles:
        digest = hashlib.sha256(body).digest()
        _write(pack_path(settings, digest), body)
        values |= {"sha256": digest, "size_bytes": len(body), "last_zoom": last_zoom}
    else:
        log.warning("no pack of %s (%s): nothing to put in, or too large", village.code, key[0] or "own map")
    row = {"area_id": village.id, "base": key[0], "whole": key[1], **values}
    statement = insert(Pack).values(row).on_conflict_do_update(constraint="uq_pack_area_id_base_whole", set_=values)
    return session.scalars(statement.returning(Pack), execution_options={"populate_existing": True}).one()


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.{process_mark()}")
    with half.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)
