"""Parts in which nobody lives go with one grid rather than with several, so that as many as can be are in one piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shapely import MultiPolygon

from geo.balancing_links import links_of

Apart = dict[int, tuple[int, int]]


def gather_empty(
    shapes: Sequence[MultiPolygon], apart: Mapping[int, tuple[int, int]]
) -> tuple[list[MultiPolygon], Apart]:
    """Hand parts in which nobody lives to another grid that is in several parts anyway, where that enters no third one.

    No household changes its grid, so the balance stays as it is.

    Parameters
    ----------
    shapes : sequence of MultiPolygon
        Grids in metres; the first polygon of each is the grid itself, the others are what lies apart from it.
    apart : mapping of int to (int, int)
        How many parts lie apart from a grid, and how many households they hold.

    Returns
    -------
    (list of MultiPolygon, dict)
        The same, with fewer grids in several parts where there is a way. Of the grids that could take the parts it is
        the one with the shortest links. A grid that is linked across another gives and takes nothing.
    """
    made, left = list(shapes), dict(apart)
    for giver in sorted(apart, key=lambda which: (apart[which][0], which)):
        if left[giver][1] or len(left) < 2 or not _is_clear(made, giver):
            continue
        ways = []
        for taker in left:
            if taker == giver or not _is_clear(made, taker):
                continue
            tried = list(made)
            tried[giver] = MultiPolygon([made[giver].geoms[0]])
            tried[taker] = MultiPolygon([*made[taker].geoms, *list(made[giver].geoms)[1:]])
            if _is_clear(tried, taker):
                length = sum(link.length_m for link in links_of(tried) if link.grid == taker)
                ways.append((length, taker, tried))
        if ways:
            _, taker, made = min(ways, key=lambda way: way[:2])
            left[taker] = (left[taker][0] + left[giver][0], left[taker][1])
            del left[giver]
    return made, left


def _is_clear(shapes: Sequence[MultiPolygon], which: int) -> bool:
    return not any(link.over_m for link in links_of(shapes) if link.grid == which)
