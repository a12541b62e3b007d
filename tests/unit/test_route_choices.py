"""What a form of routes may hold, what a household weighs, when it may be visited, and how files are written."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.route_plans.choices import Choice
from data.route_plans.files import _folded
from data.route_plans.priorities import priority_of
from data.route_plans.visiting_times import hours_left, windows_for, windows_settled
from data.route_plans.wishes import Man, read_wish
from geo.routing.problem import ProblemError

MONDAY, SATURDAY = date(2026, 11, 30), date(2026, 12, 5)
HOUR = 3600


def test_a_form_needs_days_alone() -> None:
    wish = read_wish({"days": ["2026-12-01", "2026-11-30"]})
    assert wish.days == (MONDAY, date(2026, 12, 1))
    assert (wish.people, wish.choice, wish.reminders) == ((), Choice(), True)
    assert read_wish({"days": ["2026-11-30"], "inspectors": [{"id": 3}]}).people == (Man(3),)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "days"),
        ({"days": ["2026-11-30", "2026-11-30"]}, "days"),
        ({"days": ["30.11.2026"]}, "days[0]"),
        ({"days": ["2026-11-30"], "inspectors": [{"id": 1, "from": "17:00", "to": "08:00"}]}, "inspectors[0].to"),
        ({"days": ["2026-11-30"], "inspectors": [{"id": 1}, {"id": 1}]}, "inspectors"),
        ({"days": ["2026-11-30"], "inspectors": [{"id": 1, "start": [200, 0]}]}, "inspectors[0].start"),
        ({"days": ["2026-11-30"], "households": {"polygon": [[1, 2], [3, 4]]}}, "households.polygon"),
        ({"days": ["2026-11-30"], "households": {"ids": [0]}}, "households.ids[0]"),
        ({"days": ["2026-11-30"], "pairs": [{"lead": 1, "companion": 1}]}, "pairs[0].companion"),
        ({"days": ["2026-11-30"], "colour": "red"}, "colour"),
        ({"days": ["2026-11-30"], "named": {"x": 1}}, "named"),
        ({"days": ["2026-11-30"], "special": [{"households": {"ids": [1]}}]}, "special[0]"),
        ({"days": ["2026-11-30"], "special": [{"on": "monday"}]}, "special[0].on"),
        ({"days": ["2026-11-30"], "special": [{"hours": {"from": "20:00", "to": "18:00"}}]}, "special[0].hours.to"),
        ({"days": ["2026-11-30"], "special": [{"inspectors": ["i1"]}]}, "special[0].inspectors[0]"),
        ({"days": ["2026-11-30"], "special": [{"pair": True}] * 51}, "special"),
        ({"days": ["2026-11-30"], "near_m": 201}, "near_m"),
        ({"days": ["2026-11-30"], "evening": {"from": "21:00", "to": "18:00"}}, "evening.to"),
    ],
)
def test_a_wrong_field_is_named(body: dict[str, object], field: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read_wish(body)
    assert refused.value.details["field"] == field


@pytest.mark.parametrize("word", ["a\0b", "\ud800"])
def test_what_no_database_can_hold_is_refused(word: str) -> None:
    with pytest.raises(ProblemError):
        read_wish({"days": ["2026-11-30"], "kind": word})


def test_who_is_more_urgent_weighs_more_and_never_above_a_hundred() -> None:
    plain = priority_of((), None, False)
    assert (
        plain < priority_of(("low_income",), None, False) < priority_of(("low_income",), None, False, ("low_income",))
    )
    assert plain == priority_of((), "B", False) < priority_of((), "C", False) < priority_of((), "D", False)
    assert plain < priority_of((), None, True)
    assert priority_of(("low_income",), "D", True, ("low_income",)) == 100


def test_evenings_and_weekends_are_kept_to_where_anybody_works_then() -> None:
    days = (MONDAY, SATURDAY)
    assert windows_for(days, HOUR, None, (), 18 * HOUR) == []
    assert windows_for(days, HOUR, "tonight", (), 18 * HOUR) == []
    assert windows_for(days, HOUR, "tonight", (), 20 * HOUR) == [{"from": "18:00", "to": "21:00"}]
    assert windows_for(days, HOUR, "weekend", (), 18 * HOUR) == [{"from": "00:00", "to": "24:00", "day": 2}]
    assert windows_for(days[:1], HOUR, "weekend", (), 18 * HOUR) == []
    rest = windows_for(days, HOUR, None, [(12 * HOUR, 14 * HOUR)], 18 * HOUR)
    assert rest == [{"from": "00:00", "to": "12:00"}, {"from": "14:00", "to": "24:00"}]


def test_the_hours_of_evenings_and_weekends_are_those_of_the_form() -> None:
    days = (MONDAY, SATURDAY)
    late = windows_for(days, HOUR, "tonight", (), 22 * HOUR, evening=(19 * HOUR, 22 * HOUR))
    assert late == [{"from": "19:00", "to": "22:00"}]
    weekend = windows_for(days, HOUR, "weekend", (), 18 * HOUR, weekend=(9 * HOUR, 17 * HOUR))
    assert weekend == [{"from": "09:00", "to": "17:00", "day": 2}]
    # Nobody is to be disturbed from 18:00: the wish for the evening is lost, not the household.
    assert windows_for(days, HOUR, "tonight", [(18 * HOUR, 24 * HOUR)], 20 * HOUR) == [{"from": "00:00", "to": "18:00"}]


def test_hours_and_days_that_were_settled_leave_a_time_or_say_that_there_is_none() -> None:
    days = (MONDAY, SATURDAY)
    assert windows_settled(days, HOUR, (18 * HOUR, 20 * HOUR), None, ()) == [{"from": "18:00", "to": "20:00"}]
    assert windows_settled(days, HOUR, None, True, ()) == [{"from": "00:00", "to": "24:00", "day": 2}]
    assert windows_settled(days, HOUR, None, False, ()) == [{"from": "00:00", "to": "24:00", "day": 1}]
    assert windows_settled(days[:1], HOUR, None, True, ()) is None
    assert windows_settled(days, HOUR, (12 * HOUR, 13 * HOUR), None, [(11 * HOUR, 14 * HOUR)]) is None


spans = st.tuples(st.integers(0, 24), st.integers(0, 24)).map(sorted).map(tuple)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(spans, st.lists(spans, max_size=4), st.integers(1, 4))
def test_hours_that_are_left_meet_no_hour_of_rest(
    span: tuple[int, int], quiet: list[tuple[int, int]], least: int
) -> None:
    left = hours_left(span, quiet, least)
    assert left == sorted(left)
    busy = {hour for first, last in quiet for hour in range(first, last)}
    free = [hour for hour in range(*span) if hour not in busy]
    told = [hour for first, last in left for hour in range(first, last)]
    assert set(told) <= set(free)
    assert all(last - first >= least for first, last in left)
    if least == 1:
        assert told == free


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=120))
def test_lines_of_a_calendar_are_short_and_come_together_again(words: str) -> None:
    parts = _folded(words).split("\r\n")
    assert all(len(part.encode()) <= 75 for part in parts)
    assert parts[0] + "".join(part[1:] for part in parts[1:]) == words
