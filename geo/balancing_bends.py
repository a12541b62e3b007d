"""Corners of borders moved one by one while that makes tiles more compact and leaves them their share of households.

Straight cuts meet others at right angles or nearly so; where three tiles meet, three borders at about equal angles are
shorter. Corners inside are moved towards that, and ends of borders along the edge of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from shapely import Polygon

from geo.balancing_lines import Floats
from geo.balancing_net import Net, Rings
from geo.balancing_tiles import Corner, Share, Tile

# Ways a corner may go, and how far as parts of the side of a square of the tiles' mean area.
_WAYS = 16
_STEPS = (0.32, 0.16, 0.08, 0.04, 0.02, 0.01)
# How far the end of a border may go along the edge of the whole at a time.
_SLIDES = (0.64, 0.32, 0.16, 0.08, 0.04, 0.02, 0.01)
# So many of the best spots for a corner are looked at until one is allowed.
_TRIED = 8
# How often each corner is looked at, at most.
_ROUNDS = 12
# A move has to save so much of the roundness of each tile at the corner: the last thousandths take most of the time.
_BETTER = 5e-4
# The end of a border that comes so near to a corner of the whole, in metres, goes there.
_NEAR_M = 0.5


def round_off(tiles: Sequence[Tile], region: Polygon, at: Floats, weights: Floats, share: Share) -> list[Tile]:
    """Move corners of borders while tiles become more compact.

    Parameters
    ----------
    tiles : sequence of Tile
    region : Polygon
        What they cover, in metres. Its own corners stay.
    at : ndarray of float, shape (n, 2)
    weights : ndarray of float, shape (n,)
    share : Share
        As of :func:`geo.balancing_tiles.even_out`.

    Returns
    -------
    list of Tile
        As many, in the same order; each one polygon, and none misses its share by more than before.
    """
    if len(tiles) < 2:
        return list(tiles)
    net = Net(tiles, at, weights, share)
    fixed = {(x, y) for x, y in shapely.get_coordinates(region).tolist()}
    awake = set(range(len(tiles)))
    for _ in range(_ROUNDS):
        touched: set[int] = set()
        for corner in range(len(net.at)):
            # Only what has changed about a corner makes it worth another look.
            here = {tile for tile, _ in net.seats[corner]}
            if len(here) > 1 and len(here) == len(net.seats[corner]) and here & (awake | touched):
                touched |= here if _bent(net, corner, net.at[corner] in fixed) else set()
        if not touched:
            break
        awake = touched
    return net.tiles()


def _bent(net: Net, corner: int, is_fixed: bool) -> bool:
    """Move a corner to the best spot that is allowed; False if there is none better than where it is."""
    seats = sorted(net.seats[corner])
    ends = [net.beside(corner, seat) for seat in seats]
    around = sorted({end for pair in ends for end in pair})
    # An edge of one tile alone is the edge of the whole.
    rim = [end for end in around if sum(end in pair for pair in ends) == 1]
    if not rim:
        return _shifted(net, corner, seats, ends, around)
    if len(seats) == 2 and len(rim) == 2 and len(around) == 3:
        inner = next(end for end in around if end not in rim)
        for giver in (0, 1):
            if _slid(net, corner, inner, seats[giver], seats[1 - giver], is_fixed=is_fixed):
                return True
    return False


def _shifted(
    net: Net, corner: int, seats: Sequence[tuple[int, int]], ends: Sequence[tuple[int, int]], around: Sequence[int]
) -> bool:
    """Move a corner inside the whole."""
    tiles = [tile for tile, _ in seats]
    here = np.array(net.at[corner])
    turns = 2 * np.pi * np.arange(_WAYS) / _WAYS
    ways = np.stack([np.cos(turns), np.sin(turns)], axis=1) * _side(net, tiles)
    spots = (here + np.array(_STEPS)[:, None, None] * ways).reshape(-1, 2)
    away = spots - here
    lengths = {end: np.hypot(*(spots - np.array(net.at[end])).T) - math.dist(net.at[end], here) for end in around}
    cost = np.zeros(len(spots))
    for tile, (before, after) in zip(tiles, ends, strict=True):
        chord = np.array(net.at[after]) - np.array(net.at[before])
        area = net.area[tile] + (away[:, 0] * chord[1] - away[:, 1] * chord[0]) / 2
        around_ = net.around[tile] + lengths[before] + lengths[after]
        cost += np.where(area > 0, around_**2 / np.maximum(area, 1e-9), np.inf)
    fresh = {tile: net.rings[tile] for tile in tiles}
    was = net.at[corner]
    old = [(net.at[end], was) for end in around]
    for best in np.argsort(cost, kind="stable")[:_TRIED]:
        if not cost[best] < _cost(net, tiles) - _BETTER * len(tiles):
            break
        spot = (float(spots[best, 0]), float(spots[best, 1]))
        net.at[corner] = spot
        if net.put(fresh, old, [(net.at[end], spot) for end in around], [corner, *around]):
            return True
        net.at[corner] = was
    return False


def _slid(net: Net, corner: int, inner: int, giver: tuple[int, int], taker: tuple[int, int], *, is_fixed: bool) -> bool:
    """Move the end of a border along the edge of the whole, so that one tile takes some of the other's edge."""
    ring = net.rings[giver[0]][giver[1]]
    position = ring.index(corner)
    step = 1 if ring[position - 1] == inner else -1
    tiles = [giver[0], taker[0]]
    goals = sorted(part * _side(net, tiles) for part in _SLIDES)
    here, from_ = net.at[corner], net.at[inner]
    was = math.dist(here, from_)
    path = [corner]
    walked = swept = 0.0
    found: list[tuple[float, list[int], Corner | None]] = []
    old = _cost(net, tiles)

    def weigh(passed: list[int], spot: Corner, way: float, twice: float, new: Corner | None) -> None:
        # The triangle back to the inner end closes what is handed over.
        handed = step * (twice + _cross(from_, here) + _cross(spot, from_)) / 2
        chord = math.dist(spot, from_)
        area, rest = net.area[taker[0]] + handed, net.area[giver[0]] - handed
        if area > 0 and rest > 0:
            cost = (net.around[taker[0]] - was + way + chord) ** 2 / area
            cost += (net.around[giver[0]] - was - way + chord) ** 2 / rest
            if cost < old - _BETTER * len(tiles):
                found.append((cost, passed, new))

    while goals:
        last, after = path[-1], ring[(position + step * len(path)) % len(ring)]
        one, other = net.at[last], net.at[after]
        length = math.dist(one, other)
        while goals and walked + length > goals[0]:
            t = (goals.pop(0) - walked) / length
            if t * length > _NEAR_M and (1 - t) * length > _NEAR_M:
                spot = (one[0] + t * (other[0] - one[0]), one[1] + t * (other[1] - one[1]))
                weigh(path[:], spot, walked + t * length, swept + _cross(one, spot), spot)
        if after == inner or len(net.seats[after]) > 1:
            break
        walked, swept = walked + length, swept + _cross(one, other)
        path.append(after)
        if goals and walked > goals[0] / 2:
            weigh(path[:], other, walked, swept, None)
    for _, passed, new in sorted(found, key=lambda each: each[0])[:_TRIED]:
        end = passed[-1] if new is None else net.add(new)
        kept = passed[0 if is_fixed else 1 :]
        kept = [*kept, end] if new is not None else kept
        fresh = {
            giver[0]: _with_ring(net.rings[giver[0]], giver[1], ring, passed, [end]),
            taker[0]: _with_ring(net.rings[taker[0]], taker[1], net.rings[taker[0]][taker[1]], [corner], kept[::step]),
        }
        if net.put(fresh, [(from_, here)], [(from_, net.at[end])], [end, inner], passed):
            return True
    return False


def _with_ring(rings: Rings, which: int, ring: list[int], gone: Sequence[int], put: Sequence[int]) -> Rings:
    """A tile's rings with corners that follow one another, in either direction, replaced in one of them."""
    positions = {ring.index(corner) for corner in gone}
    begin = next(at for at in positions if (at - 1) % len(ring) not in positions)
    turned = ring[begin:] + ring[:begin]
    made = [*put, *turned[len(gone) :]]
    return [made if number == which else other for number, other in enumerate(rings)]


def _side(net: Net, tiles: Sequence[int]) -> float:
    return math.sqrt(sum(net.area[tile] for tile in tiles) / len(tiles))


def _cost(net: Net, tiles: Sequence[int]) -> float:
    return sum(net.around[tile] ** 2 / net.area[tile] for tile in tiles)


def _cross(one: Corner, other: Corner) -> float:
    return one[0] * other[1] - one[1] * other[0]
