"""Last days of monitoring: by the 5th and the 20th, days of rest, years without a notice, and what is late."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from data.rules.monitoring import (
    RULES_FILE,
    MonitoringRules,
    MonitoringRulesUnfit,
    disaster_days,
    first_of_month,
    is_late,
    monthly_days,
    read_rules,
)
from data.rules.workdays import after_workdays, shift_rest, work_calendar

CALENDAR = work_calendar()


def told(rest: str) -> MonitoringRules:
    rules = read_rules()
    return MonitoringRules(rules.groups, rules.monthly | {"on_rest_day": rest}, rules.disaster)


@pytest.mark.parametrize(
    ("start", "n", "end"),
    [
        (date(2022, 9, 20), 15, date(2022, 10, 14)),
        (date(2022, 12, 26), 5, date(2023, 1, 3)),
        (date(2024, 2, 6), 5, date(2024, 2, 19)),
        (date(2026, 2, 13), 1, date(2026, 2, 14)),  # a Saturday that is worked
        (date(2026, 5, 6), 0, date(2026, 5, 6)),
    ],
)
def test_working_days_are_counted_by_the_notice(start: date, n: int, end: date) -> None:
    assert after_workdays(start, n, CALENDAR) == end


def test_names_are_in_by_the_5th_and_appraised_by_the_20th() -> None:
    days = monthly_days(date(2026, 2, 17), read_rules(), CALENDAR)
    assert (days.names_by, days.appraised_by, days.closed_by) == (
        date(2026, 2, 5),
        date(2026, 2, 20),
        date(2026, 2, 28),
    )
    assert not days.provisional


def test_a_last_day_of_rest_stands_or_moves_as_the_rules_say() -> None:
    # 20 February 2026 lies in the Spring Festival, 15 to 23 February; the 14th is worked.
    assert monthly_days(date(2026, 2, 1), told("next_workday"), CALENDAR).appraised_by == date(2026, 2, 24)
    assert monthly_days(date(2026, 2, 1), told("previous_workday"), CALENDAR).appraised_by == date(2026, 2, 14)
    assert shift_rest(date(2026, 7, 5), "keep", CALENDAR) == date(2026, 7, 5)
    with pytest.raises(ValueError, match="rule must be"):
        shift_rest(date(2026, 7, 5), "later", CALENDAR)


def test_a_year_without_a_notice_is_provisional_where_working_days_matter() -> None:
    assert not monthly_days(date(2027, 6, 1), read_rules(), CALENDAR).provisional
    assert monthly_days(date(2027, 6, 1), told("next_workday"), CALENDAR).provisional
    assert disaster_days(date(2026, 12, 20), read_rules(), CALENDAR).provisional
    assert not disaster_days(date(2026, 7, 1), read_rules(), CALENDAR).provisional


def test_after_a_storm_working_days_are_counted_from_the_day_after_it() -> None:
    days = disaster_days(date(2026, 9, 28), read_rules(), CALENDAR)  # Monday before the holiday of October
    assert (days.names_by, days.appraised_by) == (date(2026, 10, 8), date(2026, 10, 16))


@pytest.mark.parametrize(("stage", "last"), [("to_check", 5), ("reported", 20), ("appraised", 31), ("followed", 31)])
def test_the_last_day_itself_is_in_time(stage: str, last: int) -> None:
    days = monthly_days(date(2026, 10, 1), read_rules(), CALENDAR)
    assert not is_late(stage, days, date(2026, 10, last))
    assert is_late(stage, days, date(2026, 11, 1) if last == 31 else date(2026, 10, last + 1))


@pytest.mark.parametrize("stage", ["safe", "closed", "following"])
def test_what_is_done_or_being_built_is_never_late(stage: str) -> None:
    assert not is_late(stage, monthly_days(date(2026, 10, 1), read_rules(), CALENDAR), date(2027, 1, 1))


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("names_day = 5 ", "names_day = 25 "),
        ("names_day = 5 ", "names_day = true "),
        ('on_rest_day = "keep"', 'on_rest_day = "later"'),
        ('["monitored", ', '["monitored", "nobody", '),
        ("[disaster]", "[storm]"),
        ("groups = [", "groups = ["[:-1]),
    ],
)
def test_rules_that_make_no_sense_are_refused(tmp_path: Path, line: str, instead: str) -> None:
    whole = RULES_FILE.read_text(encoding="utf-8")
    assert line in whole
    own = tmp_path / "monitoring.toml"
    own.write_text(whole.replace(line, instead, 1), encoding="utf-8")
    with pytest.raises(MonitoringRulesUnfit) as refused:
        read_rules(own)
    assert "monitoring.toml" in refused.value.text.zh


def test_a_month_is_read_and_nothing_like_one_is_refused() -> None:
    assert first_of_month("2026-11") == date(2026, 11, 1)
    for words in ("2026-13", "2026-1", "1999-12", "2026/11", "２０２６-11", "2026-+1", ""):
        with pytest.raises(ValueError):  # noqa: PT011
            first_of_month(words)
