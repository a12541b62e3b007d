"""What files say of a road in our words: its class, its width, who may use it, and whether it meets what it crosses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from geo.roads.modes import all_modes

# Words of road administrations, map layers and OpenStreetMap for each class; the key of a class is a word for it too.
_WORDS = {
    "motorway": "高速 高速公路 motorway_link",
    "trunk": "国道 一级 一级公路 trunk_link g",
    "primary": "省道 二级 二级公路 primary_link road_highway s",
    "secondary": "县道 三级 三级公路 secondary_link road_main x",
    "tertiary": "乡道 乡镇道路 四级 四级公路 tertiary_link y",
    "unclassified": "村道 村路 村村通 通村公路 农村公路 等外 等外公路 专用公路 road 公路 道路 主路 c",
    "residential": "街 街道 巷 巷道 村内道路 入户路 living_street road_lane 支路",
    "service": "内部道路 专用道路 service busway bus_guideway",
    "track": "田间路 田间道 生产路 机耕路 机耕道 土路 林区道路 track_grade1 track_grade2 track_grade3 track_grade4 "
    "track_grade5 rural",
    "path": "小路 人行道 步道 小道 footway pedestrian cycleway bridleway",
    "steps": "台阶 石阶 踏步",
}
# Tagged as a highway, and no road one can go on.
_NO_ROAD = frozenset(
    ("construction", "proposed", "raceway", "platform", "corridor", "rest_area", "services", "bus_stop", "elevator")
)
_OTHERWISE = "unclassified"
# One-way: F and T are forward and against the line where map offices code it so, and no and yes of a bridge.
_ALONG = frozenset(("yes", "true", "1", "是", "y", "有", "f"))
_AGAINST = frozenset(("-1", "reverse", "t"))
_NO = frozenset(("no", "false", "0", "否", "无", "n", "f", ""))
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_MOST_WIDTH_M = 100.0


@dataclass(frozen=True)
class RoadFacts:
    """What is stored of a road besides its line.

    Attributes
    ----------
    road_class, name : str, str or None
    width_m : float or None
    oneway : int
        1 along the line, -1 against it, 0 both ways.
    level : int
        Roads of different level do not meet where they cross.
    allowed : dict of str to bool
        By way of moving.
    """

    road_class: str
    name: str | None
    width_m: float | None
    oneway: int
    level: int
    allowed: Mapping[str, bool]


@cache
def _classes() -> Mapping[str, str]:
    return {word: key for key, words in _WORDS.items() for word in (key, *words.split())}


def read_class(found: str | None) -> str | None:
    """Give the class of a word; None for what is no road, ``unclassified`` for a word nobody knows, or none."""
    word = (found or "").strip().casefold()
    if word in _NO_ROAD:
        return None
    return _classes().get(word, _OTHERWISE)


def read_width(found: str | None) -> float | None:
    """Give metres of ``3.5``, ``3,5 m`` or ``3.5米``; None where there is no width above 0 up to 100 m."""
    number = _NUMBER.search(found or "")
    metres = float(number[0].replace(",", ".")) if number else 0.0
    return metres if 0 < metres <= _MOST_WIDTH_M else None


def read_road(cells: Mapping[str, Any]) -> RoadFacts | None:
    """Read a row.

    Parameters
    ----------
    cells : mapping of str to str or None
        By field of the kind ``roads``; ``tags`` is JSON and fills what no column says.

    Returns
    -------
    RoadFacts or None
        None for what is no road, such as one that is only planned.
    """
    tags = _tags(cells.get("tags"))

    def told(name: str, tag: str | None = None) -> str:
        value = cells.get(name)
        return str(value if value not in (None, "") else tags.get(tag or name, "")).strip().casefold()

    road_class = read_class(told("road_class", "highway"))
    if road_class is None:
        return None
    width = read_width(told("width"))
    name = cells.get("name") or tags.get("name") or tags.get("ref")
    return RoadFacts(
        road_class,
        str(name)[:200] if name else None,
        width,
        _oneway(told("oneway")),
        _level(told("bridge"), told("tunnel"), told("layer")),
        _allowed(road_class, width, told("access"), tags),
    )


def _tags(written: Any) -> dict[str, Any]:
    try:
        found = json.loads(written) if written else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _oneway(word: str) -> int:
    return -1 if word in _AGAINST else int(word in _ALONG)


def _level(bridge: str, tunnel: str, layer: str) -> int:
    if re.fullmatch(r"-?[1-5]", layer):
        return int(layer)
    return int(bridge not in _NO) - int(tunnel not in _NO)


def _allowed(road_class: str, width: float | None, access: str, tags: Mapping[str, Any]) -> dict[str, bool]:
    """Say who may use a road: by its class, its width, and by what the map says of them in particular.

    What is private is where people live, and whoever visits them may go there. A line round a square (``area``) is for
    those who cross it on foot or push a bicycle.
    """
    special = {"walk": ("foot",), "ebike": ("bicycle",), "car": ("motorcar", "motor_vehicle")}
    allowed = {}
    for name, mode in all_modes().items():
        said = next((str(tags[key]) for key in special[name] if key in tags), access)
        wide = width is None or width >= mode.min_width_m
        fits = road_class in mode.classes or (said in ("yes", "designated") and name != "car")
        is_closed = name == "car" and tags.get("area") == "yes"
        allowed[name] = fits and wide and not is_closed and said not in ("no", "use_sidepath")
    return allowed
