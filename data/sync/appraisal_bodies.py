"""The body of an appraisal as a phone sends it, read and checked; its fields are those of the desk's form."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from data.appraisal_told import MOST_REMARK, MOST_WORDS, AppraisalUnfit, Told, read_told
from data.local_time import ZONE
from data.rules.appraising import ABSENT, CAUSE, LEVEL, MEASURES, MOST_POINTS, PART, SITE, STANDARD
from data.rules.words import GRADE
from data.sync.fields import Fields
from data.sync.items import NamedPhoto, read_photos
from data.sync.refusals import ItemRefused

MOST_PHOTOS = 12
# What a photograph shows: the house as a whole, its site, or one of its parts.
SHOWN = ("house", "site", *PART)
_MOST_KEY = 2**53
_OFFSET_MS = 10 * 366 * 24 * 3600 * 1000
_DAY = len("2026-11-27")


@dataclass(frozen=True)
class ToldAppraisal:
    """An appraisal as a phone tells of it.

    Attributes
    ----------
    told : data.appraisals.Told
        As the desk's form gives it.
    dated : bool
        Whether a person chose the day; else it is that of the phone, by the server's clock as far as it knew it.
    """

    house_id: int
    told: Told
    dated: bool
    photos: tuple[NamedPhoto, ...]
    practice: bool


def read_appraisal(fields: Fields, appraisal_id: uuid.UUID) -> ToldAppraisal:
    """Read the body of an appraisal.

    Parameters
    ----------
    fields : Fields
        The whole body.
    appraisal_id : UUID
        Its id, from the address.

    Raises
    ------
    ItemUnfit
        With the first field that cannot be stored, or that the form of the desk would not take.
    """
    at, shift = read_moment(fields)
    chosen = fields.words("appraised_on", _DAY)
    values: dict[str, Any] = {
        "id": str(appraisal_id),
        "standard": fields.one_of("standard", STANDARD, needed=True),
        "site": fields.one_of("site", SITE),
        "parts": _read_parts(fields.inner("parts")),
        "measures": fields.one_of("measures", MEASURES),
        "raw": fields.words("raw", MOST_WORDS),
        "grade": fields.one_of("grade", GRADE),
        "reason": fields.words("reason", MOST_REMARK),
        "appraised_on": chosen or at.astimezone(ZONE).date().isoformat(),
        "appraiser": fields.words("appraiser", MOST_WORDS, needed=True),
        "appraised_by": fields.words("appraised_by", MOST_WORDS),
        "cause": fields.one_of("cause", CAUSE, needed=True),
        "valid_until": fields.words("valid_until", _DAY),
        "remark": fields.words("remark", MOST_REMARK),
        "mark": fields.whole("mark", 1, _MOST_KEY),
    }
    try:
        told = read_told(values)
    except AppraisalUnfit as why:
        raise ItemRefused(str(why.details.get("column")), why.text) from why
    return ToldAppraisal(
        house_id=int(fields.whole("house_id", 1, _MOST_KEY, needed=True) or 0),
        told=told,
        dated=chosen is not None,
        photos=taken_by(read_photos(fields, MOST_PHOTOS, SHOWN), shift),
        practice=fields.flag("practice"),
    )


def read_moment(fields: Fields) -> tuple[datetime, timedelta]:
    """When it was saved by the server's clock, and by how much the phone's clock is put right."""
    shift = timedelta(milliseconds=fields.whole("clock_offset_ms", -_OFFSET_MS, _OFFSET_MS) or 0)
    at = fields.moment("at", needed=True)
    assert at is not None  # said to be needed
    return at + shift, shift


def taken_by(photos: tuple[NamedPhoto, ...], shift: timedelta) -> tuple[NamedPhoto, ...]:
    """Photographs with their moments put right."""
    return tuple(replace(photo, taken_at=photo.taken_at + shift if photo.taken_at else None) for photo in photos)


def _read_parts(fields: Fields | None) -> dict[str, dict[str, str | None]]:
    found = {}
    for part in PART if fields is not None else ():
        one = fields.inner(part) if fields is not None else None
        if one is None:
            continue
        level = one.one_of("level", (*LEVEL, ABSENT), needed=True)
        found[part] = {"level": level, "points": one.words("points", MOST_POINTS)}
        one.end()
    if fields is not None:
        fields.end()
    return found
