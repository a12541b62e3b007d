"""The forecast of a round: what it says of plain cases, and that its intervals hold on simulated campaigns."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from data.forecast import known_until
from data.rules.forecast import chance, forecast
from layers.progress import HEIGHT, progress_plot
from tests.campaigns import result_of

START = date(2026, 11, 2)  # a Monday


def made(counts: list[int], days: int, **values: Any) -> Any:
    facts: dict[str, Any] = {"visited": sum(counts), "eligible": 1000, "needed": 950, **values}
    return forecast(counts, starts_on=START, ends_on=START + timedelta(days=days - 1), **facts)


def test_an_even_pace_goes_on() -> None:
    one = made([20] * 20, 40)
    assert one.visited_low < one.visited < one.visited_high
    assert one.visited == pytest.approx(800, abs=25)
    assert one.pace == pytest.approx(20, abs=1.5)
    assert one.probability < 0.2
    assert one.days[0] == START + timedelta(days=19)
    assert len(one.days) == len(one.low) == len(one.middle) == len(one.high) == 21
    assert one.reached_early < one.reached_on < one.reached_late
    assert one.reached_on > START + timedelta(days=40)


def test_what_is_fast_enough_reaches_the_target_in_time() -> None:
    one = made([40] * 20, 40)
    assert one.probability > 0.9
    assert one.reached_on < START + timedelta(days=40)
    assert one.visited_high <= 1000


def test_what_is_reached_is_certain_and_what_is_over_is_not_to_come() -> None:
    assert made([50] * 19, 40).probability == 1.0
    over = made([10] * 40, 40)
    assert over.probability == 0.0
    assert (over.visited_low, over.visited, over.visited_high) == (400, 400, 400)


def test_too_little_is_no_pace() -> None:
    assert made([9] * 4, 40) is None
    assert made([0, 1, 0, 1, 0, 1, 0], 40) is None
    assert made([], 40) is None
    assert made([5] * 10, 40, eligible=0, needed=0) is None


def test_weekends_are_learned() -> None:
    rests = [0 if (START + timedelta(days=n)).weekday() >= 5 else 28 for n in range(21)]
    to_monday = made(rests, 28)  # 21 days gone, five working days and a weekend to come
    assert to_monday.visited - sum(rests) == pytest.approx(5 * 28, rel=0.12)


def test_a_standstill_may_end() -> None:
    one = made([30] * 14 + [0] * 7, 40)
    assert one.pace > 5
    assert one.visited_high - one.visited_low > 60


def test_visits_of_unknown_day_count_but_make_no_pace() -> None:
    one = made([20] * 20, 40, visited=500)
    assert one.visited == pytest.approx(900, abs=30)


def test_a_village_is_never_more_than_visited() -> None:
    one = made([3] * 10, 60, eligible=40, needed=38)
    assert one.visited_high <= 40
    assert one.probability > 0.8


@pytest.mark.parametrize(
    ("counts", "days"), [([20] * 20, 40), ([40] * 20, 40), ([30] * 14 + [0] * 7, 40), ([10] * 40, 40), ([9] * 4, 40)]
)
def test_the_chance_alone_is_that_of_the_forecast(counts: list[int], days: int) -> None:
    one = made(counts, days)
    facts: dict[str, Any] = {"visited": sum(counts), "eligible": 1000, "needed": 950}
    alone = chance(counts, starts_on=START, ends_on=START + timedelta(days=days - 1), **facts)
    assert alone == (one.probability if one else None)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="a round ends after"):
        made([1, -1, 3, 3, 3, 3], 40)
    with pytest.raises(ValueError, match="a round ends after"):
        forecast([1] * 6, starts_on=START, ends_on=START - timedelta(days=1), visited=6, eligible=9, needed=9)


def test_silence_is_a_standstill_only_after_a_week() -> None:
    today = START + timedelta(days=30)
    assert known_until(None, START, today) is None
    assert known_until(today - timedelta(days=2), START, today) == today - timedelta(days=2)
    assert known_until(today - timedelta(days=20), START, today) == today - timedelta(days=7)
    assert known_until(today + timedelta(days=3), START, today) == today


def test_of_ten_intervals_eight_hold_and_a_straight_line_is_beaten() -> None:
    found = result_of(range(20_000, 20_300))
    assert found.tested > 250
    assert 0.75 <= found.held <= 0.85
    assert found.error < found.line_error
    assert found.brier < found.line_brier


def test_the_drawing_ends_where_the_figures_stand() -> None:
    counts = [20] * 20
    plot = progress_plot(START, counts, before=100, eligible=1000, target=0.95, made=made(counts, 40, visited=500))
    assert plot.actual.startswith("M40.0,")
    assert plot.actual.endswith(f"{plot.now_x},{plot.now_y}")
    assert plot.band.endswith("Z")
    assert plot.expected
    assert 0 < plot.target_y < plot.now_y < HEIGHT
    known = [row for row in plot.rows if row.actual is not None]
    assert known[-1].actual == pytest.approx(0.5)
    assert plot.rows[-1].day == START + timedelta(days=39)
    assert plot.rows[-1].low < plot.rows[-1].middle < plot.rows[-1].high


def test_without_a_forecast_the_drawing_shows_what_was() -> None:
    plot = progress_plot(START, [3], before=0, eligible=10, target=0.95, made=None)
    assert (plot.expected, plot.band, plot.end_y) == ("", "", None)
    assert [row.actual for row in plot.rows] == [0.3]
