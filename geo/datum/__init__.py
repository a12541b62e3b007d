"""Which coordinate system is this? The systems numbers can be read in, compared on the ground, and a verdict.

Nobody can tell from one point whether it is WGS-84, GCJ-02 or BD-09: each is a place, some hundred metres from the
others. Many points together give it away, since houses stand beside roads, among other houses and inside their village,
and moved points do not.
"""

from geo.datum.compare import Score, compare_readings
from geo.datum.ground import Ground, LocalGround
from geo.datum.readings import Reading, possible_readings, reading_of
from geo.datum.sentences import LEAST_PLACES
from geo.datum.verdict import Verdict, judge

__all__ = [
    "LEAST_PLACES",
    "Ground",
    "LocalGround",
    "Reading",
    "Score",
    "Verdict",
    "compare_readings",
    "judge",
    "possible_readings",
    "reading_of",
]
