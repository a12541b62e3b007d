"""The body of a visit as a phone sends it, read and checked; what is odd is noted in flags and never refused."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from data.local_time import ZONE
from data.rules.words import MODE, OUTCOME
from data.sync.fields import Fields, key_of, words_of
from data.sync.items import MOST_PHOTOS, NamedPhoto, read_photos
from data.tables.sync import DURATIONS, RETURNS
from geo.errors import Text

# Beyond these the phone asks why; they are no rule of what counts, which stands in the plan.
ROUGH_M, FAR_M = 50.0, 200.0
CLOCK_OFF_S = 300.0
_WORDS, _REMARK, _NAME = 500, 4000, 60
_MOST_KEY = 2**53
_OFFSET_MS = 10 * 366 * 24 * 3600 * 1000
_DAY_S = 86_400.0


@dataclass(frozen=True)
class Fix:
    """A position as the phone gave it: degrees (WGS 84), metres of error, and when."""

    lon: float
    lat: float
    accuracy_m: float | None
    at: datetime | None


@dataclass(frozen=True)
class ToldDemand:
    """A demand as it was raised."""

    id: uuid.UUID
    class_key: str
    words: str
    solved: bool
    from_question: str | None
    photos: tuple[uuid.UUID, ...]


@dataclass(frozen=True)
class ToldVisit:
    """A visit as a phone tells of it; every time is by the server's clock, as far as the phone knew it."""

    household_id: int | None
    household_ref: str | None
    campaign_id: int
    round_no: int
    kind: str | None
    started_at: datetime
    ended_at: datetime
    entered_at: datetime
    duration_s: float | None
    duration_by: str | None
    clock_offset_ms: int | None
    mode: str
    reason: str | None
    outcome: str
    outcome_reason: str | None
    fix: Fix | None
    fix_reason: str | None
    companions: tuple[str, ...]
    work: tuple[str, ...]
    form_version: int | None
    answers: dict[str, Any] | None
    satisfaction: int | None
    return_at: datetime | None
    return_when: str | None
    remark: str | None
    demands: tuple[ToldDemand, ...]
    photos: tuple[NamedPhoto, ...]
    supersedes: uuid.UUID | None
    practice: bool

    @property
    def minutes(self) -> float | None:
        """Minutes of presence: counted while the page lived, else from start to end; None if it ends too early."""
        if self.duration_s is not None:
            return self.duration_s / 60
        stay_s = (self.ended_at - self.started_at).total_seconds()
        return stay_s / 60 if stay_s >= 0 else None

    @property
    def fix_age_s(self) -> float | None:
        """Seconds by which the position lies outside the time of the visit; 0 for one taken at it, None if unknown."""
        if self.fix is None or self.fix.at is None:
            return None
        before = (min(self.started_at, self.ended_at) - self.fix.at).total_seconds()
        after = (self.fix.at - max(self.started_at, self.ended_at, self.entered_at)).total_seconds()
        return max(0.0, before, after)

    @property
    def day(self) -> date:
        """Day of the visit in the field's zone."""
        return self.started_at.astimezone(ZONE).date()


def read_visit(fields: Fields, visit_id: uuid.UUID) -> ToldVisit:
    """Read the body of a visit.

    Parameters
    ----------
    fields : Fields
        The whole body.
    visit_id : UUID
        Its id, from the address.

    Raises
    ------
    ItemUnfit
        With the first field that cannot be stored.

    Notes
    -----
    ``clock_offset_ms`` is what must be added to the phone's clock to get the server's, as of its last contact; every
    time of the visit is corrected by it.
    """
    offset = fields.whole("clock_offset_ms", -_OFFSET_MS, _OFFSET_MS)
    shift = timedelta(milliseconds=offset or 0)
    moments = {name: fields.moment(name, needed=True) for name in ("started_at", "ended_at", "entered_at")}
    started, ended, entered = (moment + shift for moment in moments.values() if moment is not None)
    photos = read_photos(fields)
    demands = fields.each("demands", 20, _read_demand)
    supersedes = fields.key("supersedes")
    _check_ids(fields, demands, photos)
    if supersedes == visit_id:
        raise fields.unfit("supersedes", supersedes, Text("另一次走访的编号", "the id of another visit"))
    raised_at = {photo: demand.id for demand in demands for photo in demand.photos}
    return ToldVisit(
        household_id=fields.whole("household_id", 1, _MOST_KEY),
        household_ref=fields.words("household_ref", 100),
        campaign_id=int(fields.whole("campaign", 1, _MOST_KEY, needed=True) or 0),
        round_no=int(fields.whole("round", 1, 99, needed=True) or 0),
        kind=fields.words("kind", _NAME),
        started_at=started,
        ended_at=ended,
        entered_at=entered,
        duration_s=fields.number("duration_s", 0, 10 * _DAY_S),
        duration_by=fields.one_of("duration_by", DURATIONS),
        clock_offset_ms=offset,
        mode=str(fields.one_of("mode", MODE, needed=True)),
        reason=fields.words("reason", _WORDS),
        outcome=str(fields.one_of("outcome", OUTCOME, needed=True)),
        outcome_reason=fields.words("outcome_reason", _WORDS),
        fix=_read_fix(fields.inner("fix"), shift),
        fix_reason=fields.words("fix_reason", _WORDS),
        companions=fields.each("companions", 20, lambda value, where: words_of(value, where, _NAME)),
        work=fields.each("work", 100, lambda value, where: words_of(value, where, _NAME)),
        form_version=fields.whole("form_version", 0, 1_000_000),
        answers=fields.free("answers", 300, 100_000),
        satisfaction=fields.whole("satisfaction", 1, 5),
        return_at=fields.moment("return_at"),
        return_when=fields.one_of("return_when", RETURNS),
        remark=fields.words("remark", _REMARK),
        demands=demands,
        photos=tuple(
            replace(
                photo,
                demand_id=raised_at.get(photo.id),
                taken_at=photo.taken_at + shift if photo.taken_at else None,
            )
            for photo in photos
        ),
        supersedes=supersedes,
        practice=fields.flag("practice"),
    )


def _read_fix(fields: Fields | None, shift: timedelta) -> Fix | None:
    if fields is None:
        return None
    lon = fields.number("lon", -180, 180, needed=True)
    lat = fields.number("lat", -90, 90, needed=True)
    at = fields.moment("at")
    found = Fix(float(lon or 0), float(lat or 0), fields.number("accuracy_m", 0, 1e8), at + shift if at else None)
    # The phone's own distance is measured again from the household's place as it is now.
    fields.number("distance_m", 0, 1e8)
    fields.end()
    return found


def _read_demand(value: Any, where: str) -> ToldDemand:
    fields = Fields(value, f"{where}.")
    found = ToldDemand(
        id=key_of(value.get("id"), f"{where}.id"),
        class_key=str(fields.words("class", _NAME, needed=True)),
        words=fields.words("text", 2000) or "",
        solved=fields.flag("solved"),
        from_question=fields.words("from_question", 100),
        photos=fields.each("photos", MOST_PHOTOS, key_of),
    )
    fields.key("id")
    fields.end()
    return found


def _check_ids(fields: Fields, demands: tuple[ToldDemand, ...], photos: tuple[NamedPhoto, ...]) -> None:
    if len({demand.id for demand in demands}) < len(demands):
        raise fields.unfit("demands", "twice", Text("各条一次", "each of them once"))
    named = [photo for demand in demands for photo in demand.photos]
    if len(set(named)) < len(named) or not set(named) <= {photo.id for photo in photos}:
        expected = Text("photos 中的编号，各属一条诉求", "ids that stand in photos, each with one demand")
        raise fields.unfit("demands", "photos", expected)


def flags_of(
    told: ToldVisit,
    *,
    received_at: datetime,
    distance_m: float | None,
    starts_on: date | None,
    ends_on: date | None,
) -> list[str]:
    """What is odd about a visit by itself: ``clock_off``, ``order``, ``far``, ``rough``, ``outside_round``.

    Parameters
    ----------
    received_at : datetime
        By the server's clock.
    distance_m : float or None
        From the household's place.
    starts_on, ends_on : date or None
        Days of the round, both included.
    """
    flags = []
    ahead_s = (max(told.started_at, told.entered_at) - received_at).total_seconds()
    if abs(told.clock_offset_ms or 0) > 1000 * CLOCK_OFF_S or ahead_s > CLOCK_OFF_S:
        flags.append("clock_off")
    stay_s = (told.ended_at - told.started_at).total_seconds()
    jumped = told.duration_by == "monotonic" and abs((told.duration_s or 0) - stay_s) > CLOCK_OFF_S
    if stay_s < 0 or told.entered_at < told.started_at or jumped:
        flags.append("order")
    if told.mode == "home" and distance_m is not None and distance_m > FAR_M:
        flags.append("far")
    if told.mode == "home" and told.fix and (told.fix.accuracy_m is None or told.fix.accuracy_m > ROUGH_M):
        flags.append("rough")
    if (starts_on and told.day < starts_on) or (ends_on and told.day > ends_on):
        flags.append("outside_round")
    return flags
