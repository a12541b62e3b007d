"""Progress to the target as a drawing: what was reached, what is to be expected, and the target; paths, no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from data.rules.forecast import Forecast

WIDTH, HEIGHT = 420.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 40.0, 14.0, 14.0, 24.0


@dataclass(frozen=True)
class Tick:
    """A line of the grid: where, and what it says."""

    at: float
    value: float


@dataclass(frozen=True)
class Row:
    """One row of the table beside the drawing: ratios; None where nothing is known or expected."""

    day: date
    actual: float | None
    low: float | None
    middle: float | None
    high: float | None


@dataclass(frozen=True)
class Plot:
    """The drawing in a box of :data:`WIDTH` by :data:`HEIGHT`.

    Attributes
    ----------
    actual, expected, band : str
        Paths; the last two empty without a forecast.
    target_y, now_x, now_y, end_x, end_y : float
        Places of the words; the end None without a forecast.
    ticks : tuple of Tick
        Horizontal lines with their ratios.
    first, now, last : date
        Days under the drawing.
    rows : tuple of Row
        The same as a table, about weekly.
    """

    actual: str
    expected: str
    band: str
    target_y: float
    now_x: float
    now_y: float
    end_x: float | None
    end_y: float | None
    ticks: tuple[Tick, ...]
    first: date
    now: date
    last: date
    rows: tuple[Row, ...]


def progress_plot(
    starts_on: date, counts: Sequence[int], *, before: int, eligible: int, target: float, made: Forecast | None
) -> Plot:
    """Lay out the drawing.

    Parameters
    ----------
    starts_on : date
        Day of the first count.
    counts : sequence of int
        Households visited on each day, at least one day.
    before : int
        Households visited already when the first day began.
    eligible : int
        The denominator, above zero.
    target : float
        Ratio to reach.
    made : Forecast, optional
        What is to be expected from the last day on.
    """
    reached, levels = before, []
    for n in counts:
        reached += n
        levels.append(reached / eligible)
    now = starts_on + timedelta(days=len(counts) - 1)
    last = made.days[-1] if made else now
    span = max(1, (last - starts_on).days)
    lowest = min(levels[0], target)
    floor = 0.0 if lowest < 0.4 else 0.4
    top = max(1.0, levels[-1])

    def x(day: date) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (day - starts_on).days / span, 1)

    def y(ratio: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (top - ratio) / (top - floor), 1)

    def path(points: Sequence[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{px},{py}" for px, py in points) if points else ""

    expected = band = ""
    if made and len(made.days) > 1:
        days = [x(day) for day in made.days]
        expected = path(list(zip(days, [y(v / eligible) for v in made.middle], strict=True)))
        upper = list(zip(days, [y(v / eligible) for v in made.high], strict=True))
        lower = list(zip(days, [y(v / eligible) for v in made.low], strict=True))
        band = path(upper + lower[::-1]) + "Z"
    step = 0.2
    values = [round(floor + step * n, 1) for n in range(int((top - floor) / step + 1e-9) + 1)]
    return Plot(
        actual=path([(x(starts_on + timedelta(days=n)), y(level)) for n, level in enumerate(levels)]),
        expected=expected,
        band=band,
        target_y=y(target),
        now_x=x(now),
        now_y=y(levels[-1]),
        end_x=x(last) if expected else None,
        end_y=y(made.middle[-1] / eligible) if made and expected else None,
        ticks=tuple(Tick(y(value), value) for value in values),
        first=starts_on,
        now=now,
        last=last,
        rows=_rows(starts_on, levels, eligible, made),
    )


def _rows(starts_on: date, levels: Sequence[float], eligible: int, made: Forecast | None) -> tuple[Row, ...]:
    known = [Row(starts_on + timedelta(days=n), level, None, None, None) for n, level in enumerate(levels)]
    shown = known[:-1:7] + known[-1:]
    if made and len(made.days) > 1:
        lines = zip(made.days, made.low, made.middle, made.high, strict=True)
        to_come = [
            Row(day, None, low / eligible, middle / eligible, high / eligible) for day, low, middle, high in lines
        ]
        shown += to_come[7:-1:7] + to_come[-1:]
    return tuple(shown)
