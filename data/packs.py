"""Offline packs (离线包): the base map of one village in a file that a phone takes along.

The worker makes them of the store's own base map, outlines and names, and of each tile file the installation offers;
it looks through the villages by turns and makes a pack anew when what it was made of has changed.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.askers import RecordUnknown
from data.base_files import Shelf
from data.base_maps import TileFile
from data.processes import process_mark
from data.settings import Settings
from data.tables import Pack
from data.tiles import BASE_KINDS
from data.work_folders import YOUNG_S
from geo.errors import FangtuError
from geo.tilefiles.content import VECTOR
from geo.tilefiles.writing import pack_tiles
from geo.tiles import world_xy

log = logging.getLogger(__name__)

MOST_BYTES = 5_000_000
# From zoom 15 tiles hold everything unsimplified, to a third of a metre: what is drawn larger is drawn from them.
FIRST_ZOOM, LAST_ZOOM = 10, 15
PICTURES_TO_ZOOM = 17
# What lies just outside the village is drawn too, so that nobody walks off the map at its edge.
MARGIN_DEG = 0.005
LOOKED_AT_ONCE = 50
# A village as large as a county would keep the worker for minutes.
MOST_TILES = 4000
_RECIPE = "1"
_LAYERS = {
    **dict.fromkeys((kind for kinds in BASE_KINDS.values() for kind in kinds), ("name",)),
    "outlines": ("level", "code", "name"),
    "places": ("level", "name"),
}

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
# Lines, not surfaces: a surface cut at the edge of a tile would get an outline there.
_OWN_LAYERS = """
    with env as (select st_tileenvelope(:z, :x, :y) as box)
    select coalesce((
        select st_asmvt(t, 'outlines', 4096, 'geom') from (
            select o.level, o.code, o.name,
                   st_asmvtgeom(st_transform(st_boundary(o.outline), 3857), env.box, 4096, 64, true) as geom
              from env, (
                select 'village' as level, code, name, outline, 0 as no from area where id = :id
                union all
                select 'grid', code, name, outline, id from grid where village_id = :id and :whole) o
             order by o.no) t where t.geom is not null), '')
        || coalesce((
        select st_asmvt(t, 'places', 4096, 'geom') from (
            select p.level, p.name, st_asmvtgeom(st_transform(p.spot, 3857), env.box, 4096, 0, true) as geom
              from env, (
                select level, name, coalesce(label, centre) as spot, id from area
                 where id = :id or (:whole and level in ('natural_village', 'group') and valid_to is null
                                    and jur >= :jur and jur_end <= :jur_end)) p
             where p.spot is not null order by p.id) t where t.geom is not null), '')"""


@dataclass(frozen=True)
class OfferedPack:
    """A pack as it is offered to who asks.

    Attributes
    ----------
    code, name : str
        Of the village.
    base : str
        Empty for the own map, else the name of the tile file it was taken from.
    """

    code: str
    name: str
    base: str
    size_bytes: int
    sha256: str
    last_zoom: int
    made_at: datetime


_Key = tuple[str, bool]


def pack_path(settings: Settings, sha256: bytes) -> Path:
    """Where the file of a pack lies."""
    return settings.var / "packs" / f"{sha256.hex()}.pmtiles"


def list_packs(session: Session, code: str | None = None, base: str | None = None) -> list[OfferedPack]:
    """Packs of the villages in the asker's area of duty, by code; the fuller one where there are two of a village.

    Parameters
    ----------
    code, base : str, optional
        Only of this village, only of this map.
    """
    rows = session.execute(
        text("""
            select distinct on (a.code, p.base) a.code, a.name, p.base, p.size_bytes, p.sha256, p.last_zoom, p.made_at
              from pack p join area a on a.id = p.area_id
             where p.sha256 is not null and a.valid_to is null and (cast(:code as text) is null or a.code = :code)
               and (cast(:base as text) is null or p.base = :base)
             order by a.code, p.base, p.whole desc"""),
        {"code": code, "base": base},
    )
    return [OfferedPack(**{**row._mapping, "sha256": bytes(row.sha256).hex()}) for row in rows]


def find_pack(session: Session, code: str, base: str) -> OfferedPack:
    """One pack by village and map.

    Raises
    ------
    RecordUnknown
        If there is none for the asker.
    """
    found = list_packs(session, code, base)
    if not found:
        raise RecordUnknown
    return found[0]


def count_pending(session: Session) -> int:
    """How many villages that lie wholly in the asker's area of duty have not been looked at yet by the worker."""
    return int(
        session.scalar(
            text("""
                select count(*) from area a
                 where a.level = 'village' and a.valid_to is null and (select sec.duty()) @> int8range(a.jur, a.jur_end)
                   and not exists (select 1 from pack p where p.area_id = a.id)""")
        )
        or 0
    )


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
            tiles = _own_tiles(session, village, whole) if not base else _file_tiles(settings, base, village)
            made.append(_keep(session, settings, village, (base, whole), wanted[base, whole], tiles))
    return made


def sweep_packs(connection: Connection, settings: Settings) -> None:
    """Delete files of packs that no row speaks of; a young one may belong to a row that is not committed yet."""
    kept = {bytes(digest).hex() for digest in connection.scalars(text("select sha256 from pack")) if digest}
    for path in (settings.var / "packs").glob("*"):
        try:
            if path.stem not in kept and time.time() - path.stat().st_mtime > YOUNG_S:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue


@dataclass(frozen=True)
class _Content:
    """Tiles of one pack and how they are said to be."""

    tiles: dict[tuple[int, int, int], bytes]
    kind: str
    credit: str = ""


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


def _places(village: Row[Any], z: int) -> Iterator[tuple[int, int, int]]:
    (left, top), (right, bottom) = (
        world_xy(village.west, village.north, z),
        world_xy(village.east, village.south, z),
    )
    for x in range(left, right + 1):
        for y in range(top, bottom + 1):
            yield z, x, y


def _own_tiles(session: Session, village: Row[Any], whole: bool) -> _Content:
    tiles: dict[tuple[int, int, int], bytes] = {}
    if village.west is None:
        return _Content(tiles, "vector")
    for z in range(FIRST_ZOOM, LAST_ZOOM + 1):
        level = list(_places(village, z))
        if len(level) + len(tiles) > MOST_TILES:
            log.warning("pack of %s ends at zoom %s: its area is too large", village.code, z - 1)
            break
        kinds = [kind for zoom, names in BASE_KINDS.items() if z >= zoom for kind in names]
        for _z, x, y in level:
            drawn = session.scalar(
                text(f"select draw_base(:z, :x, :y, :kinds) || ({_OWN_LAYERS})"),
                {
                    "z": z,
                    "x": x,
                    "y": y,
                    "kinds": kinds,
                    "id": village.id,
                    "whole": whole,
                    "jur": village.jur,
                    "jur_end": village.jur_end,
                },
            )
            if drawn:
                tiles[z, x, y] = bytes(drawn)
    return _Content(tiles, "vector")


def _file_tiles(settings: Settings, base: str, village: Row[Any]) -> _Content:
    file: TileFile = next(file for file in settings.base_maps.files if file.name == base)
    shelf = Shelf([file])
    info, _mark_of_file = shelf.info(base)
    kind = "vector" if info.kind == "vector" else ""
    deepest = LAST_ZOOM if kind else PICTURES_TO_ZOOM
    tiles: dict[tuple[int, int, int], bytes] = {}
    size = 0
    for z in range(min(max(FIRST_ZOOM, info.min_zoom), info.max_zoom), min(deepest, info.max_zoom) + 1):
        level = list(_places(village, z))
        if len(level) + len(tiles) > MOST_TILES:
            break
        for place in level:
            tile = shelf.tile(base, *place)
            if tile is None:
                continue
            kind = kind or tile.mimetype
            if tile.mimetype == (VECTOR if kind == "vector" else kind):
                tiles[place] = tile.plain()
                size += len(tile.body)
        if size > MOST_BYTES:
            break  # what is too much falls away when the file is put together
    return _Content(tiles, kind, info.credit)


def _keep(session: Session, settings: Settings, village: Row[Any], key: _Key, source: bytes, content: _Content) -> Pack:
    """Put a pack's file in its place and its row into the table; the deepest levels fall away where it is too large."""
    tiles = dict(content.tiles)
    body, last_zoom = b"", 0
    while tiles:
        last_zoom = max(z for z, _x, _y in tiles)
        body = pack_tiles(
            tiles.items(),
            kind=content.kind,
            bounds=(village.west, village.south, village.east, village.north),
            words=_words(village, content),
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


def _words(village: Row[Any], content: _Content) -> dict[str, Any]:
    words: dict[str, Any] = {"name": village.name, "code": village.code, "attribution": content.credit}
    if not content.credit and content.kind == "vector":
        words["vector_layers"] = [
            {"id": layer, "fields": dict.fromkeys(fields, "String")} for layer, fields in _LAYERS.items()
        ]
    return words
