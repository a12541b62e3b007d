"""What somebody wants done to boundaries, as a page sends it and a job keeps it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shapely.geometry.base import BaseGeometry

from data.areas import SETTLEMENTS
from data.edit_refusals import EditRefused
from data.edit_shapes import geojson_of
from data.tables.edits import ACTS
from geo.drawn import read_drawing
from geo.errors import Text

DRAWN_LEVELS = ("grid", *SETTLEMENTS)
# What borders of grids that are made can run along.
ALONG = ("none", "roads", "natural_villages")
LEAST_SIZE, MOST_SIZE = 5, 5000
MOST_MERGED = 20
LONGEST_NAME = 40


@dataclass(frozen=True)
class Wish:
    """What somebody wants done to boundaries.

    Attributes
    ----------
    act : str
        ``draw`` a new grid or settlement in a village, ``change`` the boundary of an area, ``split`` or ``merge`` areas
        of one level, ``delete`` a settlement, ``grids``: divide a village anew into grids of about as many
        households.
    codes : tuple of str
        The area; the village for ``draw`` and ``grids``; the areas for ``merge``, of which the lowest code stays.
    geometry : shapely geometry or None
        As drawn, EPSG:4326: an area for ``draw`` and ``change``, a line for ``split``.
    name : str or None
        Of the new area, or of the one that stays when areas are merged.
    level : str
        Of what is drawn: a ``grid``, ``natural_village`` or ``group``.
    code : str or None
        Of the new village when a village is split.
    snap : bool
        Lay the edge onto those of neighbours that run close by.
    follow : bool
        Let neighbours of the same level give way and take what becomes free.
    size : int or None
        Households a grid should hold, for ``grids``.
    along : str
        What borders of grids run along where that keeps the balance: ``none``, ``roads`` or ``natural_villages``.
    """

    act: str
    codes: tuple[str, ...]
    geometry: BaseGeometry | None = None
    name: str | None = None
    snap: bool = True
    follow: bool = True
    level: str = "grid"
    code: str | None = None
    size: int | None = None
    along: str = "none"


def read_wish(given: Mapping[str, Any]) -> Wish:
    """Read a wish as a page or another program sends it.

    Raises
    ------
    EditRefused, DrawingRefused
        If it is not well formed.
    """
    act, codes, name = given.get("act"), given.get("areas"), given.get("name")
    if act not in ACTS:
        raise EditRefused(
            Text(
                "没有这种编辑。应为 draw、change、split、merge、delete 或 grids。",
                "No such edit: draw, change, split, merge, delete or grids.",
            ),
            found=act if isinstance(act, str) else None,
            expected=list(ACTS),
        )
    if not isinstance(codes, list) or not codes or not all(isinstance(code, str) and len(code) <= 20 for code in codes):
        raise EditRefused(Text("请先选一个区域。", "Choose an area first."), found=None)
    if len(set(codes)) != len(codes) or len(codes) > (MOST_MERGED if act == "merge" else 1):
        raise EditRefused(
            Text(
                f"一次只改一个区域；合并最多 {MOST_MERGED} 个。",
                f"One area at a time; at most {MOST_MERGED} are merged.",
            ),
            found=len(codes),
        )
    if name is not None and not isinstance(name, str):
        raise EditRefused(Text("名称应为文字。", "A name is text."))
    level, code = given.get("level", "grid"), given.get("code")
    if level not in DRAWN_LEVELS:
        raise EditRefused(
            Text("只能新画网格、自然村或村民小组。", "Grids, natural villages and groups can be drawn."), found=None
        )
    if code is not None and not isinstance(code, str):
        raise EditRefused(Text("代码应为文字。", "A code is text."))
    kinds = ("LineString", "MultiLineString") if act == "split" else ("Polygon", "MultiPolygon")
    geometry = None if act in ("merge", "delete", "grids") else read_drawing(given.get("geometry"), kinds)
    return Wish(
        act,
        tuple(codes),
        geometry,
        _clean_name(name),
        snap=given.get("snap", True) is not False,
        follow=given.get("follow", True) is not False,
        level=level,
        code=(code or "").strip() or None,
        size=_read_size(given.get("size")) if act == "grids" else None,
        along=_read_along(given.get("along", "none")) if act == "grids" else "none",
    )


def write_wish(wish: Wish) -> dict[str, Any]:
    """Give a wish as it is sent and kept with a job; the same numbers come back by :func:`read_wish`."""
    return {
        "act": wish.act,
        "areas": list(wish.codes),
        "geometry": geojson_of(wish.geometry),
        "name": wish.name,
        "snap": wish.snap,
        "follow": wish.follow,
        "level": wish.level,
        "code": wish.code,
        "size": wish.size,
        "along": wish.along,
    }


def _read_size(size: Any) -> int:
    if not isinstance(size, int) or isinstance(size, bool) or not LEAST_SIZE <= size <= MOST_SIZE:
        raise EditRefused(
            Text(
                f"每个网格的户数应为 {LEAST_SIZE} 至 {MOST_SIZE}。",
                f"The households of a grid are a whole number from {LEAST_SIZE} to {MOST_SIZE}.",
            ),
            found=size if isinstance(size, int | float | str) else None,
        )
    return size


def _read_along(along: Any) -> str:
    if along not in ALONG:
        raise EditRefused(
            Text(
                "边界走向应为 none、roads 或 natural_villages。",
                "Borders run along none, roads or natural_villages.",
            ),
            found=along if isinstance(along, str) else None,
            expected=list(ALONG),
        )
    return str(along)


def _clean_name(name: str | None) -> str | None:
    cleaned = re.sub(r"[\s\x00-\x1f\x7f]+", " ", name or "").strip()
    if len(cleaned) > LONGEST_NAME:
        raise EditRefused(
            Text(f"名称最多 {LONGEST_NAME} 个字。", f"A name has {LONGEST_NAME} characters at most."),
            found=len(cleaned),
        )
    return cleaned or None
