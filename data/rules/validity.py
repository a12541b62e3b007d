"""When a visit counts (有效走访): one definition, asked by import, synchronisation, rulings and recheck."""

from __future__ import annotations

from dataclasses import dataclass

from data.rules.plan import VisitRule

# In person but further than this from the household's place is doubtful; wider than any courtyard or GPS error.
FAR_FROM_HOUSE_M = 500.0
# A position less certain than this says nothing about the distance to the house.
USABLE_ACCURACY_M = 200.0
# One visitor with overlapping visits further apart than this was at two places at once.
TWO_PLACES_M = 300.0
# A ruling: it took place. Others say that it did not (``false``), or that the record is of no use (``void``).
GENUINE = "genuine"


@dataclass(frozen=True)
class VisitFacts:
    """What is known of a visit before it is judged.

    Attributes
    ----------
    mode, outcome, minutes, reason, source_status, ruling
        As recorded; ``minutes`` is None if no times were.
    has_fix : bool or None
        Whether the phone gave a position; None = whoever asks does not tell of positions, and nothing about places is
        decided.
    distance_m, accuracy_m, fix_age_s : float or None
        Of that position: from the household's place, its error, and how old it was.
    started_h : float or None
        Hour of the day at which it began, in the field.
    """

    mode: str
    outcome: str
    minutes: float | None = None
    reason: str | None = None
    source_status: str | None = None
    ruling: str | None = None
    has_fix: bool | None = None
    distance_m: float | None = None
    accuracy_m: float | None = None
    fix_age_s: float | None = None
    started_h: float | None = None


@dataclass(frozen=True)
class Limits:
    """What a plan asks of place and hour of a visit, and which reasons it accepts; None or empty = not asked."""

    max_distance_m: float | None = None
    max_accuracy_m: float | None = None
    max_fix_age_s: float | None = None
    earliest_h: float | None = None
    latest_h: float | None = None
    remote_reasons: tuple[str, ...] = ()

    @property
    def of_place(self) -> bool:
        """Whether anything is asked of the position."""
        return (self.max_distance_m, self.max_accuracy_m, self.max_fix_age_s) != (None, None, None)

    @property
    def of_hour(self) -> bool:
        """Whether anything is asked of the hour."""
        return (self.earliest_h, self.latest_h) != (None, None)


def limits_of(rule: VisitRule) -> Limits:
    """The limits of a rule."""
    return Limits(
        max_distance_m=rule.max_distance_m,
        max_accuracy_m=rule.max_accuracy_m,
        max_fix_age_s=rule.max_fix_age_s,
        earliest_h=_hour(rule.earliest),
        latest_h=_hour(rule.latest),
        remote_reasons=tuple(rule.remote_reasons),
    )


def check_visit(visit: VisitFacts, rule: VisitRule) -> str:
    """Judge one visit.

    Parameters
    ----------
    visit : VisitFacts
        The facts as recorded; nothing is corrected here.
    rule : VisitRule
        The campaign's rule.

    Returns
    -------
    str
        ``valid``, or the reason why it does not count (a key of ``data.rules.words.VERDICT``). A person's ruling
        goes before everything, then whether the visit was carried out, then presence or reason, then place and hour.

    Notes
    -----
    每户访问时间不少于30分钟 (a stay of exactly 30 minutes counts); 外出的通过电话、微信、短信联系. Whether it fits the
    visitor's other visits is no part of this: that makes it suspect (``data.rules.detectors``), and a person rules.
    """
    if visit.ruling and visit.ruling != GENUINE:
        return "void" if visit.ruling == "void" else "ruled_false"
    if rule.done_statuses:
        done = (visit.source_status or "") in rule.done_statuses
    else:
        done = visit.outcome in rule.done_outcomes
    if not done:
        return "not_done"
    limits = limits_of(rule)
    if visit.mode == "home":
        return _presence(visit, rule) or _place(visit, limits) or _hours(visit, limits) or "valid"
    if visit.mode not in rule.remote_modes:
        return "not_done"
    reason = (visit.reason or "").strip()
    if rule.remote_needs_reason and not reason:
        return "no_reason"
    if limits.remote_reasons and reason and reason not in limits.remote_reasons:
        return "other_reason"
    return "valid"


def _presence(visit: VisitFacts, rule: VisitRule) -> str | None:
    if rule.min_minutes is None:
        return None
    if visit.minutes is None:
        return "no_duration"
    return None if visit.minutes >= rule.min_minutes else "too_short"


def _place(visit: VisitFacts, limits: Limits) -> str | None:
    """What is wrong with the position; a rough or old one says nothing about the distance, so it comes first."""
    # A person who found it genuine has looked at the place.
    if visit.ruling == GENUINE or visit.has_fix is None or not limits.of_place:
        return None
    if not visit.has_fix:
        return "no_place"
    if _above(visit.fix_age_s, limits.max_fix_age_s):
        return "old_fix"
    if _above(visit.accuracy_m, limits.max_accuracy_m):
        return "rough_fix"
    return "too_far" if _above(visit.distance_m, limits.max_distance_m) else None


def _hours(visit: VisitFacts, limits: Limits) -> str | None:
    if visit.ruling == GENUINE or visit.started_h is None:
        return None
    early = limits.earliest_h is not None and visit.started_h < limits.earliest_h
    return "off_hours" if early or _above(visit.started_h, limits.latest_h) else None


def _above(value: float | None, limit: float | None) -> bool:
    return value is not None and limit is not None and value > limit


def _hour(clock: str | None) -> float | None:
    if not clock:
        return None
    hours, _, minutes = clock.partition(":")
    return int(hours) + int(minutes or 0) / 60


def is_far_from_house(mode: str, distance_m: float | None, accuracy_m: float | None) -> bool:
    """Whether a visit in person was recorded too far from the household's place; unknown is not far."""
    if mode != "home" or distance_m is None:
        return False
    return distance_m > FAR_FROM_HOUSE_M and (accuracy_m is None or accuracy_m <= USABLE_ACCURACY_M)
