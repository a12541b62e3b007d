"""What is asked for with a new plan: read from JSON, each fault with its field; nothing is looked up here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from data.route_plans.choices import Choice, days_of, flag_of, point_of, read_choice, span_of
from data.route_plans.specials import Special, read_special
from data.route_plans.visiting_times import EVENING_S, WHOLE_DAY_S
from geo.errors import Text
from geo.routing.fields import Fields
from geo.routing.problem import ProblemError

MODES = ("walk", "ebike", "car")
MOST_PEOPLE = 300
MOST_DAYS = 31
MOST_SPECIALS = 50
# Who lives farther apart is no neighbour.
MOST_NEAR_M = 200
MOST_ROUNDS, MOST_SECONDS = 2000, 300
# Hours of work and the break where the form says nothing else.
BEGINS_S, ENDS_S = 30_600, 63_000
BREAK_S = (43_200, 48_600, 3_600)
_NAME = "plan"


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
    specials : tuple of Special
        What holds for some of the households; the first that says something about one holds for it.
    near_m : int or None
        Households that live no farther than this from one of them, metres, are visited in a row; None for no such rule.
    evening, weekend : (int, int)
        What “in the evening” and “at the weekend” mean, seconds of the day.
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
    specials: tuple[Special, ...] = ()
    near_m: int | None = None
    evening: tuple[int, int] = EVENING_S
    weekend: tuple[int, int] = WHOLE_DAY_S
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
    days = days_of(top, "days")
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
        choice=read_choice(Fields(_NAME, "households", top.raw("households") or {})),
        people=people,
        kind=top.text_or_none("kind"),
        pairs=tuple(_pair(one) for one in top.objects("pairs")),
        minutes=top.whole("minutes", least=1, most=480) if top.has("minutes") else None,
        quiet=tuple(span_of(one) for one in top.objects("quiet")),
        reminders=flag_of(top, "reminders", True),
        keep_assigned=flag_of(top, "keep_assigned", False),
        named={_key_of(inner, name): inner.whole(name, least=1, most=2**62) for name in named},
        specials=tuple(read_special(one) for one in top.objects("special")),
        near_m=top.whole("near_m", least=1, most=MOST_NEAR_M) if top.has("near_m") else None,
        evening=span_of(Fields(_NAME, "evening", top.raw("evening"))) if top.has("evening") else EVENING_S,
        weekend=span_of(Fields(_NAME, "weekend", top.raw("weekend"))) if top.has("weekend") else WHOLE_DAY_S,
        seed=top.whole("seed", 0, most=2**31 - 1),
        rounds=top.whole("rounds", most=MOST_ROUNDS) if top.has("rounds") else None,
        seconds=top.whole("seconds", least=1, most=MOST_SECONDS) if top.has("seconds") else None,
    )
    top.end()
    if len(wish.specials) > MOST_SPECIALS:
        raise top.wrong("special", len(wish.specials), Text(f"不超过 {MOST_SPECIALS} 条", f"{MOST_SPECIALS} at most"))
    return wish


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
        start=point_of(one, "start", one.raw("start")) if one.has("start") else None,
        end=point_of(one, "end", one.raw("end")) if one.has("end") else None,
        mode=mode,
        begins_s=begins,
        ends_s=ends,
        pause=pause,
        most_visits=one.whole("most_visits", most=100) if one.has("most_visits") else None,
        skills=tuple(one.texts("skills")),
        absent=tuple(days_of(one, "absent")),
    )
    one.end()
    return made


def _pair(one: Fields) -> tuple[int, int, tuple[date, ...]]:
    made = (
        one.whole("lead", least=1, most=2**62),
        one.whole("companion", least=1, most=2**62),
        tuple(days_of(one, "days")),
    )
    one.end()
    if made[0] == made[1]:
        raise one.wrong("companion", made[1], Text("另一名走访员", "another inspector"))
    return made


def _key_of(one: Fields, name: Any) -> int:
    if not isinstance(name, str) or not (name.isascii() and name.isdigit() and 0 < len(name) < 19 and int(name) > 0):
        raise one.wrong("", None, Text("以户的编号为名的字段", "fields named for numbers of households"))
    return int(name)
