"""A plan of one piece by VROOM (BSD-2-Clause), run to its end: a time limit would be shared out over its searches.

VROOM knows skills as sets of numbers. Each way in which households share those who may visit them is one such number,
so whatever ``geo.routing.crews`` has settled is kept. Wishes (same inspector as last time) it does not know; a row
is one long visit to it (``geo.routing.merging``).
"""

from __future__ import annotations

import numpy as np

from geo.routing.crews import LOCKED, NO_LIMIT, POINT, Piece
from geo.routing.merging import merge_rows
from geo.routing.problem import TOP_PRIORITY

# Days lie apart, so that no route of one day meets another's; longer than any day, with instances of no clock in mind.
_DAY = 1_000_000
# The most households handed over in one piece: it is good at a few hundred and poor above.
MOST = 400
# The thoroughness of the longest run.
TOP_LEVEL = 5


def solve_by_vroom(piece: Piece, level: int) -> list[list[int]] | None:
    """Routes of a piece.

    Parameters
    ----------
    level : int
        Exploration level, 0 to :data:`TOP_LEVEL`.

    Returns
    -------
    list of list of int, or None
        By crew, as ``geo.routing.slots`` writes them; None where there is nothing to plan or VROOM refuses.
    """
    merged = merge_rows(piece) if (piece.block >= 0).any() else None
    piece = piece if merged is None else merged.piece
    if not piece.allowed.any():
        return None
    import vroom

    given = vroom.Input()
    many = len(piece.places)
    assert piece.flat is not None
    tables = piece.flat.reshape(-1, many, many)
    for mode in {crew.mode for crew in piece.crews}:
        given.set_durations_matrix(str(mode), np.ascontiguousarray(tables[mode].astype(np.uint32)))
    patterns, number = np.unique(piece.allowed, axis=0, return_inverse=True)
    number = number.reshape(-1)
    with_load, counted = bool(piece.load.any()), bool((piece.many > 1).any())
    working = [at for at, crew in enumerate(piece.crews) if crew.most > 0 and piece.allowed[:, at].any()]
    for at in working:
        crew, begin = piece.crews[at], piece.crews[at].day * _DAY
        given.add_vehicle(
            vroom.Vehicle(
                at + 1,
                start=crew.start,
                end=crew.end,
                profile=str(crew.mode),
                time_window=[begin + crew.begins, begin + crew.ends],
                max_tasks=min(crew.most, 100_000),
                skills=set(np.flatnonzero(patterns[:, at]).tolist()),
                breaks=[
                    vroom.Break(own + 1, time_windows=[(begin + first, begin + last)], service=length)
                    for own, (first, last, length) in enumerate(crew.breaks)
                ],
                capacity=[min(crew.most, NO_LIMIT)] * counted + [min(crew.capacity, NO_LIMIT)] * with_load,
            )
        )
    for house in range(len(piece.houses)):
        if not piece.allowed[house].any():
            continue
        spans = [
            [day * _DAY + int(piece.opens[w, house, day]), day * _DAY + min(int(piece.closes[w, house, day]), _DAY - 1)]
            for day in range(piece.opens.shape[2])
            for w in range(piece.opens.shape[0])
            if 0 <= piece.opens[w, house, day] <= min(int(piece.closes[w, house, day]), _DAY - 1)
        ]
        given.add_job(
            vroom.Job(
                house + 1,
                location=int(piece.place[house]),
                default_service=int(piece.service[house]),
                delivery=[int(piece.many[house])] * counted + [int(piece.load[house])] * with_load,
                priority=min(TOP_PRIORITY, int(piece.priority[house]))
                if piece.worth[house] < LOCKED * POINT
                else TOP_PRIORITY,
                skills={int(number[house])},
                time_windows=spans,
            )
        )
    try:
        # Its own frame of the steps needs pandas; the bare table is enough.
        found = given._solve(exploration_level=level, nb_threads=1, timeout=None)._routes_numpy()
    except (vroom._vroom.VroomInputException, vroom._vroom.VroomInternalException):
        return None
    routes: list[list[int]] = [[-1 - at for at in range(len(crew.breaks))] for crew in piece.crews]
    driven = set()
    for who, kind, which in zip(found["vehicle_id"], found["type"], found["id"], strict=True):
        at = int(who) - 1
        if at not in driven:
            driven.add(at)
            routes[at] = []
        if kind == b"job":
            routes[at].append(int(which) - 1)
        elif kind == b"break":
            routes[at].append(-int(which))
    return routes if merged is None else merged.routes_out(routes)
