"""Parts of an area that lie apart: which hold enough for grids of their own, how many, and where the others belong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon

from geo.balancing_lines import Floats, Ints
from geo.balancing_links import runs_over
from geo.balancing_tiles import Share

# The largest grid has at most so many times as many households as the smallest,
RATIO = 1.25
# so that each may hold this much more or less than an even share.
ROOM = 0.113
# By so much the size of all grids may be other than wished so that parts have grids of their own and all are even.
_STRETCH = 1.3
# Sizes that are tried, and what has to be left of the room, by the size, for a part to be cut in two or more.
_SIZES, _SLACK = 53, 0.03
# Parts that hang on to one another are told apart again where together they hold more than this part of a grid.
_GROUP = 0.5


@dataclass
class Group:
    """Parts too small for a grid of their own that hang on to a larger one together.

    Attributes
    ----------
    owner : int
        The larger part.
    spot : ndarray of float, shape (2,)
        Where they hang on: just inside the larger part.
    members : list of int
    held : float
        Households in them.
    """

    owner: int
    spot: Floats
    members: list[int]
    held: float


@dataclass(frozen=True)
class Parted:
    """How grids are shared out among parts.

    Attributes
    ----------
    counts : dict of int to int
        Grids of each part that has some of its own.
    shares : dict of int to Share
        What each of them may hold.
    groups : list of Group
        The other parts.
    is_even : bool
        False if there is no way to share out grids so that those of all parts are about as large.
    """

    counts: dict[int, int]
    shares: dict[int, Share]
    groups: list[Group]
    is_even: bool


def share_around(even: float) -> Share:
    """What a grid may hold where an even share is so much: at most :data:`RATIO` times as much as another.

    Where that leaves no whole number, the two next to the even share.
    """
    least = min(math.ceil(even * (1 - ROOM)), math.floor(even))
    most = min(math.floor(even * (1 + ROOM)), math.floor(least * RATIO))
    return Share(least, even, max(most, math.ceil(even)))


def share_parts(parts: Sequence[Polygon], light: Floats, heavy: Ints, size: int) -> Parted:
    """Share out grids among parts.

    Parameters
    ----------
    parts : sequence of Polygon
        In metres.
    light : ndarray of float, shape (n,)
        Households of each part, without those of the places counted in ``heavy``.
    heavy : ndarray of int, shape (n,)
        Places of each part at which more live than a grid should hold: a grid's worth each.
    size : int
        Households a grid should hold.

    Returns
    -------
    Parted
        Of the ways in which grids of all parts are even, that with the fewest parts without a grid of their own, then
        that with the size nearest to the wish.
    """
    worth = light + heavy * size
    largest = int(worth.argmax())
    enough = [which for which in range(len(parts)) if worth[which] * _STRETCH >= size * (1 - ROOM) or which == largest]
    # A part with less than a whole grid may be left out, the smallest first, if grids would not be even with it.
    doubtful = sorted((which for which in enough if worth[which] < size and which != largest), key=lambda at: worth[at])
    first: tuple[dict[int, float], dict[int, int], list[Group]] | None = None
    for left_out in range(len(doubtful) + 1):
        own = [which for which in enough if which not in doubtful[:left_out]]
        groups = _hung_on(parts, own, worth, size)
        lights = {which: float(light[which]) for which in own}
        for group in groups:
            lights[group.owner] += group.held
        wished = {which: _count(lights[which], int(heavy[which]), size) for which in own}
        first = first or (lights, wished, groups)
        stretch = np.exp(np.linspace(-1, 1, _SIZES) * math.log(_STRETCH)) if len(own) > 1 else np.ones(1)
        for part in sorted(stretch.tolist(), key=lambda each: (round(abs(math.log(each)), 9), each)):
            counts = {which: _count(lights[which], int(heavy[which]), size * part) for which in own}
            shares = _even_shares(lights, counts, heavy)
            if shares is not None:
                return Parted(counts, shares, groups, True)
    assert first is not None
    lights, counts, groups = first
    shares = {
        which: share_around(lights[which] / max(count - int(heavy[which]), 1) or float(size))
        for which, count in counts.items()
    }
    return Parted(counts, shares, groups, False)


def _count(light: float, heavy: int, size: float) -> int:
    return max(heavy + math.floor(light / size + 0.5), 1)


def _even_shares(lights: dict[int, float], counts: dict[int, int], heavy: Ints) -> dict[int, Share] | None:
    """One share for the grids of all parts; None if a part cannot keep it."""
    rest = {which: count - int(heavy[which]) for which, count in counts.items()}
    means = {which: lights[which] / count for which, count in rest.items() if count and lights[which]}
    if not means:
        return None
    middle = (min(means.values()) + max(means.values())) / 2
    common = share_around(middle)
    for which, mean in means.items():
        slack = middle * _SLACK if rest[which] > 1 and len(means) > 1 else 0.0
        if not common.least + slack <= mean <= common.most - slack:
            return None
    return {which: Share(common.least, means.get(which, middle), common.most) for which in counts}


def _hung_on(parts: Sequence[Polygon], own: Sequence[int], worth: Floats, size: int) -> list[Group]:
    """Give every other part to what is nearest to it: a larger part, or a small one that has been given already.

    A straight way that is clear of all other parts comes before a shorter one that is not, so that nobody has to cross
    another grid. A part in which nobody lives goes with others, wherever there are some that it can be reached from: so
    as few grids as possible are in several parts.
    """
    groups: list[Group] = []
    group_of: dict[int, Group] = {}
    shapes = np.array(parts, dtype=object)
    away = {which: shapely.distance(shapes[which], shapes) for which in range(len(parts)) if which not in own}
    clear: dict[tuple[int, int], bool] = {}

    def is_clear(which: int, goal: int) -> bool:
        if (which, goal) not in clear:
            line = shapely.shortest_line(shapes[goal], shapes[which])
            clear[which, goal] = not runs_over(line, np.delete(shapes, [which, goal]))
        return clear[which, goal]

    def nearest(which: int, goals: Sequence[int]) -> tuple[bool, float, int] | None:
        order = sorted(goals, key=lambda at: (away[which][at], at))
        goal = next((at for at in order if is_clear(which, at)), None)
        if goal is not None:
            return False, float(away[which][goal]), goal
        return (True, float(away[which][order[0]]), order[0]) if order else None

    todo = set(away)
    while todo:
        lived_in = {which for which in todo if worth[which]} or todo
        ways = []
        for which in sorted(lived_in):
            small = [at for at, group in group_of.items() if group.held + worth[which] <= size * _GROUP]
            way = None if worth[which] else nearest(which, small)
            if way is None or way[0]:
                way = nearest(which, [*own, *small])
            assert way is not None
            ways.append((way[0], way[1], which, way[2]))
        _, _, which, goal = min(ways)
        todo.remove(which)
        if goal not in group_of:
            edge = np.array(shapely.shortest_line(parts[goal], parts[which]).coords[0])
            inner = np.array(parts[goal].representative_point().coords[0])
            groups.append(Group(goal, edge + (inner - edge) * 1e-3, [], 0.0))
        group = group_of.get(goal) or groups[-1]
        group.members.append(which)
        group.held += float(worth[which])
        group_of[which] = group
    return groups
