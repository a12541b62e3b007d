"""What was planned: routes by inspector and day, and the households left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Stop:
    """One visit.

    Attributes
    ----------
    arrival_s, start_s, leave_s : int
        Seconds of the day: there, visit begins, visit ends. Between arrival and start he waits.
    travel_s, travel_m : int
        Way from the stop before or the start of the route, without breaks.
    done : bool
        Whether it was made before the plan.
    """

    household: str
    arrival_s: int
    start_s: int
    leave_s: int
    travel_s: int
    travel_m: int
    done: bool = False


@dataclass(frozen=True)
class Pause:
    """A break as planned; ``after`` stops have been made."""

    start_s: int
    end_s: int
    after: int


@dataclass(frozen=True)
class Route:
    """A day of an inspector.

    Attributes
    ----------
    leave_s, back_s : int
        Seconds of the day: leaves his start, is at his end.
    back_travel_s, back_travel_m : int
        Way from the last stop to the end.
    companions : tuple of str
        Who comes along.
    """

    inspector: str
    day: int
    leave_s: int
    back_s: int
    back_travel_s: int
    back_travel_m: int
    stops: tuple[Stop, ...]
    breaks: tuple[Pause, ...] = ()
    companions: tuple[str, ...] = ()

    @property
    def travel_s(self) -> int:
        """Travel of the whole day, seconds."""
        return sum(stop.travel_s for stop in self.stops) + self.back_travel_s

    @property
    def travel_m(self) -> int:
        """Travel of the whole day, metres."""
        return sum(stop.travel_m for stop in self.stops) + self.back_travel_m


@dataclass(frozen=True)
class Unplanned:
    """A household without a visit, with the kind of reason (``geo.routing.explain``)."""

    household: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """Routes with at least one visit, by day and inspector, and the rest.

    Attributes
    ----------
    weight : int
        Sum of the priorities of visited households.
    rounds : int
        How many rounds of improvement it took; with as many and the same seed it comes out the same.
    """

    routes: tuple[Route, ...]
    unplanned: tuple[Unplanned, ...]
    weight: int
    rounds: int = 0

    @property
    def visits(self) -> int:
        """How many households are visited."""
        return sum(len(route.stops) for route in self.routes)

    @property
    def travel_s(self) -> int:
        """Travel of all routes, seconds."""
        return sum(route.travel_s for route in self.routes)

    @property
    def travel_m(self) -> int:
        """Travel of all routes, metres."""
        return sum(route.travel_m for route in self.routes)

    def as_json(self) -> dict[str, Any]:
        """The plan as plain values; ``read_plan`` is the way back."""
        return {
            "fangtu_route_plan": 1,
            "weight": self.weight,
            "visits": self.visits,
            "travel_s": self.travel_s,
            "travel_m": self.travel_m,
            "rounds": self.rounds,
            "routes": [
                {
                    "inspector": route.inspector,
                    "day": route.day,
                    "companions": list(route.companions),
                    "leave_s": route.leave_s,
                    "back_s": route.back_s,
                    "back_travel_s": route.back_travel_s,
                    "back_travel_m": route.back_travel_m,
                    "breaks": [vars(pause) for pause in route.breaks],
                    "stops": [vars(stop) for stop in route.stops],
                }
                for route in self.routes
            ],
            "unplanned": [vars(one) for one in self.unplanned],
        }
