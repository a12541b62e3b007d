"""The body of a mark as a phone sends it, read and checked."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from data.rules.marks import FIELD, KIND, PART, PART_GRADES
from data.rules.words import GRADE, KEY_GROUP
from data.sync.fields import Fields, is_words
from data.sync.items import NamedPhoto, read_photos
from data.sync.refusals import ItemUnfit
from geo.errors import Text

_MOST_KEY = 2**53
_OFFSET_MS = 10 * 366 * 24 * 3600 * 1000
_MOST_CORNERS = 500
_LONGEST = {"address": 500, "house_no": 100, "hamlet": 100, "head_name": 60}
_MOST_PEOPLE = 200
# What is where it was marked; the others may be of a house or household alone.
_PLACED = ("new_house", "moved", "ruin", "abandoned", "illegal", "waste")


@dataclass(frozen=True)
class ToldChange:
    """One field of a correction: what the phone had, and what it should be."""

    field: str
    base: Any
    value: Any


@dataclass(frozen=True)
class ToldMark:
    """A mark as a phone tells of it; times are by the server's clock, as far as the phone knew it."""

    kind: str
    household_id: int | None
    house_id: int | None
    at: datetime
    clock_offset_ms: int | None
    place: tuple[float, float] | None
    accuracy_m: float | None
    accuracy_reason: str | None
    outline: str | None
    grade: str | None
    parts: dict[str, str] | None
    suspected: bool
    changes: tuple[ToldChange, ...]
    base_revision: int | None
    remark: str | None
    photos: tuple[NamedPhoto, ...]
    practice: bool


def read_mark(fields: Fields, _mark_id: uuid.UUID) -> ToldMark:
    """Read the body of a mark.

    Parameters
    ----------
    fields : Fields
        The whole body.

    Raises
    ------
    ItemUnfit
        With the first field that cannot be stored: unknown, of another type, or lacking for its kind.
    """
    kind = str(fields.one_of("kind", KIND, needed=True))
    offset = fields.whole("clock_offset_ms", -_OFFSET_MS, _OFFSET_MS)
    shift = timedelta(milliseconds=offset or 0)
    at = fields.moment("at", needed=True)
    assert at is not None  # said to be needed
    lon = fields.number("lon", -180, 180, needed=kind in _PLACED)
    lat = fields.number("lat", -90, 90, needed=kind in _PLACED)
    if (lon is None) != (lat is None):
        raise fields.unfit(
            "lat" if lat is None else "lon", None, Text("与另一坐标同时给出", "given with the other one")
        )
    told = ToldMark(
        kind=kind,
        household_id=fields.whole("household_id", 1, _MOST_KEY, needed=kind == "correction"),
        house_id=fields.whole("house_id", 1, _MOST_KEY),
        at=at + shift,
        clock_offset_ms=offset,
        place=(lon, lat) if lon is not None and lat is not None else None,
        accuracy_m=fields.number("accuracy_m", 0, 1e8),
        accuracy_reason=fields.words("accuracy_reason", 500),
        outline=_read_outline(fields.inner("outline")),
        grade=fields.one_of("grade", GRADE),
        parts=_read_parts(fields.inner("parts")),
        suspected=fields.flag("suspected"),
        changes=_read_changes(fields),
        base_revision=fields.whole("base_revision", 0, 2**31 - 1),
        remark=fields.words("remark", 4000),
        photos=tuple(
            replace(photo, taken_at=photo.taken_at + shift if photo.taken_at else None) for photo in read_photos(fields)
        ),
        practice=fields.flag("practice"),
    )
    if kind == "correction" and not told.changes:
        raise fields.unfit("changes", None, Text("至少一项更正", "at least one field to correct"))
    if kind == "moved" and told.household_id is None and told.house_id is None:
        raise fields.unfit("household_id", None, Text("要移动的户或房屋", "the household or house to move"))
    if kind == "impression" and not (told.grade or told.parts or told.suspected):
        raise fields.unfit("grade", None, Text("等级、部位或疑似之一", "a grade, parts, or a suspicion"))
    return told


def _read_outline(fields: Fields | None) -> str | None:
    """A polygon without holes as GeoJSON; drawn by hand or walked, it may cross itself."""
    if fields is None:
        return None
    fields.one_of("type", ("Polygon",), needed=True)
    rings = fields.each("coordinates", 1, _read_ring)
    fields.end()
    if not rings:
        raise fields.unfit("coordinates", None, Text("一圈坐标", "one ring of places"))
    return json.dumps({"type": "Polygon", "coordinates": [list(rings[0])]})


def _read_ring(value: Any, where: str) -> list[list[float]]:
    expected = Text(
        f"3 到 {_MOST_CORNERS} 个 [经度, 纬度]，首尾相同", f"3 to {_MOST_CORNERS} places [lon, lat], the last the first"
    )
    if not isinstance(value, list) or not 4 <= len(value) <= _MOST_CORNERS + 1:
        raise ItemUnfit(where, type(value).__name__, expected)
    for place in value:
        if not isinstance(place, list) or len(place) != 2 or not all(map(_is_degree, place, (180, 90))):
            raise ItemUnfit(where, place, expected)
    if value[0] != value[-1]:
        raise ItemUnfit(where, value[-1], expected)
    return value


def _is_degree(value: Any, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most


def _read_parts(fields: Fields | None) -> dict[str, str] | None:
    if fields is None:
        return None
    found = {part: fields.one_of(part, PART_GRADES) for part in PART}
    fields.end()
    return {part: grade for part, grade in found.items() if grade is not None} or None


def _read_changes(fields: Fields) -> tuple[ToldChange, ...]:
    given = fields.free("changes", len(FIELD), 20_000) or {}
    changes = []
    for name, value in given.items():
        if name not in FIELD:
            raise fields.unfit(f"changes.{name}"[:80], "", Text("可更正的字段", "a field that can be corrected"))
        one = Fields(value, f"changes.{name}.")
        if not isinstance(value, dict) or not set(value) <= {"base", "value"} or "value" not in value:
            raise one.unfit("value", None, Text("base 与 value", "base and value"))
        if not _fits(name, value["value"]):
            raise one.unfit("value", value["value"], Text("该字段能有的值", "a value this field can have"))
        changes.append(ToldChange(name, plain(value.get("base")), plain(value["value"])))
    return tuple(changes)


def _fits(name: str, value: Any) -> bool:
    if name == "people":
        return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_PEOPLE)
    if name == "key_groups":
        return isinstance(value, list) and len(value) <= len(KEY_GROUP) and all(one in KEY_GROUP for one in value)
    if value is None:
        return name != "head_name"
    return is_words(value, _LONGEST[name]) and (name != "head_name" or bool(value.strip()))


def plain(value: Any) -> Any:
    """A value as it is compared: text without blanks round it, nothing instead of an empty one, lists in order."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, list):
        return sorted({str(one) for one in value})
    return value
