"""Where observations of a site of concern lead, and when the next is due."""

from __future__ import annotations

from datetime import date

import pytest

from data.rules.concerns import STATE, WITHIN_DAYS, look_by, standing


@pytest.mark.parametrize(
    ("seen", "states"),
    [
        ([], []),
        (["untouched"], ["untouched"]),
        (["clearing", "cleared", "cleared"], ["clearing", "cleared", "cleared"]),
        (["cleared", "untouched"], ["cleared", "relapsed"]),
        (["cleared", "clearing"], ["cleared", "relapsed"]),
        (["cleared", "untouched", "clearing", "untouched"], ["cleared", "relapsed", "clearing", "untouched"]),
        (["cleared", "untouched", "untouched"], ["cleared", "relapsed", "relapsed"]),
        (["cleared", "untouched", "cleared", "untouched"], ["cleared", "relapsed", "cleared", "relapsed"]),
    ],
)  # fmt: skip
def test_dirty_after_cleared_is_a_relapse(seen: list[str], states: list[str]) -> None:
    assert standing(seen) == states
    assert set(states) <= set(STATE)


def test_a_look_is_due_every_week() -> None:
    assert WITHIN_DAYS == 7
    assert look_by(date(2026, 2, 25)) == date(2026, 3, 4)
