"""When a visit counts (有效走访): one definition, asked by import, synchronisation and recheck."""

from __future__ import annotations

from dataclasses import dataclass

from data.rules.plan import VisitRule

# In person but further than this from the household's place is doubtful; wider than any courtyard or GPS error.
FAR_FROM_HOUSE_M = 500.0
# A position less certain than this says nothing about the distance to the house.
USABLE_ACCURACY_M = 200.0
# One visitor with overlapping visits further apart than this was at two places at once.
TWO_PLACES_M = 300.0


@dataclass(frozen=True)
class VisitFacts:
    """What is known of a visit before it is judged; ``minutes`` is None if no times were recorded."""

    mode: str
    outcome: str
    minutes: float | None = None
    reason: str | None = None
    source_status: str | None = None
    ruling: str | None = None


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
        goes before everything, then whether the visit was carried out, then presence or reason.

    Notes
    -----
    每户访问时间不少于30分钟 (a stay of exactly 30 minutes counts); 外出的通过电话、微信、短信联系.
    """
    if visit.ruling:
        return "void" if visit.ruling == "void" else "ruled_false"
    if rule.done_statuses:
        done = (visit.source_status or "") in rule.done_statuses
    else:
        done = visit.outcome in rule.done_outcomes
    if not done:
        return "not_done"
    if visit.mode == "home":
        if rule.min_minutes is None:
            return "valid"
        if visit.minutes is None:
            return "no_duration"
        return "valid" if visit.minutes >= rule.min_minutes else "too_short"
    if visit.mode not in rule.remote_modes:
        return "not_done"
    if rule.remote_needs_reason and not (visit.reason or "").strip():
        return "no_reason"
    return "valid"


def is_far_from_house(mode: str, distance_m: float | None, accuracy_m: float | None) -> bool:
    """Whether a visit in person was recorded too far from the household's place; unknown is not far."""
    if mode != "home" or distance_m is None:
        return False
    return distance_m > FAR_FROM_HOUSE_M and (accuracy_m is None or accuracy_m <= USABLE_ACCURACY_M)
