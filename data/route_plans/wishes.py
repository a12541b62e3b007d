"""What is asked for with a new plan: read from JSON, each fault with its field; nothing is looked up here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from geo.errors import Text
from geo.routing.fields import Fields
from geo.routing.problem import MOST_HOUSEHOLDS, ProblemError

MODES = ("walk", "ebike", "car")
GRADES = ("A", "B", "C", "D")
MOST_PEOPLE = 300
MOST_DAYS = 31
MOST_CORNERS = 2000
MOST_ROUNDS, MOST_SECONDS = 2000, 300
# Hours of work and the break where the form says nothing else.
BEGINS_S, ENDS_S = 30_600, 63_000
BREAK_S = (43_200, 48_600, 3_600)
_NAME = "plan"


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


@dataclass(frozen=True)
class Man:
    """An inspector as asked for; places are longitude and latitude, or None for the centre of the duty.

    ``pause`` is first second, last second and length of the break; None without one. ``most_visits`` is None where the
    campaign's number holds.
    """

    account_id: int
    start: tuple[float, float] | None = None
    end: tuple[float, float] | None = None
    mode: str = "ebike"
    begins_s: int = BEGINS_S
    ends_s: int = ENDS_S
    pause: tuple[int, int, int] | None = BREAK_S
    most_visits: int | None = None
    skills: tuple[str, ...] = ()
    absent: tuple[date, ...] = ()


@dataclass(frozen=True)
class Wish:
    """A plan as asked for.

    Attributes
    ----------
    pairs : tuple of (int, int, tuple of date)
        Who leads, who comes along, on which days; all days if empty.
    minutes : int or None
        Length of a visit; None for the campaign's.
    quiet : tuple of (int, int)
        Hours in which nobody is to be disturbed, seconds of the day.
    reminders : bool
        Whether “in the evening” and “at the weekend”, as households said, are kept to.
    keep_assigned : bool
        Whether whoever a household is assigned to is the only one who may go, if he is among the inspectors.
    named : mapping of int to int
        Households with the only inspector who may go.
    rounds, seconds : int or None
        What improving may take; None of both for a number of rounds that suits the size.
    """

    days: tuple[date, ...]
    choice: Choice
    people: tuple[Man, ...]
    kind: str | None = None
    pairs: tuple[tuple[int, int, tuple[date, ...]], ...] = ()
    minutes: int | None = None
    quiet: tuple[tuple[int, int], ...] = ()
    reminders: bool = True
    keep_assigned: bool = False
    named: Mapping[int, int] | None = None
    seed: int = 0
    rounds: int | None = None
    seconds: int | None = None


def check_text(body: Any) -> None:
    """Refuse what no database can hold: a NUL, or half a character.

    Raises
    ------
    ProblemError
    """
    try:
        written = json.dumps(body, ensure_ascii=False)
        written.encode()
    except UnicodeEncodeError:
        written = "\\u0000"
    if "\\u0000" in written:
        raise ProblemError(Text("文字里有不能保存的字符。", "There is a character in it that cannot be kept."))


def read_wish(body: Mapping[str, Any]) -> Wish:
    """Read the form of a new plan.

    Raises
    ------
    ProblemError
        Naming the field, what was found and what is expected.
    """
    check_text(body)
    top = Fields(_NAME, "", body)
    days = _days(top, "days")
    if not 1 <= len(days) <= MOST_DAYS or len(set(days)) != len(days):
        raise top.wrong(
            "days", [day.isoformat() for day in days[:3]], Text("1 到 31 个不同的日期", "1 to 31 days that differ")
        )
    people = tuple(_man(one) for one in top.objects("inspectors"))
    if len(people) > MOST_PEOPLE or len({man.account_id for man in people}) != len(people):
        raise top.wrong(
            "inspectors",
            len(people),
            Text(f"不超过 {MOST_PEOPLE} 名互不相同的走访员", f"{MOST_PEOPLE} inspectors at most, each once"),
        )
    named = top.raw("named") or {}
    inner = Fields(_NAME, "named", named)
    wish = Wish(
        days=tuple(sorted(days)),
        choice=_choice(Fields(_NAME, "households", top.raw("households") or {})),
        people=people,
        kind=top.text_or_none("kind"),
        pairs=tuple(_pair(one) for one in top.objects("pairs")),
        minutes=top.whole("minutes", least=1, most=480) if top.has("minutes") else None,
        quiet=tuple(_span(one) for one in top.objects("quiet")),
        reminders=_flag(top, "reminders", True),
        keep_assigned=_flag(top, "keep_assigned", False),
        named={_key_of(inner, name): inner.whole(name, least=1, most=2**62) for name in named},
        seed=top.whole("seed", 0, most=2**31 - 1),
        rounds=top.whole("rounds", most=MOST_ROUNDS) if top.has("rounds") else None,
        seconds=top.whole("seconds", least=1, most=MOST_SECONDS) if top.has("seconds") else None,
    )
    top.end()
    return wish


def _choice(one: Fields) -> Choice:
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
        not_visited=_flag(one, "not_visited", True),
        late=_flag(one, "late", False),
        key_groups=tuple(one.texts("key_groups")),
        grades=grades,
        assigned_to=one.whole("assigned_to", most=2**62) if one.has("assigned_to") else None,
        polygon=tuple(_point(one, f"polygon[{at}]", corner) for at, corner in enumerate(corners)),
        ids=tuple(sorted({_whole_key(one, f"ids[{at}]", key) for at, key in enumerate(ids)})),
    )
    one.end()
    return made


def _man(one: Fields) -> Man:
    begins, ends = one.clock("from", BEGINS_S), one.clock("to", ENDS_S)
    if begins >= ends:
        raise one.wrong("to", one.raw("to"), Text("晚于上班的下班时刻", "an end of work after its beginning"))
    pause: tuple[int, int, int] | None = BREAK_S
    if one.raw("break") is False:
        pause = None
    elif one.has("break"):
        inner = Fields(_NAME, f"{one.path}.break", one.raw("break"))
        first, last = inner.clock("from"), inner.clock("to")
        length = inner.whole("minutes", least=1, most=600) * 60
        inner.end()
        if last - length < first:
            raise inner.wrong("minutes", length // 60, Text("不长于休息时段的分钟数", "minutes that fit into the span"))
        pause = (first, last, length)
    mode = one.text("mode", "ebike")
    if mode not in MODES:
        raise one.wrong("mode", mode, Text("walk、ebike、car 之一", "one of walk, ebike, car"))
    made = Man(
        account_id=one.whole("id", least=1, most=2**62),
        start=_point(one, "start", one.raw("start")) if one.has("start") else None,
        end=_point(one, "end", one.raw("end")) if one.has("end") else None,
        mode=mode,
        begins_s=begins,
        ends_s=ends,
        pause=pause,
        most_visits=one.whole("most_visits", most=100) if one.has("most_visits") else None,
        skills=tuple(one.texts("skills")),
        absent=tuple(_days(one, "absent")),
    )
    one.end()
    return made


def _pair(one: Fields) -> tuple[int, int, tuple[date, ...]]:
    made = (
        one.whole("lead", least=1, most=2**62),
        one.whole("companion", least=1, most=2**62),
        tuple(_days(one, "days")),
    )
    one.end()
    if made[0] == made[1]:
        raise one.wrong("companion", made[1], Text("另一名走访员", "another inspector"))
    return made


def _span(one: Fields) -> tuple[int, int]:
    first, last = one.clock("from"), one.clock("to")
    one.end()
    if first >= last:
        raise one.wrong("to", one.raw("to"), Text("晚于开始的时刻", "a time after the beginning"))
    return first, last


def _days(one: Fields, name: str) -> list[date]:
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


def _point(one: Fields, name: str, found: Any) -> tuple[float, float]:
    good = isinstance(found, list) and len(found) == 2 and all(
        isinstance(part, int | float) and not isinstance(part, bool) for part in found
    )  # fmt: skip
    if not good or not (-180 <= found[0] <= 180 and -90 <= found[1] <= 90):
        raise one.wrong(name, None, Text("[经度, 纬度]", "[longitude, latitude]"))
    return float(found[0]), float(found[1])


def _flag(one: Fields, name: str, default: bool) -> bool:
    found = one.raw(name)
    if found is None:
        return default
    if not isinstance(found, bool):
        raise one.wrong(name, None, Text("true 或 false", "true or false"))
    return found


def _whole_key(one: Fields, name: str, found: Any) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or not 0 < found < 2**62:
        raise one.wrong(name, None, Text("户的编号", "the number of a household"))
    return found


def _key_of(one: Fields, name: Any) -> int:
    if not isinstance(name, str) or not (name.isascii() and name.isdigit() and 0 < len(name) < 19 and int(name) > 0):
        raise one.wrong("", None, Text("以户的编号为名的字段", "fields named for numbers of households"))
    return int(name)
