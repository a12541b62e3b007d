"""The stages of a campaign on a line with today, as numbers for a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

WIDTH = 1000.0
# A stage of one day is still to be seen.
_LEAST = 6.0
# Of a stage without a first day, or without a last one, so much is drawn.
_OPEN_DAYS = 30


@dataclass(frozen=True)
class Bar:
    """One stage: where it begins and how long it is, on a line of ``WIDTH`` units; ``row`` of the stages above it."""

    row: int
    x: float
    width: float
    state: str
    stage: Mapping[str, Any]


@dataclass(frozen=True)
class StageLine:
    """The bars in order, and where today is; None if it lies outside."""

    bars: list[Bar]
    today: float | None
    height: int


def stage_line(stages: Sequence[Mapping[str, Any]], today: date) -> StageLine | None:
    """Lay the stages of a stored plan out on a line.

    Parameters
    ----------
    stages : sequence of mapping
        With ``starts_on`` and ``ends_on`` as ISO text; those with neither are left out. A stage without a first day
        begins where the one before it ends.

    Returns
    -------
    StageLine or None
        None where no stage has a day.
    """
    spans: list[tuple[date, date, Mapping[str, Any]]] = []
    before: date | None = None
    for stage in stages:
        starts, ends = (date.fromisoformat(stage[n]) if stage.get(n) else None for n in ("starts_on", "ends_on"))
        if starts is None and ends is None:
            continue
        if starts is None and ends is not None:
            begun = before + timedelta(days=1) if before else ends - timedelta(days=_OPEN_DAYS)
            starts = min(begun, ends)
        if starts is not None:
            spans.append((starts, ends or starts + timedelta(days=_OPEN_DAYS), stage))
            before = ends or before
    if not spans:
        return None
    first, last = min(s for s, _, _ in spans), max(e for _, e, _ in spans)
    days = (last - first).days + 1

    def place(day: date) -> float:
        return round((day - first).days / days * WIDTH, 1)

    bars = [
        Bar(
            row,
            place(starts),
            max(_LEAST, round(place(ends + timedelta(days=1)) - place(starts), 1)),
            "over" if today > ends and stage.get("ends_on") else "to_come" if today < starts else "now",
            stage,
        )
        for row, (starts, ends, stage) in enumerate(spans)
    ]
    return StageLine(bars, place(today) if first <= today <= last else None, 16 * len(bars) + 8)
