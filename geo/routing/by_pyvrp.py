"""Improvement of one piece by PyVRP (MIT), where there are neither breaks nor groups nor rows: it polishes what VROOM
began.

What it does not know is put in its terms: who may not visit whom becomes a way without end in the matrix of that crew,
a wish becomes a longer way, several windows become several customers of whom one is visited, a day a stretch of time.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from geo.routing.crews import NO_LIMIT, Piece
from geo.routing.searching import Routes, empty_routes
from geo.routing.travel import NO_WAY

# Days lie apart, so that no route of one day meets another's.
_DAY = 1_000_000
# Seconds of travel that one point of priority is worth here: enough to come first, little enough not to drown the way.
_POINT_S = 2_000
# The most numbers in all its matrices together: 64 MB of each of the two kinds.
_MOST_NUMBERS = 8_000_000


def fits_pyvrp(piece: Piece) -> bool:
    """Whether a piece can be put in its terms."""
    profiles = len(np.unique(_columns(piece), axis=1).T) if len(piece.houses) else 0
    return (
        len(piece.houses) > 1
        and not any(crew.breaks for crew in piece.crews)
        and int(piece.group.max(initial=-1)) < 0
        and int(piece.block.max(initial=-1)) < 0
        and profiles * len(piece.places) ** 2 <= _MOST_NUMBERS
    )


def improve_by_pyvrp(
    piece: Piece, routes: Routes, stop: Callable[[], bool], seed: int, told: Callable[[Routes], None] | None = None
) -> Routes:
    """Improve routes until told to stop.

    Parameters
    ----------
    piece : Piece
        One for which :func:`fits_pyvrp` holds.
    routes : list of list of int
        By crew, kept in time.
    stop : callable
        Asked before every round whether to end.
    told : callable, optional
        Called with routes now and then when there are better ones.

    Returns
    -------
    list of list of int
        By crew; to be checked by the caller, since priorities are weighed against ways here.
    """
    import pyvrp

    logging.getLogger("pyvrp").setLevel(logging.ERROR)
    model = _Model(piece, routes)
    begin = pyvrp.Solution(model.data, model.routes_in(routes))

    def ended(best_cost: int) -> bool:
        del best_cost
        return stop()

    found = pyvrp.solve(model.data, ended, seed=seed, collect_stats=False, initial_solution=begin)
    return model.routes_out(found.best) if found.best.is_feasible() else routes


def _columns(piece: Piece) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What sending a crew to a household costs beside the way, shape (k + 1, c); mode first, NO_WAY if it may not."""
    day = np.array([crew.day for crew in piece.crews], dtype=np.int64)
    begins = np.array([crew.begins for crew in piece.crews], dtype=np.int64)
    # Where the windows forbid it anyway, no matrix of its own is needed.
    closed = piece.closes.max(axis=0)[:, day] < np.maximum(begins, 0)[None, :]
    cost = np.where(piece.allowed | closed, piece.extra, float(NO_WAY))
    return np.vstack([[float(crew.mode) for crew in piece.crews], cost])


class _Model:
    """A piece in the terms of PyVRP, and the way back."""

    def __init__(self, piece: Piece, routes: Routes) -> None:
        import pyvrp

        self.piece = piece
        many = len(piece.places)
        columns = _columns(piece)
        kinds: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for at, crew in enumerate(piece.crews):
            if crew.most > 0:
                kind = (crew.day, crew.begins, crew.ends, crew.start, crew.end, crew.most, crew.capacity)
                kinds[(*kind, columns[:, at].tobytes())].append(at)
        # Crews that are alike are one kind of vehicle, which spares the search trying each of them.
        self.crews = list(kinds.values())
        self.kind = {at: number for number, crews in enumerate(self.crews) for at in crews}
        planned = {item for route in routes for item in route if item >= 0}
        everyone = len(planned) == len(piece.houses)
        with_load, counted = bool(piece.load.any()), any(crew.most < NO_LIMIT for crew in piece.crews)
        clients: list[Any] = []
        groups: list[Any] = []
        self.house: list[int] = []
        self.clients: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for house in range(len(piece.houses)):
            spans = [
                (
                    day * _DAY + int(piece.opens[w, house, day]),
                    day * _DAY + min(int(piece.closes[w, house, day]), _DAY - 1),
                )
                for day in range(piece.opens.shape[2])
                for w in range(piece.opens.shape[0])
                if 0 <= piece.opens[w, house, day] <= min(int(piece.closes[w, house, day]), _DAY - 1)
            ]
            if not spans:
                continue
            numbers = range(len(clients), len(clients) + len(spans))
            group = len(groups) if len(spans) > 1 else None
            if group is not None:
                groups.append(pyvrp.ClientGroup(list(numbers), required=everyone))
            household = piece.problem.households[int(piece.houses[house])]
            for first, last in spans:
                clients.append(
                    pyvrp.Client(
                        int(piece.place[house]),
                        delivery=[1] * counted + [int(piece.load[house])] * with_load,
                        service_duration=int(piece.service[house]),
                        tw_early=first,
                        tw_late=last,
                        prize=0 if everyone else max(1, household.priority) * _POINT_S,
                        required=everyone and group is None,
                        group=group,
                    )
                )
                self.house.append(house)
                self.clients[house].append((first, last))
        self.first = {house: number for number, house in reversed(list(enumerate(self.house)))}
        depots = sorted({place for crew in piece.crews for place in (crew.start, crew.end)})
        profiles: dict[bytes, int] = {}
        ways: list[Any] = []
        times: list[Any] = []
        vehicles: list[Any] = []
        assert piece.flat is not None
        tables = piece.flat.reshape(-1, many, many)
        for crews in self.crews:
            crew, column = piece.crews[crews[0]], columns[:, crews[0]]
            key = column.tobytes()
            if key not in profiles:
                profiles[key] = len(ways)
                cost = np.zeros(many, dtype=np.int64)
                np.maximum.at(cost, piece.place, column[1:].astype(np.int64))
                banned = cost >= NO_WAY
                time = np.where(banned[None, :], NO_WAY, tables[crew.mode])
                np.fill_diagonal(time, 0)
                way = np.minimum(time + cost[None, :], NO_WAY)
                np.fill_diagonal(way, 0)
                ways.append(way)
                times.append(time)
            begin = crew.day * _DAY
            vehicles.append(
                pyvrp.VehicleType(
                    len(crews),
                    capacity=[min(crew.most, NO_LIMIT)] * counted + [min(crew.capacity, NO_LIMIT)] * with_load,
                    start_depot=depots.index(crew.start),
                    end_depot=depots.index(crew.end),
                    tw_early=begin + crew.begins,
                    tw_late=begin + crew.ends,
                    profile=profiles[key],
                )
            )
        self.data = pyvrp.ProblemData(
            [pyvrp.Location(0, 0) for _ in range(many)],
            clients,
            [pyvrp.Depot(place) for place in depots],
            vehicles,
            ways,
            times,
            groups,
        )

    def routes_in(self, routes: Routes) -> list[Any]:
        """Routes of ours in its terms: for each visit the customer of the window it falls into."""
        import pyvrp

        made = []
        for at, route in enumerate(routes):
            if not route:
                continue
            crew, visits, now, place = self.piece.crews[at], [], self.piece.crews[at].begins, self.piece.crews[at].start
            for house in route:
                now += int(self.piece.seconds(crew.mode, place, int(self.piece.place[house])))
                number = next(
                    own
                    for own, (_, last) in enumerate(self.clients[house])
                    if last // _DAY == crew.day and crew.day * _DAY + now <= last
                )
                now = max(now, self.clients[house][number][0] - crew.day * _DAY) + int(self.piece.service[house])
                place = int(self.piece.place[house])
                visits.append(self.first[house] + number)
            made.append(pyvrp.Route(self.data, visits, self.kind[at]))
        return made

    def routes_out(self, solution: Any) -> Routes:
        """Its routes in our terms."""
        routes = empty_routes(self.piece)
        free = [list(crews) for crews in self.crews]
        for route in solution.routes():
            routes[free[route.vehicle_type()].pop(0)] = [self.house[stop.idx] for stop in route if stop.is_client()]
        return routes
