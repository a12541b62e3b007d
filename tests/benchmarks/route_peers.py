"""Peers of the route planner, run by the Python of their own environment.

``route_peers.py SOLVER IN.npz OUT.json SECONDS``

PyVRP takes each window of a household as a customer of its own in a group of which one is visited, the most visits and
a named inspector as loads, and a priority as a prize. OR-Tools takes windows as forbidden intervals, priorities as
penalties, a named inspector as the vehicles allowed. One thread each, nothing tuned.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from typing import Any

import numpy as np

# Seconds of travel that one point of priority is worth to them.
POINT_S = 2_000
DAY_S = 86_400


def by_pyvrp(given: Any, seconds: float) -> list[list[int]]:
    """Routes by crew as households."""
    from pyvrp import Client, ClientGroup, Depot, Location, ProblemData, VehicleType, solve
    from pyvrp.stop import MaxRuntime

    crews, homes = given["crews"], given["homes"]
    places = int(given["places"])
    owners = {int(owner): at + 1 for at, owner in enumerate(sorted({int(row[3]) for row in homes if row[3] >= 0}))}
    clients, groups, back = [], [], []
    for house, (place, service, priority, owner, required) in enumerate(homes.tolist()):
        load = [1] + [0] * len(owners)
        if owner >= 0:
            load[owners[owner]] = 1
        spans = [(int(a), int(b)) for row, a, b in given["windows"].tolist() if row == house]
        group = len(groups) if len(spans) > 1 else None
        if group is not None:
            groups.append(ClientGroup(list(range(len(clients), len(clients) + len(spans))), required=False))
        for first, last in spans:
            clients.append(
                Client(
                    int(place),
                    delivery=load,
                    service_duration=int(service),
                    tw_early=first,
                    tw_late=last,
                    prize=int(priority) * POINT_S,
                    required=bool(required) and group is None,
                    group=group,
                )
            )
            back.append(house)
    spots = sorted({int(row[0]) for row in crews})
    vehicles = []
    for place, mode, who, begins, ends, most in crews.tolist():
        room = [int(most)] + [0] * len(owners)
        if who in owners:
            room[owners[who]] = int(most)
        vehicles.append(
            VehicleType(1, capacity=room, start_depot=spots.index(place), end_depot=spots.index(place),
                        tw_early=int(begins), tw_late=int(ends), profile=int(mode))
        )  # fmt: skip
    ways = list(given["ways"])
    data = ProblemData(
        [Location(0, 0) for _ in range(places)],
        clients,
        [Depot(place) for place in spots],
        vehicles,
        ways,
        ways,
        groups,
    )
    best = solve(data, MaxRuntime(seconds), seed=1, collect_stats=False).best
    routes: list[list[int]] = [[] for _ in vehicles]
    for route in best.routes():
        routes[route.vehicle_type()] = [back[stop.idx] for stop in route if stop.is_client()]
    return routes


def by_ortools(given: Any, seconds: float) -> list[list[int]]:
    """Routes by crew as households; none where it finds no first plan in time."""
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    crews, homes = given["crews"].tolist(), given["homes"].tolist()
    starts = [int(row[0]) for row in crews]
    # Depots stand behind the places of the households, so that one place can be both.
    manager = pywrapcp.RoutingIndexManager(int(given["places"]), len(crews), starts, starts)
    model = pywrapcp.RoutingModel(manager)
    service = np.zeros(int(given["places"]), dtype=np.int64)
    house_of = {}
    for house, (place, length, _, _, _) in enumerate(homes):
        service[int(place)] = length
        house_of[int(place)] = house
    arcs = [model.RegisterTransitMatrix(way.tolist()) for way in given["ways"]]
    times = [model.RegisterTransitMatrix((way + service[:, None]).tolist()) for way in given["ways"]]
    horizon = int(max(row[4] for row in crews))
    for vehicle, row in enumerate(crews):
        model.SetArcCostEvaluatorOfVehicle(arcs[int(row[1])], vehicle)
    model.AddDimensionWithVehicleTransits([times[int(row[1])] for row in crews], horizon, horizon, False, "time")
    time = model.GetDimensionOrDie("time")
    one = model.RegisterUnaryTransitVector([1 if place in house_of else 0 for place in range(int(given["places"]))])
    model.AddDimensionWithVehicleCapacity(one, 0, [int(row[5]) for row in crews], True, "visits")
    for vehicle, row in enumerate(crews):
        time.CumulVar(model.Start(vehicle)).SetRange(int(row[3]), int(row[4]))
        time.CumulVar(model.End(vehicle)).SetRange(int(row[3]), int(row[4]))
    for house, (place, _, priority, owner, _) in enumerate(homes):
        index = manager.NodeToIndex(int(place))
        spans = [(int(a), int(b)) for row, a, b in given["windows"].tolist() if row == house]
        cumul = time.CumulVar(index)
        cumul.SetRange(spans[0][0], spans[-1][1])
        for (_, last), (first, _) in pairwise(spans):
            cumul.RemoveInterval(last + 1, first - 1)
        model.AddDisjunction([index], int(priority) * POINT_S)
        if owner >= 0:
            able = [vehicle for vehicle, row in enumerate(crews) if row[2] == owner]
            model.VehicleVar(index).SetValues([-1, *able])
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    search.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    search.time_limit.FromMilliseconds(int(seconds * 1000))
    found = model.SolveWithParameters(search)
    routes: list[list[int]] = [[] for _ in crews]
    for vehicle in range(len(crews)) if found is not None else ():
        index = model.Start(vehicle)
        while not model.IsEnd(index):
            place = manager.IndexToNode(index)
            if place in house_of:
                routes[vehicle].append(house_of[place])
            index = found.Value(model.NextVar(index))
    return routes


if __name__ == "__main__":
    name, source, target, limit = sys.argv[1:5]
    solver = {"PyVRP": by_pyvrp, "OR-Tools": by_ortools}[name]
    with open(target, "w", encoding="utf-8") as file:
        json.dump(solver(np.load(source), float(limit)), file)
