"""A visit as a phone tells of it: what is read from the JSON, and what is odd about it."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from data.sync.fields import Fields, read_object
from data.sync.refusals import ItemUnfit
from data.sync.visit_bodies import ToldVisit, flags_of, read_visit

TEN = datetime(2026, 5, 6, 2, 0, tzinfo=UTC)
KEY = uuid.UUID(int=7)


def told(**other: Any) -> ToldVisit:
    body = {
        "schema": 1,
        "campaign": 1,
        "round": 1,
        "started_at": TEN.isoformat(),
        "ended_at": (TEN + timedelta(minutes=30)).isoformat(),
        "entered_at": (TEN + timedelta(minutes=31)).isoformat(),
        "mode": "home",
        "outcome": "done",
        **other,
    }
    return read_visit(Fields(body), KEY)


def odd(visit: ToldVisit, **known: Any) -> list[str]:
    about = {"received_at": TEN + timedelta(hours=1), "distance_m": None, "starts_on": None, "ends_on": None} | known
    return flags_of(visit, **about)


def test_an_ordinary_visit_is_not_odd() -> None:
    assert odd(told()) == []


@pytest.mark.parametrize(
    ("other", "known", "expected"),
    [
        ({"clock_offset_ms": 300_000}, {}, []),
        ({"clock_offset_ms": 300_001}, {}, ["clock_off"]),
        ({"clock_offset_ms": -300_001}, {}, ["clock_off"]),
        ({}, {"received_at": TEN + timedelta(minutes=26)}, []),
        ({}, {"received_at": TEN + timedelta(minutes=25)}, ["clock_off"]),
        ({"ended_at": (TEN - timedelta(seconds=1)).isoformat()}, {}, ["order"]),
        ({"duration_s": 2100, "duration_by": "monotonic"}, {}, []),
        ({"duration_s": 2101, "duration_by": "monotonic"}, {}, ["order"]),
        ({"duration_s": 9000, "duration_by": "clock"}, {}, []),
        ({}, {"distance_m": 200.0}, []),
        ({}, {"distance_m": 200.1}, ["far"]),
        ({"mode": "phone"}, {"distance_m": 5000.0}, []),
        ({"fix": {"lon": 118, "lat": 36, "accuracy_m": 50}}, {}, []),
        ({"fix": {"lon": 118, "lat": 36, "accuracy_m": 50.1}}, {}, ["rough"]),
        ({"fix": {"lon": 118, "lat": 36}}, {}, ["rough"]),
        ({}, {"starts_on": date(2026, 5, 6), "ends_on": date(2026, 5, 6)}, []),
        ({}, {"starts_on": date(2026, 5, 7)}, ["outside_round"]),
        ({}, {"ends_on": date(2026, 5, 5)}, ["outside_round"]),
    ],
)
def test_what_is_odd_is_told_apart_at_its_limit(
    other: dict[str, Any], known: dict[str, Any], expected: list[str]
) -> None:
    assert odd(told(**other), **known) == expected


def test_presence_is_what_the_phone_counted_else_from_start_to_end() -> None:
    assert told().minutes == 30
    assert told(duration_s=2700, duration_by="monotonic").minutes == 45
    assert told(ended_at=(TEN - timedelta(minutes=5)).isoformat()).minutes is None


@pytest.mark.parametrize(("minutes", "age_s"), [(0, 0), (31, 0), (-10, 600), (40, 540)])
def test_the_age_of_a_position_is_how_far_it_lies_from_the_visit(minutes: int, age_s: float) -> None:
    at = (TEN + timedelta(minutes=minutes)).isoformat()
    assert told(fix={"lon": 118, "lat": 36, "accuracy_m": 5, "at": at}).fix_age_s == age_s
    assert told(fix={"lon": 118, "lat": 36, "accuracy_m": 5}).fix_age_s is None


def test_every_time_is_set_right_by_the_difference_of_the_clocks() -> None:
    photo = {"id": str(KEY), "sha256": "0" * 64, "size": 9, "taken_at": TEN.isoformat()}
    fix = {"lon": 118, "lat": 36, "accuracy_m": 5, "at": TEN.isoformat()}
    visit = told(clock_offset_ms=-60_000, photos=[photo], fix=fix)
    minute = timedelta(minutes=1)
    assert visit.started_at == visit.photos[0].taken_at == TEN - minute
    assert visit.fix is not None
    assert visit.fix.at == TEN - minute
    assert visit.fix_age_s == 0
    # The day of a visit is that of the village: 20:30 UTC is the next day there.
    assert told(started_at="2026-05-06T20:30:00+00:00").day == date(2026, 5, 7)


@pytest.mark.parametrize(
    "other",
    [
        {"supersedes": str(KEY)},
        {"household_id": 0},
        {"household_id": True},
        {"campaign": 1.0},
        {"duration_s": float("inf")},
        {"entered_at": "2026-05-06T10:00:00"},
        {"entered_at": "1969-01-01T10:00:00Z"},
        {"companions": ["甲"] * 21},
        {"companions": [" "]},
        {"answers": {"q": {"a": {"b": {"c": {"d": {"e": {"f": {}}}}}}}}},
        {"photos": [{"id": str(KEY), "sha256": "0" * 64, "size": 614_401}]},
        {"photos": [{"id": "ABCDEF00-0000-4000-8000-000000000007", "sha256": "0" * 64, "size": 1}]},
        {"photos": [{"id": str(KEY), "sha256": "0" * 64, "size": 1}] * 2},
        {"demands": [{"id": str(KEY), "class": "road", "photos": [str(KEY)]}]},
        {"demands": [{"id": str(KEY), "class": " "}]},
    ],
)
def test_what_cannot_be_stored_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(ItemUnfit):
        told(**other)


def test_a_field_nobody_knows_is_refused_and_not_lost_in_silence() -> None:
    fields = Fields({"a": 1, "b": 2})
    assert fields.whole("a", 0) == 1
    with pytest.raises(ItemUnfit) as refused:
        fields.end()
    assert refused.value.details["where"] == "b"


def test_json_that_is_nested_too_deep_or_no_utf_8_is_refused() -> None:
    for body in (b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5000, '{"a": 1}'.encode("utf-16")):
        with pytest.raises(ItemUnfit):
            read_object(body)
