"""A plan of routes from a file, written by whoever; sums are not believed but counted anew by who asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from geo.routing.fields import Fields, parse
from geo.routing.plan import Pause, Plan, Route, Stop, Unplanned
from geo.routing.reading import read_text


def load_plan(path: Path) -> Plan:
    """Read a plan written by ``geo.routing.plan.Plan.as_json``.

    Raises
    ------
    ProblemError
        Naming the field, what was found and what is expected.
    """
    return read_plan(parse(read_text(path), path.name), path.name)


def read_plan(values: Any, file: str = "plan") -> Plan:
    """A plan from the values of its JSON form; sums are not believed but counted anew by who asks.

    Raises
    ------
    ProblemError
        Naming the field, what was found and what is expected.
    """
    top = Fields(file, "", values)
    top.require_form("fangtu_route_plan")
    routes = []
    for one in top.objects("routes"):
        stops = tuple(
            Stop(
                stop.text("household"),
                stop.whole("arrival_s"),
                stop.whole("start_s"),
                stop.whole("leave_s"),
                stop.whole("travel_s"),
                stop.whole("travel_m"),
                stop.flag("done"),
            )
            for stop in one.objects("stops")
        )
        breaks = tuple(
            Pause(pause.whole("start_s"), pause.whole("end_s"), pause.whole("after")) for pause in one.objects("breaks")
        )
        routes.append(
            Route(
                one.text("inspector"),
                one.whole("day", most=31),
                one.whole("leave_s"),
                one.whole("back_s"),
                one.whole("back_travel_s"),
                one.whole("back_travel_m"),
                stops,
                breaks,
                tuple(one.texts("companions")),
            )
        )
    left = tuple(Unplanned(one.text("household"), one.text("reason", "")) for one in top.objects("unplanned"))
    return Plan(tuple(routes), left, top.whole("weight", 0), top.whole("rounds", 0))
