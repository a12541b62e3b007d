"""What the comparison says to a person: an alarm, the likely system, how far off, and what it was judged by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from geo.datum.compare import Score
from geo.datum.readings import Reading
from geo.datum.sentences import (
    LEAST_PLACES,
    Mixture,
    agreement,
    bearing_of,
    evidence_of,
    no_places,
    off_by,
    with_mixture,
)
from geo.errors import Text

# Log-odds that make an alarm where houses are known; where only roads, centres or boundaries are, which leave more to
# chance, or where the batch as declared lies mostly off the map, so that it may be right and the map end beside it; and
# those that make a reading certain.
_ALARM, _ALARM_BLIND, _CERTAIN = 0.5, 4.0, 6.0
_COVERED = 0.5
# A declared system that makes places of fewer pairs than this is plainly not theirs, whatever the ground.
_FEW_PLACED = 0.5


@dataclass(frozen=True)
class Verdict:
    """What to tell the user.

    Attributes
    ----------
    best : Reading
        The reading that fits best; the declared one if none fits clearly better.
    declared : Reading or None
    alarm : bool
        The batch as declared is systematically in the wrong place.
    certain : bool
        The best reading is clearly ahead of every other one that puts the places elsewhere.
    shift_m : float or None
        How far the places as declared lie from where they belong; None without alarm or without such places.
    bearing : Text or None
        In which direction they lie off (偏东 …).
    sentence, evidence : Text
        What was found, and by what it was judged.
    mixed : tuple of (Reading, float)
        The readings that occur in one file and the part of the places that speaks for each; empty for a file in one
        system, and wherever a mixture cannot be told with confidence.
    """

    best: Reading
    declared: Reading | None
    alarm: bool
    certain: bool
    shift_m: float | None
    bearing: Text | None
    sentence: Text
    evidence: Text
    mixed: Mixture = ()


def judge(scores: Sequence[Score], declared: Reading | None) -> Verdict:
    """Decide whether a batch is where its declared system puts it.

    Parameters
    ----------
    scores : sequence of Score
        From :func:`geo.datum.compare_readings`; at least one.
    declared : Reading or None
        What the user or the file says, made with :func:`geo.datum.reading_of`. Without it there is never an alarm.

    Returns
    -------
    Verdict
        Fewer than 20 places, or none near any known ground, are ranked and never alarm, with one exception: numbers of
        which the declared system makes no places at all (swapped columns, degrees for metres, another zone's number)
        need no ground to be told.

    Raises
    ------
    ValueError
        If there is no score: the numbers are no places in any system.
    """
    if not scores:
        raise ValueError("no reading to judge")
    ranked = sorted(scores, key=lambda score: score.cost)
    best = ranked[0]
    said = next((score for score in ranked if declared is not None and score.reading.agrees(declared)), None)
    others = [score for score in ranked if not score.reading.agrees(best.reading)]
    ahead = others[0].cost - best.cost if others else math.inf
    impossible = declared is not None and (said is None or said.placed < _FEW_PLACED * said.n) and best.placed > 0
    enough = best.placed >= LEAST_PLACES and bool(best.used)
    houses = bool({"buildings", "households"} & best.used.keys())
    needed = _ALARM if houses and said is not None and said.covered >= _COVERED else _ALARM_BLIND
    alarm = impossible or (enough and said is not None and said is not best and said.cost - best.cost > needed)
    if said is not None and not alarm:
        best = said
        ahead = min((score.cost for score in ranked if not score.reading.agrees(said.reading)), default=math.inf)
        ahead -= said.cost
    shift_m, bearing = _offset(said, best) if alarm else (None, None)
    parts = [score for score in ranked if score.share > 0]
    mixed = tuple((score.reading, score.share) for score in parts) if enough and len(parts) > 1 else ()
    certain = (enough or impossible) and ahead > _CERTAIN and best.covered >= _COVERED and not mixed
    if impossible and declared is not None:
        sentence = no_places(best, declared, said.placed if said else 0)
    elif alarm and said is not None and declared is not None and shift_m is not None and bearing is not None:
        sentence = off_by(best, said, declared, shift_m, bearing)
    else:
        sentence = agreement(best, declared, certain=certain)
    if mixed:
        sentence = with_mixture(sentence, mixed)
    return Verdict(best.reading, declared, alarm, certain, shift_m, bearing, sentence, evidence_of(best), mixed)


def _offset(said: Score | None, best: Score) -> tuple[float | None, Text | None]:
    if said is None or said.middle_m is None or best.middle_m is None:
        return None, None
    east, north = said.middle_m[0] - best.middle_m[0], said.middle_m[1] - best.middle_m[1]
    return math.hypot(east, north), bearing_of(east, north)
