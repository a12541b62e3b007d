"""What a form says about some of the households (特别安排): who may go, when, two together, or in a row."""

from __future__ import annotations

from dataclasses import dataclass

from data.route_plans.choices import Choice, flag_of, key_in, read_choice, span_of
from geo.errors import Text
from geo.routing.fields import Fields

# On which days of the plan: Saturdays and Sundays, or all others.
WEEKEND, WORKDAYS = "weekend", "workdays"


@dataclass(frozen=True)
class Special:
    """What holds for some of the households.

    Attributes
    ----------
    choice : Choice
        Which of those that are chosen for the plan.
    inspectors : tuple of int
        One of these accounts has to go; anybody if empty.
    hours : (int, int) or None
        Between which seconds of the day the visit lies.
    on : str or None
        :data:`WEEKEND` or :data:`WORKDAYS`; None for any day.
    pair : bool
        Whether two have to come together.
    together : bool
        Whether these households are visited in a row: one inspector, one day, one after the other.
    """

    choice: Choice = Choice(not_visited=False)  # noqa: RUF009 - frozen
    inspectors: tuple[int, ...] = ()
    hours: tuple[int, int] | None = None
    on: str | None = None
    pair: bool = False
    together: bool = False


def read_special(one: Fields) -> Special:
    """Read one entry of the form.

    Raises
    ------
    ProblemError
        Naming the field; also if it says nothing about anybody.
    """
    inner = Fields(one.file, f"{one.path}.households", one.raw("households") or {})
    made = Special(
        choice=read_choice(inner, not_visited=False),
        inspectors=tuple(
            dict.fromkeys(key_in(one, f"inspectors[{at}]", key) for at, key in enumerate(one.many("inspectors")))
        ),
        hours=span_of(Fields(one.file, f"{one.path}.hours", one.raw("hours"))) if one.has("hours") else None,
        on=one.text_or_none("on"),
        pair=flag_of(one, "pair", False),
        together=flag_of(one, "together", False),
    )
    one.end()
    if made.on not in (None, WEEKEND, WORKDAYS):
        raise one.wrong("on", made.on, Text("weekend、workdays 之一", "one of weekend, workdays"))
    if not (made.inspectors or made.hours or made.on or made.pair or made.together):
        raise one.wrong(
            "",
            None,
            Text("谁去、时间、哪些日子、两人同去或一并走访之一", "one of inspectors, hours, on, pair, together"),
        )
    return made
