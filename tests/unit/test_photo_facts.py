"""What cameras write into photographs: when and where, and nothing that breaks the taking in."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from data.renovation.photo_facts import PhotoFacts, read_facts


def photo(*, taken: str | None = None, offset: str | None = None, gps: dict[int, object] | None = None) -> bytes:
    """A JPEG with what a camera would write."""
    exif = Image.Exif()
    if taken is not None:
        exif.get_ifd(0x8769)[0x9003] = taken
    if offset is not None:
        exif.get_ifd(0x8769)[0x9011] = offset
    if gps is not None:
        exif.get_ifd(0x8825).update(gps)
    out = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(out, "JPEG", exif=exif)
    return out.getvalue()


def degrees(whole: int, minutes: int, seconds: float) -> tuple[IFDRational, ...]:
    return IFDRational(whole), IFDRational(minutes), IFDRational(int(seconds * 100), 100)


def test_time_without_zone_is_that_of_china() -> None:
    assert read_facts(photo(taken="2026:03:04 08:00:00")).taken_at == datetime(2026, 3, 4, 0, 0, tzinfo=UTC)


def test_time_with_zone_is_kept() -> None:
    found = read_facts(photo(taken="2026:03:04 08:00:00", offset="+09:00"))
    assert found.taken_at == datetime(2026, 3, 3, 23, 0, tzinfo=UTC)


def test_place_comes_as_degrees_of_the_right_half_of_the_earth() -> None:
    found = read_facts(photo(gps={1: "N", 2: degrees(36, 24, 18), 3: "W", 4: degrees(118, 48, 0)}))
    assert found.lat is not None
    assert found.lon is not None
    assert abs(found.lat - 36.405) < 1e-6
    assert abs(found.lon + 118.8) < 1e-6


def test_what_makes_no_sense_is_left_out() -> None:
    for content in (
        photo(taken="0000:00:00 00:00:00"),
        photo(taken="tomorrow"),
        photo(gps={1: "N", 2: degrees(0, 0, 0), 3: "E", 4: degrees(0, 0, 0)}),
        photo(gps={1: "N", 2: degrees(136, 0, 0), 3: "E", 4: degrees(118, 0, 0)}),
        photo(),
        b"no picture",
    ):
        assert read_facts(content) == PhotoFacts()
