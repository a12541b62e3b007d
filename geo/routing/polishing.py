"""One piece planned, or planned better: by VROOM from nothing, by PyVRP or by ruin and recreate from what there is."""

from __future__ import annotations

import random
from collections.abc import Callable

from geo.routing.by_pyvrp import fits_pyvrp, improve_by_pyvrp
from geo.routing.by_vroom import MOST, solve_by_vroom
from geo.routing.crews import Piece
from geo.routing.filling import fill
from geo.routing.renewing import improve
from geo.routing.searching import Routes, Search
from geo.routing.slots import Unfit

# Rounds of one effort: PyVRP's are about as long as three of ours.
PYVRP_ROUNDS, OWN_ROUNDS = 300, 100
# Households by crews above which VROOM would take minutes to its end.
_MOST_PAIRS = 40_000


def search_of(piece: Piece, routes: Routes | None) -> Search | None:
    """A search that holds the routes; None if they cannot be kept or were not found."""
    if routes is None:
        return None
    try:
        return Search(piece, routes)
    except Unfit:
        return None


def better(one: Search, other: Search | None) -> Search:
    """The one that costs less, the first if they cost the same."""
    return one if other is None or other.cost() >= one.cost() - 1e-6 else other


def begin(piece: Piece) -> Search:
    """A first plan within a blink: each household where it costs least."""
    search = Search(piece)
    fill(search)
    return search


def with_vroom(search: Search, level: int) -> Search:
    """The better one of a plan and what VROOM finds from nothing, with what it forgot put in."""
    piece = search.piece
    if not 0 < len(piece.houses) <= MOST or piece.allowed.size > _MOST_PAIRS or piece.flat is None:
        return search
    found = search_of(piece, solve_by_vroom(piece, level))
    if found is not None and not _keeps_groups(found):
        found = None
    if found is not None:
        fill(found)
    return better(search, found)


def polish(
    search: Search, stop: Callable[[], bool], share: Callable[[int], float], seed: int, *, by_pyvrp: bool = True
) -> tuple[Search, int]:
    """Improve a plan until told to stop.

    Parameters
    ----------
    stop : callable
        Whether to end now.
    share : callable
        Given the rounds made, the share of the budget used.
    by_pyvrp : bool
        Whether PyVRP may do it where it can.

    Returns
    -------
    Search, int
        The better plan and the rounds made.
    """
    if by_pyvrp and not search.even and fits_pyvrp(search.piece):
        rounds = 0

        def ended() -> bool:
            nonlocal rounds
            rounds += 1
            return stop() or share(rounds) >= 1.0

        found = search_of(search.piece, improve_by_pyvrp(search.piece, search.routes, ended, seed))
        if found is not None:
            fill(found)
        return better(search, found), rounds
    rounds = improve(search, random.Random(seed), lambda made: 1.0 if stop() else share(made))  # noqa: S311
    return search, rounds


def _keeps_groups(search: Search) -> bool:
    """Whether every group has one inspector: VROOM does not know groups."""
    for group, members in enumerate(search.members):
        owners = {search.lead[search.where[house]] for house in members if search.where[house] >= 0}
        if group in search.piece.group_owner:
            owners.add(search.piece.group_owner[group])
        if len(owners) > 1:
            return False
    return True
