"""Which households are meant, and the small parts forms of routes are made of; each fault names its field."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from geo.errors import Text
from geo.routing.fields import Fields
from geo.routing.problem import MOST_HOUSEHOLDS

GRADES = ("A", "B", "C", "D")
MOST_CORNERS = 2000


@dataclass(frozen=True)
class Choice:
    """Which households: all of these hold together; an empty list or None asks for nothing.

    Attributes
    ----------
    not_visited, late : bool
    key_groups, grades : tuple of str
        One of them is enough.
    assigned_to : int or None
        Account; 0 for those that are nobody's.
    polygon : tuple of (float, float)
        Corners, longitude and latitude.
    ids : tuple of int
    """

    not_visited: bool = True
    late: bool = False
    key_groups: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    assigned_to: int | None = None
    polygon: tuple[tuple[float, float], ...] = ()
    ids: tuple[int, ...] = ()


def read_choice(one: Fields, *, not_visited: bool = True) -> Choice:
    """Which households are meant."""
    corners = one.many("polygon")
    ids = one.many("ids")
    if len(corners) > MOST_CORNERS or (corners and len(corners) < 3):
        raise one.wrong("polygon", len(corners), Text("3 到 2,000 个点", "3 to 2,000 points"))
    if len(ids) > MOST_HOUSEHOLDS:
        raise one.wrong("ids", len(ids), Text(f"不超过 {MOST_HOUSEHOLDS} 户", f"{MOST_HOUSEHOLDS} households at most"))
    grades = tuple(one.texts("grades"))
    if strange := [grade for grade in grades if grade not in GRADES]:
        raise one.wrong("grades", strange[0], Text("A、B、C、D 之一", "one of A, B, C, D"))
    made = Choice(
        not_visited=flag_of(one, "not_visited", not_visited),
        late=flag_of(one, "late", False),
        key_groups=tuple(one.texts("key_groups")),
        grades=grades,
        assigned_to=one.whole("assigned_to", most=2**62) if one.has("assigned_to") else None,
        polygon=tuple(point_of(one, f"polygon[{at}]", corner) for at, corner in enumerate(corners)),
        ids=tuple(sorted({key_in(one, f"ids[{at}]", key) for at, key in enumerate(ids)})),
    )
    one.end()
    return made


def span_of(one: Fields) -> tuple[int, int]:
    """Two moments of a day, the later one second; seconds of the day."""
    first, last = one.clock("from"), one.clock("to")
    one.end()
    if first >= last:
        raise one.wrong("to", one.raw("to"), Text("晚于开始的时刻", "a time after the beginning"))
    return first, last


def days_of(one: Fields, name: str) -> list[date]:
    """Dates of a list."""
    found = []
    for at, word in enumerate(one.many(name)):
        try:
            if not isinstance(word, str) or len(word) != 10:
                raise ValueError
            found.append(date.fromisoformat(word))
        except ValueError:
            raise one.wrong(
                f"{name}[{at}]", word if isinstance(word, str) else None, Text("日期，如 2026-11-30", "a date")
            ) from None
    return found


def point_of(one: Fields, name: str, found: Any) -> tuple[float, float]:
    """Longitude and latitude."""
    good = isinstance(found, list) and len(found) == 2 and all(
        isinstance(part, int | float) and not isinstance(part, bool) for part in found
    )  # fmt: skip
    if not good or not (-180 <= found[0] <= 180 and -90 <= found[1] <= 90):
        raise one.wrong(name, None, Text("[经度, 纬度]", "[longitude, latitude]"))
    return float(found[0]), float(found[1])


def flag_of(one: Fields, name: str, default: bool) -> bool:
    """True or false."""
    found = one.raw(name)
    if found is None:
        return default
    if not isinstance(found, bool):
        raise one.wrong(name, None, Text("true 或 false", "true or false"))
    return found


def key_in(one: Fields, name: str, found: Any) -> int:
    """Number of a household or an account."""
    if not isinstance(found, int) or isinstance(found, bool) or not 0 < found < 2**62:
        raise one.wrong(name, None, Text("户的编号", "the number of a household"))
    return found
