"""Grids of a village made from its households: all it has are replaced by even, compact ones with numbers of their own.

The shapes come from :func:`geo.balancing.balance_grids`. A grid that is replaced has an heir, the new one that holds
most of its households: what is known by its number alone, and whoever answers for it, goes there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import SETTLEMENTS
from data.edit_changes import Change, Heirs, default_name, free_codes
from data.edit_refusals import EditRefused
from data.edit_scenes import Scene
from data.edit_wishes import Wish
from geo.balancing import Balanced, balance_grids, compactness
from geo.balancing_links import Link, Span
from geo.counting import counted, form
from geo.errors import Text

# A village that would have more grids than this is better divided into villages first.
MOST_GRIDS = 200


@dataclass(frozen=True)
class Making:
    """Grids that would be made, in the order of their numbers.

    Attributes
    ----------
    codes, names : tuple of str
    sizes : tuple of int
        Households each holds by their position.
    compactness : tuple of float
        Perimeter² / area of each.
    ratio : float or None
        The most households of a grid by the least; None if one has none.
    along : float or None
        Part of the inner borders, by length, that runs along what was asked for.
    links : tuple of Link
        How parts of a grid that lie apart hang together.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    compactness: tuple[float, ...]
    ratio: float | None
    along: float | None
    links: tuple[Link, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The grids as plain values, with what describes them together."""
        rows = zip(self.codes, self.names, self.sizes, self.compactness, strict=True)
        return {
            "count": len(self.codes),
            "least": min(self.sizes),
            "most": max(self.sizes),
            "ratio": self.ratio,
            "compactness": sum(self.compactness) / len(self.compactness),
            "along": self.along,
            "links": [
                {
                    "code": self.codes[link.grid],
                    "length_m": link.length_m,
                    "over_m": link.over_m,
                    "line": shapely.get_coordinates(link.line).tolist(),
                }
                for link in self.links
            ],
            "rows": [
                {"code": code, "name": name, "households": size, "compactness": shape}
                for code, name, size, shape in rows
            ],
        }


def make_grids(session: Session, scene: Scene, wish: Wish) -> tuple[list[Change], list[Heirs], Making]:
    """Divide a village anew into grids that hold about as many households.

    Parameters
    ----------
    session : Session
        As the asker, who answers for the whole village, or as the owner; both see the same households.
    scene : Scene
        The village and the grids it has, all of which are replaced.
    wish : Wish
        With ``size`` and ``along``.

    Returns
    -------
    changes : list of Change
        New grids by number, then those that go.
    heirs : list of Heirs
        Of each grid that goes the one that takes its place.
    making : Making

    Raises
    ------
    EditRefused
        If the village has no boundary, there would be too many grids, or no number is left.
    """
    assert wish.size is not None
    village = scene.parent
    if village.shape is None:
        raise EditRefused(
            Text("没有划分：这个村还没有边界，请先画村界。", "Not divided: the village has no boundary; draw it first.")
        )
    rows = session.execute(
        text("""
            select h.id, h.grid_id, st_x(h.geom) as lon, st_y(h.geom) as lat from household h
             where h.village_id = :village and h.removed_at is null and h.geom is not null order by h.id"""),
        {"village": village.id},
    ).all()
    if len(rows) / wish.size > MOST_GRIDS:
        raise EditRefused(
            Text(
                f"没有划分：会有 {len(rows) // wish.size} 个网格，最多 {MOST_GRIDS} 个。请把每格户数改大。",
                f"Not divided: there would be {len(rows) // wish.size} grids; {MOST_GRIDS} are the most. Let a grid "
                "hold more households.",
            ),
            found=len(rows) // wish.size,
        )
    places = np.array([(row.lon, row.lat) for row in rows], dtype=np.float64).reshape(-1, 2)
    lines = None if wish.along == "none" else _lines(session, scene, wish.along)
    made = balance_grids(village.shape, places, wish.size, lines=lines)
    codes = free_codes(session, scene, len(made.shapes))
    changes = [
        Change("grid", code, default_name(code), None, village.id, None, shape)
        for code, shape in zip(codes, made.shapes, strict=True)
    ]
    changes += [
        Change("grid", area.code, area.name, area.id, village.id, area.shape, None, gone=True)
        for _, area in sorted(scene.known.items())
    ]
    members = made.members.tolist()
    heirs = []
    for _, area in sorted(scene.known.items()):
        held = Counter(to for row, to in zip(rows, members, strict=True) if row.grid_id == area.id and to >= 0)
        best = min(held, key=lambda to: (-held[to], to)) if held else _nearest(made, area.shape)
        heirs.append(Heirs(area.code, (codes[best],)))
    names = tuple(default_name(code) for code in codes)
    _tell(scene, wish, made, names, lines)
    shapes = tuple(compactness(shape) for shape in made.shapes)
    return changes, heirs, Making(tuple(codes), names, made.sizes, shapes, made.ratio, made.along, made.links)


def _lines(session: Session, scene: Scene, along: str) -> list[BaseGeometry]:
    """Roads of the base map, or outlines of natural villages and groups, that reach into the village."""
    village = scene.parent
    assert village.shape is not None
    if along == "roads":
        west, south, east, north = village.shape.bounds
        found = session.scalars(
            text("""
                select st_asbinary(geom) from base_feature
                 where kind like 'road%' and geom && st_makeenvelope(:west, :south, :east, :north, 4326)
                 order by id"""),
            {"west": west, "south": south, "east": east, "north": north},
        )
        shapes = [shapely.force_2d(shapely.from_wkb(bytes(one))) for one in found]
        lines = [shape if shape.geom_type.endswith("LineString") else shape.boundary for shape in shapes]
    else:
        found = session.scalars(
            text("""
                select st_asbinary(geom) from area
                 where parent_id = :village and level = any (:levels) and valid_to is null and geom is not null
                 order by code"""),
            {"village": village.id, "levels": list(SETTLEMENTS)},
        )
        lines = [shapely.from_wkb(bytes(one)).boundary for one in found]
    return [line for line in lines if shapely.intersects(line, village.shape)]


def _nearest(made: Balanced, shape: BaseGeometry | None) -> int:
    """The new grid that covers most of a replaced one without households; the first where none does."""
    covered = [shapely.intersection(new, shape).area if shape is not None else 0.0 for new in made.shapes]
    return int(np.argmax(covered))


def _apart(span: Span, links: Sequence[Link], names: Sequence[str], least: int) -> Text:
    """A grid with parts of the village that lie apart: how many, who lives there, and how they hang together."""
    longest, over = (max(getattr(link, which) for link in links) for which in ("length_m", "over_m"))
    zh, en = (
        (
            f"共 {span.held} 户，单独成格至少要 {least} 户",
            f"with {counted(span.held, 'household')} (a grid of their own needs {least})",
        )
        if span.held
        else ("无人居住", "where nobody lives")
    )
    zh_link, en_link = (
        (
            f"要经过其他网格 {over:.0f} 米才连得上",
            f"{form(span.parts, 'it is', 'they are')} reached only across {over:.0f} m of other grids",
        )
        if over
        else (
            f"连线最长 {longest:.0f} 米，不经过其他网格",
            f"the longest link is {longest:.0f} m and enters no other grid",
        )
    )
    return Text(
        f"{names[span.grid]}另含村界的 {span.parts} 块飞地，{zh}；{zh_link}",
        f"{names[span.grid]} has {counted(span.parts, 'more part')} of the village that "
        f"{form(span.parts, 'lies', 'lie')} apart, {en}; {en_link}",
    )


def _tell(scene: Scene, wish: Wish, made: Balanced, names: Sequence[str], lines: list[BaseGeometry] | None) -> None:
    """Say what kept the grids from being as they were wished."""
    if made.crowded:
        scene.notes.append(
            Text(
                f"有 {made.crowded} 户在同一处，多于一个网格的户数：分不开，所在网格会偏大",
                f"{made.crowded} households are at one place, more than a grid should hold: they cannot be parted, and "
                "their grid is larger",
            )
        )
    for span in made.spans:
        scene.notes.append(_apart(span, [link for link in made.links if link.grid == span.grid], names, made.least))
    if not made.is_even:
        scene.notes.append(
            Text(
                "村界各块的户数分不成大小相近的网格：各块内部均衡，块与块之间不均衡",
                "the households of the village's parts make no grids of like size: those of one part are even, but not "
                "those of different parts",
            )
        )
    if lines == []:
        scene.notes.append(
            Text("村内没有道路，边界按户数划直线", "no road in the village: borders are straight lines")
            if wish.along == "roads"
            else Text(
                "村内的自然村没有轮廓，边界按户数划直线",
                "no natural village here has an outline: borders are straight lines",
            )
        )
