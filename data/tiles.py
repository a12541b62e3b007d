"""Vector tiles from PostGIS, under row-level security: one definition for the map and for other programs. The
statements are those of :mod:`data.tile_queries`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.prepared import Prepared
from data.rules.words import EXACT_QUALITY
from data.tile_queries import (
    AREA_KEYS,
    CELLS,
    HOUSEHOLDS,
    HOUSES,
    KEYS,
    MARKS,
    OUTLINES,
    SITES,
    VISITS,
    areas_query,
)
from geo.errors import FangtuError, Text
from geo.tiles import tile_range

POINTS_FROM_ZOOM = 14
OUTLINES_FROM_ZOOM = 16
LAST_ZOOM = 17
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
    "marks": (POINTS_FROM_ZOOM, LAST_ZOOM),
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
        ``records``, ``cells``, ``households``, ``houses``, ``sites``, ``visits`` or ``marks``.
    z, x, y : int
        Tile number, as :func:`check_tile` permits.

    Returns
    -------
    bytes
        Mapbox vector tile, extent 4096, with what lies up to an eighth of a tile outside (z < 14) or a sixteenth
        (points), so that symbols on the edge are whole. Empty if nothing lies there for the one who asks.
    """
    question, values = tile_question(layer, campaign_id, round_no, "", z, x, y)
    return bytes(question.run(session, values).one()[0])


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
    question, values = tile_question("areas", campaign_id, round_no, by, z, x, y)
    return bytes(question.run(session, values).one()[0])


def tile_question(
    layer: str, campaign_id: int, round_no: int, by: str, z: int, x: int, y: int
) -> tuple[Prepared, dict[str, Any]]:
    """What to ask the database for a tile of any layer but ``base``; the arguments are those of the tiles.

    Returns
    -------
    tuple of Prepared and dict
        Statement and values; it gives one row: the tile, and role and duty of the one who asked, as text, by the same
        snapshot that the policies went by. They are null where nobody is signed in, and the tile is empty then.
    """
    if layer != "areas":
        query = _round_query(layer if z >= POINTS_FROM_ZOOM else "cells", z >= OUTLINES_FROM_ZOOM)
        return query, _tile_keys(campaign_id, round_no, z, x, y)
    values = {"campaign": campaign_id, "round": round_no, "by": by, "z": z, "x": x, "y": y}
    return _areas_query(by), {**values, "tolerance": 360.0 / (1 << z) / 4096 * 2}


@cache
def _round_query(layer: str, outlines: bool) -> Prepared:
    houses = OUTLINES if outlines else HOUSES
    parts = {
        "cells": [CELLS],
        "records": [HOUSEHOLDS, houses, SITES, VISITS, MARKS],
        "households": [HOUSEHOLDS],
        "houses": [houses],
        "sites": [SITES],
        "visits": [VISITS],
        "marks": [MARKS],
    }[layer]
    return _with_asker(parts, KEYS)


@cache
def _areas_query(by: str) -> Prepared:
    return _with_asker([areas_query(by)], AREA_KEYS)


def _with_asker(parts: list[str], keys: Mapping[str, str]) -> Prepared:
    tile = " || ".join(f"coalesce(({part}), '')" for part in parts)
    return Prepared(f"select {tile}, asker.role, asker.duty::text from sec.asking() asker", keys)


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


# Changes with the way tiles are made, so that no browser keeps those of an older way.
_STATEMENTS = [CELLS, HOUSEHOLDS, HOUSES, SITES, VISITS, MARKS, OUTLINES, *map(areas_query, AREAS_FROM_ZOOM)]
RECIPE = hashlib.sha256("".join(_STATEMENTS).encode()).hexdigest()[:12]
