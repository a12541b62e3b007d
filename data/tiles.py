"""Vector tiles from PostGIS, under row-level security, and the cells of the heatmaps: one definition for the map and
for other programs.

A tile is a few ranges of z-order numbers, compared as whole numbers: the only form the index may serve below a
row-level policy. ``geo/tiles.py`` holds the same arithmetic in numpy.
"""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.coverage import areas_of_level, counts_of_each
from data.prepared import Prepared
from data.rules.words import DILAPIDATED, EXACT_QUALITY, VISITED
from geo.errors import FangtuError, Text
from geo.tiles import MORTON_ZOOM, tile_range, unmorton

POINTS_FROM_ZOOM = 14
OUTLINES_FROM_ZOOM = 16
LAST_ZOOM = 17
HEAT_ZOOM = 19
# Days of cells: one nobody recorded, and none since nobody has come; as in static/js/map/days.js.
UNDATED, NOT_VISITED = -1, -2
BASE_KINDS = {
    0: ("water", "road_highway"),
    11: ("woods", "settlement", "road_main"),
    14: ("farmland", "road_lane", "building"),
}
# Cells are an eighth of a tile wide; the ring of cells round the tile is drawn too, so that no symbol is cut.
CELL_SPLIT = 3
# Points are looked for in a ring round the tile that is the wider, the fewer lie in it: each range of the index takes
# as long as some rows that are looked at in vain. What is drawn is the same.
_RIM_SPLIT = {14: 3, 15: 2}
# Levels kept in the table ``cell``; twin of ``cell_levels``.
CELL_LEVELS = (10, 13, 16)


# Layers other programs may ask for, with their first and last zoom. ``records`` is what the map asks for: ``cells``
# and, from zoom 14, all the others of a round in one.
LAYERS = {
    "base": (0, LAST_ZOOM),
    "records": (0, LAST_ZOOM),
    "cells": (0, POINTS_FROM_ZOOM - 1),
    "households": (POINTS_FROM_ZOOM, LAST_ZOOM),
    "houses": (POINTS_FROM_ZOOM, LAST_ZOOM),
    "sites": (POINTS_FROM_ZOOM, LAST_ZOOM),
    "visits": (POINTS_FROM_ZOOM, LAST_ZOOM),
    "areas": (0, LAST_ZOOM),
}
# Levels of the layer ``areas`` and their first zoom: further out there would be more outlines than pixels.
AREAS_FROM_ZOOM = {"county": 0, "township": 0, "village": 9, "grid": 11}


class TileUnknown(FangtuError):
    """There is no such layer, or not at this zoom or place."""

    code = "tile_unknown"


def check_tile(layer: str, z: int, x: int, y: int, by: str) -> None:
    """Say what is wrong with the address of a tile.

    Parameters
    ----------
    layer : str
        One of :data:`LAYERS`.
    by : str
        Level of the layer ``areas``, one of :data:`AREAS_FROM_ZOOM`; of no meaning for the others.

    Raises
    ------
    TileUnknown
        If there is no such layer or level, if it has no tiles of this zoom, or if the tile lies outside the world.
    """
    if layer not in LAYERS:
        raise TileUnknown(
            Text(
                f"没有图层“{layer}”，可用：{'、'.join(LAYERS)}。", f"No layer '{layer}'; there are {', '.join(LAYERS)}."
            ),
            found=layer,
            expected=list(LAYERS),
        )
    first, last = LAYERS[layer]
    if layer == "areas":
        if by not in AREAS_FROM_ZOOM:
            raise TileUnknown(
                Text(
                    f"by 为“{by}”，应为 {'、'.join(AREAS_FROM_ZOOM)}。",
                    f"by is '{by}'; expected {', '.join(AREAS_FROM_ZOOM)}.",
                ),
                found=by,
                expected=list(AREAS_FROM_ZOOM),
            )
        first = AREAS_FROM_ZOOM[by]
    if not first <= z <= last:
        raise TileUnknown(
            Text(f"该图层的级别为 {first} 至 {last}，不含 {z}。", f"This layer has zooms {first} to {last}, not {z}."),
            found=z,
            expected=[first, last],
        )
    if x >= 1 << z or y >= 1 << z:
        raise TileUnknown(
            Text(f"{z} 级没有瓦片 {x}/{y}。", f"There is no tile {x}/{y} at zoom {z}."), found=[x, y], expected=1 << z
        )


def base_tile(session: Session, z: int, x: int, y: int) -> bytes:
    """One tile of the local base map; layers named by kind."""
    kinds = [kind for zoom, names in BASE_KINDS.items() if z >= zoom for kind in names]
    return bytes(
        session.scalar(text("select sec.base_tile(:z, :x, :y, :kinds)"), {"z": z, "x": x, "y": y, "kinds": kinds})
        or b""
    )


def round_tile(session: Session, layer: str, campaign_id: int, round_no: int, z: int, x: int, y: int) -> bytes:
    """One tile of a layer that belongs to a round: all but ``base`` and ``areas``.

    Parameters
    ----------
    layer : str
        ``records``, ``cells``, ``households``, ``houses``, ``sites`` or ``visits``.
    z, x, y : int
        Tile number, as :func:`check_tile` permits.

    Returns
    -------
    bytes
        Mapbox vector tile, extent 4096, with what lies up to an eighth of a tile outside (z < 14) or a sixteenth
        (points), so that symbols on the edge are whole. Empty if nothing lies there for the one who asks.
    """
    made = _round_query(layer if z >= POINTS_FROM_ZOOM else "cells", z >= OUTLINES_FROM_ZOOM)
    return bytes(made.run(session, _tile_keys(campaign_id, round_no, z, x, y)).scalar_one())


@cache
def _round_query(layer: str, outlines: bool) -> Prepared:
    houses = _OUTLINES if outlines else _HOUSES
    parts = {
        "cells": [_CELLS],
        "records": [_HOUSEHOLDS, houses, _SITES, _VISITS],
        "households": [_HOUSEHOLDS],
        "houses": [houses],
        "sites": [_SITES],
        "visits": [_VISITS],
    }[layer]
    return Prepared("select " + " || ".join(f"coalesce(({part}), '')" for part in parts), _KEYS)


def areas_tile(session: Session, campaign_id: int, round_no: int, by: str, z: int, x: int, y: int) -> bytes:
    """One tile of outlines with their coverage, of the areas wholly inside the asker's duty and of no others.

    Parameters
    ----------
    by : str
        One of :data:`AREAS_FROM_ZOOM`.

    Returns
    -------
    bytes
        Mapbox vector tile with the layer ``areas``, extent 4096, cut a sixty-fourth of a tile outside; outlines are
        simplified to two units of it.
    """
    keys = {
        "campaign": campaign_id,
        "round": round_no,
        "by": by,
        "z": z,
        "x": x,
        "y": y,
        "tolerance": 360.0 / (1 << z) / 4096 * 2,
    }
    return bytes(session.scalar(text(_areas(by)), keys) or b"")


def _tile_keys(campaign_id: int, round_no: int, z: int, x: int, y: int) -> dict[str, Any]:
    lows, highs = _ranges(z, x, y, CELL_SPLIT if z < POINTS_FROM_ZOOM else _RIM_SPLIT.get(z, 1))
    size = 1 << (31 - z)
    return {
        "campaign": campaign_id,
        "round": round_no,
        "lows": _as_array(lows),
        "highs": _as_array(highs),
        "x0": x * size,
        "y0": y * size,
        "unit": size / 4096,
        **_levels(z),
        "visited": [int(s) for s in VISITED],
        "dilapidated": list(DILAPIDATED),
        "exact": EXACT_QUALITY,
        "west": x * size - size // 16,
        "east": (x + 1) * size + size // 16,
        "north": y * size - size // 16,
        "south": (y + 1) * size + size // 16,
        "z": z,
        "tx": x,
        "ty": y,
    }


def _as_array(numbers: list[int]) -> str:
    """As the database writes it: one word to read instead of dozens of expressions."""
    return f"{{{','.join(map(str, numbers))}}}"


def _levels(z: int) -> dict[str, int]:
    """Which kept level serves a zoom, and how far its numbers are from those of the cells drawn and of z20 tiles."""
    drawn = z + CELL_SPLIT
    level = next((level for level in CELL_LEVELS if level >= drawn), CELL_LEVELS[-1])
    return {"level": level, "up": max(0, 2 * (level - drawn)), "down": 2 * (20 - level)}


def heat_cells(session: Session, campaign_id: int, round_no: int, kind: str) -> list[int]:
    """Households (or dilapidated houses) per cell, flat: ``x, y, n, x, y, n …``, tile numbers of z19.

    Parameters
    ----------
    kind : str
        ``unvisited``, ``visited`` or ``dilapidated``. Places known only to their settlement are left out.
    """
    keys, counts = session.execute(
        text(_HEAT[kind]),
        {
            "campaign": campaign_id,
            "round": round_no,
            "shift": 2 * (MORTON_ZOOM - HEAT_ZOOM),
            "visited": [int(s) for s in VISITED],
            "dilapidated": list(DILAPIDATED),
            "exact": EXACT_QUALITY,
        },
    ).one()
    flat: list[int] = np.stack([*unmorton(keys), np.asarray(counts, dtype=np.int64)], axis=-1).ravel().tolist()
    return flat


def heat_days(session: Session, campaign_id: int, round_no: int, first: date) -> list[int]:
    """Households per cell of z19 and day of their first valid visit, flat: ``x, y, day, n, x, y, day, n …``.

    Parameters
    ----------
    first : date
        Days are counted from this one; it is before all of them.

    Returns
    -------
    list of int
        In no order. Day :data:`UNDATED` is one nobody recorded, :data:`NOT_VISITED` stands for households not visited.
        The sums over all days are those of :func:`heat_cells`; the same households are left out.
    """
    keys, days, counts = session.execute(
        text(_HEAT_DAYS),
        {
            "campaign": campaign_id,
            "round": round_no,
            "shift": 2 * (MORTON_ZOOM - HEAT_ZOOM),
            "visited": [int(s) for s in VISITED],
            "exact": EXACT_QUALITY,
            "first": first,
            "undated": UNDATED,
            "not_visited": NOT_VISITED,
        },
    ).one()
    columns = [*unmorton(keys), np.asarray(days, dtype=np.int64), np.asarray(counts, dtype=np.int64)]
    flat: list[int] = np.stack(columns, axis=-1).ravel().tolist()
    return flat


def _ranges(z: int, x: int, y: int, split: int) -> tuple[list[int], list[int]]:
    """Z-order ranges of a tile and of the ring of cells round it, which are its width halved ``split`` times."""
    across = 1 << split
    spans = [tile_range(z, x, y)]
    last = 1 << (z + split)
    for cx in range(x * across - 1, (x + 1) * across + 1):
        for cy in range(y * across - 1, (y + 1) * across + 1):
            inside = x * across <= cx < (x + 1) * across and y * across <= cy < (y + 1) * across
            if not inside and 0 <= cx < last and 0 <= cy < last:
                spans.append(tile_range(z + split, cx, cy))
    merged: list[list[int]] = []
    for lo, hi in sorted(spans):
        if merged and merged[-1][1] == lo:
            merged[-1][1] = hi
        else:
            merged.append([lo, hi])
    return [lo for lo, _ in merged], [hi for _, hi in merged]


_SPANS = "unnest(cast(:lows as bigint[]), cast(:highs as bigint[])) as span (lo, hi)"
# "offset 0" keeps the planner to one index range per span; joined plainly it reads the whole table.
_IN_SPAN = f"""{_SPANS} cross join lateral (
        select t.* from {{table}} t where {{where}} t.morton >= span.lo and t.morton < span.hi offset 0) t"""
_HERE = """t.quality <= :exact and t.x between :west and :east and t.y between :north and :south and"""
_ROUND = "t.campaign_id = :campaign and t.round_no = :round and"
_POINT = "st_makepoint(floor((t.x - :x0) / :unit), floor((t.y - :y0) / :unit)) as geom"


def _rows(table: str, where: str) -> str:
    return _IN_SPAN.format(table=table, where=where)


# Cells of a finer level added up to those of this zoom; the index ranges of single records, in the level's numbers.
_CELL_ROWS = f"""
    with part as (
        select t.morton >> :up as key, t.* from {_SPANS}
         cross join lateral (
            select c.morton, c.campaign_id, c.n, c.visited, c.sum_x, c.sum_y, c.grade_c, c.grade_d from cell c
             where c.campaign_id = any (array[0, :campaign]) and c.round_no = any (array[0, :round])
               and c.level = :level and c.morton >= span.lo >> :down and c.morton < span.hi >> :down offset 0) t)
    select sum(n)::integer as n, sum(visited)::integer as visited, sum(n - visited)::integer as gap,
           case when sum(grade_d) > 0 then 'D' when sum(grade_c) > 0 then 'C' end as worst,
           sum(sum_x) / sum(n) as x, sum(sum_y) / sum(n) as y, key
      from part group by key having sum(n) > 0 order by key"""
_CELLS = f"""
    select st_asmvt(tile, 'cells', 4096, 'geom') from (
        select n, visited, gap, worst, st_makepoint(floor((x - :x0) / :unit), floor((y - :y0) / :unit)) as geom
        from ({_CELL_ROWS}) cells) tile"""

_HOUSEHOLDS = f"""
    select st_asmvt(tile, 'households', 4096, 'geom', 'id') from (
        select t.household_id as id, t.status::integer as s, t.quality::integer as q, {_POINT}
        from {_rows("standing", f"{_ROUND} {_HERE}")}) tile"""

_HOUSES = f"""
    select st_asmvt(tile, 'houses', 4096, 'geom', 'id') from (
        select t.id, coalesce(t.grade, '') as g, {_POINT} from {_rows("house", _HERE)}) tile"""

_SITES = f"""
    select st_asmvt(tile, 'sites', 4096, 'geom', 'id') from (
        select t.id, t.method as m, t.stage as st, {_POINT} from {_rows("renovation_site", _HERE)}) tile"""

_VISITS = f"""
    select st_asmvt(tile, 'visits', 4096, 'geom', 'id') from (
        select t.no as id, t.verdict as v, t.suspect <> '{{}}' as sus, {_POINT}
        from {_rows("visit", f"{_ROUND} t.superseded_by is null and {_HERE}")}) tile"""

# Houses with their outlines: read once, drawn twice.
_OUTLINES = f"""
    with t as materialized (select t.id, t.grade, t.x, t.y, t.outline from {_rows("house", _HERE)})
    select (select st_asmvt(tile, 'houses', 4096, 'geom', 'id') from (
                select t.id, coalesce(t.grade, '') as g, {_POINT} from t) tile)
        || (select st_asmvt(tile, 'footprints', 4096, 'geom', 'id') from (
                select t.id, coalesce(t.grade, '') as g,
                       st_asmvtgeom(st_transform(t.outline, 3857), st_tileenvelope(:z, :tx, :ty), 4096, 256, true)
                           as geom
                  from t where t.outline is not null) tile where tile.geom is not null)"""


def _areas(by: str) -> str:
    """SQL of one tile of areas: ``sec.areas_at`` finds them by the spatial index, the policies say it once more.

    As for the spans, "offset 0" keeps the planner to looking each one up by its key.
    """
    return f"""
        select st_asmvt(tile, 'areas', 4096, 'geom', 'id') from (
            select a.id, a.code, a.name, a.level, a.derived, c.eligible::integer as eligible,
                   c.visited::integer as visited, (c.eligible - c.visited)::integer as remaining,
                   c.visited::float8 / nullif(c.eligible, 0) as ratio,
                   st_asmvtgeom(st_transform(st_simplify(s.outline, :tolerance, true), 3857),
                                st_tileenvelope(:z, :x, :y), 4096, 64, true) as geom
              from sec.areas_at(:by, st_transform(
                       st_expand(st_tileenvelope(:z, :x, :y), 40075016.68 / 2 ^ :z / 64), 4326)) found (id)
             cross join lateral (select a.* from ({areas_of_level(by)[0]}) a where a.id = found.id offset 0) a
             cross join lateral (
                select s.outline from {"grid" if by == "grid" else "area"} s where s.id = found.id offset 0) s
              {counts_of_each(by)}) tile where tile.geom is not null"""


# Grouped by one number instead of two, and given as two columns in one row: half of the work was handing over rows.
_HEAT_CELLS = """
    select coalesce(array_agg(key), '{{}}'), coalesce(array_agg(n), '{{}}') from (
        select morton >> :shift as key, count(*)::integer as n from {rows}
           and quality <= :exact and morton is not null group by 1) cells"""
_OF_ROUND = "standing where campaign_id = :campaign and round_no = :round"
# Whole columns in one row: half a million rows take longer to hand over than to count.
_HEAT_DAYS = f"""
    select coalesce(array_agg(key), '{{}}'), coalesce(array_agg(day), '{{}}'), coalesce(array_agg(n), '{{}}') from (
        select morton >> :shift as key, count(*)::integer as n,
               case when status = any (:visited) then coalesce(first_valid_on - cast(:first as date), :undated)
                    else :not_visited end as day
          from {_OF_ROUND} and quality <= :exact and morton is not null group by 1, 3) cells"""
_HEAT = {
    "unvisited": _HEAT_CELLS.format(rows=f"{_OF_ROUND} and not status = any (:visited)"),
    "visited": _HEAT_CELLS.format(rows=f"{_OF_ROUND} and status = any (:visited)"),
    "dilapidated": _HEAT_CELLS.format(rows="house where grade = any (:dilapidated)"),
}

_KEYS = {
    "campaign": "bigint",
    "round": "smallint",
    "lows": "bigint[]",
    "highs": "bigint[]",
    "x0": "bigint",
    "y0": "bigint",
    "unit": "float8",
    "level": "smallint",
    "up": "integer",
    "down": "integer",
    "exact": "smallint",
    "west": "bigint",
    "east": "bigint",
    "north": "bigint",
    "south": "bigint",
    "z": "integer",
    "tx": "integer",
    "ty": "integer",
}

# Changes with the way tiles and cells are made, so that no browser keeps those of an older way.
_STATEMENTS = [_CELLS, _HOUSEHOLDS, _HOUSES, _SITES, _VISITS, _OUTLINES, *map(_areas, AREAS_FROM_ZOOM)]
RECIPE = hashlib.sha256("".join([*_STATEMENTS, *_HEAT.values(), _HEAT_DAYS]).encode()).hexdigest()[:12]
