"""When a visit counts: place, hour and reasons as the plan asks for them, and what a person's ruling does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.rules.plan import VisitRule
from data.rules.validity import VisitFacts, check_visit
from data.rules.words import VERDICT


@dataclass(frozen=True)
class Strict(VisitRule):
    """A rule that asks everything."""

    min_minutes: float | None = 30
    remote_modes: tuple[str, ...] = ("phone",)
    remote_reasons: tuple[str, ...] = ("away",)
    max_distance_m: float | None = 100
    max_accuracy_m: float | None = 50
    max_fix_age_s: float | None = 600
    earliest: str | None = "07:00"
    latest: str | None = "21:30"


GOOD = VisitFacts("home", "done", 31, None, None, None, True, 40, 10, 30, 9.5)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "valid"),
        ({"distance_m": 100}, "valid"),
        ({"distance_m": 101}, "too_far"),
        ({"distance_m": None}, "valid"),
        ({"accuracy_m": 51, "distance_m": 5000}, "rough_fix"),
        ({"fix_age_s": 601, "accuracy_m": 51}, "old_fix"),
        ({"has_fix": False}, "no_place"),
        ({"has_fix": None, "distance_m": 5000}, "valid"),
        ({"started_h": 6.99}, "off_hours"),
        ({"started_h": 21.5}, "valid"),
        ({"started_h": 21.6}, "off_hours"),
        ({"minutes": 29.9, "distance_m": 500}, "too_short"),
        ({"distance_m": 500, "ruling": "genuine"}, "valid"),
        ({"minutes": 5, "ruling": "genuine"}, "too_short"),
        ({"ruling": "false"}, "ruled_false"),
        ({"ruling": "void"}, "void"),
        ({"mode": "phone", "reason": "away"}, "valid"),
        ({"mode": "phone", "reason": "busy"}, "other_reason"),
        ({"mode": "phone"}, "no_reason"),
    ],
)
def test_a_visit_is_judged(change: dict[str, object], verdict: str) -> None:
    assert check_visit(replace(GOOD, **change), Strict()) == verdict  # type: ignore[arg-type]
    assert verdict in VERDICT


def test_what_a_plan_does_not_ask_is_not_judged() -> None:
    rule = VisitRule(min_minutes=30)
    assert check_visit(replace(GOOD, has_fix=False, distance_m=None, started_h=3.0), rule) == "valid"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.sampled_from(["home", "phone", "wechat"]),
    st.sampled_from(["done", "nobody_home", "long_away"]),
    st.none() | st.floats(0, 200),
    st.none() | st.sampled_from(["away", ""]),
    st.none() | st.floats(0, 9000),
)
def test_removing_an_excuse_never_makes_a_visit_count(
    mode: str, outcome: str, minutes: float | None, reason: str | None, distance: float | None
) -> None:
    facts = VisitFacts(mode, outcome, minutes, reason, None, None, True, distance, 10, 30, 10)
    if check_visit(replace(facts, reason=None), Strict()) == "valid":
        assert check_visit(facts, Strict()) == "valid"
