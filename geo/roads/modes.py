"""Ways of moving (出行方式): on foot, by e-bike, by car; their speeds and the roads they may use, kept as data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from geo.errors import FangtuError, Text

_FILE = Path(__file__).with_name("modes.toml")


class ModeUnknown(FangtuError):
    """There is no such way of moving."""

    code = "mode_unknown"


@dataclass(frozen=True)
class Mode:
    """One way of moving.

    Attributes
    ----------
    name : str
    speed : float
        Kilometres an hour where the class of the road says nothing, and across country.
    classes : frozenset of str
        Classes of roads that may be used.
    min_width_m : float
        A road known to be narrower is not used; 0 for any.
    speeds : mapping of str to float
        Kilometres an hour by class.
    """

    name: str
    speed: float
    classes: frozenset[str]
    min_width_m: float = 0.0
    speeds: Mapping[str, float] = field(default_factory=dict)

    def speed_on(self, road_class: str) -> float:
        """Kilometres an hour on a class of road."""
        return self.speeds.get(road_class, self.speed)


@cache
def all_modes() -> Mapping[str, Mode]:
    """Give every way of moving by name: ``walk``, ``ebike``, ``car``."""
    told = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        name: Mode(
            name, facts["speed"], frozenset(facts["classes"]), facts.get("min_width_m", 0.0), facts.get("speeds", {})
        )
        for name, facts in told.items()
    }


def mode_named(name: str) -> Mode:
    """Give a way of moving.

    Raises
    ------
    ModeUnknown
        If there is none of that name.
    """
    try:
        return all_modes()[name]
    except KeyError:
        known = ", ".join(all_modes())
        raise ModeUnknown(
            Text(f"不认识的出行方式“{name}”，应为：{known}。", f"Unknown way of moving '{name}'; expected {known}."),
            found=name,
        ) from None
