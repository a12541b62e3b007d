"""Ways of a plan as lines: along the roads where there are any, else straight and marked as estimated."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy.orm import Session

from data.roads.travel import draw_legs
from data.route_plans.keeping import Kept, key_of
from data.route_plans.ways import spot_of

LonLat = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One way: to the stop at ``position``, or home where that is the number of stops."""

    position: int
    coords: list[LonLat]
    estimated: bool
    seconds: int
    metres: int


@dataclass(frozen=True)
class Drawn:
    """A route with its lines; places of start, stops and end in order."""

    account_id: int
    day: int
    mode: str
    places: list[LonLat]
    lines: list[Line]


def draw_routes(session: Session, kept: Kept, inspector: int | None = None, day: int | None = None) -> list[Drawn]:
    """Routes of a plan as lines, all or those of an inspector and a day.

    Returns
    -------
    list of Drawn
        By day and inspector. Seconds and metres are those of the plan.
    """
    problem = kept.problem
    chosen = []
    asked: dict[str, list[tuple[LonLat, LonLat]]] = {}
    for route in kept.plan.routes:
        if inspector not in (None, key_of(route.inspector)) or day not in (None, route.day):
            continue
        who = problem.inspectors[problem.by_inspector[route.inspector]]
        mode = problem.travel.modes[who.mode]
        stops = [problem.households[problem.by_household[one.household]].place for one in route.stops]
        places = [spot_of(problem, row) for row in (who.start, *stops, who.end)]
        chosen.append((route, mode, places))
        asked.setdefault(mode, []).extend(pairwise(places))
    # All of one way of moving at once: the roads round about are read once for it.
    legs = {mode: iter(draw_legs(session, pairs, mode)) for mode, pairs in asked.items()}
    found = []
    for route, mode, places in chosen:
        sums = [(one.travel_s, one.travel_m) for one in route.stops] + [(route.back_travel_s, route.back_travel_m)]
        lines = []
        for at, (seconds, metres) in enumerate(sums):
            leg = next(legs[mode])
            lines.append(Line(at, leg.coords or [places[at], places[at + 1]], leg.estimated, seconds, metres))
        found.append(Drawn(key_of(route.inspector), route.day, mode, places, lines))
    return found


def lines_json(drawn: list[Drawn], names: dict[int, str], days: list[str]) -> dict[str, Any]:
    """Lines as GeoJSON, one feature for each way."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {
                    "type": "LineString",
                    "coordinates": [[round(lon, 6), round(lat, 6)] for lon, lat in line.coords],
                },
                "properties": {
                    "inspector": one.account_id,
                    "name": names.get(one.account_id),
                    "day": one.day,
                    "date": days[one.day],
                    "mode": one.mode,
                    "position": line.position,
                    "estimated": line.estimated,
                    "seconds": line.seconds,
                    "metres": line.metres,
                },
            }
            for one in drawn
            for line in one.lines
        ],
    }
