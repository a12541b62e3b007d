"""Photographs give way to visits, and places are given back whatever happens."""

from __future__ import annotations

import pytest

from data.sync.line import Line, TooManyPhotos


def test_no_photograph_is_begun_before_too_many_records() -> None:
    line = Line(photos=2, records=1)
    with line.record():
        with line.photo():
            with line.record(), pytest.raises(TooManyPhotos) as shed:
                line.require_room()
            assert shed.value.details["seconds"] > 0
            line.require_room()
        with line.photo(), line.photo(), pytest.raises(TooManyPhotos), line.photo():
            pytest.fail("there are two places")


def test_a_place_is_given_back_also_after_an_error() -> None:
    line = Line(photos=1, records=0)
    for hold in (line.photo, line.record):
        with pytest.raises(ZeroDivisionError), hold():
            raise ZeroDivisionError
        with line.photo():
            pass
