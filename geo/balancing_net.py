"""Tiles as rings of numbered corners, so that a corner moves in all of them at once, with the places each holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from shapely import Polygon

from geo.balancing_lines import Floats, Ints
from geo.balancing_tiles import Corner, Share, Tile

# A border keeps so far from a household, in metres, or as far as it was: it should not run past somebody's door.
_CLEAR_M = 3.0
# An angle more pointed than this, in radians, is not made.
_POINTED = 0.1

Rings = list[list[int]]
Pairs = Sequence[tuple[Corner, Corner]]


class Net:
    """A tiling that is changed corner by corner.

    Outer rings run against the clock and holes with it, so that signed areas add up. If every tile stays valid and the
    whole stays what it was, there is neither gap nor overlap.

    Attributes
    ----------
    at : list of (x, y)
        Corners, in metres.
    rings : list of list of list of int
        Numbers of the corners of each ring of each tile; the first ring is the outer one.
    seats : list of set of (tile, ring)
        Where each corner stands.
    area, around : list of float
        Of each tile, in square metres and metres.
    places : list of ndarray of int
        Which places each tile holds.
    """

    def __init__(self, tiles: Sequence[Tile], spots: Floats, weights: Floats, share: Share) -> None:
        self.spots, self.weights, self.share = spots, weights, share
        self.at: list[Corner] = []
        self.seats: list[set[tuple[int, int]]] = []
        known: dict[Corner, int] = {}
        self.rings: list[Rings] = []
        for number, tile in enumerate(tiles):
            shape = shapely.orient_polygons(tile.shape)
            made = []
            for which, ring in enumerate((shape.exterior, *shape.interiors)):
                row = []
                for x, y in shapely.get_coordinates(ring).tolist()[:-1]:
                    name = known.setdefault((x, y), len(known))
                    if name == len(self.at):
                        self.add((x, y))
                    self.seats[name].add((number, which))
                    row.append(name)
                made.append(row)
            self.rings.append(made)
        self.area = [float(tile.shape.area) for tile in tiles]
        self.around = [float(tile.shape.length) for tile in tiles]
        self.places = [tile.places for tile in tiles]

    def add(self, corner: Corner) -> int:
        """Give a new corner a number; it stands nowhere yet."""
        self.at.append(corner)
        self.seats.append(set())
        return len(self.at) - 1

    def beside(self, corner: int, seat: tuple[int, int]) -> tuple[int, int]:
        """The corners before and after one in a ring."""
        ring = self.rings[seat[0]][seat[1]]
        position = ring.index(corner)
        return ring[position - 1], ring[(position + 1) % len(ring)]

    def drawn(self, rings: Rings) -> Polygon:
        """The polygon of a tile's rings."""
        shell, *holes = [shapely.linearrings([self.at[corner] for corner in ring]) for ring in rings]
        return shapely.polygons(shell, holes or None)

    def tiles(self) -> list[Tile]:
        """The tiles as they are now."""
        return [Tile(self.drawn(rings), places) for rings, places in zip(self.rings, self.places, strict=True)]

    def put(
        self, fresh: Mapping[int, Rings], old: Pairs, new: Pairs, turned: Sequence[int], beside: Sequence[int] = ()
    ) -> bool:
        """Give tiles other rings, if that may be.

        Parameters
        ----------
        fresh : mapping of int to rings
            By tile. Together they cover what these tiles covered before.
        old, new : sequence of pairs of corners
            Edges inside that go, and those that come in their place.
        turned : sequence of int
            Corners at which angles change.
        beside : sequence of int
            Further corners of the land that changes hands.

        Returns
        -------
        bool
            False, and nothing is changed, if a tile would not be one polygon, be pointed, come too near to a household,
            lose its last place, or miss its share by more.
        """
        if self._is_pointed(fresh, turned):
            return False
        shapes = {tile: self.drawn(rings) for tile, rings in fresh.items()}
        if not shapely.is_valid(list(shapes.values())).all():
            return False
        held = self._held(shapes, old, new, [self.at[corner] for corner in beside])
        if held is None:
            return False
        for tile, rings in fresh.items():
            for which, (ring, before) in enumerate(zip(rings, self.rings[tile], strict=True)):
                for corner in set(before) - set(ring):
                    self.seats[corner].discard((tile, which))
                for corner in set(ring) - set(before):
                    self.seats[corner].add((tile, which))
            self.rings[tile] = rings
            self.area[tile], self.around[tile] = float(shapes[tile].area), float(shapes[tile].length)
            self.places[tile] = held[tile]
        return True

    def _held(
        self, shapes: Mapping[int, Polygon], old: Pairs, new: Pairs, beside: Sequence[Corner]
    ) -> dict[int, Ints] | None:
        """Places of the tiles with their new shapes; None if that may not be."""
        own = np.concatenate([self.places[tile] for tile in shapes])
        home = np.repeat(list(shapes), [len(self.places[tile]) for tile in shapes])
        corners = np.array([*(corner for pair in (*old, *new) for corner in pair), *beside])
        low, high = corners.min(axis=0) - _CLEAR_M, corners.max(axis=0) + _CLEAR_M
        near = np.flatnonzero(((self.spots[own] >= low) & (self.spots[own] <= high)).all(axis=1))
        spots = self.spots[own[near]]
        if len(near):
            now = _clearance(spots, new)
            if now < _CLEAR_M and now < _clearance(spots, old):
                return None
        home[near] = -1
        points = shapely.points(spots)
        for tile, shape in shapes.items():
            home[near[shapely.contains_properly(shape, points)]] = tile
        if (home < 0).any():
            return None
        held = {tile: own[home == tile] for tile in shapes}
        before = sum(self.share.missed(float(self.weights[self.places[tile]].sum())) for tile in shapes)
        after = sum(self.share.missed(float(self.weights[places].sum())) for places in held.values())
        emptied = any(len(self.places[tile]) and not len(places) for tile, places in held.items())
        return None if emptied or after > before else held

    def _is_pointed(self, fresh: Mapping[int, Rings], turned: Sequence[int]) -> bool:
        for rings in fresh.values():
            for ring in rings:
                for corner in turned:
                    if corner not in ring:
                        continue
                    position = ring.index(corner)
                    here = self.at[corner]
                    before, after = self.at[ring[position - 1]], self.at[ring[(position + 1) % len(ring)]]
                    back = (before[0] - here[0], before[1] - here[1])
                    on = (after[0] - here[0], after[1] - here[1])
                    cross, dot = back[0] * on[1] - back[1] * on[0], back[0] * on[0] + back[1] * on[1]
                    if abs(math.atan2(abs(cross), dot)) < _POINTED:
                        return True
        return False


def _clearance(spots: Floats, pairs: Pairs) -> float:
    """How near places come to edges, in metres."""
    ends = np.array(pairs)
    start, way = ends[:, 0], ends[:, 1] - ends[:, 0]
    square = np.maximum((way**2).sum(axis=1), 1e-12)
    off = spots[:, None, :] - start
    t = np.clip((off * way).sum(axis=2) / square, 0, 1)
    off = off - t[:, :, None] * way
    return float(np.hypot(off[..., 0], off[..., 1]).min())
