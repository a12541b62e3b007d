"""What is in an offline pack (离线包): tiles of the own map or of a tile file, and what they say of themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.base_files import Shelf
from data.base_maps import TileFile
from data.settings import Settings
from data.tiles import BASE_KINDS
from geo.tilefiles.content import VECTOR
from geo.tiles import world_xy

log = logging.getLogger(__name__)

MOST_BYTES = 5_000_000
# From zoom 15 tiles hold everything unsimplified, to a third of a metre: what is drawn larger is drawn from them.
FIRST_ZOOM, LAST_ZOOM = 10, 15
PICTURES_TO_ZOOM = 17
# A village as large as a county would keep the worker for minutes.
MOST_TILES = 4000
_LAYERS = {
    **dict.fromkeys((kind for kinds in BASE_KINDS.values() for kind in kinds), ("name",)),
    "outlines": ("level", "code", "name"),
    "places": ("level", "name"),
}
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
class Content:
    """Tiles of one pack and how they are said to be.

    Attributes
    ----------
    tiles : dict
        Bytes by zoom, column and row of Web Mercator tiles, counted from the north-west.
    kind : str
        ``vector``, or the media type of pictures.
    credit : str
        Whose map it is, as its file says; empty for the own one.
    """

    tiles: dict[tuple[int, int, int], bytes]
    kind: str
    credit: str = ""


def _places(village: Row[Any], z: int) -> Iterator[tuple[int, int, int]]:
    (left, top), (right, bottom) = (
        world_xy(village.west, village.north, z),
        world_xy(village.east, village.south, z),
    )
    for x in range(left, right + 1):
        for y in range(top, bottom + 1):
            yield z, x, y


def own_tiles(session: Session, village: Row[Any], whole: bool) -> Content:
    """Tiles of the store's own base map with the outline of a village.

    Parameters
    ----------
    village : Row
        Key, code, range of jurisdiction and the box to draw in degrees; without a box there are no tiles.
    whole : bool
        Whether its grids and the names of its settlements are drawn as well.

    Returns
    -------
    Content
        From :data:`FIRST_ZOOM` to :data:`LAST_ZOOM`; less deep where that would be more than :data:`MOST_TILES`.
    """
    tiles: dict[tuple[int, int, int], bytes] = {}
    if village.west is None:
        return Content(tiles, "vector")
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
    return Content(tiles, "vector")


def file_tiles(settings: Settings, base: str, village: Row[Any]) -> Content:
    """Tiles of one of the installation's tile files round a village.

    Parameters
    ----------
    base : str
        Name of the file, which must be among the settings.
    village : Row
        With the box to take in degrees.

    Returns
    -------
    Content
        Of one kind: a tile that is another picture than the first is left out. It ends with the level by which it
        holds more than :data:`MOST_BYTES`.

    Raises
    ------
    FangtuError
        If the file cannot be read.
    """
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
    return Content(tiles, kind, info.credit)


def words_of(village: Row[Any], content: Content) -> dict[str, Any]:
    """What a pack's file says of itself, as PMTiles and MBTiles have it: name, code, credit and layers."""
    words: dict[str, Any] = {"name": village.name, "code": village.code, "attribution": content.credit}
    if not content.credit and content.kind == "vector":
        words["vector_layers"] = [
            {"id": layer, "fields": dict.fromkeys(fields, "String")} for layer, fields in _LAYERS.items()
        ]
    return words
