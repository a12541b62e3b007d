"""Borders between tiles laid along roads or other lines, as far as balance and connection allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from geo.balancing_lines import Bools, Floats, Ints
from geo.balancing_sides import SNAP_M, has_needles, one_piece
from geo.balancing_tiles import Share, Tile, common, corners_of, edges, exchanged, neighbours

# A metre of border along a line counts as so much of a metre elsewhere: a detour of up to three times is taken.
ALONG = 0.33
# An edge whose middle is so near a line, in metres, runs along it.
_NEAR_M = 0.05
# No border is laid so near a household, in metres: nobody could say on which side of it that is. What it would cost.
_DOOR_M, _AT_A_DOOR = 0.1, 1e9
# Where lines cut two tiles into more pieces, they are streets of a town, and the straight border stays.
_MOST_FACES = 150
_ROUNDS = 3


def lay_along(tiles: Sequence[Tile], at: Floats, weights: Floats, share: Share, lines: BaseGeometry) -> list[Tile]:
    """Move borders onto lines, block by block.

    Parameters
    ----------
    tiles : sequence of Tile
    at : ndarray of float, shape (n, 2)
    weights : ndarray of float, shape (n,)
    share : Share
        As of :func:`geo.balancing_tiles.even_out`.
    lines : LineString or MultiLineString
        Roads, or outlines, in metres.

    Returns
    -------
    list of Tile
        As many, in the same order; each one polygon, and none that kept its share misses it.
    """
    tiles = list(tiles)
    if lines.is_empty:
        return tiles
    parts = shapely.get_parts(lines)
    tree = shapely.STRtree(parts)
    seen: set[tuple[bytes, bytes]] = set()
    for _ in range(_ROUNDS):
        changed = False
        for one, other in neighbours(tiles):
            # Two that were looked at before, as they are, need not be again.
            key = (tiles[one].shape.wkb, tiles[other].shape.wkb)
            if key in seen:
                continue
            seen.add(key)
            united = one_piece([tiles[one].shape, tiles[other].shape])
            if not isinstance(united, Polygon):
                continue
            near = parts[tree.query(united, predicate="intersects")]
            moved = _moved(tiles[one], tiles[other], united, shapely.union_all(near), at, weights, share)
            if moved is not None:
                tiles = exchanged(tiles, (one, other), (united, moved))
                changed = True
        if not changed:
            break
    return tiles


def along_ratio(shapes: Sequence[BaseGeometry], lines: BaseGeometry) -> float | None:
    """Part of the borders between shapes that runs along lines, by length; None without such a border."""
    owners: dict[object, int] = {}
    for shape in shapes:
        for part in shapely.get_parts(shape):
            for edge in edges(part):
                owners[edge] = owners.get(edge, 0) + 1
    inner = [edge for edge, count in owners.items() if count > 1]
    if not inner:
        return None
    ends = np.array(inner)
    lengths = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    return float(lengths[_run_along(ends, lines)].sum() / lengths.sum())


def _run_along(ends: Floats, lines: BaseGeometry) -> Bools:
    if lines.is_empty:
        return np.zeros(len(ends), dtype=bool)
    shapely.prepare(lines)
    found: Bools = shapely.dwithin(lines, shapely.points(ends.mean(axis=1)), _NEAR_M)
    return found


def _moved(
    one: Tile, other: Tile, united: Polygon, lines: BaseGeometry, at: Floats, weights: Floats, share: Share
) -> list[Tile] | None:
    """Give two neighbours with the blocks between lines handed over one by one while that shortens their border."""
    if lines.is_empty:
        return None
    lines = shapely.snap(lines, shapely.MultiPoint(shapely.get_coordinates(united)), SNAP_M)
    drawn = shapely.union_all([one.shape.boundary, other.shape.boundary, lines])
    faces = shapely.get_parts(shapely.polygonize([drawn]))
    inside = shapely.covers(united, shapely.point_on_surface(faces))
    faces = faces[inside]
    blocks = list(faces)
    if not 2 < len(faces) <= _MOST_FACES:
        return None
    places = np.concatenate([one.places, other.places])
    home = shapely.STRtree(faces).nearest(shapely.points(at[places]))
    held: Floats = np.bincount(home, weights=weights[places], minlength=len(faces)).astype(np.float64)
    alone = np.bincount(home, minlength=len(faces))
    in_one = shapely.covers(one.shape, shapely.point_on_surface(faces))
    links = _links(blocks, lines, at[places])
    chosen = _handed_over(in_one.copy(), held, alone, links, share)
    if (chosen == in_one).all():
        return None
    if any(cost >= _AT_A_DOOR and chosen[a] != chosen[b] for (a, b), cost in links.items()):
        return None
    one_side, other_side = (
        one_piece([blocks[number] for number in np.flatnonzero(side)]) for side in (chosen, ~chosen)
    )
    if not (isinstance(one_side, Polygon) and isinstance(other_side, Polygon)):
        return None
    first, second = common(united, one_side, other_side)
    # Where lines meet a border within a hair's breadth, uniting may have shifted a corner that neighbours have too.
    if not set(corners_of(united)) <= {*corners_of(first), *corners_of(second)}:
        return None
    if not (first.is_valid and second.is_valid) or has_needles(first, second):
        return None
    return [Tile(first, places[chosen[home]]), Tile(second, places[~chosen[home]])]


def _links(faces: Sequence[Polygon], lines: BaseGeometry, at: Floats) -> dict[tuple[int, int], float]:
    """Which blocks have an edge in common, and what a border there would cost."""
    owner: dict[object, int] = {}
    pairs, ends = [], []
    for number, face in enumerate(faces):
        for edge in edges(face):
            before = owner.setdefault(edge, number)
            if before != number:
                pairs.append((before, number))
                ends.append(edge)
    if not pairs:
        return {}
    where = np.array(ends)
    cost = np.hypot(*(where[:, 1] - where[:, 0]).T) * np.where(_run_along(where, lines), ALONG, 1.0)
    doors = shapely.STRtree(np.asarray(shapely.points(at)))
    met, _ = doors.query(shapely.linestrings(where), predicate="dwithin", distance=_DOOR_M)
    cost[met] = _AT_A_DOOR
    links: dict[tuple[int, int], float] = {}
    for pair, one in zip(pairs, cost.tolist(), strict=True):
        links[pair] = links.get(pair, 0.0) + one
    return links


def _handed_over(chosen: Bools, held: Floats, alone: Ints, links: dict[tuple[int, int], float], share: Share) -> Bools:
    """Hand blocks over, the one that saves most first, while both sides stay in one piece and keep their share."""
    for _ in range(len(chosen)):
        saves = np.zeros(len(chosen))
        for (one, other), cost in links.items():
            sign = 1 if chosen[one] != chosen[other] else -1
            saves[one] += sign * cost
            saves[other] += sign * cost
        before = sum(share.missed(float(held[side].sum())) for side in (chosen, ~chosen))
        for block in np.argsort(-saves, kind="stable"):
            if saves[block] <= 1e-6:
                return chosen
            tried = chosen.copy()
            tried[block] = not tried[block]
            missed = sum(share.missed(float(held[side].sum())) for side in (tried, ~tried))
            full = alone[tried].sum() and alone[~tried].sum()
            if full and missed <= before and all(_is_one(side, links) for side in (tried, ~tried)):
                chosen = tried
                break
        else:
            return chosen
    return chosen


def _is_one(side: Bools, links: dict[tuple[int, int], float]) -> bool:
    """Whether the blocks of a side hang together."""
    blocks = np.flatnonzero(side).tolist()
    beside: dict[int, list[int]] = {block: [] for block in blocks}
    for one, other in links:
        if side[one] and side[other]:
            beside[one].append(other)
            beside[other].append(one)
    reached, todo = {blocks[0]}, [blocks[0]]
    while todo:
        for block in beside[todo.pop()]:
            if block not in reached:
                reached.add(block)
                todo.append(block)
    return len(reached) == len(blocks)
