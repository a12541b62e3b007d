"""Classes of payments: their borders, and that the map's script holds the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data.rules.gates import LATE_DAYS, PAID_DAYS, PAYMENT_CLASSES, payment_class

SCRIPT = Path(__file__).resolve().parents[2] / "static" / "js" / "map" / "site-signs.js"


@pytest.mark.parametrize(
    ("waits", "overdue", "days", "found"),
    [
        (True, None, None, "undated"),
        (True, -3, None, "due"),
        (True, 0, None, "due"),
        (True, 1, None, "late_0"),
        (True, 30, None, "late_0"),
        (True, 31, None, "late_1"),
        (True, 90, None, "late_1"),
        (True, 91, None, "late_2"),
        (False, None, 0, "paid_0"),
        (False, None, 15, "paid_0"),
        (False, None, 16, "paid_1"),
        (False, None, 60, "paid_2"),
        (False, None, 61, "paid_3"),
        (False, None, None, "paid_undated"),
        (False, None, -1, "paid_undated"),
    ],
)
def test_each_day_has_its_class(waits: bool, overdue: int | None, days: int | None, found: str) -> None:
    assert payment_class(waits, overdue, days) == found
    assert found in PAYMENT_CLASSES


def test_the_script_of_the_map_has_the_same_limits_and_classes() -> None:
    words = SCRIPT.read_text(encoding="utf-8")

    def numbers(name: str) -> tuple[int, ...]:
        found = re.search(rf"{name} = \[([\d, ]+)\]", words)
        assert found, name
        return tuple(int(one) for one in found[1].split(","))

    assert numbers("LATE_DAYS") == LATE_DAYS
    assert numbers("PAID_DAYS") == PAID_DAYS
    drawn = re.search(r"PAYMENTS = \[(.*?)\]", words, re.DOTALL)
    assert drawn
    assert set(re.findall(r'"(\w+)"', drawn[1])) == set(PAYMENT_CLASSES)
