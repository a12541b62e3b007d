"""What a camera wrote into a photograph (EXIF): when and where it was taken."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

_ZONE = ZoneInfo("Asia/Shanghai")
# EXIF 2.32, tables 4, 7 and 15: numbers of the tags.
_EXIF, _GPS, _TAKEN, _OFFSET, _CHANGED = 0x8769, 0x8825, 0x9003, 0x9011, 0x0132


@dataclass(frozen=True)
class PhotoFacts:
    """When (with zone) and where (degrees, WGS-84) a photograph was taken; None where the camera does not say."""

    taken_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None


def read_facts(content: bytes) -> PhotoFacts:
    """Read what the camera wrote; nothing that cannot be read is an error.

    Parameters
    ----------
    content : bytes
        A picture. A time without zone is taken as China's.
    """
    from PIL import Image  # only those who take photographs in need it

    try:
        with Image.open(io.BytesIO(content)) as picture:
            exif = picture.getexif()
            inner, gps = exif.get_ifd(_EXIF), exif.get_ifd(_GPS)
        taken = _moment(inner.get(_TAKEN) or exif.get(_CHANGED), inner.get(_OFFSET))
        lat, lon = _degrees(gps.get(2), gps.get(1), "S"), _degrees(gps.get(4), gps.get(3), "W")
    except (OSError, ValueError, TypeError, KeyError, SyntaxError, ZeroDivisionError, OverflowError):
        return PhotoFacts()
    if lat is None or lon is None or not (-90 <= lat <= 90 and -180 <= lon <= 180) or (lat, lon) == (0, 0):
        return PhotoFacts(taken)
    return PhotoFacts(taken, lon, lat)


def _moment(value: object, offset: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.strptime(value.strip("\x00 ")[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 (its zone is looked at next)
        if isinstance(offset, str) and offset.strip("\x00 "):
            return datetime.fromisoformat(f"{found.isoformat()}{offset.strip(chr(0) + ' ')}")
    except ValueError:
        return None
    return found.replace(tzinfo=_ZONE) if found.year > 1990 else None


def _degrees(value: object, side: object, negative: str) -> float | None:
    if not isinstance(value, tuple) or len(value) != 3:
        return None
    degrees, minutes, seconds = (float(one) for one in value)
    found = degrees + minutes / 60 + seconds / 3600
    if found != found:  # not a number: a camera without a fix writes 0/0
        return None
    return -found if side == negative else found
