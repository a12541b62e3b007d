"""The bodies of a look at a site of concern and of a check of the monthly monitoring, as phones send them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from data.local_time import ZONE
from data.rules.concerns import SEEN
from data.sync.appraisal_bodies import read_moment, taken_by
from data.sync.fields import Fields
from data.sync.items import NamedPhoto, read_photos

_MOST_KEY = 2**53
_WORDS = 2000
# What an inspector at the door can say in a round of monitoring; the other acts are the desk's.
CHECKS = ("checked_safe", "reported")
_SHOWN = ("concern",)


@dataclass(frozen=True)
class ToldObservation:
    """What was seen at a site of concern; ``at`` is by the server's clock, as far as the phone knew it."""

    no: int
    at: datetime
    seen: str
    note: str | None
    photos: tuple[NamedPhoto, ...]
    practice: bool


@dataclass(frozen=True)
class ToldCheck:
    """How a household of a round of monitoring was found; ``at`` is by the server's clock, as far as known."""

    monitored_id: int
    at: datetime
    act: str
    reason: str | None
    photos: tuple[NamedPhoto, ...]
    practice: bool


def read_observation(fields: Fields, _observation_id: uuid.UUID) -> ToldObservation:
    """Read the body of a look at a site of concern.

    Raises
    ------
    ItemUnfit
        With the first field that cannot be stored.
    """
    at, shift = read_moment(fields)
    return ToldObservation(
        no=int(fields.whole("concern", 1, _MOST_KEY, needed=True) or 0),
        at=at,
        seen=str(fields.one_of("seen", SEEN, needed=True)),
        note=fields.words("note", _WORDS),
        photos=taken_by(read_photos(fields, kinds=_SHOWN), shift),
        practice=fields.flag("practice"),
    )


def read_check(fields: Fields, _check_id: uuid.UUID) -> ToldCheck:
    """Read the body of a check of the monitoring; it has no photographs.

    Raises
    ------
    ItemUnfit
        With the first field that cannot be stored; a household reported as suspected needs a reason.
    """
    at, _shift = read_moment(fields)
    act = str(fields.one_of("act", CHECKS, needed=True))
    return ToldCheck(
        monitored_id=int(fields.whole("monitored", 1, _MOST_KEY, needed=True) or 0),
        at=at,
        act=act,
        reason=fields.words("reason", _WORDS, needed=act == "reported"),
        photos=(),
        practice=fields.flag("practice"),
    )


def day_of(at: datetime, today: date) -> date:
    """Local day of a moment; that of a phone whose clock runs ahead is today."""
    return min(at.astimezone(ZONE).date(), today)
