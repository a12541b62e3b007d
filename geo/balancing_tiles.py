"""Tiles that cover an area without gap or overlap: cut in two, and in two again, until each holds its share; then
evened out and made more compact, two or three neighbours at a time.

Tiles that meet have every corner of their border in common, to the bit. Shapes are in metres in a flat frame.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import shapely
from shapely import Polygon

from geo.balancing_cuts import Cut, find_cut
from geo.balancing_lines import Floats, Ints
from geo.balancing_sides import one_piece, roundness

Corner = tuple[float, float]

# So often each pair of neighbours is looked at anew, at most.
_ROUNDS = 12
_BETTER = 1e-6
# So many neighbours are looked at anew for the sake of compactness, at most; where a share is missed, all are.
_MOST_LOOKS = 1500


@dataclass(frozen=True)
class Tile:
    """One polygon and the places in it, by their position in the list of all."""

    shape: Polygon
    places: Ints

    @cached_property
    def roundness(self) -> float:
        """As of :func:`geo.balancing_sides.roundness`."""
        return roundness(self.shape)


@dataclass(frozen=True)
class Share:
    """What a tile may hold: least, middle and most households."""

    least: float
    even: float
    most: float

    def missed(self, held: float) -> float:
        """By how much a tile that holds so many misses it, squared, so that a large miss is worse than two small."""
        return max(self.least - held, held - self.most, 0.0) ** 2


def cut_evenly(
    region: Polygon,
    at: Floats,
    weights: Floats,
    count: int,
    share: Share,
    *,
    sector: int | None = None,
    first: int | None = None,
    patient: bool = True,
    below: float = math.inf,
) -> list[Tile]:
    """Cut an area into so many tiles, each time where both sides are most compact.

    Parameters
    ----------
    region : Polygon
        In metres.
    at : ndarray of float, shape (n, 2)
        Places, in metres.
    weights : ndarray of float, shape (n,)
        Households of each place.
    count : int
        How many tiles.
    share : Share
        What each may hold.
    sector : int, optional
        Direction of the first cut, as of :func:`geo.balancing_cuts.find_cut`.
    patient : bool
        As of :func:`geo.balancing_cuts.find_cut`.
    below : float
        Sum of the tiles' roundness they are to stay under.

    Returns
    -------
    list of Tile
        Fewer than ``count`` where the places cannot be told apart, or the tiles would not be as compact as wanted.
    """
    tiles = [Tile(region, np.arange(len(at)))]
    todo = [(0, count)]
    while todo:
        here, parts = todo.pop()
        if parts < 2:
            continue
        tile = tiles[here]
        held = float(weights[tile.places].sum())
        near = first if first and len(tiles) == 1 else parts // 2
        far = parts - near
        # Half of the room there is, so that the cuts to come have the other half.
        room = [share.even + (bound - share.even) / 2 for bound in (share.least, share.most)]
        low, high = max(near * room[0], held - far * room[1]), min(near * room[1], held - far * room[0])
        if low > high:
            low, high = math.floor(held * near / parts), math.ceil(held * near / parts)
        way = sector if len(tiles) == 1 else None
        left = below - sum(other.roundness for at_, other in enumerate(tiles) if at_ != here)
        cut = find_cut(
            tile.shape,
            at[tile.places],
            weights[tile.places],
            (low, high),
            sector=way,
            patient=patient,
            below=left if len(tiles) == count - 1 else math.inf,
        )
        if cut is None:
            continue
        tiles = _halved(tiles, here, cut)
        todo += [(here, near), (len(tiles) - 1, parts - near)]
    return tiles


def even_out(tiles: Sequence[Tile], at: Floats, weights: Floats, share: Share, *, most: int = 3) -> list[Tile]:
    """Unite two or three neighbours and cut them anew, again and again, while it improves balance or else compactness.

    Parameters
    ----------
    tiles : sequence of Tile
    at : ndarray of float, shape (n, 2)
    weights : ndarray of float, shape (n,)
    share : Share
        As of :func:`cut_evenly`.
    most : int
        Neighbours that are united, at most: 2 or 3.

    Returns
    -------
    list of Tile
        As many as there were.
    """
    tiles = list(tiles)
    seen: set[tuple[bytes, ...]] = set()
    for _ in range(_ROUNDS):
        changed = False
        pairs = neighbours(tiles)
        for group in [*pairs, *(_threes(pairs) if most > 2 else [])]:
            # Tiles that were looked at together before, as they are, need not be again.
            key = tuple(sorted(tiles[at].places.tobytes() for at in group))
            if key in seen:
                continue
            if len(seen) >= _MOST_LOOKS and not total([tiles[at] for at in group], weights, share)[0]:
                continue
            seen.add(key)
            better = _anew([tiles[at] for at in group], at, weights, share)
            if better is not None:
                tiles = exchanged(tiles, group, better)
                changed = True
        if not changed:
            break
    return tiles


def _threes(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Three tiles of which two pairs are neighbours."""
    beside: dict[int, set[int]] = {}
    for one, other in pairs:
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    found = {tuple(sorted((middle, a, b))) for middle, near in beside.items() for a in near for b in near if a < b}
    return sorted((a, b, c) for a, b, c in found)


def _anew(group: Sequence[Tile], at: Floats, weights: Floats, share: Share) -> tuple[Polygon, list[Tile]] | None:
    """Cut neighbours anew; gives what they are together and the better tiles, None where they are no better."""
    united = one_piece([tile.shape for tile in group])
    if not isinstance(united, Polygon):
        return None
    places = np.concatenate([tile.places for tile in group])
    old = total(group, weights, share)
    is_uneven = old[0] > 0
    below = math.inf if is_uneven else old[1] * len(group) * (1 - _BETTER)
    made = cut_evenly(united, at[places], weights[places], len(group), share, patient=is_uneven, below=below)
    if len(made) != len(group):
        return None
    made = [Tile(tile.shape, places[tile.places]) for tile in made]
    new = total(made, weights, share)
    is_better = new[0] < old[0] if new[0] != old[0] else new[1] < old[1] * (1 - _BETTER)
    return (united, made) if is_better else None


def neighbours(tiles: Sequence[Tile]) -> list[tuple[int, int]]:
    """Pairs of tiles that have an edge in common, in order."""
    owner: dict[tuple[Corner, Corner], int] = {}
    pairs = set()
    for at, tile in enumerate(tiles):
        for edge in edges(tile.shape):
            other = owner.setdefault(edge, at)
            if other != at:
                pairs.add((other, at))
    return sorted(pairs)


def edges(shape: Polygon) -> list[tuple[Corner, Corner]]:
    """Edges of a polygon, each with its lower corner first."""
    found = []
    for ring in (shape.exterior, *shape.interiors):
        corners = [(x, y) for x, y in shapely.get_coordinates(ring).tolist()]
        found += [(one, other) if one < other else (other, one) for one, other in itertools.pairwise(corners)]
    return found


def total(tiles: Sequence[Tile], weights: Floats, share: Share) -> tuple[float, float]:
    """What is compared of two ways to tile: by how much shares are missed, and the mean roundness."""
    missed = sum(share.missed(float(weights[tile.places].sum())) for tile in tiles)
    return round(missed, 6), sum(tile.roundness for tile in tiles) / len(tiles)


def exchanged(tiles: Sequence[Tile], group: Sequence[int], better: tuple[Polygon, list[Tile]]) -> list[Tile]:
    """Put new tiles in the place of those they were made from, and their corners on the edges of the others."""
    united, made = better
    there = set(corners_of(united))
    new = sorted({corner for tile in made for corner in corners_of(tile.shape)} - there)
    fresh = dict(zip(group, made, strict=True))
    rest = [tile for at, tile in enumerate(tiles) if at not in fresh]
    others = iter(_meeting(rest, united, new))
    return [fresh[at] if at in fresh else next(others) for at in range(len(tiles))]


def tidied(tiles: Sequence[Tile], region: Polygon) -> list[Tile]:
    """Drop the corners that former borders have left on straight edges; those of the area itself stay."""
    there = set(corners_of(region))
    tiles = list(tiles)
    while True:
        beside: dict[Corner, list[frozenset[Corner]]] = {}
        for tile in tiles:
            for ring in (tile.shape.exterior, *tile.shape.interiors):
                corners = list(ring.coords[:-1])
                for at, corner in enumerate(corners):
                    around = frozenset((corners[at - 1], corners[(at + 1) % len(corners)]))
                    beside.setdefault(corner, []).append(around)
        dropped: set[Corner] = set()
        for corner, found in beside.items():
            # Of two neighbours one at a time: of two corners at almost one place each looks straight beside the other.
            if corner in there or len(set(found)) > 1 or len(found) > 2 or len(found[0]) < 2 or found[0] & dropped:
                continue
            if _is_straight(corner, *found[0]):
                dropped.add(corner)
        if not dropped:
            return tiles
        tiles = [Tile(_only(tile.shape, set(corners_of(tile.shape)) - dropped), tile.places) for tile in tiles]


def _is_straight(corner: Corner, before: Corner, after: Corner) -> bool:
    return math.dist(before, corner) + math.dist(corner, after) - math.dist(before, after) < 1e-9


def _halved(tiles: Sequence[Tile], which: int, cut: Cut) -> list[Tile]:
    """Put both sides of a cut in the place of a tile, the second at the end, and its corners on edges of the others."""
    whole = tiles[which]
    first, second = common(whole.shape, cut.first, cut.second)
    new = sorted((set(corners_of(first)) & set(corners_of(second))) - set(corners_of(whole.shape)))
    rest = _meeting([tile for at, tile in enumerate(tiles) if at != which], whole.shape, new)
    rest.insert(which, Tile(first, whole.places[cut.in_first]))
    return [*rest, Tile(second, whole.places[~cut.in_first])]


def common(region: Polygon, first: Polygon, second: Polygon) -> tuple[Polygon, Polygon]:
    """Drop corners that a line left on the edge of an area where it does not part its sides."""
    one, other = set(corners_of(first)), set(corners_of(second))
    strayed = (one ^ other) - set(corners_of(region))
    if not strayed:
        return first, second
    kept = (one | other) - strayed
    return _only(first, kept), _only(second, kept)


def _meeting(tiles: Sequence[Tile], region: Polygon, corners: Sequence[Corner]) -> list[Tile]:
    """Put new corners on the edge of an area into the tiles beside it."""
    made = list(tiles)
    if not made:
        return made
    west, south, east, north = shapely.bounds([tile.shape for tile in made]).T
    for (one, other), inner in _placed(region, corners).items():
        for at in np.flatnonzero((west <= one[0]) & (one[0] <= east) & (south <= one[1]) & (one[1] <= north)):
            made[at] = Tile(_with_corners(made[at].shape, one, other, inner), made[at].places)
    return made


def corners_of(shape: Polygon) -> list[Corner]:
    """Corners of a polygon's rings, the first of each repeated at its end."""
    return [(x, y) for x, y in shapely.get_coordinates(shape).tolist()]


def _only(shape: Polygon, kept: set[Corner]) -> Polygon:
    rings = []
    for ring in (shape.exterior, *shape.interiors):
        corners = [corner for corner in ring.coords[:-1] if corner in kept]
        rings.append([*corners, corners[0]])
    return Polygon(rings[0], rings[1:])


def _placed(region: Polygon, corners: Sequence[Corner]) -> dict[tuple[Corner, Corner], list[Corner]]:
    """On which edge of an area each new corner lies, and in which order from the edge's first corner."""
    there = edges(region)
    ends = np.array(there)
    found: dict[tuple[Corner, Corner], list[Corner]] = {}
    if not corners:
        return found
    start, way = ends[:, 0], ends[:, 1] - ends[:, 0]
    square = np.maximum((way**2).sum(axis=1), 1e-300)
    for corner in corners:
        spot = np.array(corner)
        t = np.clip(((spot - start) * way).sum(axis=1) / square, 0, 1)
        off = np.hypot(*(start + t[:, None] * way - spot).T)
        at = int(off.argmin())
        if off[at] < 1e-6:
            found.setdefault(there[at], []).append(corner)
    return {edge: sorted(inner, key=partial(math.dist, edge[0])) for edge, inner in found.items()}


def _with_corners(shape: Polygon, one: Corner, other: Corner, corners: Sequence[Corner]) -> Polygon:
    """Put corners on the edge between two corners, where a polygon has it."""
    rings = []
    touched = False
    for ring in (shape.exterior, *shape.interiors):
        points = [(x, y) for x, y in shapely.get_coordinates(ring).tolist()]
        made = points[:1]
        for last, point in itertools.pairwise(points):
            if (last, point) == (one, other):
                made += corners
                touched = True
            elif (last, point) == (other, one):
                made += reversed(corners)
                touched = True
            made.append(point)
        rings.append(made)
    return Polygon(rings[0], rings[1:]) if touched else shape
